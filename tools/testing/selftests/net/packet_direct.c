// SPDX-License-Identifier: GPL-2.0
/*
 * The protocol of a TPACKET_V4 ring, in copy mode: who owns what, the 32-bit
 * indices and their wrap, the swap of slots, what happens to nonsense, and how
 * poll() wakes.  Every case runs on lo, on veth and on dummy.
 *
 * packet_direct_args.c has the arguments of the system calls,
 * packet_direct_copy.c what is in a frame, and packet_direct_hw.c the leased
 * queue.
 */
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "packet_direct_model.h"
#include "packet_direct_test.h"

#define LEN		200

static struct pd_frame frame;
static struct pd_model model;

FIXTURE(ring) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	int tx;
};

FIXTURE_VARIANT(ring) {
	const char *rx;
	const char *tx;
	const char *create;
};

FIXTURE_VARIANT_ADD(ring, lo) {
	.rx = "lo", .tx = "lo",
};

FIXTURE_VARIANT_ADD(ring, veth) {
	.rx = "pd1", .tx = "pd0",
	.create = "ip link add pd0 type veth peer name pd1",
};

FIXTURE_VARIANT_ADD(ring, dummy) {
	.rx = "pd0", .tx = "pd0",
	.create = "ip link add pd0 type dummy",
};

FIXTURE_SETUP(ring)
{
	self->pd.fd = -1;
	self->tx = -1;

	PD_SETUP();
	if (variant->create)
		ASSERT_EQ(pd_run("%s", variant->create), 0);
	ASSERT_EQ(pd_if_up(variant->tx, true), 0);
	ASSERT_EQ(pd_if_up(variant->rx, true), 0);
	self->tx = pd_tx_open(variant->tx);
	ASSERT_GE(self->tx, 0);
}

FIXTURE_TEARDOWN(ring)
{
	pd_close(&self->pd);
	if (self->tx >= 0)
		close(self->tx);
}

/* On lo each frame passes twice, on the way out and on the way in. */
#define OPEN_REQ(req)							\
	do {								\
		ASSERT_EQ(pd_open(&self->pd, variant->rx, req), 0);	\
		if (!strcmp(variant->rx, "lo"))				\
			ASSERT_EQ(pd_set_int(self->pd.fd,		\
				  PACKET_IGNORE_OUTGOING, 1), 0);	\
		pd_model_init(&model, &self->pd.ring);			\
	} while (0)

#define OPEN(entries, slots)						\
	do {								\
		struct tpacket_req4 _req;				\
									\
		pd_req(&_req, entries, slots, 2048);			\
		OPEN_REQ(&_req);					\
	} while (0)

#define SEND(n, seq)							\
	ASSERT_EQ(pd_send_many(self->tx, n, LEN, seq), 0)

/* A frame in one entry, at the n-th unread one. */
#define EXPECT_FRAME(n, seq)						\
	do {								\
		ASSERT_EQ(pd_gather(&self->pd.ring, n, 1, &frame), 1);	\
		EXPECT_OK(pd_check(&frame, LEN, seq));			\
	} while (0)

/* The next frames, one by one, are those numbered from seq. */
#define READ(n, seq)							\
	do {								\
		__u32 _i, _count = n;					\
									\
		WAIT(_count);						\
		for (_i = 0; _i < _count; _i++)				\
			EXPECT_FRAME(_i, (seq) + _i);			\
		tpacket4_advance(&self->pd.ring, _count);		\
	} while (0)

TEST_F(ring, start)
{
	const struct tpacket4_ctrl *ctrl;

	OPEN(64, 0);
	ctrl = self->pd.ring.ctrl;

	EXPECT_EQ(ctrl->prod, 0U - 64);
	EXPECT_EQ(ctrl->cons, 0U - 64);
	EXPECT_EQ(ctrl->seen, 0U - 64);
	EXPECT_EQ(ctrl->state, (__u32)PACKET_DIRECT_COPY);
	STATS();
	EXPECT_EQ(self->stats.ts_free, 64);
	EXPECT_EQ(self->stats.ts_posted, 0);
	EXPECT_EQ(self->stats.ts_held, 0);
	EXPECT_EQ(self->stats.ts_spare, 0);
}

/* Ring memory carries nothing over from whoever had it before. */
TEST_F(ring, zeroed)
{
	struct tpacket4_layout *l;
	__u64 i, dirty = 0;
	__u8 *map;

	OPEN(64, 128);
	l = &self->pd.ring.layout;
	map = (__u8 *)self->pd.ring.ctrl - l->tl_ctrl_off;
	for (i = l->tl_slot_off; i < l->tl_map_len; i++)
		dirty += !!map[i];
	EXPECT_EQ(dirty, 0);
}

