// SPDX-License-Identifier: GPL-2.0
/*
 * PACKET_RX_DIRECT: the peer's frames for a leased queue go into the slots of a
 * packet socket.  Documentation/networking/packet_direct_driver.rst walks
 * through this file.
 *
 * A queue has a ring of buffers.  The NIC, which other drivers have in hardware,
 * writes frames to them.  The driver posts buffers, and delivers written ones.
 *
 *	     clean              nic              tail
 *	-------+-----------------+-----------------+-------
 *	       |     written     |      empty      |
 *	-------+-----------------+-----------------+-------
 *	   delivered         written            posted
 *
 * Numbers in netdevsimN/ports/P/direct/ of debugfs make the NIC of a port do
 * what others do or should not do.
 *
 * While it is not 0:
 *	headroom	so many bytes, up to 64, are before a frame in its slot
 *	withhold	the NIC does not say what it has written.  When it is 0
 *			again it does so with the next frame, unless the ring
 *			was stopped meanwhile.
 *	stuck		a queue that is given back does not confirm its stop
 *	dead		the queue with this number less 1 does not start for a lease
 *
 * So many times, counted down to 0:
 *	short		the NIC receives only the first half of a frame
 *	oversize	it says that it wrote one byte more than a slot holds
 *	damage		it says that a frame is damaged.  With "ethtool -K DEV
 *			rx-all on" such a frame is delivered, else dropped.
 *	reorder		it takes its newest buffer, not the oldest
 */
#include <linux/debugfs.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <net/gso.h>
#include <net/netdev_rx_queue.h>
#include <net/packet_direct_queue.h>

#include "netdevsim.h"

#define NSIM_DIRECT_BATCH	32	/* buffers after which the NIC is given new ones */

