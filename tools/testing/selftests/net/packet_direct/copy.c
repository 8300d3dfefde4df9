// SPDX-License-Identifier: GPL-2.0
/*
 * How copy mode puts frames into a TPACKET_V4 ring: in one slot or in a chain, cut, as
 * merged segments, and through filters.
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/virtio_net.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>

#include "lib/copy.h"

/* Where frames begin in their first slot: behind the headroom and some padding. */
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

/* Each entry has bytes, and only the first has flags of the frame. */
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

/* No more than tp_slot_len bytes of a slot are used. */
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

/* A ring on lo, which carries the longest frames. */
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

/* A frame of @most entries is whole, and a longer one is cut to so many. */
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

/* A TCP segment without its checksum, to be cut into pieces of @gso_size. */
static int send_gso(int fd, __u32 len, __u32 gso_size)
{
	static __u8 pkt[sizeof(struct virtio_net_hdr) + PD_FRAME_MAX];
	struct virtio_net_hdr *vnet = (void *)pkt;
	__u8 *data = pkt + sizeof(*vnet);
	struct tcphdr *tcp = (void *)(data + ETH_HLEN + sizeof(struct iphdr));
	struct ethhdr *eth = (void *)data;

	pd_fill(data, len, 9);
	eth->h_proto = htons(ETH_P_IP);
	pd_fill_ip(data + ETH_HLEN, len - ETH_HLEN, IPPROTO_TCP);
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

/* The filter's return value is the snaplen. */
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

/* Only frames whose byte at @off has the bits @value under @mask. */
static int filter_byte(int fd, __u32 off, __u32 mask, __u32 value)
{
	struct sock_filter insn[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, off),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	return pd_filter(fd, insn, ARRAY_SIZE(insn));
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

TEST_HARNESS_MAIN
