// SPDX-License-Identifier: GPL-2.0
/*
 * PACKET_RX_DIRECT: Rx queues that are leased to a packet socket.
 *
 * The core knows which queue is leased, and ixgbe_direct_configure() asks it
 * each time a ring is configured; ring->direct is the answer for as long as the
 * ring runs.  So there is nothing here to be kept over a reset.
 *
 * What is different with a leased queue:
 *
 *	descriptors	point to the slots of the lease
 *	SRRCTL		BSIZEPKT is the usable length of a slot; DROP_EN is set
 *			whatever the flow control, as a full queue would stop
 *			all others otherwise.  For header split BSIZEPKT is that
 *			of a payload slot, BSIZEHEADER that of a slot, and
 *			DESCTYPE "split always": what has no header that the NIC
 *			knows fills the slot first, so that the CPU can read it
 *	RSCCTL		no RSC
 *	RXDCTL.VME	clear: VLAN tags stay in the frame
 *	RQSMR		a missed packets counter of its own, if one is free
 *	ATR		does not steer answers to the stack into it
 *
 * Giving a queue away and taking it back restarts this Rx queue alone: the link,
 * the other queues, the Tx queue of the same number and the ring's statistics
 * stay as they are.
 */
#include <linux/bitfield.h>
#include <linux/iopoll.h>
#include <linux/rtnetlink.h>
#include <net/packet_direct_pci.h>

#include "ixgbe.h"
#include "ixgbe_direct.h"
#include "ixgbe_txrx_common.h"

/* SRRCTL counts buffers in KiB, and all MACs can do 16 of them */
#define IXGBE_DIRECT_GRANULE		BIT(IXGBE_SRRCTL_BSIZEPKT_SHIFT)
#define IXGBE_DIRECT_LEN_MAX		(16 * IXGBE_DIRECT_GRANULE)

/* SRRCTL counts header buffers by 64 bytes, the descriptor their bytes in 10
 * bits
 */
#define IXGBE_DIRECT_HDR_MIN		64
#define IXGBE_DIRECT_HDR_MAX		960

#define IXGBE_DIRECT_STOP_SLEEP_US	100

/* At least so long: a reset costs the link, and a busy machine may be late. */
#define IXGBE_DIRECT_STOP_MIN_US	500000UL

/* DMA that was under way when RXDCTL.ENABLE became clear */
#define IXGBE_DIRECT_DRAIN_US		100

/* SRRCTL is changed by link-up and by a restart of one queue, on different CPUs.
 * A write of what was read before the other one's would give the NIC a wrong
 * buffer size.
 */
static DEFINE_MUTEX(ixgbe_direct_srrctl_mutex);

/* The tables of Flow Director are emptied in steps that may not be mixed. */
static DEFINE_MUTEX(ixgbe_direct_fdir_mutex);

/**
 * ixgbe_direct_lock_srrctl - keep SRRCTL as it is
 **/
void ixgbe_direct_lock_srrctl(void)
{
	mutex_lock(&ixgbe_direct_srrctl_mutex);
}

/**
 * ixgbe_direct_unlock_srrctl - end of ixgbe_direct_lock_srrctl()
 **/
void ixgbe_direct_unlock_srrctl(void)
{
	mutex_unlock(&ixgbe_direct_srrctl_mutex);
}

/**
 * ixgbe_direct_leased - has the queue been given away
 * @ring: Rx ring of an ixgbe netdev
 *
 * Unlike ixgbe_ring_is_direct() also while the ring is stopped.
 *
 * Return: true if so
 **/
static bool ixgbe_direct_leased(const struct ixgbe_ring *ring)
{
	bool leased;

	rcu_read_lock();
	leased = packet_direct_lookup(ring->netdev, ring->queue_index);
	rcu_read_unlock();
	return leased;
}

/**
 * ixgbe_direct_has_rxdctl - does nobody else change a queue's RXDCTL
 * @ring: Rx ring of an ixgbe netdev
 *
 * A leased queue does not strip VLAN tags, nor does one whose lease is over while its
 * ring still runs for it. A queue that is being restarted must not get back an ENABLE
 * that somebody read before.
 *
 * Context: netif_addr_lock or RTNL.
 * Return: true if so
 **/
