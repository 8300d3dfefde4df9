// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

/* Why no test can run here, or NULL. */
const char *pd_missing(void)
{
	int fd;

	if (geteuid())
		return "needs root, for network namespaces and devices";

	fd = pd_socket(SOCK_RAW);
	if (fd == -EINVAL)
		return "this kernel is without CONFIG_PACKET_RX_DIRECT";
	if (fd >= 0)
		close(fd);

	return NULL;
}

/* The limits of the queue, if a test has one: what rings have at least, whether
 * frames are no longer than a slot, and whether losses are counted.
 */
__u32 pd_slot_min;
__u32 pd_entry_min;
bool pd_one_slot;
bool pd_uncounted;

void pd_req(struct tpacket_req4 *req, __u32 entries, __u32 slots, __u32 size)
{
	memset(req, 0, sizeof(*req));
	req->tp_size = sizeof(*req);
	req->tp_entry_nr = entries > pd_entry_min ? entries : pd_entry_min;
	req->tp_slot_nr = slots;
	req->tp_slot_size = size > pd_slot_min ? size : pd_slot_min;
}

int pd_set_int(int fd, int opt, int value)
{
	if (setsockopt(fd, SOL_PACKET, opt, &value, sizeof(value)))
		return -errno;

	return 0;
}

/* A V4 socket without a ring, not bound. */
int pd_socket(int type)
{
	int fd = socket(AF_PACKET, type | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;

	err = pd_set_int(fd, PACKET_VERSION, TPACKET_V4);
	if (err) {
		close(fd);
		return err;
	}

	return fd;
}

int pd_set_ring(int fd, const struct tpacket_req4 *req)
{
	if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, req, sizeof(*req)))
		return -errno;

	return 0;
}

int pd_remove_ring(int fd)
{
	struct tpacket_req4 none = { .tp_size = sizeof(none) };

	return pd_set_ring(fd, &none);
}

int pd_bind(int fd, int ifindex, int proto)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(proto),
		.sll_ifindex = ifindex,
	};

	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -errno;

	return 0;
}

/* A mapped ring that receives everything of a device, or of all with NULL.  PD_MEMORY
 * chooses where its slots are.
 */
int pd_open(struct pd_sock *pd, const char *ifname,
	    const struct tpacket_req4 *req)
{
	struct tpacket_req4 own = *req;
	int err;

	pd->ifindex = ifname ? if_nametoindex(ifname) : 0;
	pd->fd = pd_socket(SOCK_RAW);
	if (pd->fd < 0)
		return pd->fd;

	err = pd_memory_choose(&pd->memory, &own);
	if (!err)
		err = pd_set_ring(pd->fd, &own);
	if (!err)
		err = tpacket4_map_own(&pd->ring, pd->fd,
				       (void *)(unsigned long)own.tp_memory);
	if (!err)
		err = pd_bind(pd->fd, pd->ifindex, ETH_P_ALL);
	if (err)
		pd_close(pd);

	return err;
}

void pd_close(struct pd_sock *pd)
{
	tpacket4_unmap(&pd->ring);
	pd_memory_free(&pd->memory);
	if (pd->fd >= 0)
		close(pd->fd);
	pd->fd = -1;
}

int pd_stats(int fd, struct tpacket4_stats *stats)
{
	socklen_t len = sizeof(*stats);

	memset(stats, 0, sizeof(*stats));
	stats->ts_size = sizeof(*stats);
	if (getsockopt(fd, SOL_PACKET, PACKET_V4_STATISTICS, stats, &len))
		return -errno;

	return 0;
}

/* How many pages of this machine are out of use, by earlier tests or others. */
__u32 pd_quarantined(void)
{
	struct tpacket4_stats stats = {};
	struct tpacket_req4 req;
	int fd;

	pd_req(&req, TPACKET4_MIN_ENTRIES, 0, 2048);
	fd = pd_socket(SOCK_RAW);
	if (fd < 0)
		return 0;
	if (!pd_set_ring(fd, &req))
		pd_stats(fd, &stats);
	close(fd);

	return stats.ts_quarantined;
}

/* Each slot is somewhere, and none is in two places. */
bool pd_sum_ok(const struct pd_sock *pd, const struct tpacket4_stats *stats)
{
	return (__u64)stats->ts_free + stats->ts_posted + stats->ts_held +
	       stats->ts_spare == pd->ring.layout.tl_slot_nr &&
	       (__u64)stats->ts_payload_free + stats->ts_payload_posted +
	       stats->ts_payload_held + stats->ts_payload_spare ==
	       pd->ring.layout.tl_payload_nr;
}

/* Wait until @entries are unread.  Returns how many are. */
int pd_wait(struct pd_sock *pd, __u32 entries, int msecs)
{
	__u64 end = pd_now(CLOCK_MONOTONIC) + msecs * 1000000ULL;

	while (tpacket4_peek_all(&pd->ring) < entries) {
		if (pd_now(CLOCK_MONOTONIC) >= end)
			break;
		usleep(200);
	}

	return tpacket4_peek_all(&pd->ring);
}

/* Wait until the counter at @member of the statistics is @count.  Returns what it is. */
static __u64 wait_count(struct pd_sock *pd, size_t member, __u64 count, int msecs)
{
	__u64 end = pd_now(CLOCK_MONOTONIC) + msecs * 1000000ULL;
	struct tpacket4_stats stats;
	__u64 now;

	do {
		if (pd_stats(pd->fd, &stats))
			return 0;
		memcpy(&now, (char *)&stats + member, sizeof(now));
		if (now >= count)
			break;
		usleep(200);
	} while (pd_now(CLOCK_MONOTONIC) < end);

	return now;
}

/* Wait until @drops frames found no slot.  Returns how many did. */
__u64 pd_wait_drops(struct pd_sock *pd, __u64 drops, int msecs)
{
	return wait_count(pd, offsetof(struct tpacket4_stats, ts_drop_no_slot), drops, msecs);
}

/* The same of those that the filter refused. */
__u64 pd_wait_refused(struct pd_sock *pd, __u64 drops, int msecs)
{
	return wait_count(pd, offsetof(struct tpacket4_stats, ts_drop_filter), drops, msecs);
}

/* Give everything back that was published until now. */
void pd_drain(struct pd_sock *pd)
{
	tpacket4_peek_all(&pd->ring);
	tpacket4_advance(&pd->ring, pd->ring.prod - pd->ring.next);
	tpacket4_release(&pd->ring, pd->ring.prod - pd->ring.cons);
	tpacket4_kick_always(pd->fd);
}
