// SPDX-License-Identifier: GPL-2.0
/*
 * setsockopt(PACKET_RX_DIRECT): a socket gets an RX queue, in one step or in two, and
 * gives it back.
 */
#include <linux/capability.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "internal.h"

/* Capability first.  CAP_NET_RAW is enough for a packet socket, but not for this:
 * taking a queue away from the stack cuts off all others who use the device.
 */
static enum packet_direct_reason
packet_direct_check_sock(const struct packet_sock *po, u32 flags)
{
	const struct packet_direct *pd = packet_direct_of(po);

	if (!ns_capable(sock_net(&po->sk)->user_ns, CAP_NET_ADMIN))
		return PACKET_DIRECT_NOT_ADMIN;
	if (po->tp_version != TPACKET_V4)
		return PACKET_DIRECT_NOT_V4;
	if (!pd)
		return PACKET_DIRECT_NO_RING;
	if (pd->leased)
		return PACKET_DIRECT_RING_LEASED;
	if (po->sk.sk_type != SOCK_RAW)
		return PACKET_DIRECT_NOT_RAW;
	if (READ_ONCE(po->ifindex) <= 0)
		return PACKET_DIRECT_NOT_BOUND;
	if (po->num != htons(ETH_P_ALL))
		return PACKET_DIRECT_NOT_ALL;
	if (sock_flag(&po->sk, SOCK_FILTER_LOCKED))
		return PACKET_DIRECT_FILTER_LOCKED;
	if (pd->pdq.payload_external && !(flags & PACKET_DIRECT_DMABUF))
		return PACKET_DIRECT_DMABUF_MISSING;
	if (!pd->pdq.payload_external && (flags & PACKET_DIRECT_DMABUF))
		return PACKET_DIRECT_DMABUF_UNUSED;
	if (pd->pdq.payload_external &&
	    (flags & (PACKET_DIRECT_TEE | PACKET_DIRECT_PASS)))
		return PACKET_DIRECT_STACK_DMABUF;
	if (memchr_inv(pd->pdq.ctrl->reserved1, 0,
		       sizeof(pd->pdq.ctrl->reserved1)))
		return PACKET_DIRECT_BAD_RESERVED;
	return PACKET_DIRECT_OK;
}

/**
 * packet_direct_rtnl_lock() - take RTNL, which others may hold for seconds
 *
 * Context: may sleep.
 * Return: PACKET_DIRECT_OK, or PACKET_DIRECT_INTERRUPTED when the caller is killed.
 */
enum packet_direct_reason packet_direct_rtnl_lock(void)
{
	return rtnl_lock_killable() ? PACKET_DIRECT_INTERRUPTED :
				      PACKET_DIRECT_OK;
}

/**
 * packet_direct_check_driver() - is there a driver to be asked, under RTNL
 * @po: socket
 * @flags: as for packet_direct_find_ops()
 * @queues: set to the RX queues of its device
 *
 * Context: any but interrupt.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason
packet_direct_check_driver(struct packet_sock *po, u32 flags, u32 *queues)
{
	enum packet_direct_reason reason = PACKET_DIRECT_NOT_BOUND;
	struct net_device *dev;

	spin_lock(&po->bind_lock);
	dev = po->prot_hook.dev;
	if (dev) {
		*queues = READ_ONCE(dev->real_num_rx_queues);
		reason = packet_direct_find_ops(dev, flags) ? PACKET_DIRECT_OK :
							      packet_direct_no_ops(flags);
	}
	spin_unlock(&po->bind_lock);
	return reason;
}

/* Is @dev, which is locked, bound, and may its queue be leased?  Under RTNL. */
static enum packet_direct_reason
packet_direct_check_bound(struct packet_sock *po, struct net_device *dev,
			  const struct tpacket4_direct *arg,
			  struct packet_direct_limits *limits)
{
	if (!dev || po->prot_hook.dev != dev)
		return PACKET_DIRECT_NOT_BOUND;
	return packet_direct_check(packet_direct_of(po), dev, arg, limits);
}

/* The bound device, if its queue may be leased.  It is held, so that it stays, and
 * with it its driver.
 */
static enum packet_direct_reason
packet_direct_hold(struct packet_sock *po, const struct tpacket4_direct *arg,
		   struct net_device **dev, struct packet_direct_limits *limits)
{
	struct packet_direct *pd = packet_direct_of(po);
	enum packet_direct_reason reason;

	reason = packet_direct_rtnl_lock();
	if (reason)
		return reason;
	*dev = po->prot_hook.dev;
	packet_direct_lock_device(*dev);
	reason = packet_direct_check_bound(po, *dev, arg, limits);
	packet_direct_unlock_device(*dev);
	if (!reason)
		netdev_hold(*dev, &pd->pdq.dev_tracker, GFP_KERNEL);
	rtnl_unlock();
	return reason;
}

