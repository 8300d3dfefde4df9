// SPDX-License-Identifier: GPL-2.0
/*
 * What a socket filter is shown in direct mode: the frame as the stack would show
 * it to any packet socket, with its first VLAN tag beside it, by one skb per ring
 * that never leaves this file.
 */
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/if_vlan.h>
#include <linux/mm.h>
#include <net/sock.h>

#include "internal.h"

/* Bytes of a frame that a filter finds in the linear part of its skb.  A header
 * part has to be in there as a whole: the fragments are for the payload.
 */
#define PACKET_DIRECT_FILTER_HEAD	256

/* One more fragment than parts: the rest of the part that is in the head. */
static_assert(PACKET_DIRECT_FILTER_CHAIN <= MAX_SKB_FRAGS);

/* So many of them come from the payload if the header part has less: the Ethernet
 * header and the tags have to be in the linear part.
 */
#define PACKET_DIRECT_FILTER_ETH	64

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
	if (!pdq->filter_skb)
		return false;
	pdq->filter_head = pdq->filter_skb->head;
	return true;
}

/* The skb has its own memory again, and nothing in it. */
static void packet_direct_reset_filter(struct packet_direct_queue *pdq)
{
	struct sk_buff *skb = pdq->filter_skb;

	skb->head = pdq->filter_head;
	skb->data = skb->head;
	skb->len = 0;
	skb_reset_tail_pointer(skb);
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, ETH_HLEN);
}

/**
 * packet_direct_free_filter() - unmake the skb for the filter
 * @pdq: ring that nobody can find any more
 *
 * Context: may sleep.
 */
void packet_direct_free_filter(struct packet_direct_queue *pdq)
{
	if (!pdq->filter_skb)
		return;
	packet_direct_reset_filter(pdq);
	kfree_skb(pdq->filter_skb);
}

/* Whether an instruction may be one that packet_direct_filter_view() looks at.  Few programs
 * have any, and this is asked in each poll: it takes 2.4 instructions for each of theirs.
 */
static bool packet_direct_has_ancillary(const struct sock_fprog_kern *classic)
{
	u32 i;

#pragma GCC unroll 8
	for (i = 0; i < classic->len; i++)
		if (unlikely(classic->filter[i].k >= (u32)SKF_AD_OFF))
			return true;
	return false;
}

/* A filter is shown frames where they are if each of its accesses is checked by
 * itself, so that it does no harm if the user writes to the frame meanwhile.  A few
 * loads of classic programs parse what they find; eBPF programs may look behind the
 * skb's end.  Most programs read nothing that the skb says of the frame: what it says
 * of the device, the queue and the headers' places is the same for all untagged ones.
 */
static enum packet_direct_view
packet_direct_filter_view(const struct bpf_prog *prog)
{
	enum packet_direct_view view = PACKET_DIRECT_VIEW_BARE;
	const struct sock_fprog_kern *classic = prog->orig_prog;
	u32 i;

	if (!bpf_prog_was_classic(prog) || !classic || prog->cb_access)
		return PACKET_DIRECT_VIEW_COPY;
	if (!packet_direct_has_ancillary(classic))
		return view;
	for (i = 0; i < classic->len; i++) {
		switch (bpf_anc_helper(&classic->filter[i])) {
		case BPF_ANC | SKF_AD_NLATTR:
		case BPF_ANC | SKF_AD_NLATTR_NEST:
		case BPF_ANC | SKF_AD_PAY_OFFSET:
			return PACKET_DIRECT_VIEW_COPY;
		case BPF_ANC | SKF_AD_PROTOCOL:
		case BPF_ANC | SKF_AD_PKTTYPE:
		case BPF_ANC | SKF_AD_RXHASH:
			view = PACKET_DIRECT_VIEW_DESCRIBED;
			break;
		}
	}
	return view;
}

/**
 * packet_direct_begin_filter() - what is the same for all frames of this poll
 * @pdq: lease with a filter
 *
 * Context: NAPI.
 */
void packet_direct_begin_filter(struct packet_direct_queue *pdq)
{
	struct sk_buff *skb = pdq->filter_skb;

	skb->dev = pdq->dev;
	skb->skb_iif = pdq->dev->ifindex;
	skb_record_rx_queue(skb, pdq->queue);
	packet_direct_reset_filter(pdq);
	pdq->filter_view = packet_direct_filter_view(pdq->filter->prog);
}

