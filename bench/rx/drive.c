// SPDX-License-Identifier: GPL-2.0
/*
 * drive COUNT SIZE FLOWS: let the NIC model's generator send COUNT frames of SIZE
 * bytes on the wire, for another program that captures.  Marks the time from before
 * the first frame until everything is idle.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "control.h"
#include "mark.h"
#include "rx.h"

#define FCS_LEN		4
#define LOOK_MS		20
#define REST_MS		1500	/* longer than any program's own timeout */

void die(const char *what)
{
	fprintf(stderr, "drive: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void rest(long ms)
{
	const struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

int main(int argc, char **argv)
{
	unsigned long size;

	if (argc != 4) {
		fputs("usage: drive COUNT SIZE FLOWS\n", stderr);
		return 2;
	}
	size = strtoul(argv[2], NULL, 0) - FCS_LEN;
	control_open();
	mark(MARK_START);
	control_ask("gen count=%s min=%lu max=%lu flows=%s at_once=1 dst=02:00:00:00:99:99",
		    argv[1], size, size, argv[3]);
	while (!strstr(control_ask("status"), "\"done\":true"))
		rest(LOOK_MS);
	rest(REST_MS);
	mark(MARK_STOP);
	return 0;
}
