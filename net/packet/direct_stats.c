// SPDX-License-Identifier: GPL-2.0
/*
 * PACKET_STATISTICS and PACKET_V4_STATISTICS of a TPACKET_V4 ring.
 */
#include <linux/rtnetlink.h>
#include <net/sock.h>

#include "internal.h"

static void packet_direct_tell_counts(const struct packet_direct_counts *slots,
				      const struct packet_direct_counts *payload,
				      struct tpacket4_stats *stats)
{
	stats->ts_free = slots->free;
	stats->ts_posted = slots->posted;
	stats->ts_held = slots->held;
	stats->ts_spare = slots->spare;
	stats->ts_payload_free = payload->free;
	stats->ts_payload_posted = payload->posted;
	stats->ts_payload_held = payload->held;
	stats->ts_payload_spare = payload->spare;
}

/* Where the slots are now, if they stay there for as long as it takes to look.  A driver
 * that is asked by AF_XDP posts slots at any time, and not in the core's polls alone.
 */
static bool packet_direct_live_counts(const struct packet_direct_queue *pdq,
				      struct packet_direct_counts *slots)
{
	const struct packet_direct_pool *pool = &pdq->slots;
	u32 head = READ_ONCE(pool->head);
	u32 post, tail;

	smp_rmb();	/* nobody is waited for: what is torn is seen below */
	post = READ_ONCE(pool->post);
	tail = READ_ONCE(pool->tail);
	smp_rmb();	/* the same */
	if (READ_ONCE(pool->head) != head || READ_ONCE(pool->post) != post ||
	    tail - head > pool->nr - READ_ONCE(pool->spare))
		return false;
	slots->free = tail - post;
	slots->posted = post - head;
	slots->spare = READ_ONCE(pool->spare);
	slots->held = pool->nr - slots->free - slots->posted - slots->spare;
	return true;
}

/* Where the slots are, at one moment; with a lease that is the end of the last poll. */
static void packet_direct_get_counts(struct packet_direct_queue *pdq,
				     struct tpacket4_stats *stats)
{
	struct packet_direct *pd = to_packet_direct(pdq);
	struct packet_direct_counts slots, payload = {};
	unsigned int seq;
	bool polled;

	spin_lock_bh(&pd->copy_lock);
	polled = pd->polled;
	if (!polled) {
		packet_direct_count(pdq, &pdq->slots, &slots);
		packet_direct_count(pdq, &pdq->payload, &payload);
		/* nobody has the slots of frames that are being copied */
		slots.free += pdq->fill - pdq->prod;
		slots.held -= pdq->fill - pdq->prod;
	}
	spin_unlock_bh(&pd->copy_lock);

	if (polled && !(READ_ONCE(pdq->xsk) &&
			packet_direct_live_counts(pdq, &slots))) {
		do {
			seq = read_seqcount_begin(&pdq->count_seq);
			slots = pdq->slots_count;
			payload = pdq->payload_count;
		} while (read_seqcount_retry(&pdq->count_seq, seq));
	}
	packet_direct_tell_counts(&slots, &payload, stats);
}

/* Asks the driver of a leased queue, unless somebody else has its device.  Under RTNL. */
static void packet_direct_ask_missed(struct packet_direct_queue *pdq,
				     struct net_device *dev)
{
	if (netdev_need_ops_lock(dev) && !netdev_trylock(dev))
		return;
	if (pdq->ops->sync_stats)
		pdq->ops->sync_stats(dev, pdq->queue, pdq);
	netdev_unlock_ops(dev);
}

/* Brings the driver's count up to date, unless somebody else holds its locks: whoever
 * asks for statistics must not wait for a device that is being reset.
 */
static void packet_direct_sync_missed(struct packet_direct_queue *pdq)
{
	if (!READ_ONCE(to_packet_direct(pdq)->ifindex) || !rtnl_trylock())
		return;
	if (to_packet_direct(pdq)->begun)
		packet_direct_ask_missed(pdq, pdq->dev);
	rtnl_unlock();
}

/**
 * packet_direct_get_stats() - the counters of a ring
 * @po: socket
 * @stats: all of it is filled in
 *
 * Context: pg_vec_lock: lock_sock may be held by somebody who waits for RTNL.
 * Return: 0, or -EINVAL without a ring.
 */
int packet_direct_get_stats(struct packet_sock *po,
			    struct tpacket4_stats *stats)
{
	struct packet_direct *pd = packet_direct_of(po);
	struct packet_direct_queue *pdq;

	if (!pd)
		return -EINVAL;
	pdq = &pd->pdq;

	packet_direct_sync_missed(pdq);
	packet_direct_get_counts(pdq, stats);
	stats->ts_size = sizeof(*stats);
	stats->ts_quarantined = packet_direct_quarantined();
	stats->ts_packets = READ_ONCE(pdq->packets);
	stats->ts_bytes = READ_ONCE(pdq->bytes);
	stats->ts_drop_nic = atomic64_read(&pdq->missed);
	stats->ts_drop_no_slot = READ_ONCE(pdq->drop_no_slot);
	stats->ts_drop_too_long = READ_ONCE(pdq->drop_too_long);
	stats->ts_drop_error = READ_ONCE(pdq->drop_error);
	stats->ts_unsplit = READ_ONCE(pdq->unsplit);
	stats->ts_drop_filter = READ_ONCE(pdq->drop_filter);
	stats->ts_drop_down = READ_ONCE(pdq->drop_down);
	stats->ts_bad_slot = READ_ONCE(pdq->bad_slot);
	stats->ts_bad_cons = READ_ONCE(pdq->bad_cons);
	stats->ts_batches = READ_ONCE(pdq->batches);
	stats->ts_wakeups = atomic64_read(&pdq->wakeups);
	stats->ts_dry = READ_ONCE(pdq->dry);
	stats->ts_passed = READ_ONCE(pdq->passed);
	stats->ts_drop_stack = READ_ONCE(pdq->drop_stack);
	return 0;
}

/**
 * packet_direct_get_v4_stats() - PACKET_V4_STATISTICS
 * @po: socket
 * @opt: of getsockopt()
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int packet_direct_get_v4_stats(struct packet_sock *po, sockopt_t *opt)
{
	struct tpacket4_stats stats;
	int err;

	mutex_lock(&po->pg_vec_lock);
	err = packet_direct_get_stats(po, &stats);
	mutex_unlock(&po->pg_vec_lock);

	return err ?: packet_direct_put_opt(opt, &stats, sizeof(stats));
}

/**
 * packet_direct_statistics() - PACKET_STATISTICS: what came since the last call
 * @po: socket
 * @stats: tp_packets is added to
 * @drops: added to
 *
 * Context: process.
 */
void packet_direct_statistics(struct packet_sock *po,
			      union tpacket_stats_u *stats, int *drops)
{
	struct tpacket4_stats now;
	struct packet_direct *pd;
	u64 lost;

	if (!packet_direct_ring(po))
		return;
	mutex_lock(&po->pg_vec_lock);
	pd = packet_direct_of(po);
	if (pd && !packet_direct_get_stats(po, &now)) {
		lost = now.ts_drop_nic + now.ts_drop_no_slot +
		       now.ts_drop_too_long;
		stats->stats1.tp_packets += now.ts_packets - pd->stat_packets;
		*drops += lost - pd->stat_drops;
		pd->stat_packets = now.ts_packets;
		pd->stat_drops = lost;
	}
	mutex_unlock(&po->pg_vec_lock);
}
