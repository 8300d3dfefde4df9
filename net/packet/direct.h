/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TPACKET_V4 and PACKET_RX_DIRECT: what af_packet.c calls, and what the files
 * of this directory share.
 *
 *	direct.c	the socket: its options, poll, recvmsg
 *	direct_map.c	its mmap
 *	direct_diag.c	what others are told: sock_diag, netdev netlink
 *	direct_bind.c	the socket and an RX queue
 *	direct_peers.c	sockets whose leases begin or end at once
 *	direct_stats.c	statistics
 *	direct_hook.c	the socket's hook into the stack: on, off
 *	direct_lease.c	leases: who has which RX queue
 *	direct_frame.c	frames from the buffers of a NIC
 *	direct_copy.c	frames from skbs
 *	direct_stack.c	frames that go on to the stack
 *	direct_ring.c	the ring: publishing, waking, asking for slots
 *	direct_filter.c	what the socket filter is shown
 *	direct_memory.c	the memory of slots, mapped for a NIC
 *	direct_dmabuf.c	payload slots in a dma-buf instead
 *	direct_pin.c	slots in the application's own memory instead
 *	direct_pool.c	slots: who has which
 *	direct_steer.c	how the leases of a device steer it
 *	direct_rss.c	the table and the key themselves
 *	direct_rules.c	flow rules of a lease
 *	direct_args.c	what user space passes, and why it is refused
 *	direct_trace.c	tracepoints
 *	direct_pci.c	a library for drivers of PCI devices
 *
 * A file calls those below it in this list, never one above.  af_packet.c is above all
 * of them, but direct_hook.c and direct_copy.c call helpers that it has for all rings.
 *
 * Locks, outermost first: lock_sock, RTNL, the instance lock of a device whose
 * operations are under it (netdev_lock_ops()), fanout_mutex, pg_vec_lock, bind_lock.
 * RTNL and the instance lock are held for checks and while a driver starts or stops a
 * queue.  Nobody maps memory or waits for an exporter under them, except when a lease is
 * lost.  Statistics only try to get them, under pg_vec_lock.  Of several sockets only the
 * caller's is locked: a lease begins, and is lost, under RTNL and the instance lock alone.
 *
 * Which queue is claimed or leased, and how leases steer a device, changes with both of
 * these, so that each alone is enough to look.  A device with an instance lock may be
 * reset, and its steering set, with that lock alone: a ring goes up and down, and
 * steering is noted as lost, without RTNL.  Where a comment says "RTNL", it means both,
 * unless it says otherwise.
 *
 * Lifetime: packet_sock.direct is the ring.  It changes under lock_sock and
 * pg_vec_lock, so that each of them alone is enough to look.  It is set under
 * fanout_mutex too, which keeps the socket out of a fanout group.  poll() and the
 * copy path look under RCU.
 *
 * The ring holds the lease.  It gets a queue in two steps: a claim, which keeps all
 * others away, and the beginning, by which the driver finds it.  While
 * packet_direct.leased is set, from the claim on, the protocol hook is off and the ring
 * cannot go away.  A NIC may write to the slots until the lease ends: by
 * PACKET_DIRECT_RELEASE, by packet_release(), which comes after the last file descriptor
 * and the last mapping, or with the device.
 */
#ifndef __PACKET_DIRECT_INTERNAL_H__
#define __PACKET_DIRECT_INTERNAL_H__

#include <linux/if_ether.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/net.h>
#include <linux/sockptr.h>
#include <linux/workqueue.h>
#include <net/packet_direct_queue.h>

struct packet_direct_dmabuf;
struct packet_direct_rule;
struct packet_direct_steered;
struct packet_sock;
struct socket;
struct user_struct;
struct vm_area_struct;

/* For the memory of a ring.  User space may ask for too much: it gets an error, and
 * the memory cgroup kills nobody.
 */
#define PACKET_DIRECT_GFP	(GFP_KERNEL_ACCOUNT | __GFP_NOWARN | \
				 __GFP_RETRY_MAYFAIL)

/* Entries that a frame may span, and how many where a filter has to be shown it. */
#define PACKET_DIRECT_MAX_CHAIN		512U
#define PACKET_DIRECT_FILTER_CHAIN	17U

