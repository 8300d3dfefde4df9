/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The calls of a program, and what they do. Their arguments are numbers. Each call
 * works on one of a few sockets. Any arguments make a call.
 */
#ifndef FUZZ_CALLS_H
#define FUZZ_CALLS_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/udmabuf.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz/coverage.h"

#define SOCKS		3
#define ARGS_MAX	13
#define DEVICES		3

#define ARRAY_SIZE(table)	(sizeof(table) / sizeof(*(table)))

#ifndef SOL_PACKET
#define SOL_PACKET	263
#endif

/* What the calls of one program share. */
struct world {
	int		sock[SOCKS];
	void		*map[SOCKS];
	size_t		map_len[SOCKS];
	int		dmabuf;
	int		ifindex[DEVICES];	/* devices that frames come to */
	const char	*ifname[DEVICES];
	int		tx[DEVICES];		/* sockets that send to those */
};

/* What an argument is: this tells which values are interesting. */
enum kind {
	END,
	SOCK,
	DEVICE,
	SIZE,		/* difference to the size of the struct */
	COUNT,		/* of entries or slots */
	BYTES,		/* of a slot */
	QUEUE,
	FLAGS,
	OPTION,
	OFFSET,		/* in the mapping */
	SMALL,
	ANY,
};

struct call {
	const char	*name;
	void		(*make)(struct world *w, const __u32 *a);
	enum kind	args[ARGS_MAX + 1];
};

static inline void call_close(struct world *w, const __u32 *a)
{
	int i = a[0] % SOCKS;

	if (w->sock[i] >= 0)
		close(w->sock[i]);
	w->sock[i] = -1;
}

static inline void call_munmap(struct world *w, const __u32 *a)
{
	int i = a[0] % SOCKS;

	if (w->map[i])
		munmap(w->map[i], w->map_len[i]);
	w->map[i] = NULL;
}

