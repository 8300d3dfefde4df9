// SPDX-License-Identifier: GPL-2.0
/*
 * The host interface of the X550.  Software puts a command into FLEX_MNG and sets
 * HICR.C.  The firmware runs it, leaves its answer in FLEX_MNG, and clears C.  Also
 * the semaphores for what both software and firmware use.
 */
#include "ixgbe/ixgbe.h"

enum {
	CMD_READ_SHADOW = 0x31,
	CMD_WRITE_SHADOW = 0x33,
	CMD_DUMP_SHADOW = 0x36,
	CMD_DRIVER_INFO = 0xdd,
	CMD_DISABLE_RXEN = 0xde,
};

/* A header, then parameters.  The numbers in EEPROM commands are big-endian. */
#define AT_COMMAND	0
#define AT_LENGTH	1
#define AT_STATUS	2
#define AT_CHECKSUM	3
#define HEADER		4u
#define AT_ADDRESS	4
#define AT_BYTES	8
#define AT_DATA		12

#define NO_CHECKSUM	0xff
#define STATUS_GOOD	1
#define READ_MAX	1024
#define BUFFER_BYTES	(IXG_FLEX_MNG_COUNT * 4)

/* The words that a command names, or NULL if it may not access them. */
static uint16_t *shadow_words(struct ixgbe *nic, const uint8_t *buf, size_t *count)
{
	uint32_t address = get_be32(buf + AT_ADDRESS), bytes = get_be16(buf + AT_BYTES);
	uint32_t size = nic->variant->eeprom_words * 2;

	if (!(ixgbe_get(nic, IXG_SW_FW_SYNC) & SYNC_EEPROM))
		nicsim_strict(nic->sim, "EEPROM command without the EEPROM's semaphore");
	if (address % 2 || bytes % 2 || !bytes || bytes > READ_MAX || address > size - bytes) {
		nicsim_strict(nic->sim, "EEPROM command for %u bytes at %#x", bytes, address);
		return NULL;
	}
	*count = bytes / 2;
	return nic->eeprom + address / 2;
}

static bool read_shadow(struct ixgbe *nic, uint8_t *buf)
{
	size_t count, i;
	const uint16_t *word = shadow_words(nic, buf, &count);

	for (i = 0; word && i < count; i++)
		put_le16(buf + AT_DATA + 2 * i, word[i]);
	return word;
}

static bool write_shadow(struct ixgbe *nic, uint8_t *buf)
{
	size_t count, i;
	uint16_t *word = shadow_words(nic, buf, &count);

	for (i = 0; word && i < count; i++)
		word[i] = get_le16(buf + AT_DATA + 2 * i);
	return word;
}

static void disable_rxen(struct ixgbe *nic)
{
	ixgbe_reg_write(nic, IXG_RXCTRL, ixgbe_get(nic, IXG_RXCTRL) & ~RXCTRL_RXEN);
}

static bool checksum_good(const uint8_t *buf)
{
	uint8_t sum = 0;
	unsigned int i;

	for (i = 0; i < HEADER + buf[AT_LENGTH]; i++)
		sum += buf[i];
	return !sum;
}

static bool run(struct ixgbe *nic, uint8_t *buf)
{
	if (buf[AT_CHECKSUM] != NO_CHECKSUM && !checksum_good(buf)) {
		nicsim_strict(nic->sim, "host interface: wrong checksum of command %#x",
			      buf[AT_COMMAND]);
		return false;
	}
	switch (buf[AT_COMMAND]) {
	case CMD_READ_SHADOW:
		return read_shadow(nic, buf);
	case CMD_WRITE_SHADOW:
		return write_shadow(nic, buf);
	case CMD_DISABLE_RXEN:
		disable_rxen(nic);
		return true;
	case CMD_DUMP_SHADOW:	/* the flash is the shadow RAM here */
	case CMD_DRIVER_INFO:
		return true;
	}
	nicsim_strict(nic->sim, "host interface: unknown command %#x", buf[AT_COMMAND]);
	return false;
}

void ixgbe_hicr_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	uint32_t *hicr = ixgbe_reg_ptr(nic, IXG_HICR);
	uint8_t buf[BUFFER_BYTES];

	if (!(val & HICR_C))
		return;
	if (!(ixgbe_get(nic, IXG_SW_FW_SYNC) & SYNC_MNG))
		nicsim_strict(nic->sim, "host interface used without its semaphore");
	for (i = 0; i < IXG_FLEX_MNG_COUNT; i++)
		put_le32(buf + 4 * i, ixgbe_get(nic, IXG_FLEX_MNG + 4 * i));
	*hicr &= ~HICR_SV;
	if (run(nic, buf)) {
		buf[AT_STATUS] = STATUS_GOOD;
		*hicr |= HICR_SV;
	}
	for (i = 0; i < IXG_FLEX_MNG_COUNT; i++)
		*ixgbe_reg_ptr(nic, IXG_FLEX_MNG + 4 * i) = get_le32(buf + 4 * i);
}

/* Reading takes the right to write the register: who reads REGSMP as 0 has it. */
uint32_t ixgbe_sync_read(struct ixgbe *nic, unsigned int i)
{
	uint32_t val = ixgbe_get(nic, IXG_SW_FW_SYNC);

	(void)i;
	*ixgbe_reg_ptr(nic, IXG_SW_FW_SYNC) |= SYNC_REGSMP;
	return val;
}

void ixgbe_sync_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	uint32_t *sync = ixgbe_reg_ptr(nic, IXG_SW_FW_SYNC);

	(void)i;
	if (!(*sync & SYNC_REGSMP))
		nicsim_strict(nic->sim, "SW_FW_SYNC written without REGSMP");
	*sync = val;
}
