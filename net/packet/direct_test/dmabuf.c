// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/packet_direct_test, an exporter of dma-bufs for the tests of header split:
 * it refuses what an exporter may refuse, moves a buffer, counts who uses it, and
 * has memory that the kernel cannot read.  And it holds RTNL for as long as it is
 * told to.
 */
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/set_memory.h>
#include <linux/uaccess.h>
#include <net/netdev_lock.h>
#include <asm/tlbflush.h>

#include "direct_test.h"

#define PACKET_DIRECT_TEST_FLAGS	(PACKET_DIRECT_TEST_UNREADABLE | \
					 PACKET_DIRECT_TEST_SCATTERED | \
					 PACKET_DIRECT_TEST_DYNAMIC | \
					 PACKET_DIRECT_TEST_NO_ATTACH | \
					 PACKET_DIRECT_TEST_NO_PIN | \
					 PACKET_DIRECT_TEST_NO_MAP | \
					 PACKET_DIRECT_TEST_SLOW_PIN | \
					 PACKET_DIRECT_TEST_STUCK_PIN)
/* What needs pin() and unpin(). */
#define PACKET_DIRECT_TEST_PIN_FLAGS	(PACKET_DIRECT_TEST_NO_PIN | \
					 PACKET_DIRECT_TEST_SLOW_PIN | \
					 PACKET_DIRECT_TEST_STUCK_PIN)
#define PACKET_DIRECT_TEST_MAX_PAGES	(SZ_64M >> PAGE_SHIFT)

/**
 * struct packet_direct_test_buf - a buffer
 * @pages:	its memory
 * @nr:		how many
 * @flags:	enum packet_direct_test_flags
 * @attachments: now
 * @mappings:	now
 * @pins:	now
 * @cpu_accesses: so far
 * @stuck:	the end of a move that comes with the buffer's
 */
struct packet_direct_test_buf {
	struct page	**pages;
	unsigned int	nr;
	u32		flags;
	atomic_t	attachments;
	atomic_t	mappings;
	atomic_t	pins;
	atomic_t	cpu_accesses;
	struct dma_fence *stuck;
};

/**
 * struct packet_direct_test_move - the end of a move is still to come
 * @fence:	what others wait for; the first member, for dma_fence_free()
 * @lock:	of @fence
 * @timer:	ends it
 */
struct packet_direct_test_move {
	struct dma_fence	fence;
	spinlock_t		lock;	/* of @fence */
	struct timer_list	timer;
};

static atomic_t packet_direct_test_buffers;

static const char *packet_direct_test_name(struct dma_fence *fence)
{
	return "packet_direct_test";
}

static const struct dma_fence_ops packet_direct_test_fence_ops = {
	.get_driver_name   = packet_direct_test_name,
	.get_timeline_name = packet_direct_test_name,
};

static void packet_direct_test_moved(struct timer_list *timer)
{
	struct packet_direct_test_move *move = timer_container_of(move, timer, timer);

	dma_fence_signal(&move->fence);
	dma_fence_put(&move->fence);
}

/* Under the lock of dmabuf->resv. */
static int packet_direct_test_start_move(struct dma_buf *dmabuf)
{
	struct packet_direct_test_buf *buf = dmabuf->priv;
	struct packet_direct_test_move *move;
	int err;

	if (buf->stuck)
		return 0;
	err = dma_resv_reserve_fences(dmabuf->resv, 1);
	if (err)
		return err;
	move = kzalloc(sizeof(*move), GFP_KERNEL);
	if (!move)
		return -ENOMEM;

	spin_lock_init(&move->lock);
	dma_fence_init(&move->fence, &packet_direct_test_fence_ops, &move->lock,
		       dma_fence_context_alloc(1), 1);
	dma_resv_add_fence(dmabuf->resv, &move->fence, DMA_RESV_USAGE_KERNEL);
	if (buf->flags & PACKET_DIRECT_TEST_STUCK_PIN) {
		buf->stuck = &move->fence;
		return 0;
	}
	timer_setup(&move->timer, packet_direct_test_moved, 0);
	mod_timer(&move->timer,
		  jiffies + msecs_to_jiffies(PACKET_DIRECT_TEST_MOVE_MS));
	return 0;
}

