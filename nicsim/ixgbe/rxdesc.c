// SPDX-License-Identifier: GPL-2.0
/*
 * Sections "Receive Descriptor Queue Structure" and "Header Splitting": how a frame
 * is put into the buffers of its queue.
 *
 * The guest sees, in this order: the frame's bytes, the first half of the
 * descriptor, and its second half, which has both DD and the length.
 */
#include <endian.h>
#include <string.h>

#include "ixgbe/rxq.h"

/* A frame longer than this many buffers is refused: 16 KiB in 1 KiB buffers,
 * one for the header, and one for a time stamp.
 */
#define MAX_CHAIN	18

/**
 * struct rx_plan - how one frame will lie in its buffers
 * @strip:	bytes of VLAN tag left out
 * @hdr_len:	bytes that go to the header buffer
 * @info:	SPH and HDR_LEN for the first descriptor's first dword
 * @error:	HBO, which means nothing without SPH
 * @buf_size:	of a packet buffer
 * @num:	descriptors needed
 */
struct rx_plan {
	size_t strip, hdr_len, buf_size;
	uint32_t info, error;
	unsigned int num;
	bool uses_hdr;
};

static unsigned int ring_available(struct ixgbe *nic, unsigned int q)
{
	unsigned int head = rxq_get(nic, q, RX_RDH), tail = rxq_get(nic, q, RX_RDT);
	unsigned int size = rxq_size(nic, q);

	if (head >= size || tail >= size)
		return 0;
	return tail >= head ? tail - head : size - head + tail;
}

static void set_hdr_info(struct rx_plan *plan, size_t hdr_len, bool split)
{
	plan->info = (uint32_t)hdr_len << RXD_HDRLEN_SHIFT | (split ? RXD_SPH : 0);
}

/* DESCTYPE 2: split if the header is known and fits. */
static void plan_split(struct rx_plan *plan, size_t hdr, size_t hdr_buf)
{
	if (!hdr)
		return;
	set_hdr_info(plan, hdr, true);
	if (hdr <= hdr_buf)
		plan->hdr_len = hdr;
	else
		plan->error = RXD_ERR_HBO;
}

/* DESCTYPE 5: the header buffer is always used.  HDR_LEN is the length of the parsed
 * header, even when more or less than that is in the buffer.
 */
static void plan_split_always(struct rx_plan *plan, size_t hdr, size_t hdr_buf, size_t len)
{
	if (len <= hdr_buf) {
		set_hdr_info(plan, len, false);
		plan->hdr_len = len;
	} else if (!hdr) {
		set_hdr_info(plan, hdr_buf, false);
		plan->hdr_len = hdr_buf;
	} else {
		set_hdr_info(plan, hdr, true);
		plan->hdr_len = hdr <= hdr_buf ? hdr : hdr_buf;
		if (hdr > hdr_buf)
			plan->error = RXD_ERR_HBO;
	}
}

/* Returns false when hardware would not accept how the queue is set up. */
static bool make_plan(struct ixgbe *nic, unsigned int q, const struct pkt *pkt, size_t len,
		      struct rx_plan *plan)
{
	uint32_t srrctl = rxq_get(nic, q, RX_SRRCTL);
	unsigned int type = srrctl >> SRRCTL_DESCTYPE_SHIFT & SRRCTL_DESCTYPE;
	size_t hdr_buf = (srrctl >> SRRCTL_BSIZEHDR_SHIFT & SRRCTL_BSIZEHDR) * 64;
	size_t hdr = ixgbe_split_len(pkt, ixgbe_get(nic, IXG_PSRTYPE(0)));
	size_t rest;

	*plan = (struct rx_plan){ .buf_size = (srrctl & SRRCTL_BSIZEPKT) * 1024 };
	if (pkt->vlan && (rxq_get(nic, q, RX_RXDCTL) & RXDCTL_VME))
		plan->strip = 4;
	hdr -= hdr ? plan->strip : 0;
	if (hdr > RXD_HDRLEN_MAX)
		hdr = 0;

