// SPDX-License-Identifier: GPL-2.0
/* Where the X550 differs from the 82599. */
#include "ixgbe_fake.h"

#define ONE_BUFFER(kib)	(DESCTYPE_ONE_BUFFER << SRRCTL_DESCTYPE_SHIFT | (kib))
#define STAMP_ALL	(TSYNCRXCTL_EN | TSYNCRXCTL_TYPE_ALL | TSYNCRXCTL_TSIP_UT)
#define PHY(mmd, reg)	((uint32_t)(mmd) << MSCA_DEVICE_SHIFT | (reg))
#define S		1000000000ull

static uint8_t frame[NIC_FRAME_MAX];

static void start(uint32_t srrctl, unsigned int posted)
{
	fake_start();
	rx_queue(0, srrctl, posted);
	rx_on();
}

static size_t udp_frame(size_t len)
{
	struct fake_flow f = udp4;

	f.payload = len - 42;
	return build(&f, frame);
}

/* In the order in which the driver does it. */
static void sync_change(uint32_t set, uint32_t clear)
{
	uint32_t val = rd(IXG_SW_FW_SYNC);

	wr(IXG_SW_FW_SYNC, (val | set) & ~clear & ~SYNC_REGSMP);
}

static void test_sync(void)
{
	fake_start();
	ok(!(rd(IXG_SW_FW_SYNC) & SYNC_REGSMP) && (rd(IXG_SW_FW_SYNC) & SYNC_REGSMP),
	   "REGSMP is taken by reading");
	wr(IXG_SW_FW_SYNC, SYNC_PHY0);
	ok(rd(IXG_SW_FW_SYNC) == SYNC_PHY0, "and given back by writing");
	wr(IXG_SW_FW_SYNC, SYNC_PHY0);
	wr(IXG_CTRL, CTRL_RST);
	ok(rd(IXG_SW_FW_SYNC) == SYNC_PHY0, "what is held outlives a reset of the MAC");
	wr(IXG_SW_FW_SYNC, 0);
	ok(!fake.strict, "no strict record");
	wr(IXG_SW_FW_SYNC, SYNC_PHY0);
	ok(fake.strict == 1, "written without REGSMP: %s", fake.strict_text);
}

static uint16_t phy_read(unsigned int port, uint32_t address)
{
	uint32_t frame_bits = MSCA_MDI_COMMAND | port << MSCA_PORT_SHIFT | address;

	wr(IXG_MSCA, frame_bits);
	wr(IXG_MSCA, frame_bits | (uint32_t)MSCA_OP_READ << MSCA_OP_SHIFT);
	return rd(IXG_MSCA) & MSCA_MDI_COMMAND ? 0 : rd(IXG_MSRWD) >> MSRWD_READ_SHIFT;
}

static void phy_write(uint32_t address, uint16_t val)
{
	wr(IXG_MSRWD, val);
	wr(IXG_MSCA, MSCA_MDI_COMMAND | address);
	wr(IXG_MSCA, MSCA_MDI_COMMAND | address | (uint32_t)MSCA_OP_WRITE << MSCA_OP_SHIFT);
}

static void test_phy(void)
{
	fake_start();
	sync_change(SYNC_PHY0, 0);
	ok(phy_read(0, PHY(1, 2)) == 0x0154 && phy_read(0, PHY(1, 3)) == 0x0221,
	   "the PHY's identity");
	ok((phy_read(0, PHY(1, 8)) & 0xc000) == 0x8000, "its PMA is there");
	ok(phy_read(1, PHY(1, 2)) == 0xffff, "no other PHY");
	phy_write(PHY(7, 32), 0x0123);
	ok(phy_read(0, PHY(7, 32)) == 0x0123, "a register that can be written");
	phy_write(PHY(7, 0), 0x3200);
	ok(phy_read(0, PHY(7, 0)) == 0x3000, "the restart of negotiation clears itself");
	ok(phy_read(0, PHY(7, 1)) & 0x0024, "negotiated, with a link");
	ok(!fake.strict, "no strict record");
	wr(IXG_MSCA, MSCA_MDI_COMMAND | (uint32_t)MSCA_OP_READ << MSCA_OP_SHIFT | PHY(7, 32));
	ok(fake.strict == 1, "a read of another address: %s", fake.strict_text);
	phy_read(0, PHY(1, 0x1234));
	ok(fake.strict == 2, "an unknown register: %s", fake.strict_text);
	sync_change(0, SYNC_PHY0);
	phy_read(0, PHY(1, 2));
	ok(fake.strict > 2, "without the semaphore: %s", fake.strict_text);
}

