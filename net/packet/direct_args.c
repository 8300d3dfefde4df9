// SPDX-License-Identifier: GPL-2.0
/*
 * What user space passes: the structs, their sizes, and why one is refused.
 */
#include <linux/log2.h>
#include <linux/sockptr.h>
#include <linux/string.h>
#include <net/sock.h>

#include "internal.h"

static_assert(sizeof(struct tpacket4_ctrl) == 256);
static_assert(offsetof(struct tpacket4_ctrl, cons) == 128);
static_assert(sizeof(struct tpacket4_hdr) == 64);
static_assert(offsetof(struct tpacket4_hdr, tp_data_end) == 16);
static_assert(offsetof(struct tpacket4_hdr, tp_tstamp) == 40);
static_assert(offsetof(struct tpacket4_hdr, tp_vlan_tci) == 48);
static_assert(offsetof(struct tpacket4_hdr, tp_pkttype) == 54);
static_assert(offsetof(struct tpacket4_hdr, tp_priv) == 56);
static_assert(sizeof(struct tpacket_req4) == 64);
static_assert(offsetof(struct tpacket_req4, tp_memory) == 48);
static_assert(sizeof(struct tpacket4_layout) == 96);
static_assert(sizeof(struct tpacket4_direct) == 64);
static_assert(offsetof(struct tpacket4_direct, td_rules) == 32);
static_assert(offsetof(struct tpacket4_direct, td_peers) == 40);
static_assert(offsetof(struct tpacket4_direct, td_rule_nr) == 48);
static_assert(offsetof(struct tpacket4_direct, td_peer_nr) == 52);
static_assert(sizeof(struct tpacket4_info) == 112);
static_assert(sizeof(struct tpacket4_stats) == 168);

