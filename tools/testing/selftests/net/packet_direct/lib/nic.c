// SPDX-License-Identifier: GPL-2.0
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "nic.h"

#define PROBE_LEN	200
#define PROBE_SEQ	0x70000000

/* Why no test of a leased queue can run here, or NULL. */
const char *pd_nic_missing(void)
{
	const char *missing = pd_missing();

	if (missing)
		return missing;
	if (!getenv("PD_IFACE") || !getenv("PD_QUEUE") || !getenv("PD_PEER"))
		return "PD_IFACE, PD_QUEUE and PD_PEER name no queue";

	return NULL;
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

/* Returns what is wrong, or NULL.  One who is told so has nothing to close. */
const char *pd_nic_open(struct pd_nic *nic)
{
	nic->ifname = getenv("PD_IFACE");
	nic->peer = getenv("PD_PEER");
	nic->queue = atoi(getenv("PD_QUEUE"));

	pd_udp = true;
	if (pd_if_up(nic->ifname, true) || pd_if_up(nic->peer, true))
		return "PD_IFACE or PD_PEER does not go up";
	if (pd_if_ready(nic->ifname) || pd_if_ready(nic->peer))
		return "PD_IFACE or PD_PEER has no carrier";
	if (pd_nic_steer(nic, nic->queue))
		return "the RSS table of PD_IFACE cannot be set";

	nic->tx = pd_tx_open(nic->peer);
	if (nic->tx < 0)
		return "PD_PEER cannot send";
	nic->witness = witness_open(if_nametoindex(nic->ifname));
	if (nic->witness < 0) {
		close(nic->tx);
		return "no plain socket on PD_IFACE";
	}

	return NULL;
}

/* The devices are as before. */
void pd_nic_close(struct pd_nic *nic)
{
	close(nic->witness);
	close(nic->tx);
	pd_nic_spread(nic);
	pd_if_mtu(nic->ifname, 1500);
	pd_if_mtu(nic->peer, 1500);
}

/* Everything that comes goes to @queue. */
int pd_nic_steer(const struct pd_nic *nic, __u32 queue)
{
	return pd_run("ethtool -X %s start %u equal 1", nic->ifname, queue);
}

int pd_nic_spread(const struct pd_nic *nic)
{
	return pd_run("ethtool -X %s default", nic->ifname);
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

/* How many frames the stack got since the last call, until none comes for
 * @msecs.
 */
int pd_nic_witnessed(const struct pd_nic *nic, int msecs)
{
	struct pollfd pfd = { .fd = nic->witness, .events = POLLIN };
	static __u8 buf[PD_FRAME_MAX];
	int n = 0;

	/* that the device went down is an error first */
	while (poll(&pfd, 1, msecs) == 1)
		n += recv(nic->witness, buf, sizeof(buf), 0) > 0;

	return n;
}
