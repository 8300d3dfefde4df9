// SPDX-License-Identifier: GPL-2.0
/*
 * The registers that all variants have.  One entry describes a register or an
 * array of registers.  A driver that uses an offset which is neither here nor in
 * the variant's own table has an error.
 */
#include "ixgbe/table.h"

#define QUEUE_STATS(n, off)	{ .name = n, .offset = off, .count = IXG_NUM_STAT_QUEUES, \
				  .stride = 0x40, .clear_on_read = true }

#define ADDRESSES(n, off, mask)	{ .name = n, .offset = off, .count = IXG_NUM_RAR, \
				  .stride = 8, .writable = mask }

/* A register of each receive queue, in its two places. */
#define RXQ(n, reg, ...) \
	{ .name = n, .offset = IXG_RX_BASE_LO + (reg), .count = IXG_MAX_QUEUES, \
	  .stride = IXG_RX_STRIDE, .split = true, ##__VA_ARGS__ }
#define TXQ(n, reg, ...) \
	{ .name = n, .offset = IXG_TX_BASE + (reg), .count = IXG_MAX_QUEUES, \
	  .stride = IXG_TX_STRIDE, ##__VA_ARGS__ }

/* The semaphores that software and firmware share survive a reset of the MAC. */
static void ctrl_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	uint32_t sync = ixgbe_get(nic, IXG_SW_FW_SYNC);

	(void)i;
	if (val & (CTRL_RST | CTRL_LNK_RST)) {
		ixgbe_reset(nic);
		*ixgbe_reg_ptr(nic, IXG_SW_FW_SYNC) = sync;
	} else if (val & CTRL_GIO_DIS) {
		*ixgbe_reg_ptr(nic, IXG_STATUS) &= ~STATUS_GIO;
	} else {
		*ixgbe_reg_ptr(nic, IXG_STATUS) |= STATUS_GIO;
		ixgbe_pb_drain(nic);
		ixgbe_tx_all(nic);
	}
}

static uint32_t frtimer_read(struct ixgbe *nic, unsigned int i)
{
	(void)nic;
	(void)i;
	return nicsim_now_ns() / 1000;
}

/* The low byte is the value of an analog register.  All of them read as 0 here. */
static void corectl_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	(void)i;
	*ixgbe_reg_ptr(nic, IXG_CORECTL) = val & 0xff00;
}

static uint32_t secstat_read(struct ixgbe *nic, unsigned int i)
{
	(void)nic;
	(void)i;
	return SECSTAT_RDY;
}

static void sectxctrl_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	(void)i;
	if (!(val & SECTXCTRL_TX_DIS))
		ixgbe_tx_all(nic);
}

static void hlreg0_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	(void)i;
	if (val & HLREG0_LPBK)
		ixgbe_tx_all(nic);
}

