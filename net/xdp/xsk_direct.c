// SPDX-License-Identifier: GPL-2.0
/*
 * PACKET_RX_DIRECT on any driver that has zero-copy AF_XDP: one more implementer of the
 * contract of <net/packet_direct.h>, between the core and an unchanged driver.
 *
 * The slots of a ring, one page each, are a pool of AF_XDP.  The driver takes buffers
 * from it as from any (post), and an XDP program, which is a C function here, redirects
 * the frames of the pool to a struct xdp_sock, which stands for the ring (deliver).
 * xdp_do_flush() ends a poll.  There is neither a fill ring nor an RX ring in between.
 *
 * The user may write to all of a slot, also to where AF_XDP and drivers have a struct
 * skb_shared_info of a frame in several buffers, which nobody checks.  So there must be
 * no such frames: multi-buffer AF_XDP is not asked for, and the MTU is limited.  All
 * else that the kernel goes by is in &struct xdp_buff_xsk, which is its own memory.
 *
 * Buffers that the driver gives back without a frame are in &xsk_buff_pool.free_list, and
 * count as posted.
 */
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if_vlan.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/vmalloc.h>
#include <net/netdev_lock.h>
#include <net/netdev_rx_queue.h>
#include <net/packet_direct_queue.h>
#include <net/packet_direct_xsk.h>
#include <net/sock.h>
#include <net/xdp_sock_drv.h>

#include "../core/dev.h"
#include "xsk.h"
#include "xsk_queue.h"

/* Their struct xdp_buff_xsk are one array, and they are mapped again in one piece. */
#define XSK_DIRECT_MAX_SLOTS	BIT(18)

/* Of a longer frame some drivers would make several buffers. */
#define XSK_DIRECT_MAX_MTU	ETH_DATA_LEN

/* Nobody maps these rings.  A driver's wake-up flag goes to one, and both have to be. */
#define XSK_DIRECT_RING		8U

/* Buffers of a ring whose driver does not say how many it has. */
#define XSK_DIRECT_SIZE		64U

DEFINE_STATIC_KEY_FALSE(xsk_direct_key);

/**
 * struct xsk_direct - a ring as AF_XDP sees it
 * @xs:		what frames are redirected to; no socket, and bound to nothing
 * @umem:	the slots
 * @pool:	their buffers
 * @assigned:	the driver knows the pool
 * @counted:	in xsk_direct_key
 * @told:	TPACKET4_* that the driver is asked for with each frame of this poll
 * @plain:	frames need nothing but an entry; of a poll that has begun
 */
struct xsk_direct {
	struct xdp_sock		xs;
	struct xdp_umem		umem;
	struct xsk_buff_pool	*pool;
	bool			assigned;
	bool			counted;
	bool			plain;
	u32			told;
};

/* ---- Frames ---- */

/* What the driver says of the buffer's memory is not looked at: it may be wrong while the
 * queue gets its pool (gve), and gve's GQI formats copy a frame once it is redirected.
 */
static unsigned int xsk_direct_run(const void *ctx, const struct bpf_insn *insn)
{
	const struct xdp_rxq_info *rxq = ((const struct xdp_buff *)ctx)->rxq;
	struct packet_direct_queue *pdq;
	struct bpf_redirect_info *ri;
	struct xsk_buff_pool *pool;

	pool = READ_ONCE(rxq->dev->_rx[rxq->queue_index].pool);
	if (!pool)
		return XDP_PASS;
	pdq = READ_ONCE(pool->direct);
	if (unlikely(!pdq))
		return XDP_PASS;
	ri = bpf_net_ctx_get_ri();
	ri->tgt_value = &pdq->xsk->xs;
	ri->map_type = BPF_MAP_TYPE_XSKMAP;
	return XDP_REDIRECT;
}

/* Of drivers that tell which NAPI instance has which queue: igb only after it has set up
 * the ring.  In a poll of the ring it cannot go.
 */
#ifndef xsk_direct_napi_id
static u32 xsk_direct_napi_id(const struct xsk_buff_pool *pool)
{
	const struct napi_struct *napi;

	napi = READ_ONCE(pool->netdev->_rx[pool->queue_id].napi);
	return napi ? READ_ONCE(napi->napi_id) : 0;
}
#endif

/* The NAPI instance of this poll, for frames that go on to the stack.  It may be gone
 * after the poll.
 */
