// SPDX-License-Identifier: GPL-2.0
#include <time.h>

#include "fault.h"

#define STALL_NS	300000

const char * const fault_names[] = {
	[FAULT_NONE] = "none",
	[FAULT_LENGTH_ZERO] = "length-zero",
	[FAULT_LENGTH_BUFFER] = "length-buffer",
	[FAULT_LENGTH_OVER] = "length-over",
	[FAULT_LENGTH_MAX] = "length-max",
	[FAULT_HEADER_MAX] = "header-max",
	[FAULT_NO_EOP] = "no-eop",
	[FAULT_ERROR_BITS] = "error-bits",
	[FAULT_DONE_FIRST] = "done-first",
	[FAULT_NO_IRQ] = "no-irq",
	[FAULT_IRQ_STORM] = "irq-storm",
	[FAULT_LATE_DONE] = "late-done",
	[FAULT_LATE_DATA] = "late-data",
	[FAULT_ALL_ONES] = "all-ones",
	[FAULT_DONE_BEYOND] = "done-beyond",
	[FAULT_NO_COMMANDS] = "no-commands",
	[FAULT_WRONG_TYPE] = "wrong-type",
	[FAULT_TWICE] = "twice",
	[FAULT_HEADER_ZERO] = "header-zero",
};

bool fault_due(struct nic_faults *faults, enum nic_fault kind, unsigned int queue)
{
	if (faults->kind != kind ||
	    (faults->queue != queue && faults->queue != FAULT_ALL_QUEUES) ||
	    ++faults->seen % faults->every)
		return false;
	faults->done++;
	return true;
}

static bool is_of_frames(enum nic_fault kind)
{
	return kind <= FAULT_DONE_FIRST || kind == FAULT_WRONG_TYPE || kind == FAULT_TWICE;
}

enum nic_fault fault_of_frame(struct nic_faults *faults, unsigned int queue)
{
	enum nic_fault kind = faults->kind;

	if (kind == FAULT_NONE || !is_of_frames(kind) || !fault_due(faults, kind, queue))
		return FAULT_NONE;
	return kind;
}

/* The model stands still meanwhile, and the guest goes on. */
void fault_stall(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = STALL_NS }, NULL);
}
