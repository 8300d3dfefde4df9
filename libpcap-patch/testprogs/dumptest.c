// SPDX-License-Identifier: BSD-3-Clause
/*
 * Tests how records get into a savefile: sf-pcap-write.c.  Prints TAP.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <pcap.h>

#define LONGEST		262144
#define MOST		(1 << 20)
#define BUFFER		65536
#define STREAMS		100
#define THREADS		4
#define PER_THREAD	20000

struct record {
	uint32_t	sec, usec, caplen, len;
};

static pcap_t *p;
static u_char data[LONGEST];
static u_char want[MOST], got[MOST];
static size_t want_len;
static char dir[] = "/tmp/dumptest.XXXXXX";
static char path[sizeof(dir) + 16];

static void name(int nr)
{
	snprintf(path, sizeof(path), "%s/%d", dir, nr);
}

static void expect(const void *bytes, size_t len)
{
	memcpy(want + want_len, bytes, len);
	want_len += len;
}

static void expect_header(void)
{
	static const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, digits, longest, type;
	} header = { 0xa1b2c3d4, 2, 4, 0, 0, LONGEST, DLT_EN10MB };

	want_len = 0;
	expect(&header, sizeof(header));
}

static void expect_record(uint32_t len)
{
	const struct record r = { 7, len, len, len + 1 };

	expect(&r, sizeof(r));
	expect(data, len);
}

static void dump(pcap_dumper_t *d, uint32_t len)
{
	const struct pcap_pkthdr h = { { 7, len }, len, len + 1 };

	expect_record(len);
	pcap_dump((u_char *)d, &h, data);
}

static long size_of(int nr)
{
	struct stat st;

	name(nr);
	return stat(path, &st) ? -1 : (long)st.st_size;
}

/* Whether the file has the first len bytes that are expected, and no more. */
static int has(int nr, size_t len)
{
	size_t n;
	FILE *f;

	name(nr);
	f = fopen(path, "rb");
	n = f ? fread(got, 1, MOST, f) : 0;
	if (f)
		fclose(f);
	return n == len && !memcmp(got, want, len);
}

static pcap_dumper_t *begin(int nr)
{
	expect_header();
	name(nr);
	return pcap_dump_open(p, path);
}

/* Records that end at the buffer's end, before it and behind it, and long ones. */
static int bytes_of_records(void)
{
	static const int32_t past_end[] = { 0, -1, 1, -16, 16, -17, 17 };
	pcap_dumper_t *d = begin(0);
	u_int i;

	for (i = 0; i < sizeof(past_end) / sizeof(*past_end); i++) {
		dump(d, 0);
		dump(d, 1);
		dump(d, BUFFER - want_len % BUFFER - 100);
		dump(d, BUFFER - want_len % BUFFER - 16 + past_end[i]);
	}
	dump(d, BUFFER);
	dump(d, LONGEST);
	pcap_dump_close(d);
	return has(0, want_len);
}

static int casts(void)
{
	pcap_dumper_t *d = begin(0);
	int i;

	for (i = 0; i < 3000; i++) {
		dump(d, i % 100);
		fwrite("between", 7, 1, (FILE *)d);
		expect("between", 7);
		putc('!', pcap_dump_file(d));
		expect("!", 1);
	}
	fclose((FILE *)d);
	return has(0, want_len);
}

static int buffered(int mode, size_t size)
{
	static char own[BUFFER];
	pcap_dumper_t *d;
	FILE *f;
	int i;

	expect_header();
	name(0);
	f = fopen(path, "wb");
	setvbuf(f, size ? own : NULL, mode, size);
	d = pcap_dump_fopen(p, f);
	for (i = 0; i < 200; i++)
		dump(d, i);
	if (mode == _IONBF && size_of(0) != (long)want_len)
		return 0;
	pcap_dump_close(d);
	return has(0, want_len);
}

static int other_buffers(void)
{
	return buffered(_IONBF, 0) && buffered(_IOLBF, 512) && buffered(_IOFBF, 100) &&
	       buffered(_IOFBF, BUFFER);
}

