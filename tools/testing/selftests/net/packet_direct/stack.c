// SPDX-License-Identifier: GPL-2.0
/*
 * PACKET_DIRECT_TEE and PACKET_DIRECT_PASS: what the host gets of a leased queue.  It
 * gets each frame that is meant for it, whatever the reader does, and no other one.
 *
 *	PD_IFACE, PD_QUEUE, PD_PEER	as in lib/nic.h
 *
 * Two plain sockets are the host: one that gets what the stack gets, and in some tests
 * one with a UDP port, which PD_IFACE has an address for.
 */
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/queue.h"

#define ADDRESS		"198.19.0.1/15"	/* the test frames' sources are there, too */
#define PORT		9
#define QUIET_MS	150
#define JUMBO		9014

/* Nobody's, the first one a multicast address. */
static const __u8 group[ETH_ALEN] = { 0x01, 0x00, 0x5e, 0x7f, 0x12, 0x34 };
static const __u8 other[ETH_ALEN] = { 0x02, 0x00, 0x00, 0x00, 0x77, 0x77 };
static const __u8 second[ETH_ALEN] = { 0x02, 0x00, 0x00, 0x00, 0x88, 0x88 };
static const __u8 all[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static __u8 buf[PD_FRAME_MAX];

FIXTURE(stack) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	struct tpacket4_stats base;	/* when the lease began */
	struct tpacket4_info info;
	struct pd_nic nic;
	__u8 mac[ETH_ALEN];
	int udp;
};

FIXTURE_SETUP(stack)
{
	self->pd.fd = -1;
	self->udp = -1;
	if (pd_nic_missing())
		SKIP(return, "%s", pd_nic_missing());
	ASSERT_OK(pd_nic_open(&self->nic));
	ASSERT_EQ(pd_if_mac(self->nic.ifname, self->mac), 0);
}

FIXTURE_TEARDOWN(stack)
{
	if (!self->nic.ifname)
		return;
	if (self->udp >= 0) {
		pd_run("ip addr del " ADDRESS " dev %s", self->nic.ifname);
		close(self->udp);
	}
	pd_close(&self->pd);
	pd_nic_close(&self->nic);
}

#define LEASE_FLAGS(flags)						\
	do {								\
		ASSERT_OK(pd_refused(self->pd.fd,			\
				     pd_lease_flags(self->pd.fd,	\
						    self->nic.queue,	\
						    flags),		\
				     PACKET_DIRECT_OK));		\
		pd_drain(&self->pd);					\
		pd_nic_witnessed(&self->nic, QUIET_MS);			\
		ASSERT_EQ(pd_stats(self->pd.fd, &self->base), 0);	\
	} while (0)

/* As STATS(), and counters count from the beginning of the lease. */
#define GAINED()							\
	do {								\
		STATS();						\
		subtract(&self->stats, &self->base);			\
	} while (0)

/* What is not for this host comes, too, as with any capture. */
#define OPEN_FLAGS(flags)						\
	do {								\
		OPEN_RING(ENTRIES, 0, 2048);				\
		ASSERT_EQ(member(self->pd.fd, &self->nic,		\
				 PACKET_MR_PROMISC, NULL, true), 0);	\
		LEASE_FLAGS(flags);					\
	} while (0)

static void subtract(struct tpacket4_stats *stats, const struct tpacket4_stats *base)
{
	stats->ts_packets -= base->ts_packets;
	stats->ts_passed -= base->ts_passed;
	stats->ts_drop_nic -= base->ts_drop_nic;
	stats->ts_drop_stack -= base->ts_drop_stack;
	stats->ts_drop_filter -= base->ts_drop_filter;
	stats->ts_drop_no_slot -= base->ts_drop_no_slot;
}

static int member(int fd, const struct pd_nic *nic, int type, const __u8 *addr,
		  bool add)
{
	struct packet_mreq mreq = {
		.mr_ifindex = if_nametoindex(nic->ifname),
		.mr_type = type,
		.mr_alen = addr ? ETH_ALEN : 0,
	};

	if (addr)
		memcpy(mreq.mr_address, addr, ETH_ALEN);
	if (setsockopt(fd, SOL_PACKET, add ? PACKET_ADD_MEMBERSHIP :
					     PACKET_DROP_MEMBERSHIP,
		       &mreq, sizeof(mreq)))
		return -errno;

	return 0;
}

static int send_to(const struct pd_nic *nic, const __u8 *dest, __u32 len, __u32 seq)
{
	pd_fill(buf, len, seq);
	memcpy(buf, dest, ETH_ALEN);

	return pd_send_bytes(nic->tx, buf, len);
}

/* What is wrong with the next frame that the host gets, which was sent last, or NULL. */
static const char *host_gets(const struct pd_nic *nic, __u32 len)
{
	struct pollfd pfd = { .fd = nic->witness, .events = POLLIN };
	static __u8 got[PD_FRAME_MAX];
	static char why[128];
	ssize_t n, i;

	if (poll(&pfd, 1, WAIT_MS) != 1)
		return "the host gets nothing";
	n = recv(nic->witness, got, sizeof(got), 0);
	for (i = 0; n == len && i < n && got[i] == buf[i]; i++)
		;
	if (n == len && i == n)
		return NULL;
	snprintf(why, sizeof(why), "the host gets %zd bytes of %u, byte %zd differs",
		 n, len, i);

	return why;
}

