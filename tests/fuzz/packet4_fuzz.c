// SPDX-License-Identifier: GPL-2.0
/*
 * packet4_fuzz CORPUS NEW SECONDS [SEED]: run the programs in the directories CORPUS
 * and NEW, then for so many seconds others that are made from them at random. If the
 * kernel has kcov, programs that reach something new are kept in NEW.
 *
 * What a call returns is not looked at: that is for the selftests. A bug shows on the
 * kernel's console, or a socket cannot be closed. Frames come by veth, and from
 * PD_PEER to PD_IFACE if these are set.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <sched.h>
#include <time.h>

#include "fuzz/program.h"

#define PROGRAMS_MAX	4096

static struct coverage coverage;
static struct program corpus[PROGRAMS_MAX];
static unsigned int programs;
static struct world world;

static __u64 now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);

	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

static int make_dmabuf(void)
{
	struct udmabuf_create create = { .size = 1 << 20 };
	int dev = open("/dev/udmabuf", O_RDWR);
	int fd = -1;

	create.memfd = memfd_create("payload", MFD_ALLOW_SEALING);
	if (!ftruncate(create.memfd, create.size) &&
	    !fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		fd = ioctl(dev, UDMABUF_CREATE, &create);
	close(create.memfd);
	close(dev);

	return fd;
}

/* Nothing may wait for ever. */
static int tx_socket(const char *ifname)
{
	struct timeval tv = { .tv_sec = 1 };
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_ifindex = if_nametoindex(ifname),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		perror(ifname);
		exit(2);
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));

	return fd;
}

static void add_device(int i, const char *rx, const char *tx)
{
	world.ifname[i] = rx;
	world.ifindex[i] = if_nametoindex(rx);
	world.tx[i] = tx_socket(tx);
}

/* Without a NIC both devices are the same. */
static void make_world(void)
{
	const char *nic = getenv("PD_IFACE"), *peer = getenv("PD_PEER");
	int i;

	if (!nic || !peer) {
		nic = "fuzz1";
		peer = "fuzz0";
		if (unshare(CLONE_NEWNET)) {
			perror("a network namespace");
			exit(2);
		}
	}
	if (system("ip link set lo up") ||
	    system("ip link add fuzz0 up type veth peer name fuzz1") ||
	    system("ip link set fuzz1 up"))
		exit(2);
	add_device(0, nic, peer);
	add_device(1, "fuzz1", "fuzz0");
	add_device(2, "lo", "lo");
	world.dmabuf = make_dmabuf();
	for (i = 0; i < SOCKS; i++)
		world.sock[i] = -1;
}

static void run_program(const struct program *p)
{
	__u32 i, a[ARGS_MAX] = {};

	coverage_begin(&coverage);
	for (i = 0; i < p->steps; i++)
		calls[p->step[i].call].make(&world, p->step[i].args);
	for (i = 0; i < SOCKS; i++) {
		a[0] = i;
		call_munmap(&world, a);
		call_close(&world, a);
	}
	for (i = 0; i < DEVICES; i++) {
		a[0] = i;
		call_up(&world, a);
	}
}

/* Leave out each call that is not needed to reach something new. */
static void shorten(struct program *p)
{
	struct program less;
	__u32 i;

	for (i = p->steps; i-- > 0;) {
		less = *p;
		remove_step(&less, i);
		run_program(&less);
		if (coverage_new(&coverage, false))
			*p = less;
	}
}

static int save(const char *dir, const struct program *p)
{
	char path[512];
	unsigned int i = 0;

	do {
		snprintf(path, sizeof(path), "%s/new-%04u.txt", dir, i++);
	} while (!access(path, F_OK));
	if (!write_program(p, path))
		return 0;
	perror(path);

	return -1;
}

/* Returns whether all of @dir are programs. */
static bool replay(const char *dir)
{
	struct dirent **names;
	char path[512];
	int i, n;

	n = scandir(dir, &names, NULL, alphasort);
	for (i = 0; i < n; i++) {
		if (!strstr(names[i]->d_name, ".txt"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		if (programs == PROGRAMS_MAX ||
		    read_program(&corpus[programs], path)) {
			fprintf(stderr, "%s: not a program\n", path);
			return false;
		}
		run_program(&corpus[programs++]);
		coverage_new(&coverage, true);
	}

	return true;
}

static const struct program *any_program(__u32 *random)
{
	static const struct program nothing;

	return programs ? &corpus[below(random, programs)] : &nothing;
}

/* Returns how many were run, or -1. */
static long fuzz(const char *dir, __u64 end, __u32 *random)
{
	struct program p;
	long runs = 0;

	for (; now() < end; runs++) {
		p = *any_program(random);
		if (!below(random, 16))
			p.steps = 0;
		mutate(&p, any_program(random), random);
		run_program(&p);
		if (!coverage_new(&coverage, false) || programs == PROGRAMS_MAX)
			continue;
		shorten(&p);
		run_program(&p);
		coverage_new(&coverage, true);
		if (save(dir, &p))
			return -1;
		corpus[programs++] = p;
	}

	return runs;
}

static void tell_coverage(void)
{
	if (coverage.pcs)
		printf(", %u places reached", coverage.count);
	printf("\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned int had;
	__u32 seed;
	long runs;

	if (argc < 4) {
		fprintf(stderr, "usage: %s CORPUS NEW SECONDS [SEED]\n", argv[0]);
		return 2;
	}
	seed = argc > 4 ? strtoul(argv[4], NULL, 0) : (unsigned long)time(NULL);
	make_world();
	coverage_open(&coverage);
	if (!replay(argv[1]) || !replay(argv[2]))
		return 1;
	had = programs;
	printf("# seed %u; %u programs from before", seed, had);
	tell_coverage();
	seed |= 1;
	runs = fuzz(argv[2], now() + 1000ULL * atoi(argv[3]), &seed);
	printf("# %ld programs run, %u new", runs, programs - had);
	tell_coverage();

	return runs < 0;
}
