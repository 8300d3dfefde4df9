// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's half of a TPACKET_V4 ring.  The protocol, and the letters of the
 * barriers, are in include/uapi/linux/if_packet_v4.h.
 */
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/vmalloc.h>
#include <net/sock.h>

#include "internal.h"

/* Blocks of slots: as large as one TLB entry, smaller if there are none. */
#define PACKET_DIRECT_BLOCK_SHIFT	21

/* Bytes of a frame that a filter finds in the linear part of its skb. */
#define PACKET_DIRECT_FILTER_HEAD	256

static_assert(sizeof(struct tpacket4_ctrl) == 256);
static_assert(offsetof(struct tpacket4_ctrl, cons) == 128);
static_assert(sizeof(struct tpacket4_hdr) == 64);
static_assert(offsetof(struct tpacket4_hdr, tp_data_end) == 16);
static_assert(offsetof(struct tpacket4_hdr, tp_tstamp) == 40);
static_assert(offsetof(struct tpacket4_hdr, tp_vlan_tci) == 48);
static_assert(offsetof(struct tpacket4_hdr, tp_pkttype) == 54);
static_assert(offsetof(struct tpacket4_hdr, tp_priv) == 56);
static_assert(sizeof(struct tpacket_req4) == 64);
static_assert(sizeof(struct tpacket4_layout) == 80);
static_assert(sizeof(struct tpacket4_direct) == 64);
static_assert(sizeof(struct tpacket4_info) == 64);
static_assert(sizeof(struct tpacket4_stats) == 136);
/* One more fragment than parts: the rest of the part that is in the head. */
static_assert(TPACKET4_MAX_CHAIN <= MAX_SKB_FRAGS);

/* What keeps the user's half apart from the kernel's on purpose is the page:
 * the DMA never reaches the first region, the headers never the second.
 */
static size_t packet_direct_shared_len(u32 entries)
{
	return PAGE_SIZE + PAGE_ALIGN(entries * sizeof(struct tpacket4_hdr));
}

void *packet_direct_slot(const struct packet_direct_queue *pdq, u32 slot)
{
	u32 shift = pdq->block_shift - pdq->slot_shift;
	u32 in_block = slot & ((1U << shift) - 1);

	return pdq->blocks[slot >> shift] + ((size_t)in_block << pdq->slot_shift);
}

static void packet_direct_free_blocks(struct packet_direct_queue *pdq)
{
	while (pdq->block_nr)
		free_pages((unsigned long)pdq->blocks[--pdq->block_nr],
			   pdq->block_shift - PAGE_SHIFT);
	kvfree(pdq->blocks);
	pdq->blocks = NULL;
}

static bool packet_direct_try_blocks(struct packet_direct_queue *pdq, u64 len,
				     u32 shift)
{
	u32 nr = DIV_ROUND_UP_ULL(len, 1U << shift);

	pdq->block_shift = shift;
	pdq->blocks = kvcalloc(nr, sizeof(*pdq->blocks), GFP_KERNEL_ACCOUNT);
	if (!pdq->blocks)
		return false;

	while (pdq->block_nr < nr) {
		gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_COMP |
			    __GFP_NOWARN | __GFP_NORETRY;
		unsigned long block;

		block = __get_free_pages(gfp, shift - PAGE_SHIFT);
		if (!block || fatal_signal_pending(current))
			goto err;
		pdq->blocks[pdq->block_nr++] = (void *)block;
		cond_resched();
	}
	return true;

err:
	packet_direct_free_blocks(pdq);
	return false;
}

static bool packet_direct_alloc_blocks(struct packet_direct_queue *pdq)
{
	u64 len = (u64)pdq->slot_nr << pdq->slot_shift;
	u32 lowest = max_t(u32, PAGE_SHIFT, pdq->slot_shift);
	u32 shift;

	if (len >> PAGE_SHIFT > totalram_pages())
		return false;

	shift = clamp_t(u32, ilog2(len), lowest, PACKET_DIRECT_BLOCK_SHIFT);
	for (; shift >= lowest; shift--) {
		if (packet_direct_try_blocks(pdq, len, shift))
			return true;
		if (fatal_signal_pending(current))
			return false;
	}
	return false;
}

