// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib.h"

#define HUGE_PAGES	"/proc/sys/vm/nr_hugepages"
#define ENOUGH		8

static size_t round_to(size_t len, size_t unit)
{
	return (len + unit - 1) & ~(unit - 1);
}

/* How much memory of the application's a ring needs. */
size_t pd_memory_len(const struct tpacket_req4 *req)
{
	__u32 slots = req->tp_slot_nr ?: req->tp_entry_nr;
	__u32 payload = req->tp_payload_nr ?: req->tp_entry_nr;
	size_t unit = sysconf(_SC_PAGE_SIZE);
	size_t len = (size_t)slots * req->tp_slot_size;

	if (req->tp_payload_size && !(req->tp_flags & TPACKET4_PAYLOAD_EXTERNAL)) {
		if (req->tp_payload_size > unit)
			unit = req->tp_payload_size;
		len = round_to(len, unit) + (size_t)payload * req->tp_payload_size;
	}

	return round_to(len, unit);
}

static int memory_fd(size_t len)
{
	int fd = memfd_create("slots", MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, len)) {
		close(fd);
		return -1;
	}

	return fd;
}

/* No page is the physical neighbour of the next one: each second one is had first. */
static void scatter(__u8 *at, size_t len)
{
	size_t page = sysconf(_SC_PAGE_SIZE), from, off;

	for (from = 0; from < 2; from++)
		for (off = from * page; off < len; off += 2 * page)
			at[off] = 0;
}

/* @len bytes at a multiple of a huge page, or NULL where there is no such memory. */
void *pd_memory_make(struct pd_memory *m, enum pd_memory_kind kind, size_t len)
{
	int flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, fd = -1;
	void *at;

	if (kind == PD_MEMORY_HUGETLB) {
		if (pd_read_number(HUGE_PAGES) < ENOUGH)
			pd_write_file(HUGE_PAGES, "8");
		flags |= MAP_HUGETLB;
	}
	if (kind == PD_MEMORY_HUGETLB || kind == PD_MEMORY_THP)
		len = round_to(len, TPACKET4_HUGE);
	m->len = len;
	m->at = tpacket4_reserve(m->len, 0);
	if (m->at == MAP_FAILED) {
		m->at = NULL;
		return NULL;
	}
	if (kind == PD_MEMORY_MEMFD) {
		fd = memory_fd(len);
		flags = MAP_FIXED | MAP_SHARED;
	}
	at = mmap(m->at, m->len, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (fd >= 0)
		close(fd);
	if (at == MAP_FAILED ||
	    (kind == PD_MEMORY_THP && madvise(m->at, m->len, MADV_HUGEPAGE))) {
		pd_memory_free(m);
		return NULL;
	}
	if (kind == PD_MEMORY_PAGES || kind == PD_MEMORY_MEMFD)
		scatter(m->at, m->len);

	return m->at;
}

void pd_memory_free(struct pd_memory *m)
{
	if (m->at)
		munmap(m->at, m->len);
	m->at = NULL;
}

static long long vmstat(const char *text, const char *name)
{
	const char *line = strstr(text, name);

	return line ? atoll(line + strlen(name)) : 0;
}

/* How many pages of this machine are pinned. */
long long pd_memory_pinned(void)
{
	static char text[16384];
	int fd, len;

	/* each CPU has counted for itself so far */
	pd_write_file("/proc/sys/vm/stat_refresh", "1");
	fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len < 0)
		return -1;
	text[len] = 0;

	return vmstat(text, "nr_foll_pin_acquired ") -
	       vmstat(text, "nr_foll_pin_released ");
}

/* Gives a ring memory of the kind that PD_MEMORY says, if any. */
int pd_memory_choose(struct pd_memory *m, struct tpacket_req4 *req)
{
	static const char * const names[] = {
		[PD_MEMORY_PAGES] = "pages", [PD_MEMORY_MEMFD] = "memfd",
		[PD_MEMORY_THP] = "thp", [PD_MEMORY_HUGETLB] = "hugetlb",
	};
	const char *name = getenv("PD_MEMORY");
	int kind;

	if (!name || req->tp_memory || (req->tp_flags & TPACKET4_SLOTS_READ_ONLY))
		return 0;
	for (kind = 0; kind < ARRAY_SIZE(names); kind++)
		if (!strcmp(name, names[kind]))
			break;
	if (kind == ARRAY_SIZE(names) ||
	    !pd_memory_make(m, kind, pd_memory_len(req)))
		return -ENXIO;
	req->tp_memory = (unsigned long)m->at;

	return 0;
}