/* Blocks of slots: as large as one TLB entry, smaller if there are none. */
#define PACKET_DIRECT_BLOCK_SHIFT	21

/* Copy mode: bytes before the frame, at least. */
#define PACKET_DIRECT_HEADROOM		64U

#define PACKET_DIRECT_KICK_USECS	1000U

/* Flags of the lease that are about the RSS table, and about any steering. */
#define PACKET_DIRECT_TABLE	(PACKET_DIRECT_SPREAD | PACKET_DIRECT_APART)
#define PACKET_DIRECT_STEERING	(PACKET_DIRECT_TABLE | \
				 PACKET_DIRECT_SYMMETRIC | PACKET_DIRECT_RULES)

/* By what a queue is leased. */
#define PACKET_DIRECT_SUPPORT	(PACKET_DIRECT_NATIVE | PACKET_DIRECT_XSK)

/**
 * struct packet_direct_memory - where the slots of one kind are
 * @blocks:	each physically contiguous
 * @len:	their bytes
 * @block_nr:	how many; 0 when they are in a dma-buf
 * @block_shift: log2 of the bytes of each; the application's last one may be shorter
 * @slot_shift:	log2 of the bytes from one slot to the next
 * @pinned:	they are the application's
 * @user:	whose limit they count against, or NULL
 * @dmabuf:	payload of a lease, in place of blocks
 */
struct packet_direct_memory {
	void		**blocks;
	u64		len;
	u32		block_nr;
	u32		block_shift;
	u32		slot_shift;
	bool		pinned;
	struct user_struct *user;
	struct packet_direct_dmabuf *dmabuf;
};

/**
 * struct packet_direct_steer - what a lease wants of the steering of its device
 * @node:	among the leases of @device
 * @device:	what all of them want; NULL: this one wants nothing
 * @flags:	of PACKET_DIRECT_STEERING
 * @active:	those that the device is steered by: before the lease begins, only
 *		rules
 * @queue:	the leased queue
 * @in_force:	flags that the device has, as user space is told
 * @lost:	those that an administrator took over, likewise
 * @moves:	times that table or key were changed since the lease began, likewise
 * @moves_before: how many of the device's there were then
 * @rule_nr:	flow rules
 * @rules:	these
 *
 * But for @rules and @rule_nr before the lease, all is under RTNL.  @in_force, @lost and
 * @moves are read without.
 */
struct packet_direct_steer {
	struct list_head	node;
	struct packet_direct_steered *device;
	u32			flags;
	u32			active;
	u32			queue;
	u32			in_force;
	u32			lost;
	u32			moves;
	u32			moves_before;
	u32			rule_nr;
	struct packet_direct_rule *rules;
};

/**
 * struct packet_direct - a TPACKET_V4 ring
 * @pdq:	what a poll of the NIC works on, and the copy path
 * @slots:	memory of &packet_direct_queue.slots
 * @payload:	memory of &packet_direct_queue.payload
 * @steer:	what the lease wants beside the queue
 * @po:		socket
 * @together:	rings that begin or end at once; in use under RTNL
 * @leased:	a queue is claimed or leased, about to be, or was until it was lost;
 *		changed under lock_sock
 * @begun:	the driver has been told; under RTNL
 * @ifindex:	of the leased queue's device; 0 without one
 * @holder:	process that leased or prepared last, or NULL
 * @quarantine:	a NIC may write into the slots for ever: never free them
 * @stack_func:	the protocol hook's function without the ring
 * @copy_lock:	serialises the CPUs that fill the ring by copy, but not their copying
 * @copies:	those that are being made, the oldest first
 * @wake_work:	wakes again those who were woken, and may have missed what came since
 * @polled:	a NIC's polls fill it, or did so last, and leave sums behind
 * @shared:	control page and entries, vmalloc
 * @shared_len:	their length
 * @flags:	tp_flags of struct tpacket_req4
 * @layout:	what user space is told
 * @stat_packets: published at the last PACKET_STATISTICS
 * @stat_drops:	dropped at the last PACKET_STATISTICS
 */
