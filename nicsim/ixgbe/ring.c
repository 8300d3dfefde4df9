// SPDX-License-Identifier: GPL-2.0
/* What receive and transmit rings have in common. */
#include "ixgbe/ixgbe.h"

/* Checks the ring of a queue that starts.  @base and @len are what was written, with
 * the bits that the registers do not keep.
 */
void ixgbe_ring_strict(struct ixgbe *nic, const char *queue, unsigned int q, uint32_t base,
		       uint32_t len)
{
	if (base % RING_BASE_ALIGN)
		nicsim_strict(nic->sim, "%s queue %u: ring at %#x is not on a multiple of 128",
			      queue, q, base);
	if (!len || len % RING_LEN_ALIGN)
		nicsim_strict(nic->sim, "%s queue %u: ring of %#x bytes, no multiple of 128",
			      queue, q, len);
	if (!nic->bus_master)
		nicsim_strict(nic->sim, "%s queue %u is on while bus mastering is off", queue, q);
}

void ixgbe_arm_disable_timer(struct ixgbe *nic, uint64_t now)
{
	uint64_t earliest = UINT64_MAX;
	unsigned int q;

	for (q = 0; q < IXG_MAX_QUEUES; q++) {
		if (nic->rxq[q].disable_at && nic->rxq[q].disable_at < earliest)
			earliest = nic->rxq[q].disable_at;
		if (nic->txq[q].disable_at && nic->txq[q].disable_at < earliest)
			earliest = nic->txq[q].disable_at;
	}
	if (earliest != UINT64_MAX)
		nicsim_timer_arm(nic->disable_timer, earliest > now ? earliest - now : 0);
}

/* After software has cleared ENABLE, a queue goes on for a while.  The bit reads as
 * set until the queue has stopped.
 */
void ixgbe_disable_later(struct ixgbe *nic, uint64_t *when)
{
	uint64_t now = nicsim_now_ns();

	*when = now + nic->disable_delay_us * 1000 + 1;
	ixgbe_arm_disable_timer(nic, now);
}
