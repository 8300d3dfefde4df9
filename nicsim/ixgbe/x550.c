// SPDX-License-Identifier: GPL-2.0
/* The X550 with a 10GBASE-T port, and the registers that are its own. */
#include "ixgbe/table.h"

static void vxlanctrl_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	(void)i;
	if (val)
		nicsim_strict(nic->sim, "VXLANCTRL: tunnels are not modelled");
}

static void tsyncrxctl_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	(void)i;
	if ((val & TSYNCRXCTL_EN) && (val & TSYNCRXCTL_TYPE) != TSYNCRXCTL_TYPE_ALL)
		nicsim_strict(nic->sim, "TSYNCRXCTL: stamps for some frames are not modelled");
}

static const struct ixgbe_reg regs[] = {
	/* EEPROM/Flash Registers */
	REG("EEC", IXG_EEC, .reset = EEC_PRES | EEC_AUTO_RD | 8 << EEC_SIZE_SHIFT),
	REG("EERD", IXG_EERD),
	REG("SW_FW_SYNC", IXG_SW_FW_SYNC, .read = ixgbe_sync_read, .write = ixgbe_sync_write),

	/* Receive DMA Registers */
	REG("RXPBSIZE", IXG_RXPBSIZE(0), .writable = RXPBSIZE_MASK, .reset = 384 << 10),

	/* Receive Registers */
	STORE("VXLANCTRL", 0x0507c, .write = vxlanctrl_write),
	STORES("PFFLP", 0x050b0, 2),
	STORES("ERETA", IXG_ERETA(0), 96),

	/* MAC Registers */
	STORE("MSCA", IXG_MSCA, .write = ixgbe_phy_msca_write),
	REG("AUTOC", IXG_AUTOC),
	REG("ANLP1", IXG_ANLP1),

	/* Statistics Registers: between operating system and management */
	STAT("B2OGPRC", 0x02f90),
	STATS("B2OSPC", 0x041c0, 2),
	STAT("O2BSPC", 0x087b0),

	/* Manageability Registers */
	REG("HICR", IXG_HICR, .reset = HICR_EN, .write = ixgbe_hicr_write),

	/* Time Sync Registers */
	STORE("TSYNCRXCTL", IXG_TSYNCRXCTL, .write = tsyncrxctl_write),
	REGS("SYSTIM", IXG_SYSTIML, 2, .read = ixgbe_x550_systim_read,
	     .write = ixgbe_x550_systim_write),
	REG("SYSTIMR", IXG_SYSTIMR, .read = ixgbe_x550_systimr_read,
	    .write = ixgbe_x550_systimr_write),
	REG("TIMINCA", IXG_TIMINCA, .write = ixgbe_x550_timinca_write),
	REG("TSAUXC", IXG_TSAUXC, .reset = TSAUXC_DISABLE_SYSTIME,
	    .write = ixgbe_x550_tsauxc_write),
	STORE("TSIM", 0x08c68),
};

static const struct ixgbe_variant variant = {
	.regs = regs,
	.num_regs = ARRAY_SIZE(regs),
	.eeprom_words = IXG_EEPROM_MAX,
	.eeprom_sum_last = 0x41,
	.reta_entries = 512,
	.reta_queue = 0x3f,
	.eicr_reserved = BIT32(29),
	.rlpml = true,
	.stamps_frames = true,
};

static void *create(struct nicsim *sim, const uint8_t mac[6])
{
	return ixgbe_create(sim, mac, &variant);
}

const struct nic_model ixgbe_x550_model = {
	IXGBE_MODEL_COMMON,
	.name = "x550",
	.device = 0x1563,
	.subdevice = 0x0001,
	.create = create,
};
