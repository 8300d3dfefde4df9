// SPDX-License-Identifier: GPL-2.0
/*
 * Each option of SOL_PACKET, and whatever else acts on a packet socket, in each state
 * of a TPACKET_V4 socket.  The table is that of
 * Documentation/networking/packet_direct.rst: a cell is the errno of one call on a new
 * socket.
 *
 *	PD_IFACE, PD_QUEUE	as in lib/nic.h, for the leased column
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/nic.h"
#include "lib/test.h"

enum state { NONE, RING, MAPPED, LEASED, STATES, PREPARED };

static const char * const state_name[] = {
	[NONE] = "without ring", [RING] = "ring", [MAPPED] = "mapped",
	[LEASED] = "leased", [PREPARED] = "prepared",
};

/* What a cell's call works on. */
struct target {
	int	fd;
	int	ifindex;
	int	other;		/* another device */
};

struct row {
	const char	*what;
	int		(*call)(const struct target *t, int opt, int arg);
	int		opt;
	int		arg;
	int		want[STATES];
};

static int set_int(const struct target *t, int opt, int arg)
{
	return pd_set_int(t->fd, opt, arg);
}

static int get(const struct target *t, int opt, int arg)
{
	__u32 buf[64] = { arg };
	socklen_t len = sizeof(buf);

	if (getsockopt(t->fd, SOL_PACKET, opt, buf, &len))
		return -errno;

	return 0;
}

static int set_ring(const struct target *t, int opt, int entries)
{
	struct tpacket_req4 req;

	pd_req(&req, entries, 0, entries ? 2048 : 0);
	if (setsockopt(t->fd, SOL_PACKET, opt, &req, sizeof(req)))
		return -errno;

	return 0;
}

static int set_v3_ring(const struct target *t, int opt, int arg)
{
	struct tpacket_req3 req = {
		.tp_block_size = 1 << 16, .tp_block_nr = 2,
		.tp_frame_size = 2048, .tp_frame_nr = 64,
	};

	if (setsockopt(t->fd, SOL_PACKET, opt, &req, sizeof(req)))
		return -errno;

	return 0;
}

static int membership(const struct target *t, int opt, int type)
{
	struct packet_mreq mreq = {
		.mr_ifindex = t->ifindex, .mr_type = type,
	};

	if (setsockopt(t->fd, SOL_PACKET, opt, &mreq, sizeof(mreq)))
		return -errno;

	return 0;
}

static int direct(const struct target *t, int opt, int flags)
{
	struct tpacket4_direct td = {
		.td_size = sizeof(td), .td_flags = flags,
	};

	if (setsockopt(t->fd, SOL_PACKET, opt, &td, sizeof(td)))
		return -errno;

	return 0;
}

static int bind_same(const struct target *t, int opt, int proto)
{
	return pd_bind(t->fd, t->ifindex, proto);
}

static int bind_other(const struct target *t, int opt, int proto)
{
	return pd_bind(t->fd, t->other, proto);
}

static int bind_any(const struct target *t, int opt, int proto)
{
	return pd_bind(t->fd, 0, proto);
}

static int filter(const struct target *t, int opt, int arg)
{
	return pd_filter_ret(t->fd, arg);
}

static int set_socket(const struct target *t, int opt, int arg)
{
	if (setsockopt(t->fd, SOL_SOCKET, opt, &arg, sizeof(arg)))
		return -errno;

	return 0;
}

static int do_connect(const struct target *t, int opt, int arg)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET };

	return connect(t->fd, (void *)&addr, sizeof(addr)) ? -errno : 0;
}

static int do_recv(const struct target *t, int opt, int flags)
{
	struct timeval tv = { .tv_usec = 10000 };
	char buf[16];

	if (setsockopt(t->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)))
		return -errno;

	return recv(t->fd, buf, sizeof(buf), flags) < 0 ? -errno : 0;
}

static int do_send(const struct target *t, int opt, int arg)
{
	__u8 buf[100];

	pd_fill(buf, sizeof(buf), 0);

	return send(t->fd, buf, sizeof(buf), 0) < 0 ? -errno : 0;
}

static int attach_bpf(const struct target *t, int opt, int arg)
{
	int prog = pd_ebpf(arg), err = 0;

	if (prog < 0)
		return prog;
	if (setsockopt(t->fd, SOL_SOCKET, SO_ATTACH_BPF, &prog, sizeof(prog)))
		err = -errno;
	close(prog);

	return err;
}

