// SPDX-License-Identifier: GPL-2.0
/*
 * Software leaves the sum of the pseudo header in the checksum field, and hardware
 * adds the rest.  For segmentation the sum is without the length.
 */
#include <string.h>

#include "wire/segment.h"

#define TCP_FIN_PSH	0x09
#define TCP_CWR		0x80
#define CSUM_OFF_TCP	16
#define CSUM_OFF_UDP	6
#define CSUM_OFF_SCTP	8

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
	put_le32(l4 + CSUM_OFF_SCTP, 0);
	put_le32(l4 + CSUM_OFF_SCTP, crc32c(l4, len));
}

void seg_l4_checksum(const struct seg_layout *lay, uint8_t *frame, size_t len, size_t extra)
{
	size_t field = lay->l4 + (lay->l4t == L4_TCP ? CSUM_OFF_TCP : CSUM_OFF_UDP);
	uint16_t sum;

	if (lay->l4t == L4_SCTP) {
		if (lay->l4 + CSUM_OFF_SCTP + 4 <= len)
			sctp_checksum(frame + lay->l4, len - lay->l4);
		return;
	}
	if (field + 2 > len)
		return;
	sum = csum_fold(csum_add(extra, frame + lay->l4, len - lay->l4));
	if (!sum && lay->l4t == L4_UDP)
		sum = 0xffff;
	put_be16(frame + field, sum);
}

void seg_ip_checksum(const struct seg_layout *lay, uint8_t *frame, size_t len)
{
	if (lay->l3 + 20 <= len && lay->l4 <= len)
		put_be16(frame + lay->l3 + 10,
			 csum_fold(csum_add(0, frame + lay->l3, lay->l4 - lay->l3)));
}

/**
 * struct tso - the state of segmentation
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

static void segment_ip(const struct seg_layout *lay, const struct tso *tso, uint8_t *seg,
		       size_t len)
{
	if (lay->ipv4) {
		put_be16(seg + lay->l3 + 2, len - lay->l3);
		put_be16(seg + lay->l3 + 4, tso->ip_id);
		seg_ip_checksum(lay, seg, len);
	} else {
		put_be16(seg + lay->l3 + 4, len - lay->l3 - 40);
	}
}

static void segment_l4(const struct seg_layout *lay, const struct tso *tso, uint8_t *seg,
		       size_t len, bool first, bool last)
{
	uint8_t *l4 = seg + lay->l4;

	if (lay->l4t == L4_TCP) {
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
	seg_l4_checksum(lay, seg, len, len - lay->l4);
}

static void read_tso(const struct seg_layout *lay, const uint8_t *frame, struct tso *tso)
{
	const uint8_t *l4 = frame + lay->l4;
	bool tcp = lay->l4t == L4_TCP;

	tso->ip_id = get_be16(frame + lay->l3 + 4);
	tso->seq = tcp ? get_be32(l4 + 4) : 0;
	tso->tcp_flags = tcp ? l4[13] : 0;
	tso->partial = get_be16(l4 + (tcp ? CSUM_OFF_TCP : CSUM_OFF_UDP));
}

void seg_send(const struct seg_layout *lay, const uint8_t *frame, size_t len, uint8_t *seg,
	      void (*emit)(void *arg, uint8_t *seg, size_t len), void *arg)
{
	size_t off = lay->hdr_len, part;
	struct tso tso;

	read_tso(lay, frame, &tso);
	do {
		part = len - off < lay->mss ? len - off : lay->mss;
		memcpy(seg, frame, lay->hdr_len);
		memcpy(seg + lay->hdr_len, frame + off, part);
		segment_ip(lay, &tso, seg, lay->hdr_len + part);
		segment_l4(lay, &tso, seg, lay->hdr_len + part, off == lay->hdr_len,
			   off + part == len);
		emit(arg, seg, lay->hdr_len + part);
		tso.seq += part;
		tso.ip_id++;
		off += part;
	} while (off < len);
}