/* Nothing may wait for ever. */
static inline void call_socket(struct world *w, const __u32 *a)
{
	struct timeval tv = { .tv_usec = 1000 };
	int i = a[0] % SOCKS;

	call_close(w, a);
	w->sock[i] = socket(AF_PACKET, a[1] & 1 ? SOCK_DGRAM : SOCK_RAW, 0);
	setsockopt(w->sock[i], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(w->sock[i], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

static inline void set(const struct world *w, __u32 sock, int opt,
		       const void *value, socklen_t len)
{
	setsockopt(w->sock[sock % SOCKS], SOL_PACKET, opt, value, len);
}

static inline void get(const struct world *w, __u32 sock, int opt,
		       void *value, __u32 len)
{
	socklen_t room = len;

	getsockopt(w->sock[sock % SOCKS], SOL_PACKET, opt, value, &room);
}

static inline void call_set(struct world *w, const __u32 *a)
{
	int value = a[2];

	set(w, a[0], a[1], &value, sizeof(value));
}

static inline void call_ring(struct world *w, const __u32 *a)
{
	struct tpacket_req4 req[2] = { {
		.tp_size = sizeof(*req) + a[1],
		.tp_flags = a[2],
		.tp_entry_nr = a[3],
		.tp_slot_nr = a[4],
		.tp_slot_size = a[5],
		.tp_slot_len = a[6],
		.tp_payload_size = a[7],
		.tp_payload_len = a[8],
		.tp_payload_nr = a[9],
		.tp_wake_count = a[10],
		.tp_wake_usecs = a[11],
		.tp_reserved = { a[12] },
	} };

	set(w, a[0], PACKET_RX_RING, req, sizeof(*req) + (int)a[1] % 64);
}

/* A ring in memory of one's own, or beyond it; a page of which is discarded. */
static inline void call_own_ring(struct world *w, const __u32 *a)
{
	static __u8 area[8 << 20] __attribute__((aligned(1 << 16)));
	__u64 off = a[6] % 8 ? a[6] : a[6] * 512ULL % (2 * sizeof(area));
	struct tpacket_req4 req = {
		.tp_size = sizeof(req),
		.tp_flags = a[1],
		.tp_entry_nr = a[2],
		.tp_slot_nr = a[3],
		.tp_slot_size = a[4],
		.tp_payload_size = a[5],
		.tp_memory = (unsigned long)area + off,
	};

	set(w, a[0], PACKET_RX_RING, &req, sizeof(req));
	madvise(area + off % sizeof(area) / 4096 * 4096, 4096, MADV_DONTNEED);
}

static inline void call_remove(struct world *w, const __u32 *a)
{
	struct tpacket_req4 req = { .tp_size = sizeof(req) };

	set(w, a[0], a[1] & 1 ? PACKET_TX_RING : PACKET_RX_RING, &req,
	    sizeof(req));
}

static inline void call_lease(struct world *w, const __u32 *a)
{
	set(w, a[0], PACKET_RX_DIRECT, &a[1], sizeof(a[1]));
}

static inline void call_direct(struct world *w, const __u32 *a)
{
	struct tpacket4_direct direct[2] = { {
		.td_size = sizeof(*direct) + a[1],
		.td_queue = a[2],
		.td_flags = a[3],
		.td_dmabuf_fd = a[4] & 1 ? w->dmabuf : (int)a[4],
		.td_dmabuf_off = (__u64)a[5] << (a[6] % 33),
		.td_dmabuf_len = (__u64)a[7] << (a[8] % 33),
		.td_peers = a[5],
		.td_peer_nr = a[6],
		.td_rules = a[9] & 1 ? (uintptr_t)w : a[9],
		.td_rule_nr = a[9] >> 1 & 0x7f,
		.td_reserved = { a[9] >> 8 },
	} };

	set(w, a[0], PACKET_RX_DIRECT, direct, sizeof(*direct) + (int)a[1] % 64);
}

static inline void call_release(struct world *w, const __u32 *a)
{
	struct tpacket4_direct direct = {
		.td_size = sizeof(direct),
		.td_flags = PACKET_DIRECT_RELEASE,
	};

	set(w, a[0], PACKET_RX_DIRECT, &direct, sizeof(direct));
}

/* Two steps, alone and with others. */
static inline void call_steps(struct world *w, const __u32 *a)
{
	static const __u32 flags[] = { PACKET_DIRECT_PREPARE, PACKET_DIRECT_BEGIN,
				       PACKET_DIRECT_RELEASE };
	__s32 peers[] = { w->sock[a[2] % SOCKS], w->sock[a[3] % SOCKS] };
	struct tpacket4_direct direct = {
		.td_size = sizeof(direct),
		.td_flags = flags[a[1] % ARRAY_SIZE(flags)],
	};

	if (direct.td_flags == PACKET_DIRECT_PREPARE) {
		direct.td_queue = a[2];
	} else {
		direct.td_peer_nr = a[4] % 3;
		direct.td_peers = direct.td_peer_nr ? (unsigned long)peers : 0;
	}
	set(w, a[0], PACKET_RX_DIRECT, &direct, sizeof(direct));
}

static inline void call_bind(struct world *w, const __u32 *a)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = a[2] & 1 ? htons(ETH_P_ALL) : (__be16)a[2],
		.sll_ifindex = w->ifindex[a[1] % DEVICES],
	};

	bind(w->sock[a[0] % SOCKS], (struct sockaddr *)&addr, sizeof(addr));
}

static inline void call_get_layout(struct world *w, const __u32 *a)
{
	char buf[256];

	get(w, a[0], PACKET_RX_RING, buf,
	    sizeof(struct tpacket4_layout) + (int)a[1] % 80);
}

static inline void call_get_info(struct world *w, const __u32 *a)
{
	struct tpacket4_info info[2] = { { .ti_query = a[2] } };

	get(w, a[0], PACKET_RX_DIRECT, info, sizeof(*info) + (int)a[1] % 64);
}

static inline void call_get_stats(struct world *w, const __u32 *a)
{
	char buf[512];

	get(w, a[0], PACKET_V4_STATISTICS, buf,
	    sizeof(struct tpacket4_stats) + (int)a[1] % 168);
}

static inline void call_get(struct world *w, const __u32 *a)
{
	int value[64] = { a[2] };

	get(w, a[0], a[1], value, a[3] % sizeof(value));
}

/* An address without memory. */
static inline void call_fault(struct world *w, const __u32 *a)
{
	if (a[2] & 1)
		set(w, a[0], a[1], (void *)8, a[3] % 128);
	else
		get(w, a[0], a[1], (void *)8, a[3] % 256);
}

/* Anywhere, or where the kernel can map slots by huge pages. */
static inline void call_mmap(struct world *w, const __u32 *a)
{
	struct tpacket4_layout layout = {};
	int i = a[0] % SOCKS;
	__u64 at = 0;
	size_t len;
	void *map;

	get(w, a[0], PACKET_RX_RING, &layout, sizeof(layout));
	len = layout.tl_map_len + 4096 * (__s32)a[1];
	if (a[0] / SOCKS & 1)
		at = ((0x1000ULL + i) << 32) - layout.tl_slot_off;
	map = mmap((void *)at, len, a[3] & 2 ? PROT_READ : PROT_READ | PROT_WRITE,
		   a[3] & 1 ? MAP_PRIVATE : MAP_SHARED, w->sock[i],
		   4096 * (off_t)a[2]);
	if (map == MAP_FAILED)
		return;
	if (at)
		madvise(map, len, MADV_HUGEPAGE);
	call_munmap(w, a);
	w->map[i] = map;
	w->map_len[i] = len;
	if (a[3])
		call_munmap(w, a);
}

/* Nobody may touch the part that is gone from the mapping. */
static inline void call_madvise(struct world *w, const __u32 *a)
{
	int i = a[0] % SOCKS;

	if (w->map[i])
		madvise(w->map[i], a[2] & 1 ? 8192 : w->map_len[i], a[1] % 26);
	call_munmap(w, a);
}

static inline void call_mremap(struct world *w, const __u32 *a)
{
	int i = a[0] % SOCKS;
	size_t len = w->map_len[i] + 4096 * (__s32)a[1];
	void *map;

	if (!w->map[i])
		return;
	map = mremap(w->map[i], w->map_len[i], len, MREMAP_MAYMOVE);
	if (map != MAP_FAILED) {
		w->map[i] = map;
		w->map_len[i] = len;
	}
	call_munmap(w, a);
}

static inline void call_poke(struct world *w, const __u32 *a)
{
	int i = a[0] % SOCKS;

	if (w->map[i])
		__atomic_store_n((__u32 *)w->map[i] + a[1] % w->map_len[i] / 4,
				 a[2], __ATOMIC_RELAXED);
}

/* Entry n goes back with slot @a[2] and payload slot @a[3]. */
static inline void call_give_back(struct world *w, const __u32 *a)
{
	struct tpacket4_ctrl *ctrl = w->map[a[0] % SOCKS];
	struct tpacket4_hdr *hdr = (void *)((char *)ctrl + 4096);

	if (!ctrl)
		return;
	hdr += a[1] % 8;
	if (a[1])
		hdr->tp_slot = a[2];
	if (a[1] & 1)
		hdr->tp_payload_slot = a[3];
	ctrl->seen = ctrl->prod;
	__atomic_store_n(&ctrl->cons, ctrl->prod, __ATOMIC_SEQ_CST);
}

static inline void call_poll(struct world *w, const __u32 *a)
{
	struct pollfd pfd = { .fd = w->sock[a[0] % SOCKS], .events = POLLIN };

	poll(&pfd, 1, a[1] % 3);
}

static inline void call_recv(struct world *w, const __u32 *a)
{
	char buf[256];

	recv(w->sock[a[0] % SOCKS], buf, sizeof(buf),
	     a[1] & 1 ? 0 : MSG_DONTWAIT);
}

static inline void send_frames(int fd, __u32 n, __u32 len)
{
	static unsigned char frame[9000] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 2, 2, 2, 2, 2, 0x88, 0xb5,
	};

	while (n--)
		if (send(fd, frame, len, 0) < 0)
			return;
}

