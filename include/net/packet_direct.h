/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PACKET_RX_DIRECT: the contract between the core and a driver that lets a packet
 * socket have an RX queue.
 *
 * The side of user space is include/uapi/linux/if_packet_v4.h.  How to add a driver
 * is told in Documentation/networking/packet_direct_driver.rst.
 *
 * DOC: driver contract
 *
 * A driver sets &net_device.packet_direct_ops.  Wherever it (re)configures an RX
 * ring it asks packet_direct_lookup().  The ring of a leased queue is filled and
 * cleaned with the verbs below instead of the driver's own buffers.  The driver
 * keeps no state of its own, so a lease survives reset, MTU, ring size and channel
 * changes, and down and up, as any other setting does.
 *
 *	configure ring	packet_direct_lookup(), packet_direct_ring_up(), fill
 *	fill		packet_direct_reclaim(), packet_direct_post() per buffer,
 *			the tail register once
 *	poll (NAPI)	packet_direct_batch_begin(),
 *			packet_direct_deliver() for what the NIC completed,
 *			packet_direct_batch_end(),
 *			fill, while (packet_direct_must_refill()) fill
 *	stop ring	deliver what the NIC had completed, as in a poll, but do not
 *			fill: packet_direct_drain(); packet_direct_ring_down()
 *
 * A buffer of the NIC is one slot, or with header split a slot and a payload slot.
 * The NIC may complete buffers in any order.  Each slot that the driver posts
 * comes back once: by packet_direct_deliver(), or by packet_direct_ring_down(),
 * which takes all that are left.
 *
 * Several leases of a device may begin or end at once.  Then packet_direct_lookup() of
 * all these queues changes first, and @bind or @unbind is called for one after the
 * other.  So a call may find that other queues of the device change hands, too: it
 * leaves them as they are, which is simple, or restarts them with its own, where one
 * restart costs as much as many.
 *
 * One NAPI context at a time works on a queue, so nothing here takes a lock.  A poll
 * with a budget of 0, as netpoll's, must not come here.
 *
 * "RTNL" in the contexts below means RTNL, or the instance lock of a device that has one
 * for its operations: a driver may restart a ring under either.  Leases begin and end
 * under both.
 *
 * <net/packet_direct_queue.h> has the inline verbs; packet_direct_napi_poll(),
 * packet_direct_refill() and packet_direct_drain(), which are the loops of "poll",
 * "fill" and "stop ring" above for a driver that has two functions for them; and for
 * the busiest loops the fast lane, which does the work of packet_direct_deliver() with
 * the state of the queue in registers.
 */
#ifndef _NET_PACKET_DIRECT_H
#define _NET_PACKET_DIRECT_H

#include <linux/if_packet.h>
#include <linux/jump_label_ratelimit.h>
#include <linux/netdevice.h>
#include <linux/stddef.h>
#include <net/netdev_lock.h>

struct bpf_prog;
struct bpf_xdp_link;
struct ethtool_rxfh_param;
struct ethtool_rxnfc;
struct genl_info;
struct sk_buff;
struct packet_direct_queue;
struct xsk_buff_pool;

/**
 * struct packet_direct_limits - what one queue can do
 * @dma_dev:	the device that does the DMA; NULL: none does, the driver writes to
 *		the slots with the CPU
 * @granule:	tp_slot_len has to be a multiple of this many bytes
 * @len_min:	smallest tp_slot_len
 * @len_max:	bytes of a slot that the NIC can use at most
 * @split_min:	smallest tp_slot_len for header split.  With header split @granule,
 *		@len_min and @len_max are about tp_payload_len.
 * @split_max:	largest, at most PACKET_DIRECT_MAX_HEADER; 0: cannot split
 * @split_unreliable: the NIC is known to fail at it
 * @post_min:	slots that the NIC takes at a time, at least 1; a ring has twice as
 *		many entries at least, because some may be waiting for the rest of
 *		a frame
 * @slot_size:	tp_slot_size has to be this; 0: any will do
 * @max_slots:	largest tp_slot_nr; 0: any
 * @headroom:	bytes of a slot before a frame, at least
 * @frame_flags: TPACKET4_* that the NIC says of frames
 * @info_flags:	TPACKET4_INFO_* beside those that follow from the other fields
 * @tstamp_hw:	the NIC stamps frames
 * @tstamp_ptp:	it stamps those of PTP alone
 * @phc_index:	with @tstamp_hw: its clock
 */
