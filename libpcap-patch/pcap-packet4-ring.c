// SPDX-License-Identifier: BSD-3-Clause
/*
 * Setting up a TPACKET_V4 ring: its geometry and its mapping.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "pcap-int.h"
#include "pcap-packet4-int.h"

#ifdef PACKET_RX_DIRECT

#define DEFAULT_BUFFER	(2U * 1024 * 1024)

/* For what this machine sends: segments of up to 64 KiB in one piece. */
#define DEFAULT_OUTGOING (8U * 1024 * 1024)

/*
 * The default ring holds what a link brings in this time: at 10 Gbit/s, 14.88 million
 * frames a second.
 */
#define DEFAULT_MS	10U
#define USUAL_MBITS	10000U
#define FASTEST_MBITS	1600000U
#define MEMORY_PART	16U	/* at most a sixteenth of the available memory */

#define DEFAULT_SLOT	2048U
#define DEFAULT_PAYLOAD	4096U
#define SLOT_ALIGN	64U

/* Room for all usual headers.  More would cost memory for each packet. */
#define HEADER_SLOT	960U

/* By copy, frames up to this size are delivered in one piece. */
#define JUMBO_SLOT	16384U

/* Ethernet header and two tags. */
#define LINK_HEADER	22U

/* Ethernet header, two tags, and an adapter's stamp, as the kernel reckons. */
#define TAGS_AND_STAMP	30U

/* The most that a program or a filter can see of a frame, and a tag. */
#define BOUNCE_LEN	(MAXIMUM_SNAPLEN + 4U)

/* Entries to give back at a time: few, so that the adapter does not run dry. */
#define MAX_BATCH	64U

#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT	26
#endif

/* Huge pages of 2 MiB, whatever the usual size of this machine is. */
#define HUGE_PAGE_SHIFT	21
#define HUGE_PAGE	((size_t)1 << HUGE_PAGE_SHIFT)
#define HUGE_PAGE_FLAG	(HUGE_PAGE_SHIFT << MAP_HUGE_SHIFT)

/* Copy mode: bytes before a frame in its slot. */
#define HEADROOM	64U

static uint32_t power_of_two_up(uint32_t n)
{
	uint32_t power = 1;

	while (power < n)
		power <<= 1;
	return power;
}

static uint32_t interface_mtu(pcap_t *p, const struct packet4 *p4)
{
	struct ifreq ifr = { .ifr_mtu = 0 };

	if (pcap_packet4_if_ioctl(p->fd, p4->ifindex, SIOCGIFMTU, &ifr) < 0)
		return UINT16_MAX;
	return ifr.ifr_mtu;
}

/*
 * By copy, a slot holds the largest frame of the interface, unless that leaves too
 * few slots.  A larger frame, such as one merged from segments, takes several
 * slots.  tl_chain_max slots hold more than any snapshot.
 */
static void choose_copy_slots(pcap_t *p, struct packet4 *p4, struct tpacket_req4 *req)
{
	uint32_t one = interface_mtu(p, p4) + LINK_HEADER;

	if (one > (uint32_t)p->snapshot)
		one = p->snapshot;
	req->tp_slot_size = DEFAULT_SLOT;
	if (one > DEFAULT_SLOT - HEADROOM && one <= JUMBO_SLOT - HEADROOM)
		req->tp_slot_size = power_of_two_up(one + HEADROOM);
}

/* The usual length, or the nearest one that the adapter allows. */
static uint32_t data_len(const struct tpacket4_info *info, uint32_t usual)
{
	uint32_t step = info->ti_granule > SLOT_ALIGN ? info->ti_granule :
			SLOT_ALIGN;
	uint32_t len = usual;

	if (info->ti_slot_len_min > len)
		len = info->ti_slot_len_min;
	len = (len + step - 1) / step * step;
	if (len > info->ti_slot_len_max)
		len = info->ti_slot_len_max / step * step;
	return len;
}

static uint32_t slot_size(uint32_t len, uint32_t least)
{
	uint32_t size = power_of_two_up(len);

	return size < least ? least : size;
}

