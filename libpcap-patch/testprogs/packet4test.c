// SPDX-License-Identifier: BSD-3-Clause
/*
 * Tests the reader of pcap-packet4-read.c and the set-up of pcap-packet4-ring.c.  The
 * ring is plain memory and this program plays the kernel.  Prints TAP.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>

#include "varattrs.h"
#include "pcap/funcattrs.h"
#include "../pcap-int.h"
#include "../pcap-packet4-int.h"

#ifdef PACKET_RX_DIRECT

#include "packet4test.h"

#define SLOT_SHIFT	10
#define SLOT_LEN	(1U << SLOT_SHIFT)
#define DATA_OFF	64U
#define HELD_MAX	64

static struct tpacket4_ctrl ctrl;
static struct tpacket4_hdr hdrs[ENTRIES];
static u_char slots[ENTRIES][SLOT_LEN];
static u_char payload[ENTRIES][SLOT_LEN];
static struct packet4_queue queue;
static struct packet4 p4;
static pcap_t *p;

/* What the callback was called with. */
static struct {
	struct pcap_pkthdr h;
	const u_char	*data;
	u_char		copy[4 * SLOT_LEN];
	uint32_t	cons;
} got[HELD_MAX];
static int got_nr;
static int break_at;

static void callback(u_char *user, const struct pcap_pkthdr *h,
		     const u_char *data)
{
	(void)user;
	got[got_nr].h = *h;
	got[got_nr].data = data;
	memcpy(got[got_nr].copy, data, h->caplen);
	got[got_nr].cons = ctrl.cons;
	if (++got_nr == break_at)
		p->break_loop = 1;
}

/* Makes an empty ring whose next entry is start. */
static void reset(uint32_t start)
{
	struct packet4_ring *r = &queue.ring;

	free(r->bounce);
	pcap_freecode(&p->fcode);
	memset(&p4, 0, sizeof(p4));
	p4.queues = &queue;
	p4.queue_nr = 1;
	p4.sharers = 1;
	memset(hdrs, 0, sizeof(hdrs));
	queue_reset(&queue, &ctrl, hdrs, slots[0], SLOT_SHIFT, start);
	r->bounce_len = 4 * SLOT_LEN;
	r->bounce = malloc(r->bounce_len);
	capture_reset(p);
	p->opt.buffer_size = 0;
	p->direction = PCAP_D_INOUT;
	p->opt.tstamp_precision = PCAP_TSTAMP_PRECISION_MICRO;
	break_at = -1;
	got_nr = 0;
}

/* Publishes an entry.  Its bytes count up from first. */
static struct tpacket4_hdr *put(uint32_t flags, u_char first, uint32_t have,
				uint32_t len)
{
	struct tpacket4_hdr *h = &hdrs[ctrl.prod++ & (ENTRIES - 1)];
	uint32_t i;

	h->tp_flags = flags | TPACKET4_PKTTYPE;
	h->tp_data = DATA_OFF;
	h->tp_data_end = DATA_OFF + have;
	h->tp_len = len;
	h->tp_payload_slot = TPACKET4_SLOT_NONE;
	h->tp_vlan_tci = 0;
	h->tp_pkttype = PACKET_HOST;
	h->tp_tstamp = 1234567890987654321ULL;
	for (i = 0; i < have; i++)
		slots[h->tp_slot][DATA_OFF + i] = first + i;
	return h;
}

static struct tpacket4_hdr *put_whole(u_char first, uint32_t len)
{
	return put(TPACKET4_FIRST | TPACKET4_LAST, first, len, len);
}

static void put_chain(u_char first)
{
	put(TPACKET4_FIRST, first, 300, 700);
	put(0, first + 300, 300, 0);
	put(TPACKET4_LAST, first + 600, 100, 0);
}

/* Do len bytes count up from first? */
static int counts_up(const u_char *data, u_char first, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		if (data[i] != (u_char)(first + i))
			return 0;
	return 1;
}

static int drain(int max)
{
	got_nr = 0;
	return pcap_packet4_drain(p, max, callback, NULL);
}

