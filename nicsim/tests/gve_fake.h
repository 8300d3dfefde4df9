/* SPDX-License-Identifier: GPL-2.0 */
/* The gVNIC on the backend of fake.h: its admin queue and receive queues. */
#ifndef NICSIM_TESTS_GVE_FAKE_H
#define NICSIM_TESTS_GVE_FAKE_H

#include "fake.h"
#include "gve/gve.h"

#define AQ_RING		(MEM_BASE + 0x1000)
#define AQ_SLOTS	64
#define NTFY_DB		(MEM_BASE + 0x2000)
#define NTFY_STRIDE	64
#define COUNTERS	(MEM_BASE + 0x3000)
#define RESOURCES(page)	(MEM_BASE + 0x4000 + (page) * 64)
#define SCRATCH		(MEM_BASE + 0x8000)
#define BUFQ(q)		(MEM_BASE + 0x10000 + (q) * 0x2000)
#define COMPLQ(q)	(MEM_BASE + 0x30000 + (q) * 0x2000)
#define BUFFERS		(MEM_BASE + 0x100000)
#define HEADERS		(MEM_BASE + 0x300000)
#define ENTRIES		256

static struct gve *nic;
static uint32_t aq_count;
static uint32_t rx_tail[GVE_MAX_QUEUES];

static inline uint8_t *mem(uint64_t addr)
{
	return fake.mem + (addr - MEM_BASE);
}

static inline void wr(uint64_t off, uint32_t val)
{
	gve_model.bar_write(nic, GVE_REG_BAR, off, __builtin_bswap32(val), 4);
}

static inline uint32_t rd(uint64_t off)
{
	return __builtin_bswap32(gve_model.bar_read(nic, GVE_REG_BAR, off, 4));
}

/* Rings the doorbell whose index the device wrote to @index_addr. */
static inline void ring_doorbell(uint64_t index_addr, uint32_t val)
{
	gve_model.bar_write(nic, GVE_DB_BAR, get_be32(mem(index_addr)) * 4ull,
			    gve_is_dqo(nic) ? val : __builtin_bswap32(val), 4);
}

static inline void rx_doorbell(unsigned int q, uint32_t val)
{
	ring_doorbell(RESOURCES(GVE_DB_RX + q), val);
}

static inline void tx_doorbell(unsigned int q, uint32_t val)
{
	ring_doorbell(RESOURCES(GVE_DB_TX + q), val);
}

static inline void irq_doorbell(unsigned int n, uint32_t val)
{
	ring_doorbell(NTFY_DB + n * NTFY_STRIDE, val);
}

/* Runs one command with the parameters at @param, and returns its status. */
static inline uint32_t admin(uint32_t opcode, const uint8_t *param, size_t len)
{
	uint8_t *cmd = mem(AQ_RING) + aq_count % AQ_SLOTS * AQ_COMMAND_SIZE;

	memset(cmd, 0, AQ_COMMAND_SIZE);
	put_be32(cmd, opcode);
	if (len)
		memcpy(cmd + AQ_PARAM, param, len);
	wr(GVE_REG_AQ_DOORBELL, ++aq_count);
	return get_be32(cmd + 4);
}

/* Starts the admin queue, as it is done on this revision. */
static inline void admin_start(void)
{
	aq_count = 0;
	if (!nic->revision) {
		wr(GVE_REG_AQ_PFN, AQ_RING / GVE_PAGE_SIZE);
		return;
	}
	gve_model.bar_write(nic, GVE_REG_BAR, GVE_REG_AQ_LENGTH,
			    __builtin_bswap16(AQ_SLOTS * AQ_COMMAND_SIZE), 2);
	wr(GVE_REG_AQ_BASE_HI, AQ_RING >> 32);
	wr(GVE_REG_AQ_BASE_LO, AQ_RING);
	wr(GVE_REG_DRIVER_STATUS, DRIVER_STATUS_RUN);
}

static inline void admin_reset(void)
{
	if (nic->revision)
		wr(GVE_REG_DRIVER_STATUS, DRIVER_STATUS_RESET);
	else
		wr(GVE_REG_AQ_PFN, 0);
}

static inline uint32_t configure(enum gve_format format)
{
	uint8_t p[40] = {};

	put_be64(p, COUNTERS);
	put_be64(p + 8, NTFY_DB);
	put_be32(p + 16, GVE_COUNTERS);
	put_be32(p + 20, GVE_NUM_NTFY);
	put_be32(p + 24, NTFY_STRIDE);
	p[32] = format;
	return admin(AQ_CONFIGURE_RESOURCES, p, sizeof(p));
}

