// SPDX-License-Identifier: GPL-2.0
/*
 * The driver and the stack, without anybody who captures: frames are for this host, and
 * the stack drops them, because no address on the device is theirs.
 */
#include "rx.h"

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
	.burst = device_burst,
	.wait = stack_wait,
	.drops = stack_drops,
	.endless = true,
	.local = true,
};
