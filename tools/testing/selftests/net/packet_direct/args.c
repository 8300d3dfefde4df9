// SPDX-License-Identifier: GPL-2.0
/*
 * What PACKET_RX_RING and PACKET_VERSION of a TPACKET_V4 socket accept and refuse, each
 * refusal with its errno and its enum packet_direct_reason; the layout that the kernel
 * answers; and what others see of the socket.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <linux/packet_diag.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/args.h"

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
ABI_AT(tpacket_req4, tp_memory, 48);
ABI_SIZE(tpacket4_layout, 96);
ABI_AT(tpacket4_layout, tl_payload_off, 32);
ABI_AT(tpacket4_layout, tl_payload_len, 72);
ABI_AT(tpacket4_layout, tl_flags, 92);
ABI_SIZE(tpacket4_direct, 64);
ABI_AT(tpacket4_direct, td_dmabuf_off, 16);
ABI_AT(tpacket4_direct, td_rules, 32);
ABI_AT(tpacket4_direct, td_peers, 40);
ABI_AT(tpacket4_direct, td_rule_nr, 48);
ABI_AT(tpacket4_direct, td_peer_nr, 52);
ABI_AT(tpacket4_direct, td_reserved, 56);
ABI_SIZE(tpacket4_info, 112);
ABI_AT(tpacket4_info, ti_post_min, 60);
ABI_AT(tpacket4_info, ti_phc_index, 76);
ABI_AT(tpacket4_info, ti_steering, 80);
ABI_AT(tpacket4_info, ti_steering_lost, 84);
ABI_AT(tpacket4_info, ti_steering_moves, 88);
ABI_AT(tpacket4_info, ti_query_flags, 92);
ABI_AT(tpacket4_info, ti_query_by, 96);
ABI_AT(tpacket4_info, ti_lease_by, 100);
ABI_AT(tpacket4_info, ti_headroom, 104);
ABI_AT(tpacket4_info, ti_frame_flags, 108);
ABI_SIZE(tpacket4_stats, 168);
ABI_AT(tpacket4_stats, ts_packets, 24);
ABI_AT(tpacket4_stats, ts_dry, 128);
ABI_AT(tpacket4_stats, ts_payload_free, 136);
ABI_AT(tpacket4_stats, ts_passed, 152);

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
	{ "reserved before memory", PACKET_DIRECT_BAD_RESERVED,
	  { GOOD, .tp_reserved0 = 1 } },
	{ "reserved 0", PACKET_DIRECT_BAD_RESERVED, { GOOD, .tp_reserved = { 1 } } },
	{ "reserved 1", PACKET_DIRECT_BAD_RESERVED,
	  { GOOD, .tp_reserved = { 0, 1U << 31 } } },

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
			EXPECT_EQ(tpacket4_get_layout(fd, &layout), -EINVAL);
		close(fd);
	}
}

/* A ring larger than memory is refused at once, before the machine swaps. */
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

/* optlen and the size in the struct have to be equal. */
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

/* A program that was built when the struct was shorter.  The rest counts as 0. */
TEST_F(args, ring_of_a_shorter_struct)
{
	struct tpacket_req4 none = { .tp_size = 4 };
	struct tpacket4_layout l;
	socklen_t len;

	for (len = offsetof(struct tpacket_req4, tp_slot_len);
	     len <= sizeof(self->req); len += 4) {
		self->req.tp_size = len;
		ASSERT_EQ(set_ring_len(self->fd, &self->req, len), 0);
		ASSERT_EQ(tpacket4_get_layout(self->fd, &l), 0);
		EXPECT_EQ(l.tl_entry_nr, 64);
		EXPECT_EQ(l.tl_slot_nr, 64);
		EXPECT_EQ(l.tl_slot_len, 2048);
		EXPECT_EQ(l.tl_payload_nr, 0);
		ASSERT_EQ(set_ring_len(self->fd, &none, 4), 0);
	}

	/* The kernel does not look behind its end. */
	memset(&self->req.tp_slot_len, 0xff, sizeof(self->req) -
	       offsetof(struct tpacket_req4, tp_slot_len));
	self->req.tp_size = offsetof(struct tpacket_req4, tp_slot_len);
	EXPECT_EQ(set_ring_len(self->fd, &self->req, self->req.tp_size), 0);
}

