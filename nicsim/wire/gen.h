/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The frames of the generator, for the generator and for programs that check what
 * arrived.  This header needs no other of nicsim's, so that programs in the guest
 * can include it.
 *
 *	offset	bytes
 *	0	14	Ethernet: destination, source, 0x0800
 *	14	20	IPv4, no options; total length = frame length - 14
 *	34	8	UDP, with checksum
 *	42	4	CRC-32 (the one of Ethernet and zlib) of all that follows,
 *			big-endian
 *	46	8	sequence number, big-endian
 *	54	4	GEN_MAGIC, big-endian
 *	58	...	filler: byte i (from 0) is gen_filler(seq, i)
 *
 * Everything is a function of the parameters and the sequence number, so a
 * receiver that knows them can rebuild each frame: gen_frame_len() gives its
 * length, gen_flow() its flow.  Flow f has source address 198.18.0.1 + f % 64997
 * and source port 10000 + f % 50000.  Two flows in a row differ in both, because
 * an 82599 hashes only the addresses of UDP by default.  The destination is
 * 198.19.0.1, port 9.
 */
#ifndef NICSIM_WIRE_GEN_H
#define NICSIM_WIRE_GEN_H

#include <stddef.h>
#include <stdint.h>

#define GEN_MAGIC	0x6e67656eu
#define GEN_MIN		60u
#define GEN_MAX		16384u
#define GEN_FLOWS_MAX	1000000u
#define GEN_OFF_IP	14u
#define GEN_OFF_UDP	34u
#define GEN_OFF_CRC	42u
#define GEN_OFF_SEQ	46u
#define GEN_OFF_MAGIC	54u
#define GEN_OFF_FILL	58u

enum gen_error { GEN_OK, GEN_SHORT, GEN_NOT_OURS, GEN_BAD_LENGTH, GEN_BAD_CRC };

/* splitmix64: a random number for each (seed, seq), without any state. */
static inline uint64_t gen_random(uint64_t seed, uint64_t seq)
{
	uint64_t z = seed * 0xd1342543de82ef95ull + (seq + 1) * 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* Length without FCS.  Seed 0: the sizes min, min + 1, ... max in turn. */
static inline uint32_t gen_frame_len(uint64_t seed, uint64_t seq, uint32_t min, uint32_t max)
{
	uint64_t span = (uint64_t)max - min + 1;

	return min + (uint32_t)((seed ? gen_random(seed, seq) : seq) % span);
}

static inline uint32_t gen_flow(uint64_t seq, uint32_t flows)
{
	return (uint32_t)(seq % flows);
}

static inline uint8_t gen_filler(uint64_t seq, size_t i)
{
	return (uint8_t)(seq * 31 + i + (i >> 8));
}

static inline uint32_t gen_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t gen_be64(const uint8_t *p)
{
	return (uint64_t)gen_be32(p) << 32 | gen_be32(p + 4);
}

/* Takes eight bytes at a time, with tables that the first call fills. */
static inline uint32_t gen_crc32(const uint8_t *p, size_t len)
{
	static uint32_t t[8][256];
	uint32_t crc = 0xffffffffu, i, k;

	if (!t[0][1]) {
		for (i = 0; i < 256; i++) {
			crc = i;
			for (k = 0; k < 8; k++)
				crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
			t[0][i] = crc;
		}
		for (i = 0; i < 256; i++)
			for (k = 1; k < 8; k++)
				t[k][i] = t[k - 1][i] >> 8 ^ t[0][t[k - 1][i] & 0xff];
		crc = 0xffffffffu;
	}
	for (; len >= 8; len -= 8, p += 8) {
		crc ^= p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
		crc = t[7][crc & 0xff] ^ t[6][crc >> 8 & 0xff] ^
		      t[5][crc >> 16 & 0xff] ^ t[4][crc >> 24] ^
		      t[3][p[4]] ^ t[2][p[5]] ^ t[1][p[6]] ^ t[0][p[7]];
	}
	for (; len; len--)
		crc = crc >> 8 ^ t[0][(crc ^ *p++) & 0xff];
	return ~crc;
}

/* Checks a whole frame, without FCS and VLAN tag.  Sets @seq unless the frame is
 * too short or not from the generator.
 */
static inline enum gen_error gen_check(const uint8_t *frame, size_t len, uint64_t *seq)
{
	if (len < GEN_MIN)
		return GEN_SHORT;
	if (frame[12] != 0x08 || frame[13] != 0x00 ||
	    gen_be32(frame + GEN_OFF_MAGIC) != GEN_MAGIC)
		return GEN_NOT_OURS;
	*seq = gen_be64(frame + GEN_OFF_SEQ);
	if ((size_t)(frame[16] << 8 | frame[17]) != len - GEN_OFF_IP)
		return GEN_BAD_LENGTH;
	if (gen_crc32(frame + GEN_OFF_SEQ, len - GEN_OFF_SEQ) != gen_be32(frame + GEN_OFF_CRC))
		return GEN_BAD_CRC;
	return GEN_OK;
}

#endif