bool ixgbe_direct_has_rxdctl(const struct ixgbe_ring *ring)
{
	return READ_ONCE(ring->direct_restarts) || READ_ONCE(ring->direct) ||
	       ixgbe_direct_leased(ring);
}

/**
 * ixgbe_direct_mute_atr - do not let the stack's flows have leased queues
 * @adapter: board private structure
 *
 * ATR steers the answers to what leaves by Tx queue n to Rx queue n, whatever the
 * redirection table says.
 **/
static void ixgbe_direct_mute_atr(struct ixgbe_adapter *adapter)
{
	int i;

	rcu_read_lock();
	for (i = 0; i < adapter->num_tx_queues; i++)
		if (packet_direct_lookup(adapter->netdev, i))
			clear_bit(__IXGBE_TX_FDIR_INIT_DONE,
				  ixgbe_ring_state(adapter->tx_ring[i]));
	rcu_read_unlock();
}

/**
 * ixgbe_direct_start_atr - let ATR steer flows to all queues but leased ones
 * @adapter: board private structure
 **/
void ixgbe_direct_start_atr(struct ixgbe_adapter *adapter)
{
	int i;

	rcu_read_lock();
	for (i = 0; i < adapter->num_tx_queues; i++)
		if (!packet_direct_lookup(adapter->netdev, i))
			set_bit(__IXGBE_TX_FDIR_INIT_DONE,
				ixgbe_ring_state(adapter->tx_ring[i]));
	rcu_read_unlock();
}

/**
 * ixgbe_direct_reinit_fdir - forget what ATR has steered
 * @adapter: board private structure
 *
 * A lease does it under RTNL, the service task without.
 *
 * Return: 0 or -errno
 **/
s32 ixgbe_direct_reinit_fdir(struct ixgbe_adapter *adapter)
{
	s32 err;

	mutex_lock(&ixgbe_direct_fdir_mutex);
	err = ixgbe_reinit_fdir_tables_82599(&adapter->hw);
	mutex_unlock(&ixgbe_direct_fdir_mutex);
	return err;
}

/**
 * ixgbe_direct_forget_flows - undo what ATR has steered so far
 * @adapter: board private structure
 *
 * The stack's flows go by the redirection table until ATR knows them again.
 **/
static void ixgbe_direct_forget_flows(struct ixgbe_adapter *adapter)
{
	int i;

	if (!(adapter->flags & IXGBE_FLAG_FDIR_HASH_CAPABLE))
		return;

	for (i = 0; i < adapter->num_tx_queues; i++)
		clear_bit(__IXGBE_TX_FDIR_INIT_DONE,
			  ixgbe_ring_state(adapter->tx_ring[i]));
	synchronize_net();

	if (ixgbe_direct_reinit_fdir(adapter))
		e_err(drv, "Flow Director did not restart: ATR is off\n");
	else
		ixgbe_direct_start_atr(adapter);
}

/**
 * ixgbe_direct_mode_ok - are all rings queues of the netdev, and only that
 * @adapter: board private structure
 * @ring: Rx ring
 *
 * With VMDq, which SR-IOV brings along, a ring can be that of a macvlan.  The
 * flags change before the rings are laid out anew.
 *
 * Return: true if so
 **/
static bool ixgbe_direct_mode_ok(const struct ixgbe_adapter *adapter,
				 const struct ixgbe_ring *ring)
{
	return !(adapter->flags & (IXGBE_FLAG_SRIOV_ENABLED |
				   IXGBE_FLAG_VMDQ_ENABLED |
				   IXGBE_FLAG_DCB_ENABLED)) &&
	       !adapter->hw_tcs && !test_bit(__IXGBE_RX_FCOE, ixgbe_ring_state(ring)) &&
	       adapter->num_rx_pools == 1 && ring->reg_idx == ring->queue_index;
}

/**
 * ixgbe_direct_configure - find out whether a ring is a leased queue's
 * @adapter: board private structure
 * @ring: Rx ring about to be configured
 *
 * The ring of the self-test has the number of a queue, but is not that queue's. In
 * a mode without leases an older lease gets no ring until the mode ends.
 **/
void ixgbe_direct_configure(struct ixgbe_adapter *adapter,
			    struct ixgbe_ring *ring)
{
	struct packet_direct_queue *pdq = NULL;
	u32 rxdctl;

