/* SPDX-License-Identifier: GPL-2.0 */
/* The control socket, its requests, and the knobs that they turn. */
#ifndef NICSIM_CONTROL_CONTROL_H
#define NICSIM_CONTROL_CONTROL_H

#include "nicsim.h"

#define CTL_MAX_WORDS	32
#define KNOB_ERR_LEN	512

struct control;

/* control.c */
struct control *control_new(struct nicsim *sim, const char *path);
void control_free(struct control *ctl);

/* request.c */
struct ctl_args {
	char *word[CTL_MAX_WORDS];	/* the first is the request's name */
	size_t n;
	const char *id;
	char err[KNOB_ERR_LEN];
};

/* @fn prints the members of the answer, each with a comma before it, or returns
 * ctl_fail().
 */
struct ctl_request {
	const char *name, *usage;
	bool (*fn)(struct nicsim *sim, struct ctl_args *a, FILE *out);
};

extern const struct ctl_request ctl_requests[];

/* Writes a->err and returns false. */
bool ctl_fail(struct ctl_args *a, const char *fmt, ...) __printf(2, 3);

/* knob.c; @err has room for KNOB_ERR_LEN bytes */
bool knob_set(struct nicsim *sim, const char *name, const char *text, char *err);
void knob_list(struct nicsim *sim, FILE *out);

/* parse.c: false unless the whole of @text is a number or a MAC address */
bool parse_u64(const char *text, uint64_t *val);
bool parse_mac(const char *text, uint8_t mac[6]);

#endif
