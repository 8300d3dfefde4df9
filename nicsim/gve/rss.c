// SPDX-License-Identifier: GPL-2.0
/*
 * Receive side scaling.  Until the driver sets a table, frames are spread over all
 * queues that exist.
 */
#include <string.h>

#include "gve/gve.h"

#define QUERY_HEADER	8
#define TYPES_KNOWN	(BIT32(HASH_IPV4) | BIT32(HASH_TCPV4) | BIT32(HASH_UDPV4) | \
			 BIT32(HASH_IPV6) | BIT32(HASH_TCPV6) | BIT32(HASH_UDPV6))
#define TYPES_ALL	0x1ff

/* Any key without a part that repeats is good enough. */
static void default_key(uint8_t key[TOEPLITZ_KEY_LEN])
{
	unsigned int i, x = 0x5a;

	for (i = 0; i < TOEPLITZ_KEY_LEN; i++) {
		x = (x * 141 + 57) & 0xffff;
		key[i] = x >> 5;
	}
}

void gve_rss_reset(struct gve *nic)
{
	default_key(nic->rss.key);
	toeplitz_set_key(&nic->rss.hash, nic->rss.key);
	memset(nic->rss.lut, 0, sizeof(nic->rss.lut));
	nic->rss.lut_set = false;
	nic->rss.types = TYPES_KNOWN;
}

static unsigned int rx_queues(const struct gve *nic)
{
	unsigned int q = GVE_MAX_QUEUES;

	while (q > 1 && !nic->rxq[q - 1].on)
		q--;
	return q;
}

static uint32_t lut_entry(const struct gve *nic, unsigned int i)
{
	return nic->rss.lut_set ? nic->rss.lut[i] : i % rx_queues(nic);
}

static enum gve_aq_status set_key(struct gve *nic, uint64_t addr)
{
	if (!nicsim_dma_read(nic->sim, addr, nic->rss.key, TOEPLITZ_KEY_LEN, "RSS key"))
		return AQ_INTERNAL_ERROR;
	toeplitz_set_key(&nic->rss.hash, nic->rss.key);
	return AQ_PASSED;
}

static enum gve_aq_status set_lut(struct gve *nic, uint64_t addr)
{
	uint8_t raw[GVE_RSS_LUT * 4];
	unsigned int i;

	if (!nicsim_dma_read(nic->sim, addr, raw, sizeof(raw), "RSS table"))
		return AQ_INTERNAL_ERROR;
	for (i = 0; i < GVE_RSS_LUT; i++) {
		if (get_be32(raw + i * 4) >= GVE_MAX_QUEUES) {
			nicsim_strict(nic->sim, "RSS table: queue %u", get_be32(raw + i * 4));
			return AQ_INVALID_ARGUMENT;
		}
	}
	for (i = 0; i < GVE_RSS_LUT; i++)
		nic->rss.lut[i] = get_be32(raw + i * 4);
	nic->rss.lut_set = true;
	return AQ_PASSED;
}

/* A field that is 0 changes nothing. */
enum gve_aq_status gve_configure_rss(struct gve *nic, const uint8_t *cmd)
{
	uint16_t types = get_be16(cmd), key = get_be16(cmd + 4), lut = get_be16(cmd + 6);
	enum gve_aq_status status = AQ_PASSED;

	if ((cmd[2] && cmd[2] != HASH_ALG_TOEPLITZ) || types & ~TYPES_ALL ||
	    (key && key != TOEPLITZ_KEY_LEN) || (lut && lut != GVE_RSS_LUT)) {
		nicsim_strict(nic->sim, "RSS: types %#x, algorithm %u, a key of %u, a table of %u",
			      types, cmd[2], key, lut);
		return AQ_INVALID_ARGUMENT;
	}
	if (types)
		nic->rss.types = types;
	if (key)
		status = set_key(nic, get_be64(cmd + 8));
	if (lut && status == AQ_PASSED)
		status = set_lut(nic, get_be64(cmd + 16));
	return status;
}

enum gve_aq_status gve_query_rss(struct gve *nic, const uint8_t *cmd)
{
	uint8_t reply[QUERY_HEADER + TOEPLITZ_KEY_LEN + GVE_RSS_LUT * 4] = {};
	unsigned int i;

	if (get_be64(cmd) < sizeof(reply))
		return AQ_INVALID_ARGUMENT;
	put_be32(reply, sizeof(reply));
	put_be16(reply + 4, nic->rss.types);
	reply[6] = HASH_ALG_TOEPLITZ;
	memcpy(reply + QUERY_HEADER, nic->rss.key, TOEPLITZ_KEY_LEN);
	for (i = 0; i < GVE_RSS_LUT; i++)
		put_be32(reply + QUERY_HEADER + TOEPLITZ_KEY_LEN + i * 4, lut_entry(nic, i));
	if (!nicsim_dma_write(nic->sim, get_be64(cmd + 8), reply, sizeof(reply), "RSS query"))
		return AQ_INTERNAL_ERROR;
	return AQ_PASSED;
}

/* Returns false when no enabled type fits the packet; then there is no hash. */
bool gve_rss_hash(struct gve *nic, const struct pkt *pkt, const uint8_t *frame, uint32_t *hash)
{
	bool v4 = pkt->l3 == L3_IPV4, ports = false;
	uint8_t input[TOEPLITZ_INPUT_MAX];

	*hash = 0;
	if (pkt->l3 == L3_NONE)
		return false;
	if (pkt->l4 == L4_TCP)
		ports = nic->rss.types & BIT32(v4 ? HASH_TCPV4 : HASH_TCPV6);
	else if (pkt->l4 == L4_UDP)
		ports = nic->rss.types & BIT32(v4 ? HASH_UDPV4 : HASH_UDPV6);
	if (!ports && !(nic->rss.types & BIT32(v4 ? HASH_IPV4 : HASH_IPV6)))
		return false;
	*hash = toeplitz_hash(&nic->rss.hash, input, toeplitz_input(pkt, frame, ports, input));
	return true;
}

unsigned int gve_rss_queue(struct gve *nic, uint32_t hash)
{
	return lut_entry(nic, hash % GVE_RSS_LUT);
}
