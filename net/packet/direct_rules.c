// SPDX-License-Identifier: GPL-2.0
/*
 * Flow rules of a lease: the frames that match them come to its queue, whatever the
 * RSS table says.  They are ordinary rules of the device, as by ethtool -N.
 */
#include <linux/compat.h>
#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/uaccess.h>
#include <net/sock.h>

#include "direct_steer.h"

/**
 * struct packet_direct_rule - a flow rule of a lease
 * @spec:	as the driver takes it, with its location once it has one
 * @placed:	the device has it
 * @taken:	an administrator deleted it, or put another in its place
 */
struct packet_direct_rule {
	struct ethtool_rx_flow_spec spec;
	bool	placed;
	bool	taken;
};

/**
 * struct packet_direct_locations - where a device has rules
 * @used:	locations, with room for those that a lease adds
 * @nr:		how many
 * @size:	locations are below this
 * @any:	the driver chooses them
 */
struct packet_direct_locations {
	u32	*used;
	u32	nr;
	u32	size;
	bool	any;
};

/* 32-bit programs on x86-64 have ring_cookie at another place. */
static bool packet_direct_get_spec(struct ethtool_rx_flow_spec *spec,
				   const void __user *rules, u32 i)
{
	struct compat_ethtool_rx_flow_spec old;

	if (!compat_need_64bit_alignment_fixup())
		return !copy_from_user(spec, rules + i * sizeof(*spec),
				       sizeof(*spec));
	if (copy_from_user(&old, rules + i * sizeof(old), sizeof(old)))
		return false;

	spec->flow_type = old.flow_type;
	spec->h_u = old.h_u;
	spec->h_ext = old.h_ext;
	spec->m_u = old.m_u;
	spec->m_ext = old.m_ext;
	spec->ring_cookie = old.ring_cookie;
	spec->location = old.location;
	return true;
}

/* The lease says which queue, and the core which location.  A rule that adds an RSS
 * context would lead to more queues than one.
 */
static bool packet_direct_check_spec(const struct ethtool_rx_flow_spec *spec)
{
	return !spec->ring_cookie && !(spec->flow_type & FLOW_RSS) &&
	       (!spec->location || spec->location == RX_CLS_LOC_ANY);
}

/**
 * packet_direct_get_rules() - the flow rules that user space passes
 * @po: socket
 * @steer: is given the rules, which packet_direct_free_rules() frees
 * @arg: argument after packet_direct_check_arg()
 *
 * Context: lock_sock, no lease.
 * Return: 0 or -errno.
 */
int packet_direct_get_rules(struct packet_sock *po,
			    struct packet_direct_steer *steer,
			    const struct tpacket4_direct *arg)
{
	const void __user *from = u64_to_user_ptr(arg->td_rules);
	enum packet_direct_reason reason;
	u32 i;

	if (!arg->td_rule_nr)
		return 0;
	steer->rules = kvcalloc(arg->td_rule_nr, sizeof(*steer->rules),
				PACKET_DIRECT_GFP);
	if (!steer->rules)
		return packet_direct_refuse(po, PACKET_DIRECT_NO_MEMORY);

	steer->rule_nr = arg->td_rule_nr;
	for (i = 0; i < steer->rule_nr; i++) {
		if (!packet_direct_get_spec(&steer->rules[i].spec, from, i)) {
			packet_direct_free_rules(steer);
			return -EFAULT;
		}
		reason = packet_direct_check_spec(&steer->rules[i].spec) ?
			 PACKET_DIRECT_OK : PACKET_DIRECT_BAD_RULES;
		if (reason) {
			packet_direct_free_rules(steer);
			return packet_direct_refuse(po, reason);
		}
	}
	return 0;
}

/**
 * packet_direct_free_rules() - forget rules that no device has
 * @steer: may have none
 */
void packet_direct_free_rules(struct packet_direct_steer *steer)
{
	kvfree(steer->rules);
	steer->rules = NULL;
	steer->rule_nr = 0;
}

/**
 * packet_direct_check_rules() - does the device have flow rules
 * @dev: device
 * @flags: PACKET_DIRECT_NTUPLE: they may be turned on
 *
 * Context: RTNL, between the driver's begin and complete.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason packet_direct_check_rules(struct net_device *dev,
						    u32 flags)
{
	const struct ethtool_ops *ops = dev->ethtool_ops;
	struct ethtool_rxnfc info = { .cmd = ETHTOOL_GRXCLSRLCNT };

	if (!ops->get_rxnfc || !ops->set_rxnfc ||
	    ops->get_rxnfc(dev, &info, NULL))
		return PACKET_DIRECT_NO_RULES;
	if ((dev->hw_features & ~dev->features & NETIF_F_NTUPLE) &&
	    !(flags & PACKET_DIRECT_NTUPLE))
		return PACKET_DIRECT_NTUPLE_OFF;
	return PACKET_DIRECT_OK;
}

/* Where the device has rules.  @locations->used is to be freed. */
static int packet_direct_get_locations(struct net_device *dev, u32 more,
				       struct packet_direct_locations *locations)
{
	const struct ethtool_ops *ops = dev->ethtool_ops;
	struct ethtool_rxnfc info = { .cmd = ETHTOOL_GRXCLSRLCNT };
	int err;

