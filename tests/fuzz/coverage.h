/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which instructions of the kernel this task has executed, by kcov. Without kcov
 * nothing is known, and so nothing is ever new.
 */
#ifndef FUZZ_COVERAGE_H
#define FUZZ_COVERAGE_H

#include <fcntl.h>
#include <linux/kcov.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define COVERAGE_WORDS	0x40000UL
#define COVERAGE_SEEN	0x10000UL	/* more than the instrumented code has */

/**
 * struct coverage - what was executed
 * @pcs:	since coverage_begin(): how many, and which; NULL without kcov
 * @seen:	by any program so far, a hash table
 * @count:	how many are in @seen
 */
struct coverage {
	__u64	*pcs;
	__u64	seen[COVERAGE_SEEN];
	unsigned int	count;
};

static inline void coverage_open(struct coverage *c)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR);
	void *map;

	if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, COVERAGE_WORDS))
		return;
	map = mmap(NULL, COVERAGE_WORDS * sizeof(__u64),
		   PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED && !ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
		c->pcs = map;
}

static inline void coverage_begin(struct coverage *c)
{
	if (c->pcs)
		__atomic_store_n(c->pcs, 0, __ATOMIC_RELAXED);
}

/* The place of @pc in the table, or the free place for it. */
static inline __u64 *coverage_place(struct coverage *c, __u64 pc)
{
	__u64 i = pc * 0x9e3779b97f4a7c15ULL >> 48;

	while (c->seen[i % COVERAGE_SEEN] && c->seen[i % COVERAGE_SEEN] != pc)
		i++;

	return &c->seen[i % COVERAGE_SEEN];
}

/* How many since coverage_begin() are new. If @remember is set, they are not new
 * next time.
 */
static inline unsigned int coverage_new(struct coverage *c, bool remember)
{
	__u64 *place, n, i;
	unsigned int found = 0;

	if (!c->pcs)
		return 0;
	n = __atomic_load_n(c->pcs, __ATOMIC_RELAXED);
	for (i = 1; i <= n; i++) {
		place = coverage_place(c, c->pcs[i]);
		if (*place)
			continue;
		found++;
		if (remember && c->count < COVERAGE_SEEN / 2) {
			*place = c->pcs[i];
			c->count++;
		}
	}

	return found;
}

#endif /* FUZZ_COVERAGE_H */
