// SPDX-License-Identifier: GPL-2.0
#include <libgen.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "nic.h"

#define COME_MS		10000	/* a frame, on a machine that does much else */
#define QUIET_MS	200
#define PROBE_LEN	200
#define PROBE_SEQ	0x70000000

/* Begin anew as a child of netdevsim.sh, which lies beside the program, unless there
 * is a queue already.  Where it cannot make devices it says why in PD_MISSING.
 */
__attribute__((constructor)) static void find_queue(int argc, char **argv)
{
	char self[PATH_MAX] = {}, script[PATH_MAX + 16];
	char *args[8] = { script, self };
	int i;

	if (getenv("PD_IFACE") || getenv("PD_MISSING") || geteuid() || argc > 6 ||
	    readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return;
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-l") || !strcmp(argv[i], "-h"))
			return;
		args[i + 1] = argv[i];
	}
	snprintf(script, sizeof(script), "%s", self);
	strcat(dirname(script), "/netdevsim.sh");
	execv(script, args);
}

/* Why no test of a leased queue can run here, or NULL. */
const char *pd_nic_missing(void)
{
	const char *missing = pd_missing(), *ifname = getenv("PD_IFACE");

	if (missing)
		return missing;
	if (!ifname || !getenv("PD_QUEUE") || !getenv("PD_PEER"))
		return getenv("PD_MISSING") ?:
		       "PD_IFACE, PD_QUEUE and PD_PEER name no queue";
	switch (pd_query_reason(ifname, 0)) {
	case PACKET_DIRECT_NO_DRIVER:
		return "the driver of PD_IFACE leases no queues";
	case PACKET_DIRECT_NO_XSK:
		return "the driver of PD_IFACE has no zero-copy AF_XDP";
	}

	return NULL;
}

/* Only if pd_nic_missing() returned NULL. */
void pd_nic_name(struct pd_nic *nic)
{
	nic->ifname = getenv("PD_IFACE");
	nic->peer = getenv("PD_PEER");
	nic->queue = atoi(getenv("PD_QUEUE"));
	nic->tx = -1;
	nic->witness = -1;
	nic->keeper = -1;
}

/* The tests' rings suit drivers that were made for leases. */
static void keep_limits(const struct tpacket4_info *info)
{
	if (info->ti_query_by != PACKET_DIRECT_XSK)
		return;
	pd_slot_min = info->ti_slot_len_min;
	pd_entry_min = 2 * info->ti_post_min;
	pd_one_slot = info->ti_flags & TPACKET4_INFO_ONE_SLOT;
	pd_uncounted = info->ti_flags & TPACKET4_INFO_UNCOUNTED;
}

/* What the kernel says of the queue and its device. */
int pd_nic_limits(const struct pd_nic *nic, struct tpacket4_info *info)
{
	int fd = pd_socket(SOCK_RAW);
	int err;

	if (fd < 0)
		return fd;
	memset(info, 0, sizeof(*info));
	info->ti_query = nic->queue;
	err = pd_bind(fd, if_nametoindex(nic->ifname), ETH_P_ALL);
	if (!err)
		err = pd_info(fd, info);
	close(fd);
	if (!err)
		keep_limits(info);

	return err;
}

/* A plain socket that gets the test frames which go through the stack. */
static int witness_open(int ifindex)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int room = 1 << 23;
	int err;

	if (fd < 0)
		return -errno;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		err = -errno;
	else
		err = pd_bind(fd, ifindex, ETH_P_IP);
	if (err) {
		close(fd);
		return err;
	}

	return fd;
}

/* The last queue, by a ring that nobody reads.  The tests do not know of it. */
static int keeper_open(struct pd_nic *nic)
{
	int fd = pd_socket(SOCK_RAW);
	struct tpacket_req4 req;
	int err;

	if (fd < 0)
		return fd;
	pd_req(&req, 64, 0, 2048);
	err = pd_set_ring(fd, &req);
	if (!err)
		err = pd_bind(fd, if_nametoindex(nic->ifname), ETH_P_ALL);
	if (!err)
		err = pd_lease(fd, --nic->queues);
	if (!err)
		return fd;
	close(fd);

	return err;
}

