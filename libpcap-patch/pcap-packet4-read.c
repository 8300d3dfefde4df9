// SPDX-License-Identifier: BSD-3-Clause
/*
 * From a TPACKET_V4 ring to the callback.
 *
 * This is the hot path of a line-rate capture: per packet no system call, no atomic
 * operation and, unless the frame is in parts, no copy.
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
#define LAST_STAMP	UINT64_MAX
#define MAC_LEN		(2 * 6)

struct frame {
	const u_char	*data;
	uint32_t	have;	/* bytes at data */
	uint32_t	len;	/* bytes on the wire */
};

/* Put a tag into the frame that the kernel delivered in the entry. */
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

/* Append up to most bytes in all.  Returns how many there are now. */
static uint32_t append(struct packet4_ring *r, uint32_t have, uint32_t most,
		       const u_char *from, uint32_t len)
{
	if (len > most - have)
		len = most - have;
	memcpy(r->bounce + have, from, len);
	return have + len;
}

/*
 * Copy the first most bytes of the frame at r->next together, and go past its last
 * entry.  The kernel publishes whole frames only.  In each entry of a split frame
 * the header part comes before the payload part.
 */
static void gather_frame(struct packet4_ring *r, uint32_t most, struct frame *f)
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

static inline void take_frame(struct packet4_ring *r,
			      const struct tpacket4_hdr *h, uint32_t most,
			      struct frame *f)
{
	if ((h->tp_flags & r->look_at) != PACKET4_WHOLE) {
		gather_frame(r, most, f);
		return;
	}
	f->data = packet4_data(r, h);
	f->have = h->tp_data_end - h->tp_data;
	f->len = h->tp_len;
	r->next++;
}

/*
 * Run the filter on frames that it has not seen in the kernel.  From filter_old on
 * it is not known which filter a frame has passed.  If one of those was cut, it may
 * lack bytes that the filter reads, so it is let through.
 */
static int refused_here(pcap_t *p, struct packet4_queue *q, uint32_t entry,
			const struct tpacket4_hdr *h, const struct frame *f)
{
	int maybe_new = (int32_t)(entry - q->filter_old) >= 0;
	const struct packet4 *p4 = p->priv;

	if (!p4->filter_always) {
		if ((int32_t)(entry - q->filter_until) >= 0) {
			q->checks &= ~PACKET4_CHECK_FILTER;
			return 0;
		}
		if (maybe_new && h->tp_flags & TPACKET4_TRUNCATED)
			return 0;
	}
	return !pcap_packet4_passes(p, h, f->data, f->len, f->have);
}

static int wrong_way(const pcap_t *p, const struct packet4_queue *q,
		     const struct tpacket4_hdr *h)
{
	const struct packet4 *p4 = p->priv;

	if (h->tp_flags & TPACKET4_PKTTYPE && h->tp_pkttype == PACKET_OUTGOING)
		return p4->loopback || p->direction == PCAP_D_IN;
	return q->outgoing || p->direction == PCAP_D_OUT;
}

/* The caller calls this only for a new time stamp: many frames share one. */
static void fill_time(const pcap_t *p, uint64_t ns, struct timeval *tv)
{
	uint32_t rest = ns % NSEC_PER_SEC;

	tv->tv_sec = ns / NSEC_PER_SEC;
	tv->tv_usec = p->opt.tstamp_precision == PCAP_TSTAMP_PRECISION_NANO ?
		      rest : rest / 1000;
}

static void release_and_kick(pcap_t *p, struct packet4_queue *q)
{
	packet4_release(&q->ring);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);			/* (F) */
	if (__atomic_load_n(&q->ring.ctrl->flags, __ATOMIC_RELAXED) &
	    TPACKET4_CTRL_NEED_KICK)
		pcap_packet4_kick(p, q);
}

/* How far to read before giving entries back. */
static uint32_t next_stop(const struct packet4_ring *r, uint32_t prod)
{
	uint32_t stop = r->cons + r->batch;

	return (int32_t)(prod - stop) < 0 ? prod : stop;
}

