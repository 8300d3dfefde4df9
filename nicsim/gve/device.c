// SPDX-License-Identifier: GPL-2.0
/* Creation and reset of the model, registers, doorbells, knobs. */
#include <stdlib.h>
#include <string.h>

#include "gve/gve.h"

#define DEFAULT_MTU	9000
#define DEFAULT_QUEUES	8
#define DEFAULT_SHUFFLE	32
#define DEFAULT_RSC_US	50

static void update_link(struct gve *nic)
{
	nic->device_status &= ~DEVICE_STATUS_LINK;
	if (nicsim_link_up(nic->sim))
		nic->device_status |= DEVICE_STATUS_LINK;
}

static void reset(struct gve *nic)
{
	gve_stats_reset(nic);
	gve_queues_reset(nic);
	gve_irq_reset(nic);
	gve_rss_reset(nic);
	gve_flow_reset(nic);
	memset(&nic->aq, 0, sizeof(nic->aq));
	memset(&nic->res, 0, sizeof(nic->res));
	nic->mtu = nic->knob_mtu;
	nic->random = nic->knob_seed;
	nic->knob_reset = 0;
	nic->device_status = nic->revision ? DEVICE_STATUS_IS_RESET : 0;
	update_link(nic);
	nic->resets++;
	gve_rx_ready(nic);
}

/* Revision 0: writing the page of the admin queue also starts the queue, and writing 0
 * resets the device.  The register reads as 0 after a reset, and nothing else tells
 * of one.
 */
static bool write_pfn(struct gve *nic, uint32_t pfn)
{
	if (nic->revision)
		return false;
	if (!pfn) {
		reset(nic);
		return true;
	}
	if (nic->aq.running)
		nicsim_strict(nic->sim, "admin queue moved while it is running");
	nic->aq.pfn = pfn;
	nic->aq.base = (uint64_t)pfn * GVE_PAGE_SIZE;
	nic->aq.length = GVE_PAGE_SIZE;
	nic->aq.running = true;
	return true;
}

/* Revision 1: base and length are written first, then a bit starts the queue. */
static void run_adminq(struct gve *nic)
{
	uint32_t len = nic->aq.length;

	nic->aq.running = nic->aq.base && len >= AQ_COMMAND_SIZE && !(len & (len - 1));
	if (!nic->aq.running)
		nicsim_strict(nic->sim, "run with an admin queue at %#jx of %u bytes",
			      (uintmax_t)nic->aq.base, len);
	nic->device_status &= ~DEVICE_STATUS_IS_RESET;
}

static bool write_driver_status(struct gve *nic, uint32_t val)
{
	if (!nic->revision)
		return false;
	if (val & ~(DRIVER_STATUS_RUN | DRIVER_STATUS_RESET))
		nicsim_strict(nic->sim, "driver status %#x has unknown bits", val);
	if (val & DRIVER_STATUS_RESET)
		reset(nic);
	else if (val & DRIVER_STATUS_RUN)
		run_adminq(nic);
	return true;
}

static bool reg_read(struct gve *nic, uint64_t off, unsigned int size, uint32_t *val)
{
	if (size != 4)
		return false;
	switch (off) {
	case GVE_REG_DEVICE_STATUS:
		*val = nic->device_status;
		return true;
	case GVE_REG_MAX_TX_QUEUES:
	case GVE_REG_MAX_RX_QUEUES:
		*val = GVE_MAX_QUEUES;
		return true;
	case GVE_REG_AQ_PFN:
		*val = nic->aq.pfn;
		return !nic->revision;
	case GVE_REG_AQ_COUNTER:
		*val = nic->aq.counter;
		return true;
	}
	return false;
}

static bool aq_write(struct gve *nic, uint64_t off, uint32_t val)
{
	if (!nic->revision)
		return false;
	if (nic->aq.running)
		nicsim_strict(nic->sim, "admin queue moved while it is running");
	if (off == GVE_REG_AQ_LENGTH)
		nic->aq.length = val;
	else if (off == GVE_REG_AQ_BASE_HI)
		nic->aq.base = (uint64_t)val << 32 | (uint32_t)nic->aq.base;
	else
		nic->aq.base = (nic->aq.base & ~0xffffffffull) | val;
	return true;
}