/* One of a later kernel is accepted unless a new field is set. */
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

TEST_F(args, layout)
{
	struct tpacket4_layout l;
	size_t page = sysconf(_SC_PAGE_SIZE);

	pd_req(&self->req, 64, 100, 4096);
	self->req.tp_slot_len = 3072;
	ASSERT_EQ(pd_set_ring(self->fd, &self->req), 0);
	ASSERT_EQ(tpacket4_get_layout(self->fd, &l), 0);

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
	ASSERT_EQ(tpacket4_get_layout(fd, l), 0);
	EXPECT_EQ(l->tl_slot_shift, 9);
	EXPECT_EQ(l->tl_slot_len, 256);
	EXPECT_EQ(l->tl_payload_nr, 100);
	EXPECT_EQ(l->tl_payload_shift, 13);
	EXPECT_EQ(l->tl_payload_len, 7168);
}

TEST_F(args, layout_payload)
{
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

	ASSERT_EQ(pd_remove_ring(self->fd), 0);
	self->req.tp_flags = TPACKET4_PAYLOAD_EXTERNAL;
	payload_layout(_metadata, self->fd, &self->req, &l);
	EXPECT_EQ(l.tl_payload_off, 0);
	EXPECT_LT(l.tl_map_len, 64 * 512 + 2 * page + 64 * sizeof(struct tpacket4_hdr));
}

/* Rings of several sizes one after the other. */
TEST_F(args, ring_again_and_again)
{
	int i;

	for (i = 0; i < 21; i++) {
		pd_req(&self->req, 8U << i % 6, 0, 1024U << i % 7);
		ASSERT_EQ(pd_set_ring(self->fd, &self->req), 0);
		ASSERT_EQ(pd_remove_ring(self->fd), 0);
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
	ASSERT_EQ(tpacket4_get_layout(self->fd, &l), 0);
	EXPECT_EQ(l.tl_entry_nr, 64);
}

TEST_F(args, ring_mapped)
{
	int err;

	ASSERT_EQ(pd_open(&self->pd, "pd1", &self->req), 0);
	pd_req(&self->req, 128, 0, 1024);
	err = pd_set_ring(self->pd.fd, &self->req);
	EXPECT_EQ(err, -EBUSY);
	err = pd_remove_ring(self->pd.fd);
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_RING_MAPPED));
	tpacket4_unmap(&self->pd.ring);
	err = pd_remove_ring(self->pd.fd);
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_OK));
	EXPECT_EQ(tpacket4_get_layout(self->pd.fd, &self->pd.ring.layout), -EINVAL);
	err = pd_set_ring(self->pd.fd, &self->req);
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_OK));
}

/* The ring is removed while frames arrive. */
TEST_F(args, ring_removed_in_traffic)
{
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
		ASSERT_EQ(pd_remove_ring(self->fd), 0);
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
	EXPECT_EQ(tpacket4_get_layout(self->fd, &self->pd.ring.layout), -EINVAL);
}

/* The version cannot change while there is a ring. */
TEST_F(args, version_order)
{
	struct tpacket_req3 req3 = {
		.tp_block_size = 1 << 16, .tp_block_nr = 2,
		.tp_frame_size = 2048, .tp_frame_nr = 64,
	};
	struct tpacket_req3 none3 = {};

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
	ASSERT_EQ(pd_remove_ring(self->fd), 0);
	EXPECT_EQ(pd_set_int(self->fd, PACKET_VERSION, TPACKET_V3), 0);
	EXPECT_EQ(pd_set_int(self->fd, PACKET_VERSION, TPACKET_V4 + 1), -EINVAL);
}

/* A request of V3 is refused by a V4 socket, and one of V4 by a V3 socket. */
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
