// SPDX-License-Identifier: GPL-2.0
/*
 * What a socket filter is shown in direct mode: the frame where it lies, by one
 * skb per ring that never leaves this file.
 */
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/mm.h>
#include <net/sock.h>

#include "internal.h"

/* Bytes of a frame that a filter finds in the linear part of its skb.  A header
 * part has to be there in whole: the fragments are for the payload.
 */
#define PACKET_DIRECT_FILTER_HEAD	256

/* One more fragment than parts: the rest of the part that is in the head. */
static_assert(PACKET_DIRECT_FILTER_CHAIN <= MAX_SKB_FRAGS);

static u32 packet_direct_filter_head(const struct packet_direct_queue *pdq)
{
	return packet_direct_is_split(pdq) ? PACKET_DIRECT_MAX_HEADER :
					     PACKET_DIRECT_FILTER_HEAD;
}

/**
 * packet_direct_alloc_filter() - make the skb for the filter
 * @pdq: ring whose pools are set up
 *
 * Context: may sleep.
 * Return: true if there was memory.
 */
bool packet_direct_alloc_filter(struct packet_direct_queue *pdq)
{
	pdq->filter_skb = alloc_skb(packet_direct_filter_head(pdq), GFP_KERNEL);
	return pdq->filter_skb;
}

/* Runs the filter on @skb, whose data begins with the Ethernet header. */
static u32 packet_direct_ask(struct packet_direct_queue *pdq,
			     struct sk_buff *skb, u32 hash, u32 flags)
{
	const struct bpf_prog *prog = pdq->filter->prog;

	skb->dev = pdq->dev;
	skb->protocol = 0;
	skb->pkt_type = PACKET_HOST;
	skb_record_rx_queue(skb, pdq->queue);
	__skb_set_hash(skb, hash, false, flags & TPACKET4_HASH_L4_MASK);
	skb_reset_mac_header(skb);
	if (skb_headlen(skb) >= ETH_HLEN) {
		skb->protocol = eth_type_trans(skb, pdq->dev);
		skb_reset_network_header(skb);
		__skb_push(skb, ETH_HLEN);
	}

	if (unlikely(prog->cb_access))
		memset(bpf_skb_cb(skb), 0, BPF_SKB_CB_LEN);
	/* BH is off, so there is no need to forbid migration */
	return bpf_prog_run(prog, skb);
}

static void packet_direct_add_frag(struct sk_buff *skb, void *data, u32 len)
{
	if (!len)
		return;
	skb_fill_page_desc(skb, skb_shinfo(skb)->nr_frags, virt_to_page(data),
			   offset_in_page(data), len);
}

/* The payload of a dma-buf is there, as the length says, and cannot be read. */
static void packet_direct_show_part(struct packet_direct *pd,
				    struct sk_buff *skb,
				    const struct packet_direct_part *part,
				    u32 off)
{
	void *data = packet_direct_slot(&pd->slots, part->slot);
	u32 len = part->len - off;

	packet_direct_add_frag(skb, data + off, len);
	if (part->payload_len && !pd->pdq.payload_external)
		packet_direct_add_frag(skb,
				       packet_direct_slot(&pd->payload, part->payload),
				       part->payload_len);
	skb->len += len + part->payload_len;
	skb->data_len += len + part->payload_len;
}

/**
 * packet_direct_run_filter() - ask the socket filter about the unfinished frame
 * @pdq: ring with a filter; &packet_direct_queue.parts has the frame
 * @parts: how many
 * @hash: the NIC's hash
 * @flags: TPACKET4_HASH*
 *
 * Its first bytes are in the linear part, the rest is fragments that point into
 * the slots and are not counted.
 *
 * Context: NAPI.
 * Return: bytes that pass.
 */
u32 packet_direct_run_filter(struct packet_direct_queue *pdq, u32 parts,
			     u32 hash, u32 flags)
{
	struct packet_direct *pd = to_packet_direct(pdq);
	struct sk_buff *skb = pdq->filter_skb;
	u32 i, off, snaplen;

	off = min(pdq->parts[0].len, packet_direct_filter_head(pdq));
	skb_put_data(skb, packet_direct_slot(&pd->slots, pdq->parts[0].slot), off);
	for (i = 0; i < parts; i++, off = 0)
		packet_direct_show_part(pd, skb, &pdq->parts[i], off);

	snaplen = packet_direct_ask(pdq, skb, hash, flags);

	skb_shinfo(skb)->nr_frags = 0;
	skb->data_len = 0;
	skb_reset_tail_pointer(skb);
	skb->len = 0;
	return snaplen;
}

/* Nothing is copied: for as long as the filter runs the skb's linear part is the
 * slot.  It has all of the frame, so that no access gets as far as to look for
 * fragments, which would be searched behind the slot's end.  The user may write
 * to it meanwhile, so each access has to be checked by itself, as they are.
 */
u32 packet_direct_snaplen(struct packet_direct_queue *pdq, u32 slot, u32 len,
			  u32 flags, u32 hash)
{
	struct sk_buff *skb = pdq->filter_skb;
	unsigned char *head = skb->head;
	unsigned char *data = skb->data;
	u32 snaplen;

	skb->head = packet_direct_slot(&to_packet_direct(pdq)->slots, slot);
	skb->data = skb->head;
	skb->len = len;
	skb_set_tail_pointer(skb, len);

	snaplen = packet_direct_ask(pdq, skb, hash, flags);

	skb->head = head;
	skb->data = data;
	skb->len = 0;
	skb_reset_tail_pointer(skb);
	return min(snaplen, len);
}
EXPORT_SYMBOL_GPL(packet_direct_snaplen);
