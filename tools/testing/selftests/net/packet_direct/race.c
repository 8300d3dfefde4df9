// SPDX-License-Identifier: GPL-2.0
/*
 * Threads of two processes do to the same few sockets, at the same time, whatever can
 * be done to a ring.  Meanwhile frames arrive, and somebody turns the device down and
 * up, resets it and changes its queues.  What each call returns is chance.  No slot may
 * be lost on the way, and nothing may be left of it afterwards.
 *
 *	PD_IFACE, PD_QUEUE, PD_PEER	as in lib/nic.h; all queues are used
 *	PD_SEED				of the choices; by default another each time
 *	PD_MSECS			how long each case takes
 */
#include <net/if.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/race.h"
#include "lib/test.h"

#define LEN		200
#define LAST_LEN	300	/* of the frames after the race */
#define FLOWS		32
#define EVENTS		16

#define THREADS		3

#define SLOW_MSECS	180000

static bool reached(const struct pd_race *race)
{
	size_t i;

	for (i = 0; i < pd_operation_nr; i++) {
		if (pd_operations[i].need == PD_NOT_NEEDED ||
		    (pd_operations[i].need == PD_NEEDED_OF_QUEUES &&
		     race->queues == 1))
			continue;
		if (!__atomic_load_n(&race->done[i], __ATOMIC_RELAXED))
			return false;
	}

	return true;
}

static __u32 choose(struct pd_racer *r)
{
	__u32 i, sum = 0;

	for (i = 0; i < pd_operation_nr; i++)
		sum += pd_operations[i].weight;
	sum = pd_below(r, sum);
	for (i = 0; sum >= pd_operations[i].weight; i++)
		sum -= pd_operations[i].weight;

	return i;
}

static bool stopped(const struct pd_race *race)
{
	return __atomic_load_n(&race->stop, __ATOMIC_RELAXED);
}

static void *racer_main(void *arg)
{
	struct pd_racer *r = arg;
	__u32 i;
	int err;

	while (!stopped(r->race)) {
		i = choose(r);
		err = pd_operations[i].run(r, pd_race_fd(r));
		__atomic_fetch_add(err ? &r->race->refused[i] :
				   &r->race->done[i], 1, __ATOMIC_RELAXED);
		if (err == -EIO)
			__atomic_fetch_add(&r->race->broken, 1,
					   __ATOMIC_RELAXED);
	}
	tpacket4_unmap(&r->ring);

	return NULL;
}

