// SPDX-License-Identifier: GPL-2.0
/*
 * PACKET_RX_DIRECT, as far as it needs no driver: the refusals, each with its errno and
 * its enum packet_direct_reason, and getsockopt() with other lengths.
 */
#include <linux/ethtool.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/args.h"

static int direct(int fd, const void *td, socklen_t len)
{
	if (setsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, td, len))
		return -errno;

	return 0;
}

/* A struct that the kernel accepts leads to the next refusal: veth has no driver. */
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

/* A longer one whose new field is set asks for something unknown. */
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

#define EXPECT_REFUSED(err, reason)					\
	do {								\
		int _err = err;						\
									\
		EXPECT_OK(pd_refused(self->fd, _err, reason));		\
	} while (0)

TEST_F(args, direct_no_driver)
{
	struct tpacket4_direct td = { .td_size = sizeof(td) };

	PREPARE();
	EXPECT_REFUSED(pd_lease(self->fd, 0), PACKET_DIRECT_NO_DRIVER);
	EXPECT_REFUSED(direct(self->fd, &td, sizeof(td)),
		       PACKET_DIRECT_NO_DRIVER);
}

/* veth has neither. */
TEST_F(args, direct_by_what)
{
	PREPARE();
	EXPECT_REFUSED(pd_lease_flags(self->fd, 0, PACKET_DIRECT_NATIVE),
		       PACKET_DIRECT_NO_DRIVER);
	EXPECT_REFUSED(pd_lease_flags(self->fd, 0, PACKET_DIRECT_XSK),
		       PACKET_DIRECT_NO_XSK);
	EXPECT_REFUSED(pd_lease_flags(self->fd, 0, PACKET_DIRECT_XSK |
				      PACKET_DIRECT_PREPARE),
		       PACKET_DIRECT_NO_XSK);
	EXPECT_REFUSED(pd_lease_flags(self->fd, 0, PACKET_DIRECT_METADATA),
		       PACKET_DIRECT_NO_DRIVER);
}

static int query_by(int fd, struct tpacket4_info *info, __u32 flags)
{
	socklen_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	info->ti_size = sizeof(*info);
	info->ti_query_flags = flags;

	return getsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, info, &len) ? -errno : 0;
}

TEST_F(args, info_by_what)
{
	struct tpacket4_info info;

	PREPARE();
	ASSERT_EQ(query_by(self->fd, &info, PACKET_DIRECT_NATIVE), 0);
	EXPECT_EQ(info.ti_query_reason, PACKET_DIRECT_NO_DRIVER);
	EXPECT_EQ(info.ti_query_flags, PACKET_DIRECT_NATIVE);
	ASSERT_EQ(query_by(self->fd, &info, PACKET_DIRECT_XSK), 0);
	EXPECT_EQ(info.ti_query_reason, PACKET_DIRECT_NO_XSK);
	EXPECT_EQ(info.ti_query_flags, PACKET_DIRECT_XSK);
	EXPECT_EQ(info.ti_query_by, 0);
	EXPECT_EQ(info.ti_lease_by, 0);
	EXPECT_EQ(query_by(self->fd, &info, PACKET_DIRECT_NATIVE | PACKET_DIRECT_XSK),
		  -EINVAL);
	EXPECT_EQ(query_by(self->fd, &info, PACKET_DIRECT_TEE), -EINVAL);
	ASSERT_EQ(query_by(self->fd, &info, PACKET_DIRECT_XSK |
			   PACKET_DIRECT_METADATA), 0);
	EXPECT_EQ(info.ti_query_reason, PACKET_DIRECT_NO_XSK);
	EXPECT_EQ(info.ti_query_flags, PACKET_DIRECT_XSK | PACKET_DIRECT_METADATA);
	EXPECT_EQ(query_by(self->fd, &info, PACKET_DIRECT_NATIVE | PACKET_DIRECT_XSK |
			   PACKET_DIRECT_METADATA), -EINVAL);
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
	const __u32 known = PACKET_DIRECT_RELEASE | PACKET_DIRECT_DMABUF |
			    PACKET_DIRECT_SPLIT_UNRELIABLE | PACKET_DIRECT_TEE |
			    PACKET_DIRECT_PASS | PACKET_DIRECT_PREPARE |
			    PACKET_DIRECT_BEGIN | PACKET_DIRECT_SPREAD |
			    PACKET_DIRECT_APART | PACKET_DIRECT_SYMMETRIC |
			    PACKET_DIRECT_RULES | PACKET_DIRECT_NTUPLE |
			    PACKET_DIRECT_NATIVE | PACKET_DIRECT_XSK |
			    PACKET_DIRECT_METADATA;
	static const __u32 exclude[] = {
		PACKET_DIRECT_SPREAD | PACKET_DIRECT_APART,
		PACKET_DIRECT_SYMMETRIC,
		PACKET_DIRECT_SYMMETRIC | PACKET_DIRECT_APART,
		PACKET_DIRECT_NTUPLE,
		PACKET_DIRECT_NTUPLE | PACKET_DIRECT_SPREAD,
		PACKET_DIRECT_NATIVE | PACKET_DIRECT_XSK,
	};
	static const __u32 alone[] = { PACKET_DIRECT_RELEASE, PACKET_DIRECT_BEGIN };
	struct tpacket4_direct td = { .td_size = sizeof(td) };
	__u32 flag;
	size_t i;

	PREPARE();
	for (flag = 1; flag; flag <<= 1) {
		td.td_flags = flag;
		if (!(flag & known))
			EXPECT_REFUSED(direct(self->fd, &td, sizeof(td)),
				       PACKET_DIRECT_BAD_FLAGS);
		for (i = 0; i < ARRAY_SIZE(alone); i++) {
			td.td_flags = flag | alone[i];
			if (flag != alone[i])
				EXPECT_REFUSED(direct(self->fd, &td, sizeof(td)),
					       PACKET_DIRECT_BAD_FLAGS);
		}
	}
	for (i = 0; i < ARRAY_SIZE(exclude); i++) {
		td.td_flags = exclude[i];
		EXPECT_REFUSED(direct(self->fd, &td, sizeof(td)),
			       PACKET_DIRECT_BAD_FLAGS);
	}
}

