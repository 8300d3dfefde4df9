// SPDX-License-Identifier: GPL-2.0
/*
 * PACKET_RX_DIRECT: the poll of a leased queue, from slots for the NIC to frames
 * for user space.
 *
 * Frames that are whole in one slot, or pair of slots, and have nothing to look
 * at are cleaned in runs; the others one descriptor at a time.
 */
#include <linux/bitfield.h>

#include "ixgbe.h"
#include "ixgbe_direct.h"
#include "ixgbe_direct_stamp.h"
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

/* In the first word, hdr_info. */
#define IXGBE_DIRECT_SPH		BIT(31)
#define IXGBE_DIRECT_HDR_LEN		GENMASK(30, 21)

/* What a type of hash means for the header of a plain frame, whose other flags are
 * @whole.  The other types, among them the match of a Flow Director filter, have no
 * hash in the descriptor.
 */
#define IXGBE_DIRECT_FLAGS(whole) {					\
	[0 ... IXGBE_RXDADV_RSSTYPE_MASK]  = (whole),			\
	[IXGBE_RXDADV_RSSTYPE_IPV4_TCP]	   = (whole) | TPACKET4_HASH |	\
		TPACKET4_HASH_IPV4 | TPACKET4_HASH_TCP,			\
	[IXGBE_RXDADV_RSSTYPE_IPV4]	   = (whole) | TPACKET4_HASH |	\
		TPACKET4_HASH_IPV4,					\
	[IXGBE_RXDADV_RSSTYPE_IPV6_TCP]	   = (whole) | TPACKET4_HASH |	\
		TPACKET4_HASH_IPV6 | TPACKET4_HASH_TCP,			\
	[IXGBE_RXDADV_RSSTYPE_IPV6_EX]	   = (whole) | TPACKET4_HASH |	\
		TPACKET4_HASH_IPV6_EX,					\
	[IXGBE_RXDADV_RSSTYPE_IPV6]	   = (whole) | TPACKET4_HASH |	\
		TPACKET4_HASH_IPV6,					\
	[IXGBE_RXDADV_RSSTYPE_IPV6_TCP_EX] = (whole) | TPACKET4_HASH |	\
		TPACKET4_HASH_IPV6_EX | TPACKET4_HASH_TCP,		\
	[IXGBE_RXDADV_RSSTYPE_IPV4_UDP]	   = (whole) | TPACKET4_HASH |	\
		TPACKET4_HASH_IPV4 | TPACKET4_HASH_UDP,			\
	[IXGBE_RXDADV_RSSTYPE_IPV6_UDP]	   = (whole) | TPACKET4_HASH |	\
		TPACKET4_HASH_IPV6 | TPACKET4_HASH_UDP,			\
	[IXGBE_RXDADV_RSSTYPE_IPV6_UDP_EX] = (whole) | TPACKET4_HASH |	\
		TPACKET4_HASH_IPV6_EX | TPACKET4_HASH_UDP,		\
}

static const u32 ixgbe_direct_flags[IXGBE_RXDADV_RSSTYPE_MASK + 1] =
	IXGBE_DIRECT_FLAGS(PACKET_DIRECT_WHOLE);

/* The same with a stamp of the NIC. */
static const u32 ixgbe_direct_stamped_flags[IXGBE_RXDADV_RSSTYPE_MASK + 1] =
	IXGBE_DIRECT_FLAGS(PACKET_DIRECT_WHOLE ^ (TPACKET4_TSTAMP_SW |
						  TPACKET4_TSTAMP_HW));

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
 * @ring: Rx ring
 * @packets: cleaned so far
 * @bytes: of them
 * @clock: for the NIC's time stamps
 **/
struct ixgbe_direct_poll {
	struct ixgbe_ring *ring;
	u64 packets;
	u64 bytes;
	struct ixgbe_direct_clock clock;
};

