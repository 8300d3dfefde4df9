/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers of the gVNIC: registers, admin queue, descriptors.  Registers, the
 * admin queue and the GQI formats are big-endian, the DQO formats little.
 */
#ifndef NICSIM_GVE_REGS_H
#define NICSIM_GVE_REGS_H

#include "bytes.h"

#define GVE_REVISION_MAX		1

#define GVE_REG_BAR			0
#define GVE_MSIX_BAR			1
#define GVE_DB_BAR			2
#define GVE_REG_BAR_SIZE		4096
#define GVE_MSIX_BAR_SIZE		(16 * 1024)
#define GVE_DB_BAR_SIZE			(1024 * 1024)

#define GVE_REG_DEVICE_STATUS		0x00
#define GVE_REG_DRIVER_STATUS		0x04
#define GVE_REG_MAX_TX_QUEUES		0x08
#define GVE_REG_MAX_RX_QUEUES		0x0c
#define GVE_REG_AQ_PFN			0x10
#define GVE_REG_AQ_DOORBELL		0x14
#define GVE_REG_AQ_COUNTER		0x18
#define GVE_REG_DRIVER_VERSION		0x1f
#define GVE_REG_AQ_BASE_HI		0x20
#define GVE_REG_AQ_BASE_LO		0x24
#define GVE_REG_AQ_LENGTH		0x28

#define DEVICE_STATUS_RESET		BIT32(1)
#define DEVICE_STATUS_LINK		BIT32(2)
#define DEVICE_STATUS_IS_RESET		BIT32(4)
#define DRIVER_STATUS_RUN		BIT32(0)
#define DRIVER_STATUS_RESET		BIT32(1)

/* Doorbells: one to a page of BAR 2, and their index counts 32-bit words. */
#define GVE_DB_PAGE			4096
#define GVE_DB_TX			0
#define GVE_DB_RX			(GVE_DB_TX + GVE_MAX_QUEUES)
#define GVE_DB_IRQ			(GVE_DB_RX + GVE_MAX_QUEUES)

#define GQI_IRQ_MASK			BIT32(30)
#define DQO_IRQ_ENABLE			BIT32(0)
#define DQO_IRQ_CLEAR_PENDING		BIT32(1)
#define DQO_IRQ_ITR_SHIFT		3
#define DQO_IRQ_ITR_NONE		3	/* leave the interval alone */
#define DQO_IRQ_INTERVAL_SHIFT		5
#define DQO_IRQ_INTERVAL		0xfff
#define DQO_IRQ_INTERVAL_NS		2000

enum gve_aq_opcode {
	AQ_DESCRIBE_DEVICE = 0x1,
	AQ_CONFIGURE_RESOURCES = 0x2,
	AQ_REGISTER_PAGE_LIST = 0x3,
	AQ_UNREGISTER_PAGE_LIST = 0x4,
	AQ_CREATE_TX_QUEUE = 0x5,
	AQ_CREATE_RX_QUEUE = 0x6,
	AQ_DESTROY_TX_QUEUE = 0x7,
	AQ_DESTROY_RX_QUEUE = 0x8,
	AQ_DECONFIGURE_RESOURCES = 0x9,
	AQ_CONFIGURE_RSS = 0xa,
	AQ_SET_DRIVER_PARAMETER = 0xb,
	AQ_REPORT_STATS = 0xc,
	AQ_REPORT_LINK_SPEED = 0xd,
	AQ_GET_PTYPE_MAP = 0xe,
	AQ_VERIFY_DRIVER = 0xf,
	AQ_QUERY_FLOW_RULES = 0x10,
	AQ_REPORT_NIC_TIMESTAMP = 0x11,
	AQ_QUERY_RSS = 0x12,
	AQ_EXTENDED = 0xff,
	AQ_CONFIGURE_FLOW_RULE = 0x101,
};

enum gve_aq_status {
	AQ_PASSED = 0x1,
	AQ_FAILED_PRECONDITION = 0xfffffff5,
	AQ_INTERNAL_ERROR = 0xfffffff6,
	AQ_INVALID_ARGUMENT = 0xfffffff7,
	AQ_NOT_FOUND = 0xfffffff8,
	AQ_ALREADY_EXISTS = 0xfffffff1,
	AQ_RESOURCE_EXHAUSTED = 0xfffffffc,
	AQ_UNIMPLEMENTED = 0xfffffffe,
};

#define AQ_COMMAND_SIZE			64
#define AQ_PARAM			8	/* offset of what follows opcode and status */

/* As the driver names its choice in AQ_CONFIGURE_RESOURCES. */
enum gve_format {
	FORMAT_GQI_RDA = 1, FORMAT_GQI_QPL, FORMAT_DQO_RDA, FORMAT_DQO_QPL,
};

enum gve_option {
	OPT_GQI_RDA = 0x2, OPT_GQI_QPL = 0x3, OPT_DQO_RDA = 0x4, OPT_MODIFY_RING = 0x6,
	OPT_DQO_QPL = 0x7, OPT_JUMBO_FRAMES = 0x8, OPT_BUFFER_SIZES = 0xa,
	OPT_FLOW_STEERING = 0xb, OPT_NIC_TIMESTAMP = 0xd, OPT_RSS_CONFIG = 0xe,
};

