// SPDX-License-Identifier: GPL-2.0
/*
 * Copy mode: a TPACKET_V4 ring filled from skbs, on any device.
 *
 * The same bytes as in direct mode: a VLAN tag that the NIC or the stack took
 * out of the frame is put back on the way into the ring.  The filter sees the
 * skb as every other packet socket's filter does, with the tag beside the frame.
 */
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/if_vlan.h>
#include <linux/list.h>
#include <linux/net_tstamp.h>
#include <linux/unaligned.h>
#include <net/sock.h>

#include "internal.h"

/* Where a tag belongs: behind the addresses. */
#define PACKET_DIRECT_TAG_OFF		(2 * ETH_ALEN)

/**
 * struct packet_direct_copy - what is known of a frame on its way into the ring
 * @skb:	frame, data at what the user shall see first
 * @dev:	device that it is reported for
 * @len:	bytes of the frame, with the tag
 * @snaplen:	bytes to copy
 * @off:	offset of the first byte in the first slot
 * @flags:	TPACKET4_* of the first entry
 * @tag_len:	bytes of the VLAN tag to put back, 0: there is none
 * @ifindex:	interface that it is reported for
 * @protocol:	ethertype that it is reported with
 * @tstamp:	nanoseconds
 *
 * Nothing but inlined functions gets its address, so it is in registers.
 */
struct packet_direct_copy {
	const struct sk_buff	*skb;
	struct net_device	*dev;
	u32			len;
	u32			snaplen;
	u32			off;
	u32			flags;
	u32			tag_len;
	int			ifindex;
	__be16			protocol;
	u64			tstamp;
};

/**
 * struct packet_direct_place - entries of a frame that is being copied
 * @node:	among &packet_direct.copies
 * @first:	its first entry
 *
 * On the stack of the CPU that copies.
 */
struct packet_direct_place {
	struct list_head	node;
	u32			first;
};

static u32 packet_direct_copy_filter(const struct sock *sk,
				     struct sk_buff *skb)
{
	struct sk_filter *filter;
	u32 snaplen = U32_MAX;

	rcu_read_lock();
	filter = rcu_dereference(sk->sk_filter);
	if (filter)
		snaplen = bpf_prog_run_clear_cb(filter->prog, skb);
	rcu_read_unlock();
	return snaplen;
}

/* What is different where a VLAN tag is beside the frame, or no link-layer header is shown.
 * A tag is put back behind Ethernet's addresses: SOCK_DGRAM has none, nor has a tunnel.
 * Any other tag is not in the frame: with SOCK_DGRAM even one that is in the skb's.
 */
static void packet_direct_copy_tag(struct packet_direct_copy *copy, int type)
{
	const struct sk_buff *skb = copy->skb;
	bool tag = skb_vlan_tag_present(skb);

	if (tag && type != SOCK_DGRAM && dev_has_header(copy->dev) &&
	    skb->len >= ETH_HLEN)
		copy->tag_len = VLAN_HLEN;
	else if (tag || (type == SOCK_DGRAM && eth_type_vlan(skb->protocol)))
		copy->flags |= TPACKET4_VLAN;
	if (type == SOCK_DGRAM)
		copy->protocol = vlan_get_protocol_dgram(skb);
}

static u32 packet_direct_copy_flags(const struct packet_direct_queue *pdq,
				    const struct sk_buff *skb)
{
	u32 flags = TPACKET4_FIRST | TPACKET4_SLL | TPACKET4_PROTOCOL |
		    TPACKET4_PKTTYPE;

	if (skb->ip_summed == CHECKSUM_PARTIAL)
		flags |= TPACKET4_CSUM_NOTREADY;
	else if (skb->pkt_type != PACKET_OUTGOING && skb_csum_unnecessary(skb))
		flags |= TPACKET4_CSUM_VALID;
	if (skb_is_gso(skb))
		flags |= TPACKET4_GSO;
	if (skb_get_hash_raw(skb))
		flags |= TPACKET4_HASH;
	if (skb_get_hash_raw(skb) && skb->l4_hash)
		flags |= TPACKET4_HASH_PORTS;
	if (unlikely(packet_direct_is_split(pdq)))
		flags |= TPACKET4_SPLIT_COPIED;
	return flags;
}

static void packet_direct_copy_tstamp(struct packet_direct_copy *copy,
				      unsigned int wanted)
{
	const struct sk_buff *skb = copy->skb;
	ktime_t hw, soft;

	hw = wanted & SOF_TIMESTAMPING_RAW_HARDWARE ?
	     skb_shinfo(skb)->hwtstamps.hwtstamp : 0;
	if (hw) {
		copy->tstamp = ktime_to_ns(hw);
		copy->flags |= TPACKET4_TSTAMP_HW;
		return;
	}
	soft = skb_tstamp(skb);
	copy->tstamp = soft ? ktime_to_ns(soft) : ktime_get_real_ns();
	copy->flags |= TPACKET4_TSTAMP_SW;
}