static int do_mmap(const struct target *t, int opt, int arg)
{
	struct tpacket4_ring ring;
	int err = tpacket4_map(&ring, t->fd);

	if (!err)
		tpacket4_unmap(&ring);

	return err;
}

#define SAME(e)		{ [NONE ... LEASED] = e }
#define NEW(e)		{ [RING ... LEASED] = e }	/* only before the ring */
#define SET(name, arg, ...)	{ "set " #name, set_int, name, arg, __VA_ARGS__ }
#define GET(name, arg, ...)	{ "get " #name, get, name, arg, __VA_ARGS__ }

static const struct row rows[] = {
	{ "PACKET_ADD_MEMBERSHIP", membership, PACKET_ADD_MEMBERSHIP,
	  PACKET_MR_PROMISC, SAME(0) },
	{ "PACKET_DROP_MEMBERSHIP", membership, PACKET_DROP_MEMBERSHIP,
	  PACKET_MR_PROMISC, SAME(0) },
	SET(PACKET_RECV_OUTPUT, 1, SAME(-ENOPROTOOPT)),
	{ "add PACKET_RX_RING", set_ring, PACKET_RX_RING, 128, NEW(-EBUSY) },
	{ "remove PACKET_RX_RING", set_ring, PACKET_RX_RING, 0,
	  { -EINVAL, 0, -EBUSY, -EBUSY } },
	{ "PACKET_RX_RING of V3", set_v3_ring, PACKET_RX_RING, 0, SAME(-EINVAL) },
	{ "PACKET_TX_RING", set_ring, PACKET_TX_RING, 128, SAME(-EOPNOTSUPP) },
	{ "PACKET_TX_RING of V3", set_v3_ring, PACKET_TX_RING, 0,
	  SAME(-EOPNOTSUPP) },
	SET(PACKET_STATISTICS, 0, SAME(-ENOPROTOOPT)),
	SET(PACKET_COPY_THRESH, 0, SAME(0)),
	SET(PACKET_AUXDATA, 1, SAME(0)),
	SET(PACKET_ORIGDEV, 1, SAME(0)),
	SET(PACKET_VERSION, TPACKET_V4, NEW(-EBUSY)),
	SET(PACKET_VERSION, TPACKET_V3, NEW(-EBUSY)),
	SET(PACKET_VERSION, TPACKET_V1, NEW(-EBUSY)),
	SET(PACKET_VERSION, TPACKET_V4 + 1, SAME(-EINVAL)),
	SET(PACKET_HDRLEN, TPACKET_V4, SAME(-ENOPROTOOPT)),
	SET(PACKET_RESERVE, 0, NEW(-EBUSY)),
	SET(PACKET_RESERVE, 16, NEW(-EBUSY)),
	SET(PACKET_LOSS, 1, SAME(0)),
	SET(PACKET_VNET_HDR, 1, NEW(-EBUSY)),
	SET(PACKET_VNET_HDR_SZ, sizeof(struct virtio_net_hdr), NEW(-EBUSY)),
	SET(PACKET_TX_TIMESTAMP, 1, SAME(-ENOPROTOOPT)),
	SET(PACKET_TIMESTAMP, 0, SAME(0)),
	SET(PACKET_FANOUT, 99, NEW(-EOPNOTSUPP)),
	SET(PACKET_TX_HAS_OFF, 1, SAME(0)),
	SET(PACKET_QDISC_BYPASS, 1, SAME(0)),
	SET(PACKET_ROLLOVER_STATS, 0, SAME(-ENOPROTOOPT)),
	SET(PACKET_FANOUT_DATA, 0, SAME(-EINVAL)),
	SET(PACKET_IGNORE_OUTGOING, 1, SAME(0)),
	{ "release PACKET_RX_DIRECT", direct, PACKET_RX_DIRECT,
	  PACKET_DIRECT_RELEASE, { -EINVAL, -EINVAL, -EINVAL, 0 } },
	{ "lease again, PACKET_RX_DIRECT", direct, PACKET_RX_DIRECT, 0,
	  { -EINVAL, -EOPNOTSUPP, -EOPNOTSUPP, -EBUSY } },
	SET(PACKET_V4_STATISTICS, 0, SAME(-ENOPROTOOPT)),
	SET(PACKET_V4_STATISTICS + 1, 0, SAME(-ENOPROTOOPT)),

	GET(PACKET_ADD_MEMBERSHIP, 0, SAME(-ENOPROTOOPT)),
	GET(PACKET_RX_RING, 0, { -EINVAL, 0, 0, 0 }),
	GET(PACKET_STATISTICS, 0, SAME(0)),
	GET(PACKET_COPY_THRESH, 0, SAME(0)),
	GET(PACKET_AUXDATA, 0, SAME(0)),
	GET(PACKET_ORIGDEV, 0, SAME(0)),
	GET(PACKET_VERSION, 0, SAME(0)),
	GET(PACKET_HDRLEN, TPACKET_V4, SAME(0)),
	GET(PACKET_HDRLEN, TPACKET_V4 + 1, SAME(-EINVAL)),
	GET(PACKET_RESERVE, 0, SAME(0)),
	GET(PACKET_TX_RING, 0, SAME(-ENOPROTOOPT)),
	GET(PACKET_LOSS, 0, SAME(0)),
	GET(PACKET_VNET_HDR, 0, SAME(0)),
	GET(PACKET_VNET_HDR_SZ, 0, SAME(0)),
	GET(PACKET_TIMESTAMP, 0, SAME(0)),
	GET(PACKET_FANOUT, 0, SAME(0)),
	GET(PACKET_TX_HAS_OFF, 0, SAME(0)),
	GET(PACKET_QDISC_BYPASS, 0, SAME(0)),
	GET(PACKET_ROLLOVER_STATS, 0, SAME(-EINVAL)),
	GET(PACKET_IGNORE_OUTGOING, 0, SAME(0)),
	GET(PACKET_RX_DIRECT, 0, SAME(0)),
	GET(PACKET_V4_STATISTICS, 0, { -EINVAL, 0, 0, 0 }),
	GET(PACKET_V4_STATISTICS + 1, 0, SAME(-ENOPROTOOPT)),

	{ "bind to the same", bind_same, 0, ETH_P_ALL, { 0, 0, 0, -EBUSY } },
	{ "bind to one protocol", bind_same, 0, ETH_P_IP, { 0, 0, 0, -EBUSY } },
	{ "bind to no protocol", bind_same, 0, 0, { 0, 0, 0, -EBUSY } },
	{ "bind to another device", bind_other, 0, ETH_P_ALL,
	  { 0, 0, 0, -EBUSY } },
	{ "bind to all devices", bind_any, 0, ETH_P_ALL, { 0, 0, 0, -EBUSY } },
	{ "connect", do_connect, 0, 0, SAME(-EOPNOTSUPP) },
	{ "mmap", do_mmap, 0, 0, { -EINVAL, 0, 0, 0 } },
	{ "recv, not waiting", do_recv, 0, MSG_DONTWAIT, SAME(-EAGAIN) },
	{ "recv, waiting", do_recv, 0, 0,
	  { -EAGAIN, -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP } },
	{ "send", do_send, 0, 0, SAME(0) },
	{ "SO_ATTACH_FILTER", filter, 0, 96, SAME(0) },
	{ "SO_ATTACH_BPF", attach_bpf, 0, 96, SAME(0) },
	{ "SO_LOCK_FILTER", set_socket, SO_LOCK_FILTER, 1, SAME(0) },
	{ "SO_RCVBUF", set_socket, SO_RCVBUF, 65536, SAME(0) },
	{ "SO_BUSY_POLL", set_socket, SO_BUSY_POLL, 50, SAME(0) },
	{ "SO_TIMESTAMP", set_socket, SO_TIMESTAMP, 1, SAME(0) },
};

