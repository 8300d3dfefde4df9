// SPDX-License-Identifier: BSD-3-Clause
/*
 * From a TPACKET_V4 ring to the callback.
 *
 * What a packet costs here is paid at every packet of a line-rate capture: no
 * system call, no atomic operation and no copy, unless the frame is in pieces.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <limits.h>
#include <string.h>
#include <arpa/inet.h>

#include "pcap-int.h"
#include "pcap/vlan.h"

#include "pcap-packet4-int.h"

#ifdef PACKET_RX_DIRECT

#define NSEC_PER_SEC	1000000000U
#define MAC_LEN		(2 * 6)

struct frame {
	const u_char	*data;
	uint32_t	have;	/* bytes at data */
	uint32_t	len;	/* bytes on the wire */
};

/* Put back a tag that the kernel delivered beside the frame. */
static void insert_tag(struct packet4_ring *r, struct frame *f,
		       const struct tpacket4_hdr *h)
{
	uint32_t room = r->bounce_len - MAC_LEN - VLAN_TAG_LEN;
	u_char *at = r->bounce + MAC_LEN;
	uint32_t rest = f->have - MAC_LEN;
	struct vlan_tag tag;

	if (f->have < MAC_LEN)
		return;
	tag.vlan_tpid = htons(h->tp_vlan_tpid);
	tag.vlan_tci = htons(h->tp_vlan_tci);
	if (rest > room)
		rest = room;
	memmove(at + VLAN_TAG_LEN, at, rest);
	memcpy(at, &tag, VLAN_TAG_LEN);
	f->have = MAC_LEN + VLAN_TAG_LEN + rest;
	f->len += VLAN_TAG_LEN;
}

/* As much of it as is wanted; how much there is then. */
static uint32_t append(struct packet4_ring *r, uint32_t have, uint32_t most,
		       const u_char *from, uint32_t len)
{
	if (len > most - have)
		len = most - have;
	memcpy(r->bounce + have, from, len);
	return have + len;
}

/*
 * Collect the first most bytes of the frame that begins at r->next, and go past
 * its last entry.  The kernel publishes whole frames only.  Of a split frame the
 * parts of an entry follow each other.
 */
static void gather(struct packet4_ring *r, uint32_t most, struct frame *f)
{
	const struct tpacket4_hdr *first = packet4_hdr(r, r->next);
	const struct tpacket4_hdr *h;
	uint32_t have = 0;

	do {
		h = packet4_hdr(r, r->next++);
		have = append(r, have, most, packet4_data(r, h),
			      h->tp_data_end - h->tp_data);
		if (r->payload && h->tp_payload_slot != TPACKET4_SLOT_NONE)
			have = append(r, have, most, packet4_payload(r, h),
				      h->tp_payload_len);
	} while (!(h->tp_flags & TPACKET4_LAST));

	f->data = r->bounce;
	f->have = have;
	f->len = first->tp_len;
	if (first->tp_flags & TPACKET4_VLAN)
		insert_tag(r, f, first);
}

static inline void take(struct packet4_ring *r, const struct tpacket4_hdr *h,
			uint32_t most, struct frame *f)
{
	if ((h->tp_flags & r->look_at) != PACKET4_WHOLE) {
		gather(r, most, f);
		return;
	}
	f->data = packet4_data(r, h);
	f->have = h->tp_data_end - h->tp_data;
	f->len = h->tp_len;
	r->next++;
}

/*
 * The frames that the old filter, or none, let through.  For those of which it
 * is not known, one that was cut must have passed a filter: it may lack what
 * this one wants to look at.
 */
static int refused_here(pcap_t *p, struct packet4 *p4, uint32_t entry,
			const struct tpacket4_hdr *h, const struct frame *f)
{
	int maybe_new = (int32_t)(entry - p4->filter_old) >= 0;

	if (!p4->filter_always) {
		if ((int32_t)(entry - p4->filter_until) >= 0) {
			p4->filter_here = 0;
			return 0;
		}
		if (maybe_new && h->tp_flags & TPACKET4_TRUNCATED)
			return 0;
	}
	return !pcap_packet4_passes(p, h, f->data, f->len, f->have);
}

static int wrong_way(const pcap_t *p, const struct packet4 *p4,
		     const struct tpacket4_hdr *h)
{
	if (h->tp_flags & TPACKET4_PKTTYPE && h->tp_pkttype == PACKET_OUTGOING)
		return p4->loopback || p->direction == PCAP_D_IN;
	return p->direction == PCAP_D_OUT;
}