static void test_power(void)
{
	start(ONE_BUFFER(2), 4);
	wr(IXG_IVAR_MISC, (IVAR_VALID | 9) << 8);
	wr(IXG_EIMS, EICR_LSC);
	sync_change(SYNC_PHY0, 0);
	phy_write(PHY(30, 0), 0x0800);
	ok(!(rd(IXG_LINKS) & LINKS_UP) && fake.irq[9] == 1, "low power: no link, and LSC");
	receive_frame(frame, udp_frame(100));
	ok(!(rx_desc(0, 0).status & RXD_STAT_DD) && nic->fate.rx_off == 1, "and no frames");
	wr(IXG_CTRL, CTRL_RST);
	ok(!(rd(IXG_LINKS) & LINKS_UP), "a reset of the MAC does not wake it");
	phy_write(PHY(30, 0), 0);
	ok(rd(IXG_LINKS) & LINKS_UP, "power gives the link back");
}

static void put_command(const uint8_t *buf, size_t len)
{
	uint32_t word;
	size_t i;

	for (i = 0; i < len; i += 4) {
		word = get_le32(buf + i);
		wr(IXG_FLEX_MNG + i, word);
	}
	wr(IXG_HICR, HICR_EN | HICR_C);
}

static bool succeeded(void)
{
	return (rd(IXG_HICR) & (HICR_C | HICR_SV)) == HICR_SV;
}

static bool ee_command(uint8_t command, uint32_t word, uint16_t bytes, uint16_t data)
{
	uint8_t buf[16] = { command, 0, command == 0x33 ? 10 : 6, 0xff };

	put_be32(buf + 4, word * 2);
	put_be16(buf + 8, bytes);
	put_le16(buf + 12, data);
	put_command(buf, sizeof(buf));
	return succeeded();
}

static void test_eeprom(void)
{
	uint16_t sum = 0;
	unsigned int i;

	fake_start();
	ok((rd(IXG_EEC) & EEC_PRES) &&
	   64 << (rd(IXG_EEC) >> EEC_SIZE_SHIFT & 0xf) == IXG_EEPROM_MAX, "EEC says its size");
	ok(rd(IXG_HICR) == HICR_EN, "there is a host interface");
	sync_change(SYNC_MNG | SYNC_EEPROM, 0);
	ok(ee_command(0x31, 0, 0x42 * 2, 0), "a read of words 0 to 0x41");
	for (i = 0; i < 0x42; i++)
		sum += rd(IXG_FLEX_MNG + 12 + i / 2 * 4) >> (i % 2 * 16);
	ok(sum == 0xbaba, "EEPROM checksum");
	ok(ee_command(0x33, 0x30, 2, 0x1234) && ee_command(0x31, 0x30, 2, 0) &&
	   (uint16_t)rd(IXG_FLEX_MNG + 12) == 0x1234, "a word is written");
	ok(!fake.strict, "no strict record");
	ok(!ee_command(0x31, IXG_EEPROM_MAX - 1, 4, 0) && fake.strict == 1, "beyond its end: %s",
	   fake.strict_text);
	ok(!ee_command(0x99, 0, 0, 0) && fake.strict == 2, "%s", fake.strict_text);
	sync_change(0, SYNC_EEPROM);
	ee_command(0x31, 0, 2, 0);
	ok(fake.strict == 3, "%s", fake.strict_text);
	sync_change(SYNC_EEPROM, SYNC_MNG);
	ee_command(0x31, 0, 2, 0);
	ok(fake.strict == 4, "%s", fake.strict_text);
}

