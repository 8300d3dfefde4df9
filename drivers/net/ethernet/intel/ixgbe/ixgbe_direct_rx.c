// SPDX-License-Identifier: GPL-2.0
/*
 * PACKET_RX_DIRECT: the poll of a leased queue, from slots for the NIC to frames
 * for user space.
 *
 * Frames that are whole in one slot, or pair of slots, and have nothing to look
 * at are cleaned in runs; the others one descriptor at a time.
 */
#include <linux/bitfield.h>
#include <linux/unaligned.h>

#include "ixgbe.h"
#include "ixgbe_direct.h"
#include "ixgbe_txrx_common.h"

/* descriptors that are refilled at a time */
#define IXGBE_DIRECT_BATCH		64

#define IXGBE_DIRECT_DONE		(IXGBE_RXDADV_STAT_DD | \
					 IXGBE_RXDADV_STAT_EOP)

/* An error, or a time stamp.  Without EOP these bits mean nothing, and HBO means
 * nothing without SPH.
 */
#define IXGBE_DIRECT_ODD		(IXGBE_RXDADV_ERR_FRAME_ERR_MASK | \
					 IXGBE_RXDADV_ERR_OUTERIPER | \
					 IXGBE_RXDADV_ERR_TCPE | \
					 IXGBE_RXDADV_ERR_IPE | \
					 IXGBE_RXDADV_STAT_TS | \
					 IXGBE_RXD_STAT_TSIP)

/* The NIC looked behind the IP header. */
#define IXGBE_DIRECT_L4			(IXGBE_RXDADV_PKTTYPE_TCP | \
					 IXGBE_RXDADV_PKTTYPE_UDP | \
					 IXGBE_RXDADV_PKTTYPE_SCTP)

/* Where the length is in the second half of a descriptor. */
#define IXGBE_DIRECT_LEN_SHIFT		32

/* In the first half, hdr_info. */
#define IXGBE_DIRECT_SPH		BIT_ULL(31)
#define IXGBE_DIRECT_HDR_LEN		GENMASK_ULL(30, 21)

/* What a type of hash means for the header of a plain frame.  The other types,
 * among them the match of a Flow Director filter, have no hash in the descriptor.
 */
#define IXGBE_DIRECT_HASH(covers)	(PACKET_DIRECT_WHOLE | TPACKET4_HASH | (covers))

static const u32 ixgbe_direct_hash_flags[IXGBE_RXDADV_RSSTYPE_MASK + 1] = {
	[0 ... IXGBE_RXDADV_RSSTYPE_MASK]  = PACKET_DIRECT_WHOLE,
	[IXGBE_RXDADV_RSSTYPE_IPV4_TCP]	   =
		IXGBE_DIRECT_HASH(TPACKET4_HASH_IPV4 | TPACKET4_HASH_TCP),
	[IXGBE_RXDADV_RSSTYPE_IPV4]	   =
		IXGBE_DIRECT_HASH(TPACKET4_HASH_IPV4),
	[IXGBE_RXDADV_RSSTYPE_IPV6_TCP]	   =
		IXGBE_DIRECT_HASH(TPACKET4_HASH_IPV6 | TPACKET4_HASH_TCP),
	[IXGBE_RXDADV_RSSTYPE_IPV6_EX]	   =
		IXGBE_DIRECT_HASH(TPACKET4_HASH_IPV6_EX),
	[IXGBE_RXDADV_RSSTYPE_IPV6]	   =
		IXGBE_DIRECT_HASH(TPACKET4_HASH_IPV6),
	[IXGBE_RXDADV_RSSTYPE_IPV6_TCP_EX] =
		IXGBE_DIRECT_HASH(TPACKET4_HASH_IPV6_EX | TPACKET4_HASH_TCP),
	[IXGBE_RXDADV_RSSTYPE_IPV4_UDP]	   =
		IXGBE_DIRECT_HASH(TPACKET4_HASH_IPV4 | TPACKET4_HASH_UDP),
	[IXGBE_RXDADV_RSSTYPE_IPV6_UDP]	   =
		IXGBE_DIRECT_HASH(TPACKET4_HASH_IPV6 | TPACKET4_HASH_UDP),
	[IXGBE_RXDADV_RSSTYPE_IPV6_UDP_EX] =
		IXGBE_DIRECT_HASH(TPACKET4_HASH_IPV6_EX | TPACKET4_HASH_UDP),
};

/**
 * struct ixgbe_direct_clock - how the NIC's time stamps become nanoseconds
 * @cycle_last: a stamp in the NIC's unit
 * @nsec: when that was
 * @frac: and the fraction beside it
 * @mult: nanoseconds of a unit, shifted
 * @shift: by so much
 * @offset: where a unit is a nanosecond: what is to be added to a stamp
 * @wanted: stamps are
 * @odd: they are not, or a unit is no nanosecond
 *
 * As the timecounter is at the start of a poll.
 **/
