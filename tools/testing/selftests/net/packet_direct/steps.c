// SPDX-License-Identifier: GPL-2.0
/*
 * PACKET_RX_DIRECT in two steps: PACKET_DIRECT_PREPARE claims a queue, which goes on to be
 * the stack's, and PACKET_DIRECT_BEGIN lets the lease begin, that of one socket or of
 * several at once.
 */
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <linux/packet_diag.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/queue.h"

#define SOCKS	4

FIXTURE(steps) {
	struct pd_sock pd;
	struct pd_sock peer[SOCKS - 1];
	int fds[SOCKS - 1];		/* of the peers */
	__u32 peers;			/* how many queues there are beside nic.queue */
	struct tpacket4_stats stats;
	struct tpacket4_info info;
	struct pd_nic nic;
	pid_t sender;
};

FIXTURE_SETUP(steps)
{
	int i;

	self->pd.fd = -1;
	for (i = 0; i < SOCKS - 1; i++)
		self->peer[i].fd = -1;
	if (pd_nic_missing())
		SKIP(return, "%s", pd_nic_missing());
	ASSERT_OK(pd_nic_open(&self->nic));
	self->peers = self->nic.queues < SOCKS ? self->nic.queues - 1 : SOCKS - 1;
}

static void stop(pid_t *pid)
{
	if (*pid > 0) {
		kill(*pid, SIGKILL);
		waitpid(*pid, NULL, 0);
	}
	*pid = 0;
}

FIXTURE_TEARDOWN(steps)
{
	int i;

	stop(&self->sender);
	pd_close(&self->pd);
	for (i = 0; i < SOCKS - 1; i++)
		pd_close(&self->peer[i]);
	pd_nic_close(&self->nic);
}

#define EXPECT_REFUSED(err, reason)					\
	do {								\
		int _refused = err;					\
									\
		EXPECT_OK(pd_refused(self->pd.fd, _refused, reason));	\
	} while (0)

#define PREPARE()							\
	do {								\
		int _err = pd_prepare(self->pd.fd, self->nic.queue);	\
									\
		ASSERT_OK(pd_refused(self->pd.fd, _err, PACKET_DIRECT_OK)); \
		pd_drain(&self->pd);					\
	} while (0)

#define OPEN_PREPARED()							\
	do {								\
		OPEN_RING(ENTRIES, 0, 2048);				\
		PREPARE();						\
	} while (0)

#define BEGIN()								\
	do {								\
		int _err = pd_begin(self->pd.fd);			\
									\
		ASSERT_OK(pd_refused(self->pd.fd, _err, PACKET_DIRECT_OK)); \
	} while (0)

/* The queue of the @i-th peer. */
#define QUEUE(i)	((self->nic.queue + 1 + (i)) % self->nic.queues)

#define OPEN_PEER(i)							\
	do {								\
		struct tpacket_req4 _req;				\
		__u32 _at = i;						\
									\
		pd_req(&_req, ENTRIES, 0, 2048);			\
		ASSERT_EQ(pd_open(&self->peer[_at], self->nic.ifname,	\
				  &_req), 0);				\
		self->fds[_at] = self->peer[_at].fd;			\
	} while (0)

#define PREPARE_PEERS()							\
	do {								\
		__u32 _i;						\
									\
		for (_i = 0; _i < self->peers; _i++) {			\
			if (self->peer[_i].fd < 0)			\
				OPEN_PEER(_i);				\
			ASSERT_EQ(pd_prepare(self->fds[_i], QUEUE(_i)), 0); \
			pd_drain(&self->peer[_i]);			\
		}							\
	} while (0)

#define STATE()								\
	({								\
		INFO(self->nic.queue);					\
		self->info.ti_state;					\
	})

/* The stack has the queue, and the ring gets nothing. */
#define EXPECT_STACK()							\
	do {								\
		ASSERT_EQ(pd_nic_steer(&self->nic, self->nic.queue), 0); \
		pd_nic_witnessed(&self->nic, 0);			\
		SEND(10, 500);						\
		EXPECT_EQ(pd_nic_witnessed_all(&self->nic, 10), 10);	\
		EXPECT_EQ(tpacket4_peek_all(&self->pd.ring), 0);	\
	} while (0)

