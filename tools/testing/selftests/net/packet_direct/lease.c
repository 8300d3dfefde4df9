// SPDX-License-Identifier: GPL-2.0
/*
 * PACKET_RX_DIRECT: how a lease begins, lasts and ends.  Who gets a queue and who is
 * refused, what a lease outlives, who can see it.  Afterwards the stack has its queue
 * back.
 */
#include <fcntl.h>
#include <linux/packet_diag.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/queue.h"

FIXTURE(lease) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	struct tpacket4_info info;
	struct pd_nic nic;
};

FIXTURE_SETUP(lease)
{
	self->pd.fd = -1;
	if (pd_nic_missing())
		SKIP(return, "%s", pd_nic_missing());
	ASSERT_OK(pd_nic_open(&self->nic));
}

FIXTURE_TEARDOWN(lease)
{
	pd_close(&self->pd);
	pd_nic_close(&self->nic);
}

/* After the release copy mode fills the same ring. */
TEST_F(lease, release_copies)
{
	OPEN_LEASED();
	SEND(10, 0);
	TAKE(10, 0);
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	INFO(self->nic.queue);
	EXPECT_EQ(self->info.ti_state, PACKET_DIRECT_COPY);
	EXPECT_EQ(self->info.ti_ifindex, 0);
	EXPECT_EQ(self->info.ti_napi_id, 0);
	EXPECT_EQ(self->info.ti_query_reason, PACKET_DIRECT_OK);
	EXPECT_EQ(self->pd.ring.ctrl->state, PACKET_DIRECT_COPY);

	SEND(10, 10);
	TAKE(10, 10);
	EXPECT_TRUE(frame.hdr.tp_flags & TPACKET4_SLL);
	LEASE();
	SEND(10, 20);
	TAKE(10, 20);
	EXPECT_FALSE(frame.hdr.tp_flags & TPACKET4_SLL);
	STATS();
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
}

TEST_F_TIMEOUT(lease, lease_and_release, 120)
{
	int i;

	OPEN_RING(ENTRIES, 0, 2048);
	for (i = 0; i < 30; i++) {
		LEASE();
		SEND(5, i);
		TAKE(5, i);
		ASSERT_EQ(pd_unlease(self->pd.fd), 0);
		STATS();
		EXPECT_EQ(self->stats.ts_posted, 0);
	}
}

TEST_F(lease, close_gives_back)
{
	OPEN_LEASED();
	EXPECT_EQ(REASON(), PACKET_DIRECT_QUEUE_LEASED);
	pd_close(&self->pd);
	EXPECT_EQ(REASON(), PACKET_DIRECT_OK);
	SEND(10, 0);
	EXPECT_EQ(pd_nic_witnessed_all(&self->nic, 10), 10);
}

/* A mapping keeps the lease, and frames go on arriving in it. */
TEST_F(lease, mapping_keeps_the_lease)
{
	OPEN_LEASED();
	close(self->pd.fd);
	self->pd.fd = -1;
	EXPECT_EQ(REASON(), PACKET_DIRECT_QUEUE_LEASED);
	SEND(10, 0);
	TAKE(10, 0);
	tpacket4_unmap(&self->pd.ring);
	EXPECT_EQ(REASON(), PACKET_DIRECT_OK);
}

TEST_F(lease, fork_keeps_the_lease)
{
	int status, pipefd[2];
	pid_t pid;
	char c;

	OPEN_LEASED();
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
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(REASON(), PACKET_DIRECT_OK);
}

/* A reader whose queue somebody else gave back sees the end, not the frames of the
 * whole device.  poll() without a time limit returns.
 */
#define EXPECT_LOST()							\
	do {								\
		struct pollfd _pfd = { .fd = self->pd.fd,		\
				       .events = POLLIN };		\
		socklen_t _len = sizeof(int);				\
		int _err = 0;						\
									\
		INFO(self->nic.queue);					\
		EXPECT_EQ(self->info.ti_state, PACKET_DIRECT_LOST);	\
		EXPECT_EQ(self->info.ti_ifindex, 0);			\
		EXPECT_EQ(self->info.ti_query_reason, PACKET_DIRECT_OK); \
		EXPECT_EQ(self->pd.ring.ctrl->state, PACKET_DIRECT_LOST); \
		EXPECT_EQ(poll(&_pfd, 1, WAIT_MS), 1);			\
		EXPECT_EQ(_pfd.revents, POLLERR | POLLHUP);		\
		ASSERT_EQ(getsockopt(self->pd.fd, SOL_SOCKET, SO_ERROR,	\
				     &_err, &_len), 0);			\
		EXPECT_EQ(_err, ENETDOWN);				\
		EXPECT_EQ(poll(&_pfd, 1, WAIT_MS), 1);			\
		EXPECT_EQ(_pfd.revents, POLLHUP);			\
		SEND(20, 1000);						\
		EXPECT_EQ(pd_nic_witnessed_all(&self->nic, 20), 20);	\
		EXPECT_EQ(tpacket4_peek_all(&self->pd.ring), 0);	\
	} while (0)