/* The ring gets the frame, and the host, or not. */
#define SENT_TO(dest, is_hosts)						\
	do {								\
		ASSERT_EQ(send_to(&self->nic, dest, LEN, __LINE__), 0);	\
		NEXT();							\
		EXPECT_OK(pd_same(&frame, buf, LEN, LEN));		\
		if (is_hosts)						\
			EXPECT_OK(host_gets(&self->nic, LEN));		\
		else							\
			EXPECT_EQ(pd_nic_witnessed(&self->nic, QUIET_MS), 0); \
	} while (0)

TEST_F(stack, tee)
{
	__u8 near[ETH_ALEN];

	memcpy(near, self->mac, ETH_ALEN);
	near[1] ^= 0x10;
	OPEN_FLAGS(PACKET_DIRECT_TEE);
	SENT_TO(self->mac, true);
	SENT_TO(all, true);
	SENT_TO(other, false);
	SENT_TO(near, false);
	SENT_TO(group, false);
	GAINED();
	EXPECT_EQ(self->stats.ts_packets, 5);
	EXPECT_EQ(self->stats.ts_passed, 2);
	EXPECT_EQ(self->stats.ts_drop_stack, 0);
	EXPECT_EQ(self->stats.ts_drop_no_slot, 0);
}

/* Addresses that the device has besides. */
TEST_F(stack, tee_lists)
{
	int w = self->nic.witness;

	OPEN_FLAGS(PACKET_DIRECT_TEE);
	ASSERT_EQ(member(w, &self->nic, PACKET_MR_MULTICAST, group, true), 0);
	SENT_TO(group, true);
	ASSERT_EQ(member(w, &self->nic, PACKET_MR_MULTICAST, group, false), 0);
	SENT_TO(group, false);
	SENT_TO(second, false);
	ASSERT_EQ(member(w, &self->nic, PACKET_MR_UNICAST, second, true), 0);
	SENT_TO(second, true);
	SENT_TO(self->mac, true);
	SENT_TO(other, false);
	ASSERT_EQ(member(w, &self->nic, PACKET_MR_UNICAST, second, false), 0);
	SENT_TO(second, false);
	ASSERT_EQ(member(w, &self->nic, PACKET_MR_ALLMULTI, NULL, true), 0);
	SENT_TO(group, true);
	SENT_TO(other, false);
	ASSERT_EQ(member(w, &self->nic, PACKET_MR_ALLMULTI, NULL, false), 0);
	SENT_TO(group, false);
}

/* Everything, for as long as somebody else wants everything.  Those who have the ring
 * want nothing of the stack, and a flag of the device has no reader.
 */
TEST_F_TIMEOUT(stack, tee_everything, 60)
{
	const char *ifname = self->nic.ifname;
	int w = self->nic.witness;

	OPEN_FLAGS(PACKET_DIRECT_TEE);
	ASSERT_EQ(pd_run("ip link set %s promisc on allmulticast on", ifname), 0);
	SENT_TO(other, false);
	SENT_TO(group, false);
	ASSERT_EQ(member(w, &self->nic, PACKET_MR_PROMISC, NULL, true), 0);
	SENT_TO(other, true);
	SENT_TO(group, true);
	ASSERT_EQ(member(self->pd.fd, &self->nic, PACKET_MR_PROMISC, NULL, false),
		  0);
	SENT_TO(other, true);
	ASSERT_EQ(member(w, &self->nic, PACKET_MR_PROMISC, NULL, false), 0);
	SENT_TO(other, false);
	ASSERT_EQ(member(self->pd.fd, &self->nic, PACKET_MR_ALLMULTI, NULL, true),
		  0);
	SENT_TO(group, false);

	/* one with an rx_handler */
	ASSERT_EQ(pd_run("ip link add pdmv link %s type macvlan mode bridge",
			 ifname), 0);
	SENT_TO(other, true);
	ASSERT_EQ(pd_run("ip link del pdmv"), 0);
	SENT_TO(other, false);
	ASSERT_EQ(pd_run("ip link set %s promisc off allmulticast off", ifname), 0);
	SENT_TO(self->mac, true);
}

/* Frames from @min bytes on. */
static int filter_longer(int fd, __u32 min)
{
	const struct sock_filter insn[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, min, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 64),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	return pd_filter(fd, insn, ARRAY_SIZE(insn));
}

#define REFUSED(dest, len, is_hosts)					\
	do {								\
		__u32 _len = len;					\
									\
		ASSERT_EQ(send_to(&self->nic, dest, _len, __LINE__), 0); \
		if (is_hosts)						\
			EXPECT_OK(host_gets(&self->nic, _len));		\
		else							\
			EXPECT_EQ(pd_nic_witnessed(&self->nic, QUIET_MS), 0); \
		EXPECT_EQ(tpacket4_peek_all(&self->pd.ring), 0);	\
	} while (0)

/* The host gets what the filter refuses, in whole, and nothing else. */
TEST_F(stack, pass)
{
	OPEN_FLAGS(PACKET_DIRECT_PASS);
	SENT_TO(self->mac, false);
	ASSERT_EQ(filter_longer(self->pd.fd, 300), 0);
	REFUSED(other, LEN, true);
	REFUSED(self->mac, LEN, true);
	REFUSED(group, 299, true);
	ASSERT_EQ(send_to(&self->nic, self->mac, 300, 1), 0);
	NEXT();
	EXPECT_OK(pd_same(&frame, buf, 64, 300));
	EXPECT_EQ(pd_nic_witnessed(&self->nic, QUIET_MS), 0);
	GAINED();
	EXPECT_EQ(self->stats.ts_drop_filter, 3);
	EXPECT_EQ(self->stats.ts_passed, 3);
	EXPECT_EQ(self->stats.ts_packets, 2);
}

