/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registers, descriptors and their bits of the 82599 and the X550, as far as the
 * model gives them a meaning.  Grouped and named by the sections of the datasheet's
 * chapter "Programming Interface".  Registers that only have to remember what
 * was written are listed by offset in table.c.
 */
#ifndef NICSIM_IXGBE_REGS_H
#define NICSIM_IXGBE_REGS_H

#include "bytes.h"

#define IXG_BAR_SIZE		0x20000
#define IXG_MAX_QUEUES		128
#define IXG_NUM_VECTORS		64
#define IXG_NUM_STAT_QUEUES	16
#define IXG_NUM_RAR		128

/* General Control Registers */
#define IXG_CTRL		0x00000
#define  CTRL_GIO_DIS		BIT32(2)
#define  CTRL_LNK_RST		BIT32(3)
#define  CTRL_RST		BIT32(26)
#define IXG_STATUS		0x00008
#define  STATUS_LINK_UP		BIT32(7)
#define  STATUS_GIO		BIT32(19)
#define IXG_CTRL_EXT		0x00018
#define IXG_ESDP		0x00020
#define IXG_I2CCTL		0x00028
#define  I2CCTL_PULLUP		0x0000000f
#define IXG_FRTIMER		0x00048

/* EEPROM/Flash Registers */
#define IXG_EEC			0x10010
#define  EEC_SK			BIT32(0)
#define  EEC_CS			BIT32(1)
#define  EEC_DI			BIT32(2)
#define  EEC_DO			BIT32(3)
#define  EEC_REQ		BIT32(6)
#define  EEC_GNT		BIT32(7)
#define  EEC_PRES		BIT32(8)
#define  EEC_AUTO_RD		BIT32(9)
#define  EEC_ADDR_SIZE		BIT32(10)
#define  EEC_SIZE_SHIFT		11
#define IXG_EERD		0x10014
#define  EERD_START		BIT32(0)
#define  EERD_DONE		BIT32(1)
#define  EERD_ADDR_SHIFT	2
#define  EERD_DATA_SHIFT	16
#define IXG_SWSM		0x10140
#define  SWSM_SMBI		BIT32(0)
#define  SWSM_SWESMBI		BIT32(1)
#define IXG_FWSM		0x10148
#define  FWSM_FW_VALID		BIT32(15)
#define IXG_SW_FW_SYNC		0x10160
#define  SYNC_EEPROM		BIT32(0)
#define  SYNC_PHY0		BIT32(1)
#define  SYNC_MNG		BIT32(10)
#define  SYNC_REGSMP		BIT32(31)

/* Interrupt Registers */
#define IXG_EICR		0x00800
#define IXG_EICS		0x00808
#define IXG_EIAC		0x00810
#define IXG_EITR_LO		0x00820
#define IXG_EITR_LO_COUNT	24
#define IXG_EITR_HI		0x12300
#define  EITR_INTERVAL		0x00000ff8
#define  EITR_UNIT_NS		2048		/* per count of the interval field */
#define  EITR_INTERVAL_SHIFT	3
#define IXG_EIMS		0x00880
#define IXG_EIMC		0x00888
#define IXG_EIAM		0x00890
#define IXG_GPIE		0x00898
#define  GPIE_MSIX		BIT32(4)
#define  GPIE_OCD		BIT32(5)
#define  GPIE_EIAME		BIT32(30)
#define IXG_IVAR(n)		(0x00900 + (n) * 4)
#define IXG_IVAR_MISC		0x00a00
#define  IVAR_VALID		0x80
#define  IVAR_VECTOR		0x3f
#define IXG_EICS_EX		0x00a90
#define IXG_EIMS_EX		0x00aa0
#define IXG_EIMC_EX		0x00ab0
#define IXG_EIAM_EX		0x00ad0
#define  EICR_QUEUES		0x0000ffff
#define  EICR_OTHER		0xffff0000
#define  EICR_OCD_CLEAR		0x3fff0000
#define  EICR_RX_MISS		BIT32(17)
#define  EICR_LSC		BIT32(20)