/* The ring has the queue, and the stack gets nothing. */
#define EXPECT_DIRECT()							\
	do {								\
		RESUME();						\
		pd_nic_witnessed(&self->nic, 0);			\
		SEND(10, 700);						\
		TAKE(10, 700);						\
		EXPECT_EQ(pd_nic_witnessed(&self->nic, 100), 0);	\
	} while (0)

/* In column R, or -1. */
static int proc_running(int ifindex)
{
	int iface, running, found = -1;
	char line[256];
	FILE *f;

	f = fopen("/proc/net/packet", "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %*d %*u %*x %d %d", &iface, &running) == 2 &&
		    iface == ifindex && running > found)
			found = running;
	fclose(f);

	return found;
}

/* Claimed, and the stack's; then the ring's; then the stack's again. */
TEST_F(steps, prepare_begin_release)
{
	OPEN_PREPARED();
	EXPECT_EQ(STATE(), PACKET_DIRECT_PREPARED);
	EXPECT_EQ(self->info.ti_ifindex, self->pd.ifindex);
	EXPECT_EQ(self->info.ti_queue, self->nic.queue);
	EXPECT_EQ(self->info.ti_napi_id, 0);
	EXPECT_EQ(self->info.ti_query_reason, PACKET_DIRECT_QUEUE_LEASED);
	EXPECT_EQ(self->info.ti_query_pid, getpid());
	EXPECT_EQ(self->pd.ring.ctrl->state, PACKET_DIRECT_PREPARED);
	EXPECT_EQ(proc_running(self->pd.ifindex), 3);
	STATS();
	EXPECT_EQ(self->stats.ts_posted, 0);
	EXPECT_STACK();

	BEGIN();
	EXPECT_EQ(STATE(), PACKET_DIRECT_ACTIVE);
	EXPECT_TRUE(pd_napi_is_told(&self->info));
	EXPECT_EQ(proc_running(self->pd.ifindex), 2);
	EXPECT_DIRECT();
	STATS();
	EXPECT_EQ(self->stats.ts_drop_no_slot, 0);

	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	EXPECT_EQ(STATE(), PACKET_DIRECT_COPY);
	EXPECT_EQ(REASON(), PACKET_DIRECT_OK);
	SEND(10, 10);
	TAKE(10, 10);
}

/* What was copied before stays readable, few as it is. */
TEST_F(steps, copied_before)
{
	struct pollfd pfd = { .events = POLLIN };
	struct tpacket_req4 req;

	pd_req(&req, ENTRIES, 0, 2048);
	req.tp_wake_count = 100;
	OPEN_REQ(&req);
	SEND(10, 0);
	WAIT(10);
	pfd.fd = self->pd.fd;
	EXPECT_EQ(poll(&pfd, 1, 0), 0);
	ASSERT_EQ(pd_prepare(self->pd.fd, self->nic.queue), 0);
	EXPECT_EQ(poll(&pfd, 1, WAIT_MS), 1);
	BEGIN();
	TAKE(10, 0);
	EXPECT_EQ(poll(&pfd, 1, 0), 0);
}

/* Again and again, and with traffic: no slot is lost. */
TEST_F_TIMEOUT(steps, many_times, 120)
{
	int i;

	OPEN_RING(ENTRIES, 0, 2048);
	self->sender = fork();
	ASSERT_GE(self->sender, 0);
	if (!self->sender) {
		for (;;)
			pd_send(self->nic.tx, LEN, 0);
	}
	for (i = 0; i < 10; i++) {
		PREPARE();
		if (i % 3)
			BEGIN();
		if (i % 3 == 2)
			NEXT();
		pd_drain(&self->pd);
		ASSERT_EQ(pd_unlease(self->pd.fd), 0);
		STATS();
		EXPECT_EQ(self->stats.ts_posted, 0);
		EXPECT_EQ(self->stats.ts_bad_slot, 0);
	}
}

static int begin_without_rights(int fd, const int *peers, __u32 nr)
{
	if (pd_drop_caps())
		return 1;
	if (pd_prepare(fd, 0) != -EPERM ||
	    pd_reason(fd) != PACKET_DIRECT_NOT_ADMIN)
		return 2;

	return pd_together(fd, PACKET_DIRECT_BEGIN, peers, nr) ? 3 : 0;
}

