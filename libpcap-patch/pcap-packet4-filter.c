// SPDX-License-Identifier: BSD-3-Clause
/*
 * Filters on a TPACKET_V4 ring.  The kernel runs a program as on any other packet
 * socket: the first VLAN tag is not in the frame but in its ancillary data.  In
 * the ring the tag is in the frame.  This file moves it out before it runs a
 * program, so that the program gives the same answer here as in the kernel.
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

/* With fewer bytes than this behind the addresses, the kernel leaves a tag alone. */
#define TAG_AND_MORE	(VLAN_TAG_LEN + 4)

static int attach(const struct packet4_queue *q, const struct bpf_insn *insns,
		  u_int len)
{
	struct sock_fprog prog = {
		.len = len,
		.filter = (struct sock_filter *)insns,
	};

	if (len > USHRT_MAX) {
		errno = E2BIG;
		return -1;
	}
	return setsockopt(q->fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog));
}

/*
 * Incoming frames that are not wanted must take no slot and wake nobody.  Only a
 * filter can do that.  This prefix drops them.  It clears the accumulator at its
 * end, because the program that follows may rely on that.
 */
static const struct bpf_insn only_outgoing[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, 0),
	BPF_STMT(BPF_LD | BPF_IMM, 0),
};

#define ONLY_OUTGOING	(sizeof(only_outgoing) / sizeof(only_outgoing[0]))

static int wants_outgoing(const pcap_t *p, const struct packet4_queue *q)
{
	const struct packet4 *p4 = p->priv;

	return q->outgoing || (packet4_is_copy(q) && !p4->loopback &&
			       p->direction == PCAP_D_OUT);
}

/* A queue brings nothing outgoing.  The host has what is meant for it all the same. */
static int wants_nothing(const pcap_t *p, const struct packet4_queue *q)
{
	return !packet4_is_copy(q) && p->direction == PCAP_D_OUT;
}

/* If the kernel refuses the prefix, the reader skips incoming frames. */
static int attach_for_direction(pcap_t *p, const struct packet4_queue *q,
				const struct bpf_insn *insns, u_int len)
{
	struct bpf_insn *both;
	int ret = -1;

	if (!wants_outgoing(p, q))
		return attach(q, insns, len);
	both = malloc((ONLY_OUTGOING + len) * sizeof(*both));
	if (both) {
		memcpy(both, only_outgoing, sizeof(only_outgoing));
		memcpy(both + ONLY_OUTGOING, insns, len * sizeof(*insns));
		ret = attach(q, both, ONLY_OUTGOING + len);
		free(both);
	}
	return ret == 0 ? 0 : attach(q, insns, len);
}

int pcap_packet4_detach_filter(pcap_t *p, const struct packet4_queue *q)
{
	int unused = 0;

	if (setsockopt(q->fd, SOL_SOCKET, SO_DETACH_FILTER, &unused,
		       sizeof(unused)) == 0 || errno == ENOENT)
		return 0;
	return pcap_packet4_failed(p, "can't remove kernel filter");
}

/* Until the lease begins, no frame of the stack may get into the ring. */
int pcap_packet4_drop_all(pcap_t *p, const struct packet4_queue *q)
{
	struct bpf_insn nothing = { .code = BPF_RET | BPF_K, .k = 0 };

	if (attach(q, &nothing, 1) == 0)
		return 0;
	return pcap_packet4_failed(p, "can't set kernel filter");
}

/*
 * Does the program accept every frame?  In direct mode the length that it returns
 * does not matter: the adapter has already written the whole frame, so running the
 * program would only cost time.
 */
static int accepts_all(const struct packet4_queue *q,
		       const struct bpf_program *prog)
{
	const struct bpf_insn *i = prog->bf_insns;

	if (prog->bf_len != 1 || i->code != (BPF_RET | BPF_K))
		return 0;
	return packet4_is_copy(q) ? i->k >= MAXIMUM_SNAPLEN : i->k > 0;
}

