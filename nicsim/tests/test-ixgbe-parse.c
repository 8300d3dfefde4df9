// SPDX-License-Identifier: GPL-2.0
/* RSS against the verification suite of the RSS specification, checksums. */
#include <arpa/inet.h>

#include "ixgbe_fake.h"

static const uint8_t rss_key[TOEPLITZ_KEY_LEN] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

static const struct {
	const char *dst, *src;
	uint16_t dport, sport;
	uint32_t l3_hash, l4_hash;
} vector[] = {
	{ "161.142.100.80", "66.9.149.187", 1766, 2794, 0x323e8fc2, 0x51ccc178 },
	{ "65.69.140.83", "199.92.111.2", 4739, 14230, 0xd718262a, 0xc626b0ea },
	{ "12.22.207.184", "24.19.198.95", 38024, 12898, 0xd2d0a5de, 0x5c2b394a },
	{ "209.142.163.6", "38.27.205.30", 2217, 48228, 0x82989176, 0xafc7327f },
	{ "202.188.127.2", "153.39.163.191", 1303, 44251, 0x5d1809c5, 0x10e828a2 },
	{ "3ffe:2501:200:3::1", "3ffe:2501:200:1fff::7", 1766, 2794, 0x2cc18cd5, 0x40207d3d },
	{ "ff02::1", "3ffe:501:8::260:97ff:fe40:efab", 4739, 14230, 0x0f0c461c, 0xdde51bbf },
	{ "fe80::200:f8ff:fe21:67cf", "3ffe:1900:4545:3:200:f8ff:fe21:67cf", 38024, 44251,
	  0x4b61e985, 0x02d1feef },
};

static void rss_setup(uint32_t fields)
{
	unsigned int i;

	fake_start();
	for (i = 0; i < TOEPLITZ_KEY_LEN; i += 4)
		wr(IXG_RSSRK(i / 4), rss_key[i] | rss_key[i + 1] << 8 | rss_key[i + 2] << 16 |
				     (uint32_t)rss_key[i + 3] << 24);
	for (i = 0; i < 32; i++)
		wr(IXG_RETA(i), i < 16 ? 0x03020100 : 0x00010203);
	wr(IXG_MRQC, MRQC_MODE_RSS | fields);
	for (i = 0; i < 4; i++)
		rx_queue(i, DESCTYPE_ONE_BUFFER << SRRCTL_DESCTYPE_SHIFT | 2, RING_ENTRIES - 1);
	rx_on();
}

static struct fake_desc find_desc(unsigned int *queue)
{
	for (*queue = 0; *queue < 4; ++*queue)
		if (rx_desc(*queue, 0).status & RXD_STAT_DD)
			return rx_desc(*queue, 0);
	return (struct fake_desc){};
}

static void check_hash(const char *name, const struct fake_flow *f, uint32_t fields, uint32_t hash,
		       unsigned int type)
{
	uint8_t frame[2048];
	unsigned int queue, expected = 0;
	struct fake_desc d;

	rss_setup(fields);
	receive_frame(frame, build(f, frame));
	d = find_desc(&queue);
	if (type)
		expected = hash & 64 ? 3 - (hash & 3) : hash & 3;
	ok(d.hash == hash && (d.info & 0xf) == type && queue == expected && !fake.strict,
	   "%s: hash %#x type %u queue %u", name, d.hash, d.info & 0xf, queue);
}

static void test_rss(void)
{
	const uint32_t all = MRQC_TCP_IPV4 | MRQC_IPV4 | MRQC_IPV6 | MRQC_TCP_IPV6;
	struct fake_flow f;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vector); i++) {
		f = (struct fake_flow){ .sport = vector[i].sport, .dport = vector[i].dport };
		f.ipv6 = strchr(vector[i].src, ':');
		inet_pton(f.ipv6 ? AF_INET6 : AF_INET, vector[i].src, f.src);
		inet_pton(f.ipv6 ? AF_INET6 : AF_INET, vector[i].dst, f.dst);
		f.proto = 6;
		check_hash(f.ipv6 ? "TCP/IPv6" : "TCP/IPv4", &f, all, vector[i].l4_hash,
			   f.ipv6 ? RXD_RSSTYPE_TCP_IPV6 : RXD_RSSTYPE_TCP_IPV4);
		f.proto = 17;
		check_hash(f.ipv6 ? "IPv6" : "IPv4", &f, all, vector[i].l3_hash,
			   f.ipv6 ? RXD_RSSTYPE_IPV6 : RXD_RSSTYPE_IPV4);
		check_hash("UDP ports", &f, all | MRQC_UDP_IPV4 | MRQC_UDP_IPV6, vector[i].l4_hash,
			   f.ipv6 ? RXD_RSSTYPE_UDP_IPV6 : RXD_RSSTYPE_UDP_IPV4);
	}
	f.ipv6 = false;
	check_hash("no field enabled", &f, 0, 0, RXD_RSSTYPE_NONE);
}

