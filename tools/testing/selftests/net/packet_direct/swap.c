// SPDX-License-Identifier: GPL-2.0
/*
 * The slots of a TPACKET_V4 ring: frames are kept by the swap, and nonsense in tp_slot,
 * cons and elsewhere harms nobody.
 */
#include <stdlib.h>
#include <unistd.h>

#include "lib/model.h"
#include "lib/ring.h"

static struct pd_model model;

TEST_F(ring, swap_with_spare)
{
	const struct tpacket4_ring *ring = &self->pd.ring;
	__u32 kept, i;
	__u8 *data;

	OPEN(8, 12);
	SEND(1, 5);
	READ(1, 5);
	data = tpacket4_data(ring, tpacket4_at(ring, -8));
	kept = tpacket4_swap(tpacket4_at(ring, -8), 8);
	RELEASE(1);

	for (i = 0; i < 40; i++) {
		SEND(1, 100 + i);
		WAIT(1);
		EXPECT_NE(tpacket4_entry(ring, 0)->tp_slot, kept);
		READ(1, 100 + i);
		RELEASE(1);
	}
	FILL(200);
	EXPECT_OK(pd_check_bytes(data, LEN, LEN, 5));
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
	EXPECT_EQ(self->stats.ts_spare, 4);
}

/* Each frame is kept for a while, so that each slot becomes a spare in turn. */
TEST_F(ring, swap_queue)
{
	__u32 kept[12], i, at, spare;
	struct tpacket4_hdr *hdr;
	const __u8 *data;

	OPEN(8, 20);
	for (i = 0; i < 12; i++)
		kept[i] = 8 + i;
	for (i = 0; i < 200; i++) {
		SEND(1, i);
		READ(1, i);
		hdr = tpacket4_at(&self->pd.ring, i - 8);
		at = hdr->tp_data;
		spare = kept[i % 12];
		if (i >= 12) {
			data = tpacket4_slot(&self->pd.ring, spare) + at;
			EXPECT_OK(pd_check_bytes(data, LEN, LEN, i - 12));
		}
		kept[i % 12] = tpacket4_swap(hdr, spare);
		RELEASE(1);
	}
	FILL(1000);
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
	EXPECT_EQ(self->stats.ts_spare, 12);
}

TEST_F(ring, swap_two_held)
{
	struct tpacket4_hdr *a, *b;
	__u32 kept;

	OPEN(8, 0);
	FILL(0);
	a = tpacket4_at(&self->pd.ring, 1 - 8);
	b = tpacket4_at(&self->pd.ring, 6 - 8);
	kept = tpacket4_swap(a, b->tp_slot);
	tpacket4_swap(b, kept);
	RELEASE(8);
	FILL(8);
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
}

/* The other entry must go back with the slot that was displaced. */
TEST_F(ring, swap_half_done)
{
	struct tpacket4_hdr *a, *b;

	OPEN(8, 0);
	FILL(0);
	a = tpacket4_at(&self->pd.ring, 0 - 8);
	b = tpacket4_at(&self->pd.ring, 1 - 8);
	tpacket4_swap(a, b->tp_slot);

	/* b still names its first slot, which was given back with a. */
	RELEASE(2);
	FILL(10);
	EXPECT_EQ(self->stats.ts_bad_slot, 1);
	RELEASE(8);
	FILL(20);
	EXPECT_EQ(self->stats.ts_bad_slot, 1);
}

/* Three entries in a circle. */
TEST_F(ring, swap_rotation)
{
	struct tpacket4_hdr *hdr[3];
	__u32 i, first;

	OPEN(8, 0);
	FILL(0);
	for (i = 0; i < 3; i++)
		hdr[i] = tpacket4_at(&self->pd.ring, i - 8);
	first = hdr[0]->tp_slot;
	hdr[0]->tp_slot = hdr[1]->tp_slot;
	hdr[1]->tp_slot = hdr[2]->tp_slot;
	hdr[2]->tp_slot = first;
	for (i = 0; i < 3; i++) {
		RELEASE(1);
		FILL(10 * i);
		EXPECT_EQ(self->stats.ts_bad_slot, 0);
	}
}

/* The kernel has the slot that the entry before gave back. */
TEST_F(ring, bad_slot_of_the_kernel)
{
	struct tpacket4_ring *ring = &self->pd.ring;

	OPEN(8, 0);
	FILL(0);
	tpacket4_at(ring, 1 - 8)->tp_slot = tpacket4_at(ring, 0 - 8)->tp_slot;
	RELEASE(2);
	FILL(10);
	EXPECT_EQ(self->stats.ts_bad_slot, 1);
	RELEASE(8);
	FILL(20);
	EXPECT_EQ(self->stats.ts_bad_slot, 1);
}

