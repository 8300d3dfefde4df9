// SPDX-License-Identifier: GPL-2.0
/*
 * Notification blocks.  An event of a block whose interrupt is off stays pending
 * until the driver turns it on.  An event within the moderation interval waits for
 * its end.  So none is lost.  Sending an interrupt turns it off.
 */
#include "gve/gve.h"

static void arm_timer(struct gve *nic, uint64_t now)
{
	struct gve_irq_state *irq = &nic->irq;
	uint64_t earliest = UINT64_MAX, held;

	for (held = irq->held; held; held &= held - 1) {
		const struct gve_ntfy *ntfy = &irq->ntfy[__builtin_ctzll(held)];

		if (ntfy->next_ns < earliest)
			earliest = ntfy->next_ns;
	}
	if (earliest != UINT64_MAX)
		nicsim_timer_arm(irq->timer, earliest > now ? earliest - now : 0);
}

static void evaluate(struct gve *nic, unsigned int n)
{
	struct gve_irq_state *irq = &nic->irq;
	struct gve_ntfy *ntfy = &irq->ntfy[n];
	uint64_t now;

	if (!ntfy->enabled || !ntfy->pending)
		return;
	now = nicsim_now_ns();
	if (now < ntfy->next_ns) {
		if (!(irq->held & BIT64(n))) {
			irq->held |= BIT64(n);
			arm_timer(nic, now);
		}
		return;
	}
	ntfy->pending = false;
	ntfy->enabled = false;
	ntfy->next_ns = now + ntfy->interval_ns;
	irq->sent++;
	nicsim_irq(nic->sim, nic->res.msix_base + n);
}

static void intervals_end(void *arg)
{
	struct gve *nic = arg;
	uint64_t now = nicsim_now_ns(), held;

	for (held = nic->irq.held; held; held &= held - 1) {
		unsigned int n = __builtin_ctzll(held);

		if (nic->irq.ntfy[n].next_ns > now)
			continue;
		nic->irq.held &= ~BIT64(n);
		evaluate(nic, n);
	}
	arm_timer(nic, now);
}

bool gve_irq_init(struct gve *nic)
{
	nic->irq.timer = nicsim_timer_new(nic->sim, intervals_end, nic);
	return nic->irq.timer;
}

void gve_irq_reset(struct gve *nic)
{
	unsigned int n;

	nic->irq.held = 0;
	for (n = 0; n < GVE_NUM_NTFY; n++)
		nic->irq.ntfy[n] = (struct gve_ntfy){ .enabled = false };
}

void gve_irq_event(struct gve *nic, unsigned int n)
{
	nic->irq.ntfy[n].pending = true;
	evaluate(nic, n);
}

/* An event of a receive queue.  A fault may drop its interrupt or repeat it. */
void gve_irq_rx(struct gve *nic, unsigned int q)
{
	unsigned int n = nic->rxq[q].ntfy, i;

	if (fault_due(&nic->fault, FAULT_NO_IRQ, q))
		return;
	gve_irq_event(nic, n);
	if (!fault_due(&nic->fault, FAULT_IRQ_STORM, q))
		return;
	for (i = 0; i < FAULT_STORM; i++)
		nicsim_irq(nic->sim, nic->res.msix_base + n);
}

/* The management vector is the one that no block has: the last or the first. */
void gve_irq_management(struct gve *nic)
{
	if (!nic->res.configured)
		return;
	nic->irq.sent++;
	nicsim_irq(nic->sim, nic->res.msix_base ? 0 : nic->res.num_ntfy);
}

static void dqo_doorbell(struct gve_ntfy *ntfy, uint32_t val)
{
	if ((val >> DQO_IRQ_ITR_SHIFT & 3) != DQO_IRQ_ITR_NONE)
		ntfy->interval_ns = (val >> DQO_IRQ_INTERVAL_SHIFT & DQO_IRQ_INTERVAL) *
				    DQO_IRQ_INTERVAL_NS;
	if (val & DQO_IRQ_CLEAR_PENDING)
		ntfy->pending = false;
	ntfy->enabled = val & DQO_IRQ_ENABLE;
}

void gve_irq_doorbell(struct gve *nic, unsigned int n, uint32_t val)
{
	struct gve_ntfy *ntfy = &nic->irq.ntfy[n];

	if (gve_is_dqo(nic))
		dqo_doorbell(ntfy, val);
	else
		ntfy->enabled = !(val & GQI_IRQ_MASK);
	evaluate(nic, n);
}
