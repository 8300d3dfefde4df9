/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nicsim: models of NICs, one process per port, served over vfio-user.
 *
 * The process is one thread around one epoll loop (loop.c): the vfio-user
 * client, the wire, the control socket and the timers are all descriptors in
 * it.  Nothing polls, so an idle model uses no CPU, and nothing needs a lock.
 *
 *	vfio_user.c	the protocol: messages and interrupts
 *	dma.c		guest memory
 *	pci.c		config space, its capabilities, the MSI-X table
 *	wire.c, ring.c	the cable to the peer port
 *	source.c	frames from a file (capture.c) or the generator (gen.c)
 *	control.c	the control socket: one request line, one JSON reply line
 *	knob.c		what `set` changes
 *	strict.c	the record of what real hardware would not have accepted
 *	packet.c	headers and checksums of a frame, for any model
 *	toeplitz.c	the hash of RSS
 *	guard.c		receive buffers that nobody may write to any more
 *	fault.c		what a broken NIC does
 *	segment.c	checksums and segmentation on the way out
 *	loopback.c	a model for the tests of all of the above
 *	ixgbe*.c	the 82599 and the X550
 *	gve*.c		the gVNIC
 *
 * A model implements struct nic_model and calls the functions below.  All of
 * them run on the one thread.
 */
#ifndef NICSIM_H
#define NICSIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/uio.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define __printf(...)	__attribute__((format(printf, __VA_ARGS__)))

struct nicsim;

/* Longest frame on the wire, without the FCS: 82599, MHADD.MFS at its largest. */
#define NIC_FRAME_MAX	16384
#define NIC_FRAME_MIN	60
#define NIC_NUM_BARS	6

/**
 * enum nic_rx_verdict - what became of a frame that the wire offered
 * @NIC_RX_TAKEN:   the model took it, for delivery or to drop it and count why
 * @NIC_RX_WAIT:    the packet buffer has no room now.  A pausing source offers
 *		    the same frame again after nicsim_rx_ready(); any other
 *		    source offers it again with @may_wait false.
 */
enum nic_rx_verdict { NIC_RX_TAKEN, NIC_RX_WAIT };

/**
 * struct nic_knob - a value that `set NAME VALUE` changes while running, and
 *		     --set NAME=VALUE before
 * @name:	as written in the request; NULL ends the table
 * @offset:	of a uint64_t in the model's private state; survives reset()
 * @min:	smallest value accepted
 * @max:	largest value accepted
 * @names:	optional; what is written in the request in place of a number
 */
struct nic_knob {
	const char *name;
	size_t offset;
	uint64_t min, max;
	const char * const *names;
};

struct nic_bar {
	uint64_t size;		/* 0: not implemented; else a power of two */
	bool	 mem64;
};

/**
 * struct nic_model - one kind of NIC
 * @name:	what --model selects
 * @create:	allocate the private state; may fill in config space
 * @destroy:	free it
 * @reset:	PCI function reset: back to power-on state
 * @bar_read:	read of 1, 2, 4 or 8 bytes, aligned to its size.  The MSI-X
 *		table and pending bits never come here: pci.c owns them.
 * @bar_write:	write of 1, 2, 4 or 8 bytes, aligned to its size
 * @bus_master:	PCI_COMMAND.BME changed; no DMA while it is off
 * @wire_rx:	a frame without FCS arrives.  @may_wait false: take it or count
 *		it as missed, never NIC_RX_WAIT.
 * @link:	the cable was plugged or pulled
 * @msix_vectors: size of the MSI-X table; table in @msix_bar at offset 0,
 *		pending bits at 0x2000
 * @stats:	print counters as the members of a JSON object, for `stats`:
 *		"a":1,"b":2 without the braces
 * @knobs:	optional table of what `set` may change
 * @knob_changed: optional; one of @knobs has a new value
 */
struct nic_model {
	const char *name;
	uint16_t vendor, device, subvendor, subdevice;
	uint8_t	revision;
	uint32_t class_code;
	struct nic_bar bar[NIC_NUM_BARS];
	unsigned int msix_vectors, msix_bar;
	uint8_t msix_cap_offset, pm_cap_offset, pcie_cap_offset;

