/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * TPACKET_V4: a receive ring for AF_PACKET that a NIC can fill by DMA.
 *
 * This header defines the ring protocol: its layout, who may write what and when,
 * and the memory ordering.  Programs include <linux/if_packet.h>, which includes
 * this header.  Documentation/networking/packet_direct.rst says how to use it.
 *
 * Marks: (k) written by the kernel, read by user space;
 *	  (u) written by user space, read by the kernel, which checks it.
 *
 *
 * The mapping
 * ===========
 *
 * One mmap() at offset 0 of tl_map_len bytes.  getsockopt(PACKET_RX_RING)
 * fills in struct tpacket4_layout; user space computes nothing else.  Slots can
 * be in the application's own memory instead, see tp_memory.
 *
 *	tl_ctrl_off	+---------------------------+
 *			| struct tpacket4_ctrl      |  indices, flags, state
 *	tl_hdr_off	+---------------------------+
 *			| entry 0: tpacket4_hdr     |  tl_entry_nr entries, each
 *			| entry 1                   |  tl_hdr_stride bytes apart
 *			| ...                       |
 *	tl_slot_off	+---------------------------+
 *			| slot 0: bytes of a frame  |  tl_slot_nr slots, each
 *			| slot 1                    |  1 << tl_slot_shift bytes,
 *			| ...                       |  of which tl_slot_len are used
 *	tl_payload_off	+---------------------------+
 *			| payload slot 0            |  header split: tl_payload_nr
 *			| payload slot 1            |  slots of their own shift and
 *			| ...                       |  length, unless in a dma-buf
 *			+---------------------------+
 *
 * A NIC's DMA reaches the slots and the payload slots, and nothing else.
 *
 *
 * The ring
 * ========
 *
 * prod (k), cons (u) and seen (u) are free-running: entry number i is at
 * position i & (tl_entry_nr - 1), and all arithmetic is modulo 2^32.  They
 * start at tl_index_start, which is chosen so that they wrap in the first round.
 *
 *	seen: read up to here          |
 *	                               v
 *	 ------+-----------------------+-------------+-------
 *	 kernel| user: may read, write, keep         | kernel
 *	 ------+-----------------------+-------------+-------
 *	       ^                                     ^
 *	       cons: given back up to here           prod: published up to here
 *
 * Ownership of an entry, and of the slot that its tp_slot names:
 *
 *	entries			owner	may be written by
 *	[cons, prod)		user	user: all of the header, the slot's bytes
 *	[prod, cons + entries)	kernel	kernel, and the NIC by DMA
 *
 * The kernel publishes whole frames, as many as one poll of the NIC finds, with
 * one store of prod.  User space gives back any number of entries with one
 * store of cons, in order.  There is no other ring.  A cons outside
 * [last cons, prod] is ignored and counted (ts_bad_cons).
 *
 *
 * Memory ordering
 * ===============
 *
 * Each barrier has a letter, and each place in the code with a barrier names it.
 *
 *	kernel				user space
 *
 *	write slots, headers		load prod
 *	(A) store-release prod		(B) acquire
 *					read headers, slots
 *
 *	load cons			finish with headers, slots
 *	(D) acquire			(C) store-release cons
 *	read tp_slot, reuse slots
 *
 *	store flags NEED_KICK		store cons
 *	(E) full barrier		(F) full barrier
 *	load cons			load flags, kick if NEED_KICK
 *
 * Without (A)-(B) user space may see prod before the frame.  Without (C)-(D)
 * the NIC may overwrite a frame that is still being read.  Without (E)-(F) both
 * sides may miss each other: the kernel sees no slot and sleeps, user space
 * sees no flag and does not wake it.
 *
 *
 * Slots and the swap
 * ==================
 *
 * At first the kernel has slots [0, tl_entry_nr), and user space has the others
 * as spares.  To keep a frame after it gives the entry back, user space first
 * writes the number of another slot that it holds into tp_slot: a spare, or the
 * slot of another entry in [cons, prod), which must then go back with the displaced
 * slot.  If tp_slot names a slot of the kernel, or no slot, the kernel counts that
 * (ts_bad_slot) and takes the entry's own slot instead.  So no slot can be lost or
 * used twice, whatever user space writes.
 *
 *
 * Header split
 * ============
 *
 * A ring with payload slots lets the NIC put a frame's headers into a slot and
 * the rest into a payload slot:
 *
 *	tp_slot		tp_payload_slot
 *	+---------+	+---------+	The frame is [tp_data, tp_data_end) of
 *	| headers |	| payload |	the slot, then tp_payload_len bytes from
 *	+---------+	+---------+	tp_payload_off of the payload slot.
 *
 * TPACKET4_SPLIT_MASK says whether the boundary between the two parts is where the
 * headers end, and if not, why.  In each case the two parts together are the frame.
 * One of them may be empty.  A payload longer than its slot continues in the next
 * entry, whose header part is empty.
 *
 * At first the kernel has payload slots [0, min(tl_payload_nr, tl_entry_nr)), and
 * user space has the others as spares.  tp_payload_slot gives back and keeps payload
 * slots as tp_slot does slots, with two differences, because an entry need not have
 * a payload slot.  TPACKET4_SLOT_NONE keeps the entry's payload slot as a spare and
 * gives none back.  An entry that came without a payload slot may give back a spare.
 * (Such an entry comes with TPACKET4_SLOT_NONE, so an unchanged entry is always
 * right.)
 *
 *
 * Growing
 * =======
 *
 * A struct that a program passes has its size in its first word, the same as
 * optlen.  A struct shorter than the kernel's is taken as if 0 followed.  A longer
 * one is taken if the part that the kernel does not know is 0; otherwise it is
 * refused with E2BIG.  A struct that the kernel fills in is cut to the caller's room.
 *
 * A program ignores bits that it does not know, in tp_flags and in the control
 * page, and leaves reserved words as it found them.  "How this ABI can grow" in
 * the documentation says for each struct and word what a later kernel may do.
 */
