// SPDX-License-Identifier: GPL-2.0
/*
 * PACKET_RX_DIRECT: steering that belongs to the lease.  What ethtool shows of RSS
 * table, hash key and flow rules before, during and after; what an administrator who
 * changes them meanwhile finds afterwards; and which frames come.
 */
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/packet_diag.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/queue.h"

#define MAX_TABLE	1024
#define MAX_KEY		256
#define MAX_RULES	256
#define FLOWS		32
#define PORT		9		/* of test frames */

/* What ethtool -x shows. */
struct rss {
	__u32	len;
	__u32	key_len;
	__u32	table[MAX_TABLE];
	__u8	key[MAX_KEY];
};

/* What ethtool -n shows. */
struct rules {
	__u32	nr;
	__u32	locations[MAX_RULES];
};

FIXTURE(steer) {
	struct pd_sock pd;
	struct pd_sock other;
	struct tpacket4_info info;
	struct packet_diag_info diag;
	struct packet_diag_direct ring;
	struct pd_nic nic;
	struct rss before;
	__u32 a;		/* two queues, the lower one first */
	__u32 b;
	bool has_table;
	bool has_rules;
	bool ntuple;
};

static int get_rss(const char *ifname, struct rss *rss)
{
	static union {
		struct ethtool_rxfh head;
		__u8 bytes[sizeof(struct ethtool_rxfh) + 4 * MAX_TABLE + MAX_KEY];
	} cmd;
	int err;

	memset(rss, 0, sizeof(*rss));
	memset(&cmd, 0, sizeof(cmd));
	cmd.head.cmd = ETHTOOL_GRSSH;
	err = pd_ethtool(ifname, &cmd);
	if (err)
		return err;
	rss->len = cmd.head.indir_size;
	rss->key_len = cmd.head.key_size;
	if (!rss->len || rss->len > MAX_TABLE || rss->key_len > MAX_KEY)
		return -EOPNOTSUPP;

	err = pd_ethtool(ifname, &cmd);
	if (err)
		return err;
	memcpy(rss->table, cmd.head.rss_config, 4 * rss->len);
	memcpy(rss->key, (__u8 *)cmd.head.rss_config + 4 * rss->len, rss->key_len);

	return 0;
}

static int set_table(const char *ifname, const __u32 *table, __u32 len)
{
	static union {
		struct ethtool_rxfh_indir head;
		__u32 words[2 + MAX_TABLE];
	} cmd;

	cmd.head.cmd = ETHTOOL_SRXFHINDIR;
	cmd.head.size = len;
	memcpy(cmd.head.ring_index, table, 4 * len);

	return pd_ethtool(ifname, &cmd);
}

static int set_key(const char *ifname, const __u8 *key, __u32 len)
{
	static union {
		struct ethtool_rxfh head;
		__u8 bytes[sizeof(struct ethtool_rxfh) + MAX_KEY];
	} cmd;

	memset(&cmd, 0, sizeof(cmd));
	cmd.head.cmd = ETHTOOL_SRSSH;
	cmd.head.indir_size = ETH_RXFH_INDIR_NO_CHANGE;
	cmd.head.key_size = len;
	cmd.head.input_xfrm = RXH_XFRM_NO_CHANGE;
	memcpy(cmd.head.rss_config, key, len);

	return pd_ethtool(ifname, &cmd);
}

static int get_rules(const char *ifname, struct rules *rules)
{
	struct ethtool_rxnfc count = { .cmd = ETHTOOL_GRXCLSRLCNT };
	static union {
		struct ethtool_rxnfc head;
		__u8 bytes[sizeof(struct ethtool_rxnfc) + 4 * MAX_RULES];
	} cmd;
	int err;

	err = pd_ethtool(ifname, &count);
	if (err)
		return err;
	if (count.rule_cnt > MAX_RULES)
		return -E2BIG;
	memset(&cmd, 0, sizeof(cmd));
	cmd.head.cmd = ETHTOOL_GRXCLSRLALL;
	cmd.head.rule_cnt = count.rule_cnt;
	err = pd_ethtool(ifname, &cmd);
	if (err)
		return err;
	rules->nr = cmd.head.rule_cnt;
	memcpy(rules->locations, cmd.head.rule_locs, 4 * rules->nr);

	return 0;
}

/* How many there are, or a negative errno. */
static int count_rules(const char *ifname)
{
	struct rules rules;
	int err = get_rules(ifname, &rules);

	return err ? err : (int)rules.nr;
}

/* The queue that a rule leads to, or a negative errno. */
static int rule_queue(const char *ifname, __u32 location)
{
	struct ethtool_rxnfc cmd = {
		.cmd = ETHTOOL_GRXCLSRULE, .fs.location = location,
	};
	int err = pd_ethtool(ifname, &cmd);

	return err ? err : (int)cmd.fs.ring_cookie;
}

static int delete_rule(const char *ifname, __u32 location)
{
	struct ethtool_rxnfc cmd = {
		.cmd = ETHTOOL_SRXCLSRLDEL, .fs.location = location,
	};

	return pd_ethtool(ifname, &cmd);
}

/* UDP over IPv4 to @port. */
static void fill_rule(struct ethtool_rx_flow_spec *spec, __u16 port)
{
	memset(spec, 0, sizeof(*spec));
	spec->flow_type = UDP_V4_FLOW;
	spec->h_u.udp_ip4_spec.pdst = htons(port);
	spec->m_u.udp_ip4_spec.pdst = 0xffff;
}

static int insert_rule(const char *ifname, __u16 port, __u32 queue, __u32 location)
{
	struct ethtool_rxnfc cmd = { .cmd = ETHTOOL_SRXCLSRLINS };

	fill_rule(&cmd.fs, port);
	cmd.fs.ring_cookie = queue;
	cmd.fs.location = location;

	return pd_ethtool(ifname, &cmd);
}

static int set_ntuple(const char *ifname, bool on)
{
	return pd_run("ethtool -K %s ntuple %s >/dev/null 2>&1", ifname,
		      on ? "on" : "off");
}

static bool get_ntuple(const char *ifname)
{
	struct ethtool_value cmd = { .cmd = ETHTOOL_GFLAGS };

	return !pd_ethtool(ifname, &cmd) && (cmd.data & ETH_FLAG_NTUPLE);
}

