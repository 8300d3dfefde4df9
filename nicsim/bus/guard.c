// SPDX-License-Identifier: GPL-2.0
/*
 * A hash table of pages with open addressing, from which no page is ever removed.
 */
#include <stdlib.h>

#include "bus/guard.h"

#define PAGE_BITS	12
#define FIRST_SIZE	4096

#define LIVE_BITS	64

/**
 * struct guard_page - a page that was given once
 * @key:	its number plus one; 0: none
 * @queue:	the queue that it was given to last
 * @live:	a bit for each queue that still has it.  There can be several, with
 *		a shared dma-buf, or with two buffers on one page.
 */
struct guard_page {
	uint64_t key;
	unsigned int queue;
	uint64_t live[GUARD_MAX_QUEUES / LIVE_BITS];
};

void guard_free(struct guard *guard)
{
	free(guard->page);
	guard->page = NULL;
	guard->size = 0;
	guard->used = 0;
}

/* The entry of a page, or the empty one where it would go: there always is one. */
static struct guard_page *find(const struct guard *guard, uint64_t key)
{
	size_t i = (key * 0x9e3779b97f4a7c15ull) >> 32;

	for (;; i++) {
		struct guard_page *page = &guard->page[i & (guard->size - 1)];

		if (!page->key || page->key == key)
			return page;
	}
}

static bool make_room(struct guard *guard)
{
	size_t size = guard->size ? guard->size * 2 : FIRST_SIZE, i;
	struct guard bigger = { .size = size };

	if (guard->used < guard->size / 2)
		return true;
	bigger.page = calloc(size, sizeof(*bigger.page));
	if (!bigger.page)
		return false;
	for (i = 0; i < guard->size; i++)
		if (guard->page[i].key)
			*find(&bigger, guard->page[i].key) = guard->page[i];
	free(guard->page);
	guard->page = bigger.page;
	guard->size = size;
	return true;
}

void guard_given(struct guard *guard, struct nicsim *sim, unsigned int queue, uint64_t addr,
		 size_t len)
{
	uint64_t key = (addr >> PAGE_BITS) + 1, last = ((addr + len - 1) >> PAGE_BITS) + 1;
	struct guard_page *page;

	if (!guard->on || !len)
		return;
	for (; key <= last; key++) {
		if (!make_room(guard)) {
			nicsim_strict(sim, "no memory to guard receive buffers");
			return;
		}
		page = find(guard, key);
		guard->used += !page->key;
		page->key = key;
		page->queue = queue;
		page->live[queue / LIVE_BITS] |= 1ull << queue % LIVE_BITS;
	}
}

void guard_stopped(struct guard *guard, unsigned int queue)
{
	size_t i;

	for (i = 0; i < guard->size; i++)
		guard->page[i].live[queue / LIVE_BITS] &= ~(1ull << queue % LIVE_BITS);
}

static bool is_live(const struct guard_page *page)
{
	uint64_t live = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(page->live); i++)
		live |= page->live[i];
	return live;
}

/* The first page of the range that nobody may write to, or NULL. */
static const struct guard_page *dead_page(const struct guard *guard, uint64_t addr, size_t len)
{
	uint64_t key = (addr >> PAGE_BITS) + 1, last = ((addr + len - 1) >> PAGE_BITS) + 1;
	const struct guard_page *page;

	for (; guard->used && key <= last; key++) {
		page = find(guard, key);
		if (page->key && !is_live(page))
			return page;
	}
	return NULL;
}

bool guard_write(struct guard *guard, struct nicsim *sim, unsigned int queue, uint64_t addr,
		 const void *buf, size_t len, const char *what)
{
	const struct guard_page *page = guard->on && len ? dead_page(guard, addr, len) : NULL;

	if (page)
		nicsim_strict(sim, "RX queue %u: write to %s %#jx of queue %u, which has stopped",
			      queue, what, (uintmax_t)addr, page->queue);
	return nicsim_dma_write(sim, addr, buf, len, what);
}
