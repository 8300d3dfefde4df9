// SPDX-License-Identifier: GPL-2.0
/*
 * Sections "Transmit Checksum Offloading" and "Transmit Segmentation": what a
 * context descriptor asks for is done to the frame, here in plain order:
 * segments, checksums, tag, padding.
 *
 * Software leaves the pseudo header's sum, for segmentation without a length,
 * in the checksum field; hardware adds the rest.
 */
#include <string.h>

#include "ixgbe.h"

#define VLAN_HLEN	4
#define TCP_FIN_PSH	0x09
#define TCP_CWR		0x80
#define CSUM_OFF_TCP	16
#define CSUM_OFF_UDP	6
#define CSUM_OFF_SCTP	8

/* Offsets that a context gives; lengths in the frame without a new tag. */
struct layout {
	size_t l3, l4, hdr_len, mss;
	unsigned int l4t;
	bool ipv4;
};

static void read_layout(const struct ixgbe_tx_context *ctx, struct layout *lay)
{
	lay->l3 = ctx->vlan_macip_lens >> TXC_MACLEN_SHIFT & TXC_MACLEN;
	lay->l4 = lay->l3 + (ctx->vlan_macip_lens & TXC_IPLEN);
	lay->hdr_len = lay->l4 + (ctx->mss_l4len_idx >> TXC_L4LEN_SHIFT & 0xff);
	lay->mss = ctx->mss_l4len_idx >> TXC_MSS_SHIFT;
	lay->l4t = ctx->type_tucmd >> TXC_L4T_SHIFT & 3;
	lay->ipv4 = ctx->type_tucmd & TXC_IPV4;
}

