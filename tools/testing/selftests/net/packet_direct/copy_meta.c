// SPDX-License-Identifier: GPL-2.0
/*
 * What copy mode tells of a frame: VLAN tags, addresses, protocol and time; on raw and on
 * cooked sockets.
 */
#include <arpa/inet.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <time.h>

#include "lib/copy.h"

/* The frame is as it was sent, and no tag is beside it. */
#define EXPECT_SAME(bytes)						\
	do {								\
		__u32 _len = bytes;					\
									\
		EXPECT_OK(pd_same(&frame, buf, _len, _len));		\
		EXPECT_FALSE(frame.hdr.tp_flags & TPACKET4_VLAN);	\
		EXPECT_EQ(frame.hdr.tp_vlan_tci, 0);			\
	} while (0)

/* The stack takes the tag out, and the ring has it where it was on the wire.  The
 * protocol is that behind the tag, as on any packet socket.
 */
TEST_F(copy, vlan)
{
	static const __u8 tags[][4] = {
		{ 0x81, 0x00, 0x00, 0x07 }, { 0x81, 0x00, 0xe0, 0x00 },
		{ 0x88, 0xa8, 0x2f, 0xff },
	};
	__u32 i, len;

	OPEN(64, 2048);
	for (i = 0; i < ARRAY_SIZE(tags); i++) {
		pd_fill(buf, 200, i);
		len = pd_tag(buf, 200, tags[i], 4);
		ASSERT_EQ(pd_send_bytes(self->tx, buf, len), 0);
		NEXT();
		EXPECT_SAME(len);
		EXPECT_EQ(frame.hdr.tp_protocol, htons(PD_ETHERTYPE));
	}
}

TEST_F(copy, vlan_in_vlan)
{
	static const __u8 tags[8] = {
		0x88, 0xa8, 0x00, 0x02, 0x81, 0x00, 0x00, 0x03,
	};
	__u32 len;

	OPEN(64, 2048);
	pd_fill(buf, 1000, 1);
	len = pd_tag(buf, 1000, tags, 8);
	ASSERT_EQ(pd_send_bytes(self->tx, buf, len), 0);
	NEXT();
	EXPECT_SAME(len);
	EXPECT_EQ(frame.hdr.tp_protocol, htons(ETH_P_8021Q));
}

TEST_F(copy, vlan_chain_and_snaplen)
{
	static const __u8 tag[4] = { 0x81, 0x00, 0x00, 0x64 };
	__u32 len, snap, keep;

	MTU(9000);
	OPEN(64, 1024);
	pd_fill(buf, 5000, 1);
	len = pd_tag(buf, 5000, tag, 4);
	ASSERT_EQ(pd_send_bytes(self->tx, buf, len), 0);
	NEXT();
	EXPECT_EQ(frame.entries, 5);
	EXPECT_SAME(len);

	/* The filter's result does not count the tag, which is beside the frame. */
	for (snap = 10; snap < 20; snap++) {
		keep = snap > 2 * ETH_ALEN ? snap + 4 : snap;
		ASSERT_EQ(pd_filter_ret(self->pd.fd, snap), 0);
		ASSERT_EQ(pd_send_bytes(self->tx, buf, len), 0);
		NEXT();
		EXPECT_OK(pd_same(&frame, buf, keep, len));
		EXPECT_TRUE(frame.hdr.tp_flags & TPACKET4_TRUNCATED);
	}
	for (snap = len - 5; snap < len - 2; snap++) {
		keep = snap + 4 < len ? snap + 4 : len;
		ASSERT_EQ(pd_filter_ret(self->pd.fd, snap), 0);
		ASSERT_EQ(pd_send_bytes(self->tx, buf, len), 0);
		NEXT();
		EXPECT_OK(pd_same(&frame, buf, keep, len));
		EXPECT_EQ(!!(frame.hdr.tp_flags & TPACKET4_TRUNCATED),
			  keep < len);
	}
}

/* A filter sees of a tagged frame what it sees on any packet socket. */
TEST_F(copy, vlan_filter_sees_what_others_see)
{
	static const __u8 tag[4] = PD_TAG;
	__u32 len, i;

	OPEN(64, 2048);
	for (i = 0; i < pd_seen_nr; i++) {
		ASSERT_EQ(pd_filter_seen(self->pd.fd, &pd_seen[i], 200), 0);
		pd_fill(buf, 200, i);
		len = pd_tag(buf, 200, tag, 4);
		ASSERT_EQ(pd_send_bytes(self->tx, buf, len), 0);
		NEXT() TH_LOG("%s", pd_seen[i].what);
		EXPECT_SAME(len);
	}
}