/* Does it load ancillary data, such as the packet's direction? */
static int is_ancillary(const struct bpf_insn *i)
{
	if (i->k < (u_int)SKF_LL_OFF)
		return 0;
	if (BPF_CLASS(i->code) == BPF_LD)
		return BPF_MODE(i->code) == BPF_ABS ||
		       BPF_MODE(i->code) == BPF_IND;
	return i->code == (BPF_LDX | BPF_B | BPF_MSH);
}

/*
 * Is this ancillary data known here?  A ring that a queue fills does not tell the
 * type of a packet.  It is only certain that no packet of it is outgoing.
 */
static int is_known_here(const struct packet4_queue *q,
			 const struct bpf_insn *i, const struct bpf_insn *end)
{
	if (BPF_CLASS(i->code) != BPF_LD || BPF_MODE(i->code) != BPF_ABS)
		return 0;
	switch (i->k) {
	case SKF_AD_OFF + SKF_AD_IFINDEX:
	case SKF_AD_OFF + SKF_AD_VLAN_TAG:
	case SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT:
		return 1;
	case SKF_AD_OFF + SKF_AD_PKTTYPE:
		return packet4_is_copy(q) ||
		       (i + 1 < end && i[1].code == (BPF_JMP | BPF_JEQ | BPF_K) &&
			i[1].k == PACKET_OUTGOING);
	}
	return 0;
}

static int can_run_on(const struct packet4_queue *q,
		      const struct bpf_program *prog)
{
	const struct bpf_insn *i = prog->bf_insns;
	const struct bpf_insn *end = i + prog->bf_len;

	for (; i < end; i++)
		if (is_ancillary(i) && !is_known_here(q, i, end))
			return 0;
	return 1;
}

static int can_run_here(const struct packet4 *p4,
			const struct bpf_program *prog)
{
	const struct packet4_queue *q;

	packet4_for_each_queue(p4, q)
		if (!can_run_on(q, prog))
			return 0;
	return 1;
}

/*
 * Copy the program, with a constant in place of each load of ancillary data.  The
 * constants are filled in for each packet.  A program without such loads needs no
 * copy.
 */
static int copy_program(pcap_t *p, struct packet4 *p4)
{
	const struct bpf_program *prog = &p->fcode;
	u_int i, loads = 0;

	free(p4->insns_here);
	p4->insns_here = NULL;
	for (i = 0; i < prog->bf_len; i++)
		loads += is_ancillary(&prog->bf_insns[i]);
	if (!loads || !can_run_here(p4, prog))
		return 0;
	p4->insns_here = malloc(prog->bf_len * sizeof(*p4->insns_here));
	if (!p4->insns_here)
		return pcap_packet4_failed(p, "malloc");
	memcpy(p4->insns_here, prog->bf_insns,
	       prog->bf_len * sizeof(*p4->insns_here));
	for (i = 0; i < prog->bf_len; i++)
		if (is_ancillary(&prog->bf_insns[i]))
			p4->insns_here[i].code = BPF_LD | BPF_IMM;
	return 0;
}

static uint16_t word_at(const u_char *data)
{
	return (uint16_t)(data[0] << 8 | data[1]);
}

/*
 * Does the kernel show a filter this frame's tag as ancillary data?  Of an incoming
 * frame: always, the first tag.  Of an outgoing frame: if its protocol is that
 * behind the tag.  With two tags of one kind that is not certain: then yes.
 */