static void choose_direct_slots(const struct tpacket4_info *info,
			 struct tpacket_req4 *req)
{
	req->tp_slot_len = data_len(info, DEFAULT_SLOT);
	req->tp_slot_size = slot_size(req->tp_slot_len, TPACKET4_MIN_SLOT_SIZE);
}

/* If the queue cannot split, the kernel refuses the lease and says why. */
static void choose_split_slots(const struct tpacket4_info *info,
			struct tpacket_req4 *req)
{
	uint32_t len = info->ti_split_max < HEADER_SLOT ? info->ti_split_max :
		       HEADER_SLOT;

	if (len < info->ti_split_min)
		len = info->ti_split_min;
	if (len < TPACKET4_MIN_HEADER_LEN)
		len = TPACKET4_MIN_HEADER_LEN;
	req->tp_slot_len = (len + SLOT_ALIGN - 1) / SLOT_ALIGN * SLOT_ALIGN;
	req->tp_slot_size = slot_size(req->tp_slot_len,
				      TPACKET4_MIN_HEADER_SIZE);
	req->tp_payload_len = data_len(info, DEFAULT_PAYLOAD);
	req->tp_payload_size = slot_size(req->tp_payload_len,
					 TPACKET4_MIN_PAYLOAD_SIZE);
}

/*
 * A program with a timeout wants few wake-ups.  It is woken when a quarter of the
 * ring is full; the rest holds what arrives until it runs.
 */
static void choose_wake_up(pcap_t *p, const struct packet4 *p4,
		    struct tpacket_req4 *req)
{
	uint32_t most = TPACKET4_MAX_WAKE_USECS / 1000;
	uint32_t ms = p4->timeout;

	req->tp_wake_count = 1;
	req->tp_wake_usecs = 0;
	if (p->opt.immediate || ms == 0)
		return;
	req->tp_wake_count = req->tp_entry_nr / 4;
	req->tp_wake_usecs = (ms < most ? ms : most) * 1000;
}

/* A frame of the host needs a reserve of slots, which is at most half of the ring. */
static uint32_t reserve(pcap_t *p, const struct tpacket4_info *info,
			const struct tpacket_req4 *req)
{
	uint32_t len = req->tp_payload_len ? req->tp_payload_len :
					     req->tp_slot_len;
	uint32_t longest = interface_mtu(p, p->priv) + TAGS_AND_STAMP;
	uint32_t slots = (longest + len - 1) / len;

	slots = info->ti_post_min +
		(slots > info->ti_post_min ? slots : info->ti_post_min);
	return slots > PACKET_DIRECT_MIN_RESERVE ? slots :
						   PACKET_DIRECT_MIN_RESERVE;
}

/* The adapter takes ti_post_min slots at a time, so the ring needs some more. */
static uint32_t least_entries(pcap_t *p, const struct tpacket4_info *info,
			      const struct tpacket_req4 *req)
{
	const struct packet4 *p4 = p->priv;
	uint32_t nr = p4->tee ? reserve(p, info, req) : info->ti_post_min;
	uint32_t least = power_of_two_up(2 * nr);

	return least > TPACKET4_MIN_ENTRIES ? least : TPACKET4_MIN_ENTRIES;
}

/* What a line of /proc/meminfo says: KiB, or how many. */
static uint64_t meminfo(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long long value = 0;
	size_t len = strlen(name);
	char line[128];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, name, len) == 0 &&
		    sscanf(line + len, ": %llu", &value) == 1)
			break;
	fclose(file);
	return value;
}

/*
 * Enough for the shortest frames while a reader cannot run, within a small part of
 * the memory.  The queues of a capture, or of all workers, share the link and the
 * memory.
 */
