// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's half of a TPACKET_V4 ring.  The protocol, and the letters of the
 * barriers, are in include/uapi/linux/if_packet_v4.h.
 */
#include <linux/log2.h>
#include <linux/net_tstamp.h>
#include <linux/nospec.h>
#include <linux/pid.h>
#include <linux/vmalloc.h>
#include <net/sock.h>

#include "internal.h"

DEFINE_STATIC_KEY_FALSE(packet_direct_rings);

static_assert(sizeof(struct tpacket4_ctrl) == 256);
static_assert(offsetof(struct tpacket4_ctrl, cons) == 128);
static_assert(sizeof(struct tpacket4_hdr) == 64);
static_assert(offsetof(struct tpacket4_hdr, tp_data_end) == 16);
static_assert(offsetof(struct tpacket4_hdr, tp_tstamp) == 40);
static_assert(offsetof(struct tpacket4_hdr, tp_vlan_tci) == 48);
static_assert(offsetof(struct tpacket4_hdr, tp_pkttype) == 54);
static_assert(offsetof(struct tpacket4_hdr, tp_priv) == 56);
static_assert(sizeof(struct tpacket_req4) == 64);
static_assert(sizeof(struct tpacket4_layout) == 96);
static_assert(sizeof(struct tpacket4_direct) == 64);
static_assert(sizeof(struct tpacket4_info) == 80);
static_assert(sizeof(struct tpacket4_stats) == 152);

static enum packet_direct_reason
packet_direct_check_payload(const struct tpacket_req4 *req)
{
	u32 len = req->tp_payload_len ?: req->tp_payload_size;
	u32 nr = req->tp_payload_nr ?: req->tp_entry_nr;

	if (!req->tp_payload_size && (req->tp_payload_len || req->tp_payload_nr))
		return PACKET_DIRECT_BAD_PAYLOAD;
	if (!req->tp_payload_size)
		return req->tp_flags & TPACKET4_PAYLOAD_EXTERNAL ?
		       PACKET_DIRECT_BAD_FLAGS : PACKET_DIRECT_OK;

	if (!is_power_of_2(req->tp_payload_size) ||
	    req->tp_payload_size < TPACKET4_MIN_PAYLOAD_SIZE ||
	    req->tp_payload_size > TPACKET4_MAX_SLOT_SIZE ||
	    len > req->tp_payload_size || len < TPACKET4_MIN_SLOT_SIZE ||
	    len % 64 || nr < TPACKET4_MIN_ENTRIES || nr > TPACKET4_MAX_SLOTS)
		return PACKET_DIRECT_BAD_PAYLOAD;
	return PACKET_DIRECT_OK;
}

static enum packet_direct_reason
packet_direct_check_slots(const struct tpacket_req4 *req)
{
	u32 size_min = req->tp_payload_size ? TPACKET4_MIN_HEADER_SIZE :
					      TPACKET4_MIN_SLOT_SIZE;
	u32 len_min = req->tp_payload_size ? TPACKET4_MIN_HEADER_LEN :
					     TPACKET4_MIN_SLOT_SIZE;
	u32 slots = req->tp_slot_nr ?: req->tp_entry_nr;
	u32 len = req->tp_slot_len ?: req->tp_slot_size;

	if (slots < req->tp_entry_nr || slots > TPACKET4_MAX_SLOTS)
		return PACKET_DIRECT_BAD_SLOTS;
	if (!is_power_of_2(req->tp_slot_size) || req->tp_slot_size < size_min ||
	    req->tp_slot_size > TPACKET4_MAX_SLOT_SIZE)
		return PACKET_DIRECT_BAD_SLOT_SIZE;
	if (len > req->tp_slot_size || len < len_min || len % 64)
		return PACKET_DIRECT_BAD_SLOT_LEN;
	return PACKET_DIRECT_OK;
}

static enum packet_direct_reason
packet_direct_check_req(const struct tpacket_req4 *req)
{
	enum packet_direct_reason reason;

	if (req->tp_flags & ~(TPACKET4_PAYLOAD_EXTERNAL |
			      TPACKET4_SLOTS_READ_ONLY))
		return PACKET_DIRECT_BAD_FLAGS;
	if (memchr_inv(req->tp_reserved, 0, sizeof(req->tp_reserved)))
		return PACKET_DIRECT_BAD_RESERVED;
	if (!is_power_of_2(req->tp_entry_nr) ||
	    req->tp_entry_nr < TPACKET4_MIN_ENTRIES ||
	    req->tp_entry_nr > TPACKET4_MAX_ENTRIES)
		return PACKET_DIRECT_BAD_ENTRIES;

	reason = packet_direct_check_slots(req);
	if (!reason)
		reason = packet_direct_check_payload(req);
	if (reason)
		return reason;
	if (req->tp_wake_count > req->tp_entry_nr ||
	    req->tp_wake_usecs > TPACKET4_MAX_WAKE_USECS)
		return PACKET_DIRECT_BAD_WAKE;
	return PACKET_DIRECT_OK;
}