static enum packet_direct_reason
packet_direct_check_req(const struct tpacket_req4 *req)
{
	u32 slots = req->tp_slot_nr ?: req->tp_entry_nr;
	u32 len = req->tp_slot_len ?: req->tp_slot_size;

	if (req->tp_flags)
		return PACKET_DIRECT_BAD_FLAGS;
	if (memchr_inv(req->tp_reserved, 0, sizeof(req->tp_reserved)))
		return PACKET_DIRECT_BAD_RESERVED;
	if (!is_power_of_2(req->tp_entry_nr) ||
	    req->tp_entry_nr < TPACKET4_MIN_ENTRIES ||
	    req->tp_entry_nr > TPACKET4_MAX_ENTRIES)
		return PACKET_DIRECT_BAD_ENTRIES;
	if (slots < req->tp_entry_nr || slots > TPACKET4_MAX_SLOTS)
		return PACKET_DIRECT_BAD_SLOTS;
	if (!is_power_of_2(req->tp_slot_size) ||
	    req->tp_slot_size < TPACKET4_MIN_SLOT_SIZE ||
	    req->tp_slot_size > TPACKET4_MAX_SLOT_SIZE)
		return PACKET_DIRECT_BAD_SLOT_SIZE;
	if (len > req->tp_slot_size || len < TPACKET4_MIN_SLOT_SIZE || len % 64)
		return PACKET_DIRECT_BAD_SLOT_LEN;
	if (req->tp_payload_size || req->tp_payload_len || req->tp_payload_nr)
		return PACKET_DIRECT_NO_SPLIT;
	if (req->tp_wake_count > req->tp_entry_nr ||
	    req->tp_wake_usecs > TPACKET4_MAX_WAKE_USECS)
		return PACKET_DIRECT_BAD_WAKE;
	return PACKET_DIRECT_OK;
}

static bool packet_direct_alloc_tables(struct packet_direct_queue *pdq)
{
	u32 entries = pdq->mask + 1;

	pdq->pool = kvcalloc(entries, sizeof(*pdq->pool), GFP_KERNEL_ACCOUNT);
	pdq->home = kvcalloc(entries, sizeof(*pdq->home), GFP_KERNEL_ACCOUNT);
	pdq->where = kvcalloc(pdq->slot_nr, sizeof(*pdq->where),
			      GFP_KERNEL_ACCOUNT);
	pdq->filter_skb = alloc_skb(PACKET_DIRECT_FILTER_HEAD, GFP_KERNEL);
	return pdq->pool && pdq->home && pdq->where && pdq->filter_skb;
}

/* Slots [0, entries) are the kernel's, the others the user's spares. */
static void packet_direct_init_slots(struct packet_direct_queue *pdq)
{
	u32 entries = pdq->mask + 1;
	u32 i;

	for (i = 0; i < entries; i++) {
		pdq->home[i] = PACKET_DIRECT_KERNEL;
		packet_direct_put(pdq, i);
	}
	for (i = 0; i < pdq->slot_nr; i++)
		pdq->where[i] = i < entries ? PACKET_DIRECT_KERNEL :
					      PACKET_DIRECT_SPARE;

	pdq->prod = TPACKET4_INDEX_START(entries);
	pdq->cons = pdq->prod;
	pdq->fill = pdq->prod;
	pdq->ctrl->prod = pdq->prod;
	pdq->ctrl->cons = pdq->prod;
	pdq->ctrl->seen = pdq->prod;
}

static enum hrtimer_restart packet_direct_wake_timer(struct hrtimer *timer)
{
	struct packet_direct_queue *pdq;

	pdq = container_of(timer, struct packet_direct_queue, wake_timer);
	pdq->sk->sk_data_ready(pdq->sk);
	return HRTIMER_NORESTART;
}

