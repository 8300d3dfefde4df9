// SPDX-License-Identifier: BSD-3-Clause
/*
 * Sleeping until a TPACKET_V4 ring has packets, breaking out of that sleep, and
 * interfaces that go down or away meanwhile.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "pcap-int.h"
#include "pcap-packet4-int.h"

#ifdef PACKET_RX_DIRECT

/* How often to look whether an interface that went down is gone for good. */
#define NETDOWN_POLL_MS	1

static const struct timeval netdown_timeout = { 0, NETDOWN_POLL_MS * 1000 };

static void note_netdown(pcap_t *p, struct packet4 *p4)
{
	p4->netdown = 1;
	p->required_select_timeout = &netdown_timeout;
}

/*
 * The kernel ran short of slots and nothing but this makes it look for those
 * that came back.  The call may also be the one that collects the socket's
 * error, which poll() then does not tell any more.
 */
void pcap_packet4_kick(pcap_t *p)
{
	struct packet4 *p4 = p->priv;
	struct msghdr none = { 0 };

	if (recvmsg(p->fd, &none, MSG_DONTWAIT) < 0 && errno == ENETDOWN)
		note_netdown(p, p4);
}

static int socket_error(pcap_t *p, struct packet4 *p4)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	if (err == ENETDOWN) {
		note_netdown(p, p4);
		return 0;
	}
	if (err == 0)
		snprintf(p->errbuf, PCAP_ERRBUF_SIZE,
			 "Error condition on packet socket: Reported error was 0");
	else
		pcap_fmt_errmsg_for_errno(p->errbuf, PCAP_ERRBUF_SIZE, err,
					  "Error condition on packet socket");
	return PCAP_ERROR;
}

static int gone(pcap_t *p)
{
	pcap_strlcpy(p->errbuf, "The interface disappeared", PCAP_ERRBUF_SIZE);
	return PCAP_ERROR;
}

/* The queue is lost, and its last packets have been read. */
static int lost(pcap_t *p)
{
	struct sockaddr_ll addr;
	socklen_t len = sizeof(addr);

	if (getsockname(p->fd, (struct sockaddr *)&addr, &len) == 0 &&
	    addr.sll_ifindex != -1) {
		pcap_strlcpy(p->errbuf,
			     "Another process that has the capture's socket gave the queue back",
			     PCAP_ERRBUF_SIZE);
		return PCAP_ERROR;
	}
	return gone(p);
}

static int check_socket(pcap_t *p, struct packet4 *p4, short events)
{
	if (events & POLLNVAL) {
		pcap_strlcpy(p->errbuf,
			     "Invalid polling request on packet socket",
			     PCAP_ERRBUF_SIZE);
		return PCAP_ERROR;
	}
	if ((events & (POLLHUP | POLLIN)) == POLLHUP)
		return lost(p);
	return events & POLLERR ? socket_error(p, p4) : 0;
}

static int check_breakloop(pcap_t *p, struct packet4 *p4)
{
	uint64_t value;

	if (read(p4->breakloop_fd, &value, sizeof(value)) < 0 &&
	    errno != EAGAIN) {
		pcap_fmt_errmsg_for_errno(p->errbuf, PCAP_ERRBUF_SIZE, errno,
					  "Error reading from event FD");
		return PCAP_ERROR;
	}
	return 0;
}

/*
 * ENETDOWN is told when an interface goes down and when it goes away, in the
 * second case before the socket shows it.  So look again until the interface is
 * up or the socket is bound to none.
 */
static int check_netdown(pcap_t *p, struct packet4 *p4)
{
	struct sockaddr_ll addr;
	socklen_t len = sizeof(addr);
	struct ifreq ifr;

	if (getsockname(p->fd, (struct sockaddr *)&addr, &len) < 0) {
		pcap_fmt_errmsg_for_errno(p->errbuf, PCAP_ERRBUF_SIZE, errno,
					  "getsockname failed");
		return PCAP_ERROR;
	}
	if (addr.sll_ifindex == -1)
		return gone(p);

	memset(&ifr, 0, sizeof(ifr));
	pcap_strlcpy(ifr.ifr_name, p4->ifname, sizeof(ifr.ifr_name));
	if (ioctl(p->fd, SIOCGIFFLAGS, &ifr) < 0) {
		if (errno == ENXIO || errno == ENODEV)
			return gone(p);
		pcap_fmt_errmsg_for_errno(p->errbuf, PCAP_ERRBUF_SIZE, errno,
					  "%s: Can't get flags", p4->ifname);
		return PCAP_ERROR;
	}
	if (ifr.ifr_flags & IFF_UP) {
		p4->netdown = 0;
		p->required_select_timeout = NULL;
	}
	return 0;
}

static int broken(pcap_t *p)
{
	if (!p->break_loop)
		return 0;
	p->break_loop = 0;
	return PCAP_ERROR_BREAK;
}

/* One sleep of at most ms.  Positive: look at the ring. */
static int sleep_once(pcap_t *p, struct packet4 *p4, int ms)
{
	struct pollfd fds[2] = {
		{ .fd = p->fd, .events = POLLIN },
		{ .fd = p4->breakloop_fd, .events = POLLIN },
	};
	int ret;

	if (poll(fds, 2, ms) < 0) {
		if (errno == EINTR)
			return broken(p);
		pcap_fmt_errmsg_for_errno(p->errbuf, PCAP_ERRBUF_SIZE, errno,
					  "can't poll on packet socket");
		return PCAP_ERROR;
	}
	if (fds[0].revents == POLLIN)
		return 1;
	ret = check_socket(p, p4, fds[0].revents);
	if (ret == 0 && fds[1].revents & POLLIN)
		ret = check_breakloop(p, p4);
	if (ret == 0)
		ret = broken(p);
	if (ret < 0 || fds[0].revents & POLLIN)
		return ret < 0 ? ret : 1;
	return p4->netdown ? check_netdown(p, p4) : 0;
}

static int next_sleep(const struct packet4 *p4, int left)
{
	if (p4->nonblock)
		return 0;
	return p4->netdown ? NETDOWN_POLL_MS : left;
}

/*
 * Sleep until there are packets or the timeout has passed, or a signal came.  A
 * non-blocking capture comes here too: only poll() tells the socket's errors.
 */
int pcap_packet4_wait(pcap_t *p)
{
	struct packet4 *p4 = p->priv;
	int left = p4->timeout ? p4->timeout : -1;
	int ms, ret;

	packet4_release(&p4->ring);
	packet4_saw(&p4->ring);
	for (;;) {
		ms = next_sleep(p4, left);
		ret = sleep_once(p, p4, ms);
		if (ret != 0 || p4->nonblock || ms == left)
			break;
		if (left > 0)
			left -= ms;
		if (left == 0)
			break;
	}
	return ret < 0 ? ret : 0;
}
#endif /* PACKET_RX_DIRECT */
