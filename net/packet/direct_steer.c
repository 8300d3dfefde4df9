// SPDX-License-Identifier: GPL-2.0
/*
 * Steering that belongs to leases: what the leases of a device want together, when it
 * is set, put back and undone, and what an administrator took over.
 *
 * If an administrator sets table, key or a rule meanwhile, what was there before is
 * forgotten, and the setting is left alone until the next lease asks for one.
 */
#include <linux/bitmap.h>
#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/pm_runtime.h>
#include <linux/rtnetlink.h>
#include <linux/workqueue.h>
#include <net/sock.h>

#include "direct_steer.h"

/* All of them.  The list changes under RTNL and this lock.  One of them belongs to the
 * locks of its device.
 */
static LIST_HEAD(packet_direct_devices);
static DEFINE_SPINLOCK(packet_direct_devices_lock);

static struct packet_direct_steered *
packet_direct_find_steered(const struct net_device *dev)
{
	struct packet_direct_steered *steered, *found = NULL;

	netdev_assert_locked_ops_compat(dev);
	spin_lock(&packet_direct_devices_lock);
	list_for_each_entry(steered, &packet_direct_devices, node)
		if (steered->dev == dev)
			found = steered;
	spin_unlock(&packet_direct_devices_lock);
	return found;
}

static struct packet_direct_steered *
packet_direct_get_steered(struct net_device *dev)
{
	struct packet_direct_steered *steered = packet_direct_find_steered(dev);

	if (steered)
		return steered;
	steered = kzalloc(sizeof(*steered), GFP_KERNEL);
	if (!steered)
		return NULL;
	steered->queues = bitmap_zalloc(dev->num_rx_queues, GFP_KERNEL);
	if (!steered->queues) {
		kfree(steered);
		return NULL;
	}
	steered->dev = dev;
	INIT_LIST_HEAD(&steered->leases);
	spin_lock(&packet_direct_devices_lock);
	list_add(&steered->node, &packet_direct_devices);
	spin_unlock(&packet_direct_devices_lock);
	return steered;
}

static void packet_direct_free_steered(struct packet_direct_steered *steered)
{
	spin_lock(&packet_direct_devices_lock);
	list_del(&steered->node);
	spin_unlock(&packet_direct_devices_lock);
	kfree(steered->table);
	kfree(steered->key);
	bitmap_free(steered->queues);
	kfree(steered);
}

/* What all leases together want. */
static u32 packet_direct_wanted(const struct packet_direct_steered *steered)
{
	struct packet_direct_steer *steer;
	u32 flags = 0;

	list_for_each_entry(steer, &steered->leases, node)
		flags |= steer->active;
	return flags;
}

/* What ethtool does before and after it calls a driver. */
static int packet_direct_begin_ethtool(struct net_device *dev)
{
	int err = 0;

	if (dev->reg_state != NETREG_REGISTERED)
		return -ENODEV;
	if (dev->dev.parent)
		pm_runtime_get_sync(dev->dev.parent);
	if (!netif_device_present(dev))
		err = -ENODEV;
	else if (dev->ethtool_ops->begin)
		err = dev->ethtool_ops->begin(dev);
	if (err && dev->dev.parent)
		pm_runtime_put(dev->dev.parent);
	return err;
}

static void packet_direct_end_ethtool(struct net_device *dev)
{
	if (dev->ethtool_ops->complete)
		dev->ethtool_ops->complete(dev);
	if (dev->dev.parent)
		pm_runtime_put(dev->dev.parent);
}

static enum packet_direct_reason
packet_direct_need_ntuple(struct packet_direct_steered *steered)
{
	struct net_device *dev = steered->dev;

	steered->lost &= ~PACKET_DIRECT_RULES;
	if (!(dev->hw_features & ~dev->features & NETIF_F_NTUPLE))
		return PACKET_DIRECT_OK;
	if (!(dev->wanted_features & NETIF_F_NTUPLE))
		steered->ntuple = true;
	packet_direct_set_ntuple(dev, true);
	return dev->features & NETIF_F_NTUPLE ? PACKET_DIRECT_OK :
						PACKET_DIRECT_STEER_FAILED;
}