static int lease(int fd, __u32 queue, __u32 flags,
		 const struct ethtool_rx_flow_spec *rules, __u32 nr)
{
	struct tpacket4_direct td = {
		.td_size = sizeof(td),
		.td_queue = queue,
		.td_flags = flags | pd_by(),
		.td_rules = (uintptr_t)rules,
		.td_rule_nr = nr,
	};

	if (setsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, &td, sizeof(td)))
		return -errno;

	return 0;
}

/* Leases as @rules say, with what @flags say besides.  Returns what differs from
 * @reason, or NULL.
 */
static const char *try_lease(const struct pd_sock *pd, __u32 queue, __u32 flags,
			     const struct ethtool_rx_flow_spec *rules, __u32 nr,
			     int reason)
{
	return pd_refused(pd->fd, lease(pd->fd, queue, flags, rules, nr), reason);
}

#define LEASE_AS(pd, queue, flags)					\
	ASSERT_OK(try_lease(pd, queue, flags, NULL, 0, PACKET_DIRECT_OK))

#define REFUSED_AS(pd, queue, flags, reason)				\
	EXPECT_OK(try_lease(pd, queue, flags, NULL, 0, reason))

/* Rules, and ntuple for them. */
#define WITH_RULES	(PACKET_DIRECT_RULES | PACKET_DIRECT_NTUPLE)

#define LEASE_RULES(pd, queue, rules, nr)				\
	ASSERT_OK(try_lease(pd, queue, WITH_RULES, rules, nr, PACKET_DIRECT_OK))

#define RULES_REFUSED(pd, rules, nr, reason)				\
	EXPECT_OK(try_lease(pd, self->a, WITH_RULES, rules, nr, reason))

#define OPEN(pd)							\
	do {								\
		struct tpacket_req4 _req;				\
									\
		pd_req(&_req, ENTRIES, 0, 2048);			\
		ASSERT_EQ(pd_open(pd, self->nic.ifname, &_req), 0);	\
	} while (0)

/* The steering of a socket, and what of it an administrator took over. */
#define STEERING(pd, in_force, lost)					\
	do {								\
		__u32 _in_force = in_force, _lost = lost;		\
		int _fd = (pd)->fd;					\
									\
		memset(&self->info, 0, sizeof(self->info));		\
		ASSERT_EQ(pd_info(_fd, &self->info), 0);		\
		EXPECT_EQ(self->info.ti_steering, _in_force);		\
		EXPECT_EQ(self->info.ti_steering_lost, _lost);		\
		ASSERT_EQ(pd_diag(_fd, &self->diag, &self->ring), 0);	\
		EXPECT_EQ(self->ring.pdd_steering, _in_force);		\
		EXPECT_EQ(self->ring.pdd_steering_lost, _lost);		\
	} while (0)

/* How often flows have moved since the lease of the socket began. */
#define MOVES(pd, moves)						\
	do {								\
		__u32 _moves = moves;					\
		int _fd = (pd)->fd;					\
									\
		memset(&self->info, 0, sizeof(self->info));		\
		ASSERT_EQ(pd_info(_fd, &self->info), 0);		\
		EXPECT_EQ(self->info.ti_steering_moves, _moves);	\
		ASSERT_EQ(pd_diag(_fd, &self->diag, &self->ring), 0);	\
		EXPECT_EQ(self->ring.pdd_steering_moves, _moves);	\
	} while (0)

#define NO_TABLE	"PD_IFACE has no RSS table"
#define KEPT		"another queue is leased for the test's time, and in the table"
#define NO_RULES	"PD_IFACE has no flow rules"

FIXTURE_SETUP(steer)
{
	self->pd.fd = -1;
	self->other.fd = -1;
	if (pd_nic_missing())
		SKIP(return, "%s", pd_nic_missing());
	ASSERT_OK(pd_nic_open(&self->nic));
	ASSERT_EQ(pd_nic_spread(&self->nic), 0);
	if (self->nic.queues < 3)
		SKIP(return, "PD_IFACE has fewer than 3 queues");
	self->a = self->nic.queue;
	self->b = self->nic.queue + 1;
	if (self->b == self->nic.queues) {
		self->b = self->a;
		self->a--;
	}
	self->has_table = !get_rss(self->nic.ifname, &self->before);
	self->has_rules = count_rules(self->nic.ifname) >= 0;
	self->ntuple = get_ntuple(self->nic.ifname);
	if (self->has_rules)
		ASSERT_EQ(count_rules(self->nic.ifname), 0);
}

FIXTURE_TEARDOWN(steer)
{
	pd_close(&self->pd);
	pd_close(&self->other);
	if (!self->nic.ifname)
		return;
	if (get_ntuple(self->nic.ifname) != self->ntuple)
		set_ntuple(self->nic.ifname, self->ntuple);
	if (self->has_table)
		set_key(self->nic.ifname, self->before.key, self->before.key_len);
	pd_nic_close(&self->nic);
}

/* What differs from the state before, or NULL. */
static const char *changed(const char *ifname, const struct rss *before)
{
	struct rss now;

	if (get_rss(ifname, &now))
		return "no RSS table";
	if (now.len != before->len || memcmp(now.table, before->table, 4 * now.len))
		return "another RSS table";
	if (now.key_len != before->key_len ||
	    memcmp(now.key, before->key, now.key_len))
		return "another hash key";

	return NULL;
}

/* Whether the table is spread over @a and @b, from its begin on. */
static const char *not_spread(const char *ifname, __u32 a, __u32 b)
{
	static char why[64];
	struct rss now;
	__u32 i;

	if (get_rss(ifname, &now))
		return "no RSS table";
	for (i = 0; i < now.len; i++) {
		if (now.table[i] == (i & 1 ? b : a))
			continue;
		snprintf(why, sizeof(why), "entry %u is queue %u", i, now.table[i]);
		return why;
	}

	return NULL;
}

/* Whether the table is as it was, but without @queue, whose entries the others have
 * got in equal parts.
 */
