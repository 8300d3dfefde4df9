// SPDX-License-Identifier: GPL-2.0
/*
 * The packet buffer, a queue of frames in order of arrival.  The frame at its
 * head waits for descriptors of its receive queue, and all frames behind it wait
 * too, unless SRRCTL.DROP_EN lets it be dropped.  A receive queue that is to stop
 * waits until its frame has left the head.
 */
#include <stdlib.h>
#include <string.h>

#include "ixgbe/ixgbe.h"

#define PB_GRANULE	32	/* bytes of a line of the packet buffer */

static size_t pb_size(struct ixgbe *nic)
{
	if (nic->pb.size_override)
		return nic->pb.size_override;
	return ixgbe_get(nic, IXG_RXPBSIZE(0)) & RXPBSIZE_MASK;
}

static size_t pb_space(size_t len)
{
	return (len + PB_GRANULE - 1) / PB_GRANULE * PB_GRANULE;
}

bool ixgbe_pb_has_room(struct ixgbe *nic, size_t len)
{
	return nic->pb.used + pb_space(len) <= pb_size(nic);
}

bool ixgbe_pb_push(struct ixgbe *nic, const struct ixgbe_rx_meta *meta, const uint8_t *frame,
		   size_t len)
{
	struct ixgbe_pb_frame *f = malloc(sizeof(*f) + len);

	if (!f)
		return false;
	f->next = NULL;
	f->meta = *meta;
	f->len = len;
	memcpy(f->data, frame, len);
	*nic->pb.tail = f;
	nic->pb.tail = &f->next;
	nic->pb.used += pb_space(len);
	return true;
}

static void pb_pop(struct ixgbe *nic)
{
	struct ixgbe_pb_frame *f = nic->pb.head;

	nic->pb.head = f->next;
	if (!nic->pb.head)
		nic->pb.tail = &nic->pb.head;
	nic->pb.used -= pb_space(f->len);
	free(f);
}

static bool pb_can_resume(struct ixgbe *nic)
{
	size_t want = pb_size(nic) / 2;

	return ixgbe_pb_has_room(nic, want < NIC_FRAME_MAX ? want : NIC_FRAME_MAX);
}

/* Gives frames to their queues until one has to wait.  Delivery may lead back here;
 * the inner call does nothing.
 */
void ixgbe_pb_drain(struct ixgbe *nic)
{
	if (nic->pb.draining || !(ixgbe_get(nic, IXG_RXCTRL) & RXCTRL_RXEN))
		return;
	nic->pb.draining = true;
	while (nic->pb.head) {
		struct ixgbe_pb_frame *f = nic->pb.head;

		if (ixgbe_rx_deliver(nic, &f->meta, f->data, f->len) == DELIVER_BLOCKED)
			break;
		pb_pop(nic);
	}
	nic->pb.draining = false;
	if (nic->pb.stopping != NO_QUEUE)
		ixgbe_rxq_try_stop(nic, nic->pb.stopping);

	if (nic->pb.source_waits && pb_can_resume(nic)) {
		nic->pb.source_waits = false;
		nicsim_rx_ready(nic->sim);
	}
}

void ixgbe_pb_flush(struct ixgbe *nic)
{
	while (nic->pb.head) {
		nic->fate.flushed++;
		pb_pop(nic);
	}
	if (nic->pb.source_waits) {
		nic->pb.source_waits = false;
		nicsim_rx_ready(nic->sim);
	}
}

void ixgbe_rxq_cancel_stop(struct ixgbe *nic, unsigned int q)
{
	nic->rxq[q].disable_at = 0;
	if (nic->pb.stopping == q)
		nic->pb.stopping = NO_QUEUE;
}

/* A reset stops a queue at once, and the driver need not ask whether it has. */
void ixgbe_rxq_reset(struct ixgbe *nic, unsigned int q)
{
	nic->rxq[q].enabled = false;
	ixgbe_rxq_cancel_stop(nic, q);
	ixgbe_held_forget(nic, q);
	guard_stopped(&nic->guard, q);
}

/* The queue may still write to its buffers until the driver has seen that it has
 * stopped: then guard_stopped() is called.  An open RSC context writes its
 * descriptors when its interval ends, so section "Disabling RSC" wants it closed
 * before.
 */
void ixgbe_rxq_stop(struct ixgbe *nic, unsigned int q)
{
	if (nic->rxq[q].rsc_open)
		nicsim_strict(nic->sim, "RX queue %u stopped with an open RSC context", q);
	ixgbe_held_flush(nic, q);
	nic->rxq[q].enabled = false;
	ixgbe_rxq_cancel_stop(nic, q);
	ixgbe_pb_drain(nic);
}

/* Whether a frame of this queue waits for descriptors at the head. */
static bool blocks(const struct ixgbe *nic, unsigned int q)
{
	return nic->pb.head && nic->pb.head->meta.queue == q && !nic->stop_at_once &&
	       !(ixgbe_get(nic, ixgbe_rx_base(q) + RX_SRRCTL) & SRRCTL_DROP_EN);
}

/* A queue does not stop while its frame is at the head.  ENABLE stays set until the
 * frame has got descriptors or may be dropped.
 */
void ixgbe_rxq_try_stop(struct ixgbe *nic, unsigned int q)
{
	if (!blocks(nic, q)) {
		ixgbe_rxq_stop(nic, q);
		return;
	}
	nic->rxq[q].disable_at = 0;
	nic->pb.stopping = q;
}
