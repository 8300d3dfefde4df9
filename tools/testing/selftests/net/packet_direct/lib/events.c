// SPDX-License-Identifier: GPL-2.0
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <unistd.h>

#include "race.h"

int pd_set_channels(const char *ifname, __u32 queues)
{
	struct ethtool_channels ch = { .cmd = ETHTOOL_GCHANNELS };
	int err = pd_ethtool(ifname, &ch);

	if (err)
		return err;
	ch.cmd = ETHTOOL_SCHANNELS;
	if (ch.combined_count) {
		ch.combined_count = queues;
	} else {
		ch.rx_count = queues;
		ch.tx_count = queues;
	}

	return pd_ethtool(ifname, &ch);
}

static int event_down(struct pd_racer *r)
{
	int err = pd_if_up(r->race->nic.ifname, false);

	usleep(pd_below(r, 20000));

	return err ?: pd_if_up(r->race->nic.ifname, true);
}

static int event_channels(struct pd_racer *r)
{
	return pd_set_channels(r->race->nic.ifname, 1 + pd_below(r, r->race->queues));
}

static int event_reset(struct pd_racer *r)
{
	return pd_if_reset(r->race->nic.ifname);
}

/* Returns how many the RX ring has, or a negative errno. */
int pd_descriptors(const char *ifname)
{
	struct ethtool_ringparam rp = { .cmd = ETHTOOL_GRINGPARAM };
	int err = pd_ethtool(ifname, &rp);

	return err ? err : (int)rp.rx_pending;
}

int pd_set_descriptors(const char *ifname, __u32 count)
{
	struct ethtool_ringparam rp = { .cmd = ETHTOOL_GRINGPARAM };
	int err = pd_ethtool(ifname, &rp);

	if (err)
		return err;
	rp.cmd = ETHTOOL_SRINGPARAM;
	rp.rx_pending = count;

	return pd_ethtool(ifname, &rp);
}

static int event_ring(struct pd_racer *r)
{
	return pd_set_descriptors(r->race->nic.ifname, 256 << pd_below(r, 3));
}

static int event_mtu(struct pd_racer *r)
{
	int other = pd_one_slot ? 1400 : 3000;

	return pd_if_mtu(r->race->nic.ifname, pd_below(r, 2) ? 1500 : other);
}

static int event_allmulti(struct pd_racer *r)
{
	struct ifreq ifr = {};
	int err = pd_if_ioctl(r->race->nic.ifname, SIOCGIFFLAGS, &ifr);

	if (err)
		return err;
	ifr.ifr_flags ^= IFF_ALLMULTI;

	return pd_if_ioctl(r->race->nic.ifname, SIOCSIFFLAGS, &ifr);
}

const struct pd_event pd_events[] = {
	{ "down and up", event_down },
	{ "channels", event_channels, true },
	{ "reset", event_reset, true },
	{ "ring size", event_ring, true },
	{ "mtu", event_mtu },
	{ "all multicast", event_allmulti },
};

const __u32 pd_event_nr = ARRAY_SIZE(pd_events);