TEST_F(lease, another_process_releases)
{
	OPEN_LEASED();
	SEND(10, 0);
	TAKE(10, 0);
	pd_nic_witnessed(&self->nic, 0);
	CHILD(pd_unlease(self->pd.fd));
	EXPECT_LOST();
	CHILD(pd_unlease(self->pd.fd) != -EINVAL);
	EXPECT_EQ(pd_reason(self->pd.fd), PACKET_DIRECT_NOT_LEASED);

	/* The process that leased may go on by copy. */
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	INFO(self->nic.queue);
	EXPECT_EQ(self->info.ti_state, PACKET_DIRECT_COPY);
	SEND(10, 10);
	TAKE(10, 10);
	LEASE();
	SEND(10, 20);
	TAKE(10, 20);
}

static int sleep_without_limit(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = 0 };

	alarm(WAIT_MS / 1000);

	return poll(&pfd, 1, -1) != 1 || !(pfd.revents & POLLHUP);
}

/* The loss wakes a sleeper whatever it waits for. */
TEST_F(lease, sleeper_learns_of_the_loss)
{
	pid_t pid;
	int status;

	OPEN_LEASED();
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(sleep_without_limit(self->pd.fd));
	usleep(200000);
	CHILD(pd_unlease(self->pd.fd));
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
}

static int holder(int fd, __u32 queue)
{
	struct tpacket4_info info = { .ti_query = queue };

	return pd_info(fd, &info) ? -1 : (int)info.ti_query_pid;
}

/* Others are told which process has the queue. */
TEST_F(lease, process_that_leased_is_named)
{
	OPEN_RING(ENTRIES, 0, 2048);
	EXPECT_EQ(holder(self->pd.fd, self->nic.queue), 0);
	LEASE();
	EXPECT_EQ(holder(self->pd.fd, self->nic.queue), getpid());
	CHILD(holder(self->pd.fd, self->nic.queue) != getppid());
	EXPECT_EQ(holder(self->pd.fd, 0xffffffff), 0);
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	EXPECT_EQ(holder(self->pd.fd, self->nic.queue), 0);
}

TEST_F(lease, another_process_closes)
{
	OPEN_LEASED();
	CHILD((pd_close(&self->pd), 0));
	CHILD(0);
	SEND(10, 0);
	TAKE(10, 0);
	EXPECT_EQ(REASON(), PACKET_DIRECT_QUEUE_LEASED);
}

/* The lease is the socket's, and outlives the process that made it. */
TEST_F(lease, process_that_leased_ends)
{
	OPEN_RING(ENTRIES, 0, 2048);
	CHILD(pd_lease(self->pd.fd, self->nic.queue));
	ASSERT_EQ(pd_link_up(self->nic.ifname, NULL), 0);
	pd_drain(&self->pd);
	SEND(10, 0);
	TAKE(10, 0);
	pd_nic_witnessed(&self->nic, 0);
	INFO(self->nic.queue);
	EXPECT_EQ(self->info.ti_query_reason, PACKET_DIRECT_QUEUE_LEASED);
	EXPECT_EQ(self->info.ti_query_pid, 0);
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	EXPECT_LOST();
}

#define EXEC_ENV	"PD_EXEC_RELEASE"

/* What lease_and_exec() calls exec() for. */
__attribute__((constructor)) static void release_after_exec(void)
{
	const char *fd = getenv(EXEC_ENV);

	if (fd)
		_exit(pd_unlease(atoi(fd)));
}

static int lease_and_exec(int fd, __u32 queue)
{
	char number[16];

	if (pd_lease(fd, queue) || fcntl(fd, F_SETFD, 0))
		return 1;
	snprintf(number, sizeof(number), "%d", fd);
	setenv(EXEC_ENV, number, 1);
	execl("/proc/self/exe", "release", NULL);

	return 2;
}

