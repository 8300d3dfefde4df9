// SPDX-License-Identifier: GPL-2.0
/*
 * Two threads do two things to one socket at the same time, again and again.  The
 * outcome is always that of one order or of the other.
 */
#include <net/if.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lib/test.h"

#define ENTRIES		64
#define SLOTS		80

#define DUEL_MS		5000

/* A socket, and a thread that removes its ring once in each round. */
struct duel {
	pthread_barrier_t	begin;
	pthread_barrier_t	end;
	bool			over;
	int			fd;
	int			removed;	/* 0 or -errno */
};

static void *remover_main(void *arg)
{
	struct duel *duel = arg;

	for (;;) {
		pthread_barrier_wait(&duel->begin);
		if (duel->over)
			return NULL;
		duel->removed = pd_remove_ring(duel->fd);
		pthread_barrier_wait(&duel->end);
	}
}

/* When mmap() and the removal of the ring come at the same time, one of them succeeds. */
TEST(mapped_or_removed)
{
	__u64 end = pd_now(CLOCK_MONOTONIC) + DUEL_MS * 1000000ULL;
	__u32 mapped = 0, removed = 0;
	struct tpacket4_ring ring = {};
	struct tpacket_req4 req;
	struct duel duel = {};
	pthread_t remover;
	int err;

	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	pd_req(&req, ENTRIES, SLOTS, 2048);
	duel.fd = pd_socket(SOCK_RAW);
	ASSERT_GE(duel.fd, 0);
	pthread_barrier_init(&duel.begin, NULL, 2);
	pthread_barrier_init(&duel.end, NULL, 2);
	ASSERT_EQ(pthread_create(&remover, NULL, remover_main, &duel), 0);

	while (pd_now(CLOCK_MONOTONIC) < end) {
		ASSERT_EQ(pd_set_ring(duel.fd, &req), 0);
		pthread_barrier_wait(&duel.begin);
		err = tpacket4_map(&ring, duel.fd);
		pthread_barrier_wait(&duel.end);
		ASSERT_EQ(duel.removed, err ? 0 : -EBUSY);
		if (err) {
			removed++;
			continue;
		}
		tpacket4_unmap(&ring);
		ASSERT_EQ(pd_remove_ring(duel.fd), 0);
		mapped++;
	}
	TH_LOG("mapped %u times, removed %u times", mapped, removed);
	duel.over = true;
	pthread_barrier_wait(&duel.begin);

	pthread_join(remover, NULL);
	pthread_barrier_destroy(&duel.begin);
	pthread_barrier_destroy(&duel.end);
	close(duel.fd);
}

#define CHANGES	40

/* A thread that turns a device on or off. */
struct turn {
	pthread_barrier_t	begin;
	bool			up;
	int			err;
};

static void *turn_main(void *arg)
{
	struct turn *turn = arg;

	pthread_barrier_wait(&turn->begin);
	turn->err = pd_if_up("lo", turn->up);

	return NULL;
}

/* Column R of the one packet socket of this namespace. */
static int hooked(void)
{
	FILE *f = fopen("/proc/net/packet", "r");
	char line[256];
	int running = -1;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		sscanf(line, "%*s %*d %*u %*x %*d %d", &running);
	fclose(f);

	return running;
}

static int socket_error(int fd)
{
	socklen_t len = sizeof(int);
	int err = -1;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);

	return err;
}

/* Make or remove the ring while the device goes up or down. */
static int change_and_turn(int fd, struct turn *turn, bool add)
{
	struct tpacket_req4 req;
	pthread_t thread;
	int err;

	pd_req(&req, ENTRIES, 0, 2048);
	pthread_barrier_init(&turn->begin, NULL, 2);
	if (pthread_create(&thread, NULL, turn_main, turn))
		return -EAGAIN;
	pthread_barrier_wait(&turn->begin);
	err = add ? pd_set_ring(fd, &req) : pd_remove_ring(fd);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&turn->begin);

	return err ?: turn->err;
}

/* The socket gets frames of a device that is up, and ENETDOWN of one that is down. */
TEST(device_goes_up_or_down_while_the_ring_changes)
{
	struct turn turn = {};
	struct tpacket_req4 req;
	int i, fd, phase;

	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	ASSERT_EQ(pd_netns(), 0);
	fd = pd_socket(SOCK_RAW);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(pd_bind(fd, if_nametoindex("lo"), ETH_P_ALL), 0);
	socket_error(fd);

	/* made while it goes up and removed while it goes down, then both the
	 * other way round
	 */
	for (phase = 0; phase < 2; phase++) {
		for (i = 0; i < 2 * CHANGES; i++) {
			turn.up = i % 2 == 0;
			ASSERT_EQ(change_and_turn(fd, &turn, turn.up ^ phase), 0);
			ASSERT_EQ(hooked(), turn.up) TH_LOG("round %d", i);
			ASSERT_EQ(socket_error(fd), turn.up ? 0 : ENETDOWN)
				TH_LOG("round %d", i);
		}
		if (phase)
			break;
		pd_req(&req, ENTRIES, 0, 2048);
		ASSERT_EQ(pd_set_ring(fd, &req), 0);
	}
	close(fd);
}

TEST_HARNESS_MAIN
