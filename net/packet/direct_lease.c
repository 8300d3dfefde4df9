// SPDX-License-Identifier: GPL-2.0
/*
 * Leases: which ring has which RX queue, from the claim to the confirmed stop.
 *
 * A claimed queue is the stack's, and nobody else's to be.  A lease that has begun is
 * what drivers find, see packet_direct_lookup().
 */
#include <linux/ethtool.h>
#include <linux/nospec.h>
#include <linux/pid.h>
#include <linux/rtnetlink.h>
#include <net/genetlink.h>
#include <net/netdev_rx_queue.h>
#include <net/packet_direct_xsk.h>
#include <net/sock.h>
#include <net/xdp_sock_drv.h>
#include <trace/events/packet_direct.h>

#include "../core/dev.h"
#include "internal.h"

static atomic_long_t packet_direct_quarantined_pages;

/* Off a second after the last lease, so that code is not patched with every one. */
DEFINE_STATIC_KEY_DEFERRED_FALSE(packet_direct_key, HZ);
EXPORT_SYMBOL_GPL(packet_direct_key);

/**
 * packet_direct_quarantined() - memory that no queue's stop was confirmed for
 *
 * Return: pages, of all rings of the machine.
 */
unsigned long packet_direct_quarantined(void)
{
	return atomic_long_read(&packet_direct_quarantined_pages);
}

struct packet_direct_queue *packet_direct_lookup(const struct net_device *dev,
						 unsigned int queue)
{
	if (queue >= dev->num_rx_queues)
		return NULL;
	return rcu_dereference_check(dev->_rx[queue].direct,
				     rcu_read_lock_bh_held() ||
				     lockdep_rtnl_is_held() ||
				     netdev_is_locked_ops_compat(dev));
}
EXPORT_SYMBOL_GPL(packet_direct_lookup);

bool packet_direct_claimed(const struct net_device *dev, unsigned int queue)
{
	lockdep_assert(lockdep_rtnl_is_held() ||
		       netdev_is_locked_ops_compat(dev));
	return queue < dev->num_rx_queues && dev->_rx[queue].direct_claim;
}

/* The lowest claimed queue from @first on, or -1. */
static int packet_direct_next_claimed(const struct net_device *dev,
				      unsigned int first)
{
	unsigned int i;

	for (i = first; i < dev->num_rx_queues; i++)
		if (packet_direct_claimed(dev, i))
			return i;
	return -1;
}

int packet_direct_check_channels(const struct net_device *dev,
				 unsigned int count, struct genl_info *info)
{
	int queue = packet_direct_next_claimed(dev, count);

	if (queue < 0)
		return 0;
	if (info)
		GENL_SET_ERR_MSG_FMT(info, "a packet socket has RX queue %d (PACKET_RX_DIRECT)",
				     queue);
	return -EBUSY;
}

/* Has the device leases by its AF_XDP?  Then so are all that it has. */
static bool packet_direct_uses_xsk(const struct net_device *dev)
{
	int queue = packet_direct_next_claimed(dev, 0);

	return queue >= 0 && dev->_rx[queue].direct_claim->ops == &xsk_direct_ops;
}

int packet_direct_check_xdp(const struct net_device *dev,
			    enum bpf_xdp_mode mode, const struct bpf_prog *prog,
			    struct netlink_ext_ack *extack)
{
	if (mode == XDP_MODE_SKB || packet_direct_next_claimed(dev, 0) < 0)
		return 0;
	if (prog ? xsk_direct_is_program(prog) : !packet_direct_uses_xsk(dev))
		return 0;
	NL_SET_ERR_MSG(extack, "an RX queue is in use by a packet socket (PACKET_RX_DIRECT)");
	return -EBUSY;
}

int packet_direct_check_xsk(const struct net_device *dev, unsigned int queue,
			    const struct xsk_buff_pool *pool)
{
	if (xsk_direct_is_pool(pool))
		return 0;
	return packet_direct_claimed(dev, queue) || packet_direct_uses_xsk(dev) ?
	       -EBUSY : 0;
}

/**
 * packet_direct_find_ops() - what could lease queues of a device
 * @dev: device
 * @flags: PACKET_DIRECT_NATIVE, PACKET_DIRECT_XSK or neither
 *
 * Return: the operations, or NULL.
 */
