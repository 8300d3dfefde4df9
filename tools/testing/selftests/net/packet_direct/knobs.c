// SPDX-License-Identifier: GPL-2.0
/*
 * A device that misbehaves, as debugfs tells it to: what it does to a frame costs that
 * frame at most, no slot is lost, and memory that it may still write to is never used
 * again.
 *
 *	PD_IFACE, PD_QUEUE, PD_PEER	as in lib/nic.h
 */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/queue.h"

#define DEBUGFS		"/sys/kernel/debug/netdevsim"
#define QUIET_MS	200

/* Where the knobs of a device are; NULL if it has none. */
static const char *knob_dir(const char *ifname)
{
	char path[128], device[PATH_MAX];
	static char dir[256];

	snprintf(path, sizeof(path), "/sys/class/net/%s/device", ifname);
	if (!realpath(path, device))
		return NULL;
	snprintf(dir, sizeof(dir), DEBUGFS "/%s/ports/0/direct", basename(device));

	return access(dir, W_OK) ? NULL : dir;
}

static const char * const knobs[] = {
	"headroom", "withhold", "stuck", "dead", "short", "oversize", "damage", "reorder",
};

static int turn(const char *ifname, const char *knob, __u32 value)
{
	const char *dir = knob_dir(ifname);
	char path[300], text[16];

	if (!dir)
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/%s", dir, knob);
	snprintf(text, sizeof(text), "%u", value);

	return pd_write_file(path, text);
}

/* The device restarts one queue, in one of several orders. */
#define RESET_MODES	4

static int reset_queue(const char *ifname, __u32 queue, int mode)
{
	const char *dir = knob_dir(ifname);
	char path[300], text[32];

	if (!dir)
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/../queue_reset", dir);
	snprintf(text, sizeof(text), "%u %d", queue, mode);

	return pd_write_file(path, text);
}

FIXTURE(knobs) {
	struct pd_sock pd;
	struct pd_sock peer;
	struct tpacket4_stats stats;
	struct tpacket4_info info;
	struct pd_nic nic;
};

FIXTURE_SETUP(knobs)
{
	self->pd.fd = -1;
	self->peer.fd = -1;
	if (pd_nic_missing())
		SKIP(return, "%s", pd_nic_missing());
	if (!knob_dir(getenv("PD_IFACE")))
		SKIP(return, "PD_IFACE has no knobs in " DEBUGFS);
	ASSERT_OK(pd_nic_open(&self->nic));
}

FIXTURE_TEARDOWN(knobs)
{
	size_t i;

	if (!self->nic.ifname)
		return;
	for (i = 0; i < ARRAY_SIZE(knobs); i++)
		turn(self->nic.ifname, knobs[i], 0);
	pd_close(&self->pd);
	pd_close(&self->peer);
	pd_nic_close(&self->nic);
}

#define TURN(knob, value)						\
	ASSERT_EQ(turn(self->nic.ifname, knob, value), 0)

/* Of the frames from seq on the first n are dropped, and no others. */
#define DROPPED(n, seq)							\
	do {								\
		__u32 _lost = n, _from = seq;				\
									\
		SEND(_lost + 5, _from);					\
		TAKE(5, _from + _lost);					\
		STATS();						\
		EXPECT_EQ(self->stats.ts_drop_error, _lost);		\
		EXPECT_EQ(self->stats.ts_packets, 5);			\
	} while (0)

/* Frames come late, and in order. */
TEST_F(knobs, withheld)
{
	OPEN_LEASED();
	TURN("withhold", 1);
	SEND(5, 0);
	EXPECT_EQ(pd_wait(&self->pd, 1, QUIET_MS), 0);
	TURN("withhold", 0);
	SEND(1, 5);
	TAKE(6, 0);
	STATS();
	EXPECT_EQ(self->stats.ts_drop_error + self->stats.ts_drop_nic, 0);
}

