// SPDX-License-Identifier: GPL-2.0
/*
 * What copy mode puts into a TPACKET_V4 ring: chained and truncated frames,
 * segments, VLAN tags, addresses, time, filters, cooked sockets.  Frames are
 * sent on pd0 and received on pd1, which is its veth peer.
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <time.h>
#include <unistd.h>

#include "lib/test.h"

static struct pd_frame frame;
static __u8 buf[PD_FRAME_MAX];

FIXTURE(copy) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	int tx;
};

FIXTURE_SETUP(copy)
{
	self->pd.fd = -1;
	self->tx = -1;

	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	ASSERT_EQ(pd_netns(), 0);
	ASSERT_EQ(pd_veth("pd0", "pd1"), 0);
	self->tx = pd_tx_open("pd0");
	ASSERT_GE(self->tx, 0);
}

FIXTURE_TEARDOWN(copy)
{
	pd_close(&self->pd);
	if (self->tx >= 0)
		close(self->tx);
}

#define OPEN_ON(ifname, entries, size)					\
	do {								\
		struct tpacket_req4 _req;				\
									\
		pd_req(&_req, entries, 0, size);			\
		ASSERT_EQ(pd_open(&self->pd, ifname, &_req), 0);	\
	} while (0)

#define OPEN(entries, size)	OPEN_ON("pd1", entries, size)

#define MTU(mtu)							\
	do {								\
		int _mtu = mtu;						\
									\
		ASSERT_EQ(pd_if_mtu("pd0", _mtu), 0);			\
		ASSERT_EQ(pd_if_mtu("pd1", _mtu), 0);			\
	} while (0)

/* Where frames begin in their first slot: the headroom and some padding. */
#define LEARN_OFF()							\
	({								\
		ASSERT_EQ(pd_send(self->tx, 60, 0), 0);			\
		NEXT();							\
		ASSERT_GE(frame.hdr.tp_data,				\
			  self->pd.ring.layout.tl_headroom);		\
		ASSERT_LT(frame.hdr.tp_data,				\
			  2 * self->pd.ring.layout.tl_headroom);	\
		frame.hdr.tp_data;					\
	})

#define NEXT()	ASSERT_GT(pd_next(&self->pd, &frame, WAIT_MS), 0)
#define NONE()	EXPECT_EQ(pd_wait(&self->pd, 1, 100), 0)

/* Every entry is in use, and those behind the first have no flags of the frame. */
static const char *check_chain(struct tpacket4_ring *ring, __u32 avail)
{
	const struct tpacket4_hdr *hdr;
	__u32 i;

	for (i = 0; i < avail; i++) {
		hdr = tpacket4_entry(ring, i);
		if (hdr->tp_data_end <= hdr->tp_data)
			return "an entry without a byte";
		if (hdr->tp_data_end > ring->layout.tl_slot_len)
			return "an entry beyond its slot";
		if (hdr->tp_flags & TPACKET4_FIRST)
			continue;
		if (hdr->tp_flags & ~TPACKET4_LAST)
			return "flags of the frame in a later entry";
	}

	return NULL;
}

TEST_F(copy, sizes_in_one_slot)
{
	__u32 len;

	OPEN(64, 2048);
	for (len = PD_FRAME_MIN; len <= 1514; len += 50) {
		ASSERT_EQ(pd_send(self->tx, len, len), 0);
		ASSERT_EQ(pd_next(&self->pd, &frame, WAIT_MS), 1);
		ASSERT_OK(pd_check(&frame, len, len));
	}
}

TEST_F(copy, sizes_around_the_slot)
{
	__u32 len, off, room;

	MTU(9000);
	OPEN(64, 1024);
	off = LEARN_OFF();
	room = 1024 - off;
	for (len = room - 3; len <= room + 3; len++) {
		ASSERT_EQ(pd_send(self->tx, len, len), 0);
		NEXT();
		EXPECT_EQ(frame.entries, len > room ? 2 : 1);
		ASSERT_OK(pd_check(&frame, len, len));
	}
	for (len = room + 1021; len <= room + 1027; len++) {
		ASSERT_EQ(pd_send(self->tx, len, len), 0);
		NEXT();
		EXPECT_EQ(frame.entries, len > room + 1024 ? 3 : 2);
		ASSERT_OK(pd_check(&frame, len, len));
	}
}

