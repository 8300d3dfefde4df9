// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "control/control.h"

bool parse_u64(const char *text, uint64_t *val)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*val = strtoull(text, &end, 0);
	return !errno && !*end;
}

bool parse_mac(const char *text, uint8_t mac[6])
{
	unsigned int i;
	char *end;

	for (i = 0; i < 6; i++) {
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
			return false;
		mac[i] = (uint8_t)strtoul(text, &end, 16);
		if (end != text + 2 || *end != (i < 5 ? ':' : '\0'))
			return false;
		text += 3;
	}
	return true;
}
