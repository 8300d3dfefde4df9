// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's slots mapped by huge pages.  Whatever becomes of the mapping, each address
 * has the frame that was written to its slot, and no page stays counted.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "lib/test.h"

#define ENTRIES	1024
#define SIZE	4096
#define LEN	300
#define HUGE_KB	(ENTRIES * SIZE / 1024)
#define DISK	"/dev/ram0"

static struct pd_frame frame;

/* The sum of the lines of a file that begin with @name; -1 without one. */
static long sum_of(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	size_t len = strlen(name);
	char line[512];
	long sum = -1;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, len))
			sum = (sum < 0 ? 0 : sum) + strtol(line + len, NULL, 10);
	if (file)
		fclose(file);

	return sum;
}

/* KiB of this process's mappings of files that are huge pages. */
static long huge_kb(void)
{
	return sum_of("/proc/self/smaps", "FilePmdMapped:");
}

/* Why nothing can be mapped by huge pages here, or NULL. */
static const char *no_huge_pages(void)
{
	char line[512];
	FILE *file;
	bool has;

	file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");
	if (!file)
		return "the kernel has no transparent huge pages";
	has = fgets(line, sizeof(line), file) && !strstr(line, "[never]");
	fclose(file);
	if (!has)
		return "transparent_hugepage/enabled is never";

	has = false;
	file = fopen("/proc/kallsyms", "re");
	while (file && !has && fgets(line, sizeof(line), file))
		has = strstr(line, " vmf_insert_folio_pmd\n");
	if (file)
		fclose(file);

	return has ? NULL : "drivers cannot map huge pages before Linux 7.3";
}

FIXTURE(huge) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	struct tpacket_req4 req;
	int tx;
	long before;	/* KiB of the machine that are mapped so */
};

FIXTURE_SETUP(huge)
{
	self->pd.fd = -1;
	self->tx = -1;
	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	if (no_huge_pages())
		SKIP(return, "%s", no_huge_pages());
	ASSERT_EQ(pd_netns(), 0);
	ASSERT_EQ(pd_veth("pd0", "pd1"), 0);
	self->tx = pd_tx_open("pd0");
	ASSERT_GE(self->tx, 0);
	self->before = sum_of("/proc/meminfo", "FilePmdMapped:");
	ASSERT_GE(self->before, 0);
	pd_req(&self->req, ENTRIES, 0, SIZE);
}

FIXTURE_TEARDOWN(huge)
{
	pd_close(&self->pd);
	EXPECT_EQ(sum_of("/proc/meminfo", "FilePmdMapped:"), self->before);
	close(self->tx);
}

#define OPEN()	ASSERT_EQ(pd_open(&self->pd, "pd1", &self->req), 0)

/* All slots have a frame, and so has each page of them. */
#define FILL(seq)							\
	do {								\
		ASSERT_EQ(pd_send_many(self->tx, ENTRIES, LEN, seq), 0); \
		WAIT(ENTRIES);						\
	} while (0)

#define LOOK(seq)							\
	do {								\
		__u32 _i;						\
									\
		for (_i = 0; _i < ENTRIES; _i++) {			\
			ASSERT_EQ(pd_gather(&self->pd.ring, _i, 1, &frame), 1); \
			ASSERT_OK(pd_check(&frame, LEN, (seq) + _i));	\
		}							\
	} while (0)

/* The mapping is at @at now. */
static void move_to(struct tpacket4_ring *ring, __u8 *at)
{
	ring->ctrl = (void *)(at + ring->layout.tl_ctrl_off);
	ring->hdr = at + ring->layout.tl_hdr_off;
	ring->slot = at + ring->layout.tl_slot_off;
}

TEST_F(huge, frames)
{
	__u32 round;

	OPEN();
	EXPECT_EQ(huge_kb(), HUGE_KB);
	for (round = 0; round < 3; round++) {
		FILL(round * ENTRIES);
		LOOK(round * ENTRIES);
		pd_drain(&self->pd);
	}
	STATS();
	EXPECT_EQ(self->stats.ts_packets, 3 * ENTRIES);
	EXPECT_EQ(huge_kb(), HUGE_KB);
}

TEST_F(huge, payload)
{
	self->req.tp_slot_size = 2048;
	self->req.tp_payload_size = SIZE;
	self->req.tp_payload_nr = ENTRIES;
	OPEN();
	EXPECT_EQ(huge_kb(), ENTRIES * 2 + HUGE_KB);
	FILL(1);
	LOOK(1);
	EXPECT_EQ(frame.hdr.tp_flags & TPACKET4_SPLIT_MASK, TPACKET4_SPLIT_COPIED);
}

