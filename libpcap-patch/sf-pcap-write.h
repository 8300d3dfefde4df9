/* SPDX-License-Identifier: BSD-3-Clause */
/* How records get into a savefile: what sf-pcap.c uses of sf-pcap-write.c. */
#ifndef sf_pcap_write_h
#define sf_pcap_write_h

#include <stdio.h>

void	pcap_sf_enlarge_buffer(FILE *f);
void	pcap_sf_write_record(FILE *f, const void *header, size_t header_len,
			     const void *data, size_t len);
void	pcap_sf_close(FILE *f);

#endif
