/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PACKET_RX_DIRECT: the NIC's time stamps.
 *
 * The X550 puts 8 bytes of time stamp after each frame.  The 82599 and the X540 have
 * one register, for PTP frames alone.
 */
#ifndef _IXGBE_DIRECT_STAMP_H_
#define _IXGBE_DIRECT_STAMP_H_

#include <linux/unaligned.h>
#include <net/packet_direct_queue.h>

#include "ixgbe.h"

/**
 * enum ixgbe_direct_clock_state - what the NIC's time stamps are worth in a poll
 * @IXGBE_DIRECT_CLOCK_NONE: nothing: the clock has begun anew since
 * @IXGBE_DIRECT_CLOCK_UNREAD: nothing yet, or nobody wants them
 * @IXGBE_DIRECT_CLOCK_SCALED: the clock is read
 * @IXGBE_DIRECT_CLOCK_NS: likewise, and its unit is a nanosecond
 **/
enum ixgbe_direct_clock_state {
	IXGBE_DIRECT_CLOCK_NONE,
	IXGBE_DIRECT_CLOCK_UNREAD,
	IXGBE_DIRECT_CLOCK_SCALED,
	IXGBE_DIRECT_CLOCK_NS,
};

/**
 * struct ixgbe_direct_clock - how the NIC's time stamps become nanoseconds
 * @state: the other fields are filled in when it is read
 * @cycle_last: a stamp in the NIC's unit
 * @nsec: when that was
 * @frac: and the fraction beside it
 * @mult: nanoseconds of a unit, shifted
 * @shift: by so much
 * @offset: where a unit is a nanosecond: what is to be added to a stamp
 *
 * As the timecounter is when the first stamped frame of a poll is cleaned.
 **/
struct ixgbe_direct_clock {
	enum ixgbe_direct_clock_state state;
	u64 cycle_last;
	u64 nsec;
	u64 frac;
	u32 mult;
	u32 shift;
	u64 offset;
};

/**
 * ixgbe_direct_clock_is_read - can stamps become nanoseconds
 * @clock: of this poll
 *
 * Return: true if so, and they are wanted
 **/
static inline bool
ixgbe_direct_clock_is_read(const struct ixgbe_direct_clock *clock)
{
	return clock->state >= IXGBE_DIRECT_CLOCK_SCALED;
}

/**
 * ixgbe_direct_is_x550 - is the MAC an X550, or one of its kind
 * @ring: Rx ring
 *
 * Return: true if so
 **/
static inline bool ixgbe_direct_is_x550(const struct ixgbe_ring *ring)
{
	return ring->q_vector->adapter->hw.mac.type >= ixgbe_mac_X550;
}

/**
 * ixgbe_direct_ns - a time stamp in nanoseconds
 * @clock: of this poll
 * @cycles: stamp in the NIC's unit
 *
 * As timecounter_cyc2time().
 *
 * Return: nanoseconds of the PTP clock
 **/
static inline u64 ixgbe_direct_ns(const struct ixgbe_direct_clock *clock, u64 cycles)
{
	s64 delta = cycles - clock->cycle_last;

	if (delta < 0)
		return clock->nsec -
		       ((-(u64)delta * clock->mult - clock->frac) >> clock->shift);
	return clock->nsec +
	       (((u64)delta * clock->mult + clock->frac) >> clock->shift);
}

/**
 * ixgbe_direct_cycles - a time stamp that follows a frame, in the NIC's unit
 * @stamp: where it is: in memory that user space may write to
 *
 * Return: the NIC's seconds and nanoseconds, put together
 **/
static inline u64 ixgbe_direct_cycles(const void *stamp)
{
	u64 val = get_unaligned_le64(stamp);

	return (val >> 32) * NSEC_PER_SEC + (u32)val;
}

void ixgbe_direct_want_clock(const struct ixgbe_ring *ring,
			     struct ixgbe_direct_clock *clock);
bool ixgbe_direct_cut_stamp(const struct ixgbe_ring *ring,
			    struct ixgbe_direct_clock *clock,
			    struct packet_direct_buf *buf);
void ixgbe_direct_take_latched(struct ixgbe_ring *ring,
			       struct ixgbe_direct_clock *clock,
			       struct packet_direct_buf *buf);

#endif /* _IXGBE_DIRECT_STAMP_H_ */