/* MAC Registers */
#define IXG_HLREG0		0x04240
#define  HLREG0_TXCRCEN		BIT32(0)
#define  HLREG0_RXCRCSTRP	BIT32(1)
#define  HLREG0_JUMBOEN		BIT32(2)
#define  HLREG0_TXPADEN		BIT32(10)
#define  HLREG0_LPBK		BIT32(15)
#define IXG_MSCA		0x0425c
#define  MSCA_ADDRESS		0x0000ffff
#define  MSCA_DEVICE_SHIFT	16
#define  MSCA_PORT_SHIFT	21
#define  MSCA_OP_SHIFT		26
#define  MSCA_OP_ADDRESS	0
#define  MSCA_OP_WRITE		1
#define  MSCA_OP_READ		3
#define  MSCA_CLAUSE_22		BIT32(28)
#define  MSCA_MDI_COMMAND	BIT32(30)
#define IXG_MSRWD		0x04260
#define  MSRWD_READ_SHIFT	16
#define IXG_MHADD		0x04268
#define  MHADD_MFS_SHIFT	16
#define IXG_AUTOC		0x042a0
#define  AUTOC_AN_RESTART	BIT32(12)
#define  AUTOC_LMS_10G_NO_AN	BIT32(13)
#define  AUTOC_10G_KX4		BIT32(7)
#define  AUTOC_1G_KX		BIT32(9)
#define  AUTOC_KX4_SUPP		BIT32(31)
#define  AUTOC_SYM_PAUSE	BIT32(28)
#define IXG_LINKS		0x042a4
#define  LINKS_UP		BIT32(30)
#define  LINKS_10G		(3u << 28)
#define  LINKS_AN_COMPLETE	BIT32(31)
#define  LINKS_LINK_STATUS	BIT32(7)
#define IXG_ANLP1		0x042b0
#define  ANLP1_AN_STATE		(5u << 16)
#define IXG_MFLCN		0x04294
#define  MFLCN_PMCF		BIT32(0)
#define  MFLCN_DPF		BIT32(1)
#define  MFLCN_RFCE		BIT32(3)
#define IXG_CORECTL		0x14f00

/* Receive Registers */
#define IXG_RXCSUM		0x05000
#define  RXCSUM_IPPCSE		BIT32(12)
#define  RXCSUM_PCSD		BIT32(13)
#define IXG_RFCTL		0x05008
#define  RFCTL_IPV6_XSUM_DIS	BIT32(11)
#define IXG_FCTRL		0x05080
#define  FCTRL_SBP		BIT32(1)
#define  FCTRL_MPE		BIT32(8)
#define  FCTRL_UPE		BIT32(9)
#define  FCTRL_BAM		BIT32(10)
#define IXG_VLNCTRL		0x05088
#define  VLNCTRL_VET		0x0000ffff
#define  VLNCTRL_VFE		BIT32(30)
#define IXG_MCSTCTRL		0x05090
#define  MCSTCTRL_MO		0x00000003
#define  MCSTCTRL_MFE		BIT32(2)
#define IXG_VT_CTL		0x051b0
#define  VT_CTL_VT_ENA		BIT32(0)
#define IXG_MTA(n)		(0x05200 + (n) * 4)
#define IXG_MRQC		0x05818
#define  MRQC_MODE		0x0000000f
#define  MRQC_MODE_NONE		0
#define  MRQC_MODE_RSS		1
#define  MRQC_TCP_IPV4		BIT32(16)
#define  MRQC_IPV4		BIT32(17)
#define  MRQC_IPV6		BIT32(20)
#define  MRQC_TCP_IPV6		BIT32(21)
#define  MRQC_UDP_IPV4		BIT32(22)
#define  MRQC_UDP_IPV6		BIT32(23)
#define IXG_RETA(n)		(0x05c00 + (n) * 4)
#define IXG_RETA_COUNT		32
#define IXG_ERETA(n)		(0x0ee80 + (n) * 4)	/* X550: RETA goes on here */
#define IXG_RSSRK(n)		(0x05c80 + (n) * 4)
#define IXG_VFTA(n)		(0x0a000 + (n) * 4)
#define IXG_RAL(n)		(0x0a200 + (n) * 8)
#define IXG_RAH(n)		(0x0a204 + (n) * 8)
#define  RAH_AV			BIT32(31)
#define IXG_PSRTYPE(n)		(0x0ea00 + (n) * 4)
#define  PSRTYPE_TCP		BIT32(4)
#define  PSRTYPE_UDP		BIT32(5)
#define  PSRTYPE_IPV4		BIT32(8)
#define  PSRTYPE_IPV6		BIT32(9)
#define  PSRTYPE_L2		BIT32(12)

