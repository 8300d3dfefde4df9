/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PACKET_RX_DIRECT: what a driver needs to let a packet socket have an RX queue.
 *
 * The user-space side is described in include/uapi/linux/if_packet_v4.h.
 *
 * DOC: driver contract
 *
 * A driver sets &net_device.packet_direct_ops and keeps no state of its own.
 * Wherever it (re)configures an RX ring it asks packet_direct_queue(); a ring
 * of a leased queue is filled and cleaned with the verbs below instead of the
 * driver's own buffers.  So a lease survives reset, MTU, ring size and channel
 * changes and down/up like any other setting.
 *
 *	configure ring	packet_direct_queue(), then packet_direct_ring_up()
 *	fill		packet_direct_reclaim(), packet_direct_post(),
 *			packet_direct_dma(), once per batch the tail register,
 *			packet_direct_posted(); again while that says so
 *	poll (NAPI)	packet_direct_begin(), per descriptor
 *			packet_direct_complete() or packet_direct_completed(),
 *			and one of
 *			packet_direct_frame(), packet_direct_frag(),
 *			packet_direct_frame_end() and packet_direct_drop(),
 *			then packet_direct_flush(), then fill
 *	stop ring	packet_direct_ring_down()
 *
 * Most frames are plain: whole in one slot, with no filter to pass.  A NIC that
 * completes in order delivers them with packet_direct_run_begin(),
 * packet_direct_run_frame() and packet_direct_run_end(), and posts with
 * packet_direct_post_many(): those loops keep the queue's state in registers.
 *
 * One NAPI context at a time works on a queue, so nothing here takes a lock.
 *
 * Slots that the kernel holds are in one FIFO with three free-running indices:
 *
 *	   pool_head        pool_post         pool_tail
 *	-------+----------------+-----------------+-------
 *	       |  with the NIC  |  free           |
 *	-------+----------------+-----------------+-------
 *	completed by the NIC    posted            given back by the user
 *
 * A NIC that completes in order takes from pool_head by
 * packet_direct_complete().  The driver of one that does not keeps a table from
 * buffer id to slot, and what the FIFO holds of the posted slots is only their
 * number: it takes a slot from its table with packet_direct_completed(), and
 * gives back those that are left there with packet_direct_unpost() before
 * packet_direct_ring_down().
 */
#ifndef _NET_PACKET_DIRECT_H
#define _NET_PACKET_DIRECT_H

#include <linux/cache.h>
#include <linux/dma-mapping.h>
#include <linux/hrtimer.h>
#include <linux/if_packet.h>
#include <linux/jump_label.h>
#include <linux/log2.h>
#include <linux/netdevice.h>

struct genl_info;
struct packet_direct_queue;
struct sk_buff;
struct sk_filter;

/**
 * struct packet_direct_limits - what one queue can do
 * @granule:	tp_slot_len has to be a multiple of this many bytes
 * @len_min:	smallest tp_slot_len
 * @len_max:	bytes of a slot that the NIC can use at most
 * @split_min:	smallest header slot for header split, 0: cannot split
 * @split_max:	largest
 * @post_min:	slots that the NIC takes at a time; a ring has twice as many
 *		entries at least, because some may be waiting for the rest of a
 *		frame
 */
struct packet_direct_limits {
	u32	granule;
	u32	len_min;
	u32	len_max;
	u32	split_min;
	u32	split_max;
	u32	post_min;
};

