// SPDX-License-Identifier: GPL-2.0
/*
 * A QEMU plugin.  It gives each load and store of the guest, and each line that the NIC
 * model writes (--dma-log), to the cache and TLB model, from MARK_WARM on, and counts the
 * misses between MARK_START and MARK_STOP.  The guest has one CPU.
 *
 *	cpu=PATH	parameters, a file of ../cpu
 *	dma=PATH	what nicsim writes
 *	out=PATH	gets the results
 *
 * So that it shows how much each parameter matters, there is one model more for half of
 * each of them, and one for its double.  Each window appends to the file:
 *
 *	window ACCESSES DMA_LINES UNKNOWN_PAGES
 *	model NAME VALUE L1D L2 LLC DTLB STLB	NAME has VALUE; NAME is "cpu": none differs
 *	at ADDRESS L1D L2 LLC DTLB STLB		likewise, for each instruction, in hex
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../nicsim/bus/dma_log.h"
#include "insn.h"
#include "model.h"
#include "pages.h"

#define MODELS		(1 + 2 * PARAMS)
#define SITES		0x200000u

QEMU_ABI_EXPORT int qemu_plugin_version = QEMU_ABI_VERSION;

struct variant {
	const char *name;
	uint32_t val;
	struct model *model;
};

/* An instruction, once for each time that it was translated. */
struct site {
	uint64_t addr;
	struct misses misses;
};

static struct variant variant[MODELS];
static struct site site[SITES];
static uint32_t sites;
static uint64_t accesses, dma_lines, unknown;
static bool running;
static FILE *out;

static const struct dma_log *dma;
static uint64_t dma_seen;

/* An access to the line and page of the one before misses nothing. */
static uint64_t last_vline = UINT64_MAX, last_line = UINT64_MAX;

static void die(const char *why)
{
	fprintf(stderr, "misses: %s\n", why);
	abort();
}

static void take_dma_write(uint64_t addr, uint64_t len)
{
	uint64_t line;
	int i;

	for (line = addr >> LINE_SHIFT; line << LINE_SHIFT < addr + len; line++) {
		for (i = 0; i < MODELS; i++)
			model_dma(variant[i].model, line);
		dma_lines++;
	}
	last_line = UINT64_MAX;
}

static void take_dma(void)
{
	uint64_t count = __atomic_load_n(&dma->count, __ATOMIC_ACQUIRE);

	if (count - dma_seen > DMA_LOG_WRITES)
		die("the log of DMA has overflowed");
	for (; dma_seen != count; dma_seen++)
		take_dma_write(dma->write[dma_seen % DMA_LOG_WRITES].addr,
			       dma->write[dma_seen % DMA_LOG_WRITES].len);
}

static void add(struct misses *sum, const struct misses *before, const struct misses *now)
{
	sum->l1d += now->l1d - before->l1d;
	sum->l2 += now->l2 - before->l2;
	sum->llc += now->llc - before->llc;
	sum->dtlb += now->dtlb - before->dtlb;
	sum->stlb += now->stlb - before->stlb;
}

static void touch(struct site *at, uint64_t vaddr, uint64_t paddr)
{
	struct page page = page_of(vaddr, paddr);
	struct access a = {
		.vaddr = vaddr, .paddr = paddr, .entry = page.entry, .shift = page.shift,
	};
	struct misses before = *model_misses(variant[0].model);
	int i;

	unknown += !page.entry;
	for (i = 0; i < MODELS; i++)
		model_access(variant[i].model, &a);
	add(&at->misses, &before, model_misses(variant[0].model));
}

static void access_memory(unsigned int vcpu, uint32_t info, uint64_t vaddr, void *at)
{
	uint64_t end = vaddr + (1u << qemu_plugin_mem_size_shift(info)) - 1, paddr;
	struct qemu_plugin_hwaddr *hw;

	(void)vcpu;
	if (!running)
		return;
	take_dma();
	hw = qemu_plugin_get_hwaddr(info, vaddr);
	if (!hw || qemu_plugin_hwaddr_is_io(hw))
		return;
	accesses++;
	paddr = qemu_plugin_hwaddr_phys_addr(hw);
	if (vaddr >> LINE_SHIFT != last_vline || paddr >> LINE_SHIFT != last_line)
		touch(at, vaddr, paddr);
	/* Where another page begins, its physical address is not told. */
	if (end >> LINE_SHIFT != vaddr >> LINE_SHIFT && end >> 12 == vaddr >> 12) {
		paddr += end - vaddr;
		vaddr = end;
		touch(at, vaddr, paddr);
	}
	last_vline = vaddr >> LINE_SHIFT;
	last_line = paddr >> LINE_SHIFT;
}