static void packet_direct_init_layout(struct packet_direct *pd)
{
	struct packet_direct_queue *pdq = &pd->pdq;
	struct tpacket4_layout *layout = &pd->layout;

	layout->tl_size = sizeof(*layout);
	layout->tl_hdr_off = PAGE_SIZE;
	layout->tl_slot_off = pd->shared_len;
	layout->tl_map_len = pd->shared_len +
			     ((u64)pdq->block_nr << pdq->block_shift);
	layout->tl_entry_nr = pdq->mask + 1;
	layout->tl_hdr_stride = sizeof(struct tpacket4_hdr);
	layout->tl_slot_nr = pdq->slot_nr;
	layout->tl_slot_shift = pdq->slot_shift;
	layout->tl_slot_len = pdq->slot_len;
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
	struct packet_direct_queue *pdq;
	struct packet_direct *pd;

	*reason = packet_direct_check_req(req);
	if (*reason)
		return NULL;

	*reason = PACKET_DIRECT_NO_MEMORY;
	pd = kzalloc(sizeof(*pd), GFP_KERNEL_ACCOUNT);
	if (!pd)
		return NULL;

	pdq = &pd->pdq;
	pd->po = po;
	pdq->sk = &po->sk;
	spin_lock_init(&pd->copy_lock);
	hrtimer_init(&pdq->wake_timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	pdq->wake_timer.function = packet_direct_wake_timer;

	pdq->mask = req->tp_entry_nr - 1;
	pdq->slot_nr = req->tp_slot_nr ?: req->tp_entry_nr;
	pdq->slot_len = req->tp_slot_len ?: req->tp_slot_size;
	pdq->slot_shift = ilog2(req->tp_slot_size);
	pdq->wake_count = req->tp_wake_count ?: 1;
	pdq->wake_time = (u64)req->tp_wake_usecs * NSEC_PER_USEC;

	pd->shared_len = packet_direct_shared_len(req->tp_entry_nr);
	pd->shared = __vmalloc(pd->shared_len, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!pd->shared || !packet_direct_alloc_tables(pdq) ||
	    !packet_direct_alloc_blocks(pdq)) {
		packet_direct_free(pd);
		return NULL;
	}
	pdq->ctrl = pd->shared;
	pdq->hdrs = pd->shared + PAGE_SIZE;
	packet_direct_init_slots(pdq);
	packet_direct_init_layout(pd);

	*reason = PACKET_DIRECT_OK;
	return pd;
}

/* Every slot is in exactly one place: the debug sum, slot by slot. */
static void packet_direct_audit(const struct packet_direct_queue *pdq)
{
	unsigned long *found;
	u32 i, slot, nr = 0;

	if (!IS_ENABLED(CONFIG_DEBUG_NET) || !pdq->ctrl)
		return;
	found = bitmap_zalloc(pdq->slot_nr, GFP_KERNEL);
	if (!found)
		return;

	for (i = pdq->pool_head; i != pdq->pool_tail; i++, nr++)
		__set_bit(pdq->pool[i & pdq->mask], found);
	for (i = pdq->cons; i != pdq->fill; i++, nr++)
		__set_bit(pdq->home[i & pdq->mask], found);
	for (slot = 0; slot < pdq->slot_nr; slot++) {
		if (pdq->where[slot] != PACKET_DIRECT_SPARE)
			continue;
		__set_bit(slot, found);
		nr++;
	}
	DEBUG_NET_WARN_ON_ONCE(nr != pdq->slot_nr ||
			       !bitmap_full(found, pdq->slot_nr));
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
	packet_direct_audit(pdq);
	kfree_skb(pdq->filter_skb);
	if (pd->quarantine)
		pdq->block_nr = 0;	/* never freed */
	packet_direct_free_blocks(pdq);
	kvfree(pdq->dma);
	kvfree(pdq->where);
	kvfree(pdq->home);
	kvfree(pdq->pool);
	vfree(pd->shared);
	kfree(pd);
}

/**
 * packet_direct_insert_pages() - map a ring
 * @pd: ring
 * @vma: area of exactly the ring's length
 *
 * Context: mmap_lock, pg_vec_lock.
 * Return: 0 or -errno.
 */
int packet_direct_insert_pages(struct packet_direct *pd,
			       struct vm_area_struct *vma)
{
	struct packet_direct_queue *pdq = &pd->pdq;
	unsigned long addr = vma->vm_start;
	size_t off, block_len;
	struct page *page;
	int err;
	u32 i;

	for (off = 0; off < pd->shared_len; off += PAGE_SIZE) {
		page = vmalloc_to_page(pd->shared + off);
		err = vm_insert_page(vma, addr, page);
		if (err)
			return err;
		addr += PAGE_SIZE;
	}

	block_len = (size_t)1 << pdq->block_shift;
	for (i = 0; i < pdq->block_nr; i++) {
		for (off = 0; off < block_len; off += PAGE_SIZE) {
			page = virt_to_page(pdq->blocks[i] + off);
			err = vm_insert_page(vma, addr, page);
			if (err)
				return err;
			addr += PAGE_SIZE;
		}
		cond_resched();
	}
	return 0;
}

/* The user gives entry number @at back with another slot than the one that it
 * was given with.  Returns the slot that the kernel gets.
 */
static noinline u32 packet_direct_swap(struct packet_direct_queue *pdq, u32 at,
				       u32 slot)
{
	u32 entry = at & pdq->mask;
	u32 home = pdq->home[entry];
	u32 other;

	if (slot >= pdq->slot_nr)
		goto bad;
	slot = array_index_nospec(slot, pdq->slot_nr);

	other = pdq->where[slot];
	if (other == PACKET_DIRECT_SPARE) {
		pdq->where[home] = PACKET_DIRECT_SPARE;
	} else {
		if (other == PACKET_DIRECT_KERNEL ||
		    pdq->home[other] != slot ||
		    ((other - at) & pdq->mask) >= pdq->prod - at)
			goto bad;
		pdq->home[other] = home;
		pdq->where[home] = other;
	}
	pdq->home[entry] = PACKET_DIRECT_KERNEL;
	pdq->where[slot] = PACKET_DIRECT_KERNEL;
	return slot;

bad:
	pdq->bad_slot++;
	return home;
}

/* Takes @count entries from @at on, with no wrap among them nor in the pool. */
static void packet_direct_take(struct packet_direct_queue *pdq, u32 at,
			       u32 count)
{
	const struct tpacket4_hdr *hdr = &pdq->hdrs[at & pdq->mask];
	const u32 *home = &pdq->home[at & pdq->mask];
	u32 *pool = &pdq->pool[pdq->pool_tail & pdq->mask];
	u32 i, slot;

	for (i = 0; i < count; i++) {
		slot = READ_ONCE(hdr[i].tp_slot);
		if (unlikely(slot != home[i]))
			slot = packet_direct_swap(pdq, at + i, slot);
		pool[i] = slot;
	}
	for (i = 0; unlikely(pdq->need_sync) && i < count; i++)
		dma_sync_single_for_device(pdq->dma_dev, pdq->dma[pool[i]],
					   pdq->slot_len, DMA_FROM_DEVICE);
	pdq->pool_tail += count;
}

u32 packet_direct_reclaim(struct packet_direct_queue *pdq)
{
	u32 cons = smp_load_acquire(&pdq->ctrl->cons);	/* D, pairs with C */
	u32 at = pdq->cons;
	u32 count;

	if (unlikely(cons - at > pdq->prod - at)) {
		pdq->bad_cons++;
		goto out;
	}
	for (; at != cons; at += count) {
		count = min3(cons - at, packet_direct_straight(pdq, at),
			     packet_direct_straight(pdq, pdq->pool_tail));
		packet_direct_take(pdq, at, count);
	}
	WRITE_ONCE(pdq->cons, cons);
out:
	return pdq->pool_tail - pdq->pool_post;
}
EXPORT_SYMBOL_GPL(packet_direct_reclaim);

static void packet_direct_wake(struct packet_direct_queue *pdq)
{
	struct sock *sk = pdq->sk;

	rcu_read_lock();
	if (skwq_has_sleeper(rcu_dereference(sk->sk_wq)) ||
	    sock_flag(sk, SOCK_FASYNC)) {
		pdq->wakeups++;
		sk->sk_data_ready(sk);
	}
	rcu_read_unlock();
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
	u32 last = pdq->prod;
	u32 seen;

	if (prod == last)
		return;

	smp_store_release(&pdq->ctrl->prod, prod);	/* A, pairs with B */
	WRITE_ONCE(pdq->prod, prod);
	pdq->packets += prod - last;
	pdq->batches++;

	seen = READ_ONCE(pdq->ctrl->seen);
	if (seen == last)
		WRITE_ONCE(pdq->unseen_since, pdq->wake_time ? ktime_get() : 0);
	WRITE_ONCE(pdq->full, pdq->pool_head == pdq->pool_tail);
	if (prod - seen >= pdq->wake_count || pdq->full)
		packet_direct_wake(pdq);
	else
		packet_direct_arm_wake(pdq);
}

/**
 * packet_direct_no_room() - a frame came that the ring has no slots for
 * @pdq: ring
 *
 * What is there has to be read before more can come, few as it may be.
 *
 * Context: the ring's one producer, BH off.
 */
void packet_direct_no_room(struct packet_direct_queue *pdq)
{
	pdq->drop_no_slot++;
	WRITE_ONCE(pdq->full, true);
	packet_direct_wake(pdq);
}

/**
 * packet_direct_readable() - whether poll() should return
 * @pdq: ring
 *
 * Context: any; does not need to be the producer.
 */
bool packet_direct_readable(struct packet_direct_queue *pdq)
{
	u32 prod = READ_ONCE(pdq->prod);
	u32 unseen = prod - READ_ONCE(pdq->ctrl->seen);
	enum packet_direct_state state = READ_ONCE(pdq->state);

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
 * Context: RTNL.
 */
void packet_direct_set_state(struct packet_direct_queue *pdq,
			     enum packet_direct_state state)
{
	WRITE_ONCE(pdq->state, state);
	WRITE_ONCE(pdq->generation, pdq->generation + 1);
	WRITE_ONCE(pdq->ctrl->state, state);
	/* Whoever sees the new generation sees the new state. */
	smp_store_release(&pdq->ctrl->generation, pdq->generation);
	pdq->sk->sk_data_ready(pdq->sk);
}

void packet_direct_begin(struct packet_direct_queue *pdq)
{
	WRITE_ONCE(pdq->seq, pdq->seq | 1);
	smp_wmb();	/* odd before any slot moves; packet_direct_slots() */
	pdq->tstamp = max_t(u64, ktime_get_real_ns(), pdq->tstamp);
	pdq->filter = rcu_dereference_bh(pdq->sk->sk_filter);
}
EXPORT_SYMBOL_GPL(packet_direct_begin);

void packet_direct_flush(struct packet_direct_queue *pdq)
{
	packet_direct_publish(pdq);
	pdq->filter = NULL;
}
EXPORT_SYMBOL_GPL(packet_direct_flush);

bool packet_direct_posted(struct packet_direct_queue *pdq)
{
	bool again = false;

	if (unlikely(packet_direct_in_nic(pdq) < pdq->low))
		again = packet_direct_starved(pdq);
	else if (unlikely(pdq->need_kick))
		packet_direct_set_need_kick(pdq, false);

	if (!again) {
		smp_wmb();	/* even after every slot has moved */
		WRITE_ONCE(pdq->seq, (pdq->seq | 1) + 1);
	}
	return again;
}
EXPORT_SYMBOL_GPL(packet_direct_posted);

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
		packet_direct_put(pdq, pdq->home[pdq->fill & pdq->mask]);
	}
	pdq->chain_len = 0;
}

