/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fixture of the tests of the ring protocol.  Each case runs on lo, on veth and on
 * dummy: in three ways frames come to a packet socket.
 */
#ifndef PACKET_DIRECT_RING_H
#define PACKET_DIRECT_RING_H

#include "test.h"

#define LEN		200

static struct pd_frame frame;

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

	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	ASSERT_EQ(pd_netns(), 0);
	if (variant->create)
		ASSERT_EQ(pd_run("%s", variant->create), 0);
	ASSERT_EQ(pd_link_up(variant->tx, variant->rx), 0);
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

/* The n-th unread entry is the whole frame seq. */
#define EXPECT_FRAME(n, seq)						\
	do {								\
		ASSERT_EQ(pd_gather(&self->pd.ring, n, 1, &frame), 1);	\
		EXPECT_OK(pd_check(&frame, LEN, seq));			\
	} while (0)

/* The next n frames are those from seq on. */
#define READ(n, seq)							\
	do {								\
		__u32 _i, _count = n, _seq = seq;			\
									\
		WAIT(_count);						\
		for (_i = 0; _i < _count; _i++)				\
			EXPECT_FRAME(_i, _seq + _i);			\
		tpacket4_advance(&self->pd.ring, _count);		\
	} while (0)

/* Fill the ring, and send one frame more.  Before the kernel drops it, it takes all that
 * was given back, so that the counters are exact.  User space holds all entries then.
 */
#define FILL(seq)							\
	do {								\
		struct tpacket4_ring *_ring = &self->pd.ring;		\
		__u32 _room = _ring->layout.tl_entry_nr -		\
			      (_ring->next - _ring->cons);		\
		__u32 _from = seq;					\
		__u64 _drops;						\
									\
		STATS();						\
		_drops = self->stats.ts_drop_no_slot + 1;		\
		SEND(_room + 1, _from);					\
		READ(_room, _from);					\
		ASSERT_EQ(pd_wait_drops(&self->pd, _drops, WAIT_MS),	\
			  _drops);					\
		STATS();						\
		ASSERT_EQ(self->stats.ts_free, 0);			\
		ASSERT_EQ(self->stats.ts_held,				\
			  _ring->layout.tl_entry_nr);			\
	} while (0)

#endif /* PACKET_DIRECT_RING_H */
