// SPDX-License-Identifier: GPL-2.0
/*
 * Slots in the application's own memory (tp_memory): pages, a memfd, transparent huge
 * pages, hugetlb.  The pages are pinned and counted, whatever becomes of the addresses.
 *
 * With PD_MEMORY the other programs have such rings, too.
 *
 *	PD_IFACE, PD_QUEUE, PD_PEER	as in lib/nic.h
 */
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "lib/queue.h"

#define SLOTS	320
#define SIZE	4096
#define SOMEONE	54321	/* a user of whom there is nothing else */

static long page_size(void)
{
	return sysconf(_SC_PAGE_SIZE);
}

FIXTURE(memory) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	struct tpacket4_info info;
	struct pd_nic nic;	/* its tx sends to the ring */
	struct pd_memory area;
	struct tpacket_req4 req;
	long long pinned;	/* before the test */
};

FIXTURE_VARIANT(memory) {
	enum pd_memory_kind kind;
	bool huge;
};

FIXTURE_VARIANT_ADD(memory, pages) {
	.kind = PD_MEMORY_PAGES,
};

FIXTURE_VARIANT_ADD(memory, memfd) {
	.kind = PD_MEMORY_MEMFD,
};

FIXTURE_VARIANT_ADD(memory, thp) {
	.kind = PD_MEMORY_THP, .huge = true,
};

FIXTURE_VARIANT_ADD(memory, hugetlb) {
	.kind = PD_MEMORY_HUGETLB, .huge = true,
};

FIXTURE_SETUP(memory)
{
	self->pd.fd = -1;
	self->nic.tx = -1;
	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	if (!pd_memory_make(&self->area, variant->kind, SIZE))
		SKIP(return, "no such memory here");
	pd_memory_free(&self->area);
	self->nic.ifname = "pd1";
	self->nic.tx = pd_veth_tx("pd0", "pd1");
	ASSERT_GE(self->nic.tx, 0);
	pd_req(&self->req, ENTRIES, SLOTS, SIZE);
	self->pinned = pd_memory_pinned();
}

FIXTURE_TEARDOWN(memory)
{
	pd_close(&self->pd);
	EXPECT_EQ(pd_memory_pinned(), self->pinned);
	pd_memory_free(&self->area);
	if (self->nic.tx >= 0)
		close(self->nic.tx);
}

/* Memory for @n such rings. */
#define MAKE(n)								\
	do {								\
		ASSERT_TRUE(!!pd_memory_make(&self->area, variant->kind, \
					     (n) * pd_memory_len(&self->req))); \
		self->req.tp_memory = (unsigned long)self->area.at;	\
	} while (0)

#define OPEN()								\
	do {								\
		MAKE(1);						\
		OPEN_REQ(&self->req);					\
	} while (0)

TEST_F(memory, layout)
{
	struct tpacket4_layout *l = &self->pd.ring.layout;

	OPEN();
	EXPECT_EQ(l->tl_slot_off, 0);
	EXPECT_EQ(l->tl_payload_off, 0);
	EXPECT_EQ(l->tl_slot_nr, SLOTS);
	EXPECT_EQ(l->tl_map_len,
		  l->tl_hdr_off + ENTRIES * sizeof(struct tpacket4_hdr));
	EXPECT_EQ(l->tl_flags, 0);
	STATS();
	EXPECT_EQ(self->stats.ts_spare, SLOTS - ENTRIES);
}

