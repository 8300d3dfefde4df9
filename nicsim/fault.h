/* SPDX-License-Identifier: GPL-2.0 */
/* Faults of a broken NIC.  One kind is on at a time, and happens every Nth time. */
#ifndef NICSIM_FAULT_H
#define NICSIM_FAULT_H

#include "nicsim.h"

#define FAULT_ALL_QUEUES	255

/**
 * enum nic_fault - kinds of faults
 * @FAULT_NONE:		a good NIC
 *
 * The descriptor that ends a frame is wrong:
 * @FAULT_LENGTH_ZERO:	the length is 0
 * @FAULT_LENGTH_BUFFER: the length is the buffer's size
 * @FAULT_LENGTH_OVER:	the length is one more than the buffer's size
 * @FAULT_LENGTH_MAX:	the length is the largest that the field can hold
 * @FAULT_HEADER_MAX:	it says that headers were split off, with the largest
 *			length that the field can hold; also where no split was
 *			asked for
 * @FAULT_NO_EOP:	it says that the frame goes on
 * @FAULT_ERROR_BITS:	all error bits are set
 * @FAULT_DONE_FIRST:	it is written before the bytes of the frame are
 *
 * @FAULT_NO_IRQ:	an interrupt is not sent
 * @FAULT_IRQ_STORM:	an interrupt is sent many times, masked or not
 * @FAULT_LATE_DONE:	a queue that has confirmed its stop completes one more
 *			buffer
 * @FAULT_LATE_DATA:	a queue that has confirmed its stop writes to a buffer
 * @FAULT_ALL_ONES:	registers read as all ones and do not take writes, as if
 *			the NIC had fallen off the bus; but configuration space
 *			and DMA go on
 * @FAULT_DONE_BEYOND:	a frame that is dropped for lack of a descriptor completes
 *			the descriptor at the tail, which the driver owns; its
 *			buffer is not written to
 *
 * Only the gVNIC has these:
 * @FAULT_NO_COMMANDS:	the admin queue does nothing
 * @FAULT_WRONG_TYPE:	a frame has a packet type that does not exist
 * @FAULT_TWICE:	a frame's completion names the buffer of the one before
 * @FAULT_HEADER_ZERO:	a frame whose headers are to be split off has 0 bytes of
 *			headers, and is whole in the packet buffer
 */
enum nic_fault {
	FAULT_NONE,
	FAULT_LENGTH_ZERO, FAULT_LENGTH_BUFFER, FAULT_LENGTH_OVER, FAULT_LENGTH_MAX,
	FAULT_HEADER_MAX, FAULT_NO_EOP, FAULT_ERROR_BITS, FAULT_DONE_FIRST,
	FAULT_NO_IRQ, FAULT_IRQ_STORM, FAULT_LATE_DONE, FAULT_LATE_DATA, FAULT_ALL_ONES,
	FAULT_DONE_BEYOND,
	FAULT_NO_COMMANDS, FAULT_WRONG_TYPE, FAULT_TWICE, FAULT_HEADER_ZERO,
};

extern const char * const fault_names[];

/**
 * struct nic_faults - what is wrong with a NIC
 * @kind:	knob, enum nic_fault
 * @every:	knob: N, of every Nth occasion
 * @queue:	knob: of this queue, or FAULT_ALL_QUEUES
 * @seen:	occasions so far
 * @done:	faults so far
 */
struct nic_faults {
	uint64_t kind, every, queue;
	uint64_t seen, done;
};

#define FAULTS_INIT	((struct nic_faults){ .every = 1, .queue = FAULT_ALL_QUEUES })

#define FAULT_STORM	64	/* interrupts of FAULT_IRQ_STORM */

/* Counts an occasion, and tells whether the fault happens now. */
bool fault_due(struct nic_faults *faults, enum nic_fault kind, unsigned int queue);

/* The fault of a queue's next frame, or FAULT_NONE. */
enum nic_fault fault_of_frame(struct nic_faults *faults, unsigned int queue);

/* Gives the driver time to act on a completion whose frame is not there yet. */
void fault_stall(void);

#endif
