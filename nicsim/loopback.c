// SPDX-License-Identifier: GPL-2.0
/*
 * A small model for the tests of bus/, wire/ and control/.  It has one buffer, and
 * registers that fill it from guest memory or from a received frame, and that
 * write it to guest memory or send it.  All registers have 8 bytes in BAR 0.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/gen.h"
#include "nicsim.h"

enum {
	LB_ID		= 0x00,	/* r: LB_MAGIC */
	LB_SCRATCH	= 0x08,	/* rw */
	LB_IRQ		= 0x10,	/* w: signal this vector */
	LB_ADDR		= 0x18,	/* rw: in guest memory */
	LB_LEN		= 0x20,	/* rw: of the buffer's contents */
	LB_COMMAND	= 0x28,	/* w: LB_CMD_* */
	LB_RESULT	= 0x30,	/* r: 1 when the last command worked */
	LB_STATE	= 0x38,	/* r: bit 0 bus mastering, 1 link, 8.. resets */
	LB_TIMER	= 0x40,	/* w: signal vector 0 after this many ns */
	LB_BURST	= 0x48,	/* rw: send the buffer as many times; what is left */
	LB_SIZE		= 0x50,
};

enum { LB_CMD_FETCH = 1, LB_CMD_STORE, LB_CMD_SEND, LB_CMD_RECEIVE };

#define LB_MAGIC	0x6b63616270306f6cull
#define LB_QUEUE	64

struct loopback {
	struct nicsim *sim;
	struct nicsim_timer *timer;
	uint64_t scratch, addr, len, result, burst, resets;
	bool master, link;
	uint8_t buf[NIC_FRAME_MAX];

	struct {
		size_t len;
		uint8_t data[NIC_FRAME_MAX];
	} queue[LB_QUEUE];
	uint64_t head, tail;

	uint64_t room;		/* knob: frames that the queue takes */
	uint64_t check;		/* knob: check generated frames, keep none */
	uint64_t taken, missed, good, bad, out_of_order, next_seq;
};

static void lb_reset(void *priv)
{
	struct loopback *lb = priv;

	lb->scratch = 0;
	lb->addr = 0;
	lb->len = 0;
	lb->burst = 0;
	lb->head = 0;
	lb->tail = 0;
	lb->resets++;
	nicsim_timer_cancel(lb->timer);
}

static void lb_timer(void *arg)
{
	struct loopback *lb = arg;

	nicsim_irq(lb->sim, 0);
}

static void lb_send_burst(void *priv)
{
	struct loopback *lb = priv;

	for (; lb->burst && nicsim_wire_tx_room(lb->sim); lb->burst--)
		nicsim_wire_tx(lb->sim, lb->buf, lb->len);
}

static void *lb_create(struct nicsim *sim, const uint8_t mac[6])
{
	struct loopback *lb = calloc(1, sizeof(*lb));

	(void)mac;
	if (!lb)
		return NULL;
	lb->sim = sim;
	lb->room = LB_QUEUE;
	lb->timer = nicsim_timer_new(sim, lb_timer, lb);
	nicsim_on_tx_room(sim, lb_send_burst);
	return lb;
}

static void lb_destroy(void *priv)
{
	struct loopback *lb = priv;

	nicsim_timer_free(lb->timer);
	free(lb);
}

static uint64_t lb_bar_read(void *priv, unsigned int bar, uint64_t off, unsigned int size)
{
	struct loopback *lb = priv;
	uint64_t regs[LB_SIZE / 8] = {
		[LB_ID / 8] = LB_MAGIC,
		[LB_SCRATCH / 8] = lb->scratch,
		[LB_ADDR / 8] = lb->addr,
		[LB_LEN / 8] = lb->len,
		[LB_RESULT / 8] = lb->result,
		[LB_STATE / 8] = lb->master | lb->link << 1 | lb->resets << 8,
		[LB_BURST / 8] = lb->burst,
	};
	uint64_t val = 0;

	if (bar || off + size > sizeof(regs))
		nicsim_strict(lb->sim, "read of unknown register %#jx in BAR %u",
			      (uintmax_t)off, bar);
	else
		memcpy(&val, (uint8_t *)regs + off, size);
	return val;
}

static bool lb_receive(struct loopback *lb)
{
	if (lb->tail == lb->head)
		return false;
	lb->len = lb->queue[lb->tail % LB_QUEUE].len;
	memcpy(lb->buf, lb->queue[lb->tail % LB_QUEUE].data, lb->len);
	lb->tail++;
	nicsim_rx_ready(lb->sim);
	return true;
}