	err = ops->get_rxnfc(dev, &info, NULL);
	if (err)
		return err;
	locations->any = info.data & RX_CLS_LOC_SPECIAL;
	locations->used = kvcalloc((size_t)info.rule_cnt + more,
				   sizeof(*locations->used), GFP_KERNEL);
	if (!locations->used)
		return -ENOMEM;

	info.cmd = ETHTOOL_GRXCLSRLALL;
	err = ops->get_rxnfc(dev, &info, locations->used);
	if (err < 0) {
		kvfree(locations->used);
		return err;
	}
	locations->nr = info.rule_cnt;
	locations->size = info.data;
	return 0;
}

static bool
packet_direct_is_used(const struct packet_direct_locations *locations, u32 loc)
{
	u32 i;

	for (i = 0; i < locations->nr; i++)
		if (locations->used[i] == loc)
			return true;
	return false;
}

/* As ethtool's program does, from the end: an administrator's rules come first. */
static bool
packet_direct_find_location(const struct packet_direct_locations *locations,
			    u32 *loc)
{
	if (locations->any) {
		*loc = RX_CLS_LOC_ANY;
		return true;
	}
	for (*loc = locations->size; *loc > 0;)
		if (!packet_direct_is_used(locations, --*loc))
			return true;
	return false;
}

static bool packet_direct_equal(const void *a, const void *b, const void *mask,
				size_t len)
{
	const u8 *x = a, *y = b, *m = mask;
	size_t i;

	for (i = 0; i < len; i++)
		if ((x[i] ^ y[i]) & m[i])
			return false;
	return true;
}

/* Do both select the same frames?  The extension counts for nothing without a flag
 * that says so, and a driver may set that flag with an empty mask.
 */
static bool packet_direct_same_flow(const struct ethtool_rx_flow_spec *a,
				    const struct ethtool_rx_flow_spec *b)
{
	const u32 ext = FLOW_EXT | FLOW_MAC_EXT;
	static const struct ethtool_flow_ext none;
	const struct ethtool_flow_ext *m, *n;

	m = a->flow_type & ext ? &a->m_ext : &none;
	n = b->flow_type & ext ? &b->m_ext : &none;
	return !((a->flow_type ^ b->flow_type) & ~ext) &&
	       !memcmp(m, n, sizeof(*m)) &&
	       packet_direct_equal(&a->h_ext, &b->h_ext, m, sizeof(*m)) &&
	       !memcmp(&a->m_u, &b->m_u, sizeof(a->m_u)) &&
	       packet_direct_equal(&a->h_u, &b->h_u, &a->m_u, sizeof(a->m_u));
}

/* Of two rules for the same frames a device keeps one, or forgets both when one is
 * deleted.
 */
static bool
packet_direct_is_taken(struct net_device *dev,
		       const struct packet_direct_locations *locations,
		       const struct ethtool_rx_flow_spec *spec)
{
	struct ethtool_rxnfc info;
	u32 i;

	for (i = 0; i < locations->nr; i++) {
		memset(&info, 0, sizeof(info));
		info.cmd = ETHTOOL_GRXCLSRULE;
		info.fs.location = locations->used[i];
		if (!dev->ethtool_ops->get_rxnfc(dev, &info, NULL) &&
		    packet_direct_same_flow(&info.fs, spec))
			return true;
	}
	return false;
}

static int packet_direct_insert_rule(struct net_device *dev,
				     struct packet_direct_rule *rule)
{
	struct ethtool_rxnfc info = { .cmd = ETHTOOL_SRXCLSRLINS };
	int err;

	info.fs = rule->spec;
	err = dev->ethtool_ops->set_rxnfc(dev, &info);
	rule->placed = !err;
	if (!err)
		rule->spec.location = info.fs.location;
	return err;
}

static enum packet_direct_reason
packet_direct_add_rule(struct net_device *dev, u32 queue,
		       struct packet_direct_locations *locations,
		       struct packet_direct_rule *rule)
{
	int err;

