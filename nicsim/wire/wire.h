/* SPDX-License-Identifier: GPL-2.0 */
/* The cable between two ports.  nicsim.h has what a model sees of it. */
#ifndef NICSIM_WIRE_WIRE_H
#define NICSIM_WIRE_WIRE_H

#include <stdbool.h>
#include <stdio.h>

enum wire_role { WIRE_NONE, WIRE_LISTEN, WIRE_CONNECT };

struct nicsim;
struct wire;

struct wire *wire_new(struct nicsim *sim, enum wire_role role, const char *path);
void wire_free(struct wire *wire);

/* Begins, once the model exists: from here on it is told of the link. */
void wire_start(struct wire *wire);

/* Whether our end of the cable is plugged in. */
void wire_set_plugged(struct wire *wire, bool plugged);

/* Whether the model may make the sender wait. */
void wire_set_pause(struct wire *wire, bool pause);
bool wire_get_pause(struct wire *wire);

void wire_stats(struct wire *wire, FILE *out);

#endif
