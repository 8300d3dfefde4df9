/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model of the gVNIC: what its files share.
 *
 *	device.c	creation, reset, registers, doorbells, knobs
 *	adminq.c	the admin queue and its commands
 *	describe.c	what the device says of itself
 *	queue.c		queues, created and destroyed
 *	pages.c		page lists
 *	irq.c		notification blocks, moderation, vectors
 *	rx.c		a frame's way to its queue
 *	rss.c		the hash and its table
 *	flow.c		flow rules
 *	rsc.c		TCP segments that become one packet
 *	clock.c		the clock that stamps frames
 *	rx_dqo.c	DQO: buffer queue and completion queue
 *	rx_gqi.c	GQI: descriptor ring and data ring
 *	tx.c		when transmit queues are looked at
 *	tx_dqo.c	DQO: descriptors and completions
 *	tx_gqi.c	GQI: descriptors and event counters
 *	offload.c	a frame's way out: checksums, segmentation
 *	stats.c		counters, the report that the driver asks for
 *
 * No two of these files call each other, also not by way of others.
 *
 * There is no public description of the device.  The model demands what the code of
 * its drivers, and the comments in it, say that the hardware demands.
 */
#ifndef NICSIM_GVE_GVE_H
#define NICSIM_GVE_GVE_H

#include "bus/guard.h"
#include "fault.h"
#include "gve/regs.h"
#include "nicsim.h"
#include "wire/packet.h"
#include "wire/segment.h"
#include "wire/toeplitz.h"

#define GVE_MAX_QUEUES		16
#define GVE_NUM_NTFY		(2 * GVE_MAX_QUEUES)
#define GVE_NUM_VECTORS		(GVE_NUM_NTFY + 1)
#define GVE_MAX_PAGE_LISTS	64
#define GVE_MAX_REGISTERED	0x20000
#define GVE_PAGE_SIZE		4096
#define GVE_COUNTERS		64
#define GVE_RX_RING		1024
#define GVE_TX_RING		512
#define GVE_RING_MIN		256
#define GVE_RING_MAX		4096
#define GVE_BUFFER_MAX		4096
#define GVE_HEADER_BUFFER	128
#define GVE_MTU_MAX		9216
#define GVE_RSS_LUT		128
#define GVE_FLOW_RULES		1024
#define GVE_FLOW_RULE_SIZE	84
#define GVE_RSC_MAX		(14 + 65535)	/* as much as IP can say */
#define GVE_ADDR_HASHES		65536
#define GVE_TX_FRAME_MAX	(256 * 1024)
#define GVE_VLAN_TYPE		0x8100
#define REPORT_MS_MAX		3600000

/**
 * struct gve_rx_meta - what was decided about a frame when it came in
 * @ip_error:	the IPv4 header's checksum is wrong
 * @l4_error:	the L4 checksum is wrong
 * @seg_len:	payload of a segment, if RSC put several together, else 0
 */
struct gve_rx_meta {
	struct pkt pkt;
	unsigned int queue;
	uint32_t hash;
	bool ip_error, l4_error;
	uint16_t seg_len;
};

struct gve_page_list {
	uint32_t pages;
	uint64_t *page;
};

struct gve_rx_buf {
	uint64_t addr, hdr_addr;
	uint16_t id;
};

/* TCP segments that may become one packet.  frames is 0 when there is none. */
struct gve_rsc {
	struct gve_rx_meta meta;
	unsigned int frames;
	uint32_t next_seq;
	size_t len;
	uint8_t data[GVE_RSC_MAX];
};

/**
 * struct gve_rx_queue - a receive queue
 * @desc_ring:	where completions go
 * @data_ring:	where buffers are posted
 * @tail:	DQO: entries of @data_ring taken so far; GQI: buffers posted
 * @done:	DQO: next entry of @desc_ring; GQI: descriptors written
 * @generation:	DQO: of the next completion
 * @seq:	GQI: of the next descriptor
 * @buf:	DQO: buffers taken, in a ring that starts at @buf_head
 * @have_id:	DQO: a bit for each identifier in @buf
 * @have_addr:	DQO: the number of addresses in @buf, by their hash
 * @last_id:	DQO: of the last completion
 * @late_buf:	DQO: a buffer that was in @buf when the queue was destroyed
 * @has_late_buf: DQO: it is still to be used by a fault
 * @old_no_desc: @no_desc at the last reset
 * @old_off:	@off at the last reset
 */
