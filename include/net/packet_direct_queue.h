/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PACKET_RX_DIRECT: the queue of a lease, the inline verbs on it, and the fast lane.
 *
 * <net/packet_direct.h> is the contract.  What is here costs the least:
 * packet_direct_fill() posts many slots at a time, and a run delivers plain frames:
 * those that are whole in one slot, or one pair of slots, with nothing unusual
 * about them.  Such a loop keeps the queue's state in registers.
 *
 * The kernel's slots are in a FIFO with three free-running indices:
 *
 *	   head             post              tail
 *	-------+----------------+-----------------+-------
 *	       |  with the NIC  |  free           |
 *	-------+----------------+-----------------+-------
 *	completed by the NIC    posted            given back by the user
 *
 * A NIC that completes in order completes what is at head.  Of one that does not,
 * the FIFO knows only how many slots it has, and its driver keeps a table from
 * buffer to slot.
 *
 * With header split there are two kinds of slots, each with its FIFO,
 * &packet_direct_queue.slots and &packet_direct_queue.payload.  They are posted and
 * completed in pairs.  A payload slot that the NIC left empty is free again.
 */
#ifndef _NET_PACKET_DIRECT_QUEUE_H
#define _NET_PACKET_DIRECT_QUEUE_H

#include <linux/cache.h>
#include <linux/dma-mapping.h>
#include <linux/hrtimer.h>
#include <linux/log2.h>
#include <linux/unaligned.h>
#include <net/packet_direct.h>

struct sk_buff;
struct sk_filter;
struct xsk_direct;

/* What tp_slot, where[] and home[] hold besides slot and entry numbers. */
#define PACKET_DIRECT_KERNEL	0xffffffffU	/* where[]: the kernel's */
#define PACKET_DIRECT_SPARE	0xfffffffeU	/* where[]: the user's spare */

/**
 * struct packet_direct_pool - slots of one kind
 * @fifo:	the kernel's slots, see above
 * @dma:	DMA address of each slot; NULL without a lease, or without a DMA device
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
 * @posted:	a bit for each slot: room for packet_direct_ring_down(); with
 *		CONFIG_PACKET_RX_DIRECT_DEBUG: the NIC has it
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
	unsigned long	*posted;
};

/**
 * struct packet_direct_counts - how many slots of one kind are where
 * @free:	with the kernel
 * @posted:	with the NIC
 * @held:	with user space, each by an entry
 * @spare:	with user space besides
 */
struct packet_direct_counts {
	u32	free;
	u32	posted;
	u32	held;
	u32	spare;
};

/**
 * enum packet_direct_view - what a socket filter is shown of a frame in one slot
 * @PACKET_DIRECT_VIEW_COPY: a copy
 * @PACKET_DIRECT_VIEW_DESCRIBED: the frame where it is, and what the stack would say of it
 * @PACKET_DIRECT_VIEW_BARE: the frame where it is
 */
enum packet_direct_view {
	PACKET_DIRECT_VIEW_COPY,
	PACKET_DIRECT_VIEW_DESCRIBED,
	PACKET_DIRECT_VIEW_BARE,
};

/**
 * enum packet_direct_ask - which filter the frames of a run have to pass
 * @PACKET_DIRECT_ASK_NONE: none
 * @PACKET_DIRECT_ASK_ANY: one of any kind
 * @PACKET_DIRECT_ASK_BARE: one with PACKET_DIRECT_VIEW_BARE
 */
