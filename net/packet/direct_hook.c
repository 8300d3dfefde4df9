// SPDX-License-Identifier: GPL-2.0
/*
 * The protocol hook of a socket with a TPACKET_V4 ring: on while the stack fills the
 * ring, off while it changes and while a NIC fills it.
 */
#include <net/sock.h>

#include "internal.h"

/**
 * packet_direct_unhook() - take the socket off the stack
 * @po: socket
 * @was_running: set to whether it was on
 *
 * po->num is 0 until packet_direct_rehook(), so that NETDEV_UP does not put the
 * hook back meanwhile.
 *
 * Context: lock_sock, may sleep.
 * Return: what po->num was.
 */
__be16 packet_direct_unhook(struct packet_sock *po, bool *was_running)
{
	__be16 num;

	spin_lock(&po->bind_lock);
	num = po->num;
	WRITE_ONCE(po->num, 0);
	*was_running = packet_sock_flag(po, PACKET_SOCK_RUNNING);
	unregister_prot_hook(&po->sk, false);
	spin_unlock(&po->bind_lock);
	synchronize_net();
	return num;
}

/**
 * packet_direct_rehook() - put the socket on the stack again
 * @po: socket
 * @num: what packet_direct_unhook() returned
 * @was_running: it was on
 *
 * The hook comes to be where NETDEV_UP and NETDEV_DOWN would have left it meanwhile.
 * A device is marked up or down before these are told, and both wait for bind_lock:
 * they do what is missed here.
 *
 * Context: lock_sock.
 */
void packet_direct_rehook(struct packet_sock *po, __be16 num, bool was_running)
{
	struct net_device *dev;
	bool run;

	spin_lock(&po->bind_lock);
	WRITE_ONCE(po->num, num);
	dev = po->prot_hook.dev;
	if (dev)
		run = num && (READ_ONCE(dev->flags) & IFF_UP);
	else
		run = was_running && READ_ONCE(po->ifindex) != -1;
	if (run)
		register_prot_hook(&po->sk);
	else if (was_running)
		packet_direct_netdown(&po->sk);
	spin_unlock(&po->bind_lock);
}

/**
 * packet_direct_unhook_leased() - take the socket off the stack for a lease
 * @po: socket
 * @pd: its ring; the hook stays off while it is leased
 *
 * Context: lock_sock, RTNL, may sleep.
 * Return: whether it was on.
 */
bool packet_direct_unhook_leased(struct packet_sock *po,
				 struct packet_direct *pd)
{
	bool was_running;

	/* waits for a hook, too, that NETDEV_DOWN took off a moment ago */
	spin_lock(&po->bind_lock);
	was_running = packet_sock_flag(po, PACKET_SOCK_RUNNING);
	WRITE_ONCE(pd->leased, true);
	unregister_prot_hook(&po->sk, false);
	spin_unlock(&po->bind_lock);
	synchronize_net();
	return was_running;
}
