// SPDX-License-Identifier: GPL-2.0
/*
 * PACKET_RX_DIRECT: Rx queues that are leased to a packet socket, in the queue
 * format DQO-RDA.
 *
 * The core knows which queue is leased, and gve_direct_start() asks it each time
 * a ring is started; rx->direct is the answer for as long as the ring runs.  So
 * there is nothing here to be kept over a reset.
 *
 * What is different with a leased queue:
 *
 *	buffer queue		descriptors point to the slots of the lease
 *	buf_states		slot and payload slot of each buffer id that the
 *				NIC has; nothing else of an element is used
 *	CREATE_RX_QUEUE		the buffer size is the usable length of a slot, or
 *				of a payload slot; header split as the ring has
 *				it, and no RSC
 *	starvation_timer	runs only while the NIC has buffers, but too few
 *				to be sure of an interrupt
 *
 * The doorbell takes buffers in multiples of GVE_DIRECT_POST.  Slots that are too
 * few for one stay with the core as free ones, so that its counts are what the NIC
 * sees, and its timer looks when there are more.  As long as the NIC has enough they
 * go to it in multiples of GVE_RX_BUF_THRESH_DQO, as those of the stack do: that
 * many because a packet of RSC, which a leased queue does not have, takes up to 19.
 *
 * The NIC wants all queues to be quiet while one is destroyed or created, and
 * cannot destroy queue 0 while there are others: giving that one away and taking
 * it back restarts all of them.
 */
#include <linux/rtnetlink.h>
#include <net/packet_direct_pci.h>

#include "gve.h"
#include "gve_adminq.h"
#include "gve_direct.h"
#include "gve_direct_base.h"
#include "gve_dqo.h"
#include "gve_register.h"

/* All devices have buffers of this size; some have larger ones, too. */
#define GVE_DIRECT_GRANULE	GVE_DEFAULT_RX_BUFFER_SIZE

/* No device is known to take larger ones than this. */
#define GVE_DIRECT_LEN_MAX	SZ_4K

/* A completion counts the bytes of the header in 10 bits. */
#define GVE_DIRECT_HDR_MAX	SZ_1K

/**
 * gve_direct_missed() - what the NIC last reported to have missed
 * @rx: Rx ring
 *
 * The NIC writes its part of the report every GVE_STATS_REPORT_TIMER_PERIOD ms, at
 * the end. With fewer queues that part begins later, and older ones stay before it:
 * the last entry about this queue is the latest. A report that was written while
 * the queue was destroyed has none.
 *
 * Return: frames that found no buffer, as of the last report that tells
 */
static u64 gve_direct_missed(const struct gve_rx_ring *rx)
{
	struct gve_priv *priv = rx->gve;
	const struct stats *stat;
	size_t i;

	i = (priv->stats_report_len - sizeof(*priv->stats_report)) /
	    sizeof(*stat);
	while (i--) {
		stat = &priv->stats_report->stats[i];
		if (be32_to_cpu(stat->stat_name) == RX_NO_BUFFERS_POSTED &&
		    be32_to_cpu(stat->queue_id) == rx->q_num)
			return be64_to_cpu(READ_ONCE(stat->value));
	}
	return rx->direct_missed;
}

/**
 * gve_direct_count_missed() - credit what the NIC has missed to the lease
 * @rx: Rx ring
 *
 * The first report of a lease also has what the queue missed since the last report
 * before it, which is counted here. A count that went back has begun anew with the
 * queue.
 */
static void gve_direct_count_missed(struct gve_rx_ring *rx)
{
	u64 missed = gve_direct_missed(rx);

	packet_direct_missed(rx->direct, missed < rx->direct_missed ?
					 missed : missed - rx->direct_missed);
	rx->direct_missed = missed;
}

/**
 * gve_direct_create() - how the NIC has to fill the buffers of a leased queue
 * @rx: Rx ring
 * @cmd: command to create the queue, filled in as for the stack
 */
void gve_direct_create(const struct gve_rx_ring *rx,
		       struct gve_adminq_create_rx_queue *cmd)
{
	if (!rx->direct)
		return;

