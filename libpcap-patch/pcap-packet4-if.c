// SPDX-License-Identifier: BSD-3-Clause
/*
 * Questions to the kernel about the interface of a TPACKET_V4 capture.  The
 * interface is known by its number, because its name can change and become another
 * interface's.
 *
 * After the activation nothing here may wait for the RTNL, which others may hold
 * for seconds.  That leaves ioctls, which take a name, and files.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/sockios.h>

#include "pcap-int.h"
#include "pcap-packet4-int.h"

#ifdef PACKET_RX_DIRECT

#define MAX_FEATURES	256U

/* The kernel ignores a colon in the name, and everything after it. */
int pcap_packet4_if_index(int fd, const char *name)
{
	struct ifreq ifr = { .ifr_ifindex = 0 };

	if (strchr(name, ':')) {
		errno = ENODEV;
		return -1;
	}
	pcapint_strlcpy(ifr.ifr_name, name, sizeof(ifr.ifr_name));
	return ioctl(fd, SIOCGIFINDEX, &ifr) < 0 ? -1 : ifr.ifr_ifindex;
}

static int name_of(int fd, int ifindex, char *name)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_ifindex = ifindex;
	if (ioctl(fd, SIOCGIFNAME, &ifr) < 0)
		return -1;
	memcpy(name, ifr.ifr_name, IFNAMSIZ);
	return 0;
}

/* Ask by number: while an interface is renamed, it has neither name. */
int pcap_packet4_if_gone(int fd, int ifindex)
{
	char name[IFNAMSIZ];

	return name_of(fd, ifindex, name) < 0 && errno == ENODEV;
}

/*
 * The ioctl takes a name.  Its answer is about this interface if the interface has
 * that name before the ioctl and after it.
 */
int pcap_packet4_if_ioctl(int fd, int ifindex, unsigned long request,
			  struct ifreq *ifr)
{
	const struct ifreq asked = *ifr;
	char name[IFNAMSIZ];
	int ret, err;

	do {
		*ifr = asked;
		if (name_of(fd, ifindex, ifr->ifr_name) < 0)
			return -1;
		ret = ioctl(fd, request, ifr);
		err = errno;
		if (name_of(fd, ifindex, name) < 0)
			return -1;
	} while (strncmp(name, ifr->ifr_name, IFNAMSIZ) != 0);
	errno = err;
	return ret;
}

/* IFF_ flags, or -1. */
int pcap_packet4_if_flags(int fd, int ifindex)
{
	struct ifreq ifr = { .ifr_flags = 0 };

	if (pcap_packet4_if_ioctl(fd, ifindex, SIOCGIFFLAGS, &ifr) < 0)
		return -1;
	return (unsigned short)ifr.ifr_flags;
}

static int ethtool(int fd, int ifindex, void *command)
{
	struct ifreq ifr = { .ifr_data = command };

	return pcap_packet4_if_ioctl(fd, ifindex, SIOCETHTOOL, &ifr);
}

/* In Mbit/s; 0: unknown. */
uint32_t pcap_packet4_if_speed(int fd, int ifindex)
{
	struct ethtool_cmd cmd = { .cmd = ETHTOOL_GSET };
	uint32_t speed;

	if (ethtool(fd, ifindex, &cmd) < 0)
		return 0;
	speed = ethtool_cmd_speed(&cmd);
	return speed == (uint32_t)SPEED_UNKNOWN ? 0 : speed;
}

static uint32_t feature_count(int fd, int ifindex)
{
	struct {
		struct ethtool_sset_info head;
		uint32_t	count;
	} info = {
		.head.cmd = ETHTOOL_GSSET_INFO,
		.head.sset_mask = 1ULL << ETH_SS_FEATURES,
	};

	if (ethtool(fd, ifindex, &info) < 0 || !info.head.sset_mask)
		return 0;
	return info.count;
}

/* Returns the feature's bit, or -1. */
static int find_feature(int fd, int ifindex, uint32_t count, const char *name)
{
	struct {
		struct ethtool_gstrings head;
		char	names[MAX_FEATURES][ETH_GSTRING_LEN];
	} list = {
		.head.cmd = ETHTOOL_GSTRINGS,
		.head.string_set = ETH_SS_FEATURES,
		.head.len = count,
	};
	uint32_t i;

	if (ethtool(fd, ifindex, &list) < 0)
		return -1;
	for (i = 0; i < count; i++)
		if (strncmp(list.names[i], name, ETH_GSTRING_LEN) == 0)
			return (int)i;
	return -1;
}

