// SPDX-License-Identifier: BSD-3-Clause
/*
 * Filters on a TPACKET_V4 ring.  The kernel runs a program as on any other packet
 * socket: a frame's first VLAN tag is beside it, although it is in it in the
 * ring.  What is filtered here is shown to the program in the same way.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <sys/socket.h>

#include "pcap-int.h"
#include "pcap/vlan.h"
#include "pcap-packet4-int.h"

#ifdef PACKET_RX_DIRECT

#define MAC_LEN		(2 * 6)

/* The kernel leaves a tag alone that has less than this behind the addresses. */
#define TAG_AND_MORE	(VLAN_TAG_LEN + 4)

static int attach(pcap_t *p, const struct bpf_insn *insns, u_int len)
{
	struct sock_fprog prog = {
		.len = len,
		.filter = (struct sock_filter *)insns,
	};

	if (len > USHRT_MAX) {
		errno = E2BIG;
		return -1;
	}
	return setsockopt(p->fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog));
}

/*
 * What comes in, and is not wanted, takes no slot and wakes nobody.  A packet
 * socket is told so by its filter alone.  The program behind it finds the
 * accumulator as at its own start.
 */
static const struct bpf_insn only_outgoing[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, 0),
	BPF_STMT(BPF_LD | BPF_IMM, 0),
};

#define ONLY_OUTGOING	(sizeof(only_outgoing) / sizeof(only_outgoing[0]))

static int wants_outgoing(const pcap_t *p, const struct packet4 *p4)
{
	return packet4_is_copy(p4) && !p4->loopback &&
	       p->direction == PCAP_D_OUT;
}

/* The reader leaves out what the kernel does not. */
static int attach_wanted(pcap_t *p, const struct packet4 *p4,
			 const struct bpf_insn *insns, u_int len)
{
	struct bpf_insn *both;
	int ret = -1;

	if (!wants_outgoing(p, p4))
		return attach(p, insns, len);
	both = malloc((ONLY_OUTGOING + len) * sizeof(*both));
	if (both) {
		memcpy(both, only_outgoing, sizeof(only_outgoing));
		memcpy(both + ONLY_OUTGOING, insns, len * sizeof(*insns));
		ret = attach(p, both, ONLY_OUTGOING + len);
		free(both);
	}
	return ret == 0 ? 0 : attach(p, insns, len);
}

int pcap_packet4_no_filter(pcap_t *p)
{
	int unused = 0;

	if (setsockopt(p->fd, SOL_SOCKET, SO_DETACH_FILTER, &unused,
		       sizeof(unused)) == 0 || errno == ENOENT)
		return 0;
	pcap_fmt_errmsg_for_errno(p->errbuf, PCAP_ERRBUF_SIZE, errno,
				  "can't remove kernel filter");
	return PCAP_ERROR;
}

/* A direct capture has only frames of its queue in its ring. */
int pcap_packet4_shut(pcap_t *p)
{
	struct bpf_insn nothing = { .code = BPF_RET | BPF_K, .k = 0 };

	if (attach(p, &nothing, 1) == 0)
		return 0;
	pcap_fmt_errmsg_for_errno(p->errbuf, PCAP_ERRBUF_SIZE, errno,
				  "can't set kernel filter");
	return PCAP_ERROR;
}

/*
 * A program that takes all frames.  In direct mode it would cost its run at
 * each frame and cut nothing off, since the adapter has already written it all.
 */
static int takes_all(const struct packet4 *p4, const struct bpf_program *prog)
{
	const struct bpf_insn *i = prog->bf_insns;

	if (prog->bf_len != 1 || i->code != (BPF_RET | BPF_K))
		return 0;
	return packet4_is_copy(p4) ? i->k >= MAXIMUM_SNAPLEN : i->k > 0;
}

/* Does it ask for what is beside the packet, such as its direction? */
static int asks(const struct bpf_insn *i)
{
	if (i->k < (u_int)SKF_LL_OFF)
		return 0;
	if (BPF_CLASS(i->code) == BPF_LD)
		return BPF_MODE(i->code) == BPF_ABS ||
		       BPF_MODE(i->code) == BPF_IND;
	return i->code == (BPF_LDX | BPF_B | BPF_MSH);
}

/*
 * Can it be answered here?  Of a packet's type, a ring that a queue fills says
 * nothing: all that is certain is that no packet of it is outgoing.
 */