static uint32_t default_entries(pcap_t *p, const struct packet4_queue *q,
				uint32_t each)
{
	struct packet4 *p4 = p->priv;
	uint32_t least = power_of_two_up(DEFAULT_BUFFER / each / p4->sharers);
	uint64_t memory = meminfo("MemAvailable") * 1024 / MEMORY_PART / p4->sharers;
	uint64_t mbits, nr;

	if (packet4_is_copy(q))
		return q->outgoing ? DEFAULT_OUTGOING / each : least;
	mbits = pcap_packet4_if_speed(p->fd, p4->ifindex);
	if (mbits == 0 || mbits > FASTEST_MBITS)
		mbits = USUAL_MBITS;
	nr = mbits * 1000 * DEFAULT_MS / SHORTEST_BITS / p4->sharers;
	nr = power_of_two_up(nr);
	while (nr > least && nr * each > memory)
		nr >>= 1;
	return nr > least ? nr : least;
}

/* At least this queue's part of what was asked for, up to the kernel's limit. */
static void choose_entries(pcap_t *p, const struct packet4_queue *q,
			   struct tpacket_req4 *req, uint32_t least)
{
	uint32_t each = req->tp_slot_size + req->tp_payload_size;
	const struct packet4 *p4 = p->priv;
	uint64_t part = (uint64_t)each * p4->queue_nr;
	uint32_t nr = (p->opt.buffer_size + part - 1) / part;

	if (nr == 0)
		nr = default_entries(p, q, each);
	if (nr < least)
		nr = least;
	if (nr > TPACKET4_MAX_ENTRIES)
		nr = TPACKET4_MAX_ENTRIES;
	req->tp_entry_nr = power_of_two_up(nr);
}

static size_t round_up(size_t len, size_t unit)
{
	return (len + unit - 1) / unit * unit;
}

/* What slots and payload slots take, one behind the other. */
static size_t slots_len(const struct tpacket_req4 *req)
{
	size_t len = (size_t)req->tp_entry_nr * req->tp_slot_size;

	if (req->tp_payload_size)
		len = round_up(len, req->tp_payload_size) +
		      (size_t)req->tp_entry_nr * req->tp_payload_size;
	return round_up(len, HUGE_PAGE);
}

/*
 * Slots in huge pages cost the reader one entry of the TLB for 2 MiB.  There may be too
 * few such pages, or the user may not lock so much: then the kernel has the slots.  They
 * are shared, for a child that reads.  Without such pages it is not tried: AppArmor would
 * write to the log that a profile does not allow it.
 */
static int request_huge(struct packet4_queue *q, struct tpacket_req4 *req)
{
	struct packet4_ring *r = &q->ring;
	size_t len = slots_len(req);
	void *at;

	if (meminfo("HugePages_Free") < len / HUGE_PAGE)
		return -1;
	at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED |
		  MAP_ANONYMOUS | MAP_HUGETLB | HUGE_PAGE_FLAG, -1, 0);
	if (at == MAP_FAILED)
		return -1;
	req->tp_memory = (uintptr_t)at;
	if (setsockopt(q->fd, SOL_PACKET, PACKET_RX_RING, req, sizeof(*req)) < 0) {
		munmap(at, len);
		req->tp_memory = 0;
		return -1;
	}
	r->huge = at;
	r->huge_len = len;
	return 0;
}

/* Halve the ring for as long as the kernel lacks the memory for it. */
static int request_ring(pcap_t *p, struct packet4_queue *q,
			struct tpacket_req4 *req, uint32_t least)
{
	struct packet4 *p4 = p->priv;

	choose_wake_up(p, p4, req);
	if (request_huge(q, req) == 0)
		return 0;
	while (setsockopt(q->fd, SOL_PACKET, PACKET_RX_RING, req,
			  sizeof(*req)) < 0) {
		if (errno != ENOMEM || req->tp_entry_nr <= least)
			return pcap_packet4_refused_ring(p, q, errno);
		req->tp_entry_nr /= 2;
		p4->short_of_memory = 1;
		choose_wake_up(p, p4, req);
	}
	return 0;
}

/* Call it when all rings are made.  Warns if they are less than was asked for. */
void pcap_packet4_note_size(pcap_t *p)
{
	struct packet4 *p4 = p->priv;

	if (p4->ring_bytes < p->opt.buffer_size)
		pcap_packet4_warn(p4, "the buffer has %llu KiB in place of %u: %s",
				  (unsigned long long)p4->ring_bytes / 1024,
				  p->opt.buffer_size / 1024,
				  p4->short_of_memory ?
				  "the kernel did not have more memory" :
				  "the kernel makes no more slots");
	p->opt.buffer_size = p4->ring_bytes < UINT_MAX ?
			     (u_int)p4->ring_bytes : UINT_MAX;
}