#ifndef _UAPI__LINUX_IF_PACKET_V4_H
#define _UAPI__LINUX_IF_PACKET_V4_H

#include <linux/types.h>

#define PACKET_RX_DIRECT		25
#define PACKET_V4_STATISTICS		26

/* No slot, in tp_payload_slot and in tp_slot. */
#define TPACKET4_SLOT_NONE		0xffffffffU

/* Limits of this kernel.  A later kernel may accept more. */
#define TPACKET4_MIN_ENTRIES		8U
#define TPACKET4_MAX_ENTRIES		(1U << 22)
#define TPACKET4_MAX_SLOTS		(1U << 23)
#define TPACKET4_MIN_SLOT_SIZE		(1U << 10)
#define TPACKET4_MAX_SLOT_SIZE		(1U << 16)
/* With payload slots, slots hold headers only. */
#define TPACKET4_MIN_HEADER_SIZE	(1U << 8)
#define TPACKET4_MIN_HEADER_LEN		128U
#define TPACKET4_MIN_PAYLOAD_SIZE	(1U << 12)
#define TPACKET4_MAX_WAKE_USECS		10000000U

/**
 * struct tpacket4_ctrl - the control page
 * @prod:	(k) entries published
 * @flags:	(k) TPACKET4_CTRL_*
 * @state:	(k) enum packet_direct_state
 * @generation:	(k) counts the changes of @state and the restarts of the queue
 * @reserved0:	(k) 0 from this kernel
 * @cons:	(u) entries given back
 * @seen:	(u) entries read; poll() sleeps while it equals @prod
 * @reserved1:	(u) 0: leave it as found; checked when a queue is leased
 *
 * The words of one side are 128 bytes apart from those of the other, because
 * prefetchers fetch cache lines in pairs.
 */
struct tpacket4_ctrl {
	__u32	prod;
	__u32	flags;
	__u32	state;
	__u32	generation;
	__u32	reserved0[28];
	__u32	cons;
	__u32	seen;
	__u32	reserved1[30];
};

/* The kernel has few slots, and no reason to look for more: after a store of cons,
 * call poll() or recvmsg(MSG_DONTWAIT).  Without that, a timer of the kernel does the
 * same within tl_kick_usecs.
 */
#define TPACKET4_CTRL_NEED_KICK		(1U << 0)

/**
 * struct tpacket4_hdr - one entry: what is known of a frame, or of a part of it
 * @tp_slot:	   (k) slot of the frame or of its header part;
 *		   (u) slot given back
 * @tp_flags:	   (k) TPACKET4_*: which fields below are valid, and what is known
 *		   about the frame
 * @tp_data_meta:  (k) with TPACKET4_SLL: offset in the slot where metadata before
 *		   the frame begins
 * @tp_data:	   (k) offset in the slot of the first byte
 * @tp_data_end:   (k) offset in the slot after the last byte
 * @tp_len:	   (k) length on the wire of the whole frame, without FCS; first
 *		   entry only
 * @tp_payload_slot: (k) in a ring with payload slots: payload slot, or
 *		   TPACKET4_SLOT_NONE; (u) slot given back
 * @tp_payload_off:  (k) with a payload slot: offset of the payload in it
 * @tp_payload_len:  (k) with a payload slot: bytes of payload in it
 * @tp_rxhash:	   (k) with TPACKET4_HASH: the NIC's hash
 * @tp_tstamp:	   (k) nanoseconds, as the clock showed them that
 *		   TPACKET4_TSTAMP_SW or TPACKET4_TSTAMP_HW names
 * @tp_vlan_tci:   (k) with TPACKET4_VLAN: a tag that is not in the frame
 * @tp_vlan_tpid:  (k) likewise: its ethertype, in host byte order
 * @tp_protocol:   (k) with TPACKET4_PROTOCOL: as sll_protocol, in network byte
 *		   order; in direct mode it is the NIC's, which may be the
 *		   protocol behind VLAN tags
 * @tp_pkttype:	   (k) with TPACKET4_PKTTYPE: as sll_pkttype
 * @tp_reserved:   leave it as found
 * @tp_priv:	   the application's own; the kernel never reads or writes it
 *
 * A plain frame is in one entry and was not split.  Its slot has tp_data_end -
 * tp_data bytes of it.  That is tp_len, unless TPACKET4_TRUNCATED is set.
 *
 * A frame over several entries has its per-frame fields (@tp_len, @tp_rxhash,
 * @tp_tstamp and so on) and its flags in the first entry.  In the others they mean
 * nothing, except for TPACKET4_LAST.  A field whose condition is not met means
 * nothing: it may have an old value.
 */