static const struct ixgbe_reg table[] = {
	/* General Control Registers */
	REG("CTRL", IXG_CTRL, .writable = ALL & ~(CTRL_RST | CTRL_LNK_RST), .write = ctrl_write),
	REG("STATUS", IXG_STATUS, .reset = STATUS_GIO),
	STORE("CTRL_EXT", IXG_CTRL_EXT),
	STORE("ESDP", IXG_ESDP),
	REG("I2CCTL", IXG_I2CCTL, .writable = ALL, .reset = I2CCTL_PULLUP),
	STORE("TSSDP", 0x0003c),
	REG("FRTIMER", IXG_FRTIMER, .read = frtimer_read),
	STORE("TCPTIMER", 0x0004c),
	STORE("LEDCTL", 0x00200),
	STORE("CORESPARE", 0x00600),
	REG("CORECTL", IXG_CORECTL, .writable = ALL, .write = corectl_write),

	/* EEPROM/Flash Registers */
	STORE("FLA", 0x1001c),
	STORE("EEMNGCTL", 0x10110),
	STORE("EEMNGDATA", 0x10114),
	STORES("FLMNG", 0x10118, 3),
	STORE("FLOP", 0x1013c),
	REG("SWSM", IXG_SWSM, .writable = ALL, .read = ixgbe_swsm_read),
	REG("FWSM", IXG_FWSM, .reset = FWSM_FW_VALID),
	REG("GRC", 0x10200),

	/* PCIe Registers */
	REG("FACTPS", 0x10150),
	STORE("GCR", 0x11000),
	STORE("GCR_EXT", 0x11050),
	REG("PBACL", 0x11068),
	REG("PCIEECCCTL", 0x1106c),
	STORE("DCA_ID", 0x11070),
	STORE("DCA_CTRL", 0x11074),
	STORE("CIAA", 0x11088),
	STORE("CIAD", 0x1108c),
	REGS("PCIE_DIAG", 0x11090, 8),

	/* Interrupt Registers */
	REG("EICR", IXG_EICR, .read = ixgbe_eicr_read, .write = ixgbe_eicr_write),
	REG("EICS", IXG_EICS, .read = ixgbe_eics_read, .write = ixgbe_eics_write),
	STORE("EIAC", IXG_EIAC),
	STORES("EITR", IXG_EITR_LO, IXG_EITR_LO_COUNT),
	STORES("EITR", IXG_EITR_HI, 105),
	REG("EIMS", IXG_EIMS, .read = ixgbe_eims_read, .write = ixgbe_eims_write),
	REG("EIMC", IXG_EIMC, .read = ixgbe_eims_read, .write = ixgbe_eimc_write),
	STORE("EIAM", IXG_EIAM),
	STORE("EITRSEL", 0x00894),
	STORE("GPIE", IXG_GPIE),
	STORES("IVAR", IXG_IVAR(0), 64),
	STORE("IVAR_MISC", IXG_IVAR_MISC),
	REGS("EICS_EX", IXG_EICS_EX, 2, .read = ixgbe_eics_ex_read, .write = ixgbe_eics_ex_write),
	REGS("EIMS_EX", IXG_EIMS_EX, 2, .read = ixgbe_eims_ex_read, .write = ixgbe_eims_ex_write),
	REGS("EIMC_EX", IXG_EIMC_EX, 2, .read = ixgbe_eims_ex_read, .write = ixgbe_eimc_ex_write),
	STORES("EIAM_EX", IXG_EIAM_EX, 2),

	/* Flow Control Registers */
	STORE("PFCTOP", 0x03008),
	STORES("FCTTV", 0x03200, 4),
	REGS("FCRTL", 0x03220, 8, .writable = 0x8007fff0),
	REGS("FCRTH", 0x03260, 8, .writable = 0x8007fff0),
	STORE("FCRTV", 0x032a0),
	STORE("FCCFG", 0x03d00),
	REG("TFCS", 0x0ce00),

	/* Receive DMA Registers */
	RXQ("RDBAL", RX_RDBAL, .writable = 0xffffff80, .write = ixgbe_rdbal_write),
	RXQ("RDBAH", RX_RDBAH, .writable = ALL),
	RXQ("RDLEN", RX_RDLEN, .writable = 0x000fff80, .write = ixgbe_rdlen_write),
	RXQ("DCA_RXCTRL", RX_DCA_RXCTRL, .writable = ALL),
	RXQ("RDH", RX_RDH, .writable = 0xffff, .write = ixgbe_rdh_write),
	RXQ("SRRCTL", RX_SRRCTL, .writable = ALL, .reset = 0x402, .write = ixgbe_srrctl_write),
	RXQ("RDT", RX_RDT, .writable = 0xffff, .write = ixgbe_rdt_write),
	RXQ("RXDCTL", RX_RXDCTL, .writable = ALL & ~RXDCTL_SWFLSH, .read = ixgbe_rxdctl_read,
	    .write = ixgbe_rxdctl_write),
	RXQ("RSCCTL", RX_RSCCTL, .writable = ALL),
	REG("RDRXCTL", IXG_RDRXCTL, .writable = ALL & ~RDRXCTL_DMAIDONE,
	    .reset = RDRXCTL_DMAIDONE | RDRXCTL_CRCSTRIP | 0x8800),
	STORE("QDE", 0x02f04),
	STORE("RDHMPN", 0x02f08),
	REGS("RIC_DW", 0x02f10, 4),
	REG("RDPROBE", 0x02f20),
	REG("RXCTRL", IXG_RXCTRL, .writable = ALL, .write = ixgbe_rxctrl_write),
	STORE("RSCDBU", 0x03028),
	REGS("RXPBSIZE", IXG_RXPBSIZE(1), 7, .writable = RXPBSIZE_MASK),
	REG("RXBUFCTRL", 0x03600),
	REGS("RXBUFDATA", 0x03610, 4),
	REG("DROPEN", 0x03d04),

	/* Receive Registers */
	STORE("RXCSUM", IXG_RXCSUM),
	STORE("RFCTL", IXG_RFCTL),
	STORE("FCTRL", IXG_FCTRL),
	STORE("VLNCTRL", IXG_VLNCTRL, .reset = 0x8100),
	STORE("MCSTCTRL", IXG_MCSTCTRL),
	REG("RFVAL", 0x050a4),
	STORES("ETQF", 0x05128, 8),
	STORE("VT_CTL", IXG_VT_CTL),
	STORES("VFRE", 0x051e0, 2),
	STORES("MTA", IXG_MTA(0), 128),
	STORE("MRQC", IXG_MRQC),
	STORE("VMD_CTL", 0x0581c),
	STORES("IMIR", 0x05a80, 8),
	STORES("IMIREXT", 0x05aa0, 8),
	STORE("IMIRVP", 0x05ac0),
	STORES("RETA", IXG_RETA(0), IXG_RETA_COUNT),
	STORES("RSSRK", IXG_RSSRK(0), 10, .write = ixgbe_rssrk_write),
	STORES("VFTA", IXG_VFTA(0), 128),
	ADDRESSES("RAL", IXG_RAL(0), ALL),
	ADDRESSES("RAH", IXG_RAH(0), 0x8000ffff),
	ADDRESSES("MPSAR_LO", 0x0a600, ALL),
	ADDRESSES("MPSAR_HI", 0x0a604, ALL),
	STORES("PSRTYPE", IXG_PSRTYPE(0), 64),
	STORES("ETQS", 0x0ec00, 8),
	STORE("RQTC", 0x0ec70),
	STORES("VMOLR", 0x0f000, 64),
	STORES("VLVF", 0x0f100, 64),
	STORES("VLVFB", 0x0f200, 128),
	STORES("UTA", 0x0f400, 128),

	/* Transmit Registers */
	STORE("DMATXCTL", IXG_DMATXCTL, .reset = 0x8100u << DMATXCTL_VT_SHIFT,
	      .write = ixgbe_dmatxctl_write),
	STORE("DTXTCPFLGL", 0x04a88),
	STORE("DTXTCPFLGH", 0x04a8c),
	STORES("TXPBTHRESH", 0x04950, 8),
	TXQ("TDBAL", TX_TDBAL, .writable = 0xffffff80, .write = ixgbe_tdbal_write),
	TXQ("TDBAH", TX_TDBAH, .writable = ALL),
	TXQ("TDLEN", TX_TDLEN, .writable = 0x000fff80, .write = ixgbe_tdlen_write),
	TXQ("DCA_TXCTRL", TX_DCA_TXCTRL, .writable = ALL),
	TXQ("TDH", TX_TDH, .writable = 0xffff, .write = ixgbe_tdh_write),
	TXQ("TDT", TX_TDT, .writable = 0xffff, .write = ixgbe_tdt_write),
	TXQ("TXDCTL", TX_TXDCTL, .writable = ALL & ~TXDCTL_SWFLSH, .read = ixgbe_txdctl_read,
	    .write = ixgbe_txdctl_write),
	TXQ("TDWBAL", TX_TDWBAL, .writable = ALL),
	TXQ("TDWBAH", TX_TDWBAH, .writable = ALL),
	STORES("VMVIR", 0x08000, 64),
	STORE("DTXMXSZRQ", 0x08100),
	STORES("VFTE", 0x08110, 2),
	STORE("MTQC", 0x08120),
	STORES("PFVFSPOOF", 0x08200, 8),
	STORE("PFDTXGSWC", 0x08220),
	STORE("TXPBCTRL", 0x0c600),
	REGS("TXBUFDATA", 0x0c610, 4),
	STORES("TXPBSIZE", IXG_TXPBSIZE(0), 8, .reset = 160 << 10),
	REG("MNGTXMAP", 0x0cd10),

	/* DCB Registers */
	STORE("RTRPCS", 0x02430),
	STORES("RTRPT4C", 0x02140, 8),
	REGS("RTRPT4S", 0x02160, 8),
	STORE("RTRUP2TC", 0x03020),
	STORE("RTTDCS", 0x04900),
	STORE("RTTDQSEL", 0x04904),
	STORE("RTTDT1C", 0x04908),
	STORE("RTTDT1S", 0x0490c),
	STORES("RTTDT2C", 0x04910, 8),
	REGS("RTTDT2S", 0x04930, 8),
	STORE("RTTBCNRM", 0x04980),
	STORE("RTTBCNRC", 0x04984),
	STORE("RTTBCNRD", 0x0498c),
	STORE("RTTQCNTG", 0x04a90),
	STORE("RTTQCNCR", 0x08b00),
	STORE("RTTUP2TC", 0x0c800),
	STORE("RTTPCS", 0x0cd00),
	STORES("RTTPT2C", 0x0cd20, 8),
	REGS("RTTPT2S", 0x0cd40, 8),
	STORES("TXLLQ", 0x082e0, 4),

	/* Security Registers */
	STORE("SECTXCTRL", IXG_SECTXCTRL, .write = sectxctrl_write),
	REG("SECTXSTAT", IXG_SECTXSTAT, .read = secstat_read),
	STORE("SECTXBUFFAF", 0x08808, .reset = 0x250),
	STORE("SECTXMINIFG", 0x08810, .reset = 0x1001),
	STORE("SECRXCTRL", IXG_SECRXCTRL),
	REG("SECRXSTAT", IXG_SECRXSTAT, .read = secstat_read),
	STORES("IPSTX", 0x08900, 6),
	STORES("IPSRX", 0x08e00, 13),

	/* FCoE Registers that the driver clears or dumps */
	STORE("FCBUFF", 0x02418),
	STORE("FCDMARW", 0x02420),
	STORE("FCRXCTRL", 0x05100),
	STORE("FCFLT", 0x05108),
	STORE("FCFLTRW", 0x05110),
	STORE("FCRECTL", 0x0ed00),
	STORES("FCRETA", 0x0ed10, 8),

	/* Flow Director Registers */
	REG("FDIRCTRL", IXG_FDIRCTRL, .writable = ALL & ~FDIRCTRL_INIT_DONE,
	    .write = ixgbe_fdirctrl_write),
	STORES("FDIRSIPV6", 0x0ee0c, 3),
	STORE("FDIRIPSA", IXG_FDIRIPSA),
	STORE("FDIRIPDA", IXG_FDIRIPDA),
	STORE("FDIRPORT", IXG_FDIRPORT),
	STORE("FDIRVLAN", IXG_FDIRVLAN),
	STORE("FDIRHASH", IXG_FDIRHASH),
	STORE("FDIRCMD", IXG_FDIRCMD, .write = ixgbe_fdircmd_write),
	STORE("FDIRFREE", IXG_FDIRFREE, .read = ixgbe_fdirfree_read),
	STORE("FDIRDIP4M", IXG_FDIRDIP4M),
	STORE("FDIRSIP4M", IXG_FDIRSIP4M),
	STORE("FDIRTCPM", IXG_FDIRTCPM),
	STORE("FDIRUDPM", IXG_FDIRUDPM),
	STAT("FDIRLEN", IXG_FDIRLEN),
	STAT("FDIRUSTAT", IXG_FDIRUSTAT),
	STAT("FDIRFSTAT", IXG_FDIRFSTAT),
	STAT("FDIRMATCH", IXG_FDIRMATCH),
	STAT("FDIRMISS", IXG_FDIRMISS),
	STORE("FDIRHKEY", IXG_FDIRHKEY),
	STORE("FDIRSKEY", IXG_FDIRSKEY),
	STORE("FDIRM", IXG_FDIRM),
	STORE("FDIRIP6M", 0x0ee74),
	STORE("FDIRSCTPM", 0x0ee78),

	/* MAC Registers */
	STORE("PCS1GCFIG", 0x04200),
	STORE("PCS1GLCTL", 0x04208),
	REG("PCS1GLSTA", 0x0420c),
	REGS("PCS1GDBG", 0x04210, 2),
	STORE("PCS1GANA", 0x04218),
	REG("PCS1GANLP", 0x0421c),
	STORE("PCS1GANNP", 0x04220),
	REG("PCS1GANLPNP", 0x04224),
	STORE("HLREG0", IXG_HLREG0, .write = hlreg0_write,
	      .reset = HLREG0_TXCRCEN | HLREG0_RXCRCSTRP | HLREG0_TXPADEN | BIT32(16)),
	REG("HLREG1", 0x04244),
	STORE("PAP", 0x04248),
	STORE("MACA", 0x0424c),
	STORE("APAE", 0x04250),
	STORE("ARD", 0x04254),
	STORE("AIS", 0x04258),
	STORE("MSRWD", IXG_MSRWD),
	STORE("MLADD", 0x04264),
	STORE("MHADD", IXG_MHADD, .reset = 1518u << MHADD_MFS_SHIFT),
	STORE("TREG", 0x0426c),
	REGS("PCSS", 0x04288, 2),
	REG("XPCSS", 0x04290),
	STORE("MFLCN", IXG_MFLCN),
	REG("SERDESC", 0x04298),
	REG("MACS", 0x0429c),
	REG("LINKS", IXG_LINKS),
	STORE("AUTOC2", 0x042a8),
	STORE("AUTOC3", 0x042ac),
	REG("ANLP2", 0x042b4),
	REG("MDFTC", 0x042b8),
	REG("MDFTC2", 0x042c0),
	REGS("MDFTFIFO", 0x042c4, 2),
	REG("MDFTS", 0x042cc),
	REG("MMNGC", 0x042d0),
	REG("LINKS2", 0x04324),
	STORE("MACC", 0x04330),
	REG("ATLASCTL", 0x04800),

	/* Statistics Registers */
	QUEUE_STATS("QPRC", IXG_QPRC(0)),
	QUEUE_STATS("QBRC_L", IXG_QBRC_L(0)),
	QUEUE_STATS("QBRC_H", IXG_QBRC_H(0)),
	QUEUE_STATS("QPRDC", IXG_QPRDC(0)),
	QUEUE_STATS("QPTC", IXG_QPTC(0)),
	STATS("QBTC", IXG_QBTC_L(0), IXG_NUM_STAT_QUEUES * 2),
	STORES("RQSMR", IXG_RQSMR(0), 32),
	STORES("TQSM", IXG_TQSM(0), 32),
	REGS("RDSTAT", 0x02c00, 9),
	REGS("RXDGPC", 0x02f50, 12),
	STORE("RXDSTATCTRL", 0x02f40),
	STATS("PXON2OFFCNT", 0x03240, 8),
	STATS("PXTXC", 0x03f00, 16),
	STAT("LXONTXC", 0x03f60),
	STAT("LXOFFTXC", 0x03f68),
	STATS("MPC", IXG_MPC(0), 8),
	STATS("CRCERRS", 0x04000, 3),
	STAT("MSPDC", 0x04010),
	STATS("MLFC", 0x04034, 2),
	STAT("RLEC", 0x04040),
	STATS("PRC", IXG_PRC64, 6),
	STATS("GPRC", IXG_GPRC, 4),
	STATS("GORC", IXG_GORCL, 4),
	STATS("RUC", IXG_RUC, 4),
	STATS("MNGP", 0x040b4, 2),
	STATS("TOR", IXG_TORL, 2),
	STATS("TPR", IXG_TPR, 2),
	STATS("PTC", IXG_PTC64, 6),
	STATS("MPTC", IXG_MPTC, 2),
	STAT("XEC", IXG_XEC),
	STATS("PXRXCNT", 0x04140, 16),
	STATS("LXRXCNT", IXG_LXONRXCNT, 2),
	STATS("RXNFGPC", 0x041b0, 3),
	REGS("TDSTAT", 0x07c00, 9),
	STAT("SSVPC", 0x08780),
	STATS("TXDGPC", 0x087a0, 3),
	STAT("FCCRC", 0x05118),
	STAT("FCOERPDC", 0x0241c),
	STATS("FCLAST", 0x02424, 3),
	STATS("FCOETX", 0x08784, 2),
	STATS("LSECTX", 0x08a3c, 5),
	STATS("LSECRX", 0x08f40, 17),
	STATS("PXRXC", 0x0cf00, 16),
	STAT("LXONRXC", 0x0cf60),
	STAT("LXOFFRXC", 0x0cf68),
	STAT("MNGPTC", 0x0cf90),

	/* Wake-Up Registers */
	STORE("WUC", 0x05800),
	STORE("WUFC", 0x05808),
	STORE("WUS", 0x05810),
	STORE("IPAV", 0x05838),
	STORES("IP4AT", 0x05840, 8),
	STORES("IP6AT", 0x05880, 4),
	REG("WUPL", 0x05900),
	REGS("WUPM", 0x05a00, 32),
	STORES("FHFT", 0x09000, 256),

	/* Manageability Registers */
	REG("MANC", 0x05820),
	REG("MFVAL", 0x05824),
	STORE("FWSTS", 0x15f0c),
	STORES("FLEX_MNG", IXG_FLEX_MNG, IXG_FLEX_MNG_COUNT),

	/* Time Sync Registers */
	STORE("RXMTRL", 0x05120),
	REGS("RXSTMP", 0x051a0, 3),
	REG("RXSTMPL", 0x051e8),
	STORE("TSYNCTXCTL", 0x08c00),
	REGS("TXSTMP", 0x08c04, 2),
	STORES("TIMADJ", 0x08c18, 2),
	STORES("TRGTTIM", 0x08c24, 4),
	STORES("CLKTIM", 0x08c34, 2),
	REGS("AUXSTMP", 0x08c3c, 4),

	/* Diagnostic Registers, and registers of the 82598 that the driver's
	 * register dump reads on every device
	 */
	REG("MSIXPBA", 0x02000),
	REG("PBRXECC", 0x03300),
	REGS("DCA_TXCTRL", 0x07200, 16),
	REG("DTXCTL", 0x07e00),
	REG("TDHMPN", 0x07f08),
	REGS("TIC_DW", 0x07f10, 4),
	REG("TDPROBE", 0x07f20),
	REG("PBTXECC", 0x0c300),
	REG("TIPG", 0x0cb00),
};

void ixgbe_reg_init(struct ixgbe *nic)
{
	ixgbe_reg_map(nic, table, ARRAY_SIZE(table));
	ixgbe_reg_map(nic, nic->variant->regs, nic->variant->num_regs);
}