/* What the layout's offsets of slots count from. */
static u_char *slots_base(const struct packet4_ring *r)
{
	return r->huge ? r->huge : r->map;
}

/* Only called if payload is to be read. */
static void attach_payload(struct packet4_ring *r,
			   const struct tpacket4_layout *l)
{
	r->payload = slots_base(r) + l->tl_payload_off;
	r->payload_shift = l->tl_payload_shift;
	r->look_at |= TPACKET4_SPLIT_MASK;
}

static void attach_ring(struct packet4_ring *r, const struct tpacket4_layout *l)
{
	u_char *base = r->map;
	uint32_t batch = l->tl_entry_nr / 8;

	r->ctrl = (void *)(base + l->tl_ctrl_off);
	r->hdrs = base + l->tl_hdr_off;
	r->slots = slots_base(r) + l->tl_slot_off;
	r->mask = l->tl_entry_nr - 1;
	r->hdr_stride = l->tl_hdr_stride;
	r->slot_shift = l->tl_slot_shift;
	r->look_at = PACKET4_LOOK_AT;
	r->next = l->tl_index_start;
	r->cons = r->next;
	r->batch = batch < MAX_BATCH ? batch : MAX_BATCH;
}

/*
 * Addresses at which the slots begin at a multiple of a huge page, if there are so many:
 * Linux 7.3 then maps them by huge pages.
 */
static void *reserve_addresses(size_t len, size_t slot_off)
{
	size_t before, room = len + HUGE_PAGE;
	u_char *at;

	at = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	before = -((uintptr_t)at + slot_off) & (HUGE_PAGE - 1);
	if (before)
		munmap(at, before);
	munmap(at + before + len, HUGE_PAGE - before);
	return at + before;
}

/* A mapping by huge pages is filled at first touch, unless it is told to be filled now. */
static void *map_layout(int fd, const struct tpacket4_layout *l)
{
	void *map, *at = NULL;

	if (l->tl_slot_off && l->tl_map_len - l->tl_slot_off >= HUGE_PAGE)
		at = reserve_addresses(l->tl_map_len, l->tl_slot_off);
	map = mmap(at, l->tl_map_len, PROT_READ | PROT_WRITE,
		   MAP_SHARED | (at ? MAP_FIXED : 0), fd, 0);
	if (map == MAP_FAILED && at)
		munmap(at, l->tl_map_len);
	if (map == MAP_FAILED || !at)
		return map;
	madvise(map, l->tl_map_len, MADV_HUGEPAGE);
#ifdef MADV_POPULATE_WRITE
	madvise(map, l->tl_map_len, MADV_POPULATE_WRITE);
#endif
	return map;
}

static int map_ring(pcap_t *p, struct packet4_queue *q)
{
	const struct packet4 *p4 = p->priv;
	struct packet4_ring *r = &q->ring;
	struct tpacket4_layout l;
	socklen_t len = sizeof(l);

	memset(&l, 0, sizeof(l));
	if (getsockopt(q->fd, SOL_PACKET, PACKET_RX_RING, &l, &len) < 0)
		return pcap_packet4_failed(p, "can't get the layout of the rx ring");
	r->map_len = l.tl_map_len;
	r->map = map_layout(q->fd, &l);
	if (r->map == MAP_FAILED) {
		r->map = NULL;
		return pcap_packet4_failed(p, "can't mmap rx ring");
	}
	attach_ring(r, &l);
	r->bounce_len = BOUNCE_LEN;
	if (p4->split == PCAP_RX_SPLIT_WHOLE && !q->outgoing)
		attach_payload(r, &l);
	r->bounce = malloc(r->bounce_len);
	return r->bounce ? 0 : pcap_packet4_failed(p, "malloc");
}

