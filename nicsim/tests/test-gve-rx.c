// SPDX-License-Identifier: GPL-2.0
/* DQO receive: posted buffers, completions, header split, coalescing. */
#include "gve_fake.h"

static uint8_t frame[NIC_FRAME_MAX];

static void start(const struct rx_config *c, unsigned int posted)
{
	fake_start(FORMAT_DQO_RDA);
	create_rx(0, c);
	irq_doorbell(GVE_MAX_QUEUES, DQO_IRQ_ENABLE);
	if (posted)
		post(0, 0, posted);
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
	struct fake_completion c;

	start(&plain, 64);
	receive_frame(frame, len);
	c = completion(0, 0);
	ok(c.generation && c.done && c.last, "a completion of the first round, with its end");
	ok(c.len == len && c.id < 64 && !memcmp(mem(buf_addr(0, c.id)), frame, len),
	   "frame and length in the buffer that it names");
	ok(c.processed && !c.ip_error && !c.l4_error && c.hash, "headers were looked at");
	ok(fake.irq[GVE_MAX_QUEUES] == 1, "an interrupt");
	receive_frame(frame, len);
	ok(fake.irq[GVE_MAX_QUEUES] == 1, "which turned itself off");
	irq_doorbell(GVE_MAX_QUEUES, DQO_IRQ_ENABLE);
	ok(fake.irq[GVE_MAX_QUEUES] == 2, "and comes again when it is turned on");
	ok(!fake.strict, "no strict record");
}

static void test_write_order(void)
{
	uint64_t word = COMPLQ(0) + 4;
	unsigned int i, last = 0;

	start(&plain, 64);
	fake.logged = 0;
	receive_frame(frame, udp_frame(900));
	for (i = 0; i < fake.logged; i++)
		if (fake.log[i].addr == word && fake.log[i].len == 2)
			last = i;
	ok(last == fake.logged - 1, "the word with the generation bit is written last");
	ok(fake.log[last].barriers > fake.log[last - 1].barriers, "behind a barrier");
}

/* The number of completions that are not in the order of the buffers. */
static unsigned int out_of_order(uint64_t shuffle, uint64_t seed, unsigned int *first)
{
	unsigned int i, other = 0, sum = 0;

	start(&plain, 0);
	nic->knob_shuffle = shuffle;
	nic->knob_seed = seed;
	gve_model.knob_changed(nic);
	post(0, 0, 128);
	for (i = 0; i < 100; i++)
		receive_frame(frame, udp_frame(100));
	for (i = 0; i < 100; i++) {
		other += completion(0, i).id != i;
		sum = sum * 31 + completion(0, i).id;
	}
	*first = sum;
	return other;
}

static void test_shuffle(void)
{
	unsigned int a, b, c, d;

	ok(out_of_order(32, 1, &a) > 50, "buffers are completed in another order");
	out_of_order(32, 1, &b);
	out_of_order(32, 2, &c);
	ok(a == b && a != c, "the seed decides which");
	ok(!out_of_order(0, 1, &d), "in order with shuffle 0");
}

static void test_every_buffer_once(void)
{
	bool seen[ENTRIES] = {}, twice = false, gone = false;
	unsigned int i;

	start(&plain, 248);
	for (i = 0; i < 248; i++)
		receive_frame(frame, udp_frame(100));
	for (i = 0; i < 248; i++) {
		twice |= seen[completion(0, i).id];
		seen[completion(0, i).id] = true;
	}
	for (i = 0; i < 248; i++)
		gone |= !seen[i];
	ok(!twice && !gone, "each buffer is completed once");
	receive_frame(frame, udp_frame(100));
	ok(nic->fate.no_desc == 1 && nic->rxq[0].no_desc == 1, "then a frame is dropped");
	ok(gve_model.wire_rx(nic, frame, 142, true) == NIC_RX_WAIT, "or its source waits");
	post(0, 0, 8);
	ok(fake.rx_ready == 1, "until buffers are posted");
}

