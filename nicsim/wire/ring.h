/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring of frames in shared memory, with one producer and one consumer.  They
 * do not trust each other: each keeps its own index in private memory, and
 * checks the index that it reads from the other side.
 *
 * The data is mapped twice in a row, so a record never wraps.  A record is a
 * u32 length and the frame, padded to 8 bytes.
 */
#ifndef NICSIM_WIRE_RING_H
#define NICSIM_WIRE_RING_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_SIZE	0x100000u
#define RING_CTL_SIZE	4096u

/* What one side writes, on a cache line of its own.  A side sets `waits` before
 * it goes to sleep; the other side clears it and sends the wake-up.
 *
 *	(A) producer: index.store(release)	consumer: load(acquire)
 *	(B) consumer: index.store(release)	producer: load(acquire)
 *	(C) each side stores its index or its `waits`, then a full fence, then
 *	    loads what the other side stored.  At least one of the two sees the
 *	    other's store, so no wake-up is lost.
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
	uint64_t index;		/* of our own end */
	bool broken;		/* the other side's index is impossible */
};

bool ring_map(struct ring *ring, int fd, size_t ctl_offset, size_t data_offset);
void ring_unmap(struct ring *ring);

/* Producer.
 *
 * ring_room() tells whether a frame of any size fits.  ring_put() adds a frame
 * and returns true when the consumer has to be woken.  ring_sleep_for_room()
 * asks for a wake-up when there is room; it returns false when there is room
 * already.
 */
bool ring_room(struct ring *ring);
bool ring_put(struct ring *ring, const uint8_t *frame, size_t len);
bool ring_sleep_for_room(struct ring *ring);

/* Consumer.
 *
 * ring_peek() returns the next frame, or NULL; ring_next() goes past it.
 * ring_release() gives back the space of all frames gone past, and returns true
 * when the producer has to be woken.  ring_sleep_for_frame() asks for a wake-up
 * when there is a frame; it returns false when there is one already.
 */
const uint8_t *ring_peek(struct ring *ring, size_t *len);
void ring_next(struct ring *ring, size_t len);
bool ring_release(struct ring *ring);
bool ring_sleep_for_frame(struct ring *ring);

#endif