static bool lb_command(struct loopback *lb, uint64_t cmd)
{
	switch (cmd) {
	case LB_CMD_FETCH:
		return nicsim_dma_read(lb->sim, lb->addr, lb->buf, lb->len, "the buffer");
	case LB_CMD_STORE:
		return nicsim_dma_write(lb->sim, lb->addr, lb->buf, lb->len, "the buffer");
	case LB_CMD_SEND:
		if (!nicsim_wire_tx_room(lb->sim))
			return false;
		nicsim_wire_tx(lb->sim, lb->buf, lb->len);
		return true;
	case LB_CMD_RECEIVE:
		return lb_receive(lb);
	}
	return false;
}

static void lb_bar_write(void *priv, unsigned int bar, uint64_t off, uint64_t val,
			 unsigned int size)
{
	struct loopback *lb = priv;

	if (bar || size != 8)
		off = LB_SIZE;
	switch (off) {
	case LB_SCRATCH:
		lb->scratch = val;
		return;
	case LB_IRQ:
		nicsim_irq(lb->sim, (unsigned int)val);
		return;
	case LB_ADDR:
		lb->addr = val;
		return;
	case LB_LEN:
		lb->len = val < sizeof(lb->buf) ? val : sizeof(lb->buf);
		return;
	case LB_COMMAND:
		lb->result = lb_command(lb, val);
		return;
	case LB_TIMER:
		nicsim_timer_arm(lb->timer, val);
		return;
	case LB_BURST:
		lb->burst = val;
		lb_send_burst(lb);
		return;
	}
	nicsim_strict(lb->sim, "write of %u bytes to unknown register in BAR %u", size, bar);
}

static void lb_bus_master(void *priv, bool on)
{
	struct loopback *lb = priv;

	lb->master = on;
}

static void lb_link(void *priv, bool up)
{
	struct loopback *lb = priv;

	lb->link = up;
}

static void lb_check(struct loopback *lb, const uint8_t *frame, size_t len)
{
	uint64_t seq;

	if (gen_check(frame, len, &seq) != GEN_OK) {
		lb->bad++;
		return;
	}
	lb->good++;
	lb->out_of_order += seq != lb->next_seq;
	lb->next_seq = seq + 1;
}

static enum nic_rx_verdict lb_wire_rx(void *priv, const uint8_t *frame, size_t len, bool may_wait)
{
	struct loopback *lb = priv;

	if (lb->check) {
		lb_check(lb, frame, len);
	} else if (lb->head - lb->tail < lb->room) {
		lb->queue[lb->head % LB_QUEUE].len = len;
		memcpy(lb->queue[lb->head % LB_QUEUE].data, frame, len);
		lb->head++;
	} else {
		lb->missed += !may_wait;
		return may_wait ? NIC_RX_WAIT : NIC_RX_TAKEN;
	}
	lb->taken++;
	return NIC_RX_TAKEN;
}

static void lb_stats(void *priv, FILE *out)
{
	struct loopback *lb = priv;

	fprintf(out, "\"taken\":%ju,\"missed\":%ju,\"good\":%ju,\"bad\":%ju,\"out_of_order\":%ju",
		(uintmax_t)lb->taken, (uintmax_t)lb->missed, (uintmax_t)lb->good,
		(uintmax_t)lb->bad, (uintmax_t)lb->out_of_order);
}

static const struct nic_knob lb_knobs[] = {
	{ "rx-room", offsetof(struct loopback, room), 0, LB_QUEUE, NULL },
	{ "check", offsetof(struct loopback, check), 0, 1, NULL },
	{ 0 }
};

static void lb_knob_changed(void *priv)
{
	struct loopback *lb = priv;

	nicsim_rx_ready(lb->sim);
}

const struct nic_model loopback_model = {
	.name = "loopback",
	.vendor = 0x1234,
	.device = 0x6c6f,
	.subvendor = 0x1234,
	.subdevice = 0x0001,
	.revision = 1,
	.class_code = 0x020000,
	.bar = { [0] = { 4096, true }, [4] = { 16384, true } },
	.msix_vectors = 20,
	.msix_bar = 4,
	.msix_cap_offset = 0x70,
	.pm_cap_offset = 0x40,
	.pcie_cap_offset = 0xa0,
	.create = lb_create,
	.destroy = lb_destroy,
	.reset = lb_reset,
	.bar_read = lb_bar_read,
	.bar_write = lb_bar_write,
	.bus_master = lb_bus_master,
	.wire_rx = lb_wire_rx,
	.link = lb_link,
	.stats = lb_stats,
	.knobs = lb_knobs,
	.knob_changed = lb_knob_changed,
};