struct gve_rx_queue {
	bool on;
	unsigned int ntfy;
	const struct gve_page_list *pages;
	uint64_t desc_ring, data_ring;
	uint32_t size, buf_size, hdr_size;
	uint32_t tail, done;
	bool generation;
	uint8_t seq;
	struct gve_rx_buf *buf;
	uint32_t buf_head, bufs;
	uint64_t have_id[65536 / 64];
	uint16_t have_addr[GVE_ADDR_HASHES];
	struct gve_rsc *rsc;
	uint16_t last_id;
	struct gve_rx_buf late_buf;
	bool has_late_buf;
	uint64_t frames, bytes, no_desc, off, bad_csum, old_no_desc, old_off;
};

/**
 * struct gve_tx_queue - a transmit queue
 * @head:	next descriptor; GQI does not wrap it at the ring's end
 * @tail:	last doorbell
 * @reported:	DQO: the last descriptor that asked for a completion
 * @tag:	DQO: tags of packets whose completion is not written yet
 */
struct gve_tx_queue {
	bool on;
	unsigned int ntfy;
	const struct gve_page_list *pages;
	uint64_t ring, comp_ring;
	uint32_t size, comp_size, head, tail, comp_tail, reported;
	bool generation;
	uint16_t tag[16];
	unsigned int tags;
	uint64_t frames, bytes;
};

struct gve_ntfy {
	bool enabled, pending;
	uint64_t interval_ns, next_ns;
};

struct gve_irq_state {
	struct gve_ntfy ntfy[GVE_NUM_NTFY];
	uint64_t held;			/* blocks that wait for the end of their interval */
	uint64_t sent;
	struct nicsim_timer *timer;
};

struct gve_aq {
	bool running;
	uint64_t base;
	uint32_t pfn, length, counter;
};

/* Parameters of AQ_CONFIGURE_RESOURCES. */
struct gve_resources {
	bool configured;
	enum gve_format format;
	uint64_t counters;
	uint32_t num_counters, num_ntfy, msix_base;
};

struct gve_rss {
	struct toeplitz hash;
	uint8_t key[TOEPLITZ_KEY_LEN];
	uint32_t lut[GVE_RSS_LUT];
	uint16_t types;
	bool lut_set;
};

struct gve_flow_rule {
	bool used;
	uint8_t raw[GVE_FLOW_RULE_SIZE];	/* big-endian, as the driver wrote it */
};

struct gve_report {
	uint64_t addr, len, interval_ns, old_oversize;
	struct nicsim_timer *timer;
};

/* Frames by what became of them: every frame is in exactly one of these. */
struct gve_rx_fate {
	uint64_t offered, delivered;
	uint64_t rx_off, undersize, oversize, no_desc, queue_off, dma_error, flushed;
};

struct gve {
	struct nicsim *sim;
	uint8_t mac[6];
	bool bus_master;
	uint32_t device_status;
	struct gve_aq aq;
	struct gve_resources res;
	struct gve_irq_state irq;
	struct gve_page_list page_list[GVE_MAX_PAGE_LISTS];
	struct gve_rx_queue rxq[GVE_MAX_QUEUES];
	struct gve_tx_queue txq[GVE_MAX_QUEUES];
	struct gve_rss rss;
	struct gve_flow_rule *flow;
	unsigned int flows;
	struct gve_report report;
	struct gve_rx_fate fate;
	struct nicsim_timer *rsc_timer;
	bool source_waits;		/* NIC_RX_WAIT was returned */
	uint64_t random;
	uint32_t mtu;
	uint64_t rsc_packets, aq_commands, resets, revision;
	uint64_t knob_format, knob_mtu, knob_queues, knob_shuffle, knob_seed, knob_rsc_us;
	uint64_t knob_reset, knob_wrong_ids, knob_refuse_queue, knob_tx_stuck, knob_report_ms;
	uint64_t knob_revision, knob_stamps, knob_clock_ns;
	uint64_t clock_offset, stamp_turn;
	struct nic_faults fault;
	struct guard guard;
	uint8_t *tx_frame;
	uint8_t tx_segment[NIC_FRAME_MAX + 64];
};