static int get_info(int fd, uint32_t queue, uint32_t by, struct tpacket4_info *info)
{
	socklen_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	info->ti_size = sizeof(*info);
	info->ti_query = queue;
	info->ti_query_flags = by;
	return getsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, info, &len);
}

int pcap_packet4_info(int fd, uint32_t queue, struct tpacket4_info *info)
{
	return get_info(fd, queue, 0, info);
}

/* The flags of a lease, by what the program wants the driver to do it. */
uint32_t pcap_packet4_by(const pcap_t *p)
{
	const struct packet4 *p4 = p->priv;

	switch (p->opt.rx_by) {
	case PCAP_RX_BY_DRIVER:
		return PACKET_DIRECT_NATIVE;
	case PCAP_RX_BY_AF_XDP:
		return PACKET_DIRECT_XSK | p4->metadata;
	}
	return p4->metadata;
}

/* Does the adapter stamp all packets of this queue? */
int pcap_packet4_queue_stamps(int fd, int queue, uint32_t *flags)
{
	struct tpacket4_info info;

	*flags = 0;
	if (pcap_packet4_info(fd, queue, &info) < 0)
		return 0;
	*flags = info.ti_flags;
	return info.ti_tstamp & TPACKET4_TSTAMP_HW &&
	       !(info.ti_flags & TPACKET4_INFO_TSTAMP_PTP);
}

/* What the queue can do.  If any free queue will do, it may become another one. */
static int ask_queue(pcap_t *p, struct packet4_queue *q, struct tpacket4_info *info)
{
	struct packet4 *p4 = p->priv;
	int ret = 0;

	while (ret == 0) {
		if (get_info(q->fd, q->number, pcap_packet4_by(p), info) < 0)
			return pcap_packet4_failed(p, "can't ask what the queue can do");
		if (info->ti_query_reason == PACKET_DIRECT_OK)
			break;
		if (info->ti_query_reason == PACKET_DIRECT_XSK_VLAN && !p4->metadata) {
			/* some drivers tell the tag, for a call with each packet */
			p4->metadata = PACKET_DIRECT_METADATA;
			continue;
		}
		if (!p4->next || info->ti_query_reason != PACKET_DIRECT_QUEUE_LEASED)
			return pcap_packet4_queue_busy(p, q, info);
		ret = pcap_packet4_move_on(p, q);
	}
	return ret;
}

/* After a failure the caller calls pcap_packet4_close_queue(). */
int pcap_packet4_ring_create(pcap_t *p, struct packet4_queue *q)
{
	struct tpacket_req4 req = { .tp_size = sizeof(req) };
	uint32_t least = TPACKET4_MIN_ENTRIES;
	struct packet4 *p4 = p->priv;
	struct tpacket4_info info;
	int ret;

	if (packet4_is_copy(q)) {
		choose_copy_slots(p, p4, &req);
	} else {
		ret = ask_queue(p, q, &info);
		if (ret < 0)
			return ret;
		if (p4->split)
			choose_split_slots(&info, &req);
		else
			choose_direct_slots(&info, &req);
		least = least_entries(p, &info, &req);
		p4->restarts = (info.ti_flags & TPACKET4_INFO_RESTARTS) != 0;
	}
	choose_entries(p, q, &req, least);
	ret = request_ring(p, q, &req, least);
	if (ret < 0)
		return ret;
	p4->ring_bytes += (uint64_t)req.tp_entry_nr *
			  (req.tp_slot_size + req.tp_payload_size);
	return map_ring(p, q);
}

/* The kernel's part of the ring goes with the socket. */
void pcap_packet4_close_queue(struct packet4_queue *q)
{
	free(q->ring.bounce);
	q->ring.bounce = NULL;
	if (q->ring.map)
		munmap(q->ring.map, q->ring.map_len);
	q->ring.map = NULL;
	if (q->ring.huge)
		munmap(q->ring.huge, q->ring.huge_len);
	q->ring.huge = NULL;
	if (q->fd >= 0)
		close(q->fd);
	q->fd = -1;
}
#endif /* PACKET_RX_DIRECT */
