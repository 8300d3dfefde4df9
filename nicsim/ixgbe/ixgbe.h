/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model of the 82599 and its relatives: what its files share.
 *
 *	device.c	creation, register access, knobs
 *	82599.c		the 82599, and the registers that only it has
 *	x550.c		the X550, and the registers that only it has
 *	table.c		the registers of all variants, their masks and handlers
 *	regmap.c	which register is at an offset
 *	reset.c		reset of the MAC and of the function
 *	link.c		the link in registers and interrupts
 *	clock.c		the clocks that time stamps are taken from
 *	eeprom.c	EEPROM, SWSM, MDIO without a PHY
 *	spi.c		the EEPROM's serial lines
 *	host.c		commands to the firmware, semaphores shared with it
 *	phy.c		MDIO with a 10GBASE-T PHY
 *	irq.c		causes, masks, moderation, vectors
 *	filter.c	what the MAC lets in: addresses, VLANs, sizes, pause
 *	rx.c		from the MAC to the packet buffer, choice of the queue
 *	rxinfo.c	what a descriptor says about headers and checksums
 *	rss.c		the hash and its redirection table
 *	fdir.c		flow director filters
 *	pb.c		the packet buffer, and queues that stop
 *	rxdesc.c	a frame in receive buffers and descriptors, header split
 *	writeback.c	when a finished descriptor is written to memory, RSC
 *	rxq.c, rxq.h	receive queues and their registers
 *	ring.c		what receive and transmit rings have in common
 *	tx.c		transmit queues, their registers and descriptors
 *	offload.c	what a context descriptor asks for: checksums, TSO
 *	stats.c		statistics registers
 *
 * No two of these files call each other, also not by way of others.
 */
#ifndef NICSIM_IXGBE_IXGBE_H
#define NICSIM_IXGBE_IXGBE_H

#include "bus/guard.h"
#include "fault.h"
#include "ixgbe/regs.h"
#include "nicsim.h"
#include "wire/gen.h"
#include "wire/packet.h"
#include "wire/segment.h"
#include "wire/toeplitz.h"

#define IXG_EEPROM_MAX		16384	/* words */
#define IXG_FDIR_MAX		8192
#define IXG_TX_FRAME_MAX	(256 * 1024)
#define IXG_PHY_REGS		22
#define IXG_STAMP_LEN		8	/* of a time stamp after a frame */
#define FCS_LEN			4	/* on the wire, never seen here */

/**
 * struct ixgbe_variant - what differs between the MACs
 * @regs:	registers that only it has, or that do something else on it
 * @num_regs:	of @regs
 * @eeprom_words: size of the EEPROM
 * @eeprom_sum_last: last word that its checksum covers
 * @reta_entries: size of the redirection table, a power of two
 * @reta_queue:	bits of an entry
 * @eicr_reserved: bits of EICR and EIMS without a meaning
 * @rlpml:	RXDCTL.RLPML is obeyed
 * @stamps_frames: a time stamp can follow each frame in its buffer
 * @fragments_wrong: the IP checksum of each fragment is reported as wrong
 */
struct ixgbe_variant {
	const struct ixgbe_reg *regs;
	unsigned int num_regs;
	unsigned int eeprom_words, eeprom_sum_last;
	unsigned int reta_entries, reta_queue;
	uint32_t eicr_reserved;
	bool rlpml, stamps_frames, fragments_wrong;
};

/**
 * struct ixgbe_rx_meta - what was decided about a frame when it came in
 * @queue:	RX queue by flow director, RSS or default
 * @status:	status and error bits of the descriptor, without DD, EOP and HBO
 * @info:	RSS type and packet type
 * @hash:	RSS hash, or the identifier of a flow director filter
 * @stamp:	time stamp that follows the frame, if @status has TSIP
 */
struct ixgbe_rx_meta {
	struct pkt pkt;
	unsigned int queue;
	uint32_t status, info, hash;
	uint64_t stamp;
};

/* A frame in the packet buffer that waits for descriptors. */
struct ixgbe_pb_frame {
	struct ixgbe_pb_frame *next;
	struct ixgbe_rx_meta meta;
	size_t len;
	uint8_t data[];
};