/* What the stack would say of @skb, whose data begins with the Ethernet header. */
static void packet_direct_describe(struct packet_direct_queue *pdq,
				   struct sk_buff *skb, u32 hash, u32 flags)
{
	skb->protocol = 0;
	skb->pkt_type = PACKET_HOST;
	__skb_set_hash(skb, hash, false, flags & TPACKET4_HASH_L4_MASK);
	skb_reset_mac_header(skb);
	if (skb_headlen(skb) < ETH_HLEN)
		return;
	skb->protocol = eth_type_trans(skb, pdq->dev);
	skb_reset_network_header(skb);
	__skb_push(skb, ETH_HLEN);
}

static __always_inline u32
packet_direct_ask(const struct packet_direct_queue *pdq, struct sk_buff *skb)
{
	const struct bpf_prog *prog = pdq->filter->prog;

	if (unlikely(prog->cb_access))
		memset(bpf_skb_cb(skb), 0, BPF_SKB_CB_LEN);
	/* BH is off, so there is no need to forbid migration */
	return bpf_prog_run(prog, skb);
}

/* Takes the first VLAN tag out of the frame, as skb_vlan_untag() does before any
 * packet socket sees it.  The stack drops a frame that ends before the tag says what
 * is in it; here such a frame stays as it is.  Returns how many bytes it took out.
 */
static u32 packet_direct_untag(struct sk_buff *skb)
{
	struct vlan_ethhdr *veth = (struct vlan_ethhdr *)skb->data;

	if (!eth_type_vlan(skb->protocol) ||
	    skb_headlen(skb) < VLAN_ETH_HLEN + sizeof(u16))
		return 0;
	__vlan_hwaccel_put_tag(skb, skb->protocol, ntohs(veth->h_vlan_TCI));
	vlan_set_encap_proto(skb, (struct vlan_hdr *)&veth->h_vlan_TCI);
	memmove(skb->data + VLAN_HLEN, skb->data, 2 * ETH_ALEN);
	__skb_pull(skb, VLAN_HLEN);
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, ETH_HLEN);
	return VLAN_HLEN;
}

/* The first @head bytes of the skb are copied, the others are a fragment that
 * points into the slots and is not counted.  Where there is no place for one they
 * cannot be read.
 */
static void packet_direct_show(struct sk_buff *skb, void *data, u32 len,
			       u32 head)
{
	u32 copied = 0;

	if (!skb->data_len && skb->len < head) {
		copied = min(len, head - skb->len);
		skb_put_data(skb, data, copied);
		len -= copied;
	}
	if (len && skb_shinfo(skb)->nr_frags < MAX_SKB_FRAGS)
		skb_fill_page_desc(skb, skb_shinfo(skb)->nr_frags,
				   virt_to_page(data + copied),
				   offset_in_page(data + copied), len);
	skb->len += len;
	skb->data_len += len;
}

/* The payload of a dma-buf is there, as the length says, and cannot be read. */
static void packet_direct_show_part(struct packet_direct_queue *pdq,
				    const struct packet_direct_part *part)
{
	struct packet_direct *pd = to_packet_direct(pdq);
	struct sk_buff *skb = pdq->filter_skb;

	packet_direct_show(skb, packet_direct_slot(&pd->slots, part->slot) +
				part->off,
			   part->len, packet_direct_filter_head(pdq));
	if (!part->payload_len)
		return;
	if (pdq->payload_external) {
		skb->len += part->payload_len;
		skb->data_len += part->payload_len;
		return;
	}
	packet_direct_show(skb, packet_direct_slot(&pd->payload, part->payload) +
				part->payload_off,
			   part->payload_len, PACKET_DIRECT_FILTER_ETH);
}

/* Asks about a frame of which the head is copied, so that the user cannot write to
 * it and a tag can be taken out.  @meta is about the whole frame.
 */
static u32 packet_direct_ask_copied(struct packet_direct_queue *pdq,
				    const struct packet_direct_part *parts,
				    u32 count,
				    const struct packet_direct_buf *meta)
{
	struct sk_buff *skb = pdq->filter_skb;
	u32 i, keep, tag_len = 0;

	packet_direct_reset_filter(pdq);
	for (i = 0; i < count; i++)
		packet_direct_show_part(pdq, &parts[i]);
	packet_direct_describe(pdq, skb, meta->hash, meta->flags);
	if (meta->flags & TPACKET4_VLAN)
		__vlan_hwaccel_put_tag(skb, meta->vlan_tpid, meta->vlan_tci);
	else
		tag_len = packet_direct_untag(skb);
	keep = packet_direct_keep(packet_direct_ask(pdq, skb), skb->len,
				  tag_len);

	__vlan_hwaccel_clear_tag(skb);
	skb_shinfo(skb)->nr_frags = 0;
	skb->data_len = 0;
	packet_direct_reset_filter(pdq);
	return keep;
}