struct packet_direct {
	struct packet_direct_queue pdq;
	struct packet_direct_memory slots;
	struct packet_direct_memory payload;
	struct packet_direct_steer steer;
	struct packet_sock	*po;
	struct list_head	together;
	bool			leased;
	bool			begun;
	bool			quarantine;
	int			ifindex;
	struct pid		*holder;
	int			(*stack_func)(struct sk_buff *skb,
					      struct net_device *dev,
					      struct packet_type *pt,
					      struct net_device *orig_dev);
	spinlock_t		copy_lock;	/* pdq, in copy mode; copies; polled */
	struct list_head	copies;
	struct work_struct	wake_work;
	bool			polled;
	void			*shared;
	size_t			shared_len;
	u32			flags;
	struct tpacket4_layout	layout;
	u64			stat_packets;
	u64			stat_drops;
};

#define to_packet_direct(ptr) container_of_const(ptr, struct packet_direct, pdq)

/* af_packet.c */
void register_prot_hook(struct sock *sk);
void unregister_prot_hook(struct sock *sk, bool sync);
u16 vlan_get_tci(const struct sk_buff *skb, struct net_device *dev);
__be16 vlan_get_protocol_dgram(const struct sk_buff *skb);
extern const struct vm_operations_struct packet_mmap_ops;

#ifdef CONFIG_PACKET_RX_DIRECT

/* On while there is any ring.  Sockets without one ask it at each message. */
DECLARE_STATIC_KEY_FALSE(packet_direct_rings);

static inline bool packet_direct_ring(const struct packet_sock *po)
{
	return static_branch_unlikely(&packet_direct_rings) &&
	       rcu_access_pointer(po->direct);
}

/* direct.c: called by af_packet.c */
bool packet_direct_knows(int version);
bool packet_direct_hdrlen(int *val);
bool packet_direct_leased(const struct packet_sock *po);
int packet_direct_running(const struct packet_sock *po);
int packet_direct_set_ring(struct packet_sock *po, sockptr_t optval,
			   unsigned int optlen, int optname);
int packet_direct_setsockopt(struct packet_sock *po, int optname,
			     sockptr_t optval, unsigned int optlen);
int packet_direct_getsockopt(struct packet_sock *po, int optname,
			     sockopt_t *opt);
__poll_t packet_direct_poll(struct packet_sock *po);
int packet_direct_recvmsg(struct packet_sock *po, int flags);
void packet_direct_release(struct packet_sock *po);

/* direct_map.c: called by af_packet.c */
int packet_direct_mmap(struct packet_sock *po, struct vm_area_struct *vma);

/* direct_diag.c: called by diag.c */
int packet_direct_diag(struct packet_sock *po, u32 show, struct sk_buff *nlskb);

/* direct_bind.c */
enum packet_direct_reason packet_direct_rtnl_lock(void);
enum packet_direct_reason
packet_direct_check_driver(struct packet_sock *po, u32 flags, u32 *queues);
int packet_direct_rx_direct(struct packet_sock *po, sockptr_t optval,
			    unsigned int optlen);

/* direct_peers.c */
enum packet_direct_reason
packet_direct_gather_prepared(struct packet_direct *first, const s32 *fds,
			      u32 nr, struct list_head *pds);
enum packet_direct_reason
packet_direct_gather_leased(struct packet_direct *first, const s32 *fds, u32 nr,
			    struct list_head *pds);

/* direct_stats.c; the first one is called by af_packet.c */
void packet_direct_statistics(struct packet_sock *po,
			      union tpacket_stats_u *stats, int *drops);
int packet_direct_get_stats(struct packet_sock *po,
			    struct tpacket4_stats *stats);
int packet_direct_get_v4_stats(struct packet_sock *po, sockopt_t *opt);

/* direct_hook.c */
__be16 packet_direct_unhook(struct packet_sock *po, bool *was_running);
void packet_direct_rehook(struct packet_sock *po, __be16 num, bool was_running);
bool packet_direct_unhook_leased(struct packet_sock *po,
				 struct packet_direct *pd);

/* direct_lease.c; the first one is called by af_packet.c */
void __packet_direct_member(struct net_device *dev);

static inline void packet_direct_member(struct net_device *dev)
{
	if (static_branch_unlikely(&packet_direct_key.key))
		__packet_direct_member(dev);
}

enum packet_direct_reason packet_direct_keep_reserve(struct packet_direct *pd,
						     const struct net_device *dev,
						     u32 flags, u32 post_min);