/* Adapters' frames come in bunches of one time stamp: not for each of them. */
static void fill_time(const pcap_t *p, uint64_t ns, struct timeval *tv)
{
	uint32_t rest = ns % NSEC_PER_SEC;

	tv->tv_sec = ns / NSEC_PER_SEC;
	tv->tv_usec = p->opt.tstamp_precision == PCAP_TSTAMP_PRECISION_NANO ?
		      rest : rest / 1000;
}

static void give_back(pcap_t *p, struct packet4_ring *r)
{
	packet4_release(r);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);			/* (F) */
	if (__atomic_load_n(&r->ctrl->flags, __ATOMIC_RELAXED) &
	    TPACKET4_CTRL_NEED_KICK)
		pcap_packet4_kick(p);
}

/* How far to go before giving back. */
static uint32_t next_stop(const struct packet4_ring *r, uint32_t prod)
{
	uint32_t stop = r->cons + r->batch;

	return (int32_t)(prod - stop) < 0 ? prod : stop;
}

static int unwanted(pcap_t *p, struct packet4 *p4, uint32_t entry,
		    const struct tpacket4_hdr *h, const struct frame *f)
{
	return (p4->check_direction && wrong_way(p, p4, h)) ||
	       (p4->filter_here && refused_here(p, p4, entry, h, f));
}

/* A filter may look at what the snapshot does not have. */
static uint32_t most_of_frame(const pcap_t *p, const struct packet4 *p4)
{
	uint32_t snapshot = p->snapshot;

	if (p4->filter_here || snapshot > p4->ring.bounce_len)
		return p4->ring.bounce_len;
	return snapshot;
}

/* The last packet of pcap_next() outlives the call, and goes back with a later. */
static int finish(pcap_t *p, struct packet4_ring *r, pcap_handler callback,
		  int count)
{
	packet4_saw(r);
	if (callback != p->oneshot_callback)
		give_back(p, r);
	return p->break_loop ? pcap_packet4_broken(p) : count;
}

/*
 * Hand over what is in the ring.  Entries go back in batches, so that a slow
 * callback does not starve the adapter.
 */
int pcap_packet4_drain(pcap_t *p, int max, pcap_handler callback, u_char *user)
{
	struct packet4 *p4 = p->priv;
	struct packet4_ring *r = &p4->ring;
	uint32_t most = most_of_frame(p, p4);
	uint32_t snapshot = p->snapshot;
	uint32_t prod = packet4_peek(r);
	const struct tpacket4_hdr *h;
	struct pcap_pkthdr header = { .len = 0 };
	uint32_t stop = next_stop(r, prod);
	uint64_t stamp = 0;
	uint32_t entry;
	struct frame f;
	int count = 0;

	if (!packet4_has_queue(p4))
		return pcap_packet4_lost(p);
	if (PACKET_COUNT_IS_UNLIMITED(max))
		max = INT_MAX;
	while (count < max && !p->break_loop) {
		entry = r->next;
		if ((int32_t)(stop - entry) <= 0) {
			if (entry == prod)
				break;
			give_back(p, r);
			stop = next_stop(r, prod);
		}
		h = packet4_hdr(r, entry);
		take(r, h, most, &f);
		if ((p4->check_direction | p4->filter_here) &&
		    unwanted(p, p4, entry, h, &f))
			continue;
		if (h->tp_tstamp != stamp) {
			stamp = h->tp_tstamp;
			fill_time(p, stamp, &header.ts);
		}
		header.caplen = f.have < snapshot ? f.have : snapshot;
		header.len = f.len;
		callback(user, &header, f.data);
		count++;
	}
	return finish(p, r, callback, count);
}

/*
 * Without a timeout, only packets end the wait; with one, packets or its end, and
 * never what is filtered out here.
 */
int pcap_packet4_read(pcap_t *p, int max, pcap_handler callback, u_char *user)
{
	uint64_t deadline = 0;
	int more = 1;
	int ret;

	ret = pcap_packet4_drain(p, max, callback, user);
	while (ret == 0 && more) {
		more = pcap_packet4_wait(p, &deadline);
		if (more < 0)
			return more;
		ret = pcap_packet4_drain(p, max, callback, user);
	}
	return ret;
}
#endif /* PACKET_RX_DIRECT */
