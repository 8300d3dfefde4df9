// SPDX-License-Identifier: GPL-2.0
/*
 * PACKET_RX_DIRECT: what a leased queue delivers.  Frames are in place and whole, with
 * what the NIC knows of them.  Filters, poll() and the swap work as in copy mode.
 * Frames of other queues do not come.
 *
 * lease.c tests how a lease begins and ends, dry.c a queue that has run out of
 * slots.  lib/nic.h says which queue it is.
 */
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/queue.h"

static __u8 buf[PD_FRAME_MAX];

FIXTURE(queue) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	struct tpacket4_info info;
	struct pd_nic nic;
};

FIXTURE_SETUP(queue)
{
	self->pd.fd = -1;
	if (pd_nic_missing())
		SKIP(return, "%s", pd_nic_missing());
	ASSERT_OK(pd_nic_open(&self->nic));
}

FIXTURE_TEARDOWN(queue)
{
	pd_close(&self->pd);
	pd_nic_close(&self->nic);
}

/* A datagram of flow @flow with its UDP checksum, which is wrong if @bad_sum. */
static void fill_flow(__u32 flow, bool bad_sum)
{
	struct iphdr *ip = (void *)(buf + ETH_HLEN);
	struct udphdr *udp = (void *)(ip + 1);
	__u32 len;

	pd_flow = flow;
	pd_fill(buf, LEN, flow);
	len = ntohs(udp->len);
	udp->check = pd_checksum(udp, len, 0xc612 + 0x0001 + flow + 0xc613 +
			      0x0001 + IPPROTO_UDP + len);
	if (bad_sum)
		udp->check ^= 0x5555;
}

static int send_flow(int fd, __u32 flow, bool bad_sum)
{
	fill_flow(flow, bad_sum);

	return pd_send_bytes(fd, buf, LEN);
}

TEST_F(queue, limits)
{
	OPEN_RING(ENTRIES, 0, 2048);
	INFO(self->nic.queue);
	EXPECT_EQ(self->info.ti_state, PACKET_DIRECT_COPY);
	EXPECT_EQ(self->info.ti_query_reason, PACKET_DIRECT_OK);
	EXPECT_GT(self->info.ti_queue_nr, self->nic.queue);
	EXPECT_GE(self->info.ti_granule, 1);
	EXPECT_GE(self->info.ti_slot_len_max, 2048);
	EXPECT_LE(self->info.ti_slot_len_min, 4096);
	EXPECT_GE(self->info.ti_post_min, 1);
	EXPECT_EQ(self->info.ti_query_by, pd_by() ?: self->info.ti_query_by);
	EXPECT_NE(self->info.ti_query_by, 0);
	EXPECT_EQ(self->info.ti_lease_by, 0);
	INFO(self->info.ti_queue_nr);
	EXPECT_EQ(self->info.ti_query_reason, PACKET_DIRECT_NO_QUEUE);
}

TEST_F(queue, short_form)
{
	__u32 generation;

	OPEN_RING(ENTRIES, 0, 2048);
	INFO(self->nic.queue);
	generation = self->info.ti_generation;
	LEASE();
	INFO(self->nic.queue);
	EXPECT_EQ(self->info.ti_state, PACKET_DIRECT_ACTIVE);
	EXPECT_EQ(self->info.ti_ifindex, self->pd.ifindex);
	EXPECT_EQ(self->info.ti_queue, self->nic.queue);
	EXPECT_EQ(self->info.ti_lease_by, self->info.ti_query_by);
	EXPECT_TRUE(pd_napi_is_told(&self->info));
	EXPECT_NE(self->info.ti_generation, generation);
	EXPECT_EQ(self->info.ti_query_reason, PACKET_DIRECT_QUEUE_LEASED);
	EXPECT_EQ(self->pd.ring.ctrl->state, PACKET_DIRECT_ACTIVE);
	EXPECT_EQ(self->pd.ring.ctrl->generation, self->info.ti_generation);
}

