// SPDX-License-Identifier: BSD-3-Clause
/*
 * Sleeping until TPACKET_V4 rings have packets, breaking out of that sleep, and
 * interfaces that go down or disappear meanwhile.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "pcap-int.h"
#include "pcap-packet4-int.h"

#ifdef PACKET_RX_DIRECT

/* How often to check whether an interface that went down is gone for good. */
#define NETDOWN_POLL_MS	1

/*
 * How often to check that without a sign of it: the kernel reports the socket's
 * error once, possibly to another thread or process.
 */
#define SLEEP_MS	1000

#define NSEC_PER_MSEC	1000000U
#define NSEC_PER_SEC	1000000000U
#define NEVER		UINT64_MAX

static const struct timeval netdown_timeout = { 0, NETDOWN_POLL_MS * 1000 };

static void note_netdown(pcap_t *p, struct packet4 *p4)
{
	p4->netdown = 1;
	p->required_select_timeout = &netdown_timeout;
}

/*
 * The kernel ran short of slots.  This makes it look for slots that were given back.
 * The call may also take the socket's error, which poll() does not report again.
 */
void pcap_packet4_kick(pcap_t *p, const struct packet4_queue *q)
{
	struct packet4 *p4 = p->priv;
	struct msghdr none = { 0 };

	if (recvmsg(q->fd, &none, MSG_DONTWAIT) < 0 && errno == ENETDOWN)
		note_netdown(p, p4);
}

/* POLLERR without an error: another thread or process has taken it. */
static int socket_error(pcap_t *p, const struct packet4_queue *q)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(q->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	if (err == ENETDOWN || err == 0) {
		note_netdown(p, p->priv);
		return 0;
	}
	pcapint_fmt_errmsg_for_errno(p->errbuf, PCAP_ERRBUF_SIZE, err,
				  "Error condition on packet socket");
	return PCAP_ERROR;
}

/* poll() also reports a hangup for a lost queue, which is explained later. */
static int check_socket(pcap_t *p, const struct packet4_queue *q, short events)
{
	const char *why = NULL;

	if (events & POLLNVAL)
		why = "Invalid polling request on packet socket";
	else if (events & POLLHUP && !packet4_is_lost(q))
		why = "Hangup on packet socket";
	if (why) {
		pcapint_strlcpy(p->errbuf, why, PCAP_ERRBUF_SIZE);
		return PCAP_ERROR;
	}
	return events & POLLERR ? socket_error(p, q) : 0;
}

static int check_breakloop(pcap_t *p, struct packet4 *p4)
{
	uint64_t value;

	if (read(p4->breakloop_fd, &value, sizeof(value)) < 0 &&
	    errno != EAGAIN)
		return pcap_packet4_failed(p, "Error reading from event FD");
	return 0;
}

static int fail_gone(pcap_t *p, struct packet4 *p4)
{
	p4->gone = 1;
	pcapint_strlcpy(p->errbuf, "The interface disappeared", PCAP_ERRBUF_SIZE);
	return PCAP_ERROR;
}

/* Another process that has this socket gave the queue back. */
int pcap_packet4_lost(pcap_t *p, const struct packet4_queue *q)
{
	struct packet4 *p4 = p->priv;

	snprintf(p->errbuf, PCAP_ERRBUF_SIZE,
		 "%s: RX queue %d was given back by another process that shares this capture; begin a new one",
		 p4->ifname, q->number);
	return PCAP_ERROR;
}

/*
 * ENETDOWN comes when an interface goes down and when it disappears, and in the
 * second case before the socket shows it.  So check again until the interface is
 * up or the socket is bound to no interface.
 */
static int check_interface(pcap_t *p, struct packet4 *p4)
{
	struct sockaddr_ll addr;
	socklen_t len = sizeof(addr);
	int flags;

	if (getsockname(p->fd, (struct sockaddr *)&addr, &len) < 0)
		return pcap_packet4_failed(p, "getsockname failed");
	if (addr.sll_ifindex == -1)
		return fail_gone(p, p4);

	if (pcap_packet4_if_gone(p->fd, p4->ifindex))
		return fail_gone(p, p4);

	/* This fails for a moment while the interface is renamed. */
	flags = pcap_packet4_if_flags(p->fd, p4->ifindex);
	if (flags >= 0 && flags & IFF_UP) {
		p4->netdown = 0;
		p->required_select_timeout = NULL;
	}
	return 0;
}

/* A queue is lost with its interface, or because another process released it. */
int pcap_packet4_check_lease(pcap_t *p, const struct packet4_queue *q)
{
	struct packet4 *p4 = p->priv;

	if (!packet4_has_queue(q))
		return pcap_packet4_lost(p, q);
	if (!packet4_is_lost(q))
		return 0;
	return pcap_packet4_if_gone(q->fd, p4->ifindex) ?
	       fail_gone(p, p4) : pcap_packet4_lost(p, q);
}

