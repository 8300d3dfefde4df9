// SPDX-License-Identifier: BSD-3-Clause
/*
 * --rx-direct and --rx-direct-headers: capture directly from a receive queue of
 * the network adapter.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap.h>

#include "interface.h"
#include "netdissect.h"
#include "rx_direct.h"
#include "status-exit-codes.h"

/* libpcap's own number for it, where libpcap knows of it. */
#ifdef PCAP_RX_DIRECT_COPY
#define COPY	PCAP_RX_DIRECT_COPY
#else
#define COPY	(-1)
#endif

static const char *wanted;	/* the option, or NULL */
static int headers;
static int queue;

static void NORETURN PRINTFLIKE(1, 2) give_up(const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", program_name);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(S_ERR_HOST_PROGRAM);
}

static void parse(const char *option, const char *arg)
{
	char *end;
	long n;

	wanted = option;
	if (!arg)
		return;
	if (strcmp(arg, "copy") == 0) {
		queue = COPY;
		return;
	}
	errno = 0;
	n = strtol(arg, &end, 10);
	if (end == arg || *end || errno || n < 0 || n > INT_MAX)
		give_up("%s=%s: neither the number of an RX queue nor \"copy\"",
			option, arg);
	queue = n;
}

void rx_direct_option(const char *arg)
{
	parse("--rx-direct", arg);
}

void rx_direct_headers_option(const char *arg)
{
	parse("--rx-direct-headers", arg);
	headers = 1;
}

#ifdef PCAP_RX_DIRECT_COPY
void rx_direct_set(pcap_t *pc, const char *device)
{
	int split = headers ? PCAP_RX_SPLIT_HEADERS : PCAP_RX_SPLIT_OFF;

	if (wanted && (pcap_set_rx_direct_linux(pc, queue) != 0 ||
		       pcap_set_rx_direct_split_linux(pc, split) != 0))
		give_up("%s: Can't capture directly: %s", device,
			pcap_geterr(pc));
}

void rx_direct_report(pcap_t *pc)
{
	int in_use;

	if (pcap_get_rx_direct_linux(pc, &in_use) != 0)
		fprintf(stderr, "%s: Warning: %s\n", program_name,
			pcap_geterr(pc));
	else if (in_use == PCAP_RX_DIRECT_COPY)
		fprintf(stderr, "%s: capturing by copy into a TPACKET_V4 ring\n",
			program_name);
	else if (in_use != PCAP_RX_DIRECT_OFF)
		fprintf(stderr, "%s: capturing %sdirectly from RX queue %d\n",
			program_name, headers ? "headers " : "", in_use);
	else if (wanted)
		give_up("%s: only network interfaces have RX queues", wanted);
}
#else
void rx_direct_set(pcap_t *pc, const char *device)
{
	(void)pc;
	if (wanted)
		give_up("%s: Can't capture directly: %s was built with a libpcap that has no pcap_set_rx_direct_linux()",
			device, program_name);
}

void rx_direct_report(pcap_t *pc)
{
	(void)pc;
}
#endif