static const char *not_apart(const char *ifname, const struct rss *before,
			     __u32 queue, __u32 queues)
{
	__u32 got[64] = {}, i, least = -1U, most = 0;
	struct rss now;

	if (get_rss(ifname, &now))
		return "no RSS table";
	for (i = 0; i < now.len; i++) {
		if (now.table[i] == queue || now.table[i] >= queues)
			return "it has a queue that it should not have";
		if (before->table[i] == queue)
			got[now.table[i] % 64]++;
		else if (now.table[i] != before->table[i])
			return "an entry of another queue has changed";
	}
	for (i = 0; i < queues && i < 64; i++) {
		if (i == queue)
			continue;
		least = got[i] < least ? got[i] : least;
		most = got[i] > most ? got[i] : most;
	}

	return most - least > 1 ? "the others have got unequal parts" : NULL;
}

/* What has no operation of its driver is refused, and nothing else. */
TEST_F(steer, what_the_device_can)
{
	struct ethtool_rx_flow_spec rule;

	OPEN(&self->pd);
	fill_rule(&rule, PORT);
	if (!self->has_table) {
		REFUSED_AS(&self->pd, self->a, PACKET_DIRECT_SPREAD,
			   PACKET_DIRECT_NO_RXFH);
		REFUSED_AS(&self->pd, self->a, PACKET_DIRECT_APART,
			   PACKET_DIRECT_NO_RXFH);
		REFUSED_AS(&self->pd, self->a,
			   PACKET_DIRECT_SPREAD | PACKET_DIRECT_SYMMETRIC,
			   PACKET_DIRECT_NO_RXFH);
	} else {
		LEASE_AS(&self->pd, self->a, PACKET_DIRECT_SPREAD);
		ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	}
	if (!self->has_rules) {
		RULES_REFUSED(&self->pd, &rule, 1, PACKET_DIRECT_NO_RULES);
		return;
	}
	LEASE_RULES(&self->pd, self->a, &rule, 1);
}

TEST_F(steer, spread)
{
	if (!self->has_table)
		SKIP(return, NO_TABLE);
	OPEN(&self->pd);
	LEASE_AS(&self->pd, self->a, PACKET_DIRECT_SPREAD);
	EXPECT_OK(not_spread(self->nic.ifname, self->a, self->a));
	STEERING(&self->pd, PACKET_DIRECT_SPREAD, 0);
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	EXPECT_OK(changed(self->nic.ifname, &self->before));
	STEERING(&self->pd, 0, 0);
}

/* A table that an administrator had set comes back too. */
TEST_F(steer, spread_over_a_set_table)
{
	__u32 i;

	if (!self->has_table)
		SKIP(return, NO_TABLE);
	for (i = 0; i < self->before.len; i++)
		self->before.table[i] = i % 7 ? self->b : self->a;
	ASSERT_EQ(set_table(self->nic.ifname, self->before.table,
			    self->before.len), 0);
	OPEN(&self->pd);
	LEASE_AS(&self->pd, self->a, PACKET_DIRECT_SPREAD);
	EXPECT_OK(not_spread(self->nic.ifname, self->a, self->a));
	pd_close(&self->pd);
	EXPECT_OK(changed(self->nic.ifname, &self->before));
}

/* Two sockets, in both orders: the table follows the queues, not the order. */
TEST_F(steer, spread_over_two)
{
	int i;

	if (!self->has_table)
		SKIP(return, NO_TABLE);
	for (i = 0; i < 4; i++) {
		OPEN(&self->pd);
		OPEN(&self->other);
		LEASE_AS(&self->pd, i & 1 ? self->a : self->b, PACKET_DIRECT_SPREAD);
		LEASE_AS(&self->other, i & 1 ? self->b : self->a,
			 PACKET_DIRECT_SPREAD);
		EXPECT_OK(not_spread(self->nic.ifname, self->a, self->b));
		pd_close(i & 2 ? &self->pd : &self->other);
		EXPECT_OK(not_spread(self->nic.ifname,
				     i == 0 || i == 3 ? self->b : self->a,
				     i == 0 || i == 3 ? self->b : self->a));
		pd_close(i & 2 ? &self->other : &self->pd);
		EXPECT_OK(changed(self->nic.ifname, &self->before));
	}
}

/* Each change of the table counts for the leases that were there before. */
TEST_F(steer, moves_are_counted)
{
	struct rss set;

	if (!self->has_table)
		SKIP(return, NO_TABLE);
	set = self->before;
	set.table[0] = self->b;
	OPEN(&self->pd);
	OPEN(&self->other);
	LEASE_AS(&self->pd, self->a, PACKET_DIRECT_SPREAD);
	MOVES(&self->pd, 0);
	LEASE_AS(&self->other, self->b, PACKET_DIRECT_SPREAD);
	MOVES(&self->pd, 1);
	MOVES(&self->other, 0);
	ASSERT_EQ(pd_unlease(self->other.fd), 0);
	MOVES(&self->pd, 2);
	MOVES(&self->other, 0);
	/* one that does not steer moves nothing */
	LEASE_AS(&self->other, self->b, 0);
	MOVES(&self->pd, 2);
	MOVES(&self->other, 0);
	ASSERT_EQ(pd_unlease(self->other.fd), 0);
	ASSERT_EQ(set_table(self->nic.ifname, set.table, set.len), 0);
	MOVES(&self->pd, 3);
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	MOVES(&self->pd, 0);
	LEASE_AS(&self->pd, self->a, PACKET_DIRECT_SPREAD);
	MOVES(&self->pd, 0);
	pd_close(&self->pd);
	EXPECT_OK(changed(self->nic.ifname, &set));
}

TEST_F(steer, apart)
{
	if (!self->has_table)
		SKIP(return, NO_TABLE);
	if (self->nic.keeper >= 0)
		SKIP(return, KEPT);
	OPEN(&self->pd);
	LEASE_AS(&self->pd, self->a, PACKET_DIRECT_APART);
	EXPECT_OK(not_apart(self->nic.ifname, &self->before, self->a,
			    self->nic.queues));
	STEERING(&self->pd, PACKET_DIRECT_APART, 0);
	pd_close(&self->pd);
	EXPECT_OK(changed(self->nic.ifname, &self->before));
}

