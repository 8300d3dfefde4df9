// SPDX-License-Identifier: GPL-2.0
/*
 * Section "Statistics Registers".  Lengths on the wire include the FCS, which
 * the model never sees.
 */
#include "ixgbe/ixgbe.h"

static void add(struct ixgbe *nic, uint32_t offset)
{
	*ixgbe_reg_ptr(nic, offset) += 1;
}

/* A counter of 36 bits in two registers. */
static void add36(struct ixgbe *nic, uint32_t low, uint32_t high, uint64_t n)
{
	uint64_t val = ixgbe_get(nic, low) | (uint64_t)ixgbe_get(nic, high) << 32;

	val += n;
	*ixgbe_reg_ptr(nic, low) = val;
	*ixgbe_reg_ptr(nic, high) = val >> 32 & 0xf;
}

/* PRC64 and PTC64 are followed by five registers for larger frames. */
static uint32_t size_bucket(size_t wire_len)
{
	static const uint16_t last[] = { 64, 127, 255, 511, 1023 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(last) && wire_len > last[i]; i++)
		;
	return i * 4;
}

static bool is_broadcast(const uint8_t *frame)
{
	return (frame[0] & frame[1] & frame[2] & frame[3] & frame[4] & frame[5]) == 0xff;
}

static bool is_multicast(const uint8_t *frame)
{
	return (frame[0] & 1) && !is_broadcast(frame);
}

void ixgbe_stat_rx_mac(struct ixgbe *nic, const uint8_t *frame, size_t len)
{
	(void)frame;
	add(nic, IXG_TPR);
	add36(nic, IXG_TORL, IXG_TORH, len + FCS_LEN);
}

void ixgbe_stat_rx_good(struct ixgbe *nic, const uint8_t *frame, size_t len)
{
	add(nic, IXG_GPRC);
	add36(nic, IXG_GORCL, IXG_GORCH, len + FCS_LEN);
	add(nic, IXG_PRC64 + size_bucket(len + FCS_LEN));
	if (is_broadcast(frame))
		add(nic, IXG_BPRC);
	else if (is_multicast(frame))
		add(nic, IXG_MPRC);
}

static unsigned int stat_queue(struct ixgbe *nic, uint32_t map, unsigned int q)
{
	return ixgbe_get(nic, map) >> (q % 4 * 8) & 0xf;
}

void ixgbe_stat_rx_queue(struct ixgbe *nic, unsigned int q, size_t len)
{
	unsigned int n = stat_queue(nic, IXG_RQSMR(q / 4), q);

	add(nic, IXG_QPRC(n));
	add36(nic, IXG_QBRC_L(n), IXG_QBRC_H(n), len);
	nic->rxq[q].frames++;
	nic->rxq[q].bytes += len;
}

void ixgbe_stat_rx_queue_drop(struct ixgbe *nic, unsigned int q)
{
	add(nic, IXG_QPRDC(stat_queue(nic, IXG_RQSMR(q / 4), q)));
}

void ixgbe_stat_tx(struct ixgbe *nic, unsigned int q, const uint8_t *frame, size_t len)
{
	unsigned int n = stat_queue(nic, IXG_TQSM(q / 4), q);

	add(nic, IXG_GPTC);
	add(nic, IXG_TPT);
	add36(nic, IXG_GOTCL, IXG_GOTCH, len + FCS_LEN);
	add(nic, IXG_PTC64 + size_bucket(len + FCS_LEN));
	if (is_broadcast(frame))
		add(nic, IXG_BPTC);
	else if (is_multicast(frame))
		add(nic, IXG_MPTC);
	add(nic, IXG_QPTC(n));
	add36(nic, IXG_QBTC_L(n), IXG_QBTC_H(n), len);
	nic->txq[q].frames++;
	nic->txq[q].bytes += len;
}

static void print_queues(struct ixgbe *nic, FILE *out)
{
	bool first = true;
	unsigned int q;

	fputs(",\"rx_queue\":{", out);
	for (q = 0; q < IXG_MAX_QUEUES; q++) {
		const struct ixgbe_rx_queue *rxq = &nic->rxq[q];
		const struct nic_counter row[] = {
			{ "frames", rxq->frames }, { "bytes", rxq->bytes },
			{ "no_desc", rxq->drop_no_desc }, { "off", rxq->drop_off },
		};

		if (rxq->frames || rxq->drop_no_desc || rxq->drop_off)
			json_queue(out, &first, q, row, ARRAY_SIZE(row));
	}
	fputs("},\"tx_queue\":{", out);
	for (q = 0, first = true; q < IXG_MAX_QUEUES; q++) {
		const struct ixgbe_tx_queue *txq = &nic->txq[q];
		const struct nic_counter row[] = {
			{ "frames", txq->frames }, { "bytes", txq->bytes },
		};

		if (txq->frames)
			json_queue(out, &first, q, row, ARRAY_SIZE(row));
	}
	fputs("}", out);
}

void ixgbe_stats_print(void *priv, FILE *out)
{
	struct ixgbe *nic = priv;
	const struct nic_counter row[] = {
		{ "rx_offered", nic->fate.offered },
		{ "rx_delivered", nic->fate.delivered },
		{ "rx_receiver_off", nic->fate.rx_off },
		{ "rx_in_loopback", nic->fate.loopback },
		{ "rx_pause", nic->fate.pause },
		{ "rx_undersize", nic->fate.undersize },
		{ "rx_oversize", nic->fate.oversize },
		{ "rx_filtered", nic->fate.filtered },
		{ "rx_missed", nic->fate.missed },
		{ "rx_no_desc", nic->fate.no_desc },
		{ "rx_queue_off", nic->fate.queue_off },
		{ "rx_too_long", nic->fate.too_long },
		{ "rx_dma_error", nic->fate.dma_error },
		{ "rx_flushed", nic->fate.flushed },
		{ "rx_unwritten", nic->fate.unwritten },
		{ "faults", nic->fault.done },
		{ "rx_buffered_bytes", nic->pb.used },
		{ "interrupts", nic->irq.sent },
	};

	json_counters(out, row, ARRAY_SIZE(row));
	print_queues(nic, out);
}
