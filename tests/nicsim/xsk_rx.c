// SPDX-License-Identifier: GPL-2.0
/*
 * xsk_rx IFNAME QUEUE COUNT [CHUNK]: receive COUNT frames of the NIC model's
 * generator by AF_XDP in zero-copy mode, without any library, and check each.
 * CHUNK is the size of a frame's memory, 2048 or 4096.
 *
 * Prints "ready" when frames may be sent.  Ends with status 0 when all came,
 * whole and in order; "zerocopy" is what the kernel says of the socket.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../nicsim/wire/gen.h"

#ifndef AF_XDP
#define AF_XDP		44
#endif
#ifndef SOL_XDP
#define SOL_XDP		283
#endif
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define XDP_DRV_MODE	0x4u		/* XDP_FLAGS_DRV_MODE */
#define CHUNKS		2048u
#define RING		1024u
#define QUIET_MS	15000

struct ring {
	uint32_t *producer, *consumer, *flags;
	void *desc;
};

struct xsk {
	int fd, ifindex;
	unsigned int queue, chunk;
	uint8_t *umem;
	struct ring fill, rx;
	uint64_t frames, bytes;
};

static void die(const char *what)
{
	fprintf(stderr, "xsk_rx: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int bpf(int cmd, union bpf_attr *attr)
{
	return syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

static int make_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_XSKMAP,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 64,
	};
	int fd = bpf(BPF_MAP_CREATE, &attr);

	if (fd < 0)
		die("BPF_MAP_CREATE");
	return fd;
}

/* return bpf_redirect_map(&map, ctx->rx_queue_index, XDP_PASS); */
static int load_program(int map)
{
	struct bpf_insn prog[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 2, .src_reg = 1,
		  .off = offsetof(struct xdp_md, rx_queue_index) },
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map },
		{},
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uintptr_t)prog,
		.insn_cnt = ARRAY_SIZE(prog),
		.license = (uintptr_t)"GPL",
		.expected_attach_type = BPF_XDP,
	};
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		die("BPF_PROG_LOAD");
	return fd;
}

/* The program goes away with the link's descriptor. */
static void attach_program(struct xsk *xsk, int prog)
{
	union bpf_attr attr = {
		.link_create = {
			.prog_fd = prog,
			.target_ifindex = xsk->ifindex,
			.attach_type = BPF_XDP,
			.flags = XDP_DRV_MODE,
		},
	};

	if (bpf(BPF_LINK_CREATE, &attr) < 0)
		die("BPF_LINK_CREATE in driver mode");
}

static void map_socket(struct xsk *xsk, int map)
{
	union bpf_attr attr = {
		.map_fd = map,
		.key = (uintptr_t)&xsk->queue,
		.value = (uintptr_t)&xsk->fd,
	};

	if (bpf(BPF_MAP_UPDATE_ELEM, &attr))
		die("BPF_MAP_UPDATE_ELEM");
}

static void set_option(struct xsk *xsk, int option, const void *val, socklen_t len,
		       const char *what)
{
	if (setsockopt(xsk->fd, SOL_XDP, option, val, len))
		die(what);
}