const struct packet_direct_ops *
packet_direct_find_ops(const struct net_device *dev, u32 flags)
{
	if (dev->packet_direct_ops && !(flags & PACKET_DIRECT_XSK))
		return dev->packet_direct_ops;
	if (xsk_direct_able(dev) && !(flags & PACKET_DIRECT_NATIVE))
		return &xsk_direct_ops;
	return NULL;
}

/**
 * packet_direct_by() - what user space is told of the operations
 * @ops: operations, or NULL
 *
 * Return: PACKET_DIRECT_NATIVE, PACKET_DIRECT_XSK or 0.
 */
u32 packet_direct_by(const struct packet_direct_ops *ops)
{
	if (!ops)
		return 0;
	return ops == &xsk_direct_ops ? PACKET_DIRECT_XSK : PACKET_DIRECT_NATIVE;
}

/* What a driver says that it can do. */
static enum packet_direct_reason
packet_direct_ask_limits(struct net_device *dev, unsigned int queue,
			 const struct packet_direct_ops *ops, u32 flags,
			 struct packet_direct_limits *limits)
{
	enum packet_direct_reason reason;

	reason = ops->limits(dev, queue, limits);
	if (!reason && ops == &xsk_direct_ops) {
		limits->frame_flags |= xsk_direct_told(dev, flags);
		reason = xsk_direct_mode(dev, flags);
	}
	if (reason)
		return reason;
	if (WARN_ON_ONCE(!limits->granule || !limits->post_min ||
			 limits->split_max > PACKET_DIRECT_MAX_HEADER))
		return PACKET_DIRECT_DRIVER_FAILED;
	return PACKET_DIRECT_OK;
}

