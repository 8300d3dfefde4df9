// SPDX-License-Identifier: GPL-2.0
/*
 * The cable.  Two ports share a memfd.  It has a ring for each direction, and a
 * word for each end that says whether the end is plugged in.  The memfd comes over
 * a socket.  After that the socket carries only wake-ups, one byte each, and tells
 * when the peer is gone.
 *
 * No frame is lost in a ring: a full ring stops the sender.  With the knob
 * wire-pause the receiver may leave frames in the ring, as a NIC does that sends
 * pause frames.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loop.h"
#include "sim.h"
#include "sock.h"
#include "wire/ring.h"
#include "wire/source.h"
#include "wire/wire.h"

#define WIRE_MAGIC	"nicsim-1"
#define WIRE_PER_TURN	64
#define WIRE_RETRY_MIN	20000000ull
#define WIRE_RETRY_MAX	1000000000ull

/* The shared file: control page of each ring, the ends, the data. */
#define WIRE_CTL(n)	((n) * (size_t)RING_CTL_SIZE)
#define WIRE_ENDS	(2 * (size_t)RING_CTL_SIZE)
#define WIRE_DATA(n)	(4 * (size_t)RING_CTL_SIZE + (n) * (size_t)RING_SIZE)
#define WIRE_FILE_SIZE	WIRE_DATA(2)

struct wire_ends {
	atomic_uint plugged[2];
};

struct wire_hello {
	char magic[8];
	uint32_t file_size, frame_max;
};

struct wire {
	struct nicsim *sim;
	enum wire_role role;
	char *path;
	unsigned int end;	/* 0: the listener */
	struct loop_fd listen, conn;
	struct nicsim_timer *retry;
	uint64_t retry_ns;
	struct loop_work rx_work;

	struct wire_ends *ends;	/* NULL: no peer */
	struct ring tx, rx;
	bool pulled, link, pause;
	bool rx_blocked, tx_waits;
	void (*tx_room)(void *priv);

	uint64_t tx_frames, tx_bytes, rx_frames, rx_bytes;
	uint64_t tx_nowhere, tx_no_link, tx_overrun, tx_bad, rx_no_link;
};

