/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _NETDEVSIM_DIRECT_H
#define _NETDEVSIM_DIRECT_H

#include <net/packet_direct.h>

struct netdevsim;
struct nsim_rq;

#ifdef CONFIG_PACKET_RX_DIRECT

/* How the NIC of a port misbehaves, see direct.c. */
struct nsim_direct_knobs {
	u32 headroom, withhold, stuck, dead, cut, oversize, damage, reorder;
};

/* The NIC's ring for a queue, see direct.c; without a lease @pdq is NULL. */
struct nsim_direct_ring {
	struct packet_direct_queue *pdq;
	struct nsim_direct_knobs *knobs;
	struct packet_direct_buf bufs[256];
	u32 clean, nic, tail;
};

void nsim_direct_init(struct netdevsim *ns);
void nsim_direct_start(struct nsim_rq *rq, unsigned int queue);
void nsim_direct_stop(struct nsim_rq *rq);
bool nsim_direct_poll(struct nsim_rq *rq, int budget, int *done);

#else

struct nsim_direct_knobs {};
struct nsim_direct_ring {};

static inline void nsim_direct_init(struct netdevsim *ns) {}
static inline void nsim_direct_start(struct nsim_rq *rq, unsigned int queue) {}
static inline void nsim_direct_stop(struct nsim_rq *rq) {}

static inline bool nsim_direct_poll(struct nsim_rq *rq, int budget, int *done)
{
	return false;
}

#endif

#endif
