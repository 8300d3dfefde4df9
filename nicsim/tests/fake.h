/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A backend of nicsim.h for tests of a model without a guest.  Memory is an array,
 * time stands still until a test moves it, and everything that leaves the model is
 * recorded.  Each test program includes this once.
 */
#ifndef NICSIM_TESTS_FAKE_H
#define NICSIM_TESTS_FAKE_H

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "nicsim.h"
#include "wire/packet.h"

#define MEM_BASE	0x100000ull
#define MEM_SIZE	(4u << 20)
#define MAX_OUT		256
#define MAX_LOG		4096
#define MAX_VECTORS	64

struct nicsim_timer {
	void (*fn)(void *arg);
	void *arg;
	bool armed;
	uint64_t deadline;
};

struct fake_frame {
	size_t len;
	uint8_t data[NIC_FRAME_MAX];
};

struct fake_write {
	uint64_t addr;
	size_t len;
	unsigned int barriers;	/* before it */
};

static struct {
	uint8_t mem[MEM_SIZE];
	uint64_t now;
	struct nicsim_timer timer[8];
	unsigned int timers, irq[MAX_VECTORS], strict, rx_ready, barriers;
	char strict_text[256];
	bool link, room;
	uint8_t revision;
	struct fake_frame out[MAX_OUT];
	unsigned int outs;
	struct fake_write log[MAX_LOG];
	unsigned int logged;
	unsigned int tests, failed;
} fake;

static void *fake_mem(uint64_t iova, size_t len, const char *what)
{
	if (iova < MEM_BASE || len > MEM_SIZE || iova - MEM_BASE > MEM_SIZE - len) {
		nicsim_strict(NULL, "%s outside memory", what);
		return NULL;
	}
	return fake.mem + (iova - MEM_BASE);
}

bool nicsim_dma_read(struct nicsim *sim, uint64_t iova, void *buf, size_t len, const char *what)
{
	void *mem = fake_mem(iova, len, what);

	(void)sim;
	if (mem)
		memcpy(buf, mem, len);
	return mem;
}

bool nicsim_dma_write(struct nicsim *sim, uint64_t iova, const void *buf, size_t len,
		      const char *what)
{
	void *mem = fake_mem(iova, len, what);

	(void)sim;
	if (!mem)
		return false;
	memcpy(mem, buf, len);
	if (fake.logged < MAX_LOG)
		fake.log[fake.logged++] = (struct fake_write){ iova, len, fake.barriers };
	return true;
}

void nicsim_set_revision(struct nicsim *sim, uint8_t revision)
{
	(void)sim;
	fake.revision = revision;
}

void nicsim_dma_barrier(void)
{
	fake.barriers++;
}

void nicsim_irq(struct nicsim *sim, unsigned int vector)
{
	(void)sim;
	fake.irq[vector]++;
}

void nicsim_wire_tx(struct nicsim *sim, const uint8_t *frame, size_t len)
{
	(void)sim;
	if (fake.outs == MAX_OUT)
		return;
	fake.out[fake.outs].len = len;
	memcpy(fake.out[fake.outs++].data, frame, len);
}

bool nicsim_wire_tx_room(struct nicsim *sim)
{
	(void)sim;
	return fake.room;
}

void nicsim_on_tx_room(struct nicsim *sim, void (*fn)(void *priv))
{
	(void)sim;
	(void)fn;
}

void nicsim_rx_ready(struct nicsim *sim)
{
	(void)sim;
	fake.rx_ready++;
}

bool nicsim_link_up(struct nicsim *sim)
{
	(void)sim;
	return fake.link;
}

struct nicsim_timer *nicsim_timer_new(struct nicsim *sim, void (*fn)(void *arg), void *arg)
{
	struct nicsim_timer *timer = &fake.timer[fake.timers++];

	(void)sim;
	*timer = (struct nicsim_timer){ .fn = fn, .arg = arg };
	return timer;
}

void nicsim_timer_arm(struct nicsim_timer *timer, uint64_t ns)
{
	timer->armed = true;
	timer->deadline = fake.now + ns;
}

void nicsim_timer_cancel(struct nicsim_timer *timer)
{
	timer->armed = false;
}

void nicsim_timer_free(struct nicsim_timer *timer)
{
	timer->armed = false;
}

uint64_t nicsim_now_ns(void)
{
	return fake.now;
}

void nicsim_strict(struct nicsim *sim, const char *fmt, ...)
{
	va_list ap;

	(void)sim;
	va_start(ap, fmt);
	vsnprintf(fake.strict_text, sizeof(fake.strict_text), fmt, ap);
	va_end(ap);
	fake.strict++;
}