/* A table that names this queue alone goes to all others. */
TEST_F(steer, apart_from_its_own_table)
{
	struct rss now;
	__u32 i;

	if (!self->has_table)
		SKIP(return, NO_TABLE);
	if (self->nic.keeper >= 0)
		SKIP(return, KEPT);
	ASSERT_EQ(pd_nic_steer(&self->nic, self->a), 0);
	ASSERT_EQ(get_rss(self->nic.ifname, &self->before), 0);
	OPEN(&self->pd);
	LEASE_AS(&self->pd, self->a, PACKET_DIRECT_APART);
	ASSERT_EQ(get_rss(self->nic.ifname, &now), 0);
	for (i = 0; i < now.len; i++) {
		ASSERT_NE(now.table[i], self->a);
		ASSERT_LT(now.table[i], self->nic.queues);
	}
	EXPECT_NE(now.table[0], now.table[1]);
	pd_close(&self->pd);
	EXPECT_OK(changed(self->nic.ifname, &self->before));
}

/* SPREAD decides while there is one. */
TEST_F(steer, spread_beside_apart)
{
	int i;

	if (!self->has_table)
		SKIP(return, NO_TABLE);
	if (self->nic.keeper >= 0)
		SKIP(return, KEPT);
	for (i = 0; i < 2; i++) {
		OPEN(&self->pd);
		OPEN(&self->other);
		if (i)
			LEASE_AS(&self->pd, self->a, PACKET_DIRECT_SPREAD);
		LEASE_AS(&self->other, self->b, PACKET_DIRECT_APART);
		if (!i)
			LEASE_AS(&self->pd, self->a, PACKET_DIRECT_SPREAD);
		EXPECT_OK(not_spread(self->nic.ifname, self->a, self->a));
		STEERING(&self->other, PACKET_DIRECT_APART, 0);
		pd_close(&self->pd);
		EXPECT_OK(not_apart(self->nic.ifname, &self->before, self->b,
				    self->nic.queues));
		pd_close(&self->other);
		EXPECT_OK(changed(self->nic.ifname, &self->before));
	}
}

/* Somewhere the frames must go. */
TEST_F_TIMEOUT(steer, apart_from_all, 120)
{
	struct pd_sock pds[16];
	__u32 i, n = self->nic.queues;

	if (!self->has_table)
		SKIP(return, NO_TABLE);
	if (self->nic.keeper >= 0)
		SKIP(return, KEPT);
	if (n > 16)
		SKIP(return, "PD_IFACE has more than 16 queues");
	for (i = 0; i < n; i++)
		OPEN(&pds[i]);
	for (i = 0; i + 1 < n; i++)
		LEASE_AS(&pds[i], i, PACKET_DIRECT_APART);
	EXPECT_OK(not_spread(self->nic.ifname, n - 1, n - 1));
	REFUSED_AS(&pds[n - 1], n - 1, PACKET_DIRECT_APART,
		   PACKET_DIRECT_LAST_QUEUE);
	LEASE_AS(&pds[n - 1], n - 1, PACKET_DIRECT_SPREAD);
	for (i = 0; i < n; i++)
		pd_close(&pds[i]);
	EXPECT_OK(changed(self->nic.ifname, &self->before));
}

/* RSS of some devices cannot name all of their queues. */
TEST_F(steer, table_too_small)
{
	struct ethtool_rxnfc rings = { .cmd = ETHTOOL_GRXRINGS };

	if (!self->has_table)
		SKIP(return, NO_TABLE);
	ASSERT_EQ(pd_ethtool(self->nic.ifname, &rings), 0);
	if (rings.data >= self->nic.queues)
		SKIP(return, "the RSS table can name all queues of PD_IFACE");
	OPEN(&self->pd);
	REFUSED_AS(&self->pd, rings.data, PACKET_DIRECT_SPREAD,
		   PACKET_DIRECT_TABLE_TOO_SMALL);
	LEASE_AS(&self->pd, rings.data, PACKET_DIRECT_APART);
	EXPECT_OK(changed(self->nic.ifname, &self->before));
}

/* A frame of a flow, or one of the other direction. */
static int send_flow(int fd, __u32 flow, bool back)
{
	static __u8 buf[LEN];
	struct iphdr *ip = (void *)(buf + ETH_HLEN);
	struct udphdr *udp = (void *)(ip + 1);
	__u32 addr;
	__u16 port;

	pd_flow = flow * 0x10203;
	pd_fill(buf, LEN, 2 * flow + back);
	pd_flow = 0;
	udp->source = htons(20000 + 77 * flow);
	if (back) {
		addr = ip->saddr;
		ip->saddr = ip->daddr;
		ip->daddr = addr;
		port = udp->source;
		udp->source = udp->dest;
		udp->dest = port;
	}

	return pd_send_bytes(fd, buf, LEN);
}

/* Notes which frames a socket has, until none comes any more. */
static void note_frames(struct pd_sock *pd, __u32 who, __u32 *where)
{
	while (pd_next(pd, &frame, 500) > 0)
		if (pd_seq(frame.data) < 2 * FLOWS)
			where[pd_seq(frame.data)] |= who;
}

/* How many flows have their two directions at two sockets, or a negative number.  With
 * some drivers a lease has cost the link.
 */
static int divided_flows(const struct pd_nic *nic, struct pd_sock *one,
			 struct pd_sock *two)
{
	__u32 where[2 * FLOWS] = {}, i, all = 0;
	int divided = 0;

	if (pd_link_up(nic->ifname, nic->peer))
		return -4;
	for (i = 0; i < 2 * FLOWS; i++)
		if (send_flow(nic->tx, i / 2, i & 1))
			return -1;
	note_frames(one, 1, where);
	note_frames(two, 2, where);
	for (i = 0; i < FLOWS; i++) {
		if (!where[2 * i] || !where[2 * i + 1])
			return -2;
		divided += where[2 * i] != where[2 * i + 1];
		all |= where[2 * i];
	}

	return all == 3 ? divided : -3;
}