/* A model after power-on whose resources are configured. */
static inline void fake_start(enum gve_format format)
{
	if (nic)
		gve_model.destroy(nic);
	fake_clear();
	nic = gve_model.create(NULL, fake_mac);
	nic->knob_format = format;
	gve_model.bus_master(nic, true);
	admin_start();
	configure(format);
}

struct rx_config {
	uint16_t buf_size, hdr_size, ring;
	uint32_t pages;
	bool rsc;
};

static const struct rx_config plain = {
	.buf_size = 2048, .ring = ENTRIES, .pages = GVE_RAW_ADDRESSING,
};

static inline uint32_t create_rx(unsigned int q, const struct rx_config *c)
{
	uint8_t p[56] = {};

	put_be32(p, q);
	put_be32(p + 12, GVE_MAX_QUEUES + q);
	put_be64(p + 16, RESOURCES(GVE_DB_RX + q));
	put_be64(p + 24, COMPLQ(q));
	put_be64(p + 32, BUFQ(q));
	put_be32(p + 40, c->pages);
	put_be16(p + 44, c->ring);
	put_be16(p + 46, c->buf_size);
	put_be16(p + 48, c->ring);
	p[50] = c->rsc;
	put_be16(p + 52, c->hdr_size);
	rx_tail[q] = 0;
	return admin(AQ_CREATE_RX_QUEUE, p, 56);
}

static inline uint32_t destroy_rx(unsigned int q)
{
	uint8_t p[4];

	put_be32(p, q);
	return admin(AQ_DESTROY_RX_QUEUE, p, sizeof(p));
}

static inline uint64_t buf_addr(unsigned int q, uint16_t id)
{
	return BUFFERS + ((uint64_t)q * 64 + id) * 4096;
}

/* Writes one entry of the buffer queue; no doorbell. */
static inline void put_buf(unsigned int q, uint16_t id)
{
	uint8_t *desc = mem(BUFQ(q)) + rx_tail[q] * DQO_RX_DESC_SIZE;
	uint64_t addr = buf_addr(q, id), hdr = HEADERS + id * GVE_HEADER_BUFFER;

	memset(desc, 0, DQO_RX_DESC_SIZE);
	put_le16(desc, id);
	memcpy(desc + 8, &addr, sizeof(addr));
	memcpy(desc + 16, &hdr, sizeof(hdr));
	rx_tail[q] = (rx_tail[q] + 1) % ENTRIES;
}

static inline void post(unsigned int q, unsigned int first, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		put_buf(q, first + i);
	rx_doorbell(q, rx_tail[q]);
}

struct fake_completion {
	unsigned int ptype, len, hdr_len, id, seg_len;
	bool generation, rsc, split, done, last, overflow, processed, ip_error, l4_error;
	bool stamped;
	uint32_t hash, stamp;
};

static inline struct fake_completion completion(unsigned int q, unsigned int i)
{
	const uint8_t *d = mem(COMPLQ(q)) + i * DQO_RX_DESC_SIZE;

	return (struct fake_completion){
		.ptype = get_le16(d + 2) & 0x3ff,
		.len = get_le16(d + 4) & 0x3fff,
		.generation = get_le16(d + 4) & DQO_RX4_GENERATION,
		.hdr_len = get_le16(d + 6) & DQO_RX6_HDR_LEN,
		.rsc = get_le16(d + 6) & DQO_RX6_RSC,
		.split = get_le16(d + 6) & DQO_RX6_SPLIT,
		.done = d[8] & DQO_RX8_DONE,
		.last = d[8] & DQO_RX8_EOP,
		.overflow = d[8] & DQO_RX8_HDR_OVERFLOW,
		.processed = d[8] & DQO_RX8_PROCESSED,
		.ip_error = d[8] & DQO_RX8_IP_ERROR,
		.l4_error = d[8] & DQO_RX8_L4_ERROR,
		.id = get_le16(d + 12),
		.seg_len = get_le16(d + 14),
		.stamped = d[11] & DQO_RX11_STAMPED,
		.hash = get_le32(d + 16),
		.stamp = get_le32(d + 28),
	};
}

static inline enum nic_rx_verdict receive_frame(const uint8_t *frame, size_t len)
{
	return gve_model.wire_rx(nic, frame, len, false);
}

#endif
