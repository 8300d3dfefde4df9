// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

bool pd_udp;
__u32 pd_flow;

int pd_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);

	return err;
}

/* A file that is one number. */
long long pd_read_number(const char *path)
{
	long long value = -1;
	FILE *f = fopen(path, "r");

	if (!f)
		return -errno;
	if (fscanf(f, "%lld", &value) != 1)
		value = -EINVAL;
	fclose(f);

	return value;
}

/* A namespace of our own, in which nobody sends anything by itself. */
int pd_netns(void)
{
	if (unshare(CLONE_NEWNET))
		return -errno;

	pd_write_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	pd_write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");

	return pd_if_up("lo", true);
}

int pd_run(const char *fmt, ...)
{
	char cmd[512];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);

	ret = system(cmd);
	if (ret)
		fprintf(stderr, "# '%s' failed: %d\n", cmd, ret);

	return ret ? -EIO : 0;
}

int pd_if_ioctl(const char *name, int request, struct ifreq *ifr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = 0;

	if (fd < 0)
		return -errno;

	snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", name);
	if (ioctl(fd, request, ifr))
		err = -errno;
	close(fd);

	return err;
}

int pd_if_up(const char *name, bool up)
{
	struct ifreq ifr = {};
	int err;

	err = pd_if_ioctl(name, SIOCGIFFLAGS, &ifr);
	if (err)
		return err;

	ifr.ifr_flags = up ? ifr.ifr_flags | IFF_UP : ifr.ifr_flags & ~IFF_UP;

	return pd_if_ioctl(name, SIOCSIFFLAGS, &ifr);
}

/* Wait until the stack has seen the carrier: before, what is sent is dropped. */
int pd_if_ready(const char *name)
{
	struct ethtool_value link = { .cmd = ETHTOOL_GLINK };
	struct ifreq ifr = { .ifr_data = (void *)&link };
	int err, i;

	for (i = 0; i < 1000; i++) {
		err = pd_if_ioctl(name, SIOCETHTOOL, &ifr);
		if (err == -EOPNOTSUPP)
			return 0;
		if (err || link.data)
			return err;
		usleep(10000);
	}

	return -ETIMEDOUT;
}

int pd_if_mtu(const char *name, int mtu)
{
	struct ifreq ifr = { .ifr_mtu = mtu };

	return pd_if_ioctl(name, SIOCSIFMTU, &ifr);
}

int pd_if_mac(const char *name, __u8 *mac)
{
	struct ifreq ifr = {};
	int err;

	err = pd_if_ioctl(name, SIOCGIFHWADDR, &ifr);
	if (!err)
		memcpy(mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);

	return err;
}

int pd_veth(const char *a, const char *b)
{
	int err;

	err = pd_run("ip link add %s type veth peer name %s", a, b);
	if (!err)
		err = pd_if_up(a, true);
	if (!err)
		err = pd_if_up(b, true);
	if (!err)
		err = pd_if_ready(a);
	if (!err)
		err = pd_if_ready(b);

	return err;
}

/* Why no test can run here, or NULL. */
const char *pd_missing(void)
{
	int fd;

	if (geteuid())
		return "needs root, for network namespaces and devices";

	fd = pd_socket(SOCK_RAW);
	if (fd == -EINVAL)
		return "this kernel is without CONFIG_PACKET_RX_DIRECT";
	if (fd >= 0)
		close(fd);

	return NULL;
}

void pd_req(struct tpacket_req4 *req, __u32 entries, __u32 slots, __u32 size)
{
	memset(req, 0, sizeof(*req));
	req->tp_size = sizeof(*req);
	req->tp_entry_nr = entries;
	req->tp_slot_nr = slots;
	req->tp_slot_size = size;
}

int pd_set_int(int fd, int opt, int value)
{
	if (setsockopt(fd, SOL_PACKET, opt, &value, sizeof(value)))
		return -errno;

	return 0;
}

