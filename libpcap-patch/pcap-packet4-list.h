/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which queues a capture is to have.  pcap-int.h includes this for the options of a
 * handle.
 */
#ifndef pcap_packet4_list_h
#define pcap_packet4_list_h

#include <stddef.h>
#include <stdint.h>

/* A list has queues below this.  A single queue can have any number. */
#define PACKET4_LIST_MAX	1024
#define PACKET4_LIST_BITS	32	/* in a word */

struct packet4_list {
	int		first;	/* the lowest, or one of PCAP_RX_DIRECT_ */
	unsigned int	nr;
	uint32_t	bits[PACKET4_LIST_MAX / PACKET4_LIST_BITS]; /* if several */
};

void	pcap_packet4_list_one(struct packet4_list *list, int queue);
void	pcap_packet4_list_add(struct packet4_list *list, int queue);
int	pcap_packet4_list_parse(const char *text, struct packet4_list *list);
int	pcap_packet4_list_print(const struct packet4_list *list, char *text,
				size_t size);
int	pcap_packet4_list_next(const struct packet4_list *list, int after);

#endif /* pcap_packet4_list_h */