/* Returns what is wrong, or NULL.  The caller closes in both cases. */
const char *pd_nic_open(struct pd_nic *nic)
{
	struct tpacket4_info info;

	pd_nic_name(nic);
	pd_udp = true;
	if (pd_link_up(nic->ifname, nic->peer))
		return "PD_IFACE and PD_PEER have no link";
	if (pd_nic_limits(nic, &info))
		return "PD_IFACE has no limits";
	nic->queues = info.ti_queue_nr;
	if (info.ti_flags & TPACKET4_INFO_RESTARTS) {
		nic->keeper = keeper_open(nic);
		if (nic->keeper < 0 || pd_link_up(nic->ifname, nic->peer))
			return "PD_IFACE was not leased for the test's time";
	}
	if (pd_nic_steer(nic, nic->queue))
		return "frames cannot be steered to PD_QUEUE";
	nic->tx = pd_tx_open(nic->peer);
	if (nic->tx < 0)
		return "PD_PEER cannot send";
	nic->witness = witness_open(if_nametoindex(nic->ifname));
	if (nic->witness < 0)
		return "no plain socket on PD_IFACE";

	return NULL;
}

/* No queue is leased but by the test. */
void pd_nic_end_keeper(struct pd_nic *nic)
{
	if (nic->keeper >= 0)
		close(nic->keeper);
	nic->keeper = -1;
}

/* The devices are as before. */
void pd_nic_close(struct pd_nic *nic)
{
	if (!nic->ifname)
		return;
	if (nic->witness >= 0)
		close(nic->witness);
	if (nic->tx >= 0)
		close(nic->tx);
	pd_nic_end_keeper(nic);
	pd_nic_spread(nic);
	pd_if_mtu(nic->ifname, 1500);
	pd_if_mtu(nic->peer, 1500);
}

/* Everything that comes goes to @queue. */
int pd_nic_steer(const struct pd_nic *nic, __u32 queue)
{
	return pd_steer(nic->ifname, nic->peer, queue, 1);
}

/* And now to all queues. */
int pd_nic_spread(const struct pd_nic *nic)
{
	return pd_steer(nic->ifname, nic->peer, 0, 0);
}

/* After the device was set up anew, which resets the RSS table of some, or had no
 * slots: send until what was sent last comes.  Nothing is on its way then.
 */
int pd_nic_resume(const struct pd_nic *nic, struct pd_sock *pd)
{
	static struct pd_frame frame;
	__u32 seq;

	for (seq = PROBE_SEQ; seq < PROBE_SEQ + 50; seq++) {
		pd_nic_steer(nic, nic->queue);
		pd_send(nic->tx, PROBE_LEN, seq);
		while (pd_next(pd, &frame, 200) > 0)
			if (pd_seq(frame.data) == seq)
				return 0;
	}

	return -ETIMEDOUT;
}

/* At most @count frames that the stack got, until none comes for @msecs. */
static int take_witnessed(const struct pd_nic *nic, int count, int msecs)
{
	struct pollfd pfd = { .fd = nic->witness, .events = POLLIN };
	static __u8 buf[PD_FRAME_MAX];
	int n = 0;

	/* that the device went down is an error first */
	while (n < count && poll(&pfd, 1, msecs) == 1)
		n += recv(nic->witness, buf, sizeof(buf), 0) > 0;

	return n;
}

/* How many frames the stack got since the last call, until none comes for
 * @msecs.
 */
int pd_nic_witnessed(const struct pd_nic *nic, int msecs)
{
	return take_witnessed(nic, INT_MAX, msecs);
}

/* Waits for so many, however long each takes to come, and for one too many. */
int pd_nic_witnessed_all(const struct pd_nic *nic, int count)
{
	int n = take_witnessed(nic, count, COME_MS);

	return n + pd_nic_witnessed(nic, QUIET_MS);
}
