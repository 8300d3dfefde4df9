/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of the TPACKET_V4 capture module share:
 *
 *	pcap-packet4.c		activation, statistics, what a handle can do
 *	pcap-packet4-option.c	device names and options, before the activation
 *	pcap-packet4-choose.c	which queues are meant, where none is named
 *	pcap-packet4-ring.c	geometry, set-up, mapping
 *	pcap-packet4-lease.c	leasing queues and giving them back
 *	pcap-packet4-steer.c	flow rules that lead to a queue
 *	pcap-packet4-read.c	from the ring to the callback: the hot path
 *	pcap-packet4-merge.c	several rings as one
 *	pcap-packet4-wait.c	sleeping, breaking out, interfaces that go away
 *	pcap-packet4-list.c	lists of queues
 *	pcap-packet4-if.c	questions to the kernel about an interface
 *	pcap-packet4-filter.c	filters, in the kernel and in this process
 *	pcap-packet4-why.c	error messages for what the kernel refused
 *	pcap-packet4-tell.c	what a capture has, in words
 *
 * The letters (B), (C) and (F) are those of <linux/if_packet_v4.h>.
 */
#ifndef pcap_packet4_int_h
#define pcap_packet4_int_h

#include <stdint.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <linux/if.h>
#include <linux/if_packet.h>

#include "pcap-packet4-list.h"

/* What the name of a device says. */
struct packet4_device {
	char	ifname[IFNAMSIZ];
	struct packet4_list queues;
	int	named;		/* the name says the queues; otherwise it is all */
};

int	pcap_packet4_parse_device(const char *name, struct packet4_device *dev,
				  char *errbuf);

/* With older kernel headers there is only an error message that says so. */
#ifdef PACKET_RX_DIRECT

struct ethtool_rx_flow_spec;

/* Entries [cons, next) have been read and not yet given back. */
struct packet4_ring {
	struct tpacket4_ctrl *ctrl;
	u_char		*hdrs;
	u_char		*slots;
	u_char		*payload;	/* NULL: there is none, or it is not read */
	uint32_t	mask;
	uint32_t	hdr_stride;
	uint32_t	slot_shift;
	uint32_t	payload_shift;
	uint32_t	look_at;	/* flags that show whether a frame is whole */
	uint32_t	next;
	uint32_t	cons;
	uint32_t	batch;		/* entries to give back at a time */
	u_char		*bounce;	/* where the parts of a frame are joined */
	uint32_t	bounce_len;
	void		*map;
	size_t		map_len;
	void		*huge;		/* slots in huge pages, or NULL: in the mapping */
	size_t		huge_len;
};

/* Up to this many frames may have passed the old filter without being published. */
#define PACKET4_IN_FLIGHT	64U

/* A frame in one entry, with all of its bytes in the slot. */
#define PACKET4_WHOLE		(TPACKET4_FIRST | TPACKET4_LAST)
#define PACKET4_LOOK_AT		(PACKET4_WHOLE | TPACKET4_VLAN)

/* How many counters of the interface go into ps_ifdrop. */
#define PACKET4_COUNTERS	2

/* For the longest list of queues as text. */
#define ROOM_FOR_QUEUES	4096

/* On the wire a 64-byte frame takes as long as 84 bytes. */
#define SHORTEST_BITS	(84U * 8)

/* What the reader has to check of a frame.  Usually nothing. */
#define PACKET4_CHECK_DIRECTION	1U
#define PACKET4_CHECK_FILTER	2U

/* One socket with its ring, which one queue fills, or the stack by copy. */
struct packet4_queue {
	struct packet4_ring ring;
	u_int		checks;		/* PACKET4_CHECK_ */
	uint32_t	filter_old;	/* check all frames before this entry */
	uint32_t	filter_until;	/* check some frames before this entry */
	int		fd;
	int		number;		/* or PCAP_RX_DIRECT_COPY */
	int		claimed;	/* prepared or leased */
	int		outgoing;	/* filled by copy, with what this machine sends */
};

/* The next packet of a queue that has some. */
struct packet4_head {
	uint64_t	stamp;
	struct packet4_queue *queue;
	uint32_t	prod;	/* how far the call reads this queue */
};

