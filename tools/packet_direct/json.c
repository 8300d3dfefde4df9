// SPDX-License-Identifier: GPL-2.0
/* One array on one line. */
#include <stdio.h>

#include "pdstat.h"

/* Names of processes and of interfaces may hold any byte.  Those that are no ASCII
 * are shown as if they were Latin-1.
 */
static void print_string(const char *s)
{
	unsigned char c;

	putchar('"');
	for (; *s; s++) {
		c = *s;
		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void print_processes(const struct pdstat_socket *sock)
{
	size_t i;

	printf("\"processes\":[");
	for (i = 0; i < sock->process_nr; i++) {
		printf("%s{\"pid\":%d,\"name\":", i ? "," : "",
		       sock->processes[i].pid);
		print_string(sock->processes[i].name);
		putchar('}');
	}
	printf("],");
}

static void print_drops(const struct pdstat_socket *sock)
{
	const struct pdstat_counter *c;

	printf("\"drops\":{");
	for (c = pdstat_drops; c->name; c++)
		printf("%s\"%s\":%llu", c == pdstat_drops ? "" : ",", c->name,
		       (unsigned long long)pdstat_count(sock, c));
	putchar('}');
}

static void print_slots(const struct pdstat_socket *sock, const char *name,
			const struct pdstat_counter *slots)
{
	const struct pdstat_counter *c;

	printf(",\"%s\":{", name);
	for (c = slots; c->name; c++)
		printf("%s\"%s\":%u", c == slots ? "" : ",", c->name,
		       pdstat_slot_count(sock, c));
	putchar('}');
}

static void print_flags(const char *name, uint32_t flags)
{
	const struct pdstat_flag *f;
	const char *comma = "";

	printf("\"%s\":[", name);
	for (f = pdstat_steering; f->name; f++) {
		if (!(flags & f->flag))
			continue;
		printf("%s\"%s\"", comma, f->name);
		comma = ",";
	}
	printf("],");
}

static void print_socket(const struct pdstat_socket *sock)
{
	const struct pdstat_counter *c;

	printf("{\"interface\":");
	print_string(sock->ifname);
	if (sock->leased)
		printf(",\"queue\":%u,", sock->ring.pdd_queue);
	else
		printf(",\"queue\":null,");
	printf("\"state\":\"%s\",\"inode\":%u,", pdstat_state(sock), sock->inode);
	print_processes(sock);
	print_flags("steering", sock->ring.pdd_steering);
	print_flags("steering_lost", sock->ring.pdd_steering_lost);
	printf("\"steering_moves\":%u,", sock->ring.pdd_steering_moves);
	printf("\"entries\":%u,", sock->ring.pdd_entry_nr);
	printf("\"packets_per_second\":%.1f,\"bits_per_second\":%.0f,",
	       sock->packets_per_second, sock->bits_per_second);
	for (c = pdstat_counters; c->name; c++)
		printf("\"%s\":%llu,", c->name,
		       (unsigned long long)pdstat_count(sock, c));
	print_drops(sock);
	print_slots(sock, "slots", pdstat_slots);
	if (sock->ring.pdd_payload_nr)
		print_slots(sock, "payload_slots", pdstat_payload_slots);
	putchar('}');
}

void pdstat_print_json(const struct pdstat_list *list)
{
	size_t i;

	putchar('[');
	for (i = 0; i < list->nr; i++) {
		if (i)
			putchar(',');
		print_socket(&list->sockets[i]);
	}
	puts("]");
}
