// SPDX-License-Identifier: BSD-3-Clause
/*
 * How records get into a savefile.
 *
 * A pcap_dumper_t is a FILE, and programs cast it and write to it themselves.  So
 * records go into the stream's own buffer, by stdio or as stdio does it, and a larger
 * buffer is one that stdio was given.
 */
#define _GNU_SOURCE	/* for what has no lock */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "sf-pcap-write.h"

#ifdef __GLIBC__
#include <sys/stat.h>
#include <unistd.h>

#ifdef __has_include
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define ONE_THREAD	__libc_single_threaded
#endif
#endif
#ifndef ONE_THREAD
#define ONE_THREAD	0
#endif

#define BUFFER_LEN	65536
#define BUFFERS		32

/*
 * The buffers that streams were given.  stdio does not free such a buffer.  An entry
 * belongs to whom its stream belongs to, so only taking a free one is a race.  A
 * program that calls fclose() leaves its entry behind, so there is a limit to them.
 */
static struct {
	FILE	*file;		/* NULL: the entry is free */
	void	*buffer;
} given[BUFFERS];

static int find_given(FILE *f)
{
	int i;

	for (i = 0; i < BUFFERS; i++)
		if (__atomic_load_n(&given[i].file, __ATOMIC_ACQUIRE) == f)
			return i;
	return -1;
}

/* An entry for the stream.  What fclose() left of one at the same address is reused. */
static int take_entry(FILE *f)
{
	int i = find_given(f);
	FILE *none;

	if (i >= 0)
		return i;
	for (i = 0; i < BUFFERS; i++) {
		none = NULL;
		if (__atomic_compare_exchange_n(&given[i].file, &none, f, 0,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return i;
	}
	return -1;
}

/* Returns the entry's buffer, which is the caller's now. */
static void *free_entry(int i)
{
	void *buffer = given[i].buffer;

	given[i].buffer = NULL;
	__atomic_store_n(&given[i].file, NULL, __ATOMIC_RELEASE);
	return buffer;
}

/* Somebody may wait for what comes through a pipe, a socket or a terminal. */
static int is_read_at_once(FILE *f)
{
	struct stat st;

	return fstat(fileno(f), &st) || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) ||
	       (S_ISCHR(st.st_mode) && isatty(fileno(f)));
}

/*
 * Give a stream that libpcap opened, and to which nothing was written yet, a buffer
 * that saves system calls.  Without one it works as well.
 */
void pcap_sf_enlarge_buffer(FILE *f)
{
	int i;

	if (is_read_at_once(f))
		return;
	i = take_entry(f);
	if (i < 0)
		return;
	if (!given[i].buffer)
		given[i].buffer = malloc(BUFFER_LEN);
	if (!given[i].buffer || setvbuf(f, given[i].buffer, _IOFBF, BUFFER_LEN))
		free(free_entry(i));
}

void pcap_sf_close(FILE *f)
{
	int i = find_given(f);
	void *buffer = i < 0 ? NULL : free_entry(i);

	(void)fclose(f);
	free(buffer);
}

/*
 * As putc_unlocked() does it: what is between the two pointers is room for bytes.
 * There is none in a stream that is unbuffered, buffered by lines or being read.
 */
static inline int append(FILE *f, const void *header, size_t header_len,
			 const void *data, size_t len)
{
	char *at = f->_IO_write_ptr;

	if (f->_IO_write_end - at < (ptrdiff_t)(header_len + len))
		return 0;
	memcpy(at, header, header_len);
	memcpy(at + header_len, data, len);
	f->_IO_write_ptr = at + header_len + len;
	return 1;
}

static inline void write_record(FILE *f, const void *header, size_t header_len,
				const void *data, size_t len)
{
	if (append(f, header, header_len, data, len))
		return;
	if (fwrite_unlocked(header, header_len, 1, f) == 1)
		(void)fwrite_unlocked(data, len, 1, f);
}

/* A record gets data only if its header was written.  Those of threads do not mix. */
void pcap_sf_write_record(FILE *f, const void *header, size_t header_len,
			  const void *data, size_t len)
{
	if (ONE_THREAD) {
		write_record(f, header, header_len, data, len);
		return;
	}
	flockfile(f);
	write_record(f, header, header_len, data, len);
	funlockfile(f);
}

#else /* __GLIBC__ */

void pcap_sf_enlarge_buffer(FILE *f)
{
	(void)f;
}

void pcap_sf_close(FILE *f)
{
	(void)fclose(f);
}

void pcap_sf_write_record(FILE *f, const void *header, size_t header_len,
			  const void *data, size_t len)
{
	if (fwrite(header, header_len, 1, f) == 1)
		(void)fwrite(data, len, 1, f);
}
#endif /* __GLIBC__ */
