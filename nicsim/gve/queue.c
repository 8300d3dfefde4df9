// SPDX-License-Identifier: GPL-2.0
/*
 * Device resources and queues.  The device chooses the doorbell of each queue
 * and notification block, and writes its index where the driver asks.
 */
#include <stdlib.h>
#include <string.h>

#include "gve/gve.h"

static uint32_t db_index(unsigned int page)
{
	return page * (GVE_DB_PAGE / 4);
}

static bool queues_on(const struct gve *nic)
{
	unsigned int q;

	for (q = 0; q < GVE_MAX_QUEUES; q++)
		if (nic->rxq[q].on || nic->txq[q].on)
			return true;
	return false;
}

static bool write_ntfy_doorbells(struct gve *nic, uint64_t addr, uint32_t stride)
{
	uint8_t index[4];
	unsigned int n;

	for (n = 0; n < nic->res.num_ntfy; n++) {
		put_be32(index, db_index(GVE_DB_IRQ + n));
		if (!nicsim_dma_write(nic->sim, addr + (uint64_t)n * stride, index, sizeof(index),
				      "interrupt doorbell index"))
			return false;
	}
	return true;
}

enum gve_aq_status gve_configure_resources(struct gve *nic, const uint8_t *cmd)
{
	struct gve_resources res = {
		.configured = true,
		.counters = get_be64(cmd),
		.num_counters = get_be32(cmd + 16),
		.num_ntfy = get_be32(cmd + 20),
		.msix_base = get_be32(cmd + 28),
		.format = cmd[32],
	};

	if (nic->res.configured) {
		nicsim_strict(nic->sim, "device resources configured twice");
		return AQ_ALREADY_EXISTS;
	}
	if (res.format != nic->knob_format) {
		nicsim_strict(nic->sim, "device resources: format %u was not offered", res.format);
		return AQ_INVALID_ARGUMENT;
	}
	if (!res.num_ntfy || res.num_ntfy > GVE_NUM_NTFY || res.msix_base > 1 ||
	    res.num_counters < GVE_MAX_QUEUES) {
		nicsim_strict(nic->sim, "device resources: %u blocks from vector %u, %u counters",
			      res.num_ntfy, res.msix_base, res.num_counters);
		return AQ_INVALID_ARGUMENT;
	}
	nic->res = res;
	if (write_ntfy_doorbells(nic, get_be64(cmd + 8), get_be32(cmd + 24)))
		return AQ_PASSED;
	nic->res.configured = false;
	return AQ_INTERNAL_ERROR;
}

enum gve_aq_status gve_deconfigure_resources(struct gve *nic, const uint8_t *cmd)
{
	(void)cmd;
	if (queues_on(nic)) {
		nicsim_strict(nic->sim, "device resources given up while there are queues");
		return AQ_FAILED_PRECONDITION;
	}
	gve_irq_reset(nic);
	memset(&nic->res, 0, sizeof(nic->res));
	return AQ_PASSED;
}

static bool good_ring(struct gve *nic, const char *what, unsigned int q, uint32_t size)
{
	if (size >= GVE_RING_MIN && size <= GVE_RING_MAX && !(size & (size - 1)))
		return true;
	nicsim_strict(nic->sim, "%s queue %u: a ring of %u", what, q, size);
	return false;
}

static bool good_queue(struct gve *nic, const char *what, uint32_t q, uint32_t ntfy, bool on)
{
	if (q < GVE_MAX_QUEUES && ntfy < nic->res.num_ntfy && !on)
		return true;
	nicsim_strict(nic->sim, "%s queue %u created%s, with block %u", what, q,
		      on ? " twice" : "", ntfy);
	return false;
}

static bool write_resources(struct gve *nic, uint64_t addr, unsigned int page, unsigned int counter)
{
	uint8_t res[8];

	put_be32(res, db_index(page));
	put_be32(res + 4, counter);
	return nicsim_dma_write(nic->sim, addr, res, sizeof(res), "queue resources");
}

enum gve_aq_status gve_create_tx(struct gve *nic, const uint8_t *cmd)
{
	uint32_t q = get_be32(cmd), ntfy = get_be32(cmd + 28);
	struct gve_tx_queue *txq = q < GVE_MAX_QUEUES ? &nic->txq[q] : NULL;

	if (!good_queue(nic, "TX", q, ntfy, txq && txq->on) ||
	    !good_ring(nic, "TX", q, get_be16(cmd + 40)) ||
	    (gve_is_dqo(nic) && !good_ring(nic, "TX", q, get_be16(cmd + 42))))
		return AQ_INVALID_ARGUMENT;
	txq->ring = get_be64(cmd + 16);
	txq->comp_ring = get_be64(cmd + 32);
	txq->size = get_be16(cmd + 40);
	txq->comp_size = get_be16(cmd + 42);
	txq->ntfy = ntfy;
	txq->head = 0;
	txq->tail = 0;
	txq->comp_tail = 0;
	txq->tags = 0;
	txq->reported = 0;
	txq->generation = true;
	if (!gve_find_pages(nic, get_be32(cmd + 24), &txq->pages))
		return AQ_INVALID_ARGUMENT;
	if (!write_resources(nic, get_be64(cmd + 8), GVE_DB_TX + q, q))
		return AQ_INTERNAL_ERROR;
	txq->on = true;
	return AQ_PASSED;
}

