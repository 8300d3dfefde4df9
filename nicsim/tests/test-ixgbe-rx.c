// SPDX-License-Identifier: GPL-2.0
/* Receive queues: descriptors, header split, full queues and packet buffer. */
#include "ixgbe_fake.h"

#define ONE_BUFFER(kib)	(DESCTYPE_ONE_BUFFER << SRRCTL_DESCTYPE_SHIFT | (kib))
#define SPLIT(type, hdr, kib) \
	((uint32_t)(type) << SRRCTL_DESCTYPE_SHIFT | (hdr) / 64 << SRRCTL_BSIZEHDR_SHIFT | (kib))
#define HDR_LEN(info)	((info) >> RXD_HDRLEN_SHIFT & 0x3ff)

static uint8_t frame[NIC_FRAME_MAX];

static void start(uint32_t srrctl, unsigned int posted)
{
	fake_start();
	rx_queue(0, srrctl, posted);
	rx_on();
}

static size_t udp_frame(size_t payload)
{
	struct fake_flow f = udp4;

	f.payload = payload;
	return build(&f, frame);
}

static void test_one_buffer(void)
{
	size_t len = udp_frame(500);
	struct fake_desc d;

	start(ONE_BUFFER(2), 4);
	wr(IXG_IVAR(0), IVAR_VALID | 7);
	wr(IXG_EIMS, 1 << 7);
	receive_frame(frame, len);
	d = rx_desc(0, 0);
	ok(d.length == len && !memcmp(rx_buf(0, 0), frame, len), "frame and length");
	ok((d.status & (RXD_STAT_DD | RXD_STAT_EOP)) == (RXD_STAT_DD | RXD_STAT_EOP), "DD and EOP");
	ok(d.info == (RXD_PKTTYPE_IPV4 | RXD_PKTTYPE_UDP), "packet type");
	ok(rd(ixgbe_rx_base(0) + RX_RDH) == 1 && fake.irq[7] == 1, "head moved, interrupt sent");
	ok(rd(IXG_QPRC(0)) == 1 && rd(IXG_QPRC(0)) == 0, "QPRC counts and is cleared by reading");
	ok(rd(IXG_GPRC) == 1 && rd(IXG_GORCL) == len + 4 && rd(IXG_TPR) == 1, "MAC counters");
	ok(!fake.strict, "no strict record");
}

static void test_order(void)
{
	uint64_t desc = RX_RING(0);
	unsigned int i, body = 0, last = 0;
	bool data_first = true;

	start(ONE_BUFFER(1), 4);
	receive_frame(frame, udp_frame(900));
	for (i = 0; i < fake.logged; i++) {
		if (fake.log[i].addr == desc)
			body = i;
		else if (fake.log[i].addr == desc + 8)
			last = i;
		else
			data_first &= !body && !last;
	}
	ok(data_first && body && last == fake.logged - 1, "data, body, then the half with DD");
	ok(fake.log[last].barriers > fake.log[body].barriers, "a barrier before DD");
	ok(fake.log[last].len == 8, "DD and length in one write");
}

static void test_chain(void)
{
	size_t len = udp_frame(2500);
	struct fake_desc d[3];
	unsigned int i;

	start(ONE_BUFFER(1), 8);
	receive_frame(frame, len);
	for (i = 0; i < 3; i++)
		d[i] = rx_desc(0, i);
	ok(d[0].length == 1024 && d[1].length == 1024 && d[2].length == len - 2048,
	   "a long frame fills buffers of 1 KiB");
	ok(!(d[0].status & RXD_STAT_EOP) && !(d[1].status & RXD_STAT_EOP) &&
	   (d[2].status & RXD_STAT_EOP), "EOP only in the last");
	ok((d[2].status & (RXD_STAT_L4CS | RXD_STAT_IPCS | RXD_ERR_ALL)) ==
	   (RXD_STAT_L4CS | RXD_STAT_IPCS | (d[2].status & RXD_ERR_HBO)) &&
	   (d[2].info & RXD_FRAME_INFO) == (RXD_PKTTYPE_IPV4 | RXD_PKTTYPE_UDP),
	   "what is known of the frame is in the last");
	ok(!memcmp(rx_buf(0, 1), frame + 1024, 1024) &&
	   !memcmp(rx_buf(0, 2), frame + 2048, len - 2048), "bytes in order");
	ok(rd(ixgbe_rx_base(0) + RX_RDH) == 3, "head moved by three");
}

