// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "pages.h"
#include "qemu_abi.h"

#define SMALL		12
#define LEVEL_BITS	9
#define ENTRIES		512
#define PRESENT		0x001
#define LARGE		0x080
#define FRAME		0x000ffffffffff000ull
#define CR4_LA57	0x1000
#define KNOWN		0x10000

static void *cr3, *cr4;
static struct qemu_bytes *bytes;

static struct {
	uint64_t vpage, ppage;
	struct page page;
} known[KNOWN];

bool pages_init(void)
{
	struct qemu_array *all = qemu_plugin_get_registers();
	struct qemu_register *reg = (struct qemu_register *)all->data;
	unsigned int i;

	bytes = g_byte_array_new();
	for (i = 0; i < all->len; i++) {
		if (!strcmp(reg[i].name, "cr3"))
			cr3 = reg[i].handle;
		else if (!strcmp(reg[i].name, "cr4"))
			cr4 = reg[i].handle;
	}
	return cr3 && cr4;
}

void pages_forget(void)
{
	memset(known, 0, sizeof(known));
}

static uint64_t value(void)
{
	uint64_t val = 0;

	memcpy(&val, bytes->data, bytes->len < sizeof(val) ? bytes->len : sizeof(val));
	return val;
}

static uint64_t read_register(void *handle)
{
	g_byte_array_set_size(bytes, 0);
	qemu_plugin_read_register(handle, bytes);
	return value();
}

static uint64_t read_entry(uint64_t addr)
{
	g_byte_array_set_size(bytes, 0);
	qemu_plugin_read_memory_hwaddr(addr, bytes, sizeof(uint64_t));
	return value();
}

static struct page walk(uint64_t vaddr, uint64_t paddr)
{
	const struct page none = { .shift = SMALL };
	int levels = read_register(cr4) & CR4_LA57 ? 5 : 4;
	uint64_t addr, val, table = read_register(cr3) & FRAME;
	unsigned int shift;

	for (shift = SMALL + (levels - 1) * LEVEL_BITS; ; shift -= LEVEL_BITS) {
		addr = table + (vaddr >> shift & (ENTRIES - 1)) * sizeof(uint64_t);
		val = read_entry(addr);
		if (!(val & PRESENT))
			return none;
		if (shift == SMALL || val & LARGE)
			break;
		table = val & FRAME;
	}
	if ((val & FRAME) >> shift != paddr >> shift)
		return none;
	return (struct page){ .shift = shift, .entry = addr };
}

struct page page_of(uint64_t vaddr, uint64_t paddr)
{
	uint64_t vpage = vaddr >> SMALL, ppage = paddr >> SMALL;
	uint32_t i = ((vpage ^ ppage << 20) * 0x9e3779b97f4a7c15ull >> 32) % KNOWN;

	if (known[i].vpage != vpage || known[i].ppage != ppage || !known[i].page.shift) {
		known[i].vpage = vpage;
		known[i].ppage = ppage;
		known[i].page = walk(vaddr, paddr);
	}
	return known[i].page;
}
