// SPDX-License-Identifier: GPL-2.0
/*
 * TPACKET_V4 and PACKET_RX_DIRECT: the socket.
 *
 * What each option does in each state is the table in
 * Documentation/networking/packet_direct.rst.
 */
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/mm.h>
#include <linux/rtnetlink.h>
#include <net/busy_poll.h>
#include <net/netlink.h>
#include <net/sock.h>

#include "internal.h"

/* Up to here struct tpacket4_info is about the lease: no driver has to be asked. */
#define PACKET_DIRECT_INFO_LEASE	offsetof(struct tpacket4_info, ti_queue_nr)

/* Entries that one recvmsg() polls for at most, beside those of the last poll. */
#define PACKET_DIRECT_BUSY_MAX		256

bool packet_direct_knows(int version)
{
	return version == TPACKET_V4;
}

bool packet_direct_hdrlen(int *val)
{
	if (*val != TPACKET_V4)
		return false;
	*val = sizeof(struct tpacket4_hdr);
	return true;
}

bool packet_direct_leased(const struct packet_sock *po)
{
	struct packet_direct *pd;
	bool leased;

	rcu_read_lock();
	pd = rcu_dereference(po->direct);
	leased = pd && READ_ONCE(pd->leased);
	rcu_read_unlock();
	return leased;
}

/* What /proc/net/packet shows in column R. */
int packet_direct_running(const struct packet_sock *po)
{
	int running = packet_sock_flag(po, PACKET_SOCK_RUNNING);
	struct packet_direct *pd;

	rcu_read_lock();
	pd = rcu_dereference(po->direct);
	if (pd && READ_ONCE(pd->leased))
		running = READ_ONCE(pd->pdq.state) == PACKET_DIRECT_PREPARED ?
			  3 : 2;
	rcu_read_unlock();
	return running;
}

/* Connects the socket to @pd, or to none.  Returns false when the ring that it
 * has is mapped.
 */
static bool packet_direct_connect(struct packet_sock *po,
				  struct packet_direct *pd)
{
	struct packet_direct *old = packet_direct_of(po);
	bool free;

	mutex_lock(&po->pg_vec_lock);
	free = !old || !atomic_long_read(&po->mapped);
	if (free) {
		if (pd) {
			pd->stack_func = po->prot_hook.func;
			po->prot_hook.func = packet_direct_rcv;
		} else {
			po->prot_hook.func = old->stack_func;
		}
		rcu_assign_pointer(po->direct, pd);
	}
	mutex_unlock(&po->pg_vec_lock);
	return free;
}

/* Gives the socket @pd for the ring that it has; either may be NULL. */
static bool packet_direct_replace(struct packet_sock *po,
				  struct packet_direct *pd)
{
	bool was_running, done;
	__be16 num;

	num = packet_direct_unhook(po, &was_running);
	done = packet_direct_connect(po, pd);
	if (done)
		skb_queue_purge(&po->sk.sk_receive_queue);
	packet_direct_rehook(po, num, was_running);
	return done;
}

static enum packet_direct_reason packet_direct_install(struct packet_sock *po,
						       struct packet_direct *pd)
{
	enum packet_direct_reason reason = PACKET_DIRECT_OK;

	mutex_lock(&fanout_mutex);
	if (po->fanout)
		reason = PACKET_DIRECT_HAS_FANOUT;
	else
		packet_direct_replace(po, pd);
	mutex_unlock(&fanout_mutex);
	return reason;
}

/* The caller made sure that no queue is leased.  A mapped ring is refused before the
 * hook is taken off: a capture must not lose frames to a refusal.
 */
static enum packet_direct_reason packet_direct_remove(struct packet_sock *po)
{
	struct packet_direct *pd = packet_direct_of(po);

	if (atomic_long_read(&po->mapped))
		return PACKET_DIRECT_RING_MAPPED;
	if (!packet_direct_replace(po, NULL))
		return PACKET_DIRECT_RING_MAPPED;
	synchronize_net();
	packet_direct_free(pd);
	return PACKET_DIRECT_OK;
}

static enum packet_direct_reason
packet_direct_remove_ring(struct packet_sock *po,
			  const struct tpacket_req4 *req)
{
	struct packet_direct *pd = packet_direct_of(po);
	enum packet_direct_reason reason = packet_direct_check_req(req);

	if (reason)
		return reason;
	if (!pd)
		return PACKET_DIRECT_NO_RING;
	if (pd->leased)
		return PACKET_DIRECT_RING_LEASED;
	return packet_direct_remove(po);
}

