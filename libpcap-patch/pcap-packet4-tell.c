// SPDX-License-Identifier: BSD-3-Clause
/*
 * What a capture has in words: from which queues, what the host gets, and how long the
 * buffer lasts.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <ifaddrs.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "pcap-int.h"
#include "pcap-packet4.h"
#include "pcap-packet4-int.h"

#ifdef PACKET_RX_DIRECT

struct text {
	char	*to;
	size_t	size;
	size_t	have;	/* which may be too much */
};

static void PCAP_PRINTFLIKE(2, 3) add(struct text *text, const char *format, ...)
{
	size_t room = text->have < text->size ? text->size - text->have : 0;
	va_list ap;

	va_start(ap, format);
	text->have += vsnprintf(room ? text->to + text->have : NULL, room,
				format, ap);
	va_end(ap);
}

static void add_support(struct text *text, const struct packet4 *p4)
{
	const struct packet4_queue *q = p4->queues;
	struct tpacket4_info info;

	if (pcap_packet4_info(q->fd, q->number, &info) < 0 ||
	    info.ti_lease_by != PACKET_DIRECT_XSK)
		return;
	add(text, ", through the driver's AF_XDP support");
	if (p4->restarts)
		add(text, ", for which the device restarts at the beginning and at the end");
}

static void add_host(struct text *text, const struct packet4 *p4)
{
	if (p4->whole)
		add(text, ", and what this host sends");
	if (p4->tee)
		add(text, "; what is meant for this host goes on to it, too");
	else
		add(text, "; this host gets nothing of them");
}

/* Rules by ports miss what of a packet comes without them. */
static void add_rules(struct text *text, const pcap_t *p)
{
	add(text, "; flow rules lead to it");
	if (strstr(p->opt.rx_steer, "port"))
		add(text, ", but no fragment after the first, which has no ports");
}

static void add_steering(struct text *text, const pcap_t *p,
			 const struct packet4 *p4)
{
	const struct packet4_queue *q = p4->queues;
	struct tpacket4_info info;

	if (pcap_packet4_info(q->fd, q->number, &info) < 0)
		return;
	if (info.ti_steering & PACKET_DIRECT_SPREAD)
		add(text, "; flows are spread over all captures of \"next\"");
	if (info.ti_steering & PACKET_DIRECT_RULES)
		add_rules(text, p);
	if (info.ti_steering_lost)
		add(text, "; an administrator has changed its steering since");
	if (info.ti_steering_moves)
		add(text, "; flows have moved between queues since, %u time%s",
		    info.ti_steering_moves,
		    info.ti_steering_moves == 1 ? "" : "s");
}

/* Each ring asks for huge pages, as long as there are some. */
static const char *memory_kind(const struct packet4 *p4)
{
	const struct packet4_queue *q;
	u_int huge = 0;

	packet4_for_each_queue(p4, q)
		huge += q->ring.huge != NULL;
	if (huge == 0)
		return "in the kernel's pages";
	return huge == p4->queue_nr ? "in huge pages" : "in part in huge pages";
}

/* The kernel keeps a quarter of a ring for the host's packets. */
static void add_buffer(struct text *text, const pcap_t *p, const struct packet4 *p4)
{
	uint32_t mbits = pcap_packet4_if_speed(p->fd, p4->ifindex);
	const struct packet4_queue *q;
	uint64_t slots = 0;

	packet4_for_each_queue(p4, q)
		if (!q->outgoing)
			slots += (uint64_t)q->ring.mask + 1;
	if (p4->tee)
		slots -= slots / 4;
	add(text, "; the buffer holds %llu packets %s", (unsigned long long)slots,
	    memory_kind(p4));
	if (mbits)
		add(text, ", %.1f ms of the shortest at %u Mbit/s",
		    slots * SHORTEST_BITS / (mbits * 1000.0), mbits);
}

static void describe(struct text *text, pcap_t *p, const struct packet4 *p4,
		     const char *queues)
{
	if (packet4_is_copy(p4->queues)) {
		add(text, "by copy into a TPACKET_V4 ring %s", memory_kind(p4));
		return;
	}
	add(text, "directly from RX queue%s %s",
	    strpbrk(queues, ",-") ? "s" : "", queues);
	add_support(text, p4);
	add_host(text, p4);
	add_steering(text, p, p4);
	add_buffer(text, p, p4);
}

int pcap_get_rx_direct_text_linux(pcap_t *p, char *to, int size)
{
	struct text text = { .to = to, .size = size > 0 ? size : 0 };
	char queues[ROOM_FOR_QUEUES];

	if (text.size)
		*to = '\0';
	if (pcap_get_rx_direct_queues_linux(p, queues, sizeof(queues)) < 0)
		return PCAP_ERROR;
	if (*queues)
		describe(&text, p, p->priv, queues);
	if (text.size && text.have < text.size)
		return 0;
	snprintf(p->errbuf, PCAP_ERRBUF_SIZE,
		 "%d bytes are too few for the text", size);
	return PCAP_ERROR;
}

/* An address of the link alone has every interface that is up. */
static const void *address_of(const struct sockaddr *sa)
{
	const struct sockaddr_in6 *in6 = (const void *)sa;

	if (sa && sa->sa_family == AF_INET)
		return &((const struct sockaddr_in *)(const void *)sa)->sin_addr;
	if (sa && sa->sa_family == AF_INET6 &&
	    !IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
		return &in6->sin6_addr;
	return NULL;
}

/* The interface has packets for the host that the host will not get. */
void pcap_packet4_warn_of_address(struct packet4 *p4)
{
	char text[INET6_ADDRSTRLEN];
	struct ifaddrs *all, *one;
	const void *address;

	if (getifaddrs(&all) < 0)
		return;
	for (one = all; one; one = one->ifa_next) {
		address = address_of(one->ifa_addr);
		if (!address || strcmp(one->ifa_name, p4->ifname) != 0)
			continue;
		inet_ntop(one->ifa_addr->sa_family, address, text, sizeof(text));
		pcap_packet4_warn(p4, "%s has the address %s, and this host gets no packets of it during this capture; leave out the exclusive use, unless that is meant",
				  p4->ifname, text);
		break;
	}
	freeifaddrs(all);
}
#else
int pcap_get_rx_direct_text_linux(pcap_t *p, char *to, int size)
{
	(void)p;
	if (size > 0)
		*to = '\0';
	return 0;
}
#endif /* PACKET_RX_DIRECT */
