// SPDX-License-Identifier: GPL-2.0
/* TPACKET_V4: by copy, and with a leased queue. */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "../../tools/testing/selftests/net/packet_direct/tpacket4.h"
#include "rx.h"

#define HEADER_SLOT	256
#define PAYLOAD_MIN	4096
#define PASS_POLLS	32
#define HUGE_PAGE	(2UL << 20)

static void *huge_pages(size_t len)
{
	void *at = mmap(NULL, (len + HUGE_PAGE - 1) & -HUGE_PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (at == MAP_FAILED)
		die("huge pages");
	return at;
}

static void v4_open(struct rx *rx)
{
	struct tpacket_req4 req = {
		.tp_size = sizeof(req),
		.tp_entry_nr = rx->entries,
		.tp_slot_size = rx->split ? HEADER_SLOT : rx->slot,
	};
	struct tpacket4_ring *ring = calloc(1, sizeof(*ring));
	int version = TPACKET_V4;

	if (rx->split) {
		req.tp_payload_size = rx->slot < PAYLOAD_MIN ? PAYLOAD_MIN : rx->slot;
		req.tp_payload_len = rx->slot;
	}
	if (rx->huge) {
		rx->memory = huge_pages((size_t)rx->entries * rx->slot);
		req.tp_memory = (uintptr_t)rx->memory;
	}
	rx->fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (rx->fd < 0 || !ring ||
	    setsockopt(rx->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(rx->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		die("TPACKET_V4");
	sock_filter(rx);
	sock_bind(rx, ETH_P_ALL);
	rx->priv = ring;
}

static void v4_map(struct rx *rx)
{
	if (tpacket4_map_own(rx->priv, rx->fd, rx->memory))
		die("mmap");
}

static void copy_open(struct rx *rx)
{
	v4_open(rx);
	v4_map(rx);
}

static void want_stamps(struct rx *rx)
{
	struct hwtstamp_config config = { .rx_filter = HWTSTAMP_FILTER_ALL };
	struct ifreq ifr = { .ifr_data = (char *)&config };
	int which = SOF_TIMESTAMPING_RAW_HARDWARE;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", rx->ifname);
	if (ioctl(rx->fd, SIOCSHWTSTAMP, &ifr) ||
	    setsockopt(rx->fd, SOL_PACKET, PACKET_TIMESTAMP, &which, sizeof(which)))
		die("time stamps");
}

static void direct_open(struct rx *rx)
{
	struct tpacket4_direct direct = {
		.td_size = sizeof(direct),
		.td_queue = rx->queue,
		.td_flags = rx->lease,
	};

	v4_open(rx);
	if (rx->stamps)
		want_stamps(rx);
	if (setsockopt(rx->fd, SOL_PACKET, PACKET_RX_DIRECT, &direct, sizeof(direct)))
		die("PACKET_RX_DIRECT");
	if (rx->busy)
		sock_busy_poll(rx);
	v4_map(rx);
}

static unsigned int v4_burst(struct rx *rx)
{
	struct tpacket4_ring *ring = rx->priv;
	uint64_t sum = 0, bytes = 0;
	struct tpacket4_hdr *hdr, *end;
	uint32_t n, held;

	n = tpacket4_peek(ring);
	if (!n)
		return 0;
	n = tpacket4_straight(ring, n < rx->batch ? n : rx->batch);
	hdr = tpacket4_entry(ring, 0);
	end = tpacket4_after(ring, tpacket4_entry(ring, n - 1));
	for (; hdr != end; hdr = tpacket4_after(ring, hdr)) {
		sum ^= rx_touch(tpacket4_data(ring, hdr)) ^ hdr->tp_tstamp;
		bytes += hdr->tp_len;
	}
	tpacket4_advance(ring, n);
	held = ring->next - ring->cons;
	if (held > rx->hold)
		tpacket4_release(ring, held - rx->hold);
	rx->sum ^= sum;
	rx->bytes += bytes;
	return n;
}

/* One call is both the kick and the busy poll. */
static void direct_busy_wait(struct rx *rx)
{
	tpacket4_kick_always(rx->fd);
}

static struct tpacket4_stats statistics(struct rx *rx)
{
	struct tpacket4_stats stats = { .ts_size = sizeof(stats) };
	socklen_t len = sizeof(stats);

	if (getsockopt(rx->fd, SOL_PACKET, PACKET_V4_STATISTICS, &stats, &len))
		die("PACKET_V4_STATISTICS");
	return stats;
}

static uint64_t v4_drops(struct rx *rx)
{
	struct tpacket4_stats stats = statistics(rx);

	return stats.ts_drop_nic + stats.ts_drop_no_slot + stats.ts_drop_too_long +
	       stats.ts_drop_error + stats.ts_drop_stack;
}

static void pass_open(struct rx *rx)
{
	struct sock_filter insn = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog prog = { .len = 1, .filter = &insn };

	direct_open(rx);
	if (setsockopt(rx->fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)))
		die("SO_ATTACH_FILTER");
	rx->seen = statistics(rx).ts_passed;
}

/* The ring gets nothing, so the frames are those that the kernel has counted. */
static unsigned int pass_burst(struct rx *rx)
{
	uint64_t seen = rx->seen;
	int i;

	for (i = 0; i < PASS_POLLS; i++)
		tpacket4_kick_always(rx->fd);
	rx->seen = statistics(rx).ts_passed;
	return rx->seen - seen;
}

static void set_busy(struct rx *rx)
{
	rx->busy = true;
}

static void set_huge(struct rx *rx)
{
	rx->busy = true;
	rx->huge = true;
}

static void set_stamps(struct rx *rx)
{
	rx->busy = true;
	rx->stamps = true;
}

static void set_headers(struct rx *rx)
{
	rx->busy = true;
	rx->split = true;
	rx->lease = PACKET_DIRECT_SPLIT_UNRELIABLE;
}

/* By the driver's AF_XDP, in slots of a page. */
static void set_lane(struct rx *rx)
{
	rx->lease = PACKET_DIRECT_XSK;
	rx->slot = 4096;
}

static void set_lane_busy(struct rx *rx)
{
	set_lane(rx);
	rx->busy = true;
}

static void set_tee(struct rx *rx)
{
	rx->busy = true;
	rx->lease = PACKET_DIRECT_TEE;
}

static void set_pass(struct rx *rx)
{
	rx->busy = true;
	rx->lease = PACKET_DIRECT_PASS;
}

const struct rx_path v4_copy_path = {
	.name = "v4-copy",
	.open = copy_open,
	.burst = v4_burst,
	.wait = sock_poll,
	.drops = v4_drops,
};

const struct rx_path direct_poll_path = {
	.name = "direct-poll",
	.open = direct_open,
	.burst = v4_burst,
	.wait = sock_poll,
	.drops = v4_drops,
};

/* Another CPU polls the NIC. The kernel's timer takes slots back. */
static void direct_spin_wait(struct rx *rx)
{
	(void)rx;
	__builtin_ia32_pause();
}

const struct rx_path direct_spin_path = {
	.name = "direct-spin",
	.open = direct_open,
	.burst = v4_burst,
	.wait = direct_spin_wait,
	.drops = v4_drops,
};

const struct rx_path direct_busy_path = {
	.name = "direct-busy",
	.set = set_busy,
	.open = direct_open,
	.burst = v4_burst,
	.wait = direct_busy_wait,
	.drops = v4_drops,
};

const struct rx_path direct_huge_path = {
	.name = "direct-huge",
	.set = set_huge,
	.open = direct_open,
	.burst = v4_burst,
	.wait = direct_busy_wait,
	.drops = v4_drops,
};

const struct rx_path lane_poll_path = {
	.name = "lane-poll",
	.set = set_lane,
	.open = direct_open,
	.burst = v4_burst,
	.wait = sock_poll,
	.drops = v4_drops,
};

const struct rx_path lane_busy_path = {
	.name = "lane-busy",
	.set = set_lane_busy,
	.open = direct_open,
	.burst = v4_burst,
	.wait = direct_busy_wait,
	.drops = v4_drops,
};

const struct rx_path direct_stamps_path = {
	.name = "direct-stamps",
	.set = set_stamps,
	.open = direct_open,
	.burst = v4_burst,
	.wait = direct_busy_wait,
	.drops = v4_drops,
};

const struct rx_path direct_headers_path = {
	.name = "direct-headers",
	.set = set_headers,
	.open = direct_open,
	.burst = v4_burst,
	.wait = direct_busy_wait,
	.drops = v4_drops,
};

const struct rx_path direct_tee_path = {
	.name = "direct-tee",
	.set = set_tee,
	.open = direct_open,
	.burst = v4_burst,
	.wait = direct_busy_wait,
	.drops = v4_drops,
};

const struct rx_path direct_tee_all_path = {
	.name = "direct-tee-all",
	.set = set_tee,
	.open = direct_open,
	.burst = v4_burst,
	.wait = direct_busy_wait,
	.drops = v4_drops,
	.local = true,
};

const struct rx_path direct_pass_path = {
	.name = "direct-pass",
	.set = set_pass,
	.open = pass_open,
	.burst = pass_burst,
	.wait = direct_busy_wait,
	.drops = v4_drops,
	.endless = true,
	.local = true,
};
