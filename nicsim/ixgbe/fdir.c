// SPDX-License-Identifier: GPL-2.0
/*
 * Section "Flow Director": perfect filters, which are compared field by field under
 * the mask registers, and signature filters, which are only a hash.
 */
#include <stdlib.h>
#include <string.h>

#include "ixgbe/ixgbe.h"

bool ixgbe_fdir_init(struct ixgbe *nic)
{
	nic->fdir.filter = calloc(IXG_FDIR_MAX, sizeof(*nic->fdir.filter));
	return nic->fdir.filter;
}

void ixgbe_fdir_clear(struct ixgbe *nic)
{
	nic->fdir.count = 0;
}

/* Filters per 64 KiB of packet buffer, less two that the hardware keeps. */
static unsigned int capacity(struct ixgbe *nic)
{
	uint32_t ctrl = ixgbe_get(nic, IXG_FDIRCTRL);
	unsigned int per_64k = ctrl & FDIRCTRL_PERFECT ? 2048 : 8192;
	unsigned int size = ctrl & FDIRCTRL_PBALLOC;
	unsigned int n;

	if (!size)
		return 0;
	n = (per_64k << (size - 1)) - 2;
	return n < IXG_FDIR_MAX ? n : IXG_FDIR_MAX;
}

uint32_t ixgbe_fdirfree_read(struct ixgbe *nic, unsigned int i)
{
	(void)i;
	return capacity(nic) - nic->fdir.count;
}

void ixgbe_fdirctrl_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	uint32_t *ctrl = ixgbe_reg_ptr(nic, IXG_FDIRCTRL);

	(void)i;
	ixgbe_fdir_clear(nic);
	if (val & FDIRCTRL_PBALLOC)
		*ctrl |= FDIRCTRL_INIT_DONE;
	else
		*ctrl &= ~FDIRCTRL_INIT_DONE;
}

static struct ixgbe_fdir_filter *find_key(struct ixgbe *nic, uint32_t key)
{
	unsigned int i;

	for (i = 0; i < nic->fdir.count; i++)
		if (nic->fdir.filter[i].key == key)
			return &nic->fdir.filter[i];
	return NULL;
}

/* FDIRUSTAT and FDIRFSTAT count additions in their low half, removals above. */
static void count_command(struct ixgbe *nic, bool ok, bool removal)
{
	if (ok)
		*ixgbe_reg_ptr(nic, IXG_FDIRUSTAT) += removal ? 1u << 16 : 1;
	else
		*ixgbe_reg_ptr(nic, IXG_FDIRFSTAT) += removal ? 1u << 8 : 1;
}

static void fdir_add(struct ixgbe *nic, uint32_t key, uint32_t cmd)
{
	struct ixgbe_fdir_filter *f = find_key(nic, key);
	bool added = false;

	if (!f && nic->fdir.count < capacity(nic)) {
		f = &nic->fdir.filter[nic->fdir.count++];
		added = true;
	} else if (f && !(cmd & FDIRCMD_FILTER_UPDATE)) {
		f = NULL;
	}
	if (added || !f)
		count_command(nic, f, false);
	if (!f)
		return;
	*f = (struct ixgbe_fdir_filter){
		.key = key,
		.cmd = cmd,
		.src_ip = ixgbe_get(nic, IXG_FDIRIPSA),
		.dst_ip = ixgbe_get(nic, IXG_FDIRIPDA),
		.port = ixgbe_get(nic, IXG_FDIRPORT),
		.vlan = ixgbe_get(nic, IXG_FDIRVLAN),
	};
}

static void fdir_remove(struct ixgbe *nic, uint32_t key)
{
	struct ixgbe_fdir_filter *f = find_key(nic, key);

	count_command(nic, f, true);
	if (f)
		*f = nic->fdir.filter[--nic->fdir.count];
}