	plan->uses_hdr = type == DESCTYPE_SPLIT || type == DESCTYPE_SPLIT_ALWAYS;
	if (!plan->uses_hdr && type != DESCTYPE_ONE_BUFFER) {
		nicsim_strict(nic->sim, "SRRCTL[%u]: DESCTYPE %u is not modelled", q, type);
		return false;
	}
	if (!plan->buf_size || (plan->uses_hdr && !hdr_buf)) {
		nicsim_strict(nic->sim, "SRRCTL[%u]: buffer size 0", q);
		return false;
	}
	if (type == DESCTYPE_SPLIT)
		plan_split(plan, hdr, hdr_buf);
	else if (type == DESCTYPE_SPLIT_ALWAYS)
		plan_split_always(plan, hdr, hdr_buf, len - plan->strip);
	rest = len - plan->strip - plan->hdr_len;
	plan->num = rest ? (rest + plan->buf_size - 1) / plan->buf_size : 1;
	return true;
}

static bool read_descs(struct ixgbe *nic, unsigned int q, struct rx_buffers *desc, unsigned int num)
{
	unsigned int i = rxq_get(nic, q, RX_RDH), k;

	for (k = 0; k < num; k++) {
		if (!nicsim_dma_read(nic->sim, rxq_desc_addr(nic, q, i), &desc[k], sizeof(desc[k]),
				     "RX descriptor"))
			return false;
		desc[k].pkt_addr = le64toh(desc[k].pkt_addr);
		desc[k].hdr_addr = le64toh(desc[k].hdr_addr);
		i = i + 1 == rxq_size(nic, q) ? 0 : i + 1;
	}
	return true;
}

static bool check_desc(struct ixgbe *nic, unsigned int q, const struct rx_buffers *desc,
		       bool uses_hdr)
{
	if (!desc->pkt_addr) {
		nicsim_strict(nic->sim, "RX queue %u: packet buffer address 0", q);
		return false;
	}
	if (!uses_hdr)
		return true;
	if (!desc->hdr_addr) {
		nicsim_strict(nic->sim, "RX queue %u: header buffer address 0", q);
		return false;
	}
	if (desc->hdr_addr & 1)
		nicsim_strict(nic->sim, "RX queue %u: odd header buffer address %#jx", q,
			      (uintmax_t)desc->hdr_addr);
	return true;
}

/* Writes the bytes [off, off + len) of what is left without a stripped tag. */
static bool write_bytes(struct ixgbe *nic, unsigned int q, uint64_t addr, const uint8_t *frame,
			size_t strip, size_t off, size_t len, const char *what)
{
	size_t part = 0;

	if (strip && off < 12) {
		part = len < 12 - off ? len : 12 - off;
		if (!guard_write(&nic->guard, nic->sim, q, addr, frame + off, part, what))
			return false;
	}
	if (part == len)
		return true;
	return guard_write(&nic->guard, nic->sim, q, addr + part, frame + off + part + strip,
			   len - part, what);
}

static bool write_data(struct ixgbe *nic, unsigned int q, const struct rx_plan *plan,
		       const struct rx_buffers *desc, const uint8_t *frame, size_t len)
{
	size_t off = plan->hdr_len, part;
	unsigned int k;

	len -= plan->strip;
	if (plan->hdr_len &&
	    !write_bytes(nic, q, desc[0].hdr_addr & ~1ull, frame, plan->strip, 0, plan->hdr_len,
			 "RX header buffer"))
		return false;
	for (k = 0; k < plan->num && off < len; k++, off += part) {
		part = len - off < plan->buf_size ? len - off : plan->buf_size;
		if (!write_bytes(nic, q, desc[k].pkt_addr, frame, plan->strip, off, part,
				 "RX packet buffer"))
			return false;
	}
	return true;
}

/* What a descriptor says when it is done. */
struct rx_done {
	uint32_t info, hash, status;
	uint16_t length, vlan;
};

static bool write_desc(struct ixgbe *nic, unsigned int q, uint64_t addr, const struct rx_done *d)
{
	return ixgbe_hold(nic, q, addr, (uint64_t)d->hash << 32 | d->info,
			  (uint64_t)d->vlan << 48 | (uint64_t)d->length << 32 | d->status);
}

static void spoil(struct rx_done *d, enum nic_fault fault, size_t buf_size)
{
	switch (fault) {
	case FAULT_LENGTH_ZERO:
		d->length = 0;
		break;
	case FAULT_LENGTH_BUFFER:
		d->length = buf_size;
		break;
	case FAULT_LENGTH_OVER:
		d->length = buf_size + 1;
		break;
	case FAULT_LENGTH_MAX:
		d->length = UINT16_MAX;
		break;
	case FAULT_HEADER_MAX:
		d->info |= RXD_SPH | RXD_HDRLEN_MAX << RXD_HDRLEN_SHIFT;
		break;
	case FAULT_NO_EOP:
		d->status &= ~RXD_STAT_EOP;
		break;
	case FAULT_ERROR_BITS:
		d->status |= RXD_ERR_ALL;
		break;
	default:
		break;
	}
}