static void test_generation(void)
{
	unsigned int i, id = 0;
	bool good = true;

	start(&plain, 0);
	nic->knob_shuffle = 0;
	for (i = 0; i < 3 * ENTRIES; i += 8) {
		unsigned int n;

		post(0, id, 8);
		for (n = 0; n < 8; n++)
			receive_frame(frame, udp_frame(100));
		good &= completion(0, (i + 7) % ENTRIES).generation == !(i / ENTRIES % 2);
		id = (id + 8) % ENTRIES;
	}
	ok(good && !fake.strict, "the generation bit turns with each round");
}

static void test_long_frame(void)
{
	size_t len = udp_frame(5000), off = 0;
	struct pkt udp = { .l3 = L3_IPV4, .l4 = L4_UDP };
	unsigned int i, ptype = gve_ptype(&udp);
	bool good = true, last = true;

	start(&plain, 64);
	receive_frame(frame, len);
	for (i = 0; i < 3; i++) {
		struct fake_completion c = completion(0, i);

		good &= c.len == (i < 2 ? 2048 : len - 4096) &&
			!memcmp(mem(buf_addr(0, c.id)), frame + off, c.len);
		last &= c.last == (i == 2);
		off += c.len;
	}
	ok(good && !completion(0, 3).generation, "a frame of 5042 bytes takes three buffers");
	ok(last, "the end is in the last");
	ok(completion(0, 2).processed && completion(0, 2).ptype == ptype &&
	   completion(0, 0).hash != completion(0, 2).hash &&
	   completion(0, 1).hash != completion(0, 2).hash,
	   "what is said of the frame, too: there is anything in the others");
}

static void test_large_buffers(void)
{
	struct rx_config c = plain;

	c.buf_size = 4096;
	start(&c, 64);
	receive_frame(frame, udp_frame(5000));
	ok(completion(0, 0).len == 4096 && completion(0, 1).last, "buffers of 4096 bytes");
	c.buf_size = 1500;
	ok(create_rx(1, &c) == AQ_INVALID_ARGUMENT && fake.strict == 1, "none of 1500");
}

static void test_split(void)
{
	struct rx_config conf = plain;
	size_t len = udp_frame(500);
	struct fake_completion c;

	conf.hdr_size = GVE_HEADER_BUFFER;
	start(&conf, 64);
	receive_frame(frame, len);
	c = completion(0, 0);
	ok(c.split && c.hdr_len == 42 && c.len == 500, "42 bytes of headers, 500 of data");
	ok(!memcmp(mem(HEADERS + c.id * GVE_HEADER_BUFFER), frame, 42) &&
	   !memcmp(mem(buf_addr(0, c.id)), frame + 42, 500), "each in its buffer");
	frame[12] = 0x88;
	receive_frame(frame, len);
	c = completion(0, 1);
	ok(!c.split && c.len == len, "no IP: no split");
	conf.hdr_size = 256;
	ok(create_rx(1, &conf) == AQ_INVALID_ARGUMENT, "header buffers have one size");
}

/* 40 bytes of IPv4 options and 40 of TCP's are too many for the header buffer. */
static void test_split_overflow(void)
{
	struct rx_config conf = plain;
	size_t len = udp_frame(500);
	struct fake_completion c;

	conf.hdr_size = GVE_HEADER_BUFFER;
	start(&conf, 64);
	memmove(frame + 74, frame + 34, len - 34);
	memset(frame + 34, 1, 40);
	frame[14] = 0x4f;
	put_be16(frame + 16, 60 + 508);
	frame[23] = 6;
	frame[74 + 12] = 0xf0;
	receive_frame(frame, len + 40);
	c = completion(0, 0);
	ok(c.split && c.overflow && c.len == len + 40, "headers are too long: one piece");
	ok(!memcmp(mem(buf_addr(0, c.id)), frame, c.len), "all in the buffer");
}

