// SPDX-License-Identifier: GPL-2.0
/*
 * mmap() of a TPACKET_V4 ring: which mappings there can be, and that each of them keeps
 * the ring.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "lib/args.h"

static int try_map(int fd, size_t len, off_t off, int prot, int flags)
{
	void *map = mmap(NULL, len, prot, flags, fd, off);

	if (map == MAP_FAILED)
		return -errno;
	munmap(map, len);

	return 0;
}

TEST_F(args, mmap)
{
	size_t page = sysconf(_SC_PAGE_SIZE), len;
	const int rw = PROT_READ | PROT_WRITE;
	struct tpacket4_layout l;

	EXPECT_EQ(try_map(self->fd, page, 0, rw, MAP_SHARED), -EINVAL);
	ASSERT_EQ(pd_set_ring(self->fd, &self->req), 0);
	ASSERT_EQ(tpacket4_get_layout(self->fd, &l), 0);
	len = l.tl_map_len;

	EXPECT_EQ(try_map(self->fd, len - page, 0, rw, MAP_SHARED), -EINVAL);
	EXPECT_EQ(try_map(self->fd, len + page, 0, rw, MAP_SHARED), -EINVAL);
	EXPECT_EQ(try_map(self->fd, page, 0, rw, MAP_SHARED), -EINVAL);
	EXPECT_EQ(try_map(self->fd, len, page, rw, MAP_SHARED), -EINVAL);
	EXPECT_EQ(try_map(self->fd, len, len, rw, MAP_SHARED), -EINVAL);
	EXPECT_EQ(try_map(self->fd, len - page, page, rw, MAP_SHARED), -EINVAL);
	EXPECT_EQ(try_map(self->fd, len, 0, rw, MAP_PRIVATE), -EINVAL);
	EXPECT_EQ(try_map(self->fd, len, 0, rw, MAP_SHARED), 0);
	EXPECT_EQ(try_map(self->fd, len, 0, rw, MAP_SHARED | MAP_POPULATE), 0);
	EXPECT_EQ(try_map(self->fd, len, 0, PROT_READ, MAP_SHARED), 0);
}

TEST_F(args, mmap_twice)
{
	struct tpacket4_ring second;
	int tx = pd_tx_open("pd0");
	static struct pd_frame frame;

	ASSERT_EQ(pd_open(&self->pd, "pd1", &self->req), 0);
	ASSERT_EQ(tpacket4_map(&second, self->pd.fd), 0);
	EXPECT_TRUE(second.ctrl != self->pd.ring.ctrl);
	ASSERT_EQ(pd_send(tx, 100, 1), 0);
	WAIT(1);
	EXPECT_EQ(tpacket4_peek(&second), 1);
	ASSERT_EQ(pd_gather(&second, 0, 1, &frame), 1);
	EXPECT_OK(pd_check(&frame, 100, 1));

	/* One of them keeps the ring. */
	tpacket4_unmap(&second);
	EXPECT_EQ(pd_remove_ring(self->pd.fd), -EBUSY);
	close(tx);
}

TEST_F(args, mmap_parts)
{
	size_t page = sysconf(_SC_PAGE_SIZE), len;
	__u8 *map;
	int err;

	ASSERT_EQ(pd_open(&self->pd, "pd1", &self->req), 0);
	map = (__u8 *)self->pd.ring.ctrl - self->pd.ring.layout.tl_ctrl_off;
	len = self->pd.ring.layout.tl_map_len;

	ASSERT_EQ(munmap(map + page, page), 0);
	err = pd_remove_ring(self->pd.fd);
	EXPECT_OK(pd_refused(self->pd.fd, err, PACKET_DIRECT_RING_MAPPED));
	ASSERT_EQ(munmap(map, page), 0);
	EXPECT_EQ(pd_remove_ring(self->pd.fd), -EBUSY);
	ASSERT_EQ(munmap(map + 2 * page, len - 2 * page), 0);
	self->pd.ring.ctrl = NULL;
	EXPECT_EQ(pd_remove_ring(self->pd.fd), 0);
}