/* What is known of the frame before it has a place. */
static void packet_direct_copy_describe(const struct packet_direct *pd,
					struct packet_direct_copy *copy, int type,
					u32 snaplen)
{
	const struct sk_buff *skb = copy->skb;
	u32 have = skb_frags_readable(skb) ? skb->len : skb_headlen(skb);
	u32 maclen;

	copy->flags = packet_direct_copy_flags(&pd->pdq, skb);
	copy->tag_len = 0;
	copy->protocol = skb->protocol;
	if (unlikely(skb_vlan_tag_present(skb) || type == SOCK_DGRAM))
		packet_direct_copy_tag(copy, type);
	copy->len = skb->len + copy->tag_len;
	copy->snaplen = packet_direct_keep(snaplen, have, copy->tag_len);

	/* The network header comes to lie on a multiple of 16. */
	maclen = max(skb_network_offset(skb), 0) + copy->tag_len;
	copy->off = PACKET_DIRECT_HEADROOM + (-maclen & 15);
}

/* Written where it belongs: a device's address may be longer than the field.  Of most
 * devices it is known without a call where it is.
 */
static void packet_direct_copy_addr(const struct sk_buff *skb,
				    struct sockaddr_ll *sll)
{
	memset(sll->sll_addr, 0, sizeof(sll->sll_addr));
	if (likely(skb->dev->header_ops == &eth_header_ops)) {
		ether_addr_copy(sll->sll_addr, eth_hdr(skb)->h_source);
		sll->sll_halen = ETH_ALEN;
	} else {
		sll->sll_halen = dev_parse_header(skb, sll->sll_addr);
	}
}

static void packet_direct_copy_sll(const struct packet_direct_copy *copy,
				   struct sockaddr_ll *sll)
{
	packet_direct_copy_addr(copy->skb, sll);
	sll->sll_family = AF_PACKET;
	sll->sll_hatype = copy->dev->type;
	sll->sll_protocol = copy->protocol;
	sll->sll_pkttype = copy->skb->pkt_type;
	sll->sll_ifindex = copy->ifindex;
}

/* The tag of a frame that is without it, and payload slots, of which none are used. */
static void packet_direct_copy_odd(const struct sk_buff *skb, u32 flags,
				   struct tpacket4_hdr *hdr)
{
	if (flags & TPACKET4_SPLIT_MASK)
		packet_direct_write_payload(hdr, TPACKET4_SLOT_NONE, 0, 0);
	if (!(flags & TPACKET4_VLAN))
		return;
	if (skb_vlan_tag_present(skb)) {
		hdr->tp_vlan_tci = skb_vlan_tag_get(skb);
		hdr->tp_vlan_tpid = ntohs(skb->vlan_proto);
	} else {
		hdr->tp_vlan_tci = vlan_get_tci(skb, skb->dev);
		hdr->tp_vlan_tpid = ntohs(skb->protocol);
	}
}

/* The fields of the whole frame, in its first entry. */
static void packet_direct_copy_hdr(const struct packet_direct_copy *copy,
				   struct tpacket4_hdr *hdr)
{
	const struct sk_buff *skb = copy->skb;

	hdr->tp_data_meta = 0;
	hdr->tp_len = copy->len;
	hdr->tp_rxhash = skb->hash;
	hdr->tp_tstamp = copy->tstamp;
	hdr->tp_protocol = copy->protocol;
	hdr->tp_pkttype = skb->pkt_type;
	if (unlikely(copy->flags & (TPACKET4_VLAN | TPACKET4_SPLIT_MASK)))
		packet_direct_copy_odd(skb, copy->flags, hdr);
}

/* Of a frame that contradicts itself the rest is 0: what an older frame left in the slot
 * must not pass for a part of it.
 */
static noinline void packet_direct_copy_pieces(const struct sk_buff *skb, u32 from,
					       u8 *to, u32 len)
{
	if (skb_copy_bits(skb, from, to, len))
		memset(to, 0, len);
}

/* The tag is in the first slot, and never in pieces: packet_direct_keep(). */
static noinline void packet_direct_copy_tagged(const struct sk_buff *skb, u8 *to,
					       u32 len)
{
	const u32 head = PACKET_DIRECT_TAG_OFF + VLAN_HLEN;
	__be16 *tag = (__be16 *)(to + PACKET_DIRECT_TAG_OFF);

	packet_direct_copy_pieces(skb, 0, to, min(len, PACKET_DIRECT_TAG_OFF));
	if (len < head)
		return;
	put_unaligned(skb->vlan_proto, tag);
	put_unaligned(htons(skb_vlan_tag_get(skb)), tag + 1);
	packet_direct_copy_pieces(skb, PACKET_DIRECT_TAG_OFF, to + head,
				  len - head);
}