FIXTURE(options) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	int other;
};

FIXTURE_SETUP(options)
{
	self->pd.fd = -1;

	if (pd_missing())
		SKIP(return, "%s", pd_missing());
}

FIXTURE_TEARDOWN(options)
{
	pd_close(&self->pd);
}

static int enter_state(struct pd_sock *pd, const char *ifname,
		       enum state state, int queue)
{
	struct tpacket_req4 req;
	int err;

	pd_req(&req, 64, 0, 2048);
	pd->ifindex = if_nametoindex(ifname);
	pd->fd = pd_socket(SOCK_RAW);
	if (pd->fd < 0)
		return pd->fd;

	err = pd_bind(pd->fd, pd->ifindex, ETH_P_ALL);
	if (!err && state >= RING)
		err = pd_set_ring(pd->fd, &req);
	if (!err && state >= MAPPED)
		err = tpacket4_map(&pd->ring, pd->fd);
	if (!err && state == LEASED)
		err = pd_lease(pd->fd, queue);
	if (!err && state == PREPARED)
		err = pd_prepare(pd->fd, queue);

	return err;
}

/* How the cell's call differs from the table, or NULL. */
static const char *try_cell(struct pd_sock *pd, int other,
			    const struct row *row, enum state state)
{
	int want = row->want[state == PREPARED ? LEASED : state];
	struct target t = { pd->fd, pd->ifindex, other };
	int err = row->call(&t, row->opt, row->arg);
	static char why[256];

	if (err == want)
		return NULL;

	snprintf(why, sizeof(why), "%s, %s, arg %d: %s, should be %s",
		 row->what, state_name[state], row->arg,
		 err ? strerror(-err) : "accepted",
		 want ? strerror(-want) : "accepted");

	return why;
}

