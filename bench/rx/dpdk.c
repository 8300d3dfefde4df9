// SPDX-License-Identifier: GPL-2.0
/*
 * DPDK: rx_burst, touch each frame, free.  The "interface" is the PCI address of a
 * device that is bound to vfio-pci.
 */
#include <errno.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "rx.h"

#define BURST_MAX	256
#define DESCRIPTORS	512
#define MBUFS		8191
#define CACHE		256

static const char *simd = "--force-max-simd-bitwidth=128";

static void set_scalar(struct rx *rx)
{
	(void)rx;
	simd = "--force-max-simd-bitwidth=64";
}

static void fail(const char *what, int err)
{
	errno = err < 0 ? -err : rte_errno;
	die(what);
}

static void start_eal(const char *address)
{
	const char * const argv[] = {
		"rx-dpdk", "-l", "0", "--in-memory", "--iova-mode=pa", "--no-telemetry",
		"--log-level=4", simd, "-a", address,
	};

	if (rte_eal_init(ARRAY_SIZE(argv), (char **)argv) < 0)
		fail("rte_eal_init", 0);
	if (rte_eth_dev_count_avail() != 1)
		fail("no port; is the device bound to vfio-pci?", -ENODEV);
}

static void start_port(unsigned int slot)
{
	struct rte_eth_conf conf = { .rxmode.mtu = slot > 2048 ? 9000 : 1500 };
	struct rte_mempool *pool;
	int err;

	pool = rte_pktmbuf_pool_create("frames", MBUFS, CACHE, 0,
				       slot + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	if (!pool)
		fail("rte_pktmbuf_pool_create", 0);
	err = rte_eth_dev_configure(0, 1, 1, &conf);
	if (!err)
		err = rte_eth_rx_queue_setup(0, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL, pool);
	if (!err)
		err = rte_eth_tx_queue_setup(0, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL);
	if (!err)
		err = rte_eth_promiscuous_enable(0);
	if (!err)
		err = rte_eth_dev_start(0);
	if (err)
		fail("the port", err);
}

static void wait_for_link(void)
{
	struct rte_eth_link link = { 0 };

	if (rte_eth_link_get(0, &link) || !link.link_status)
		fail("no link", -ENETDOWN);
}

static void dpdk_open(struct rx *rx)
{
	if (rx->batch > BURST_MAX)
		fail("batch", -ERANGE);
	start_eal(rx->ifname);
	start_port(rx->slot);
	wait_for_link();
}

static unsigned int dpdk_burst(struct rx *rx)
{
	struct rte_mbuf *frame[BURST_MAX];
	uint64_t sum = 0, bytes = 0;
	unsigned int n, i;

	n = rte_eth_rx_burst(0, 0, frame, rx->batch);
	for (i = 0; i < n; i++) {
		sum ^= rx_touch(rte_pktmbuf_mtod(frame[i], void *));
		bytes += frame[i]->pkt_len;
	}
	rte_pktmbuf_free_bulk(frame, n);
	rx->sum ^= sum;
	rx->bytes += bytes;
	return n;
}

static void dpdk_wait(struct rx *rx)
{
	(void)rx;
	rte_pause();
}

static uint64_t dpdk_drops(struct rx *rx)
{
	struct rte_eth_stats stats;

	(void)rx;
	if (rte_eth_stats_get(0, &stats))
		fail("rte_eth_stats_get", -EIO);
	return stats.imissed + stats.ierrors + stats.rx_nombuf;
}

static void dpdk_close(struct rx *rx)
{
	(void)rx;
	rte_eth_dev_stop(0);
	rte_eth_dev_close(0);
	rte_eal_cleanup();
}

static const struct rx_path vector_path = {
	.name = "dpdk-vector",
	.open = dpdk_open,
	.burst = dpdk_burst,
	.wait = dpdk_wait,
	.drops = dpdk_drops,
	.close = dpdk_close,
	.endless = true,
};

static const struct rx_path scalar_path = {
	.name = "dpdk-scalar",
	.set = set_scalar,
	.open = dpdk_open,
	.burst = dpdk_burst,
	.wait = dpdk_wait,
	.drops = dpdk_drops,
	.close = dpdk_close,
	.endless = true,
};

const struct rx_path * const rx_paths[] = { &vector_path, &scalar_path, NULL };