static void wire_kick(struct wire *wire)
{
	/* If the socket is full, there are enough wake-ups in it. */
	send(wire->conn.fd, "k", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void wire_update_link(struct wire *wire)
{
	struct nicsim *sim = wire->sim;
	bool up = !wire->pulled;

	if (wire->role != WIRE_NONE)
		up = up && wire->ends && atomic_load(&wire->ends->plugged[!wire->end]);
	if (up == wire->link)
		return;
	wire->link = up;
	if (sim->model->link)
		sim->model->link(sim->priv, up);
	source_port_set_link(sim->sources, up);
}

static void wire_lose_peer(struct wire *wire, const char *why);

/* Calls a model that waits, if there is room, or if the link drops all frames. */
static void wire_tx_check(struct wire *wire)
{
	if (!wire->tx_waits || (wire->link && !ring_room(&wire->tx)))
		return;
	wire->tx_waits = false;
	if (wire->tx_room)
		wire->tx_room(wire->sim->priv);
}

static bool wire_deliver(struct wire *wire, const uint8_t *frame, size_t len)
{
	struct nicsim *sim = wire->sim;

	if (!wire->link) {
		wire->rx_no_link++;
		return true;
	}
	if (sim->model->wire_rx(sim->priv, frame, len, wire->pause) == NIC_RX_WAIT &&
	    wire->pause)
		return false;
	wire->rx_frames++;
	wire->rx_bytes += len;
	return true;
}

static void wire_receive(void *arg)
{
	struct wire *wire = arg;
	const uint8_t *frame;
	unsigned int n;
	size_t len;

	if (!wire->ends || wire->rx_blocked)
		return;
	for (n = 0; n < WIRE_PER_TURN; n++) {
		frame = ring_peek(&wire->rx, &len);
		if (!frame)
			break;
		if (!wire_deliver(wire, frame, len)) {
			wire->rx_blocked = true;
			break;
		}
		ring_next(&wire->rx, len);
	}
	if (ring_release(&wire->rx))
		wire_kick(wire);
	if (wire->rx.broken)
		wire_lose_peer(wire, "its ring is damaged");
	else if (!wire->rx_blocked && (n == WIRE_PER_TURN || !ring_sleep_for_frame(&wire->rx)))
		loop_queue(wire->sim->loop, &wire->rx_work);
}

static void wire_rx_ready(struct wire *wire)
{
	if (!wire->rx_blocked)
		return;
	wire->rx_blocked = false;
	loop_queue(wire->sim->loop, &wire->rx_work);
}

void nicsim_rx_ready(struct nicsim *sim)
{
	wire_rx_ready(sim->wire);
	source_port_rx_ready(sim->sources);
}

void nicsim_wire_tx(struct nicsim *sim, const uint8_t *frame, size_t len)
{
	struct wire *wire = sim->wire;

	if (!len || len > NIC_FRAME_MAX) {
		wire->tx_bad++;
		nicsim_strict(sim, "frame of %zu bytes sent on the wire", len);
	} else if (!wire->link) {
		wire->tx_no_link++;
	} else if (wire->role == WIRE_NONE) {
		wire->tx_nowhere++;
	} else if (!ring_room(&wire->tx)) {
		wire->tx_overrun++;
	} else {
		wire->tx_frames++;
		wire->tx_bytes += len;
		if (ring_put(&wire->tx, frame, len))
			wire_kick(wire);
	}
}

bool nicsim_wire_tx_room(struct nicsim *sim)
{
	struct wire *wire = sim->wire;

	if (!wire->link || wire->role == WIRE_NONE || ring_room(&wire->tx) ||
	    !ring_sleep_for_room(&wire->tx))
		return true;
	wire->tx_waits = true;
	return false;
}

void nicsim_on_tx_room(struct nicsim *sim, void (*fn)(void *priv))
{
	sim->wire->tx_room = fn;
}

bool nicsim_link_up(struct nicsim *sim)
{
	return sim->wire->link;
}

static void wire_unmap(struct wire *wire)
{
	if (wire->tx.ctl)
		ring_unmap(&wire->tx);
	if (wire->rx.ctl)
		ring_unmap(&wire->rx);
	if (wire->ends)
		munmap(wire->ends, RING_CTL_SIZE);
	wire->ends = NULL;
}

static bool wire_map(struct wire *wire, int fd)
{
	void *ends;

	if (!ring_map(&wire->tx, fd, WIRE_CTL(wire->end), WIRE_DATA(wire->end)) ||
	    !ring_map(&wire->rx, fd, WIRE_CTL(!wire->end), WIRE_DATA(!wire->end)))
		goto fail;
	ends = mmap(NULL, RING_CTL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, WIRE_ENDS);
	if (ends == MAP_FAILED)
		goto fail;
	wire->ends = ends;
	atomic_store(&wire->ends->plugged[wire->end], !wire->pulled);
	return true;
fail:
	fprintf(stderr, "nicsim: wire: cannot map the rings: %s\n", strerror(errno));
	wire_unmap(wire);
	return false;
}

/* Waits for the next peer, or tries to connect again: after a short time, or after
 * a long one if what answered was not a peer.
 */
static void wire_lose_peer(struct wire *wire, const char *why)
{
	wire->retry_ns = wire->ends ? WIRE_RETRY_MIN : WIRE_RETRY_MAX;
	fprintf(stderr, "nicsim: wire: peer lost: %s\n", why);
	loop_del(wire->sim->loop, &wire->conn);
	close(wire->conn.fd);
	wire->conn.fd = -1;
	wire_unmap(wire);
	wire->rx_blocked = false;
	wire_update_link(wire);
	wire_tx_check(wire);
	if (wire->role == WIRE_LISTEN) {
		loop_mod(wire->sim->loop, &wire->listen, EPOLLIN);
		return;
	}
	nicsim_timer_arm(wire->retry, wire->retry_ns);
}

static int wire_send_hello(struct wire *wire, int memfd)
{
	struct wire_hello hello = {
		.magic = WIRE_MAGIC, .file_size = WIRE_FILE_SIZE, .frame_max = NIC_FRAME_MAX,
	};
	char ctl[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = &hello, .iov_len = sizeof(hello) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &memfd, sizeof(memfd));
	return sendmsg(wire->conn.fd, &msg, MSG_NOSIGNAL) == sizeof(hello) ? 0 : -1;
}

/* The descriptor of the rings, or -1 with the reason in @why. */
static int wire_recv_hello(struct wire *wire, const char **why)
{
	struct wire_hello hello;
	char ctl[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { .iov_base = &hello, .iov_len = sizeof(hello) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	struct cmsghdr *c;
	struct stat st;
	ssize_t n;
	int fd = -1;

	n = recvmsg(wire->conn.fd, &msg, MSG_CMSG_CLOEXEC);
	c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	*why = n ? "not the other end of a nicsim wire of this version" : "closed";
	if (n == sizeof(hello) && fd >= 0 &&
	    !memcmp(hello.magic, WIRE_MAGIC, sizeof(hello.magic)) &&
	    hello.file_size == WIRE_FILE_SIZE && hello.frame_max == NIC_FRAME_MAX &&
	    !fstat(fd, &st) && st.st_size == WIRE_FILE_SIZE &&
	    fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void wire_handshake(struct wire *wire)
{
	const char *why;
	int fd;

	fd = wire_recv_hello(wire, &why);
	if (fd < 0 || !wire_map(wire, fd)) {
		wire_lose_peer(wire, fd < 0 ? why : "no memory");
		if (fd >= 0)
			close(fd);
		return;
	}
	close(fd);
	wire_update_link(wire);
	wire_kick(wire);
	loop_queue(wire->sim->loop, &wire->rx_work);
}

static void wire_event(void *arg, uint32_t events)
{
	struct wire *wire = arg;
	char buf[64];
	ssize_t n;

	(void)events;
	if (!wire->ends) {
		wire_handshake(wire);
		return;
	}
	n = recv(wire->conn.fd, buf, sizeof(buf), 0);
	if (n < 0 && errno == EAGAIN)
		return;
	wire_update_link(wire);
	if (n <= 0) {
		wire_receive(wire);
		if (wire->ends)
			wire_lose_peer(wire, n ? strerror(errno) : "closed");
		return;
	}
	wire_tx_check(wire);
	loop_queue(wire->sim->loop, &wire->rx_work);
}

static int wire_memfd(void)
{
	int fd = memfd_create("nicsim-wire", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, WIRE_FILE_SIZE) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW)) {
		fprintf(stderr, "nicsim: wire: no shared memory: %s\n", strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static void wire_new_peer(void *arg, uint32_t events)
{
	struct wire *wire = arg;
	int fd, memfd;

	(void)events;
	fd = sock_accept(wire->listen.fd);
	if (fd < 0)
		return;
	wire->conn.fd = fd;
	memfd = wire_memfd();
	if (memfd < 0 || !wire_map(wire, memfd) || wire_send_hello(wire, memfd) ||
	    !loop_add(wire->sim->loop, &wire->conn, EPOLLIN)) {
		wire_unmap(wire);
		close(fd);
		wire->conn.fd = -1;
	} else {
		loop_mod(wire->sim->loop, &wire->listen, 0);
	}
	if (memfd >= 0)
		close(memfd);
}

static void wire_try_connect(void *arg)
{
	struct wire *wire = arg;

	wire->conn.fd = sock_connect(wire->path);
	if (wire->conn.fd >= 0 && loop_add(wire->sim->loop, &wire->conn, EPOLLIN))
		return;
	if (wire->conn.fd >= 0)
		close(wire->conn.fd);
	wire->conn.fd = -1;
	wire->retry_ns *= 2;
	if (wire->retry_ns > WIRE_RETRY_MAX)
		wire->retry_ns = WIRE_RETRY_MAX;
	nicsim_timer_arm(wire->retry, wire->retry_ns);
}

void wire_set_plugged(struct wire *wire, bool plugged)
{
	wire->pulled = !plugged;
	if (wire->ends) {
		atomic_store(&wire->ends->plugged[wire->end], plugged);
		wire_kick(wire);
	}
	wire_update_link(wire);
	wire_tx_check(wire);
	loop_queue(wire->sim->loop, &wire->rx_work);
}

/* A frame that waits by the old rule is offered again. */
void wire_set_pause(struct wire *wire, bool pause)
{
	wire->pause = pause;
	wire_rx_ready(wire);
}

bool wire_get_pause(struct wire *wire)
{
	return wire->pause;
}

void wire_stats(struct wire *wire, FILE *out)
{
	fprintf(out, "\"cable\":%s,\"peer\":%s,\"link\":%s",
		wire->role == WIRE_NONE ? "false" : "true", wire->ends ? "true" : "false",
		wire->link ? "true" : "false");
	fprintf(out, ",\"tx_frames\":%ju,\"tx_bytes\":%ju,\"rx_frames\":%ju,\"rx_bytes\":%ju",
		(uintmax_t)wire->tx_frames, (uintmax_t)wire->tx_bytes,
		(uintmax_t)wire->rx_frames, (uintmax_t)wire->rx_bytes);
	fprintf(out, ",\"tx_nowhere\":%ju,\"tx_no_link\":%ju,\"tx_overrun\":%ju,\"tx_bad\":%ju",
		(uintmax_t)wire->tx_nowhere, (uintmax_t)wire->tx_no_link,
		(uintmax_t)wire->tx_overrun, (uintmax_t)wire->tx_bad);
	fprintf(out, ",\"rx_no_link\":%ju", (uintmax_t)wire->rx_no_link);
}

struct wire *wire_new(struct nicsim *sim, enum wire_role role, const char *path)
{
	struct wire *wire = calloc(1, sizeof(*wire));

	if (!wire)
		return NULL;
	wire->sim = sim;
	wire->role = role;
	wire->end = role == WIRE_CONNECT;
	wire->path = path ? strdup(path) : NULL;
	wire->conn = (struct loop_fd){ -1, wire_event, wire };
	wire->listen = (struct loop_fd){ -1, wire_new_peer, wire };
	wire->rx_work = (struct loop_work){ .fn = wire_receive, .arg = wire };
	wire->retry = loop_timer_new(sim->loop, wire_try_connect, wire);
	wire->retry_ns = WIRE_RETRY_MIN;
	if (role == WIRE_LISTEN) {
		wire->listen.fd = sock_listen(path, "wire");
		if (wire->listen.fd < 0 || !loop_add(sim->loop, &wire->listen, EPOLLIN))
			return NULL;
	}
	return wire;
}

void wire_start(struct wire *wire)
{
	wire_update_link(wire);
	if (wire->role == WIRE_CONNECT)
		wire_try_connect(wire);
}

void wire_free(struct wire *wire)
{
	if (wire->conn.fd >= 0)
		close(wire->conn.fd);
	if (wire->listen.fd >= 0) {
		close(wire->listen.fd);
		unlink(wire->path);
	}
	wire_unmap(wire);
	nicsim_timer_free(wire->retry);
	free(wire->path);
	free(wire);
}
