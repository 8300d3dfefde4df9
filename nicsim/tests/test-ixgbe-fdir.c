// SPDX-License-Identifier: GPL-2.0
/* Flow director: perfect filters under masks, signature filters. */
#include <arpa/inet.h>

#include "ixgbe_fake.h"

#define ONE_BUFFER	(DESCTYPE_ONE_BUFFER << SRRCTL_DESCTYPE_SHIFT | 2)
#define PBALLOC_64K	1
#define DROP_QUEUE	127
#define FLEX_ETHERTYPE	(6u << FDIRCTRL_FLEX_SHIFT)
#define MASK_ALL	(FDIRM_VLANID | FDIRM_VLANP | FDIRM_POOL | FDIRM_FLEX)

static void start(uint32_t ctrl)
{
	unsigned int q;

	fake_start();
	wr(IXG_FDIRHKEY, 0x3dad14e2);
	wr(IXG_FDIRSKEY, 0x174d3614);
	wr(IXG_FDIRM, MASK_ALL);
	wr(IXG_FDIRCTRL, PBALLOC_64K | DROP_QUEUE << FDIRCTRL_DROP_Q_SHIFT | FLEX_ETHERTYPE | ctrl);
	for (q = 0; q < 4; q++)
		rx_queue(q, ONE_BUFFER, RING_ENTRIES - 1);
	rx_on();
}

/* The queue that the frame went to, or -1. */
static int queue_of(const struct fake_flow *f)
{
	uint32_t before[4];
	uint8_t frame[2048];
	unsigned int q;
	size_t len = build(f, frame);

	for (q = 0; q < 4; q++)
		before[q] = rd(ixgbe_rx_base(q) + RX_RDH);
	receive_frame(frame, len);
	for (q = 0; q < 4; q++)
		if (rd(ixgbe_rx_base(q) + RX_RDH) != before[q])
			return q;
	return -1;
}

static uint32_t raw32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t command(const struct fake_flow *f, unsigned int queue, uint32_t more)
{
	return FDIRCMD_ADD | FDIRCMD_FILTER_UPDATE | FDIRCMD_QUEUE_EN | more |
	       (f->proto == 6 ? L4_TCP : L4_UDP) << FDIRCMD_L4TYPE_SHIFT |
	       queue << FDIRCMD_QUEUE_SHIFT;
}

static void add_perfect(const struct fake_flow *f, unsigned int id, unsigned int queue,
			uint32_t more)
{
	wr(IXG_FDIRIPSA, raw32(f->src));
	wr(IXG_FDIRIPDA, raw32(f->dst));
	wr(IXG_FDIRPORT, f->sport | (uint32_t)f->dport << 16);
	wr(IXG_FDIRVLAN, f->tci);
	wr(IXG_FDIRHASH, id << 16 | 0x123);
	wr(IXG_FDIRCMD, command(f, queue, more));
}

static void test_perfect(void)
{
	struct fake_flow f = udp4;

	start(FDIRCTRL_PERFECT);
	ok(rd(IXG_FDIRCTRL) & FDIRCTRL_INIT_DONE, "INIT_DONE");
	ok(queue_of(&udp4) == 0, "no filter: queue 0");
	add_perfect(&udp4, 7, 3, 0);
	ok(!(rd(IXG_FDIRCMD) & FDIRCMD_CMD) && queue_of(&udp4) == 3, "a filter steers");
	ok(rx_desc(3, 0).status & RXD_STAT_FLM, "and says so in the descriptor");
	f.sport++;
	ok(queue_of(&f) == 0, "another source port does not match");
	f = udp4;
	f.dport--;
	ok(queue_of(&f) == 0, "another destination port does not match");
	f = udp4;
	f.src[3]++;
	ok(queue_of(&f) == 0, "another source address does not match");
	f = udp4;
	f.proto = 6;
	ok(queue_of(&f) == 0, "TCP does not match a filter for UDP");
	f = udp4;
	f.frag = 0x2000;
	ok(queue_of(&f) == 0, "a fragment has no ports");
	ok(rd(IXG_FDIRMATCH) == 1 && rd(IXG_FDIRMISS) == 6 && !rd(IXG_FDIRMISS),
	   "FDIRMATCH and FDIRMISS");
	add_perfect(&udp4, 7, 2, 0);
	ok(queue_of(&udp4) == 2 && rd(IXG_FDIRFREE) == 2045, "the same filter is updated");
	ok(!fake.strict, "no strict record");
}

