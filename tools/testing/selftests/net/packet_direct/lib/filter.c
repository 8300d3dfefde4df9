// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/filter.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib.h"

int pd_filter(int fd, const struct sock_filter *insn, __u32 count)
{
	struct sock_fprog prog = {
		.len = count,
		.filter = (struct sock_filter *)insn,
	};

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)))
		return -errno;

	return 0;
}

/* A filter that returns @ret for each frame. */
int pd_filter_ret(int fd, __u32 ret)
{
	struct sock_filter insn = BPF_STMT(BPF_RET | BPF_K, ret);

	return pd_filter(fd, &insn, 1);
}

#define AD(what)	((__u32)SKF_AD_OFF + SKF_AD_##what)
#define LOAD(size)	(BPF_LD | BPF_##size | BPF_ABS)

static __u32 see_type(__u32 len)
{
	return pd_udp ? ETH_P_IP : PD_ETHERTYPE;
}

static __u32 see_payload(__u32 len)
{
	return pd_udp ? 0x4500 : 0;
}

static __u32 see_len(__u32 len)
{
	return len;
}

static __u32 see_tag_is_there(__u32 len)
{
	return 1;
}

static __u32 see_tci(__u32 len)
{
	return 0x2009;
}

static __u32 see_tpid(__u32 len)
{
	return ETH_P_8021Q;
}

/* A filter sees the tag beside the frame, and the length is that without the tag. */
const struct pd_seen pd_seen[] = {
	{ "the type", LOAD(H), 12, see_type },
	{ "what follows", LOAD(H), 14, see_payload },
	{ "what follows the Ethernet header", LOAD(H), (__u32)SKF_NET_OFF,
	  see_payload },
	{ "the type in the Ethernet header", LOAD(H), (__u32)SKF_LL_OFF + 12,
	  see_type },
	{ "whether there is a tag", LOAD(B), AD(VLAN_TAG_PRESENT),
	  see_tag_is_there, true },
	{ "the tag", LOAD(B), AD(VLAN_TAG), see_tci, true },
	{ "the tag's type", LOAD(B), AD(VLAN_TPID), see_tpid, true },
	{ "the protocol", LOAD(W), AD(PROTOCOL), see_type },
	{ "the length", BPF_LD | BPF_W | BPF_LEN, 0, see_len },
};

const __u32 pd_seen_nr = ARRAY_SIZE(pd_seen);

/* Only frames in which the load finds the value.  @len is without the tag. */
int pd_filter_seen(int fd, const struct pd_seen *seen, __u32 len)
{
	struct sock_filter insn[] = {
		BPF_STMT(seen->code, seen->k),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seen->value(len), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	return pd_filter(fd, insn, ARRAY_SIZE(insn));
}

int pd_filter_detach(int fd)
{
	int ignored = 0;

	if (setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &ignored,
		       sizeof(ignored)))
		return -errno;

	return 0;
}

static int load_ebpf(const struct bpf_insn *insn, __u32 count)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (unsigned long)insn,
		.insn_cnt = count,
		.license = (unsigned long)"GPL",
	};
	int fd;

	fd = syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	return fd < 0 ? -errno : fd;
}

/* An eBPF program that returns @ret. */
int pd_ebpf(__u32 ret)
{
	struct bpf_insn insn[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = ret },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return load_ebpf(insn, ARRAY_SIZE(insn));
}

/* An eBPF program that returns @match if the field at @off of struct __sk_buff is @value,
 * and else @other.
 */
int pd_ebpf_field(__u32 off, __u32 value, __u32 match, __u32 other)
{
	struct bpf_insn insn[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_1,
		  .src_reg = BPF_REG_1, .off = off },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = match },
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_1,
		  .off = 1, .imm = value },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = other },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return load_ebpf(insn, ARRAY_SIZE(insn));
}