void packet_direct_drop(struct packet_direct_queue *pdq, u32 slot, bool last,
			u64 *counter)
{
	packet_direct_rollback(pdq);
	if (slot != TPACKET4_SLOT_NONE)
		packet_direct_put(pdq, slot);
	if (!pdq->skip)
		(*counter)++;
	pdq->skip = !last;
}
EXPORT_SYMBOL_GPL(packet_direct_drop);

void packet_direct_frag(struct packet_direct_queue *pdq, u32 slot, u32 len)
{
	bool first = !pdq->chain;

	if (len > pdq->slot_len) {
		packet_direct_drop(pdq, slot, false, &pdq->drop_error);
		return;
	}
	if (pdq->skip || pdq->chain == TPACKET4_MAX_CHAIN - 1) {
		packet_direct_drop(pdq, slot, false, &pdq->drop_too_long);
		return;
	}
	packet_direct_sync(pdq, slot, len);
	__packet_direct_fill(pdq, slot, 0, len, 0, 0, 0,
			     first ? pdq->tstamp : 0, 0);
	pdq->part_len[pdq->chain++] = len;
	pdq->chain_len += len;
}
EXPORT_SYMBOL_GPL(packet_direct_frag);

/* Runs the filter on @skb, whose data begins with the Ethernet header. */
static u32 packet_direct_ask(struct packet_direct_queue *pdq,
			     struct sk_buff *skb, u32 hash, u32 flags)
{
	const struct bpf_prog *prog = pdq->filter->prog;

