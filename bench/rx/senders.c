// SPDX-License-Identifier: GPL-2.0
/*
 * senders PATH SENDERS SIZE FRAMES: so many threads, each on a CPU of its own, send
 * frames through the veth device c0, and a ring on c1 has to take them all.  Each frame is
 * put into the ring on the CPU that sent it.  Nobody reads meanwhile: the ring has room.
 * Prints the result as one line of JSON.  PATH is v3-senders or v4-senders.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../tools/testing/selftests/net/packet_direct/tpacket4.h"
#include "mark.h"

#define FCS_LEN		4
#define BLOCK_BYTES	0x100000u
#define V3_ROOM		256	/* bytes of a frame's header, at most */
#define V4_ROOM		128	/* bytes before the frame, at most */
#define SENDERS_MAX	32
#define ROUNDS		2	/* the first one is not measured */

struct sender {
	pthread_t thread;
	unsigned int cpu;
	uint64_t frames;
};

static uint32_t size;
static pthread_barrier_t begin;

static void die(const char *what)
{
	fprintf(stderr, "senders: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int packet_socket(const char *ifname, int protocol)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = if_nametoindex(ifname),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die(ifname);
	return fd;
}

static void set_ring(int fd, int version, const void *req, socklen_t len)
{
	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_RX_RING, req, len))
		die("PACKET_RX_RING");
}

static void open_v3(int fd, uint64_t frames)
{
	uint32_t per_block = BLOCK_BYTES / (size + V3_ROOM);
	struct tpacket_req3 req = {
		.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = frames / per_block + 64,
		.tp_frame_size = 2048,
		.tp_retire_blk_tov = 1000,
	};

	req.tp_frame_nr = req.tp_block_nr * (BLOCK_BYTES / req.tp_frame_size);
	set_ring(fd, TPACKET_V3, &req, sizeof(req));
}

static uint32_t power_of_two(uint64_t least)
{
	uint32_t n = 1;

	while (n < least)
		n *= 2;
	return n;
}

static void open_v4(int fd, uint64_t frames)
{
	struct tpacket_req4 req = {
		.tp_size = sizeof(req),
		.tp_entry_nr = power_of_two(frames),
		.tp_slot_size = power_of_two(size + V4_ROOM < 1024 ? 1024 : size + V4_ROOM),
	};

	set_ring(fd, TPACKET_V4, &req, sizeof(req));
}

static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("a CPU for each sender");
}

static void *send_frames(void *arg)
{
	static uint8_t frame[0x10000] = { [12] = 0x88, 0xb5 };
	const struct sender *sender = arg;
	uint64_t i;
	int fd;

	pin(sender->cpu);
	fd = packet_socket("c0", 0);
	pthread_barrier_wait(&begin);
	for (i = 0; i < sender->frames; i++)
		if (send(fd, frame, size, 0) != size)
			die("send");
	return NULL;
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* Returns how long it took. */
static uint64_t run_round(unsigned int senders, uint64_t frames, bool marked)
{
	struct sender sender[SENDERS_MAX];
	uint64_t start;
	unsigned int i;

	pthread_barrier_init(&begin, NULL, senders + 1);
	for (i = 0; i < senders; i++) {
		sender[i] = (struct sender){ .cpu = i, .frames = frames / senders };
		if (pthread_create(&sender[i].thread, NULL, send_frames, &sender[i]))
			die("pthread_create");
	}
	if (marked)
		mark(MARK_START);
	start = now();
	pthread_barrier_wait(&begin);
	for (i = 0; i < senders; i++)
		pthread_join(sender[i].thread, NULL);
	start = now() - start;
	if (marked)
		mark(MARK_STOP);
	pthread_barrier_destroy(&begin);
	return start;
}

static uint64_t taken(int fd, uint64_t *lost)
{
	struct tpacket_stats_v3 stats = { 0 };
	socklen_t len = sizeof(stats);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		die("PACKET_STATISTICS");
	*lost = stats.tp_drops;
	return stats.tp_packets - stats.tp_drops;
}

int main(int argc, char **argv)
{
	unsigned int senders, round;
	uint64_t frames, ns, got, lost;
	bool v4;

	if (argc != 5) {
		fputs("usage: senders PATH SENDERS SIZE FRAMES\n", stderr);
		return 2;
	}
	v4 = !strcmp(argv[1], "v4-senders");
	senders = strtoul(argv[2], NULL, 0);
	size = strtoul(argv[3], NULL, 0) - FCS_LEN;
	frames = strtoull(argv[4], NULL, 0) / senders * senders;
	if (senders < 1 || senders > SENDERS_MAX || size > 0x10000)
		return 2;

	for (round = 0; round < ROUNDS; round++) {
		int fd = packet_socket("c1", ETH_P_ALL);

		if (v4)
			open_v4(fd, frames);
		else
			open_v3(fd, frames);
		ns = run_round(senders, frames, round == ROUNDS - 1);
		got = taken(fd, &lost);
		close(fd);
	}
	if (got != frames || lost) {
		fprintf(stderr, "senders: %ju of %ju frames came, %ju were lost\n", got, frames,
			lost);
		return 2;
	}
	printf("{\"path\":\"%s\",\"size\":%u,\"frames\":%ju,\"senders\":%u,",
	       argv[1], size + FCS_LEN, frames, senders);
	printf("\"drops\":0,\"ns\":%ju}\n", ns);
	return 0;
}
