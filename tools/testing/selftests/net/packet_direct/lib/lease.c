// SPDX-License-Identifier: GPL-2.0
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

/* PD_BY: by what the queue is to be leased, see lib/nic.h. */
__u32 pd_by(void)
{
	const char *by = getenv("PD_BY") ?: "";

	if (!strcmp(by, "xsk"))
		return PACKET_DIRECT_XSK;

	return strcmp(by, "native") ? 0 : PACKET_DIRECT_NATIVE;
}

int pd_info(int fd, struct tpacket4_info *info)
{
	socklen_t len = sizeof(*info);
	__u32 query = info->ti_query;

	memset(info, 0, sizeof(*info));
	info->ti_size = sizeof(*info);
	info->ti_query = query;
	info->ti_query_flags = pd_by();
	if (getsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, info, &len))
		return -errno;

	return 0;
}

/* Why the queue cannot be leased now: enum packet_direct_reason or a negative errno. */
int pd_query_reason(const char *ifname, __u32 queue)
{
	struct tpacket4_info info = { .ti_query = queue };
	int fd = pd_socket(SOCK_RAW);
	int err;

	if (fd < 0)
		return fd;
	err = pd_bind(fd, if_nametoindex(ifname), ETH_P_ALL);
	if (!err)
		err = pd_info(fd, &info);
	close(fd);

	return err ? err : (int)info.ti_query_reason;
}

/* Ask until the answer is @want.  Returns the last answer. */
int pd_wait_reason(const char *ifname, __u32 queue, int want, int msecs)
{
	__u64 end = pd_now(CLOCK_MONOTONIC) + msecs * 1000000ULL;
	int got;

	do {
		got = pd_query_reason(ifname, queue);
	} while (got != want && pd_now(CLOCK_MONOTONIC) < end);

	return got;
}

/* enum packet_direct_reason of the last attempt of this socket. */
int pd_reason(int fd)
{
	struct tpacket4_info info = {};
	int err = pd_info(fd, &info);

	return err ? err : (int)info.ti_reason;
}

/* The errno of each reason, by the documentation. */
static int reason_errno(int reason)
{
	switch (reason) {
	case PACKET_DIRECT_OK:
		return 0;
	case PACKET_DIRECT_NOT_ADMIN:
		return -EPERM;
	case PACKET_DIRECT_FILTER_LOCKED:
		return -EACCES;
	case PACKET_DIRECT_NO_MEMORY:
		return -ENOMEM;
	case PACKET_DIRECT_UNKNOWN_FIELD:
		return -E2BIG;
	case PACKET_DIRECT_INTERRUPTED:
		return -EINTR;
	case PACKET_DIRECT_NO_QUEUE:
	case PACKET_DIRECT_DMABUF_RANGE:
	case PACKET_DIRECT_TOO_MANY_PEERS:
	case PACKET_DIRECT_TABLE_TOO_SMALL:
		return -ERANGE;
	case PACKET_DIRECT_DMABUF_BAD_FD:
	case PACKET_DIRECT_PEER_BAD_FD:
		return -EBADF;
	case PACKET_DIRECT_PEER_OTHER_DEVICE:
		return -EXDEV;
	case PACKET_DIRECT_NOT_BOUND:
		return -ENODEV;
	case PACKET_DIRECT_DMABUF_REFUSED:
	case PACKET_DIRECT_DMA_FAILED:
	case PACKET_DIRECT_DRIVER_FAILED:
	case PACKET_DIRECT_STEER_FAILED:
		return -EIO;
	case PACKET_DIRECT_RULES_FULL:
		return -ENOSPC;
	case PACKET_DIRECT_MEMORY_FAULT:
		return -EFAULT;
	case PACKET_DIRECT_MEMORY_LIMIT:
		return -ENOBUFS;
	case PACKET_DIRECT_NO_SPLIT:
	case PACKET_DIRECT_NO_DMABUF:
	case PACKET_DIRECT_STACK_DMABUF:
	case PACKET_DIRECT_UNRELIABLE:
	case PACKET_DIRECT_NO_TX_RING:
	case PACKET_DIRECT_NO_DRIVER:
	case PACKET_DIRECT_QUEUE_SHARED_IRQ:
	case PACKET_DIRECT_QUEUE_MODE:
	case PACKET_DIRECT_QUEUE_FORMAT:
	case PACKET_DIRECT_DMA_BOUNCE:
	case PACKET_DIRECT_NO_RXFH:
	case PACKET_DIRECT_NO_SYMMETRIC:
	case PACKET_DIRECT_NO_RULES:
	case PACKET_DIRECT_NTUPLE_OFF:
	case PACKET_DIRECT_NO_XSK:
	case PACKET_DIRECT_XSK_MTU:
	case PACKET_DIRECT_XSK_VLAN:
	case PACKET_DIRECT_XSK_LRO:
		return -EOPNOTSUPP;
	case PACKET_DIRECT_RING_EXISTS:
	case PACKET_DIRECT_RING_MAPPED:
	case PACKET_DIRECT_RING_LEASED:
	case PACKET_DIRECT_HAS_FANOUT:
	case PACKET_DIRECT_QUEUE_LEASED:
	case PACKET_DIRECT_QUEUE_XSK:
	case PACKET_DIRECT_QUEUE_XDP:
	case PACKET_DIRECT_QUEUE_PROVIDER:
	case PACKET_DIRECT_STACK_HELD:
	case PACKET_DIRECT_LAST_QUEUE:
	case PACKET_DIRECT_RULE_TAKEN:
	case PACKET_DIRECT_QUEUE_LENT:
	case PACKET_DIRECT_XSK_SOCKET:
	case PACKET_DIRECT_XSK_MIXED:
		return -EBUSY;
	default:
		return -EINVAL;
	}
}