static int has_feature(int fd, int ifindex, const char *name)
{
	uint32_t count = feature_count(fd, ifindex);
	struct {
		struct ethtool_gfeatures head;
		struct ethtool_get_features_block block[MAX_FEATURES / 32];
	} now = {
		.head.cmd = ETHTOOL_GFEATURES,
		.head.size = (count + 31) / 32,
	};
	int bit;

	if (count == 0 || count > MAX_FEATURES)
		return 0;
	bit = find_feature(fd, ifindex, count, name);
	if (bit < 0 || ethtool(fd, ifindex, &now) < 0)
		return 0;
	return now.block[bit / 32].active >> (bit % 32) & 1;
}

/* A promiscuous interface drops none, whoever made it promiscuous. */
int pcap_packet4_if_drops_vlans(int fd, int ifindex)
{
	int flags = pcap_packet4_if_flags(fd, ifindex);

	if (flags < 0 || flags & IFF_PROMISC)
		return 0;
	return has_feature(fd, ifindex, "rx-vlan-filter");
}

static int read_text(int dir, const char *name, char *text, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -1;
	len = read(fd, text, size - 1);
	close(fd);
	if (len < 0)
		return -1;
	text[len] = '\0';
	return 0;
}

/*
 * Is this the interface's directory?  A program's /sys can be that of another
 * network namespace, where another interface has the same name or number.
 */
static int is_directory_of(int dir, int fd, int ifindex)
{
	struct ifreq ifr = { .ifr_ifindex = 0 };
	const u_char *mac = (u_char *)ifr.ifr_hwaddr.sa_data;
	char text[128], wanted[24];

	if (read_text(dir, "ifindex", text, sizeof(text)) < 0 ||
	    atoi(text) != ifindex ||
	    pcap_packet4_if_ioctl(fd, ifindex, SIOCGIFHWADDR, &ifr) < 0)
		return 0;
	if (ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return 1;
	snprintf(wanted, sizeof(wanted), "%02x:%02x:%02x:%02x:%02x:%02x\n",
		 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return read_text(dir, "address", text, sizeof(text)) == 0 &&
	       strcmp(text, wanted) == 0;
}

static long long read_counters(struct packet4 *p4)
{
	char text[32];
	ssize_t len;
	int i;

	for (i = 0; i < PACKET4_COUNTERS; i++) {
		if (p4->counter_fd[i] == -1)
			continue;
		len = pread(p4->counter_fd[i], text, sizeof(text) - 1, 0);
		if (len <= 0)
			continue;	/* gone: keep the last value */
		text[len] = '\0';
		p4->counter[i] = strtoll(text, NULL, 10);
	}
	return p4->counter[0] + p4->counter[1];
}

/*
 * The two files stay open.  So they remain this interface's if it is renamed, or
 * if this program gets other mounts or another network namespace.
 */
void pcap_packet4_if_open_counters(pcap_t *p, struct packet4 *p4)
{
	static const char *const files[PACKET4_COUNTERS] = {
		"statistics/rx_missed_errors", "statistics/rx_fifo_errors",
	};
	char name[IFNAMSIZ], path[32 + IFNAMSIZ];
	int dir, i;

	if (name_of(p->fd, p4->ifindex, name) < 0)
		return;
	snprintf(path, sizeof(path), "/sys/class/net/%.*s", IFNAMSIZ, name);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return;
	if (is_directory_of(dir, p->fd, p4->ifindex))
		for (i = 0; i < PACKET4_COUNTERS; i++)
			p4->counter_fd[i] = openat(dir, files[i],
						   O_RDONLY | O_CLOEXEC);
	close(dir);
	p4->if_dropped = read_counters(p4);
}

void pcap_packet4_if_close_counters(struct packet4 *p4)
{
	int i;

	for (i = 0; i < PACKET4_COUNTERS; i++)
		if (p4->counter_fd[i] != -1)
			close(p4->counter_fd[i]);
}

/* What the interface dropped since the counters were opened. */
u_int pcap_packet4_if_drops(struct packet4 *p4)
{
	long long now = read_counters(p4);

	return now > p4->if_dropped ? (u_int)(now - p4->if_dropped) : 0;
}
#endif /* PACKET_RX_DIRECT */