static uint32_t crc32c(const uint8_t *data, size_t len)
{
	uint32_t crc = ~0u;
	unsigned int bit;

	while (len--) {
		crc ^= *data++;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	return ~crc;
}

static void sctp_checksum(uint8_t *l4, size_t len)
{
	uint32_t crc;

	memset(l4 + CSUM_OFF_SCTP, 0, 4);
	crc = crc32c(l4, len);
	l4[CSUM_OFF_SCTP] = crc;
	l4[CSUM_OFF_SCTP + 1] = crc >> 8;
	l4[CSUM_OFF_SCTP + 2] = crc >> 16;
	l4[CSUM_OFF_SCTP + 3] = crc >> 24;
}

/* @extra: length that the pseudo header's sum still lacks. */
static void l4_checksum(const struct layout *lay, uint8_t *frame, size_t len, size_t extra)
{
	size_t field = lay->l4 + (lay->l4t == TXC_L4T_TCP ? CSUM_OFF_TCP : CSUM_OFF_UDP);
	uint16_t sum;

	if (lay->l4t == TXC_L4T_SCTP) {
		if (lay->l4 + CSUM_OFF_SCTP + 4 <= len)
			sctp_checksum(frame + lay->l4, len - lay->l4);
		return;
	}
	if (field + 2 > len)
		return;
	sum = ixgbe_csum_fold(ixgbe_csum_add(extra, frame + lay->l4, len - lay->l4));
	if (!sum && lay->l4t == TXC_L4T_UDP)
		sum = 0xffff;
	put_be16(frame + field, sum);
}

static void ip_checksum(const struct layout *lay, uint8_t *frame, size_t len)
{
	if (lay->l3 + 20 <= len && lay->l4 <= len)
		put_be16(frame + lay->l3 + 10,
			 ixgbe_csum_fold(ixgbe_csum_add(0, frame + lay->l3, lay->l4 - lay->l3)));
}

static uint16_t tag_type(struct ixgbe *nic)
{
	uint16_t type = ixgbe_get(nic, IXG_DMATXCTL) >> DMATXCTL_VT_SHIFT;

	return type ? type : ixgbe_get(nic, IXG_VLNCTRL) & VLNCTRL_VET;
}

/* Adds what the MAC adds and sends; @frame has room for a tag and padding. */
void ixgbe_tx_emit(struct ixgbe *nic, const struct ixgbe_tx_job *job, uint8_t *frame, size_t len)
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

/**
 * struct tso - where segmentation is in the original frame
 * @tcp_flags:	of the original header
 * @seq:	TCP sequence number of the next segment
 * @ip_id:	IPv4 identification of the next segment
 * @partial:	L4 checksum field as software left it
 */
struct tso {
	uint32_t seq;
	uint16_t ip_id, partial;
	uint8_t tcp_flags;
};

static void segment_ip(const struct layout *lay, const struct tso *tso, uint8_t *seg, size_t len)
{
	if (lay->ipv4) {
		put_be16(seg + lay->l3 + 2, len - lay->l3);
		put_be16(seg + lay->l3 + 4, tso->ip_id);
		ip_checksum(lay, seg, len);
	} else {
		put_be16(seg + lay->l3 + 4, len - lay->l3 - 40);
	}
}

static void segment_l4(const struct layout *lay, const struct tso *tso, uint8_t *seg, size_t len,
		       bool first, bool last)
{
	uint8_t *l4 = seg + lay->l4;

	if (lay->l4t == TXC_L4T_TCP) {
		put_be32(l4 + 4, tso->seq);
		l4[13] = tso->tcp_flags;
		if (!last)
			l4[13] &= ~TCP_FIN_PSH;
		if (!first)
			l4[13] &= ~TCP_CWR;
		put_be16(l4 + CSUM_OFF_TCP, tso->partial);
	} else {
		put_be16(l4 + 4, len - lay->l4);
		put_be16(l4 + CSUM_OFF_UDP, tso->partial);
	}
	l4_checksum(lay, seg, len, len - lay->l4);
}

static void read_tso(const struct layout *lay, const uint8_t *frame, struct tso *tso)
{
	const uint8_t *l4 = frame + lay->l4;
	bool tcp = lay->l4t == TXC_L4T_TCP;

	tso->ip_id = get_be16(frame + lay->l3 + 4);
	tso->seq = tcp ? get_be32(l4 + 4) : 0;
	tso->tcp_flags = tcp ? l4[13] : 0;
	tso->partial = get_be16(l4 + (tcp ? CSUM_OFF_TCP : CSUM_OFF_UDP));
}

static bool check_tso(struct ixgbe *nic, const struct ixgbe_tx_job *job, const struct layout *lay)
{
	size_t paylen = job->opts >> TXD_PAYLEN_SHIFT;

	if (!lay->mss || lay->hdr_len + lay->mss + VLAN_HLEN > NIC_FRAME_MAX ||
	    lay->hdr_len > job->len || lay->hdr_len - lay->l4 < 8 || lay->l4 - lay->l3 < 20 ||
	    lay->l4t == TXC_L4T_SCTP) {
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

static void send_segments(struct ixgbe *nic, const struct ixgbe_tx_job *job,
			  const struct layout *lay)
{
	size_t off = lay->hdr_len, part;
	uint8_t *seg = nic->tx_segment;
	struct tso tso;

	read_tso(lay, job->data, &tso);
	do {
		part = job->len - off < lay->mss ? job->len - off : lay->mss;
		memcpy(seg, job->data, lay->hdr_len);
		memcpy(seg + lay->hdr_len, job->data + off, part);
		segment_ip(lay, &tso, seg, lay->hdr_len + part);
		segment_l4(lay, &tso, seg, lay->hdr_len + part, off == lay->hdr_len,
			   off + part == job->len);
		ixgbe_tx_emit(nic, job, seg, lay->hdr_len + part);
		tso.seq += part;
		tso.ip_id++;
		off += part;
	} while (off < job->len);
}

void ixgbe_tx_offload(struct ixgbe *nic, struct ixgbe_tx_job *job)
{
	struct layout lay;

	if (!job->ctx) {
		ixgbe_tx_emit(nic, job, job->data, job->len);
		return;
	}
	read_layout(job->ctx, &lay);
	if (job->cmd & TXD_CMD_TSE) {
		if (check_tso(nic, job, &lay))
			send_segments(nic, job, &lay);
		return;
	}
	if (job->opts & TXD_POPTS_IXSM)
		ip_checksum(&lay, job->data, job->len);
	if (job->opts & TXD_POPTS_TXSM)
		l4_checksum(&lay, job->data, job->len, 0);
	ixgbe_tx_emit(nic, job, job->data, job->len);
}