TEST_F(ring, one_frame)
{
	const struct tpacket4_hdr *hdr;

	OPEN(8, 0);
	SEND(1, 77);
	WAIT(1);
	EXPECT_FRAME(0, 77);

	hdr = &frame.hdr;
	EXPECT_EQ(hdr->tp_flags & (TPACKET4_FIRST | TPACKET4_LAST),
		  TPACKET4_FIRST | TPACKET4_LAST);
	EXPECT_EQ(hdr->tp_flags & (TPACKET4_TRUNCATED | TPACKET4_RX_ERROR), 0);
	EXPECT_GE(hdr->tp_data, TPACKET4_HEADROOM);
	EXPECT_EQ(hdr->tp_payload_slot, TPACKET4_SLOT_NONE);
	EXPECT_EQ(hdr->tp_payload_off, 0);
	EXPECT_EQ(hdr->tp_payload_len, 0);
	EXPECT_EQ(hdr->tp_reserved, 0);
	EXPECT_TRUE(hdr->tp_flags & TPACKET4_TSTAMP_SW);
	EXPECT_FALSE(hdr->tp_flags & TPACKET4_TSTAMP_HW);
}

/* Fields without their validity bit are 0. */
TEST_F(ring, validity_bits)
{
	const struct tpacket4_hdr *hdr = &frame.hdr;

	OPEN(8, 0);
	SEND(1, 1);
	ASSERT_EQ(pd_next(&self->pd, &frame, WAIT_MS), 1);

	if (!(hdr->tp_flags & TPACKET4_HASH)) {
		EXPECT_EQ(hdr->tp_rxhash, 0);
		EXPECT_FALSE(hdr->tp_flags & TPACKET4_HASH_L4);
	}
	if (!(hdr->tp_flags & TPACKET4_VLAN)) {
		EXPECT_EQ(hdr->tp_vlan_tci, 0);
		EXPECT_EQ(hdr->tp_vlan_tpid, 0);
	}
	if (!(hdr->tp_flags & TPACKET4_PROTOCOL))
		EXPECT_EQ(hdr->tp_protocol, 0);
	if (!(hdr->tp_flags & TPACKET4_PKTTYPE))
		EXPECT_EQ(hdr->tp_pkttype, 0);
}

/* The kernel never touches tp_priv. */
TEST_F(ring, priv)
{
	__u32 i;

	OPEN(8, 0);
	for (i = 0; i < 8; i++)
		tpacket4_at(&self->pd.ring, i)->tp_priv = 0x1234567800ULL + i;
	for (i = 0; i < 3; i++) {
		SEND(8, i * 8);
		READ(8, i * 8);
		RELEASE(8);
	}
	for (i = 0; i < 8; i++)
		EXPECT_EQ(tpacket4_at(&self->pd.ring, i)->tp_priv,
			  0x1234567800ULL + i);
}

/* One at a time over the wrap of 2^32, which is 8 entries away. */
TEST_F(ring, wrap_single)
{
	__u32 i;

	OPEN(8, 0);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(self->pd.ring.next, i - 8);
		SEND(1, i);
		READ(1, i);
		RELEASE(1);
	}
	EXPECT_EQ(self->pd.ring.ctrl->prod, 100 - 8);
	STATS();
	EXPECT_EQ(self->stats.ts_packets, 100);
	EXPECT_EQ(self->stats.ts_bytes, 100 * LEN);
	EXPECT_EQ(self->stats.ts_drop_no_slot, 0);
	EXPECT_EQ(self->stats.ts_bad_cons, 0);
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
}

/* Batches of every size, given back in other batches. */
TEST_F(ring, wrap_batches)
{
	__u32 i, n, held = 0, seq = 0;

	OPEN(16, 0);
	srand(4);
	for (i = 0; i < 200; i++) {
		n = rand() % (16 - held + 1);
		SEND(n, seq);
		READ(n, seq);
		seq += n;
		held += n;
		n = rand() % (held + 1);
		RELEASE(n);
		held -= n;
	}
	STATS();
	EXPECT_EQ(self->stats.ts_packets, seq);
	EXPECT_EQ(self->stats.ts_held, held);
	EXPECT_EQ(self->stats.ts_drop_no_slot, 0);
}

TEST_F(ring, full_then_recovers)
{
	struct tpacket_stats st;
	socklen_t len = sizeof(st);

	OPEN(8, 0);
	SEND(20, 0);
	READ(8, 0);
	STATS();
	EXPECT_EQ(self->stats.ts_drop_no_slot, 12);
	EXPECT_EQ(self->stats.ts_packets, 8);
	EXPECT_EQ(self->stats.ts_held, 8);
	ASSERT_EQ(getsockopt(self->pd.fd, SOL_PACKET, PACKET_STATISTICS, &st,
			     &len), 0);
	EXPECT_EQ(st.tp_packets, 20);
	EXPECT_EQ(st.tp_drops, 12);

	RELEASE(8);
	SEND(8, 100);
	READ(8, 100);
	RELEASE(8);
	STATS();
	EXPECT_EQ(self->stats.ts_drop_no_slot, 12);
	EXPECT_EQ(self->stats.ts_held, 0);
}

