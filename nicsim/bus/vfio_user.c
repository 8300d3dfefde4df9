// SPDX-License-Identifier: GPL-2.0
/*
 * The server side of vfio-user, for one client at a time.  A wrong message is
 * answered with an errno.  A header that cannot be right ends the connection,
 * because nothing after it could be trusted.  When the client goes, the device is
 * as after power-on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/dma.h"
#include "bus/messages.h"
#include "bus/pci.h"
#include "bus/vfio_user.h"
#include "loop.h"
#include "sim.h"
#include "sock.h"

#define VU_MAX_FDS	16
#define VU_MAX_XFER	0x100000u
#define VU_MAX_BODY	(sizeof(struct vu_region_rw) + VU_MAX_XFER)
#define VU_PER_TURN	64

struct vfio_user {
	struct nicsim *sim;
	char *path;
	struct loop_fd listen, conn;
	struct loop_work more;
	bool negotiated;

	/* The message being received; its descriptors. */
	struct vu_hdr hdr;
	uint8_t *body;
	size_t have;
	int fds[VU_MAX_FDS];
	unsigned int nfds;
	bool fds_lost;

	/* The reply being built, or waiting for room in the socket. */
	uint8_t *out;
	size_t out_len, out_sent;

	int *irq;		/* eventfd of each vector, or -1 */
};

static size_t body_len(struct vfio_user *vu)
{
	return vu->hdr.size - sizeof(vu->hdr);
}

static void *reply_body(struct vfio_user *vu, size_t len)
{
	vu->out_len = sizeof(struct vu_hdr) + len;
	return vu->out + sizeof(struct vu_hdr);
}

static void close_fds(struct vfio_user *vu)
{
	while (vu->nfds) {
		vu->nfds--;
		if (vu->fds[vu->nfds] >= 0)
			close(vu->fds[vu->nfds]);
	}
	vu->fds_lost = false;
}