static void test_masks(void)
{
	struct fake_flow f = udp4;

	start(FDIRCTRL_PERFECT);
	add_perfect(&udp4, 1, 2, 0);
	wr(IXG_FDIRSIP4M, 0xffffffff);
	f.src[0] = 99;
	ok(queue_of(&f) == 2, "the source address masked");
	wr(IXG_FDIRSIP4M, raw32((const uint8_t[]){ 0, 0, 0, 255 }));
	f = udp4;
	f.src[3] = 200;
	ok(queue_of(&f) == 2, "its last byte masked");
	f.src[2] = 200;
	ok(queue_of(&f) == 0, "another byte differs");
	f = udp4;
	f.sport ^= 1;
	wr(IXG_FDIRUDPM, 0x00008000);
	ok(queue_of(&f) == 2, "bit 0 of the source port masked");
	f.sport ^= 2;
	ok(queue_of(&f) == 0, "bit 1 is not");
	f = udp4;
	f.sport = 5;
	wr(IXG_FDIRUDPM, 0x0000ffff);
	ok(queue_of(&f) == 2, "the source port masked");
	f.dport = 2001;
	ok(queue_of(&f) == 0, "the destination port is not");
	wr(IXG_FDIRUDPM, 0x8000ffff);
	ok(queue_of(&f) == 2, "bit 15 of a mask is for bit 0 of the port");
	f.proto = 6;
	ok(queue_of(&f) == 0, "L4 type");
	wr(IXG_FDIRM, MASK_ALL | FDIRM_L4P);
	ok(queue_of(&f) == 2, "L4 type masked, and the ports with it");
	f = udp4;
	f.vlan = true;
	f.tci = 0x2005;
	ok(queue_of(&f) == 2, "VLAN masked");
	wr(IXG_FDIRM, (MASK_ALL & ~FDIRM_VLANID) | FDIRM_L4P);
	ok(queue_of(&f) == 0, "VLAN ID compared");
	add_perfect(&f, 2, 1, 0);
	f.tci = 0x4005;
	ok(queue_of(&f) == 1, "VLAN ID alike, priority masked");
}

static void test_commands(void)
{
	start(FDIRCTRL_PERFECT);
	wr(IXG_RQSMR(DROP_QUEUE / 4), 9u << 24);
	add_perfect(&udp4, 4, DROP_QUEUE, FDIRCMD_DROP);
	ok(queue_of(&udp4) == -1 && rd(IXG_QPRDC(9)) == 1, "a filter that drops, and the counter");
	wr(IXG_FDIRHASH, 4 << 16 | 0x123);
	wr(IXG_FDIRCMD, FDIRCMD_QUERY);
	ok(rd(IXG_FDIRCMD) & FDIRCMD_FILTER_VALID, "query finds it");
	wr(IXG_FDIRCMD, FDIRCMD_REMOVE);
	ok(queue_of(&udp4) == 0, "removed");
	wr(IXG_FDIRCMD, FDIRCMD_QUERY);
	ok(!(rd(IXG_FDIRCMD) & FDIRCMD_FILTER_VALID), "query finds it no more");
	ok(rd(IXG_FDIRUSTAT) == (1 | 1 << 16) && !rd(IXG_FDIRUSTAT), "FDIRUSTAT");
	add_perfect(&udp4, 4, 1, 0);
	wr(IXG_FDIRCMD, FDIRCMD_CLEARHT);
	ok(queue_of(&udp4) == 0, "CLEARHT removes all");
	fake_start();
	wr(IXG_FDIRCMD, FDIRCMD_ADD);
	ok(fake.strict == 1, "a command before FDIRCTRL: %s", fake.strict_text);
}

/* What the driver programs for these TCP flows with the keys above. */
static const struct {
	const char *src, *dst;
	uint16_t sport, dport, vlan;
	uint32_t hash;
} signature[] = {
	{ "10.0.0.1", "10.0.0.2", 1000, 2000, 0, 0x38fe2c19 },
	{ "192.168.77.3", "172.16.200.9", 443, 51234, 0, 0x781322d7 },
	{ "10.0.0.1", "10.0.0.2", 1000, 2000, 100, 0x2c4b30cf },
	{ "2001:db8::1", "2001:db8::ffff:2", 40000, 80, 0, 0x567f354a },
};

static void test_signature(void)
{
	struct fake_flow f;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(signature); i++) {
		start(0);
		f = (struct fake_flow){ .proto = 6, .payload = 10 };
		f.ipv6 = strchr(signature[i].src, ':');
		inet_pton(f.ipv6 ? AF_INET6 : AF_INET, signature[i].src, f.src);
		inet_pton(f.ipv6 ? AF_INET6 : AF_INET, signature[i].dst, f.dst);
		f.sport = signature[i].sport;
		f.dport = signature[i].dport;
		f.tci = signature[i].vlan;
		f.vlan = f.tci;
		/* one write of 8 bytes, as the driver does it */
		model->bar_write(nic, 0, IXG_FDIRHASH,
					    (uint64_t)command(&f, 2, 0) << 32 |
					    signature[i].hash, 8);
		ok(queue_of(&f) == 2, "signature filter for %s", signature[i].src);
		f.dport++;
		ok(queue_of(&f) == 0, "and for no other port");
	}
}

int main(void)
{
	test_perfect();
	test_masks();
	test_commands();
	test_signature();
	return done();
}
