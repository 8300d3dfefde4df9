/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of one core's data caches and TLBs, and of the last level that DMA writes to.
 *
 * Lines of 64 bytes, least recently used first out.  L1d and L2 take each line that the
 * core touches; what L2 has no room for goes to the last level, and what the last level
 * has comes back to L2 and leaves it.  A line that DMA writes leaves L1d and L2.  It stays
 * where it is in the last level, or takes the place of the line in the DDIO ways that was
 * used longest ago.
 *
 * A page has an entry in the dTLB of its size, and in the second level.  If neither has
 * it, the entry of the page table is read, which is an access like others; the caches of
 * the levels above it always hit.
 */
#ifndef BENCH_MODEL_H
#define BENCH_MODEL_H

#include "params.h"

#define LINE_SHIFT	6

struct model;

/**
 * struct access - one load or store of the core
 * @vaddr:	virtual address
 * @paddr:	physical address
 * @entry:	physical address of the page table's entry for it; 0: not known, not read
 * @shift:	of the page's size: 12, 21 or 30
 */
struct access {
	uint64_t vaddr, paddr, entry;
	unsigned int shift;
};

/**
 * struct misses - what the model has counted
 * @l1d:	lines that L1d did not have, those of page table entries with them
 * @l2:		of these, lines that L2 did not have, either
 * @llc:	of these, lines that came from memory
 * @dtlb:	accesses whose page the dTLB did not have
 * @stlb:	of these, those whose page the second level did not have
 */
struct misses {
	uint64_t l1d, l2, llc, dtlb, stlb;
};

/* NULL if the parameters are impossible, or without memory. */
struct model *model_new(const uint32_t val[PARAMS]);
void model_free(struct model *model);

/* All caches are empty. */
void model_clear(struct model *model);

/* DMA writes to a line. */
void model_dma(struct model *model, uint64_t line);

struct misses *model_misses(struct model *model);
void model_access(struct model *model, const struct access *a);

#endif
