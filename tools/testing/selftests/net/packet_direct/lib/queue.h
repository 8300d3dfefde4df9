/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Macros of the tests of a leased queue, for fixtures with the members pd, stats, info
 * and nic.
 */
#ifndef PACKET_DIRECT_QUEUE_H
#define PACKET_DIRECT_QUEUE_H

#include <sys/wait.h>
#include <unistd.h>

#include "nic.h"
#include "test.h"

#define ENTRIES		256
#define LEN		200

static struct pd_frame frame;

#define OPEN_REQ(req)							\
	ASSERT_EQ(pd_open(&self->pd, self->nic.ifname, req), 0)

#define OPEN_RING(entries, slots, size)					\
	do {								\
		struct tpacket_req4 _req;				\
									\
		pd_req(&_req, entries, slots, size);			\
		OPEN_REQ(&_req);					\
	} while (0)

/* Leased, and without frames that were copied before. */
#define LEASE()								\
	do {								\
		ASSERT_OK(pd_refused(self->pd.fd,			\
				     pd_lease(self->pd.fd,		\
					      self->nic.queue),		\
				     PACKET_DIRECT_OK));		\
		pd_drain(&self->pd);					\
	} while (0)

#define OPEN_LEASED()							\
	do {								\
		OPEN_RING(ENTRIES, 0, 2048);				\
		LEASE();						\
	} while (0)

#define INFO(query)							\
	do {								\
		self->info.ti_query = query;				\
		ASSERT_EQ(pd_info(self->pd.fd, &self->info), 0);	\
	} while (0)

/* Why the queue cannot be leased now. */
#define REASON()	pd_query_reason(self->nic.ifname, self->nic.queue)

/* Runs in a child, which has the sockets too. */
#define CHILD(code)							\
	do {								\
		pid_t _pid = fork();					\
		int _status;						\
									\
		ASSERT_GE(_pid, 0);					\
		if (!_pid)						\
			_exit(code);					\
		ASSERT_EQ(waitpid(_pid, &_status, 0), _pid);		\
		ASSERT_TRUE(WIFEXITED(_status));			\
		EXPECT_EQ(WEXITSTATUS(_status), 0);			\
	} while (0)

#define RESUME()	ASSERT_EQ(pd_nic_resume(&self->nic, &self->pd), 0)

/* Of both devices. */
#define MTU(mtu)							\
	do {								\
		int _mtu = mtu;						\
									\
		ASSERT_EQ(pd_if_mtu(self->nic.ifname, _mtu), 0);	\
		ASSERT_EQ(pd_if_mtu(self->nic.peer, _mtu), 0);		\
	} while (0)

#define SEND(n, seq)							\
	ASSERT_EQ(pd_send_many(self->nic.tx, n, LEN, seq), 0)

#define NEXT()	ASSERT_GT(pd_next(&self->pd, &frame, WAIT_MS), 0)

/* The next n frames are those from seq on, and go back. */
#define TAKE(n, seq)							\
	do {								\
		__u32 _i, _n = n;					\
									\
		for (_i = 0; _i < _n; _i++) {				\
			NEXT();						\
			ASSERT_OK(pd_check(&frame, LEN, (seq) + _i));	\
		}							\
	} while (0)

#endif /* PACKET_DIRECT_QUEUE_H */