/* The errno of each reason: the one place where it is decided. */
static const u8 packet_direct_errno[] = {
	[PACKET_DIRECT_OK]		  = 0,
	[PACKET_DIRECT_BAD_SIZE]	  = EINVAL,
	[PACKET_DIRECT_UNKNOWN_FIELD]	  = E2BIG,
	[PACKET_DIRECT_BAD_FLAGS]	  = EINVAL,
	[PACKET_DIRECT_BAD_RESERVED]	  = EINVAL,
	[PACKET_DIRECT_BAD_ENTRIES]	  = EINVAL,
	[PACKET_DIRECT_BAD_SLOTS]	  = EINVAL,
	[PACKET_DIRECT_BAD_SLOT_SIZE]	  = EINVAL,
	[PACKET_DIRECT_BAD_SLOT_LEN]	  = EINVAL,
	[PACKET_DIRECT_BAD_PAYLOAD]	  = EINVAL,
	[PACKET_DIRECT_BAD_WAKE]	  = EINVAL,
	[PACKET_DIRECT_NO_TX_RING]	  = EOPNOTSUPP,
	[PACKET_DIRECT_NO_MEMORY]	  = ENOMEM,
	[PACKET_DIRECT_NOT_V4]		  = EINVAL,
	[PACKET_DIRECT_NO_RING]		  = EINVAL,
	[PACKET_DIRECT_RING_EXISTS]	  = EBUSY,
	[PACKET_DIRECT_RING_MAPPED]	  = EBUSY,
	[PACKET_DIRECT_RING_LEASED]	  = EBUSY,
	[PACKET_DIRECT_NOT_LEASED]	  = EINVAL,
	[PACKET_DIRECT_HAS_FANOUT]	  = EBUSY,
	[PACKET_DIRECT_HAS_RESERVE]	  = EINVAL,
	[PACKET_DIRECT_HAS_VNET_HDR]	  = EINVAL,
	[PACKET_DIRECT_NOT_RAW]		  = EINVAL,
	[PACKET_DIRECT_NOT_BOUND]	  = ENODEV,
	[PACKET_DIRECT_NOT_ALL]		  = EINVAL,
	[PACKET_DIRECT_FILTER_LOCKED]	  = EACCES,
	[PACKET_DIRECT_NOT_ADMIN]	  = EPERM,
	[PACKET_DIRECT_NO_DRIVER]	  = EOPNOTSUPP,
	[PACKET_DIRECT_NO_QUEUE]	  = ERANGE,
	[PACKET_DIRECT_QUEUE_LEASED]	  = EBUSY,
	[PACKET_DIRECT_QUEUE_XSK]	  = EBUSY,
	[PACKET_DIRECT_QUEUE_XDP]	  = EBUSY,
	[PACKET_DIRECT_QUEUE_PROVIDER]	  = EBUSY,
	[PACKET_DIRECT_QUEUE_SHARED_IRQ]  = EOPNOTSUPP,
	[PACKET_DIRECT_QUEUE_MODE]	  = EOPNOTSUPP,
	[PACKET_DIRECT_QUEUE_FORMAT]	  = EOPNOTSUPP,
	[PACKET_DIRECT_SLOT_GRANULE]	  = EINVAL,
	[PACKET_DIRECT_SLOT_TOO_SMALL]	  = EINVAL,
	[PACKET_DIRECT_SLOT_TOO_LARGE]	  = EINVAL,
	[PACKET_DIRECT_ENTRIES_TOO_FEW]	  = EINVAL,
	[PACKET_DIRECT_NO_SPLIT]	  = EOPNOTSUPP,
	[PACKET_DIRECT_UNRELIABLE]	  = EOPNOTSUPP,
	[PACKET_DIRECT_HEADER_TOO_SMALL]  = EINVAL,
	[PACKET_DIRECT_HEADER_TOO_LARGE]  = EINVAL,
	[PACKET_DIRECT_PAYLOAD_TOO_FEW]	  = EINVAL,
	[PACKET_DIRECT_DMABUF_MISSING]	  = EINVAL,
	[PACKET_DIRECT_DMABUF_UNUSED]	  = EINVAL,
	[PACKET_DIRECT_DMABUF_BAD_FD]	  = EBADF,
	[PACKET_DIRECT_DMABUF_ALIGN]	  = EINVAL,
	[PACKET_DIRECT_DMABUF_RANGE]	  = ERANGE,
	[PACKET_DIRECT_DMABUF_REFUSED]	  = EIO,
	[PACKET_DIRECT_DMABUF_SCATTERED]  = EINVAL,
	[PACKET_DIRECT_DMA_BOUNCE]	  = EOPNOTSUPP,
	[PACKET_DIRECT_DMA_FAILED]	  = EIO,
	[PACKET_DIRECT_DRIVER_FAILED]	  = EIO,
	[PACKET_DIRECT_INTERRUPTED]	  = EINTR,
	[PACKET_DIRECT_NO_DMABUF]	  = EOPNOTSUPP,
	[PACKET_DIRECT_NOT_PREPARED]	  = EINVAL,
	[PACKET_DIRECT_TOO_MANY_PEERS]	  = ERANGE,
	[PACKET_DIRECT_PEER_BAD_FD]	  = EBADF,
	[PACKET_DIRECT_PEER_NOT_V4]	  = EINVAL,
	[PACKET_DIRECT_PEER_NOT_PREPARED] = EINVAL,
	[PACKET_DIRECT_PEER_NOT_LEASED]	  = EINVAL,
	[PACKET_DIRECT_PEER_OTHER_DEVICE] = EXDEV,
	[PACKET_DIRECT_PEER_TWICE]	  = EINVAL,
	[PACKET_DIRECT_STACK_DMABUF]	  = EOPNOTSUPP,
	[PACKET_DIRECT_STACK_TOO_FEW]	  = EINVAL,
	[PACKET_DIRECT_STACK_HELD]	  = EBUSY,
	[PACKET_DIRECT_NO_RXFH]		  = EOPNOTSUPP,
	[PACKET_DIRECT_TABLE_TOO_SMALL]	  = ERANGE,
	[PACKET_DIRECT_LAST_QUEUE]	  = EBUSY,
	[PACKET_DIRECT_NO_SYMMETRIC]	  = EOPNOTSUPP,
	[PACKET_DIRECT_NO_RULES]	  = EOPNOTSUPP,
	[PACKET_DIRECT_BAD_RULES]	  = EINVAL,
	[PACKET_DIRECT_NTUPLE_OFF]	  = EOPNOTSUPP,
	[PACKET_DIRECT_RULE_REFUSED]	  = EINVAL,
	[PACKET_DIRECT_RULE_TAKEN]	  = EBUSY,
	[PACKET_DIRECT_RULES_FULL]	  = ENOSPC,
	[PACKET_DIRECT_STEER_FAILED]	  = EIO,
	[PACKET_DIRECT_QUEUE_LENT]	  = EBUSY,
	[PACKET_DIRECT_NO_XSK]		  = EOPNOTSUPP,
	[PACKET_DIRECT_XSK_SLOT_SIZE]	  = EINVAL,
	[PACKET_DIRECT_XSK_SLOTS]	  = EINVAL,
	[PACKET_DIRECT_XSK_MTU]		  = EOPNOTSUPP,
	[PACKET_DIRECT_XSK_VLAN]	  = EOPNOTSUPP,
	[PACKET_DIRECT_XSK_LRO]		  = EOPNOTSUPP,
	[PACKET_DIRECT_XSK_SOCKET]	  = EBUSY,
	[PACKET_DIRECT_XSK_MIXED]	  = EBUSY,
	[PACKET_DIRECT_MEMORY_ALIGN]	  = EINVAL,
	[PACKET_DIRECT_MEMORY_READ_ONLY]  = EINVAL,
	[PACKET_DIRECT_MEMORY_FAULT]	  = EFAULT,
	[PACKET_DIRECT_MEMORY_LIMIT]	  = ENOBUFS,
	[PACKET_DIRECT_MEMORY_SCATTERED]  = EINVAL,
};