enum packet_direct_ask {
	PACKET_DIRECT_ASK_NONE,
	PACKET_DIRECT_ASK_ANY,
	PACKET_DIRECT_ASK_BARE,
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
 * @no_run:	packet_direct_run_begin() has to return 0
 * @need_sync:	the device is not coherent
 * @need_kick:	TPACKET4_CTRL_NEED_KICK is set in @ctrl
 * @full:	there was no slot left for the next frame
 * @losing:	frames were lost since the last one that was filled in
 * @metadata:	PACKET_DIRECT_METADATA, if the lease has it
 * @hw_tstamp:	the NIC's stamps are wanted, as always if frames go to the stack
 * @extra:	entries to be published that are not the first of a frame
 * @ctrl:	control page, shared with user space
 * @prod:	published up to here
 * @cons:	given back by the user up to here, and taken
 * @low:	fewer posted slots than this: ask for a kick
 * @size:	slots that the NIC can have of this ring
 * @post_min:	slots that the NIC takes at a time
 * @payload:	of payload
 * @count_seq:	of the two below
 * @slots_count:	at the end of the last poll
 * @payload_count: as @slots_count
 * @payload_external: payload slots are in a dma-buf: the CPU must not read them
 * @stack_run:	plain frames may go to packet_direct_run_begin_stack(), in this poll
 * @tee_run:	and few of them are for this host, which packet_direct_run_look() finds
 * @tee:	frames for this host go on to the stack as well
 * @pass:	so do those that the filter refuses
 * @everything:	all frames are for this host, in this poll
 * @stack_tstamp: the NIC's stamps are wanted by the stack alone, in this poll
 * @draining:	NAPI is disabled: no GRO
 * @reserve:	slots of each kind that the kernel keeps, so that frames go on when
 *		the reader does not; 0: no frame goes to the stack
 * @host_addr:	the end of the device's address, in this poll
 * @own_promisc: of the device's promiscuity, what sockets with leases ask for
 * @own_allmulti: likewise
 * @sk:		socket of the ring
 * @napi:	what polls the ring, while it runs; by AF_XDP: during a poll, if frames
 *		go on to the stack
 * @napi_id:	by AF_XDP: its number, while the ring runs
 * @up:		the ring runs
 * @ops:	what leases the queue
 * @xsk:	what the driver's AF_XDP has of the lease, see net/xdp/xsk_direct.c
 * @dma_dev:	device that the slots are mapped for; NULL: none
 * @wake_count:	tp_wake_count of struct tpacket_req4
 * @wake_time:	tp_wake_usecs likewise
 * @unseen_since: when the oldest frame was published that nobody has seen
 * @wake_timer:	wakes at @wake_time
 * @kick_timer:	looks for slots where nobody kicks
 * @woken:	a sleeper was woken, and nobody has looked since: what he had seen, and
 *		a bit beyond; else 0
 * @filter_skb:	what the filter is shown, made once for the ring
 * @filter_head: the memory of that skb, which points to a slot at times
 * @filter_view: how this poll's filter is shown frames in one slot
 * @packets:	counters, as in struct tpacket4_stats; so are the following ones
 * @drop_no_slot: ts_drop_no_slot
 * @drop_too_long: ts_drop_too_long
 * @drop_error:	ts_drop_error
 * @drop_filter: ts_drop_filter
 * @drop_down:	ts_drop_down
 * @unsplit:	ts_unsplit
 * @bad_slot:	ts_bad_slot
 * @bad_cons:	ts_bad_cons
 * @batches:	ts_batches
 * @dry:	ts_dry
 * @passed:	ts_passed
 * @drop_stack:	ts_drop_stack
 * @wakeups:	ts_wakeups
 * @missed:	ts_missed
 * @parts:	what was written to the headers of the unfinished frame: it cannot
 *		be read back, because the user may have changed it
 * @chain_max:	entries of the longest frame, for which @parts has room
 * @dev:	device of the lease, also of a claimed queue
 * @dev_tracker: of the reference to @dev
 * @queue:	RX queue of it
 * @unconfirmed: the NIC may write to the slots for ever
 * @state:	as user space is told in the control page
 * @generation:	likewise
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
	bool			no_run;
	bool			need_sync;
	bool			need_kick;
	bool			full;
	bool			losing;
	u32			metadata;
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

	/* with PACKET_DIRECT_TEE or PACKET_DIRECT_PASS */
	bool			stack_run;
	bool			tee_run;
	bool			tee;
	bool			pass;
	bool			everything;
	bool			stack_tstamp;
	bool			draining;
	u32			reserve;
	u32			host_addr;
	u32			own_promisc;
	u32			own_allmulti;

