/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a model of a NIC implements, and what it may call.  README.md says what
 * is in which folder.
 *
 * A process has one thread around one epoll loop (loop.c): the vfio-user client,
 * the wire, the control socket and the timers are all descriptors in it.  Nothing
 * polls, so an idle model uses no CPU.  Nothing needs a lock.
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
 * @NIC_RX_TAKEN:   the model took the frame, to deliver it or to drop and count it
 * @NIC_RX_WAIT:    the packet buffer has no room now.  The same frame is offered
 *		    again after nicsim_rx_ready().
 */
enum nic_rx_verdict { NIC_RX_TAKEN, NIC_RX_WAIT };

/**
 * struct nic_knob - a value that `set NAME VALUE` changes while running, and
 *		     --set NAME=VALUE before
 * @name:	as written in the request; NULL ends the table
 * @offset:	of a uint64_t in the model's private state; survives reset()
 * @min:	smallest value accepted
 * @max:	largest value accepted
 * @names:	optional; words for the values, to be used instead of numbers
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
 * @reset:	PCI function reset: back to the state after power-on
 * @bar_read:	read of 1, 2, 4 or 8 bytes, aligned to its size.  The MSI-X
 *		table and pending bits never come here: pci.c owns them.
 * @bar_write:	write of 1, 2, 4 or 8 bytes, aligned to its size
 * @bus_master:	PCI_COMMAND.BME changed; no DMA while it is off
 * @wire_rx:	a frame without FCS arrives.  Without @may_wait the model takes
 *		it or counts it as missed, and never returns NIC_RX_WAIT.
 * @link:	the cable was plugged or pulled
 * @msix_vectors: size of the MSI-X table, which is in @msix_bar at offset 0;
 *		the pending bits are at 0x2000
 * @stats:	print counters as the members of a JSON object, for `stats`:
 *		"a":1,"b":2 without the braces
 * @knobs:	optional table of what `set` may change
 * @knob_changed: optional; one of @knobs has a new value
 * @serve:	optional, of a model that is no PCI device: serve --socket, in place of
 *		the vfio-user server.  Returns false after a message.
 * @has_client:	with @serve: somebody is connected there
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
	bool (*serve)(void *priv, const char *path);
	bool (*has_client)(void *priv);
};

extern const struct nic_model ixgbe_82599_model;
extern const struct nic_model ixgbe_x550_model;
extern const struct nic_model gve_model;
extern const struct nic_model loopback_model;
extern const struct nic_model netdev_model;

/* Guest memory.  Both return false, and record a violation that names @what, when
 * a byte lies outside of what the client mapped, or when bus mastering is off.
 */
bool nicsim_dma_read(struct nicsim *sim, uint64_t iova, void *buf, size_t len, const char *what);
bool nicsim_dma_write(struct nicsim *sim, uint64_t iova, const void *buf, size_t len,
		      const char *what);

/* The guest sees earlier nicsim_dma_write()s before later ones: for example the
 * body of a descriptor before its DD bit.
 */
void nicsim_dma_barrier(void);

/* Signals MSI-X vector @vector.  The client honours the mask bits of the table;
 * the model decides whether its own cause registers let the vector fire.
 */
void nicsim_irq(struct nicsim *sim, unsigned int vector);

/* Puts a frame without FCS on the wire.  Never blocks.  A frame is dropped and
 * counted when the link is down, and when nicsim_wire_tx_room() is false.  A port
 * without a cable (neither --wire option) has a link, and its frames go nowhere.
 */
void nicsim_wire_tx(struct nicsim *sim, const uint8_t *frame, size_t len);

/* False when the wire has no room for a frame of any size, because the peer does
 * not keep up.  Then the function that create() gave to nicsim_on_tx_room() is
 * called when there is room again.
 */
bool nicsim_wire_tx_room(struct nicsim *sim);
void nicsim_on_tx_room(struct nicsim *sim, void (*fn)(void *priv));

/* The packet buffer has room again after NIC_RX_WAIT.  Frames are offered from the
 * next turn of the loop on, until one has to wait again.  A source that was started
 * with at_once offers them from inside this call.
 */
void nicsim_rx_ready(struct nicsim *sim);

bool nicsim_link_up(struct nicsim *sim);

/* A one-shot timer; arming it again moves it.  @fn runs from the loop, never from
 * inside nicsim_timer_arm().
 */
struct nicsim_timer;
struct nicsim_timer *nicsim_timer_new(struct nicsim *sim, void (*fn)(void *arg), void *arg);
void nicsim_timer_arm(struct nicsim_timer *timer, uint64_t ns);
void nicsim_timer_cancel(struct nicsim_timer *timer);
void nicsim_timer_free(struct nicsim_timer *timer);
uint64_t nicsim_now_ns(void);

/* Records a violation: the driver did something that the datasheet forbids, or
 * that the model does not know.  The first 256 different texts are kept, with a
 * count each, for the request `strict`.  Each is printed once on standard error.
 */
void nicsim_strict(struct nicsim *sim, const char *fmt, ...) __printf(2, 3);

/* For @stats: counters, and the counters of one queue. */
struct nic_counter {
	const char *name;
	uint64_t val;
};

void json_counters(FILE *out, const struct nic_counter *row, unsigned int count);
void json_queue(FILE *out, bool *first, unsigned int queue, const struct nic_counter *row,
		unsigned int count);

/* Config space (4096 bytes, little-endian), and the mask of the bits in it that
 * software may write.  create() may add capabilities; a reset brings back what
 * create() left.
 */
uint8_t *nicsim_config(struct nicsim *sim);
uint8_t *nicsim_config_wmask(struct nicsim *sim);

/* Changes the revision.  A guest sees it when it next looks for devices. */
void nicsim_set_revision(struct nicsim *sim, uint8_t revision);

#endif