/* Fields that a driver must not look at: they change each time, and each bit in them
 * is set at times.
 */
static void test_noise(void)
{
	uint32_t first = 0, middle = 0, last = 0, info = 0, hdr = 0;
	unsigned int i;

	for (i = 0; i < 64; i++) {
		start(ONE_BUFFER(1), 4);
		nic->noise = i * 100;
		receive_frame(frame, udp_frame(2500));
		first |= rx_desc(0, 0).status;
		middle |= rx_desc(0, 1).status;
		last |= rx_desc(0, 2).status;
		info |= rx_desc(0, 1).info & RXD_FRAME_INFO;
		hdr |= rx_desc(0, 1).info & RXD_HDR_INFO;
	}
	ok(first == (uint32_t)~RXD_STAT_EOP && middle == first,
	   "without EOP all bits but DD and EOP are noise");
	ok(info == RXD_FRAME_INFO && hdr == RXD_HDR_INFO, "and what there is of headers and hash");
	ok((last & RXD_ERR_ALL) == RXD_ERR_HBO, "with EOP of the errors only HBO, as SPH is clear");
}

static void test_wrap(void)
{
	bool good = true;
	unsigned int i;

	start(ONE_BUFFER(1), RING_ENTRIES - 1);
	for (i = 0; i < 50; i++) {
		size_t len = udp_frame(1100);
		unsigned int head = i * 2 % RING_ENTRIES;

		post(0, head);
		post(0, (head + 1) % RING_ENTRIES);
		receive_frame(frame, len);
		good &= rx_desc(0, head).length == 1024 &&
			rx_desc(0, (head + 1) % RING_ENTRIES).length == len - 1024;
		wr(ixgbe_rx_base(0) + RX_RDT, (head + 1) % RING_ENTRIES);
	}
	ok(good && !fake.strict, "chains over the end of the ring");
}

struct split_case {
	const char *name;
	unsigned int type, hdr_buf;
	uint32_t psrtype;
	uint8_t proto;
	bool ipv6;
	uint16_t frag;
	size_t payload;
	/* expected */
	unsigned int hdr_len, in_hdr;
	bool sph, hbo;
};

#define PSR_ALL	(PSRTYPE_TCP | PSRTYPE_UDP | PSRTYPE_IPV4 | PSRTYPE_IPV6 | PSRTYPE_L2)

static const struct split_case split_case[] = {
	{ "split TCP/IPv4", 2, 256, PSR_ALL, 6, false, 0, 500, 54, 54, true, false },
	{ "split UDP/IPv4", 2, 256, PSR_ALL, 17, false, 0, 500, 42, 42, true, false },
	{ "split UDP/IPv6", 2, 256, PSR_ALL, 17, true, 0, 500, 62, 62, true, false },
	{ "split TCP/IPv6", 2, 128, PSR_ALL, 6, true, 0, 500, 74, 74, true, false },
	{ "split: TCP bit off, IPv4 on", 2, 256, PSRTYPE_IPV4, 6, false, 0, 500, 34, 34, true,
	  false },
	{ "split: only L2", 2, 256, PSRTYPE_L2, 6, false, 0, 500, 14, 14, true, false },
	{ "split: no bit on", 2, 256, 0, 6, false, 0, 500, 0, 0, false, false },
	{ "split: fragment after L3", 2, 256, PSR_ALL, 17, false, 0x2000, 504, 34, 34, true,
	  false },
	{ "split: unknown L4 after L3", 2, 256, PSR_ALL, 99, false, 0, 500, 34, 34, true, false },
	{ "split: header too large", 2, 64, PSR_ALL, 6, true, 0, 500, 74, 0, true, true },
	{ "split: header only", 2, 256, PSR_ALL, 6, true, 0, 0, 74, 74, true, false },
	{ "always TCP/IPv4", 5, 256, PSR_ALL, 6, false, 0, 500, 54, 54, true, false },
	{ "always: small frame in the header buffer", 5, 256, PSR_ALL, 6, false, 0, 100, 154, 154,
	  false, false },
	{ "always: undecodable", 5, 256, 0, 6, false, 0, 500, 256, 256, false, false },
	{ "always: undecodable and small", 5, 256, 0, 6, false, 0, 100, 154, 154, false, false },
	{ "always: header too large", 5, 64, PSR_ALL, 6, true, 0, 500, 74, 64, true, true },
};

