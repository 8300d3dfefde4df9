/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PACKET_RX_DIRECT: what a driver needs to let a packet socket have an RX queue.
 *
 * The user-space side is described in include/uapi/linux/if_packet_v4.h.
 *
 * DOC: driver contract
 *
 * A driver sets &net_device.packet_direct_ops and keeps no state of its own.  If it
 * can split headers, it lifts the limit on the length of DMA segments, too.
 * Wherever it (re)configures an RX ring it asks packet_direct_queue(); a ring
 * of a leased queue is filled and cleaned with the verbs below instead of the
 * driver's own buffers.  So a lease survives reset, MTU, ring size and channel
 * changes and down/up like any other setting.
 *
 *	configure ring	packet_direct_queue(), then packet_direct_ring_up()
 *	fill		packet_direct_reclaim(), packet_direct_post_many(),
 *			once per batch the tail register,
 *			packet_direct_posted(); again while that says so
 *	poll (NAPI)	packet_direct_begin(), per descriptor
 *			packet_direct_complete() or packet_direct_completed(),
 *			and one of packet_direct_part(),
 *			packet_direct_frame_end() and packet_direct_drop(),
 *			then packet_direct_flush(), then fill
 *	stop ring	what the NIC had finished as in a poll, without fill;
 *			packet_direct_ring_down()
 *
 * Most frames are plain: whole in one slot or one pair of slots, with no filter
 * to pass.  packet_direct_run_begin(), packet_direct_run_frame() or
 * packet_direct_run_split(), and packet_direct_run_end() deliver them, and
 * packet_direct_post_many() posts: those loops keep the queue's state in
 * registers.
 *
 * One NAPI context at a time works on a queue, so nothing here takes a lock.
 *
 * Slots that the kernel holds are in a FIFO with three free-running indices:
 *
 *	   head             post              tail
 *	-------+----------------+-----------------+-------
 *	       |  with the NIC  |  free           |
 *	-------+----------------+-----------------+-------
 *	completed by the NIC    posted            given back by the user
 *
 * A NIC that completes in order takes from head by packet_direct_complete().
 * The driver of one that does not keeps a table from buffer id to slot, and what
 * the FIFO holds of the posted slots is only their number: it takes a slot from
 * its table with packet_direct_completed(), and gives back those that are left
 * there with packet_direct_unpost() before packet_direct_ring_down().
 *
 * Header split (packet_direct_is_split()): there are two kinds of slots, each
 * with its FIFO, &packet_direct_queue.slots and &packet_direct_queue.payload, and
 * a buffer of the NIC is one of each.  They are posted and completed in pairs.  A
 * payload slot that the NIC left empty goes back with packet_direct_put().
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
#include <linux/pci.h>

struct genl_info;
struct packet_direct_queue;
struct sk_buff;
struct sk_filter;

/**
 * struct packet_direct_limits - what one queue can do
 * @granule:	tp_slot_len has to be a multiple of this many bytes
 * @len_min:	smallest tp_slot_len
 * @len_max:	bytes of a slot that the NIC can use at most
 * @split_min:	smallest tp_slot_len for header split, 0: cannot split.  With
 *		header split @granule, @len_min and @len_max are about
 *		tp_payload_len.
 * @split_max:	largest
 * @split_unreliable: the NIC is known to fail at it
 * @post_min:	slots that the NIC takes at a time; a ring has twice as many
 *		entries at least, because some may be waiting for the rest of a
 *		frame
 * @tstamp_hw:	the NIC stamps frames
 * @tstamp_ptp:	it stamps those of PTP alone
 * @phc_index:	with @tstamp_hw: its clock
 */
