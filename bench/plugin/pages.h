/* SPDX-License-Identifier: GPL-2.0 */
/* The guest's page tables. */
#ifndef BENCH_PAGES_H
#define BENCH_PAGES_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct page - a page as the guest has it
 * @shift:	of its size: 12, 21 or 30
 * @entry:	physical address of its entry in the page tables; 0: none was found
 */
struct page {
	unsigned int shift;
	uint64_t entry;
};

/* Once the vCPU exists.  False if it has no page tables that are known here. */
bool pages_init(void);

/* From now on each page is looked up again. */
void pages_forget(void);

/* The page at @vaddr, of which the CPU says that it is at @paddr.  In a callback that may
 * read registers.
 */
struct page page_of(uint64_t vaddr, uint64_t paddr);

#endif