/* Whoever was given the socket begins.  It still is the lease of the one that prepared. */
TEST_F(steps, begin_needs_no_right)
{
	OPEN_PREPARED();
	PREPARE_PEERS();
	CHILD(begin_without_rights(self->pd.fd, self->fds, self->peers));
	EXPECT_EQ(STATE(), PACKET_DIRECT_ACTIVE);
	EXPECT_EQ(self->info.ti_query_pid, getpid());
	EXPECT_DIRECT();
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	EXPECT_EQ(STATE(), PACKET_DIRECT_COPY);
}

TEST_F(steps, prepare_needs_the_right)
{
	OPEN_RING(ENTRIES, 0, 2048);
	ASSERT_EQ(pd_drop_caps(), 0);
	EXPECT_REFUSED(pd_prepare(self->pd.fd, self->nic.queue),
		       PACKET_DIRECT_NOT_ADMIN);
}

TEST_F(steps, another_process_releases)
{
	OPEN_PREPARED();
	CHILD(pd_unlease(self->pd.fd));
	EXPECT_EQ(STATE(), PACKET_DIRECT_LOST);
	EXPECT_REFUSED(pd_begin(self->pd.fd), PACKET_DIRECT_NOT_PREPARED);
	EXPECT_STACK();
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	EXPECT_EQ(STATE(), PACKET_DIRECT_COPY);
}

TEST_F(steps, refused)
{
	struct pd_sock second;
	struct tpacket_req4 req;
	int err;

	OPEN_RING(ENTRIES, 0, 2048);
	EXPECT_REFUSED(pd_begin(self->pd.fd), PACKET_DIRECT_NOT_PREPARED);
	EXPECT_REFUSED(pd_prepare(self->pd.fd, self->nic.queues +
				  (self->nic.keeper >= 0)),
		       PACKET_DIRECT_NO_QUEUE);
	PREPARE();
	EXPECT_REFUSED(pd_prepare(self->pd.fd, self->nic.queue),
		       PACKET_DIRECT_RING_LEASED);
	EXPECT_REFUSED(pd_lease(self->pd.fd, self->nic.queue),
		       PACKET_DIRECT_RING_LEASED);
	EXPECT_REFUSED(pd_remove_ring(self->pd.fd), PACKET_DIRECT_RING_LEASED);
	EXPECT_EQ(STATE(), PACKET_DIRECT_PREPARED);

	pd_req(&req, 64, 0, 2048);
	ASSERT_EQ(pd_open(&second, self->nic.ifname, &req), 0);
	err = pd_lease(second.fd, self->nic.queue);
	EXPECT_OK(pd_refused(second.fd, err, PACKET_DIRECT_QUEUE_LEASED));
	err = pd_prepare(second.fd, self->nic.queue);
	EXPECT_OK(pd_refused(second.fd, err, PACKET_DIRECT_QUEUE_LEASED));
	pd_close(&second);

	BEGIN();
	EXPECT_REFUSED(pd_begin(self->pd.fd), PACKET_DIRECT_NOT_PREPARED);
	EXPECT_DIRECT();
}

#define TOGETHER(flag, nr)	pd_together(self->pd.fd, flag, self->fds, nr)

