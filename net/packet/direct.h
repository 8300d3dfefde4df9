/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TPACKET_V4 and PACKET_RX_DIRECT: what af_packet.c calls, and what the files
 * of this directory share.
 *
 *	direct.c	socket options, poll, recvmsg, statistics, diag
 *	direct_ring.c	the ring: what is given back, what is published
 *	direct_memory.c	its memory, mapped for user space and for a NIC
 *	direct_dmabuf.c	payload slots in a dma-buf instead
 *	direct_filter.c	what the socket filter is shown
 *	direct_copy.c	filling it from skbs
 *	direct_lease.c	filling it by DMA: who has which queue
 *	direct_test.c	dma-bufs for tests, which nothing here calls
 *
 * Locks, outermost first: lock_sock, RTNL, fanout_mutex, pg_vec_lock, bind_lock.
 * RTNL is held for checks and while a driver starts or stops a queue.  Nobody
 * maps memory or waits for an exporter under it, but for a lease that is lost,
 * and who reads statistics only tries to get it, under pg_vec_lock.
 *
 * Lifetime: packet_sock.direct is the ring.  It changes under lock_sock and
 * pg_vec_lock, so that each of them alone is enough to look, and is set under
 * fanout_mutex too, which keeps the socket out of a fanout group; poll() and the
 * copy path look under RCU.  The ring holds the lease:
 * while packet_direct.leased is set the protocol hook is off, a NIC may write
 * into the slots, and the ring cannot go away.  The lease ends by
 * PACKET_DIRECT_RELEASE, by packet_release(), which comes after the last
 * file descriptor and the last mapping, or with the device.
 */
#ifndef __PACKET_DIRECT_INTERNAL_H__
#define __PACKET_DIRECT_INTERNAL_H__

#include <linux/if_ether.h>
#include <linux/minmax.h>
#include <linux/sockptr.h>
#include <net/packet_direct.h>

struct packet_direct_dmabuf;
struct packet_sock;
struct socket;
struct vm_area_struct;

/* Of memory for a ring user space may ask too much.  It is told so: the memory
 * cgroup kills nobody for that.
 */
#define PACKET_DIRECT_GFP	(GFP_KERNEL_ACCOUNT | __GFP_NOWARN | \
				 __GFP_RETRY_MAYFAIL)

/* The longest header part that a NIC may be asked for. */
#define PACKET_DIRECT_MAX_HEADER	1024

/* Entries that a frame may span, and how many where a filter has to be shown it. */
#define PACKET_DIRECT_MAX_CHAIN		512U
#define PACKET_DIRECT_FILTER_CHAIN	17U

/* Copy mode: bytes before the frame, at least. */
#define PACKET_DIRECT_HEADROOM		64U

#define PACKET_DIRECT_KICK_USECS	1000U

/**
 * struct packet_direct_memory - where the slots of one kind are
 * @blocks:	each physically contiguous
 * @block_nr:	how many; 0 when they are in a dma-buf
 * @block_shift: log2 of the bytes of each
 * @slot_shift:	log2 of the bytes from one slot to the next
 * @dmabuf:	payload of a lease, in place of blocks
 */
struct packet_direct_memory {
	void		**blocks;
	u32		block_nr;
	u32		block_shift;
	u32		slot_shift;
	struct packet_direct_dmabuf *dmabuf;
};

/**
 * struct packet_direct - a TPACKET_V4 ring
 * @pdq:	what a poll of the NIC works on, and the copy path
 * @slots:	memory of &packet_direct_queue.slots
 * @payload:	memory of &packet_direct_queue.payload
 * @po:		socket
 * @leased:	a queue is leased, about to be, or was until it was lost; changed
 *		under lock_sock
 * @ifindex:	of the leased queue's device; 0 without one
 * @holder:	process that leased last, or NULL
 * @quarantine:	a NIC may write into the slots for ever: never free them
 * @stack_func:	the protocol hook's function without the ring
 * @copy_lock:	serialises the CPUs that fill the ring by copy
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
	struct packet_sock	*po;
	bool			leased;
	bool			quarantine;
	int			ifindex;
	struct pid		*holder;
	int			(*stack_func)(struct sk_buff *skb,
					      struct net_device *dev,
					      struct packet_type *pt,
					      struct net_device *orig_dev);
	spinlock_t		copy_lock;	/* pdq, in copy mode; polled */
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

#ifdef CONFIG_PACKET_RX_DIRECT

/* On while there is any ring: other sockets ask at each message. */
DECLARE_STATIC_KEY_FALSE(packet_direct_rings);

static inline bool packet_direct_ring(const struct packet_sock *po)
{
	return static_branch_unlikely(&packet_direct_rings) &&
	       rcu_access_pointer(po->direct);
}

/* direct.c: called by af_packet.c and diag.c */
bool packet_direct_knows(int version);
bool packet_direct_hdrlen(int *val);
bool packet_direct_leased(const struct packet_sock *po);
int packet_direct_running(const struct packet_sock *po);
int packet_direct_set_ring(struct packet_sock *po, sockptr_t optval,
			   unsigned int optlen, int optname);
