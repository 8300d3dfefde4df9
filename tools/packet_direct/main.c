// SPDX-License-Identifier: GPL-2.0
/*
 * pdstat: which packet sockets have a TPACKET_V4 ring, which RX queue they have leased,
 * and how they fare.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pdstat.h"

#define ONCE_SECONDS	0.25
#define MIN_SECONDS	0.01
#define MAX_SECONDS	1e6

static const char usage[] =
"usage: pdstat [OPTION]... [INTERFACE]\n"
"Show the packet sockets with a TPACKET_V4 ring, or those of INTERFACE: the RX queue\n"
"that each has leased, its process, its rate, its drops by stage and its slots.\n"
"\n"
"      --watch [SECONDS]  go on, once in so many seconds (1)\n"
"      --json             as JSON, one array on a line\n"
"      --prometheus       as metrics in the text format of Prometheus\n"
"      --help\n"
"\n"
"A rate is that of the last SECONDS, or without --watch of a quarter of a second.\n"
"Counters count from the ring's beginning.  Processes of other users are shown to\n"
"root only.\n";

struct options {
	const char	*ifname;
	double		watch;		/* seconds; 0: once */
	void		(*print)(const struct pdstat_list *list);
};

static int fail(const char *what)
{
	fprintf(stderr, "pdstat: %s\n", what);
	return 1;
}

static bool complain(const char *about, const char *what)
{
	fprintf(stderr, "pdstat: %s: %s\n", about, what);
	return false;
}

static int explain(int err)
{
	if (err == -ENOENT)
		return fail("this kernel has no packet_diag (CONFIG_PACKET_DIAG)");
	if (err == -ENODATA)
		return fail("this kernel does not tell the counters of a TPACKET_V4 ring");
	return fail(strerror(-err));
}

static bool parse_seconds(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	return end != text && !*end;
}

/* SECONDS may be a word of its own: a number is no INTERFACE there. */
static bool parse_watch(int argc, char **argv, struct options *o)
{
	const char *text = optarg;

	o->watch = 1;
	if (!text && optind < argc && parse_seconds(argv[optind], &o->watch))
		text = argv[optind++];
	if (!text)
		return true;
	if (parse_seconds(text, &o->watch) && o->watch >= MIN_SECONDS &&
	    o->watch <= MAX_SECONDS)
		return true;
	return complain(text, "not between 0.01 and 1000000 seconds");
}

static bool parse_format(struct options *o,
			 void (*print)(const struct pdstat_list *list))
{
	if (o->print)
		return complain("--json and --prometheus", "only one of them");
	o->print = print;
	return true;
}

static bool parse_option(int c, int argc, char **argv, struct options *o)
{
	switch (c) {
	case 'w':
		return parse_watch(argc, argv, o);
	case 'j':
		return parse_format(o, pdstat_print_json);
	case 'p':
		return parse_format(o, pdstat_print_prometheus);
	case 'h':
		fputs(usage, stdout);
		exit(0);
	}
	fputs("pdstat: see pdstat --help\n", stderr);
	return false;
}

static bool parse(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{ "watch", optional_argument, NULL, 'w' },
		{ "json", no_argument, NULL, 'j' },
		{ "prometheus", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1)
		if (!parse_option(c, argc, argv, o))
			return false;
	if (o->print == pdstat_print_prometheus && o->watch)
		return complain("--prometheus", "not with --watch");
	if (argc - optind > 1)
		return complain(argv[optind + 1], "one interface is enough");
	o->ifname = argv[optind];
	o->print = o->print ?: pdstat_print_table;
	return true;
}

static void sleep_for(double seconds)
{
	struct timespec ts = {
		.tv_sec = seconds,
		.tv_nsec = (seconds - (time_t)seconds) * 1e9,
	};

	nanosleep(&ts, NULL);
}

/* Returns 0, or a negative errno when it cannot be written. */
static int show(const struct options *o, const struct pdstat_list *list)
{
	if (o->watch && o->print == pdstat_print_table && isatty(STDOUT_FILENO))
		fputs("\033[H\033[J", stdout);
	o->print(list);
	return fflush(stdout) || ferror(stdout) ? -errno : 0;
}

/* Each time the rate since the last time, which is @before. */
static int loop(const struct options *o, int nl, struct pdstat_list *before)
{
	struct pdstat_list now;
	int err;

	do {
		sleep_for(o->watch ?: ONCE_SECONDS);
		err = pdstat_read(nl, o->ifname, &now);
		if (!err)
			err = pdstat_find_processes(&now);
		if (!err) {
			pdstat_rate(&now, before);
			err = show(o, &now);
		}
		pdstat_free(before);
		*before = now;
	} while (!err && o->watch);

	return err;
}

/* Whoever scrapes counters computes the rates. */
static int run(const struct options *o, int nl)
{
	struct pdstat_list list;
	int err;

	err = pdstat_read(nl, o->ifname, &list);
	if (!err && o->print == pdstat_print_prometheus) {
		err = pdstat_find_processes(&list);
		if (!err)
			err = show(o, &list);
	} else if (!err) {
		err = loop(o, nl, &list);
	}
	pdstat_free(&list);
	return err;
}

int main(int argc, char **argv)
{
	struct options o = { NULL };
	int nl, err;

	if (!parse(argc, argv, &o))
		return 2;
	if (o.ifname && !if_nametoindex(o.ifname) && strcmp(o.ifname, "any")) {
		complain(o.ifname, "no such interface in this network namespace");
		return 1;
	}
	nl = pdstat_open();
	if (nl < 0)
		return explain(nl);
	err = run(&o, nl);
	close(nl);
	return err ? explain(err) : 0;
}
