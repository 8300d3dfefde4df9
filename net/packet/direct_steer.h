/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files about steering know of a device: direct_steer.c, and below it
 * direct_rss.c and direct_rules.c.
 */
#ifndef _PACKET_DIRECT_STEER_H
#define _PACKET_DIRECT_STEER_H

#include "internal.h"

struct packet_direct_hash_key;
struct packet_direct_table;

/**
 * struct packet_direct_steered - a device whose leases steer
 * @node:	among all such devices
 * @dev:	device
 * @leases:	struct packet_direct_steer
 * @queues:	room for a set of its queues
 * @table:	NULL: no lease has a table, or an administrator took it over
 * @key:	likewise
 * @forced:	flags of PACKET_DIRECT_STEERING that are in force
 * @lost:	those that an administrator took over
 * @moves:	times that table or key were changed, by whomever
 * @stale:	the device may have lost what is in force
 * @ntuple:	was turned on for leases, and is to be turned off
 */
struct packet_direct_steered {
	struct list_head node;
	struct net_device *dev;
	struct list_head leases;
	unsigned long	*queues;
	struct packet_direct_table *table;
	struct packet_direct_hash_key *key;
	u32		forced;
	u32		lost;
	u32		moves;
	bool		stale;
	bool		ntuple;
};

/* direct_rss.c */
enum packet_direct_reason
packet_direct_check_table(struct net_device *dev,
			  const struct packet_direct_steered *steered,
			  u32 queue, u32 flags);
enum packet_direct_reason packet_direct_check_key(struct net_device *dev);
enum packet_direct_reason
packet_direct_save_rss(struct packet_direct_steered *steered, u32 flags);
int packet_direct_update_rss(struct packet_direct_steered *steered, u32 wanted);
void packet_direct_drop_table(struct packet_direct_steered *steered);
void packet_direct_drop_key(struct packet_direct_steered *steered);
void packet_direct_set_ntuple(struct net_device *dev, bool on);

/* direct_rules.c */
enum packet_direct_reason packet_direct_check_rules(struct net_device *dev,
						    u32 flags);
enum packet_direct_reason
packet_direct_add_rules(struct net_device *dev,
			struct packet_direct_steer *steer);
void packet_direct_delete_rules(struct net_device *dev,
				struct packet_direct_steer *steer);
void packet_direct_repair_rules(struct net_device *dev,
				struct packet_direct_steer *steer);
void packet_direct_take_rule(struct packet_direct_steer *steer, u32 location);
bool packet_direct_has_rules(const struct packet_direct_steer *steer);
bool packet_direct_lacks_rules(const struct packet_direct_steer *steer);

#endif /* _PACKET_DIRECT_STEER_H */
