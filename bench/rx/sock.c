// SPDX-License-Identifier: GPL-2.0
/* Shared by the paths with a socket. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "rx.h"

#ifndef SO_PREFER_BUSY_POLL
#define SO_PREFER_BUSY_POLL	69
#define SO_BUSY_POLL_BUDGET	70
#endif
#define BUSY_POLL_USECS		20

void sock_bind(struct rx *rx, int protocol)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = rx->ifindex,
	};

	if (bind(rx->fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("bind");
}

/* These filters accept all frames of the generator: what costs is that they run. */
static struct sock_filter accept_all[] = {
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0800, 0, 0),
	BPF_STMT(BPF_RET | BPF_K, 0x40000),
};

/* tcpdump -dd 'udp port 9 or tcp port 443' */
static struct sock_filter two_ports[] = {
	{ 0x28, 0, 0, 0x0000000c },
	{ 0x15, 0, 11, 0x000086dd },
	{ 0x30, 0, 0, 0x00000014 },
	{ 0x15, 0, 4, 0x00000011 },
	{ 0x28, 0, 0, 0x00000036 },
	{ 0x15, 25, 0, 0x00000009 },
	{ 0x28, 0, 0, 0x00000038 },
	{ 0x15, 23, 24, 0x00000009 },
	{ 0x15, 0, 23, 0x00000006 },
	{ 0x28, 0, 0, 0x00000036 },
	{ 0x15, 20, 0, 0x000001bb },
	{ 0x28, 0, 0, 0x00000038 },
	{ 0x15, 18, 19, 0x000001bb },
	{ 0x15, 0, 18, 0x00000800 },
	{ 0x30, 0, 0, 0x00000017 },
	{ 0x15, 0, 7, 0x00000011 },
	{ 0x28, 0, 0, 0x00000014 },
	{ 0x45, 14, 0, 0x00001fff },
	{ 0xb1, 0, 0, 0x0000000e },
	{ 0x48, 0, 0, 0x0000000e },
	{ 0x15, 10, 0, 0x00000009 },
	{ 0x48, 0, 0, 0x00000010 },
	{ 0x15, 8, 9, 0x00000009 },
	{ 0x15, 0, 8, 0x00000006 },
	{ 0x28, 0, 0, 0x00000014 },
	{ 0x45, 6, 0, 0x00001fff },
	{ 0xb1, 0, 0, 0x0000000e },
	{ 0x48, 0, 0, 0x0000000e },
	{ 0x15, 2, 0, 0x000001bb },
	{ 0x48, 0, 0, 0x00000010 },
	{ 0x15, 0, 1, 0x000001bb },
	{ 0x06, 0, 0, 0x00040000 },
	{ 0x06, 0, 0, 0x00000000 },
};

/* None of the generator's frames is IPv6. */
static struct sock_filter refuse_all[] = {
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x86dd, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 0x40000),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

static const struct sock_fprog filters[] = {
	{ 0, NULL },
	{ sizeof(accept_all) / sizeof(*accept_all), accept_all },
	{ sizeof(two_ports) / sizeof(*two_ports), two_ports },
	[FILTER_REFUSES] = { sizeof(refuse_all) / sizeof(*refuse_all), refuse_all },
};

void sock_filter(struct rx *rx)
{
	if (rx->filter >= sizeof(filters) / sizeof(*filters)) {
		fprintf(stderr, "rx: there is no filter %u\n", rx->filter);
		exit(2);
	}
	if (rx->filter && setsockopt(rx->fd, SOL_SOCKET, SO_ATTACH_FILTER,
				     &filters[rx->filter], sizeof(*filters)))
		die("SO_ATTACH_FILTER");
}

static void set_int(struct rx *rx, int option, int val, const char *what)
{
	if (setsockopt(rx->fd, SOL_SOCKET, option, &val, sizeof(val)))
		die(what);
}

void sock_busy_poll(struct rx *rx)
{
	set_int(rx, SO_PREFER_BUSY_POLL, 1, "SO_PREFER_BUSY_POLL");
	set_int(rx, SO_BUSY_POLL, BUSY_POLL_USECS, "SO_BUSY_POLL");
	set_int(rx, SO_BUSY_POLL_BUDGET, rx->batch, "SO_BUSY_POLL_BUDGET");
}

void sock_poll(struct rx *rx)
{
	struct pollfd pfd = { .fd = rx->fd, .events = POLLIN };

	poll(&pfd, 1, -1);
}