TEST_F(queue, long_form)
{
	struct tpacket4_direct td = { .td_size = sizeof(td), .td_flags = pd_by() };

	OPEN_RING(ENTRIES, 0, 2048);
	td.td_queue = self->nic.queue;
	ASSERT_EQ(setsockopt(self->pd.fd, SOL_PACKET, PACKET_RX_DIRECT, &td,
			     sizeof(td)), 0);
	INFO(self->nic.queue);
	EXPECT_EQ(self->info.ti_state, PACKET_DIRECT_ACTIVE);
	EXPECT_EQ(self->info.ti_queue, self->nic.queue);
}

/* In place: at the first byte of the slot that is for it, without an address before. */
TEST_F(queue, frame_in_place)
{
	const struct tpacket4_hdr *hdr = &frame.hdr;
	const __u32 none = TPACKET4_TRUNCATED | TPACKET4_RX_ERROR |
			   TPACKET4_GSO | TPACKET4_VLAN | TPACKET4_SLL |
			   TPACKET4_CSUM_NOTREADY | TPACKET4_SPLIT_MASK |
			   TPACKET4_LOSING;
	struct tpacket4_info limits;
	__u64 before;

	ASSERT_EQ(pd_nic_limits(&self->nic, &limits), 0);
	OPEN_LEASED();
	before = pd_now(CLOCK_REALTIME);
	SEND(1, 42);
	NEXT();
	EXPECT_OK(pd_check(&frame, LEN, 42));
	EXPECT_EQ(hdr->tp_flags & (TPACKET4_FIRST | TPACKET4_LAST),
		  TPACKET4_FIRST | TPACKET4_LAST);
	EXPECT_EQ(hdr->tp_flags & none, 0);
	EXPECT_EQ(hdr->tp_data, limits.ti_headroom);
	EXPECT_EQ(hdr->tp_data_end, limits.ti_headroom + LEN);
	EXPECT_TRUE(hdr->tp_flags & (TPACKET4_TSTAMP_SW | TPACKET4_TSTAMP_HW));
	if (hdr->tp_flags & TPACKET4_TSTAMP_SW) {
		EXPECT_GE(hdr->tp_tstamp, before);
		EXPECT_LE(hdr->tp_tstamp, pd_now(CLOCK_REALTIME));
	}
}

TEST_F(queue, sizes)
{
	__u32 len;

	OPEN_LEASED();
	for (len = 60; len <= 1514; len++) {
		ASSERT_EQ(pd_send(self->nic.tx, len, len), 0);
		NEXT();
		ASSERT_OK(pd_check(&frame, len, len));
	}
}

/* Over many laps of the ring no slot is lost and no stamp is older than the one before.
 */
TEST_F_TIMEOUT(queue, many_frames, 300)
{
	__u64 last = 0;
	__u32 i, n;

	OPEN_LEASED();
	for (i = 0; i < 20000; i += 50) {
		SEND(50, i);
		for (n = 0; n < 50; n++) {
			NEXT();
			ASSERT_OK(pd_check(&frame, LEN, i + n));
			ASSERT_GE(frame.hdr.tp_tstamp, last);
			last = frame.hdr.tp_tstamp;
		}
	}
	STATS();
	EXPECT_EQ(self->stats.ts_packets, 20000);
	EXPECT_EQ(self->stats.ts_bytes, 20000ULL * LEN);
	EXPECT_EQ(self->stats.ts_drop_nic, 0);
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
	EXPECT_LE(self->stats.ts_batches, 20000);
}

/* Stamps follow the clock, also when it is set back. */
TEST_F(queue, timestamps_follow_the_clock)
{
	__u64 now = pd_now(CLOCK_REALTIME), mono = pd_now(CLOCK_MONOTONIC);
	__u64 back = now - 3600 * 1000000000ULL;
	int i;

	OPEN_LEASED();
	SEND(1, 0);
	NEXT();
	if (pd_set_clock(back))
		SKIP(return, "clock_settime: %s", strerror(errno));
	for (i = 1; i < 3; i++) {
		__u64 least = pd_now(CLOCK_REALTIME);

		EXPECT_EQ(pd_send(self->nic.tx, LEN, i), 0);
		EXPECT_EQ(pd_next(&self->pd, &frame, WAIT_MS), 1);
		EXPECT_GE(frame.hdr.tp_tstamp, least);
		EXPECT_LE(frame.hdr.tp_tstamp, pd_now(CLOCK_REALTIME));
	}
	pd_set_clock(now + pd_now(CLOCK_MONOTONIC) - mono);
}

