// SPDX-License-Identifier: GPL-2.0
/* A process has a socket if one of the links in /proc/PID/fd says so.  Those of other
 * users' processes can be read by root alone.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pdstat.h"

/* A process may call itself what it wants. */
static void read_name(struct pdstat_process *process)
{
	char path[64];
	size_t len;
	FILE *f;

	snprintf(process->name, sizeof(process->name), "?");
	snprintf(path, sizeof(path), "/proc/%d/comm", process->pid);
	f = fopen(path, "re");
	if (!f)
		return;
	len = fread(process->name, 1, sizeof(process->name) - 1, f);
	fclose(f);
	if (len && process->name[len - 1] == '\n')
		len--;
	process->name[len] = '\0';
}

static int add(struct pdstat_socket *sock, pid_t pid)
{
	struct pdstat_process *more;

	/* it has the socket more than once */
	if (sock->process_nr && sock->processes[sock->process_nr - 1].pid == pid)
		return 0;
	more = realloc(sock->processes, (sock->process_nr + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	sock->processes = more;
	more += sock->process_nr++;
	more->pid = pid;
	read_name(more);
	return 0;
}

static int match(struct pdstat_list *list, const char *target, pid_t pid)
{
	unsigned int inode;
	size_t i;
	int err;

	if (sscanf(target, "socket:[%u]", &inode) != 1)
		return 0;
	for (i = 0; i < list->nr; i++) {
		if (list->sockets[i].inode != inode)
			continue;
		err = add(&list->sockets[i], pid);
		if (err)
			return err;
	}
	return 0;
}

static int look_into(struct pdstat_list *list, pid_t pid)
{
	struct dirent *entry;
	char target[64];
	char path[64];
	int err = 0;
	ssize_t len;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	while (!err && (entry = readdir(dir))) {
		len = readlinkat(dirfd(dir), entry->d_name, target,
				 sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = '\0';
		err = match(list, target, pid);
	}
	closedir(dir);
	return err;
}

/* Fills in the processes of each socket, as far as they can be seen.  Returns 0 or a
 * negative errno.
 */
int pdstat_find_processes(struct pdstat_list *list)
{
	struct dirent *entry;
	int err = 0;
	DIR *proc;

	if (!list->nr)
		return 0;
	proc = opendir("/proc");
	if (!proc)
		return -errno;
	while (!err && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			err = look_into(list, atoi(entry->d_name));
	closedir(proc);
	return err;
}
