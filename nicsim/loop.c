// SPDX-License-Identifier: GPL-2.0
/*
 * One epoll instance.  All timers share one timerfd, programmed to the
 * earliest of them, so that arming a later one costs no system call.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "sim.h"

#define LOOP_BATCH	32

struct nicsim_timer {
	struct loop *loop;
	void (*fn)(void *arg);
	void *arg;
	bool armed;
	uint64_t deadline;
	struct nicsim_timer *prev, *next;
};

struct loop {
	int epfd;
	bool quit;
	struct epoll_event ev[LOOP_BATCH];
	int nev, cur;
	struct loop_work *work, **work_tail;
	struct loop_fd timer_fd;
	struct nicsim_timer *timers;
	uint64_t programmed;
};

uint64_t nicsim_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void timer_program(struct loop *loop, uint64_t deadline)
{
	struct itimerspec its = { 0 };

	loop->programmed = deadline;
	if (deadline != UINT64_MAX) {
		its.it_value.tv_sec = (time_t)(deadline / 1000000000u);
		its.it_value.tv_nsec = (long)(deadline % 1000000000u);
	}
	timerfd_settime(loop->timer_fd.fd, TFD_TIMER_ABSTIME, &its, NULL);
}

void nicsim_timer_cancel(struct nicsim_timer *timer)
{
	if (!timer->armed)
		return;
	timer->armed = false;
	if (timer->prev)
		timer->prev->next = timer->next;
	else
		timer->loop->timers = timer->next;
	if (timer->next)
		timer->next->prev = timer->prev;
}

void nicsim_timer_arm(struct nicsim_timer *timer, uint64_t ns)
{
	struct loop *loop = timer->loop;

	nicsim_timer_cancel(timer);
	timer->deadline = nicsim_now_ns() + ns;
	timer->armed = true;
	timer->prev = NULL;
	timer->next = loop->timers;
	if (loop->timers)
		loop->timers->prev = timer;
	loop->timers = timer;
	if (timer->deadline < loop->programmed)
		timer_program(loop, timer->deadline);
}

struct nicsim_timer *loop_timer_new(struct loop *loop, void (*fn)(void *arg), void *arg)
{
	struct nicsim_timer *timer = calloc(1, sizeof(*timer));

	if (!timer)
		return NULL;
	timer->loop = loop;
	timer->fn = fn;
	timer->arg = arg;
	return timer;
}

struct nicsim_timer *nicsim_timer_new(struct nicsim *sim, void (*fn)(void *arg), void *arg)
{
	return loop_timer_new(sim->loop, fn, arg);
}

void nicsim_timer_free(struct nicsim_timer *timer)
{
	if (!timer)
		return;
	nicsim_timer_cancel(timer);
	free(timer);
}

static struct nicsim_timer *timer_expired(struct loop *loop, uint64_t now)
{
	struct nicsim_timer *timer;

	for (timer = loop->timers; timer; timer = timer->next)
		if (timer->deadline <= now)
			return timer;
	return NULL;
}

/* A callback may arm, cancel or free any timer: start over after each. */
static void timers_fire(void *arg, uint32_t events)
{
	uint64_t now, next = UINT64_MAX, count;
	struct nicsim_timer *timer;
	struct loop *loop = arg;

	(void)events;
	if (read(loop->timer_fd.fd, &count, sizeof(count)) < 0 && errno == EAGAIN)
		return;
	now = nicsim_now_ns();
	while ((timer = timer_expired(loop, now))) {
		nicsim_timer_cancel(timer);
		timer->fn(timer->arg);
	}
	for (timer = loop->timers; timer; timer = timer->next)
		if (timer->deadline < next)
			next = timer->deadline;
	timer_program(loop, next);
}

bool loop_add(struct loop *loop, struct loop_fd *lfd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = lfd };

	return !epoll_ctl(loop->epfd, EPOLL_CTL_ADD, lfd->fd, &ev);
}

void loop_mod(struct loop *loop, struct loop_fd *lfd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = lfd };

	epoll_ctl(loop->epfd, EPOLL_CTL_MOD, lfd->fd, &ev);
}

void loop_del(struct loop *loop, struct loop_fd *lfd)
{
	int i;

	epoll_ctl(loop->epfd, EPOLL_CTL_DEL, lfd->fd, NULL);
	for (i = loop->cur; i < loop->nev; i++)
		if (loop->ev[i].data.ptr == lfd)
			loop->ev[i].data.ptr = NULL;
}

void loop_queue(struct loop *loop, struct loop_work *work)
{
	if (work->queued)
		return;
	work->queued = true;
	work->next = NULL;
	*loop->work_tail = work;
	loop->work_tail = &work->next;
}

/* Work that is queued while this runs waits for the next turn. */
static void loop_do_work(struct loop *loop)
{
	struct loop_work *list = loop->work, *work;

	loop->work = NULL;
	loop->work_tail = &loop->work;
	while ((work = list)) {
		list = work->next;
		work->queued = false;
		work->fn(work->arg);
	}
}

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->work_tail = &loop->work;
	loop->programmed = UINT64_MAX;
	loop->epfd = epoll_create1(EPOLL_CLOEXEC);
	loop->timer_fd.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	loop->timer_fd.fn = timers_fire;
	loop->timer_fd.arg = loop;
	if (loop->epfd < 0 || loop->timer_fd.fd < 0 ||
	    !loop_add(loop, &loop->timer_fd, EPOLLIN)) {
		loop_free(loop);
		return NULL;
	}
	return loop;
}

void loop_free(struct loop *loop)
{
	if (loop->timer_fd.fd >= 0)
		close(loop->timer_fd.fd);
	if (loop->epfd >= 0)
		close(loop->epfd);
	free(loop);
}

void loop_quit(struct loop *loop)
{
	loop->quit = true;
}

bool loop_run(struct loop *loop)
{
	struct loop_fd *lfd;

	while (!loop->quit) {
		loop->nev = epoll_wait(loop->epfd, loop->ev, LOOP_BATCH, loop->work ? 0 : -1);
		if (loop->nev < 0 && errno != EINTR)
			return false;
		for (loop->cur = 0; loop->cur < loop->nev; loop->cur++) {
			lfd = loop->ev[loop->cur].data.ptr;
			if (lfd)
				lfd->fn(lfd->arg, loop->ev[loop->cur].events);
		}
		loop->nev = 0;
		loop_do_work(loop);
	}
	return true;
}
