/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which guest memory the model wrote: a file that another process maps, to know what a
 * NIC would have put into the CPU's cache.
 */
#ifndef NICSIM_BUS_DMA_LOG_H
#define NICSIM_BUS_DMA_LOG_H

#include <stdint.h>

#define DMA_LOG_WRITES	0x100000u

/**
 * struct dma_log - the file
 * @count:	writes so far; stored after the write and its entry here
 * @write:	the latest ones, at their number modulo DMA_LOG_WRITES
 */
struct dma_log {
	uint64_t count;
	struct {
		uint64_t addr, len;
	} write[DMA_LOG_WRITES];
};

/* NULL with errno.  The mapping stays until the process ends. */
struct dma_log *dma_log_new(const char *path);

void dma_log_write(struct dma_log *log, uint64_t addr, uint64_t len);

#endif