#define NO_QUEUE		IXG_MAX_QUEUES

struct ixgbe_packet_buffer {
	struct ixgbe_pb_frame *head, **tail;
	size_t used;
	uint64_t size_override;	/* knob, bytes; 0: RXPBSIZE */
	bool source_waits;	/* NIC_RX_WAIT was returned */
	bool draining;
	unsigned int stopping;	/* queue that stops when its frame has left the head */
};

/* A descriptor that is done and not yet written. */
struct ixgbe_held {
	uint64_t addr, half[2];
};

struct ixgbe_rx_queue {
	bool enabled;
	uint64_t disable_at;	/* 0: no disable is under way */
	uint64_t frames, bytes, drop_no_desc, drop_off, drop_error;
	uint32_t base_written, len_written;	/* all bits, for the strict check */
	struct ixgbe_held held[64];
	unsigned int num_held;
	uint64_t held_until;	/* 0: nothing waits for an interval */
	bool rsc_open;		/* more descriptors may join the held ones */
	unsigned int guarded;	/* descriptors up to here are known to the guard */
};

struct ixgbe_tx_context {
	uint32_t vlan_macip_lens, type_tucmd, mss_l4len_idx;
};

struct ixgbe_tx_queue {
	bool enabled;
	uint64_t disable_at;
	struct ixgbe_tx_context context[2];
	uint64_t frames, bytes;
	uint32_t base_written, len_written;
};

struct ixgbe_irq_state {
	uint64_t queue_cause, queue_mask;	/* a bit per vector */
	uint32_t other_cause, other_mask;	/* as EICR bits 31:16 */
	uint64_t next_ns[IXG_NUM_VECTORS];	/* end of the moderation interval */
	uint64_t held;				/* vectors that wait for its end */
	uint64_t sent;
	struct nicsim_timer *timer;
};

struct ixgbe_fdir_filter {
	uint32_t key, cmd;
	uint32_t src_ip, dst_ip, port, vlan;
};

struct ixgbe_fdir {
	struct ixgbe_fdir_filter *filter;
	unsigned int count;
};

struct ixgbe_spi {
	bool clock, write_enable, wrote;
	unsigned int bits;	/* of the command so far */
	uint8_t opcode;
	uint16_t address;
	uint32_t shift;
};

/* Frames by what became of them: every frame is in exactly one of these. */
struct ixgbe_rx_fate {
	uint64_t offered, delivered;
	uint64_t rx_off, loopback, pause, undersize, oversize, filtered;
	uint64_t missed, no_desc, queue_off, too_long, dma_error, flushed;
	uint64_t unwritten;	/* of the delivered ones */
};

/**
 * struct ixgbe_clock - SYSTIM
 * @base:	value at @since, in the variant's own unit
 * @held_ns:	X550: value when SYSTIMR was read
 */
struct ixgbe_clock {
	__uint128_t base;
	uint64_t since, held_ns;
};

/**
 * struct ixgbe_phy - the PHY behind MDIO, which no reset of the MAC touches
 * @asleep:	in low-power mode, without a link
 * @address:	device and register that the last address frame named
 * @val:	of each register that is known
 */
struct ixgbe_phy {
	bool asleep;
	uint32_t address;
	uint16_t val[IXG_PHY_REGS];
};

