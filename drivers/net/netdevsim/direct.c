// SPDX-License-Identifier: GPL-2.0
/*
 * PACKET_RX_DIRECT: what the peer sends to a leased queue goes into the slots of a
 * packet socket.  Documentation/networking/packet_direct_driver.rst walks through
 * this file.
 *
 * There is a ring of buffers.  The NIC, which other drivers have in hardware, writes
 * frames to them.  The driver posts them, and delivers those that are written.
 *
 *	     clean              nic              tail
 *	-------+-----------------+-----------------+-------
 *	       |     written     |      empty      |
 *	-------+-----------------+-----------------+-------
 *	   delivered         written            posted
 *
 * Numbers in netdevsimN/ports/P/direct/ of debugfs make the NIC misbehave.
 *
 * While it is not 0:
 *	headroom	frames begin behind so many bytes of their first slot, up to 64
 *	withhold	the NIC does not say what it has written; afterwards it does
 *			with the next frame, unless the ring was stopped before
 *	stuck		a queue that is given back does not confirm its stop
 * So many times, counted down to 0:
 *	short		the NIC receives the first half of a frame only
 *	oversize	it says that it wrote one byte more than a slot holds
 *	damage		it says that a frame is damaged, which drops it unless
 *			"ethtool -K DEV rx-all on"
 *	reorder		it takes the newest of its buffers instead of the oldest
 */
#include <linux/debugfs.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <net/gso.h>
#include <net/packet_direct_queue.h>

#include "netdevsim.h"

/* The NIC. */

static bool nsim_direct_due(u32 *knob)
{
	u32 times = READ_ONCE(*knob);

	if (times)
		WRITE_ONCE(*knob, times - 1);
	return times;
}

static struct packet_direct_buf *nsim_direct_buf(struct nsim_direct_ring *ring,
						 u32 index)
{
	return &ring->bufs[index % ARRAY_SIZE(ring->bufs)];
}

/* Take a buffer to write to; NULL when there is none. */
static struct packet_direct_buf *nsim_direct_take(struct nsim_direct_ring *ring)
{
	struct packet_direct_buf *buf = nsim_direct_buf(ring, ring->nic);

	if (ring->nic == ring->tail)
		return NULL;
	if (nsim_direct_due(&ring->knobs->reorder))
		swap(*buf, *nsim_direct_buf(ring, ring->tail - 1));
	*buf = (struct packet_direct_buf) {
		.slot = buf->slot, .payload = buf->payload,
	};
	ring->nic++;
	return buf;
}

/* Write the header part of a frame, with header split.  Returns its bytes. */
static u32 nsim_direct_write_header(const struct packet_direct_queue *pdq,
				    struct packet_direct_buf *buf, u32 off,
				    const struct sk_buff *skb, u32 len)
{
	u32 header = eth_get_headlen(skb->dev, skb->data, len);

	if (header <= ETH_HLEN) {
		buf->flags = TPACKET4_SPLIT_UNKNOWN;
	} else if (header > pdq->slots.len - off) {
		buf->flags = TPACKET4_SPLIT_TOO_LONG;
	} else {
		buf->flags = header < len ? TPACKET4_SPLIT_DONE :
					    TPACKET4_SPLIT_NO_PAYLOAD;
		buf->off = off;
		buf->len = header;
		memcpy(packet_direct_cpu(&pdq->slots, buf->slot) + off,
		       skb->data, header);
	}
	return buf->len;
}

/* Write as much of a frame as fits.  Returns its bytes. */
static u32 nsim_direct_write(const struct packet_direct_queue *pdq,
			     struct packet_direct_buf *buf, u32 off,
			     const void *data, u32 len)
{
	void *to;

	len = min(len, packet_direct_buffer_len(pdq) - off);
	if (packet_direct_is_split(pdq)) {
		buf->payload_off = off;
		buf->payload_len = len;
		to = packet_direct_cpu(&pdq->payload, buf->payload);
	} else {
		buf->off = off;
		buf->len = len;
		to = packet_direct_cpu(&pdq->slots, buf->slot);
	}
	memcpy(to + off, data, len);
	return len;
}

