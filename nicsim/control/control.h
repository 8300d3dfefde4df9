/* SPDX-License-Identifier: GPL-2.0 */
/* What the control socket (control.c) and its requests (request.c) share. */
#ifndef NICSIM_CONTROL_H
#define NICSIM_CONTROL_H

#include "sim.h"

#define CTL_MAX_WORDS	32

struct ctl_args {
	char *word[CTL_MAX_WORDS];	/* the request's name is the first */
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

bool ctl_fail(struct ctl_args *a, const char *fmt, ...) __printf(2, 3);

/* util.c: the whole of @text is a number or a MAC address, or false */
bool parse_u64(const char *text, uint64_t *val);
bool parse_mac(const char *text, uint8_t mac[6]);

#endif