/**
 * ixgbe_direct_write - let descriptors point to slots
 * @data: Rx ring
 * @at: the first descriptor
 * @slots: which ones
 * @payload: payload slots, NULL without header split
 * @count: how many; there is no wrap among them
 *
 * DD is in the second address.  Slots are aligned, so a header's address clears it.
 **/
static __always_inline void
ixgbe_direct_write(void *data, u32 at, const u32 *slots, const u32 *payload,
		   u32 count)
{
	struct ixgbe_ring *ring = data;
	union ixgbe_adv_rx_desc *rx_desc = IXGBE_RX_DESC(ring, at);
	const dma_addr_t *payload_dma = ring->direct->payload.dma;
	const dma_addr_t *dma = ring->direct->slots.dma;
	const u32 *end = slots + count;

	/* half of it is the loop otherwise */
	if (unlikely(payload)) {
#pragma GCC unroll 8
		for (; slots != end; slots++, payload++, rx_desc++) {
			rx_desc->read.pkt_addr = cpu_to_le64(payload_dma[*payload]);
			rx_desc->read.hdr_addr = cpu_to_le64(dma[*slots]);
		}
		return;
	}

#pragma GCC unroll 8
	for (; slots != end; slots++, rx_desc++) {
		rx_desc->read.pkt_addr = cpu_to_le64(dma[*slots]);
		rx_desc->read.hdr_addr = 0;
	}
}

/**
 * ixgbe_direct_batch - how many unused descriptors make a fill worth while
 * @ring: Rx ring
 *
 * Return: descriptors
 **/
static u32 ixgbe_direct_batch(const struct ixgbe_ring *ring)
{
	return min(ring->count / 4U, IXGBE_DIRECT_BATCH);
}

/**
 * ixgbe_direct_fill - packet_direct_nic.fill
 * @data: poll
 **/