/* ---- The NIC ---- */

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
static void nsim_direct_write_frame(struct nsim_direct_ring *ring,
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

/* Do what the sender left to its NIC: segments and checksums.  Take out a VLAN
 * tag.  Returns a list of frames, or NULL when there is no memory.
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

/* Receive what the peer has sent, up to @max skbs.  Returns how many. */
static int nsim_direct_receive(struct nsim_rq *rq, int max)
{
	struct sk_buff *skb, *next;
	int count = 0;

	while (count < max && (skb = skb_dequeue(&rq->skb_queue))) {
		skb_list_walk_safe(nsim_direct_frames(skb), skb, next) {
			nsim_direct_write_frame(&rq->direct, skb);
			consume_skb(skb);
		}
		count++;
	}
	return count;
}

/* ---- The driver ---- */

static void nsim_direct_fill(void *data)
{
	struct nsim_direct_ring *ring = data;
	u32 room, count;

	room = ARRAY_SIZE(ring->bufs) - (ring->tail - ring->clean);
	count = min(room, packet_direct_reclaim(ring->pdq));
	while (count--)
		packet_direct_post(ring->pdq, nsim_direct_buf(ring, ring->tail++));
}

static u32 nsim_direct_clean(void *data, u32 max)
{
	struct nsim_direct_ring *ring = data;
	u32 at = ring->clean % ARRAY_SIZE(ring->bufs);
	u32 count;

	if (READ_ONCE(ring->knobs->withhold))
		return 0;
	count = min3(max, ring->nic - ring->clean,
		     (u32)ARRAY_SIZE(ring->bufs) - at);
	packet_direct_deliver(ring->pdq, &ring->bufs[at], count);
	ring->clean += count;
	return count;
}

static const struct packet_direct_nic nsim_direct_nic = {
	.clean	= nsim_direct_clean,
	.fill	= nsim_direct_fill,
};

/**
 * nsim_direct_poll() - poll a leased queue
 * @rq: queue, leased or not
 * @budget: of this poll
 * @done: how much of it was used
 *
 * Return: false when the queue is not leased
 */
bool nsim_direct_poll(struct nsim_rq *rq, int budget, int *done)
{
	struct nsim_direct_ring *ring = &rq->direct;
	int received, cleaned;

	*done = 0;
	if (!ring->pdq || !budget)
		return ring->pdq;

	received = nsim_direct_receive(rq, budget);
	cleaned = packet_direct_napi_poll(ring->pdq, &nsim_direct_nic, ring,
					  budget, NSIM_DIRECT_BATCH);
	*done = max(received, cleaned);
	return true;
}

/**
 * nsim_direct_start() - the ring of a queue comes up, if it is leased
 * @rq: queue, whose NAPI instance is enabled next
 * @queue: its number
 */
void nsim_direct_start(struct nsim_rq *rq, unsigned int queue)
{
	struct netdevsim *ns = netdev_priv(rq->napi.dev);
	struct nsim_direct_ring *ring = &rq->direct;

	ring->pdq = packet_direct_lookup(ns->netdev, queue);
	if (!ring->pdq)
		return;

	ring->knobs = &ns->nsim_dev_port->direct;
	ring->clean = ring->tail;
	ring->nic = ring->tail;
	packet_direct_ring_up(ring->pdq, &rq->napi, ARRAY_SIZE(ring->bufs));
	packet_direct_refill(ring->pdq, &nsim_direct_nic, ring);
}

/**
 * nsim_direct_stop() - the ring of a queue goes, if it has one
 * @rq: queue, whose NAPI instance is disabled
 */
void nsim_direct_stop(struct nsim_rq *rq)
{
	struct nsim_direct_ring *ring = &rq->direct;

	if (!ring->pdq)
		return;

	packet_direct_drain(ring->pdq, &nsim_direct_nic, ring,
			    ARRAY_SIZE(ring->bufs));
	packet_direct_ring_down(ring->pdq);
	ring->pdq = NULL;
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

/* Restart a queue for whom it belongs to now. */
static void nsim_direct_restart(struct netdevsim *ns, unsigned int queue)
{
	struct nsim_rq *rq;

	if (!netif_running(ns->netdev))
		return;

	rq = container_of(__netif_get_rx_queue(ns->netdev, queue)->napi,
			  struct nsim_rq, napi);
	napi_disable_locked(&rq->napi);
	nsim_direct_stop(rq);
	nsim_direct_start(rq, queue);
	napi_enable_locked(&rq->napi);
	local_bh_disable();
	napi_schedule(&rq->napi);	/* something may have come meanwhile */
	local_bh_enable();
}

static int nsim_direct_bind(struct net_device *dev, unsigned int queue,
			    struct packet_direct_queue *pdq)
{
	struct netdevsim *ns = netdev_priv(dev);

	if (READ_ONCE(ns->nsim_dev_port->direct.dead) == queue + 1)
		return -EIO;
	nsim_direct_restart(ns, queue);
	return 0;
}

static int nsim_direct_unbind(struct net_device *dev, unsigned int queue,
			      struct packet_direct_queue *pdq)
{
	struct netdevsim *ns = netdev_priv(dev);

	nsim_direct_restart(ns, queue);
	return READ_ONCE(ns->nsim_dev_port->direct.stuck) ? -EIO : 0;
}

static const struct packet_direct_ops nsim_direct_ops = {
	.limits	= nsim_direct_limits,
	.bind	= nsim_direct_bind,
	.unbind	= nsim_direct_unbind,
};

/**
 * nsim_direct_init() - let queues be leased
 * @ns: device, not registered yet
 */
void nsim_direct_init(struct netdevsim *ns)
{
	struct nsim_direct_knobs *knobs = &ns->nsim_dev_port->direct;
	struct dentry *dir;

	dir = debugfs_create_dir("direct", ns->nsim_dev_port->ddir);
	debugfs_create_u32("headroom", 0600, dir, &knobs->headroom);
	debugfs_create_u32("withhold", 0600, dir, &knobs->withhold);
	debugfs_create_u32("stuck", 0600, dir, &knobs->stuck);
	debugfs_create_u32("dead", 0600, dir, &knobs->dead);
	debugfs_create_u32("short", 0600, dir, &knobs->cut);
	debugfs_create_u32("oversize", 0600, dir, &knobs->oversize);
	debugfs_create_u32("damage", 0600, dir, &knobs->damage);
	debugfs_create_u32("reorder", 0600, dir, &knobs->reorder);

	ns->netdev->hw_features |= NETIF_F_HW_VLAN_CTAG_RX | NETIF_F_RXALL;
	ns->netdev->packet_direct_ops = &nsim_direct_ops;
}
