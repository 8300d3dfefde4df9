// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include <sys/mman.h>

#include "nicsim.h"
#include "wire/ring.h"

#define RECORD_SIZE(len)	((sizeof(uint32_t) + (len) + 7) & ~(size_t)7)
#define RECORD_MAX		RECORD_SIZE(NIC_FRAME_MAX)

bool ring_map(struct ring *ring, int fd, size_t ctl_offset, size_t data_offset)
{
	int prot = PROT_READ | PROT_WRITE;
	uint8_t *base;
	void *ctl;

	memset(ring, 0, sizeof(*ring));
	ctl = mmap(NULL, RING_CTL_SIZE, prot, MAP_SHARED, fd, (off_t)ctl_offset);
	if (ctl == MAP_FAILED)
		return false;
	ring->ctl = ctl;
	base = mmap(NULL, 2 * RING_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED) {
		munmap(ctl, RING_CTL_SIZE);
		return false;
	}
	ring->data = base;
	if (mmap(base, RING_SIZE, prot, MAP_SHARED | MAP_FIXED, fd,
		 (off_t)data_offset) == MAP_FAILED ||
	    mmap(base + RING_SIZE, RING_SIZE, prot, MAP_SHARED | MAP_FIXED, fd,
		 (off_t)data_offset) == MAP_FAILED) {
		ring_unmap(ring);
		return false;
	}
	return true;
}

void ring_unmap(struct ring *ring)
{
	munmap(ring->ctl, RING_CTL_SIZE);
	munmap(ring->data, 2 * RING_SIZE);
	memset(ring, 0, sizeof(*ring));
}

static uint64_t ring_used(struct ring *ring)
{
	uint64_t used = ring->index -
			atomic_load_explicit(&ring->ctl->consumer.index,
					     memory_order_acquire); /* (B) */

	if (used > RING_SIZE)
		ring->broken = true;
	return ring->broken ? 0 : used;
}

bool ring_room(struct ring *ring)
{
	return RING_SIZE - ring_used(ring) >= RECORD_MAX;
}

bool ring_put(struct ring *ring, const uint8_t *frame, size_t len)
{
	uint8_t *rec = ring->data + ring->index % RING_SIZE;
	uint32_t len32 = (uint32_t)len;

	memcpy(rec, &len32, sizeof(len32));
	memcpy(rec + sizeof(len32), frame, len);
	ring->index += RECORD_SIZE(len);
	atomic_store_explicit(&ring->ctl->producer.index, ring->index,
			      memory_order_release); /* (A) */
	atomic_thread_fence(memory_order_seq_cst); /* (C) */
	return atomic_load_explicit(&ring->ctl->consumer.waits, memory_order_relaxed) &&
	       atomic_exchange(&ring->ctl->consumer.waits, 0);
}

bool ring_sleep_for_room(struct ring *ring)
{
	atomic_store(&ring->ctl->producer.waits, 1);
	atomic_thread_fence(memory_order_seq_cst); /* (C) */
	if (!ring_room(ring))
		return true;
	atomic_store(&ring->ctl->producer.waits, 0);
	return false;
}

static uint64_t ring_avail(struct ring *ring)
{
	uint64_t avail = atomic_load_explicit(&ring->ctl->producer.index,
					      memory_order_acquire) - ring->index; /* (A) */

	if (avail > RING_SIZE || avail % 8)
		ring->broken = true;
	return ring->broken ? 0 : avail;
}

const uint8_t *ring_peek(struct ring *ring, size_t *len)
{
	const uint8_t *rec = ring->data + ring->index % RING_SIZE;
	uint64_t avail = ring_avail(ring);
	uint32_t len32;

	if (!avail)
		return NULL;
	memcpy(&len32, rec, sizeof(len32));
	if (!len32 || len32 > NIC_FRAME_MAX || RECORD_SIZE(len32) > avail) {
		ring->broken = true;
		return NULL;
	}
	*len = len32;
	return rec + sizeof(len32);
}

void ring_next(struct ring *ring, size_t len)
{
	ring->index += RECORD_SIZE(len);
}

/* The producer is woken once half the ring is free, so that it sends many
 * frames for one wake-up.  A consumer that goes on always gets that far.
 */
bool ring_release(struct ring *ring)
{
	atomic_store_explicit(&ring->ctl->consumer.index, ring->index,
			      memory_order_release); /* (B) */
	atomic_thread_fence(memory_order_seq_cst); /* (C) */
	if (!atomic_load_explicit(&ring->ctl->producer.waits, memory_order_relaxed) ||
	    ring_avail(ring) > RING_SIZE / 2)
		return false;
	return atomic_exchange(&ring->ctl->producer.waits, 0);
}

bool ring_sleep_for_frame(struct ring *ring)
{
	atomic_store(&ring->ctl->consumer.waits, 1);
	atomic_thread_fence(memory_order_seq_cst); /* (C) */
	if (!ring_avail(ring))
		return true;
	atomic_store(&ring->ctl->consumer.waits, 0);
	return false;
}
