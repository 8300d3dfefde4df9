// SPDX-License-Identifier: GPL-2.0
/* Which register is at an offset. */
#include "ixgbe/ixgbe.h"

/* Some registers of the first queues and addresses have a second offset. */
static const struct {
	uint32_t from, to;
	uint16_t count, from_stride, to_stride;
} alias[] = {
	{ 0x02100, IXG_RX_BASE_LO + RX_SRRCTL, 16, 4, IXG_RX_STRIDE },
	{ 0x02200, IXG_RX_BASE_LO + RX_DCA_RXCTRL, 16, 4, IXG_RX_STRIDE },
	{ 0x05400, IXG_RAL(0), 32, 4, 4 },
	{ 0x05480, IXG_PSRTYPE(0), 16, 4, 4 },
};

static uint32_t reg_offset(const struct ixgbe_reg *reg, unsigned int i)
{
	if (reg->split && i >= 64)
		return reg->offset - IXG_RX_BASE_LO + ixgbe_rx_base(i);
	return reg->offset + i * reg->stride;
}

static unsigned int reg_index(const struct ixgbe_reg *reg, uint32_t offset)
{
	if (!reg->stride)
		return 0;
	if (reg->split && offset >= IXG_RX_BASE_HI)
		return 64 + (offset - IXG_RX_BASE_HI) / reg->stride;
	return (offset - reg->offset) / reg->stride;
}

void ixgbe_reg_map(struct ixgbe *nic, const struct ixgbe_reg *reg, unsigned int count)
{
	unsigned int n, i;

	for (n = 0; n < count; n++)
		for (i = 0; i < reg[n].count; i++)
			nic->map[reg_offset(&reg[n], i) / 4] = &reg[n];
}

static uint32_t canonical(uint32_t offset)
{
	unsigned int n, i;

	for (n = 0; n < ARRAY_SIZE(alias); n++) {
		if (offset < alias[n].from)
			continue;
		i = (offset - alias[n].from) / alias[n].from_stride;
		if (i < alias[n].count)
			return alias[n].to + i * alias[n].to_stride;
	}
	return offset;
}

/**
 * ixgbe_reg_find() - find the description of a register
 * @nic: the model
 * @offset: in BAR 0; replaced by the place where its value is kept
 * @index: set to the register's number in its array
 *
 * Return: NULL when there is no such register.
 */
const struct ixgbe_reg *ixgbe_reg_find(const struct ixgbe *nic, uint32_t *offset,
				       unsigned int *index)
{
	const struct ixgbe_reg *reg;

	*offset = canonical(*offset);
	reg = nic->map[*offset / 4];
	if (reg)
		*index = reg_index(reg, *offset);
	return reg;
}

void ixgbe_reg_defaults(struct ixgbe *nic)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nic->reg); i++)
		nic->reg[i] = nic->map[i] ? nic->map[i]->reset : 0;
}
