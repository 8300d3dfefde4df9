// SPDX-License-Identifier: GPL-2.0
/*
 * Section "Receive Side Scaling": the Toeplitz hash over the fields that MRQC
 * asks for, and the redirection table.
 */
#include <string.h>

#include "ixgbe.h"

static uint32_t key_window(const uint8_t *key, unsigned int bit)
{
	uint64_t window = 0;
	unsigned int i;

	for (i = 0; i < 5; i++)
		window = window << 8 | (bit / 8 + i < IXG_RSS_KEY_LEN ? key[bit / 8 + i] : 0);
	return window >> (8 - bit % 8);
}

/* What each value of each input byte contributes, so that a frame costs one
 * look-up per byte and not eight shifts.
 */
static void build_table(struct ixgbe *nic)
{
	uint8_t key[IXG_RSS_KEY_LEN];
	unsigned int pos, val, bit;

	for (pos = 0; pos < IXG_RSS_KEY_LEN; pos++)
		key[pos] = ixgbe_get(nic, IXG_RSSRK(pos / 4)) >> (pos % 4 * 8);
	for (pos = 0; pos < IXG_RSS_INPUT_MAX; pos++) {
		nic->rss_table[pos][0] = 0;
		for (bit = 0; bit < 8; bit++) {
			uint32_t window = key_window(key, pos * 8 + 7 - bit);

			for (val = 0; val < 1u << bit; val++)
				nic->rss_table[pos][val | 1 << bit] =
					nic->rss_table[pos][val] ^ window;
		}
	}
	nic->rss_stale = false;
}

void ixgbe_rssrk_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	(void)i;
	(void)val;
	nic->rss_stale = true;
}

uint32_t ixgbe_toeplitz(struct ixgbe *nic, const uint8_t *input, size_t len)
{
	uint32_t hash = 0;
	size_t i;

	if (nic->rss_stale)
		build_table(nic);
	for (i = 0; i < len; i++)
		hash ^= nic->rss_table[i][input[i]];
	return hash;
}

static unsigned int rss_type_ipv4(uint32_t mrqc, enum ixgbe_l4 l4)
{
	if (l4 == L4_TCP && (mrqc & MRQC_TCP_IPV4))
		return RXD_RSSTYPE_TCP_IPV4;
	if (l4 == L4_UDP && (mrqc & MRQC_UDP_IPV4))
		return RXD_RSSTYPE_UDP_IPV4;
	return mrqc & MRQC_IPV4 ? RXD_RSSTYPE_IPV4 : RXD_RSSTYPE_NONE;
}

static unsigned int rss_type_ipv6(uint32_t mrqc, enum ixgbe_l4 l4)
{
	if (l4 == L4_TCP && (mrqc & MRQC_TCP_IPV6))
		return RXD_RSSTYPE_TCP_IPV6;
	if (l4 == L4_UDP && (mrqc & MRQC_UDP_IPV6))
		return RXD_RSSTYPE_UDP_IPV6;
	return mrqc & MRQC_IPV6 ? RXD_RSSTYPE_IPV6 : RXD_RSSTYPE_NONE;
}

uint32_t ixgbe_rss_hash(struct ixgbe *nic, const struct ixgbe_pkt *pkt, const uint8_t *frame,
			unsigned int *type)
{
	uint32_t mrqc = ixgbe_get(nic, IXG_MRQC);
	uint8_t input[IXG_RSS_INPUT_MAX];
	size_t len = 0;

	*type = RXD_RSSTYPE_NONE;
	if ((mrqc & MRQC_MODE) != MRQC_MODE_RSS)
		return 0;
	if (pkt->l3 == L3_IPV4) {
		*type = rss_type_ipv4(mrqc, pkt->l4);
		memcpy(input, frame + pkt->l2_end + 12, len = 8);
	} else if (pkt->l3 == L3_IPV6) {
		*type = rss_type_ipv6(mrqc, pkt->l4);
		memcpy(input, frame + pkt->l2_end + 8, len = 32);
	}
	if (*type == RXD_RSSTYPE_NONE)
		return 0;
	if (*type != RXD_RSSTYPE_IPV4 && *type != RXD_RSSTYPE_IPV6) {
		memcpy(input + len, frame + pkt->l3_end, 4);
		len += 4;
	}
	return ixgbe_toeplitz(nic, input, len);
}

/* The seven low bits choose an entry, and an entry has four bits. */
unsigned int ixgbe_rss_queue(struct ixgbe *nic, uint32_t hash)
{
	unsigned int entry = hash & 0x7f;

	return ixgbe_get(nic, IXG_RETA(entry / 4)) >> (entry % 4 * 8) & 0xf;
}