struct tpacket4_hdr {
	__u32		tp_slot;
	__u32		tp_flags;
	__u32		tp_data_meta;
	__u32		tp_data;
	__u32		tp_data_end;
	__u32		tp_len;
	__u32		tp_payload_slot;
	__u32		tp_payload_off;
	__u32		tp_payload_len;
	__u32		tp_rxhash;
	__aligned_u64	tp_tstamp;
	__u16		tp_vlan_tci;
	__u16		tp_vlan_tpid;
	__be16		tp_protocol;
	__u8		tp_pkttype;
	__u8		tp_reserved;
	__aligned_u64	tp_priv;
};

/* The position of the entry in its frame.  A frame in one entry has both. */
#define TPACKET4_FIRST			(1U << 0)
#define TPACKET4_LAST			(1U << 1)

#define TPACKET4_TRUNCATED		(1U << 2)  /* fewer bytes than tp_len are here */
#define TPACKET4_RX_ERROR		(1U << 3)  /* the NIC found the frame damaged */

/* Every checksum that the NIC checked is right, and the one of a transport header was
 * among them.  For a tunnel that the NIC knows, that is the inner header.  A checksum
 * that the NIC does not check may be wrong, such as that of a tunnel's outer UDP
 * header.
 */
#define TPACKET4_CSUM_VALID		(1U << 4)
#define TPACKET4_CSUM_BAD		(1U << 5)  /* one is wrong */
#define TPACKET4_CSUM_NOTREADY		(1U << 6)  /* copy mode, sent from here: not yet computed */
#define TPACKET4_GSO			(1U << 7)  /* copy mode: segments merged into one frame */

/* The clock of tp_tstamp: CLOCK_REALTIME, or the hardware clock of the device that
 * received the frame (ti_phc_index).
 */
#define TPACKET4_TSTAMP_SW		(1U << 8)
#define TPACKET4_TSTAMP_HW		(1U << 9)

/* Which fields are valid. */
#define TPACKET4_HASH			(1U << 10)
#define TPACKET4_VLAN			(1U << 12) /* tp_vlan_tci and tp_vlan_tpid */
#define TPACKET4_PROTOCOL		(1U << 13)
#define TPACKET4_PKTTYPE		(1U << 14)
#define TPACKET4_SLL			(1U << 15) /* struct sockaddr_ll at tp_data_meta */

/* The kernel knows that frames were lost since the frame before: it dropped them
 * itself (ts_drop_*, except for ts_drop_filter and ts_drop_stack), or the NIC did.
 */
#define TPACKET4_LOSING			(1U << 11)

/* What the hash covers, as far as it is known: addresses, and ports. */
#define TPACKET4_HASH_L3_MASK		(7U << 16)
#define TPACKET4_HASH_IPV4		(1U << 16)
#define TPACKET4_HASH_IPV6		(2U << 16)
#define TPACKET4_HASH_IPV6_EX		(3U << 16) /* addresses of extension headers, if any */
#define TPACKET4_HASH_L4_MASK		(7U << 19)
#define TPACKET4_HASH_TCP		(1U << 19)
#define TPACKET4_HASH_UDP		(2U << 19)
#define TPACKET4_HASH_SCTP		(3U << 19)
#define TPACKET4_HASH_PORTS		(4U << 19) /* of an unknown protocol */

/* Where the boundary between the parts of a frame is, and why.  A value of 0 means
 * that the ring has no payload slots.
 *
 * DONE:	the header part ends where the headers end
 * NO_PAYLOAD:	the same, and nothing follows the headers
 * SHORT:	the header part has all of the frame; the end of its headers is not
 *		known
 * UNKNOWN:	the NIC knows no headers in the frame: the header part is as long as
 *		the slot, or empty
 * TOO_LONG:	the headers do not fit in the slot: likewise
 * COPIED:	copy mode does not split: there is no payload
 */
#define TPACKET4_SPLIT_MASK		(0xfU << 22)
#define TPACKET4_SPLIT_DONE		(1U << 22)
#define TPACKET4_SPLIT_NO_PAYLOAD	(2U << 22)
#define TPACKET4_SPLIT_SHORT		(3U << 22)
#define TPACKET4_SPLIT_UNKNOWN		(4U << 22)
#define TPACKET4_SPLIT_TOO_LONG		(5U << 22)
#define TPACKET4_SPLIT_COPIED		(6U << 22)