/* A ring that stops meanwhile takes all its slots back. */
TEST_F(knobs, withheld_and_stopped)
{
	OPEN_LEASED();
	TURN("withhold", 1);
	SEND(5, 0);
	EXPECT_EQ(pd_wait(&self->pd, 1, QUIET_MS), 0);
	ASSERT_EQ(pd_if_up(self->nic.ifname, false), 0);
	STATS();
	EXPECT_EQ(self->stats.ts_posted, 0);
	EXPECT_EQ(self->stats.ts_free + self->stats.ts_held, ENTRIES);
	TURN("withhold", 0);
	ASSERT_EQ(pd_link_up(self->nic.ifname, self->nic.peer), 0);
	pd_drain(&self->pd);
	SEND(10, 100);
	TAKE(10, 100);
}

/* The lease comes back by itself, and no slot is lost. */
TEST_F(knobs, queue_reset)
{
	__u32 generation;
	int mode, err;

	OPEN_LEASED();
	for (mode = 0; mode < RESET_MODES; mode++) {
		generation = self->pd.ring.ctrl->generation;
		SEND(5, 0);
		TAKE(5, 0);
		err = reset_queue(self->nic.ifname, self->nic.queue, mode);
		if (err == -ENOENT)
			SKIP(return, "netdevsim restarts no single queues");
		ASSERT_EQ(err, 0);
		EXPECT_EQ(self->pd.ring.ctrl->state, PACKET_DIRECT_ACTIVE);
		EXPECT_EQ(self->pd.ring.ctrl->generation, generation + 2);
		SEND(10, 100);
		TAKE(10, 100);
		STATS();
		EXPECT_EQ(self->stats.ts_free + self->stats.ts_posted +
			  self->stats.ts_held, ENTRIES);
	}
	EXPECT_EQ(self->stats.ts_bad_slot + self->stats.ts_bad_cons, 0);
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	pd_nic_witnessed(&self->nic, 0);
	SEND(5, 0);
	EXPECT_EQ(pd_nic_witnessed_all(&self->nic, 5), 5);
}

/* The length is what the NIC says. */
TEST_F(knobs, cut)
{
	static __u8 buf[LEN];

	OPEN_LEASED();
	TURN("short", 1);
	SEND(2, 0);
	NEXT();
	pd_fill(buf, LEN, 0);
	EXPECT_OK(pd_same(&frame, buf, LEN / 2, LEN / 2));
	TAKE(1, 1);
}

/* A length beyond the slot costs the frame. */
TEST_F(knobs, oversized)
{
	OPEN_LEASED();
	TURN("oversize", 3);
	DROPPED(3, 0);
	EXPECT_EQ(self->stats.ts_quarantined, pd_quarantined());
}

TEST_F(knobs, damaged)
{
	OPEN_LEASED();
	TURN("damage", 3);
	DROPPED(3, 0);
}

/* The frame behind a loss says that there was one. */
TEST_F(knobs, losing)
{
	OPEN_LEASED();
	SEND(1, 0);
	NEXT();
	EXPECT_EQ(frame.hdr.tp_flags & TPACKET4_LOSING, 0);
	TURN("damage", 1);
	SEND(3, 1);
	NEXT();
	EXPECT_OK(pd_check(&frame, LEN, 2));
	EXPECT_EQ(frame.hdr.tp_flags & TPACKET4_LOSING, TPACKET4_LOSING);
	NEXT();
	EXPECT_OK(pd_check(&frame, LEN, 3));
	EXPECT_EQ(frame.hdr.tp_flags & TPACKET4_LOSING, 0);
}

/* Who asks for damaged frames gets them, and is told. */
TEST_F(knobs, damaged_and_wanted)
{
	int on, off;

	OPEN_LEASED();
	TURN("damage", 1);
	on = pd_run("ethtool -K %s rx-all on", self->nic.ifname);
	SEND(2, 0);
	NEXT();
	off = pd_run("ethtool -K %s rx-all off", self->nic.ifname);
	EXPECT_EQ(on, 0);
	EXPECT_EQ(off, 0);
	EXPECT_OK(pd_check(&frame, LEN, 0));
	EXPECT_EQ(frame.hdr.tp_flags & TPACKET4_RX_ERROR, TPACKET4_RX_ERROR);
	NEXT();
	EXPECT_OK(pd_check(&frame, LEN, 1));
	EXPECT_EQ(frame.hdr.tp_flags & TPACKET4_RX_ERROR, 0);
}

