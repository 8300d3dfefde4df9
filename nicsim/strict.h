/* SPDX-License-Identifier: GPL-2.0 */
/* The record that nicsim_strict() writes. */
#ifndef NICSIM_STRICT_H
#define NICSIM_STRICT_H

#include <stdio.h>

struct strict;

struct strict *strict_new(void);
void strict_free(struct strict *strict);
void strict_clear(struct strict *strict);
void strict_print(struct strict *strict, FILE *out);

#endif