static void test_split_one(const struct split_case *c)
{
	struct fake_flow f = {
		.proto = c->proto, .ipv6 = c->ipv6, .frag = c->frag, .payload = c->payload,
	};
	size_t len = build(&f, frame), rest = len - c->in_hdr;
	struct fake_desc d;
	bool bytes;

	start(SPLIT(c->type, c->hdr_buf, 2), 4);
	wr(IXG_PSRTYPE(0), c->psrtype);
	memset(fake.mem + (RX_HDR(0, 0) - MEM_BASE), 0xee, 0x400);
	receive_frame(frame, len);
	d = rx_desc(0, 0);
	bytes = !memcmp(rx_hdr(0, 0), frame, c->in_hdr) && rx_hdr(0, 0)[c->in_hdr] == 0xee &&
		!memcmp(rx_buf(0, 0), frame + c->in_hdr, rest);
	ok(HDR_LEN(d.info) == c->hdr_len && !(d.info & RXD_SPH) == !c->sph &&
	   (!c->sph || !(d.status & RXD_ERR_HBO) == !c->hbo) && d.length == rest && bytes &&
	   !fake.strict,
	   "%s: HDR_LEN %u SPH %d HBO %d length %u", c->name, HDR_LEN(d.info),
	   !!(d.info & RXD_SPH), !!(d.status & RXD_ERR_HBO), d.length);
}

static void test_split(void)
{
	struct fake_desc d[2];
	unsigned int i;
	size_t len;

	for (i = 0; i < ARRAY_SIZE(split_case); i++)
		test_split_one(&split_case[i]);

	start(SPLIT(2, 128, 1), 4);
	wr(IXG_PSRTYPE(0), PSR_ALL);
	len = udp_frame(1500);
	receive_frame(frame, len);
	for (i = 0; i < 2; i++)
		d[i] = rx_desc(0, i);
	ok(d[0].length == 1024 && d[1].length == 1500 - 1024 && HDR_LEN(d[0].info) == 42 &&
	   (d[1].status & RXD_STAT_EOP),
	   "payload over two buffers, header in the first descriptor's");
	ok(!memcmp(rx_buf(0, 1), frame + 42 + 1024, 1500 - 1024), "payload goes on in the second");

	start(SPLIT(2, 128, 2), 4);
	fake.mem[RX_RING(0) - MEM_BASE + 8] |= 1;
	receive_frame(frame, udp_frame(100));
	ok(fake.strict, "an odd header address is recorded");
}