/* The host's frames go on whatever the filter says, those that it cuts in whole. */
TEST_F(stack, tee_and_filter)
{
	OPEN_FLAGS(PACKET_DIRECT_TEE);
	ASSERT_EQ(filter_longer(self->pd.fd, 300), 0);
	REFUSED(other, LEN, false);
	REFUSED(self->mac, LEN, true);
	ASSERT_EQ(send_to(&self->nic, self->mac, 300, 1), 0);
	NEXT();
	EXPECT_OK(pd_same(&frame, buf, 64, 300));
	EXPECT_OK(host_gets(&self->nic, 300));
	GAINED();
	EXPECT_EQ(self->stats.ts_drop_filter, 2);
	EXPECT_EQ(self->stats.ts_passed, 2);
}

TEST_F(stack, tee_and_pass)
{
	OPEN_FLAGS(PACKET_DIRECT_TEE | PACKET_DIRECT_PASS);
	ASSERT_EQ(filter_longer(self->pd.fd, 300), 0);
	REFUSED(other, LEN, true);
	REFUSED(self->mac, LEN, true);
	ASSERT_EQ(send_to(&self->nic, other, 300, 1), 0);
	NEXT();
	EXPECT_EQ(pd_nic_witnessed(&self->nic, QUIET_MS), 0);
	GAINED();
	EXPECT_EQ(self->stats.ts_passed, 2);
}

#define MIX		120
#define MIX_LEN(i)	((i) % 3 ? 320 : LEN)	/* the filter refuses each third */

/* Does the host get the @i-th frame of a mix, of which each second one is addressed to it? */
static bool mix_is_hosts(__u32 i, __u32 flags)
{
	return (flags & PACKET_DIRECT_TEE && i % 2) ||
	       (flags & PACKET_DIRECT_PASS && i % 3 == 0);
}

static int send_mix(const struct pd_nic *nic, const __u8 *mac)
{
	int err = 0;
	__u32 i;

	for (i = 0; !err && i < MIX; i++)
		err = send_to(nic, i % 2 ? mac : other, MIX_LEN(i), i);

	return err;
}

/* What the host gets in place of its frames of the mix, in their order, or NULL. */
static const char *host_gets_mix(const struct pd_nic *nic, __u32 flags)
{
	struct pollfd pfd = { .fd = nic->witness, .events = POLLIN };
	static __u8 got[PD_FRAME_MAX];
	static char why[128];
	ssize_t n;
	__u32 i;

	for (i = 0; i < MIX; i++) {
		if (!mix_is_hosts(i, flags))
			continue;
		if (poll(&pfd, 1, WAIT_MS) != 1)
			return "the host gets too few";
		n = recv(nic->witness, got, sizeof(got), 0);
		if (n == MIX_LEN(i) && pd_seq(got) == i)
			continue;
		snprintf(why, sizeof(why), "the host gets %zd bytes of frame %u, not %u",
			 n, pd_seq(got), i);
		return why;
	}

	return pd_nic_witnessed(nic, QUIET_MS) ? "the host gets too many" : NULL;
}

/* Several frames in one poll: for the ring, for the host, for both and for nobody. */
#define MIXED(filtered, flags)						\
	do {								\
		__u32 _i;						\
									\
		ASSERT_EQ(send_mix(&self->nic, self->mac), 0);		\
		for (_i = 0; _i < MIX; _i++) {				\
			if ((filtered) && _i % 3 == 0)			\
				continue;				\
			NEXT();						\
			EXPECT_EQ(pd_seq(frame.data), _i);		\
			EXPECT_EQ(frame.hdr.tp_len, MIX_LEN(_i));	\
		}							\
		EXPECT_OK(host_gets_mix(&self->nic, flags));		\
		EXPECT_EQ(tpacket4_peek_all(&self->pd.ring), 0);	\
		GAINED();						\
		EXPECT_EQ(self->stats.ts_drop_stack, 0);		\
		EXPECT_EQ(self->stats.ts_drop_no_slot, 0);		\
	} while (0)

TEST_F_TIMEOUT(stack, mixed, 60)
{
	OPEN_FLAGS(PACKET_DIRECT_TEE);
	MIXED(false, PACKET_DIRECT_TEE);
	EXPECT_EQ(self->stats.ts_passed, MIX / 2);
	ASSERT_EQ(filter_longer(self->pd.fd, 300), 0);
	MIXED(true, PACKET_DIRECT_TEE);
	EXPECT_EQ(self->stats.ts_passed, MIX);
	EXPECT_EQ(self->stats.ts_drop_filter, MIX / 3);
}

TEST_F_TIMEOUT(stack, mixed_pass, 60)
{
	OPEN_FLAGS(PACKET_DIRECT_TEE | PACKET_DIRECT_PASS);
	ASSERT_EQ(filter_longer(self->pd.fd, 300), 0);
	MIXED(true, PACKET_DIRECT_TEE | PACKET_DIRECT_PASS);
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	LEASE_FLAGS(PACKET_DIRECT_PASS);
	ASSERT_EQ(pd_nic_steer(&self->nic, self->nic.queue), 0);
	MIXED(true, PACKET_DIRECT_PASS);
	EXPECT_EQ(self->stats.ts_passed, MIX / 3);
	EXPECT_EQ(self->stats.ts_drop_filter, MIX / 3);
}