/* A V4 socket without a ring, not bound. */
int pd_socket(int type)
{
	int fd = socket(AF_PACKET, type | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;

	err = pd_set_int(fd, PACKET_VERSION, TPACKET_V4);
	if (err) {
		close(fd);
		return err;
	}

	return fd;
}

int pd_set_ring(int fd, const struct tpacket_req4 *req)
{
	if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, req, sizeof(*req)))
		return -errno;

	return 0;
}

int pd_bind(int fd, int ifindex, int proto)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(proto),
		.sll_ifindex = ifindex,
	};

	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -errno;

	return 0;
}

/* A mapped ring that receives everything of a device, or of all with NULL. */
int pd_open(struct pd_sock *pd, const char *ifname,
	    const struct tpacket_req4 *req)
{
	int err;

	pd->ifindex = ifname ? if_nametoindex(ifname) : 0;
	pd->fd = pd_socket(SOCK_RAW);
	if (pd->fd < 0)
		return pd->fd;

	err = pd_set_ring(pd->fd, req);
	if (!err)
		err = tpacket4_map(&pd->ring, pd->fd);
	if (!err)
		err = pd_bind(pd->fd, pd->ifindex, ETH_P_ALL);
	if (err)
		pd_close(pd);

	return err;
}

void pd_close(struct pd_sock *pd)
{
	tpacket4_unmap(&pd->ring);
	if (pd->fd >= 0)
		close(pd->fd);
	pd->fd = -1;
}

int pd_filter(int fd, const struct sock_filter *insn, __u32 count)
{
	struct sock_fprog prog = {
		.len = count,
		.filter = (struct sock_filter *)insn,
	};

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)))
		return -errno;

	return 0;
}

/* A filter that says the same of every frame. */
int pd_filter_ret(int fd, __u32 ret)
{
	struct sock_filter insn = BPF_STMT(BPF_RET | BPF_K, ret);

	return pd_filter(fd, &insn, 1);
}

#define AD(what)	((__u32)SKF_AD_OFF + SKF_AD_##what)
#define LOAD(size)	(BPF_LD | BPF_##size | BPF_ABS)

static __u32 see_type(__u32 len)
{
	return pd_udp ? ETH_P_IP : PD_ETHERTYPE;
}

static __u32 see_payload(__u32 len)
{
	return pd_udp ? 0x4500 : 0;
}

static __u32 see_len(__u32 len)
{
	return len;
}

static __u32 see_tag_is_there(__u32 len)
{
	return 1;
}

static __u32 see_tci(__u32 len)
{
	return 0x2009;
}

static __u32 see_tpid(__u32 len)
{
	return ETH_P_8021Q;
}

/* The tag is beside the frame, and the length does not count it. */
const struct pd_seen pd_seen[] = {
	{ "the type", LOAD(H), 12, see_type },
	{ "what follows", LOAD(H), 14, see_payload },
	{ "what follows the Ethernet header", LOAD(H), (__u32)SKF_NET_OFF,
	  see_payload },
	{ "the type in the Ethernet header", LOAD(H), (__u32)SKF_LL_OFF + 12,
	  see_type },
	{ "whether there is a tag", LOAD(B), AD(VLAN_TAG_PRESENT),
	  see_tag_is_there },
	{ "the tag", LOAD(B), AD(VLAN_TAG), see_tci },
	{ "the tag's type", LOAD(B), AD(VLAN_TPID), see_tpid },
	{ "the protocol", LOAD(W), AD(PROTOCOL), see_type },
	{ "the length", BPF_LD | BPF_W | BPF_LEN, 0, see_len },
};

const __u32 pd_seen_nr = ARRAY_SIZE(pd_seen);

/* Only frames of which a filter sees this; @len is their length without the tag. */
int pd_filter_seen(int fd, const struct pd_seen *seen, __u32 len)
{
	struct sock_filter insn[] = {
		BPF_STMT(seen->code, seen->k),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seen->value(len), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	return pd_filter(fd, insn, ARRAY_SIZE(insn));
}

int pd_filter_detach(int fd)
{
	int ignored = 0;

	if (setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &ignored,
		       sizeof(ignored)))
		return -errno;

	return 0;
}