/**
 * packet_direct_may_lease() - the one predicate that decides who may have a queue
 * @dev: device
 * @queue: RX queue, may be out of range
 * @flags: as for packet_direct_find_ops(), and PACKET_DIRECT_METADATA
 * @limits: filled in as far as the driver got
 *
 * Its mirror images are packet_direct_check_xdp(), packet_direct_check_xsk(), and the
 * uses of packet_direct_claimed() in __netif_mp_open_rxq() and netdev_queue_busy(),
 * which fewer channels and queue leases ask; in Linux 6.12
 * packet_direct_check_channels() and net_devmem_bind_dmabuf_to_queue().
 *
 * Context: RTNL.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason packet_direct_may_lease(struct net_device *dev,
						  unsigned int queue, u32 flags,
						  struct packet_direct_limits *limits)
{
	const struct packet_direct_ops *ops = packet_direct_find_ops(dev, flags);
	int first;

	ASSERT_RTNL();
	if (!ops)
		return packet_direct_no_ops(flags);
	if (queue >= dev->real_num_rx_queues)
		return PACKET_DIRECT_NO_QUEUE;
	queue = array_index_nospec(queue, dev->real_num_rx_queues);
	if (packet_direct_claimed(dev, queue))
		return PACKET_DIRECT_QUEUE_LEASED;
	if (netif_rxq_is_leased(dev, queue))
		return PACKET_DIRECT_QUEUE_LENT;
	if (xsk_get_pool_from_qid(dev, queue))
		return PACKET_DIRECT_QUEUE_XSK;
	if (dev->_rx[queue].mp_params.mp_ops)
		return PACKET_DIRECT_QUEUE_PROVIDER;
	if (dev_xdp_prog_id(dev, XDP_MODE_DRV) ||
	    dev_xdp_prog_id(dev, XDP_MODE_HW))
		return PACKET_DIRECT_QUEUE_XDP;
	first = packet_direct_next_claimed(dev, 0);
	if (first >= 0 && dev->_rx[first].direct_claim->ops != ops)
		return PACKET_DIRECT_XSK_MIXED;
	return packet_direct_ask_limits(dev, queue, ops, flags, limits);
}

static enum packet_direct_reason
packet_direct_check_split(const struct packet_direct_queue *pdq,
			  const struct packet_direct_limits *limits, u32 flags)
{
	if (!packet_direct_is_split(pdq))
		return PACKET_DIRECT_OK;
	if (!limits->split_max)
		return PACKET_DIRECT_NO_SPLIT;
	if (limits->split_unreliable &&
	    !(flags & PACKET_DIRECT_SPLIT_UNRELIABLE))
		return PACKET_DIRECT_UNRELIABLE;
	if (pdq->slots.len < limits->split_min)
		return PACKET_DIRECT_HEADER_TOO_SMALL;
	if (pdq->slots.len > limits->split_max)
		return PACKET_DIRECT_HEADER_TOO_LARGE;
	if (pdq->payload.nr < 2 * limits->post_min)
		return PACKET_DIRECT_PAYLOAD_TOO_FEW;
	return PACKET_DIRECT_OK;
}

static enum packet_direct_reason
packet_direct_check_limits(const struct packet_direct_queue *pdq,
			   const struct net_device *dev,
			   const struct packet_direct_limits *limits, u32 flags)
{
	const struct packet_direct *pd = to_packet_direct(pdq);
	u32 len = packet_direct_buffer_len(pdq);
	enum packet_direct_reason reason;

	if (len % limits->granule)
		return PACKET_DIRECT_SLOT_GRANULE;
	if (len < limits->len_min)
		return PACKET_DIRECT_SLOT_TOO_SMALL;
	if (len > limits->len_max)
		return PACKET_DIRECT_SLOT_TOO_LARGE;
	if (pdq->mask + 1 < 2 * limits->post_min)
		return PACKET_DIRECT_ENTRIES_TOO_FEW;
	if (limits->slot_size && limits->slot_size != 1U << pd->slots.slot_shift)
		return PACKET_DIRECT_XSK_SLOT_SIZE;
	if (limits->max_slots && limits->max_slots < pdq->slots.nr)
		return PACKET_DIRECT_XSK_SLOTS;
	reason = packet_direct_check_split(pdq, limits, flags);
	if (reason || !(flags & (PACKET_DIRECT_TEE | PACKET_DIRECT_PASS)))
		return reason;
	return packet_direct_check_stack(pdq, dev, limits->post_min);
}

static void packet_direct_no_reserve(struct packet_direct_queue *pdq)
{
	WRITE_ONCE(pdq->reserve, 0);
	pdq->no_run = false;
	pdq->tee = false;
	pdq->pass = false;
	pdq->stack_run = false;
	pdq->stack_tstamp = false;
}

static void packet_direct_quarantine(struct packet_direct_queue *pdq)
{
	struct packet_direct *pd = to_packet_direct(pdq);
	unsigned long pages;

	pages = (pd->slots.len + pd->payload.len) >> PAGE_SHIFT;
	pd->quarantine = true;
	trace_packet_direct_quarantine(pdq, pages);
	atomic_long_add(pages, &packet_direct_quarantined_pages);
	netdev_err(pdq->dev, "RX queue %u did not confirm that it stopped: %lu pages of a packet ring%s are kept out of use for ever\n",
		   pdq->queue, pages,
		   pd->payload.dmabuf ? " and a dma-buf" : "");
	packet_direct_abandon_dmabuf(pd);
}

/**
 * packet_direct_check() - may this ring have that queue now
 * @pd: ring
 * @dev: device
 * @arg: what user space wants
 * @limits: filled in as far as the driver got
 *
 * Context: lock_sock, RTNL.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason packet_direct_check(const struct packet_direct *pd,
					      struct net_device *dev,
					      const struct tpacket4_direct *arg,
					      struct packet_direct_limits *limits)
{
	enum packet_direct_reason reason;

	reason = packet_direct_may_lease(dev, arg->td_queue, arg->td_flags, limits);
	if (reason)
		return reason;
	if (packet_direct_is_split(&pd->pdq) && !limits->split_max)
		return PACKET_DIRECT_NO_SPLIT;
	if (pd->pdq.payload_external && !limits->dma_dev)
		return PACKET_DIRECT_NO_DMABUF;
	return packet_direct_check_limits(&pd->pdq, dev, limits, arg->td_flags) ?:
	       packet_direct_check_steering(dev, arg);
}

/**
 * packet_direct_map_ring() - map the ring for a device
 * @pd: ring without a lease; it may be filled by copy meanwhile
 * @dev: device, held, so that it stays its driver's
 * @dma_dev: what does the DMA for it, or NULL
 * @arg: what user space wants
 *
 * Context: lock_sock, without RTNL because this may take long: there can be a
 * million pages to map, and an exporter of a dma-buf may take its time.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason
packet_direct_map_ring(struct packet_direct *pd, const struct net_device *dev,
		       struct device *dma_dev,
		       const struct tpacket4_direct *arg)
{
	enum packet_direct_reason reason = PACKET_DIRECT_OK;

	pd->pdq.dma_dev = dma_dev;
	if (pd->pdq.payload_external)
		reason = packet_direct_get_dmabuf(pd, arg);
	if (!reason)
		reason = packet_direct_dma_map(pd, dev);
	if (reason)
		packet_direct_put_dmabuf(pd);
	return reason;
}

/**
 * packet_direct_unmap_ring() - end of packet_direct_map_ring()
 * @pd: ring, which no NIC writes to any more, or in quarantine
 *
 * Context: lock_sock, or RTNL in packet_direct_lose(); may sleep.
 */
