// SPDX-License-Identifier: GPL-2.0
/* GQI, with raw addresses and with page lists. */
#include "gve_fake.h"

#define RX_DESC		(MEM_BASE + 0x50000)
#define RX_DATA		(MEM_BASE + 0x58000)
#define TX_RING		(MEM_BASE + 0x5a000)
#define PAGES		64

static uint8_t frame[NIC_FRAME_MAX];
static uint32_t req;

static void register_pages(void)
{
	uint8_t p[24];
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		put_be64(mem(SCRATCH) + i * 8, BUFFERS + (PAGES - 1 - i) * 4096ull);
	put_be32(p, 1);
	put_be32(p + 4, PAGES);
	put_be64(p + 8, SCRATCH);
	put_be64(p + 16, 4096);
	admin(AQ_REGISTER_PAGE_LIST, p, sizeof(p));
}

static void create_queues(uint32_t pages)
{
	uint8_t rx[56] = {}, tx[48] = {};

	put_be32(rx + 12, GVE_MAX_QUEUES);
	put_be64(rx + 16, RESOURCES(GVE_DB_RX));
	put_be64(rx + 24, RX_DESC);
	put_be64(rx + 32, RX_DATA);
	put_be32(rx + 40, pages);
	put_be16(rx + 44, ENTRIES);
	put_be16(rx + 46, 2048);
	admin(AQ_CREATE_RX_QUEUE, rx, 56);
	put_be64(tx + 8, RESOURCES(GVE_DB_TX));
	put_be64(tx + 16, TX_RING);
	put_be32(tx + 24, pages);
	put_be16(tx + 40, ENTRIES);
	admin(AQ_CREATE_TX_QUEUE, tx, sizeof(tx));
}

/* The address of an offset in the page list, whose pages are in reverse order. */
static uint8_t *in_list(uint64_t off)
{
	return mem(BUFFERS + (PAGES - 1 - off / 4096) * 4096 + off % 4096);
}

static void start(bool lists)
{
	unsigned int i;

	fake_start(lists ? FORMAT_GQI_QPL : FORMAT_GQI_RDA);
	if (lists)
		register_pages();
	create_queues(lists ? 1 : GVE_RAW_ADDRESSING);
	for (i = 0; i < ENTRIES; i++)
		put_be64(mem(RX_DATA) + i * 8, (lists ? 0 : BUFFERS) + i % 32 * 4096);
	irq_doorbell(GVE_MAX_QUEUES, 0);
	irq_doorbell(0, 0);
	req = 0;
}

static const uint8_t *desc(unsigned int i)
{
	return mem(RX_DESC) + i * GQI_RX_DESC_SIZE;
}

static size_t udp_frame(size_t payload)
{
	struct fake_flow f = udp4;

	f.payload = payload;
	return build(&f, frame);
}

static void test_receive(void)
{
	size_t len = udp_frame(500);
	unsigned int i;
	bool good = true;
	uint16_t sum;

	start(false);
	rx_doorbell(0, ENTRIES);
	receive_frame(frame, len);
	ok(get_be16(desc(0) + 60) == len + 2 && !memcmp(mem(BUFFERS) + 2, frame, len),
	   "a frame two bytes into its buffer");
	ok(get_be16(desc(0) + 62) == (GQI_RX_IPV4 | GQI_RX_UDP | 1), "type and sequence number");
	sum = ~csum_fold(csum_add(0, frame + 14, len - 14));
	ok(get_be16(desc(0) + 58) == sum, "the sum of all behind the Ethernet header");
	ok(fake.irq[GVE_MAX_QUEUES] == 1 && get_be32(desc(0) + 48), "interrupt and hash");
	for (i = 1; i < 20; i++)
		receive_frame(frame, len);
	for (i = 0; i < 20; i++)
		good &= (desc(i)[63] & 7) == i % 7 + 1;
	ok(good && !fake.strict, "sequence numbers from 1 to 7");
}

