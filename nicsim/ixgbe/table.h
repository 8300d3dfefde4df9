/* SPDX-License-Identifier: GPL-2.0 */
/* Macros for tables of struct ixgbe_reg. */
#ifndef NICSIM_IXGBE_TABLE_H
#define NICSIM_IXGBE_TABLE_H

#include "ixgbe/ixgbe.h"

#define ALL	0xffffffffu

#define ONE(n, off)		.name = n, .offset = off, .count = 1
#define MANY(n, off, cnt)	.name = n, .offset = off, .count = cnt, .stride = 4

/* STORE keeps all bits.  REG is what its further arguments say.  STAT counts, and is
 * cleared when read.  With an S each of them is an array.
 */
#define STORE(n, off, ...)	{ ONE(n, off), .writable = ALL, ##__VA_ARGS__ }
#define STORES(n, off, cnt, ...) { MANY(n, off, cnt), .writable = ALL, ##__VA_ARGS__ }
#define REG(n, off, ...)	{ ONE(n, off), ##__VA_ARGS__ }
#define REGS(n, off, cnt, ...) { MANY(n, off, cnt), ##__VA_ARGS__ }
#define STAT(n, off)		{ ONE(n, off), .clear_on_read = true }
#define STATS(n, off, cnt)	{ MANY(n, off, cnt), .clear_on_read = true }

#endif
