// SPDX-License-Identifier: GPL-2.0
/*
 * A transmit queue is looked at when its doorbell is written, when the wire has
 * room again, and when what had stopped it is gone.
 */
#include "gve/gve.h"

static void transmit(struct gve *nic, unsigned int q)
{
	if (gve_is_dqo(nic))
		gve_tx_dqo(nic, q);
	else
		gve_tx_gqi(nic, q);
}

void gve_tx_all(void *priv)
{
	struct gve *nic = priv;
	unsigned int q;

	for (q = 0; q < GVE_MAX_QUEUES; q++)
		if (nic->txq[q].on)
			transmit(nic, q);
}

void gve_tx_doorbell(struct gve *nic, unsigned int q, uint32_t val)
{
	if (gve_is_dqo(nic))
		gve_tx_dqo_doorbell(nic, q, val);
	else
		gve_tx_gqi_doorbell(nic, q, val);
	transmit(nic, q);
}
