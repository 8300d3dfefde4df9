// SPDX-License-Identifier: GPL-2.0
/*
 * What PACKET_RX_RING, PACKET_RX_DIRECT, mmap() and getsockopt() of a
 * TPACKET_V4 socket accept and refuse, each refusal with its errno and its
 * enum packet_direct_reason.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <fcntl.h>
#include <linux/packet_diag.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/test.h"

/* The ABI, in numbers. */
#define ABI_SIZE(type, size) \
	static_assert(sizeof(struct type) == (size), #type)
#define ABI_AT(type, member, at) \
	static_assert(offsetof(struct type, member) == (at), #type "." #member)

ABI_SIZE(tpacket4_ctrl, 256);
ABI_AT(tpacket4_ctrl, prod, 0);
ABI_AT(tpacket4_ctrl, flags, 4);
ABI_AT(tpacket4_ctrl, state, 8);
ABI_AT(tpacket4_ctrl, generation, 12);
ABI_AT(tpacket4_ctrl, cons, 128);
ABI_AT(tpacket4_ctrl, seen, 132);
ABI_SIZE(tpacket4_hdr, 64);
ABI_AT(tpacket4_hdr, tp_data, 12);
ABI_AT(tpacket4_hdr, tp_len, 20);
ABI_AT(tpacket4_hdr, tp_payload_slot, 24);
ABI_AT(tpacket4_hdr, tp_rxhash, 36);
ABI_AT(tpacket4_hdr, tp_tstamp, 40);
ABI_AT(tpacket4_hdr, tp_vlan_tci, 48);
ABI_AT(tpacket4_hdr, tp_pkttype, 54);
ABI_AT(tpacket4_hdr, tp_priv, 56);
ABI_SIZE(tpacket_req4, 64);
ABI_AT(tpacket_req4, tp_wake_usecs, 40);
ABI_SIZE(tpacket4_layout, 96);
ABI_AT(tpacket4_layout, tl_payload_off, 32);
ABI_AT(tpacket4_layout, tl_payload_len, 72);
ABI_AT(tpacket4_layout, tl_flags, 92);
ABI_SIZE(tpacket4_direct, 64);
ABI_AT(tpacket4_direct, td_dmabuf_off, 16);
ABI_AT(tpacket4_direct, td_reserved, 32);
ABI_SIZE(tpacket4_info, 80);
ABI_AT(tpacket4_info, ti_post_min, 60);
ABI_AT(tpacket4_info, ti_phc_index, 76);
ABI_SIZE(tpacket4_stats, 152);
ABI_AT(tpacket4_stats, ts_packets, 24);
ABI_AT(tpacket4_stats, ts_dry, 128);
ABI_AT(tpacket4_stats, ts_payload_free, 136);

FIXTURE(args) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	struct tpacket_req4 req;
	int ifindex;
	int fd;
};

FIXTURE_SETUP(args)
{
	self->pd.fd = -1;
	self->fd = -1;

	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	ASSERT_EQ(pd_netns(), 0);
	ASSERT_EQ(pd_veth("pd0", "pd1"), 0);
	self->ifindex = if_nametoindex("pd1");
	self->fd = pd_socket(SOCK_RAW);
	ASSERT_GE(self->fd, 0);
	pd_req(&self->req, 64, 0, 2048);
}

FIXTURE_TEARDOWN(args)
{
	pd_close(&self->pd);
	if (self->fd >= 0)
		close(self->fd);
}

struct geometry {
	const char		*what;
	int			reason;
	struct tpacket_req4	req;
};

#define SIZE		.tp_size = sizeof(struct tpacket_req4)
#define GOOD		SIZE, .tp_entry_nr = 64, .tp_slot_size = 2048
#define SPLIT		GOOD, .tp_payload_size = 4096
#define RING(e, s, b)	SIZE, .tp_entry_nr = e, .tp_slot_nr = s, .tp_slot_size = b

static const struct geometry geometry[] = {
	{ "good", PACKET_DIRECT_OK, { GOOD } },
	{ "smallest", PACKET_DIRECT_OK, { RING(8, 8, 1024) } },
	{ "many entries", PACKET_DIRECT_OK, { RING(1 << 12, 0, 1024) } },
	{ "largest slots", PACKET_DIRECT_OK, { RING(8, 0, 1 << 16) } },
	{ "odd number of spares", PACKET_DIRECT_OK, { RING(8, 13, 2048) } },
	{ "shorter slots", PACKET_DIRECT_OK, { GOOD, .tp_slot_len = 1600 } },
	{ "slots in full", PACKET_DIRECT_OK, { GOOD, .tp_slot_len = 2048 } },
	{ "wake at all", PACKET_DIRECT_OK, { GOOD, .tp_wake_count = 64 } },
	{ "longest time", PACKET_DIRECT_OK,
	  { GOOD, .tp_wake_usecs = TPACKET4_MAX_WAKE_USECS } },
	{ "slots to read only", PACKET_DIRECT_OK,
	  { GOOD, .tp_flags = TPACKET4_SLOTS_READ_ONLY } },

	{ "size 0", PACKET_DIRECT_BAD_SIZE,
	  { .tp_entry_nr = 64, .tp_slot_size = 2048 } },
	{ "size of another kernel", PACKET_DIRECT_BAD_SIZE,
	  { .tp_size = 68, .tp_entry_nr = 64, .tp_slot_size = 2048 } },
	{ "flag 2", PACKET_DIRECT_BAD_FLAGS, { GOOD, .tp_flags = 4 } },
	{ "external payload without payload", PACKET_DIRECT_BAD_FLAGS,
	  { GOOD, .tp_flags = TPACKET4_PAYLOAD_EXTERNAL } },
	{ "flag 31", PACKET_DIRECT_BAD_FLAGS, { GOOD, .tp_flags = 1U << 31 } },
	{ "reserved 0", PACKET_DIRECT_BAD_RESERVED, { GOOD, .tp_reserved = { 1 } } },
	{ "reserved 1", PACKET_DIRECT_BAD_RESERVED, { GOOD, .tp_reserved = { 0, 1 } } },
	{ "reserved 2", PACKET_DIRECT_BAD_RESERVED,
	  { GOOD, .tp_reserved = { 0, 0, 1 } } },
	{ "reserved 3", PACKET_DIRECT_BAD_RESERVED,
	  { GOOD, .tp_reserved = { 0, 0, 0, 1 } } },
	{ "reserved 4", PACKET_DIRECT_BAD_RESERVED,
	  { GOOD, .tp_reserved = { 0, 0, 0, 0, 1U << 31 } } },

	{ "no entries", PACKET_DIRECT_BAD_ENTRIES, { RING(0, 0, 2048) } },
	{ "no entries, but slots", PACKET_DIRECT_BAD_ENTRIES, { RING(0, 64, 2048) } },
	{ "one entry", PACKET_DIRECT_BAD_ENTRIES, { RING(1, 0, 2048) } },
	{ "four entries", PACKET_DIRECT_BAD_ENTRIES, { RING(4, 0, 2048) } },
	{ "63 entries", PACKET_DIRECT_BAD_ENTRIES, { RING(63, 0, 2048) } },
	{ "96 entries", PACKET_DIRECT_BAD_ENTRIES, { RING(96, 0, 2048) } },
	{ "2^23 entries", PACKET_DIRECT_BAD_ENTRIES,
	  { RING(2 * TPACKET4_MAX_ENTRIES, 0, 1024) } },
	{ "2^31 entries", PACKET_DIRECT_BAD_ENTRIES, { RING(1U << 31, 0, 1024) } },
	{ "2^32 - 1 entries", PACKET_DIRECT_BAD_ENTRIES, { RING(-1U, 0, 1024) } },

	{ "fewer slots than entries", PACKET_DIRECT_BAD_SLOTS, { RING(64, 63, 2048) } },
	{ "2^20 + 1 slots", PACKET_DIRECT_BAD_SLOTS,
	  { RING(64, TPACKET4_MAX_SLOTS + 1, 1024) } },
	{ "2^32 - 1 slots", PACKET_DIRECT_BAD_SLOTS, { RING(64, -1U, 1024) } },

	{ "slot size 0", PACKET_DIRECT_BAD_SLOT_SIZE, { RING(64, 0, 0) } },
	{ "slot size 512", PACKET_DIRECT_BAD_SLOT_SIZE, { RING(64, 0, 512) } },
	{ "slot size 1536", PACKET_DIRECT_BAD_SLOT_SIZE, { RING(64, 0, 1536) } },
	{ "slot size 2047", PACKET_DIRECT_BAD_SLOT_SIZE, { RING(64, 0, 2047) } },
	{ "slot size 2^17", PACKET_DIRECT_BAD_SLOT_SIZE, { RING(64, 0, 1 << 17) } },
	{ "slot size 2^31", PACKET_DIRECT_BAD_SLOT_SIZE, { RING(64, 0, 1U << 31) } },

	{ "longer than the slot", PACKET_DIRECT_BAD_SLOT_LEN,
	  { GOOD, .tp_slot_len = 2112 } },
	{ "no multiple of 64", PACKET_DIRECT_BAD_SLOT_LEN,
	  { GOOD, .tp_slot_len = 2000 } },
	{ "slot length 64", PACKET_DIRECT_BAD_SLOT_LEN, { GOOD, .tp_slot_len = 64 } },
	{ "slot length 2^32 - 64", PACKET_DIRECT_BAD_SLOT_LEN,
	  { GOOD, .tp_slot_len = -64U } },

	{ "payload", PACKET_DIRECT_OK, { SPLIT } },
	{ "payload elsewhere", PACKET_DIRECT_OK,
	  { SPLIT, .tp_flags = TPACKET4_PAYLOAD_EXTERNAL } },
	{ "smallest headers", PACKET_DIRECT_OK,
	  { SIZE, .tp_entry_nr = 64, .tp_slot_size = 256, .tp_slot_len = 128,
	    .tp_payload_size = 4096 } },
	{ "few payload slots", PACKET_DIRECT_OK, { SPLIT, .tp_payload_nr = 8 } },
	{ "more payload slots than slots", PACKET_DIRECT_OK,
	  { SPLIT, .tp_payload_nr = 100 } },
	{ "largest payload slots", PACKET_DIRECT_OK,
	  { SPLIT, .tp_payload_size = 1 << 16 } },
	{ "payload of 1 KiB", PACKET_DIRECT_OK, { SPLIT, .tp_payload_len = 1024 } },

	{ "headers of 128 bytes", PACKET_DIRECT_BAD_SLOT_SIZE,
	  { SPLIT, .tp_slot_size = 128 } },
	{ "headers of 64 bytes", PACKET_DIRECT_BAD_SLOT_LEN,
	  { SPLIT, .tp_slot_len = 64 } },
	{ "payload slots of 2 KiB", PACKET_DIRECT_BAD_PAYLOAD,
	  { SPLIT, .tp_payload_size = 2048 } },
	{ "payload slots of 6 KiB", PACKET_DIRECT_BAD_PAYLOAD,
	  { SPLIT, .tp_payload_size = 6144 } },
	{ "payload slots of 128 KiB", PACKET_DIRECT_BAD_PAYLOAD,
	  { SPLIT, .tp_payload_size = 1 << 17 } },
	{ "payload longer than its slot", PACKET_DIRECT_BAD_PAYLOAD,
	  { SPLIT, .tp_payload_len = 4160 } },
	{ "payload of 960 bytes", PACKET_DIRECT_BAD_PAYLOAD,
	  { SPLIT, .tp_payload_len = 960 } },
	{ "payload of no multiple of 64", PACKET_DIRECT_BAD_PAYLOAD,
	  { SPLIT, .tp_payload_len = 2000 } },
	{ "7 payload slots", PACKET_DIRECT_BAD_PAYLOAD, { SPLIT, .tp_payload_nr = 7 } },
	{ "2^20 + 1 payload slots", PACKET_DIRECT_BAD_PAYLOAD,
	  { SPLIT, .tp_payload_nr = TPACKET4_MAX_SLOTS + 1 } },
	{ "payload length alone", PACKET_DIRECT_BAD_PAYLOAD,
	  { GOOD, .tp_payload_len = 2048 } },
	{ "number of payload slots alone", PACKET_DIRECT_BAD_PAYLOAD,
	  { GOOD, .tp_payload_nr = 64 } },

	{ "wake at more than all", PACKET_DIRECT_BAD_WAKE,
	  { GOOD, .tp_wake_count = 65 } },
	{ "wake at 2^32 - 1", PACKET_DIRECT_BAD_WAKE, { GOOD, .tp_wake_count = -1U } },
	{ "longer than the longest time", PACKET_DIRECT_BAD_WAKE,
	  { GOOD, .tp_wake_usecs = TPACKET4_MAX_WAKE_USECS + 1 } },
	{ "2^32 - 1 usecs", PACKET_DIRECT_BAD_WAKE, { GOOD, .tp_wake_usecs = -1U } },
};

TEST_F(args, geometry)
{
	struct tpacket4_layout layout;
	const struct geometry *g;
	const char *why;
	int fd, err;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(geometry); i++) {
		g = &geometry[i];
		fd = pd_socket(SOCK_RAW);
		ASSERT_GE(fd, 0);
		err = pd_set_ring(fd, &g->req);
		why = pd_refused(fd, err, g->reason);
		EXPECT_TRUE(!why) TH_LOG("%s: %s", g->what, why);

		/* A refusal changes nothing. */
		if (g->reason)
			EXPECT_EQ(tpacket4_layout(fd, &layout), -EINVAL);
		close(fd);
	}
}