int packet_direct_setsockopt(struct packet_sock *po, int optname,
			     sockptr_t optval, unsigned int optlen);
int packet_direct_getsockopt(struct packet_sock *po, int optname,
			     char __user *optval, int __user *optlen);
void packet_direct_statistics(struct packet_sock *po,
			      union tpacket_stats_u *stats, int *drops);
int packet_direct_mmap(struct packet_sock *po, struct vm_area_struct *vma);
__poll_t packet_direct_poll(struct packet_sock *po);
int packet_direct_recvmsg(struct packet_sock *po, int flags);
void packet_direct_release(struct packet_sock *po);
int packet_direct_diag(struct packet_sock *po, struct sk_buff *nlskb);

/* direct_ring.c */
struct packet_direct *packet_direct_alloc(struct packet_sock *po,
					  const struct tpacket_req4 *req,
					  enum packet_direct_reason *reason);
void packet_direct_free(struct packet_direct *pd);
void packet_direct_publish(struct packet_direct_queue *pdq);
void packet_direct_set_full(struct packet_direct_queue *pdq);
bool packet_direct_readable(struct packet_direct_queue *pdq);
void packet_direct_set_state(struct packet_direct_queue *pdq,
			     enum packet_direct_state state);
void packet_direct_rollback(struct packet_direct_queue *pdq);
void packet_direct_moved(struct packet_direct_queue *pdq);
void packet_direct_slots(struct packet_direct_queue *pdq,
			 struct tpacket4_stats *stats);
void packet_direct_sync_taken(const struct packet_direct_queue *pdq,
			      const struct packet_direct_pool *pool, u32 from);

/* direct_memory.c */
bool packet_direct_alloc_shared(struct packet_direct *pd);
bool packet_direct_alloc_blocks(struct packet_direct_memory *memory, u32 nr);
void packet_direct_free_blocks(struct packet_direct_memory *memory);
u64 packet_direct_memory_len(const struct packet_direct_memory *memory);
void packet_direct_free_addresses(struct packet_direct_pool *pool);
void *packet_direct_slot(const struct packet_direct_memory *memory, u32 slot);
int packet_direct_insert_pages(struct packet_direct *pd,
			       struct vm_area_struct *vma);
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
bool packet_direct_watch_dmabuf(struct packet_direct *pd, bool watch);
enum packet_direct_reason packet_direct_map_dmabuf(struct packet_direct *pd,
						   const struct net_device *dev);
void packet_direct_unmap_dmabuf(struct packet_direct *pd);

/* direct_filter.c */
bool packet_direct_alloc_filter(struct packet_direct_queue *pdq);
void packet_direct_begin_filter(struct packet_direct_queue *pdq);
u32 packet_direct_run_filter(struct packet_direct_queue *pdq, u32 parts,
			     u32 hash, u32 flags);

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

/* direct_copy.c */
int packet_direct_rcv(struct sk_buff *skb, struct net_device *dev,
		      struct packet_type *pt, struct net_device *orig_dev);

/* direct_lease.c */
enum packet_direct_reason packet_direct_check(const struct packet_direct *pd,
					      struct net_device *dev,
					      const struct tpacket4_direct *arg,
					      struct packet_direct_limits *limits);
enum packet_direct_reason packet_direct_prepare(struct packet_direct *pd,
						struct net_device *dev,
						const struct tpacket4_direct *arg);
void packet_direct_unprepare(struct packet_direct *pd);
void packet_direct_set_polled(struct packet_direct *pd, bool polled);
enum packet_direct_reason
packet_direct_lease(struct packet_direct *pd, struct net_device *dev,
		    unsigned int queue,
		    const struct packet_direct_limits *limits);
struct net_device *packet_direct_unlease(struct packet_direct *pd);
void packet_direct_set_lost(struct packet_direct *pd);
void packet_direct_lose(struct packet_direct *pd);
void packet_direct_netdown(struct sock *sk);
enum packet_direct_reason packet_direct_may_lease(struct net_device *dev,
						  unsigned int queue,
						  struct packet_direct_limits *limits);
pid_t packet_direct_holder(const struct net_device *dev, unsigned int queue);
void packet_direct_set_need_kick(struct packet_direct_queue *pdq, bool need);
bool packet_direct_starved(struct packet_direct_queue *pdq);
void packet_direct_kick(struct packet_direct_queue *pdq);
void packet_direct_top_up(struct packet_direct_queue *pdq);
u32 packet_direct_napi_id(const struct packet_direct_queue *pdq);
unsigned long packet_direct_quarantined(void);

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
					   char __user *optval,
					   int __user *optlen)
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

static inline int packet_direct_diag(struct packet_sock *po,
				     struct sk_buff *nlskb)
{
	return 0;
}

#endif /* CONFIG_PACKET_RX_DIRECT */

#endif