/* The first @kernel slots are the kernel's, the others the user's spares. */
static bool packet_direct_alloc_pool(struct packet_direct_pool *pool,
				     u32 entries, u32 places, u32 kernel)
{
	u32 i;

	pool->mask = places - 1;
	pool->spare = pool->nr - kernel;
	pool->fifo = kvcalloc(places, sizeof(*pool->fifo), PACKET_DIRECT_GFP);
	pool->home = kvcalloc(entries, sizeof(*pool->home), PACKET_DIRECT_GFP);
	pool->where = kvcalloc(pool->nr, sizeof(*pool->where),
			       PACKET_DIRECT_GFP);
	if (!pool->fifo || !pool->home || !pool->where)
		return false;

	for (i = 0; i < entries; i++)
		pool->home[i] = PACKET_DIRECT_KERNEL;
	for (i = 0; i < pool->nr; i++)
		pool->where[i] = PACKET_DIRECT_SPARE;
	for (i = 0; i < kernel; i++) {
		pool->where[i] = PACKET_DIRECT_KERNEL;
		packet_direct_put(pool, i);
	}
	return true;
}

static void packet_direct_free_pool(struct packet_direct_pool *pool)
{
	packet_direct_free_addresses(pool);
	kvfree(pool->where);
	kvfree(pool->home);
	kvfree(pool->fifo);
}

static void packet_direct_init_indices(struct packet_direct_queue *pdq)
{
	/* such that they wrap within the first lap */
	pdq->prod = -(pdq->mask + 1);
	pdq->cons = pdq->prod;
	pdq->fill = pdq->prod;
	pdq->ctrl->prod = pdq->prod;
	pdq->ctrl->cons = pdq->prod;
	pdq->ctrl->seen = pdq->prod;
}

/* Counts a wake-up, unless the sleeper was woken before, has not looked since and
 * only did not get to run.  He is woken again all the same: that costs little, and
 * a waiter such as a multishot poll of io_uring is told of a wake-up without
 * a look, so that none must be left out.
 */
static void packet_direct_count_wakeup(struct packet_direct_queue *pdq)
{
	u32 seen = READ_ONCE(pdq->ctrl->seen);

	if (READ_ONCE(pdq->woken) && READ_ONCE(pdq->woken_seen) == seen)
		return;
	WRITE_ONCE(pdq->woken_seen, seen);
	WRITE_ONCE(pdq->woken, true);
	atomic64_inc(&pdq->wakeups);
}

static void packet_direct_wake(struct packet_direct_queue *pdq)
{
	struct sock *sk = pdq->sk;

	rcu_read_lock();
	if (skwq_has_sleeper(rcu_dereference(sk->sk_wq)) ||
	    sock_flag(sk, SOCK_FASYNC)) {
		packet_direct_count_wakeup(pdq);
		sk->sk_data_ready(sk);
	}
	rcu_read_unlock();
}

static enum hrtimer_restart packet_direct_wake_timer(struct hrtimer *timer)
{
	struct packet_direct_queue *pdq;

	pdq = container_of(timer, struct packet_direct_queue, wake_timer);
	packet_direct_wake(pdq);
	return HRTIMER_NORESTART;
}

static void packet_direct_init_layout(struct packet_direct *pd)
{
	struct packet_direct_queue *pdq = &pd->pdq;
	struct tpacket4_layout *layout = &pd->layout;
	u64 end = pd->shared_len + packet_direct_memory_len(&pd->slots);

	layout->tl_size = sizeof(*layout);
	layout->tl_flags = pd->flags;
	layout->tl_hdr_off = PAGE_SIZE;
	layout->tl_slot_off = pd->shared_len;
	layout->tl_map_len = end + packet_direct_memory_len(&pd->payload);
	layout->tl_entry_nr = pdq->mask + 1;
	layout->tl_hdr_stride = sizeof(struct tpacket4_hdr);
	layout->tl_slot_nr = pdq->slots.nr;
	layout->tl_slot_shift = pd->slots.slot_shift;
	layout->tl_slot_len = pdq->slots.len;
	layout->tl_chain_max = pdq->chain_max;
	layout->tl_kick_usecs = PACKET_DIRECT_KICK_USECS;
	layout->tl_index_start = pdq->prod;
	layout->tl_headroom = PACKET_DIRECT_HEADROOM;
	if (!packet_direct_is_split(pdq))
		return;
	layout->tl_payload_off = pdq->payload_external ? 0 : end;
	layout->tl_payload_nr = pdq->payload.nr;
	layout->tl_payload_shift = pd->payload.slot_shift;
	layout->tl_payload_len = pdq->payload.len;
}