TEST_F(ring, bad_slot_nonsense)
{
	static const __u32 nonsense[] = {
		12, 13, 0x7fffffff, 0x80000000, 0xfffffffe, TPACKET4_SLOT_NONE,
	};
	__u32 i;

	OPEN(8, 12);
	FILL(0);
	for (i = 0; i < ARRAY_SIZE(nonsense); i++) {
		tpacket4_at(&self->pd.ring, i - 8)->tp_slot = nonsense[i];
		RELEASE(1);
		FILL(10 * i);
		EXPECT_EQ(self->stats.ts_bad_slot, i + 1);
		EXPECT_EQ(self->stats.ts_spare, 4);
	}
}

/* Three entries name the one spare, and only the first gets it. */
TEST_F(ring, bad_slot_twice)
{
	__u32 i;

	OPEN(8, 9);
	FILL(0);
	for (i = 0; i < 3; i++)
		tpacket4_at(&self->pd.ring, i - 8)->tp_slot = 8;
	RELEASE(3);
	FILL(10);
	EXPECT_EQ(self->stats.ts_bad_slot, 2);
	EXPECT_EQ(self->stats.ts_spare, 1);
}

static void scribble(struct tpacket4_hdr *hdr, __u32 slots)
{
	__u32 i, *word = (__u32 *)hdr;

	for (i = 0; i < sizeof(*hdr) / sizeof(*word); i++)
		word[i] = (__u32)rand() * 2654435761U;

	/* Half of them name a slot, whoever holds it. */
	if (rand() & 1)
		hdr->tp_slot = rand() % slots;
}

/* The kernel agrees with the model after each nonsense.  All entries are held when some
 * of them go back, so that the kernel looks at them with the next frame.
 */
TEST_F_TIMEOUT(ring, scribbled_headers, 300)
{
	struct tpacket4_ring *ring = &self->pd.ring;
	struct tpacket4_hdr *hdr;
	__u32 round, n, i;

	OPEN(32, 48);
	pd_model_init(&model, ring);
	srand(17);
	for (round = 0; round < 1000; round++) {
		FILL(round);
		ASSERT_OK(pd_model_publish(&model, ring));
		ASSERT_OK(pd_model_compare(&model, &self->stats));

		n = rand() % 9;
		for (i = 0; i < n; i++) {
			hdr = tpacket4_at(ring, ring->cons + i);
			if (rand() % 4)
				scribble(hdr, 50);
			pd_model_release(&model, hdr->tp_slot);
		}
		RELEASE(n);
	}
	EXPECT_GT(model.bad_slot, 500);
}

/* Correct swaps, while the kernel looks at any time: it never fills a slot that somebody
 * else has.
 */
TEST_F_TIMEOUT(ring, random_swaps, 300)
{
	struct tpacket4_ring *ring = &self->pd.ring;
	__u32 spare[16], round, n, i, at, held = 0;
	struct tpacket4_hdr *hdr;

	OPEN(32, 48);
	pd_model_init(&model, ring);
	for (i = 0; i < 16; i++)
		spare[i] = 32 + i;
	srand(5);
	for (round = 0; round < 1000; round++) {
		n = rand() % (33 - held) % 9;
		SEND(n, round);
		WAIT(n);
		ASSERT_OK(pd_model_publish(&model, ring));
		READ(n, round);
		held += n;

		n = rand() % (held + 1);
		for (i = 0; i < n; i++) {
			hdr = tpacket4_at(ring, ring->cons + i);
			at = rand() % 16;
			if (rand() % 2)
				spare[at] = tpacket4_swap(hdr, spare[at]);
			pd_model_release(&model, hdr->tp_slot);
		}
		RELEASE(n);
		held -= n;
	}
	FILL(round);
	ASSERT_OK(pd_model_publish(&model, ring));
	EXPECT_OK(pd_model_compare(&model, &self->stats));
	EXPECT_EQ(model.bad_slot, 0);
}

static void set_cons(struct tpacket4_ring *ring, __u32 cons)
{
	__atomic_store_n(&ring->ctrl->cons, cons, __ATOMIC_RELEASE);
}

/* An impossible cons gives nothing back, and a correct one afterwards does. */
TEST_F(ring, bad_cons)
{
	static const __u32 off[] = {
		0U - 1, 0U - 8, 9, 1000, 0x7fffffff, 0x80000000, 0x80000004,
	};
	struct tpacket4_ring *ring = &self->pd.ring;
	__u64 before;
	__u32 i;

	OPEN(8, 0);
	FILL(0);
	for (i = 0; i < ARRAY_SIZE(off); i++) {
		before = self->stats.ts_bad_cons;
		set_cons(ring, ring->cons + off[i]);
		FILL(i);
		EXPECT_GT(self->stats.ts_bad_cons, before);
	}

	before = self->stats.ts_bad_cons;
	RELEASE(5);
	FILL(100);
	RELEASE(8);
	FILL(200);
	EXPECT_EQ(self->stats.ts_bad_cons, before);
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
}

