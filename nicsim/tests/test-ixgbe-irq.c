// SPDX-License-Identifier: GPL-2.0
/* Interrupts, registers that have side effects, EEPROM. */
#include "ixgbe_fake.h"

#define ONE_BUFFER	(DESCTYPE_ONE_BUFFER << SRRCTL_DESCTYPE_SHIFT | 2)
#define EITR_50US	(25u << EITR_INTERVAL_SHIFT)
#define US		1000ull

static uint8_t frame[2048];

static void start(unsigned int vector)
{
	fake_start();
	rx_queue(0, ONE_BUFFER, RING_ENTRIES - 1);
	rx_on();
	wr(IXG_IVAR(0), IVAR_VALID | vector);
	wr(IXG_EIAC, 0xffff);
}

static void event(void)
{
	receive_frame(frame, build(&udp4, frame));
}

static void test_mask(void)
{
	start(5);
	event();
	ok(!fake.irq[5] && (rd(IXG_EICS) & 1 << 5), "masked: the cause waits");
	wr(IXG_EIMS, 1 << 5);
	ok(fake.irq[5] == 1, "opening the mask sends it");
	ok(!(rd(IXG_EICS) & 1 << 5) && (rd(IXG_EIMS) & 1 << 5), "auto-clear, no auto-mask");
	event();
	ok(fake.irq[5] == 2, "the next one");
	wr(IXG_EIMC, 1 << 5);
	event();
	ok(fake.irq[5] == 2, "EIMC");

	start(5);
	wr(IXG_GPIE, GPIE_MSIX | GPIE_EIAME);
	wr(IXG_EIAM_EX, 0xffffffff);
	wr(IXG_EIMS_EX, 1 << 5);
	event();
	event();
	ok(fake.irq[5] == 1 && !(rd(IXG_EIMS) & 1 << 5), "auto-mask with GPIE.EIAME");
	wr(IXG_EIMS_EX, 1 << 5);
	ok(fake.irq[5] == 2, "what came meanwhile");
}

static void test_high_vector(void)
{
	start(40);
	event();
	ok(!fake.irq[40] && rd(IXG_EICS_EX + 4) == 1 << 8, "vector 40 is in the second register");
	wr(IXG_EIMS_EX + 4, 1 << 8);
	ok(fake.irq[40] == 1 && !rd(IXG_EICS_EX + 4), "and clears itself");
	wr(IXG_EIMC_EX + 4, 1 << 8);
	wr(IXG_EICS_EX + 4, 1 << 8);
	ok(fake.irq[40] == 1, "masked again");
}

static void test_moderation(void)
{
	start(2);
	wr(IXG_EITR_LO + 8, EITR_50US);
	wr(IXG_EIMS, 1 << 2);
	event();
	ok(fake.irq[2] == 1, "the first at once");
	event();
	event();
	ok(fake.irq[2] == 1, "the next within the interval waits");
	fake_advance(49 * US);
	ok(fake.irq[2] == 1, "still");
	fake_advance(3 * US);
	ok(fake.irq[2] == 2, "one at its end, none lost");
	fake_advance(1000 * US);
	ok(fake.irq[2] == 2, "and no more");
	event();
	wr(IXG_EICS, 1 << 2);
	wr(IXG_EIMC, 1 << 2);
	fake_advance(1000 * US);
	ok(fake.irq[2] == 3, "a mask closed meanwhile holds it");
	wr(IXG_EIMS, 1 << 2);
	ok(fake.irq[2] == 4, "and gives it up when opened");
}

