// SPDX-License-Identifier: GPL-2.0
/*
 * rx PATH IFACE [NAME=NUMBER...]: receive by one of the paths, with the NIC
 * model's generator always ahead, and print the result as one line of JSON.
 *
 *	frames=	  frames in the measured part, at least (100000)
 *	warm=	  frames before it (8000)
 *	size=	  bytes of each frame on the wire, with FCS (64)
 *	flows=	  number of flows (256)
 *	burst=	  frames at a time, with time to fall asleep between bursts; 0: frames
 *		  as fast as descriptors come (0)
 *	queues=	  number of queues, from 0 on, each with its own socket (1)
 *	entries= slot= batch= hold= filter=	as in rx.h
 *
 * The measured part begins and ends where nothing is left to read.  So it has all
 * of the kernel's work for its frames, and no other work.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <x86intrin.h>

#include "control.h"
#include "mark.h"
#include "rx.h"

#define FCS_LEN		4
#define MARK_FRAMES	64	/* frames of a batch, as the plugin counts it */
#define REFUSED_POLLS	32
#define GAP_US		10000	/* enough for a burst, even on a busy machine */
#define PATIENCE	20000	/* extra frames after which a window ends */
#define QUEUES_MAX	64

struct plan {
	uint64_t frames, warm, size, flows, burst;
	uint64_t entries, slot, batch, hold, filter, queues;
};

struct snap {
	uint64_t tsc, ns, bytes;
};

struct run {
	const struct rx_path *path;
	unsigned int queues;
	struct rx rx[QUEUES_MAX];
	bool idle[QUEUES_MAX];
};

void die(const char *what)
{
	fprintf(stderr, "rx: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void parse(struct plan *p, char **arg)
{
	const struct {
		const char *name;
		uint64_t *val;
	} known[] = {
		{ "frames", &p->frames }, { "warm", &p->warm }, { "size", &p->size },
		{ "flows", &p->flows }, { "burst", &p->burst }, { "entries", &p->entries },
		{ "slot", &p->slot }, { "batch", &p->batch }, { "hold", &p->hold },
		{ "filter", &p->filter }, { "queues", &p->queues }, { NULL, NULL }
	};
	int i;

	for (; *arg; arg++) {
		size_t len = strcspn(*arg, "=");

		for (i = 0; known[i].name; i++)
			if (strlen(known[i].name) == len && !strncmp(known[i].name, *arg, len))
				break;
		if (!known[i].name || !(*arg)[len]) {
			fprintf(stderr, "rx: unknown argument '%s'\n", *arg);
			exit(2);
		}
		*known[i].val = strtoull(*arg + len + 1, NULL, 0);
	}
}

static const struct rx_path *find_path(const char *name)
{
	int i;

	for (i = 0; rx_paths[i]; i++)
		if (!strcmp(rx_paths[i]->name, name))
			return rx_paths[i];
	fprintf(stderr, "rx: there is no path '%s'\n", name);
	exit(2);
}

static void generate(const struct rx_path *path, const struct plan *p)
{
	control_send("gen count=0 min=%ju max=%ju flows=%ju at_once=1 burst=%ju gap_us=%d %s",
		     p->size - FCS_LEN, p->size - FCS_LEN, p->flows, p->burst, GAP_US,
		     path->local ? "" : "dst=02:00:00:00:99:99");
}

static void take_snap(struct snap *s, const struct run *run)
{
	struct timespec ts;
	unsigned int i;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	*s = (struct snap){ .ns = ts.tv_sec * 1000000000ull + ts.tv_nsec, .tsc = __rdtsc() };
	for (i = 0; i < run->queues; i++)
		s->bytes += run->rx[i].bytes;
}

static uint64_t drops(struct run *run)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < run->queues; i++)
		sum += run->path->drops(&run->rx[i]);
	return sum;
}

/* The filter refuses what comes, so the frames are those that the device has counted. Looks
 * are rare: each costs as much as some frames.
 */
static unsigned int look_refused(const struct run *run, struct rx *rx)
{
	int i;

	if (!rx->busy)
		return device_burst(rx);
	for (i = 0; i < REFUSED_POLLS; i++)
		run->path->wait(rx);
	return device_look(rx);
}