struct ixgbe_direct_clock {
	u64 cycle_last;
	u64 nsec;
	u64 frac;
	u32 mult;
	u32 shift;
	u64 offset;
	bool wanted;
	bool odd;
};

/**
 * enum ixgbe_direct_stamps - what is behind each frame of a run
 * @IXGBE_DIRECT_NO_STAMPS: nothing
 * @IXGBE_DIRECT_STAMPS: a time stamp that is wanted, in nanoseconds
 * @IXGBE_DIRECT_STAMPS_ODD: a time stamp, of which nothing is known
 **/
enum ixgbe_direct_stamps {
	IXGBE_DIRECT_NO_STAMPS,
	IXGBE_DIRECT_STAMPS,
	IXGBE_DIRECT_STAMPS_ODD,
};

/**
 * struct ixgbe_direct_poll - one poll
 * @packets: cleaned so far
 * @bytes: of them
 * @clock: for the NIC's time stamps
 **/
struct ixgbe_direct_poll {
	u64 packets;
	u64 bytes;
	struct ixgbe_direct_clock clock;
};

/**
 * ixgbe_direct_write_descs - let descriptors point to slots
 * @rx_desc: the first of them
 * @dma: DMA address of each slot
 * @slots: which ones
 * @count: how many; there is no wrap among them
 **/
static void ixgbe_direct_write_descs(union ixgbe_adv_rx_desc *rx_desc,
				     const dma_addr_t *dma, const u32 *slots,
				     u32 count)
{
	const u32 *end = slots + count;

	/* half of it is the loop otherwise */
#pragma GCC unroll 8
	for (; slots != end; slots++, rx_desc++) {
		rx_desc->read.pkt_addr = cpu_to_le64(dma[*slots]);
		/* clears DD */
		rx_desc->read.hdr_addr = 0;
	}
}

/**
 * ixgbe_direct_post - let descriptors point to the next slots
 * @ring: Rx ring
 * @i: the first descriptor
 * @count: how many descriptors there are from there without a wrap
 *
 * Return: how many point to slots, less than @count where the FIFO wraps
 **/
static u32 ixgbe_direct_post(struct ixgbe_ring *ring, u32 i, u32 count)
{
	struct packet_direct_queue *pdq = ring->direct;
	const u32 *slots;

	count = packet_direct_post_many(&pdq->slots, count, &slots);
	ixgbe_direct_write_descs(IXGBE_RX_DESC(ring, i), pdq->slots.dma, slots,
				 count);
	return count;
}

/**
 * ixgbe_direct_post_split - ixgbe_direct_post() for header split
 * @ring: Rx ring
 * @i: the first descriptor
 * @count: how many descriptors there are from there without a wrap
 *
 * Slots are aligned, so DD is clear in the header's address.
 *
 * Return: how many point to slots, less than @count where a FIFO wraps
 **/
static noinline u32 ixgbe_direct_post_split(struct ixgbe_ring *ring, u32 i,
					    u32 count)
{
	struct packet_direct_pool *payload = &ring->direct->payload;
	struct packet_direct_pool *slots = &ring->direct->slots;
	union ixgbe_adv_rx_desc *rx_desc = IXGBE_RX_DESC(ring, i);
	const dma_addr_t *payload_dma = payload->dma;
	const dma_addr_t *dma = slots->dma;
	const u32 *slot, *end, *payload_slot;

	count = min(count, packet_direct_straight(payload->mask, payload->post));
	count = packet_direct_post_many(slots, count, &slot);
	packet_direct_post_many(payload, count, &payload_slot);
	end = slot + count;

#pragma GCC unroll 8
	for (; slot != end; slot++, payload_slot++, rx_desc++) {
		rx_desc->read.pkt_addr = cpu_to_le64(payload_dma[*payload_slot]);
		rx_desc->read.hdr_addr = cpu_to_le64(dma[*slot]);
	}
	return count;
}

/**
 * ixgbe_direct_fill - give free slots of the lease to the NIC
 * @ring: Rx ring
 * @count: unused descriptors
 **/
static void ixgbe_direct_fill(struct ixgbe_ring *ring, u32 count)
{
	struct packet_direct_queue *pdq = ring->direct;
	u32 i = ring->next_to_use;
	u32 n;

	count = min(count, packet_direct_reclaim(pdq));
	if (!count)
		return;
	if (unlikely(!packet_direct_in_nic(&pdq->slots)))
		ixgbe_direct_after_dry(ring);

	do {
		n = min(count, ring->count - i);
		if (packet_direct_is_split(pdq))
			n = ixgbe_direct_post_split(ring, i, n);
		else
			n = ixgbe_direct_post(ring, i, n);
		i += n;
		if (i == ring->count)
			i = 0;
		count -= n;
	} while (count);

	/* one descriptor is always left: the poll ends there */
	IXGBE_RX_DESC(ring, i)->wb.upper.status_error = 0;

	ring->next_to_use = i;
	ring->next_to_alloc = i;
	/* writel() orders the descriptors before the tail */
	writel(i, ring->tail);
}