TEST_F_TIMEOUT(steer, symmetric, 120)
{
	struct rss now;
	__u32 i;

	if (!self->has_table)
		SKIP(return, NO_TABLE);
	OPEN(&self->pd);
	OPEN(&self->other);
	LEASE_AS(&self->pd, self->a, PACKET_DIRECT_SPREAD);
	LEASE_AS(&self->other, self->b, PACKET_DIRECT_SPREAD);
	EXPECT_GT(divided_flows(&self->nic, &self->pd, &self->other), 0);

	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	LEASE_AS(&self->pd, self->a, PACKET_DIRECT_SPREAD | PACKET_DIRECT_SYMMETRIC);
	STEERING(&self->pd, PACKET_DIRECT_SPREAD | PACKET_DIRECT_SYMMETRIC, 0);
	STEERING(&self->other, PACKET_DIRECT_SPREAD, 0);
	ASSERT_EQ(get_rss(self->nic.ifname, &now), 0);
	for (i = 0; i < now.key_len; i++)
		ASSERT_EQ(now.key[i], i & 1 ? 0x5a : 0x6d);
	pd_drain(&self->pd);
	pd_drain(&self->other);
	EXPECT_EQ(divided_flows(&self->nic, &self->pd, &self->other), 0);

	/* the key ends with the lease that wanted it, the table with the last */
	pd_close(&self->pd);
	ASSERT_EQ(get_rss(self->nic.ifname, &now), 0);
	EXPECT_EQ(memcmp(now.key, self->before.key, now.key_len), 0);
	EXPECT_OK(not_spread(self->nic.ifname, self->b, self->b));
	pd_close(&self->other);
	EXPECT_OK(changed(self->nic.ifname, &self->before));
}

/* A process that leases with @flags and @rules, and lives until it is killed.  If @end
 * it exits at once.  Returns 0 or a negative errno.
 */
static pid_t leaser(const struct pd_nic *nic, __u32 queue, __u32 flags,
		    const struct ethtool_rx_flow_spec *rules, __u32 nr, bool end)
{
	struct pd_sock pd = { .fd = -1 };
	struct tpacket_req4 req;
	int pipefd[2], err;
	char c = 0;
	pid_t pid;

	if (pipe(pipefd))
		return -errno;
	pid = fork();
	if (!pid) {
		pd_req(&req, 64, 0, 2048);
		err = pd_open(&pd, nic->ifname, &req);
		if (!err)
			err = lease(pd.fd, queue, flags, rules, nr);
		c = !err;
		err = write(pipefd[1], &c, 1) != 1;
		if (end)
			_exit(err);
		for (;;)
			pause();
	}
	close(pipefd[1]);
	err = read(pipefd[0], &c, 1) == 1 && c ? 0 : -EIO;
	close(pipefd[0]);

	return err ? err : pid;
}

static int reap(pid_t pid, int sig)
{
	int status;

	if (sig)
		kill(pid, sig);

	return waitpid(pid, &status, 0) == pid ? status : -1;
}

/* Ends of which the process itself knows nothing. */
TEST_F_TIMEOUT(steer, exit_and_kill, 120)
{
	const __u32 flags = PACKET_DIRECT_SPREAD | PACKET_DIRECT_SYMMETRIC;
	struct ethtool_rx_flow_spec rule;
	pid_t pid;

	if (!self->has_table)
		SKIP(return, NO_TABLE);
	pid = leaser(&self->nic, self->a, flags, NULL, 0, true);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(reap(pid, 0), 0);
	EXPECT_OK(changed(self->nic.ifname, &self->before));

	pid = leaser(&self->nic, self->a, flags, NULL, 0, false);
	ASSERT_GT(pid, 0);
	EXPECT_OK(not_spread(self->nic.ifname, self->a, self->a));
	ASSERT_EQ(reap(pid, SIGKILL), SIGKILL);
	EXPECT_OK(changed(self->nic.ifname, &self->before));

	if (!self->has_rules)
		return;
	fill_rule(&rule, PORT);
	pid = leaser(&self->nic, self->a, PACKET_DIRECT_APART | WITH_RULES, &rule, 1,
		     false);
	ASSERT_GT(pid, 0);
	EXPECT_EQ(count_rules(self->nic.ifname), 1);
	EXPECT_TRUE(get_ntuple(self->nic.ifname));
	ASSERT_EQ(reap(pid, SIGKILL), SIGKILL);
	EXPECT_EQ(count_rules(self->nic.ifname), 0);
	EXPECT_EQ(get_ntuple(self->nic.ifname), self->ntuple);
	EXPECT_OK(changed(self->nic.ifname, &self->before));
}

/* The rule leads to the queue, whatever the table says. */
TEST_F_TIMEOUT(steer, rule, 120)
{
	struct ethtool_rx_flow_spec rule;
	struct rules rules;

	if (!self->has_rules || !self->has_table)
		SKIP(return, "%s", self->has_rules ? NO_TABLE : NO_RULES);
	OPEN(&self->pd);
	fill_rule(&rule, PORT);
	ASSERT_EQ(pd_nic_steer(&self->nic, self->b), 0);
	LEASE_RULES(&self->pd, self->a, &rule, 1);
	STEERING(&self->pd, PACKET_DIRECT_RULES, 0);
	ASSERT_EQ(get_rules(self->nic.ifname, &rules), 0);
	ASSERT_EQ(rules.nr, 1);
	EXPECT_EQ(rule_queue(self->nic.ifname, rules.locations[0]), (int)self->a);
	/* turning ntuple on has not cost the table that was set */
	EXPECT_OK(not_spread(self->nic.ifname, self->b, self->b));
	ASSERT_EQ(pd_link_up(self->nic.ifname, self->nic.peer), 0);
	pd_drain(&self->pd);
	SEND(10, 0);
	TAKE(10, 0);

	pd_close(&self->pd);
	EXPECT_EQ(count_rules(self->nic.ifname), 0);
	EXPECT_EQ(get_ntuple(self->nic.ifname), self->ntuple);
	EXPECT_OK(not_spread(self->nic.ifname, self->b, self->b));
	ASSERT_EQ(pd_link_up(self->nic.ifname, self->nic.peer), 0);
	pd_nic_witnessed(&self->nic, 200);
	SEND(10, 10);
	EXPECT_EQ(pd_nic_witnessed_all(&self->nic, 10), 10);
}

TEST_F(steer, as_many_rules_as_there_may_be)
{
	struct ethtool_rx_flow_spec rules[PACKET_DIRECT_MAX_RULES];
	__u32 i;

	if (!self->has_rules)
		SKIP(return, NO_RULES);
	OPEN(&self->pd);
	for (i = 0; i < PACKET_DIRECT_MAX_RULES; i++) {
		fill_rule(&rules[i], 1000 + i);
		rules[i].location = i & 1 ? RX_CLS_LOC_ANY : 0;
	}
	LEASE_RULES(&self->pd, self->a, rules, PACKET_DIRECT_MAX_RULES);
	STEERING(&self->pd, PACKET_DIRECT_RULES, 0);
	EXPECT_EQ(count_rules(self->nic.ifname), PACKET_DIRECT_MAX_RULES);
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	EXPECT_EQ(count_rules(self->nic.ifname), 0);
}

