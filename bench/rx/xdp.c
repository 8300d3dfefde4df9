// SPDX-License-Identifier: GPL-2.0
/*
 * AF_XDP with libxdp.  The XDP program is the shortest that is possible.  libxdp's own
 * does more for each frame: it counts its users.
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <xdp/xsk.h>

#include "rx.h"

#define CHUNK	4096u

struct xdp {
	struct xsk_socket *xsk;
	struct xsk_umem *umem;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons comp, rx;
	uint8_t *area;
	int link, map;
};

/* return bpf_redirect_map(&map, ctx->rx_queue_index, XDP_PASS); */
static int load_program(int map)
{
	const struct bpf_insn prog[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 2, .src_reg = 1,
		  .off = offsetof(struct xdp_md, rx_queue_index) },
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_XDP);
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "bench", "GPL", prog,
			       ARRAY_SIZE(prog), &opts);

	if (fd < 0)
		die("BPF_PROG_LOAD");
	return fd;
}

static void attach(struct rx *rx, struct xdp *xdp)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	int prog;

	xdp->map = bpf_map_create(BPF_MAP_TYPE_XSKMAP, "bench", 4, 4, 64, NULL);
	if (xdp->map < 0)
		die("BPF_MAP_CREATE");
	prog = load_program(xdp->map);
	xdp->link = bpf_link_create(prog, rx->ifindex, BPF_XDP, &opts);
	if (xdp->link < 0)
		die("BPF_LINK_CREATE in driver mode");
}

static void make_umem(struct rx *rx, struct xdp *xdp)
{
	const struct xsk_umem_config cfg = {
		.fill_size = rx->entries,
		.comp_size = XSK_RING_CONS__DEFAULT_NUM_DESCS,
		.frame_size = CHUNK,
	};
	size_t len = (size_t)rx->entries * CHUNK;

	xdp->area = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (xdp->area == MAP_FAILED)
		die("mmap of the frames");
	if (xsk_umem__create(&xdp->umem, xdp->area, len, &xdp->fill, &xdp->comp, &cfg))
		die("xsk_umem__create");
}

static void fill_all(struct rx *rx, struct xdp *xdp)
{
	uint32_t at, i;

	if (xsk_ring_prod__reserve(&xdp->fill, rx->entries, &at) != rx->entries)
		die("fill ring");
	for (i = 0; i < rx->entries; i++)
		*xsk_ring_prod__fill_addr(&xdp->fill, at + i) = (uint64_t)i * CHUNK;
	xsk_ring_prod__submit(&xdp->fill, rx->entries);
}

static void check_mode(struct rx *rx)
{
	struct xdp_options opt = { 0 };
	socklen_t len = sizeof(opt);

	if (getsockopt(rx->fd, SOL_XDP, XDP_OPTIONS, &opt, &len) ||
	    !(opt.flags & XDP_OPTIONS_ZEROCOPY) != rx->copy)
		die("not in the mode that was asked for");
}

static void xdp_open(struct rx *rx)
{
	const struct xsk_socket_config cfg = {
		.rx_size = rx->entries,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_USE_NEED_WAKEUP | (rx->copy ? XDP_COPY : XDP_ZEROCOPY),
	};
	struct xdp *xdp = calloc(1, sizeof(*xdp));

	if (!xdp)
		die("calloc");
	rx->priv = xdp;
	attach(rx, xdp);
	make_umem(rx, xdp);
	fill_all(rx, xdp);
	if (xsk_socket__create(&xdp->xsk, rx->ifname, rx->queue, xdp->umem, &xdp->rx, NULL, &cfg))
		die("xsk_socket__create");
	rx->fd = xsk_socket__fd(xdp->xsk);
	check_mode(rx);
	if (rx->busy)
		sock_busy_poll(rx);
	if (bpf_map_update_elem(xdp->map, &rx->queue, &rx->fd, 0))
		die("BPF_MAP_UPDATE_ELEM");
}

/* Give the entries back before their frames: if the driver of 6.12 finds the receive
 * ring full, it uses a frame twice.
 */
static unsigned int xdp_burst(struct rx *rx)
{
	uint64_t addr[4096], sum = 0, bytes = 0;
	const struct xdp_desc *desc;
	struct xdp *xdp = rx->priv;
	uint32_t at = 0, to = 0, n, i;

	n = xsk_ring_cons__peek(&xdp->rx, rx->batch, &at);
	if (!n)
		return 0;
	for (i = 0; i < n; i++) {
		desc = xsk_ring_cons__rx_desc(&xdp->rx, at + i);
		sum ^= rx_touch(xsk_umem__get_data(xdp->area, desc->addr));
		bytes += desc->len;
		addr[i] = desc->addr;
	}
	xsk_ring_cons__release(&xdp->rx, n);
	xsk_ring_prod__reserve(&xdp->fill, n, &to);
	for (i = 0; i < n; i++)
		*xsk_ring_prod__fill_addr(&xdp->fill, to + i) = addr[i];
	xsk_ring_prod__submit(&xdp->fill, n);
	rx->sum ^= sum;
	rx->bytes += bytes;
	return n;
}

static void xdp_busy_wait(struct rx *rx)
{
	recvfrom(rx->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

static uint64_t xdp_drops(struct rx *rx)
{
	struct xdp_statistics stats = { 0 };
	socklen_t len = sizeof(stats);

	if (getsockopt(rx->fd, SOL_XDP, XDP_STATISTICS, &stats, &len))
		die("XDP_STATISTICS");
	return stats.rx_dropped + stats.rx_ring_full;
}

static void set_copy(struct rx *rx)
{
	rx->copy = true;
}

static void set_busy(struct rx *rx)
{
	rx->busy = true;
}

const struct rx_path xdp_copy_path = {
	.name = "xdp-copy",
	.set = set_copy,
	.open = xdp_open,
	.burst = xdp_burst,
	.wait = sock_poll,
	.drops = xdp_drops,
};

const struct rx_path xdp_poll_path = {
	.name = "xdp-zc-poll",
	.open = xdp_open,
	.burst = xdp_burst,
	.wait = sock_poll,
	.drops = xdp_drops,
};

const struct rx_path xdp_busy_path = {
	.name = "xdp-zc-busy",
	.set = set_busy,
	.open = xdp_open,
	.burst = xdp_burst,
	.wait = xdp_busy_wait,
	.drops = xdp_drops,
};
