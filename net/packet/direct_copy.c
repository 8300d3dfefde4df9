// SPDX-License-Identifier: GPL-2.0
/*
 * Copy mode: a TPACKET_V4 ring filled from skbs, on any device.
 *
 * The same bytes as in direct mode: a VLAN tag that the NIC or the stack took
 * out of the frame is put back on the way into the ring.  The filter sees the
 * skb as every other packet socket's filter does, with the tag beside the frame.
 */
#include <linux/filter.h>
#include <linux/if_vlan.h>
#include <linux/net_tstamp.h>
#include <net/sock.h>

#include "internal.h"

/* Where a tag belongs: behind the addresses. */
#define PACKET_DIRECT_TAG_OFF		(2 * ETH_ALEN)

/**
 * struct packet_direct_copy - one frame on its way into the ring
 * @skb:	frame, data at what the user shall see first
 * @dev:	device that it is reported for
 * @len:	bytes of the frame, with the tag
 * @snaplen:	bytes to copy
 * @off:	offset of the first byte in the first slot
 * @flags:	TPACKET4_* of the first entry
 * @tag:	VLAN tag to put back, as on the wire
 * @tag_len:	its bytes, 0: there is none to put back
 * @ifindex:	interface that it is reported for
 * @protocol:	ethertype that it is reported with
 * @tstamp:	nanoseconds
 */
struct packet_direct_copy {
	struct sk_buff		*skb;
	struct net_device	*dev;
	u32			len;
	u32			snaplen;
	u32			off;
	u32			flags;
	__be16			tag[2];
	u32			tag_len;
	int			ifindex;
	__be16			protocol;
	u64			tstamp;
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

/* Only behind Ethernet's addresses: SOCK_DGRAM has none, nor has a tunnel. */
static void packet_direct_copy_tag(struct packet_direct_copy *copy, int type)
{
	const struct sk_buff *skb = copy->skb;

	if (!skb_vlan_tag_present(skb) || type == SOCK_DGRAM ||
	    !dev_has_header(copy->dev) || skb->len < ETH_HLEN)
		return;
	copy->tag[0] = skb->vlan_proto;
	copy->tag[1] = htons(skb_vlan_tag_get(skb));
	copy->tag_len = VLAN_HLEN;
}

/* A tag that the user does not find in the frame.  With SOCK_DGRAM that is any,
 * even one that is in the skb's.
 */
static bool packet_direct_has_tag(const struct packet_direct_copy *copy,
				  int type)
{
	if (skb_vlan_tag_present(copy->skb))
		return !copy->tag_len;
	return type == SOCK_DGRAM && eth_type_vlan(copy->skb->protocol);
}

static u32 packet_direct_copy_flags(const struct packet_direct_copy *copy,
				    int type)
{
	u32 flags = TPACKET4_FIRST | TPACKET4_SLL | TPACKET4_PROTOCOL |
		    TPACKET4_PKTTYPE;
	const struct sk_buff *skb = copy->skb;

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
	if (packet_direct_has_tag(copy, type))
		flags |= TPACKET4_VLAN;
	return flags;
}

static void packet_direct_copy_tstamp(struct packet_direct_copy *copy,
				      unsigned int wanted)
{
	struct skb_shared_hwtstamps *hw = skb_hwtstamps(copy->skb);
	ktime_t soft;

	if ((wanted & SOF_TIMESTAMPING_RAW_HARDWARE) && hw->hwtstamp) {
		copy->tstamp = ktime_to_ns(hw->hwtstamp);
		copy->flags |= TPACKET4_TSTAMP_HW;
		return;
	}
	soft = skb_tstamp(copy->skb);
	copy->tstamp = soft ? ktime_to_ns(soft) : ktime_get_real_ns();
	copy->flags |= TPACKET4_TSTAMP_SW;
}

/* Written where it belongs: a device's address may be longer than the field. */
static void packet_direct_copy_sll(const struct packet_direct_copy *copy,
				   struct sockaddr_ll *sll)
{
	memset(sll, 0, sizeof(*sll));
	sll->sll_halen = dev_parse_header(copy->skb, sll->sll_addr);
	sll->sll_family = AF_PACKET;
	sll->sll_hatype = copy->dev->type;
	sll->sll_protocol = copy->protocol;
	sll->sll_pkttype = copy->skb->pkt_type;
	sll->sll_ifindex = copy->ifindex;
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
	if (!(copy->flags & TPACKET4_VLAN))
		return;
	if (skb_vlan_tag_present(skb)) {
		hdr->tp_vlan_tci = skb_vlan_tag_get(skb);
		hdr->tp_vlan_tpid = ntohs(skb->vlan_proto);
	} else {
		hdr->tp_vlan_tci = vlan_get_tci(skb, skb->dev);
		hdr->tp_vlan_tpid = ntohs(skb->protocol);
	}
}

/* The tag is in the first slot, and never in pieces: packet_direct_keep(). */
static void packet_direct_copy_bytes(const struct packet_direct_copy *copy,
				     u32 from, u8 *to, u32 len)
{
	const u32 head = PACKET_DIRECT_TAG_OFF + copy->tag_len;

	if (from || !copy->tag_len || len < head) {
		skb_copy_bits(copy->skb, from ? from - copy->tag_len : 0, to,
			      len);
		return;
	}
	skb_copy_bits(copy->skb, 0, to, PACKET_DIRECT_TAG_OFF);
	memcpy(to + PACKET_DIRECT_TAG_OFF, copy->tag, copy->tag_len);
	skb_copy_bits(copy->skb, PACKET_DIRECT_TAG_OFF, to + head, len - head);
}

/* Copies as much of the frame as fits into one slot, from @from on. */
static u32 packet_direct_copy_part(struct packet_direct_queue *pdq,
				   const struct packet_direct_copy *copy,
				   u32 from)
{
	u32 slot = packet_direct_take(&pdq->slots);
	u32 off = from ? 0 : copy->off;
	u32 len = min(copy->snaplen - from, pdq->slots.len - off);
	void *to = packet_direct_slot(&to_packet_direct(pdq)->slots, slot);
	u32 entry = pdq->fill & pdq->mask;
	u32 flags = from ? 0 : copy->flags;
	struct tpacket4_hdr *hdr;

	if (from + len == copy->snaplen)
		flags |= TPACKET4_LAST;
	if (!from)
		packet_direct_copy_sll(copy, to);
	packet_direct_copy_bytes(copy, from, to + off, len);
	hdr = packet_direct_fill_entry(pdq, slot, off, off + len, flags);
	if (packet_direct_is_split(pdq)) {
		__packet_direct_bind_payload(pdq, entry, TPACKET4_SLOT_NONE);
		packet_direct_write_payload(hdr, TPACKET4_SLOT_NONE, 0, 0);
	}
	return len;
}

static u32 packet_direct_copy_parts(const struct packet_direct_queue *pdq,
				    const struct packet_direct_copy *copy)
{
	u32 room = pdq->slots.len - copy->off;

	if (copy->snaplen <= room)
		return 1;
	return 1 + DIV_ROUND_UP(copy->snaplen - room, pdq->slots.len);
}

/* As much as the largest chain, or this ring, can take. */
static void packet_direct_copy_limit(const struct packet_direct_queue *pdq,
				     struct packet_direct_copy *copy)
{
	u32 most = pdq->chain_max * pdq->slots.len - copy->off;

