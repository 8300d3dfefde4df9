// SPDX-License-Identifier: GPL-2.0
/*
 * Several CPUs put frames into one ring by copy, at the same time: none waits for another's
 * bytes, frames come in one order, whole, and wake the reader, and the ring may go.
 *
 *	PD_MSECS	how long each case takes, at least
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/test.h"

#define SENDERS		3
#define KINDS		8	/* frames of a sender, in turns */
#define ENTRIES		2048
#define LARGE		200000
#define SLOW_MSECS	60000	/* until what is rare has happened */

/* A thread that sends on lo, and is at most @ahead frames before the reader. */
struct sender {
	pthread_t	thread;
	int		cpu;
	int		fd;
	__u32		len;
	__u32		ahead;
	__u32		came;
	bool		*stop;
	int		err;
	__u8		*frame[KINDS];
};

static void *sender_main(void *arg)
{
	struct sender *s = arg;
	__u32 sent = 0;

	s->err = pd_pin(s->cpu);
	while (!s->err && !__atomic_load_n(s->stop, __ATOMIC_RELAXED)) {
		if (sent - __atomic_load_n(&s->came, __ATOMIC_RELAXED) >= s->ahead) {
			sched_yield();
			continue;
		}
		s->err = pd_send_bytes(s->fd, s->frame[sent % KINDS], s->len);
		sent++;
	}

	return NULL;
}

FIXTURE(senders) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	struct sender sender[SENDERS];
	__u32 started;
	__u64 end;
	bool stop;
};

FIXTURE_SETUP(senders)
{
	const char *msecs = getenv("PD_MSECS");

	self->pd.fd = -1;
	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "one CPU");
	ASSERT_EQ(pd_netns(), 0);
	ASSERT_EQ(pd_if_up("lo", true), 0);
	ASSERT_EQ(pd_if_mtu("lo", 2 * LARGE), 0);
	self->end = pd_now(CLOCK_MONOTONIC) +
		    (msecs ? atoi(msecs) : 2000) * 1000000ULL;
}

static void stop(struct sender *sender, __u32 *count)
{
	__u32 i, k;

	for (i = 0; i < *count; i++) {
		__atomic_store_n(sender[i].stop, true, __ATOMIC_RELAXED);
		pthread_join(sender[i].thread, NULL);
		close(sender[i].fd);
		for (k = 0; k < KINDS; k++)
			free(sender[i].frame[k]);
	}
	*count = 0;
}

FIXTURE_TEARDOWN(senders)
{
	stop(self->sender, &self->started);
	pd_close(&self->pd);
}

static int start(struct sender *s, int cpu, __u32 len, __u32 ahead, bool *stop)
{
	__u32 k;

	*s = (struct sender){
		.cpu = cpu % sysconf(_SC_NPROCESSORS_ONLN),
		.len = len, .ahead = ahead, .stop = stop,
	};
	s->fd = pd_tx_open("lo");
	if (s->fd < 0)
		return s->fd;
	for (k = 0; k < KINDS; k++) {
		s->frame[k] = malloc(len);
		if (!s->frame[k])
			return -ENOMEM;
		pd_fill(s->frame[k], len, KINDS * cpu + k);
	}

	return pthread_create(&s->thread, NULL, sender_main, s) ? -EAGAIN : 0;
}

#define START(length, most)						\
	do {								\
		ASSERT_EQ(start(&self->sender[self->started],		\
				self->started, length, most,		\
				&self->stop), 0);			\
		self->started++;					\
	} while (0)

#define OPEN()								\
	do {								\
		struct tpacket_req4 _req;				\
									\
		pd_req(&_req, ENTRIES, 0, 1024);			\
		ASSERT_EQ(pd_open(&self->pd, "lo", &_req), 0);		\
		ASSERT_EQ(pd_set_int(self->pd.fd,			\
				     PACKET_IGNORE_OUTGOING, 1), 0);	\
	} while (0)

