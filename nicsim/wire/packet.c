// SPDX-License-Identifier: GPL-2.0
/*
 * The header parser of all models, for RSS, checksums, header split and flow
 * rules.  It knows what the hardware knows: Ethernet II, one tag, IPv4, IPv6 with
 * extension headers, TCP, UDP, SCTP.  A frame of any other kind has no L3, and a
 * fragment has no L4.
 */
#include <endian.h>
#include <string.h>

#include "wire/packet.h"

#define ETHERTYPE_IPV4	0x0800
#define ETHERTYPE_IPV6	0x86dd
#define IPV6_HLEN	40
#define SCTP_HLEN	12
#define UDP_HLEN	8

enum {
	PROTO_HOPOPTS = 0,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_DSTOPTS = 60,
};

static size_t l4_header_len(enum l4 l4, const uint8_t *hdr, size_t avail)
{
	size_t len = 0;

	if (l4 == L4_UDP)
		len = UDP_HLEN;
	else if (l4 == L4_SCTP)
		len = SCTP_HLEN;
	else if (avail >= 20)
		len = (hdr[12] >> 4) * 4;
	if (l4 == L4_TCP && len < 20)
		return 0;
	return len <= avail ? len : 0;
}

static void parse_l4(struct pkt *pkt, uint8_t proto, const uint8_t *frame, size_t len)
{
	enum l4 l4 = L4_NONE;
	size_t hdr_len, avail;

	pkt->proto = proto;
	if (proto == PROTO_TCP)
		l4 = L4_TCP;
	else if (proto == PROTO_UDP)
		l4 = L4_UDP;
	else if (proto == PROTO_SCTP)
		l4 = L4_SCTP;
	if (l4 == L4_NONE || pkt->fragment)
		return;

	avail = len - pkt->l3_end;
	pkt->l4_fits = pkt->l4_len <= avail;
	if (pkt->l4_len < avail)
		avail = pkt->l4_len;
	hdr_len = l4_header_len(l4, frame + pkt->l3_end, avail);
	if (!hdr_len)
		return;
	pkt->l4 = l4;
	pkt->l4_end = pkt->l3_end + hdr_len;
}

static void parse_ipv4(struct pkt *pkt, const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + pkt->l2_end;
	size_t avail = len - pkt->l2_end, hdr_len, total;

	if (avail < 20 || ip[0] >> 4 != 4)
		return;
	hdr_len = (ip[0] & 0xf) * 4;
	total = get_be16(ip + 2);
	if (hdr_len < 20 || hdr_len > avail || total < hdr_len)
		return;

	pkt->l3 = L3_IPV4;
	pkt->l3_end = pkt->l2_end + hdr_len;
	pkt->l3_options = hdr_len > 20;
	pkt->fragment = get_be16(ip + 6) & 0x3fff;
	pkt->l4_len = total - hdr_len;
	parse_l4(pkt, ip[9], frame, len);
}

static bool is_ipv6_extension(uint8_t proto)
{
	return proto == PROTO_HOPOPTS || proto == PROTO_ROUTING || proto == PROTO_DSTOPTS ||
	       proto == PROTO_FRAGMENT;
}

/* Returns false when an extension header does not fit. */
static bool skip_ipv6_extensions(struct pkt *pkt, uint8_t *proto, const uint8_t *frame,
				 size_t len)
{
	size_t payload = pkt->l4_len, ext;

	while (is_ipv6_extension(*proto) && !pkt->fragment) {
		const uint8_t *hdr = frame + pkt->l3_end;

		if (len - pkt->l3_end < 8 || payload < 8)
			return false;
		pkt->fragment = *proto == PROTO_FRAGMENT;
		ext = pkt->fragment ? 8 : (hdr[1] + 1u) * 8;
		if (ext > len - pkt->l3_end || ext > payload)
			return false;
		*proto = hdr[0];
		pkt->l3_options = true;
		pkt->l3_end += ext;
		payload -= ext;
	}
	pkt->l4_len = payload;
	return true;
}

static void parse_ipv6(struct pkt *pkt, const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + pkt->l2_end;
	uint8_t proto;

	if (len - pkt->l2_end < IPV6_HLEN || ip[0] >> 4 != 6)
		return;
	pkt->l3 = L3_IPV6;
	pkt->l3_end = pkt->l2_end + IPV6_HLEN;
	pkt->l4_len = get_be16(ip + 4);
	proto = ip[6];
	if (skip_ipv6_extensions(pkt, &proto, frame, len))
		parse_l4(pkt, proto, frame, len);
}

void pkt_parse(struct pkt *pkt, const uint8_t *frame, size_t len, uint16_t tag_type)
{
	*pkt = (struct pkt){};
	if (len < ETH_HLEN)
		return;
	pkt->l2_end = ETH_HLEN;
	pkt->ethertype = get_be16(frame + 12);
	if (pkt->ethertype == tag_type && len >= ETH_HLEN + VLAN_HLEN) {
		pkt->vlan = true;
		pkt->tci = get_be16(frame + 14);
		pkt->ethertype = get_be16(frame + 16);
		pkt->l2_end += VLAN_HLEN;
	}
	if (pkt->ethertype == ETHERTYPE_IPV4)
		parse_ipv4(pkt, frame, len);
	else if (pkt->ethertype == ETHERTYPE_IPV6)
		parse_ipv6(pkt, frame, len);
}

/* The one's complement sum of big-endian words; an odd last byte is the high half
 * of a word.  Such a sum can be made in either byte order, so this one is made in
 * the machine's order, and swapped at the end.
 */
uint32_t csum_add(uint32_t sum, const uint8_t *data, size_t len)
{
	uint64_t wide = 0;
	uint32_t word;

	for (; len >= sizeof(word); len -= sizeof(word), data += sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		wide += word;
	}
	word = 0;
	memcpy(&word, data, len);
	wide += word;
	while (wide >> 16)
		wide = (wide & 0xffff) + (wide >> 16);
	wide = (uint64_t)be16toh(wide) + sum;
	return (wide & 0xffffffff) + (wide >> 32);
}

uint16_t csum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static uint32_t pseudo_header_sum(const struct pkt *pkt, const uint8_t *frame)
{
	const uint8_t *ip = frame + pkt->l2_end;
	uint32_t sum = pkt->l4_len + (pkt->l4 == L4_TCP ? PROTO_TCP : PROTO_UDP);

	if (pkt->l3 == L3_IPV4)
		return csum_add(sum, ip + 12, 8);
	return csum_add(sum, ip + 8, 32);
}

bool pkt_ip_csum_good(const struct pkt *pkt, const uint8_t *frame)
{
	return !csum_fold(csum_add(0, frame + pkt->l2_end, pkt->l3_end - pkt->l2_end));
}

enum pkt_csum pkt_l4_csum(const struct pkt *pkt, const uint8_t *frame)
{
	const uint8_t *l4 = frame + pkt->l3_end;

	if (!pkt->l4_fits || (pkt->l4 != L4_TCP && pkt->l4 != L4_UDP))
		return CSUM_NONE;
	if (pkt->l4 == L4_UDP && !get_be16(l4 + 6))
		return CSUM_NONE;
	if (csum_fold(csum_add(pseudo_header_sum(pkt, frame), l4, pkt->l4_len)))
		return CSUM_BAD;
	return CSUM_GOOD;
}