static void test_starved(void)
{
	unsigned int i, taken = 0;
	size_t len = udp_frame(100);

	start(ONE_BUFFER(2), 2);
	for (i = 0; i < 5; i++)
		receive_frame(frame, len);
	ok(rd(ixgbe_rx_base(0) + RX_RDH) == 2 && nic->pb.head, "without DROP_EN frames wait");
	rx_queue(1, ONE_BUFFER(2), 4);
	wr(IXG_MRQC, MRQC_MODE_RSS | MRQC_IPV4);
	wr(IXG_RETA(0), 0x01010101);
	for (i = 0; i < 32; i++)
		wr(IXG_RETA(i), 0x01010101);
	receive_frame(frame, len);
	ok(!(rx_desc(1, 0).status & RXD_STAT_DD), "and stall another queue");
	wr(ixgbe_rx_base(0) + RX_RDT, 8);
	ok(rd(ixgbe_rx_base(0) + RX_RDH) == 5 && (rx_desc(1, 0).status & RXD_STAT_DD),
	   "until descriptors come");
	ok(!rd(IXG_QPRDC(0)) && !rd(IXG_MPC(0)), "nothing was lost");

	start(ONE_BUFFER(2), 0);
	wr(IXG_RXPBSIZE(0), 2 << 10);
	while (model->wire_rx(nic, frame, len, true) == NIC_RX_TAKEN && taken < 100)
		taken++;
	ok(taken == 2048 / 160, "a full packet buffer makes a pausing source wait (%u)", taken);
	receive_frame(frame, len);
	ok(rd(IXG_MPC(0)) == 1, "and the MAC miss frames of any other");
	wr(ixgbe_rx_base(0) + RX_RDT, RING_ENTRIES - 1);
	ok(fake.rx_ready == 1, "the pausing source is told when there is room");
}

static void test_drop(void)
{
	size_t len = udp_frame(100);
	unsigned int i;

	start(ONE_BUFFER(2) | SRRCTL_DROP_EN, 2);
	wr(IXG_RQSMR(0), 5);
	for (i = 0; i < 5; i++)
		receive_frame(frame, len);
	ok(!nic->pb.head && rd(IXG_QPRDC(0)) == 0, "with DROP_EN nothing waits");
	ok(rd(IXG_QPRDC(5)) == 3 && rd(IXG_QPRDC(5)) == 0,
	   "QPRDC of RQSMR's counter has the drops until read");

	start(ONE_BUFFER(2), 2);
	wr(IXG_RQSMR(0), 3);
	for (i = 0; i < 4; i++)
		receive_frame(frame, len);
	wr(ixgbe_rx_base(0) + RX_SRRCTL, ONE_BUFFER(2) | SRRCTL_DROP_EN);
	ok(rd(IXG_QPRDC(3)) == 2, "setting DROP_EN frees what waits");

	start(ONE_BUFFER(2) | SRRCTL_DROP_EN, 2);
	wr(IXG_RQSMR(0), 4);
	nic->wait_for_desc = 1;
	for (i = 0; i < 4; i++)
		receive_frame(frame, len);
	ok(nic->pb.head && !rd(IXG_QPRDC(4)), "with wait-for-descriptors they wait in spite of it");
	nic->wait_for_desc = 0;
}

static void test_disable(void)
{
	size_t len = udp_frame(100);

	start(ONE_BUFFER(2), 8);
	wr(ixgbe_rx_base(0) + RX_RXDCTL, 0);
	ok(rd(ixgbe_rx_base(0) + RX_RXDCTL) & RXDCTL_ENABLE, "ENABLE reads set at first");
	receive_frame(frame, len);
	ok(rx_desc(0, 0).status & RXD_STAT_DD, "and the queue goes on");
	fake_advance(1000000);
	ok(!(rd(ixgbe_rx_base(0) + RX_RXDCTL) & RXDCTL_ENABLE), "then it is clear");
	receive_frame(frame, len);
	ok(!(rx_desc(0, 1).status & RXD_STAT_DD) && rd(IXG_QPRDC(0)) == 1,
	   "and frames are dropped and counted");

	start(ONE_BUFFER(2), 8);
	nic->disable_delay_us = 5000;
	wr(ixgbe_rx_base(0) + RX_RXDCTL, 0);
	fake_advance(4900000);
	ok(rd(ixgbe_rx_base(0) + RX_RXDCTL) & RXDCTL_ENABLE, "the knob makes that longer");
	fake_advance(200000);
	ok(!(rd(ixgbe_rx_base(0) + RX_RXDCTL) & RXDCTL_ENABLE), "but not endless");
}

static bool is_enabled(void)
{
	return rd(ixgbe_rx_base(0) + RX_RXDCTL) & RXDCTL_ENABLE;
}

