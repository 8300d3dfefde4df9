// SPDX-License-Identifier: GPL-2.0
/*
 * A process that writes nonsense of every kind into its ring while frames arrive harms
 * only itself.  No slot is lost, nothing is written outside the ring, and another socket
 * misses no frame.
 *
 *	PD_IFACE, PD_QUEUE, PD_PEER	as in lib/nic.h; the neighbour has
 *					the queue after PD_QUEUE
 *	PD_SEED				of the nonsense; by default another each time
 *	PD_MSECS			how long each case takes
 */
#include <linux/filter.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/nic.h"
#include "lib/scribble.h"
#include "lib/test.h"

#define LEN		200
#define ENTRIES		256
#define SPARES		64
#define BURST		32
#define FLOWS		32
#define SLOW_MSECS	30000
#define CANARY		0xc5
#define CANARY_LEN	0x100000

static struct pd_frame frame;
static __u64 count[PD_SCRIBBLES];

FIXTURE(hostile) {
	struct pd_sock pd;		/* the hostile one's */
	struct pd_sock neighbour;	/* reads all that it is sent */
	struct pd_sock guard[2];	/* made before and after pd, never used */
	struct pd_nic nic;		/* of a leased queue */
	__u32 quarantined;		/* before the test */
	struct tpacket4_stats stats;
	struct pd_scribblers *by;
	__u8 *canary;
	const char *rx;
	int tx;
	__u32 seed;
	__u32 flow;			/* to pd's queue */
	__u32 neighbour_flow;
	__u32 seq;
};

FIXTURE_VARIANT(hostile) {
	const char *rx;		/* NULL: a leased queue */
	const char *tx;
	bool split;
	bool filter;
	__u32 flags;		/* of the lease */
};

FIXTURE_VARIANT_ADD(hostile, lo) {
	.rx = "lo", .tx = "lo",
};

FIXTURE_VARIANT_ADD(hostile, veth) {
	.rx = "pd1", .tx = "pd0",
};

FIXTURE_VARIANT_ADD(hostile, veth_payload) {
	.rx = "pd1", .tx = "pd0", .split = true,
};

FIXTURE_VARIANT_ADD(hostile, veth_filter) {
	.rx = "pd1", .tx = "pd0", .filter = true,
};

FIXTURE_VARIANT_ADD(hostile, queue) {
};

FIXTURE_VARIANT_ADD(hostile, queue_payload) {
	.split = true,
};

FIXTURE_VARIANT_ADD(hostile, queue_filter) {
	.filter = true,
};

FIXTURE_VARIANT_ADD(hostile, queue_payload_filter) {
	.split = true, .filter = true,
};

FIXTURE_VARIANT_ADD(hostile, queue_stack) {
	.flags = PACKET_DIRECT_TEE,
};

FIXTURE_VARIANT_ADD(hostile, queue_payload_filter_stack) {
	.split = true, .filter = true,
	.flags = PACKET_DIRECT_TEE | PACKET_DIRECT_PASS,
};

static __u32 number(const char *name, __u32 otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

/* Slots of which only the first half is used, if the queue can do that. */
static void request(struct tpacket_req4 *req, bool split)
{
	pd_req(req, ENTRIES, ENTRIES + SPARES, split ? 1024 : 4096);
	req->tp_slot_len = req->tp_slot_size / 2;
	if (req->tp_slot_len < pd_slot_min)
		req->tp_slot_len = pd_slot_min;
	if (!split)
		return;
	req->tp_payload_size = 8192;
	req->tp_payload_len = 4096;
	req->tp_payload_nr = ENTRIES + SPARES;
}

static int lease(struct pd_sock *pd, __u32 queue, bool split, __u32 flags)
{
	if (split)
		flags |= PACKET_DIRECT_SPLIT_UNRELIABLE;

	return pd_lease_flags(pd->fd, queue, flags);
}

/* Everything of @pd but the control page, also slots in one's own memory. */
static void mark(struct pd_sock *pd)
{
	const struct tpacket4_layout *l = &pd->ring.layout;

	memset(pd->ring.hdr, CANARY, l->tl_map_len - l->tl_hdr_off);
	if (pd->memory.at)
		memset(pd->memory.at, CANARY, pd->memory.len);
}

static bool marked(const __u8 *at, size_t len)
{
	return !len || (at[0] == CANARY && !memcmp(at, at + 1, len - 1));
}

static bool still_marked(const struct pd_sock *pd)
{
	const struct tpacket4_layout *l = &pd->ring.layout;

	return marked(pd->ring.hdr, l->tl_map_len - l->tl_hdr_off) &&
	       (!pd->memory.at || marked(pd->memory.at, pd->memory.len));
}

/* Nobody wrote to the unused part of a slot. */
static bool gaps_marked(const __u8 *slot, __u32 nr, __u32 shift, __u32 len)
{
	size_t size = 1UL << shift;

	for (; nr; nr--, slot += size)
		if (!marked(slot + len, size - len))
			return false;

	return true;
}

static bool all_gaps_marked(const struct pd_sock *pd)
{
	const struct tpacket4_layout *l = &pd->ring.layout;

	return gaps_marked(pd->ring.slot, l->tl_slot_nr, l->tl_slot_shift,
			   l->tl_slot_len) &&
	       gaps_marked(pd->ring.payload, l->tl_payload_nr,
			   l->tl_payload_shift, l->tl_payload_len);
}

/* The neighbour's spares are its own. */
static bool spares_marked(const struct pd_sock *pd)
{
	return marked(tpacket4_slot(&pd->ring, ENTRIES),
		      (size_t)SPARES << pd->ring.layout.tl_slot_shift);
}

/* The filter returns a byte of the frame, which may change while it runs. */
static int filter_by_content(int fd)
{
	struct sock_filter insn[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 60),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x7f),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};

	return pd_filter(fd, insn, ARRAY_SIZE(insn));
}