/* Frames of one slot and of several, in one piece of the copy and in pages. */
#define EACH_LENGTH()							\
	do {								\
		static const __u32 _lens[] = { 60, 255, 256, 257, 1514, 2047, \
			2048, 2049, 3500, 3711, 3712, 3713, 4095, 4096,	\
			4097, 4352, 4353, 8448, 8449, JUMBO };		\
		__u32 _i;						\
									\
		for (_i = 0; _i < ARRAY_SIZE(_lens); _i++) {		\
			ASSERT_EQ(send_to(&self->nic, self->mac, _lens[_i], \
					  _i), 0);			\
			NEXT();						\
			EXPECT_EQ(frame.hdr.tp_len, _lens[_i]);		\
			EXPECT_OK(host_gets(&self->nic, _lens[_i]));	\
		}							\
		GAINED();						\
		EXPECT_EQ(self->stats.ts_drop_stack, 0);		\
	} while (0)

TEST_F(stack, lengths)
{
	if (pd_one_slot)
		SKIP(return, "a frame has to fit one slot");
	MTU(9000);
	OPEN_RING(ENTRIES, 0, 2048);
	LEASE_FLAGS(PACKET_DIRECT_TEE);
	RESUME();
	pd_nic_witnessed(&self->nic, QUIET_MS);
	EACH_LENGTH();
}

#define OPEN_SPLIT()							\
	do {								\
		struct tpacket_req4 _req;				\
									\
		pd_req(&_req, ENTRIES, 0, 1024);			\
		_req.tp_slot_len = 512;					\
		_req.tp_payload_size = 4096;				\
		OPEN_REQ(&_req);					\
		RESUME();						\
		LEASE_FLAGS(PACKET_DIRECT_TEE |				\
			    PACKET_DIRECT_SPLIT_UNRELIABLE);		\
	} while (0)

TEST_F(stack, lengths_split)
{
	ASSERT_EQ(pd_nic_limits(&self->nic, &self->info), 0);
	if (!self->info.ti_split_min)
		SKIP(return, "%s splits no headers", self->nic.ifname);
	if (pd_one_slot)
		SKIP(return, "a frame has to fit one slot");
	MTU(9000);
	OPEN_SPLIT();
	EACH_LENGTH();
}

static void flip_vlan_offload(const char *ifname)
{
	struct ethtool_value val = { .cmd = ETHTOOL_GFLAGS };

	if (pd_ethtool(ifname, &val))
		return;
	val.cmd = ETHTOOL_SFLAGS;
	val.data ^= ETH_FLAG_RXVLAN;
	pd_ethtool(ifname, &val);
}

/* A tap, which sees a tag that no VLAN device has. */
static int tap_open(const struct pd_nic *nic)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (pd_set_int(fd, PACKET_AUXDATA, 1) ||
	    pd_bind(fd, if_nametoindex(nic->ifname), ETH_P_ALL)) {
		close(fd);
		return -EINVAL;
	}

	return fd;
}

/* The tap finds the tag beside the frame, as with any frame that has one. */
static const char *tap_gets_tag(int fd, const __u8 *untagged)
{
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	static __u8 got[PD_FRAME_MAX];
	struct iovec iov = { got, sizeof(got) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct tpacket_auxdata *aux;

	if (poll(&pfd, 1, WAIT_MS) != 1 || recvmsg(fd, &msg, 0) != LEN ||
	    !CMSG_FIRSTHDR(&msg))
		return "the host gets no such frame";
	aux = (struct tpacket_auxdata *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
	if (!(aux->tp_status & TP_STATUS_VLAN_VALID) || aux->tp_vlan_tci != 0x2009)
		return "the host gets no tag, or a wrong one";

	return memcmp(got, untagged, LEN) ? "the host gets other bytes" : NULL;
}

TEST_F(stack, vlan)
{
	static const __u8 tag[4] = PD_TAG;
	__u8 untagged[LEN];
	__u32 i, len;
	int tap;

	OPEN_FLAGS(PACKET_DIRECT_TEE);
	for (i = 0; i < 2; i++) {
		tap = tap_open(&self->nic);
		ASSERT_GE(tap, 0);
		pd_fill(untagged, LEN, i);
		memcpy(untagged, self->mac, ETH_ALEN);
		memcpy(buf, untagged, LEN);
		len = pd_tag(buf, LEN, tag, sizeof(tag));
		ASSERT_EQ(pd_send_bytes(self->nic.tx, buf, len), 0);
		NEXT();
		EXPECT_EQ(frame.hdr.tp_len,
			  frame.hdr.tp_flags & TPACKET4_VLAN ? LEN : len);
		EXPECT_OK(tap_gets_tag(tap, untagged));
		close(tap);
		/* it would end a lease by AF_XDP */
		if (pd_by() == PACKET_DIRECT_XSK)
			break;
		/* not each driver can */
		flip_vlan_offload(self->nic.ifname);
		pd_nic_resume(&self->nic, &self->pd);
		pd_nic_witnessed(&self->nic, QUIET_MS);
	}
}

/* A datagram for this host. */
static int send_udp(const struct pd_nic *nic, const __u8 *mac, __u32 seq,
		    bool bad_sum)
{
	struct iphdr *ip = (void *)(buf + ETH_HLEN);
	struct udphdr *udp = (void *)(ip + 1);
	__u32 len;

	pd_fill(buf, LEN, seq);
	memcpy(buf, mac, ETH_ALEN);
	len = ntohs(udp->len);
	udp->check = pd_checksum(udp, len, 0xc612 + 0x0001 + pd_flow + 0xc613 +
			      0x0001 + IPPROTO_UDP + len);
	if (bad_sum)
		udp->check ^= 0x5555;

	return pd_send_bytes(nic->tx, buf, LEN);
}

/* The caller closes, and takes the address away. */
static int udp_open(const struct pd_nic *nic)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(PORT),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    pd_run("ip addr add " ADDRESS " dev %s", nic->ifname)) {
		close(fd);
		return -EADDRINUSE;
	}

	return fd;
}

