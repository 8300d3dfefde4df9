/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PACKET_RX_DIRECT on drivers that have zero-copy AF_XDP and nothing else for it: what
 * AF_XDP and the core of PACKET_RX_DIRECT call of net/xdp/xsk_direct.c.
 *
 * AF_XDP asks packet_direct_has_pool() and packet_direct_has_sock(), which are one jump
 * that is not taken while no queue is leased in this way.
 */
#ifndef _NET_PACKET_DIRECT_XSK_H
#define _NET_PACKET_DIRECT_XSK_H

#include <linux/jump_label.h>
#include <net/packet_direct.h>
#include <net/xdp_sock.h>
#include <net/xsk_buff_pool.h>

struct xsk_direct;

#ifdef CONFIG_PACKET_RX_DIRECT_XSK

extern const struct packet_direct_ops xsk_direct_ops;

DECLARE_STATIC_KEY_FALSE(xsk_direct_key);

/* Is this pool the memory of a ring, and not of an AF_XDP socket? */
static inline bool xsk_direct_is_pool(const struct xsk_buff_pool *pool)
{
	return READ_ONCE(pool->direct);
}

static inline bool packet_direct_has_pool(const struct xsk_buff_pool *pool)
{
	return static_branch_unlikely(&xsk_direct_key) && xsk_direct_is_pool(pool);
}

/* Is this what frames of such a pool are redirected to? */
static inline bool packet_direct_has_sock(const struct xdp_sock *xs)
{
	return static_branch_unlikely(&xsk_direct_key) &&
	       READ_ONCE(xs->direct);
}

int xsk_direct_rcv(struct xdp_sock *xs, struct xdp_buff *xdp);
void xsk_direct_flush(struct xdp_sock *xs);
struct xdp_buff *xsk_direct_alloc(struct xsk_buff_pool *pool);
u32 xsk_direct_alloc_batch(struct xsk_buff_pool *pool, struct xdp_buff **xdp,
			   u32 max);
bool xsk_direct_can_alloc(struct xsk_buff_pool *pool, u32 count);
void xsk_direct_restarted(struct xsk_buff_pool *pool);

bool xsk_direct_able(const struct net_device *dev);
bool xsk_direct_is_program(const struct bpf_prog *prog);
u32 xsk_direct_told(const struct net_device *dev, u32 flags);
enum packet_direct_reason xsk_direct_mode(const struct net_device *dev, u32 flags);
void xsk_direct_device_up(struct packet_direct_queue *pdq);
void xsk_direct_device_down(struct packet_direct_queue *pdq);

#else

#define xsk_direct_ops (*(const struct packet_direct_ops *)NULL)

static inline bool xsk_direct_is_pool(const struct xsk_buff_pool *pool)
{
	return false;
}

static inline bool packet_direct_has_pool(const struct xsk_buff_pool *pool)
{
	return false;
}

static inline bool packet_direct_has_sock(const struct xdp_sock *xs)
{
	return false;
}

static inline int xsk_direct_rcv(struct xdp_sock *xs, struct xdp_buff *xdp)
{
	return -EOPNOTSUPP;
}

static inline void xsk_direct_flush(struct xdp_sock *xs)
{
}

static inline struct xdp_buff *xsk_direct_alloc(struct xsk_buff_pool *pool)
{
	return NULL;
}

static inline u32 xsk_direct_alloc_batch(struct xsk_buff_pool *pool,
					 struct xdp_buff **xdp, u32 max)
{
	return 0;
}

static inline bool xsk_direct_can_alloc(struct xsk_buff_pool *pool, u32 count)
{
	return false;
}

static inline void xsk_direct_restarted(struct xsk_buff_pool *pool)
{
}

static inline bool xsk_direct_able(const struct net_device *dev)
{
	return false;
}

static inline bool xsk_direct_is_program(const struct bpf_prog *prog)
{
	return false;
}

static inline u32 xsk_direct_told(const struct net_device *dev, u32 flags)
{
	return 0;
}

static inline enum packet_direct_reason
xsk_direct_mode(const struct net_device *dev, u32 flags)
{
	return PACKET_DIRECT_OK;
}

static inline void xsk_direct_device_up(struct packet_direct_queue *pdq)
{
}

static inline void xsk_direct_device_down(struct packet_direct_queue *pdq)
{
}

#endif /* CONFIG_PACKET_RX_DIRECT_XSK */

#endif /* _NET_PACKET_DIRECT_XSK_H */
