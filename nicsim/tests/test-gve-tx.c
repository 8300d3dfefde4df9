// SPDX-License-Identifier: GPL-2.0
/* DQO transmit: completions, checksums, segmentation. */
#include "gve_fake.h"

#define TX_RING		(MEM_BASE + 0x50000)
#define TX_COMP		(MEM_BASE + 0x52000)
#define TX_DATA		(MEM_BASE + 0x60000)

static unsigned int tail;
static uint8_t frame[NIC_FRAME_MAX];

static uint32_t create_tx(unsigned int q, uint16_t size)
{
	uint8_t p[48] = {};

	put_be32(p, q);
	put_be64(p + 8, RESOURCES(GVE_DB_TX + q));
	put_be64(p + 16, TX_RING);
	put_be32(p + 24, GVE_RAW_ADDRESSING);
	put_be32(p + 28, q);
	put_be64(p + 32, TX_COMP);
	put_be16(p + 40, size);
	put_be16(p + 42, size);
	return admin(AQ_CREATE_TX_QUEUE, p, sizeof(p));
}

static void start(void)
{
	fake_start(FORMAT_DQO_RDA);
	create_tx(0, ENTRIES);
	irq_doorbell(0, DQO_IRQ_ENABLE);
	tail = 0;
}

static uint8_t *next_desc(void)
{
	uint8_t *desc = mem(TX_RING) + tail % ENTRIES * DQO_TX_DESC_SIZE;

	memset(desc, 0, DQO_TX_DESC_SIZE);
	tail++;
	return desc;
}

static void put_general(void)
{
	next_desc()[8] = DQO_TXD_GENERAL;
}

static void put_tso(size_t total, size_t mss, size_t hdr_len)
{
	uint8_t *desc = next_desc();

	put_le32(desc, total);
	put_le16(desc + 4, mss);
	desc[6] = hdr_len;
	desc[8] = DQO_TXD_TSO | DQO_TX8_TSO;
}

static void put_packet(uint64_t addr, size_t len, uint8_t flags, uint16_t tag)
{
	uint8_t *desc = next_desc();

	memcpy(desc, &addr, sizeof(addr));
	desc[8] = DQO_TXD_PACKET | flags;
	put_le16(desc + 12, tag);
	put_le16(desc + 14, len);
}

static void kick(void)
{
	tx_doorbell(0, tail % ENTRIES);
}

static unsigned int comp_type(unsigned int i)
{
	return get_le16(mem(TX_COMP) + i * DQO_TXC_SIZE) >> DQO_TXC_TYPE_SHIFT & 7;
}

static unsigned int comp_value(unsigned int i)
{
	return get_le16(mem(TX_COMP) + i * DQO_TXC_SIZE + 2);
}

static bool comp_generation(unsigned int i)
{
	return get_le16(mem(TX_COMP) + i * DQO_TXC_SIZE) & DQO_TXC_GENERATION;
}

static bool checksums_good(const struct fake_frame *f)
{
	struct pkt pkt;

	pkt_parse(&pkt, f->data, f->len, 0x8100);
	return pkt_ip_csum_good(&pkt, f->data) && pkt_l4_csum(&pkt, f->data) == CSUM_GOOD;
}

static void test_plain(void)
{
	size_t len = build(&udp4, frame);

	start();
	memcpy(mem(TX_DATA), frame, len);
	put_general();
	put_packet(TX_DATA, 50, 0, 7);
	put_packet(TX_DATA + 50, len - 50, DQO_TX8_EOP, 7);
	kick();
	ok(fake.outs == 1 && fake.out[0].len == len && !memcmp(fake.out[0].data, frame, len),
	   "a frame in two pieces");
	ok(comp_type(0) == DQO_TXC_PACKET && comp_value(0) == 7 && comp_generation(0) &&
	   !comp_generation(1), "one completion, with its tag");
	ok(fake.irq[0] == 1 && !fake.strict, "an interrupt, no strict record");
}

static void test_order(void)
{
	unsigned int i, other = 0, sum = 0;

	start();
	for (i = 0; i < 12; i++)
		put_packet(TX_DATA, 100, DQO_TX8_EOP, i);
	kick();
	for (i = 0; i < 12; i++) {
		other += comp_value(i) != i;
		sum += comp_value(i);
	}
	ok(fake.outs == 12 && other > 5 && sum == 66, "completions in an order of their own");
	ok(fake.irq[0] == 1, "one interrupt for all");
}