/* What is wrong with the next frame, or NULL.  It is the next one of its sender. */
static const char *check(struct pd_sock *pd, struct sender *sender, __u32 count)
{
	static struct pd_frame frame;
	static char why[96];
	struct sender *s;

	if (pd_next(pd, &frame, WAIT_MS) < 0)
		return "no whole frame";
	for (s = sender; s < sender + count; s++)
		if (s->len == frame.hdr.tp_len)
			break;
	if (s == sender + count || frame.len != s->len ||
	    memcmp(frame.data, s->frame[s->came % KINDS], s->len)) {
		snprintf(why, sizeof(why), "a frame of %u bytes, tp_len %u, is not the next one",
			 frame.len, frame.hdr.tp_len);
		return why;
	}
	__atomic_fetch_add(&s->came, 1, __ATOMIC_RELAXED);

	return NULL;
}

/* While a large frame is copied on one CPU, small ones are on others.  They are published
 * with it: then there are fewer batches than frames.
 */
TEST_F_TIMEOUT(senders, beside_each_other, 120)
{
	__u64 latest = self->end + SLOW_MSECS * 1000000ULL;
	__u32 i, came = 0;

	OPEN();
	START(LARGE, 4);
	START(100, 32);
	START(1000, 32);
	do {
		for (i = 0; i < 64; i++)
			ASSERT_OK(check(&self->pd, self->sender, SENDERS));
		STATS();
	} while (pd_now(CLOCK_MONOTONIC) < self->end ||
		 (self->stats.ts_batches >= self->stats.ts_packets &&
		  pd_now(CLOCK_MONOTONIC) < latest));
	EXPECT_LT(self->stats.ts_batches, self->stats.ts_packets);
	for (i = 0; i < SENDERS; i++) {
		EXPECT_GT(self->sender[i].came, 0);
		EXPECT_EQ(self->sender[i].err, 0);
		came += self->sender[i].came;
	}
	STATS();
	EXPECT_EQ(self->stats.ts_drop_no_slot, 0);
	EXPECT_GE(self->stats.ts_packets, came);
	TH_LOG("%llu frames in %llu batches", self->stats.ts_packets,
	       self->stats.ts_batches);
}

/* A signal is a wake-up after which nobody looks by poll().  None that is needed is left
 * out: senders wait for the reader, which waits for the signal.
 */
TEST_F_TIMEOUT(senders, signals, 120)
{
	const struct timespec long_time = { .tv_sec = 20 };
	sigset_t set;
	__u32 n, signals = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	ASSERT_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	OPEN();
	ASSERT_EQ(fcntl(self->pd.fd, F_SETOWN, getpid()), 0);
	ASSERT_EQ(fcntl(self->pd.fd, F_SETFL, O_ASYNC), 0);
	START(100, 1);
	START(1000, 1);
	START(500, 1);
	while (pd_now(CLOCK_MONOTONIC) < self->end) {
		ASSERT_EQ(sigtimedwait(&set, NULL, &long_time), SIGIO);
		signals++;
		for (n = tpacket4_peek_all(&self->pd.ring); n; n--)
			ASSERT_OK(check(&self->pd, self->sender, SENDERS));
	}
	STATS();
	TH_LOG("%llu frames, %u signals", self->stats.ts_packets, signals);
}

/* The ring goes while frames are copied into it. */
TEST_F_TIMEOUT(senders, ring_goes, 120)
{
	__u32 rounds = 0;

	START(LARGE, -1);
	START(100, -1);
	START(1000, -1);
	while (pd_now(CLOCK_MONOTONIC) < self->end) {
		OPEN();
		ASSERT_GE(pd_wait(&self->pd, ENTRIES / 2, WAIT_MS), ENTRIES / 2);
		STATS();
		if (rounds++ % 2) {
			tpacket4_unmap(&self->pd.ring);
			ASSERT_EQ(pd_remove_ring(self->pd.fd), 0);
		}
		pd_close(&self->pd);
	}
	EXPECT_GT(rounds, 0);
}

TEST_HARNESS_MAIN
