// SPDX-License-Identifier: GPL-2.0
/*
 * whole_check COUNT FLOWS PROGRESS: read a capture file from standard input, as
 * tcpdump -w - writes it, in which each of the generator's frames 0 to COUNT - 1 should
 * be once.  The file PROGRESS has 8 bytes, in which it counts the frames so far.
 *
 * At the end it prints, as JSON: frames, of which damaged, foreign (not the generator's)
 * and twice (here before); flow_disorder (below an earlier one of its flow); late (below
 * an earlier one of any flow), and late_most, the largest such difference; and in
 * nanoseconds back_most, how far a stamp was before the latest so far.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../nicsim/wire/gen.h"

#define NSEC_MAGIC	0xa1b23c4du
#define FRAME_ROOM	65536

struct file_header {
	uint32_t magic;
	uint16_t version[2];
	uint32_t zone, accuracy, snaplen, linktype;
};

struct record_header {
	uint32_t seconds, part, caplen, len;
};

struct result {
	uint64_t frames, damaged, foreign, twice;
	uint64_t flow_disorder, late, late_most, back_most;
};

struct check {
	uint64_t count, flows;
	bool *seen;
	uint64_t *next_of_flow;	/* one above the highest so far */
	uint64_t next;		/* the same, of any flow */
	uint64_t stamp;		/* the latest so far */
	struct result result;
};

static void *zeroed(uint64_t nr, size_t size)
{
	void *p = calloc(nr ? nr : 1, size);

	if (!p) {
		perror("calloc");
		exit(2);
	}
	return p;
}

static void check_order(struct check *c, uint64_t seq)
{
	uint64_t *next = &c->next_of_flow[seq % c->flows];

	if (seq + 1 < *next)
		c->result.flow_disorder++;
	else
		*next = seq + 1;
	if (seq + 1 > c->next) {
		c->next = seq + 1;
		return;
	}
	c->result.late++;
	if (c->next - seq - 1 > c->result.late_most)
		c->result.late_most = c->next - seq - 1;
}

static void check_stamp(struct check *c, uint64_t stamp)
{
	if (stamp >= c->stamp)
		c->stamp = stamp;
	else if (c->stamp - stamp > c->result.back_most)
		c->result.back_most = c->stamp - stamp;
}

static void check_frame(struct check *c, const uint8_t *data,
			const struct record_header *record, uint32_t nsec)
{
	enum gen_error err;
	uint64_t seq = 0;

	c->result.frames++;
	check_stamp(c, record->seconds * 1000000000ull + record->part * nsec);
	err = gen_check(data, record->caplen, &seq);
	if (err == GEN_SHORT || err == GEN_NOT_OURS) {
		c->result.foreign++;
		return;
	}
	if (err != GEN_OK || seq >= c->count || record->caplen != record->len) {
		c->result.damaged++;
		return;
	}
	c->result.twice += c->seen[seq];
	c->seen[seq] = true;
	check_order(c, seq);
}

/* Returns whether it was a whole file. */
static bool check_file(struct check *c, uint64_t *progress)
{
	static uint8_t data[FRAME_ROOM];
	struct record_header record;
	struct file_header file;
	uint32_t nsec;

	if (fread(&file, sizeof(file), 1, stdin) != 1)
		return false;
	nsec = file.magic == NSEC_MAGIC ? 1 : 1000;
	while (fread(&record, sizeof(record), 1, stdin) == 1) {
		if (record.caplen > sizeof(data) ||
		    fread(data, 1, record.caplen, stdin) != record.caplen)
			return false;
		check_frame(c, data, &record, nsec);
		__atomic_store_n(progress, c->result.frames, __ATOMIC_RELAXED);
	}
	return true;
}

static void print_result(const struct result *r)
{
	printf("{\"frames\":%ju,\"damaged\":%ju,\"foreign\":%ju,\"twice\":%ju,",
	       (uintmax_t)r->frames, (uintmax_t)r->damaged, (uintmax_t)r->foreign,
	       (uintmax_t)r->twice);
	printf("\"flow_disorder\":%ju,\"late\":%ju,\"late_most\":%ju,\"back_most\":%ju}\n",
	       (uintmax_t)r->flow_disorder, (uintmax_t)r->late, (uintmax_t)r->late_most,
	       (uintmax_t)r->back_most);
}

int main(int argc, char **argv)
{
	struct check c = { 0 };
	uint64_t *progress;
	int fd;

	if (argc != 4)
		return 2;
	c.count = strtoull(argv[1], NULL, 10);
	c.flows = strtoull(argv[2], NULL, 10);
	c.seen = zeroed(c.count, sizeof(*c.seen));
	c.next_of_flow = zeroed(c.flows, sizeof(*c.next_of_flow));
	fd = open(argv[3], O_RDWR);
	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (progress == MAP_FAILED) {
		perror(argv[3]);
		return 2;
	}
	if (!check_file(&c, progress)) {
		fprintf(stderr, "no capture file, or cut off\n");
		return 1;
	}
	print_result(&c.result);
	return 0;
}
