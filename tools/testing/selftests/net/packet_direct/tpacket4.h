/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The user side of a TPACKET_V4 ring, in fixed verbs.
 *
 *	tpacket4_map(), tpacket4_unmap()	the ring of a socket
 *	tpacket4_peek()				how many entries are unread
 *	tpacket4_entry(), tpacket4_data()	read one
 *	tpacket4_straight(), tpacket4_after()	read many, for a little less each
 *	tpacket4_advance()			these are read: poll() may sleep
 *	tpacket4_swap()				keep a slot, give another back
 *	tpacket4_release()			give entries back, in order
 *	tpacket4_kick()				wake the kernel if it asks for it
 *
 * Nothing else touches prod, cons and seen.  The letters of the barriers are
 * those of <linux/if_packet_v4.h>.  The cached indices make one acquire and
 * one release per batch enough.
 */
#ifndef TPACKET4_H
#define TPACKET4_H

#include <errno.h>
#include <linux/if_packet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#ifndef SOL_PACKET
#define SOL_PACKET	263
#endif

/**
 * struct tpacket4_ring - a mapped ring
 * @ctrl:	the control page
 * @hdr:	entry 0
 * @slot:	slot 0
 * @payload:	payload slot 0, or NULL
 * @layout:	as the kernel told it
 * @prod:	prod as last loaded
 * @next:	the first entry that is unread; equal to the shared seen
 * @cons:	the first entry that is not given back; equal to the shared cons
 */
struct tpacket4_ring {
	struct tpacket4_ctrl	*ctrl;
	uint8_t			*hdr;
	uint8_t			*slot;
	uint8_t			*payload;
	struct tpacket4_layout	layout;
	__u32			prod;
	__u32			next;
	__u32			cons;
};

/* Returns 0 or a negative errno. */
static inline int tpacket4_get_layout(int fd, struct tpacket4_layout *layout)
{
	socklen_t len = sizeof(*layout);

	memset(layout, 0, sizeof(*layout));
	if (getsockopt(fd, SOL_PACKET, PACKET_RX_RING, layout, &len))
		return -errno;

	return 0;
}

#define TPACKET4_HUGE	(2UL << 20)

/* Addresses for @len bytes, of which those from @off on begin at a multiple of a huge
 * page.
 */
static inline uint8_t *tpacket4_reserve(size_t len, size_t off)
{
	size_t before, room = len + TPACKET4_HUGE;
	uint8_t *at;

	at = (uint8_t *)mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return at;
	before = -((uintptr_t)at + off) & (TPACKET4_HUGE - 1);
	if (before)
		munmap(at, before);
	munmap(at + before + len, TPACKET4_HUGE - before);

	return at + before;
}

/* The kernel may map slots by huge pages if there are so many, and if they lie so.  Then
 * the mapping is filled at first touch, unless it is told to be filled now.  Returns
 * MAP_FAILED and errno if there cannot be a mapping.
 */
static inline uint8_t *tpacket4_mmap(int fd, const struct tpacket4_layout *l)
{
	int prot = PROT_READ | PROT_WRITE;
	uint8_t *at, *map;

	if (!l->tl_slot_off || l->tl_map_len - l->tl_slot_off < TPACKET4_HUGE)
		return (uint8_t *)mmap(NULL, l->tl_map_len, prot, MAP_SHARED, fd, 0);
	at = tpacket4_reserve(l->tl_map_len, l->tl_slot_off);
	if (at == MAP_FAILED)
		return at;
	map = (uint8_t *)mmap(at, l->tl_map_len, prot, MAP_SHARED | MAP_FIXED, fd, 0);
	if (map == MAP_FAILED) {
		int err = errno;

		munmap(at, l->tl_map_len);
		errno = err;
		return map;
	}
	madvise(map, l->tl_map_len, MADV_HUGEPAGE);
#ifdef MADV_POPULATE_WRITE
	madvise(map, l->tl_map_len, MADV_POPULATE_WRITE);
#endif

	return map;
}

/* A ring whose slots are at @memory, unless the kernel has them.  Returns 0 or a
 * negative errno.
 */
static inline int tpacket4_map_own(struct tpacket4_ring *ring, int fd, void *memory)
{
	struct tpacket4_layout *l = &ring->layout;
	uint8_t *map, *base;
	int err;

	memset(ring, 0, sizeof(*ring));
	err = tpacket4_get_layout(fd, l);
	if (err)
		return err;

	map = tpacket4_mmap(fd, l);
	if (map == MAP_FAILED)
		return -errno;

	ring->ctrl = (struct tpacket4_ctrl *)(map + l->tl_ctrl_off);
	ring->hdr = map + l->tl_hdr_off;
	base = l->tl_slot_off ? map : (uint8_t *)memory;
	ring->slot = base + l->tl_slot_off;
	if (l->tl_payload_nr)
		ring->payload = base + l->tl_payload_off;

	ring->next = __atomic_load_n(&ring->ctrl->seen, __ATOMIC_RELAXED);
	ring->cons = __atomic_load_n(&ring->ctrl->cons, __ATOMIC_RELAXED);
	ring->prod = ring->next;

	return 0;
}