static void packet_direct_copy_bytes(const struct packet_direct_copy *copy,
				     u8 *to, u32 len)
{
	const struct sk_buff *skb = copy->skb;

	if (unlikely(copy->tag_len))
		packet_direct_copy_tagged(skb, to, len);
	else if (likely(len <= skb_headlen(skb)))
		memcpy(to, skb->data, len);
	else
		packet_direct_copy_pieces(skb, 0, to, len);
}

/* The further slots of a frame: @len bytes of the skb, from @from on.  An entry's slot
 * stays its own until it is published.
 */
static noinline void packet_direct_copy_rest(struct packet_direct *pd,
					     const struct sk_buff *skb, u32 at,
					     u32 from, u32 len)
{
	struct packet_direct_queue *pdq = &pd->pdq;
	struct tpacket4_hdr *hdr;
	u32 entry, slot, part;

	for (; len; len -= part, from += part) {
		entry = at++ & pdq->mask;
		slot = pdq->slots.home[entry];
		hdr = &pdq->hdrs[entry];
		part = min(len, pdq->slots.len);
		packet_direct_copy_pieces(skb, from,
					  packet_direct_slot(&pd->slots, slot), part);
		packet_direct_write_entry(hdr, slot, 0, part,
					  part == len ? TPACKET4_LAST : 0);
		if (packet_direct_is_split(pdq))
			packet_direct_write_payload(hdr, TPACKET4_SLOT_NONE, 0, 0);
	}
}

static void packet_direct_copy_in(struct packet_direct *pd,
				  const struct packet_direct_copy *copy, u32 first)
{
	struct packet_direct_queue *pdq = &pd->pdq;
	u32 len = min(copy->snaplen, pdq->slots.len - copy->off);
	u32 entry = first & pdq->mask;
	u32 slot = pdq->slots.home[entry];
	void *to = packet_direct_slot(&pd->slots, slot);
	struct tpacket4_hdr *hdr = &pdq->hdrs[entry];
	u32 flags = copy->flags;

	packet_direct_copy_sll(copy, to);
	packet_direct_copy_bytes(copy, to + copy->off, len);
	if (unlikely(len < copy->snaplen))
		packet_direct_copy_rest(pd, copy->skb, first + 1,
					len - copy->tag_len, copy->snaplen - len);
	else
		flags |= TPACKET4_LAST;
	packet_direct_write_entry(hdr, slot, copy->off, copy->off + len, flags);
	packet_direct_copy_hdr(copy, hdr);
}

/* How many slots the frame takes: no more than the largest chain, or this ring, has. */
static u32 packet_direct_copy_parts(const struct packet_direct_queue *pdq,
				    struct packet_direct_copy *copy)
{
	u32 room = pdq->slots.len - copy->off;
	u32 parts = 1;

	if (unlikely(copy->snaplen > room)) {
		copy->snaplen = min(copy->snaplen, pdq->chain_max * pdq->slots.len -
						   copy->off);
		parts += DIV_ROUND_UP(copy->snaplen - room, pdq->slots.len);
	}
	if (copy->snaplen < copy->len)
		copy->flags |= TPACKET4_TRUNCATED;
	return parts;
}

/* What is more than one entry without a payload slot. */
static noinline void packet_direct_copy_take_parts(struct packet_direct_queue *pdq,
						   u32 parts)
{
	u32 entry;

	while (parts--) {
		entry = packet_direct_next_entry(pdq, packet_direct_take(&pdq->slots));
		if (packet_direct_is_split(pdq))
			__packet_direct_bind_payload(pdq, entry, TPACKET4_SLOT_NONE);
	}
}

/* Takes a slot for each part.  Under copy_lock. */
static bool packet_direct_copy_take(struct packet_direct_queue *pdq, u32 parts)
{
	u32 need = parts + pdq->reserve;

	if (unlikely(packet_direct_free_slots(&pdq->slots) < need)) {
		packet_direct_reclaim(pdq);
		if (packet_direct_free_slots(&pdq->slots) < need)
			return false;
	}
	if (unlikely(parts > 1 || packet_direct_is_split(pdq)))
		packet_direct_copy_take_parts(pdq, parts);
	else
		packet_direct_next_entry(pdq, packet_direct_take(&pdq->slots));
	return true;
}

/* Gives the frame its place in the ring.  Returns false if there is none. */
static bool packet_direct_copy_begin(struct packet_direct *pd,
				     struct packet_direct_copy *copy,
				     struct packet_direct_place *place)
{
	struct packet_direct_queue *pdq = &pd->pdq;
	u32 parts = packet_direct_copy_parts(pdq, copy);
	bool room;