/**
 * struct packet_direct_ops - how a driver gives an RX queue away and takes it back
 * @limits: Fill in @limits for @queue.  Returns PACKET_DIRECT_OK, or why this
 *	    queue cannot be leased now (shared interrupt vector, a mode of the
 *	    device).  @queue is below real_num_rx_queues.
 * @bind:   packet_direct_queue() of @queue has just become non-NULL: restart
 *	    that queue, and only that one if the hardware can, so that its ring
 *	    is configured anew.  Nothing to do while the device is down.
 *	    Returns 0, or -errno, upon which the core calls @unbind.
 * @unbind: packet_direct_queue() of @queue has just become NULL: stop the
 *	    queue, call packet_direct_ring_down() for @pdq, and start the queue
 *	    for the stack.  Returns 0 once the hardware confirmed, by a register
 *	    that was read, by a reset or by bus mastering off, that no DMA into
 *	    the slots can happen any more; -EIO when nothing confirmed it, which
 *	    makes the core keep the memory for ever.  Also called from
 *	    NETDEV_UNREGISTER, with the device closed.
 * @sync_stats: optional: bring @pdq's count of frames missed by the NIC
 *	    (packet_direct_missed()) up to date.
 *
 * All are called with RTNL held and may sleep.
 */
struct packet_direct_ops {
	enum packet_direct_reason (*limits)(struct net_device *dev,
					    unsigned int queue,
					    struct packet_direct_limits *limits);
	int (*bind)(struct net_device *dev, unsigned int queue,
		    struct packet_direct_queue *pdq);
	int (*unbind)(struct net_device *dev, unsigned int queue,
		      struct packet_direct_queue *pdq);
	void (*sync_stats)(struct net_device *dev, unsigned int queue,
			   struct packet_direct_queue *pdq);
};

/* What tp_slot, where[] and home[] hold besides slot and entry numbers. */
#define PACKET_DIRECT_KERNEL	0xffffffffU	/* where[]: the kernel's */
#define PACKET_DIRECT_SPARE	0xfffffffeU	/* where[]: the user's spare */

/**
 * struct packet_direct_queue - the kernel's half of a TPACKET_V4 ring
 *
 * In order of use.  The first three cache lines are all that the plain case
 * touches for each frame; they are read-mostly but for the indices.
 *
 * @hdrs:	entries, shared with user space
 * @pool:	FIFO of the kernel's slots, see above
 * @dma:	DMA address of each slot; NULL without a lease
 * @home:	for each entry, the slot it was given with last, or
 *		PACKET_DIRECT_KERNEL
 * @where:	for each slot, the last entry that it was given with, or
 *		PACKET_DIRECT_KERNEL or PACKET_DIRECT_SPARE.  home[e] == s
 *		implies where[s] == e, so that an entry that gets the same slot
 *		again, as a rule, needs no look here.
 * @mask:	entries - 1
 * @slot_len:	bytes used of each slot
 * @fill:	next entry to be filled; entries [prod, fill) are filled and not
 *		yet published
 * @chain:	entries at the end of those that belong to a frame whose last
 *		part is still to come
 * @chain_len:	their bytes
 * @skip:	rest of a frame that is being dropped is still to come
 * @need_sync:	the device is not coherent
 * @need_kick:	TPACKET4_CTRL_NEED_KICK is set in @ctrl
 * @full:	there was no slot left for the next frame
 * @tstamp:	time stamp of all frames of this poll
 * @filter:	socket filter for this poll, or NULL
 * @ctrl:	control page, shared with user space
 * @prod:	published up to here
 * @cons:	given back by the user up to here, and taken
 * @seq:	odd while a poll is under way: makes a reader's look consistent
 * @low:	fewer posted slots than this: ask for a kick
 * @post_min:	slots that the NIC takes at a time
 */
struct packet_direct_queue {
	struct tpacket4_hdr	*hdrs;
	u32			*pool;
	dma_addr_t		*dma;
	u32			*home;
	u32			*where;
	u32			mask;
	u32			slot_len;
	u32			pool_head;
	u32			pool_post;
	u32			pool_tail;
	u32			fill;

	u64			tstamp ____cacheline_aligned_in_smp;
	struct sk_filter	*filter;
	u64			bytes;
	u32			chain;
	u32			chain_len;
	bool			skip;
	bool			need_sync;
	bool			need_kick;
	bool			full;
	u32			seq;
	struct tpacket4_ctrl	*ctrl;
	u32			prod;
	u32			cons;
	u32			low;
	u32			post_min;