/* None begins when one cannot. */
TEST_F_TIMEOUT(steps, peers_refused, 60)
{
	int file = fileno(stderr), plain, nic_peer;
	struct tpacket_req4 req;
	struct pd_sock other;

	if (!self->peers)
		SKIP(return, "%s has one queue", self->nic.ifname);
	OPEN_PREPARED();
	OPEN_PEER(0);
	EXPECT_REFUSED(TOGETHER(PACKET_DIRECT_BEGIN, 1),
		       PACKET_DIRECT_PEER_NOT_PREPARED);
	EXPECT_REFUSED(TOGETHER(PACKET_DIRECT_RELEASE, 1),
		       PACKET_DIRECT_PEER_NOT_LEASED);
	ASSERT_EQ(pd_lease(self->fds[0], QUEUE(0)), 0);
	EXPECT_REFUSED(TOGETHER(PACKET_DIRECT_BEGIN, 1),
		       PACKET_DIRECT_PEER_NOT_PREPARED);
	ASSERT_EQ(pd_unlease(self->fds[0]), 0);
	ASSERT_EQ(pd_prepare(self->fds[0], QUEUE(0)), 0);

	self->fds[1] = self->fds[0];
	EXPECT_REFUSED(TOGETHER(PACKET_DIRECT_BEGIN, 2),
		       PACKET_DIRECT_PEER_TWICE);
	EXPECT_REFUSED(TOGETHER(PACKET_DIRECT_RELEASE, 2),
		       PACKET_DIRECT_PEER_TWICE);
	self->fds[1] = self->pd.fd;
	EXPECT_REFUSED(TOGETHER(PACKET_DIRECT_BEGIN, 2),
		       PACKET_DIRECT_PEER_TWICE);
	self->fds[1] = 9999;
	EXPECT_REFUSED(TOGETHER(PACKET_DIRECT_BEGIN, 2),
		       PACKET_DIRECT_PEER_BAD_FD);
	self->fds[1] = -1;
	EXPECT_REFUSED(TOGETHER(PACKET_DIRECT_RELEASE, 2),
		       PACKET_DIRECT_PEER_BAD_FD);
	self->fds[1] = file;
	EXPECT_REFUSED(TOGETHER(PACKET_DIRECT_BEGIN, 2),
		       PACKET_DIRECT_PEER_NOT_V4);
	plain = socket(AF_PACKET, SOCK_RAW, 0);
	self->fds[1] = plain;
	EXPECT_REFUSED(TOGETHER(PACKET_DIRECT_BEGIN, 2),
		       PACKET_DIRECT_PEER_NOT_V4);
	close(plain);
	plain = socket(AF_UNIX, SOCK_STREAM, 0);
	self->fds[1] = plain;
	EXPECT_REFUSED(TOGETHER(PACKET_DIRECT_BEGIN, 2),
		       PACKET_DIRECT_PEER_NOT_V4);
	close(plain);
	EXPECT_EQ(pd_together(self->pd.fd, PACKET_DIRECT_BEGIN, (int *)8, 1),
		  -EFAULT);
	EXPECT_EQ(pd_together(self->pd.fd, PACKET_DIRECT_RELEASE, (int *)8, 1),
		  -EFAULT);

	pd_req(&req, ENTRIES, 0, 2048);
	ASSERT_EQ(pd_open(&other, self->nic.peer, &req), 0);
	nic_peer = pd_prepare(other.fd, 0);
	self->fds[1] = other.fd;
	if (!nic_peer) {
		EXPECT_REFUSED(TOGETHER(PACKET_DIRECT_BEGIN, 2),
			       PACKET_DIRECT_PEER_OTHER_DEVICE);
		EXPECT_REFUSED(TOGETHER(PACKET_DIRECT_RELEASE, 2),
			       PACKET_DIRECT_PEER_OTHER_DEVICE);
	} else {
		EXPECT_EQ(nic_peer, -EOPNOTSUPP);
	}
	pd_close(&other);

	EXPECT_EQ(STATE(), PACKET_DIRECT_PREPARED);
	EXPECT_EQ(self->peer[0].ring.ctrl->state, PACKET_DIRECT_PREPARED);
	EXPECT_STACK();
	ASSERT_EQ(TOGETHER(PACKET_DIRECT_BEGIN, 1), 0);
	EXPECT_EQ(self->peer[0].ring.ctrl->state, PACKET_DIRECT_ACTIVE);
	EXPECT_DIRECT();
}

/* Once the link is up again; how often it went down and up until then. */
static long long link_changes(const struct pd_nic *nic)
{
	char path[128];
	int err;

	err = pd_link_up(nic->ifname, nic->peer);
	if (err)
		return err;
	snprintf(path, sizeof(path), "/sys/class/net/%s/carrier_changes",
		 nic->ifname);

	return pd_read_number(path);
}

/* The queue of @pd has frames, and @pd has them. */
static const char *peer_gets(const struct pd_nic *nic, struct pd_sock *pd,
			     __u32 queue)
{
	struct pd_nic there = *nic;
	__u32 i;

	there.queue = queue;
	if (pd->ring.ctrl->state != PACKET_DIRECT_ACTIVE)
		return "its state is not ACTIVE";
	if (pd_nic_resume(&there, pd) || pd_send_many(nic->tx, 10, LEN, queue))
		return "nothing arrives";
	for (i = 0; i < 10; i++)
		if (pd_next(pd, &frame, WAIT_MS) <= 0 ||
		    pd_check(&frame, LEN, queue + i))
			return "other frames arrive";

	return NULL;
}

