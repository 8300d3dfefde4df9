// SPDX-License-Identifier: GPL-2.0
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib.h"

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

int pd_ethtool(const char *name, void *cmd)
{
	struct ifreq ifr = { .ifr_data = cmd };

	return pd_if_ioctl(name, SIOCETHTOOL, &ifr);
}

/* Whether the stack has seen the carrier.  It handles a new carrier under RTNL, and
 * so does ETHTOOL_GLINK, which not every driver answers: flags that were read before
 * are enough then.
 */
static int link_is_up(const char *name)
{
	struct ethtool_value link = { .cmd = ETHTOOL_GLINK };
	struct ifreq ifr = {};
	int err;

	err = pd_if_ioctl(name, SIOCGIFFLAGS, &ifr);
	if (err)
		return err;
	err = pd_ethtool(name, &link);
	if (err == -EOPNOTSUPP)
		return !!(ifr.ifr_flags & IFF_RUNNING);

	return err ? err : !!link.data;
}

/* Wait for the carrier: what is sent before is dropped. */
static int wait_for_link(const char *name)
{
	int i, up;

	for (i = 0; i < 1000; i++) {
		up = link_is_up(name);
		if (up)
			return up < 0 ? up : 0;
		usleep(10000);
	}

	return -ETIMEDOUT;
}

/* Both ends of a link, or one device with @b NULL. */
int pd_link_up(const char *a, const char *b)
{
	int err;

	err = pd_if_up(a, true);
	if (!err && b)
		err = pd_if_up(b, true);
	if (!err)
		err = wait_for_link(a);
	if (!err && b)
		err = wait_for_link(b);

	return err;
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

/* By whichever request the driver knows. */
int pd_if_reset(const char *name)
{
	struct ethtool_value cmd = { .cmd = ETHTOOL_NWAY_RST };
	int err = pd_ethtool(name, &cmd);

	if (err != -EOPNOTSUPP)
		return err;
	cmd.cmd = ETHTOOL_RESET;
	cmd.data = ETH_RESET_ALL;

	return pd_ethtool(name, &cmd);
}

int pd_veth(const char *a, const char *b)
{
	int err = pd_run("ip link add %s type veth peer name %s", a, b);

	return err ? err : pd_link_up(a, b);
}

/* A link in a network namespace of its own.  Returns a socket that sends on @a, or a
 * negative errno.
 */
int pd_veth_tx(const char *a, const char *b)
{
	int err = pd_netns();

	if (!err)
		err = pd_veth(a, b);

	return err ? err : pd_tx_open(a);
}
