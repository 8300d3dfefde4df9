// SPDX-License-Identifier: GPL-2.0
/* Registers, the admin queue, RSS, flow rules, page lists, interrupts. */
#include "gve_fake.h"

static uint8_t frame[NIC_FRAME_MAX];

/* The data of a device option, NULL when it is not there. */
static const uint8_t *option(unsigned int id)
{
	const uint8_t *d = mem(SCRATCH), *p = d + 40;
	unsigned int left = get_be16(d + 30);

	for (; left; left--, p += 8 + get_be16(p + 2))
		if (get_be16(p) == id)
			return p + 8;
	return NULL;
}

static uint32_t describe(uint32_t version, uint32_t room)
{
	uint8_t p[16];

	put_be64(p, SCRATCH);
	put_be32(p + 8, version);
	put_be32(p + 12, room);
	return admin(AQ_DESCRIBE_DEVICE, p, sizeof(p));
}

static void test_describe(void)
{
	const uint8_t *d;

	fake_start(FORMAT_DQO_RDA);
	ok(describe(1, 4096) == AQ_PASSED, "the device describes itself");
	d = mem(SCRATCH);
	ok(get_be16(d + 10) == GVE_TX_RING && get_be16(d + 12) == GVE_RX_RING &&
	   !memcmp(d + 24, fake_mac, 6), "ring sizes and address");
	ok(option(OPT_DQO_RDA) && !option(OPT_DQO_QPL) && !option(OPT_GQI_QPL),
	   "it offers one format");
	ok(get_be16(option(OPT_BUFFER_SIZES) + 4) == 4096 &&
	   get_be16(option(OPT_BUFFER_SIZES) + 6) == GVE_HEADER_BUFFER, "buffer sizes");
	ok(get_be32(option(OPT_FLOW_STEERING) + 8) == GVE_FLOW_RULES, "flow rules");
	ok(get_be16(option(OPT_JUMBO_FRAMES) + 4) == 9000, "the largest MTU");
	ok(get_be32(option(OPT_DQO_RDA)) & FEATURE_NIC_TIMESTAMP &&
	   get_be32(option(OPT_NIC_TIMESTAMP)) == FEATURE_NIC_TIMESTAMP, "it stamps frames");
	nic->knob_stamps = 0;
	describe(1, 4096);
	ok(!(get_be32(option(OPT_DQO_RDA)) & FEATURE_NIC_TIMESTAMP) &&
	   !option(OPT_NIC_TIMESTAMP), "or it does not");
	ok(describe(1, 40) == AQ_INVALID_ARGUMENT, "not where there is no room");
	ok(describe(2, 4096) == AQ_INVALID_ARGUMENT && fake.strict == 1, "version 1 only");
	fake_start(FORMAT_GQI_QPL);
	describe(1, 4096);
	ok(option(OPT_GQI_QPL) && !option(OPT_FLOW_STEERING) && !option(OPT_NIC_TIMESTAMP),
	   "GQI without flow rules and stamps");
}

static void test_queue(void)
{
	uint8_t p[16] = {};

	fake_start(FORMAT_DQO_RDA);
	ok(rd(GVE_REG_AQ_COUNTER) == 1, "the counter follows");
	ok(admin(0x77, NULL, 0) == AQ_UNIMPLEMENTED && fake.strict == 1, "an unknown command");
	ok(admin(AQ_EXTENDED, p, sizeof(p)) == AQ_UNIMPLEMENTED && fake.strict == 2,
	   "an unknown extended command");
	ok(configure(FORMAT_DQO_RDA) == AQ_ALREADY_EXISTS && fake.strict == 3,
	   "resources are configured once");
	wr(GVE_REG_AQ_DOORBELL, 1000);
	ok(fake.strict == 4, "a doorbell beyond the queue");
	rd(0x40);
	wr(0x40, 1);
	ok(fake.strict == 6, "registers that are not there");
	gve_model.bar_write(nic, GVE_DB_BAR, 4, 0, 4);
	ok(fake.strict == 7, "a doorbell that was not given out");
}