/* One entry given back makes room for one frame. */
TEST_F(ring, full_by_one)
{
	__u32 i;

	OPEN(8, 0);
	SEND(8, 0);
	READ(8, 0);
	for (i = 0; i < 30; i++) {
		RELEASE(1);
		SEND(2, 100 + 2 * i);
		READ(1, 100 + 2 * i);
	}
	STATS();
	EXPECT_EQ(self->stats.ts_drop_no_slot, 30);
	EXPECT_EQ(self->stats.ts_held, 8);
}

/* PACKET_STATISTICS is cleared by reading, PACKET_V4_STATISTICS is not. */
TEST_F(ring, statistics)
{
	struct tpacket_stats_v3 v3;
	struct tpacket_stats st;
	socklen_t len;
	int i;

	OPEN(8, 0);
	SEND(3, 0);
	READ(3, 0);
	RELEASE(3);
	for (i = 0; i < 2; i++) {
		len = sizeof(v3);
		ASSERT_EQ(getsockopt(self->pd.fd, SOL_PACKET,
				     PACKET_STATISTICS, &v3, &len), 0);
		EXPECT_EQ(len, sizeof(st));
		EXPECT_EQ(v3.tp_packets, i ? 0 : 3);
		EXPECT_EQ(v3.tp_drops, 0);
		STATS();
		EXPECT_EQ(self->stats.ts_packets, 3);
	}
	EXPECT_GE(self->stats.ts_batches, 1);
	EXPECT_LE(self->stats.ts_batches, 3);
}

/* What user space holds does not change while the kernel fills the rest. */
TEST_F(ring, held_is_untouched)
{
	struct tpacket4_hdr before[4];
	__u32 i;

	OPEN(8, 0);
	SEND(4, 0);
	READ(4, 0);
	for (i = 0; i < 4; i++)
		before[i] = *tpacket4_at(&self->pd.ring, i - 8);

	SEND(12, 50);
	WAIT(4);
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(memcmp(&before[i], tpacket4_at(&self->pd.ring, i - 8),
				 sizeof(before[i])), 0);
		EXPECT_EQ(pd_check_bytes(tpacket4_data(&self->pd.ring,
						       &before[i]),
					 LEN, LEN, i), NULL);
	}
	READ(4, 50);
	STATS();
	EXPECT_EQ(self->stats.ts_drop_no_slot, 8);
}

/* What the user writes into the header and the slot is the user's affair. */
TEST_F(ring, held_is_writable)
{
	struct tpacket4_hdr *hdr;
	__u32 slot;

	OPEN(8, 0);
	SEND(1, 0);
	READ(1, 0);
	hdr = tpacket4_at(&self->pd.ring, -8);
	slot = hdr->tp_slot;
	memset(tpacket4_slot(&self->pd.ring, slot), 0xa5, 2048);
	memset(hdr, 0xa5, sizeof(*hdr));
	hdr->tp_slot = slot;
	RELEASE(1);

	SEND(8, 1);
	READ(8, 1);
	STATS();
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
}

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
	EXPECT_EQ(pd_check_bytes(data, LEN, LEN, 5), NULL);

	STATS();
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
	EXPECT_EQ(self->stats.ts_spare, 4);
	EXPECT_EQ(self->stats.ts_free, 8);
}

/* Every frame is kept for a while: all slots go round as spares. */
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
			EXPECT_EQ(pd_check_bytes(data, LEN, LEN, i - 12), NULL);
		}
		kept[i % 12] = tpacket4_swap(hdr, spare);
		RELEASE(1);
	}
	STATS();
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
	EXPECT_EQ(self->stats.ts_spare, 12);
}

TEST_F(ring, swap_two_held)
{
	struct tpacket4_hdr *a, *b;
	__u32 kept;

	OPEN(8, 0);
	SEND(8, 0);
	READ(8, 0);
	a = tpacket4_at(&self->pd.ring, 1 - 8);
	b = tpacket4_at(&self->pd.ring, 6 - 8);
	kept = tpacket4_swap(a, b->tp_slot);
	tpacket4_swap(b, kept);
	RELEASE(8);

	STATS();
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
	EXPECT_EQ(self->stats.ts_free, 8);
	SEND(8, 8);
	READ(8, 8);
}

