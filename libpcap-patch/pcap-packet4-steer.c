// SPDX-License-Identifier: BSD-3-Clause
/*
 * Flow rules for a queue, from a text such as "udp dst port 4789 and ip".
 *
 * The text has the words of a filter, but only those that an adapter can select by:
 * exact IPv4 addresses and ports, with their direction.  Terms are joined by "and",
 * alternatives by "or".  Each alternative becomes a rule, or one for each protocol
 * with ports if it names ports and no protocol.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/ethtool.h>

#include "pcap-int.h"
#include "pcap-packet4.h"
#include "pcap-packet4-int.h"

#ifdef PACKET_RX_DIRECT

#define WORD_LEN	40

/* One alternative.  What is 0 does not matter; its mask is 0, too. */
struct flow {
	uint32_t	type;		/* TCP_V4_FLOW and the like; 0: any */
	uint32_t	address[2];	/* source and destination */
	uint32_t	address_mask[2];
	uint16_t	port[2];
	uint16_t	port_mask[2];
	uint16_t	vlan;
	int		tagged;
	int		terms;
};

struct parser {
	const char	*text;		/* what is left */
	char		word[WORD_LEN];	/* the word at hand; empty: there is none */
	char		*errbuf;
};

static int fail(const struct parser *parser, const char *why)
{
	snprintf(parser->errbuf, PCAP_ERRBUF_SIZE,
		 "no flow rule can select by \"%s\": %s", parser->word, why);
	return -1;
}

/* The next word.  One that is too long is cut, and then is none that is known. */
static void next_word(struct parser *parser)
{
	size_t len;

	parser->text += strspn(parser->text, " \t");
	len = strcspn(parser->text, " \t");
	snprintf(parser->word, sizeof(parser->word), "%.*s", (int)len,
		 parser->text);
	parser->text += len;
}

static int is(const struct parser *parser, const char *word)
{
	return strcmp(parser->word, word) == 0;
}

static int parse_number(struct parser *parser, long most, uint16_t *number)
{
	char *end;
	long value = strtol(parser->word, &end, 10);

	if (!PCAP_ISDIGIT(*parser->word) || *end || value > most)
		return fail(parser, "a number has to be there, without a range");
	*number = (uint16_t)value;
	next_word(parser);
	return 0;
}

static int parse_port(struct parser *parser, struct flow *flow, int to)
{
	uint16_t port;

	next_word(parser);
	if (parse_number(parser, UINT16_MAX, &port) < 0)
		return -1;
	flow->port[to] = htons(port);
	flow->port_mask[to] = UINT16_MAX;
	return 0;
}

/* "A.B.C.D", or with a prefix's length. */
static int parse_address(struct parser *parser, struct flow *flow, int to)
{
	char *slash = strchr(parser->word, '/'), *end;
	struct in_addr address;
	long bits = 32;

	if (slash) {
		bits = strtol(slash + 1, &end, 10);
		if (*end || bits < 1 || bits > 32)
			return fail(parser, "the length of a prefix is 1 to 32");
		*slash = '\0';
	}
	if (inet_pton(AF_INET, parser->word, &address) != 1)
		return fail(parser, "an IPv4 address has to be there; names and IPv6 addresses are none");
	flow->address_mask[to] = htonl(UINT32_MAX << (32 - bits));
	flow->address[to] = address.s_addr & flow->address_mask[to];
	next_word(parser);
	return 0;
}

static int parse_directed(struct parser *parser, struct flow *flow, int to)
{
	next_word(parser);
	if (is(parser, "port"))
		return parse_port(parser, flow, to);
	if (is(parser, "host") || is(parser, "net"))
		next_word(parser);
	return parse_address(parser, flow, to);
}

static uint32_t protocol(const struct parser *parser)
{
	if (is(parser, "tcp"))
		return TCP_V4_FLOW;
	if (is(parser, "udp"))
		return UDP_V4_FLOW;
	return is(parser, "sctp") ? SCTP_V4_FLOW : 0;
}

/* "udp dst port 53" is one term, as in a filter. */
static int parse_protocol(struct parser *parser, struct flow *flow, uint32_t type)
{
	if (flow->type && flow->type != type)
		return fail(parser, "a packet has one protocol");
	flow->type = type;
	next_word(parser);
	if (is(parser, "src") || is(parser, "dst"))
		return parse_directed(parser, flow, is(parser, "dst"));
	return is(parser, "port") ?
	       fail(parser, "an adapter does not select by either port; say src or dst") :
	       0;
}

static int parse_term(struct parser *parser, struct flow *flow)
{
	uint32_t type = protocol(parser);

	flow->terms++;
	if (type)
		return parse_protocol(parser, flow, type);
	if (is(parser, "src") || is(parser, "dst"))
		return parse_directed(parser, flow, is(parser, "dst"));
	if (is(parser, "ip")) {
		next_word(parser);
		return 0;
	}
	if (is(parser, "vlan")) {
		next_word(parser);
		flow->tagged = 1;
		return parse_number(parser, 4094, &flow->vlan);
	}
	if (is(parser, "port") || is(parser, "host") || is(parser, "net"))
		return fail(parser, "an adapter does not select by either side; say src or dst");
	if (is(parser, "ip6"))
		return fail(parser, "these rules are of IPv4");
	return fail(parser, "the words are ip, tcp, udp, sctp, vlan, src and dst, with host, net and port");
}

