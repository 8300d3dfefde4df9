// SPDX-License-Identifier: GPL-2.0
/* Page lists: the pages in which the buffers of a QPL queue are. */
#include <stdlib.h>

#include "gve/gve.h"

static bool read_pages(struct gve *nic, struct gve_page_list *list, uint64_t addr)
{
	uint8_t entry[8];
	uint32_t i;

	for (i = 0; i < list->pages; i++) {
		if (!nicsim_dma_read(nic->sim, addr + i * 8ull, entry, sizeof(entry), "page list"))
			return false;
		list->page[i] = get_be64(entry);
		if (list->page[i] % GVE_PAGE_SIZE)
			nicsim_strict(nic->sim, "page list: %#jx is not a page",
				      (uintmax_t)list->page[i]);
	}
	return true;
}

static void free_pages(struct gve_page_list *list)
{
	free(list->page);
	*list = (struct gve_page_list){ .page = NULL };
}

static uint32_t registered_pages(const struct gve *nic)
{
	uint32_t sum = 0;
	unsigned int i;

	for (i = 0; i < GVE_MAX_PAGE_LISTS; i++)
		sum += nic->page_list[i].pages;
	return sum;
}

enum gve_aq_status gve_register_pages(struct gve *nic, const uint8_t *cmd)
{
	uint32_t id = get_be32(cmd), pages = get_be32(cmd + 4);
	struct gve_page_list *list;

	if (id >= GVE_MAX_PAGE_LISTS || !pages || get_be64(cmd + 16) != GVE_PAGE_SIZE) {
		nicsim_strict(nic->sim, "page list %u: %u pages of %ju bytes", id, pages,
			      (uintmax_t)get_be64(cmd + 16));
		return AQ_INVALID_ARGUMENT;
	}
	list = &nic->page_list[id];
	if (list->pages) {
		nicsim_strict(nic->sim, "page list %u registered twice", id);
		return AQ_ALREADY_EXISTS;
	}
	if (pages > GVE_MAX_REGISTERED - registered_pages(nic))
		return AQ_RESOURCE_EXHAUSTED;
	list->page = calloc(pages, sizeof(*list->page));
	if (!list->page)
		return AQ_RESOURCE_EXHAUSTED;
	list->pages = pages;
	if (read_pages(nic, list, get_be64(cmd + 8)))
		return AQ_PASSED;
	free_pages(list);
	return AQ_INTERNAL_ERROR;
}

static bool pages_in_use(const struct gve *nic, const struct gve_page_list *list)
{
	unsigned int q;

	for (q = 0; q < GVE_MAX_QUEUES; q++)
		if ((nic->rxq[q].on && nic->rxq[q].pages == list) ||
		    (nic->txq[q].on && nic->txq[q].pages == list))
			return true;
	return false;
}

enum gve_aq_status gve_unregister_pages(struct gve *nic, const uint8_t *cmd)
{
	uint32_t id = get_be32(cmd);

	if (id >= GVE_MAX_PAGE_LISTS || !nic->page_list[id].pages)
		return AQ_NOT_FOUND;
	if (pages_in_use(nic, &nic->page_list[id])) {
		nicsim_strict(nic->sim, "page list %u given up while a queue has it", id);
		return AQ_FAILED_PRECONDITION;
	}
	free_pages(&nic->page_list[id]);
	return AQ_PASSED;
}

static bool in_pages(const struct gve_page_list *pages, uint64_t addr, size_t len)
{
	uint64_t page = addr & ~(uint64_t)(GVE_PAGE_SIZE - 1);
	uint32_t i;

	if (addr - page + len > GVE_PAGE_SIZE)
		return false;
	for (i = 0; i < pages->pages; i++)
		if (pages->page[i] == page)
			return true;
	return false;
}

bool gve_translate(struct gve *nic, const struct gve_page_list *pages, uint64_t *addr, size_t len,
		   const char *what)
{
	uint64_t page = *addr / GVE_PAGE_SIZE;
	bool good;

	if (!pages)
		return true;
	if (gve_is_dqo(nic)) {
		good = in_pages(pages, *addr, len);
	} else {
		good = page < pages->pages && *addr % GVE_PAGE_SIZE + len <= GVE_PAGE_SIZE;
		if (good)
			*addr = pages->page[page] + *addr % GVE_PAGE_SIZE;
	}
	if (!good)
		nicsim_strict(nic->sim, "%s: %#jx, %zu bytes, is not in the queue's page list",
			      what, (uintmax_t)*addr, len);
	return good;
}

bool gve_find_pages(struct gve *nic, uint32_t id, const struct gve_page_list **pages)
{
	bool raw = nic->res.format == FORMAT_DQO_RDA || nic->res.format == FORMAT_GQI_RDA;

	*pages = NULL;
	if (raw && id == GVE_RAW_ADDRESSING)
		return true;
	if (!raw && id < GVE_MAX_PAGE_LISTS && nic->page_list[id].pages) {
		*pages = &nic->page_list[id];
		return true;
	}
	nicsim_strict(nic->sim, "a queue with page list %#x", id);
	return false;
}

void gve_pages_reset(struct gve *nic)
{
	unsigned int i;

	for (i = 0; i < GVE_MAX_PAGE_LISTS; i++)
		free_pages(&nic->page_list[i]);
}
