// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sock.h"

static int sock_new(const char *path, struct sockaddr_un *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	if (strlen(path) > SOCK_PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(addr->sun_path, path, strlen(path) + 1);
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int sock_connect(const char *path)
{
	struct sockaddr_un addr;
	int fd;

	fd = sock_new(path, &addr);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A socket without a listener refuses connections; one with a full backlog answers
 * EAGAIN and is alive.
 */
static void remove_stale(const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) || !S_ISSOCK(st.st_mode))
		return;
	fd = sock_connect(path);
	if (fd >= 0)
		close(fd);
	else if (errno == ECONNREFUSED)
		unlink(path);
}

int sock_listen(const char *path, const char *what)
{
	struct sockaddr_un addr;
	int fd;

	remove_stale(path);
	fd = sock_new(path, &addr);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 64)) {
		fprintf(stderr, "nicsim: %s socket %s: %s%s\n", what, path, strerror(errno),
			errno == EADDRINUSE ? " (by a running nicsim, or not a socket)" : "");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

int sock_accept(int fd)
{
	return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}
