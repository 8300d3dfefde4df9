// SPDX-License-Identifier: GPL-2.0
/*
 * Life of the model and access to its registers.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/gen.h"
#include "ixgbe/ixgbe.h"

#define DEFAULT_DISABLE_DELAY_US	50

/* What a field holds that means nothing, and that nobody may look at. */
uint32_t ixgbe_noise(struct ixgbe *nic, uint32_t bits)
{
	return (uint32_t)gen_random(1, nic->noise++) & bits;
}

bool ixgbe_link_up(const struct ixgbe *nic)
{
	return nicsim_link_up(nic->sim) && !nic->phy.asleep;
}

/* While software has asked for "GIO master disable" nothing reaches memory. */
bool ixgbe_dma_allowed(const struct ixgbe *nic)
{
	return nic->bus_master && !(ixgbe_get(nic, IXG_CTRL) & CTRL_GIO_DIS);
}

/* What a queue that goes into operation was given, bits that the registers do
 * not have included.
 */
void ixgbe_ring_strict(struct ixgbe *nic, const char *queue, unsigned int q, uint32_t base,
		       uint32_t len)
{
	if (base % RING_BASE_ALIGN)
		nicsim_strict(nic->sim, "%s queue %u: ring at %#x is not on a multiple of 128",
			      queue, q, base);
	if (!len || len % RING_LEN_ALIGN)
		nicsim_strict(nic->sim, "%s queue %u: ring of %#x bytes, no multiple of 128",
			      queue, q, len);
	if (!nic->bus_master)
		nicsim_strict(nic->sim, "%s queue %u is on while bus mastering is off", queue, q);
}

static void arm_disable_timer(struct ixgbe *nic, uint64_t now)
{
	uint64_t earliest = UINT64_MAX;
	unsigned int q;

	for (q = 0; q < IXG_MAX_QUEUES; q++) {
		if (nic->rxq[q].disable_at && nic->rxq[q].disable_at < earliest)
			earliest = nic->rxq[q].disable_at;
		if (nic->txq[q].disable_at && nic->txq[q].disable_at < earliest)
			earliest = nic->txq[q].disable_at;
	}
	if (earliest != UINT64_MAX)
		nicsim_timer_arm(nic->disable_timer, earliest > now ? earliest - now : 0);
}

static void disable_due(void *arg)
{
	struct ixgbe *nic = arg;
	uint64_t now = nicsim_now_ns();
	unsigned int q;

	for (q = 0; q < IXG_MAX_QUEUES; q++) {
		if (nic->rxq[q].disable_at && nic->rxq[q].disable_at <= now)
			ixgbe_rxq_try_stop(nic, q);
		if (nic->txq[q].disable_at && nic->txq[q].disable_at <= now)
			ixgbe_txq_stop(nic, q);
	}
	arm_disable_timer(nic, now);
}

/* A queue goes on for a while after software cleared its ENABLE bit, which
 * reads as set until the queue has really stopped.
 */
void ixgbe_disable_at(struct ixgbe *nic, uint64_t *when)
{
	uint64_t now = nicsim_now_ns();

	*when = now + nic->disable_delay_us * 1000 + 1;
	arm_disable_timer(nic, now);
}

static void update_link(struct ixgbe *nic)
{
	uint32_t *links = ixgbe_reg(nic, IXG_LINKS), *status = ixgbe_reg(nic, IXG_STATUS);

	*links = LINKS_10G;
	*status &= ~STATUS_LINK_UP;
	if (!ixgbe_link_up(nic))
		return;
	*links |= LINKS_UP | LINKS_LINK_STATUS;
	*status |= STATUS_LINK_UP;
}

static void reset_queues(struct ixgbe *nic)
{
	unsigned int q;

	for (q = 0; q < IXG_MAX_QUEUES; q++) {
		ixgbe_rxq_end(nic, q);
		nic->rxq[q].base_written = 0;
		nic->rxq[q].len_written = 0;
		nic->txq[q].enabled = false;
		nic->txq[q].disable_at = 0;
		nic->txq[q].base_written = 0;
		nic->txq[q].len_written = 0;
		memset(nic->txq[q].context, 0, sizeof(nic->txq[q].context));
	}
}

/* The station address comes from the EEPROM. */
void ixgbe_reset(struct ixgbe *nic)
{
	const uint8_t *mac = nic->mac;

	reset_queues(nic);
	ixgbe_irq_reset(nic);
	ixgbe_reg_defaults(nic);
	ixgbe_fdir_clear(nic);
	nic->rss_stale = true;
	ixgbe_clock_reset(nic);
	*ixgbe_reg(nic, IXG_RAL(0)) = mac[0] | mac[1] << 8 | mac[2] << 16 | (uint32_t)mac[3] << 24;
	*ixgbe_reg(nic, IXG_RAH(0)) = mac[4] | mac[5] << 8 | RAH_AV;
	update_link(nic);
	ixgbe_rx_flush(nic);
}

uint32_t ixgbe_reg_read(struct ixgbe *nic, uint32_t offset)
{
	unsigned int i;
	const struct ixgbe_reg *reg = ixgbe_reg_find(nic, &offset, &i);
	uint32_t val;

	if (!reg) {
		nicsim_strict(nic->sim, "read of unknown register %#07x", offset);
		return 0;
	}
	if (reg->read)
		return reg->read(nic, i);
	val = ixgbe_get(nic, offset);
	if (reg->clear_on_read)
		*ixgbe_reg(nic, offset) = 0;
	return val;
}

