// SPDX-License-Identifier: GPL-2.0
/*
 * A UDP socket at the generator's destination.  It is no alternative to a capture, but
 * a path of the stack that must not become slower because others lease queues.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "rx.h"

#define GEN_PORT	9
#define BUFFER_BYTES	0x4000000

static uint8_t frame[65536];

static void udp_open(struct rx *rx)
{
	const struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(GEN_PORT),
	};
	int size = BUFFER_BYTES;

	rx->fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (rx->fd < 0 ||
	    setsockopt(rx->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(rx->fd, (const struct sockaddr *)&addr, sizeof(addr)))
		die("UDP socket");
}

static unsigned int udp_burst(struct rx *rx)
{
	unsigned int n;
	ssize_t len;

	for (n = 0; n < rx->batch; n++) {
		len = recv(rx->fd, frame, sizeof(frame), MSG_DONTWAIT);
		if (len < 0)
			break;
		rx->sum ^= rx_touch(frame);
		rx->bytes += len;
	}
	return n;
}

/* The kernel counts these for all sockets together, so there is nothing to tell. */
static uint64_t udp_drops(struct rx *rx)
{
	(void)rx;
	return 0;
}

const struct rx_path udp_path = {
	.name = "udp",
	.open = udp_open,
	.burst = udp_burst,
	.wait = sock_poll,
	.drops = udp_drops,
	.local = true,
};
