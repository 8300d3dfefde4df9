// SPDX-License-Identifier: GPL-2.0
/*
 * Flow rules.  Of the rules that match, the one at the lowest location chooses the
 * queue.  A rule is kept as it came: type, queue, key and mask.  Key and mask are
 * the addresses, the ports (or the SPI) and the traffic class.
 */
#include <stdlib.h>
#include <string.h>

#include "gve/gve.h"

#define COMMAND_SIZE	92
#define QUERY_HEADER	16
#define QUERY_MAX	4096
#define RULE_TYPE	0
#define RULE_QUEUE	2
#define RULE_KEY	4
#define RULE_MASK	44
#define SPEC_SRC	0
#define SPEC_DST	16
#define SPEC_PORTS	32
#define SPEC_TOS	36
#define SPEC_SIZE	37

bool gve_flow_init(struct gve *nic)
{
	nic->flow = calloc(GVE_FLOW_RULES, sizeof(*nic->flow));
	return nic->flow;
}

void gve_flow_reset(struct gve *nic)
{
	memset(nic->flow, 0, GVE_FLOW_RULES * sizeof(*nic->flow));
	nic->flows = 0;
}

static enum gve_aq_status add_rule(struct gve *nic, const uint8_t *raw, uint32_t loc)
{
	if (loc >= GVE_FLOW_RULES || get_be16(raw + RULE_TYPE) >= FLOW_TYPES ||
	    get_be16(raw + RULE_QUEUE) >= GVE_MAX_QUEUES) {
		nicsim_strict(nic->sim, "flow rule %u: type %u, queue %u", loc,
			      get_be16(raw + RULE_TYPE), get_be16(raw + RULE_QUEUE));
		return AQ_INVALID_ARGUMENT;
	}
	nic->flows += !nic->flow[loc].used;
	nic->flow[loc].used = true;
	memcpy(nic->flow[loc].raw, raw, GVE_FLOW_RULE_SIZE);
	return AQ_PASSED;
}

static enum gve_aq_status delete_rule(struct gve *nic, uint32_t loc)
{
	if (loc >= GVE_FLOW_RULES || !nic->flow[loc].used)
		return AQ_NOT_FOUND;
	nic->flow[loc].used = false;
	nic->flows--;
	return AQ_PASSED;
}

enum gve_aq_status gve_configure_flow(struct gve *nic, const uint8_t *cmd, size_t len)
{
	uint32_t loc;

	if (len != COMMAND_SIZE) {
		nicsim_strict(nic->sim, "flow rule: a command of %zu bytes", len);
		return AQ_INVALID_ARGUMENT;
	}
	if (!nic->res.configured)
		return AQ_FAILED_PRECONDITION;
	loc = get_be32(cmd + 88);
	switch (get_be16(cmd)) {
	case FLOW_ADD:
		return add_rule(nic, cmd + 4, loc);
	case FLOW_DELETE:
		return delete_rule(nic, loc);
	case FLOW_RESET:
		gve_flow_reset(nic);
		return AQ_PASSED;
	}
	nicsim_strict(nic->sim, "flow rule: unknown operation %u", get_be16(cmd));
	return AQ_INVALID_ARGUMENT;
}

/* Lists rules, or only their locations, from @loc on, as many as fit. */
static unsigned int list_rules(struct gve *nic, uint8_t *out, size_t room, uint32_t loc, bool whole)
{
	size_t each = whole ? 4 + GVE_FLOW_RULE_SIZE : 4;
	unsigned int n = 0;

	for (; loc < GVE_FLOW_RULES && (n + 1) * each <= room; loc++) {
		if (!nic->flow[loc].used)
			continue;
		put_be32(out + n * each, loc);
		if (whole)
			memcpy(out + n * each + 4, nic->flow[loc].raw, GVE_FLOW_RULE_SIZE);
		n++;
	}
	return n;
}