struct packet_direct_limits {
	u32	granule;
	u32	len_min;
	u32	len_max;
	u32	split_min;
	u32	split_max;
	bool	split_unreliable;
	u32	post_min;
	bool	tstamp_hw;
	bool	tstamp_ptp;
	int	phc_index;
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
 *	    (packet_direct_missed()) up to date.  Left out when somebody else
 *	    holds RTNL.
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
 * struct packet_direct_pool - slots of one kind
 * @fifo:	the kernel's slots, see above
 * @dma:	DMA address of each slot; NULL without a lease
 * @cpu:	where the CPU finds each slot; NULL without a lease, or in a dma-buf
 * @home:	for each entry, the slot it was given with last, or
 *		PACKET_DIRECT_KERNEL if it was given with none
 * @where:	for each slot, the last entry that it was given with, or
 *		PACKET_DIRECT_KERNEL or PACKET_DIRECT_SPARE.  home[e] == s
 *		implies where[s] == e, so that an entry that gets the same slot
 *		again, as a rule, needs no look here.
 * @mask:	places in @fifo - 1; of slots for frames, also entries - 1
 * @len:	bytes used of each slot
 * @head:	completed up to here
 * @post:	posted up to here
 * @tail:	given back up to here
 * @nr:		slots, 0: there are none of this kind
 * @spare:	of them, the user's spares
 */
struct packet_direct_pool {
	u32		*fifo;
	dma_addr_t	*dma;
	void		**cpu;
	u32		*home;
	u32		*where;
	u32		mask;
	u32		len;
	u32		head;
	u32		post;
	u32		tail;
	u32		nr;
	u32		spare;
};

/**
 * struct packet_direct_sum - how many slots of one kind are where
 * @free:	with the kernel
 * @posted:	with the NIC
 * @held:	with user space, each by an entry
 * @spare:	with user space besides
 */
struct packet_direct_sum {
	u32	free;
	u32	posted;
	u32	held;
	u32	spare;
};

/**
 * struct packet_direct_part - what one buffer of the NIC has of a frame
 * @slot:	slot, or TPACKET4_SLOT_NONE when the NIC named none that it has
 * @len:	bytes in it
 * @payload:	payload slot, or TPACKET4_SLOT_NONE
 * @payload_len: bytes in it
 * @flags:	TPACKET4_SPLIT_*, of a frame's first part
 */
struct packet_direct_part {
	u32	slot;
	u32	len;
	u32	payload;
	u32	payload_len;
	u32	flags;
};

/**
 * struct packet_direct_meta - what the NIC says of a whole frame
 * @tstamp:	with TPACKET4_TSTAMP_HW: nanoseconds of the NIC's clock
 * @flags:	TPACKET4_CSUM_*, TPACKET4_HASH*, TPACKET4_PROTOCOL,
 *		TPACKET4_TSTAMP_HW, TPACKET4_RX_ERROR
 * @hash:	with TPACKET4_HASH
 * @protocol:	with TPACKET4_PROTOCOL: ethertype
 */
struct packet_direct_meta {
	u64	tstamp;
	u32	flags;
	u32	hash;
	__be16	protocol;
};

/**
 * struct packet_direct_queue - the kernel's half of a TPACKET_V4 ring
 *
 * In order of use.  The first three cache lines are all that the plain case
 * touches for each frame; they are read-mostly but for the indices.
 *
 * @hdrs:	entries, shared with user space
 * @slots:	of frames, or of their header parts
 * @tstamp:	time stamp of all frames of this poll
 * @filter:	socket filter for this poll, or NULL
 * @bytes:	of the frames published
 * @fill:	next entry to be filled; entries [prod, fill) are filled and not
 *		yet published
 * @mask:	entries - 1
 * @chain:	entries at the end of those that belong to a frame whose last
 *		part is still to come
 * @chain_len:	their bytes
 * @skip:	rest of a frame that is being dropped is still to come
 * @need_sync:	the device is not coherent
 * @need_kick:	TPACKET4_CTRL_NEED_KICK is set in @ctrl
 * @full:	there was no slot left for the next frame
 * @losing:	frames were lost since the last one that was filled in
 * @hw_tstamp:	the NIC's stamps are wanted
 * @extra:	entries to be published that are not the first of a frame
 * @ctrl:	control page, shared with user space
 * @prod:	published up to here
 * @cons:	given back by the user up to here, and taken
 * @low:	fewer posted slots than this: ask for a kick
 * @size:	slots that the NIC can have of this ring
 * @post_min:	slots that the NIC takes at a time
 * @payload:	of payload
 * @sum_seq:	of the two below
 * @slots_sum:	at the end of the last poll
 * @payload_sum: as @slots_sum
 * @payload_external: payload slots are in a dma-buf: the CPU must not read them
 * @woken:	a sleeper was woken and nobody has looked since
 * @woken_seen:	what he had seen
 * @parts:	what was written to the headers of the unfinished frame, which
 *		cannot be read back because the user may have changed it
 * @chain_max:	entries of the longest frame, for which @parts has room
 * @unconfirmed: the NIC may write to the slots, whatever its driver does yet
 */
struct packet_direct_queue {
	struct tpacket4_hdr	*hdrs;
	struct packet_direct_pool slots;

