// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "packet4_dmabuf.h"

#define AT_ONCE		256U	/* slots of one pwritev() */
#define SECTOR		512U	/* where the file system does not say */

static uint32_t round_up(uint32_t len, uint32_t block)
{
	return (len + block - 1) / block * block;
}

/* Writes everything at the file's offset, and moves that. */
static int write_all(struct writer *w, struct iovec *iov, int nr)
{
	ssize_t done;

	while (nr) {
		done = pwritev(w->fd, iov, nr, w->offset);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -ENOSPC;
		w->offset += done;
		for (; nr && (size_t)done >= iov->iov_len; nr--)
			done -= iov++->iov_len;
		if (nr) {
			iov->iov_base = (uint8_t *)iov->iov_base + done;
			iov->iov_len -= done;
		}
	}
	return 0;
}

/* Only this thread moves head, so these parts do not change: no lock is needed. */
static int write_parts(struct writer *w, uint32_t nr)
{
	struct iovec iov[AT_ONCE];
	const struct part *part;
	uint32_t i;

	for (i = 0; i < nr; i++) {
		part = &w->parts[(w->head + i) % w->room];
		iov[i].iov_base = w->memory->map + part->slot * w->slot_size;
		iov[i].iov_len = round_up(part->len, w->block);
	}
	return write_all(w, iov, nr);
}

static void *run(void *arg)
{
	struct writer *w = arg;
	uint32_t nr, i;
	int err = 0;

	pthread_mutex_lock(&w->lock);
	while (!err) {
		while (!w->waiting && !w->stop)
			pthread_cond_wait(&w->more, &w->lock);
		if (!w->waiting)
			break;
		nr = w->waiting < AT_ONCE ? w->waiting : AT_ONCE;
		pthread_mutex_unlock(&w->lock);
		err = write_parts(w, nr);
		pthread_mutex_lock(&w->lock);
		for (i = 0; i < nr; i++)
			w->done[w->done_nr++] = w->parts[(w->head + i) % w->room].slot;
		w->head = (w->head + nr) % w->room;
		w->waiting -= nr;
		w->error = err;
		pthread_cond_signal(&w->less);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* The block that O_DIRECT needs on that file system. */
static int find_block(struct writer *w, const char *file)
{
	struct statx stx = { 0 };

	w->block = SECTOR;
	if (statx(AT_FDCWD, file, 0, STATX_DIOALIGN, &stx))
		return -errno;
	if (stx.stx_mask & STATX_DIOALIGN && stx.stx_dio_offset_align > SECTOR)
		w->block = stx.stx_dio_offset_align;
	return 0;
}

int writer_start(struct writer *w, const char *file, uint32_t room)
{
	int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
	int err;

	if (!w->memory->is_bar)
		flags |= O_DIRECT;
	w->fd = open(file, flags, 0644);
	if (w->fd < 0)
		return -errno;
	err = find_block(w, file);
	if (err)
		return err;
	w->room = room;
	w->parts = calloc(room, sizeof(*w->parts));
	w->done = calloc(room, sizeof(*w->done));
	if (!w->parts || !w->done)
		return -ENOMEM;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	pthread_cond_init(&w->less, NULL);
	return -pthread_create(&w->thread, NULL, run, w);
}

/* There is always room, because there are no more slots than that. */
int writer_add(struct writer *w, const struct part *parts, uint32_t nr)
{
	int err;

	pthread_mutex_lock(&w->lock);
	for (; nr; nr--, w->waiting++)
		w->parts[(w->head + w->waiting) % w->room] = *parts++;
	pthread_cond_signal(&w->more);
	err = w->error;
	pthread_mutex_unlock(&w->lock);
	return err;
}

int writer_collect(struct writer *w, uint32_t *slots, uint32_t *nr, bool wait)
{
	int err;

	pthread_mutex_lock(&w->lock);
	while (wait && !w->done_nr && w->waiting && !w->error)
		pthread_cond_wait(&w->less, &w->lock);
	for (; w->done_nr; (*nr)++)
		slots[*nr] = w->done[--w->done_nr];
	err = w->error;
	pthread_mutex_unlock(&w->lock);
	return err;
}

int writer_finish(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	if (!w->error && fdatasync(w->fd))
		w->error = -errno;
	close(w->fd);
	return w->error;
}