	cmd->packet_buffer_size = cpu_to_be16(packet_direct_buffer_len(rx->direct));
	cmd->enable_rsc = 0;
	cmd->header_buffer_size = 0;
	if (packet_direct_is_split(rx->direct))
		cmd->header_buffer_size = cpu_to_be16(rx->gve->header_buf_size);
}

/**
 * gve_direct_start() - find out whether a ring is a leased queue's
 * @rx: Rx ring, whose queue is about to be created
 * @napi: what polls it
 */
void gve_direct_start(struct gve_rx_ring *rx, struct napi_struct *napi)
{
	struct packet_direct_queue *pdq;

	gve_direct_recycle(rx, napi);
	pdq = packet_direct_lookup(rx->gve->dev, rx->q_num);
	if (!pdq)
		return;

	gve_direct_read_types(rx->gve);
	rx->direct_missed = gve_direct_missed(rx);
	rx->direct = pdq;
	packet_direct_ring_up(pdq, napi, round_down(rx->dqo.bufq.mask,
						    GVE_DIRECT_POST));
}

/**
 * gve_direct_stop() - take the slots out of a ring that has been stopped
 * @rx: Rx ring
 */
void gve_direct_stop(struct gve_rx_ring *rx)
{
	struct packet_direct_queue *pdq = rx->direct;

	if (!pdq)
		return;

	gve_direct_count_missed(rx);
	gve_direct_drain(rx);
	rx->direct = NULL;
	packet_direct_ring_down(pdq);
}

/**
 * gve_direct_give_up() - see that a device that did not stop does no DMA
 * @priv: board private structure, with leased rings
 *
 * The device is detached: after a failed reset the driver would use memory that it
 * no longer has.
 */
static void gve_direct_give_up(struct gve_priv *priv)
{
	bool stopped = packet_direct_stop_dma(priv->pdev);
	int i;

	netif_device_detach(priv->dev);
	if (stopped) {
		netdev_err(priv->dev, "device does not answer: DMA is off until the driver is loaded again\n");
		return;
	}

	netdev_err(priv->dev, "device does not stop DMA\n");
	for (i = 0; i < priv->rx_cfg.num_queues; i++)
		if (priv->rx[i].direct)
			packet_direct_not_stopped(priv->rx[i].direct);
}

/**
 * gve_direct_has_ring() - is there a ring that is leased
 * @priv: board private structure
 *
 * Return: true if so
 */
static bool gve_direct_has_ring(const struct gve_priv *priv)
{
	int i;

	for (i = 0; priv->rx && i < priv->rx_cfg.num_queues; i++)
		if (priv->rx[i].direct)
			return true;
	return false;
}

/**
 * gve_direct_adminq_pfn() - the register that is 0 when a device was reset
 * @priv: board private structure, revision 0
 *
 * A device that does not answer reads as all ones for ever. The driver waits for 0
 * with RTNL held, and once more when it could not set the device up again.
 *
 * Return: the register, or 0 when waiting is of no use for a leased queue
 */
u32 gve_direct_adminq_pfn(struct gve_priv *priv)
{
	u32 pfn = ioread32be(&priv->reg_bar0->adminq_pfn);

	if (pfn == U32_MAX &&
	    (gve_direct_has_ring(priv) || !netif_device_present(priv->dev)))
		return 0;
	return pfn;
}

/**
 * gve_direct_was_reset() - does a device say that it did the last reset
 * @priv: board private structure
 *
 * The register is the one by which gve_adminq_release() resets the device: the page
 * number of the admin queue in revision 0, a status bit from revision 1 on. A
 * device that does not answer reads as all ones, and that bit is among them.
 *
 * Return: true if so
 */
static bool gve_direct_was_reset(const struct gve_priv *priv)
{
	u32 status;

	if (priv->pdev->revision < 0x1)
		return !ioread32be(&priv->reg_bar0->adminq_pfn);

	status = ioread32be(&priv->reg_bar0->device_status);
	return status != U32_MAX && (status & GVE_DEVICE_STATUS_DEVICE_IS_RESET);
}

/**
 * gve_direct_after_reset() - look whether a device did the reset waited for
 * @priv: board private structure
 *
 * Rings are still there: they are stopped next.
 */
void gve_direct_after_reset(struct gve_priv *priv)
{
	if (!gve_direct_was_reset(priv) && gve_direct_has_ring(priv))
		gve_direct_give_up(priv);
}