/* More than the machine has: refused at once, without swapping it to death. */
TEST_F(args, geometry_no_memory)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGE_SIZE);
	struct tpacket_req4 req;
	int err;

	if ((__u64)pages * size >= (__u64)TPACKET4_MAX_SLOTS << 16)
		SKIP(return, "this machine has 512 GiB of memory");
	pd_req(&req, TPACKET4_MAX_ENTRIES, TPACKET4_MAX_SLOTS, 1 << 16);
	err = pd_set_ring(self->fd, &req);
	EXPECT_OK(pd_refused(self->fd, err, PACKET_DIRECT_NO_MEMORY));
	err = pd_set_ring(self->fd, &self->req);
	EXPECT_OK(pd_refused(self->fd, err, PACKET_DIRECT_OK));
}

static int set_ring_len(int fd, const void *req, socklen_t len)
{
	return setsockopt(fd, SOL_PACKET, PACKET_RX_RING, req, len) ? -errno : 0;
}

/* optlen and the size in the struct have to agree. */
TEST_F(args, ring_optlen)
{
	static const socklen_t bad[] = { 0, 3, 4, 16, 28, 60, 63, 65, 68, 128, 4097 };
	static __u8 buf[4097];
	size_t i;
	int err;

	memcpy(buf, &self->req, sizeof(self->req));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		err = set_ring_len(self->fd, buf, bad[i]);
		EXPECT_OK(pd_refused(self->fd, err, PACKET_DIRECT_BAD_SIZE));
	}
	EXPECT_EQ(set_ring_len(self->fd, (void *)8, sizeof(self->req)), -EFAULT);
}