static void test_in_place(void)
{
	reset(0);
	put_whole(7, 60);
	hdrs[1].tp_slot = 9;	/* swapped by an earlier reader */
	put_whole(8, 61);
	ok(drain(-1) == 2, "two frames are handed over");
	ok(got[0].data == slots[0] + DATA_OFF && got[0].h.caplen == 60 &&
	   got[0].h.len == 60, "a frame in one slot is handed out in place");
	ok(got[1].data == slots[9] + DATA_OFF,
	   "tp_slot says where a frame is, not the entry's number");
	ok(got[0].h.ts.tv_sec == 1234567890 && got[0].h.ts.tv_usec == 987654,
	   "time stamps are microseconds by default");
	ok(ctrl.cons == 2 && ctrl.seen == 2, "all was given back and seen");
	ok(drain(-1) == 0, "an empty ring gives nothing");

	p->opt.tstamp_precision = PCAP_TSTAMP_PRECISION_NANO;
	put_whole(0, 60);
	drain(-1);
	ok(got[0].h.ts.tv_usec == 987654321, "nanoseconds when asked for");
}

static void test_chain(void)
{
	reset(ENTRIES - 2);	/* over the end of the arrays */
	put_chain(3);
	put_whole(5, 64);
	ok(drain(-1) == 2 && got[0].h.caplen == 700 && got[0].h.len == 700 &&
	   counts_up(got[0].copy, 3, 700), "a chain is gathered");
	ok(got[1].h.caplen == 64 && counts_up(got[1].copy, 5, 64) &&
	   ctrl.cons == ENTRIES + 2, "and what follows it is next");

	reset(0);
	p->snapshot = 350;
	put_chain(3);
	drain(-1);
	ok(got[0].h.caplen == 350 && got[0].h.len == 700 &&
	   counts_up(got[0].copy, 3, 350), "no more than the snapshot of it");
}

static void test_lengths(void)
{
	reset(0);
	p->snapshot = 40;
	put_whole(0, 100);
	put(TPACKET4_FIRST | TPACKET4_LAST | TPACKET4_TRUNCATED, 0, 30, 9000);
	drain(-1);
	ok(got[0].h.caplen == 40 && got[0].h.len == 100,
	   "the snapshot length cuts a frame in place");
	ok(got[1].h.caplen == 30 && got[1].h.len == 9000,
	   "a frame that the kernel cut keeps its length on the wire");
}

static void test_wrap(void)
{
	uint32_t i, total = 0;
	int good = 1;

	reset(-ENTRIES);
	for (i = 0; i < 3 * ENTRIES; i++) {
		put_whole(i, 60);
		if (i % 5 != 4)
			continue;
		total += drain(-1);
		good &= got_nr == 5 && counts_up(got[4].copy, i, 60);
	}
	total += drain(-1);
	ok(total == 3 * ENTRIES && good && ctrl.cons == 2 * ENTRIES,
	   "the indices wrap at 2^32");
}

static void test_batches(void)
{
	uint32_t i;
	int good = 1;

	reset(0);
	for (i = 0; i < ENTRIES; i++)
		put_whole(i, 60);
	drain(-1);
	for (i = 0; i < ENTRIES; i++)
		good &= got[i].cons <= i && i - got[i].cons < 4;
	ok(good, "a slow callback gives back in batches, nothing it still uses");

	reset(0);
	for (i = 0; i < 5; i++)
		put_whole(i, 60);
	ok(drain(2) == 2 && ctrl.cons == 2 && ctrl.seen == 2 &&
	   drain(-1) == 3 && counts_up(got[0].copy, 2, 60),
	   "a count leaves the rest for the next call");
}

static void test_oneshot(void)
{
	struct oneshot_userdata s;
	struct pcap_pkthdr h;
	const u_char *data;
	int i, good = 1;

	reset(0);
	p->oneshot_callback = pcapint_oneshot;
	s.hdr = &h;
	s.pkt = &data;
	s.pd = p;
	for (i = 0; i < 9; i++)
		put_whole(i, 60);
	for (i = 0; i < 9; i++) {
		good &= pcap_packet4_drain(p, 1, pcapint_oneshot,
					   (u_char *)&s) == 1 &&
			data == slots[i] + DATA_OFF &&
			ctrl.cons <= (uint32_t)i &&
			ctrl.seen == (uint32_t)i + 1;
	}
	ok(good, "pcap_next()'s packet stays in its slot until the next call");
	ok(ctrl.cons == 8, "which gives back what is done with");
	p->oneshot_callback = NULL;
}

