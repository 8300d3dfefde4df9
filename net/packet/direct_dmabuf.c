// SPDX-License-Identifier: GPL-2.0
/*
 * Payload slots in a dma-buf, which the CPU does not touch.
 *
 * The buffer is pinned for as long as the NIC may write to it.  An exporter that
 * moves it all the same ends the lease.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/kref.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/workqueue.h>
#include <net/sock.h>

#include "internal.h"

/**
 * struct packet_direct_dmabuf - a dma-buf with payload slots
 * @ref:	the ring's, and one while @moved is queued
 * @dmabuf:	reference
 * @attach:	for the NIC's device; NULL without a lease
 * @sgt:	its mapping
 * @off:	of payload slot 0
 * @moved:	ends the lease when the exporter moved it
 * @has_moved:	it did
 * @lose:	ends the lease of @pd; NULL without a lease; under RTNL
 * @pd:		ring
 */
struct packet_direct_dmabuf {
	struct kref			ref;
	struct dma_buf			*dmabuf;
	struct dma_buf_attachment	*attach;
	struct sg_table			*sgt;
	u64				off;
	struct work_struct		moved;
	bool				has_moved;
	void				(*lose)(struct packet_direct *pd);
	struct packet_direct		*pd;
};

static void packet_direct_dmabuf_free(struct kref *ref)
{
	kfree(container_of(ref, struct packet_direct_dmabuf, ref));
}

static void packet_direct_dmabuf_lost(struct work_struct *work)
{
	struct packet_direct_dmabuf *buf;
	struct net_device *dev;

	buf = container_of(work, struct packet_direct_dmabuf, moved);
	rtnl_lock();
	if (buf->lose) {
		dev = buf->pd->pdq.dev;
		packet_direct_lock_device(dev);
		buf->lose(buf->pd);
		packet_direct_unlock_device(dev);
	}
	rtnl_unlock();
	kref_put(&buf->ref, packet_direct_dmabuf_free);
}

/* The mapping stays valid until it is undone. */
static void packet_direct_invalidate(struct dma_buf_attachment *attach)
{
	struct packet_direct_dmabuf *buf = attach->importer_priv;

	WRITE_ONCE(buf->has_moved, true);
	kref_get(&buf->ref);
	if (!queue_work(system_dfl_wq, &buf->moved))
		kref_put(&buf->ref, packet_direct_dmabuf_free);
}

static const struct dma_buf_attach_ops packet_direct_attach_ops = {
	.allow_peer2peer = true,
	.invalidate_mappings = packet_direct_invalidate,
};

static enum packet_direct_reason
packet_direct_check_range(const struct packet_direct *pd, u64 size,
			  const struct tpacket4_direct *arg)
{
	u64 wanted = (u64)pd->pdq.payload.nr << pd->payload.slot_shift;
	u64 end;

	if (arg->td_dmabuf_off % TPACKET4_MIN_PAYLOAD_SIZE)
		return PACKET_DIRECT_DMABUF_ALIGN;
	if (check_add_overflow(arg->td_dmabuf_off, arg->td_dmabuf_len, &end) ||
	    end > size || arg->td_dmabuf_len < wanted)
		return PACKET_DIRECT_DMABUF_RANGE;
	return PACKET_DIRECT_OK;
}

/**
 * packet_direct_get_dmabuf() - take hold of the dma-buf for the payload slots
 * @pd: ring with external payload slots
 * @arg: what user space wants
 *
 * Context: lock_sock.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason
packet_direct_get_dmabuf(struct packet_direct *pd,
			 const struct tpacket4_direct *arg)
{
	struct packet_direct_dmabuf *buf;
	enum packet_direct_reason reason;
	struct dma_buf *dmabuf;

	dmabuf = dma_buf_get(arg->td_dmabuf_fd);
	if (IS_ERR(dmabuf))
		return PACKET_DIRECT_DMABUF_BAD_FD;

	reason = packet_direct_check_range(pd, dmabuf->size, arg);
	if (reason)
		goto err;
	reason = PACKET_DIRECT_NO_MEMORY;
	buf = kzalloc(sizeof(*buf), GFP_KERNEL_ACCOUNT);
	if (!buf)
		goto err;

	kref_init(&buf->ref);
	INIT_WORK(&buf->moved, packet_direct_dmabuf_lost);
	buf->dmabuf = dmabuf;
	buf->off = arg->td_dmabuf_off;
	pd->payload.dmabuf = buf;
	return PACKET_DIRECT_OK;

err:
	dma_buf_put(dmabuf);
	return reason;
}

/**
 * packet_direct_put_dmabuf() - end of packet_direct_get_dmabuf()
 * @pd: ring, not mapped for any device
 *
 * Context: may sleep.
 */
void packet_direct_put_dmabuf(struct packet_direct *pd)
{
	struct packet_direct_dmabuf *buf = pd->payload.dmabuf;

	if (!buf)
		return;
	pd->payload.dmabuf = NULL;
	dma_buf_put(buf->dmabuf);
	kref_put(&buf->ref, packet_direct_dmabuf_free);
}

/**
 * packet_direct_abandon_dmabuf() - leave the dma-buf as it is, for ever
 * @pd: ring in quarantine
 *
 * The NIC may write to it at any time, so it stays mapped and referenced.
 *
 * Context: RTNL.
 */
void packet_direct_abandon_dmabuf(struct packet_direct *pd)
{
	pd->payload.dmabuf = NULL;
}

