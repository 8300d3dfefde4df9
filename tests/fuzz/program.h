/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A program is a few calls. As text, each line is one call: its name, and its
 * arguments in hexadecimal. Programs are made at random and from each other.
 */
#ifndef FUZZ_PROGRAM_H
#define FUZZ_PROGRAM_H

#include "fuzz/calls.h"

#define STEPS_MAX	24

struct step {
	__u32	call;
	__u32	args[ARGS_MAX];
};

struct program {
	__u32	steps;
	struct step	step[STEPS_MAX];
};

/* If @state is not 0, it never becomes 0. */
static inline __u32 any(__u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;

	return *state;
}

static inline __u32 below(__u32 *state, __u32 n)
{
	return any(state) % n;
}

static inline __u32 pick(__u32 *state, const __u32 *table, __u32 n)
{
	return table[below(state, n)];
}

/* Most values are right for some argument. */
static inline __u32 any_value(__u32 *state, enum kind kind)
{
	static const __u32 count[] = { 0, 7, 8, 16, 64, 64, 65, 80, 128, 256,
		4096, 1 << 18, (1 << 18) + 1, 1 << 20, (1 << 20) + 1, ~0U };
	static const __u32 bytes[] = { 0, 0, 64, 128, 256, 512, 960, 1024, 2048,
		2048, 3072, 4096, 4096, 8192, 65536, 65537, 1 << 17, ~0U };
	static const __u32 option[] = { PACKET_VERSION, PACKET_VERSION,
		PACKET_VERSION, PACKET_RX_RING, PACKET_STATISTICS, PACKET_TX_RING,
		PACKET_RESERVE, PACKET_VNET_HDR, PACKET_FANOUT, PACKET_HDRLEN,
		PACKET_TIMESTAMP, PACKET_ORIGDEV, PACKET_AUXDATA, PACKET_LOSS,
		PACKET_RX_DIRECT, PACKET_V4_STATISTICS, PACKET_QDISC_BYPASS,
		PACKET_IGNORE_OUTGOING, PACKET_COPY_THRESH, 24, 27 };
	static const __u32 edge[] = { 0, 1, 2, 3, 1U << 31, ~0U, ~0U - 1, 4096,
		0x7fffffff, 1500, 100000, 10000000, 10000001 };

	switch (kind) {
	case SOCK:
		return below(state, 4) ? 0 : below(state, SOCKS);
	case DEVICE:
		return below(state, DEVICES);
	case SIZE:
		return below(state, 8) ? 0 : any(state) % 129 - 64;
	case COUNT:
		return pick(state, count, ARRAY_SIZE(count));
	case BYTES:
		return pick(state, bytes, ARRAY_SIZE(bytes));
	case QUEUE:
		return below(state, 8) ? below(state, 4) : any(state);
	case FLAGS:
		return below(state, 2) ? 0 : below(state, 32);
	case OPTION:
		return pick(state, option, ARRAY_SIZE(option));
	case OFFSET:
		return below(state, 3) ? any(state) % 64 * 4 : any(state);
	case SMALL:
		return below(state, 8);
	default:
		if (below(state, 2))
			return any(state);
		return pick(state, edge, ARRAY_SIZE(edge));
	}
}

static inline void random_step(struct step *step, __u32 *state)
{
	const struct call *call;
	int i;

	memset(step, 0, sizeof(*step));
	step->call = below(state, CALLS);
	call = &calls[step->call];
	for (i = 0; call->args[i]; i++)
		step->args[i] = any_value(state, call->args[i]);
}

static inline void insert_step(struct program *p, __u32 at,
			       const struct step *step)
{
	if (p->steps == STEPS_MAX)
		p->steps--;
	if (at > p->steps)
		at = p->steps;
	memmove(&p->step[at + 1], &p->step[at],
		(p->steps - at) * sizeof(*step));
	p->step[at] = *step;
	p->steps++;
}

static inline void remove_step(struct program *p, __u32 at)
{
	p->steps--;
	memmove(&p->step[at], &p->step[at + 1],
		(p->steps - at) * sizeof(p->step[0]));
}

static inline void change_argument(struct program *p, __u32 *state)
{
	struct step *step = &p->step[below(state, p->steps)];
	const struct call *call = &calls[step->call];
	__u32 n = 0, i;

	while (call->args[n])
		n++;
	if (!n)
		return;
	i = below(state, n);
	if (below(state, 4))
		step->args[i] = any_value(state, call->args[i]);
	else
		step->args[i] += below(state, 3) - 1;
}

/* Some calls are taken from @other. */
static inline void mutate(struct program *p, const struct program *other,
			  __u32 *state)
{
	__u32 times = 1 + below(state, 4);
	struct step step;

	while (times--) {
		switch (p->steps ? below(state, 5) : 0) {
		case 0:
		case 1:
			random_step(&step, state);
			insert_step(p, below(state, p->steps + 1), &step);
			break;
		case 2:
			if (other->steps)
				insert_step(p, below(state, p->steps + 1),
					    &other->step[below(state, other->steps)]);
			break;
		case 3:
			remove_step(p, below(state, p->steps));
			break;
		default:
			change_argument(p, state);
		}
	}
}

/* Returns 0, or -1 with errno set. */
static inline int write_program(const struct program *p, const char *path)
{
	FILE *f = fopen(path, "w");
	const struct call *call;
	__u32 i, n;

	if (!f)
		return -1;
	for (i = 0; i < p->steps; i++) {
		call = &calls[p->step[i].call];
		fputs(call->name, f);
		for (n = 0; call->args[n]; n++)
			fprintf(f, " %x", p->step[i].args[n]);
		fputc('\n', f);
	}

	return fclose(f) ? -1 : 0;
}

/* Returns whether @line is a call. */
static inline bool read_step(struct step *step, char *line)
{
	char *word = strtok(line, " ");
	__u32 n;

	memset(step, 0, sizeof(*step));
	if (!word)
		return false;
	while (step->call < CALLS && strcmp(calls[step->call].name, word))
		step->call++;
	if (step->call == CALLS)
		return false;
	for (n = 0; calls[step->call].args[n]; n++) {
		word = strtok(NULL, " ");
		if (!word)
			return false;
		step->args[n] = strtoul(word, NULL, 16);
	}

	return !strtok(NULL, " ");
}

/* Returns 0, or -1 when the file is not a program. */
static inline int read_program(struct program *p, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[512];
	int err = 0;

	memset(p, 0, sizeof(*p));
	if (!f)
		return -1;
	while (!err && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (p->steps == STEPS_MAX ||
		    !read_step(&p->step[p->steps++], line))
			err = -1;
	}
	fclose(f);

	return err;
}

#endif /* FUZZ_PROGRAM_H */
