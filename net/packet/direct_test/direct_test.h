/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ioctls of /dev/packet_direct_test, for the tests of this tree only: they may
 * change with the kernel.
 */
#ifndef __PACKET_DIRECT_TEST_H__
#define __PACKET_DIRECT_TEST_H__

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * enum packet_direct_test_flags - what kind of buffer
 * @PACKET_DIRECT_TEST_UNREADABLE: its pages are not in the kernel's mapping of all
 *				   memory: where kernel code reads or writes one,
 *				   there is an oops
 * @PACKET_DIRECT_TEST_SCATTERED:  no page is the physical neighbour of another
 * @PACKET_DIRECT_TEST_DYNAMIC:	   the exporter has pin and unpin
 * @PACKET_DIRECT_TEST_NO_ATTACH:  the exporter refuses to attach
 * @PACKET_DIRECT_TEST_NO_PIN:	   to pin, only with @PACKET_DIRECT_TEST_DYNAMIC
 * @PACKET_DIRECT_TEST_NO_MAP:	   to map
 * @PACKET_DIRECT_TEST_SLOW_PIN:   to pin moves the buffer, which goes on for
 *				   PACKET_DIRECT_TEST_MOVE_MS ms, only with
 *				   @PACKET_DIRECT_TEST_DYNAMIC
 * @PACKET_DIRECT_TEST_STUCK_PIN:  to pin moves the buffer, which goes on for as
 *				   long as there is the buffer, likewise
 */
enum packet_direct_test_flags {
	PACKET_DIRECT_TEST_UNREADABLE	= 1 << 0,
	PACKET_DIRECT_TEST_SCATTERED	= 1 << 1,
	PACKET_DIRECT_TEST_DYNAMIC	= 1 << 2,
	PACKET_DIRECT_TEST_NO_ATTACH	= 1 << 3,
	PACKET_DIRECT_TEST_NO_PIN	= 1 << 4,
	PACKET_DIRECT_TEST_NO_MAP	= 1 << 5,
	PACKET_DIRECT_TEST_SLOW_PIN	= 1 << 6,
	PACKET_DIRECT_TEST_STUCK_PIN	= 1 << 7,
};

#define PACKET_DIRECT_TEST_MOVE_MS	3000

/**
 * struct packet_direct_test_create - a buffer that is asked for
 * @size:	in bytes, whole pages
 * @flags:	enum packet_direct_test_flags
 * @reserved:	0
 */
struct packet_direct_test_create {
	__u64	size;
	__u32	flags;
	__u32	reserved;
};

/**
 * struct packet_direct_test_count - who uses a buffer
 * @fd:		in: of the buffer, or -1: then only @buffers is filled in
 * @buffers:	buffers of this exporter that exist, each as long as it is referenced
 * @attachments: devices attached now
 * @mappings:	mappings now
 * @pins:	pins now
 * @cpu_accesses: accesses by the CPU that were announced, so far
 */
struct packet_direct_test_count {
	__s32	fd;
	__u32	buffers;
	__u32	attachments;
	__u32	mappings;
	__u32	pins;
	__u32	cpu_accesses;
};

/* Returns the file descriptor of a new dma-buf. */
#define PACKET_DIRECT_TEST_CREATE	_IOW(0xbd, 0, struct packet_direct_test_create)
#define PACKET_DIRECT_TEST_COUNT	_IOWR(0xbd, 1, struct packet_direct_test_count)
/* The argument of the next two is the file descriptor itself. */
#define PACKET_DIRECT_TEST_MOVE		_IO(0xbd, 2)
/* Read each page as kernel code does.  Returns how many of these reads failed. */
#define PACKET_DIRECT_TEST_PROBE	_IO(0xbd, 3)
/* Hold RTNL for so many milliseconds, or until a signal. */
#define PACKET_DIRECT_TEST_HOLD_RTNL	_IO(0xbd, 4)

#endif
