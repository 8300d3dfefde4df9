// SPDX-License-Identifier: GPL-2.0
/*
 * direct_rx IFACE QUEUE [ENTRIES [SLOT_LEN]]: lease a queue and check the
 * generator's frames that it delivers.  "direct_rx - FD" takes over a socket
 * that has a lease.
 *
 * Prints "ready", or "refused REASON ERRNO" and exits with status 1.  After that
 * each line of input is a command, and each answer is a line:
 *
 *	stats	what was received, as JSON
 *	clear	forget it
 *	hold	give no entry back from now on
 *	go	give back all that is held, and go on
 *	give N	give back N entries of what is held
 *	stamps	ask for the NIC's time stamps
 *	release	give the queue back to the stack
 *	lease N FLAGS	lease queue N, with PACKET_DIRECT_* as a number
 *	prepare N	claim queue N
 *	begin	let the lease of it begin
 *	close	close the socket, and go on with the mapping alone
 *	fork	have a child that keeps the socket and the mapping
 *	reap	end that child
 *	exec	be a new process image, which takes over the socket
 *	pass PATH	send the socket to whoever listens there
 *	quit
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../nicsim/wire/gen.h"
#include "../../tools/testing/selftests/net/packet_direct/tpacket4.h"

#define ETH_P_VLAN	0x8100
#define VLAN_TAG_LEN	4

/* Without a socket nothing wakes the reader. */
#define MAPPING_POLL_MS	5

struct got {
	unsigned long frames;	/* all of them */
	unsigned long gen;	/* the generator's, right ones */
	unsigned long bad;	/* the generator's, damaged ones */
	unsigned long chained;	/* in more than one entry */
	unsigned long tagged;	/* with a VLAN tag in the frame */
	unsigned long ipv4;	/* by tp_protocol */
	unsigned long csum_valid;
	unsigned long csum_bad;
	unsigned long hash;
	unsigned long hash_l4;
	unsigned long disorder;	/* sequence numbers below the one before */
	unsigned long losing;	/* the first after lost ones */
	unsigned long losing_at; /* which of them was the last such */
	unsigned long stamped;	/* by the NIC */
	unsigned long backwards; /* time stamps below the one before of their kind */
	unsigned long beyond;	/* entries with bytes outside their slots */
	unsigned long last_seq;
	unsigned long last_stamp[2];
	unsigned long polled;	/* all bits that poll() returned */
	unsigned long errors;	/* times that SO_ERROR was not 0 */
	unsigned long error;	/* what it was then */
};

struct field {
	const char *name;
	unsigned long long value;
};

struct capture {
	int fd;
	pid_t child;
	bool hold;
	struct tpacket4_ring ring;
	struct tpacket4_info limits;
	struct got got;
};

static uint8_t frame[GEN_MAX + 64];

static int say_why(int fd)
{
	struct tpacket4_info info = { .ti_size = sizeof(info) };
	socklen_t len = sizeof(info);
	int err = errno;

	getsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, &info, &len);
	printf("refused %u %s\n", info.ti_reason, strerrorname_np(err));
	return 1;
}

/* PD_BY: by what the queue is to be leased. */
static uint32_t by_flags(void)
{
	const char *by = getenv("PD_BY") ?: "";

	if (!strcmp(by, "xsk"))
		return PACKET_DIRECT_XSK;
	return strcmp(by, "native") ? 0 : PACKET_DIRECT_NATIVE;
}

/* A ring that AF_XDP fills has at least what the queue's limits say: the callers' rings
 * suit drivers that were made for leases.
 */
static void get_limits(struct capture *c, unsigned int queue, struct tpacket_req4 *req)
{
	struct tpacket4_info *limits = &c->limits;
	socklen_t len = sizeof(*limits);

	limits->ti_size = sizeof(*limits);
	limits->ti_query = queue;
	limits->ti_query_flags = by_flags();
	if (getsockopt(c->fd, SOL_PACKET, PACKET_RX_DIRECT, limits, &len) ||
	    limits->ti_query_by != PACKET_DIRECT_XSK)
		return;
	if (req->tp_slot_len < limits->ti_slot_len_min)
		req->tp_slot_len = limits->ti_slot_len_min;
	if (req->tp_entry_nr < 2 * limits->ti_post_min)
		req->tp_entry_nr = 2 * limits->ti_post_min;
}

