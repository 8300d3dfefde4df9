// SPDX-License-Identifier: GPL-2.0
/* The link, as registers and interrupts report it. */
#include "ixgbe/ixgbe.h"

void ixgbe_link_update(struct ixgbe *nic)
{
	uint32_t *links = ixgbe_reg_ptr(nic, IXG_LINKS), *status = ixgbe_reg_ptr(nic, IXG_STATUS);

	*links = LINKS_10G;
	*status &= ~STATUS_LINK_UP;
	if (!ixgbe_link_up(nic))
		return;
	*links |= LINKS_UP | LINKS_LINK_STATUS;
	*status |= STATUS_LINK_UP;
}

void ixgbe_link(void *priv, bool up)
{
	struct ixgbe *nic = priv;

	ixgbe_link_update(nic);
	ixgbe_irq_other(nic, EICR_LSC);
	if (up)
		ixgbe_tx_all(nic);
}