static int packet_direct_test_attach(struct dma_buf *dmabuf,
				     struct dma_buf_attachment *attach)
{
	struct packet_direct_test_buf *buf = dmabuf->priv;

	if (buf->flags & PACKET_DIRECT_TEST_NO_ATTACH)
		return -EPERM;
	atomic_inc(&buf->attachments);
	return 0;
}

static void packet_direct_test_detach(struct dma_buf *dmabuf,
				      struct dma_buf_attachment *attach)
{
	struct packet_direct_test_buf *buf = dmabuf->priv;

	atomic_dec(&buf->attachments);
}

static int packet_direct_test_pin(struct dma_buf_attachment *attach)
{
	struct packet_direct_test_buf *buf = attach->dmabuf->priv;
	int err = 0;

	if (buf->flags & PACKET_DIRECT_TEST_NO_PIN)
		return -EBUSY;
	if (buf->flags & (PACKET_DIRECT_TEST_SLOW_PIN |
			  PACKET_DIRECT_TEST_STUCK_PIN))
		err = packet_direct_test_start_move(attach->dmabuf);
	if (!err)
		atomic_inc(&buf->pins);
	return err;
}

static void packet_direct_test_unpin(struct dma_buf_attachment *attach)
{
	struct packet_direct_test_buf *buf = attach->dmabuf->priv;

	atomic_dec(&buf->pins);
}

static struct sg_table *
packet_direct_test_map(struct dma_buf_attachment *attach,
		       enum dma_data_direction dir)
{
	struct packet_direct_test_buf *buf = attach->dmabuf->priv;
	struct sg_table *sgt;
	int err;

	if (buf->flags & PACKET_DIRECT_TEST_NO_MAP)
		return ERR_PTR(-ENXIO);
	sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	if (!sgt)
		return ERR_PTR(-ENOMEM);

	err = sg_alloc_table_from_pages(sgt, buf->pages, buf->nr, 0,
					attach->dmabuf->size, GFP_KERNEL);
	if (err)
		goto err_free;
	err = dma_map_sgtable(attach->dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
	if (err)
		goto err_table;
	atomic_inc(&buf->mappings);
	return sgt;

err_table:
	sg_free_table(sgt);
err_free:
	kfree(sgt);
	return ERR_PTR(err);
}

static void packet_direct_test_unmap(struct dma_buf_attachment *attach,
				     struct sg_table *sgt,
				     enum dma_data_direction dir)
{
	struct packet_direct_test_buf *buf = attach->dmabuf->priv;

	dma_unmap_sgtable(attach->dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
	sg_free_table(sgt);
	kfree(sgt);
	atomic_dec(&buf->mappings);
}

static int packet_direct_test_begin_cpu(struct dma_buf *dmabuf,
					enum dma_data_direction dir)
{
	struct packet_direct_test_buf *buf = dmabuf->priv;

