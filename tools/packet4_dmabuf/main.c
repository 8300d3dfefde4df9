// SPDX-License-Identifier: GPL-2.0
/*
 * UDP payload from a network adapter to a file, without the CPU touching it.  The
 * adapter splits the payload from the headers and writes it to a dma-buf of huge
 * pages.  O_DIRECT takes it from there to the file.  Or it writes to a BAR of another
 * device.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "packet4_dmabuf.h"

#define BATCH	64U	/* entries to give back at a time */
#define LOOK_MS	200	/* poll()'s limit: a signal can come just before it */

struct app {
	struct tpacket4_ring ring;
	struct writer	writer;
	FILE		*index;
	uint32_t	*spares;
	uint32_t	spare_nr;
	struct part	parts[BATCH];
	uint32_t	part_nr;
	bool		taking;		/* take this frame's next entries, too */
	uint64_t	stamp;
	uint64_t	len;
	uint64_t	payloads;
	uint64_t	bytes;
	uint64_t	skipped;
	uint64_t	offset;
	int		fd;
};

static bool stop;

static const char usage[] =
"usage: packet4_dmabuf [OPTION]... IFACE QUEUE FILE\n"
"Receive UDP payload from a queue of a network adapter into a dma-buf of huge\n"
"pages, and write it to FILE by O_DIRECT. The CPU never touches it.\n"
"\n"
"      --port=N      UDP destination port (9)\n"
"      --count=N     end after so many payloads; else at SIGINT or SIGTERM\n"
"      --index=FILE  a line for each payload: offset in FILE, length, nanoseconds\n"
"      --entries=N   of the ring, a power of two (4096)\n"
"      --slots=N     for payload, more than entries (8192)\n"
"      --payload=N   bytes of a slot (4096)\n"
"      --bar=A/N     into BAR N of the PCI device at address A, which vfio-pci has\n"
"      --erratum     also on a device that is known to fail at header split\n"
"      --help\n"
"\n"
"Payloads are in FILE one after the other. Each begins at a multiple of the file\n"
"system's block (512 bytes if that is unknown). If all lengths are multiples of\n"
"the block, FILE has nothing but payloads. Otherwise old bytes fill the space\n"
"between them, and --index has the true lengths. A payload that the adapter did\n"
"not split off is skipped and counted.\n";

