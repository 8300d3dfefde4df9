// SPDX-License-Identifier: GPL-2.0
/*
 * DQO receive.  The driver posts buffers, each with an identifier, to one queue.  The
 * device completes them in another queue, in any order.
 */
#include <string.h>

#include "gve/gve.h"

static bool has_id(const struct gve_rx_queue *rxq, uint16_t id)
{
	return rxq->have_id[id / 64] & BIT64(id % 64);
}

static void flip_id(struct gve_rx_queue *rxq, uint16_t id)
{
	rxq->have_id[id / 64] ^= BIT64(id % 64);
}

static struct gve_rx_buf *buf_at(struct gve_rx_queue *rxq, uint32_t i)
{
	return &rxq->buf[(rxq->buf_head + i) & (rxq->size - 1)];
}

static uint16_t *addr_count(struct gve_rx_queue *rxq, uint64_t addr)
{
	return &rxq->have_addr[addr / 64 % GVE_ADDR_HASHES];
}

static bool has_addr(struct gve_rx_queue *rxq, uint64_t addr)
{
	uint32_t i;

	if (!*addr_count(rxq, addr))
		return false;
	for (i = 0; i < rxq->bufs; i++)
		if (buf_at(rxq, i)->addr == addr)
			return true;
	return false;
}

static bool good_buf(struct gve *nic, unsigned int q, struct gve_rx_buf *buf)
{
	struct gve_rx_queue *rxq = &nic->rxq[q];

	if (has_id(rxq, buf->id)) {
		nicsim_strict(nic->sim, "RX queue %u: buffer %u posted twice", q, buf->id);
		return false;
	}
	if (!buf->addr || (rxq->hdr_size && !buf->hdr_addr)) {
		nicsim_strict(nic->sim, "RX queue %u: buffer %u without address", q, buf->id);
		return false;
	}
	if (has_addr(rxq, buf->addr)) {
		nicsim_strict(nic->sim, "RX queue %u: buffer %u has the address of another", q,
			      buf->id);
		return false;
	}
	return gve_translate(nic, rxq->pages, &buf->addr, rxq->buf_size, "RX buffer");
}

static void take_buf(struct gve *nic, unsigned int q)
{
	struct gve_rx_queue *rxq = &nic->rxq[q];
	uint64_t addr = rxq->data_ring + (uint64_t)rxq->tail * DQO_RX_DESC_SIZE;
	uint8_t desc[DQO_RX_DESC_SIZE];
	struct gve_rx_buf buf;

	rxq->tail = (rxq->tail + 1) & (rxq->size - 1);
	if (!nicsim_dma_read(nic->sim, addr, desc, sizeof(desc), "RX buffer descriptor"))
		return;
	buf.id = get_le16(desc);
	buf.addr = get_le64(desc + 8);
	buf.hdr_addr = get_le64(desc + 16);
	if (!good_buf(nic, q, &buf))
		return;
	flip_id(rxq, buf.id);
	++*addr_count(rxq, buf.addr);
	guard_given(&nic->guard, nic->sim, q, buf.addr, rxq->buf_size);
	guard_given(&nic->guard, nic->sim, q, buf.hdr_addr, rxq->hdr_size);
	*buf_at(rxq, rxq->bufs++) = buf;
}

/* The doorbell is the next free entry of the ring.  The hardware takes only whole
 * granules.
 */
void gve_rx_dqo_doorbell(struct gve *nic, unsigned int q, uint32_t val)
{
	struct gve_rx_queue *rxq = &nic->rxq[q];
	uint32_t mask = rxq->size - 1;

	if (val > mask) {
		nicsim_strict(nic->sim, "RX queue %u: doorbell %u of a ring of %u", q, val,
			      rxq->size);
		return;
	}
	if (val % DQO_RX_DB_GRANULE) {
		nicsim_strict(nic->sim, "RX queue %u: doorbell %u is not a multiple of %u", q, val,
			      DQO_RX_DB_GRANULE);
		val -= val % DQO_RX_DB_GRANULE;
	}
	if (((val - rxq->tail) & mask) + rxq->bufs > mask) {
		nicsim_strict(nic->sim, "RX queue %u: doorbell %u, %u buffers from %u are there", q,
			      val, rxq->bufs, rxq->tail);
		return;
	}
	while (rxq->tail != val)
		take_buf(nic, q);
}

