/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A hostile owner of a TPACKET_V4 ring: a thread and a process write nonsense of every
 * kind to all of its mapping, as fast as they can.
 */
#ifndef PACKET_DIRECT_SCRIBBLE_H
#define PACKET_DIRECT_SCRIBBLE_H

#include <pthread.h>
#include <sys/types.h>

#include "../tpacket4.h"

/**
 * enum pd_scribble - which nonsense is written, and where
 * @PD_CTRL_WORD:	a random word, into any word of the control page
 * @PD_CTRL_PAGE:	random words, into all of the control page
 * @PD_CONS:		a value of cons that goes back, is beyond prod, or is at a limit
 * @PD_SEEN:		the same for seen
 * @PD_HDR_WORD:	a random word or one at a limit, into any word of a header
 * @PD_HDR_PAGE:	random words, into a page of headers
 * @PD_SLOT:		a tp_slot of another entry, one off, or at a limit
 * @PD_PAYLOAD:		the same for tp_payload_slot
 * @PD_FLIP:		two values in turn, again and again, into one of those words
 * @PD_DATA:		random words, into the used part of a slot or payload slot
 * @PD_GIVE_BACK:	no nonsense: all entries are given back
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

/* The thread or the process. */
struct pd_scribbler {
	struct tpacket4_ring	ring;
	__u32			random;
	const struct pd_scribblers *both;
	__u64			count[PD_SCRIBBLES];
};

/**
 * struct pd_scribblers - both
 * @by:		the thread and the process
 * @thread:	the thread
 * @process:	the process
 * @prod:	the true value of prod, since that in the control page is nonsense soon
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