static void test_checksums(void)
{
	struct fake_flow f = udp4;

	start(&plain, 64);
	f.bad_l4 = true;
	receive_frame(frame, build(&f, frame));
	f.bad_l4 = false;
	f.bad_ip = true;
	receive_frame(frame, build(&f, frame));
	f.bad_ip = false;
	f.frag = 0x2000;
	receive_frame(frame, build(&f, frame));
	ok(completion(0, 0).l4_error && !completion(0, 0).ip_error, "a wrong UDP checksum");
	ok(completion(0, 1).ip_error && !completion(0, 1).l4_error, "a wrong IPv4 checksum");
	ok(!completion(0, 2).l4_error && completion(0, 2).ptype != completion(0, 0).ptype,
	   "a fragment has another type and no L4 checksum");
}

static void test_strict_buffers(void)
{
	start(&plain, 16);
	put_buf(0, 3);
	put_buf(0, 100);
	rx_doorbell(0, 18);
	ok(fake.strict == 1 && strstr(fake.strict_text, "multiple of 8"),
	   "a doorbell that is no multiple of 8");
	ok(nic->rxq[0].bufs == 16, "nothing is taken of a granule that is not whole");
	while (rx_tail[0] < 24)
		put_buf(0, 100 + rx_tail[0]);
	rx_doorbell(0, 24);
	ok(fake.strict == 2 && strstr(fake.strict_text, "buffer 3 posted twice"),
	   "an identifier that is posted already");
	rx_doorbell(0, ENTRIES);
	ok(fake.strict == 3 && nic->rxq[0].bufs == 23, "a doorbell outside the ring");
	while (rx_tail[0] < 32)
		put_buf(0, 200 + rx_tail[0]);
	memset(mem(BUFQ(0)) + 31 * DQO_RX_DESC_SIZE + 8, 0, 8);
	rx_doorbell(0, 32);
	ok(strstr(fake.strict_text, "without address"), "a buffer without address");
	while (rx_tail[0] < 40)
		put_buf(0, 140 + rx_tail[0]);
	memcpy(mem(BUFQ(0)) + 39 * DQO_RX_DESC_SIZE + 8, mem(BUFQ(0)) + 9 * DQO_RX_DESC_SIZE + 8,
	       8);
	rx_doorbell(0, 40);
	ok(strstr(fake.strict_text, "address of another"), "two buffers with one address");
}

static void test_strict_address(void)
{
	uint64_t far = MEM_BASE + MEM_SIZE;
	unsigned int i;

	start(&plain, 0);
	for (i = 0; i < 8; i++) {
		put_buf(0, i);
		far += 4096;
		memcpy(mem(BUFQ(0)) + i * DQO_RX_DESC_SIZE + 8, &far, sizeof(far));
	}
	rx_doorbell(0, 8);
	receive_frame(frame, udp_frame(100));
	ok(fake.strict == 1 && strstr(fake.strict_text, "outside memory"),
	   "an address that was not given");
	ok(nic->fate.dma_error == 1, "the frame is counted");
}

static void test_destroy(void)
{
	start(&plain, 64);
	create_rx(1, &plain);
	ok(destroy_rx(1) == AQ_PASSED && !fake.strict, "a queue is destroyed alone");
	rx_doorbell(1, 8);
	ok(fake.strict == 1, "its doorbell is no more");
	ok(destroy_rx(1) == AQ_NOT_FOUND, "nor is the queue");
	create_rx(1, &plain);
	ok(destroy_rx(0) == AQ_PASSED && fake.strict == 2, "but not queue 0 without the others");
	receive_frame(frame, udp_frame(100));
	ok(nic->fate.queue_off + nic->fate.no_desc == 1, "frames for it are counted");
}

static size_t segment(uint32_t seq, size_t payload, uint8_t flags)
{
	struct fake_flow f = udp4;
	uint32_t pseudo;

	f.proto = 6;
	f.payload = payload;
	build(&f, frame);
	put_be32(frame + 38, seq);
	frame[47] = flags;
	put_be16(frame + 50, 0);
	pseudo = csum_add(6 + 20 + payload, frame + 26, 8);
	put_be16(frame + 50, csum_fold(csum_add(pseudo, frame + 34, 20 + payload)));
	return 54 + payload;
}