	if (ring == adapter->rx_ring[ring->queue_index] &&
	    ixgbe_direct_mode_ok(adapter, ring))
		pdq = packet_direct_lookup(adapter->netdev, ring->queue_index);
	if (!pdq)
		return;

	/* the stack's rings look at the length, these at DD */
	memset(ring->desc, 0, ring->size);

	/* the queue may have been the stack's when stripping was turned on */
	rxdctl = IXGBE_READ_REG(&adapter->hw, IXGBE_RXDCTL(ring->reg_idx));
	IXGBE_WRITE_REG(&adapter->hw, IXGBE_RXDCTL(ring->reg_idx),
			rxdctl & ~IXGBE_RXDCTL_VME);

	ixgbe_direct_mute_atr(adapter);
	WRITE_ONCE(ring->direct, pdq);
}

/**
 * ixgbe_direct_srrctl - the buffers of a leased queue
 * @ring: Rx ring
 *
 * The caller adds IXGBE_SRRCTL_DESCTYPE_ADV_ONEBUF, a bit of "split always", too.
 *
 * Return: SRRCTL
 **/
u32 ixgbe_direct_srrctl(const struct ixgbe_ring *ring)
{
	struct packet_direct_queue *pdq = ring->direct;
	u32 header = IXGBE_RX_HDR_SIZE;
	u32 srrctl = IXGBE_SRRCTL_DROP_EN;

	if (packet_direct_is_split(pdq)) {
		header = pdq->slots.len;
		srrctl |= IXGBE_SRRCTL_DESCTYPE_HDR_SPLIT_ALWAYS;
	}
	return srrctl |
	       packet_direct_buffer_len(pdq) >> IXGBE_SRRCTL_BSIZEPKT_SHIFT |
	       FIELD_PREP(IXGBE_SRRCTL_BSIZEHDR_MASK,
			  header / IXGBE_DIRECT_HDR_MIN);
}

/**
 * ixgbe_direct_rsc_off - no more RSC on a queue
 * @hw: hardware structure
 * @ring: Rx ring
 **/
static void ixgbe_direct_rsc_off(struct ixgbe_hw *hw,
				 const struct ixgbe_ring *ring)
{
	u32 rscctl = IXGBE_READ_REG(hw, IXGBE_RSCCTL(ring->reg_idx));

	rscctl &= ~IXGBE_RSCCTL_RSCEN;
	IXGBE_WRITE_REG(hw, IXGBE_RSCCTL(ring->reg_idx), rscctl);
}

/**
 * ixgbe_direct_clear_rsc - no RSC on a leased queue
 * @adapter: board private structure
 * @ring: Rx ring
 *
 * Return: true when the queue is leased
 **/
bool ixgbe_direct_clear_rsc(struct ixgbe_adapter *adapter,
			    const struct ixgbe_ring *ring)
{
	if (!ring->direct)
		return false;

	ixgbe_direct_rsc_off(&adapter->hw, ring);
	return true;
}

/**
 * ixgbe_direct_close_rsc - let the NIC write what RSC holds back
 * @adapter: board private structure
 * @ring: Rx ring of the stack, or of a lease, which has no RSC
 *
 * A context is closed by the end of its vector's interval, and the datasheet
 * wants two intervals between RSCEN and ENABLE (82599, 4.6.7.1.2).  itr is in
 * units of 0.25 us, hence twice two intervals; those of 100 Mb/s are ten times
 * as long.
 **/
static void ixgbe_direct_close_rsc(struct ixgbe_adapter *adapter,
				   const struct ixgbe_ring *ring)
{
	u32 wait = ring->q_vector->itr & IXGBE_MAX_EITR;

	if (ring->direct || !ring_is_rsc_enabled(ring))
		return;

	ixgbe_direct_rsc_off(&adapter->hw, ring);
	IXGBE_WRITE_FLUSH(&adapter->hw);
	if (adapter->link_speed == IXGBE_LINK_SPEED_100_FULL)
		wait *= 10;
	usleep_range(wait + IXGBE_DIRECT_DRAIN_US,
		     wait + 2 * IXGBE_DIRECT_DRAIN_US);
}

