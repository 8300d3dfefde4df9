/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PACKET_RX_DIRECT: what a lease needs of the driver's clock and of its page pools.
 * Here the driver has neither.
 */
#ifndef _GVE_DIRECT_BASE_H_
#define _GVE_DIRECT_BASE_H_

#include <net/packet_direct.h>

#include "gve.h"
#include "gve_desc_dqo.h"

static inline void gve_direct_tell_clock(struct gve_priv *priv,
					 struct packet_direct_limits *limits)
{
}

static inline bool gve_direct_has_stamps(const struct gve_priv *priv)
{
	return false;
}

static inline bool gve_direct_stamp(const struct gve_priv *priv,
				    const struct gve_rx_compl_desc_dqo *desc,
				    u64 *ns)
{
	return false;
}

static inline void gve_direct_recycle(struct gve_rx_ring *rx,
				      struct napi_struct *napi)
{
}

#endif /* _GVE_DIRECT_BASE_H_ */
