/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Macros for fixtures with the members pd and stats.  They are macros because
 * ASSERT_*() has to be in the test itself.
 */
#ifndef PACKET_DIRECT_TEST_H
#define PACKET_DIRECT_TEST_H

#include "../../../kselftest_harness.h"
#include "lib.h"

/* Long, because everything is slow under emulation. */
#define WAIT_MS		5000

#define WAIT(n)								\
	do {								\
		int _n = n;						\
									\
		ASSERT_EQ(pd_wait(&self->pd, _n, WAIT_MS), _n);		\
	} while (0)

#define RELEASE(n)	tpacket4_release(&self->pd.ring, n)

/* Read the counters.  The sum of the slots is always right.  Those that were given back
 * count as held until the kernel looks at cons.
 */
#define STATS()								\
	do {								\
		ASSERT_EQ(pd_stats(self->pd.fd, &self->stats), 0);	\
		ASSERT_TRUE(pd_sum_ok(&self->pd, &self->stats));	\
	} while (0)

/* For functions that return what is wrong, or NULL. */
#define EXPECT_OK(call)							\
	do {								\
		const char *_why = call;				\
									\
		EXPECT_TRUE(!_why) TH_LOG("%s", _why);		\
	} while (0)

#define ASSERT_OK(call)							\
	do {								\
		const char *_why = call;				\
									\
		ASSERT_TRUE(!_why) TH_LOG("%s", _why);		\
	} while (0)

#endif /* PACKET_DIRECT_TEST_H */
