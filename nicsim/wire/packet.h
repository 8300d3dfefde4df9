/* SPDX-License-Identifier: GPL-2.0 */
/* Headers and checksums of a frame. */
#ifndef NICSIM_WIRE_PACKET_H
#define NICSIM_WIRE_PACKET_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"

#define ETH_HLEN	14
#define VLAN_HLEN	4

enum { PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ESP = 50, PROTO_AH = 51, PROTO_SCTP = 132 };

enum l3 { L3_NONE, L3_IPV4, L3_IPV6 };
enum l4 { L4_NONE, L4_UDP, L4_TCP, L4_SCTP };	/* as the 82599's FDIRCMD.L4TYPE */

/**
 * struct pkt - what the header parser found in a frame
 * @vlan:	the frame has a tag of the type that was looked for
 * @l3_options:	IPv4 options or IPv6 extension headers
 * @fragment:	part of a fragmented datagram, so @l4 is L4_NONE
 * @l4_fits:	the whole L4 packet, as IP's length says, is in the frame
 * @proto:	IP's number of what follows the IP header
 * @l2_end:	offset of the first byte after the Ethernet header and tag
 * @l3_end:	offset after the IP header, 0 when there is none
 * @l4_end:	offset after the L4 header, 0 when there is none
 * @l4_len:	length of the L4 packet by IP's length
 */
struct pkt {
	bool vlan, l3_options, fragment, l4_fits;
	uint8_t proto;
	uint16_t tci, ethertype;
	enum l3 l3;
	enum l4 l4;
	size_t l2_end, l3_end, l4_end, l4_len;
};

enum pkt_csum { CSUM_NONE, CSUM_GOOD, CSUM_BAD };

void pkt_parse(struct pkt *pkt, const uint8_t *frame, size_t len, uint16_t tag_type);
uint32_t csum_add(uint32_t sum, const uint8_t *data, size_t len);
uint16_t csum_fold(uint32_t sum);
bool pkt_ip_csum_good(const struct pkt *pkt, const uint8_t *frame);
enum pkt_csum pkt_l4_csum(const struct pkt *pkt, const uint8_t *frame);

#endif