static int set_direct(struct capture *c, uint32_t flags, uint32_t queue)
{
	struct tpacket4_direct direct = {
		.td_size = sizeof(direct),
		.td_flags = flags,
		.td_queue = queue,
	};

	return setsockopt(c->fd, SOL_PACKET, PACKET_RX_DIRECT, &direct, sizeof(direct));
}

static int lease(struct capture *c, unsigned int queue)
{
	if (by_flags())
		return set_direct(c, by_flags(), queue);
	return setsockopt(c->fd, SOL_PACKET, PACKET_RX_DIRECT, &queue, sizeof(queue));
}

static int open_lease(struct capture *c, const char *iface, unsigned int queue,
		      unsigned int entries, unsigned int slot_len)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(iface),
	};
	struct tpacket_req4 req = {
		.tp_size = sizeof(req),
		.tp_entry_nr = entries,
		.tp_slot_len = slot_len,
		.tp_slot_size = 1024,
	};
	int version = TPACKET_V4;

	c->fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (c->fd < 0 ||
	    setsockopt(c->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    bind(c->fd, (struct sockaddr *)&addr, sizeof(addr)))
		return say_why(c->fd);
	get_limits(c, queue, &req);
	while (req.tp_slot_size < req.tp_slot_len)
		req.tp_slot_size *= 2;
	if (setsockopt(c->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) ||
	    lease(c, queue))
		return say_why(c->fd);
	if (tpacket4_map(&c->ring, c->fd))
		return say_why(c->fd);
	return 0;
}

static int take_over(struct capture *c, const char *fd)
{
	c->fd = atoi(fd);
	if (tpacket4_map(&c->ring, c->fd))
		return say_why(c->fd);
	return 0;
}

static void check_frame(struct capture *c, const struct tpacket4_hdr *hdr,
			const uint8_t *data, size_t len)
{
	bool by_nic = hdr->tp_flags & TPACKET4_TSTAMP_HW;
	struct got *got = &c->got;
	enum gen_error err;
	uint64_t seq;

	got->frames++;
	got->ipv4 += hdr->tp_flags & TPACKET4_PROTOCOL &&
		     hdr->tp_protocol == htons(ETH_P_IP);
	got->csum_valid += !!(hdr->tp_flags & TPACKET4_CSUM_VALID);
	got->csum_bad += !!(hdr->tp_flags & TPACKET4_CSUM_BAD);
	got->hash += !!(hdr->tp_flags & TPACKET4_HASH);
	got->hash_l4 += !!(hdr->tp_flags & TPACKET4_HASH_L4_MASK);
	if (hdr->tp_flags & TPACKET4_LOSING) {
		got->losing++;
		got->losing_at = got->frames;
	}
	got->stamped += by_nic;
	got->backwards += hdr->tp_tstamp < got->last_stamp[by_nic];
	got->last_stamp[by_nic] = hdr->tp_tstamp;

	if (data[12] == ETH_P_VLAN >> 8 && data[13] == (ETH_P_VLAN & 0xff))
		got->tagged++;

	err = gen_check(data, len, &seq);
	if (err == GEN_SHORT || err == GEN_NOT_OURS)
		return;
	if (err != GEN_OK || len != hdr->tp_len) {
		got->bad++;
		return;
	}
	if (got->gen++)
		got->disorder += seq <= got->last_seq;
	got->last_seq = seq;
}

static bool is_beyond(const struct capture *c, const struct tpacket4_hdr *hdr)
{
	return hdr->tp_data > hdr->tp_data_end ||
	       hdr->tp_data_end > c->ring.layout.tl_slot_len ||
	       hdr->tp_slot >= c->ring.layout.tl_slot_nr;
}

/* Returns how many entries the next frame has. */
static uint32_t frame_entries(struct capture *c)
{
	uint32_t n = 0;

	while (!(tpacket4_entry(&c->ring, n++)->tp_flags & TPACKET4_LAST))
		;
	return n;
}

/* Returns how many entries the next frame had. */
static uint32_t take_frame(struct capture *c)
{
	struct tpacket4_hdr *first = tpacket4_entry(&c->ring, 0);
	uint32_t i, part, n = frame_entries(c);
	struct tpacket4_hdr *hdr;
	size_t len = 0;

	for (i = 0; i < n; i++) {
		hdr = tpacket4_entry(&c->ring, i);
		part = tpacket4_data_len(hdr);
		c->got.beyond += is_beyond(c, hdr);
		if (len + part > sizeof(frame)) {
			c->got.bad++;
			continue;
		}
		memcpy(frame + len, tpacket4_data(&c->ring, hdr), part);
		len += part;
	}

	if (!(first->tp_flags & TPACKET4_FIRST))
		c->got.bad++;
	c->got.chained += n > 1;
	check_frame(c, first, frame, len);
	return n;
}