#define IP	RXD_STAT_IPCS
#define L4	RXD_STAT_L4CS
#define UDPCS	RXD_STAT_UDPCS
#define CSUM	(IP | L4 | UDPCS | RXD_ERR_IPE | RXD_ERR_L4E)

static const struct {
	const char *name;
	struct fake_flow flow;
	uint32_t status;
} csum_case[] = {
	{ "UDP/IPv4 good", { .proto = 17, .payload = 33 }, IP | L4 | UDPCS },
	{ "UDP/IPv4 bad", { .proto = 17, .payload = 33, .bad_l4 = true },
	  IP | L4 | UDPCS | RXD_ERR_L4E },
	{ "UDP/IPv4 without checksum", { .proto = 17, .no_csum = true }, IP },
	{ "TCP/IPv4 good", { .proto = 6, .payload = 1 }, IP | L4 },
	{ "TCP/IPv4 bad", { .proto = 6, .payload = 1000, .bad_l4 = true }, IP | L4 | RXD_ERR_L4E },
	{ "IPv4 header bad", { .proto = 6, .bad_ip = true }, IP | L4 | RXD_ERR_IPE },
	{ "fragment", { .proto = 17, .payload = 64, .frag = 0x2000 }, IP | RXD_ERR_IPE },
	{ "later fragment", { .proto = 17, .payload = 64, .frag = 0x0008 }, IP | RXD_ERR_IPE },
	{ "UDP/IPv6 good", { .ipv6 = true, .proto = 17, .payload = 5 }, L4 | UDPCS },
	{ "TCP/IPv6 bad", { .ipv6 = true, .proto = 6, .payload = 9, .bad_l4 = true },
	  L4 | RXD_ERR_L4E },
	{ "TCP/IPv4 in a VLAN", { .proto = 6, .vlan = true, .tci = 5, .payload = 77 }, IP | L4 },
	{ "unknown protocol", { .proto = 99, .payload = 30 }, IP },
};

static void test_checksums(void)
{
	uint8_t frame[2048];
	uint32_t status, errors;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(csum_case); i++) {
		fake_start();
		rx_queue(0, DESCTYPE_ONE_BUFFER << SRRCTL_DESCTYPE_SHIFT | 2, RING_ENTRIES - 1);
		rx_on();
		receive_frame(frame, build(&csum_case[i].flow, frame));
		status = rx_desc(0, 0).status;
		errors = !!(csum_case[i].status & (RXD_ERR_IPE | RXD_ERR_L4E));
		ok((status & CSUM) == csum_case[i].status && (status & RXD_STAT_DD) &&
		   rd(IXG_XEC) == errors,
		   "checksum, %s: status %#x", csum_case[i].name, status);
	}
}

/* Only some MACs report fragments as wrong, and a knob stops that. */
static void test_fragments(void)
{
	struct fake_flow f = { .proto = 17, .payload = 64, .frag = 0x2000 };
	uint8_t frame[2048];
	uint32_t status[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		model = i ? &ixgbe_82599_model : &ixgbe_x550_model;
		fake_start();
		nic->fragments_right = i;
		rx_queue(0, DESCTYPE_ONE_BUFFER << SRRCTL_DESCTYPE_SHIFT | 2, RING_ENTRIES - 1);
		rx_on();
		receive_frame(frame, build(&f, frame));
		status[i] = rx_desc(0, 0).status & CSUM;
	}
	ok(status[0] == IP && status[1] == IP, "a fragment's IP checksum: X550 and by knob");
}

static void test_malformed(void)
{
	uint8_t frame[256];
	struct pkt pkt;
	unsigned int len;
	bool inside = true;

	build(&udp4, frame);
	for (len = 0; len < 142; len++) {
		pkt_parse(&pkt, frame, len, 0x8100);
		inside &= pkt.l2_end <= len && pkt.l3_end <= len && pkt.l4_end <= len;
		inside &= !pkt.l4_fits || pkt.l3_end + pkt.l4_len <= len;
	}
	ok(inside, "a frame cut anywhere is never read beyond its end");
	pkt_parse(&pkt, frame, 142, 0x8100);
	ok(pkt.l4_fits && pkt.l4_end == 42, "the whole frame is understood");
}

int main(void)
{
	test_rss();
	test_checksums();
	test_fragments();
	test_malformed();
	return done();
}