static void test_commands(void)
{
	uint8_t info[16] = { 0xdd, 9, 0, 0, 0, 1, 2, 3, 4, 'n', 'i' };
	uint8_t off[8] = { 0xde, 1, 0, 0xff }, sum = 0;
	unsigned int i;

	start(ONE_BUFFER(2), 4);
	sync_change(SYNC_MNG, 0);
	put_command(off, sizeof(off));
	ok(succeeded() && !(rd(IXG_RXCTRL) & RXCTRL_RXEN), "reception is turned off");
	for (i = 0; i < 13; i++)
		sum += info[i];
	info[3] = -sum;
	put_command(info, sizeof(info));
	ok(succeeded() && (rd(IXG_FLEX_MNG) >> 16 & 0xff) == 1 && !fake.strict,
	   "the driver's version");
	info[3]++;
	put_command(info, sizeof(info));
	ok(!succeeded() && fake.strict == 1, "%s", fake.strict_text);
}

/* The flow's queue is its hash modulo 64 when entry n of the table has n % 64. */
static void test_rss(void)
{
	struct fake_flow f = udp4;
	bool used[512] = { false };
	unsigned int i, many = 0, good = 0;
	struct pkt pkt;

	fake_start();
	for (i = 0; i < 10; i++)
		wr(IXG_RSSRK(i), 0x6d5a56da * (i + 1));
	wr(IXG_MRQC, MRQC_MODE_RSS | MRQC_IPV4);
	for (i = 0; i < 512; i += 4)
		wr(i < 128 ? IXG_RETA(i / 4) : IXG_ERETA(i / 4 - 32),
		   (i % 64) * 0x01010101u + 0x03020100);
	for (i = 0; i < 4096; i++) {
		size_t len;
		unsigned int type;
		uint32_t hash;

		put_be32(f.src, 0x0a000000 + i * 77);
		len = build(&f, frame);
		pkt_parse(&pkt, frame, len, 0x8100);
		hash = ixgbe_rss_hash(nic, &pkt, frame, &type);
		good += ixgbe_rss_queue(nic, hash) == hash % 64;
		used[hash % 512] = true;
	}
	for (i = 0; i < 512; i++)
		many += used[i];
	ok(good == 4096 && many > 500, "512 entries of six bits: %u right, %u used", good, many);
	wr(IXG_ERETA(95), 0x3f000000);
	ok(ixgbe_rss_queue(nic, 511) == 63 && ixgbe_rss_queue(nic, 127) == 63 &&
	   ixgbe_rss_queue(nic, 383) == 63, "the last of each part of the table");
	wr(IXG_ERETA(95), 0x05000000);
	ok(ixgbe_rss_queue(nic, 511) == 5 && ixgbe_rss_queue(nic, 127) == 63,
	   "apart from each other");
}

static void test_rlpml(void)
{
	start(ONE_BUFFER(1), RING_ENTRIES - 1);
	wr(IXG_RQSMR(0), 3);
	wr(ixgbe_rx_base(0) + RX_RXDCTL, RXDCTL_ENABLE | RXDCTL_RLPML_EN | 1004);
	receive_frame(frame, udp_frame(1001));
	ok(!(rx_desc(0, 0).status & RXD_STAT_DD) && nic->fate.too_long == 1 &&
	   rd(IXG_QPRDC(3)) == 1, "a frame with its FCS over RLPML is dropped and counted");
	receive_frame(frame, udp_frame(1000));
	ok(rx_desc(0, 0).length == 1000, "exactly RLPML passes");
	wr(ixgbe_rx_base(0) + RX_RXDCTL, RXDCTL_ENABLE | 1004);
	receive_frame(frame, udp_frame(1500));
	ok(rx_desc(0, 1).length == 1024 && rx_desc(0, 2).length == 1500 - 1024,
	   "without RLPML_EN it takes more buffers");
	model = &ixgbe_82599_model;
	start(ONE_BUFFER(2), 4);
	wr(ixgbe_rx_base(0) + RX_RXDCTL, RXDCTL_ENABLE | RXDCTL_RLPML_EN | 1004);
	receive_frame(frame, udp_frame(1500));
	ok(rx_desc(0, 0).length == 1500, "the 82599 does not look at it");
	model = &ixgbe_x550_model;
}

