// SPDX-License-Identifier: BSD-3-Clause
/*
 * Which queues a request means that names none: all of the interface, or the next one
 * that is free.  Which interfaces have such queues.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <net/if.h>
#include <sys/socket.h>

#include "pcap-int.h"
#include "pcap-packet4.h"
#include "pcap-packet4-int.h"

#ifdef PACKET_RX_DIRECT

/* A socket to ask about an interface before there is a capture, or -1. */
int pcap_packet4_ask(const char *ifname)
{
	int fd = socket(PF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET,
		.sll_ifindex = pcap_packet4_if_index(fd, ifname),
	};
	int version = TPACKET_V4;

	if (fd < 0)
		return -1;
	if (sll.sll_ifindex > 0 &&
	    setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version,
		       sizeof(version)) == 0 &&
	    bind(fd, (struct sockaddr *)&sll, sizeof(sll)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* What is known of the interface and its queue 0, or -1. */
static int ask_first(const char *ifname, struct tpacket4_info *info)
{
	int fd = pcap_packet4_ask(ifname);
	int ret;

	if (fd < 0)
		return -1;
	ret = pcap_packet4_info(fd, 0, info);
	close(fd);
	return ret;
}

/*
 * Puts the queues of the interface into the list.  If they cannot be counted, that is
 * queue 0, whose activation then says why.
 */
void pcap_packet4_all_queues(const char *ifname, struct packet4_list *list)
{
	struct tpacket4_info info;
	int queue;

	if (ask_first(ifname, &info) < 0)
		info.ti_queue_nr = 0;
	pcap_packet4_list_one(list, 0);
	if (info.ti_queue_nr <= 1)
		return;
	memset(list, 0, sizeof(*list));
	for (queue = 0; queue < (int)info.ti_queue_nr; queue++)
		pcap_packet4_list_add(list, queue);
}

/* Another one can be free, then. */
static int is_taken(const struct tpacket4_info *info)
{
	return info->ti_query_reason == PACKET_DIRECT_QUEUE_LEASED ||
	       info->ti_query_reason == PACKET_DIRECT_QUEUE_XSK ||
	       info->ti_query_reason == PACKET_DIRECT_QUEUE_PROVIDER ||
	       info->ti_query_reason == PACKET_DIRECT_QUEUE_LENT;
}

/*
 * A program that does not know of queues opens an interface twice for two captures of
 * the same packets, not for half of them each.
 */
static int has_one(const pcap_t *p, const struct tpacket4_info *info)
{
	return !p->opt.rx_by_api && info->ti_query_pid == (uint32_t)getpid();
}

static int find_free(pcap_t *p, int fd, int from)
{
	struct packet4 *p4 = p->priv;
	struct tpacket4_info info;
	int queue, found = -1;

	for (queue = 0; pcap_packet4_info(fd, queue, &info) == 0 &&
			queue < (int)info.ti_queue_nr; queue++) {
		p4->sharers = info.ti_queue_nr;
		if (has_one(p, &info))
			return pcap_packet4_has_next(p, queue);
		if (found < 0 && queue >= from && !is_taken(&info))
			found = queue;
	}
	if (found < 0 && queue > 0)
		return pcap_packet4_no_next(p, queue);
	return found < 0 ? 0 : found;
}

/*
 * The first free queue from this one on, or an error.  Queue 0 comes first, because the
 * adapter sends there what it does not hash.  A queue that has another obstacle counts
 * as free: its activation says what that is.
 */
int pcap_packet4_next_queue(pcap_t *p, int from)
{
	const struct packet4 *p4 = p->priv;
	int fd = pcap_packet4_ask(p4->ifname);
	int ret;

	if (fd < 0)
		return 0;
	ret = find_free(p, fd, from);
	close(fd);
	return ret;
}

/* Another worker was faster. */
int pcap_packet4_move_on(pcap_t *p, struct packet4_queue *q)
{
	int next = pcap_packet4_next_queue(p, q->number + 1);

	if (next < 0)
		return next;
	q->number = next;
	return 0;
}

/* Have other captures all queues of the interface?  If so, which process has the first. */
int pcap_packet4_whole_taken(const char *ifname, uint32_t *pid)
{
	int fd = pcap_packet4_ask(ifname);
	struct tpacket4_info info;
	int queue;

	if (fd < 0)
		return 0;
	for (queue = 0; pcap_packet4_info(fd, queue, &info) == 0 &&
			queue < (int)info.ti_queue_nr; queue++) {
		if (info.ti_query_reason != PACKET_DIRECT_QUEUE_LEASED)
			break;
		if (queue == 0)
			*pid = info.ti_query_pid;
	}
	close(fd);
	return queue > 0 && queue == (int)info.ti_queue_nr;
}

/* How many queues can be captured directly, as far as the driver goes. */
static u_int direct_queues(const char *ifname)
{
	struct tpacket4_info info;

	if (ask_first(ifname, &info) < 0 ||
	    info.ti_query_reason == PACKET_DIRECT_NOT_BOUND ||
	    info.ti_query_reason == PACKET_DIRECT_NO_DRIVER ||
	    info.ti_query_reason == PACKET_DIRECT_QUEUE_FORMAT)
		return 0;
	return info.ti_queue_nr;
}

static int list_interface(pcap_if_list_t *list, const pcap_if_t *dev,
			  char *errbuf)
{
	u_int queues = direct_queues(dev->name);
	char name[sizeof(PACKET4_PREFIX) + 1 + IFNAMSIZ], text[96];

	if (!queues)
		return 0;
	snprintf(name, sizeof(name), PACKET4_PREFIX ":%s", dev->name);
	snprintf(text, sizeof(text),
		 "%s, directly from its %u RX queue%s; the host gets its packets, too",
		 dev->name, queues, queues > 1 ? "s" : "");
	return pcapint_add_dev(list, name, dev->flags, text, errbuf) ? 0 : -1;
}

/*
 * Beside the interfaces that are listed already.  Without the right to open a packet
 * socket there is nobody to ask, and nothing to capture.
 */
int pcap_packet4_findalldevs(pcap_if_list_t *list, char *errbuf)
{
	struct if_nameindex *names = if_nameindex();
	const pcap_if_t *dev;
	int i, ret = 0;

	for (i = 0; names && names[i].if_name && ret == 0; i++) {
		dev = pcapint_find_dev(list, names[i].if_name);
		if (dev && !(dev->flags & PCAP_IF_LOOPBACK))
			ret = list_interface(list, dev, errbuf);
	}
	if (names)
		if_freenameindex(names);
	return ret;
}
#else
int pcap_packet4_findalldevs(pcap_if_list_t *list, char *errbuf)
{
	(void)list;
	(void)errbuf;
	return 0;
}
#endif /* PACKET_RX_DIRECT */