void ixgbe_fdircmd_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	uint32_t key = ixgbe_get(nic, IXG_FDIRHASH) & FDIRHASH_KEY;
	uint32_t *cmd = ixgbe_reg_ptr(nic, IXG_FDIRCMD);

	(void)i;
	if (val & FDIRCMD_CLEARHT)
		ixgbe_fdir_clear(nic);
	if ((val & FDIRCMD_CMD) && !(ixgbe_get(nic, IXG_FDIRCTRL) & FDIRCTRL_INIT_DONE))
		nicsim_strict(nic->sim, "FDIRCMD: a command before FDIRCTRL.INIT_DONE");
	else if ((val & FDIRCMD_CMD) == FDIRCMD_ADD)
		fdir_add(nic, key, val);
	else if ((val & FDIRCMD_CMD) == FDIRCMD_REMOVE)
		fdir_remove(nic, key);

	*cmd &= ~(FDIRCMD_CMD | FDIRCMD_FILTER_VALID);
	if ((val & FDIRCMD_CMD) == FDIRCMD_QUERY && find_key(nic, key))
		*cmd |= FDIRCMD_FILTER_VALID;
}

/* A hash of 15 bits, under a key of 32, over two dwords: @flow has the flow type and
 * the VLAN, @common combines addresses, ports and the flexible word.
 */
static uint32_t signature_hash(uint32_t key, uint32_t flow, uint32_t common)
{
	uint32_t hi = common ^ flow ^ flow >> 16;
	uint32_t lo = common >> 16 | common << 16;
	uint32_t hash = 0;
	unsigned int n;

	for (n = 0; n < 16; n++) {
		if (key & BIT32(n))
			hash ^= lo >> n;
		if (key & BIT32(n + 16))
			hash ^= hi >> n;
		if (!n)		/* the flow is not part of the stream's first bit */
			lo ^= flow ^ flow << 16;
	}
	return hash & 0x7fff;
}

static uint32_t address_xor(const struct pkt *pkt, const uint8_t *frame)
{
	const uint8_t *ip = frame + pkt->l2_end;
	uint32_t sum = 0;
	unsigned int i;

	if (pkt->l3 == L3_IPV4)
		return get_be32(ip + 12) ^ get_be32(ip + 16);
	for (i = 0; i < 32; i += 4)
		sum ^= get_be32(ip + 8 + i);
	return sum;
}

static const struct ixgbe_fdir_filter *match_signature(struct ixgbe *nic,
						       const struct pkt *pkt,
						       const uint8_t *frame)
{
	uint32_t flex = pkt->vlan ? ixgbe_get(nic, IXG_VLNCTRL) & VLNCTRL_VET : pkt->ethertype;
	uint32_t flow = pkt->l4 << 16 | (pkt->l3 == L3_IPV6 ? 4u << 16 : 0);
	uint32_t common;

	if (pkt->l4 == L4_NONE)
		return NULL;
	if (pkt->vlan)
		flow |= pkt->tci & 0xefff;
	common = address_xor(pkt, frame) ^ get_be32(frame + pkt->l3_end) ^ flex << 16;
	return find_key(nic,
			signature_hash(ixgbe_get(nic, IXG_FDIRSKEY), flow, common) << 16 |
			signature_hash(ixgbe_get(nic, IXG_FDIRHKEY), flow, common));
}

static uint32_t raw32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* The registers have the mask of a port with its bits in reverse order. */
static uint32_t port_mask(uint32_t reg)
{
	uint32_t mask = 0;
	unsigned int i;

	for (i = 0; i < 16; i++) {
		if (reg & BIT32(i))
			mask |= BIT32(15 - i);
		if (reg & BIT32(16 + i))
			mask |= BIT32(31 - i);
	}
	return mask;
}

