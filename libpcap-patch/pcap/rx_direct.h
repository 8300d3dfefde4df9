/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receiving straight from a queue of a network adapter, into memory that this
 * process and the adapter share (Linux, TPACKET_V4 and PACKET_RX_DIRECT).
 * <pcap/pcap.h> includes this.  See pcap_set_rx_direct_linux(3PCAP).
 */
#ifndef lib_pcap_rx_direct_h
#define lib_pcap_rx_direct_h

/* In place of a queue's number. */
#define PCAP_RX_DIRECT_COPY	(-1)	/* the same ring, filled by copy */
#define PCAP_RX_DIRECT_OFF	(-2)	/* another ring: libpcap's default */
#define PCAP_RX_DIRECT_ALL	(-3)	/* all queues; the host gets its packets, too */
#define PCAP_RX_DIRECT_NEXT	(-4)	/* the next free queue, for one of several workers */

/* Call it before pcap_activate().  Returns 0, PCAP_ERROR_ACTIVATED or PCAP_ERROR. */
PCAP_API int	pcap_set_rx_direct_linux(pcap_t *, int);

/*
 * Several queues as one capture, such as "0-3,5".  Also "all", "next" and "copy".  Call
 * it before pcap_activate().  Returns 0, PCAP_ERROR_ACTIVATED or PCAP_ERROR.
 */
PCAP_API int	pcap_set_rx_direct_queues_linux(pcap_t *, const char *);

/*
 * Not 0: the host gets nothing of what the adapter receives for all queues, or for the
 * next one, as it gets nothing of numbered queues.  Call it before pcap_activate().
 * Returns 0 or PCAP_ERROR_ACTIVATED.
 */
PCAP_API int	pcap_set_rx_direct_exclusive_linux(pcap_t *, int);

/*
 * Flow rules that lead to the one queue that was asked for before, such as "udp dst port
 * 4789 and ip", while the capture is prepared and lasts.  Call it before
 * pcap_activate().  Returns 0, PCAP_ERROR_ACTIVATED or PCAP_ERROR.
 */
PCAP_API int	pcap_set_rx_direct_steer_linux(pcap_t *, const char *);

/* By what its driver does it. */
#define PCAP_RX_BY_ANY		0	/* what it has, its own support first */
#define PCAP_RX_BY_DRIVER	1	/* support of its own */
#define PCAP_RX_BY_AF_XDP	2	/* zero-copy AF_XDP; the device restarts */

/* Call it before pcap_activate().  Returns 0, PCAP_ERROR_ACTIVATED or PCAP_ERROR. */
PCAP_API int	pcap_set_rx_direct_by_linux(pcap_t *, int);

/* What the adapter does with headers and payload. */
#define PCAP_RX_SPLIT_OFF	0	/* they stay together */
#define PCAP_RX_SPLIT_HEADERS	1	/* packets are headers; payload is not read */
#define PCAP_RX_SPLIT_WHOLE	2	/* libpcap joins them again */

/*
 * Call it before pcap_activate(), after asking for a queue: otherwise it returns
 * PCAP_ERROR.  PCAP_RX_DIRECT_OFF turns the split off again.
 */
PCAP_API int	pcap_set_rx_direct_split_linux(pcap_t *, int);

/*
 * Call it after pcap_activate().  Stores what the kernel says is in use.  Returns 0
 * or PCAP_ERROR.
 */
PCAP_API int	pcap_get_rx_direct_linux(pcap_t *, int *);

/*
 * The same as text, of all queues.  PCAP_RX_DIRECT_OFF is the empty text.  The last
 * argument is the room for it.
 */
PCAP_API int	pcap_get_rx_direct_queues_linux(pcap_t *, char *, int);

/* What the capture has, in words, for a program to say. */
PCAP_API int	pcap_get_rx_direct_text_linux(pcap_t *, char *, int);

#endif /* lib_pcap_rx_direct_h */