/* More is given back than was published, with room in the ring. */
TEST_F(ring, bad_cons_beyond_prod)
{
	struct tpacket4_ring *ring = &self->pd.ring;

	OPEN(8, 0);
	SEND(4, 0);
	READ(4, 0);
	set_cons(ring, ring->prod + 6);

	/* Four slots are left.  The kernel looks at cons for the fifth frame. */
	SEND(5, 4);
	READ(4, 4);
	ASSERT_EQ(pd_wait_drops(&self->pd, 1, WAIT_MS), 1);
	STATS();
	EXPECT_GE(self->stats.ts_bad_cons, 1);
	RELEASE(8);
	FILL(20);
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
}

/* If user space writes to the kernel's words it harms only itself. */
TEST_F(ring, scribbled_kernel_words)
{
	struct tpacket4_ring *ring = &self->pd.ring;
	__u32 i;

	OPEN(8, 0);
	for (i = 0; i < 100; i++) {
		memset(ring->ctrl, rand(), offsetof(struct tpacket4_ctrl, cons));
		memset(ring->ctrl->reserved1, rand(),
		       sizeof(ring->ctrl->reserved1));
		SEND(1, i);
		while (__atomic_load_n(&ring->ctrl->prod, __ATOMIC_ACQUIRE) !=
		       i + 1 - 8)
			usleep(100);
		READ(1, i);
		RELEASE(1);
	}
	STATS();
	EXPECT_EQ(self->stats.ts_packets, 100);
}

/* Nonsense in the headers of entries that belong to the kernel. */
TEST_F(ring, scribbled_kernel_entries)
{
	__u32 i, j;

	srand(23);
	for (i = 0; i < 30; i++) {
		OPEN(8, 12);
		for (j = 0; j < 8; j++)
			scribble(tpacket4_at(&self->pd.ring, j), 14);
		FILL(i);
		RELEASE(8);
		FILL(i);
		ASSERT_EQ(self->stats.ts_bad_slot, 0);
		pd_close(&self->pd);
	}
}

static void payload_req(struct tpacket_req4 *req, __u32 entries, __u32 slots,
			__u32 payload)
{
	pd_req(req, entries, slots, 512);
	req->tp_payload_size = 4096;
	req->tp_payload_nr = payload;
}

/* Values for tp_payload_slot of entries that came without one.  Payload slots 8 to 11 are
 * user space's spares.
 */
static const struct given {
	const char *what;
	__u32 slot;
	bool taken;
} given[] = {
	{ "none", TPACKET4_SLOT_NONE, false },
	{ "a spare", 8, true },
	{ "the same again", 8, false },
	{ "one that the kernel has", 0, false },
	{ "one that is not there", 12, false },
	{ "another spare", 9, true },
	{ "a number with the highest bit", 1U << 31, false },
	{ "the last spare", 11, true },
};

TEST_F(ring, payload_given_back)
{
	struct tpacket_req4 req;
	struct tpacket4_hdr *hdr;
	__u32 i, taken = 0, bad = 0;

	payload_req(&req, ARRAY_SIZE(given), 0, 12);
	OPEN_REQ(&req);
	FILL(0);
	for (i = 0; i < ARRAY_SIZE(given); i++) {
		hdr = tpacket4_at(&self->pd.ring, i - ARRAY_SIZE(given));
		EXPECT_EQ(hdr->tp_payload_slot, TPACKET4_SLOT_NONE);
		EXPECT_EQ(hdr->tp_flags & TPACKET4_SPLIT_MASK,
			  TPACKET4_SPLIT_COPIED);
		hdr->tp_payload_slot = given[i].slot;
	}

	/* One by one, since the kernel looks when it has no slot left. */
	for (i = 0; i < ARRAY_SIZE(given); i++) {
		taken += given[i].taken;
		bad += !given[i].taken && given[i].slot != TPACKET4_SLOT_NONE;
		RELEASE(1);
		FILL(100 + i);
		EXPECT_EQ(self->stats.ts_bad_slot, bad)
			TH_LOG("%s", given[i].what);
		EXPECT_EQ(self->stats.ts_payload_spare, 4 - taken)
			TH_LOG("%s", given[i].what);
		EXPECT_EQ(self->stats.ts_payload_free, 8 + taken)
			TH_LOG("%s", given[i].what);
	}
	EXPECT_EQ(self->stats.ts_payload_held, 0);
	EXPECT_EQ(self->stats.ts_payload_posted, 0);
}

TEST_HARNESS_MAIN