void packet_direct_unmap_ring(struct packet_direct *pd)
{
	if (pd->quarantine)
		return;
	packet_direct_dma_unmap(pd);
	packet_direct_put_dmabuf(pd);
}

static u32 packet_direct_members(const struct packet_direct_queue *pdq, int type)
{
	const struct packet_mclist *ml;
	u32 count = 0;

	for (ml = pkt_sk(pdq->sk)->mclist; ml; ml = ml->next)
		count += ml->ifindex == pdq->dev->ifindex && ml->type == type;
	return count;
}

/**
 * __packet_direct_member() - what sockets with leases ask for in others' stead
 * @dev: device, whose leases change or a socket's membership of it
 *
 * Such a membership alone makes no frame go on to the stack.
 *
 * Context: RTNL.
 */
void __packet_direct_member(struct net_device *dev)
{
	u32 promisc = 0, allmulti = 0;
	struct packet_direct_queue *pdq;
	int queue = -1;

	while ((queue = packet_direct_next_claimed(dev, queue + 1)) >= 0) {
		pdq = dev->_rx[queue].direct_claim;
		promisc += packet_direct_members(pdq, PACKET_MR_PROMISC);
		allmulti += packet_direct_members(pdq, PACKET_MR_ALLMULTI);
	}
	while ((queue = packet_direct_next_claimed(dev, queue + 1)) >= 0) {
		pdq = dev->_rx[queue].direct_claim;
		WRITE_ONCE(pdq->own_promisc, promisc);
		WRITE_ONCE(pdq->own_allmulti, allmulti);
	}
}

/**
 * packet_direct_keep_reserve() - let frames go on to the stack
 * @pd: ring which is about to be leased, and filled by copy until then
 * @dev: device
 * @flags: PACKET_DIRECT_*
 * @post_min: slots that the NIC takes at a time
 *
 * From now on the kernel keeps slots, also in copy mode.
 *
 * Context: lock_sock, RTNL.
 * Return: PACKET_DIRECT_OK, or why not: user space holds too many.
 */
enum packet_direct_reason packet_direct_keep_reserve(struct packet_direct *pd,
						     const struct net_device *dev,
						     u32 flags, u32 post_min)
{
	enum packet_direct_reason reason = PACKET_DIRECT_OK;
	struct packet_direct_queue *pdq = &pd->pdq;

	if (!(flags & (PACKET_DIRECT_TEE | PACKET_DIRECT_PASS)))
		return PACKET_DIRECT_OK;

	spin_lock_bh(&pd->copy_lock);
	pdq->post_min = post_min;
	pdq->tee = flags & PACKET_DIRECT_TEE;
	pdq->pass = flags & PACKET_DIRECT_PASS;
	packet_direct_set_reserve(pdq, dev);
	packet_direct_reclaim(pdq);
	if (!packet_direct_keeps_reserve(pdq)) {
		packet_direct_no_reserve(pdq);
		reason = PACKET_DIRECT_STACK_HELD;
	}
	spin_unlock_bh(&pd->copy_lock);
	return reason;
}

/**
 * packet_direct_drop_reserve() - end of packet_direct_keep_reserve()
 * @pd: ring that is not going to be leased after all
 *
 * Context: lock_sock, RTNL.
 */
void packet_direct_drop_reserve(struct packet_direct *pd)
{
	spin_lock_bh(&pd->copy_lock);
	packet_direct_no_reserve(&pd->pdq);
	spin_unlock_bh(&pd->copy_lock);
}

/**
 * packet_direct_set_polled() - who works on the ring: polls of a NIC, or copies
 * @pd: ring that nobody works on
 * @polled: with a lease
 *
 * Context: lock_sock.
 */
void packet_direct_set_polled(struct packet_direct *pd, bool polled)
{
	spin_lock_bh(&pd->copy_lock);
	packet_direct_store_counts(&pd->pdq);
	pd->polled = polled;
	spin_unlock_bh(&pd->copy_lock);
}

