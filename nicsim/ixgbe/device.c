// SPDX-License-Identifier: GPL-2.0
/* Creation of the model, access to its registers, knobs. */
#include <stdlib.h>
#include <string.h>

#include "ixgbe/ixgbe.h"

#define DEFAULT_DISABLE_DELAY_US	50

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
	ixgbe_arm_disable_timer(nic, now);
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
		*ixgbe_reg_ptr(nic, offset) = 0;
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
	stored = ixgbe_reg_ptr(nic, offset);
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

	ixgbe_pb_flush(nic);
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
	ixgbe_pb_drain(nic);
	ixgbe_tx_all(nic);
}

void ixgbe_knob_changed(void *priv)
{
	ixgbe_pb_drain(priv);
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
