// SPDX-License-Identifier: BSD-3-Clause
/*
 * Several TPACKET_V4 rings as one: their packets by their time stamps.
 *
 * Of each ring that has packets, the next one is in a heap.  The ring of the
 * earliest is read up to the stamp of the next ring's.  So packets of one ring stay
 * in their order, a ring without packets holds nobody up, and many packets with one
 * stamp cost as little as in a ring of their own.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "pcap-int.h"
#include "pcap-packet4-int.h"

#ifdef PACKET_RX_DIRECT

static int is_before(const struct packet4_head *one,
		     const struct packet4_head *other)
{
	return one->stamp < other->stamp ||
	       (one->stamp == other->stamp && one->queue < other->queue);
}

/* The head at this place may be later than those below it. */
static void sift_down(struct packet4_head *heap, u_int nr, u_int at)
{
	struct packet4_head head = heap[at];
	u_int below;

	for (; (below = 2 * at + 1) < nr; at = below) {
		if (below + 1 < nr && is_before(&heap[below + 1], &heap[below]))
			below++;
		if (!is_before(&heap[below], &head))
			break;
		heap[at] = heap[below];
	}
	heap[at] = head;
}

/* Up to which stamp the first of the heap is the earliest. */
static uint64_t next_stamp(const struct packet4_head *heap, u_int nr)
{
	uint64_t stamp = UINT64_MAX;

	if (nr > 1)
		stamp = heap[1].stamp;
	if (nr > 2 && heap[2].stamp < stamp)
		stamp = heap[2].stamp;
	return stamp;
}

static void look_at_head(struct packet4_head *head)
{
	const struct packet4_ring *r = &head->queue->ring;

	head->stamp = packet4_hdr(r, r->next)->tp_tstamp;
}

/*
 * A queue without packets that is lost ends the capture, once all lost queues are
 * without.  The sleep would not find this as long as another queue has packets.
 */
static int find_heads(pcap_t *p, struct packet4 *p4, u_int *nr)
{
	const struct packet4_queue *lost = NULL;
	struct packet4_queue *q;
	int lost_heads = 0;
	u_int i = 0;

	packet4_for_each_queue(p4, q) {
		p4->heads[i].queue = q;
		p4->heads[i].prod = packet4_peek(&q->ring);
		if (!packet4_has_queue(q))
			return pcap_packet4_lost(p, q);
		if (p4->heads[i].prod != q->ring.next) {
			look_at_head(&p4->heads[i++]);
			lost_heads += packet4_is_lost(q);
		} else if (packet4_is_lost(q)) {
			lost = q;
		}
	}
	*nr = i;
	return lost && !lost_heads ? pcap_packet4_check_lease(p, lost) : 0;
}

static void make_heap(struct packet4_head *heap, u_int nr)
{
	u_int i;

	for (i = nr / 2; i-- > 0; )
		sift_down(heap, nr, i);
}

/* Give back what was read, as after a read of one ring. */
static void finish(pcap_t *p, struct packet4 *p4, pcap_handler callback)
{
	struct packet4_queue *q;

	packet4_for_each_queue(p4, q)
		if (q->ring.ctrl->seen != q->ring.next)
			pcap_packet4_finish(p, q, callback);
}

/* Hands over at most max packets.  Returns how many, or an error. */
int pcap_packet4_merge(pcap_t *p, int max, pcap_handler callback, u_char *user)
{
	struct packet4 *p4 = p->priv;
	struct packet4_head *heap = p4->heads;
	int count = 0, ret;
	u_int nr = 0;

	ret = find_heads(p, p4, &nr);
	if (ret < 0)
		return ret;
	make_heap(heap, nr);
	while (nr > 0 && count < max && !p->break_loop) {
		count += pcap_packet4_hand_over(p, heap, max - count,
						next_stamp(heap, nr), callback,
						user);
		if (heap->queue->ring.next != heap->prod)
			look_at_head(heap);
		else
			*heap = heap[--nr];
		sift_down(heap, nr, 0);
	}
	finish(p, p4, callback);
	return p->break_loop ? pcap_packet4_broken(p) : count;
}
#endif /* PACKET_RX_DIRECT */
