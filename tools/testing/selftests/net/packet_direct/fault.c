// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation and each copy from or to user space may fail.  A call is made again
 * and again, and the 1st, 2nd, 3rd ... of them fails, until no such fault is left.  A
 * call that fails has to undo what it did.
 *
 * Needs CONFIG_FAULT_INJECTION with failslab and fail_page_alloc.
 *
 *	PD_IFACE, PD_QUEUE, PD_PEER	as in lib/nic.h
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/udmabuf.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/nic.h"
#include "lib/test.h"

#define FAULTS		"/sys/kernel/debug"
#define MAX_FAULTS	20000

/* Each fault up to this one is tried, and fewer and fewer of those behind it: a ring of
 * the stack's has hundreds.
 */
#define EACH		64
#define EACH_BUFFER	8

/* With fewer the test did not reach what it is about. */
#define MIN_FAULTS	3

/* By default only allocations that may not sleep fail. */
static int enable_faults(void)
{
	static const struct { const char *path, *text; } settings[] = {
		{ FAULTS "/failslab/ignore-gfp-wait", "N" },
		{ FAULTS "/failslab/verbose", "0" },
		{ FAULTS "/fail_page_alloc/ignore-gfp-wait", "N" },
		{ FAULTS "/fail_page_alloc/ignore-gfp-highmem", "N" },
		{ FAULTS "/fail_page_alloc/min-order", "0" },
		{ FAULTS "/fail_page_alloc/verbose", "0" },
	};
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		err = pd_write_file(settings[i].path, settings[i].text);
		if (err)
			return err;
	}

	return 0;
}

struct setting {
	const char *path, *fail, *normal;
};

/* Normal settings come back in the opposite order: those that say what fails are there
 * for as long as anything does.
 */
static int set(const struct setting *settings, size_t count, bool fail)
{
	const struct setting *to;
	int err = 0;
	size_t i;

	for (i = 0; !err && i < count; i++) {
		to = &settings[fail ? i : count - 1 - i];
		err = pd_write_file(to->path, fail ? to->fail : to->normal);
	}

	return err;
}

/* Tasks that ask for it get no more than a page at a time. */
static int set_high_orders(bool fail)
{
	static const struct setting settings[] = {
		{ FAULTS "/fail_page_alloc/min-order", "1", "0" },
		{ FAULTS "/fail_page_alloc/task-filter", "Y", "N" },
		{ FAULTS "/fail_page_alloc/times", "-1", "1" },
		{ FAULTS "/fail_page_alloc/probability", "100", "0" },
	};

	return set(settings, ARRAY_SIZE(settings), fail);
}

/* Nobody gets a page who cannot wait for it, so no poll does. */
static int set_atomic(bool fail)
{
	static const struct setting settings[] = {
		{ FAULTS "/fail_page_alloc/ignore-gfp-wait", "Y", "N" },
		{ FAULTS "/fail_page_alloc/times", "-1", "1" },
		{ FAULTS "/fail_page_alloc/probability", "100", "0" },
	};

	return set(settings, ARRAY_SIZE(settings), fail);
}

/* The file is open already, because open() takes more than a page. */
static int ask_for_it(int fd, bool on)
{
	return pwrite(fd, on ? "1" : "0", 1, 0) == 1 ? 0 : -errno;
}

/* The fault that is still to come, or 0 when it happened.  It can happen to this call
 * too.
 */
static int pending(int fd)
{
	char buf[16] = {};

	if (pread(fd, buf, sizeof(buf) - 1, 0) < 0)
		return errno == EFAULT ? 1 : -errno;

	return atoi(buf);
}

static int arm(int fd, int nth)
{
	char buf[16];
	int len = snprintf(buf, sizeof(buf), "%d", nth);
	int tries;

	for (tries = 0; tries < 2; tries++) {
		if (pwrite(fd, buf, len, 0) == len)
			return 0;
		if (errno != EFAULT)
			break;
	}

	return -errno;
}

