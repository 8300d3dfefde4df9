// SPDX-License-Identifier: GPL-2.0
/*
 * Section "Transmit Functionality": queues and their descriptors.  A queue is
 * looked at when its tail moves, when the wire has room again, and when what had
 * stopped it is gone.
 */
#include <endian.h>
#include <string.h>

#include "ixgbe/ixgbe.h"

struct tx_desc {
	uint64_t addr;
	uint32_t cmd, opts;	/* type_tucmd and mss_l4len_idx in a context */
};

static uint32_t txq_get(struct ixgbe *nic, unsigned int q, uint32_t reg)
{
	return ixgbe_get(nic, ixgbe_tx_base(q) + reg);
}

static unsigned int ring_size(struct ixgbe *nic, unsigned int q)
{
	return txq_get(nic, q, TX_TDLEN) / RING_DESC_SIZE;
}

static unsigned int next_index(struct ixgbe *nic, unsigned int q, unsigned int i)
{
	return i + 1 >= ring_size(nic, q) ? 0 : i + 1;
}

static uint64_t desc_addr(struct ixgbe *nic, unsigned int q, unsigned int i)
{
	uint64_t base = txq_get(nic, q, TX_TDBAL) | (uint64_t)txq_get(nic, q, TX_TDBAH) << 32;

	return base + (uint64_t)i * RING_DESC_SIZE;
}

static bool read_desc(struct ixgbe *nic, unsigned int q, unsigned int i, struct tx_desc *desc)
{
	if (!nicsim_dma_read(nic->sim, desc_addr(nic, q, i), desc, sizeof(*desc),
			     "TX descriptor"))
		return false;
	desc->addr = le64toh(desc->addr);
	desc->cmd = le32toh(desc->cmd);
	desc->opts = le32toh(desc->opts);
	return true;
}

static bool is_context(const struct tx_desc *desc)
{
	return (desc->cmd & TXD_CMD_DEXT) &&
	       (desc->cmd >> TXD_DTYP_SHIFT & 0xf) == TXD_DTYP_CONTEXT;
}

static bool in_loopback(const struct ixgbe *nic)
{
	return ixgbe_get(nic, IXG_HLREG0) & HLREG0_LPBK;
}

/* The MAC fetches nothing that it cannot send. */
static bool can_send(struct ixgbe *nic)
{
	if (nic->tx_stuck || !(ixgbe_get(nic, IXG_DMATXCTL) & DMATXCTL_TE) ||
	    !ixgbe_dma_allowed(nic) ||
	    (ixgbe_get(nic, IXG_SECTXCTRL) & SECTXCTRL_TX_DIS))
		return false;
	return in_loopback(nic) || (ixgbe_link_up(nic) && nicsim_wire_tx_room(nic->sim));
}

static void store_context(struct ixgbe *nic, unsigned int q, const struct tx_desc *desc)
{
	struct ixgbe_tx_context *ctx = &nic->txq[q].context[desc->opts >> TXC_IDX_SHIFT & 1];

	ctx->vlan_macip_lens = desc->addr;
	ctx->type_tucmd = desc->cmd;
	ctx->mss_l4len_idx = desc->opts;
}

/* Writes DD to the descriptor, or the head to where TDWBAL points. */
static void report(struct ixgbe *nic, unsigned int q, unsigned int i)
{
	uint32_t wbal = txq_get(nic, q, TX_TDWBAL), word;
	uint64_t addr;

	nicsim_dma_barrier();
	if (wbal & TDWBAL_HEAD_WB) {
		addr = (wbal & ~3u) | (uint64_t)txq_get(nic, q, TX_TDWBAH) << 32;
		word = htole32(next_index(nic, q, i));
		nicsim_dma_write(nic->sim, addr, &word, sizeof(word), "TX head write-back");
	} else {
		word = htole32(TXD_STAT_DD);
		nicsim_dma_write(nic->sim, desc_addr(nic, q, i) + 12, &word, sizeof(word),
				 "TX descriptor");
	}
	ixgbe_irq_queue(nic, q, true);
}

static void start_job(struct ixgbe *nic, struct ixgbe_tx_job *job, const struct tx_desc *desc)
{
	job->cmd = desc->cmd;
	job->opts = desc->opts;
	job->data = nic->tx_frame;
	if (desc->cmd & TXD_CMD_DEXT) {
		job->ctx = &nic->txq[job->queue].context[desc->opts >> TXD_IDX_SHIFT & 1];
		job->vlan = job->ctx->vlan_macip_lens >> TXC_VLAN_SHIFT;
	} else {
		job->vlan = desc->opts >> 16;
	}
}

static bool add_data(struct ixgbe *nic, struct ixgbe_tx_job *job, const struct tx_desc *desc)
{
	size_t len = desc->cmd & TXD_LEN;

	if (job->len + len > IXG_TX_FRAME_MAX) {
		nicsim_strict(nic->sim, "TX queue %u: a frame of more than %u bytes", job->queue,
			      IXG_TX_FRAME_MAX);
		return false;
	}
	if (len && !nicsim_dma_read(nic->sim, desc->addr, job->data + job->len, len, "TX buffer"))
		return false;
	job->len += len;
	return true;
}

/* Returns false when the frame's last descriptor is not there yet.  A descriptor that
 * cannot be read ends the frame.
 */
static bool frame_complete(struct ixgbe *nic, unsigned int q, unsigned int i, unsigned int tail)
{
	struct tx_desc desc;

	for (; i != tail; i = next_index(nic, q, i)) {
		if (!read_desc(nic, q, i, &desc))
			return true;
		if (is_context(&desc) || (desc.cmd & TXD_CMD_EOP))
			return true;
	}
	return false;
}