/* The version is written letter by letter to one byte. */
static bool reg_write(struct gve *nic, uint64_t off, uint32_t val, unsigned int size)
{
	switch (off) {
	case GVE_REG_DRIVER_VERSION:
		return size == 1;
	case GVE_REG_AQ_LENGTH:
		return size == 2 && aq_write(nic, off, val);
	case GVE_REG_AQ_BASE_HI:
	case GVE_REG_AQ_BASE_LO:
		return size == 4 && aq_write(nic, off, val);
	case GVE_REG_DRIVER_STATUS:
		return size == 4 && write_driver_status(nic, val);
	case GVE_REG_AQ_PFN:
		return size == 4 && write_pfn(nic, val);
	case GVE_REG_AQ_DOORBELL:
		if (size == 4)
			gve_aq_doorbell(nic, val);
		return size == 4;
	}
	return false;
}

static uint64_t swap(uint64_t val, unsigned int size)
{
	if (size == 4)
		return __builtin_bswap32(val);
	return size == 2 ? __builtin_bswap16(val) : val;
}

static uint64_t gve_bar_read(void *priv, unsigned int bar, uint64_t off, unsigned int size)
{
	struct gve *nic = priv;
	uint32_t val;

	if (fault_due(&nic->fault, FAULT_ALL_ONES, nic->fault.queue))
		return ~0ull;
	if (bar == GVE_REG_BAR && reg_read(nic, off, size, &val))
		return swap(val, size);
	nicsim_strict(nic->sim, "read of %u bytes at BAR %u offset %#jx", size, bar,
		      (uintmax_t)off);
	return ~0ull;
}

/* Returns false when the device has given out no doorbell at this offset. */
static bool doorbell(struct gve *nic, uint64_t off, uint32_t val)
{
	uint64_t page = off / GVE_DB_PAGE;

	if (off % GVE_DB_PAGE || !nic->res.configured)
		return false;
	if (page < GVE_DB_RX && nic->txq[page].on)
		gve_tx_doorbell(nic, page, val);
	else if (page >= GVE_DB_RX && page < GVE_DB_IRQ && nic->rxq[page - GVE_DB_RX].on)
		gve_rx_doorbell(nic, page - GVE_DB_RX, val);
	else if (page >= GVE_DB_IRQ && page < GVE_DB_IRQ + nic->res.num_ntfy)
		gve_irq_doorbell(nic, page - GVE_DB_IRQ, val);
	else
		return false;
	return true;
}

static void gve_bar_write(void *priv, unsigned int bar, uint64_t off, uint64_t val,
			  unsigned int size)
{
	struct gve *nic = priv;

	if (fault_due(&nic->fault, FAULT_ALL_ONES, nic->fault.queue))
		return;
	if (bar == GVE_REG_BAR && reg_write(nic, off, swap(val, size), size))
		return;
	if (bar == GVE_DB_BAR && size == 4 &&
	    doorbell(nic, off, gve_is_dqo(nic) ? val : swap(val, size)))
		return;
	nicsim_strict(nic->sim, "write of %u bytes at BAR %u offset %#jx", size, bar,
		      (uintmax_t)off);
}

static void gve_destroy(void *priv)
{
	struct gve *nic = priv;

	gve_queues_reset(nic);
	nicsim_timer_free(nic->irq.timer);
	nicsim_timer_free(nic->report.timer);
	nicsim_timer_free(nic->rsc_timer);
	guard_free(&nic->guard);
	free(nic->flow);
	free(nic->tx_frame);
	free(nic);
}

static void *gve_create(struct nicsim *sim, const uint8_t mac[6])
{
	struct gve *nic = calloc(1, sizeof(*nic));

	if (!nic)
		return NULL;
	nic->sim = sim;
	memcpy(nic->mac, mac, sizeof(nic->mac));
	nic->knob_format = FORMAT_DQO_RDA;
	nic->knob_mtu = DEFAULT_MTU;
	nic->knob_queues = DEFAULT_QUEUES;
	nic->knob_shuffle = DEFAULT_SHUFFLE;
	nic->knob_seed = 1;
	nic->knob_rsc_us = DEFAULT_RSC_US;
	nic->knob_stamps = 1;
	nic->fault = FAULTS_INIT;
	nic->tx_frame = malloc(GVE_TX_FRAME_MAX);
	if (!gve_irq_init(nic) || !gve_stats_init(nic) || !gve_rsc_init(nic) ||
	    !gve_flow_init(nic) || !nic->tx_frame) {
		gve_destroy(nic);
		return NULL;
	}
	reset(nic);
	nicsim_on_tx_room(sim, gve_tx_all);
	return nic;
}

static void gve_function_reset(void *priv)
{
	reset(priv);
}

static void gve_bus_master(void *priv, bool on)
{
	struct gve *nic = priv;

	nic->bus_master = on;
	if (!on)
		return;
	gve_rx_ready(nic);
	gve_tx_all(nic);
}