/* Where the payload of frames is: in the slot, in a payload slot, in a dma-buf. */
enum kind { PLAIN, PAYLOAD, EXTERNAL };

FIXTURE(fault) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	struct tpacket_req4 req;
	struct pd_nic nic;	/* its queue is the one that is leased */
	__u32 quarantined;	/* before the test */
	int dmabuf;
	int peer;		/* another queue's ring */
	bool ntuple;		/* was turned on */
	int nth;		/* /proc/thread-self/fail-nth */
};

FIXTURE_VARIANT(fault) {
	enum kind kind;
	bool queue_0;		/* not PD_QUEUE: gve restarts all queues for it */
};

FIXTURE_VARIANT_ADD(fault, plain) {
	.kind = PLAIN,
};

FIXTURE_VARIANT_ADD(fault, payload) {
	.kind = PAYLOAD,
};

FIXTURE_VARIANT_ADD(fault, dmabuf) {
	.kind = EXTERNAL,
};

FIXTURE_VARIANT_ADD(fault, queue_0) {
	.kind = PLAIN,
	.queue_0 = true,
};

#define ENTRIES		64
#define SLOTS		80
#define PAYLOADS	72
#define PAYLOAD_SIZE	4096
#define LEN		200

static void request(struct tpacket_req4 *req, enum kind kind)
{
	pd_req(req, ENTRIES, SLOTS, 2048);
	if (kind == PLAIN)
		return;
	req->tp_slot_size = 1024;
	req->tp_slot_len = 512;
	req->tp_payload_size = PAYLOAD_SIZE;
	req->tp_payload_nr = PAYLOADS;
	if (kind == EXTERNAL)
		req->tp_flags = TPACKET4_PAYLOAD_EXTERNAL;
}

