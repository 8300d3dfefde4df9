// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "pdstat.h"

static const struct pdstat_socket *find(const struct pdstat_list *list,
					const struct pdstat_socket *sock)
{
	size_t i;

	for (i = 0; i < list->nr; i++)
		if (!memcmp(list->sockets[i].cookie, sock->cookie,
			    sizeof(sock->cookie)))
			return &list->sockets[i];
	return NULL;
}

/* How fast frames came since @before.  A socket that was not there, or whose ring was
 * another one, has counted from 0.
 */
void pdstat_rate(struct pdstat_list *list, const struct pdstat_list *before)
{
	double seconds = list->seconds - before->seconds;
	const struct pdstat_socket *old;
	struct pdstat_socket *sock;
	uint64_t packets, bytes;
	size_t i;

	for (i = 0; i < list->nr; i++) {
		sock = &list->sockets[i];
		packets = sock->stats.ts_packets;
		bytes = sock->stats.ts_bytes;
		old = find(before, sock);
		if (old && old->stats.ts_packets <= packets &&
		    old->stats.ts_bytes <= bytes) {
			packets -= old->stats.ts_packets;
			bytes -= old->stats.ts_bytes;
		}
		sock->packets_per_second = packets / seconds;
		sock->bits_per_second = 8 * bytes / seconds;
	}
}
