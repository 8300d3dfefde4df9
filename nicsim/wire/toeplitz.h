/* SPDX-License-Identifier: GPL-2.0 */
/* The Toeplitz hash of RSS. */
#ifndef NICSIM_WIRE_TOEPLITZ_H
#define NICSIM_WIRE_TOEPLITZ_H

#include "wire/packet.h"

#define TOEPLITZ_KEY_LEN	40
#define TOEPLITZ_INPUT_MAX	36	/* two IPv6 addresses and two ports */

struct toeplitz {
	uint32_t table[TOEPLITZ_INPUT_MAX][256];
};

void toeplitz_set_key(struct toeplitz *t, const uint8_t key[TOEPLITZ_KEY_LEN]);
uint32_t toeplitz_hash(const struct toeplitz *t, const uint8_t *input, size_t len);

/* Writes the addresses of an IP packet to @input, then its ports; returns the length. */
size_t toeplitz_input(const struct pkt *pkt, const uint8_t *frame, bool ports, uint8_t *input);

#endif
