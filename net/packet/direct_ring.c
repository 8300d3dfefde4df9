// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's half of a TPACKET_V4 ring: what is published, who is woken for it,
 * and who asks for slots.  The protocol, and the letters of the barriers, are in
 * include/uapi/linux/if_packet_v4.h.
 */
#include <linux/log2.h>
#include <linux/pid.h>
#include <linux/rtnetlink.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <net/busy_poll.h>
#include <net/sock.h>
#include <trace/events/packet_direct.h>

#include "internal.h"

/* In &packet_direct_queue.woken. */
#define PACKET_DIRECT_WOKEN	BIT_ULL(32)

#define PACKET_DIRECT_KICK_TIME	ns_to_ktime(PACKET_DIRECT_KICK_USECS * NSEC_PER_USEC)

DEFINE_STATIC_KEY_FALSE(packet_direct_rings);

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

/* Notes that the sleeper is woken, and counts that.  Returns false if it was woken
 * before and has not looked since.
 */
static bool packet_direct_note_woken(struct packet_direct_queue *pdq)
{
	u64 woken = READ_ONCE(pdq->ctrl->seen) | PACKET_DIRECT_WOKEN;
	u64 before = READ_ONCE(pdq->woken);

	if (before == woken)
		return false;
	/* of two CPUs that wake it at a time one counts */
	if (cmpxchg(&pdq->woken, before, woken) == before)
		atomic64_inc(&pdq->wakeups);
	return true;
}

/* Wakes it again in any case.  A waiter such as a multishot poll of io_uring takes a
 * wake-up without a look: it must miss none.
 */
static void packet_direct_wake(struct packet_direct_queue *pdq)
{
	struct sock *sk = pdq->sk;

	rcu_read_lock();
	if (skwq_has_sleeper(rcu_dereference(sk->sk_wq)) ||
	    sock_flag(sk, SOCK_FASYNC)) {
		packet_direct_note_woken(pdq);
		sk->sk_data_ready(sk);
	}
	rcu_read_unlock();
}

static void packet_direct_wake_work(struct work_struct *work)
{
	struct packet_direct *pd = container_of(work, struct packet_direct,
						wake_work);

	packet_direct_wake(&pd->pdq);
}

/* As packet_direct_wake(), for frames that are published one by one.  A sleeper that was
 * woken and has not looked since is woken again once, when the softirq has no more frames.
 */
