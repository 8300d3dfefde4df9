// SPDX-License-Identifier: BSD-3-Clause
/*
 * Leasing the queues of a capture, and giving them back.
 *
 * The activation claims each queue, which is where a queue is refused.  The stack has
 * all of them until the program first sets a filter, reads, or asks for a descriptor
 * to wait for.  Then all leases begin at once, or none.  So a program that only asks
 * for link-layer types takes no queue, and no packet comes before the filter.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <unistd.h>
#include <sys/socket.h>
#include <linux/ethtool.h>

#include "pcap-int.h"
#include "pcap-packet4.h"
#include "pcap-packet4-int.h"

#ifdef PACKET_RX_DIRECT

/* The kernel may wait for other processes.  A signal ends that: ask again. */
static int ask(const struct packet4_queue *q, struct tpacket4_direct *direct)
{
	int ret;

	direct->td_size = sizeof(*direct);
	do
		ret = setsockopt(q->fd, SOL_PACKET, PACKET_RX_DIRECT, direct,
				 sizeof(*direct));
	while (ret < 0 && errno == EINTR);
	return ret;
}

/* For all claimed queues at once.  0 also if there is none. */
static int ask_for_all(struct packet4 *p4, uint32_t flags)
{
	struct tpacket4_direct direct = {
		.td_flags = flags,
		.td_peers = (uintptr_t)p4->peers,
	};
	const struct packet4_queue *first = NULL;
	struct packet4_queue *q;

	packet4_for_each_queue(p4, q) {
		if (!q->claimed)
			continue;
		if (first)
			p4->peers[direct.td_peer_nr++] = q->fd;
		else
			first = q;
	}
	if (!direct.td_peer_nr)
		direct.td_peers = 0;
	return first ? ask(first, &direct) : 0;
}

static uint32_t lease_flags(pcap_t *p)
{
	const struct packet4 *p4 = p->priv;
	uint32_t flags = PACKET_DIRECT_PREPARE | pcap_packet4_by(p);

	if (p4->tee)
		flags |= PACKET_DIRECT_TEE;
	if (p4->next)
		flags |= PACKET_DIRECT_SPREAD | PACKET_DIRECT_SYMMETRIC;
	return flags;
}

/* Only the rules lead to the queue, then. */
static int add_rules(pcap_t *p, struct tpacket4_direct *direct,
		     struct ethtool_rx_flow_spec *rules)
{
	int nr;

	if (!p->opt.rx_steer[0])
		return 0;
	nr = pcap_packet4_parse_rules(p->opt.rx_steer, rules, p->errbuf);
	if (nr < 0)
		return PCAP_ERROR;
	direct->td_flags |= PACKET_DIRECT_RULES | PACKET_DIRECT_NTUPLE |
			    PACKET_DIRECT_APART;
	direct->td_rules = (uintptr_t)rules;
	direct->td_rule_nr = nr;
	return 0;
}

/* From here on nothing of the stack gets into the ring: nothing has to be dropped. */
int pcap_packet4_claim(pcap_t *p, struct packet4_queue *q)
{
	const struct packet4 *p4 = p->priv;
	struct ethtool_rx_flow_spec rules[PACKET_DIRECT_MAX_RULES];
	struct tpacket4_direct direct = {
		.td_queue = q->number,
		.td_flags = lease_flags(p),
	};
	int ret = add_rules(p, &direct, rules);

	if (ret < 0)
		return ret;
	while (ask(q, &direct) < 0) {
		if (!p4->next || errno != EBUSY)
			return pcap_packet4_refused_queue(p, q, errno);
		ret = pcap_packet4_move_on(p, q);
		if (ret < 0)
			return ret;
		direct.td_queue = q->number;
	}
	q->claimed = 1;
	return pcap_packet4_detach_filter(p, q);
}

static int is_prepared(const struct packet4 *p4)
{
	const struct packet4_queue *q = p4->queues;

	return q->claimed && __atomic_load_n(&q->ring.ctrl->state, __ATOMIC_RELAXED) ==
			     PACKET_DIRECT_PREPARED;
}

/* What this machine sends is let into its ring only now. */
static int begin_here(pcap_t *p, struct packet4 *p4)
{
	if (ask_for_all(p4, PACKET_DIRECT_BEGIN) < 0 && is_prepared(p4))
		return pcap_packet4_refused_begin(p, errno);
	return p4->whole ? pcap_packet4_apply_filter(p) : 0;
}

/*
 * Needs no right.  A child or a parent that has the same capture can have begun it
 * before, or while this process asks.
 */
int pcap_packet4_begin(pcap_t *p)
{
	struct packet4 *p4 = p->priv;
	int ret;

	if (p4->begun)
		return 0;
	ret = is_prepared(p4) ? begin_here(p, p4) : 0;
	p4->begun = ret == 0;
	return ret;
}

/*
 * A program that waits for the descriptor wants packets, of all queues, whichever of
 * the two functions it asks.  A read tells of errors.
 */
int pcap_packet4_fd(pcap_t *p, int fd)
{
	if (p->read_op != pcap_packet4_read)
		return fd;
	(void)pcap_packet4_begin(p);
	return p->selectable_fd;
}

/* If another process has released one of them, they are released one by one. */
static void release_queues(struct packet4 *p4)
{
	struct packet4_queue *q;

	if (ask_for_all(p4, PACKET_DIRECT_RELEASE) == 0)
		return;
	packet4_for_each_queue(p4, q) {
		struct tpacket4_direct direct = {
			.td_flags = PACKET_DIRECT_RELEASE,
		};

		if (q->claimed)
			(void)ask(q, &direct);
	}
}

/*
 * Closing a socket does not end its lease while a forked child has the socket or the
 * mapping, so the queues are released explicitly.  Only the process that leased them
 * does this: a child's pcap_close() must not end its parent's capture.
 */
void pcap_packet4_close_queues(struct packet4 *p4)
{
	struct packet4_queue *q;

	if (p4->lease_pid == getpid())
		release_queues(p4);
	packet4_for_each_queue(p4, q)
		pcap_packet4_close_queue(q);
}
#else
int pcap_packet4_fd(pcap_t *p, int fd)
{
	(void)p;
	return fd;
}
#endif /* PACKET_RX_DIRECT */