static void xsk_direct_find_napi(struct packet_direct_queue *pdq)
{
	u32 id = READ_ONCE(pdq->napi_id);
	struct napi_struct *napi;

	list_for_each_entry_rcu(napi, &pdq->dev->napi_list, dev_list,
				rcu_read_lock_bh_held())
		if (napi->napi_id == id)
			rcu_assign_pointer(pdq->napi, napi);
}

static bool xsk_direct_has_stamps(const struct net_device *dev)
{
	return dev->xdp_metadata_ops && dev->xdp_metadata_ops->xmo_rx_timestamp;
}

static void xsk_direct_begin(struct xdp_sock *xs)
{
	struct packet_direct_queue *pdq = xs->direct;
	struct xsk_direct *xd = pdq->xsk;

	/* 7.3 numbers an instance when it is enabled, after xsk_direct_restarted() */
	WRITE_ONCE(pdq->napi_id, xsk_direct_napi_id(xs->pool));
	packet_direct_batch_begin(pdq);
	if (packet_direct_has_stack(pdq))
		xsk_direct_find_napi(pdq);
	xd->told = xsk_direct_told(pdq->dev, pdq->metadata);
	if (pdq->hw_tstamp && xsk_direct_has_stamps(pdq->dev))
		xd->told |= TPACKET4_TSTAMP_HW;
	xd->plain = !pdq->filter && !pdq->no_run && !xd->told;
	list_add(&xs->flush_node, bpf_net_ctx_get_xskmap_flush_list());
}

/* The driver frees all of its buffers. */
static int xsk_direct_too_long(struct packet_direct_queue *pdq)
{
	pdq->drop_too_long++;
	WRITE_ONCE(pdq->losing, true);
	return -EMSGSIZE;
}

static u32 xsk_direct_hash_flags(enum xdp_rss_hash_type type)
{
	u32 flags = TPACKET4_HASH;

	if (type & XDP_RSS_L3_IPV4)
		flags |= TPACKET4_HASH_IPV4;
	else if (type & XDP_RSS_L3_IPV6)
		flags |= type & XDP_RSS_L3_DYNHDR ? TPACKET4_HASH_IPV6_EX :
						    TPACKET4_HASH_IPV6;
	if (type & XDP_RSS_L4_TCP)
		flags |= TPACKET4_HASH_TCP;
	else if (type & XDP_RSS_L4_UDP)
		flags |= TPACKET4_HASH_UDP;
	else if (type & XDP_RSS_L4_SCTP)
		flags |= TPACKET4_HASH_SCTP;
	else if (type & XDP_RSS_L4)
		flags |= TPACKET4_HASH_PORTS;
	return flags;
}

/* What the driver says of a frame, by what it does for XDP programs: these functions
 * take their own buffer for the context of a program, and touch nothing else.
 */
static void xsk_direct_ask(const struct packet_direct_queue *pdq,
			   struct xdp_buff *xdp, struct packet_direct_buf *buf)
{
	const struct xdp_metadata_ops *ops = pdq->dev->xdp_metadata_ops;
	const struct xdp_md *ctx = (const struct xdp_md *)xdp;
	enum xdp_rss_hash_type type = XDP_RSS_TYPE_NONE;
	u32 told = pdq->xsk->told;

	if ((told & TPACKET4_TSTAMP_HW) &&
	    !ops->xmo_rx_timestamp(ctx, &buf->tstamp))
		buf->flags |= TPACKET4_TSTAMP_HW;
	if ((told & TPACKET4_HASH) && !ops->xmo_rx_hash(ctx, &buf->hash, &type) &&
	    type != XDP_RSS_TYPE_NONE)
		buf->flags |= xsk_direct_hash_flags(type);
	if ((told & TPACKET4_VLAN) &&
	    !ops->xmo_rx_vlan_tag(ctx, &buf->vlan_tpid, &buf->vlan_tci))
		buf->flags |= TPACKET4_VLAN;
}

/* The first frame of a poll, and what needs more than an entry. */
static noinline int xsk_direct_deliver(struct xdp_sock *xs, struct xdp_buff *xdp)
{
	struct packet_direct_queue *pdq = xs->direct;
	struct packet_direct_buf buf = {
		.slot = (xdp->data_hard_start - xs->pool->addrs) >> PAGE_SHIFT,
		.off = xdp->data - xdp->data_hard_start,
		.len = xdp->data_end - xdp->data,
		.last = true,
	};

	if (unlikely(xdp_buff_has_frags(xdp)))
		return xsk_direct_too_long(pdq);
	if (!xs->flush_node.prev)
		xsk_direct_begin(xs);
	if (pdq->xsk->told)
		xsk_direct_ask(pdq, xdp, &buf);
	packet_direct_deliver(pdq, &buf, 1);
	return 0;
}