	atomic_inc(&buf->cpu_accesses);
	return 0;
}

static vm_fault_t packet_direct_test_fault(struct vm_fault *vmf)
{
	struct packet_direct_test_buf *buf = vmf->vma->vm_private_data;

	if (vmf->pgoff >= buf->nr)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address,
			      page_to_pfn(buf->pages[vmf->pgoff]));
}

static const struct vm_operations_struct packet_direct_test_vm_ops = {
	.fault = packet_direct_test_fault,
};

/* By page frames: the kernel must not get at the pages through this mapping. */
static int packet_direct_test_mmap(struct dma_buf *dmabuf,
				   struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vma->vm_ops = &packet_direct_test_vm_ops;
	vma->vm_private_data = dmabuf->priv;
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	return 0;
}

static void packet_direct_test_free(struct packet_direct_test_buf *buf)
{
	unsigned int i;

	for (i = 0; i < buf->nr; i++) {
		if (buf->flags & PACKET_DIRECT_TEST_UNREADABLE)
			set_direct_map_default_noflush(buf->pages[i]);
		__free_page(buf->pages[i]);
	}
	kvfree(buf->pages);
	kfree(buf);
}

static void packet_direct_test_release(struct dma_buf *dmabuf)
{
	struct packet_direct_test_buf *buf = dmabuf->priv;

	WARN_ON(atomic_read(&buf->attachments));
	WARN_ON(atomic_read(&buf->mappings));
	WARN_ON(atomic_read(&buf->pins));
	if (buf->stuck) {
		dma_fence_signal(buf->stuck);
		dma_fence_put(buf->stuck);
	}
	packet_direct_test_free(buf);
	atomic_dec(&packet_direct_test_buffers);
}

static const struct dma_buf_ops packet_direct_test_ops = {
	.attach		  = packet_direct_test_attach,
	.detach		  = packet_direct_test_detach,
	.map_dma_buf	  = packet_direct_test_map,
	.unmap_dma_buf	  = packet_direct_test_unmap,
	.begin_cpu_access = packet_direct_test_begin_cpu,
	.mmap		  = packet_direct_test_mmap,
	.release	  = packet_direct_test_release,
};

static const struct dma_buf_ops packet_direct_test_dynamic_ops = {
	.attach		  = packet_direct_test_attach,
	.detach		  = packet_direct_test_detach,
	.pin		  = packet_direct_test_pin,
	.unpin		  = packet_direct_test_unpin,
	.map_dma_buf	  = packet_direct_test_map,
	.unmap_dma_buf	  = packet_direct_test_unmap,
	.begin_cpu_access = packet_direct_test_begin_cpu,
	.mmap		  = packet_direct_test_mmap,
	.release	  = packet_direct_test_release,
};

/* Of two pages together one is used when no other may be next to it. */
static struct page *packet_direct_test_alloc_page(u32 flags)
{
	unsigned int order = flags & PACKET_DIRECT_TEST_SCATTERED ? 1 : 0;
	struct page *page;

	page = alloc_pages(GFP_KERNEL_ACCOUNT | __GFP_ZERO, order);
	if (page && order) {
		split_page(page, order);
		__free_page(page + 1);
	}
	return page;
}

static int packet_direct_test_fill(struct packet_direct_test_buf *buf,
				   unsigned int nr)
{
	struct page *page;
	int err;

	for (; buf->nr < nr; buf->nr++) {
		page = packet_direct_test_alloc_page(buf->flags);
		if (!page)
			return -ENOMEM;
		buf->pages[buf->nr] = page;
		if (!(buf->flags & PACKET_DIRECT_TEST_UNREADABLE))
			continue;
		err = set_direct_map_invalid_noflush(page);
		if (err) {
			__free_page(page);
			return err;
		}
	}
	if (buf->flags & PACKET_DIRECT_TEST_UNREADABLE)
		flush_tlb_all();
	return 0;
}

static struct packet_direct_test_buf *
packet_direct_test_alloc(unsigned int nr, u32 flags)
{
	struct packet_direct_test_buf *buf;
	int err;

	buf = kzalloc(sizeof(*buf), GFP_KERNEL_ACCOUNT);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	buf->flags = flags;
	buf->pages = kvcalloc(nr, sizeof(*buf->pages), GFP_KERNEL_ACCOUNT);
	err = buf->pages ? packet_direct_test_fill(buf, nr) : -ENOMEM;
	if (err) {
		packet_direct_test_free(buf);
		return ERR_PTR(err);
	}
	return buf;
}

static struct dma_buf *
packet_direct_test_export(const struct packet_direct_test_create *arg)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct packet_direct_test_buf *buf;
	struct dma_buf *dmabuf;

	buf = packet_direct_test_alloc(arg->size >> PAGE_SHIFT, arg->flags);
	if (IS_ERR(buf))
		return ERR_CAST(buf);

	info.ops = arg->flags & PACKET_DIRECT_TEST_DYNAMIC ?
		   &packet_direct_test_dynamic_ops : &packet_direct_test_ops;
	info.size = arg->size;
	info.flags = O_RDWR;
	info.priv = buf;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf))
		packet_direct_test_free(buf);
	else
		atomic_inc(&packet_direct_test_buffers);
	return dmabuf;
}

