// SPDX-License-Identifier: GPL-2.0
/*
 * psock_tpacket's test of TPACKET_V4: PACKET_RX_RING on lo, by copy, and with
 * "-i IFACE -q QUEUE" on an RX queue of a device, without a copy.
 *
 * With "-o IFACE", an interface that is wired to the first, the test sends itself;
 * otherwise it waits for traffic.  Each frame it sends is of a new flow, until enough
 * of them came to the queue.
 */
#include <errno.h>
#include <linux/filter.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "packet_direct/tpacket4.h"

#include "psock_lib.h"
#include "psock_tpacket_v4.h"

#define V4_PACKETS	100
#define V4_BURST	16
#define V4_SECONDS	60
#define V4_ENTRIES	256
#define V4_FRAME	(42 + DATA_LEN)

struct v4_test {
	const char		*rx;
	const char		*tx;
	int			queue;		/* -1: by copy */
	int			fd;
	int			tx_fd;
	struct tpacket4_ring	ring;
	tpacket_v4_check	check;
	unsigned int		packets, bytes, flow;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void v4_bind(int fd, const char *ifname, int proto)
{
	struct sockaddr_ll ll = {
		.sll_family = PF_PACKET,
		.sll_protocol = htons(proto),
		.sll_ifindex = if_nametoindex(ifname),
	};

	if (!ll.sll_ifindex || bind(fd, (struct sockaddr *)&ll, sizeof(ll)))
		fail(ifname);
}

static void v4_open(struct v4_test *t)
{
	struct tpacket_req4 req = {
		.tp_size = sizeof(req),
		.tp_entry_nr = V4_ENTRIES,
		.tp_slot_size = 2048,
	};
	int ver = TPACKET_V4;
	int err;

	t->fd = socket(PF_PACKET, SOCK_RAW, 0);
	if (t->fd == -1)
		fail("socket");
	if (setsockopt(t->fd, SOL_PACKET, PACKET_VERSION, &ver, sizeof(ver)))
		fail("PACKET_VERSION");
	if (setsockopt(t->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		fail("PACKET_RX_RING");
	err = tpacket4_map(&t->ring, t->fd);
	if (err) {
		errno = -err;
		fail("mmap");
	}
	pair_udp_setfilter(t->fd);
	v4_bind(t->fd, t->rx, ETH_P_ALL);
}

/* Frames that were copied before the lease do not count: give them back. */
static void v4_lease(struct v4_test *t)
{
	struct tpacket4_info info = { .ti_size = sizeof(info) };
	unsigned int queue = t->queue;
	socklen_t len = sizeof(info);
	int err;

	err = setsockopt(t->fd, SOL_PACKET, PACKET_RX_DIRECT, &queue,
			 sizeof(queue)) ? errno : 0;
	if (getsockopt(t->fd, SOL_PACKET, PACKET_RX_DIRECT, &info, &len))
		fail("getsockopt PACKET_RX_DIRECT");
	if (!err && info.ti_state != PACKET_DIRECT_ACTIVE)
		err = ENETDOWN;
	if (err) {
		fprintf(stderr, "%s queue %u: %s, reason %u, state %u\n", t->rx,
			queue, strerror(err), info.ti_reason, info.ti_state);
		exit(1);
	}
	tpacket4_advance(&t->ring, tpacket4_peek_all(&t->ring));
	tpacket4_release(&t->ring, t->ring.next - t->ring.cons);
}

static void v4_close(struct v4_test *t)
{
	tpacket4_unmap(&t->ring);
	close(t->fd);
	if (t->tx_fd >= 0)
		close(t->tx_fd);
}

static void v4_mac(const char *ifname, void *mac)
{
	struct ifreq ifr = {};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &ifr))
		fail(ifname);
	memcpy(mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	close(fd);
}

static uint16_t v4_ip_sum(const struct iphdr *ip)
{
	const uint8_t *p = (const uint8_t *)ip;
	uint32_t sum = 0, i;

	for (i = 0; i < sizeof(*ip); i += 2)
		sum += p[i] << 8 | p[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);

	return htons(~(sum + (sum >> 16)));
}

/* A UDP datagram without checksum that the filter accepts.  Each has another source
 * address, since not every NIC looks at ports to choose a queue.
 */
static void v4_create(const struct v4_test *t, uint8_t *frame)
{
	struct ethhdr *eth = (struct ethhdr *)frame;
	struct iphdr *ip = (struct iphdr *)(eth + 1);
	struct udphdr *udp = (struct udphdr *)(ip + 1);

	memset(frame, 0, V4_FRAME);
	v4_mac(t->rx, eth->h_dest);
	eth->h_source[0] = 0x02;
	eth->h_proto = htons(ETH_P_IP);
	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	ip->tot_len = htons(V4_FRAME - sizeof(*eth));
	ip->saddr = htonl(0xc6120001 + t->flow);
	ip->daddr = htonl(0xc6130001);
	ip->check = v4_ip_sum(ip);
	udp->source = htons(PORT_BASE);
	udp->dest = htons(PORT_BASE);
	udp->len = htons(V4_FRAME - sizeof(*eth) - sizeof(*ip));
	memset(udp + 1, DATA_CHAR, DATA_LEN);
}

static void v4_send_burst(struct v4_test *t)
{
	uint8_t frame[V4_FRAME];
	int i;

	for (i = 0; i < V4_BURST; i++, t->flow++) {
		v4_create(t, frame);
		if (send(t->tx_fd, frame, sizeof(frame), 0) != sizeof(frame))
			fail("send");
	}
}

/* A frame of the test is short and has one entry. */
static void v4_walk_entry(struct v4_test *t, const struct tpacket4_hdr *hdr)
{
	const __u32 whole = TPACKET4_FIRST | TPACKET4_LAST;

	if ((hdr->tp_flags & (whole | TPACKET4_TRUNCATED)) != whole ||
	    hdr->tp_len != tpacket4_data_len(hdr)) {
		fprintf(stderr, "walk_v4_rx: flags 0x%x, %u bytes of %u\n",
			hdr->tp_flags, tpacket4_data_len(hdr), hdr->tp_len);
		exit(1);
	}
	t->check(tpacket4_data(&t->ring, hdr), tpacket4_data_len(hdr));
	t->bytes += tpacket4_data_len(hdr);
	if (++t->packets % 10 == 0)
		fprintf(stderr, ".");
}

static unsigned int v4_walk(struct v4_test *t)
{
	unsigned int i, n = tpacket4_peek(&t->ring);

	for (i = 0; i < n; i++)
		v4_walk_entry(t, tpacket4_entry(&t->ring, i));
	tpacket4_advance(&t->ring, n);
	tpacket4_release(&t->ring, n);
	tpacket4_kick(&t->ring, t->fd);

	return n;
}

/* Read until @packets came.  poll() has to wake us. */
static void v4_walk_until(struct v4_test *t, unsigned int packets)
{
	struct pollfd pfd = { .fd = t->fd, .events = POLLIN | POLLERR };
	time_t end = time(NULL) + V4_SECONDS;

	while (t->packets < packets && time(NULL) < end) {
		if (t->tx_fd >= 0)
			v4_send_burst(t);
		if (!v4_walk(t))
			poll(&pfd, 1, t->tx_fd >= 0 ? 10 : 1000);
	}
	if (t->packets < packets) {
		fprintf(stderr, "walk_v4_rx: received %u out of %u pkts\n",
			t->packets, packets);
		exit(1);
	}
}

/* No slot is lost. */
static void v4_check_sum(struct v4_test *t)
{
	struct tpacket4_stats s = { .ts_size = sizeof(s) };
	socklen_t len = sizeof(s);

	if (getsockopt(t->fd, SOL_PACKET, PACKET_V4_STATISTICS, &s, &len))
		fail("PACKET_V4_STATISTICS");
	if (s.ts_free + s.ts_posted + s.ts_held + s.ts_spare != V4_ENTRIES ||
	    s.ts_bad_slot || s.ts_bad_cons) {
		fprintf(stderr,
			"walk_v4_rx: slots: %u free, %u posted, %u held, %u spare\n",
			s.ts_free, s.ts_posted, s.ts_held, s.ts_spare);
		exit(1);
	}
}

/* As the tests of the other versions.  On lo each datagram passes twice. */
static int v4_copy(struct v4_test *t)
{
	int udp_sock[2];

	pair_udp_open(udp_sock, PORT_BASE);
	pair_udp_send(udp_sock, V4_PACKETS);
	v4_walk_until(t, 2 * V4_PACKETS);
	pair_udp_close(udp_sock);
	if (t->packets != 2 * V4_PACKETS) {
		fprintf(stderr, "walk_v4_rx: received %u out of %u pkts\n",
			t->packets, 2 * V4_PACKETS);
		return 1;
	}
	v4_check_sum(t);
	fprintf(stderr, " %u pkts (%u bytes)\n", V4_PACKETS, t->bytes >> 1);

	return 0;
}

static int v4_direct(struct v4_test *t)
{
	if (t->tx) {
		t->tx_fd = socket(PF_PACKET, SOCK_RAW, 0);
		if (t->tx_fd == -1)
			fail("socket");
		v4_bind(t->tx_fd, t->tx, 0);
	}
	v4_lease(t);
	v4_walk_until(t, V4_PACKETS);
	v4_check_sum(t);
	fprintf(stderr, " %u pkts (%u bytes)\n", t->packets, t->bytes);

	return 0;
}

static int v4_run(struct v4_test *t)
{
	int ret;

	fprintf(stderr, "test: TPACKET_V4 with PACKET_RX_RING ");
	if (t->queue >= 0)
		fprintf(stderr, "on %s queue %d ", t->rx, t->queue);
	t->tx_fd = -1;
	v4_open(t);
	ret = t->queue < 0 ? v4_copy(t) : v4_direct(t);
	v4_close(t);

	return ret;
}

static bool v4_supported(void)
{
	int ver = TPACKET_V4, fd = socket(PF_PACKET, SOCK_RAW, 0);
	bool yes;

	if (fd == -1)
		fail("socket");
	yes = !setsockopt(fd, SOL_PACKET, PACKET_VERSION, &ver, sizeof(ver));
	close(fd);

	return yes;
}

int test_tpacket_v4(tpacket_v4_check check)
{
	struct v4_test t = { .rx = "lo", .queue = -1, .check = check };

	if (!v4_supported()) {
		fprintf(stderr,
			"test: skip TPACKET_V4, this kernel is without CONFIG_PACKET_RX_DIRECT\n");
		return 0;
	}

	return v4_run(&t);
}

int test_tpacket_v4_args(int argc, char **argv, tpacket_v4_check check)
{
	struct v4_test t = { .queue = -1, .check = check };
	int c;

	while ((c = getopt(argc, argv, "i:q:o:")) != -1) {
		if (c == 'i')
			t.rx = optarg;
		else if (c == 'q')
			t.queue = atoi(optarg);
		else if (c == 'o')
			t.tx = optarg;
		else
			t.queue = -1;
	}
	if (!t.rx || t.queue < 0 || optind != argc) {
		fprintf(stderr, "usage: %s [-i IFACE -q QUEUE [-o IFACE]]\n",
			argv[0]);
		return 1;
	}
	if (!v4_supported()) {
		fprintf(stderr,
			"this kernel is without CONFIG_PACKET_RX_DIRECT\n");
		return KSFT_SKIP;
	}

	return v4_run(&t);
}