static int can_answer(const struct packet4 *p4, const struct bpf_insn *i,
		      const struct bpf_insn *end)
{
	if (BPF_CLASS(i->code) != BPF_LD || BPF_MODE(i->code) != BPF_ABS)
		return 0;
	switch (i->k) {
	case SKF_AD_OFF + SKF_AD_IFINDEX:
	case SKF_AD_OFF + SKF_AD_VLAN_TAG:
	case SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT:
		return 1;
	case SKF_AD_OFF + SKF_AD_PKTTYPE:
		return packet4_is_copy(p4) ||
		       (i + 1 < end && i[1].code == (BPF_JMP | BPF_JEQ | BPF_K) &&
			i[1].k == PACKET_OUTGOING);
	}
	return 0;
}

static int can_run_here(const struct packet4 *p4,
			const struct bpf_program *prog)
{
	const struct bpf_insn *i = prog->bf_insns;
	const struct bpf_insn *end = i + prog->bf_len;

	for (; i < end; i++)
		if (asks(i) && !can_answer(p4, i, end))
			return 0;
	return 1;
}

/*
 * The same program with a constant wherever it asks, to be filled in for each
 * packet.  NULL when it asks nothing: then it needs no other.
 */
static int prepare(pcap_t *p, struct packet4 *p4)
{
	const struct bpf_program *prog = &p->fcode;
	u_int i, asked = 0;

	free(p4->answered);
	p4->answered = NULL;
	for (i = 0; i < prog->bf_len; i++)
		asked += asks(&prog->bf_insns[i]);
	if (!asked || !can_run_here(p4, prog))
		return 0;
	p4->answered = malloc(prog->bf_len * sizeof(*p4->answered));
	if (!p4->answered) {
		pcap_fmt_errmsg_for_errno(p->errbuf, PCAP_ERRBUF_SIZE, errno,
					  "malloc");
		return PCAP_ERROR;
	}
	memcpy(p4->answered, prog->bf_insns,
	       prog->bf_len * sizeof(*p4->answered));
	for (i = 0; i < prog->bf_len; i++)
		if (asks(&prog->bf_insns[i]))
			p4->answered[i].code = BPF_LD | BPF_IMM;
	return 0;
}

static uint16_t word_at(const u_char *data)
{
	return (uint16_t)(data[0] << 8 | data[1]);
}

/*
 * Does the kernel have this frame's tag beside it?  It takes the first one out of
 * all that comes in.  What goes out may be either way, and its protocol is that
 * behind the tag if the tag is beside it; two tags of one kind are taken for one
 * beside and one in the frame.
 */
static int tag_beside(const pcap_t *p, const struct tpacket4_hdr *h,
		      const u_char *data, uint32_t have)
{
	uint16_t type;

	if (p->linktype == DLT_RAW || have < MAC_LEN + TAG_AND_MORE)
		return 0;
	type = word_at(data + MAC_LEN);
	if (type != ETH_P_8021Q && type != ETH_P_8021AD)
		return 0;
	if (!(h->tp_flags & TPACKET4_PKTTYPE) ||
	    h->tp_pkttype != PACKET_OUTGOING)
		return 1;
	return ntohs(h->tp_protocol) != type ||
	       word_at(data + MAC_LEN + VLAN_TAG_LEN) == type;
}

static void answer(const pcap_t *p, struct packet4 *p4,
		   const struct tpacket4_hdr *h, int beside, u_int tci)
{
	const struct bpf_program *prog = &p->fcode;
	u_int i;

	for (i = 0; i < prog->bf_len; i++) {
		if (!asks(&prog->bf_insns[i]))
			continue;
		switch (prog->bf_insns[i].k) {
		case SKF_AD_OFF + SKF_AD_IFINDEX:
			p4->answered[i].k = p4->ifindex;
			break;
		case SKF_AD_OFF + SKF_AD_VLAN_TAG:
			p4->answered[i].k = beside ? tci : 0;
			break;
		case SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT:
			p4->answered[i].k = beside;
			break;
		case SKF_AD_OFF + SKF_AD_PKTTYPE:
			p4->answered[i].k = h->tp_flags & TPACKET4_PKTTYPE ?
					    h->tp_pkttype : PACKET_HOST;
			break;
		}
	}
}

/*
 * Would the kernel's run of the filter let this frame through?  A tag is taken
 * out of it for as long as the program runs: the slot is ours.
 */
