// SPDX-License-Identifier: GPL-2.0
/*
 * PACKET_RX_DIRECT: the poll of a leased queue, from slots for the NIC to frames
 * for user space.
 *
 * Frames that are whole in one slot, or pair of slots, and have nothing to look
 * at are cleaned in runs; the others one completion at a time.
 */
#include <linux/bitfield.h>
#include <linux/if_ether.h>

#include "gve.h"
#include "gve_direct.h"
#include "gve_direct_base.h"
#include "gve_dqo.h"

/* completions after which the NIC is given slots again, at most */
#define GVE_DIRECT_BATCH	64U

/* The first two words of struct gve_rx_compl_desc_dqo, which are looked at as such
 * where it matters; gve is for little-endian machines alone.
 */
#define GVE_DIRECT_EX_ADD	BIT_ULL(9)
#define GVE_DIRECT_ERROR	BIT_ULL(10)
#define GVE_DIRECT_TYPE		GENMASK_ULL(25, 16)
#define GVE_DIRECT_LEN		GENMASK_ULL(45, 32)
#define GVE_DIRECT_GENERATION	BIT_ULL(46)
#define GVE_DIRECT_HDR_LEN	GENMASK_ULL(57, 48)
#define GVE_DIRECT_RSC		BIT_ULL(58)
#define GVE_DIRECT_SPLIT	BIT_ULL(59)

#define GVE_DIRECT_END		BIT_ULL(1)
#define GVE_DIRECT_OVERFLOW	BIT_ULL(2)
#define GVE_DIRECT_PROCESSED	BIT_ULL(3)
#define GVE_DIRECT_CSUM_ERRORS	GENMASK_ULL(7, 4)
#define GVE_DIRECT_BUF_ID	GENMASK_ULL(47, 32)

/* What is the same for all frames that are whole in one slot, or pair of slots,
 * with nothing to look at.
 */
#define GVE_DIRECT_PLAIN_LOWER	(GVE_DIRECT_EX_ADD | GVE_DIRECT_ERROR | \
				 GVE_DIRECT_GENERATION | GVE_DIRECT_RSC | \
				 GVE_DIRECT_SPLIT)
#define GVE_DIRECT_PLAIN_UPPER	(GVE_DIRECT_END | GVE_DIRECT_OVERFLOW | \
				 GVE_DIRECT_CSUM_ERRORS)

/* What the packet type map says of a frame; the device fills it in. */
#define GVE_DIRECT_TYPES	8

/* Of a type that the map does not know nothing is said but this. */
#define GVE_DIRECT_ANY_TYPE	((u64)PACKET_DIRECT_WHOLE)
#define GVE_DIRECT_PROTOCOL	GENMASK_ULL(47, 32)

static const u32 gve_direct_l3_flags[GVE_DIRECT_TYPES] = {
	[GVE_L3_TYPE_IPV4] = TPACKET4_PROTOCOL | TPACKET4_HASH |
			     TPACKET4_HASH_IPV4,
	[GVE_L3_TYPE_IPV6] = TPACKET4_PROTOCOL | TPACKET4_HASH |
			     TPACKET4_HASH_IPV6,
};

static const __be16 gve_direct_l3_protocol[GVE_DIRECT_TYPES] = {
	[GVE_L3_TYPE_IPV4] = cpu_to_be16(ETH_P_IP),
	[GVE_L3_TYPE_IPV6] = cpu_to_be16(ETH_P_IPV6),
};

static const u32 gve_direct_l4_flags[GVE_DIRECT_TYPES] = {
	[GVE_L4_TYPE_TCP]  = TPACKET4_CSUM_VALID | TPACKET4_HASH_TCP,
	[GVE_L4_TYPE_UDP]  = TPACKET4_CSUM_VALID | TPACKET4_HASH_UDP,
	[GVE_L4_TYPE_ICMP] = TPACKET4_CSUM_VALID,
	[GVE_L4_TYPE_SCTP] = TPACKET4_CSUM_VALID,
};

/**
 * gve_direct_type_entry() - an entry of gve_ptype_lut.direct
 * @type: what the map says of a packet type
 *
 * Return: TPACKET4_* of a plain frame of that type without errors, and its ethertype
 */