struct packet4 {
	struct packet4_queue *queues;	/* the first one's socket is p->fd */
	u_int		queue_nr;
	int		filter_always;	/* check all frames of all queues */
	struct bpf_insn	*insns_here;	/* with constants for ancillary data */
	int		timeout;	/* milliseconds; 0: none */
	int		nonblock;
	int		begun;		/* the queues are this capture's */
	int		netdown;	/* ENETDOWN came: is the interface gone? */
	int		breakloop_fd;
	struct packet4_head *heads;	/* room for one of each queue */
	int32_t		*peers;		/* room for a descriptor of each queue */
	struct pollfd	*polls;		/* a queue each, and breakloop_fd */
	int		epoll_fd;	/* the same, if there are several queues */
	uint64_t	ring_bytes;	/* of all rings */
	int		short_of_memory; /* a ring is smaller than its part */
	int		split;		/* PCAP_RX_SPLIT_ */
	int		whole;		/* all queues, and what this machine sends */
	int		tee;		/* the host gets its packets, too */
	uint32_t	metadata;	/* PACKET_DIRECT_METADATA: the tag is lost without it */
	int		restarts;	/* the device, at the beginning and at the end */
	int		next;		/* any free queue will do, beside other workers */
	u_int		sharers;	/* how many rings share the default size */
	int		loopback;
	int		gone;		/* the interface is gone for good */
	uint64_t	next_look;	/* when to check that, CLOCK_MONOTONIC */
	int		ifindex;
	pid_t		lease_pid;	/* the process that leased; 0: none */
	int		counter_fd[PACKET4_COUNTERS];
	long long	counter[PACKET4_COUNTERS];	/* as last read */
	long long	if_dropped;	/* counted before this capture */
	char		ifname[IFNAMSIZ];	/* at activation, for messages */
	char		warning[PCAP_ERRBUF_SIZE];
	void		*outer_priv;	/* what p->priv was before */
};

#define packet4_for_each_queue(p4, q) \
	for ((q) = (p4)->queues; (q) < (p4)->queues + (p4)->queue_nr; (q)++)

static inline int packet4_is_copy(const struct packet4_queue *q)
{
	return q->number == PCAP_RX_DIRECT_COPY;
}

static inline struct tpacket4_hdr *packet4_hdr(const struct packet4_ring *r,
					       uint32_t entry)
{
	return (void *)(r->hdrs + (size_t)(entry & r->mask) * r->hdr_stride);
}

static inline u_char *packet4_data(const struct packet4_ring *r,
				   const struct tpacket4_hdr *h)
{
	return r->slots + ((size_t)h->tp_slot << r->slot_shift) + h->tp_data;
}

static inline const u_char *packet4_payload(const struct packet4_ring *r,
					    const struct tpacket4_hdr *h)
{
	return r->payload + ((size_t)h->tp_payload_slot << r->payload_shift) +
	       h->tp_payload_off;
}

static inline uint32_t packet4_peek(const struct packet4_ring *r)
{
	return __atomic_load_n(&r->ctrl->prod, __ATOMIC_ACQUIRE);	/* (B) */
}

/* Give back all entries that have been read. */
static inline void packet4_release(struct packet4_ring *r)
{
	__atomic_store_n(&r->ctrl->cons, r->next, __ATOMIC_RELEASE);	/* (C) */
	r->cons = r->next;
}

/* Tell poll() how far we have looked. */
static inline void packet4_saw(struct packet4_ring *r)
{
	__atomic_store_n(&r->ctrl->seen, r->next, __ATOMIC_RELAXED);
}

/*
 * Frames of the stack must not pass for frames of the queue.  A caller that reads
 * prod first and then asks this knows that all frames before prod came from the
 * queue.
 */
static inline int packet4_has_queue(const struct packet4_queue *q)
{
	return packet4_is_copy(q) ||
	       __atomic_load_n(&q->ring.ctrl->state, __ATOMIC_RELAXED) !=
	       PACKET_DIRECT_COPY;
}

static inline int packet4_is_lost(const struct packet4_queue *q)
{
	return !packet4_is_copy(q) &&
	       __atomic_load_n(&q->ring.ctrl->state, __ATOMIC_RELAXED) ==
	       PACKET_DIRECT_LOST;
}

/* pcap-packet4-choose.c */
int	pcap_packet4_ask(const char *ifname);
void	pcap_packet4_all_queues(const char *ifname, struct packet4_list *list);
int	pcap_packet4_next_queue(pcap_t *p, int from);
int	pcap_packet4_move_on(pcap_t *p, struct packet4_queue *q);
int	pcap_packet4_whole_taken(const char *ifname, uint32_t *pid);