static void test_rsc(void)
{
	struct rx_config conf = plain;
	struct fake_completion c;
	unsigned int i;

	conf.rsc = true;
	start(&conf, 64);
	for (i = 0; i < 4; i++)
		receive_frame(frame, segment(1000 + i * 1000, 1000, 0x10));
	ok(!completion(0, 0).generation, "segments in order wait");
	receive_frame(frame, segment(5000, 300, 0x18));
	c = completion(0, 0);
	ok(c.rsc && c.len == 2048 && !c.last, "until a pushed one");
	c = completion(0, 2);
	ok(c.rsc && c.last && c.seg_len == 1000 && c.len == 54 + 4300 - 4096,
	   "one packet of 4300 bytes, segments of 1000");
	ok(nic->fate.delivered == 5 && nic->rsc_packets == 1, "five frames are counted");
	receive_frame(frame, segment(9000, 1000, 0x10));
	receive_frame(frame, segment(11000, 1000, 0x10));
	c = completion(0, 3);
	ok(c.last && !c.rsc && c.len == 1054, "a gap ends it, and one segment stays one");
	fake_advance(nic->knob_rsc_us * 1000);
	ok(completion(0, 4).last && completion(0, 4).len == 1054, "so does time");
	ok(!fake.strict, "no strict record");
}

/* As many segments as an IP packet can hold, and one more. */
static void test_rsc_limit(void)
{
	struct rx_config conf = plain;
	unsigned int i;

	conf.rsc = true;
	start(&conf, 64);
	for (i = 0; i < 66; i++)
		receive_frame(frame, segment(i * 1000, 1000, 0x10));
	ok(nic->rsc_packets == 1 && completion(0, 31).last && completion(0, 31).rsc,
	   "a packet ends when IP's length does");
	ok(get_be16(mem(buf_addr(0, completion(0, 0).id)) + 16) == 40 + 65000,
	   "and has it");
}

static void test_stamps(void)
{
	unsigned int i, first, stamped = 0;
	struct fake_completion c;

	start(&plain, 64);
	nic->knob_clock_ns = 0x1fffffff0ull;
	gve_model.knob_changed(nic);
	fake_advance(7);
	receive_frame(frame, udp_frame(5000));
	c = completion(0, 0);
	ok(!c.last && !c.stamped && !completion(0, 1).stamped, "no stamp before the frame's end");
	c = completion(0, 2);
	ok(c.last && c.stamped && c.stamp == 0xfffffff7, "the end has the clock's low half");
	fake_advance(10);
	receive_frame(frame, udp_frame(100));
	ok(completion(0, 3).stamp == 1, "which wraps");
	nic->knob_stamps = 3;
	for (i = 0; i < 9; i++)
		receive_frame(frame, udp_frame(100));
	for (i = 0, first = 0; i < 9; i++) {
		c = completion(0, 4 + i);
		stamped += c.stamped;
		first = first ?: c.stamped * (i + 1);
	}
	ok(first && stamped == 3, "every third frame has one");
	nic->knob_stamps = 0;
	receive_frame(frame, udp_frame(100));
	ok(!completion(0, 13).stamped, "none has");
	ok(!fake.strict, "no strict record");
}

static void test_off(void)
{
	fake_start(FORMAT_DQO_RDA);
	receive_frame(frame, udp_frame(100));
	ok(nic->fate.rx_off == 1, "no queue: the frame is counted as such");
	create_rx(0, &plain);
	post(0, 0, 8);
	receive_frame(frame, udp_frame(9100));
	ok(nic->fate.oversize == 1, "a frame over the MTU");
	gve_model.bus_master(nic, false);
	receive_frame(frame, udp_frame(100));
	ok(nic->fate.rx_off == 2, "no DMA without bus mastering");
}

int main(void)
{
	test_one_buffer();
	test_write_order();
	test_shuffle();
	test_every_buffer_once();
	test_generation();
	test_long_frame();
	test_large_buffers();
	test_split();
	test_split_overflow();
	test_checksums();
	test_strict_buffers();
	test_strict_address();
	test_destroy();
	test_rsc();
	test_rsc_limit();
	test_stamps();
	test_off();
	return done();
}