/**
 * struct tpacket_req4 - setsockopt(PACKET_RX_RING) after PACKET_VERSION TPACKET_V4
 * @tp_size:	     sizeof(struct tpacket_req4), equal to optlen
 * @tp_flags:	     TPACKET4_PAYLOAD_EXTERNAL, TPACKET4_SLOTS_READ_ONLY
 * @tp_entry_nr:     entries, a power of two; 0 with all else 0 removes the ring
 * @tp_slot_nr:	     slots, at least @tp_entry_nr; 0: @tp_entry_nr
 * @tp_slot_size:    bytes from one slot to the next, a power of two
 * @tp_slot_len:     bytes that are used of each, a multiple of 64; 0: all
 * @tp_payload_size: header split: bytes from one payload slot to the next, a power
 *		     of two; 0: no split
 * @tp_payload_len:  bytes that are used of each, a multiple of 64; 0: all
 * @tp_payload_nr:   payload slots; 0: @tp_entry_nr
 * @tp_wake_count:   poll() wakes when this many entries are unseen; 0: 1
 * @tp_wake_usecs:   or when the oldest unseen entry is this old; 0: never
 * @tp_reserved0:    0
 * @tp_memory:	     address of slot 0 in the caller's own memory, a multiple of the
 *		     page size, of @tp_slot_size and of @tp_payload_size; 0: the
 *		     kernel has the slots
 * @tp_reserved:     0
 *
 * With @tp_memory, payload slot 0 is behind the slots, at the next multiple of the
 * page size and of @tp_payload_size.  The kernel pins these bytes for as long as there
 * is the ring.
 */
struct tpacket_req4 {
	__u32	tp_size;
	__u32	tp_flags;
	__u32	tp_entry_nr;
	__u32	tp_slot_nr;
	__u32	tp_slot_size;
	__u32	tp_slot_len;
	__u32	tp_payload_size;
	__u32	tp_payload_len;
	__u32	tp_payload_nr;
	__u32	tp_wake_count;
	__u32	tp_wake_usecs;
	__u32	tp_reserved0;
	__aligned_u64	tp_memory;
	__u32	tp_reserved[2];
};

/* Payload slots are not part of the mapping: they are in the dma-buf that
 * PACKET_RX_DIRECT will name.
 */
#define TPACKET4_PAYLOAD_EXTERNAL	(1U << 0)

/* No process can write to a slot, so a reader sees what the NIC wrote.  The ring is
 * mapped in two pieces: control page and entries, tl_slot_off bytes at offset 0; and
 * the slots, from tl_slot_off on, without PROT_WRITE.
 */
#define TPACKET4_SLOTS_READ_ONLY	(1U << 1)

/**
 * struct tpacket4_layout - getsockopt(PACKET_RX_RING) on a TPACKET_V4 ring
 * @tl_map_len:	      length to give to mmap()
 * @tl_ctrl_off:      offset of struct tpacket4_ctrl
 * @tl_hdr_off:	      offset of entry 0
 * @tl_slot_off:      offset of slot 0; 0: in the memory that tp_memory named, which this
 *		      and @tl_payload_off count from then
 * @tl_payload_off:   offset of payload slot 0; 0: there are none, or in a dma-buf
 * @tl_size:	      sizeof(struct tpacket4_layout) of this kernel
 * @tl_entry_nr:      entries
 * @tl_hdr_stride:    bytes from one entry to the next
 * @tl_slot_nr:	      slots
 * @tl_slot_shift:    log2 of the bytes from one slot to the next
 * @tl_slot_len:      bytes used of each
 * @tl_payload_nr:    payload slots
 * @tl_payload_shift: as @tl_slot_shift
 * @tl_payload_len:   as @tl_slot_len
 * @tl_chain_max:     the longest chain of entries that a frame may span
 * @tl_kick_usecs:    after this time the kernel looks for slots without a kick
 * @tl_index_start:   first value of prod, cons and seen
 * @tl_headroom:      copy mode: at least so many bytes are before tp_data in the
 *		      first slot of a frame; they have the struct sockaddr_ll, and
 *		      user space may overwrite them
 * @tl_flags:	      as tp_flags of struct tpacket_req4
 */
struct tpacket4_layout {
	__aligned_u64	tl_map_len;
	__aligned_u64	tl_ctrl_off;
	__aligned_u64	tl_hdr_off;
	__aligned_u64	tl_slot_off;
	__aligned_u64	tl_payload_off;
	__u32		tl_size;
	__u32		tl_entry_nr;
	__u32		tl_hdr_stride;
	__u32		tl_slot_nr;
	__u32		tl_slot_shift;
	__u32		tl_slot_len;
	__u32		tl_payload_nr;
	__u32		tl_payload_shift;
	__u32		tl_payload_len;
	__u32		tl_chain_max;
	__u32		tl_kick_usecs;
	__u32		tl_index_start;
	__u32		tl_headroom;
	__u32		tl_flags;
};

/**
 * struct tpacket4_direct - setsockopt(PACKET_RX_DIRECT), long form
 * @td_size:	   sizeof(struct tpacket4_direct), equal to optlen
 * @td_queue:	   RX queue of the bound device; 0 with PACKET_DIRECT_RELEASE and
 *		   PACKET_DIRECT_BEGIN
 * @td_flags:	   PACKET_DIRECT_*
 * @td_dmabuf_fd:  with PACKET_DIRECT_DMABUF: the dma-buf; else 0
 * @td_dmabuf_off: likewise: where payload slot 0 begins, a multiple of 4096
 * @td_dmabuf_len: likewise: bytes for the payload slots, at least as many as they
 *		   need
 * @td_rules:	   with PACKET_DIRECT_RULES: address of an array of struct
 *		   ethtool_rx_flow_spec, with ring_cookie 0 and location 0 or
 *		   RX_CLS_LOC_ANY; else 0
 * @td_peers:	   with PACKET_DIRECT_BEGIN and PACKET_DIRECT_RELEASE: address of
 *		   __s32 file descriptors of other sockets, which begin or end with
 *		   this one; their queues are of the same device
 * @td_rule_nr:	   elements of @td_rules, 1 to PACKET_DIRECT_MAX_RULES
 * @td_peer_nr:	   elements of @td_peers, up to PACKET_DIRECT_MAX_PEERS
 * @td_reserved:   0
 *
 * The short form is one unsigned int, the queue.
 */