/* A dma-buf with room for the payload slots. */
static int make_dmabuf(void)
{
	struct udmabuf_create create = { .size = PAYLOADS * PAYLOAD_SIZE };
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int fd;

	if (dev < 0)
		return -errno;
	create.memfd = memfd_create("payload", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (ftruncate(create.memfd, create.size) ||
	    fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		fd = -errno;
	else
		fd = ioctl(dev, UDMABUF_CREATE, &create);
	close(create.memfd);
	close(dev);

	return fd;
}

FIXTURE_SETUP(fault)
{
	self->pd.fd = -1;
	self->dmabuf = -1;
	self->peer = -1;
	self->nth = -1;
	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	if (enable_faults())
		SKIP(return, "this kernel has no failslab and fail_page_alloc");
	self->nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->nth, 0);
	request(&self->req, variant->kind);
	self->quarantined = pd_quarantined();
	pd_udp = true;
}

FIXTURE_TEARDOWN(fault)
{
	set_high_orders(false);
	set_atomic(false);
	pd_close(&self->pd);
	if (self->peer >= 0)
		close(self->peer);
	if (self->dmabuf >= 0)
		close(self->dmabuf);
	if (self->nth >= 0)
		close(self->nth);
	if (self->ntuple)
		pd_run("ethtool -K %s ntuple off", self->nic.ifname);
	pd_nic_close(&self->nic);
}

/* Makes @call until it is made without a fault. */
#define EACH_FAULT(each, call, good, errno1, errno2, bad)		\
	do {								\
		int _err, _left, _n;					\
									\
		for (_n = 1; _n < MAX_FAULTS; _n += 1 + _n / (each)) { \
			ASSERT_EQ(arm(self->nth, _n), 0);		\
			_err = call;					\
			_left = pending(self->nth);			\
			ASSERT_EQ(arm(self->nth, 0), 0);		\
			ASSERT_GE(_left, 0);				\
			if (!_err) {					\
				good;					\
			} else {					\
				ASSERT_TRUE(_err == -EFAULT ||		\
					    _err == -(errno1) ||	\
					    _err == -(errno2))		\
					TH_LOG("fault %d: %s", _n,	\
					       strerror(-_err));	\
				bad;					\
			}						\
			if (_left)					\
				break;					\
		}							\
		ASSERT_LT(_n, MAX_FAULTS);				\
		ASSERT_GT(_n, MIN_FAULTS);				\
		TH_LOG("up to the %d-th", _n - 1);			\
	} while (0)

#define REMOVE_RING()	ASSERT_EQ(pd_remove_ring(self->pd.fd), 0)

/* Not one slot went astray. */
#define ALL_SLOTS()							\
	do {								\
		ASSERT_EQ(pd_stats(self->pd.fd, &self->stats), 0);	\
		EXPECT_EQ(self->stats.ts_free, ENTRIES);		\
		EXPECT_EQ(self->stats.ts_spare, SLOTS - ENTRIES);	\
		EXPECT_EQ(self->stats.ts_payload_free,			\
			  variant->kind ? ENTRIES : 0);			\
		EXPECT_EQ(self->stats.ts_payload_spare,			\
			  variant->kind ? PAYLOADS - ENTRIES : 0);	\
		EXPECT_EQ(self->stats.ts_quarantined,			\
			  self->quarantined);				\
	} while (0)

TEST_F_TIMEOUT(fault, add_ring, 120)
{
	self->pd.fd = pd_socket(SOCK_RAW);
	ASSERT_GE(self->pd.fd, 0);
	EACH_FAULT(EACH, pd_set_ring(self->pd.fd, &self->req),
		   REMOVE_RING(), ENOMEM, ENOMEM,
		   ASSERT_EQ(pd_stats(self->pd.fd, &self->stats), -EINVAL));
}

/* The same in memory of one's own, which is given back before. */
static int set_own_ring(int fd, const struct tpacket_req4 *req,
			const struct pd_memory *memory)
{
	madvise(memory->at, memory->len, MADV_DONTNEED);

	return pd_set_ring(fd, req);
}

/* No page stays pinned. */
TEST_F_TIMEOUT(fault, add_ring_in_own_memory, 120)
{
	struct pd_memory memory;
	long long pinned;

	ASSERT_TRUE(!!pd_memory_make(&memory, PD_MEMORY_PAGES,
				     pd_memory_len(&self->req)));
	self->req.tp_memory = (unsigned long)memory.at;
	self->pd.fd = pd_socket(SOCK_RAW);
	ASSERT_GE(self->pd.fd, 0);
	pinned = pd_memory_pinned();
	EACH_FAULT(EACH, set_own_ring(self->pd.fd, &self->req, &memory),
		   REMOVE_RING(), ENOMEM, ENOMEM,
		   ASSERT_EQ(pd_memory_pinned(), pinned));
	EXPECT_EQ(pd_memory_pinned(), pinned);
	pd_memory_free(&memory);
}

TEST_F_TIMEOUT(fault, map_ring, 120)
{
	self->pd.fd = pd_socket(SOCK_RAW);
	ASSERT_GE(self->pd.fd, 0);
	ASSERT_EQ(pd_set_ring(self->pd.fd, &self->req), 0);
	EACH_FAULT(EACH, tpacket4_map(&self->pd.ring, self->pd.fd),
		   tpacket4_unmap(&self->pd.ring), ENOMEM, EAGAIN, (void)0);
	ALL_SLOTS();
}

static int lease(int fd, __u32 queue, enum kind kind, int dmabuf)
{
	if (kind == PLAIN)
		return pd_lease(fd, queue);
	if (kind == PAYLOAD)
		return pd_lease_split(fd, queue);

	return pd_lease_dmabuf(fd, queue, dmabuf, PAYLOADS * PAYLOAD_SIZE);
}

#define LEASE()								\
	lease(self->pd.fd, self->nic.queue, variant->kind, self->dmabuf)

static int open_queue(const struct pd_nic *nic, const struct tpacket_req4 *req)
{
	int fd = pd_socket(SOCK_RAW);
	int err;

	if (fd < 0)
		return fd;
	err = pd_bind(fd, if_nametoindex(nic->ifname), ETH_P_ALL);
	if (!err)
		err = pd_set_ring(fd, req);
	if (err) {
		close(fd);
		return err;
	}

	return fd;
}

/* Why there is no queue that can have such a ring, or NULL. */
static const char *no_queue(const struct tpacket_req4 *req, enum kind kind)
{
	int fd, reason, dmabuf = -1;
	struct pd_nic nic;

	if (pd_nic_missing())
		return pd_nic_missing();
	pd_nic_name(&nic);
	fd = open_queue(&nic, req);
	if (fd < 0)
		return NULL;
	if (kind == EXTERNAL)
		dmabuf = make_dmabuf();
	lease(fd, nic.queue, kind, dmabuf);
	reason = pd_reason(fd);
	close(fd);
	close(dmabuf);
	if (reason == PACKET_DIRECT_NO_SPLIT)
		return "PD_IFACE splits no headers";
	if (reason == PACKET_DIRECT_NO_DMABUF)
		return "PD_IFACE writes to no dma-buf";

	return NULL;
}

/* A ring for the NIC's queue, not yet leased. */
#define OPEN_QUEUE()							\
	do {								\
		ASSERT_OK(pd_nic_open(&self->nic));			\
		if (variant->queue_0)					\
			self->nic.queue = 0;				\
		ASSERT_EQ(pd_nic_steer(&self->nic, self->nic.queue), 0); \
		if (variant->kind == EXTERNAL) {			\
			self->dmabuf = make_dmabuf();			\
			ASSERT_GE(self->dmabuf, 0);			\
		}							\
		self->pd.fd = open_queue(&self->nic, &self->req);	\
		ASSERT_GE(self->pd.fd, 0);				\
	} while (0)

/* The stack has the queue, whose frames come by copy. */
#define SERVES_STACK()							\
	do {								\
		struct tpacket4_info _info = {};			\
									\
		ASSERT_EQ(pd_info(self->pd.fd, &_info), 0);		\
		EXPECT_EQ(_info.ti_state, (__u32)PACKET_DIRECT_COPY);	\
		ALL_SLOTS();						\
		ASSERT_EQ(pd_link_up(self->nic.ifname, NULL), 0);	\
		ASSERT_EQ(pd_nic_steer(&self->nic, self->nic.queue), 0); \
		ASSERT_EQ(tpacket4_map(&self->pd.ring, self->pd.fd), 0); \
		ASSERT_EQ(pd_send_many(self->nic.tx, 10, LEN, 0), 0);	\
		EXPECT_EQ(pd_wait(&self->pd, 10, WAIT_MS), 10);		\
		STATS();						\
	} while (0)

/* How often the device has lost its link. */
static int link_downs(const char *ifname)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s/carrier_down_count", ifname);

	return pd_read_number(path);
}