/* The entry is to have this slot now. */
static noinline int xsk_direct_move(struct xdp_sock *xs, struct xdp_buff *xdp,
				    u32 entry, u32 slot)
{
	__packet_direct_bind(xs->direct, &xs->direct->slots, entry, slot);
	return xsk_direct_rcv(xs, xdp);
}

/**
 * xsk_direct_rcv() - __xsk_map_redirect() for a ring
 * @xs: what stands for it
 * @xdp: frame
 *
 * A frame that the filter refuses is taken, too: its slot is free again.
 *
 * Context: NAPI.
 * Return: 0, or a buffer stays the driver's: -EMSGSIZE for a frame in several, -EINVAL
 * for one that is no slot.
 */
int xsk_direct_rcv(struct xdp_sock *xs, struct xdp_buff *xdp)
{
	unsigned long slot = (xdp->data_hard_start - xs->pool->addrs) >> PAGE_SHIFT;
	struct packet_direct_queue *pdq = xs->direct;
	u32 off = xdp->data - xdp->data_hard_start;
	u32 end = xdp->data_end - xdp->data_hard_start;
	u32 entry;

	if (unlikely(slot >= xs->pool->heads_cnt))
		return -EINVAL;
	if (unlikely(!container_of(xs, struct xsk_direct, xs)->plain) ||
	    unlikely(xdp_buff_has_frags(xdp)) || unlikely(end > PAGE_SIZE) ||
	    unlikely(READ_ONCE(pdq->losing)))
		return xsk_direct_deliver(xs, xdp);

	entry = pdq->fill & pdq->mask;
	if (unlikely(pdq->slots.home[entry] != slot))
		return xsk_direct_move(xs, xdp, entry, slot);
	__packet_direct_mark_done(&pdq->slots, slot);
	__packet_direct_write(&pdq->hdrs[entry], slot, off, end,
			      PACKET_DIRECT_WHOLE, end - off, 0, pdq->tstamp);
	pdq->slots.head++;
	pdq->fill++;
	pdq->bytes += end - off;
	return 0;
}

static void xsk_direct_kick(struct net_device *dev, unsigned int queue)
{
	dev->netdev_ops->ndo_xsk_wakeup(dev, queue, XDP_WAKEUP_RX);
}

/**
 * xsk_direct_flush() - xsk_flush() for a ring: the end of a poll
 * @xs: what stands for it
 *
 * The driver has filled its ring before.  If slots came back since, it has to poll again.
 *
 * Context: NAPI.
 */
void xsk_direct_flush(struct xdp_sock *xs)
{
	struct packet_direct_queue *pdq = xs->direct;

	pdq->xsk->plain = false;
	packet_direct_batch_end(pdq);
	RCU_INIT_POINTER(pdq->napi, NULL);
	if (!READ_ONCE(pdq->up) || !packet_direct_must_refill(pdq))
		return;
	packet_direct_store_counts(pdq);
	xsk_direct_kick(pdq->dev, pdq->queue);
}

/* ---- Buffers ---- */

/* The driver wants more than are free.  Returns how many are now. */
static noinline u32 xsk_direct_more(struct packet_direct_queue *pdq)
{
	if (packet_direct_reclaim(pdq) || !READ_ONCE(pdq->up))
		packet_direct_store_counts(pdq);
	else
		packet_direct_must_refill(pdq);
	return pdq->slots.tail - pdq->slots.post;
}

static struct xdp_buff_xsk *xsk_direct_reuse(struct xsk_buff_pool *pool)
{
	struct xdp_buff_xsk *xskb;

	pool->free_list_cnt--;
	xskb = list_first_entry(&pool->free_list, struct xdp_buff_xsk, list_node);
	list_del_init(&xskb->list_node);
	return xskb;
}

static struct xdp_buff *xsk_direct_ready(struct xdp_buff_xsk *xskb)
{
	xskb->xdp.data = xskb->xdp.data_hard_start + XDP_PACKET_HEADROOM;
	xskb->xdp.data_meta = xskb->xdp.data;
	xskb->xdp.flags = 0;
	return &xskb->xdp;
}