	u64			tstamp ____cacheline_aligned_in_smp;
	struct sk_filter	*filter;
	u64			bytes;
	u32			fill;
	u32			mask;
	u32			chain;
	u32			chain_len;
	bool			skip;
	bool			need_sync;
	bool			need_kick;
	bool			full;
	bool			losing;
	bool			hw_tstamp;
	u32			extra;
	struct tpacket4_ctrl	*ctrl;
	u32			prod;
	u32			cons;

	u32			low;
	u32			size;
	u32			post_min;
	struct packet_direct_pool payload;
	bool			payload_external;

	/* once per batch */
	struct sock		*sk;
	struct napi_struct __rcu *napi;
	struct device		*dma_dev;
	u32			wake_count;
	ktime_t			wake_time;
	ktime_t			unseen_since;
	struct hrtimer		wake_timer;
	struct hrtimer		kick_timer;
	u32			woken_seen;
	bool			woken;
	struct sk_buff		*filter_skb;
	bool			filter_in_place;
	seqcount_t		sum_seq;
	struct packet_direct_sum slots_sum;
	struct packet_direct_sum payload_sum;

	/* counters, as in struct tpacket4_stats; one writer each */
	u64			packets;
	u64			drop_no_slot;
	u64			drop_too_long;
	u64			drop_error;
	u64			drop_filter;
	u64			drop_down;
	u64			unsplit;
	u64			bad_slot;
	u64			bad_cons;
	u64			batches;
	u64			dry;
	atomic64_t		wakeups;
	atomic64_t		missed;

	struct packet_direct_part *parts;
	u32			chain_max;