	skb->dev = pdq->dev;
	skb->protocol = 0;
	skb->pkt_type = PACKET_HOST;
	skb_record_rx_queue(skb, pdq->queue);
	__skb_set_hash(skb, hash, false, flags & TPACKET4_HASH_L4);
	skb_reset_mac_header(skb);
	if (skb_headlen(skb) >= ETH_HLEN) {
		skb->protocol = eth_type_trans(skb, pdq->dev);
		skb_reset_network_header(skb);
		__skb_push(skb, ETH_HLEN);
	}

	if (unlikely(prog->cb_access))
		memset(bpf_skb_cb(skb), 0, BPF_SKB_CB_LEN);
	/* BH is off, so there is no need to forbid migration */
	return bpf_prog_run(prog, skb);
}

/* Shows the filter the unpublished frame: its first bytes in the linear part,
 * the rest as fragments that point into the slots and are not counted.
 */
static u32 packet_direct_run_filter(struct packet_direct_queue *pdq, u32 first,
				    u32 parts, u32 hash, u32 flags)
{
	struct sk_buff *skb = pdq->filter_skb;
	u32 i, off, len, snaplen;
	void *data;

	off = min_t(u32, pdq->part_len[0], PACKET_DIRECT_FILTER_HEAD);
	data = packet_direct_slot(pdq, pdq->home[first & pdq->mask]);
	skb_put_data(skb, data, off);
	for (i = 0; i < parts; i++, off = 0) {
		len = pdq->part_len[i] - off;
		if (!len)
			continue;
		data = packet_direct_slot(pdq, pdq->home[(first + i) & pdq->mask]);
		skb_fill_page_desc(skb, skb_shinfo(skb)->nr_frags,
				   virt_to_page(data),
				   offset_in_page(data) + off, len);
		skb->len += len;
		skb->data_len += len;
	}

	snaplen = packet_direct_ask(pdq, skb, hash, flags);

	skb_shinfo(skb)->nr_frags = 0;
	skb->data_len = 0;
	skb_reset_tail_pointer(skb);
	skb->len = 0;
	return snaplen;
}

