// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a TPACKET_V4 ring, and its mapping for a NIC, which writes to it.
 */
#include <linux/dma-map-ops.h>
#include <linux/iommu-dma.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <net/sock.h>

#include "internal.h"

/* The control page has a page of its own, and so have the entries: slots, which a NIC
 * writes to, never share a page with them.
 */
static size_t packet_direct_shared_len(u32 entries)
{
	return PAGE_SIZE + PAGE_ALIGN(entries * sizeof(struct tpacket4_hdr));
}

/**
 * packet_direct_alloc_shared() - memory for the control page and the entries
 * @pd: ring whose &packet_direct_queue.mask is set
 * @node: on which NUMA node if it has that much, or NUMA_NO_NODE
 *
 * Context: may sleep.
 * Return: true if it was there.
 */
bool packet_direct_alloc_shared(struct packet_direct *pd, int node)
{
	pd->shared_len = packet_direct_shared_len(pd->pdq.mask + 1);
	pd->shared = __vmalloc_node(pd->shared_len, 1, PACKET_DIRECT_GFP | __GFP_ZERO,
				    node, __builtin_return_address(0));
	if (!pd->shared)
		return false;
	pd->pdq.ctrl = pd->shared;
	pd->pdq.hdrs = pd->shared + PAGE_SIZE;
	return true;
}

static u32 packet_direct_per_block(const struct packet_direct_memory *memory)
{
	return 1U << (memory->block_shift - memory->slot_shift);
}

/**
 * packet_direct_free_blocks() - give the memory back
 * @memory: slots of one kind
 *
 * Pages that are still mapped live on in the mapping.
 */
void packet_direct_free_blocks(struct packet_direct_memory *memory)
{
	if (memory->pinned)
		packet_direct_unpin(memory);
	while (memory->block_nr)
		free_pages((unsigned long)memory->blocks[--memory->block_nr],
			   memory->block_shift - PAGE_SHIFT);
	kvfree(memory->blocks);
	memory->blocks = NULL;
}

/* Without a node by the memory policy of the process.  Another node's memory is better than
 * none.
 */
static struct page *packet_direct_alloc_block(u32 order, int node)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_COMP |
		    __GFP_NOWARN | __GFP_NORETRY;

	return node == NUMA_NO_NODE ? alloc_pages(gfp, order) :
				      alloc_pages_node(node, gfp, order);
}

static bool packet_direct_try_blocks(struct packet_direct_memory *memory,
				     u64 len, u32 shift, int node)
{
	u32 nr = DIV_ROUND_UP_ULL(len, 1U << shift);

	memory->len = (u64)nr << shift;
	memory->block_shift = shift;
	memory->blocks = kvcalloc(nr, sizeof(*memory->blocks),
				  PACKET_DIRECT_GFP);
	if (!memory->blocks)
		return false;

	while (memory->block_nr < nr) {
		struct page *block;

		if (fatal_signal_pending(current))
			goto err;
		block = packet_direct_alloc_block(shift - PAGE_SHIFT, node);
		if (!block)
			goto err;
		memory->blocks[memory->block_nr++] = page_address(block);
		cond_resched();
	}
	return true;

err:
	packet_direct_free_blocks(memory);
	return false;
}

/**
 * packet_direct_alloc_blocks() - memory for slots
 * @memory: slots of one kind, whose slot_shift is set
 * @nr: how many
 * @node: on which NUMA node if it has that much, or NUMA_NO_NODE
 *
 * Context: may sleep.
 * Return: true if it was there.
 */
bool packet_direct_alloc_blocks(struct packet_direct_memory *memory, u32 nr, int node)
{
	u64 len = (u64)nr << memory->slot_shift;
	u32 lowest = max_t(u32, PAGE_SHIFT, memory->slot_shift);
	u32 shift;

	if (len >> PAGE_SHIFT > totalram_pages())
		return false;

	shift = clamp_t(u32, ilog2(len), lowest, PACKET_DIRECT_BLOCK_SHIFT);
	for (; shift >= lowest; shift--) {
		if (packet_direct_try_blocks(memory, len, shift, node))
			return true;
		if (fatal_signal_pending(current))
			return false;
	}
	return false;
}