/* --- structs of other kernels --- */

/* A program that was built when the struct was shorter: the rest is 0. */
TEST_F(args, ring_of_a_shorter_struct)
{
	struct tpacket_req4 none = { .tp_size = 4 };
	struct tpacket4_layout l;
	socklen_t len;

	for (len = offsetof(struct tpacket_req4, tp_slot_len);
	     len <= sizeof(self->req); len += 4) {
		self->req.tp_size = len;
		ASSERT_EQ(set_ring_len(self->fd, &self->req, len), 0);
		ASSERT_EQ(tpacket4_layout(self->fd, &l), 0);
		EXPECT_EQ(l.tl_entry_nr, 64);
		EXPECT_EQ(l.tl_slot_nr, 64);
		EXPECT_EQ(l.tl_slot_len, 2048);
		EXPECT_EQ(l.tl_payload_nr, 0);
		ASSERT_EQ(set_ring_len(self->fd, &none, 4), 0);
	}

	/* What lies behind its end is not looked at. */
	memset(&self->req.tp_slot_len, 0xff, sizeof(self->req) -
	       offsetof(struct tpacket_req4, tp_slot_len));
	self->req.tp_size = offsetof(struct tpacket_req4, tp_slot_len);
	EXPECT_EQ(set_ring_len(self->fd, &self->req, self->req.tp_size), 0);
}

/* One of a later kernel: taken unless it uses what is new. */
TEST_F(args, ring_of_a_longer_struct)
{
	struct {
		struct tpacket_req4 req;
		__u32 more[4];
	} longer = { .req = self->req };
	int err;

	longer.req.tp_size = sizeof(longer);
	longer.more[3] = 1;
	err = set_ring_len(self->fd, &longer, sizeof(longer));
	EXPECT_OK(pd_refused(self->fd, err, PACKET_DIRECT_UNKNOWN_FIELD));
	longer.more[3] = 0;
	EXPECT_EQ(set_ring_len(self->fd, &longer, sizeof(longer)), 0);
}

static int direct(int fd, const void *td, socklen_t len)
{
	if (setsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, td, len))
		return -errno;

	return 0;
}

/* What the kernel took is seen by what it refuses next: veth has no queues. */
TEST_F(args, direct_of_a_shorter_struct)
{
	struct tpacket4_direct td = {};
	socklen_t len;
	int err;

	ASSERT_EQ(pd_set_ring(self->fd, &self->req), 0);
	ASSERT_EQ(pd_bind(self->fd, self->ifindex, ETH_P_ALL), 0);
	for (len = 8; len <= sizeof(td); len += 4) {
		td.td_size = len;
		err = direct(self->fd, &td, len);
		EXPECT_OK(pd_refused(self->fd, err, PACKET_DIRECT_NO_DRIVER));
	}
	td.td_size = 12;
	td.td_dmabuf_fd = 1;
	err = direct(self->fd, &td, 12);
	EXPECT_OK(pd_refused(self->fd, err, PACKET_DIRECT_NO_DRIVER));
}

TEST_F(args, direct_of_a_longer_struct)
{
	struct {
		struct tpacket4_direct td;
		__u32 more[2];
	} longer = { .td.td_size = sizeof(longer), .more = { 0, 1 } };
	int err;

	ASSERT_EQ(pd_set_ring(self->fd, &self->req), 0);
	ASSERT_EQ(pd_bind(self->fd, self->ifindex, ETH_P_ALL), 0);
	err = direct(self->fd, &longer, sizeof(longer));
	EXPECT_OK(pd_refused(self->fd, err, PACKET_DIRECT_UNKNOWN_FIELD));
	longer.more[1] = 0;
	err = direct(self->fd, &longer, sizeof(longer));
	EXPECT_OK(pd_refused(self->fd, err, PACKET_DIRECT_NO_DRIVER));
	longer.td.td_size = 64;
	err = direct(self->fd, &longer, sizeof(longer));
	EXPECT_OK(pd_refused(self->fd, err, PACKET_DIRECT_BAD_SIZE));
}

/* A longer one asks for something that this kernel cannot know. */
TEST_F(args, info_of_a_longer_struct)
{
	struct {
		struct tpacket4_info info;
		__u32 more[2];
	} longer = {};
	socklen_t len = sizeof(longer);

	EXPECT_EQ(getsockopt(self->fd, SOL_PACKET, PACKET_RX_DIRECT, &longer,
			     &len), 0);
	EXPECT_EQ(len, sizeof(longer.info));
	EXPECT_EQ(longer.info.ti_size, sizeof(longer.info));
	longer.more[0] = 1;
	len = sizeof(longer);
	EXPECT_EQ(getsockopt(self->fd, SOL_PACKET, PACKET_RX_DIRECT, &longer,
			     &len), -1);
	EXPECT_EQ(errno, E2BIG);
}

TEST_F(args, layout)
{
	struct tpacket4_layout l;
	size_t page = sysconf(_SC_PAGE_SIZE);

	pd_req(&self->req, 64, 100, 4096);
	self->req.tp_slot_len = 3072;
	ASSERT_EQ(pd_set_ring(self->fd, &self->req), 0);
	ASSERT_EQ(tpacket4_layout(self->fd, &l), 0);

	EXPECT_EQ(l.tl_size, sizeof(l));
	EXPECT_EQ(l.tl_entry_nr, 64);
	EXPECT_GE(l.tl_hdr_stride, sizeof(struct tpacket4_hdr));
	EXPECT_EQ(l.tl_hdr_stride % 64, 0);
	EXPECT_EQ(l.tl_slot_nr, 100);
	EXPECT_EQ(l.tl_slot_shift, 12);
	EXPECT_EQ(l.tl_slot_len, 3072);
	EXPECT_EQ(l.tl_payload_nr, 0);
	EXPECT_EQ(l.tl_chain_max, 64);
	EXPECT_EQ(l.tl_kick_usecs, 1000);
	EXPECT_EQ(l.tl_index_start, -64U);
	EXPECT_GE(l.tl_headroom, sizeof(struct sockaddr_ll));
	EXPECT_EQ(l.tl_flags, 0);
	EXPECT_EQ(l.tl_slot_off % page, 0);
	EXPECT_GE(l.tl_hdr_off, l.tl_ctrl_off + sizeof(struct tpacket4_ctrl));
	EXPECT_GE(l.tl_slot_off, l.tl_hdr_off + 64 * l.tl_hdr_stride);
	EXPECT_GE(l.tl_map_len, l.tl_slot_off + 100 * 4096);
	EXPECT_EQ(l.tl_map_len % page, 0);
}

