// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "wire/gen.h"
#include "wire/packet.h"
#include "wire/source.h"

#define GEN_ADDRS		64997u	/* has no divisor in common with GEN_PORTS */
#define GEN_PORTS		50000u
#define GEN_PORT_FIRST		10000u
#define GEN_PORT_DST		9u
#define GEN_ADDR_SRC		0xc6120001u	/* 198.18.0.1 */
#define GEN_ADDR_DST		0xc6130001u	/* 198.19.0.1 */

struct gen {
	struct source src;
	struct gen_params p;
	uint64_t seq, end;
	uint8_t pattern[GEN_MAX];	/* gen_filler() of sequence number 0 */
	uint8_t frame[GEN_MAX];
	size_t len;			/* of frame, 0: to be built */
};

static void gen_fill(struct gen *gen, size_t len)
{
	uint8_t add = (uint8_t)(gen->seq * 31), *out = gen->frame + GEN_OFF_FILL;
	size_t i;

	for (i = 0; i < len - GEN_OFF_FILL; i++)
		out[i] = (uint8_t)(gen->pattern[i] + add);
}

static void gen_headers(struct gen *gen, size_t len)
{
	uint32_t flow = gen_flow(gen->seq, (uint32_t)gen->p.flows);
	uint8_t *ip = gen->frame + GEN_OFF_IP, *udp = gen->frame + GEN_OFF_UDP;
	uint32_t udp_len = (uint32_t)len - GEN_OFF_UDP;
	uint16_t sum;

	put_be16(ip + 2, (uint32_t)len - GEN_OFF_IP);
	put_be16(ip + 4, (uint32_t)gen->seq);
	put_be16(ip + 10, 0);
	put_be32(ip + 12, GEN_ADDR_SRC + flow % GEN_ADDRS);
	put_be16(ip + 10, csum_fold(csum_add(0, ip, 20)));
	put_be16(udp, GEN_PORT_FIRST + flow % GEN_PORTS);
	put_be16(udp + 4, udp_len);
	put_be16(udp + 6, 0);
	sum = csum_fold(csum_add(csum_add(PROTO_UDP + udp_len, ip + 12, 8), udp, udp_len));
	put_be16(udp + 6, sum ? sum : 0xffff);	/* 0 would mean that there is none */
}

static const uint8_t *gen_frame(struct source *src, size_t *len)
{
	struct gen *gen = (struct gen *)src;
	uint8_t *f = gen->frame;

	if (gen->p.count && gen->seq == gen->end)
		return NULL;
	if (!gen->len) {
		gen->len = gen_frame_len(gen->p.seed, gen->seq, (uint32_t)gen->p.min,
					 (uint32_t)gen->p.max);
		put_be32(f + GEN_OFF_SEQ, (uint32_t)(gen->seq >> 32));
		put_be32(f + GEN_OFF_SEQ + 4, (uint32_t)gen->seq);
		gen_fill(gen, gen->len);
		put_be32(f + GEN_OFF_CRC, gen_crc32(f + GEN_OFF_SEQ, gen->len - GEN_OFF_SEQ));
		gen_headers(gen, gen->len);
	}
	*len = gen->len;
	return f;
}

static void gen_next(struct source *src)
{
	struct gen *gen = (struct gen *)src;

	gen->seq++;
	gen->len = 0;
}

static uint64_t gen_left(struct source *src)
{
	struct gen *gen = (struct gen *)src;

	return gen->p.count ? gen->end - gen->seq : UINT64_MAX;
}

static void gen_print(struct source *src, FILE *out)
{
	struct gen *gen = (struct gen *)src;

	fprintf(out, ",\"next_seq\":%ju", (uintmax_t)gen->seq);
}

static void gen_free(struct source *src)
{
	free(src);
}

static const struct source_ops gen_ops = {
	.name = "gen",
	.frame = gen_frame,
	.next = gen_next,
	.left = gen_left,
	.print = gen_print,
	.free = gen_free,
};

struct source *gen_new(const struct gen_params *p, char *err)
{
	struct gen *gen;
	uint8_t *f;
	size_t i;

	if (p->min > p->max) {
		snprintf(err, SOURCE_ERR_LEN, "min=%ju is larger than max=%ju",
			 (uintmax_t)p->min, (uintmax_t)p->max);
		return NULL;
	}
	gen = calloc(1, sizeof(*gen));
	if (!gen) {
		snprintf(err, SOURCE_ERR_LEN, "no memory");
		return NULL;
	}
	gen->src.ops = &gen_ops;
	gen->p = *p;
	gen->seq = p->start;
	gen->end = p->start + p->count;
	for (i = 0; i < sizeof(gen->pattern); i++)
		gen->pattern[i] = gen_filler(0, i);
	f = gen->frame;
	memcpy(f, p->dst, 6);
	memcpy(f + 6, p->src, 6);
	put_be16(f + 12, 0x0800);
	f[GEN_OFF_IP] = 0x45;
	f[GEN_OFF_IP + 8] = 64;
	f[GEN_OFF_IP + 9] = PROTO_UDP;
	put_be32(f + GEN_OFF_IP + 16, GEN_ADDR_DST);
	put_be16(f + GEN_OFF_UDP + 2, GEN_PORT_DST);
	put_be32(f + GEN_OFF_MAGIC, GEN_MAGIC);
	return &gen->src;
}
