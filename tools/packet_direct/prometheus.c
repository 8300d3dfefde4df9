// SPDX-License-Identifier: GPL-2.0
/* The text format that node_exporter's textfile collector reads, for one. */
#include <stdio.h>

#include "pdstat.h"

static void print_label(const char *name, const char *value)
{
	unsigned char c;

	printf("%s=\"", name);
	for (; *value; value++) {
		c = *value;
		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c == '\n')
			printf("\\n");
		else
			putchar(c < 0x20 || c >= 0x7f ? '?' : c);
	}
	putchar('"');
}

/* What tells one socket from another, then one more label unless it is NULL. */
static void print_metric(const char *metric, const struct pdstat_socket *sock,
			 const char *label, const char *value)
{
	printf("packet_direct_%s{", metric);
	print_label("interface", sock->ifname);
	if (sock->leased)
		printf(",queue=\"%u\"", sock->ring.pdd_queue);
	else
		printf(",queue=\"\"");
	printf(",inode=\"%u\",", sock->inode);
	print_label("process", sock->process_nr ? sock->processes[0].name : "");
	if (label) {
		putchar(',');
		print_label(label, value);
	}
	printf("} ");
}

static void print_head(const char *metric, const char *type, const char *help)
{
	printf("# HELP packet_direct_%s %s\n", metric, help);
	printf("# TYPE packet_direct_%s %s\n", metric, type);
}

static void print_counter(const struct pdstat_list *list,
			  const struct pdstat_counter *c)
{
	char metric[64];
	size_t i;

	snprintf(metric, sizeof(metric), "%s_total", c->name);
	print_head(metric, "counter", c->help);
	for (i = 0; i < list->nr; i++) {
		print_metric(metric, &list->sockets[i], NULL, NULL);
		printf("%llu\n", (unsigned long long)
		       pdstat_count(&list->sockets[i], c));
	}
}

static void print_drops(const struct pdstat_list *list)
{
	const struct pdstat_counter *c;
	size_t i;

	print_head("drops_total", "counter", "Frames dropped, by stage");
	for (i = 0; i < list->nr; i++) {
		for (c = pdstat_drops; c->name; c++) {
			print_metric("drops_total", &list->sockets[i], "stage",
				     c->name);
			printf("%llu\n", (unsigned long long)
			       pdstat_count(&list->sockets[i], c));
		}
	}
}

static void print_slots(const struct pdstat_list *list, const char *metric,
			const struct pdstat_counter *slots, const char *help,
			bool payload)
{
	const struct pdstat_counter *c;
	size_t i;

	print_head(metric, "gauge", help);
	for (i = 0; i < list->nr; i++) {
		if (payload && !list->sockets[i].ring.pdd_payload_nr)
			continue;
		for (c = slots; c->name; c++) {
			print_metric(metric, &list->sockets[i], "where", c->name);
			printf("%u\n", pdstat_slot_count(&list->sockets[i], c));
		}
	}
}

static void print_state(const struct pdstat_list *list)
{
	size_t i;

	print_head("state", "gauge", "Where the frames come from: 1 for that state");
	for (i = 0; i < list->nr; i++) {
		print_metric("state", &list->sockets[i], "state",
			     pdstat_state(&list->sockets[i]));
		puts("1");
	}
}

static void print_steering(const struct pdstat_list *list)
{
	const struct packet_diag_direct *ring;
	const struct pdstat_flag *f;
	size_t i;

	print_head("steering", "gauge",
		   "Steering of the lease: 1 in force, 0 taken over by an administrator");
	for (i = 0; i < list->nr; i++) {
		ring = &list->sockets[i].ring;
		for (f = pdstat_steering; f->name; f++) {
			if (!((ring->pdd_steering | ring->pdd_steering_lost) &
			      f->flag))
				continue;
			print_metric("steering", &list->sockets[i], "by", f->name);
			puts(ring->pdd_steering & f->flag ? "1" : "0");
		}
	}
}

static void print_moves(const struct pdstat_list *list)
{
	size_t i;

	print_head("steering_moves_total", "counter",
		   "Times that flows may have moved between queues during the lease");
	for (i = 0; i < list->nr; i++) {
		print_metric("steering_moves_total", &list->sockets[i], NULL, NULL);
		printf("%u\n", list->sockets[i].ring.pdd_steering_moves);
	}
}

void pdstat_print_prometheus(const struct pdstat_list *list)
{
	const struct pdstat_counter *c;

	print_state(list);
	print_steering(list);
	print_moves(list);
	for (c = pdstat_counters; c->name; c++)
		print_counter(list, c);
	print_drops(list);
	print_slots(list, "slots", pdstat_slots, "Slots, by who has them", false);
	print_slots(list, "payload_slots", pdstat_payload_slots,
		    "Payload slots, by who has them", true);
}