static void payload_layout(struct __test_metadata *_metadata, int fd,
			   const struct tpacket_req4 *req,
			   struct tpacket4_layout *l)
{
	ASSERT_EQ(pd_set_ring(fd, req), 0);
	ASSERT_EQ(tpacket4_layout(fd, l), 0);
	EXPECT_EQ(l->tl_slot_shift, 9);
	EXPECT_EQ(l->tl_slot_len, 256);
	EXPECT_EQ(l->tl_payload_nr, 100);
	EXPECT_EQ(l->tl_payload_shift, 13);
	EXPECT_EQ(l->tl_payload_len, 7168);
}

TEST_F(args, layout_payload)
{
	struct tpacket_req4 none = { SIZE };
	size_t page = sysconf(_SC_PAGE_SIZE);
	struct tpacket4_layout l;

	pd_req(&self->req, 64, 64, 512);
	self->req.tp_slot_len = 256;
	self->req.tp_payload_size = 8192;
	self->req.tp_payload_len = 7168;
	self->req.tp_payload_nr = 100;
	payload_layout(_metadata, self->fd, &self->req, &l);
	EXPECT_GE(l.tl_payload_off, l.tl_slot_off + 64 * 512);
	EXPECT_EQ(l.tl_payload_off % page, 0);
	EXPECT_GE(l.tl_map_len, l.tl_payload_off + 100 * 8192);

	ASSERT_EQ(pd_set_ring(self->fd, &none), 0);
	self->req.tp_flags = TPACKET4_PAYLOAD_EXTERNAL;
	payload_layout(_metadata, self->fd, &self->req, &l);
	EXPECT_EQ(l.tl_payload_off, 0);
	EXPECT_LT(l.tl_map_len, 64 * 512 + 2 * page + 64 * sizeof(struct tpacket4_hdr));
}

/* One after the other, as a program does that tries sizes. */
TEST_F(args, ring_again_and_again)
{
	struct tpacket_req4 none = { SIZE };
	int i;

	for (i = 0; i < 21; i++) {
		pd_req(&self->req, 8U << i % 6, 0, 1024U << i % 7);
		ASSERT_EQ(pd_set_ring(self->fd, &self->req), 0);
		ASSERT_EQ(pd_set_ring(self->fd, &none), 0);
	}
}

TEST_F(args, ring_exists)
{
	struct tpacket4_layout l;
	int err;

	ASSERT_EQ(pd_set_ring(self->fd, &self->req), 0);
	pd_req(&self->req, 128, 0, 1024);
	err = pd_set_ring(self->fd, &self->req);
	EXPECT_OK(pd_refused(self->fd, err, PACKET_DIRECT_RING_EXISTS));
	ASSERT_EQ(tpacket4_layout(self->fd, &l), 0);
	EXPECT_EQ(l.tl_entry_nr, 64);
}

TEST_F(args, ring_mapped)
{
	struct tpacket_req4 none = { SIZE };
	int err;

	ASSERT_EQ(pd_open(&self->pd, "pd1", &self->req), 0);
	pd_req(&self->req, 128, 0, 1024);
	err = pd_set_ring(self->pd.fd, &self->req);
	EXPECT_EQ(err, -EBUSY);
	err = pd_set_ring(self->pd.fd, &none);
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_RING_MAPPED));
	tpacket4_unmap(&self->pd.ring);
	err = pd_set_ring(self->pd.fd, &none);
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_OK));
	EXPECT_EQ(tpacket4_layout(self->pd.fd, &self->pd.ring.layout), -EINVAL);
	err = pd_set_ring(self->pd.fd, &self->req);
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_OK));
}

/* Removal while frames arrive. */
TEST_F(args, ring_removed_in_traffic)
{
	struct tpacket_req4 none = { SIZE };
	int tx = pd_tx_open("pd0"), i, status;
	pid_t pid;

	ASSERT_GE(tx, 0);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		for (;;)
			pd_send(tx, 500, 0);
	}
	ASSERT_EQ(pd_bind(self->fd, self->ifindex, ETH_P_ALL), 0);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(pd_set_ring(self->fd, &self->req), 0);
		usleep(1000);
		ASSERT_EQ(pd_set_ring(self->fd, &none), 0);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(tx);
}

TEST_F(args, ring_with_reserve)
{
	int err;

	ASSERT_EQ(pd_set_int(self->fd, PACKET_RESERVE, 16), 0);
	err = pd_set_ring(self->fd, &self->req);
	EXPECT_OK(pd_refused(self->fd, err, PACKET_DIRECT_HAS_RESERVE));
	ASSERT_EQ(pd_set_int(self->fd, PACKET_RESERVE, 0), 0);
	err = pd_set_ring(self->fd, &self->req);
	EXPECT_OK(pd_refused(self->fd, err, PACKET_DIRECT_OK));
}

TEST_F(args, ring_with_vnet_hdr)
{
	int err;

	ASSERT_EQ(pd_set_int(self->fd, PACKET_VNET_HDR, 1), 0);
	err = pd_set_ring(self->fd, &self->req);
	EXPECT_OK(pd_refused(self->fd, err, PACKET_DIRECT_HAS_VNET_HDR));
	ASSERT_EQ(pd_set_int(self->fd, PACKET_VNET_HDR, 0), 0);
	err = pd_set_ring(self->fd, &self->req);
	EXPECT_OK(pd_refused(self->fd, err, PACKET_DIRECT_OK));
}

TEST_F(args, ring_with_fanout)
{
	int err;

	ASSERT_EQ(pd_bind(self->fd, self->ifindex, ETH_P_ALL), 0);
	ASSERT_EQ(pd_set_int(self->fd, PACKET_FANOUT, 77), 0);
	err = pd_set_ring(self->fd, &self->req);
	EXPECT_OK(pd_refused(self->fd, err, PACKET_DIRECT_HAS_FANOUT));
	EXPECT_EQ(tpacket4_layout(self->fd, &self->pd.ring.layout), -EINVAL);
}

/* The order V4, V3, ring gives a V3 ring, and only one. */
TEST_F(args, version_order)
{
	struct tpacket_req3 req3 = {
		.tp_block_size = 1 << 16, .tp_block_nr = 2,
		.tp_frame_size = 2048, .tp_frame_nr = 64,
	};
	struct tpacket_req3 none3 = {};
	struct tpacket_req4 none = { SIZE };

	ASSERT_EQ(pd_set_int(self->fd, PACKET_VERSION, TPACKET_V3), 0);
	ASSERT_EQ(setsockopt(self->fd, SOL_PACKET, PACKET_RX_RING, &req3,
			     sizeof(req3)), 0);
	EXPECT_EQ(pd_set_int(self->fd, PACKET_VERSION, TPACKET_V4), -EBUSY);
	ASSERT_EQ(setsockopt(self->fd, SOL_PACKET, PACKET_RX_RING, &none3,
			     sizeof(none3)), 0);

	ASSERT_EQ(pd_set_int(self->fd, PACKET_VERSION, TPACKET_V4), 0);
	ASSERT_EQ(pd_set_ring(self->fd, &self->req), 0);
	EXPECT_EQ(pd_set_int(self->fd, PACKET_VERSION, TPACKET_V3), -EBUSY);
	EXPECT_EQ(pd_set_int(self->fd, PACKET_VERSION, TPACKET_V1), -EBUSY);
	ASSERT_EQ(pd_set_ring(self->fd, &none), 0);
	EXPECT_EQ(pd_set_int(self->fd, PACKET_VERSION, TPACKET_V3), 0);
	EXPECT_EQ(pd_set_int(self->fd, PACKET_VERSION, TPACKET_V4 + 1), -EINVAL);
}