/* Does not sync the CPU's view: that would undo what was written to the user's slots. */
static void packet_direct_unmap_blocks(const struct packet_direct_memory *memory,
				       const struct packet_direct_pool *pool,
				       struct device *dma_dev, u32 blocks)
{
	u32 per_block = packet_direct_per_block(memory);

	while (blocks--) {
		dma_unmap_page_attrs(dma_dev, pool->dma[blocks * per_block],
				     packet_direct_block_len(memory, blocks),
				     DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
		cond_resched();
	}
}

/* Does not sync either: packet_direct_sync_free() does, for the slots of the NIC. */
static bool packet_direct_map_block(const struct packet_direct_memory *memory,
				    struct packet_direct_pool *pool,
				    struct device *dma_dev, u32 block)
{
	u32 per_block = packet_direct_per_block(memory);
	u32 slot = block * per_block;
	u32 end = min(slot + per_block, pool->nr);
	dma_addr_t addr;

	addr = dma_map_page_attrs(dma_dev, virt_to_page(memory->blocks[block]),
				  0, packet_direct_block_len(memory, block),
				  DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
	if (dma_mapping_error(dma_dev, addr))
		return false;

	for (; slot < end; slot++) {
		pool->dma[slot] = addr;
		addr += 1U << memory->slot_shift;
	}
	return true;
}

static enum packet_direct_reason
packet_direct_map_blocks(const struct packet_direct_memory *memory,
			 struct packet_direct_pool *pool, struct device *dma_dev)
{
	enum packet_direct_reason reason;
	u32 i;

	for (i = 0; i < memory->block_nr; i++) {
		reason = PACKET_DIRECT_INTERRUPTED;
		if (fatal_signal_pending(current))
			goto err;
		reason = PACKET_DIRECT_DMA_FAILED;
		if (!packet_direct_map_block(memory, pool, dma_dev, i))
			goto err;
		cond_resched();
	}
	return PACKET_DIRECT_OK;

err:
	packet_direct_unmap_blocks(memory, pool, dma_dev, i);
	return reason;
}

/* Bounce buffers are smaller than blocks can be. */
static enum packet_direct_reason
packet_direct_map_memory(const struct packet_direct_memory *memory,
			 struct packet_direct_pool *pool, struct device *dma_dev)
{
	u32 i;

	for (i = 0; i < pool->nr; i++)
		pool->cpu[i] = packet_direct_slot(memory, i);
	if (!dma_dev)
		return PACKET_DIRECT_OK;
	if (packet_direct_block_len(memory, 0) > dma_max_mapping_size(dma_dev))
		return PACKET_DIRECT_DMA_BOUNCE;
	return packet_direct_map_blocks(memory, pool, dma_dev);
}

static bool
packet_direct_alloc_addresses(const struct packet_direct_memory *memory,
			      struct packet_direct_pool *pool, bool dma)
{
	if (dma)
		pool->dma = kvcalloc(pool->nr, sizeof(*pool->dma),
				     PACKET_DIRECT_GFP);
	if (!memory->dmabuf)
		pool->cpu = kvcalloc(pool->nr, sizeof(*pool->cpu),
				     PACKET_DIRECT_GFP);
	if ((pool->dma || !dma) && (pool->cpu || memory->dmabuf))
		return true;
	packet_direct_free_addresses(pool);
	return false;
}

static void packet_direct_unmap_pool(struct packet_direct *pd,
				     const struct packet_direct_memory *memory,
				     struct packet_direct_pool *pool)
{
	if (memory->dmabuf)
		packet_direct_unmap_dmabuf(pd);
	else if (pd->pdq.dma_dev)
		packet_direct_unmap_blocks(memory, pool, pd->pdq.dma_dev,
					   memory->block_nr);
	packet_direct_free_addresses(pool);
}

/* The frames have to be in the slots, not in a bounce buffer beside them.  An IOMMU
 * bounces no whole pages, which dma_need_sync() does not know.
 */
static bool packet_direct_bounces(const struct packet_direct_pool *pool,
				  struct device *dma_dev)
{
	u32 i;

