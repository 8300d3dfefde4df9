// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bus/dma_log.h"

struct dma_log *dma_log_new(const char *path)
{
	struct dma_log *log = MAP_FAILED;
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return NULL;
	if (!ftruncate(fd, sizeof(*log)))
		log = mmap(NULL, sizeof(*log), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return log == MAP_FAILED ? NULL : log;
}

void dma_log_write(struct dma_log *log, uint64_t addr, uint64_t len)
{
	uint64_t count = log->count;

	log->write[count % DMA_LOG_WRITES].addr = addr;
	log->write[count % DMA_LOG_WRITES].len = len;
	__atomic_store_n(&log->count, count + 1, __ATOMIC_RELEASE);
}
