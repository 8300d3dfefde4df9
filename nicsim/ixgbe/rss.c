// SPDX-License-Identifier: GPL-2.0
/*
 * Section "Receive Side Scaling": the Toeplitz hash over the fields that MRQC
 * asks for, and the redirection table.
 */
#include "ixgbe/ixgbe.h"

static void use_key(struct ixgbe *nic)
{
	uint8_t key[TOEPLITZ_KEY_LEN];
	unsigned int pos;

	for (pos = 0; pos < TOEPLITZ_KEY_LEN; pos++)
		key[pos] = ixgbe_get(nic, IXG_RSSRK(pos / 4)) >> (pos % 4 * 8);
	toeplitz_set_key(&nic->rss, key);
	nic->rss_stale = false;
}

void ixgbe_rssrk_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	(void)i;
	(void)val;
	nic->rss_stale = true;
}

static unsigned int rss_type_ipv4(uint32_t mrqc, enum l4 l4)
{
	if (l4 == L4_TCP && (mrqc & MRQC_TCP_IPV4))
		return RXD_RSSTYPE_TCP_IPV4;
	if (l4 == L4_UDP && (mrqc & MRQC_UDP_IPV4))
		return RXD_RSSTYPE_UDP_IPV4;
	return mrqc & MRQC_IPV4 ? RXD_RSSTYPE_IPV4 : RXD_RSSTYPE_NONE;
}

static unsigned int rss_type_ipv6(uint32_t mrqc, enum l4 l4)
{
	if (l4 == L4_TCP && (mrqc & MRQC_TCP_IPV6))
		return RXD_RSSTYPE_TCP_IPV6;
	if (l4 == L4_UDP && (mrqc & MRQC_UDP_IPV6))
		return RXD_RSSTYPE_UDP_IPV6;
	return mrqc & MRQC_IPV6 ? RXD_RSSTYPE_IPV6 : RXD_RSSTYPE_NONE;
}

uint32_t ixgbe_rss_hash(struct ixgbe *nic, const struct pkt *pkt, const uint8_t *frame,
			unsigned int *type)
{
	uint32_t mrqc = ixgbe_get(nic, IXG_MRQC);
	uint8_t input[TOEPLITZ_INPUT_MAX];
	bool ports;

	*type = RXD_RSSTYPE_NONE;
	if ((mrqc & MRQC_MODE) != MRQC_MODE_RSS)
		return 0;
	if (pkt->l3 == L3_IPV4)
		*type = rss_type_ipv4(mrqc, pkt->l4);
	else if (pkt->l3 == L3_IPV6)
		*type = rss_type_ipv6(mrqc, pkt->l4);
	if (*type == RXD_RSSTYPE_NONE)
		return 0;
	ports = *type != RXD_RSSTYPE_IPV4 && *type != RXD_RSSTYPE_IPV6;
	if (nic->rss_stale)
		use_key(nic);
	return toeplitz_hash(&nic->rss, input, toeplitz_input(pkt, frame, ports, input));
}

/* The low bits of the hash choose an entry.  The first 128 entries are in RETA. */
unsigned int ixgbe_rss_queue(struct ixgbe *nic, uint32_t hash)
{
	unsigned int entry = hash & (nic->variant->reta_entries - 1), word = entry / 4;
	uint32_t offset = word < IXG_RETA_COUNT ? IXG_RETA(word) :
						  IXG_ERETA(word - IXG_RETA_COUNT);

	return ixgbe_get(nic, offset) >> (entry % 4 * 8) & nic->variant->reta_queue;
}