static u64 gve_direct_type_entry(const struct gve_ptype *type)
{
	u64 flags, protocol;

	if ((type->l3_type | type->l4_type) >= GVE_DIRECT_TYPES)
		return GVE_DIRECT_ANY_TYPE;
	flags = gve_direct_l3_flags[type->l3_type] | gve_direct_l4_flags[type->l4_type];
	protocol = (__force u16)gve_direct_l3_protocol[type->l3_type];
	return GVE_DIRECT_ANY_TYPE | flags | FIELD_PREP(GVE_DIRECT_PROTOCOL, protocol);
}

/**
 * gve_direct_read_types() - make of the packet type map what a leased queue looks at
 * @priv: device, which has given the map
 *
 * Other queues may look at it already: nothing is written that is there.
 */
void gve_direct_read_types(struct gve_priv *priv)
{
	struct gve_ptype_lut *lut = priv->ptype_lut_dqo;
	u64 entry;
	u32 i;

	for (i = 0; i < GVE_NUM_PTYPES; i++) {
		entry = gve_direct_type_entry(&lut->ptypes[i]);
		if (lut->direct[i] != entry)
			lut->direct[i] = entry;
	}
}

/**
 * struct gve_direct_poll - one poll, and what it got
 * @rx: Rx ring
 * @packets: frames
 * @bytes: bytes of them
 * @errors: completions that no frame could be made of
 */
struct gve_direct_poll {
	struct gve_rx_ring *rx;
	u32 packets;
	u32 errors;
	u64 bytes;
};

/**
 * gve_direct_describe() - gve_direct_write(), with header split or without
 * @rx: Rx ring
 * @at: as for gve_direct_write(), and so are the next three
 * @slots: slots
 * @payload: payload slots
 * @count: how many
 * @split: with header split; known when this is compiled
 */
static __always_inline void
gve_direct_describe(struct gve_rx_ring *rx, u32 at, const u32 *slots,
		    const u32 *payload, u32 count, const bool split)
{
	struct gve_rx_desc_dqo *desc = &rx->dqo.bufq.desc_ring[at];
	struct gve_rx_buf_state_dqo *buf, *bufs = rx->dqo.buf_states;
	const dma_addr_t *payload_dma = rx->direct->payload.dma;
	const dma_addr_t *dma = rx->direct->slots.dma;
	long next, id = rx->dqo.free_buf_states;
	u32 i, header, data;

#pragma GCC unroll 8
	for (i = 0; i < count; i++, desc++, id = next) {
		buf = &bufs[id];
		next = buf->next;
		buf->next = id;
		header = slots[i];
		buf->slot = header;
		desc->buf_id = cpu_to_le16(id);
		if (split) {
			data = payload[i];
			buf->payload = data;
			desc->header_buf_addr = cpu_to_le64(dma[header]);
			desc->buf_addr = cpu_to_le64(payload_dma[data]);
		} else {
			desc->buf_addr = cpu_to_le64(dma[header]);
		}
	}
	rx->dqo.free_buf_states = id;
}

/**
 * gve_direct_write() - fill descriptors in
 * @data: Rx ring, with as many free buffers
 * @at: the first descriptor
 * @slots: slots, whose DMA addresses the NIC gets
 * @payload: payload slots, NULL without header split
 * @count: how many; there is no wrap among them
 */
static __always_inline void gve_direct_write(void *data, u32 at, const u32 *slots,
					     const u32 *payload, u32 count)
{
	if (payload)
		gve_direct_describe(data, at, slots, payload, count, true);
	else
		gve_direct_describe(data, at, slots, NULL, count, false);
}

/**
 * gve_direct_fill() - packet_direct_nic.fill
 * @data: poll
 *
 * Below pdq->low the ring is filled in steps as small as the doorbell allows:
 * packet_direct_must_refill() asks again until the core has no more slots.
 */
static void gve_direct_fill(void *data)
{
	struct gve_direct_poll *poll = data;
	struct gve_rx_ring *rx = poll->rx;
	struct gve_rx_buf_queue_dqo *bufq = &rx->dqo.bufq;
	struct packet_direct_queue *pdq = rx->direct;
	u32 in_nic = packet_direct_in_nic(pdq);
	u32 count = bufq->mask - in_nic;

	if (count < GVE_RX_BUF_THRESH_DQO)
		return;

	count = packet_direct_available(pdq, count);
	if (in_nic < max(pdq->low, GVE_RX_BUF_THRESH_DQO))
		count = round_down(count, GVE_DIRECT_POST);
	else
		count = round_down(count, GVE_RX_BUF_THRESH_DQO);
	if (!count)
		return;

	rx->fill_cnt += count;
	bufq->tail = packet_direct_fill(pdq, rx, bufq->mask + 1, bufq->tail,
					count, gve_direct_write);

	/* iowrite32() orders the descriptors before the doorbell */
	gve_rx_write_doorbell_dqo(rx->gve, rx->q_num);
}

