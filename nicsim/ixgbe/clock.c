// SPDX-License-Identifier: GPL-2.0
/* SYSTIM, the clock that time stamps are taken from. */
#include "ixgbe/ixgbe.h"

void ixgbe_clock_reset(struct ixgbe *nic)
{
	nic->clock = (struct ixgbe_clock){ .since = nicsim_now_ns() };
}

/* 82599: TIMINCA's increment is added every 6.4 ns, the cycle of a 10 Gb/s port. */
static uint64_t systim(struct ixgbe *nic)
{
	uint64_t inc = ixgbe_get(nic, IXG_TIMINCA) & TIMINCA_INCVALUE;
	__uint128_t ticks = (__uint128_t)(nicsim_now_ns() - nic->clock.since) * 5 / 32;

	return nic->clock.base + ticks * inc;
}

uint32_t ixgbe_systim_read(struct ixgbe *nic, unsigned int i)
{
	return systim(nic) >> (i * 32);
}

void ixgbe_systim_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	uint64_t now = systim(nic), mask = 0xffffffffull << (i * 32);

	nic->clock.base = (now & ~mask) | (uint64_t)val << (i * 32);
	nic->clock.since = nicsim_now_ns();
}

/* X550: SYSTIMH has seconds, SYSTIML nanoseconds, SYSTIMR 2^-32 ns.  A cycle is
 * 12.5 ns; TIMINCA adds or subtracts a number of 2^-32 ns in each.
 */
#define NS_PER_S	1000000000ull

static __uint128_t x550_now(struct ixgbe *nic)
{
	__uint128_t elapsed = nicsim_now_ns() - nic->clock.since;
	uint32_t inca = ixgbe_get(nic, IXG_TIMINCA);
	__uint128_t adjust = elapsed * (inca & TIMINCA_X550_RATE) * 2 / 25;

	if (ixgbe_get(nic, IXG_TSAUXC) & TSAUXC_DISABLE_SYSTIME)
		return nic->clock.base;
	elapsed <<= 32;
	return nic->clock.base +
	       (inca & TIMINCA_X550_MINUS ? elapsed - adjust : elapsed + adjust);
}

static void x550_set(struct ixgbe *nic, __uint128_t now)
{
	nic->clock.base = now;
	nic->clock.since = nicsim_now_ns();
}

static uint32_t x550_part(uint64_t ns, unsigned int i)
{
	return i ? ns / NS_PER_S : ns % NS_PER_S;
}

/* Reading SYSTIMR latches SYSTIML and SYSTIMH for the reads that follow. */
uint32_t ixgbe_x550_systimr_read(struct ixgbe *nic, unsigned int i)
{
	__uint128_t now = x550_now(nic);

	(void)i;
	nic->clock.held_ns = now >> 32;
	return now;
}

uint32_t ixgbe_x550_systim_read(struct ixgbe *nic, unsigned int i)
{
	return x550_part(nic->clock.held_ns, i);
}

void ixgbe_x550_systimr_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	(void)i;
	x550_set(nic, x550_now(nic) >> 32 << 32 | val);
}

void ixgbe_x550_systim_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	__uint128_t now = x550_now(nic);
	uint64_t ns = now >> 32;

	if (i)
		ns = ns % NS_PER_S + val * NS_PER_S;
	else
		ns = ns - ns % NS_PER_S + val;
	x550_set(nic, (__uint128_t)ns << 32 | (uint32_t)now);
}

/* The time until now has passed at the old rate. */
static void x550_change(struct ixgbe *nic, uint32_t offset, uint32_t val)
{
	x550_set(nic, x550_now(nic));
	*ixgbe_reg_ptr(nic, offset) = val;
}

void ixgbe_x550_timinca_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	(void)i;
	x550_change(nic, IXG_TIMINCA, val);
}

void ixgbe_x550_tsauxc_write(struct ixgbe *nic, unsigned int i, uint32_t val)
{
	(void)i;
	x550_change(nic, IXG_TSAUXC, val);
}

/**
 * ixgbe_rx_stamp() - take the time stamp that follows a frame in its buffer
 * @nic: the model
 * @pkt: the frame's headers
 * @stamp: set to the stamp
 *
 * Software asks for stamps of untagged frames, and of tagged ones by priority.
 *
 * Return: false when no stamp follows this frame.
 */
bool ixgbe_rx_stamp(struct ixgbe *nic, const struct pkt *pkt, uint64_t *stamp)
{
	uint32_t ctrl = ixgbe_get(nic, IXG_TSYNCRXCTL);
	uint32_t bit = pkt->vlan ? BIT32(TSYNCRXCTL_TSIP_UP + (pkt->tci >> 13)) :
				   TSYNCRXCTL_TSIP_UT;
	uint64_t ns;

	if (!nic->variant->stamps_frames || !(ctrl & TSYNCRXCTL_EN) || !(ctrl & bit) ||
	    (ctrl & TSYNCRXCTL_TYPE) != TSYNCRXCTL_TYPE_ALL)
		return false;
	ns = x550_now(nic) >> 32;
	*stamp = (uint64_t)x550_part(ns, 1) << 32 | x550_part(ns, 0);
	return true;
}

#define PTP_EVENTS	8	/* message types below this are events */

/* The offset of a PTP message in the frame; 0: there is none. */
static size_t ptp_offset(const struct ixgbe *nic, const struct pkt *pkt, const uint8_t *frame)
{
	unsigned int etqf = ixgbe_etqf(nic, pkt);

	if (etqf < IXG_ETQF_COUNT)
		return ixgbe_get(nic, IXG_ETQF(etqf)) & ETQF_1588 ? pkt->l2_end : 0;
	if (pkt->l4 == L4_UDP && get_be16(frame + pkt->l3_end + 2) ==
	    ixgbe_get(nic, IXG_RXMTRL) >> RXMTRL_PORT_SHIFT)
		return pkt->l4_end;
	return 0;
}

/**
 * ixgbe_rx_latch() - put the time stamp of a PTP event into RXSTMP
 * @nic: the model
 * @pkt: the frame's headers
 * @frame: the frame
 * @len: its bytes
 *
 * There is room for one stamp.  Until RXSTMPH has been read, no other frame gets one.
 *
 * Return: whether RXSTMP has the stamp of this frame.
 */
bool ixgbe_rx_latch(struct ixgbe *nic, const struct pkt *pkt, const uint8_t *frame, size_t len)
{
	uint32_t *ctrl = ixgbe_reg_ptr(nic, IXG_TSYNCRXCTL);
	size_t at;

	if (nic->variant->stamps_frames || (*ctrl & TSYNCRXCTL_VALID) ||
	    (*ctrl & (TSYNCRXCTL_EN | TSYNCRXCTL_TYPE)) !=
	    (TSYNCRXCTL_EN | TSYNCRXCTL_TYPE_EVENT_V2))
		return false;
	at = ptp_offset(nic, pkt, frame);
	if (!at || at >= len || (frame[at] & 0xf) >= PTP_EVENTS)
		return false;
	*ctrl |= TSYNCRXCTL_VALID;
	*ixgbe_reg_ptr(nic, IXG_RXSTMPL) = systim(nic);
	*ixgbe_reg_ptr(nic, IXG_RXSTMPH) = systim(nic) >> 32;
	return true;
}

uint32_t ixgbe_rxstmph_read(struct ixgbe *nic, unsigned int i)
{
	(void)i;
	*ixgbe_reg_ptr(nic, IXG_TSYNCRXCTL) &= ~TSYNCRXCTL_VALID;
	return ixgbe_get(nic, IXG_RXSTMPH);
}
