// SPDX-License-Identifier: GPL-2.0
/*
 * Section "Interrupts": a cause reaches its vector through IVAR, passes the mask,
 * waits for the end of the moderation interval, and is sent as an MSI-X message.
 * Then it is cleared and masked as EIAC, EIAM and GPIE ask.
 *
 * A cause that comes while its vector is masked or in its interval stays in EICR.
 * It is looked at again when it is unmasked or the interval ends, so no interrupt
 * is lost.
 */
#include "ixgbe/ixgbe.h"

#define NO_VECTOR	IXG_NUM_VECTORS

static unsigned int ivar_vector(uint32_t entry)
{
	return entry & IVAR_VALID ? entry & IVAR_VECTOR : NO_VECTOR;
}

static unsigned int other_vector(struct ixgbe *nic)
{
	return ivar_vector(ixgbe_get(nic, IXG_IVAR_MISC) >> 8);
}

static uint64_t interval_ns(const struct ixgbe *nic, unsigned int vector)
{
	uint32_t offset = vector < IXG_EITR_LO_COUNT ?
			  IXG_EITR_LO + vector * 4 :
			  IXG_EITR_HI + (vector - IXG_EITR_LO_COUNT) * 4;
	uint32_t eitr = ixgbe_get(nic, offset) & EITR_INTERVAL;

	return (uint64_t)(eitr >> EITR_INTERVAL_SHIFT) * EITR_UNIT_NS;
}

/* The moderation interval of a receive queue; 0 if it has no vector. */
uint64_t ixgbe_irq_interval(const struct ixgbe *nic, unsigned int queue)
{
	unsigned int vector = ivar_vector(ixgbe_get(nic, IXG_IVAR(queue / 2)) >> (queue & 1) * 16);

	return vector == NO_VECTOR ? 0 : interval_ns(nic, vector);
}

static bool vector_pending(struct ixgbe *nic, unsigned int vector)
{
	struct ixgbe_irq_state *irq = &nic->irq;

	if (irq->queue_cause & irq->queue_mask & BIT64(vector))
		return true;
	return vector == other_vector(nic) && (irq->other_cause & irq->other_mask);
}

/* The bits of EIAM(_EX) take effect only in the extended mode. */
static void auto_mask(struct ixgbe *nic, unsigned int vector)
{
	struct ixgbe_irq_state *irq = &nic->irq;
	uint64_t eiam = ixgbe_get(nic, IXG_EIAM) & EICR_QUEUES;

	eiam |= ixgbe_get(nic, IXG_EIAM_EX) | (uint64_t)ixgbe_get(nic, IXG_EIAM_EX + 4) << 32;
	if (!(ixgbe_get(nic, IXG_GPIE) & GPIE_EIAME))
		return;
	irq->queue_mask &= ~(eiam & BIT64(vector));
	if (vector == other_vector(nic))
		irq->other_mask &= ~(ixgbe_get(nic, IXG_EIAM) & irq->other_cause);
}

/* EIAC has bits for the first 16 vectors.  The others are always cleared. */
static void auto_clear(struct ixgbe *nic, unsigned int vector)
{
	struct ixgbe_irq_state *irq = &nic->irq;
	uint32_t eiac = ixgbe_get(nic, IXG_EIAC);

	if (vector >= 16 || (eiac & BIT32(vector)))
		irq->queue_cause &= ~BIT64(vector);
	if (vector == other_vector(nic))
		irq->other_cause &= ~(eiac & EICR_OTHER);
}

static void send(struct ixgbe *nic, unsigned int vector)
{
	struct ixgbe_irq_state *irq = &nic->irq;

	if (!(ixgbe_get(nic, IXG_GPIE) & GPIE_MSIX)) {
		nicsim_strict(nic->sim, "interrupt for vector %u while GPIE is not in MSI-X mode",
			      vector);
		return;
	}
	irq->next_ns[vector] = nicsim_now_ns() + interval_ns(nic, vector);
	irq->sent++;
	auto_mask(nic, vector);
	auto_clear(nic, vector);
	nicsim_irq(nic->sim, vector);
}

static void arm_timer(struct ixgbe *nic, uint64_t now)
{
	struct ixgbe_irq_state *irq = &nic->irq;
	uint64_t earliest = UINT64_MAX, held;

	for (held = irq->held; held; held &= held - 1) {
		unsigned int vector = __builtin_ctzll(held);

		if (irq->next_ns[vector] < earliest)
			earliest = irq->next_ns[vector];
	}
	if (earliest != UINT64_MAX)
		nicsim_timer_arm(irq->timer, earliest > now ? earliest - now : 0);
}

static void evaluate(struct ixgbe *nic, unsigned int vector)
{
	struct ixgbe_irq_state *irq = &nic->irq;
	uint64_t now;

	if (vector >= IXG_NUM_VECTORS || !vector_pending(nic, vector))
		return;
	now = nicsim_now_ns();
	if (now >= irq->next_ns[vector]) {
		send(nic, vector);
	} else if (!(irq->held & BIT64(vector))) {
		irq->held |= BIT64(vector);
		arm_timer(nic, now);
	}
}

