// SPDX-License-Identifier: GPL-2.0
/*
 * What a TPACKET_V4 ring may cost: memory cgroups, many rings, the largest ones.  Who
 * may have a ring or a queue: users, and the roots of user namespaces.
 *
 *	PD_IFACE, PD_QUEUE, PD_PEER	as in lib/nic.h
 */
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/nic.h"
#include "lib/test.h"

#define CGROUPS		"/sys/fs/cgroup"
#define CGROUP		CGROUPS "/packet_direct_limits"
#define LEN		200
#define MANY		1000
#define KILLED		40
#define MIB		0x100000ULL

static struct pd_frame frame;

FIXTURE(limits) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	int tx;
};

FIXTURE_SETUP(limits)
{
	self->pd.fd = -1;
	self->tx = -1;
	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	self->tx = pd_veth_tx("pd0", "pd1");
	ASSERT_GE(self->tx, 0);
}

FIXTURE_TEARDOWN(limits)
{
	pd_close(&self->pd);
	if (self->tx >= 0)
		close(self->tx);
}

/* A ring of @entries entries.  Returns its socket or a negative errno.  The reason must
 * be NO_MEMORY when the errno is ENOMEM.
 */
static int try_ring(__u32 entries, __u32 slots, __u32 size)
{
	struct tpacket_req4 req;
	int fd = pd_socket(SOCK_RAW);
	int err, reason;

	if (fd < 0)
		return fd;
	pd_req(&req, entries, slots, size);
	err = pd_set_ring(fd, &req);
	reason = pd_reason(fd);
	if (err == -ENOMEM && reason != PACKET_DIRECT_NO_MEMORY)
		err = -EPROTO;
	if (err) {
		close(fd);
		return err;
	}

	return fd;
}

/* Put this process into a new memory cgroup. */
static int enter_cgroup(unsigned long long limit)
{
	char text[32];
	int err;

	if (access(CGROUPS "/cgroup.subtree_control", W_OK))
		return -ENOENT;
	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		return -errno;
	snprintf(text, sizeof(text), "%llu", limit);
	err = pd_write_file(CGROUP "/memory.max", text);
	if (!err)
		err = pd_write_file(CGROUP "/cgroup.procs", "0");

	return err;
}

static int leave_cgroup(void)
{
	int err = pd_write_file(CGROUPS "/cgroup.procs", "0");

	return err ?: rmdir(CGROUP) ? -errno : 0;
}

static long long charged(void)
{
	return pd_read_number(CGROUP "/memory.current");
}

/* A ring's memory is charged to the process that makes it. */
TEST_F(limits, memory_cgroup_charges)
{
	long long before, with, after;
	int fd;

	if (enter_cgroup(256 * MIB))
		SKIP(return, "no memory cgroups at " CGROUPS);
	before = charged();
	fd = try_ring(8192, 0, 4096);
	ASSERT_GE(fd, 0);
	with = charged();
	close(fd);
	usleep(100000);
	after = charged();
	TH_LOG("a ring of 32 MiB: %lld KiB more, then %lld KiB",
	       (with - before) / 1024, (after - before) / 1024);
	EXPECT_GE(with - before, 8192LL * (4096 + 64));
	EXPECT_LT(with - before, 8192LL * (4096 + 64) + 2 * (long long)MIB);
	EXPECT_LT(after - before, (long long)MIB);
	EXPECT_EQ(leave_cgroup(), 0);
}

/* There may be no memory for the slots, the headers or the tables.  In each case nobody
 * is killed, and nothing remains.
 */
TEST_F(limits, memory_cgroup_refuses)
{
	static const struct { __u32 entries, slots, size; } ring[] = {
		{ 8192, 0, 4096 },
		{ 8192, 0, 65536 },
		{ TPACKET4_MAX_ENTRIES, 0, 1024 },
		{ TPACKET4_MAX_ENTRIES, 0, 65536 },
		{ 8, TPACKET4_MAX_SLOTS, 1024 },
	};
	long long before, after;
	size_t i;

	if (enter_cgroup(8 * MIB))
		SKIP(return, "no memory cgroups at " CGROUPS);
	for (i = 0; i < ARRAY_SIZE(ring); i++) {
		before = charged();
		EXPECT_EQ(try_ring(ring[i].entries, ring[i].slots,
				   ring[i].size), -ENOMEM)
			TH_LOG("%u entries", ring[i].entries);
		usleep(100000);
		after = charged();
		EXPECT_LT(after - before, (long long)MIB)
			TH_LOG("%lld KiB remain", (after - before) / 1024);
	}
	i = try_ring(64, 0, 2048);
	EXPECT_GE((int)i, 0);
	close(i);
	EXPECT_EQ(leave_cgroup(), 0);
}

