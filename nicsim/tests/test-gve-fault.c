// SPDX-License-Identifier: GPL-2.0
/* What the gVNIC does when it is broken, and the guard of receive buffers. */
#include "gve_fake.h"

static const struct rx_config split = {
	.buf_size = 2048, .hdr_size = GVE_HEADER_BUFFER, .ring = ENTRIES,
	.pages = GVE_RAW_ADDRESSING,
};

static uint8_t frame[NIC_FRAME_MAX];
static size_t len;

static void start(const struct rx_config *c, enum nic_fault kind)
{
	fake_start(FORMAT_DQO_RDA);
	nic->guard.on = 1;
	nic->knob_shuffle = 0;
	create_rx(0, c);
	irq_doorbell(GVE_MAX_QUEUES, DQO_IRQ_ENABLE);
	post(0, 0, 32);
	len = build(&udp4, frame);
	nic->fault.kind = kind;
}

static struct fake_completion broken(const struct rx_config *c, enum nic_fault kind)
{
	start(c, kind);
	receive_frame(frame, len);
	return completion(0, 0);
}

static void test_lengths(void)
{
	ok(broken(&plain, FAULT_NONE).len == len && !nic->fault.done, "the frame's length");
	ok(!broken(&plain, FAULT_LENGTH_ZERO).len && nic->fault.done == 1, "no bytes");
	ok(broken(&plain, FAULT_LENGTH_BUFFER).len == 2048, "a full buffer");
	ok(broken(&plain, FAULT_LENGTH_OVER).len == 2049, "more than the buffer");
	ok(broken(&plain, FAULT_LENGTH_MAX).len == 0x3fff, "as much as can be said");
	ok(completion(0, 0).generation && !fake.strict, "and the generation as it has to be");
}

static void test_flags(void)
{
	struct fake_completion c = broken(&split, FAULT_HEADER_MAX);

	ok(c.split && c.hdr_len == 0x3ff, "headers beyond their buffer");
	c = broken(&plain, FAULT_HEADER_MAX);
	ok(c.split && c.hdr_len == 0x3ff, "split without being asked");
	ok(!broken(&plain, FAULT_NO_EOP).last, "no end of the frame");
	c = broken(&plain, FAULT_ERROR_BITS);
	ok(c.ip_error && c.l4_error && (mem(COMPLQ(0))[1] & DQO_RX1_ERROR), "all error bits");
	ok(broken(&plain, FAULT_WRONG_TYPE).ptype == 0x3ff, "a packet type that is none");
}

static void test_header_zero(void)
{
	struct fake_completion c;

	start(&split, FAULT_HEADER_ZERO);
	memset(mem(HEADERS), 0xa5, GVE_HEADER_BUFFER);
	receive_frame(frame, len);
	c = completion(0, 0);
	ok(c.split && !c.overflow && !c.hdr_len && c.len == len && nic->fault.done == 1,
	   "split behind no headers");
	ok(*mem(HEADERS) == 0xa5 && !memcmp(mem(buf_addr(0, 0)), frame, len),
	   "the frame is whole where its payload would be");
	nic->fault.every = 2;
	receive_frame(frame, len);
	receive_frame(frame, len);
	ok(!completion(0, 1).hdr_len && completion(0, 2).hdr_len == 42 &&
	   completion(0, 2).len == len - 42, "or every second one");
	c = broken(&plain, FAULT_HEADER_ZERO);
	ok(!c.split && c.len == len && !nic->fault.done, "not where no split was asked for");
}

static void test_done_beyond(void)
{
	unsigned int i;

	start(&plain, FAULT_DONE_BEYOND);
	for (i = 0; i < 32; i++)
		receive_frame(frame, len);
	ok(!completion(0, 32).done && !nic->fault.done,
	   "while there are buffers, nothing beyond them");
	put_buf(0, 40);
	memset(mem(buf_addr(0, 40)), 0xa5, 64);
	irq_doorbell(GVE_MAX_QUEUES, DQO_IRQ_ENABLE | DQO_IRQ_CLEAR_PENDING);
	fake.irq[GVE_MAX_QUEUES] = 0;
	receive_frame(frame, len);
	ok(completion(0, 32).done && completion(0, 32).id == 40 && completion(0, 32).last &&
	   nic->fault.done == 1 && fake.irq[GVE_MAX_QUEUES] == 1,
	   "then the one at the tail is done");
	ok(*mem(buf_addr(0, 40)) == 0xa5 && nic->fate.no_desc == 1 && !fake.strict,
	   "but not filled, and the frame is dropped");
}

