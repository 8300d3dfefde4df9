/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PACKET_RX_DIRECT: what a lease needs of the driver's clock and of its page pools.
 */
#ifndef _GVE_DIRECT_BASE_H_
#define _GVE_DIRECT_BASE_H_

#include <linux/net_tstamp.h>
#include <linux/ptp_clock_kernel.h>
#include <net/page_pool/helpers.h>
#include <net/packet_direct.h>

#include "gve.h"
#include "gve_desc_dqo.h"

/**
 * gve_direct_tell_clock() - whether the NIC stamps frames, and by which clock
 * @priv: board private structure
 * @limits: is completed
 *
 * Context: RTNL; the driver sets the clock up in a probe and in a reset.
 */
static inline void gve_direct_tell_clock(struct gve_priv *priv,
					 struct packet_direct_limits *limits)
{
	if (!gve_is_clock_enabled(priv))
		return;
	limits->tstamp_hw = true;
	limits->phc_index = ptp_clock_index(priv->ptp->clock);
}

/**
 * gve_direct_has_stamps() - are the NIC's stamps turned on, and worth something
 * @priv: board private structure
 *
 * The NIC stamps without being asked. The driver reads its clock only while it has one.
 *
 * Return: true if so
 */
static inline bool gve_direct_has_stamps(const struct gve_priv *priv)
{
	return READ_ONCE(priv->ts_config.rx_filter) == HWTSTAMP_FILTER_ALL &&
	       priv->nic_ts_report;
}

/**
 * gve_direct_stamp() - the time stamp of a frame
 * @priv: board private structure
 * @desc: the frame's last completion
 * @ns: is set to nanoseconds of the NIC's clock
 *
 * As gve_rx_get_hwtstamp(): the NIC writes the lower half, and the frame came at most 2
 * seconds before or after the driver's last reading of the clock.
 *
 * Return: false when it has none
 */
static inline bool gve_direct_stamp(const struct gve_priv *priv,
				    const struct gve_rx_compl_desc_dqo *desc,
				    u64 *ns)
{
	u64 read = READ_ONCE(priv->last_sync_nic_counter);

	if (unlikely(!(desc->ts_sub_nsecs_low & GVE_DQO_RX_HWTSTAMP_VALID)))
		return false;
	*ns = read + (s32)(le32_to_cpu(desc->ts) - (u32)read);
	return true;
}

/**
 * gve_direct_recycle() - the pages of a ring go back without a lock again
 * @rx: Rx ring that is about to run
 * @napi: what polls it
 *
 * gve_rx_stop_ring_dqo() ends that, and elsewhere a ring that starts has a new pool.
 */
static inline void gve_direct_recycle(struct gve_rx_ring *rx,
				      struct napi_struct *napi)
{
	if (rx->dqo.page_pool)
		page_pool_enable_direct_recycling(rx->dqo.page_pool, napi);
}

#endif /* _GVE_DIRECT_BASE_H_ */
