/* SPDX-License-Identifier: GPL-2.0 */
/* A receive ring, as its registers describe it. */
#ifndef NICSIM_IXGBE_RXQ_H
#define NICSIM_IXGBE_RXQ_H

#include "ixgbe/ixgbe.h"

/* A descriptor as the driver wrote it. */
struct rx_buffers {
	uint64_t pkt_addr, hdr_addr;
};

static inline uint32_t rxq_get(struct ixgbe *nic, unsigned int q, uint32_t reg)
{
	return ixgbe_get(nic, ixgbe_rx_base(q) + reg);
}

static inline unsigned int rxq_size(struct ixgbe *nic, unsigned int q)
{
	return rxq_get(nic, q, RX_RDLEN) / RING_DESC_SIZE;
}

static inline uint64_t rxq_desc_addr(struct ixgbe *nic, unsigned int q, unsigned int i)
{
	uint64_t base = rxq_get(nic, q, RX_RDBAL) | (uint64_t)rxq_get(nic, q, RX_RDBAH) << 32;

	return base + (uint64_t)i * RING_DESC_SIZE;
}

#endif