/* Say in the last buffer of a frame what is known of it. */
static void nsim_direct_describe(struct nsim_direct_ring *ring,
				 struct packet_direct_buf *buf,
				 struct sk_buff *skb)
{
	buf->last = true;
	buf->flags |= TPACKET4_PROTOCOL | TPACKET4_HASH;
	buf->protocol = skb->protocol;
	buf->hash = skb_get_hash(skb);
	if (skb->ip_summed == CHECKSUM_UNNECESSARY)
		buf->flags |= TPACKET4_CSUM_VALID;
	if (skb_vlan_tag_present(skb)) {
		buf->flags |= TPACKET4_VLAN;
		buf->vlan_tpid = skb->vlan_proto;
		buf->vlan_tci = skb_vlan_tag_get(skb);
	}
	if (nsim_direct_due(&ring->knobs->damage)) {
		buf->flags |= TPACKET4_RX_ERROR;
		buf->bad = !(skb->dev->features & NETIF_F_RXALL);
	}
	if (nsim_direct_due(&ring->knobs->oversize))
		buf->len = ring->pdq->slots.len - buf->off + 1;
}

/* Write a frame, or drop it when there are too few buffers. */
static void nsim_direct_receive(struct nsim_direct_ring *ring,
				struct sk_buff *skb)
{
	u32 len = skb->len >> nsim_direct_due(&ring->knobs->cut);
	u32 off = min(READ_ONCE(ring->knobs->headroom), 64U);
	struct packet_direct_queue *pdq = ring->pdq;
	struct packet_direct_buf *buf;
	u32 first = ring->nic, at = 0;

	while ((buf = nsim_direct_take(ring))) {
		if (!at && packet_direct_is_split(pdq))
			at = nsim_direct_write_header(pdq, buf, off, skb, len);
		at += nsim_direct_write(pdq, buf, off, skb->data + at, len - at);
		if (at == len) {
			nsim_direct_describe(ring, buf, skb);
			return;
		}
		off = 0;
	}
	ring->nic = first;
	packet_direct_missed(pdq, 1);
}

/* Do what the sender left to its NIC, segments and checksums, and take out a VLAN
 * tag.  Returns a list of frames in one piece each, as far as there is memory.
 */
static struct sk_buff *nsim_direct_frames(struct sk_buff *skb)
{
	struct sk_buff *segs;

	skb_reset_network_header(skb);
	if (skb->dev->features & NETIF_F_HW_VLAN_CTAG_RX &&
	    skb->protocol == htons(ETH_P_8021Q))
		skb = skb_vlan_untag(skb);
	if (!skb)
		return NULL;

	skb_push(skb, ETH_HLEN);
	skb_clear_hash(skb);
	if (skb_is_gso(skb)) {
		segs = skb_gso_segment(skb, 0);
		consume_skb(skb);
		return IS_ERR(segs) ? NULL : segs;
	}
	if (skb->ip_summed == CHECKSUM_PARTIAL &&
	    !skb_csum_hwoffload_help(skb, 0))
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	if (skb->ip_summed != CHECKSUM_PARTIAL && !skb_linearize(skb))
		return skb;
	kfree_skb(skb);
	return NULL;
}

/* The driver. */

static void nsim_direct_fill(struct nsim_direct_ring *ring)
{
	u32 room = ARRAY_SIZE(ring->bufs) - (ring->tail - ring->clean);
	u32 count = min(room, packet_direct_reclaim(ring->pdq));

	while (count--)
		packet_direct_post(ring->pdq, nsim_direct_buf(ring, ring->tail++));
}

static void nsim_direct_clean(struct nsim_direct_ring *ring)
{
	if (READ_ONCE(ring->knobs->withhold))
		return;
	for (; ring->clean != ring->nic; ring->clean++)
		packet_direct_deliver(ring->pdq, nsim_direct_buf(ring, ring->clean), 1);
}

/* Called by the NAPI poll of each queue.  Returns false for one of the stack. */
bool nsim_direct_poll(struct nsim_rq *rq, int budget, int *done)
{
	struct nsim_direct_ring *ring = &rq->direct;
	struct sk_buff *skb, *next;

	*done = 0;
	if (!ring->pdq || !budget)
		return ring->pdq;

	packet_direct_batch_begin(ring->pdq);
	while (*done < budget && (skb = skb_dequeue(&rq->skb_queue))) {
		skb_list_walk_safe(nsim_direct_frames(skb), skb, next) {
			nsim_direct_receive(ring, skb);
			consume_skb(skb);
		}
		nsim_direct_clean(ring);
		nsim_direct_fill(ring);
		++*done;
	}
	packet_direct_batch_end(ring->pdq);
	do {
		nsim_direct_fill(ring);
	} while (packet_direct_must_refill(ring->pdq));
	return true;
}