/**
 * packet_direct_refuse() - what a call returns, and why
 * @po: socket, which remembers the reason for ti_reason
 * @reason: reason, or PACKET_DIRECT_OK
 *
 * Return: 0 or -errno.
 */
int packet_direct_refuse(struct packet_sock *po,
			 enum packet_direct_reason reason)
{
	WRITE_ONCE(po->direct_reason, reason);
	return -packet_direct_errno[reason];
}

static enum packet_direct_reason
packet_direct_check_payload(const struct tpacket_req4 *req)
{
	u32 len = req->tp_payload_len ?: req->tp_payload_size;
	u32 nr = req->tp_payload_nr ?: req->tp_entry_nr;

	if (!req->tp_payload_size && (req->tp_payload_len || req->tp_payload_nr))
		return PACKET_DIRECT_BAD_PAYLOAD;
	if (!req->tp_payload_size)
		return req->tp_flags & TPACKET4_PAYLOAD_EXTERNAL ?
		       PACKET_DIRECT_BAD_FLAGS : PACKET_DIRECT_OK;

	if (!is_power_of_2(req->tp_payload_size) ||
	    req->tp_payload_size < TPACKET4_MIN_PAYLOAD_SIZE ||
	    req->tp_payload_size > TPACKET4_MAX_SLOT_SIZE ||
	    len > req->tp_payload_size || len < TPACKET4_MIN_SLOT_SIZE ||
	    len % 64 || nr < TPACKET4_MIN_ENTRIES || nr > TPACKET4_MAX_SLOTS)
		return PACKET_DIRECT_BAD_PAYLOAD;
	return PACKET_DIRECT_OK;
}