/**
 * ixgbe_direct_batch - how many unused descriptors make a refill worth while
 * @ring: Rx ring
 **/
static u32 ixgbe_direct_batch(const struct ixgbe_ring *ring)
{
	return min(ring->count / 4U, IXGBE_DIRECT_BATCH);
}

/**
 * ixgbe_direct_refill - give slots to the NIC at the end of a poll
 * @ring: Rx ring
 **/
void ixgbe_direct_refill(struct ixgbe_ring *ring)
{
	u32 unused = ixgbe_desc_unused(ring);

	if (unused >= ixgbe_direct_batch(ring))
		ixgbe_direct_fill(ring, unused);

	while (packet_direct_posted(ring->direct))
		ixgbe_direct_fill(ring, ixgbe_desc_unused(ring));
}

/**
 * ixgbe_direct_advance - descriptors have been cleaned
 * @ring: Rx ring
 * @count: how many, not beyond the ring's end
 **/
static void ixgbe_direct_advance(struct ixgbe_ring *ring, unsigned int count)
{
	u32 ntc = ring->next_to_clean + count;

	ring->next_to_clean = ntc < ring->count ? ntc : 0;
}

/**
 * ixgbe_direct_lower - first half of a written descriptor
 * @rx_desc: descriptor
 *
 * Return: packet info with the hash's type, the header's, and the hash above
 **/
static u64 ixgbe_direct_lower(const union ixgbe_adv_rx_desc *rx_desc)
{
	return le64_to_cpu(rx_desc->read.pkt_addr);
}

/**
 * ixgbe_direct_upper - second half of a written descriptor
 * @rx_desc: descriptor
 *
 * In one piece, so that the length is as new as DD.
 *
 * Return: status and errors, then the length, then the VLAN tag
 **/
static u64 ixgbe_direct_upper(const union ixgbe_adv_rx_desc *rx_desc)
{
	return le64_to_cpu(READ_ONCE(rx_desc->read.hdr_addr));
}

/**
 * ixgbe_direct_hash - the hash that the NIC computed
 * @lower: first half of a written descriptor
 *
 * Return: the hash, if ixgbe_direct_hash_flags says that there is one
 **/
static u32 ixgbe_direct_hash(u64 lower)
{
	return lower >> 32;
}

/**
 * ixgbe_direct_is_x550 - is the MAC an X550, or one of its kind
 * @ring: Rx ring
 *
 * Return: true if so
 **/
static bool ixgbe_direct_is_x550(const struct ixgbe_ring *ring)
{
	return ring->q_vector->adapter->hw.mac.type >= ixgbe_mac_X550;
}

/**
 * ixgbe_direct_checksum - what the NIC found out about checksums
 * @ring: Rx ring
 * @rx_desc: last descriptor of a frame
 * @staterr: its status and errors
 *
 * By the rules of ixgbe_rx_checksum(), but for NETIF_F_RXCSUM: that is what
 * the stack wants to be told, and the descriptor tells it anyway.  A frame of
 * which only the IP header was looked at has neither flag.  Nor has one that an
 * ethertype filter knows: the bits are other ones then, of FCoE for one.
 *
 * 82599 (erratum 66 of the specification update) and X540 (42) may call the IP
 * checksum of a fragment wrong.  They look at nothing behind its IP header, as
 * they do with what is neither TCP, UDP nor SCTP.
 *
 * Return: TPACKET4_CSUM_VALID, TPACKET4_CSUM_BAD or 0
 **/
static u32 ixgbe_direct_checksum(struct ixgbe_ring *ring,
				 const union ixgbe_adv_rx_desc *rx_desc,
				 u32 staterr)
{
	u16 info = le16_to_cpu(rx_desc->wb.lower.lo_dword.hs_rss.pkt_info);
	bool bad;

	if (info & IXGBE_RXDADV_PKTTYPE_ETQF)
		return 0;

	bad = (staterr & IXGBE_RXD_STAT_IPCS) && (staterr & IXGBE_RXDADV_ERR_IPE);
	if (bad && !(info & IXGBE_DIRECT_L4) && !ixgbe_direct_is_x550(ring))
		return 0;

	if ((info & IXGBE_RXDADV_PKTTYPE_VXLAN) &&
	    (staterr & IXGBE_RXD_STAT_OUTERIPCS) &&
	    (staterr & IXGBE_RXDADV_ERR_OUTERIPER))
		bad = true;

	if ((staterr & IXGBE_RXD_STAT_L4CS) &&
	    (staterr & IXGBE_RXDADV_ERR_TCPE)) {
		/* 82599 erratum: a UDP checksum of 0 can be called an error */
		if (!bad && (info & IXGBE_RXDADV_PKTTYPE_UDP) &&
		    test_bit(__IXGBE_RX_CSUM_UDP_ZERO_ERR, &ring->state))
			return 0;
		bad = true;
	}

	if (bad) {
		ring->rx_stats.csum_err++;
		return TPACKET4_CSUM_BAD;
	}
	return staterr & IXGBE_RXD_STAT_L4CS ? TPACKET4_CSUM_VALID : 0;
}