static void test_other(void)
{
	fake_start();
	wr(IXG_IVAR_MISC, (IVAR_VALID | 9) << 8);
	wr(IXG_EIMS, EICR_LSC);
	fake.link = false;
	model->link(nic, false);
	ok(fake.irq[9] == 1 && (rd(IXG_EICS) & EICR_LSC), "link change");
	ok(!(rd(IXG_LINKS) & LINKS_UP), "LINKS says so");
	wr(IXG_EICR, EICR_LSC);
	ok(!(rd(IXG_EICS) & EICR_LSC), "cleared by writing");
	wr(IXG_EICS, EICR_LSC);
	ok(fake.irq[9] == 2 && (rd(IXG_EICR) & EICR_LSC) && !(rd(IXG_EICR) & EICR_LSC),
	   "set by software, cleared by reading");
	wr(IXG_EIMS, nic->variant->eicr_reserved);
	ok(fake.strict == 1, "reserved bits of EIMS: %s", fake.strict_text);
	wr(IXG_GPIE, 0);
	wr(IXG_EICS, EICR_LSC);
	ok(fake.strict == 2, "not in MSI-X mode: %s", fake.strict_text);
}

static void test_reset(void)
{
	start(3);
	wr(IXG_CTRL, CTRL_RST);
	ok(!(rd(IXG_CTRL) & CTRL_RST), "CTRL.RST clears itself");
	ok(!(rd(ixgbe_rx_base(0) + RX_RXDCTL) & RXDCTL_ENABLE) && !rd(IXG_RXCTRL) && !rd(IXG_EIMS),
	   "queues and masks are off");
	ok(rd(IXG_RAL(0)) == 0x00000002 && rd(IXG_RAH(0)) == (RAH_AV | 0x0100), "station address");
	event();
	ok(nic->fate.rx_off == 1, "frames are refused and counted");
}

static uint16_t eerd(unsigned int word)
{
	wr(IXG_EERD, word << EERD_ADDR_SHIFT | EERD_START);
	return rd(IXG_EERD) & EERD_DONE ? rd(IXG_EERD) >> EERD_DATA_SHIFT : 0;
}

static uint32_t spi_bits(uint32_t out, unsigned int count)
{
	uint32_t in = 0;

	while (count--) {
		uint32_t eec = EEC_REQ | (out >> count & 1 ? EEC_DI : 0);

		wr(IXG_EEC, eec);
		wr(IXG_EEC, eec | EEC_SK);
		in = in << 1 | !!(rd(IXG_EEC) & EEC_DO);
		wr(IXG_EEC, eec);
	}
	return in;
}

static void spi_end(void)
{
	wr(IXG_EEC, EEC_REQ | EEC_CS);
	wr(IXG_EEC, EEC_REQ);
}

static void test_eeprom(void)
{
	uint16_t sum = 0, old;
	unsigned int i;

	fake_start();
	for (i = 0; i <= 0x3f; i++)
		sum += eerd(i);
	ok(sum == 0xbaba, "EEPROM checksum");
	wr(IXG_EEC, EEC_REQ);
	ok(rd(IXG_EEC) & EEC_GNT, "the serial lines are granted");
	old = eerd(0x16);
	spi_end();
	spi_bits(0x03, 8);
	spi_bits(0x16 * 2, 16);
	i = spi_bits(0, 16);
	ok((i >> 8 | (i & 0xff) << 8) == old, "read by the serial lines");
	spi_end();
	spi_bits(0x02, 8);
	spi_bits(0x16 * 2, 16);
	spi_bits(0x1234, 16);
	spi_end();
	ok(eerd(0x16) == old, "writes are off");
	spi_bits(0x06, 8);
	spi_end();
	spi_bits(0x05, 8);
	ok(spi_bits(0, 8) == 0x02, "write enable, in the status too");
	spi_end();
	spi_bits(0x02, 8);
	spi_bits(0x16 * 2, 16);
	spi_bits(0x1234, 16);
	spi_end();
	ok(eerd(0x16) == 0x3412, "a word is written");
	ok(!(rd(IXG_SWSM) & SWSM_SMBI) && (rd(IXG_SWSM) & SWSM_SMBI), "SWSM is taken by reading");
	wr(IXG_MSCA, MSCA_MDI_COMMAND | 0x0c000000);
	ok(!(rd(IXG_MSCA) & MSCA_MDI_COMMAND) && rd(IXG_MSRWD) >> 16 == 0xffff, "no PHY answers");
	ok(!fake.strict, "no strict record");
}

int main(void)
{
	test_mask();
	test_high_vector();
	test_moderation();
	test_other();
	test_reset();
	test_eeprom();
	return done();
}