/* @req has been checked. */
static void packet_direct_init(struct packet_direct *pd,
			       const struct tpacket_req4 *req)
{
	struct packet_direct_queue *pdq = &pd->pdq;

	spin_lock_init(&pd->copy_lock);
	seqcount_init(&pdq->sum_seq);
	hrtimer_init(&pdq->wake_timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	pdq->wake_timer.function = packet_direct_wake_timer;
	pdq->wake_count = req->tp_wake_count ?: 1;
	pdq->wake_time = (u64)req->tp_wake_usecs * NSEC_PER_USEC;

	pd->flags = req->tp_flags;
	pdq->mask = req->tp_entry_nr - 1;
	pdq->chain_max = min(req->tp_entry_nr, PACKET_DIRECT_MAX_CHAIN);
	pdq->slots.nr = req->tp_slot_nr ?: req->tp_entry_nr;
	pdq->slots.len = req->tp_slot_len ?: req->tp_slot_size;
	pd->slots.slot_shift = ilog2(req->tp_slot_size);
	if (!req->tp_payload_size)
		return;
	pdq->payload.nr = req->tp_payload_nr ?: req->tp_entry_nr;
	pdq->payload.len = req->tp_payload_len ?: req->tp_payload_size;
	pdq->payload_external = req->tp_flags & TPACKET4_PAYLOAD_EXTERNAL;
	pd->payload.slot_shift = ilog2(req->tp_payload_size);
}

/* The kernel may come to have all payload slots, and packet_direct_take_split()
 * wants one more place, but of the others never more than there are entries.
 */
static bool packet_direct_alloc_parts(struct packet_direct *pd)
{
	struct packet_direct_queue *pdq = &pd->pdq;
	struct packet_direct_pool *payload = &pdq->payload;
	u32 entries = pdq->mask + 1;

	pdq->parts = kvcalloc(pdq->chain_max, sizeof(*pdq->parts),
			      PACKET_DIRECT_GFP);
	if (!pdq->parts ||
	    !packet_direct_alloc_shared(pd) || !packet_direct_alloc_filter(pdq) ||
	    !packet_direct_alloc_pool(&pdq->slots, entries, entries, entries) ||
	    !packet_direct_alloc_blocks(&pd->slots, pdq->slots.nr))
		return false;
	if (!packet_direct_is_split(pdq))
		return true;
	return packet_direct_alloc_pool(payload, entries,
					roundup_pow_of_two(payload->nr + 1),
					min(payload->nr, entries)) &&
	       (pdq->payload_external ||
		packet_direct_alloc_blocks(&pd->payload, payload->nr));
}

/**
 * packet_direct_alloc() - make a ring
 * @po: socket
 * @req: what user space wants, not yet checked
 * @reason: why not
 *
 * Context: lock_sock.
 * Return: the ring, connected to nothing, or NULL.
 */
struct packet_direct *packet_direct_alloc(struct packet_sock *po,
					  const struct tpacket_req4 *req,
					  enum packet_direct_reason *reason)
{
	struct packet_direct *pd;

	*reason = packet_direct_check_req(req);
	if (*reason)
		return NULL;

	*reason = PACKET_DIRECT_NO_MEMORY;
	pd = kzalloc(sizeof(*pd), GFP_KERNEL_ACCOUNT);
	if (!pd)
		return NULL;

	static_branch_inc(&packet_direct_rings);
	pd->po = po;
	pd->pdq.sk = &po->sk;
	packet_direct_init(pd, req);
	if (!packet_direct_alloc_parts(pd)) {
		packet_direct_free(pd);
		return NULL;
	}
	packet_direct_init_indices(&pd->pdq);
	packet_direct_init_layout(pd);

	*reason = PACKET_DIRECT_OK;
	return pd;
}

/* Every slot is in exactly one place: the debug sum, slot by slot. */
static void packet_direct_audit(const struct packet_direct_queue *pdq,
				const struct packet_direct_pool *pool)
{
	u32 i, slot, nr = 0, spare = 0;
	unsigned long *found;

	if (!IS_ENABLED(CONFIG_DEBUG_NET) || !pool->nr)
		return;
	found = bitmap_zalloc(pool->nr, GFP_KERNEL);
	if (!found)
		return;

	for (i = pool->head; i != pool->tail; i++, nr++)
		__set_bit(pool->fifo[i & pool->mask], found);
	for (i = pdq->cons; i != pdq->fill; i++) {
		slot = pool->home[i & pdq->mask];
		if (slot == PACKET_DIRECT_KERNEL)
			continue;
		__set_bit(slot, found);
		nr++;
	}
	for (slot = 0; slot < pool->nr; slot++) {
		if (pool->where[slot] != PACKET_DIRECT_SPARE)
			continue;
		__set_bit(slot, found);
		spare++;
	}
	DEBUG_NET_WARN_ON_ONCE(nr + spare != pool->nr || spare != pool->spare ||
			       !bitmap_full(found, pool->nr));
	bitmap_free(found);
}

/**
 * packet_direct_free() - unmake a ring
 * @pd: ring that nobody can find any more, without a lease
 *
 * Pages that are still mapped live on in the mapping.
 *
 * Context: may sleep.
 */
void packet_direct_free(struct packet_direct *pd)
{
	struct packet_direct_queue *pdq = &pd->pdq;

	hrtimer_cancel(&pdq->wake_timer);
	/* there is nothing to look at yet in one whose making failed */
	if (pd->layout.tl_size) {
		packet_direct_audit(pdq, &pdq->slots);
		packet_direct_audit(pdq, &pdq->payload);
	}
	kfree_skb(pdq->filter_skb);
	put_pid(pd->holder);
	if (pd->quarantine) {
		/* never freed */
		pd->slots.block_nr = 0;
		pd->payload.block_nr = 0;
	}
	packet_direct_free_blocks(&pd->slots);
	packet_direct_free_blocks(&pd->payload);
	packet_direct_free_pool(&pdq->slots);
	packet_direct_free_pool(&pdq->payload);
	kvfree(pdq->parts);
	vfree(pd->shared);
	kfree(pd);
	static_branch_dec(&packet_direct_rings);
}

/* The user gives entry number @at back with another slot than the one that it
 * was given with.  Returns the slot that the kernel gets, TPACKET4_SLOT_NONE for
 * none.
 */
static noinline u32 packet_direct_swap(struct packet_direct_queue *pdq,
				       struct packet_direct_pool *pool, u32 at,
				       u32 slot)
{
	u32 entry = at & pdq->mask;
	u32 home = pool->home[entry];
	u32 other;

	if (slot >= pool->nr)
		goto bad;
	slot = array_index_nospec(slot, pool->nr);

	other = pool->where[slot];
	if (other != PACKET_DIRECT_SPARE) {
		if (other == PACKET_DIRECT_KERNEL ||
		    pool->home[other] != slot ||
		    ((other - at) & pdq->mask) >= pdq->prod - at)
			goto bad;
		pool->home[other] = home;
	} else if (home == PACKET_DIRECT_KERNEL) {
		pool->spare--;
	}
	if (home != PACKET_DIRECT_KERNEL)
		pool->where[home] = other;
	pool->home[entry] = PACKET_DIRECT_KERNEL;
	pool->where[slot] = PACKET_DIRECT_KERNEL;
	return slot;

bad:
	pdq->bad_slot++;
	return home;
}

/* The same for payload slots, of which none need come back, and the entry that is
 * @i after number @at: their sum would take an instruction more in its loop.
 */
static noinline u32 packet_direct_swap_payload(struct packet_direct_queue *pdq,
					       u32 at, u32 i, u32 slot)
{
	struct packet_direct_pool *pool = &pdq->payload;
	u32 entry = (at + i) & pdq->mask;

	if (slot != TPACKET4_SLOT_NONE)
		return packet_direct_swap(pdq, pool, at + i, slot);
	pool->where[pool->home[entry]] = PACKET_DIRECT_SPARE;
	pool->spare++;
	pool->home[entry] = PACKET_DIRECT_KERNEL;
	return TPACKET4_SLOT_NONE;
}

/* Takes @count entries from @at on, with no wrap among them nor in the FIFO. */
static void packet_direct_take(struct packet_direct_queue *pdq, u32 at,
			       u32 count)
{
	const struct tpacket4_hdr *hdr = &pdq->hdrs[at & pdq->mask];
	struct packet_direct_pool *pool = &pdq->slots;
	const u32 *home = &pool->home[at & pdq->mask];
	u32 *fifo = &pool->fifo[pool->tail & pool->mask];
	unsigned long i;
	u32 slot;

	for (i = 0; i < count; i++, hdr++) {
		slot = READ_ONCE(hdr->tp_slot);
		if (unlikely(slot != home[i]))
			slot = packet_direct_swap(pdq, pool, at + i, slot);
		fifo[i] = slot;
	}
	pool->tail += count;
}

/* The same with payload slots, whose FIFO does not wrap either.  None is written
 * to it, too, and overwritten by the next one: it always has a free place.
 */
static noinline void packet_direct_take_split(struct packet_direct_queue *pdq,
					      u32 at, u32 count)
{
	const struct tpacket4_hdr *hdr = &pdq->hdrs[at & pdq->mask];
	struct packet_direct_pool *payload = &pdq->payload;
	const u32 *payload_home = &payload->home[at & pdq->mask];
	u32 *end = &payload->fifo[payload->tail & payload->mask];
	struct packet_direct_pool *pool = &pdq->slots;
	const u32 *home = &pool->home[at & pdq->mask];
	u32 *fifo = &pool->fifo[pool->tail & pool->mask];
	const u32 *start = end;
	unsigned long i;
	u32 slot;

	for (i = 0; i < count; i++, hdr++) {
		slot = READ_ONCE(hdr->tp_slot);
		if (unlikely(slot != home[i]))
			slot = packet_direct_swap(pdq, pool, at + i, slot);
		fifo[i] = slot;

		slot = READ_ONCE(hdr->tp_payload_slot);
		if (unlikely(slot != payload_home[i]))
			slot = packet_direct_swap_payload(pdq, at, i, slot);
		*end = slot;
		if (likely(slot != TPACKET4_SLOT_NONE))
			end++;
	}
	pool->tail += count;
	payload->tail += end - start;
}

/**
 * packet_direct_sync_taken() - what the NIC may write to again
 * @pdq: lease of a device that is not coherent
 * @pool: slots of one kind
 * @from: free-running index of the first one, up to &packet_direct_pool.tail
 *
 * Context: the ring's one producer.
 */
noinline void packet_direct_sync_taken(const struct packet_direct_queue *pdq,
				       const struct packet_direct_pool *pool,
				       u32 from)
{
	for (; from != pool->tail; from++)
		dma_sync_single_for_device(pdq->dma_dev,
					   pool->dma[pool->fifo[from & pool->mask]],
					   pool->len, DMA_FROM_DEVICE);
}

u32 packet_direct_reclaim(struct packet_direct_queue *pdq)
{
	u32 cons = smp_load_acquire(&pdq->ctrl->cons);	/* D, pairs with C */
	u32 payload_tail = pdq->payload.tail;
	u32 tail = pdq->slots.tail;
	u32 at = pdq->cons;
	u32 count;

	if (unlikely(cons - at > pdq->prod - at)) {
		pdq->bad_cons++;
		goto out;
	}
	for (; at != cons; at += count) {
		count = min3(cons - at, packet_direct_straight(pdq->mask, at),
			     packet_direct_straight(pdq->mask, pdq->slots.tail));
		if (packet_direct_is_split(pdq)) {
			count = min(count,
				    packet_direct_straight(pdq->payload.mask,
							   pdq->payload.tail));
			packet_direct_take_split(pdq, at, count);
		} else {
			packet_direct_take(pdq, at, count);
		}
	}
	if (unlikely(pdq->need_sync)) {
		packet_direct_sync_taken(pdq, &pdq->slots, tail);
		if (!pdq->payload_external)
			packet_direct_sync_taken(pdq, &pdq->payload, payload_tail);
	}
	WRITE_ONCE(pdq->cons, cons);
out:
	count = packet_direct_free_slots(&pdq->slots);
	if (packet_direct_is_split(pdq))
		count = min(count, packet_direct_free_slots(&pdq->payload));
	return count;
}
EXPORT_SYMBOL_GPL(packet_direct_reclaim);

/* hrtimer_active() would be true for a timer whose function has looked already. */
static void packet_direct_arm_wake(struct packet_direct_queue *pdq)
{
	if (pdq->wake_time && !hrtimer_is_queued(&pdq->wake_timer))
		hrtimer_start(&pdq->wake_timer,
			      READ_ONCE(pdq->unseen_since) + pdq->wake_time,
			      HRTIMER_MODE_ABS_SOFT);
}

/* The kernel has no slot left for the next frame. */
static bool packet_direct_exhausted(const struct packet_direct_queue *pdq)
{
	return pdq->slots.head == pdq->slots.tail ||
	       (packet_direct_is_split(pdq) &&
		pdq->payload.head == pdq->payload.tail);
}

/**
 * packet_direct_publish() - hand all whole frames to the user
 * @pdq: ring
 *
 * Context: the ring's one producer, BH off.
 */
void packet_direct_publish(struct packet_direct_queue *pdq)
{
	u32 prod = pdq->fill - pdq->chain;
	u32 last = pdq->prod;
	u32 seen;

	if (prod == last)
		return;

	smp_store_release(&pdq->ctrl->prod, prod);	/* A, pairs with B */
	WRITE_ONCE(pdq->prod, prod);
	WRITE_ONCE(pdq->packets, pdq->packets + (prod - last - pdq->extra));
	pdq->extra = 0;
	pdq->batches++;

	seen = READ_ONCE(pdq->ctrl->seen);
	if (seen == last)
		WRITE_ONCE(pdq->unseen_since, pdq->wake_time ? ktime_get() : 0);
	WRITE_ONCE(pdq->full, packet_direct_exhausted(pdq));
	if (prod - seen >= pdq->wake_count || pdq->full)
		packet_direct_wake(pdq);
	else
		packet_direct_arm_wake(pdq);
}

/**
 * packet_direct_set_full() - the ring has too few slots for the next frame
 * @pdq: ring
 *
 * What is there has to be read before more can come, few as it may be.
 *
 * Context: the ring's one producer, BH off.
 */
void packet_direct_set_full(struct packet_direct_queue *pdq)
{
	WRITE_ONCE(pdq->full, true);
	packet_direct_wake(pdq);
}

/**
 * packet_direct_readable() - whether poll() should return
 * @pdq: ring
 *
 * Whoever was woken looks here.
 *
 * Context: any; does not need to be the producer.
 */
bool packet_direct_readable(struct packet_direct_queue *pdq)
{
	u32 prod = READ_ONCE(pdq->prod);
	u32 unseen = prod - READ_ONCE(pdq->ctrl->seen);
	enum packet_direct_state state = READ_ONCE(pdq->state);

	if (READ_ONCE(pdq->woken))
		WRITE_ONCE(pdq->woken, false);
	if (!unseen)
		return false;
	if (unseen >= pdq->wake_count)
		return true;
	if (state == PACKET_DIRECT_DOWN || state == PACKET_DIRECT_LOST)
		return true;
	if (READ_ONCE(pdq->full) &&
	    READ_ONCE(pdq->ctrl->cons) == READ_ONCE(pdq->cons))
		return true;
	if (!pdq->wake_time)
		return false;
	if (ktime_get() - READ_ONCE(pdq->unseen_since) >= pdq->wake_time)
		return true;
	packet_direct_arm_wake(pdq);
	return false;
}

/**
 * packet_direct_set_state() - tell user space where frames come from now
 * @pdq: ring
 * @state: new state
 *
 * Context: RTNL, or lock_sock without a queue.
 */
void packet_direct_set_state(struct packet_direct_queue *pdq,
			     enum packet_direct_state state)
{
	WRITE_ONCE(pdq->state, state);
	/* Whoever sees the new generation sees the new state, here and below. */
	smp_store_release(&pdq->generation, pdq->generation + 1);
	WRITE_ONCE(pdq->ctrl->state, state);
	/* user space */
	smp_store_release(&pdq->ctrl->generation, pdq->generation);
	packet_direct_wake(pdq);
}

void packet_direct_begin(struct packet_direct_queue *pdq)
{
	pdq->tstamp = ktime_get_real_ns();
	pdq->hw_tstamp = READ_ONCE(pkt_sk(pdq->sk)->tp_tstamp) &
			 SOF_TIMESTAMPING_RAW_HARDWARE;
	pdq->filter = rcu_dereference_bh(pdq->sk->sk_filter);
	if (pdq->filter)
		packet_direct_begin_filter(pdq);
}
EXPORT_SYMBOL_GPL(packet_direct_begin);

void packet_direct_flush(struct packet_direct_queue *pdq)
{
	packet_direct_publish(pdq);
	pdq->filter = NULL;
}
EXPORT_SYMBOL_GPL(packet_direct_flush);

static void packet_direct_sum(const struct packet_direct_queue *pdq,
			      struct packet_direct_sum *slots,
			      struct packet_direct_sum *payload)
{
	const struct packet_direct_pool *pool = &pdq->slots;
	u32 i;

	slots->free = pool->tail - pool->post + pdq->chain;
	slots->posted = pool->post - pool->head;
	slots->held = pdq->prod - pdq->cons;
	slots->spare = pool->spare;

	*payload = (struct packet_direct_sum) {};
	if (!packet_direct_is_split(pdq))
		return;
	pool = &pdq->payload;
	payload->free = pool->tail - pool->post;
	for (i = 0; i < pdq->chain; i++)
		payload->free += pdq->parts[i].payload != TPACKET4_SLOT_NONE;
	payload->posted = pool->post - pool->head;
	payload->spare = pool->spare;
	/* not each entry has one */
	payload->held = pool->nr - payload->free - payload->posted -
			payload->spare;
}

/**
 * packet_direct_moved() - for now slots stay where they are
 * @pdq: leased ring
 *
 * Context: the ring's one producer.
 */
void packet_direct_moved(struct packet_direct_queue *pdq)
{
	/* raw: whoever stops or starts the ring may be here with BH on, for
	 * NAPI is off then, which lockdep cannot know
	 */
	preempt_disable();
	raw_write_seqcount_begin(&pdq->sum_seq);
	packet_direct_sum(pdq, &pdq->slots_sum, &pdq->payload_sum);
	raw_write_seqcount_end(&pdq->sum_seq);
	preempt_enable();
}

bool packet_direct_posted(struct packet_direct_queue *pdq)
{
	bool again = false;

	if (unlikely(packet_direct_in_nic(&pdq->slots) < pdq->low))
		again = packet_direct_starved(pdq);
	else if (unlikely(pdq->need_kick))
		packet_direct_set_need_kick(pdq, false);

	if (!again)
		packet_direct_moved(pdq);
	return again;
}
EXPORT_SYMBOL_GPL(packet_direct_posted);

/* Back to the kernel's free slots. */
static void packet_direct_put_part(struct packet_direct_queue *pdq,
				   const struct packet_direct_part *part)
{
	if (part->slot != TPACKET4_SLOT_NONE)
		packet_direct_put(&pdq->slots, part->slot);
	if (part->payload != TPACKET4_SLOT_NONE)
		packet_direct_put(&pdq->payload, part->payload);
}

/**
 * packet_direct_rollback() - take back the unfinished frame
 * @pdq: ring
 *
 * Context: the ring's one producer.
 */
void packet_direct_rollback(struct packet_direct_queue *pdq)
{
	while (pdq->chain) {
		pdq->chain--;
		pdq->fill--;
		packet_direct_put_part(pdq, &pdq->parts[pdq->chain]);
	}
	pdq->chain_len = 0;
}

void packet_direct_drop(struct packet_direct_queue *pdq,
			const struct packet_direct_part *part, bool last,
			u64 *counter)
{
	packet_direct_rollback(pdq);
	packet_direct_put_part(pdq, part);
	if (!pdq->skip) {
		(*counter)++;
		WRITE_ONCE(pdq->losing, true);
	}
	pdq->skip = !last;
}
EXPORT_SYMBOL_GPL(packet_direct_drop);

/* Of a split frame the first part alone has headers.  The filter's skb relies on
 * that: it has one fragment for each part.
 */
static bool packet_direct_fits(const struct packet_direct_queue *pdq,
			       const struct packet_direct_part *part)
{
	if (packet_direct_is_split(pdq) && pdq->chain && part->len)
		return false;
	return part->len <= pdq->slots.len &&
	       part->payload_len <= pdq->payload.len;
}

/* Adds a part to the unfinished frame.  A payload slot without payload stays the
 * kernel's.
 */
static void packet_direct_add_part(struct packet_direct_queue *pdq,
				   const struct packet_direct_part *part)
{
	u32 entry = pdq->fill & pdq->mask;
	struct packet_direct_part *added = &pdq->parts[pdq->chain];

	*added = *part;
	packet_direct_sync(pdq, &pdq->slots, part->slot, part->len);
	__packet_direct_fill(pdq, part->slot, 0, part->len, 0, 0, 0, 0);
	pdq->chain++;
	pdq->chain_len += part->len + part->payload_len;
	if (!packet_direct_is_split(pdq))
		return;

	if (!part->payload_len && part->payload != TPACKET4_SLOT_NONE) {
		packet_direct_put(&pdq->payload, part->payload);
		added->payload = TPACKET4_SLOT_NONE;
	}
	__packet_direct_bind_payload(pdq, entry, added->payload);
	__packet_direct_write_payload(&pdq->hdrs[entry], added->payload,
				      part->payload_len);
	if (part->payload_len && !pdq->payload_external)
		packet_direct_sync(pdq, &pdq->payload, part->payload,
				   part->payload_len);
}

/* A filter is shown a frame as one skb, which has so many fragments at most. */
static u32 packet_direct_longest(const struct packet_direct_queue *pdq)
{
	return pdq->filter ? min(pdq->chain_max, PACKET_DIRECT_FILTER_CHAIN) :
			     pdq->chain_max;
}

void packet_direct_part(struct packet_direct_queue *pdq,
			const struct packet_direct_part *part)
{
	if (!packet_direct_fits(pdq, part))
		packet_direct_drop(pdq, part, false, &pdq->drop_error);
	else if (pdq->skip || pdq->chain + 1 >= packet_direct_longest(pdq))
		packet_direct_drop(pdq, part, false, &pdq->drop_too_long);
	else
		packet_direct_add_part(pdq, part);
}
EXPORT_SYMBOL_GPL(packet_direct_part);

/* Takes @part away from the frame again, or as much as is over @snaplen. */
static u32 packet_direct_trim_part(struct packet_direct_queue *pdq,
				   struct packet_direct_part *part, u32 entry,
				   u32 snaplen)
{
	struct tpacket4_hdr *hdr = &pdq->hdrs[entry];

	part->len = min(part->len, snaplen);
	part->payload_len = min(part->payload_len, snaplen - part->len);
	hdr->tp_data_end = part->len;
	if (part->payload != TPACKET4_SLOT_NONE && !part->payload_len) {
		packet_direct_put(&pdq->payload, part->payload);
		part->payload = TPACKET4_SLOT_NONE;
		__packet_direct_bind_payload(pdq, entry, part->payload);
	}
	__packet_direct_write_payload(hdr, part->payload, part->payload_len);
	return part->len + part->payload_len;
}

/* Cuts the unfinished frame to @snaplen bytes, at least 1. */
static void packet_direct_trim(struct packet_direct_queue *pdq, u32 snaplen)
{
	u32 first = pdq->fill - pdq->chain;
	u32 i;

	for (i = 0; snaplen; i++)
		snaplen -= packet_direct_trim_part(pdq, &pdq->parts[i],
						   (first + i) & pdq->mask,
						   snaplen);
	while (pdq->chain > i) {
		pdq->chain--;
		pdq->fill--;
		packet_direct_put_part(pdq, &pdq->parts[pdq->chain]);
	}
}

/* Lets the filter decide.  Returns false when it refuses the frame. */
static bool packet_direct_pass(struct packet_direct_queue *pdq, u32 *flags,
			       u32 hash)
{
	u32 snaplen = packet_direct_run_filter(pdq, pdq->chain, hash, *flags);

	if (!snaplen) {
		packet_direct_rollback(pdq);
		pdq->drop_filter++;
		return false;
	}
	if (snaplen < pdq->chain_len) {
		packet_direct_trim(pdq, snaplen);
		*flags |= TPACKET4_TRUNCATED;
	}
	return true;
}

/* The flags of the frame whose parts are all there. */
static u32 packet_direct_whole_flags(struct packet_direct_queue *pdq, u32 flags)
{
	flags |= pdq->parts[0].flags | TPACKET4_FIRST;
	if (!(flags & TPACKET4_TSTAMP_HW))
		flags |= TPACKET4_TSTAMP_SW;
	if (pdq->chain == 1)
		flags |= TPACKET4_LAST;
	if (READ_ONCE(pdq->losing)) {
		WRITE_ONCE(pdq->losing, false);
		flags |= TPACKET4_LOSING;
	}
	return flags;
}

/* The fields of the whole frame go to its first entry. */
static void packet_direct_write_whole(struct packet_direct_queue *pdq,
				      const struct packet_direct_meta *meta,
				      u32 flags)
{
	struct tpacket4_hdr *hdr;

	hdr = &pdq->hdrs[(pdq->fill - 1) & pdq->mask];
	hdr->tp_flags = TPACKET4_LAST;
	hdr = &pdq->hdrs[(pdq->fill - pdq->chain) & pdq->mask];
	hdr->tp_flags = packet_direct_whole_flags(pdq, flags);
	hdr->tp_len = pdq->chain_len;
	hdr->tp_rxhash = meta->hash;
	hdr->tp_tstamp = flags & TPACKET4_TSTAMP_HW ? meta->tstamp : pdq->tstamp;
	hdr->tp_protocol = meta->protocol;
}

void packet_direct_frame_end(struct packet_direct_queue *pdq,
			     const struct packet_direct_part *part,
			     const struct packet_direct_meta *meta)
{
	u32 flags = meta->flags;

	if (pdq->skip || !packet_direct_fits(pdq, part)) {
		packet_direct_drop(pdq, part, true, &pdq->drop_error);
		return;
	}
	/* a filter may have come while it was in pieces */
	if (pdq->chain >= packet_direct_longest(pdq)) {
		packet_direct_drop(pdq, part, true, &pdq->drop_too_long);
		return;
	}
	packet_direct_add_part(pdq, part);
	if (pdq->filter && !packet_direct_pass(pdq, &flags, meta->hash))
		return;

	packet_direct_write_whole(pdq, meta, flags);
	if (pdq->payload_external && !pdq->parts[0].len)
		pdq->unsplit++;
	pdq->extra += pdq->chain - 1;
	pdq->bytes += pdq->chain_len;
	pdq->chain = 0;
	pdq->chain_len = 0;
}
EXPORT_SYMBOL_GPL(packet_direct_frame_end);

static void packet_direct_tell_sums(const struct packet_direct_sum *slots,
				    const struct packet_direct_sum *payload,
				    struct tpacket4_stats *stats)
{
	stats->ts_free = slots->free;
	stats->ts_posted = slots->posted;
	stats->ts_held = slots->held;
	stats->ts_spare = slots->spare;
	stats->ts_payload_free = payload->free;
	stats->ts_payload_posted = payload->posted;
	stats->ts_payload_held = payload->held;
	stats->ts_payload_spare = payload->spare;
}

/**
 * packet_direct_slots() - where the slots are, at one moment
 * @pdq: ring
 * @stats: to be filled in
 *
 * With a lease the moment is the end of the last poll.
 *
 * Context: pg_vec_lock.
 */
void packet_direct_slots(struct packet_direct_queue *pdq,
			 struct tpacket4_stats *stats)
{
	struct packet_direct *pd = to_packet_direct(pdq);
	struct packet_direct_sum slots, payload;
	unsigned int seq;
	bool polled;

	spin_lock_bh(&pd->copy_lock);
	polled = pd->polled;
	if (!polled)
		packet_direct_sum(pdq, &slots, &payload);
	spin_unlock_bh(&pd->copy_lock);

	if (polled) {
		do {
			seq = read_seqcount_begin(&pdq->sum_seq);
			slots = pdq->slots_sum;
			payload = pdq->payload_sum;
		} while (read_seqcount_retry(&pdq->sum_seq, seq));
	}
	packet_direct_tell_sums(&slots, &payload, stats);
}