#define FEATURE_MODIFY_RING		BIT32(0)
#define FEATURE_JUMBO_FRAMES		BIT32(2)
#define FEATURE_BUFFER_SIZES		BIT32(4)
#define FEATURE_FLOW_STEERING		BIT32(5)
#define FEATURE_RSS_CONFIG		BIT32(7)
#define FEATURE_NIC_TIMESTAMP		BIT32(8)

#define GVE_RAW_ADDRESSING		0xffffffff	/* in place of a page list */

enum gve_l3_type { PTYPE_L3_UNKNOWN, PTYPE_L3_OTHER, PTYPE_L3_IPV4, PTYPE_L3_IPV6 };
enum gve_l4_type { PTYPE_L4_UNKNOWN, PTYPE_L4_OTHER, PTYPE_L4_TCP, PTYPE_L4_UDP };
#define GVE_PTYPES			1024

enum gve_hash_type {
	HASH_IPV4 = 0, HASH_TCPV4 = 1, HASH_IPV6 = 2, HASH_TCPV6 = 4, HASH_UDPV4 = 6,
	HASH_UDPV6 = 7,
};

#define HASH_ALG_TOEPLITZ		1

enum gve_flow_type {
	FLOW_TCPV4, FLOW_UDPV4, FLOW_SCTPV4, FLOW_AHV4, FLOW_ESPV4,
	FLOW_TCPV6, FLOW_UDPV6, FLOW_SCTPV6, FLOW_AHV6, FLOW_ESPV6, FLOW_TYPES,
};

enum { FLOW_ADD, FLOW_DELETE, FLOW_RESET };
enum { FLOW_QUERY_RULES, FLOW_QUERY_IDS, FLOW_QUERY_STATS };

enum gve_nic_stat {
	NIC_RX_QUEUE_DROPS = 65, NIC_RX_NO_BUFFERS, NIC_RX_OVER_MRU, NIC_RX_BAD_CHECKSUM,
};

/* DQO receive */
#define DQO_RX_DESC_SIZE		32
#define DQO_RX_DB_GRANULE		8
#define DQO_RXD_ID			1	/* descriptor format, low 4 bits of byte 0 */
#define DQO_RX1_IPV6_EXT		BIT32(1)
#define DQO_RX1_ERROR			BIT32(2)
#define DQO_RX2_RAW_CSUM_INVALID	BIT32(12)
#define DQO_RX2_PTYPE			0x3ff
#define DQO_RX4_LEN			0x3fff
#define DQO_RX4_GENERATION		BIT32(14)
#define DQO_RX6_RSC			BIT32(10)
#define DQO_RX6_SPLIT			BIT32(11)
#define DQO_RX6_HDR_LEN			0x3ff
#define DQO_RX8_DONE			BIT32(0)
#define DQO_RX8_EOP			BIT32(1)
#define DQO_RX8_HDR_OVERFLOW		BIT32(2)
#define DQO_RX8_PROCESSED		BIT32(3)
#define DQO_RX8_IP_ERROR		BIT32(4)
#define DQO_RX8_L4_ERROR		BIT32(5)
#define DQO_RX11_STAMPED		BIT32(0)
#define DQO_RX8_OF_FRAME		(DQO_RX8_PROCESSED | DQO_RX8_IP_ERROR | DQO_RX8_L4_ERROR)

/* DQO transmit */
#define DQO_TX_DESC_SIZE		16
#define DQO_TXD_TYPE			0x1f	/* byte 8 */
#define DQO_TXD_GENERAL			0x4
#define DQO_TXD_TSO			0x5
#define DQO_TXD_PACKET			0xc
#define DQO_TX8_TSO			BIT32(5)
#define DQO_TX8_EOP			BIT32(5)
#define DQO_TX8_CSUM			BIT32(6)
#define DQO_TX8_REPORT			BIT32(7)
#define DQO_TX_REPORT_INTERVAL		32
#define DQO_TX_MAX_BUFS			10
#define DQO_TX_MIN			17
#define DQO_TX_MAX			9728
#define DQO_TX_MIN_MSS			88
#define DQO_TXC_SIZE			8
#define DQO_TXC_TYPE_SHIFT		11
#define DQO_TXC_PACKET			2
#define DQO_TXC_DESC			4
#define DQO_TXC_GENERATION		BIT32(15)

/* GQI receive */
#define GQI_RX_DESC_SIZE		64
#define GQI_RX_PAD			2	/* before the Ethernet header */
#define GQI_RX_FLAG(n)			BIT32(3 + (n))
#define GQI_RX_FRAG			GQI_RX_FLAG(3)
#define GQI_RX_IPV4			GQI_RX_FLAG(4)
#define GQI_RX_IPV6			GQI_RX_FLAG(5)
#define GQI_RX_TCP			GQI_RX_FLAG(6)
#define GQI_RX_UDP			GQI_RX_FLAG(7)
#define GQI_RX_CONTINUES		GQI_RX_FLAG(10)

/* GQI transmit */
#define GQI_TX_DESC_SIZE		16
#define GQI_TXD_STD			0x0	/* high 4 bits of byte 0 */
#define GQI_TXD_TSO			0x1
#define GQI_TXD_SEG			0x2
#define GQI_TXD_METADATA		0x3
#define GQI_TXF_L4CSUM			BIT32(0)

#endif
