// SPDX-License-Identifier: GPL-2.0
/*
 * To which RX queues of a device frames come.  Most devices have an RSS table.  One
 * that has none uses the RX queue with the number of the TX queue that its peer sent
 * by, and the peer chooses that by XPS.
 */
#include <linux/ethtool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "nic.h"

#define CPUS_PER_WORD	32
#define MASK_LEN	512

/* 0 or a negative errno where there is no table. */
static int table_len(const char *ifname)
{
	struct ethtool_rxfh_indir head = { .cmd = ETHTOOL_GRXFHINDIR };
	int err = pd_ethtool(ifname, &head);

	return err ? err : (int)head.size;
}

/* @count queues from @first on in turn; the driver's own choice with @count 0. */
static int set_table(const char *ifname, __u32 len, __u32 first, __u32 count)
{
	struct ethtool_rxfh_indir *table;
	__u32 i;
	int err;

	table = calloc(1, sizeof(*table) + len * sizeof(table->ring_index[0]));
	if (!table)
		return -ENOMEM;
	table->cmd = ETHTOOL_SRXFHINDIR;
	table->size = count ? len : 0;
	for (i = 0; i < table->size; i++)
		table->ring_index[i] = first + i % count;
	err = pd_ethtool(ifname, table);
	free(table);

	return err;
}

static void all_cpus(char *mask)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int rest = cpus % CPUS_PER_WORD, at = 0;

	if (rest)
		at = sprintf(mask, "%x", (1U << rest) - 1);
	for (; cpus >= CPUS_PER_WORD && at < MASK_LEN - 10; cpus -= CPUS_PER_WORD)
		at += sprintf(mask + at, "%sffffffff", at ? "," : "");
}

static bool xps_path(char *path, size_t size, const char *ifname, __u32 queue)
{
	snprintf(path, size, "/sys/class/net/%s/queues/tx-%u/xps_cpus", ifname, queue);

	return !access(path, W_OK);
}

/* By @count TX queues from @first on, chosen by the frame's hash; by all with @count
 * 0.
 */
static int set_xps(const char *ifname, __u32 first, __u32 count)
{
	char path[128], mask[MASK_LEN];
	int err = 0;
	__u32 i;

	all_cpus(mask);
	for (i = 0; !err && xps_path(path, sizeof(path), ifname, i); i++)
		err = pd_write_file(path, i - first < count ? mask : "0");
	if (!err && first + count > i)
		return -EOPNOTSUPP;

	return err;
}

/**
 * pd_steer() - choose the RX queues that frames come to
 * @ifname:	the device that receives
 * @peer:	the device that sends
 * @first:	the first queue
 * @count:	how many queues; 0: all that there are
 *
 * Return: 0 or a negative errno
 */
int pd_steer(const char *ifname, const char *peer, __u32 first, __u32 count)
{
	int len = table_len(ifname);

	if (len > 0)
		return set_table(ifname, len, first, count);
	if (len && len != -EOPNOTSUPP)
		return len;

	return set_xps(peer, first, count);
}