struct packet_direct_limits {
	struct device *dma_dev;
	u32	granule;
	u32	len_min;
	u32	len_max;
	u32	split_min;
	u32	split_max;
	bool	split_unreliable;
	u32	post_min;
	u32	slot_size;
	u32	max_slots;
	u32	headroom;
	u32	frame_flags;
	u32	info_flags;
	bool	tstamp_hw;
	bool	tstamp_ptp;
	int	phc_index;
};

/* The longest header part that a NIC may be asked for. */
#define PACKET_DIRECT_MAX_HEADER	1024

/**
 * struct packet_direct_ops - how a driver gives an RX queue away and takes it back
 * @limits: Fill in @limits for @queue.  Returns PACKET_DIRECT_OK, or why this
 *	    queue cannot be leased now (shared interrupt vector, a mode of the
 *	    device).  @queue is below real_num_rx_queues.  The core looks for XDP
 *	    programs, AF_XDP and memory providers itself.
 * @bind:   packet_direct_lookup() of @queue has just become non-NULL: restart
 *	    that queue, and only that one if the hardware can, so that its ring
 *	    is configured anew.  Nothing to do while the device is down.  Not
 *	    called for a queue whose packet_direct_ring_up() came with the @bind
 *	    of another one.  Returns 0, or -errno, upon which the core calls
 *	    @unbind for all queues that were to begin together.
 * @unbind: packet_direct_lookup() of @queue has just become NULL: stop the
 *	    queue, call packet_direct_ring_down() for @pdq, and start the queue
 *	    for the stack.  Returns 0 once the hardware confirmed, by a register
 *	    that was read, by a reset or by bus mastering off, that no DMA into
 *	    the slots can happen any more; -EIO when nothing confirmed it, which
 *	    makes the core keep the memory for ever.  @pdq must not be used after
 *	    the return, whatever it is.  Called for each queue, also for one that
 *	    was stopped with the @unbind of another one, or whose @bind was never
 *	    called: the answer is about @queue.  Also called from
 *	    NETDEV_UNREGISTER, with the device closed.
 * @kick:   optional: let the NAPI of @queue run soon, so that it looks for slots.
 *	    Called in any context but hard interrupt, in an RCU section, without
 *	    RTNL: the queue may be about to stop.  Without it the core schedules the
 *	    NAPI instance of packet_direct_ring_up().
 * @sync_stats: optional: bring @pdq's count of frames missed by the NIC
 *	    (packet_direct_missed()) up to date.  Left out when somebody else
 *	    holds RTNL.
 *
 * All but @kick are called with RTNL held, and then the instance lock of a device whose operations
 * are under one (netdev_lock_ops()).  They may sleep.
 */
struct packet_direct_ops {
	enum packet_direct_reason (*limits)(struct net_device *dev,
					    unsigned int queue,
					    struct packet_direct_limits *limits);
	int (*bind)(struct net_device *dev, unsigned int queue,
		    struct packet_direct_queue *pdq);
	int (*unbind)(struct net_device *dev, unsigned int queue,
		      struct packet_direct_queue *pdq);
	void (*kick)(struct net_device *dev, unsigned int queue);
	void (*sync_stats)(struct net_device *dev, unsigned int queue,
			   struct packet_direct_queue *pdq);
};

/**
 * struct packet_direct_buf - a buffer of the NIC, and what it has of a frame
 * @slot:	slot, or TPACKET4_SLOT_NONE when the NIC completed a buffer that it
 *		does not have; then nothing else but @last counts
 * @payload:	with header split: payload slot
 * @off:	where in the slot the data begins
 * @len:	its bytes; with header split those of the header part, which only
 *		the first buffer of a frame can have
 * @payload_off: where in the payload slot the data begins
 * @payload_len: its bytes
 * @flags:	of a frame's first buffer TPACKET4_SPLIT_*, of its last one what is
 *		known of the frame: TPACKET4_CSUM_*, _HASH*, _PROTOCOL, _VLAN,
 *		_TSTAMP_HW, _RX_ERROR.  The core sets all others.
 * @hash:	with TPACKET4_HASH
 * @tstamp:	with TPACKET4_TSTAMP_HW: nanoseconds of the NIC's clock
 * @protocol:	with TPACKET4_PROTOCOL: ethertype
 * @vlan_tpid:	with TPACKET4_VLAN: ethertype of a tag that the NIC took out
 * @vlan_tci:	with TPACKET4_VLAN: its other half, in host byte order
 * @last:	the frame ends here
 * @bad:	the frame must not be delivered
 *
 * The core does not believe a NIC that says that it wrote more than a slot holds.
 * It drops the frame as damaged, as it does with @bad.  A frame is dropped in
 * whole, with the parts that came before and those still to come.
 */