struct tpacket4_direct {
	__u32		td_size;
	__u32		td_queue;
	__u32		td_flags;
	__s32		td_dmabuf_fd;
	__aligned_u64	td_dmabuf_off;
	__aligned_u64	td_dmabuf_len;
	__aligned_u64	td_rules;
	__aligned_u64	td_peers;
	__u32		td_rule_nr;
	__u32		td_peer_nr;
	__u32		td_reserved[2];
};

#define PACKET_DIRECT_RELEASE		(1U << 0)  /* give the queue back to the stack */
#define PACKET_DIRECT_DMABUF		(1U << 1)  /* payload slots are in a dma-buf */
#define PACKET_DIRECT_SPLIT_UNRELIABLE	(1U << 2)  /* split although the NIC may fail at it */
#define PACKET_DIRECT_TEE		(1U << 3)  /* frames for this host also go to the stack */
#define PACKET_DIRECT_PASS		(1U << 4)  /* frames that the filter refuses go there */
#define PACKET_DIRECT_PREPARE		(1U << 5)  /* claim the queue; the lease begins later */
#define PACKET_DIRECT_BEGIN		(1U << 6)  /* begin prepared leases */

#define PACKET_DIRECT_MAX_PEERS		1024U

/* With PACKET_DIRECT_TEE or _PASS the kernel keeps at least so many slots of each kind. */
#define PACKET_DIRECT_MIN_RESERVE	64U

/* What the lease wants of its device's steering, see "Steering" in the documentation.
 * All of it is undone at the end of the lease.
 */
#define PACKET_DIRECT_SPREAD		(1U << 7)  /* RSS goes to the queues with this flag */
#define PACKET_DIRECT_APART		(1U << 8)  /* RSS leaves this queue out */
#define PACKET_DIRECT_SYMMETRIC		(1U << 9)  /* both directions of a flow to one queue */
#define PACKET_DIRECT_RULES		(1U << 10) /* flow rules to this queue */
#define PACKET_DIRECT_NTUPLE		(1U << 11) /* turn ntuple on, if the rules need it */

#define PACKET_DIRECT_MAX_RULES		64U

/* By what the queue is leased.  Without these, by the driver's own support, if it has
 * any, else by its AF_XDP; see "AF_XDP drivers" in the documentation.
 */
#define PACKET_DIRECT_NATIVE		(1U << 12) /* the driver's own support alone */
#define PACKET_DIRECT_XSK		(1U << 13) /* its zero-copy AF_XDP alone */
/* Hash and VLAN tag of each frame also by AF_XDP, if the driver tells them there.  Its
 * own support does so unasked.
 */
#define PACKET_DIRECT_METADATA		(1U << 14)

/**
 * enum packet_direct_state - where the frames of a TPACKET_V4 ring come from
 * @PACKET_DIRECT_COPY:   the stack, by copy
 * @PACKET_DIRECT_ACTIVE: the leased queue, by DMA
 * @PACKET_DIRECT_DOWN:   nowhere now: the leased queue is stopped, and comes
 *			  back with the device
 * @PACKET_DIRECT_LOST:	  nowhere any more: the device is gone, or another process
 *			  than the one that leased the queue gave it back
 * @PACKET_DIRECT_PREPARED: nowhere yet: the queue is claimed, and the stack's until
 *			  PACKET_DIRECT_BEGIN
 */
enum packet_direct_state {
	PACKET_DIRECT_COPY,
	PACKET_DIRECT_ACTIVE,
	PACKET_DIRECT_DOWN,
	PACKET_DIRECT_LOST,
	PACKET_DIRECT_PREPARED,
};

/*
 * enum packet_direct_reason - which check refused the last PACKET_RX_RING or
 *			       PACKET_RX_DIRECT of this socket
 *
 * The sentence for each, with its errno, is in the documentation.  Later kernels
 * add to the end.
 */