static void set_revision(unsigned int revision)
{
	nic->knob_revision = revision;
	gve_model.knob_changed(nic);
}

static void test_revision_0(void)
{
	fake_start(FORMAT_DQO_RDA);
	create_rx(0, &plain);
	ok(!gve_model.revision && rd(GVE_REG_AQ_PFN) == AQ_RING / GVE_PAGE_SIZE && nic->rxq[0].on,
	   "revision 0: it runs by the page number of its queue");
	wr(GVE_REG_AQ_PFN, 0);
	ok(!rd(GVE_REG_AQ_PFN) && !nic->rxq[0].on && fake.strict == 0, "0 resets it");
	ok(!(rd(GVE_REG_DEVICE_STATUS) & DEVICE_STATUS_IS_RESET), "its status does not tell");
	nic->fault.kind = FAULT_ALL_ONES;
	ok(rd(GVE_REG_AQ_PFN) == UINT32_MAX, "without an answer it never reads as 0");
	nic->fault.kind = FAULT_NONE;
	wr(GVE_REG_AQ_PFN, 1);
	wr(GVE_REG_AQ_PFN, 2);
	ok(fake.strict == 1, "a queue that moves while it runs");
	wr(GVE_REG_AQ_BASE_LO, AQ_RING);
	wr(GVE_REG_DRIVER_STATUS, DRIVER_STATUS_RESET);
	ok(fake.strict == 3 && nic->aq.running, "it has no base, and no bit for a reset");
}

static void test_revision_1(void)
{
	fake_start(FORMAT_DQO_RDA);
	set_revision(1);
	ok(fake.revision == 1 && (rd(GVE_REG_DEVICE_STATUS) & DEVICE_STATUS_IS_RESET),
	   "revision 1 is another device");
	admin_start();
	configure(FORMAT_DQO_RDA);
	create_rx(0, &plain);
	ok(!(rd(GVE_REG_DEVICE_STATUS) & DEVICE_STATUS_IS_RESET) && nic->rxq[0].on, "it runs");
	wr(GVE_REG_AQ_PFN, 0);
	rd(GVE_REG_AQ_PFN);
	ok(fake.strict == 2 && nic->rxq[0].on, "it has no page number");
	wr(GVE_REG_DRIVER_STATUS, DRIVER_STATUS_RESET);
	ok((rd(GVE_REG_DEVICE_STATUS) & DEVICE_STATUS_IS_RESET) && !nic->rxq[0].on,
	   "it is reset, and says so");
}

static void test_reset(void)
{
	fake_start(FORMAT_DQO_RDA);
	create_rx(0, &plain);
	admin_reset();
	ok(!nic->rxq[0].on && !rd(GVE_REG_AQ_COUNTER), "nothing is left of it");
	admin_start();
	ok(create_rx(0, &plain) == AQ_FAILED_PRECONDITION && fake.strict == 1,
	   "no queue before resources");
	nic->knob_format = FORMAT_DQO_QPL;
	ok(configure(FORMAT_DQO_RDA) == AQ_INVALID_ARGUMENT, "only the format that is offered");
}

static void test_link(void)
{
	fake_start(FORMAT_DQO_RDA);
	ok(rd(GVE_REG_DEVICE_STATUS) & DEVICE_STATUS_LINK, "the link is up");
	fake.link = false;
	gve_model.link(nic, false);
	ok(!(rd(GVE_REG_DEVICE_STATUS) & DEVICE_STATUS_LINK) && fake.irq[GVE_NUM_NTFY] == 1,
	   "and down, with an interrupt of the last vector");
	nic->knob_reset = 1;
	gve_model.knob_changed(nic);
	ok((rd(GVE_REG_DEVICE_STATUS) & DEVICE_STATUS_RESET) && fake.irq[GVE_NUM_NTFY] == 2,
	   "the device asks for a reset");
}

