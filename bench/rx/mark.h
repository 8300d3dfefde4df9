/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Instructions that do nothing, but that the plugin recognizes: a long no-op
 * whose displacement, which nobody uses, says what it marks.
 */
#ifndef BENCH_MARK_H
#define BENCH_MARK_H

#define MARK_MAGIC	0x70640000
#define MARK_START	1	/* of the part that is measured */
#define MARK_STOP	2
#define MARK_BATCH	3	/* the application has dealt with some frames */

static inline __attribute__((always_inline)) void mark(int what)
{
	asm volatile(".byte 0x0f, 0x1f, 0x80; .long %c0" : : "i"(MARK_MAGIC + what) : "memory");
}

#endif
