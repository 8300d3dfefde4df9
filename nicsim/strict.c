// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "sim.h"
#include "strict.h"

#define STRICT_TEXTS	256
#define STRICT_LEN	200

struct strict {
	unsigned int n;
	uint64_t other;		/* records whose text did not fit in the table */
	struct {
		uint64_t count;
		char text[STRICT_LEN];
	} rec[STRICT_TEXTS];
};

struct strict *strict_new(void)
{
	return calloc(1, sizeof(struct strict));
}

void strict_free(struct strict *strict)
{
	free(strict);
}

void strict_clear(struct strict *strict)
{
	memset(strict, 0, sizeof(*strict));
}

void nicsim_strict(struct nicsim *sim, const char *fmt, ...)
{
	struct strict *strict = sim->strict;
	char text[STRICT_LEN];
	unsigned int i;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (i = 0; i < strict->n; i++) {
		if (!strcmp(strict->rec[i].text, text)) {
			strict->rec[i].count++;
			return;
		}
	}
	if (i == STRICT_TEXTS) {
		strict->other++;
		return;
	}
	memcpy(strict->rec[i].text, text, sizeof(text));
	strict->rec[i].count = 1;
	strict->n++;
	fprintf(stderr, "nicsim: strict: %s\n", text);
}

void strict_print(struct strict *strict, FILE *out)
{
	unsigned int i;

	fputs(",\"strict\":[", out);
	for (i = 0; i < strict->n; i++) {
		fprintf(out, "%s{\"count\":%ju,\"text\":", i ? "," : "",
			(uintmax_t)strict->rec[i].count);
		json_string(out, strict->rec[i].text);
		fputc('}', out);
	}
	fprintf(out, "],\"other\":%ju", (uintmax_t)strict->other);
}