static void make_umem(struct xsk *xsk)
{
	struct xdp_umem_reg reg = {
		.len = (uint64_t)xsk->chunk * CHUNKS,
		.chunk_size = xsk->chunk,
	};
	int entries = RING;

	xsk->umem = mmap(NULL, reg.len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (xsk->umem == MAP_FAILED)
		die("mmap of the frames");
	reg.addr = (uintptr_t)xsk->umem;
	set_option(xsk, XDP_UMEM_REG, &reg, sizeof(reg), "XDP_UMEM_REG");
	set_option(xsk, XDP_UMEM_FILL_RING, &entries, sizeof(entries), "XDP_UMEM_FILL_RING");
	set_option(xsk, XDP_UMEM_COMPLETION_RING, &entries, sizeof(entries),
		   "XDP_UMEM_COMPLETION_RING");
	set_option(xsk, XDP_RX_RING, &entries, sizeof(entries), "XDP_RX_RING");
}

static void map_ring(struct xsk *xsk, struct ring *ring, const struct xdp_ring_offset *off,
		     size_t entry, off_t pgoff)
{
	uint8_t *mem = mmap(NULL, off->desc + RING * entry, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_POPULATE, xsk->fd, pgoff);

	if (mem == MAP_FAILED)
		die("mmap of a ring");
	ring->producer = (void *)(mem + off->producer);
	ring->consumer = (void *)(mem + off->consumer);
	ring->flags = (void *)(mem + off->flags);
	ring->desc = mem + off->desc;
}

static void map_rings(struct xsk *xsk)
{
	struct xdp_mmap_offsets off;
	socklen_t len = sizeof(off);

	if (getsockopt(xsk->fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &len))
		die("XDP_MMAP_OFFSETS");
	map_ring(xsk, &xsk->rx, &off.rx, sizeof(struct xdp_desc), XDP_PGOFF_RX_RING);
	map_ring(xsk, &xsk->fill, &off.fr, sizeof(uint64_t), XDP_UMEM_PGOFF_FILL_RING);
}

static void give(struct xsk *xsk, uint64_t addr)
{
	uint32_t prod = *xsk->fill.producer;

	((uint64_t *)xsk->fill.desc)[prod % RING] = addr & -(uint64_t)xsk->chunk;
	__atomic_store_n(xsk->fill.producer, prod + 1, __ATOMIC_RELEASE);
}

static void bind_socket(struct xsk *xsk)
{
	struct sockaddr_xdp addr = {
		.sxdp_family = AF_XDP,
		.sxdp_ifindex = xsk->ifindex,
		.sxdp_queue_id = xsk->queue,
		.sxdp_flags = XDP_ZEROCOPY | XDP_USE_NEED_WAKEUP,
	};
	struct xdp_options opt = {};
	socklen_t len = sizeof(opt);
	unsigned int i;

	for (i = 0; i < RING; i++)
		give(xsk, (uint64_t)i * xsk->chunk);
	if (bind(xsk->fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("bind with XDP_ZEROCOPY");
	if (getsockopt(xsk->fd, SOL_XDP, XDP_OPTIONS, &opt, &len))
		die("XDP_OPTIONS");
	printf("zerocopy %d\n", !!(opt.flags & XDP_OPTIONS_ZEROCOPY));
	if (!(opt.flags & XDP_OPTIONS_ZEROCOPY))
		exit(1);
}

static void check_frame(struct xsk *xsk, const struct xdp_desc *desc)
{
	enum gen_error error;
	uint64_t seq = 0;

	error = gen_check(xsk->umem + desc->addr, desc->len, &seq);
	if (error == GEN_OK && seq == xsk->frames) {
		xsk->frames++;
		xsk->bytes += desc->len;
		return;
	}
	fprintf(stderr, "xsk_rx: frame %ju: error %d, sequence number %ju, length %u\n",
		(uintmax_t)xsk->frames, error, (uintmax_t)seq, desc->len);
	exit(1);
}

/* Entries go back before their frames. Otherwise one frame too many could find the
 * receive ring full. Linux 6.12 then frees a frame that ixgbe goes on to use.
 */
static void take_batch(struct xsk *xsk)
{
	uint32_t prod = __atomic_load_n(xsk->rx.producer, __ATOMIC_ACQUIRE);
	uint32_t cons = *xsk->rx.consumer, n = 0, i;
	uint64_t addr[RING];

	for (; cons != prod; cons++) {
		const struct xdp_desc *desc = (struct xdp_desc *)xsk->rx.desc + cons % RING;

		check_frame(xsk, desc);
		addr[n++] = desc->addr;
	}
	__atomic_store_n(xsk->rx.consumer, cons, __ATOMIC_RELEASE);
	for (i = 0; i < n; i++)
		give(xsk, addr[i]);
}

static void receive(struct xsk *xsk, uint64_t count)
{
	struct pollfd pfd = { .fd = xsk->fd, .events = POLLIN };

	while (xsk->frames < count) {
		if (poll(&pfd, 1, QUIET_MS) <= 0) {
			fprintf(stderr, "xsk_rx: %ju frames, then none for %d ms\n",
				(uintmax_t)xsk->frames, QUIET_MS);
			exit(1);
		}
		take_batch(xsk);
	}
}

int main(int argc, char **argv)
{
	struct xsk xsk = {};
	int map;

	if (argc != 4 && argc != 5) {
		fprintf(stderr, "usage: xsk_rx IFNAME QUEUE COUNT [CHUNK]\n");
		return 2;
	}
	xsk.ifindex = if_nametoindex(argv[1]);
	xsk.queue = strtoul(argv[2], NULL, 0);
	xsk.chunk = argc == 5 ? strtoul(argv[4], NULL, 0) : 4096;
	xsk.fd = socket(AF_XDP, SOCK_RAW, 0);
	if (!xsk.ifindex || xsk.fd < 0)
		die(xsk.ifindex ? "socket(AF_XDP)" : argv[1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	map = make_map();
	attach_program(&xsk, load_program(map));
	make_umem(&xsk);
	map_rings(&xsk);
	bind_socket(&xsk);
	map_socket(&xsk, map);
	printf("ready\n");
	receive(&xsk, strtoull(argv[3], NULL, 0));
	printf("received %ju frames, %ju bytes\n", (uintmax_t)xsk.frames, (uintmax_t)xsk.bytes);
	return 0;
}
