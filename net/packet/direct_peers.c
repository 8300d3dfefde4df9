// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets whose leases begin or end at once.
 *
 * Only the caller's socket is locked.  What is looked at of the others changes under
 * RTNL, and a ring with a claim cannot go away while that is held, because its release
 * waits for it.
 */
#include <linux/net.h>
#include <linux/rtnetlink.h>
#include <net/sock.h>

#include "internal.h"

/* May this ring begin or end with @first?  One of the same device is in the same network
 * namespace: a lease is lost when its device leaves that of the socket.
 */
static enum packet_direct_reason
packet_direct_check_peer(const struct packet_direct *first,
			 const struct packet_direct *pd, bool prepared)
{
	if (!pd)
		return PACKET_DIRECT_PEER_NOT_V4;
	if (!list_empty(&pd->together))
		return PACKET_DIRECT_PEER_TWICE;
	if (prepared && (!pd->pdq.dev || pd->begun))
		return PACKET_DIRECT_PEER_NOT_PREPARED;
	if (!pd->pdq.dev)
		return PACKET_DIRECT_PEER_NOT_LEASED;
	if (pd->pdq.dev != first->pdq.dev)
		return PACKET_DIRECT_PEER_OTHER_DEVICE;
	return PACKET_DIRECT_OK;
}

static enum packet_direct_reason
packet_direct_gather_peer(const struct packet_direct *first, int fd,
			  bool prepared, struct list_head *pds)
{
	enum packet_direct_reason reason = PACKET_DIRECT_PEER_NOT_V4;
	struct packet_direct *pd;
	struct socket *sock;
	int err;

	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return err == -EBADF ? PACKET_DIRECT_PEER_BAD_FD : reason;
	if (sock->sk->sk_family == AF_PACKET) {
		rcu_read_lock();
		pd = rcu_dereference(pkt_sk(sock->sk)->direct);
		reason = packet_direct_check_peer(first, pd, prepared);
		if (!reason)
			list_add_tail(&pd->together, pds);
		rcu_read_unlock();
	}
	sockfd_put(sock);
	return reason;
}

static enum packet_direct_reason
packet_direct_gather(struct packet_direct *first, const s32 *fds, u32 nr,
		     bool prepared, struct list_head *pds)
{
	enum packet_direct_reason reason = PACKET_DIRECT_OK;
	u32 i;

	ASSERT_RTNL();
	list_add(&first->together, pds);
	for (i = 0; !reason && i < nr; i++)
		reason = packet_direct_gather_peer(first, fds[i], prepared, pds);
	return reason;
}

/**
 * packet_direct_gather_prepared() - the leases that are to begin together
 * @first: the caller's ring
 * @fds: of the others
 * @nr: how many others
 * @pds: empty list; has the caller's ring first, and is to be emptied in any case
 *
 * Context: lock_sock, RTNL, until @pds is empty again.
 * Return: PACKET_DIRECT_OK or why one of them cannot.
 */
enum packet_direct_reason
packet_direct_gather_prepared(struct packet_direct *first, const s32 *fds,
			      u32 nr, struct list_head *pds)
{
	enum packet_direct_reason reason;
	struct packet_direct *pd;

	if (!first->pdq.dev || first->begun)
		return PACKET_DIRECT_NOT_PREPARED;
	reason = packet_direct_gather(first, fds, nr, true, pds);
	if (reason)
		return reason;
	list_for_each_entry(pd, pds, together) {
		reason = packet_direct_may_begin(pd);
		if (reason)
			return reason;
	}
	return PACKET_DIRECT_OK;
}

/**
 * packet_direct_gather_leased() - the leases that are to end together
 * @first: as for packet_direct_gather_prepared()
 * @fds: likewise
 * @nr: likewise
 * @pds: likewise
 *
 * They have begun or are prepared.
 *
 * Context: as packet_direct_gather_prepared().
 * Return: PACKET_DIRECT_OK or why one of them cannot.
 */
enum packet_direct_reason
packet_direct_gather_leased(struct packet_direct *first, const s32 *fds, u32 nr,
			    struct list_head *pds)
{
	return packet_direct_gather(first, fds, nr, false, pds);
}