/* A ring whose slots the kernel has. */
static inline int tpacket4_map(struct tpacket4_ring *ring, int fd)
{
	return tpacket4_map_own(ring, fd, NULL);
}

static inline void tpacket4_unmap(struct tpacket4_ring *ring)
{
	const struct tpacket4_layout *l = &ring->layout;

	if (ring->ctrl)
		munmap((uint8_t *)ring->ctrl - l->tl_ctrl_off, l->tl_map_len);
	memset(ring, 0, sizeof(*ring));
}

/* Entry number @index, which the caller owns. */
static inline struct tpacket4_hdr *
tpacket4_at(const struct tpacket4_ring *ring, __u32 index)
{
	size_t pos = index & (ring->layout.tl_entry_nr - 1);

	return (struct tpacket4_hdr *)(ring->hdr +
				       pos * ring->layout.tl_hdr_stride);
}

static inline uint8_t *tpacket4_slot(const struct tpacket4_ring *ring, __u32 slot)
{
	return ring->slot + ((size_t)slot << ring->layout.tl_slot_shift);
}

/* How many entries are unread. */
static inline __u32 tpacket4_peek(struct tpacket4_ring *ring)
{
	if (ring->prod == ring->next)	/* (B) pairs with (A) */
		ring->prod = __atomic_load_n(&ring->ctrl->prod,
					     __ATOMIC_ACQUIRE);

	return ring->prod - ring->next;
}

/* As tpacket4_peek(), and looks for more although some are left. */
static inline __u32 tpacket4_peek_all(struct tpacket4_ring *ring)
{
	/* (B) pairs with (A) */
	ring->prod = __atomic_load_n(&ring->ctrl->prod, __ATOMIC_ACQUIRE);

	return ring->prod - ring->next;
}

/* The @n-th unread entry, @n below what tpacket4_peek() returned. */
static inline struct tpacket4_hdr *
tpacket4_entry(const struct tpacket4_ring *ring, __u32 n)
{
	return tpacket4_at(ring, ring->next + n);
}

/* How many of the next @n unread entries lie one after another. */
static inline __u32 tpacket4_straight(const struct tpacket4_ring *ring, __u32 n)
{
	__u32 entries = ring->layout.tl_entry_nr;
	__u32 left = entries - (ring->next & (entries - 1));

	return n < left ? n : left;
}

/* The entry that lies after this one. */
static inline struct tpacket4_hdr *
tpacket4_after(const struct tpacket4_ring *ring, const struct tpacket4_hdr *hdr)
{
	return (struct tpacket4_hdr *)((uint8_t *)hdr +
				       ring->layout.tl_hdr_stride);
}

static inline uint8_t *tpacket4_data(const struct tpacket4_ring *ring,
				     const struct tpacket4_hdr *hdr)
{
	return tpacket4_slot(ring, hdr->tp_slot) + hdr->tp_data;
}

static inline __u32 tpacket4_data_len(const struct tpacket4_hdr *hdr)
{
	return hdr->tp_data_end - hdr->tp_data;
}

/* The next @n entries are read: the kernel may put poll() to sleep. */
static inline void tpacket4_advance(struct tpacket4_ring *ring, __u32 n)
{
	ring->next += n;
	__atomic_store_n(&ring->ctrl->seen, ring->next, __ATOMIC_RELAXED);
}

/* Keep the slot of an entry and give @slot back with it.  Returns the slot
 * that is now the caller's.
 */
static inline __u32 tpacket4_swap(struct tpacket4_hdr *hdr, __u32 slot)
{
	__u32 kept = hdr->tp_slot;

	hdr->tp_slot = slot;

	return kept;
}

/* Give the oldest @n entries back, which must be read. */
static inline void tpacket4_release(struct tpacket4_ring *ring, __u32 n)
{
	ring->cons += n;
	/* (C) pairs with (D) */
	__atomic_store_n(&ring->ctrl->cons, ring->cons, __ATOMIC_RELEASE);
}

/* Whether the kernel sleeps until it is told of the entries given back. */
static inline bool tpacket4_kick_wanted(const struct tpacket4_ring *ring)
{
	/* (F) pairs with (E) */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);

	return __atomic_load_n(&ring->ctrl->flags, __ATOMIC_RELAXED) &
	       TPACKET4_CTRL_NEED_KICK;
}

/* Make the kernel look at cons, whether it asked or not. */
static inline int tpacket4_kick_always(int fd)
{
	if (recv(fd, NULL, 0, MSG_DONTWAIT) < 0 && errno != EAGAIN)
		return -errno;

	return 0;
}

static inline int tpacket4_kick(const struct tpacket4_ring *ring, int fd)
{
	return tpacket4_kick_wanted(ring) ? tpacket4_kick_always(fd) : 0;
}

#endif /* TPACKET4_H */