/* Whether slots are free is not known yet. */
static noinline struct xdp_buff *xsk_direct_find(struct xsk_buff_pool *pool)
{
	struct packet_direct_pool *slots = &pool->direct->slots;
	struct xdp_buff_xsk *xskb;

	if (pool->free_list_cnt)
		xskb = xsk_direct_reuse(pool);
	else if (slots->post != slots->tail || xsk_direct_more(pool->direct))
		xskb = &pool->heads[__packet_direct_post(slots)];
	else
		return NULL;
	xp_dma_sync_for_device(pool, xskb->dma, pool->frame_len);
	return xsk_direct_ready(xskb);
}

/**
 * xsk_direct_alloc() - xp_alloc() for a ring: post a slot
 * @pool: of the ring, mapped for its device
 *
 * Context: NAPI, or ring stopped.
 * Return: the buffer of the slot, or NULL.
 */
struct xdp_buff *xsk_direct_alloc(struct xsk_buff_pool *pool)
{
	struct packet_direct_pool *slots = &pool->direct->slots;

	if (unlikely(pool->free_list_cnt) || unlikely(slots->post == slots->tail) ||
	    unlikely(dma_dev_need_sync(pool->dev)))
		return xsk_direct_find(pool);
	return xsk_direct_ready(&pool->heads[__packet_direct_post(slots)]);
}

/**
 * xsk_direct_alloc_batch() - xp_alloc_batch() for a ring
 * @pool: of the ring
 * @xdp: are filled in
 * @max: at most so many
 *
 * Context: as xsk_direct_alloc().
 * Return: how many there were.
 */
u32 xsk_direct_alloc_batch(struct xsk_buff_pool *pool, struct xdp_buff **xdp,
			   u32 max)
{
	u32 i;

	for (i = 0; i < max; i++) {
		xdp[i] = xsk_direct_alloc(pool);
		if (!xdp[i])
			break;
	}
	return i;
}

/* The driver takes @count at a time, which it tells nobody before. */
static noinline bool xsk_direct_too_few(struct packet_direct_queue *pdq, u32 count)
{
	if (pdq->post_min < count)
		WRITE_ONCE(pdq->post_min, min(count, pdq->mask + 1));
	return READ_ONCE(pdq->up) && packet_direct_must_refill(pdq);
}

/**
 * xsk_direct_can_alloc() - xp_can_alloc() for a ring
 * @pool: of the ring
 * @count: buffers
 *
 * Context: as xsk_direct_alloc().
 * Return: true if there are so many.
 */
bool xsk_direct_can_alloc(struct xsk_buff_pool *pool, u32 count)
{
	struct packet_direct_queue *pdq = pool->direct;
	u32 have = pool->free_list_cnt;

	if (have + packet_direct_free_slots(&pdq->slots) >= count ||
	    have + packet_direct_reclaim(pdq) >= count)
		return true;
	return xsk_direct_too_few(pdq, count);
}

/* ---- Up and down ---- */

static u32 xsk_direct_ring_size(struct net_device *dev)
{
	struct kernel_ethtool_ringparam kernel = {};
	struct ethtool_ringparam ring = {};

	if (dev->ethtool_ops && dev->ethtool_ops->get_ringparam)
		dev->ethtool_ops->get_ringparam(dev, &ring, &kernel, NULL);
	return ring.rx_pending ?: XSK_DIRECT_SIZE;
}

/**
 * xsk_direct_restarted() - a driver sets up a ring for this pool
 * @pool: of a ring
 *
 * xp_set_rxq_info() has just been called: by virtio_net for each new pool, also of a device
 * that is down, and for nothing else.  Such a ring is up with its device.
 *
 * Context: RTNL, or what the driver has in its place; the queue is stopped.
 */
void xsk_direct_restarted(struct xsk_buff_pool *pool)
{
	if (!netif_running(pool->netdev))
		return;
	packet_direct_polled_ring_up(pool->direct, xsk_direct_napi_id(pool),
				     xsk_direct_ring_size(pool->netdev));
}

/**
 * xsk_direct_device_up() - the device of a lease is up
 * @pdq: lease
 *
 * Not each driver sets up its rings anew for that.
 *
 * Context: RTNL.
 */
