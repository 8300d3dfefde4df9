// SPDX-License-Identifier: GPL-2.0
/*
 * The protocol of a TPACKET_V4 ring, in copy mode: who owns an entry when, the 32-bit
 * indices and their wrap, the counters, and what keeps the ring alive.
 */
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ring.h"

TEST_F(ring, start)
{
	const struct tpacket4_ctrl *ctrl;

	OPEN(64, 0);
	ctrl = self->pd.ring.ctrl;

	EXPECT_EQ(ctrl->prod, 0U - 64);
	EXPECT_EQ(ctrl->cons, 0U - 64);
	EXPECT_EQ(ctrl->seen, 0U - 64);
	EXPECT_EQ(ctrl->state, (__u32)PACKET_DIRECT_COPY);
	STATS();
	EXPECT_EQ(self->stats.ts_free, 64);
	EXPECT_EQ(self->stats.ts_posted, 0);
	EXPECT_EQ(self->stats.ts_held, 0);
	EXPECT_EQ(self->stats.ts_spare, 0);
}

/* Ring memory is zeroed.  The second ring gets the pages of the first, which was written
 * to.
 */
TEST_F(ring, zeroed)
{
	__u64 *word, *end, dirty = 0;
	int i;

	for (i = 0; i < 2; i++) {
		OPEN(8192, 0);
		word = (__u64 *)(self->pd.ring.ctrl + 1);
		end = (__u64 *)(self->pd.ring.slot + 8192 * 2048);
		for (; word < end; word++) {
			dirty += !!*word;
			*word = ~0ULL;
		}
		pd_close(&self->pd);
	}
	EXPECT_EQ(dirty, 0);
}

TEST_F(ring, one_frame)
{
	const struct tpacket4_hdr *hdr;

	OPEN(8, 0);
	SEND(1, 77);
	WAIT(1);
	EXPECT_FRAME(0, 77);

	hdr = &frame.hdr;
	EXPECT_EQ(hdr->tp_flags & (TPACKET4_FIRST | TPACKET4_LAST),
		  TPACKET4_FIRST | TPACKET4_LAST);
	EXPECT_EQ(hdr->tp_flags & (TPACKET4_TRUNCATED | TPACKET4_RX_ERROR), 0);
	EXPECT_GE(hdr->tp_data, self->pd.ring.layout.tl_headroom);
	EXPECT_EQ(hdr->tp_flags & TPACKET4_SPLIT_MASK, 0);
	EXPECT_EQ(hdr->tp_reserved, 0);
	EXPECT_TRUE(hdr->tp_flags & TPACKET4_TSTAMP_SW);
	EXPECT_FALSE(hdr->tp_flags & TPACKET4_TSTAMP_HW);
}

/* Unknown flags are clear, each flag agrees with its field, and the kernel does not write
 * to reserved words.
 */
TEST_F(ring, validity_bits)
{
	const struct tpacket4_hdr *hdr = &frame.hdr;
	__u32 i;

	OPEN(8, 0);
	for (i = 0; i < 8; i++)
		tpacket4_at(&self->pd.ring, i)->tp_reserved = 0xa5;
	SEND(1, 1);
	ASSERT_EQ(pd_next(&self->pd, &frame, WAIT_MS), 1);

	EXPECT_EQ(hdr->tp_flags >> 26, 0);
	EXPECT_EQ(hdr->tp_flags & TPACKET4_LOSING, 0);
	EXPECT_EQ(hdr->tp_reserved, 0xa5);
	if (!(hdr->tp_flags & TPACKET4_HASH))
		EXPECT_EQ(hdr->tp_flags & (TPACKET4_HASH_L3_MASK |
					   TPACKET4_HASH_L4_MASK), 0);
}

/* Only the frame after a loss says that there was one. */
TEST_F(ring, losing)
{
	__u32 i;

	OPEN(8, 0);
	SEND(8, 0);
	WAIT(8);
	SEND(3, 8);
	ASSERT_EQ(pd_wait_drops(&self->pd, 3, WAIT_MS), 3);
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(pd_next(&self->pd, &frame, WAIT_MS), 1);
		EXPECT_EQ(frame.hdr.tp_flags & TPACKET4_LOSING, 0);
	}
	for (i = 0; i < 3; i++) {
		SEND(1, 20 + i);
		ASSERT_EQ(pd_next(&self->pd, &frame, WAIT_MS), 1);
		EXPECT_EQ(frame.hdr.tp_flags & TPACKET4_LOSING,
			  i ? 0 : TPACKET4_LOSING);
	}
}

/* The kernel never touches tp_priv. */
TEST_F(ring, priv)
{
	__u32 i;

	OPEN(8, 0);
	for (i = 0; i < 8; i++)
		tpacket4_at(&self->pd.ring, i)->tp_priv = 0x1234567800ULL + i;
	for (i = 0; i < 3; i++) {
		SEND(8, i * 8);
		READ(8, i * 8);
		RELEASE(8);
	}
	for (i = 0; i < 8; i++)
		EXPECT_EQ(tpacket4_at(&self->pd.ring, i)->tp_priv,
			  0x1234567800ULL + i);
}