/* Takes one of the oldest buffers, so that completions have an order of their own. */
static struct gve_rx_buf next_buf(struct gve *nic, struct gve_rx_queue *rxq)
{
	uint32_t window = rxq->bufs < nic->knob_shuffle ? rxq->bufs : nic->knob_shuffle;
	struct gve_rx_buf *other = buf_at(rxq, window > 1 ? gve_random(nic, window) : 0);
	struct gve_rx_buf buf = *other;

	*other = *buf_at(rxq, 0);
	rxq->buf_head++;
	rxq->bufs--;
	flip_id(rxq, buf.id);
	--*addr_count(rxq, buf.addr);
	return buf;
}

/* Everything about a completion except the identifier of its buffer. */
struct completion {
	size_t len, hdr_len;
	bool first, last, split, overflow, error, stamped;
	uint64_t stamp;
	enum nic_fault fault;
};

static void spoil(struct completion *c, size_t buf_size)
{
	switch (c->fault) {
	case FAULT_LENGTH_ZERO:
		c->len = 0;
		break;
	case FAULT_LENGTH_BUFFER:
		c->len = buf_size;
		break;
	case FAULT_LENGTH_OVER:
		c->len = buf_size + 1;
		break;
	case FAULT_LENGTH_MAX:
		c->len = DQO_RX4_LEN;
		break;
	case FAULT_HEADER_MAX:
		c->split = true;
		c->hdr_len = DQO_RX6_HDR_LEN;
		break;
	case FAULT_NO_EOP:
		c->last = false;
		break;
	case FAULT_ERROR_BITS:
		c->error = true;
		break;
	default:
		break;
	}
}

static void fill_desc(struct gve_rx_queue *rxq, const struct gve_rx_meta *meta,
		      const struct completion *c, uint16_t id, uint8_t *desc)
{
	const struct pkt *pkt = &meta->pkt;
	uint16_t lens = c->len | (rxq->generation ? DQO_RX4_GENERATION : 0);
	uint16_t hdr = c->hdr_len | (c->split ? DQO_RX6_SPLIT : 0) |
		       (meta->seg_len ? DQO_RX6_RSC : 0);
	unsigned int ptype = c->fault == FAULT_WRONG_TYPE ? DQO_RX2_PTYPE : gve_ptype(pkt);
	uint8_t flags = DQO_RX8_DONE | (c->last ? DQO_RX8_EOP : 0) |
			(c->error ? DQO_RX8_IP_ERROR | DQO_RX8_L4_ERROR : 0) |
			(c->overflow ? DQO_RX8_HDR_OVERFLOW : 0) |
			(pkt->l3 != L3_NONE ? DQO_RX8_PROCESSED : 0) |
			(meta->ip_error ? DQO_RX8_IP_ERROR : 0) |
			(meta->l4_error ? DQO_RX8_L4_ERROR : 0);

	memset(desc, 0, DQO_RX_DESC_SIZE);
	desc[0] = DQO_RXD_ID;
	desc[1] = (pkt->l3 == L3_IPV6 && pkt->l3_options ? DQO_RX1_IPV6_EXT : 0) |
		  (c->error ? DQO_RX1_ERROR : 0);
	put_le16(desc + 2, ptype | DQO_RX2_RAW_CSUM_INVALID);
	put_le16(desc + 4, lens);
	put_le16(desc + 6, hdr);
	desc[8] = flags;
	desc[11] = c->stamped ? DQO_RX11_STAMPED : 0;
	put_le16(desc + 12, id);
	put_le16(desc + 14, meta->seg_len);
	put_le32(desc + 16, meta->hash);
	put_le32(desc + 28, c->stamp);
}

/* Only the last completion of a frame describes it, and only a completion with a
 * split has a header length, or one with a stamp a time.  In all others these fields get
 * noise.
 */
