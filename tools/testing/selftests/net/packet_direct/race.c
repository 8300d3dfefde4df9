// SPDX-License-Identifier: GPL-2.0
/*
 * Threads of two processes do to the same few sockets, at the same time,
 * whatever can be done to a ring, while frames arrive and somebody turns the
 * device down and up, resets it and changes its queues. What each call returns
 * is chance. What has to hold is that no slot is lost while it goes on, and that
 * nothing is left of it afterwards.
 *
 *	PD_IFACE, PD_PEER	as in lib/nic.h
 *	PD_SEED			of the choices; by default another each time
 *	PD_MSECS		how long each case takes
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/test.h"
#include "lib/scribble.h"

#define LEN		200
#define FLOWS		32
#define ENTRIES		64
#define SLOTS		80
#define PAYLOADS	72

/* Sockets have fixed numbers, so that one takes another's place in one step. */
#define FIRST_FD	100
#define SOCKS		4
#define THREADS		3

#define SLOW_MSECS	60000

/* What all know of each other. */
struct race {
	const char	*ifname;
	int		ifindex;
	__u32		queues;
	bool		stop;
	__u32		wrong_sums;
	__u32		broken;		/* what a driver failed at */
	__u32		done[32];	/* by operation */
	__u32		refused[32];
};

struct racer {
	struct race		*race;
	__u32			random;
	struct tpacket4_ring	ring;	/* a mapping of its own, or none */
};

static __u32 below(struct racer *r, __u32 n)
{
	return pd_random(&r->random) % n;
}

/* The old socket is closed by this, but for who else has it. */
static int do_reopen(struct racer *r, int at)
{
	int fd = pd_socket(SOCK_RAW);
	int err;

	if (fd < 0)
		return fd;
	err = pd_bind(fd, r->race->ifindex, ETH_P_ALL);
	if (!err && dup3(fd, at, O_CLOEXEC) < 0)
		err = -errno;
	close(fd);

	return err;
}

static int do_add(struct racer *r, int fd)
{
	struct tpacket_req4 req;

	pd_req(&req, ENTRIES, SLOTS, 2048);
	if (below(r, 3) == 0) {
		req.tp_slot_size = 1024;
		req.tp_slot_len = 512;
		req.tp_payload_size = 4096;
		req.tp_payload_nr = PAYLOADS;
	}

	return pd_set_ring(fd, &req);
}

static int do_remove(struct racer *r, int fd)
{
	struct tpacket_req4 req = { .tp_size = sizeof(req) };

	return pd_set_ring(fd, &req);
}

static int do_map(struct racer *r, int fd)
{
	if (r->ring.ctrl)
		tpacket4_unmap(&r->ring);

	return tpacket4_map(&r->ring, fd);
}

static int do_unmap(struct racer *r, int fd)
{
	if (!r->ring.ctrl)
		return -ENOENT;
	tpacket4_unmap(&r->ring);

	return 0;
}

/* Others do the same, so cons may go back. */
static int do_give_back(struct racer *r, int fd)
{
	if (!r->ring.ctrl)
		return -ENOENT;
	tpacket4_peek_all(&r->ring);
	tpacket4_advance(&r->ring, r->ring.prod - r->ring.next);
	tpacket4_release(&r->ring, r->ring.prod - r->ring.cons);

	return 0;
}

static int do_lease(struct racer *r, int fd)
{
	return pd_lease_split(fd, below(r, r->race->queues));
}

static int do_release(struct racer *r, int fd)
{
	return pd_unlease(fd);
}

static int do_poll(struct racer *r, int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, below(r, 3)) < 0 ? -errno : 0;
}

static int do_recv(struct racer *r, int fd)
{
	char buf[64];

	if (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0 || errno == EAGAIN)
		return 0;

	return -errno;
}

/* Of a ring that was added here. */
static int do_stats(struct racer *r, int fd)
{
	struct tpacket4_stats st;
	int err = pd_stats(fd, &st);
	__u32 payload;

	if (err)
		return err;
	payload = st.ts_payload_free + st.ts_payload_posted +
		  st.ts_payload_held + st.ts_payload_spare;
	if (st.ts_free + st.ts_posted + st.ts_held + st.ts_spare != SLOTS ||
	    (payload && payload != PAYLOADS)) {
		fprintf(stderr, "# slots: %u free, %u posted, %u held, %u spare\n",
			st.ts_free, st.ts_posted, st.ts_held, st.ts_spare);
		fprintf(stderr, "# payload: %u free, %u posted, %u held, %u spare\n",
			st.ts_payload_free, st.ts_payload_posted,
			st.ts_payload_held, st.ts_payload_spare);
		__atomic_fetch_add(&r->race->wrong_sums, 1, __ATOMIC_RELAXED);
	}

	return 0;
}