static void test_vlan(void)
{
	struct tpacket4_hdr *h;

	reset(0);
	h = put(TPACKET4_FIRST | TPACKET4_LAST | TPACKET4_VLAN, 0, 60, 60);
	h->tp_vlan_tci = 0x2064;
	h->tp_vlan_tpid = 0x8100;
	drain(-1);
	ok(got[0].h.caplen == 64 && got[0].h.len == 64 &&
	   counts_up(got[0].copy, 0, 12) &&
	   memcmp(got[0].copy + 12, "\x81\x00\x20\x64", 4) == 0 &&
	   counts_up(got[0].copy + 16, 12, 48),
	   "a tag beside the frame is put back into it");

	reset(0);
	p->snapshot = 60;
	h = put(TPACKET4_FIRST | TPACKET4_LAST | TPACKET4_VLAN, 0, 60, 60);
	h->tp_vlan_tpid = 0x8100;
	drain(-1);
	ok(got[0].h.caplen == 60 && got[0].h.len == 64 &&
	   counts_up(got[0].copy + 16, 12, 44), "and the snapshot holds for both");
}

/* As reset(), for a reader that joins the parts of split frames. */
static void reset_whole(void)
{
	struct packet4_ring *r = &queue.ring;

	reset(0);
	r->payload = payload[0];
	r->payload_shift = SLOT_SHIFT;
	r->look_at |= TPACKET4_SPLIT_MASK;
}

/* Gives an entry a payload part, in a slot with another number than the entry's. */
static void put_payload(struct tpacket4_hdr *h, u_char first, uint32_t len)
{
	uint32_t slot = ENTRIES - 1 - (uint32_t)(h - hdrs), i;

	h->tp_payload_slot = slot;
	h->tp_payload_off = 8;
	h->tp_payload_len = len;
	for (i = 0; i < len; i++)
		payload[slot][8 + i] = first + i;
}

/* A frame of 42 bytes of headers and 600 of payload, and one without payload. */
static void put_split(void)
{
	put_payload(put(TPACKET4_FIRST | TPACKET4_SPLIT_DONE, 3, 42, 642),
		    3 + 42, 400);
	put_payload(put(TPACKET4_LAST, 0, 0, 0),
		    (u_char)(3 + 442), 200);
	put(TPACKET4_FIRST | TPACKET4_LAST |
	    TPACKET4_SPLIT_NO_PAYLOAD, 9, 60, 60);
}

static void test_split_whole(void)
{
	uint32_t cut[] = { 642, 500, 442, 100, 42, 20 }, i;
	int good = 1;

	for (i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
		reset_whole();
		p->snapshot = cut[i];
		put_split();
		good &= drain(-1) == 2 && got[0].h.caplen == cut[i] &&
			got[0].h.len == 642 && counts_up(got[0].copy, 3, cut[i]);
	}
	ok(good, "split parts are put together, up to the snapshot");

	reset_whole();
	put_payload(put(TPACKET4_FIRST | TPACKET4_LAST |
			TPACKET4_SPLIT_UNKNOWN, 0, 0, 300),
		    5, 300);
	ok(drain(-1) == 1 && got[0].h.caplen == 300 && got[0].h.len == 300 &&
	   counts_up(got[0].copy, 5, 300), "also when all is in the payload");
}

static void test_split_headers(void)
{
	reset(0);
	put_split();
	put_payload(put(TPACKET4_FIRST | TPACKET4_LAST | TPACKET4_SPLIT_DONE, 7, 54,
			254), 0, 200);
	ok(drain(-1) == 3 && got[0].h.caplen == 42 && got[0].h.len == 642 &&
	   counts_up(got[0].copy, 3, 42) && got[1].h.caplen == 60,
	   "a reader of headers has the header part and the wire's length");
	ok(got[2].data == slots[3] + DATA_OFF && got[2].h.caplen == 54 &&
	   got[2].h.len == 254 && hdrs[3].tp_payload_slot == ENTRIES - 4,
	   "in place, and gives payload slots back with their entries");
}