/* Frames are in order, whatever the order of the slots. */
TEST_F_TIMEOUT(knobs, reordered, 60)
{
	__u32 i, last = 0, jumps = 0;

	OPEN_LEASED();
	for (i = 0; i < 1000; i++) {
		if (i % 10 == 0)
			TURN("reorder", 5);
		SEND(1, i);
		ASSERT_GE(pd_wait(&self->pd, 1, WAIT_MS), 1);
		jumps += tpacket4_entry(&self->pd.ring, 0)->tp_slot != last + 1;
		last = tpacket4_entry(&self->pd.ring, 0)->tp_slot;
		TAKE(1, i);
	}
	TURN("reorder", 0);
	EXPECT_GT(jumps, 500);
	STATS();
	EXPECT_EQ(self->stats.ts_packets, 1000);
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
}

/* Something of the device's is before the frame in its first slot. */
TEST_F(knobs, headroom)
{
	MTU(9000);
	OPEN_LEASED();
	RESUME();
	TURN("headroom", 10);
	SEND(1, 0);
	NEXT();
	EXPECT_OK(pd_check(&frame, LEN, 0));
	EXPECT_EQ(frame.hdr.tp_data, 10);
	ASSERT_EQ(pd_send(self->nic.tx, 5000, 1), 0);
	NEXT();
	EXPECT_OK(pd_check(&frame, 5000, 1));
	EXPECT_EQ(frame.hdr.tp_data, 10);
	EXPECT_EQ(frame.entries, 3);
}

/* The device may still write to the ring: it is lost, and another one works. */
#define LOST_FOR_GOOD(before)						\
	do {								\
		TURN("stuck", 0);					\
		EXPECT_GE(pd_quarantined(), (before) +			\
			  ENTRIES * 2048 / getpagesize());		\
		OPEN_LEASED();						\
		SEND(10, 0);						\
		TAKE(10, 0);						\
		ASSERT_EQ(pd_unlease(self->pd.fd), 0);			\
		STATS();						\
	} while (0)

TEST_F(knobs, release_not_confirmed)
{
	__u32 before = pd_quarantined();
	int err;

	OPEN_LEASED();
	TURN("stuck", 1);
	err = pd_unlease(self->pd.fd);
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_DRIVER_FAILED));
	INFO(self->nic.queue);
	EXPECT_EQ(self->info.ti_state, PACKET_DIRECT_LOST);
	EXPECT_EQ(self->info.ti_query_reason, PACKET_DIRECT_OK);
	pd_close(&self->pd);
	LOST_FOR_GOOD(before);
}

TEST_F(knobs, close_not_confirmed)
{
	__u32 before = pd_quarantined();

	OPEN_LEASED();
	TURN("stuck", 1);
	pd_close(&self->pd);
	LOST_FOR_GOOD(before);
}

#define REASON_OF(queue)	pd_query_reason(self->nic.ifname, queue)

/* Two queues, prepared. */
#define PREPARE_TWO(other)						\
	do {								\
		struct tpacket_req4 _req;				\
									\
		pd_req(&_req, ENTRIES, 0, 2048);			\
		OPEN_RING(ENTRIES, 0, 2048);				\
		ASSERT_EQ(pd_open(&self->peer, self->nic.ifname, &_req), 0); \
		ASSERT_EQ(pd_prepare(self->pd.fd, self->nic.queue), 0);	\
		ASSERT_EQ(pd_prepare(self->peer.fd, other), 0);		\
		pd_drain(&self->pd);					\
		pd_drain(&self->peer);					\
	} while (0)

#define BEGIN_TWO()							\
	pd_together(self->pd.fd, PACKET_DIRECT_BEGIN, &self->peer.fd, 1)

