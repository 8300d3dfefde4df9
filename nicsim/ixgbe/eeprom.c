// SPDX-License-Identifier: GPL-2.0
/*
 * The EEPROM, and how software gets to it on the 82599: EERD, and the semaphore in
 * SWSM.  Also the 82599's MDIO bus, without a PHY, since a KX4 port has none.
 */
#include <string.h>

#include "ixgbe/ixgbe.h"

enum {
	EE_PBA_HIGH = 0x15,
	EE_PBA_LOW = 0x16,
	EE_VERSION = 0x18,
	EE_DEVICE_CAPS = 0x2c,
	EE_ETRACK_LOW = 0x2d,
	EE_ETRACK_HIGH = 0x2e,
	EE_INIT_CTRL_3 = 0x38,
	EE_CHECKSUM = 0x3f,
};

#define EE_CHECKSUM_TOTAL	0xbaba
#define EE_UNUSED		0xffff	/* also: pointer to no section */
#define EE_FIRST_HW_WORD	0x00

/* The words from 0 to the variant's last one add up to a constant.  The EEPROM has
 * no further sections that the checksum would cover.
 */
void ixgbe_eeprom_init(struct ixgbe *nic)
{
	uint16_t sum = 0;
	unsigned int i;

	memset(nic->eeprom, 0xff, sizeof(nic->eeprom));
	nic->eeprom[EE_FIRST_HW_WORD] = 0;
	nic->eeprom[EE_PBA_HIGH] = 0x0820;
	nic->eeprom[EE_PBA_LOW] = 0x5990;
	nic->eeprom[EE_VERSION] = 0x0100;
	nic->eeprom[EE_DEVICE_CAPS] = 0;
	nic->eeprom[EE_ETRACK_LOW] = 0x0001;
	nic->eeprom[EE_ETRACK_HIGH] = 0x8000;
	nic->eeprom[EE_INIT_CTRL_3] = 0;
	for (i = 0; i <= nic->variant->eeprom_sum_last; i++)
		sum += i == EE_CHECKSUM ? 0 : nic->eeprom[i];
	nic->eeprom[EE_CHECKSUM] = EE_CHECKSUM_TOTAL - sum;
}

void ixgbe_eerd_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	unsigned int addr = (val & 0xffff) >> EERD_ADDR_SHIFT;
	uint16_t data = EE_UNUSED;

	(void)i;
	if (!(val & EERD_START))
		return;
	if (addr < nic->variant->eeprom_words)
		data = nic->eeprom[addr];
	else
		nicsim_strict(nic->sim, "EERD: word %#x is beyond the EEPROM", addr);
	*ixgbe_reg_ptr(nic, IXG_EERD) = (uint32_t)data << EERD_DATA_SHIFT |
				    addr << EERD_ADDR_SHIFT | EERD_DONE;
}

/* Reading takes the semaphore: whoever reads 0 has it. */
uint32_t ixgbe_swsm_read(struct ixgbe *nic, unsigned int i)
{
	uint32_t val = ixgbe_get(nic, IXG_SWSM);

	(void)i;
	*ixgbe_reg_ptr(nic, IXG_SWSM) |= SWSM_SMBI;
	return val;
}

/* A bus without devices reads all ones. */
void ixgbe_msca_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	(void)i;
	if (!(val & MSCA_MDI_COMMAND))
		return;
	*ixgbe_reg_ptr(nic, IXG_MSCA) &= ~MSCA_MDI_COMMAND;
	*ixgbe_reg_ptr(nic, IXG_MSRWD) |= 0xffff0000;
}