/**
 * ixgbe_direct_begin - start of a poll
 * @ring: Rx ring
 * @poll: is filled in
 * @stamps: the NIC's stamps so far are of the clock as it is now
 **/
static void ixgbe_direct_begin(struct ixgbe_ring *ring,
			       struct ixgbe_direct_poll *poll, bool stamps)
{
	struct ixgbe_adapter *adapter = ring->q_vector->adapter;
	const struct timecounter *tc = &adapter->hw_tc;
	struct ixgbe_direct_clock *clock = &poll->clock;
	unsigned long flags;

	packet_direct_begin(ring->direct);
	poll->packets = 0;
	poll->bytes = 0;
	clock->odd = true;
	clock->wanted = stamps && ring->direct->hw_tstamp;
	if (likely(!clock->wanted))
		return;

	spin_lock_irqsave(&adapter->tmreg_lock, flags);
	clock->cycle_last = tc->cycle_last;
	clock->nsec = tc->nsec;
	clock->frac = tc->frac;
	clock->mult = adapter->hw_cc.mult;
	clock->shift = adapter->hw_cc.shift;
	spin_unlock_irqrestore(&adapter->tmreg_lock, flags);

	clock->offset = clock->nsec - clock->cycle_last;
	clock->odd = clock->mult != 1 || clock->shift;
}

/**
 * ixgbe_direct_end - end of a poll, but for the refill
 * @ring: Rx ring
 * @poll: it
 **/
