/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IXGBE_DIRECT_H_
#define _IXGBE_DIRECT_H_

#include <net/packet_direct_queue.h>

#include "ixgbe.h"

#ifndef ixgbe_ring_state	/* where it is not a bitmap of several words */
#define ixgbe_ring_state(ring)	((ring)->state)
#endif

/* in ixgbe_main.c */
void ixgbe_clean_rx_ring(struct ixgbe_ring *rx_ring);
void ixgbe_set_rx_drop_en(struct ixgbe_adapter *adapter);
unsigned long ixgbe_get_completion_timeout(struct ixgbe_adapter *adapter);
void ixgbe_watchdog_link_is_down(struct ixgbe_adapter *adapter);

#ifdef CONFIG_PACKET_RX_DIRECT

/**
 * ixgbe_ring_is_direct - is the ring filled from a lease
 * @ring: Rx ring
 *
 * Stands from ixgbe_direct_configure() to ixgbe_direct_stop().
 *
 * Return: true if so
 **/
static inline bool ixgbe_ring_is_direct(const struct ixgbe_ring *ring)
{
	return ring->direct;
}

/**
 * ixgbe_ring_polls_direct - the same for the poll loop
 * @ring: Rx ring
 *
 * Costs nothing while no queue of the machine is leased.
 *
 * Return: true if so
 **/
static inline bool ixgbe_ring_polls_direct(const struct ixgbe_ring *ring)
{
	return static_branch_unlikely(&packet_direct_key.key) && ring->direct;
}

/**
 * ixgbe_ring_has_to_drop - may DROP_EN not be cleared
 * @ring: Rx ring
 *
 * Return: true if so
 **/
static inline bool ixgbe_ring_has_to_drop(const struct ixgbe_ring *ring)
{
	return ring->direct || READ_ONCE(ring->direct_restarts);
}

/* in ixgbe_direct_rx.c */
void ixgbe_direct_refill(struct ixgbe_ring *ring);
void ixgbe_direct_drain(struct ixgbe_ring *ring);
int ixgbe_clean_rx_irq_direct(struct ixgbe_q_vector *q_vector,
			      struct ixgbe_ring *ring, const int budget);

/* in ixgbe_direct_missed.c */
void ixgbe_direct_start_missed(struct ixgbe_adapter *adapter,
			       struct ixgbe_ring *ring);
void ixgbe_direct_sync_missed(struct ixgbe_adapter *adapter,
			      const struct ixgbe_ring *ring);
void ixgbe_direct_stop_missed(struct ixgbe_adapter *adapter,
			      struct ixgbe_ring *ring);
void ixgbe_direct_count_missed(struct ixgbe_adapter *adapter,
			       unsigned int counter);

/* in ixgbe_direct.c */
void ixgbe_direct_set_ops(struct ixgbe_adapter *adapter);
bool ixgbe_direct_has_rxdctl(const struct ixgbe_ring *ring);
void ixgbe_direct_configure(struct ixgbe_adapter *adapter,
			    struct ixgbe_ring *ring);
u32 ixgbe_direct_srrctl(const struct ixgbe_ring *ring);
bool ixgbe_direct_clear_rsc(struct ixgbe_adapter *adapter,
			    const struct ixgbe_ring *ring);
void ixgbe_direct_start(struct ixgbe_ring *ring);
bool ixgbe_direct_stop(struct ixgbe_ring *ring);
void ixgbe_direct_start_atr(struct ixgbe_adapter *adapter);
s32 ixgbe_direct_reinit_fdir(struct ixgbe_adapter *adapter);
void ixgbe_direct_lock_srrctl(void);
void ixgbe_direct_unlock_srrctl(void);

#else

static inline bool ixgbe_ring_is_direct(const struct ixgbe_ring *ring)
{
	return false;
}

static inline bool ixgbe_ring_has_to_drop(const struct ixgbe_ring *ring)
{
	return false;
}

static inline bool ixgbe_ring_polls_direct(const struct ixgbe_ring *ring)
{
	return false;
}

static inline void ixgbe_direct_set_ops(struct ixgbe_adapter *adapter)
{
}

static inline bool ixgbe_direct_has_rxdctl(const struct ixgbe_ring *ring)
{
	return false;
}

static inline void ixgbe_direct_configure(struct ixgbe_adapter *adapter,
					  struct ixgbe_ring *ring)
{
}

static inline u32 ixgbe_direct_srrctl(const struct ixgbe_ring *ring)
{
	return 0;
}

static inline bool ixgbe_direct_clear_rsc(struct ixgbe_adapter *adapter,
					  const struct ixgbe_ring *ring)
{
	return false;
}

static inline void ixgbe_direct_start(struct ixgbe_ring *ring)
{
}

static inline bool ixgbe_direct_stop(struct ixgbe_ring *ring)
{
	return false;
}

static inline int ixgbe_clean_rx_irq_direct(struct ixgbe_q_vector *q_vector,
					    struct ixgbe_ring *ring,
					    const int budget)
{
	return 0;
}

static inline void ixgbe_direct_count_missed(struct ixgbe_adapter *adapter,
					     unsigned int counter)
{
	adapter->hw_rx_no_dma_resources +=
		ixgbe_read_reg(&adapter->hw, IXGBE_QPRDC(counter));
}

static inline void ixgbe_direct_start_atr(struct ixgbe_adapter *adapter)
{
	int i;

	for (i = 0; i < adapter->num_tx_queues; i++)
		set_bit(__IXGBE_TX_FDIR_INIT_DONE,
			ixgbe_ring_state(adapter->tx_ring[i]));
}

static inline s32 ixgbe_direct_reinit_fdir(struct ixgbe_adapter *adapter)
{
	return ixgbe_reinit_fdir_tables_82599(&adapter->hw);
}

static inline void ixgbe_direct_lock_srrctl(void)
{
}

static inline void ixgbe_direct_unlock_srrctl(void)
{
}

#endif /* CONFIG_PACKET_RX_DIRECT */

#endif /* _IXGBE_DIRECT_H_ */
