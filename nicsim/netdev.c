// SPDX-License-Identifier: GPL-2.0
/*
 * A port without a NIC: behind it is a network backend of QEMU, and so a NIC that QEMU
 * itself emulates.  It has the cable, the sources and the requests that a model of a NIC
 * has.  The backend is one of two:
 *
 * -netdev stream on a Unix socket, for a NIC with one queue.  Each frame comes after its
 * length, 4 bytes in big-endian order.
 *
 * -netdev tap, for a NIC with several.  The client is a packet socket on that device from
 * the beginning (--socket fd:N).  Each frame is a message.
 *
 * QEMU does not read while its NIC has no buffer.  The socket, or a queue of the tap
 * device, is full then, and frames wait or are missed, as with a NIC whose packet buffer
 * is full.  Nobody tells when a queue has room again: it is tried once in a while.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bytes.h"
#include "loop.h"
#include "nicsim.h"
#include "sim.h"
#include "sock.h"

#define ND_HEAD		4	/* a frame's length */
#define ND_ONE		(ND_HEAD + NIC_FRAME_MAX)
#define ND_RETRY_NS	500000
#define ND_PER_TURN	64

struct netdev {
	struct nicsim *sim;
	char *path;
	struct loop_fd listen, conn;
	uint32_t events;
	bool tap;		/* the client is a packet socket */
	struct nicsim_timer *retry;

	uint8_t in[2 * ND_ONE];	/* from QEMU: frames, the last one not whole */
	size_t in_len;
	uint8_t out[ND_ONE];	/* to QEMU: what is left of a frame */
	size_t out_at, out_len;
	bool full;		/* the socket, when a frame last came */

	uint64_t taken, missed, sent;
};

static void nd_retry(void *arg)
{
	struct netdev *nd = arg;

	nd->full = false;
	nicsim_rx_ready(nd->sim);
}

static void *nd_create(struct nicsim *sim, const uint8_t mac[6])
{
	struct netdev *nd = calloc(1, sizeof(*nd));

	(void)mac;
	if (!nd)
		return NULL;
	nd->sim = sim;
	nd->listen.fd = -1;
	nd->conn.fd = -1;
	nd->retry = nicsim_timer_new(sim, nd_retry, nd);
	return nd;
}

static bool nd_has_client(void *priv)
{
	struct netdev *nd = priv;

	return nd->conn.fd >= 0;
}

static void nd_listen_for(struct netdev *nd, uint32_t events)
{
	if (events == nd->events)
		return;
	nd->events = events;
	loop_mod(nd->sim->loop, &nd->conn, events);
}

static void nd_drop_client(struct netdev *nd)
{
	loop_del(nd->sim->loop, &nd->conn);
	close(nd->conn.fd);
	nd->conn.fd = -1;
	nd->in_len = 0;
	nd->out_len = 0;
	nd->full = false;
	loop_mod(nd->sim->loop, &nd->listen, EPOLLIN);
	nicsim_rx_ready(nd->sim);
}

/* ---- From the wire to QEMU ---- */

