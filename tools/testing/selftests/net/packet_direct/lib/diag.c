// SPDX-License-Identifier: GPL-2.0
#include <linux/netlink.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib.h"

static int diag_request(__u32 show)
{
	struct {
		struct nlmsghdr nlh;
		struct packet_diag_req req;
	} msg = {
		.nlh.nlmsg_len = sizeof(msg),
		.nlh.nlmsg_type = SOCK_DIAG_BY_FAMILY,
		.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.req.sdiag_family = AF_PACKET,
		.req.pdiag_show = show,
	};
	int nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (nl >= 0 && send(nl, &msg, sizeof(msg), 0) < 0) {
		close(nl);
		return -errno;
	}

	return nl < 0 ? -errno : nl;
}

/* The attributes of the socket with inode @ino in one datagram of a dump.
 * Returns 1 if it is there.
 */
static int diag_find(void *buf, int len, __u32 ino, struct nlattr **attr)
{
	struct packet_diag_msg *pdm;
	struct nlmsghdr *nlh;
	struct nlattr *a;

	for (nlh = buf; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
		if (nlh->nlmsg_type == NLMSG_ERROR)
			return ((struct nlmsgerr *)NLMSG_DATA(nlh))->error;
		if (nlh->nlmsg_type == NLMSG_DONE)
			return -ESRCH;
		pdm = NLMSG_DATA(nlh);
		if (pdm->pdiag_ino != ino)
			continue;
		a = (void *)(pdm + 1);
		while ((void *)a < (void *)nlh + nlh->nlmsg_len) {
			if ((a->nla_type & NLA_TYPE_MASK) <= PACKET_DIAG_MAX)
				attr[a->nla_type & NLA_TYPE_MASK] = a;
			a = (void *)a + NLA_ALIGN(a->nla_len);
		}
		return 1;
	}

	return 0;
}

/* What packet_diag sends of a socket with @show, into @buf, to which @attr points. */
static int diag_ask(int fd, __u32 show, void *buf, int size, struct nlattr **attr)
{
	int nl, len, found = 0;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	nl = diag_request(show);
	if (nl < 0)
		return nl;

	while (!found) {
		len = recv(nl, buf, size, MSG_DONTWAIT);
		found = len < 0 ? -errno : diag_find(buf, len, st.st_ino, attr);
	}
	close(nl);

	return found < 0 ? found : 0;
}

/* What packet_diag says of a socket with a ring; -ENOENT without packet_diag. */
int pd_diag(int fd, struct packet_diag_info *info,
	    struct packet_diag_direct *direct)
{
	struct nlattr *attr[PACKET_DIAG_MAX + 1] = {};
	__u8 buf[32768];
	int err;

	err = diag_ask(fd, PACKET_SHOW_INFO | PACKET_SHOW_RING_CFG, buf,
		       sizeof(buf), attr);
	if (err)
		return err;
	if (!attr[PACKET_DIAG_INFO] || !attr[PACKET_DIAG_DIRECT] ||
	    attr[PACKET_DIAG_DIRECT_STATS])
		return -ENODATA;

	memcpy(info, attr[PACKET_DIAG_INFO] + 1, sizeof(*info));
	memcpy(direct, attr[PACKET_DIAG_DIRECT] + 1, sizeof(*direct));

	return 0;
}

/* What packet_diag counted; -ENODATA without a ring, -ENOENT without packet_diag. */
int pd_diag_stats(int fd, struct tpacket4_stats *stats)
{
	struct nlattr *attr[PACKET_DIAG_MAX + 1] = {};
	struct nlattr *found;
	__u8 buf[32768];
	int err;

	err = diag_ask(fd, PACKET_SHOW_DIRECT_STATS, buf, sizeof(buf), attr);
	if (err)
		return err;
	found = attr[PACKET_DIAG_DIRECT_STATS];
	if (!found || attr[PACKET_DIAG_DIRECT])
		return -ENODATA;
	if (found->nla_len < NLA_HDRLEN + sizeof(*stats))
		return -EMSGSIZE;
	memcpy(stats, found + 1, sizeof(*stats));

	return 0;
}
