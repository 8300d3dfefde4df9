// SPDX-License-Identifier: BSD-3-Clause
/*
 * Lists of queues, as in "0-3,5".
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcap-int.h"
#include "pcap-packet4-list.h"

void pcap_packet4_list_one(struct packet4_list *list, int queue)
{
	memset(list, 0, sizeof(*list));
	list->first = queue;
	list->nr = 1;
}

static int has(const struct packet4_list *list, int queue)
{
	return list->bits[queue / PACKET4_LIST_BITS] >>
	       (queue % PACKET4_LIST_BITS) & 1;
}

/* To a list that was filled with zeros before its first queue. */
void pcap_packet4_list_add(struct packet4_list *list, int queue)
{
	if (queue < 0 || queue >= PACKET4_LIST_MAX || has(list, queue))
		return;
	list->bits[queue / PACKET4_LIST_BITS] |=
		1U << (queue % PACKET4_LIST_BITS);
	if (list->nr++ == 0 || queue < list->first)
		list->first = queue;
}

/* The next higher queue of the list, or -1. */
int pcap_packet4_list_next(const struct packet4_list *list, int after)
{
	int queue;

	if (list->nr <= 1)
		return -1;
	for (queue = after + 1; queue < PACKET4_LIST_MAX; queue++)
		if (has(list, queue))
			return queue;
	return -1;
}

/* Moves *text behind the digits.  A sign or a space is no digit. */
static int parse_number(const char **text, long most, long *number)
{
	char *end;

	if (!PCAP_ISDIGIT(**text))
		return -1;
	errno = 0;
	*number = strtol(*text, &end, 10);
	*text = end;
	return errno || *number > most ? -1 : 0;
}

/* "NUMBER" or "FROM-TO". */
static int parse_range(const char **text, struct packet4_list *list)
{
	long from, to;

	if (parse_number(text, PACKET4_LIST_MAX - 1, &from) < 0)
		return -1;
	to = from;
	if (**text == '-') {
		++*text;
		if (parse_number(text, PACKET4_LIST_MAX - 1, &to) < 0 ||
		    to < from)
			return -1;
	}
	for (; from <= to; from++)
		pcap_packet4_list_add(list, (int)from);
	return 0;
}

static int parse_ranges(const char *text, struct packet4_list *list)
{
	memset(list, 0, sizeof(*list));
	for (;;) {
		if (parse_range(&text, list) < 0)
			return -1;
		if (*text == '\0')
			break;
		if (*text++ != ',')
			return -1;
	}
	if (list->nr == 1)
		pcap_packet4_list_one(list, list->first);
	return 0;
}

/* "all", "next", "copy", the number of a queue, or ranges of such numbers. */
int pcap_packet4_list_parse(const char *text, struct packet4_list *list)
{
	const char *end = text;
	long number = 0;

	if (strcmp(text, "copy") == 0)
		number = PCAP_RX_DIRECT_COPY;
	else if (strcmp(text, "all") == 0)
		number = PCAP_RX_DIRECT_ALL;
	else if (strcmp(text, "next") == 0)
		number = PCAP_RX_DIRECT_NEXT;
	if (number < 0) {
		pcap_packet4_list_one(list, (int)number);
		return 0;
	}
	if (parse_number(&end, INT_MAX, &number) == 0 && *end == '\0') {
		pcap_packet4_list_one(list, (int)number);
		return 0;
	}
	return parse_ranges(text, list);
}

/* Adds to the text.  Afterwards *have is its length, which may be too much. */
static void PCAP_PRINTFLIKE(4, 5) append(char *text, size_t size, size_t *have,
					 const char *format, ...)
{
	va_list ap;

	if (*have >= size)
		return;
	va_start(ap, format);
	*have += vsnprintf(text + *have, size - *have, format, ap);
	va_end(ap);
}

/* Prints what parses to the same list.  Returns -1 if there is not enough room. */
int pcap_packet4_list_print(const struct packet4_list *list, char *text,
			    size_t size)
{
	size_t have = 0;
	int from, to;

	if (list->first == PCAP_RX_DIRECT_COPY)
		append(text, size, &have, "copy");
	for (from = list->first; from >= 0;
	     from = pcap_packet4_list_next(list, to)) {
		for (to = from; pcap_packet4_list_next(list, to) == to + 1; to++)
			;
		append(text, size, &have, have ? ",%d" : "%d", from);
		if (to > from)
			append(text, size, &have, "-%d", to);
	}
	if (size > 0 && have == 0)
		*text = '\0';
	return have < size ? 0 : -1;
}
