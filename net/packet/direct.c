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
#include <linux/packet_diag.h>
#include <linux/rtnetlink.h>
#include <net/busy_poll.h>
#include <net/netlink.h>
#include <net/sock.h>

#include "internal.h"

/* The errno of each reason: the one place where it is decided. */
static const u8 packet_direct_errno[] = {
	[PACKET_DIRECT_OK]		  = 0,
	[PACKET_DIRECT_BAD_SIZE]	  = EINVAL,
	[PACKET_DIRECT_UNKNOWN_FIELD]	  = E2BIG,
	[PACKET_DIRECT_BAD_FLAGS]	  = EINVAL,
	[PACKET_DIRECT_BAD_RESERVED]	  = EINVAL,
	[PACKET_DIRECT_BAD_ENTRIES]	  = EINVAL,
	[PACKET_DIRECT_BAD_SLOTS]	  = EINVAL,
	[PACKET_DIRECT_BAD_SLOT_SIZE]	  = EINVAL,
	[PACKET_DIRECT_BAD_SLOT_LEN]	  = EINVAL,
	[PACKET_DIRECT_BAD_PAYLOAD]	  = EINVAL,
	[PACKET_DIRECT_BAD_WAKE]	  = EINVAL,
	[PACKET_DIRECT_NO_TX_RING]	  = EOPNOTSUPP,
	[PACKET_DIRECT_NO_MEMORY]	  = ENOMEM,
	[PACKET_DIRECT_NOT_V4]		  = EINVAL,
	[PACKET_DIRECT_NO_RING]		  = EINVAL,
	[PACKET_DIRECT_RING_EXISTS]	  = EBUSY,
	[PACKET_DIRECT_RING_MAPPED]	  = EBUSY,
	[PACKET_DIRECT_RING_LEASED]	  = EBUSY,
	[PACKET_DIRECT_NOT_LEASED]	  = EINVAL,
	[PACKET_DIRECT_HAS_FANOUT]	  = EBUSY,
	[PACKET_DIRECT_HAS_RESERVE]	  = EINVAL,
	[PACKET_DIRECT_HAS_VNET_HDR]	  = EINVAL,
	[PACKET_DIRECT_NOT_RAW]		  = EINVAL,
	[PACKET_DIRECT_NOT_BOUND]	  = ENODEV,
	[PACKET_DIRECT_NOT_ALL]		  = EINVAL,
	[PACKET_DIRECT_FILTER_LOCKED]	  = EACCES,
	[PACKET_DIRECT_NOT_ADMIN]	  = EPERM,
	[PACKET_DIRECT_NO_DRIVER]	  = EOPNOTSUPP,
	[PACKET_DIRECT_NO_QUEUE]	  = ERANGE,
	[PACKET_DIRECT_QUEUE_LEASED]	  = EBUSY,
	[PACKET_DIRECT_QUEUE_XSK]	  = EBUSY,
	[PACKET_DIRECT_QUEUE_XDP]	  = EBUSY,
	[PACKET_DIRECT_QUEUE_PROVIDER]	  = EBUSY,
	[PACKET_DIRECT_QUEUE_SHARED_IRQ]  = EOPNOTSUPP,
	[PACKET_DIRECT_QUEUE_MODE]	  = EOPNOTSUPP,
	[PACKET_DIRECT_QUEUE_FORMAT]	  = EOPNOTSUPP,
	[PACKET_DIRECT_SLOT_GRANULE]	  = EINVAL,
	[PACKET_DIRECT_SLOT_TOO_SMALL]	  = EINVAL,
	[PACKET_DIRECT_SLOT_TOO_LARGE]	  = EINVAL,
	[PACKET_DIRECT_ENTRIES_TOO_FEW]	  = EINVAL,
	[PACKET_DIRECT_NO_SPLIT]	  = EOPNOTSUPP,
	[PACKET_DIRECT_UNRELIABLE]	  = EOPNOTSUPP,
	[PACKET_DIRECT_HEADER_TOO_SMALL]  = EINVAL,
	[PACKET_DIRECT_HEADER_TOO_LARGE]  = EINVAL,
	[PACKET_DIRECT_PAYLOAD_TOO_FEW]	  = EINVAL,
	[PACKET_DIRECT_DMABUF_MISSING]	  = EINVAL,
	[PACKET_DIRECT_DMABUF_UNUSED]	  = EINVAL,
	[PACKET_DIRECT_DMABUF_BAD_FD]	  = EBADF,
	[PACKET_DIRECT_DMABUF_ALIGN]	  = EINVAL,
	[PACKET_DIRECT_DMABUF_RANGE]	  = ERANGE,
	[PACKET_DIRECT_DMABUF_REFUSED]	  = EIO,
	[PACKET_DIRECT_DMABUF_SCATTERED]  = EINVAL,
	[PACKET_DIRECT_DMA_BOUNCE]	  = EOPNOTSUPP,
	[PACKET_DIRECT_DMA_FAILED]	  = EIO,
	[PACKET_DIRECT_DRIVER_FAILED]	  = EIO,
	[PACKET_DIRECT_INTERRUPTED]	  = EINTR,
};

