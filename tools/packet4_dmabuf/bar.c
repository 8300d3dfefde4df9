// SPDX-License-Identifier: GPL-2.0
/*
 * A BAR of a PCI device as the memory for payload.  vfio-pci exports it as a dma-buf,
 * and the network adapter writes there, past the main memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "packet4_dmabuf.h"

#define NAME_MAX_LEN	64
#define BAR_NR		6

#ifndef VFIO_DEVICE_FEATURE_DMA_BUF	/* since Linux 6.19 */
#define VFIO_DEVICE_FEATURE_DMA_BUF	11

struct vfio_region_dma_range {
	__u64	offset;
	__u64	length;
};

struct vfio_device_feature_dma_buf {
	__u32	region_index;
	__u32	open_flags;
	__u32	flags;
	__u32	nr_ranges;
	struct vfio_region_dma_range dma_ranges[];
};
#endif

/**
 * struct bar - which one
 * @address:	of the device
 * @number:	of the BAR
 * @device:	vfio's file of the device; open as long as the program runs
 */
struct bar {
	char		address[NAME_MAX_LEN];
	unsigned int	number;
	int		device;
};

static void parse_bar(struct bar *bar, const char *name)
{
	const char *slash = strrchr(name, '/');

	if (!slash || slash == name || slash - name >= NAME_MAX_LEN || slash[1] < '0' ||
	    slash[1] >= '0' + BAR_NR || slash[2])
		give_up("--bar=%s: a PCI address and the number of a BAR, such as 0000:01:00.0/2",
			name);
	memcpy(bar->address, name, slash - name);
	bar->number = slash[1] - '0';
}

/* Where there is no IOMMU, the group has another name.  Sets which kind it is. */
static int open_group(const struct bar *bar, unsigned long *kind)
{
	char path[NAME_MAX_LEN * 2], group[256] = "", *number;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", bar->address);
	if (readlink(path, group, sizeof(group) - 1) < 0)
		give_up("%s: %s: %s has no IOMMU group: bind it to vfio-pci", path,
			strerror(errno), bar->address);
	number = strrchr(group, '/');
	number = number ? number + 1 : group;
	*kind = VFIO_TYPE1_IOMMU;
	snprintf(path, sizeof(path), "/dev/vfio/%.32s", number);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		*kind = VFIO_NOIOMMU_IOMMU;
		snprintf(path, sizeof(path), "/dev/vfio/noiommu-%.32s", number);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (fd < 0)
		give_up("%s: %s: bind %s to vfio-pci, and nobody else may use it", path,
			strerror(errno), bar->address);
	return fd;
}

static void open_device(struct bar *bar)
{
	int container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	unsigned long kind;
	int group;

	if (container < 0)
		give_up("/dev/vfio/vfio: %s: a kernel with CONFIG_VFIO is needed",
			strerror(errno));
	group = open_group(bar, &kind);
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, kind))
		give_up("the IOMMU group of %s: %s: bind all of its devices to vfio-pci",
			bar->address, strerror(errno));
	bar->device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bar->address);
	if (bar->device < 0)
		give_up("vfio-pci of %s: %s", bar->address, strerror(errno));
}

/* This program only reads. */
static void map_bar(const struct bar *bar, struct memory *m, size_t len)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = bar->number,
	};

	if (ioctl(bar->device, VFIO_DEVICE_GET_REGION_INFO, &info))
		give_up("BAR %u of %s: %s", bar->number, bar->address, strerror(errno));
	if (info.size < len)
		give_up("BAR %u of %s has %llu bytes: %zu are needed: ask for fewer --slots",
			bar->number, bar->address, (unsigned long long)info.size, len);
	m->len = len;
	m->page = len;
	m->map = mmap(NULL, len, PROT_READ, MAP_SHARED, bar->device, info.offset);
	if (m->map == MAP_FAILED)
		give_up("mapping BAR %u of %s: %s", bar->number, bar->address, strerror(errno));
}

static void export_bar(const struct bar *bar, struct memory *m)
{
	struct vfio_device_feature_dma_buf *buf;
	struct vfio_device_feature *feature;
	size_t size = sizeof(*feature) + sizeof(*buf) + sizeof(buf->dma_ranges[0]);

	feature = calloc(1, size);
	if (!feature)
		give_up("out of memory");
	feature->argsz = size;
	feature->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
	buf = (void *)feature->data;
	buf->region_index = bar->number;
	buf->open_flags = O_CLOEXEC | O_RDWR;
	buf->nr_ranges = 1;
	buf->dma_ranges[0].length = m->len;
	m->dmabuf = ioctl(bar->device, VFIO_DEVICE_FEATURE, feature);
	if (m->dmabuf < 0)
		give_up("BAR %u of %s as a dma-buf: %s: is CONFIG_VFIO_PCI_DMABUF on?",
			bar->number, bar->address, strerror(errno));
	free(feature);
}

void bar_open(struct memory *m, const char *name, size_t len)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct bar bar = { .device = -1 };

	parse_bar(&bar, name);
	open_device(&bar);
	map_bar(&bar, m, (len + page - 1) / page * page);
	export_bar(&bar, m);
	m->is_bar = true;
}
