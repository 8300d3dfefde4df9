// SPDX-License-Identifier: GPL-2.0
/* Transmit queues: write-back, checksums, segmentation, tags, loopback. */
#include "ixgbe_fake.h"

#define TX_RING		(MEM_BASE + 0x80000)
#define TX_DATA		(MEM_BASE + 0x90000)
#define HEAD_WB		(MEM_BASE + 0x8f000)
#define TX_ENTRIES	32
#define DATA_CMD	((uint32_t)TXD_DTYP_DATA << TXD_DTYP_SHIFT | TXD_CMD_DEXT)
#define LAST		(TXD_CMD_EOP | TXD_CMD_RS)

static unsigned int tail;
static uint8_t frame[NIC_FRAME_MAX];

static void start(void)
{
	uint32_t base = ixgbe_tx_base(0);

	fake_start();
	tail = 0;
	wr(IXG_DMATXCTL, rd(IXG_DMATXCTL) | DMATXCTL_TE);
	wr(base + TX_TDBAL, TX_RING);
	wr(base + TX_TDLEN, TX_ENTRIES * RING_DESC_SIZE);
	wr(base + TX_TXDCTL, TXDCTL_ENABLE);
	wr(IXG_IVAR(0), (IVAR_VALID | 3) << 8);
	wr(IXG_EIMS, 1 << 3);
}

static void put(uint64_t addr, uint32_t cmd, uint32_t opts)
{
	uint64_t desc[2] = { addr, (uint64_t)opts << 32 | cmd };

	memcpy(fake.mem + (TX_RING - MEM_BASE) + tail % TX_ENTRIES * sizeof(desc), desc,
	       sizeof(desc));
	tail++;
}

static void data(const uint8_t *bytes, size_t len)
{
	memcpy(fake.mem + (TX_DATA - MEM_BASE), bytes, len);
}

static void context(size_t maclen, size_t iplen, size_t l4len, size_t mss, uint32_t tucmd,
		    uint16_t vlan)
{
	put(iplen | maclen << TXC_MACLEN_SHIFT | (uint32_t)vlan << TXC_VLAN_SHIFT,
	    (uint32_t)TXD_DTYP_CONTEXT << TXD_DTYP_SHIFT | TXD_CMD_DEXT | tucmd,
	    l4len << TXC_L4LEN_SHIFT | mss << TXC_MSS_SHIFT);
}

static void kick(void)
{
	wr(ixgbe_tx_base(0) + TX_TDT, tail % TX_ENTRIES);
}

static uint32_t status(unsigned int i)
{
	uint32_t v;

	memcpy(&v, fake.mem + (TX_RING - MEM_BASE) + i * RING_DESC_SIZE + 12, sizeof(v));
	return v;
}

/* Both checksums of an emitted frame, and its L4 length, are right. */
static bool checksums_good(const struct fake_frame *f, uint32_t wanted)
{
	struct pkt pkt;

	pkt_parse(&pkt, f->data, f->len, 0x8100);
	return ixgbe_rx_checksum(&pkt, f->data, false) == wanted;
}

static void test_plain(void)
{
	size_t len = build(&udp4, frame);
	unsigned int i;

	start();
	data(frame, len);
	put(TX_DATA, DATA_CMD | 50, (uint32_t)len << TXD_PAYLEN_SHIFT);
	put(TX_DATA + 50, DATA_CMD | LAST | (len - 50), 0);
	kick();
	ok(fake.outs == 1 && fake.out[0].len == len && !memcmp(fake.out[0].data, frame, len),
	   "a frame from two buffers");
	ok(!(status(0) & TXD_STAT_DD) && (status(1) & TXD_STAT_DD), "DD where RS was set");
	ok(rd(ixgbe_tx_base(0) + TX_TDH) == 2 && fake.irq[3] == 1, "head moved, interrupt sent");
	put(TX_DATA, DATA_CMD | 30, 0);
	kick();
	ok(fake.outs == 1, "a frame without its end waits");
	put(TX_DATA, DATA_CMD | LAST | 10, 0);
	kick();
	ok(fake.outs == 2 && fake.out[1].len == 60, "and is padded when it is short");
	for (i = 0; i < 100; i++) {
		put(TX_DATA, DATA_CMD | LAST | len, 0);
		kick();
	}
	ok(fake.outs == 102 && rd(IXG_GPTC) == 102 && rd(IXG_QPTC(0)) == 102, "around the ring");
	ok(!fake.strict, "no strict record");
}