static void test_twice(void)
{
	start(&plain, FAULT_NONE);
	receive_frame(frame, len);
	nic->fault.kind = FAULT_TWICE;
	receive_frame(frame, len);
	nic->fault.kind = FAULT_NONE;
	receive_frame(frame, len);
	ok(completion(0, 1).id == completion(0, 0).id, "a buffer is completed twice");
	ok(completion(0, 2).id == 2, "and another one never");
}

static void test_done_first(void)
{
	unsigned int i, data = 0, last = 0;

	start(&plain, FAULT_DONE_FIRST);
	fake.logged = 0;
	receive_frame(frame, len);
	for (i = 0; i < fake.logged; i++) {
		if (fake.log[i].addr == COMPLQ(0) + 4)
			last = i;
		if (fake.log[i].addr == buf_addr(0, 0))
			data = i;
	}
	ok(data > last && !memcmp(mem(buf_addr(0, 0)), frame, len), "done, and the bytes after it");
}

static void test_irqs(void)
{
	broken(&plain, FAULT_NO_IRQ);
	ok(!fake.irq[GVE_MAX_QUEUES], "an interrupt is lost");
	broken(&plain, FAULT_IRQ_STORM);
	ok(fake.irq[GVE_MAX_QUEUES] == 1 + FAULT_STORM, "or comes again and again");
}

static void test_registers(void)
{
	uint32_t before;

	start(&plain, FAULT_ALL_ONES);
	ok(rd(GVE_REG_DEVICE_STATUS) == 0xffffffff, "registers read as all ones");
	admin_reset();
	put_buf(0, 32);
	rx_doorbell(0, 64);
	receive_frame(frame, len);
	ok(nic->resets == 1 && nic->rxq[0].on && nic->rxq[0].tail == 32 && !fake.strict,
	   "what is written to them, and to doorbells, is lost");
	ok(completion(0, 0).done, "DMA goes on");
	start(&plain, FAULT_NO_COMMANDS);
	before = rd(GVE_REG_AQ_COUNTER);
	ok(!destroy_rx(0) && rd(GVE_REG_AQ_COUNTER) == before && nic->rxq[0].on,
	   "a command is not done");
	nic->fault.kind = FAULT_NONE;
	wr(GVE_REG_AQ_DOORBELL, aq_count);
	ok(rd(GVE_REG_AQ_COUNTER) == before + 1 && !nic->rxq[0].on, "but later");
}

static void test_late(void)
{
	start(&plain, FAULT_LATE_DONE);
	destroy_rx(0);
	ok(completion(0, 0).done && completion(0, 0).id == 0 && !fake.strict,
	   "a completion after the end");
	start(&plain, FAULT_LATE_DATA);
	memset(mem(buf_addr(0, 0)), 0xa5, 64);
	destroy_rx(0);
	ok(!*mem(buf_addr(0, 0)) && fake.strict == 1, "data after the end is recorded");
}

static void test_guard(void)
{
	start(&split, FAULT_NONE);
	ok(nic->guard.used == 33, "32 buffers and a page of headers were given");
	destroy_rx(0);
	guard_write(&nic->guard, NULL, 0, buf_addr(0, 7), frame, 10, "test");
	guard_write(&nic->guard, NULL, 0, HEADERS, frame, 10, "test");
	ok(fake.strict == 2, "after the end they are written to");
	create_rx(0, &split);
	post(0, 0, 32);
	receive_frame(frame, len);
	ok(fake.strict == 2 && nic->fate.delivered == 1, "given anew");
	admin_reset();
	guard_write(&nic->guard, NULL, 0, buf_addr(0, 7), frame, 10, "test");
	ok(fake.strict == 3, "a reset ends all queues");
}

int main(void)
{
	test_lengths();
	test_flags();
	test_header_zero();
	test_done_beyond();
	test_twice();
	test_done_first();
	test_irqs();
	test_registers();
	test_late();
	test_guard();
	return done();
}