	spin_lock(&pd->copy_lock);
	place->first = pdq->fill;
	room = packet_direct_copy_take(pdq, parts);
	if (likely(room)) {
		list_add_tail(&place->node, &pd->copies);
		if (unlikely(pdq->losing))
			copy->flags |= TPACKET4_LOSING;
		pdq->losing = false;
	} else {
		pdq->drop_no_slot++;
		pdq->losing = true;
		WRITE_ONCE(pdq->full, true);
	}
	spin_unlock(&pd->copy_lock);
	return room;
}

/* The frame is copied.  What is published ends before the oldest one that is not. */
static void packet_direct_copy_end(struct packet_direct *pd,
				   struct packet_direct_place *place, u32 len)
{
	struct packet_direct_queue *pdq = &pd->pdq;
	bool oldest, wake = false;
	u32 prod;

	spin_lock(&pd->copy_lock);
	oldest = list_is_first(&place->node, &pd->copies);
	__list_del_entry(&place->node);
	WRITE_ONCE(pdq->packets, pdq->packets + 1);
	pdq->bytes += len;
	if (likely(oldest)) {
		prod = list_empty(&pd->copies) ? pdq->fill :
		       list_first_entry(&pd->copies, typeof(*place), node)->first;
		wake = packet_direct_store_prod(pdq, prod);
	}
	spin_unlock(&pd->copy_lock);
	if (likely(oldest))
		packet_direct_tell(pdq, wake);
}

static void packet_direct_copy_refuse(struct packet_direct *pd)
{
	spin_lock(&pd->copy_lock);
	pd->pdq.drop_filter++;
	spin_unlock(&pd->copy_lock);
}

/* Returns what became of it, for whoever watches dropped frames.  One that the
 * filter refused is not lost.
 */
static enum skb_drop_reason
packet_direct_copy_frame(struct packet_direct *pd, struct sk_buff *skb,
			 struct net_device *dev, int ifindex)
{
	struct packet_direct_place place __uninitialized;
	struct packet_direct_copy copy __uninitialized;
	struct packet_sock *po = pd->po;
	u32 snaplen;

	snaplen = packet_direct_copy_filter(&po->sk, skb);
	if (!snaplen) {
		packet_direct_copy_refuse(pd);
		return SKB_CONSUMED;
	}
	copy.skb = skb;
	copy.dev = dev;
	copy.ifindex = ifindex;
	packet_direct_copy_describe(pd, &copy, po->sk.sk_type, snaplen);
	packet_direct_copy_tstamp(&copy, READ_ONCE(po->tp_tstamp));

	if (!packet_direct_copy_begin(pd, &copy, &place)) {
		/* what is there has to be read before more can come, few as it may be */
		packet_direct_tell(&pd->pdq, true);
		return SKB_DROP_REASON_PACKET_SOCK_ERROR;
	}
	packet_direct_copy_in(pd, &copy, place.first);
	packet_direct_copy_end(pd, &place, copy.len);
	return SKB_CONSUMED;
}

/**
 * packet_direct_rcv() - protocol hook of a socket with a TPACKET_V4 ring
 * @skb: frame, shared with others
 * @dev: device that it came through
 * @pt: the socket's hook
 * @orig_dev: device that received it first
 *
 * Context: RCU, BH off; on several CPUs at a time.
 * Return: 0.
 */
int packet_direct_rcv(struct sk_buff *skb, struct net_device *dev,
		      struct packet_type *pt, struct net_device *orig_dev)
{
	enum skb_drop_reason reason = SKB_CONSUMED;
	struct sock *sk = pt->af_packet_priv;
	struct packet_sock *po = pkt_sk(sk);
	struct packet_direct *pd = rcu_dereference(po->direct);
	u8 *skb_head = skb->data;
	int skb_len = skb->len;
	int ifindex;

	if (unlikely(skb->pkt_type == PACKET_LOOPBACK))
		goto drop;
	if (unlikely(!pd) || !net_eq(dev_net(dev), sock_net(sk)))
		goto drop;

	if (dev_has_header(dev)) {
		if (sk->sk_type != SOCK_DGRAM)
			__skb_push(skb, skb->data - skb_mac_header(skb));
		else if (skb->pkt_type == PACKET_OUTGOING)
			skb_pull(skb, skb_network_offset(skb));
	}
	ifindex = packet_sock_flag(po, PACKET_SOCK_ORIGDEV) ? orig_dev->ifindex :
							      dev->ifindex;
	reason = packet_direct_copy_frame(pd, skb, dev, ifindex);

	if (skb_head != skb->data && skb_shared(skb)) {
		skb->data = skb_head;
		skb->len = skb_len;
	}
drop:
	sk_skb_reason_drop(sk, skb, reason);
	return 0;
}