static void test_receive_long(void)
{
	size_t len = udp_frame(3000);

	start(true);
	rx_doorbell(0, 4);
	receive_frame(frame, len);
	ok(get_be16(desc(0) + 60) == 2048 && (get_be16(desc(0) + 62) & GQI_RX_CONTINUES) &&
	   get_be16(desc(1) + 60) == len - 2046 &&
	   !(get_be16(desc(1) + 62) & GQI_RX_CONTINUES), "a long frame takes two buffers");
	ok(!memcmp(in_list(0) + 2, frame, 2046) &&
	   !memcmp(in_list(4096), frame + 2046, len - 2046), "of the page list");
	receive_frame(frame, len);
	receive_frame(frame, len);
	ok(nic->fate.delivered == 2 && nic->fate.no_desc == 1, "and needs them");
	rx_doorbell(0, 4 + ENTRIES + 1);
	ok(fake.strict == 1, "more buffers than the ring has");
}

static void put_desc(uint8_t type, unsigned int count, size_t len, size_t seg, uint64_t addr)
{
	uint8_t *d = mem(TX_RING) + req++ % ENTRIES * GQI_TX_DESC_SIZE;

	d[0] = type;
	d[1] = 0;
	d[2] = 0;
	d[3] = count;
	put_be16(d + 4, len);
	put_be16(d + 6, seg);
	put_be64(d + 8, addr);
}

static void test_send(void)
{
	size_t len = udp_frame(500);

	start(true);
	memcpy(in_list(8192 + 4000), frame, 96);
	memcpy(in_list(12288), frame + 96, len - 96);
	put_desc(GQI_TXD_STD << 4, 3, len, 182, 8192 + 4000);
	put_desc(GQI_TXD_METADATA << 4, 0, 0, 0, 0);
	put_desc(GQI_TXD_SEG << 4, 0, 0, len - 182, 12288 + 86);
	tx_doorbell(0, req);
	ok(fake.outs == 1 && fake.out[0].len == len && !memcmp(fake.out[0].data, frame, len),
	   "a frame whose pieces go over pages");
	ok(get_be32(mem(COUNTERS)) == 3 && fake.irq[0] == 1, "the event counter and an interrupt");
	put_desc(GQI_TXD_STD << 4, 1, len, len, PAGES * 4096);
	tx_doorbell(0, req);
	ok(fake.strict == 1 && fake.outs == 1, "an offset outside the page list");
	put_desc(GQI_TXD_STD << 4, 1, 60, 61, 0);
	tx_doorbell(0, req);
	ok(fake.strict == 2 && get_be32(mem(COUNTERS)) == 5, "pieces of another length");
	tx_doorbell(0, req - 1);
	ok(fake.strict == 3, "a doorbell that goes back");
}

static void test_segments(void)
{
	struct fake_flow f = udp4;
	struct pkt pkt;
	size_t len;

	start(false);
	f.proto = 6;
	f.payload = 2500;
	len = build(&f, frame);
	put_be16(frame + 50, ~csum_fold(csum_add(6 + len - 34, frame + 26, 8)));
	memcpy(mem(BUFFERS), frame, len);
	put_desc(GQI_TXD_TSO << 4 | GQI_TXF_L4CSUM, 2, len, 54, BUFFERS);
	put_desc(GQI_TXD_SEG << 4, 7, 1000, len - 54, BUFFERS + 54);
	tx_doorbell(0, req);
	pkt_parse(&pkt, fake.out[2].data, fake.out[2].len, 0x8100);
	ok(fake.outs == 3 && fake.out[2].len == 554 &&
	   pkt_l4_csum(&pkt, fake.out[2].data) == CSUM_GOOD, "segments with checksums");
	ok(!fake.strict, "no strict record");
}

int main(void)
{
	test_receive();
	test_receive_long();
	test_send();
	test_segments();
	return done();
}
