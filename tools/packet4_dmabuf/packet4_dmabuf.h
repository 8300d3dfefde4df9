/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of packet4_dmabuf.
 *
 *	main.c		options, the loop from ring to writer
 *	memory.c	huge pages, and a udmabuf over them
 *	bar.c		a BAR of a PCI device in place of them
 *	ring.c		the ring, its filter, the lease of the queue
 *	writer.c	a thread that writes payload slots to the file
 *
 * A payload slot belongs to the kernel, to an entry, to the writer, or is a spare.
 * The loop takes the slot out of an entry, puts a spare in its place, and hands the
 * slot to the writer.  The writer returns it as a spare.
 */
#ifndef PACKET4_DMABUF_H
#define PACKET4_DMABUF_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "../testing/selftests/net/packet_direct/tpacket4.h"

struct options {
	const char	*iface;
	const char	*file;
	const char	*index;
	const char	*bar;
	unsigned int	queue;
	unsigned int	port;
	unsigned int	entries;
	unsigned int	slots;
	unsigned int	payload;
	unsigned long	count;
	bool		erratum;
};

/**
 * struct memory - where the NIC writes payload
 * @map:	the address for pwritev(); this program does not access it itself
 * @len:	bytes
 * @page:	bytes of a page
 * @dmabuf:	the same memory as a dma-buf, for the NIC
 * @is_bar:	it is a device's, which O_DIRECT cannot take from
 */
struct memory {
	uint8_t	*map;
	size_t	len;
	size_t	page;
	int	dmabuf;
	bool	is_bar;
};

struct part {
	uint32_t slot;
	uint32_t len;
};

/**
 * struct writer - payload slots on their way to the file
 * @memory:	has the slots
 * @slot_size:	bytes from one slot to the next
 * @block:	block size of the file; each part begins at a multiple of it
 * @fd:		the file
 * @offset:	of the next part in the file
 * @parts:	parts to be written, in a ring of @room: @waiting of them, from @head on
 * @done:	slots that are free again, @done_nr of them
 * @error:	negative errno of the write that failed
 * @stop:	no more parts will be added
 */
struct writer {
	const struct memory *memory;
	size_t		slot_size;
	uint32_t	block;
	int		fd;
	off_t		offset;
	struct part	*parts;
	uint32_t	*done;
	uint32_t	room;
	uint32_t	head;
	uint32_t	waiting;
	uint32_t	done_nr;
	int		error;
	bool		stop;
	pthread_t	thread;
	pthread_mutex_t	lock;
	pthread_cond_t	more;
	pthread_cond_t	less;
};

void __attribute__((noreturn, format(printf, 1, 2))) give_up(const char *format, ...);

void memory_create(struct memory *memory, size_t len);
/* Instead of that, with the options' bar. */
void bar_open(struct memory *memory, const char *name, size_t len);

int ring_open(struct tpacket4_ring *ring, const struct options *o);
void ring_lease(int fd, const struct options *o, const struct memory *memory);
void ring_release(int fd);
void ring_stats(int fd, struct tpacket4_stats *stats);

/* The writer's functions return 0 or a negative errno.  This one opens the file. */
int writer_start(struct writer *w, const char *file, uint32_t room);
int writer_add(struct writer *w, const struct part *parts, uint32_t nr);
/* Collects the slots that are free again.  Can wait for one that is being written. */
int writer_collect(struct writer *w, uint32_t *slots, uint32_t *nr, bool wait);
int writer_finish(struct writer *w);

#endif /* PACKET4_DMABUF_H */