void packet_direct_drop_reserve(struct packet_direct *pd);
const struct packet_direct_ops *
packet_direct_find_ops(const struct net_device *dev, u32 flags);

/* Why packet_direct_find_ops() has found none. */
static inline enum packet_direct_reason packet_direct_no_ops(u32 flags)
{
	return flags & PACKET_DIRECT_XSK ? PACKET_DIRECT_NO_XSK :
					   PACKET_DIRECT_NO_DRIVER;
}

u32 packet_direct_by(const struct packet_direct_ops *ops);
enum packet_direct_reason packet_direct_may_lease(struct net_device *dev,
						  unsigned int queue, u32 flags,
						  struct packet_direct_limits *limits);
enum packet_direct_reason packet_direct_check(const struct packet_direct *pd,
					      struct net_device *dev,
					      const struct tpacket4_direct *arg,
					      struct packet_direct_limits *limits);
enum packet_direct_reason
packet_direct_map_ring(struct packet_direct *pd, const struct net_device *dev,
		       struct device *dma_dev,
		       const struct tpacket4_direct *arg);
void packet_direct_unmap_ring(struct packet_direct *pd);
void packet_direct_set_polled(struct packet_direct *pd, bool polled);
void packet_direct_claim(struct packet_direct *pd, struct net_device *dev,
			 const struct tpacket4_direct *arg,
			 const struct packet_direct_limits *limits);
struct net_device *packet_direct_unclaim(struct packet_direct *pd);
enum packet_direct_reason packet_direct_may_begin(const struct packet_direct *pd);
enum packet_direct_reason packet_direct_begin(struct list_head *pds);
void packet_direct_stop(struct list_head *pds);
struct net_device *packet_direct_unlease(struct packet_direct *pd);
void packet_direct_set_lost(struct packet_direct *pd);
void packet_direct_lose(struct packet_direct *pd);
void packet_direct_netdown(struct sock *sk);
pid_t packet_direct_holder(const struct net_device *dev, unsigned int queue);
unsigned long packet_direct_quarantined(void);

/* direct_copy.c */
int packet_direct_rcv(struct sk_buff *skb, struct net_device *dev,
		      struct packet_type *pt, struct net_device *orig_dev);

/* direct_stack.c */
enum packet_direct_reason
packet_direct_check_stack(const struct packet_direct_queue *pdq,
			  const struct net_device *dev, u32 post_min);
void packet_direct_set_reserve(struct packet_direct_queue *pdq,
			       const struct net_device *dev);
void packet_direct_begin_stack(struct packet_direct_queue *pdq);
void packet_direct_to_stack(struct packet_direct_queue *pdq,
			    const struct packet_direct_buf *meta, bool refused);

/* direct_ring.c */
enum packet_direct_reason packet_direct_alloc(struct packet_sock *po,
					      const struct tpacket_req4 *req,
					      struct packet_direct **ring);
void packet_direct_free(struct packet_direct *pd);
void packet_direct_publish(struct packet_direct_queue *pdq);
void packet_direct_tell(struct packet_direct_queue *pdq, bool now);
void packet_direct_set_full(struct packet_direct_queue *pdq);
bool packet_direct_readable(struct packet_direct_queue *pdq);
void packet_direct_set_state(struct packet_direct_queue *pdq,
			     enum packet_direct_state state);
u32 packet_direct_napi_id(const struct packet_direct_queue *pdq);
void packet_direct_mark_napi(const struct packet_direct_queue *pdq);
void packet_direct_kick(struct packet_direct_queue *pdq);
void packet_direct_top_up(struct packet_direct_queue *pdq);

/* direct_filter.c */
bool packet_direct_alloc_filter(struct packet_direct_queue *pdq);
void packet_direct_free_filter(struct packet_direct_queue *pdq);
void packet_direct_begin_filter(struct packet_direct_queue *pdq);
u32 packet_direct_run_filter(struct packet_direct_queue *pdq,
			     const struct packet_direct_buf *meta);

/* direct_memory.c */
bool packet_direct_alloc_shared(struct packet_direct *pd, int node);
bool packet_direct_alloc_blocks(struct packet_direct_memory *memory, u32 nr, int node);
void packet_direct_free_blocks(struct packet_direct_memory *memory);
enum packet_direct_reason packet_direct_dma_map(struct packet_direct *pd,
						const struct net_device *dev);