/* Several rounds, each frame in a slot of one's own memory.  Some are kept by a swap. */
TEST_F(memory, frames)
{
	__u32 spare = ENTRIES, kept, round, i;
	struct tpacket4_hdr *hdr;
	__u8 copy[LEN];

	OPEN();
	for (round = 0; round < 4; round++) {
		SEND(ENTRIES, round * ENTRIES);
		WAIT(ENTRIES);
		hdr = tpacket4_entry(&self->pd.ring, 7);
		EXPECT_EQ(tpacket4_data(&self->pd.ring, hdr),
			  self->area.at + hdr->tp_slot * SIZE + hdr->tp_data);
		memcpy(copy, tpacket4_data(&self->pd.ring, hdr), LEN);
		kept = tpacket4_swap(hdr, spare);
		for (i = 0; i < ENTRIES; i++) {
			if (i == 7)
				continue;
			ASSERT_EQ(pd_gather(&self->pd.ring, i, 1, &frame), 1);
			ASSERT_OK(pd_check(&frame, LEN, round * ENTRIES + i));
		}
		ASSERT_OK(pd_check_bytes(copy, LEN, LEN, round * ENTRIES + 7));
		spare = kept;
		pd_drain(&self->pd);
	}
	STATS();
	EXPECT_EQ(self->stats.ts_packets, 4 * ENTRIES);
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
	EXPECT_EQ(self->stats.ts_drop_no_slot, 0);
}

/* A slot of several pages has to be in one piece. */
TEST_F(memory, large_slots)
{
	int err;

	pd_req(&self->req, 16, 0, 1 << 16);
	MAKE(1);
	self->pd.fd = pd_socket(SOCK_RAW);
	err = pd_set_ring(self->pd.fd, &self->req);
	EXPECT_OK(pd_refused(self->pd.fd, err, variant->huge ? PACKET_DIRECT_OK :
			     PACKET_DIRECT_MEMORY_SCATTERED));
	if (err)
		return;
	close(self->pd.fd);
	OPEN_REQ(&self->req);
	SEND(16, 1);
	TAKE(16, 1);
}

/* Payload slots follow, and both end where they have to. */
TEST_F(memory, payload)
{
	struct tpacket4_layout *l = &self->pd.ring.layout;
	size_t page = page_size();
	int err;

	pd_req(&self->req, ENTRIES, ENTRIES + 4, 512);
	self->req.tp_payload_size = variant->huge ? 4 * page : page;
	self->req.tp_payload_nr = 70;
	OPEN();
	EXPECT_GE(l->tl_payload_off, (ENTRIES + 4) * 512);
	EXPECT_EQ(l->tl_payload_off % self->req.tp_payload_size, 0);
	EXPECT_EQ(l->tl_payload_off + 70 * self->req.tp_payload_size,
		  pd_memory_len(&self->req));
	SEND(ENTRIES, 3);
	TAKE(ENTRIES, 3);
	EXPECT_EQ(frame.hdr.tp_flags & TPACKET4_SPLIT_MASK, TPACKET4_SPLIT_COPIED);
	STATS();

	if (variant->kind == PD_MEMORY_HUGETLB)
		return;
	pd_close(&self->pd);
	munmap(self->area.at + pd_memory_len(&self->req) - page, page);
	self->pd.fd = pd_socket(SOCK_RAW);
	err = pd_set_ring(self->pd.fd, &self->req);
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_MEMORY_FAULT));
}

/* Two rings in one area, and a third that has the range of the first. */
TEST_F(memory, rings_share_an_area)
{
	size_t len = pd_memory_len(&self->req), i;
	struct pd_sock second = { .fd = -1 };
	struct tpacket4_hdr *hdr;
	int third;

	MAKE(2);
	OPEN_REQ(&self->req);
	self->req.tp_memory += len;
	ASSERT_EQ(pd_open(&second, "pd1", &self->req), 0);
	SEND(ENTRIES, 5);
	ASSERT_EQ(pd_wait(&second, ENTRIES, WAIT_MS), ENTRIES);
	TAKE(ENTRIES, 5);
	for (i = 0; i < ENTRIES; i++) {
		hdr = tpacket4_entry(&second.ring, i);
		EXPECT_GE(tpacket4_data(&second.ring, hdr), self->area.at + len);
		ASSERT_EQ(pd_gather(&second.ring, i, 1, &frame), 1);
		ASSERT_OK(pd_check(&frame, LEN, 5 + i));
	}
	pd_close(&second);

	self->req.tp_memory -= len;
	third = pd_socket(SOCK_RAW);
	EXPECT_EQ(pd_set_ring(third, &self->req), 0);
	close(third);
	SEND(ENTRIES, 9);
	TAKE(ENTRIES, 9);
	STATS();
}

