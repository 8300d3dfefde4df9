// SPDX-License-Identifier: BSD-3-Clause
/*
 * Error messages: why the kernel refused a TPACKET_V4 ring or a queue, and what to
 * do about it.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include "pcap-int.h"
#include "pcap-packet4-int.h"

#ifdef PACKET_RX_DIRECT

#define WITHOUT_QUEUE	"capture on @ without asking for a queue"

#define WITHOUT_SPLIT	"capture without that, and set a snapshot length"

#define GIVE_RIGHTS	"run as root, or give the program both capabilities (setcap cap_net_raw,cap_net_admin+eip FILE)"

/*
 * A @ stands for the interface's name.  A reason without a sentence can only be a
 * bug of libpcap.
 */
static const char *const sentences[] = {
	[PACKET_DIRECT_BAD_ENTRIES] = "the buffer is too large; ask for a smaller one",
	[PACKET_DIRECT_NO_MEMORY] = "not enough memory; ask for a smaller buffer",
	[PACKET_DIRECT_NOT_BOUND] = "the device has gone away",
	[PACKET_DIRECT_NOT_ALL] = "it has packets of all protocols; do not set a protocol",
	[PACKET_DIRECT_NO_DRIVER] = "its driver does not support it (ixgbe and gve do); " WITHOUT_QUEUE,
	[PACKET_DIRECT_QUEUE_LEASED] = "another packet socket has it; end that capture or take another queue",
	[PACKET_DIRECT_QUEUE_XSK] = "an AF_XDP socket has it; end that program or take another queue",
	[PACKET_DIRECT_QUEUE_XDP] = "an XDP program is attached; detach it (ip link set dev @ xdp off)",
	[PACKET_DIRECT_QUEUE_PROVIDER] = "it receives into the memory of another program (devmem or io_uring); take another queue",
	[PACKET_DIRECT_QUEUE_SHARED_IRQ] = "it shares its interrupt with another queue; lower the number of queues (ethtool -L @ combined N)",
	[PACKET_DIRECT_QUEUE_MODE] = "@ is in a mode without such queues; end SR-IOV (echo 0 > /sys/class/net/@/device/sriov_numvfs), DCB (tc qdisc del dev @ root) or l2-fwd-offload (ethtool -K)",
	[PACKET_DIRECT_QUEUE_FORMAT] = "the device works with older descriptors or registered pages (gve: in another format than DQO-RDA); take a machine type with DQO-RDA, or " WITHOUT_QUEUE,
	[PACKET_DIRECT_SLOT_TOO_SMALL] = "the device needs larger slots than libpcap makes; please report this",
	[PACKET_DIRECT_ENTRIES_TOO_FEW] = "the device needs more slots than libpcap makes; please report this",
	[PACKET_DIRECT_NO_SPLIT] = "the device cannot split headers from payload; " WITHOUT_SPLIT,
	[PACKET_DIRECT_UNRELIABLE] = "the device is known to fail at splitting headers from payload (an erratum); " WITHOUT_SPLIT,
	[PACKET_DIRECT_DMA_BOUNCE] = "the device cannot reach all memory, so data would be copied; boot without swiotlb=force, or with an IOMMU",
	[PACKET_DIRECT_DMA_FAILED] = "the buffer could not be mapped for the device; ask for a smaller one",
	[PACKET_DIRECT_INTERRUPTED] = "a signal interrupted the request; try again",
	[PACKET_DIRECT_NOT_PREPARED] = "it is not claimed any more; open the capture again",
	[PACKET_DIRECT_TOO_MANY_PEERS] = "the device has more queues than can be begun at once; please report this",
	[PACKET_DIRECT_PEER_BAD_FD] = "the socket of another queue is closed; please report this",
	[PACKET_DIRECT_PEER_NOT_V4] = "the socket of another queue has no ring; please report this",
	[PACKET_DIRECT_PEER_NOT_PREPARED] = "another queue is not claimed any more; open the capture again",
	[PACKET_DIRECT_PEER_NOT_LEASED] = "another queue was given back before",
	[PACKET_DIRECT_PEER_OTHER_DEVICE] = "another queue is one of another device; please report this",
	[PACKET_DIRECT_PEER_TWICE] = "a queue is named twice; please report this",
	[PACKET_DIRECT_STACK_DMABUF] = "packets cannot go on to the host from a dma-buf; please report this",
	[PACKET_DIRECT_STACK_TOO_FEW] = "the buffer is too small to leave room for the host's packets; ask for a larger one, or lower the MTU of @",
	[PACKET_DIRECT_STACK_HELD] = "the buffer is full, and leaves no room for the host's packets; read it first",
	[PACKET_DIRECT_NO_RXFH] = "its driver cannot set the RSS table; steer with ethtool, or not at all",
	[PACKET_DIRECT_TABLE_TOO_SMALL] = "RSS of @ cannot name it; take a lower queue",
	[PACKET_DIRECT_LAST_QUEUE] = "no queue would be left for the other packets of @; end another capture or leave this queue in the RSS table",
	[PACKET_DIRECT_NO_SYMMETRIC] = "RSS of @ has no key by which both directions of a flow come to one queue",
	[PACKET_DIRECT_NO_RULES] = "the device has no flow rules; use a capture filter",
	[PACKET_DIRECT_NTUPLE_OFF] = "flow rules are off; turn them on (ethtool -K @ ntuple on)",
	[PACKET_DIRECT_RULE_REFUSED] = "the device does not take such a flow rule (on ixgbe all rules look at the same fields); see the kernel's log (dmesg)",
	[PACKET_DIRECT_RULE_TAKEN] = "another flow rule has the same packets; see ethtool -n @",
	[PACKET_DIRECT_RULES_FULL] = "the device has no room for more flow rules; see ethtool -n @",
	[PACKET_DIRECT_STEER_FAILED] = "its driver could not set RSS or flow rules; see the kernel's log (dmesg)",
	[PACKET_DIRECT_QUEUE_LENT] = "it is lent to a virtual device (netkit); take another queue",
	[PACKET_DIRECT_NO_XSK] = "its driver has no zero-copy AF_XDP; " WITHOUT_QUEUE,
	[PACKET_DIRECT_XSK_SLOT_SIZE] = "the device needs other slots than libpcap makes; please report this",
	[PACKET_DIRECT_XSK_SLOTS] = "the device takes no more than 262144 slots; ask for a smaller buffer",
	[PACKET_DIRECT_XSK_MTU] = "its driver can only do it with short packets; lower the MTU (ip link set dev @ mtu 1500)",
	[PACKET_DIRECT_XSK_VLAN] = "the device would take VLAN tags out of packets; forbid it (ethtool -K @ rxvlan off)",
	[PACKET_DIRECT_XSK_LRO] = "the device would merge packets; forbid it (ethtool -K @ lro off)",
	[PACKET_DIRECT_XSK_SOCKET] = "an AF_XDP socket has another queue of @; end that program",
	[PACKET_DIRECT_XSK_MIXED] = "other captures have queues of @ by its driver's own support, or by its AF_XDP support; do the same",
	[PACKET_DIRECT_DRIVER_FAILED] = "its driver could not restart it; see the kernel's log (dmesg)",
};