static enum packet_direct_reason
packet_direct_check_slots(const struct tpacket_req4 *req)
{
	u32 size_min = req->tp_payload_size ? TPACKET4_MIN_HEADER_SIZE :
					      TPACKET4_MIN_SLOT_SIZE;
	u32 len_min = req->tp_payload_size ? TPACKET4_MIN_HEADER_LEN :
					     TPACKET4_MIN_SLOT_SIZE;
	u32 slots = req->tp_slot_nr ?: req->tp_entry_nr;
	u32 len = req->tp_slot_len ?: req->tp_slot_size;

	if (slots < req->tp_entry_nr || slots > TPACKET4_MAX_SLOTS)
		return PACKET_DIRECT_BAD_SLOTS;
	if (!is_power_of_2(req->tp_slot_size) || req->tp_slot_size < size_min ||
	    req->tp_slot_size > TPACKET4_MAX_SLOT_SIZE)
		return PACKET_DIRECT_BAD_SLOT_SIZE;
	if (len > req->tp_slot_size || len < len_min || len % 64)
		return PACKET_DIRECT_BAD_SLOT_LEN;
	return PACKET_DIRECT_OK;
}

static enum packet_direct_reason
packet_direct_check_memory(const struct tpacket_req4 *req)
{
	/* powers of two: a multiple of the largest is one of each */
	u32 unit = max3((u32)PAGE_SIZE, req->tp_slot_size, req->tp_payload_size);

	if (req->tp_memory && (req->tp_flags & TPACKET4_SLOTS_READ_ONLY))
		return PACKET_DIRECT_MEMORY_READ_ONLY;
	return IS_ALIGNED(req->tp_memory, unit) ? PACKET_DIRECT_OK :
						  PACKET_DIRECT_MEMORY_ALIGN;
}

static enum packet_direct_reason
packet_direct_check_new(const struct tpacket_req4 *req)
{
	enum packet_direct_reason reason;

	if (req->tp_flags & ~(TPACKET4_PAYLOAD_EXTERNAL |
			      TPACKET4_SLOTS_READ_ONLY))
		return PACKET_DIRECT_BAD_FLAGS;
	if (req->tp_reserved0 ||
	    memchr_inv(req->tp_reserved, 0, sizeof(req->tp_reserved)))
		return PACKET_DIRECT_BAD_RESERVED;
	if (!is_power_of_2(req->tp_entry_nr) ||
	    req->tp_entry_nr < TPACKET4_MIN_ENTRIES ||
	    req->tp_entry_nr > TPACKET4_MAX_ENTRIES)
		return PACKET_DIRECT_BAD_ENTRIES;

	reason = packet_direct_check_slots(req);
	if (!reason)
		reason = packet_direct_check_payload(req);
	if (!reason)
		reason = packet_direct_check_memory(req);
	if (reason)
		return reason;
	if (req->tp_wake_count > req->tp_entry_nr ||
	    req->tp_wake_usecs > TPACKET4_MAX_WAKE_USECS)
		return PACKET_DIRECT_BAD_WAKE;
	return PACKET_DIRECT_OK;
}

/**
 * packet_direct_check_req() - could there be such a ring
 * @req: what user space wants; tp_entry_nr 0: no ring
 *
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason
packet_direct_check_req(const struct tpacket_req4 *req)
{
	if (req->tp_entry_nr)
		return packet_direct_check_new(req);
	return memchr_inv(&req->tp_flags, 0, sizeof(*req) - sizeof(req->tp_size)) ?
	       PACKET_DIRECT_BAD_ENTRIES : PACKET_DIRECT_OK;
}

/* A struct that begins with its size, by the rule that the uapi header has under
 * "Growing".  copy_struct_from_sockptr() does not look at the rest of one that is
 * longer than the kernel's.
 */