	void *(*create)(struct nicsim *sim, const uint8_t mac[6]);
	void (*destroy)(void *priv);
	void (*reset)(void *priv);
	uint64_t (*bar_read)(void *priv, unsigned int bar, uint64_t off, unsigned int size);
	void (*bar_write)(void *priv, unsigned int bar, uint64_t off, uint64_t val,
			  unsigned int size);
	void (*bus_master)(void *priv, bool on);
	enum nic_rx_verdict (*wire_rx)(void *priv, const uint8_t *frame, size_t len, bool may_wait);
	void (*link)(void *priv, bool up);
	void (*stats)(void *priv, FILE *out);
	const struct nic_knob *knobs;
	void (*knob_changed)(void *priv);
};

extern const struct nic_model ixgbe_82599_model;
extern const struct nic_model ixgbe_x550_model;
extern const struct nic_model gve_model;
extern const struct nic_model loopback_model;

/* Guest memory.  Each returns false, and records a strict violation that names
 * @what, when any byte lies outside what the client mapped, or bus mastering
 * is off.
 */
bool nicsim_dma_read(struct nicsim *sim, uint64_t iova, void *buf, size_t len, const char *what);
bool nicsim_dma_write(struct nicsim *sim, uint64_t iova, const void *buf, size_t len,
		      const char *what);

/* Orders earlier nicsim_dma_write()s before later ones, as seen by the guest:
 * the descriptor's body before its DD bit.
 */
void nicsim_dma_barrier(void);

/* Signals MSI-X vector @vector.  The table's own mask bits are honoured by the
 * client; a model only decides whether its cause registers let it fire.
 */
void nicsim_irq(struct nicsim *sim, unsigned int vector);

/* Puts a frame without FCS on the wire.  Never blocks: a peer that does not
 * keep up makes the wire's own queue grow to its bound, then
 * nicsim_wire_tx_room() turns false; a frame sent nevertheless is dropped and
 * counted, as is one sent while the link is down.  A port with no cable at all
 * (neither --wire option) has a link, and what it sends goes nowhere.
 */
void nicsim_wire_tx(struct nicsim *sim, const uint8_t *frame, size_t len);

/* False while the wire cannot take another frame of any size; the function
 * given to nicsim_on_tx_room() (once, in create()) is called when it can again.
 */
bool nicsim_wire_tx_room(struct nicsim *sim);
void nicsim_on_tx_room(struct nicsim *sim, void (*fn)(void *priv));

/* The packet buffer has room again after NIC_RX_WAIT.  Frames are offered in a
 * later turn of the loop, or by a source that was told so (at_once) from inside
 * this call, until one has to wait again.
 */
void nicsim_rx_ready(struct nicsim *sim);

bool nicsim_link_up(struct nicsim *sim);

/* A one-shot timer of the loop; arming it again moves it. @fn runs on the
 * loop's thread, never from inside nicsim_timer_arm().
 */
struct nicsim_timer;
struct nicsim_timer *nicsim_timer_new(struct nicsim *sim, void (*fn)(void *arg), void *arg);
void nicsim_timer_arm(struct nicsim_timer *timer, uint64_t ns);
void nicsim_timer_cancel(struct nicsim_timer *timer);
void nicsim_timer_free(struct nicsim_timer *timer);
uint64_t nicsim_now_ns(void);

/* Strictness: something that the datasheet forbids, or that the model does not
 * know.  Kept (the first 256, with a count for each text) for the `strict`
 * control request, and printed once each on standard error.
 */
void nicsim_strict(struct nicsim *sim, const char *fmt, ...) __printf(2, 3);

/* For @stats: rows of counters, and the rows of one queue after the other. */
struct nic_counter {
	const char *name;
	uint64_t val;
};

void json_counters(FILE *out, const struct nic_counter *row, unsigned int count);
void json_queue(FILE *out, bool *first, unsigned int queue, const struct nic_counter *row,
		unsigned int count);

/* Config space, little-endian, 4096 bytes, and the bits in it that software may
 * write; for model-specific capabilities.  What create() leaves in it is what a
 * reset restores.
 */
uint8_t *nicsim_config(struct nicsim *sim);
uint8_t *nicsim_config_wmask(struct nicsim *sim);

/* Another revision from now on, which a guest sees when it looks for devices. */
void nicsim_set_revision(struct nicsim *sim, uint8_t revision);

#endif