	/* once per batch */
	struct sock		*sk;
	struct napi_struct __rcu *napi;
	struct device		*dma_dev;
	u32			wake_count;
	ktime_t			wake_time;
	ktime_t			unseen_since;
	struct hrtimer		wake_timer;
	struct hrtimer		kick_timer;
	struct sk_buff		*filter_skb;

	/* counters, as in struct tpacket4_stats; one writer each */
	u64			packets;
	u64			drop_no_slot;
	u64			drop_too_long;
	u64			drop_error;
	u64			drop_split;
	u64			drop_filter;
	u64			drop_down;
	u64			bad_slot;
	u64			bad_cons;
	u64			batches;
	u64			wakeups;
	u64			dry;
	atomic64_t		missed;

	/* frames of several parts: what was written to their headers, which
	 * cannot be read back because the user may have changed it
	 */
	u32			part_len[TPACKET4_MAX_CHAIN];

	/* set up once */
	u32			slot_nr;
	u32			slot_shift;
	u32			block_shift;
	void			**blocks;
	u32			block_nr;
	struct net_device	*dev;
	netdevice_tracker	dev_tracker;
	u32			queue;
	enum packet_direct_state state;
	u32			generation;
};

#if IS_ENABLED(CONFIG_PACKET_RX_DIRECT)

/* On while any queue of this machine is leased: guards what drivers add to the
 * paths of all their queues.
 */
DECLARE_STATIC_KEY_FALSE(packet_direct_key);

/**
 * packet_direct_queue() - the lease on an RX queue
 * @dev: device
 * @queue: RX queue, may be out of range
 *
 * Context: RTNL, RCU or NAPI of that queue.
 * Return: the queue's lease or NULL.
 */
struct packet_direct_queue *packet_direct_queue(const struct net_device *dev,
						unsigned int queue);

/**
 * packet_direct_check_channels() - may the device have this few RX queues
 * @dev: device
 * @count: RX queues to be
 * @info: for the error message, or NULL
 *
 * Context: RTNL.
 * Return: 0, or -EBUSY when a queue from @count on is leased.
 */
int packet_direct_check_channels(const struct net_device *dev,
				 unsigned int count, struct genl_info *info);

/**
 * packet_direct_check_xdp() - may an XDP program be attached
 * @dev: device
 * @mode: where; generic XDP does not mind leases
 * @extack: for the error message
 *
 * Context: RTNL.
 * Return: 0, or -EBUSY when a queue is leased.
 */
int packet_direct_check_xdp(const struct net_device *dev, enum bpf_xdp_mode mode,
			    struct netlink_ext_ack *extack);

/**
 * packet_direct_ring_up() - the NIC's ring for a leased queue is about to run
 * @pdq: lease
 * @napi: what polls it
 * @size: descriptors that the NIC can hold at a time
 *
 * Before the first packet_direct_post().
 *
 * Context: RTNL; the queue is stopped.
 */
void packet_direct_ring_up(struct packet_direct_queue *pdq,
			   struct napi_struct *napi, u32 size);

/**
 * packet_direct_ring_down() - the NIC's ring has been stopped
 * @pdq: lease
 *
 * Takes back what is posted, drops an unfinished frame, and lets nobody use the
 * NAPI instance any more, which may be freed afterwards.  Does nothing when the
 * ring is down already.
 *
 * Context: RTNL, may sleep; NAPI is disabled and the hardware has stopped, or
 * was at least told to.
 */
void packet_direct_ring_down(struct packet_direct_queue *pdq);

/**
 * packet_direct_reclaim() - take the entries that the user gave back
 * @pdq: lease
 *
 * Context: NAPI, or ring stopped.
 * Return: slots that can be posted now.
 */
u32 packet_direct_reclaim(struct packet_direct_queue *pdq);