/* Packet buffers have one of two sizes, header buffers have one. */
static bool set_buffers(struct gve *nic, unsigned int q, const uint8_t *cmd)
{
	struct gve_rx_queue *rxq = &nic->rxq[q];

	rxq->buf_size = get_be16(cmd + 46);
	rxq->hdr_size = get_be16(cmd + 52);
	if ((rxq->buf_size == 2048 || rxq->buf_size == GVE_BUFFER_MAX) &&
	    (!rxq->hdr_size || (rxq->hdr_size == GVE_HEADER_BUFFER &&
				nic->res.format == FORMAT_DQO_RDA)))
		return true;
	nicsim_strict(nic->sim, "RX queue %u: buffers of %u bytes, for headers of %u", q,
		      rxq->buf_size, rxq->hdr_size);
	return false;
}

static bool alloc_rx(struct gve_rx_queue *rxq, bool rsc)
{
	rxq->buf = calloc(rxq->size, sizeof(*rxq->buf));
	rxq->rsc = rsc ? calloc(1, sizeof(*rxq->rsc)) : NULL;
	return rxq->buf && (rxq->rsc || !rsc);
}

static void stop_rx(struct gve *nic, struct gve_rx_queue *rxq)
{
	gve_rsc_drop(nic, rxq);
	guard_stopped(&nic->guard, rxq - nic->rxq);
	if (rxq->on && gve_is_dqo(nic))
		gve_rx_dqo_end(rxq);
	free(rxq->rsc);
	free(rxq->buf);
	rxq->rsc = NULL;
	rxq->buf = NULL;
	rxq->on = false;
}

static void init_rx(struct gve_rx_queue *rxq, const uint8_t *cmd)
{
	rxq->ntfy = get_be32(cmd + 12);
	rxq->desc_ring = get_be64(cmd + 24);
	rxq->data_ring = get_be64(cmd + 32);
	rxq->size = get_be16(cmd + 44);
	rxq->tail = 0;
	rxq->done = 0;
	rxq->buf_head = 0;
	rxq->bufs = 0;
	rxq->generation = true;
	rxq->seq = 1;
	memset(rxq->have_id, 0, sizeof(rxq->have_id));
	memset(rxq->have_addr, 0, sizeof(rxq->have_addr));
}

/* With refuse-queue at N, the Nth command for a receive queue from now on fails. */
static bool refuses(struct gve *nic)
{
	return nic->knob_refuse_queue && !--nic->knob_refuse_queue;
}

enum gve_aq_status gve_create_rx(struct gve *nic, const uint8_t *cmd)
{
	uint32_t q = get_be32(cmd);
	struct gve_rx_queue *rxq = q < GVE_MAX_QUEUES ? &nic->rxq[q] : NULL;

	if (!good_queue(nic, "RX", q, get_be32(cmd + 12), rxq && rxq->on) ||
	    !good_ring(nic, "RX", q, get_be16(cmd + 44)) || !set_buffers(nic, q, cmd))
		return AQ_INVALID_ARGUMENT;
	if (gve_is_dqo(nic) && get_be16(cmd + 48) != get_be16(cmd + 44)) {
		nicsim_strict(nic->sim, "RX queue %u: rings of %u and %u", q, get_be16(cmd + 44),
			      get_be16(cmd + 48));
		return AQ_INVALID_ARGUMENT;
	}
	if (!gve_find_pages(nic, get_be32(cmd + 40), &rxq->pages))
		return AQ_INVALID_ARGUMENT;
	if (refuses(nic))
		return AQ_INTERNAL_ERROR;
	init_rx(rxq, cmd);
	if (!alloc_rx(rxq, cmd[50] && gve_is_dqo(nic))) {
		stop_rx(nic, rxq);
		return AQ_RESOURCE_EXHAUSTED;
	}
	if (!write_resources(nic, get_be64(cmd + 16), GVE_DB_RX + q, GVE_MAX_QUEUES + q)) {
		stop_rx(nic, rxq);
		return AQ_INTERNAL_ERROR;
	}
	rxq->on = true;
	return AQ_PASSED;
}

enum gve_aq_status gve_destroy_tx(struct gve *nic, const uint8_t *cmd)
{
	uint32_t q = get_be32(cmd);

	if (q >= GVE_MAX_QUEUES || !nic->txq[q].on)
		return AQ_NOT_FOUND;
	nic->txq[q].on = false;
	return AQ_PASSED;
}

enum gve_aq_status gve_destroy_rx(struct gve *nic, const uint8_t *cmd)
{
	uint32_t q = get_be32(cmd);

	if (q >= GVE_MAX_QUEUES || !nic->rxq[q].on)
		return AQ_NOT_FOUND;
	if (refuses(nic))
		return AQ_INTERNAL_ERROR;
	stop_rx(nic, &nic->rxq[q]);
	gve_rx_ready(nic);
	return AQ_PASSED;
}

/* Called after a batch of commands.  With DQO, receive queue 0 has to exist while
 * another one does.
 */
void gve_queues_check(struct gve *nic)
{
	unsigned int q;

	if (!nic->res.configured || !gve_is_dqo(nic) || nic->rxq[0].on)
		return;
	for (q = 1; q < GVE_MAX_QUEUES; q++)
		if (nic->rxq[q].on)
			break;
	if (q < GVE_MAX_QUEUES)
		nicsim_strict(nic->sim, "RX queue 0 is destroyed, but queue %u is not", q);
}

/* Called when the driver has been told: faults of queues that were destroyed. */
void gve_queues_late_faults(struct gve *nic)
{
	unsigned int q;

	for (q = 0; q < GVE_MAX_QUEUES; q++)
		if (nic->rxq[q].has_late_buf)
			gve_rx_dqo_late_faults(nic, q);
}

void gve_queues_reset(struct gve *nic)
{
	unsigned int i;

	for (i = 0; i < GVE_MAX_QUEUES; i++) {
		stop_rx(nic, &nic->rxq[i]);
		nic->txq[i].on = false;
	}
	gve_pages_reset(nic);
}