void packet_direct_sync_free(struct packet_direct *pd);
void packet_direct_dma_unmap(struct packet_direct *pd);

/* direct_dmabuf.c */
enum packet_direct_reason
packet_direct_get_dmabuf(struct packet_direct *pd,
			 const struct tpacket4_direct *arg);
void packet_direct_put_dmabuf(struct packet_direct *pd);
void packet_direct_abandon_dmabuf(struct packet_direct *pd);
bool packet_direct_watch_dmabuf(struct packet_direct *pd,
				void (*lose)(struct packet_direct *pd));
enum packet_direct_reason packet_direct_map_dmabuf(struct packet_direct *pd,
						   const struct net_device *dev);
void packet_direct_unmap_dmabuf(struct packet_direct *pd);

/* direct_pin.c */
u64 packet_direct_own_payload(const struct packet_direct *pd);
enum packet_direct_reason packet_direct_pin(struct packet_direct_memory *memory,
					    u32 nr, u64 addr);
void packet_direct_unpin(struct packet_direct_memory *memory);

/* direct_pool.c */
bool packet_direct_alloc_pool(struct packet_direct_pool *pool, u32 entries,
			      u32 places, u32 kernel);
void packet_direct_free_addresses(struct packet_direct_pool *pool);
void packet_direct_free_pool(struct packet_direct_pool *pool);
u32 packet_direct_in_chain(const struct packet_direct_queue *pdq,
			   const struct packet_direct_pool *pool);
void packet_direct_unpost(const struct packet_direct_queue *pdq,
			  struct packet_direct_pool *pool);
void packet_direct_audit(const struct packet_direct_queue *pdq,
			 struct packet_direct_pool *pool);
void packet_direct_put_part(struct packet_direct_queue *pdq,
			    const struct packet_direct_part *part);
void packet_direct_rollback(struct packet_direct_queue *pdq);
void packet_direct_sync_to_nic(const struct packet_direct_queue *pdq,
			       const struct packet_direct_pool *pool, u32 from);

/**
 * packet_direct_count() - where the slots are now
 * @pdq: ring
 * @pool: slots of one kind
 * @counts: is filled in
 *
 * Those of an unfinished frame count as free.
 *
 * Context: the ring's one producer.
 */
static inline void packet_direct_count(const struct packet_direct_queue *pdq,
				       const struct packet_direct_pool *pool,
				       struct packet_direct_counts *counts)
{
	counts->free = pool->tail - pool->post;
	if (unlikely(pdq->chain))
		counts->free += packet_direct_in_chain(pdq, pool);
	counts->posted = pool->post - pool->head;
	counts->spare = pool->spare;
	/* not each entry has a payload slot */
	counts->held = pool->nr - counts->free - counts->posted - counts->spare;
}

/* direct_steer.c; two more, for ethtool, are in <net/packet_direct.h> */
enum packet_direct_reason
packet_direct_check_steering(struct net_device *dev,
			     const struct tpacket4_direct *arg);
enum packet_direct_reason
packet_direct_steer(struct packet_direct *pd, struct net_device *dev,
		    const struct tpacket4_direct *arg);
enum packet_direct_reason packet_direct_begin_steering(struct list_head *pds);
void packet_direct_steer_away(struct list_head *pds);
void packet_direct_steer_back(struct list_head *pds);
void packet_direct_unsteer(struct packet_direct *pd);
void packet_direct_recheck_steering(const struct net_device *dev);
void packet_direct_repair_steering(struct list_head *pds);
void packet_direct_tell_steering(const struct packet_direct *pd, u32 *in_force,
				 u32 *lost, u32 *moves);

/* direct_rules.c; more, for direct_steer.c, is in direct_steer.h */
int packet_direct_get_rules(struct packet_sock *po,
			    struct packet_direct_steer *steer,
			    const struct tpacket4_direct *arg);
void packet_direct_free_rules(struct packet_direct_steer *steer);

/* direct_args.c */
int packet_direct_refuse(struct packet_sock *po,
			 enum packet_direct_reason reason);
