/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The queue that a test leases, and the device that sends to it.  The environment
 * names them:
 *
 *	PD_IFACE	the device with the queue
 *	PD_QUEUE	the queue
 *	PD_PEER		another device, wired to the first, that sends
 *	PD_BY		"xsk": the queue is leased by the driver's AF_XDP; "native": by
 *			its own support; else the kernel chooses
 *	PD_LATE_MS	how late PD_IFACE tells what it had to drop; 0 if not set
 *	PD_REMOVE	a command that removes PD_IFACE
 *
 * Without PD_IFACE netdevsim.sh makes two devices for the program.  The tests change
 * steering, MTU, ring size and flags of the devices, and put them back.  Nobody else
 * may use the two.
 */
#ifndef PACKET_DIRECT_NIC_H
#define PACKET_DIRECT_NIC_H

#include "lib.h"

/**
 * struct pd_nic - a queue, and what is around it
 * @ifname:	PD_IFACE
 * @peer:	PD_PEER
 * @queue:	PD_QUEUE, which has all of the traffic
 * @queues:	how many RX queues @ifname has, without the keeper's
 * @tx:		sends on @peer
 * @witness:	a plain socket, sees what the stack gets of @ifname
 * @keeper:	has another queue, where the device restarts for its first lease: so
 *		that the tests' leases and releases restart their queue alone
 */
struct pd_nic {
	const char	*ifname;
	const char	*peer;
	__u32		queue;
	__u32		queues;
	int		tx;
	int		witness;
	int		keeper;
};

const char *pd_nic_missing(void);
void pd_nic_name(struct pd_nic *nic);
const char *pd_nic_open(struct pd_nic *nic);
void pd_nic_close(struct pd_nic *nic);
void pd_nic_end_keeper(struct pd_nic *nic);
int pd_nic_limits(const struct pd_nic *nic, struct tpacket4_info *info);
int pd_nic_steer(const struct pd_nic *nic, __u32 queue);
int pd_nic_spread(const struct pd_nic *nic);
int pd_nic_resume(const struct pd_nic *nic, struct pd_sock *pd);
int pd_nic_witnessed(const struct pd_nic *nic, int msecs);
int pd_nic_witnessed_all(const struct pd_nic *nic, int count);

int pd_steer(const char *ifname, const char *peer, __u32 first, __u32 count);

#endif /* PACKET_DIRECT_NIC_H */