void xsk_direct_device_up(struct packet_direct_queue *pdq)
{
	struct xsk_buff_pool *pool = pdq->xsk ? pdq->xsk->pool : NULL;

	if (!pool || !pool->heads[0].xdp.rxq)
		return;
	if (!READ_ONCE(pdq->up))
		xsk_direct_restarted(pool);
	rcu_read_lock();
	xsk_direct_kick(pdq->dev, pdq->queue);
	rcu_read_unlock();
}

/* Takes back what the driver has given back.  Returns false when it keeps some: not
 * each driver empties its ring when the device goes down.
 */
static bool xsk_direct_take_back(struct packet_direct_queue *pdq,
				 struct xsk_buff_pool *pool)
{
	if (pool->free_list_cnt != packet_direct_in_nic(pdq))
		return false;
	while (pool->free_list_cnt)
		xsk_direct_reuse(pool);
	return true;
}

/**
 * xsk_direct_device_down() - the device of a lease is down
 * @pdq: lease
 *
 * Context: RTNL; no NAPI instance runs.
 */
void xsk_direct_device_down(struct packet_direct_queue *pdq)
{
	if (!pdq->xsk || !READ_ONCE(pdq->up))
		return;
	if (xsk_direct_take_back(pdq, pdq->xsk->pool))
		packet_direct_ring_down(pdq);
	else
		packet_direct_ring_pause(pdq);
}

/* ---- The program ---- */

static struct bpf_prog *xsk_direct_prog;

/**
 * xsk_direct_is_program() - is this the program of the leases
 * @prog: program
 *
 * Return: true if so.
 */
bool xsk_direct_is_program(const struct bpf_prog *prog)
{
	return prog && prog == READ_ONCE(xsk_direct_prog);
}

/* Not made of instructions: it has no number, and bpf() knows nothing of it.  There is
 * one for all devices, which is never freed.
 */
static struct bpf_prog *xsk_direct_get_program(void)
{
	struct bpf_prog *prog = xsk_direct_prog;

	ASSERT_RTNL();
	if (!prog) {
		prog = bpf_prog_alloc(bpf_prog_size(1), 0);
		if (!prog)
			return NULL;
		prog->type = BPF_PROG_TYPE_XDP;
		prog->expected_attach_type = BPF_XDP;
		prog->len = 1;
		prog->insnsi[0] = BPF_EXIT_INSN();
		prog->bpf_func = xsk_direct_run;
		strscpy(prog->aux->name, "packet_direct");
		atomic64_set(&prog->aux->refcnt, 1);
		WRITE_ONCE(xsk_direct_prog, prog);
	}
	bpf_prog_inc(prog);
	return prog;
}

/* Does another lease of the device need the program? */
static bool xsk_direct_has_others(const struct net_device *dev,
				  const struct xsk_direct *xd)
{
	const struct xsk_buff_pool *pool;
	unsigned int i;

	for (i = 0; i < dev->num_rx_queues; i++) {
		pool = dev->_rx[i].pool;
		if (pool && pool != xd->pool && pool->direct)
			return true;
	}
	return false;
}

static int xsk_direct_attach(struct net_device *dev, const struct xsk_direct *xd)
{
	struct netlink_ext_ack extack = {};
	struct bpf_prog *prog;
	int err;

	if (xsk_direct_has_others(dev, xd))
		return 0;
	prog = xsk_direct_get_program();
	if (!prog)
		return -ENOMEM;
	err = dev_xdp_attach(dev, &extack, NULL, prog, NULL,
			     XDP_FLAGS_DRV_MODE | XDP_FLAGS_UPDATE_IF_NOEXIST);
	if (err) {
		netdev_err(dev, "the driver takes no XDP program: %pe: %s\n",
			   ERR_PTR(err), extack._msg ?: "it does not say why");
		bpf_prog_put(prog);
	}
	return err;
}

/* Of a device that goes the program is gone already. */
static void xsk_direct_detach(struct net_device *dev, const struct xsk_direct *xd)
{
	if (!xsk_direct_has_others(dev, xd) &&
	    dev_xdp_attach(dev, NULL, NULL, NULL, NULL, XDP_FLAGS_DRV_MODE))
		netdev_err(dev, "the XDP program of a packet socket was not detached\n");
}

/* ---- Leases ---- */

/**
 * xsk_direct_able() - has the driver zero-copy AF_XDP
 * @dev: device
 *
 * Return: true if so.
 */