enum packet_direct_reason
packet_direct_check_req(const struct tpacket_req4 *req);
enum packet_direct_reason
packet_direct_check_arg(const struct tpacket4_direct *arg);
int packet_direct_get_req(struct packet_sock *po, struct tpacket_req4 *req,
			  sockptr_t optval, unsigned int optlen);
int packet_direct_get_arg(struct packet_sock *po, struct tpacket4_direct *arg,
			  sockptr_t optval, unsigned int optlen);
int packet_direct_get_peers(struct packet_sock *po,
			    const struct tpacket4_direct *arg, s32 **fds);
int packet_direct_get_opt(sockopt_t *opt, void *to, size_t size);
int packet_direct_put_opt(sockopt_t *opt, const void *from, int size);

/* The lock of a device's operations, after RTNL; @dev may be NULL. */
static inline void packet_direct_lock_device(struct net_device *dev)
{
	if (dev)
		netdev_lock_ops(dev);
}

static inline void packet_direct_unlock_device(struct net_device *dev)
{
	if (dev)
		netdev_unlock_ops(dev);
}

/**
 * packet_direct_block_len() - bytes of a block
 * @memory: slots of one kind, not in a dma-buf
 * @block: its number
 *
 * Return: bytes
 */
static inline size_t
packet_direct_block_len(const struct packet_direct_memory *memory, u32 block)
{
	return min(BIT_ULL(memory->block_shift),
		   memory->len - ((u64)block << memory->block_shift));
}

/**
 * packet_direct_byte() - where the CPU finds what is so far behind slot 0
 * @memory: slots of one kind, not in a dma-buf
 * @off: bytes
 *
 * Return: kernel address
 */
static inline void *packet_direct_byte(const struct packet_direct_memory *memory, u64 off)
{
	return memory->blocks[off >> memory->block_shift] +
	       (off & (BIT_ULL(memory->block_shift) - 1));
}

/**
 * packet_direct_slot() - where the CPU finds a slot
 * @memory: slots of one kind, not in a dma-buf
 * @slot: slot
 *
 * Return: kernel address
 */
static inline void *packet_direct_slot(const struct packet_direct_memory *memory,
				       u32 slot)
{
	return packet_direct_byte(memory, (u64)slot << memory->slot_shift);
}

/* The ring of a socket.  Under lock_sock or pg_vec_lock. */
static inline struct packet_direct *
packet_direct_of(const struct packet_sock *po)
{
	return rcu_dereference_protected(po->direct,
					 lockdep_sock_is_held(&po->sk) ||
					 lockdep_is_held(&po->pg_vec_lock));
}

/**
 * packet_direct_keeps_reserve() - does the kernel have the slots that it is to keep
 * @pdq: ring
 *
 * Context: the ring's one producer.
 * Return: true if so
 */
static inline bool
packet_direct_keeps_reserve(const struct packet_direct_queue *pdq)
{
	u32 reserve = READ_ONCE(pdq->reserve);

	return pdq->slots.tail - pdq->slots.head >= reserve &&
	       (!packet_direct_is_split(pdq) ||
		pdq->payload.tail - pdq->payload.head >= reserve);
}

/* The kernel has no slot left for the next frame. */
static inline bool
packet_direct_exhausted(const struct packet_direct_queue *pdq)
{
	u32 reserve = READ_ONCE(pdq->reserve);

	return pdq->slots.tail - pdq->slots.head <= reserve ||
	       (packet_direct_is_split(pdq) &&
		pdq->payload.tail - pdq->payload.head <= reserve);
}

/**
 * packet_direct_store_prod() - hand entries to the user
 * @pdq: ring
 * @prod: up to here, more than before
 *
 * Context: the ring's one producer, BH off.
 * Return: whether poll() wakes for what there is now
 */
static inline bool packet_direct_store_prod(struct packet_direct_queue *pdq,
					    u32 prod)
{
	u32 last = pdq->prod;
	u32 seen;

	smp_store_release(&pdq->ctrl->prod, prod);	/* A, pairs with B */
	WRITE_ONCE(pdq->prod, prod);
	pdq->batches++;

	seen = READ_ONCE(pdq->ctrl->seen);
	if (seen == last)
		WRITE_ONCE(pdq->unseen_since, pdq->wake_time ? ktime_get() : 0);
	WRITE_ONCE(pdq->full, packet_direct_exhausted(pdq));
	return prod - seen >= pdq->wake_count || pdq->full;
}

