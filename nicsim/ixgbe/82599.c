// SPDX-License-Identifier: GPL-2.0
/* The 82599 with a KX4 port, and the registers that are its own. */
#include "ixgbe/table.h"

static void autoc_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	(void)i;
	(void)val;
	*ixgbe_reg_ptr(nic, IXG_AUTOC) &= ~AUTOC_AN_RESTART;
}

static void tsyncrxctl_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	(void)i;
	if ((val & TSYNCRXCTL_EN) && (val & TSYNCRXCTL_TYPE) != TSYNCRXCTL_TYPE_EVENT_V2)
		nicsim_strict(nic->sim, "TSYNCRXCTL: only stamps for PTP V2 are modelled");
}

static const struct ixgbe_reg regs[] = {
	/* EEPROM/Flash Registers */
	REG("EEC", IXG_EEC, .writable = EEC_REQ | EEC_SK | EEC_CS | EEC_DI,
	    .reset = EEC_PRES | EEC_AUTO_RD | EEC_ADDR_SIZE | 4 << EEC_SIZE_SHIFT,
	    .write = ixgbe_eec_write),
	REG("EERD", IXG_EERD, .write = ixgbe_eerd_write),
	STORE("SW_FW_SYNC", IXG_SW_FW_SYNC),

	/* Receive DMA Registers */
	REG("RXPBSIZE", IXG_RXPBSIZE(0), .writable = RXPBSIZE_MASK, .reset = 512 << 10),

	/* MAC Registers */
	STORE("MSCA", IXG_MSCA, .write = ixgbe_msca_write),
	STORE("AUTOC", IXG_AUTOC, .write = autoc_write,
	      .reset = AUTOC_LMS_10G_NO_AN | AUTOC_10G_KX4 | AUTOC_1G_KX | AUTOC_KX4_SUPP |
		       AUTOC_SYM_PAUSE),
	REG("ANLP1", IXG_ANLP1, .reset = ANLP1_AN_STATE),

	/* Manageability Registers: there is no firmware to give commands to */
	REG("HICR", IXG_HICR),

	/* Time Sync Registers */
	REG("TSYNCRXCTL", IXG_TSYNCRXCTL, .writable = ALL & ~TSYNCRXCTL_VALID,
	    .write = tsyncrxctl_write),
	REG("RXSTMPH", IXG_RXSTMPH, .read = ixgbe_rxstmph_read),
	REGS("SYSTIM", IXG_SYSTIML, 2, .read = ixgbe_systim_read, .write = ixgbe_systim_write),
	STORE("TIMINCA", IXG_TIMINCA),
	STORE("TSAUXC", IXG_TSAUXC),
};

static const struct ixgbe_variant variant = {
	.regs = regs,
	.num_regs = ARRAY_SIZE(regs),
	.eeprom_words = 1024,
	.eeprom_sum_last = 0x3f,
	.reta_entries = 128,
	.reta_queue = 0xf,
	.eicr_reserved = BIT32(23) | BIT32(29),
	.fragments_wrong = true,
};

static void *create(struct nicsim *sim, const uint8_t mac[6])
{
	return ixgbe_create(sim, mac, &variant);
}

const struct nic_model ixgbe_82599_model = {
	IXGBE_MODEL_COMMON,
	.name = "82599",
	.device = 0x10f7,
	.subdevice = 0x000d,
	.create = create,
};