/**
 * packet_direct_posted() - after filling the NIC's ring
 * @pdq: lease
 *
 * The last call of a poll.  Asks the user for a kick, and starts the timer that
 * does without, when the NIC has few slots.
 *
 * Context: NAPI, or ring stopped.
 * Return: true when the user gave slots back meanwhile: fill again.
 */
bool packet_direct_posted(struct packet_direct_queue *pdq);

/**
 * packet_direct_begin() - start of a poll
 * @pdq: lease
 *
 * Reads the clock and the filter, once for all frames until
 * packet_direct_flush().
 *
 * Context: NAPI.
 */
void packet_direct_begin(struct packet_direct_queue *pdq);

/**
 * packet_direct_flush() - end of a poll: publish the whole frames, wake up
 * @pdq: lease
 *
 * Context: NAPI.
 */
void packet_direct_flush(struct packet_direct_queue *pdq);

/**
 * packet_direct_frag() - a part of a frame, more to come
 * @pdq: lease
 * @slot: where it is
 * @len: bytes of it
 *
 * Context: NAPI, between packet_direct_begin() and packet_direct_flush().
 */
void packet_direct_frag(struct packet_direct_queue *pdq, u32 slot, u32 len);

/**
 * packet_direct_frame_end() - the last part of a frame of several parts, or of
 *			       one that has to pass the filter
 * @pdq: lease
 * @slot: where it is
 * @len: bytes of it
 * @flags: as for packet_direct_frame(), of the whole frame
 * @hash: the NIC's hash
 * @protocol: as for packet_direct_frame()
 *
 * Context: as packet_direct_frag().
 */
void packet_direct_frame_end(struct packet_direct_queue *pdq, u32 slot, u32 len,
			     u32 flags, u32 hash, __be16 protocol);

/**
 * packet_direct_drop() - a part of a frame that must not be delivered
 * @pdq: lease
 * @slot: where it is, or TPACKET4_SLOT_NONE when the NIC named none that it has
 * @last: it is the frame's last part
 * @counter: what to count it as, &pdq->drop_error for one
 *
 * Parts of the same frame that came before are dropped with it, and those that
 * come after until @last.
 *
 * Context: as packet_direct_frag().
 */
void packet_direct_drop(struct packet_direct_queue *pdq, u32 slot, bool last,
			u64 *counter);

/**
 * packet_direct_snaplen() - ask the socket filter about a frame in one slot
 * @pdq: lease with a filter
 * @slot: where it is
 * @len: its bytes
 * @flags: TPACKET4_HASH*
 * @hash: the NIC's hash
 *
 * Context: as packet_direct_frag().
 * Return: how many bytes of it pass, at most @len; 0: none, it is refused
 */
u32 packet_direct_snaplen(struct packet_direct_queue *pdq, u32 slot, u32 len,
			  u32 flags, u32 hash);

/**
 * packet_direct_post() - the next slot for the NIC
 * @pdq: lease
 *
 * At most as often as packet_direct_reclaim() said.
 *
 * Context: NAPI, or ring stopped.
 */
static inline u32 packet_direct_post(struct packet_direct_queue *pdq)
{
	return pdq->pool[pdq->pool_post++ & pdq->mask];
}

/* Entries or places in the pool from @index to where it wraps. */
static inline u32 packet_direct_straight(const struct packet_direct_queue *pdq,
					 u32 index)
{
	return pdq->mask + 1 - (index & pdq->mask);
}

/**
 * packet_direct_post_many() - the next slots for the NIC, several at a time
 * @pdq: lease
 * @max: at most so many
 * @slots: where their numbers are
 *
 * For the most common loop of all: nothing of @pdq has to be looked at between
 * one slot and the next.  @max has to be what packet_direct_reclaim() said, or
 * less.
 *
 * Context: NAPI, or ring stopped.
 * Return: how many there are, less than @max where the pool wraps.
 */
