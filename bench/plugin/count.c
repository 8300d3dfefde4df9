// SPDX-License-Identifier: GPL-2.0
/*
 * A QEMU plugin.  It counts the executed instructions by address between two marks
 * (../rx/mark.h).  With lines=on it also counts the touched cache lines and the
 * accesses to device registers.
 *
 * Each window appends to the file out=PATH:
 *
 *	window KERNEL USER SYSCALLS LINES MMIO_READS MMIO_WRITES BATCHES
 *	ADDRESS COUNT			for each instruction executed, in hex
 *
 * LINES counts a physical cache line once for each batch in which it was touched.
 * The instructions are those of all vCPUs, or with one=on those of the vCPU that
 * executes the marks.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "insn.h"

#define SLOTS		0x100000u
#define BUCKETS		(4 * SLOTS)
#define LINE_SHIFT	6
#define LINES		0x400000u

QEMU_ABI_EXPORT int qemu_plugin_version = QEMU_ABI_VERSION;

struct line {
	uint64_t line;
	uint64_t batch;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct qemu_plugin_scoreboard *score;
static uint32_t bucket[BUCKETS];	/* slot + 1 */
static uint64_t address[SLOTS], before[SLOTS];
static bool enters_kernel[SLOTS];
static uint32_t slots;
static FILE *out;
static bool counting, count_lines, count_one;
static unsigned int one;

static struct line line[LINES];
static uint64_t batch = 1, first_batch;
static uint64_t lines, lines_known, mmio_reads, mmio_writes;

static void die(const char *why)
{
	fprintf(stderr, "count: %s\n", why);
	abort();
}

static uint32_t hash(uint64_t val)
{
	return val * 0x9e3779b97f4a7c15ull >> 32;
}

static uint32_t find_slot(uint64_t addr)
{
	uint32_t i = hash(addr) % BUCKETS;

	for (; bucket[i]; i = (i + 1) % BUCKETS)
		if (address[bucket[i] - 1] == addr)
			return bucket[i] - 1;
	if (slots == SLOTS)
		die("more instructions than slots");
	address[slots] = addr;
	bucket[i] = ++slots;
	return slots - 1;
}

static uint64_t total(uint32_t slot)
{
	uint64_t sum = 0;
	int i;

	if (count_one)
		return ((uint64_t *)qemu_plugin_scoreboard_find(score, one))[slot];
	for (i = 0; i < qemu_plugin_num_vcpus(); i++)
		sum += ((uint64_t *)qemu_plugin_scoreboard_find(score, i))[slot];
	return sum;
}

static void start(unsigned int vcpu)
{
	uint32_t i;

	one = vcpu;
	for (i = 0; i < slots; i++)
		before[i] = total(i);
	memset(before + slots, 0, (SLOTS - slots) * sizeof(before[0]));
	memset(line, 0, sizeof(line));
	lines_known = 0;
	lines = 0;
	mmio_reads = 0;
	mmio_writes = 0;
	first_batch = ++batch;
	counting = true;
}

static void stop(void)
{
	uint64_t sum[2] = { 0, 0 }, syscalls = 0;
	uint32_t i;

	counting = false;
	for (i = 0; i < slots; i++) {
		sum[address[i] >> 63] += total(i) - before[i];
		if (enters_kernel[i])
			syscalls += total(i) - before[i];
	}
	fprintf(out, "window %ju %ju %ju %ju %ju %ju %ju\n", sum[1], sum[0], syscalls, lines,
		mmio_reads, mmio_writes, batch - first_batch);
	for (i = 0; i < slots; i++)
		if (total(i) != before[i])
			fprintf(out, "%jx %jx\n", address[i], total(i) - before[i]);
	fflush(out);
}

static void marked(unsigned int vcpu, void *what)
{
	pthread_mutex_lock(&lock);
	switch ((uintptr_t)what) {
	case MARK_START:
		start(vcpu);
		break;
	case MARK_STOP:
		stop();
		break;
	case MARK_BATCH:
		batch++;
		break;
	}
	pthread_mutex_unlock(&lock);
}

static void touch(uint64_t addr)
{
	uint32_t i = hash(addr) % LINES;

	for (; line[i].batch && line[i].line != addr; i = (i + 1) % LINES)
		;
	if (!line[i].batch && ++lines_known > LINES / 2)
		die("more cache lines than expected in one window");
	if (line[i].batch != batch)
		lines++;
	line[i].line = addr;
	line[i].batch = batch;
}

static void access_memory(unsigned int vcpu, uint32_t info, uint64_t vaddr, void *arg)
{
	struct qemu_plugin_hwaddr *hw;

	(void)vcpu;
	(void)arg;
	if (!counting)
		return;
	hw = qemu_plugin_get_hwaddr(info, vaddr);
	if (!hw)
		return;
	if (!qemu_plugin_hwaddr_is_io(hw))
		touch(qemu_plugin_hwaddr_phys_addr(hw) >> LINE_SHIFT);
	else if (qemu_plugin_mem_is_store(info))
		mmio_writes++;
	else
		mmio_reads++;
}

static bool is_syscall(const struct qemu_plugin_insn *insn)
{
	static const uint8_t code[] = { 0x0f, 0x05 };
	uint8_t bytes[sizeof(code)];

	return qemu_plugin_insn_size(insn) == sizeof(code) &&
	       qemu_plugin_insn_data(insn, bytes, sizeof(bytes)) == sizeof(bytes) &&
	       !memcmp(bytes, code, sizeof(code));
}

static void translate(struct qemu_plugin_tb *tb, void *arg)
{
	struct qemu_u64 count = { .score = score };
	struct qemu_plugin_insn *insn;
	uint32_t slot;
	size_t i;

	(void)arg;
	pthread_mutex_lock(&lock);
	for (i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		slot = find_slot(qemu_plugin_insn_vaddr(insn));
		enters_kernel[slot] = is_syscall(insn);
		count.offset = slot * sizeof(uint64_t);
		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_INLINE_ADD_U64,
								    count, 1);
		watch_mark(insn, marked);
		if (count_lines)
			qemu_plugin_register_vcpu_mem_cb(insn, access_memory, QEMU_CB_NO_REGS,
							 QEMU_MEM_RW, NULL);
	}
	pthread_mutex_unlock(&lock);
}

QEMU_ABI_EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc,
					char **argv);

int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
	int i;

	if (!fits_qemu(info, "count"))
		return -1;
	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
		else if (!strcmp(argv[i], "lines=on"))
			count_lines = true;
		else if (!strcmp(argv[i], "one=on"))
			count_one = true;
	}
	if (!out) {
		fprintf(stderr, "count: give out=PATH, a file that can be written\n");
		return -1;
	}
	score = qemu_plugin_scoreboard_new(SLOTS * sizeof(uint64_t));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate, NULL);
	return 0;
}