	copy->snaplen = min(copy->snaplen, most);
	if (copy->snaplen < copy->len)
		copy->flags |= TPACKET4_TRUNCATED;
}

static enum skb_drop_reason
packet_direct_copy_in(struct packet_direct_queue *pdq,
		      struct packet_direct_copy *copy)
{
	u32 first = pdq->fill;
	u32 parts, need, done = 0;

	packet_direct_copy_limit(pdq, copy);
	parts = packet_direct_copy_parts(pdq, copy);
	need = parts + pdq->reserve;
	if (packet_direct_free_slots(&pdq->slots) < need)
		packet_direct_reclaim(pdq);
	if (packet_direct_free_slots(&pdq->slots) < need) {
		pdq->drop_no_slot++;
		pdq->losing = true;
		packet_direct_set_full(pdq);
		return SKB_DROP_REASON_PACKET_SOCK_ERROR;
	}

	if (pdq->losing) {
		pdq->losing = false;
		copy->flags |= TPACKET4_LOSING;
	}
	do {
		done += packet_direct_copy_part(pdq, copy, done);
	} while (done < copy->snaplen);

	packet_direct_copy_hdr(copy, &pdq->hdrs[first & pdq->mask]);
	pdq->extra += parts - 1;
	pdq->bytes += copy->len;
	packet_direct_publish(pdq);
	return SKB_CONSUMED;
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
	struct packet_direct_copy copy = {
		.skb = skb, .dev = dev, .ifindex = ifindex,
	};
	int type = pd->po->sk.sk_type;
	enum skb_drop_reason reason;
	u32 snaplen, have, maclen;

	snaplen = packet_direct_copy_filter(&pd->po->sk, skb);
	if (!snaplen) {
		packet_direct_copy_refuse(pd);
		return SKB_CONSUMED;
	}
	have = skb_frags_readable(skb) ? skb->len : skb_headlen(skb);
	packet_direct_copy_tag(&copy, type);
	copy.protocol = type == SOCK_DGRAM ? vlan_get_protocol_dgram(skb) :
					     skb->protocol;
	copy.len = skb->len + copy.tag_len;
	copy.snaplen = packet_direct_keep(snaplen, have, copy.tag_len);

	/* The network header comes to lie on a multiple of 16. */
	maclen = max(skb_network_offset(skb), 0) + copy.tag_len;
	copy.off = PACKET_DIRECT_HEADROOM + (-maclen & 15);
	copy.flags = packet_direct_copy_flags(&copy, type);
	if (packet_direct_is_split(&pd->pdq))
		copy.flags |= TPACKET4_SPLIT_COPIED;
	packet_direct_copy_tstamp(&copy, READ_ONCE(pd->po->tp_tstamp));

	spin_lock(&pd->copy_lock);
	reason = packet_direct_copy_in(&pd->pdq, &copy);
	spin_unlock(&pd->copy_lock);
	return reason;
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

	if (skb->pkt_type == PACKET_LOOPBACK || !pd ||
	    !net_eq(dev_net(dev), sock_net(sk)))
		goto drop;

	if (dev_has_header(dev)) {
		if (sk->sk_type != SOCK_DGRAM)
			skb_push(skb, skb->data - skb_mac_header(skb));
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