#define COLUMN(column, ifname, queue)					\
	do {								\
		enum state _state = column;				\
		size_t _i;						\
									\
		for (_i = 0; _i < ARRAY_SIZE(rows); _i++) {		\
			ASSERT_EQ(enter_state(&self->pd, ifname,	\
					      _state, queue), 0);	\
			EXPECT_OK(try_cell(&self->pd, self->other,	\
					   &rows[_i], _state));		\
			pd_close(&self->pd);				\
		}							\
	} while (0)

#define COLUMN_ON_VETH(column)						\
	do {								\
		ASSERT_EQ(pd_netns(), 0);				\
		ASSERT_EQ(pd_veth("pd0", "pd1"), 0);			\
		self->other = if_nametoindex("pd0");			\
		COLUMN(column, "pd1", -1);				\
	} while (0)

TEST_F_TIMEOUT(options, no_ring, 60)
{
	COLUMN_ON_VETH(NONE);
}

TEST_F_TIMEOUT(options, ring, 60)
{
	COLUMN_ON_VETH(RING);
}

TEST_F_TIMEOUT(options, mapped, 60)
{
	COLUMN_ON_VETH(MAPPED);
}

#define COLUMN_ON_NIC(column)						\
	do {								\
		struct pd_nic _nic;					\
									\
		pd_nic_name(&_nic);					\
		ASSERT_EQ(pd_link_up(_nic.ifname, _nic.peer), 0);	\
		self->other = if_nametoindex("lo");			\
		COLUMN(column, _nic.ifname, _nic.queue);		\
	} while (0)

TEST_F_TIMEOUT(options, leased, 300)
{
	if (pd_nic_missing())
		SKIP(return, "%s", pd_nic_missing());
	COLUMN_ON_NIC(LEASED);
}

TEST_F_TIMEOUT(options, prepared, 300)
{
	if (pd_nic_missing())
		SKIP(return, "%s", pd_nic_missing());
	COLUMN_ON_NIC(PREPARED);
}

/* Nothing has changed for a V3 socket. */
TEST_F(options, v3_is_as_before)
{
	struct target t;

	ASSERT_EQ(pd_netns(), 0);
	t.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	ASSERT_GE(t.fd, 0);
	ASSERT_EQ(set_int(&t, PACKET_VERSION, TPACKET_V3), 0);
	EXPECT_EQ(get(&t, PACKET_RX_RING, 0), -ENOPROTOOPT);
	EXPECT_EQ(set_v3_ring(&t, PACKET_RX_RING, 0), 0);
	EXPECT_EQ(get(&t, PACKET_V4_STATISTICS, 0), -EINVAL);
	EXPECT_EQ(set_int(&t, PACKET_VERSION, TPACKET_V4), -EBUSY);
	EXPECT_EQ(set_int(&t, PACKET_RX_DIRECT, 0), -EINVAL);
	EXPECT_EQ(pd_reason(t.fd), PACKET_DIRECT_NOT_V4);
	close(t.fd);
}

TEST_HARNESS_MAIN