static void evaluate_all(struct ixgbe *nic, uint64_t vectors)
{
	for (; vectors; vectors &= vectors - 1)
		evaluate(nic, __builtin_ctzll(vectors));
}

static void interval_ended(void *arg)
{
	struct ixgbe *nic = arg;
	uint64_t held = nic->irq.held;

	nic->irq.held = 0;
	evaluate_all(nic, held);
	arm_timer(nic, nicsim_now_ns());
}

bool ixgbe_irq_init(struct ixgbe *nic)
{
	nic->irq.timer = nicsim_timer_new(nic->sim, interval_ended, nic);
	return nic->irq.timer;
}

void ixgbe_irq_reset(struct ixgbe *nic)
{
	struct nicsim_timer *timer = nic->irq.timer;
	uint64_t sent = nic->irq.sent;

	nic->irq = (struct ixgbe_irq_state){ .timer = timer, .sent = sent };
}

static void storm(struct ixgbe *nic, unsigned int vector)
{
	unsigned int i;

	for (i = 0; i < FAULT_STORM; i++)
		nicsim_irq(nic->sim, vector);
}

void ixgbe_irq_queue(struct ixgbe *nic, unsigned int queue, bool tx)
{
	uint32_t ivar = ixgbe_get(nic, IXG_IVAR(queue / 2));
	unsigned int vector = ivar_vector(ivar >> ((queue & 1) * 16 + tx * 8));

	if (vector == NO_VECTOR)
		return;
	if (!tx && fault_due(&nic->fault, FAULT_NO_IRQ, queue))
		return;
	nic->irq.queue_cause |= BIT64(vector);
	evaluate(nic, vector);
	if (!tx && fault_due(&nic->fault, FAULT_IRQ_STORM, queue))
		storm(nic, vector);
}

void ixgbe_irq_other(struct ixgbe *nic, uint32_t causes)
{
	nic->irq.other_cause |= causes;
	evaluate(nic, other_vector(nic));
}

uint32_t ixgbe_eics_read(struct ixgbe *nic, unsigned int i)
{
	(void)i;
	return nic->irq.other_cause | (nic->irq.queue_cause & EICR_QUEUES);
}

uint32_t ixgbe_eicr_read(struct ixgbe *nic, unsigned int i)
{
	uint32_t val = ixgbe_eics_read(nic, i);

	if (ixgbe_get(nic, IXG_GPIE) & GPIE_OCD)
		nic->irq.other_cause &= ~EICR_OCD_CLEAR;
	else
		ixgbe_eicr_write(nic, i, ~0u);
	return val;
}

void ixgbe_eicr_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	(void)i;
	nic->irq.other_cause &= ~val;
	nic->irq.queue_cause &= ~(uint64_t)(val & EICR_QUEUES);
}

void ixgbe_eics_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	(void)i;
	nic->irq.queue_cause |= val & EICR_QUEUES;
	nic->irq.other_cause |= val & EICR_OTHER & ~nic->variant->eicr_reserved;
	evaluate_all(nic, val & EICR_QUEUES);
	if (val & EICR_OTHER)
		evaluate(nic, other_vector(nic));
}

uint32_t ixgbe_eims_read(struct ixgbe *nic, unsigned int i)
{
	(void)i;
	return nic->irq.other_mask | (nic->irq.queue_mask & EICR_QUEUES);
}

void ixgbe_eims_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	uint32_t reserved = nic->variant->eicr_reserved;

	(void)i;
	if (val & reserved)
		nicsim_strict(nic->sim, "EIMS: reserved bits %#x set", val & reserved);
	nic->irq.queue_mask |= val & EICR_QUEUES;
	nic->irq.other_mask |= val & EICR_OTHER & ~reserved;
	evaluate_all(nic, val & EICR_QUEUES);
	if (val & EICR_OTHER)
		evaluate(nic, other_vector(nic));
}

void ixgbe_eimc_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	(void)i;
	nic->irq.queue_mask &= ~(uint64_t)(val & EICR_QUEUES);
	nic->irq.other_mask &= ~val;
}

uint32_t ixgbe_eics_ex_read(struct ixgbe *nic, unsigned int i)
{
	return nic->irq.queue_cause >> (i * 32);
}

void ixgbe_eics_ex_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	nic->irq.queue_cause |= (uint64_t)val << (i * 32);
	evaluate_all(nic, (uint64_t)val << (i * 32));
}

uint32_t ixgbe_eims_ex_read(struct ixgbe *nic, unsigned int i)
{
	return nic->irq.queue_mask >> (i * 32);
}

void ixgbe_eims_ex_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	nic->irq.queue_mask |= (uint64_t)val << (i * 32);
	evaluate_all(nic, (uint64_t)val << (i * 32));
}

void ixgbe_eimc_ex_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	nic->irq.queue_mask &= ~((uint64_t)val << (i * 32));
}
