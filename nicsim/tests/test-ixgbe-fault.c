// SPDX-License-Identifier: GPL-2.0
/* What the 82599 does when it is broken, and the guard of receive buffers. */
#include "ixgbe_fake.h"

#define ONE_BUFFER	(2u | DESCTYPE_ONE_BUFFER << SRRCTL_DESCTYPE_SHIFT)
#define SPLIT		(2u | 2u << SRRCTL_BSIZEHDR_SHIFT | \
			 DESCTYPE_SPLIT_ALWAYS << SRRCTL_DESCTYPE_SHIFT)

static uint8_t frame[NIC_FRAME_MAX];
static size_t len;

static void start(uint32_t srrctl, enum nic_fault kind)
{
	fake_start();
	nic->guard.on = 1;
	rx_queue(0, srrctl, 8);
	rx_on();
	len = build(&udp4, frame);
	nic->fault.kind = kind;
}

/* Receives one frame with the fault, and returns the first descriptor. */
static struct fake_desc broken(uint32_t srrctl, enum nic_fault kind)
{
	start(srrctl, kind);
	receive_frame(frame, len);
	return rx_desc(0, 0);
}

static unsigned int hdr_len(const struct fake_desc *d)
{
	return d->info >> RXD_HDRLEN_SHIFT & RXD_HDRLEN_MAX;
}

static void test_lengths(void)
{
	struct fake_desc d = broken(ONE_BUFFER, FAULT_NONE);

	ok(d.length == len && !nic->fault.done, "no fault: the frame's length");
	d = broken(ONE_BUFFER, FAULT_LENGTH_ZERO);
	ok(d.length == 0 && nic->fault.done == 1, "no bytes");
	ok(!memcmp(rx_buf(0, 0), frame, len), "although they were written");
	d = broken(ONE_BUFFER, FAULT_LENGTH_BUFFER);
	ok(d.length == 2048, "a full buffer");
	d = broken(ONE_BUFFER, FAULT_LENGTH_OVER);
	ok(d.length == 2049, "more than the buffer");
	d = broken(ONE_BUFFER, FAULT_LENGTH_MAX);
	ok(d.length == 0xffff, "as much as can be said");
	ok(!fake.strict, "no strict record of any");
}

static void test_headers(void)
{
	struct fake_desc d = broken(SPLIT, FAULT_HEADER_MAX);

	ok(hdr_len(&d) == RXD_HDRLEN_MAX && (d.info & RXD_SPH), "headers beyond their buffer");
	d = broken(ONE_BUFFER, FAULT_HEADER_MAX);
	ok(hdr_len(&d) == RXD_HDRLEN_MAX && (d.info & RXD_SPH), "split without being asked");
}

static void test_flags(void)
{
	struct fake_desc d = broken(ONE_BUFFER, FAULT_NO_EOP);

	ok((d.status & (RXD_STAT_DD | RXD_STAT_EOP)) == RXD_STAT_DD, "no end of the frame");
	d = broken(ONE_BUFFER, FAULT_ERROR_BITS);
	ok((d.status & RXD_ERR_ALL) == RXD_ERR_ALL, "all error bits");
}

static void test_done_first(void)
{
	unsigned int i, data = 0, done = 0;

	start(ONE_BUFFER, FAULT_DONE_FIRST);
	fake.logged = 0;
	receive_frame(frame, len);
	for (i = 0; i < fake.logged; i++) {
		if (fake.log[i].addr == RX_RING(0) + 8)
			done = i;
		if (fake.log[i].addr == RX_BUF(0, 0))
			data = i;
	}
	ok(data > done && !memcmp(rx_buf(0, 0), frame, len), "DD, and the bytes after it");
}

static void test_choice(void)
{
	unsigned int i, wrong = 0;

	start(ONE_BUFFER, FAULT_LENGTH_ZERO);
	nic->fault.every = 3;
	for (i = 0; i < 6; i++)
		receive_frame(frame, len);
	for (i = 0; i < 6; i++)
		wrong |= (unsigned int)!rx_desc(0, i).length << i;
	ok(wrong == 0x24 && nic->fault.done == 2, "every third frame");
	start(ONE_BUFFER, FAULT_LENGTH_ZERO);
	nic->fault.queue = 1;
	receive_frame(frame, len);
	ok(rx_desc(0, 0).length == len && !nic->fault.done, "of one queue alone");
}

static void irq_of_queue_0(enum nic_fault kind)
{
	start(ONE_BUFFER, kind);
	wr(IXG_IVAR(0), IVAR_VALID | 3);
	wr(IXG_EIMS_EX, BIT32(3));
	receive_frame(frame, len);
}

static void test_irqs(void)
{
	irq_of_queue_0(FAULT_NONE);
	ok(fake.irq[3] == 1, "an interrupt");
	irq_of_queue_0(FAULT_NO_IRQ);
	ok(!fake.irq[3], "is lost");
	irq_of_queue_0(FAULT_IRQ_STORM);
	ok(fake.irq[3] == 1 + FAULT_STORM, "comes again and again");
}

static void test_all_ones(void)
{
	start(ONE_BUFFER, FAULT_ALL_ONES);
	ok(rd(IXG_STATUS) == 0xffffffff, "registers read as all ones");
	wr(IXG_CTRL, CTRL_RST);
	wr(ixgbe_rx_base(0) + RX_RDT, 4);
	receive_frame(frame, len);
	nic->fault.kind = FAULT_NONE;
	ok(nic->rxq[0].enabled && rd(ixgbe_rx_base(0) + RX_RDT) == 8,
	   "what is written to them is lost");
	ok((rx_desc(0, 0).status & RXD_STAT_DD) && !fake.strict, "DMA goes on");
	ok(rd(IXG_STATUS) != 0xffffffff, "and then all is as it was");
}