static int appended(void)
{
	pcap_dumper_t *d = begin(0);

	dump(d, 1000);
	pcap_dump_close(d);
	d = pcap_dump_open_append(p, path);
	dump(d, 70000);
	dump(d, 10);
	pcap_dump_close(d);
	return has(0, want_len);
}

static int flushes(void)
{
	pcap_dumper_t *d = begin(0);
	int i, good = 1;

	for (i = 0; i < 50; i++) {
		dump(d, i);
		good &= pcap_dump_ftell64(d) == (int64_t)want_len;
		good &= pcap_dump_flush(d) == 0 && size_of(0) == (long)want_len;
	}
	pcap_dump_close(d);
	return good && has(0, want_len);
}

static int large_writes(void)
{
	pcap_dumper_t *d = begin(0);
	int good = 1;

	while (want_len < 4 * BUFFER) {
		dump(d, 300);
		good &= size_of(0) == (long)((want_len - 1) / BUFFER * BUFFER);
	}
	pcap_dump_close(d);
	return good && has(0, want_len);
}

/* Somebody waits for what comes through a pipe: it is not held back for longer. */
static int pipes(void)
{
	pcap_dumper_t *d;
	ssize_t n;
	int fd;

	name(1);
	mkfifo(path, 0600);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	d = begin(1);
	while (want_len < 10000)
		dump(d, 100);
	n = read(fd, got, MOST);
	pcap_dump_close(d);
	close(fd);
	unlink(path);
	return n >= 4096 && !memcmp(got, want, n);
}

static int full_disk(void)
{
	pcap_dumper_t *d = pcap_dump_open(p, "/dev/full");
	int good;

	want_len = 0;
	dump(d, 100);
	good = pcap_dump_flush(d) == -1 && ferror((FILE *)d);
	dump(d, 70000);
	good &= ferror((FILE *)d);
	pcap_dump_close(d);
	return good;
}

/* What does not fit any more is cut, and nothing follows it. */
static int limited(void)
{
	const struct rlimit limit = { 100000, RLIM_INFINITY };
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	pcap_dumper_t *d = begin(0);

	setrlimit(RLIMIT_FSIZE, &limit);
	while (want_len < 4 * BUFFER)
		dump(d, 1000);
	setrlimit(RLIMIT_FSIZE, &none);
	if (!ferror((FILE *)d))
		return 0;
	dump(d, 5);
	pcap_dump_close(d);
	return has(0, 100000);
}

static int broken_pipe(void)
{
	pcap_dumper_t *d;
	int fds[2], good;

	if (pipe(fds))
		return 0;
	close(fds[0]);
	d = pcap_dump_fopen(p, fdopen(fds[1], "wb"));
	want_len = 0;
	dump(d, 100);
	good = pcap_dump_flush(d) == -1 && ferror((FILE *)d);
	pcap_dump_close(d);
	return good;
}

static void on_alarm(int nr)
{
	(void)nr;
}

/* A signal in a write to a full pipe is an error, as it is to stdio. */
static int interrupted(void)
{
	const struct sigaction act = { .sa_handler = on_alarm };
	pcap_dumper_t *d;
	int fds[2], good;

	if (pipe(fds))
		return 0;
	sigaction(SIGALRM, &act, NULL);
	d = pcap_dump_fopen(p, fdopen(fds[1], "wb"));
	want_len = 0;
	ualarm(100000, 100000);
	while (!ferror((FILE *)d) && want_len < MOST / 2)
		dump(d, 1000);
	ualarm(0, 0);
	good = ferror((FILE *)d) && want_len > BUFFER && want_len < MOST / 2;
	close(fds[0]);
	pcap_dump_close(d);
	return good;
}

static int left_by_fclose(FILE *f)
{
	return fclose(f);
}

static int closed(FILE *f)
{
	pcap_dump_close((pcap_dumper_t *)f);
	return 0;
}

/* More streams at a time than there are buffers for. */
static int many(int (*close_one)(FILE *))
{
	pcap_dumper_t *d[STREAMS];
	int i, good = 1;

	for (i = 0; i < STREAMS; i++) {
		d[i] = begin(i);
		dump(d[i], i);
	}
	for (i = 0; i < STREAMS; i++)
		close_one((FILE *)d[i]);
	for (i = 0; i < STREAMS; i++) {
		expect_header();
		expect_record(i);
		good &= has(i, want_len);
		unlink(path);
	}
	return good;
}

