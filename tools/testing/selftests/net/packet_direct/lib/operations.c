// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/packet_diag.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "race.h"
#include "scribble.h"

#define ENTRIES		128

__u32 pd_below(struct pd_racer *r, __u32 n)
{
	return pd_random(&r->random) % n;
}

int pd_race_fd(struct pd_racer *r)
{
	return PD_RACE_FIRST_FD + pd_below(r, PD_RACE_SOCKS);
}

/* Another one. */
static int next_fd(int fd)
{
	return PD_RACE_FIRST_FD + (fd - PD_RACE_FIRST_FD + 1) % PD_RACE_SOCKS;
}

/* Closes the old socket, unless another process has it. */
int pd_race_reopen(struct pd_racer *r, int at)
{
	int fd = pd_socket(SOCK_RAW);
	int err;

	if (fd < 0)
		return fd;
	err = pd_bind(fd, r->race->ifindex, ETH_P_ALL);
	if (!err && dup3(fd, at, O_CLOEXEC) < 0)
		err = -errno;
	close(fd);

	return err;
}

static int do_add(struct pd_racer *r, int fd)
{
	struct tpacket_req4 req;

	pd_req(&req, ENTRIES, PD_RACE_SLOTS, 2048);
	if (pd_below(r, 3) == 0) {
		req.tp_slot_size = 1024;
		req.tp_slot_len = 512;
		req.tp_payload_size = 4096;
		req.tp_payload_nr = PD_RACE_PAYLOADS;
	}

	return pd_set_ring(fd, &req);
}

static int do_remove(struct pd_racer *r, int fd)
{
	return pd_remove_ring(fd);
}

static int do_map(struct pd_racer *r, int fd)
{
	if (r->ring.ctrl)
		tpacket4_unmap(&r->ring);

	return tpacket4_map(&r->ring, fd);
}

static int do_unmap(struct pd_racer *r, int fd)
{
	if (!r->ring.ctrl)
		return -ENOENT;
	tpacket4_unmap(&r->ring);

	return 0;
}

/* Others do the same, so cons may go back. */
static int do_give_back(struct pd_racer *r, int fd)
{
	if (!r->ring.ctrl)
		return -ENOENT;
	tpacket4_peek_all(&r->ring);
	tpacket4_advance(&r->ring, r->ring.prod - r->ring.next);
	tpacket4_release(&r->ring, r->ring.prod - r->ring.cons);

	return 0;
}

static int do_lease(struct pd_racer *r, int fd)
{
	__u32 flags = pd_below(r, 4) * PACKET_DIRECT_TEE;

	if (pd_below(r, 4) == 0)
		flags |= PACKET_DIRECT_SPREAD;

	return pd_lease_flags(fd, pd_below(r, r->race->queues),
			      flags | PACKET_DIRECT_SPLIT_UNRELIABLE);
}

static int prepare(int fd, __u32 queue)
{
	struct tpacket4_direct direct = {
		.td_queue = queue,
		.td_flags = PACKET_DIRECT_PREPARE |
			    PACKET_DIRECT_SPLIT_UNRELIABLE,
	};

	return pd_direct(fd, &direct);
}

static int do_prepare(struct pd_racer *r, int fd)
{
	return prepare(fd, pd_below(r, r->race->queues));
}

/* Alone or with another one. */
static int do_begin(struct pd_racer *r, int fd)
{
	int peer = pd_race_fd(r);

	if (peer == fd)
		return pd_begin(fd);

	return pd_together(fd, PACKET_DIRECT_BEGIN, &peer, 1);
}

static int do_release(struct pd_racer *r, int fd)
{
	return pd_unlease(fd);
}

static int do_release_two(struct pd_racer *r, int fd)
{
	int peer = pd_race_fd(r);

	return pd_together(fd, PACKET_DIRECT_RELEASE, &peer, 1);
}

static int do_poll(struct pd_racer *r, int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, pd_below(r, 3)) < 0 ? -errno : 0;
}

static int do_recv(struct pd_racer *r, int fd)
{
	char buf[64];

	if (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0 || errno == EAGAIN)
		return 0;

	return -errno;
}

/* Each ring here has the same numbers of slots. */
static int do_stats(struct pd_racer *r, int fd)
{
	struct tpacket4_stats st;
	int err = pd_stats(fd, &st);
	__u32 payload;

	if (err)
		return err;
	payload = st.ts_payload_free + st.ts_payload_posted +
		  st.ts_payload_held + st.ts_payload_spare;
	if (st.ts_free + st.ts_posted + st.ts_held + st.ts_spare != PD_RACE_SLOTS ||
	    (payload && payload != PD_RACE_PAYLOADS)) {
		fprintf(stderr, "# slots: %u free, %u posted, %u held, %u spare\n",
			st.ts_free, st.ts_posted, st.ts_held, st.ts_spare);
		fprintf(stderr, "# payload: %u free, %u posted, %u held, %u spare\n",
			st.ts_payload_free, st.ts_payload_posted,
			st.ts_payload_held, st.ts_payload_spare);
		__atomic_fetch_add(&r->race->wrong_sums, 1, __ATOMIC_RELAXED);
	}

	return 0;
}