/**
 * gve_direct_done() - has the NIC written a completion
 * @rx: Rx ring
 * @desc: where
 *
 * Return: true if so, and its fields can be read
 */
static bool gve_direct_done(const struct gve_rx_ring *rx,
			    const struct gve_rx_compl_desc_dqo *desc)
{
	if (desc->generation == rx->dqo.complq.cur_gen_bit)
		return false;

	/* no other field before the generation bit */
	dma_rmb();
	return true;
}

/**
 * gve_direct_advance() - completions have been cleaned
 * @rx: Rx ring
 * @count: how many, not beyond the ring's end
 */
static void gve_direct_advance(struct gve_rx_ring *rx, unsigned int count)
{
	struct gve_rx_compl_queue_dqo *complq = &rx->dqo.complq;
	u32 head = complq->head + count;

	complq->head = head & complq->mask;
	complq->cur_gen_bit ^= head > complq->mask;
	rx->cnt += count;
}

/**
 * gve_direct_lower() - first word of a completion
 * @desc: completion
 *
 * In one piece, so that the rest of it is as new as the generation bit.
 *
 * Return: lengths, packet type, and what is unusual
 */
static u64 gve_direct_lower(const struct gve_rx_compl_desc_dqo *desc)
{
	return le64_to_cpu(READ_ONCE(*(const __le64 *)desc));
}

/**
 * gve_direct_upper() - second word of a completion
 * @desc: completion, which is done
 *
 * Return: what was found out about checksums, and the buffer id
 */
static u64 gve_direct_upper(const struct gve_rx_compl_desc_dqo *desc)
{
	return le64_to_cpu(READ_ONCE(((const __le64 *)desc)[1]));
}

/**
 * gve_direct_field() - a field of a completion
 * @desc: completion, which is done
 * @word: which word it is in
 * @mask: where in it, from a multiple of 16 bits on; known when this is compiled
 *
 * A load of 16 bits takes less than a shift.
 *
 * Return: the field
 */
static __always_inline u32
gve_direct_field(const struct gve_rx_compl_desc_dqo *desc, const u32 word,
		 const u64 mask)
{
	const __le16 *pieces = (const __le16 *)desc + word * 4;

	BUILD_BUG_ON(__bf_shf(mask) % 16);
	return le16_to_cpu(READ_ONCE(pieces[__bf_shf(mask) / 16])) &
	       (mask >> __bf_shf(mask));
}

/**
 * gve_direct_split_flags() - what there is to say of a frame that was split
 * @payload_len: bytes of its payload
 *
 * Return: TPACKET4_SPLIT_*
 */
static u32 gve_direct_split_flags(u32 payload_len)
{
	return likely(payload_len) ? TPACKET4_SPLIT_DONE :
				     TPACKET4_SPLIT_NO_PAYLOAD;
}

/**
 * gve_direct_take() - take the buffer that a completion is about
 * @bufs: states of the ring's buffers
 * @nr: how many
 * @id: its buffer id
 * @free: head of the list of free buffers
 *
 * The NIC completes in any order. It is not believed: a buffer id counts once for
 * each time that it was posted.
 *
 * Return: false when the NIC does not have that buffer
 */
static __always_inline bool
gve_direct_take(struct gve_rx_buf_state_dqo *bufs, u32 nr, u32 id, s16 *free)
{
	if (unlikely(id >= nr || bufs[id].next != (s16)id))
		return false;

	bufs[id].next = *free;
	*free = id;
	return true;
}

/**
 * gve_direct_read_buf() - what one completion has of a frame
 * @rx: Rx ring
 * @desc: completion
 * @buf: is filled in
 *
 * Return: false when it is of a buffer that the NIC does not have
 */
static bool gve_direct_read_buf(struct gve_rx_ring *rx,
				const struct gve_rx_compl_desc_dqo *desc,
				struct packet_direct_buf *buf)
{
	struct gve_rx_buf_state_dqo *bufs = rx->dqo.buf_states;
	u32 id = le16_to_cpu(READ_ONCE(desc->buf_id));

	*buf = (struct packet_direct_buf) {
		.slot = TPACKET4_SLOT_NONE,
		.last = desc->end_of_packet,
	};
	if (unlikely(!gve_direct_take(bufs, rx->dqo.num_buf_states, id,
				      &rx->dqo.free_buf_states)))
		return false;

