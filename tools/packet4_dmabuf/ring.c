// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <string.h>

#include "packet4_dmabuf.h"

#define HEADER_LEN	256U	/* Ethernet, IP and UDP, with options */

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* What to do about a refusal, if it depends on the arguments or the machine. */
static const char * const advice[] = {
	[PACKET_DIRECT_BAD_ENTRIES] = "--entries: a power of two, 8 to 4194304",
	[PACKET_DIRECT_BAD_PAYLOAD] = "--payload: a multiple of 64, from 1024 to 65536",
	[PACKET_DIRECT_NO_MEMORY] = "not enough memory: ask for fewer --entries",
	[PACKET_DIRECT_NOT_ADMIN] = "CAP_NET_ADMIN is needed: run as root",
	[PACKET_DIRECT_NO_DRIVER] = "the driver of this device has no support",
	[PACKET_DIRECT_NO_QUEUE] = "there is no such queue: see ethtool -l",
	[PACKET_DIRECT_QUEUE_LEASED] = "another packet socket has this queue",
	[PACKET_DIRECT_QUEUE_XSK] = "an AF_XDP socket has this queue",
	[PACKET_DIRECT_QUEUE_XDP] = "an XDP program is attached: detach it",
	[PACKET_DIRECT_SLOT_GRANULE] = "--payload is no multiple of the device's granule",
	[PACKET_DIRECT_SLOT_TOO_SMALL] = "--payload is less than the device's buffers",
	[PACKET_DIRECT_SLOT_TOO_LARGE] = "--payload is more than the device's buffers",
	[PACKET_DIRECT_ENTRIES_TOO_FEW] = "the device takes more --entries at a time",
	[PACKET_DIRECT_NO_SPLIT] = "the device cannot split headers from payload",
	[PACKET_DIRECT_UNRELIABLE] = "it is known to fail at header split; to try: --erratum",
	[PACKET_DIRECT_PAYLOAD_TOO_FEW] = "the device takes more --slots at a time",
	[PACKET_DIRECT_DMABUF_REFUSED] = "the device cannot use it: a BAR may be out of reach",
	[PACKET_DIRECT_DMABUF_SCATTERED] = "a --payload slot is in several pages: use huge ones",
	[PACKET_DIRECT_NO_DMABUF] = "the device writes to slots without DMA: it takes no dma-buf",
	[PACKET_DIRECT_DMA_BOUNCE] = "the device cannot reach this memory: turn the IOMMU on",
};

static void get_info(int fd, unsigned int queue, struct tpacket4_info *info)
{
	socklen_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	info->ti_size = sizeof(*info);
	info->ti_query = queue;
	if (getsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, info, &len))
		give_up("getsockopt(PACKET_RX_DIRECT): %s", strerror(errno));
}

static void __attribute__((noreturn)) refused(int fd, const struct options *o)
{
	struct tpacket4_info info;
	int err = errno;

	get_info(fd, o->queue, &info);
	if (info.ti_reason < ARRAY_SIZE(advice) && advice[info.ti_reason])
		give_up("queue %u of %s: %s", o->queue, o->iface, advice[info.ti_reason]);
	give_up("queue %u of %s: %s (reason %u in packet_direct.rst)", o->queue,
		o->iface, strerror(err), info.ti_reason);
}

static unsigned int power_of_two(unsigned int n, unsigned int least)
{
	while (least < n)
		least *= 2;
	return least;
}

/* Accepts UDP to this port, and no fragment. It reads only the header part. */
static void attach_filter(int fd, unsigned int port)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 6),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 10),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 8, 0),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 14),
		BPF_STMT(BPF_JMP | BPF_JA, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 5),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
		BPF_STMT(BPF_LDX | BPF_IMM, 40),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 2),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 16),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(code), .filter = code };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)))
		give_up("SO_ATTACH_FILTER: %s", strerror(errno));
}

static void bind_to(int fd, const struct options *o)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(o->iface),
	};

	if (!addr.sll_ifindex || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		give_up("%s: %s", o->iface, strerror(errno));
}

/* Returns a socket with a filter and a ring. The payload slots come with the lease. */
int ring_open(struct tpacket4_ring *ring, const struct options *o)
{
	struct tpacket_req4 req = {
		.tp_size = sizeof(req),
		.tp_flags = TPACKET4_PAYLOAD_EXTERNAL,
		.tp_entry_nr = o->entries,
		.tp_payload_size = power_of_two(o->payload, TPACKET4_MIN_PAYLOAD_SIZE),
		.tp_payload_len = o->payload,
		.tp_payload_nr = o->slots,
	};
	int version = TPACKET_V4, err, fd;
	struct tpacket4_info info;

	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0)
		give_up("packet socket: %s", strerror(errno));
	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)))
		give_up("TPACKET_V4: %s: a kernel with CONFIG_PACKET_RX_DIRECT is needed",
			strerror(errno));
	attach_filter(fd, o->port);
	bind_to(fd, o);
	get_info(fd, o->queue, &info);
	req.tp_slot_len = info.ti_split_min > HEADER_LEN ? info.ti_split_min : HEADER_LEN;
	req.tp_slot_size = power_of_two(req.tp_slot_len, TPACKET4_MIN_HEADER_SIZE);
	if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		refused(fd, o);
	err = tpacket4_map(ring, fd);
	if (err)
		give_up("mapping the ring: %s", strerror(-err));
	return fd;
}

void ring_lease(int fd, const struct options *o, const struct memory *memory)
{
	struct tpacket4_direct direct = {
		.td_size = sizeof(direct),
		.td_queue = o->queue,
		.td_flags = PACKET_DIRECT_DMABUF |
			    (o->erratum ? PACKET_DIRECT_SPLIT_UNRELIABLE : 0),
		.td_dmabuf_fd = memory->dmabuf,
		.td_dmabuf_len = memory->len,
	};

	if (setsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, &direct, sizeof(direct)))
		refused(fd, o);
}

void ring_release(int fd)
{
	struct tpacket4_direct direct = {
		.td_size = sizeof(direct),
		.td_flags = PACKET_DIRECT_RELEASE,
	};

	if (setsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, &direct, sizeof(direct)))
		give_up("PACKET_DIRECT_RELEASE: %s", strerror(errno));
}

void ring_stats(int fd, struct tpacket4_stats *stats)
{
	socklen_t len = sizeof(*stats);

	memset(stats, 0, sizeof(*stats));
	stats->ts_size = sizeof(*stats);
	if (getsockopt(fd, SOL_PACKET, PACKET_V4_STATISTICS, stats, &len))
		give_up("PACKET_V4_STATISTICS: %s", strerror(errno));
}
