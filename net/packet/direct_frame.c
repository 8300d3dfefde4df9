// SPDX-License-Identifier: GPL-2.0
/*
 * From the buffers that a NIC is done with to the frames of the ring.
 */
#include <linux/net_tstamp.h>
#include <net/sock.h>

#include "internal.h"

/* What a driver may say of a frame. */
#define PACKET_DIRECT_NIC_FLAGS	(TPACKET4_RX_ERROR | TPACKET4_CSUM_VALID | \
				 TPACKET4_CSUM_BAD | TPACKET4_TSTAMP_HW | \
				 TPACKET4_HASH | TPACKET4_HASH_L3_MASK | \
				 TPACKET4_HASH_L4_MASK | TPACKET4_VLAN | \
				 TPACKET4_PROTOCOL)

void packet_direct_batch_begin(struct packet_direct_queue *pdq)
{
	packet_direct_mark_napi(pdq);
	pdq->tstamp = ktime_get_real_ns();
	pdq->hw_tstamp = READ_ONCE(pkt_sk(pdq->sk)->tp_tstamp) &
			 SOF_TIMESTAMPING_RAW_HARDWARE;
	pdq->filter = rcu_dereference_bh(pdq->sk->sk_filter);
	if (pdq->filter)
		packet_direct_begin_filter(pdq);
	if (unlikely(READ_ONCE(pdq->reserve)))
		packet_direct_begin_stack(pdq);
}
EXPORT_SYMBOL_GPL(packet_direct_batch_begin);

void packet_direct_batch_end(struct packet_direct_queue *pdq)
{
	packet_direct_publish(pdq);
	pdq->filter = NULL;
}
EXPORT_SYMBOL_GPL(packet_direct_batch_end);

/* Takes the buffer from those that the NIC has.  Returns false for one that it
 * does not have; a number that no slot has is the driver's fault.
 */
static bool packet_direct_complete(struct packet_direct_queue *pdq,
				   const struct packet_direct_buf *buf)
{
	bool split = packet_direct_is_split(pdq);

	if (unlikely(buf->slot >= pdq->slots.nr) ||
	    unlikely(split && buf->payload >= pdq->payload.nr)) {
		WARN_ON_ONCE(buf->slot != TPACKET4_SLOT_NONE);
		return false;
	}
	__packet_direct_mark_done(&pdq->slots, buf->slot);
	pdq->slots.head++;
	if (split) {
		__packet_direct_mark_done(&pdq->payload, buf->payload);
		pdq->payload.head++;
	}
	return true;
}

static bool packet_direct_in_slot(const struct packet_direct_pool *pool, u32 off,
				  u32 len)
{
	return off <= pool->len && len <= pool->len - off;
}

/* Of a split frame the first part alone has headers.  The filter's skb relies on
 * that: it has one fragment for each part.
 */
static bool packet_direct_fits(const struct packet_direct_queue *pdq,
			       const struct packet_direct_buf *buf)
{
	if (!packet_direct_in_slot(&pdq->slots, buf->off, buf->len))
		return false;
	if (!packet_direct_is_split(pdq))
		return true;
	return !(pdq->chain && buf->len) &&
	       packet_direct_in_slot(&pdq->payload, buf->payload_off,
				     buf->payload_len);
}

/* A filter is shown a frame as one skb, which has so many fragments at most. */
static u32 packet_direct_longest(const struct packet_direct_queue *pdq)
{
	return pdq->filter ? min(pdq->chain_max, PACKET_DIRECT_FILTER_CHAIN) :
			     pdq->chain_max;
}

/* Which counter counts the frame of @buf, if it must not go on, or NULL.  While the
 * rest of a dropped frame is skipped any will do, as none is counted up.
 */
static u64 *packet_direct_fault(struct packet_direct_queue *pdq,
				const struct packet_direct_buf *buf)
{
	if (unlikely(buf->bad) || unlikely(pdq->skip) ||
	    unlikely(!packet_direct_fits(pdq, buf)))
		return &pdq->drop_error;
	/* a filter may have come while it was in pieces */
	if (unlikely(pdq->chain + !buf->last >= packet_direct_longest(pdq)))
		return &pdq->drop_too_long;
	return NULL;
}

