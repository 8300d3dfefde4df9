// SPDX-License-Identifier: GPL-2.0
/*
 * A frame's way to its queue.  There is no address filter: the network gives this
 * NIC only frames that are meant for it.  A frame for which there are no buffers
 * waits if its source can wait, and is dropped otherwise.
 */
#include "gve/gve.h"

static void classify(struct gve *nic, struct gve_rx_meta *meta, const uint8_t *frame, size_t len)
{
	struct pkt *pkt = &meta->pkt;
	bool hashed;

	pkt_parse(pkt, frame, len, GVE_VLAN_TYPE);
	meta->ip_error = pkt->l3 == L3_IPV4 && !pkt_ip_csum_good(pkt, frame);
	meta->l4_error = pkt_l4_csum(pkt, frame) == CSUM_BAD ||
			 (pkt->l4 != L4_NONE && !pkt->l4_fits);
	meta->seg_len = 0;
	hashed = gve_rss_hash(nic, pkt, frame, &meta->hash);
	if (!gve_flow_match(nic, pkt, frame, len, &meta->queue))
		meta->queue = hashed ? gve_rss_queue(nic, meta->hash) : 0;
}

static bool receiver_on(const struct gve *nic)
{
	unsigned int q;

	if (!nic->bus_master || !nic->res.configured)
		return false;
	for (q = 0; q < GVE_MAX_QUEUES; q++)
		if (nic->rxq[q].on)
			return true;
	return false;
}

static enum gve_deliver deliver(struct gve *nic, const struct gve_rx_meta *meta,
				const uint8_t *frame, size_t len)
{
	if (gve_is_dqo(nic))
		return gve_rx_dqo(nic, meta, frame, len);
	return gve_rx_gqi(nic, meta, frame, len);
}

static void count_delivered(struct gve *nic, struct gve_rx_queue *rxq,
			    const struct gve_rx_meta *meta, size_t len)
{
	nic->fate.delivered++;
	rxq->frames++;
	rxq->bytes += len;
	rxq->bad_csum += meta->ip_error || meta->l4_error;
}

/* Returns false when the source is to wait. */
static bool to_queue(struct gve *nic, const uint8_t *frame, size_t len, bool may_wait)
{
	struct gve_rx_queue *rxq;
	struct gve_rx_meta meta;

	classify(nic, &meta, frame, len);
	rxq = &nic->rxq[meta.queue];
	if (!rxq->on) {
		nic->fate.queue_off++;
		rxq->off++;
		return true;
	}
	switch (rxq->rsc ? gve_rsc_take(nic, &meta, frame, len) :
			   deliver(nic, &meta, frame, len)) {
	case DELIVERED:
		count_delivered(nic, rxq, &meta, len);
		return true;
	case NO_BUFFERS:
		if (may_wait)
			return false;
		nic->fate.no_desc++;
		rxq->no_desc++;
		if (gve_is_dqo(nic))
			gve_rx_dqo_fault_beyond(nic, meta.queue);
		return true;
	case DELIVER_FAILED:
		nic->fate.dma_error++;
		return true;
	}
	return true;
}

enum nic_rx_verdict gve_wire_rx(void *priv, const uint8_t *frame, size_t len, bool may_wait)
{
	struct gve *nic = priv;

	if (!receiver_on(nic)) {
		nic->fate.rx_off++;
	} else if (len < ETH_HLEN) {
		nic->fate.undersize++;
	} else if (len > nic->mtu + ETH_HLEN + VLAN_HLEN) {
		nic->fate.oversize++;
	} else if (!to_queue(nic, frame, len, may_wait)) {
		nic->source_waits = true;
		return NIC_RX_WAIT;
	}
	nic->fate.offered++;
	return NIC_RX_TAKEN;
}

void gve_rx_ready(struct gve *nic)
{
	if (!nic->source_waits)
		return;
	nic->source_waits = false;
	nicsim_rx_ready(nic->sim);
}

void gve_rx_doorbell(struct gve *nic, unsigned int q, uint32_t val)
{
	if (gve_is_dqo(nic))
		gve_rx_dqo_doorbell(nic, q, val);
	else
		gve_rx_gqi_doorbell(nic, q, val);
	gve_rx_ready(nic);
}