/**
 * packet_direct_claim() - a queue is this ring's, to be leased now or later
 * @pd: ring after packet_direct_map_ring(), packet_direct_check(),
 *	packet_direct_watch_dmabuf() and packet_direct_steer(), whose protocol
 *	hook is off
 * @dev: device, held by &packet_direct_queue.dev_tracker
 * @arg: what user space wants
 * @limits: of that queue
 *
 * Context: lock_sock, RTNL.
 */
void packet_direct_claim(struct packet_direct *pd, struct net_device *dev,
			 const struct tpacket4_direct *arg,
			 const struct packet_direct_limits *limits)
{
	struct packet_direct_queue *pdq = &pd->pdq;
	u32 queue = arg->td_queue;

	ASSERT_RTNL();
	pdq->dev = dev;
	WRITE_ONCE(pd->ifindex, dev->ifindex);
	WRITE_ONCE(pdq->queue, queue);
	put_pid(pd->holder);
	pd->holder = get_pid(task_tgid(current));
	WRITE_ONCE(pdq->ops, packet_direct_find_ops(dev, arg->td_flags));
	pdq->unconfirmed = false;
	pdq->metadata = arg->td_flags & PACKET_DIRECT_METADATA;
	pdq->post_min = limits->post_min;
	pdq->no_run = pdq->need_sync || pdq->reserve;
	packet_direct_sync_free(pd);
	packet_direct_set_polled(pd, true);
	dev->_rx[queue].direct_claim = pdq;
	packet_direct_member(dev);
}

/**
 * packet_direct_unclaim() - end of packet_direct_claim()
 * @pd: ring with a claim, whose lease has not begun or was stopped
 *
 * Afterwards no NIC writes into the slots, or they are in quarantine.
 *
 * Context: RTNL.
 * Return: the device, which the caller puts after packet_direct_unmap_ring().
 */
struct net_device *packet_direct_unclaim(struct packet_direct *pd)
{
	struct packet_direct_queue *pdq = &pd->pdq;
	struct net_device *dev = pdq->dev;

	ASSERT_RTNL();
	dev->_rx[pdq->queue].direct_claim = NULL;
	packet_direct_watch_dmabuf(pd, NULL);
	if (pdq->unconfirmed)
		packet_direct_quarantine(pdq);
	packet_direct_unsteer(pd);
	pdq->filter_skb->dev = NULL;
	packet_direct_no_reserve(pdq);
	packet_direct_member(dev);
	pdq->need_sync = false;
	WRITE_ONCE(pdq->ops, NULL);
	pdq->dev = NULL;
	WRITE_ONCE(pd->ifindex, 0);
	WRITE_ONCE(pdq->queue, 0);
	return dev;
}

/**
 * packet_direct_may_begin() - could a prepared lease begin now
 * @pd: ring with a claim
 *
 * The device may be in another mode than when the queue was claimed.
 *
 * Context: RTNL.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason packet_direct_may_begin(const struct packet_direct *pd)
{
	const struct packet_direct_queue *pdq = &pd->pdq;
	struct packet_direct_limits limits = {};
	enum packet_direct_reason reason;

	ASSERT_RTNL();
	if (pdq->queue >= pdq->dev->real_num_rx_queues)
		return PACKET_DIRECT_NO_QUEUE;
	reason = packet_direct_ask_limits(pdq->dev, pdq->queue, pdq->ops,
					  pdq->metadata, &limits);
	if (reason)
		return reason;
	return packet_direct_check_limits(pdq, pdq->dev, &limits,
					  PACKET_DIRECT_SPLIT_UNRELIABLE);
}

static void packet_direct_give(struct packet_direct *pd)
{
	struct packet_direct_queue *pdq = &pd->pdq;

	pd->begun = true;
	static_branch_deferred_inc(&packet_direct_key);
	packet_direct_set_state(pdq, PACKET_DIRECT_DOWN);
	/* AF_XDP leads a driver to the ring, whatever support it has of its own */
	if (pdq->ops != &xsk_direct_ops)
		rcu_assign_pointer(pdq->dev->_rx[pdq->queue].direct, pdq);
}

