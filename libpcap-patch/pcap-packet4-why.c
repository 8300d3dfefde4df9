// SPDX-License-Identifier: BSD-3-Clause
/*
 * Why the kernel refused a TPACKET_V4 ring or a queue, and what to do about it.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "pcap-int.h"
#include "pcap-packet4-int.h"

#ifdef PACKET_RX_DIRECT

#define USE_COPY	"capture with \"copy\" in place of the queue's number"

#define USE_SNAPLEN	"set a snapshot length"

/* Those that are left out can only be a mistake of ours. */
static const char *const sentences[] = {
	[PACKET_DIRECT_BAD_ENTRIES] = "the buffer is too large; ask for a smaller one",
	[PACKET_DIRECT_NO_MEMORY] = "not enough memory; ask for a smaller buffer",
	[PACKET_DIRECT_NOT_BOUND] = "the device has gone away",
	[PACKET_DIRECT_NOT_ALL] = "only packets of all protocols can be; do not set a protocol",
	[PACKET_DIRECT_NOT_ADMIN] = "CAP_NET_ADMIN is required; run as root",
	[PACKET_DIRECT_NO_DRIVER] = "its driver does not support it; " USE_COPY,
	[PACKET_DIRECT_QUEUE_LEASED] = "another packet socket has it; end that capture or take another queue",
	[PACKET_DIRECT_QUEUE_XSK] = "an AF_XDP socket has it; end that program or take another queue",
	[PACKET_DIRECT_QUEUE_XDP] = "an XDP program is attached; detach it (ip link set dev IFACE xdp off)",
	[PACKET_DIRECT_QUEUE_PROVIDER] = "it receives into the memory of another program (devmem or io_uring); take another queue",
	[PACKET_DIRECT_QUEUE_SHARED_IRQ] = "it shares its interrupt with another queue; lower the number of queues (ethtool -L IFACE combined N)",
	[PACKET_DIRECT_QUEUE_MODE] = "not in the mode that the device is in (such as SR-IOV or FCoE); leave that mode",
	[PACKET_DIRECT_QUEUE_FORMAT] = "the device works with older descriptors or with registered pages (gve: in another format than DQO-RDA); take a machine type with DQO-RDA, or " USE_COPY,
	[PACKET_DIRECT_SLOT_TOO_SMALL] = "the device needs larger slots than libpcap makes; please report this",
	[PACKET_DIRECT_ENTRIES_TOO_FEW] = "the device needs more slots than libpcap makes; please report this",
	[PACKET_DIRECT_NO_SPLIT] = "the device cannot split headers from payload; capture without that, and " USE_SNAPLEN,
	[PACKET_DIRECT_UNRELIABLE] = "the device is known to fail at splitting headers from payload (an erratum); capture without that, and " USE_SNAPLEN,
	[PACKET_DIRECT_DMA_BOUNCE] = "the device cannot reach all memory, so data would be copied; boot without swiotlb=force, or with an IOMMU",
	[PACKET_DIRECT_DMA_FAILED] = "the buffer could not be mapped for the device; ask for a smaller one",
	[PACKET_DIRECT_DRIVER_FAILED] = "its driver could not restart it; see the kernel's log",
};

static const char *sentence(uint32_t reason)
{
	if (reason >= sizeof(sentences) / sizeof(sentences[0]))
		return NULL;
	return sentences[reason];
}

static uint32_t last_reason(pcap_t *p, struct tpacket4_info *info)
{
	struct packet4 *p4 = p->priv;
	uint32_t queue = packet4_is_copy(p4) ? 0 : p4->queue;

	if (pcap_packet4_info(p->fd, queue, info) < 0)
		memset(info, 0, sizeof(*info));
	return info->ti_reason;
}

/* The device and the queue, then why, then the number for a report. */
static int tell(pcap_t *p, const char *what, uint32_t reason, int err)
{
	const char *why = sentence(reason);

	if (why)
		snprintf(p->errbuf, PCAP_ERRBUF_SIZE, "%s: %s", what, why);
	else
		pcap_fmt_errmsg_for_errno(p->errbuf, PCAP_ERRBUF_SIZE, err,
					  "%s (reason %u)", what, reason);
	return reason == PACKET_DIRECT_NOT_ADMIN || err == EPERM ?
	       PCAP_ERROR_PERM_DENIED : PCAP_ERROR;
}

static int tell_queue(pcap_t *p, const struct tpacket4_info *info,
		      uint32_t reason, int err)
{
	struct packet4 *p4 = p->priv;
	char what[80];

	if (reason == PACKET_DIRECT_NO_QUEUE) {
		snprintf(p->errbuf, PCAP_ERRBUF_SIZE,
			 "%s has no RX queue %d: it has %u, counted from 0",
			 p4->ifname, p4->queue, info->ti_queue_nr);
		return PCAP_ERROR;
	}
	snprintf(what, sizeof(what), "%s: RX queue %d cannot be captured directly",
		 p4->ifname, p4->queue);
	return tell(p, what, reason, err);
}

int pcap_packet4_refused_ring(pcap_t *p, int err)
{
	struct packet4 *p4 = p->priv;
	struct tpacket4_info info;
	char what[80];

	snprintf(what, sizeof(what), "%s: can't create a TPACKET_V4 ring",
		 p4->ifname);
	return tell(p, what, last_reason(p, &info), err);
}

int pcap_packet4_refused_queue(pcap_t *p, int err)
{
	struct tpacket4_info info;
	uint32_t reason = last_reason(p, &info);

	return tell_queue(p, &info, reason, err);
}

int pcap_packet4_queue_busy(pcap_t *p, const struct tpacket4_info *info)
{
	return tell_queue(p, info, info->ti_query_reason, EBUSY);
}
#endif /* PACKET_RX_DIRECT */
