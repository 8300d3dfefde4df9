// SPDX-License-Identifier: BSD-3-Clause
/*
 * Setting up a TPACKET_V4 ring: its geometry, its mapping, and the lease of a
 * queue whose frames come into it.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "pcap-int.h"
#include "pcap-packet4-int.h"

#ifdef PACKET_RX_DIRECT

#define DEFAULT_BUFFER	(2U * 1024 * 1024)
#define DEFAULT_SLOT	2048U
#define DEFAULT_PAYLOAD	4096U
#define SLOT_ALIGN	64U

/* Room for any headers; what is longer costs memory for each packet. */
#define HEADER_SLOT	960U

/* A frame is delivered in one piece when its interface's MTU is below this. */
#define JUMBO_SLOT	16384U

/* Ethernet header and two tags. */
#define LINK_HEADER	22U
#define LARGEST_FRAME	(65536U + LINK_HEADER)

/* What is handed back at once: the store is cheap, a starved adapter is not. */
#define MAX_BATCH	64U

/* Copy mode's bytes before a frame, and the slots that a frame may take. */
#define HEADROOM	64U
#define MAX_CHAIN	17U

static uint32_t power_of_two_up(uint32_t n)
{
	uint32_t power = 1;

	while (power < n)
		power <<= 1;
	return power;
}

static uint32_t power_of_two_down(uint32_t n)
{
	uint32_t power = power_of_two_up(n);

	return power > n ? power >> 1 : power;
}

static uint32_t interface_mtu(pcap_t *p, const struct packet4 *p4)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	pcap_strlcpy(ifr.ifr_name, p4->ifname, sizeof(ifr.ifr_name));
	if (ioctl(p->fd, SIOCGIFMTU, &ifr) < 0)
		return LARGEST_FRAME;
	return ifr.ifr_mtu;
}

/*
 * By copy: a slot holds what the interface can carry, unless that takes so much
 * memory that too few slots remain; and a chain of slots holds what segments
 * merged before we see them can amount to.
 */
static void copy_slots(pcap_t *p, struct packet4 *p4, struct tpacket_req4 *req)
{
	uint32_t most = (uint32_t)p->snapshot < LARGEST_FRAME ?
			(uint32_t)p->snapshot : LARGEST_FRAME;
	uint32_t one = interface_mtu(p, p4) + LINK_HEADER;
	uint32_t size = DEFAULT_SLOT;

	if (one > most)
		one = most;
	if (one + HEADROOM <= JUMBO_SLOT)
		size = power_of_two_up(one + HEADROOM);
	if (size < DEFAULT_SLOT)
		size = DEFAULT_SLOT;
	while (size * MAX_CHAIN < most + HEADROOM)
		size <<= 1;
	req->tp_slot_size = size;
}

/* As near to the usual size as the adapter allows. */
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

static void direct_slots(const struct tpacket4_info *info,
			 struct tpacket_req4 *req)
{
	req->tp_slot_len = data_len(info, DEFAULT_SLOT);
	req->tp_slot_size = slot_size(req->tp_slot_len, TPACKET4_MIN_SLOT_SIZE);
}