static void test_moderation(void)
{
	fake_start(FORMAT_DQO_RDA);
	irq_doorbell(5, DQO_IRQ_ENABLE | 10 << DQO_IRQ_INTERVAL_SHIFT);
	gve_irq_event(nic, 5);
	irq_doorbell(5, DQO_IRQ_ENABLE | DQO_IRQ_ITR_NONE << DQO_IRQ_ITR_SHIFT);
	gve_irq_event(nic, 5);
	ok(fake.irq[5] == 1, "the second event waits");
	fake_advance(19000);
	ok(fake.irq[5] == 1, "for 20 microseconds");
	fake_advance(1000);
	ok(fake.irq[5] == 2, "and is not lost");
	gve_irq_event(nic, 5);
	irq_doorbell(5, DQO_IRQ_CLEAR_PENDING | DQO_IRQ_ITR_NONE << DQO_IRQ_ITR_SHIFT);
	irq_doorbell(5, DQO_IRQ_ENABLE | DQO_IRQ_ITR_NONE << DQO_IRQ_ITR_SHIFT);
	fake_advance(100000);
	ok(fake.irq[5] == 2, "unless the driver clears it");
}

static unsigned int queue_of(uint16_t sport)
{
	struct fake_flow f = udp4;
	unsigned int q;

	f.sport = sport;
	for (q = 0; q < GVE_MAX_QUEUES; q++)
		nic->rxq[q].frames = 0;
	receive_frame(frame, build(&f, frame));
	for (q = 0; q < GVE_MAX_QUEUES && !nic->rxq[q].frames; q++)
		;
	return q;
}

static void start_queues(unsigned int count)
{
	unsigned int q;

	fake_start(FORMAT_DQO_RDA);
	for (q = 0; q < count; q++) {
		create_rx(q, &plain);
		post(q, 0, 64);
	}
}

static uint32_t set_lut(uint32_t queue)
{
	uint8_t p[24] = {};
	unsigned int i;

	for (i = 0; i < GVE_RSS_LUT; i++)
		put_be32(mem(SCRATCH) + i * 4, queue);
	p[2] = HASH_ALG_TOEPLITZ;
	put_be16(p + 6, GVE_RSS_LUT);
	put_be64(p + 16, SCRATCH);
	return admin(AQ_CONFIGURE_RSS, p, sizeof(p));
}

static void test_rss(void)
{
	uint8_t p[24] = {}, key[TOEPLITZ_KEY_LEN];
	unsigned int i, seen = 0;

	start_queues(4);
	for (i = 0; i < 64; i++)
		seen |= BIT32(queue_of(1000 + i));
	ok(seen == 0xf, "frames spread over the queues that there are");
	ok(set_lut(2) == AQ_PASSED && queue_of(1000) == 2 && queue_of(1001) == 2, "the table");
	ok(set_lut(77) == AQ_INVALID_ARGUMENT && queue_of(1000) == 2, "a bad one is refused");
	for (i = 0; i < sizeof(key); i++)
		key[i] = i * 5;
	memcpy(mem(SCRATCH), key, sizeof(key));
	put_be16(p + 4, sizeof(key));
	put_be64(p + 8, SCRATCH);
	ok(admin(AQ_CONFIGURE_RSS, p, sizeof(p)) == AQ_PASSED, "another key");
	memset(p, 0, sizeof(p));
	put_be64(p, 4096);
	put_be64(p + 8, SCRATCH);
	memset(mem(SCRATCH), 0, 4096);
	admin(AQ_QUERY_RSS, p, 16);
	ok(get_be32(mem(SCRATCH)) == 8 + sizeof(key) + GVE_RSS_LUT * 4 &&
	   !memcmp(mem(SCRATCH) + 8, key, sizeof(key)) && get_be32(mem(SCRATCH) + 48) == 2,
	   "both can be read");
}

static uint32_t flow(uint16_t op, uint16_t sport, uint16_t queue, uint32_t loc)
{
	uint8_t *cmd = mem(SCRATCH), p[16];

	memset(cmd, 0, 92);
	put_be16(cmd, op);
	put_be16(cmd + 4, FLOW_UDPV4);
	put_be16(cmd + 6, queue);
	put_be16(cmd + 8 + 32, sport);
	put_be16(cmd + 48 + 32, 0xffff);
	put_be32(cmd + 88, loc);
	put_be32(p, AQ_CONFIGURE_FLOW_RULE);
	put_be32(p + 4, 92);
	put_be64(p + 8, SCRATCH);
	return admin(AQ_EXTENDED, p, sizeof(p));
}

