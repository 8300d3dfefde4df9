/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What packet4test and packet4mergetest share: results in TAP, and rings of plain memory,
 * for which the program plays the kernel.
 */
#ifndef packet4test_h
#define packet4test_h

#define ENTRIES		16U	/* of each ring */

static int failures;

static void ok(int good, const char *what)
{
	static int nr;

	printf("%sok %d - %s\n", good ? "" : "not ", ++nr, what);
	failures += !good;
}

/* Makes the queue's ring an empty one whose next entry is start. */
static void queue_reset(struct packet4_queue *q, struct tpacket4_ctrl *c,
			struct tpacket4_hdr *hdrs, u_char *slots, u_int slot_shift,
			uint32_t start)
{
	struct packet4_ring *r = &q->ring;
	uint32_t i;

	memset(q, 0, sizeof(*q));
	memset(c, 0, sizeof(*c));
	for (i = 0; i < ENTRIES; i++)
		hdrs[i].tp_slot = i;
	q->fd = -1;
	r->ctrl = c;
	r->hdrs = (u_char *)hdrs;
	r->slots = slots;
	r->mask = ENTRIES - 1;
	r->hdr_stride = sizeof(*hdrs);
	r->slot_shift = slot_shift;
	r->look_at = PACKET4_LOOK_AT;
	r->batch = 4;
	r->next = start;
	r->cons = start;
	c->prod = start;
	c->cons = start;
	c->seen = start;
	c->state = PACKET_DIRECT_ACTIVE;
}

/* The rest of a capture that has not read anything yet. */
static void capture_reset(pcap_t *p)
{
	struct packet4 *p4 = p->priv;

	p4->breakloop_fd = -1;
	pcapint_strlcpy(p4->ifname, "eth7", sizeof(p4->ifname));
	p->snapshot = MAXIMUM_SNAPLEN;
	p->break_loop = 0;
}

#endif