/* After exec() it is the same process: its release is that of the one that leased. */
TEST_F(lease, exec_and_release)
{
	OPEN_RING(ENTRIES, 0, 2048);
	CHILD(lease_and_exec(self->pd.fd, self->nic.queue));
	INFO(self->nic.queue);
	EXPECT_EQ(self->info.ti_state, PACKET_DIRECT_COPY);
	EXPECT_EQ(self->info.ti_query_reason, PACKET_DIRECT_OK);
}

/* Within a second after kill -9 under traffic the stack has the queue again. */
TEST_F_TIMEOUT(lease, killed, 120)
{
	pid_t sender, victim;
	int i, status, pipefd[2];
	__u8 buf[2048];
	char c;

	sender = fork();
	ASSERT_GE(sender, 0);
	if (!sender) {
		for (;;)
			pd_send(self->nic.tx, LEN, 0);
	}
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(pipe(pipefd), 0);
		victim = fork();
		ASSERT_GE(victim, 0);
		if (!victim) {
			OPEN_LEASED();
			status = write(pipefd[1], "x", 1);
			for (;;)
				pd_next(&self->pd, &frame, 10);
		}
		ASSERT_EQ(read(pipefd[0], &c, 1), 1);
		usleep(200000);
		kill(victim, SIGKILL);
		EXPECT_EQ(pd_wait_reason(self->nic.ifname, self->nic.queue,
					 PACKET_DIRECT_OK, WAIT_MS),
			  PACKET_DIRECT_OK);
		pd_nic_witnessed(&self->nic, 0);
		EXPECT_EQ(recv(self->nic.witness, buf, sizeof(buf), 0), LEN);
		waitpid(victim, &status, 0);
		close(pipefd[0]);
		close(pipefd[1]);
	}
	kill(sender, SIGKILL);
	waitpid(sender, &status, 0);
	/* nothing of it may come into another test's ring */
	pd_nic_witnessed(&self->nic, 200);
}

TEST_F(lease, two_sockets)
{
	struct tpacket_req4 req;
	struct pd_sock second;
	__u32 other = (self->nic.queue + 1) % self->nic.queues;
	int err;

	OPEN_LEASED();
	pd_req(&req, 64, 0, 2048);
	ASSERT_EQ(pd_open(&second, self->nic.ifname, &req), 0);
	err = pd_lease(second.fd, self->nic.queue);
	EXPECT_OK(pd_refused(second.fd, err, PACKET_DIRECT_QUEUE_LEASED));

	if (other != self->nic.queue) {
		err = pd_lease(second.fd, other);
		EXPECT_OK(pd_refused(second.fd, err, PACKET_DIRECT_OK));
		SEND(5, 0);
		TAKE(5, 0);
		ASSERT_EQ(pd_nic_steer(&self->nic, other), 0);
		pd_drain(&second);
		SEND(5, 5);
		EXPECT_EQ(pd_wait(&second, 5, WAIT_MS), 5);
		EXPECT_EQ(tpacket4_peek_all(&self->pd.ring), 0);
	}
	pd_close(&second);
}

TEST_F(lease, no_such_queue)
{
	int err;

	OPEN_RING(ENTRIES, 0, 2048);
	INFO(0);
	err = pd_lease(self->pd.fd, self->info.ti_queue_nr);
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_NO_QUEUE));
	err = pd_lease(self->pd.fd, 0x7fffffff);
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_NO_QUEUE));
	err = pd_lease(self->pd.fd, 0xffffffff);
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_NO_QUEUE));
}

TEST_F(lease, not_admin)
{
	pid_t pid;
	int status;

	OPEN_RING(ENTRIES, 0, 2048);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		pd_drop_caps();
		_exit(pd_lease(self->pd.fd, self->nic.queue) != -EPERM);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	EXPECT_EQ(pd_reason(self->pd.fd), PACKET_DIRECT_NOT_ADMIN);
	LEASE();
}

TEST_F(lease, leased_already)
{
	struct tpacket_req4 none = { .tp_size = sizeof(none) };
	int err;

	OPEN_LEASED();
	err = pd_lease(self->pd.fd, self->nic.queue);
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_RING_LEASED));
	tpacket4_unmap(&self->pd.ring);
	err = pd_set_ring(self->pd.fd, &none);
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_RING_LEASED));
	EXPECT_EQ(pd_bind(self->pd.fd, if_nametoindex("lo"), ETH_P_ALL),
		  -EBUSY);
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	EXPECT_EQ(pd_set_ring(self->pd.fd, &none), 0);
}