static uint64_t clock_ns(void)
{
	rd(IXG_SYSTIMR);
	return rd(IXG_SYSTIML) + rd(IXG_SYSTIML + 4) * S;
}

static void test_clock(void)
{
	fake_start();
	fake_advance(S);
	ok(!clock_ns(), "the clock is off at first");
	wr(IXG_TSAUXC, 0);
	fake_advance(2 * S + 345);
	ok(clock_ns() == 2 * S + 345, "and counts nanoseconds");
	fake_advance(1000);
	ok(rd(IXG_SYSTIML) == 345, "SYSTIML stays until SYSTIMR is read");
	wr(IXG_TIMINCA, 0x10000000);	/* 2^-4 ns in 12.5 ns */
	fake_advance(200 * S);
	ok(clock_ns() == 203 * S + 1345, "faster by 0.5%%");
	wr(IXG_TIMINCA, TIMINCA_X550_MINUS | 0x10000000);
	fake_advance(200 * S);
	ok(clock_ns() == 402 * S + 1345, "slower, and what was counted stays");
	wr(IXG_SYSTIMR, 0);
	wr(IXG_SYSTIML, 5);
	wr(IXG_SYSTIML + 4, 7);
	ok(clock_ns() == 7 * S + 5, "it can be set");
	wr(IXG_TSAUXC, TSAUXC_DISABLE_SYSTIME);
	fake_advance(S);
	ok(clock_ns() == 7 * S + 5 && !fake.strict, "and stopped");
}

static bool stamp_is(const uint8_t *p, uint32_t sec, uint32_t ns)
{
	return get_le32(p) == ns && get_le32(p + 4) == sec;
}

static void test_stamp(void)
{
	struct fake_flow f = udp4;
	size_t len;

	start(ONE_BUFFER(2), RING_ENTRIES - 1);
	wr(IXG_TSAUXC, 0);
	fake_advance(3 * S + 17);
	len = udp_frame(500);
	receive_frame(frame, len);
	ok(rx_desc(0, 0).length == len && !(rx_desc(0, 0).status & RXD_STAT_TSIP),
	   "no stamp by itself");
	wr(IXG_TSYNCRXCTL, STAMP_ALL);
	receive_frame(frame, len);
	ok(rx_desc(0, 1).length == len + 8 && (rx_desc(0, 1).status & RXD_STAT_TSIP) &&
	   !memcmp(rx_buf(0, 1), frame, len) && stamp_is(rx_buf(0, 1) + len, 3, 17),
	   "frame, then eight bytes of stamp");
	f.vlan = true;
	f.tci = 3 << 13 | 5;
	len = build(&f, frame);
	receive_frame(frame, len);
	ok(rx_desc(0, 2).length == len && !(rx_desc(0, 2).status & RXD_STAT_TSIP),
	   "a tagged frame is not an untagged one");
	wr(IXG_TSYNCRXCTL, STAMP_ALL | BIT32(TSYNCRXCTL_TSIP_UP + 3));
	wr(ixgbe_rx_base(0) + RX_RXDCTL, RXDCTL_ENABLE | RXDCTL_VME);
	receive_frame(frame, len);
	ok(rx_desc(0, 3).length == len + 4 && (rx_desc(0, 3).status & RXD_STAT_TSIP) &&
	   stamp_is(rx_buf(0, 3) + len - 4, 3, 17), "unless its priority is asked for, too");
	ok(rd(IXG_QBRC_L(0)) == 500 + 500 + 2 * len && !fake.strict,
	   "a stamp is no byte of the frame");
	wr(IXG_TSYNCRXCTL, TSYNCRXCTL_EN | 0xa);
	ok(fake.strict == 1, "%s", fake.strict_text);
}