/* Read each queue once. Notes which queues had nothing, for wait_idle(). */
static unsigned int look(struct run *run)
{
	unsigned int i, n, sum = 0;

	for (i = 0; i < run->queues; i++) {
		n = run->rx[i].filter == FILTER_REFUSES ? look_refused(run, &run->rx[i]) :
							  run->path->burst(&run->rx[i]);
		sum += n;
		run->idle[i] = !n;
	}
	return sum;
}

static void wait_idle(struct run *run)
{
	unsigned int i;

	for (i = 0; i < run->queues; i++)
		if (run->idle[i])
			run->path->wait(&run->rx[i]);
}

/* Otherwise the softirq fills the ring before it is first read. */
static void keep_irq_off(struct run *run)
{
	unsigned int i;

	for (i = 0; i < run->queues; i++)
		if (run->rx[i].busy)
			run->path->wait(&run->rx[i]);
}

/* Receive at least @frames, and then until nothing is left. A reader that is slower
 * than the kernel never gets there, so there is a limit.
 */
static uint64_t receive(struct run *run, uint64_t frames)
{
	uint64_t got = 0, marked = 0, most = frames + PATIENCE + run->rx[0].entries;
	bool endless = run->path->endless || run->rx[0].filter == FILTER_REFUSES;
	unsigned int n;

	for (;;) {
		n = look(run);
		got += n;
		if (got - marked >= MARK_FRAMES) {
			mark(MARK_BATCH);
			marked = got;
		}
		if (got >= frames && (!n || endless || got >= most))
			return got;
		if (!n || run->queues > 1)
			wait_idle(run);
	}
}

static void print(const struct run *run, const struct plan *p, const struct snap *a,
		  const struct snap *b, uint64_t frames, uint64_t lost)
{
	const struct rx *rx = &run->rx[0];

	printf("{\"path\":\"%s\",\"size\":%ju,\"frames\":%ju,\"bytes\":%ju", run->path->name,
	       p->size, frames, b->bytes - a->bytes);
	printf(",\"tsc\":%ju,\"ns\":%ju,\"drops\":%ju", b->tsc - a->tsc, b->ns - a->ns, lost);
	printf(",\"entries\":%u,\"slot\":%u,\"batch\":%u,\"hold\":%u,\"filter\":%u",
	       rx->entries, rx->slot, rx->batch, rx->hold, rx->filter);
	printf(",\"burst\":%ju,\"queues\":%u}\n", p->burst, run->queues);
}

static void measure(struct run *run, const struct plan *p)
{
	uint64_t frames, lost;
	struct snap a, b;

	keep_irq_off(run);
	mark(MARK_WARM);
	generate(run->path, p);
	receive(run, p->warm);
	control_reply();
	lost = drops(run);
	/* frames came while the counters were asked for */
	receive(run, 0);
	take_snap(&a, run);
	mark(MARK_START);
	frames = receive(run, p->frames);
	mark(MARK_STOP);
	take_snap(&b, run);
	lost = drops(run) - lost;
	control_ask("stop");
	print(run, p, &a, &b, frames, lost);
}

static void open_queues(struct run *run, const struct plan *p, const char *ifname)
{
	struct rx *rx;

	for (rx = run->rx; rx < run->rx + run->queues; rx++) {
		*rx = (struct rx){
			.ifname = ifname, .ifindex = if_nametoindex(ifname), .fd = -1,
			.queue = rx - run->rx, .entries = p->entries, .slot = p->slot,
			.batch = p->batch, .hold = p->hold, .filter = p->filter,
		};
		if (run->path->set)
			run->path->set(rx);
		run->path->open(rx);
		if (rx->filter == FILTER_REFUSES)
			device_open(rx);
	}
}

int main(int argc, char **argv)
{
	struct plan p = { .frames = 100000, .warm = 8000, .size = 64, .flows = 256,
			  .entries = 4096, .slot = 2048, .batch = 64, .queues = 1 };
	static struct run run;

	if (argc < 3) {
		fputs("usage: rx PATH IFACE [NAME=NUMBER...]\n", stderr);
		return 2;
	}
	run.path = find_path(argv[1]);
	parse(&p, argv + 3);
	run.queues = p.queues;
	if (p.queues < 1 || p.queues > QUEUES_MAX) {
		fprintf(stderr, "rx: queues=%ju: from 1 to %d\n", p.queues, QUEUES_MAX);
		return 2;
	}
	control_open();
	open_queues(&run, &p, argv[2]);
	measure(&run, &p);
	if (run.path->close)
		run.path->close(&run.rx[0]);
	return 0;
}
