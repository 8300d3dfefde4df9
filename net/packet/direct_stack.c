// SPDX-License-Identifier: GPL-2.0
/*
 * Frames of a leased queue that go on to the stack: those for this host
 * (PACKET_DIRECT_TEE), and those that the filter refuses (PACKET_DIRECT_PASS).
 *
 * The stack gets a copy, since the user may write to the slots at any time.  What is
 * said of a frame comes from the driver, and never from the ring.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/skbuff.h>
#include <net/sock.h>

#include "internal.h"

/* A frame that is not longer is in one piece, in one page. */
#define PACKET_DIRECT_STACK_LINEAR	(SKB_WITH_OVERHEAD(PAGE_SIZE) - \
					 NET_SKB_PAD - NET_IP_ALIGN)

/* Of a longer one so much, for headers, and the rest is in pages. */
#define PACKET_DIRECT_STACK_HEAD	256U

/* What a frame may be longer on the wire than the MTU, and a stamp behind it. */
#define PACKET_DIRECT_STACK_EXTRA	(ETH_HLEN + 2 * VLAN_HLEN + sizeof(u64))

/* The kernel's slots of the kind that it has fewer of, with all entries given back. */
static u32 packet_direct_kernel_nr(const struct packet_direct_queue *pdq)
{
	u32 entries = pdq->mask + 1;

	return packet_direct_is_split(pdq) ? min(entries, pdq->payload.nr) :
					     entries;
}

/* A quarter, enough for a burst, and as many as a frame needs, of which the NIC takes
 * some at a time.
 */
static u32 packet_direct_wanted(const struct packet_direct_queue *pdq,
				const struct net_device *dev, u32 post_min)
{
	u32 len = READ_ONCE(dev->mtu) + PACKET_DIRECT_STACK_EXTRA;
	u32 chain = DIV_ROUND_UP(len, packet_direct_buffer_len(pdq));

	return max(max(packet_direct_kernel_nr(pdq) / 4, PACKET_DIRECT_MIN_RESERVE),
		   max(2 * post_min, chain + post_min));
}

/**
 * packet_direct_check_stack() - may frames of this ring go on to the stack
 * @pdq: ring
 * @dev: device to be leased
 * @post_min: slots that its NIC takes at a time
 *
 * Context: RTNL.
 * Return: PACKET_DIRECT_OK, or why not.
 */
enum packet_direct_reason
packet_direct_check_stack(const struct packet_direct_queue *pdq,
			  const struct net_device *dev, u32 post_min)
{
	return packet_direct_wanted(pdq, dev, post_min) >
	       packet_direct_kernel_nr(pdq) / 2 ? PACKET_DIRECT_STACK_TOO_FEW :
						  PACKET_DIRECT_OK;
}

/**
 * packet_direct_set_reserve() - how many slots the kernel keeps
 * @pdq: ring
 * @dev: device
 *
 * A larger MTU makes it more, up to half of the slots.
 *
 * Context: RTNL.
 */
void packet_direct_set_reserve(struct packet_direct_queue *pdq,
			       const struct net_device *dev)
{
	WRITE_ONCE(pdq->reserve,
		   min(packet_direct_wanted(pdq, dev, pdq->post_min),
		       packet_direct_kernel_nr(pdq) / 2));
}

/* Somebody gets all frames of the device: a bridge and the like, or a promiscuous user.
 * The administrator's IFF_PROMISC has no reader, the device's own stands for addresses
 * that are looked at one by one, and what the sockets with leases ask for they get.
 */
static bool packet_direct_for_all(const struct packet_direct_queue *pdq)
{
	const struct net_device *dev = pdq->dev;
	u32 readerless = READ_ONCE(pdq->own_promisc) + READ_ONCE(dev->uc_promisc);

	if (READ_ONCE(dev->gflags) & IFF_PROMISC)
		readerless++;
	return rcu_access_pointer(dev->rx_handler) ||
	       (s32)(READ_ONCE(dev->promiscuity) - readerless) > 0;
}

