// SPDX-License-Identifier: GPL-2.0
/*
 * Slots in the application's own memory.
 *
 * The pages are pinned for as long as there is the ring, and nobody looks at the
 * application's addresses again: it may unmap them, move them, or exit.
 */
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <net/sock.h>

#include "internal.h"

/* After so many a process that is killed stops. */
#define PACKET_DIRECT_PIN_PAGES		1024UL

/**
 * packet_direct_own_payload() - where payload slots begin in the application's memory
 * @pd: ring
 *
 * Return: bytes behind slot 0
 */
u64 packet_direct_own_payload(const struct packet_direct *pd)
{
	return round_up((u64)pd->pdq.slots.nr << pd->slots.slot_shift,
			max_t(u64, PAGE_SIZE, BIT_ULL(pd->payload.slot_shift)));
}

/* Counts pages as AF_XDP does. */
static bool packet_direct_account(struct packet_direct_memory *memory,
				  unsigned long pages)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	struct user_struct *user = current_user();
	long locked = atomic_long_read(&user->locked_vm);

	if (capable(CAP_IPC_LOCK))
		return true;
	do {
		if (locked + pages > limit)
			return false;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &locked,
					  locked + pages));
	memory->user = get_uid(user);
	return true;
}

static void packet_direct_unaccount(struct packet_direct_memory *memory)
{
	if (!memory->user)
		return;
	atomic_long_sub(memory->len >> PAGE_SHIFT, &memory->user->locked_vm);
	free_uid(memory->user);
	memory->user = NULL;
}

static int packet_direct_pin_pages(u64 addr, struct page **pages, unsigned long nr)
{
	unsigned long done = 0;
	int got = 0;

	while (done < nr) {
		got = -EINTR;
		if (!fatal_signal_pending(current))
			got = pin_user_pages_fast(addr + (done << PAGE_SHIFT),
						  min(nr - done,
						      PACKET_DIRECT_PIN_PAGES),
						  FOLL_WRITE | FOLL_LONGTERM,
						  pages + done);
		if (got <= 0)
			break;
		done += got;
		cond_resched();
	}
	if (done == nr)
		return 0;
	unpin_user_pages(pages, done);
	return got ?: -EFAULT;
}

/* log2 of the bytes of blocks that are each in one piece. */
static u32 packet_direct_find_shift(struct page **pages, unsigned long nr)
{
	u32 shift = PACKET_DIRECT_BLOCK_SHIFT;
	unsigned long i;

	for (i = 1; i < nr; i++) {
		if (page_to_pfn(pages[i]) != page_to_pfn(pages[i - 1]) + 1)
			shift = min_t(u32, shift, PAGE_SHIFT + __ffs(i));
		cond_resched();
	}
	return shift;
}

static enum packet_direct_reason
packet_direct_own_blocks(struct packet_direct_memory *memory, struct page **pages)
{
	u32 shift = packet_direct_find_shift(pages, memory->len >> PAGE_SHIFT);
	u32 nr = DIV_ROUND_UP_ULL(memory->len, 1U << shift);
	u32 i;

	if (shift < memory->slot_shift)
		return PACKET_DIRECT_MEMORY_SCATTERED;
	memory->blocks = kvcalloc(nr, sizeof(*memory->blocks), PACKET_DIRECT_GFP);
	if (!memory->blocks)
		return PACKET_DIRECT_NO_MEMORY;
	for (i = 0; i < nr; i++)
		memory->blocks[i] = page_address(pages[i << (shift - PAGE_SHIFT)]);
	memory->block_shift = shift;
	memory->block_nr = nr;
	return PACKET_DIRECT_OK;
}

static enum packet_direct_reason
packet_direct_pin_blocks(struct packet_direct_memory *memory, struct page **pages,
			 u64 addr)
{
	unsigned long nr = memory->len >> PAGE_SHIFT;
	enum packet_direct_reason reason;
	int err;

	err = packet_direct_pin_pages(addr, pages, nr);
	if (err == -ENOMEM)
		return PACKET_DIRECT_NO_MEMORY;
	if (err == -EINTR)
		return PACKET_DIRECT_INTERRUPTED;
	if (err)
		return PACKET_DIRECT_MEMORY_FAULT;

	reason = packet_direct_own_blocks(memory, pages);
	if (reason)
		unpin_user_pages(pages, nr);
	return reason;
}

/**
 * packet_direct_pin() - slots in the application's memory
 * @memory: slots of one kind, whose slot_shift is set
 * @nr: how many
 * @addr: of the first one, a multiple of the page size and of a slot
 *
 * Context: lock_sock; may sleep for as long as a page takes to come.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason packet_direct_pin(struct packet_direct_memory *memory,
					    u32 nr, u64 addr)
{
	u64 len = PAGE_ALIGN((u64)nr << memory->slot_shift);
	enum packet_direct_reason reason;
	struct page **pages;

	if (len >> PAGE_SHIFT > totalram_pages())
		return PACKET_DIRECT_NO_MEMORY;
	if (!packet_direct_account(memory, len >> PAGE_SHIFT))
		return PACKET_DIRECT_MEMORY_LIMIT;
	memory->len = len;
	memory->pinned = true;
	pages = kvmalloc_array(len >> PAGE_SHIFT, sizeof(*pages), PACKET_DIRECT_GFP);
	if (!pages)
		return PACKET_DIRECT_NO_MEMORY;
	reason = packet_direct_pin_blocks(memory, pages, addr);
	kvfree(pages);
	return reason;
}

/**
 * packet_direct_unpin() - end of packet_direct_pin(), done or not
 * @memory: slots of one kind; without blocks if their pages stay pinned for ever
 *
 * Context: may sleep.
 */
void packet_direct_unpin(struct packet_direct_memory *memory)
{
	u32 i;

	for (i = 0; i < memory->block_nr; i++) {
		unpin_user_page_range_dirty_lock(virt_to_page(memory->blocks[i]),
						 packet_direct_block_len(memory, i) >>
						 PAGE_SHIFT, true);
		cond_resched();
	}
	memory->block_nr = 0;
	packet_direct_unaccount(memory);
}
