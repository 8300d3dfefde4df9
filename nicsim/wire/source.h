/* SPDX-License-Identifier: GPL-2.0 */
/* Frames that do not come from the peer port: a capture file, the generator. */
#ifndef NICSIM_WIRE_SOURCE_H
#define NICSIM_WIRE_SOURCE_H

#include "nicsim.h"

struct source;

/**
 * struct source_ops - a kind of source
 * @name:  of the request that starts it
 * @frame: the current frame, the same one until next(); NULL after the last
 * @next:  go on to the next frame
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

/* capture_open() and gen_new() return NULL when they fail, and write the reason
 * to @err, which has room for SOURCE_ERR_LEN bytes.
 */
#define SOURCE_ERR_LEN	256

/* capture.c */
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

/**
 * struct source_mode - how the frames of a source are sent
 * @pps:	frames per second; 0: as fast as the model takes them
 * @pause:	wait for room in the packet buffer
 * @at_once:	with @pause: go on from inside the access that makes the room
 * @burst:	frames between two breaks; 0: no breaks
 * @gap_us:	length of a break
 */
struct source_mode {
	uint64_t pps;
	bool pause, at_once;
	uint64_t burst, gap_us;
};

/* source.c: the port at which one source after the other sends */
struct source_port;

struct source_port *source_port_new(struct nicsim *sim);
void source_port_free(struct source_port *port);

/* Takes @src over; returns false while another source is sending. */
bool source_port_start(struct source_port *port, struct source *src,
		       const struct source_mode *mode);
bool source_port_busy(struct source_port *port);
void source_port_stop(struct source_port *port);
void source_port_status(struct source_port *port, FILE *out);
void source_port_stats(struct source_port *port, FILE *out);

/* Called by the wire: the link has changed; the model has room again. */
void source_port_set_link(struct source_port *port, bool up);
void source_port_rx_ready(struct source_port *port);

#endif
