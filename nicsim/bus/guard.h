/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guard of receive buffers.  It remembers which pages the driver gave to which
 * queue, also after the queue has stopped.  A write to a page whose queue has
 * stopped is recorded as a violation, unless the page was given to a queue again.
 *
 * Pages that were given before the guard was turned on are not checked.
 */
#ifndef NICSIM_BUS_GUARD_H
#define NICSIM_BUS_GUARD_H

#include "nicsim.h"

#define GUARD_MAX_QUEUES	128

struct guard_page;

/**
 * struct guard - all zeroes at first
 * @on:		knob; without it nothing is remembered
 * @size:	of @page, a power of two
 * @used:	pages that are known
 * @page:	hash table
 */
struct guard {
	uint64_t on;
	size_t size, used;
	struct guard_page *page;
};

void guard_free(struct guard *guard);

/* The driver has given a buffer to a queue. */
void guard_given(struct guard *guard, struct nicsim *sim, unsigned int queue, uint64_t addr,
		 size_t len);

/* The driver has been told that the queue has stopped.  From now on the queue may
 * not write to its buffers.
 */
void guard_stopped(struct guard *guard, unsigned int queue);

/* nicsim_dma_write() to a receive buffer of a queue. */
bool guard_write(struct guard *guard, struct nicsim *sim, unsigned int queue, uint64_t addr,
		 const void *buf, size_t len, const char *what);

#endif