/* On the way out the stack has the tag beside the frame. */
TEST_F(copy, vlan_outgoing)
{
	static const __u8 tag[4] = { 0x81, 0x00, 0x00, 0x07 };
	__u32 len;
	int tx;

	ASSERT_EQ(pd_run("ip link add link pd0 name pd0.7 type vlan id 7"), 0);
	ASSERT_EQ(pd_if_up("pd0.7", true), 0);
	OPEN_ON("pd0", 64, 2048);
	tx = pd_tx_open("pd0.7");
	ASSERT_GE(tx, 0);
	ASSERT_EQ(pd_send(tx, 300, 5), 0);
	NEXT();
	EXPECT_EQ(frame.hdr.tp_pkttype, PACKET_OUTGOING);
	pd_fill(buf, 300, 5);
	len = pd_tag(buf, 300, tag, 4);
	EXPECT_SAME(len);
	EXPECT_EQ(frame.hdr.tp_protocol, htons(PD_ETHERTYPE));
	close(tx);
}

/* On a VLAN device frames have no tag. */
TEST_F(copy, vlan_device)
{
	static const __u8 tag[4] = { 0x81, 0x00, 0x00, 0x07 };
	__u32 len;

	ASSERT_EQ(pd_run("ip link add link pd1 name pd1.7 type vlan id 7"), 0);
	ASSERT_EQ(pd_if_up("pd1.7", true), 0);
	OPEN_ON("pd1.7", 64, 2048);
	pd_fill(buf, 300, 5);
	len = pd_tag(buf, 300, tag, 4);
	ASSERT_EQ(pd_send_bytes(self->tx, buf, len), 0);
	NEXT();
	pd_fill(buf, 300, 5);
	EXPECT_SAME(300);
}

static bool get_sll(struct pd_sock *pd, __u32 at, struct sockaddr_ll *sll)
{
	const struct tpacket4_hdr *hdr = tpacket4_entry(&pd->ring, at);

	if (!(hdr->tp_flags & TPACKET4_SLL))
		return false;
	if (hdr->tp_data_meta + sizeof(*sll) > hdr->tp_data)
		return false;
	memcpy(sll, tpacket4_slot(&pd->ring, hdr->tp_slot) + hdr->tp_data_meta,
	       sizeof(*sll));

	return true;
}

#define EXPECT_SLL(name, type)						\
	do {								\
		const struct tpacket4_hdr *_hdr;			\
		struct sockaddr_ll _sll;				\
									\
		WAIT(1);						\
		_hdr = tpacket4_entry(&self->pd.ring, 0);		\
		ASSERT_TRUE(get_sll(&self->pd, 0, &_sll));		\
		EXPECT_EQ(_sll.sll_family, AF_PACKET);			\
		EXPECT_EQ(_sll.sll_ifindex, (int)if_nametoindex(name));	\
		EXPECT_EQ(_sll.sll_pkttype, type);			\
		EXPECT_EQ(_sll.sll_protocol, htons(PD_ETHERTYPE));	\
		EXPECT_EQ(_sll.sll_hatype, 1);				\
		EXPECT_EQ(_sll.sll_halen, ETH_ALEN);			\
		EXPECT_EQ(_sll.sll_addr[0], 0x02);			\
		EXPECT_TRUE(_hdr->tp_flags & TPACKET4_PKTTYPE);		\
		EXPECT_EQ(_hdr->tp_pkttype, type);			\
		EXPECT_TRUE(_hdr->tp_flags & TPACKET4_PROTOCOL);	\
		EXPECT_EQ(_hdr->tp_protocol, htons(PD_ETHERTYPE));	\
		pd_drain(&self->pd);					\
	} while (0)

static int send_to_mac(int fd, const __u8 *mac)
{
	pd_fill(buf, 100, 0);
	memcpy(buf, mac, ETH_ALEN);

	return pd_send_bytes(fd, buf, 100);
}

