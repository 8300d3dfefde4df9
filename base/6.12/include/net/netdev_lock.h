/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What Linux 7.3 has and 6.12 has not, as far as PACKET_RX_DIRECT uses it.
 *
 * This is the one file that makes 6.12 look like 7.3.  It has the name of the header that
 * our files include on 7.3 for the instance lock, so none of them has to know of it.
 */
#ifndef _NET_NETDEV_LOCK_H
#define _NET_NETDEV_LOCK_H

#include <linux/dma-buf.h>
#include <linux/ethtool.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/timer.h>
#include <linux/uio.h>

/* ---- Devices have no lock of their own for their operations: RTNL is it. ---- */

static inline bool netdev_need_ops_lock(const struct net_device *dev)
{
	return false;
}

static inline bool netdev_trylock(struct net_device *dev)
{
	return true;
}

static inline void netdev_lock_ops(struct net_device *dev)
{
}

static inline void netdev_unlock_ops(struct net_device *dev)
{
}

static inline bool netdev_is_locked_ops_compat(const struct net_device *dev)
{
	return lockdep_rtnl_is_held();
}

static inline void netdev_assert_locked_ops_compat(const struct net_device *dev)
{
	ASSERT_RTNL();
}

#define napi_enable_locked(napi)	napi_enable(napi)
#define napi_disable_locked(napi)	napi_disable(napi)

/* ---- Queues are not leased to virtual devices. ---- */

static inline bool netif_rxq_is_leased(struct net_device *dev, unsigned int queue)
{
	return false;
}

/* ---- RSS ---- */

static inline int ethtool_get_rx_ring_count(struct net_device *dev)
{
	struct ethtool_rxnfc info = { .cmd = ETHTOOL_GRXRINGS };
	int err = -EOPNOTSUPP;

	if (dev->ethtool_ops->get_rxnfc)
		err = dev->ethtool_ops->get_rxnfc(dev, &info, NULL);
	return err ?: min_t(u64, info.data, INT_MAX);
}

static inline void packet_direct_set_user_size(struct net_device *dev, u32 entries)
{
	if (entries)
		dev->priv_flags |= IFF_RXFH_CONFIGURED;
	else
		dev->priv_flags &= ~IFF_RXFH_CONFIGURED;
}

#define packet_direct_set_user_size packet_direct_set_user_size

/* ---- getsockopt() ---- */

/* Later 6.12.y have the type, but hand it to no packet socket. */
struct packet_direct_sockopt {
	struct iov_iter iter_in;
	struct iov_iter iter_out;
	int optlen;
};

#define sockopt_t struct packet_direct_sockopt

struct packet_sock;

#if IS_ENABLED(CONFIG_PACKET_RX_DIRECT)

int packet_direct_getsockopt(struct packet_sock *po, int optname, sockopt_t *opt);

static inline int packet_direct_getsockopt_user(struct packet_sock *po, int optname,
						char __user *optval,
						int __user *optlen)
{
	sockopt_t opt;
	int err;

	if (get_user(opt.optlen, optlen))
		return -EFAULT;
	if (opt.optlen < 0)
		return -EINVAL;
	iov_iter_ubuf(&opt.iter_in, ITER_SOURCE, optval, opt.optlen);
	iov_iter_ubuf(&opt.iter_out, ITER_DEST, optval, opt.optlen);
	err = packet_direct_getsockopt(po, optname, &opt);
	return err ?: put_user(opt.optlen, optlen);
}

#else

static inline int packet_direct_getsockopt_user(struct packet_sock *po, int optname,
						char __user *optval,
						int __user *optlen)
{
	return -ENOPROTOOPT;
}

#endif

/* ---- AF_XDP: the number of the NAPI instance is in struct xdp_rxq_info ---- */

#define xsk_direct_napi_id(pool)	xsk_pool_get_napi_id(pool)

/* ---- Timers ---- */

static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}

#define timer_container_of(var, timer, field) \
	container_of(timer, typeof(*(var)), field)

/* ---- Drivers map no huge pages that are counted like others. ---- */

static inline vm_fault_t vmf_insert_folio_pmd(struct vm_fault *vmf, struct folio *folio,
					      bool write)
{
	return VM_FAULT_FALLBACK;
}

struct packet_direct;

static inline bool packet_direct_can_be_huge(const struct packet_direct *pd,
					     const struct vm_area_struct *vma)
{
	return false;
}

#define packet_direct_can_be_huge packet_direct_can_be_huge

/* ---- dma-buf ---- */

#define invalidate_mappings		move_notify
#define dma_buf_invalidate_mappings(dmabuf) dma_buf_move_notify(dmabuf)

#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns)		MODULE_INFO(import_ns, ns)

/* ---- Drivers ---- */

#define ixgbe_from_netdev(netdev) \
	((struct ixgbe_adapter *)netdev_priv(netdev))
#define ixgbe_ring_state(ring)		(&(ring)->state)

struct ixgbe_hw;

static inline void ixgbe_direct_set_mdd(struct ixgbe_hw *hw, bool on)
{
}

#define ixgbe_direct_set_mdd ixgbe_direct_set_mdd

#endif