void give_up(const char *format, ...)
{
	va_list ap;

	fputs("packet4_dmabuf: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static void on_signal(int signal)
{
	(void)signal;
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
}

static unsigned long parse(const char *name, const char *text, unsigned long most)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (end == text || *end || errno || *text == '-' || n > most)
		give_up("%s: \"%s\" is no number from 0 to %lu", name, text, most);
	return n;
}

enum { PORT = 1, COUNT, INDEX, ENTRIES, SLOTS, PAYLOAD, BAR, ERRATUM, HELP };

static const struct option long_options[] = {
	{ "port", required_argument, NULL, PORT },
	{ "count", required_argument, NULL, COUNT },
	{ "index", required_argument, NULL, INDEX },
	{ "entries", required_argument, NULL, ENTRIES },
	{ "slots", required_argument, NULL, SLOTS },
	{ "payload", required_argument, NULL, PAYLOAD },
	{ "bar", required_argument, NULL, BAR },
	{ "erratum", no_argument, NULL, ERRATUM },
	{ "help", no_argument, NULL, HELP },
	{ }
};

static void one_option(struct options *o, int option)
{
	switch (option) {
	case PORT:
		o->port = parse("--port", optarg, UINT16_MAX);
		break;
	case COUNT:
		o->count = parse("--count", optarg, UINT32_MAX);
		break;
	case INDEX:
		o->index = optarg;
		break;
	case ENTRIES:
		o->entries = parse("--entries", optarg, TPACKET4_MAX_ENTRIES);
		break;
	case SLOTS:
		o->slots = parse("--slots", optarg, TPACKET4_MAX_SLOTS);
		break;
	case PAYLOAD:
		o->payload = parse("--payload", optarg, TPACKET4_MAX_SLOT_SIZE);
		break;
	case BAR:
		o->bar = optarg;
		break;
	case ERRATUM:
		o->erratum = true;
		break;
	case HELP:
		fputs(usage, stdout);
		exit(0);
	default:
		fputs(usage, stderr);
		exit(2);
	}
}

static void get_options(struct options *o, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		one_option(o, option);
	if (argc - optind != 3) {
		fputs(usage, stderr);
		exit(2);
	}
	o->iface = argv[optind];
	o->queue = parse("QUEUE", argv[optind + 1], UINT16_MAX);
	o->file = argv[optind + 2];
	if (o->slots <= o->entries)
		give_up("--slots=%u: more than --entries=%u, so that some can be written meanwhile",
			o->slots, o->entries);
}

static void check(int err, const char *file)
{
	if (err)
		give_up("%s: %s", file, strerror(-err));
}

/* The writer's block decides where payloads begin in the file. */
static void begin_file(struct app *a, const struct options *o)
{
	int err = writer_start(&a->writer, o->file, o->slots);

	if (err == -EINVAL)
		give_up("%s: there is no O_DIRECT there: name a file of another file system",
			o->file);
	check(err, o->file);
	if (o->payload % a->writer.block)
		give_up("--payload=%u: no multiple of the %u bytes that O_DIRECT of %s counts in",
			o->payload, a->writer.block, o->file);
	a->index = o->index ? fopen(o->index, "w") : NULL;
	if (o->index && !a->index)
		give_up("%s: %s", o->index, strerror(errno));
}

static void begin_memory(struct app *a, const struct options *o, struct memory *m)
{
	size_t size = 1UL << a->ring.layout.tl_payload_shift;
	uint32_t slot;

	if (o->bar)
		bar_open(m, o->bar, o->slots * size);
	else
		memory_create(m, o->slots * size);
	a->writer.memory = m;
	a->writer.slot_size = size;
	a->spares = calloc(o->slots, sizeof(*a->spares));
	if (!a->spares)
		give_up("out of memory");
	for (slot = o->entries; slot < o->slots; slot++)
		a->spares[a->spare_nr++] = slot;
}

static void finish_payload(struct app *a)
{
	uint32_t block = a->writer.block;

	if (a->index)
		fprintf(a->index, "%llu %llu %llu\n", (unsigned long long)a->offset,
			(unsigned long long)a->len, (unsigned long long)a->stamp);
	a->offset += (a->len + block - 1) / block * block;
	a->bytes += a->len;
	a->payloads++;
	a->len = 0;
}

/* Swaps the payload slot for a spare. The caller has checked that there is one. */
static void take_payload(struct app *a, struct tpacket4_hdr *hdr)
{
	struct part *part = &a->parts[a->part_nr++];

	part->slot = hdr->tp_payload_slot;
	part->len = hdr->tp_payload_len;
	hdr->tp_payload_slot = a->spares[--a->spare_nr];
	a->len += part->len;
}

static void take_entry(struct app *a, struct tpacket4_hdr *hdr)
{
	uint32_t flags = hdr->tp_flags;

	if (flags & TPACKET4_FIRST) {
		a->taking = (flags & TPACKET4_SPLIT_MASK) == TPACKET4_SPLIT_DONE;
		a->skipped += !a->taking;
		a->stamp = hdr->tp_tstamp;
	}
	if (!a->taking)
		return;
	if (hdr->tp_payload_slot != TPACKET4_SLOT_NONE)
		take_payload(a, hdr);
	if (flags & TPACKET4_LAST)
		finish_payload(a);
}

static bool enough(const struct app *a, const struct options *o)
{
	return o->count && a->payloads >= o->count;
}

/* Without spares, entries stay in the ring until the writer returns slots. */
static void take_batch(struct app *a, const struct options *o)
{
	uint32_t nr = 0, there = tpacket4_peek_all(&a->ring);

	if (there > BATCH)
		there = BATCH;
	check(writer_collect(&a->writer, a->spares, &a->spare_nr, there && !a->spare_nr),
	      o->file);
	a->part_nr = 0;
	while (nr < there && a->spare_nr && !enough(a, o))
		take_entry(a, tpacket4_entry(&a->ring, nr++));
	if (a->part_nr)
		check(writer_add(&a->writer, a->parts, a->part_nr), o->file);
	tpacket4_advance(&a->ring, nr);
	tpacket4_release(&a->ring, nr);
	tpacket4_kick(&a->ring, a->fd);
}

static void run(struct app *a, const struct options *o)
{
	struct pollfd pfd = { .fd = a->fd, .events = POLLIN };
	socklen_t len = sizeof(int);
	int err;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) && !enough(a, o)) {
		if (!tpacket4_peek_all(&a->ring) && poll(&pfd, 1, LOOK_MS) > 0 &&
		    pfd.revents & POLLERR)
			getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &err, &len);
		if (__atomic_load_n(&a->ring.ctrl->state, __ATOMIC_RELAXED) ==
		    PACKET_DIRECT_LOST)
			give_up("%s went away%s%s", o->iface, o->bar ? ", or " : "",
				o->bar ?: "");
		take_batch(a, o);
	}
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void report(const struct app *a, double took, const struct tpacket4_stats *s)
{
	printf("%llu payloads, %llu bytes in %.1f s; skipped %llu; ",
	       (unsigned long long)a->payloads, (unsigned long long)a->bytes, took,
	       (unsigned long long)a->skipped);
	printf("dropped %llu by the NIC, %llu as too long, %llu as damaged\n",
	       s->ts_drop_nic, s->ts_drop_too_long, s->ts_drop_error);
}

int main(int argc, char **argv)
{
	struct options o = { .port = 9, .entries = 4096, .slots = 8192, .payload = 4096 };
	struct sigaction action = { .sa_handler = on_signal };
	struct app a = { .fd = -1 };
	struct tpacket4_stats stats;
	struct memory memory = { .dmabuf = -1 };
	double began;

	get_options(&o, argc, argv);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	a.fd = ring_open(&a.ring, &o);
	begin_memory(&a, &o, &memory);
	begin_file(&a, &o);
	ring_lease(a.fd, &o, &memory);
	fprintf(stderr, "packet4_dmabuf: queue %u of %s, %u slots in %zu pages of %zu bytes\n",
		o.queue, o.iface, o.slots, memory.len / memory.page, memory.page);
	began = seconds();
	run(&a, &o);
	ring_release(a.fd);
	check(writer_finish(&a.writer), o.file);
	ring_stats(a.fd, &stats);
	if (a.index && fclose(a.index))
		give_up("%s: %s", o.index, strerror(errno));
	report(&a, seconds() - began, &stats);
	return 0;
}