/* Receive DMA Registers */
#define IXG_RX_BASE_LO		0x01000
#define IXG_RX_BASE_HI		0x0d000
#define IXG_RX_STRIDE		0x40
#define  RX_RDBAL		0x00
#define  RX_RDBAH		0x04
#define  RX_RDLEN		0x08
#define  RX_DCA_RXCTRL		0x0c
#define  RX_RDH			0x10
#define  RX_SRRCTL		0x14
#define  RX_RDT			0x18
#define  RX_RXDCTL		0x28
#define  RX_RSCCTL		0x2c
#define  RSCCTL_RSCEN		BIT32(0)
#define  RXDCTL_RLPML		0x00003fff
#define  RXDCTL_RLPML_EN	BIT32(15)
#define  RXDCTL_ENABLE		BIT32(25)
#define  RXDCTL_SWFLSH		BIT32(26)
#define  RXDCTL_VME		BIT32(30)
#define  SRRCTL_BSIZEPKT	0x0000001f	/* KiB */
#define  SRRCTL_BSIZEHDR_SHIFT	8		/* 64-byte units */
#define  SRRCTL_BSIZEHDR	0x3f
#define  SRRCTL_DESCTYPE_SHIFT	25
#define  SRRCTL_DESCTYPE	0x7
#define  SRRCTL_DROP_EN		BIT32(28)
#define  DESCTYPE_LEGACY	0
#define  DESCTYPE_ONE_BUFFER	1
#define  DESCTYPE_SPLIT		2
#define  DESCTYPE_SPLIT_ALWAYS	5
#define  RING_BASE_ALIGN	128
#define  RING_LEN_ALIGN		128
#define  RING_DESC_SIZE		16
#define IXG_RDRXCTL		0x02f00
#define  RDRXCTL_CRCSTRIP	BIT32(1)
#define  RDRXCTL_DMAIDONE	BIT32(3)
#define  RDRXCTL_MDP_EN		BIT32(29)	/* X550 */
#define IXG_RXCTRL		0x03000
#define  RXCTRL_RXEN		BIT32(0)
#define IXG_RXPBSIZE(n)		(0x03c00 + (n) * 4)
#define  RXPBSIZE_MASK		0x000ffc00
#define IXG_RQSMR(n)		(0x02300 + (n) * 4)

/* Transmit Registers */
#define IXG_DMATXCTL		0x04a80
#define  DMATXCTL_TE		BIT32(0)
#define  DMATXCTL_GDV		BIT32(3)
#define  DMATXCTL_VT_SHIFT	16
#define IXG_TX_BASE		0x06000
#define IXG_TX_STRIDE		0x40
#define  TX_TDBAL		0x00
#define  TX_TDBAH		0x04
#define  TX_TDLEN		0x08
#define  TX_DCA_TXCTRL		0x0c
#define  TX_TDH			0x10
#define  TX_TDT			0x18
#define  TX_TXDCTL		0x28
#define  TX_TDWBAL		0x38
#define  TX_TDWBAH		0x3c
#define  TXDCTL_ENABLE		BIT32(25)
#define  TXDCTL_SWFLSH		BIT32(26)
#define  TDWBAL_HEAD_WB		BIT32(0)
#define IXG_TXPBSIZE(n)		(0x0cc00 + (n) * 4)
#define IXG_TQSM(n)		(0x08600 + (n) * 4)

/* Security Registers */
#define IXG_SECTXCTRL		0x08800
#define  SECTXCTRL_TX_DIS	BIT32(1)
#define IXG_SECTXSTAT		0x08804
#define IXG_SECRXCTRL		0x08d00
#define  SECRXCTRL_RX_DIS	BIT32(1)
#define IXG_SECRXSTAT		0x08d04
#define  SECSTAT_RDY		BIT32(0)