static void ixgbe_direct_end(struct ixgbe_ring *ring,
			     const struct ixgbe_direct_poll *poll)
{
	packet_direct_flush(ring->direct);
	ixgbe_update_rx_ring_stats(ring, ring->q_vector, poll->packets,
				   poll->bytes);
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
static u64 ixgbe_direct_ns(const struct ixgbe_direct_clock *clock, u64 cycles)
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
static u64 ixgbe_direct_cycles(const void *stamp)
{
	u64 val = get_unaligned_le64(stamp);

	return (val >> 32) * NSEC_PER_SEC + (u32)val;
}

/**
 * ixgbe_direct_straight - how many descriptors can be cleaned one after the other
 * @ring: Rx ring
 * @max: at most so many
 *
 * None that the NIC does not have, though it says of one that it is done.
 *
 * Return: so many, before the ring wraps
 **/
static u32 ixgbe_direct_straight(const struct ixgbe_ring *ring, u32 max)
{
	return min3(max, (u32)ring->count - ring->next_to_clean,
		    packet_direct_in_nic(&ring->direct->slots));
}

/**
 * ixgbe_direct_plain - what the upper half of a plain frame's descriptor is like
 * @pdq: lease
 * @stamps: there is a time stamp behind the frame, and STAT_TS is set or not
 * @plain: is filled in: the value of the bits to look at
 *
 * Return: which bits to look at
 **/
static u64 ixgbe_direct_plain(const struct packet_direct_queue *pdq,
			      const bool stamps, u64 *plain)
{
	u64 mask = IXGBE_DIRECT_DONE | IXGBE_DIRECT_ODD;

	*plain = IXGBE_DIRECT_DONE;
	if (stamps) {
		mask &= ~(u64)IXGBE_RXDADV_STAT_TS;
		*plain |= IXGBE_RXD_STAT_TSIP;
	}
	return mask |
	       (u64)(u16)-packet_direct_short(pdq) << IXGBE_DIRECT_LEN_SHIFT;
}

/**
 * ixgbe_direct_run_stamp - the time stamp of the next frame of a run
 * @run: run
 * @clock: of this poll
 * @stamp: where the NIC put it
 * @plain: stamps are wanted, and their unit is a nanosecond; known when this is
 *	   compiled
 *
 * Return: what is to be changed about the flags of the frame
 **/
static __always_inline u32
ixgbe_direct_run_stamp(struct packet_direct_run *run,
		       const struct ixgbe_direct_clock *clock,
		       const void *stamp, const bool plain)
{
	if (plain)
		run->tstamp = clock->offset + ixgbe_direct_cycles(stamp);
	else if (clock->wanted)
		run->tstamp = ixgbe_direct_ns(clock, ixgbe_direct_cycles(stamp));
	else
		return 0;
	return TPACKET4_TSTAMP_SW | TPACKET4_TSTAMP_HW;
}

/**
 * ixgbe_direct_clean_run - deliver frames that are whole in one slot
 * @ring: Rx ring
 * @max: most descriptors to look at
 * @poll: is counted up
 * @filter: each has to pass the socket filter; known when this is compiled, as
 *	    a rule
 * @stamps: what is behind each; known when this is compiled
 *
 * Ends at the first descriptor that is not done, or that
 * ixgbe_direct_clean_odd() has to look at, and after a frame that is refused.
 *
 * Return: descriptors cleaned
 **/
static __always_inline unsigned int
ixgbe_direct_clean_run(struct ixgbe_ring *ring, u32 max,
		       struct ixgbe_direct_poll *poll, const bool filter,
		       const enum ixgbe_direct_stamps stamps)
{
	struct packet_direct_queue *pdq = ring->direct;
	const union ixgbe_adv_rx_desc *rx_desc, *end;
	u64 lower, upper, mask, plain, bytes = 0;
	struct packet_direct_run run;
	u32 flags, hash, slot, keep;
	bool refused = false;
	s64 len = 0;

	max = ixgbe_direct_straight(ring, max);
	max = packet_direct_run_begin(pdq, &run, max, true);
	rx_desc = IXGBE_RX_DESC(ring, ring->next_to_clean);
	mask = ixgbe_direct_plain(pdq, stamps, &plain);

	for (end = rx_desc + max; rx_desc != end; rx_desc++) {
		upper = ixgbe_direct_upper(rx_desc);
		if ((upper & mask) != plain)
			break;

		/* no field of the descriptor before DD */
		dma_rmb();

		lower = ixgbe_direct_lower(rx_desc);
		flags = upper & IXGBE_RXD_STAT_L4CS ? TPACKET4_CSUM_VALID : 0;
		flags |= ixgbe_direct_hash_flags[lower & IXGBE_RXDADV_RSSTYPE_MASK];
		hash = ixgbe_direct_hash(lower);
		len = (u16)(upper >> IXGBE_DIRECT_LEN_SHIFT);
		slot = packet_direct_run_slot(&run);
		if (stamps) {
			len -= IXGBE_TS_HDR_LEN;
			if (unlikely(len <= 0))
				break;
			flags ^= ixgbe_direct_run_stamp(&run, &poll->clock,
							pdq->slots.cpu[slot] + len,
							stamps == IXGBE_DIRECT_STAMPS);
		}
		keep = len;
		if (filter)
			keep = packet_direct_snaplen(pdq, slot, len, flags,
						     hash);
		if (filter && !keep) {
			refused = true;
			break;
		}
		packet_direct_run_frame(pdq, &run, slot, len, keep, flags, hash);
		bytes += len;
	}

	packet_direct_run_end(pdq, &run, bytes);
	if (refused) {
		packet_direct_reject(pdq);
		bytes += len;
	}
	ixgbe_direct_advance(ring, run.count + refused);
	poll->packets += run.count + refused;
	poll->bytes += bytes;
	return run.count + refused;
}

/* The same with a filter, with time stamps, and with whatever else. */
static noinline unsigned int
ixgbe_direct_clean_filtered(struct ixgbe_ring *ring, u32 max,
			    struct ixgbe_direct_poll *poll)
{
	return ixgbe_direct_clean_run(ring, max, poll, true,
				      IXGBE_DIRECT_NO_STAMPS);
}

static noinline unsigned int
ixgbe_direct_clean_stamped(struct ixgbe_ring *ring, u32 max,
			   struct ixgbe_direct_poll *poll)
{
	return ixgbe_direct_clean_run(ring, max, poll, false,
				      IXGBE_DIRECT_STAMPS);
}

static noinline unsigned int
ixgbe_direct_clean_stamped_odd(struct ixgbe_ring *ring, u32 max,
			       struct ixgbe_direct_poll *poll)
{
	return ixgbe_direct_clean_run(ring, max, poll, ring->direct->filter,
				      IXGBE_DIRECT_STAMPS_ODD);
}

/**
 * ixgbe_direct_split_flags - where the parts of a frame are, and why
 * @lower: first half of its first descriptor
 * @payload_len: bytes of its payload
 *
 * Return: TPACKET4_SPLIT_*
 **/
static u32 ixgbe_direct_split_flags(u64 lower, u32 payload_len)
{
	bool sph = lower & IXGBE_DIRECT_SPH;

	if (payload_len)
		return sph ? TPACKET4_SPLIT_DONE : TPACKET4_SPLIT_UNKNOWN;
	return sph ? TPACKET4_SPLIT_NO_PAYLOAD : TPACKET4_SPLIT_SHORT;
}

/**
 * ixgbe_direct_clean_split - ixgbe_direct_clean_run() with header split
 * @ring: Rx ring
 * @max: most descriptors to look at
 * @poll: is counted up
 *
 * Return: descriptors cleaned
 **/
static noinline unsigned int
ixgbe_direct_clean_split(struct ixgbe_ring *ring, u32 max,
			 struct ixgbe_direct_poll *poll)
{
	struct packet_direct_queue *pdq = ring->direct;
	const union ixgbe_adv_rx_desc *rx_desc, *end;
	u64 lower, upper, mask, plain, bytes = 0;
	const u32 header_max = pdq->slots.len;
	struct packet_direct_run run;
	u32 flags, header, payload;

	max = ixgbe_direct_straight(ring, max);
	max = packet_direct_run_begin(pdq, &run, max, true);
	rx_desc = IXGBE_RX_DESC(ring, ring->next_to_clean);
	mask = ixgbe_direct_plain(pdq, false, &plain);

	for (end = rx_desc + max; rx_desc != end; rx_desc++) {
		upper = ixgbe_direct_upper(rx_desc);
		if ((upper & mask) != plain)
			break;

		/* no field of the descriptor before DD */
		dma_rmb();

		lower = ixgbe_direct_lower(rx_desc);
		header = FIELD_GET(IXGBE_DIRECT_HDR_LEN, lower);
		if (unlikely(header > header_max))
			break;
		payload = (u16)(upper >> IXGBE_DIRECT_LEN_SHIFT);
		flags = upper & IXGBE_RXD_STAT_L4CS ? TPACKET4_CSUM_VALID : 0;
		flags += ixgbe_direct_hash_flags[lower & IXGBE_RXDADV_RSSTYPE_MASK];
		flags += ixgbe_direct_split_flags(lower, payload);
		packet_direct_run_split(pdq, &run, packet_direct_run_slot(&run),
					header, packet_direct_run_payload(&run),
					payload, flags, ixgbe_direct_hash(lower));
		bytes += header + payload;
	}

	packet_direct_run_end(pdq, &run, bytes);
	ixgbe_direct_advance(ring, run.count);
	poll->packets += run.count;
	poll->bytes += bytes;
	return run.count;
}

/**
 * ixgbe_direct_next_stamped - is there a time stamp behind the next frame
 * @ring: Rx ring
 *
 * As far as can be said before it is known to be done.  Bit 15 is another one's
 * on MACs before the X550.
 *
 * Return: true if so
 **/
static bool ixgbe_direct_next_stamped(const struct ixgbe_ring *ring)
{
	const union ixgbe_adv_rx_desc *rx_desc;

	rx_desc = IXGBE_RX_DESC(ring, ring->next_to_clean);
	return ixgbe_direct_upper(rx_desc) & IXGBE_RXD_STAT_TSIP &&
	       ixgbe_direct_is_x550(ring);
}

/**
 * ixgbe_direct_clean_plain - deliver frames that are whole in one slot, or pair
 * @ring: Rx ring
 * @max: most descriptors to look at
 * @poll: is counted up
 *
 * Return: descriptors cleaned
 **/
static unsigned int ixgbe_direct_clean_plain(struct ixgbe_ring *ring, u32 max,
					     struct ixgbe_direct_poll *poll)
{
	struct packet_direct_queue *pdq = ring->direct;

	if (unlikely(packet_direct_is_split(pdq)))
		return pdq->filter ? 0 : ixgbe_direct_clean_split(ring, max, poll);
	if (unlikely(ixgbe_direct_next_stamped(ring)))
		return pdq->filter || poll->clock.odd ?
		       ixgbe_direct_clean_stamped_odd(ring, max, poll) :
		       ixgbe_direct_clean_stamped(ring, max, poll);
	if (unlikely(pdq->filter))
		return ixgbe_direct_clean_filtered(ring, max, poll);
	return ixgbe_direct_clean_run(ring, max, poll, false,
				      IXGBE_DIRECT_NO_STAMPS);
}

/**
 * ixgbe_direct_complete_part - what one descriptor has of a frame
 * @ring: Rx ring
 * @rx_desc: descriptor, which is done
 * @part: is filled in
 *
 * Only the first descriptor of a frame uses its header buffer.  HDR_LEN is the
 * length of the headers, whatever the buffer has room for.
 **/
static void ixgbe_direct_complete_part(struct ixgbe_ring *ring,
				       const union ixgbe_adv_rx_desc *rx_desc,
				       struct packet_direct_part *part)
{
	struct packet_direct_queue *pdq = ring->direct;
	u32 len = le16_to_cpu(rx_desc->wb.upper.length);
	u64 lower = ixgbe_direct_lower(rx_desc);

	*part = (struct packet_direct_part) {
		.slot	 = packet_direct_complete(&pdq->slots),
		.payload = TPACKET4_SLOT_NONE,
	};
	if (!packet_direct_is_split(pdq)) {
		part->len = len;
		return;
	}

	part->payload = packet_direct_complete(&pdq->payload);
	part->payload_len = len;
	if (pdq->chain || pdq->skip)
		return;
	part->len = FIELD_GET(IXGBE_DIRECT_HDR_LEN, lower);
	part->flags = ixgbe_direct_split_flags(lower, len);
	if (part->len > pdq->slots.len) {
		part->len = pdq->slots.len;
		if (lower & IXGBE_DIRECT_SPH)
			part->flags = TPACKET4_SPLIT_TOO_LONG;
	}
}

/**
 * ixgbe_direct_read_stamp - the time stamp at the end of a frame
 * @pdq: lease
 * @clock: of this poll
 * @part: the frame's last part, without the stamp
 * @in_payload: that is where it is
 * @meta: is filled in, if the stamp is wanted and the CPU can read it
 **/
static void ixgbe_direct_read_stamp(const struct packet_direct_queue *pdq,
				    const struct ixgbe_direct_clock *clock,
				    const struct packet_direct_part *part,
				    bool in_payload,
				    struct packet_direct_meta *meta)
{
	const struct packet_direct_pool *pool = in_payload ? &pdq->payload :
							     &pdq->slots;
	u32 slot = in_payload ? part->payload : part->slot;
	u32 at = in_payload ? part->payload_len : part->len;

	/* the NIC is not believed, and a dma-buf is not read */
	if (!clock->wanted || !pool->cpu || at + IXGBE_TS_HDR_LEN > pool->len)
		return;

	packet_direct_sync(pdq, pool, slot, pool->len);
	meta->tstamp = ixgbe_direct_ns(clock,
				       ixgbe_direct_cycles(pool->cpu[slot] + at));
	meta->flags |= TPACKET4_TSTAMP_HW;
}

/**
 * ixgbe_direct_cut_stamp - take the time stamp off the end of a frame
 * @pdq: lease
 * @clock: of this poll
 * @part: the frame's last part
 * @meta: gets the stamp
 *
 * If it began in the slot before, there is no way back to take it out.
 *
 * Return: false when that or nothing is left
 **/
static bool ixgbe_direct_cut_stamp(const struct packet_direct_queue *pdq,
				   const struct ixgbe_direct_clock *clock,
				   struct packet_direct_part *part,
				   struct packet_direct_meta *meta)
{
	bool in_payload = part->payload_len;
	u32 *len = in_payload ? &part->payload_len : &part->len;

	if (*len < IXGBE_TS_HDR_LEN)
		return false;
	*len -= IXGBE_TS_HDR_LEN;
	if (!part->payload_len && part->flags == TPACKET4_SPLIT_DONE)
		part->flags = TPACKET4_SPLIT_NO_PAYLOAD;
	if (!part->payload_len && part->flags == TPACKET4_SPLIT_UNKNOWN)
		part->flags = TPACKET4_SPLIT_SHORT;
	ixgbe_direct_read_stamp(pdq, clock, part, in_payload, meta);
	return part->len || part->payload_len;
}

/**
 * ixgbe_direct_take_latched - the time stamp that the NIC has in a register
 * @ring: Rx ring
 * @clock: of this poll
 * @meta: is filled in, if the stamp is wanted
 *
 * 82599 and X540.  There is one register for all queues, and no other frame is
 * stamped before somebody has read it: so it is read, whoever wants the stamp.
 **/
static void ixgbe_direct_take_latched(struct ixgbe_ring *ring,
				      const struct ixgbe_direct_clock *clock,
				      struct packet_direct_meta *meta)
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
	if (!clock->wanted)
		return;
	meta->tstamp = ixgbe_direct_ns(clock, stamp);
	meta->flags |= TPACKET4_TSTAMP_HW;
}

