// SPDX-License-Identifier: BSD-3-Clause
/*
 * Filters on a TPACKET_V4 ring.  The kernel runs them on the bytes that come
 * into the ring, so a program needs no translation: tags are in the frame.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <linux/filter.h>
#include <sys/socket.h>

#include "pcap-int.h"
#include "pcap-packet4-int.h"

#ifdef PACKET_RX_DIRECT

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

/*
 * Does it ask for what is beside the packet, such as its direction?  Only the
 * kernel can tell.
 */
static int asks_kernel(const struct bpf_program *prog)
{
	const struct bpf_insn *i = prog->bf_insns;
	const struct bpf_insn *end = i + prog->bf_len;

	for (; i < end; i++)
		if (BPF_CLASS(i->code) == BPF_LD &&
		    BPF_MODE(i->code) == BPF_ABS && i->k >= (u_int)SKF_AD_OFF)
			return 1;
	return 0;
}

/* Positive: the kernel filters.  0: it does not, so filter here. */
static int set_kernel_filter(pcap_t *p, struct packet4 *p4)
{
	if (takes_all(p4, &p->fcode))
		return pcap_packet4_no_filter(p) < 0 ? PCAP_ERROR : 1;
	if (attach(p, p->fcode.bf_insns, p->fcode.bf_len) == 0)
		return 1;
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
	if (install_bpf_program(p, program) < 0)
		return PCAP_ERROR;

	ret = set_kernel_filter(p, p4);
	if (ret < 0)
		return ret;
	p4->filter_here = 1;
	p4->filter_always = ret == 0;
	p4->filter_old = packet4_peek(&p4->ring);
	p4->filter_until = p4->filter_old;
	if (!asks_kernel(&p->fcode))
		p4->filter_until += PACKET4_IN_FLIGHT;
	return 0;
}
#endif /* PACKET_RX_DIRECT */