enum packet_direct_reason {
	PACKET_DIRECT_OK,
	/* the arguments */
	PACKET_DIRECT_BAD_SIZE,
	PACKET_DIRECT_UNKNOWN_FIELD,
	PACKET_DIRECT_BAD_FLAGS,
	PACKET_DIRECT_BAD_RESERVED,
	PACKET_DIRECT_BAD_ENTRIES,
	PACKET_DIRECT_BAD_SLOTS,
	PACKET_DIRECT_BAD_SLOT_SIZE,
	PACKET_DIRECT_BAD_SLOT_LEN,
	PACKET_DIRECT_BAD_PAYLOAD,
	PACKET_DIRECT_BAD_WAKE,
	PACKET_DIRECT_NO_TX_RING,
	PACKET_DIRECT_NO_MEMORY,
	/* the socket */
	PACKET_DIRECT_NOT_V4,
	PACKET_DIRECT_NO_RING,
	PACKET_DIRECT_RING_EXISTS,
	PACKET_DIRECT_RING_MAPPED,
	PACKET_DIRECT_RING_LEASED,
	PACKET_DIRECT_NOT_LEASED,
	PACKET_DIRECT_HAS_FANOUT,
	PACKET_DIRECT_HAS_RESERVE,
	PACKET_DIRECT_HAS_VNET_HDR,
	PACKET_DIRECT_NOT_RAW,
	PACKET_DIRECT_NOT_BOUND,
	PACKET_DIRECT_NOT_ALL,
	PACKET_DIRECT_FILTER_LOCKED,
	PACKET_DIRECT_NOT_ADMIN,
	/* the device and the queue */
	PACKET_DIRECT_NO_DRIVER,
	PACKET_DIRECT_NO_QUEUE,
	PACKET_DIRECT_QUEUE_LEASED,
	PACKET_DIRECT_QUEUE_XSK,
	PACKET_DIRECT_QUEUE_XDP,
	PACKET_DIRECT_QUEUE_PROVIDER,
	PACKET_DIRECT_QUEUE_SHARED_IRQ,
	PACKET_DIRECT_QUEUE_MODE,
	PACKET_DIRECT_QUEUE_FORMAT,
	PACKET_DIRECT_SLOT_GRANULE,
	PACKET_DIRECT_SLOT_TOO_SMALL,
	PACKET_DIRECT_SLOT_TOO_LARGE,
	PACKET_DIRECT_ENTRIES_TOO_FEW,
	/* header split */
	PACKET_DIRECT_NO_SPLIT,
	PACKET_DIRECT_UNRELIABLE,
	PACKET_DIRECT_HEADER_TOO_SMALL,
	PACKET_DIRECT_HEADER_TOO_LARGE,
	PACKET_DIRECT_PAYLOAD_TOO_FEW,
	/* the dma-buf */
	PACKET_DIRECT_DMABUF_MISSING,
	PACKET_DIRECT_DMABUF_UNUSED,
	PACKET_DIRECT_DMABUF_BAD_FD,
	PACKET_DIRECT_DMABUF_ALIGN,
	PACKET_DIRECT_DMABUF_RANGE,
	PACKET_DIRECT_DMABUF_REFUSED,
	PACKET_DIRECT_DMABUF_SCATTERED,
	/* the memory and the driver */
	PACKET_DIRECT_DMA_BOUNCE,
	PACKET_DIRECT_DMA_FAILED,
	PACKET_DIRECT_DRIVER_FAILED,
	PACKET_DIRECT_INTERRUPTED,
	PACKET_DIRECT_NO_DMABUF,
	/* two steps, and several sockets */
	PACKET_DIRECT_NOT_PREPARED,
	PACKET_DIRECT_TOO_MANY_PEERS,
	PACKET_DIRECT_PEER_BAD_FD,
	PACKET_DIRECT_PEER_NOT_V4,
	PACKET_DIRECT_PEER_NOT_PREPARED,
	PACKET_DIRECT_PEER_NOT_LEASED,
	PACKET_DIRECT_PEER_OTHER_DEVICE,
	PACKET_DIRECT_PEER_TWICE,
	/* frames that go on to the stack */
	PACKET_DIRECT_STACK_DMABUF,
	PACKET_DIRECT_STACK_TOO_FEW,
	PACKET_DIRECT_STACK_HELD,
	/* steering */
	PACKET_DIRECT_NO_RXFH,
	PACKET_DIRECT_TABLE_TOO_SMALL,
	PACKET_DIRECT_LAST_QUEUE,
	PACKET_DIRECT_NO_SYMMETRIC,
	PACKET_DIRECT_NO_RULES,
	PACKET_DIRECT_BAD_RULES,
	PACKET_DIRECT_NTUPLE_OFF,
	PACKET_DIRECT_RULE_REFUSED,
	PACKET_DIRECT_RULE_TAKEN,
	PACKET_DIRECT_RULES_FULL,
	PACKET_DIRECT_STEER_FAILED,
	/* the queue, again */
	PACKET_DIRECT_QUEUE_LENT,
	/* the driver's AF_XDP */
	PACKET_DIRECT_NO_XSK,
	PACKET_DIRECT_XSK_SLOT_SIZE,
	PACKET_DIRECT_XSK_SLOTS,
	PACKET_DIRECT_XSK_MTU,
	PACKET_DIRECT_XSK_VLAN,
	PACKET_DIRECT_XSK_LRO,
	PACKET_DIRECT_XSK_SOCKET,
	PACKET_DIRECT_XSK_MIXED,
	/* slots in the application's own memory */
	PACKET_DIRECT_MEMORY_ALIGN,
	PACKET_DIRECT_MEMORY_READ_ONLY,
	PACKET_DIRECT_MEMORY_FAULT,
	PACKET_DIRECT_MEMORY_LIMIT,
	PACKET_DIRECT_MEMORY_SCATTERED,
};