int pcap_packet4_passes(pcap_t *p, const struct tpacket4_hdr *h,
			const u_char *frame, uint32_t len, uint32_t have)
{
	const struct bpf_insn *insns = p->fcode.bf_insns;
	u_char *data = (u_char *)(uintptr_t)frame;
	u_char head[MAC_LEN + VLAN_TAG_LEN];
	struct packet4 *p4 = p->priv;
	int beside, ret;

	if (!insns)
		return 1;
	beside = tag_beside(p, h, data, have);
	if (p4->answered) {
		answer(p, p4, h, beside,
		       beside ? word_at(data + MAC_LEN + 2) : 0);
		insns = p4->answered;
	}
	if (!beside)
		return pcap_filter(insns, data, len, have) != 0;
	memcpy(head, data, sizeof(head));
	memmove(data + VLAN_TAG_LEN, data, MAC_LEN);
	ret = pcap_filter(insns, data + VLAN_TAG_LEN, len - VLAN_TAG_LEN,
			  have - VLAN_TAG_LEN) != 0;
	memcpy(data, head, sizeof(head));
	return ret;
}

/* A filter that can run nowhere would let through what it should not, or nothing. */
static int nowhere(pcap_t *p, int err)
{
	snprintf(p->errbuf, PCAP_ERRBUF_SIZE,
		 "the kernel refuses this filter (%s), and only the kernel could answer what it asks; %s",
		 pcap_strerror(err),
		 err == ENOMEM ? "raise net.core.optmem_max with sysctl" :
				 "use a shorter one");
	return PCAP_ERROR;
}

/* Positive: the kernel filters.  0: it does not, so filter here. */
static int set_kernel_filter(pcap_t *p, struct packet4 *p4)
{
	if (takes_all(p4, &p->fcode) && !wants_outgoing(p, p4))
		return pcap_packet4_no_filter(p) < 0 ? PCAP_ERROR : 1;
	if (attach_wanted(p, p4, p->fcode.bf_insns, p->fcode.bf_len) == 0)
		return 1;
	if (!can_run_here(p4, &p->fcode))
		return nowhere(p, errno);
	if (errno == ENOMEM)
		fprintf(stderr, "Warning: Couldn't allocate kernel memory for filter: try increasing net.core.optmem_max with sysctl\n");
	else if (errno == E2BIG)
		fprintf(stderr, "Warning: Filter too complex for kernel\n");
	else
		fprintf(stderr, "Warning: Kernel filter failed: %s\n",
			pcap_strerror(errno));
	return pcap_packet4_no_filter(p);
}

/*
 * The direction is another one.  The kernel's filter is the same program as before,
 * so what is in the ring has passed it.
 */
int pcap_packet4_refilter(pcap_t *p)
{
	static const struct bpf_insn all = BPF_STMT(BPF_RET | BPF_K,
						    MAXIMUM_SNAPLEN);
	const struct bpf_program *prog = &p->fcode;
	struct packet4 *p4 = p->priv;
	int none = !prog->bf_insns || takes_all(p4, prog);

	if (!packet4_is_copy(p4) || p4->filter_always)
		return 0;
	if (none && !wants_outgoing(p, p4))
		return pcap_packet4_no_filter(p);
	if (attach_wanted(p, p4, none ? &all : prog->bf_insns,
			  none ? 1 : prog->bf_len) == 0)
		return 0;
	pcap_fmt_errmsg_for_errno(p->errbuf, PCAP_ERRBUF_SIZE, errno,
				  "can't set kernel filter");
	return PCAP_ERROR;
}

/* As set_kernel_filter().  After an error the filter is what it was before. */
static int replace(pcap_t *p, struct packet4 *p4, struct bpf_program *program)
{
	struct bpf_program old = p->fcode;
	int ret;

	memset(&p->fcode, 0, sizeof(p->fcode));
	ret = install_bpf_program(p, program);
	if (ret == 0)
		ret = set_kernel_filter(p, p4);
	if (ret < 0) {
		pcap_freecode(&p->fcode);
		p->fcode = old;
		return ret;
	}
	pcap_freecode(&old);
	return ret;
}

/*
 * What is in the ring already, or on its way into it, has not passed this
 * filter, and is filtered here.  What cannot be, is dropped if it is in the
 * ring, and let through if it only might have been on its way.
 */
int pcap_packet4_setfilter(pcap_t *p, struct bpf_program *program)
{
	struct packet4 *p4 = p->priv;
	int ret;

	if (!program) {
		pcap_strlcpy(p->errbuf, "setfilter: No filter specified",
			     PCAP_ERRBUF_SIZE);
		return PCAP_ERROR;
	}
	ret = replace(p, p4, program);
	if (ret < 0)
		return ret;
	p4->filter_here = 1;
	p4->filter_always = ret == 0;
	p4->filter_old = packet4_peek(&p4->ring);
	p4->filter_until = p4->filter_old;
	if (can_run_here(p4, &p->fcode))
		p4->filter_until += PACKET4_IN_FLIGHT;
	return prepare(p, p4);
}
#endif /* PACKET_RX_DIRECT */
