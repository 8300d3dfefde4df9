/* SPDX-License-Identifier: GPL-2.0 */
/* What hardware does to a frame on its way out: checksums and segmentation. */
#ifndef NICSIM_WIRE_SEGMENT_H
#define NICSIM_WIRE_SEGMENT_H

#include "wire/packet.h"

/**
 * struct seg_layout - where the headers of a frame are
 * @l3:		offset of the IP header
 * @l4:		offset of the L4 header
 * @hdr_len:	length of all headers, for segmentation
 * @mss:	payload of a segment
 */
struct seg_layout {
	size_t l3, l4, hdr_len, mss;
	enum l4 l4t;
	bool ipv4;
};

void seg_ip_checksum(const struct seg_layout *lay, uint8_t *frame, size_t len);

/* @extra: added to the sum; the length, if the pseudo header's sum is without it. */
void seg_l4_checksum(const struct seg_layout *lay, uint8_t *frame, size_t len, size_t extra);

/* Gives each segment to @emit.  @seg has room for a segment and what @emit adds. */
void seg_send(const struct seg_layout *lay, const uint8_t *frame, size_t len, uint8_t *seg,
	      void (*emit)(void *arg, uint8_t *seg, size_t len), void *arg);

#endif