static int load_ebpf(const struct bpf_insn *insn, __u32 count)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (unsigned long)insn,
		.insn_cnt = count,
		.license = (unsigned long)"GPL",
	};
	int fd;

	fd = syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	return fd < 0 ? -errno : fd;
}

/* An eBPF program that returns @ret. */
int pd_ebpf(__u32 ret)
{
	struct bpf_insn insn[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = ret },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return load_ebpf(insn, ARRAY_SIZE(insn));
}

/* One that returns @match where the field of struct __sk_buff at @off is @value, and
 * else @other.
 */
int pd_ebpf_field(__u32 off, __u32 value, __u32 match, __u32 other)
{
	struct bpf_insn insn[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_1,
		  .src_reg = BPF_REG_1, .off = off },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = match },
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_1,
		  .off = 1, .imm = value },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = other },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return load_ebpf(insn, ARRAY_SIZE(insn));
}

int pd_info(int fd, struct tpacket4_info *info)
{
	socklen_t len = sizeof(*info);
	__u32 query = info->ti_query;

	memset(info, 0, sizeof(*info));
	info->ti_size = sizeof(*info);
	info->ti_query = query;
	if (getsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, info, &len))
		return -errno;

	return 0;
}

/* Why the queue cannot be leased now, asked of a socket of its own. */
int pd_query_reason(const char *ifname, __u32 queue)
{
	struct tpacket4_info info = { .ti_query = queue };
	int fd = pd_socket(SOCK_RAW);
	int err;

	if (fd < 0)
		return fd;
	err = pd_bind(fd, if_nametoindex(ifname), ETH_P_ALL);
	if (!err)
		err = pd_info(fd, &info);
	close(fd);

	return err ? err : (int)info.ti_query_reason;
}

/* Until it is @want. */
int pd_wait_reason(const char *ifname, __u32 queue, int want, int msecs)
{
	__u64 end = pd_now(CLOCK_MONOTONIC) + msecs * 1000000ULL;
	int got;

	do {
		got = pd_query_reason(ifname, queue);
	} while (got != want && pd_now(CLOCK_MONOTONIC) < end);

	return got;
}

/* enum packet_direct_reason of the last attempt */
int pd_reason(int fd)
{
	struct tpacket4_info info = {};
	int err = pd_info(fd, &info);

	return err ? err : (int)info.ti_reason;
}

/* The errno of each reason, as the documentation says. */
static int reason_errno(int reason)
{
	switch (reason) {
	case PACKET_DIRECT_OK:
		return 0;
	case PACKET_DIRECT_NOT_ADMIN:
		return -EPERM;
	case PACKET_DIRECT_FILTER_LOCKED:
		return -EACCES;
	case PACKET_DIRECT_NO_MEMORY:
		return -ENOMEM;
	case PACKET_DIRECT_UNKNOWN_FIELD:
		return -E2BIG;
	case PACKET_DIRECT_INTERRUPTED:
		return -EINTR;
	case PACKET_DIRECT_NO_QUEUE:
	case PACKET_DIRECT_DMABUF_RANGE:
		return -ERANGE;
	case PACKET_DIRECT_DMABUF_BAD_FD:
		return -EBADF;
	case PACKET_DIRECT_NOT_BOUND:
		return -ENODEV;
	case PACKET_DIRECT_DMABUF_REFUSED:
	case PACKET_DIRECT_DMA_FAILED:
	case PACKET_DIRECT_DRIVER_FAILED:
		return -EIO;
	case PACKET_DIRECT_NO_SPLIT:
	case PACKET_DIRECT_UNRELIABLE:
	case PACKET_DIRECT_NO_TX_RING:
	case PACKET_DIRECT_NO_DRIVER:
	case PACKET_DIRECT_QUEUE_SHARED_IRQ:
	case PACKET_DIRECT_QUEUE_MODE:
	case PACKET_DIRECT_QUEUE_FORMAT:
	case PACKET_DIRECT_DMA_BOUNCE:
		return -EOPNOTSUPP;
	case PACKET_DIRECT_RING_EXISTS:
	case PACKET_DIRECT_RING_MAPPED:
	case PACKET_DIRECT_RING_LEASED:
	case PACKET_DIRECT_HAS_FANOUT:
	case PACKET_DIRECT_QUEUE_LEASED:
	case PACKET_DIRECT_QUEUE_XSK:
	case PACKET_DIRECT_QUEUE_XDP:
	case PACKET_DIRECT_QUEUE_PROVIDER:
		return -EBUSY;
	default:
		return -EINVAL;
	}
}

