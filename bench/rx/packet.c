// SPDX-License-Identifier: GPL-2.0
/* recvfrom(), TPACKET_V2 and TPACKET_V3. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "rx.h"

#define RING_BYTES	0x4000000u
#define BLOCK_BYTES	0x40000u
#define RETIRE_MS	10
#define FRAME_MAX	16384

struct ring {
	uint8_t *map;
	unsigned int frames, blocks, at;
	uint64_t drops;
	uint8_t buf[FRAME_MAX];
};

static struct ring *open_socket(struct rx *rx)
{
	struct ring *ring = calloc(1, sizeof(*ring));

	rx->fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (rx->fd < 0 || !ring)
		die("socket");
	sock_filter(rx);
	rx->priv = ring;
	return ring;
}

static void map_ring(struct rx *rx, int version, void *req, size_t len)
{
	struct ring *ring = open_socket(rx);

	if (setsockopt(rx->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(rx->fd, SOL_PACKET, PACKET_RX_RING, req, len))
		die("PACKET_RX_RING");
	ring->map = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			 rx->fd, 0);
	if (ring->map == MAP_FAILED)
		die("mmap");
	ring->frames = RING_BYTES / rx->slot;
	ring->blocks = RING_BYTES / BLOCK_BYTES;
	sock_bind(rx, ETH_P_ALL);
}

/* The kernel clears these counters when they are read. */
static uint64_t packet_drops(struct rx *rx)
{
	struct ring *ring = rx->priv;
	struct tpacket_stats_v3 stats = { 0 };
	socklen_t len = sizeof(stats);

	if (getsockopt(rx->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		die("PACKET_STATISTICS");
	ring->drops += stats.tp_drops;
	return ring->drops;
}

static void recvfrom_open(struct rx *rx)
{
	int size = RING_BYTES;

	open_socket(rx);
	if (setsockopt(rx->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		die("SO_RCVBUFFORCE");
	sock_bind(rx, ETH_P_ALL);
}

static unsigned int recvfrom_burst(struct rx *rx)
{
	struct ring *ring = rx->priv;
	unsigned int n;
	ssize_t len;

	for (n = 0; n < rx->batch; n++) {
		len = recvfrom(rx->fd, ring->buf, sizeof(ring->buf), MSG_DONTWAIT, NULL, NULL);
		if (len < 0)
			break;
		rx->sum ^= rx_touch(ring->buf);
		rx->bytes += len;
	}
	return n;
}

const struct rx_path recvfrom_path = {
	.name = "recvfrom",
	.open = recvfrom_open,
	.burst = recvfrom_burst,
	.wait = sock_poll,
	.drops = packet_drops,
};

static void v2_open(struct rx *rx)
{
	struct tpacket_req req = {
		.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = RING_BYTES / BLOCK_BYTES,
		.tp_frame_size = rx->slot,
		.tp_frame_nr = RING_BYTES / rx->slot,
	};

	map_ring(rx, TPACKET_V2, &req, sizeof(req));
}

static unsigned int v2_burst(struct rx *rx)
{
	struct ring *ring = rx->priv;
	struct tpacket2_hdr *hdr;
	uint64_t sum = 0, bytes = 0;
	unsigned int n;

	for (n = 0; n < rx->batch; n++) {
		hdr = (void *)(ring->map + (size_t)ring->at * rx->slot);
		if (!(__atomic_load_n(&hdr->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			break;
		sum ^= rx_touch((uint8_t *)hdr + hdr->tp_mac);
		bytes += hdr->tp_len;
		__atomic_store_n(&hdr->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		if (++ring->at == ring->frames)
			ring->at = 0;
	}
	rx->sum ^= sum;
	rx->bytes += bytes;
	return n;
}

const struct rx_path v2_path = {
	.name = "v2",
	.open = v2_open,
	.burst = v2_burst,
	.wait = sock_poll,
	.drops = packet_drops,
};

static void v3_open(struct rx *rx)
{
	struct tpacket_req3 req = {
		.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = RING_BYTES / BLOCK_BYTES,
		.tp_frame_size = rx->slot,
		.tp_frame_nr = RING_BYTES / rx->slot,
		.tp_retire_blk_tov = RETIRE_MS,
	};

	map_ring(rx, TPACKET_V3, &req, sizeof(req));
}

/* V3 hands out blocks, so this takes one block, whatever rx->batch is. */
static unsigned int v3_burst(struct rx *rx)
{
	struct ring *ring = rx->priv;
	struct tpacket_block_desc *block;
	struct tpacket3_hdr *hdr;
	uint64_t sum = 0, bytes = 0;
	unsigned int i, n;

	block = (void *)(ring->map + (size_t)ring->at * BLOCK_BYTES);
	if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return 0;
	n = block->hdr.bh1.num_pkts;
	hdr = (void *)((uint8_t *)block + block->hdr.bh1.offset_to_first_pkt);
	for (i = 0; i < n; i++) {
		sum ^= rx_touch((uint8_t *)hdr + hdr->tp_mac);
		bytes += hdr->tp_len;
		hdr = (void *)((uint8_t *)hdr + hdr->tp_next_offset);
	}
	__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	if (++ring->at == ring->blocks)
		ring->at = 0;
	rx->sum ^= sum;
	rx->bytes += bytes;
	return n;
}

const struct rx_path v3_path = {
	.name = "v3",
	.open = v3_open,
	.burst = v3_burst,
	.wait = sock_poll,
	.drops = packet_drops,
};