static void make_noise(struct gve *nic, const struct completion *c, uint8_t *desc)
{
	desc[11] |= gve_random(nic, 256) & ~DQO_RX11_STAMPED;
	if (!c->stamped)
		put_le32(desc + 28, gve_random(nic, UINT32_MAX));
	if (!c->split)
		put_le16(desc + 6, get_le16(desc + 6) | gve_random(nic, DQO_RX6_HDR_LEN + 1));
	if (c->last)
		return;
	put_le16(desc + 2, gve_random(nic, DQO_RX2_PTYPE + 1));
	desc[8] ^= (uint8_t)(gve_random(nic, 2) * DQO_RX8_OF_FRAME);
	put_le32(desc + 16, gve_random(nic, UINT32_MAX));
}

/* The word with the generation bit is written last. */
static void complete(struct gve *nic, struct gve_rx_queue *rxq, const struct gve_rx_meta *meta,
		     const struct completion *c, uint16_t id)
{
	uint64_t addr = rxq->desc_ring + (uint64_t)rxq->done * DQO_RX_DESC_SIZE;
	uint8_t desc[DQO_RX_DESC_SIZE];

	fill_desc(rxq, meta, c, id, desc);
	make_noise(nic, c, desc);
	nicsim_dma_write(nic->sim, addr, desc, 4, "RX completion");
	nicsim_dma_write(nic->sim, addr + 6, desc + 6, sizeof(desc) - 6, "RX completion");
	nicsim_dma_barrier();
	nicsim_dma_write(nic->sim, addr + 4, desc + 4, 2, "RX completion");
	rxq->done = (rxq->done + 1) & (rxq->size - 1);
	rxq->generation ^= !rxq->done;
}

/* The headers, including that of L4, go to the header buffer.  When they do not fit,
 * the frame is not split, and its completion says why.
 */
static size_t split_len(const struct gve_rx_queue *rxq, const struct gve_rx_meta *meta)
{
	size_t len = meta->pkt.l4 == L4_TCP || meta->pkt.l4 == L4_UDP ? meta->pkt.l4_end : 0;

	return rxq->hdr_size ? len : 0;
}

unsigned int gve_rx_dqo_needs(const struct gve_rx_queue *rxq, const struct gve_rx_meta *meta,
			      size_t len)
{
	size_t hdr = split_len(rxq, meta);

	if (hdr <= rxq->hdr_size)
		len -= hdr;
	return len ? (len + rxq->buf_size - 1) / rxq->buf_size : 1;
}

/* The identifier in the completion.  A broken device alternates between one that is
 * impossible and one that no driver needs for a ring of this size.
 */
static uint16_t told_id(struct gve *nic, struct gve_rx_queue *rxq, enum nic_fault fault,
			uint16_t id)
{
	if (fault == FAULT_TWICE)
		return rxq->last_id;
	rxq->last_id = id;
	if (!nic->knob_wrong_ids)
		return id;
	return nic->knob_wrong_ids-- & 1 ? UINT16_MAX : id + rxq->size;
}

/* Writes a buffer, then its completion; with FAULT_DONE_FIRST in the other order. */
static bool write_buf(struct gve *nic, struct gve_rx_queue *rxq, const struct gve_rx_meta *meta,
		      const struct completion *c, const struct gve_rx_buf *buf,
		      const uint8_t *data, size_t len)
{
	uint16_t id = told_id(nic, rxq, c->fault, buf->id);
	bool early = c->fault == FAULT_DONE_FIRST, ok;

	if (early) {
		complete(nic, rxq, meta, c, id);
		gve_irq_rx(nic, meta->queue);
		fault_stall();
	}
	ok = !len || guard_write(&nic->guard, nic->sim, meta->queue, buf->addr, data, len,
				"RX buffer");
	if (!early)
		complete(nic, rxq, meta, c, id);
	return ok;
}

/* Fills one buffer with the part of the frame from @off on. */
static bool fill_buf(struct gve *nic, struct gve_rx_queue *rxq, const struct gve_rx_meta *meta,
		     struct completion *c, const uint8_t *frame, size_t *off, size_t len)
{
	struct gve_rx_buf buf = next_buf(nic, rxq);
	const uint8_t *data;
	bool ok = true;
	size_t part;