static int check_leases(pcap_t *p, struct packet4 *p4)
{
	struct packet4_queue *q;
	int ret = 0;

	packet4_for_each_queue(p4, q) {
		ret = pcap_packet4_check_lease(p, q);
		if (ret < 0)
			break;
	}
	return ret;
}

static int has_packets(const struct packet4 *p4)
{
	const struct packet4_queue *q;

	packet4_for_each_queue(p4, q)
		if (packet4_peek(&q->ring) != q->ring.next)
			return 1;
	return 0;
}

/*
 * Clear the flag before the descriptor.  Of a request that comes in between, the
 * flag remains, and that is enough.  If only the descriptor remains, it ends one
 * sleep too early and does nothing else.
 */
int pcap_packet4_broken(pcap_t *p)
{
	struct packet4 *p4 = p->priv;
	uint64_t value;
	ssize_t unused;

	p->break_loop = 0;
	unused = read(p4->breakloop_fd, &value, sizeof(value));
	(void)unused;
	return PCAP_ERROR_BREAK;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

/* Packets that came before the end are handed over before the error. */
static int check_alive(pcap_t *p, struct packet4 *p4)
{
	uint64_t now = now_ns();
	int ret = check_leases(p, p4);

	if (ret == 0 && (p4->netdown || now >= p4->next_look)) {
		p4->next_look = now + (uint64_t)SLEEP_MS * NSEC_PER_MSEC;
		ret = check_interface(p, p4);
	}
	return ret < 0 && has_packets(p4) ? 1 : ret;
}

/* Positive: a queue has packets.  Each socket tells its own errors. */
static int check_sockets(pcap_t *p, struct packet4 *p4)
{
	int i, ret, readable = 0;
	short events;

	for (i = 0; i < (int)p4->queue_nr; i++) {
		events = p4->polls[i].revents;
		readable |= events & POLLIN;
		ret = check_socket(p, &p4->queues[i], events);
		if (ret < 0)
			return ret;
	}
	return readable;
}

/*
 * One sleep of at most ms.  Positive: look at the rings.  0: nothing came, or a
 * signal did.
 */
static int sleep_once(pcap_t *p, struct packet4 *p4, int ms)
{
	struct pollfd *own = &p4->polls[p4->queue_nr];
	int ret = poll(p4->polls, p4->queue_nr + 1, ms);
	int readable;

	if (ret < 0 && errno != EINTR)
		return pcap_packet4_failed(p, "can't poll on packet socket");
	if (ret < 0)
		return p->break_loop ? pcap_packet4_broken(p) : 0;
	if (p4->polls[0].revents == POLLIN)
		return 1;
	readable = check_sockets(p, p4);
	ret = readable < 0 ? readable : 0;
	if (ret == 0 && own->revents & POLLIN)
		ret = check_breakloop(p, p4);
	if (ret == 0 && p->break_loop)
		ret = pcap_packet4_broken(p);
	if (ret < 0 || readable)
		return ret < 0 ? ret : 1;
	return check_alive(p, p4);
}

/* 0: the time is up. */
static int next_sleep(const struct packet4 *p4, uint64_t deadline)
{
	uint64_t most = p4->netdown ? NETDOWN_POLL_MS : SLEEP_MS;
	uint64_t now, ms;

	if (deadline == NEVER)
		return most;
	now = now_ns();
	if (now >= deadline)
		return 0;
	ms = (deadline - now + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC;
	return ms < most ? ms : most;
}

static void set_deadline(const struct packet4 *p4, uint64_t *deadline)
{
	if (*deadline)
		return;
	*deadline = p4->timeout ?
		    now_ns() + (uint64_t)p4->timeout * NSEC_PER_MSEC : NEVER;
}

/*
 * Sleep until there are packets (1) or the deadline has passed (0).  The first call
 * of a read sets the deadline.  A non-blocking capture calls this too, because only
 * poll() reports the socket's errors.
 */
int pcap_packet4_wait(pcap_t *p, uint64_t *deadline)
{
	struct packet4 *p4 = p->priv;
	struct packet4_queue *q;
	int ms, ret;

	packet4_for_each_queue(p4, q) {
		packet4_release(&q->ring);
		packet4_saw(&q->ring);
	}
	if (p4->gone)
		return fail_gone(p, p4);
	if (p4->nonblock)
		return sleep_once(p, p4, 0);
	set_deadline(p4, deadline);
	do {
		ms = next_sleep(p4, *deadline);
		ret = sleep_once(p, p4, ms);
	} while (ret == 0 && ms > 0);
	return ret;
}
#endif /* PACKET_RX_DIRECT */