static void test_report(void)
{
	unsigned int i;

	start();
	nic->knob_shuffle = 0;
	for (i = 0; i < 33; i++)
		put_packet(TX_DATA, 100, DQO_TX8_EOP | (i == 32 ? DQO_TX8_REPORT : 0), i);
	kick();
	for (i = 0; comp_type(i) == DQO_TXC_PACKET; i++)
		;
	ok(comp_type(i) == DQO_TXC_DESC && comp_value(i) == 33, "descriptors are reported");
	ok(!fake.strict, "32 descriptors apart");
	put_packet(TX_DATA, 100, DQO_TX8_EOP | DQO_TX8_REPORT, 0);
	kick();
	ok(fake.strict == 1, "but not from one to the next");
}

static void partial_sum(size_t l4, size_t len, size_t field)
{
	uint32_t pseudo = csum_add(17 + len - l4, frame + 26, 8);

	put_be16(frame + l4 + field, ~csum_fold(pseudo));
}

static void test_checksum(void)
{
	size_t len = build(&udp4, frame);

	start();
	partial_sum(34, len, 6);
	memcpy(mem(TX_DATA), frame, len);
	put_packet(TX_DATA, len, DQO_TX8_EOP | DQO_TX8_CSUM, 1);
	kick();
	ok(fake.outs == 1 && checksums_good(&fake.out[0]), "the UDP checksum is filled in");
	frame[23] = 1;
	memcpy(mem(TX_DATA), frame, len);
	put_packet(TX_DATA, len, DQO_TX8_EOP | DQO_TX8_CSUM, 1);
	kick();
	ok(fake.strict == 1 && fake.outs == 1, "none for ICMP");
}

static void test_tso(void)
{
	struct fake_flow f = udp4;
	bool good = true;
	unsigned int i;
	size_t len;

	start();
	f.proto = 6;
	f.payload = 2500;
	len = build(&f, frame);
	put_be16(frame + 50, ~csum_fold(csum_add(6, frame + 26, 8)));
	memcpy(mem(TX_DATA), frame, len);
	put_tso(2500, 1000, 54);
	put_general();
	put_packet(TX_DATA, len, DQO_TX8_EOP | DQO_TX8_CSUM, 3);
	kick();
	for (i = 0; i < 3; i++)
		good &= checksums_good(&fake.out[i]) &&
			get_be32(fake.out[i].data + 38) == i * 1000;
	ok(fake.outs == 3 && fake.out[2].len == 554, "2500 bytes in segments of 1000");
	ok(good && !fake.strict, "with right checksums and sequence numbers");
	put_tso(2400, 1000, 54);
	put_packet(TX_DATA, len, DQO_TX8_EOP | DQO_TX8_CSUM, 3);
	kick();
	ok(fake.strict == 1, "a length that is not that of the buffers");
	put_tso(2500, 1000, 66);
	put_packet(TX_DATA, len, DQO_TX8_EOP | DQO_TX8_CSUM, 3);
	kick();
	ok(fake.strict == 2 && fake.outs == 3, "headers that end elsewhere");
	put_tso(2500, 60, 54);
	put_packet(TX_DATA, len, DQO_TX8_EOP | DQO_TX8_CSUM, 3);
	kick();
	ok(fake.strict == 3, "segments that are too short");
}

static void test_wait(void)
{
	start();
	put_packet(TX_DATA, 100, 0, 1);
	kick();
	ok(!fake.outs && !comp_generation(0), "half a packet waits for the rest");
	fake.link = false;
	put_packet(TX_DATA, 100, DQO_TX8_EOP, 1);
	kick();
	ok(!fake.outs, "a packet waits for the link");
	fake.link = true;
	gve_model.link(nic, true);
	ok(fake.outs == 1 && fake.out[0].len == 200, "and goes when it is there");
}

static void test_strict(void)
{
	unsigned int i;

	start();
	put_packet(TX_DATA, 10, DQO_TX8_EOP, 1);
	kick();
	ok(fake.strict == 1 && !fake.outs, "a frame of 10 bytes");
	for (i = 0; i < 11; i++)
		put_packet(TX_DATA, 20, i == 10 ? DQO_TX8_EOP : 0, 1);
	kick();
	ok(fake.strict == 2 && !fake.outs, "eleven buffers");
	next_desc()[8] = 0x1e;
	put_packet(TX_DATA, 100, DQO_TX8_EOP, 1);
	kick();
	ok(fake.strict == 3, "a descriptor of unknown type");
	put_packet(MEM_BASE + MEM_SIZE, 100, DQO_TX8_EOP, 1);
	kick();
	ok(strstr(fake.strict_text, "outside memory"), "an address that was not given");
	ok(comp_type(3) == DQO_TXC_PACKET, "each is completed all the same");
	tx_doorbell(0, ENTRIES);
	ok(strstr(fake.strict_text, "doorbell"), "a doorbell outside the ring");
	ok(create_tx(1, 100) == AQ_INVALID_ARGUMENT, "a ring of 100");
}

int main(void)
{
	test_plain();
	test_order();
	test_report();
	test_checksum();
	test_tso();
	test_wait();
	test_strict();
	return done();
}