static void warm(void)
{
	int i;

	for (i = 0; i < MODELS; i++)
		model_clear(variant[i].model);
	pages_forget();
	last_line = UINT64_MAX;
	dma_seen = __atomic_load_n(&dma->count, __ATOMIC_ACQUIRE);
	running = true;
}

static void start(void)
{
	uint32_t i;

	if (!running)
		warm();
	take_dma();
	for (i = 0; i < MODELS; i++)
		*model_misses(variant[i].model) = (struct misses){ 0 };
	for (i = 0; i < sites; i++)
		site[i].misses = (struct misses){ 0 };
	accesses = 0;
	dma_lines = 0;
	unknown = 0;
}

static void print(const struct misses *m)
{
	fprintf(out, " %ju %ju %ju %ju %ju\n", m->l1d, m->l2, m->llc, m->dtlb, m->stlb);
}

static void stop(void)
{
	uint32_t i;

	running = false;
	fprintf(out, "window %ju %ju %ju\n", accesses, dma_lines, unknown);
	for (i = 0; i < MODELS; i++) {
		fprintf(out, "model %s %u", variant[i].name, variant[i].val);
		print(model_misses(variant[i].model));
	}
	for (i = 0; i < sites; i++) {
		if (!site[i].misses.l1d && !site[i].misses.dtlb)
			continue;
		fprintf(out, "at %jx", site[i].addr);
		print(&site[i].misses);
	}
	fflush(out);
}

static void marked(unsigned int vcpu, void *what)
{
	(void)vcpu;
	switch ((uintptr_t)what) {
	case MARK_WARM:
		warm();
		break;
	case MARK_START:
		start();
		break;
	case MARK_STOP:
		stop();
		break;
	}
}

static void translate(struct qemu_plugin_tb *tb, void *arg)
{
	struct qemu_plugin_insn *insn;
	size_t i;

	(void)arg;
	for (i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		if (sites == SITES)
			die("more instructions than expected");
		site[sites].addr = qemu_plugin_insn_vaddr(insn);
		watch_mark(insn, marked);
		qemu_plugin_register_vcpu_mem_cb(insn, access_memory, QEMU_CB_R_REGS,
						 QEMU_MEM_RW, &site[sites++]);
	}
}

static void vcpu_init(unsigned int vcpu, void *arg)
{
	(void)arg;
	if (vcpu)
		die("the guest has more than one CPU");
	if (!pages_init())
		die("QEMU has no registers cr3 and cr4");
}

static bool make_models(const char *path)
{
	uint32_t val[PARAMS], other[PARAMS];
	int i, n = 1;

	if (!params_read(path, val))
		return false;
	variant[0] = (struct variant){ "cpu", 0, model_new(val) };
	for (i = 0; i < PARAMS; i++) {
		memcpy(other, val, sizeof(val));
		other[i] = val[i] / 2;
		variant[n++] = (struct variant){ param_name[i], other[i], model_new(other) };
		other[i] = val[i] * 2;
		variant[n++] = (struct variant){ param_name[i], other[i], model_new(other) };
	}
	for (i = 0; i < MODELS; i++)
		if (!variant[i].model)
			return false;
	return true;
}

static bool open_dma(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	dma = mmap(NULL, sizeof(*dma), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	return dma != MAP_FAILED;
}

QEMU_ABI_EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc,
					char **argv);

int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
	bool models = false, log = false;
	int i;

	if (!fits_qemu(info, "misses"))
		return -1;
	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
		else if (!strncmp(argv[i], "cpu=", 4))
			models = make_models(argv[i] + 4);
		else if (!strncmp(argv[i], "dma=", 4))
			log = open_dma(argv[i] + 4);
	}
	if (!out || !models || !log) {
		fprintf(stderr, "misses: give out=, cpu= and dma=, all of them files\n");
		return -1;
	}
	qemu_plugin_register_vcpu_init_cb(id, vcpu_init, NULL);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate, NULL);
	return 0;
}