#define EXPECT_STATES(one, other)					\
	do {								\
		EXPECT_EQ(self->pd.ring.ctrl->state, one);		\
		EXPECT_EQ(self->peer.ring.ctrl->state, other);		\
	} while (0)

/* One that does not start keeps the other from beginning, whichever is first. */
TEST_F(knobs, dead)
{
	__u32 before = pd_quarantined(), i;
	__u32 other = (self->nic.queue + 1) % self->nic.queues;
	int err;

	PREPARE_TWO(other);
	for (i = 0; i < 2; i++) {
		TURN("dead", 1 + (i ? other : self->nic.queue));
		err = BEGIN_TWO();
		EXPECT_OK(pd_refused(self->pd.fd, err,
				     PACKET_DIRECT_DRIVER_FAILED));
		EXPECT_STATES(PACKET_DIRECT_PREPARED, PACKET_DIRECT_PREPARED);
		EXPECT_EQ(REASON_OF(self->nic.queue), PACKET_DIRECT_QUEUE_LEASED);
		EXPECT_EQ(REASON_OF(other), PACKET_DIRECT_QUEUE_LEASED);
		pd_nic_witnessed(&self->nic, 0);
		SEND(5, 0);
		EXPECT_EQ(pd_nic_witnessed_all(&self->nic, 5), 5);
		STATS();
		EXPECT_EQ(self->stats.ts_posted, 0);
	}
	TURN("dead", 0);
	ASSERT_EQ(BEGIN_TWO(), 0);
	EXPECT_STATES(PACKET_DIRECT_ACTIVE, PACKET_DIRECT_ACTIVE);
	SEND(5, 0);
	TAKE(5, 0);
	EXPECT_EQ(pd_quarantined(), before);
}

/* Without the second step it is as if nothing had been asked for. */
TEST_F(knobs, dead_in_one_step)
{
	int err;

	OPEN_RING(ENTRIES, 0, 2048);
	TURN("dead", 1 + self->nic.queue);
	err = pd_lease(self->pd.fd, self->nic.queue);
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_DRIVER_FAILED));
	EXPECT_EQ(self->pd.ring.ctrl->state, PACKET_DIRECT_COPY);
	EXPECT_EQ(REASON_OF(self->nic.queue), PACKET_DIRECT_OK);
	pd_drain(&self->pd);
	SEND(5, 0);
	TAKE(5, 0);
}

/* Those of which it is not known that they stopped again are lost. */
TEST_F(knobs, dead_and_not_confirmed)
{
	__u32 other = (self->nic.queue + 1) % self->nic.queues;
	__u32 before = pd_quarantined();
	int err;

	PREPARE_TWO(other);
	TURN("stuck", 1);
	TURN("dead", 1 + other);
	err = BEGIN_TWO();
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_DRIVER_FAILED));
	EXPECT_STATES(PACKET_DIRECT_LOST, PACKET_DIRECT_LOST);
	EXPECT_EQ(REASON_OF(self->nic.queue), PACKET_DIRECT_OK);
	EXPECT_EQ(REASON_OF(other), PACKET_DIRECT_OK);
	pd_close(&self->pd);
	LOST_FOR_GOOD(before + ENTRIES * 2048 / getpagesize());
}

/* A release of both that is not confirmed is that of each. */
TEST_F(knobs, release_of_two_not_confirmed)
{
	__u32 other = (self->nic.queue + 1) % self->nic.queues;
	__u32 before = pd_quarantined();
	int err;

	PREPARE_TWO(other);
	ASSERT_EQ(BEGIN_TWO(), 0);
	TURN("stuck", 1);
	err = pd_together(self->pd.fd, PACKET_DIRECT_RELEASE, &self->peer.fd, 1);
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_DRIVER_FAILED));
	EXPECT_STATES(PACKET_DIRECT_LOST, PACKET_DIRECT_LOST);
	pd_close(&self->pd);
	LOST_FOR_GOOD(before + ENTRIES * 2048 / getpagesize());
}

TEST_HARNESS_MAIN