/* How far struct tpacket4_info is about the lease, for which nobody has to be asked. */
#define PACKET_DIRECT_INFO_LEASE	offsetof(struct tpacket4_info, ti_queue_nr)

static int packet_direct_refuse(struct packet_sock *po,
				enum packet_direct_reason reason)
{
	WRITE_ONCE(po->direct_reason, reason);
	return -packet_direct_errno[reason];
}

/* Under lock_sock or pg_vec_lock, see direct.h. */
static struct packet_direct *packet_direct_of(const struct packet_sock *po)
{
	return rcu_dereference_protected(po->direct,
					 lockdep_sock_is_held(&po->sk) ||
					 lockdep_is_held(&po->pg_vec_lock));
}

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
	if (packet_direct_leased(po))
		return 2;
	return packet_sock_flag(po, PACKET_SOCK_RUNNING);
}

/* Takes the socket off the stack.  po->num is 0 until packet_direct_rehook(), so
 * that NETDEV_UP does not put it back meanwhile.
 */
static __be16 packet_direct_unhook(struct packet_sock *po, bool *was_running)
{
	__be16 num;

	spin_lock(&po->bind_lock);
	num = po->num;
	WRITE_ONCE(po->num, 0);
	*was_running = packet_sock_flag(po, PACKET_SOCK_RUNNING);
	unregister_prot_hook(&po->sk, false);
	spin_unlock(&po->bind_lock);
	synchronize_net();
	return num;
}

/* Puts the hook where NETDEV_UP and NETDEV_DOWN would have left it meanwhile.  A
 * device is marked up before the one is told and marked down before the other,
 * and both wait for bind_lock: what is missed here, they do.
 */
static void packet_direct_rehook(struct packet_sock *po, __be16 num,
				 bool was_running)
{
	struct net_device *dev;
	bool run;

	spin_lock(&po->bind_lock);
	WRITE_ONCE(po->num, num);
	dev = po->prot_hook.dev;
	if (dev)
		run = num && (READ_ONCE(dev->flags) & IFF_UP);
	else
		run = was_running && READ_ONCE(po->ifindex) != -1;
	if (run)
		register_prot_hook(&po->sk);
	else if (was_running)
		packet_direct_netdown(&po->sk);
	spin_unlock(&po->bind_lock);
}

/* Connects the socket to @pd, or to none.  Returns false when the ring that it
 * has is mapped.
 */