/* Returns false unless all is gone that was left of a frame. */
static bool nd_send_rest(struct netdev *nd)
{
	ssize_t n;

	if (!nd->out_len)
		return true;
	n = send(nd->conn.fd, nd->out + nd->out_at, nd->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return false;
	nd->out_at += n;
	nd->out_len -= n;
	return !nd->out_len;
}

/* What the socket does not take at once waits here. */
static bool nd_send(struct netdev *nd, const uint8_t *frame, size_t len)
{
	uint8_t head[ND_HEAD];
	struct iovec iov[] = {
		{ .iov_base = head, .iov_len = sizeof(head) },
		{ .iov_base = (uint8_t *)frame, .iov_len = len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = ARRAY_SIZE(iov) };
	ssize_t n;

	put_be32(head, len);
	n = sendmsg(nd->conn.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return false;
	memcpy(nd->out, head, sizeof(head));
	memcpy(nd->out + sizeof(head), frame, len);
	nd->out_at = n;
	nd->out_len = sizeof(head) + len - n;
	return true;
}

static bool nd_is_taken(struct netdev *nd, const uint8_t *frame, size_t len)
{
	if (nd->conn.fd < 0)
		return false;
	if (nd->tap)
		return send(nd->conn.fd, frame, len, MSG_DONTWAIT) == (ssize_t)len;
	return nd_send_rest(nd) && nd_send(nd, frame, len);
}

/* The frame is offered again. */
static void nd_wait_for_room(struct netdev *nd)
{
	nd->full = true;
	if (nd->tap)
		nicsim_timer_arm(nd->retry, ND_RETRY_NS);
	else
		nd_listen_for(nd, nd->events | EPOLLOUT);
}

static enum nic_rx_verdict nd_wire_rx(void *priv, const uint8_t *frame, size_t len,
				      bool may_wait)
{
	struct netdev *nd = priv;

	if (nd_is_taken(nd, frame, len)) {
		nd->taken++;
		return NIC_RX_TAKEN;
	}
	if (!may_wait || nd->conn.fd < 0) {
		nd->missed++;
		return NIC_RX_TAKEN;
	}
	nd_wait_for_room(nd);
	return NIC_RX_WAIT;
}

static void nd_writable(struct netdev *nd)
{
	if (!nd_send_rest(nd))
		return;
	nd_listen_for(nd, nd->events & ~EPOLLOUT);
	if (!nd->full)
		return;
	nd->full = false;
	nicsim_rx_ready(nd->sim);
}

/* ---- From QEMU to the wire ---- */

/* A NIC's MAC pads what is too short. */
static void nd_put(struct netdev *nd, const uint8_t *frame, size_t len)
{
	uint8_t padded[NIC_FRAME_MIN] = { 0 };

	if (len < NIC_FRAME_MIN) {
		memcpy(padded, frame, len);
		frame = padded;
		len = NIC_FRAME_MIN;
	}
	nd->sent++;
	nicsim_wire_tx(nd->sim, frame, len);
}

/* Puts whole frames on the wire as long as it has room. */
static void nd_forward(struct netdev *nd)
{
	size_t at = 0, len;

	while (nd->in_len - at >= ND_HEAD) {
		len = get_be32(nd->in + at);
		if (!len || len > NIC_FRAME_MAX) {
			nicsim_strict(nd->sim, "QEMU sent a frame of %zu bytes", len);
			nd_drop_client(nd);
			return;
		}
		if (nd->in_len - at < ND_HEAD + len || !nicsim_wire_tx_room(nd->sim))
			break;
		nd_put(nd, nd->in + at + ND_HEAD, len);
		at += ND_HEAD + len;
	}
	nd->in_len -= at;
	memmove(nd->in, nd->in + at, nd->in_len);
}

/* A frame that is whole and still here waits for room on the wire. */
static bool nd_waits(struct netdev *nd)
{
	return nd->in_len >= ND_HEAD && nd->in_len >= ND_HEAD + get_be32(nd->in);
}

static void nd_tx_room(void *priv)
{
	struct netdev *nd = priv;

	if (nd->conn.fd < 0)
		return;
	if (nd->tap) {
		nd_listen_for(nd, nd->events | EPOLLIN);
		return;
	}
	nd_forward(nd);
	if (nd->conn.fd >= 0 && !nd_waits(nd))
		nd_listen_for(nd, nd->events | EPOLLIN);
}

static void nd_readable(struct netdev *nd)
{
	ssize_t n = recv(nd->conn.fd, nd->in + nd->in_len, sizeof(nd->in) - nd->in_len, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		nd_drop_client(nd);
		return;
	}
	nd->in_len += n;
	nd_forward(nd);
	if (nd->conn.fd >= 0 && nd_waits(nd))
		nd_listen_for(nd, nd->events & ~EPOLLIN);
}

/* What comes while the wire is full waits in the packet socket. */
static void nd_read_messages(void *arg, uint32_t events)
{
	struct netdev *nd = arg;
	unsigned int n;
	ssize_t len;

	(void)events;
	for (n = 0; n < ND_PER_TURN; n++) {
		if (!nicsim_wire_tx_room(nd->sim)) {
			nd_listen_for(nd, nd->events & ~EPOLLIN);
			return;
		}
		len = recv(nd->conn.fd, nd->in, sizeof(nd->in), MSG_DONTWAIT);
		if (len <= 0)
			return;
		nd_put(nd, nd->in, len);
	}
}

static void nd_event(void *arg, uint32_t events)
{
	struct netdev *nd = arg;

	if (events & EPOLLOUT)
		nd_writable(nd);
	if (nd->conn.fd >= 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		nd_readable(nd);
}

/* ---- The port ---- */

static void nd_accept(void *arg, uint32_t events)
{
	struct netdev *nd = arg;

	(void)events;
	nd->conn.fd = sock_accept(nd->listen.fd);
	if (nd->conn.fd < 0)
		return;
	nd->events = EPOLLIN;
	if (loop_add(nd->sim->loop, &nd->conn, EPOLLIN)) {
		loop_mod(nd->sim->loop, &nd->listen, 0);
		return;
	}
	close(nd->conn.fd);
	nd->conn.fd = -1;
}

static bool nd_has_fd(struct netdev *nd, const char *text)
{
	char *end;
	long fd = strtol(text, &end, 10);

	nd->tap = true;
	nd->events = EPOLLIN;
	nd->conn = (struct loop_fd){ (int)fd, nd_read_messages, nd };
	nicsim_on_tx_room(nd->sim, nd_tx_room);
	if (*text && !*end && loop_add(nd->sim->loop, &nd->conn, EPOLLIN))
		return true;
	fprintf(stderr, "nicsim: --socket fd:%s: %s\n", text, strerror(errno));
	return false;
}

static bool nd_serve(void *priv, const char *path)
{
	struct netdev *nd = priv;

	if (!strncmp(path, "fd:", 3))
		return nd_has_fd(nd, path + 3);
	nd->path = strdup(path);
	nd->conn = (struct loop_fd){ -1, nd_event, nd };
	nd->listen = (struct loop_fd){ sock_listen(path, "netdev"), nd_accept, nd };
	nicsim_on_tx_room(nd->sim, nd_tx_room);
	return nd->path && nd->listen.fd >= 0 && loop_add(nd->sim->loop, &nd->listen, EPOLLIN);
}

static void nd_destroy(void *priv)
{
	struct netdev *nd = priv;

	if (nd->conn.fd >= 0)
		close(nd->conn.fd);
	if (nd->listen.fd >= 0) {
		close(nd->listen.fd);
		unlink(nd->path);
	}
	nicsim_timer_free(nd->retry);
	free(nd->path);
	free(nd);
}

static void nd_stats(void *priv, FILE *out)
{
	struct netdev *nd = priv;
	const struct nic_counter row[] = {
		{ "taken", nd->taken }, { "rx_missed", nd->missed }, { "sent", nd->sent },
	};

	json_counters(out, row, ARRAY_SIZE(row));
}

const struct nic_model netdev_model = {
	.name = "netdev",
	.create = nd_create,
	.destroy = nd_destroy,
	.wire_rx = nd_wire_rx,
	.stats = nd_stats,
	.serve = nd_serve,
	.has_client = nd_has_client,
};
