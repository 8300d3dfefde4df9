// SPDX-License-Identifier: GPL-2.0
/*
 * Sections "Receive Descriptor Write-Back" and "Receive Side Coalescing": when a
 * finished descriptor is written to memory.
 *
 * This model writes it at once.  Real hardware may wait until there are several, or
 * until the moderation interval ends; the knob write-back-batch makes the model wait,
 * too.  A frame that RSC could make longer always waits for the end of the interval,
 * which closes its context.
 */
#include <endian.h>

#include "ixgbe/ixgbe.h"

#define RSC_MAX		16	/* descriptors of a context */

static bool write_held(struct ixgbe *nic, const struct ixgbe_held *h)
{
	if (!nicsim_dma_write(nic->sim, h->addr, &h->half[0], sizeof(h->half[0]), "RX descriptor"))
		return false;
	nicsim_dma_barrier();
	return nicsim_dma_write(nic->sim, h->addr + 8, &h->half[1], sizeof(h->half[1]),
				"RX descriptor");
}

/* Writes all held descriptors in order.  Sends no interrupt. */
static bool flush(struct ixgbe *nic, unsigned int q)
{
	struct ixgbe_rx_queue *rxq = &nic->rxq[q];
	unsigned int i, count = rxq->num_held;
	bool good = true;

	rxq->num_held = 0;
	rxq->held_until = 0;
	rxq->rsc_open = false;
	for (i = 0; i < count && good; i++)
		good = write_held(nic, &rxq->held[i]);
	return good;
}

static void arm_timer(struct ixgbe *nic)
{
	uint64_t now = nicsim_now_ns(), earliest = UINT64_MAX;
	unsigned int q;

	for (q = 0; q < IXG_MAX_QUEUES; q++)
		if (nic->rxq[q].held_until && nic->rxq[q].held_until < earliest)
			earliest = nic->rxq[q].held_until;
	if (earliest != UINT64_MAX)
		nicsim_timer_arm(nic->held_timer, earliest > now ? earliest - now : 0);
}

static void interval_ended(void *arg)
{
	struct ixgbe *nic = arg;
	uint64_t now = nicsim_now_ns();
	unsigned int q;

	for (q = 0; q < IXG_MAX_QUEUES; q++) {
		if (!nic->rxq[q].held_until || nic->rxq[q].held_until > now)
			continue;
		flush(nic, q);
		ixgbe_irq_queue(nic, q, false);
	}
	arm_timer(nic);
}

bool ixgbe_held_init(struct ixgbe *nic)
{
	nic->held_timer = nicsim_timer_new(nic->sim, interval_ended, nic);
	return nic->held_timer;
}

/* A descriptor is done.  After the last one of a frame, call ixgbe_held_end(). */
bool ixgbe_hold(struct ixgbe *nic, unsigned int q, uint64_t addr, uint64_t lower, uint64_t upper)
{
	struct ixgbe_rx_queue *rxq = &nic->rxq[q];

	if (rxq->num_held == ARRAY_SIZE(rxq->held) && !flush(nic, q))
		return false;
	rxq->held[rxq->num_held++] = (struct ixgbe_held){
		.addr = addr, .half = { htole64(lower), htole64(upper) },
	};
	return true;
}

static bool opens_context(struct ixgbe *nic, unsigned int q, const struct pkt *pkt)
{
	return pkt->l4 == L4_TCP && nic->rxq[q].num_held < RSC_MAX &&
	       (ixgbe_get(nic, ixgbe_rx_base(q) + RX_RSCCTL) & RSCCTL_RSCEN);
}

/**
 * ixgbe_held_end() - all descriptors of a frame are done
 * @nic: the model
 * @q: receive queue
 * @pkt: the frame's headers
 * @now: write them now
 *
 * Return: false when one could not be written.
 */
bool ixgbe_held_end(struct ixgbe *nic, unsigned int q, const struct pkt *pkt, bool now)
{
	uint64_t interval = ixgbe_irq_interval(nic, q);
	struct ixgbe_rx_queue *rxq = &nic->rxq[q];
	bool good;

	if (!now && interval && opens_context(nic, q, pkt)) {
		rxq->rsc_open = true;
	} else if (now || !interval || rxq->rsc_open || rxq->num_held >= nic->write_back_batch) {
		good = flush(nic, q);
		ixgbe_irq_queue(nic, q, false);
		return good;
	}
	if (!rxq->held_until) {
		rxq->held_until = nicsim_now_ns() + interval;
		arm_timer(nic);
	}
	return true;
}

/* SWFLSH was written, or the queue stops.  An open context stays open. */
void ixgbe_held_flush(struct ixgbe *nic, unsigned int q)
{
	if (!nic->rxq[q].num_held || nic->rxq[q].rsc_open)
		return;
	flush(nic, q);
	ixgbe_irq_queue(nic, q, false);
}

/* The receiver is turned off, which closes all contexts. */
void ixgbe_held_close(struct ixgbe *nic, unsigned int q)
{
	nic->rxq[q].rsc_open = false;
	ixgbe_held_flush(nic, q);
}

/* A reset.  The frames are in memory, but the driver is never told of them. */
void ixgbe_held_forget(struct ixgbe *nic, unsigned int q)
{
	struct ixgbe_rx_queue *rxq = &nic->rxq[q];
	unsigned int i;

	for (i = 0; i < rxq->num_held; i++)
		nic->fate.unwritten += !!(le64toh(rxq->held[i].half[1]) & RXD_STAT_EOP);
	rxq->num_held = 0;
	rxq->held_until = 0;
	rxq->rsc_open = false;
}