/**
 * ixgbe_direct_start - the first slots for a ring that was just enabled
 * @ring: Rx ring of a leased queue
 **/
void ixgbe_direct_start(struct ixgbe_ring *ring)
{
	packet_direct_ring_up(ring->direct, &ring->q_vector->napi,
			      ring->count - 1);
	ixgbe_direct_refill(ring);
	ixgbe_direct_start_missed(ring->q_vector->adapter, ring);
}

/**
 * ixgbe_direct_stop - take the slots out of a ring that has been stopped
 * @ring: Rx ring
 *
 * Return: true when the ring was a leased queue's
 **/
bool ixgbe_direct_stop(struct ixgbe_ring *ring)
{
	struct packet_direct_queue *pdq = ring->direct;
	struct ixgbe_adapter *adapter;

	if (!pdq)
		return false;

	adapter = ring->q_vector->adapter;
	ixgbe_direct_stop_missed(adapter, ring);
	if (adapter->flags & IXGBE_FLAG_FDIR_HASH_CAPABLE &&
	    ring->queue_index < adapter->num_tx_queues)
		set_bit(__IXGBE_TX_FDIR_INIT_DONE,
			ixgbe_ring_state(adapter->tx_ring[ring->queue_index]));
	ixgbe_direct_drain(ring);
	WRITE_ONCE(ring->direct, NULL);
	packet_direct_ring_down(pdq);
	return true;
}

/**
 * ixgbe_direct_running - are the rings in use
 * @adapter: board private structure
 *
 * Suspend and error recovery stop them without clearing netif_running().
 *
 * Return: true if so
 **/
static bool ixgbe_direct_running(const struct ixgbe_adapter *adapter)
{
	return netif_running(adapter->netdev) &&
	       !test_bit(__IXGBE_DOWN, &adapter->state);
}

/**
 * ixgbe_direct_ring - the ring of a queue
 * @adapter: board private structure
 * @queue: number of the queue
 *
 * Return: the ring, or NULL when there are fewer queues now
 **/
static struct ixgbe_ring *ixgbe_direct_ring(struct ixgbe_adapter *adapter,
					    unsigned int queue)
{
	return queue < adapter->num_rx_queues ? adapter->rx_ring[queue] : NULL;
}

/**
 * ixgbe_direct_is_off - does the NIC say that a queue has stopped
 * @adapter: board private structure
 * @ring: Rx ring, NULL: look at all queues of the device
 *
 * A device that does not answer reads as all ones, hence as enabled.
 *
 * Return: true if so
 **/
static bool ixgbe_direct_is_off(struct ixgbe_adapter *adapter,
				const struct ixgbe_ring *ring)
{
	struct ixgbe_hw *hw = &adapter->hw;
	u32 i = ring ? ring->reg_idx : 0;
	u32 end = ring ? i + 1 : hw->mac.max_rx_queues;

	for (; i < end; i++)
		if (IXGBE_READ_REG(hw, IXGBE_RXDCTL(i)) & IXGBE_RXDCTL_ENABLE)
			return false;
	return true;
}

/**
 * ixgbe_direct_set_restarts - RXDCTL and DROP_EN are the restart's alone
 * @adapter: board private structure
 * @ring: Rx ring
 * @restarts: from now on, or no more
 *
 * ixgbe_set_rx_mode() holds the address lock, and RTNL or not.
 **/
static void ixgbe_direct_set_restarts(struct ixgbe_adapter *adapter,
				      struct ixgbe_ring *ring, bool restarts)
{
	netif_addr_lock_bh(adapter->netdev);
	WRITE_ONCE(ring->direct_restarts, restarts);
	netif_addr_unlock_bh(adapter->netdev);
}

#ifndef ixgbe_direct_set_mdd
/**
 * ixgbe_direct_set_mdd - turn the detection of malicious drivers on or off
 * @hw: hardware
 * @on: which
 *
 * To it, a write to SRRCTL of a queue that runs is one.
 **/
static void ixgbe_direct_set_mdd(struct ixgbe_hw *hw, bool on)
{
	void (*set)(struct ixgbe_hw *hw);

	set = on ? hw->mac.ops.enable_mdd : hw->mac.ops.disable_mdd;
	if (set)
		set(hw);
}
#endif