	/* set up once */
	struct net_device	*dev;
	netdevice_tracker	dev_tracker;
	u32			queue;
	bool			unconfirmed;
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
 * Before the first packet_direct_post_many().
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
 * Return: slots that can be posted now, of each kind.
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
 * packet_direct_part() - a part of a frame, more to come
 * @pdq: lease
 * @part: where it is
 *
 * A NIC that says that it wrote more than a slot holds is not believed, here and
 * below: the frame is dropped as damaged.
 *
 * Context: NAPI, between packet_direct_begin() and packet_direct_flush().
 */
void packet_direct_part(struct packet_direct_queue *pdq,
			const struct packet_direct_part *part);

/**
 * packet_direct_frame_end() - the last part of a frame that is not plain
 * @pdq: lease
 * @part: where it is
 * @meta: of the whole frame
 *
 * Context: as packet_direct_part().
 */
void packet_direct_frame_end(struct packet_direct_queue *pdq,
			     const struct packet_direct_part *part,
			     const struct packet_direct_meta *meta);

/**
 * packet_direct_drop() - a part of a frame that must not be delivered
 * @pdq: lease
 * @part: where it is
 * @last: it is the frame's last part
 * @counter: what to count it as, &pdq->drop_error for one
 *
 * Parts of the same frame that came before are dropped with it, and those that
 * come after until @last.
 *
 * Context: as packet_direct_part().
 */
void packet_direct_drop(struct packet_direct_queue *pdq,
			const struct packet_direct_part *part, bool last,
			u64 *counter);

/**
 * packet_direct_snaplen() - ask the socket filter about a frame in one slot
 * @pdq: lease with a filter, without header split
 * @slot: where it is
 * @len: its bytes
 * @flags: TPACKET4_HASH*
 * @hash: the NIC's hash
 *
 * Context: as packet_direct_part().
 * Return: how many bytes of it pass, at most @len; 0: none, it is refused
 */
u32 packet_direct_snaplen(struct packet_direct_queue *pdq, u32 slot, u32 len,
			  u32 flags, u32 hash);

/**
 * packet_direct_is_split() - does the NIC have to split headers from payload
 * @pdq: lease
 */
static inline bool packet_direct_is_split(const struct packet_direct_queue *pdq)
{
	return pdq->payload.nr;
}

/**
 * packet_direct_buffer_len() - bytes of a buffer that the NIC lays frames into
 * @pdq: lease
 *
 * With header split &pdq->slots.len is the length of the header's buffer.
 */
static inline u32 packet_direct_buffer_len(const struct packet_direct_queue *pdq)
{
	return packet_direct_is_split(pdq) ? pdq->payload.len : pdq->slots.len;
}

/**
 * packet_direct_post() - the next slot for the NIC
 * @pool: slots of one kind
 *
 * At most as often as packet_direct_reclaim() said.
 *
 * Context: NAPI, or ring stopped.
 */
static inline u32 packet_direct_post(struct packet_direct_pool *pool)
{
	return pool->fifo[pool->post++ & pool->mask];
}

/**
 * packet_direct_straight() - places from @index to where it wraps
 * @mask: places - 1
 * @index: free-running index
 */
static inline u32 packet_direct_straight(u32 mask, u32 index)
{
	return mask + 1 - (index & mask);
}

/**
 * packet_direct_post_many() - the next slots for the NIC, several at a time
 * @pool: slots of one kind
 * @max: at most so many
 * @slots: where their numbers are, which index &pool->dma
 *
 * For the most common loop of all: nothing of @pool has to be looked at between
 * one slot and the next.  @max has to be what packet_direct_reclaim() said, or
 * less.
 *
 * Context: NAPI, or ring stopped.
 * Return: how many there are, less than @max where the pool wraps.
 */
static inline u32 packet_direct_post_many(struct packet_direct_pool *pool,
					  u32 max, const u32 **slots)
{
	u32 count = min(max, packet_direct_straight(pool->mask, pool->post));

	*slots = &pool->fifo[pool->post & pool->mask];
	pool->post += count;
	return count;
}

/**
 * packet_direct_complete() - the oldest posted slot, which the NIC is done with
 * @pool: slots of one kind
 *
 * Context: NAPI, or ring stopped.
 */
static inline u32 packet_direct_complete(struct packet_direct_pool *pool)
{
	return pool->fifo[pool->head++ & pool->mask];
}

/**
 * packet_direct_completed() - the NIC is done with one of the posted slots
 * @pool: slots of one kind
 *
 * In place of packet_direct_complete() where the driver knows which one.
 *
 * Context: NAPI, or ring stopped.
 */
static inline void packet_direct_completed(struct packet_direct_pool *pool)
{
	pool->head++;
}

/**
 * packet_direct_unpost() - take a slot back that the NIC has not completed
 * @pool: slots of one kind
 * @slot: slot
 *
 * Each of those that packet_direct_in_nic() counts has to come back, in any
 * order.
 *
 * Context: ring stopped.
 */
static inline void packet_direct_unpost(struct packet_direct_pool *pool, u32 slot)
{
	pool->fifo[--pool->post & pool->mask] = slot;
}

/**
 * packet_direct_in_nic() - how many slots the NIC has
 * @pool: slots of one kind; with header split it has as many of the other
 *
 * Context: NAPI, or ring stopped.
 */
static inline u32 packet_direct_in_nic(const struct packet_direct_pool *pool)
{
	return pool->post - pool->head;
}

/**
 * packet_direct_free_slots() - how many slots could be posted
 * @pool: slots of one kind
 *
 * Context: NAPI, or ring stopped.
 */
static inline u32 packet_direct_free_slots(const struct packet_direct_pool *pool)
{
	return pool->tail - pool->post;
}

/**
 * packet_direct_put() - a slot without a frame: back to the kernel's free ones
 * @pool: slots of one kind
 * @slot: slot
 *
 * Context: NAPI, or ring stopped.
 */
static inline void packet_direct_put(struct packet_direct_pool *pool, u32 slot)
{
	pool->fifo[pool->tail++ & pool->mask] = slot;
}

/**
 * packet_direct_missed() - the NIC dropped frames of this queue for want of slots
 * @pdq: lease
 * @frames: how many since the last call
 *
 * The next frame is marked with TPACKET4_LOSING.
 *
 * Context: any.
 */
static inline void packet_direct_missed(struct packet_direct_queue *pdq,
					u64 frames)
{
	atomic64_add(frames, &pdq->missed);
	if (frames)
		WRITE_ONCE(pdq->losing, true);
}

/* Makes the NIC's writes to a slot visible where the device is not coherent. */
static inline void packet_direct_sync(const struct packet_direct_queue *pdq,
				      const struct packet_direct_pool *pool,
				      u32 slot, u32 len)
{
	if (unlikely(pdq->need_sync))
		dma_sync_single_for_cpu(pdq->dma_dev, pool->dma[slot], len,
					DMA_FROM_DEVICE);
}

/* The entry gets another slot than the last time. */
static inline void __packet_direct_bind(struct packet_direct_queue *pdq,
					struct packet_direct_pool *pool,
					u32 entry, u32 slot)
{
	u32 last = pool->where[slot];

	if (last <= pdq->mask && pool->home[last] == slot)
		pool->home[last] = PACKET_DIRECT_KERNEL;
	pool->home[entry] = slot;
	pool->where[slot] = entry;
}

/* What each entry has, and the fields of @flags that the NIC's descriptors have:
 * writing one that does not count takes less than asking whether it does.
 * WRITE_ONCE() keeps the compiler from putting two values together in order to
 * store them at once, which takes more instructions than two stores.
 */
static inline void __packet_direct_write(struct tpacket4_hdr *hdr, u32 slot,
					 u32 off, u32 end, u32 flags, u32 len,
					 u32 hash, u64 tstamp)
{
	WRITE_ONCE(hdr->tp_slot, slot);
	WRITE_ONCE(hdr->tp_flags, flags);
	WRITE_ONCE(hdr->tp_data, off);
	WRITE_ONCE(hdr->tp_data_end, end);
	WRITE_ONCE(hdr->tp_len, len);
	hdr->tp_rxhash = hash;
	hdr->tp_tstamp = tstamp;
}

static inline void __packet_direct_write_payload(struct tpacket4_hdr *hdr,
						 u32 slot, u32 len)
{
	WRITE_ONCE(hdr->tp_payload_slot, slot);
	WRITE_ONCE(hdr->tp_payload_off, 0);
	WRITE_ONCE(hdr->tp_payload_len, len);
}

/* Binds @slot to the next entry, which gets no payload slot. */
static inline void __packet_direct_fill(struct packet_direct_queue *pdq,
					u32 slot, u32 off, u32 end, u32 flags,
					u32 len, u32 hash, u64 tstamp)
{
	u32 entry = pdq->fill & pdq->mask;
	struct tpacket4_hdr *hdr = &pdq->hdrs[entry];

	if (pdq->slots.home[entry] != slot)
		__packet_direct_bind(pdq, &pdq->slots, entry, slot);
	__packet_direct_write(hdr, slot, off, end, flags, len, hash, tstamp);
	if (packet_direct_is_split(pdq))
		__packet_direct_write_payload(hdr, TPACKET4_SLOT_NONE, 0);
	pdq->fill++;
}

/* What makes a frame one that is whole in one slot, or one pair of slots. */
#define PACKET_DIRECT_WHOLE	(TPACKET4_FIRST | TPACKET4_LAST | \
				 TPACKET4_TSTAMP_SW)

/**
 * struct packet_direct_run - several plain frames
 * @hdr:   the next one's entry
 * @home:  for the first one
 * @fifo:  the first one's slot
 * @payload_home: as @home
 * @payload_fifo: as @fifo
 * @tstamp: of all, or of those until the driver sets another
 * @first: number of the first one's entry
 * @count: how many there are so far
 * @in_order: the NIC completes in order
 *
 * In a run neither the entries nor the FIFOs wrap, and what is known of the
 * queue stays in registers.
 */
struct packet_direct_run {
	struct tpacket4_hdr	*hdr;
	const u32		*home;
	const u32		*fifo;
	const u32		*payload_home;
	const u32		*payload_fifo;
	u64			tstamp;
	unsigned long		first;
	unsigned long		count;
	bool			in_order;
};

/**
 * packet_direct_run_begin() - look how many plain frames could be delivered
 * @pdq: lease
 * @run: to be filled in
 * @max: at most so many
 * @in_order: the NIC completes in order; known when this is compiled
 *
 * Context: as packet_direct_part().
 * Return: so many of the next slots may go to packet_direct_run_frame(), or with
 *	   header split to packet_direct_run_split(); 0 when the next frame needs
 *	   packet_direct_frame_end() in any case.  When @pdq->filter is set each
 *	   frame has to ask packet_direct_snaplen() first; with header split that
 *	   is not possible.
 */
static inline u32 packet_direct_run_begin(const struct packet_direct_queue *pdq,
					  struct packet_direct_run *run, u32 max,
					  const bool in_order)
{
	const struct packet_direct_pool *slots = &pdq->slots;
	const struct packet_direct_pool *payload = &pdq->payload;

	run->first = pdq->fill & pdq->mask;
	run->in_order = in_order;
	run->hdr = &pdq->hdrs[run->first];
	run->home = &slots->home[run->first];
	run->fifo = &slots->fifo[slots->head & slots->mask];
	run->tstamp = pdq->tstamp;
	run->count = 0;

	if (pdq->chain || pdq->skip || pdq->need_sync || READ_ONCE(pdq->losing))
		return 0;
	max = min3(max, packet_direct_straight(pdq->mask, pdq->fill),
		   packet_direct_straight(slots->mask, slots->head));
	if (!packet_direct_is_split(pdq))
		return max;

	run->payload_home = &payload->home[run->first];
	run->payload_fifo = &payload->fifo[payload->head & payload->mask];
	return min(max, packet_direct_straight(payload->mask, payload->head));
}

/* An entry gets the slot of its last time, as a rule, from a NIC that completes in
 * order: then its number is that of its header, and nothing is counted up for it.
 */
static inline u32 __packet_direct_run_entry(const struct packet_direct_queue *pdq,
					    const struct packet_direct_run *run)
{
	return run->in_order ? run->hdr - pdq->hdrs : run->first + run->count;
}

/**
 * packet_direct_run_slot() - the next slot of a NIC that completes in order
 * @run: run
 */
static inline u32 packet_direct_run_slot(const struct packet_direct_run *run)
{
	return run->fifo[run->count];
}

/**
 * packet_direct_run_payload() - the payload slot that was posted with it
 * @run: run, with header split
 */
static inline u32 packet_direct_run_payload(const struct packet_direct_run *run)
{
	return run->payload_fifo[run->count];
}

/**
 * packet_direct_run_frame() - the next slot has a plain frame
 * @pdq: lease
 * @run: run
 * @slot: where it is: packet_direct_run_slot(), if the NIC completes in order
 * @len: its bytes, which the slot has room for
 * @keep: how many of them the filter lets pass, at least 1
 * @flags: PACKET_DIRECT_WHOLE and TPACKET4_CSUM_*, TPACKET4_HASH*
 * @hash: the NIC's hash, anything without TPACKET4_HASH
 *
 * Context: as packet_direct_part().
 */
static inline void packet_direct_run_frame(struct packet_direct_queue *pdq,
					   struct packet_direct_run *run,
					   u32 slot, u32 len, u32 keep,
					   u32 flags, u32 hash)
{
	if (unlikely(slot != run->home[run->count]))
		__packet_direct_bind(pdq, &pdq->slots,
				     __packet_direct_run_entry(pdq, run), slot);
	if (keep < len)
		flags |= TPACKET4_TRUNCATED;
	__packet_direct_write(run->hdr, slot, 0, keep, flags, len, hash,
			      run->tstamp);
	run->hdr++;
	run->count++;
}

/* The entry gets another payload slot than the last time, or none. */
static inline void __packet_direct_bind_payload(struct packet_direct_queue *pdq,
						u32 entry, u32 slot)
{
	if (slot == TPACKET4_SLOT_NONE)
		pdq->payload.home[entry] = PACKET_DIRECT_KERNEL;
	else
		__packet_direct_bind(pdq, &pdq->payload, entry, slot);
}

/**
 * packet_direct_run_split() - the next slots have a frame in two parts
 * @pdq: lease with header split, without a filter
 * @run: run
 * @slot: as for packet_direct_run_frame()
 * @len: bytes of the header part, which the slot has room for
 * @payload: payload slot: packet_direct_run_payload(), if the NIC completes in
 *	     order
 * @payload_len: bytes of the payload, which the payload slot has room for
 * @flags: as for packet_direct_run_frame(), and TPACKET4_SPLIT_*
 * @hash: as for packet_direct_run_frame()
 *
 * Context: as packet_direct_part().
 */
static inline void packet_direct_run_split(struct packet_direct_queue *pdq,
					   struct packet_direct_run *run,
					   u32 slot, u32 len, u32 payload,
					   u32 payload_len, u32 flags, u32 hash)
{
	if (unlikely(!payload_len)) {
		packet_direct_put(&pdq->payload, payload);
		payload = TPACKET4_SLOT_NONE;
	} else {
		WRITE_ONCE(run->hdr->tp_payload_off, 0);
		WRITE_ONCE(run->hdr->tp_payload_len, payload_len);
	}
	if (unlikely(slot != run->home[run->count]))
		__packet_direct_bind(pdq, &pdq->slots,
				     __packet_direct_run_entry(pdq, run), slot);
	if (unlikely(payload != run->payload_home[run->count]))
		__packet_direct_bind_payload(pdq,
					     __packet_direct_run_entry(pdq, run),
					     payload);
	__packet_direct_write(run->hdr, slot, 0, len, flags, len + payload_len,
			      hash, run->tstamp);
	WRITE_ONCE(run->hdr->tp_payload_slot, payload);
	run->hdr++;
	run->count++;
}

/**
 * packet_direct_run_protocol() - the ethertype of the next frame of a run
 * @run: run
 * @protocol: ethertype, with TPACKET4_PROTOCOL in the flags of the frame
 *
 * Before packet_direct_run_frame() or packet_direct_run_split().
 *
 * Context: as packet_direct_part().
 */
static inline void packet_direct_run_protocol(const struct packet_direct_run *run,
					      __be16 protocol)
{
	run->hdr->tp_protocol = protocol;
}

/**
 * packet_direct_run_end() - the frames of a run are delivered
 * @pdq: lease
 * @run: run
 * @bytes: of all of them
 *
 * Context: as packet_direct_part().
 */
static inline void packet_direct_run_end(struct packet_direct_queue *pdq,
					 const struct packet_direct_run *run,
					 u64 bytes)
{
	pdq->slots.head += run->count;
	if (packet_direct_is_split(pdq))
		pdq->payload.head += run->count;
	pdq->fill += run->count;
	pdq->bytes += bytes;
}

/**
 * packet_direct_reject() - the next slot has a frame that did not pass the filter
 * @pdq: lease, outside of a run, without header split
 *
 * Context: as packet_direct_part().
 */
static inline void packet_direct_reject(struct packet_direct_queue *pdq)
{
	packet_direct_put(&pdq->slots, packet_direct_complete(&pdq->slots));
	pdq->drop_filter++;
}

/**
 * packet_direct_not_stopped() - nothing confirmed that the NIC has stopped
 * @pdq: lease, whose end then is as if its unbind had failed
 *
 * For drivers that learn it when they stop the ring, and cannot find out later.
 *
 * Context: RTNL.
 */
static inline void packet_direct_not_stopped(struct packet_direct_queue *pdq)
{
	pdq->unconfirmed = true;
}

/**
 * packet_direct_stop_dma() - the last means against a device that does not stop
 * @pdev: device, which its driver gives up
 *
 * Takes bus mastering away.  The driver turns it on when it is loaded again,
 * before it resets the device; so that no queue runs then, the function is reset.
 *
 * Context: may sleep.
 * Return: true when it is certain that no queue of now does DMA any more
 */
static inline bool packet_direct_stop_dma(struct pci_dev *pdev)
{
	bool stopped;
	u16 command;

	pci_clear_master(pdev);
	if (pci_read_config_word(pdev, PCI_COMMAND, &command) ||
	    command == U16_MAX || (command & PCI_COMMAND_MASTER))
		return false;

	/* somebody else resets it */
	if (!pci_cfg_access_trylock(pdev))
		return false;
	pci_save_state(pdev);
	stopped = !pcie_reset_flr(pdev, PCI_RESET_DO_RESET);
	pci_restore_state(pdev);
	pci_cfg_access_unlock(pdev);
	return stopped;
}

/**
 * packet_direct_short() - what is shorter fits in any case
 * @pdq: lease
 *
 * Return: a power of two, at most packet_direct_buffer_len()
 */
static inline u32 packet_direct_short(const struct packet_direct_queue *pdq)
{
	return rounddown_pow_of_two(packet_direct_buffer_len(pdq));
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
