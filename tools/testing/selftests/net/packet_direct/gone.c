// SPDX-License-Identifier: GPL-2.0
/*
 * PACKET_RX_DIRECT: a device that goes, with frames coming, while one of its queues is
 * leased.  The lease is lost, its owner is told, and nothing else happens.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/queue.h"

FIXTURE(gone) {
	struct pd_sock pd;
	struct pd_sock prepared;	/* on another queue */
	struct tpacket4_stats stats;
	struct tpacket4_info info;
	struct pd_nic nic;
	pid_t sender;
};

FIXTURE_SETUP(gone)
{
	self->pd.fd = -1;
	self->prepared.fd = -1;
	if (pd_nic_missing())
		SKIP(return, "%s", pd_nic_missing());
	ASSERT_OK(pd_nic_open(&self->nic));
	self->sender = fork();
	ASSERT_GE(self->sender, 0);
	if (!self->sender) {
		for (;;)
			pd_send(self->nic.tx, LEN, 0);
	}
}

static void stop(pid_t *pid)
{
	if (*pid > 0) {
		kill(*pid, SIGKILL);
		waitpid(*pid, NULL, 0);
	}
	*pid = 0;
}

FIXTURE_TEARDOWN(gone)
{
	stop(&self->sender);
	pd_close(&self->pd);
	pd_close(&self->prepared);
	pd_nic_close(&self->nic);
}

/* A device with one queue can have no other that is prepared. */
#define PREPARE_OTHER()							\
	do {								\
		__u32 _other = (self->nic.queue + 1) % self->nic.queues; \
		struct tpacket_req4 _req;				\
									\
		if (self->nic.queues == 1)				\
			break;						\
		pd_req(&_req, ENTRIES, 0, 2048);			\
		ASSERT_EQ(pd_open(&self->prepared, self->nic.ifname,	\
				  &_req), 0);				\
		ASSERT_EQ(pd_prepare(self->prepared.fd, _other), 0);	\
	} while (0)

#define EXPECT_TOLD()							\
	do {								\
		EXPECT_OK(told(&self->pd));				\
		if (self->prepared.fd < 0)				\
			break;						\
		EXPECT_OK(told(&self->prepared));			\
		EXPECT_EQ(pd_begin(self->prepared.fd), -EINVAL);	\
		EXPECT_EQ(pd_reason(self->prepared.fd),			\
			  PACKET_DIRECT_NOT_PREPARED);			\
	} while (0)

/* What the owner of a lost lease is told, or what is wrong. */
static const char *told(struct pd_sock *pd)
{
	struct pollfd pfd = { .fd = pd->fd, .events = POLLIN };
	socklen_t len = sizeof(int);
	int err = 0;

	if (pd->ring.ctrl->state != PACKET_DIRECT_LOST)
		return "the state is not LOST";
	if (poll(&pfd, 1, WAIT_MS) != 1 || !(pfd.revents & POLLHUP))
		return "poll() does not say POLLHUP";
	if (getsockopt(pd->fd, SOL_SOCKET, SO_ERROR, &err, &len) ||
	    err != ENETDOWN)
		return "the error is not ENETDOWN";
	return NULL;
}

/* A process with a network namespace of its own. */
static pid_t namespace(void)
{
	int pipefd[2];
	pid_t pid;
	char c;

	if (pipe(pipefd))
		return -1;
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNET) || write(pipefd[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(pipefd[1]);
	if (read(pipefd[0], &c, 1) != 1)
		stop(&pid);
	close(pipefd[0]);
	return pid;
}

/* It comes back, and its queue can be leased again. */
TEST_F_TIMEOUT(gone, moved_to_a_namespace, 60)
{
	pid_t there = namespace();

	ASSERT_GT(there, 0);
	PREPARE_OTHER();
	OPEN_LEASED();
	NEXT();
	ASSERT_EQ(pd_run("ip link set %s netns %d", self->nic.ifname, there), 0);
	EXPECT_TOLD();
	STATS();
	EXPECT_EQ(self->stats.ts_posted, 0);
	pd_close(&self->pd);

	EXPECT_EQ(pd_run("nsenter -t %d -n ip link set %s netns %d", there,
			 self->nic.ifname, getpid()), 0);
	stop(&there);
	stop(&self->sender);
	ASSERT_EQ(pd_if_up(self->nic.ifname, true), 0);
	OPEN_LEASED();
	RESUME();
	SEND(10, 0);
	TAKE(10, 0);
}

/* The last test, as there is no device afterwards. */
TEST_F_TIMEOUT(gone, removed, 60)
{
	const char *remove = getenv("PD_REMOVE");

	if (!remove)
		SKIP(return, "PD_REMOVE does not say how to remove PD_IFACE");
	PREPARE_OTHER();
	OPEN_LEASED();
	NEXT();
	ASSERT_EQ(pd_run("%s", remove), 0);
	EXPECT_TOLD();
	STATS();
	EXPECT_EQ(self->stats.ts_posted, 0);
}

TEST_HARNESS_MAIN
