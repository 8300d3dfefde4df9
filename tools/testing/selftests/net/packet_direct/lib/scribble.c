// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../kselftest.h"
#include "scribble.h"

#define FLIPS	500

/* Never 0 unless @state is. */
__u32 pd_random(__u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;

	return *state;
}

/* @len is a multiple of 4. */
void pd_noise(void *at, size_t len, __u32 *state)
{
	__u32 *word = at, *end = word + len / sizeof(*word);

	for (; word < end; word++)
		__atomic_store_n(word, pd_random(state), __ATOMIC_RELAXED);
}

/* Below @n, which may be 0. */
static __u32 below(struct pd_scribbler *s, __u32 n)
{
	return n ? pd_random(&s->random) % n : 0;
}

static void put(__u32 *word, __u32 value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static __u32 get(const __u32 *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* A value at a limit that code may forget. */
static __u32 edge(struct pd_scribbler *s)
{
	const struct tpacket4_layout *l = &s->ring.layout;
	const __u32 value[] = {
		0, 1, ~0U, 1U << 31, (1U << 31) - 1, (1U << 31) + 1, 1U << 16,
		TPACKET4_SLOT_NONE, TPACKET4_SLOT_NONE - 1, TPACKET4_SLOT_NONE - 2,
		l->tl_slot_nr - 1, l->tl_slot_nr, l->tl_slot_nr + 1,
		l->tl_payload_nr - 1, l->tl_payload_nr, l->tl_payload_nr + 1,
		l->tl_entry_nr - 1, l->tl_entry_nr, l->tl_entry_nr + 1,
		l->tl_slot_len, l->tl_slot_len + 1, l->tl_payload_len,
		l->tl_index_start, TPACKET4_MAX_SLOTS,
	};

	return value[below(s, ARRAY_SIZE(value))];
}

/* A wrong value for cons and seen, which are compared with prod. */
static __u32 wrong_index(struct pd_scribbler *s)
{
	__u32 prod = get(&s->both->prod);
	__u32 entries = s->ring.layout.tl_entry_nr;

	switch (below(s, 6)) {
	case 0:
		return prod + 1 + below(s, 3);
	case 1:
		return prod - entries - below(s, 3);
	case 2:
		return prod + (1U << 31);
	case 3:
		return prod - below(s, entries);
	case 4:
		return get(&s->ring.ctrl->cons) - 1;
	default:
		return edge(s);
	}
}

static struct tpacket4_hdr *any_hdr(struct pd_scribbler *s)
{
	return tpacket4_at(&s->ring, pd_random(&s->random));
}

static __u32 *number_of(struct tpacket4_hdr *hdr, bool payload)
{
	return payload ? &hdr->tp_payload_slot : &hdr->tp_slot;
}

/* Most of the numbers exist and are somebody else's. */
static __u32 wrong_number(struct pd_scribbler *s, bool payload)
{
	const struct tpacket4_layout *l = &s->ring.layout;
	__u32 other = get(number_of(any_hdr(s), payload));

	switch (below(s, 6)) {
	case 0:
	case 1:
		return other;
	case 2:
		return other + 1;
	case 3:
		return other - 1;
	case 4:
		return below(s, payload ? l->tl_payload_nr : l->tl_slot_nr);
	default:
		return edge(s);
	}
}

static void scribble_number(struct pd_scribbler *s, bool payload)
{
	put(number_of(any_hdr(s), payload), wrong_number(s, payload));
}

static void scribble_flip(struct pd_scribbler *s)
{
	bool payload = below(s, 2);
	__u32 *word, one, other;
	int i;

	if (below(s, 2)) {
		word = &s->ring.ctrl->cons;
		one = get(&s->both->prod);
		other = wrong_index(s);
	} else {
		word = number_of(any_hdr(s), payload);
		one = get(word);
		other = wrong_number(s, payload);
	}
	for (i = 0; i < FLIPS; i++)
		put(word, i % 2 ? one : other);
}

/* Only to the used part of a slot: the test looks whether the kernel wrote to the rest. */
static void scribble_data(struct pd_scribbler *s)
{
	const struct tpacket4_layout *l = &s->ring.layout;
	__u64 slot;

	if (l->tl_payload_off && below(s, 2)) {
		slot = below(s, l->tl_payload_nr);
		pd_noise(s->ring.payload + (slot << l->tl_payload_shift),
			 l->tl_payload_len, &s->random);
	} else {
		slot = below(s, l->tl_slot_nr);
		pd_noise(tpacket4_slot(&s->ring, slot), l->tl_slot_len,
			 &s->random);
	}
}

static void scribble_hdr_page(struct pd_scribbler *s)
{
	const struct tpacket4_layout *l = &s->ring.layout;
	size_t len = (size_t)l->tl_entry_nr * l->tl_hdr_stride;
	size_t page = len < 4096 ? len : 4096;

	pd_noise(s->ring.hdr + below(s, len / page) * page, page, &s->random);
}

static void scribble(struct pd_scribbler *s, enum pd_scribble what)
{
	struct tpacket4_ctrl *ctrl = s->ring.ctrl;

	switch (what) {
	case PD_CTRL_WORD:
		put((__u32 *)ctrl + below(s, sizeof(*ctrl) / 4),
		    pd_random(&s->random));
		break;
	case PD_CTRL_PAGE:
		pd_noise(ctrl, 4096, &s->random);
		break;
	case PD_CONS:
		put(&ctrl->cons, wrong_index(s));
		break;
	case PD_SEEN:
		put(&ctrl->seen, wrong_index(s));
		break;
	case PD_HDR_WORD:
		put((__u32 *)any_hdr(s) + below(s, sizeof(struct tpacket4_hdr) / 4),
		    below(s, 2) ? edge(s) : pd_random(&s->random));
		break;
	case PD_HDR_PAGE:
		scribble_hdr_page(s);
		break;
	case PD_SLOT:
		scribble_number(s, false);
		break;
	case PD_PAYLOAD:
		scribble_number(s, true);
		break;
	case PD_FLIP:
		scribble_flip(s);
		break;
	case PD_DATA:
		scribble_data(s);
		break;
	default:
		put(&ctrl->cons, get(&s->both->prod));
	}
	s->count[what]++;
}

static void *scribble_main(void *arg)
{
	struct pd_scribbler *s = arg;

	while (!__atomic_load_n(&s->both->stop, __ATOMIC_RELAXED))
		scribble(s, below(s, PD_SCRIBBLES));

	return NULL;
}

/* Returns an object for pd_scribble_stop(), or NULL. */
struct pd_scribblers *pd_scribble_start(const struct tpacket4_ring *ring,
					__u32 seed)
{
	struct pd_scribblers *s;
	int i;

	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return NULL;
	s->prod = get(&ring->ctrl->prod);
	for (i = 0; i < 2; i++) {
		s->by[i].ring = *ring;
		s->by[i].random = (seed + 2 * i) | 1;
		s->by[i].both = s;
	}

	s->process = fork();
	if (!s->process) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		scribble_main(&s->by[1]);
		_exit(0);
	}
	if (s->process < 0 ||
	    pthread_create(&s->thread, NULL, scribble_main, &s->by[0])) {
		if (s->process > 0)
			kill(s->process, SIGKILL);
		munmap(s, sizeof(*s));
		return NULL;
	}

	return s;
}

/* Tells how far the kernel has got meanwhile. */
void pd_scribble_prod(struct pd_scribblers *s, __u32 prod)
{
	put(&s->prod, prod);
}

/* Counts in @count how often each kind was written, and returns the sum. */
__u64 pd_scribble_stop(struct pd_scribblers *s, __u64 *count)
{
	__u64 sum = 0;
	int i;

	__atomic_store_n(&s->stop, true, __ATOMIC_RELAXED);
	pthread_join(s->thread, NULL);
	waitpid(s->process, NULL, 0);
	for (i = 0; i < PD_SCRIBBLES; i++) {
		count[i] = s->by[0].count[i] + s->by[1].count[i];
		sum += count[i];
	}
	munmap(s, sizeof(*s));

	return sum;
}