/* Addresses that are no multiples of a huge page: by pages, and at once. */
TEST_F(huge, elsewhere)
{
	struct tpacket4_ring *ring = &self->pd.ring;
	size_t len, page = sysconf(_SC_PAGE_SIZE);
	__u8 *at;

	OPEN();
	len = ring->layout.tl_map_len;
	munmap(ring->slot - ring->layout.tl_slot_off, len);
	at = tpacket4_reserve(len + page, ring->layout.tl_slot_off);
	ASSERT_TRUE(at != MAP_FAILED);
	ASSERT_TRUE(mmap(at + page, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			 self->pd.fd, 0) == at + page);
	munmap(at, page);
	move_to(ring, at + page);
	EXPECT_EQ(madvise(at + page, len, MADV_HUGEPAGE), 0);
	EXPECT_EQ(huge_kb(), 0);
	FILL(5);
	LOOK(5);
}

/* Who has turned huge pages off for himself has the ring by pages. */
TEST_F(huge, not_wanted)
{
	ASSERT_EQ(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
	OPEN();
	EXPECT_EQ(huge_kb(), 0);
	FILL(6);
	LOOK(6);
}

/* By pages first, since that was not asked for, then by both kinds. */
TEST_F(huge, thrown_away)
{
	struct tpacket4_ring *ring = &self->pd.ring;

	OPEN();
	FILL(7);
	ASSERT_EQ(madvise(ring->slot, HUGE_KB * 1024, MADV_DONTNEED), 0);
	EXPECT_EQ(huge_kb(), 0);
	ASSERT_EQ(madvise(ring->slot, HUGE_KB * 1024, MADV_NOHUGEPAGE), 0);
	EXPECT_OK(pd_gather(ring, 0, 1, &frame) == 1 ? pd_check(&frame, LEN, 7) : "no frame");
	EXPECT_EQ(huge_kb(), 0);
	ASSERT_EQ(madvise(ring->slot, HUGE_KB * 1024, MADV_HUGEPAGE), 0);
	LOOK(7);
	EXPECT_EQ(huge_kb(), HUGE_KB - 2048);
}

/* A part of a huge page is unmapped, another one cannot be written to: the rest is as it
 * was, by pages.
 */
TEST_F(huge, parts)
{
	struct tpacket4_ring *ring = &self->pd.ring;
	__u32 i;

	OPEN();
	FILL(8);
	ASSERT_EQ(munmap(ring->slot + 9 * SIZE, SIZE), 0);
	EXPECT_EQ(huge_kb(), HUGE_KB - 2048);
	ASSERT_EQ(mprotect(ring->slot + 600 * SIZE, SIZE, PROT_READ), 0);
	EXPECT_EQ(huge_kb(), HUGE_KB - 4096);
	for (i = 0; i < ENTRIES; i++) {
		if (tpacket4_entry(ring, i)->tp_slot == 9)
			continue;
		ASSERT_EQ(pd_gather(ring, i, 1, &frame), 1);
		ASSERT_OK(pd_check(&frame, LEN, 8 + i));
	}
	EXPECT_EQ(pd_remove_ring(self->pd.fd), -EBUSY);
}

TEST_F(huge, moved)
{
	struct tpacket4_ring *ring = &self->pd.ring;
	size_t len, page = sysconf(_SC_PAGE_SIZE);
	__u8 *map, *to;

	OPEN();
	FILL(9);
	len = ring->layout.tl_map_len;
	map = ring->slot - ring->layout.tl_slot_off;
	to = tpacket4_reserve(len + page, ring->layout.tl_slot_off);
	ASSERT_TRUE(to != MAP_FAILED);
	ASSERT_TRUE(mremap(map, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to + page) ==
		    to + page);
	move_to(ring, to + page);
	LOOK(9);
	EXPECT_EQ(huge_kb(), 0);
	pd_drain(&self->pd);
	FILL(10);
	LOOK(10);
	munmap(to, page);
}

TEST_F(huge, grown)
{
	struct tpacket4_ring *ring = &self->pd.ring;
	__u8 *map, *grown;
	size_t len;

	OPEN();
	FILL(11);
	len = ring->layout.tl_map_len;
	map = ring->slot - ring->layout.tl_slot_off;
	grown = mremap(map, len, len + TPACKET4_HUGE, MREMAP_MAYMOVE);
	ASSERT_TRUE(grown != MAP_FAILED);
	move_to(ring, grown);
	EXPECT_EQ(pd_signal_at(grown + len), SIGBUS);
	LOOK(11);
	ASSERT_EQ(munmap(grown + len, TPACKET4_HUGE), 0);
}

/* A child has the same slots, and keeps the ring. */
TEST_F(huge, forked)
{
	struct tpacket4_ring *ring = &self->pd.ring;
	int status, pipefd[2];
	pid_t pid;
	char c;

	OPEN();
	FILL(12);
	ASSERT_EQ(pipe(pipefd), 0);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		close(pipefd[1]);
		if (read(pipefd[0], &c, 1) < 0 || pd_gather(ring, 700, 1, &frame) != 1 ||
		    pd_check(&frame, LEN, 12 + 700))
			_exit(1);
		_exit(huge_kb() != 2048);
	}
	LOOK(12);
	tpacket4_unmap(ring);
	EXPECT_EQ(pd_remove_ring(self->pd.fd), -EBUSY);
	close(pipefd[1]);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	EXPECT_EQ(pd_remove_ring(self->pd.fd), 0);
	close(pipefd[0]);
}

