/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The part of the TPACKET_V4 capture module that the rest of libpcap calls.
 */
#ifndef pcap_packet4_h
#define pcap_packet4_h

/*
 * "direct:IFACE", "direct:IFACE:QUEUES" and "direct:IFACE:copy".  Each also exists
 * with "@" in place of ":", for programs that split a name at its colon.
 */
#define PACKET4_PREFIX		"direct"
#define PACKET4_PREFIX_LEN	(sizeof(PACKET4_PREFIX) - 1)
#define PACKET4_IS_DEVICE(name) \
	(strncmp((name), PACKET4_PREFIX, PACKET4_PREFIX_LEN) == 0 && \
	 ((name)[PACKET4_PREFIX_LEN] == ':' || (name)[PACKET4_PREFIX_LEN] == '@'))

#ifdef __linux__
int	pcap_packet4_findalldevs(pcap_if_list_t *list, char *errbuf);
pcap_t	*pcap_packet4_create(const char *device, char *errbuf, int *is_ours);
int	pcap_packet4_activate(pcap_t *p, int *breakloop_fd,
			      int (*ordinary)(pcap_t *));
int	pcap_packet4_fd(pcap_t *p, int fd);

/* For pcap_lib_version(). */
#ifdef PACKET_RX_DIRECT
#define PACKET4_IN_VERSION	" and TPACKET_V4"
#else
#define PACKET4_IN_VERSION	""
#endif

#define PACKET4_CAPTURE_SOURCE \
	{ pcap_packet4_findalldevs, pcap_packet4_create },

/* The program asks for a descriptor to wait for. Without us it would be this one. */
#define PACKET4_FD(p, fd)	pcap_packet4_fd(p, fd)
#else
#define PACKET4_CAPTURE_SOURCE
#define PACKET4_FD(p, fd)	(fd)
#endif

#endif /* pcap_packet4_h */
