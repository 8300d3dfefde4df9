/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM packet_direct

#if !defined(_TRACE_PACKET_DIRECT_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_PACKET_DIRECT_H

#include <linux/if_packet.h>
#include <linux/tracepoint.h>
#include <net/packet_direct_queue.h>
#include <net/sock.h>

TRACE_DEFINE_ENUM(PACKET_DIRECT_COPY);
TRACE_DEFINE_ENUM(PACKET_DIRECT_ACTIVE);
TRACE_DEFINE_ENUM(PACKET_DIRECT_DOWN);
TRACE_DEFINE_ENUM(PACKET_DIRECT_LOST);
TRACE_DEFINE_ENUM(PACKET_DIRECT_PREPARED);

#define packet_direct_show_state(state)					\
	__print_symbolic(state,						\
			 { PACKET_DIRECT_COPY,	 "copy" },		\
			 { PACKET_DIRECT_ACTIVE, "active" },		\
			 { PACKET_DIRECT_DOWN,	 "down" },		\
			 { PACKET_DIRECT_LOST,	 "lost" },		\
			 { PACKET_DIRECT_PREPARED, "prepared" })

/* The socket by its inode, as sock_diag and /proc tell it, and its queue: no device
 * when it has none.
 */
DECLARE_EVENT_CLASS(packet_direct_queue,

	TP_PROTO(const struct packet_direct_queue *pdq),

	TP_ARGS(pdq),

	TP_STRUCT__entry(
		__field(unsigned long,	ino)
		__field(u32,		queue)
		__string(dev,		pdq->dev ? pdq->dev->name : "")
	),

	TP_fast_assign(
		__entry->ino	= sock_i_ino(pdq->sk);
		__entry->queue	= pdq->queue;
		__assign_str(dev);
	),

	TP_printk("ino=%lu dev=%s queue=%u", __entry->ino, __get_str(dev),
		  __entry->queue)
);

/* A poll left the NIC with no slot at all. */
DEFINE_EVENT(packet_direct_queue, packet_direct_dry,

	TP_PROTO(const struct packet_direct_queue *pdq),

	TP_ARGS(pdq)
);

DECLARE_EVENT_CLASS(packet_direct_driver,

	TP_PROTO(const struct packet_direct_queue *pdq, int err),

	TP_ARGS(pdq, err),

	TP_STRUCT__entry(
		__field(unsigned long,	ino)
		__field(u32,		queue)
		__field(int,		err)
		__string(dev,		pdq->dev->name)
	),

	TP_fast_assign(
		__entry->ino	= sock_i_ino(pdq->sk);
		__entry->queue	= pdq->queue;
		__entry->err	= err;
		__assign_str(dev);
	),

	TP_printk("ino=%lu dev=%s queue=%u err=%d", __entry->ino,
		  __get_str(dev), __entry->queue, __entry->err)
);

/* The driver has bound the queue, or could not: then a release follows. */
DEFINE_EVENT(packet_direct_driver, packet_direct_lease,

	TP_PROTO(const struct packet_direct_queue *pdq, int err),

	TP_ARGS(pdq, err)
);

/* The driver has given the queue back; with @err nothing confirmed that the NIC has
 * stopped, and a quarantine follows.
 */
DEFINE_EVENT(packet_direct_driver, packet_direct_release,

	TP_PROTO(const struct packet_direct_queue *pdq, int err),

	TP_ARGS(pdq, err)
);

TRACE_EVENT(packet_direct_state,

	TP_PROTO(const struct packet_direct_queue *pdq),

	TP_ARGS(pdq),

	TP_STRUCT__entry(
		__field(unsigned long,	ino)
		__field(u32,		queue)
		__field(u32,		state)
		__field(u32,		generation)
		__string(dev,		pdq->dev ? pdq->dev->name : "")
	),

	TP_fast_assign(
		__entry->ino		= sock_i_ino(pdq->sk);
		__entry->queue		= pdq->queue;
		__entry->state		= pdq->state;
		__entry->generation	= pdq->generation;
		__assign_str(dev);
	),

	TP_printk("ino=%lu dev=%s queue=%u state=%s generation=%u",
		  __entry->ino, __get_str(dev), __entry->queue,
		  packet_direct_show_state(__entry->state), __entry->generation)
);

/* The pages of a ring are kept out of use for ever. */
TRACE_EVENT(packet_direct_quarantine,

	TP_PROTO(const struct packet_direct_queue *pdq, unsigned long pages),

	TP_ARGS(pdq, pages),

	TP_STRUCT__entry(
		__field(unsigned long,	ino)
		__field(unsigned long,	pages)
		__field(u32,		queue)
		__string(dev,		pdq->dev->name)
	),

	TP_fast_assign(
		__entry->ino	= sock_i_ino(pdq->sk);
		__entry->pages	= pages;
		__entry->queue	= pdq->queue;
		__assign_str(dev);
	),

	TP_printk("ino=%lu dev=%s queue=%u pages=%lu", __entry->ino,
		  __get_str(dev), __entry->queue, __entry->pages)
);

#endif /* _TRACE_PACKET_DIRECT_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