/* tp_slot_len bounds what is used of a slot. */
TEST_F(copy, slot_len)
{
	struct tpacket_req4 req;

	MTU(9000);
	pd_req(&req, 64, 0, 4096);
	req.tp_slot_len = 1088;
	ASSERT_EQ(pd_open(&self->pd, "pd1", &req), 0);
	EXPECT_EQ(self->pd.ring.layout.tl_slot_len, 1088);
	EXPECT_EQ(self->pd.ring.layout.tl_slot_shift, 12);
	ASSERT_EQ(pd_send(self->tx, 2300, 3), 0);
	WAIT(3);
	EXPECT_OK(check_chain(&self->pd.ring, 3));
	NEXT();
	EXPECT_OK(pd_check(&frame, 2300, 3));
}

TEST_F(copy, jumbo_chain)
{
	__u32 i;

	MTU(9000);
	OPEN(64, 2048);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(pd_send(self->tx, 9014, i), 0);
		WAIT(5);
		ASSERT_OK(check_chain(&self->pd.ring, 5));
		NEXT();
		ASSERT_EQ(frame.entries, 5);
		ASSERT_OK(pd_check(&frame, 9014, i));
	}
	STATS();
	EXPECT_EQ(self->stats.ts_packets, 100);
	EXPECT_EQ(self->stats.ts_bytes, 100 * 9014);
}

/* A frame that does not fit as a whole is dropped as a whole. */
TEST_F(copy, chain_needs_all_its_slots)
{
	MTU(9000);
	OPEN(8, 2048);
	ASSERT_EQ(pd_send(self->tx, 9014, 0), 0);
	WAIT(5);
	ASSERT_EQ(pd_send(self->tx, 9014, 1), 0);
	ASSERT_EQ(pd_wait_drops(&self->pd, 1, WAIT_MS), 1);
	STATS();
	EXPECT_EQ(self->stats.ts_free, 3);
	EXPECT_EQ(tpacket4_peek_all(&self->pd.ring), 5);

	/* A short one still fits. */
	ASSERT_EQ(pd_send(self->tx, 100, 2), 0);
	WAIT(6);
	NEXT();
	EXPECT_OK(pd_check(&frame, 9014, 0));
	NEXT();
	EXPECT_OK(pd_check(&frame, 100, 2));
	ASSERT_EQ(pd_send(self->tx, 9014, 3), 0);
	NEXT();
	EXPECT_OK(pd_check(&frame, 9014, 3));
}

/* Room for frames that no other device carries. */
#define OPEN_LO(entries)						\
	do {								\
		ASSERT_EQ(pd_if_up("lo", true), 0);			\
		ASSERT_EQ(pd_if_mtu("lo", 600000), 0);			\
		close(self->tx);					\
		self->tx = pd_tx_open("lo");				\
		ASSERT_GE(self->tx, 0);					\
		OPEN_ON("lo", entries, 1024);				\
		ASSERT_EQ(pd_set_int(self->pd.fd,			\
				     PACKET_IGNORE_OUTGOING, 1), 0);	\
	} while (0)

/* A chain of @most entries is whole, and a longer frame is cut to that. */
#define EXPECT_LONGEST(most)						\
	do {								\
		__u32 _most = most, _off = LEARN_OFF(), _len;		\
									\
		ASSERT_EQ(self->pd.ring.layout.tl_chain_max, _most);	\
		_len = _most * 1024 - _off;				\
		ASSERT_EQ(pd_send(self->tx, _len, 1), 0);		\
		NEXT();							\
		EXPECT_EQ(frame.entries, (int)_most);			\
		EXPECT_FALSE(frame.hdr.tp_flags & TPACKET4_TRUNCATED);	\
		EXPECT_OK(pd_check(&frame, _len, 1));			\
		ASSERT_EQ(pd_send(self->tx, _len + 1, 2), 0);		\
		NEXT();							\
		EXPECT_EQ(frame.entries, (int)_most);			\
		EXPECT_TRUE(frame.hdr.tp_flags & TPACKET4_TRUNCATED);	\
		EXPECT_EQ(frame.hdr.tp_len, _len + 1);			\
		EXPECT_EQ(frame.len, _len);				\
		EXPECT_OK(pd_check_bytes(frame.data, frame.len,		\
					 _len + 1, 2));			\
		STATS();						\
		EXPECT_EQ(self->stats.ts_drop_too_long, 0);		\
	} while (0)

