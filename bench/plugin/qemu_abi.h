/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of QEMU's plugin interface, version 7, that the plugins use: declarations of
 * what the QEMU program exports.  Debian ships no header for it.
 */
#ifndef BENCH_QEMU_ABI_H
#define BENCH_QEMU_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QEMU_ABI_VERSION	7
#define QEMU_ABI_EXPORT		__attribute__((visibility("default")))

enum { QEMU_INLINE_ADD_U64 };
enum { QEMU_CB_NO_REGS, QEMU_CB_R_REGS };
enum { QEMU_MEM_RW = 3 };

/* Of glib, which the QEMU program has loaded. */
struct qemu_bytes {
	uint8_t *data;
	unsigned int len;
};

struct qemu_array {
	char *data;
	unsigned int len;
};

struct qemu_register {
	void *handle;
	const char *name;
	const char *feature;
	bool is_readonly;
};

struct qemu_plugin_hwaddr;
struct qemu_plugin_insn;
struct qemu_plugin_scoreboard;
struct qemu_plugin_tb;

struct qemu_info {
	const char *target_name;
	struct {
		int min;
		int cur;
	} version;
	bool system_emulation;
	int smp_vcpus;
	int max_vcpus;
};

/* A counter: an offset into each vCPU's part of a scoreboard. */
struct qemu_u64 {
	struct qemu_plugin_scoreboard *score;
	size_t offset;
};

typedef void (*qemu_tb_fn)(struct qemu_plugin_tb *tb, void *arg);
typedef void (*qemu_insn_fn)(unsigned int vcpu, void *arg);
typedef void (*qemu_mem_fn)(unsigned int vcpu, uint32_t info, uint64_t vaddr, void *arg);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, qemu_tb_fn fn, void *arg);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, qemu_insn_fn fn,
					    int flags, void *arg);
void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn, int op,
							 struct qemu_u64 entry, uint64_t imm);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, qemu_mem_fn fn, int flags,
				      int rw, void *arg);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to, size_t len);

bool qemu_plugin_mem_is_store(uint32_t info);
unsigned int qemu_plugin_mem_size_shift(uint32_t info);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t info, uint64_t vaddr);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *hw);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *hw);

struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t len);
void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *score, unsigned int vcpu);
int qemu_plugin_num_vcpus(void);

void qemu_plugin_register_vcpu_init_cb(uint64_t id, qemu_insn_fn fn, void *arg);
struct qemu_array *qemu_plugin_get_registers(void);
int qemu_plugin_read_register(void *handle, struct qemu_bytes *to);
int qemu_plugin_read_memory_hwaddr(uint64_t addr, struct qemu_bytes *to, size_t len);
struct qemu_bytes *g_byte_array_new(void);
struct qemu_bytes *g_byte_array_set_size(struct qemu_bytes *bytes, unsigned int len);

#endif