TEST_F(copy, sockaddr_ll)
{
	static const __u8 other[ETH_ALEN] = { 0x02, 9, 9, 9, 9, 9 };
	static const __u8 multi[ETH_ALEN] = { 0x01, 0, 0x5e, 0, 0, 9 };
	__u8 mac[ETH_ALEN];

	OPEN(64, 2048);
	ASSERT_EQ(pd_send(self->tx, 100, 0), 0);
	EXPECT_SLL("pd1", PACKET_BROADCAST);
	ASSERT_EQ(pd_if_mac("pd1", mac), 0);
	ASSERT_EQ(send_to_mac(self->tx, mac), 0);
	EXPECT_SLL("pd1", PACKET_HOST);
	ASSERT_EQ(send_to_mac(self->tx, multi), 0);
	EXPECT_SLL("pd1", PACKET_MULTICAST);
	ASSERT_EQ(send_to_mac(self->tx, other), 0);
	EXPECT_SLL("pd1", PACKET_OTHERHOST);
}

TEST_F(copy, sockaddr_ll_outgoing)
{
	OPEN_ON("pd0", 64, 2048);
	ASSERT_EQ(pd_send(self->tx, 100, 0), 0);
	EXPECT_SLL("pd0", PACKET_OUTGOING);
}

TEST_F(copy, ignore_outgoing)
{
	int back = pd_tx_open("pd1");

	ASSERT_GE(back, 0);
	OPEN(64, 2048);
	ASSERT_EQ(pd_set_int(self->pd.fd, PACKET_IGNORE_OUTGOING, 1), 0);
	ASSERT_EQ(pd_send(back, 100, 0), 0);
	NONE();
	ASSERT_EQ(pd_send(self->tx, 100, 1), 0);
	NEXT();
	EXPECT_OK(pd_check(&frame, 100, 1));

	ASSERT_EQ(pd_set_int(self->pd.fd, PACKET_IGNORE_OUTGOING, 0), 0);
	ASSERT_EQ(pd_send(back, 100, 2), 0);
	NEXT();
	EXPECT_OK(pd_check(&frame, 100, 2));
	close(back);
}

/* Without a device: frames of all devices of the namespace, told apart by address. */
TEST_F(copy, any_device)
{
	OPEN_ON(NULL, 64, 2048);
	ASSERT_EQ(pd_send(self->tx, 100, 3), 0);
	WAIT(2);
	ASSERT_EQ(pd_next(&self->pd, &frame, WAIT_MS), 1);
	EXPECT_EQ(frame.hdr.tp_pkttype, PACKET_OUTGOING);
	EXPECT_SLL("pd1", PACKET_BROADCAST);
}

TEST_F(copy, dgram)
{
	struct sockaddr_ll sll;
	struct tpacket_req4 req;

	self->pd.fd = pd_socket(SOCK_DGRAM);
	ASSERT_GE(self->pd.fd, 0);
	pd_req(&req, 64, 0, 2048);
	ASSERT_EQ(pd_set_ring(self->pd.fd, &req), 0);
	ASSERT_EQ(tpacket4_map(&self->pd.ring, self->pd.fd), 0);
	ASSERT_EQ(pd_bind(self->pd.fd, if_nametoindex("pd1"), ETH_P_ALL), 0);

	ASSERT_EQ(pd_send(self->tx, 400, 6), 0);
	WAIT(1);
	ASSERT_TRUE(get_sll(&self->pd, 0, &sll));
	EXPECT_EQ(sll.sll_protocol, htons(PD_ETHERTYPE));
	EXPECT_EQ(sll.sll_addr[0], 0x02);
	NEXT();
	pd_fill(buf, 400, 6);
	EXPECT_OK(pd_same(&frame, buf + ETH_HLEN, 400 - ETH_HLEN,
			  400 - ETH_HLEN));
}

/* What a plain socket is told of the tag beside a frame, which goes to buf. */
static int auxdata(int fd, struct tpacket_auxdata *aux)
{
	char control[CMSG_SPACE(sizeof(*aux))];
	struct iovec iov = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	ssize_t len;

	len = recvmsg(fd, &msg, MSG_DONTWAIT);
	cmsg = CMSG_FIRSTHDR(&msg);
	if (len < 0 || !cmsg)
		return -errno;
	memcpy(aux, CMSG_DATA(cmsg), sizeof(*aux));

	return len;
}

/* Frames go out on pd0 with their tags in them, because the device does not insert tags.
 */