TEST_F(queue, hash)
{
	__u32 i, first = 0, differ = 0;

	OPEN_LEASED();
	for (i = 0; i < 16; i++) {
		ASSERT_EQ(send_flow(self->nic.tx, i, false), 0);
		NEXT();
		ASSERT_OK(pd_same(&frame, buf, LEN, LEN));
		if (!i && !(frame.hdr.tp_flags & TPACKET4_HASH))
			SKIP(return, "frames have no hash");
		ASSERT_TRUE(frame.hdr.tp_flags & TPACKET4_HASH);
		if (!i)
			first = frame.hdr.tp_rxhash;
		differ += frame.hdr.tp_rxhash != first;
	}
	EXPECT_GE(differ, 12);
}

/* A NIC may not notice a wrong UDP checksum: some cannot tell it from none. */
TEST_F(queue, checksum)
{
	const __u32 csum = TPACKET4_CSUM_VALID | TPACKET4_CSUM_BAD;
	__u32 i;

	OPEN_LEASED();
	for (i = 0; i < 16; i++) {
		ASSERT_EQ(send_flow(self->nic.tx, i, i % 2), 0);
		NEXT();
		ASSERT_OK(pd_same(&frame, buf, LEN, LEN));
		if (!i && !(frame.hdr.tp_flags & csum))
			SKIP(return, "checksums are not looked at");
		EXPECT_EQ(frame.hdr.tp_flags & TPACKET4_CSUM_VALID,
			  i % 2 ? 0 : TPACKET4_CSUM_VALID);
	}

	/* Each of them notices a wrong one of an IP header. */
	fill_flow(0, false);
	buf[ETH_HLEN + offsetof(struct iphdr, check)] ^= 0x55;
	ASSERT_EQ(pd_send_bytes(self->nic.tx, buf, LEN), 0);
	NEXT();
	EXPECT_EQ(frame.hdr.tp_flags & csum, TPACKET4_CSUM_BAD);
	EXPECT_OK(pd_same(&frame, buf, LEN, LEN));
}

/* Without it the NIC may drop frames of VLANs that nobody has. */
#define PROMISC()							\
	do {								\
		struct packet_mreq _mreq = {				\
			.mr_ifindex = if_nametoindex(self->nic.ifname),	\
			.mr_type = PACKET_MR_PROMISC,			\
		};							\
									\
		ASSERT_EQ(setsockopt(self->nic.witness, SOL_PACKET,	\
				     PACKET_ADD_MEMBERSHIP, &_mreq,	\
				     sizeof(_mreq)), 0);		\
	} while (0)

/* The tag stays in the frame, also after events that make drivers strip tags. */
TEST_F(queue, vlan)
{
	static const __u8 tag[4] = { 0x81, 0x00, 0x20, 0x07 };
	__u32 len;
	int i;

	PROMISC();
	OPEN_LEASED();
	for (i = 0; i < 4; i++) {
		pd_fill(buf, LEN, i);
		len = pd_tag(buf, LEN, tag, sizeof(tag));
		ASSERT_EQ(pd_send_bytes(self->nic.tx, buf, len), 0);
		NEXT();
		EXPECT_OK(pd_same(&frame, buf, len, len));
		EXPECT_FALSE(frame.hdr.tp_flags & TPACKET4_VLAN);
		ASSERT_EQ(pd_run("ip link set %s allmulticast %s",
				 self->nic.ifname, i % 2 ? "off" : "on"), 0);
	}
}

static __u32 fill_tagged(__u32 len, __u32 seq)
{
	static const __u8 tag[4] = PD_TAG;

	pd_fill(buf, len, seq);

	return pd_tag(buf, len, tag, sizeof(tag));
}

/* A filter sees of a tagged frame, in one slot or more, what it sees on any packet
 * socket.
 */