TEST_F(copy, chain_at_its_longest)
{
	OPEN_LO(1024);
	EXPECT_LONGEST(512);
}

TEST_F(copy, chain_as_long_as_the_ring)
{
	OPEN_LO(64);
	EXPECT_LONGEST(64);
}

/* Longer than any IP packet, as of a large MTU or of BIG TCP. */
TEST_F(copy, large_frames)
{
	static const __u32 lens[] = { 65535, 65536, 100000, 190000, 262144 };
	__u32 i;

	OPEN_LO(512);
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		ASSERT_EQ(pd_send(self->tx, lens[i], i), 0);
		NEXT();
		EXPECT_FALSE(frame.hdr.tp_flags & TPACKET4_TRUNCATED);
		EXPECT_OK(pd_check(&frame, lens[i], i));
	}
}

/* No reader ever sees a part of a frame. */
TEST_F(copy, chains_are_published_whole)
{
	const struct tpacket4_hdr *hdr;
	__u32 i, n;

	MTU(9000);
	OPEN(32, 2048);
	for (i = 0; i < 300; i++) {
		ASSERT_EQ(pd_send(self->tx, 1000 + i % 8 * 1000, i), 0);
		n = tpacket4_peek_all(&self->pd.ring);
		if (!n)
			continue;
		hdr = tpacket4_entry(&self->pd.ring, n - 1);
		ASSERT_TRUE(hdr->tp_flags & TPACKET4_LAST);
		NEXT();
	}
}

static int vnet_tx_open(const char *ifname)
{
	int fd = pd_tx_open(ifname);

	if (fd >= 0 && pd_set_int(fd, PACKET_VNET_HDR, 1)) {
		close(fd);
		return -errno;
	}

	return fd;
}

static void fill_ip(struct iphdr *ip, __u32 len, __u8 protocol)
{
	memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 64;
	ip->protocol = protocol;
	ip->tot_len = htons(len);
	ip->saddr = htonl(0xc6120001);
	ip->daddr = htonl(0xc6130001);
}

/* A TCP segment that is yet to be cut into @gso_size, checksum left out. */
static int send_gso(int fd, __u32 len, __u32 gso_size)
{
	static __u8 pkt[sizeof(struct virtio_net_hdr) + PD_FRAME_MAX];
	struct virtio_net_hdr *vnet = (void *)pkt;
	__u8 *data = pkt + sizeof(*vnet);
	struct tcphdr *tcp = (void *)(data + ETH_HLEN + sizeof(struct iphdr));
	struct ethhdr *eth = (void *)data;

	pd_fill(data, len, 9);
	eth->h_proto = htons(ETH_P_IP);
	fill_ip((void *)(data + ETH_HLEN), len - ETH_HLEN, IPPROTO_TCP);
	memset(tcp, 0, sizeof(*tcp));
	tcp->doff = 5;
	tcp->ack = 1;

	memset(vnet, 0, sizeof(*vnet));
	vnet->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	vnet->csum_start = ETH_HLEN + sizeof(struct iphdr);
	vnet->csum_offset = offsetof(struct tcphdr, check);
	if (gso_size) {
		vnet->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		vnet->gso_size = gso_size;
		vnet->hdr_len = vnet->csum_start + sizeof(*tcp);
	}
	memcpy(buf, data, len);
	if (send(fd, pkt, sizeof(*vnet) + len, 0) < 0)
		return -errno;

	return 0;
}

#define TCP_DATA	(ETH_HLEN + sizeof(struct iphdr) + sizeof(struct tcphdr))

/* Merged segments come as one frame, longer than the MTU. */
TEST_F(copy, gso)
{
	int tx = vnet_tx_open("pd0");

	ASSERT_GE(tx, 0);
	OPEN(64, 4096);
	ASSERT_EQ(send_gso(tx, 60000, 1448), 0);
	NEXT();
	EXPECT_TRUE(frame.hdr.tp_flags & TPACKET4_GSO);
	EXPECT_TRUE(frame.hdr.tp_flags & TPACKET4_CSUM_NOTREADY);
	EXPECT_FALSE(frame.hdr.tp_flags & TPACKET4_TRUNCATED);
	EXPECT_EQ(frame.hdr.tp_len, 60000);
	ASSERT_EQ(frame.len, 60000);
	EXPECT_EQ(frame.entries, 15);
	EXPECT_EQ(memcmp(frame.data + TCP_DATA, buf + TCP_DATA,
			 60000 - TCP_DATA), 0);
	close(tx);
}