/**
 * packet_direct_check_steering() - could a lease steer as it wants to
 * @dev: device
 * @arg: what user space wants, after packet_direct_check_arg()
 *
 * Only the driver knows whether it takes a rule: packet_direct_steer() tells that.
 *
 * Context: RTNL, may sleep.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason
packet_direct_check_steering(struct net_device *dev,
			     const struct tpacket4_direct *arg)
{
	enum packet_direct_reason reason = PACKET_DIRECT_OK;
	u32 flags = arg->td_flags;

	if (!(flags & PACKET_DIRECT_STEERING))
		return PACKET_DIRECT_OK;
	if (packet_direct_begin_ethtool(dev))
		return PACKET_DIRECT_STEER_FAILED;
	if (flags & PACKET_DIRECT_TABLE)
		reason = packet_direct_check_table(dev,
						   packet_direct_find_steered(dev),
						   arg->td_queue, flags);
	if (!reason && (flags & PACKET_DIRECT_SYMMETRIC))
		reason = packet_direct_check_key(dev);
	if (!reason && (flags & PACKET_DIRECT_RULES))
		reason = packet_direct_check_rules(dev, flags);
	packet_direct_end_ethtool(dev);
	return reason;
}

static void packet_direct_note_lease(const struct packet_direct_steered *steered,
				     struct packet_direct_steer *steer)
{
	u32 forced = steered->forced, lost = steered->lost;

	if (packet_direct_has_rules(steer))
		forced |= PACKET_DIRECT_RULES;
	if (packet_direct_lacks_rules(steer))
		lost |= PACKET_DIRECT_RULES;
	if (steered->stale)
		forced = 0;
	WRITE_ONCE(steer->in_force, steer->active & forced & ~lost);
	WRITE_ONCE(steer->lost, steer->active & lost);
	if (steer->active & (PACKET_DIRECT_TABLE | PACKET_DIRECT_SYMMETRIC))
		WRITE_ONCE(steer->moves, steered->moves - steer->moves_before);
}

/* After each change, for those who ask what a lease has. */
static void packet_direct_note(const struct packet_direct_steered *steered)
{
	struct packet_direct_steer *steer;

	list_for_each_entry(steer, &steered->leases, node)
		packet_direct_note_lease(steered, steer);
}

static void packet_direct_repair(struct packet_direct_steered *steered)
{
	struct packet_direct_steer *steer;

	if (!steered->stale || packet_direct_begin_ethtool(steered->dev))
		return;
	steered->stale = false;
	packet_direct_update_rss(steered, packet_direct_wanted(steered));
	list_for_each_entry(steer, &steered->leases, node)
		if (!(steered->lost & PACKET_DIRECT_RULES))
			packet_direct_repair_rules(steered->dev, steer);
	packet_direct_note(steered);
	packet_direct_end_ethtool(steered->dev);
}

/**
 * packet_direct_steer() - let a lease have its flow rules, and note what it wants
 * @pd: ring that is about to have the claim of a queue
 * @dev: device
 * @arg: what user space wants, after packet_direct_check_steering()
 *
 * Table and key change when the lease begins.  Rules do at once, because the driver may
 * refuse them.
 *
 * Context: lock_sock, RTNL, may sleep.
 * Return: PACKET_DIRECT_OK, or why not; then all is as before.
 */
enum packet_direct_reason
packet_direct_steer(struct packet_direct *pd, struct net_device *dev,
		    const struct tpacket4_direct *arg)
{
	struct packet_direct_steer *steer = &pd->steer;
	struct packet_direct_steered *steered;
	enum packet_direct_reason reason;

	if (!(arg->td_flags & PACKET_DIRECT_STEERING))
		return PACKET_DIRECT_OK;
	steered = packet_direct_get_steered(dev);
	if (!steered)
		return PACKET_DIRECT_NO_MEMORY;
	steer->device = steered;
	steer->flags = arg->td_flags & PACKET_DIRECT_STEERING;
	steer->active = steer->flags & PACKET_DIRECT_RULES;
	steer->queue = arg->td_queue;
	list_add_tail(&steer->node, &steered->leases);
	if (!steer->active)
		return PACKET_DIRECT_OK;

	reason = PACKET_DIRECT_STEER_FAILED;
	if (!packet_direct_begin_ethtool(dev)) {
		reason = packet_direct_need_ntuple(steered) ?:
			 packet_direct_add_rules(dev, steer);
		packet_direct_end_ethtool(dev);
	}
	if (reason) {
		packet_direct_unsteer(pd);
		return reason;
	}
	packet_direct_repair(steered);
	packet_direct_note(steered);
	return PACKET_DIRECT_OK;
}

