/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Marks for the plugin: a long no-op.  Its displacement, which nobody uses, says what
 * it marks.
 */
#ifndef BENCH_MARK_H
#define BENCH_MARK_H

#define MARK_MAGIC	0x70640000
#define MARK_START	1	/* the measured part begins */
#define MARK_STOP	2	/* the measured part ends */
#define MARK_BATCH	3	/* the application has finished some frames */
#define MARK_WARM	4	/* the first frames are to come */

static inline __attribute__((always_inline)) void mark(int what)
{
	asm volatile(".byte 0x0f, 0x1f, 0x80; .long %c0" : : "i"(MARK_MAGIC + what) : "memory");
}

#endif