/* The queue is told to stop while its frame waits for a descriptor. */
static void stop_while_blocked(uint32_t srrctl)
{
	start(srrctl, 0);
	receive_frame(frame, udp_frame(100));
	wr(ixgbe_rx_base(0) + RX_RXDCTL, 0);
	fake_advance(1000000);
}

static void test_stop_while_blocked(void)
{
	stop_while_blocked(ONE_BUFFER(2));
	fake_advance(1000000000);
	ok(is_enabled() && nic->pb.head, "a queue whose frame waits at the head does not stop");
	wr(ixgbe_rx_base(0) + RX_SRRCTL, ONE_BUFFER(2) | SRRCTL_DROP_EN);
	ok(!is_enabled() && !nic->pb.head, "until the frame may be dropped");
	stop_while_blocked(ONE_BUFFER(2));
	wr(ixgbe_rx_base(0) + RX_RDT, 1);
	ok(!is_enabled() && (rx_desc(0, 0).status & RXD_STAT_DD), "or has its descriptor");
	stop_while_blocked(ONE_BUFFER(2));
	wr(IXG_RXCTRL, 0);
	ok(!is_enabled() && !nic->pb.head, "or the receiver is turned off");
	stop_while_blocked(ONE_BUFFER(2));
	wr(ixgbe_rx_base(0) + RX_RXDCTL, RXDCTL_ENABLE);
	wr(ixgbe_rx_base(0) + RX_RDT, 2);
	receive_frame(frame, udp_frame(100));
	ok(is_enabled() && (rx_desc(0, 1).status & RXD_STAT_DD), "it can be enabled again");
	stop_while_blocked(ONE_BUFFER(2) | SRRCTL_DROP_EN);
	ok(!is_enabled(), "with DROP_EN it stops");
	start(ONE_BUFFER(2), 0);
	nic->stop_at_once = 1;
	receive_frame(frame, udp_frame(100));
	wr(ixgbe_rx_base(0) + RX_RXDCTL, 0);
	fake_advance(1000000);
	ok(!is_enabled() && !nic->pb.head, "with stop-at-once, too");
}

static bool is_stamped(unsigned int i)
{
	return rx_desc(0, i).status & RXD_STAT_TS;
}

/* PTP events, by UDP and by Ethernet: there is one register for their stamps. */
static void test_ptp(void)
{
	struct fake_flow f = udp4;
	size_t len;

	f.dport = 319;
	start(ONE_BUFFER(2), RING_ENTRIES - 1);
	wr(IXG_TIMINCA, 1 << 16);
	wr(IXG_RXMTRL, 319u << RXMTRL_PORT_SHIFT);
	wr(IXG_ETQF(3), ETQF_EN | ETQF_1588 | 0x88f7);
	len = build(&f, frame);
	receive_frame(frame, len);
	ok(!is_stamped(0), "nothing is stamped by itself");
	wr(IXG_TSYNCRXCTL, TSYNCRXCTL_EN | TSYNCRXCTL_TYPE_EVENT_V2);
	fake_advance((1ull << 32) + 320);
	receive_frame(frame, len);
	receive_frame(frame, len);
	ok(is_stamped(1) && (rd(IXG_TSYNCRXCTL) & TSYNCRXCTL_VALID) && rd(IXG_RXSTMPL),
	   "an event by UDP is");
	ok(!is_stamped(2), "the next one is not, as long as nobody has read the stamp");
	ok(rd(IXG_RXSTMPH) && !(rd(IXG_TSYNCRXCTL) & TSYNCRXCTL_VALID), "RXSTMPH gives it free");
	frame[42] = 9;
	receive_frame(frame, len);
	ok(!is_stamped(3), "a message that is no event is not stamped");
	put_be16(frame + 12, 0x88f7);
	frame[14] = 0;
	receive_frame(frame, len);
	ok(is_stamped(4) && (rx_desc(0, 4).info & RXD_PKTTYPE_ETQF) &&
	   (rx_desc(0, 4).info >> RXD_PKTTYPE_ETQF_SHIFT & 7) == 3,
	   "an event by Ethernet is, and names its filter");
	ok(!fake.strict, "no strict record");
	wr(IXG_TSYNCRXCTL, TSYNCRXCTL_EN | TSYNCRXCTL_TYPE_ALL);
	ok(fake.strict == 1, "%s", fake.strict_text);
}