/* A device that is going away is left as it is. */
static int packet_direct_try_follow(struct packet_direct_steered *steered)
{
	u32 wanted = packet_direct_wanted(steered);
	struct net_device *dev = steered->dev;
	int err;

	err = packet_direct_begin_ethtool(dev);
	if (err) {
		if (!(wanted & PACKET_DIRECT_TABLE))
			packet_direct_drop_table(steered);
		if (!(wanted & PACKET_DIRECT_SYMMETRIC))
			packet_direct_drop_key(steered);
		return err;
	}
	if (steered->ntuple && !(wanted & PACKET_DIRECT_RULES)) {
		steered->ntuple = false;
		packet_direct_set_ntuple(dev, false);
	}
	err = packet_direct_update_rss(steered, wanted);
	packet_direct_end_ethtool(dev);
	return err;
}

/* Before or after leases want something else. */
static int packet_direct_follow(struct packet_direct_steered *steered)
{
	int err = packet_direct_try_follow(steered);

	packet_direct_note(steered);
	return err;
}

/* What their own beginning moved does not count for them. */
static void packet_direct_note_beginning(struct packet_direct_steered *steered,
					 struct list_head *pds)
{
	struct packet_direct *pd;

	list_for_each_entry(pd, pds, together)
		pd->steer.moves_before = steered->moves;
	packet_direct_note(steered);
}

/* Takes @flags from what leases of one device want now. */
static void packet_direct_deactivate(struct list_head *pds, u32 flags)
{
	struct packet_direct_steered *steered = NULL;
	struct packet_direct *pd;
	int err;

	list_for_each_entry(pd, pds, together) {
		if (!(pd->steer.active & flags))
			continue;
		pd->steer.active &= ~flags;
		steered = pd->steer.device;
	}
	err = steered ? packet_direct_follow(steered) : 0;
	if (err && err != -ENODEV)
		netdev_warn(steered->dev, "RSS is not as it was before packet sockets steered it: %pe\n",
			    ERR_PTR(err));
}

/**
 * packet_direct_begin_steering() - steer as leases want to that begin now
 * @pds: rings with a claim, of one device
 *
 * Comes before the driver is asked for a queue.
 *
 * Context: RTNL, may sleep.
 * Return: PACKET_DIRECT_OK, or why not; then all is as before.
 */
enum packet_direct_reason packet_direct_begin_steering(struct list_head *pds)
{
	enum packet_direct_reason reason = PACKET_DIRECT_STEER_FAILED;
	struct packet_direct_steered *steered = NULL;
	struct packet_direct *pd;
	u32 flags = 0;

	list_for_each_entry(pd, pds, together) {
		if (!pd->steer.device)
			continue;
		steered = pd->steer.device;
		flags |= pd->steer.flags;
	}
	if (!(flags & PACKET_DIRECT_TABLE))
		return PACKET_DIRECT_OK;

	if (!packet_direct_begin_ethtool(steered->dev)) {
		reason = packet_direct_save_rss(steered, flags);
		packet_direct_end_ethtool(steered->dev);
	}
	if (reason)
		return reason;
	list_for_each_entry(pd, pds, together)
		pd->steer.active = pd->steer.flags;
	if (!packet_direct_try_follow(steered)) {
		packet_direct_note_beginning(steered, pds);
		return PACKET_DIRECT_OK;
	}
	packet_direct_deactivate(pds, ~PACKET_DIRECT_RULES);
	return PACKET_DIRECT_STEER_FAILED;
}

/**
 * packet_direct_steer_away() - let RSS spread no more over queues that stop
 * @pds: rings with a claim, of one device, whose leases end
 *
 * A queue that is APART stays so until the stack has it again.
 *
 * Context: RTNL, may sleep.
 */
void packet_direct_steer_away(struct list_head *pds)
{
	packet_direct_deactivate(pds, PACKET_DIRECT_SPREAD |
				      PACKET_DIRECT_SYMMETRIC);
}

/**
 * packet_direct_steer_back() - the stack has these queues again
 * @pds: as for packet_direct_steer_away()
 *
 * Context: RTNL, may sleep.
 */
void packet_direct_steer_back(struct list_head *pds)
{
	packet_direct_deactivate(pds, PACKET_DIRECT_APART);
}

/**
 * packet_direct_unsteer() - end of packet_direct_steer()
 * @pd: ring whose lease has not begun or was stopped
 *
 * Context: RTNL, may sleep.
 */