/* A process that makes rings of 32 MiB, one after the other. */
static pid_t fork_maker(void)
{
	pid_t pid = fork();
	int fd;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		fd = try_ring(8192, 0, 4096);
		if (fd >= 0)
			close(fd);
	}
}

/* Nothing remains of a ring whose maker was killed on the way. */
TEST_F_TIMEOUT(limits, killed_while_making_a_ring, 120)
{
	long long before, after;
	int i, status;
	pid_t pid;

	if (enter_cgroup(256 * MIB))
		SKIP(return, "no memory cgroups at " CGROUPS);
	before = charged();
	for (i = 0; i < KILLED; i++) {
		pid = fork_maker();
		ASSERT_GT(pid, 0);
		usleep(10000 + i * 1000);
		ASSERT_EQ(kill(pid, SIGKILL), 0);
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
	}
	usleep(100000);
	after = charged();
	EXPECT_LT(after - before, (long long)MIB)
		TH_LOG("%lld KiB remain of %d", (after - before) / 1024, KILLED);
	EXPECT_EQ(leave_cgroup(), 0);
}

/* The shortest of several PACKET_V4_STATISTICS, in ns. */
static __u64 statistics_cost(int fd)
{
	__u64 since, least = ~0ULL;
	struct tpacket4_stats stats;
	int i;

	for (i = 0; i < 50; i++) {
		since = pd_now(CLOCK_MONOTONIC);
		if (pd_stats(fd, &stats))
			return ~0ULL;
		since = pd_now(CLOCK_MONOTONIC) - since;
		if (since < least)
			least = since;
	}

	return least;
}

/* The statistics do not look at each slot. */
TEST_F(limits, statistics_of_a_large_ring)
{
	__u64 few, many;
	int fd;

	fd = try_ring(64, 0, 1024);
	ASSERT_GE(fd, 0);
	few = statistics_cost(fd);
	close(fd);
	fd = try_ring(65536, 131072, 1024);
	ASSERT_GE(fd, 0);
	many = statistics_cost(fd);
	close(fd);
	TH_LOG("64 slots: %llu ns, 131072 slots: %llu ns",
	       (unsigned long long)few, (unsigned long long)many);
	EXPECT_LT(many, 4 * few);
}

TEST_F_TIMEOUT(limits, many_rings, 300)
{
	struct rlimit files = { MANY + 100, MANY + 100 };
	static struct pd_sock sock[MANY];
	struct tpacket_req4 req;
	int i;

	ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
	pd_req(&req, TPACKET4_MIN_ENTRIES, 0, TPACKET4_MIN_SLOT_SIZE);
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(pd_open(&sock[i], "pd1", &req), 0)
			TH_LOG("socket %d", i);
	ASSERT_EQ(pd_send(self->tx, LEN, 7), 0);
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(pd_next(&sock[i], &frame, WAIT_MS), 1);
		ASSERT_OK(pd_check(&frame, LEN, 7));
	}
	for (i = 0; i < MANY; i++)
		pd_close(&sock[i]);
}

/* A ring that no machine has memory for is refused at once.  One that fits works to its
 * last slot.
 */
TEST_F_TIMEOUT(limits, largest_rings, 300)
{
	static const struct { __u32 entries, slots, size; } ring[] = {
		{ TPACKET4_MAX_ENTRIES, TPACKET4_MAX_SLOTS,
		  TPACKET4_MAX_SLOT_SIZE },
		{ TPACKET4_MAX_ENTRIES, TPACKET4_MAX_SLOTS,
		  TPACKET4_MIN_SLOT_SIZE },
		{ TPACKET4_MAX_ENTRIES, 0, TPACKET4_MIN_SLOT_SIZE },
		{ 1 << 18, 0, TPACKET4_MIN_SLOT_SIZE },
		{ TPACKET4_MIN_ENTRIES, 1024, TPACKET4_MAX_SLOT_SIZE },
	};
	struct tpacket_req4 req;
	__u32 slot, works = 0;
	__u64 since;
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(ring); i++) {
		pd_req(&req, ring[i].entries, ring[i].slots, ring[i].size);
		since = pd_now(CLOCK_MONOTONIC);
		err = pd_open(&self->pd, "pd1", &req);
		TH_LOG("%u entries, %u slots of %u bytes: %s after %llu ms",
		       req.tp_entry_nr, req.tp_slot_nr, req.tp_slot_size,
		       strerror(-err), (unsigned long long)
		       (pd_now(CLOCK_MONOTONIC) - since) / 1000000);
		if (err) {
			ASSERT_EQ(err, -ENOMEM);
			continue;
		}
		works++;
		ASSERT_EQ(pd_send(self->tx, LEN, i), 0);
		ASSERT_EQ(pd_wait(&self->pd, 1, WAIT_MS), 1);
		ASSERT_EQ(pd_gather(&self->pd.ring, 0, 1, &frame), 1);
		ASSERT_OK(pd_check(&frame, LEN, i));
		slot = self->pd.ring.layout.tl_slot_nr - 1;
		memset(tpacket4_slot(&self->pd.ring, slot), 1, req.tp_slot_size);
		STATS();
		pd_close(&self->pd);
	}
	EXPECT_GE(works, 2);
	EXPECT_EQ(try_ring(ring[0].entries, ring[0].slots, ring[0].size),
		  -ENOMEM);
}