static int do_statistics(struct pd_racer *r, int fd)
{
	struct tpacket_stats st;
	socklen_t len = sizeof(st);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &st, &len))
		return -errno;

	return 0;
}

static int do_info(struct pd_racer *r, int fd)
{
	struct tpacket4_info info = { .ti_query = pd_below(r, r->race->queues) };

	return pd_info(fd, &info);
}

static int do_filter(struct pd_racer *r, int fd)
{
	return pd_filter_ret(fd, pd_below(r, 2) * pd_below(r, 400));
}

static int do_detach(struct pd_racer *r, int fd)
{
	return pd_filter_detach(fd);
}

static int do_bind(struct pd_racer *r, int fd)
{
	return pd_bind(fd, r->race->ifindex, ETH_P_ALL);
}

static int do_bind_none(struct pd_racer *r, int fd)
{
	return pd_bind(fd, r->race->ifindex, 0);
}

static int do_fanout(struct pd_racer *r, int fd)
{
	if (pd_below(r, 8))
		return -EAGAIN;

	return pd_set_int(fd, PACKET_FANOUT, 7 | PACKET_FANOUT_HASH << 16);
}

static int do_version(struct pd_racer *r, int fd)
{
	int err = pd_set_int(fd, PACKET_VERSION, TPACKET_V2);

	return err ?: pd_set_int(fd, PACKET_VERSION, TPACKET_V4);
}

static int do_proc(struct pd_racer *r, int fd)
{
	int proc = open("/proc/net/packet", O_RDONLY | O_CLOEXEC);
	char buf[4096];

	if (proc < 0)
		return -errno;
	while (read(proc, buf, sizeof(buf)) > 0)
		;
	close(proc);

	return 0;
}

static int do_diag(struct pd_racer *r, int fd)
{
	struct packet_diag_direct direct;
	struct packet_diag_info info;
	int err = pd_diag(fd, &info, &direct);

	/* There may be no ring, and the socket may not be hooked. */
	return err == -ENODATA || err == -ESRCH ? 0 : err;
}

/* A socket that is ready for use, if nobody comes in between. */
static int do_everything(struct pd_racer *r, int fd)
{
	int err = pd_race_reopen(r, fd);

	if (!err)
		err = do_add(r, fd);
	if (!err)
		err = do_lease(r, fd);

	return err ?: do_map(r, fd);
}

static int prepare_anew(struct pd_racer *r, int fd, __u32 queue)
{
	int err = pd_race_reopen(r, fd);

	if (!err)
		err = do_add(r, fd);

	return err ?: prepare(fd, queue);
}

/* Two sockets that begin and end at once, if nobody comes in between. */
static int do_two(struct pd_racer *r, int fd)
{
	int peer = next_fd(fd);
	__u32 queue = pd_below(r, r->race->queues);
	int err = prepare_anew(r, fd, queue);

	if (!err)
		err = prepare_anew(r, peer, (queue + 1) % r->race->queues);
	if (!err)
		err = pd_together(fd, PACKET_DIRECT_BEGIN, &peer, 1);

	return err ?: pd_together(fd, PACKET_DIRECT_RELEASE, &peer, 1);
}

/* What "everything" and "two at once" do as well need not succeed alone. */
const struct pd_operation pd_operations[] = {
	{ "everything", do_everything, 4, PD_NEEDED_OF_QUEUES },
	{ "reopen", pd_race_reopen, 1, PD_NEEDED },
	{ "add ring", do_add, 3, PD_NEEDED },
	{ "remove ring", do_remove, 1, PD_NEEDED },
	{ "map", do_map, 2, PD_NEEDED },
	{ "unmap", do_unmap, 4, PD_NEEDED },
	{ "give back", do_give_back, 3, PD_NEEDED },
	{ "lease", do_lease, 4 },
	{ "prepare", do_prepare, 4 },
	{ "begin", do_begin, 6 },
	{ "release", do_release, 2, PD_NEEDED_OF_QUEUES },
	{ "release two", do_release_two, 2 },
	{ "two at once", do_two, 3, PD_NEEDED_OF_QUEUES },
	{ "poll", do_poll, 1, PD_NEEDED },
	{ "recv", do_recv, 1 },
	{ "V4 statistics", do_stats, 2, PD_NEEDED },
	{ "statistics", do_statistics, 1 },
	{ "info", do_info, 1 },
	{ "attach filter", do_filter, 1, PD_NEEDED },
	{ "detach filter", do_detach, 1 },
	{ "bind", do_bind, 2 },
	{ "bind to no protocol", do_bind_none, 1 },
	{ "fanout", do_fanout, 1 },
	{ "version", do_version, 1 },
	{ "proc", do_proc, 1 },
	{ "diag", do_diag, 1, PD_NEEDED },
};

const __u32 pd_operation_nr = ARRAY_SIZE(pd_operations);