/* Flow Director Registers */
#define IXG_FDIRCTRL		0x0ee00
#define  FDIRCTRL_PBALLOC	0x00000003
#define  FDIRCTRL_INIT_DONE	BIT32(3)
#define  FDIRCTRL_PERFECT	BIT32(4)
#define  FDIRCTRL_REPORT	BIT32(5)
#define  FDIRCTRL_DROP_Q_SHIFT	8
#define  FDIRCTRL_FLEX_SHIFT	16
#define IXG_FDIRIPSA		0x0ee18
#define IXG_FDIRIPDA		0x0ee1c
#define IXG_FDIRPORT		0x0ee20
#define IXG_FDIRVLAN		0x0ee24
#define IXG_FDIRHASH		0x0ee28
#define  FDIRHASH_KEY		0x7fff7fff
#define IXG_FDIRCMD		0x0ee2c
#define  FDIRCMD_CMD		0x00000003
#define  FDIRCMD_ADD		1
#define  FDIRCMD_REMOVE		2
#define  FDIRCMD_QUERY		3
#define  FDIRCMD_FILTER_VALID	BIT32(2)
#define  FDIRCMD_FILTER_UPDATE	BIT32(3)
#define  FDIRCMD_L4TYPE_SHIFT	5
#define  FDIRCMD_IPV6		BIT32(7)
#define  FDIRCMD_CLEARHT	BIT32(8)
#define  FDIRCMD_DROP		BIT32(9)
#define  FDIRCMD_QUEUE_EN	BIT32(15)
#define  FDIRCMD_QUEUE_SHIFT	16
#define  FDIRCMD_POOL_SHIFT	24
#define IXG_FDIRFREE		0x0ee38
#define IXG_FDIRDIP4M		0x0ee3c
#define IXG_FDIRSIP4M		0x0ee40
#define IXG_FDIRTCPM		0x0ee44
#define IXG_FDIRUDPM		0x0ee48
#define IXG_FDIRLEN		0x0ee4c
#define IXG_FDIRUSTAT		0x0ee50
#define IXG_FDIRFSTAT		0x0ee54
#define IXG_FDIRMATCH		0x0ee58
#define IXG_FDIRMISS		0x0ee5c
#define IXG_FDIRHKEY		0x0ee68
#define IXG_FDIRSKEY		0x0ee6c
#define IXG_FDIRM		0x0ee70
#define  FDIRM_VLANID		BIT32(0)
#define  FDIRM_VLANP		BIT32(1)
#define  FDIRM_POOL		BIT32(2)
#define  FDIRM_L4P		BIT32(3)
#define  FDIRM_FLEX		BIT32(4)

/* Manageability Registers */
#define IXG_FLEX_MNG		0x15800
#define IXG_FLEX_MNG_COUNT	448
#define IXG_HICR		0x15f00
#define  HICR_EN		BIT32(0)
#define  HICR_C			BIT32(1)
#define  HICR_SV		BIT32(2)

/* Statistics Registers */
#define IXG_LXONRXCNT		0x041a4
#define IXG_LXOFFRXCNT		0x041a8
#define IXG_MPC(n)		(0x03fa0 + (n) * 4)
#define IXG_PRC64		0x0405c
#define IXG_GPRC		0x04074
#define IXG_BPRC		0x04078
#define IXG_MPRC		0x0407c
#define IXG_GPTC		0x04080
#define IXG_GORCL		0x04088
#define IXG_GORCH		0x0408c
#define IXG_GOTCL		0x04090
#define IXG_GOTCH		0x04094
#define IXG_RUC			0x040a4
#define IXG_ROC			0x040ac
#define IXG_TORL		0x040c0
#define IXG_TORH		0x040c4
#define IXG_TPR			0x040d0
#define IXG_TPT			0x040d4
#define IXG_PTC64		0x040d8
#define IXG_MPTC		0x040f0
#define IXG_BPTC		0x040f4
#define IXG_XEC			0x04120
#define IXG_QPRC(n)		(0x01030 + (n) * 0x40)
#define IXG_QBRC_L(n)		(0x01034 + (n) * 0x40)
#define IXG_QBRC_H(n)		(0x01038 + (n) * 0x40)
#define IXG_QPRDC(n)		(0x01430 + (n) * 0x40)
#define IXG_QPTC(n)		(0x06030 + (n) * 0x40)
#define IXG_QBTC_L(n)		(0x08700 + (n) * 8)
#define IXG_QBTC_H(n)		(0x08704 + (n) * 8)

/* Time Sync Registers */
#define IXG_ETQF(n)		(0x05128 + (n) * 4)
#define IXG_ETQF_COUNT		8
#define  ETQF_TYPE		0x0000ffff
#define  ETQF_1588		BIT32(30)
#define  ETQF_EN		BIT32(31)
#define IXG_RXMTRL		0x05120
#define  RXMTRL_PORT_SHIFT	16
#define IXG_RXSTMPL		0x051e8
#define IXG_RXSTMPH		0x051a4
#define IXG_TSYNCRXCTL		0x05188
#define  TSYNCRXCTL_VALID	BIT32(0)	/* until RXSTMPH is read */
#define  TSYNCRXCTL_TYPE	0x0000000e
#define  TSYNCRXCTL_TYPE_ALL	0x00000008
#define  TSYNCRXCTL_TYPE_EVENT_V2 0x0000000a
#define  TSYNCRXCTL_EN		BIT32(4)
#define  TSYNCRXCTL_TSIP_UT	BIT32(23)	/* in untagged frames */
#define  TSYNCRXCTL_TSIP_UP	24		/* in frames of each priority */
#define IXG_SYSTIML		0x08c0c
#define IXG_SYSTIMH		0x08c10
#define IXG_TIMINCA		0x08c14
#define  TIMINCA_INCVALUE	0x00ffffff
#define  TIMINCA_X550_RATE	0x7fffffff
#define  TIMINCA_X550_MINUS	BIT32(31)
#define IXG_TSAUXC		0x08c20
#define  TSAUXC_DISABLE_SYSTIME	BIT32(31)
#define IXG_SYSTIMR		0x08c58