struct ixgbe {
	struct nicsim *sim;
	const struct ixgbe_variant *variant;
	const struct ixgbe_reg *map[IXG_BAR_SIZE / 4];
	uint8_t mac[6];
	bool bus_master;
	uint32_t reg[IXG_BAR_SIZE / 4];
	uint16_t eeprom[IXG_EEPROM_MAX];
	struct ixgbe_spi spi;
	struct ixgbe_irq_state irq;
	struct ixgbe_packet_buffer pb;
	struct ixgbe_rx_queue rxq[IXG_MAX_QUEUES];
	struct ixgbe_tx_queue txq[IXG_MAX_QUEUES];
	struct ixgbe_fdir fdir;
	struct ixgbe_rx_fate fate;
	bool rss_stale;
	struct toeplitz rss;
	struct ixgbe_clock clock;
	struct ixgbe_phy phy;
	struct nicsim_timer *disable_timer, *held_timer;
	uint64_t disable_delay_us;	/* knob */
	uint64_t tx_stuck;		/* knob: nothing is sent */
	uint64_t rxdctl_stuck;		/* knob: RX queues never say that they stopped */
	uint64_t write_back_batch;	/* knob: descriptors that are written at a time */
	uint64_t stop_at_once;		/* knob: a queue stops though its frame is at the head */
	uint64_t fragments_right;	/* knob: as if the variant had no @fragments_wrong */
	uint64_t noise;			/* numbers drawn so far, see ixgbe_noise() */
	uint64_t wait_for_desc;		/* knob: frames wait for descriptors in spite of DROP_EN */
	struct nic_faults fault;
	struct guard guard;
	uint8_t *tx_frame;
	uint8_t tx_segment[NIC_FRAME_MAX + 64];
	uint8_t rx_stamped[NIC_FRAME_MAX + IXG_STAMP_LEN];
};

/**
 * struct ixgbe_reg - a register, or an array of them
 * @name:	for messages
 * @offset:	in BAR 0, of the first
 * @count:	number of registers
 * @stride:	bytes between two
 * @split:	numbers from 64 on are in a second place, like receive queues
 * @writable:	bits that a write changes
 * @reset:	value after reset
 * @clear_on_read: a statistics register
 * @read:	returns what is read, instead of the stored value
 * @write:	called after the writable bits were stored, with all bits
 */
struct ixgbe_reg {
	const char *name;
	uint32_t offset;
	uint16_t count, stride;
	bool split;
	uint32_t writable, reset;
	bool clear_on_read;
	uint32_t (*read)(struct ixgbe *nic, unsigned int i);
	void (*write)(struct ixgbe *nic, unsigned int i, uint32_t val);
};

static inline uint32_t *ixgbe_reg_ptr(struct ixgbe *nic, uint32_t offset)
{
	return &nic->reg[offset / 4];
}

static inline uint32_t ixgbe_get(const struct ixgbe *nic, uint32_t offset)
{
	return nic->reg[offset / 4];
}

static inline bool ixgbe_link_up(const struct ixgbe *nic)
{
	return nicsim_link_up(nic->sim) && !nic->phy.asleep;
}

/* While software has asked for "GIO master disable" nothing reaches memory. */
static inline bool ixgbe_dma_allowed(const struct ixgbe *nic)
{
	return nic->bus_master && !(ixgbe_get(nic, IXG_CTRL) & CTRL_GIO_DIS);
}

/* Random @bits for a field without meaning, so that no driver relies on it. */
static inline uint32_t ixgbe_noise(struct ixgbe *nic, uint32_t bits)
{
	return (uint32_t)gen_random(1, nic->noise++) & bits;
}

static inline uint32_t ixgbe_rx_base(unsigned int q)
{
	return q < 64 ? IXG_RX_BASE_LO + q * IXG_RX_STRIDE :
			IXG_RX_BASE_HI + (q - 64) * IXG_RX_STRIDE;
}

static inline uint32_t ixgbe_tx_base(unsigned int q)
{
	return IXG_TX_BASE + q * IXG_TX_STRIDE;
}

/* device.c */
extern const struct nic_knob ixgbe_knobs[];
void *ixgbe_create(struct nicsim *sim, const uint8_t mac[6], const struct ixgbe_variant *variant);
void ixgbe_destroy(void *priv);
void ixgbe_function_reset(void *priv);
uint64_t ixgbe_bar_read(void *priv, unsigned int bar, uint64_t off, unsigned int size);
void ixgbe_bar_write(void *priv, unsigned int bar, uint64_t off, uint64_t val, unsigned int size);
void ixgbe_bus_master(void *priv, bool on);
void ixgbe_knob_changed(void *priv);
uint32_t ixgbe_reg_read(struct ixgbe *nic, uint32_t offset);
void ixgbe_reg_write(struct ixgbe *nic, uint32_t offset, uint32_t val);

/* reset.c */
void ixgbe_reset(struct ixgbe *nic);

/* link.c */
void ixgbe_link_update(struct ixgbe *nic);
void ixgbe_link(void *priv, bool up);

