// SPDX-License-Identifier: GPL-2.0
/* Whatever a driver writes, the model survives it, and works after a reset. */
#include "gve_fake.h"

#define ROUNDS		300
#define STEPS		400
#define QUEUES		3
#define TX_RING(q)	(MEM_BASE + 0x50000 + (q) * 0x2000)

static uint8_t frame[NIC_FRAME_MAX];
static uint64_t seed = 88172645463325252ull;

static uint32_t pick(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 20) % below;
}

/* Random, but mostly what a driver could ask for. */
static uint32_t some_number(void)
{
	static const uint32_t likely[] = {
		0, 1, 2, 5, 8, 32, 128, 256, 512, 1024, 2048, 4096, GVE_RAW_ADDRESSING,
	};

	return pick(4) ? likely[pick(ARRAY_SIZE(likely))] : pick(0xffffffff);
}

static uint64_t some_address(void)
{
	return pick(8) ? MEM_BASE + pick(MEM_SIZE / 64) * 64ull : (uint64_t)pick(~0u) << pick(32);
}

static void some_command(void)
{
	uint8_t p[AQ_COMMAND_SIZE - AQ_PARAM];
	unsigned int i;

	for (i = 0; i < sizeof(p); i += 8) {
		if (pick(2)) {
			put_be64(p + i, some_address());
		} else {
			put_be32(p + i, some_number());
			put_be16(p + i + 4, some_number());
			put_be16(p + i + 6, some_number());
		}
	}
	admin(pick(0x14), p, sizeof(p));
}

static void some_rx_queue(unsigned int q)
{
	struct rx_config c = plain;

	c.rsc = pick(2);
	c.hdr_size = nic->knob_format == FORMAT_DQO_RDA ? pick(2) * GVE_HEADER_BUFFER : 0;
	c.buf_size = 2048 << pick(2);
	create_rx(q, &c);
}

static void some_tx_queue(unsigned int q)
{
	uint8_t p[48] = {};

	put_be32(p, q);
	put_be64(p + 8, RESOURCES(GVE_DB_TX + q));
	put_be64(p + 16, TX_RING(q));
	put_be32(p + 24, GVE_RAW_ADDRESSING);
	put_be64(p + 32, TX_RING(q) + 0x1000);
	put_be16(p + 40, ENTRIES);
	put_be16(p + 42, ENTRIES);
	admin(AQ_CREATE_TX_QUEUE, p, sizeof(p));
}

/* A descriptor of any ring, or a data slot, with some of it wrong. */
static void some_descriptor(void)
{
	static const uint8_t dqo[] = {
		DQO_TXD_PACKET, DQO_TXD_PACKET, DQO_TXD_GENERAL, DQO_TXD_TSO,
	};
	unsigned int q = pick(QUEUES), i = pick(ENTRIES);
	uint8_t *tx = mem(TX_RING(q)) + i * DQO_TX_DESC_SIZE;
	uint64_t addr = pick(64) ? BUFFERS + pick(0x100000) : some_address();

	rx_tail[q] = i;
	put_buf(q, pick(64) ? i : pick(65536));
	if (nic->knob_format == FORMAT_GQI_RDA) {
		put_be64(mem(BUFQ(q)) + i * 8, addr);
		tx[0] = pick(4) << 4 | pick(2);
		tx[3] = 1 + pick(3);
		put_be16(tx + 4, pick(2000));
		put_be16(tx + 6, pick(2000));
		put_be64(tx + 8, addr);
	} else {
		memcpy(tx, &addr, sizeof(addr));
		tx[8] = dqo[pick(4)] | pick(8) << 5;
		put_le16(tx + 12, pick(128));
		put_le16(tx + 14, pick(2000));
	}
}

static void doorbell(unsigned int page, uint32_t val)
{
	gve_model.bar_write(nic, GVE_DB_BAR, page * GVE_DB_PAGE,
			    gve_is_dqo(nic) ? val : __builtin_bswap32(val), 4);
}

static void some_doorbell(void)
{
	unsigned int q = pick(QUEUES);
	bool dqo = gve_is_dqo(nic);

	switch (pick(8)) {
	case 0:
		doorbell(pick(80), some_number());
		break;
	case 1:
	case 2:
		doorbell(GVE_DB_IRQ + pick(GVE_NUM_NTFY), pick(2) | pick(64) << 5);
		break;
	case 3:
	case 4:
		doorbell(GVE_DB_TX + q, dqo ? pick(ENTRIES) : nic->txq[q].tail + pick(20));
		break;
	default:
		doorbell(GVE_DB_RX + q, dqo ? pick(ENTRIES / 8) * 8 :
					      nic->rxq[q].tail + pick(20));
		break;
	}
}

static void some_frame(void)
{
	struct fake_flow f = udp4;

	f.proto = pick(2) ? 6 : 17;
	f.ipv6 = pick(2);
	f.payload = pick(8000);
	f.sport = pick(100);
	build(&f, frame);
	if (!pick(4))
		frame[pick(60)] = pick(256);
	gve_model.wire_rx(nic, frame, 14 + pick(9000), pick(2));
}

static void some_memory(void)
{
	uint8_t *p = mem(MEM_BASE) + pick(MEM_SIZE - 4096);
	unsigned int i;

	for (i = 0; i < 256; i++)
		p[i] = pick(256);
}

static void step(void)
{
	unsigned int what = pick(64);

	if (!what)
		some_command();
	else if (what == 1)
		some_rx_queue(pick(QUEUES));
	else if (what == 2)
		some_memory();
	else if (what < 8)
		fake_advance(pick(100000));
	else if (what < 24)
		some_doorbell();
	else if (what < 40)
		some_descriptor();
	else
		some_frame();
}

static void start_round(unsigned int round)
{
	unsigned int q, i;

	fake_start(round % 2 ? FORMAT_DQO_RDA : FORMAT_GQI_RDA);
	for (q = 0; q < QUEUES; q++) {
		some_rx_queue(q);
		some_tx_queue(q);
	}
	for (i = 0; i < 4 * ENTRIES; i++)
		some_descriptor();
}

int main(void)
{
	uint64_t delivered = 0, sent = 0;
	unsigned int round, i, good = 0;

	for (round = 0; round < ROUNDS; round++) {
		start_round(round);
		for (i = 0; i < STEPS; i++)
			step();
		delivered += nic->fate.delivered;
		sent += fake.outs;
		admin_reset();
		admin_start();
		good += configure(nic->knob_format) == AQ_PASSED;
	}
	ok(good == ROUNDS, "%u rounds of garbage, a reset after each", ROUNDS);
	ok(delivered > 100 * ROUNDS / 10 && sent > ROUNDS, "with %ju frames in and %ju out",
	   (uintmax_t)delivered, (uintmax_t)sent);
	return done();
}
