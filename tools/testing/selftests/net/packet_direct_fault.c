// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation and every copy from or to user space may fail: each call is
 * made again and again with the 1st, 2nd, 3rd ... of them failing, until none is
 * left to fail.  Whatever the call says, what it did not do it has to undo.
 *
 * Needs CONFIG_FAULT_INJECTION with failslab and fail_page_alloc.  The lease
 * needs a queue: PD_IFACE=eth0 PD_QUEUE=1.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "packet_direct_test.h"

#define FAULTS		"/sys/kernel/debug"
#define MAX_FAULTS	2000

/* Fewer, and the test did not reach what it is about. */
#define MIN_FAULTS	3

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	close(fd);

	return n < 0 ? -errno : 0;
}

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
		err = write_file(settings[i].path, settings[i].text);
		if (err)
			return err;
	}

	return 0;
}

/* The fault that is still to come, 0 when it happened.  Asking can be what it
 * happens to.
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

FIXTURE(fault) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	struct tpacket_req4 req;
	int nth;		/* /proc/thread-self/fail-nth */
};

FIXTURE_SETUP(fault)
{
	self->pd.fd = -1;
	self->nth = -1;
	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	if (enable_faults())
		SKIP(return, "this kernel has no failslab and fail_page_alloc");
	self->nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->nth, 0);
	pd_req(&self->req, 64, 80, 2048);
}

FIXTURE_TEARDOWN(fault)
{
	pd_close(&self->pd);
	if (self->nth >= 0)
		close(self->nth);
}

/* Makes @call until it is made without a fault. */
#define EACH_FAULT(call, good, errno1, errno2, bad)			\
	do {								\
		int _err, _left, _n;					\
									\
		for (_n = 1; _n < MAX_FAULTS; _n++) {			\
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
		TH_LOG("%d faults", _n - 1);				\
	} while (0)

#define REMOVE_RING()							\
	do {								\
		struct tpacket_req4 _none = { .tp_size = sizeof(_none) }; \
									\
		ASSERT_EQ(pd_set_ring(self->pd.fd, &_none), 0);		\
	} while (0)

/* Not one slot went astray. */
#define ALL_SLOTS()							\
	do {								\
		ASSERT_EQ(pd_stats(self->pd.fd, &self->stats), 0);	\
		EXPECT_EQ(self->stats.ts_free, self->req.tp_entry_nr);	\
		EXPECT_EQ(self->stats.ts_spare,				\
			  self->req.tp_slot_nr - self->req.tp_entry_nr); \
		EXPECT_EQ(self->stats.ts_quarantined, 0);		\
	} while (0)

TEST_F_TIMEOUT(fault, add_ring, 120)
{
	self->pd.fd = pd_socket(SOCK_RAW);
	ASSERT_GE(self->pd.fd, 0);
	EACH_FAULT(pd_set_ring(self->pd.fd, &self->req),
		   REMOVE_RING(), ENOMEM, ENOMEM,
		   ASSERT_EQ(pd_stats(self->pd.fd, &self->stats), -EINVAL));
}

TEST_F_TIMEOUT(fault, map_ring, 120)
{
	self->pd.fd = pd_socket(SOCK_RAW);
	ASSERT_GE(self->pd.fd, 0);
	ASSERT_EQ(pd_set_ring(self->pd.fd, &self->req), 0);
	EACH_FAULT(tpacket4_map(&self->pd.ring, self->pd.fd),
		   tpacket4_unmap(&self->pd.ring), ENOMEM, EAGAIN, (void)0);
	ALL_SLOTS();
}

TEST_F_TIMEOUT(fault, lease, 300)
{
	const char *ifname = getenv("PD_IFACE");
	const char *queue = getenv("PD_QUEUE");
	struct tpacket4_info info = {};

	if (!ifname || !queue)
		SKIP(return, "PD_IFACE and PD_QUEUE name no queue to lease");

	self->pd.fd = pd_socket(SOCK_RAW);
	ASSERT_GE(self->pd.fd, 0);
	ASSERT_EQ(pd_bind(self->pd.fd, if_nametoindex(ifname), ETH_P_ALL), 0);
	ASSERT_EQ(pd_set_ring(self->pd.fd, &self->req), 0);
	EACH_FAULT(pd_lease(self->pd.fd, atoi(queue)),
		   ASSERT_EQ(pd_unlease(self->pd.fd), 0), ENOMEM, EIO, (void)0);

	ASSERT_EQ(pd_info(self->pd.fd, &info), 0);
	EXPECT_EQ(info.ti_state, (__u32)PACKET_DIRECT_COPY);
	ALL_SLOTS();
}

/* What the kernel allocates to receive: a frame is copied, or counted. */
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

TEST_HARNESS_MAIN