static bool packet_direct_all_multicast(const struct packet_direct_queue *pdq)
{
	const struct net_device *dev = pdq->dev;
	u32 readerless = READ_ONCE(pdq->own_allmulti);

	if (READ_ONCE(dev->gflags) & IFF_ALLMULTI)
		readerless++;
	return (s32)(READ_ONCE(dev->allmulti) - readerless) > 0;
}

/**
 * packet_direct_begin_stack() - what is the same for all frames of this poll
 * @pdq: lease whose frames go on to the stack
 *
 * Context: as packet_direct_batch_begin().
 */
void packet_direct_begin_stack(struct packet_direct_queue *pdq)
{
	const struct net_device *dev = pdq->dev;

	pdq->host_addr = get_unaligned((const u32 *)(dev->dev_addr + 2));
	pdq->everything = pdq->tee && packet_direct_for_all(pdq);
	pdq->stack_tstamp = !pdq->hw_tstamp;
	pdq->hw_tstamp = true;
	pdq->stack_run = !pdq->need_sync && !packet_direct_is_split(pdq);
	pdq->tee_run = !pdq->everything && !pdq->filter &&
		       !READ_ONCE(dev->uc.count);
}

static bool packet_direct_listed(const struct netdev_hw_addr_list *list,
				 const u8 *addr)
{
	const struct netdev_hw_addr *ha;

	list_for_each_entry_rcu(ha, &list->list, list)
		if (ether_addr_equal(ha->addr, addr))
			return true;
	return false;
}

/* Is a frame with this destination meant for this host? */
static bool packet_direct_for_host(const struct packet_direct_queue *pdq,
				   const u8 *dest)
{
	const struct net_device *dev = pdq->dev;

	if (pdq->everything || ether_addr_equal(dest, dev->dev_addr) ||
	    ether_addr_equal(dest, dev->broadcast))
		return true;
	if (is_multicast_ether_addr(dest))
		return packet_direct_listed(&dev->mc, dest) ||
		       packet_direct_all_multicast(pdq);
	return packet_direct_listed(&dev->uc, dest);
}

static const void *packet_direct_at(const struct packet_direct_pool *pool,
				    u32 slot, u32 off)
{
	return packet_direct_cpu(pool, slot) + off;
}

/* The header part has the address, unless all of the frame is in the payload part. */
static bool packet_direct_get_dest(const struct packet_direct_queue *pdq,
				   const struct packet_direct_part *part, u8 *dest)
{
	if (part->len >= ETH_ALEN)
		memcpy(dest, packet_direct_at(&pdq->slots, part->slot, part->off),
		       ETH_ALEN);
	else if (!part->len && part->payload_len >= ETH_ALEN)
		memcpy(dest, packet_direct_at(&pdq->payload, part->payload,
					      part->payload_off), ETH_ALEN);
	else
		return false;
	return true;
}

/* Does a frame with this first part go on to the stack by PACKET_DIRECT_TEE? */
static bool packet_direct_is_teed(const struct packet_direct_queue *pdq,
				  const struct packet_direct_part *part)
{
	u8 dest[ETH_ALEN] __aligned(2);

	return pdq->tee && packet_direct_get_dest(pdq, part, dest) &&
	       packet_direct_for_host(pdq, dest);
}

/* Not each driver with AF_XDP says which NAPI instance has a queue. */
static struct sk_buff *packet_direct_alloc_skb(const struct packet_direct_queue *pdq,
					       struct napi_struct *napi, u32 len)
{
	return likely(napi) ? napi_alloc_skb(napi, len) :
			      netdev_alloc_skb_ip_align(pdq->dev, len);
}

/* For the bytes of a long frame. */
static struct sk_buff *packet_direct_alloc_paged(const struct packet_direct_queue *pdq,
						 struct napi_struct *napi, u32 len)
{
	struct sk_buff *skb = packet_direct_alloc_skb(pdq, napi, PACKET_DIRECT_STACK_HEAD);
	struct page *page;
	u32 chunk;