/* What is wrong with @err as the answer that @reason asks for, or NULL. */
const char *pd_refused(int fd, int err, int reason)
{
	int got = pd_reason(fd);
	static char why[128];

	if (err == reason_errno(reason) && got == reason)
		return NULL;

	snprintf(why, sizeof(why), "errno %d, should be %d; reason %d, should be %d",
		 -err, -reason_errno(reason), got, reason);

	return why;
}

/* The short form of PACKET_RX_DIRECT. */
int pd_lease(int fd, unsigned int queue)
{
	if (setsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, &queue, sizeof(queue)))
		return -errno;

	return 0;
}

/* The long form. */
static int direct_flags(int fd, unsigned int queue, __u32 flags)
{
	struct tpacket4_direct direct = {
		.td_size = sizeof(direct),
		.td_queue = queue,
		.td_flags = flags,
	};

	if (setsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, &direct,
		       sizeof(direct)))
		return -errno;

	return 0;
}

/* Also where header split has an erratum. */
int pd_lease_split(int fd, unsigned int queue)
{
	return direct_flags(fd, queue, PACKET_DIRECT_SPLIT_UNRELIABLE);
}

/* Its payload slots are in a dma-buf. */
int pd_lease_dmabuf(int fd, unsigned int queue, int dmabuf, __u64 len)
{
	struct tpacket4_direct direct = {
		.td_size = sizeof(direct),
		.td_queue = queue,
		.td_flags = PACKET_DIRECT_SPLIT_UNRELIABLE | PACKET_DIRECT_DMABUF,
		.td_dmabuf_fd = dmabuf,
		.td_dmabuf_len = len,
	};

	if (setsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, &direct,
		       sizeof(direct)))
		return -errno;

	return 0;
}

int pd_unlease(int fd)
{
	return direct_flags(fd, 0, PACKET_DIRECT_RELEASE);
}

int pd_stats(int fd, struct tpacket4_stats *stats)
{
	socklen_t len = sizeof(*stats);

	memset(stats, 0, sizeof(*stats));
	stats->ts_size = sizeof(*stats);
	if (getsockopt(fd, SOL_PACKET, PACKET_V4_STATISTICS, stats, &len))
		return -errno;

	return 0;
}

/* No slot is lost, none is there twice. */
bool pd_sum_ok(const struct pd_sock *pd, const struct tpacket4_stats *stats)
{
	return (__u64)stats->ts_free + stats->ts_posted + stats->ts_held +
	       stats->ts_spare == pd->ring.layout.tl_slot_nr &&
	       (__u64)stats->ts_payload_free + stats->ts_payload_posted +
	       stats->ts_payload_held + stats->ts_payload_spare ==
	       pd->ring.layout.tl_payload_nr;
}

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

/* What packet_diag says of a socket with a ring; -ENOENT without packet_diag. */
int pd_diag(int fd, struct packet_diag_info *info,
	    struct packet_diag_direct *direct)
{
	struct nlattr *attr[PACKET_DIAG_MAX + 1] = {};
	static __u8 buf[32768];
	int nl, len, found = 0;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	nl = diag_request(PACKET_SHOW_INFO | PACKET_SHOW_RING_CFG);
	if (nl < 0)
		return nl;

	while (!found) {
		len = recv(nl, buf, sizeof(buf), MSG_DONTWAIT);
		found = len < 0 ? -errno : diag_find(buf, len, st.st_ino, attr);
	}
	close(nl);
	if (found < 0)
		return found;
	if (!attr[PACKET_DIAG_INFO] || !attr[PACKET_DIAG_DIRECT])
		return -ENODATA;

	memcpy(info, attr[PACKET_DIAG_INFO] + 1, sizeof(*info));
	memcpy(direct, attr[PACKET_DIAG_DIRECT] + 1, sizeof(*direct));