void packet_direct_unsteer(struct packet_direct *pd)
{
	struct packet_direct_steer *steer = &pd->steer;
	struct packet_direct_steered *steered = steer->device;

	if (!steered)
		return;
	if (steer->rules && !packet_direct_begin_ethtool(steered->dev)) {
		packet_direct_delete_rules(steered->dev, steer);
		packet_direct_end_ethtool(steered->dev);
	}
	list_del(&steer->node);
	steer->device = NULL;
	steer->flags = 0;
	steer->active = 0;
	WRITE_ONCE(steer->in_force, 0);
	WRITE_ONCE(steer->lost, 0);
	WRITE_ONCE(steer->moves, 0);
	packet_direct_free_rules(steer);
	if (steered->ntuple)
		packet_direct_follow(steered);
	packet_direct_repair(steered);
	if (list_empty(&steered->leases))
		packet_direct_free_steered(steered);
}

static void packet_direct_repair_all(struct work_struct *work)
{
	struct packet_direct_steered *steered;

	rtnl_lock();
	list_for_each_entry(steered, &packet_direct_devices, node) {
		netdev_lock_ops(steered->dev);
		packet_direct_repair(steered);
		netdev_unlock_ops(steered->dev);
	}
	rtnl_unlock();
}

static DECLARE_WORK(packet_direct_repair_work, packet_direct_repair_all);

/**
 * packet_direct_repair_steering() - put back at once what starting queues has cost
 * @pds: rings with a claim, of one device
 *
 * Context: RTNL, may sleep.
 */
void packet_direct_repair_steering(struct list_head *pds)
{
	struct packet_direct *pd = list_first_entry(pds, struct packet_direct,
						    together);
	struct packet_direct_steered *steered;

	steered = packet_direct_find_steered(pd->pdq.dev);
	if (steered)
		packet_direct_repair(steered);
}

/**
 * packet_direct_recheck_steering() - a device was set up anew
 * @dev: device
 *
 * What it has lost is put back when whoever sets it up gives RTNL away.  Flow rules
 * are not, if an administrator turned ntuple off.
 *
 * Context: RTNL.
 */
void packet_direct_recheck_steering(const struct net_device *dev)
{
	struct packet_direct_steered *steered = packet_direct_find_steered(dev);

	if (!steered)
		return;
	if ((packet_direct_wanted(steered) & PACKET_DIRECT_RULES) &&
	    (dev->hw_features & ~dev->wanted_features & NETIF_F_NTUPLE)) {
		steered->lost |= PACKET_DIRECT_RULES;
		steered->ntuple = false;
	}
	steered->stale = true;
	packet_direct_note(steered);
	queue_work(system_dfl_wq, &packet_direct_repair_work);
}

void packet_direct_rxfh_changed(const struct net_device *dev,
				const struct ethtool_rxfh_param *rxfh)
{
	struct packet_direct_steered *steered = packet_direct_find_steered(dev);

	if (!steered)
		return;
	steered->moves++;
	if (steered->table && rxfh->indir) {
		packet_direct_drop_table(steered);
		steered->lost |= PACKET_DIRECT_TABLE;
	}
	if (steered->key &&
	    (rxfh->key || rxfh->hfunc != ETH_RSS_HASH_NO_CHANGE)) {
		packet_direct_drop_key(steered);
		steered->lost |= PACKET_DIRECT_SYMMETRIC;
	}
	packet_direct_note(steered);
}

/* Whoever adds rules of his own needs ntuple, too. */
void packet_direct_rxnfc_changed(const struct net_device *dev,
				 const struct ethtool_rxnfc *info)
{
	struct packet_direct_steered *steered = packet_direct_find_steered(dev);
	struct packet_direct_steer *steer;

	if (!steered || (info->cmd != ETHTOOL_SRXCLSRLINS &&
			 info->cmd != ETHTOOL_SRXCLSRLDEL))
		return;
	if (info->cmd == ETHTOOL_SRXCLSRLINS)
		steered->ntuple = false;
	list_for_each_entry(steer, &steered->leases, node)
		packet_direct_take_rule(steer, info->fs.location);
	packet_direct_note(steered);
}

/**
 * packet_direct_tell_steering() - how far a lease has the steering that it wanted
 * @pd: ring
 * @in_force: is given those of its flags that the device has
 * @lost: is given those that an administrator took over
 * @moves: is given how often flows may have moved since the lease began
 */
void packet_direct_tell_steering(const struct packet_direct *pd, u32 *in_force,
				 u32 *lost, u32 *moves)
{
	*in_force = READ_ONCE(pd->steer.in_force);
	*lost = READ_ONCE(pd->steer.lost);
	*moves = READ_ONCE(pd->steer.moves);
}