TEST_F(copy, gso_truncated)
{
	int tx = vnet_tx_open("pd0");
	__u32 off, room;

	ASSERT_GE(tx, 0);
	OPEN(16, 2048);
	off = LEARN_OFF();
	room = 16 * 2048 - off;
	ASSERT_EQ(send_gso(tx, 60000, 1448), 0);
	NEXT();
	EXPECT_TRUE(frame.hdr.tp_flags & TPACKET4_GSO);
	EXPECT_TRUE(frame.hdr.tp_flags & TPACKET4_TRUNCATED);
	EXPECT_EQ(frame.hdr.tp_len, 60000);
	EXPECT_EQ(frame.entries, 16);
	ASSERT_EQ(frame.len, room);
	EXPECT_EQ(memcmp(frame.data + TCP_DATA, buf + TCP_DATA,
			 room - TCP_DATA), 0);
	close(tx);
}

TEST_F(copy, csum_flags)
{
	const __u32 csum = TPACKET4_CSUM_VALID | TPACKET4_CSUM_BAD |
			   TPACKET4_CSUM_NOTREADY;
	int tx = vnet_tx_open("pd0");

	ASSERT_GE(tx, 0);
	OPEN(64, 2048);
	ASSERT_EQ(send_gso(tx, 500, 0), 0);
	NEXT();
	EXPECT_EQ(frame.hdr.tp_flags & csum, TPACKET4_CSUM_NOTREADY);
	EXPECT_FALSE(frame.hdr.tp_flags & TPACKET4_GSO);

	ASSERT_EQ(pd_send(self->tx, 500, 0), 0);
	NEXT();
	EXPECT_EQ(frame.hdr.tp_flags & csum, 0);
	close(tx);
}

/* A filter's return value is a snaplen. */
TEST_F(copy, filter_truncates)
{
	static const __u32 snap[] = { 1, 14, 60, 499, 500, 501, 0xffffffff };
	__u32 i, len;

	OPEN(64, 2048);
	for (i = 0; i < ARRAY_SIZE(snap); i++) {
		len = snap[i] < 500 ? snap[i] : 500;
		ASSERT_EQ(pd_filter_ret(self->pd.fd, snap[i]), 0);
		ASSERT_EQ(pd_send(self->tx, 500, i), 0);
		ASSERT_EQ(pd_next(&self->pd, &frame, WAIT_MS), 1);
		EXPECT_EQ(frame.hdr.tp_len, 500);
		EXPECT_EQ(frame.len, len);
		EXPECT_EQ(!!(frame.hdr.tp_flags & TPACKET4_TRUNCATED), len < 500);
		EXPECT_OK(pd_check_bytes(frame.data, frame.len, 500, i));
	}
}

TEST_F(copy, filter_truncates_chain)
{
	__u32 snap[] = { 100, 2048, 2049, 5000, 9013, 9014, 20000 };
	__u32 i, len, off, entries;

	MTU(9000);
	OPEN(64, 2048);
	off = LEARN_OFF();
	snap[1] -= off;
	snap[2] -= off;
	for (i = 0; i < ARRAY_SIZE(snap); i++) {
		len = snap[i] < 9014 ? snap[i] : 9014;
		entries = (len + off + 2047) / 2048;
		ASSERT_EQ(pd_filter_ret(self->pd.fd, snap[i]), 0);
		ASSERT_EQ(pd_send(self->tx, 9014, i), 0);
		NEXT();
		EXPECT_EQ(frame.entries, entries);
		EXPECT_EQ(frame.hdr.tp_len, 9014);
		EXPECT_EQ(frame.len, len);
		EXPECT_EQ(!!(frame.hdr.tp_flags & TPACKET4_TRUNCATED), len < 9014);
		EXPECT_OK(pd_check_bytes(frame.data, frame.len, 9014, i));
	}
}