/* Returns false when the driver failed. */
static bool packet_direct_start_queue(struct packet_direct *pd)
{
	struct packet_direct_queue *pdq = &pd->pdq;
	struct net_device *dev = pdq->dev;
	int err;

	/* it may be up by the start of another one */
	if (pdq->up) {
		trace_packet_direct_lease(pdq, 0);
		return true;
	}
	err = pdq->ops->bind(dev, pdq->queue, pdq);
	trace_packet_direct_lease(pdq, err);
	if (err)
		netdev_err(dev, "RX queue %u did not start for a packet socket: %pe\n",
			   pdq->queue, ERR_PTR(err));
	return !err;
}

static void packet_direct_stop_queue(struct packet_direct *pd)
{
	struct packet_direct_queue *pdq = &pd->pdq;
	struct net_device *dev = pdq->dev;

	if (pdq->ops->unbind(dev, pdq->queue, pdq))
		packet_direct_not_stopped(pdq);
	packet_direct_ring_down(pdq);
	trace_packet_direct_release(pdq, pdq->unconfirmed ? -EIO : 0);
	static_branch_slow_dec_deferred(&packet_direct_key);
	pd->begun = false;
}

/**
 * packet_direct_stop() - give queues back to the stack, claimed as they are
 * @pds: rings with a claim, of one device; one that has not begun is left as it is
 *
 * Context: RTNL, may sleep.
 */
void packet_direct_stop(struct list_head *pds)
{
	struct packet_direct *pd;

	ASSERT_RTNL();
	packet_direct_steer_away(pds);
	list_for_each_entry(pd, pds, together)
		if (pd->begun)
			RCU_INIT_POINTER(pd->pdq.dev->_rx[pd->pdq.queue].direct,
					 NULL);
	list_for_each_entry(pd, pds, together)
		if (pd->begun)
			packet_direct_stop_queue(pd);
	packet_direct_steer_back(pds);
}

/**
 * packet_direct_begin() - let a NIC fill rings
 * @pds: rings with a claim, of one device, none of which has begun
 *
 * When it fails they are prepared, and no NIC writes to them, except for those with
 * &packet_direct_queue.unconfirmed, whose leases the caller has to end.
 *
 * Context: RTNL, may sleep.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason packet_direct_begin(struct list_head *pds)
{
	enum packet_direct_reason reason;
	struct packet_direct *pd;

	ASSERT_RTNL();
	reason = packet_direct_begin_steering(pds);
	if (reason)
		return reason;
	list_for_each_entry(pd, pds, together)
		packet_direct_give(pd);
	pd = list_first_entry(pds, struct packet_direct, together);
	packet_direct_member(pd->pdq.dev);
	list_for_each_entry(pd, pds, together)
		if (!packet_direct_start_queue(pd))
			goto stop;
	packet_direct_repair_steering(pds);
	return PACKET_DIRECT_OK;

stop:
	packet_direct_stop(pds);
	list_for_each_entry(pd, pds, together)
		packet_direct_set_state(&pd->pdq, PACKET_DIRECT_PREPARED);
	return PACKET_DIRECT_DRIVER_FAILED;
}

/**
 * packet_direct_unlease() - give the queue back to the stack
 * @pd: ring; one without a queue is left as it is
 *
 * Context: RTNL, may sleep.
 * Return: the device, which the caller puts after packet_direct_unmap_ring(), or
 *	   NULL when there is no queue.
 */
struct net_device *packet_direct_unlease(struct packet_direct *pd)
{
	LIST_HEAD(pds);

	ASSERT_RTNL();
	if (!pd->pdq.dev)
		return NULL;
	list_add(&pd->together, &pds);
	packet_direct_stop(&pds);
	list_del_init(&pd->together);
	return packet_direct_unclaim(pd);
}

/**
 * packet_direct_holder() - which process leased or prepared a queue
 * @dev: device
 * @queue: RX queue, may be out of range
 *
 * Context: RTNL.
 * Return: its number as the caller sees it; 0: the queue is not claimed, the
 *	   process has ended, or it is in a namespace that the caller does not see.
 */
pid_t packet_direct_holder(const struct net_device *dev, unsigned int queue)
{
	struct pid *holder;

	if (!packet_direct_claimed(dev, queue))
		return 0;
	holder = to_packet_direct(dev->_rx[queue].direct_claim)->holder;
	return pid_has_task(holder, PIDTYPE_TGID) ? pid_vnr(holder) : 0;
}

/**
 * packet_direct_netdown() - the socket's device is down or gone
 * @sk: socket
 *
 * Context: any but interrupt.
 */
