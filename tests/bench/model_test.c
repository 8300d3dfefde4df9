// SPDX-License-Identifier: GPL-2.0
/*
 * The cache and TLB model, with accesses of which the misses are known.  Prints TAP.
 * Argument: a file of bench/cpu.
 */
#include <stdio.h>

#include "../../bench/plugin/model.h"

#define PAGE	4096ull
#define HUGE	0x200000ull
#define L1D_STRIDE	8	/* lines apart that are in one set */
#define L2_STRIDE	16
#define LLC_STRIDE	64

static const uint32_t small[PARAMS] = {
	[L1D_KIB] = 1, [L1D_WAYS] = 2, [L2_KIB] = 4, [L2_WAYS] = 4,
	[LLC_KIB] = 16, [LLC_WAYS] = 4, [LLC_SLICES] = 1, [DDIO_WAYS] = 2,
	[DTLB_4K] = 4, [DTLB_2M] = 4, [DTLB_1G] = 2, [DTLB_WAYS] = 2,
	[STLB] = 16, [STLB_WAYS] = 4, [STLB_1G] = 2, [STLB_1G_WAYS] = 2,
};

static struct model *model;
static unsigned int tests, failed;

static void begin(void)
{
	model_clear(model);
	*model_misses(model) = (struct misses){ 0 };
}

static void expect(const char *what, struct misses want)
{
	const struct misses *m = model_misses(model);
	bool good = m->l1d == want.l1d && m->l2 == want.l2 && m->llc == want.llc &&
		    m->dtlb == want.dtlb && m->stlb == want.stlb;

	failed += !good;
	printf("%sok %u - %s\n", good ? "" : "not ", ++tests, what);
	if (!good)
		printf("# %ju %ju %ju %ju %ju, expected %ju %ju %ju %ju %ju\n", m->l1d, m->l2,
		       m->llc, m->dtlb, m->stlb, want.l1d, want.l2, want.llc, want.dtlb,
		       want.stlb);
	begin();
}

/* A line of one huge page, which misses the TLBs once. */
static void read_line(uint64_t line)
{
	const struct access a = {
		.vaddr = line << LINE_SHIFT, .paddr = line << LINE_SHIFT, .shift = 21,
	};

	model_access(model, &a);
}

static void read_lines(unsigned int count, unsigned int stride)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		read_line(i * stride);
}

static void read_page(uint64_t vaddr, uint64_t paddr, unsigned int shift, uint64_t entry)
{
	const struct access a = {
		.vaddr = vaddr, .paddr = paddr, .entry = entry, .shift = shift,
	};

	model_access(model, &a);
}

static void test_levels(void)
{
	read_line(1);
	read_line(1);
	expect("a line comes from memory once", (struct misses){ 1, 1, 1, 1, 1 });

	read_lines(3, L1D_STRIDE);
	read_lines(3, L1D_STRIDE);
	expect("L1d with 2 ways has none of 3 lines in turns, L2 has them",
	       (struct misses){ 6, 3, 3, 1, 1 });

	read_line(0);
	read_line(L1D_STRIDE);
	read_line(0);
	read_line(2 * L1D_STRIDE);
	read_line(0);
	expect("the line used longest ago leaves", (struct misses){ 3, 3, 3, 1, 1 });

	read_lines(5, L2_STRIDE);
	read_lines(5, L2_STRIDE);
	expect("what leaves L2 comes back from the last level",
	       (struct misses){ 10, 10, 5, 1, 1 });

	read_lines(9, LLC_STRIDE);
	read_lines(9, LLC_STRIDE);
	expect("4 ways of L2 and 4 of the last level have none of 9 lines in turns",
	       (struct misses){ 18, 18, 18, 1, 1 });
}