static int child_without_caps(void *arg)
{
	(void)arg;

	return pd_drop_caps() ? 99 : -pd_socket(SOCK_RAW);
}

TEST_F(limits, unprivileged_has_no_socket)
{
	EXPECT_EQ(pd_in_child(child_without_caps, NULL), EPERM);
}

/* Become root of a new user namespace.  Without CLONE_NEWNET in @flags the network
 * namespace stays somebody else's.
 */
static int be_root_of_namespace(int flags)
{
	char map[32];
	int err;

	snprintf(map, sizeof(map), "0 %u 1", geteuid());
	if (unshare(CLONE_NEWUSER | flags))
		return -errno;
	err = pd_write_file("/proc/self/setgroups", "deny");
	if (!err)
		err = pd_write_file("/proc/self/uid_map", map);
	if (!err)
		err = pd_write_file("/proc/self/gid_map", map);

	return err;
}

static int child_in_userns(void *arg)
{
	(void)arg;

	return be_root_of_namespace(0) ? 99 : -pd_socket(SOCK_RAW);
}

TEST_F(limits, userns_root_has_no_socket_elsewhere)
{
	EXPECT_EQ(pd_in_child(child_in_userns, NULL), EPERM);
}

/* Whoever may have a packet socket may have a ring.  There is no queue here. */
static int child_in_own_netns(void *arg)
{
	struct tpacket_req4 req;
	struct pd_sock pd;

	(void)arg;
	if (be_root_of_namespace(CLONE_NEWNET) || pd_if_up("lo", true))
		return 99;
	pd_req(&req, 64, 0, 2048);
	if (pd_open(&pd, "lo", &req))
		return 98;
	if (pd_lease(pd.fd, 0) != -EOPNOTSUPP ||
	    pd_reason(pd.fd) != PACKET_DIRECT_NO_DRIVER)
		return 97;

	return 0;
}

TEST_F(limits, userns_root_has_a_ring_at_home)
{
	EXPECT_EQ(pd_in_child(child_in_own_netns, NULL), 0);
}

/* Who may have a queue. */
FIXTURE(rights) {
	struct pd_sock pd;
	struct pd_nic nic;
};

FIXTURE_SETUP(rights)
{
	struct tpacket_req4 req;

	self->pd.fd = -1;
	if (pd_nic_missing())
		SKIP(return, "%s", pd_nic_missing());
	pd_nic_name(&self->nic);
	ASSERT_EQ(pd_link_up(self->nic.ifname, self->nic.peer), 0);
	pd_req(&req, 64, 0, 2048);
	ASSERT_EQ(pd_open(&self->pd, self->nic.ifname, &req), 0);
}

FIXTURE_TEARDOWN(rights)
{
	pd_close(&self->pd);
}

/* Try to lease by a socket that was inherited. */
struct attempt {
	int	fd;
	__u32	queue;
	int	flags;		/* of be_root_of_namespace() */
};

static int child_leases(void *arg)
{
	struct attempt *a = arg;

	if (be_root_of_namespace(a->flags))
		return 99;

	return -pd_lease(a->fd, a->queue);
}

#define REFUSED_TO_USERNS(f)						\
	do {								\
		struct attempt _a = { self->pd.fd, self->nic.queue, f };	\
									\
		EXPECT_EQ(pd_in_child(child_leases, &_a), EPERM);	\
		EXPECT_EQ(pd_reason(self->pd.fd),			\
			  PACKET_DIRECT_NOT_ADMIN);			\
		EXPECT_EQ(pd_query_reason(self->nic.ifname, self->nic.queue),	\
			  PACKET_DIRECT_OK);				\
	} while (0)