/* Returns how errno and reason of the last attempt differ from @reason, or NULL. */
const char *pd_refused(int fd, int err, int reason)
{
	int got = pd_reason(fd);
	static char why[128];

	if (err == reason_errno(reason) && got == reason)
		return NULL;

	snprintf(why, sizeof(why), "errno %d, should be %d; reason %d, should be %d",
		 -err, -reason_errno(reason), got, reason);

	return why;
}

/* The short form of PACKET_RX_DIRECT, unless PD_BY has a say. */
int pd_lease(int fd, unsigned int queue)
{
	if (pd_by())
		return pd_lease_flags(fd, queue, 0);
	if (setsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, &queue, sizeof(queue)))
		return -errno;

	return 0;
}

/* Which NAPI instance polls the queue.  Not each driver says so where it has AF_XDP. */
bool pd_napi_is_told(const struct tpacket4_info *info)
{
	return info->ti_napi_id || info->ti_lease_by == PACKET_DIRECT_XSK;
}

/* The long form.  Sets td_size. */
int pd_direct(int fd, struct tpacket4_direct *direct)
{
	direct->td_size = sizeof(*direct);
	if (!(direct->td_flags & (PACKET_DIRECT_RELEASE | PACKET_DIRECT_BEGIN |
				  PACKET_DIRECT_XSK | PACKET_DIRECT_NATIVE)))
		direct->td_flags |= pd_by();
	if (setsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, direct,
		       sizeof(*direct)))
		return -errno;

	return 0;
}

int pd_lease_flags(int fd, unsigned int queue, __u32 flags)
{
	struct tpacket4_direct direct = { .td_queue = queue, .td_flags = flags };

	return pd_direct(fd, &direct);
}

/* PACKET_DIRECT_BEGIN or PACKET_DIRECT_RELEASE, with @nr other sockets. */
int pd_together(int fd, __u32 flags, const int *peers, __u32 nr)
{
	struct tpacket4_direct direct = {
		.td_flags = flags,
		.td_peers = (unsigned long)peers,
		.td_peer_nr = nr,
	};

	return pd_direct(fd, &direct);
}

/* The first of two steps. */
int pd_prepare(int fd, unsigned int queue)
{
	return pd_lease_flags(fd, queue, PACKET_DIRECT_PREPARE);
}

int pd_begin(int fd)
{
	return pd_lease_flags(fd, 0, PACKET_DIRECT_BEGIN);
}

/* With a header split that may be unreliable. */
int pd_lease_split(int fd, unsigned int queue)
{
	return pd_lease_flags(fd, queue, PACKET_DIRECT_SPLIT_UNRELIABLE);
}

/* With payload slots in a dma-buf. */
int pd_lease_dmabuf(int fd, unsigned int queue, int dmabuf, __u64 len)
{
	struct tpacket4_direct direct = {
		.td_queue = queue,
		.td_flags = PACKET_DIRECT_SPLIT_UNRELIABLE | PACKET_DIRECT_DMABUF,
		.td_dmabuf_fd = dmabuf,
		.td_dmabuf_len = len,
	};

	return pd_direct(fd, &direct);
}

int pd_unlease(int fd)
{
	return pd_lease_flags(fd, 0, PACKET_DIRECT_RELEASE);
}