/* The requests of V1-V3 are not taken for one of V4, nor the other way round. */
TEST_F(args, version_mismatch)
{
	struct tpacket_req3 req3 = {
		.tp_block_size = 1 << 16, .tp_block_nr = 2,
		.tp_frame_size = 2048, .tp_frame_nr = 64,
	};
	int err;

	err = setsockopt(self->fd, SOL_PACKET, PACKET_RX_RING, &req3,
			 sizeof(req3)) ? -errno : 0;
	EXPECT_OK(pd_refused(self->fd, err, PACKET_DIRECT_BAD_SIZE));
	err = setsockopt(self->fd, SOL_PACKET, PACKET_TX_RING, &req3,
			 sizeof(req3)) ? -errno : 0;
	EXPECT_OK(pd_refused(self->fd, err, PACKET_DIRECT_NO_TX_RING));
	err = setsockopt(self->fd, SOL_PACKET, PACKET_TX_RING, &self->req,
			 sizeof(self->req)) ? -errno : 0;
	EXPECT_OK(pd_refused(self->fd, err, PACKET_DIRECT_NO_TX_RING));
	ASSERT_EQ(pd_set_int(self->fd, PACKET_VERSION, TPACKET_V3), 0);
	pd_req(&self->req, 64, 64, 2048);
	EXPECT_EQ(pd_set_ring(self->fd, &self->req), -EINVAL);
}

static int hdrlen(int fd, int version)
{
	socklen_t len = sizeof(version);

	if (getsockopt(fd, SOL_PACKET, PACKET_HDRLEN, &version, &len))
		return -errno;

	return version;
}

TEST_F(args, hdrlen)
{
	EXPECT_EQ(hdrlen(self->fd, TPACKET_V4), sizeof(struct tpacket4_hdr));
	EXPECT_EQ(hdrlen(self->fd, TPACKET_V3), sizeof(struct tpacket3_hdr));
	EXPECT_EQ(hdrlen(self->fd, TPACKET_V4 + 1), -EINVAL);
}

static int try_map(int fd, size_t len, off_t off, int prot, int flags)
{
	void *map = mmap(NULL, len, prot, flags, fd, off);

	if (map == MAP_FAILED)
		return -errno;
	munmap(map, len);

	return 0;
}

TEST_F(args, mmap)
{
	size_t page = sysconf(_SC_PAGE_SIZE), len;
	const int rw = PROT_READ | PROT_WRITE;
	struct tpacket4_layout l;

	EXPECT_EQ(try_map(self->fd, page, 0, rw, MAP_SHARED), -EINVAL);
	ASSERT_EQ(pd_set_ring(self->fd, &self->req), 0);
	ASSERT_EQ(tpacket4_layout(self->fd, &l), 0);
	len = l.tl_map_len;

	EXPECT_EQ(try_map(self->fd, len - page, 0, rw, MAP_SHARED), -EINVAL);
	EXPECT_EQ(try_map(self->fd, len + page, 0, rw, MAP_SHARED), -EINVAL);
	EXPECT_EQ(try_map(self->fd, page, 0, rw, MAP_SHARED), -EINVAL);
	EXPECT_EQ(try_map(self->fd, len, page, rw, MAP_SHARED), -EINVAL);
	EXPECT_EQ(try_map(self->fd, len, len, rw, MAP_SHARED), -EINVAL);
	EXPECT_EQ(try_map(self->fd, len - page, page, rw, MAP_SHARED), -EINVAL);
	EXPECT_EQ(try_map(self->fd, len, 0, rw, MAP_PRIVATE), -EINVAL);
	EXPECT_EQ(try_map(self->fd, len, 0, rw, MAP_SHARED), 0);
	EXPECT_EQ(try_map(self->fd, len, 0, rw, MAP_SHARED | MAP_POPULATE), 0);
	EXPECT_EQ(try_map(self->fd, len, 0, PROT_READ, MAP_SHARED), 0);
}

TEST_F(args, mmap_twice)
{
	struct tpacket4_ring second;
	int tx = pd_tx_open("pd0");
	static struct pd_frame frame;

	ASSERT_EQ(pd_open(&self->pd, "pd1", &self->req), 0);
	ASSERT_EQ(tpacket4_map(&second, self->pd.fd), 0);
	EXPECT_TRUE(second.ctrl != self->pd.ring.ctrl);
	ASSERT_EQ(pd_send(tx, 100, 1), 0);
	WAIT(1);
	EXPECT_EQ(tpacket4_peek(&second), 1);
	ASSERT_EQ(pd_gather(&second, 0, 1, &frame), 1);
	EXPECT_OK(pd_check(&frame, 100, 1));

	/* One of them keeps the ring. */
	tpacket4_unmap(&second);
	EXPECT_EQ(pd_set_ring(self->pd.fd, &(struct tpacket_req4){ SIZE }),
		  -EBUSY);
	close(tx);
}

TEST_F(args, mmap_parts)
{
	struct tpacket_req4 none = { SIZE };
	size_t page = sysconf(_SC_PAGE_SIZE), len;
	__u8 *map;
	int err;

	ASSERT_EQ(pd_open(&self->pd, "pd1", &self->req), 0);
	map = (__u8 *)self->pd.ring.ctrl - self->pd.ring.layout.tl_ctrl_off;
	len = self->pd.ring.layout.tl_map_len;

	ASSERT_EQ(munmap(map + page, page), 0);
	err = pd_set_ring(self->pd.fd, &none);
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_RING_MAPPED));
	ASSERT_EQ(munmap(map, page), 0);
	EXPECT_EQ(pd_set_ring(self->pd.fd, &none), -EBUSY);
	ASSERT_EQ(munmap(map + 2 * page, len - 2 * page), 0);
	self->pd.ring.ctrl = NULL;
	EXPECT_EQ(pd_set_ring(self->pd.fd, &none), 0);
}

/* A mapping that was made longer has nothing behind its end. */
TEST_F(args, mmap_grown)
{
	size_t page = sysconf(_SC_PAGE_SIZE), len;
	__u8 *map, *grown;
	int status;
	pid_t pid;

	ASSERT_EQ(pd_open(&self->pd, "pd1", &self->req), 0);
	map = (__u8 *)self->pd.ring.ctrl - self->pd.ring.layout.tl_ctrl_off;
	len = self->pd.ring.layout.tl_map_len;
	grown = mremap(map, len, len + page, MREMAP_MAYMOVE);
	if (grown == MAP_FAILED)
		return;

	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		signal(SIGBUS, SIG_DFL);
		_exit(__atomic_load_n(grown + len, __ATOMIC_RELAXED));
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(WTERMSIG(status), SIGBUS);
	ASSERT_EQ(munmap(grown, len + page), 0);
	self->pd.ring.ctrl = NULL;
	EXPECT_EQ(pd_set_ring(self->pd.fd, &(struct tpacket_req4){ SIZE }), 0);
}

static void *map_at(int fd, __u64 off, __u64 len, int prot)
{
	void *map = mmap(NULL, len, prot, MAP_SHARED, fd, off);

	return map == MAP_FAILED ? NULL : map;
}