	if (!skb)
		return NULL;
	skb_put(skb, PACKET_DIRECT_STACK_HEAD);
	for (len -= PACKET_DIRECT_STACK_HEAD; len; len -= chunk) {
		chunk = min_t(u32, len, PAGE_SIZE);
		page = skb_shinfo(skb)->nr_frags < MAX_SKB_FRAGS ?
		       dev_alloc_page() : NULL;
		if (!page) {
			kfree_skb(skb);
			return NULL;
		}
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 0, chunk,
				PAGE_SIZE);
	}
	return skb;
}

static struct sk_buff *
packet_direct_copy_paged(const struct packet_direct_queue *pdq,
			 struct napi_struct *napi,
			 const struct packet_direct_part *part,
			 const struct packet_direct_part *end, u32 len)
{
	struct sk_buff *skb = packet_direct_alloc_paged(pdq, napi, len);
	u32 at = 0;

	for (; skb && part != end; part++) {
		skb_store_bits(skb, at, packet_direct_at(&pdq->slots, part->slot,
							 part->off), part->len);
		at += part->len;
		if (!part->payload_len)
			continue;
		skb_store_bits(skb, at,
			       packet_direct_at(&pdq->payload, part->payload,
						part->payload_off),
			       part->payload_len);
		at += part->payload_len;
	}
	return skb;
}

/* What there is room for, as __skb_put() takes for granted. */
static struct sk_buff *
packet_direct_copy_linear(const struct packet_direct_queue *pdq,
			  struct napi_struct *napi,
			  const struct packet_direct_part *part,
			  const struct packet_direct_part *end, u32 len)
{
	struct sk_buff *skb = packet_direct_alloc_skb(pdq, napi, len);

	for (; skb && part != end; part++) {
		memcpy(__skb_put(skb, part->len),
		       packet_direct_at(&pdq->slots, part->slot, part->off),
		       part->len);
		if (part->payload_len)
			memcpy(__skb_put(skb, part->payload_len),
			       packet_direct_at(&pdq->payload, part->payload,
						part->payload_off),
			       part->payload_len);
	}
	return skb;
}

/* The bytes of a frame, or NULL. */
static struct sk_buff *packet_direct_copy(const struct packet_direct_queue *pdq,
					  struct napi_struct *napi,
					  const struct packet_direct_part *parts,
					  u32 count)
{
	const struct packet_direct_part *part, *end = parts + count;
	u32 len = 0;

	for (part = parts; part != end; part++)
		len += part->len + part->payload_len;
	if (unlikely(len < ETH_HLEN))
		return NULL;
	if (likely(len <= PACKET_DIRECT_STACK_LINEAR))
		return packet_direct_copy_linear(pdq, napi, parts, end, len);
	return packet_direct_copy_paged(pdq, napi, parts, end, len);
}

/* A checksum that the NIC looked at says nothing of a frame that was written to since. */
static bool packet_direct_checked(const struct packet_direct_queue *pdq, u32 flags)
{
	return flags & TPACKET4_CSUM_VALID &&
	       pdq->dev->features & NETIF_F_RXCSUM &&
	       to_packet_direct(pdq)->flags & TPACKET4_SLOTS_READ_ONLY;
}

