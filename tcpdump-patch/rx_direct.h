/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --rx-direct: capture directly from a receive queue of the network adapter;
 * --rx-direct-headers: of each packet the headers, which the adapter splits off.
 */
#ifndef RX_DIRECT_H
#define RX_DIRECT_H

/* The option's argument, or NULL.  Exits with a message if it is none. */
void	rx_direct_option(const char *arg);
void	rx_direct_headers_option(const char *arg);

/* Between pcap_create() and pcap_activate().  Exits if libpcap cannot. */
void	rx_direct_set(pcap_t *pc, const char *device);

/* After it: say on standard error which way the packets come. */
void	rx_direct_report(pcap_t *pc);

#endif /* RX_DIRECT_H */
