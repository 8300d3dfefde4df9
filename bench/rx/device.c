// SPDX-License-Identifier: GPL-2.0
/*
 * What a device has received, where the application gets nothing to count.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rx.h"

uint64_t device_packets(const struct rx *rx)
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