static inline void fake_advance(uint64_t ns)
{
	unsigned int i;

	fake.now += ns;
	for (i = 0; i < fake.timers; i++) {
		if (!fake.timer[i].armed || fake.timer[i].deadline > fake.now)
			continue;
		fake.timer[i].armed = false;
		fake.timer[i].fn(fake.timer[i].arg);
	}
}

static const uint8_t fake_mac[6] = { 0x02, 0, 0, 0, 0, 1 };

/* Power and link on, and nothing recorded but the results of the tests so far. */
static inline void fake_clear(void)
{
	unsigned int tests = fake.tests, failed = fake.failed;

	memset(&fake, 0, sizeof(fake));
	fake.tests = tests;
	fake.failed = failed;
	fake.link = true;
	fake.room = true;
	fake.now = 1000000000;
}

static inline void ok(bool good, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %u - ", good ? "" : "not ", ++fake.tests);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (!good) {
		fake.failed++;
		if (fake.strict)
			printf("# strict: %s\n", fake.strict_text);
	}
}

static inline int done(void)
{
	printf("1..%u\n", fake.tests);
	return fake.failed ? 1 : 0;
}

/* Frames.  Each builder returns the length, at least 60. */
struct fake_flow {
	bool ipv6, vlan, bad_ip, bad_l4, no_csum;
	uint8_t proto;
	uint8_t src[16], dst[16];
	uint16_t sport, dport, tci, frag;
	size_t payload;
};

static inline size_t put_l3(const struct fake_flow *f, uint8_t *ip, size_t l4_len)
{
	if (f->ipv6) {
		memset(ip, 0, 40);
		ip[0] = 0x60;
		put_be16(ip + 4, l4_len);
		ip[6] = f->proto;
		ip[7] = 64;
		memcpy(ip + 8, f->src, 16);
		memcpy(ip + 24, f->dst, 16);
		return 40;
	}
	memset(ip, 0, 20);
	ip[0] = 0x45;
	put_be16(ip + 2, 20 + l4_len);
	put_be16(ip + 6, f->frag);
	ip[8] = 64;
	ip[9] = f->proto;
	memcpy(ip + 12, f->src, 4);
	memcpy(ip + 16, f->dst, 4);
	put_be16(ip + 10, csum_fold(csum_add(f->bad_ip, ip, 20)));
	return 20;
}

static inline size_t put_l4(const struct fake_flow *f, uint8_t *l4, uint32_t pseudo)
{
	size_t hdr = f->proto == 6 ? 20 : 8, field = f->proto == 6 ? 16 : 6, i;

	memset(l4, 0, hdr);
	put_be16(l4, f->sport);
	put_be16(l4 + 2, f->dport);
	if (f->proto == 6)
		l4[12] = 0x50;
	else
		put_be16(l4 + 4, hdr + f->payload);
	for (i = 0; i < f->payload; i++)
		l4[hdr + i] = i * 7 + 1;
	if (!f->no_csum)
		put_be16(l4 + field, csum_fold(csum_add(pseudo + f->bad_l4, l4,
							hdr + f->payload)));
	return hdr + f->payload;
}

static inline size_t build(const struct fake_flow *f, uint8_t *frame)
{
	size_t l4_len = (f->proto == 6 ? 20 : 8) + f->payload, off = 14, addr, len;
	uint32_t pseudo = f->proto + l4_len;

	memset(frame, 0, 64);
	memcpy(frame, fake_mac, 6);
	frame[6] = 0x02;
	frame[11] = 0x99;
	if (f->vlan) {
		put_be16(frame + 12, 0x8100);
		put_be16(frame + 14, f->tci);
		off += 4;
	}
	put_be16(frame + off - 2, f->ipv6 ? 0x86dd : 0x0800);
	addr = f->ipv6 ? 16 : 4;
	pseudo = csum_add(csum_add(pseudo, f->src, addr), f->dst, addr);
	off += put_l3(f, frame + off, l4_len);
	len = off + put_l4(f, frame + off, pseudo);
	if (len < 60)
		memset(frame + len, 0, 60 - len);
	return len < 60 ? 60 : len;
}

static const struct fake_flow udp4 = {
	.proto = 17, .src = { 10, 0, 0, 1 }, .dst = { 10, 0, 0, 2 }, .sport = 1000, .dport = 2000,
	.payload = 100,
};

#endif
