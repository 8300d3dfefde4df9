// SPDX-License-Identifier: GPL-2.0
/* SYSTIM, the clock that time stamps are taken from. */
#include "ixgbe.h"

void ixgbe_clock_reset(struct ixgbe *nic)
{
	nic->clock = (struct ixgbe_clock){ .since = nicsim_now_ns() };
}

/* 82599: TIMINCA's increment is added each 6.4 ns, the clock of a 10 Gb/s port. */
static uint64_t systim(struct ixgbe *nic)
{
	uint64_t inc = ixgbe_get(nic, IXG_TIMINCA) & TIMINCA_INCVALUE;
	__uint128_t ticks = (__uint128_t)(nicsim_now_ns() - nic->clock.since) * 5 / 32;

	return nic->clock.base + ticks * inc;
}

uint32_t ixgbe_systim_read(struct ixgbe *nic, unsigned int i)
{
	return systim(nic) >> (i * 32);
}

void ixgbe_systim_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	uint64_t now = systim(nic), mask = 0xffffffffull << (i * 32);

	nic->clock.base = (now & ~mask) | (uint64_t)val << (i * 32);
	nic->clock.since = nicsim_now_ns();
}