bool xsk_direct_able(const struct net_device *dev)
{
	const u32 needed = NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT |
			   NETDEV_XDP_ACT_XSK_ZEROCOPY;

	return (READ_ONCE(dev->xdp_features) & needed) == needed &&
	       dev->netdev_ops->ndo_bpf && dev->netdev_ops->ndo_xsk_wakeup;
}

/**
 * xsk_direct_told() - what the driver can say of frames
 * @dev: device
 * @flags: it is asked with PACKET_DIRECT_METADATA alone
 *
 * Return: TPACKET4_HASH, TPACKET4_VLAN, both or 0.
 */
u32 xsk_direct_told(const struct net_device *dev, u32 flags)
{
	const struct xdp_metadata_ops *ops = dev->xdp_metadata_ops;

	if (!ops || !(flags & PACKET_DIRECT_METADATA))
		return 0;
	return (ops->xmo_rx_hash ? TPACKET4_HASH : 0) |
	       (ops->xmo_rx_vlan_tag ? TPACKET4_VLAN : 0);
}

/**
 * xsk_direct_mode() - is the device in a mode in which frames come as they were sent
 * @dev: device
 * @flags: as for xsk_direct_told()
 *
 * A tag that the NIC takes out has to be told.  Merged segments are several buffers.
 *
 * Context: RTNL.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason xsk_direct_mode(const struct net_device *dev, u32 flags)
{
	if (dev->mtu > XSK_DIRECT_MAX_MTU)
		return PACKET_DIRECT_XSK_MTU;
	if ((dev->features & (NETIF_F_HW_VLAN_CTAG_RX | NETIF_F_HW_VLAN_STAG_RX)) &&
	    !(xsk_direct_told(dev, flags) & TPACKET4_VLAN))
		return PACKET_DIRECT_XSK_VLAN;
	if (dev->features & NETIF_F_LRO)
		return PACKET_DIRECT_XSK_LRO;
	return PACKET_DIRECT_OK;
}

/* The NIC's clock, if it stamps frames. */
static void xsk_direct_tell_clock(struct net_device *dev,
				  struct packet_direct_limits *limits)
{
	struct kernel_ethtool_ts_info info = { .phc_index = -1 };

	if (!xsk_direct_has_stamps(dev) || ethtool_get_ts_info_by_layer(dev, &info))
		return;
	limits->tstamp_hw = info.phc_index >= 0;
	limits->phc_index = info.phc_index;
}

static enum packet_direct_reason
xsk_direct_limits(struct net_device *dev, unsigned int queue,
		  struct packet_direct_limits *limits)
{
	unsigned int i;

	*limits = (struct packet_direct_limits) {
		.granule    = PAGE_SIZE,
		.len_min    = PAGE_SIZE,
		.len_max    = PAGE_SIZE,
		.slot_size  = PAGE_SIZE,
		.max_slots  = XSK_DIRECT_MAX_SLOTS,
		.post_min   = 1,
		.headroom   = XDP_PACKET_HEADROOM,
		.info_flags = TPACKET4_INFO_RESTARTS | TPACKET4_INFO_UNCONFIRMED |
			      TPACKET4_INFO_ONE_SLOT | TPACKET4_INFO_UNCOUNTED,
	};

	xsk_direct_tell_clock(dev, limits);
	if (dev_xdp_prog_id(dev, XDP_MODE_SKB))
		return PACKET_DIRECT_QUEUE_XDP;
	for (i = 0; i < dev->num_rx_queues; i++)
		if (dev->_rx[i].pool && !dev->_rx[i].pool->direct)
			return PACKET_DIRECT_XSK_SOCKET;
	return PACKET_DIRECT_OK;
}

static bool xsk_direct_make_umem(const struct packet_direct_queue *pdq,
				 struct xdp_umem *umem)
{
	u32 nr = pdq->slots.nr;
	u32 i;

	umem->size = (u64)nr << PAGE_SHIFT;
	umem->npgs = nr;
	umem->chunk_size = PAGE_SIZE;
	umem->chunks = nr;
	umem->id = -1;
	INIT_LIST_HEAD(&umem->xsk_dma_list);
	refcount_set(&umem->users, 1);
	umem->pgs = kvcalloc(nr, sizeof(*umem->pgs), GFP_KERNEL_ACCOUNT);
	if (!umem->pgs)
		return false;
	for (i = 0; i < nr; i++)
		umem->pgs[i] = virt_to_page(packet_direct_cpu(&pdq->slots, i));
	umem->addrs = vmap(umem->pgs, nr, VM_MAP, PAGE_KERNEL);
	return umem->addrs;
}

