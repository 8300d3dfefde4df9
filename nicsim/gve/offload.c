// SPDX-License-Identifier: GPL-2.0
/*
 * A frame's way out.  The device finds the headers itself, and fills in what the
 * descriptors ask for.
 */
#include <string.h>

#include "gve/gve.h"

#define CSUM_OFF_TCP	16

bool gve_tx_possible(struct gve *nic)
{
	return !nic->knob_tx_stuck && nic->bus_master && nicsim_link_up(nic->sim) &&
	       nicsim_wire_tx_room(nic->sim);
}

static bool add_piece(struct gve *nic, struct gve_tx_job *job, uint64_t addr, size_t len)
{
	if (!gve_translate(nic, nic->txq[job->queue].pages, &addr, len, "TX buffer") ||
	    !nicsim_dma_read(nic->sim, addr, nic->tx_frame + job->len, len, "TX buffer"))
		return false;
	job->len += len;
	return true;
}

/* Data in a page list is read page by page. */
bool gve_tx_add(struct gve *nic, struct gve_tx_job *job, uint64_t addr, size_t len)
{
	size_t part;

	if (!len || job->len + len > GVE_TX_FRAME_MAX) {
		nicsim_strict(nic->sim, "TX queue %u: a piece of %zu bytes after %zu", job->queue,
			      len, job->len);
		return false;
	}
	for (; len; len -= part, addr += part) {
		part = GVE_PAGE_SIZE - addr % GVE_PAGE_SIZE;
		if (part > len || !nic->txq[job->queue].pages)
			part = len;
		if (!add_piece(nic, job, addr, part))
			return false;
	}
	return true;
}

struct emit_arg {
	struct gve *nic;
	unsigned int queue;
};

static void emit(void *arg, uint8_t *frame, size_t len)
{
	const struct emit_arg *a = arg;

	if (len < NIC_FRAME_MIN) {
		memset(frame + len, 0, NIC_FRAME_MIN - len);
		len = NIC_FRAME_MIN;
	}
	if (len > NIC_FRAME_MAX) {
		nicsim_strict(a->nic->sim, "TX queue %u: a frame of %zu bytes", a->queue, len);
		return;
	}
	a->nic->txq[a->queue].frames++;
	a->nic->txq[a->queue].bytes += len;
	nicsim_wire_tx(a->nic->sim, frame, len);
}

static bool find_layout(struct gve *nic, const struct gve_tx_job *job, struct seg_layout *lay)
{
	struct pkt pkt;

	pkt_parse(&pkt, nic->tx_frame, job->len, GVE_VLAN_TYPE);
	*lay = (struct seg_layout){
		.l3 = pkt.l2_end, .l4 = pkt.l3_end, .hdr_len = pkt.l4_end, .mss = job->mss,
		.l4t = pkt.l4, .ipv4 = pkt.l3 == L3_IPV4,
	};
	if (pkt.l4 == L4_TCP || (pkt.l4 == L4_UDP && !job->mss))
		return true;
	nicsim_strict(nic->sim, "TX queue %u: offloads for a frame of another protocol",
		      job->queue);
	return false;
}

/* seg_send() wants 0 as IP checksum, and the pseudo header's sum without a length.
 * With GQI the sum has the length of the whole frame, which is taken out here.
 */
static void prepare_headers(struct gve *nic, const struct gve_tx_job *job,
			    const struct seg_layout *lay)
{
	uint8_t *field = nic->tx_frame + lay->l4 + CSUM_OFF_TCP;
	uint32_t len = job->len - lay->l4;

	if (lay->ipv4)
		put_be16(nic->tx_frame + lay->l3 + 10, 0);
	if (!gve_is_dqo(nic))
		put_be16(field, ~csum_fold(get_be16(field) + (~len & 0xffff)));
}

void gve_tx_send(struct gve *nic, const struct gve_tx_job *job)
{
	struct emit_arg arg = { nic, job->queue };
	struct seg_layout lay;

	if (!job->csum && !job->mss) {
		emit(&arg, nic->tx_frame, job->len);
		return;
	}
	if (!find_layout(nic, job, &lay))
		return;
	if (!job->mss) {
		seg_l4_checksum(&lay, nic->tx_frame, job->len, 0);
		emit(&arg, nic->tx_frame, job->len);
		return;
	}
	if (lay.hdr_len != job->hdr_len || job->hdr_len >= job->len ||
	    job->hdr_len + job->mss > NIC_FRAME_MAX) {
		nicsim_strict(nic->sim, "TX queue %u: headers of %zu bytes, not %zu, of %zu",
			      job->queue, job->hdr_len, lay.hdr_len, job->len);
		return;
	}
	prepare_headers(nic, job, &lay);
	seg_send(&lay, nic->tx_frame, job->len, nic->tx_segment, emit, &arg);
}