/* A lease for which there is no memory does not touch the link. */
TEST_F_TIMEOUT(fault, lease, 600)
{
	int downs;

	if (no_queue(&self->req, variant->kind))
		SKIP(return, "%s", no_queue(&self->req, variant->kind));
	OPEN_QUEUE();
	downs = link_downs(self->nic.ifname);
	ASSERT_GE(downs, 0);
	EACH_FAULT(variant->queue_0 ? EACH_BUFFER : EACH, LEASE(), {
			   ASSERT_EQ(pd_unlease(self->pd.fd), 0);
			   downs = link_downs(self->nic.ifname);
		   }, ENOMEM, EIO,
		   ASSERT_EQ(link_downs(self->nic.ifname), downs));
	SERVES_STACK();
}

/* The queue goes back whatever fails on the way. */
TEST_F_TIMEOUT(fault, release, 600)
{
	if (no_queue(&self->req, variant->kind))
		SKIP(return, "%s", no_queue(&self->req, variant->kind));
	OPEN_QUEUE();
	ASSERT_EQ(LEASE(), 0);
	EACH_FAULT(EACH_BUFFER, pd_unlease(self->pd.fd), ASSERT_EQ(LEASE(), 0),
		   EFAULT, EFAULT, (void)0);
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	SERVES_STACK();
}

