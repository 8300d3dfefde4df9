/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A hostile owner of a TPACKET_V4 ring: one thread and one process that write
 * nonsense of every kind into all of its mapping, as fast as they can.
 */
#ifndef PACKET_DIRECT_SCRIBBLE_H
#define PACKET_DIRECT_SCRIBBLE_H

#include <pthread.h>
#include <sys/types.h>

#include "../tpacket4.h"

/**
 * enum pd_scribble - what is written, and where
 * @PD_CTRL_WORD:	a random word, into any word of the control page
 * @PD_CTRL_PAGE:	random words, into all of the control page
 * @PD_CONS:		cons that goes back, beyond prod, or is something on an edge
 * @PD_SEEN:		the same for seen
 * @PD_HDR_WORD:	a random word or one on an edge, into any word of a header
 * @PD_HDR_PAGE:	random words, into a page of headers
 * @PD_SLOT:		tp_slot: that of another entry, one off, or on an edge
 * @PD_PAYLOAD:		the same for tp_payload_slot
 * @PD_FLIP:		one word of those again and again, between two values
 * @PD_DATA:		random words, into what is used of a slot or payload slot
 * @PD_GIVE_BACK:	nothing wrong: all that is there goes back
 */
enum pd_scribble {
	PD_CTRL_WORD,
	PD_CTRL_PAGE,
	PD_CONS,
	PD_SEEN,
	PD_HDR_WORD,
	PD_HDR_PAGE,
	PD_SLOT,
	PD_PAYLOAD,
	PD_FLIP,
	PD_DATA,
	PD_GIVE_BACK,
	PD_SCRIBBLES,
};

/* One of the two. */
struct pd_scribbler {
	struct tpacket4_ring	ring;
	__u32			random;
	const struct pd_scribblers *both;
	__u64			count[PD_SCRIBBLES];
};

/**
 * struct pd_scribblers - both
 * @by:		the thread and the process
 * @thread:	the one
 * @process:	the other
 * @prod:	what prod is: the one in the control page soon is anything
 * @stop:	asks both to end
 */
struct pd_scribblers {
	struct pd_scribbler	by[2];
	pthread_t		thread;
	pid_t			process;
	__u32			prod;
	bool			stop;
};

__u32 pd_random(__u32 *state);
void pd_noise(void *at, size_t len, __u32 *state);
struct pd_scribblers *pd_scribble_start(const struct tpacket4_ring *ring,
					__u32 seed);
void pd_scribble_prod(struct pd_scribblers *s, __u32 prod);
__u64 pd_scribble_stop(struct pd_scribblers *s, __u64 *count);

#endif /* PACKET_DIRECT_SCRIBBLE_H */