/* In two buffers of 1 KiB, of which the second has only the rest of the stamp. */
static void test_stamp_chain(void)
{
	size_t len = udp_frame(1020);
	uint8_t stamp[8];

	start(ONE_BUFFER(1), 4);
	wr(IXG_TSAUXC, 0);
	fake_advance(3 * S + 17);
	wr(IXG_TSYNCRXCTL, STAMP_ALL);
	receive_frame(frame, len);
	memcpy(stamp, rx_buf(0, 0) + 1020, 4);
	memcpy(stamp + 4, rx_buf(0, 1), 4);
	ok(rx_desc(0, 0).length == 1024 && rx_desc(0, 1).length == 4 && stamp_is(stamp, 3, 17) &&
	   !(rx_desc(0, 0).status & RXD_STAT_EOP) &&
	   (rx_desc(0, 1).status & RXD_STAT_TSIP), "a stamp in two buffers");
	start(DESCTYPE_SPLIT << SRRCTL_DESCTYPE_SHIFT | 2 << SRRCTL_BSIZEHDR_SHIFT | 2, 4);
	wr(IXG_PSRTYPE(0), PSRTYPE_UDP);
	wr(IXG_TSYNCRXCTL, STAMP_ALL);
	receive_frame(frame, len);
	ok((rx_desc(0, 0).info >> RXD_HDRLEN_SHIFT & 0x3ff) == 42 &&
	   rx_desc(0, 0).length == 1020 - 42 + 8 && (rx_desc(0, 0).status & RXD_STAT_TSIP),
	   "header split: the stamp follows the payload");
}

static void test_mdd(void)
{
	start(ONE_BUFFER(2), 4);
	wr(ixgbe_rx_base(0) + RX_SRRCTL, ONE_BUFFER(2) | SRRCTL_DROP_EN);
	ok(!fake.strict, "SRRCTL of a running queue");
	wr(IXG_RDRXCTL, rd(IXG_RDRXCTL) | RDRXCTL_MDP_EN);
	wr(ixgbe_rx_base(0) + RX_SRRCTL, ONE_BUFFER(2));
	ok(fake.strict == 1, "the same while malicious drivers are looked for: %s",
	   fake.strict_text);
	wr(ixgbe_rx_base(1) + RX_SRRCTL, ONE_BUFFER(2));
	ok(fake.strict == 1, "but not that of a queue that is off");
}

static void test_registers(void)
{
	fake_start();
	wr(IXG_EIMS, BIT32(23) | BIT32(24));
	ok(rd(IXG_EIMS) == (BIT32(23) | BIT32(24)) && !fake.strict, "thermal sensor and time sync");
	ok(!rd(IXG_AUTOC) && rd(IXG_RXPBSIZE(0)) == 384 << 10,
	   "no AUTOC, a packet buffer of 384 KiB");
	wr(0x0507c, 0);
	ok(!fake.strict, "no tunnels");
	wr(0x0507c, 4789);
	ok(fake.strict == 1, "%s", fake.strict_text);
	model = &ixgbe_82599_model;
	fake_start();
	rd(IXG_SYSTIMR);
	rd(IXG_ERETA(0));
	ok(fake.strict == 2, "the 82599 has none of its registers: %s", fake.strict_text);
	model = &ixgbe_x550_model;
}

int main(void)
{
	model = &ixgbe_x550_model;
	test_sync();
	test_phy();
	test_power();
	test_eeprom();
	test_commands();
	test_rss();
	test_rlpml();
	test_clock();
	test_stamp();
	test_stamp_chain();
	test_mdd();
	test_registers();
	return done();
}
