/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The vfio-user messages that a server gets, as they are on the socket: a
 * header, then the body.  Flags and indices are those of <linux/vfio.h>.
 */
#ifndef NICSIM_BUS_MESSAGES_H
#define NICSIM_BUS_MESSAGES_H

#include <assert.h>
#include <linux/vfio.h>
#include <stdint.h>

enum {
	VU_VERSION = 1,
	VU_DMA_MAP = 2,
	VU_DMA_UNMAP = 3,
	VU_GET_INFO = 4,
	VU_GET_REGION_INFO = 5,
	VU_GET_IRQ_INFO = 7,
	VU_SET_IRQS = 8,
	VU_REGION_READ = 9,
	VU_REGION_WRITE = 10,
	VU_RESET = 13,
	VU_REGION_WRITE_MULTI = 15,
	VU_COMMANDS
};

#define VU_TYPE_MASK	0xfu
#define VU_COMMAND	0x0u
#define VU_REPLY	0x1u
#define VU_NO_REPLY	0x10u
#define VU_ERROR	0x20u

struct vu_hdr {
	uint16_t id;
	uint16_t command;
	uint32_t size;		/* of header and body */
	uint32_t flags;
	uint32_t error;
};

struct vu_version {
	uint16_t major;
	uint16_t minor;
	char data[];		/* JSON, NUL-terminated */
};

struct vu_dma_map {
	uint32_t argsz;
	uint32_t flags;
	uint64_t offset;
	uint64_t iova;
	uint64_t size;
};

struct vu_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uint64_t iova;
	uint64_t size;
};

struct vu_device_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t num_regions;
	uint32_t num_irqs;
};

struct vu_region_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t cap_offset;
	uint64_t size;
	uint64_t offset;
};

struct vu_irq_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t count;
};

struct vu_irq_set {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t start;
	uint32_t count;
};

struct vu_region_rw {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
	uint8_t data[];
};

struct vu_write_one {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
	uint8_t data[8];
};

struct vu_write_multi {
	uint64_t count;
	struct vu_write_one write[];
};

static_assert(sizeof(struct vu_hdr) == 16, "header");
static_assert(sizeof(struct vu_version) == 4, "version");
static_assert(sizeof(struct vu_dma_map) == 32, "DMA map");
static_assert(sizeof(struct vu_dma_unmap) == 24, "DMA unmap");
static_assert(sizeof(struct vu_device_info) == 16, "device info");
static_assert(sizeof(struct vu_region_info) == 32, "region info");
static_assert(sizeof(struct vu_irq_info) == 16, "irq info");
static_assert(sizeof(struct vu_irq_set) == 20, "irq set");
static_assert(sizeof(struct vu_region_rw) == 16, "region access");
static_assert(sizeof(struct vu_write_one) == 24, "one of several writes");

#endif
