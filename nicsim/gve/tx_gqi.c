// SPDX-License-Identifier: GPL-2.0
/*
 * GQI transmit.  The first descriptor of a packet has the number of its descriptors.
 * An event counter in guest memory tells how many are done.
 */
#include "gve/gve.h"

void gve_tx_gqi_doorbell(struct gve *nic, unsigned int q, uint32_t val)
{
	struct gve_tx_queue *txq = &nic->txq[q];

	if (val - txq->head > txq->size) {
		nicsim_strict(nic->sim, "TX queue %u: doorbell %u, but %u are done", q, val,
			      txq->head);
		return;
	}
	txq->tail = val;
}

static bool read_desc(struct gve *nic, const struct gve_tx_queue *txq, uint32_t i, uint8_t *desc)
{
	return nicsim_dma_read(nic->sim, txq->ring + (i & (txq->size - 1)) *
			       (uint64_t)GQI_TX_DESC_SIZE, desc, GQI_TX_DESC_SIZE,
			       "TX descriptor");
}

static bool add_segment(struct gve *nic, struct gve_tx_job *job, const uint8_t *desc)
{
	switch (desc[0] >> 4) {
	case GQI_TXD_METADATA:
		return true;
	case GQI_TXD_SEG:
		if (job->hdr_len)
			job->mss = get_be16(desc + 4);
		return gve_tx_add(nic, job, get_be64(desc + 8), get_be16(desc + 6));
	}
	nicsim_strict(nic->sim, "TX queue %u: a descriptor of type %#x in a packet", job->queue,
		      desc[0]);
	return false;
}

/* Reads the packet of @count descriptors, the first of which is @desc. */
static bool read_packet(struct gve *nic, struct gve_tx_job *job, uint8_t *desc, unsigned int count)
{
	const struct gve_tx_queue *txq = &nic->txq[job->queue];
	unsigned int type = desc[0] >> 4, i;
	size_t len = get_be16(desc + 4);

	if (type != GQI_TXD_STD && type != GQI_TXD_TSO) {
		nicsim_strict(nic->sim, "TX queue %u: a packet starts with type %#x", job->queue,
			      desc[0]);
		return false;
	}
	job->csum = desc[0] & GQI_TXF_L4CSUM;
	job->hdr_len = type == GQI_TXD_TSO ? get_be16(desc + 6) : 0;
	if (!gve_tx_add(nic, job, get_be64(desc + 8), get_be16(desc + 6)))
		return false;
	for (i = 1; i < count; i++)
		if (!read_desc(nic, txq, txq->head + i, desc) || !add_segment(nic, job, desc))
			return false;
	if (job->len == len)
		return true;
	nicsim_strict(nic->sim, "TX queue %u: a packet of %zu bytes, its pieces have %zu",
		      job->queue, len, job->len);
	return false;
}

static void write_counter(struct gve *nic, unsigned int q)
{
	uint8_t counter[4];

	put_be32(counter, nic->txq[q].head);
	nicsim_dma_barrier();
	nicsim_dma_write(nic->sim, nic->res.counters + q * 4ull, counter, sizeof(counter),
			 "event counter");
	gve_irq_event(nic, nic->txq[q].ntfy);
}

void gve_tx_gqi(struct gve *nic, unsigned int q)
{
	struct gve_tx_queue *txq = &nic->txq[q];
	uint8_t desc[GQI_TX_DESC_SIZE];
	uint32_t first = txq->head;
	unsigned int count;

	while (txq->head != txq->tail && gve_tx_possible(nic)) {
		struct gve_tx_job job = { .queue = q };

		if (!read_desc(nic, txq, txq->head, desc))
			break;
		count = desc[3] ? desc[3] : 1;
		if (txq->tail - txq->head < count)
			break;
		if (read_packet(nic, &job, desc, count))
			gve_tx_send(nic, &job);
		txq->head += count;
	}
	if (txq->head != first)
		write_counter(nic, q);
}