/* A mapping that mremap() made longer has no page behind the ring. */
TEST_F(args, mmap_grown)
{
	size_t page = sysconf(_SC_PAGE_SIZE), len;
	__u8 *map, *grown;

	ASSERT_EQ(pd_open(&self->pd, "pd1", &self->req), 0);
	map = (__u8 *)self->pd.ring.ctrl - self->pd.ring.layout.tl_ctrl_off;
	len = self->pd.ring.layout.tl_map_len;
	grown = mremap(map, len, len + page, MREMAP_MAYMOVE);
	if (grown == MAP_FAILED)
		return;

	EXPECT_EQ(pd_signal_at(grown + len), SIGBUS);
	ASSERT_EQ(munmap(grown, len + page), 0);
	self->pd.ring.ctrl = NULL;
	EXPECT_EQ(pd_remove_ring(self->pd.fd), 0);
}

static void *map_at(int fd, __u64 off, __u64 len, int prot)
{
	void *map = mmap(NULL, len, prot, MAP_SHARED, fd, off);

	return map == MAP_FAILED ? NULL : map;
}

/* Only the control page and the entries can be written to. */
TEST_F(args, mmap_slots_read_only)
{
	struct tpacket4_ring *ring = &self->pd.ring;
	struct tpacket4_layout *l = &ring->layout;
	int rw = PROT_READ | PROT_WRITE, mem;
	void *slots;

	self->req.tp_flags = TPACKET4_SLOTS_READ_ONLY;
	self->pd.fd = pd_socket(SOCK_RAW);
	ASSERT_EQ(pd_set_ring(self->pd.fd, &self->req), 0);
	ASSERT_EQ(tpacket4_get_layout(self->pd.fd, l), 0);
	EXPECT_EQ(l->tl_flags, TPACKET4_SLOTS_READ_ONLY);
	EXPECT_TRUE(!map_at(self->pd.fd, 0, l->tl_map_len, rw));
	EXPECT_TRUE(!map_at(self->pd.fd, 0, l->tl_map_len, PROT_READ));
	EXPECT_TRUE(!map_at(self->pd.fd, l->tl_slot_off,
			    l->tl_map_len - l->tl_slot_off, rw));
	EXPECT_TRUE(!map_at(self->pd.fd, l->tl_slot_off, 4096, PROT_READ));

	ring->ctrl = map_at(self->pd.fd, 0, l->tl_slot_off, rw);
	ASSERT_TRUE(!!ring->ctrl);
	slots = map_at(self->pd.fd, l->tl_slot_off,
		       l->tl_map_len - l->tl_slot_off, PROT_READ);
	ASSERT_TRUE(!!slots);
	EXPECT_EQ(mprotect(slots, 4096, rw), -1);
	EXPECT_EQ(errno, EACCES);
	mem = open("/proc/self/mem", O_RDWR);
	ASSERT_GE(mem, 0);
	EXPECT_EQ(pwrite(mem, "x", 1, (off_t)(unsigned long)slots), -1);
	close(mem);
	EXPECT_EQ(pd_remove_ring(self->pd.fd), -EBUSY);

	munmap(slots, l->tl_map_len - l->tl_slot_off);
	munmap(ring->ctrl, l->tl_slot_off);
	ring->ctrl = NULL;
	EXPECT_EQ(pd_remove_ring(self->pd.fd), 0);
}

