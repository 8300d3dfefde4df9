/* SPDX-License-Identifier: GPL-2.0 */
/* What the plugins have in common: the marks, and which QEMU they fit. */
#ifndef BENCH_INSN_H
#define BENCH_INSN_H

#include <stdio.h>
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

/* @marked is called with MARK_*, where @insn is one. */
static inline void watch_mark(struct qemu_plugin_insn *insn, qemu_insn_fn marked)
{
	uintptr_t what = mark_of(insn);

	if (what)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, marked, QEMU_CB_NO_REGS,
						       (void *)what);
}

static inline bool fits_qemu(const struct qemu_info *info, const char *plugin)
{
	if (info->version.cur >= QEMU_ABI_VERSION && info->version.min <= QEMU_ABI_VERSION)
		return true;
	fprintf(stderr, "%s: this QEMU has plugin interface %d to %d, not %d\n", plugin,
		info->version.min, info->version.cur, QEMU_ABI_VERSION);
	return false;
}

#endif