static void test_write_back(void)
{
	uint32_t head;

	start();
	wr(ixgbe_tx_base(0) + TX_TDWBAL, HEAD_WB | TDWBAL_HEAD_WB);
	data(frame, build(&udp4, frame));
	put(TX_DATA, DATA_CMD | LAST | 100, 0);
	kick();
	memcpy(&head, fake.mem + (HEAD_WB - MEM_BASE), sizeof(head));
	ok(head == 1 && !(status(0) & TXD_STAT_DD), "head write-back");
}

static void test_checksum(void)
{
	const uint32_t good_udp = RXD_STAT_IPCS | RXD_STAT_L4CS | RXD_STAT_UDPCS;
	struct fake_flow f = udp4;
	size_t len;

	f.proto = 6;
	len = build(&f, frame);
	start();
	/* what software leaves: the pseudo header's sum */
	put_be16(frame + 50, ~csum_fold(csum_add(6 + 120, frame + 26, 8)));
	data(frame, len);
	context(14, 20, 0, 0, TXC_IPV4 | TXC_L4T_TCP << TXC_L4T_SHIFT, 0);
	put(TX_DATA, DATA_CMD | LAST | len, TXD_POPTS_TXSM | TXD_CC);
	kick();
	ok(fake.outs == 1 && checksums_good(&fake.out[0], RXD_STAT_IPCS | RXD_STAT_L4CS),
	   "TCP checksum");

	len = build(&udp4, frame);
	put_be16(frame + 40, ~csum_fold(csum_add(17 + 108, frame + 26, 8)));
	put_be16(frame + 24, 0);
	data(frame, len);
	context(14, 20, 0, 0, TXC_IPV4, 0);
	put(TX_DATA, DATA_CMD | LAST | len, TXD_POPTS_TXSM | TXD_POPTS_IXSM | TXD_CC);
	kick();
	ok(fake.outs == 2 && checksums_good(&fake.out[1], good_udp), "UDP and IPv4 checksums");
}

static void test_tso(bool ipv6)
{
	struct fake_flow f = { .ipv6 = ipv6, .proto = 6, .src = { 1, 2, 3 }, .dst = { 4, 5, 6 },
			       .payload = 3500 };
	size_t len = build(&f, frame), l4 = ipv6 ? 54 : 34, hdr = l4 + 20, sum = 0;
	uint32_t good = RXD_STAT_L4CS | (ipv6 ? 0 : RXD_STAT_IPCS), pseudo;
	bool sizes = true, csums = true, bytes = true, flags;
	unsigned int i;

	start();
	put_be32(frame + l4 + 4, 0xfffffff0);
	frame[l4 + 13] = 0x80 | 0x18 | 0x01;
	pseudo = csum_add(6, frame + (ipv6 ? 22 : 26), ipv6 ? 32 : 8);
	put_be16(frame + l4 + 16, ~csum_fold(pseudo));
	if (!ipv6) {
		put_be16(frame + 16, 0);
		put_be16(frame + 24, 0);
	}
	data(frame, len);
	context(14, l4 - 14, 20, 1000, (ipv6 ? 0 : TXC_IPV4) | TXC_L4T_TCP << TXC_L4T_SHIFT, 0);
	put(TX_DATA, DATA_CMD | TXD_CMD_TSE | LAST | len,
	    (uint32_t)3500 << TXD_PAYLEN_SHIFT | TXD_POPTS_TXSM | TXD_POPTS_IXSM);
	kick();
	for (i = 0; i < fake.outs; i++) {
		const uint8_t *seg = fake.out[i].data;
		size_t part = fake.out[i].len - hdr;

		sizes &= part == (i < 3 ? 1000 : 500);
		csums &= checksums_good(&fake.out[i], good);
		bytes &= !memcmp(seg + hdr, frame + hdr + sum, part) &&
			 get_be32(seg + l4 + 4) == (uint32_t)(0xfffffff0 + sum) &&
			 (ipv6 || get_be16(seg + 18) == i);
		sum += part;
	}
	flags = fake.out[0].data[l4 + 13] == 0x90 && fake.out[1].data[l4 + 13] == 0x10 &&
		fake.out[3].data[l4 + 13] == 0x19;
	ok(fake.outs == 4 && sizes && sum == 3500, "TSO IPv%d: segments", ipv6 ? 6 : 4);
	ok(csums && bytes && flags, "checksums, sequence numbers, IDs and flags");
	ok((status(1) & TXD_STAT_DD) && !fake.strict, "one write-back");
}