static inline u32 packet_direct_post_many(struct packet_direct_queue *pdq,
					  u32 max, const u32 **slots)
{
	u32 count = min(max, packet_direct_straight(pdq, pdq->pool_post));

	*slots = &pdq->pool[pdq->pool_post & pdq->mask];
	pdq->pool_post += count;
	return count;
}

/**
 * packet_direct_dma_table() - DMA address of each slot, by its number
 * @pdq: lease
 */
static inline const dma_addr_t *
packet_direct_dma_table(const struct packet_direct_queue *pdq)
{
	return pdq->dma;
}

/**
 * packet_direct_dma() - DMA address of a slot
 * @pdq: lease
 * @slot: slot
 */
static inline dma_addr_t packet_direct_dma(const struct packet_direct_queue *pdq,
					   u32 slot)
{
	return pdq->dma[slot];
}

/**
 * packet_direct_complete() - the oldest posted slot, which the NIC is done with
 * @pdq: lease
 *
 * Context: NAPI, or ring stopped.
 */
static inline u32 packet_direct_complete(struct packet_direct_queue *pdq)
{
	return pdq->pool[pdq->pool_head++ & pdq->mask];
}

/**
 * packet_direct_completed() - the NIC is done with one of the posted slots
 * @pdq: lease
 *
 * In place of packet_direct_complete() where the driver knows which one.
 *
 * Context: NAPI, or ring stopped.
 */
static inline void packet_direct_completed(struct packet_direct_queue *pdq)
{
	pdq->pool_head++;
}

/**
 * packet_direct_unpost() - take a slot back that the NIC has not completed
 * @pdq: lease
 * @slot: slot
 *
 * Each of those that packet_direct_in_nic() counts has to come back, in any
 * order.
 *
 * Context: ring stopped.
 */
static inline void packet_direct_unpost(struct packet_direct_queue *pdq, u32 slot)
{
	pdq->pool[--pdq->pool_post & pdq->mask] = slot;
}

/**
 * packet_direct_in_nic() - how many slots the NIC has
 * @pdq: lease
 *
 * Context: NAPI, or ring stopped.
 */
static inline u32 packet_direct_in_nic(const struct packet_direct_queue *pdq)
{
	return pdq->pool_post - pdq->pool_head;
}

/**
 * packet_direct_put() - a slot without a frame: back to the kernel's free ones
 * @pdq: lease
 * @slot: slot
 *
 * Context: NAPI, or ring stopped.
 */
static inline void packet_direct_put(struct packet_direct_queue *pdq, u32 slot)
{
	pdq->pool[pdq->pool_tail++ & pdq->mask] = slot;
}

/**
 * packet_direct_missed() - the NIC dropped frames of this queue for want of slots
 * @pdq: lease
 * @frames: how many since the last call
 *
 * Context: any.
 */
static inline void packet_direct_missed(struct packet_direct_queue *pdq,
					u64 frames)
{
	atomic64_add(frames, &pdq->missed);
}

/* Makes the NIC's writes to a slot visible where the device is not coherent. */
static inline void packet_direct_sync(const struct packet_direct_queue *pdq,
				      u32 slot, u32 len)
{
	if (unlikely(pdq->need_sync))
		dma_sync_single_for_cpu(pdq->dma_dev, pdq->dma[slot], len,
					DMA_FROM_DEVICE);
}

/* The entry gets another slot than the last time. */
static inline void __packet_direct_bind(struct packet_direct_queue *pdq,
					u32 entry, u32 slot)
{
	u32 last = pdq->where[slot];

	if (last <= pdq->mask && pdq->home[last] == slot)
		pdq->home[last] = PACKET_DIRECT_KERNEL;
	pdq->home[entry] = slot;
	pdq->where[slot] = entry;
}

/* Every field but tp_priv, because the user may have written anything into it.
 * WRITE_ONCE() also keeps the compiler from putting two values together in
 * order to store them at once, which takes more instructions than two stores.
 */