/* Only control page and entries can be written to. */
TEST_F(args, mmap_slots_read_only)
{
	struct tpacket4_ring *ring = &self->pd.ring;
	struct tpacket4_layout *l = &ring->layout;
	int rw = PROT_READ | PROT_WRITE, mem;
	void *slots;

	self->req.tp_flags = TPACKET4_SLOTS_READ_ONLY;
	self->pd.fd = pd_socket(SOCK_RAW);
	ASSERT_EQ(pd_set_ring(self->pd.fd, &self->req), 0);
	ASSERT_EQ(tpacket4_layout(self->pd.fd, l), 0);
	EXPECT_EQ(l->tl_flags, TPACKET4_SLOTS_READ_ONLY);
	EXPECT_TRUE(!map_at(self->pd.fd, 0, l->tl_map_len, rw));
	EXPECT_TRUE(!map_at(self->pd.fd, 0, l->tl_map_len, PROT_READ));
	EXPECT_TRUE(!map_at(self->pd.fd, l->tl_slot_off,
			    l->tl_map_len - l->tl_slot_off, rw));
	EXPECT_TRUE(!map_at(self->pd.fd, l->tl_slot_off, 4096, PROT_READ));

	ring->ctrl = map_at(self->pd.fd, 0, l->tl_slot_off, rw);
	ASSERT_TRUE(!!ring->ctrl);
	slots = map_at(self->pd.fd, l->tl_slot_off,
		       l->tl_map_len - l->tl_slot_off, PROT_READ);
	ASSERT_TRUE(!!slots);
	EXPECT_EQ(mprotect(slots, 4096, rw), -1);
	EXPECT_EQ(errno, EACCES);
	mem = open("/proc/self/mem", O_RDWR);
	ASSERT_GE(mem, 0);
	EXPECT_EQ(pwrite(mem, "x", 1, (off_t)(unsigned long)slots), -1);
	close(mem);
	EXPECT_EQ(pd_set_ring(self->pd.fd, &(struct tpacket_req4){ SIZE }), -EBUSY);

	munmap(slots, l->tl_map_len - l->tl_slot_off);
	munmap(ring->ctrl, l->tl_slot_off);
	ring->ctrl = NULL;
	EXPECT_EQ(pd_set_ring(self->pd.fd, &(struct tpacket_req4){ SIZE }), 0);
}

/* They show what arrives, as other slots do. */
TEST_F(args, frames_in_slots_read_only)
{
	struct tpacket4_ring *ring = &self->pd.ring;
	struct tpacket4_layout *l = &ring->layout;
	int tx = pd_tx_open("pd0");
	static __u8 sent[100];
	struct tpacket4_hdr *hdr;
	__u8 *slots;

	ASSERT_GE(tx, 0);
	self->req.tp_flags = TPACKET4_SLOTS_READ_ONLY;
	self->pd.fd = pd_socket(SOCK_RAW);
	ASSERT_EQ(pd_set_ring(self->pd.fd, &self->req), 0);
	ASSERT_EQ(tpacket4_layout(self->pd.fd, l), 0);
	ASSERT_EQ(pd_bind(self->pd.fd, self->ifindex, ETH_P_ALL), 0);
	ring->ctrl = map_at(self->pd.fd, 0, l->tl_slot_off, PROT_READ | PROT_WRITE);
	slots = map_at(self->pd.fd, l->tl_slot_off,
		       l->tl_map_len - l->tl_slot_off, PROT_READ);
	ASSERT_TRUE(ring->ctrl && slots);
	ASSERT_EQ(pd_send(tx, sizeof(sent), 7), 0);
	while (__atomic_load_n(&ring->ctrl->prod, __ATOMIC_ACQUIRE) ==
	       l->tl_index_start)
		usleep(1000);
	hdr = (void *)((__u8 *)ring->ctrl + l->tl_hdr_off);
	pd_fill(sent, sizeof(sent), 7);
	EXPECT_EQ(hdr->tp_len, sizeof(sent));
	EXPECT_EQ(memcmp(slots + ((size_t)hdr->tp_slot << l->tl_slot_shift) +
			 hdr->tp_data, sent, sizeof(sent)), 0);
	munmap(slots, l->tl_map_len - l->tl_slot_off);
	munmap(ring->ctrl, l->tl_slot_off);
	ring->ctrl = NULL;
	close(tx);
}

TEST_F(args, mmap_moved)
{
	int tx = pd_tx_open("pd0");
	struct tpacket4_ring *ring = &self->pd.ring;
	__u8 *map, *moved;
	size_t len;

	ASSERT_EQ(pd_open(&self->pd, "pd1", &self->req), 0);
	map = (__u8 *)ring->ctrl - ring->layout.tl_ctrl_off;
	len = ring->layout.tl_map_len;
	moved = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(moved != MAP_FAILED);
	ASSERT_TRUE(mremap(map, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
			   moved) == moved);
	ring->ctrl = (void *)(moved + ring->layout.tl_ctrl_off);
	ring->hdr = moved + ring->layout.tl_hdr_off;
	ring->slot = moved + ring->layout.tl_slot_off;
	EXPECT_EQ(pd_set_ring(self->pd.fd, &(struct tpacket_req4){ SIZE }),
		  -EBUSY);
	ASSERT_EQ(pd_send(tx, 100, 1), 0);
	WAIT(1);
	tpacket4_unmap(ring);
	EXPECT_EQ(pd_set_ring(self->pd.fd, &(struct tpacket_req4){ SIZE }), 0);
	close(tx);
}

/* A forked copy of the mapping counts. */
TEST_F(args, mmap_forked)
{
	int status, pipefd[2];
	pid_t pid;
	char c;

	ASSERT_EQ(pd_open(&self->pd, "pd1", &self->req), 0);
	ASSERT_EQ(pipe(pipefd), 0);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		close(pipefd[1]);
		_exit(read(pipefd[0], &c, 1) < 0);
	}
	tpacket4_unmap(&self->pd.ring);
	EXPECT_EQ(pd_set_ring(self->pd.fd, &(struct tpacket_req4){ SIZE }),
		  -EBUSY);
	close(pipefd[1]);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(pd_set_ring(self->pd.fd, &(struct tpacket_req4){ SIZE }), 0);
}

/* What pins user pages, as vmsplice() and O_DIRECT do, finds them. */
TEST_F(args, mmap_pages_are_pinned_by_io)
{
	int pipefd[2], tx = pd_tx_open("pd0");
	struct iovec iov;
	__u8 got[200];

	ASSERT_EQ(pd_open(&self->pd, "pd1", &self->req), 0);
	ASSERT_EQ(pd_send(tx, 200, 3), 0);
	WAIT(1);
	iov.iov_base = tpacket4_data(&self->pd.ring,
				     tpacket4_entry(&self->pd.ring, 0));
	iov.iov_len = 200;
	ASSERT_EQ(pipe(pipefd), 0);
	ASSERT_EQ(vmsplice(pipefd[1], &iov, 1, 0), 200);
	ASSERT_EQ(read(pipefd[0], got, 200), 200);
	EXPECT_OK(pd_check_bytes(got, 200, 200, 3));
	close(tx);
}

/* --- PACKET_RX_DIRECT: every refusal that needs no driver --- */

#define EXPECT_REFUSED(err, reason)					\
	do {								\
		int _err = err;						\
									\
		EXPECT_OK(pd_refused(self->fd, _err, reason));		\
	} while (0)