	buf->slot = bufs[id].slot;
	if (!packet_direct_is_split(rx->direct)) {
		buf->len = desc->packet_len;
		return true;
	}

	buf->payload = bufs[id].payload;
	buf->payload_len = desc->packet_len;
	if (desc->split_header && desc->header_buffer_overflow) {
		buf->flags = TPACKET4_SPLIT_TOO_LONG;
	} else if (!desc->split_header || !desc->header_len) {
		buf->flags = TPACKET4_SPLIT_UNKNOWN;
	} else {
		buf->len = desc->header_len;
		buf->flags = gve_direct_split_flags(buf->payload_len);
	}
	return true;
}

/**
 * gve_direct_type() - what the packet type says
 * @types: gve_ptype_lut.direct
 * @packet_type: of the last completion of a frame
 * @processed: the NIC has looked at the checksums
 * @protocol: ethertype, or 0
 *
 * Return: PACKET_DIRECT_WHOLE and TPACKET4_* for a frame without errors
 */
static __always_inline u32
gve_direct_type(const u64 *types, u32 packet_type, bool processed, __be16 *protocol)
{
	u64 entry = types[packet_type];
	u32 flags = entry;

	*protocol = (__force __be16)(entry >> 32);
	if (unlikely(!processed)) {
		flags &= ~TPACKET4_CSUM_VALID;
		/* a jump: without one, all frames pay for both values */
		OPTIMIZER_HIDE_VAR(flags);
	}
	return flags;
}

/**
 * gve_direct_checksum() - what the NIC found out about checksums
 * @desc: last completion of a frame
 * @flags: TPACKET4_* by its packet type
 * @protocol: its ethertype
 *
 * By the rules of gve_rx_skb_csum(): the NIC is not believed about IPv6 with a
 * routing or destination options header. NETIF_F_RXCSUM does not matter, as it is
 * about what the stack wants to be told.
 *
 * Return: @flags as they have to be for this frame
 */
static u32 gve_direct_checksum(const struct gve_rx_compl_desc_dqo *desc,
			       u32 flags, __be16 protocol)
{
	bool ipv6 = protocol == cpu_to_be16(ETH_P_IPV6);

	if (!desc->l3_l4_processed)
		return flags;
	if (ipv6 && desc->ipv6_ex_add)
		return flags & ~TPACKET4_CSUM_VALID;
	if (desc->csum_l4_err || desc->csum_external_udp_err ||
	    (!ipv6 && (desc->csum_ip_err || desc->csum_external_ip_err)))
		return (flags & ~TPACKET4_CSUM_VALID) | TPACKET4_CSUM_BAD;
	return flags;
}

/**
 * gve_direct_wants_stamps() - do the frames of this poll get the NIC's time stamps
 * @rx: Rx ring
 *
 * Return: true if so
 */
static bool gve_direct_wants_stamps(const struct gve_rx_ring *rx)
{
	return rx->direct->hw_tstamp && gve_direct_has_stamps(rx->gve);
}

/**
 * gve_direct_run_stamp() - the time stamp of the next frame of a run
 * @rx: Rx ring
 * @desc: its completion
 * @run: gets the stamp: the NIC's, or that of the poll
 *
 * Return: what changes in PACKET_DIRECT_WHOLE
 */
static __always_inline u32
gve_direct_run_stamp(const struct gve_rx_ring *rx,
		     const struct gve_rx_compl_desc_dqo *desc,
		     struct packet_direct_run *run)
{
	if (likely(gve_direct_stamp(rx->gve, desc, &run->tstamp)))
		return TPACKET4_TSTAMP_SW | TPACKET4_TSTAMP_HW;
	run->tstamp = rx->direct->tstamp;
	return 0;
}

/**
 * gve_direct_run_tee() - frames of a run go on to the stack, if they are for this host
 * @rx: Rx ring, where the run begins
 * @for_host: a bit for each of them
 */
static noinline void gve_direct_run_tee(struct gve_rx_ring *rx, u64 for_host)
{
	const u64 *types = rx->gve->ptype_lut_dqo->direct;
	const struct gve_rx_compl_desc_dqo *desc;
	__be16 protocol;
	u32 nr;

	for (; for_host; for_host &= for_host - 1) {
		nr = __ffs64(for_host);
		desc = &rx->dqo.complq.desc_ring[rx->dqo.complq.head + nr];
		packet_direct_run_tee(rx->direct, nr, 0,
				      gve_direct_field(desc, 0, GVE_DIRECT_LEN),
				      gve_direct_type(types,
						      gve_direct_field(desc, 0,
								       GVE_DIRECT_TYPE),
						      gve_direct_upper(desc) &
						      GVE_DIRECT_PROCESSED,
						      &protocol),
				      le32_to_cpu(desc->hash));
	}
}