static void gve_link(void *priv, bool up)
{
	struct gve *nic = priv;

	update_link(nic);
	gve_irq_management(nic);
	if (up)
		gve_tx_all(nic);
}

/* For the guest this is another device. */
static void change_revision(struct gve *nic)
{
	nic->revision = nic->knob_revision;
	nicsim_set_revision(nic->sim, (uint8_t)nic->revision);
	reset(nic);
}

/* The knob ask-reset makes the device ask its driver for a reset.  Knobs that are not
 * here are read when they are needed.
 */
static void gve_knob_changed(void *priv)
{
	struct gve *nic = priv;

	if (nic->revision != nic->knob_revision)
		change_revision(nic);
	nic->random = nic->knob_seed;
	gve_tx_all(nic);
	gve_report_soon(nic);
	gve_clock_set(nic);
	if (!nic->res.configured) {
		nic->mtu = nic->knob_mtu;
		nic->knob_reset = 0;
	}
	if (!nic->knob_reset || (nic->device_status & DEVICE_STATUS_RESET))
		return;
	nic->device_status |= DEVICE_STATUS_RESET;
	gve_irq_management(nic);
}

static const char * const formats[] = {
	[FORMAT_GQI_RDA] = "gqi-rda",
	[FORMAT_GQI_QPL] = "gqi-qpl",
	[FORMAT_DQO_RDA] = "dqo-rda",
	[FORMAT_DQO_QPL] = "dqo-qpl",
};

static const struct nic_knob gve_knobs[] = {
	{ "format", offsetof(struct gve, knob_format), FORMAT_GQI_RDA, FORMAT_DQO_QPL, formats },
	{ "revision", offsetof(struct gve, knob_revision), 0, GVE_REVISION_MAX, NULL },
	{ "mtu", offsetof(struct gve, knob_mtu), 68, GVE_MTU_MAX, NULL },
	{ "queues", offsetof(struct gve, knob_queues), 1, GVE_MAX_QUEUES, NULL },
	{ "shuffle", offsetof(struct gve, knob_shuffle), 0, GVE_RING_MAX, NULL },
	{ "seed", offsetof(struct gve, knob_seed), 1, UINT64_MAX, NULL },
	{ "rsc-us", offsetof(struct gve, knob_rsc_us), 1, 1000000, NULL },
	{ "ask-reset", offsetof(struct gve, knob_reset), 0, 1, NULL },
	{ "wrong-ids", offsetof(struct gve, knob_wrong_ids), 0, GVE_RING_MAX, NULL },
	{ "tx-stuck", offsetof(struct gve, knob_tx_stuck), 0, 1, NULL },
	{ "refuse-queue", offsetof(struct gve, knob_refuse_queue), 0, GVE_MAX_QUEUES, NULL },
	{ "stamps", offsetof(struct gve, knob_stamps), 0, 1000000, NULL },
	{ "clock-ns", offsetof(struct gve, knob_clock_ns), 0, INT64_MAX, NULL },
	{ "report-ms", offsetof(struct gve, knob_report_ms), 0, REPORT_MS_MAX, NULL },
	{ "fault", offsetof(struct gve, fault.kind), FAULT_NONE, FAULT_HEADER_ZERO, fault_names },
	{ "fault-every", offsetof(struct gve, fault.every), 1, 1000000, NULL },
	{ "fault-queue", offsetof(struct gve, fault.queue), 0, FAULT_ALL_QUEUES, NULL },
	{ "guard", offsetof(struct gve, guard.on), 0, 1, NULL },
	{}
};

const struct nic_model gve_model = {
	.name = "gvnic",
	.vendor = 0x1ae0,
	.device = 0x0042,
	.subvendor = 0x1ae0,
	.subdevice = 0x0058,
	.class_code = 0x020000,
	.bar = {
		[GVE_REG_BAR] = { .size = GVE_REG_BAR_SIZE },
		[GVE_MSIX_BAR] = { .size = GVE_MSIX_BAR_SIZE },
		[GVE_DB_BAR] = { .size = GVE_DB_BAR_SIZE },
	},
	.msix_vectors = GVE_NUM_VECTORS,
	.msix_bar = GVE_MSIX_BAR,
	.msix_cap_offset = 0x80,
	.pm_cap_offset = 0x40,
	.pcie_cap_offset = 0xa0,
	.create = gve_create,
	.destroy = gve_destroy,
	.reset = gve_function_reset,
	.bar_read = gve_bar_read,
	.bar_write = gve_bar_write,
	.bus_master = gve_bus_master,
	.wire_rx = gve_wire_rx,
	.link = gve_link,
	.stats = gve_stats_print,
	.knobs = gve_knobs,
	.knob_changed = gve_knob_changed,
};