TEST_F_TIMEOUT(queue, vlan_filter_sees_what_others_see, 60)
{
	static const __u32 lens[] = { LEN, 1000, 5000 };
	__u32 i, j, len;

	if (pd_one_slot)
		SKIP(return, "a frame has to fit one slot");
	MTU(9000);
	PROMISC();
	OPEN_LEASED();
	RESUME();
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		for (j = 0; j < pd_seen_nr; j++) {
			ASSERT_EQ(pd_filter_seen(self->pd.fd, &pd_seen[j],
						 lens[i]), 0);
			len = fill_tagged(lens[i], j);
			ASSERT_EQ(pd_send_bytes(self->nic.tx, buf, len), 0);
			NEXT() TH_LOG("%s", pd_seen[j].what);
			EXPECT_OK(pd_same(&frame, buf, len, len));
		}
	}
}

/* What a tag has changed for the filter is as before when the next frame has none. */
TEST_F_TIMEOUT(queue, filter_sees_frames_without_tag, 60)
{
	__u32 i, j, len;

	PROMISC();
	OPEN_LEASED();
	for (j = 0; j < pd_seen_nr; j++) {
		if (pd_seen[j].tag)
			continue;
		ASSERT_EQ(pd_filter_seen(self->pd.fd, &pd_seen[j], LEN), 0);
		for (i = 0; i < 4; i++) {
			len = LEN;
			if (i % 2)
				len = fill_tagged(LEN, i);
			else
				pd_fill(buf, LEN, i);
			ASSERT_EQ(pd_send_bytes(self->nic.tx, buf, len), 0);
			NEXT() TH_LOG("%s, frame %u", pd_seen[j].what, i);
			EXPECT_OK(pd_same(&frame, buf, len, len));
		}
	}
}

/* The filter's result does not count the tag, which is beside the frame. */
TEST_F(queue, vlan_filter_truncates)
{
	__u32 snap, keep, len;

	PROMISC();
	OPEN_LEASED();
	for (snap = 10; snap < LEN + 4; snap += snap == 20 ? LEN - 22 : 1) {
		keep = snap > 2 * ETH_ALEN ? snap + 4 : snap;
		ASSERT_EQ(pd_filter_ret(self->pd.fd, snap), 0);
		len = fill_tagged(LEN, snap);
		ASSERT_EQ(pd_send_bytes(self->nic.tx, buf, len), 0);
		keep = keep < len ? keep : len;
		NEXT();
		EXPECT_OK(pd_same(&frame, buf, keep, len));
		EXPECT_EQ(!!(frame.hdr.tp_flags & TPACKET4_TRUNCATED),
			  keep < len);
	}
}

/* A program that asks for metadata is not given bytes of the frame. */
TEST_F(queue, filter_reads_no_frame_as_metadata)
{
	static const __u32 off[] = {
		offsetof(struct __sk_buff, gso_size),
		offsetof(struct __sk_buff, gso_segs),
	};
	__u32 i, len;
	int prog;

	OPEN_LEASED();
	for (i = 0; i < ARRAY_SIZE(off); i++) {
		prog = pd_ebpf_field(off[i], 0, 64, 33);
		if (prog < 0)
			SKIP(return, "bpf(BPF_PROG_LOAD): %s", strerror(-prog));
		ASSERT_EQ(setsockopt(self->pd.fd, SOL_SOCKET, SO_ATTACH_BPF,
				     &prog, sizeof(prog)), 0);
		close(prog);
		for (len = LEN; len <= 1514; len += 50) {
			pd_fill(buf, len, 0);
			memset(buf + 60, 0xff, len - 60);
			ASSERT_EQ(pd_send_bytes(self->nic.tx, buf, len), 0);
			NEXT();
			EXPECT_OK(pd_same(&frame, buf, 64, len));
		}
	}
}