static void test_vlan(void)
{
	struct fake_flow f = udp4;
	struct fake_desc d;
	size_t len;

	f.vlan = true;
	f.tci = 0x2064;
	len = build(&f, frame);
	start(ONE_BUFFER(2), 8);
	receive_frame(frame, len);
	d = rx_desc(0, 0);
	ok(d.length == len && (d.status & RXD_STAT_VP) && d.vlan == 0x2064 &&
	   !memcmp(rx_buf(0, 0), frame, len), "without VME the tag stays in the frame");
	wr(ixgbe_rx_base(0) + RX_RXDCTL, RXDCTL_ENABLE | RXDCTL_VME);
	receive_frame(frame, len);
	d = rx_desc(0, 1);
	ok(d.length == len - 4 && (d.status & RXD_STAT_VP) && d.vlan == 0x2064 &&
	   !memcmp(rx_buf(0, 1), frame, 12) && !memcmp(rx_buf(0, 1) + 12, frame + 16, len - 16),
	   "with VME it is in the descriptor only");
	wr(IXG_VLNCTRL, 0x8100 | VLNCTRL_VFE);
	receive_frame(frame, len);
	ok(!(rx_desc(0, 2).status & RXD_STAT_DD), "a tag that VFTA lacks is filtered");
	wr(IXG_VFTA(0x64 / 32), 1 << (0x64 % 32));
	receive_frame(frame, len);
	ok(rx_desc(0, 2).status & RXD_STAT_DD, "one that it has passes");
}

static bool passes(const uint8_t *dst)
{
	uint32_t before = rd(ixgbe_rx_base(0) + RX_RDH);
	size_t len = udp_frame(100);

	memcpy(frame, dst, 6);
	receive_frame(frame, len);
	return rd(ixgbe_rx_base(0) + RX_RDH) != before;
}

static void test_filter(void)
{
	static const uint8_t bcast[6] = { 255, 255, 255, 255, 255, 255 };
	static const uint8_t mcast[6] = { 0x33, 0x33, 0, 0, 0x12, 0x34 };
	static const uint8_t other[6] = { 2, 0, 0, 0, 0, 9 };
	unsigned int bit = (0x12 | 0x34 << 8) >> 4;

	start(ONE_BUFFER(2), RING_ENTRIES - 1);
	wr(IXG_FCTRL, 0);
	ok(passes(fake_mac), "the station address passes");
	ok(!passes(other) && !passes(bcast) && !passes(mcast), "nothing else does");
	wr(IXG_FCTRL, FCTRL_BAM);
	ok(passes(bcast) && !passes(mcast), "BAM: broadcasts");
	wr(IXG_MTA(bit / 32), BIT32(bit % 32));
	ok(!passes(mcast), "MTA needs MFE");
	wr(IXG_MCSTCTRL, MCSTCTRL_MFE);
	ok(passes(mcast), "MTA with MFE");
	wr(IXG_FCTRL, FCTRL_UPE);
	ok(passes(other), "UPE");
	wr(IXG_FCTRL, 0);
	wr(0x05400 + 8, other[0] | other[1] << 8);
	wr(0x05400 + 12, RAH_AV | other[4] | other[5] << 8);
	ok(passes(other), "a second address, written at its other place");
	ok(rd(IXG_MPRC) == 1 && rd(IXG_BPRC) == 1, "multicasts and broadcasts are counted");
}

