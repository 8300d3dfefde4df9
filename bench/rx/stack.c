// SPDX-License-Identifier: GPL-2.0
/*
 * The driver and the stack, without anybody who captures: frames are for this host, and
 * the stack drops them, because no address on the device is theirs.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "rx.h"

#define LOOK_MS		10	/* looks are rare: each costs as much as some frames */

static uint64_t received(int fd)
{
	char text[32];
	ssize_t n;

	n = pread(fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		die("rx_packets");
	text[n] = 0;
	return strtoull(text, NULL, 10);
}

static void stack_open(struct rx *rx)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/rx_packets", rx->ifname);
	rx->fd = open(path, O_RDONLY);
	if (rx->fd < 0)
		die(path);
	rx->seen = received(rx->fd);
}

static unsigned int stack_burst(struct rx *rx)
{
	const struct timespec ts = { .tv_nsec = LOOK_MS * 1000000 };
	uint64_t seen = rx->seen;

	nanosleep(&ts, NULL);
	rx->seen = received(rx->fd);
	return rx->seen - seen;
}

static void stack_wait(struct rx *rx)
{
	(void)rx;
}

/* What the stack drops is what is measured, and the NIC drops nothing. */
static uint64_t stack_drops(struct rx *rx)
{
	(void)rx;
	return 0;
}

const struct rx_path stack_path = {
	.name = "stack",
	.open = stack_open,
	.burst = stack_burst,
	.wait = stack_wait,
	.drops = stack_drops,
	.endless = true,
	.local = true,
};
