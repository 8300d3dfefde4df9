/* SPDX-License-Identifier: GPL-2.0 */
/* A set-associative store of tags.  A tag is never 0.  What has fewer entries than ways is
 * fully associative.
 */
#ifndef BENCH_CACHE_H
#define BENCH_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct cache {
	uint32_t sets, ways, clock;
	uint64_t *tag;
	uint32_t *used;		/* when; 0: empty */
};

static inline bool cache_new(struct cache *c, uint32_t entries, uint32_t ways)
{
	if (ways > entries)
		ways = entries;
	*c = (struct cache){ .sets = entries / ways, .ways = ways };
	c->tag = calloc((size_t)c->sets * ways, sizeof(*c->tag));
	c->used = calloc((size_t)c->sets * ways, sizeof(*c->used));
	return c->sets && c->tag && c->used;
}

static inline void cache_free(struct cache *c)
{
	free(c->tag);
	free(c->used);
}

static inline void cache_clear(struct cache *c)
{
	memset(c->tag, 0, (size_t)c->sets * c->ways * sizeof(*c->tag));
	memset(c->used, 0, (size_t)c->sets * c->ways * sizeof(*c->used));
	c->clock = 0;
}

static inline bool cache_find(const struct cache *c, uint32_t set, uint64_t tag, size_t *at)
{
	size_t i = (size_t)set * c->ways, end = i + c->ways;

	for (; i < end; i++) {
		if (c->tag[i] == tag) {
			*at = i;
			return true;
		}
	}
	return false;
}

/* Is it there?  If so, it was used now. */
static inline bool cache_use(struct cache *c, uint32_t set, uint64_t tag)
{
	size_t at;

	if (!cache_find(c, set, tag, &at))
		return false;
	c->used[at] = ++c->clock;
	return true;
}

static inline bool cache_drop(struct cache *c, uint32_t set, uint64_t tag)
{
	size_t at;

	if (!cache_find(c, set, tag, &at))
		return false;
	c->tag[at] = 0;
	c->used[at] = 0;
	return true;
}

/* Into one of the first @ways of the set.  Returns the tag that had to leave, or 0. */
static inline uint64_t cache_put(struct cache *c, uint32_t set, uint64_t tag, uint32_t ways)
{
	size_t first = (size_t)set * c->ways, at = first, i;
	uint64_t out;

	for (i = first + 1; i < first + ways; i++)
		if (c->used[i] < c->used[at])
			at = i;
	out = c->tag[at];
	c->tag[at] = tag;
	c->used[at] = ++c->clock;
	return out;
}

#endif
