// SPDX-License-Identifier: GPL-2.0
/*
 * RSS table and hash key of a device: as its leases want them, and as they were.
 *
 * The first lease that wants a table saves the device's, the last one puts it back; the
 * same for the key.  All goes through the driver's ethtool operations.
 */
#include <linux/bitmap.h>
#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <net/sock.h>

#include "../ethtool/common.h"
#include "direct_steer.h"

/**
 * struct packet_direct_table - an RSS table that leases changed
 * @former:	as it was, @len entries
 * @wanted:	room for what it should be
 * @now:	room for what it is
 * @len:	entries
 * @rings:	RX queues that the device had
 * @configured:	an administrator had set it
 * @entries:	room for the three tables
 */
struct packet_direct_table {
	u32	*former;
	u32	*wanted;
	u32	*now;
	u32	len;
	u32	rings;
	bool	configured;
	u32	entries[];
};

/**
 * struct packet_direct_hash_key - a hash key that leases changed
 * @len:	bytes
 * @former:	as it was; behind it room for what it should be, and for what it is
 */
struct packet_direct_hash_key {
	u32	len;
	u8	former[];
};

#ifndef packet_direct_set_user_size
/* So many entries of the table are an administrator's, or ours: drivers leave it. */
static void packet_direct_set_user_size(struct net_device *dev, u32 entries)
{
	dev->ethtool->rss_indir_user_size = entries;
}
#endif

/* Entries of the device's RSS table; 0: it has none that can be set. */
static u32 packet_direct_table_len(struct net_device *dev)
{
	const struct ethtool_ops *ops = dev->ethtool_ops;

	if (!ops->get_rxfh_indir_size || !ops->get_rxfh || !ops->set_rxfh)
		return 0;
	return ops->get_rxfh_indir_size(dev);
}

static u32 packet_direct_key_len(struct net_device *dev)
{
	const struct ethtool_ops *ops = dev->ethtool_ops;

	return ops->get_rxfh_key_size ? ops->get_rxfh_key_size(dev) : 0;
}

/* How many RX queues the table can name, which may be fewer than there are. */
static u32 packet_direct_count_rings(struct net_device *dev)
{
	int rings = ethtool_get_rx_ring_count(dev);

	return clamp_t(int, rings, 0, dev->num_rx_queues);
}

static int packet_direct_read_rxfh(struct net_device *dev,
				   struct ethtool_rxfh_param *rxfh)
{
	int err;

	mutex_lock(&dev->ethtool->rss_lock);
	err = dev->ethtool_ops->get_rxfh(dev, rxfh);
	mutex_unlock(&dev->ethtool->rss_lock);
	return err;
}

static int packet_direct_read_table(struct net_device *dev, u32 *table, u32 len)
{
	struct ethtool_rxfh_param rxfh = { .indir = table, .indir_size = len };

	return packet_direct_read_rxfh(dev, &rxfh);
}

/* Whatever @rxfh does not name stays as it is. */
static int packet_direct_write_rxfh(struct net_device *dev,
				    struct ethtool_rxfh_param *rxfh)
{
	int err;

	rxfh->hfunc = ETH_RSS_HASH_NO_CHANGE;
	rxfh->input_xfrm = RXH_XFRM_NO_CHANGE;
	mutex_lock(&dev->ethtool->rss_lock);
	err = dev->ethtool_ops->set_rxfh(dev, rxfh, NULL);
	mutex_unlock(&dev->ethtool->rss_lock);
	return err;
}

static int packet_direct_write_table(struct net_device *dev, u32 *table, u32 len)
{
	struct ethtool_rxfh_param rxfh = { .indir = table, .indir_size = len };

	return packet_direct_write_rxfh(dev, &rxfh);
}

static int packet_direct_read_key(struct net_device *dev, u8 *key, u32 len,
				  u8 *hfunc)
{
	struct ethtool_rxfh_param rxfh = { .key = key, .key_size = len };
	int err = packet_direct_read_rxfh(dev, &rxfh);

	*hfunc = rxfh.hfunc;
	return err;
}

static int packet_direct_write_key(struct net_device *dev, u8 *key, u32 len)
{
	struct ethtool_rxfh_param rxfh = { .key = key, .key_size = len };

	return packet_direct_write_rxfh(dev, &rxfh);
}

static struct packet_direct_table *packet_direct_alloc_table(u32 len)
{
	struct packet_direct_table *table;