static int tag_is_ancillary(const pcap_t *p, const struct tpacket4_hdr *h,
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

static void fill_constants(const pcap_t *p, struct packet4 *p4,
			   const struct tpacket4_hdr *h, int tagged, u_int tci)
{
	const struct bpf_program *prog = &p->fcode;
	u_int i;

	for (i = 0; i < prog->bf_len; i++) {
		if (!is_ancillary(&prog->bf_insns[i]))
			continue;
		switch (prog->bf_insns[i].k) {
		case SKF_AD_OFF + SKF_AD_IFINDEX:
			p4->insns_here[i].k = p4->ifindex;
			break;
		case SKF_AD_OFF + SKF_AD_VLAN_TAG:
			p4->insns_here[i].k = tagged ? tci : 0;
			break;
		case SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT:
			p4->insns_here[i].k = tagged;
			break;
		case SKF_AD_OFF + SKF_AD_PKTTYPE:
			p4->insns_here[i].k = h->tp_flags & TPACKET4_PKTTYPE ?
					    h->tp_pkttype : PACKET_HOST;
			break;
		}
	}
}

/*
 * Would the kernel's run of the filter let this frame through?  While the program
 * runs, the tag is not in the frame.  That is safe: the slot is this process's.
 */
int pcap_packet4_passes(pcap_t *p, const struct tpacket4_hdr *h,
			const u_char *frame, uint32_t len, uint32_t have)
{
	const struct bpf_insn *insns = p->fcode.bf_insns;
	u_char *data = (u_char *)(uintptr_t)frame;
	u_char head[MAC_LEN + VLAN_TAG_LEN];
	struct packet4 *p4 = p->priv;
	int tagged, ret;

	if (!insns)
		return 1;
	tagged = tag_is_ancillary(p, h, data, have);
	if (p4->insns_here) {
		fill_constants(p, p4, h, tagged,
			       tagged ? word_at(data + MAC_LEN + 2) : 0);
		insns = p4->insns_here;
	}
	if (!tagged)
		return pcapint_filter(insns, data, len, have) != 0;
	memcpy(head, data, sizeof(head));
	memmove(data + VLAN_TAG_LEN, data, MAC_LEN);
	ret = pcapint_filter(insns, data + VLAN_TAG_LEN, len - VLAN_TAG_LEN,
			  have - VLAN_TAG_LEN) != 0;
	memcpy(data, head, sizeof(head));
	return ret;
}

/* Neither the kernel nor this process can run the filter. */
static int refuse_filter(pcap_t *p, int err)
{
	snprintf(p->errbuf, PCAP_ERRBUF_SIZE,
		 "the kernel refuses this filter (%s), and only the kernel could answer what it asks; %s",
		 pcap_strerror(err),
		 err == ENOMEM ? "raise net.core.optmem_max with sysctl" :
				 "use a shorter one");
	return PCAP_ERROR;
}

static void warn_of_filter(int err)
{
	if (err == ENOMEM)
		fprintf(stderr, "Warning: Couldn't allocate kernel memory for filter: try increasing net.core.optmem_max with sysctl\n");
	else if (err == E2BIG)
		fprintf(stderr, "Warning: Filter too complex for kernel\n");
	else
		fprintf(stderr, "Warning: Kernel filter failed: %s\n",
			pcap_strerror(err));
}

/* Without a program all frames pass.  Sets errno. */
static int set_queue_filter(pcap_t *p, const struct packet4_queue *q,
			    const struct bpf_program *prog)
{
	static const struct bpf_insn all = BPF_STMT(BPF_RET | BPF_K,
						    MAXIMUM_SNAPLEN);
	int none = !prog->bf_insns || accepts_all(q, prog);

	if (wants_nothing(p, q))
		return pcap_packet4_drop_all(p, q);
	if (none && !wants_outgoing(p, q))
		return pcap_packet4_detach_filter(p, q);
	return attach_for_direction(p, q, none ? &all : prog->bf_insns,
				    none ? 1 : prog->bf_len);
}

/*
 * The kernel runs no program on this queue, but may still look at the direction.  If it
 * refuses that, too, the reader skips what is not wanted.
 */
static int set_no_program(pcap_t *p, const struct packet4_queue *q)
{
	static const struct bpf_program none;

	return set_queue_filter(p, q, &none) == 0 ? 0 :
	       pcap_packet4_detach_filter(p, q);
}

static int remove_programs(pcap_t *p, struct packet4 *p4)
{
	struct packet4_queue *q;
	int ret = 0;

	packet4_for_each_queue(p4, q)
		if (set_no_program(p, q) < 0)
			ret = PCAP_ERROR;
	return ret;
}

/* The kernel had this program a moment ago, so it takes it again. */
static void restore_queue_filter(pcap_t *p, const struct packet4_queue *q,
				 const struct bpf_program *old)
{
	const struct packet4 *p4 = p->priv;

	if (p4->filter_always)
		(void)set_no_program(p, q);
	else
		(void)set_queue_filter(p, q, old);
}

/*
 * Positive: the kernel filters all queues.  0: it does not, so filter here.  After
 * an error the queues that had the new program have the old one again.
 */
static int set_kernel_filter(pcap_t *p, struct packet4 *p4,
			     const struct bpf_program *old)
{
	struct packet4_queue *q;
	int err;

	packet4_for_each_queue(p4, q)
		if (set_queue_filter(p, q, &p->fcode) != 0)
			break;
	if (q == p4->queues + p4->queue_nr)
		return 1;
	err = errno;
	if (can_run_here(p4, &p->fcode)) {
		warn_of_filter(err);
		return remove_programs(p, p4);
	}
	while (q-- > p4->queues)
		restore_queue_filter(p, q, old);
	return refuse_filter(p, err);
}

/*
 * The direction has changed, and with it the prefix of the kernel's filter.  The
 * program is the same as before, so all frames in the ring have passed it.
 */
int pcap_packet4_refilter(pcap_t *p)
{
	const struct packet4 *p4 = p->priv;

	return p4->begun ? pcap_packet4_apply_filter(p) : 0;
}

/* The kernel then lets through what the program and the direction ask for. */
int pcap_packet4_apply_filter(pcap_t *p)
{
	struct packet4 *p4 = p->priv;
	struct packet4_queue *q;

	packet4_for_each_queue(p4, q)
		if (p4->filter_always ? set_no_program(p, q) :
					set_queue_filter(p, q, &p->fcode))
			return pcap_packet4_failed(p, "can't set kernel filter");
	return 0;
}

/* Returns what set_kernel_filter() does.  An error leaves the filter unchanged. */
static int replace_filter(pcap_t *p, struct packet4 *p4,
			  struct bpf_program *program)
{
	struct bpf_program old = p->fcode;
	int ret;

	memset(&p->fcode, 0, sizeof(p->fcode));
	ret = pcapint_install_bpf_program(p, program);
	if (ret == 0)
		ret = set_kernel_filter(p, p4, &old);
	if (ret < 0) {
		pcap_freecode(&p->fcode);
		p->fcode = old;
		return ret;
	}
	pcap_freecode(&old);
	return ret;
}

/*
 * Frames that are in the ring, or on their way into it, have not passed the new
 * filter, so it runs on them here.  If it cannot run here, frames in the ring are
 * dropped, and frames that may have been on their way are let through.  Before the
 * capture has begun there are none.
 */
static void check_old_frames(struct packet4_queue *q, int can_check)
{
	q->checks |= PACKET4_CHECK_FILTER;
	q->filter_old = packet4_peek(&q->ring);
	q->filter_until = q->filter_old;
	if (can_check)
		q->filter_until += PACKET4_IN_FLIGHT;
}

int pcap_packet4_setfilter(pcap_t *p, struct bpf_program *program)
{
	struct packet4 *p4 = p->priv;
	struct packet4_queue *q;
	int ret;

	if (!program) {
		pcapint_strlcpy(p->errbuf, "setfilter: No filter specified",
			     PCAP_ERRBUF_SIZE);
		return PCAP_ERROR;
	}
	ret = replace_filter(p, p4, program);
	if (ret < 0)
		return ret;
	p4->filter_always = ret == 0;
	packet4_for_each_queue(p4, q)
		check_old_frames(q, p4->begun && can_run_here(p4, &p->fcode));
	ret = copy_program(p, p4);
	return ret < 0 ? ret : pcap_packet4_begin(p);
}
#endif /* PACKET_RX_DIRECT */