static void send_job(struct ixgbe *nic, struct ixgbe_tx_job *job)
{
	if (job->opts & TXD_POPTS_IPSEC && job->ctx)
		nicsim_strict(nic->sim, "TX queue %u: IPsec offload is not modelled", job->queue);
	if (!job->ctx && (job->cmd & TXD_CMD_IC))
		nicsim_strict(nic->sim, "TX queue %u: legacy checksum insertion is not modelled",
			      job->queue);
	ixgbe_tx_offload(nic, job);
}

/* Takes one context or one complete frame from the head. */
static void transmit_one(struct ixgbe *nic, unsigned int q, unsigned int tail)
{
	uint32_t *head = ixgbe_reg_ptr(nic, ixgbe_tx_base(q) + TX_TDH);
	struct ixgbe_tx_job job = { .queue = q };
	unsigned int first = *head, i;
	struct tx_desc desc;
	bool ok = true;

	for (i = first; i != tail; i = next_index(nic, q, i)) {
		if (!read_desc(nic, q, i, &desc)) {
			*head = tail;
			return;
		}
		if (is_context(&desc)) {
			store_context(nic, q, &desc);
			*head = next_index(nic, q, i);
			return;
		}
		if (!job.data)
			start_job(nic, &job, &desc);
		ok = ok && add_data(nic, &job, &desc);
		if (desc.cmd & TXD_CMD_EOP)
			break;
	}
	if (ok)
		send_job(nic, &job);
	*head = next_index(nic, q, i);
	for (;; first = next_index(nic, q, first)) {
		if (read_desc(nic, q, first, &desc) && (desc.cmd & TXD_CMD_RS))
			report(nic, q, first);
		if (first == i)
			break;
	}
}

static void transmit(struct ixgbe *nic, unsigned int q)
{
	uint32_t base = ixgbe_tx_base(q);
	unsigned int tail = ixgbe_get(nic, base + TX_TDT), head;

	if (!nic->txq[q].enabled || tail >= ring_size(nic, q))
		return;
	for (;;) {
		head = ixgbe_get(nic, base + TX_TDH);
		if (head == tail || head >= ring_size(nic, q) || !can_send(nic) ||
		    !frame_complete(nic, q, head, tail))
			break;
		transmit_one(nic, q, tail);
	}
}

void ixgbe_tx_all(void *priv)
{
	struct ixgbe *nic = priv;
	unsigned int q;

	for (q = 0; q < IXG_MAX_QUEUES; q++)
		transmit(nic, q);
}

void ixgbe_txq_stop(struct ixgbe *nic, unsigned int q)
{
	nic->txq[q].enabled = false;
	nic->txq[q].disable_at = 0;
}

void ixgbe_dmatxctl_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	(void)i;
	if (val & DMATXCTL_TE)
		ixgbe_tx_all(nic);
}

void ixgbe_tdbal_write(struct ixgbe *nic, unsigned int q, uint32_t val)
{
	nic->txq[q].base_written = val;
	if (nic->txq[q].enabled)
		nicsim_strict(nic->sim, "TDBAL[%u] written while the queue is enabled", q);
}

void ixgbe_tdlen_write(struct ixgbe *nic, unsigned int q, uint32_t val)
{
	nic->txq[q].len_written = val;
	if (nic->txq[q].enabled)
		nicsim_strict(nic->sim, "TDLEN[%u] written while the queue is enabled", q);
}

void ixgbe_tdh_write(struct ixgbe *nic, unsigned int q, uint32_t val)
{
	(void)val;
	if (nic->txq[q].enabled)
		nicsim_strict(nic->sim, "TDH[%u] written while the queue is enabled", q);
}

void ixgbe_tdt_write(struct ixgbe *nic, unsigned int q, uint32_t val)
{
	if (!nic->txq[q].enabled)
		return;
	if (val >= ring_size(nic, q))
		nicsim_strict(nic->sim, "TDT[%u]: %u is outside the ring of %u", q, val,
			      ring_size(nic, q));
	transmit(nic, q);
}

static void ring_check(struct ixgbe *nic, unsigned int q)
{
	uint8_t probe;

	ixgbe_ring_strict(nic, "TX", q, nic->txq[q].base_written, nic->txq[q].len_written);
	if (nic->bus_master)
		nicsim_dma_read(nic->sim, desc_addr(nic, q, ring_size(nic, q)) - 1, &probe, 1,
				"TX ring's end");
	if (!(ixgbe_get(nic, IXG_DMATXCTL) & DMATXCTL_TE))
		nicsim_strict(nic->sim, "TXDCTL[%u]: queue enabled before DMATXCTL.TE", q);
}

uint32_t ixgbe_txdctl_read(struct ixgbe *nic, unsigned int q)
{
	uint32_t val = txq_get(nic, q, TX_TXDCTL) & ~TXDCTL_ENABLE;

	return val | (nic->txq[q].enabled ? TXDCTL_ENABLE : 0);
}

void ixgbe_txdctl_write(struct ixgbe *nic, unsigned int q, uint32_t val)
{
	struct ixgbe_tx_queue *txq = &nic->txq[q];

	if (val & TXDCTL_ENABLE) {
		txq->disable_at = 0;
		if (txq->enabled)
			return;
		txq->enabled = true;
		ring_check(nic, q);
		transmit(nic, q);
	} else if (txq->enabled && !txq->disable_at) {
		ixgbe_disable_later(nic, &txq->disable_at);
	}
}