/* In a descriptor that does not end its frame, only DD, EOP, the length and RSC's
 * count have a meaning, and in a frame's first one what it says about the header.
 * All other fields get noise.
 */
static void make_noise(struct ixgbe *nic, struct rx_done *d, bool first)
{
	d->status |= ixgbe_noise(nic, ~(RXD_STAT_DD | RXD_STAT_EOP));
	d->info |= ixgbe_noise(nic, first ? RXD_FRAME_INFO : RXD_FRAME_INFO | RXD_HDR_INFO);
	d->hash = ixgbe_noise(nic, ~0u);
	d->vlan = ixgbe_noise(nic, 0xffff);
}

/* The last descriptor tells about the frame.  The first one tells about the header,
 * because the header goes to its header buffer.
 */
static bool write_back(struct ixgbe *nic, unsigned int q, const struct ixgbe_rx_meta *meta,
		       const struct rx_plan *plan, size_t len, enum nic_fault fault)
{
	uint32_t *head = ixgbe_reg_ptr(nic, ixgbe_rx_base(q) + RX_RDH);
	size_t rest = len - plan->strip - plan->hdr_len;
	unsigned int k;

	for (k = 0; k < plan->num; k++) {
		size_t part = rest < plan->buf_size ? rest : plan->buf_size;
		struct rx_done d = {
			.info = k ? 0 : plan->info, .length = part, .status = RXD_STAT_DD,
		};

		if (k + 1 == plan->num) {
			d.info |= meta->info | (k ? ixgbe_noise(nic, RXD_HDR_INFO) : 0);
			d.hash = meta->hash;
			d.status |= meta->status | RXD_STAT_EOP;
			d.status |= plan->info & RXD_SPH ? plan->error :
				    ixgbe_noise(nic, RXD_ERR_HBO);
			d.vlan = meta->pkt.vlan ? meta->pkt.tci : 0;
			spoil(&d, fault, plan->buf_size);
		} else {
			make_noise(nic, &d, !k);
		}
		if (!write_desc(nic, q, rxq_desc_addr(nic, q, *head), &d))
			return false;
		rest -= part;
		*head = *head + 1 == rxq_size(nic, q) ? 0 : *head + 1;
	}
	return ixgbe_held_end(nic, q, &meta->pkt, fault != FAULT_NONE);
}

static enum ixgbe_deliver drop(struct ixgbe *nic, unsigned int q, uint64_t *fate,
			       uint64_t *per_queue)
{
	++*fate;
	++*per_queue;
	ixgbe_stat_rx_queue_drop(nic, q);
	return DELIVER_DROPPED;
}

/* A broken NIC uses one descriptor too many.  It writes only the half with DD: the
 * other half may have a new address already, if the driver is about to move the tail.
 */
static void fault_beyond(struct ixgbe *nic, unsigned int q)
{
	uint64_t done = htole64(64ull << 32 | RXD_STAT_DD | RXD_STAT_EOP);
	unsigned int tail = rxq_get(nic, q, RX_RDT);

	if (tail >= rxq_size(nic, q) || !fault_due(&nic->fault, FAULT_DONE_BEYOND, q))
		return;
	nicsim_dma_write(nic->sim, rxq_desc_addr(nic, q, tail) + 8, &done, sizeof(done),
			 "RX descriptor");
	ixgbe_irq_queue(nic, q, false);
}

static enum ixgbe_deliver no_descriptors(struct ixgbe *nic, unsigned int q,
					 const struct rx_plan *plan)
{
	struct ixgbe_rx_queue *rxq = &nic->rxq[q];

	fault_beyond(nic, q);
	if (plan->num >= rxq_size(nic, q)) {
		nicsim_strict(nic->sim, "RX queue %u: a frame needs %u descriptors of %u", q,
			      plan->num, rxq_size(nic, q));
		return drop(nic, q, &nic->fate.no_desc, &rxq->drop_no_desc);
	}
	if ((rxq_get(nic, q, RX_SRRCTL) & SRRCTL_DROP_EN) && !nic->wait_for_desc)
		return drop(nic, q, &nic->fate.no_desc, &rxq->drop_no_desc);
	return DELIVER_BLOCKED;
}