/**
 * ixgbe_direct_let_drop - a queue that is to stop drops what it has no slot for
 * @adapter: board private structure
 * @ring: Rx ring
 *
 * Nobody polls it any more.  Without DROP_EN, which flow control clears, its
 * next frame could wait at the head of the packet buffer: for ever, with ENABLE
 * set for as long, and with all other queues' frames behind it.
 **/
static void ixgbe_direct_let_drop(struct ixgbe_adapter *adapter,
				  const struct ixgbe_ring *ring)
{
	u32 reg = IXGBE_SRRCTL(ring->reg_idx);
	struct ixgbe_hw *hw = &adapter->hw;

	ixgbe_direct_lock_srrctl();
	ixgbe_direct_set_mdd(hw, false);
	IXGBE_WRITE_REG(hw, reg, IXGBE_READ_REG(hw, reg) | IXGBE_SRRCTL_DROP_EN);
	ixgbe_direct_set_mdd(hw, true);
	ixgbe_direct_unlock_srrctl();
}

/**
 * ixgbe_direct_stop_hw - stop one Rx queue
 * @adapter: board private structure
 * @ring: Rx ring, after ixgbe_direct_set_restarts()
 *
 * Sets RXDCTL.VME as it has to be when the queue starts again: the netdev's
 * features do not change meanwhile.  ENABLE becomes clear when the DMA under way
 * has ended, at the latest after PCIe's completion timeout.
 *
 * Context: RTNL; NAPI is disabled.
 * Return: 0 once the NIC has confirmed it, or -ETIMEDOUT
 **/
static int ixgbe_direct_stop_hw(struct ixgbe_adapter *adapter,
				const struct ixgbe_ring *ring)
{
	netdev_features_t features = adapter->netdev->features;
	u32 reg = IXGBE_RXDCTL(ring->reg_idx);
	struct ixgbe_hw *hw = &adapter->hw;
	unsigned long timeout;
	u32 rxdctl;
	bool off;
	int err;

	ixgbe_direct_close_rsc(adapter, ring);
	ixgbe_direct_let_drop(adapter, ring);

	rxdctl = IXGBE_READ_REG(hw, reg);
	rxdctl &= ~(IXGBE_RXDCTL_ENABLE | IXGBE_RXDCTL_VME);
	rxdctl |= IXGBE_RXDCTL_SWFLSH;
	if ((features & NETIF_F_HW_VLAN_CTAG_RX) && !ixgbe_direct_leased(ring))
		rxdctl |= IXGBE_RXDCTL_VME;
	IXGBE_WRITE_REG(hw, reg, rxdctl);

	timeout = max(IXGBE_DIRECT_STOP_MIN_US,
		      ixgbe_get_completion_timeout(adapter));
	err = read_poll_timeout(ixgbe_direct_is_off, off, off,
				IXGBE_DIRECT_STOP_SLEEP_US, timeout, false,
				adapter, ring);
	usleep_range(IXGBE_DIRECT_DRAIN_US, 2 * IXGBE_DIRECT_DRAIN_US);
	return err;
}

/**
 * ixgbe_direct_stop_dma - the last means against a device that does not stop
 * @adapter: board private structure
 *
 * Return: 0 when the device cannot do DMA any more, or -EIO
 **/
static int ixgbe_direct_stop_dma(struct ixgbe_adapter *adapter)
{
	if (!packet_direct_stop_dma(adapter->pdev)) {
		e_dev_err("device does not stop DMA\n");
		return -EIO;
	}
	e_dev_err("Rx queue did not stop even by a reset: DMA is off until the driver is loaded again\n");
	return 0;
}

/**
 * ixgbe_direct_reset - restart all of the device
 * @adapter: board private structure
 * @ring: Rx ring that has to stop, or NULL if it is no more
 *
 * As ixgbe_reinit_locked(), but it looks whether the queue has stopped.
 *
 * Return: 0, -ENODEV when DMA had to be taken from the device, or -EIO when not
 * even that is certain; the device is left down then
 **/
