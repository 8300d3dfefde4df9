// SPDX-License-Identifier: GPL-2.0
/*
 * Who waits for whom.  A reader does not wait for those who configure devices, a capture
 * does not wait for attempts that are refused, and a killed process waits for nobody.
 *
 *	PD_IFACE, PD_QUEUE, PD_PEER	as in lib/nic.h
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/queue.h"

/* net/packet/direct_test/direct_test.h */
#define HOLD_RTNL	_IO(0xbd, 4)
#define HOLD_MS		30000
#define SOON_NS		(10 * 1000000000ULL)

/* Somebody who holds RTNL. */
struct holder {
	pid_t	pid;
	int	status;
};

static int hold_rtnl(struct holder *holder)
{
	int fd = open("/dev/packet_direct_test", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	holder->pid = fork();
	if (!holder->pid)
		_exit(!!ioctl(fd, HOLD_RTNL, HOLD_MS));
	close(fd);
	usleep(200000);

	return holder->pid < 0 ? -errno : 0;
}

/* Whether RTNL was held until now. */
static bool still_held(struct holder *holder)
{
	bool held = !waitpid(holder->pid, &holder->status, WNOHANG);

	if (held) {
		kill(holder->pid, SIGKILL);
		waitpid(holder->pid, &holder->status, 0);
	}

	return held;
}

static int ask_statistics(int fd)
{
	struct tpacket_stats st;
	socklen_t len = sizeof(st);

	return getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &st, &len);
}

static int ask_v4_statistics(int fd)
{
	struct tpacket4_stats stats;

	return pd_stats(fd, &stats);
}

/* Also those who have nothing to do with the socket. */
static int ask_diag(int fd)
{
	struct tpacket4_stats stats;
	int err = pd_diag_stats(fd, &stats);

	return err == -ENOENT ? 0 : err;
}

static int ask_layout(int fd)
{
	struct tpacket4_layout layout = {};
	socklen_t len = sizeof(layout);

	return getsockopt(fd, SOL_PACKET, PACKET_RX_RING, &layout, &len);
}

/* Up to what only the driver knows. */
static int ask_state(int fd)
{
	struct tpacket4_info info = {};
	socklen_t len = offsetof(struct tpacket4_info, ti_queue_nr);

	return getsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, &info, &len);
}

static int ask_info(int fd)
{
	struct tpacket4_info info = {};

	return pd_info(fd, &info);
}

static int ask_frames(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 0) < 0;
}

static int ask_for_a_queue(int fd)
{
	return pd_lease(fd, 0) != -EOPNOTSUPP;
}

static const struct question {
	const char	*name;
	int		(*ask)(int fd);
	bool		of_driver;	/* a driver that can lease is asked */
} questions[] = {
	{ "PACKET_STATISTICS", ask_statistics },
	{ "PACKET_V4_STATISTICS", ask_v4_statistics },
	{ "packet_diag", ask_diag },
	{ "PACKET_RX_RING", ask_layout },
	{ "PACKET_RX_DIRECT, the state", ask_state },
	{ "PACKET_RX_DIRECT, all of it", ask_info, true },
	{ "poll()", ask_frames },
	{ "a lease", ask_for_a_queue, true },
};

/* With @driver, which can lease, questions to the driver are left out. */
static const char *ask_all(int fd, bool driver)
{
	struct holder holder;
	__u64 start;
	size_t i;

	if (hold_rtnl(&holder))
		return "RTNL is not held";
	for (i = 0; i < ARRAY_SIZE(questions); i++) {
		if (questions[i].of_driver && driver)
			continue;
		start = pd_now(CLOCK_MONOTONIC);
		if (questions[i].ask(fd) ||
		    pd_now(CLOCK_MONOTONIC) - start >= SOON_NS)
			return questions[i].name;
	}

	return still_held(&holder) ? NULL : "RTNL is not held any more";
}

/* Sends and counts until it is stopped. */
struct sender {
	int		fd;
	__u32		sent;
	bool		stop;
};

#define MOST		4000

static void *sender_main(void *arg)
{
	struct sender *sender = arg;

	while (sender->sent < MOST &&
	       !__atomic_load_n(&sender->stop, __ATOMIC_RELAXED)) {
		if (pd_send_many(sender->fd, 8, LEN, sender->sent))
			break;
		__atomic_fetch_add(&sender->sent, 8, __ATOMIC_RELAXED);
		usleep(1000);
	}

	return NULL;
}

#define REFUSALS	100
#define ENOUGH		200

/* Until there were enough refusals, and enough frames meanwhile. */
static bool goes_on(int i, const struct sender *sender)
{
	return i < REFUSALS ||
	       __atomic_load_n(&sender->sent, __ATOMIC_RELAXED) < ENOUGH;
}

/* Two attempts that are refused.  Returns what is wrong, or NULL. */
static const char *refuse(int fd, __u32 queue, int reason)
{
	const char *why = pd_refused(fd, pd_lease(fd, queue), reason);

	return why ?: pd_refused(fd, pd_remove_ring(fd), PACKET_DIRECT_RING_MAPPED);
}

static __u32 stop(struct sender *sender, pthread_t thread)
{
	__atomic_store_n(&sender->stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);

	return sender->sent;
}

