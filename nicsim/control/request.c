// SPDX-License-Identifier: GPL-2.0
/* The requests of the control socket. */
#include <stdarg.h>
#include <string.h>

#include "bus/pci.h"
#include "bus/vfio_user.h"
#include "control/control.h"
#include "json.h"
#include "sim.h"
#include "strict.h"
#include "wire/gen.h"
#include "wire/source.h"
#include "wire/wire.h"

struct ctl_option {
	const char *name;
	uint64_t *val;		/* this, or @mac */
	uint8_t *mac;
	uint64_t min, max;
	bool *given;
};

bool ctl_fail(struct ctl_args *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->err, sizeof(a->err), fmt, ap);
	va_end(ap);
	return false;
}

static bool set_option(struct ctl_args *a, const struct ctl_option *o, const char *text)
{
	if (o->given)
		*o->given = true;
	if (o->mac)
		return parse_mac(text, o->mac) ||
		       ctl_fail(a, "%s=%s: not a MAC address", o->name, text);
	if (parse_u64(text, o->val) && *o->val >= o->min && *o->val <= o->max)
		return true;
	return ctl_fail(a, "%s=%s: not a number from %ju to %ju", o->name, text,
			(uintmax_t)o->min, (uintmax_t)o->max);
}

/* The words from @first on, each NAME=VALUE with a name of @opts. */
static bool parse_options(struct ctl_args *a, size_t first, const struct ctl_option *opts)
{
	const struct ctl_option *o;
	const char *eq;
	size_t i, len;

	for (i = first; i < a->n; i++) {
		eq = strchr(a->word[i], '=');
		len = eq ? (size_t)(eq - a->word[i]) : 0;
		for (o = opts; o->name; o++)
			if (eq && strlen(o->name) == len && !strncmp(o->name, a->word[i], len))
				break;
		if (!o->name)
			return ctl_fail(a, "%s: unknown option '%s'; see `help`", a->word[0],
					a->word[i]);
		if (!set_option(a, o, eq + 1))
			return false;
	}
	return true;
}

static bool no_more_words(struct ctl_args *a, size_t max)
{
	return a->n <= max || ctl_fail(a, "%s: unexpected '%s'", a->word[0], a->word[max]);
}

static bool source_idle(struct nicsim *sim, struct ctl_args *a)
{
	return !source_port_busy(sim->sources) ||
	       ctl_fail(a, "a source is running; `stop` it first");
}

static bool do_feed(struct nicsim *sim, struct ctl_args *a, FILE *out)
{
	uint64_t pause = 0, keep_pause = 0;
	struct source_mode mode = { 0 };
	struct capture_params p = { .loop = 1, .max = 1514 };
	bool pause_given = false;
	const struct ctl_option opts[] = {
		{ .name = "pps", .val = &mode.pps, .min = 1, .max = 1000000000 },
		{ .name = "loop", .val = &p.loop, .max = 1ull << 40 },
		{ .name = "pause", .val = &pause, .max = 1, .given = &pause_given },
		{ .name = "max", .val = &p.max, .min = NIC_FRAME_MIN, .max = NIC_FRAME_MAX },
		{ .name = "keep_pause", .val = &keep_pause, .max = 1 },
		{ 0 }
	};
	struct source *src;

	if (a->n < 2)
		return ctl_fail(a, "feed: no file given");
	if (!parse_options(a, 2, opts) || !source_idle(sim, a))
		return false;
	p.path = a->word[1];
	p.keep_pause = keep_pause;
	src = capture_open(&p, a->err);
	if (!src)
		return false;
	mode.pause = pause_given ? pause : !mode.pps;
	source_port_start(sim->sources, src, &mode);
	src->ops->print(src, out);
	return true;
}

static bool do_gen(struct nicsim *sim, struct ctl_args *a, FILE *out)
{
	struct gen_params p = {
		.min = GEN_MIN, .max = 1514, .flows = 1, .seed = 1,
		.src = { 0x02, 0, 0, 0, 0, 0xfe },
	};
	bool pause_given = false, count_given = false;
	uint64_t pause = 0, at_once = 0;
	struct source_mode mode = { .gap_us = 1000 };
	const struct ctl_option opts[] = {
		{ .name = "count", .val = &p.count, .max = 1ull << 60, .given = &count_given },
		{ .name = "min", .val = &p.min, .min = GEN_MIN, .max = GEN_MAX },
		{ .name = "max", .val = &p.max, .min = GEN_MIN, .max = GEN_MAX },
		{ .name = "flows", .val = &p.flows, .min = 1, .max = GEN_FLOWS_MAX },
		{ .name = "seed", .val = &p.seed, .max = UINT64_MAX },
		{ .name = "start", .val = &p.start, .max = 1ull << 60 },
		{ .name = "pps", .val = &mode.pps, .min = 1, .max = 1000000000 },
		{ .name = "pause", .val = &pause, .max = 1, .given = &pause_given },
		{ .name = "at_once", .val = &at_once, .max = 1 },
		{ .name = "burst", .val = &mode.burst, .max = 1 << 20 },
		{ .name = "gap_us", .val = &mode.gap_us, .min = 1, .max = 10000000 },
		{ .name = "dst", .mac = p.dst },
		{ .name = "src", .mac = p.src },
		{ 0 }
	};
	struct source *src;

	memcpy(p.dst, sim->mac, sizeof(p.dst));
	if (!parse_options(a, 1, opts) || !source_idle(sim, a))
		return false;
	if (!count_given)
		return ctl_fail(a, "gen: no count given (count=0 is endless)");
	mode.at_once = at_once;
	mode.pause = pause_given ? pause : !mode.pps;
	if (at_once && (mode.pps || !mode.pause))
		return ctl_fail(a, "gen: at_once=1 is for a source without pps that pauses");
	src = gen_new(&p, a->err);
	if (!src)
		return false;
	source_port_start(sim->sources, src, &mode);
	src->ops->print(src, out);
	return true;
}