	table = kzalloc(struct_size(table, entries, 3 * (size_t)len), GFP_KERNEL);
	if (!table)
		return NULL;
	table->len = len;
	table->former = table->entries;
	table->wanted = table->former + len;
	table->now = table->wanted + len;
	return table;
}

static void packet_direct_fill_default(u32 *table, u32 len, u32 rings)
{
	u32 i;

	for (i = 0; i < len; i++)
		table[i] = ethtool_rxfh_indir_default(i, rings);
}

/* The table that is to come back.  Where the device has another number of queues by
 * now, that is the default one of these, unless an administrator had set one that
 * still fits.
 */
static void packet_direct_copy_former(const struct packet_direct_table *table,
				      u32 rings, bool *configured)
{
	bool fits = table->rings == rings || table->configured;
	u32 i;

	for (i = 0; i < table->len; i++) {
		table->wanted[i] = table->former[i];
		fits &= table->former[i] < rings;
	}
	if (!fits)
		packet_direct_fill_default(table->wanted, table->len, rings);
	*configured = fits && table->configured;
}

static void packet_direct_set_queues(struct packet_direct_steered *steered,
				     u32 flag, u32 rings, bool value)
{
	struct packet_direct_steer *steer;

	list_for_each_entry(steer, &steered->leases, node)
		if ((steer->active & flag) && steer->queue < rings)
			__assign_bit(steer->queue, steered->queues, value);
}

/* The queues that the table may name: with APART alone, those that it has without
 * these, or all others if that leaves none.
 */
static void packet_direct_choose_queues(struct packet_direct_steered *steered,
					u32 wanted, u32 rings)
{
	const struct packet_direct_table *table = steered->table;
	unsigned long *queues = steered->queues;
	u32 i;

	bitmap_zero(queues, rings);
	if (wanted & PACKET_DIRECT_SPREAD) {
		packet_direct_set_queues(steered, PACKET_DIRECT_SPREAD, rings,
					 true);
		return;
	}
	for (i = 0; i < table->len; i++)
		__set_bit(table->wanted[i], queues);
	packet_direct_set_queues(steered, PACKET_DIRECT_APART, rings, false);
	if (!bitmap_empty(queues, rings))
		return;
	bitmap_fill(queues, rings);
	packet_direct_set_queues(steered, PACKET_DIRECT_APART, rings, false);
}

/* Changes @table->wanted, which is the former one.  Returns false when no queue is
 * left.
 */
static bool packet_direct_compute_table(struct packet_direct_steered *steered,
					u32 wanted, u32 rings)
{
	const struct packet_direct_table *table = steered->table;
	unsigned long queue = rings - 1;
	u32 i;

	packet_direct_choose_queues(steered, wanted, rings);
	if (bitmap_empty(steered->queues, rings))
		return false;

	for (i = 0; i < table->len; i++) {
		if (!(wanted & PACKET_DIRECT_SPREAD) &&
		    test_bit(table->wanted[i], steered->queues))
			continue;
		queue = find_next_bit_wrap(steered->queues, rings, queue + 1);
		table->wanted[i] = queue;
	}
	return true;
}

/* A mode of the device may change how long its table is.  The driver made a new one
 * then.
 */
static int packet_direct_fit_table(struct packet_direct_steered *steered)
{
	u32 len = packet_direct_table_len(steered->dev);
	struct packet_direct_table *table;

	if (!len)
		return -EOPNOTSUPP;
	if (len == steered->table->len)
		return 0;
	table = packet_direct_alloc_table(len);
	if (!table)
		return -ENOMEM;
	kfree(steered->table);
	steered->table = table;
	return 0;
}

/* Returns 1 if the device had another one, 0 if not, or -errno. */
static int packet_direct_store_table(struct net_device *dev,
				     const struct packet_direct_table *table)
{
	size_t size = table->len * sizeof(*table->now);
	int err;

	err = packet_direct_read_table(dev, table->now, table->len);
	if (err || !memcmp(table->now, table->wanted, size))
		return err;
	return packet_direct_write_table(dev, table->wanted, table->len) ?: 1;
}

static int packet_direct_update_table(struct packet_direct_steered *steered,
				      u32 wanted)
{
	struct net_device *dev = steered->dev;
	u32 rings = packet_direct_count_rings(dev);
	bool configured;
	int err;

	err = rings ? packet_direct_fit_table(steered) : -EOPNOTSUPP;
	if (err)
		return err;
	packet_direct_copy_former(steered->table, rings, &configured);
	if (wanted && !packet_direct_compute_table(steered, wanted, rings))
		return -ERANGE;
	err = packet_direct_store_table(dev, steered->table);
	if (err < 0)
		return err;
	steered->moves += err;

	packet_direct_set_user_size(dev, wanted || configured ?
				    steered->table->len : 0);
	return 0;
}

