// SPDX-License-Identifier: GPL-2.0
/*
 * What user space maps of a ring.
 *
 * A mapping is filled at once, by pages.  One whose slots lie on the boundaries of huge
 * pages is filled at first touch instead: only a fault handler can map huge pages, and
 * zapping expects every page of such a mapping to be counted, which those that
 * vm_insert_page() has filled are not.  Which pages it gets is the administrator's and the
 * application's choice, as everywhere: transparent_hugepage/enabled and MADV_HUGEPAGE.
 */
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/vmalloc.h>
#include <net/sock.h>

#include "internal.h"

static struct packet_sock *packet_direct_mapped_by(const struct vm_area_struct *vma)
{
	const struct socket *sock = vma->vm_file->private_data;

	return pkt_sk(sock->sk);
}

/* What is mapped at @off.  The area may have been made longer than the ring. */
static struct page *packet_direct_page(const struct packet_direct *pd, u64 off)
{
	if (off >= pd->layout.tl_map_len)
		return NULL;
	if (off < pd->shared_len)
		return vmalloc_to_page(pd->shared + off);
	off -= pd->shared_len;
	if (off < pd->slots.len)
		return virt_to_page(packet_direct_byte(&pd->slots, off));
	return virt_to_page(packet_direct_byte(&pd->payload, off - pd->slots.len));
}

/* A mapped ring stays until packet_release(), which comes after the last mapping. */
static struct page *packet_direct_page_at(const struct vm_area_struct *vma,
					  unsigned long addr)
{
	struct packet_sock *po = packet_direct_mapped_by(vma);
	u64 off = ((u64)vma->vm_pgoff << PAGE_SHIFT) + (addr - vma->vm_start);

	return packet_direct_page(rcu_dereference_protected(po->direct,
							    atomic_long_read(&po->mapped)),
				  off);
}

static void packet_direct_map_open(struct vm_area_struct *vma)
{
	atomic_long_inc(&packet_direct_mapped_by(vma)->mapped);
}

static void packet_direct_map_close(struct vm_area_struct *vma)
{
	atomic_long_dec(&packet_direct_mapped_by(vma)->mapped);
}

static vm_fault_t packet_direct_fault(struct vm_fault *vmf)
{
	struct page *page = packet_direct_page_at(vmf->vma, vmf->address);

	if (!page)
		return VM_FAULT_SIGBUS;
	get_page(page);
	vmf->page = page;
	return 0;
}

static vm_fault_t packet_direct_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	unsigned long addr = vmf->address & PMD_MASK;
	struct vm_area_struct *vma = vmf->vma;
	struct page *page;

	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) || order != PMD_ORDER ||
	    addr < vma->vm_start || addr + PMD_SIZE > vma->vm_end)
		return VM_FAULT_FALLBACK;
	page = packet_direct_page_at(vma, addr);
	if (!page || !PageHead(page) || compound_order(page) != PMD_ORDER)
		return VM_FAULT_FALLBACK;
	return vmf_insert_folio_pmd(vmf, page_folio(page),
				    vmf->flags & FAULT_FLAG_WRITE);
}

static const struct vm_operations_struct packet_direct_huge_ops = {
	.open		= packet_direct_map_open,
	.close		= packet_direct_map_close,
	.fault		= packet_direct_fault,
	.huge_fault	= packet_direct_huge_fault,
};

#ifndef packet_direct_can_be_huge

/* Slots begin where a huge page can, which is rarely so unless it was meant. */
static bool packet_direct_can_be_huge(const struct packet_direct *pd,
				      const struct vm_area_struct *vma)
{
	u64 off = (u64)vma->vm_pgoff << PAGE_SHIFT;

	return IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) && !pd->slots.pinned &&
	       pd->slots.block_shift == PMD_SHIFT &&
	       vma->vm_end - vma->vm_start + off > pd->layout.tl_slot_off &&
	       IS_ALIGNED(vma->vm_start - off + pd->layout.tl_slot_off, PMD_SIZE);
}

#endif

/* Is @vma a part of the ring that can be mapped?  Slots that no process may write
 * to are a part of their own.
 */
static bool packet_direct_check_area(const struct packet_direct *pd,
				     struct vm_area_struct *vma)
{
	u64 off = (u64)vma->vm_pgoff << PAGE_SHIFT;
	u64 end = off + (vma->vm_end - vma->vm_start);
	u64 slots = pd->layout.tl_slot_off;

	if (!(vma->vm_flags & VM_SHARED))
		return false;
	if (!(pd->flags & TPACKET4_SLOTS_READ_ONLY))
		return !off && end == pd->layout.tl_map_len;
	if (!off)
		return end == slots;
	if (off != slots || end != pd->layout.tl_map_len ||
	    (vma->vm_flags & VM_WRITE))
		return false;
	vm_flags_clear(vma, VM_MAYWRITE);
	return true;
}

static int packet_direct_insert_pages(const struct packet_direct *pd,
				      struct vm_area_struct *vma)
{
	u64 off = (u64)vma->vm_pgoff << PAGE_SHIFT;
	unsigned long addr;
	int err;

	for (addr = vma->vm_start; addr < vma->vm_end; addr += PAGE_SIZE) {
		err = vm_insert_page(vma, addr, packet_direct_page(pd, off));
		if (err)
			return err;
		off += PAGE_SIZE;
		cond_resched();
	}
	return 0;
}

/**
 * packet_direct_mmap() - mmap() of a ring
 * @po: socket
 * @vma: area, which has to be exactly the ring's, or what precedes the slots, or what
 *	 begins with them, as its flags want it
 *
 * Context: mmap_lock; may sleep.
 * Return: 0 or -errno.
 */
int packet_direct_mmap(struct packet_sock *po, struct vm_area_struct *vma)
{
	struct packet_direct *pd;
	int err = -EINVAL;
	bool huge;

	mutex_lock(&po->pg_vec_lock);
	pd = packet_direct_of(po);
	if (!pd || !packet_direct_check_area(pd, vma))
		goto out;

	huge = packet_direct_can_be_huge(pd, vma);
	err = huge ? 0 : packet_direct_insert_pages(pd, vma);
	if (err)
		goto out;
	atomic_long_inc(&po->mapped);
	vma->vm_ops = huge ? &packet_direct_huge_ops : &packet_mmap_ops;
out:
	mutex_unlock(&po->pg_vec_lock);
	return err;
}