static enum packet_direct_reason
packet_direct_add_ring(struct packet_sock *po, const struct tpacket_req4 *req)
{
	enum packet_direct_reason reason;
	struct packet_direct *pd;

	if (packet_direct_of(po))
		return PACKET_DIRECT_RING_EXISTS;
	if (po->tp_reserve)
		return PACKET_DIRECT_HAS_RESERVE;
	if (READ_ONCE(po->vnet_hdr_sz))
		return PACKET_DIRECT_HAS_VNET_HDR;

	reason = packet_direct_check_req(req);
	if (reason)
		return reason;
	reason = packet_direct_alloc(po, req, &pd);
	if (reason)
		return reason;
	reason = packet_direct_install(po, pd);
	if (reason)
		packet_direct_free(pd);
	return reason;
}

/**
 * packet_direct_set_ring() - PACKET_RX_RING and PACKET_TX_RING of TPACKET_V4
 * @po: socket
 * @optval: struct tpacket_req4
 * @optlen: its length
 * @optname: which of the two
 *
 * Context: lock_sock.
 * Return: 0 or -errno.
 */
int packet_direct_set_ring(struct packet_sock *po, sockptr_t optval,
			   unsigned int optlen, int optname)
{
	enum packet_direct_reason reason;
	struct tpacket_req4 req;
	int err;

	if (optname == PACKET_TX_RING)
		return packet_direct_refuse(po, PACKET_DIRECT_NO_TX_RING);
	err = packet_direct_get_req(po, &req, optval, optlen);
	if (err)
		return err;

	if (req.tp_entry_nr)
		reason = packet_direct_add_ring(po, &req);
	else
		reason = packet_direct_remove_ring(po, &req);
	return packet_direct_refuse(po, reason);
}

int packet_direct_setsockopt(struct packet_sock *po, int optname,
			     sockptr_t optval, unsigned int optlen)
{
	int err;

	if (optname != PACKET_RX_DIRECT)
		return -ENOPROTOOPT;

	lock_sock(&po->sk);
	err = packet_direct_rx_direct(po, optval, optlen);
	release_sock(&po->sk);
	return err;
}

static void packet_direct_tell_limits(const struct packet_direct_limits *limits,
				      struct tpacket4_info *info)
{
	info->ti_granule = limits->granule;
	info->ti_slot_len_min = limits->len_min;
	info->ti_slot_len_max = limits->len_max;
	info->ti_split_min = limits->split_min;
	info->ti_split_max = limits->split_max;
	info->ti_post_min = limits->post_min;
	info->ti_phc_index = limits->tstamp_hw ? limits->phc_index : -1;
	info->ti_tstamp = TPACKET4_TSTAMP_SW |
			  (limits->tstamp_hw ? TPACKET4_TSTAMP_HW : 0);
	info->ti_headroom = limits->headroom;
	info->ti_frame_flags = limits->frame_flags;
	info->ti_flags = limits->info_flags;
	if (limits->tstamp_ptp)
		info->ti_flags |= TPACKET4_INFO_TSTAMP_PTP;
	if (limits->split_unreliable)
		info->ti_flags |= TPACKET4_INFO_SPLIT_UNRELIABLE;
}

/* What only the driver knows.  Under RTNL alone. */
static void packet_direct_ask_driver(struct packet_sock *po,
				     struct packet_direct_limits *limits,
				     struct tpacket4_info *info)
{
	struct net_device *dev = po->prot_hook.dev;

	info->ti_queue_nr = 0;
	info->ti_query_reason = PACKET_DIRECT_NOT_BOUND;
	if (!dev)
		return;
	netdev_lock_ops(dev);
	info->ti_queue_nr = dev->real_num_rx_queues;
	info->ti_query_by = packet_direct_by(packet_direct_find_ops(dev,
								    info->ti_query_flags));
	info->ti_query_reason = packet_direct_may_lease(dev, info->ti_query,
							info->ti_query_flags,
							limits);
	info->ti_query_pid = packet_direct_holder(dev, info->ti_query);
	netdev_unlock_ops(dev);
}

/* With RTNL this is one moment.  Without it a state may be newer than the
 * generation, but not older.
 */