/* All right but for the driver, which veth has not. */
#define PREPARE()							\
	do {								\
		ASSERT_EQ(pd_set_ring(self->fd, &self->req), 0);	\
		ASSERT_EQ(pd_bind(self->fd, self->ifindex, ETH_P_ALL), 0); \
	} while (0)

TEST_F(args, direct_no_driver)
{
	struct tpacket4_direct td = { .td_size = sizeof(td) };

	PREPARE();
	EXPECT_REFUSED(pd_lease(self->fd, 0), PACKET_DIRECT_NO_DRIVER);
	EXPECT_REFUSED(direct(self->fd, &td, sizeof(td)),
		       PACKET_DIRECT_NO_DRIVER);
}

TEST_F(args, direct_not_v4)
{
	ASSERT_EQ(pd_set_int(self->fd, PACKET_VERSION, TPACKET_V3), 0);
	ASSERT_EQ(pd_bind(self->fd, self->ifindex, ETH_P_ALL), 0);
	EXPECT_REFUSED(pd_lease(self->fd, 0), PACKET_DIRECT_NOT_V4);
}

TEST_F(args, direct_no_ring)
{
	ASSERT_EQ(pd_bind(self->fd, self->ifindex, ETH_P_ALL), 0);
	EXPECT_REFUSED(pd_lease(self->fd, 0), PACKET_DIRECT_NO_RING);
}

TEST_F(args, direct_not_bound)
{
	ASSERT_EQ(pd_set_ring(self->fd, &self->req), 0);
	EXPECT_REFUSED(pd_lease(self->fd, 0), PACKET_DIRECT_NOT_BOUND);
	ASSERT_EQ(pd_bind(self->fd, 0, ETH_P_ALL), 0);
	EXPECT_REFUSED(pd_lease(self->fd, 0), PACKET_DIRECT_NOT_BOUND);
}

TEST_F(args, direct_not_all)
{
	ASSERT_EQ(pd_set_ring(self->fd, &self->req), 0);
	ASSERT_EQ(pd_bind(self->fd, self->ifindex, ETH_P_IP), 0);
	EXPECT_REFUSED(pd_lease(self->fd, 0), PACKET_DIRECT_NOT_ALL);
}

TEST_F(args, direct_not_raw)
{
	close(self->fd);
	self->fd = pd_socket(SOCK_DGRAM);
	ASSERT_GE(self->fd, 0);
	PREPARE();
	EXPECT_REFUSED(pd_lease(self->fd, 0), PACKET_DIRECT_NOT_RAW);
}

TEST_F(args, direct_not_admin)
{
	PREPARE();
	ASSERT_EQ(pd_drop_caps(), 0);
	EXPECT_REFUSED(pd_lease(self->fd, 0), PACKET_DIRECT_NOT_ADMIN);
}

TEST_F(args, direct_filter_locked)
{
	int one = 1;

	PREPARE();
	ASSERT_EQ(pd_filter_ret(self->fd, 96), 0);
	ASSERT_EQ(setsockopt(self->fd, SOL_SOCKET, SO_LOCK_FILTER, &one,
			     sizeof(one)), 0);
	EXPECT_REFUSED(pd_lease(self->fd, 0), PACKET_DIRECT_FILTER_LOCKED);
}

TEST_F(args, direct_bad_size)
{
	static const socklen_t bad[] = { 0, 1, 2, 3, 5, 8, 63, 65, 128 };
	struct tpacket4_direct td[2] = {
		{ .td_size = sizeof(td[0]) },
	};
	size_t i;

	PREPARE();
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_REFUSED(direct(self->fd, td, bad[i]),
			       PACKET_DIRECT_BAD_SIZE);
	td[0].td_size = 0;
	EXPECT_REFUSED(direct(self->fd, td, sizeof(td[0])),
		       PACKET_DIRECT_BAD_SIZE);
	td[0].td_size = sizeof(td[0]) + 8;
	EXPECT_REFUSED(direct(self->fd, td, sizeof(td[0])),
		       PACKET_DIRECT_BAD_SIZE);
	EXPECT_EQ(direct(self->fd, (void *)8, sizeof(td[0])), -EFAULT);
	EXPECT_EQ(direct(self->fd, (void *)8, 4), -EFAULT);
}

TEST_F(args, direct_bad_flags)
{
	struct tpacket4_direct td = { .td_size = sizeof(td) };
	int i;

	PREPARE();
	for (i = 3; i < 32; i++) {
		td.td_flags = 1U << i;
		EXPECT_REFUSED(direct(self->fd, &td, sizeof(td)),
			       PACKET_DIRECT_BAD_FLAGS);
	}
	td.td_flags = PACKET_DIRECT_RELEASE | PACKET_DIRECT_DMABUF;
	EXPECT_REFUSED(direct(self->fd, &td, sizeof(td)),
		       PACKET_DIRECT_BAD_FLAGS);
}

TEST_F(args, direct_bad_reserved)
{
	struct tpacket4_direct td;
	int i;

	PREPARE();
	for (i = 0; i < 8; i++) {
		td = (struct tpacket4_direct){ .td_size = sizeof(td) };
		td.td_reserved[i] = 1U << 4 * i;
		EXPECT_REFUSED(direct(self->fd, &td, sizeof(td)),
			       PACKET_DIRECT_BAD_RESERVED);
	}
	td = (struct tpacket4_direct){ .td_size = sizeof(td), .td_dmabuf_fd = 1 };
	EXPECT_REFUSED(direct(self->fd, &td, sizeof(td)),
		       PACKET_DIRECT_BAD_RESERVED);
	td = (struct tpacket4_direct){ .td_size = sizeof(td), .td_dmabuf_off = 1 };
	EXPECT_REFUSED(direct(self->fd, &td, sizeof(td)),
		       PACKET_DIRECT_BAD_RESERVED);
	td = (struct tpacket4_direct){ .td_size = sizeof(td), .td_dmabuf_len = 1 };
	EXPECT_REFUSED(direct(self->fd, &td, sizeof(td)),
		       PACKET_DIRECT_BAD_RESERVED);
	td = (struct tpacket4_direct){
		.td_size = sizeof(td), .td_flags = PACKET_DIRECT_RELEASE,
		.td_queue = 1,
	};
	EXPECT_REFUSED(direct(self->fd, &td, sizeof(td)),
		       PACKET_DIRECT_BAD_RESERVED);
}

/* A dma-buf is for payload slots that are nowhere else, and those need one. */
TEST_F(args, direct_dmabuf)
{
	struct tpacket4_direct td = {
		.td_size = sizeof(td), .td_flags = PACKET_DIRECT_DMABUF,
		.td_dmabuf_len = 4096,
	};

	PREPARE();
	EXPECT_REFUSED(direct(self->fd, &td, sizeof(td)),
		       PACKET_DIRECT_DMABUF_UNUSED);
}

TEST_F(args, direct_no_dmabuf)
{
	self->req.tp_payload_size = 4096;
	self->req.tp_flags = TPACKET4_PAYLOAD_EXTERNAL;
	PREPARE();
	EXPECT_REFUSED(pd_lease(self->fd, 0), PACKET_DIRECT_DMABUF_MISSING);
}

TEST_F(args, direct_not_leased)
{
	PREPARE();
	EXPECT_REFUSED(pd_unlease(self->fd), PACKET_DIRECT_NOT_LEASED);
}

/* Words that mean nothing yet have to stay 0, so that they can come to mean
 * something.
 */