/* By AF_XDP a driver may restart the device for each queue. */
static bool as_one(long long changes, long long one, __u32 count)
{
	return pd_one_slot ? changes <= one * count : changes == one;
}

/* Where one queue's restart is felt by all, all begin by one, and end by one. */
TEST_F_TIMEOUT(steps, all_at_once, 120)
{
	long long one, many, before;
	__u32 i;

	if (!self->peers)
		SKIP(return, "%s has one queue", self->nic.ifname);
	OPEN_PREPARED();
	before = link_changes(&self->nic);
	BEGIN();
	one = link_changes(&self->nic) - before;
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);

	PREPARE();
	PREPARE_PEERS();
	before = link_changes(&self->nic);
	ASSERT_EQ(TOGETHER(PACKET_DIRECT_BEGIN, self->peers), 0);
	many = link_changes(&self->nic) - before;
	TH_LOG("carrier changes: %lld by one, %lld by %u", one, many,
	       self->peers + 1);
	EXPECT_TRUE(as_one(many, one, self->peers + 1));
	EXPECT_DIRECT();
	for (i = 0; i < self->peers; i++)
		EXPECT_OK(peer_gets(&self->nic, &self->peer[i], QUEUE(i)));

	before = link_changes(&self->nic);
	ASSERT_EQ(TOGETHER(PACKET_DIRECT_RELEASE, self->peers), 0);
	many = link_changes(&self->nic) - before;
	EXPECT_TRUE(as_one(many, one, self->peers + 1));
	EXPECT_EQ(STATE(), PACKET_DIRECT_COPY);
	for (i = 0; i < self->peers; i++) {
		EXPECT_EQ(self->peer[i].ring.ctrl->state, PACKET_DIRECT_LOST);
		EXPECT_EQ(pd_query_reason(self->nic.ifname, QUEUE(i)),
			  PACKET_DIRECT_OK);
		ASSERT_EQ(pd_stats(self->fds[i], &self->stats), 0);
		EXPECT_EQ(self->stats.ts_posted, 0);
		EXPECT_TRUE(pd_sum_ok(&self->peer[i], &self->stats));
	}
	ASSERT_EQ(pd_nic_steer(&self->nic, self->nic.queue), 0);
	pd_drain(&self->pd);
	SEND(10, 0);
	TAKE(10, 0);
}

/* All queues of the device, queue 0 among them, whatever their order. */
TEST_F_TIMEOUT(steps, all_but_one_begin_with_it, 120)
{
	__u32 i;

	if (!self->peers)
		SKIP(return, "%s has one queue", self->nic.ifname);
	OPEN_PREPARED();
	PREPARE_PEERS();
	ASSERT_EQ(pd_together(self->fds[self->peers - 1], PACKET_DIRECT_BEGIN,
			      self->fds, self->peers - 1), 0);
	EXPECT_EQ(STATE(), PACKET_DIRECT_PREPARED);
	EXPECT_STACK();
	for (i = 0; i < self->peers; i++)
		EXPECT_OK(peer_gets(&self->nic, &self->peer[i], QUEUE(i)));
	BEGIN();
	EXPECT_DIRECT();

	/* prepared ones end with others, too */
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	PREPARE();
	ASSERT_EQ(pd_together(self->fds[0], PACKET_DIRECT_RELEASE, &self->pd.fd,
			      1), 0);
	EXPECT_EQ(STATE(), PACKET_DIRECT_LOST);
	EXPECT_EQ(REASON(), PACKET_DIRECT_OK);
	EXPECT_EQ(self->peer[0].ring.ctrl->state, PACKET_DIRECT_COPY);
	for (i = 1; i < self->peers; i++)
		EXPECT_OK(peer_gets(&self->nic, &self->peer[i], QUEUE(i)));
}