/**
 * ixgbe_direct_frame_end - the last descriptor of a frame
 * @ring: Rx ring
 * @rx_desc: it
 * @staterr: its status and errors
 * @part: what it has
 * @clock: of this poll
 **/
static void ixgbe_direct_frame_end(struct ixgbe_ring *ring,
				   const union ixgbe_adv_rx_desc *rx_desc,
				   u32 staterr, struct packet_direct_part *part,
				   const struct ixgbe_direct_clock *clock)
{
	struct packet_direct_queue *pdq = ring->direct;
	u64 lower = ixgbe_direct_lower(rx_desc);
	struct packet_direct_meta meta = {
		.flags = ixgbe_direct_hash_flags[lower & IXGBE_RXDADV_RSSTYPE_MASK],
		.hash = ixgbe_direct_hash(lower),
	};

	meta.flags &= ~PACKET_DIRECT_WHOLE;

	/* X550: 8 bytes of time stamp after the frame; bit 15 is another one's
	 * on older MACs.  Whether it is on now says nothing of this frame.
	 */
	if (ixgbe_direct_is_x550(ring)) {
		if ((staterr & IXGBE_RXD_STAT_TSIP) &&
		    !ixgbe_direct_cut_stamp(pdq, clock, part, &meta))
			goto drop;
	} else if (staterr & IXGBE_RXDADV_STAT_TS) {
		ixgbe_direct_take_latched(ring, clock, &meta);
	}

	if (!(staterr & IXGBE_RXDADV_ERR_FRAME_ERR_MASK))
		meta.flags |= ixgbe_direct_checksum(ring, rx_desc, staterr);
	else if (ring->netdev->features & NETIF_F_RXALL)
		meta.flags |= TPACKET4_RX_ERROR;
	else
		goto drop;
	packet_direct_frame_end(pdq, part, &meta);
	return;

drop:
	packet_direct_drop(pdq, part, true, &pdq->drop_error);
}