static inline void call_send(struct world *w, const __u32 *a)
{
	send_frames(w->sock[a[0] % SOCKS], 1, 60 + a[1] % 1441);
}

static inline void call_frames(struct world *w, const __u32 *a)
{
	send_frames(w->tx[a[0] % DEVICES], a[1] % 80, 60 + a[2] % 1441);
}

static inline void call_filter(struct world *w, const __u32 *a)
{
	struct sock_filter insn = BPF_STMT(BPF_RET | BPF_K, a[1]);
	struct sock_fprog prog = { .len = 1, .filter = &insn };

	setsockopt(w->sock[a[0] % SOCKS], SOL_SOCKET,
		   a[1] == 1 ? SO_DETACH_FILTER : SO_ATTACH_FILTER, &prog,
		   sizeof(prog));
}

static inline void call_set_socket(struct world *w, const __u32 *a)
{
	static const int opts[] = { SO_LOCK_FILTER, SO_BUSY_POLL, SO_RCVBUF,
				    SO_TIMESTAMP, SO_RCVLOWAT };
	int value = a[2];

	setsockopt(w->sock[a[0] % SOCKS], SOL_SOCKET,
		   opts[a[1] % ARRAY_SIZE(opts)], &value,
		   sizeof(value));
}

static inline void call_up(struct world *w, const __u32 *a)
{
	struct ifreq ifr = {};

	if (!w->ifname[a[0] % DEVICES])
		return;
	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", w->ifname[a[0] % DEVICES]);
	if (ioctl(w->tx[0], SIOCGIFFLAGS, &ifr))
		return;
	ifr.ifr_flags = a[1] & 1 ? ifr.ifr_flags & ~IFF_UP :
				   ifr.ifr_flags | IFF_UP;
	ioctl(w->tx[0], SIOCSIFFLAGS, &ifr);
}