/* Run the threads of one process until the end. */
static void run_racers(struct pd_race *race, __u32 seed)
{
	struct pd_racer racer[THREADS] = {};
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

/* A slow machine has more time, until each operation that is needed succeeded once. */
static bool goes_on(const struct pd_race *race, __u64 end, const __u32 *event_done)
{
	__u64 now = pd_now(CLOCK_MONOTONIC);

	if (!reached(race) || !event_done[0])
		end += SLOW_MSECS * 1000000ULL;

	return now < end;
}

/* Counts in @done how often each succeeded. */
static void make_events(struct pd_race *race, __u32 seed, __u64 end, __u32 *done)
{
	struct pd_racer r = { .race = race, .random = seed | 1 };
	__u32 i;

	while (goes_on(race, end, done)) {
		i = pd_below(&r, pd_event_nr);
		if (pd_events[i].of_queues && race->queues == 1)
			continue;
		done[i] += !pd_events[i].run(&r);
		usleep(pd_below(&r, 30000));
	}
}

static void *sender_main(void *arg)
{
	struct pd_race *race = arg;
	int tx = pd_tx_open(race->nic.peer);
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
	struct pd_race *race;
	struct pd_sock pd;
	struct tpacket4_stats stats;
	__u32 quarantined;	/* before the test */
	__u32 seed;
	int descriptors;	/* of the RX ring before the test */
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

FIXTURE_SETUP(race)
{
	const char *seed = getenv("PD_SEED");
	struct tpacket4_info info;

	self->pd.fd = -1;
	self->seed = seed ? strtoul(seed, NULL, 0) :
			    pd_now(CLOCK_REALTIME) / 1000;
	TH_LOG("PD_SEED=%u", self->seed);
	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	if (!variant->rx && pd_nic_missing())
		SKIP(return, "%s", pd_nic_missing());

	pd_udp = true;
	self->quarantined = pd_quarantined();
	self->race = mmap(NULL, sizeof(*self->race), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(self->race, MAP_FAILED);
	if (variant->rx) {
		self->race->nic.ifname = variant->rx;
		self->race->nic.peer = variant->tx;
		ASSERT_EQ(pd_netns(), 0);
		ASSERT_EQ(pd_veth(variant->tx, variant->rx), 0);
	} else {
		pd_nic_name(&self->race->nic);
		ASSERT_EQ(pd_nic_spread(&self->race->nic), 0);
		ASSERT_EQ(pd_link_up(self->race->nic.ifname,
				     self->race->nic.peer), 0);
	}
	self->race->ifindex = if_nametoindex(self->race->nic.ifname);
	ASSERT_EQ(pd_nic_limits(&self->race->nic, &info), 0);
	ASSERT_GE(info.ti_queue_nr, 1);
	self->race->queues = info.ti_queue_nr;
	if (!variant->rx) {
		self->descriptors = pd_descriptors(self->race->nic.ifname);
		ASSERT_GE(self->descriptors, 0);
	}
}

FIXTURE_TEARDOWN(race)
{
	int i;

	pd_close(&self->pd);
	if (!self->race)
		return;
	self->race->stop = true;
	for (i = 0; i < PD_RACE_SOCKS; i++)
		close(PD_RACE_FIRST_FD + i);
	if (variant->rx)
		return;
	pd_if_up(self->race->nic.ifname, true);
	pd_if_mtu(self->race->nic.ifname, 1500);
	pd_set_channels(self->race->nic.ifname, self->race->queues);
	pd_set_descriptors(self->race->nic.ifname, self->descriptors);
	pd_run("ip link set %s allmulticast off", self->race->nic.ifname);
	pd_nic_spread(&self->race->nic);
}

/* All at once, for some time. */
static int run_race(struct pd_race *race, __u32 seed, __u32 *event_done)
{
	const char *msecs = getenv("PD_MSECS");
	__u64 end = pd_now(CLOCK_MONOTONIC) +
		    (msecs ? atoi(msecs) : 10000) * 1000000ULL;
	pthread_t sender;
	struct pd_racer r = { .race = race };
	pid_t other[2];
	int i, status;

	for (i = 0; i < PD_RACE_SOCKS; i++)
		pd_race_reopen(&r, PD_RACE_FIRST_FD + i);
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
	for (i = 0; i < PD_RACE_SOCKS; i++)
		close(PD_RACE_FIRST_FD + i);
	if (pthread_create(&sender, NULL, sender_main, race))
		return -EAGAIN;
	make_events(race, seed, end, event_done);
	__atomic_store_n(&race->stop, true, __ATOMIC_RELAXED);
	pthread_join(sender, NULL);
	for (i = 0; i < 2; i++)
		if (waitpid(other[i], &status, 0) != other[i] || status)
			return -ECHILD;

	return 0;
}

/* Waits until as many frames of the last length have come as there are flows.  Those
 * of the race may still be on their way, and come before.
 */
static __u32 last_frames(struct pd_sock *pd)
{
	static struct pd_frame frame;
	__u32 count = 0;

	while (count < FLOWS && pd_next(pd, &frame, WAIT_MS) > 0)
		count += frame.len == LAST_LEN;

	return count;
}

TEST_F_TIMEOUT(race, anything_goes, 900)
{
	__u32 event_done[EVENTS] = {};
	struct pd_race *race = self->race;
	int sockets = packet_sockets();
	struct tpacket_req4 req;
	__u32 i, flow;
	int tx;

	ASSERT_LE(pd_event_nr, EVENTS);
	ASSERT_LE(pd_operation_nr, ARRAY_SIZE(race->done));
	ASSERT_EQ(run_race(race, self->seed, event_done), 0);

	for (i = 0; i < pd_operation_nr; i++)
		TH_LOG("%s: %u done, %u refused", pd_operations[i].name,
		       race->done[i], race->refused[i]);
	for (i = 0; i < pd_event_nr; i++)
		TH_LOG("%s: %u done", pd_events[i].name, event_done[i]);
	EXPECT_TRUE(reached(race));
	EXPECT_EQ(race->broken, 0);
	EXPECT_GT(event_done[0], 0);
	EXPECT_EQ(race->wrong_sums, 0);

	/* Nothing is left of it. */
	for (i = 0; i < 500 && packet_sockets() != sockets; i++)
		usleep(10000);
	EXPECT_EQ(packet_sockets(), sockets);
	ASSERT_EQ(pd_if_up(race->nic.ifname, true), 0);
	if (!variant->rx) {
		ASSERT_EQ(pd_set_channels(race->nic.ifname, race->queues), 0);
		ASSERT_EQ(pd_nic_spread(&race->nic), 0);
	}
	ASSERT_EQ(pd_link_up(race->nic.ifname, race->nic.peer), 0);
	for (i = 0; !variant->rx && i < race->queues; i++)
		EXPECT_EQ(pd_query_reason(race->nic.ifname, i), PACKET_DIRECT_OK)
			TH_LOG("queue %u", i);

	/* The stack has the frames of all queues. */
	pd_req(&req, 256, 0, 2048);
	ASSERT_EQ(pd_open(&self->pd, race->nic.ifname, &req), 0);
	tx = pd_tx_open(race->nic.peer);
	ASSERT_GE(tx, 0);
	for (flow = 0; flow < FLOWS; flow++) {
		pd_flow = flow;
		ASSERT_EQ(pd_send(tx, LAST_LEN, 0), 0);
	}
	EXPECT_EQ(last_frames(&self->pd), FLOWS);
	STATS();
	EXPECT_EQ(self->stats.ts_quarantined, self->quarantined);
	close(tx);
}

TEST_HARNESS_MAIN