TEST_F(steer, bad_rules)
{
	struct ethtool_rx_flow_spec rule;

	OPEN(&self->pd);
	fill_rule(&rule, PORT);
	rule.ring_cookie = 1;
	RULES_REFUSED(&self->pd, &rule, 1, PACKET_DIRECT_BAD_RULES);
	fill_rule(&rule, PORT);
	rule.location = 1;
	RULES_REFUSED(&self->pd, &rule, 1, PACKET_DIRECT_BAD_RULES);
	fill_rule(&rule, PORT);
	rule.flow_type |= FLOW_RSS;
	RULES_REFUSED(&self->pd, &rule, 1, PACKET_DIRECT_BAD_RULES);
	EXPECT_EQ(lease(self->pd.fd, self->a, WITH_RULES, (void *)8, 1), -EFAULT);
}

/* The driver refuses the second rule: then the first does not stay. */
TEST_F(steer, rule_that_the_driver_refuses)
{
	struct ethtool_rx_flow_spec rules[2];

	if (!self->has_rules)
		SKIP(return, NO_RULES);
	OPEN(&self->pd);
	fill_rule(&rules[0], PORT);
	fill_rule(&rules[1], PORT);
	rules[1].flow_type = ETHER_FLOW;
	RULES_REFUSED(&self->pd, rules, 2, PACKET_DIRECT_RULE_REFUSED);
	EXPECT_EQ(count_rules(self->nic.ifname), 0);
	EXPECT_EQ(get_ntuple(self->nic.ifname), self->ntuple);
	if (self->has_table)
		EXPECT_OK(changed(self->nic.ifname, &self->before));
}

TEST_F(steer, ntuple_only_if_asked)
{
	struct ethtool_rx_flow_spec rule;

	if (!self->has_rules)
		SKIP(return, NO_RULES);
	OPEN(&self->pd);
	fill_rule(&rule, PORT);
	if (self->ntuple && set_ntuple(self->nic.ifname, false))
		SKIP(return, "ntuple of PD_IFACE cannot be turned off");
	EXPECT_OK(try_lease(&self->pd, self->a, PACKET_DIRECT_RULES, &rule, 1,
			    PACKET_DIRECT_NTUPLE_OFF));
	EXPECT_FALSE(get_ntuple(self->nic.ifname));
	LEASE_RULES(&self->pd, self->a, &rule, 1);
	EXPECT_TRUE(get_ntuple(self->nic.ifname));
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	EXPECT_FALSE(get_ntuple(self->nic.ifname));
	EXPECT_EQ(count_rules(self->nic.ifname), 0);
}

/* The same frames cannot go to two queues, whoever comes first. */
TEST_F_TIMEOUT(steer, rule_that_is_taken, 120)
{
	struct ethtool_rx_flow_spec rules[2];

	if (!self->has_rules)
		SKIP(return, NO_RULES);
	OPEN(&self->pd);
	OPEN(&self->other);
	fill_rule(&rules[0], PORT);
	fill_rule(&rules[1], PORT);
	RULES_REFUSED(&self->pd, rules, 2, PACKET_DIRECT_RULE_TAKEN);
	LEASE_RULES(&self->other, self->b, rules, 1);
	RULES_REFUSED(&self->pd, rules, 1, PACKET_DIRECT_RULE_TAKEN);
	EXPECT_EQ(count_rules(self->nic.ifname), 1);
	STEERING(&self->other, PACKET_DIRECT_RULES, 0);
	pd_close(&self->other);

	set_ntuple(self->nic.ifname, true);
	ASSERT_EQ(insert_rule(self->nic.ifname, PORT, 0, 3), 0);
	RULES_REFUSED(&self->pd, rules, 1, PACKET_DIRECT_RULE_TAKEN);
	EXPECT_EQ(rule_queue(self->nic.ifname, 3), 0);
	fill_rule(rules, PORT + 1);
	LEASE_RULES(&self->pd, self->a, rules, 1);
	EXPECT_EQ(count_rules(self->nic.ifname), 2);
	pd_close(&self->pd);
	EXPECT_EQ(count_rules(self->nic.ifname), 1);
	EXPECT_EQ(delete_rule(self->nic.ifname, 3), 0);
}

/* What an administrator sets meanwhile stays.  The next lease takes it over. */
TEST_F(steer, administrator_sets_the_table)
{
	struct rss set;
	__u32 i;

	if (!self->has_table)
		SKIP(return, NO_TABLE);
	set = self->before;
	for (i = 0; i < set.len; i++)
		set.table[i] = i % 5 ? 0 : self->b;
	OPEN(&self->pd);
	OPEN(&self->other);
	LEASE_AS(&self->pd, self->a, PACKET_DIRECT_SPREAD);
	ASSERT_EQ(set_table(self->nic.ifname, set.table, set.len), 0);
	STEERING(&self->pd, 0, PACKET_DIRECT_SPREAD);
	EXPECT_OK(changed(self->nic.ifname, &set));

	/* it outlives a lease without a table, and that of the first */
	LEASE_AS(&self->other, self->b, 0);
	EXPECT_OK(changed(self->nic.ifname, &set));
	ASSERT_EQ(pd_unlease(self->other.fd), 0);
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	EXPECT_OK(changed(self->nic.ifname, &set));

	LEASE_AS(&self->pd, self->a, PACKET_DIRECT_SPREAD);
	ASSERT_EQ(set_table(self->nic.ifname, set.table, set.len), 0);
	LEASE_AS(&self->other, self->b, PACKET_DIRECT_SPREAD);
	STEERING(&self->pd, PACKET_DIRECT_SPREAD, 0);
	EXPECT_OK(not_spread(self->nic.ifname, self->a, self->b));
	pd_close(&self->other);
	pd_close(&self->pd);
	EXPECT_OK(changed(self->nic.ifname, &set));
}

