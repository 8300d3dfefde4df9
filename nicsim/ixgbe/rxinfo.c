// SPDX-License-Identifier: GPL-2.0
/* What a receive descriptor says about a frame's headers. */
#include "ixgbe/ixgbe.h"

static uint32_t l4_checksum(const struct pkt *pkt, const uint8_t *frame)
{
	enum pkt_csum csum = pkt_l4_csum(pkt, frame);

	if (csum == CSUM_NONE)
		return 0;
	return RXD_STAT_L4CS | (pkt->l4 == L4_UDP ? RXD_STAT_UDPCS : 0) |
	       (csum == CSUM_BAD ? RXD_ERR_L4E : 0);
}

/* Section "Receive Checksum Offloading": status and error bits.  Some MACs report the
 * IP checksum of each fragment as wrong (specification updates: erratum 66 of the
 * 82599, 42 of the X540).
 */
uint32_t ixgbe_rx_checksum(const struct pkt *pkt, const uint8_t *frame, bool fragments_wrong)
{
	uint32_t status = 0;
	bool wrong;

	if (pkt->l3 == L3_IPV4) {
		wrong = !pkt_ip_csum_good(pkt, frame) || (pkt->fragment && fragments_wrong);
		status |= RXD_STAT_IPCS | (wrong ? RXD_ERR_IPE : 0);
	}
	return status | l4_checksum(pkt, frame);
}

/**
 * ixgbe_etqf() - find the filter for a frame's ethertype
 * @nic: the model
 * @pkt: the frame's headers
 *
 * Return: its number, or IXG_ETQF_COUNT when there is none.
 */
unsigned int ixgbe_etqf(const struct ixgbe *nic, const struct pkt *pkt)
{
	unsigned int i;

	for (i = 0; i < IXG_ETQF_COUNT; i++) {
		uint32_t etqf = ixgbe_get(nic, IXG_ETQF(i));

		if ((etqf & ETQF_EN) && (etqf & ETQF_TYPE) == pkt->ethertype)
			break;
	}
	return i;
}

/* If the type is the number of a filter, its other bits have no meaning. */
uint32_t ixgbe_packet_type(struct ixgbe *nic, const struct pkt *pkt)
{
	static const uint32_t l4_type[] = {
		[L4_UDP] = RXD_PKTTYPE_UDP, [L4_TCP] = RXD_PKTTYPE_TCP,
		[L4_SCTP] = RXD_PKTTYPE_SCTP,
	};
	unsigned int etqf = ixgbe_etqf(nic, pkt);
	uint32_t type = l4_type[pkt->l4];

	if (etqf < IXG_ETQF_COUNT)
		return RXD_PKTTYPE_ETQF | etqf << RXD_PKTTYPE_ETQF_SHIFT |
		       ixgbe_noise(nic, RXD_PKTTYPE_ETQF_RSVD);
	if (pkt->l3 == L3_IPV4)
		type |= RXD_PKTTYPE_IPV4 | (pkt->l3_options ? RXD_PKTTYPE_IPV4E : 0);
	else if (pkt->l3 == L3_IPV6)
		type |= RXD_PKTTYPE_IPV6 | (pkt->l3_options ? RXD_PKTTYPE_IPV6E : 0);
	return type;
}

/**
 * ixgbe_split_len() - find where a frame is to be split
 * @pkt: the frame's headers
 * @psrtype: bits of the headers that may be split off
 *
 * Return: the end of the last header whose bit is set, or 0 when there is none.
 */
size_t ixgbe_split_len(const struct pkt *pkt, uint32_t psrtype)
{
	if ((pkt->l4 == L4_TCP && (psrtype & PSRTYPE_TCP)) ||
	    (pkt->l4 == L4_UDP && (psrtype & PSRTYPE_UDP)))
		return pkt->l4_end;
	if ((pkt->l3 == L3_IPV4 && (psrtype & PSRTYPE_IPV4)) ||
	    (pkt->l3 == L3_IPV6 && (psrtype & PSRTYPE_IPV6)))
		return pkt->l3_end;
	return psrtype & PSRTYPE_L2 ? pkt->l2_end : 0;
}
