// SPDX-License-Identifier: BSD-3-Clause
/*
 * What a program asks for before the activation, by device names and options, and what
 * its environment asks for.
 */
#define _GNU_SOURCE		/* secure_getenv() */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pcap-int.h"
#include "pcap-packet4.h"
#include "pcap-packet4-int.h"

#define QUEUES_ARE	"the number of an RX queue, a list of queues such as 0-3,5 (up to 1023), \"all\", \"next\", or \"copy\""

/* IFACE[:QUEUES].  The character before IFACE is also the one before QUEUES. */
int pcap_packet4_parse_device(const char *name, struct packet4_device *dev,
			      char *errbuf)
{
	const char *iface = name + PACKET4_PREFIX_LEN + 1;
	const char between[] = { iface[-1], '\0' };
	size_t len = strcspn(iface, between);

	pcap_packet4_list_one(&dev->queues, PCAP_RX_DIRECT_ALL);
	dev->named = iface[len] != '\0';
	if (len == 0 || len >= sizeof(dev->ifname)) {
		snprintf(errbuf, PCAP_ERRBUF_SIZE,
			 "%s: after \"" PACKET4_PREFIX "%s\" comes the name of an interface, of at most %d characters",
			 name, between, IFNAMSIZ - 1);
		return -1;
	}
	memcpy(dev->ifname, iface, len);
	dev->ifname[len] = '\0';
	if (!dev->named ||
	    pcap_packet4_list_parse(iface + len + 1, &dev->queues) == 0)
		return 0;
	snprintf(errbuf, PCAP_ERRBUF_SIZE,
		 "%s: after the interface comes " QUEUES_ARE, name);
	return -1;
}

#define ENVIRONMENT	"PCAP_RX_DIRECT"

/* Is this more of the list of queues that began before the comma? */
static int continues_list(const char *text)
{
	size_t len = strspn(text, "0123456789-");

	return len > 0 && (text[len] == ',' || text[len] == '\0');
}

/* The length of the first part of "eth0,eth1:0-3,5,eth2:next". */
static size_t first_part(const char *text)
{
	size_t len = strcspn(text, ",");

	while (text[len] == ',' && continues_list(text + len + 1))
		len += 1 + strcspn(text + len + 1, ",");
	return len;
}

/* Is the environment's part about this interface?  Afterwards queues may be NULL. */
static int is_about(const char *part, size_t len, const char *ifname,
		    const char **queues)
{
	size_t name = strlen(ifname);

	if (len < name || strncmp(part, ifname, name) != 0)
		return 0;
	*queues = len > name ? part + name + 1 : NULL;
	return len == name || part[name] == ':' || part[name] == '@';
}

static int parse_environment(const char *queues, size_t len,
			     struct packet4_device *dev, char *errbuf)
{
	char *text = strndup(queues, len);
	int ret = -1;

	if (text)
		ret = pcap_packet4_list_parse(text, &dev->queues);
	if (ret < 0)
		snprintf(errbuf, PCAP_ERRBUF_SIZE,
			 ENVIRONMENT " in the environment: after %s comes "
			 QUEUES_ARE ", not \"%s\"", dev->ifname,
			 text ? text : queues);
	free(text);
	return ret;
}

/*
 * Does the environment ask for queues of this interface?  A program that has more
 * rights than its user does not look.
 */
static int in_environment(const char *ifname, struct packet4_device *dev,
			  char *errbuf)
{
	const char *part = secure_getenv(ENVIRONMENT), *queues;
	size_t len;

	if (pcapint_strlcpy(dev->ifname, ifname, sizeof(dev->ifname)) >=
	    sizeof(dev->ifname))
		return 0;
	pcap_packet4_list_one(&dev->queues, PCAP_RX_DIRECT_ALL);
	for (; part && *part; part += len + (part[len] == ',')) {
		len = first_part(part);
		if (!is_about(part, len, ifname, &queues))
			continue;
		if (queues && parse_environment(queues, part + len - queues, dev,
						errbuf) < 0)
			return -1;
		return 1;
	}
	return 0;
}

/* 1: the device's name, or the environment, asks for queues.  -1: not as it should. */
static int asks_for_queues(const char *device, struct packet4_device *dev,
			   char *errbuf)
{
	if (!PACKET4_IS_DEVICE(device))
		return in_environment(device, dev, errbuf);
	return pcap_packet4_parse_device(device, dev, errbuf) < 0 ? -1 : 1;
}

#ifdef PACKET_RX_DIRECT
static int adapter_stamps(const char *ifname, struct packet4_list list)
{
	int queue, fd, ret = 1;
	uint32_t flags;

	if (list.first == PCAP_RX_DIRECT_ALL || list.first == PCAP_RX_DIRECT_NEXT)
		pcap_packet4_all_queues(ifname, &list);
	fd = pcap_packet4_ask(ifname);
	if (fd < 0)
		return 0;
	for (queue = list.first; ret && queue >= 0;
	     queue = pcap_packet4_list_next(&list, queue))
		ret = pcap_packet4_queue_stamps(fd, queue, &flags);
	close(fd);
	return ret;
}

static int has_tstamp_type(const char *ifname, const struct packet4_list *list,
			   u_int type)
{
	if (type == PCAP_TSTAMP_ADAPTER_UNSYNCED)
		return adapter_stamps(ifname, *list);
	return type == PCAP_TSTAMP_HOST;
}
#else
static int has_tstamp_type(const char *ifname, const struct packet4_list *list,
			   u_int type)
{
	(void)ifname;
	(void)list;
	return type == PCAP_TSTAMP_HOST;
}
#endif