/**
 * gve_direct_run_filter() - ask the socket filter about the next frame of a run
 * @pdq: lease
 * @desc: its completion
 * @slot: where it is
 * @len: its bytes
 * @types: gve_ptype_lut.direct
 * @ask: which filter it is
 *
 * Return: how many bytes pass, perhaps more than it has; 0: it is refused
 */
static __always_inline u32
gve_direct_run_filter(struct packet_direct_queue *pdq,
		      const struct gve_rx_compl_desc_dqo *desc, u32 slot, u32 len,
		      const u64 *types, const enum packet_direct_ask ask)
{
	__be16 protocol;
	u32 flags;

	if (ask == PACKET_DIRECT_ASK_BARE ||
	    pdq->filter_view == PACKET_DIRECT_VIEW_BARE)
		return packet_direct_snaplen_bare(pdq, slot, len);
	flags = gve_direct_type(types, gve_direct_field(desc, 0, GVE_DIRECT_TYPE),
				desc->l3_l4_processed, &protocol);
	return packet_direct_snaplen(pdq, slot, len, flags, le32_to_cpu(desc->hash));
}

/**
 * gve_direct_clean_run() - deliver frames that are whole in one slot, or pair
 * @rx: Rx ring
 * @max: most completions to look at
 * @poll: is counted up
 * @split: with header split; known when this is compiled
 * @ask: which socket filter each has to pass, never with header split; known when this
 *	 is compiled, as a rule
 * @stamps: the NIC's time stamps are wanted; known when this is compiled
 * @host: which of them go on to the stack; known when this is compiled
 *
 * Ends at the first completion that is not there, or that
 * gve_direct_clean_odd() has to look at.
 *
 * Return: completions cleaned
 */
static __always_inline unsigned int
gve_direct_clean_run(struct gve_rx_ring *rx, u32 max,
		     struct gve_direct_poll *poll, const bool split,
		     const enum packet_direct_ask ask, const bool stamps,
		     const enum packet_direct_host host)
{
	struct gve_rx_compl_queue_dqo *complq = &rx->dqo.complq;
	const u64 *types = rx->gve->ptype_lut_dqo->direct;
	struct gve_rx_buf_state_dqo *bufs = rx->dqo.buf_states;
	const struct gve_rx_compl_desc_dqo *desc, *end;
	struct packet_direct_queue *pdq = rx->direct;
	const u32 nr_bufs = rx->dqo.num_buf_states;
	const u32 len_max = packet_direct_buffer_len(pdq);
	const u32 header_max = pdq->slots.len;
	s16 free = rx->dqo.free_buf_states;
	u64 lower, upper, plain, bytes = 0, refused_bytes = 0;
	u32 id, len, keep, header = 0, flags, hash;
	struct packet_direct_run run __uninitialized;
	__be16 protocol;

	max = min(max, complq->mask + 1 - complq->head);
	max = host ? packet_direct_run_begin_stack(pdq, &run, max, false) :
		     packet_direct_run_begin(pdq, &run, max, false);
	desc = &complq->desc_ring[complq->head];
	plain = (complq->cur_gen_bit ? 0 : GVE_DIRECT_GENERATION) |
		(split ? GVE_DIRECT_SPLIT : 0);

	for (end = desc + max; desc != end; desc++) {
		lower = gve_direct_lower(desc);
		if ((lower & GVE_DIRECT_PLAIN_LOWER) != plain)
			break;

		/* no other field before the generation bit */
		dma_rmb();

		upper = gve_direct_upper(desc);
		if ((upper & GVE_DIRECT_PLAIN_UPPER) != GVE_DIRECT_END)
			break;
		len = gve_direct_field(desc, 0, GVE_DIRECT_LEN);
		/* not twice, in 16 bits and in 32 */
		if (!split)
			OPTIMIZER_HIDE_VAR(len);
		if (unlikely(len > len_max))
			break;
		if (split) {
			/* one without headers was not split; 0 is the largest here */
			header = gve_direct_field(desc, 0, GVE_DIRECT_HDR_LEN);
			if (unlikely(header - 1 >= header_max))
				break;
		}
		id = gve_direct_field(desc, 1, GVE_DIRECT_BUF_ID);
		if (!gve_direct_take(bufs, nr_bufs, id, &free))
			break;

		keep = len;
		/* before what would have to be saved */
		if (ask)
			keep = gve_direct_run_filter(pdq, desc, bufs[id].slot, len,
						     types, ask);
		flags = gve_direct_type(types,
					gve_direct_field(desc, 0, GVE_DIRECT_TYPE),
					upper & GVE_DIRECT_PROCESSED, &protocol);
		if (stamps)
			flags ^= gve_direct_run_stamp(rx, desc, &run);
		hash = le32_to_cpu(desc->hash);
		if (host == PACKET_DIRECT_HOST_ASK)
			packet_direct_ask_host(pdq, bufs[id].slot, 0, len, flags,
					       hash, keep);
		if (ask && !keep) {
			packet_direct_run_reject(pdq, &run, bufs[id].slot);
			refused_bytes += len;
			continue;
		}
		if (host == PACKET_DIRECT_HOST_FEW)
			packet_direct_run_look(&run,
					       packet_direct_cpu(&pdq->slots,
								 bufs[id].slot));
		packet_direct_run_protocol(&run, protocol);
		if (split)
			packet_direct_run_split(pdq, &run, bufs[id].slot, header,
						bufs[id].payload, len, flags |
						gve_direct_split_flags(len),
						hash);
		else
			packet_direct_run_frame(pdq, &run, bufs[id].slot, 0, len,
						keep, flags, hash);
		bytes += header + len;
	}

	rx->dqo.free_buf_states = free;
	if (host == PACKET_DIRECT_HOST_FEW && unlikely(run.for_host))
		gve_direct_run_tee(rx, run.for_host);
	packet_direct_run_end(pdq, &run, bytes);
	gve_direct_advance(rx, run.count + run.refused);
	poll->packets += run.count + run.refused;
	poll->bytes += bytes + refused_bytes;
	return run.count + run.refused;
}