/* A program finds a netlink attribute in the frame. */
TEST_F(queue, filter_attribute)
{
	static const struct sock_filter insn[] = {
		BPF_STMT(BPF_LD | BPF_IMM, 100),
		BPF_STMT(BPF_LDX | BPF_IMM, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 (__u32)SKF_AD_OFF + SKF_AD_NLATTR),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	const struct nlattr attr[] = { { 4, 4 }, { 8, 5 } };

	OPEN_LEASED();
	ASSERT_EQ(pd_filter(self->pd.fd, insn, ARRAY_SIZE(insn)), 0);
	SEND(1, 0);
	pd_fill(buf, LEN, 1);
	memcpy(buf + 100, attr, sizeof(attr));
	ASSERT_EQ(pd_send_bytes(self->nic.tx, buf, LEN), 0);
	NEXT();
	EXPECT_OK(pd_same(&frame, buf, 104, LEN));
}

TEST_F_TIMEOUT(queue, jumbo_chain, 120)
{
	__u64 before;
	__u32 i;

	if (pd_one_slot)
		SKIP(return, "a frame has to fit one slot");
	MTU(9000);
	OPEN_LEASED();
	RESUME();
	STATS();
	before = self->stats.ts_packets;
	for (i = 0; i < 50; i++) {
		ASSERT_EQ(pd_send(self->nic.tx, 9014, i), 0);
		NEXT();
		ASSERT_EQ(frame.entries, 5);
		ASSERT_OK(pd_check(&frame, 9014, i));
	}
	for (i = 2046; i < 2051; i++) {
		ASSERT_EQ(pd_send(self->nic.tx, i, i), 0);
		NEXT();
		EXPECT_EQ(frame.entries, i > 2048 ? 2 : 1);
		EXPECT_OK(pd_check(&frame, i, i));
	}
	STATS();
	EXPECT_EQ(self->stats.ts_packets, before + 55);
}

/* The stack gets no frame of the queue, and after the lease it gets each. */
TEST_F(queue, stack_sees_nothing)
{
	OPEN_LEASED();
	pd_nic_witnessed(&self->nic, 0);
	SEND(100, 0);
	TAKE(100, 0);
	EXPECT_EQ(pd_nic_witnessed(&self->nic, 200), 0);

	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
	SEND(100, 100);
	EXPECT_EQ(pd_nic_witnessed_all(&self->nic, 100), 100);
}

/* Frames of the other queues go to the stack as before. */
TEST_F(queue, other_queues)
{
	int mine, stack = 0;
	__u32 i, waited;

	if (self->nic.queues < 2)
		SKIP(return, "%s has one queue", self->nic.ifname);
	OPEN_LEASED();
	/* without the keeper's */
	ASSERT_EQ(self->nic.keeper < 0 ? pd_nic_spread(&self->nic) :
		  pd_steer(self->nic.ifname, self->nic.peer, self->nic.queue, 2), 0);
	pd_nic_witnessed(&self->nic, 0);
	for (i = 0; i < 200; i++)
		ASSERT_EQ(send_flow(self->nic.tx, i, false), 0);
	for (waited = 0; waited < WAIT_MS; waited += 100) {
		stack += pd_nic_witnessed(&self->nic, 100);
		mine = tpacket4_peek_all(&self->pd.ring);
		if (stack + mine >= 200)
			break;
	}
	EXPECT_EQ(stack + mine, 200);
	EXPECT_GT(stack, 0);
	EXPECT_GT(mine, 0);
}

/* A refused frame is not published, and its slot goes back to the NIC. */
TEST_F(queue, filter_refuses)
{
	int i;

	OPEN_LEASED();
	ASSERT_EQ(pd_filter_ret(self->pd.fd, 0), 0);
	for (i = 0; i < 4 * ENTRIES; i += 64) {
		SEND(64, i);
		ASSERT_EQ(pd_wait_refused(&self->pd, i + 64, WAIT_MS), i + 64);
	}
	STATS();
	EXPECT_EQ(self->stats.ts_drop_filter, 4 * ENTRIES);
	EXPECT_EQ(self->stats.ts_packets, 0);
	EXPECT_EQ(self->stats.ts_held, 0);
	EXPECT_EQ(tpacket4_peek_all(&self->pd.ring), 0);
	ASSERT_EQ(pd_filter_detach(self->pd.fd), 0);
	SEND(10, 7);
	TAKE(10, 7);
}

TEST_F(queue, filter_truncates)
{
	static const __u32 snap[] = { 1, 14, 60, 199, 200, 201, 0xffffffff };
	__u32 i, len;

	OPEN_LEASED();
	for (i = 0; i < ARRAY_SIZE(snap); i++) {
		len = snap[i] < LEN ? snap[i] : LEN;
		ASSERT_EQ(pd_filter_ret(self->pd.fd, snap[i]), 0);
		SEND(1, i);
		NEXT();
		EXPECT_EQ(frame.hdr.tp_len, LEN);
		EXPECT_EQ(frame.len, len);
		EXPECT_EQ(!!(frame.hdr.tp_flags & TPACKET4_TRUNCATED), len < LEN);
		EXPECT_OK(pd_check_bytes(frame.data, frame.len, LEN, i));
	}
}

/* Slots behind the snaplen go back to the NIC. */
TEST_F_TIMEOUT(queue, filter_truncates_chain, 60)
{
	static const __u32 snap[] = { 100, 2048, 2049, 5000, 9013, 9014 };
	__u32 i, len, laps;

	if (pd_one_slot)
		SKIP(return, "a frame has to fit one slot");
	MTU(9000);
	OPEN_LEASED();
	RESUME();
	for (laps = 0; laps < 20; laps++) {
		for (i = 0; i < ARRAY_SIZE(snap); i++) {
			len = snap[i];
			ASSERT_EQ(pd_filter_ret(self->pd.fd, len), 0);
			ASSERT_EQ(pd_send(self->nic.tx, 9014, i), 0);
			NEXT();
			ASSERT_EQ(frame.hdr.tp_len, 9014);
			ASSERT_EQ(frame.len, len);
			ASSERT_EQ(frame.entries, (len + 2047) / 2048);
			ASSERT_EQ(!!(frame.hdr.tp_flags & TPACKET4_TRUNCATED),
				  len < 9014);
			ASSERT_OK(pd_check_bytes(frame.data, len, 9014, i));
		}
	}
	STATS();
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
	EXPECT_EQ(self->stats.ts_drop_nic, 0);
}

TEST_F(queue, poll)
{
	struct pollfd pfd = { .events = POLLIN };
	__u32 i;

	OPEN_LEASED();
	pfd.fd = self->pd.fd;
	EXPECT_EQ(poll(&pfd, 1, 50), 0);
	for (i = 0; i < 50; i++) {
		SEND(1, i);
		ASSERT_EQ(poll(&pfd, 1, WAIT_MS), 1);
		ASSERT_EQ(pfd.revents, POLLIN);
		TAKE(1, i);
		ASSERT_EQ(poll(&pfd, 1, 0), 0);
	}
}

TEST_F(queue, wake_count_and_time)
{
	struct tpacket_req4 req;
	struct pollfd pfd = { .events = POLLIN };

	pd_req(&req, ENTRIES, 0, 2048);
	req.tp_wake_count = 10;
	req.tp_wake_usecs = 2000000;
	OPEN_REQ(&req);
	LEASE();
	pfd.fd = self->pd.fd;
	SEND(9, 0);
	EXPECT_EQ(pd_wait(&self->pd, 9, WAIT_MS), 9);
	EXPECT_EQ(poll(&pfd, 1, 0), 0);
	EXPECT_EQ(poll(&pfd, 1, 2 * WAIT_MS), 1);
	TAKE(9, 0);
	SEND(10, 9);
	EXPECT_EQ(poll(&pfd, 1, WAIT_MS), 1);
	TAKE(10, 9);
}

TEST_F(queue, busy_poll)
{
	int usecs = 1000, i, n;
	char c;

	OPEN_LEASED();
	if (setsockopt(self->pd.fd, SOL_SOCKET, SO_BUSY_POLL, &usecs,
		       sizeof(usecs)))
		SKIP(return, "SO_BUSY_POLL: %s", strerror(errno));
	for (n = 0; n < 20; n++) {
		SEND(1, n);
		for (i = 0; i < 1000; i++) {
			ASSERT_EQ(recv(self->pd.fd, &c, 1, MSG_DONTWAIT), -1);
			ASSERT_EQ(errno, EAGAIN);
			if (tpacket4_peek_all(&self->pd.ring))
				break;
		}
		TAKE(1, n);
	}
}

/* The swap keeps each frame for a while. */
TEST_F_TIMEOUT(queue, swap, 120)
{
	__u32 kept[64], i, spare, off = 0;
	struct tpacket4_hdr *hdr;

	OPEN_RING(64, 128, 2048);
	LEASE();
	for (i = 0; i < 64; i++)
		kept[i] = 64 + i;
	for (i = 0; i < 1000; i++) {
		SEND(1, i);
		ASSERT_GE(pd_wait(&self->pd, 1, WAIT_MS), 1);
		hdr = tpacket4_entry(&self->pd.ring, 0);
		spare = kept[i % 64];
		if (i >= 64)
			ASSERT_OK(pd_check_bytes(tpacket4_slot(&self->pd.ring,
							       spare) + off,
						 LEN, LEN, i - 64));
		off = hdr->tp_data;
		kept[i % 64] = tpacket4_swap(hdr, spare);
		tpacket4_advance(&self->pd.ring, 1);
		RELEASE(1);
	}
	STATS();
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
	EXPECT_EQ(self->stats.ts_spare, 64);
}

/* With nonsense in each header that goes back no slot is published twice, and the sum
 * of the slots is right.
 */
TEST_F_TIMEOUT(queue, scribbled_headers, 120)
{
	struct tpacket4_ring *ring = &self->pd.ring;
	struct tpacket4_hdr *hdr;
	__u32 round, i, n;

	OPEN_RING(128, 160, 2048);
	LEASE();
	srand(3);
	for (round = 0; round < 300; round++) {
		SEND(20, round);
		ASSERT_GE(pd_wait(&self->pd, 20, WAIT_MS), 20);
		n = tpacket4_peek_all(ring);
		for (i = 0; i < n; i++) {
			hdr = tpacket4_entry(ring, i);
			ASSERT_LT(hdr->tp_slot, 160);
			ASSERT_OK(pd_check_bytes(tpacket4_data(ring, hdr), LEN,
						 LEN, round + i));
			memset(hdr, rand(), sizeof(*hdr));
			hdr->tp_slot = rand() % 170;
		}
		tpacket4_advance(ring, n);
		RELEASE(n);
		STATS();
	}
	EXPECT_GT(self->stats.ts_bad_slot, 0);
}

/* A thread that asks for the statistics all the time. */
struct asker {
	struct pd_sock *pd;
	__u64 asked;
	__u64 wrong_sums;
	__u64 backwards;	/* of ts_packets */
	bool stop;
};

static void *ask_main(void *arg)
{
	struct tpacket4_stats stats;
	struct asker *asker = arg;
	__u64 last = 0;

	while (!__atomic_load_n(&asker->stop, __ATOMIC_RELAXED)) {
		if (pd_stats(asker->pd->fd, &stats))
			continue;
		asker->asked++;
		asker->wrong_sums += !pd_sum_ok(asker->pd, &stats);
		asker->backwards += stats.ts_packets < last;
		last = stats.ts_packets;
	}

	return NULL;
}

/* The sums are right while frames take several slots and the ring is stopped and
 * started.
 */
TEST_F_TIMEOUT(queue, statistics_meanwhile, 120)
{
	struct asker asker = { .pd = &self->pd };
	pthread_t thread;
	__u32 mtu = pd_one_slot ? 1500 : 9000;
	__u32 len = pd_one_slot ? 1400 : 8000;
	__u32 i, round;

	ASSERT_EQ(pd_if_mtu(self->nic.peer, mtu), 0);
	OPEN_LEASED();
	ASSERT_EQ(pthread_create(&thread, NULL, ask_main, &asker), 0);
	for (round = 0; round < 4; round++) {
		ASSERT_EQ(pd_if_mtu(self->nic.ifname, mtu - round), 0);
		RESUME();
		for (i = 0; i < 50; i++) {
			ASSERT_EQ(pd_send(self->nic.tx, len, i), 0);
			NEXT();
			ASSERT_OK(pd_check(&frame, len, i));
		}
	}
	__atomic_store_n(&asker.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	TH_LOG("asked %llu times", (unsigned long long)asker.asked);
	EXPECT_GT(asker.asked, 200);
	EXPECT_EQ(asker.wrong_sums, 0);
	EXPECT_EQ(asker.backwards, 0);
}

TEST_HARNESS_MAIN