static void test_sizes(void)
{
	static const uint8_t pause[60] = { 0x01, 0x80, 0xc2, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x88, 8,
					   0, 1, 0xff, 0xff };
	struct fake_flow f = udp4;

	start(ONE_BUFFER(2), 8);
	wr(IXG_MHADD, 1518u << MHADD_MFS_SHIFT);
	receive_frame(frame, udp_frame(1473));
	ok(rd(IXG_ROC) == 1 && !(rx_desc(0, 0).status & RXD_STAT_DD), "one byte over MHADD.MFS");
	receive_frame(frame, udp_frame(1472));
	ok(rx_desc(0, 0).length == 1514, "exactly MHADD.MFS");
	f.vlan = true;
	f.payload = 1472;
	receive_frame(frame, build(&f, frame));
	ok(rx_desc(0, 1).length == 1518, "a tag may come on top");
	receive_frame(frame, 59);
	ok(rd(IXG_RUC) == 1, "a short frame");
	wr(IXG_MFLCN, MFLCN_DPF | MFLCN_RFCE);
	receive_frame(pause, sizeof(pause));
	ok(!(rx_desc(0, 2).status & RXD_STAT_DD) && rd(IXG_LXOFFRXCNT) == 1,
	   "a pause frame is eaten and counted");
	wr(IXG_MFLCN, 0);
	receive_frame(pause, sizeof(pause));
	ok(!(rx_desc(0, 2).status & RXD_STAT_DD), "and eaten without flow control");
	ok(nic->fate.offered == 6 && nic->fate.delivered == 2 && nic->fate.pause == 2 &&
	   nic->fate.oversize == 1 && nic->fate.undersize == 1, "every frame has one fate");
}

static void test_strict(void)
{
	start(ONE_BUFFER(2), 4);
	wr(ixgbe_rx_base(0) + RX_RDT, RING_ENTRIES);
	ok(fake.strict == 1, "RDT outside the ring: %s", fake.strict_text);
	fake_start();
	rx_queue(0, ONE_BUFFER(2), 4);
	wr(ixgbe_rx_base(0) + RX_RXDCTL, 0);
	wr(ixgbe_rx_base(0) + RX_RDLEN, 200);
	wr(ixgbe_rx_base(0) + RX_RXDCTL, RXDCTL_ENABLE);
	rx_on();
	ok(fake.strict, "RDLEN that is no multiple of 128: %s", fake.strict_text);
	fake_start();
	rx_queue(0, ONE_BUFFER(2), 4);
	wr(ixgbe_rx_base(0) + RX_RDBAL, RX_RING(0) + 64);
	rx_on();
	ok(fake.strict == 1, "ring on 64 bytes: %s", fake.strict_text);
	fake_start();
	rx_queue(0, ONE_BUFFER(2), 4);
	wr(ixgbe_rx_base(0) + RX_RDBAL, 0x7fffff80);
	rx_on();
	ok(fake.strict == 1, "ring outside memory: %s", fake.strict_text);
	fake_start();
	rx_queue(0, ONE_BUFFER(2), 4);
	model->bus_master(nic, false);
	rx_on();
	ok(fake.strict == 1, "bus mastering off: %s", fake.strict_text);
	receive_frame(frame, udp_frame(100));
	ok(!fake.logged, "and nothing is written");
	start(ONE_BUFFER(2), 4);
	memset(fake.mem + (RX_RING(0) - MEM_BASE), 0, 16);
	receive_frame(frame, udp_frame(100));
	ok(fake.strict == 1, "buffer address 0: %s", fake.strict_text);
	start(ONE_BUFFER(2), 4);
	fake.mem[RX_RING(0) - MEM_BASE + 5] = 0x77;
	receive_frame(frame, udp_frame(100));
	ok(fake.strict == 1 && nic->fate.dma_error == 1, "buffer outside memory: %s",
	   fake.strict_text);
	start(ONE_BUFFER(2), 4);
	wr(0x1fff0, 1);
	rd(0x1fff0);
	ok(fake.strict == 2, "unknown register: %s", fake.strict_text);
}

int main(void)
{
	test_one_buffer();
	test_order();
	test_chain();
	test_noise();
	test_wrap();
	test_split();
	test_starved();
	test_drop();
	test_disable();
	test_stop_while_blocked();
	test_ptp();
	test_vlan();
	test_filter();
	test_sizes();
	test_strict();
	return done();
}