static bool lay_out(struct ixgbe *nic, unsigned int q, const struct ixgbe_rx_meta *meta,
		    const struct rx_plan *plan, const uint8_t *frame, size_t len)
{
	enum nic_fault fault = fault_of_frame(&nic->fault, q);
	struct rx_buffers desc[MAX_CHAIN];
	unsigned int k;

	if (plan->num > MAX_CHAIN || !read_descs(nic, q, desc, plan->num))
		return false;
	for (k = 0; k < plan->num; k++)
		if (!check_desc(nic, q, &desc[k], plan->uses_hdr))
			return false;
	if (fault == FAULT_DONE_FIRST) {
		if (!write_back(nic, q, meta, plan, len, fault))
			return false;
		fault_stall();
		return write_data(nic, q, plan, desc, frame, len);
	}
	return write_data(nic, q, plan, desc, frame, len) &&
	       write_back(nic, q, meta, plan, len, fault);
}

/* RLPML counts the FCS. */
static bool too_long(struct ixgbe *nic, unsigned int q, size_t len)
{
	uint32_t rxdctl = rxq_get(nic, q, RX_RXDCTL);

	return nic->variant->rlpml && (rxdctl & RXDCTL_RLPML_EN) &&
	       len + FCS_LEN > (rxdctl & RXDCTL_RLPML);
}

/* The frame as it goes to its buffers: with its time stamp, if it has one. */
static const uint8_t *with_stamp(struct ixgbe *nic, const struct ixgbe_rx_meta *meta,
				 const uint8_t *frame, size_t *len)
{
	uint64_t stamp = htole64(meta->stamp);

	if (!(meta->status & RXD_STAT_TSIP))
		return frame;
	memcpy(nic->rx_stamped, frame, *len);
	memcpy(nic->rx_stamped + *len, &stamp, IXG_STAMP_LEN);
	*len += IXG_STAMP_LEN;
	return nic->rx_stamped;
}

/**
 * ixgbe_rx_deliver() - give a frame to its queue
 * @nic: the model
 * @meta: what was decided when the frame came in
 * @frame: without FCS
 * @len: of the frame
 *
 * Return: DELIVER_BLOCKED when the frame has to wait for descriptors.
 */
enum ixgbe_deliver ixgbe_rx_deliver(struct ixgbe *nic, const struct ixgbe_rx_meta *meta,
				    const uint8_t *frame, size_t len)
{
	struct ixgbe_rx_queue *rxq = &nic->rxq[meta->queue];
	unsigned int q = meta->queue;
	size_t total = len;
	struct rx_plan plan;

	if (!ixgbe_dma_allowed(nic))
		return DELIVER_BLOCKED;
	if (!rxq->enabled)
		return drop(nic, q, &nic->fate.queue_off, &rxq->drop_off);
	if (too_long(nic, q, len))
		return drop(nic, q, &nic->fate.too_long, &rxq->drop_error);
	frame = with_stamp(nic, meta, frame, &total);
	if (!make_plan(nic, q, &meta->pkt, total, &plan))
		return drop(nic, q, &nic->fate.dma_error, &rxq->drop_error);
	if (ring_available(nic, q) < plan.num)
		return no_descriptors(nic, q, &plan);
	if (!lay_out(nic, q, meta, &plan, frame, total))
		return drop(nic, q, &nic->fate.dma_error, &rxq->drop_error);
	nic->fate.delivered++;
	ixgbe_stat_rx_queue(nic, q, len);
	return DELIVERED;
}

/* Faults of a queue that has confirmed its stop. */
void ixgbe_rx_late_faults(struct ixgbe *nic, unsigned int q)
{
	static const struct rx_done done = { .status = RXD_STAT_DD | RXD_STAT_EOP, .length = 64 };
	static const uint8_t data[64];
	struct rx_buffers desc;

	if (!ring_available(nic, q) || !ixgbe_dma_allowed(nic))
		return;
	if (fault_due(&nic->fault, FAULT_LATE_DONE, q)) {
		write_desc(nic, q, rxq_desc_addr(nic, q, rxq_get(nic, q, RX_RDH)), &done);
		ixgbe_held_flush(nic, q);
	}
	if (fault_due(&nic->fault, FAULT_LATE_DATA, q) && read_descs(nic, q, &desc, 1))
		write_bytes(nic, q, desc.pkt_addr, data, 0, 0, sizeof(data), "RX packet buffer");
}
