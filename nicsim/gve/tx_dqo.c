// SPDX-License-Identifier: GPL-2.0
/*
 * DQO transmit.  A packet consists of context descriptors and packet descriptors, up
 * to one that ends it.  It has a tag.  Completions of packets name the tag, and come
 * in any order.  A completion of descriptors comes where a descriptor asks for it.
 */
#include "gve/gve.h"

void gve_tx_dqo_doorbell(struct gve *nic, unsigned int q, uint32_t val)
{
	struct gve_tx_queue *txq = &nic->txq[q];

	if (val >= txq->size) {
		nicsim_strict(nic->sim, "TX queue %u: doorbell %u of a ring of %u", q, val,
			      txq->size);
		return;
	}
	txq->tail = val;
}

/* The word with the generation bit is written last. */
static void complete(struct gve *nic, unsigned int q, unsigned int type, uint16_t val)
{
	struct gve_tx_queue *txq = &nic->txq[q];
	uint64_t addr = txq->comp_ring + (uint64_t)txq->comp_tail * DQO_TXC_SIZE;
	uint8_t desc[DQO_TXC_SIZE] = {};

	put_le16(desc, q | type << DQO_TXC_TYPE_SHIFT |
		       (txq->generation ? DQO_TXC_GENERATION : 0));
	put_le16(desc + 2, val);
	nicsim_dma_write(nic->sim, addr + 2, desc + 2, sizeof(desc) - 2, "TX completion");
	nicsim_dma_barrier();
	nicsim_dma_write(nic->sim, addr, desc, 2, "TX completion");
	txq->comp_tail = (txq->comp_tail + 1) & (txq->comp_size - 1);
	txq->generation ^= !txq->comp_tail;
}

static void complete_packets(struct gve *nic, unsigned int q)
{
	struct gve_tx_queue *txq = &nic->txq[q];
	unsigned int i;

	while (txq->tags) {
		i = nic->knob_shuffle > 1 ? gve_random(nic, txq->tags) : 0;
		complete(nic, q, DQO_TXC_PACKET, txq->tag[i]);
		txq->tag[i] = txq->tag[--txq->tags];
	}
}

/**
 * struct packet - a packet as far as its descriptors were read
 * @bufs:	number of packet descriptors
 * @end:	index behind the last descriptor
 * @total:	length of the payload to segment, by the context
 * @bad:	it cannot be sent
 * @report:	a completion of descriptors is asked for
 */
struct packet {
	struct gve_tx_job job;
	unsigned int bufs;
	uint32_t end;
	size_t total;
	uint16_t tag;
	bool bad, report;
};

static void read_tso(struct gve *nic, struct packet *p, const uint8_t *desc)
{
	p->job.mss = get_le16(desc + 4) & 0x3fff;
	p->job.hdr_len = desc[6];
	p->total = get_le32(desc) & 0xffffff;
	if (!(desc[8] & DQO_TX8_TSO) || p->job.mss < DQO_TX_MIN_MSS || p->job.mss > DQO_TX_MAX) {
		nicsim_strict(nic->sim, "TX queue %u: segments of %zu bytes", p->job.queue,
			      p->job.mss);
		p->bad = true;
	}
}

static void read_packet(struct gve *nic, struct packet *p, const uint8_t *desc, uint32_t i)
{
	uint16_t tag = get_le16(desc + 12);

	if (p->bufs++ && tag != p->tag)
		nicsim_strict(nic->sim, "TX queue %u: tags %u and %u in one packet", p->job.queue,
			      p->tag, tag);
	p->tag = tag;
	p->job.csum |= desc[8] & DQO_TX8_CSUM;
	if (desc[8] & DQO_TX8_REPORT) {
		p->report = true;
		if (!(desc[8] & DQO_TX8_EOP))
			nicsim_strict(nic->sim, "TX queue %u: report at %u, inside a packet",
				      p->job.queue, i);
	}
	if (!p->bad)
		p->bad = !gve_tx_add(nic, &p->job, get_le64(desc), get_le16(desc + 14) & 0x3fff);
}

/* Returns false when the packet's last descriptor is not there yet. */
static bool read_descs(struct gve *nic, struct packet *p)
{
	const struct gve_tx_queue *txq = &nic->txq[p->job.queue];
	uint8_t desc[DQO_TX_DESC_SIZE];
	uint32_t i = txq->head;

	while (i != txq->tail) {
		if (!nicsim_dma_read(nic->sim, txq->ring + (uint64_t)i * sizeof(desc), desc,
				     sizeof(desc), "TX descriptor"))
			return false;
		p->end = (i + 1) & (txq->size - 1);
		switch (desc[8] & DQO_TXD_TYPE) {
		case DQO_TXD_GENERAL:
			break;
		case DQO_TXD_TSO:
			read_tso(nic, p, desc);
			break;
		case DQO_TXD_PACKET:
			read_packet(nic, p, desc, i);
			if (desc[8] & DQO_TX8_EOP)
				return true;
			break;
		default:
			nicsim_strict(nic->sim, "TX queue %u: a descriptor of type %#x",
				      p->job.queue, desc[8] & DQO_TXD_TYPE);
			break;
		}
		i = p->end;
	}
	return false;
}

static bool good_packet(struct gve *nic, const struct packet *p)
{
	if (p->bad)
		return false;
	if (p->job.mss && p->total == p->job.len - p->job.hdr_len)
		return true;
	if (!p->job.mss && p->bufs <= DQO_TX_MAX_BUFS && p->job.len >= DQO_TX_MIN &&
	    p->job.len <= DQO_TX_MAX)
		return true;
	nicsim_strict(nic->sim, "TX queue %u: a packet of %zu bytes in %u buffers, %zu to segment",
		      p->job.queue, p->job.len, p->bufs, p->total);
	return false;
}

static void report(struct gve *nic, unsigned int q, uint32_t end)
{
	struct gve_tx_queue *txq = &nic->txq[q];
	uint32_t last = (end - 1) & (txq->size - 1);

	if (((last - txq->reported) & (txq->size - 1)) < DQO_TX_REPORT_INTERVAL)
		nicsim_strict(nic->sim, "TX queue %u: reports at %u and %u", q, txq->reported,
			      last);
	txq->reported = last;
	complete(nic, q, DQO_TXC_DESC, end);
}

void gve_tx_dqo(struct gve *nic, unsigned int q)
{
	struct gve_tx_queue *txq = &nic->txq[q];
	uint32_t first = txq->head;

	while (txq->head != txq->tail && gve_tx_possible(nic)) {
		struct packet p = { .job.queue = q };

		if (!read_descs(nic, &p))
			break;
		if (good_packet(nic, &p))
			gve_tx_send(nic, &p.job);
		txq->head = p.end;
		if (txq->tags == ARRAY_SIZE(txq->tag))
			complete_packets(nic, q);
		txq->tag[txq->tags++] = p.tag;
		if (p.report)
			report(nic, q, p.end);
	}
	complete_packets(nic, q);
	if (txq->head != first)
		gve_irq_event(nic, txq->ntfy);
}