/* ring.c */
void ixgbe_ring_strict(struct ixgbe *nic, const char *queue, unsigned int q, uint32_t base,
		       uint32_t len);
void ixgbe_arm_disable_timer(struct ixgbe *nic, uint64_t now);
void ixgbe_disable_later(struct ixgbe *nic, uint64_t *when);

/* table.c */
void ixgbe_reg_init(struct ixgbe *nic);

/* regmap.c */
void ixgbe_reg_map(struct ixgbe *nic, const struct ixgbe_reg *reg, unsigned int count);
const struct ixgbe_reg *ixgbe_reg_find(const struct ixgbe *nic, uint32_t *offset,
				       unsigned int *index);
void ixgbe_reg_defaults(struct ixgbe *nic);

/* clock.c */
void ixgbe_clock_reset(struct ixgbe *nic);
uint32_t ixgbe_systim_read(struct ixgbe *nic, unsigned int i);
void ixgbe_systim_write(struct ixgbe *nic, unsigned int i, uint32_t val);
uint32_t ixgbe_x550_systim_read(struct ixgbe *nic, unsigned int i);
void ixgbe_x550_systim_write(struct ixgbe *nic, unsigned int i, uint32_t val);
uint32_t ixgbe_x550_systimr_read(struct ixgbe *nic, unsigned int i);
void ixgbe_x550_systimr_write(struct ixgbe *nic, unsigned int i, uint32_t val);
void ixgbe_x550_timinca_write(struct ixgbe *nic, unsigned int i, uint32_t val);
void ixgbe_x550_tsauxc_write(struct ixgbe *nic, unsigned int i, uint32_t val);
bool ixgbe_rx_stamp(struct ixgbe *nic, const struct pkt *pkt, uint64_t *stamp);
bool ixgbe_rx_latch(struct ixgbe *nic, const struct pkt *pkt, const uint8_t *frame, size_t len);
uint32_t ixgbe_rxstmph_read(struct ixgbe *nic, unsigned int i);

/* eeprom.c */
void ixgbe_eeprom_init(struct ixgbe *nic);
void ixgbe_eerd_write(struct ixgbe *nic, unsigned int i, uint32_t val);
uint32_t ixgbe_swsm_read(struct ixgbe *nic, unsigned int i);
void ixgbe_msca_write(struct ixgbe *nic, unsigned int i, uint32_t val);

/* host.c */
void ixgbe_hicr_write(struct ixgbe *nic, unsigned int i, uint32_t val);
uint32_t ixgbe_sync_read(struct ixgbe *nic, unsigned int i);
void ixgbe_sync_write(struct ixgbe *nic, unsigned int i, uint32_t val);

/* phy.c */
void ixgbe_phy_init(struct ixgbe *nic);
void ixgbe_phy_msca_write(struct ixgbe *nic, unsigned int i, uint32_t val);

/* spi.c */
void ixgbe_eec_write(struct ixgbe *nic, unsigned int i, uint32_t val);

/* irq.c */
bool ixgbe_irq_init(struct ixgbe *nic);
uint64_t ixgbe_irq_interval(const struct ixgbe *nic, unsigned int queue);
void ixgbe_irq_reset(struct ixgbe *nic);
void ixgbe_irq_queue(struct ixgbe *nic, unsigned int queue, bool tx);
void ixgbe_irq_other(struct ixgbe *nic, uint32_t causes);
uint32_t ixgbe_eicr_read(struct ixgbe *nic, unsigned int i);
void ixgbe_eicr_write(struct ixgbe *nic, unsigned int i, uint32_t val);
uint32_t ixgbe_eics_read(struct ixgbe *nic, unsigned int i);
void ixgbe_eics_write(struct ixgbe *nic, unsigned int i, uint32_t val);
uint32_t ixgbe_eims_read(struct ixgbe *nic, unsigned int i);
void ixgbe_eims_write(struct ixgbe *nic, unsigned int i, uint32_t val);
void ixgbe_eimc_write(struct ixgbe *nic, unsigned int i, uint32_t val);
uint32_t ixgbe_eics_ex_read(struct ixgbe *nic, unsigned int i);
void ixgbe_eics_ex_write(struct ixgbe *nic, unsigned int i, uint32_t val);
uint32_t ixgbe_eims_ex_read(struct ixgbe *nic, unsigned int i);
void ixgbe_eims_ex_write(struct ixgbe *nic, unsigned int i, uint32_t val);
void ixgbe_eimc_ex_write(struct ixgbe *nic, unsigned int i, uint32_t val);