/* By this key Toeplitz gives a flow the same hash in both directions, because it
 * repeats after 16 bits, by which the fields of source and destination differ.
 */
static void packet_direct_fill_symmetric(u8 *key, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++)
		key[i] = i & 1 ? 0x5a : 0x6d;
}

static int packet_direct_update_key(struct packet_direct_steered *steered,
				    u32 wanted)
{
	struct packet_direct_hash_key *key = steered->key;
	u8 *want = key->former + key->len;
	u8 *now = want + key->len;
	u8 hfunc;
	int err;

	if (packet_direct_key_len(steered->dev) != key->len)
		return -EOPNOTSUPP;
	if (wanted)
		packet_direct_fill_symmetric(want, key->len);
	else
		memcpy(want, key->former, key->len);
	err = packet_direct_read_key(steered->dev, now, key->len, &hfunc);
	if (err || !memcmp(now, want, key->len))
		return err;
	err = packet_direct_write_key(steered->dev, want, key->len);
	if (!err)
		steered->moves++;
	return err;
}

/**
 * packet_direct_drop_table() - forget the table that was there before
 * @steered: device
 *
 * Context: RTNL.
 */
void packet_direct_drop_table(struct packet_direct_steered *steered)
{
	kfree(steered->table);
	steered->table = NULL;
	steered->forced &= ~PACKET_DIRECT_TABLE;
}

/**
 * packet_direct_drop_key() - forget the key that was there before
 * @steered: device
 *
 * Context: RTNL.
 */
void packet_direct_drop_key(struct packet_direct_steered *steered)
{
	kfree(steered->key);
	steered->key = NULL;
	steered->forced &= ~PACKET_DIRECT_SYMMETRIC;
}

static void packet_direct_set_forced(struct packet_direct_steered *steered,
				     u32 flags, bool forced)
{
	if (forced)
		steered->forced |= flags;
	else
		steered->forced &= ~flags;
}

/**
 * packet_direct_update_rss() - make table and key what the leases want, or what they were
 * @steered: device
 * @wanted: flags of PACKET_DIRECT_STEERING that its leases want now
 *
 * Context: RTNL, between the driver's begin and complete, may sleep.
 * Return: 0 or -errno.
 */
int packet_direct_update_rss(struct packet_direct_steered *steered, u32 wanted)
{
	int err = 0, key_err = 0;

	if (steered->table) {
		err = packet_direct_update_table(steered,
						 wanted & PACKET_DIRECT_TABLE);
		packet_direct_set_forced(steered, PACKET_DIRECT_TABLE, !err);
		if (!(wanted & PACKET_DIRECT_TABLE))
			packet_direct_drop_table(steered);
	}
	if (steered->key) {
		wanted &= PACKET_DIRECT_SYMMETRIC;
		key_err = packet_direct_update_key(steered, wanted);
		packet_direct_set_forced(steered, PACKET_DIRECT_SYMMETRIC,
					 !key_err);
		if (!wanted)
			packet_direct_drop_key(steered);
	}
	return err ?: key_err;
}

/* The table as it is, to come back when no lease wants another.  The one that was
 * saved before stays.
 */
static enum packet_direct_reason
packet_direct_save_table(struct packet_direct_steered *steered)
{
	struct net_device *dev = steered->dev;
	struct packet_direct_table *table;

	if (steered->table)
		return PACKET_DIRECT_OK;
	table = packet_direct_alloc_table(packet_direct_table_len(dev));
	if (!table)
		return PACKET_DIRECT_NO_MEMORY;
	if (packet_direct_read_table(dev, table->former, table->len)) {
		kfree(table);
		return PACKET_DIRECT_STEER_FAILED;
	}
	table->rings = packet_direct_count_rings(dev);
	table->configured = netif_is_rxfh_configured(dev);
	steered->table = table;
	steered->lost &= ~PACKET_DIRECT_TABLE;
	return PACKET_DIRECT_OK;
}