/**
 * gve_direct_clean_split() - gve_direct_clean_run() with header split
 * @rx: Rx ring
 * @max: most completions to look at
 * @poll: is counted up
 *
 * Return: completions cleaned
 */
static noinline unsigned int
gve_direct_clean_split(struct gve_rx_ring *rx, u32 max,
		       struct gve_direct_poll *poll)
{
	return gve_direct_clean_run(rx, max, poll, true, PACKET_DIRECT_ASK_NONE, false,
				    PACKET_DIRECT_HOST_NONE);
}

/* The same without header split, with a filter, for the stack too, with time stamps, and
 * with these and whatever else.
 */
static noinline unsigned int
gve_direct_clean_filtered(struct gve_rx_ring *rx, u32 max,
			  struct gve_direct_poll *poll)
{
	return gve_direct_clean_run(rx, max, poll, false, PACKET_DIRECT_ASK_BARE, false,
				    PACKET_DIRECT_HOST_NONE);
}

static noinline unsigned int
gve_direct_clean_described(struct gve_rx_ring *rx, u32 max,
			   struct gve_direct_poll *poll)
{
	return gve_direct_clean_run(rx, max, poll, false, PACKET_DIRECT_ASK_ANY, false,
				    PACKET_DIRECT_HOST_NONE);
}

static noinline unsigned int
gve_direct_clean_tee(struct gve_rx_ring *rx, u32 max,
		     struct gve_direct_poll *poll)
{
	return gve_direct_clean_run(rx, max, poll, false, PACKET_DIRECT_ASK_NONE, false,
				    PACKET_DIRECT_HOST_FEW);
}

static noinline unsigned int
gve_direct_clean_asked(struct gve_rx_ring *rx, u32 max,
		       struct gve_direct_poll *poll)
{
	return gve_direct_clean_run(rx, max, poll, false, packet_direct_asks(rx->direct),
				    false, PACKET_DIRECT_HOST_ASK);
}

static noinline unsigned int
gve_direct_clean_stamped(struct gve_rx_ring *rx, u32 max,
			 struct gve_direct_poll *poll)
{
	return gve_direct_clean_run(rx, max, poll, false, PACKET_DIRECT_ASK_NONE, true,
				    PACKET_DIRECT_HOST_NONE);
}

static noinline unsigned int
gve_direct_clean_stamped_odd(struct gve_rx_ring *rx, u32 max,
			     struct gve_direct_poll *poll)
{
	return gve_direct_clean_run(rx, max, poll,
				    packet_direct_is_split(rx->direct),
				    packet_direct_asks(rx->direct), true,
				    PACKET_DIRECT_HOST_NONE);
}

