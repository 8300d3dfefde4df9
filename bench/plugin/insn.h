/* SPDX-License-Identifier: GPL-2.0 */
/* What an instruction is. */
#ifndef BENCH_INSN_H
#define BENCH_INSN_H

#include <string.h>

#include "../rx/mark.h"
#include "qemu_abi.h"

/* MARK_*, or 0. */
static inline uintptr_t mark_of(const struct qemu_plugin_insn *insn)
{
	static const uint8_t nop[] = { 0x0f, 0x1f, 0x80 };
	uint8_t bytes[7];
	uint32_t disp;

	if (qemu_plugin_insn_size(insn) != sizeof(bytes))
		return 0;
	qemu_plugin_insn_data(insn, bytes, sizeof(bytes));
	memcpy(&disp, bytes + sizeof(nop), sizeof(disp));
	if (memcmp(bytes, nop, sizeof(nop)) || (disp & 0xffff0000) != MARK_MAGIC)
		return 0;
	return disp & 0xffff;
}

#endif