static int ixgbe_direct_reset(struct ixgbe_adapter *adapter,
			      const struct ixgbe_ring *ring)
{
	int err = 0;

	netif_trans_update(adapter->netdev);
	while (test_and_set_bit(__IXGBE_RESETTING, &adapter->state))
		usleep_range(1000, 2000);

	if (adapter->hw.phy.type == ixgbe_phy_fw)
		ixgbe_watchdog_link_is_down(adapter);
	ixgbe_down(adapter);
	if (!ixgbe_direct_is_off(adapter, ring)) {
		err = ixgbe_direct_stop_dma(adapter) ?: -ENODEV;
	} else {
		/* VFs look once in two seconds whether there was a reset */
		if (adapter->flags & IXGBE_FLAG_SRIOV_ENABLED)
			msleep(2000);
		ixgbe_up(adapter);
	}
	clear_bit(__IXGBE_RESETTING, &adapter->state);
	return err;
}

/**
 * ixgbe_direct_restart - restart one Rx queue, for the stack or for a lease
 * @adapter: board private structure, running
 * @ring: Rx ring
 *
 * An interrupt that comes while NAPI is disabled has masked itself; the poll at
 * the end unmasks it.
 *
 * Return: as ixgbe_direct_reset()
 **/
static int ixgbe_direct_restart(struct ixgbe_adapter *adapter,
				struct ixgbe_ring *ring)
{
	struct napi_struct *napi = &ring->q_vector->napi;
	bool ok;

	napi_disable(napi);
	ixgbe_direct_set_restarts(adapter, ring, true);
	ok = !ixgbe_direct_stop_hw(adapter, ring);
	if (ok) {
		ixgbe_clean_rx_ring(ring);
		ixgbe_configure_rx_ring(adapter, ring);
		ok = !ixgbe_direct_is_off(adapter, ring);
	}
	ixgbe_direct_set_restarts(adapter, ring, false);
	/* of the stack's queues; ixgbe_configure_srrctl() leaves it out */
	ixgbe_set_rx_drop_en(adapter);
	napi_enable(napi);

	local_bh_disable();
	napi_schedule(napi);
	local_bh_enable();

	return ok ? 0 : ixgbe_direct_reset(adapter, ring);
}

/**
 * ixgbe_direct_confirm_down - make sure that a device that is down does no DMA
 * @adapter: board private structure
 * @ring: Rx ring, or NULL if it is no more
 *
 * The registers are not read when the device is disabled: all ones would be
 * taken for its removal.
 *
 * Return: 0, or -EIO when nothing confirms it
 **/
static int ixgbe_direct_confirm_down(struct ixgbe_adapter *adapter,
				     const struct ixgbe_ring *ring)
{
	u16 command;

	if (!pci_read_config_word(adapter->pdev, PCI_COMMAND, &command) &&
	    !(command & PCI_COMMAND_MASTER))
		return 0;

	if (ixgbe_direct_is_off(adapter, ring))
		return 0;

	ixgbe_reset(adapter);
	if (ixgbe_direct_is_off(adapter, ring))
		return 0;

	return ixgbe_direct_stop_dma(adapter);
}

/**
 * ixgbe_direct_limits - packet_direct_ops.limits
 * @netdev: network interface device structure
 * @queue: number of the queue
 * @limits: is filled in
 *
 * Return: why the queue cannot be leased, or PACKET_DIRECT_OK
 **/
static enum packet_direct_reason
ixgbe_direct_limits(struct net_device *netdev, unsigned int queue,
		    struct packet_direct_limits *limits)
{
	struct ixgbe_adapter *adapter = ixgbe_from_netdev(netdev);
	struct ixgbe_ring *ring = ixgbe_direct_ring(adapter, queue);

	*limits = (struct packet_direct_limits) {
		.dma_dev  = &adapter->pdev->dev,
		.granule  = IXGBE_DIRECT_GRANULE,
		.len_min  = IXGBE_DIRECT_GRANULE,
		.len_max  = IXGBE_DIRECT_LEN_MAX,
		.split_min = IXGBE_DIRECT_HDR_MIN,
		.split_max = IXGBE_DIRECT_HDR_MAX,
		/* specification update, erratum 45 */
		.split_unreliable = adapter->hw.mac.type == ixgbe_mac_82599EB,
		.post_min = 1,
		.frame_flags = TPACKET4_CSUM_VALID | TPACKET4_CSUM_BAD |
			       TPACKET4_HASH,
		.tstamp_hw = adapter->ptp_clock,
		.tstamp_ptp = adapter->hw.mac.type < ixgbe_mac_X550,
	};