static inline void __packet_direct_write(struct tpacket4_hdr *hdr, u32 slot,
					 u32 off, u32 end, u32 flags, u32 len,
					 u32 hash, u64 tstamp)
{
	WRITE_ONCE(hdr->tp_slot, slot);
	WRITE_ONCE(hdr->tp_flags, flags);
	hdr->tp_data_meta = off;
	hdr->tp_data = off;
	WRITE_ONCE(hdr->tp_data_end, end);
	WRITE_ONCE(hdr->tp_len, len);
	hdr->tp_payload_slot = TPACKET4_SLOT_NONE;
	hdr->tp_payload_off = 0;
	hdr->tp_payload_len = 0;
	hdr->tp_rxhash = hash;
	hdr->tp_tstamp = tstamp;
	/* tp_vlan_tci to tp_reserved */
	*(u64 *)&hdr->tp_vlan_tci = 0;
}

/* Binds @slot to the next entry. */
static inline void __packet_direct_fill(struct packet_direct_queue *pdq,
					u32 slot, u32 off, u32 end, u32 flags,
					u32 len, u32 hash, u64 tstamp,
					__be16 protocol)
{
	u32 entry = pdq->fill & pdq->mask;
	struct tpacket4_hdr *hdr = &pdq->hdrs[entry];

	if (pdq->home[entry] != slot)
		__packet_direct_bind(pdq, entry, slot);
	__packet_direct_write(hdr, slot, off, end, flags, len, hash, tstamp);
	hdr->tp_protocol = protocol;
	pdq->fill++;
}

/* What makes a frame one that is whole in one slot. */
#define PACKET_DIRECT_WHOLE	(TPACKET4_FIRST | TPACKET4_LAST | \
				 TPACKET4_TSTAMP_SW)

/**
 * packet_direct_frame() - a frame that is whole in one slot
 * @pdq: lease
 * @slot: where it is
 * @len: its bytes
 * @flags: TPACKET4_CSUM_*, TPACKET4_HASH*, TPACKET4_PROTOCOL
 * @hash: the NIC's hash, 0 without TPACKET4_HASH
 * @protocol: ethertype that the NIC knows, 0 without TPACKET4_PROTOCOL
 *
 * For the plain case: no part of it came before (&pdq->chain and &pdq->skip are
 * 0) and there is no filter.  packet_direct_frame_end() takes all others.
 *
 * A NIC that says that it wrote more than a slot holds is not believed: the
 * frame is dropped as damaged.
 *
 * Context: as packet_direct_frag().
 */
static inline void packet_direct_frame(struct packet_direct_queue *pdq,
				       u32 slot, u32 len, u32 flags, u32 hash,
				       __be16 protocol)
{
	if (unlikely(len > pdq->slot_len)) {
		packet_direct_drop(pdq, slot, true, &pdq->drop_error);
		return;
	}
	packet_direct_sync(pdq, slot, len);
	__packet_direct_fill(pdq, slot, 0, len,
			     flags | PACKET_DIRECT_WHOLE, len, hash,
			     pdq->tstamp, protocol);
	pdq->bytes += len;
}

/* True while packet_direct_frame() may be used for a frame in one slot. */
static inline bool packet_direct_plain(const struct packet_direct_queue *pdq)
{
	return !pdq->chain && !pdq->skip && !pdq->filter;
}

/**
 * struct packet_direct_run - plain frames of a NIC that completes in order
 * @hdr:   the next one's entry
 * @home:  for the first one
 * @pool:  the first one's slot
 * @tstamp: of all
 * @count: how many there are so far
 *
 * In a run neither the entries nor the pool wrap, and what is known of the
 * queue stays in registers.
 */
struct packet_direct_run {
	struct tpacket4_hdr	*hdr;
	const u32		*home;
	const u32		*pool;
	u64			tstamp;
	unsigned long		count;
};

