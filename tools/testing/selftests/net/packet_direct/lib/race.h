/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What race.c chooses from: operations on sockets and events of a device.
 */
#ifndef PACKET_DIRECT_RACE_H
#define PACKET_DIRECT_RACE_H

#include "nic.h"

#define PD_RACE_SLOTS		144
#define PD_RACE_PAYLOADS	136

/* Sockets have fixed numbers, so that one takes another's place in one step. */
#define PD_RACE_FIRST_FD	100
#define PD_RACE_SOCKS		4

/**
 * struct pd_race - what all racers share
 * @nic:	the devices
 * @ifindex:	of the one that receives
 * @queues:	its RX queues; 0 if none can be leased
 * @stop:	asks all to end
 * @wrong_sums:	statistics whose slots were not as many as the ring has
 * @broken:	calls that failed because a driver did
 * @done:	successes of each operation
 * @refused:	refusals of each operation
 */
struct pd_race {
	struct pd_nic	nic;
	int		ifindex;
	__u32		queues;
	bool		stop;
	__u32		wrong_sums;
	__u32		broken;
	__u32		done[32];
	__u32		refused[32];
};

/* One thread, with a mapping of its own or none. */
struct pd_racer {
	struct pd_race		*race;
	__u32			random;
	struct tpacket4_ring	ring;
};

/* Whether the test has not reached its purpose without it. */
enum pd_need {
	PD_NOT_NEEDED,
	PD_NEEDED,
	PD_NEEDED_OF_QUEUES,
};

struct pd_operation {
	const char	*name;
	int		(*run)(struct pd_racer *r, int fd);
	__u32		weight;
	enum pd_need	need;
};

struct pd_event {
	const char	*name;
	int		(*run)(struct pd_racer *r);
	bool		of_queues;	/* only where queues can be leased */
};

extern const struct pd_operation pd_operations[];
extern const __u32 pd_operation_nr;
extern const struct pd_event pd_events[];
extern const __u32 pd_event_nr;

__u32 pd_below(struct pd_racer *r, __u32 n);
int pd_race_fd(struct pd_racer *r);
int pd_race_reopen(struct pd_racer *r, int fd);
int pd_set_channels(const char *ifname, __u32 queues);
int pd_descriptors(const char *ifname);
int pd_set_descriptors(const char *ifname, __u32 count);

#endif /* PACKET_DIRECT_RACE_H */
