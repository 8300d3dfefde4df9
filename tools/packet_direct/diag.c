// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "pdstat.h"

#define STAT(field)	offsetof(struct tpacket4_stats, field)

const struct pdstat_counter pdstat_counters[] = {
	{ "packets", "PACKETS", STAT(ts_packets), "Frames published" },
	{ "bytes", NULL, STAT(ts_bytes), "Bytes of these frames on the wire" },
	{ "unsplit", NULL, STAT(ts_unsplit),
	  "Frames whose headers are in a dma-buf, too" },
	{ "passed", NULL, STAT(ts_passed), "Copies that went on to the stack" },
	{ "drop_stack", NULL, STAT(ts_drop_stack),
	  "Copies for the stack that found no memory" },
	{ "bad_slot", NULL, STAT(ts_bad_slot),
	  "Slots given back that the process did not hold" },
	{ "bad_cons", NULL, STAT(ts_bad_cons), "Impossible values of cons" },
	{ "batches", NULL, STAT(ts_batches), "Publications" },
	{ "wakeups", NULL, STAT(ts_wakeups), "Sleepers woken" },
	{ "dry", NULL, STAT(ts_dry), "Polls that left the NIC with no slot" },
	{ }
};

const struct pdstat_counter pdstat_drops[] = {
	{ "nic", "NIC", STAT(ts_drop_nic), NULL },
	{ "no_slot", "NO-SLOT", STAT(ts_drop_no_slot), NULL },
	{ "too_long", "TOO-LONG", STAT(ts_drop_too_long), NULL },
	{ "error", "ERROR", STAT(ts_drop_error), NULL },
	{ "filter", "FILTER", STAT(ts_drop_filter), NULL },
	{ "down", "DOWN", STAT(ts_drop_down), NULL },
	{ }
};

const struct pdstat_counter pdstat_slots[] = {
	{ "free", "FREE", STAT(ts_free), NULL },
	{ "posted", "POSTED", STAT(ts_posted), NULL },
	{ "held", "HELD", STAT(ts_held), NULL },
	{ "spare", "SPARE", STAT(ts_spare), NULL },
	{ }
};

const struct pdstat_counter pdstat_payload_slots[] = {
	{ "free", NULL, STAT(ts_payload_free), NULL },
	{ "posted", NULL, STAT(ts_payload_posted), NULL },
	{ "held", NULL, STAT(ts_payload_held), NULL },
	{ "spare", NULL, STAT(ts_payload_spare), NULL },
	{ }
};

const struct pdstat_flag pdstat_steering[] = {
	{ "spread", PACKET_DIRECT_SPREAD },
	{ "apart", PACKET_DIRECT_APART },
	{ "symmetric", PACKET_DIRECT_SYMMETRIC },
	{ "rules", PACKET_DIRECT_RULES },
	{ }
};

const char *pdstat_state(const struct pdstat_socket *sock)
{
	switch (sock->ring.pdd_state) {
	case PACKET_DIRECT_COPY:
		return "copy";
	case PACKET_DIRECT_ACTIVE:
		return "active";
	case PACKET_DIRECT_DOWN:
		return "down";
	case PACKET_DIRECT_LOST:
		return "lost";
	case PACKET_DIRECT_PREPARED:
		return "prepared";
	}
	return "unknown";
}

/* Returns a socket for pdstat_read(), or a negative errno. */
int pdstat_open(void)
{
	int nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	return nl < 0 ? -errno : nl;
}

static int request(int nl)
{
	struct {
		struct nlmsghdr nlh;
		struct packet_diag_req req;
	} msg = {
		.nlh.nlmsg_len = sizeof(msg),
		.nlh.nlmsg_type = SOCK_DIAG_BY_FAMILY,
		.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.req.sdiag_family = AF_PACKET,
		.req.pdiag_show = PACKET_SHOW_INFO | PACKET_SHOW_RING_CFG |
				  PACKET_SHOW_DIRECT_STATS,
	};

	return send(nl, &msg, sizeof(msg), 0) < 0 ? -errno : 0;
}

/* As much as both this program and the kernel know.  The rest stays 0. */
static bool copy_attr(const struct nlattr *attr, void *to, size_t size)
{
	size_t len;

	if (!attr)
		return false;
	len = attr->nla_len - NLA_HDRLEN;
	memcpy(to, (const char *)attr + NLA_HDRLEN, len < size ? len : size);
	return true;
}