FIXTURE(dgram_out) {
	struct pd_sock pd;
	int plain;
	int tx;
};

FIXTURE_VARIANT(dgram_out) {
	const char *device;
	__u16 tci;
	__u16 tpid;
};

FIXTURE_VARIANT_ADD(dgram_out, one_tag) { "pd0.7", 7, ETH_P_8021Q };
FIXTURE_VARIANT_ADD(dgram_out, id_0) { "pd0.0", 0, ETH_P_8021Q };
FIXTURE_VARIANT_ADD(dgram_out, two_tags) { "pd0.5.7", 5, ETH_P_8021AD };

FIXTURE_SETUP(dgram_out)
{
	static const char *const devices[] = { "pd0.7", "pd0.0", "pd0.5", "pd0.5.7" };
	struct tpacket_req4 req;
	__u32 i;

	self->pd.fd = -1;
	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	ASSERT_EQ(pd_netns(), 0);
	ASSERT_EQ(pd_veth("pd0", "pd1"), 0);
	ASSERT_EQ(pd_run("ethtool -K pd0 tx-vlan-hw-insert off"), 0);
	ASSERT_EQ(pd_run("ethtool -K pd0 tx-vlan-stag-hw-insert off"), 0);
	ASSERT_EQ(pd_run("ip link add link pd0 name pd0.7 type vlan id 7"), 0);
	ASSERT_EQ(pd_run("ip link add link pd0 name pd0.0 type vlan id 0"), 0);
	ASSERT_EQ(pd_run("ip link add link pd0 name pd0.5 type vlan id 5 proto 802.1ad"), 0);
	ASSERT_EQ(pd_run("ethtool -K pd0.5 tx-vlan-hw-insert off"), 0);
	ASSERT_EQ(pd_run("ip link add link pd0.5 name pd0.5.7 type vlan id 7"), 0);
	for (i = 0; i < ARRAY_SIZE(devices); i++)
		ASSERT_EQ(pd_if_up(devices[i], true), 0);

	self->tx = pd_tx_open(variant->device);
	ASSERT_GE(self->tx, 0);
	self->plain = pd_socket(SOCK_DGRAM);
	ASSERT_GE(self->plain, 0);
	ASSERT_EQ(pd_set_int(self->plain, PACKET_AUXDATA, 1), 0);
	ASSERT_EQ(pd_bind(self->plain, if_nametoindex("pd0"), ETH_P_ALL), 0);
	self->pd.fd = pd_socket(SOCK_DGRAM);
	ASSERT_GE(self->pd.fd, 0);
	pd_req(&req, 64, 0, 2048);
	ASSERT_EQ(pd_set_ring(self->pd.fd, &req), 0);
	ASSERT_EQ(tpacket4_map(&self->pd.ring, self->pd.fd), 0);
	ASSERT_EQ(pd_bind(self->pd.fd, if_nametoindex("pd0"), ETH_P_ALL), 0);
}

FIXTURE_TEARDOWN(dgram_out)
{
	pd_close(&self->pd);
	close(self->plain);
	close(self->tx);
}

/* The ring tells of the tag what any packet socket tells. */
TEST_F(dgram_out, vlan_without_offload)
{
	struct tpacket_auxdata aux = {};
	struct sockaddr_ll sll;
	int len;

	ASSERT_EQ(pd_send(self->tx, 400, 6), 0);
	WAIT(1);
	ASSERT_TRUE(get_sll(&self->pd, 0, &sll));
	NEXT();
	len = auxdata(self->plain, &aux);
	ASSERT_GT(len, 0);
	EXPECT_EQ(aux.tp_status & TP_STATUS_VLAN_VALID, TP_STATUS_VLAN_VALID);
	EXPECT_EQ(aux.tp_vlan_tci, variant->tci);
	EXPECT_EQ(aux.tp_vlan_tpid, variant->tpid);

	EXPECT_TRUE(frame.hdr.tp_flags & TPACKET4_VLAN);
	EXPECT_EQ(frame.hdr.tp_vlan_tci, variant->tci);
	EXPECT_EQ(frame.hdr.tp_vlan_tpid, variant->tpid);
	EXPECT_EQ(sll.sll_protocol, htons(PD_ETHERTYPE));
	ASSERT_EQ(frame.len, len);
	EXPECT_EQ(memcmp(frame.data, buf, len), 0);
}

