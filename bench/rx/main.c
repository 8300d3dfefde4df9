// SPDX-License-Identifier: GPL-2.0
/*
 * rx PATH IFACE [NAME=NUMBER...]: receive by one of the paths, with the NIC
 * model's generator always ahead, and print what that took as one JSON line.
 *
 *	frames=	  frames in the part that is measured, at least (100000)
 *	warm=	  frames before it (20000)
 *	size=	  of each on the wire, with FCS (64)
 *	flows=	  (256)
 *	burst=	  this many at a time, each burst only once the last one is read;
 *		  0: as fast as descriptors come (0)
 *	entries= slot= batch= hold= filter= queue=	as in rx.h
 *
 * The measured part begins and ends where nothing is left to read, so that all
 * the kernel's work for its frames, and for no others, lies in it.
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
#define MARK_FRAMES	64	/* what the plugin takes for a batch */

struct plan {
	uint64_t frames, warm, size, flows, burst;
	uint64_t entries, slot, batch, hold, filter, queue;
};

struct snap {
	uint64_t tsc, ns, syscalls, bytes;
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
		{ "filter", &p->filter }, { "queue", &p->queue }, { NULL, NULL }
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

static void generate(const struct plan *p, uint64_t count)
{
	control_ask("gen count=%ju min=%ju max=%ju flows=%ju at_once=1 dst=02:00:00:00:99:99",
		    count, p->size - FCS_LEN, p->size - FCS_LEN, p->flows);
}

static void take_snap(struct snap *s, const struct rx *rx)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	s->ns = ts.tv_sec * 1000000000ull + ts.tv_nsec;
	s->tsc = __rdtsc();
	s->syscalls = rx->syscalls;
	s->bytes = rx->bytes;
}

/* Until @frames were taken and, unless that never happens, nothing is left. */
static uint64_t receive(const struct rx_path *path, struct rx *rx, uint64_t frames)
{
	uint64_t got = 0, marked = 0;
	unsigned int n;

	for (;;) {
		n = path->burst(rx);
		got += n;
		if (got - marked >= MARK_FRAMES) {
			mark(MARK_BATCH);
			marked = got;
		}
		if (got >= frames && (!n || path->endless))
			return got;
		if (!n)
			path->wait(rx);
	}
}

static uint64_t receive_bursts(const struct rx_path *path, struct rx *rx, const struct plan *p)
{
	uint64_t got = 0;

	while (got < p->frames) {
		generate(p, p->burst);
		got += receive(path, rx, p->burst);
	}
	return got;
}

static void measure(const struct rx_path *path, struct rx *rx, const struct plan *p)
{
	struct snap a, b;
	uint64_t drops, frames;

	generate(p, p->burst ? p->warm : 0);
	receive(path, rx, p->warm);
	drops = path->drops(rx);
	take_snap(&a, rx);
	mark(MARK_START);
	frames = p->burst ? receive_bursts(path, rx, p) : receive(path, rx, p->frames);
	mark(MARK_STOP);
	take_snap(&b, rx);
	drops = path->drops(rx) - drops;
	control_ask("stop");
	printf("{\"path\":\"%s\",\"size\":%ju,\"frames\":%ju,\"bytes\":%ju,\"tsc\":%ju,\"ns\":%ju,"
	       "\"syscalls\":%ju,\"drops\":%ju,\"entries\":%u,\"slot\":%u,\"batch\":%u,\"hold\":%u,"
	       "\"filter\":%d,\"burst\":%ju}\n",
	       path->name, p->size, frames, b.bytes - a.bytes, b.tsc - a.tsc, b.ns - a.ns,
	       b.syscalls - a.syscalls, drops, rx->entries, rx->slot, rx->batch, rx->hold,
	       rx->filter, p->burst);
}

int main(int argc, char **argv)
{
	struct plan p = { .frames = 100000, .warm = 20000, .size = 64, .flows = 256,
			  .entries = 4096, .slot = 2048, .batch = 64 };
	const struct rx_path *path;
	struct rx rx = { .fd = -1 };

	if (argc < 3) {
		fputs("usage: rx PATH IFACE [NAME=NUMBER...]\n", stderr);
		return 2;
	}
	path = find_path(argv[1]);
	parse(&p, argv + 3);
	rx.ifname = argv[2];
	rx.ifindex = if_nametoindex(rx.ifname);
	rx.entries = p.entries;
	rx.slot = p.slot;
	rx.batch = p.batch;
	rx.hold = p.hold;
	rx.filter = p.filter;
	rx.queue = p.queue;
	if (path->set)
		path->set(&rx);
	control_open();
	path->open(&rx);
	measure(path, &rx, &p);
	if (path->close)
		path->close(&rx);
	return 0;
}