/**
 * gve_direct_clean_plain() - deliver plain frames, if all of them can be
 * @rx: Rx ring
 * @max: most completions to look at
 * @poll: is counted up
 *
 * Return: completions cleaned
 */
static __always_inline unsigned int
gve_direct_clean_plain(struct gve_rx_ring *rx, u32 max,
		       struct gve_direct_poll *poll)
{
	struct packet_direct_queue *pdq = rx->direct;
	bool split = packet_direct_is_split(pdq);

	if (unlikely(pdq->filter && split))
		return 0;
	if (unlikely(gve_direct_wants_stamps(rx)))
		return pdq->filter || split ?
		       gve_direct_clean_stamped_odd(rx, max, poll) :
		       gve_direct_clean_stamped(rx, max, poll);
	if (unlikely(pdq->filter))
		return pdq->filter_view == PACKET_DIRECT_VIEW_BARE ?
		       gve_direct_clean_filtered(rx, max, poll) :
		       gve_direct_clean_described(rx, max, poll);
	if (unlikely(split))
		return gve_direct_clean_split(rx, max, poll);
	return gve_direct_clean_run(rx, max, poll, false, PACKET_DIRECT_ASK_NONE, false,
				    PACKET_DIRECT_HOST_NONE);
}

/**
 * gve_direct_read_end() - what the last completion of a frame says about it
 * @rx: Rx ring
 * @desc: it
 * @buf: is completed
 */
static void gve_direct_read_end(const struct gve_rx_ring *rx,
				const struct gve_rx_compl_desc_dqo *desc,
				struct packet_direct_buf *buf)
{
	u32 flags = gve_direct_type(rx->gve->ptype_lut_dqo->direct,
				    desc->packet_type, desc->l3_l4_processed,
				    &buf->protocol);

	buf->flags |= gve_direct_checksum(desc, flags, buf->protocol);
	buf->hash = le32_to_cpu(desc->hash);
	if (gve_direct_wants_stamps(rx) &&
	    gve_direct_stamp(rx->gve, desc, &buf->tstamp))
		buf->flags |= TPACKET4_TSTAMP_HW;
}

/**
 * gve_direct_clean_odd() - deliver what the next completion has
 * @rx: Rx ring, with a completion that gve_direct_done() has seen
 * @poll: is counted up
 *
 * For what is not plain: parts of a frame, errors, and with header split all frames
 * when there is a filter.  What the queue was not created for is an error.
 *
 * Return: completions cleaned: 1
 */
static noinline unsigned int
gve_direct_clean_odd(struct gve_rx_ring *rx, struct gve_direct_poll *poll)
{
	struct packet_direct_queue *pdq = rx->direct;
	struct gve_rx_compl_desc_dqo *desc;
	struct packet_direct_buf buf;

	desc = &rx->dqo.complq.desc_ring[rx->dqo.complq.head];
	gve_direct_advance(rx, 1);
	if (unlikely(!gve_direct_read_buf(rx, desc, &buf))) {
		net_err_ratelimited("%s: RX queue %u completed buffer %u, which it does not have\n",
				    rx->gve->dev->name, rx->q_num,
				    le16_to_cpu(desc->buf_id));
		buf.bad = true;
	}
	buf.bad |= desc->rx_error || desc->rsc ||
		   (desc->split_header && !packet_direct_is_split(pdq));

	if (unlikely(buf.bad)) {
		poll->errors++;
	} else {
		poll->bytes += buf.len + buf.payload_len;
		poll->packets += buf.last;
		if (likely(buf.last))
			gve_direct_read_end(rx, desc, &buf);
	}
	packet_direct_deliver(pdq, &buf, 1);
	return 1;
}

/**
 * gve_direct_count() - credit what was cleaned to the ring
 * @poll: what that was
 */
static void gve_direct_count(const struct gve_direct_poll *poll)
{
	struct gve_rx_ring *rx = poll->rx;

	u64_stats_update_begin(&rx->statss);
	rx->rpackets += poll->packets;
	rx->rbytes += poll->bytes;
	rx->rx_desc_err_dropped_pkt += poll->errors;
	u64_stats_update_end(&rx->statss);
}

/**
 * gve_direct_clean() - packet_direct_nic.clean
 * @data: poll
 * @max: most completions to look at
 *
 * Return: completions cleaned, 0: there is none
 */