static void xsk_direct_free(struct xsk_direct *xd)
{
	if (xd->counted)
		static_branch_dec(&xsk_direct_key);
	xskq_destroy(xd->xs.fq_tmp);
	xskq_destroy(xd->xs.cq_tmp);
	xp_destroy(xd->pool);
	vunmap(xd->umem.addrs);
	kvfree(xd->umem.pgs);
	kfree(xd);
}

static struct xsk_direct *xsk_direct_make(struct packet_direct_queue *pdq)
{
	struct xsk_direct *xd = kzalloc(sizeof(*xd), GFP_KERNEL_ACCOUNT);

	if (!xd)
		return NULL;
	xd->xs.fq_tmp = xskq_create(XSK_DIRECT_RING, true);
	xd->xs.cq_tmp = xskq_create(XSK_DIRECT_RING, true);
	if (!xd->xs.fq_tmp || !xd->xs.cq_tmp ||
	    !xsk_direct_make_umem(pdq, &xd->umem))
		goto err;
	xd->pool = xp_create_and_assign_umem(&xd->xs, &xd->umem, 1);
	if (!xd->pool)
		goto err;
	xd->xs.pool = xd->pool;
	xd->xs.direct = pdq;
	xd->pool->direct = pdq;
	xd->counted = true;
	static_branch_inc(&xsk_direct_key);
	return xd;

err:
	xsk_direct_free(xd);
	return NULL;
}

/* The pool comes before the program, so that the first lease has one restart.  What
 * fails is undone by xsk_direct_unbind().
 */
static int xsk_direct_bind(struct net_device *dev, unsigned int queue,
			   struct packet_direct_queue *pdq)
{
	struct xsk_direct *xd = xsk_direct_make(pdq);
	int err;

	ASSERT_RTNL();
	if (!xd)
		return -ENOMEM;
	pdq->xsk = xd;
	err = xp_assign_dev(xd->pool, dev, queue,
			    XDP_ZEROCOPY | XDP_USE_NEED_WAKEUP);
	if (err) {
		netdev_err(dev, "RX queue %u: the driver takes no AF_XDP pool: %pe\n",
			   queue, ERR_PTR(err));
		return err;
	}
	xd->assigned = true;
	err = xsk_direct_attach(dev, xd);
	if (err)
		return err;
	if (netif_running(dev))
		xsk_direct_device_up(pdq);
	return 0;
}

/* The reference to the device is xp_assign_dev()'s. */
static int xsk_direct_take_pool(struct net_device *dev, unsigned int queue)
{
	struct netdev_bpf bpf = {
		.command = XDP_SETUP_XSK_POOL,
		.xsk.queue_id = queue,
	};
	int err = dev->netdev_ops->ndo_bpf(dev, &bpf);

	if (err)
		netdev_err(dev, "RX queue %u was not taken from AF_XDP: %pe\n",
			   queue, ERR_PTR(err));
	xsk_clear_pool_at_qid(dev, queue);
	dev_put(dev);
	return err;
}

/* A driver that did not let go of the pool may go on to use it: nothing of it is freed. */
static int xsk_direct_unbind(struct net_device *dev, unsigned int queue,
			     struct packet_direct_queue *pdq)
{
	struct xsk_direct *xd = pdq->xsk;
	int err = 0;

	ASSERT_RTNL();
	if (!xd)
		return 0;
	/* no driver wants to be woken for a pool that it is losing */
	if (READ_ONCE(pdq->up))
		packet_direct_ring_pause(pdq);
	if (xd->assigned) {
		xsk_direct_detach(dev, xd);
		err = xsk_direct_take_pool(dev, queue);
	}
	if (err) {
		WRITE_ONCE(xd->pool->direct, NULL);
		WRITE_ONCE(xd->xs.direct, NULL);
	}
	packet_direct_ring_empty(pdq);
	pdq->xsk = NULL;
	if (err)
		return -EIO;
	synchronize_net();	/* with polls that have found the pool at its queue */
	xsk_direct_free(xd);
	return 0;
}

const struct packet_direct_ops xsk_direct_ops = {
	.limits	= xsk_direct_limits,
	.bind	= xsk_direct_bind,
	.unbind	= xsk_direct_unbind,
	.kick	= xsk_direct_kick,
};
