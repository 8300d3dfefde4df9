/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guard of receive buffers: which pages a driver has given to which queue,
 * kept over the queue's end.  Writing to one after its queue has stopped is
 * recorded, unless it was given anew.
 *
 * What nobody has given since the guard is on is not known, and not looked at.
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

/* The driver was told that the queue has stopped: it will not write to what it was
 * given.
 */
void guard_stopped(struct guard *guard, unsigned int queue);

/* nicsim_dma_write() to a receive buffer of a queue. */
bool guard_write(struct guard *guard, struct nicsim *sim, unsigned int queue, uint64_t addr,
		 const void *buf, size_t len, const char *what);

#endif