	return 0;
}

/* Keep uid 0, lose CAP_NET_ADMIN and all else. */
int pd_drop_caps(void)
{
	struct __user_cap_header_struct hdr = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	if (syscall(__NR_capset, &hdr, data))
		return -errno;

	return 0;
}

/* A socket that sends on a device and receives nothing. */
int pd_tx_open(const char *ifname)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;

	err = pd_bind(fd, if_nametoindex(ifname), 0);
	if (err) {
		close(fd);
		return err;
	}

	return fd;
}

/* Where the sequence number is. */
static __u32 seq_off(void)
{
	return pd_udp ? ETH_HLEN + sizeof(struct iphdr) + sizeof(struct udphdr) :
			ETH_HLEN;
}

static void fill_udp(__u8 *buf, __u32 len)
{
	struct iphdr *ip = (struct iphdr *)(buf + ETH_HLEN);
	struct udphdr *udp = (struct udphdr *)(ip + 1);
	__u32 i, sum = 0;

	memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	ip->tot_len = htons(len - ETH_HLEN);
	ip->saddr = htonl(0xc6120001 + pd_flow);
	ip->daddr = htonl(0xc6130001);
	for (i = 0; i < sizeof(*ip); i += 2)
		sum += buf[ETH_HLEN + i] << 8 | buf[ETH_HLEN + i + 1];
	ip->check = htons(~(sum + (sum >> 16)));

	udp->source = htons(10000);
	udp->dest = htons(9);
	udp->len = htons(len - ETH_HLEN - sizeof(*ip));
	udp->check = 0;
}

/* A broadcast frame whose every byte follows from @seq. */
__u32 pd_fill(__u8 *buf, __u32 len, __u32 seq)
{
	struct ethhdr *eth = (struct ethhdr *)buf;
	__u32 be = htonl(seq);
	__u32 i;

	memset(eth->h_dest, 0xff, ETH_ALEN);
	memset(eth->h_source, 0x02, ETH_ALEN);
	eth->h_proto = htons(pd_udp ? ETH_P_IP : PD_ETHERTYPE);
	if (pd_udp)
		fill_udp(buf, len);
	memcpy(buf + seq_off(), &be, sizeof(be));
	for (i = seq_off() + sizeof(be); i < len; i++)
		buf[i] = (__u8)(seq * 7 + i + (i >> 8));

	return len;
}

int pd_send(int fd, __u32 len, __u32 seq)
{
	static __u8 buf[PD_FRAME_MAX];

	pd_fill(buf, len, seq);
	if (send(fd, buf, len, 0) != (ssize_t)len)
		return errno ? -errno : -EIO;

	return 0;
}

int pd_send_many(int fd, __u32 count, __u32 len, __u32 seq)
{
	int err = 0;
	__u32 i;

	for (i = 0; i < count && !err; i++)
		err = pd_send(fd, len, seq + i);

	return err;
}

/* Wait until @entries are unread.  Returns how many are. */
int pd_wait(struct pd_sock *pd, __u32 entries, int msecs)
{
	__u64 end = pd_now(CLOCK_MONOTONIC) + msecs * 1000000ULL;

	while (tpacket4_peek_all(&pd->ring) < entries) {
		if (pd_now(CLOCK_MONOTONIC) >= end)
			break;
		usleep(200);
	}

	return tpacket4_peek_all(&pd->ring);
}

/* Wait until @drops frames found no slot.  Returns how many did. */
__u64 pd_wait_drops(struct pd_sock *pd, __u64 drops, int msecs)
{
	__u64 end = pd_now(CLOCK_MONOTONIC) + msecs * 1000000ULL;
	struct tpacket4_stats stats;

	do {
		if (pd_stats(pd->fd, &stats))
			return 0;
		if (stats.ts_drop_no_slot >= drops)
			break;
		usleep(200);
	} while (pd_now(CLOCK_MONOTONIC) < end);

	return stats.ts_drop_no_slot;
}

