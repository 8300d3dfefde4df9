// SPDX-License-Identifier: BSD-3-Clause
/*
 * --rx-direct, --rx-direct-exclusive and --rx-direct-headers: capture directly from
 * receive queues of the network adapter.  --rx-direct-by: by what its driver does it.
 * --rx-steer: what comes to the queue.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap.h>

#include "interface.h"
#include "netdissect.h"
#include "rx_direct.h"
#include "status-exit-codes.h"

static const char *wanted;	/* the option, or NULL */
static const char *queues;	/* its argument, or NULL */
static int headers;
static int exclusive;
static int by_af_xdp;
static const char *by;		/* --rx-direct-by, or NULL */
static const char *steer;	/* flow rules, or NULL */
#ifdef PCAP_RX_DIRECT_COPY
static int direct;		/* this capture has a TPACKET_V4 ring */
static int warned;		/* of a capture that is an ordinary one */

#define ROOM_FOR_TEXT	5000	/* with the longest list of queues */

static char text[ROOM_FOR_TEXT];	/* what was said of it */
#endif

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

/* Both options can name queues: then they have to be the same. */
static void take_queues(const char *option, const char *arg)
{
	if (queues && strcmp(queues, arg) != 0)
		give_up("%s=%s: another option says %s; say it once",
			option, arg, queues);
	queues = arg;
}

/* A queue after a space would be the first word of the filter. */
static void no_argument_follows(const char *option, const char *next)
{
	if (next && (strcmp(next, "copy") == 0 || strcmp(next, "all") == 0 ||
		     strcmp(next, "next") == 0 ||
		     (*next && next[strspn(next, "0123456789,-")] == '\0')))
		give_up("%s %s: write %s=%s", option, next, option, next);
}

static void take(const char *option, const char *arg, const char *next)
{
	wanted = option;
	if (arg)
		take_queues(option, arg);
	else
		no_argument_follows(option, next);
}

void rx_direct_option(const char *arg, const char *next)
{
	take("--rx-direct", arg, next);
}

void rx_direct_exclusive_option(const char *arg, const char *next)
{
	take("--rx-direct-exclusive", arg, next);
	exclusive = 1;
}

void rx_direct_by_option(const char *arg)
{
	by_af_xdp = strcmp(arg, "af_xdp") == 0;
	if (!by_af_xdp && strcmp(arg, "driver") != 0)
		give_up("--rx-direct-by %s: it is \"driver\" or \"af_xdp\"", arg);
	if (!wanted)
		wanted = "--rx-direct-by";
	by = arg;
}

void rx_steer_option(const char *arg)
{
	if (!wanted)
		wanted = "--rx-steer";
	steer = arg;
}

void rx_direct_headers_option(const char *arg, const char *next)
{
	take("--rx-direct-headers", arg, next);
	headers = 1;
}

void rx_direct_no_capture(void)
{
	if (wanted)
		give_up("%s: packets of a file (-r, -V) come from no RX queue; capture from an interface (-i)",
			wanted);
}

#ifdef PCAP_RX_DIRECT_COPY
/* By what the driver is to do it, if that is said. */
static int set_by(pcap_t *pc)
{
	if (!by)
		return 0;
	return pcap_set_rx_direct_by_linux(pc, by_af_xdp ? PCAP_RX_BY_AF_XDP :
							   PCAP_RX_BY_DRIVER);
}

/* Does the device's name ask for a direct capture already? */
static int named(const char *device)
{
	return strncmp(device, "direct:", 7) == 0 ||
	       strncmp(device, "direct@", 7) == 0;
}

void rx_direct_set(pcap_t *pc, const char *device)
{
	int split = headers ? PCAP_RX_SPLIT_HEADERS : PCAP_RX_SPLIT_OFF;

	if (!wanted)
		return;
	if (((queues || !named(device)) &&
	     pcap_set_rx_direct_queues_linux(pc, queues ? queues : "all") != 0) ||
	    pcap_set_rx_direct_exclusive_linux(pc, exclusive) != 0 ||
	    pcap_set_rx_direct_split_linux(pc, split) != 0 ||
	    set_by(pc) != 0 ||
	    (steer && pcap_set_rx_direct_steer_linux(pc, steer) != 0))
		give_up("%s: Can't capture directly: %s", device,
			pcap_geterr(pc));
}

/* Says what tcpdump does not print of libpcap's messages. */
int rx_direct_activate(pcap_t *pc, const char *device)
{
	int status = pcap_activate(pc);
	const char *why = pcap_geterr(pc);

	warned = status == PCAP_WARNING;
	if ((!wanted && !named(device) && !getenv("PCAP_RX_DIRECT")) ||
	    *why == '\0')
		return status;
	if (status == PCAP_ERROR_IFACE_NOT_UP)
		give_up("%s: %s\n(%s)", device, pcap_statustostr(status), why);
	if (status == PCAP_WARNING_TSTAMP_TYPE_NOTSUP)
		fprintf(stderr, "%s: WARNING: %s\n", program_name, why);
	return status;
}

void rx_direct_report(pcap_t *pc)
{
	if (pcap_get_rx_direct_text_linux(pc, text, sizeof(text)) != 0) {
		fprintf(stderr, "%s: Warning: %s\n", program_name,
			pcap_geterr(pc));
		return;
	}
	direct = *text != '\0';
	if (direct)
		fprintf(stderr, "%s: capturing %s%s\n", program_name,
			headers ? "headers " : "", text);
	else if (wanted && !warned)
		give_up("%s: only network interfaces have RX queues", wanted);
}

void rx_direct_info(pcap_t *pc)
{
	char now[ROOM_FOR_TEXT];

	if (!direct || pcap_get_rx_direct_text_linux(pc, now, sizeof(now)) != 0 ||
	    strcmp(now, text) == 0)
		return;
	memcpy(text, now, sizeof(text));
	fprintf(stderr, "%s: by now: %s\n", program_name, text);
}

void rx_direct_finish(pcap_t *pc, int status, int left, pcap_handler callback,
		      u_char *user)
{
	char errbuf[PCAP_ERRBUF_SIZE];

	if (direct && status == PCAP_ERROR_BREAK && left != 0 &&
	    pcap_setnonblock(pc, 1, errbuf) == 0 &&
	    pcap_dispatch(pc, left, callback, user) == PCAP_ERROR)
		fprintf(stderr, "%s: Warning: %s\n", program_name,
			pcap_geterr(pc));
}
#else
void rx_direct_set(pcap_t *pc, const char *device)
{
	(void)pc;
	if (wanted)
		give_up("%s: Can't capture directly: %s was built with a libpcap that has no pcap_set_rx_direct_linux()",
			device, program_name);
}

int rx_direct_activate(pcap_t *pc, const char *device)
{
	(void)device;
	return pcap_activate(pc);
}

void rx_direct_report(pcap_t *pc)
{
	(void)pc;
}

void rx_direct_info(pcap_t *pc)
{
	(void)pc;
}

void rx_direct_finish(pcap_t *pc, int status, int left, pcap_handler callback,
		      u_char *user)
{
	(void)pc;
	(void)status;
	(void)left;
	(void)callback;
	(void)user;
}
#endif
