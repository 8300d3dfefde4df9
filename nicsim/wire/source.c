// SPDX-License-Identifier: GPL-2.0
/*
 * Sends the frames of a source to the model, at a given rate or as fast as the
 * model takes them, and a limited number in each turn of the loop.  With at_once it
 * goes on from inside the register write that made room.  Then what the guest finds
 * in its ring depends only on its own instructions.
 */
#include <stdlib.h>

#include "loop.h"
#include "sim.h"
#include "wire/source.h"

#define SOURCE_PER_TURN	64
#define SOURCE_AT_ONCE	16384	/* more than any ring holds */
#define SOURCE_MIN_WAIT	50000ull	/* ns; more than 20000/s come several at a time */

enum source_state { SRC_NONE, SRC_RUNNING, SRC_DONE, SRC_STOPPED };

struct source_port {
	struct nicsim *sim;
	struct loop_work work;
	struct nicsim_timer *timer;

	struct source *src;
	enum source_state state;
	struct source_mode mode;
	bool blocked, link;
	uint64_t started, sent, in_burst, bytes;

	uint64_t all_sent, all_bytes;
};

static const char * const state_names[] = {
	[SRC_NONE] = "none", [SRC_RUNNING] = "running", [SRC_DONE] = "done",
	[SRC_STOPPED] = "stopped",
};

/* Nanoseconds until the next frame is due. */
static uint64_t source_wait(struct source_port *port)
{
	unsigned __int128 due = (unsigned __int128)port->sent * 1000000000u / port->mode.pps;
	uint64_t elapsed = nicsim_now_ns() - port->started;

	if (due <= elapsed)
		return 0;
	due -= elapsed;
	return due < SOURCE_MIN_WAIT ? SOURCE_MIN_WAIT : (uint64_t)due;
}

static bool source_rests(struct source_port *port)
{
	if (!port->mode.burst || port->in_burst < port->mode.burst)
		return false;
	port->in_burst = 0;
	nicsim_timer_arm(port->timer, port->mode.gap_us * 1000);
	return true;
}

static bool source_send(struct source_port *port, const uint8_t *frame, size_t len)
{
	const struct nic_model *model = port->sim->model;

	port->blocked = model->wire_rx(port->sim->priv, frame, len,
				       port->mode.pause) == NIC_RX_WAIT && port->mode.pause;
	if (port->blocked)
		return false;
	port->sent++;
	port->in_burst++;
	port->bytes += len;
	port->all_sent++;
	port->all_bytes += len;
	port->src->ops->next(port->src);
	return true;
}

/* Returns false when no further frame can be sent now. */
static bool source_step(struct source_port *port)
{
	const uint8_t *frame;
	uint64_t wait;
	size_t len;

	frame = port->src->ops->frame(port->src, &len);
	if (!frame) {
		port->state = SRC_DONE;
		return false;
	}
	wait = port->mode.pps ? source_wait(port) : 0;
	if (wait) {
		nicsim_timer_arm(port->timer, wait);
		return false;
	}
	if (source_rests(port))
		return false;
	return source_send(port, frame, len);
}

static void source_run_for(struct source_port *port, unsigned int frames)
{
	while (frames--) {
		if (port->state != SRC_RUNNING || port->blocked || !port->link ||
		    !source_step(port))
			return;
	}
	loop_queue(port->sim->loop, &port->work);
}

static void source_run(void *arg)
{
	source_run_for(arg, SOURCE_PER_TURN);
}

static void source_kick(struct source_port *port)
{
	if (port->state == SRC_RUNNING)
		loop_queue(port->sim->loop, &port->work);
}

static void source_timer(void *arg)
{
	source_kick(arg);
}

void source_port_set_link(struct source_port *port, bool up)
{
	port->link = up;
	source_kick(port);
}

void source_port_rx_ready(struct source_port *port)
{
	if (!port->blocked)
		return;
	port->blocked = false;
	if (port->mode.at_once)
		source_run_for(port, SOURCE_AT_ONCE);
	else
		source_kick(port);
}

bool source_port_busy(struct source_port *port)
{
	return port->state == SRC_RUNNING;
}

bool source_port_start(struct source_port *port, struct source *src,
		       const struct source_mode *mode)
{
	if (source_port_busy(port))
		return false;
	if (port->src)
		port->src->ops->free(port->src);
	port->src = src;
	port->state = SRC_RUNNING;
	port->mode = *mode;
	port->blocked = false;
	port->sent = 0;
	port->in_burst = 0;
	port->bytes = 0;
	port->started = nicsim_now_ns();
	source_kick(port);
	return true;
}

void source_port_stop(struct source_port *port)
{
	nicsim_timer_cancel(port->timer);
	port->blocked = false;
	if (port->state == SRC_RUNNING)
		port->state = SRC_STOPPED;
}

void source_port_status(struct source_port *port, FILE *out)
{
	uint64_t left = port->src ? port->src->ops->left(port->src) : 0;

	fprintf(out, ",\"source\":\"%s\",\"state\":\"%s\",\"done\":%s,\"waiting\":%s",
		port->src ? port->src->ops->name : "none", state_names[port->state],
		source_port_busy(port) ? "false" : "true", port->blocked ? "true" : "false");
	fprintf(out, ",\"sent\":%ju,\"bytes\":%ju", (uintmax_t)port->sent,
		(uintmax_t)port->bytes);
	if (left == UINT64_MAX)
		fputs(",\"pending\":null", out);
	else
		fprintf(out, ",\"pending\":%ju", (uintmax_t)left);
	if (port->src)
		port->src->ops->print(port->src, out);
}

void source_port_stats(struct source_port *port, FILE *out)
{
	fprintf(out, "\"sent\":%ju,\"bytes\":%ju", (uintmax_t)port->all_sent,
		(uintmax_t)port->all_bytes);
}

struct source_port *source_port_new(struct nicsim *sim)
{
	struct source_port *port = calloc(1, sizeof(*port));

	if (!port)
		return NULL;
	port->sim = sim;
	port->work = (struct loop_work){ .fn = source_run, .arg = port };
	port->timer = loop_timer_new(sim->loop, source_timer, port);
	return port;
}

void source_port_free(struct source_port *port)
{
	if (port->src)
		port->src->ops->free(port->src);
	nicsim_timer_free(port->timer);
	free(port);
}