/* A socket that is bound to one protocol gets only its frames. */
TEST_F(copy, one_protocol)
{
	OPEN(64, 2048);
	ASSERT_EQ(pd_bind(self->pd.fd, self->pd.ifindex, ETH_P_IP), 0);
	ASSERT_EQ(pd_send(self->tx, 100, 0), 0);
	NONE();
	pd_fill(buf, 100, 1);
	buf[12] = 0x08;
	buf[13] = 0x00;
	pd_fill_ip(buf + ETH_HLEN, 100 - ETH_HLEN, IPPROTO_UDP);
	ASSERT_EQ(pd_send_bytes(self->tx, buf, 100), 0);
	NEXT();
	EXPECT_SAME(100);
}

/* Stamps are between the begin and the end of the test, in order. */
TEST_F(copy, timestamps)
{
	__u64 start = pd_now(CLOCK_REALTIME), last = start;
	__u32 i;

	OPEN(64, 2048);
	for (i = 0; i < 500; i++) {
		ASSERT_EQ(pd_send(self->tx, 100, i), 0);
		NEXT();
		ASSERT_EQ(frame.hdr.tp_flags &
			  (TPACKET4_TSTAMP_SW | TPACKET4_TSTAMP_HW),
			  TPACKET4_TSTAMP_SW);
		ASSERT_GE(frame.hdr.tp_tstamp, last);
		last = frame.hdr.tp_tstamp;
	}
	EXPECT_GT(last, start);
	EXPECT_LE(last, pd_now(CLOCK_REALTIME));
}

/* A frame that asks to be sent at @ns, which veth does not wait for. */
static int send_at(int fd, __u32 len, __u32 seq, __u64 ns)
{
	char control[CMSG_SPACE(sizeof(ns))] = {};
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_TXTIME;
	cmsg->cmsg_len = CMSG_LEN(sizeof(ns));
	memcpy(CMSG_DATA(cmsg), &ns, sizeof(ns));
	pd_fill(buf, len, seq);

	return sendmsg(fd, &msg, 0) == (ssize_t)len ? 0 : -errno;
}

/* A stamp in the future does not change the stamps of later frames. */
TEST_F(copy, timestamp_of_the_future)
{
	const __u64 hour = 3600 * 1000000000ULL;
	struct sock_txtime txtime = { .clockid = CLOCK_REALTIME };
	__u64 start = pd_now(CLOCK_REALTIME);
	int i;

	OPEN(64, 2048);
	ASSERT_EQ(setsockopt(self->tx, SOL_SOCKET, SO_TXTIME, &txtime,
			     sizeof(txtime)), 0);
	ASSERT_EQ(send_at(self->tx, 100, 0, start + hour), 0);
	NEXT();
	EXPECT_EQ(frame.hdr.tp_tstamp, start + hour);
	for (i = 1; i < 5; i++) {
		ASSERT_EQ(pd_send(self->tx, 100, i), 0);
		NEXT();
		EXPECT_GE(frame.hdr.tp_tstamp, start);
		EXPECT_LE(frame.hdr.tp_tstamp, pd_now(CLOCK_REALTIME));
	}
}

/* Stamps follow the clock, also when it is set back. */
TEST_F(copy, timestamps_follow_the_clock)
{
	__u64 now = pd_now(CLOCK_REALTIME), mono = pd_now(CLOCK_MONOTONIC);
	__u64 back = now - 3600 * 1000000000ULL;
	int i;

	OPEN(64, 2048);
	ASSERT_EQ(pd_send(self->tx, 100, 0), 0);
	NEXT();
	EXPECT_GE(frame.hdr.tp_tstamp, now);
	if (pd_set_clock(back))
		SKIP(return, "clock_settime: %s", strerror(errno));
	for (i = 1; i < 3; i++) {
		__u64 least = pd_now(CLOCK_REALTIME);

		EXPECT_EQ(pd_send(self->tx, 100, i), 0);
		EXPECT_EQ(pd_next(&self->pd, &frame, WAIT_MS), 1);
		EXPECT_GE(frame.hdr.tp_tstamp, least);
		EXPECT_LE(frame.hdr.tp_tstamp, pd_now(CLOCK_REALTIME));
	}
	pd_set_clock(now + pd_now(CLOCK_MONOTONIC) - mono);
}

TEST_HARNESS_MAIN