/* The other entry must go back with the slot that was displaced. */
TEST_F(ring, swap_half_done)
{
	struct tpacket4_hdr *a, *b;
	__u32 from_a;

	OPEN(8, 0);
	SEND(2, 0);
	READ(2, 0);
	a = tpacket4_at(&self->pd.ring, 0 - 8);
	b = tpacket4_at(&self->pd.ring, 1 - 8);
	from_a = tpacket4_swap(a, b->tp_slot);
	RELEASE(1);
	STATS();
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
	EXPECT_EQ(self->stats.ts_held, 1);

	/* b still says its first slot, which a gave back. */
	RELEASE(1);
	STATS();
	EXPECT_EQ(self->stats.ts_bad_slot, 1);
	EXPECT_EQ(self->stats.ts_held, 0);

	SEND(8, 8);
	READ(8, 8);
	EXPECT_LT(from_a, 8);
}

/* Three entries in a circle. */
TEST_F(ring, swap_rotation)
{
	struct tpacket4_hdr *hdr[3];
	__u32 i, first;

	OPEN(8, 0);
	SEND(3, 0);
	READ(3, 0);
	for (i = 0; i < 3; i++)
		hdr[i] = tpacket4_at(&self->pd.ring, i - 8);
	first = hdr[0]->tp_slot;
	hdr[0]->tp_slot = hdr[1]->tp_slot;
	hdr[1]->tp_slot = hdr[2]->tp_slot;
	hdr[2]->tp_slot = first;
	for (i = 0; i < 3; i++) {
		RELEASE(1);
		STATS();
		EXPECT_EQ(self->stats.ts_bad_slot, 0);
	}
	SEND(8, 8);
	READ(8, 8);
}

static __u32 other_slot(struct tpacket4_ring *ring, __u32 slots, __u32 held)
{
	__u32 slot, i;

	for (slot = 0; slot < slots; slot++) {
		for (i = 0; i < held; i++)
			if (tpacket4_at(ring, ring->cons + i)->tp_slot == slot)
				break;
		if (i == held)
			return slot;
	}

	return TPACKET4_SLOT_NONE;
}

TEST_F(ring, bad_slot_of_the_kernel)
{
	struct tpacket4_hdr *hdr;

	OPEN(8, 0);
	SEND(4, 0);
	READ(4, 0);
	hdr = tpacket4_at(&self->pd.ring, -8);
	hdr->tp_slot = other_slot(&self->pd.ring, 8, 4);
	ASSERT_LT(hdr->tp_slot, 8);
	RELEASE(4);
	STATS();
	EXPECT_EQ(self->stats.ts_bad_slot, 1);
	EXPECT_EQ(self->stats.ts_free, 8);
	SEND(8, 8);
	READ(8, 8);
}

TEST_F(ring, bad_slot_nonsense)
{
	static const __u32 nonsense[] = {
		12, 13, 0x7fffffff, 0x80000000, 0xfffffffe, TPACKET4_SLOT_NONE,
	};
	__u32 i;

	OPEN(8, 12);
	for (i = 0; i < ARRAY_SIZE(nonsense); i++) {
		SEND(1, i);
		READ(1, i);
		tpacket4_at(&self->pd.ring, i - 8)->tp_slot = nonsense[i];
		RELEASE(1);
		STATS();
		EXPECT_EQ(self->stats.ts_bad_slot, i + 1);
		EXPECT_EQ(self->stats.ts_free, 8);
		EXPECT_EQ(self->stats.ts_spare, 4);
	}
	SEND(8, 80);
	READ(8, 80);
}

TEST_F(ring, bad_slot_twice)
{
	struct tpacket4_hdr *a, *b, *c;

	OPEN(8, 9);
	SEND(3, 0);
	READ(3, 0);
	a = tpacket4_at(&self->pd.ring, 0 - 8);
	b = tpacket4_at(&self->pd.ring, 1 - 8);
	c = tpacket4_at(&self->pd.ring, 2 - 8);

	/* The one spare in all three: only the first can have it. */
	a->tp_slot = 8;
	b->tp_slot = 8;
	c->tp_slot = 8;
	RELEASE(3);
	STATS();
	EXPECT_EQ(self->stats.ts_bad_slot, 2);
	EXPECT_EQ(self->stats.ts_spare, 1);
	EXPECT_EQ(self->stats.ts_free, 8);
	SEND(8, 8);
	READ(8, 8);
}

static void scribble(struct tpacket4_hdr *hdr, __u32 slots)
{
	__u32 i, *word = (__u32 *)hdr;

	for (i = 0; i < sizeof(*hdr) / sizeof(*word); i++)
		word[i] = (__u32)rand() * 2654435761U;

	/* Half of them name a slot, of whomever it is. */
	if (rand() & 1)
		hdr->tp_slot = rand() % slots;
}