TEST_F(args, direct_reserved_in_control_page)
{
	ASSERT_EQ(pd_open(&self->pd, "pd1", &self->req), 0);
	self->pd.ring.ctrl->reserved1[29] = 1;
	EXPECT_EQ(pd_lease(self->pd.fd, 0), -EINVAL);
	EXPECT_EQ(pd_reason(self->pd.fd), PACKET_DIRECT_BAD_RESERVED);
	self->pd.ring.ctrl->reserved1[29] = 0;
	EXPECT_EQ(pd_lease(self->pd.fd, 0), -EOPNOTSUPP);
	EXPECT_EQ(pd_reason(self->pd.fd), PACKET_DIRECT_NO_DRIVER);
}

/* The reason is that of the last attempt, and of this socket. */
TEST_F(args, direct_reason_is_per_socket)
{
	int other = pd_socket(SOCK_RAW);

	PREPARE();
	EXPECT_REFUSED(pd_lease(self->fd, 0), PACKET_DIRECT_NO_DRIVER);
	EXPECT_EQ(pd_reason(other), PACKET_DIRECT_OK);
	EXPECT_REFUSED(pd_unlease(self->fd), PACKET_DIRECT_NOT_LEASED);
	EXPECT_EQ(pd_reason(self->fd), PACKET_DIRECT_NOT_LEASED);
	close(other);
}

/* A refused lease leaves copy mode as it was. */
TEST_F(args, direct_refused_copies_on)
{
	int tx = pd_tx_open("pd0");

	ASSERT_EQ(pd_open(&self->pd, "pd1", &self->req), 0);
	EXPECT_EQ(pd_lease(self->pd.fd, 0), -EOPNOTSUPP);
	ASSERT_EQ(pd_send(tx, 100, 0), 0);
	WAIT(1);
	close(tx);
}

TEST_F(args, direct_limits_of_veth)
{
	struct tpacket4_info info = {};

	ASSERT_EQ(pd_info(self->fd, &info), 0);
	EXPECT_EQ(info.ti_size, sizeof(info));
	EXPECT_EQ(info.ti_state, PACKET_DIRECT_COPY);
	EXPECT_EQ(info.ti_reason, PACKET_DIRECT_OK);
	EXPECT_EQ(info.ti_ifindex, 0);
	EXPECT_EQ(info.ti_napi_id, 0);
	EXPECT_EQ(info.ti_queue_nr, 0);
	EXPECT_EQ(info.ti_query_reason, PACKET_DIRECT_NOT_BOUND);

	ASSERT_EQ(pd_bind(self->fd, self->ifindex, ETH_P_ALL), 0);
	ASSERT_EQ(pd_info(self->fd, &info), 0);
	EXPECT_GE(info.ti_queue_nr, 1);
	EXPECT_EQ(info.ti_query_reason, PACKET_DIRECT_NO_DRIVER);
}

/* --- getsockopt() with other lengths --- */

/* What getsockopt() fills of a buffer of @len bytes; size words are set. */
static int get_len(int fd, int opt, void *buf, socklen_t len)
{
	socklen_t got = len;

	memset(buf, 0x5a, 256);
	if (len >= 4)
		*(__u32 *)buf = len;
	if (opt == PACKET_RX_DIRECT)
		memset((__u8 *)buf + 4, 0, 252);
	if (getsockopt(fd, SOL_PACKET, opt, buf, &got))
		return -errno;

	return got;
}

static const char *untouched_after(const __u8 *buf, int opt, size_t len)
{
	for (; len < 256; len++)
		if (buf[len] != (opt == PACKET_RX_DIRECT ? 0 : 0x5a))
			return "written behind what optlen says";

	return NULL;
}

TEST_F(args, getsockopt_lengths)
{
	static const struct {
		int opt, size;
	} opts[] = {
		{ PACKET_RX_RING, sizeof(struct tpacket4_layout) },
		{ PACKET_RX_DIRECT, sizeof(struct tpacket4_info) },
		{ PACKET_V4_STATISTICS, sizeof(struct tpacket4_stats) },
	};
	__u8 buf[256], full[256];
	int got, size, opt;
	size_t i;

	PREPARE();
	for (i = 0; i < ARRAY_SIZE(opts); i++) {
		opt = opts[i].opt;
		size = opts[i].size;
		ASSERT_EQ(get_len(self->fd, opt, full, size), size);
		EXPECT_OK(untouched_after(full, opt, size));

		/* A caller of a later kernel has more room. */
		ASSERT_EQ(get_len(self->fd, opt, buf, 200), size);
		EXPECT_OK(untouched_after(buf, opt, size));
		EXPECT_EQ(memcmp(buf, full, size), 0);

		/* One of an earlier kernel gets the beginning. */
		got = get_len(self->fd, opt, buf, size - 8);
		EXPECT_EQ(got, size - 8);
		EXPECT_OK(untouched_after(buf, opt, size - 8));
		EXPECT_EQ(memcmp(buf, full, size - 8), 0);
	}
}

TEST_F(args, getsockopt_faults)
{
	static const int opts[] = {
		PACKET_RX_RING, PACKET_RX_DIRECT, PACKET_V4_STATISTICS,
	};
	socklen_t len;
	__u8 buf[256];
	size_t i;

	PREPARE();
	for (i = 0; i < ARRAY_SIZE(opts); i++) {
		len = 256;
		EXPECT_EQ(getsockopt(self->fd, SOL_PACKET, opts[i], (void *)8,
				     &len), -1);
		EXPECT_EQ(errno, EFAULT);
		len = -1;
		EXPECT_EQ(getsockopt(self->fd, SOL_PACKET, opts[i], buf, &len), -1);
		EXPECT_EQ(errno, EINVAL);
	}
}

/* --- what others see of the socket --- */

static __u32 inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

TEST_F(args, proc_net_packet)
{
	unsigned int type, proto, iface, running, rmem, uid;
	unsigned long ino, found = 0;
	char line[256];
	FILE *f;

	PREPARE();
	f = fopen("/proc/thread-self/net/packet", "r");
	ASSERT_TRUE(!!f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %*d %u %x %u %u %u %u %lu", &type, &proto,
			   &iface, &running, &rmem, &uid, &ino) != 7)
			continue;
		if (ino != inode(self->fd))
			continue;
		found++;
		EXPECT_EQ(type, SOCK_RAW);
		EXPECT_EQ(proto, ETH_P_ALL);
		EXPECT_EQ(iface, self->ifindex);
		EXPECT_EQ(running, 1);
	}
	fclose(f);
	EXPECT_EQ(found, 1);
}

TEST_F(args, packet_diag)
{
	struct packet_diag_direct ring;
	struct packet_diag_info info;
	int err;

	PREPARE();
	err = pd_diag(self->fd, &info, &ring);
	if (err == -ENOENT)
		SKIP(return, "no packet_diag");
	ASSERT_EQ(err, 0);
	EXPECT_EQ(info.pdi_version, TPACKET_V4);
	EXPECT_EQ(info.pdi_index, self->ifindex);
	EXPECT_EQ(ring.pdd_state, PACKET_DIRECT_COPY);
	EXPECT_EQ(ring.pdd_entry_nr, 64);
	EXPECT_EQ(ring.pdd_slot_nr, 64);
	EXPECT_EQ(ring.pdd_slot_size, 2048);
	EXPECT_EQ(ring.pdd_slot_len, 2048);
}

TEST_HARNESS_MAIN