/* Called before NAPI is enabled, when a device goes up or a lease begins or ends. */
void nsim_direct_start(struct nsim_rq *rq)
{
	struct netdevsim *ns = netdev_priv(rq->napi.dev);
	struct nsim_direct_ring *ring = &rq->direct;

	ring->pdq = packet_direct_lookup(ns->netdev, rq - ns->rq);
	if (!ring->pdq)
		return;

	ring->knobs = &ns->nsim_dev_port->direct;
	ring->clean = ring->tail;
	ring->nic = ring->tail;
	packet_direct_ring_up(ring->pdq, &rq->napi, ARRAY_SIZE(ring->bufs));
	do {
		nsim_direct_fill(ring);
	} while (packet_direct_must_refill(ring->pdq));
}

/* Called after NAPI was disabled. */
void nsim_direct_stop(struct nsim_rq *rq)
{
	struct packet_direct_queue *pdq = rq->direct.pdq;

	if (!pdq)
		return;

	local_bh_disable();
	packet_direct_batch_begin(pdq);
	nsim_direct_clean(&rq->direct);
	packet_direct_batch_end(pdq);
	local_bh_enable();
	packet_direct_ring_down(pdq);
	rq->direct.pdq = NULL;
}

static enum packet_direct_reason
nsim_direct_limits(struct net_device *dev, unsigned int queue,
		   struct packet_direct_limits *limits)
{
	*limits = (struct packet_direct_limits) {
		.granule   = 64,
		.len_min   = TPACKET4_MIN_SLOT_SIZE,
		.len_max   = TPACKET4_MAX_SLOT_SIZE,
		.split_min = TPACKET4_MIN_HEADER_LEN,
		.split_max = PACKET_DIRECT_MAX_HEADER,
		.post_min  = 1,
	};
	return PACKET_DIRECT_OK;
}

/* The ring is configured anew for whom the queue belongs to now. */
static int nsim_direct_bind(struct net_device *dev, unsigned int queue,
			    struct packet_direct_queue *pdq)
{
	struct netdevsim *ns = netdev_priv(dev);
	struct nsim_rq *rq = &ns->rq[queue];

	if (!netif_running(dev))
		return 0;

	napi_disable(&rq->napi);
	nsim_direct_stop(rq);
	nsim_direct_start(rq);
	napi_enable(&rq->napi);
	local_bh_disable();
	napi_schedule(&rq->napi);	/* for what was sent meanwhile */
	local_bh_enable();
	return 0;
}

static int nsim_direct_unbind(struct net_device *dev, unsigned int queue,
			      struct packet_direct_queue *pdq)
{
	struct netdevsim *ns = netdev_priv(dev);

	nsim_direct_bind(dev, queue, pdq);
	return READ_ONCE(ns->nsim_dev_port->direct.stuck) ? -EIO : 0;
}

static const struct packet_direct_ops nsim_direct_ops = {
	.limits	= nsim_direct_limits,
	.bind	= nsim_direct_bind,
	.unbind	= nsim_direct_unbind,
};

/* Called before the device is registered. */
void nsim_direct_init(struct netdevsim *ns)
{
	struct nsim_direct_knobs *knobs = &ns->nsim_dev_port->direct;
	struct dentry *dir;

	dir = debugfs_create_dir("direct", ns->nsim_dev_port->ddir);
	debugfs_create_u32("headroom", 0600, dir, &knobs->headroom);
	debugfs_create_u32("withhold", 0600, dir, &knobs->withhold);
	debugfs_create_u32("stuck", 0600, dir, &knobs->stuck);
	debugfs_create_u32("short", 0600, dir, &knobs->cut);
	debugfs_create_u32("oversize", 0600, dir, &knobs->oversize);
	debugfs_create_u32("damage", 0600, dir, &knobs->damage);
	debugfs_create_u32("reorder", 0600, dir, &knobs->reorder);

	ns->netdev->hw_features |= NETIF_F_HW_VLAN_CTAG_RX | NETIF_F_RXALL;
	ns->netdev->packet_direct_ops = &nsim_direct_ops;
}