static bool do_stop(struct nicsim *sim, struct ctl_args *a, FILE *out)
{
	if (!no_more_words(a, 1))
		return false;
	source_port_stop(sim->sources);
	source_port_status(sim->sources, out);
	return true;
}

static bool has_client(struct nicsim *sim)
{
	return sim->vfio ? vfio_user_connected(sim->vfio) : sim->model->has_client(sim->priv);
}

static bool do_status(struct nicsim *sim, struct ctl_args *a, FILE *out)
{
	if (!no_more_words(a, 1))
		return false;
	source_port_status(sim->sources, out);
	fprintf(out, ",\"link\":%s,\"client\":%s", nicsim_link_up(sim) ? "true" : "false",
		has_client(sim) ? "true" : "false");
	return true;
}

static bool do_stats(struct nicsim *sim, struct ctl_args *a, FILE *out)
{
	if (!no_more_words(a, 1))
		return false;
	fputs(",\"model\":{", out);
	if (sim->model->stats)
		sim->model->stats(sim->priv, out);
	fputs("},\"pci\":{", out);
	pci_stats(sim->pci, out);
	fputs("},\"wire\":{", out);
	wire_stats(sim->wire, out);
	fputs("},\"source\":{", out);
	source_port_stats(sim->sources, out);
	fputc('}', out);
	return true;
}

static bool do_strict(struct nicsim *sim, struct ctl_args *a, FILE *out)
{
	if (!no_more_words(a, 1))
		return false;
	strict_print(sim->strict, out);
	return true;
}

static bool do_strict_clear(struct nicsim *sim, struct ctl_args *a, FILE *out)
{
	(void)out;
	if (!no_more_words(a, 1))
		return false;
	strict_clear(sim->strict);
	return true;
}

static bool do_link(struct nicsim *sim, struct ctl_args *a, FILE *out)
{
	bool up = a->n == 2 && !strcmp(a->word[1], "up");

	if (a->n != 2 || (!up && strcmp(a->word[1], "down")))
		return ctl_fail(a, "usage: link up|down");
	wire_set_plugged(sim->wire, up);
	fprintf(out, ",\"link\":%s", nicsim_link_up(sim) ? "true" : "false");
	return true;
}

static bool do_mac(struct nicsim *sim, struct ctl_args *a, FILE *out)
{
	const uint8_t *m = sim->mac;

	if (!no_more_words(a, 1))
		return false;
	fprintf(out, ",\"mac\":\"%02x:%02x:%02x:%02x:%02x:%02x\"", m[0], m[1], m[2], m[3],
		m[4], m[5]);
	return true;
}

static bool do_set(struct nicsim *sim, struct ctl_args *a, FILE *out)
{
	if (a->n == 1) {
		knob_list(sim, out);
		return true;
	}
	if (a->n != 3)
		return ctl_fail(a, "usage: set NAME VALUE");
	return knob_set(sim, a->word[1], a->word[2], a->err);
}

static bool do_help(struct nicsim *sim, struct ctl_args *a, FILE *out)
{
	const struct ctl_request *req;

	(void)sim;
	if (!no_more_words(a, 1))
		return false;
	fputs(",\"requests\":[", out);
	for (req = ctl_requests; req->name; req++) {
		if (req != ctl_requests)
			fputc(',', out);
		json_string(out, req->usage);
	}
	fputc(']', out);
	return true;
}

const struct ctl_request ctl_requests[] = {
	{ "feed",
	  "feed FILE [pps=N] [loop=N, 0: for ever] [pause=0|1] [max=BYTES] [keep_pause=0|1]",
	  do_feed },
	{ "gen",
	  "gen count=N, 0: endless [min=60] [max=1514] [flows=1] [seed=1, 0: sizes in turn] [start=SEQ] [pps=N] [pause=0|1] [at_once=0|1] [burst=N] [gap_us=1000] [dst=MAC] [src=MAC]",
	  do_gen },
	{ "stop", "stop", do_stop },
	{ "status", "status", do_status },
	{ "stats", "stats", do_stats },
	{ "strict", "strict", do_strict },
	{ "strict-clear", "strict-clear", do_strict_clear },
	{ "link", "link up|down", do_link },
	{ "mac", "mac", do_mac },
	{ "set", "set [NAME VALUE]", do_set },
	{ "help", "help", do_help },
	{ 0 }
};