static inline bool gve_is_dqo(const struct gve *nic)
{
	return nic->res.format == FORMAT_DQO_RDA || nic->res.format == FORMAT_DQO_QPL;
}

/* xorshift64: the same seed gives the same order of events. */
static inline uint32_t gve_random(struct gve *nic, uint32_t below)
{
	uint64_t x = nic->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	nic->random = x;
	return (x >> 32) % below;
}

/* adminq.c */
void gve_aq_doorbell(struct gve *nic, uint32_t val);

/* Handlers of commands get @cmd, which points behind opcode and status. */

/* describe.c */
enum gve_aq_status gve_describe_device(struct gve *nic, const uint8_t *cmd);
enum gve_aq_status gve_get_ptype_map(struct gve *nic, const uint8_t *cmd);
enum gve_aq_status gve_verify_driver(struct gve *nic, const uint8_t *cmd);
enum gve_aq_status gve_link_speed(struct gve *nic, const uint8_t *cmd);
enum gve_aq_status gve_set_parameter(struct gve *nic, const uint8_t *cmd);
unsigned int gve_ptype(const struct pkt *pkt);

/* queue.c */
enum gve_aq_status gve_configure_resources(struct gve *nic, const uint8_t *cmd);
enum gve_aq_status gve_deconfigure_resources(struct gve *nic, const uint8_t *cmd);
enum gve_aq_status gve_create_tx(struct gve *nic, const uint8_t *cmd);
enum gve_aq_status gve_create_rx(struct gve *nic, const uint8_t *cmd);
enum gve_aq_status gve_destroy_tx(struct gve *nic, const uint8_t *cmd);
enum gve_aq_status gve_destroy_rx(struct gve *nic, const uint8_t *cmd);
void gve_queues_check(struct gve *nic);
void gve_queues_late_faults(struct gve *nic);
void gve_queues_reset(struct gve *nic);

/* pages.c */
enum gve_aq_status gve_register_pages(struct gve *nic, const uint8_t *cmd);
enum gve_aq_status gve_unregister_pages(struct gve *nic, const uint8_t *cmd);
void gve_pages_reset(struct gve *nic);

/* Finds the page list of a queue, NULL for raw addresses.  Returns false, and records
 * a violation, when the format wants the other kind or there is no such list.
 */
bool gve_find_pages(struct gve *nic, uint32_t id, const struct gve_page_list **pages);

/* Makes @addr of a descriptor an address in memory; with GQI it is an offset in the
 * page list.  Returns false, and records a violation, when it is not in the queue's
 * pages.
 */
bool gve_translate(struct gve *nic, const struct gve_page_list *pages, uint64_t *addr, size_t len,
		   const char *what);

/* irq.c */
bool gve_irq_init(struct gve *nic);
void gve_irq_reset(struct gve *nic);
void gve_irq_event(struct gve *nic, unsigned int ntfy);
void gve_irq_rx(struct gve *nic, unsigned int q);
void gve_irq_management(struct gve *nic);
void gve_irq_doorbell(struct gve *nic, unsigned int ntfy, uint32_t val);

/* rx.c */
enum gve_deliver { DELIVERED, NO_BUFFERS, DELIVER_FAILED };

enum nic_rx_verdict gve_wire_rx(void *priv, const uint8_t *frame, size_t len, bool may_wait);
void gve_rx_ready(struct gve *nic);
void gve_rx_doorbell(struct gve *nic, unsigned int q, uint32_t val);