/* Whether a datagram comes: 1, and it is the one sent last; 0; or -EBADMSG. */
static int udp_gets(int fd, int msecs)
{
	const __u32 head = ETH_HLEN + sizeof(struct iphdr) + sizeof(struct udphdr);
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	__u8 got[2048];
	ssize_t n;

	if (poll(&pfd, 1, msecs) != 1)
		return 0;
	n = recv(fd, got, sizeof(got), 0);

	return n == LEN - head && !memcmp(got, buf + head, n) ? 1 : -EBADMSG;
}

/* One frame, which comes however busy the machine is. */
static bool witness_gets(const struct pd_nic *nic)
{
	struct pollfd pfd = { .fd = nic->witness, .events = POLLIN };
	static __u8 got[PD_FRAME_MAX];

	return poll(&pfd, 1, WAIT_MS) == 1 && recv(nic->witness, got, sizeof(got), 0) > 0;
}

/* A ring whose slots nobody can write to is mapped in two pieces, which this test does
 * not do: it reads nothing.
 */
static int open_read_only(struct pd_sock *pd, const struct pd_nic *nic)
{
	struct tpacket_req4 req;
	int err;

	pd_req(&req, ENTRIES, 0, 2048);
	req.tp_flags = TPACKET4_SLOTS_READ_ONLY;
	pd->ifindex = if_nametoindex(nic->ifname);
	pd->fd = pd_socket(SOCK_RAW);
	if (pd->fd < 0)
		return pd->fd;
	err = pd_set_ring(pd->fd, &req);
	if (!err)
		err = pd_bind(pd->fd, pd->ifindex, ETH_P_ALL);

	return err ?: pd_lease_flags(pd->fd, nic->queue, PACKET_DIRECT_TEE);
}

#define CHECKSUMS()							\
	do {								\
		__u32 _i;						\
									\
		for (_i = 0; _i < 10; _i++) {				\
			ASSERT_EQ(send_udp(&self->nic, self->mac, _i, false), 0); \
			EXPECT_EQ(udp_gets(self->udp, WAIT_MS), 1);	\
			ASSERT_EQ(send_udp(&self->nic, self->mac, _i, true), 0); \
			EXPECT_EQ(udp_gets(self->udp, QUIET_MS), 0);	\
		}							\
	} while (0)

/* A datagram with a wrong checksum is not delivered. */
TEST_F(stack, checksum)
{
	self->udp = udp_open(&self->nic);
	ASSERT_GE(self->udp, 0);
	OPEN_FLAGS(PACKET_DIRECT_TEE);
	CHECKSUMS();
}

TEST_F(stack, checksum_read_only)
{
	self->udp = udp_open(&self->nic);
	ASSERT_GE(self->udp, 0);
	ASSERT_EQ(open_read_only(&self->pd, &self->nic), 0);
	pd_nic_steer(&self->nic, self->nic.queue);
	CHECKSUMS();
}

/* Writes to a byte of each slot, all the time. */
struct forger {
	const struct tpacket4_ring *ring;
	bool stop;
};

static void *forge_main(void *arg)
{
	struct forger *forger = arg;
	__u32 i;

	while (!__atomic_load_n(&forger->stop, __ATOMIC_RELAXED))
		for (i = 0; i < forger->ring->layout.tl_slot_nr; i++)
			__atomic_fetch_add(tpacket4_slot(forger->ring, i) + LEN - 1,
					   1, __ATOMIC_RELAXED);

	return NULL;
}

/* The stack believes no checksum that the NIC saw before the owner of the ring wrote to
 * the frame.
 */