/**
 * packet_direct_run_begin() - look how many plain frames could be delivered
 * @pdq: lease
 * @run: to be filled in
 * @max: at most so many
 *
 * Context: as packet_direct_frag().
 * Return: so many of the next slots may go to packet_direct_run_frame(), 0 when
 *	   the next frame needs packet_direct_frame_end() in any case.  When
 *	   @pdq->filter is set each frame has to ask packet_direct_snaplen() first.
 */
static inline u32 packet_direct_run_begin(const struct packet_direct_queue *pdq,
					  struct packet_direct_run *run, u32 max)
{
	run->hdr = &pdq->hdrs[pdq->fill & pdq->mask];
	run->home = &pdq->home[pdq->fill & pdq->mask];
	run->pool = &pdq->pool[pdq->pool_head & pdq->mask];
	run->tstamp = pdq->tstamp;
	run->count = 0;

	if (pdq->chain || pdq->skip || pdq->need_sync)
		return 0;
	return min3(max, packet_direct_straight(pdq, pdq->fill),
		    packet_direct_straight(pdq, pdq->pool_head));
}

/**
 * packet_direct_run_frame() - the next slot has a plain frame
 * @pdq: lease
 * @run: run
 * @len: its bytes, which the slot has room for
 * @keep: how many of them the filter lets pass, at least 1
 * @flags: PACKET_DIRECT_WHOLE and TPACKET4_CSUM_*, TPACKET4_HASH*
 * @hash: the NIC's hash, 0 without TPACKET4_HASH
 *
 * Context: as packet_direct_frag().
 */
static inline void packet_direct_run_frame(struct packet_direct_queue *pdq,
					   struct packet_direct_run *run,
					   u32 len, u32 keep, u32 flags,
					   u32 hash)
{
	u32 slot = run->pool[run->count];

	/* as a rule an entry has the slot of its last time */
	if (unlikely(slot != run->home[run->count]))
		__packet_direct_bind(pdq, (pdq->fill + run->count) & pdq->mask,
				     slot);
	if (keep < len)
		flags |= TPACKET4_TRUNCATED;
	__packet_direct_write(run->hdr++, slot, 0, keep, flags, len, hash,
			      run->tstamp);
	run->count++;
}

/**
 * packet_direct_run_end() - the frames of a run are delivered
 * @pdq: lease
 * @run: run
 * @bytes: of all of them
 *
 * Context: as packet_direct_frag().
 */
static inline void packet_direct_run_end(struct packet_direct_queue *pdq,
					 const struct packet_direct_run *run,
					 u64 bytes)
{
	pdq->pool_head += run->count;
	pdq->fill += run->count;
	pdq->bytes += bytes;
}

/**
 * packet_direct_reject() - the next slot has a frame that did not pass the filter
 * @pdq: lease, outside of a run
 *
 * Context: as packet_direct_frag().
 */
static inline void packet_direct_reject(struct packet_direct_queue *pdq)
{
	packet_direct_put(pdq, packet_direct_complete(pdq));
	pdq->drop_filter++;
}

/**
 * packet_direct_short() - what is shorter fits in any case
 * @pdq: lease
 *
 * Return: a power of two, at most the usable bytes of a slot
 */
static inline u32 packet_direct_short(const struct packet_direct_queue *pdq)
{
	return rounddown_pow_of_two(pdq->slot_len);
}

#else

static inline struct packet_direct_queue *
packet_direct_queue(const struct net_device *dev, unsigned int queue)
{
	return NULL;
}

static inline int packet_direct_check_channels(const struct net_device *dev,
					       unsigned int count,
					       struct genl_info *info)
{
	return 0;
}

static inline int packet_direct_check_xdp(const struct net_device *dev,
					  enum bpf_xdp_mode mode,
					  struct netlink_ext_ack *extack)
{
	return 0;
}

#endif /* CONFIG_PACKET_RX_DIRECT */

#endif /* _NET_PACKET_DIRECT_H */