/**
 * struct tpacket4_info - getsockopt(PACKET_RX_DIRECT)
 * @ti_size:	   sizeof(struct tpacket4_info) of this kernel; optlen tells how
 *		   much of it was filled in
 * @ti_query:	   in: the queue whose limits are asked for; all other fields are 0,
 *		   or as the kernel left them
 * @ti_state:	   enum packet_direct_state
 * @ti_reason:	   enum packet_direct_reason of the last attempt
 * @ti_ifindex:	   device of the lease, also of a prepared one; 0 without one
 * @ti_queue:	   queue of the lease
 * @ti_napi_id:	   of that queue, for busy polling; new after each restart of it
 * @ti_generation: as in struct tpacket4_ctrl
 * @ti_queue_nr:   RX queues of the bound device; 0: none bound
 * @ti_query_reason: why queue @ti_query cannot be leased now, or
 *		   PACKET_DIRECT_OK
 * @ti_granule:	   tp_slot_len has to be a multiple of this
 * @ti_slot_len_min: smallest tp_slot_len
 * @ti_slot_len_max: largest tp_slot_len
 * @ti_split_min:  smallest header slot for header split; 0: cannot split
 * @ti_split_max:  largest
 * @ti_post_min:   slots that the NIC takes at a time; the kernel posts none before it
 *		   has so many, and tp_entry_nr is at least twice that
 * @ti_flags:	   TPACKET4_INFO_*
 * @ti_query_pid:  process that leased or prepared queue @ti_query, in the caller's pid
 *		   namespace; 0: none, or one that the caller cannot see
 * @ti_tstamp:	   TPACKET4_TSTAMP_* that frames of that queue can have
 * @ti_phc_index:  the clock of TPACKET4_TSTAMP_HW, /dev/ptpN; -1: none
 * @ti_steering:   PACKET_DIRECT_SPREAD, _APART, _SYMMETRIC and _RULES, as far as the
 *		   lease has them and they are in force now
 * @ti_steering_lost: those of the lease that an administrator took over
 * @ti_steering_moves: how often flows may have come from or gone to another queue since
 *		   the lease began, because the RSS table or key was changed
 * @ti_query_flags: in: PACKET_DIRECT_NATIVE or PACKET_DIRECT_XSK or neither, and
 *		   PACKET_DIRECT_METADATA, as td_flags of the lease that is asked about
 * @ti_query_by:   PACKET_DIRECT_NATIVE or PACKET_DIRECT_XSK: by what that would be;
 *		   0: not known, see @ti_query_reason
 * @ti_lease_by:   likewise: by what this socket's lease is, also a prepared one; 0
 *		   without one
 * @ti_headroom:   bytes of a slot before tp_data, at least; they count in @ti_slot_len_min
 *		   and @ti_slot_len_max
 * @ti_frame_flags: TPACKET4_* that the NIC says of frames of that queue: checksum, hash,
 *		   protocol, VLAN tag, damage
 *
 * A caller whose room ends before @ti_queue_nr does not wait for processes that
 * configure devices.
 */
struct tpacket4_info {
	__u32	ti_size;
	__u32	ti_query;
	__u32	ti_state;
	__u32	ti_reason;
	__u32	ti_ifindex;
	__u32	ti_queue;
	__u32	ti_napi_id;
	__u32	ti_generation;
	__u32	ti_queue_nr;
	__u32	ti_query_reason;
	__u32	ti_granule;
	__u32	ti_slot_len_min;
	__u32	ti_slot_len_max;
	__u32	ti_split_min;
	__u32	ti_split_max;
	__u32	ti_post_min;
	__u32	ti_flags;
	__u32	ti_query_pid;
	__u32	ti_tstamp;
	__s32	ti_phc_index;
	__u32	ti_steering;
	__u32	ti_steering_lost;
	__u32	ti_steering_moves;
	__u32	ti_query_flags;
	__u32	ti_query_by;
	__u32	ti_lease_by;
	__u32	ti_headroom;
	__u32	ti_frame_flags;
};

/* Header split is known to fail on this device: the lease needs
 * PACKET_DIRECT_SPLIT_UNRELIABLE.
 */
#define TPACKET4_INFO_SPLIT_UNRELIABLE	(1U << 0)
/* Only PTP frames have hardware stamps. */
#define TPACKET4_INFO_TSTAMP_PTP	(1U << 1)
/* The device restarts when its first lease begins and when its last one ends. */
#define TPACKET4_INFO_RESTARTS		(1U << 2)
/* The driver says that a queue has stopped; nothing that was read from the NIC does. */
#define TPACKET4_INFO_UNCONFIRMED	(1U << 3)
/* A frame longer than a slot is dropped. */
#define TPACKET4_INFO_ONE_SLOT		(1U << 4)
/* ts_drop_nic and ts_drop_error stay 0: the NIC's drops are in ethtool -S alone. */
#define TPACKET4_INFO_UNCOUNTED		(1U << 5)