/* The ring is filled by copy again. */
static void packet_direct_resume_copy(struct packet_sock *po,
				      struct packet_direct *pd,
				      bool was_running)
{
	if (pd->pdq.state != PACKET_DIRECT_COPY)
		packet_direct_set_state(&pd->pdq, PACKET_DIRECT_COPY);
	packet_direct_set_polled(pd, false);
	WRITE_ONCE(pd->leased, false);
	packet_direct_rehook(po, po->num, was_running);
}

/* What follows the claim: nothing yet, or the beginning. */
static enum packet_direct_reason
packet_direct_second_step(struct packet_direct *pd, u32 flags)
{
	enum packet_direct_reason reason;
	LIST_HEAD(pds);

	if (flags & PACKET_DIRECT_PREPARE) {
		packet_direct_set_state(&pd->pdq, PACKET_DIRECT_PREPARED);
		return PACKET_DIRECT_OK;
	}
	list_add(&pd->together, &pds);
	reason = packet_direct_begin(&pds);
	list_del_init(&pd->together);
	if (reason)
		packet_direct_unclaim(pd);
	return reason;
}

/* Looks again at what may have changed since packet_direct_hold().  All that refuses
 * a lease comes before the hook is taken off.
 */
static enum packet_direct_reason
packet_direct_first_step(struct packet_sock *po, struct net_device *dev,
			 const struct tpacket4_direct *arg, bool *was_running)
{
	struct packet_direct *pd = packet_direct_of(po);
	struct packet_direct_limits limits = {};
	enum packet_direct_reason reason;

	reason = packet_direct_rtnl_lock();
	if (reason)
		return reason;
	netdev_lock_ops(dev);
	reason = packet_direct_check_bound(po, dev, arg, &limits);
	if (!reason && !packet_direct_watch_dmabuf(pd, packet_direct_lose))
		reason = PACKET_DIRECT_DMABUF_REFUSED;
	if (!reason)
		reason = packet_direct_keep_reserve(pd, dev, arg->td_flags,
						    limits.post_min);
	if (!reason) {
		reason = packet_direct_steer(pd, dev, arg);
		if (reason)
			packet_direct_drop_reserve(pd);
	}
	if (!reason) {
		*was_running = packet_direct_unhook_leased(po, pd);
		packet_direct_claim(pd, dev, arg, &limits);
		reason = packet_direct_second_step(pd, arg->td_flags);
	}
	netdev_unlock_ops(dev);
	rtnl_unlock();
	return reason;
}

static enum packet_direct_reason
packet_direct_bind(struct packet_sock *po, const struct tpacket4_direct *arg)
{
	struct packet_direct *pd = packet_direct_of(po);
	struct packet_direct_limits limits = {};
	enum packet_direct_reason reason;
	bool was_running = false;
	struct net_device *dev;

	reason = packet_direct_hold(po, arg, &dev, &limits);
	if (reason)
		return reason;
	reason = packet_direct_map_ring(pd, dev, limits.dma_dev, arg);
	if (reason)
		goto put;
	reason = packet_direct_first_step(po, dev, arg, &was_running);
	if (!reason)
		return PACKET_DIRECT_OK;

	packet_direct_unmap_ring(pd);
	if (pd->quarantine)
		packet_direct_set_state(&pd->pdq, PACKET_DIRECT_LOST);
	else if (pd->leased)
		packet_direct_resume_copy(po, pd, was_running);
put:
	netdev_put(dev, &pd->pdq.dev_tracker);
	return reason;
}

/* The prepared leases of this socket and its peers begin, or none does. */
static enum packet_direct_reason
packet_direct_begin_peers(struct packet_sock *po, const s32 *fds, u32 nr)
{
	struct packet_direct *pd = packet_direct_of(po), *next;
	enum packet_direct_reason reason;
	struct net_device *dev;
	LIST_HEAD(pds);

	if (!pd)
		return PACKET_DIRECT_NOT_PREPARED;
	reason = packet_direct_rtnl_lock();
	if (reason)
		return reason;
	dev = pd->pdq.dev;
	packet_direct_lock_device(dev);
	reason = packet_direct_gather_prepared(pd, fds, nr, &pds);
	if (!reason)
		reason = packet_direct_begin(&pds);
	list_for_each_entry_safe(pd, next, &pds, together) {
		list_del_init(&pd->together);
		if (reason && pd->pdq.unconfirmed)
			packet_direct_lose(pd);
	}
	packet_direct_unlock_device(dev);
	rtnl_unlock();
	return reason;
}