/* Puts a packet into the form of a filter.  IP addresses stay in network order. */
static void describe(struct ixgbe *nic, struct ixgbe_fdir_filter *p, const struct pkt *pkt,
		     const uint8_t *frame)
{
	unsigned int flex = (ixgbe_get(nic, IXG_FDIRCTRL) >> FDIRCTRL_FLEX_SHIFT & 0x1f) * 2;
	const uint8_t *ip = frame + pkt->l2_end;

	p->cmd = pkt->l4 << FDIRCMD_L4TYPE_SHIFT;
	p->src_ip = raw32(ip + 12);
	p->dst_ip = raw32(ip + 16);
	p->port = 0;
	if (pkt->l4 == L4_TCP || pkt->l4 == L4_UDP || pkt->l4 == L4_SCTP)
		p->port = get_be16(frame + pkt->l3_end) |
			  (uint32_t)get_be16(frame + pkt->l3_end + 2) << 16;
	p->vlan = (pkt->vlan ? pkt->tci : 0) | (uint32_t)frame[flex] << 16 |
		  (uint32_t)frame[flex + 1] << 24;
}

/* The bits in which a filter and a packet may differ. */
static void ignored_bits(struct ixgbe *nic, struct ixgbe_fdir_filter *ign, enum l4 l4)
{
	uint32_t fdirm = ixgbe_get(nic, IXG_FDIRM);

	ign->cmd = ~(3u << FDIRCMD_L4TYPE_SHIFT | FDIRCMD_IPV6);
	ign->src_ip = ixgbe_get(nic, IXG_FDIRSIP4M);
	ign->dst_ip = ixgbe_get(nic, IXG_FDIRDIP4M);
	ign->port = port_mask(ixgbe_get(nic, l4 == L4_UDP ? IXG_FDIRUDPM : IXG_FDIRTCPM));
	if (l4 == L4_SCTP)
		ign->port = 0;
	ign->vlan = 1u << 12;
	if (fdirm & FDIRM_L4P) {
		ign->cmd |= 3u << FDIRCMD_L4TYPE_SHIFT;
		ign->port = ~0u;
	}
	if (fdirm & FDIRM_VLANID)
		ign->vlan |= 0x0fff;
	if (fdirm & FDIRM_VLANP)
		ign->vlan |= 0xe000;
	if (fdirm & FDIRM_FLEX)
		ign->vlan |= 0xffff0000;
}

static const struct ixgbe_fdir_filter *match_perfect(struct ixgbe *nic,
						     const struct pkt *pkt,
						     const uint8_t *frame)
{
	struct ixgbe_fdir_filter p, ign;
	unsigned int i;

	if (pkt->l3 != L3_IPV4)
		return NULL;
	describe(nic, &p, pkt, frame);
	ignored_bits(nic, &ign, pkt->l4);
	for (i = 0; i < nic->fdir.count; i++) {
		const struct ixgbe_fdir_filter *f = &nic->fdir.filter[i];

		if (!((f->cmd ^ p.cmd) & ~ign.cmd) &&
		    !((f->src_ip ^ p.src_ip) & ~ign.src_ip) &&
		    !((f->dst_ip ^ p.dst_ip) & ~ign.dst_ip) &&
		    !((f->port ^ p.port) & ~ign.port) && !((f->vlan ^ p.vlan) & ~ign.vlan))
			return f;
	}
	return NULL;
}

const struct ixgbe_fdir_filter *ixgbe_fdir_match(struct ixgbe *nic, const struct pkt *pkt,
						 const uint8_t *frame)
{
	uint32_t ctrl = ixgbe_get(nic, IXG_FDIRCTRL);
	const struct ixgbe_fdir_filter *f;

	if (!(ctrl & FDIRCTRL_INIT_DONE) || pkt->l3 == L3_NONE)
		return NULL;
	f = ctrl & FDIRCTRL_PERFECT ? match_perfect(nic, pkt, frame) :
				      match_signature(nic, pkt, frame);
	*ixgbe_reg_ptr(nic, f ? IXG_FDIRMATCH : IXG_FDIRMISS) += 1;
	return f;
}
