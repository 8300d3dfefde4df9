/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of a leased queue need of the machine.  Where it is they are
 * told by their environment:
 *
 *	PD_IFACE	the device with the queue
 *	PD_QUEUE	the queue
 *	PD_PEER		another device, wired to the first, that sends
 *	PD_LATE_MS	how late PD_IFACE tells what it had to drop; 0 if not set
 *
 * The tests change the RSS table, MTU, ring size and flags of PD_IFACE, and put
 * them back.  Nothing else may use the two.
 */
#ifndef PACKET_DIRECT_NIC_H
#define PACKET_DIRECT_NIC_H

#include "lib.h"

/**
 * struct pd_nic - a queue, and what is around it
 * @ifname:	PD_IFACE
 * @peer:	PD_PEER
 * @queue:	PD_QUEUE, which has all of the traffic
 * @tx:		sends on @peer
 * @witness:	a plain socket, sees what the stack gets of @ifname
 */
struct pd_nic {
	const char	*ifname;
	const char	*peer;
	__u32		queue;
	int		tx;
	int		witness;
};

const char *pd_nic_missing(void);
const char *pd_nic_open(struct pd_nic *nic);
void pd_nic_close(struct pd_nic *nic);
int pd_nic_steer(const struct pd_nic *nic, __u32 queue);
int pd_nic_spread(const struct pd_nic *nic);
int pd_nic_resume(const struct pd_nic *nic, struct pd_sock *pd);
int pd_nic_witnessed(const struct pd_nic *nic, int msecs);

#endif /* PACKET_DIRECT_NIC_H */