static void give_some(struct capture *c, uint32_t count)
{
	tpacket4_release(&c->ring, count);
	tpacket4_kick(&c->ring, c->fd);
}

static void give_back(struct capture *c)
{
	if (!c->hold)
		give_some(c, c->ring.next - c->ring.cons);
}

/* What was copied between bind() and the lease is not the queue's. */
static void drop_copied(struct capture *c)
{
	while (tpacket4_peek(&c->ring) &&
	       tpacket4_entry(&c->ring, 0)->tp_flags & TPACKET4_SLL)
		tpacket4_advance(&c->ring, frame_entries(c));
	give_back(c);
}

static void take_all(struct capture *c)
{
	unsigned int batch = 0;

	while (tpacket4_peek(&c->ring)) {
		tpacket4_advance(&c->ring, take_frame(c));
		if (++batch % 32 == 0)
			give_back(c);
	}
	give_back(c);
}

static void print_fields(const struct field *fields)
{
	for (; fields->name; fields++)
		printf("\"%s\":%llu,", fields->name, fields->value);
}

static void print_got(const struct got *got)
{
	const struct field fields[] = {
		{ "frames", got->frames },
		{ "gen", got->gen },
		{ "bad", got->bad },
		{ "chained", got->chained },
		{ "tagged", got->tagged },
		{ "ipv4", got->ipv4 },
		{ "csum_valid", got->csum_valid },
		{ "csum_bad", got->csum_bad },
		{ "hash", got->hash },
		{ "hash_l4", got->hash_l4 },
		{ "losing", got->losing },
		{ "losing_at", got->losing_at },
		{ "stamped", got->stamped },
		{ "stamp", got->last_stamp[1] },
		{ "disorder", got->disorder },
		{ "backwards", got->backwards },
		{ "beyond", got->beyond },
		{ "polled", got->polled },
		{ "errors", got->errors },
		{ "error", got->error },
		{ }
	};

	print_fields(fields);
}

static void print_lease(int fd)
{
	struct tpacket4_stats s = { .ts_size = sizeof(s) };
	struct tpacket4_info i = { .ti_size = sizeof(i) };
	socklen_t stats_len = sizeof(s), info_len = sizeof(i);

	getsockopt(fd, SOL_PACKET, PACKET_V4_STATISTICS, &s, &stats_len);
	getsockopt(fd, SOL_PACKET, PACKET_RX_DIRECT, &i, &info_len);

	const struct field fields[] = {
		{ "free", s.ts_free },
		{ "posted", s.ts_posted },
		{ "held", s.ts_held },
		{ "sum", s.ts_free + s.ts_posted + s.ts_held + s.ts_spare },
		{ "quarantined", s.ts_quarantined },
		{ "packets", s.ts_packets },
		{ "drop_nic", s.ts_drop_nic },
		{ "drop_no_slot", s.ts_drop_no_slot },
		{ "drop_too_long", s.ts_drop_too_long },
		{ "drop_error", s.ts_drop_error },
		{ "drop_down", s.ts_drop_down },
		{ "bad_slot", s.ts_bad_slot },
		{ "bad_cons", s.ts_bad_cons },
		{ "dry", s.ts_dry },
		{ "state", i.ti_state },
		{ "generation", i.ti_generation },
		{ }
	};

	print_fields(fields);
}

static void print_stats(struct capture *c)
{
	putchar('{');
	print_got(&c->got);
	if (c->fd >= 0)
		print_lease(c->fd);
	printf("\"frame_flags\":%u,\"info_flags\":%u,\"post_min\":%u,",
	       c->limits.ti_frame_flags, c->limits.ti_flags, c->limits.ti_post_min);
	printf("\"ctrl_state\":%u,\"ctrl_generation\":%u,\"slots\":%u}\n",
	       __atomic_load_n(&c->ring.ctrl->state, __ATOMIC_ACQUIRE),
	       __atomic_load_n(&c->ring.ctrl->generation, __ATOMIC_ACQUIRE),
	       c->ring.layout.tl_slot_nr);
}

