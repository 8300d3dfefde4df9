// SPDX-License-Identifier: GPL-2.0
/*
 * The slots of a TPACKET_V4 ring: who has which, and how they come back.
 */
#include <linux/bitmap.h>
#include <linux/log2.h>
#include <linux/nospec.h>
#include <net/sock.h>

#include "internal.h"

/**
 * packet_direct_alloc_pool() - make the slots of one kind
 * @pool: its nr is set
 * @entries: entries of the ring
 * @places: of the FIFO, a power of two
 * @kernel: so many slots are the kernel's, the further ones the user's spares
 *
 * Context: may sleep.
 * Return: true if there was memory.
 */
bool packet_direct_alloc_pool(struct packet_direct_pool *pool, u32 entries,
			      u32 places, u32 kernel)
{
	size_t bits = BITS_TO_LONGS(pool->nr);
	u32 i;

	pool->mask = places - 1;
	pool->spare = pool->nr - kernel;
	pool->fifo = kvcalloc(places, sizeof(*pool->fifo), PACKET_DIRECT_GFP);
	pool->home = kvcalloc(entries, sizeof(*pool->home), PACKET_DIRECT_GFP);
	pool->posted = kvzalloc(bits * sizeof(*pool->posted) +
				pool->nr * sizeof(*pool->where),
				PACKET_DIRECT_GFP);
	if (!pool->fifo || !pool->home || !pool->posted)
		return false;
	pool->where = (u32 *)(pool->posted + bits);

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

/**
 * packet_direct_free_addresses() - nobody needs to know any more where slots are
 * @pool: slots of one kind
 */
void packet_direct_free_addresses(struct packet_direct_pool *pool)
{
	kvfree(pool->dma);
	kvfree(pool->cpu);
	pool->dma = NULL;
	pool->cpu = NULL;
}

/**
 * packet_direct_free_pool() - end of packet_direct_alloc_pool(), done or not
 * @pool: slots of one kind
 */
void packet_direct_free_pool(struct packet_direct_pool *pool)
{
	packet_direct_free_addresses(pool);
	kvfree(pool->posted);
	kvfree(pool->home);
	kvfree(pool->fifo);
}

/* The slots of one kind that an unfinished frame has. */
u32 packet_direct_in_chain(const struct packet_direct_queue *pdq,
			   const struct packet_direct_pool *pool)
{
	u32 i, slot, count = 0;

	for (i = 0; i < pdq->chain; i++) {
		slot = pool == &pdq->slots ? pdq->parts[i].slot :
					     pdq->parts[i].payload;
		count += slot != TPACKET4_SLOT_NONE;
	}
	return count;
}

/* Leaves in &pool->posted the slots that are neither free nor the user's. */
static void packet_direct_find_posted(const struct packet_direct_queue *pdq,
				      struct packet_direct_pool *pool)
{
	u32 i, slot;

	bitmap_fill(pool->posted, pool->nr);
	for (i = pool->post; i != pool->tail; i++)
		__clear_bit(pool->fifo[i & pool->mask], pool->posted);
	for (i = pdq->cons; i != pdq->fill; i++) {
		slot = pool->home[i & pdq->mask];
		if (slot != PACKET_DIRECT_KERNEL)
			__clear_bit(slot, pool->posted);
	}
	for (slot = 0; pool->spare && slot < pool->nr; slot++)
		if (pool->where[slot] == PACKET_DIRECT_SPARE)
			__clear_bit(slot, pool->posted);
}

/**
 * packet_direct_unpost() - take back what the NIC has
 * @pdq: ring
 * @pool: slots of one kind
 *
 * What the FIFO has between head and post is right for a NIC that completes in
 * order only.  So the slots are found by where all others are.
 *
 * Context: the ring's one producer, may sleep; no frame is unfinished.
 */
void packet_direct_unpost(const struct packet_direct_queue *pdq,
			  struct packet_direct_pool *pool)
{
	u32 at = pool->head;
	u32 slot;

	if (at == pool->post)
		return;
	packet_direct_find_posted(pdq, pool);
	for_each_set_bit(slot, pool->posted, pool->nr) {
		if (WARN_ON_ONCE(at == pool->post))
			break;
		pool->fifo[at++ & pool->mask] = slot;
	}
	WARN_ON_ONCE(at != pool->post);
	bitmap_zero(pool->posted, pool->nr);
	pool->post = pool->head;
}

/**
 * packet_direct_audit() - with CONFIG_PACKET_RX_DIRECT_DEBUG: is each slot in one place
 * @pdq: ring without a lease
 * @pool: slots of one kind
 */
void packet_direct_audit(const struct packet_direct_queue *pdq,
			 struct packet_direct_pool *pool)
{
	struct packet_direct_counts counts;

	if (!IS_ENABLED(CONFIG_PACKET_RX_DIRECT_DEBUG) || !pool->nr)
		return;
	packet_direct_find_posted(pdq, pool);
	WARN_ON_ONCE(!bitmap_empty(pool->posted, pool->nr));
	packet_direct_count(pdq, pool, &counts);
	WARN_ON_ONCE(counts.posted || counts.free + counts.held + counts.spare !=
		     pool->nr);
}

/**
 * packet_direct_put_part() - the slots of a part of a frame are free again
 * @pdq: ring
 * @part: part
 *
 * Context: the ring's one producer.
 */
void packet_direct_put_part(struct packet_direct_queue *pdq,
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

/* The same for payload slots, of which none need come back.  The entry is number
 * @at + @i: the caller's loop saves an instruction by not adding them.
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
static void packet_direct_reclaim_slots(struct packet_direct_queue *pdq, u32 at,
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

/* The same with payload slots, whose FIFO does not wrap either.  The loop writes
 * TPACKET4_SLOT_NONE to the FIFO as well, and the next slot overwrites it.  The FIFO
 * has a free place for that.
 */
static noinline void packet_direct_reclaim_split(struct packet_direct_queue *pdq,
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
 * packet_direct_sync_to_nic() - what the NIC may write to again
 * @pdq: lease of a device that is not coherent
 * @pool: slots of one kind
 * @from: free-running index of the first one, up to &packet_direct_pool.tail
 *
 * Context: the ring's one producer.
 */
noinline void packet_direct_sync_to_nic(const struct packet_direct_queue *pdq,
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
			packet_direct_reclaim_split(pdq, at, count);
		} else {
			packet_direct_reclaim_slots(pdq, at, count);
		}
	}
	if (unlikely(pdq->need_sync)) {
		packet_direct_sync_to_nic(pdq, &pdq->slots, tail);
		if (!pdq->payload_external)
			packet_direct_sync_to_nic(pdq, &pdq->payload, payload_tail);
	}
	WRITE_ONCE(pdq->cons, cons);
out:
	count = packet_direct_free_slots(&pdq->slots);
	if (packet_direct_is_split(pdq))
		count = min(count, packet_direct_free_slots(&pdq->payload));
	return count;
}
EXPORT_SYMBOL_GPL(packet_direct_reclaim);