/* The kernel agrees with the model of the rules after every nonsense. */
TEST_F_TIMEOUT(ring, scribbled_headers, 300)
{
	struct tpacket4_ring *ring = &self->pd.ring;
	__u32 round, n, i, held = 0, seq = 0;
	struct tpacket4_hdr *hdr;

	OPEN(32, 48);
	srand(17);
	for (round = 0; round < 3000; round++) {
		n = rand() % (32 - held + 1) % 9;
		SEND(n, seq);
		WAIT(n);
		ASSERT_OK(pd_model_publish(&model, ring));
		READ(n, seq);
		seq += n;
		held += n;

		n = rand() % (held + 1);
		for (i = 0; i < n; i++) {
			hdr = tpacket4_at(ring, ring->cons + i);
			if (rand() % 4)
				scribble(hdr, 50);
			pd_model_release(&model, hdr->tp_slot);
		}
		RELEASE(n);
		held -= n;

		STATS();
		ASSERT_OK(pd_model_compare(&model, &self->stats));
	}
	EXPECT_GT(model.bad_slot, 1000);
}

static void set_cons(struct tpacket4_ring *ring, __u32 cons)
{
	__atomic_store_n(&ring->ctrl->cons, cons, __ATOMIC_RELEASE);
}

/* An impossible cons gives nothing back, and a right one afterwards does. */
TEST_F(ring, bad_cons)
{
	static const __u32 off[] = {
		0U - 1, 0U - 8, 5, 9, 1000, 0x7fffffff, 0x80000000, 0x80000004,
	};
	struct tpacket4_ring *ring = &self->pd.ring;
	__u64 before = 0;
	__u32 i;

	OPEN(8, 0);
	SEND(4, 0);
	READ(4, 0);
	for (i = 0; i < ARRAY_SIZE(off); i++) {
		set_cons(ring, ring->cons + off[i]);
		STATS();
		EXPECT_GT(self->stats.ts_bad_cons, before);
		EXPECT_EQ(self->stats.ts_held, 4);
		before = self->stats.ts_bad_cons;
	}

	/* Four are free: frames go on arriving until they are used up. */
	SEND(5, 4);
	READ(4, 4);
	RELEASE(8);
	STATS();
	before = self->stats.ts_bad_cons;
	EXPECT_EQ(self->stats.ts_held, 0);
	EXPECT_EQ(self->stats.ts_drop_no_slot, 1);

	SEND(8, 9);
	READ(8, 9);
	RELEASE(8);
	STATS();
	EXPECT_EQ(self->stats.ts_bad_cons, before);
}

/* What user space writes into the kernel's words harms user space only. */
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
		ring->prod = ring->next;
		usleep(variant->create ? 0 : 100);
		STATS();
		ASSERT_EQ(self->stats.ts_packets, i + 1);
		ASSERT_EQ(ring->ctrl->prod, i + 1 - 8);
		READ(1, i);
		RELEASE(1);
	}
}

/* Nonsense in the headers of entries that belong to the kernel. */
TEST_F(ring, scribbled_kernel_entries)
{
	__u32 i, j;

	OPEN(8, 12);
	srand(23);
	for (i = 0; i < 200; i++) {
		for (j = 0; j < 8; j++)
			scribble(tpacket4_at(&self->pd.ring, j), 14);
		SEND(2, 2 * i);
		READ(2, 2 * i);
		RELEASE(2);
		STATS();
		ASSERT_EQ(self->stats.ts_bad_slot, 0);
		ASSERT_EQ(self->stats.ts_free, 8);
	}
}

static int poll_now(int fd, int msecs)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	if (poll(&pfd, 1, msecs) < 0)
		return -errno;

	return pfd.revents;
}

/* poll() sleeps while seen equals prod, whatever is held. */
TEST_F(ring, poll_follows_seen)
{
	OPEN(8, 0);
	EXPECT_EQ(poll_now(self->pd.fd, 0) & POLLIN, 0);
	SEND(2, 0);
	EXPECT_EQ(poll_now(self->pd.fd, WAIT_MS) & (POLLIN | POLLERR), POLLIN);
	WAIT(2);
	tpacket4_advance(&self->pd.ring, 1);
	EXPECT_EQ(poll_now(self->pd.fd, 0) & POLLIN, POLLIN);
	tpacket4_advance(&self->pd.ring, 1);
	EXPECT_EQ(poll_now(self->pd.fd, 0) & POLLIN, 0);
	SEND(1, 2);
	EXPECT_EQ(poll_now(self->pd.fd, WAIT_MS) & POLLIN, POLLIN);
	READ(1, 2);
	EXPECT_EQ(poll_now(self->pd.fd, 0) & POLLIN, 0);

	/* Giving back says nothing of looking. */
	RELEASE(3);
	SEND(1, 3);
	WAIT(1);
	RELEASE(1);
	EXPECT_EQ(poll_now(self->pd.fd, 0) & POLLIN, POLLIN);
}