/* Receive Descriptors: the advanced write-back format */
#define RXD_PKTTYPE_IPV4	BIT32(4)
#define RXD_PKTTYPE_IPV4E	BIT32(5)
#define RXD_PKTTYPE_IPV6	BIT32(6)
#define RXD_PKTTYPE_IPV6E	BIT32(7)
#define RXD_PKTTYPE_TCP		BIT32(8)
#define RXD_PKTTYPE_UDP		BIT32(9)
#define RXD_PKTTYPE_SCTP	BIT32(10)
#define RXD_PKTTYPE_ETQF	BIT32(15)	/* bits 6:4 are the filter's number then */
#define RXD_PKTTYPE_ETQF_SHIFT	4
#define RXD_PKTTYPE_ETQF_RSVD	0x00007f80u
#define RXD_HDRLEN_SHIFT	21		/* in the first dword */
#define RXD_HDRLEN_MAX		1023
#define RXD_SPH			BIT32(31)
#define RXD_HDR_INFO		0xffe00000u	/* both of these */
#define RXD_FRAME_INFO		0x0001ffffu	/* the hash's type and the packet's */
#define RXD_RSSTYPE_NONE	0
#define RXD_RSSTYPE_TCP_IPV4	1
#define RXD_RSSTYPE_IPV4	2
#define RXD_RSSTYPE_TCP_IPV6	3
#define RXD_RSSTYPE_IPV6	5
#define RXD_RSSTYPE_UDP_IPV4	7
#define RXD_RSSTYPE_UDP_IPV6	8
#define RXD_RSSTYPE_FDIR	15
#define RXD_STAT_DD		BIT32(0)
#define RXD_STAT_EOP		BIT32(1)
#define RXD_STAT_FLM		BIT32(2)
#define RXD_STAT_VP		BIT32(3)
#define RXD_STAT_UDPCS		BIT32(4)
#define RXD_STAT_L4CS		BIT32(5)
#define RXD_STAT_IPCS		BIT32(6)
#define RXD_STAT_PIF		BIT32(7)
#define RXD_STAT_TSIP		BIT32(15)	/* X550 */
#define RXD_STAT_TS		BIT32(16)
#define RXD_ERR_HBO		BIT32(23)
#define RXD_ERR_ALL		0xfff00000u
#define RXD_ERR_L4E		BIT32(30)
#define RXD_ERR_IPE		BIT32(31)

/* Transmit Descriptors: legacy, advanced data and advanced context */
#define TXD_LEN			0x0000ffff	/* in cmd_type_len */
#define TXD_DTYP_SHIFT		20
#define TXD_DTYP_CONTEXT	2
#define TXD_DTYP_DATA		3
#define TXD_CMD_EOP		BIT32(24)
#define TXD_CMD_IC		BIT32(26)	/* legacy only */
#define TXD_CMD_RS		BIT32(27)
#define TXD_CMD_DEXT		BIT32(29)
#define TXD_CMD_VLE		BIT32(30)
#define TXD_CMD_TSE		BIT32(31)
#define TXD_STAT_DD		BIT32(0)	/* in olinfo_status */
#define TXD_IDX_SHIFT		4
#define TXD_CC			BIT32(7)
#define TXD_POPTS_IXSM		BIT32(8)
#define TXD_POPTS_TXSM		BIT32(9)
#define TXD_POPTS_IPSEC		BIT32(10)
#define TXD_PAYLEN_SHIFT	14
#define TXC_IPLEN		0x1ff		/* in vlan_macip_lens */
#define TXC_MACLEN_SHIFT	9
#define TXC_MACLEN		0x7f
#define TXC_VLAN_SHIFT		16
#define TXC_IPV4		BIT32(10)	/* in type_tucmd_mlhl */
#define TXC_L4T_SHIFT		11
#define TXC_L4T_UDP		0
#define TXC_L4T_TCP		1
#define TXC_L4T_SCTP		2
#define TXC_IDX_SHIFT		4		/* in mss_l4len_idx */
#define TXC_L4LEN_SHIFT		8
#define TXC_MSS_SHIFT		16

#endif