static int do_statistics(struct racer *r, int fd)
{
	struct tpacket_stats st;
	socklen_t len = sizeof(st);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &st, &len))
		return -errno;

	return 0;
}

static int do_info(struct racer *r, int fd)
{
	struct tpacket4_info info = { .ti_query = below(r, r->race->queues) };

	return pd_info(fd, &info);
}

static int do_filter(struct racer *r, int fd)
{
	return pd_filter_ret(fd, below(r, 2) * below(r, 400));
}

static int do_detach(struct racer *r, int fd)
{
	return pd_filter_detach(fd);
}

static int do_bind(struct racer *r, int fd)
{
	return pd_bind(fd, r->race->ifindex, ETH_P_ALL);
}

static int do_bind_none(struct racer *r, int fd)
{
	return pd_bind(fd, r->race->ifindex, 0);
}

static int do_fanout(struct racer *r, int fd)
{
	if (below(r, 8))
		return -EAGAIN;

	return pd_set_int(fd, PACKET_FANOUT, 7 | PACKET_FANOUT_HASH << 16);
}

static int do_version(struct racer *r, int fd)
{
	int err = pd_set_int(fd, PACKET_VERSION, TPACKET_V2);

	return err ?: pd_set_int(fd, PACKET_VERSION, TPACKET_V4);
}

static int do_proc(struct racer *r, int fd)
{
	int proc = open("/proc/net/packet", O_RDONLY | O_CLOEXEC);
	char buf[4096];

	if (proc < 0)
		return -errno;
	while (read(proc, buf, sizeof(buf)) > 0)
		;
	close(proc);

	return 0;
}

static int do_diag(struct racer *r, int fd)
{
	struct {
		struct nlmsghdr nlh;
		struct packet_diag_req req;
	} ask = {
		.nlh = {
			.nlmsg_len = sizeof(ask),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		.req = {
			.sdiag_family = AF_PACKET,
			.pdiag_show = PACKET_SHOW_INFO | PACKET_SHOW_RING_CFG,
		},
	};
	int nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	char buf[16384];
	int err = 0;

	if (nl < 0)
		return -errno;
	if (send(nl, &ask, sizeof(ask), 0) < 0 || recv(nl, buf, sizeof(buf), 0) < 0)
		err = -errno;
	close(nl);

	return err;
}

/* A socket that is ready for use, if nobody comes in between. */
static int do_everything(struct racer *r, int fd)
{
	int err = do_reopen(r, fd);

	if (!err)
		err = do_add(r, fd);
	if (!err)
		err = do_lease(r, fd);

	return err ?: do_map(r, fd);
}

/* Without which the test did not reach what it is about. */
enum need {
	NOT_NEEDED,
	NEEDED,
	NEEDED_OF_QUEUES,
};

static const struct operation {
	const char	*name;
	int		(*run)(struct racer *r, int fd);
	__u32		weight;
	enum need	need;
} operations[] = {
	{ "everything", do_everything, 4, NEEDED_OF_QUEUES },
	{ "reopen", do_reopen, 1, NEEDED },
	{ "add ring", do_add, 3, NEEDED },
	{ "remove ring", do_remove, 1, NEEDED },
	{ "map", do_map, 2, NEEDED },
	{ "unmap", do_unmap, 4, NEEDED },
	{ "give back", do_give_back, 3, NEEDED },
	{ "lease", do_lease, 4, NEEDED_OF_QUEUES },
	{ "release", do_release, 2, NEEDED_OF_QUEUES },
	{ "poll", do_poll, 1, NEEDED },
	{ "recv", do_recv, 1 },
	{ "V4 statistics", do_stats, 2, NEEDED },
	{ "statistics", do_statistics, 1 },
	{ "info", do_info, 1 },
	{ "attach filter", do_filter, 1, NEEDED },
	{ "detach filter", do_detach, 1 },
	{ "bind", do_bind, 2 },
	{ "bind to no protocol", do_bind_none, 1 },
	{ "fanout", do_fanout, 1 },
	{ "version", do_version, 1 },
	{ "proc", do_proc, 1 },
	{ "diag", do_diag, 1, NEEDED },
};

static bool reached(const struct race *race)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(operations); i++) {
		if (operations[i].need == NOT_NEEDED ||
		    (operations[i].need == NEEDED_OF_QUEUES &&
		     race->queues == 1))
			continue;
		if (!__atomic_load_n(&race->done[i], __ATOMIC_RELAXED))
			return false;
	}

	return true;
}