/**
 * gve_direct_ring() - the ring that a queue has with the device
 * @priv: board private structure
 * @queue: number of the queue
 *
 * There is none after a suspend or a failed reset either, although netif_running()
 * is true then.
 *
 * Return: the ring, or NULL
 */
static struct gve_rx_ring *gve_direct_ring(struct gve_priv *priv,
					   unsigned int queue)
{
	if (!gve_get_device_rings_ok(priv) || queue >= priv->rx_cfg.num_queues)
		return NULL;
	return &priv->rx[queue];
}

/**
 * gve_direct_restart_all() - restart the queues of the device
 * @priv: board private structure, running
 *
 * Return: 0 or -errno
 */
static int gve_direct_restart_all(struct gve_priv *priv)
{
	struct gve_tx_alloc_rings_cfg tx_cfg = {};
	struct gve_rx_alloc_rings_cfg rx_cfg = {};

	gve_get_curr_alloc_cfgs(priv, &tx_cfg, &rx_cfg);
	return gve_adjust_config(priv, &tx_cfg, &rx_cfg);
}

/**
 * gve_direct_changes() - is a queue another's than the one that its ring runs for
 * @priv: board private structure, running
 * @queue: number of the queue
 *
 * Return: true if so
 */
static bool gve_direct_changes(struct gve_priv *priv, unsigned int queue)
{
	return packet_direct_lookup(priv->dev, queue) != priv->rx[queue].direct;
}

/**
 * gve_direct_restart_one() - restart one Rx queue, while all are quiet
 * @priv: board private structure, turned down
 * @queue: number of the queue
 *
 * The ring stays; so nothing has to be allocated.
 *
 * Return: 0 or -errno
 */
static int gve_direct_restart_one(struct gve_priv *priv, unsigned int queue)
{
	int err;

	err = gve_adminq_destroy_single_rx_queue(priv, queue);
	if (err)
		return err;

	gve_rx_stop_ring_dqo(priv, queue);
	gve_rx_start_ring_dqo(priv, queue);
	err = gve_adminq_create_single_rx_queue(priv, queue);
	if (err)
		return err;

	gve_rx_post_buffers_dqo(&priv->rx[queue]);
	return 0;
}

/**
 * gve_direct_restart_changed() - restart the Rx queues that change hands
 * @priv: board private structure, running
 *
 * All is quiet only once, however many they are.
 *
 * Return: 0, or -errno with the device turned down
 */
static int gve_direct_restart_changed(struct gve_priv *priv)
{
	int i, err;

	gve_turndown(priv);
	for (i = 0; i < priv->rx_cfg.num_queues; i++) {
		if (!gve_direct_changes(priv, i))
			continue;
		err = gve_direct_restart_one(priv, i);
		if (err)
			return err;
	}
	gve_turnup_and_check_status(priv);
	return 0;
}

/**
 * gve_direct_restart() - restart Rx queues, for the stack or for leases
 * @priv: board private structure, running
 * @queue: number of the queue that is asked for
 *
 * Those that change hands together are restarted by the call for the first of them.
 *
 * If the queue does not stop or start, the device is closed and reset. It is closed
 * in good order where that is possible, because in a reset without that the driver
 * loses the memory of its admin queue.
 *
 * The driver starts the Tx queues again but does not run them. What the stack has
 * queued would stay there until somebody sends more.
 *
 * Return: 0 or -errno; without memory for new rings, the old ones go on
 */
static int gve_direct_restart(struct gve_priv *priv, unsigned int queue)
{
	bool all = gve_direct_changes(priv, 0);
	int err;

	err = all ? gve_direct_restart_all(priv) :
		    gve_direct_restart_changed(priv);
	if (err && all && gve_get_device_rings_ok(priv))
		return err;
	if (err) {
		netdev_err(priv->dev, "RX queue %u did not restart (%d): resetting\n",
			   queue, err);
		err = gve_reset(priv, true);
	}
	netif_tx_schedule_all(priv->dev);
	return err;
}

/**
 * gve_direct_limits() - packet_direct_ops.limits
 * @dev: network device
 * @queue: number of the queue
 * @limits: is filled in
 *
 * Return: why the queue cannot be leased, or PACKET_DIRECT_OK
 */
