// SPDX-License-Identifier: GPL-2.0
/*
 * PACKET_RX_DIRECT: a queue that has run out of slots.  Its reader is woken, lost frames
 * are counted, no other queue loses anything, and frames come again after slots were
 * given back.
 */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/queue.h"

FIXTURE(dry) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	struct tpacket4_info info;
	struct pd_nic nic;
};

FIXTURE_SETUP(dry)
{
	self->pd.fd = -1;
	if (pd_nic_missing())
		SKIP(return, "%s", pd_nic_missing());
	ASSERT_OK(pd_nic_open(&self->nic));
}

FIXTURE_TEARDOWN(dry)
{
	pd_close(&self->pd);
	pd_nic_close(&self->nic);
}

#define NEED_KICK()	(__atomic_load_n(&self->pd.ring.ctrl->flags,	\
					 __ATOMIC_RELAXED) &		\
			 TPACKET4_CTRL_NEED_KICK)

/* Nothing is given back: the ring fills up, and the NIC has no slot.  Where nobody counts
 * what finds no slot, it may wait for one.
 */
#define STARVE()							\
	do {								\
		SEND(pd_uncounted ? ENTRIES : 2 * ENTRIES, 0);		\
		ASSERT_EQ(pd_wait(&self->pd, ENTRIES, WAIT_MS), ENTRIES); \
		usleep(50000);						\
		STATS();						\
		EXPECT_EQ(self->stats.ts_held, ENTRIES);		\
		EXPECT_EQ(self->stats.ts_posted, 0);			\
		EXPECT_GE(self->stats.ts_dry, 1);			\
		EXPECT_TRUE(NEED_KICK());				\
	} while (0)

/* The frames that were held are the first ones, in order. */
#define GIVE_BACK()							\
	do {								\
		__u32 _i;						\
									\
		for (_i = 0; _i < ENTRIES; _i++) {			\
			ASSERT_EQ(pd_gather(&self->pd.ring, _i, 1,	\
					    &frame), 1);		\
			ASSERT_OK(pd_check(&frame, LEN, _i));		\
		}							\
		tpacket4_advance(&self->pd.ring, ENTRIES);		\
		RELEASE(ENTRIES);					\
	} while (0)

/* The kernel takes what was given back. */
#define RECOVER()							\
	do {								\
		int _i;							\
									\
		for (_i = 0; _i < 5000 && NEED_KICK(); _i++)		\
			usleep(1000);					\
		ASSERT_FALSE(NEED_KICK());				\
		STATS();						\
		EXPECT_GT(self->stats.ts_posted, 0);			\
	} while (0)

/* The timer has to start itself again, since nobody else does.  Some drivers look at
 * each queue every 2 s, so that a queue recovers without a timer too.  Several times in
 * so short a time it recovers by the timer alone.
 */
TEST_F_TIMEOUT(dry, starved_recovers_by_the_timer, 60)
{
	__u64 start, waited = 0;
	int round;

	OPEN_LEASED();
	for (round = 0; round < 4; round++) {
		STARVE();
		tpacket4_advance(&self->pd.ring, ENTRIES);
		RELEASE(ENTRIES);
		start = pd_now(CLOCK_MONOTONIC);
		RECOVER();
		waited += pd_now(CLOCK_MONOTONIC) - start;
	}
	EXPECT_LT(waited, 3 * 1000000000ULL);
	RESUME();
	SEND(50, 5000);
	TAKE(50, 5000);
}

#define KICK_MS		3000

static void *kick_main(void *arg)
{
	__u64 end = pd_now(CLOCK_MONOTONIC) + KICK_MS * 1000000ULL;

	while (pd_now(CLOCK_MONOTONIC) < end)
		tpacket4_kick_always(*(int *)arg);

	return NULL;
}

/* The timer's function once forwarded a timer that a poll on another CPU had
 * just started again, which the kernel warns of.
 */