/* The leases of this socket's peers end, and its own queue is stopped with theirs.
 * Under RTNL.
 */
static enum packet_direct_reason
packet_direct_end_peers(struct packet_direct *pd, const s32 *fds, u32 nr)
{
	enum packet_direct_reason reason;
	struct packet_direct *next;
	LIST_HEAD(pds);

	reason = packet_direct_gather_leased(pd, fds, nr, &pds);
	if (!reason)
		packet_direct_stop(&pds);
	list_del_init(&pd->together);
	list_for_each_entry_safe(pd, next, &pds, together) {
		list_del_init(&pd->together);
		if (!reason)
			packet_direct_lose(pd);
	}
	return reason;
}

/* A ring in quarantine stays lost: the stack must not write where a NIC may.
 *
 * A process that did not lease may release, such as a child that cleans up.  That
 * must not turn the capture of a queue into one of the whole device behind the back
 * of the process that did.  It loses the queue, and is told.
 */
static enum packet_direct_reason
packet_direct_unbind(struct packet_sock *po, const s32 *fds, u32 nr)
{
	struct packet_direct *pd = packet_direct_of(po);
	struct net_device *dev, *locked;
	enum packet_direct_reason reason;
	bool was_up, mine;

	if (!pd || !pd->leased)
		return PACKET_DIRECT_NOT_LEASED;
	mine = pd->holder == task_tgid(current);

	reason = packet_direct_rtnl_lock();
	if (reason)
		return reason;
	locked = pd->pdq.dev;
	packet_direct_lock_device(locked);
	if (nr)
		reason = packet_direct_end_peers(pd, fds, nr);
	dev = reason ? NULL : packet_direct_unlease(pd);
	was_up = dev && (dev->flags & IFF_UP);
	if (dev && !mine && !pd->quarantine)
		packet_direct_set_lost(pd);
	packet_direct_unlock_device(locked);
	rtnl_unlock();
	if (reason)
		return reason;

	if (dev) {
		packet_direct_unmap_ring(pd);
		netdev_put(dev, &pd->pdq.dev_tracker);
	}
	if (pd->quarantine) {
		packet_direct_set_state(&pd->pdq, PACKET_DIRECT_LOST);
		return PACKET_DIRECT_DRIVER_FAILED;
	}
	if (!mine)
		return dev ? PACKET_DIRECT_OK : PACKET_DIRECT_NOT_LEASED;
	packet_direct_resume_copy(po, pd, was_up);
	return PACKET_DIRECT_OK;
}

/* With the flow rules that user space passes. */
static int packet_direct_bind_rules(struct packet_sock *po,
				    const struct tpacket4_direct *arg)
{
	struct packet_direct_steer *steer = &packet_direct_of(po)->steer;
	enum packet_direct_reason reason;
	int err;

	err = packet_direct_get_rules(po, steer, arg);
	if (err)
		return err;
	reason = packet_direct_bind(po, arg);
	if (reason)
		packet_direct_free_rules(steer);
	return packet_direct_refuse(po, reason);
}

/**
 * packet_direct_rx_direct() - setsockopt(PACKET_RX_DIRECT)
 * @po: socket
 * @optval: of setsockopt()
 * @optlen: likewise
 *
 * Context: lock_sock.
 * Return: 0 or -errno.
 */
int packet_direct_rx_direct(struct packet_sock *po, sockptr_t optval,
			    unsigned int optlen)
{
	enum packet_direct_reason reason;
	struct tpacket4_direct arg;
	s32 *fds = NULL;
	u32 queues;
	int err;

	err = packet_direct_get_arg(po, &arg, optval, optlen);
	if (err)
		return err;

	reason = packet_direct_check_arg(&arg);
	if (!reason && !(arg.td_flags & (PACKET_DIRECT_RELEASE |
					 PACKET_DIRECT_BEGIN)))
		reason = packet_direct_check_sock(po, arg.td_flags) ?:
			 packet_direct_check_driver(po, arg.td_flags, &queues);
	if (reason)
		return packet_direct_refuse(po, reason);
	if (!(arg.td_flags & (PACKET_DIRECT_RELEASE | PACKET_DIRECT_BEGIN)))
		return packet_direct_bind_rules(po, &arg);

	err = packet_direct_get_peers(po, &arg, &fds);
	if (err)
		return err;
	if (arg.td_flags & PACKET_DIRECT_RELEASE)
		reason = packet_direct_unbind(po, fds, arg.td_peer_nr);
	else
		reason = packet_direct_begin_peers(po, fds, arg.td_peer_nr);
	kfree(fds);
	return packet_direct_refuse(po, reason);
}
