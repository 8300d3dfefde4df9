// SPDX-License-Identifier: GPL-2.0
/*
 * GQI receive: a ring of data slots and a ring of descriptors, used in the same
 * order.  A sequence number from 1 to 7 tells which descriptors are new.
 */
#include "gve/gve.h"

void gve_rx_gqi_doorbell(struct gve *nic, unsigned int q, uint32_t val)
{
	struct gve_rx_queue *rxq = &nic->rxq[q];

	if (val - rxq->done > rxq->size || val - rxq->tail > rxq->size) {
		nicsim_strict(nic->sim, "RX queue %u: doorbell %u, %u are posted, %u are used", q,
			      val, rxq->tail, rxq->done);
		return;
	}
	rxq->tail = val;
}

static uint16_t type_flags(const struct pkt *pkt)
{
	uint16_t flags = pkt->fragment ? GQI_RX_FRAG : 0;

	if (pkt->l3 == L3_IPV4)
		flags |= GQI_RX_IPV4;
	else if (pkt->l3 == L3_IPV6)
		flags |= GQI_RX_IPV6;
	if (pkt->l4 == L4_TCP)
		flags |= GQI_RX_TCP;
	else if (pkt->l4 == L4_UDP)
		flags |= GQI_RX_UDP;
	return flags;
}

/* The sum from the IP header on; 0 means that there is no sum. */
static uint16_t partial_sum(const struct pkt *pkt, const uint8_t *frame, size_t len)
{
	if (pkt->l3 == L3_NONE || pkt->vlan)
		return 0;
	return ~csum_fold(csum_add(0, frame + pkt->l2_end, len - pkt->l2_end));
}

static bool fill_slot(struct gve *nic, struct gve_rx_queue *rxq, const uint8_t *data, size_t len,
		      size_t pad)
{
	uint64_t slot = rxq->data_ring + (rxq->done & (rxq->size - 1)) * 8ull, addr;
	uint8_t raw[8];

	if (!nicsim_dma_read(nic->sim, slot, raw, sizeof(raw), "RX data slot"))
		return false;
	addr = get_be64(raw);
	return gve_translate(nic, rxq->pages, &addr, pad + len, "RX buffer") &&
	       nicsim_dma_write(nic->sim, addr + pad, data, len, "RX buffer");
}

/* The word with the sequence number is written last. */
static void write_desc(struct gve *nic, struct gve_rx_queue *rxq, uint8_t *desc, uint16_t flags)
{
	uint64_t addr = rxq->desc_ring +
			(uint64_t)(rxq->done & (rxq->size - 1)) * GQI_RX_DESC_SIZE;

	put_be16(desc + 62, flags | rxq->seq);
	nicsim_dma_write(nic->sim, addr, desc, GQI_RX_DESC_SIZE - 2, "RX descriptor");
	nicsim_dma_barrier();
	nicsim_dma_write(nic->sim, addr + 62, desc + 62, 2, "RX descriptor");
	rxq->done++;
	rxq->seq = rxq->seq % 7 + 1;
}

enum gve_deliver gve_rx_gqi(struct gve *nic, const struct gve_rx_meta *meta,
			    const uint8_t *frame, size_t len)
{
	struct gve_rx_queue *rxq = &nic->rxq[meta->queue];
	uint8_t desc[GQI_RX_DESC_SIZE] = {};
	size_t off = 0, pad = GQI_RX_PAD, part;
	bool ok = true;

	if (rxq->tail - rxq->done < (pad + len + rxq->buf_size - 1) / rxq->buf_size)
		return NO_BUFFERS;
	put_be32(desc + 48, meta->hash);
	put_be16(desc + 58, partial_sum(&meta->pkt, frame, len));
	for (; off < len; off += part, pad = 0) {
		part = len - off < rxq->buf_size - pad ? len - off : rxq->buf_size - pad;
		ok &= fill_slot(nic, rxq, frame + off, part, pad);
		put_be16(desc + 60, pad + part);
		write_desc(nic, rxq, desc, type_flags(&meta->pkt) |
			   (off + part < len ? GQI_RX_CONTINUES : 0));
	}
	gve_irq_event(nic, rxq->ntfy);
	return ok ? DELIVERED : DELIVER_FAILED;
}