static void parse(const struct nlmsghdr *nlh, const struct nlattr **attrs)
{
	const char *at = (const char *)nlh + NLMSG_SPACE(sizeof(struct packet_diag_msg));
	const char *end = (const char *)nlh + nlh->nlmsg_len;
	const struct nlattr *attr;
	unsigned int type;

	for (; end - at >= NLA_HDRLEN; at += NLA_ALIGN(attr->nla_len)) {
		attr = (const void *)at;
		if (attr->nla_len < NLA_HDRLEN || attr->nla_len > end - at)
			return;
		type = attr->nla_type & NLA_TYPE_MASK;
		if (type <= PACKET_DIAG_MAX)
			attrs[type] = attr;
	}
}

/* The device of the lease, or the one that the socket is bound to. */
static void name_interface(struct pdstat_socket *sock,
			   const struct packet_diag_info *info)
{
	unsigned int ifindex = sock->ring.pdd_ifindex;

	sock->leased = ifindex;
	if (!sock->leased)
		ifindex = info->pdi_index;
	if (!ifindex)
		snprintf(sock->ifname, sizeof(sock->ifname), "any");
	else if (!if_indextoname(ifindex, sock->ifname))
		snprintf(sock->ifname, sizeof(sock->ifname), "if%u", ifindex);
}

/* Returns 1 if the message is about a socket with a ring, or a negative errno. */
static int fill_in(const struct nlmsghdr *nlh, struct pdstat_socket *sock)
{
	const struct nlattr *attrs[PACKET_DIAG_MAX + 1] = { NULL };
	const struct packet_diag_msg *msg = NLMSG_DATA(nlh);
	struct packet_diag_info info = { 0 };

	if (nlh->nlmsg_len < NLMSG_LENGTH(sizeof(*msg)))
		return -EPROTO;
	parse(nlh, attrs);
	if (!copy_attr(attrs[PACKET_DIAG_DIRECT], &sock->ring, sizeof(sock->ring)))
		return 0;
	if (!copy_attr(attrs[PACKET_DIAG_DIRECT_STATS], &sock->stats,
		       sizeof(sock->stats)))
		return -ENODATA;
	copy_attr(attrs[PACKET_DIAG_INFO], &info, sizeof(info));
	sock->inode = msg->pdiag_ino;
	memcpy(sock->cookie, msg->pdiag_cookie, sizeof(sock->cookie));
	name_interface(sock, &info);
	return 1;
}

static int add(struct pdstat_list *list, const struct nlmsghdr *nlh,
	       const char *ifname)
{
	struct pdstat_socket *more, sock = { 0 };
	int err = fill_in(nlh, &sock);

	if (err <= 0 || (ifname && strcmp(ifname, sock.ifname)))
		return err < 0 ? err : 0;
	more = realloc(list->sockets, (list->nr + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	more[list->nr++] = sock;
	list->sockets = more;
	return 0;
}

/* One datagram of the dump.  Returns 1 at its end, or a negative errno. */
static int take(struct pdstat_list *list, const void *buf, int len,
		const char *ifname)
{
	const struct nlmsghdr *nlh;
	int err;

	for (nlh = buf; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
		if (nlh->nlmsg_type == NLMSG_DONE)
			return 1;
		if (nlh->nlmsg_type == NLMSG_ERROR) {
			err = ((const struct nlmsgerr *)NLMSG_DATA(nlh))->error;
			return err ? err : -EPROTO;
		}
		err = add(list, nlh, ifname);
		if (err)
			return err;
	}
	return 0;
}

static int by_place(const void *pa, const void *pb)
{
	const struct pdstat_socket *a = pa, *b = pb;
	int diff = strcmp(a->ifname, b->ifname);

	if (diff)
		return diff;
	if (a->leased != b->leased)
		return a->leased ? -1 : 1;
	if (a->ring.pdd_queue != b->ring.pdd_queue)
		return a->ring.pdd_queue < b->ring.pdd_queue ? -1 : 1;
	return a->inode < b->inode ? -1 : a->inode > b->inode;
}

/* All sockets with a ring in this network namespace, or those of one interface.
 * Returns 0 or a negative errno.
 */
int pdstat_read(int nl, const char *ifname, struct pdstat_list *list)
{
	static char buf[65536] __attribute__((aligned(8)));
	struct timespec now;
	int len, done;

	*list = (struct pdstat_list){ NULL };
	done = request(nl);
	while (!done) {
		len = recv(nl, buf, sizeof(buf), 0);
		done = len < 0 ? -errno : take(list, buf, len, ifname);
		if (done == -EINTR)
			done = 0;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	list->seconds = now.tv_sec + now.tv_nsec / 1e9;
	if (done < 0)
		return done;
	qsort(list->sockets, list->nr, sizeof(*list->sockets), by_place);
	return 0;
}

void pdstat_free(struct pdstat_list *list)
{
	size_t i;

	for (i = 0; i < list->nr; i++)
		free(list->sockets[i].processes);
	free(list->sockets);
	*list = (struct pdstat_list){ NULL };
}