/* The key alone is theirs then, the table is still the lease's. */
TEST_F(steer, administrator_sets_the_key)
{
	struct rss set, now;

	if (!self->has_table)
		SKIP(return, NO_TABLE);
	set = self->before;
	memset(set.key, 0xa7, set.key_len);
	OPEN(&self->pd);
	LEASE_AS(&self->pd, self->a, PACKET_DIRECT_SPREAD | PACKET_DIRECT_SYMMETRIC);
	ASSERT_EQ(set_key(self->nic.ifname, set.key, set.key_len), 0);
	STEERING(&self->pd, PACKET_DIRECT_SPREAD, PACKET_DIRECT_SYMMETRIC);
	EXPECT_OK(not_spread(self->nic.ifname, self->a, self->a));
	ASSERT_EQ(get_rss(self->nic.ifname, &now), 0);
	EXPECT_EQ(memcmp(now.key, set.key, set.key_len), 0);
	pd_close(&self->pd);
	EXPECT_OK(changed(self->nic.ifname, &set));
}

/* A rule that an administrator deletes or replaces is not the lease's any more. */
TEST_F_TIMEOUT(steer, administrator_changes_rules, 120)
{
	struct ethtool_rx_flow_spec rules[2];
	struct rules have;
	__u32 at;

	if (!self->has_rules)
		SKIP(return, NO_RULES);
	OPEN(&self->pd);
	fill_rule(&rules[0], PORT);
	fill_rule(&rules[1], PORT + 1);
	LEASE_RULES(&self->pd, self->a, rules, 2);
	ASSERT_EQ(get_rules(self->nic.ifname, &have), 0);
	ASSERT_EQ(have.nr, 2);
	at = have.locations[0];
	ASSERT_EQ(delete_rule(self->nic.ifname, at), 0);
	STEERING(&self->pd, 0, PACKET_DIRECT_RULES);
	ASSERT_EQ(insert_rule(self->nic.ifname, PORT + 2, 0, at), 0);
	EXPECT_EQ(rule_queue(self->nic.ifname, at), 0);
	/* theirs outlives the lease, and needs ntuple */
	pd_close(&self->pd);
	EXPECT_EQ(count_rules(self->nic.ifname), 1);
	EXPECT_EQ(rule_queue(self->nic.ifname, at), 0);
	EXPECT_TRUE(get_ntuple(self->nic.ifname));
	EXPECT_EQ(delete_rule(self->nic.ifname, at), 0);
}

/* Down and up, after which some devices have no rules: what was deleted stays so. */
TEST_F_TIMEOUT(steer, deleted_rule_stays_deleted, 120)
{
	struct ethtool_rx_flow_spec rules[2];
	struct rules have;
	__u32 at;
	int i;

	if (!self->has_rules)
		SKIP(return, NO_RULES);
	OPEN(&self->pd);
	fill_rule(&rules[0], PORT);
	fill_rule(&rules[1], PORT + 1);
	LEASE_RULES(&self->pd, self->a, rules, 2);
	ASSERT_EQ(get_rules(self->nic.ifname, &have), 0);
	ASSERT_EQ(have.nr, 2);
	at = have.locations[0];
	ASSERT_EQ(delete_rule(self->nic.ifname, at), 0);
	ASSERT_EQ(pd_if_up(self->nic.ifname, false), 0);
	ASSERT_EQ(pd_if_up(self->nic.ifname, true), 0);
	for (i = 0; i < 2 * WAIT_MS && count_rules(self->nic.ifname) != 1; i += 10)
		usleep(10000);
	usleep(100000);
	EXPECT_EQ(count_rules(self->nic.ifname), 1);
	EXPECT_NE(rule_queue(self->nic.ifname, at), (int)self->a);
	STEERING(&self->pd, 0, PACKET_DIRECT_RULES);
}

TEST_F_TIMEOUT(steer, administrator_turns_ntuple_off, 120)
{
	struct ethtool_rx_flow_spec rule;

	if (!self->has_rules)
		SKIP(return, NO_RULES);
	OPEN(&self->pd);
	fill_rule(&rule, PORT);
	LEASE_RULES(&self->pd, self->a, &rule, 1);
	if (set_ntuple(self->nic.ifname, false))
		SKIP(return, "ntuple of PD_IFACE cannot be turned off");
	STEERING(&self->pd, 0, PACKET_DIRECT_RULES);
	pd_close(&self->pd);
	EXPECT_FALSE(get_ntuple(self->nic.ifname));
	set_ntuple(self->nic.ifname, true);
	EXPECT_EQ(count_rules(self->nic.ifname), 0);
}

/* Waits until all of it is in force again.  Returns milliseconds, or a negative
 * number.
 */
static int wait_for_steering(struct pd_sock *pd, __u32 steering)
{
	__u64 begin = pd_now(CLOCK_MONOTONIC), msecs;
	struct tpacket4_info info;

	do {
		memset(&info, 0, sizeof(info));
		if (pd_info(pd->fd, &info))
			return -errno;
		msecs = (pd_now(CLOCK_MONOTONIC) - begin) / 1000000;
		if (info.ti_steering == steering)
			return msecs;
		usleep(1000);
	} while (msecs < WAIT_MS);

	return -ETIMEDOUT;
}

static int set_up_anew(const struct pd_nic *nic, int how)
{
	int err;

	switch (how % 3) {
	case 0:
		return pd_if_reset(nic->ifname);
	case 1:
		err = pd_if_up(nic->ifname, false);
		return err ? err : pd_if_up(nic->ifname, true);
	default:
		err = pd_run("ethtool -G %s rx 256 >/dev/null 2>&1", nic->ifname);
		if (!err)
			err = pd_run("ethtool -G %s rx 512", nic->ifname);
		/* a driver with rings of one size is reset instead */
		return err ? pd_if_reset(nic->ifname) : 0;
	}
}

/* What a device forgets when it is set up anew is put back.  Still the end finds what
 * was there at the beginning.
 */
