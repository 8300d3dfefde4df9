/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fixture of the tests of copy mode: frames are sent on pd0 and received on pd1,
 * which is its veth peer.
 */
#ifndef PACKET_DIRECT_COPY_H
#define PACKET_DIRECT_COPY_H

#include <unistd.h>

#include "test.h"

static struct pd_frame frame;
static __u8 buf[PD_FRAME_MAX];	/* what was sent */

FIXTURE(copy) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	int tx;
};

FIXTURE_SETUP(copy)
{
	self->pd.fd = -1;
	self->tx = -1;

	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	self->tx = pd_veth_tx("pd0", "pd1");
	ASSERT_GE(self->tx, 0);
}

FIXTURE_TEARDOWN(copy)
{
	pd_close(&self->pd);
	if (self->tx >= 0)
		close(self->tx);
}

#define OPEN_ON(ifname, entries, size)					\
	do {								\
		struct tpacket_req4 _req;				\
									\
		pd_req(&_req, entries, 0, size);			\
		ASSERT_EQ(pd_open(&self->pd, ifname, &_req), 0);	\
	} while (0)

#define OPEN(entries, size)	OPEN_ON("pd1", entries, size)

#define MTU(mtu)							\
	do {								\
		int _mtu = mtu;						\
									\
		ASSERT_EQ(pd_if_mtu("pd0", _mtu), 0);			\
		ASSERT_EQ(pd_if_mtu("pd1", _mtu), 0);			\
	} while (0)

#define NEXT()	ASSERT_GT(pd_next(&self->pd, &frame, WAIT_MS), 0)
#define NONE()	EXPECT_EQ(pd_wait(&self->pd, 1, 100), 0)

#endif /* PACKET_DIRECT_COPY_H */
