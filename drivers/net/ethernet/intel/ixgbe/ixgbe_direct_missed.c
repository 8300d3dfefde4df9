// SPDX-License-Identifier: GPL-2.0
/*
 * PACKET_RX_DIRECT: how many frames a leased queue missed for want of slots.
 *
 * The NIC has 16 counters, QPRDC, and RQSMR says which one a queue has.  Counter 0
 * is that of all queues without one of their own.
 */
#include "ixgbe.h"
#include "ixgbe_direct.h"

#define IXGBE_DIRECT_COUNTERS	16

/* QPRDC is cleared by reading it. */
static DEFINE_SPINLOCK(ixgbe_direct_missed_lock);

/**
 * ixgbe_direct_set_counter - give a queue a missed packets counter
 * @adapter: board private structure
 * @ring: Rx ring
 * @counter: number of the counter, 0 for the one of all queues that have none
 *	     of their own
 **/
static void ixgbe_direct_set_counter(struct ixgbe_adapter *adapter,
				     struct ixgbe_ring *ring,
				     unsigned int counter)
{
	u32 reg = IXGBE_RQSMR(ring->reg_idx / 4);
	u32 shift = ring->reg_idx % 4 * 8;
	u32 rqsmr;

	rqsmr = IXGBE_READ_REG(&adapter->hw, reg);
	rqsmr &= ~(0xffU << shift);
	rqsmr |= counter << shift;
	IXGBE_WRITE_REG(&adapter->hw, reg, rqsmr);
	WRITE_ONCE(ring->direct_counter, counter);
}

/**
 * ixgbe_direct_free_counter - find a missed packets counter that nobody uses
 * @adapter: board private structure
 *
 * Return: its number, or 0 when all are taken
 **/
static unsigned int ixgbe_direct_free_counter(struct ixgbe_adapter *adapter)
{
	unsigned long used = BIT(0);
	unsigned int counter;
	int i;

	for (i = 0; i < adapter->num_rx_queues; i++)
		used |= BIT(adapter->rx_ring[i]->direct_counter);
	counter = find_first_zero_bit(&used, IXGBE_DIRECT_COUNTERS);
	return counter % IXGBE_DIRECT_COUNTERS;
}

/**
 * ixgbe_direct_find_counter - whose missed packets a counter counts
 * @adapter: board private structure
 * @counter: number of the counter
 *
 * Return: the lease or NULL
 **/
static struct packet_direct_queue *
ixgbe_direct_find_counter(struct ixgbe_adapter *adapter, unsigned int counter)
{
	struct packet_direct_queue *pdq;
	struct ixgbe_ring *ring;
	int i;

	for (i = 0; counter && i < adapter->num_rx_queues; i++) {
		ring = READ_ONCE(adapter->rx_ring[i]);
		pdq = ring ? READ_ONCE(ring->direct) : NULL;
		if (pdq && READ_ONCE(ring->direct_counter) == counter)
			return pdq;
	}
	return NULL;
}

/**
 * ixgbe_direct_count_missed - add up what a missed packets counter has counted
 * @adapter: board private structure
 * @counter: number of the counter
 *
 * For the statistics of the device, and for the lease when it is a lease's.
 *
 * Context: any but hard interrupts.
 **/
void ixgbe_direct_count_missed(struct ixgbe_adapter *adapter,
			       unsigned int counter)
{
	struct packet_direct_queue *pdq;
	u32 missed;

	spin_lock_bh(&ixgbe_direct_missed_lock);
	missed = IXGBE_READ_REG(&adapter->hw, IXGBE_QPRDC(counter));
	if (missed == IXGBE_FAILED_READ_REG)
		missed = 0;
	adapter->hw_rx_no_dma_resources += missed;
	spin_unlock_bh(&ixgbe_direct_missed_lock);

	if (!missed)
		return;

	rcu_read_lock();
	pdq = ixgbe_direct_find_counter(adapter, counter);
	if (pdq)
		packet_direct_missed(pdq, missed);
	rcu_read_unlock();
}

/**
 * ixgbe_direct_start_missed - begin to count what a leased queue misses
 * @adapter: board private structure
 * @ring: its Rx ring, which has slots now
 *
 * What came before, while the queue was off, was not missed for want of slots.
 **/
void ixgbe_direct_start_missed(struct ixgbe_adapter *adapter,
			       struct ixgbe_ring *ring)
{
	unsigned int counter = ixgbe_direct_free_counter(adapter);

	if (!counter)
		return;
	ixgbe_direct_count_missed(adapter, counter);
	ixgbe_direct_set_counter(adapter, ring, counter);
}

/**
 * ixgbe_direct_sync_missed - credit what was missed so far to the lease
 * @adapter: board private structure
 * @ring: Rx ring of a leased queue
 *
 * A ring that had no slots calls this before it gets some: what was missed until
 * now was missed before the next frame.
 *
 * Context: any but hard interrupts.
 **/
void ixgbe_direct_sync_missed(struct ixgbe_adapter *adapter,
			      const struct ixgbe_ring *ring)
{
	if (ring->direct_counter)
		ixgbe_direct_count_missed(adapter, ring->direct_counter);
}

/**
 * ixgbe_direct_stop_missed - end of ixgbe_direct_start_missed()
 * @adapter: board private structure
 * @ring: Rx ring that has been stopped
 **/
void ixgbe_direct_stop_missed(struct ixgbe_adapter *adapter,
			      struct ixgbe_ring *ring)
{
	if (!ring->direct_counter)
		return;
	ixgbe_direct_sync_missed(adapter, ring);
	ixgbe_direct_set_counter(adapter, ring, 0);
}