	if (!dma_dev || !dev_is_dma_coherent(dma_dev) || use_dma_iommu(dma_dev))
		return false;
	for (i = 0; i < pool->nr; i++) {
		if (dma_need_sync(dma_dev, pool->dma[i]))
			return true;
		cond_resched();
	}
	return false;
}

static enum packet_direct_reason
packet_direct_map_pool(struct packet_direct *pd, const struct net_device *dev,
		       const struct packet_direct_memory *memory,
		       struct packet_direct_pool *pool)
{
	struct device *dma_dev = pd->pdq.dma_dev;
	enum packet_direct_reason reason;

	if (!packet_direct_alloc_addresses(memory, pool, dma_dev))
		return PACKET_DIRECT_NO_MEMORY;

	if (memory->dmabuf)
		reason = packet_direct_map_dmabuf(pd, dev);
	else
		reason = packet_direct_map_memory(memory, pool, dma_dev);
	if (reason) {
		packet_direct_free_addresses(pool);
		return reason;
	}

	if (!packet_direct_bounces(pool, dma_dev))
		return PACKET_DIRECT_OK;
	packet_direct_unmap_pool(pd, memory, pool);
	return PACKET_DIRECT_DMA_BOUNCE;
}

/**
 * packet_direct_dma_map() - let a device write to the slots
 * @pd: ring, which may be filled by copy meanwhile; its dma_dev is set, or NULL for
 *	a device whose driver writes to them
 * @dev: device
 *
 * Context: lock_sock, may sleep.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason packet_direct_dma_map(struct packet_direct *pd,
						const struct net_device *dev)
{
	struct packet_direct_queue *pdq = &pd->pdq;
	enum packet_direct_reason reason;

	reason = packet_direct_map_pool(pd, dev, &pd->slots, &pdq->slots);
	if (reason)
		return reason;

	if (packet_direct_is_split(pdq))
		reason = packet_direct_map_pool(pd, dev, &pd->payload,
						&pdq->payload);
	if (reason)
		packet_direct_unmap_pool(pd, &pd->slots, &pdq->slots);
	return reason;
}

/**
 * packet_direct_sync_free() - what the NIC may write to from now on
 * @pd: mapped ring, which is not filled by copy any more
 *
 * The user's slots keep what they have: they are the NIC's once they come back.
 *
 * Context: RTNL.
 */
void packet_direct_sync_free(struct packet_direct *pd)
{
	struct packet_direct_queue *pdq = &pd->pdq;

	pdq->need_sync = pdq->dma_dev && !dev_is_dma_coherent(pdq->dma_dev);
	if (!pdq->need_sync)
		return;
	packet_direct_sync_to_nic(pdq, &pdq->slots, pdq->slots.head);
	if (packet_direct_is_split(pdq) && !pdq->payload_external)
		packet_direct_sync_to_nic(pdq, &pdq->payload, pdq->payload.head);
}

/**
 * packet_direct_dma_unmap() - end of packet_direct_dma_map()
 * @pd: ring, which the device does not write to any more
 *
 * Context: may sleep.
 */
void packet_direct_dma_unmap(struct packet_direct *pd)
{
	struct packet_direct_queue *pdq = &pd->pdq;

	if (packet_direct_is_split(pdq))
		packet_direct_unmap_pool(pd, &pd->payload, &pdq->payload);
	packet_direct_unmap_pool(pd, &pd->slots, &pdq->slots);
}