#define EXPECT_ALL(number)						\
	do {								\
		__u32 _number = number;					\
									\
		EXPECT_GE(_number, ENOUGH);				\
		pd_wait(&self->pd, _number, WAIT_MS);			\
		STATS();						\
		EXPECT_EQ(self->stats.ts_packets, _number);		\
	} while (0)

FIXTURE(wait) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	int tx;
};

FIXTURE_SETUP(wait)
{
	struct tpacket_req4 req;

	self->pd.fd = -1;
	self->tx = -1;
	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	self->tx = pd_veth_tx("pd0", "pd1");
	ASSERT_GE(self->tx, 0);
	pd_req(&req, 4096, 0, 1024);
	ASSERT_EQ(pd_open(&self->pd, "pd1", &req), 0);
}

FIXTURE_TEARDOWN(wait)
{
	pd_close(&self->pd);
	if (self->tx >= 0)
		close(self->tx);
}

/* The driver of this device cannot lease, so nobody asks it. */
TEST_F(wait, nobody_waits_for_rtnl)
{
	if (access("/dev/packet_direct_test", F_OK))
		SKIP(return, "no /dev/packet_direct_test");
	EXPECT_OK(ask_all(self->pd.fd, false));
}

TEST_F(wait, refusals_cost_no_frames)
{
	struct sender sender = { .fd = self->tx };
	pthread_t thread;
	int i;

	ASSERT_EQ(pthread_create(&thread, NULL, sender_main, &sender), 0);
	for (i = 0; goes_on(i, &sender); i++)
		ASSERT_OK(refuse(self->pd.fd, 0, pd_by() == PACKET_DIRECT_XSK ?
				 PACKET_DIRECT_NO_XSK : PACKET_DIRECT_NO_DRIVER));
	EXPECT_ALL(stop(&sender, thread));
}

FIXTURE(wait_nic) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	struct tpacket4_info info;
	struct pd_nic nic;
};

FIXTURE_SETUP(wait_nic)
{
	self->pd.fd = -1;
	if (pd_nic_missing())
		SKIP(return, "%s", pd_nic_missing());
	ASSERT_OK(pd_nic_open(&self->nic));
}

FIXTURE_TEARDOWN(wait_nic)
{
	pd_close(&self->pd);
	pd_nic_close(&self->nic);
}

TEST_F(wait_nic, reader_does_not_wait_for_rtnl)
{
	if (access("/dev/packet_direct_test", F_OK))
		SKIP(return, "no /dev/packet_direct_test");
	OPEN_LEASED();
	EXPECT_OK(ask_all(self->pd.fd, true));
	SEND(10, 0);
	TAKE(10, 0);
}

TEST_F(wait_nic, refusals_cost_no_frames)
{
	struct sender sender = { .fd = self->nic.tx };
	struct tpacket_req4 req;
	struct pd_sock other;
	pthread_t thread;
	__u32 taken;
	int i;

	if (self->nic.queues < 2)
		SKIP(return, "%s has one queue", self->nic.ifname);
	OPEN_RING(4096, 0, 2048);
	taken = (self->nic.queue + 1) % self->nic.queues;
	pd_req(&req, 64, 0, 2048);
	ASSERT_EQ(pd_open(&other, self->nic.ifname, &req), 0);
	ASSERT_EQ(pd_lease(other.fd, taken), 0);
	ASSERT_EQ(pd_link_up(self->nic.ifname, NULL), 0);

	ASSERT_EQ(pthread_create(&thread, NULL, sender_main, &sender), 0);
	for (i = 0; goes_on(i, &sender); i++) {
		ASSERT_OK(refuse(self->pd.fd, taken, PACKET_DIRECT_QUEUE_LEASED));
		/* one more may be the keeper's */
		ASSERT_OK(refuse(self->pd.fd, self->nic.queues + 1,
				 PACKET_DIRECT_NO_QUEUE));
	}
	EXPECT_ALL(stop(&sender, thread));
	pd_close(&other);
}

/* A process can be killed while it waits for RTNL to ask for the limits, to lease or to
 * release.
 */
TEST_F(wait_nic, killed_while_it_waits)
{
	struct tpacket4_info info = {};
	struct holder holder;
	int what, status;
	__u64 start;
	pid_t pid;

	if (access("/dev/packet_direct_test", F_OK))
		SKIP(return, "no /dev/packet_direct_test");
	OPEN_RING(ENTRIES, 0, 2048);
	for (what = 0; what < 3; what++) {
		if (what == 2)
			LEASE();
		ASSERT_EQ(hold_rtnl(&holder), 0);
		pid = fork();
		ASSERT_GE(pid, 0);
		if (!pid) {
			if (what == 0)
				pd_info(self->pd.fd, &info);
			else if (what == 1)
				pd_lease(self->pd.fd, self->nic.queue);
			else
				pd_unlease(self->pd.fd);
			_exit(1);
		}
		usleep(100000);
		EXPECT_EQ(waitpid(pid, &status, WNOHANG), 0);
		start = pd_now(CLOCK_MONOTONIC);
		kill(pid, SIGKILL);
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT_TRUE(WIFSIGNALED(status));
		EXPECT_LT(pd_now(CLOCK_MONOTONIC) - start, SOON_NS);
		EXPECT_TRUE(still_held(&holder));
	}
	EXPECT_EQ(pd_query_reason(self->nic.ifname, self->nic.queue),
		  PACKET_DIRECT_QUEUE_LEASED);
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
}

TEST_HARNESS_MAIN