static int packet_direct_get_struct(struct packet_sock *po, void *to,
				    size_t size, sockptr_t optval,
				    unsigned int optlen)
{
	size_t len = min_t(size_t, size, optlen);
	u32 *said = to;
	int err;

	if (optlen < sizeof(*said) || optlen > PAGE_SIZE)
		return packet_direct_refuse(po, PACKET_DIRECT_BAD_SIZE);
	memset(to, 0, size);
	if (copy_from_sockptr(to, optval, len))
		return -EFAULT;
	if (*said != optlen)
		return packet_direct_refuse(po, PACKET_DIRECT_BAD_SIZE);

	err = check_zeroed_sockptr(optval, len, optlen - len);
	if (err < 0)
		return err;
	return err ? 0 : packet_direct_refuse(po, PACKET_DIRECT_UNKNOWN_FIELD);
}

/**
 * packet_direct_get_req() - the argument of PACKET_RX_RING
 * @po: socket
 * @req: is filled in
 * @optval: of setsockopt()
 * @optlen: likewise
 *
 * Return: 0 or -errno.
 */
int packet_direct_get_req(struct packet_sock *po, struct tpacket_req4 *req,
			  sockptr_t optval, unsigned int optlen)
{
	return packet_direct_get_struct(po, req, sizeof(*req), optval, optlen);
}

/**
 * packet_direct_get_arg() - the argument of PACKET_RX_DIRECT
 * @po: socket
 * @arg: is filled in
 * @optval: of setsockopt()
 * @optlen: likewise; the short form is the queue alone
 *
 * Return: 0 or -errno.
 */
int packet_direct_get_arg(struct packet_sock *po, struct tpacket4_direct *arg,
			  sockptr_t optval, unsigned int optlen)
{
	if (optlen == sizeof(arg->td_queue)) {
		memset(arg, 0, sizeof(*arg));
		return copy_from_sockptr(&arg->td_queue, optval, optlen) ?
		       -EFAULT : 0;
	}
	return packet_direct_get_struct(po, arg, sizeof(*arg), optval, optlen);
}

static enum packet_direct_reason
packet_direct_check_steer_arg(const struct tpacket4_direct *arg)
{
	u32 flags = arg->td_flags;

	if ((flags & PACKET_DIRECT_TABLE) == PACKET_DIRECT_TABLE)
		return PACKET_DIRECT_BAD_FLAGS;
	if ((flags & PACKET_DIRECT_SYMMETRIC) && !(flags & PACKET_DIRECT_SPREAD))
		return PACKET_DIRECT_BAD_FLAGS;
	if (!(flags & PACKET_DIRECT_RULES)) {
		if (flags & PACKET_DIRECT_NTUPLE)
			return PACKET_DIRECT_BAD_FLAGS;
		return arg->td_rules || arg->td_rule_nr ?
		       PACKET_DIRECT_BAD_RESERVED : PACKET_DIRECT_OK;
	}
	return arg->td_rule_nr && arg->td_rule_nr <= PACKET_DIRECT_MAX_RULES ?
	       PACKET_DIRECT_OK : PACKET_DIRECT_BAD_RULES;
}

/* Do the fields make sense that not each flag has? */
static enum packet_direct_reason
packet_direct_check_fields(const struct tpacket4_direct *arg)
{
	const u32 peers = PACKET_DIRECT_BEGIN | PACKET_DIRECT_RELEASE;

	if (memchr_inv(arg->td_reserved, 0, sizeof(arg->td_reserved)))
		return PACKET_DIRECT_BAD_RESERVED;
	if (!(arg->td_flags & PACKET_DIRECT_DMABUF) &&
	    (arg->td_dmabuf_fd || arg->td_dmabuf_off || arg->td_dmabuf_len))
		return PACKET_DIRECT_BAD_RESERVED;
	if ((arg->td_flags & peers) && arg->td_queue)
		return PACKET_DIRECT_BAD_RESERVED;
	if (!(arg->td_flags & peers) && arg->td_peer_nr)
		return PACKET_DIRECT_BAD_RESERVED;
	if (!arg->td_peer_nr && arg->td_peers)
		return PACKET_DIRECT_BAD_RESERVED;
	if (arg->td_peer_nr > PACKET_DIRECT_MAX_PEERS)
		return PACKET_DIRECT_TOO_MANY_PEERS;
	return packet_direct_check_steer_arg(arg);
}