	if (c->first && c->split && !c->overflow) {
		ok = guard_write(&nic->guard, nic->sim, meta->queue, buf.hdr_addr, frame,
				 c->hdr_len, "RX header buffer");
		*off = c->hdr_len;
	}
	part = len - *off < rxq->buf_size ? len - *off : rxq->buf_size;
	data = frame + *off;
	*off += part;
	c->len = part;
	c->last = *off == len;
	if (c->last) {
		c->stamped = gve_clock_stamps(nic);
		c->stamp = gve_clock_now(nic);
		c->fault = fault_of_frame(&nic->fault, meta->queue);
		spoil(c, rxq->buf_size);
	}
	return write_buf(nic, rxq, meta, c, &buf, data, part) && ok;
}

/* Without the header buffer the frame may need another packet buffer. */
static bool fault_header_zero(struct gve *nic, struct gve_rx_queue *rxq,
			      const struct gve_rx_meta *meta, size_t len)
{
	return split_len(rxq, meta) && (size_t)rxq->bufs * rxq->buf_size >= len &&
	       fault_due(&nic->fault, FAULT_HEADER_ZERO, meta->queue);
}

enum gve_deliver gve_rx_dqo(struct gve *nic, const struct gve_rx_meta *meta,
			    const uint8_t *frame, size_t len)
{
	struct gve_rx_queue *rxq = &nic->rxq[meta->queue];
	size_t hdr = split_len(rxq, meta), off = 0;
	struct completion c = {
		.first = true, .split = hdr, .overflow = hdr > rxq->hdr_size,
		.hdr_len = hdr <= DQO_RX6_HDR_LEN ? hdr : DQO_RX6_HDR_LEN,
	};
	bool ok = true;

	if (rxq->bufs < gve_rx_dqo_needs(rxq, meta, len))
		return NO_BUFFERS;
	if (fault_header_zero(nic, rxq, meta, len)) {
		c.hdr_len = 0;
		c.overflow = false;
	}
	do {
		ok &= fill_buf(nic, rxq, meta, &c, frame, &off, len);
		c.first = false;
		c.split = false;
		c.overflow = false;
		c.hdr_len = 0;
	} while (off < len);
	gve_irq_rx(nic, meta->queue);
	return ok ? DELIVERED : DELIVER_FAILED;
}

void gve_rx_dqo_end(struct gve_rx_queue *rxq)
{
	rxq->has_late_buf = rxq->bufs;
	if (rxq->has_late_buf)
		rxq->late_buf = *buf_at(rxq, 0);
}

/* A broken device uses one buffer too many: the entry at the tail, which was posted
 * long ago, or never.
 */
void gve_rx_dqo_fault_beyond(struct gve *nic, unsigned int q)
{
	static const struct gve_rx_meta meta;
	const struct completion c = { .len = 64, .last = true };
	struct gve_rx_queue *rxq = &nic->rxq[q];
	uint8_t id[2];

	if (!fault_due(&nic->fault, FAULT_DONE_BEYOND, q) ||
	    !nicsim_dma_read(nic->sim, rxq->data_ring + (uint64_t)rxq->tail * DQO_RX_DESC_SIZE,
			     id, sizeof(id), "RX buffer descriptor"))
		return;
	complete(nic, rxq, &meta, &c, get_le16(id));
	gve_irq_rx(nic, q);
}

/* Faults of a queue that was destroyed. */
void gve_rx_dqo_late_faults(struct gve *nic, unsigned int q)
{
	static const struct gve_rx_meta meta;
	const struct completion c = { .len = 64, .last = true };
	struct gve_rx_queue *rxq = &nic->rxq[q];
	static const uint8_t data[64];

	rxq->has_late_buf = false;
	if (fault_due(&nic->fault, FAULT_LATE_DONE, q))
		complete(nic, rxq, &meta, &c, rxq->late_buf.id);
	if (fault_due(&nic->fault, FAULT_LATE_DATA, q))
		guard_write(&nic->guard, nic->sim, q, rxq->late_buf.addr, data, sizeof(data),
			    "RX buffer");
}