TEST_F_TIMEOUT(stack, forged, 120)
{
	struct forger forger = { .ring = &self->pd.ring };
	__u32 i, forged = 0, other_bytes = 0;
	pthread_t thread;
	int got;

	self->udp = udp_open(&self->nic);
	ASSERT_GE(self->udp, 0);
	OPEN_FLAGS(PACKET_DIRECT_TEE);
	ASSERT_EQ(pthread_create(&thread, NULL, forge_main, &forger), 0);
	for (i = 0; i < 400 && forged < 20; i++) {
		ASSERT_EQ(send_udp(&self->nic, self->mac, i, false), 0);
		/* the witness gets it in any case, and before */
		ASSERT_TRUE(witness_gets(&self->nic));
		got = udp_gets(self->udp, QUIET_MS);
		forged += !got;
		other_bytes += got < 0;
		pd_drain(&self->pd);
	}
	__atomic_store_n(&forger.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	TH_LOG("%u of %u datagrams were forged", forged, i);
	EXPECT_EQ(other_bytes, 0);
	GAINED();
	EXPECT_EQ(self->stats.ts_passed, i);
}

static __u32 most(__u32 a, __u32 b)
{
	return a > b ? a : b;
}

/* What the kernel keeps, by the documentation. */
static __u32 reserve(const struct tpacket4_info *info, __u32 entries, __u32 mtu,
		     __u32 slot_len)
{
	__u32 post_min = info->ti_post_min;
	__u32 chain = (mtu + 30 + slot_len - 1) / slot_len;

	return most(most(entries / 4, PACKET_DIRECT_MIN_RESERVE),
		    most(2 * post_min, chain + post_min));
}

/* The host gets each of @count frames of @len bytes.  Nobody reads the ring. */
#define STALLED(count, len)						\
	do {								\
		__u32 _i, _count = count, _len = len;			\
									\
		for (_i = 0; _i < _count; _i++) {			\
			ASSERT_EQ(send_to(&self->nic, self->mac, _len, _i), 0); \
			ASSERT_OK(host_gets(&self->nic, _len));		\
		}							\
		GAINED();						\
		EXPECT_EQ(self->stats.ts_passed, _count);			\
		EXPECT_EQ(self->stats.ts_drop_stack, 0);			\
		EXPECT_EQ(self->stats.ts_drop_nic, 0);			\
		EXPECT_EQ(self->stats.ts_packets + self->stats.ts_drop_no_slot,	\
			  _count);					\
	} while (0)

/* What was published is right, and the first frame after the loss says so. */
#define READ_AFTER_STALL(count, len)					\
	do {								\
		__u32 _i, _n = count, _len = len;			\
									\
		for (_i = 0; _i < _n; _i++) {				\
			NEXT();						\
			pd_fill(buf, _len, _i);				\
			memcpy(buf, self->mac, ETH_ALEN);		\
			ASSERT_OK(pd_same(&frame, buf, _len, _len));	\
			EXPECT_FALSE(frame.hdr.tp_flags & TPACKET4_LOSING); \
		}							\
		EXPECT_EQ(tpacket4_peek_all(&self->pd.ring), 0);	\
		ASSERT_EQ(send_to(&self->nic, self->mac, _len, _n), 0);	\
		NEXT();							\
		EXPECT_OK(pd_same(&frame, buf, _len, _len));		\
		EXPECT_TRUE(frame.hdr.tp_flags & TPACKET4_LOSING);	\
		ASSERT_EQ(send_to(&self->nic, self->mac, _len, _n), 0);	\
		NEXT();							\
		EXPECT_FALSE(frame.hdr.tp_flags & TPACKET4_LOSING);	\
	} while (0)

TEST_F_TIMEOUT(stack, stalled, 120)
{
	struct pollfd pfd = { .events = POLLIN };
	__u32 room;

	ASSERT_EQ(pd_nic_limits(&self->nic, &self->info), 0);
	room = ENTRIES - reserve(&self->info, ENTRIES, 1500, 2048);
	OPEN_FLAGS(PACKET_DIRECT_TEE);
	STALLED(10 * ENTRIES, LEN);
	EXPECT_EQ(self->stats.ts_packets, room);
	EXPECT_EQ(self->stats.ts_held, room);
	pfd.fd = self->pd.fd;
	EXPECT_EQ(poll(&pfd, 1, 0), 1);
	READ_AFTER_STALL(room, LEN);
}

/* The smallest ring that there can be. */
TEST_F_TIMEOUT(stack, stalled_small, 120)
{
	__u32 entries, room;

	ASSERT_EQ(pd_nic_limits(&self->nic, &self->info), 0);
	entries = most(2 * PACKET_DIRECT_MIN_RESERVE, 4 * self->info.ti_post_min);
	room = entries - reserve(&self->info, entries, 1500, 2048);
	OPEN_RING(entries, 0, 2048);
	LEASE_FLAGS(PACKET_DIRECT_TEE);
	STALLED(10 * entries, LEN);
	EXPECT_EQ(self->stats.ts_packets, room);
	READ_AFTER_STALL(room, LEN);
}

TEST_F_TIMEOUT(stack, stalled_chain, 120)
{
	__u32 room;

	ASSERT_EQ(pd_nic_limits(&self->nic, &self->info), 0);
	room = ENTRIES - reserve(&self->info, ENTRIES, 9000, 2048);
	if (pd_one_slot)
		SKIP(return, "a frame has to fit one slot");
	MTU(9000);
	OPEN_RING(ENTRIES, 0, 2048);
	RESUME();
	LEASE_FLAGS(PACKET_DIRECT_TEE);
	STALLED(4 * ENTRIES, JUMBO);
	EXPECT_EQ(self->stats.ts_packets, room / 5);
	READ_AFTER_STALL(room / 5, JUMBO);
}

TEST_F_TIMEOUT(stack, stalled_split, 120)
{
	ASSERT_EQ(pd_nic_limits(&self->nic, &self->info), 0);
	if (!self->info.ti_split_min)
		SKIP(return, "%s splits no headers", self->nic.ifname);
	OPEN_SPLIT();
	STALLED(4 * ENTRIES, 1000);
	EXPECT_EQ(self->stats.ts_packets,
		  ENTRIES - reserve(&self->info, ENTRIES, 1500, 4096));
}

/* A larger MTU lets the kernel keep more, as long as the ring has it. */
TEST_F_TIMEOUT(stack, stalled_mtu, 120)
{
	__u32 entries, want, i;

	ASSERT_EQ(pd_nic_limits(&self->nic, &self->info), 0);
	entries = most(2 * PACKET_DIRECT_MIN_RESERVE, 4 * self->info.ti_post_min);
	want = reserve(&self->info, entries, 9000, 2048);
	OPEN_RING(entries, 0, 2048);
	LEASE_FLAGS(PACKET_DIRECT_TEE);
	if (pd_one_slot)
		SKIP(return, "a frame has to fit one slot");
	MTU(9000);
	RESUME();
	pd_nic_witnessed(&self->nic, QUIET_MS);
	pd_drain(&self->pd);
	GAINED();
	for (i = 0; i < 2 * entries; i++) {
		ASSERT_EQ(send_to(&self->nic, self->mac, LEN, i), 0);
		ASSERT_OK(host_gets(&self->nic, LEN));
	}
	GAINED();
	EXPECT_EQ(self->stats.ts_held,
		  entries - (want < entries / 2 ? want : entries / 2));
	ASSERT_EQ(send_to(&self->nic, self->mac, JUMBO, 0), 0);
	EXPECT_OK(host_gets(&self->nic, JUMBO));
}

TEST_F(stack, refused)
{
	struct tpacket_req4 req;
	__u32 entries;

	ASSERT_EQ(pd_nic_limits(&self->nic, &self->info), 0);
	entries = most(TPACKET4_MIN_ENTRIES, 2 * self->info.ti_post_min);
	if (pd_one_slot)
		SKIP(return, "a frame has to fit one slot");
	MTU(9000);
	OPEN_RING(entries, 0, 2048);
	EXPECT_OK(pd_refused(self->pd.fd,
			     pd_lease_flags(self->pd.fd, self->nic.queue,
					    PACKET_DIRECT_TEE),
			     PACKET_DIRECT_STACK_TOO_FEW));
	EXPECT_OK(pd_refused(self->pd.fd,
			     pd_lease_flags(self->pd.fd, self->nic.queue,
					    PACKET_DIRECT_PASS),
			     PACKET_DIRECT_STACK_TOO_FEW));
	EXPECT_OK(pd_refused(self->pd.fd,
			     pd_lease_flags(self->pd.fd, 0,
					    PACKET_DIRECT_RELEASE |
					    PACKET_DIRECT_TEE),
			     PACKET_DIRECT_BAD_FLAGS));
	EXPECT_EQ(pd_lease(self->pd.fd, self->nic.queue), 0);
	pd_close(&self->pd);

	pd_req(&req, ENTRIES, 0, 1024);
	req.tp_slot_len = 512;
	req.tp_payload_size = 4096;
	req.tp_flags = TPACKET4_PAYLOAD_EXTERNAL;
	OPEN_REQ(&req);
	EXPECT_OK(pd_refused(self->pd.fd,
			     pd_lease_flags(self->pd.fd, self->nic.queue,
					    PACKET_DIRECT_DMABUF |
					    PACKET_DIRECT_TEE),
			     PACKET_DIRECT_STACK_DMABUF));
}

/* Who holds all slots of the ring leaves none for the host. */
TEST_F(stack, refused_while_held)
{
	OPEN_RING(ENTRIES, 0, 2048);
	ASSERT_EQ(pd_nic_resume(&self->nic, &self->pd), 0);
	SEND(ENTRIES, 0);
	WAIT(ENTRIES);
	EXPECT_OK(pd_refused(self->pd.fd,
			     pd_lease_flags(self->pd.fd, self->nic.queue,
					    PACKET_DIRECT_TEE),
			     PACKET_DIRECT_STACK_HELD));
	/* by copy goes on, with all of the ring */
	TAKE(ENTRIES, 0);
	SEND(ENTRIES, 7);
	WAIT(ENTRIES);
	TAKE(ENTRIES, 7);
	LEASE_FLAGS(PACKET_DIRECT_TEE);
	SENT_TO(self->mac, true);
}

/* The next lease of the ring is as it says. */
TEST_F(stack, lease_without)
{
	OPEN_FLAGS(PACKET_DIRECT_TEE | PACKET_DIRECT_PASS);
	SENT_TO(self->mac, true);
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	pd_nic_resume(&self->nic, &self->pd);
	LEASE_FLAGS(0);
	SENT_TO(self->mac, false);
	SEND(ENTRIES - 8, 0);
	TAKE(ENTRIES - 8, 0);
}

/* A process that sends frames for this host until it is killed. */
static pid_t send_for_ever(const struct pd_nic *nic, const __u8 *mac)
{
	pid_t pid = fork();
	__u32 seq;

	if (pid)
		return pid;
	for (seq = 0; ; seq++) {
		send_to(nic, mac, LEN, seq);
		if (!(seq % 16))
			usleep(1000);
	}
}

/* Restarts of the queue, which has frames then, and a reader that does not read. */
TEST_F_TIMEOUT(stack, restarted, 120)
{
	pid_t sender;
	int i;

	OPEN_FLAGS(PACKET_DIRECT_TEE);
	sender = send_for_ever(&self->nic, self->mac);
	ASSERT_GT(sender, 0);
	for (i = 0; i < 6; i++) {
		EXPECT_EQ(pd_if_mtu(self->nic.ifname, 1500 - i), 0);
		pd_nic_steer(&self->nic, self->nic.queue);
		usleep(200000);
		if (i == 3)
			EXPECT_EQ(pd_if_up(self->nic.ifname, false), 0);
		if (i == 4)
			EXPECT_EQ(pd_link_up(self->nic.ifname, NULL), 0);
		STATS();
	}
	kill(sender, SIGKILL);
	waitpid(sender, NULL, 0);
	pd_nic_steer(&self->nic, self->nic.queue);
	pd_drain(&self->pd);
	pd_nic_witnessed(&self->nic, QUIET_MS);
	ASSERT_EQ(send_to(&self->nic, self->mac, LEN, 1), 0);
	EXPECT_OK(host_gets(&self->nic, LEN));
	GAINED();
	EXPECT_EQ(self->stats.ts_drop_stack, 0);
}

/* Soon after kill -9 under traffic the stack has the queue, and all frames. */
TEST_F_TIMEOUT(stack, killed, 60)
{
	pid_t sender, victim;
	int i, pipefd[2];
	char c;

	sender = send_for_ever(&self->nic, self->mac);
	ASSERT_GT(sender, 0);
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(pipe(pipefd), 0);
		victim = fork();
		ASSERT_GE(victim, 0);
		if (!victim) {
			OPEN_RING(ENTRIES, 0, 2048);
			if (pd_lease_flags(self->pd.fd, self->nic.queue,
					   PACKET_DIRECT_TEE |
					   PACKET_DIRECT_PASS) ||
			    write(pipefd[1], "x", 1) != 1)
				_exit(1);
			for (;;)
				pause();
		}
		ASSERT_EQ(read(pipefd[0], &c, 1), 1);
		usleep(100000);
		kill(victim, SIGKILL);
		EXPECT_EQ(pd_wait_reason(self->nic.ifname, self->nic.queue,
					 PACKET_DIRECT_OK, WAIT_MS),
			  PACKET_DIRECT_OK);
		waitpid(victim, NULL, 0);
		close(pipefd[0]);
		close(pipefd[1]);
	}
	kill(sender, SIGKILL);
	waitpid(sender, NULL, 0);
	pd_nic_steer(&self->nic, self->nic.queue);
	pd_nic_witnessed(&self->nic, QUIET_MS);
	ASSERT_EQ(send_to(&self->nic, self->mac, LEN, 1), 0);
	EXPECT_OK(host_gets(&self->nic, LEN));
}