/**
 * ixgbe_direct_clean_odd - deliver or drop what the next descriptor has
 * @ring: Rx ring
 * @poll: is counted up
 *
 * For what is not plain: parts of a frame and errors.
 *
 * Return: descriptors cleaned, 0 or 1
 **/
static noinline unsigned int
ixgbe_direct_clean_odd(struct ixgbe_ring *ring, struct ixgbe_direct_poll *poll)
{
	union ixgbe_adv_rx_desc *rx_desc;
	struct packet_direct_part part;
	u32 staterr;

	rx_desc = IXGBE_RX_DESC(ring, ring->next_to_clean);
	staterr = le32_to_cpu(READ_ONCE(rx_desc->wb.upper.status_error));
	if (!(staterr & IXGBE_RXDADV_STAT_DD) ||
	    !packet_direct_in_nic(&ring->direct->slots))
		return 0;

	/* no field of the descriptor before DD */
	dma_rmb();

	ixgbe_direct_advance(ring, 1);
	ixgbe_direct_complete_part(ring, rx_desc, &part);
	poll->bytes += part.len + part.payload_len;

	if (likely(staterr & IXGBE_RXDADV_STAT_EOP)) {
		poll->packets++;
		ixgbe_direct_frame_end(ring, rx_desc, staterr, &part,
				       &poll->clock);
	} else {
		ring->rx_stats.non_eop_descs++;
		packet_direct_part(ring->direct, &part);
	}
	return 1;
}

