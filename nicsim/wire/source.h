/* SPDX-License-Identifier: GPL-2.0 */
/* Where frames come from, besides the peer port: one at a time. */
#ifndef NICSIM_SOURCE_H
#define NICSIM_SOURCE_H

#include "nicsim.h"

struct source;

/**
 * struct source_ops - a kind of source
 * @name:  of the request that starts it
 * @frame: the current frame, the same one until next(); NULL after the last
 * @next:  go on to the next one
 * @left:  frames not sent yet, UINT64_MAX when endless
 * @print: what the request and `status` tell about it, as JSON members with a
 *	   comma before each
 * @free:  free it
 */
struct source_ops {
	const char *name;
	const uint8_t *(*frame)(struct source *src, size_t *len);
	void (*next)(struct source *src);
	uint64_t (*left)(struct source *src);
	void (*print)(struct source *src, FILE *out);
	void (*free)(struct source *src);
};

struct source {
	const struct source_ops *ops;
};

#define SOURCE_ERR_LEN	256

/* capture.c; on failure NULL and the reason in @err */
struct capture_params {
	const char *path;
	uint64_t loop;		/* times; 0: for ever */
	uint64_t max;		/* longest frame without VLAN tag and FCS */
	bool keep_pause;
};

struct source *capture_open(const struct capture_params *p, char *err);

/* gen.c */
struct gen_params {
	uint64_t count;		/* 0: endless */
	uint64_t min, max, flows, seed, start;
	uint8_t dst[6], src[6];
};

struct source *gen_new(const struct gen_params *p, char *err);

/* source.c.  Takes @src over; fails while another one is sending. */
struct source_port;
struct source_mode {
	uint64_t pps;		/* 0: as fast as they are taken */
	bool pause;		/* wait for room in the packet buffer */
	bool at_once;		/* and go on inside what makes the room */
	uint64_t burst, gap_us;	/* a pause of gap_us after each burst frames; 0: none */
};

bool source_port_start(struct source_port *port, struct source *src,
		       const struct source_mode *mode);
bool source_port_busy(struct source_port *port);
void source_port_stop(struct source_port *port);
void source_port_status(struct source_port *port, FILE *out);

#endif
