// SPDX-License-Identifier: BSD-3-Clause
/*
 * Tests pcap-packet4-merge.c and pcap-packet4-list.c.  The rings are plain memory and
 * this program plays the kernel.  Prints TAP.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "varattrs.h"
#include "pcap/funcattrs.h"
#include "../pcap-int.h"
#include "../pcap-packet4-int.h"

#ifdef PACKET_RX_DIRECT

#include "packet4test.h"

#define QUEUES		5U
#define SLOT_SHIFT	6
#define SLOT_LEN	(1U << SLOT_SHIFT)
#define MOST		(QUEUES * ENTRIES)

static struct tpacket4_ctrl ctrl[QUEUES];
static struct tpacket4_hdr hdrs[QUEUES][ENTRIES];
static u_char slots[QUEUES][ENTRIES][SLOT_LEN];
static struct packet4_queue queues[QUEUES];
static struct packet4_head heads[QUEUES];
static struct packet4 p4;
static pcap_t *p;

/* What the callback was called with: each frame has its number in its first byte. */
static u_char got[MOST];
static time_t stamp_of[MOST];
static int got_nr;
static int break_at;

static void callback(u_char *user, const struct pcap_pkthdr *h,
		     const u_char *data)
{
	(void)user;
	got[got_nr] = *data;
	stamp_of[got_nr] = h->ts.tv_sec;
	if (++got_nr == break_at)
		p->break_loop = 1;
}

/* Some wrap early. */
static void reset_queue(u_int nr)
{
	queue_reset(&queues[nr], &ctrl[nr], hdrs[nr], slots[nr][0], SLOT_SHIFT,
		    -(uint32_t)nr);
	queues[nr].number = (int)nr;
	queues[nr].ring.bounce_len = SLOT_LEN;
}

static void reset(void)
{
	u_int i;

	memset(&p4, 0, sizeof(p4));
	p4.queues = queues;
	p4.heads = heads;
	p4.queue_nr = QUEUES;
	for (i = 0; i < QUEUES; i++)
		reset_queue(i);
	capture_reset(p);
	break_at = -1;
}

/* Publishes a frame with this number and stamp, in seconds. */
static void put(u_int nr, u_char number, uint64_t stamp)
{
	struct tpacket4_hdr *h = &hdrs[nr][ctrl[nr].prod++ & (ENTRIES - 1)];

	h->tp_flags = TPACKET4_FIRST | TPACKET4_LAST;
	h->tp_data = 0;
	h->tp_data_end = SLOT_LEN;
	h->tp_len = SLOT_LEN;
	h->tp_payload_slot = TPACKET4_SLOT_NONE;
	h->tp_tstamp = stamp * 1000000000;
	slots[nr][h->tp_slot][0] = number;
}

static int drain(int max)
{
	got_nr = 0;
	return pcap_packet4_drain(p, max, callback, NULL);
}

/* Did these frames come, in this order? */
static int came(const char *numbers)
{
	return got_nr == (int)strlen(numbers) &&
	       memcmp(got, numbers, got_nr) == 0;
}

/* Has all been given back, and seen? */
static int all_back(void)
{
	u_int i;

	for (i = 0; i < QUEUES; i++)
		if (ctrl[i].cons != ctrl[i].prod || ctrl[i].seen != ctrl[i].prod)
			return 0;
	return 1;
}

static void test_order(void)
{
	reset();
	put(0, 'b', 2);
	put(0, 'e', 5);
	put(2, 'a', 1);
	put(2, 'd', 4);
	put(4, 'c', 3);
	put(4, 'f', 6);
	ok(drain(-1) == 6 && came("abcdef"), "packets come by their stamps");
	ok(all_back(), "all were given back");
	ok(drain(-1) == 0, "and then there is nothing");

	put(3, 'a', 1);
	ok(drain(-1) == 1 && came("a"), "rings without packets hold nobody up");

	put(1, 'a', 7);
	put(1, 'b', 7);
	put(3, 'c', 7);
	put(1, 'd', 8);
	ok(drain(-1) == 4 && came("abcd"),
	   "what has one stamp stays together, then its like of the other ring");
}

static void test_set_back(void)
{
	reset();
	put(0, 'a', 9);
	put(0, 'b', 2);
	put(0, 'c', 3);
	put(1, 'x', 4);
	put(1, 'y', 10);
	ok(drain(-1) == 5 && came("xabcy"),
	   "a ring keeps its order when the clock is set back");
}

/* Random stamps: sorted, every frame once, each ring full and around. */
static void test_random(void)
{
	uint64_t stamp[QUEUES] = { 0 };
	u_int round, i, nr;
	int j, good = 1;

	reset();
	srand(1);
	for (round = 0; round < 200; round++) {
		int sent = 0;

		for (nr = 0; nr < QUEUES; nr++) {
			for (i = rand() % (ENTRIES + 1); i > 0; i--) {
				stamp[nr] += rand() % 3;
				put(nr, (u_char)nr, stamp[nr]);
				sent++;
			}
		}
		good &= drain(-1) == sent && all_back();
		for (j = 1; j < got_nr; j++)
			good &= stamp_of[j - 1] <= stamp_of[j];
	}
	ok(good, "whatever comes is sorted, and none is lost");
}

static void test_counts(void)
{
	reset();
	put(0, 'a', 1);
	put(1, 'b', 2);
	put(0, 'c', 3);
	put(1, 'd', 4);
	ok(drain(3) == 3 && came("abc"), "a count ends the call");
	ok(drain(3) == 1 && came("d") && all_back(), "the rest is for the next one");

	put(0, 'a', 1);
	put(0, 'b', 3);
	put(1, 'c', 2);
	break_at = 2;
	ok(drain(-1) == PCAP_ERROR_BREAK && came("ac"),
	   "pcap_breakloop() ends the call after the packet at hand");
	break_at = -1;
	ok(drain(-1) == 1 && came("b"), "and loses none");
}

