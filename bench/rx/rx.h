/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A way to receive, as the measuring loop of main.c sees it.  Each path reads the
 * first 16 bytes of every frame with rx_touch(), and does nothing else with it.
 */
#ifndef BENCH_RX_H
#define BENCH_RX_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/**
 * struct rx - a run
 * @ifname:	device, or PCI address for DPDK
 * @ifindex:	of @ifname
 * @queue:	RX queue, where the path has one
 * @entries:	of the ring shared with the kernel
 * @slot:	bytes of one of its slots
 * @batch:	frames to take at a time, and the budget of a busy poll
 * @hold:	frames that the application keeps before it gives the oldest back
 * @filter:	which socket filter to attach; 0: none; FILTER_REFUSES: the application gets
 *		nothing
 * @copy:	AF_XDP: by copy
 * @busy:	busy polling
 * @split:	header split: @slot is a payload slot, which is not read
 * @stamps:	the NIC's time stamps of all frames
 * @huge:	slots in huge pages of the program's own
 * @lease:	PACKET_DIRECT_* of the lease
 * @fd:		socket
 * @device:	what the device has received, of a run that gets nothing
 * @sum:	of the bytes read, so that the compiler keeps the reads
 * @bytes:	of the frames
 * @seen:	frames so far, where somebody else counts them
 * @memory:	slots of the program's own, or NULL
 * @priv:	the path's own data
 */
struct rx {
	const char *ifname;
	unsigned int ifindex;
	unsigned int queue, entries, slot, batch, hold, filter;
	bool copy, busy, split, stamps, huge;
	uint32_t lease;
	int fd, device;
	uint64_t sum, bytes, seen;
	void *memory;
	void *priv;
};

/**
 * struct rx_path - a way to receive
 * @name:   the row's name
 * @set:    optional; sets what differs from a path with the same functions
 * @open:   get ready
 * @burst:  take the frames that are there, about rx->batch; returns how many
 * @wait:   nothing was there: sleep, or poll the device
 * @drops:  frames lost so far, by the path's own counters
 * @close:  optional
 * @endless: at saturation @burst never returns 0
 * @local:  the frames are for this host
 */
struct rx_path {
	const char *name;
	void (*set)(struct rx *rx);
	void (*open)(struct rx *rx);
	unsigned int (*burst)(struct rx *rx);
	void (*wait)(struct rx *rx);
	uint64_t (*drops)(struct rx *rx);
	void (*close)(struct rx *rx);
	bool endless, local;
};

extern const struct rx_path * const rx_paths[];

void die(const char *what) __attribute__((noreturn));

/* device.c */
void device_open(struct rx *rx);
unsigned int device_look(struct rx *rx);
unsigned int device_burst(struct rx *rx);

/* sock.c */
#define FILTER_REFUSES	3
void sock_bind(struct rx *rx, int protocol);
void sock_filter(struct rx *rx);
void sock_busy_poll(struct rx *rx);
void sock_poll(struct rx *rx);

/* The first 16 bytes of a frame. */
static inline uint64_t rx_touch(const void *frame)
{
	uint64_t word[2];

	memcpy(word, frame, sizeof(word));
	return word[0] ^ word[1];
}

#endif