void packet_direct_netdown(struct sock *sk)
{
	sk->sk_err = ENETDOWN;
	if (!sock_flag(sk, SOCK_DEAD))
		sk_error_report(sk);
}

/**
 * packet_direct_set_lost() - the lease has ended, and nothing takes its place
 * @pd: ring without a queue
 *
 * Context: RTNL, without lock_sock, see direct.h.
 */
void packet_direct_set_lost(struct packet_direct *pd)
{
	packet_direct_set_state(&pd->pdq, PACKET_DIRECT_LOST);
	packet_direct_netdown(pd->pdq.sk);
}

/**
 * packet_direct_lose() - end a lease that cannot go on
 * @pd: ring; one without a queue is left as it is
 *
 * Context: RTNL, without lock_sock, see direct.h; may sleep.
 */
void packet_direct_lose(struct packet_direct *pd)
{
	struct net_device *dev = packet_direct_unlease(pd);

	if (!dev)
		return;
	packet_direct_unmap_ring(pd);
	netdev_put(dev, &pd->pdq.dev_tracker);
	packet_direct_set_lost(pd);
}

/* The device goes, or to another network namespace. */
static void packet_direct_lose_all(struct net_device *dev)
{
	int queue = -1;

	netdev_lock_ops(dev);
	while ((queue = packet_direct_next_claimed(dev, queue + 1)) >= 0)
		packet_direct_lose(to_packet_direct(dev->_rx[queue].direct_claim));
	netdev_unlock_ops(dev);
}

/* One lease by AF_XDP lives on, or ends with the mode in which it could begin. */
static int packet_direct_xsk_event(struct packet_direct_queue *pdq,
				   unsigned long event)
{
	enum packet_direct_reason reason;

	if (event == NETDEV_UP)
		xsk_direct_device_up(pdq);
	if (event == NETDEV_DOWN)
		xsk_direct_device_down(pdq);
	if (event != NETDEV_CHANGEMTU && event != NETDEV_FEAT_CHANGE)
		return 0;

	reason = xsk_direct_mode(pdq->dev, pdq->metadata);
	if (!reason)
		return 0;
	if (event == NETDEV_CHANGEMTU)
		return -EBUSY;
	netdev_err(pdq->dev, "RX queue %u is taken from a packet socket: its frames would lose what the new features take out\n",
		   pdq->queue);
	packet_direct_lose(to_packet_direct(pdq));
	return 0;
}

static int packet_direct_xsk_events(struct net_device *dev, unsigned long event)
{
	struct packet_direct_queue *pdq;
	int queue = -1, err = 0;

	while (!err && (queue = packet_direct_next_claimed(dev, queue + 1)) >= 0) {
		pdq = dev->_rx[queue].direct_claim;
		if (pdq->ops == &xsk_direct_ops && to_packet_direct(pdq)->begun)
			err = packet_direct_xsk_event(pdq, event);
	}
	return notifier_from_errno(err);
}

/* Runs under RTNL and must not take lock_sock, see direct.h.  The instance lock is held
 * when a device goes up or down, and not when it goes.
 */
static int packet_direct_event(struct notifier_block *nb, unsigned long event,
			       void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct packet_direct_queue *pdq;
	int queue = -1;

	if (event == NETDEV_UP || event == NETDEV_FEAT_CHANGE)
		packet_direct_recheck_steering(dev);
	if (event == NETDEV_UNREGISTER)
		packet_direct_lose_all(dev);
	if (event == NETDEV_UP || event == NETDEV_FEAT_CHANGE)
		return packet_direct_xsk_events(dev, event);
	if (event != NETDEV_DOWN && event != NETDEV_CHANGEMTU)
		return NOTIFY_DONE;

	while ((queue = packet_direct_next_claimed(dev, queue + 1)) >= 0) {
		pdq = dev->_rx[queue].direct_claim;
		if (event == NETDEV_DOWN)
			packet_direct_netdown(pdq->sk);
		else if (pdq->reserve)
			packet_direct_set_reserve(pdq, dev);
	}
	return packet_direct_xsk_events(dev, event);
}

static struct notifier_block packet_direct_notifier = {
	.notifier_call = packet_direct_event,
};

static int __init packet_direct_init(void)
{
	return register_netdevice_notifier(&packet_direct_notifier);
}
device_initcall(packet_direct_init);