/* Frames one at a time over the wrap at 2^32, which is 8 entries away. */
TEST_F(ring, wrap_single)
{
	__u32 i;

	OPEN(8, 0);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(self->pd.ring.next, i - 8);
		SEND(1, i);
		READ(1, i);
		RELEASE(1);
	}
	EXPECT_EQ(self->pd.ring.ctrl->prod, 100 - 8);
	STATS();
	EXPECT_EQ(self->stats.ts_packets, 100);
	EXPECT_EQ(self->stats.ts_bytes, 100 * LEN);
	EXPECT_EQ(self->stats.ts_drop_no_slot, 0);
	EXPECT_EQ(self->stats.ts_bad_cons, 0);
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
}

/* Batches of each size, which are given back in batches of other sizes. */
TEST_F(ring, wrap_batches)
{
	__u32 i, n, held = 0, seq = 0;

	OPEN(16, 0);
	srand(4);
	for (i = 0; i < 200; i++) {
		n = rand() % (16 - held + 1);
		SEND(n, seq);
		READ(n, seq);
		seq += n;
		held += n;
		n = rand() % (held + 1);
		RELEASE(n);
		held -= n;
	}
	STATS();
	EXPECT_EQ(self->stats.ts_packets, seq);
	EXPECT_EQ(self->stats.ts_drop_no_slot, 0);
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
}

TEST_F(ring, full_then_recovers)
{
	struct tpacket_stats st;
	socklen_t len = sizeof(st);

	OPEN(8, 0);
	SEND(20, 0);
	READ(8, 0);
	ASSERT_EQ(pd_wait_drops(&self->pd, 12, WAIT_MS), 12);
	STATS();
	EXPECT_EQ(self->stats.ts_packets, 8);
	EXPECT_EQ(self->stats.ts_held, 8);
	ASSERT_EQ(getsockopt(self->pd.fd, SOL_PACKET, PACKET_STATISTICS, &st,
			     &len), 0);
	EXPECT_EQ(st.tp_packets, 20);
	EXPECT_EQ(st.tp_drops, 12);

	RELEASE(8);
	SEND(8, 100);
	READ(8, 100);
	RELEASE(8);
	STATS();
	EXPECT_EQ(self->stats.ts_drop_no_slot, 12);
}

/* One entry given back makes room for one frame. */
TEST_F(ring, full_by_one)
{
	__u32 i;

	OPEN(8, 0);
	SEND(8, 0);
	READ(8, 0);
	for (i = 0; i < 30; i++) {
		RELEASE(1);
		SEND(2, 100 + 2 * i);
		READ(1, 100 + 2 * i);
		ASSERT_EQ(pd_wait_drops(&self->pd, i + 1, WAIT_MS), i + 1);
	}
	STATS();
	EXPECT_EQ(self->stats.ts_held, 8);
}

/* PACKET_STATISTICS is cleared by reading, PACKET_V4_STATISTICS is not. */
TEST_F(ring, statistics)
{
	struct tpacket_stats_v3 v3;
	struct tpacket_stats st;
	socklen_t len;
	int i;

	OPEN(8, 0);
	SEND(3, 0);
	READ(3, 0);
	RELEASE(3);
	for (i = 0; i < 2; i++) {
		len = sizeof(v3);
		ASSERT_EQ(getsockopt(self->pd.fd, SOL_PACKET,
				     PACKET_STATISTICS, &v3, &len), 0);
		EXPECT_EQ(len, sizeof(st));
		EXPECT_EQ(v3.tp_packets, i ? 0 : 3);
		EXPECT_EQ(v3.tp_drops, 0);
		STATS();
		EXPECT_EQ(self->stats.ts_packets, 3);
	}
	EXPECT_GE(self->stats.ts_batches, 1);
	EXPECT_LE(self->stats.ts_batches, 3);
}

/* Entries that user space holds do not change while the kernel fills the others. */
TEST_F(ring, held_is_untouched)
{
	struct tpacket4_hdr before[4];
	__u32 i;

	OPEN(8, 0);
	SEND(4, 0);
	READ(4, 0);
	for (i = 0; i < 4; i++)
		before[i] = *tpacket4_at(&self->pd.ring, i - 8);

	SEND(12, 50);
	WAIT(4);
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(memcmp(&before[i], tpacket4_at(&self->pd.ring, i - 8),
				 sizeof(before[i])), 0);
		EXPECT_OK(pd_check_bytes(tpacket4_data(&self->pd.ring,
						       &before[i]),
					 LEN, LEN, i));
	}
	READ(4, 50);
	EXPECT_EQ(pd_wait_drops(&self->pd, 8, WAIT_MS), 8);
}