static void test_vlan(void)
{
	size_t len = build(&udp4, frame);

	start();
	data(frame, len);
	context(14, 20, 0, 0, 0, 0x6123);
	put(TX_DATA, DATA_CMD | TXD_CMD_VLE | LAST | len, TXD_CC);
	kick();
	ok(fake.outs == 1 && fake.out[0].len == len + 4 &&
	   get_be16(fake.out[0].data + 12) == 0x8100 && get_be16(fake.out[0].data + 14) == 0x6123 &&
	   !memcmp(fake.out[0].data + 16, frame + 12, len - 12), "a tag is inserted");
}

static void test_stops(void)
{
	size_t len = build(&udp4, frame);

	start();
	data(frame, len);
	fake.room = false;
	put(TX_DATA, DATA_CMD | LAST | len, 0);
	kick();
	ok(!fake.outs && !(status(0) & TXD_STAT_DD), "no room on the wire: nothing is fetched");
	fake.room = true;
	ixgbe_tx_all(nic);
	ok(fake.outs == 1, "sent when there is room");
	fake.link = false;
	model->link(nic, false);
	put(TX_DATA, DATA_CMD | LAST | len, 0);
	kick();
	ok(fake.outs == 1, "without a link nothing is sent");
	fake.link = true;
	model->link(nic, true);
	ok(fake.outs == 2, "until it is back");
	wr(IXG_CTRL, CTRL_GIO_DIS);
	put(TX_DATA, DATA_CMD | LAST | len, 0);
	kick();
	ok(fake.outs == 2 && !(rd(IXG_STATUS) & STATUS_GIO), "no DMA after GIO master disable");
	wr(IXG_CTRL, 0);
	wr(ixgbe_tx_base(0) + TX_TXDCTL, 0);
	ok(fake.outs == 3 && (rd(ixgbe_tx_base(0) + TX_TXDCTL) & TXDCTL_ENABLE),
	   "ENABLE stays set for a while");
	fake_advance(1000000);
	put(TX_DATA, DATA_CMD | LAST | len, 0);
	kick();
	ok(fake.outs == 3 && !(rd(ixgbe_tx_base(0) + TX_TXDCTL) & TXDCTL_ENABLE),
	   "then it is clear");
}

static void test_loopback(void)
{
	size_t len = build(&udp4, frame);

	start();
	rx_queue(0, DESCTYPE_ONE_BUFFER << SRRCTL_DESCTYPE_SHIFT | 2, 8);
	rx_on();
	wr(IXG_HLREG0, rd(IXG_HLREG0) | HLREG0_LPBK);
	data(frame, len);
	put(TX_DATA, DATA_CMD | LAST | len, 0);
	kick();
	ok(!fake.outs && rx_desc(0, 0).length == len && !memcmp(rx_buf(0, 0), frame, len),
	   "loopback in the MAC");
	receive_frame(frame, len);
	ok(!(rx_desc(0, 1).status & RXD_STAT_DD), "the wire is not heard meanwhile");
}

static void test_strict(void)
{
	start();
	wr(ixgbe_tx_base(0) + TX_TDT, TX_ENTRIES);
	ok(fake.strict == 1, "TDT outside the ring: %s", fake.strict_text);
	fake_start();
	wr(ixgbe_tx_base(1) + TX_TDBAL, TX_RING);
	wr(ixgbe_tx_base(1) + TX_TDLEN, 512);
	wr(ixgbe_tx_base(1) + TX_TXDCTL, TXDCTL_ENABLE);
	ok(fake.strict == 1, "a queue before DMATXCTL.TE: %s", fake.strict_text);
	start();
	put(0x10, DATA_CMD | LAST | 60, 0);
	kick();
	ok(fake.strict == 1 && !fake.outs, "a buffer outside memory: %s", fake.strict_text);
	start();
	context(14, 20, 20, 0, TXC_IPV4 | TXC_L4T_TCP << TXC_L4T_SHIFT, 0);
	put(TX_DATA, DATA_CMD | TXD_CMD_TSE | LAST | 1000, 0);
	kick();
	ok(fake.strict == 1 && !fake.outs, "segmentation without MSS: %s", fake.strict_text);
}

int main(void)
{
	test_plain();
	test_write_back();
	test_checksum();
	test_tso(false);
	test_tso(true);
	test_vlan();
	test_stops();
	test_loopback();
	test_strict();
	return done();
}