static void packet_direct_get_lease(struct packet_sock *po,
				    struct tpacket4_info *info)
{
	struct packet_direct *pd = packet_direct_of(po);
	struct packet_direct_queue *pdq;

	if (!pd)
		return;
	pdq = &pd->pdq;
	/* with the store-release of packet_direct_set_state() */
	info->ti_generation = smp_load_acquire(&pdq->generation);
	info->ti_state = READ_ONCE(pdq->state);
	info->ti_ifindex = READ_ONCE(pd->ifindex);
	info->ti_queue = READ_ONCE(pdq->queue);
	packet_direct_mark_napi(pdq);
	info->ti_napi_id = packet_direct_napi_id(pdq);
	info->ti_lease_by = packet_direct_by(READ_ONCE(pdq->ops));
}

/* A driver that resets its device holds RTNL for seconds.  So it is taken only for
 * an answer that a driver has.
 */
static int packet_direct_look(struct packet_sock *po,
			      struct tpacket4_info *info, bool ask)
{
	struct packet_direct_limits limits = {};
	enum packet_direct_reason reason;

	info->ti_query_reason = packet_direct_check_driver(po, info->ti_query_flags,
							   &info->ti_queue_nr);
	if (!ask || info->ti_query_reason) {
		mutex_lock(&po->pg_vec_lock);
		packet_direct_get_lease(po, info);
		mutex_unlock(&po->pg_vec_lock);
		packet_direct_tell_limits(&limits, info);
		return 0;
	}

	lock_sock(&po->sk);
	reason = packet_direct_rtnl_lock();
	if (!reason) {
		packet_direct_get_lease(po, info);
		packet_direct_ask_driver(po, &limits, info);
		if (packet_direct_of(po))
			packet_direct_tell_steering(packet_direct_of(po),
						    &info->ti_steering,
						    &info->ti_steering_lost,
						    &info->ti_steering_moves);
		rtnl_unlock();
	}
	release_sock(&po->sk);
	packet_direct_tell_limits(&limits, info);
	return reason ? -EINTR : 0;
}

static int packet_direct_get_info(struct packet_sock *po, sockopt_t *opt)
{
	struct tpacket4_info in, info = {};
	int len = opt->optlen, err;

	if (len < (int)sizeof(info.ti_size) || len > PAGE_SIZE)
		return -EINVAL;
	err = packet_direct_get_opt(opt, &in, sizeof(in));
	if (err)
		return err;

	info.ti_size = sizeof(info);
	if ((in.ti_query_flags & ~(PACKET_DIRECT_SUPPORT | PACKET_DIRECT_METADATA)) ||
	    (in.ti_query_flags & PACKET_DIRECT_SUPPORT) == PACKET_DIRECT_SUPPORT)
		return -EINVAL;

	info.ti_query = in.ti_query;
	info.ti_query_flags = in.ti_query_flags;
	info.ti_reason = READ_ONCE(po->direct_reason);
	err = packet_direct_look(po, &info, len > PACKET_DIRECT_INFO_LEASE);
	if (err)
		return err;
	return packet_direct_put_opt(opt, &info, sizeof(info));
}

static int packet_direct_get_layout(struct packet_sock *po, sockopt_t *opt)
{
	struct tpacket4_layout layout;
	struct packet_direct *pd;

	mutex_lock(&po->pg_vec_lock);
	pd = packet_direct_of(po);
	if (pd)
		layout = pd->layout;
	mutex_unlock(&po->pg_vec_lock);

	if (!pd)
		return -EINVAL;
	return packet_direct_put_opt(opt, &layout, sizeof(layout));
}

int packet_direct_getsockopt(struct packet_sock *po, int optname,
			     sockopt_t *opt)
{
	switch (optname) {
	case PACKET_RX_RING:
		if (READ_ONCE(po->tp_version) != TPACKET_V4)
			return -ENOPROTOOPT;
		return packet_direct_get_layout(po, opt);
	case PACKET_RX_DIRECT:
		return packet_direct_get_info(po, opt);
	case PACKET_V4_STATISTICS:
		return packet_direct_get_v4_stats(po, opt);
	}
	return -ENOPROTOOPT;
}

/* User space may ask for the kick without looking at the flag. */
static bool packet_direct_may_kick(struct packet_direct_queue *pdq)
{
	smp_mb();	/* F, pairs with E: user space's cons before the flag */
	if (READ_ONCE(pdq->need_kick)) {
		packet_direct_kick(pdq);
		return true;
	}
	return false;
}

