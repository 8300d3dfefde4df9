// SPDX-License-Identifier: GPL-2.0
/* What the device says of itself: descriptor, options, packet types, speed. */
#include <string.h>

#include "gve/gve.h"

#define DESCRIPTOR_VERSION	1
#define DESCRIPTOR_SIZE		40
#define DRIVER_INFO_SIZE	304
#define BASE_MTU_MAX		1500	/* more needs an option */
#define TX_PAGES_GQI		128
#define TX_PAGES_DQO		512
#define LINK_SPEED_MBPS		10000
#define PARAMETER_MTU		1

struct description {
	uint8_t data[DESCRIPTOR_SIZE + 256];
	size_t len;
	unsigned int options;
};

/* Returns where the option's data goes, which is all zeroes. */
static uint8_t *add_option(struct description *d, enum gve_option id, size_t len)
{
	uint8_t *opt = d->data + d->len;

	put_be16(opt, id);
	put_be16(opt + 2, len);
	put_be32(opt + 4, 0);
	d->len += 8 + len;
	d->options++;
	return opt + 8;
}

static uint32_t features(const struct gve *nic)
{
	uint32_t mask = FEATURE_MODIFY_RING | FEATURE_JUMBO_FRAMES;

	if (nic->knob_format == FORMAT_DQO_RDA || nic->knob_format == FORMAT_DQO_QPL)
		mask |= FEATURE_BUFFER_SIZES | FEATURE_FLOW_STEERING | FEATURE_RSS_CONFIG |
			(nic->knob_stamps ? FEATURE_NIC_TIMESTAMP : 0);
	return mask;
}

static void add_format(struct gve *nic, struct description *d)
{
	static const struct {
		enum gve_option id;
		size_t len;
	} option[] = {
		[FORMAT_GQI_RDA] = { OPT_GQI_RDA, 4 },
		[FORMAT_GQI_QPL] = { OPT_GQI_QPL, 4 },
		[FORMAT_DQO_RDA] = { OPT_DQO_RDA, 8 },
		[FORMAT_DQO_QPL] = { OPT_DQO_QPL, 8 },
	};
	uint8_t *data = add_option(d, option[nic->knob_format].id, option[nic->knob_format].len);

	put_be32(data, features(nic));
	if (nic->knob_format == FORMAT_DQO_QPL) {
		put_be16(data + 4, TX_PAGES_DQO);
		put_be16(data + 6, 2 * GVE_RX_RING);
	}
}

static void add_ring_sizes(struct description *d)
{
	uint8_t *data = add_option(d, OPT_MODIFY_RING, 12);

	put_be32(data, FEATURE_MODIFY_RING);
	put_be16(data + 4, GVE_RING_MAX);
	put_be16(data + 6, GVE_RING_MAX);
	put_be16(data + 8, GVE_RING_MIN);
	put_be16(data + 10, GVE_RING_MIN);
}

static void add_features(struct gve *nic, struct description *d)
{
	uint8_t *data;

	add_ring_sizes(d);
	data = add_option(d, OPT_JUMBO_FRAMES, 8);
	put_be32(data, FEATURE_JUMBO_FRAMES);
	put_be16(data + 4, nic->mtu);
	if (!(features(nic) & FEATURE_BUFFER_SIZES))
		return;

	data = add_option(d, OPT_BUFFER_SIZES, 8);
	put_be32(data, FEATURE_BUFFER_SIZES);
	put_be16(data + 4, GVE_BUFFER_MAX);
	put_be16(data + 6, GVE_HEADER_BUFFER);
	data = add_option(d, OPT_FLOW_STEERING, 12);
	put_be32(data, FEATURE_FLOW_STEERING);
	put_be32(data + 8, GVE_FLOW_RULES);
	data = add_option(d, OPT_RSS_CONFIG, 8);
	put_be32(data, FEATURE_RSS_CONFIG);
	put_be16(data + 4, TOEPLITZ_KEY_LEN);
	put_be16(data + 6, GVE_RSS_LUT);
	if (nic->knob_stamps)
		put_be32(add_option(d, OPT_NIC_TIMESTAMP, 4), FEATURE_NIC_TIMESTAMP);
}