static void packet_direct_wake_batched(struct packet_direct_queue *pdq)
{
	struct work_struct *again = &to_packet_direct(pdq)->wake_work;
	struct sock *sk = pdq->sk;

	rcu_read_lock();
	if (skwq_has_sleeper(rcu_dereference(sk->sk_wq)) ||
	    sock_flag(sk, SOCK_FASYNC)) {
		if (packet_direct_note_woken(pdq))
			sk->sk_data_ready(sk);
		else if (!work_pending(again))
			queue_work(system_bh_wq, again);
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

/* One whose function runs now may have looked already, so it is started again:
 * by a poll, and by the function itself, perhaps at the same time.
 */
static void packet_direct_arm_kick(struct packet_direct_queue *pdq)
{
	if (!hrtimer_is_queued(&pdq->kick_timer))
		hrtimer_start(&pdq->kick_timer, PACKET_DIRECT_KICK_TIME,
			      HRTIMER_MODE_REL_SOFT);
}

static enum hrtimer_restart packet_direct_kick_timer(struct hrtimer *timer)
{
	struct packet_direct_queue *pdq;

	pdq = container_of(timer, struct packet_direct_queue, kick_timer);
	if (READ_ONCE(pdq->ctrl->cons) == READ_ONCE(pdq->cons))
		packet_direct_arm_kick(pdq);
	else
		packet_direct_kick(pdq);
	return HRTIMER_NORESTART;
}

static void packet_direct_init_layout(struct packet_direct *pd)
{
	struct packet_direct_queue *pdq = &pd->pdq;
	struct tpacket4_layout *layout = &pd->layout;
	u64 end = pd->shared_len + pd->slots.len;

	layout->tl_size = sizeof(*layout);
	layout->tl_flags = pd->flags;
	layout->tl_hdr_off = PAGE_SIZE;
	layout->tl_slot_off = pd->slots.pinned ? 0 : pd->shared_len;
	layout->tl_map_len = pd->slots.pinned ? pd->shared_len : end + pd->payload.len;
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
	if (pd->slots.pinned)
		end = packet_direct_own_payload(pd);
	layout->tl_payload_off = pdq->payload_external ? 0 : end;
	layout->tl_payload_nr = pdq->payload.nr;
	layout->tl_payload_shift = pd->payload.slot_shift;
	layout->tl_payload_len = pdq->payload.len;
}

static void packet_direct_init(struct packet_direct *pd,
			       const struct tpacket_req4 *req)
{
	struct packet_direct_queue *pdq = &pd->pdq;

	spin_lock_init(&pd->copy_lock);
	INIT_LIST_HEAD(&pd->copies);
	INIT_WORK(&pd->wake_work, packet_direct_wake_work);
	seqcount_init(&pdq->count_seq);
	hrtimer_setup(&pdq->wake_timer, packet_direct_wake_timer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_SOFT);
	hrtimer_setup(&pdq->kick_timer, packet_direct_kick_timer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_SOFT);
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

/* The kernel has at most as many slots as there are entries, but it may get all
 * payload slots.  Their FIFO has one place more, for packet_direct_reclaim().
 */
static bool packet_direct_alloc_members(struct packet_direct *pd, int node)
{
	struct packet_direct_queue *pdq = &pd->pdq;
	struct packet_direct_pool *payload = &pdq->payload;
	u32 entries = pdq->mask + 1;

	pdq->parts = kvcalloc(pdq->chain_max, sizeof(*pdq->parts),
			      PACKET_DIRECT_GFP);
	if (!pdq->parts || !packet_direct_alloc_shared(pd, node) ||
	    !packet_direct_alloc_filter(pdq) ||
	    !packet_direct_alloc_pool(&pdq->slots, entries, entries, entries))
		return false;
	return !packet_direct_is_split(pdq) ||
	       packet_direct_alloc_pool(payload, entries,
					roundup_pow_of_two(payload->nr + 1),
					min(payload->nr, entries));
}

/* At @own in the application's memory, unless that is 0. */
static enum packet_direct_reason
packet_direct_get_blocks(struct packet_direct_memory *memory, u32 nr, u64 own,
			 int node)
{
	if (own)
		return packet_direct_pin(memory, nr, own);
	return packet_direct_alloc_blocks(memory, nr, node) ? PACKET_DIRECT_OK :
							      PACKET_DIRECT_NO_MEMORY;
}

static enum packet_direct_reason packet_direct_alloc_slots(struct packet_direct *pd,
							   u64 own, int node)
{
	struct packet_direct_queue *pdq = &pd->pdq;
	enum packet_direct_reason reason;

	reason = packet_direct_get_blocks(&pd->slots, pdq->slots.nr, own, node);
	if (reason || !packet_direct_is_split(pdq) || pdq->payload_external)
		return reason;
	if (own)
		own += packet_direct_own_payload(pd);
	return packet_direct_get_blocks(&pd->payload, pdq->payload.nr, own,
					node);
}

/* The node of the device that the socket is bound to: a lease is of that one. */
static int packet_direct_bound_node(const struct packet_sock *po)
{
	const struct net_device *dev;
	int node = NUMA_NO_NODE;

	rcu_read_lock();
	dev = dev_get_by_index_rcu(sock_net(&po->sk), READ_ONCE(po->ifindex));
	if (dev && dev->dev.parent)
		node = dev_to_node(dev->dev.parent);
	rcu_read_unlock();
	return node;
}

/**
 * packet_direct_alloc() - make a ring
 * @po: socket
 * @req: what user space wants, which packet_direct_check_req() has let pass
 * @ring: set to the ring, connected to nothing
 *
 * Context: lock_sock.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason packet_direct_alloc(struct packet_sock *po,
					      const struct tpacket_req4 *req,
					      struct packet_direct **ring)
{
	enum packet_direct_reason reason = PACKET_DIRECT_NO_MEMORY;
	int node = packet_direct_bound_node(po);
	struct packet_direct *pd;

	pd = kzalloc(sizeof(*pd), GFP_KERNEL_ACCOUNT);
	if (!pd)
		return reason;

	static_branch_inc(&packet_direct_rings);
	pd->po = po;
	INIT_LIST_HEAD(&pd->together);
	pd->pdq.sk = &po->sk;
	packet_direct_init(pd, req);
	if (packet_direct_alloc_members(pd, node))
		reason = packet_direct_alloc_slots(pd, req->tp_memory, node);
	if (reason) {
		packet_direct_free(pd);
		return reason;
	}
	packet_direct_init_indices(&pd->pdq);
	packet_direct_init_layout(pd);
	*ring = pd;
	return PACKET_DIRECT_OK;
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
	cancel_work_sync(&pd->wake_work);
	/* there is nothing to look at yet in one whose making failed */
	if (pd->layout.tl_size) {
		packet_direct_audit(pdq, &pdq->slots);
		packet_direct_audit(pdq, &pdq->payload);
	}
	packet_direct_free_filter(pdq);
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

/* hrtimer_active() would be true for a timer whose function has looked already. */
static void packet_direct_arm_wake(struct packet_direct_queue *pdq)
{
	if (pdq->wake_time && !hrtimer_is_queued(&pdq->wake_timer))
		hrtimer_start(&pdq->wake_timer,
			      READ_ONCE(pdq->unseen_since) + pdq->wake_time,
			      HRTIMER_MODE_ABS_SOFT);
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
	u32 entries = prod - pdq->prod;

	if (!entries)
		return;

	WRITE_ONCE(pdq->packets, pdq->packets + entries - pdq->extra);
	pdq->extra = 0;
	if (packet_direct_store_prod(pdq, prod))
		packet_direct_wake(pdq);
	else
		packet_direct_arm_wake(pdq);
}

/**
 * packet_direct_tell() - wake the reader, now or later
 * @pdq: ring that is filled by copy
 * @now: what packet_direct_store_prod() returned
 *
 * Context: BH off; on several CPUs at a time.
 */
void packet_direct_tell(struct packet_direct_queue *pdq, bool now)
{
	if (now)
		packet_direct_wake_batched(pdq);
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
 * Return: true if so
 */
bool packet_direct_readable(struct packet_direct_queue *pdq)
{
	u32 prod = READ_ONCE(pdq->prod);
	u32 unseen = prod - READ_ONCE(pdq->ctrl->seen);
	enum packet_direct_state state = READ_ONCE(pdq->state);

	if (READ_ONCE(pdq->woken))
		WRITE_ONCE(pdq->woken, 0);
	if (!unseen)
		return false;
	if (unseen >= pdq->wake_count)
		return true;
	if (state == PACKET_DIRECT_DOWN || state == PACKET_DIRECT_LOST ||
	    state == PACKET_DIRECT_PREPARED)
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
	trace_packet_direct_state(pdq);
	packet_direct_wake(pdq);
}

void packet_direct_store_counts(struct packet_direct_queue *pdq)
{
	/* raw: whoever stops or starts the ring may be here with BH on, for
	 * NAPI is off then, which lockdep cannot know
	 */
	preempt_disable();
	raw_write_seqcount_begin(&pdq->count_seq);
	packet_direct_count(pdq, &pdq->slots, &pdq->slots_count);
	if (packet_direct_is_split(pdq))
		packet_direct_count(pdq, &pdq->payload, &pdq->payload_count);
	raw_write_seqcount_end(&pdq->count_seq);
	preempt_enable();
}

/**
 * packet_direct_napi_id() - the NAPI instance that fills the ring
 * @pdq: ring
 *
 * An instance of 7.3 gets a number each time that it is enabled, which may be after
 * packet_direct_ring_up().
 *
 * Return: its number, or 0.
 */
u32 packet_direct_napi_id(const struct packet_direct_queue *pdq)
{
	const struct napi_struct *napi;
	u32 id;

	if (!READ_ONCE(pdq->up))
		return 0;

	rcu_read_lock();
	napi = rcu_dereference(pdq->napi);
	id = napi ? READ_ONCE(napi->napi_id) : READ_ONCE(pdq->napi_id);
	rcu_read_unlock();
	return id;
}

/**
 * packet_direct_mark_napi() - the socket's busy polling is of that instance
 * @pdq: ring
 *
 * Context: any but hard interrupt.
 */
void packet_direct_mark_napi(const struct packet_direct_queue *pdq)
{
#ifdef CONFIG_NET_RX_BUSY_POLL
	u32 id = packet_direct_napi_id(pdq);

	if (unlikely(READ_ONCE(pdq->sk->sk_napi_id) != id))
		WRITE_ONCE(pdq->sk->sk_napi_id, id);
#endif
}

void packet_direct_polled_ring_up(struct packet_direct_queue *pdq, u32 napi_id,
				  u32 size)
{
	size = min(size, pdq->mask + 1);
	if (packet_direct_is_split(pdq))
		size = min(size, pdq->payload.nr);
	pdq->size = size;
	pdq->low = max(size / 4, min(size, pdq->post_min));
	WRITE_ONCE(pdq->napi_id, napi_id);
	WRITE_ONCE(pdq->up, true);
	packet_direct_mark_napi(pdq);
	packet_direct_set_state(pdq, PACKET_DIRECT_ACTIVE);
	packet_direct_recheck_steering(pdq->dev);
}

void packet_direct_ring_up(struct packet_direct_queue *pdq,
			   struct napi_struct *napi, u32 size)
{
	netdev_assert_locked_ops_compat(pdq->dev);
	rcu_assign_pointer(pdq->napi, napi);
	packet_direct_polled_ring_up(pdq, 0, size);
}
EXPORT_SYMBOL_GPL(packet_direct_ring_up);

static void packet_direct_set_need_kick(struct packet_direct_queue *pdq, bool need)
{
	pdq->need_kick = need;
	WRITE_ONCE(pdq->ctrl->flags, need ? TPACKET4_CTRL_NEED_KICK : 0);
}

/* Nobody kicks it afterwards. */
static void packet_direct_unset_up(struct packet_direct_queue *pdq)
{
	WRITE_ONCE(pdq->up, false);
	RCU_INIT_POINTER(pdq->napi, NULL);
	hrtimer_cancel(&pdq->kick_timer);
	synchronize_net();
	/* after whoever has seen the ring up */
	WRITE_ONCE(pdq->napi_id, 0);
	packet_direct_mark_napi(pdq);
}

void packet_direct_ring_pause(struct packet_direct_queue *pdq)
{
	packet_direct_unset_up(pdq);
	packet_direct_set_state(pdq, PACKET_DIRECT_DOWN);
}

void packet_direct_ring_empty(struct packet_direct_queue *pdq)
{
	packet_direct_unset_up(pdq);
	if (pdq->chain) {
		pdq->drop_down++;
		WRITE_ONCE(pdq->losing, true);
	}
	packet_direct_rollback(pdq);
	pdq->skip = false;
	packet_direct_unpost(pdq, &pdq->slots);
	packet_direct_unpost(pdq, &pdq->payload);
	packet_direct_set_need_kick(pdq, false);
	packet_direct_set_state(pdq, PACKET_DIRECT_DOWN);
	packet_direct_store_counts(pdq);
}

/* The driver may have polled the stopped ring once more. */
void packet_direct_ring_down(struct packet_direct_queue *pdq)
{
	netdev_assert_locked_ops_compat(pdq->dev);
	if (pdq->up)
		packet_direct_ring_empty(pdq);
	else
		packet_direct_store_counts(pdq);
}
EXPORT_SYMBOL_GPL(packet_direct_ring_down);

/* A frame that has all slots cannot end: the NIC has none left to go on in.  Nor can
 * one that has all of the reserve, before the user gives something back.
 */
static void packet_direct_drop_endless(struct packet_direct_queue *pdq)
{
	if (!pdq->chain || (pdq->cons != pdq->prod && !READ_ONCE(pdq->reserve)))
		return;
	packet_direct_rollback(pdq);
	pdq->drop_too_long++;
	WRITE_ONCE(pdq->losing, true);
	pdq->skip = true;
}

/* The NIC has few slots.  Returns true when enough came back meanwhile. */
static noinline bool packet_direct_ask_for_slots(struct packet_direct_queue *pdq)
{
	/* a ring that is down is given no slots, and its timer must not run */
	if (WARN_ON_ONCE(!pdq->up))
		return false;
	if (!packet_direct_in_nic(pdq)) {
		pdq->dry++;
		trace_packet_direct_dry(pdq);
		packet_direct_drop_endless(pdq);
	}
	if (!pdq->need_kick) {
		packet_direct_set_need_kick(pdq, true);
		smp_mb();	/* E, pairs with F */
	}
	if (packet_direct_reclaim(pdq) >= pdq->post_min)
		return true;
	if (!packet_direct_in_nic(pdq) && !pdq->full)
		packet_direct_set_full(pdq);
	packet_direct_arm_kick(pdq);
	return false;
}

/**
 * packet_direct_kick() - make the queue's NAPI look for slots that came back
 * @pdq: ring, with a lease or without
 *
 * Context: any but hard interrupt.
 */
void packet_direct_kick(struct packet_direct_queue *pdq)
{
	struct napi_struct *napi;

	rcu_read_lock();
	napi = rcu_dereference(pdq->napi);
	if (!READ_ONCE(pdq->up)) {
		/* nobody is there, or nobody will be soon */
	} else if (pdq->ops->kick) {
		pdq->ops->kick(pdq->dev, pdq->queue);
	} else if (napi) {
		local_bh_disable();
		napi_schedule(napi);
		local_bh_enable();
	}
	rcu_read_unlock();
}

/**
 * packet_direct_top_up() - give the NIC what came back since the last poll
 * @pdq: ring, with a lease or without
 *
 * The NIC's polls take slots when frames arrive.  A reader that has caught up may
 * have given many back since, and a burst would find the NIC with those only that
 * it had left.  Few are not worth a poll, nor is a NIC that is nearly full.
 *
 * Context: any but hard interrupt.
 */
void packet_direct_top_up(struct packet_direct_queue *pdq)
{
	u32 size = READ_ONCE(pdq->size);
	u32 batch = max(READ_ONCE(pdq->post_min), min(size / 8, 64));
	u32 room = size - READ_ONCE(pdq->slots_count.posted);

	if (READ_ONCE(pdq->up) &&
	    READ_ONCE(pdq->ctrl->cons) - READ_ONCE(pdq->cons) >= batch &&
	    room >= max(batch, size / 8))
		packet_direct_kick(pdq);
}

bool packet_direct_must_refill(struct packet_direct_queue *pdq)
{
	bool again = false;

	if (unlikely(packet_direct_in_nic(pdq) < pdq->low))
		again = packet_direct_ask_for_slots(pdq);
	else if (unlikely(pdq->need_kick))
		packet_direct_set_need_kick(pdq, false);

	if (!again)
		packet_direct_store_counts(pdq);
	return again;
}
EXPORT_SYMBOL_GPL(packet_direct_must_refill);

void packet_direct_not_stopped(struct packet_direct_queue *pdq)
{
	pdq->unconfirmed = true;
}
EXPORT_SYMBOL_GPL(packet_direct_not_stopped);