static enum packet_direct_reason
gve_direct_limits(struct net_device *dev, unsigned int queue,
		  struct packet_direct_limits *limits)
{
	struct gve_priv *priv = netdev_priv(dev);

	*limits = (struct packet_direct_limits) {
		.dma_dev  = &priv->pdev->dev,
		.granule  = GVE_DIRECT_GRANULE,
		.len_min  = GVE_DIRECT_GRANULE,
		.len_max  = clamp_t(u32, priv->max_rx_buffer_size,
				    GVE_DIRECT_GRANULE, GVE_DIRECT_LEN_MAX),
		.split_min = priv->header_buf_size,
		.split_max = priv->header_buf_size ? GVE_DIRECT_HDR_MAX : 0,
		.post_min = GVE_DIRECT_POST,
		.frame_flags = TPACKET4_CSUM_VALID | TPACKET4_CSUM_BAD |
			       TPACKET4_HASH | TPACKET4_PROTOCOL,
	};
	gve_direct_tell_clock(priv, limits);

	/* the others take registered pages alone, or older descriptors */
	if (priv->queue_format != GVE_DQO_RDA_FORMAT)
		return PACKET_DIRECT_QUEUE_FORMAT;
	if (queue >= priv->rx_cfg.num_queues)
		return PACKET_DIRECT_NO_QUEUE;
	return PACKET_DIRECT_OK;
}

/**
 * gve_direct_bind() - packet_direct_ops.bind
 * @dev: network device
 * @queue: number of the queue
 * @pdq: its lease
 *
 * Return: 0 or -errno
 */
static int gve_direct_bind(struct net_device *dev, unsigned int queue,
			   struct packet_direct_queue *pdq)
{
	struct gve_priv *priv = netdev_priv(dev);

	ASSERT_RTNL();
	return gve_direct_ring(priv, queue) ? gve_direct_restart(priv, queue) : 0;
}

/**
 * gve_direct_unbind() - packet_direct_ops.unbind
 * @dev: network device
 * @queue: number of the queue
 * @pdq: lease that it had
 *
 * When there is no ring, the device has confirmed that the queue was destroyed or
 * that it was reset: the driver waits for one of these for as long as it takes.
 * gve_direct_after_reset() takes care of a device that does not answer.
 *
 * Return: 0 once the NIC cannot write to the slots any more, or -EIO
 */
static int gve_direct_unbind(struct net_device *dev, unsigned int queue,
			     struct packet_direct_queue *pdq)
{
	struct gve_priv *priv = netdev_priv(dev);
	struct gve_rx_ring *rx;

	ASSERT_RTNL();
	rx = gve_direct_ring(priv, queue);
	if (!rx || rx->direct != pdq)
		return 0;

	gve_direct_restart(priv, queue);
	rx = gve_direct_ring(priv, queue);
	if (rx && rx->direct == pdq) {
		/* there was no memory for new rings */
		gve_reset(priv, true);
		rx = gve_direct_ring(priv, queue);
	}
	return rx && rx->direct == pdq ? -EIO : 0;
}

/**
 * gve_direct_sync_stats() - packet_direct_ops.sync_stats
 * @dev: network device
 * @queue: number of the queue
 * @pdq: its lease
 */
static void gve_direct_sync_stats(struct net_device *dev, unsigned int queue,
				  struct packet_direct_queue *pdq)
{
	struct gve_rx_ring *rx;

	ASSERT_RTNL();
	rx = gve_direct_ring(netdev_priv(dev), queue);
	if (rx && rx->direct)
		gve_direct_count_missed(rx);
}

static const struct packet_direct_ops gve_direct_ops = {
	.limits		= gve_direct_limits,
	.bind		= gve_direct_bind,
	.unbind		= gve_direct_unbind,
	.sync_stats	= gve_direct_sync_stats,
};

/**
 * gve_direct_set_ops() - let queues be leased
 * @dev: network device
 */
void gve_direct_set_ops(struct net_device *dev)
{
	/* the NIC gets slots, however long the segments of a dma-buf are */
	dma_set_max_seg_size(dev->dev.parent, UINT_MAX);
	dev->packet_direct_ops = &gve_direct_ops;
}