/* Pages of a huge page are pinned by a pipe, and outlive the ring. */
TEST_F(huge, pinned)
{
	int pipefd[2];
	struct iovec iov;
	__u8 got[LEN];

	OPEN();
	FILL(13);
	iov.iov_base = tpacket4_data(&self->pd.ring, tpacket4_entry(&self->pd.ring, 20));
	iov.iov_len = LEN;
	ASSERT_EQ(pipe(pipefd), 0);
	ASSERT_EQ(vmsplice(pipefd[1], &iov, 1, 0), LEN);
	pd_close(&self->pd);
	ASSERT_EQ(read(pipefd[0], got, LEN), LEN);
	EXPECT_OK(pd_check_bytes(got, LEN, LEN, 33));
	close(pipefd[0]);
	close(pipefd[1]);
}

TEST_F(huge, direct_io)
{
	struct tpacket4_ring *ring = &self->pd.ring;
	struct tpacket4_hdr *hdr;
	int disk, i;

	disk = open(DISK, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (disk < 0)
		SKIP(return, "there is no " DISK);
	OPEN();
	FILL(14);
	for (i = 0; i < 2; i++) {
		hdr = tpacket4_entry(ring, 30 + i);
		ASSERT_EQ(pwrite(disk, tpacket4_slot(ring, hdr->tp_slot), SIZE, i * SIZE),
			  SIZE);
	}
	hdr = tpacket4_entry(ring, 30);
	ASSERT_EQ(pread(disk, tpacket4_slot(ring, hdr->tp_slot), SIZE, SIZE), SIZE);
	EXPECT_OK(pd_check_bytes(tpacket4_data(ring, hdr), LEN, LEN, 14 + 31));
	close(disk);
	EXPECT_EQ(huge_kb(), HUGE_KB);
}

/* Slots that no process may write to. */
TEST_F(huge, read_only)
{
	struct tpacket4_ring *ring = &self->pd.ring;
	struct tpacket4_layout *l = &ring->layout;
	size_t len;
	__u8 *at;

	self->req.tp_flags = TPACKET4_SLOTS_READ_ONLY;
	self->pd.fd = pd_socket(SOCK_RAW);
	ASSERT_EQ(pd_set_ring(self->pd.fd, &self->req), 0);
	ASSERT_EQ(tpacket4_get_layout(self->pd.fd, l), 0);
	len = l->tl_map_len - l->tl_slot_off;
	at = tpacket4_reserve(len, 0);
	ASSERT_TRUE(at != MAP_FAILED);
	ASSERT_TRUE(mmap(at, len, PROT_READ, MAP_SHARED | MAP_FIXED, self->pd.fd,
			 l->tl_slot_off) == at);
	ASSERT_EQ(madvise(at, len, MADV_HUGEPAGE), 0);
	EXPECT_EQ(__atomic_load_n(at, __ATOMIC_RELAXED), 0);
	EXPECT_EQ(huge_kb(), 2048);
	EXPECT_EQ(mprotect(at, len, PROT_READ | PROT_WRITE), -1);
	EXPECT_EQ(errno, EACCES);
	EXPECT_EQ(pd_remove_ring(self->pd.fd), -EBUSY);
	munmap(at, len);
	EXPECT_EQ(pd_remove_ring(self->pd.fd), 0);
}

TEST_HARNESS_MAIN