static uint32_t query(uint16_t what, uint32_t from)
{
	uint8_t p[24] = {};

	put_be16(p, what);
	put_be32(p + 4, from);
	put_be64(p + 8, 4096);
	put_be64(p + 16, SCRATCH);
	return admin(AQ_QUERY_FLOW_RULES, p, sizeof(p));
}

static void test_flow(void)
{
	const uint8_t *reply;

	start_queues(4);
	set_lut(0);
	ok(flow(FLOW_ADD, 1001, 3, 20) == AQ_PASSED && queue_of(1001) == 3 && !queue_of(1002),
	   "a rule for one port");
	ok(flow(FLOW_ADD, 1001, 2, 10) == AQ_PASSED && queue_of(1001) == 2,
	   "the lowest location wins");
	reply = mem(SCRATCH);
	query(FLOW_QUERY_IDS, 0);
	ok(get_be32(reply + 8) == 2 && get_be32(reply + 16) == 10 && get_be32(reply + 20) == 20,
	   "locations in order");
	query(FLOW_QUERY_RULES, 11);
	ok(get_be32(reply + 8) == 1 && get_be32(reply + 16) == 20 &&
	   get_be16(reply + 22) == 3 && get_be32(reply + 12) == 16 + 88, "a rule as it was given");
	query(FLOW_QUERY_STATS, 0);
	ok(get_be32(reply) == 2 && get_be32(reply + 4) == GVE_FLOW_RULES, "how many there are");
	ok(flow(FLOW_DELETE, 0, 0, 10) == AQ_PASSED && queue_of(1001) == 3, "one deleted");
	ok(flow(FLOW_DELETE, 0, 0, 10) == AQ_NOT_FOUND, "but not twice");
	ok(flow(FLOW_RESET, 0, 0, 0) == AQ_PASSED && !queue_of(1001), "all deleted");
	ok(flow(FLOW_ADD, 1, 99, 1) == AQ_INVALID_ARGUMENT && fake.strict == 1, "no such queue");
}

static uint32_t register_pages(uint32_t id, uint32_t pages)
{
	uint8_t p[24];
	uint32_t i;

	for (i = 0; i < pages; i++)
		put_be64(mem(SCRATCH) + i * 8, BUFFERS + i * 4096ull);
	put_be32(p, id);
	put_be32(p + 4, pages);
	put_be64(p + 8, SCRATCH);
	put_be64(p + 16, 4096);
	return admin(AQ_REGISTER_PAGE_LIST, p, sizeof(p));
}

static uint32_t unregister_pages(uint32_t id)
{
	uint8_t p[4];

	put_be32(p, id);
	return admin(AQ_UNREGISTER_PAGE_LIST, p, sizeof(p));
}

static void test_pages(void)
{
	struct rx_config c = plain;

	fake_start(FORMAT_DQO_QPL);
	ok(create_rx(0, &c) == AQ_INVALID_ARGUMENT && fake.strict == 1,
	   "a queue of page lists needs one");
	ok(register_pages(5, 16) == AQ_PASSED, "sixteen pages");
	ok(register_pages(5, 16) == AQ_ALREADY_EXISTS && fake.strict == 2, "once");
	c.pages = 5;
	ok(create_rx(0, &c) == AQ_PASSED, "a queue with them");
	post(0, 0, 16);
	ok(fake.strict == 2 && nic->rxq[0].bufs == 16, "buffers from them");
	post(0, 16, 8);
	ok(fake.strict > 2 && nic->rxq[0].bufs == 16 &&
	   strstr(fake.strict_text, "not in the queue's page list"), "and from nowhere else");
	ok(unregister_pages(5) == AQ_FAILED_PRECONDITION, "not given up while a queue has them");
	destroy_rx(0);
	ok(unregister_pages(5) == AQ_PASSED && unregister_pages(5) == AQ_NOT_FOUND,
	   "afterwards, once");
}