struct packet_direct_buf {
	struct_group_tagged(packet_direct_part, part,
		u32	slot;
		u32	payload;
		u32	off;
		u32	len;
		u32	payload_off;
		u32	payload_len;
		u32	flags;
	);
	u32	hash;
	u64	tstamp;
	__be16	protocol;
	__be16	vlan_tpid;
	u16	vlan_tci;
	bool	last;
	bool	bad;
};

/* net/core/dev.c */
int dev_xdp_attach(struct net_device *dev, struct netlink_ext_ack *extack,
		   struct bpf_xdp_link *link, struct bpf_prog *new_prog,
		   struct bpf_prog *old_prog, u32 flags);

#if IS_ENABLED(CONFIG_PACKET_RX_DIRECT)

/* On while any queue of this machine is leased, and a second longer: guards what drivers
 * add to the paths of all their queues.
 */
extern struct static_key_false_deferred packet_direct_key;

/**
 * packet_direct_lookup() - the lease on an RX queue
 * @dev: device
 * @queue: RX queue, may be out of range
 *
 * Context: RTNL, RCU or NAPI of that queue.
 * Return: the queue's lease or NULL.
 */
struct packet_direct_queue *packet_direct_lookup(const struct net_device *dev,
						 unsigned int queue);

/**
 * packet_direct_claimed() - has a packet socket an RX queue, or is it about to
 * @dev: device
 * @queue: RX queue, may be out of range
 *
 * For others who want the queue.  A driver goes by packet_direct_lookup(): a queue that
 * is only claimed is the stack's.
 *
 * Context: RTNL.
 * Return: true if so.
 */
bool packet_direct_claimed(const struct net_device *dev, unsigned int queue);

/**
 * packet_direct_check_channels() - may the device have this few RX queues
 * @dev: device
 * @count: RX queues to be
 * @info: for the error message, or NULL
 *
 * Context: RTNL.
 * Return: 0, or -EBUSY when a queue from @count on is claimed.
 */
int packet_direct_check_channels(const struct net_device *dev,
				 unsigned int count, struct genl_info *info);

/**
 * packet_direct_check_xdp() - may an XDP program be attached
 * @dev: device
 * @mode: where; generic XDP does not mind leases
 * @prog: program; that of the leases themselves may be, and none by dev_change_xdp_fd()
 * @extack: for the error message
 *
 * Context: RTNL.
 * Return: 0, or -EBUSY when a queue is claimed.
 */
int packet_direct_check_xdp(const struct net_device *dev, enum bpf_xdp_mode mode,
			    const struct bpf_prog *prog,
			    struct netlink_ext_ack *extack);

/**
 * packet_direct_check_xsk() - may AF_XDP have an RX queue
 * @dev: device
 * @queue: RX queue, may be out of range
 * @pool: for whom
 *
 * Context: RTNL.
 * Return: 0, or -EBUSY when the queue is claimed, or another of a device that is
 *	   leased by its AF_XDP.
 */
int packet_direct_check_xsk(const struct net_device *dev, unsigned int queue,
			    const struct xsk_buff_pool *pool);

/**
 * packet_direct_tell_queue() - which packet socket has a queue, for netdev netlink
 * @rsp: message about the queue
 * @dev: device
 * @queue: RX queue of it
 *
 * Context: RTNL.
 * Return: 0, or -EMSGSIZE; the caller then cancels the message.
 */
int packet_direct_tell_queue(struct sk_buff *rsp, const struct net_device *dev,
			     unsigned int queue);

/**
 * packet_direct_rxfh_changed() - an administrator set RSS table, key or function
 * @dev: device
 * @rxfh: what was set
 *
 * What was set is not put back when the leases that had changed it end.  This and
 * the next are called by ethtool, when the driver took the setting.
 *
 * Context: RTNL.
 */
void packet_direct_rxfh_changed(const struct net_device *dev,
				const struct ethtool_rxfh_param *rxfh);

/**
 * packet_direct_rxnfc_changed() - an administrator added or deleted a flow rule
 * @dev: device
 * @info: which
 *
 * Context: RTNL.
 */