TEST_F_TIMEOUT(steer, ten_resets, 300)
{
	__u32 flags = PACKET_DIRECT_SPREAD | PACKET_DIRECT_SYMMETRIC;
	struct ethtool_rx_flow_spec rule;
	int i, msecs, longest = 0;

	if (!self->has_table)
		SKIP(return, NO_TABLE);
	if (self->has_rules)
		flags |= PACKET_DIRECT_RULES;
	fill_rule(&rule, PORT);
	OPEN(&self->pd);
	ASSERT_OK(try_lease(&self->pd, self->a,
			    flags | (self->has_rules ? PACKET_DIRECT_NTUPLE : 0),
			    self->has_rules ? &rule : NULL, self->has_rules,
			    PACKET_DIRECT_OK));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(set_up_anew(&self->nic, i), 0);
		msecs = wait_for_steering(&self->pd, flags);
		ASSERT_GE(msecs, 0);
		longest = msecs > longest ? msecs : longest;
		ASSERT_OK(not_spread(self->nic.ifname, self->a, self->a));
		if (self->has_rules)
			ASSERT_EQ(count_rules(self->nic.ifname), 1);
	}
	TH_LOG("in force again after at most %d ms", longest);
	STEERING(&self->pd, flags, 0);
	ASSERT_EQ(pd_link_up(self->nic.ifname, self->nic.peer), 0);
	pd_drain(&self->pd);
	SEND(10, 0);
	TAKE(10, 0);
	pd_close(&self->pd);
	EXPECT_OK(changed(self->nic.ifname, &self->before));
	if (self->has_rules)
		EXPECT_EQ(count_rules(self->nic.ifname), 0);
}

/* Table and key are as before until the lease begins.  Its rules are there, because
 * only the driver knows whether it takes them.
 */
TEST_F_TIMEOUT(steer, prepared, 120)
{
	const __u32 flags = PACKET_DIRECT_SPREAD | PACKET_DIRECT_SYMMETRIC;
	__u32 with = self->has_rules ? WITH_RULES : 0;
	__u32 had = self->has_rules ? PACKET_DIRECT_RULES : 0;
	struct ethtool_rx_flow_spec rule;

	if (!self->has_table)
		SKIP(return, NO_TABLE);
	OPEN(&self->pd);
	OPEN(&self->other);
	fill_rule(&rule, PORT);
	LEASE_AS(&self->other, self->b, PACKET_DIRECT_SPREAD);
	ASSERT_OK(try_lease(&self->pd, self->a, flags | with | PACKET_DIRECT_PREPARE,
			    with ? &rule : NULL, !!with, PACKET_DIRECT_OK));
	EXPECT_OK(not_spread(self->nic.ifname, self->b, self->b));
	STEERING(&self->pd, had, 0);
	if (with)
		EXPECT_EQ(count_rules(self->nic.ifname), 1);

	ASSERT_OK(pd_refused(self->pd.fd, pd_begin(self->pd.fd), PACKET_DIRECT_OK));
	EXPECT_OK(not_spread(self->nic.ifname, self->a, self->b));
	STEERING(&self->pd, flags | had, 0);
	pd_close(&self->pd);
	EXPECT_OK(not_spread(self->nic.ifname, self->b, self->b));
	pd_close(&self->other);
	EXPECT_OK(changed(self->nic.ifname, &self->before));

	/* one that never begins leaves nothing behind */
	OPEN(&self->pd);
	ASSERT_OK(try_lease(&self->pd, self->a, flags | with | PACKET_DIRECT_PREPARE,
			    with ? &rule : NULL, !!with, PACKET_DIRECT_OK));
	EXPECT_OK(changed(self->nic.ifname, &self->before));
	pd_close(&self->pd);
	EXPECT_OK(changed(self->nic.ifname, &self->before));
	if (with)
		EXPECT_EQ(count_rules(self->nic.ifname), 0);
	EXPECT_EQ(get_ntuple(self->nic.ifname), self->ntuple);
}

/* The table changes once, for all of them. */
TEST_F(steer, begin_together)
{
	if (!self->has_table)
		SKIP(return, NO_TABLE);
	OPEN(&self->pd);
	OPEN(&self->other);
	LEASE_AS(&self->pd, self->b, PACKET_DIRECT_SPREAD | PACKET_DIRECT_PREPARE);
	LEASE_AS(&self->other, self->a, PACKET_DIRECT_SPREAD | PACKET_DIRECT_PREPARE);
	EXPECT_OK(changed(self->nic.ifname, &self->before));
	ASSERT_OK(pd_refused(self->pd.fd,
			     pd_together(self->pd.fd, PACKET_DIRECT_BEGIN,
					 &self->other.fd, 1),
			     PACKET_DIRECT_OK));
	EXPECT_OK(not_spread(self->nic.ifname, self->a, self->b));
	MOVES(&self->pd, 0);
	MOVES(&self->other, 0);
	ASSERT_OK(pd_refused(self->pd.fd,
			     pd_together(self->pd.fd, PACKET_DIRECT_RELEASE,
					 &self->other.fd, 1),
			     PACKET_DIRECT_OK));
	EXPECT_OK(changed(self->nic.ifname, &self->before));
}

static int set_channels(const char *ifname, __u32 queues)
{
	struct ethtool_channels cmd = { .cmd = ETHTOOL_GCHANNELS };
	int err = pd_ethtool(ifname, &cmd);

	if (err)
		return err;
	cmd.cmd = ETHTOOL_SCHANNELS;
	if (cmd.combined_count)
		cmd.combined_count = queues;
	else
		cmd.rx_count = queues;

	return pd_ethtool(ifname, &cmd);
}

/* A table that was set keeps ethtool from removing a queue that it names.  The lease's
 * table does so while it lasts.  Afterwards nobody has set one.
 */
TEST_F_TIMEOUT(steer, not_configured_afterwards, 120)
{
	__u32 last = 0, i;

	if (!self->has_table)
		SKIP(return, NO_TABLE);
	if (self->nic.keeper >= 0)
		SKIP(return, KEPT);
	for (i = 0; i < self->before.len; i++)
		if (self->before.table[i] > last)
			last = self->before.table[i];
	OPEN(&self->pd);
	LEASE_AS(&self->pd, 0, PACKET_DIRECT_APART);
	EXPECT_EQ(set_channels(self->nic.ifname, last), -EINVAL);
	pd_close(&self->pd);
	ASSERT_EQ(set_channels(self->nic.ifname, last), 0);
	EXPECT_EQ(set_channels(self->nic.ifname, self->nic.queues), 0);
}

TEST_HARNESS_MAIN
