// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/udmabuf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "packet4_dmabuf.h"

#define HUGE_PAGE	(2UL << 20)
#define LIMIT		"/sys/module/udmabuf/parameters/size_limit_mb"

static int make_memfd(size_t len, unsigned int flags)
{
	int fd = memfd_create("payload", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);

	if (fd >= 0 && (ftruncate(fd, len) || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* mmap() reserves huge pages, so mmap() fails if there are too few. */
static int map_pages(struct memory *m, size_t len, size_t page, unsigned int flags)
{
	int fd;

	m->page = page;
	m->len = (len + page - 1) / page * page;
	fd = make_memfd(m->len, flags);
	if (fd < 0)
		return -1;
	m->map = mmap(NULL, m->len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (m->map != MAP_FAILED)
		return fd;
	close(fd);
	return -1;
}

static int make_udmabuf(int memfd, size_t len)
{
	struct udmabuf_create create = {
		.memfd = memfd,
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.size = len,
	};
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int fd;

	if (device < 0)
		give_up("/dev/udmabuf: %s: a kernel with CONFIG_UDMABUF is needed",
			strerror(errno));
	fd = ioctl(device, UDMABUF_CREATE, &create);
	if (fd < 0)
		give_up("udmabuf of %zu bytes: %s: ask for fewer --slots, or raise " LIMIT,
			len, strerror(errno));
	close(device);
	return fd;
}

void memory_create(struct memory *m, size_t len)
{
	int memfd = map_pages(m, len, HUGE_PAGE, MFD_HUGETLB | MFD_HUGE_2MB);

	if (memfd < 0) {
		fprintf(stderr, "packet4_dmabuf: no %zu huge pages (vm.nr_hugepages): %s\n",
			(len + HUGE_PAGE - 1) / HUGE_PAGE, strerror(errno));
		memfd = map_pages(m, len, sysconf(_SC_PAGESIZE), 0);
	}
	if (memfd < 0)
		give_up("%zu bytes of memory: %s: ask for fewer --slots", len,
			strerror(errno));
	m->dmabuf = make_udmabuf(memfd, m->len);
	close(memfd);
}