/* What fclose() leaves behind is no more after many such streams, and is used again. */
static int bounded(void)
{
	size_t before, most = mallinfo2().uordblks + STREAMS / 2 * BUFFER;
	int i;

	if (!many(left_by_fclose) || !many(left_by_fclose))
		return 0;
	before = mallinfo2().uordblks;
	for (i = 0; i < 10; i++)
		if (!many(left_by_fclose))
			return 0;
	return mallinfo2().uordblks < before + BUFFER && before < most;
}

static int freed(void)
{
	size_t before;

	if (!many(closed))
		return 0;
	before = mallinfo2().uordblks;
	return many(closed) && mallinfo2().uordblks < before + BUFFER;
}

/* Each thread's records are of a byte of its own. */
static void *dump_many(void *d)
{
	static int nr;
	u_char mine[200];
	struct pcap_pkthdr h = { { 7, 0 }, 0, 0 };
	int i;

	memset(mine, __atomic_add_fetch(&nr, 1, __ATOMIC_RELAXED), sizeof(mine));
	for (i = 0; i < PER_THREAD; i++) {
		h.caplen = h.len = 1 + i % sizeof(mine);
		pcap_dump(d, &h, mine);
	}
	return NULL;
}

/* How many records a file has, each of one byte as often as it says; -1: it is broken. */
static int count_records(void)
{
	char errbuf[PCAP_ERRBUF_SIZE];
	pcap_t *in = pcap_open_offline(path, errbuf);
	struct pcap_pkthdr *h;
	const u_char *bytes;
	u_int i;
	int ret, n = 0;

	while ((ret = pcap_next_ex(in, &h, &bytes)) == 1) {
		for (i = 1; i < h->caplen; i++)
			if (bytes[i] != bytes[0])
				ret = 0;
		if (!ret)
			break;
		n++;
	}
	pcap_close(in);
	return ret == PCAP_ERROR_BREAK ? n : -1;
}

/* Records are whole, while another thread flushes. */
static int threads(void)
{
	pcap_dumper_t *d = begin(0);
	pthread_t thread[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, dump_many, d);
	for (i = 0; i < 1000; i++)
		pcap_dump_flush(d);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	pcap_dump_close(d);
	return count_records() == THREADS * PER_THREAD;
}

static const struct {
	const char	*name;
	int		(*run)(void);
} cases[] = {
	{ "a file has the bytes of its records", bytes_of_records },
	{ "what a program writes to the stream is between them", casts },
	{ "a stream of the program's own is buffered as it says", other_buffers },
	{ "records are appended", appended },
	{ "a flush writes what there is, and the position is known", flushes },
	{ "a file is written 64 KiB at a time", large_writes },
	{ "a pipe is not held back", pipes },
	{ "a full disk is an error", full_disk },
	{ "what does not fit into a file is cut", limited },
	{ "a broken pipe is an error", broken_pipe },
	{ "an interrupted write is an error", interrupted },
	{ "what fclose() leaves behind is bounded", bounded },
	{ "what pcap_dump_close() closes leaves nothing behind", freed },
	/* the last one: from here on there are several threads */
	{ "records of threads are whole", threads },
};

int main(void)
{
	u_int i, nr = sizeof(cases) / sizeof(*cases);
	int good, failures = 0;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	for (i = 0; i < LONGEST; i++)
		data[i] = i * 7;
	p = pcap_open_dead(DLT_EN10MB, LONGEST);
	if (!p || !mkdtemp(dir)) {
		puts("1..0 # SKIP there is no memory, or no /tmp to write to");
		return 1;
	}
	for (i = 0; i < nr; i++) {
		good = cases[i].run();
		printf("%sok %u - %s\n", good ? "" : "not ", i + 1, cases[i].name);
		failures += !good;
	}
	printf("1..%u\n", nr);
	name(0);
	unlink(path);
	rmdir(dir);
	pcap_close(p);
	return failures != 0;
}
