// SPDX-License-Identifier: GPL-2.0
#include "cache.h"
#include "model.h"

#define SHIFT_2M	21
#define SHIFT_1G	30
#define LINES(kib)	((kib) << (10 - LINE_SHIFT))

#define PAGE_TAG	0x8000000000000000ull
#define PAGE_TAG_2M	0x4000000000000000ull
#define FRAME_BITS	26
#define PAGE_BITS	36

struct model {
	struct cache l1d, l2, llc, dtlb_4k, dtlb_2m, dtlb_1g, stlb, stlb_1g;
	uint32_t slices, ddio_ways;
	struct misses misses;
};

static bool tlbs_new(struct model *m, const uint32_t val[PARAMS])
{
	return cache_new(&m->dtlb_4k, val[DTLB_4K], val[DTLB_WAYS]) &&
	       cache_new(&m->dtlb_2m, val[DTLB_2M], val[DTLB_WAYS]) &&
	       cache_new(&m->dtlb_1g, val[DTLB_1G], val[DTLB_WAYS]) &&
	       cache_new(&m->stlb, val[STLB], val[STLB_WAYS]) &&
	       cache_new(&m->stlb_1g, val[STLB_1G], val[STLB_1G_WAYS]);
}

struct model *model_new(const uint32_t val[PARAMS])
{
	struct model *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->slices = val[LLC_SLICES];
	m->ddio_ways = val[DDIO_WAYS];
	if (m->ddio_ways <= val[LLC_WAYS] && tlbs_new(m, val) &&
	    cache_new(&m->l1d, LINES(val[L1D_KIB]), val[L1D_WAYS]) &&
	    cache_new(&m->l2, LINES(val[L2_KIB]), val[L2_WAYS]) &&
	    cache_new(&m->llc, LINES(val[LLC_KIB]), val[LLC_WAYS]) && m->llc.sets >= m->slices)
		return m;
	model_free(m);
	return NULL;
}

void model_free(struct model *m)
{
	cache_free(&m->l1d);
	cache_free(&m->l2);
	cache_free(&m->llc);
	cache_free(&m->dtlb_4k);
	cache_free(&m->dtlb_2m);
	cache_free(&m->dtlb_1g);
	cache_free(&m->stlb);
	cache_free(&m->stlb_1g);
	free(m);
}

void model_clear(struct model *m)
{
	cache_clear(&m->l1d);
	cache_clear(&m->l2);
	cache_clear(&m->llc);
	cache_clear(&m->dtlb_4k);
	cache_clear(&m->dtlb_2m);
	cache_clear(&m->dtlb_1g);
	cache_clear(&m->stlb);
	cache_clear(&m->stlb_1g);
}

struct misses *model_misses(struct model *m)
{
	return &m->misses;
}

/* A slice has its own sets, found by the address's low bits.  Only the slice is hashed. */
static uint32_t llc_set(const struct model *m, uint64_t line)
{
	uint32_t sets = m->llc.sets / m->slices;
	uint32_t slice = (line * 0x9e3779b97f4a7c15ull >> 32) % m->slices;

	return slice * sets + line % sets;
}

/* From the last level or from memory. */
static void fetch(struct model *m, uint64_t line)
{
	uint64_t out;

	m->misses.l2++;
	if (!cache_drop(&m->llc, llc_set(m, line), line + 1))
		m->misses.llc++;
	out = cache_put(&m->l2, line % m->l2.sets, line + 1, m->l2.ways);
	if (out)
		cache_put(&m->llc, llc_set(m, out - 1), out, m->llc.ways);
}

static void touch(struct model *m, uint64_t line)
{
	if (cache_use(&m->l1d, line % m->l1d.sets, line + 1))
		return;
	m->misses.l1d++;
	if (!cache_use(&m->l2, line % m->l2.sets, line + 1))
		fetch(m, line);
	cache_put(&m->l1d, line % m->l1d.sets, line + 1, m->l1d.ways);
}

/* Processes may have different pages at one address, so the page frame is in the tag. */
static uint64_t page_tag(const struct access *a, uint64_t page)
{
	uint64_t frame = a->paddr >> a->shift & ((1ull << FRAME_BITS) - 1);

	return PAGE_TAG | (a->shift == SHIFT_2M ? PAGE_TAG_2M : 0) | frame << PAGE_BITS | page;
}

static void translate(struct model *m, const struct access *a)
{
	uint64_t page = a->vaddr >> a->shift & ((1ull << PAGE_BITS) - 1);
	struct cache *second = a->shift == SHIFT_1G ? &m->stlb_1g : &m->stlb;
	struct cache *first = a->shift == SHIFT_1G ? &m->dtlb_1g :
			      a->shift == SHIFT_2M ? &m->dtlb_2m : &m->dtlb_4k;
	uint64_t tag = page_tag(a, page);

	if (cache_use(first, page % first->sets, tag))
		return;
	m->misses.dtlb++;
	if (!cache_use(second, page % second->sets, tag)) {
		m->misses.stlb++;
		if (a->entry)
			touch(m, a->entry >> LINE_SHIFT);
		cache_put(second, page % second->sets, tag, second->ways);
	}
	cache_put(first, page % first->sets, tag, first->ways);
}

void model_access(struct model *m, const struct access *a)
{
	translate(m, a);
	touch(m, a->paddr >> LINE_SHIFT);
}

void model_dma(struct model *m, uint64_t line)
{
	uint32_t set = llc_set(m, line);

	cache_drop(&m->l1d, line % m->l1d.sets, line + 1);
	cache_drop(&m->l2, line % m->l2.sets, line + 1);
	if (!cache_use(&m->llc, set, line + 1))
		cache_put(&m->llc, set, line + 1, m->ddio_ways);
}
