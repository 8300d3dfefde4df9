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
 * @moved:	the exporter moved it
 * @pd:		ring, NULL once it does without; under RTNL
 */
struct packet_direct_dmabuf {
	struct kref			ref;
	struct dma_buf			*dmabuf;
	struct dma_buf_attachment	*attach;
	struct sg_table			*sgt;
	u64				off;
	struct work_struct		moved;
	struct packet_direct		*pd;
};

static void packet_direct_dmabuf_free(struct kref *ref)
{
	kfree(container_of(ref, struct packet_direct_dmabuf, ref));
}

static void packet_direct_dmabuf_lost(struct work_struct *work)
{
	struct packet_direct_dmabuf *buf;

	buf = container_of(work, struct packet_direct_dmabuf, moved);
	rtnl_lock();
	if (buf->pd)
		packet_direct_lose(buf->pd);
	rtnl_unlock();
	kref_put(&buf->ref, packet_direct_dmabuf_free);
}

/* The mapping stays valid until it is undone. */
static void packet_direct_move_notify(struct dma_buf_attachment *attach)
{
	struct packet_direct_dmabuf *buf = attach->importer_priv;

	kref_get(&buf->ref);
	if (!queue_work(system_unbound_wq, &buf->moved))
		kref_put(&buf->ref, packet_direct_dmabuf_free);
}

static const struct dma_buf_attach_ops packet_direct_attach_ops = {
	.allow_peer2peer = true,
	.move_notify	 = packet_direct_move_notify,
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
 * Context: lock_sock, RTNL.
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
	buf->pd = pd;
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
 * Context: RTNL.
 */
void packet_direct_put_dmabuf(struct packet_direct *pd)
{
	struct packet_direct_dmabuf *buf = pd->payload.dmabuf;

	if (!buf)
		return;
	pd->payload.dmabuf = NULL;
	buf->pd = NULL;
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
	if (!pd->payload.dmabuf)
		return;
	pd->payload.dmabuf->pd = NULL;
	pd->payload.dmabuf = NULL;
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
	}
	return slot == pool->nr;
}

static void packet_direct_detach(struct packet_direct_dmabuf *buf)
{
	dma_buf_detach(buf->dmabuf, buf->attach);
	buf->attach = NULL;
}

static bool packet_direct_attach(struct packet_direct_dmabuf *buf,
				 struct device *dma_dev)
{
	buf->attach = dma_buf_dynamic_attach(buf->dmabuf, dma_dev,
					     &packet_direct_attach_ops, buf);
	if (IS_ERR(buf->attach))
		return false;

	dma_resv_lock(buf->dmabuf->resv, NULL);
	if (dma_buf_pin(buf->attach))
		goto err;
	buf->sgt = dma_buf_map_attachment(buf->attach, DMA_FROM_DEVICE);
	if (IS_ERR(buf->sgt))
		goto err_unpin;
	/* pinning may have moved the buffer, and a dynamic importer waits itself */
	if (dma_resv_wait_timeout(buf->dmabuf->resv, DMA_RESV_USAGE_KERNEL,
				  true, MAX_SCHEDULE_TIMEOUT) <= 0)
		goto err_unmap;
	dma_resv_unlock(buf->dmabuf->resv);
	return true;

err_unmap:
	dma_buf_unmap_attachment(buf->attach, buf->sgt, DMA_FROM_DEVICE);
err_unpin:
	dma_buf_unpin(buf->attach);
err:
	dma_resv_unlock(buf->dmabuf->resv);
	packet_direct_detach(buf);
	return false;
}

/**
 * packet_direct_map_dmabuf() - let a device write to the payload slots
 * @pd: ring with a dma-buf
 *
 * Context: RTNL, may sleep.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason packet_direct_map_dmabuf(struct packet_direct *pd)
{
	if (!packet_direct_attach(pd->payload.dmabuf, pd->pdq.dma_dev))
		return PACKET_DIRECT_DMABUF_REFUSED;
	if (packet_direct_place_slots(pd))
		return PACKET_DIRECT_OK;
	packet_direct_unmap_dmabuf(pd);
	return PACKET_DIRECT_DMABUF_SCATTERED;
}

/**
 * packet_direct_unmap_dmabuf() - end of packet_direct_map_dmabuf()
 * @pd: ring, which the device does not write to any more
 *
 * Context: RTNL, may sleep.
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

MODULE_IMPORT_NS(DMA_BUF);