static __u32 choose(struct racer *r)
{
	__u32 i, sum = 0;

	for (i = 0; i < ARRAY_SIZE(operations); i++)
		sum += operations[i].weight;
	sum = below(r, sum);
	for (i = 0; sum >= operations[i].weight; i++)
		sum -= operations[i].weight;

	return i;
}

static bool stopped(const struct race *race)
{
	return __atomic_load_n(&race->stop, __ATOMIC_RELAXED);
}

static void *racer_main(void *arg)
{
	struct racer *r = arg;
	__u32 i;
	int err;

	while (!stopped(r->race)) {
		i = choose(r);
		err = operations[i].run(r, FIRST_FD + below(r, SOCKS));
		__atomic_fetch_add(err ? &r->race->refused[i] :
				   &r->race->done[i], 1, __ATOMIC_RELAXED);
		if (err == -EIO)
			__atomic_fetch_add(&r->race->broken, 1,
					   __ATOMIC_RELAXED);
	}
	tpacket4_unmap(&r->ring);

	return NULL;
}

/* One process's threads, to the end. */
static void run_racers(struct race *race, __u32 seed)
{
	struct racer racer[THREADS] = {};
	pthread_t thread[THREADS];
	int i, n;

	for (n = 0; n < THREADS; n++) {
		racer[n].race = race;
		racer[n].random = (seed + 2 * n) | 1;
		if (pthread_create(&thread[n], NULL, racer_main, &racer[n]))
			break;
	}
	for (i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
}

/* The device's troubles. */

static int ethtool(const char *ifname, void *cmd)
{
	struct ifreq ifr = { .ifr_data = cmd };

	return pd_if_ioctl(ifname, SIOCETHTOOL, &ifr);
}

static int set_channels(const char *ifname, __u32 queues)
{
	struct ethtool_channels ch = { .cmd = ETHTOOL_GCHANNELS };
	int err = ethtool(ifname, &ch);

	if (err)
		return err;
	ch.cmd = ETHTOOL_SCHANNELS;
	if (ch.combined_count) {
		ch.combined_count = queues;
	} else {
		ch.rx_count = queues;
		ch.tx_count = queues;
	}

	return ethtool(ifname, &ch);
}

static int trouble_down(struct racer *r)
{
	int err = pd_if_up(r->race->ifname, false);

	usleep(below(r, 20000));

	return err ?: pd_if_up(r->race->ifname, true);
}

static int trouble_channels(struct racer *r)
{
	return set_channels(r->race->ifname, 1 + below(r, r->race->queues));
}

static int trouble_reset(struct racer *r)
{
	struct ethtool_value cmd = { .cmd = ETHTOOL_NWAY_RST };

	if (!ethtool(r->race->ifname, &cmd))
		return 0;
	cmd.cmd = ETHTOOL_RESET;
	cmd.data = ETH_RESET_ALL;

	return ethtool(r->race->ifname, &cmd);
}

static int get_descriptors(const char *ifname)
{
	struct ethtool_ringparam rp = { .cmd = ETHTOOL_GRINGPARAM };
	int err = ethtool(ifname, &rp);

	return err ? err : (int)rp.rx_pending;
}

static int set_descriptors(const char *ifname, __u32 count)
{
	struct ethtool_ringparam rp = { .cmd = ETHTOOL_GRINGPARAM };
	int err = ethtool(ifname, &rp);

	if (err)
		return err;
	rp.cmd = ETHTOOL_SRINGPARAM;
	rp.rx_pending = count;

	return ethtool(ifname, &rp);
}

static int trouble_ring(struct racer *r)
{
	return set_descriptors(r->race->ifname, 256 << below(r, 3));
}

static int trouble_mtu(struct racer *r)
{
	return pd_if_mtu(r->race->ifname, below(r, 2) ? 1500 : 3000);
}

static int trouble_promisc(struct racer *r)
{
	struct ifreq ifr = {};
	int err = pd_if_ioctl(r->race->ifname, SIOCGIFFLAGS, &ifr);

	if (err)
		return err;
	ifr.ifr_flags ^= IFF_ALLMULTI;

	return pd_if_ioctl(r->race->ifname, SIOCSIFFLAGS, &ifr);
}

static const struct trouble {
	const char	*name;
	int		(*run)(struct racer *r);
	bool		queue;		/* only where there are queues to lease */
} troubles[] = {
	{ "down and up", trouble_down },
	{ "channels", trouble_channels, true },
	{ "reset", trouble_reset, true },
	{ "ring size", trouble_ring, true },
	{ "mtu", trouble_mtu },
	{ "all multicast", trouble_promisc },
};

/* A slow machine has more time, until all that counts has been done once. */
static bool goes_on(const struct race *race, __u64 end, const __u32 *trouble_done)
{
	__u64 now = pd_now(CLOCK_MONOTONIC);

	if (!reached(race) || !trouble_done[0])
		end += SLOW_MSECS * 1000000ULL;

	return now < end;
}

/* Returns how often each succeeded. */
static void make_trouble(struct race *race, __u32 seed, __u64 end, __u32 *done)
{
	struct racer r = { .race = race, .random = seed | 1 };
	__u32 i;

	while (goes_on(race, end, done)) {
		i = below(&r, ARRAY_SIZE(troubles));
		if (troubles[i].queue && race->queues == 1)
			continue;
		done[i] += !troubles[i].run(&r);
		usleep(below(&r, 30000));
	}
}

static void *sender_main(void *arg)
{
	struct race *race = arg;
	int tx = pd_tx_open(getenv("PD_TX"));
	__u32 i;

	for (i = 0; tx >= 0 && !stopped(race); i++) {
		pd_flow = i % FLOWS;
		pd_send(tx, LEN, i);
		if (i % 16 == 0)
			usleep(1000);
	}
	close(tx);

	return NULL;
}

/* How many packet sockets there are in this namespace. */
static int packet_sockets(void)
{
	FILE *f = fopen("/proc/net/packet", "r");
	char line[256];
	int n = -1;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		n++;
	fclose(f);

	return n;
}

FIXTURE(race) {
	struct race *race;
	struct pd_sock pd;
	struct tpacket4_stats stats;
	const char *tx;
	__u32 seed;
	int descriptors;	/* that the ring had, of a NIC */
};

FIXTURE_VARIANT(race) {
	const char *rx;		/* NULL: a NIC with queues to lease */
	const char *tx;
};

FIXTURE_VARIANT_ADD(race, veth) {
	.rx = "pd1", .tx = "pd0",
};

FIXTURE_VARIANT_ADD(race, queues) {
};

static int queue_count(int ifindex)
{
	struct tpacket4_info info = {};
	int fd = pd_socket(SOCK_RAW);
	int err;

	if (fd < 0)
		return fd;
	err = pd_bind(fd, ifindex, ETH_P_ALL);
	if (!err)
		err = pd_info(fd, &info);
	close(fd);

	return err ? err : (int)info.ti_queue_nr;
}

FIXTURE_SETUP(race)
{
	const char *seed = getenv("PD_SEED");
	int queues;

	self->pd.fd = -1;
	self->seed = seed ? strtoul(seed, NULL, 0) :
			    pd_now(CLOCK_REALTIME) / 1000;
	TH_LOG("PD_SEED=%u", self->seed);
	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	if (!variant->rx && (!getenv("PD_IFACE") || !getenv("PD_PEER")))
		SKIP(return, "PD_IFACE and PD_PEER name no NIC");

	pd_udp = true;
	self->race = mmap(NULL, sizeof(*self->race), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(self->race, MAP_FAILED);
	self->race->ifname = variant->rx ?: getenv("PD_IFACE");
	self->tx = variant->tx ?: getenv("PD_PEER");
	setenv("PD_TX", self->tx, 1);
	if (variant->rx) {
		ASSERT_EQ(pd_netns(), 0);
		ASSERT_EQ(pd_veth(variant->tx, variant->rx), 0);
	}
	ASSERT_EQ(pd_if_ready(self->race->ifname), 0);
	self->race->ifindex = if_nametoindex(self->race->ifname);
	queues = queue_count(self->race->ifindex);
	ASSERT_GE(queues, 1);
	self->race->queues = queues;
	if (!variant->rx) {
		self->descriptors = get_descriptors(self->race->ifname);
		ASSERT_GT(self->descriptors, 0);
	}
}

FIXTURE_TEARDOWN(race)
{
	int i;

	self->race->stop = true;
	pd_close(&self->pd);
	for (i = 0; i < SOCKS; i++)
		close(FIRST_FD + i);
	if (variant->rx)
		return;
	pd_if_up(self->race->ifname, true);
	pd_if_mtu(self->race->ifname, 1500);
	set_channels(self->race->ifname, self->race->queues);
	set_descriptors(self->race->ifname, self->descriptors);
	pd_run("ip link set %s allmulticast off", self->race->ifname);
	pd_run("ethtool -X %s default", self->race->ifname);
}

/* All at once, for some time. */
static int run_race(struct race *race, __u32 seed, __u32 *trouble_done)
{
	const char *msecs = getenv("PD_MSECS");
	__u64 end = pd_now(CLOCK_MONOTONIC) +
		    (msecs ? atoi(msecs) : 10000) * 1000000ULL;
	pthread_t sender;
	struct racer r = { .race = race };
	pid_t other[2];
	int i, status;

	for (i = 0; i < SOCKS; i++)
		do_reopen(&r, FIRST_FD + i);
	for (i = 0; i < 2; i++) {
		other[i] = fork();
		if (other[i] < 0)
			return -errno;
		if (other[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_racers(race, seed + 100 * (i + 1));
		_exit(0);
	}
	for (i = 0; i < SOCKS; i++)
		close(FIRST_FD + i);
	if (pthread_create(&sender, NULL, sender_main, race))
		return -EAGAIN;
	make_trouble(race, seed, end, trouble_done);
	__atomic_store_n(&race->stop, true, __ATOMIC_RELAXED);
	pthread_join(sender, NULL);
	for (i = 0; i < 2; i++)
		if (waitpid(other[i], &status, 0) != other[i] || status)
			return -ECHILD;

	return 0;
}

TEST_F_TIMEOUT(race, anything_goes, 900)
{
	__u32 trouble_done[ARRAY_SIZE(troubles)] = {};
	struct race *race = self->race;
	int sockets = packet_sockets();
	struct tpacket_req4 req;
	__u32 i, flow;
	int tx;

	ASSERT_EQ(run_race(race, self->seed, trouble_done), 0);

	for (i = 0; i < ARRAY_SIZE(operations); i++)
		TH_LOG("%s: %u done, %u refused", operations[i].name,
		       race->done[i], race->refused[i]);
	for (i = 0; i < ARRAY_SIZE(troubles); i++)
		TH_LOG("%s: %u done", troubles[i].name, trouble_done[i]);
	EXPECT_TRUE(reached(race));
	EXPECT_EQ(race->broken, 0);
	EXPECT_GT(trouble_done[0], 0);
	EXPECT_EQ(race->wrong_sums, 0);

	/* Nothing is left of it. */
	for (i = 0; i < 500 && packet_sockets() != sockets; i++)
		usleep(10000);
	EXPECT_EQ(packet_sockets(), sockets);
	ASSERT_EQ(pd_if_up(race->ifname, true), 0);
	if (!variant->rx) {
		ASSERT_EQ(set_channels(race->ifname, race->queues), 0);
		ASSERT_EQ(pd_run("ethtool -X %s default", race->ifname), 0);
	}
	ASSERT_EQ(pd_if_ready(race->ifname), 0);
	ASSERT_EQ(pd_if_ready(self->tx), 0);
	for (i = 0; !variant->rx && i < race->queues; i++)
		EXPECT_EQ(pd_query_reason(race->ifname, i), PACKET_DIRECT_OK)
			TH_LOG("queue %u", i);

	/* The stack has the frames of all queues. */
	pd_req(&req, 256, 0, 2048);
	ASSERT_EQ(pd_open(&self->pd, race->ifname, &req), 0);
	tx = pd_tx_open(self->tx);
	ASSERT_GE(tx, 0);
	for (flow = 0; flow < FLOWS; flow++) {
		pd_flow = flow;
		ASSERT_EQ(pd_send(tx, LEN, 0), 0);
	}
	EXPECT_EQ(pd_wait(&self->pd, FLOWS, WAIT_MS), FLOWS);
	STATS();
	EXPECT_EQ(self->stats.ts_quarantined, 0);
	close(tx);
}

#define DUEL_MS		5000

/* The ring of one socket, and somebody who removes it once in each round. */
struct duel {
	pthread_barrier_t	begin;
	pthread_barrier_t	end;
	bool			over;
	int			fd;
	int			removed;	/* 0 or -errno */
};

static void *remover_main(void *arg)
{
	struct duel *duel = arg;

	for (;;) {
		pthread_barrier_wait(&duel->begin);
		if (duel->over)
			return NULL;
		duel->removed = do_remove(NULL, duel->fd);
		pthread_barrier_wait(&duel->end);
	}
}

/* Of mmap() and the ring's removal at the same time one succeeds, not both. */
TEST(mapped_or_removed)
{
	__u64 end = pd_now(CLOCK_MONOTONIC) + DUEL_MS * 1000000ULL;
	__u32 mapped = 0, removed = 0;
	struct tpacket4_ring ring = {};
	struct tpacket_req4 req;
	struct duel duel = {};
	pthread_t remover;
	int err;

	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	pd_req(&req, ENTRIES, SLOTS, 2048);
	duel.fd = pd_socket(SOCK_RAW);
	ASSERT_GE(duel.fd, 0);
	pthread_barrier_init(&duel.begin, NULL, 2);
	pthread_barrier_init(&duel.end, NULL, 2);
	ASSERT_EQ(pthread_create(&remover, NULL, remover_main, &duel), 0);

	while (pd_now(CLOCK_MONOTONIC) < end) {
		ASSERT_EQ(pd_set_ring(duel.fd, &req), 0);
		pthread_barrier_wait(&duel.begin);
		err = tpacket4_map(&ring, duel.fd);
		pthread_barrier_wait(&duel.end);
		ASSERT_EQ(duel.removed, err ? 0 : -EBUSY);
		if (err) {
			removed++;
			continue;
		}
		tpacket4_unmap(&ring);
		ASSERT_EQ(do_remove(NULL, duel.fd), 0);
		mapped++;
	}
	TH_LOG("mapped %u times, removed %u times", mapped, removed);
	duel.over = true;
	pthread_barrier_wait(&duel.begin);

	pthread_join(remover, NULL);
	pthread_barrier_destroy(&duel.begin);
	pthread_barrier_destroy(&duel.end);
	close(duel.fd);
}

#define CHANGES	40

/* Somebody who turns a device on or off. */
struct turn {
	pthread_barrier_t	begin;
	bool			up;
	int			err;
};

static void *turn_main(void *arg)
{
	struct turn *turn = arg;

	pthread_barrier_wait(&turn->begin);
	turn->err = pd_if_up("lo", turn->up);

	return NULL;
}

/* Column R of the one packet socket of this namespace. */
static int hooked(void)
{
	FILE *f = fopen("/proc/net/packet", "r");
	char line[256];
	int running = -1;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		sscanf(line, "%*s %*d %*u %*x %*d %d", &running);
	fclose(f);

	return running;
}

static int socket_error(int fd)
{
	socklen_t len = sizeof(int);
	int err = -1;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);

	return err;
}

/* While the device goes up or down, the ring is made or removed. */
static int change_and_turn(int fd, struct turn *turn, bool add)
{
	struct tpacket_req4 req;
	pthread_t thread;
	int err;

	pd_req(&req, ENTRIES, 0, 2048);
	if (!add)
		memset(&req.tp_entry_nr, 0, sizeof(req) -
		       offsetof(struct tpacket_req4, tp_entry_nr));
	pthread_barrier_init(&turn->begin, NULL, 2);
	if (pthread_create(&thread, NULL, turn_main, turn))
		return -EAGAIN;
	pthread_barrier_wait(&turn->begin);
	err = pd_set_ring(fd, &req);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&turn->begin);

	return err ?: turn->err;
}

/* The socket hears a device that is up, and is told of one that is down. */
TEST(device_goes_up_or_down_while_the_ring_changes)
{
	struct turn turn = {};
	struct tpacket_req4 req;
	int i, fd, phase;

	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	ASSERT_EQ(pd_netns(), 0);
	fd = pd_socket(SOCK_RAW);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(pd_bind(fd, if_nametoindex("lo"), ETH_P_ALL), 0);
	socket_error(fd);

	/* made while it goes up and removed while it goes down, then both the
	 * other way round
	 */
	for (phase = 0; phase < 2; phase++) {
		for (i = 0; i < 2 * CHANGES; i++) {
			turn.up = i % 2 == 0;
			ASSERT_EQ(change_and_turn(fd, &turn, turn.up ^ phase), 0);
			ASSERT_EQ(hooked(), turn.up) TH_LOG("round %d", i);
			ASSERT_EQ(socket_error(fd), turn.up ? 0 : ENETDOWN)
				TH_LOG("round %d", i);
		}
		if (phase)
			break;
		pd_req(&req, ENTRIES, 0, 2048);
		ASSERT_EQ(pd_set_ring(fd, &req), 0);
	}
	close(fd);
}

TEST_HARNESS_MAIN