	if (adapter->ptp_clock)
		limits->phc_index = ptp_clock_index(adapter->ptp_clock);

	if (!ring)
		return PACKET_DIRECT_NO_QUEUE;
	if (adapter->xdp_prog)
		return PACKET_DIRECT_QUEUE_XDP;
	if (!ixgbe_direct_mode_ok(adapter, ring))
		return PACKET_DIRECT_QUEUE_MODE;
	if (ring->q_vector->rx.count != 1)
		return PACKET_DIRECT_QUEUE_SHARED_IRQ;
	return PACKET_DIRECT_OK;
}

/**
 * ixgbe_direct_bind - packet_direct_ops.bind
 * @netdev: network interface device structure
 * @queue: number of the queue
 * @pdq: its lease
 *
 * Return: 0 or -errno
 **/
static int ixgbe_direct_bind(struct net_device *netdev, unsigned int queue,
			     struct packet_direct_queue *pdq)
{
	struct ixgbe_adapter *adapter = ixgbe_from_netdev(netdev);
	struct ixgbe_ring *ring = ixgbe_direct_ring(adapter, queue);
	int err;

	ASSERT_RTNL();
	if (!ring)
		return -ENODEV;
	if (!ixgbe_direct_running(adapter))
		return 0;

	err = ixgbe_direct_restart(adapter, ring);
	if (!err)
		ixgbe_direct_forget_flows(adapter);
	return err;
}

/**
 * ixgbe_direct_unbind - packet_direct_ops.unbind
 * @netdev: network interface device structure
 * @queue: number of the queue
 * @pdq: lease that it had
 *
 * There may be no ring, when the number of queues was changed, or the ring may be
 * another queue of the NIC in the present mode. Then only a reset, after which no
 * queue is enabled, confirms the stop.
 *
 * Return: 0 once the NIC cannot write to the slots any more, or -EIO
 **/
static int ixgbe_direct_unbind(struct net_device *netdev, unsigned int queue,
			       struct packet_direct_queue *pdq)
{
	struct ixgbe_adapter *adapter = ixgbe_from_netdev(netdev);
	struct ixgbe_ring *ring = ixgbe_direct_ring(adapter, queue);
	int err;

	ASSERT_RTNL();
	if (ring && !ixgbe_direct_mode_ok(adapter, ring))
		ring = NULL;
	if (!ixgbe_direct_running(adapter))
		return ixgbe_direct_confirm_down(adapter, ring);

	if (ring)
		err = ixgbe_direct_restart(adapter, ring);
	else
		err = ixgbe_direct_reset(adapter, NULL);
	return err == -ENODEV ? 0 : err;
}

/**
 * ixgbe_direct_sync_stats - packet_direct_ops.sync_stats
 * @netdev: network interface device structure
 * @queue: number of the queue
 * @pdq: its lease
 **/
static void ixgbe_direct_sync_stats(struct net_device *netdev,
				    unsigned int queue,
				    struct packet_direct_queue *pdq)
{
	struct ixgbe_adapter *adapter = ixgbe_from_netdev(netdev);
	struct ixgbe_ring *ring = ixgbe_direct_ring(adapter, queue);

	ASSERT_RTNL();
	if (ring && ixgbe_direct_running(adapter))
		ixgbe_direct_sync_missed(adapter, ring);
}

static const struct packet_direct_ops ixgbe_direct_ops = {
	.limits		= ixgbe_direct_limits,
	.bind		= ixgbe_direct_bind,
	.unbind		= ixgbe_direct_unbind,
	.sync_stats	= ixgbe_direct_sync_stats,
};

/**
 * ixgbe_direct_set_ops - let queues be leased
 * @adapter: board private structure
 *
 * The 82598 has neither VLAN stripping nor missed packets counters by queue.
 **/
void ixgbe_direct_set_ops(struct ixgbe_adapter *adapter)
{
	if (adapter->hw.mac.type == ixgbe_mac_82598EB)
		return;

	/* the NIC gets slots, however long the segments of a dma-buf are */
	dma_set_max_seg_size(&adapter->pdev->dev, UINT_MAX);
	adapter->netdev->packet_direct_ops = &ixgbe_direct_ops;
}
