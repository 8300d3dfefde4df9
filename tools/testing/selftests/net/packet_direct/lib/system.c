// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

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

/* Read a file that has one number. */
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

/* Enter a new network namespace, in which nobody else sends. */
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

/* Lose all capabilities and keep uid 0. */
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

/* The signal that ends a child which reads at @at; 0 without one, or a negative errno. */
int pd_signal_at(const __u8 *at)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		signal(SIGBUS, SIG_DFL);
		_exit(__atomic_load_n(at, __ATOMIC_RELAXED));
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;

	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

__u64 pd_now(int clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);

	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* The calling thread runs on this CPU alone. */
int pd_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);

	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

/* Returns 0 or -1 with errno. */
int pd_set_clock(__u64 ns)
{
	struct timespec ts = { ns / 1000000000ULL, ns % 1000000000ULL };

	return clock_settime(CLOCK_REALTIME, &ts);
}

/* Runs @child in a process of its own, which may change its user.  Returns its exit
 * status, or a negative number.
 */
int pd_in_child(int (*child)(void *arg), void *arg)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(child(arg));
	}
	if (waitpid(pid, &status, 0) != pid)
		return -errno;

	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