TEST_F(ring, poll_out_is_as_ever)
{
	struct pollfd pfd = { .events = POLLOUT };

	OPEN(8, 0);
	pfd.fd = self->pd.fd;
	EXPECT_EQ(poll(&pfd, 1, 0), 1);
	EXPECT_EQ(pfd.revents, POLLOUT);
}

TEST_F(ring, epoll)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(0);

	OPEN(8, 0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, self->pd.fd, &ev), 0);
	EXPECT_EQ(epoll_wait(ep, &ev, 1, 0), 0);
	SEND(1, 0);
	EXPECT_EQ(epoll_wait(ep, &ev, 1, WAIT_MS), 1);
	EXPECT_EQ(epoll_wait(ep, &ev, 1, 0), 1);
	READ(1, 0);
	EXPECT_EQ(epoll_wait(ep, &ev, 1, 0), 0);
	close(ep);
}

TEST_F(ring, epoll_edge)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int ep = epoll_create1(0);
	__u32 i;

	OPEN(8, 0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, self->pd.fd, &ev), 0);
	EXPECT_EQ(epoll_wait(ep, &ev, 1, 0), 0);
	for (i = 0; i < 20; i++) {
		SEND(1, i);
		ASSERT_EQ(epoll_wait(ep, &ev, 1, WAIT_MS), 1);
		READ(1, i);
		RELEASE(1);
		ASSERT_EQ(epoll_wait(ep, &ev, 1, 0), 0);
	}
	close(ep);
}

static void *send_later(void *arg)
{
	usleep(100000);
	pd_send(*(int *)arg, LEN, 9);

	return NULL;
}

/* A sleeper is woken by the frame, not by its time limit. */
TEST_F(ring, poll_wakes)
{
	pthread_t thread;
	__u64 start;

	OPEN(8, 0);
	start = pd_now(CLOCK_MONOTONIC);
	ASSERT_EQ(pthread_create(&thread, NULL, send_later, &self->tx), 0);
	EXPECT_EQ(poll_now(self->pd.fd, 20000), POLLIN);
	EXPECT_LT(pd_now(CLOCK_MONOTONIC) - start, 10 * 1000000000ULL);
	pthread_join(thread, NULL);
	READ(1, 9);
	STATS();
	EXPECT_GE(self->stats.ts_wakeups, 1);
}

#define OPEN_WAKE(entries, count, usecs)				\
	do {								\
		struct tpacket_req4 _req;				\
									\
		pd_req(&_req, entries, 0, 2048);			\
		_req.tp_wake_count = count;				\
		_req.tp_wake_usecs = usecs;				\
		OPEN_REQ(&_req);					\
	} while (0)

TEST_F(ring, wake_count)
{
	__u32 i;

	OPEN_WAKE(16, 4, 0);
	for (i = 0; i < 3; i++) {
		SEND(1, i);
		WAIT(i + 1);
		EXPECT_EQ(poll_now(self->pd.fd, 20) & POLLIN, 0);
	}
	SEND(1, 3);
	EXPECT_EQ(poll_now(self->pd.fd, WAIT_MS) & POLLIN, POLLIN);
	READ(2, 0);
	EXPECT_EQ(poll_now(self->pd.fd, 20) & POLLIN, 0);
	READ(2, 2);
	EXPECT_EQ(poll_now(self->pd.fd, 0) & POLLIN, 0);
}

static void *send_three(void *arg)
{
	__u32 i;

	for (i = 0; i < 3; i++) {
		usleep(50000);
		pd_send(*(int *)arg, LEN, i);
	}

	return NULL;
}

/* A sleeper that asked for three is woken by the third, and once. */
TEST_F(ring, wake_count_sleeping)
{
	pthread_t thread;

	OPEN_WAKE(16, 3, 0);
	ASSERT_EQ(pthread_create(&thread, NULL, send_three, &self->tx), 0);
	EXPECT_EQ(poll_now(self->pd.fd, 20000), POLLIN);
	EXPECT_EQ(tpacket4_peek_all(&self->pd.ring), 3);
	pthread_join(thread, NULL);
	STATS();
	EXPECT_EQ(self->stats.ts_wakeups, 1);
}

