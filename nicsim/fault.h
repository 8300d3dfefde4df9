/* SPDX-License-Identifier: GPL-2.0 */
/* What a broken NIC does: one kind of fault at a time, every so manieth time. */
#ifndef NICSIM_FAULT_H
#define NICSIM_FAULT_H

#include "nicsim.h"

#define FAULT_ALL_QUEUES	255

/**
 * enum nic_fault - kinds of faults
 * @FAULT_NONE:		a good NIC
 *
 * Wrong about one frame, in the descriptor that ends it:
 * @FAULT_LENGTH_ZERO:	it has no bytes
 * @FAULT_LENGTH_BUFFER: it fills the buffer, whatever was written
 * @FAULT_LENGTH_OVER:	one more than that
 * @FAULT_LENGTH_MAX:	as many as the descriptor can say
 * @FAULT_HEADER_MAX:	it was split, behind as many bytes of headers as the
 *			descriptor can say, also where no split was asked for
 * @FAULT_NO_EOP:	the frame goes on
 * @FAULT_ERROR_BITS:	every error there is
 * @FAULT_DONE_FIRST:	it is done; its bytes are written a while later
 *
 * @FAULT_NO_IRQ:	an interrupt is not sent
 * @FAULT_IRQ_STORM:	an interrupt is sent many times, masked or not
 * @FAULT_LATE_DONE:	a queue that has confirmed its stop completes one more
 *			buffer
 * @FAULT_LATE_DATA:	a queue that has confirmed its stop writes to a buffer
 * @FAULT_ALL_ONES:	as one that has fallen off the bus, but for its
 *			configuration space and its DMA: a register reads as all
 *			ones, and what is written to it is lost
 * @FAULT_DONE_BEYOND:	a frame for which there is no descriptor, and which is
 *			dropped, completes the one at the tail, which is not the
 *			NIC's; its buffer stays as it is
 *
 * Of the gVNIC alone:
 * @FAULT_NO_COMMANDS:	the admin queue does nothing
 * @FAULT_WRONG_TYPE:	of a frame: a packet type that is none
 * @FAULT_TWICE:	of a frame: its buffer is that of the one before
 * @FAULT_HEADER_ZERO:	of a frame whose headers are to be split off: it was
 *			split behind no bytes, and is whole in the other buffer
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
 * @every:	knob: the so manieth time
 * @queue:	knob: whose, or FAULT_ALL_QUEUES
 * @seen:	times that it could have happened
 * @done:	times that it has
 */
struct nic_faults {
	uint64_t kind, every, queue;
	uint64_t seen, done;
};

#define FAULTS_INIT	((struct nic_faults){ .every = 1, .queue = FAULT_ALL_QUEUES })

#define FAULT_STORM	64	/* interrupts */

/* Whether it happens now. */
bool fault_due(struct nic_faults *faults, enum nic_fault kind, unsigned int queue);

/* What is wrong about a queue's next frame. */
enum nic_fault fault_of_frame(struct nic_faults *faults, unsigned int queue);

/* How long the driver can look at what is not true yet. */
void fault_stall(void);

#endif