/*
 * List the types of time stamps that the queues have.  The interface's other types
 * stay in the array, behind the listed ones, for a later call.
 */
static void offer_tstamp_types(pcap_t *p, const char *ifname)
{
	u_int *list = p->tstamp_type_list, type;
	int first = p->opt.rx_direct.first;
	int i = 0, end, is_queue;

	if (!p->opt.rx_tstamp_types)
		p->opt.rx_tstamp_types = p->tstamp_type_count;
	end = p->opt.rx_tstamp_types;
	is_queue = first != PCAP_RX_DIRECT_OFF && first != PCAP_RX_DIRECT_COPY;
	while (is_queue && i < end) {
		if (has_tstamp_type(ifname, &p->opt.rx_direct, list[i])) {
			i++;
			continue;
		}
		type = list[--end];
		list[end] = list[i];
		list[i] = type;
	}
	p->tstamp_type_count = end;
}

pcap_t *pcap_packet4_create(const char *device, char *errbuf, int *is_ours)
{
	struct packet4_device dev;
	int asks = asks_for_queues(device, &dev, errbuf);
	pcap_t *p;

	*is_ours = asks != 0;
	if (asks <= 0)
		return NULL;
	p = pcapint_create_interface(dev.ifname, errbuf);
	if (p) {
		p->opt.rx_direct = dev.queues;
		offer_tstamp_types(p, dev.ifname);
	}
	return p;
}

/* Does the device's name ask for other queues? */
static int contradicts(pcap_t *p, const struct packet4_list *list)
{
	struct packet4_device dev;

	if (list->first == PCAP_RX_DIRECT_OFF ||
	    !PACKET4_IS_DEVICE(p->opt.device) ||
	    pcap_packet4_parse_device(p->opt.device, &dev, p->errbuf) < 0 ||
	    !dev.named ||
	    memcmp(&dev.queues, list, sizeof(*list)) == 0)
		return 0;
	snprintf(p->errbuf, PCAP_ERRBUF_SIZE,
		 "%s already says which queue; ask for one queue, by the name or beside it",
		 p->opt.device);
	return 1;
}

static int set_queues(pcap_t *p, const struct packet4_list *list)
{
	struct packet4_device dev;

	if (contradicts(p, list))
		return PCAP_ERROR;
	p->opt.rx_direct = *list;
	p->opt.rx_by_api = 1;
	if (list->nr != 1 || list->first < 0)
		p->opt.rx_steer[0] = '\0';
	if (list->first == PCAP_RX_DIRECT_OFF)
		p->opt.rx_split = PCAP_RX_SPLIT_OFF;
	if (PACKET4_IS_DEVICE(p->opt.device) &&
	    pcap_packet4_parse_device(p->opt.device, &dev, p->errbuf) == 0)
		offer_tstamp_types(p, dev.ifname);
	else
		offer_tstamp_types(p, p->opt.device);
	return 0;
}

int pcap_set_rx_direct_linux(pcap_t *p, int queue)
{
	struct packet4_list list;

	if (pcapint_check_activated(p))
		return PCAP_ERROR_ACTIVATED;
	if (queue < PCAP_RX_DIRECT_NEXT) {
		snprintf(p->errbuf, PCAP_ERRBUF_SIZE,
			 "%d is not the number of an RX queue", queue);
		return PCAP_ERROR;
	}
	pcap_packet4_list_one(&list, queue);
	return set_queues(p, &list);
}

int pcap_set_rx_direct_queues_linux(pcap_t *p, const char *queues)
{
	struct packet4_list list;

	if (pcapint_check_activated(p))
		return PCAP_ERROR_ACTIVATED;
	if (pcap_packet4_list_parse(queues, &list) == 0)
		return set_queues(p, &list);
	snprintf(p->errbuf, PCAP_ERRBUF_SIZE, "\"%s\" is not " QUEUES_ARE, queues);
	return PCAP_ERROR;
}

/* Whatever is asked for beside it: single queues are exclusive anyway. */
int pcap_set_rx_direct_exclusive_linux(pcap_t *p, int exclusive)
{
	if (pcapint_check_activated(p))
		return PCAP_ERROR_ACTIVATED;
	p->opt.rx_exclusive = exclusive != 0;
	return 0;
}

int pcap_set_rx_direct_by_linux(pcap_t *p, int by)
{
	if (pcapint_check_activated(p))
		return PCAP_ERROR_ACTIVATED;
	if (by < PCAP_RX_BY_ANY || by > PCAP_RX_BY_AF_XDP) {
		snprintf(p->errbuf, PCAP_ERRBUF_SIZE,
			 "%d is not a way of drivers to give queues", by);
		return PCAP_ERROR;
	}
	p->opt.rx_by = by;
	return 0;
}

/* Without a queue there is nothing that splits: an error, rather than no effect. */
int pcap_set_rx_direct_split_linux(pcap_t *p, int split)
{
	if (pcapint_check_activated(p))
		return PCAP_ERROR_ACTIVATED;
	if (split < PCAP_RX_SPLIT_OFF || split > PCAP_RX_SPLIT_WHOLE) {
		snprintf(p->errbuf, PCAP_ERRBUF_SIZE,
			 "%d is not a way to split headers from payload", split);
		return PCAP_ERROR;
	}
	if (split && p->opt.rx_direct.first == PCAP_RX_DIRECT_OFF) {
		pcapint_strlcpy(p->errbuf,
			     "headers are split from payload by an RX queue; ask for one first (pcap_set_rx_direct_linux())",
			     PCAP_ERRBUF_SIZE);
		return PCAP_ERROR;
	}
	p->opt.rx_split = split;
	return 0;
}
