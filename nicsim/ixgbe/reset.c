// SPDX-License-Identifier: GPL-2.0
/* Back to the state after power-on. */
#include <string.h>

#include "ixgbe/ixgbe.h"

static void reset_queues(struct ixgbe *nic)
{
	unsigned int q;

	for (q = 0; q < IXG_MAX_QUEUES; q++) {
		ixgbe_rxq_reset(nic, q);
		nic->rxq[q].base_written = 0;
		nic->rxq[q].len_written = 0;
		nic->txq[q].enabled = false;
		nic->txq[q].disable_at = 0;
		nic->txq[q].base_written = 0;
		nic->txq[q].len_written = 0;
		memset(nic->txq[q].context, 0, sizeof(nic->txq[q].context));
	}
}

/* The station address comes from the EEPROM. */
void ixgbe_reset(struct ixgbe *nic)
{
	uint32_t *ral = ixgbe_reg_ptr(nic, IXG_RAL(0)), *rah = ixgbe_reg_ptr(nic, IXG_RAH(0));
	const uint8_t *mac = nic->mac;

	reset_queues(nic);
	ixgbe_irq_reset(nic);
	ixgbe_reg_defaults(nic);
	ixgbe_fdir_clear(nic);
	nic->rss_stale = true;
	ixgbe_clock_reset(nic);
	*ral = mac[0] | mac[1] << 8 | mac[2] << 16 | (uint32_t)mac[3] << 24;
	*rah = mac[4] | mac[5] << 8 | RAH_AV;
	ixgbe_link_update(nic);
	ixgbe_pb_flush(nic);
}