/* Nothing is copied: the slot is the skb's linear part, until the next frame is there or
 * the skb is reset.  All of the frame is in it, so no access looks for fragments, which
 * it would search behind the slot's end.
 */
static __always_inline void packet_direct_put_in_place(struct sk_buff *skb,
						       unsigned char *data, u32 len)
{
	skb->head = data;
	skb->data = data;
	skb->len = len;
	skb_set_tail_pointer(skb, len);
}

static noinline u32 packet_direct_snaplen_copied(struct packet_direct_queue *pdq,
						 u32 slot, u32 off, u32 len,
						 u32 flags, u32 hash)
{
	const struct packet_direct_buf buf = {
		.slot = slot,
		.off = off,
		.len = len,
		.flags = flags,
		.hash = hash,
	};

	return packet_direct_ask_copied(pdq, &buf.part, 1, &buf);
}

static noinline u32 packet_direct_ask_counted(const struct packet_direct_queue *pdq)
{
	return bpf_prog_run(pdq->filter->prog, pdq->filter_skb);
}

/* bpf_prog_run(), with what counts programs' time in another function: here it would
 * save registers for each frame.  BH is off, so there is no need to forbid migration.
 */
static __always_inline u32
packet_direct_ask_in_place(const struct packet_direct_queue *pdq, struct sk_buff *skb)
{
	const struct bpf_prog *prog = pdq->filter->prog;

	if (static_branch_unlikely(&bpf_stats_enabled_key))
		return packet_direct_ask_counted(pdq);
	return bpf_dispatcher_nop_func(skb, prog->insnsi, prog->bpf_func);
}

/* A frame with a tag is copied, because the tag cannot be taken out in the slot. */
static __always_inline u32
packet_direct_snaplen_at(struct packet_direct_queue *pdq, u32 slot, u32 off, u32 len,
			 u32 flags, u32 hash)
{
	struct sk_buff *skb = pdq->filter_skb;

	if (pdq->filter_view == PACKET_DIRECT_VIEW_COPY)
		return packet_direct_snaplen_copied(pdq, slot, off, len, flags, hash);
	packet_direct_put_in_place(skb, packet_direct_cpu(&pdq->slots, slot) + off, len);
	packet_direct_describe(pdq, skb, hash, flags);
	if (unlikely(eth_type_vlan(skb->protocol)))
		return packet_direct_snaplen_copied(pdq, slot, off, len, flags, hash);
	return packet_direct_ask_in_place(pdq, skb);
}

u32 packet_direct_snaplen(struct packet_direct_queue *pdq, u32 slot, u32 len,
			  u32 flags, u32 hash)
{
	return packet_direct_snaplen_at(pdq, slot, 0, len, flags, hash);
}
EXPORT_SYMBOL_GPL(packet_direct_snaplen);

/* Behind a frame that is shorter than its header there is what an older one left.  A
 * program that reads the hash does not come here.
 */
u32 packet_direct_snaplen_bare(struct packet_direct_queue *pdq, u32 slot, u32 len)
{
	unsigned char *data = packet_direct_cpu(&pdq->slots, slot);
	struct sk_buff *skb = pdq->filter_skb;

	if (unlikely(eth_type_vlan(READ_ONCE(((struct ethhdr *)data)->h_proto))))
		return packet_direct_snaplen_copied(pdq, slot, 0, len, 0, 0);
	packet_direct_put_in_place(skb, data, len);
	return packet_direct_ask_in_place(pdq, skb);
}
EXPORT_SYMBOL_GPL(packet_direct_snaplen_bare);

/**
 * packet_direct_run_filter() - ask the socket filter about the unfinished frame
 * @pdq: ring with a filter; &packet_direct_queue.parts has the frame
 * @meta: of the whole frame
 *
 * Context: NAPI.
 * Return: bytes that pass, perhaps more than the frame has.
 */
u32 packet_direct_run_filter(struct packet_direct_queue *pdq,
			     const struct packet_direct_buf *meta)
{
	const struct packet_direct_part *part = pdq->parts;

	if (pdq->chain > 1 || packet_direct_is_split(pdq) ||
	    (meta->flags & TPACKET4_VLAN))
		return packet_direct_ask_copied(pdq, part, pdq->chain, meta);
	return packet_direct_snaplen_at(pdq, part->slot, part->off, part->len,
					meta->flags, meta->hash);
}
