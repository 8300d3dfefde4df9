// SPDX-License-Identifier: BSD-3-Clause
/*
 * Capturing with a TPACKET_V4 ring: straight from a queue of the network adapter
 * (PACKET_RX_DIRECT), or by copy on any interface.
 *
 * A program asks for it by a device name that begins with "direct:", or by
 * pcap_set_rx_direct_linux().  In both cases pcap-linux.c makes the handle, and
 * calls pcap_packet4_activate() in place of its own activation.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>

#include "pcap-int.h"
#include "pcap-packet4.h"
#include "pcap-packet4-int.h"

#ifndef PACKET_RX_DIRECT
int pcap_get_rx_direct_linux(pcap_t *p, int *queue)
{
	(void)p;
	*queue = PCAP_RX_DIRECT_OFF;
	return 0;
}

int pcap_get_rx_direct_queues_linux(pcap_t *p, char *queues, int size)
{
	(void)p;
	if (size > 0)
		*queues = '\0';
	return 0;
}

int pcap_packet4_activate(pcap_t *p, int *breakloop_fd, int (*ordinary)(pcap_t *))
{
	(void)ordinary;
	if (*breakloop_fd != -1)
		close(*breakloop_fd);
	*breakloop_fd = -1;
	pcapint_strlcpy(p->errbuf,
		     "this libpcap was built with kernel headers that lack TPACKET_V4, so it cannot capture directly from a queue; build it with those of a kernel that has it",
		     PCAP_ERRBUF_SIZE);
	pcapint_cleanup_live_common(p);
	return PCAP_ERROR;
}
#else
static const char *const no_v4 =
	"this kernel has no TPACKET_V4; boot one with CONFIG_PACKET_RX_DIRECT, or capture without asking for a queue or \"copy\"";

/* Asking for more fields would wait for those who configure devices. */
static int queue_in_use(pcap_t *p, const struct packet4_queue *q, int *queue)
{
	struct tpacket4_info info;
	socklen_t len = offsetof(struct tpacket4_info, ti_queue_nr);

	memset(&info, 0, sizeof(info));
	if (getsockopt(q->fd, SOL_PACKET, PACKET_RX_DIRECT, &info, &len) < 0) {
		pcapint_fmt_errmsg_for_errno(p->errbuf, PCAP_ERRBUF_SIZE, errno,
					  "getsockopt (PACKET_RX_DIRECT)");
		return PCAP_ERROR;
	}
	if (info.ti_state == PACKET_DIRECT_COPY)
		*queue = PCAP_RX_DIRECT_COPY;
	else	/* without its device the kernel does not know the number */
		*queue = info.ti_ifindex ? (int)info.ti_queue : q->number;
	return 0;
}

int pcap_get_rx_direct_linux(pcap_t *p, int *queue)
{
	struct packet4 *p4 = p->priv;

	*queue = PCAP_RX_DIRECT_OFF;
	if (p->read_op != pcap_packet4_read)
		return 0;
	return queue_in_use(p, p4->queues, queue);
}

static int queues_in_use(pcap_t *p, struct packet4_list *list)
{
	struct packet4 *p4 = p->priv;
	const struct packet4_queue *q;
	int queue;

	if (pcap_get_rx_direct_linux(p, &queue) < 0)
		return PCAP_ERROR;
	pcap_packet4_list_one(list, queue);
	if (queue == PCAP_RX_DIRECT_OFF || p4->queue_nr == 1)
		return 0;
	memset(list, 0, sizeof(*list));
	packet4_for_each_queue(p4, q) {
		if (q->outgoing)
			continue;
		if (queue_in_use(p, q, &queue) < 0)
			return PCAP_ERROR;
		pcap_packet4_list_add(list, queue);
	}
	return 0;
}

int pcap_get_rx_direct_queues_linux(pcap_t *p, char *queues, int size)
{
	struct packet4_list list;

	if (queues_in_use(p, &list) < 0)
		return PCAP_ERROR;
	if (pcap_packet4_list_print(&list, queues, size > 0 ? size : 0) == 0)
		return 0;
	snprintf(p->errbuf, PCAP_ERRBUF_SIZE,
		 "%d bytes are too few for the list of queues", size);
	return PCAP_ERROR;
}

