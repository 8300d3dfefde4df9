/* SPDX-License-Identifier: GPL-2.0 */
/* The 82599, or another model of its family, on the backend of fake.h. */
#ifndef NICSIM_TESTS_IXGBE_FAKE_H
#define NICSIM_TESTS_IXGBE_FAKE_H

#include "fake.h"
#include "ixgbe/ixgbe.h"

static const struct nic_model *model = &ixgbe_82599_model;
static struct ixgbe *nic;

static inline uint32_t rd(uint32_t offset)
{
	return model->bar_read(nic, 0, offset, 4);
}

static inline void wr(uint32_t offset, uint32_t val)
{
	model->bar_write(nic, 0, offset, val, 4);
}

/* A model after power-on, with the link up and bus mastering on. */
static inline void fake_start(void)
{
	if (nic)
		model->destroy(nic);
	fake_clear();
	nic = model->create(NULL, fake_mac);
	model->bus_master(nic, true);
	wr(IXG_GPIE, GPIE_MSIX);
}

/* Receive queues: ring, packet buffers and header buffers of queue q. */
#define RING_ENTRIES	16
#define RX_RING(q)	(MEM_BASE + (q) * 0x1000)
#define RX_BUF(q, i)	(MEM_BASE + 0x100000 + (q) * 0x40000 + (i) * 0x4000)
#define RX_HDR(q, i)	(MEM_BASE + 0x300000 + (q) * 0x10000 + (i) * 0x400)

struct fake_desc {
	uint32_t info, hash, status;
	uint16_t length, vlan;
};

static inline void post(unsigned int q, unsigned int i)
{
	uint64_t desc[2] = { RX_BUF(q, i), RX_HDR(q, i) };

	memcpy(fake.mem + (RX_RING(q) - MEM_BASE) + i * sizeof(desc), desc, sizeof(desc));
}

static inline struct fake_desc rx_desc(unsigned int q, unsigned int i)
{
	struct fake_desc d;

	memcpy(&d, fake.mem + (RX_RING(q) - MEM_BASE) + i * sizeof(d), sizeof(d));
	return d;
}

static inline const uint8_t *rx_buf(unsigned int q, unsigned int i)
{
	return fake.mem + (RX_BUF(q, i) - MEM_BASE);
}

static inline const uint8_t *rx_hdr(unsigned int q, unsigned int i)
{
	return fake.mem + (RX_HDR(q, i) - MEM_BASE);
}

static inline void rx_queue(unsigned int q, uint32_t srrctl, unsigned int posted)
{
	uint32_t base = ixgbe_rx_base(q);
	unsigned int i;

	for (i = 0; i < RING_ENTRIES; i++)
		post(q, i);
	wr(base + RX_RDBAL, RX_RING(q));
	wr(base + RX_RDBAH, RX_RING(q) >> 32);
	wr(base + RX_RDLEN, RING_ENTRIES * RING_DESC_SIZE);
	wr(base + RX_SRRCTL, srrctl);
	wr(base + RX_RDH, 0);
	wr(base + RX_RDT, 0);
	wr(base + RX_RXDCTL, RXDCTL_ENABLE);
	wr(base + RX_RDT, posted);
}

static inline void rx_on(void)
{
	wr(IXG_FCTRL, FCTRL_UPE | FCTRL_MPE | FCTRL_BAM);
	wr(IXG_RXCSUM, RXCSUM_PCSD);
	wr(IXG_HLREG0, rd(IXG_HLREG0) | HLREG0_JUMBOEN);
	wr(IXG_MHADD, 16384u << MHADD_MFS_SHIFT);
	wr(IXG_RXCTRL, RXCTRL_RXEN);
}

static inline enum nic_rx_verdict receive_frame(const uint8_t *frame, size_t len)
{
	return model->wire_rx(nic, frame, len, false);
}

#endif