TEST_F_TIMEOUT(dry, timer_against_kicks, 60)
{
	pthread_t thread[3];
	size_t i;

	OPEN_LEASED();
	STARVE();
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		ASSERT_EQ(pthread_create(&thread[i], NULL, kick_main,
					 &self->pd.fd), 0);
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		pthread_join(thread[i], NULL);
	GIVE_BACK();
	RECOVER();
	RESUME();
	SEND(50, 5000);
	TAKE(50, 5000);
}

TEST_F_TIMEOUT(dry, starved_recovers_by_a_kick, 60)
{
	OPEN_LEASED();
	STARVE();
	GIVE_BACK();
	ASSERT_EQ(tpacket4_kick(&self->pd.ring, self->pd.fd), 0);
	RECOVER();
	RESUME();
	SEND(50, 5000);
	TAKE(50, 5000);
}

/* Frames that the NIC drops are counted as this queue's.  The wait is for the device's
 * count from before the lease.
 */
TEST_F_TIMEOUT(dry, starved_is_counted, 90)
{
	const char *late = getenv("PD_LATE_MS");
	int ms = late ? atoi(late) : 0;
	struct tpacket_stats st;
	socklen_t len = sizeof(st);
	__u64 sent = 2 * ENTRIES;
	int i;

	if (pd_uncounted)
		SKIP(return, "%s does not count them", self->nic.ifname);
	usleep(1000 * ms);
	OPEN_LEASED();
	STARVE();
	for (i = 0; i < 50 + ms / 100; i++) {
		STATS();
		if (self->stats.ts_packets + self->stats.ts_drop_nic == sent)
			break;
		usleep(100000);
	}
	EXPECT_EQ(self->stats.ts_packets, ENTRIES);
	EXPECT_EQ(self->stats.ts_drop_nic, ENTRIES);
	ASSERT_EQ(getsockopt(self->pd.fd, SOL_PACKET, PACKET_STATISTICS, &st,
			     &len), 0);
	EXPECT_EQ(st.tp_packets, 2 * ENTRIES);
	EXPECT_EQ(st.tp_drops, ENTRIES);
}

/* The other queues lose nothing when a reader stops. */
TEST_F_TIMEOUT(dry, starved_harms_no_other_queue, 60)
{
	if (self->nic.queues < 2)
		SKIP(return, "%s has one queue", self->nic.ifname);
	if (pd_uncounted)
		SKIP(return, "%s may let frames wait", self->nic.ifname);
	OPEN_LEASED();
	STARVE();
	ASSERT_EQ(pd_nic_steer(&self->nic, (self->nic.queue + 1) %
			       self->nic.queues), 0);
	pd_nic_witnessed(&self->nic, 0);
	for (pd_flow = 0; pd_flow < 100; pd_flow++)
		ASSERT_EQ(pd_send(self->nic.tx, LEN, pd_flow), 0);
	EXPECT_EQ(pd_nic_witnessed_all(&self->nic, 100), 100);
}

#define FEW	64

/* A reader waits for all entries and holds one.  If it gave back fewer slots than the
 * NIC takes at a time, the kernel keeps them.
 */