TEST_F(rights, userns_root_is_refused)
{
	REFUSED_TO_USERNS(0);
}

/* To be root of another network namespace does not help. */
TEST_F(rights, root_of_other_netns_is_refused)
{
	REFUSED_TO_USERNS(CLONE_NEWNET);
}

/* A device of another namespace cannot be bound to. */
static int child_binds(void *arg)
{
	int *ifindex = arg;
	int fd;

	if (be_root_of_namespace(CLONE_NEWNET))
		return 99;
	fd = pd_socket(SOCK_RAW);
	if (fd < 0)
		return 98;

	return -pd_bind(fd, *ifindex, ETH_P_ALL);
}

TEST_F(rights, devices_elsewhere_do_not_exist)
{
	int ifindex = self->pd.ifindex;

	EXPECT_EQ(pd_in_child(child_binds, &ifindex), ENODEV);
}

/* The root of a namespace who was given a device may lease its queues. */
struct owner {
	const char	*ifname;
	__u32		queue;
	int		ready;		/* the child writes when it has its namespace */
	int		go;		/* it reads when the device is there */
};

static int child_owns(void *arg)
{
	struct tpacket4_info info = {};
	struct owner *o = arg;
	struct tpacket_req4 req;
	struct pd_sock pd;
	char c = 0;

	if (be_root_of_namespace(CLONE_NEWNET))
		return 99;
	if (write(o->ready, &c, 1) != 1 || read(o->go, &c, 1) != 1)
		return 98;
	if (pd_link_up(o->ifname, NULL))
		return 97;
	pd_req(&req, 64, 0, 2048);
	if (pd_open(&pd, o->ifname, &req))
		return 96;
	if (pd_lease(pd.fd, o->queue))
		return 95;
	if (pd_info(pd.fd, &info) || info.ti_state != PACKET_DIRECT_ACTIVE)
		return 94;

	return 0;
}

/* The device comes back when the namespace ends. */
static bool came_back(const char *ifname)
{
	int i;

	for (i = 0; i < 500 && !if_nametoindex(ifname); i++)
		usleep(20000);

	return if_nametoindex(ifname) && !pd_link_up(ifname, NULL);
}

TEST_F_TIMEOUT(rights, userns_root_owns_a_queue_at_home, 120)
{
	struct owner o = { .ifname = self->nic.ifname, .queue = self->nic.queue };
	int ready[2], go[2], status;
	pid_t pid;
	char c;

	pd_close(&self->pd);
	ASSERT_EQ(pipe(ready), 0);
	ASSERT_EQ(pipe(go), 0);
	o.ready = ready[1];
	o.go = go[0];
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(child_owns(&o));
	ASSERT_EQ(read(ready[0], &c, 1), 1);
	ASSERT_EQ(pd_run("ip link set %s netns %d", self->nic.ifname, pid), 0);
	ASSERT_EQ(write(go[1], "", 1), 1);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(WEXITSTATUS(status), 0);
	ASSERT_TRUE(came_back(self->nic.ifname));
	EXPECT_EQ(pd_query_reason(self->nic.ifname, self->nic.queue), PACKET_DIRECT_OK);
}

/* The buffers that AF_XDP drivers know are charged to the process that leases. */
TEST_F(rights, af_xdp_is_charged)
{
	const __u32 slots = 16384;
	struct tpacket4_info info;
	struct tpacket_req4 req;
	long long before, with;

	ASSERT_EQ(pd_nic_limits(&self->nic, &info), 0);
	if (info.ti_query_by != PACKET_DIRECT_XSK)
		SKIP(return, "the queue is leased by the driver's own support");
	if (enter_cgroup(256 * MIB))
		SKIP(return, "no memory cgroups at " CGROUPS);
	pd_close(&self->pd);
	pd_req(&req, 256, slots, info.ti_slot_len_max);
	ASSERT_EQ(pd_open(&self->pd, self->nic.ifname, &req), 0);
	before = charged();
	ASSERT_EQ(pd_lease(self->pd.fd, self->nic.queue), 0);
	with = charged();
	TH_LOG("a lease of %u slots: %lld KiB more", slots, (with - before) / 1024);
	EXPECT_GE(with - before, slots * (96LL + 8 + 8));
	pd_close(&self->pd);
	EXPECT_EQ(leave_cgroup(), 0);
}

TEST_HARNESS_MAIN
