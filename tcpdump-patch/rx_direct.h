/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --rx-direct: capture directly from a receive queue of the network adapter;
 * --rx-direct-headers: of each packet the headers, which the adapter splits off.
 */
#ifndef RX_DIRECT_H
#define RX_DIRECT_H

/* The option's argument, or NULL, and the word after it.  Exits if it is none. */
void	rx_direct_option(const char *arg, const char *next);
void	rx_direct_headers_option(const char *arg, const char *next);

/* There is a file in place of a capture.  Exits if one was asked for. */
void	rx_direct_no_capture(void);

/* After pcap_create().  Exits if libpcap cannot. */
void	rx_direct_set(pcap_t *pc, const char *device);

/* In place of pcap_activate().  Exits when there is more to say of the failure. */
int	rx_direct_activate(pcap_t *pc, const char *device);

/* After it: say on standard error which way the packets come. */
void	rx_direct_report(pcap_t *pc);

/*
 * After pcap_loop() with this status, when packets are saved: after an interrupt
 * the packets that are in the ring already, at most left of them (-1: all),
 * unless there is a second one.
 */
void	rx_direct_finish(pcap_t *pc, int status, int left, pcap_handler callback,
			 u_char *user);

#endif /* RX_DIRECT_H */