TEST_F(lease, filter_locked)
{
	int one = 1, err;

	OPEN_RING(ENTRIES, 0, 2048);
	ASSERT_EQ(setsockopt(self->pd.fd, SOL_SOCKET, SO_LOCK_FILTER, &one,
			     sizeof(one)), 0);
	err = pd_lease(self->pd.fd, self->nic.queue);
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_FILTER_LOCKED));
}

/* A slot beyond the NIC's limits is refused, and the reason says which limit. */
TEST_F(lease, slot_limits)
{
	struct tpacket_req4 req;
	__u32 size;
	int err;

	OPEN_RING(ENTRIES, 0, 2048);
	INFO(self->nic.queue);
	pd_close(&self->pd);
	pd_req(&req, 64, 0, 1 << 16);
	if (self->info.ti_slot_len_max < 1 << 16) {
		OPEN_REQ(&req);
		err = pd_lease(self->pd.fd, self->nic.queue);
		EXPECT_OK(pd_refused(self->pd.fd, err,
				     PACKET_DIRECT_SLOT_TOO_LARGE));
		pd_close(&self->pd);
	}
	if (self->info.ti_granule > 64) {
		req.tp_slot_len = self->info.ti_granule + 64;
		OPEN_REQ(&req);
		err = pd_lease(self->pd.fd, self->nic.queue);
		EXPECT_OK(pd_refused(self->pd.fd, err,
				     PACKET_DIRECT_SLOT_GRANULE));
		pd_close(&self->pd);
	}
	if (self->info.ti_post_min >= TPACKET4_MIN_ENTRIES) {
		pd_req(&req, self->info.ti_post_min, 0, 2048);
		OPEN_REQ(&req);
		err = pd_lease(self->pd.fd, self->nic.queue);
		EXPECT_OK(pd_refused(self->pd.fd, err,
				     PACKET_DIRECT_ENTRIES_TOO_FEW));
		pd_close(&self->pd);
	}
	for (size = 2048; size <= self->info.ti_slot_len_max; size *= 2) {
		OPEN_RING(64, 0, size);
		LEASE();
		SEND(3, size);
		TAKE(3, size);
		pd_close(&self->pd);
	}
}

#define REFUSED(req, reason)						\
	do {								\
		OPEN_REQ(req);						\
		EXPECT_OK(pd_refused(self->pd.fd,			\
				     pd_lease(self->pd.fd,		\
					      self->nic.queue), reason)); \
		pd_close(&self->pd);					\
	} while (0)

/* By the driver's AF_XDP: what a lease cannot have, and says that it has not. */
TEST_F(lease, xsk_limits)
{
	const __u32 flags = TPACKET4_INFO_RESTARTS | TPACKET4_INFO_UNCONFIRMED |
			    TPACKET4_INFO_ONE_SLOT | TPACKET4_INFO_UNCOUNTED;
	struct tpacket_req4 req;
	struct tpacket4_info info;
	__u32 page;

	ASSERT_EQ(pd_nic_limits(&self->nic, &info), 0);
	if (info.ti_query_by != PACKET_DIRECT_XSK)
		SKIP(return, "the queue is leased by the driver's own support");
	page = info.ti_slot_len_max;
	EXPECT_EQ(page, getpagesize());
	EXPECT_EQ(info.ti_slot_len_min, page);
	EXPECT_EQ(info.ti_granule, page);
	EXPECT_EQ(info.ti_flags & flags, flags);
	EXPECT_EQ(info.ti_headroom, 256);
	EXPECT_EQ(info.ti_frame_flags, 0);
	EXPECT_EQ(info.ti_split_max, 0);
	EXPECT_EQ(info.ti_tstamp, TPACKET4_TSTAMP_SW |
		  (info.ti_phc_index < 0 ? 0 : TPACKET4_TSTAMP_HW));

	pd_req(&req, ENTRIES, 0, page);
	req.tp_slot_len = page / 2;
	REFUSED(&req, PACKET_DIRECT_SLOT_GRANULE);
	pd_req(&req, ENTRIES, 0, 2 * page);
	REFUSED(&req, PACKET_DIRECT_SLOT_TOO_LARGE);
	req.tp_slot_len = page;
	REFUSED(&req, PACKET_DIRECT_XSK_SLOT_SIZE);
	pd_req(&req, ENTRIES, 0, page);
	req.tp_payload_size = page;
	REFUSED(&req, PACKET_DIRECT_NO_SPLIT);
}