/* After the caller has queued itself for the wake-up. */
__poll_t packet_direct_poll(struct packet_sock *po)
{
	struct packet_direct *pd;
	__poll_t mask = 0;
	bool kicked;

	rcu_read_lock();
	pd = rcu_dereference(po->direct);
	if (pd) {
		packet_direct_mark_napi(&pd->pdq);
		kicked = packet_direct_may_kick(&pd->pdq);
		if (packet_direct_readable(&pd->pdq))
			mask = EPOLLIN | EPOLLRDNORM;
		else if (!kicked)
			packet_direct_top_up(&pd->pdq);
		if (READ_ONCE(pd->pdq.state) == PACKET_DIRECT_LOST)
			mask |= EPOLLHUP;
	}
	rcu_read_unlock();
	return mask;
}

#ifdef CONFIG_NET_RX_BUSY_POLL

/* A busy poll by recvmsg(): how far it is. */
struct packet_direct_busy {
	struct packet_sock	*po;
	u32			budget;
	u32			begin;
	u32			prod;
};

/* While each poll brings a whole budget the NIC has more.  The ring may be another one
 * meanwhile, or none.
 */
static bool packet_direct_busy_end(void *arg, unsigned long start_time)
{
	struct packet_direct_busy *busy = arg;
	struct packet_direct *pd = rcu_dereference(busy->po->direct);
	u32 last = busy->prod;

	if (!pd)
		return true;
	busy->prod = READ_ONCE(pd->pdq.prod);
	return busy->prod - last < busy->budget ||
	       busy->prod - busy->begin >= PACKET_DIRECT_BUSY_MAX;
}

static void packet_direct_busy_poll(struct packet_sock *po)
{
	struct packet_direct_busy busy = { .po = po };
	struct sock *sk = &po->sk;
	struct packet_direct *pd;
	u32 napi_id;

	rcu_read_lock();
	pd = rcu_dereference(po->direct);
	if (pd) {
		packet_direct_mark_napi(&pd->pdq);
		busy.begin = READ_ONCE(pd->pdq.prod);
		busy.prod = busy.begin;
	}
	rcu_read_unlock();

	napi_id = READ_ONCE(sk->sk_napi_id);
	busy.budget = READ_ONCE(sk->sk_busy_poll_budget) ?: BUSY_POLL_BUDGET;
	if (napi_id)
		napi_busy_loop(napi_id, packet_direct_busy_end, &busy,
			       READ_ONCE(sk->sk_prefer_busy_poll), busy.budget);
}

#else

static void packet_direct_busy_poll(struct packet_sock *po)
{
}

#endif

/**
 * packet_direct_recvmsg() - the kick, and the busy poll
 * @po: socket
 * @flags: of recvmsg
 *
 * Context: process.
 * Return: -EAGAIN when the frames are in the ring, -EOPNOTSUPP for a call that
 *	   would wait for a message, because none ever comes.
 */
int packet_direct_recvmsg(struct packet_sock *po, int flags)
{
	struct sock *sk = &po->sk;
	struct packet_direct *pd;
	int err = sock_error(sk);

	if (err)
		return err;
	if (!(flags & MSG_DONTWAIT))
		return -EOPNOTSUPP;

	if (sk_can_busy_loop(sk))
		packet_direct_busy_poll(po);

	rcu_read_lock();
	pd = rcu_dereference(po->direct);
	if (pd && !packet_direct_may_kick(&pd->pdq))
		packet_direct_top_up(&pd->pdq);
	rcu_read_unlock();
	return -EAGAIN;
}

/**
 * packet_direct_release() - the last descriptor and the last mapping are gone
 * @po: socket, hook off
 *
 * Context: lock_sock, may sleep.
 */
void packet_direct_release(struct packet_sock *po)
{
	struct packet_direct *pd = packet_direct_of(po);
	struct net_device *dev = NULL;

	if (!pd)
		return;
	if (pd->leased) {
		rtnl_lock();
		packet_direct_lock_device(pd->pdq.dev);
		dev = packet_direct_unlease(pd);
		packet_direct_unlock_device(dev);
		rtnl_unlock();
	}
	if (dev) {
		packet_direct_unmap_ring(pd);
		netdev_put(dev, &pd->pdq.dev_tracker);
	}
	packet_direct_remove(po);
}