static void describe(struct gve *nic, struct description *d)
{
	uint8_t *p = d->data;

	d->len = DESCRIPTOR_SIZE;
	put_be64(p, GVE_MAX_REGISTERED);
	put_be16(p + 10, GVE_TX_RING);
	put_be16(p + 12, GVE_RX_RING);
	put_be16(p + 14, nic->knob_queues);
	put_be16(p + 16, nic->mtu < BASE_MTU_MAX ? nic->mtu : BASE_MTU_MAX);
	put_be16(p + 18, GVE_COUNTERS);
	put_be16(p + 20, TX_PAGES_GQI);
	put_be16(p + 22, GVE_RX_RING);
	memcpy(p + 24, nic->mac, sizeof(nic->mac));
	add_format(nic, d);
	add_features(nic, d);
	put_be16(p + 30, d->options);
	put_be16(p + 32, d->len);
}

enum gve_aq_status gve_describe_device(struct gve *nic, const uint8_t *cmd)
{
	uint32_t version = get_be32(cmd + 8), available = get_be32(cmd + 12);
	struct description d = { .len = 0 };

	if (version != DESCRIPTOR_VERSION) {
		nicsim_strict(nic->sim, "describe device: version %u", version);
		return AQ_INVALID_ARGUMENT;
	}
	describe(nic, &d);
	if (d.len > available)
		return AQ_INVALID_ARGUMENT;
	if (!nicsim_dma_write(nic->sim, get_be64(cmd), d.data, d.len, "device descriptor"))
		return AQ_INTERNAL_ERROR;
	return AQ_PASSED;
}

/* Types are spread over their 10 bits, so that a driver has to use the map. */
static unsigned int ptype_number(enum gve_l3_type l3, enum gve_l4_type l4)
{
	return 37 + 61 * (l3 * 4 + l4);
}

/* The device does not check ICMP and SCTP, so it has no types for them. */
unsigned int gve_ptype(const struct pkt *pkt)
{
	static const enum gve_l3_type l3[] = {
		[L3_NONE] = PTYPE_L3_OTHER, [L3_IPV4] = PTYPE_L3_IPV4, [L3_IPV6] = PTYPE_L3_IPV6,
	};
	static const enum gve_l4_type l4[] = {
		[L4_NONE] = PTYPE_L4_UNKNOWN, [L4_UDP] = PTYPE_L4_UDP, [L4_TCP] = PTYPE_L4_TCP,
		[L4_SCTP] = PTYPE_L4_OTHER,
	};

	return ptype_number(l3[pkt->l3], l4[pkt->l4]);
}

enum gve_aq_status gve_get_ptype_map(struct gve *nic, const uint8_t *cmd)
{
	uint8_t map[GVE_PTYPES][2] = {};
	unsigned int l3, l4;

	if (get_be64(cmd) < sizeof(map))
		return AQ_INVALID_ARGUMENT;
	for (l3 = PTYPE_L3_UNKNOWN; l3 <= PTYPE_L3_IPV6; l3++) {
		for (l4 = PTYPE_L4_UNKNOWN; l4 <= PTYPE_L4_UDP; l4++) {
			map[ptype_number(l3, l4)][0] = l3;
			map[ptype_number(l3, l4)][1] = l4;
		}
	}
	if (!nicsim_dma_write(nic->sim, get_be64(cmd + 8), map, sizeof(map), "packet type map"))
		return AQ_INTERNAL_ERROR;
	return AQ_PASSED;
}

/* Accepts every driver whose description can be read. */
enum gve_aq_status gve_verify_driver(struct gve *nic, const uint8_t *cmd)
{
	uint8_t info[DRIVER_INFO_SIZE];

	if (get_be64(cmd) < sizeof(info))
		return AQ_INVALID_ARGUMENT;
	if (!nicsim_dma_read(nic->sim, get_be64(cmd + 8), info, sizeof(info), "driver info"))
		return AQ_INTERNAL_ERROR;
	return AQ_PASSED;
}

enum gve_aq_status gve_link_speed(struct gve *nic, const uint8_t *cmd)
{
	uint8_t speed[8];

	put_be64(speed, LINK_SPEED_MBPS);
	if (!nicsim_dma_write(nic->sim, get_be64(cmd), speed, sizeof(speed), "link speed"))
		return AQ_INTERNAL_ERROR;
	return AQ_PASSED;
}

enum gve_aq_status gve_set_parameter(struct gve *nic, const uint8_t *cmd)
{
	uint64_t mtu = get_be64(cmd + 8);

	if (get_be32(cmd) != PARAMETER_MTU) {
		nicsim_strict(nic->sim, "unknown driver parameter %u", get_be32(cmd));
		return AQ_INVALID_ARGUMENT;
	}
	if (mtu < 68 || mtu > nic->knob_mtu)
		return AQ_INVALID_ARGUMENT;
	nic->mtu = mtu;
	return AQ_PASSED;
}
