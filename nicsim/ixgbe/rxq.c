// SPDX-License-Identifier: GPL-2.0
/*
 * The registers of receive queues, and RXCTRL, which turns the receiver on and
 * off for all of them.
 */
#include <endian.h>

#include "ixgbe/rxq.h"

/* Called when both the queue and the receiver are on. */
static void check_ring(struct ixgbe *nic, unsigned int q)
{
	uint8_t probe;

	ixgbe_ring_strict(nic, "RX", q, nic->rxq[q].base_written, nic->rxq[q].len_written);
	if (rxq_get(nic, q, RX_RDT) >= rxq_size(nic, q))
		nicsim_strict(nic->sim, "RDT[%u]: %u is outside the ring of %u", q,
			      rxq_get(nic, q, RX_RDT), rxq_size(nic, q));
	else if (nic->bus_master)
		nicsim_dma_read(nic->sim, rxq_desc_addr(nic, q, rxq_size(nic, q)) - 1, &probe, 1,
				"RX ring's end");
}

static bool is_live(struct ixgbe *nic, unsigned int q)
{
	return nic->rxq[q].enabled && (ixgbe_get(nic, IXG_RXCTRL) & RXCTRL_RXEN);
}

void ixgbe_rdbal_write(struct ixgbe *nic, unsigned int q, uint32_t val)
{
	nic->rxq[q].base_written = val;
	if (is_live(nic, q))
		nicsim_strict(nic->sim, "RDBAL[%u] written while the queue is enabled", q);
}

void ixgbe_rdlen_write(struct ixgbe *nic, unsigned int q, uint32_t val)
{
	nic->rxq[q].len_written = val;
	if (is_live(nic, q))
		nicsim_strict(nic->sim, "RDLEN[%u] written while the queue is enabled", q);
}

void ixgbe_rdh_write(struct ixgbe *nic, unsigned int q, uint32_t val)
{
	(void)val;
	if (is_live(nic, q))
		nicsim_strict(nic->sim, "RDH[%u] written while the queue is enabled", q);
}

static void guard_descs(struct ixgbe *nic, unsigned int q)
{
	uint32_t srrctl = rxq_get(nic, q, RX_SRRCTL), tail = rxq_get(nic, q, RX_RDT);
	unsigned int type = srrctl >> SRRCTL_DESCTYPE_SHIFT & SRRCTL_DESCTYPE;
	struct ixgbe_rx_queue *rxq = &nic->rxq[q];
	struct rx_buffers desc;

	while (rxq->guarded != tail) {
		if (!nicsim_dma_read(nic->sim, rxq_desc_addr(nic, q, rxq->guarded), &desc,
				     sizeof(desc), "RX descriptor"))
			return;
		guard_given(&nic->guard, nic->sim, q, le64toh(desc.pkt_addr),
			    (srrctl & SRRCTL_BSIZEPKT) * 1024);
		if (type == DESCTYPE_SPLIT || type == DESCTYPE_SPLIT_ALWAYS)
			guard_given(&nic->guard, nic->sim, q, le64toh(desc.hdr_addr) & ~1ull,
				    (srrctl >> SRRCTL_BSIZEHDR_SHIFT & SRRCTL_BSIZEHDR) * 64);
		rxq->guarded = rxq->guarded + 1 >= rxq_size(nic, q) ? 0 : rxq->guarded + 1;
	}
}

void ixgbe_rdt_write(struct ixgbe *nic, unsigned int q, uint32_t val)
{
	if (nic->guard.on && nic->rxq[q].enabled && val < rxq_size(nic, q))
		guard_descs(nic, q);
	nic->rxq[q].guarded = val;
	if (!is_live(nic, q))
		return;
	if (val >= rxq_size(nic, q))
		nicsim_strict(nic->sim, "RDT[%u]: %u is outside the ring of %u", q, val,
			      rxq_size(nic, q));
	ixgbe_pb_drain(nic);
}

void ixgbe_srrctl_write(struct ixgbe *nic, unsigned int q, uint32_t val)
{
	if (nic->rxq[q].enabled && (ixgbe_get(nic, IXG_RDRXCTL) & RDRXCTL_MDP_EN))
		nicsim_strict(nic->sim, "SRRCTL[%u] written while queue and MDD are on", q);
	if (val & SRRCTL_DROP_EN)
		ixgbe_pb_drain(nic);
}

/* ENABLE reads as the state of the queue, not as what was written. */
uint32_t ixgbe_rxdctl_read(struct ixgbe *nic, unsigned int q)
{
	uint32_t val = rxq_get(nic, q, RX_RXDCTL) & ~RXDCTL_ENABLE;

	if (nic->rxq[q].enabled || nic->rxdctl_stuck)
		return val | RXDCTL_ENABLE;
	guard_stopped(&nic->guard, q);
	ixgbe_rx_late_faults(nic, q);
	return val;
}

void ixgbe_rxdctl_write(struct ixgbe *nic, unsigned int q, uint32_t val)
{
	struct ixgbe_rx_queue *rxq = &nic->rxq[q];

	if (val & RXDCTL_SWFLSH)
		ixgbe_held_flush(nic, q);
	if (val & RXDCTL_ENABLE) {
		ixgbe_rxq_cancel_stop(nic, q);
		if (rxq->enabled)
			return;
		rxq->enabled = true;
		rxq->guarded = rxq_get(nic, q, RX_RDH);
		if (is_live(nic, q))
			check_ring(nic, q);
		ixgbe_pb_drain(nic);
	} else if (is_live(nic, q)) {
		if (!rxq->disable_at && nic->pb.stopping != q)
			ixgbe_disable_later(nic, &rxq->disable_at);
	} else if (rxq->enabled) {
		ixgbe_rxq_stop(nic, q);
	}
}

/* Two registers say that the FCS is stripped, and have to agree. */
static void check_crc_strip(struct ixgbe *nic)
{
	bool mac = ixgbe_get(nic, IXG_HLREG0) & HLREG0_RXCRCSTRP;
	bool dma = ixgbe_get(nic, IXG_RDRXCTL) & RDRXCTL_CRCSTRIP;

	if (mac != dma)
		nicsim_strict(nic->sim, "HLREG0.RXCRCSTRP and RDRXCTL.CRCSTRIP differ");
	else if (!mac)
		nicsim_strict(nic->sim, "reception with the FCS is not modelled");
}

static void check_modes(struct ixgbe *nic)
{
	uint32_t mode = ixgbe_get(nic, IXG_MRQC) & MRQC_MODE;

	if (mode != MRQC_MODE_NONE && mode != MRQC_MODE_RSS)
		nicsim_strict(nic->sim, "MRQC: mode %u is not modelled", mode);
	if (ixgbe_get(nic, IXG_VT_CTL) & VT_CTL_VT_ENA)
		nicsim_strict(nic->sim, "VT_CTL: virtualization is not modelled");
}

void ixgbe_rxctrl_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	bool any = false;
	unsigned int q;

	(void)i;
	if (!(val & RXCTRL_RXEN)) {
		ixgbe_pb_flush(nic);
		for (q = 0; q < IXG_MAX_QUEUES; q++) {
			ixgbe_held_close(nic, q);
			if (nic->rxq[q].disable_at || nic->pb.stopping == q)
				ixgbe_rxq_stop(nic, q);
		}
		return;
	}
	for (q = 0; q < IXG_MAX_QUEUES; q++) {
		if (!nic->rxq[q].enabled)
			continue;
		check_ring(nic, q);
		any = true;
	}
	if (!any)
		return;
	check_crc_strip(nic);
	check_modes(nic);
	ixgbe_pb_drain(nic);
}