static void fill_rule(struct ethtool_rx_flow_spec *rule, const struct flow *flow,
		      uint32_t type)
{
	struct ethtool_tcpip4_spec *value = &rule->h_u.tcp_ip4_spec;
	struct ethtool_tcpip4_spec *mask = &rule->m_u.tcp_ip4_spec;

	memset(rule, 0, sizeof(*rule));
	rule->flow_type = type;
	rule->location = RX_CLS_LOC_ANY;
	value->ip4src = flow->address[0];
	value->ip4dst = flow->address[1];
	mask->ip4src = flow->address_mask[0];
	mask->ip4dst = flow->address_mask[1];
	if (type == IP_USER_FLOW) {
		rule->h_u.usr_ip4_spec.ip_ver = ETH_RX_NFC_IP4;
	} else {
		value->psrc = flow->port[0];
		value->pdst = flow->port[1];
		mask->psrc = flow->port_mask[0];
		mask->pdst = flow->port_mask[1];
	}
	if (!flow->tagged)
		return;
	rule->flow_type |= FLOW_EXT;
	rule->h_ext.vlan_tci = htons(flow->vlan);
	rule->m_ext.vlan_tci = htons(0xfff);
}

/* Returns how many rules there are now, or -1. */
static int add_rules(const struct parser *parser, const struct flow *flow,
		     struct ethtool_rx_flow_spec *rules, int nr)
{
	static const uint32_t with_ports[] = {
		TCP_V4_FLOW, UDP_V4_FLOW, SCTP_V4_FLOW,
	};
	uint32_t i, types = 1, type = flow->type ? flow->type : IP_USER_FLOW;
	int any = !flow->type && (flow->port_mask[0] || flow->port_mask[1]);

	if (any)
		types = sizeof(with_ports) / sizeof(with_ports[0]);
	if (nr + types > PACKET_DIRECT_MAX_RULES) {
		snprintf(parser->errbuf, PCAP_ERRBUF_SIZE,
			 "at most %u flow rules lead to a queue",
			 PACKET_DIRECT_MAX_RULES);
		return -1;
	}
	for (i = 0; i < types; i++)
		fill_rule(&rules[nr + i], flow, any ? with_ports[i] : type);
	return nr + (int)types;
}

static int parse_flow(struct parser *parser, struct flow *flow)
{
	memset(flow, 0, sizeof(*flow));
	do {
		if (flow->terms)
			next_word(parser);
		if (parse_term(parser, flow) < 0)
			return -1;
	} while (is(parser, "and"));
	return 0;
}

/* Returns how many rules the text makes, or -1 and says why it makes none. */
int pcap_packet4_parse_rules(const char *text, struct ethtool_rx_flow_spec *rules,
			     char *errbuf)
{
	struct parser parser = { .text = text, .errbuf = errbuf };
	struct flow flow;
	int nr = 0;

	do {
		next_word(&parser);
		if (parse_flow(&parser, &flow) < 0)
			return -1;
		nr = add_rules(&parser, &flow, rules, nr);
	} while (nr > 0 && is(&parser, "or"));
	if (nr > 0 && *parser.word)
		return fail(&parser, "terms are joined by \"and\" and \"or\"");
	return nr;
}

/* The queue is then left out of what the adapter spreads by its hash. */
int pcap_set_rx_direct_steer_linux(pcap_t *p, const char *text)
{
	struct ethtool_rx_flow_spec rules[PACKET_DIRECT_MAX_RULES];

	if (pcapint_check_activated(p))
		return PCAP_ERROR_ACTIVATED;
	if (pcap_packet4_parse_rules(text, rules, p->errbuf) < 0)
		return PCAP_ERROR;
	if (p->opt.rx_direct.nr != 1 || p->opt.rx_direct.first < 0) {
		pcapint_strlcpy(p->errbuf,
			     "flow rules lead to one RX queue; ask for it by its number first",
			     PCAP_ERRBUF_SIZE);
		return PCAP_ERROR;
	}
	if (pcapint_strlcpy(p->opt.rx_steer, text, sizeof(p->opt.rx_steer)) <
	    sizeof(p->opt.rx_steer))
		return 0;
	p->opt.rx_steer[0] = '\0';
	snprintf(p->errbuf, PCAP_ERRBUF_SIZE,
		 "the text for flow rules is longer than %zu characters",
		 sizeof(p->opt.rx_steer) - 1);
	return PCAP_ERROR;
}
#else
int pcap_set_rx_direct_steer_linux(pcap_t *p, const char *text)
{
	(void)text;
	pcapint_strlcpy(p->errbuf,
		     "this libpcap was built with kernel headers that lack TPACKET_V4",
		     PCAP_ERRBUF_SIZE);
	return PCAP_ERROR;
}
#endif /* PACKET_RX_DIRECT */
