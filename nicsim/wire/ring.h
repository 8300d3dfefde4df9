/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring of frames in shared memory, one producer and one consumer, which do
 * not trust each other: each keeps its own index to itself and only checks
 * what it reads of the other's.
 *
 * The data is mapped twice in a row, so that a record never wraps.  A record
 * is a u32 length and the frame, padded to 8 bytes.
 */
#ifndef NICSIM_RING_H
#define NICSIM_RING_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_SIZE	0x100000u
#define RING_CTL_SIZE	4096u

/* What one side writes, on a cache line of its own; `waits` is set by the side
 * that goes to sleep and cleared by the other one when it wakes it.
 *
 *	(A) producer: index.store(release)	consumer: load(acquire)
 *	(B) consumer: index.store(release)	producer: load(acquire)
 *	(C) each side stores its index or its `waits`, then, past a full
 *	    fence, loads the other's: one of the two sees the other's store.
 */
struct ring_end {
	atomic_ullong index;
	atomic_uint waits;
	char pad[52];
};

static_assert(sizeof(struct ring_end) == 64, "a cache line");

struct ring_ctl {
	struct ring_end producer, consumer;
};

struct ring {
	struct ring_ctl *ctl;
	uint8_t *data;
	uint64_t index;		/* our own end's */
	bool broken;		/* the other side's index cannot be */
};

bool ring_map(struct ring *ring, int fd, size_t ctl_offset, size_t data_offset);
void ring_unmap(struct ring *ring);

/* Producer.  ring_room(): a frame of any size fits.  ring_put() and
 * ring_wait_room() return true when the consumer has to be woken, and when there
 * is room again.
 */
bool ring_room(struct ring *ring);
bool ring_put(struct ring *ring, const uint8_t *frame, size_t len);
bool ring_wait_room(struct ring *ring);

/* Consumer.  ring_peek() returns the next frame or NULL; ring_next() passes it;
 * ring_release() gives all that were passed back and returns true when the
 * producer has to be woken; ring_wait_frame() returns true when there is one.
 */
const uint8_t *ring_peek(struct ring *ring, size_t *len);
void ring_next(struct ring *ring, size_t len);
bool ring_release(struct ring *ring);
bool ring_wait_frame(struct ring *ring);

#endif