static int unwanted(pcap_t *p, struct packet4_queue *q, uint32_t entry,
		    const struct tpacket4_hdr *h, const struct frame *f)
{
	return (q->checks & PACKET4_CHECK_DIRECTION && wrong_way(p, q, h)) ||
	       (q->checks & PACKET4_CHECK_FILTER &&
		refused_here(p, q, entry, h, f));
}

/* A filter may read more of a frame than the snapshot has. */
static uint32_t most_of_frame(const pcap_t *p, const struct packet4_queue *q)
{
	uint32_t snapshot = p->snapshot;

	if (q->checks & PACKET4_CHECK_FILTER || snapshot > q->ring.bounce_len)
		return q->ring.bounce_len;
	return snapshot;
}

/* The packet of pcap_next() stays valid after the call: a later call gives it back. */
void pcap_packet4_finish(pcap_t *p, struct packet4_queue *q,
			 pcap_handler callback)
{
	packet4_saw(&q->ring);
	if (callback != p->oneshot_callback)
		release_and_kick(p, q);
}

/*
 * Is there another frame before prod?  Entries go back in batches, so that a slow
 * callback does not let the adapter run dry.
 */
static inline int has_frame(pcap_t *p, struct packet4_queue *q, uint32_t prod,
			    uint32_t *stop)
{
	struct packet4_ring *r = &q->ring;

	if ((int32_t)(*stop - r->next) > 0)
		return 1;
	if (r->next == prod)
		return 0;
	release_and_kick(p, q);
	*stop = next_stop(r, prod);
	return 1;
}

/*
 * Hand at most max packets before prod to the callback, up to the first one that is
 * later than the last stamp.  Returns how many.  A caller that has one queue says
 * LAST_STAMP, so that its code compares no stamps.
 */
static inline __attribute__((always_inline)) int
hand_over(pcap_t *p, struct packet4_queue *q, uint32_t prod, int max,
	  uint64_t last, pcap_handler callback, u_char *user)
{
	struct packet4_ring *r = &q->ring;
	uint32_t most = most_of_frame(p, q);
	uint32_t snapshot = p->snapshot;
	struct pcap_pkthdr header = { .len = 0 };
	const struct tpacket4_hdr *h;
	uint32_t stop = next_stop(r, prod);
	uint64_t stamp = 0;
	uint32_t entry;
	struct frame f;
	int count = 0;

	while (count < max && !p->break_loop && has_frame(p, q, prod, &stop)) {
		entry = r->next;
		h = packet4_hdr(r, entry);
		if (h->tp_tstamp > last)
			break;
		take_frame(r, h, most, &f);
		if (q->checks && unwanted(p, q, entry, h, &f))
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
	return count;
}

int pcap_packet4_hand_over(pcap_t *p, const struct packet4_head *head, int max,
			   uint64_t last, pcap_handler callback, u_char *user)
{
	return hand_over(p, head->queue, head->prod, max, last, callback, user);
}

/* Hand the packets in the ring to the callback.  Returns how many, or an error. */
int pcap_packet4_drain(pcap_t *p, int max, pcap_handler callback, u_char *user)
{
	struct packet4 *p4 = p->priv;
	struct packet4_queue *q = p4->queues;
	uint32_t prod;
	int count;

	if (PACKET_COUNT_IS_UNLIMITED(max))
		max = INT_MAX;
	if (p4->queue_nr > 1)
		return pcap_packet4_merge(p, max, callback, user);
	prod = packet4_peek(&q->ring);
	if (!packet4_has_queue(q))
		return pcap_packet4_lost(p, q);
	count = hand_over(p, q, prod, max, LAST_STAMP, callback, user);
	pcap_packet4_finish(p, q, callback);
	return p->break_loop ? pcap_packet4_broken(p) : count;
}

/*
 * Without a timeout only packets end the wait.  With one, the timeout ends it, too.
 * A packet that is filtered out here does not.
 */
int pcap_packet4_read(pcap_t *p, int max, pcap_handler callback, u_char *user)
{
	uint64_t deadline = 0;
	int more = 1;
	int ret;

	ret = pcap_packet4_begin(p);
	if (ret < 0)
		return ret;
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
