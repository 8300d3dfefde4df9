// SPDX-License-Identifier: GPL-2.0
/* Shared by the paths with a socket. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <poll.h>
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

/* It accepts everything: what costs is that it runs. */
void sock_filter(struct rx *rx)
{
	struct sock_filter insn[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0800, 0, 0),
		BPF_STMT(BPF_RET | BPF_K, 0x40000),
	};
	struct sock_fprog prog = { .len = 3, .filter = insn };

	if (rx->filter &&
	    setsockopt(rx->fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)))
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