static bool packet_direct_swap_ring(struct packet_sock *po,
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
static bool packet_direct_exchange(struct packet_sock *po,
				   struct packet_direct *pd)
{
	bool was_running, done;
	__be16 num;

	num = packet_direct_unhook(po, &was_running);
	done = packet_direct_swap_ring(po, pd);
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
		packet_direct_exchange(po, pd);
	mutex_unlock(&fanout_mutex);
	return reason;
}

/* The caller made sure that no queue is leased.  A mapping is looked for before
 * the hook is taken off, too: a capture must not lose frames to a refusal.
 */
static enum packet_direct_reason packet_direct_remove(struct packet_sock *po)
{
	struct packet_direct *pd = packet_direct_of(po);

	if (atomic_long_read(&po->mapped))
		return PACKET_DIRECT_RING_MAPPED;
	if (!packet_direct_exchange(po, NULL))
		return PACKET_DIRECT_RING_MAPPED;
	synchronize_net();
	packet_direct_free(pd);
	return PACKET_DIRECT_OK;
}

static enum packet_direct_reason
packet_direct_remove_ring(struct packet_sock *po, struct tpacket_req4 *req)
{
	struct packet_direct *pd = packet_direct_of(po);

	req->tp_size = 0;
	if (memchr_inv(req, 0, sizeof(*req)))
		return PACKET_DIRECT_BAD_ENTRIES;
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

	pd = packet_direct_alloc(po, req, &reason);
	if (!pd)
		return reason;
	reason = packet_direct_install(po, pd);
	if (reason)
		packet_direct_free(pd);
	return reason;
}

/* A struct that begins with its size, by the rule that the uapi header has under
 * "Growing".  copy_struct_from_sockptr() does not look at the rest of one that is
 * longer than the kernel's.
 */
static int packet_direct_get_struct(struct packet_sock *po, void *to,
				    size_t size, sockptr_t optval,
				    unsigned int optlen)
{
	size_t len = min_t(size_t, size, optlen);
	u32 *said = to;
	int err;

	if (optlen < sizeof(*said) || optlen > PAGE_SIZE)
		return packet_direct_refuse(po, PACKET_DIRECT_BAD_SIZE);
	memset(to, 0, size);
	if (copy_from_sockptr(to, optval, len))
		return -EFAULT;
	if (*said != optlen)
		return packet_direct_refuse(po, PACKET_DIRECT_BAD_SIZE);

	err = check_zeroed_sockptr(optval, len, optlen - len);
	if (err < 0)
		return err;
	return err ? 0 : packet_direct_refuse(po, PACKET_DIRECT_UNKNOWN_FIELD);
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
	err = packet_direct_get_struct(po, &req, sizeof(req), optval, optlen);
	if (err)
		return err;

	if (req.tp_entry_nr)
		reason = packet_direct_add_ring(po, &req);
	else
		reason = packet_direct_remove_ring(po, &req);
	return packet_direct_refuse(po, reason);
}

/* The short form of PACKET_RX_DIRECT is the queue alone. */
static int packet_direct_get_arg(struct packet_sock *po,
				 struct tpacket4_direct *arg, sockptr_t optval,
				 unsigned int optlen)
{
	if (optlen == sizeof(arg->td_queue)) {
		memset(arg, 0, sizeof(*arg));
		return copy_from_sockptr(&arg->td_queue, optval, optlen) ?
		       -EFAULT : 0;
	}
	return packet_direct_get_struct(po, arg, sizeof(*arg), optval, optlen);
}

static enum packet_direct_reason
packet_direct_check_arg(const struct tpacket4_direct *arg)
{
	const u32 known = PACKET_DIRECT_RELEASE | PACKET_DIRECT_DMABUF |
			  PACKET_DIRECT_SPLIT_UNRELIABLE;
	bool release = arg->td_flags & PACKET_DIRECT_RELEASE;

	if ((arg->td_flags & ~known) ||
	    (release && arg->td_flags != PACKET_DIRECT_RELEASE))
		return PACKET_DIRECT_BAD_FLAGS;
	if (memchr_inv(arg->td_reserved, 0, sizeof(arg->td_reserved)))
		return PACKET_DIRECT_BAD_RESERVED;
	if (!(arg->td_flags & PACKET_DIRECT_DMABUF) &&
	    (arg->td_dmabuf_fd || arg->td_dmabuf_off || arg->td_dmabuf_len))
		return PACKET_DIRECT_BAD_RESERVED;
	if (release && arg->td_queue)
		return PACKET_DIRECT_BAD_RESERVED;
	return PACKET_DIRECT_OK;
}

/* Capability first: taking a queue away from the stack cuts off all others who
 * use the device, which CAP_NET_RAW, enough for a packet socket, must not do.
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
	if (memchr_inv(pd->pdq.ctrl->reserved1, 0,
		       sizeof(pd->pdq.ctrl->reserved1)))
		return PACKET_DIRECT_BAD_RESERVED;
	return PACKET_DIRECT_OK;
}

/* Others may hold it for seconds: whoever waits can be killed. */
static enum packet_direct_reason packet_direct_rtnl_lock(void)
{
	return rtnl_lock_killable() ? PACKET_DIRECT_INTERRUPTED :
				      PACKET_DIRECT_OK;
}

/* Whether there is a driver to be asked, for which RTNL is needed. */
static enum packet_direct_reason
packet_direct_check_driver(struct packet_sock *po, u32 *queues)
{
	enum packet_direct_reason reason = PACKET_DIRECT_NOT_BOUND;
	struct net_device *dev;

	spin_lock(&po->bind_lock);
	dev = po->prot_hook.dev;
	if (dev) {
		*queues = READ_ONCE(dev->real_num_rx_queues);
		reason = dev->packet_direct_ops ? PACKET_DIRECT_OK :
						  PACKET_DIRECT_NO_DRIVER;
	}
	spin_unlock(&po->bind_lock);
	return reason;
}

/* The bound device, if its queue may be leased, held so that it stays: its driver
 * cannot be unbound before it is put.
 */
static enum packet_direct_reason
packet_direct_hold(struct packet_sock *po, const struct tpacket4_direct *arg,
		   struct net_device **dev)
{
	struct packet_direct *pd = packet_direct_of(po);
	struct packet_direct_limits limits = {};
	enum packet_direct_reason reason;

	reason = packet_direct_rtnl_lock();
	if (reason)
		return reason;
	*dev = po->prot_hook.dev;
	reason = *dev ? packet_direct_check(pd, *dev, arg, &limits) :
			PACKET_DIRECT_NOT_BOUND;
	if (!reason)
		netdev_hold(*dev, &pd->pdq.dev_tracker, GFP_KERNEL);
	rtnl_unlock();
	return reason;
}

/* Takes the hook off for a lease.  It stays off while @pd->leased. */
static bool packet_direct_unhook_leased(struct packet_sock *po,
					struct packet_direct *pd)
{
	bool was_running;

	/* waits for a hook, too, that NETDEV_DOWN took off a moment ago */
	spin_lock(&po->bind_lock);
	was_running = packet_sock_flag(po, PACKET_SOCK_RUNNING);
	WRITE_ONCE(pd->leased, true);
	unregister_prot_hook(&po->sk, false);
	spin_unlock(&po->bind_lock);
	synchronize_net();
	return was_running;
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

/* What may have changed since packet_direct_hold() is looked at again, and all
 * that refuses a lease comes before the hook is taken off.
 */
static enum packet_direct_reason
packet_direct_start_lease(struct packet_sock *po, struct net_device *dev,
			  const struct tpacket4_direct *arg, bool *was_running)
{
	struct packet_direct *pd = packet_direct_of(po);
	struct packet_direct_limits limits = {};
	enum packet_direct_reason reason;

	reason = packet_direct_rtnl_lock();
	if (reason)
		return reason;
	reason = PACKET_DIRECT_NOT_BOUND;
	if (po->prot_hook.dev == dev)
		reason = packet_direct_check(pd, dev, arg, &limits);
	if (!reason && !packet_direct_watch_dmabuf(pd, true))
		reason = PACKET_DIRECT_DMABUF_REFUSED;
	if (!reason) {
		*was_running = packet_direct_unhook_leased(po, pd);
		reason = packet_direct_lease(pd, dev, arg->td_queue, &limits);
	}
	rtnl_unlock();
	return reason;
}

static enum packet_direct_reason
packet_direct_bind(struct packet_sock *po, const struct tpacket4_direct *arg)
{
	struct packet_direct *pd = packet_direct_of(po);
	enum packet_direct_reason reason;
	bool was_running = false;
	struct net_device *dev;

	reason = packet_direct_hold(po, arg, &dev);
	if (reason)
		return reason;
	reason = packet_direct_prepare(pd, dev, arg);
	if (reason)
		goto put;
	reason = packet_direct_start_lease(po, dev, arg, &was_running);
	if (!reason)
		return PACKET_DIRECT_OK;

	packet_direct_unprepare(pd);
	if (pd->quarantine)
		packet_direct_set_state(&pd->pdq, PACKET_DIRECT_LOST);
	else if (pd->leased)
		packet_direct_resume_copy(po, pd, was_running);
put:
	netdev_put(dev, &pd->pdq.dev_tracker);
	return reason;
}

/* A ring in quarantine stays lost: the stack must not write where a NIC may.  And
 * the release by a process that did not lease, such as a child that cleans up,
 * must not turn the capture of a queue into one of the whole device, behind the
 * back of the one that did: it loses the queue, and is told.
 */
static enum packet_direct_reason packet_direct_unbind(struct packet_sock *po)
{
	struct packet_direct *pd = packet_direct_of(po);
	enum packet_direct_reason reason;
	struct net_device *dev;
	bool was_up, mine;

	if (!pd || !pd->leased)
		return PACKET_DIRECT_NOT_LEASED;
	mine = pd->holder == task_tgid(current);

	reason = packet_direct_rtnl_lock();
	if (reason)
		return reason;
	dev = packet_direct_unlease(pd);
	was_up = dev && (dev->flags & IFF_UP);
	if (dev && !mine && !pd->quarantine)
		packet_direct_set_lost(pd);
	rtnl_unlock();

	if (dev) {
		packet_direct_unprepare(pd);
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

static int packet_direct_rx_direct(struct packet_sock *po, sockptr_t optval,
				   unsigned int optlen)
{
	enum packet_direct_reason reason;
	struct tpacket4_direct arg;
	u32 queues;
	int err;

	err = packet_direct_get_arg(po, &arg, optval, optlen);
	if (err)
		return err;

	reason = packet_direct_check_arg(&arg);
	if (!reason && !(arg.td_flags & PACKET_DIRECT_RELEASE))
		reason = packet_direct_check_sock(po, arg.td_flags) ?:
			 packet_direct_check_driver(po, &queues);
	if (reason)
		return packet_direct_refuse(po, reason);

	if (arg.td_flags & PACKET_DIRECT_RELEASE)
		reason = packet_direct_unbind(po);
	else
		reason = packet_direct_bind(po, &arg);
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
	if (limits->tstamp_ptp)
		info->ti_flags |= TPACKET4_INFO_TSTAMP_PTP;
	if (limits->split_unreliable)
		info->ti_flags |= TPACKET4_INFO_SPLIT_UNRELIABLE;
}

/* What only the driver knows.  Under RTNL. */
static void packet_direct_ask_driver(struct packet_sock *po,
				     struct packet_direct_limits *limits,
				     struct tpacket4_info *info)
{
	struct net_device *dev = po->prot_hook.dev;

	info->ti_queue_nr = 0;
	info->ti_query_reason = PACKET_DIRECT_NOT_BOUND;
	if (!dev)
		return;
	info->ti_queue_nr = dev->real_num_rx_queues;
	info->ti_query_reason = packet_direct_may_lease(dev, info->ti_query,
							limits);
	info->ti_query_pid = packet_direct_holder(dev, info->ti_query);
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
	info->ti_napi_id = packet_direct_napi_id(pdq);
}

/* RTNL may be held for seconds, by a driver that resets its device.  So it is only
 * taken for an answer that a driver has.
 */
static int packet_direct_look(struct packet_sock *po,
			      struct tpacket4_info *info, bool ask)
{
	struct packet_direct_limits limits = {};
	enum packet_direct_reason reason;

	info->ti_query_reason = packet_direct_check_driver(po,
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
		rtnl_unlock();
	}
	release_sock(&po->sk);
	packet_direct_tell_limits(&limits, info);
	return reason ? -EINTR : 0;
}

/* The driver's count, or with RTNL in other hands the last known one: whoever asks
 * for statistics must not wait for a device that is being reset.
 */
static void packet_direct_sync_missed(struct packet_direct_queue *pdq)
{
	struct net_device *dev;

	if (!READ_ONCE(to_packet_direct(pdq)->ifindex) || !rtnl_trylock())
		return;
	dev = pdq->dev;
	if (dev && dev->packet_direct_ops->sync_stats)
		dev->packet_direct_ops->sync_stats(dev, pdq->queue, pdq);
	rtnl_unlock();
}

/* Under pg_vec_lock: lock_sock may be held by somebody who waits for RTNL. */
static int packet_direct_get_stats(struct packet_sock *po,
				   struct tpacket4_stats *stats)
{
	struct packet_direct *pd = packet_direct_of(po);
	struct packet_direct_queue *pdq;

	if (!pd)
		return -EINVAL;
	pdq = &pd->pdq;

	packet_direct_sync_missed(pdq);
	packet_direct_slots(pdq, stats);
	stats->ts_quarantined = packet_direct_quarantined();
	stats->ts_packets = READ_ONCE(pdq->packets);
	stats->ts_bytes = READ_ONCE(pdq->bytes);
	stats->ts_drop_nic = atomic64_read(&pdq->missed);
	stats->ts_drop_no_slot = READ_ONCE(pdq->drop_no_slot);
	stats->ts_drop_too_long = READ_ONCE(pdq->drop_too_long);
	stats->ts_drop_error = READ_ONCE(pdq->drop_error);
	stats->ts_unsplit = READ_ONCE(pdq->unsplit);
	stats->ts_drop_filter = READ_ONCE(pdq->drop_filter);
	stats->ts_drop_down = READ_ONCE(pdq->drop_down);
	stats->ts_bad_slot = READ_ONCE(pdq->bad_slot);
	stats->ts_bad_cons = READ_ONCE(pdq->bad_cons);
	stats->ts_batches = READ_ONCE(pdq->batches);
	stats->ts_wakeups = atomic64_read(&pdq->wakeups);
	stats->ts_dry = READ_ONCE(pdq->dry);
	return 0;
}

/* Copies a sized struct to user space: as much as there is room for. */
static int packet_direct_put_user(char __user *optval, int __user *optlen,
				  const void *from, int size)
{
	int len;

	if (get_user(len, optlen))
		return -EFAULT;
	if (len < (int)sizeof(__u32))
		return -EINVAL;
	len = min(len, size);
	if (put_user(len, optlen) || copy_to_user(optval, from, len))
		return -EFAULT;
	return 0;
}

static int packet_direct_get_info(struct packet_sock *po, char __user *optval,
				  int __user *optlen)
{
	struct tpacket4_info in, info = {};
	int len, err;

	if (get_user(len, optlen))
		return -EFAULT;
	if (len < (int)sizeof(info.ti_size) || len > PAGE_SIZE)
		return -EINVAL;
	err = copy_struct_from_user(&in, sizeof(in), optval, len);
	if (err)
		return err;

	info.ti_size = sizeof(info);
	info.ti_query = in.ti_query;
	info.ti_reason = READ_ONCE(po->direct_reason);
	err = packet_direct_look(po, &info, len > PACKET_DIRECT_INFO_LEASE);
	if (err)
		return err;
	return packet_direct_put_user(optval, optlen, &info, sizeof(info));
}

static int packet_direct_get_layout(struct packet_sock *po,
				    char __user *optval, int __user *optlen)
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
	return packet_direct_put_user(optval, optlen, &layout, sizeof(layout));
}

static int packet_direct_get_v4_stats(struct packet_sock *po,
				      char __user *optval, int __user *optlen)
{
	struct tpacket4_stats stats = { .ts_size = sizeof(stats) };
	int err;

	mutex_lock(&po->pg_vec_lock);
	err = packet_direct_get_stats(po, &stats);
	mutex_unlock(&po->pg_vec_lock);

	return err ?: packet_direct_put_user(optval, optlen, &stats,
					     sizeof(stats));
}

int packet_direct_getsockopt(struct packet_sock *po, int optname,
			     char __user *optval, int __user *optlen)
{
	switch (optname) {
	case PACKET_RX_RING:
		if (READ_ONCE(po->tp_version) != TPACKET_V4)
			return -ENOPROTOOPT;
		return packet_direct_get_layout(po, optval, optlen);
	case PACKET_RX_DIRECT:
		return packet_direct_get_info(po, optval, optlen);
	case PACKET_V4_STATISTICS:
		return packet_direct_get_v4_stats(po, optval, optlen);
	}
	return -ENOPROTOOPT;
}

/**
 * packet_direct_statistics() - PACKET_STATISTICS: what came since the last call
 * @po: socket
 * @stats: tp_packets is added to
 * @drops: added to
 *
 * Context: process.
 */
void packet_direct_statistics(struct packet_sock *po,
			      union tpacket_stats_u *stats, int *drops)
{
	struct tpacket4_stats now = {};
	struct packet_direct *pd;
	u64 lost;

	if (!packet_direct_ring(po))
		return;
	mutex_lock(&po->pg_vec_lock);
	pd = packet_direct_of(po);
	if (pd && !packet_direct_get_stats(po, &now)) {
		lost = now.ts_drop_nic + now.ts_drop_no_slot +
		       now.ts_drop_too_long;
		stats->stats1.tp_packets += now.ts_packets - pd->stat_packets;
		*drops += lost - pd->stat_drops;
		pd->stat_packets = now.ts_packets;
		pd->stat_drops = lost;
	}
	mutex_unlock(&po->pg_vec_lock);
}

static void packet_direct_vm_open(struct vm_area_struct *vma)
{
	struct socket *sock = vma->vm_file->private_data;

	if (sock->sk)
		atomic_long_inc(&pkt_sk(sock->sk)->mapped);
}

static void packet_direct_vm_close(struct vm_area_struct *vma)
{
	struct socket *sock = vma->vm_file->private_data;

	if (sock->sk)
		atomic_long_dec(&pkt_sk(sock->sk)->mapped);
}

static const struct vm_operations_struct packet_direct_vm_ops = {
	.open	= packet_direct_vm_open,
	.close	= packet_direct_vm_close,
};

/* Which part of the ring an area is of.  Slots that no process may write to have
 * an area of their own.
 */
static bool packet_direct_check_area(const struct packet_direct *pd,
				     struct vm_area_struct *vma)
{
	u64 off = (u64)vma->vm_pgoff << PAGE_SHIFT;
	u64 end = off + (vma->vm_end - vma->vm_start);
	u64 slots = pd->layout.tl_slot_off;

	if (!(vma->vm_flags & VM_SHARED))
		return false;
	if (!(pd->flags & TPACKET4_SLOTS_READ_ONLY))
		return !off && end == pd->layout.tl_map_len;
	if (!off)
		return end == slots;
	if (off != slots || end != pd->layout.tl_map_len ||
	    (vma->vm_flags & VM_WRITE))
		return false;
	vm_flags_clear(vma, VM_MAYWRITE);
	return true;
}

int packet_direct_mmap(struct packet_sock *po, struct vm_area_struct *vma)
{
	struct packet_direct *pd;
	int err = -EINVAL;

	mutex_lock(&po->pg_vec_lock);
	pd = rcu_dereference_protected(po->direct,
				       lockdep_is_held(&po->pg_vec_lock));
	if (!pd || !packet_direct_check_area(pd, vma))
		goto out;

	err = packet_direct_insert_pages(pd, vma);
	if (err)
		goto out;
	atomic_long_inc(&po->mapped);
	vma->vm_ops = &packet_direct_vm_ops;
out:
	mutex_unlock(&po->pg_vec_lock);
	return err;
}

/* User space may ask for the kick without a look at the flag of its own. */
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
		sk_busy_loop(sk, 1);

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
		dev = packet_direct_unlease(pd);
		rtnl_unlock();
	}
	if (dev) {
		packet_direct_unprepare(pd);
		netdev_put(dev, &pd->pdq.dev_tracker);
	}
	packet_direct_remove(po);
}

/**
 * packet_direct_diag() - the ring and its lease for sock_diag
 * @po: socket
 * @nlskb: message
 *
 * Context: sklist_lock, may sleep.
 * Return: 0 or -EMSGSIZE.
 */
int packet_direct_diag(struct packet_sock *po, struct sk_buff *nlskb)
{
	struct packet_diag_direct info = {};
	struct packet_direct *pd;

	mutex_lock(&po->pg_vec_lock);
	pd = rcu_dereference_protected(po->direct,
				       lockdep_is_held(&po->pg_vec_lock));
	if (pd) {
		info.pdd_state = READ_ONCE(pd->pdq.state);
		info.pdd_queue = READ_ONCE(pd->pdq.queue);
		info.pdd_entry_nr = pd->layout.tl_entry_nr;
		info.pdd_slot_nr = pd->layout.tl_slot_nr;
		info.pdd_slot_size = 1U << pd->layout.tl_slot_shift;
		info.pdd_slot_len = pd->layout.tl_slot_len;
		info.pdd_payload_nr = pd->layout.tl_payload_nr;
		info.pdd_payload_size = pd->layout.tl_payload_nr ?
					1U << pd->layout.tl_payload_shift : 0;
		info.pdd_payload_len = pd->layout.tl_payload_len;
	}
	mutex_unlock(&po->pg_vec_lock);

	return pd ? nla_put(nlskb, PACKET_DIAG_DIRECT, sizeof(info), &info) : 0;
}
EXPORT_SYMBOL_GPL(packet_direct_diag);