static void test_done_beyond(void)
{
	struct fake_desc d;
	unsigned int i;

	start(ONE_BUFFER, FAULT_DONE_BEYOND);
	wr(ixgbe_rx_base(0) + RX_SRRCTL, ONE_BUFFER | SRRCTL_DROP_EN);
	for (i = 0; i < 8; i++)
		receive_frame(frame, len);
	ok(!(rx_desc(0, 8).status & RXD_STAT_EOP) && !nic->fault.done,
	   "while there are descriptors, nothing beyond them");
	wr(IXG_IVAR(0), IVAR_VALID | 3);
	wr(IXG_EIMS_EX, BIT32(3));
	receive_frame(frame, len);
	d = rx_desc(0, 8);
	ok((d.status & (RXD_STAT_DD | RXD_STAT_EOP)) == (RXD_STAT_DD | RXD_STAT_EOP) &&
	   d.length == 64 && nic->fault.done == 1 && fake.irq[3] == 1,
	   "then the one at the tail is done");
	ok(!rx_buf(0, 8)[0] && d.info == (uint32_t)RX_BUF(0, 8), "but not its buffer's address");
	ok(rd(ixgbe_rx_base(0) + RX_RDH) == 8 && nic->rxq[0].drop_no_desc == 1 && !fake.strict,
	   "the frame is dropped");
	wr(ixgbe_rx_base(0) + RX_RDT, 9);
	receive_frame(frame, len);
	ok(rx_desc(0, 8).length == len && !memcmp(rx_buf(0, 8), frame, len),
	   "a buffer that is given is filled");
}

static void stop_queue(void)
{
	wr(ixgbe_rx_base(0) + RX_RXDCTL, 0);
	fake_advance(1000000);
}

static void confirm_stop(void)
{
	stop_queue();
	rd(ixgbe_rx_base(0) + RX_RXDCTL);
}

static void test_late(void)
{
	start(ONE_BUFFER, FAULT_LATE_DONE);
	stop_queue();
	ok(!(rx_desc(0, 0).status & RXD_STAT_EOP), "not before it is asked");
	rd(ixgbe_rx_base(0) + RX_RXDCTL);
	ok((rx_desc(0, 0).status & RXD_STAT_EOP) && !fake.strict, "a completion after the stop");
	start(ONE_BUFFER, FAULT_LATE_DATA);
	stop_queue();
	memset(fake.mem + (RX_BUF(0, 0) - MEM_BASE), 0xa5, 64);
	rd(ixgbe_rx_base(0) + RX_RXDCTL);
	ok(!rx_buf(0, 0)[0] && fake.strict == 1, "data after the stop is recorded");
}

static void test_guard(void)
{
	start(ONE_BUFFER, FAULT_NONE);
	ok(nic->guard.used == 8, "8 buffers, of a page each, were given");
	stop_queue();
	guard_write(&nic->guard, NULL, 0, RX_BUF(0, 3) + 100, frame, 10, "test");
	ok(!fake.strict, "nobody was told that the queue has stopped");
	confirm_stop();
	ok(guard_write(&nic->guard, NULL, 0, RX_BUF(0, 3) + 100, frame, 10, "test") &&
	   fake.strict == 1, "after the stop one is written to");
	ok(guard_write(&nic->guard, NULL, 0, RX_BUF(0, 12), frame, 10, "test") && fake.strict == 1,
	   "of what was not given nothing is known");
	rx_queue(1, ONE_BUFFER, 8);
	guard_given(&nic->guard, NULL, 1, RX_BUF(0, 3), 2048);
	guard_write(&nic->guard, NULL, 0, RX_BUF(0, 3) + 100, frame, 10, "test");
	ok(fake.strict == 1, "given anew, to another queue");
	guard_given(&nic->guard, NULL, 2, RX_BUF(0, 3), 2048);
	guard_stopped(&nic->guard, 2);
	guard_write(&nic->guard, NULL, 1, RX_BUF(0, 3) + 100, frame, 10, "test");
	ok(fake.strict == 1, "one of two queues that had it has stopped");
	rx_queue(0, ONE_BUFFER, 8);
	receive_frame(frame, len);
	ok(fake.strict == 1 && nic->fate.delivered == 1, "given anew to the same");
	wr(IXG_CTRL, CTRL_RST);
	guard_write(&nic->guard, NULL, 0, RX_BUF(0, 5), frame, 10, "test");
	ok(fake.strict == 2, "a reset stops all queues");
	start(SPLIT, FAULT_NONE);
	confirm_stop();
	guard_write(&nic->guard, NULL, 0, RX_HDR(0, 1), frame, 10, "test");
	ok(fake.strict == 1, "header buffers, too");
}

static void test_guard_grows(void)
{
	struct guard guard = { .on = 1 };
	unsigned int i, missed = 0;

	fake_clear();
	for (i = 0; i < 100000; i++)
		guard_given(&guard, NULL, i % 3, (uint64_t)i << 12, 4096);
	guard_stopped(&guard, 1);
	for (i = 0; i < 1000; i++) {
		unsigned int before = fake.strict;

		guard_write(&guard, NULL, 0, MEM_BASE + (i << 12), frame, 1, "test");
		missed += fake.strict - before != ((MEM_BASE >> 12) + i) % 3 % 2;
	}
	ok(guard.used == 100000 && !missed, "many pages, each as it was");
	guard_free(&guard);
}

int main(void)
{
	test_lengths();
	test_headers();
	test_flags();
	test_done_first();
	test_choice();
	test_irqs();
	test_all_ones();
	test_done_beyond();
	test_late();
	test_guard();
	test_guard_grows();
	return done();
}