/**
 * packet_direct_check_arg() - does the argument of PACKET_RX_DIRECT make sense
 * @arg: argument
 *
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason
packet_direct_check_arg(const struct tpacket4_direct *arg)
{
	const u32 known = PACKET_DIRECT_RELEASE | PACKET_DIRECT_DMABUF |
			  PACKET_DIRECT_SPLIT_UNRELIABLE |
			  PACKET_DIRECT_TEE | PACKET_DIRECT_PASS |
			  PACKET_DIRECT_PREPARE | PACKET_DIRECT_BEGIN |
			  PACKET_DIRECT_STEERING | PACKET_DIRECT_NTUPLE |
			  PACKET_DIRECT_SUPPORT | PACKET_DIRECT_METADATA;
	const u32 alone = PACKET_DIRECT_RELEASE | PACKET_DIRECT_BEGIN;

	if ((arg->td_flags & ~known) ||
	    (arg->td_flags & PACKET_DIRECT_SUPPORT) == PACKET_DIRECT_SUPPORT ||
	    ((arg->td_flags & alone) && !is_power_of_2(arg->td_flags)))
		return PACKET_DIRECT_BAD_FLAGS;
	return packet_direct_check_fields(arg);
}

/**
 * packet_direct_get_peers() - the sockets that PACKET_RX_DIRECT names
 * @po: socket
 * @arg: argument, which packet_direct_check_arg() has let pass
 * @fds: set to an array of td_peer_nr file descriptors, which the caller frees; left as
 *	 it is when there are none
 *
 * Context: may sleep, without RTNL: user memory may take long to come.
 * Return: 0 or -errno.
 */
int packet_direct_get_peers(struct packet_sock *po,
			    const struct tpacket4_direct *arg, s32 **fds)
{
	s32 *peers;

	if (!arg->td_peer_nr)
		return 0;
	peers = memdup_array_user(u64_to_user_ptr(arg->td_peers),
				  arg->td_peer_nr, sizeof(*peers));
	if (PTR_ERR(peers) == -ENOMEM)
		return packet_direct_refuse(po, PACKET_DIRECT_NO_MEMORY);
	if (IS_ERR(peers))
		return PTR_ERR(peers);
	*fds = peers;
	return 0;
}

/**
 * packet_direct_get_opt() - what user space asks of getsockopt(), in a struct
 * @opt: of getsockopt()
 * @to: struct; what user space does not know of it is 0
 * @size: of it
 *
 * Return: 0 or -errno: -E2BIG when user space asks for what this kernel does not know.
 */
int packet_direct_get_opt(sockopt_t *opt, void *to, size_t size)
{
	size_t len = opt->optlen;
	u8 more[64];

	memset(to, 0, size);
	if (!copy_from_iter_full(to, min(len, size), &opt->iter_in))
		return -EFAULT;
	for (len -= min(len, size); len; len -= min(len, sizeof(more))) {
		size = min(len, sizeof(more));
		if (!copy_from_iter_full(more, size, &opt->iter_in))
			return -EFAULT;
		if (memchr_inv(more, 0, size))
			return -E2BIG;
	}
	return 0;
}

/**
 * packet_direct_put_opt() - the result of getsockopt()
 * @opt: of getsockopt()
 * @from: struct; as much of it is copied as there is room for
 * @size: of it
 *
 * Return: 0 or -errno.
 */
int packet_direct_put_opt(sockopt_t *opt, const void *from, int size)
{
	if (opt->optlen < (int)sizeof(__u32))
		return -EINVAL;
	opt->optlen = min(opt->optlen, size);
	if (!copy_to_iter_full(from, opt->optlen, &opt->iter_out))
		return -EFAULT;
	return 0;
}