/* Frames arrive in slots that are read only. */
TEST_F(args, frames_in_slots_read_only)
{
	struct tpacket4_ring *ring = &self->pd.ring;
	struct tpacket4_layout *l = &ring->layout;
	int tx = pd_tx_open("pd0");
	static __u8 sent[100];
	struct tpacket4_hdr *hdr;
	__u8 *slots;

	ASSERT_GE(tx, 0);
	self->req.tp_flags = TPACKET4_SLOTS_READ_ONLY;
	self->pd.fd = pd_socket(SOCK_RAW);
	ASSERT_EQ(pd_set_ring(self->pd.fd, &self->req), 0);
	ASSERT_EQ(tpacket4_get_layout(self->pd.fd, l), 0);
	ASSERT_EQ(pd_bind(self->pd.fd, self->ifindex, ETH_P_ALL), 0);
	ring->ctrl = map_at(self->pd.fd, 0, l->tl_slot_off, PROT_READ | PROT_WRITE);
	slots = map_at(self->pd.fd, l->tl_slot_off,
		       l->tl_map_len - l->tl_slot_off, PROT_READ);
	ASSERT_TRUE(ring->ctrl && slots);
	ASSERT_EQ(pd_send(tx, sizeof(sent), 7), 0);
	while (__atomic_load_n(&ring->ctrl->prod, __ATOMIC_ACQUIRE) ==
	       l->tl_index_start)
		usleep(1000);
	hdr = (void *)((__u8 *)ring->ctrl + l->tl_hdr_off);
	pd_fill(sent, sizeof(sent), 7);
	EXPECT_EQ(hdr->tp_len, sizeof(sent));
	EXPECT_EQ(memcmp(slots + ((size_t)hdr->tp_slot << l->tl_slot_shift) +
			 hdr->tp_data, sent, sizeof(sent)), 0);
	munmap(slots, l->tl_map_len - l->tl_slot_off);
	munmap(ring->ctrl, l->tl_slot_off);
	ring->ctrl = NULL;
	close(tx);
}

TEST_F(args, mmap_moved)
{
	int tx = pd_tx_open("pd0");
	struct tpacket4_ring *ring = &self->pd.ring;
	__u8 *map, *moved;
	size_t len;

	ASSERT_EQ(pd_open(&self->pd, "pd1", &self->req), 0);
	map = (__u8 *)ring->ctrl - ring->layout.tl_ctrl_off;
	len = ring->layout.tl_map_len;
	moved = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(moved != MAP_FAILED);
	ASSERT_TRUE(mremap(map, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
			   moved) == moved);
	ring->ctrl = (void *)(moved + ring->layout.tl_ctrl_off);
	ring->hdr = moved + ring->layout.tl_hdr_off;
	ring->slot = moved + ring->layout.tl_slot_off;
	EXPECT_EQ(pd_remove_ring(self->pd.fd), -EBUSY);
	ASSERT_EQ(pd_send(tx, 100, 1), 0);
	WAIT(1);
	tpacket4_unmap(ring);
	EXPECT_EQ(pd_remove_ring(self->pd.fd), 0);
	close(tx);
}

/* The mapping of a forked child keeps the ring too. */
TEST_F(args, mmap_forked)
{
	int status, pipefd[2];
	pid_t pid;
	char c;

	ASSERT_EQ(pd_open(&self->pd, "pd1", &self->req), 0);
	ASSERT_EQ(pipe(pipefd), 0);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		close(pipefd[1]);
		_exit(read(pipefd[0], &c, 1) < 0);
	}
	tpacket4_unmap(&self->pd.ring);
	EXPECT_EQ(pd_remove_ring(self->pd.fd), -EBUSY);
	close(pipefd[1]);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(pd_remove_ring(self->pd.fd), 0);
}

/* The pages can be pinned, as vmsplice() and O_DIRECT do. */
TEST_F(args, mmap_pages_are_pinned_by_io)
{
	int pipefd[2], tx = pd_tx_open("pd0");
	struct iovec iov;
	__u8 got[200];

	ASSERT_EQ(pd_open(&self->pd, "pd1", &self->req), 0);
	ASSERT_EQ(pd_send(tx, 200, 3), 0);
	WAIT(1);
	iov.iov_base = tpacket4_data(&self->pd.ring,
				     tpacket4_entry(&self->pd.ring, 0));
	iov.iov_len = 200;
	ASSERT_EQ(pipe(pipefd), 0);
	ASSERT_EQ(vmsplice(pipefd[1], &iov, 1, 0), 200);
	ASSERT_EQ(read(pipefd[0], got, 200), 200);
	EXPECT_OK(pd_check_bytes(got, 200, 200, 3));
	close(tx);
}

TEST_HARNESS_MAIN