TEST_F_TIMEOUT(dry, wake_when_the_nic_is_dry, 60)
{
	struct pollfd pfd = { .events = POLLIN };
	__u32 seq = 0, there = 0;
	struct tpacket_req4 req;
	int i;

	pd_req(&req, FEW, 0, 2048);
	req.tp_wake_count = FEW;
	OPEN_REQ(&req);
	LEASE();
	ASSERT_EQ(pd_link_up(self->nic.ifname, NULL), 0);
	ASSERT_EQ(pd_nic_steer(&self->nic, self->nic.queue), 0);

	while (there < FEW / 2 && seq < 1000) {
		SEND(1, seq++);
		for (i = 0; i < 500; i++) {
			if (tpacket4_peek_all(&self->pd.ring) > there)
				break;
			usleep(1000);
		}
		there = tpacket4_peek_all(&self->pd.ring);
	}
	ASSERT_EQ(there, FEW / 2);
	tpacket4_advance(&self->pd.ring, FEW / 2);
	RELEASE(FEW / 2 - 1);
	pfd.fd = self->pd.fd;
	EXPECT_EQ(poll(&pfd, 1, 300), 0);

	for (i = 0; i < 1000; i++) {
		STATS();
		if (!self->stats.ts_posted)
			break;
		SEND(1, seq++);
		usleep(5000);
	}
	EXPECT_EQ(self->stats.ts_posted, 0);
	EXPECT_GT(tpacket4_peek_all(&self->pd.ring), 0);
	EXPECT_LT(tpacket4_peek_all(&self->pd.ring), FEW);
	EXPECT_EQ(poll(&pfd, 1, WAIT_MS), 1);
	EXPECT_EQ(pfd.revents, POLLIN);
}

/* A queue that has all payload slots of the ring is not starved. */
TEST_F_TIMEOUT(dry, few_payload_slots, 60)
{
	struct tpacket_req4 req;
	int i;

	ASSERT_EQ(pd_nic_limits(&self->nic, &self->info), 0);
	if (!self->info.ti_split_min)
		SKIP(return, "%s splits no headers", self->nic.ifname);
	pd_req(&req, 16 * FEW, 0, 1024);
	req.tp_slot_len = 512;
	req.tp_payload_size = 4096;
	req.tp_payload_nr = FEW;
	OPEN_REQ(&req);
	ASSERT_OK(pd_refused(self->pd.fd,
			     pd_lease_split(self->pd.fd, self->nic.queue),
			     PACKET_DIRECT_OK));
	RECOVER();
	EXPECT_GT(self->stats.ts_payload_posted, FEW / 2);
	for (i = 0; i < 200 && !NEED_KICK(); i++)
		usleep(1000);
	EXPECT_EQ(i, 200);
}

#define MANY	1024

/* Whether the NIC gets so many slots within 300 ms, in which usually nobody else looks
 * at the queue.
 */
#define POSTED(n)							\
	({								\
		__u32 _n = n;						\
		int _i;							\
									\
		for (_i = 0; _i < 300; _i++) {				\
			STATS();					\
			if (self->stats.ts_posted >= _n)		\
				break;					\
			usleep(1000);					\
		}							\
		self->stats.ts_posted >= _n;				\
	})

/* The slots of a reader that has caught up are at the NIC.  They do not wait in entries
 * that the kernel looks at only when the NIC is dry.
 */
TEST_F_TIMEOUT(dry, caught_up, 60)
{
	struct pollfd pfd = { .events = POLLIN };
	__u32 top, n, seq = 0;
	int round;
	char c;

	OPEN_RING(MANY, 0, 2048);
	LEASE();
	pfd.fd = self->pd.fd;
	ASSERT_EQ(pd_link_up(self->nic.ifname, NULL), 0);
	STATS();
	top = self->stats.ts_posted;
	ASSERT_GE(top, 128);
	for (round = 0; round < 4; round++) {
		for (n = 0; self->stats.ts_posted > top / 2; n += 16) {
			ASSERT_LT(n, MANY);
			SEND(16, seq + n);
			ASSERT_EQ(pd_wait(&self->pd, n + 16, WAIT_MS), n + 16);
			STATS();
		}
		ASSERT_FALSE(NEED_KICK());
		TAKE(n, seq);
		seq += n;
		ASSERT_EQ(round % 2 ? poll(&pfd, 1, 0) :
			  recv(self->pd.fd, &c, 1, MSG_DONTWAIT) + 1, 0);
		ASSERT_TRUE(POSTED(top - top / 8))
			TH_LOG("round %d: %u of %u", round,
			       self->stats.ts_posted, top);
	}
}

TEST_HARNESS_MAIN