/* Installs a program that accepts frames whose byte at off is want. */
static void filter_on(uint32_t off, uint32_t want)
{
	struct bpf_insn insns[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, off),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, want, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, MAXIMUM_SNAPLEN),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct bpf_program program = { 4, insns };

	pcapint_install_bpf_program(p, &program);
}

static void test_filter_in_ring(void)
{
	reset(0);
	filter_on(0, 7);
	queue.checks = PACKET4_CHECK_FILTER;
	queue.filter_old = 2;
	queue.filter_until = 2;
	put_whole(6, 60);
	put_whole(7, 60);
	put_whole(6, 60);
	ok(drain(-1) == 2 && got[0].copy[0] == 7 && got[1].copy[0] == 6,
	   "what was in the ring is filtered here, what came later was before");
	ok(!queue.checks && ctrl.cons == 3, "and then no more");
}

static void test_filter_cut(void)
{
	reset(0);
	filter_on(100, 7);
	queue.checks = PACKET4_CHECK_FILTER;
	queue.filter_old = 1;
	queue.filter_until = 1 + PACKET4_IN_FLIGHT;
	put(TPACKET4_FIRST | TPACKET4_LAST | TPACKET4_TRUNCATED, 0, 60, 200);
	put(TPACKET4_FIRST | TPACKET4_LAST | TPACKET4_TRUNCATED, 1, 60, 200);
	put_whole(2, 60);
	ok(drain(-1) == 1 && got[0].copy[0] == 1,
	   "what the new filter has cut is not filtered again");
}

static void test_filter_here(void)
{
	reset(0);
	filter_on(650, (u_char)(3 + 650));
	p->snapshot = 100;
	queue.checks = PACKET4_CHECK_FILTER;
	p4.filter_always = 1;
	put_chain(3);
	put_chain(4);
	ok(drain(-1) == 1 && got[0].h.caplen == 100 && got[0].copy[0] == 3,
	   "a filter sees what is behind the snapshot");
	ok(queue.checks == PACKET4_CHECK_FILTER, "one that the kernel refused stays here");
}

static void test_direction(void)
{
	reset(0);
	queue.checks = PACKET4_CHECK_DIRECTION;
	p4.loopback = 1;
	put_whole(0, 60)->tp_pkttype = PACKET_OUTGOING;
	put_whole(1, 60);
	ok(drain(-1) == 1 && got[0].copy[0] == 1,
	   "a loopback device's frames come once");

	reset(0);
	queue.checks = PACKET4_CHECK_DIRECTION;
	p->direction = PCAP_D_OUT;
	put_whole(0, 60)->tp_pkttype = PACKET_OUTGOING;
	put_whole(1, 60);
	ok(drain(-1) == 1 && got[0].copy[0] == 0, "only what goes out");

	reset(0);
	queue.checks = PACKET4_CHECK_DIRECTION;
	p->direction = PCAP_D_IN;
	put_whole(0, 60)->tp_pkttype = PACKET_OUTGOING;
	put_whole(1, 60)->tp_pkttype = PACKET_OTHERHOST;
	ok(drain(-1) == 1 && got[0].copy[0] == 1, "only what comes in");

	reset(0);
	queue.checks = PACKET4_CHECK_DIRECTION;
	queue.outgoing = 1;
	put_whole(0, 60)->tp_pkttype = PACKET_HOST;
	put_whole(1, 60)->tp_pkttype = PACKET_OUTGOING;
	ok(drain(-1) == 1 && got[0].copy[0] == 1,
	   "and of what the host sends nothing that it receives");
}