/* A free slot for whoever fills the ring without a NIC. */
static inline u32 packet_direct_take(struct packet_direct_pool *pool)
{
	pool->head++;
	return pool->fifo[pool->post++ & pool->mask];
}

/**
 * packet_direct_next_entry() - give the next entry a slot
 * @pdq: ring
 * @slot: slot
 *
 * Context: the ring's one producer.
 * Return: number of the entry, whose header is still to be written
 */
static inline u32 packet_direct_next_entry(struct packet_direct_queue *pdq,
					   u32 slot)
{
	u32 entry = pdq->fill++ & pdq->mask;

	if (pdq->slots.home[entry] != slot)
		__packet_direct_bind(pdq, &pdq->slots, entry, slot);
	return entry;
}

/**
 * packet_direct_write_entry() - say in an entry where its bytes are
 * @hdr: header of the entry
 * @slot: its slot
 * @off: where the frame begins in it
 * @end: where it ends
 * @flags: TPACKET4_*
 */
static inline void packet_direct_write_entry(struct tpacket4_hdr *hdr, u32 slot,
					     u32 off, u32 end, u32 flags)
{
	WRITE_ONCE(hdr->tp_slot, slot);
	WRITE_ONCE(hdr->tp_flags, flags);
	WRITE_ONCE(hdr->tp_data, off);
	WRITE_ONCE(hdr->tp_data_end, end);
}

static inline void packet_direct_write_payload(struct tpacket4_hdr *hdr,
					       u32 slot, u32 off, u32 len)
{
	WRITE_ONCE(hdr->tp_payload_slot, slot);
	WRITE_ONCE(hdr->tp_payload_off, off);
	WRITE_ONCE(hdr->tp_payload_len, len);
}

/**
 * packet_direct_keep() - how much of a frame a filter lets pass
 * @snaplen: the filter's result, which does not count a tag beside the frame
 * @len: bytes of the frame without that tag
 * @tag_len: bytes of that tag, which the ring has behind the addresses
 *
 * Return: bytes in the ring.
 */
static inline u32 packet_direct_keep(u32 snaplen, u32 len, u32 tag_len)
{
	u32 keep = min(snaplen, len);

	return keep > 2 * ETH_ALEN ? keep + tag_len : keep;
}

#else

static inline bool packet_direct_knows(int version)
{
	return false;
}

static inline bool packet_direct_hdrlen(int *val)
{
	return false;
}

static inline bool packet_direct_ring(const struct packet_sock *po)
{
	return false;
}

static inline bool packet_direct_leased(const struct packet_sock *po)
{
	return false;
}

static inline int packet_direct_running(const struct packet_sock *po)
{
	return packet_sock_flag(po, PACKET_SOCK_RUNNING);
}

static inline int packet_direct_set_ring(struct packet_sock *po,
					 sockptr_t optval, unsigned int optlen,
					 int optname)
{
	return -EINVAL;
}

static inline int packet_direct_setsockopt(struct packet_sock *po, int optname,
					   sockptr_t optval,
					   unsigned int optlen)
{
	return -ENOPROTOOPT;
}

static inline int packet_direct_getsockopt(struct packet_sock *po, int optname,
					   sockopt_t *opt)
{
	return -ENOPROTOOPT;
}

static inline void packet_direct_statistics(struct packet_sock *po,
					    union tpacket_stats_u *stats,
					    int *drops)
{
}

static inline int packet_direct_mmap(struct packet_sock *po,
				     struct vm_area_struct *vma)
{
	return -EINVAL;
}

static inline __poll_t packet_direct_poll(struct packet_sock *po)
{
	return 0;
}

static inline int packet_direct_recvmsg(struct packet_sock *po, int flags)
{
	return -EOPNOTSUPP;
}

static inline void packet_direct_release(struct packet_sock *po)
{
}

static inline int packet_direct_diag(struct packet_sock *po, u32 show,
				     struct sk_buff *nlskb)
{
	return 0;
}

static inline void packet_direct_member(struct net_device *dev)
{
}

#endif /* CONFIG_PACKET_RX_DIRECT */

#endif
