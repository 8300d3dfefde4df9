// SPDX-License-Identifier: GPL-2.0
/*
 * What the MAC lets in.  Sections "Packet Filtering", "Maximum Frame Size" and
 * "Flow Control".
 */
#include <string.h>

#include "ixgbe/ixgbe.h"

#define STANDARD_FRAME		1518
#define ETHERTYPE_FLOW_CONTROL	0x8808

static const uint8_t pause_address[6] = { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x01 };

static bool has_tag(struct ixgbe *nic, const uint8_t *frame)
{
	return get_be16(frame + 12) == (ixgbe_get(nic, IXG_VLNCTRL) & VLNCTRL_VET);
}

/* MHADD.MFS includes the FCS.  A tag may be added to it, with double VLAN two. */
static bool is_oversize(struct ixgbe *nic, const uint8_t *frame, size_t len)
{
	size_t max = STANDARD_FRAME;

	if (ixgbe_get(nic, IXG_HLREG0) & HLREG0_JUMBOEN)
		max = ixgbe_get(nic, IXG_MHADD) >> MHADD_MFS_SHIFT;
	if (ixgbe_get(nic, IXG_DMATXCTL) & DMATXCTL_GDV)
		max += 2 * VLAN_HLEN;
	else if (has_tag(nic, frame))
		max += VLAN_HLEN;
	return len + FCS_LEN > max;
}

static bool is_pause(const uint8_t *frame)
{
	return !memcmp(frame, pause_address, sizeof(pause_address)) &&
	       get_be16(frame + 12) == ETHERTYPE_FLOW_CONTROL;
}

/* The MAC keeps control frames to itself unless MFLCN.PMCF is set.  Even then it
 * keeps those that it acts on, if DPF is set.
 */
static bool keeps_pause(struct ixgbe *nic, const uint8_t *frame)
{
	uint32_t mflcn = ixgbe_get(nic, IXG_MFLCN);
	bool acted_on = (mflcn & MFLCN_RFCE) && get_be16(frame + 14) == 1;

	if (acted_on)
		*ixgbe_reg_ptr(nic, get_be16(frame + 16) ? IXG_LXOFFRXCNT : IXG_LXONRXCNT) += 1;
	if (!(mflcn & MFLCN_PMCF))
		return true;
	return acted_on && (mflcn & MFLCN_DPF);
}

static bool exact_match(struct ixgbe *nic, const uint8_t *addr)
{
	uint32_t low, high;
	unsigned int i;

	low = addr[0] | addr[1] << 8 | addr[2] << 16 | (uint32_t)addr[3] << 24;
	high = addr[4] | addr[5] << 8 | RAH_AV;
	for (i = 0; i < IXG_NUM_RAR; i++)
		if (ixgbe_get(nic, IXG_RAH(i)) == high && ixgbe_get(nic, IXG_RAL(i)) == low)
			return true;
	return false;
}

/* Twelve bits of the address, chosen by MCSTCTRL.MO, index a table of bits. */
static bool multicast_match(struct ixgbe *nic, const uint8_t *addr)
{
	uint32_t mcst = ixgbe_get(nic, IXG_MCSTCTRL);
	unsigned int shift = 4 - (mcst & MCSTCTRL_MO);
	unsigned int bit;

	if ((mcst & MCSTCTRL_MO) == 3)
		shift = 0;
	if (!(mcst & MCSTCTRL_MFE))
		return false;
	bit = (addr[4] | addr[5] << 8) >> shift & 0xfff;
	return ixgbe_get(nic, IXG_MTA(bit / 32)) & BIT32(bit % 32);
}

static bool address_match(struct ixgbe *nic, const uint8_t *addr, bool *inexact)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint32_t fctrl = ixgbe_get(nic, IXG_FCTRL);

	*inexact = false;
	if (!memcmp(addr, broadcast, sizeof(broadcast)) && (fctrl & FCTRL_BAM))
		return true;
	if (exact_match(nic, addr))
		return true;
	*inexact = true;
	if (addr[0] & 1)
		return (fctrl & FCTRL_MPE) || multicast_match(nic, addr);
	return fctrl & FCTRL_UPE;
}

static bool vlan_match(struct ixgbe *nic, const uint8_t *frame)
{
	unsigned int id;

	if (!(ixgbe_get(nic, IXG_VLNCTRL) & VLNCTRL_VFE) || !has_tag(nic, frame))
		return true;
	id = get_be16(frame + 14) & 0xfff;
	return ixgbe_get(nic, IXG_VFTA(id / 32)) & BIT32(id % 32);
}

/**
 * ixgbe_mac_filter() - decide about a frame by its addresses, tag and size
 * @nic: the model
 * @frame: without FCS
 * @len: of the frame
 * @inexact: set when the frame passed by a hash or a promiscuous mode
 *
 * Return: MAC_ACCEPT, or why the MAC keeps the frame from the packet buffer.
 */
enum ixgbe_mac_verdict ixgbe_mac_filter(struct ixgbe *nic, const uint8_t *frame, size_t len,
					bool *inexact)
{
	if (len < NIC_FRAME_MIN)
		return MAC_UNDERSIZE;
	if (is_oversize(nic, frame, len))
		return MAC_OVERSIZE;
	if (is_pause(frame) && keeps_pause(nic, frame))
		return MAC_PAUSE;
	if (!address_match(nic, frame, inexact) || !vlan_match(nic, frame))
		return MAC_FILTERED;
	return MAC_ACCEPT;
}