	/* once per batch */
	struct sock		*sk;
	struct napi_struct __rcu *napi;
	u32			napi_id;
	bool			up;
	const struct packet_direct_ops *ops;
	struct xsk_direct	*xsk;
	struct device		*dma_dev;
	u32			wake_count;
	ktime_t			wake_time;
	ktime_t			unseen_since;
	struct hrtimer		wake_timer;
	struct hrtimer		kick_timer;
	u64			woken;
	struct sk_buff		*filter_skb;
	unsigned char		*filter_head;
	enum packet_direct_view	filter_view;
	seqcount_t		count_seq;
	struct packet_direct_counts slots_count;
	struct packet_direct_counts payload_count;

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
	u64			passed;
	u64			drop_stack;
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

/**
 * packet_direct_snaplen() - ask the socket filter about a frame in one slot
 * @pdq: lease with a filter, without header split
 * @slot: where it is
 * @len: its bytes
 * @flags: TPACKET4_HASH*
 * @hash: the NIC's hash
 *
 * Context: as packet_direct_deliver().
 * Return: how many bytes of it pass, perhaps more than it has; 0: it is refused
 */
u32 packet_direct_snaplen(struct packet_direct_queue *pdq, u32 slot, u32 len,
			  u32 flags, u32 hash);

/**
 * packet_direct_snaplen_bare() - the same for a filter that reads the frame alone
 * @pdq: lease with a filter, whose filter_view is PACKET_DIRECT_VIEW_BARE
 * @slot: as for packet_direct_snaplen()
 * @len: likewise
 *
 * Context: as packet_direct_deliver().
 * Return: as packet_direct_snaplen()
 */
u32 packet_direct_snaplen_bare(struct packet_direct_queue *pdq, u32 slot, u32 len);

/**
 * packet_direct_tee() - a plain frame goes on to the stack, if it is for this host
 * @pdq: lease whose stack_run is set
 * @slot: where it is
 * @off: where in the slot it begins
 * @len: its bytes
 * @flags: TPACKET4_CSUM_*, TPACKET4_HASH*
 * @hash: the NIC's hash
 *
 * Context: as packet_direct_deliver().
 */
void packet_direct_tee(struct packet_direct_queue *pdq, u32 slot, u32 off,
		       u32 len, u32 flags, u32 hash);

/**
 * packet_direct_pass_on() - the same for a frame that did not pass the filter
 * @pdq: as for packet_direct_tee(), and so are the others
 * @slot: before packet_direct_run_reject()
 * @off: likewise
 * @len: likewise
 * @flags: likewise
 * @hash: likewise
 *
 * Context: as packet_direct_deliver().
 */
void packet_direct_pass_on(struct packet_direct_queue *pdq, u32 slot, u32 off,
			   u32 len, u32 flags, u32 hash);

/**
 * packet_direct_ask_host() - a plain frame goes on to the stack, if it is to
 * @pdq: as for packet_direct_tee(), and so are the next five
 * @slot: before packet_direct_run_frame() or packet_direct_run_reject()
 * @off: likewise
 * @len: likewise
 * @flags: likewise
 * @hash: likewise
 * @keep: what the filter lets pass of it, 0: it is refused
 *
 * Context: as packet_direct_deliver().
 */
static inline void packet_direct_ask_host(struct packet_direct_queue *pdq, u32 slot,
					  u32 off, u32 len, u32 flags, u32 hash,
					  u32 keep)
{
	if (keep)
		packet_direct_tee(pdq, slot, off, len, flags, hash);
	else
		packet_direct_pass_on(pdq, slot, off, len, flags, hash);
}

/**
 * packet_direct_run_tee() - packet_direct_tee() for a frame that is in the run already
 * @pdq: lease whose tee_run is set
 * @nr: its number in the run
 * @off: as for packet_direct_tee(), and so are the others
 * @len: likewise
 * @flags: likewise
 * @hash: likewise
 *
 * Context: before packet_direct_run_end().
 */
void packet_direct_run_tee(struct packet_direct_queue *pdq, u32 nr, u32 off,
			   u32 len, u32 flags, u32 hash);

/**
 * packet_direct_polled_ring_up() - packet_direct_ring_up() for a driver with a kick
 * @pdq: lease, whose ring may have been up before
 * @napi_id: the number of what polls it
 * @size: buffers that the NIC can have at a time
 *
 * For whoever is not told when a NAPI instance goes.
 *
 * Context: RTNL; the queue is stopped, or has just started.
 */
void packet_direct_polled_ring_up(struct packet_direct_queue *pdq, u32 napi_id,
				  u32 size);

/**
 * packet_direct_ring_pause() - the ring has been stopped, and the driver keeps its slots
 * @pdq: lease
 *
 * Context: RTNL; NAPI is disabled.
 */
void packet_direct_ring_pause(struct packet_direct_queue *pdq);

/**
 * packet_direct_ring_empty() - packet_direct_ring_down(), also of a ring that is down
 * @pdq: lease
 *
 * Context: as packet_direct_ring_down().
 */
void packet_direct_ring_empty(struct packet_direct_queue *pdq);

/**
 * packet_direct_store_counts() - where the slots are until the next poll
 * @pdq: leased ring
 *
 * For those who ask for statistics meanwhile.
 *
 * Context: the ring's one producer.
 */
void packet_direct_store_counts(struct packet_direct_queue *pdq);

/**
 * packet_direct_is_split() - does the NIC have to split headers from payload
 * @pdq: lease
 *
 * Return: true if so
 */
static inline bool packet_direct_is_split(const struct packet_direct_queue *pdq)
{
	return pdq->payload.nr;
}

/**
 * packet_direct_asks() - which filter the frames of this poll have to pass
 * @pdq: lease
 *
 * For a loop that is the same for all filters.
 *
 * Return: PACKET_DIRECT_ASK_NONE or PACKET_DIRECT_ASK_ANY
 */
static inline enum packet_direct_ask
packet_direct_asks(const struct packet_direct_queue *pdq)
{
	return pdq->filter ? PACKET_DIRECT_ASK_ANY : PACKET_DIRECT_ASK_NONE;
}

/**
 * packet_direct_buffer_len() - bytes of a buffer that the NIC lays frames into
 * @pdq: lease
 *
 * With header split &pdq->slots.len is the length of the header's buffer.
 *
 * Return: bytes
 */
static inline u32 packet_direct_buffer_len(const struct packet_direct_queue *pdq)
{
	return packet_direct_is_split(pdq) ? pdq->payload.len : pdq->slots.len;
}

/**
 * packet_direct_dma() - where the NIC finds a slot
 * @pool: slots of one kind, of a lease with a DMA device
 * @slot: slot
 *
 * Return: DMA address
 */
static inline dma_addr_t packet_direct_dma(const struct packet_direct_pool *pool,
					   u32 slot)
{
	return pool->dma[slot];
}

/**
 * packet_direct_cpu() - where the CPU finds a slot
 * @pool: slots of one kind, not in a dma-buf
 * @slot: slot
 *
 * User space may write there at any time.
 *
 * Return: kernel address
 */
static inline void *packet_direct_cpu(const struct packet_direct_pool *pool,
				      u32 slot)
{
	return pool->cpu[slot];
}

/**
 * packet_direct_in_nic() - how many buffers the NIC has
 * @pdq: lease
 *
 * Context: NAPI, or ring stopped.
 * Return: buffers
 */
static inline u32 packet_direct_in_nic(const struct packet_direct_queue *pdq)
{
	return pdq->slots.post - pdq->slots.head;
}

/**
 * packet_direct_free_slots() - how many slots could be posted
 * @pool: slots of one kind
 *
 * Context: NAPI, or ring stopped.
 * Return: slots
 */
static inline u32 packet_direct_free_slots(const struct packet_direct_pool *pool)
{
	return pool->tail - pool->post;
}

/**
 * packet_direct_available() - how many of the buffers that a NIC has room for there are
 * @pdq: lease
 * @room: so many
 *
 * Takes entries back only if they are needed: packet_direct_napi_poll() has done so when
 * the poll began.
 *
 * Context: NAPI, or ring stopped.
 * Return: at most @room, which can be posted
 */
static inline u32 packet_direct_available(struct packet_direct_queue *pdq, u32 room)
{
	u32 count = packet_direct_free_slots(&pdq->slots);

	if (packet_direct_is_split(pdq))
		count = min(count, packet_direct_free_slots(&pdq->payload));
	if (count < room)
		count = packet_direct_reclaim(pdq);
	return min(count, room);
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
 * packet_direct_oldest() - the slot that was posted first of those the NIC has
 * @pool: slots of one kind, of a NIC that completes in order
 *
 * Context: NAPI, or ring stopped.
 * Return: slot
 */
static inline u32 packet_direct_oldest(const struct packet_direct_pool *pool)
{
	return pool->fifo[pool->head & pool->mask];
}

/* With CONFIG_PACKET_RX_DIRECT_DEBUG: no slot is posted or completed twice. */
static inline void __packet_direct_mark_posted(struct packet_direct_pool *pool,
					       u32 slot)
{
	if (IS_ENABLED(CONFIG_PACKET_RX_DIRECT_DEBUG))
		WARN_ON_ONCE(__test_and_set_bit(slot, pool->posted));
}

static inline void __packet_direct_mark_done(const struct packet_direct_pool *pool,
					     u32 slot)
{
	if (IS_ENABLED(CONFIG_PACKET_RX_DIRECT_DEBUG))
		WARN_ON_ONCE(!__test_and_clear_bit(slot, pool->posted));
}

static inline u32 __packet_direct_post(struct packet_direct_pool *pool)
{
	u32 slot = pool->fifo[pool->post++ & pool->mask];

	__packet_direct_mark_posted(pool, slot);
	return slot;
}

/**
 * packet_direct_post() - the next buffer for the NIC
 * @pdq: lease
 * @buf: its slots are filled in
 *
 * At most as often as packet_direct_reclaim() or packet_direct_available() said.
 *
 * Context: NAPI, or ring stopped.
 */
static inline void packet_direct_post(struct packet_direct_queue *pdq,
				      struct packet_direct_buf *buf)
{
	buf->slot = __packet_direct_post(&pdq->slots);
	buf->payload = packet_direct_is_split(pdq) ?
		       __packet_direct_post(&pdq->payload) : TPACKET4_SLOT_NONE;
}

/**
 * packet_direct_straight() - places from @index to where it wraps
 * @mask: places - 1
 * @index: free-running index
 *
 * Return: places
 */
static inline u32 packet_direct_straight(u32 mask, u32 index)
{
	return mask + 1 - (index & mask);
}

/**
 * typedef packet_direct_write_t - let descriptors point to slots
 * @ring: the driver's ring
 * @at: the first descriptor
 * @slots: slots, see packet_direct_dma()
 * @payload: payload slots, NULL without header split
 * @count: how many; nothing wraps among them
 */
typedef void (*packet_direct_write_t)(void *ring, u32 at, const u32 *slots,
				      const u32 *payload, u32 count);

static __always_inline const u32 *
__packet_direct_post_many(struct packet_direct_pool *pool, u32 count)
{
	const u32 *slots = &pool->fifo[pool->post & pool->mask];
	u32 i;

	for (i = 0; IS_ENABLED(CONFIG_PACKET_RX_DIRECT_DEBUG) && i < count; i++)
		__packet_direct_mark_posted(pool, slots[i]);
	pool->post += count;
	return slots;
}

/**
 * packet_direct_fill() - the next buffers for the NIC, several at a time
 * @pdq: lease
 * @ring: the driver's ring
 * @size: its descriptors
 * @at: the first one to be written
 * @count: how many, at least 1 and at most what packet_direct_available() said
 * @write: writes them; known when this is compiled
 *
 * Context: NAPI, or ring stopped.
 * Return: the descriptor after the last one.
 */
static __always_inline u32
packet_direct_fill(struct packet_direct_queue *pdq, void *ring, u32 size, u32 at,
		   u32 count, packet_direct_write_t write)
{
	const u32 *slots, *payload = NULL;
	u32 n;

	do {
		n = min3(count, size - at,
			 packet_direct_straight(pdq->slots.mask,
						pdq->slots.post));
		if (packet_direct_is_split(pdq)) {
			n = min(n, packet_direct_straight(pdq->payload.mask,
							  pdq->payload.post));
			payload = __packet_direct_post_many(&pdq->payload, n);
		}
		slots = __packet_direct_post_many(&pdq->slots, n);
		write(ring, at, slots, payload, n);
		at += n;
		if (at == size)
			at = 0;
		count -= n;
	} while (count);
	return at;
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

/**
 * packet_direct_has_stack() - do frames of this queue go on to the stack
 * @pdq: lease
 *
 * A driver with a loop of its own for these chooses once per poll.
 *
 * Context: any.
 * Return: true if so
 */
static inline bool packet_direct_has_stack(const struct packet_direct_queue *pdq)
{
	return READ_ONCE(pdq->reserve);
}

/**
 * struct packet_direct_nic - what a poll consists of
 * @clean: delivers what the NIC has completed, at most @max descriptors; returns how
 *	   many it were, 0: nothing is completed
 * @fill: gives the NIC slots, if there are enough to be worth while
 *
 * Known when the poll is compiled.  @data is the driver's.
 */
struct packet_direct_nic {
	u32	(*clean)(void *data, u32 max);
	void	(*fill)(void *data);
};

/**
 * packet_direct_refill() - give the NIC all slots that there are
 * @pdq: lease
 * @nic: driver
 * @data: the driver's
 *
 * At a ring's start, and at the end of a poll.
 *
 * Context: NAPI, or ring stopped.
 */
static __always_inline void
packet_direct_refill(struct packet_direct_queue *pdq,
		     const struct packet_direct_nic *nic, void *data)
{
	do {
		nic->fill(data);
	} while (packet_direct_must_refill(pdq));
}

/**
 * packet_direct_napi_poll() - the poll of a leased queue
 * @pdq: lease
 * @nic: driver
 * @data: the driver's
 * @budget: most descriptors to clean
 * @batch: descriptors after which the NIC is given slots again
 *
 * A ring without slots does not keep NAPI polling: the core schedules it when there
 * are new ones.
 *
 * Context: NAPI.
 * Return: descriptors cleaned.
 */
static __always_inline u32
packet_direct_napi_poll(struct packet_direct_queue *pdq,
			const struct packet_direct_nic *nic, void *data,
			u32 budget, u32 batch)
{
	u32 cleaned, total = 0;

	packet_direct_batch_begin(pdq);
	/* what a reader that polls has just read is in L1 now, and not after the frames */
	if (READ_ONCE(pdq->ctrl->cons) != pdq->cons)
		packet_direct_reclaim(pdq);
	while (total < budget) {
		cleaned = nic->clean(data, min(budget - total, batch));
		if (!cleaned)
			break;
		total += cleaned;
		nic->fill(data);
	}
	packet_direct_batch_end(pdq);

	packet_direct_refill(pdq, nic, data);
	return total;
}

/**
 * packet_direct_drain() - deliver what the NIC had completed when it was stopped
 * @pdq: lease
 * @nic: driver
 * @data: the driver's
 * @max: most descriptors to clean
 *
 * Context: NAPI is disabled; before packet_direct_ring_down().
 */
static __always_inline void
packet_direct_drain(struct packet_direct_queue *pdq,
		    const struct packet_direct_nic *nic, void *data, u32 max)
{
	u32 cleaned;

	local_bh_disable();
	pdq->draining = true;
	packet_direct_batch_begin(pdq);
	for (; max; max -= cleaned) {
		cleaned = nic->clean(data, max);
		if (!cleaned)
			break;
	}
	packet_direct_batch_end(pdq);
	pdq->draining = false;
	local_bh_enable();
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

/* Writes the fields that are the same for each plain frame.  The hash is written
 * whether it counts or not: that takes less than to ask.  WRITE_ONCE() keeps the
 * compiler from joining two values for one store, which takes more instructions
 * than two stores.
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

/* What makes a frame one that is whole in one slot, or one pair of slots. */
#define PACKET_DIRECT_WHOLE	(TPACKET4_FIRST | TPACKET4_LAST | \
				 TPACKET4_TSTAMP_SW)

/**
 * struct packet_direct_run - several plain frames
 * @hdr:   the next one's entry
 * @home:  for the first one
 * @fifo:  the first one's slot, and one further for each that was refused
 * @payload_home: as @home
 * @payload_fifo: as @fifo
 * @payload_back: where payload slots without payload go to
 * @tstamp: of all, or of those until the driver sets another
 * @first: number of the first one's entry
 * @count: how many there are so far
 * @refused: how many there were besides that did not pass the filter
 * @returned: payload slots without payload
 * @for_host: a bit for each that may go on to the stack, see packet_direct_run_look()
 * @host_addr: the end of this host's address
 * @in_order: the NIC completes in order
 *
 * In a run neither the entries nor the FIFOs wrap, and what is known of the
 * queue stays in registers.  It is __uninitialized: packet_direct_run_begin() sets all
 * that is read.
 */
struct packet_direct_run {
	struct tpacket4_hdr	*hdr;
	const u32		*home;
	const u32		*fifo;
	const u32		*payload_home;
	const u32		*payload_fifo;
	u32			*payload_back;
	u64			tstamp;
	unsigned long		first;
	unsigned long		count;
	unsigned long		refused;
	unsigned long		returned;
	u64			for_host;
	u32			host_addr;
	bool			in_order;
};

static inline void __packet_direct_run_init(const struct packet_direct_queue *pdq,
					    struct packet_direct_run *run,
					    const bool in_order)
{
	const struct packet_direct_pool *slots = &pdq->slots;

	run->first = pdq->fill & pdq->mask;
	run->in_order = in_order;
	run->hdr = &pdq->hdrs[run->first];
	run->home = &slots->home[run->first];
	run->fifo = &slots->fifo[slots->head & slots->mask];
	run->tstamp = pdq->tstamp;
	run->count = 0;
	run->refused = 0;
	run->returned = 0;
	run->for_host = 0;
	run->host_addr = pdq->host_addr;
}

static inline u32 __packet_direct_run_max(const struct packet_direct_queue *pdq,
					  struct packet_direct_run *run, u32 max)
{
	const struct packet_direct_pool *slots = &pdq->slots;
	const struct packet_direct_pool *payload = &pdq->payload;

	max = min3(max, packet_direct_straight(pdq->mask, pdq->fill),
		   packet_direct_straight(slots->mask, slots->head));
	if (!packet_direct_is_split(pdq))
		return max;

	run->payload_home = &payload->home[run->first];
	run->payload_fifo = &payload->fifo[payload->head & payload->mask];
	run->payload_back = &payload->fifo[payload->tail & payload->mask];
	return min3(max, packet_direct_straight(payload->mask, payload->head),
		    packet_direct_straight(payload->mask, payload->tail));
}

/**
 * packet_direct_run_begin() - look how many plain frames could be delivered
 * @pdq: lease
 * @run: to be filled in
 * @max: at most so many
 * @in_order: the NIC completes in order; known when this is compiled
 *
 * Context: as packet_direct_deliver().
 * Return: so many of the next slots may go to packet_direct_run_frame(), or with
 *	   header split to packet_direct_run_split(); 0 when the next frame needs
 *	   packet_direct_deliver() in any case, as all do when frames go on to
 *	   the stack.  When @pdq->filter is set each frame has to ask
 *	   packet_direct_snaplen() first; with header split that is not possible.
 */
static inline u32 packet_direct_run_begin(const struct packet_direct_queue *pdq,
					  struct packet_direct_run *run, u32 max,
					  const bool in_order)
{
	__packet_direct_run_init(pdq, run, in_order);
	if (pdq->chain || pdq->skip || pdq->no_run || READ_ONCE(pdq->losing))
		return 0;
	return __packet_direct_run_max(pdq, run, max);
}

/**
 * enum packet_direct_host - which frames of a run go on to the stack
 * @PACKET_DIRECT_HOST_NONE: none
 * @PACKET_DIRECT_HOST_FEW: those that packet_direct_run_look() finds
 * @PACKET_DIRECT_HOST_ASK: perhaps all; packet_direct_ask_host() knows of each
 */
enum packet_direct_host {
	PACKET_DIRECT_HOST_NONE,
	PACKET_DIRECT_HOST_FEW,
	PACKET_DIRECT_HOST_ASK,
};

/**
 * packet_direct_run_begin_stack() - the same for a lease whose frames go on to the stack
 * @pdq: lease
 * @run: to be filled in
 * @max: at most so many
 * @in_order: as for packet_direct_run_begin()
 *
 * A run leaves the kernel its reserve of slots, and has a bit for each of its frames.
 *
 * Context: as packet_direct_deliver().
 * Return: as packet_direct_run_begin()
 */
static inline u32
packet_direct_run_begin_stack(const struct packet_direct_queue *pdq,
			      struct packet_direct_run *run, u32 max,
			      const bool in_order)
{
	u32 have = pdq->slots.tail - pdq->slots.head;
	u32 reserve = READ_ONCE(pdq->reserve);

	__packet_direct_run_init(pdq, run, in_order);
	if (pdq->chain || pdq->skip || !pdq->stack_run || READ_ONCE(pdq->losing) ||
	    have <= reserve)
		return 0;
	return __packet_direct_run_max(pdq, run,
				       min3(max, have - reserve,
					    BITS_PER_TYPE(run->for_host)));
}

/* From a NIC that completes in order an entry mostly gets the slot of its last time.
 * This is rarely called then, so the loop counts up no entry number for it.
 */
static inline u32 __packet_direct_run_entry(const struct packet_direct_queue *pdq,
					    const struct packet_direct_run *run)
{
	return run->in_order ? run->hdr - pdq->hdrs : run->first + run->count;
}

/**
 * packet_direct_run_slot() - the next slot of a NIC that completes in order
 * @run: run
 *
 * Return: slot
 */
static inline u32 packet_direct_run_slot(const struct packet_direct_run *run)
{
	return run->fifo[run->count];
}

/**
 * packet_direct_run_payload() - the payload slot that was posted with it
 * @run: run, with header split
 *
 * Return: payload slot
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
 * @off: where in the slot it begins
 * @len: its bytes, which the slot has room for
 * @keep: how many the filter lets pass, at least 1, perhaps more than there are
 * @flags: PACKET_DIRECT_WHOLE and TPACKET4_CSUM_*, TPACKET4_HASH*
 * @hash: the NIC's hash, anything without TPACKET4_HASH
 *
 * Context: as packet_direct_deliver().
 */
static inline void packet_direct_run_frame(struct packet_direct_queue *pdq,
					   struct packet_direct_run *run,
					   u32 slot, u32 off, u32 len, u32 keep,
					   u32 flags, u32 hash)
{
	__packet_direct_mark_done(&pdq->slots, slot);
	if (unlikely(slot != run->home[run->count]))
		__packet_direct_bind(pdq, &pdq->slots,
				     __packet_direct_run_entry(pdq, run), slot);
	if (keep < len)
		flags |= TPACKET4_TRUNCATED;
	else
		keep = len;
	__packet_direct_write(run->hdr, slot, off, off + keep, flags, len, hash,
			      run->tstamp);
	run->hdr++;
	run->count++;
}

/**
 * packet_direct_run_look() - may the next frame of a run be for this host
 * @run: run of a lease whose tee_run is set
 * @dest: where the frame begins
 *
 * Before packet_direct_run_frame().  Few frames that are not for this host are noted in
 * &packet_direct_run.for_host, and packet_direct_run_tee() looks closely at those.
 * Nothing is called here: that would keep the loop's variables on the stack.
 *
 * Context: as packet_direct_deliver().
 */
static __always_inline void packet_direct_run_look(struct packet_direct_run *run,
						   const u8 *dest)
{
	if (unlikely(*dest & 1) ||
	    unlikely(get_unaligned((const u32 *)(dest + 2)) == run->host_addr))
		run->for_host |= BIT_ULL(run->count);
}

/**
 * packet_direct_run_reject() - the next slot has a frame that did not pass the filter
 * @pdq: lease with a filter, without header split
 * @run: run
 * @slot: as for packet_direct_run_frame(), in place of that
 *
 * Its slot goes behind those that are free, where another one has been taken from.
 *
 * Context: as packet_direct_deliver().
 */
static inline void packet_direct_run_reject(struct packet_direct_queue *pdq,
					    struct packet_direct_run *run, u32 slot)
{
	__packet_direct_mark_done(&pdq->slots, slot);
	packet_direct_put(&pdq->slots, slot);
	pdq->drop_filter++;
	run->fifo++;
	run->refused++;
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
 * Context: as packet_direct_deliver().
 */
static inline void packet_direct_run_split(struct packet_direct_queue *pdq,
					   struct packet_direct_run *run,
					   u32 slot, u32 len, u32 payload,
					   u32 payload_len, u32 flags, u32 hash)
{
	__packet_direct_mark_done(&pdq->slots, slot);
	__packet_direct_mark_done(&pdq->payload, payload);
	if (unlikely(!payload_len)) {
		run->payload_back[run->returned++] = payload;
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
 * Context: as packet_direct_deliver().
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
 * Context: as packet_direct_deliver().
 */
static inline void packet_direct_run_end(struct packet_direct_queue *pdq,
					 const struct packet_direct_run *run,
					 u64 bytes)
{
	pdq->slots.head += run->count + run->refused;
	if (packet_direct_is_split(pdq)) {
		pdq->payload.head += run->count;
		pdq->payload.tail += run->returned;
	}
	pdq->fill += run->count;
	pdq->bytes += bytes;
}

#endif /* CONFIG_PACKET_RX_DIRECT */

#endif /* _NET_PACKET_DIRECT_QUEUE_H */