/* Down: the reader is told.  Up: the lease goes on. */
TEST_F_TIMEOUT(lease, down_and_up, 60)
{
	struct pollfd pfd = { .events = POLLIN };
	socklen_t len = sizeof(int);
	__u32 generation;
	int err = 0;

	OPEN_LEASED();
	pfd.fd = self->pd.fd;
	generation = self->pd.ring.ctrl->generation;
	ASSERT_EQ(pd_if_up(self->nic.ifname, false), 0);
	EXPECT_EQ(self->pd.ring.ctrl->state, PACKET_DIRECT_DOWN);
	EXPECT_NE(self->pd.ring.ctrl->generation, generation);
	ASSERT_EQ(poll(&pfd, 1, WAIT_MS), 1);
	EXPECT_TRUE(pfd.revents & POLLERR);
	ASSERT_EQ(getsockopt(self->pd.fd, SOL_SOCKET, SO_ERROR, &err, &len), 0);
	EXPECT_EQ(err, ENETDOWN);
	STATS();
	EXPECT_EQ(self->stats.ts_posted, 0);

	ASSERT_EQ(pd_if_up(self->nic.ifname, true), 0);
	EXPECT_EQ(self->pd.ring.ctrl->state, PACKET_DIRECT_ACTIVE);
	RESUME();
	SEND(10, 0);
	TAKE(10, 0);
	pd_nic_witnessed(&self->nic, 0);
	SEND(10, 10);
	TAKE(10, 10);
	EXPECT_EQ(pd_nic_witnessed(&self->nic, 100), 0);
}

/* A device that comes up does not put the socket back on the stack: frames of other
 * queues are not offered to the ring.  The counters tell, since a full ring would not.
 */
TEST_F_TIMEOUT(lease, hook_stays_off, 60)
{
	__u64 before;

	OPEN_LEASED();
	if (self->nic.queues < 2)
		SKIP(return, "%s has one queue", self->nic.ifname);
	ASSERT_EQ(pd_if_up(self->nic.ifname, false), 0);
	ASSERT_EQ(pd_if_up(self->nic.ifname, true), 0);
	RESUME();
	ASSERT_EQ(pd_nic_steer(&self->nic, (self->nic.queue + 1) %
			       self->nic.queues), 0);
	pd_nic_witnessed(&self->nic, 200);
	STATS();
	before = self->stats.ts_packets + self->stats.ts_drop_no_slot;
	SEND(10, 0);
	EXPECT_EQ(pd_nic_witnessed_all(&self->nic, 10), 10);
	EXPECT_EQ(tpacket4_peek_all(&self->pd.ring), 0);
	STATS();
	EXPECT_EQ(self->stats.ts_packets + self->stats.ts_drop_no_slot, before);
}

#define GOES_ON(seq)							\
	do {								\
		__u32 _from = seq;					\
									\
		RESUME();						\
		INFO(self->nic.queue);					\
		ASSERT_EQ(self->info.ti_state, PACKET_DIRECT_ACTIVE);	\
		EXPECT_TRUE(pd_napi_is_told(&self->info));		\
		SEND(20, _from);					\
		TAKE(20, _from);					\
		STATS();						\
	} while (0)

/* A lease outlives whatever makes a driver set up its rings anew. */
TEST_F_TIMEOUT(lease, reconfiguration, 120)
{
	static const char * const cmd[] = {
		"ethtool -G %s rx 256", "ethtool -G %s rx 512",
		"ip link set %s mtu 4000", "ip link set %s mtu 1500",
		"ip link set %s promisc on",
		"ip link set %s promisc off",
	};
	char line[128];
	size_t i;
	int err;

	OPEN_LEASED();
	for (i = 0; i < ARRAY_SIZE(cmd); i++) {
		snprintf(line, sizeof(line), cmd[i], self->nic.ifname);
		TH_LOG("%s", line);
		if (pd_one_slot && strstr(line, "mtu 4000")) {
			ASSERT_NE(pd_run("%s", line), 0);
			continue;
		}
		ASSERT_EQ(pd_run("%s", line), 0);
		GOES_ON(i * 100);
	}
	err = pd_if_reset(self->nic.ifname);
	if (err != -EOPNOTSUPP) {
		ASSERT_EQ(err, 0);
		GOES_ON(i * 100);
	}
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
}