static void test_break(void)
{
	int i;

	reset(0);
	for (i = 0; i < 6; i++)
		put_whole(i, 60);
	break_at = 3;
	ok(drain(-1) == PCAP_ERROR_BREAK && got_nr == 3 && ctrl.cons == 3,
	   "pcap_breakloop() ends the call after the packet at hand");
	break_at = -1;
	ok(drain(-1) == 3 && got[0].copy[0] == 3, "and loses none");
}

/* How this program, as the kernel, answers socket options and ioctls. */
static struct {
	struct tpacket4_info	info;
	struct tpacket_req4	req;	/* the last that was asked for */
	int			asked;		/* how often a ring was */
	int			no_memory;	/* how often to refuse it */
	uint32_t		speed;		/* of the link, in Mbit/s */
	int			mtu;		/* 0: unknown */
	struct tpacket4_direct	direct;		/* the last that was asked for */
	int32_t			peers[4];	/* and its peers */
	int			direct_asked;	/* how often one was */
	int			direct_refused;	/* how often to refuse it */
	int			tells_tag;	/* with metadata nothing stands against it */
} sock;

/* Records a request for queues. */
static int ask_direct(const void *value)
{
	const void *peers;

	memcpy(&sock.direct, value, sizeof(sock.direct));
	peers = (void *)(uintptr_t)sock.direct.td_peers;
	if (peers)
		memcpy(sock.peers, peers,
		       sock.direct.td_peer_nr * sizeof(sock.peers[0]));
	sock.direct_asked++;
	if (sock.direct_refused-- <= 0)
		return 0;
	errno = EBUSY;
	return -1;
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	(void)fd;
	if (level == SOL_SOCKET && option == SO_DETACH_FILTER)
		return 0;
	if (level == SOL_PACKET && option == PACKET_RX_DIRECT &&
	    len == sizeof(sock.direct))
		return ask_direct(value);
	if (level != SOL_PACKET || option != PACKET_RX_RING ||
	    len != sizeof(sock.req)) {
		errno = ENOPROTOOPT;
		return -1;
	}
	memcpy(&sock.req, value, len);
	sock.asked++;
	if (sock.no_memory-- > 0) {
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

/* There is no layout, so the set-up ends after the request. */
int getsockopt(int fd, int level, int option, void *value, socklen_t *len)
{
	uint32_t flags;

	(void)fd;
	if (level != SOL_PACKET || option != PACKET_RX_DIRECT ||
	    *len != sizeof(sock.info)) {
		errno = ENOPROTOOPT;
		return -1;
	}
	flags = ((const struct tpacket4_info *)value)->ti_query_flags;
	memcpy(value, &sock.info, *len);
	if (sock.tells_tag && (flags & PACKET_DIRECT_METADATA))
		((struct tpacket4_info *)value)->ti_query_reason = PACKET_DIRECT_OK;
	return 0;
}

/* Answers for the interface's name, MTU and speed. */
int ioctl(int fd, unsigned long request, ...)
{
	struct ethtool_cmd *cmd;
	struct ifreq *ifr;
	va_list ap;

	(void)fd;
	va_start(ap, request);
	ifr = va_arg(ap, struct ifreq *);
	va_end(ap);
	if (request == SIOCGIFNAME) {
		pcapint_strlcpy(ifr->ifr_name, "eth7", IFNAMSIZ);
		return 0;
	}
	if (request == SIOCGIFMTU && sock.mtu) {
		ifr->ifr_mtu = sock.mtu;
		return 0;
	}
	cmd = (void *)ifr->ifr_data;
	if (request != SIOCETHTOOL || cmd->cmd != ETHTOOL_GSET || !sock.speed) {
		errno = EOPNOTSUPP;
		return -1;
	}
	ethtool_cmd_speed_set(cmd, sock.speed);
	return 0;
}

static int ring_is(uint32_t entries, uint32_t size, uint32_t len)
{
	int status;

	sock.asked = 0;
	status = pcap_packet4_ring_create(p, &queue);
	pcap_packet4_note_size(p);
	return status == PCAP_ERROR && sock.asked &&
	       sock.req.tp_entry_nr == entries &&
	       sock.req.tp_slot_size == size && sock.req.tp_slot_len == len;
}

static int limits_give(uint32_t granule, uint32_t min, uint32_t max,
		       uint32_t size, uint32_t len)
{
	reset(0);
	p->opt.buffer_size = 1U << 20;
	queue.number = 2;
	memset(&sock, 0, sizeof(sock));
	sock.info.ti_granule = granule;
	sock.info.ti_slot_len_min = min;
	sock.info.ti_slot_len_max = max;
	return ring_is((1U << 20) / size, size, len);
}

static void test_geometry(void)
{
	ok(limits_give(1024, 1024, 16384, 2048, 2048) &&
	   limits_give(1, 64, 65536, 2048, 2048), "slots of 2048 bytes");
	ok(limits_give(1024, 3072, 16384, 4096, 3072), "or what is the least");
	ok(limits_give(128, 128, 1536, 2048, 1536) &&
	   limits_give(1024, 1024, 1100, 1024, 1024), "or the most");
	ok(limits_give(1536, 1536, 16384, 4096, 3072),
	   "a multiple of what the adapter counts in");
}

static void test_tag(void)
{
	ok(limits_give(4096, 4096, 4096, 4096, 4096) && !p4.metadata,
	   "the driver is asked about packets only if it has to be");

	sock.info.ti_query_reason = PACKET_DIRECT_XSK_VLAN;
	sock.tells_tag = 1;
	ok(ring_is(256, 4096, 4096) &&
	   pcap_packet4_claim(p, &queue) == 0 &&
	   sock.direct.td_flags == (PACKET_DIRECT_PREPARE | PACKET_DIRECT_METADATA),
	   "for the tag that the adapter takes out of them");

	reset(0);
	sock.tells_tag = 0;
	ok(pcap_packet4_ring_create(p, &queue) == PCAP_ERROR &&
	   strstr(p->errbuf, "ethtool -K eth7 rxvlan off"),
	   "and if it does not tell it, the message says what helps");
}

static int split_gives(uint32_t granule, uint32_t most, uint32_t split_min,
		       uint32_t split_max, uint32_t header, uint32_t len)
{
	reset(0);
	p->opt.buffer_size = 1U << 20;
	queue.number = 2;
	p4.split = PCAP_RX_SPLIT_HEADERS;
	memset(&sock, 0, sizeof(sock));
	sock.info.ti_granule = granule;
	sock.info.ti_slot_len_min = granule;
	sock.info.ti_slot_len_max = most;
	sock.info.ti_split_min = split_min;
	sock.info.ti_split_max = split_max;
	return ring_is(256, header <= 256 ? 256 : 1024, header) &&
	       sock.req.tp_payload_size == 4096 &&
	       sock.req.tp_payload_len == len;
}

static void test_split_geometry(void)
{
	ok(split_gives(1024, 16384, 128, 960, 960, 4096),
	   "slots for headers, and for payload");
	ok(split_gives(2048, 2048, 128, 2048, 960, 2048) &&
	   split_gives(64, 4096, 256, 256, 256, 4096),
	   "as large as the adapter makes them");
	ok(split_gives(1024, 16384, 0, 0, 128, 4096),
	   "a queue that cannot split is left to the kernel to refuse");
}

static void test_memory(void)
{
	reset(0);
	memset(&sock, 0, sizeof(sock));
	queue.number = PCAP_RX_DIRECT_COPY;
	p4.timeout = 100;
	p->opt.buffer_size = 3U << 20;
	sock.no_memory = 3;
	ok(ring_is(256, 2048, 0) && sock.asked == 4 &&
	   sock.req.tp_wake_count == 64 && sock.req.tp_wake_usecs == 100000,
	   "half as much as long as there is not enough memory");
	ok(strcmp(p4.warning,
		  "the buffer has 512 KiB in place of 3072: the kernel did not have more memory") == 0,
	   "which is said");

	reset(0);
	queue.number = PCAP_RX_DIRECT_COPY;
	p->opt.buffer_size = 1;
	sock.no_memory = 9;
	ok(ring_is(TPACKET4_MIN_ENTRIES, 2048, 0) && sock.asked == 1,
	   "and not less than the least");
}

static int slots_for(int mtu, int snapshot, uint32_t size)
{
	reset(0);
	queue.number = PCAP_RX_DIRECT_COPY;
	p->opt.buffer_size = 1;
	p->snapshot = snapshot;
	memset(&sock, 0, sizeof(sock));
	sock.mtu = mtu;
	return ring_is(TPACKET4_MIN_ENTRIES, size, 0);
}

static void test_copy_geometry(void)
{
	ok(slots_for(1500, 262144, 2048) && slots_for(4000, 262144, 8192) == 0 &&
	   slots_for(4000, 262144, 4096) && slots_for(9000, 262144, 16384),
	   "by copy, a slot holds what the interface can carry");
	ok(slots_for(9000, 96, 2048) && slots_for(65536, 262144, 2048) &&
	   slots_for(200000, 262144, 2048) && slots_for(0, 262144, 2048),
	   "unless that is not wanted, or too much");
}

/* With slots of 2048 bytes.  0 entries: any number of them is right. */
static int size_gives(u_int size, uint32_t speed, uint32_t entries)
{
	limits_give(1024, 1024, 16384, 2048, 2048);
	p4.warning[0] = '\0';
	p4.ring_bytes = 0;
	p->opt.buffer_size = size;
	sock.speed = speed;
	return ring_is(entries ? entries : sock.req.tp_entry_nr, 2048, 2048) ||
	       !entries;
}

static void test_sizes(void)
{
	uint32_t most = TPACKET4_MAX_ENTRIES < 1U << 21 ? TPACKET4_MAX_ENTRIES :
							   1U << 21;
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) *
			  (uint64_t)sysconf(_SC_PAGESIZE);

	ok(size_gives(3U << 20, 0, 2048) && !p4.warning[0] &&
	   p->opt.buffer_size == 4U << 20,
	   "a buffer is at least as large as was asked for");
	ok(size_gives(UINT32_MAX, 0, most) &&
	   !p4.warning[0] == (most == 1U << 21),
	   "up to the most entries, and is said to be less");
	ok(size_gives(0, 1000, 16384) && !p4.warning[0],
	   "by default it lasts 10 ms at the link's speed");
	ok(size_gives(0, 10, 1024), "and is never less than 2 MiB");
	ok(size_gives(0, 800000, 0) && sock.req.tp_entry_nr > 1024 &&
	   sock.req.tp_entry_nr * 2048ULL <= memory / 16,
	   "nor more than a sixteenth of the memory");
}

static void test_lost_lease(void)
{
	reset(0);
	queue.number = 2;
	put_whole(1, 60);
	ctrl.state = PACKET_DIRECT_COPY;
	ok(drain(-1) == PCAP_ERROR && got_nr == 0 && drain(-1) == PCAP_ERROR &&
	   strcmp(p->errbuf, "eth7: RX queue 2 was given back by another process that shares this capture; begin a new one") == 0,
	   "what the stack brings to a ring that lost its queue is an error");

	queue.number = PCAP_RX_DIRECT_COPY;
	ok(drain(-1) == 1, "to one that is filled by copy it is not");
}

#define SEVERAL		3U
#define FIRST_FD	900	/* none that is open */

static struct packet4_queue several[SEVERAL];
static struct tpacket4_ctrl ctrls[SEVERAL];
static int32_t peers[SEVERAL];

/* Queues 5, 6 and 7. */
static void reset_several(void)
{
	u_int i;

	reset(0);
	memset(&sock, 0, sizeof(sock));
	memset(several, 0, sizeof(several));
	memset(&p->opt.rx_direct, 0, sizeof(p->opt.rx_direct));
	for (i = 0; i < SEVERAL; i++) {
		memset(&ctrls[i], 0, sizeof(ctrls[i]));
		ctrls[i].state = PACKET_DIRECT_PREPARED;
		several[i].ring.ctrl = &ctrls[i];
		several[i].fd = FIRST_FD + (int)i;
		several[i].number = 5 + (int)i;
		pcap_packet4_list_add(&p->opt.rx_direct, several[i].number);
	}
	p4.queues = several;
	p4.peers = peers;
	p4.queue_nr = SEVERAL;
	p4.lease_pid = getpid();
}

static int asked_for_all(uint32_t flags)
{
	return sock.direct.td_flags == flags && sock.direct.td_queue == 0 &&
	       sock.direct.td_peer_nr == 2 && sock.peers[0] == FIRST_FD + 1 &&
	       sock.peers[1] == FIRST_FD + 2;
}

static void test_begin(void)
{
	u_int i;
	int good = 1;

	reset_several();
	for (i = 0; i < SEVERAL; i++)
		good &= pcap_packet4_claim(p, &several[i]) == 0 &&
			sock.direct.td_flags == PACKET_DIRECT_PREPARE &&
			sock.direct.td_queue == 5 + i;
	ok(good && sock.direct_asked == 3 && pcap_packet4_begin(p) == 0 &&
	   sock.direct_asked == 4 && asked_for_all(PACKET_DIRECT_BEGIN) &&
	   pcap_packet4_begin(p) == 0 && sock.direct_asked == 4,
	   "all queues are claimed, and then begin at once, and once");

	p4.begun = 0;
	ctrls[0].state = PACKET_DIRECT_ACTIVE;
	ok(pcap_packet4_begin(p) == 0 && p4.begun && sock.direct_asked == 4,
	   "what another process has begun does not begin again");

	p4.begun = 0;
	ctrls[0].state = PACKET_DIRECT_PREPARED;
	sock.direct_refused = 1;
	sock.info.ti_reason = PACKET_DIRECT_DRIVER_FAILED;
	ok(pcap_packet4_begin(p) == PCAP_ERROR &&
	   strcmp(p->errbuf, "eth7: RX queues 5-7 cannot be captured directly: its driver could not restart it; see the kernel's log (dmesg)") == 0,
	   "if they do not, the message has all of them");

	sock.direct_asked = 0;
	pcap_packet4_close_queues(&p4);
	ok(sock.direct_asked == 1 && asked_for_all(PACKET_DIRECT_RELEASE),
	   "and they are given back at once");
}

static void test_release(void)
{
	reset_several();
	sock.direct_refused = 1;
	pcap_packet4_claim(p, &several[0]);
	ok(several[0].claimed == 0 &&
	   strcmp(p->errbuf, "eth7: RX queue 5 cannot be captured directly (reason 0): Device or resource busy") == 0,
	   "a queue that is refused is named");
	sock.direct_asked = 0;
	pcap_packet4_claim(p, &several[1]);
	pcap_packet4_close_queues(&p4);
	ok(sock.direct_asked == 2 && sock.direct.td_peer_nr == 0 &&
	   sock.direct.td_peers == 0, "and not given back");

	reset_several();
	several[0].claimed = 1;
	several[1].claimed = 1;
	several[2].claimed = 1;
	sock.direct_refused = 1;
	pcap_packet4_close_queues(&p4);
	ok(sock.direct_asked == 4 && sock.direct.td_peer_nr == 0,
	   "if one was released by others, the rest is given back one by one");

	reset_several();
	several[0].claimed = 1;
	p4.lease_pid = getpid() + 1;
	pcap_packet4_close_queues(&p4);
	ok(sock.direct_asked == 0,
	   "a queue that another process leased is not given back");
}

int main(void)
{
	p = calloc(1, sizeof(*p));
	p->priv = &p4;
	p->fd = -1;
	printf("TAP version 13\n1..61\n");
	test_in_place();
	test_chain();
	test_lengths();
	test_wrap();
	test_batches();
	test_oneshot();
	test_vlan();
	test_split_whole();
	test_split_headers();
	test_filter_in_ring();
	test_filter_cut();
	test_filter_here();
	test_direction();
	test_break();
	test_geometry();
	test_tag();
	test_split_geometry();
	test_memory();
	test_copy_geometry();
	test_sizes();
	test_lost_lease();
	test_begin();
	test_release();
	return failures != 0;
}
#else
int main(void)
{
	printf("TAP version 13\n1..0 # SKIP built with kernel headers that lack TPACKET_V4\n");
	return 0;
}
#endif