static inline void call_sockname(struct world *w, const __u32 *a)
{
	struct sockaddr_ll addr;
	socklen_t len = sizeof(addr);

	getsockname(w->sock[a[0] % SOCKS], (struct sockaddr *)&addr, &len);
}

static inline void call_proc(struct world *w, const __u32 *a)
{
	int fd = open("/proc/net/packet", O_RDONLY);
	char buf[4096];

	(void)w;
	(void)a;
	while (fd >= 0 && read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

static const struct call calls[] = {
	{ "socket", call_socket, { SOCK, SMALL } },
	{ "close", call_close, { SOCK } },
	{ "set", call_set, { SOCK, OPTION, SMALL } },
	{ "ring", call_ring, { SOCK, SIZE, FLAGS, COUNT, COUNT, BYTES, BYTES,
			       BYTES, BYTES, COUNT, SMALL, ANY, SIZE } },
	{ "own_ring", call_own_ring, { SOCK, FLAGS, COUNT, COUNT, BYTES, BYTES,
				       OFFSET } },
	{ "remove", call_remove, { SOCK, SMALL } },
	{ "lease", call_lease, { SOCK, QUEUE } },
	{ "direct", call_direct, { SOCK, SIZE, QUEUE, FLAGS, SMALL, ANY, SMALL,
				   COUNT, SMALL, SIZE } },
	{ "release", call_release, { SOCK } },
	{ "steps", call_steps, { SOCK, SMALL, SOCK, SOCK, SMALL } },
	{ "bind", call_bind, { SOCK, DEVICE, SMALL } },
	{ "layout", call_get_layout, { SOCK, SIZE } },
	{ "info", call_get_info, { SOCK, SIZE, QUEUE } },
	{ "stats", call_get_stats, { SOCK, SIZE } },
	{ "get", call_get, { SOCK, OPTION, SMALL, ANY } },
	{ "fault", call_fault, { SOCK, OPTION, SMALL, ANY } },
	{ "mmap", call_mmap, { SOCK, SIZE, SIZE, SIZE } },
	{ "munmap", call_munmap, { SOCK } },
	{ "madvise", call_madvise, { SOCK, ANY, SMALL } },
	{ "mremap", call_mremap, { SOCK, SIZE } },
	{ "poke", call_poke, { SOCK, OFFSET, ANY } },
	{ "give", call_give_back, { SOCK, SMALL, COUNT, COUNT } },
	{ "poll", call_poll, { SOCK, SMALL } },
	{ "recv", call_recv, { SOCK, SMALL } },
	{ "send", call_send, { SOCK, ANY } },
	{ "frames", call_frames, { DEVICE, ANY, ANY } },
	{ "filter", call_filter, { SOCK, ANY } },
	{ "sockopt", call_set_socket, { SOCK, SMALL, SMALL } },
	{ "up", call_up, { DEVICE, SMALL } },
	{ "sockname", call_sockname, { SOCK } },
	{ "proc", call_proc, { END } },
};

#define CALLS	ARRAY_SIZE(calls)

#endif /* FUZZ_CALLS_H */