static enum packet_direct_reason
packet_direct_save_key(struct packet_direct_steered *steered)
{
	u32 len = packet_direct_key_len(steered->dev);
	struct packet_direct_hash_key *key;
	u8 hfunc;

	if (steered->key)
		return PACKET_DIRECT_OK;
	key = kzalloc(struct_size(key, former, 3 * (size_t)len), GFP_KERNEL);
	if (!key)
		return PACKET_DIRECT_NO_MEMORY;
	key->len = len;
	if (packet_direct_read_key(steered->dev, key->former, len, &hfunc)) {
		kfree(key);
		return PACKET_DIRECT_STEER_FAILED;
	}
	steered->key = key;
	steered->lost &= ~PACKET_DIRECT_SYMMETRIC;
	return PACKET_DIRECT_OK;
}

/**
 * packet_direct_save_rss() - keep table and key as they are, before leases change them
 * @steered: device
 * @flags: what a lease wants
 *
 * Context: RTNL, between the driver's begin and complete, may sleep.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason
packet_direct_save_rss(struct packet_direct_steered *steered, u32 flags)
{
	enum packet_direct_reason reason = PACKET_DIRECT_OK;

	if (flags & PACKET_DIRECT_TABLE)
		reason = packet_direct_save_table(steered);
	if (!reason && (flags & PACKET_DIRECT_SYMMETRIC))
		reason = packet_direct_save_key(steered);
	return reason;
}

/* Does the table keep a queue when @queue is not in it? */
static bool
packet_direct_leaves_queue(const struct packet_direct_steered *steered, u32 queue,
			   u32 rings)
{
	struct packet_direct_steer *steer;
	u32 left = rings - (queue < rings);

	if (!steered)
		return left;
	list_for_each_entry(steer, &steered->leases, node)
		if ((steer->flags & PACKET_DIRECT_APART) && steer->queue < rings)
			left--;
	return left;
}

static u32
packet_direct_count_spread(const struct packet_direct_steered *steered)
{
	struct packet_direct_steer *steer;
	u32 count = 0;

	if (!steered)
		return 0;
	list_for_each_entry(steer, &steered->leases, node)
		count += !!(steer->flags & PACKET_DIRECT_SPREAD);
	return count;
}

/**
 * packet_direct_check_table() - could a lease have the RSS table that it wants
 * @dev: device
 * @steered: the same, or NULL when no lease steers it
 * @queue: RX queue of the lease
 * @flags: what it wants
 *
 * Context: RTNL, between the driver's begin and complete.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason
packet_direct_check_table(struct net_device *dev,
			  const struct packet_direct_steered *steered,
			  u32 queue, u32 flags)
{
	u32 len = packet_direct_table_len(dev);
	u32 rings = len ? packet_direct_count_rings(dev) : 0;

	if (!rings)
		return PACKET_DIRECT_NO_RXFH;
	if (flags & PACKET_DIRECT_APART)
		return packet_direct_leaves_queue(steered, queue, rings) ?
		       PACKET_DIRECT_OK : PACKET_DIRECT_LAST_QUEUE;
	if (queue >= rings || packet_direct_count_spread(steered) >= len)
		return PACKET_DIRECT_TABLE_TOO_SMALL;
	return PACKET_DIRECT_OK;
}

/**
 * packet_direct_check_key() - can the hash be made symmetric
 * @dev: device
 *
 * Context: RTNL, between the driver's begin and complete.
 * Return: PACKET_DIRECT_OK or why not.
 */
enum packet_direct_reason
packet_direct_check_key(struct net_device *dev)
{
	u8 hfunc;

	if (!packet_direct_key_len(dev) ||
	    packet_direct_read_key(dev, NULL, 0, &hfunc) ||
	    hfunc != ETH_RSS_HASH_TOP)
		return PACKET_DIRECT_NO_SYMMETRIC;
	return PACKET_DIRECT_OK;
}

/**
 * packet_direct_set_ntuple() - turn flow rules on or off
 * @dev: device
 * @on: which
 *
 * For some drivers this is a reset, which costs the table.  It comes back.
 *
 * Context: RTNL, between the driver's begin and complete, may sleep.
 */
void packet_direct_set_ntuple(struct net_device *dev, bool on)
{
	u32 len = packet_direct_table_len(dev);
	struct packet_direct_table *table;
	bool known = false;

	table = len ? packet_direct_alloc_table(len) : NULL;
	if (table)
		known = !packet_direct_read_table(dev, table->wanted, len);
	if (on)
		dev->wanted_features |= NETIF_F_NTUPLE;
	else
		dev->wanted_features &= ~NETIF_F_NTUPLE;
	netdev_update_features(dev);
	if (known && packet_direct_table_len(dev) == len)
		packet_direct_store_table(dev, table);
	kfree(table);
}