/* The kernel says why when the queue cannot split: that is not asked here. */
static void split_slots(const struct tpacket4_info *info,
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
 * A program that waits for a buffer to fill wants few wake-ups: at a quarter of
 * the ring the rest is still there for what arrives until it runs.
 */
static void wake_up(pcap_t *p, const struct packet4 *p4,
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

/* The kernel gives the adapter slots when it has as many as that takes at once. */
static uint32_t least_entries(const struct tpacket4_info *info)
{
	uint32_t least = power_of_two_up(2 * info->ti_post_min);

	return least > TPACKET4_MIN_ENTRIES ? least : TPACKET4_MIN_ENTRIES;
}

static void entries(pcap_t *p, struct tpacket_req4 *req, uint32_t least)
{
	uint32_t bytes = p->opt.buffer_size ? p->opt.buffer_size :
			 DEFAULT_BUFFER;
	uint32_t each = req->tp_slot_size + req->tp_payload_size;
	uint32_t nr = bytes / each;

	if (nr < least)
		nr = least;
	if (nr > TPACKET4_MAX_ENTRIES)
		nr = TPACKET4_MAX_ENTRIES;
	req->tp_entry_nr = power_of_two_down(nr);
	p->opt.buffer_size = req->tp_entry_nr * each;
}

/* Take half as much as long as the kernel has not enough memory. */
static int request(pcap_t *p, struct packet4 *p4, struct tpacket_req4 *req,
		   uint32_t least)
{
	for (;;) {
		wake_up(p, p4, req);
		if (setsockopt(p->fd, SOL_PACKET, PACKET_RX_RING, req,
			       sizeof(*req)) == 0)
			return 0;
		if (errno != ENOMEM || req->tp_entry_nr <= least)
			return pcap_packet4_refused_ring(p, errno);
		req->tp_entry_nr /= 2;
		p->opt.buffer_size /= 2;
	}
}

/* Payload that is not to be read has no address here. */
static void attach_payload(struct packet4_ring *r,
			   const struct tpacket4_layout *l)
{
	r->payload = (u_char *)r->map + l->tl_payload_off;
	r->payload_shift = l->tl_payload_shift;
	r->look_at |= TPACKET4_SPLIT_MASK;
}

static void attach(struct packet4_ring *r, const struct tpacket4_layout *l)
{
	u_char *base = r->map;
	uint32_t batch = l->tl_entry_nr / 8;

	r->ctrl = (void *)(base + l->tl_ctrl_off);
	r->hdrs = base + l->tl_hdr_off;
	r->slots = base + l->tl_slot_off;
	r->mask = l->tl_entry_nr - 1;
	r->hdr_stride = l->tl_hdr_stride;
	r->slot_shift = l->tl_slot_shift;
	r->look_at = PACKET4_LOOK_AT;
	r->next = l->tl_index_start;
	r->cons = r->next;
	r->batch = batch < MAX_BATCH ? batch : MAX_BATCH;
}

static int failed(pcap_t *p, const char *what)
{
	pcap_fmt_errmsg_for_errno(p->errbuf, PCAP_ERRBUF_SIZE, errno, "%s",
				  what);
	return PCAP_ERROR;
}

static int map(pcap_t *p, const struct packet4 *p4, struct packet4_ring *r)
{
	struct tpacket4_layout l;
	socklen_t len = sizeof(l);

	memset(&l, 0, sizeof(l));
	if (getsockopt(p->fd, SOL_PACKET, PACKET_RX_RING, &l, &len) < 0)
		return failed(p, "can't get the layout of the rx ring");
	r->map_len = l.tl_map_len;
	r->map = mmap(NULL, r->map_len, PROT_READ | PROT_WRITE, MAP_SHARED,
		      p->fd, 0);
	if (r->map == MAP_FAILED) {
		r->map = NULL;
		return failed(p, "can't mmap rx ring");
	}
	attach(r, &l);
	r->bounce_len = l.tl_slot_len * l.tl_chain_max;
	if (p4->split == PCAP_RX_SPLIT_WHOLE) {
		attach_payload(r, &l);
		r->bounce_len += l.tl_payload_len * l.tl_chain_max;
	}
	r->bounce = malloc(r->bounce_len);
	return r->bounce ? 0 : failed(p, "malloc");
}

int pcap_packet4_info(int fd, uint32_t queue, struct tpacket4_info *info)
{
	socklen_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	info->ti_size = sizeof(*info);
	info->ti_query = queue;
	return getsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, info, &len);
}

/* On failure, the caller destroys what there is. */
int pcap_packet4_ring_create(pcap_t *p)
{
	struct tpacket_req4 req = { .tp_size = sizeof(req) };
	uint32_t least = TPACKET4_MIN_ENTRIES;
	struct packet4 *p4 = p->priv;
	struct tpacket4_info info;
	int ret;

	if (packet4_is_copy(p4)) {
		copy_slots(p, p4, &req);
	} else {
		if (pcap_packet4_info(p->fd, p4->queue, &info) < 0)
			return failed(p, "can't ask what the queue can do");
		if (info.ti_query_reason != PACKET_DIRECT_OK)
			return pcap_packet4_queue_busy(p, &info);
		if (p4->split)
			split_slots(&info, &req);
		else
			direct_slots(&info, &req);
		least = least_entries(&info);
	}
	entries(p, &req, least);
	ret = request(p, p4, &req, least);
	return ret < 0 ? ret : map(p, p4, &p4->ring);
}

/*
 * Closing the socket is not enough while a child that this program has forked
 * keeps it or the mapping: the queue is given back by name.
 */
static void give_back_queue(pcap_t *p)
{
	struct tpacket4_direct direct = {
		.td_size = sizeof(direct),
		.td_flags = PACKET_DIRECT_RELEASE,
	};

	(void)setsockopt(p->fd, SOL_PACKET, PACKET_RX_DIRECT, &direct,
			 sizeof(direct));
}

/* The ring itself goes with the socket. */
void pcap_packet4_ring_destroy(pcap_t *p)
{
	struct packet4 *p4 = p->priv;

	if (p->fd >= 0 && !packet4_is_copy(p4))
		give_back_queue(p);
	free(p4->ring.bounce);
	p4->ring.bounce = NULL;
	if (p4->ring.map)
		munmap(p4->ring.map, p4->ring.map_len);
	p4->ring.map = NULL;
}

int pcap_packet4_lease(pcap_t *p)
{
	struct packet4 *p4 = p->priv;
	unsigned int queue = p4->queue;

	if (setsockopt(p->fd, SOL_PACKET, PACKET_RX_DIRECT, &queue,
		       sizeof(queue)) < 0)
		return pcap_packet4_refused_queue(p, errno);
	return pcap_packet4_no_filter(p);
}
#endif /* PACKET_RX_DIRECT */