static const char *sentence(uint32_t reason)
{
	if (reason >= sizeof(sentences) / sizeof(sentences[0]))
		return NULL;
	return sentences[reason];
}

static uint32_t last_reason(const struct packet4_queue *q,
			    struct tpacket4_info *info)
{
	uint32_t number = packet4_is_copy(q) ? 0 : q->number;

	if (pcap_packet4_info(q->fd, number, info) < 0)
		memset(info, 0, sizeof(*info));
	return info->ti_reason;
}

/* Writes a sentence with the interface's name in it.  What does not fit is cut. */
static void say(pcap_t *p, const char *what, const char *why)
{
	const struct packet4 *p4 = p->priv;
	int have = snprintf(p->errbuf, PCAP_ERRBUF_SIZE, "%s: ", what);
	char *to = p->errbuf + have, *end = p->errbuf + PCAP_ERRBUF_SIZE - 1;
	const char *name;

	for (; *why && to < end; why++) {
		if (*why != '@') {
			*to++ = *why;
			continue;
		}
		for (name = p4->ifname; *name && to < end; name++)
			*to++ = *name;
	}
	*to = '\0';
}

/* Root can lack CAP_NET_ADMIN in a container, or if the program dropped it. */
static int not_admin(pcap_t *p, const char *what)
{
	say(p, what, geteuid() == 0 ?
	    "this process is root but lacks CAP_NET_ADMIN, because the program or its container dropped it; let it keep that capability, or " WITHOUT_QUEUE :
	    "CAP_NET_ADMIN is required; " GIVE_RIGHTS);
	return PCAP_ERROR_PERM_DENIED;
}

int pcap_packet4_no_raw(pcap_t *p)
{
	say(p, "Attempt to create packet socket failed", geteuid() == 0 ?
	    "this process is root but lacks CAP_NET_RAW, because the program or its container dropped it; let it keep that capability" :
	    "CAP_NET_RAW is required, and CAP_NET_ADMIN for a queue; " GIVE_RIGHTS);
	return PCAP_ERROR_PERM_DENIED;
}

/* Says what failed and why.  A reason without a sentence is said by its number. */
static int explain(pcap_t *p, const char *what, uint32_t reason, int err)
{
	const char *why = sentence(reason);

	if (reason == PACKET_DIRECT_NOT_ADMIN)
		return not_admin(p, what);
	if (why)
		say(p, what, why);
	else
		pcapint_fmt_errmsg_for_errno(p->errbuf, PCAP_ERRBUF_SIZE, err,
					  "%s (reason %u)", what, reason);
	return err == EPERM ? PCAP_ERROR_PERM_DENIED : PCAP_ERROR;
}