#define STATE(fd)							\
	({								\
		struct tpacket4_info _info = {};			\
									\
		ASSERT_EQ(pd_info(fd, &_info), 0);			\
		_info.ti_state;						\
	})

#define EXPECT_BOTH(state, peer_state)					\
	do {								\
		EXPECT_EQ(STATE(self->pd.fd), state);			\
		EXPECT_EQ(STATE(self->peer), peer_state);		\
	} while (0)

#define PREPARE_BOTH()							\
	do {								\
		ASSERT_EQ(pd_prepare(self->pd.fd, self->nic.queue), 0);	\
		ASSERT_EQ(pd_prepare(self->peer,			\
				     (self->nic.queue + 1) % self->nic.queues), \
			  0);						\
	} while (0)

#define UNLEASE_BOTH()							\
	do {								\
		ASSERT_EQ(pd_unlease(self->pd.fd), 0);			\
		ASSERT_EQ(pd_unlease(self->peer), 0);			\
	} while (0)

/* And prepared again. */
#define BEGUN_BOTH()							\
	do {								\
		EXPECT_BOTH(PACKET_DIRECT_ACTIVE, PACKET_DIRECT_ACTIVE); \
		UNLEASE_BOTH();						\
		PREPARE_BOTH();						\
	} while (0)

#define ENDED_BOTH()							\
	do {								\
		EXPECT_BOTH(PACKET_DIRECT_COPY, PACKET_DIRECT_LOST);	\
		ASSERT_EQ(pd_unlease(self->peer), 0);			\
		PREPARE_BOTH();						\
	} while (0)

#define STILL_PREPARED()						\
	EXPECT_BOTH(PACKET_DIRECT_PREPARED, PACKET_DIRECT_PREPARED)

/* Prepared leases begin together, or none does and they are prepared as before. */
TEST_F_TIMEOUT(fault, begin, 600)
{
	if (variant->kind != PLAIN)
		SKIP(return, "memory is had before the beginning");
	if (no_queue(&self->req, variant->kind))
		SKIP(return, "%s", no_queue(&self->req, variant->kind));
	OPEN_QUEUE();
	if (self->nic.queues < 2)
		SKIP(return, "%s has one queue", self->nic.ifname);
	self->peer = open_queue(&self->nic, &self->req);
	ASSERT_GE(self->peer, 0);
	PREPARE_BOTH();
	EACH_FAULT(EACH_BUFFER,
		   pd_together(self->pd.fd, PACKET_DIRECT_BEGIN, &self->peer, 1),
		   BEGUN_BOTH(), ENOMEM, EIO, STILL_PREPARED());
	UNLEASE_BOTH();
	SERVES_STACK();
}

/* Leases that cannot end together go on, all of them. */
TEST_F_TIMEOUT(fault, end, 600)
{
	if (variant->kind != PLAIN)
		SKIP(return, "no memory is given back before the end");
	if (no_queue(&self->req, variant->kind))
		SKIP(return, "%s", no_queue(&self->req, variant->kind));
	OPEN_QUEUE();
	if (self->nic.queues < 2)
		SKIP(return, "%s has one queue", self->nic.ifname);
	self->peer = open_queue(&self->nic, &self->req);
	ASSERT_GE(self->peer, 0);
	PREPARE_BOTH();
	EACH_FAULT(EACH_BUFFER,
		   pd_together(self->pd.fd, PACKET_DIRECT_RELEASE, &self->peer, 1),
		   ENDED_BOTH(), ENOMEM, EFAULT, STILL_PREPARED());
	UNLEASE_BOTH();
	SERVES_STACK();
}

