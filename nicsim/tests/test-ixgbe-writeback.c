// SPDX-License-Identifier: GPL-2.0
/* When descriptors are written to memory: several at a time, and with RSC. */
#include "ixgbe_fake.h"

#define ONE_BUFFER	(2u | DESCTYPE_ONE_BUFFER << SRRCTL_DESCTYPE_SHIFT)
#define INTERVAL_NS	(25 * EITR_UNIT_NS)
#define RXDCTL(q)	(ixgbe_rx_base(q) + RX_RXDCTL)

static const struct fake_flow tcp4 = { .proto = 6, .payload = 500 };
static uint8_t frame[NIC_FRAME_MAX];

static void start(unsigned int batch, bool rsc)
{
	fake_start();
	nic->write_back_batch = batch;
	wr(IXG_IVAR(0), IVAR_VALID | 3);
	wr(IXG_EIMS_EX, BIT32(3));
	wr(IXG_EITR_LO + 3 * 4, 25 << EITR_INTERVAL_SHIFT);
	rx_queue(0, ONE_BUFFER, RING_ENTRIES - 1);
	wr(ixgbe_rx_base(0) + RX_RSCCTL, rsc ? RSCCTL_RSCEN : 0);
	rx_on();
}

static void receive(const struct fake_flow *flow, unsigned int count)
{
	while (count--)
		receive_frame(frame, build(flow, frame));
}

/* The number of descriptors from the first on that are done. */
static unsigned int done_descs(void)
{
	unsigned int n = 0;

	while (n < RING_ENTRIES && (rx_desc(0, n).status & RXD_STAT_EOP))
		n++;
	return n;
}

static void test_batch(void)
{
	start(4, false);
	receive(&udp4, 3);
	ok(!done_descs() && !fake.irq[3] && rd(ixgbe_rx_base(0) + RX_RDH) == 3,
	   "three frames are in memory, and nobody knows");
	receive(&udp4, 1);
	ok(done_descs() == 4 && fake.irq[3] == 1, "the fourth one has all written");
	receive(&udp4, 1);
	fake_advance(INTERVAL_NS - 1);
	ok(done_descs() == 4, "a fifth one waits");
	fake_advance(1);
	ok(done_descs() == 5 && fake.irq[3] == 2, "until the interval ends");
	receive(&udp4, 2);
	wr(RXDCTL(0), RXDCTL_ENABLE | RXDCTL_SWFLSH);
	ok(done_descs() == 7, "or software flushes");
	receive(&udp4, 2);
	wr(RXDCTL(0), 0);
	fake_advance(1000000);
	ok(done_descs() == 9 && !fake.strict, "or the queue stops");
}

static void test_reset(void)
{
	start(4, false);
	receive(&udp4, 6);
	wr(IXG_CTRL, CTRL_RST);
	fake_advance(INTERVAL_NS);
	ok(done_descs() == 4 && nic->fate.unwritten == 2 && nic->fate.delivered == 6,
	   "after a reset two of six are in no descriptor");
	start(4, false);
	wr(IXG_EITR_LO + 3 * 4, 0);
	receive(&udp4, 1);
	ok(done_descs() == 1, "without moderation nothing waits");
}

static void test_rsc(void)
{
	start(1, true);
	receive(&tcp4, 1);
	ok(!done_descs() && !fake.irq[3], "a TCP frame may get longer");
	fake_advance(INTERVAL_NS);
	ok(done_descs() == 1 && fake.irq[3] == 1, "until the interval ends");
	receive(&tcp4, 2);
	receive(&udp4, 1);
	ok(done_descs() == 4, "or a frame comes that is not its continuation");
	receive(&tcp4, 1);
	wr(IXG_RXCTRL, 0);
	ok(done_descs() == 5, "or the receiver goes off");
	start(1, false);
	receive(&tcp4, 1);
	ok(done_descs() == 1 && !fake.strict, "without RSC it is written at once");
}

static void test_open_context(void)
{
	start(1, true);
	receive(&tcp4, 1);
	wr(ixgbe_rx_base(0) + RX_RSCCTL, 0);
	fake_advance(INTERVAL_NS);
	wr(RXDCTL(0), 0);
	fake_advance(1000000);
	ok(done_descs() == 1 && !fake.strict, "RSC off, an interval, the stop: nothing is open");
	start(1, true);
	nic->disable_delay_us = 10;
	receive(&tcp4, 1);
	wr(ixgbe_rx_base(0) + RX_RSCCTL, 0);
	wr(RXDCTL(0), RXDCTL_SWFLSH);
	fake_advance(20000);
	ok(!(rd(RXDCTL(0)) & RXDCTL_ENABLE) && !done_descs() && fake.strict == 1, "%s",
	   fake.strict_text);
	fake_advance(INTERVAL_NS);
	ok(done_descs() == 1, "and is written after the stop");
}

int main(void)
{
	test_batch();
	test_reset();
	test_rsc();
	test_open_context();
	return done();
}