/**
 * ixgbe_clean_rx_irq_direct - poll the ring of a leased queue
 * @q_vector: structure containing interrupt and ring information
 * @ring: Rx ring
 * @budget: most descriptors to clean
 *
 * A ring without slots does not keep NAPI polling: the core schedules it when
 * there are new ones.
 *
 * Return: descriptors cleaned
 **/
int ixgbe_clean_rx_irq_direct(struct ixgbe_q_vector *q_vector,
			      struct ixgbe_ring *ring, const int budget)
{
	u32 batch = ixgbe_direct_batch(ring);
	struct ixgbe_direct_poll poll;
	int total = 0;

	ixgbe_direct_begin(ring, &poll, true);
	while (total < budget) {
		u32 max = min_t(u32, budget - total, batch);
		unsigned int cleaned;

		cleaned = ixgbe_direct_clean_plain(ring, max, &poll);
		if (!cleaned)
			cleaned = ixgbe_direct_clean_odd(ring, &poll);
		if (!cleaned)
			break;
		total += cleaned;

		if (ixgbe_desc_unused(ring) >= batch)
			ixgbe_direct_fill(ring, ixgbe_desc_unused(ring));
	}
	ixgbe_direct_end(ring, &poll);

	ixgbe_direct_refill(ring);
	return total;
}

/**
 * ixgbe_direct_drain - deliver what the NIC had finished when it was stopped
 * @ring: Rx ring of a leased queue, whose NAPI is disabled
 *
 * If it was stopped by a reset, its clock has begun anew, and its stamps say
 * nothing.
 **/
void ixgbe_direct_drain(struct ixgbe_ring *ring)
{
	struct ixgbe_direct_poll poll;
	u32 left = ring->count;
	unsigned int cleaned;

	local_bh_disable();
	ixgbe_direct_begin(ring, &poll, ring->direct_restarts);
	do {
		cleaned = ixgbe_direct_clean_plain(ring, left, &poll);
		if (!cleaned)
			cleaned = ixgbe_direct_clean_odd(ring, &poll);
		left -= cleaned;
	} while (cleaned && left);
	ixgbe_direct_end(ring, &poll);
	local_bh_enable();
}