/* What is wrong with rules is seen before the device is asked. */
TEST_F(args, direct_bad_rules)
{
	static struct ethtool_rx_flow_spec rules[PACKET_DIRECT_MAX_RULES + 1];
	struct tpacket4_direct td = {
		.td_size = sizeof(td), .td_flags = PACKET_DIRECT_RULES,
		.td_rules = (uintptr_t)rules,
	};

	PREPARE();
	EXPECT_REFUSED(direct(self->fd, &td, sizeof(td)), PACKET_DIRECT_BAD_RULES);
	td.td_rule_nr = PACKET_DIRECT_MAX_RULES + 1;
	EXPECT_REFUSED(direct(self->fd, &td, sizeof(td)), PACKET_DIRECT_BAD_RULES);
	td.td_rule_nr = 1;
	td.td_flags = 0;
	EXPECT_REFUSED(direct(self->fd, &td, sizeof(td)), PACKET_DIRECT_BAD_RESERVED);
	td.td_rule_nr = 0;
	EXPECT_REFUSED(direct(self->fd, &td, sizeof(td)), PACKET_DIRECT_BAD_RESERVED);
}

TEST_F(args, direct_bad_reserved)
{
	struct tpacket4_direct td;
	int i;

	PREPARE();
	for (i = 0; i < 8; i++) {
		td = (struct tpacket4_direct){ .td_size = sizeof(td) };
		((__u32 *)&td)[8 + i] = 1U << 4 * i;
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

/* Peers are for those who begin or release. */
TEST_F(args, direct_peers)
{
	struct tpacket4_direct td = { .td_flags = PACKET_DIRECT_BEGIN };
	int fd = -1;

	PREPARE();
	EXPECT_REFUSED(pd_together(self->fd, PACKET_DIRECT_PREPARE, &fd, 1),
		       PACKET_DIRECT_BAD_RESERVED);
	EXPECT_REFUSED(pd_together(self->fd, 0, &fd, 1),
		       PACKET_DIRECT_BAD_RESERVED);
	EXPECT_REFUSED(pd_together(self->fd, PACKET_DIRECT_BEGIN, &fd, 0),
		       PACKET_DIRECT_BAD_RESERVED);
	EXPECT_REFUSED(pd_together(self->fd, PACKET_DIRECT_BEGIN, &fd,
				   PACKET_DIRECT_MAX_PEERS + 1),
		       PACKET_DIRECT_TOO_MANY_PEERS);
	EXPECT_EQ(pd_together(self->fd, PACKET_DIRECT_BEGIN, (int *)8, 1),
		  -EFAULT);
	EXPECT_EQ(pd_together(self->fd, PACKET_DIRECT_BEGIN, NULL, 1), -EFAULT);
	td.td_queue = 1;
	EXPECT_REFUSED(pd_direct(self->fd, &td), PACKET_DIRECT_BAD_RESERVED);
}

TEST_F(args, direct_not_prepared)
{
	EXPECT_REFUSED(pd_begin(self->fd), PACKET_DIRECT_NOT_PREPARED);
	PREPARE();
	EXPECT_REFUSED(pd_prepare(self->fd, 0), PACKET_DIRECT_NO_DRIVER);
	EXPECT_REFUSED(pd_begin(self->fd), PACKET_DIRECT_NOT_PREPARED);
}

/* A dma-buf without external payload slots is refused. */
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

/* Reserved words must be 0, so that later kernels can give them a meaning. */
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

/* The reason is that of the socket's last attempt. */
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

/* After a refused lease copy mode goes on. */
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

/* Returns how many of @len bytes getsockopt() says that it filled, or a negative errno. */
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

TEST_HARNESS_MAIN
