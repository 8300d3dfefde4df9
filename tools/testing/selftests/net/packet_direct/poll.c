// SPDX-License-Identifier: GPL-2.0
/*
 * How a TPACKET_V4 ring wakes its reader: poll(), epoll, tp_wake_count and
 * tp_wake_usecs.  recvmsg() is the kick and never returns a frame.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/ring.h"

static int poll_now(int fd, int msecs)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	if (poll(&pfd, 1, msecs) < 0)
		return -errno;

	return pfd.revents;
}

/* poll() sleeps while seen equals prod, also when entries are held. */
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

	/* A store to cons does not change seen. */
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

/* The frame wakes a sleeper before its time limit does. */
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
	tpacket4_advance(&self->pd.ring, 2);
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

/* The third frame wakes a sleeper that asked for three, once. */
TEST_F(ring, wake_count_sleeping)
{
	pthread_t thread;
	__u64 start;

	OPEN_WAKE(16, 3, 0);
	start = pd_now(CLOCK_MONOTONIC);
	ASSERT_EQ(pthread_create(&thread, NULL, send_three, &self->tx), 0);
	EXPECT_EQ(poll_now(self->pd.fd, 20000), POLLIN);
	EXPECT_LT(pd_now(CLOCK_MONOTONIC) - start, 10 * 1000000000ULL);
	EXPECT_EQ(tpacket4_peek_all(&self->pd.ring), 3);
	pthread_join(thread, NULL);
	STATS();
	EXPECT_EQ(self->stats.ts_wakeups, 1);
}

/* Fewer wake it when the oldest unseen entry is old enough. */
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

	/* The timer works a second time. */
	SEND(1, 1);
	EXPECT_EQ(poll_now(self->pd.fd, 20000) & POLLIN, POLLIN);
	READ(1, 1);

	/* And the count wakes before the time. */
	start = pd_now(CLOCK_MONOTONIC);
	SEND(8, 2);
	EXPECT_EQ(poll_now(self->pd.fd, 20000) & POLLIN, POLLIN);
	READ(8, 2);
}

#define TRIES	5

/* The time counts from the oldest unseen entry.  It does not count from the call of
 * poll(), which finds no timer since that of an earlier entry, seen meanwhile, is over.
 * On a busy machine poll() may return late, but not each time.
 */
TEST_F(ring, wake_usecs_remaining)
{
	__u64 called, waited = -1;
	__u32 i;

	OPEN_WAKE(16, 8, 1000000);
	for (i = 0; i < TRIES && waited >= 1000000000; i++) {
		SEND(1, 2 * i);
		READ(1, 2 * i);
		usleep(400000);
		SEND(1, 2 * i + 1);
		WAIT(1);
		usleep(700000);
		called = pd_now(CLOCK_MONOTONIC);
		EXPECT_EQ(poll_now(self->pd.fd, 20000) & POLLIN, POLLIN);
		waited = pd_now(CLOCK_MONOTONIC) - called;
		READ(1, 2 * i + 1);
		RELEASE(2);
	}
	EXPECT_LT(waited, 1000000000);
}

/* How many epoll sets there are, and descriptors of the socket in each. */
#define SETS	32

static int watch(int set, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };

	return epoll_ctl(set, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

/* The timer of an entry that was seen meanwhile wakes a sleeper.  The sleeper starts the
 * timer again for the next entry, on another CPU, while the timer's function still runs.
 * It runs long because it has many others to wake after that sleeper.
 */
TEST_F_TIMEOUT(ring, wake_usecs_while_timer_runs, 120)
{
	int set[SETS], copy[SETS];
	__u64 start;
	__u32 i, j;

	OPEN_WAKE(16, 8, 200000);
	for (i = 0; i < SETS; i++) {
		set[i] = epoll_create1(0);
		copy[i] = dup(self->pd.fd);
		ASSERT_GE(set[i], 0);
		ASSERT_GE(copy[i], 0);
	}
	for (i = 0; i < SETS; i++)
		for (j = 0; j < SETS; j++)
			ASSERT_EQ(watch(set[i], copy[j]), 0);

	for (i = 0; i < TRIES; i++) {
		ASSERT_EQ(pd_pin(0), 0);
		SEND(1, 2 * i);
		READ(1, 2 * i);
		usleep(100000);
		SEND(1, 2 * i + 1);
		if (pd_pin(1))
			SKIP(return, "one CPU");
		start = pd_now(CLOCK_MONOTONIC);
		ASSERT_EQ(poll_now(self->pd.fd, 10000) & POLLIN, POLLIN);
		ASSERT_LT(pd_now(CLOCK_MONOTONIC) - start, 5 * 1000000000ULL);
		READ(1, 2 * i + 1);
		RELEASE(2);
	}
}

/* A sleeper that tp_wake_usecs wakes is counted as woken. */
TEST_F(ring, wake_usecs_is_counted)
{
	pthread_t thread;

	OPEN_WAKE(16, 8, 100000);
	ASSERT_EQ(pthread_create(&thread, NULL, send_later, &self->tx), 0);
	EXPECT_EQ(poll_now(self->pd.fd, 20000), POLLIN);
	pthread_join(thread, NULL);
	STATS();
	EXPECT_EQ(self->stats.ts_wakeups, 1);
}

#define BURST	8

static void *sleep_idle(void *arg)
{
	struct sched_param param = {};

	sched_setscheduler(0, SCHED_IDLE, &param);

	return (void *)(long)poll_now(*(int *)arg, 20000);
}

/* Only the first frame wakes a sleeper that does not get to run, and then the next
 * sleeper, another one.
 */
TEST_F(ring, woken_once)
{
	__u32 i, sleeper;
	pthread_t thread;
	void *events;

	OPEN(16, 0);
	ASSERT_EQ(pd_pin(0), 0);
	for (sleeper = 1; sleeper <= 2; sleeper++) {
		ASSERT_EQ(pthread_create(&thread, NULL, sleep_idle,
					 &self->pd.fd), 0);
		usleep(200000);
		for (i = 0; i < BURST; i++)
			SEND(1, i);
		pthread_join(thread, &events);
		EXPECT_EQ((long)events, POLLIN);
		READ(BURST, 0);
		STATS();
		EXPECT_EQ(self->stats.ts_wakeups, sleeper);
		RELEASE(BURST);
	}
}

/* A full ring wakes a sleeper that waits for more entries, since none will come. */
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

/* The sleeper is woken by the full ring, not by the end of its own time limit. */
TEST_F(ring, wake_when_full_sleeping)
{
	pthread_t thread;
	__u64 start;

	OPEN_WAKE(8, 8, 0);
	SEND(6, 0);
	READ(6, 0);
	start = pd_now(CLOCK_MONOTONIC);
	ASSERT_EQ(pthread_create(&thread, NULL, send_two, &self->tx), 0);
	EXPECT_EQ(poll_now(self->pd.fd, 10000) & POLLIN, POLLIN);
	EXPECT_LT(pd_now(CLOCK_MONOTONIC) - start, 5 * 1000000000ULL);
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

TEST_HARNESS_MAIN
