// SPDX-License-Identifier: GPL-2.0
/*
 * Receive segment coalescing: TCP segments in order become one packet.  Each queue
 * has one such packet at a time.  It ends with a short or pushed segment, with any
 * other frame of its queue, or a while after its last segment.
 */
#include <stdlib.h>
#include <string.h>

#include "gve/gve.h"

#define TCP_PSH		0x08
#define TCP_ACK		0x10

static size_t payload_len(const struct pkt *pkt)
{
	return pkt->l4_len - (pkt->l4_end - pkt->l3_end);
}

static bool may_start(const struct gve_rx_meta *meta, const uint8_t *frame)
{
	const struct pkt *pkt = &meta->pkt;

	return pkt->l4 == L4_TCP && !pkt->vlan && !pkt->l3_options && !meta->ip_error &&
	       !meta->l4_error && payload_len(pkt) && frame[pkt->l3_end + 13] == TCP_ACK;
}

/* Whether the headers differ only where segments of one flow do. */
static bool same_flow(const struct gve_rsc *rsc, const struct pkt *pkt, const uint8_t *frame)
{
	const struct pkt *old = &rsc->meta.pkt;
	const uint8_t *l3 = frame + pkt->l2_end, *old_l3 = rsc->data + old->l2_end;
	const uint8_t *l4 = frame + pkt->l3_end, *old_l4 = rsc->data + old->l3_end;
	bool v4 = pkt->l3 == L3_IPV4;

	if (pkt->l3 != old->l3 || pkt->l3_end != old->l3_end || pkt->l4_end != old->l4_end)
		return false;
	if (v4 && (l3[1] != old_l3[1] || l3[8] != old_l3[8] || memcmp(l3 + 12, old_l3 + 12, 8)))
		return false;
	if (!v4 && (memcmp(l3, old_l3, 4) || memcmp(l3 + 7, old_l3 + 7, 33)))
		return false;
	return !memcmp(l4, old_l4, 4) &&
	       !memcmp(l4 + 20, old_l4 + 20, pkt->l4_end - pkt->l3_end - 20);
}

static bool may_append(const struct gve_rx_queue *rxq, const struct gve_rx_meta *meta,
		       const uint8_t *frame)
{
	const struct pkt *pkt = &meta->pkt;
	const struct gve_rsc *rsc = rxq->rsc;
	const uint8_t *l4 = frame + pkt->l3_end;
	size_t len;

	if (!rsc->frames || pkt->l4 != L4_TCP || pkt->vlan || pkt->l3_options ||
	    meta->ip_error || meta->l4_error || (l4[13] & ~TCP_PSH) != TCP_ACK)
		return false;
	len = payload_len(pkt);
	return len && len <= rsc->meta.seg_len && get_be32(l4 + 4) == rsc->next_seq &&
	       rsc->len + len <= sizeof(rsc->data) && same_flow(rsc, pkt, frame) &&
	       gve_rx_dqo_needs(rxq, meta, rsc->len + len) <= rxq->bufs;
}

static void fix_headers(struct gve_rsc *rsc)
{
	const struct pkt *pkt = &rsc->meta.pkt;
	uint8_t *ip = rsc->data + pkt->l2_end;

	if (pkt->l3 == L3_IPV6) {
		put_be16(ip + 4, rsc->len - pkt->l3_end);
		return;
	}
	put_be16(ip + 2, rsc->len - pkt->l2_end);
	put_be16(ip + 10, 0);
	put_be16(ip + 10, csum_fold(csum_add(0, ip, pkt->l3_end - pkt->l2_end)));
}

/* There are enough buffers: that was checked when its last segment came, and no
 * other frame has used any since.
 */
static void deliver(struct gve *nic, struct gve_rsc *rsc)
{
	if (!rsc->frames)
		return;
	if (rsc->frames == 1)
		rsc->meta.seg_len = 0;
	else
		nic->rsc_packets++;
	fix_headers(rsc);
	rsc->frames = 0;
	gve_rx_dqo(nic, &rsc->meta, rsc->data, rsc->len);
}

static void start(struct gve *nic, struct gve_rsc *rsc, const struct gve_rx_meta *meta,
		  const uint8_t *frame)
{
	const struct pkt *pkt = &meta->pkt;

	rsc->meta = *meta;
	rsc->meta.seg_len = payload_len(pkt);
	rsc->frames = 1;
	rsc->next_seq = get_be32(frame + pkt->l3_end + 4) + rsc->meta.seg_len;
	rsc->len = pkt->l3_end + pkt->l4_len;
	memcpy(rsc->data, frame, rsc->len);
	nicsim_timer_arm(nic->rsc_timer, nic->knob_rsc_us * 1000);
}

/* The packet gets the acknowledgment, the flags and the window of this segment. */
static void append(struct gve *nic, struct gve_rsc *rsc, const struct gve_rx_meta *meta,
		   const uint8_t *frame)
{
	const struct pkt *pkt = &meta->pkt;
	size_t len = payload_len(pkt);
	bool last = len < rsc->meta.seg_len || (frame[pkt->l3_end + 13] & TCP_PSH);

	memcpy(rsc->data + rsc->meta.pkt.l3_end + 8, frame + pkt->l3_end + 8, 8);
	memcpy(rsc->data + rsc->len, frame + pkt->l4_end, len);
	rsc->len += len;
	rsc->next_seq += len;
	rsc->frames++;
	if (last)
		deliver(nic, rsc);
	else
		nicsim_timer_arm(nic->rsc_timer, nic->knob_rsc_us * 1000);
}

enum gve_deliver gve_rsc_take(struct gve *nic, const struct gve_rx_meta *meta,
			      const uint8_t *frame, size_t len)
{
	struct gve_rx_queue *rxq = &nic->rxq[meta->queue];

	if (may_append(rxq, meta, frame)) {
		append(nic, rxq->rsc, meta, frame);
		return DELIVERED;
	}
	deliver(nic, rxq->rsc);
	if (!may_start(meta, frame))
		return gve_rx_dqo(nic, meta, frame, len);
	if (gve_rx_dqo_needs(rxq, meta, len) > rxq->bufs)
		return NO_BUFFERS;
	start(nic, rxq->rsc, meta, frame);
	return DELIVERED;
}

/* The frames were counted as delivered, and are now counted as flushed. */
void gve_rsc_drop(struct gve *nic, struct gve_rx_queue *rxq)
{
	if (!rxq->rsc)
		return;
	nic->fate.delivered -= rxq->rsc->frames;
	nic->fate.flushed += rxq->rsc->frames;
	rxq->rsc->frames = 0;
}

static void idle(void *arg)
{
	struct gve *nic = arg;
	unsigned int q;

	for (q = 0; q < GVE_MAX_QUEUES; q++)
		if (nic->rxq[q].on && nic->rxq[q].rsc)
			deliver(nic, nic->rxq[q].rsc);
}

bool gve_rsc_init(struct gve *nic)
{
	nic->rsc_timer = nicsim_timer_new(nic->sim, idle, nic);
	return nic->rsc_timer;
}
