// SPDX-License-Identifier: GPL-2.0
/*
 * Who has what: rings and leases as sock_diag and the netdev family of generic
 * netlink show them.
 */
#include <linux/packet_diag.h>
#include <linux/rtnetlink.h>
#include <net/netdev_rx_queue.h>
#include <net/netlink.h>
#include <net/sock.h>
#include <uapi/linux/netdev.h>

#include "internal.h"

static int packet_direct_tell_ring(const struct packet_direct *pd,
				   struct sk_buff *nlskb)
{
	const struct tpacket4_layout *layout = &pd->layout;
	struct packet_diag_direct info = {
		.pdd_state	  = READ_ONCE(pd->pdq.state),
		.pdd_queue	  = READ_ONCE(pd->pdq.queue),
		.pdd_entry_nr	  = layout->tl_entry_nr,
		.pdd_slot_nr	  = layout->tl_slot_nr,
		.pdd_slot_size	  = 1U << layout->tl_slot_shift,
		.pdd_slot_len	  = layout->tl_slot_len,
		.pdd_payload_nr	  = layout->tl_payload_nr,
		.pdd_payload_size = layout->tl_payload_nr ?
				    1U << layout->tl_payload_shift : 0,
		.pdd_payload_len  = layout->tl_payload_len,
		.pdd_ifindex	  = READ_ONCE(pd->ifindex),
	};

	packet_direct_tell_steering(pd, &info.pdd_steering,
				    &info.pdd_steering_lost,
				    &info.pdd_steering_moves);
	return nla_put(nlskb, PACKET_DIAG_DIRECT, sizeof(info), &info);
}

static int packet_direct_tell_stats(struct packet_sock *po,
				    struct sk_buff *nlskb)
{
	struct tpacket4_stats stats;

	packet_direct_get_stats(po, &stats);
	return nla_put(nlskb, PACKET_DIAG_DIRECT_STATS, sizeof(stats), &stats);
}

/**
 * packet_direct_diag() - the ring, its lease and its counters for sock_diag
 * @po: socket
 * @show: PACKET_SHOW_*
 * @nlskb: message
 *
 * Waits for nobody who configures a device.
 *
 * Context: sklist_lock, may sleep.
 * Return: 0 or -EMSGSIZE.
 */
int packet_direct_diag(struct packet_sock *po, u32 show, struct sk_buff *nlskb)
{
	struct packet_direct *pd;
	int err = 0;

	mutex_lock(&po->pg_vec_lock);
	pd = packet_direct_of(po);
	if (pd && (show & PACKET_SHOW_RING_CFG))
		err = packet_direct_tell_ring(pd, nlskb);
	if (pd && !err && (show & PACKET_SHOW_DIRECT_STATS))
		err = packet_direct_tell_stats(po, nlskb);
	mutex_unlock(&po->pg_vec_lock);
	return err;
}
EXPORT_SYMBOL_GPL(packet_direct_diag);

int packet_direct_tell_queue(struct sk_buff *rsp, const struct net_device *dev,
			     unsigned int queue)
{
	struct packet_direct_queue *pdq;
	struct nlattr *nest;

	if (!packet_direct_claimed(dev, queue))
		return 0;

	pdq = dev->_rx[queue].direct_claim;
	nest = nla_nest_start(rsp, NETDEV_A_QUEUE_PACKET_DIRECT);
	if (!nest || nla_put_u32(rsp, NETDEV_A_PACKET_DIRECT_INFO_INODE,
				 sock_i_ino(pdq->sk)))
		return -EMSGSIZE;
	nla_nest_end(rsp, nest);
	return 0;
}