	if (packet_direct_is_taken(dev, locations, &rule->spec))
		return PACKET_DIRECT_RULE_TAKEN;
	if (!packet_direct_find_location(locations, &rule->spec.location))
		return PACKET_DIRECT_RULES_FULL;

	rule->spec.ring_cookie = queue;
	err = packet_direct_insert_rule(dev, rule);
	if (err)
		return err == -ENOSPC ? PACKET_DIRECT_RULES_FULL :
		       err == -ENOMEM ? PACKET_DIRECT_NO_MEMORY :
					PACKET_DIRECT_RULE_REFUSED;
	locations->used[locations->nr++] = rule->spec.location;
	return PACKET_DIRECT_OK;
}

/**
 * packet_direct_add_rules() - give the device the rules of a lease
 * @dev: device
 * @steer: what the lease wants
 *
 * After a failure too packet_direct_delete_rules() has to be called.
 *
 * Context: RTNL, between the driver's begin and complete.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason
packet_direct_add_rules(struct net_device *dev,
			struct packet_direct_steer *steer)
{
	enum packet_direct_reason reason = PACKET_DIRECT_OK;
	struct packet_direct_locations locations;
	int err;
	u32 i;

	err = packet_direct_get_locations(dev, steer->rule_nr, &locations);
	if (err)
		return err == -ENOMEM ? PACKET_DIRECT_NO_MEMORY :
					PACKET_DIRECT_NO_RULES;
	for (i = 0; !reason && i < steer->rule_nr; i++)
		reason = packet_direct_add_rule(dev, steer->queue, &locations,
						&steer->rules[i]);
	kvfree(locations.used);
	return reason;
}

/**
 * packet_direct_delete_rules() - take the rules of a lease from the device
 * @dev: device
 * @steer: what the lease wanted
 *
 * A device that has lost a rule refuses to delete it, which does not matter.
 *
 * Context: RTNL, between the driver's begin and complete.
 */
void packet_direct_delete_rules(struct net_device *dev,
				struct packet_direct_steer *steer)
{
	struct ethtool_rxnfc info;
	u32 i;

	for (i = 0; i < steer->rule_nr; i++) {
		struct packet_direct_rule *rule = &steer->rules[i];

		if (!rule->placed || rule->taken)
			continue;
		memset(&info, 0, sizeof(info));
		info.cmd = ETHTOOL_SRXCLSRLDEL;
		info.fs.location = rule->spec.location;
		dev->ethtool_ops->set_rxnfc(dev, &info);
		rule->placed = false;
	}
}

/**
 * packet_direct_repair_rules() - put back what the device has lost
 * @dev: device
 * @steer: what the lease wants
 *
 * Context: RTNL, between the driver's begin and complete.
 */
void packet_direct_repair_rules(struct net_device *dev,
				struct packet_direct_steer *steer)
{
	struct packet_direct_locations locations;
	u32 i;

	if (!steer->rule_nr || packet_direct_get_locations(dev, 0, &locations))
		return;
	for (i = 0; i < steer->rule_nr; i++) {
		struct packet_direct_rule *rule = &steer->rules[i];

		if (rule->taken ||
		    packet_direct_is_used(&locations, rule->spec.location))
			continue;
		if (locations.any)
			rule->spec.location = RX_CLS_LOC_ANY;
		packet_direct_insert_rule(dev, rule);
	}
	kvfree(locations.used);
}

/**
 * packet_direct_take_rule() - an administrator changed the rule at a location
 * @steer: what a lease wants
 * @location: where; another lease or nobody may have had a rule there
 *
 * Context: RTNL.
 */
void packet_direct_take_rule(struct packet_direct_steer *steer, u32 location)
{
	u32 i;

	for (i = 0; i < steer->rule_nr; i++)
		if (steer->rules[i].placed &&
		    steer->rules[i].spec.location == location)
			steer->rules[i].taken = true;
}

/**
 * packet_direct_has_rules() - does the device have all rules of a lease
 * @steer: what the lease wants
 *
 * Context: RTNL.
 * Return: true if so
 */
bool packet_direct_has_rules(const struct packet_direct_steer *steer)
{
	u32 i;

	for (i = 0; i < steer->rule_nr; i++)
		if (!steer->rules[i].placed || steer->rules[i].taken)
			return false;
	return true;
}

/**
 * packet_direct_lacks_rules() - did an administrator take any rule of a lease
 * @steer: what the lease wants
 *
 * Context: RTNL.
 * Return: true if so
 */
bool packet_direct_lacks_rules(const struct packet_direct_steer *steer)
{
	u32 i;

	for (i = 0; i < steer->rule_nr; i++)
		if (steer->rules[i].taken)
			return true;
	return false;
}