/* What the kernel's busy polling of the socket goes by. */
static __u32 incoming_napi(int fd)
{
	__u32 id = 0;
	socklen_t len = sizeof(id);

	return getsockopt(fd, SOL_SOCKET, SO_INCOMING_NAPI_ID, &id, &len) ? 0 : id;
}

/* That the device was down is told first. */
static void look_by_recv(const struct pd_nic *nic, struct pd_sock *pd)
{
	while (recv(pd->fd, NULL, 0, MSG_DONTWAIT) && errno == ENETDOWN)
		;
}

static void look_by_poll(const struct pd_nic *nic, struct pd_sock *pd)
{
	struct pollfd pfd = { .fd = pd->fd, .events = POLLIN };

	poll(&pfd, 1, 0);
}

static void look_at_the_ring(const struct pd_nic *nic, struct pd_sock *pd)
{
	int i;

	for (i = 0; i < WAIT_MS / 10 && !tpacket4_peek_all(&pd->ring); i++) {
		pd_nic_steer(nic, nic->queue);
		pd_send(nic->tx, LEN, i);
		usleep(10000);
	}
}

/* A restart may give the instance another number, also after the ring is up. */
#define NAPI_IS_KNOWN(look)						\
	do {								\
		__u32 _id;						\
									\
		look(&self->nic, &self->pd);				\
		_id = incoming_napi(self->pd.fd);			\
		INFO(self->nic.queue);					\
		EXPECT_TRUE(pd_napi_is_told(&self->info));		\
		EXPECT_EQ(_id, self->info.ti_napi_id);			\
	} while (0)

/* Whoever uses the socket busy polls the instance that its queue has now. */
TEST_F_TIMEOUT(lease, busy_poll_after_restarts, 60)
{
	void (*const look[])(const struct pd_nic *nic, struct pd_sock *pd) = {
		look_by_recv, look_by_poll, look_at_the_ring,
	};
	int busy = 20, i;

	OPEN_LEASED();
	ASSERT_EQ(setsockopt(self->pd.fd, SOL_SOCKET, SO_BUSY_POLL, &busy,
			     sizeof(busy)), 0);
	NAPI_IS_KNOWN(look_by_recv);
	for (i = 0; i < (int)ARRAY_SIZE(look); i++) {
		ASSERT_EQ(pd_if_up(self->nic.ifname, false), 0);
		EXPECT_EQ(incoming_napi(self->pd.fd), 0);
		ASSERT_EQ(pd_if_up(self->nic.ifname, true), 0);
		NAPI_IS_KNOWN(look[i]);
	}
	if (pd_if_reset(self->nic.ifname) != -EOPNOTSUPP)
		NAPI_IS_KNOWN(look_by_recv);
}

/* Fewer channels, without the queue, are refused. */
TEST_F(lease, channels_are_kept)
{
	if (!self->nic.queue)
		SKIP(return, "queue 0 is always there");
	OPEN_LEASED();
	EXPECT_NE(pd_run("ethtool -L %s combined %u 2>/dev/null",
			 self->nic.ifname, self->nic.queue), 0);
	EXPECT_NE(pd_run("ethtool -L %s rx %u 2>/dev/null",
			 self->nic.ifname, self->nic.queue), 0);
	SEND(10, 0);
	TAKE(10, 0);
}

