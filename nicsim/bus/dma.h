/* SPDX-License-Identifier: GPL-2.0 */
/* What the client maps of the guest's memory.  nicsim.h has the accesses. */
#ifndef NICSIM_BUS_DMA_H
#define NICSIM_BUS_DMA_H

#include <stdbool.h>
#include <stdint.h>

#define DMA_MAX_REGIONS	32768	/* with an IOMMU in the guest each page is one */

struct dma;
struct dma_log;

struct dma *dma_new(void);
void dma_free(struct dma *dma);

/* From now on each nicsim_dma_write() is noted there. */
void dma_log_to(struct dma *dma, struct dma_log *log);

/* Both return 0 or -errno. */
int dma_map(struct dma *dma, uint64_t iova, uint64_t size, int fd, uint64_t offset,
	    bool readable, bool writable);
int dma_unmap(struct dma *dma, uint64_t iova, uint64_t size);
void dma_unmap_all(struct dma *dma);

#endif