static void test_batches(void)
{
	uint32_t i;

	reset();
	for (i = 0; i < 10; i++)
		put(0, 'a', i);
	put(1, 'b', 20);
	break_at = 10;
	drain(-1);
	ok(ctrl[0].cons == 10 && ctrl[1].cons == (uint32_t)-1 &&
	   ctrl[1].seen == (uint32_t)-1,
	   "what was not read is neither seen nor given back");
}

static void test_oneshot(void)
{
	struct oneshot_userdata s;
	struct pcap_pkthdr h;
	const u_char *data;
	int i, good = 1;

	reset();
	p->oneshot_callback = pcapint_oneshot;
	s.hdr = &h;
	s.pkt = &data;
	s.pd = p;
	for (i = 0; i < 12; i++)
		put(i % 3, 'a' + i, i);
	for (i = 0; i < 12; i++)
		good &= pcap_packet4_drain(p, 1, pcapint_oneshot,
					   (u_char *)&s) == 1 &&
			data == slots[i % 3][(queues[i % 3].ring.next - 1) %
					     ENTRIES] &&
			*data == 'a' + i &&
			ctrl[i % 3].cons != queues[i % 3].ring.next &&
			ctrl[i % 3].seen == queues[i % 3].ring.next;
	ok(good, "pcap_next()'s packet stays in its slot, and is seen");
	p->oneshot_callback = NULL;
}

/* One ring filters, because frames in it are older than the filter. */
static void test_filter(void)
{
	struct bpf_insn insns[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'x', 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, MAXIMUM_SNAPLEN),
	};
	struct bpf_program program = { 4, insns };

	reset();
	pcapint_install_bpf_program(p, &program);
	queues[0].checks = PACKET4_CHECK_FILTER;
	queues[0].filter_old = 2;
	queues[0].filter_until = 2;
	put(0, 'x', 1);
	put(0, 'b', 3);
	put(0, 'x', 5);
	put(1, 'x', 2);
	put(1, 'd', 4);
	ok(drain(-1) == 4 && came("xbdx") && queues[0].checks == 0,
	   "each ring knows which of its frames are older than the filter");
	ok(all_back(), "and a frame that is refused is given back, too");
	pcap_freecode(&p->fcode);
}

static void test_lost(void)
{
	reset();
	p4.ifindex = 7;
	put(0, 'a', 1);
	put(3, 'b', 2);
	ctrl[3].state = PACKET_DIRECT_LOST;
	ok(drain(-1) == 2 && came("ab"), "what came before a queue was lost is read");
	put(0, 'c', 3);
	ok(drain(-1) == PCAP_ERROR && got_nr == 0,
	   "then it ends the capture, whatever the others have");

	reset();
	put(0, 'a', 1);
	put(3, 'b', 2);
	ctrl[3].state = PACKET_DIRECT_COPY;
	ok(drain(-1) == PCAP_ERROR && got_nr == 0 &&
	   strcmp(p->errbuf, "eth7: RX queue 3 was given back by another process that shares this capture; begin a new one") == 0,
	   "one that the stack fills is named");
}

/* Is the list printed so? */
static int prints(const char *list, const char *text)
{
	struct packet4_list parsed, again;
	char out[64];

	memset(&again, 0xff, sizeof(again));
	return pcap_packet4_list_parse(list, &parsed) == 0 &&
	       pcap_packet4_list_print(&parsed, out, sizeof(out)) == 0 &&
	       strcmp(out, text) == 0 &&
	       pcap_packet4_list_parse(out, &again) == 0 &&
	       memcmp(&parsed, &again, sizeof(again)) == 0;
}

/* Is this text a request for queues that it does not number? */
static int is_word(const char *text, int first)
{
	struct packet4_list list;

	return pcap_packet4_list_parse(text, &list) == 0 && list.nr == 1 &&
	       list.first == first;
}

static void test_lists(void)
{
	struct packet4_list list;
	char out[8];
	int queue, nr = 0;

	ok(prints("0-3", "0-3") && prints("2,0", "0,2") && prints("7", "7") &&
	   prints("31,32,33,1023", "31-33,1023") && prints("5-5", "5") &&
	   prints("3,1-2,2,8", "1-3,8") && prints("copy", "copy") &&
	   prints("2147483647", "2147483647") &&
	   is_word("next", PCAP_RX_DIRECT_NEXT) &&
	   is_word("all", PCAP_RX_DIRECT_ALL), "lists are sets of queues");
	pcap_packet4_list_parse("0-1023", &list);
	for (queue = list.first; queue >= 0;
	     queue = pcap_packet4_list_next(&list, queue))
		nr += queue == nr;
	ok(nr == 1024 && list.nr == 1024, "of up to 1024");
	pcap_packet4_list_parse("100,200", &list);
	ok(pcap_packet4_list_print(&list, out, 8) == 0 &&
	   pcap_packet4_list_print(&list, out, 7) < 0 &&
	   pcap_packet4_list_print(&list, out, 4) < 0 &&
	   pcap_packet4_list_print(&list, out, 0) < 0,
	   "one that does not fit is not printed");
}

int main(void)
{
	p = calloc(1, sizeof(*p));
	p->priv = &p4;
	p->fd = -1;
	printf("TAP version 13\n1..21\n");
	test_order();
	test_set_back();
	test_random();
	test_counts();
	test_batches();
	test_oneshot();
	test_filter();
	test_lost();
	test_lists();
	return failures != 0;
}
#else
int main(void)
{
	printf("TAP version 13\n1..0 # SKIP built with kernel headers that lack TPACKET_V4\n");
	return 0;
}
#endif