static int gather_one(const struct tpacket4_ring *ring,
		      const struct tpacket4_hdr *hdr, struct pd_frame *frame)
{
	__u32 len = tpacket4_data_len(hdr);

	if (hdr->tp_slot >= ring->layout.tl_slot_nr)
		return -ERANGE;
	if (hdr->tp_data_end > ring->layout.tl_slot_len ||
	    hdr->tp_data > hdr->tp_data_end)
		return -ERANGE;
	/* without TPACKET4_SLL it means nothing */
	if (hdr->tp_flags & TPACKET4_SLL && hdr->tp_data_meta > hdr->tp_data)
		return -ERANGE;
	if (frame->len + len > sizeof(frame->data))
		return -EMSGSIZE;

	memcpy(frame->data + frame->len, tpacket4_data(ring, hdr), len);
	frame->len += len;

	return 0;
}

/* Put the frame that begins at the unread entry @at together.  Returns how
 * many entries it has, or -EPROTO when they are not one whole frame.
 */
int pd_gather(const struct tpacket4_ring *ring, __u32 at, __u32 avail,
	      struct pd_frame *frame)
{
	const struct tpacket4_hdr *hdr;
	__u32 i;
	int err;

	frame->len = 0;
	for (i = 0; i < avail; i++) {
		hdr = tpacket4_entry(ring, at + i);
		if (!!(hdr->tp_flags & TPACKET4_FIRST) != !i)
			return -EPROTO;
		if (!i)
			frame->hdr = *hdr;
		err = gather_one(ring, hdr, frame);
		if (err)
			return err;
		if (hdr->tp_flags & TPACKET4_LAST) {
			frame->entries = i + 1;
			return frame->entries;
		}
	}

	return -EPROTO;
}

/* Read one frame and give its entries back.  Returns how many it had. */
int pd_next(struct pd_sock *pd, struct pd_frame *frame, int msecs)
{
	int n = pd_wait(pd, 1, msecs);

	if (!n)
		return -ETIMEDOUT;

	n = pd_gather(&pd->ring, 0, n, frame);
	if (n > 0) {
		tpacket4_advance(&pd->ring, n);
		tpacket4_release(&pd->ring, pd->ring.next - pd->ring.cons);
	}

	return n;
}

__u32 pd_seq(const __u8 *data)
{
	__u32 be;

	memcpy(&be, data + seq_off(), sizeof(be));

	return ntohl(be);
}

/* What is wrong with the first @have of @len bytes of frame @seq, or NULL. */
const char *pd_check_bytes(const __u8 *data, __u32 have, __u32 len, __u32 seq)
{
	static __u8 want[PD_FRAME_MAX];
	static char why[128];
	__u32 i;

	if (have > len)
		return "more bytes than were sent";

	pd_fill(want, len, seq);
	for (i = 0; i < have; i++) {
		if (data[i] == want[i])
			continue;
		snprintf(why, sizeof(why),
			 "frame %u, byte %u of %u: %02x, should be %02x",
			 seq, i, len, data[i], want[i]);
		return why;
	}

	return NULL;
}

/* What is wrong with a frame that is @len bytes long and complete, or NULL. */
const char *pd_check(const struct pd_frame *frame, __u32 len, __u32 seq)
{
	static char why[128];

	if (frame->hdr.tp_len == len && frame->len == len)
		return pd_check_bytes(frame->data, frame->len, len, seq);

	snprintf(why, sizeof(why), "frame %u: tp_len %u, %u bytes, should be %u",
		 seq, frame->hdr.tp_len, frame->len, len);

	return why;
}

/* Give everything back that was published until now. */
void pd_drain(struct pd_sock *pd)
{
	tpacket4_peek_all(&pd->ring);
	tpacket4_advance(&pd->ring, pd->ring.prod - pd->ring.next);
	tpacket4_release(&pd->ring, pd->ring.prod - pd->ring.cons);
	tpacket4_kick_always(pd->fd);
}

__u64 pd_now(int clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);

	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Returns 0 or -1 with errno. */
int pd_set_clock(__u64 ns)
{
	struct timespec ts = { ns / 1000000000ULL, ns % 1000000000ULL };

	return clock_settime(CLOCK_REALTIME, &ts);
}