static u32 gve_direct_clean(void *data, u32 max)
{
	struct gve_direct_poll *poll = data;
	struct gve_rx_ring *rx = poll->rx;

	/* most polls end here */
	if (!gve_direct_done(rx, &rx->dqo.complq.desc_ring[rx->dqo.complq.head]))
		return 0;
	return gve_direct_clean_plain(rx, max, poll) ?:
	       gve_direct_clean_odd(rx, poll);
}

/**
 * gve_direct_clean_stack() - the same for a lease whose frames go on to the stack
 * @data: poll
 * @max: most completions to look at
 *
 * Return: completions cleaned, 0: there is none
 */
static u32 gve_direct_clean_stack(void *data, u32 max)
{
	struct gve_direct_poll *poll = data;
	struct gve_rx_ring *rx = poll->rx;
	u32 cleaned = 0;

	if (!gve_direct_done(rx, &rx->dqo.complq.desc_ring[rx->dqo.complq.head]))
		return 0;
	if (rx->direct->stack_run && !gve_direct_wants_stamps(rx))
		cleaned = rx->direct->tee_run ?
			  gve_direct_clean_tee(rx, max, poll) :
			  gve_direct_clean_asked(rx, max, poll);
	return cleaned ?: gve_direct_clean_odd(rx, poll);
}

static const struct packet_direct_nic gve_direct_nic = {
	.clean	= gve_direct_clean,
	.fill	= gve_direct_fill,
};

static const struct packet_direct_nic gve_direct_stack_nic = {
	.clean	= gve_direct_clean_stack,
	.fill	= gve_direct_fill,
};

/**
 * gve_direct_batch() - completions after which the NIC is given slots again
 * @rx: Rx ring
 *
 * Return: completions
 */
static u32 gve_direct_batch(const struct gve_rx_ring *rx)
{
	return clamp_t(u32, rx->direct->size / 4, GVE_RX_BUF_THRESH_DQO,
		       GVE_DIRECT_BATCH);
}

/**
 * gve_direct_watch() - see that a ring with few buffers is looked at
 * @rx: Rx ring, after it was filled
 */
static void gve_direct_watch(struct gve_rx_ring *rx)
{
	u32 in_nic = packet_direct_in_nic(rx->direct);

	if (unlikely(in_nic && in_nic < GVE_RX_BUF_THRESH_DQO))
		mod_timer(&rx->starvation_timer,
			  jiffies + msecs_to_jiffies(GVE_RX_NAPI_RESCHED_MS));
}

/**
 * gve_direct_refill() - give slots to a ring that starts
 * @rx: Rx ring
 */
void gve_direct_refill(struct gve_rx_ring *rx)
{
	struct gve_direct_poll poll = { .rx = rx };

	packet_direct_refill(rx->direct, &gve_direct_nic, &poll);
	gve_direct_watch(rx);
}

/**
 * gve_rx_poll_direct() - poll the ring of a leased queue
 * @rx: Rx ring
 * @budget: most completions to clean
 *
 * When a poll on another CPU than the interrupt's has used its @budget, the driver
 * ends it and waits for the interrupt. That comes with new completions only. There
 * are none when all slots are in old ones, so the timer polls.
 *
 * Return: completions cleaned
 */
int gve_rx_poll_direct(struct gve_rx_ring *rx, int budget)
{
	struct gve_direct_poll poll = { .rx = rx };
	u32 batch = gve_direct_batch(rx);
	int cleaned;

	if (unlikely(packet_direct_has_stack(rx->direct)))
		cleaned = packet_direct_napi_poll(rx->direct,
						  &gve_direct_stack_nic, &poll,
						  budget, batch);
	else
		cleaned = packet_direct_napi_poll(rx->direct, &gve_direct_nic,
						  &poll, budget, batch);
	gve_direct_watch(rx);
	if (cleaned == budget)
		mod_timer(&rx->starvation_timer, jiffies + 1);
	gve_direct_count(&poll);
	return cleaned;
}

/**
 * gve_direct_drain() - deliver what the NIC had finished when it was stopped
 * @rx: Rx ring of a leased queue, whose NAPI is disabled
 */
void gve_direct_drain(struct gve_rx_ring *rx)
{
	struct gve_direct_poll poll = { .rx = rx };

	packet_direct_drain(rx->direct, &gve_direct_nic, &poll,
			    rx->dqo.complq.mask + 1);
	local_bh_disable();
	gve_direct_count(&poll);
	local_bh_enable();
}
