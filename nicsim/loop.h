/* SPDX-License-Identifier: GPL-2.0 */
/* The event loop: descriptors, deferred work, timers (those in nicsim.h). */
#ifndef NICSIM_LOOP_H
#define NICSIM_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

struct loop_fd {
	int fd;
	void (*fn)(void *arg, uint32_t events);
	void *arg;
};

/* Runs once, in the next turn of the loop, however often it was queued. */
struct loop_work {
	void (*fn)(void *arg);
	void *arg;
	bool queued;
	struct loop_work *next;
};

struct nicsim_timer;

struct loop *loop_new(void);
void loop_free(struct loop *loop);
bool loop_run(struct loop *loop);
void loop_quit(struct loop *loop);

/* @events as for epoll; a removed descriptor gets no further call, not even
 * for an event that was already fetched.  loop_del() leaves fd open.
 */
bool loop_add(struct loop *loop, struct loop_fd *lfd, uint32_t events);
void loop_mod(struct loop *loop, struct loop_fd *lfd, uint32_t events);
void loop_del(struct loop *loop, struct loop_fd *lfd);

void loop_queue(struct loop *loop, struct loop_work *work);

struct nicsim_timer *loop_timer_new(struct loop *loop, void (*fn)(void *arg), void *arg);

#endif