static int make_veth(const char *tx, const char *rx)
{
	return !strcmp(tx, "lo") ? 0 : pd_veth(tx, rx);
}

FIXTURE_SETUP(hostile)
{
	struct tpacket4_info info;

	self->pd.fd = -1;
	self->neighbour.fd = -1;
	self->guard[0].fd = -1;
	self->guard[1].fd = -1;
	self->tx = -1;
	self->seed = number("PD_SEED", pd_now(CLOCK_REALTIME) / 1000);
	TH_LOG("PD_SEED=%u", self->seed);

	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	if (!variant->rx && pd_nic_missing())
		SKIP(return, "%s", pd_nic_missing());

	pd_udp = true;
	if (variant->rx) {
		self->rx = variant->rx;
		ASSERT_EQ(pd_netns(), 0);
		ASSERT_EQ(make_veth(variant->tx, variant->rx), 0);
	} else {
		ASSERT_OK(pd_nic_open(&self->nic));
		self->rx = self->nic.ifname;
		if (self->nic.queue + 1 >= self->nic.queues)
			SKIP(return, "%s has no queue behind PD_QUEUE", self->rx);
		ASSERT_EQ(pd_nic_limits(&self->nic, &info), 0);
		if (variant->split && !info.ti_split_min)
			SKIP(return, "%s splits no headers", self->rx);
		ASSERT_EQ(pd_steer(self->rx, self->nic.peer, self->nic.queue, 2), 0);
	}
	self->quarantined = pd_quarantined();
	self->tx = pd_tx_open(variant->tx ?: self->nic.peer);
	ASSERT_GE(self->tx, 0);
	self->canary = mmap(NULL, CANARY_LEN, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(self->canary, MAP_FAILED);
	memset(self->canary, CANARY, CANARY_LEN);
}

FIXTURE_TEARDOWN(hostile)
{
	if (self->by)
		pd_scribble_stop(self->by, count);
	pd_close(&self->guard[0]);
	pd_close(&self->pd);
	pd_close(&self->guard[1]);
	pd_close(&self->neighbour);
	if (self->tx >= 0)
		close(self->tx);
	pd_nic_close(&self->nic);
}

static int open_ring(struct pd_sock *pd, const char *ifname, bool split)
{
	struct tpacket_req4 req;
	int err;

	request(&req, split);
	err = pd_open(pd, ifname, &req);
	if (!err && !strcmp(ifname, "lo"))
		err = pd_set_int(pd->fd, PACKET_IGNORE_OUTGOING, 1);
	if (!err)
		mark(pd);

	return err;
}

/* Bound to nothing, so that nothing comes. */
static int open_guard(struct pd_sock *pd)
{
	struct tpacket_req4 req;
	int err;

	request(&req, false);
	pd->fd = pd_socket(SOCK_RAW);
	if (pd->fd < 0)
		return pd->fd;
	err = pd_set_ring(pd->fd, &req);
	if (!err)
		err = tpacket4_map(&pd->ring, pd->fd);
	if (!err)
		mark(pd);

	return err;
}

/* Find a flow that comes to @pd. */
static int find_flow(struct pd_sock *pd, int tx)
{
	for (pd_flow = 0; pd_flow < FLOWS; pd_flow++) {
		pd_drain(pd);
		pd_send(tx, LEN, 0);
		if (pd_wait(pd, 1, 200))
			return pd_flow;
	}

	return -ENOENT;
}

#define LEASE()								\
	do {								\
		__u32 _queue = self->nic.queue;				\
		int _flow;						\
									\
		ASSERT_OK(pd_refused(self->pd.fd,			\
				     lease(&self->pd, _queue,		\
					   variant->split,		\
					   variant->flags),		\
				     PACKET_DIRECT_OK));		\
		ASSERT_OK(pd_refused(self->neighbour.fd,		\
				     lease(&self->neighbour,		\
					   _queue + 1, false, 0),	\
				     PACKET_DIRECT_OK));		\
		pd_drain(&self->pd);					\
		pd_drain(&self->neighbour);				\
		_flow = find_flow(&self->pd, self->tx);			\
		ASSERT_GE(_flow, 0);					\
		self->flow = _flow;					\
		_flow = find_flow(&self->neighbour, self->tx);		\
		ASSERT_GE(_flow, 0);					\
		self->neighbour_flow = _flow;				\
		ASSERT_NE(self->flow, self->neighbour_flow);		\
		pd_drain(&self->pd);					\
		pd_drain(&self->neighbour);				\
	} while (0)

/* The neighbour gets a burst, whole and unchanged. */
#define NEIGHBOUR()							\
	do {								\
		__u32 _i;						\
									\
		pd_flow = self->neighbour_flow;				\
		ASSERT_EQ(pd_send_many(self->tx, BURST, LEN,		\
				       self->seq), 0);			\
		for (_i = 0; _i < BURST; _i++) {			\
			ASSERT_EQ(pd_next(&self->neighbour, &frame,	\
					  WAIT_MS), 1);			\
			ASSERT_OK(pd_check(&frame, LEN,			\
					   self->seq + _i));		\
		}							\
		self->seq += BURST;					\
	} while (0)

/* Each frame is in one entry.  The control page can say anything. */
static __u32 true_prod(const struct tpacket4_stats *stats)
{
	return -ENTRIES + stats->ts_packets;
}

/* Everything goes back. */
static void give_back(struct pd_sock *pd, const struct tpacket4_stats *stats)
{
	pd->ring.ctrl->prod = true_prod(stats);
	pd_drain(pd);
}

#define ROUND()								\
	do {								\
		struct pollfd _pfd = { .fd = self->pd.fd,		\
				       .events = POLLIN };		\
									\
		if (!variant->rx) {					\
			pd_flow = self->flow;				\
			ASSERT_EQ(pd_send_many(self->tx, BURST, LEN, 0), \
				  0);					\
		}							\
		NEIGHBOUR();						\
		poll(&_pfd, 1, 0);					\
		tpacket4_kick_always(self->pd.fd);			\
		STATS();						\
		pd_scribble_prod(self->by, true_prod(&self->stats));	\
	} while (0)

/* The time is over, and the kernel has met each kind of nonsense.  A slow machine has
 * more time for that.
 */
static bool enough(const struct tpacket4_stats *stats, bool filter, __u64 end)
{
	__u64 now = pd_now(CLOCK_MONOTONIC);

	if (stats->ts_bad_slot && stats->ts_bad_cons &&
	    (stats->ts_drop_filter || !filter))
		return now >= end;

	return now >= end + SLOW_MSECS * 1000000ULL;
}

/* The owner gives everything back and gets frames again, unless all payload slots are
 * spares, so that the NIC has none to write to.
 */
#define RECOVERS()							\
	do {								\
		__u32 _post = self->stats.ts_payload_free +		\
			      self->stats.ts_payload_posted;		\
		__u64 _had = self->stats.ts_packets;			\
		int _i;							\
									\
		pd_filter_detach(self->pd.fd);				\
		for (_i = 0; _i < 50; _i++) {				\
			give_back(&self->pd, &self->stats);		\
			pd_flow = self->flow;				\
			pd_send(self->tx, LEN, _i);			\
			usleep(20000);					\
			STATS();					\
			if (self->stats.ts_packets > _had)		\
				break;					\
		}							\
		if (self->stats.ts_packets > _had)			\
			TH_LOG("its ring goes on");			\
		else							\
			ASSERT_TRUE(variant->split && !variant->rx &&	\
				    _post < 32)				\
				TH_LOG("the ring is dead");		\
	} while (0)

/* The same socket gets a new ring that works. */
#define NEW_RING()							\
	do {								\
		struct tpacket_req4 _req = { .tp_size = sizeof(_req) };	\
									\
		if (!variant->rx)					\
			ASSERT_EQ(pd_unlease(self->pd.fd), 0);		\
		tpacket4_unmap(&self->pd.ring);				\
		ASSERT_EQ(pd_set_ring(self->pd.fd, &_req), 0);		\
		request(&_req, variant->split);				\
		ASSERT_EQ(pd_set_ring(self->pd.fd, &_req), 0);		\
		ASSERT_EQ(tpacket4_map(&self->pd.ring, self->pd.fd), 0); \
		if (!variant->rx)					\
			ASSERT_EQ(lease(&self->pd,			\
					self->nic.queue,		\
					variant->split,			\
					variant->flags), 0);		\
		pd_drain(&self->pd);					\
		pd_flow = self->flow;					\
		ASSERT_EQ(pd_send_many(self->tx, BURST, LEN, 0), 0);	\
		ASSERT_EQ(pd_wait(&self->pd, BURST, WAIT_MS), BURST);	\
		STATS();						\
		EXPECT_EQ(self->stats.ts_packets, BURST);		\
		EXPECT_EQ(self->stats.ts_bad_slot, 0);			\
		EXPECT_EQ(self->stats.ts_bad_cons, 0);			\
		EXPECT_EQ(self->stats.ts_quarantined,			\
			  self->quarantined);				\
	} while (0)

#define NEIGHBOUR_LOST_NOTHING()					\
	do {								\
		struct tpacket4_stats _stats;				\
									\
		ASSERT_EQ(pd_stats(self->neighbour.fd, &_stats), 0);	\
		EXPECT_TRUE(pd_sum_ok(&self->neighbour, &_stats));	\
		EXPECT_EQ(_stats.ts_drop_nic + _stats.ts_drop_no_slot +	\
			  _stats.ts_drop_error, 0);			\
		EXPECT_EQ(_stats.ts_bad_slot + _stats.ts_bad_cons, 0);	\
		EXPECT_TRUE(spares_marked(&self->neighbour));		\
		EXPECT_TRUE(all_gaps_marked(&self->neighbour));		\
	} while (0)

TEST_F_TIMEOUT(hostile, owner, 600)
{
	__u64 sum, end;
	int i, rounds;

	ASSERT_EQ(open_ring(&self->neighbour, self->rx, false), 0);
	ASSERT_EQ(open_guard(&self->guard[0]), 0);
	ASSERT_EQ(open_ring(&self->pd, self->rx, variant->split), 0);
	ASSERT_EQ(open_guard(&self->guard[1]), 0);
	if (!variant->rx)
		LEASE();

	self->by = pd_scribble_start(&self->pd.ring, self->seed);
	ASSERT_TRUE(!!self->by);
	end = pd_now(CLOCK_MONOTONIC) + number("PD_MSECS", 3000) * 1000000ULL;
	for (rounds = 0; !enough(&self->stats, variant->filter, end); rounds++) {
		if (variant->filter && rounds % 8 == 4)
			ASSERT_EQ(filter_by_content(self->pd.fd), 0);
		if (variant->filter && rounds % 8 == 0 && rounds)
			ASSERT_EQ(pd_filter_detach(self->pd.fd), 0);
		ROUND();
	}
	sum = pd_scribble_stop(self->by, count);
	self->by = NULL;
	STATS();

	TH_LOG("%d rounds, %llu scribbles; the neighbour read %u frames",
	       rounds, (unsigned long long)sum, self->seq);
	TH_LOG("%llu frames published, %llu filtered, %llu bad slots, %llu bad cons",
	       (unsigned long long)self->stats.ts_packets,
	       (unsigned long long)self->stats.ts_drop_filter,
	       (unsigned long long)self->stats.ts_bad_slot,
	       (unsigned long long)self->stats.ts_bad_cons);
	for (i = 0; i < PD_SCRIBBLES; i++)
		EXPECT_GT(count[i], 0) TH_LOG("scribbles of kind %d", i);
	EXPECT_GT(self->stats.ts_packets, 0);
	EXPECT_GT(self->stats.ts_bad_slot, 0);
	EXPECT_GT(self->stats.ts_bad_cons, 0);
	if (variant->filter)
		EXPECT_GT(self->stats.ts_drop_filter, 0);
	EXPECT_EQ(self->stats.ts_quarantined, self->quarantined);

	RECOVERS();
	EXPECT_TRUE(all_gaps_marked(&self->pd));
	EXPECT_TRUE(still_marked(&self->guard[0]));
	EXPECT_TRUE(still_marked(&self->guard[1]));
	EXPECT_TRUE(marked(self->canary, CANARY_LEN));
	pd_drain(&self->neighbour);
	NEIGHBOUR();
	NEIGHBOUR_LOST_NOTHING();
	NEW_RING();
}

TEST_HARNESS_MAIN