/* The lease goes with the socket, begun or not, however that ends. */
TEST_F_TIMEOUT(steps, killed, 60)
{
	pid_t victim;
	int i, pipefd[2];
	char c;

	for (i = 0; i < 4; i++) {
		ASSERT_EQ(pipe(pipefd), 0);
		victim = fork();
		ASSERT_GE(victim, 0);
		if (!victim) {
			OPEN_PREPARED();
			PREPARE_PEERS();
			if (i % 2)
				TOGETHER(PACKET_DIRECT_BEGIN, self->peers);
			if (write(pipefd[1], "x", 1) == 1)
				pause();
			_exit(1);
		}
		ASSERT_EQ(read(pipefd[0], &c, 1), 1);
		EXPECT_EQ(REASON(), PACKET_DIRECT_QUEUE_LEASED);
		kill(victim, SIGKILL);
		waitpid(victim, NULL, 0);
		EXPECT_EQ(pd_wait_reason(self->nic.ifname, self->nic.queue,
					 PACKET_DIRECT_OK, WAIT_MS),
			  PACKET_DIRECT_OK);
		close(pipefd[0]);
		close(pipefd[1]);
	}
	OPEN_RING(ENTRIES, 0, 2048);
	ASSERT_EQ(pd_nic_steer(&self->nic, self->nic.queue), 0);
	pd_drain(&self->pd);
	SEND(10, 0);
	TAKE(10, 0);
}

/* A child's copy of the socket keeps what is prepared. */
TEST_F(steps, fork_keeps_it)
{
	int pipefd[2];
	pid_t pid;
	char c;

	OPEN_PREPARED();
	ASSERT_EQ(pipe(pipefd), 0);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		close(pipefd[1]);
		_exit(read(pipefd[0], &c, 1) < 0);
	}
	pd_close(&self->pd);
	EXPECT_EQ(REASON(), PACKET_DIRECT_QUEUE_LEASED);
	close(pipefd[1]);
	ASSERT_EQ(waitpid(pid, NULL, 0), pid);
	EXPECT_EQ(REASON(), PACKET_DIRECT_OK);
}

static int take_error(int fd)
{
	socklen_t len = sizeof(int);
	int err = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) ? -errno : err;
}

TEST_F_TIMEOUT(steps, down_and_up, 60)
{
	OPEN_PREPARED();
	ASSERT_EQ(pd_if_up(self->nic.ifname, false), 0);
	EXPECT_EQ(take_error(self->pd.fd), ENETDOWN);
	EXPECT_EQ(STATE(), PACKET_DIRECT_PREPARED);
	BEGIN();
	EXPECT_EQ(STATE(), PACKET_DIRECT_DOWN);
	ASSERT_EQ(pd_link_up(self->nic.ifname, self->nic.peer), 0);
	EXPECT_EQ(STATE(), PACKET_DIRECT_ACTIVE);
	EXPECT_DIRECT();

	/* a device that comes up puts no socket back on the stack */
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	PREPARE();
	ASSERT_EQ(pd_if_up(self->nic.ifname, false), 0);
	ASSERT_EQ(pd_link_up(self->nic.ifname, self->nic.peer), 0);
	EXPECT_EQ(STATE(), PACKET_DIRECT_PREPARED);
	EXPECT_STACK();
	BEGIN();
	EXPECT_DIRECT();
}

/* What a lease outlives, a prepared one does, too. */
TEST_F_TIMEOUT(steps, reconfiguration, 120)
{
	static const char * const cmd[] = {
		"ethtool -G %s rx 256", "ip link set %s mtu 4000",
		"ip link set %s promisc on", "ethtool -G %s rx 512",
		"ip link set %s mtu 1500", "ip link set %s promisc off",
	};
	char line[128];
	size_t i;
	int err;

	OPEN_RING(ENTRIES, 0, 2048);
	for (i = 0; i < ARRAY_SIZE(cmd); i++) {
		PREPARE();
		snprintf(line, sizeof(line), cmd[i], self->nic.ifname);
		TH_LOG("%s", line);
		/* the keeper's frames have to fit, too */
		if (!pd_one_slot || !strstr(line, "mtu 4000"))
			ASSERT_EQ(pd_run("%s", line), 0);
		EXPECT_EQ(STATE(), PACKET_DIRECT_PREPARED);
		BEGIN();
		EXPECT_DIRECT();
		ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	}
	PREPARE();
	err = pd_if_reset(self->nic.ifname);
	if (err != -EOPNOTSUPP)
		ASSERT_EQ(err, 0);
	EXPECT_EQ(STATE(), PACKET_DIRECT_PREPARED);
	BEGIN();
	EXPECT_DIRECT();
	STATS();
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
}

