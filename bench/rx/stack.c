// SPDX-License-Identifier: GPL-2.0
/*
 * The driver and the stack, without anybody who captures: frames are for this host, and
 * the stack drops them, because no address on the device is theirs.
 */
#include <time.h>

#include "rx.h"

#define LOOK_MS		10	/* looks are rare: each costs as much as some frames */

static unsigned int stack_burst(struct rx *rx)
{
	const struct timespec ts = { .tv_nsec = LOOK_MS * 1000000 };
	uint64_t seen = rx->seen;

	nanosleep(&ts, NULL);
	rx->seen = device_packets(rx);
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
	.open = device_open,
	.burst = stack_burst,
	.wait = stack_wait,
	.drops = stack_drops,
	.endless = true,
	.local = true,
};
