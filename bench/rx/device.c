// SPDX-License-Identifier: GPL-2.0
/*
 * What a device has received, where the application gets nothing to count.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "rx.h"

#define LOOK_MS		10	/* looks are rare: each costs as much as some frames */

static uint64_t device_packets(const struct rx *rx)
{
	char text[32];
	ssize_t n;

	n = pread(rx->device, text, sizeof(text) - 1, 0);
	if (n <= 0)
		die("rx_packets");
	text[n] = 0;
	return strtoull(text, NULL, 10);
}

void device_open(struct rx *rx)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/rx_packets", rx->ifname);
	rx->device = open(path, O_RDONLY);
	if (rx->device < 0)
		die(path);
	rx->seen = device_packets(rx);
}

/* How many since the last look. */
unsigned int device_look(struct rx *rx)
{
	uint64_t seen = rx->seen;

	rx->seen = device_packets(rx);
	return rx->seen - seen;
}

unsigned int device_burst(struct rx *rx)
{
	const struct timespec ts = { .tv_nsec = LOOK_MS * 1000000 };

	nanosleep(&ts, NULL);
	return device_look(rx);
}
