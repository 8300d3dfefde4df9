// SPDX-License-Identifier: GPL-2.0
/* The netdev family of generic netlink: which socket has a queue. */
#include <linux/genetlink.h>
#include <linux/netdev.h>
#include <net/if.h>
#include <unistd.h>

#include "lib.h"

struct message {
	struct nlmsghdr		nlh;
	struct genlmsghdr	genl;
	__u8			attr[1024];
};

static void put(struct message *msg, __u16 type, const void *value, __u16 len)
{
	struct nlattr *attr = (void *)msg + NLMSG_ALIGN(msg->nlh.nlmsg_len);

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memcpy(attr + 1, value, len);
	msg->nlh.nlmsg_len = (void *)attr + NLA_ALIGN(attr->nla_len) - (void *)msg;
}

static void put_u32(struct message *msg, __u16 type, __u32 value)
{
	put(msg, type, &value, sizeof(value));
}

/* The attribute @type among those from @at to @end, or NULL. */
static const struct nlattr *get(const void *at, const void *end, __u16 type)
{
	const struct nlattr *attr;

	for (; at < end; at += NLA_ALIGN(attr->nla_len)) {
		attr = at;
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
	}

	return NULL;
}

static int exchange(struct message *msg, __u16 type, __u8 cmd)
{
	int len, nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	if (nl < 0)
		return -errno;
	msg->nlh.nlmsg_type = type;
	msg->nlh.nlmsg_flags = NLM_F_REQUEST;
	msg->genl.cmd = cmd;
	msg->genl.version = 1;
	len = send(nl, msg, msg->nlh.nlmsg_len, 0);
	if (len >= 0)
		len = recv(nl, msg, sizeof(*msg), 0);
	if (len < 0)
		len = -errno;
	close(nl);
	if (len < 0)
		return len;
	if (msg->nlh.nlmsg_type == NLMSG_ERROR)
		return ((struct nlmsgerr *)NLMSG_DATA(&msg->nlh))->error;

	return 0;
}

static const struct nlattr *answer(const struct message *msg, __u16 type)
{
	return get(msg->attr, (void *)msg + msg->nlh.nlmsg_len, type);
}

static int family(void)
{
	struct message msg = { .nlh.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN) };
	const struct nlattr *id;
	int err;

	put(&msg, CTRL_ATTR_FAMILY_NAME, NETDEV_FAMILY_NAME,
	    sizeof(NETDEV_FAMILY_NAME));
	err = exchange(&msg, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	if (err)
		return err;
	id = answer(&msg, CTRL_ATTR_FAMILY_ID);

	return id ? *(__u16 *)(id + 1) : -ENODATA;
}

/* The inode of the socket that has RX queue @queue; 0: none, or a negative errno. */
long long pd_queue_inode(const char *ifname, __u32 queue)
{
	struct message msg = { .nlh.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN) };
	const struct nlattr *nest, *inode;
	int id = family();
	int err;

	if (id < 0)
		return id;
	put_u32(&msg, NETDEV_A_QUEUE_IFINDEX, if_nametoindex(ifname));
	put_u32(&msg, NETDEV_A_QUEUE_TYPE, NETDEV_QUEUE_TYPE_RX);
	put_u32(&msg, NETDEV_A_QUEUE_ID, queue);
	err = exchange(&msg, id, NETDEV_CMD_QUEUE_GET);
	if (err)
		return err;
	nest = answer(&msg, NETDEV_A_QUEUE_PACKET_DIRECT);
	if (!nest)
		return 0;
	inode = get(nest + 1, (void *)nest + nest->nla_len,
		    NETDEV_A_PACKET_DIRECT_INFO_INODE);

	return inode ? *(__u32 *)(inode + 1) : -ENODATA;
}