static void packet_direct_drop(struct packet_direct_queue *pdq, bool last,
			       u64 *counter)
{
	packet_direct_rollback(pdq);
	if (!pdq->skip) {
		(*counter)++;
		WRITE_ONCE(pdq->losing, true);
	}
	pdq->skip = !last;
}

/* The payload part of an entry.  A payload slot without payload stays the kernel's. */
static void packet_direct_add_payload(struct packet_direct_queue *pdq,
				      struct packet_direct_part *part, u32 entry)
{
	if (!part->payload_len) {
		packet_direct_put(&pdq->payload, part->payload);
		part->payload = TPACKET4_SLOT_NONE;
	} else if (!pdq->payload_external) {
		packet_direct_sync(pdq, &pdq->payload, part->payload,
				   part->payload_off + part->payload_len);
	}
	__packet_direct_bind_payload(pdq, entry, part->payload);
	packet_direct_write_payload(&pdq->hdrs[entry], part->payload,
				    part->payload_off, part->payload_len);
}

/* Adds a part to the unfinished frame. */
static void packet_direct_add_part(struct packet_direct_queue *pdq,
				   const struct packet_direct_buf *buf)
{
	struct packet_direct_part *part = &pdq->parts[pdq->chain];
	bool split = packet_direct_is_split(pdq);
	u32 entry;

	*part = buf->part;
	if (!split) {
		part->payload = TPACKET4_SLOT_NONE;
		part->payload_len = 0;
	}
	packet_direct_sync(pdq, &pdq->slots, part->slot, part->off + part->len);
	entry = packet_direct_next_entry(pdq, part->slot);
	packet_direct_write_entry(&pdq->hdrs[entry], part->slot, part->off,
				  part->off + part->len, 0);
	if (split)
		packet_direct_add_payload(pdq, part, entry);
	pdq->chain++;
	pdq->chain_len += part->len + part->payload_len;
}

/* Takes @part away from the frame again, or as much as is over @snaplen. */
static u32 packet_direct_trim_part(struct packet_direct_queue *pdq,
				   struct packet_direct_part *part, u32 entry,
				   u32 snaplen)
{
	struct tpacket4_hdr *hdr = &pdq->hdrs[entry];

	part->len = min(part->len, snaplen);
	part->payload_len = min(part->payload_len, snaplen - part->len);
	hdr->tp_data_end = part->off + part->len;
	if (part->payload != TPACKET4_SLOT_NONE && !part->payload_len) {
		packet_direct_put(&pdq->payload, part->payload);
		part->payload = TPACKET4_SLOT_NONE;
		__packet_direct_bind_payload(pdq, entry, part->payload);
	}
	packet_direct_write_payload(hdr, part->payload, part->payload_off,
				    part->payload_len);
	return part->len + part->payload_len;
}

/* Cuts the unfinished frame to @snaplen bytes, at least 1. */
static void packet_direct_trim(struct packet_direct_queue *pdq, u32 snaplen)
{
	u32 first = pdq->fill - pdq->chain;
	u32 i;

	for (i = 0; snaplen; i++)
		snaplen -= packet_direct_trim_part(pdq, &pdq->parts[i],
						   (first + i) & pdq->mask,
						   snaplen);
	while (pdq->chain > i) {
		pdq->chain--;
		pdq->fill--;
		packet_direct_put_part(pdq, &pdq->parts[pdq->chain]);
	}
}

/* Lets the filter decide.  Returns false when it refuses the frame. */
static bool packet_direct_pass(struct packet_direct_queue *pdq, u32 snaplen,
			       u32 *flags)
{
	if (!snaplen) {
		packet_direct_rollback(pdq);
		pdq->drop_filter++;
		return false;
	}
	if (snaplen < pdq->chain_len) {
		packet_direct_trim(pdq, snaplen);
		*flags |= TPACKET4_TRUNCATED;
	}
	return true;
}

/* Takes the frame back if it would leave the kernel too few slots.  What the user gave
 * back since the last fill counts.
 */
static bool packet_direct_afford(struct packet_direct_queue *pdq)
{
	if (packet_direct_keeps_reserve(pdq))
		return true;
	packet_direct_reclaim(pdq);
	if (packet_direct_keeps_reserve(pdq))
		return true;
	packet_direct_rollback(pdq);
	pdq->drop_no_slot++;
	WRITE_ONCE(pdq->losing, true);
	if (!pdq->full)
		packet_direct_set_full(pdq);
	return false;
}

