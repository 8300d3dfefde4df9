/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --rx-direct: capture directly from receive queues of the network adapter.
 * --rx-direct-exclusive: the same, and the host gets nothing of all queues.
 * --rx-steer: flow rules that lead to the queue.
 * --rx-direct-headers: the same, but only the headers that the adapter splits off.
 * --rx-direct-by: by what the driver does it.
 */
#ifndef RX_DIRECT_H
#define RX_DIRECT_H

/*
 * arg is the option's argument, or NULL.  next is the word after it.  Exits if the
 * options disagree, or if next looks like an argument.
 */
void	rx_direct_option(const char *arg, const char *next);
void	rx_direct_exclusive_option(const char *arg, const char *next);
void	rx_direct_headers_option(const char *arg, const char *next);

/* arg is a word.  Exits if it is none of them. */
void	rx_direct_by_option(const char *arg);

/* arg has flow rules as text. */
void	rx_steer_option(const char *arg);

/* tcpdump reads a file.  Exits if a direct capture was asked for. */
void	rx_direct_no_capture(void);

/* Call it after pcap_create().  Exits if libpcap refuses. */
void	rx_direct_set(pcap_t *pc, const char *device);

/* Call it in place of pcap_activate().  Exits with the reason of some failures. */
int	rx_direct_activate(pcap_t *pc, const char *device);

/* Call it after activation.  Says on standard error where packets come from. */
void	rx_direct_report(pcap_t *pc);

/* Says what of that has changed, if anything has.  Comes after the counts. */
void	rx_direct_info(pcap_t *pc);

/*
 * Call it after pcap_loop() returned status, if packets are saved.  After an
 * interrupt it saves the packets that are in the ring already, at most left of them
 * (-1: all).  A second interrupt ends that.
 */
void	rx_direct_finish(pcap_t *pc, int status, int left, pcap_handler callback,
			 u_char *user);

#endif /* RX_DIRECT_H */
