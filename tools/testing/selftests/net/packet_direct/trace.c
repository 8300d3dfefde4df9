// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints: a lease, its states, a dry ring and the release, each with the
 * socket's inode, its device and queue.
 *
 *	PD_IFACE, PD_QUEUE, PD_PEER	as in lib/nic.h
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/queue.h"

#define TRACING		"/sys/kernel/tracing"
#define EVENTS		TRACING "/events/packet_direct"

FIXTURE(trace) {
	struct pd_sock pd;
	struct tpacket4_stats stats;
	struct pd_nic nic;
	FILE *trace;
};

/* Makes tracefs visible to this process alone.  Returns why not, or NULL. */
static const char *mount_tracing(void)
{
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tracefs", TRACING, "tracefs", 0, NULL))
		return "tracefs cannot be mounted";

	return access(EVENTS, F_OK) ? "this kernel has none of the tracepoints" : NULL;
}

FIXTURE_SETUP(trace)
{
	const char *why;

	self->pd.fd = -1;
	if (pd_nic_missing())
		SKIP(return, "%s", pd_nic_missing());
	why = mount_tracing();
	if (why)
		SKIP(return, "%s", why);
	ASSERT_OK(pd_nic_open(&self->nic));
	ASSERT_EQ(pd_write_file(TRACING "/trace", ""), 0);
	ASSERT_EQ(pd_write_file(EVENTS "/enable", "1"), 0);
	self->trace = fopen(TRACING "/trace", "r");
	ASSERT_NE(self->trace, NULL);
}

FIXTURE_TEARDOWN(trace)
{
	pd_close(&self->pd);
	if (!self->trace)
		return;
	pd_nic_close(&self->nic);
	pd_write_file(EVENTS "/enable", "0");
	fclose(self->trace);
}

/* Whether one of the next lines of the trace has @event with @fields.  Those up to it
 * are consumed.
 */
static bool traced(FILE *trace, const char *event, const char *fields)
{
	char line[512];
	char *at;

	while (fgets(line, sizeof(line), trace)) {
		at = strstr(line, event);
		if (at && at[strlen(event)] == ':' && strstr(at, fields))
			return true;
	}

	return false;
}

/* The same, with the socket and its queue.  @rest follows them. */
static bool traced_of(FILE *trace, int fd, const char *event, const char *dev,
		      __u32 queue, const char *rest)
{
	char fields[128];
	struct stat st;

	if (fstat(fd, &st))
		return false;
	snprintf(fields, sizeof(fields), "ino=%llu dev=%s queue=%u%s",
		 (unsigned long long)st.st_ino, dev, queue, rest);

	return traced(trace, event, fields);
}

/* In this order, after what was looked for before. */
#define EXPECT_TRACED(event, dev, queue, rest)				\
	EXPECT_TRUE(traced_of(self->trace, self->pd.fd, event, dev, queue, rest))

TEST_F(trace, lease)
{
	const char *dev = self->nic.ifname;
	__u32 queue = self->nic.queue;

	OPEN_LEASED();
	SEND(10, 0);
	TAKE(10, 0);
	SEND(2 * ENTRIES, 10);
	ASSERT_EQ(pd_wait(&self->pd, ENTRIES, WAIT_MS), ENTRIES);
	usleep(50000);
	STATS();
	EXPECT_GT(self->stats.ts_dry, 0);
	ASSERT_EQ(pd_unlease(self->pd.fd), 0);

	EXPECT_TRACED("packet_direct_state", dev, queue, " state=down ");
	EXPECT_TRACED("packet_direct_state", dev, queue, " state=active ");
	EXPECT_TRACED("packet_direct_lease", dev, queue, " err=0\n");
	EXPECT_TRACED("packet_direct_dry", dev, queue, "\n");
	EXPECT_TRACED("packet_direct_state", dev, queue, " state=down ");
	EXPECT_TRACED("packet_direct_release", dev, queue, " err=0\n");
	EXPECT_TRACED("packet_direct_state", "", 0, " state=copy ");
}

/* Nothing is traced of a lease that is refused: no driver was asked to bind. */
TEST_F(trace, refused)
{
	struct pd_sock other;
	struct tpacket_req4 req;
	struct stat st;
	char ino[32];

	OPEN_LEASED();
	pd_req(&req, ENTRIES, 0, 2048);
	ASSERT_EQ(pd_open(&other, self->nic.ifname, &req), 0);
	ASSERT_EQ(fstat(other.fd, &st), 0);
	EXPECT_OK(pd_refused(other.fd, pd_lease(other.fd, self->nic.queue),
			     PACKET_DIRECT_QUEUE_LEASED));
	snprintf(ino, sizeof(ino), "ino=%llu ", (unsigned long long)st.st_ino);
	EXPECT_FALSE(traced(self->trace, "packet_direct_lease", ino));
	pd_close(&other);
}

TEST_HARNESS_MAIN