/* The kernel does not look at the addresses any more. */
TEST_F(memory, unmapped)
{
	__u8 *at;

	OPEN();
	at = self->area.at;
	ASSERT_EQ(munmap(at, self->area.len), 0);
	self->area.at = NULL;
	SEND(3 * ENTRIES, 0);
	ASSERT_EQ(pd_wait(&self->pd, ENTRIES, WAIT_MS), ENTRIES);
	pd_drain(&self->pd);
	STATS();
	EXPECT_EQ(self->stats.ts_packets, ENTRIES);
	/* somebody else has the address now */
	ASSERT_TRUE(mmap(at, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			 MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
	SEND(ENTRIES, 0);
	ASSERT_EQ(pd_wait(&self->pd, ENTRIES, WAIT_MS), ENTRIES);
	EXPECT_EQ(at[0], 0);
	munmap(at, SIZE);
}

TEST_F(memory, moved)
{
	size_t len;
	__u8 *to;

	OPEN();
	len = self->area.len;
	to = mmap(NULL, len + (2 << 20), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(to != MAP_FAILED);
	to += -(unsigned long)to & ((2 << 20) - 1);
	ASSERT_TRUE(mremap(self->area.at, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
			   to) == to);
	self->area.at = to;
	self->pd.ring.slot = to;
	SEND(ENTRIES, 0);
	TAKE(ENTRIES, 0);
}

TEST_F(memory, discarded)
{
	struct tpacket4_hdr *hdr;

	OPEN();
	ASSERT_EQ(madvise(self->area.at, self->area.len,
			  variant->kind == PD_MEMORY_MEMFD ? MADV_REMOVE :
			  MADV_DONTNEED), 0);
	SEND(ENTRIES, 0);
	WAIT(ENTRIES);
	hdr = tpacket4_entry(&self->pd.ring, 0);
	EXPECT_EQ(tpacket4_data(&self->pd.ring, hdr)[0], 0);
	pd_drain(&self->pd);
	STATS();
	EXPECT_EQ(self->stats.ts_packets, ENTRIES);
}

/* A child's copy of private pages is not the ring's. */
TEST_F(memory, forked)
{
	int status;
	pid_t pid;

	OPEN();
	SEND(ENTRIES, 0);
	WAIT(ENTRIES);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		if (variant->kind != PD_MEMORY_MEMFD)
			memset(self->area.at, 0x55, self->area.len);
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	memset(self->area.at + ENTRIES * SIZE, 0, SIZE);	/* copy on write */
	TAKE(ENTRIES, 0);
	pd_drain(&self->pd);
	SEND(ENTRIES, 7);
	TAKE(ENTRIES, 7);
}

#define DISK	"/dev/ram0"

/* The other way: a slot is written to a disk past the page cache, and back. */
TEST_F(memory, direct_io)
{
	struct tpacket4_hdr *hdr;
	__u8 *slot, *back;
	int disk;

	disk = open(DISK, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (disk < 0)
		SKIP(return, "there is no " DISK);
	OPEN();
	SEND(1, 11);
	WAIT(1);
	hdr = tpacket4_entry(&self->pd.ring, 0);
	slot = tpacket4_slot(&self->pd.ring, hdr->tp_slot);
	back = tpacket4_slot(&self->pd.ring, SLOTS - 1);
	ASSERT_EQ(pwrite(disk, slot, SIZE, 0), SIZE);
	ASSERT_EQ(pread(disk, back, SIZE, 0), SIZE);
	EXPECT_OK(pd_check_bytes(back + hdr->tp_data, LEN, LEN, 11));
	close(disk);
	TAKE(1, 11);
}

/* What a ring is made with by a user who has no rights. */
struct attempt {
	const struct tpacket_req4 *req;
	rlim_t limit;		/* RLIMIT_MEMLOCK */
	int times;
	int fd;			/* socket, or -1: one of its own */
	int ready;		/* where to say so, and then wait for ever */
};

static int become_someone(rlim_t limit)
{
	struct rlimit locked = { limit, limit };

	if (setrlimit(RLIMIT_MEMLOCK, &locked))
		return -errno;

	return setresuid(SOMEONE, SOMEONE, SOMEONE) ? -errno : 0;
}

/* Exits with the reason, or with 255. */
static int child_has_ring(void *arg)
{
	const struct attempt *a = arg;
	int fd = a->fd < 0 ? pd_socket(SOCK_RAW) : a->fd;
	int i, err;

	if (fd < 0 || become_someone(a->limit))
		return 255;
	for (i = 0; i < a->times; i++) {
		err = pd_set_ring(fd, a->req);
		if (err)
			return err == -ENOBUFS ? pd_reason(fd) : 255;
		if (a->ready >= 0)
			break;
		if (pd_remove_ring(fd))
			return 255;
	}
	if (a->ready >= 0 && write(a->ready, "", 1) == 1)
		pause();

	return 0;
}

/* Nothing else of this user is locked: with this limit there can be the ring. */
#define FITS(lim, n)							\
	pd_in_child(child_has_ring, &(struct attempt) {			\
		    .req = &self->req, .limit = lim, .times = n,	\
		    .fd = -1, .ready = -1 })

TEST_F(memory, limit)
{
	size_t len = pd_memory_len(&self->req);

	MAKE(1);
	EXPECT_EQ(FITS(len - 1, 1), PACKET_DIRECT_MEMORY_LIMIT);
	EXPECT_EQ(FITS(0, 1), PACKET_DIRECT_MEMORY_LIMIT);
	EXPECT_EQ(FITS(len, 100), 0);
	EXPECT_EQ(FITS(RLIM_INFINITY, 1), 0);
	/* not counted with CAP_IPC_LOCK */
	OPEN_REQ(&self->req);
	EXPECT_EQ(FITS(len, 1), 0);
}

/* A child that has made a ring. */
static pid_t fork_holder(const struct tpacket_req4 *req, rlim_t limit, int fd)
{
	struct attempt a = { .req = req, .limit = limit, .times = 1, .fd = fd };
	int pipefd[2];
	pid_t pid;
	char c;

	if (pipe(pipefd))
		return -errno;
	a.ready = pipefd[1];
	pid = fork();
	if (!pid)
		_exit(child_has_ring(&a));
	close(pipefd[1]);
	if (read(pipefd[0], &c, 1) != 1)
		pid = -1;
	close(pipefd[0]);

	return pid;
}

/* What is counted is counted back, also when its owner is killed. */
TEST_F(memory, limit_of_a_killed_owner)
{
	size_t len = pd_memory_len(&self->req);
	int i, status;
	pid_t pid;

	MAKE(1);
	for (i = 0; i < 5; i++) {
		pid = fork_holder(&self->req, len, -1);
		ASSERT_GT(pid, 0);
		EXPECT_EQ(FITS(2 * len - 1, 1), PACKET_DIRECT_MEMORY_LIMIT);
		EXPECT_EQ(FITS(2 * len, 1), 0);
		ASSERT_EQ(kill(pid, SIGKILL), 0);
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT_EQ(FITS(len, 1), 0);
	}
}

/* After exec() nobody has the addresses, and the ring goes on. */
TEST_F(memory, exec)
{
	size_t len = pd_memory_len(&self->req);
	int status, kept;
	pid_t pid;

	MAKE(1);
	OPEN_REQ(&self->req);
	kept = dup(self->pd.fd);		/* not closed by exec() */
	pd_memory_free(&self->area);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		execlp("sleep", "sleep", "100", NULL);
		_exit(1);
	}
	close(kept);
	usleep(100000);
	SEND(ENTRIES, 0);
	WAIT(ENTRIES);
	STATS();
	EXPECT_EQ(self->stats.ts_packets, ENTRIES);
	pd_close(&self->pd);
	ASSERT_EQ(kill(pid, SIGKILL), 0);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	MAKE(1);
	EXPECT_EQ(FITS(len, 1), 0);
}

FIXTURE(memory_refused) {
	struct pd_memory area;
	long long pinned;	/* before the test */
	int fd;
};

FIXTURE_SETUP(memory_refused)
{
	self->fd = -1;
	if (pd_missing())
		SKIP(return, "%s", pd_missing());
	self->fd = pd_socket(SOCK_RAW);
	ASSERT_GE(self->fd, 0);
	ASSERT_TRUE(!!pd_memory_make(&self->area, PD_MEMORY_PAGES, 1 << 20));
	/* nothing follows by chance */
	ASSERT_TRUE(mmap(self->area.at + (1 << 20), 4096, PROT_NONE, MAP_PRIVATE |
			 MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED);
	self->pinned = pd_memory_pinned();
}

FIXTURE_TEARDOWN(memory_refused)
{
	if (self->fd >= 0)
		close(self->fd);
	EXPECT_EQ(pd_memory_pinned(), self->pinned);
	pd_memory_free(&self->area);
}

static const struct {
	const char *what;
	int reason;
	__u64 off;		/* from the area on */
	__u32 size, payload, flags;
} refused[] = {
	{ "good", PACKET_DIRECT_OK, 0, 2048 },
	{ "from another page on", PACKET_DIRECT_OK, 4096, 2048 },
	{ "a byte off", PACKET_DIRECT_MEMORY_ALIGN, 1, 2048 },
	{ "half a page off", PACKET_DIRECT_MEMORY_ALIGN, 2048, 2048 },
	{ "half a slot off", PACKET_DIRECT_MEMORY_ALIGN, 4096, 8192 },
	{ "half a payload slot off", PACKET_DIRECT_MEMORY_ALIGN, 4096, 2048, 8192 },
	{ "slots in pieces", PACKET_DIRECT_MEMORY_SCATTERED, 0, 8192 },
	{ "payload in pieces", PACKET_DIRECT_MEMORY_SCATTERED, 0, 2048, 8192 },
	{ "slots to read only", PACKET_DIRECT_MEMORY_READ_ONLY, 0, 2048, 0,
	  TPACKET4_SLOTS_READ_ONLY },
	{ "all of the end", PACKET_DIRECT_OK, (1 << 20) - 64 * 2048, 2048 },
	{ "a page beyond the end", PACKET_DIRECT_MEMORY_FAULT,
	  (1 << 20) - 64 * 2048 + 4096, 2048 },
	{ "behind the end", PACKET_DIRECT_MEMORY_FAULT, 1 << 20, 2048 },
	{ "the kernel's addresses", PACKET_DIRECT_MEMORY_FAULT, 1ULL << 63, 2048 },
	{ "the end of all addresses", PACKET_DIRECT_MEMORY_FAULT, -1ULL << 21, 2048 },
};

/* A refusal changes nothing, and counts nothing. */
TEST_F(memory_refused, geometry)
{
	struct tpacket4_layout layout;
	struct tpacket_req4 req;
	const char *why;
	size_t i;
	int err;

	if (page_size() != 4096)
		SKIP(return, "pages are not of 4096 bytes");
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		pd_req(&req, 64, 0, refused[i].size);
		req.tp_payload_size = refused[i].payload;
		req.tp_flags = refused[i].flags;
		req.tp_memory = (unsigned long)self->area.at + refused[i].off;
		if (refused[i].off >> 32)
			req.tp_memory = refused[i].off;
		err = pd_set_ring(self->fd, &req);
		why = pd_refused(self->fd, err, refused[i].reason);
		EXPECT_TRUE(!why) TH_LOG("%s: %s", refused[i].what, why);
		EXPECT_EQ(tpacket4_get_layout(self->fd, &layout), err ? -EINVAL : 0);
		ASSERT_TRUE(err || !pd_remove_ring(self->fd));
	}
}

#define REFUSED(at)							\
	do {								\
		struct tpacket_req4 _req;				\
									\
		pd_req(&_req, 8, 0, 2048);				\
		_req.tp_memory = (unsigned long)(at);			\
		EXPECT_OK(pd_refused(self->fd, pd_set_ring(self->fd, &_req), \
				     PACKET_DIRECT_MEMORY_FAULT));	\
	} while (0)

/* Memory that the process itself may not write to. */
TEST_F(memory_refused, not_writable)
{
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	size_t len = 1 << 20;
	void *at;

	ASSERT_EQ(mprotect(self->area.at, len, PROT_READ), 0);
	REFUSED(self->area.at);
	ASSERT_EQ(mprotect(self->area.at, len, PROT_NONE), 0);
	REFUSED(self->area.at);
	ASSERT_EQ(mprotect(self->area.at, len, PROT_READ | PROT_WRITE), 0);
	ASSERT_EQ(munmap(self->area.at + 8192, 4096), 0);
	REFUSED(self->area.at);
	at = mmap(NULL, 16384, PROT_READ, MAP_SHARED, file, 0);
	ASSERT_TRUE(at != MAP_FAILED);
	REFUSED(at);
	close(file);
}

/* The slots of another ring that no process may write to stay that. */
TEST_F(memory_refused, read_only_slots_of_a_ring)
{
	int fd = pd_socket(SOCK_RAW);
	struct tpacket4_layout l;
	struct tpacket_req4 req;
	void *slots;

	pd_req(&req, 64, 0, 2048);
	req.tp_flags = TPACKET4_SLOTS_READ_ONLY;
	ASSERT_EQ(pd_set_ring(fd, &req), 0);
	ASSERT_EQ(tpacket4_get_layout(fd, &l), 0);
	slots = mmap(NULL, l.tl_map_len - l.tl_slot_off, PROT_READ, MAP_SHARED, fd,
		     l.tl_slot_off);
	ASSERT_TRUE(slots != MAP_FAILED);
	REFUSED(slots);
	close(fd);
}

FIXTURE(memory_queue) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	struct tpacket4_info info;
	struct pd_nic nic;
	struct pd_memory area;
	struct tpacket_req4 req;
	long long pinned;	/* before the test */
};

FIXTURE_VARIANT(memory_queue) {
	enum pd_memory_kind kind;
};

FIXTURE_VARIANT_ADD(memory_queue, pages) {
	.kind = PD_MEMORY_PAGES,
};

FIXTURE_VARIANT_ADD(memory_queue, memfd) {
	.kind = PD_MEMORY_MEMFD,
};

FIXTURE_VARIANT_ADD(memory_queue, thp) {
	.kind = PD_MEMORY_THP,
};

FIXTURE_VARIANT_ADD(memory_queue, hugetlb) {
	.kind = PD_MEMORY_HUGETLB,
};

FIXTURE_SETUP(memory_queue)
{
	self->pd.fd = -1;
	if (pd_nic_missing())
		SKIP(return, "%s", pd_nic_missing());
	if (!pd_memory_make(&self->area, variant->kind, SIZE))
		SKIP(return, "no such memory here");
	pd_memory_free(&self->area);
	ASSERT_OK(pd_nic_open(&self->nic));
	pd_req(&self->req, ENTRIES, SLOTS, 2048);
	self->pinned = pd_memory_pinned();
}

FIXTURE_TEARDOWN(memory_queue)
{
	pd_close(&self->pd);
	EXPECT_EQ(pd_memory_pinned(), self->pinned);
	pd_memory_free(&self->area);
	pd_nic_close(&self->nic);
}

/* The NIC writes to it, in several leases. */
TEST_F(memory_queue, frames)
{
	__u32 i;

	OPEN();
	for (i = 0; i < 3; i++) {
		LEASE();
		RESUME();
		SEND(100, i);
		TAKE(100, i);
		SEND(100, 100 + i);
		TAKE(100, 100 + i);
		STATS();
		EXPECT_EQ(self->stats.ts_bad_slot, 0);
		ASSERT_EQ(pd_unlease(self->pd.fd), 0);
		RESUME();
		SEND(1, 500);
		NEXT();
	}
	STATS();
	EXPECT_EQ(self->stats.ts_posted, 0);
	EXPECT_EQ(self->stats.ts_quarantined, pd_quarantined());
}

#define LONG	1200

/* Headers and payload, both in one's own memory. */
TEST_F(memory_queue, split)
{
	struct pd_sock *pd = &self->pd;
	__u32 i;

	ASSERT_EQ(pd_nic_limits(&self->nic, &self->info), 0);
	if (!self->info.ti_split_min)
		SKIP(return, "%s splits no headers", self->nic.ifname);
	pd_req(&self->req, ENTRIES, 0, 1024);
	self->req.tp_slot_len = 512;
	self->req.tp_payload_size = SIZE;
	OPEN();
	ASSERT_EQ(pd_lease_split(pd->fd, self->nic.queue), 0);
	RESUME();
	ASSERT_EQ(pd_send_many(self->nic.tx, 100, LONG, 1), 0);
	for (i = 0; i < 100; i++) {
		NEXT();
		ASSERT_OK(pd_check(&frame, LONG, 1 + i));
		ASSERT_NE(frame.hdr.tp_payload_slot, TPACKET4_SLOT_NONE);
	}
	EXPECT_EQ(pd->ring.payload, self->area.at + pd->ring.layout.tl_payload_off);
	STATS();
}

/* Two queues write to one area. */
TEST_F(memory_queue, queues_share_an_area)
{
	__u32 other = (self->nic.queue + 1) % self->nic.queues, i;
	struct pd_sock second = { .fd = -1 };

	if (self->nic.queues < 2)
		SKIP(return, "%s has one queue", self->nic.ifname);
	MAKE(2);
	OPEN_REQ(&self->req);
	self->req.tp_memory += pd_memory_len(&self->req);
	ASSERT_EQ(pd_open(&second, self->nic.ifname, &self->req), 0);
	LEASE();
	ASSERT_EQ(pd_lease(second.fd, other), 0);
	RESUME();
	pd_drain(&second);
	SEND(100, 0);
	WAIT(100);
	ASSERT_EQ(pd_nic_steer(&self->nic, other), 0);
	SEND(100, 100);
	for (i = 0; i < 100; i++) {
		ASSERT_GT(pd_next(&second, &frame, WAIT_MS), 0);
		ASSERT_OK(pd_check(&frame, LEN, 100 + i));
	}
	TAKE(100, 0);
	pd_close(&second);
}

/* The NIC goes on to write where nobody can look any more. */
TEST_F(memory_queue, unmapped)
{
	OPEN();
	LEASE();
	RESUME();
	pd_memory_free(&self->area);
	SEND(100, 0);
	WAIT(100);
	STATS();
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
	pd_drain(&self->pd);
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);
}

/* Who has made the ring is killed, and another one has the socket and the lease. */
TEST_F(memory_queue, killed_owner)
{
	size_t len = pd_memory_len(&self->req);
	int status;
	pid_t pid;

	MAKE(1);
	self->pd.fd = pd_socket(SOCK_RAW);
	ASSERT_EQ(pd_bind(self->pd.fd, if_nametoindex(self->nic.ifname), ETH_P_ALL), 0);
	pid = fork_holder(&self->req, len, self->pd.fd);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(tpacket4_map_own(&self->pd.ring, self->pd.fd, self->area.at), 0);
	LEASE();
	SEND(20, 0);
	ASSERT_EQ(kill(pid, SIGKILL), 0);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	SEND(20, 20);
	WAIT(40);
	if (variant->kind == PD_MEMORY_MEMFD)
		TAKE(40, 0);
	pd_drain(&self->pd);
	STATS();
	EXPECT_EQ(self->stats.ts_bad_slot, 0);
	EXPECT_EQ(FITS(2 * len - 1, 1), PACKET_DIRECT_MEMORY_LIMIT);
	pd_close(&self->pd);
	EXPECT_EQ(FITS(len, 1), 0);
}

TEST_HARNESS_MAIN
