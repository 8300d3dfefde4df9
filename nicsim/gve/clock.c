// SPDX-License-Identifier: GPL-2.0
/* The clock that frames are stamped by, in nanoseconds.  A reset does not change it. */
#include "gve/gve.h"

#define CLOCK_REPORT_SIZE	40

uint64_t gve_clock_now(const struct gve *nic)
{
	return nicsim_now_ns() + nic->clock_offset;
}

/* With the knob clock-ns the clock jumps. */
void gve_clock_set(struct gve *nic)
{
	if (!nic->knob_clock_ns)
		return;
	nic->clock_offset = nic->knob_clock_ns - nicsim_now_ns();
	nic->knob_clock_ns = 0;
}

/* Does the next frame get a stamp? */
bool gve_clock_stamps(struct gve *nic)
{
	return nic->knob_stamps && !(++nic->stamp_turn % nic->knob_stamps);
}

enum gve_aq_status gve_report_clock(struct gve *nic, const uint8_t *cmd)
{
	uint8_t report[CLOCK_REPORT_SIZE] = {};

	if (get_be64(cmd) < sizeof(report))
		return AQ_INVALID_ARGUMENT;
	put_be64(report, gve_clock_now(nic));
	if (!nicsim_dma_write(nic->sim, get_be64(cmd + 8), report, sizeof(report), "clock report"))
		return AQ_INTERNAL_ERROR;
	return AQ_PASSED;
}