/* 2 means leased. */
TEST_F(lease, proc_net_packet)
{
	int iface, running, found = 0;
	char line[256];
	FILE *f;

	OPEN_LEASED();
	f = fopen("/proc/net/packet", "r");
	ASSERT_TRUE(!!f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %*d %*u %*x %d %d", &iface, &running) == 2)
			found += iface == self->pd.ifindex && running == 2;
	fclose(f);
	EXPECT_EQ(found, self->nic.keeper < 0 ? 1 : 2);
}

TEST_F(lease, packet_diag)
{
	struct packet_diag_direct ring;
	struct packet_diag_info info;
	int err;

	OPEN_LEASED();
	err = pd_diag(self->pd.fd, &info, &ring);
	if (err == -ENOENT)
		SKIP(return, "no packet_diag");
	ASSERT_EQ(err, 0);
	EXPECT_EQ(info.pdi_index, self->pd.ifindex);
	EXPECT_EQ(ring.pdd_state, PACKET_DIRECT_ACTIVE);
	EXPECT_EQ(ring.pdd_queue, self->nic.queue);
	EXPECT_EQ(ring.pdd_ifindex, self->pd.ifindex);

	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	ASSERT_EQ(pd_diag(self->pd.fd, &info, &ring), 0);
	EXPECT_EQ(ring.pdd_state, PACKET_DIRECT_COPY);
	EXPECT_EQ(ring.pdd_ifindex, 0);
}

/* Returns 0 if a process without rights is told of @packets frames. */
static int told_without_rights(int fd, __u64 packets)
{
	struct tpacket4_stats stats;
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setresuid(65534, 65534, 65534) || pd_diag_stats(fd, &stats))
			_exit(2);
		_exit(stats.ts_packets != packets);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -errno;

	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* The same counters as the owner of the socket sees, for whoever asks. */
TEST_F(lease, packet_diag_stats)
{
	struct tpacket4_stats stats;
	__u64 before;
	int err, plain;

	OPEN_LEASED();
	STATS();
	before = self->stats.ts_packets;
	err = pd_diag_stats(self->pd.fd, &stats);
	if (err == -ENOENT)
		SKIP(return, "no packet_diag");
	ASSERT_EQ(err, 0);
	EXPECT_EQ(stats.ts_size, sizeof(stats));
	EXPECT_EQ(stats.ts_packets, before);
	SEND(10, 0);
	TAKE(10, 0);
	STATS();
	ASSERT_EQ(pd_diag_stats(self->pd.fd, &stats), 0);
	EXPECT_EQ(stats.ts_packets, before + 10);
	EXPECT_EQ(stats.ts_bytes, self->stats.ts_bytes);
	EXPECT_EQ(stats.ts_batches, self->stats.ts_batches);
	EXPECT_TRUE(pd_sum_ok(&self->pd, &stats));
	EXPECT_EQ(told_without_rights(self->pd.fd, before + 10), 0);

	plain = pd_socket(SOCK_RAW);
	ASSERT_GE(plain, 0);
	EXPECT_EQ(pd_diag_stats(plain, &stats), -ENODATA);
	close(plain);
}

/* The netdev family says which socket has a queue. */
TEST_F(lease, queue_get)
{
	__u32 other = self->nic.queue ? 0 : 1;
	struct stat st;

	OPEN_RING(ENTRIES, 0, 2048);
	ASSERT_EQ(fstat(self->pd.fd, &st), 0);
	EXPECT_EQ(pd_queue_inode(self->nic.ifname, self->nic.queue), 0);
	LEASE();
	EXPECT_EQ(pd_queue_inode(self->nic.ifname, self->nic.queue),
		  (__u32)st.st_ino);
	if (other < self->nic.queues)
		EXPECT_EQ(pd_queue_inode(self->nic.ifname, other), 0);
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	EXPECT_EQ(pd_queue_inode(self->nic.ifname, self->nic.queue), 0);
	ASSERT_EQ(pd_prepare(self->pd.fd, self->nic.queue), 0);
	EXPECT_EQ(pd_queue_inode(self->nic.ifname, self->nic.queue),
		  (__u32)st.st_ino);
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	EXPECT_EQ(pd_queue_inode(self->nic.ifname, self->nic.queue), 0);
}

/* Nor does it name a socket that is no more. */
TEST_F(lease, queue_get_after_kill)
{
	int status, ready[2];
	char c;
	pid_t pid;

	ASSERT_EQ(pipe(ready), 0);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		struct tpacket_req4 req;

		pd_req(&req, ENTRIES, 0, 2048);
		if (pd_open(&self->pd, self->nic.ifname, &req) ||
		    pd_lease(self->pd.fd, self->nic.queue) ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	ASSERT_EQ(read(ready[0], &c, 1), 1);
	EXPECT_GT(pd_queue_inode(self->nic.ifname, self->nic.queue), 0);
	kill(pid, SIGKILL);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(pd_wait_reason(self->nic.ifname, self->nic.queue,
				 PACKET_DIRECT_OK, WAIT_MS), PACKET_DIRECT_OK);
	EXPECT_EQ(pd_queue_inode(self->nic.ifname, self->nic.queue), 0);
	close(ready[0]);
}

TEST_HARNESS_MAIN
