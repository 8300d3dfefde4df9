// SPDX-License-Identifier: GPL-2.0
#include "json.h"
#include "nicsim.h"

/* Bytes above 0x7f pass: what arrives here is either ours or a UTF-8 path. */
void json_string(FILE *out, const char *text)
{
	const unsigned char *p;

	fputc('"', out);
	for (p = (const unsigned char *)text; *p; p++) {
		if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			fprintf(out, "\\u%04x", *p);
		else
			fputc(*p, out);
	}
	fputc('"', out);
}

/**
 * json_counters() - print counters as the members of an object
 * @out: where to
 * @row: the counters
 * @count: how many
 */
void json_counters(FILE *out, const struct nic_counter *row, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		fprintf(out, "%s\"%s\":%ju", i ? "," : "", row[i].name, (uintmax_t)row[i].val);
}

/**
 * json_queue() - print the counters of one queue as a member of an object
 * @out: where to
 * @first: it is the object's first member; cleared
 * @queue: its number
 * @row: its counters
 * @count: how many
 */
void json_queue(FILE *out, bool *first, unsigned int queue, const struct nic_counter *row,
		unsigned int count)
{
	fprintf(out, "%s\"%u\":{", *first ? "" : ",", queue);
	json_counters(out, row, count);
	fputc('}', out);
	*first = false;
}