/**
 * struct tpacket4_stats - getsockopt(PACKET_V4_STATISTICS)
 * @ts_size:	      sizeof(struct tpacket4_stats) of this kernel, as in struct
 *		      tpacket4_info
 * @ts_free:	      slots that the kernel holds and has not posted
 * @ts_posted:	      slots that the NIC holds
 * @ts_held:	      entries that user space holds, each with a slot
 * @ts_spare:	      further slots that user space holds
 * @ts_quarantined:   pages of this machine that are never used again, because no NIC
 *		      confirmed that it no longer writes to them
 * @ts_packets:	      frames published
 * @ts_bytes:	      bytes of these frames on the wire
 * @ts_drop_nic:      the NIC had no slot (dropped before the kernel saw them)
 * @ts_drop_no_slot:  the kernel had no slot: in copy mode, or with
 *		      PACKET_DIRECT_TEE or PACKET_DIRECT_PASS beyond its reserve
 * @ts_drop_too_long: longer than tl_chain_max slots, or with a filter than 17
 * @ts_drop_error:    damaged on the wire
 * @ts_unsplit:	      delivered, not dropped: all of the frame is in a dma-buf, also
 *		      its headers, where the CPU cannot read them
 * @ts_drop_filter:   refused by the socket filter
 * @ts_drop_down:     begun before the queue stopped, and never finished
 * @ts_bad_slot:      tp_slot named a slot that user space does not hold
 * @ts_bad_cons:      cons was outside [last cons, prod]
 * @ts_batches:	      stores of prod
 * @ts_wakeups:	      sleepers woken
 * @ts_dry:	      polls that left the NIC with no slot at all
 * @ts_payload_free:  as @ts_free, of payload slots; this and the next three always
 *		      add up to tl_payload_nr
 * @ts_payload_posted: as @ts_posted
 * @ts_payload_held:  payload slots of the entries that user space holds
 * @ts_payload_spare: as @ts_spare
 * @ts_passed:	      frames that went on to the stack, by PACKET_DIRECT_TEE or
 *		      PACKET_DIRECT_PASS
 * @ts_drop_stack:    frames that should have gone on to the stack, for which there was
 *		      no memory, or which are too long or too short for it
 *
 * Reading clears nothing.  ts_free + ts_posted + ts_held + ts_spare is always
 * tl_slot_nr.  With a lease these four are as at the end of the last poll.
 * PACKET_STATISTICS counts as on other rings: tp_drops is the sum of @ts_drop_nic,
 * @ts_drop_no_slot and @ts_drop_too_long since the last call.
 *
 * Attribute PACKET_DIAG_DIRECT_STATS of packet_diag is this struct, too.  It is sent
 * with PACKET_SHOW_DIRECT_STATS, of sockets that have a ring.  Attributes are aligned
 * to 4 bytes only.
 */
struct tpacket4_stats {
	__u32		ts_size;
	__u32		ts_free;
	__u32		ts_posted;
	__u32		ts_held;
	__u32		ts_spare;
	__u32		ts_quarantined;
	__aligned_u64	ts_packets;
	__aligned_u64	ts_bytes;
	__aligned_u64	ts_drop_nic;
	__aligned_u64	ts_drop_no_slot;
	__aligned_u64	ts_drop_too_long;
	__aligned_u64	ts_drop_error;
	__aligned_u64	ts_unsplit;
	__aligned_u64	ts_drop_filter;
	__aligned_u64	ts_drop_down;
	__aligned_u64	ts_bad_slot;
	__aligned_u64	ts_bad_cons;
	__aligned_u64	ts_batches;
	__aligned_u64	ts_wakeups;
	__aligned_u64	ts_dry;
	__u32		ts_payload_free;
	__u32		ts_payload_posted;
	__u32		ts_payload_held;
	__u32		ts_payload_spare;
	__aligned_u64	ts_passed;
	__aligned_u64	ts_drop_stack;
};

/**
 * struct packet_diag_direct - attribute PACKET_DIAG_DIRECT of packet_diag, shown
 *			       with PACKET_SHOW_RING_CFG of sockets that have a ring
 * @pdd_state:	   enum packet_direct_state
 * @pdd_queue:	   queue of the lease
 * @pdd_entry_nr:  entries
 * @pdd_slot_nr:   slots
 * @pdd_slot_size: bytes from one slot to the next
 * @pdd_slot_len:  bytes used of each
 * @pdd_payload_nr: payload slots
 * @pdd_payload_size: as @pdd_slot_size
 * @pdd_payload_len: as @pdd_slot_len
 * @pdd_ifindex:   device of the lease; 0 without one
 * @pdd_steering:  as &tpacket4_info.ti_steering
 * @pdd_steering_lost: as &tpacket4_info.ti_steering_lost
 * @pdd_steering_moves: as &tpacket4_info.ti_steering_moves
 */
struct packet_diag_direct {
	__u32	pdd_state;
	__u32	pdd_queue;
	__u32	pdd_entry_nr;
	__u32	pdd_slot_nr;
	__u32	pdd_slot_size;
	__u32	pdd_slot_len;
	__u32	pdd_payload_nr;
	__u32	pdd_payload_size;
	__u32	pdd_payload_len;
	__u32	pdd_ifindex;
	__u32	pdd_steering;
	__u32	pdd_steering_lost;
	__u32	pdd_steering_moves;
};

#endif /* _UAPI__LINUX_IF_PACKET_V4_H */