/* filter.c */
enum ixgbe_mac_verdict {
	MAC_ACCEPT, MAC_PAUSE, MAC_UNDERSIZE, MAC_OVERSIZE, MAC_FILTERED,
};

enum ixgbe_mac_verdict ixgbe_mac_filter(struct ixgbe *nic, const uint8_t *frame, size_t len,
					bool *inexact);

/* rxinfo.c */
uint32_t ixgbe_rx_checksum(const struct pkt *pkt, const uint8_t *frame, bool fragments_wrong);
uint32_t ixgbe_packet_type(struct ixgbe *nic, const struct pkt *pkt);
unsigned int ixgbe_etqf(const struct ixgbe *nic, const struct pkt *pkt);
size_t ixgbe_split_len(const struct pkt *pkt, uint32_t psrtype);

/* rss.c */
uint32_t ixgbe_rss_hash(struct ixgbe *nic, const struct pkt *pkt, const uint8_t *frame,
			unsigned int *type);
unsigned int ixgbe_rss_queue(struct ixgbe *nic, uint32_t hash);
void ixgbe_rssrk_write(struct ixgbe *nic, unsigned int i, uint32_t val);

/* fdir.c */
bool ixgbe_fdir_init(struct ixgbe *nic);
void ixgbe_fdir_clear(struct ixgbe *nic);
const struct ixgbe_fdir_filter *ixgbe_fdir_match(struct ixgbe *nic, const struct pkt *pkt,
						 const uint8_t *frame);
void ixgbe_fdirctrl_write(struct ixgbe *nic, unsigned int i, uint32_t val);
void ixgbe_fdircmd_write(struct ixgbe *nic, unsigned int i, uint32_t val);
uint32_t ixgbe_fdirfree_read(struct ixgbe *nic, unsigned int i);

/* rx.c */
enum nic_rx_verdict ixgbe_wire_rx(void *priv, const uint8_t *frame, size_t len, bool may_wait);
void ixgbe_loopback_rx(struct ixgbe *nic, const uint8_t *frame, size_t len);

/* pb.c */
bool ixgbe_pb_has_room(struct ixgbe *nic, size_t len);
bool ixgbe_pb_push(struct ixgbe *nic, const struct ixgbe_rx_meta *meta, const uint8_t *frame,
		   size_t len);
void ixgbe_pb_drain(struct ixgbe *nic);
void ixgbe_pb_flush(struct ixgbe *nic);
void ixgbe_rxq_reset(struct ixgbe *nic, unsigned int q);
void ixgbe_rxq_stop(struct ixgbe *nic, unsigned int q);
void ixgbe_rxq_try_stop(struct ixgbe *nic, unsigned int q);
void ixgbe_rxq_cancel_stop(struct ixgbe *nic, unsigned int q);

/* rxdesc.c */
enum ixgbe_deliver { DELIVERED, DELIVER_BLOCKED, DELIVER_DROPPED };

enum ixgbe_deliver ixgbe_rx_deliver(struct ixgbe *nic, const struct ixgbe_rx_meta *meta,
				    const uint8_t *frame, size_t len);
void ixgbe_rx_late_faults(struct ixgbe *nic, unsigned int q);

/* rxq.c */
void ixgbe_rxctrl_write(struct ixgbe *nic, unsigned int i, uint32_t val);
void ixgbe_rdbal_write(struct ixgbe *nic, unsigned int q, uint32_t val);
void ixgbe_rdlen_write(struct ixgbe *nic, unsigned int q, uint32_t val);
void ixgbe_rdh_write(struct ixgbe *nic, unsigned int q, uint32_t val);
void ixgbe_rdt_write(struct ixgbe *nic, unsigned int q, uint32_t val);
void ixgbe_srrctl_write(struct ixgbe *nic, unsigned int q, uint32_t val);
uint32_t ixgbe_rxdctl_read(struct ixgbe *nic, unsigned int q);
void ixgbe_rxdctl_write(struct ixgbe *nic, unsigned int q, uint32_t val);