void ixgbe_reg_write(struct ixgbe *nic, uint32_t offset, uint32_t val)
{
	unsigned int i;
	const struct ixgbe_reg *reg = ixgbe_reg_find(nic, &offset, &i);
	uint32_t *stored;

	if (!reg) {
		nicsim_strict(nic->sim, "write of %#x to unknown register %#07x", val, offset);
		return;
	}
	stored = ixgbe_reg(nic, offset);
	*stored = (*stored & ~reg->writable) | (val & reg->writable);
	if (reg->write)
		reg->write(nic, i, val);
}

static void bad_access(struct ixgbe *nic, const char *what, unsigned int bar, uint64_t off,
		       unsigned int size)
{
	nicsim_strict(nic->sim, "%s of %u bytes at BAR %u offset %#jx", what, size, bar,
		      (uintmax_t)off);
}

uint64_t ixgbe_bar_read(void *priv, unsigned int bar, uint64_t off, unsigned int size)
{
	struct ixgbe *nic = priv;
	uint64_t val;

	if (bar != 0 || size < 4 || off % size || off + size > IXG_BAR_SIZE) {
		bad_access(nic, "read", bar, off, size);
		return ~0ull;
	}
	if (fault_due(&nic->fault, FAULT_ALL_ONES, nic->fault.queue))
		return ~0ull;
	val = ixgbe_reg_read(nic, off);
	if (size == 8)
		val |= (uint64_t)ixgbe_reg_read(nic, off + 4) << 32;
	return val;
}

/* A write of 8 bytes is two writes, the lower address first. */
void ixgbe_bar_write(void *priv, unsigned int bar, uint64_t off, uint64_t val, unsigned int size)
{
	struct ixgbe *nic = priv;

	if (bar != 0 || size < 4 || off % size || off + size > IXG_BAR_SIZE) {
		bad_access(nic, "write", bar, off, size);
		return;
	}
	if (fault_due(&nic->fault, FAULT_ALL_ONES, nic->fault.queue))
		return;
	ixgbe_reg_write(nic, off, val);
	if (size == 8)
		ixgbe_reg_write(nic, off + 4, val >> 32);
}

void ixgbe_destroy(void *priv)
{
	struct ixgbe *nic = priv;

	ixgbe_rx_flush(nic);
	nicsim_timer_free(nic->irq.timer);
	nicsim_timer_free(nic->disable_timer);
	nicsim_timer_free(nic->held_timer);
	guard_free(&nic->guard);
	free(nic->fdir.filter);
	free(nic->tx_frame);
	free(nic);
}

void *ixgbe_create(struct nicsim *sim, const uint8_t mac[6], const struct ixgbe_variant *variant)
{
	struct ixgbe *nic = calloc(1, sizeof(*nic));

	if (!nic)
		return NULL;
	nic->sim = sim;
	nic->variant = variant;
	nic->disable_delay_us = DEFAULT_DISABLE_DELAY_US;
	nic->write_back_batch = 1;
	nic->fault = FAULTS_INIT;
	nic->pb.tail = &nic->pb.head;
	nic->pb.stopping = NO_QUEUE;
	memcpy(nic->mac, mac, sizeof(nic->mac));
	nic->disable_timer = nicsim_timer_new(sim, disable_due, nic);
	nic->tx_frame = malloc(IXG_TX_FRAME_MAX + 64);
	if (!ixgbe_irq_init(nic) || !ixgbe_fdir_init(nic) || !ixgbe_held_init(nic) ||
	    !nic->disable_timer || !nic->tx_frame) {
		ixgbe_destroy(nic);
		return NULL;
	}
	ixgbe_reg_init(nic);
	ixgbe_eeprom_init(nic);
	ixgbe_phy_init(nic);
	ixgbe_reset(nic);
	nicsim_on_tx_room(sim, ixgbe_tx_all);
	return nic;
}

void ixgbe_function_reset(void *priv)
{
	ixgbe_reset(priv);
}

void ixgbe_bus_master(void *priv, bool on)
{
	struct ixgbe *nic = priv;

	nic->bus_master = on;
	if (!on)
		return;
	ixgbe_rx_drain(nic);
	ixgbe_tx_all(nic);
}

void ixgbe_link(void *priv, bool up)
{
	struct ixgbe *nic = priv;

	update_link(nic);
	ixgbe_irq_other(nic, EICR_LSC);
	if (up)
		ixgbe_tx_all(nic);
}

void ixgbe_knob_changed(void *priv)
{
	ixgbe_rx_drain(priv);
	ixgbe_tx_all(priv);
}

const struct nic_knob ixgbe_knobs[] = {
	{ "rxdctl-disable-delay-us", offsetof(struct ixgbe, disable_delay_us), 0, 10000000, NULL },
	{ "rxdctl-stuck", offsetof(struct ixgbe, rxdctl_stuck), 0, 1, NULL },
	{ "tx-stuck", offsetof(struct ixgbe, tx_stuck), 0, 1, NULL },
	{ "wait-for-descriptors", offsetof(struct ixgbe, wait_for_desc), 0, 1, NULL },
	{ "fault", offsetof(struct ixgbe, fault.kind), FAULT_NONE, FAULT_DONE_BEYOND, fault_names },
	{ "fault-every", offsetof(struct ixgbe, fault.every), 1, 1000000, NULL },
	{ "fault-queue", offsetof(struct ixgbe, fault.queue), 0, FAULT_ALL_QUEUES, NULL },
	{ "guard", offsetof(struct ixgbe, guard.on), 0, 1, NULL },
	{ "write-back-batch", offsetof(struct ixgbe, write_back_batch), 1, 64, NULL },
	{ "stop-at-once", offsetof(struct ixgbe, stop_at_once), 0, 1, NULL },
	{ "fragments-right", offsetof(struct ixgbe, fragments_right), 0, 1, NULL },
	{ "packet-buffer", offsetof(struct ixgbe, pb.size_override), 0, 1 << 30, NULL },
	{}
};
