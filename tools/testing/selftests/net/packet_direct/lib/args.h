/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fixture of the tests of arguments: a V4 socket without a ring, not bound, and veth
 * devices.
 */
#ifndef PACKET_DIRECT_ARGS_H
#define PACKET_DIRECT_ARGS_H

#include <net/if.h>
#include <unistd.h>

#include "test.h"

FIXTURE(args) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	struct tpacket_req4 req;
	int ifindex;
	int fd;
};

FIXTURE_SETUP(args)
{
	self->pd.fd = -1;
	self->fd = -1;

	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	ASSERT_EQ(pd_netns(), 0);
	ASSERT_EQ(pd_veth("pd0", "pd1"), 0);
	self->ifindex = if_nametoindex("pd1");
	self->fd = pd_socket(SOCK_RAW);
	ASSERT_GE(self->fd, 0);
	pd_req(&self->req, 64, 0, 2048);
}

FIXTURE_TEARDOWN(args)
{
	pd_close(&self->pd);
	if (self->fd >= 0)
		close(self->fd);
}

/* With a ring and bound, nothing is missing for a lease but the driver. */
#define PREPARE()							\
	do {								\
		ASSERT_EQ(pd_set_ring(self->fd, &self->req), 0);	\
		ASSERT_EQ(pd_bind(self->fd, self->ifindex, ETH_P_ALL), 0); \
	} while (0)

#endif /* PACKET_DIRECT_ARGS_H */
