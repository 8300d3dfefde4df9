/* SPDX-License-Identifier: GPL-2.0 */
/* Strings in JSON.  json_counters() and json_queue() are in nicsim.h. */
#ifndef NICSIM_JSON_H
#define NICSIM_JSON_H

#include <stdio.h>

void json_string(FILE *out, const char *text);

#endif