/* pcap-packet4.c */
int	pcap_packet4_failed(pcap_t *p, const char *what);
void	pcap_packet4_warn(struct packet4 *p4, const char *format, ...)
	PCAP_PRINTFLIKE(2, 3);

/* pcap-packet4-ring.c */
int	pcap_packet4_ring_create(pcap_t *p, struct packet4_queue *q);
void	pcap_packet4_note_size(pcap_t *p);
void	pcap_packet4_close_queue(struct packet4_queue *q);
int	pcap_packet4_info(int fd, uint32_t queue, struct tpacket4_info *info);
uint32_t pcap_packet4_by(const pcap_t *p);
int	pcap_packet4_queue_stamps(int fd, int queue, uint32_t *flags);

/* pcap-packet4-lease.c */
int	pcap_packet4_claim(pcap_t *p, struct packet4_queue *q);
int	pcap_packet4_begin(pcap_t *p);
void	pcap_packet4_close_queues(struct packet4 *p4);

/* pcap-packet4-steer.c */
int	pcap_packet4_parse_rules(const char *text, struct ethtool_rx_flow_spec *rules,
				 char *errbuf);

/* pcap-packet4-read.c */
int	pcap_packet4_drain(pcap_t *p, int max, pcap_handler callback,
			   u_char *user);
int	pcap_packet4_read(pcap_t *p, int max, pcap_handler callback,
			  u_char *user);
int	pcap_packet4_hand_over(pcap_t *p, const struct packet4_head *head,
			       int max, uint64_t last, pcap_handler callback,
			       u_char *user);
void	pcap_packet4_finish(pcap_t *p, struct packet4_queue *q,
			    pcap_handler callback);

/* pcap-packet4-merge.c */
int	pcap_packet4_merge(pcap_t *p, int max, pcap_handler callback,
			   u_char *user);

/* pcap-packet4-wait.c */
int	pcap_packet4_wait(pcap_t *p, uint64_t *deadline);
void	pcap_packet4_kick(pcap_t *p, const struct packet4_queue *q);
int	pcap_packet4_broken(pcap_t *p);
int	pcap_packet4_check_lease(pcap_t *p, const struct packet4_queue *q);
int	pcap_packet4_lost(pcap_t *p, const struct packet4_queue *q);

/* pcap-packet4-if.c */
int	pcap_packet4_if_ioctl(int fd, int ifindex, unsigned long request,
			      struct ifreq *ifr);
int	pcap_packet4_if_index(int fd, const char *name);
int	pcap_packet4_if_gone(int fd, int ifindex);
int	pcap_packet4_if_flags(int fd, int ifindex);
uint32_t pcap_packet4_if_speed(int fd, int ifindex);
int	pcap_packet4_if_drops_vlans(int fd, int ifindex);
void	pcap_packet4_if_open_counters(pcap_t *p, struct packet4 *p4);
void	pcap_packet4_if_close_counters(struct packet4 *p4);
u_int	pcap_packet4_if_drops(struct packet4 *p4);

/* pcap-packet4-filter.c */
int	pcap_packet4_setfilter(pcap_t *p, struct bpf_program *program);
int	pcap_packet4_refilter(pcap_t *p);
int	pcap_packet4_apply_filter(pcap_t *p);
int	pcap_packet4_passes(pcap_t *p, const struct tpacket4_hdr *h,
			    const u_char *frame, uint32_t len, uint32_t have);
int	pcap_packet4_drop_all(pcap_t *p, const struct packet4_queue *q);
int	pcap_packet4_detach_filter(pcap_t *p, const struct packet4_queue *q);

/* pcap-packet4-why.c */
int	pcap_packet4_refused_ring(pcap_t *p, const struct packet4_queue *q,
				  int err);
int	pcap_packet4_refused_queue(pcap_t *p, const struct packet4_queue *q,
				   int err);
int	pcap_packet4_refused_begin(pcap_t *p, int err);
int	pcap_packet4_queue_busy(pcap_t *p, const struct packet4_queue *q,
				const struct tpacket4_info *info);
void	pcap_packet4_process(uint32_t pid, char *text, size_t size);
int	pcap_packet4_has_next(pcap_t *p, int queue);
int	pcap_packet4_no_next(pcap_t *p, int queues);
int	pcap_packet4_no_raw(pcap_t *p);

/* pcap-packet4-tell.c */
void	pcap_packet4_warn_of_address(struct packet4 *p4);

#endif /* PACKET_RX_DIRECT */
#endif /* pcap_packet4_int_h */