/* Reports errno, where no more precise error code fits. */
int pcap_packet4_failed(pcap_t *p, const char *what)
{
	pcapint_fmt_errmsg_for_errno(p->errbuf, PCAP_ERRBUF_SIZE, errno, "%s",
				  what);
	return PCAP_ERROR;
}

static int refuse(pcap_t *p, int status, const char *why)
{
	snprintf(p->errbuf, PCAP_ERRBUF_SIZE, "%s", why);
	return status;
}

/* Adds a sentence to the warning.  What does not fit is cut off. */
void pcap_packet4_warn(struct packet4 *p4, const char *format, ...)
{
	size_t have = strlen(p4->warning);
	va_list ap;

	if (have && have + 2 < sizeof(p4->warning))
		have += snprintf(p4->warning + have,
				 sizeof(p4->warning) - have, "; ");
	va_start(ap, format);
	vsnprintf(p4->warning + have, sizeof(p4->warning) - have, format, ap);
	va_end(ap);
}

static int open_socket(pcap_t *p, struct packet4_queue *q)
{
	q->fd = socket(PF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (q->fd < 0 && (errno == EPERM || errno == EACCES))
		return pcap_packet4_no_raw(p);
	return q->fd < 0 ? pcap_packet4_failed(p, "socket") : 0;
}

static int set_version(pcap_t *p, const struct packet4_queue *q)
{
	int version = TPACKET_V4;

	if (setsockopt(q->fd, SOL_PACKET, PACKET_VERSION, &version,
		       sizeof(version)) == 0)
		return 0;
	if (errno == EINVAL)
		return refuse(p, PCAP_ERROR, no_v4);
	return pcap_packet4_failed(p, "can't activate TPACKET_V4 on packet socket");
}

/* On Ethernet libpcap also offers DOCSIS, so the list has both. */
static int set_linktypes(pcap_t *p, int linktype)
{
	p->linktype = linktype;
	if (linktype != DLT_EN10MB)
		return 0;
	p->dlt_list = malloc(sizeof(u_int) * 2);
	if (!p->dlt_list)
		return pcap_packet4_failed(p, "malloc");
	p->dlt_list[0] = DLT_EN10MB;
	p->dlt_list[1] = DLT_DOCSIS;
	p->dlt_count = 2;
	return 0;
}

static int find_linktype(pcap_t *p, struct packet4 *p4)
{
	struct ifreq ifr = { .ifr_ifindex = 0 };

	if (pcap_packet4_if_ioctl(p->fd, p4->ifindex, SIOCGIFHWADDR, &ifr) < 0)
		return pcap_packet4_failed(p, "SIOCGIFHWADDR");
	switch (ifr.ifr_hwaddr.sa_family) {
	case ARPHRD_LOOPBACK:
		p4->loopback = 1;
		/* fall through */
	case ARPHRD_ETHER:
		return set_linktypes(p, DLT_EN10MB);
	case ARPHRD_NONE:
		return set_linktypes(p, DLT_RAW);
	}
	snprintf(p->errbuf, PCAP_ERRBUF_SIZE,
		 "%s: its frames (ARPHRD %d) have no link-layer type with TPACKET_V4; capture on %s without asking for a queue or \"copy\"",
		 p4->ifname, ifr.ifr_hwaddr.sa_family, p4->ifname);
	return PCAP_ERROR;
}

static int find_interface(pcap_t *p, struct packet4 *p4)
{
	if (strcmp(p4->ifname, "any") == 0)
		return refuse(p, PCAP_ERROR,
			      "the \"any\" device has no queues, and no ring of TPACKET_V4; name one interface");
	p4->ifindex = pcap_packet4_if_index(p->fd, p4->ifname);
	if (p4->ifindex >= 0)
		return find_linktype(p, p4);
	if (errno != ENODEV)
		return pcap_packet4_failed(p, "SIOCGIFINDEX");
	snprintf(p->errbuf, PCAP_ERRBUF_SIZE, "there is no interface \"%s\"",
		 p4->ifname);
	return PCAP_ERROR_NO_SUCH_DEVICE;
}

static int bind_to(pcap_t *p, const struct packet4_queue *q, int protocol)
{
	const struct packet4 *p4 = p->priv;
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET,
		.sll_ifindex = p4->ifindex,
		.sll_protocol = htons(protocol),
	};
	socklen_t len = sizeof(int);
	int err = 0;

	if (bind(q->fd, (struct sockaddr *)&sll, sizeof(sll)) < 0)
		err = errno;
	else if (getsockopt(q->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	if (err == 0)
		return 0;
	if (err == ENETDOWN) {
		snprintf(p->errbuf, PCAP_ERRBUF_SIZE,
			 "%s is not up; set it up (ip link set dev %s up)",
			 p4->ifname, p4->ifname);
		return PCAP_ERROR_IFACE_NOT_UP;
	}
	if (err == ENODEV)
		return PCAP_ERROR_NO_SUCH_DEVICE;
	errno = err;
	return pcap_packet4_failed(p, "bind");
}

static int all_queues_stamp(const struct packet4 *p4, uint32_t *flags)
{
	const struct packet4_queue *q;

	packet4_for_each_queue(p4, q)
		if (!packet4_is_copy(q) &&
		    !pcap_packet4_queue_stamps(q->fd, q->number, flags))
			return 0;
	return 1;
}

static int can_stamp(pcap_t *p, struct packet4 *p4)
{
	uint32_t flags;

	if (packet4_is_copy(p4->queues))
		return 1;
	if (p->opt.tstamp_type == PCAP_TSTAMP_ADAPTER)
		pcap_packet4_warn(p4, "time stamps from a queue of %s are not synchronized with the host's clock (\"adapter_unsynced\" asks for them as they are); packets have the host's",
				  p4->ifname);
	else if (!all_queues_stamp(p4, &flags))
		pcap_packet4_warn(p4, "%s stamps %s; packets have the host's time stamps",
				  p4->ifname,
				  flags & TPACKET4_INFO_TSTAMP_PTP ?
				  "PTP packets alone" : "no packets");
	else
		return 1;
	return 0;
}

static void warn_of_two_clocks(struct packet4 *p4)
{
	if (p4->whole)
		pcap_packet4_warn(p4, "packets that this machine sends have the host's time stamps, and so may come out of order");
}

static int ask_for_stamps(pcap_t *p, const struct packet4 *p4)
{
	struct hwtstamp_config config = {
		.tx_type = HWTSTAMP_TX_ON,
		.rx_filter = HWTSTAMP_FILTER_ALL,
	};
	struct ifreq ifr = { .ifr_data = (void *)&config };

	if (pcap_packet4_if_ioctl(p->fd, p4->ifindex, SIOCSHWTSTAMP, &ifr) == 0)
		return 0;
	if (errno == EPERM)
		return refuse(p, PCAP_ERROR_PERM_DENIED,
			      "Attempt to set hardware timestamp failed - CAP_NET_ADMIN may be required");
	if (errno == EOPNOTSUPP || errno == ERANGE)
		return PCAP_WARNING_TSTAMP_TYPE_NOTSUP;
	return pcap_packet4_failed(p, "SIOCSHWTSTAMP failed");
}

static int set_tstamp_type(pcap_t *p, struct packet4 *p4)
{
	int source = p->opt.tstamp_type == PCAP_TSTAMP_ADAPTER ?
		     SOF_TIMESTAMPING_SYS_HARDWARE :
		     SOF_TIMESTAMPING_RAW_HARDWARE;
	struct packet4_queue *q;
	int ret;

	if (p->opt.tstamp_type != PCAP_TSTAMP_ADAPTER &&
	    p->opt.tstamp_type != PCAP_TSTAMP_ADAPTER_UNSYNCED)
		return 0;
	if (!can_stamp(p, p4))
		return PCAP_WARNING_TSTAMP_TYPE_NOTSUP;
	ret = ask_for_stamps(p, p4);
	if (ret != 0)
		return ret;
	warn_of_two_clocks(p4);
	packet4_for_each_queue(p4, q)
		if (setsockopt(q->fd, SOL_PACKET, PACKET_TIMESTAMP, &source,
			       sizeof(source)) < 0)
			return pcap_packet4_failed(p, "can't set PACKET_TIMESTAMP");
	return 0;
}

static int set_promisc(pcap_t *p, const struct packet4 *p4)
{
	struct packet_mreq mr = {
		.mr_ifindex = p4->ifindex,
		.mr_type = PACKET_MR_PROMISC,
	};

	if (!p->opt.promisc)
		return 0;
	if (setsockopt(p->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mr,
		       sizeof(mr)) < 0)
		return pcap_packet4_failed(p, "setsockopt (PACKET_ADD_MEMBERSHIP)");
	return 0;
}

/*
 * Outgoing frames that are not wanted must take no slot and wake nobody.  On a
 * loopback device each outgoing frame also comes in, so one of the two is enough.
 * The reader skips unwanted frames that are in the ring already.
 */
static void ignore_outgoing(pcap_t *p, const struct packet4_queue *q)
{
	const struct packet4 *p4 = p->priv;
	int on = p4->loopback || p->direction == PCAP_D_IN;

	if (packet4_is_copy(q))
		(void)setsockopt(q->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on,
				 sizeof(on));
}

/* As on other rings: packets that passed the filter, dropped ones included. */
static int add_queue_stats(pcap_t *p, const struct packet4_queue *q,
			   struct pcap_stat *stats)
{
	struct tpacket4_stats s = { .ts_size = sizeof(s) };
	socklen_t len = sizeof(s);
	uint64_t dropped;

	if (getsockopt(q->fd, SOL_PACKET, PACKET_V4_STATISTICS, &s, &len) < 0)
		return pcap_packet4_failed(p, "failed to get statistics from socket");
	dropped = s.ts_drop_nic + s.ts_drop_no_slot + s.ts_drop_too_long;
	stats->ps_drop += dropped;
	stats->ps_recv += s.ts_packets + dropped;
	stats->ps_ifdrop += s.ts_drop_error + s.ts_drop_down;
	return 0;
}

/* ps_ifdrop: frames that no reader could have had, and losses of the interface. */
static int packet4_stats(pcap_t *p, struct pcap_stat *stats)
{
	struct packet4 *p4 = p->priv;
	struct packet4_queue *q;

	memset(stats, 0, sizeof(*stats));
	packet4_for_each_queue(p4, q)
		if (add_queue_stats(p, q, stats) < 0)
			return PCAP_ERROR;
	stats->ps_ifdrop += pcap_packet4_if_drops(p4);
	return 0;
}

/* A socket does not capture what it sends itself. */
static int packet4_inject(pcap_t *p, const void *buf, int size)
{
	const struct packet4 *p4 = p->priv;
	const struct packet4_queue *last = &p4->queues[p4->queue_nr - 1];
	int ret = (int)send(last->outgoing ? last->fd : p->fd, buf, size, 0);

	return ret < 0 ? pcap_packet4_failed(p, "send") : ret;
}

static void set_check_direction(pcap_t *p, struct packet4 *p4)
{
	struct packet4_queue *q;

	packet4_for_each_queue(p4, q) {
		q->checks &= ~PACKET4_CHECK_DIRECTION;
		if (packet4_is_copy(q) ? q->outgoing || p4->loopback ||
					 p->direction != PCAP_D_INOUT :
					 p->direction == PCAP_D_OUT)
			q->checks |= PACKET4_CHECK_DIRECTION;
	}
}

static int packet4_setdirection(pcap_t *p, pcap_direction_t direction)
{
	struct packet4 *p4 = p->priv;
	struct packet4_queue *q;

	if (!packet4_is_copy(p4->queues) && !p4->whole &&
	    direction == PCAP_D_OUT)
		return refuse(p, PCAP_ERROR,
			      "an RX queue has no outgoing packets; capture all queues, or without asking for a queue");
	p->direction = direction;
	packet4_for_each_queue(p4, q)
		ignore_outgoing(p, q);
	set_check_direction(p, p4);
	return pcap_packet4_refilter(p);
}

static int packet4_set_datalink(pcap_t *p, int linktype)
{
	p->linktype = linktype;
	return 0;
}

static int packet4_getnonblock(pcap_t *p)
{
	struct packet4 *p4 = p->priv;

	return p4->nonblock;
}

static int packet4_setnonblock(pcap_t *p, int nonblock)
{
	struct packet4 *p4 = p->priv;

	/* pcap_inject() goes by the mode of the descriptor. */
	if (pcapint_setnonblock_fd(p, nonblock) == -1)
		return -1;
	p4->nonblock = nonblock;
	return 0;
}

static void packet4_breakloop(pcap_t *p)
{
	struct packet4 *p4 = p->priv;
	uint64_t value = 1;
	ssize_t unused;

	pcapint_breakloop_common(p);
	unused = write(p4->breakloop_fd, &value, sizeof(value));
	(void)unused;
}

static void packet4_cleanup(pcap_t *p)
{
	struct packet4 *p4 = p->priv;

	pcap_packet4_close_queues(p4);
	p->fd = -1;
	if (p4->epoll_fd != -1)
		close(p4->epoll_fd);
	free(p4->queues);
	free(p4->heads);
	free(p4->peers);
	free(p4->polls);
	pcap_packet4_if_close_counters(p4);
	if (p4->breakloop_fd != -1)
		close(p4->breakloop_fd);
	p->priv = p4->outer_priv;
	free(p4->insns_here);
	free(p4);
	pcapint_cleanup_live_common(p);
}

static void set_ops(pcap_t *p)
{
	p->read_op = pcap_packet4_read;
	p->inject_op = packet4_inject;
	p->setfilter_op = pcap_packet4_setfilter;
	p->setdirection_op = packet4_setdirection;
	p->set_datalink_op = packet4_set_datalink;
	p->getnonblock_op = packet4_getnonblock;
	p->setnonblock_op = packet4_setnonblock;
	p->stats_op = packet4_stats;
	p->breakloop_op = packet4_breakloop;
	p->cleanup_op = packet4_cleanup;
	p->bpf_codegen_flags |= BPF_SPECIAL_VLAN_HANDLING;
}

/* The ring is complete and empty before the first frame can arrive. */
static int prepare_queue(pcap_t *p, struct packet4_queue *q)
{
	int ret = set_version(p, q);

	if (ret == 0)
		ret = bind_to(p, q, 0);
	ignore_outgoing(p, q);
	if (ret == 0)
		ret = pcap_packet4_ring_create(p, q);
	if (ret == 0 && (!packet4_is_copy(q) || q->outgoing))
		ret = pcap_packet4_drop_all(p, q);
	return ret;
}

static int start_queue(pcap_t *p, struct packet4_queue *q)
{
	int protocol = p->opt.protocol ? p->opt.protocol : ETH_P_ALL;
	int ret = bind_to(p, q, protocol);

	if (ret == 0 && !packet4_is_copy(q))
		ret = pcap_packet4_claim(p, q);
	return ret;
}

static int open_sockets(pcap_t *p, struct packet4 *p4)
{
	struct packet4_queue *q;
	int ret = 0;

	packet4_for_each_queue(p4, q) {
		ret = open_socket(p, q);
		if (ret < 0)
			break;
		p4->polls[q - p4->queues].fd = q->fd;
	}
	p->fd = p4->queues->fd;
	return ret;
}

/* All that takes long is done before the first queue is claimed. */
static int prepare(pcap_t *p, struct packet4 *p4)
{
	struct packet4_queue *q;
	int ret = open_sockets(p, p4);

	if (ret == 0)
		ret = find_interface(p, p4);
	if (ret < 0)
		return ret;
	packet4_for_each_queue(p4, q) {
		ret = prepare_queue(p, q);
		if (ret < 0)
			return ret;
	}
	pcap_packet4_note_size(p);
	return set_promisc(p, p4);
}

/* A descriptor that is readable when a read would not sleep. */
static int watch_queues(pcap_t *p, struct packet4 *p4)
{
	struct epoll_event event = { .events = EPOLLIN };
	u_int i;

	p->selectable_fd = p->fd;
	if (p4->queue_nr == 1)
		return 0;
	p4->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (p4->epoll_fd < 0)
		return pcap_packet4_failed(p, "epoll_create1");
	for (i = 0; i <= p4->queue_nr; i++)
		if (p4->polls[i].fd != -1 &&
		    epoll_ctl(p4->epoll_fd, EPOLL_CTL_ADD, p4->polls[i].fd,
			      &event) < 0)
			return pcap_packet4_failed(p, "epoll_ctl");
	p->selectable_fd = p4->epoll_fd;
	return 0;
}

static int start(pcap_t *p, struct packet4 *p4)
{
	struct packet4_queue *q;
	int ret, warning;

	ret = prepare(p, p4);
	if (ret < 0)
		return ret;
	warning = set_tstamp_type(p, p4);
	if (warning < 0)
		return warning;
	p4->lease_pid = getpid();
	packet4_for_each_queue(p4, q) {
		ret = start_queue(p, q);
		if (ret < 0)
			return ret;
	}
	p4->begun = packet4_is_copy(p4->queues);
	ret = watch_queues(p, p4);
	return ret < 0 ? ret : warning;
}

/* Puts the numbers of queues into the list. */
static int choose_queues(pcap_t *p, struct packet4 *p4, struct packet4_list *list)
{
	int queue;

	p4->next = list->first == PCAP_RX_DIRECT_NEXT;
	p4->whole = list->first == PCAP_RX_DIRECT_ALL;
	p4->tee = (p4->next || p4->whole) && !p->opt.rx_exclusive;
	if (p4->whole)
		pcap_packet4_all_queues(p4->ifname, list);
	p4->sharers = list->nr;
	if (!p4->next)
		return 0;
	queue = pcap_packet4_next_queue(p, 0);
	if (queue < 0)
		return queue;
	pcap_packet4_list_one(list, queue);
	return 0;
}

/* After a failure the caller calls packet4_cleanup(). */
static int make_queues(pcap_t *p, struct packet4 *p4)
{
	struct packet4_list *list = &p->opt.rx_direct;
	int queue, ret = choose_queues(p, p4, list);
	u_int i, nr = list->nr + p4->whole;

	if (ret < 0)
		return ret;
	queue = list->first;
	p4->queues = calloc(nr, sizeof(*p4->queues));
	p4->heads = calloc(nr, sizeof(*p4->heads));
	p4->peers = calloc(nr, sizeof(*p4->peers));
	p4->polls = calloc(nr + 1, sizeof(*p4->polls));
	if (!p4->queues || !p4->heads || !p4->peers || !p4->polls)
		return pcap_packet4_failed(p, "calloc");
	p4->queue_nr = nr;
	for (i = 0; i < nr; i++) {
		p4->queues[i].fd = -1;
		p4->queues[i].number = queue;
		queue = pcap_packet4_list_next(list, queue);
	}
	if (p4->whole) {
		p4->queues[nr - 1].number = PCAP_RX_DIRECT_COPY;
		p4->queues[nr - 1].outgoing = 1;
	}
	for (i = 0; i <= nr; i++)
		p4->polls[i].events = POLLIN;
	p4->polls[nr].fd = p4->breakloop_fd;
	return 0;
}

static int name_interface(pcap_t *p, char *ifname)
{
	struct packet4_device dev;

	if (PACKET4_IS_DEVICE(p->opt.device)) {
		if (pcap_packet4_parse_device(p->opt.device, &dev, p->errbuf) < 0)
			return PCAP_ERROR;
		memcpy(ifname, dev.ifname, IFNAMSIZ);
	} else if (pcapint_strlcpy(ifname, p->opt.device, IFNAMSIZ) >= IFNAMSIZ) {
		return PCAP_ERROR_NO_SUCH_DEVICE;
	}
	return 0;
}

static int set_up(pcap_t *p, struct packet4 *p4, int *breakloop_fd)
{
	int ret;

	p4->breakloop_fd = *breakloop_fd;
	*breakloop_fd = -1;
	p4->split = p->opt.rx_split;
	p4->timeout = p->opt.timeout > 0 ? p->opt.timeout : 0;
	ret = name_interface(p, p4->ifname);
	if (ret < 0)
		return ret;
	if (p4->split && p->opt.rx_direct.first == PCAP_RX_DIRECT_COPY)
		return refuse(p, PCAP_ERROR,
			      "capturing by copy does not split headers from payload; name an RX queue, or set a snapshot length");
	if (p->opt.rfmon)
		return PCAP_ERROR_RFMON_NOTSUP;
	if (p->snapshot <= 0 || p->snapshot > MAXIMUM_SNAPLEN)
		p->snapshot = MAXIMUM_SNAPLEN;
	return make_queues(p, p4);
}

static int report_warnings(pcap_t *p, struct packet4 *p4, int status)
{
	if (!packet4_is_copy(p4->queues) && !p->opt.promisc &&
	    pcap_packet4_if_drops_vlans(p->fd, p4->ifindex))
		pcap_packet4_warn(p4, "%s drops frames of VLANs that are not configured here; capture in promiscuous mode, or \"ethtool -K %s rx-vlan-filter off\"",
				  p4->ifname, p4->ifname);
	if (p->opt.rx_exclusive && (p4->whole || p4->next))
		pcap_packet4_warn_of_address(p4);
	if (!p4->warning[0])
		return status;
	pcapint_strlcpy(p->errbuf, p4->warning, PCAP_ERRBUF_SIZE);
	return status ? status : PCAP_WARNING;
}

/*
 * A second capture of the whole interface, by this process or another.  Many programs
 * open an interface twice.
 */
static int is_second(pcap_t *p, char *ifname, uint32_t *pid)
{
	return p->opt.rx_direct.first == PCAP_RX_DIRECT_ALL &&
	       !p->opt.rx_split && !p->opt.rx_exclusive &&
	       name_interface(p, ifname) == 0 &&
	       pcap_packet4_whole_taken(ifname, pid);
}

static int activate_second(pcap_t *p, const char *ifname, uint32_t pid,
			   int (*ordinary)(pcap_t *))
{
	char *device = strdup(ifname), process[48];
	int status;

	if (!device)
		return pcap_packet4_failed(p, "strdup");
	free(p->opt.device);
	p->opt.device = device;
	p->opt.rx_direct.first = PCAP_RX_DIRECT_OFF;
	status = ordinary(p);
	if (status != 0)
		return status;
	pcap_packet4_process(pid, process, sizeof(process));
	snprintf(p->errbuf, PCAP_ERRBUF_SIZE,
		 "%s captures all RX queues of %s directly; this is an ordinary capture, of what that leaves to the host",
		 process, ifname);
	return PCAP_WARNING;
}

int pcap_packet4_activate(pcap_t *p, int *breakloop_fd, int (*ordinary)(pcap_t *))
{
	struct packet4 *p4;
	char ifname[IFNAMSIZ];
	uint32_t pid = 0;
	int status;

	if (is_second(p, ifname, &pid))
		return activate_second(p, ifname, pid, ordinary);
	p4 = calloc(1, sizeof(*p4));
	if (!p4)
		return pcap_packet4_failed(p, "calloc");
	p4->counter_fd[0] = p4->counter_fd[1] = -1;
	p4->epoll_fd = -1;
	p4->outer_priv = p->priv;
	p->priv = p4;
	p->errbuf[0] = '\0';
	status = set_up(p, p4, breakloop_fd);
	if (status == 0)
		status = start(p, p4);
	if (status < 0) {
		packet4_cleanup(p);
		return status;
	}
	if (p->opt.promisc)
		pcap_packet4_if_open_counters(p, p4);
	set_check_direction(p, p4);
	set_ops(p);
	return report_warnings(p, p4, status);
}
#endif /* PACKET_RX_DIRECT */
