// SPDX-License-Identifier: GPL-2.0
/*
 * Guest memory: the regions that the client mapped, sorted by address.  A region
 * that came without a descriptor is known, but cannot be accessed; a guest's
 * memory always comes with one.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/dma.h"
#include "bus/dma_log.h"
#include "bus/pci.h"
#include "sim.h"

struct dma_region {
	uint64_t iova, size;
	uint8_t *mem;		/* NULL: not shared with us */
	bool readable, writable;
};

struct dma {
	struct dma_log *log;	/* NULL: nobody wants to know */
	unsigned int n, last;
	struct dma_region region[DMA_MAX_REGIONS];
};

struct dma *dma_new(void)
{
	return calloc(1, sizeof(struct dma));
}

void dma_log_to(struct dma *dma, struct dma_log *log)
{
	dma->log = log;
}

static void region_unmap(struct dma_region *r)
{
	if (r->mem)
		munmap(r->mem, r->size);
}

void dma_unmap_all(struct dma *dma)
{
	while (dma->n)
		region_unmap(&dma->region[--dma->n]);
	dma->last = 0;
}

void dma_free(struct dma *dma)
{
	dma_unmap_all(dma);
	free(dma);
}

/* A mapping beyond the end of its file would fault at the first access. */
static int region_mmap(struct dma_region *r, int fd, uint64_t offset)
{
	int prot = (r->readable ? PROT_READ : 0) | (r->writable ? PROT_WRITE : 0);
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISREG(st.st_mode) &&
	    (offset > (uint64_t)st.st_size || r->size > (uint64_t)st.st_size - offset))
		return -EINVAL;
	r->mem = mmap(NULL, r->size, prot, MAP_SHARED, fd, (off_t)offset);
	if (r->mem == MAP_FAILED)
		return -errno;
	return 0;
}

/* The first region that begins at @iova or after it. */
static unsigned int region_after(const struct dma *dma, uint64_t iova)
{
	unsigned int lo = 0, hi = dma->n, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (dma->region[mid].iova < iova)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int dma_map(struct dma *dma, uint64_t iova, uint64_t size, int fd, uint64_t offset,
	    bool readable, bool writable)
{
	struct dma_region r = {
		.iova = iova, .size = size, .readable = readable, .writable = writable,
	};
	uint64_t mask = (uint64_t)sysconf(_SC_PAGESIZE) - 1;
	unsigned int i;
	int err;

	if (!size || iova > UINT64_MAX - size || (iova | size | offset) & mask ||
	    offset > INT64_MAX)
		return -EINVAL;
	i = region_after(dma, iova);
	if ((i < dma->n && dma->region[i].iova < iova + size) ||
	    (i && dma->region[i - 1].iova + dma->region[i - 1].size > iova))
		return -EEXIST;
	if (dma->n == DMA_MAX_REGIONS)
		return -ENOSPC;
	err = fd >= 0 ? region_mmap(&r, fd, offset) : 0;
	if (err)
		return err;
	memmove(&dma->region[i + 1], &dma->region[i], (dma->n - i) * sizeof(r));
	dma->region[i] = r;
	dma->n++;
	return 0;
}

/* Unmaps every region in the range.  There may be none, since large ranges are used
 * to clear a guest's IOMMU.  A region that lies only partly in it is an error.
 */
int dma_unmap(struct dma *dma, uint64_t iova, uint64_t size)
{
	unsigned int first, end, i;

	if (!size || iova > UINT64_MAX - size)
		return -EINVAL;
	first = region_after(dma, iova);
	for (end = first; end < dma->n && dma->region[end].iova < iova + size; end++)
		if (dma->region[end].iova + dma->region[end].size > iova + size)
			return -ENOENT;
	if (first && dma->region[first - 1].iova + dma->region[first - 1].size > iova)
		return -ENOENT;
	for (i = first; i < end; i++)
		region_unmap(&dma->region[i]);
	memmove(&dma->region[first], &dma->region[end],
		(dma->n - end) * sizeof(dma->region[0]));
	dma->n -= end - first;
	dma->last = 0;
	return 0;
}

static struct dma_region *region_find(struct dma *dma, uint64_t iova)
{
	unsigned int lo = 0, hi = dma->n, mid;
	struct dma_region *r;

	r = &dma->region[dma->last];
	if (dma->n && iova >= r->iova && iova - r->iova < r->size)
		return r;
	while (lo < hi) {
		mid = (lo + hi) / 2;
		r = &dma->region[mid];
		if (iova >= r->iova && iova - r->iova < r->size) {
			dma->last = mid;
			return r;
		}
		if (iova < r->iova)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

/* Where @iova is mapped here.  Cuts *@len to what follows in the same region. */
static uint8_t *dma_span(struct dma *dma, uint64_t iova, size_t *len, bool write)
{
	struct dma_region *r = region_find(dma, iova);
	uint64_t off;

	if (!r || !r->mem || !(write ? r->writable : r->readable))
		return NULL;
	off = iova - r->iova;
	if (*len > r->size - off)
		*len = r->size - off;
	return r->mem + off;
}

static bool dma_allowed(struct nicsim *sim, uint64_t iova, size_t len, bool write,
			const char *what)
{
	const char *dir = write ? "write to" : "read of";
	size_t left, part;

	if (!pci_bus_master(sim->pci)) {
		nicsim_strict(sim, "DMA %s %s with bus mastering off", dir, what);
		return false;
	}
	for (left = len; left; left -= part) {
		part = left;
		if (iova > UINT64_MAX - len ||
		    !dma_span(sim->dma, iova + (len - left), &part, write)) {
			nicsim_strict(sim, "DMA %s %s outside guest memory: %zu bytes at %#jx",
				      dir, what, len, (uintmax_t)iova);
			return false;
		}
	}
	return true;
}

bool nicsim_dma_read(struct nicsim *sim, uint64_t iova, void *buf, size_t len, const char *what)
{
	uint8_t *to = buf, *mem;
	size_t part;

	if (!dma_allowed(sim, iova, len, false, what))
		return false;
	for (; len; len -= part, iova += part, to += part) {
		part = len;
		mem = dma_span(sim->dma, iova, &part, false);
		memcpy(to, mem, part);
	}
	return true;
}

bool nicsim_dma_write(struct nicsim *sim, uint64_t iova, const void *buf, size_t len,
		      const char *what)
{
	const uint8_t *from = buf;
	uint64_t first = iova, total = len;
	uint8_t *mem;
	size_t part;

	if (!dma_allowed(sim, iova, len, true, what))
		return false;
	for (; len; len -= part, iova += part, from += part) {
		part = len;
		mem = dma_span(sim->dma, iova, &part, true);
		memcpy(mem, from, part);
	}
	if (sim->dma->log)
		dma_log_write(sim->dma->log, first, total);
	return true;
}

void nicsim_dma_barrier(void)
{
	atomic_thread_fence(memory_order_release);
}