/* rss.c */
void gve_rss_reset(struct gve *nic);
enum gve_aq_status gve_configure_rss(struct gve *nic, const uint8_t *cmd);
enum gve_aq_status gve_query_rss(struct gve *nic, const uint8_t *cmd);
bool gve_rss_hash(struct gve *nic, const struct pkt *pkt, const uint8_t *frame, uint32_t *hash);
unsigned int gve_rss_queue(struct gve *nic, uint32_t hash);

/* flow.c */
bool gve_flow_init(struct gve *nic);
void gve_flow_reset(struct gve *nic);
enum gve_aq_status gve_configure_flow(struct gve *nic, const uint8_t *cmd, size_t len);
enum gve_aq_status gve_query_flow(struct gve *nic, const uint8_t *cmd);
bool gve_flow_match(struct gve *nic, const struct pkt *pkt, const uint8_t *frame, size_t len,
		    unsigned int *queue);

/* rsc.c */
bool gve_rsc_init(struct gve *nic);
enum gve_deliver gve_rsc_take(struct gve *nic, const struct gve_rx_meta *meta,
			      const uint8_t *frame, size_t len);
void gve_rsc_drop(struct gve *nic, struct gve_rx_queue *rxq);

/* clock.c */
uint64_t gve_clock_now(const struct gve *nic);
void gve_clock_set(struct gve *nic);
bool gve_clock_stamps(struct gve *nic);
enum gve_aq_status gve_report_clock(struct gve *nic, const uint8_t *cmd);

/* rx_dqo.c */
void gve_rx_dqo_doorbell(struct gve *nic, unsigned int q, uint32_t val);
void gve_rx_dqo_end(struct gve_rx_queue *rxq);
void gve_rx_dqo_late_faults(struct gve *nic, unsigned int q);
void gve_rx_dqo_fault_beyond(struct gve *nic, unsigned int q);
unsigned int gve_rx_dqo_needs(const struct gve_rx_queue *rxq, const struct gve_rx_meta *meta,
			      size_t len);
enum gve_deliver gve_rx_dqo(struct gve *nic, const struct gve_rx_meta *meta,
			    const uint8_t *frame, size_t len);

/* rx_gqi.c */
void gve_rx_gqi_doorbell(struct gve *nic, unsigned int q, uint32_t val);
enum gve_deliver gve_rx_gqi(struct gve *nic, const struct gve_rx_meta *meta,
			    const uint8_t *frame, size_t len);

/* tx.c */
void gve_tx_all(void *priv);
void gve_tx_doorbell(struct gve *nic, unsigned int q, uint32_t val);

/* offload.c */

/**
 * struct gve_tx_job - one frame as its descriptors describe it; the data is in
 *		       the model's tx_frame
 * @csum:	the L4 checksum is to be filled in
 * @mss:	segments are to be made, else 0
 * @hdr_len:	with @mss: length of the headers
 */
struct gve_tx_job {
	unsigned int queue;
	size_t len;
	bool csum;
	size_t mss, hdr_len;
};

bool gve_tx_possible(struct gve *nic);
bool gve_tx_add(struct gve *nic, struct gve_tx_job *job, uint64_t addr, size_t len);
void gve_tx_send(struct gve *nic, const struct gve_tx_job *job);

/* tx_dqo.c */
void gve_tx_dqo_doorbell(struct gve *nic, unsigned int q, uint32_t val);
void gve_tx_dqo(struct gve *nic, unsigned int q);

/* tx_gqi.c */
void gve_tx_gqi_doorbell(struct gve *nic, unsigned int q, uint32_t val);
void gve_tx_gqi(struct gve *nic, unsigned int q);

/* stats.c */
bool gve_stats_init(struct gve *nic);
void gve_stats_reset(struct gve *nic);
void gve_report_soon(struct gve *nic);
enum gve_aq_status gve_report_stats(struct gve *nic, const uint8_t *cmd);
void gve_stats_print(void *priv, FILE *out);

#endif
