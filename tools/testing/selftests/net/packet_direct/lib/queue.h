/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of a leased queue share: the fixture, whose name the file chooses, and
 * macros for its members.
 */
#ifndef PACKET_DIRECT_QUEUE_H
#define PACKET_DIRECT_QUEUE_H

#include "nic.h"
#include "test.h"

#define ENTRIES		256
#define LEN		200

static struct pd_frame frame;

#define QUEUE_FIXTURE(name)						\
	FIXTURE(name) {							\
		struct pd_sock pd;					\
		struct tpacket4_stats stats;				\
		struct tpacket4_info info;				\
		struct pd_nic nic;					\
	};								\
									\
	FIXTURE_SETUP(name)						\
	{								\
		self->pd.fd = -1;					\
		if (pd_nic_missing())					\
			SKIP(return, "%s", pd_nic_missing());		\
		ASSERT_OK(pd_nic_open(&self->nic));			\
	}								\
									\
	FIXTURE_TEARDOWN(name)						\
	{								\
		pd_close(&self->pd);					\
		pd_nic_close(&self->nic);				\
	}

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

#define RESUME()	ASSERT_EQ(pd_nic_resume(&self->nic, &self->pd), 0)

/* Of both devices. */
#define MTU(mtu)							\
	do {								\
		ASSERT_EQ(pd_if_mtu(self->nic.ifname, mtu), 0);		\
		ASSERT_EQ(pd_if_mtu(self->nic.peer, mtu), 0);		\
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