TEST_F(steps, channels_are_kept)
{
	if (!self->nic.queue)
		SKIP(return, "queue 0 is always there");
	OPEN_PREPARED();
	EXPECT_NE(pd_run("ethtool -L %s combined %u 2>/dev/null",
			 self->nic.ifname, self->nic.queue), 0);
	EXPECT_NE(pd_run("ethtool -L %s rx %u 2>/dev/null",
			 self->nic.ifname, self->nic.queue), 0);
	EXPECT_EQ(STATE(), PACKET_DIRECT_PREPARED);
}

static __u8 umem[16 * 4096] __attribute__((aligned(4096)));

/* An AF_XDP socket on a queue, by copy, for which no driver is asked.  0 or a negative
 * errno.
 */
static int xsk_bind(int ifindex, __u32 queue)
{
	struct xdp_umem_reg reg = {
		.addr = (unsigned long)umem, .len = sizeof(umem),
		.chunk_size = 4096,
	};
	struct sockaddr_xdp addr = {
		.sxdp_family = AF_XDP, .sxdp_flags = XDP_COPY,
		.sxdp_ifindex = ifindex, .sxdp_queue_id = queue,
	};
	static const int rings[] = {
		XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING,
	};
	int fd = socket(AF_XDP, SOCK_RAW, 0), entries = 16, err = 0;
	size_t i;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)))
		err = -errno;
	for (i = 0; !err && i < ARRAY_SIZE(rings); i++)
		if (setsockopt(fd, SOL_XDP, rings[i], &entries, sizeof(entries)))
			err = -errno;
	if (!err && bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		err = -errno;
	close(fd);

	return err;
}

/* Attaches an XDP program to the driver, and takes it away.  0 or a negative errno. */
static int xdp_attach(int ifindex)
{
	struct bpf_insn insn[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (unsigned long)insn, .insn_cnt = ARRAY_SIZE(insn),
		.license = (unsigned long)"GPL",
	};
	union bpf_attr link = {
		.link_create.target_ifindex = ifindex,
		.link_create.attach_type = BPF_XDP,
		.link_create.flags = XDP_FLAGS_DRV_MODE,
	};
	int prog, fd, err;

	prog = syscall(__NR_bpf, BPF_PROG_LOAD, &load, sizeof(load));
	if (prog < 0)
		return -errno;
	link.link_create.prog_fd = prog;
	fd = syscall(__NR_bpf, BPF_LINK_CREATE, &link, sizeof(link));
	err = fd < 0 ? -errno : 0;
	close(prog);
	if (fd >= 0)
		close(fd);

	return err;
}

/* Those that a leased queue refuses are refused by a claimed one. */
TEST_F_TIMEOUT(steps, rivals_are_refused, 60)
{
	int xsk, xdp;

	OPEN_PREPARED();
	xsk = xsk_bind(self->pd.ifindex, self->nic.queue);
	xdp = xdp_attach(self->pd.ifindex);
	EXPECT_EQ(STATE(), PACKET_DIRECT_PREPARED);
	pd_close(&self->pd);
	pd_nic_end_keeper(&self->nic);
	EXPECT_EQ(REASON(), PACKET_DIRECT_OK);
	if (xsk != -EAFNOSUPPORT) {
		EXPECT_EQ(xsk, -EBUSY);
		EXPECT_EQ(xsk_bind(if_nametoindex(self->nic.ifname),
				   self->nic.queue), 0);
	}
	EXPECT_EQ(xdp, -EBUSY);
	EXPECT_NE(xdp_attach(if_nametoindex(self->nic.ifname)), -EBUSY);
	/* a work queue ends AF_XDP */
	EXPECT_EQ(pd_wait_reason(self->nic.ifname, self->nic.queue,
				 PACKET_DIRECT_OK, WAIT_MS), PACKET_DIRECT_OK);
}

TEST_F(steps, packet_diag)
{
	struct packet_diag_direct ring;
	struct packet_diag_info info;
	int err;

	OPEN_PREPARED();
	err = pd_diag(self->pd.fd, &info, &ring);
	if (err == -ENOENT)
		SKIP(return, "no packet_diag");
	ASSERT_EQ(err, 0);
	EXPECT_EQ(ring.pdd_state, PACKET_DIRECT_PREPARED);
	EXPECT_EQ(ring.pdd_queue, self->nic.queue);
}

TEST_HARNESS_MAIN