static void test_dma(void)
{
	read_line(1);
	model_dma(model, 1);
	read_line(1);
	expect("a line that DMA wrote leaves L1d and L2, and is in the last level",
	       (struct misses){ 2, 2, 1, 1, 1 });

	model_dma(model, 1);
	read_line(1);
	expect("a line that DMA wrote does not come from memory",
	       (struct misses){ 1, 1, 0, 1, 1 });

	model_dma(model, 0);
	model_dma(model, LLC_STRIDE);
	model_dma(model, 2 * LLC_STRIDE);
	read_lines(3, LLC_STRIDE);
	expect("of 3 lines that DMA wrote, 2 ways have kept 2", (struct misses){ 3, 3, 1, 1, 1 });
}

/* Lines of the core in the ways that DMA does not use, and in those that it does. */
static void test_ways(void)
{
	unsigned int i;

	read_lines(8, LLC_STRIDE);	/* 0 to 3 have left L2, to all ways in turn */
	model_dma(model, 20 * LLC_STRIDE);
	model_dma(model, 21 * LLC_STRIDE);
	model_dma(model, 22 * LLC_STRIDE);
	*model_misses(model) = (struct misses){ 0 };
	for (i = 4; i--;)
		read_line(i * LLC_STRIDE);
	expect("DMA takes the place of lines in its ways alone",
	       (struct misses){ 4, 4, 2, 0, 0 });

	read_lines(8, LLC_STRIDE);
	model_dma(model, 20 * LLC_STRIDE);
	model_dma(model, 21 * LLC_STRIDE);
	model_dma(model, 3 * LLC_STRIDE);	/* in a way that DMA does not use */
	*model_misses(model) = (struct misses){ 0 };
	read_line(20 * LLC_STRIDE);
	read_line(21 * LLC_STRIDE);
	read_line(3 * LLC_STRIDE);
	expect("DMA to a line of the last level takes no other's place",
	       (struct misses){ 3, 3, 0, 0, 0 });
}

static void test_tlb(void)
{
	unsigned int i;

	for (i = 0; i < 6; i++)
		read_page(i % 3 * 2 * PAGE, 0, 12, 0);
	expect("a dTLB of 2 ways has none of 3 pages in turns, the second level has them",
	       (struct misses){ 1, 1, 1, 6, 3 });

	for (i = 0; i < 100; i++)
		read_page(i * PAGE, 0, 21, 0);
	expect("100 pages of 4 KiB in one of 2 MiB are one page",
	       (struct misses){ 1, 1, 1, 1, 1 });

	for (i = 0; i < 6; i++)
		read_page(i % 3 * HUGE * 2, 0, 21, 0);
	expect("pages of 2 MiB have their own entries, and the second level's",
	       (struct misses){ 1, 1, 1, 6, 3 });

	for (i = 0; i < 6; i++)
		read_page((i % 3) << 30, 0, 30, 0);
	expect("3 pages of 1 GiB in 2 entries, and 2 of the second level",
	       (struct misses){ 1, 1, 1, 6, 6 });

	read_page(0, 0, 12, 0);
	read_page(0, HUGE, 12, 0);
	expect("one address in two processes is two pages", (struct misses){ 2, 2, 2, 2, 2 });

	for (i = 0; i < 8; i++)
		read_page(i * PAGE, 0, 12, HUGE + i * 8);
	expect("a walk reads the page's entry; 8 entries are in one line",
	       (struct misses){ 2, 2, 2, 8, 8 });
}

static void test_params(const char *cpu)
{
	uint32_t val[PARAMS];
	bool good = params_read(cpu, val);
	struct model *real = good ? model_new(val) : NULL;

	printf("%sok %u - %s is complete and possible\n", real ? "" : "not ", ++tests, cpu);
	failed += !real;
	if (real)
		model_free(real);

	good = !params_read("/dev/null", val);
	printf("%sok %u - a file that lacks a parameter is refused\n", good ? "" : "not ",
	       ++tests);
	failed += !good;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: model_test CPU\n", stderr);
		return 2;
	}
	model = model_new(small);
	if (!model)
		return 2;
	begin();
	test_levels();
	test_dma();
	test_ways();
	test_tlb();
	test_params(argv[1]);
	model_free(model);
	printf("1..%u\n", tests);
	return failed ? 1 : 0;
}
