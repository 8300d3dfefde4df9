// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "wire/toeplitz.h"

static uint32_t key_window(const uint8_t *key, unsigned int bit)
{
	uint64_t window = 0;
	unsigned int i;

	for (i = 0; i < 5; i++)
		window = window << 8 | (bit / 8 + i < TOEPLITZ_KEY_LEN ? key[bit / 8 + i] : 0);
	return window >> (8 - bit % 8);
}

/* The table has what each value of each input byte adds to the hash.  So a frame
 * costs one look-up for each byte, not eight shifts.
 */
void toeplitz_set_key(struct toeplitz *t, const uint8_t key[TOEPLITZ_KEY_LEN])
{
	unsigned int pos, val, bit;

	for (pos = 0; pos < TOEPLITZ_INPUT_MAX; pos++) {
		t->table[pos][0] = 0;
		for (bit = 0; bit < 8; bit++) {
			uint32_t window = key_window(key, pos * 8 + 7 - bit);

			for (val = 0; val < 1u << bit; val++)
				t->table[pos][val | 1 << bit] = t->table[pos][val] ^ window;
		}
	}
}

uint32_t toeplitz_hash(const struct toeplitz *t, const uint8_t *input, size_t len)
{
	uint32_t hash = 0;
	size_t i;

	for (i = 0; i < len; i++)
		hash ^= t->table[i][input[i]];
	return hash;
}

size_t toeplitz_input(const struct pkt *pkt, const uint8_t *frame, bool ports, uint8_t *input)
{
	size_t len = pkt->l3 == L3_IPV4 ? 8 : 32;

	memcpy(input, frame + pkt->l2_end + (pkt->l3 == L3_IPV4 ? 12 : 8), len);
	if (!ports)
		return len;
	memcpy(input + len, frame + pkt->l3_end, 4);
	return len + 4;
}