/* Where memory is fragmented a ring consists of pages, and looks the same.  The exporter
 * of a dma-buf may want larger pieces, and so may gve for queue 0, where it makes all
 * its rings anew.
 */
TEST_F_TIMEOUT(fault, high_orders_fail, 120)
{
	bool leased = variant->kind != EXTERNAL && !variant->queue_0;
	int err, ask, big;

	if (no_queue(&self->req, variant->kind))
		SKIP(return, "%s", no_queue(&self->req, variant->kind));
	OPEN_QUEUE();
	REMOVE_RING();
	ask = open("/proc/self/make-it-fail", O_RDWR | O_CLOEXEC);
	big = pd_socket(SOCK_RAW);
	ASSERT_GE(big, 0);
	ASSERT_EQ(set_high_orders(true), 0);
	ASSERT_EQ(ask_for_it(ask, true), 0);
	err = pd_set_ring(self->pd.fd, &self->req);
	if (!err && leased)
		err = LEASE();
	if (!err && leased)
		err = pd_unlease(self->pd.fd);
	self->req.tp_slot_size = 65536;
	EXPECT_EQ(pd_set_ring(big, &self->req), -ENOMEM);
	ASSERT_EQ(ask_for_it(ask, false), 0);
	ASSERT_EQ(set_high_orders(false), 0);
	close(big);
	close(ask);

	ASSERT_EQ(err, 0);
	SERVES_STACK();
}

/* A frame for which there is no memory is counted. */
TEST_F_TIMEOUT(fault, receive, 120)
{
	int tx, n;

	ASSERT_EQ(pd_netns(), 0);
	ASSERT_EQ(pd_if_up("lo", true), 0);
	ASSERT_EQ(pd_open(&self->pd, "lo", &self->req), 0);
	tx = pd_tx_open("lo");
	ASSERT_GE(tx, 0);
	for (n = 1; n < 20; n++) {
		ASSERT_EQ(arm(self->nth, n), 0);
		pd_send(tx, 100, n);
		ASSERT_EQ(arm(self->nth, 0), 0);
		pd_drain(&self->pd);
		STATS();
	}
	EXPECT_GT(self->stats.ts_packets, 0);
	close(tx);
}

#define BEFORE	"/tmp/pd-steering-before"
#define AFTER	"/tmp/pd-steering-after"

/* What ethtool tells of the steering of a device. */
static int note_steering(const char *ifname, const char *file)
{
	return pd_run("for what in -x -n -k; do ethtool $what %s; done >%s 2>&1",
		      ifname, file);
}

static int lease_steered(int fd, __u32 queue, const struct ethtool_rx_flow_spec *rule)
{
	struct tpacket4_direct direct = {
		.td_queue = queue,
		.td_flags = PACKET_DIRECT_SPREAD | PACKET_DIRECT_SYMMETRIC |
			    (rule ? PACKET_DIRECT_RULES : 0),
		.td_rules = (unsigned long)rule,
		.td_rule_nr = rule ? 1 : 0,
	};

	return pd_direct(fd, &direct);
}

#define STEERED_AS_BEFORE()						\
	do {								\
		ASSERT_EQ(note_steering(self->nic.ifname, AFTER), 0);	\
		EXPECT_EQ(pd_run("diff " BEFORE " " AFTER), 0);		\
	} while (0)

#define UNSTEER()							\
	do {								\
		ASSERT_EQ(pd_unlease(self->pd.fd), 0);			\
		STEERED_AS_BEFORE();					\
	} while (0)

