// SPDX-License-Identifier: GPL-2.0
#include "ixgbe_direct_stamp.h"

/**
 * ixgbe_direct_read_clock - how stamps become nanoseconds during this poll
 * @adapter: board private structure
 * @clock: is filled in
 **/
static void ixgbe_direct_read_clock(struct ixgbe_adapter *adapter,
				    struct ixgbe_direct_clock *clock)
{
	const struct timecounter *tc = &adapter->hw_tc;
	unsigned long flags;

	spin_lock_irqsave(&adapter->tmreg_lock, flags);
	clock->cycle_last = tc->cycle_last;
	clock->nsec = tc->nsec;
	clock->frac = tc->frac;
	clock->mult = adapter->hw_cc.mult;
	clock->shift = adapter->hw_cc.shift;
	spin_unlock_irqrestore(&adapter->tmreg_lock, flags);

	clock->offset = clock->nsec - clock->cycle_last;
	clock->state = clock->mult == 1 && !clock->shift ?
		       IXGBE_DIRECT_CLOCK_NS : IXGBE_DIRECT_CLOCK_SCALED;
}

/**
 * ixgbe_direct_want_clock - there is a stamp
 * @ring: Rx ring
 * @clock: of this poll; is filled in, if stamps are wanted and it is not yet
 *
 * Most polls have no stamps, and need no clock.
 **/
void ixgbe_direct_want_clock(const struct ixgbe_ring *ring,
			     struct ixgbe_direct_clock *clock)
{
	if (ring->direct->hw_tstamp && clock->state == IXGBE_DIRECT_CLOCK_UNREAD)
		ixgbe_direct_read_clock(ring->q_vector->adapter, clock);
}

/**
 * ixgbe_direct_read_stamp - the time stamp at the end of a frame
 * @pdq: lease
 * @clock: of this poll
 * @pool: slots of the kind that it is in
 * @slot: slot
 * @at: where in the slot
 * @buf: is filled in, if the stamp is wanted and the CPU can read it
 **/
static void ixgbe_direct_read_stamp(const struct packet_direct_queue *pdq,
				    const struct ixgbe_direct_clock *clock,
				    const struct packet_direct_pool *pool,
				    u32 slot, u32 at,
				    struct packet_direct_buf *buf)
{
	/* the NIC is not believed, and a dma-buf is not read */
	if (!ixgbe_direct_clock_is_read(clock) || !pool->cpu ||
	    at + IXGBE_TS_HDR_LEN > pool->len)
		return;

	packet_direct_sync(pdq, pool, slot, pool->len);
	buf->tstamp = ixgbe_direct_ns(clock,
				      ixgbe_direct_cycles(packet_direct_cpu(pool, slot) + at));
	buf->flags |= TPACKET4_TSTAMP_HW;
}

/**
 * ixgbe_direct_cut_stamp - take the time stamp off the end of a frame
 * @ring: Rx ring
 * @clock: of this poll
 * @buf: the frame's last buffer, gets the stamp
 *
 * A stamp that began in the slot before cannot be taken out any more.
 *
 * Return: false when that or nothing is left
 **/
bool ixgbe_direct_cut_stamp(const struct ixgbe_ring *ring,
			    struct ixgbe_direct_clock *clock,
			    struct packet_direct_buf *buf)
{
	const struct packet_direct_queue *pdq = ring->direct;
	bool in_payload = buf->payload_len;
	u32 *len = in_payload ? &buf->payload_len : &buf->len;

	if (*len < IXGBE_TS_HDR_LEN)
		return false;
	*len -= IXGBE_TS_HDR_LEN;
	if (!buf->payload_len && buf->flags == TPACKET4_SPLIT_DONE)
		buf->flags = TPACKET4_SPLIT_NO_PAYLOAD;
	if (!buf->payload_len && buf->flags == TPACKET4_SPLIT_UNKNOWN)
		buf->flags = TPACKET4_SPLIT_SHORT;
	ixgbe_direct_want_clock(ring, clock);
	if (in_payload)
		ixgbe_direct_read_stamp(pdq, clock, &pdq->payload, buf->payload,
					*len, buf);
	else
		ixgbe_direct_read_stamp(pdq, clock, &pdq->slots, buf->slot,
					*len, buf);
	return buf->len || buf->payload_len;
}

/**
 * ixgbe_direct_take_latched - the time stamp that the NIC has in a register
 * @ring: Rx ring
 * @clock: of this poll
 * @buf: is filled in, if the stamp is wanted
 *
 * 82599 and X540. There is one register for all queues, and the NIC stamps no other
 * frame until it is read. So it is read even if nobody wants the stamp.
 **/
void ixgbe_direct_take_latched(struct ixgbe_ring *ring,
			       struct ixgbe_direct_clock *clock,
			       struct packet_direct_buf *buf)
{
	struct ixgbe_hw *hw = &ring->q_vector->adapter->hw;
	u32 ctrl = IXGBE_READ_REG(hw, IXGBE_TSYNCRXCTL);
	u64 stamp;

	if (ctrl == IXGBE_FAILED_READ_REG || !(ctrl & IXGBE_TSYNCRXCTL_VALID))
		return;

	stamp = IXGBE_READ_REG(hw, IXGBE_RXSTMPL);
	stamp |= (u64)IXGBE_READ_REG(hw, IXGBE_RXSTMPH) << 32;
	/* of which ixgbe_ptp_rx_hang() wants to know */
	ring->last_rx_timestamp = jiffies;
	ixgbe_direct_want_clock(ring, clock);
	if (!ixgbe_direct_clock_is_read(clock))
		return;
	buf->tstamp = ixgbe_direct_ns(clock, stamp);
	buf->flags |= TPACKET4_TSTAMP_HW;
}
