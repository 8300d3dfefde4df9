// SPDX-License-Identifier: GPL-2.0
/*
 * Sections "Transmit Checksum Offloading" and "Transmit Segmentation": what a
 * context descriptor asks for.  The order is: segments, checksums, tag, padding.
 */
#include <string.h>

#include "ixgbe/ixgbe.h"

/* The layout that a context gives: of the frame before a tag is inserted. */
static void read_layout(const struct ixgbe_tx_context *ctx, struct seg_layout *lay)
{
	static const enum l4 l4t[] = {
		[TXC_L4T_UDP] = L4_UDP, [TXC_L4T_TCP] = L4_TCP, [TXC_L4T_SCTP] = L4_SCTP,
		[3] = L4_UDP,
	};

	lay->l3 = ctx->vlan_macip_lens >> TXC_MACLEN_SHIFT & TXC_MACLEN;
	lay->l4 = lay->l3 + (ctx->vlan_macip_lens & TXC_IPLEN);
	lay->hdr_len = lay->l4 + (ctx->mss_l4len_idx >> TXC_L4LEN_SHIFT & 0xff);
	lay->mss = ctx->mss_l4len_idx >> TXC_MSS_SHIFT;
	lay->l4t = l4t[ctx->type_tucmd >> TXC_L4T_SHIFT & 3];
	lay->ipv4 = ctx->type_tucmd & TXC_IPV4;
}

static uint16_t tag_type(struct ixgbe *nic)
{
	uint16_t type = ixgbe_get(nic, IXG_DMATXCTL) >> DMATXCTL_VT_SHIFT;

	return type ? type : ixgbe_get(nic, IXG_VLNCTRL) & VLNCTRL_VET;
}

/* Adds what the MAC adds and sends; @frame has room for a tag and padding. */
static void emit(struct ixgbe *nic, const struct ixgbe_tx_job *job, uint8_t *frame, size_t len)
{
	if ((job->cmd & TXD_CMD_VLE) && len >= 12) {
		memmove(frame + 12 + VLAN_HLEN, frame + 12, len - 12);
		put_be16(frame + 12, tag_type(nic));
		put_be16(frame + 14, job->vlan);
		len += VLAN_HLEN;
	}
	if (len < NIC_FRAME_MIN && (ixgbe_get(nic, IXG_HLREG0) & HLREG0_TXPADEN)) {
		memset(frame + len, 0, NIC_FRAME_MIN - len);
		len = NIC_FRAME_MIN;
	}
	if (len > NIC_FRAME_MAX || len < 14) {
		nicsim_strict(nic->sim, "TX queue %u: a frame of %zu bytes", job->queue, len);
		return;
	}
	ixgbe_stat_tx(nic, job->queue, frame, len);
	if (ixgbe_get(nic, IXG_HLREG0) & HLREG0_LPBK)
		ixgbe_loopback_rx(nic, frame, len);
	else
		nicsim_wire_tx(nic->sim, frame, len);
}

static bool check_tso(struct ixgbe *nic, const struct ixgbe_tx_job *job,
		      const struct seg_layout *lay)
{
	size_t paylen = job->opts >> TXD_PAYLEN_SHIFT;

	if (!lay->mss || lay->hdr_len + lay->mss + VLAN_HLEN > NIC_FRAME_MAX ||
	    lay->hdr_len > job->len || lay->hdr_len - lay->l4 < 8 || lay->l4 - lay->l3 < 20 ||
	    lay->l4t == L4_SCTP) {
		nicsim_strict(nic->sim, "TX queue %u: segmentation context is malformed",
			      job->queue);
		return false;
	}
	if (paylen != job->len - lay->hdr_len) {
		nicsim_strict(nic->sim, "TX queue %u: PAYLEN is %zu, the buffers hold %zu",
			      job->queue, paylen, job->len - lay->hdr_len);
		return false;
	}
	return true;
}

struct emit_arg {
	struct ixgbe *nic;
	const struct ixgbe_tx_job *job;
};

static void emit_segment(void *arg, uint8_t *seg, size_t len)
{
	const struct emit_arg *a = arg;

	emit(a->nic, a->job, seg, len);
}

void ixgbe_tx_offload(struct ixgbe *nic, struct ixgbe_tx_job *job)
{
	struct emit_arg arg = { nic, job };
	struct seg_layout lay;

	if (!job->ctx) {
		emit(nic, job, job->data, job->len);
		return;
	}
	read_layout(job->ctx, &lay);
	if (job->cmd & TXD_CMD_TSE) {
		if (check_tso(nic, job, &lay))
			seg_send(&lay, job->data, job->len, nic->tx_segment, emit_segment, &arg);
		return;
	}
	if (job->opts & TXD_POPTS_IXSM)
		seg_ip_checksum(&lay, job->data, job->len);
	if (job->opts & TXD_POPTS_TXSM)
		seg_l4_checksum(&lay, job->data, job->len, 0);
	emit(nic, job, job->data, job->len);
}
