// SPDX-License-Identifier: GPL-2.0
/*
 * The MDIO bus of the X550 and the 10GBASE-T PHY on it, at port address 0.
 * Clause 45 only: one frame sets the address, the next one moves the data.
 *
 * Negotiation takes no time here, and its result is always 10 Gb/s with pause.
 */
#include "ixgbe/ixgbe.h"

#define PHY_PORT	0
#define NO_ANSWER	0xffff		/* nobody drives the bus */

enum { PMA = 1, PCS = 3, PHYXS = 4, AN = 7, VENDOR1 = 30 };

#define ADDRESS(mmd, reg)	((mmd) << MSCA_DEVICE_SHIFT | (reg))
#define POWER_CTRL		ADDRESS(VENDOR1, 0)
#define  LOW_POWER		0x0800

#define DEVICES_LOW	(BIT32(PMA) | BIT32(PCS) | BIT32(PHYXS) | BIT32(AN))
#define DEVICES_HIGH	BIT32(VENDOR1 - 16)
#define DEVICE_PRESENT	0x8000
#define CTRL_RESET	0x8000
#define AN_RESTART	0x0200
#define STAT_LINK	0x0004
#define AN_COMPLETE	0x0020
#define PAUSE_BOTH	0x0c00
#define SPEED_10G	0x0001
#define SPEED_1000	0x0010
#define SPEED_100	0x0020
#define CAN_10GBASE_T	0x0004
#define CAN_1000BASE_T	0x0020
#define ADVERTISE_10G	0x1000

/**
 * struct phy_reg - a register of the PHY
 * @address:	device and register
 * @reset:	value at power-on
 * @writable:	bits that a write changes
 * @up:		bits that are set while the cable has a link
 */
struct phy_reg {
	uint32_t address;
	uint16_t reset, writable, up;
};

static const struct phy_reg phy_regs[IXG_PHY_REGS] = {
	{ ADDRESS(PMA, 0), .writable = (uint16_t)~CTRL_RESET },
	{ ADDRESS(PMA, 1), .up = STAT_LINK },
	{ ADDRESS(PMA, 2), .reset = 0x0154 },		/* the PHY's identity */
	{ ADDRESS(PMA, 3), .reset = 0x0221 },
	{ ADDRESS(PMA, 4), .reset = SPEED_10G | SPEED_1000 | SPEED_100 },
	{ ADDRESS(PMA, 5), .reset = DEVICES_LOW },
	{ ADDRESS(PMA, 6), .reset = DEVICES_HIGH },
	{ ADDRESS(PMA, 8), .reset = DEVICE_PRESENT },
	{ ADDRESS(PMA, 11), .reset = CAN_10GBASE_T | CAN_1000BASE_T },
	{ ADDRESS(PCS, 1), .up = STAT_LINK },
	{ ADDRESS(PCS, 0xe810), .reset = 0 },			/* counters of errors */
	{ ADDRESS(PCS, 0xe811), .reset = 0 },
	{ ADDRESS(PCS, 0xe820), .reset = 0 },
	{ ADDRESS(PCS, 0xe821), .reset = 0 },
	{ ADDRESS(PHYXS, 0), .writable = (uint16_t)~CTRL_RESET },
	{ ADDRESS(AN, 0), .writable = (uint16_t)~(CTRL_RESET | AN_RESTART) },
	{ ADDRESS(AN, 1), .up = STAT_LINK | AN_COMPLETE },
	{ ADDRESS(AN, 16), .reset = PAUSE_BOTH | 1, .writable = 0xffff },
	{ ADDRESS(AN, 19), .up = PAUSE_BOTH | 1 },
	{ ADDRESS(AN, 32), .reset = ADVERTISE_10G, .writable = 0xffff },
	{ ADDRESS(AN, 0xc400), .writable = 0xffff },	/* 1, 2.5 and 5 Gb/s */
	{ POWER_CTRL, .writable = (uint16_t)~CTRL_RESET },
};

static int find(struct ixgbe *nic, uint32_t address)
{
	int i;

	for (i = 0; i < IXG_PHY_REGS; i++)
		if (phy_regs[i].address == address)
			return i;
	nicsim_strict(nic->sim, "unknown PHY register %u.%#x", address >> MSCA_DEVICE_SHIFT,
		      address & MSCA_ADDRESS);
	return -1;
}

static uint16_t read_reg(struct ixgbe *nic, uint32_t address)
{
	int i = find(nic, address);

	if (i < 0)
		return 0;
	return nic->phy.val[i] | (ixgbe_link_up(nic) ? phy_regs[i].up : 0);
}

static void write_reg(struct ixgbe *nic, uint32_t address, uint16_t val)
{
	bool was_up = ixgbe_link_up(nic);
	int i = find(nic, address);

	if (i < 0)
		return;
	nic->phy.val[i] = (nic->phy.val[i] & ~phy_regs[i].writable) | (val & phy_regs[i].writable);
	if (address != POWER_CTRL)
		return;
	nic->phy.asleep = val & LOW_POWER;
	if (ixgbe_link_up(nic) != was_up)
		ixgbe_link(nic, !was_up);
}

static void operate(struct ixgbe *nic, unsigned int op, uint32_t address)
{
	uint32_t *data = ixgbe_reg_ptr(nic, IXG_MSRWD);

	if (op == MSCA_OP_ADDRESS) {
		nic->phy.address = address;
		return;
	}
	if (address != nic->phy.address)
		nicsim_strict(nic->sim, "MSCA: %#x is not the address that was set", address);
	if (op == MSCA_OP_WRITE)
		write_reg(nic, nic->phy.address, *data);
	else if (op == MSCA_OP_READ)
		*data |= (uint32_t)read_reg(nic, nic->phy.address) << MSRWD_READ_SHIFT;
	else
		nicsim_strict(nic->sim, "MSCA: reading with increment is not modelled");
}

void ixgbe_phy_init(struct ixgbe *nic)
{
	unsigned int i;

	for (i = 0; i < IXG_PHY_REGS; i++)
		nic->phy.val[i] = phy_regs[i].reset;
}

/* A frame that nobody answers reads as ones. */
void ixgbe_phy_msca_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	unsigned int op = val >> MSCA_OP_SHIFT & 3;

	(void)i;
	if (!(val & MSCA_MDI_COMMAND))
		return;
	*ixgbe_reg_ptr(nic, IXG_MSCA) &= ~MSCA_MDI_COMMAND;
	if (!(ixgbe_get(nic, IXG_SW_FW_SYNC) & SYNC_PHY0))
		nicsim_strict(nic->sim, "MSCA used without the PHY's semaphore");
	if (op != MSCA_OP_WRITE)
		*ixgbe_reg_ptr(nic, IXG_MSRWD) &= 0xffff;
	if (val & MSCA_CLAUSE_22)
		nicsim_strict(nic->sim, "MSCA: clause 22 is not modelled");
	else if ((val >> MSCA_PORT_SHIFT & 0x1f) == PHY_PORT)
		operate(nic, op, val & (0x1f << MSCA_DEVICE_SHIFT | MSCA_ADDRESS));
	else if (op == MSCA_OP_READ)
		*ixgbe_reg_ptr(nic, IXG_MSRWD) |= (uint32_t)NO_ANSWER << MSRWD_READ_SHIFT;
}