static void ixgbe_direct_fill(void *data)
{
	struct ixgbe_direct_poll *poll = data;
	struct ixgbe_ring *ring = poll->ring;
	struct packet_direct_queue *pdq = ring->direct;
	u32 i, count = ixgbe_desc_unused(ring);

	if (count < ixgbe_direct_batch(ring))
		return;
	count = packet_direct_available(pdq, count);
	if (!count)
		return;
	if (unlikely(!packet_direct_in_nic(pdq)))
		ixgbe_direct_sync_missed(ring->q_vector->adapter, ring);

	i = packet_direct_fill(pdq, ring, ring->count, ring->next_to_use, count,
			       ixgbe_direct_write);

	/* one descriptor is always left: the poll ends there */
	IXGBE_RX_DESC(ring, i)->wb.upper.status_error = 0;

	ring->next_to_use = i;
	ring->next_to_alloc = i;
	/* writel() orders the descriptors before the tail */
	writel(i, ring->tail);
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
 * ixgbe_direct_lower - first word of a written descriptor, which the hash follows
 * @rx_desc: descriptor
 *
 * Return: packet info with the hash's type, and the header's
 **/
static u32 ixgbe_direct_lower(const union ixgbe_adv_rx_desc *rx_desc)
{
	return le32_to_cpu(rx_desc->wb.lower.lo_dword.data);
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
 * @rx_desc: written descriptor
 *
 * A load takes less than a shift and a copy of what is shifted.
 *
 * Return: the hash, if ixgbe_direct_flags says that there is one
 **/
static u32 ixgbe_direct_hash(const union ixgbe_adv_rx_desc *rx_desc)
{
	return le32_to_cpu(rx_desc->wb.lower.hi_dword.rss);
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
		    test_bit(__IXGBE_RX_CSUM_UDP_ZERO_ERR, ixgbe_ring_state(ring)))
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
 * ixgbe_direct_straight - how many descriptors can be cleaned one after the other
 * @ring: Rx ring
 * @max: at most so many
 *
 * A descriptor that the NIC does not have is not cleaned, even if it says that it
 * is done.
 *
 * Return: so many, before the ring wraps
 **/
static u32 ixgbe_direct_straight(const struct ixgbe_ring *ring, u32 max)
{
	return min3(max, (u32)ring->count - ring->next_to_clean,
		    packet_direct_in_nic(ring->direct));
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
	       (u64)(u16)-rounddown_pow_of_two(packet_direct_buffer_len(pdq)) <<
	       IXGBE_DIRECT_LEN_SHIFT;
}

/**
 * ixgbe_direct_run_stamp - the time stamp of the next frame of a run
 * @run: run
 * @clock: of this poll
 * @stamp: where the NIC put it
 * @plain: stamps are wanted, and their unit is a nanosecond; known when this is
 *	   compiled
 *
 * Return: true if the frame has it
 **/
static __always_inline bool
ixgbe_direct_run_stamp(struct packet_direct_run *run,
		       const struct ixgbe_direct_clock *clock,
		       const void *stamp, const bool plain)
{
	if (plain)
		run->tstamp = clock->offset + ixgbe_direct_cycles(stamp);
	else if (ixgbe_direct_clock_is_read(clock))
		run->tstamp = ixgbe_direct_ns(clock, ixgbe_direct_cycles(stamp));
	else
		return false;
	return true;
}

/**
 * ixgbe_direct_plain_flags - what the NIC says of a plain frame
 * @lower: first word of its descriptor
 * @upper: second half
 * @flags_of: by the type of its hash
 *
 * Return: TPACKET4_*
 **/
static u32 ixgbe_direct_plain_flags(u32 lower, u64 upper, const u32 *flags_of)
{
	u32 flags = upper & IXGBE_RXD_STAT_L4CS ? TPACKET4_CSUM_VALID : 0;

	return flags | flags_of[lower & IXGBE_RXDADV_RSSTYPE_MASK];
}

/**
 * ixgbe_direct_run_tee - frames of a run go on to the stack, if they are for this host
 * @ring: Rx ring, where the run begins
 * @for_host: a bit for each of them
 **/
static noinline void ixgbe_direct_run_tee(struct ixgbe_ring *ring, u64 for_host)
{
	const union ixgbe_adv_rx_desc *rx_desc;
	u32 lower, nr;
	u64 upper;

	for (; for_host; for_host &= for_host - 1) {
		nr = __ffs64(for_host);
		rx_desc = IXGBE_RX_DESC(ring, ring->next_to_clean + nr);
		lower = ixgbe_direct_lower(rx_desc);
		upper = ixgbe_direct_upper(rx_desc);
		packet_direct_run_tee(ring->direct, nr, 0,
				      (u16)(upper >> IXGBE_DIRECT_LEN_SHIFT),
				      ixgbe_direct_plain_flags(lower, upper,
							       ixgbe_direct_flags),
				      ixgbe_direct_hash(rx_desc));
	}
}

/**
 * ixgbe_direct_run_filter - ask the socket filter about the next frame of a run
 * @pdq: lease
 * @rx_desc: its descriptor
 * @slot: where it is
 * @len: its bytes
 * @upper: second half of the descriptor
 * @flags_of: by the type of its hash
 * @ask: which filter it is
 *
 * Return: how many bytes pass, perhaps more than it has; 0: it is refused
 **/
static __always_inline u32
ixgbe_direct_run_filter(struct packet_direct_queue *pdq,
			const union ixgbe_adv_rx_desc *rx_desc, u32 slot, u32 len,
			u64 upper, const u32 *flags_of,
			const enum packet_direct_ask ask)
{
	u32 lower;

	if (ask == PACKET_DIRECT_ASK_BARE ||
	    pdq->filter_view == PACKET_DIRECT_VIEW_BARE)
		return packet_direct_snaplen_bare(pdq, slot, len);
	lower = ixgbe_direct_lower(rx_desc);
	return packet_direct_snaplen(pdq, slot, len,
				     ixgbe_direct_plain_flags(lower, upper, flags_of),
				     ixgbe_direct_hash(rx_desc));
}

/**
 * ixgbe_direct_clean_run - deliver frames that are whole in one slot
 * @ring: Rx ring
 * @max: most descriptors to look at
 * @poll: is counted up
 * @ask: which socket filter each has to pass; known when this is compiled, as a rule
 * @stamps: what is behind each; known when this is compiled
 * @host: which of them go on to the stack; known when this is compiled
 *
 * Ends at the first descriptor that is not done, or that
 * ixgbe_direct_clean_odd() has to look at.
 *
 * Return: descriptors cleaned
 **/
static __always_inline unsigned int
ixgbe_direct_clean_run(struct ixgbe_ring *ring, u32 max,
		       struct ixgbe_direct_poll *poll,
		       const enum packet_direct_ask ask,
		       const enum ixgbe_direct_stamps stamps,
		       const enum packet_direct_host host)
{
	u64 upper, mask, plain, bytes = 0, refused_bytes = 0;
	struct packet_direct_queue *pdq = ring->direct;
	const union ixgbe_adv_rx_desc *rx_desc;
	const u32 *flags_of = ixgbe_direct_flags;
	struct packet_direct_run run __uninitialized;
	void * const *cpu = pdq->slots.cpu;
	u32 lower, flags, hash, keep;
	unsigned long slot;
	s64 len;

	max = ixgbe_direct_straight(ring, max);
	max = host ? packet_direct_run_begin_stack(pdq, &run, max, true) :
		     packet_direct_run_begin(pdq, &run, max, true);
	rx_desc = IXGBE_RX_DESC(ring, ring->next_to_clean);
	mask = ixgbe_direct_plain(pdq, stamps, &plain);
	/* one register, in place of two that are added up for each frame */
	if (ask)
		OPTIMIZER_HIDE_VAR(run.home);

	for (; max; max--, rx_desc++) {
		upper = ixgbe_direct_upper(rx_desc);
		if ((upper & mask) != plain)
			break;

		/* no field of the descriptor before DD */
		dma_rmb();

		len = (u16)(upper >> IXGBE_DIRECT_LEN_SHIFT);
		slot = packet_direct_run_slot(&run);
		/* one register: a number and an index of memory */
		if (stamps || host == PACKET_DIRECT_HOST_FEW)
			OPTIMIZER_HIDE_VAR(slot);
		if (stamps) {
			len -= IXGBE_TS_HDR_LEN;
			if (unlikely(len <= 0))
				break;
			if (ixgbe_direct_run_stamp(&run, &poll->clock,
						   pdq->slots.cpu[slot] + len,
						   stamps == IXGBE_DIRECT_STAMPS))
				flags_of = ixgbe_direct_stamped_flags;
		}
		keep = len;
		/* before what would have to be saved */
		if (ask)
			keep = ixgbe_direct_run_filter(pdq, rx_desc, slot, len,
						       upper, flags_of, ask);
		lower = ixgbe_direct_lower(rx_desc);
		flags = ixgbe_direct_plain_flags(lower, upper, flags_of);
		hash = ixgbe_direct_hash(rx_desc);
		if (host == PACKET_DIRECT_HOST_ASK)
			packet_direct_ask_host(pdq, slot, 0, len, flags, hash,
					       keep);
		if (ask && !keep) {
			packet_direct_run_reject(pdq, &run, slot);
			refused_bytes += len;
			continue;
		}
		if (host == PACKET_DIRECT_HOST_FEW)
			packet_direct_run_look(&run, cpu[slot]);
		packet_direct_run_frame(pdq, &run, slot, 0, len, keep, flags,
					hash);
		bytes += len;
	}

	if (host == PACKET_DIRECT_HOST_FEW && unlikely(run.for_host))
		ixgbe_direct_run_tee(ring, run.for_host);
	packet_direct_run_end(pdq, &run, bytes);
	ixgbe_direct_advance(ring, run.count + run.refused);
	poll->packets += run.count + run.refused;
	poll->bytes += bytes + refused_bytes;
	return run.count + run.refused;
}

/* The same with a filter, for the stack too, with time stamps, and with whatever else. */
static noinline unsigned int
ixgbe_direct_clean_filtered(struct ixgbe_ring *ring, u32 max,
			    struct ixgbe_direct_poll *poll)
{
	return ixgbe_direct_clean_run(ring, max, poll, PACKET_DIRECT_ASK_BARE,
				      IXGBE_DIRECT_NO_STAMPS,
				      PACKET_DIRECT_HOST_NONE);
}

static noinline unsigned int
ixgbe_direct_clean_described(struct ixgbe_ring *ring, u32 max,
			     struct ixgbe_direct_poll *poll)
{
	return ixgbe_direct_clean_run(ring, max, poll, PACKET_DIRECT_ASK_ANY,
				      IXGBE_DIRECT_NO_STAMPS,
				      PACKET_DIRECT_HOST_NONE);
}

static noinline unsigned int
ixgbe_direct_clean_tee(struct ixgbe_ring *ring, u32 max,
		       struct ixgbe_direct_poll *poll)
{
	return ixgbe_direct_clean_run(ring, max, poll, PACKET_DIRECT_ASK_NONE,
				      IXGBE_DIRECT_NO_STAMPS,
				      PACKET_DIRECT_HOST_FEW);
}

static noinline unsigned int
ixgbe_direct_clean_asked(struct ixgbe_ring *ring, u32 max,
			 struct ixgbe_direct_poll *poll)
{
	return ixgbe_direct_clean_run(ring, max, poll,
				      packet_direct_asks(ring->direct),
				      IXGBE_DIRECT_NO_STAMPS,
				      PACKET_DIRECT_HOST_ASK);
}

static noinline unsigned int
ixgbe_direct_clean_stamped(struct ixgbe_ring *ring, u32 max,
			   struct ixgbe_direct_poll *poll)
{
	return ixgbe_direct_clean_run(ring, max, poll, PACKET_DIRECT_ASK_NONE,
				      IXGBE_DIRECT_STAMPS,
				      PACKET_DIRECT_HOST_NONE);
}

static noinline unsigned int
ixgbe_direct_clean_stamped_odd(struct ixgbe_ring *ring, u32 max,
			       struct ixgbe_direct_poll *poll)
{
	return ixgbe_direct_clean_run(ring, max, poll,
				      packet_direct_asks(ring->direct),
				      IXGBE_DIRECT_STAMPS_ODD,
				      PACKET_DIRECT_HOST_NONE);
}

/**
 * ixgbe_direct_split_flags - where the parts of a frame are, and why
 * @lower: first word of its first descriptor
 * @payload_len: bytes of its payload
 *
 * SPH is a sign: it chooses without being compared.
 *
 * Return: TPACKET4_SPLIT_*
 **/
static u32 ixgbe_direct_split_flags(u32 lower, u32 payload_len)
{
	s32 sph = (s32)(lower & IXGBE_DIRECT_SPH) >> 31;

	if (payload_len)
		return TPACKET4_SPLIT_UNKNOWN +
		       (sph & (TPACKET4_SPLIT_DONE - TPACKET4_SPLIT_UNKNOWN));
	return TPACKET4_SPLIT_SHORT +
	       (sph & (TPACKET4_SPLIT_NO_PAYLOAD - TPACKET4_SPLIT_SHORT));
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
	const union ixgbe_adv_rx_desc *rx_desc;
	u64 upper, mask, plain, bytes = 0;
	const u32 header_max = pdq->slots.len;
	struct packet_direct_run run __uninitialized;
	u32 lower, flags, header, payload;

	max = ixgbe_direct_straight(ring, max);
	max = packet_direct_run_begin(pdq, &run, max, true);
	rx_desc = IXGBE_RX_DESC(ring, ring->next_to_clean);
	mask = ixgbe_direct_plain(pdq, false, &plain);

	for (; max; max--, rx_desc++) {
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
		flags += ixgbe_direct_flags[lower & IXGBE_RXDADV_RSSTYPE_MASK];
		flags += ixgbe_direct_split_flags(lower, payload);
		packet_direct_run_split(pdq, &run, packet_direct_run_slot(&run),
					header, packet_direct_run_payload(&run),
					payload, flags, ixgbe_direct_hash(rx_desc));
		bytes += header + payload;
	}

	packet_direct_run_end(pdq, &run, bytes);
	ixgbe_direct_advance(ring, run.count);
	poll->packets += run.count;
	poll->bytes += bytes;
	return run.count;
}

/**
 * ixgbe_direct_is_stamped - is there a time stamp behind a frame
 * @ring: Rx ring
 * @staterr: status and errors of its last descriptor
 *
 * On MACs before the X550 bit 15 means something else.
 *
 * Return: true if so
 **/
static bool ixgbe_direct_is_stamped(const struct ixgbe_ring *ring, u32 staterr)
{
	return staterr & IXGBE_RXD_STAT_TSIP && ixgbe_direct_is_x550(ring);
}

/**
 * ixgbe_direct_clean_plain - deliver frames that are whole in one slot, or pair
 * @ring: Rx ring
 * @max: most descriptors to look at
 * @staterr: status and errors of the next one, which is done
 * @poll: is counted up
 *
 * Return: descriptors cleaned
 **/
static __always_inline unsigned int
ixgbe_direct_clean_plain(struct ixgbe_ring *ring, u32 max, u32 staterr,
			 struct ixgbe_direct_poll *poll)
{
	struct packet_direct_queue *pdq = ring->direct;

	if (unlikely(packet_direct_is_split(pdq)))
		return pdq->filter ? 0 : ixgbe_direct_clean_split(ring, max, poll);
	if (unlikely(ixgbe_direct_is_stamped(ring, staterr))) {
		ixgbe_direct_want_clock(ring, &poll->clock);
		return pdq->filter || poll->clock.state != IXGBE_DIRECT_CLOCK_NS ?
		       ixgbe_direct_clean_stamped_odd(ring, max, poll) :
		       ixgbe_direct_clean_stamped(ring, max, poll);
	}
	if (unlikely(pdq->filter))
		return pdq->filter_view == PACKET_DIRECT_VIEW_BARE ?
		       ixgbe_direct_clean_filtered(ring, max, poll) :
		       ixgbe_direct_clean_described(ring, max, poll);
	return ixgbe_direct_clean_run(ring, max, poll, PACKET_DIRECT_ASK_NONE,
				      IXGBE_DIRECT_NO_STAMPS,
				      PACKET_DIRECT_HOST_NONE);
}

/**
 * ixgbe_direct_read_buf - what one descriptor has of a frame
 * @ring: Rx ring
 * @rx_desc: descriptor, which is done
 * @buf: is filled in
 *
 * Only the first descriptor of a frame uses its header buffer.  HDR_LEN is the
 * length of the headers, whatever the buffer has room for.
 **/
static void ixgbe_direct_read_buf(struct ixgbe_ring *ring,
				  const union ixgbe_adv_rx_desc *rx_desc,
				  struct packet_direct_buf *buf)
{
	struct packet_direct_queue *pdq = ring->direct;
	u32 len = le16_to_cpu(rx_desc->wb.upper.length);
	u32 lower = ixgbe_direct_lower(rx_desc);

	*buf = (struct packet_direct_buf) {
		.slot = packet_direct_oldest(&pdq->slots),
	};
	if (!packet_direct_is_split(pdq)) {
		buf->len = len;
		return;
	}

	buf->payload = packet_direct_oldest(&pdq->payload);
	buf->payload_len = len;
	if (pdq->chain || pdq->skip)
		return;
	buf->len = FIELD_GET(IXGBE_DIRECT_HDR_LEN, lower);
	buf->flags = ixgbe_direct_split_flags(lower, len);
	if (buf->len > pdq->slots.len) {
		buf->len = pdq->slots.len;
		if (lower & IXGBE_DIRECT_SPH)
			buf->flags = TPACKET4_SPLIT_TOO_LONG;
	}
}

/**
 * ixgbe_direct_read_end - what the last descriptor of a frame says about it
 * @ring: Rx ring
 * @rx_desc: it
 * @staterr: its status and errors
 * @clock: of this poll
 * @buf: is completed
 **/
static void ixgbe_direct_read_end(struct ixgbe_ring *ring,
				  const union ixgbe_adv_rx_desc *rx_desc,
				  u32 staterr, struct ixgbe_direct_clock *clock,
				  struct packet_direct_buf *buf)
{
	u32 lower = ixgbe_direct_lower(rx_desc);

	buf->last = true;
	/* X550: 8 bytes of time stamp after the frame; bit 15 is another one's
	 * on older MACs.  Whether it is on now says nothing of this frame.
	 */
	if (ixgbe_direct_is_x550(ring)) {
		if (staterr & IXGBE_RXD_STAT_TSIP)
			buf->bad = !ixgbe_direct_cut_stamp(ring, clock, buf);
	} else if (staterr & IXGBE_RXDADV_STAT_TS) {
		ixgbe_direct_take_latched(ring, clock, buf);
	}

	buf->flags |= ixgbe_direct_flags[lower & IXGBE_RXDADV_RSSTYPE_MASK];
	buf->hash = ixgbe_direct_hash(rx_desc);
	if (!(staterr & IXGBE_RXDADV_ERR_FRAME_ERR_MASK))
		buf->flags |= ixgbe_direct_checksum(ring, rx_desc, staterr);
	else if (ring->netdev->features & NETIF_F_RXALL)
		buf->flags |= TPACKET4_RX_ERROR;
	else
		buf->bad = true;
}

/**
 * ixgbe_direct_clean_odd - deliver what the next descriptor has
 * @ring: Rx ring
 * @staterr: its status and errors, with DD
 * @poll: is counted up
 *
 * For what is not plain: parts of a frame and errors.
 *
 * Return: descriptors cleaned, 0 when the NIC does not have that one
 **/
static noinline unsigned int
ixgbe_direct_clean_odd(struct ixgbe_ring *ring, u32 staterr,
		       struct ixgbe_direct_poll *poll)
{
	const union ixgbe_adv_rx_desc *rx_desc;
	struct packet_direct_buf buf;

	if (!packet_direct_in_nic(ring->direct))
		return 0;

	/* no field of the descriptor before DD */
	dma_rmb();

	rx_desc = IXGBE_RX_DESC(ring, ring->next_to_clean);
	ixgbe_direct_advance(ring, 1);
	ixgbe_direct_read_buf(ring, rx_desc, &buf);
	poll->bytes += buf.len + buf.payload_len;

	if (likely(staterr & IXGBE_RXDADV_STAT_EOP)) {
		poll->packets++;
		ixgbe_direct_read_end(ring, rx_desc, staterr, &poll->clock, &buf);
	} else {
		ring->rx_stats.non_eop_descs++;
	}
	packet_direct_deliver(ring->direct, &buf, 1);
	return 1;
}

/**
 * ixgbe_direct_clean - packet_direct_nic.clean
 * @data: poll
 * @max: most descriptors to look at
 *
 * Return: descriptors cleaned, 0: none is done
 **/
static u32 ixgbe_direct_clean(void *data, u32 max)
{
	struct ixgbe_direct_poll *poll = data;
	struct ixgbe_ring *ring = poll->ring;
	u64 upper;

	/* most polls end here */
	upper = ixgbe_direct_upper(IXGBE_RX_DESC(ring, ring->next_to_clean));
	if (!(upper & IXGBE_RXDADV_STAT_DD))
		return 0;
	return ixgbe_direct_clean_plain(ring, max, upper, poll) ?:
	       ixgbe_direct_clean_odd(ring, upper, poll);
}

/**
 * ixgbe_direct_clean_stack - the same for a lease whose frames go on to the stack
 * @data: poll
 * @max: most descriptors to look at
 *
 * Return: descriptors cleaned, 0: none is done
 **/
static u32 ixgbe_direct_clean_stack(void *data, u32 max)
{
	struct ixgbe_direct_poll *poll = data;
	struct ixgbe_ring *ring = poll->ring;
	u32 cleaned = 0;
	u64 upper;

	upper = ixgbe_direct_upper(IXGBE_RX_DESC(ring, ring->next_to_clean));
	if (!(upper & IXGBE_RXDADV_STAT_DD))
		return 0;
	if (ring->direct->stack_run)
		cleaned = ring->direct->tee_run ?
			  ixgbe_direct_clean_tee(ring, max, poll) :
			  ixgbe_direct_clean_asked(ring, max, poll);
	return cleaned ?: ixgbe_direct_clean_odd(ring, upper, poll);
}

/* Not by an initialiser: most of the clock is read only when stamps are wanted. */
static void ixgbe_direct_init_poll(struct ixgbe_direct_poll *poll,
				   struct ixgbe_ring *ring,
				   enum ixgbe_direct_clock_state state)
{
	poll->ring = ring;
	poll->packets = 0;
	poll->bytes = 0;
	poll->clock.state = state;
}

static const struct packet_direct_nic ixgbe_direct_nic = {
	.clean	= ixgbe_direct_clean,
	.fill	= ixgbe_direct_fill,
};

static const struct packet_direct_nic ixgbe_direct_stack_nic = {
	.clean	= ixgbe_direct_clean_stack,
	.fill	= ixgbe_direct_fill,
};

/**
 * ixgbe_direct_refill - give slots to a ring that starts
 * @ring: Rx ring of a leased queue
 **/
void ixgbe_direct_refill(struct ixgbe_ring *ring)
{
	struct ixgbe_direct_poll poll;

	ixgbe_direct_init_poll(&poll, ring, IXGBE_DIRECT_CLOCK_NONE);
	packet_direct_refill(ring->direct, &ixgbe_direct_nic, &poll);
}

/**
 * ixgbe_clean_rx_irq_direct - poll the ring of a leased queue
 * @q_vector: structure containing interrupt and ring information
 * @ring: Rx ring
 * @budget: most descriptors to clean
 *
 * Return: descriptors cleaned
 **/
int ixgbe_clean_rx_irq_direct(struct ixgbe_q_vector *q_vector,
			      struct ixgbe_ring *ring, const int budget)
{
	struct ixgbe_direct_poll poll;
	u32 batch = ixgbe_direct_batch(ring);
	int cleaned;

	ixgbe_direct_init_poll(&poll, ring, IXGBE_DIRECT_CLOCK_UNREAD);
	if (unlikely(packet_direct_has_stack(ring->direct)))
		cleaned = packet_direct_napi_poll(ring->direct,
						  &ixgbe_direct_stack_nic, &poll,
						  budget, batch);
	else
		cleaned = packet_direct_napi_poll(ring->direct, &ixgbe_direct_nic,
						  &poll, budget, batch);
	ixgbe_update_rx_ring_stats(ring, q_vector, poll.packets, poll.bytes);
	return cleaned;
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

	ixgbe_direct_init_poll(&poll, ring,
			       ring->direct_restarts ? IXGBE_DIRECT_CLOCK_UNREAD :
						       IXGBE_DIRECT_CLOCK_NONE);
	packet_direct_drain(ring->direct, &ixgbe_direct_nic, &poll, ring->count);
	local_bh_disable();
	ixgbe_update_rx_ring_stats(ring, ring->q_vector, poll.packets,
				   poll.bytes);
	local_bh_enable();
}