/* writeback.c */
bool ixgbe_held_init(struct ixgbe *nic);
bool ixgbe_hold(struct ixgbe *nic, unsigned int q, uint64_t addr, uint64_t lower, uint64_t upper);
bool ixgbe_held_end(struct ixgbe *nic, unsigned int q, const struct pkt *pkt, bool now);
void ixgbe_held_flush(struct ixgbe *nic, unsigned int q);
void ixgbe_held_close(struct ixgbe *nic, unsigned int q);
void ixgbe_held_forget(struct ixgbe *nic, unsigned int q);

/* tx.c */
void ixgbe_tx_all(void *priv);
void ixgbe_txq_stop(struct ixgbe *nic, unsigned int q);
void ixgbe_dmatxctl_write(struct ixgbe *nic, unsigned int i, uint32_t val);
void ixgbe_tdbal_write(struct ixgbe *nic, unsigned int q, uint32_t val);
void ixgbe_tdlen_write(struct ixgbe *nic, unsigned int q, uint32_t val);
void ixgbe_tdh_write(struct ixgbe *nic, unsigned int q, uint32_t val);
void ixgbe_tdt_write(struct ixgbe *nic, unsigned int q, uint32_t val);
uint32_t ixgbe_txdctl_read(struct ixgbe *nic, unsigned int q);
void ixgbe_txdctl_write(struct ixgbe *nic, unsigned int q, uint32_t val);

/* offload.c */

/**
 * struct ixgbe_tx_job - one frame as its descriptors describe it
 * @cmd:	cmd_type_len of the first descriptor
 * @opts:	olinfo_status of the first descriptor
 * @ctx:	context that it names, NULL for a legacy descriptor
 * @vlan:	TCI to insert when @cmd has VLE
 */
struct ixgbe_tx_job {
	unsigned int queue;
	uint32_t cmd, opts;
	const struct ixgbe_tx_context *ctx;
	uint16_t vlan;
	uint8_t *data;
	size_t len;
};

void ixgbe_tx_offload(struct ixgbe *nic, struct ixgbe_tx_job *job);

/* stats.c */
void ixgbe_stat_rx_mac(struct ixgbe *nic, const uint8_t *frame, size_t len);
void ixgbe_stat_rx_good(struct ixgbe *nic, const uint8_t *frame, size_t len);
void ixgbe_stat_rx_queue(struct ixgbe *nic, unsigned int q, size_t len);
void ixgbe_stat_rx_queue_drop(struct ixgbe *nic, unsigned int q);
void ixgbe_stat_tx(struct ixgbe *nic, unsigned int q, const uint8_t *frame, size_t len);
void ixgbe_stats_print(void *priv, FILE *out);

/* All of a struct nic_model but its name, its device and @create.  The driver reads
 * the size of the MSI-X table from config space at 0x72, so that capability has to
 * be at 0x70.
 */
#define IXGBE_MODEL_COMMON \
	.vendor = 0x8086, \
	.subvendor = 0x8086, \
	.revision = 1, \
	.class_code = 0x020000, \
	.bar = { \
		[0] = { .size = IXG_BAR_SIZE, .mem64 = true }, \
		[4] = { .size = 16 * 1024, .mem64 = true }, \
	}, \
	.msix_vectors = IXG_NUM_VECTORS, \
	.msix_bar = 4, \
	.msix_cap_offset = 0x70, \
	.pm_cap_offset = 0x40, \
	.pcie_cap_offset = 0xa0, \
	.destroy = ixgbe_destroy, \
	.reset = ixgbe_function_reset, \
	.bar_read = ixgbe_bar_read, \
	.bar_write = ixgbe_bar_write, \
	.bus_master = ixgbe_bus_master, \
	.wire_rx = ixgbe_wire_rx, \
	.link = ixgbe_link, \
	.stats = ixgbe_stats_print, \
	.knobs = ixgbe_knobs, \
	.knob_changed = ixgbe_knob_changed

#endif