static void irq_set(struct vfio_user *vu, unsigned int vector, int fd)
{
	if (vu->irq[vector] >= 0)
		close(vu->irq[vector]);
	vu->irq[vector] = fd;
	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void irq_signal(struct vfio_user *vu, unsigned int vector)
{
	uint64_t one = 1;

	if (vu->irq[vector] >= 0 && write(vu->irq[vector], &one, sizeof(one)) < 0)
		fprintf(stderr, "nicsim: vector %u: %s\n", vector, strerror(errno));
}

void nicsim_irq(struct nicsim *sim, unsigned int vector)
{
	if (vector >= sim->model->msix_vectors)
		nicsim_strict(sim, "interrupt vector %u does not exist", vector);
	else
		irq_signal(sim->vfio, vector);
}

/* One function for each command.  They return 0 or -errno. */

static int do_version(struct vfio_user *vu)
{
	const struct vu_version *req = (const void *)vu->body;
	size_t len = body_len(vu) - sizeof(*req), reply_len;
	struct vu_version *reply;
	char data[160];
	bool multi;

	if (req->major != 0)
		return -EPROTONOSUPPORT;
	if (len && req->data[len - 1])
		return -EINVAL;
	multi = len && strstr(req->data, "\"write_multiple\"");
	snprintf(data, sizeof(data),
		 "{\"capabilities\":{\"max_msg_fds\":%u,\"max_data_xfer_size\":%u,\"max_dma_maps\":%u%s}}",
		 VU_MAX_FDS, VU_MAX_XFER, DMA_MAX_REGIONS,
		 multi ? ",\"write_multiple\":true" : "");
	reply_len = strlen(data) + 1;
	reply = reply_body(vu, sizeof(*reply) + reply_len);
	reply->major = 0;
	reply->minor = 0;
	memcpy(reply->data, data, reply_len);
	vu->negotiated = true;
	return 0;
}

static int do_dma_map(struct vfio_user *vu)
{
	const struct vu_dma_map *req = (const void *)vu->body;
	uint32_t known = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;

	if (req->flags & ~known || vu->nfds > 1)
		return -EINVAL;
	return dma_map(vu->sim->dma, req->iova, req->size, vu->nfds ? vu->fds[0] : -1,
		       req->offset, req->flags & VFIO_DMA_MAP_FLAG_READ,
		       req->flags & VFIO_DMA_MAP_FLAG_WRITE);
}

static int do_dma_unmap(struct vfio_user *vu)
{
	const struct vu_dma_unmap *req = (const void *)vu->body;
	int err = 0;

	if (req->flags & ~VFIO_DMA_UNMAP_FLAG_ALL)
		return -EINVAL;
	if (!(req->flags & VFIO_DMA_UNMAP_FLAG_ALL))
		err = dma_unmap(vu->sim->dma, req->iova, req->size);
	else if (req->iova || req->size)
		err = -EINVAL;
	else
		dma_unmap_all(vu->sim->dma);
	if (!err)
		memcpy(reply_body(vu, sizeof(*req)), req, sizeof(*req));
	return err;
}

static int do_get_info(struct vfio_user *vu)
{
	const struct vu_device_info *req = (const void *)vu->body;
	struct vu_device_info info = {
		.argsz = sizeof(info),
		.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET,
		.num_regions = VFIO_PCI_NUM_REGIONS,
		.num_irqs = VFIO_PCI_NUM_IRQS,
	};

	if (req->argsz < sizeof(info))
		return -EINVAL;
	memcpy(reply_body(vu, sizeof(info)), &info, sizeof(info));
	return 0;
}

static uint64_t region_size(struct vfio_user *vu, uint32_t region)
{
	if (region < NIC_NUM_BARS)
		return pci_bar_size(vu->sim->pci, region);
	return region == VFIO_PCI_CONFIG_REGION_INDEX ? PCI_CFG_SIZE : 0;
}

static int do_get_region_info(struct vfio_user *vu)
{
	const struct vu_region_info *req = (const void *)vu->body;
	struct vu_region_info info = {
		.argsz = sizeof(info),
		.index = req->index,
		.offset = (uint64_t)req->index << 40,
	};

	if (req->argsz < sizeof(info) || req->index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	info.size = region_size(vu, req->index);
	if (info.size)
		info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	memcpy(reply_body(vu, sizeof(info)), &info, sizeof(info));
	return 0;
}

static int do_get_irq_info(struct vfio_user *vu)
{
	const struct vu_irq_info *req = (const void *)vu->body;
	struct vu_irq_info info = {
		.argsz = sizeof(info),
		.index = req->index,
		.flags = VFIO_IRQ_INFO_EVENTFD,
	};

	if (req->argsz < sizeof(info) || req->index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	if (req->index == VFIO_PCI_MSIX_IRQ_INDEX)
		info.count = vu->sim->model->msix_vectors;
	memcpy(reply_body(vu, sizeof(info)), &info, sizeof(info));
	return 0;
}

/* Without descriptors the vectors lose the ones that they have. */
static int set_eventfds(struct vfio_user *vu, const struct vu_irq_set *req)
{
	uint32_t i;

	if (vu->nfds && vu->nfds != req->count)
		return -EINVAL;
	for (i = 0; i < req->count; i++) {
		irq_set(vu, req->start + i, vu->nfds ? vu->fds[i] : -1);
		if (vu->nfds)
			vu->fds[i] = -1;
	}
	return 0;
}

static int trigger_irqs(struct vfio_user *vu, const struct vu_irq_set *req, bool chosen)
{
	const uint8_t *on = vu->body + sizeof(*req);
	uint32_t i;

	if (chosen && body_len(vu) - sizeof(*req) != req->count)
		return -EINVAL;
	for (i = 0; i < req->count; i++)
		if (!chosen || on[i])
			irq_signal(vu, req->start + i);
	return 0;
}

/* There is no INTx, no MSI, and no masking: the client masks vectors itself. */
static int do_set_irqs(struct vfio_user *vu)
{
	const struct vu_irq_set *req = (const void *)vu->body;
	uint32_t data = req->flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
	uint32_t max = vu->sim->model->msix_vectors, i;

	if (req->index >= VFIO_PCI_NUM_IRQS ||
	    req->flags != (data | VFIO_IRQ_SET_ACTION_TRIGGER))
		return -EINVAL;
	if (req->index != VFIO_PCI_MSIX_IRQ_INDEX)
		max = 0;
	if (req->start > max || req->count > max - req->start)
		return -EINVAL;
	if (data != VFIO_IRQ_SET_DATA_BOOL && body_len(vu) != sizeof(*req))
		return -EINVAL;
	switch (data) {
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return req->count ? set_eventfds(vu, req) : -EINVAL;
	case VFIO_IRQ_SET_DATA_BOOL:
		return trigger_irqs(vu, req, true);
	case VFIO_IRQ_SET_DATA_NONE:
		for (i = 0; !req->count && i < max; i++)
			irq_set(vu, i, -1);
		return trigger_irqs(vu, req, false);
	}
	return -EINVAL;
}

static bool access_ok(struct vfio_user *vu, uint64_t off, uint32_t region, uint32_t count)
{
	uint64_t size = region_size(vu, region);

	if (!count || off > size || count > size - off)
		return false;
	if (region == VFIO_PCI_CONFIG_REGION_INDEX)
		return true;
	return count <= 8 && !(count & (count - 1)) && !(off & (count - 1));
}

static int do_region_read(struct vfio_user *vu)
{
	const struct vu_region_rw *req = (const void *)vu->body;
	struct vu_region_rw *reply;
	uint64_t val;

	if (!access_ok(vu, req->offset, req->region, req->count))
		return -EINVAL;
	reply = reply_body(vu, sizeof(*reply) + req->count);
	*reply = *req;
	if (req->region == VFIO_PCI_CONFIG_REGION_INDEX) {
		pci_config_read(vu->sim->pci, req->offset, reply->data, req->count);
	} else {
		val = pci_bar_read(vu->sim->pci, req->region, req->offset, req->count);
		memcpy(reply->data, &val, req->count);
	}
	return 0;
}

static int region_write(struct vfio_user *vu, uint64_t off, uint32_t region, uint32_t count,
			const uint8_t *data)
{
	uint64_t val = 0;

	if (!access_ok(vu, off, region, count))
		return -EINVAL;
	if (region == VFIO_PCI_CONFIG_REGION_INDEX) {
		pci_config_write(vu->sim->pci, off, data, count);
	} else {
		memcpy(&val, data, count);
		pci_bar_write(vu->sim->pci, region, off, val, count);
	}
	return 0;
}

static int do_region_write(struct vfio_user *vu)
{
	const struct vu_region_rw *req = (const void *)vu->body;
	struct vu_region_rw *reply;
	int err;

	if (body_len(vu) - sizeof(*req) != req->count)
		return -EINVAL;
	err = region_write(vu, req->offset, req->region, req->count, req->data);
	if (err)
		return err;
	reply = reply_body(vu, sizeof(*reply));
	*reply = *req;
	return 0;
}

static int do_write_multi(struct vfio_user *vu)
{
	const struct vu_write_multi *req = (const void *)vu->body;
	size_t len = body_len(vu) - sizeof(*req);
	const struct vu_write_one *one;
	int err, first_err = 0;

	if (len % sizeof(*one) || req->count != len / sizeof(*one))
		return -EINVAL;
	for (one = req->write; one < req->write + req->count; one++) {
		err = -EINVAL;
		if (one->count <= sizeof(one->data))
			err = region_write(vu, one->offset, one->region, one->count, one->data);
		if (err && !first_err)
			first_err = err;
	}
	if (!first_err)
		memcpy(reply_body(vu, sizeof(*req)), req, sizeof(*req));
	return first_err;
}

static int do_reset(struct vfio_user *vu)
{
	pci_reset(vu->sim->pci);
	return 0;
}

static const struct vu_command {
	int (*fn)(struct vfio_user *vu);
	size_t len;		/* of the body */
	bool longer;		/* more may follow */
	bool fds;		/* descriptors may come with it */
} commands[VU_COMMANDS] = {
	[VU_VERSION]		= { do_version, sizeof(struct vu_version), true, false },
	[VU_DMA_MAP]		= { do_dma_map, sizeof(struct vu_dma_map), false, true },
	[VU_DMA_UNMAP]		= { do_dma_unmap, sizeof(struct vu_dma_unmap), false, false },
	[VU_GET_INFO]		= { do_get_info, sizeof(struct vu_device_info), false, false },
	[VU_GET_REGION_INFO]	= { do_get_region_info, sizeof(struct vu_region_info), false,
				    false },
	[VU_GET_IRQ_INFO]	= { do_get_irq_info, sizeof(struct vu_irq_info), false, false },
	[VU_SET_IRQS]		= { do_set_irqs, sizeof(struct vu_irq_set), true, true },
	[VU_REGION_READ]	= { do_region_read, sizeof(struct vu_region_rw), false, false },
	[VU_REGION_WRITE]	= { do_region_write, sizeof(struct vu_region_rw), true, false },
	[VU_RESET]		= { do_reset, 0, false, false },
	[VU_REGION_WRITE_MULTI]	= { do_write_multi, sizeof(struct vu_write_multi), true, false },
};

static int run_command(struct vfio_user *vu)
{
	bool is_version = vu->hdr.command == VU_VERSION;
	const struct vu_command *cmd;

	if (vu->hdr.command >= VU_COMMANDS || !commands[vu->hdr.command].fn)
		return -EOPNOTSUPP;
	cmd = &commands[vu->hdr.command];
	if ((vu->hdr.flags & VU_TYPE_MASK) != VU_COMMAND)
		return -EINVAL;
	if (!vu->negotiated != is_version)
		return -EPROTO;
	if (body_len(vu) < cmd->len || (body_len(vu) > cmd->len && !cmd->longer))
		return -EINVAL;
	if (vu->fds_lost || (vu->nfds && !cmd->fds))
		return -EINVAL;
	return cmd->fn(vu);
}

static void drop_client(struct vfio_user *vu, const char *why)
{
	unsigned int i;

	fprintf(stderr, "nicsim: client gone: %s\n", why);
	loop_del(vu->sim->loop, &vu->conn);
	close(vu->conn.fd);
	vu->conn.fd = -1;
	close_fds(vu);
	for (i = 0; i < vu->sim->model->msix_vectors; i++)
		irq_set(vu, i, -1);
	pci_reset(vu->sim->pci);
	dma_unmap_all(vu->sim->dma);
	vu->out_len = 0;
	loop_mod(vu->sim->loop, &vu->listen, EPOLLIN);
}

/* Sends the rest of the reply.  Until the client has taken all of it, no further
 * message is read from the client.
 */
static bool flush_reply(struct vfio_user *vu)
{
	ssize_t n;

	while (vu->out_sent < vu->out_len) {
		n = send(vu->conn.fd, vu->out + vu->out_sent, vu->out_len - vu->out_sent,
			 MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			loop_mod(vu->sim->loop, &vu->conn, EPOLLOUT);
			return false;
		}
		if (n < 0) {
			drop_client(vu, strerror(errno));
			return false;
		}
		vu->out_sent += (size_t)n;
	}
	vu->out_len = 0;
	return true;
}

static bool send_reply(struct vfio_user *vu, int err)
{
	struct vu_hdr hdr = vu->hdr;

	if (err)
		vu->out_len = sizeof(hdr);
	hdr.size = (uint32_t)vu->out_len;
	hdr.flags = VU_REPLY | (err ? VU_ERROR : 0);
	hdr.error = (uint32_t)-err;
	memcpy(vu->out, &hdr, sizeof(hdr));
	vu->out_sent = 0;
	return flush_reply(vu);
}

static bool dispatch(struct vfio_user *vu)
{
	int err;

	reply_body(vu, 0);
	err = run_command(vu);
	if (err)
		fprintf(stderr, "nicsim: refused command %u, %u bytes, %u descriptors: %s\n",
			vu->hdr.command, vu->hdr.size, vu->nfds, strerror(-err));
	close_fds(vu);
	vu->have = 0;
	if (vu->hdr.flags & VU_NO_REPLY) {
		vu->out_len = 0;
		return true;
	}
	return send_reply(vu, err);
}

/* Descriptors arrive with the first bytes of their message.  That is why a message
 * is never read together with the one before it.
 */
static void take_fds(struct vfio_user *vu, struct msghdr *msg)
{
	struct cmsghdr *c;
	size_t i, n;
	int fd;

	if (msg->msg_flags & MSG_CTRUNC)
		vu->fds_lost = true;
	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (vu->nfds < VU_MAX_FDS) {
				vu->fds[vu->nfds++] = fd;
			} else {
				vu->fds_lost = true;
				close(fd);
			}
		}
	}
}

/* 1: got some, 0: nothing there, -1: the client is gone */
static int receive(struct vfio_user *vu, void *buf, size_t len)
{
	char ctl[CMSG_SPACE(VU_MAX_FDS * sizeof(int))];
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	ssize_t n;

	n = recvmsg(vu->conn.fd, &msg, MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		drop_client(vu, n ? strerror(errno) : "closed");
		return -1;
	}
	take_fds(vu, &msg);
	vu->have += (size_t)n;
	return 1;
}

/* True when a whole message is there. */
static bool receive_message(struct vfio_user *vu)
{
	const size_t hdr_len = sizeof(vu->hdr);

	while (vu->have < hdr_len)
		if (receive(vu, (char *)&vu->hdr + vu->have, hdr_len - vu->have) <= 0)
			return false;
	if (vu->hdr.size < hdr_len || vu->hdr.size - hdr_len > VU_MAX_BODY) {
		send_reply(vu, -EMSGSIZE);
		if (vu->conn.fd >= 0)
			drop_client(vu, "message size out of bounds");
		return false;
	}
	while (vu->have < vu->hdr.size)
		if (receive(vu, vu->body + (vu->have - hdr_len), vu->hdr.size - vu->have) <= 0)
			return false;
	return true;
}

static void client_read(void *arg)
{
	struct vfio_user *vu = arg;
	int i;

	if (vu->conn.fd < 0 || vu->out_len)
		return;
	for (i = 0; i < VU_PER_TURN; i++)
		if (!receive_message(vu) || !dispatch(vu))
			return;
	loop_queue(vu->sim->loop, &vu->more);
}

static void client_event(void *arg, uint32_t events)
{
	struct vfio_user *vu = arg;

	if (vu->out_len) {
		if (events & (EPOLLERR | EPOLLHUP))
			drop_client(vu, "closed");
		else if (flush_reply(vu))
			loop_mod(vu->sim->loop, &vu->conn, EPOLLIN);
		return;
	}
	client_read(vu);
}

static void new_client(void *arg, uint32_t events)
{
	struct vfio_user *vu = arg;
	int fd = sock_accept(vu->listen.fd);

	(void)events;
	if (fd < 0)
		return;
	vu->conn.fd = fd;
	vu->negotiated = false;
	vu->have = 0;
	vu->out_len = 0;
	if (!loop_add(vu->sim->loop, &vu->conn, EPOLLIN)) {
		close(fd);
		vu->conn.fd = -1;
		return;
	}
	loop_mod(vu->sim->loop, &vu->listen, 0);
}

bool vfio_user_connected(struct vfio_user *vu)
{
	return vu->conn.fd >= 0;
}

struct vfio_user *vfio_user_new(struct nicsim *sim, const char *path)
{
	struct vfio_user *vu = calloc(1, sizeof(*vu));
	unsigned int i;

	if (!vu)
		return NULL;
	vu->sim = sim;
	vu->conn = (struct loop_fd){ -1, client_event, vu };
	vu->more = (struct loop_work){ .fn = client_read, .arg = vu };
	vu->body = malloc(VU_MAX_BODY);
	vu->out = malloc(sizeof(struct vu_hdr) + VU_MAX_BODY);
	vu->irq = malloc((sim->model->msix_vectors + 1) * sizeof(int));
	vu->path = strdup(path);
	if (!vu->body || !vu->out || !vu->irq || !vu->path)
		return NULL;
	for (i = 0; i < sim->model->msix_vectors; i++)
		vu->irq[i] = -1;
	vu->listen = (struct loop_fd){ sock_listen(path, "vfio-user"), new_client, vu };
	if (vu->listen.fd < 0 || !loop_add(sim->loop, &vu->listen, EPOLLIN))
		return NULL;
	return vu;
}

void vfio_user_free(struct vfio_user *vu)
{
	if (vu->conn.fd >= 0)
		drop_client(vu, "stopped");
	close(vu->listen.fd);
	unlink(vu->path);
	free(vu->path);
	free(vu->body);
	free(vu->out);
	free(vu->irq);
	free(vu);
}
