/* SPDX-License-Identifier: GPL-2.0 */
/* Unix sockets: all are streams, non-blocking, and closed by exec. */
#ifndef NICSIM_SOCK_H
#define NICSIM_SOCK_H

#define SOCK_PATH_MAX	107

/**
 * sock_listen() - listen on a path
 * @path: where
 * @what: the socket's purpose, for the message when this fails
 *
 * Takes over the path of a server that is gone, and refuses the path of one
 * that still answers.
 *
 * Return: the descriptor, or -1 after a message on standard error.
 */
int sock_listen(const char *path, const char *what);

/* Both return a descriptor, or -1 with errno. */
int sock_accept(int fd);
int sock_connect(const char *path);

#endif