TEST_F(copy, filter_refuses)
{
	OPEN(64, 2048);
	ASSERT_EQ(pd_filter_ret(self->pd.fd, 0), 0);
	ASSERT_EQ(pd_send_many(self->tx, 5, 100, 0), 0);
	NONE();
	STATS();
	EXPECT_EQ(self->stats.ts_packets, 0);
	EXPECT_EQ(self->stats.ts_drop_filter, 5);
	EXPECT_EQ(self->stats.ts_drop_no_slot, 0);
	EXPECT_EQ(self->stats.ts_free, 64);

	ASSERT_EQ(pd_filter_detach(self->pd.fd), 0);
	ASSERT_EQ(pd_send(self->tx, 100, 9), 0);
	NEXT();
	EXPECT_OK(pd_check(&frame, 100, 9));
}

/* Only frames whose byte at @off has the low bits @value. */
static int filter_byte(int fd, __u32 off, __u32 mask, __u32 value)
{
	struct sock_filter insn[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, off),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(insn), .filter = insn };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)))
		return -errno;

	return 0;
}

TEST_F(copy, filter_selects)
{
	__u32 i;

	OPEN(64, 2048);
	ASSERT_EQ(filter_byte(self->pd.fd, ETH_HLEN + 3, 3, 1), 0);
	ASSERT_EQ(pd_send_many(self->tx, 40, 100, 0), 0);
	for (i = 0; i < 10; i++) {
		NEXT();
		EXPECT_OK(pd_check(&frame, 100, 4 * i + 1));
	}
	NONE();
	STATS();
	EXPECT_EQ(self->stats.ts_drop_filter, 30);
}

TEST_F(copy, filter_ebpf)
{
	int prog = pd_ebpf(77);

	if (prog < 0)
		SKIP(return, "bpf(BPF_PROG_LOAD): %s", strerror(-prog));
	OPEN(64, 2048);
	ASSERT_EQ(setsockopt(self->pd.fd, SOL_SOCKET, SO_ATTACH_BPF, &prog,
			     sizeof(prog)), 0);
	ASSERT_EQ(pd_send(self->tx, 300, 1), 0);
	NEXT();
	EXPECT_EQ(frame.hdr.tp_len, 300);
	EXPECT_EQ(frame.len, 77);
	EXPECT_TRUE(frame.hdr.tp_flags & TPACKET4_TRUNCATED);
	EXPECT_OK(pd_check_bytes(frame.data, frame.len, 300, 1));
	close(prog);
}

/* Put @tags tags of 4 bytes behind the addresses of a frame. */
static __u32 add_tags(__u8 *data, __u32 len, const __u8 *tags, __u32 size)
{
	memmove(data + 2 * ETH_ALEN + size, data + 2 * ETH_ALEN,
		len - 2 * ETH_ALEN);
	memcpy(data + 2 * ETH_ALEN, tags, size);

	return len + size;
}

#define EXPECT_SAME(bytes)						\
	do {								\
		__u32 _len = bytes;					\
									\
		EXPECT_EQ(frame.hdr.tp_len, _len);			\
		ASSERT_EQ(frame.len, _len);				\
		EXPECT_EQ(memcmp(frame.data, buf, _len), 0);		\
		EXPECT_FALSE(frame.hdr.tp_flags & TPACKET4_VLAN);	\
		EXPECT_EQ(frame.hdr.tp_vlan_tci, 0);			\
	} while (0)