static void test_ptypes(void)
{
	struct pkt udp6 = { .l3 = L3_IPV6, .l4 = L4_UDP };
	uint8_t p[16];

	fake_start(FORMAT_DQO_RDA);
	put_be64(p, 2 * GVE_PTYPES);
	put_be64(p + 8, SCRATCH);
	ok(admin(AQ_GET_PTYPE_MAP, p, sizeof(p)) == AQ_PASSED, "the map of packet types");
	ok(mem(SCRATCH)[2 * gve_ptype(&udp6)] == PTYPE_L3_IPV6 &&
	   mem(SCRATCH)[2 * gve_ptype(&udp6) + 1] == PTYPE_L4_UDP, "completions use it");
}

static void wait_for_report(void)
{
	uint8_t p[24];

	put_be64(p, 8 + 20 * 16);
	put_be64(p + 8, SCRATCH);
	put_be64(p + 16, 20000);
	admin(AQ_REPORT_STATS, p, sizeof(p));
	memset(mem(SCRATCH), 0, 8 + 20 * 16);
	fake_advance(20000000000ull);
}

static void test_report(void)
{
	start_queues(2);
	nic->rxq[1].no_desc = 5;
	wait_for_report();
	ok(get_be32(mem(SCRATCH) + 8 + 12 * 16) == NIC_RX_QUEUE_DROPS &&
	   !get_be32(mem(SCRATCH) + 8 + 11 * 16), "the device's part is at the end of the report");
	ok(get_be32(mem(SCRATCH) + 8 + 17 * 16 + 4) == 1 &&
	   get_be64(mem(SCRATCH) + 8 + 17 * 16 + 8) == 5, "with what each queue dropped");
	admin_reset();
	admin_start();
	configure(FORMAT_DQO_RDA);
	create_rx(0, &plain);
	create_rx(1, &plain);
	nic->rxq[1].no_desc++;
	wait_for_report();
	ok(get_be64(mem(SCRATCH) + 8 + 16 * 16 + 8) == 1 &&
	   get_be64(mem(SCRATCH) + 8 + 17 * 16 + 8) == 1, "since the last reset");
	ok(nic->rxq[1].no_desc == 6, "while the model's own count goes on");
	nic->rxq[1].no_desc++;
	nic->knob_report_ms = 3;
	gve_model.knob_changed(nic);
	fake_advance(3000000);
	ok(get_be64(mem(SCRATCH) + 8 + 17 * 16 + 8) == 2, "sooner than asked for");
}

static void test_clock(void)
{
	uint8_t p[16];

	fake_start(FORMAT_DQO_RDA);
	put_be64(p, 39);
	put_be64(p + 8, SCRATCH);
	ok(admin(AQ_REPORT_NIC_TIMESTAMP, p, sizeof(p)) == AQ_INVALID_ARGUMENT,
	   "no room for the clock");
	put_be64(p, 40);
	nic->knob_clock_ns = 5000;
	gve_model.knob_changed(nic);
	fake_advance(3);
	ok(admin(AQ_REPORT_NIC_TIMESTAMP, p, sizeof(p)) == AQ_PASSED &&
	   get_be64(mem(SCRATCH)) == 5003 && !nic->knob_clock_ns, "a clock that was set");
	admin_reset();
	admin_start();
	configure(FORMAT_DQO_RDA);
	fake_advance(4);
	admin(AQ_REPORT_NIC_TIMESTAMP, p, sizeof(p));
	ok(get_be64(mem(SCRATCH)) == 5007, "goes on at a reset");
}

int main(void)
{
	test_describe();
	test_queue();
	test_revision_0();
	test_revision_1();
	test_reset();
	test_link();
	test_moderation();
	test_rss();
	test_flow();
	test_pages();
	test_ptypes();
	test_report();
	test_clock();
	return done();
}