/* The oldest unseen entry is old enough: fewer are enough. */
TEST_F(ring, wake_usecs)
{
	__u64 start, end;

	OPEN_WAKE(16, 8, 200000);
	start = pd_now(CLOCK_MONOTONIC);
	SEND(1, 0);
	EXPECT_EQ(poll_now(self->pd.fd, 0) & POLLIN, 0);
	EXPECT_EQ(poll_now(self->pd.fd, 20000) & POLLIN, POLLIN);
	end = pd_now(CLOCK_MONOTONIC);
	EXPECT_GE(end - start, 190 * 1000000ULL);
	EXPECT_LT(end - start, 5000 * 1000000ULL);
	READ(1, 0);
	EXPECT_EQ(poll_now(self->pd.fd, 300) & POLLIN, 0);

	/* A second time: the timer is not used up. */
	SEND(1, 1);
	EXPECT_EQ(poll_now(self->pd.fd, 20000) & POLLIN, POLLIN);
	READ(1, 1);

	/* And the count wakes before the time. */
	start = pd_now(CLOCK_MONOTONIC);
	SEND(8, 2);
	EXPECT_EQ(poll_now(self->pd.fd, 20000) & POLLIN, POLLIN);
	READ(8, 2);
}

/* No room is left: waiting for more would be for ever. */
TEST_F(ring, wake_when_full)
{
	OPEN_WAKE(8, 8, 0);
	SEND(5, 0);
	READ(5, 0);
	SEND(3, 5);
	EXPECT_EQ(poll_now(self->pd.fd, WAIT_MS) & POLLIN, POLLIN);
	READ(3, 5);
	EXPECT_EQ(poll_now(self->pd.fd, 0) & POLLIN, 0);
}

static void *send_two(void *arg)
{
	usleep(100000);
	pd_send_many(*(int *)arg, 2, LEN, 6);

	return NULL;
}

TEST_F(ring, wake_when_full_sleeping)
{
	pthread_t thread;

	OPEN_WAKE(8, 8, 0);
	SEND(6, 0);
	READ(6, 0);
	ASSERT_EQ(pthread_create(&thread, NULL, send_two, &self->tx), 0);
	EXPECT_EQ(poll_now(self->pd.fd, 10000) & POLLIN, POLLIN);
	pthread_join(thread, NULL);
	READ(2, 6);
}

static int recv_errno(int fd, int flags)
{
	char buf[64];
	ssize_t n = recv(fd, buf, sizeof(buf), flags);

	return n < 0 ? errno : 0;
}