enum gve_aq_status gve_query_flow(struct gve *nic, const uint8_t *cmd)
{
	uint16_t what = get_be16(cmd);
	uint64_t room = get_be64(cmd + 8);
	uint8_t reply[QUERY_MAX] = {};
	size_t len = QUERY_HEADER;
	unsigned int n = 0;

	if (what > FLOW_QUERY_STATS || room < QUERY_HEADER) {
		nicsim_strict(nic->sim, "flow rules: unknown query %u", what);
		return AQ_INVALID_ARGUMENT;
	}
	if (room > sizeof(reply))
		room = sizeof(reply);
	if (what != FLOW_QUERY_STATS) {
		n = list_rules(nic, reply + len, room - len, get_be32(cmd + 4),
			       what == FLOW_QUERY_RULES);
		len += n * (what == FLOW_QUERY_RULES ? 4 + GVE_FLOW_RULE_SIZE : 4);
	}
	put_be32(reply, nic->flows);
	put_be32(reply + 4, GVE_FLOW_RULES);
	put_be32(reply + 8, n);
	put_be32(reply + 12, len);
	if (!nicsim_dma_write(nic->sim, get_be64(cmd + 16), reply, len, "flow rule query"))
		return AQ_INTERNAL_ERROR;
	return AQ_PASSED;
}

/* Puts a frame's fields into the form of a rule's key, and finds its flow type. */
static bool frame_spec(const struct pkt *pkt, const uint8_t *frame, size_t len, uint8_t *spec,
		       unsigned int *type)
{
	static const struct {
		uint8_t proto;
		enum gve_flow_type type;
		bool parsed;	/* needs an L4 header that was found */
		size_t id;	/* offset of ports or SPI in the L4 header */
	} known[] = {
		{ PROTO_TCP, FLOW_TCPV4, true, 0 }, { PROTO_UDP, FLOW_UDPV4, true, 0 },
		{ PROTO_SCTP, FLOW_SCTPV4, true, 0 }, { PROTO_AH, FLOW_AHV4, false, 4 },
		{ PROTO_ESP, FLOW_ESPV4, false, 0 },
	};
	const uint8_t *ip = frame + pkt->l2_end;
	bool v4 = pkt->l3 == L3_IPV4;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].proto == pkt->proto)
			break;
	if (pkt->l3 == L3_NONE || pkt->fragment || i == ARRAY_SIZE(known) ||
	    (known[i].parsed && pkt->l4 == L4_NONE) || len < pkt->l3_end + known[i].id + 4)
		return false;
	memset(spec, 0, SPEC_SIZE);
	memcpy(spec + SPEC_SRC, ip + (v4 ? 12 : 8), v4 ? 4 : 16);
	memcpy(spec + SPEC_DST, ip + (v4 ? 16 : 24), v4 ? 4 : 16);
	memcpy(spec + SPEC_PORTS, frame + pkt->l3_end + known[i].id, 4);
	spec[SPEC_TOS] = v4 ? ip[1] : (uint8_t)(get_be16(ip) >> 4);
	*type = known[i].type + (v4 ? 0 : FLOW_TCPV6);
	return true;
}

static bool rule_matches(const uint8_t *raw, const uint8_t *spec, unsigned int type)
{
	unsigned int i;

	if (get_be16(raw + RULE_TYPE) != type)
		return false;
	for (i = 0; i < SPEC_SIZE; i++)
		if ((spec[i] ^ raw[RULE_KEY + i]) & raw[RULE_MASK + i])
			return false;
	return true;
}

bool gve_flow_match(struct gve *nic, const struct pkt *pkt, const uint8_t *frame, size_t len,
		    unsigned int *queue)
{
	unsigned int loc, left = nic->flows, type;
	uint8_t spec[SPEC_SIZE];

	if (!left || !frame_spec(pkt, frame, len, spec, &type))
		return false;
	for (loc = 0; left; loc++) {
		if (!nic->flow[loc].used)
			continue;
		left--;
		if (!rule_matches(nic->flow[loc].raw, spec, type))
			continue;
		*queue = get_be16(nic->flow[loc].raw + RULE_QUEUE);
		return true;
	}
	return false;
}
