// SPDX-License-Identifier: GPL-2.0
/* Counters, and the report: the device writes its part to the end of it. */
#include "gve/gve.h"

#define REPORT_HEADER	8
#define STAT_SIZE	16
#define STATS_PER_QUEUE	4
#define NS_PER_MS	1000000ull

static void put_stat(uint8_t *p, enum gve_nic_stat name, unsigned int q, uint64_t val)
{
	put_be32(p, name);
	put_be32(p + 4, q);
	put_be64(p + 8, val);
}

static size_t write_queues(struct gve *nic, uint8_t *out)
{
	size_t len = 0;
	unsigned int q;

	for (q = 0; q < GVE_MAX_QUEUES; q++) {
		const struct gve_rx_queue *rxq = &nic->rxq[q];
		uint64_t no_desc = rxq->no_desc - rxq->old_no_desc;

		if (!rxq->on)
			continue;
		put_stat(out + len, NIC_RX_QUEUE_DROPS, q, no_desc + rxq->off - rxq->old_off);
		put_stat(out + len + STAT_SIZE, NIC_RX_NO_BUFFERS, q, no_desc);
		put_stat(out + len + 2 * STAT_SIZE, NIC_RX_OVER_MRU, q,
			 q ? 0 : nic->fate.oversize - nic->report.old_oversize);
		put_stat(out + len + 3 * STAT_SIZE, NIC_RX_BAD_CHECKSUM, q, 0);
		len += STATS_PER_QUEUE * STAT_SIZE;
	}
	return len;
}

static uint64_t interval(const struct gve *nic)
{
	return nic->knob_report_ms ? nic->knob_report_ms * NS_PER_MS : nic->report.interval_ns;
}

static void write_report(void *arg)
{
	struct gve *nic = arg;
	struct gve_report *rep = &nic->report;
	uint8_t out[GVE_MAX_QUEUES * STATS_PER_QUEUE * STAT_SIZE];
	size_t len = write_queues(nic, out);

	if (nic->bus_master && len && len <= rep->len - REPORT_HEADER)
		nicsim_dma_write(nic->sim, rep->addr + rep->len - len, out, len, "stats report");
	nicsim_timer_arm(rep->timer, interval(nic));
}

/* The knob is new: the next report comes within the time that it says. */
void gve_report_soon(struct gve *nic)
{
	if (nic->report.addr && nic->knob_report_ms)
		nicsim_timer_arm(nic->report.timer, interval(nic));
}

bool gve_stats_init(struct gve *nic)
{
	nic->report.timer = nicsim_timer_new(nic->sim, write_report, nic);
	return nic->report.timer;
}

static void stop_report(struct gve *nic)
{
	nicsim_timer_cancel(nic->report.timer);
	nic->report.addr = 0;
}

/* Reported counters begin at 0 again; those of gve_stats_print() go on. */
void gve_stats_reset(struct gve *nic)
{
	unsigned int q;

	stop_report(nic);
	nic->report.old_oversize = nic->fate.oversize;
	for (q = 0; q < GVE_MAX_QUEUES; q++) {
		nic->rxq[q].old_no_desc = nic->rxq[q].no_desc;
		nic->rxq[q].old_off = nic->rxq[q].off;
	}
}

enum gve_aq_status gve_report_stats(struct gve *nic, const uint8_t *cmd)
{
	uint64_t len = get_be64(cmd), addr = get_be64(cmd + 8), ms = get_be64(cmd + 16);

	if (!addr) {
		stop_report(nic);
		return AQ_PASSED;
	}
	if (len < REPORT_HEADER || len % 8 || !ms || ms > REPORT_MS_MAX) {
		nicsim_strict(nic->sim, "stats report: %ju bytes each %ju ms", (uintmax_t)len,
			      (uintmax_t)ms);
		return AQ_INVALID_ARGUMENT;
	}
	nic->report.addr = addr;
	nic->report.len = len;
	nic->report.interval_ns = ms * NS_PER_MS;
	nicsim_timer_arm(nic->report.timer, interval(nic));
	return AQ_PASSED;
}

static void print_queues(const struct gve *nic, FILE *out)
{
	bool first = true;
	unsigned int q;

	fputs(",\"rx_queue\":{", out);
	for (q = 0; q < GVE_MAX_QUEUES; q++) {
		const struct gve_rx_queue *rxq = &nic->rxq[q];
		const struct nic_counter row[] = {
			{ "frames", rxq->frames }, { "bytes", rxq->bytes },
			{ "no_desc", rxq->no_desc }, { "off", rxq->off },
			{ "bufs", rxq->bufs },
		};

		if (rxq->frames || rxq->no_desc || rxq->off || rxq->on)
			json_queue(out, &first, q, row, ARRAY_SIZE(row));
	}
	fputs("},\"tx_queue\":{", out);
	for (q = 0, first = true; q < GVE_MAX_QUEUES; q++) {
		const struct gve_tx_queue *txq = &nic->txq[q];
		const struct nic_counter row[] = {
			{ "frames", txq->frames }, { "bytes", txq->bytes },
		};

		if (txq->frames)
			json_queue(out, &first, q, row, ARRAY_SIZE(row));
	}
	fputs("}", out);
}

void gve_stats_print(void *priv, FILE *out)
{
	const struct gve *nic = priv;
	const struct nic_counter row[] = {
		{ "rx_offered", nic->fate.offered },
		{ "rx_delivered", nic->fate.delivered },
		{ "rx_receiver_off", nic->fate.rx_off },
		{ "rx_undersize", nic->fate.undersize },
		{ "rx_oversize", nic->fate.oversize },
		{ "rx_no_desc", nic->fate.no_desc },
		{ "rx_queue_off", nic->fate.queue_off },
		{ "rx_dma_error", nic->fate.dma_error },
		{ "rx_flushed", nic->fate.flushed },
		{ "faults", nic->fault.done },
		{ "rsc_packets", nic->rsc_packets },
		{ "flow_rules", nic->flows },
		{ "admin_commands", nic->aq_commands },
		{ "resets", nic->resets },
		{ "interrupts", nic->irq.sent },
		{ "clock_ns", gve_clock_now(nic) },
	};

	json_counters(out, row, ARRAY_SIZE(row));
	print_queues(nic, out);
}