/* What drivers say of a frame.  Returns the skb, or NULL when it is no frame. */
static struct sk_buff *
packet_direct_describe_skb(const struct packet_direct_queue *pdq,
			   struct sk_buff *skb,
			   const struct packet_direct_buf *meta)
{
	netdev_features_t features = pdq->dev->features;

	if (features & NETIF_F_RXHASH && meta->flags & TPACKET4_HASH)
		skb_set_hash(skb, meta->hash,
			     meta->flags & TPACKET4_HASH_L4_MASK ?
			     PKT_HASH_TYPE_L4 : PKT_HASH_TYPE_L3);
	if (packet_direct_checked(pdq, meta->flags))
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	if (meta->flags & TPACKET4_TSTAMP_HW)
		skb_hwtstamps(skb)->hwtstamp = ns_to_ktime(meta->tstamp);
	skb_record_rx_queue(skb, pdq->queue);
	skb->protocol = eth_type_trans(skb, pdq->dev);
	if (meta->flags & TPACKET4_VLAN)
		__vlan_hwaccel_put_tag(skb, meta->vlan_tpid, meta->vlan_tci);
	else if (features & NETIF_F_HW_VLAN_CTAG_RX &&
		 skb->protocol == htons(ETH_P_8021Q))
		skb = skb_vlan_untag(skb);
	return skb;
}

/* Makes the copy and hands it over. */
static void packet_direct_go_on(struct packet_direct_queue *pdq,
				const struct packet_direct_part *parts, u32 count,
				const struct packet_direct_buf *meta)
{
	struct napi_struct *napi = rcu_dereference_bh(pdq->napi);
	struct sk_buff *skb = packet_direct_copy(pdq, napi, parts, count);

	if (skb)
		skb = packet_direct_describe_skb(pdq, skb, meta);
	if (!skb) {
		WRITE_ONCE(pdq->drop_stack, pdq->drop_stack + 1);
		return;
	}
	WRITE_ONCE(pdq->passed, pdq->passed + 1);
	if (unlikely(pdq->draining || !napi))
		netif_rx(skb);
	else
		napi_gro_receive(napi, skb);
}

/**
 * packet_direct_to_stack() - the unfinished frame goes on to the stack, if it is to
 * @pdq: lease whose frames go on to the stack
 * @meta: of the whole frame
 * @refused: the filter refuses it
 *
 * Context: as packet_direct_deliver(); all parts of the frame are there.
 */
void packet_direct_to_stack(struct packet_direct_queue *pdq,
			    const struct packet_direct_buf *meta, bool refused)
{
	if ((refused && pdq->pass) || packet_direct_is_teed(pdq, pdq->parts))
		packet_direct_go_on(pdq, pdq->parts, pdq->chain, meta);
}

/* A NIC that writes to a descriptor again is not believed. */
static void packet_direct_plain_on(struct packet_direct_queue *pdq,
				   const struct packet_direct_buf *buf, bool all)
{
	if (likely(buf->len <= pdq->slots.len) &&
	    (all || packet_direct_is_teed(pdq, &buf->part)))
		packet_direct_go_on(pdq, &buf->part, 1, buf);
}

void packet_direct_tee(struct packet_direct_queue *pdq, u32 slot, u32 off,
		       u32 len, u32 flags, u32 hash)
{
	const struct packet_direct_buf buf = {
		.slot = slot,
		.off = off,
		.len = len,
		.flags = flags,
		.hash = hash,
	};

	packet_direct_plain_on(pdq, &buf, false);
}
EXPORT_SYMBOL_GPL(packet_direct_tee);

void packet_direct_pass_on(struct packet_direct_queue *pdq, u32 slot, u32 off,
			   u32 len, u32 flags, u32 hash)
{
	const struct packet_direct_buf buf = {
		.slot = slot,
		.off = off,
		.len = len,
		.flags = flags,
		.hash = hash,
	};

	packet_direct_plain_on(pdq, &buf, pdq->pass);
}
EXPORT_SYMBOL_GPL(packet_direct_pass_on);

void packet_direct_run_tee(struct packet_direct_queue *pdq, u32 nr, u32 off,
			   u32 len, u32 flags, u32 hash)
{
	u32 entry = (pdq->fill + nr) & pdq->mask;

	packet_direct_tee(pdq, pdq->slots.home[entry], off, len, flags, hash);
}
EXPORT_SYMBOL_GPL(packet_direct_run_tee);
