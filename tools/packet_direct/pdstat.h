/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pdstat: what the files share.
 *
 *	main.c		the options, and the loop of --watch
 *	table.c		output for people
 *	json.c		output for programs
 *	prometheus.c	output for Prometheus
 *	rate.c		what happened between two looks
 *	process.c	who has a socket
 *	diag.c		the sockets, by sock_diag
 */
#ifndef PDSTAT_H
#define PDSTAT_H

#include <linux/if_packet.h>
#include <linux/packet_diag.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pdstat_process {
	pid_t	pid;
	char	name[64];
};

/* A socket with a TPACKET_V4 ring. */
struct pdstat_socket {
	uint32_t		inode;
	uint32_t		cookie[2];
	char			ifname[IF_NAMESIZE];
	bool			leased;
	struct packet_diag_direct ring;
	struct tpacket4_stats	stats;
	struct pdstat_process	*processes;
	size_t			process_nr;
	double			packets_per_second;
	double			bits_per_second;
};

struct pdstat_list {
	struct pdstat_socket	*sockets;
	size_t			nr;
	double			seconds;	/* when, by the monotonic clock */
};

/* What a lease can have of its device's steering. */
struct pdstat_flag {
	const char	*name;
	uint32_t	flag;
};

/* A counter of struct tpacket4_stats. */
struct pdstat_counter {
	const char	*name;
	const char	*title;		/* of the table's column, or NULL */
	size_t		offset;
	const char	*help;
};

/* Each ends with a name of NULL. */
extern const struct pdstat_counter pdstat_counters[];	/* __u64 */
extern const struct pdstat_counter pdstat_drops[];	/* __u64 */
extern const struct pdstat_counter pdstat_slots[];	/* __u32 */
extern const struct pdstat_counter pdstat_payload_slots[]; /* __u32 */
extern const struct pdstat_flag pdstat_steering[];

static inline uint64_t pdstat_count(const struct pdstat_socket *sock,
				    const struct pdstat_counter *counter)
{
	return *(const __u64 *)((const char *)&sock->stats + counter->offset);
}

static inline uint32_t pdstat_slot_count(const struct pdstat_socket *sock,
					 const struct pdstat_counter *counter)
{
	return *(const __u32 *)((const char *)&sock->stats + counter->offset);
}

/* diag.c */
int pdstat_open(void);
int pdstat_read(int nl, const char *ifname, struct pdstat_list *list);
void pdstat_free(struct pdstat_list *list);
const char *pdstat_state(const struct pdstat_socket *sock);

/* process.c */
int pdstat_find_processes(struct pdstat_list *list);

/* rate.c */
void pdstat_rate(struct pdstat_list *list, const struct pdstat_list *before);

/* table.c, json.c, prometheus.c */
void pdstat_print_table(const struct pdstat_list *list);
void pdstat_print_json(const struct pdstat_list *list);
void pdstat_print_prometheus(const struct pdstat_list *list);

#endif