/**
 * packet_direct_watch_dmabuf() - lose the lease when the exporter moves the buffer
 * @pd: ring, with a dma-buf or without
 * @lose: ends the lease; NULL: do so no more
 *
 * Context: RTNL.
 * Return: false when the exporter has moved it already.
 */
bool packet_direct_watch_dmabuf(struct packet_direct *pd,
				void (*lose)(struct packet_direct *pd))
{
	struct packet_direct_dmabuf *buf = pd->payload.dmabuf;

	ASSERT_RTNL();
	if (!buf)
		return true;
	if (lose && READ_ONCE(buf->has_moved))
		return false;
	buf->pd = pd;
	buf->lose = lose;
	return true;
}

/* A payload slot has to be in one piece for the NIC.  The exporter may have told
 * of such a piece page by page, so neighbours are taken together first.
 */
static bool packet_direct_place_slots(struct packet_direct *pd)
{
	struct packet_direct_dmabuf *buf = pd->payload.dmabuf;
	struct packet_direct_pool *pool = &pd->pdq.payload;
	u64 begin = 0, end = 0, at = buf->off;
	struct scatterlist *sg;
	dma_addr_t addr = 0;
	u32 slot = 0;
	int i;

	for_each_sgtable_dma_sg(buf->sgt, sg, i) {
		if (sg_dma_address(sg) != addr + (end - begin)) {
			begin = end;
			addr = sg_dma_address(sg);
		}
		end += sg_dma_len(sg);

		while (slot < pool->nr && at >= begin && at + pool->len <= end) {
			pool->dma[slot++] = addr + (at - begin);
			at += 1ULL << pd->payload.slot_shift;
		}
		cond_resched();
	}
	return slot == pool->nr;
}

static void packet_direct_detach(struct packet_direct_dmabuf *buf)
{
	dma_buf_detach(buf->dmabuf, buf->attach);
	buf->attach = NULL;
}

/* The buffer's pages are where they stay, but pinning may have moved it, and
 * its contents with it: an importer that pins waits for that itself.  The
 * exporter may never be done, and the device may go meanwhile.
 */
static enum packet_direct_reason
packet_direct_wait_dmabuf(const struct packet_direct *pd,
			  const struct net_device *dev)
{
	struct dma_resv *resv = pd->payload.dmabuf->dmabuf->resv;
	long left;

	do {
		left = dma_resv_wait_timeout(resv, DMA_RESV_USAGE_KERNEL, true,
					     HZ / 10);
		if (left < 0)
			return PACKET_DIRECT_INTERRUPTED;
		if (READ_ONCE(pd->po->prot_hook.dev) != dev)
			return PACKET_DIRECT_NOT_BOUND;
	} while (!left);
	return PACKET_DIRECT_OK;
}

/* Under the lock of the buffer. */
static bool packet_direct_pin_dmabuf(struct packet_direct_dmabuf *buf)
{
	if (dma_buf_pin(buf->attach))
		return false;
	buf->sgt = dma_buf_map_attachment(buf->attach, DMA_FROM_DEVICE);
	if (!IS_ERR(buf->sgt))
		return true;
	dma_buf_unpin(buf->attach);
	return false;
}

static enum packet_direct_reason
packet_direct_attach(struct packet_direct_dmabuf *buf, struct device *dma_dev)
{
	bool pinned;

	buf->attach = dma_buf_dynamic_attach(buf->dmabuf, dma_dev,
					     &packet_direct_attach_ops, buf);
	if (IS_ERR(buf->attach))
		return PACKET_DIRECT_DMABUF_REFUSED;

	if (dma_resv_lock_interruptible(buf->dmabuf->resv, NULL)) {
		packet_direct_detach(buf);
		return PACKET_DIRECT_INTERRUPTED;
	}
	pinned = packet_direct_pin_dmabuf(buf);
	dma_resv_unlock(buf->dmabuf->resv);
	if (pinned)
		return PACKET_DIRECT_OK;
	packet_direct_detach(buf);
	return PACKET_DIRECT_DMABUF_REFUSED;
}

/**
 * packet_direct_map_dmabuf() - let a device write to the payload slots
 * @pd: ring with a dma-buf
 * @dev: device, held
 *
 * Context: lock_sock, without RTNL; may sleep for as long as the exporter likes.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason packet_direct_map_dmabuf(struct packet_direct *pd,
						   const struct net_device *dev)
{
	struct packet_direct_dmabuf *buf = pd->payload.dmabuf;
	enum packet_direct_reason reason;

	reason = packet_direct_attach(buf, pd->pdq.dma_dev);
	if (reason)
		return reason;
	reason = packet_direct_wait_dmabuf(pd, dev);
	if (!reason && !packet_direct_place_slots(pd))
		reason = PACKET_DIRECT_DMABUF_SCATTERED;
	if (reason)
		packet_direct_unmap_dmabuf(pd);
	return reason;
}

/**
 * packet_direct_unmap_dmabuf() - end of packet_direct_map_dmabuf()
 * @pd: ring, which the device does not write to any more
 *
 * Context: may sleep.
 */
void packet_direct_unmap_dmabuf(struct packet_direct *pd)
{
	struct packet_direct_dmabuf *buf = pd->payload.dmabuf;

	dma_resv_lock(buf->dmabuf->resv, NULL);
	dma_buf_unmap_attachment(buf->attach, buf->sgt, DMA_FROM_DEVICE);
	dma_buf_unpin(buf->attach);
	dma_resv_unlock(buf->dmabuf->resv);
	packet_direct_detach(buf);
}

MODULE_IMPORT_NS("DMA_BUF");