/* recvmsg() is the kick, and never returns a frame. */
TEST_F(ring, recvmsg)
{
	struct timeval tv = { .tv_usec = 1000 };

	OPEN(8, 0);
	EXPECT_EQ(recv_errno(self->pd.fd, MSG_DONTWAIT), EAGAIN);
	EXPECT_EQ(recv_errno(self->pd.fd, 0), EOPNOTSUPP);
	SEND(1, 0);
	WAIT(1);
	EXPECT_EQ(recv_errno(self->pd.fd, MSG_DONTWAIT), EAGAIN);
	EXPECT_EQ(recv_errno(self->pd.fd, 0), EOPNOTSUPP);
	EXPECT_EQ(recv_errno(self->pd.fd, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
	EXPECT_EQ(recv_errno(self->pd.fd, MSG_TRUNC), EOPNOTSUPP);
	ASSERT_EQ(setsockopt(self->pd.fd, SOL_SOCKET, SO_RCVTIMEO, &tv,
			     sizeof(tv)), 0);
	EXPECT_EQ(recv_errno(self->pd.fd, 0), EOPNOTSUPP);
	READ(1, 0);
}

struct sender {
	pthread_t thread;
	const char *ifname;
	__u32 id, count;
	int err;
};

static void *sender_main(void *arg)
{
	__u8 buf[LEN];
	struct sender *s = arg;
	int fd = pd_tx_open(s->ifname);
	__u32 i;

	if (fd < 0) {
		s->err = fd;
		return NULL;
	}
	for (i = 0; i < s->count && !s->err; i++) {
		pd_fill(buf, LEN, s->id << 24 | i);
		if (send(fd, buf, LEN, 0) != LEN)
			s->err = -errno;
	}
	close(fd);

	return NULL;
}

#define SENDERS		4

/* Several CPUs produce: each one's frames stay in order, none comes twice, and
 * what is missing was counted.
 */
TEST_F_TIMEOUT(ring, several_producers, 120)
{
	struct sender s[SENDERS] = {};
	__u32 last[SENDERS] = {};
	__u64 got = 0, idle = 0;
	__u32 i, n, seq;

	OPEN(256, 0);
	for (i = 0; i < SENDERS; i++) {
		s[i] = (struct sender){
			.ifname = variant->tx, .id = i, .count = 5000,
		};
		ASSERT_EQ(pthread_create(&s[i].thread, NULL, sender_main,
					 &s[i]), 0);
	}
	while (idle < 2000) {
		n = pd_next(&self->pd, &frame, 1);
		idle = n == 1 ? 0 : idle + 1;
		if (n != 1)
			continue;
		seq = pd_seq(frame.data);
		ASSERT_LT(seq >> 24, SENDERS);
		ASSERT_EQ(pd_check(&frame, LEN, seq), NULL);
		ASSERT_GE((seq & 0xffffff) + 1, last[seq >> 24] + 1);
		last[seq >> 24] = (seq & 0xffffff) + 1;
		got++;
	}
	for (i = 0; i < SENDERS; i++) {
		pthread_join(s[i].thread, NULL);
		EXPECT_EQ(s[i].err, 0);
	}
	STATS();
	EXPECT_EQ(self->stats.ts_packets, got);
	EXPECT_GE(SENDERS * 5000, got + self->stats.ts_drop_no_slot);
	if (strcmp(variant->rx, "lo"))
		EXPECT_EQ(SENDERS * 5000, got + self->stats.ts_drop_no_slot);
}

struct hostile {
	struct tpacket4_ring *ring;
	bool stop;
};

/* Writes everywhere in control page and headers, as fast as it can. */
static void *hostile_main(void *arg)
{
	struct hostile *h = arg;
	struct tpacket4_ring *ring = h->ring;
	__u32 slots = ring->layout.tl_slot_nr;
	unsigned int seed = 99;
	__u32 at, *word;

	while (!__atomic_load_n(&h->stop, __ATOMIC_RELAXED)) {
		at = rand_r(&seed) % (sizeof(*ring->ctrl) / 4);
		word = (__u32 *)ring->ctrl + at;
		at = rand_r(&seed) % 4 ? rand_r(&seed) : ring->ctrl->prod;
		__atomic_store_n(word, at, __ATOMIC_RELAXED);

		at = rand_r(&seed) % (sizeof(struct tpacket4_hdr) / 4);
		word = (__u32 *)tpacket4_at(ring, rand_r(&seed)) + at;
		__atomic_store_n(word, rand_r(&seed) % (2 * slots),
				 __ATOMIC_RELAXED);
	}

	return NULL;
}

/* A process that writes nonsense while frames arrive loses its frames, and
 * nothing else: the sum holds, and the next socket works.
 */
TEST_F_TIMEOUT(ring, hostile, 120)
{
	struct hostile h = { .ring = &self->pd.ring };
	pthread_t thread;
	__u32 i;

	OPEN(64, 96);
	ASSERT_EQ(pthread_create(&thread, NULL, hostile_main, &h), 0);
	for (i = 0; i < 300; i++) {
		SEND(50, i);
		poll_now(self->pd.fd, 0);
		STATS();
	}
	__atomic_store_n(&h.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	STATS();

	pd_close(&self->pd);
	OPEN(8, 0);
	SEND(8, 0);
	READ(8, 0);
}

/* A mapping and a forked copy keep the ring after close(). */
TEST_F(ring, mapping_outlives_the_socket)
{
	OPEN(8, 0);
	SEND(1, 0);
	WAIT(1);
	close(self->pd.fd);
	self->pd.fd = -1;
	SEND(1, 1);
	READ(2, 0);
}

TEST_F(ring, fork_shares_the_ring)
{
	int status;
	pid_t pid;

	OPEN(8, 0);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		int err = pd_send(self->tx, LEN, 3);

		if (!err && pd_next(&self->pd, &frame, WAIT_MS) != 1)
			err = 1;
		_exit(err || pd_check(&frame, LEN, 3));
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);

	/* The child read and gave back; both see the same indices. */
	EXPECT_EQ(self->pd.ring.ctrl->cons, 1U - 8);
	EXPECT_EQ(self->pd.ring.ctrl->seen, 1U - 8);
	self->pd.ring.next++;
	self->pd.ring.cons++;
	SEND(1, 4);
	READ(1, 4);
}

/* A device that goes down and comes back. */
TEST_F(ring, down_and_up)
{
	struct pollfd pfd = { .events = POLLIN };
	socklen_t len = sizeof(int);
	int err = 0;

	if (!strcmp(variant->rx, "dummy"))
		return;
	OPEN(8, 0);
	pfd.fd = self->pd.fd;
	ASSERT_EQ(pd_if_up(variant->rx, false), 0);
	ASSERT_EQ(poll(&pfd, 1, WAIT_MS), 1);
	EXPECT_TRUE(pfd.revents & POLLERR);
	ASSERT_EQ(getsockopt(self->pd.fd, SOL_SOCKET, SO_ERROR, &err, &len), 0);
	EXPECT_EQ(err, ENETDOWN);

	ASSERT_EQ(pd_if_up(variant->rx, true), 0);
	SEND(2, 0);
	READ(2, 0);
}

TEST_HARNESS_MAIN
