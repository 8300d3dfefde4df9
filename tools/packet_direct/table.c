// SPDX-License-Identifier: GPL-2.0
/* A line for each socket.  A column is as wide as its longest cell. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pdstat.h"

#define COLUMNS		18
#define CELL		32

struct row {
	char	cell[COLUMNS][CELL];
	int	nr;
};

static void __attribute__((format(printf, 2, 3)))
put(struct row *row, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(row->cell[row->nr++], CELL, fmt, args);
	va_end(args);
}

static void put_titles(struct row *row, const struct pdstat_counter *c)
{
	for (; c->name; c++)
		if (c->title)
			put(row, "%s", c->title);
}

/* What an administrator took over is in brackets. */
static void put_steering(struct row *row, const struct packet_diag_direct *ring)
{
	char *cell = row->cell[row->nr++];
	const struct pdstat_flag *f;
	size_t len = 0;

	for (f = pdstat_steering; f->name; f++) {
		if (!((ring->pdd_steering | ring->pdd_steering_lost) & f->flag))
			continue;
		len += snprintf(cell + len, CELL - len,
				ring->pdd_steering & f->flag ? "%s%s" : "%s(%s)",
				len ? "," : "", f->name);
	}
	if (!len)
		snprintf(cell, CELL, "-");
}

static void fill_head(struct row *row)
{
	row->nr = 0;
	put(row, "INTERFACE");
	put(row, "QUEUE");
	put(row, "STATE");
	put(row, "PACKETS/S");
	put(row, "MBIT/S");
	put_titles(row, pdstat_counters);
	put_titles(row, pdstat_drops);
	put_titles(row, pdstat_slots);
	put(row, "STEERING");
}

static void fill_row(struct row *row, const struct pdstat_socket *sock)
{
	const struct pdstat_counter *c;

	row->nr = 0;
	put(row, "%s", sock->ifname);
	if (sock->leased)
		put(row, "%u", sock->ring.pdd_queue);
	else
		put(row, "-");
	put(row, "%s", pdstat_state(sock));
	put(row, "%.0f", sock->packets_per_second);
	put(row, "%.1f", sock->bits_per_second / 1e6);
	for (c = pdstat_counters; c->name; c++)
		if (c->title)
			put(row, "%llu", (unsigned long long)pdstat_count(sock, c));
	for (c = pdstat_drops; c->name; c++)
		put(row, "%llu", (unsigned long long)pdstat_count(sock, c));
	for (c = pdstat_slots; c->name; c++)
		put(row, "%u", pdstat_slot_count(sock, c));
	put_steering(row, &sock->ring);
}

static void widen(int *width, const struct row *row)
{
	int i, len;

	for (i = 0; i < row->nr; i++) {
		len = strlen(row->cell[i]);
		if (width[i] < len)
			width[i] = len;
	}
}

/* Three columns are words, all others numbers. */
static void print_row(const int *width, const struct row *row)
{
	int i;

	for (i = 0; i < row->nr; i++)
		printf(i == 0 || i == 2 || i == row->nr - 1 ? "%-*s " : "%*s ",
		       width[i], row->cell[i]);
}

/* A terminal is not told to do anything. */
static void print_name(const char *name)
{
	for (; *name; name++)
		putchar(*name >= 0x20 && *name < 0x7f ? *name : '?');
}

static void print_processes(const struct pdstat_socket *sock)
{
	size_t i;

	for (i = 0; i < sock->process_nr; i++) {
		if (i)
			putchar(',');
		print_name(sock->processes[i].name);
		printf("/%d", sock->processes[i].pid);
	}
	puts(sock->process_nr ? "" : "-");
}

void pdstat_print_table(const struct pdstat_list *list)
{
	int width[COLUMNS] = { 0 };
	struct row row;
	size_t i;

	fill_head(&row);
	widen(width, &row);
	for (i = 0; i < list->nr; i++) {
		fill_row(&row, &list->sockets[i]);
		widen(width, &row);
	}

	fill_head(&row);
	print_row(width, &row);
	puts("PROCESS");
	for (i = 0; i < list->nr; i++) {
		fill_row(&row, &list->sockets[i]);
		print_row(width, &row);
		print_processes(&list->sockets[i]);
	}
}