/* User space may write to headers and slots that it holds. */
TEST_F(ring, held_is_writable)
{
	struct tpacket4_hdr *hdr;
	__u32 slot;

	OPEN(8, 0);
	SEND(1, 0);
	READ(1, 0);
	hdr = tpacket4_at(&self->pd.ring, -8);
	slot = hdr->tp_slot;
	memset(tpacket4_slot(&self->pd.ring, slot), 0xa5, 2048);
	memset(hdr, 0xa5, sizeof(*hdr));
	hdr->tp_slot = slot;
	RELEASE(1);

	FILL(1);
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
}

struct sender {
	pthread_t thread;
	const char *ifname;
	__u32 id, count;
	int err;
};

static void *sender_main(void *arg)
{
	__u8 buf[LEN];
	struct sender *s = arg;
	int fd = pd_tx_open(s->ifname);
	__u32 i;

	if (fd < 0) {
		s->err = fd;
		return NULL;
	}
	for (i = 0; i < s->count && !s->err; i++) {
		pd_fill(buf, LEN, s->id << 24 | i);
		if (send(fd, buf, LEN, 0) != LEN)
			s->err = -errno;
	}
	close(fd);

	return NULL;
}

#define SENDERS		4

/* Several CPUs send.  The frames of each stay in order, none comes twice, and those that
 * do not come are counted.
 */
TEST_F_TIMEOUT(ring, several_producers, 120)
{
	struct sender s[SENDERS] = {};
	__u32 last[SENDERS] = {};
	__u64 got = 0, idle = 0;
	__u32 i, n, seq;

	OPEN(256, 0);
	for (i = 0; i < SENDERS; i++) {
		s[i] = (struct sender){
			.ifname = variant->tx, .id = i, .count = 5000,
		};
		ASSERT_EQ(pthread_create(&s[i].thread, NULL, sender_main,
					 &s[i]), 0);
	}
	while (idle < 2000) {
		n = pd_next(&self->pd, &frame, 1);
		idle = n == 1 ? 0 : idle + 1;
		if (n != 1)
			continue;
		seq = pd_seq(frame.data);
		ASSERT_LT(seq >> 24, SENDERS);
		ASSERT_OK(pd_check(&frame, LEN, seq));
		ASSERT_GE((seq & 0xffffff) + 1, last[seq >> 24] + 1);
		last[seq >> 24] = (seq & 0xffffff) + 1;
		got++;
	}
	for (i = 0; i < SENDERS; i++) {
		pthread_join(s[i].thread, NULL);
		EXPECT_EQ(s[i].err, 0);
	}
	STATS();
	EXPECT_EQ(self->stats.ts_packets, got);
	EXPECT_GE(SENDERS * 5000, got + self->stats.ts_drop_no_slot);
	if (strcmp(variant->rx, "lo"))
		EXPECT_EQ(SENDERS * 5000, got + self->stats.ts_drop_no_slot);
}

/* A mapping and a forked copy keep the ring after close(). */
TEST_F(ring, mapping_outlives_the_socket)
{
	OPEN(8, 0);
	SEND(1, 0);
	WAIT(1);
	close(self->pd.fd);
	self->pd.fd = -1;
	SEND(1, 1);
	READ(2, 0);
}

TEST_F(ring, fork_shares_the_ring)
{
	int status;
	pid_t pid;

	OPEN(8, 0);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		int err = pd_send(self->tx, LEN, 3);

		if (!err && pd_next(&self->pd, &frame, WAIT_MS) != 1)
			err = 1;
		_exit(err || pd_check(&frame, LEN, 3));
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);

	/* The child read and gave back; both see the same indices. */
	EXPECT_EQ(self->pd.ring.ctrl->cons, 1U - 8);
	EXPECT_EQ(self->pd.ring.ctrl->seen, 1U - 8);
	self->pd.ring.next++;
	self->pd.ring.cons++;
	SEND(1, 4);
	READ(1, 4);
}

/* A device that goes down and comes back. */
TEST_F(ring, down_and_up)
{
	struct pollfd pfd = { .events = POLLIN };
	socklen_t len = sizeof(int);
	int err = 0;

	OPEN(8, 0);
	pfd.fd = self->pd.fd;
	ASSERT_EQ(pd_if_up(variant->rx, false), 0);
	ASSERT_EQ(poll(&pfd, 1, WAIT_MS), 1);
	EXPECT_TRUE(pfd.revents & POLLERR);
	ASSERT_EQ(getsockopt(self->pd.fd, SOL_SOCKET, SO_ERROR, &err, &len), 0);
	EXPECT_EQ(err, ENETDOWN);

	ASSERT_EQ(pd_link_up(variant->rx, variant->tx), 0);
	SEND(2, 0);
	READ(2, 0);
}

TEST_HARNESS_MAIN