/* Nothing is copied: for as long as the filter runs the skb's linear part is the
 * slot.  It has all of the frame, so that no access gets as far as to look for
 * fragments, which would be searched behind the slot's end.  The user may write
 * to it meanwhile, so each access has to be checked by itself, as they are.
 */
u32 packet_direct_snaplen(struct packet_direct_queue *pdq, u32 slot, u32 len,
			  u32 flags, u32 hash)
{
	struct sk_buff *skb = pdq->filter_skb;
	unsigned char *head = skb->head;
	unsigned char *data = skb->data;
	u32 snaplen;

	skb->head = packet_direct_slot(pdq, slot);
	skb->data = skb->head;
	skb->len = len;
	skb_set_tail_pointer(skb, len);

	snaplen = packet_direct_ask(pdq, skb, hash, flags);

	skb->head = head;
	skb->data = data;
	skb->len = 0;
	skb_reset_tail_pointer(skb);
	return min(snaplen, len);
}
EXPORT_SYMBOL_GPL(packet_direct_snaplen);

/* Cuts the unpublished frame to @snaplen bytes.  Returns the parts it has left. */
static u32 packet_direct_trim(struct packet_direct_queue *pdq, u32 first,
			      u32 parts, u32 snaplen)
{
	struct tpacket4_hdr *hdr;
	u32 i, kept = 0;

	for (i = 0; i < parts && snaplen; i++) {
		pdq->part_len[i] = min(pdq->part_len[i], snaplen);
		snaplen -= pdq->part_len[i];
		kept++;
	}
	for (; parts > kept; parts--) {
		pdq->fill--;
		packet_direct_put(pdq, pdq->home[pdq->fill & pdq->mask]);
	}
	hdr = &pdq->hdrs[(first + kept - 1) & pdq->mask];
	hdr->tp_data_end = pdq->part_len[kept - 1];
	return kept;
}