static int stamps(const char *ifname, int filter)
{
	struct hwtstamp_config config = { .rx_filter = filter };
	struct ifreq ifr = { .ifr_data = (void *)&config };

	return pd_if_ioctl(ifname, SIOCSHWTSTAMP, &ifr);
}

/* Whether the next frame that the host gets has a stamp of the NIC. */
static bool host_gets_stamp(const struct pd_nic *nic)
{
	struct pollfd pfd = { .fd = nic->witness, .events = POLLIN };
	static __u8 got[PD_FRAME_MAX];
	struct iovec iov = { got, sizeof(got) };
	char control[256];
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct timespec *ts;
	struct cmsghdr *c;

	if (poll(&pfd, 1, WAIT_MS) != 1 || recvmsg(nic->witness, &msg, 0) != LEN)
		return false;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		ts = (struct timespec *)CMSG_DATA(c);
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SO_TIMESTAMPING &&
		    (ts[2].tv_sec || ts[2].tv_nsec))
			return true;
	}

	return false;
}

/* The host has the NIC's stamps that it asked for, if the socket did not. */
TEST_F(stack, stamps)
{
	int want = SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE;

	ASSERT_EQ(pd_nic_limits(&self->nic, &self->info), 0);
	if (!(self->info.ti_tstamp & TPACKET4_TSTAMP_HW) ||
	    self->info.ti_flags & TPACKET4_INFO_TSTAMP_PTP)
		SKIP(return, "%s does not stamp all frames", self->nic.ifname);
	ASSERT_EQ(setsockopt(self->nic.witness, SOL_SOCKET, SO_TIMESTAMPING,
			     &want, sizeof(want)), 0);
	OPEN_FLAGS(PACKET_DIRECT_TEE);
	ASSERT_EQ(stamps(self->nic.ifname, HWTSTAMP_FILTER_ALL), 0);
	ASSERT_EQ(send_to(&self->nic, self->mac, LEN, 1), 0);
	NEXT();
	EXPECT_OK(pd_same(&frame, buf, LEN, LEN));
	EXPECT_TRUE(frame.hdr.tp_flags & TPACKET4_TSTAMP_SW);
	EXPECT_TRUE(host_gets_stamp(&self->nic));

	ASSERT_EQ(pd_set_int(self->pd.fd, PACKET_TIMESTAMP,
			     SOF_TIMESTAMPING_RAW_HARDWARE), 0);
	ASSERT_EQ(send_to(&self->nic, self->mac, LEN, 2), 0);
	NEXT();
	EXPECT_TRUE(frame.hdr.tp_flags & TPACKET4_TSTAMP_HW);
	EXPECT_TRUE(host_gets_stamp(&self->nic));
	EXPECT_EQ(stamps(self->nic.ifname, HWTSTAMP_FILTER_NONE), 0);
}

TEST_HARNESS_MAIN