/* The stack takes the tag out; the ring has it where it was on the wire.  The
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
		len = add_tags(buf, 200, tags[i], 4);
		ASSERT_EQ(send(self->tx, buf, len, 0), len);
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
	len = add_tags(buf, 1000, tags, 8);
	ASSERT_EQ(send(self->tx, buf, len, 0), len);
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
	len = add_tags(buf, 5000, tag, 4);
	ASSERT_EQ(send(self->tx, buf, len, 0), len);
	NEXT();
	EXPECT_EQ(frame.entries, 5);
	EXPECT_SAME(len);

	/* The filter's result does not count the tag, which is beside the frame. */
	for (snap = 10; snap < 20; snap++) {
		keep = snap > 2 * ETH_ALEN ? snap + 4 : snap;
		ASSERT_EQ(pd_filter_ret(self->pd.fd, snap), 0);
		ASSERT_EQ(send(self->tx, buf, len, 0), len);
		NEXT();
		EXPECT_EQ(frame.hdr.tp_len, len);
		ASSERT_EQ(frame.len, keep);
		EXPECT_EQ(memcmp(frame.data, buf, keep), 0);
		EXPECT_TRUE(frame.hdr.tp_flags & TPACKET4_TRUNCATED);
	}
	for (snap = len - 5; snap < len - 2; snap++) {
		keep = snap + 4 < len ? snap + 4 : len;
		ASSERT_EQ(pd_filter_ret(self->pd.fd, snap), 0);
		ASSERT_EQ(send(self->tx, buf, len, 0), len);
		NEXT();
		ASSERT_EQ(frame.len, keep);
		EXPECT_EQ(memcmp(frame.data, buf, keep), 0);
		EXPECT_EQ(!!(frame.hdr.tp_flags & TPACKET4_TRUNCATED),
			  keep < len);
	}
}

/* What any packet socket's filter sees of a tagged frame. */
TEST_F(copy, vlan_filter_sees_what_others_see)
{
	static const __u8 tag[4] = PD_TAG;
	__u32 len, i;

	OPEN(64, 2048);
	for (i = 0; i < pd_seen_nr; i++) {
		ASSERT_EQ(pd_filter_seen(self->pd.fd, &pd_seen[i], 200), 0);
		pd_fill(buf, 200, i);
		len = add_tags(buf, 200, tag, 4);
		ASSERT_EQ(send(self->tx, buf, len, 0), len);
		NEXT() TH_LOG("%s", pd_seen[i].what);
		EXPECT_SAME(len);
	}
}

/* A tag that the stack sends beside the frame, on the way out. */
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
	len = add_tags(buf, 300, tag, 4);
	EXPECT_SAME(len);
	EXPECT_EQ(frame.hdr.tp_protocol, htons(PD_ETHERTYPE));
	close(tx);
}

/* Frames of a VLAN device have no tag on it. */
TEST_F(copy, vlan_device)
{
	static const __u8 tag[4] = { 0x81, 0x00, 0x00, 0x07 };
	__u32 len;

	ASSERT_EQ(pd_run("ip link add link pd1 name pd1.7 type vlan id 7"), 0);
	ASSERT_EQ(pd_if_up("pd1.7", true), 0);
	OPEN_ON("pd1.7", 64, 2048);
	pd_fill(buf, 300, 5);
	len = add_tags(buf, 300, tag, 4);
	ASSERT_EQ(send(self->tx, buf, len, 0), len);
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

	return send(fd, buf, 100, 0) == 100 ? 0 : -errno;
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

/* Without a device: every device of the namespace, told apart by address. */
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
	EXPECT_EQ(frame.hdr.tp_len, 400 - ETH_HLEN);
	ASSERT_EQ(frame.len, 400 - ETH_HLEN);
	EXPECT_EQ(memcmp(frame.data, buf + ETH_HLEN, frame.len), 0);
}

/* What a plain socket is told of the tag beside the same frame. */
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

/* Frames that go out on pd0 with their tags in them, because the device is told
 * not to put them in.
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

/* The tag is told of as any packet socket tells it. */
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

/* Bound to one protocol: only its frames are copied. */
TEST_F(copy, one_protocol)
{
	OPEN(64, 2048);
	ASSERT_EQ(pd_bind(self->pd.fd, self->pd.ifindex, ETH_P_IP), 0);
	ASSERT_EQ(pd_send(self->tx, 100, 0), 0);
	NONE();
	pd_fill(buf, 100, 1);
	buf[12] = 0x08;
	buf[13] = 0x00;
	fill_ip((void *)(buf + ETH_HLEN), 100 - ETH_HLEN, IPPROTO_UDP);
	ASSERT_EQ(send(self->tx, buf, 100, 0), 100);
	NEXT();
	EXPECT_SAME(100);
}

/* Within the time of sending. */
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

/* A frame with a time to be sent at, which veth does not wait for. */
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

/* A stamp of the future is one frame's, and no other's. */
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

/* Also when it is set back: an hour of frames with one and the same stamp would
 * follow otherwise.
 */
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