/* "process 7 (tcpdump)", or "another process" if this one cannot see it. */
void pcap_packet4_process(uint32_t pid, char *text, size_t size)
{
	char path[32], name[20] = "";
	FILE *file;

	if (pid == 0) {
		pcapint_strlcpy(text, "another process", size);
		return;
	}
	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	file = fopen(path, "re");
	if (file) {
		if (!fgets(name, sizeof(name), file))
			name[0] = '\0';
		fclose(file);
	}
	name[strcspn(name, "\n")] = '\0';
	snprintf(text, size, "process %u (%s)", pid, name);
}

/* Names the process that has the queue, if this process can see it. */
static int explain_leased(pcap_t *p, const char *what, uint32_t pid)
{
	char why[96], process[48];

	if (pid == 0) {
		say(p, what, sentence(PACKET_DIRECT_QUEUE_LEASED));
		return PCAP_ERROR;
	}
	pcap_packet4_process(pid, process, sizeof(process));
	snprintf(why, sizeof(why), "%s has it; end it or take another queue",
		 process);
	say(p, what, why);
	return PCAP_ERROR;
}

static int explain_queue(pcap_t *p, const struct packet4_queue *q,
			 const struct tpacket4_info *info, uint32_t reason,
			 int err)
{
	struct packet4 *p4 = p->priv;
	char what[80];

	if (reason == PACKET_DIRECT_NO_QUEUE) {
		snprintf(p->errbuf, PCAP_ERRBUF_SIZE,
			 "%s has no RX queue %d: it has %u, counted from 0",
			 p4->ifname, q->number, info->ti_queue_nr);
		return PCAP_ERROR;
	}
	snprintf(what, sizeof(what), "%s: RX queue %d cannot be captured directly",
		 p4->ifname, q->number);
	if (reason == PACKET_DIRECT_QUEUE_LEASED)
		return explain_leased(p, what, info->ti_query_pid);
	return explain(p, what, reason, err);
}

int pcap_packet4_refused_ring(pcap_t *p, const struct packet4_queue *q,
			      int err)
{
	struct packet4 *p4 = p->priv;
	struct tpacket4_info info;
	char what[80];

	snprintf(what, sizeof(what), "%s: can't create a TPACKET_V4 ring",
		 p4->ifname);
	if (p4->queue_nr > 1)
		snprintf(what, sizeof(what),
			 "%s: can't create a TPACKET_V4 ring for RX queue %d",
			 p4->ifname, q->number);
	return explain(p, what, last_reason(q, &info), err);
}

int pcap_packet4_refused_queue(pcap_t *p, const struct packet4_queue *q,
			       int err)
{
	struct tpacket4_info info;
	uint32_t reason = last_reason(q, &info);

	return explain_queue(p, q, &info, reason, err);
}

/* All queues begin or none, so it can be any of them. */
int pcap_packet4_refused_begin(pcap_t *p, int err)
{
	struct packet4 *p4 = p->priv;
	struct tpacket4_info info;
	char what[96], list[40];

	if (p4->queue_nr == 1)
		return pcap_packet4_refused_queue(p, p4->queues, err);
	if (pcap_packet4_list_print(&p->opt.rx_direct, list, sizeof(list)) < 0)
		snprintf(list, sizeof(list), "%d and others",
			 p->opt.rx_direct.first);
	snprintf(what, sizeof(what),
		 "%s: RX queues %s cannot be captured directly", p4->ifname,
		 list);
	return explain(p, what, last_reason(p4->queues, &info), err);
}

int pcap_packet4_queue_busy(pcap_t *p, const struct packet4_queue *q,
			    const struct tpacket4_info *info)
{
	return explain_queue(p, q, info, info->ti_query_reason, EBUSY);
}

/* For "next". */
int pcap_packet4_has_next(pcap_t *p, int queue)
{
	const struct packet4 *p4 = p->priv;

	snprintf(p->errbuf, PCAP_ERRBUF_SIZE,
		 "%s: this process captures RX queue %d already; to have several as workers, ask for each by pcap_set_rx_direct_linux()",
		 p4->ifname, queue);
	return PCAP_ERROR;
}

int pcap_packet4_no_next(pcap_t *p, int queues)
{
	const struct packet4 *p4 = p->priv;

	snprintf(p->errbuf, PCAP_ERRBUF_SIZE,
		 "%s: all RX queues are taken (%d); end a capture, or raise the number of queues (ethtool -L %s combined N)",
		 p4->ifname, queues, p4->ifname);
	return PCAP_ERROR;
}
#endif /* PACKET_RX_DIRECT */