void packet_direct_rxnfc_changed(const struct net_device *dev,
				 const struct ethtool_rxnfc *info);

/**
 * packet_direct_ring_up() - the NIC's ring for a leased queue is about to run
 * @pdq: lease
 * @napi: what polls it
 * @size: buffers that the NIC can have at a time
 *
 * Comes before the first slot is posted.
 *
 * Context: RTNL; the queue is stopped.
 */
void packet_direct_ring_up(struct packet_direct_queue *pdq,
			   struct napi_struct *napi, u32 size);

/**
 * packet_direct_ring_down() - the NIC's ring has been stopped
 * @pdq: lease
 *
 * Takes back all slots that the NIC has, drops an unfinished frame, and lets nobody
 * use the NAPI instance any more, which may be freed afterwards.  Does nothing
 * when the ring is down already.
 *
 * Context: RTNL, may sleep; NAPI is disabled and the hardware has stopped, or
 * was at least told to.
 */
void packet_direct_ring_down(struct packet_direct_queue *pdq);

/**
 * packet_direct_not_stopped() - nothing confirmed that the NIC has stopped
 * @pdq: lease, whose end then is as if its unbind had failed
 *
 * For drivers that learn it when they stop the ring, and cannot find out later.
 *
 * Context: RTNL.
 */
void packet_direct_not_stopped(struct packet_direct_queue *pdq);

/**
 * packet_direct_reclaim() - take the entries that the user gave back
 * @pdq: lease
 *
 * Context: NAPI, or ring stopped.
 * Return: how many buffers can be posted now.
 */
u32 packet_direct_reclaim(struct packet_direct_queue *pdq);

/**
 * packet_direct_must_refill() - end of a poll: has the NIC as much as it can have
 * @pdq: lease
 *
 * The last call of a poll, and of a start.  When the NIC has few slots this asks the
 * user for a kick, and starts the timer that does without.
 *
 * Context: NAPI, or ring stopped.
 * Return: true when the user gave slots back meanwhile: fill again.
 */
bool packet_direct_must_refill(struct packet_direct_queue *pdq);

/**
 * packet_direct_batch_begin() - frames are about to be delivered
 * @pdq: lease
 *
 * Reads the clock and the filter, once for all frames until
 * packet_direct_batch_end().
 *
 * Context: NAPI, or ring stopped with BH off.
 */
void packet_direct_batch_begin(struct packet_direct_queue *pdq);

/**
 * packet_direct_batch_end() - publish the whole frames, and wake up
 * @pdq: lease
 *
 * Context: as packet_direct_batch_begin().
 */
void packet_direct_batch_end(struct packet_direct_queue *pdq);

/**
 * packet_direct_deliver() - the NIC is done with these buffers
 * @pdq: lease
 * @bufs: buffers, in the order of the frames; their slots in any order
 * @count: how many
 *
 * Frames that go on to the stack are handed to it from here.
 *
 * Context: between packet_direct_batch_begin() and packet_direct_batch_end(), with no
 * lock held.
 */
void packet_direct_deliver(struct packet_direct_queue *pdq,
			   const struct packet_direct_buf *bufs, u32 count);

#else

static inline struct packet_direct_queue *
packet_direct_lookup(const struct net_device *dev, unsigned int queue)
{
	return NULL;
}

static inline bool packet_direct_claimed(const struct net_device *dev,
					 unsigned int queue)
{
	return false;
}

static inline int packet_direct_check_channels(const struct net_device *dev,
					       unsigned int count,
					       struct genl_info *info)
{
	return 0;
}

static inline int packet_direct_check_xdp(const struct net_device *dev,
					  enum bpf_xdp_mode mode,
					  const struct bpf_prog *prog,
					  struct netlink_ext_ack *extack)
{
	return 0;
}

static inline int packet_direct_check_xsk(const struct net_device *dev,
					  unsigned int queue,
					  const struct xsk_buff_pool *pool)
{
	return 0;
}

static inline int packet_direct_tell_queue(struct sk_buff *rsp,
					   const struct net_device *dev,
					   unsigned int queue)
{
	return 0;
}

static inline void packet_direct_rxfh_changed(const struct net_device *dev,
					      const struct ethtool_rxfh_param *rxfh)
{
}

static inline void packet_direct_rxnfc_changed(const struct net_device *dev,
					       const struct ethtool_rxnfc *info)
{
}

#endif /* CONFIG_PACKET_RX_DIRECT */

#endif /* _NET_PACKET_DIRECT_H */
