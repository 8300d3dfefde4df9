// SPDX-License-Identifier: GPL-2.0
/*
 * The EEPROM's serial lines, which software drives through EEC.  The driver uses
 * them for all writes, and for reads until it knows the EEPROM's size.  A bit goes
 * in at the clock's rising edge, and comes out after it.
 */
#include "ixgbe/ixgbe.h"

enum {
	SPI_WRITE = 0x02,
	SPI_READ = 0x03,
	SPI_WRDI = 0x04,
	SPI_RDSR = 0x05,
	SPI_WREN = 0x06,
};

#define OPCODE_BITS	8
#define ADDRESS_BITS	16
#define STATUS_WEL	0x02	/* writes are enabled */
#define PAGE_BYTES	64	/* a burst of writes wraps in its page */

static uint8_t get_byte(struct ixgbe *nic, unsigned int addr)
{
	addr %= nic->variant->eeprom_words * 2;
	return nic->eeprom[addr / 2] >> (addr % 2 * 8);
}

static void put_byte(struct ixgbe *nic, unsigned int addr, uint8_t val)
{
	uint16_t *word = &nic->eeprom[addr / 2 % nic->variant->eeprom_words];
	unsigned int shift = addr % 2 * 8;

	*word = (*word & ~(0xff << shift)) | val << shift;
}

/* @n: number of the bit after opcode and address */
static bool data_bit(struct ixgbe *nic, unsigned int n)
{
	struct ixgbe_spi *spi = &nic->spi;
	unsigned int offset = n / 8, page;

	if (spi->opcode == SPI_READ)
		return get_byte(nic, spi->address + offset) >> (7 - n % 8) & 1;
	if (spi->opcode == SPI_WRITE && spi->write_enable && n % 8 == 7) {
		page = spi->address & ~(PAGE_BYTES - 1u);
		put_byte(nic, page + (spi->address + offset) % PAGE_BYTES, spi->shift);
		spi->wrote = true;
	}
	return false;
}

static bool clock_bit(struct ixgbe *nic, bool in)
{
	struct ixgbe_spi *spi = &nic->spi;
	unsigned int n;

	spi->shift = spi->shift << 1 | in;
	n = spi->bits++;
	if (n < OPCODE_BITS) {
		if (n == OPCODE_BITS - 1)
			spi->opcode = spi->shift;
		if (n == OPCODE_BITS - 1 && (spi->opcode == SPI_WREN || spi->opcode == SPI_WRDI))
			spi->write_enable = spi->opcode == SPI_WREN;
		return false;
	}
	n -= OPCODE_BITS;
	if (spi->opcode == SPI_RDSR)
		return (spi->write_enable ? STATUS_WEL : 0) >> (7 - n % 8) & 1;
	if (n < ADDRESS_BITS) {
		spi->address = spi->shift;
		return false;
	}
	return data_bit(nic, n - ADDRESS_BITS);
}

/* The select line is active when low; its rise ends a command. */
static void deselect(struct ixgbe_spi *spi)
{
	if (spi->wrote)
		spi->write_enable = false;
	spi->wrote = false;
	spi->bits = 0;
	spi->opcode = 0;
}

void ixgbe_eec_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	uint32_t *eec = ixgbe_reg_ptr(nic, IXG_EEC);

	(void)i;
	if (val & EEC_REQ)
		*eec |= EEC_GNT;
	else
		*eec &= ~EEC_GNT;
	if ((val & EEC_CS) || !(val & EEC_REQ)) {
		deselect(&nic->spi);
	} else if ((val & EEC_SK) && !nic->spi.clock) {
		*eec &= ~EEC_DO;
		if (clock_bit(nic, val & EEC_DI))
			*eec |= EEC_DO;
	}
	nic->spi.clock = val & EEC_SK;
}