/* Table, key and rules stay what they are when one of them cannot be had. */
TEST_F_TIMEOUT(fault, steer, 600)
{
	struct ethtool_rx_flow_spec spec = {
		.flow_type = UDP_V4_FLOW,
		.h_u.udp_ip4_spec.pdst = htons(4789),
		.m_u.udp_ip4_spec.pdst = 0xffff,
	}, *rule = &spec;
	int err;

	if (variant->kind != PLAIN)
		SKIP(return, "steering is the same for all kinds of slots");
	if (no_queue(&self->req, variant->kind))
		SKIP(return, "%s", no_queue(&self->req, variant->kind));
	OPEN_QUEUE();
	self->ntuple = !pd_run("ethtool -K %s ntuple on >/dev/null 2>&1",
			       self->nic.ifname);
	ASSERT_EQ(pd_link_up(self->nic.ifname, NULL), 0);
	ASSERT_EQ(pd_nic_steer(&self->nic, self->nic.queue), 0);
	if (lease_steered(self->pd.fd, self->nic.queue, rule)) {
		TH_LOG("without a rule");
		rule = NULL;
		err = lease_steered(self->pd.fd, self->nic.queue, rule);
		if (err)
			SKIP(return, "%s is not steered: %s", self->nic.ifname,
			     strerror(-err));
	}
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	ASSERT_EQ(note_steering(self->nic.ifname, BEFORE), 0);
	EACH_FAULT(EACH / 2,
		   lease_steered(self->pd.fd, self->nic.queue, rule),
		   UNSTEER(), ENOMEM, EIO, STEERED_AS_BEFORE());
	SERVES_STACK();
}

/* Counted so far, of frames that go on to the stack. */
#define PASSED()							\
	({								\
		STATS();						\
		self->stats.ts_passed;					\
	})

/* Without memory for a copy the host loses the frame, and the capture has it.  Some
 * copies need no new page.
 */
TEST_F_TIMEOUT(fault, stack_copy, 120)
{
	__u32 flags = PACKET_DIRECT_TEE |
		      (variant->kind ? PACKET_DIRECT_SPLIT_UNRELIABLE : 0);
	__u64 passed, dropped;
	int err, got;

	if (variant->kind == EXTERNAL)
		SKIP(return, "nothing of a dma-buf goes on to the stack");
	/* so many that the kernel can keep some */
	self->req.tp_entry_nr = 4 * ENTRIES;
	self->req.tp_slot_nr = 0;
	self->req.tp_payload_nr = 0;
	if (no_queue(&self->req, variant->kind))
		SKIP(return, "%s", no_queue(&self->req, variant->kind));
	OPEN_QUEUE();
	ASSERT_EQ(pd_lease_flags(self->pd.fd, self->nic.queue, flags), 0);
	ASSERT_EQ(tpacket4_map(&self->pd.ring, self->pd.fd), 0);
	ASSERT_EQ(pd_link_up(self->nic.ifname, NULL), 0);
	ASSERT_EQ(pd_nic_resume(&self->nic, &self->pd), 0);
	passed = PASSED();
	dropped = self->stats.ts_drop_stack;

	ASSERT_EQ(set_atomic(true), 0);
	err = pd_send_many(self->nic.tx, 20, LEN, 0);
	got = pd_wait(&self->pd, 20, WAIT_MS);
	ASSERT_EQ(set_atomic(false), 0);
	ASSERT_EQ(err, 0);
	EXPECT_EQ(got, 20);
	passed = PASSED() - passed;
	dropped = self->stats.ts_drop_stack - dropped;
	TH_LOG("of 20 copies %llu had no memory", dropped);
	EXPECT_GT(dropped, 0);
	EXPECT_EQ(passed + dropped, 20);
	EXPECT_EQ(self->stats.ts_drop_no_slot, 0);

	pd_drain(&self->pd);
	passed = PASSED();
	ASSERT_EQ(pd_send(self->nic.tx, LEN, 20), 0);
	EXPECT_EQ(pd_wait(&self->pd, 1, WAIT_MS), 1);
	EXPECT_EQ(PASSED() - passed, 1);
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	STATS();
	EXPECT_EQ(self->stats.ts_posted, 0);
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
}

TEST_HARNESS_MAIN