/* Sends the frame to the stack, if it is to go there, before it is cut or taken back.
 * Returns false when it does not go to the ring.
 */
static bool packet_direct_admit(struct packet_direct_queue *pdq,
				const struct packet_direct_buf *meta, u32 *flags)
{
	bool stack = READ_ONCE(pdq->reserve);
	u32 snaplen = U32_MAX;

	if (pdq->filter)
		snaplen = packet_direct_run_filter(pdq, meta);
	if (stack) {
		packet_direct_to_stack(pdq, meta, !snaplen);
		if (pdq->stack_tstamp)
			*flags &= ~TPACKET4_TSTAMP_HW;
	}
	if (!packet_direct_pass(pdq, snaplen, flags))
		return false;
	return !stack || packet_direct_afford(pdq);
}

/* The flags of the frame whose parts are all there. */
static u32 packet_direct_whole_flags(struct packet_direct_queue *pdq, u32 flags)
{
	flags |= TPACKET4_FIRST;
	if (packet_direct_is_split(pdq))
		flags |= pdq->parts[0].flags & TPACKET4_SPLIT_MASK;
	if (!(flags & TPACKET4_TSTAMP_HW))
		flags |= TPACKET4_TSTAMP_SW;
	if (pdq->chain == 1)
		flags |= TPACKET4_LAST;
	if (READ_ONCE(pdq->losing)) {
		WRITE_ONCE(pdq->losing, false);
		flags |= TPACKET4_LOSING;
	}
	return flags;
}

/* The fields of the whole frame go to its first entry. */
static void packet_direct_write_whole(struct packet_direct_queue *pdq,
				      const struct packet_direct_buf *meta,
				      u32 flags)
{
	struct tpacket4_hdr *hdr;

	hdr = &pdq->hdrs[(pdq->fill - 1) & pdq->mask];
	hdr->tp_flags = TPACKET4_LAST;
	hdr = &pdq->hdrs[(pdq->fill - pdq->chain) & pdq->mask];
	hdr->tp_flags = packet_direct_whole_flags(pdq, flags);
	hdr->tp_len = pdq->chain_len;
	hdr->tp_rxhash = meta->hash;
	hdr->tp_tstamp = flags & TPACKET4_TSTAMP_HW ? meta->tstamp : pdq->tstamp;
	hdr->tp_protocol = meta->protocol;
	if (unlikely(flags & TPACKET4_VLAN)) {
		hdr->tp_vlan_tci = meta->vlan_tci;
		hdr->tp_vlan_tpid = ntohs(meta->vlan_tpid);
	}
}

/* The last part of a frame is added: @meta is about all of it. */
static void packet_direct_finish(struct packet_direct_queue *pdq,
				 const struct packet_direct_buf *meta)
{
	u32 flags = meta->flags & PACKET_DIRECT_NIC_FLAGS;

	if ((pdq->filter || unlikely(READ_ONCE(pdq->reserve))) &&
	    !packet_direct_admit(pdq, meta, &flags))
		return;
	packet_direct_write_whole(pdq, meta, flags);
	if (pdq->payload_external && !pdq->parts[0].len)
		pdq->unsplit++;
	pdq->extra += pdq->chain - 1;
	pdq->bytes += pdq->chain_len;
	pdq->chain = 0;
	pdq->chain_len = 0;
}

static void packet_direct_deliver_one(struct packet_direct_queue *pdq,
				      const struct packet_direct_buf *buf)
{
	u64 *fault;

	if (unlikely(!packet_direct_complete(pdq, buf))) {
		packet_direct_drop(pdq, buf->last, &pdq->drop_error);
		return;
	}
	fault = packet_direct_fault(pdq, buf);
	if (unlikely(fault)) {
		packet_direct_drop(pdq, buf->last, fault);
		packet_direct_put(&pdq->slots, buf->slot);
		if (packet_direct_is_split(pdq))
			packet_direct_put(&pdq->payload, buf->payload);
		return;
	}
	packet_direct_add_part(pdq, buf);
	if (buf->last)
		packet_direct_finish(pdq, buf);
}

void packet_direct_deliver(struct packet_direct_queue *pdq,
			   const struct packet_direct_buf *bufs, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		packet_direct_deliver_one(pdq, &bufs[i]);
}
EXPORT_SYMBOL_GPL(packet_direct_deliver);