static int want_stamps(struct capture *c)
{
	int which = SOF_TIMESTAMPING_RAW_HARDWARE;

	return setsockopt(c->fd, SOL_PACKET, PACKET_TIMESTAMP, &which, sizeof(which));
}

static int close_socket(struct capture *c)
{
	int err = close(c->fd);

	c->fd = -1;
	return err;
}

static int fork_child(struct capture *c)
{
	c->child = fork();
	if (c->child)
		return c->child < 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static int end_child(struct capture *c)
{
	return kill(c->child, SIGKILL) || waitpid(c->child, NULL, 0) != c->child;
}

/* The new process image answers, with "ready". */
static int exec_again(struct capture *c)
{
	char fd[16];

	snprintf(fd, sizeof(fd), "%d", c->fd);
	return execl("/proc/self/exe", "direct_rx", "-", fd, NULL);
}

static int pass_socket(struct capture *c, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = "s", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int err, to = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &c->fd, sizeof(int));
	err = connect(to, (struct sockaddr *)&addr, sizeof(addr)) ||
	      sendmsg(to, &msg, 0) != 1;
	close(to);
	return err;
}

/* Commands about the process. Returns whether the command failed. */
static bool act(struct capture *c, char *line)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	uint32_t queue, flags;

	if (!strcmp(line, "release\n"))
		return set_direct(c, PACKET_DIRECT_RELEASE, 0);
	if (sscanf(line, "lease %u %u", &queue, &flags) == 2)
		return set_direct(c, flags | by_flags(), queue);
	if (sscanf(line, "prepare %u", &queue) == 1)
		return set_direct(c, PACKET_DIRECT_PREPARE | by_flags(), queue);
	if (!strcmp(line, "begin\n"))
		return set_direct(c, PACKET_DIRECT_BEGIN, 0);
	if (!strcmp(line, "close\n"))
		return close_socket(c);
	if (!strcmp(line, "stamps\n"))
		return want_stamps(c);
	if (!strcmp(line, "fork\n"))
		return fork_child(c);
	if (!strcmp(line, "reap\n"))
		return end_child(c);
	if (!strcmp(line, "exec\n"))
		return exec_again(c);
	if (sscanf(line, "pass %107s", path) == 1)
		return pass_socket(c, path);
	return true;
}

/* Returns false at the end. */
static bool command(struct capture *c)
{
	unsigned int count;
	char line[128];

	if (!fgets(line, sizeof(line), stdin) || !strcmp(line, "quit\n"))
		return false;

	if (!strcmp(line, "stats\n")) {
		print_stats(c);
		return true;
	}
	if (!strcmp(line, "clear\n")) {
		c->got = (struct got){ 0 };
	} else if (!strcmp(line, "hold\n") || !strcmp(line, "go\n")) {
		c->hold = line[0] == 'h';
		give_back(c);
	} else if (sscanf(line, "give %u", &count) == 1) {
		give_some(c, count);
	} else if (act(c, line)) {
		printf("error %s", line);
		return true;
	}
	puts("ok");
	return true;
}

/* After down and up the frames go on. */
static void note_error(struct capture *c)
{
	socklen_t len = sizeof(int);
	int err = 0;

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err) {
		c->got.errors++;
		c->got.error = err;
	}
}

static void run(struct capture *c)
{
	struct pollfd pfd[] = {
		{ .fd = c->fd, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};

	for (;;) {
		pfd[0].fd = c->fd;
		poll(pfd, 2, c->fd < 0 ? MAPPING_POLL_MS : -1);
		c->got.polled |= pfd[0].revents;
		if (pfd[0].revents & POLLERR)
			note_error(c);
		take_all(c);
		if (pfd[1].revents && !command(c))
			return;
	}
}

int main(int argc, char **argv)
{
	struct capture c = { .fd = -1 };

	if (argc < 3) {
		fputs("usage: direct_rx IFACE QUEUE [ENTRIES [SLOT_LEN]]\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	if (argv[1][0] == '-' ? take_over(&c, argv[2]) :
	    open_lease(&c, argv[1], atoi(argv[2]), argc > 3 ? atoi(argv[3]) : 1024,
		       argc > 4 ? atoi(argv[4]) : 2048))
		return 1;
	if (argv[1][0] != '-')
		drop_copied(&c);
	puts("ready");
	run(&c);
	return 0;
}
