/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _GVE_DIRECT_H_
#define _GVE_DIRECT_H_

#include <net/packet_direct_queue.h>

#include "gve.h"
#include "gve_register.h"

/* The doorbell takes buffers in multiples of this, gve_desc_dqo.h. */
#define GVE_DIRECT_POST		8

struct gve_adminq_create_rx_queue;

/* in gve_main.c */
void gve_turndown(struct gve_priv *priv);
void gve_turnup_and_check_status(struct gve_priv *priv);

#ifdef CONFIG_PACKET_RX_DIRECT

/**
 * gve_ring_is_direct() - is the ring filled from a lease
 * @rx: Rx ring
 *
 * Stands from gve_direct_start() to gve_direct_stop().  Costs nothing while no
 * queue of the machine is leased.
 *
 * Return: true if so
 */
static inline bool gve_ring_is_direct(const struct gve_rx_ring *rx)
{
	return static_branch_unlikely(&packet_direct_key.key) && rx->direct;
}

/* in gve_direct_rx.c */
void gve_direct_read_types(struct gve_priv *priv);
void gve_direct_refill(struct gve_rx_ring *rx);
void gve_direct_drain(struct gve_rx_ring *rx);
int gve_rx_poll_direct(struct gve_rx_ring *rx, int budget);

/* in gve_direct.c */
void gve_direct_set_ops(struct net_device *dev);
void gve_direct_create(const struct gve_rx_ring *rx,
		       struct gve_adminq_create_rx_queue *cmd);
void gve_direct_start(struct gve_rx_ring *rx, struct napi_struct *napi);
void gve_direct_stop(struct gve_rx_ring *rx);
u32 gve_direct_adminq_pfn(struct gve_priv *priv);
void gve_direct_after_reset(struct gve_priv *priv);

#else

static inline bool gve_ring_is_direct(const struct gve_rx_ring *rx)
{
	return false;
}

static inline void gve_direct_set_ops(struct net_device *dev)
{
}

static inline void gve_direct_create(const struct gve_rx_ring *rx,
				     struct gve_adminq_create_rx_queue *cmd)
{
}

static inline void gve_direct_start(struct gve_rx_ring *rx,
				    struct napi_struct *napi)
{
}

static inline void gve_direct_refill(struct gve_rx_ring *rx)
{
}

static inline void gve_direct_stop(struct gve_rx_ring *rx)
{
}

static inline u32 gve_direct_adminq_pfn(struct gve_priv *priv)
{
	return ioread32be(&priv->reg_bar0->adminq_pfn);
}

static inline void gve_direct_after_reset(struct gve_priv *priv)
{
}

static inline int gve_rx_poll_direct(struct gve_rx_ring *rx, int budget)
{
	return 0;
}

#endif /* CONFIG_PACKET_RX_DIRECT */

#endif /* _GVE_DIRECT_H_ */