static int packet_direct_test_new(const void __user *uarg)
{
	struct packet_direct_test_create arg;
	struct dma_buf *dmabuf;
	int fd;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (!arg.size || arg.size % PAGE_SIZE || arg.reserved ||
	    arg.size >> PAGE_SHIFT > PACKET_DIRECT_TEST_MAX_PAGES ||
	    arg.flags & ~PACKET_DIRECT_TEST_FLAGS)
		return -EINVAL;
	if (arg.flags & PACKET_DIRECT_TEST_PIN_FLAGS &&
	    !(arg.flags & PACKET_DIRECT_TEST_DYNAMIC))
		return -EINVAL;

	dmabuf = packet_direct_test_export(&arg);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

static struct dma_buf *packet_direct_test_get(int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);

	if (IS_ERR(dmabuf) || dmabuf->ops->release == packet_direct_test_release)
		return dmabuf;
	dma_buf_put(dmabuf);
	return ERR_PTR(-EINVAL);
}

static int packet_direct_test_tell(void __user *uarg)
{
	struct packet_direct_test_count arg;
	struct packet_direct_test_buf *buf;
	struct dma_buf *dmabuf;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.fd != -1) {
		dmabuf = packet_direct_test_get(arg.fd);
		if (IS_ERR(dmabuf))
			return PTR_ERR(dmabuf);
		buf = dmabuf->priv;
		arg.attachments = atomic_read(&buf->attachments);
		arg.mappings = atomic_read(&buf->mappings);
		arg.pins = atomic_read(&buf->pins);
		arg.cpu_accesses = atomic_read(&buf->cpu_accesses);
		dma_buf_put(dmabuf);
	}
	arg.buffers = atomic_read(&packet_direct_test_buffers);
	return copy_to_user(uarg, &arg, sizeof(arg)) ? -EFAULT : 0;
}

static int packet_direct_test_move_buf(struct dma_buf *dmabuf)
{
	dma_resv_lock(dmabuf->resv, NULL);
	dma_buf_invalidate_mappings(dmabuf);
	dma_resv_unlock(dmabuf->resv);
	return 0;
}

static int packet_direct_test_probe(const struct packet_direct_test_buf *buf)
{
	unsigned int i, failed = 0;
	long word;

	for (i = 0; i < buf->nr; i++)
		if (get_kernel_nofault(word, (long *)page_address(buf->pages[i])))
			failed++;
	return failed;
}

/* As a driver does that resets its device. */
static int packet_direct_test_hold_rtnl(unsigned int msecs)
{
	if (rtnl_lock_killable())
		return -EINTR;
	msleep_interruptible(msecs);
	rtnl_unlock();
	return 0;
}

static long packet_direct_test_ioctl(struct file *file, unsigned int cmd,
				     unsigned long arg)
{
	struct dma_buf *dmabuf;
	int ret;

	if (cmd == PACKET_DIRECT_TEST_CREATE)
		return packet_direct_test_new((const void __user *)arg);
	if (cmd == PACKET_DIRECT_TEST_COUNT)
		return packet_direct_test_tell((void __user *)arg);
	if (cmd == PACKET_DIRECT_TEST_HOLD_RTNL)
		return packet_direct_test_hold_rtnl(arg);
	if (cmd != PACKET_DIRECT_TEST_MOVE && cmd != PACKET_DIRECT_TEST_PROBE)
		return -ENOTTY;

	dmabuf = packet_direct_test_get(arg);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	ret = cmd == PACKET_DIRECT_TEST_MOVE ?
	      packet_direct_test_move_buf(dmabuf) :
	      packet_direct_test_probe(dmabuf->priv);
	dma_buf_put(dmabuf);
	return ret;
}

static const struct file_operations packet_direct_test_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= packet_direct_test_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static struct miscdevice packet_direct_test_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "packet_direct_test",
	.fops	= &packet_direct_test_fops,
};

builtin_misc_device(packet_direct_test_device);