void packet_direct_frame_end(struct packet_direct_queue *pdq, u32 slot, u32 len,
			     u32 flags, u32 hash, __be16 protocol)
{
	u32 parts = pdq->chain + 1;
	struct tpacket4_hdr *hdr;
	u32 first, total, snaplen;

	if (pdq->skip || len > pdq->slot_len) {
		packet_direct_drop(pdq, slot, true, &pdq->drop_error);
		return;
	}
	packet_direct_sync(pdq, slot, len);
	first = pdq->fill - pdq->chain;
	__packet_direct_fill(pdq, slot, 0, len, 0, 0, 0,
			     parts == 1 ? pdq->tstamp : 0, 0);
	pdq->part_len[pdq->chain++] = len;
	total = pdq->chain_len + len;

	if (pdq->filter) {
		snaplen = packet_direct_run_filter(pdq, first, parts, hash, flags);
		if (!snaplen) {
			packet_direct_rollback(pdq);
			pdq->drop_filter++;
			return;
		}
		if (snaplen < total) {
			parts = packet_direct_trim(pdq, first, parts, snaplen);
			flags |= TPACKET4_TRUNCATED;
		}
	}

	pdq->hdrs[(first + parts - 1) & pdq->mask].tp_flags = TPACKET4_LAST;
	hdr = &pdq->hdrs[first & pdq->mask];
	hdr->tp_flags = flags | TPACKET4_FIRST | TPACKET4_TSTAMP_SW |
			(parts == 1 ? TPACKET4_LAST : 0);
	hdr->tp_len = total;
	hdr->tp_rxhash = hash;
	hdr->tp_protocol = protocol;

	pdq->chain = 0;
	pdq->chain_len = 0;
	pdq->packets -= parts - 1;
	pdq->bytes += total;
}
EXPORT_SYMBOL_GPL(packet_direct_frame_end);

static void packet_direct_count_slots(const struct packet_direct_queue *pdq,
				      struct tpacket4_stats *stats)
{
	u32 prod = READ_ONCE(pdq->prod);
	u32 post = READ_ONCE(pdq->pool_post);
	u32 slot;

	stats->ts_free = READ_ONCE(pdq->pool_tail) - post +
			 READ_ONCE(pdq->fill) - prod;
	stats->ts_posted = post - READ_ONCE(pdq->pool_head);
	stats->ts_held = prod - READ_ONCE(pdq->cons);
	stats->ts_spare = 0;
	for (slot = 0; slot < pdq->slot_nr; slot++)
		if (READ_ONCE(pdq->where[slot]) == PACKET_DIRECT_SPARE)
			stats->ts_spare++;
}

/**
 * packet_direct_slots() - where the slots are, at one moment
 * @pdq: ring
 * @stats: to be filled in
 *
 * Context: lock_sock.
 */
void packet_direct_slots(struct packet_direct_queue *pdq,
			 struct tpacket4_stats *stats)
{
	struct packet_direct *pd = to_packet_direct(pdq);
	u32 seq;

	if (!pd->leased) {
		spin_lock_bh(&pd->copy_lock);
		packet_direct_count_slots(pdq, stats);
		spin_unlock_bh(&pd->copy_lock);
		return;
	}

	for (;;) {
		seq = READ_ONCE(pdq->seq);
		smp_rmb();	/* pairs with packet_direct_begin() */
		packet_direct_count_slots(pdq, stats);
		smp_rmb();	/* pairs with packet_direct_posted() */
		if (!(seq & 1) && seq == READ_ONCE(pdq->seq))
			return;
		if (fatal_signal_pending(current))
			return;
		cond_resched();
	}
}
