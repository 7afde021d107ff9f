// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_net: a network device whose counters are a set
 *
 * It swallows what is sent. ndo_get_stats64() is called in atomic context, so it
 * has nothing but the last snapshot, which is kept fresh.
 */
#include <linux/etherdevice.h>
#include <linux/moduleparam.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#include "cstats_test.h"

static unsigned int max_age_ms = 100;
module_param(max_age_ms, uint, 0444);
MODULE_PARM_DESC(max_age_ms, "for cstats_keep_fresh()");

enum { PACKETS, BYTES, NR };

static const struct cstats_field fields[NR] = {
	[PACKETS] = { "tx_packets", CSTATS_COUNTER, "packets", "sent" },
	[BYTES] = { "tx_bytes", CSTATS_COUNTER, "bytes", "sent" },
};

static DEFINE_CSTATS(net_stats);
static struct net_device *net_dev;
static u64 oldest_ns;

static netdev_tx_t net_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct cstats_section s = cstats_acquire(&net_stats);

	cstats_add(&s, PACKETS, 1);
	cstats_add(&s, BYTES, skb->len);
	cstats_release(&s);
	dev_kfree_skb(skb);
	return NETDEV_TX_OK;
}

static void net_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *stats)
{
	s64 values[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(values, NR);

	if (cstats_read_last(&net_stats, &snap))
		return;
	stats->tx_packets = values[PACKETS];
	stats->tx_bytes = values[BYTES];
	WRITE_ONCE(oldest_ns, max(oldest_ns, snap.age_ns));
}

static const struct net_device_ops net_ops = {
	.ndo_start_xmit = net_xmit,
	.ndo_get_stats64 = net_get_stats64,
};

/* The oldest snapshot that was shown, in milliseconds; any write forgets it. */
static int oldest_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%llu\n", div_u64(READ_ONCE(oldest_ns), NSEC_PER_MSEC));
}

static int oldest_set(const char *val, const struct kernel_param *kp)
{
	WRITE_ONCE(oldest_ns, 0);
	return 0;
}

static const struct kernel_param_ops oldest_ops = { .get = oldest_get, .set = oldest_set };

module_param_cb(oldest_ms, &oldest_ops, NULL, 0644);
MODULE_PARM_DESC(oldest_ms, "age of the oldest snapshot that was shown");

static void net_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &net_ops;
	dev->flags |= IFF_NOARP;
	dev->needs_free_netdev = true;
	eth_hw_addr_random(dev);
}

static int __init net_init(void)
{
	int err;

	err = cstats_init(&net_stats, "net", fields, NR);
	if (!err)
		err = cstats_keep_fresh(&net_stats, max_age_ms);
	if (err)
		goto destroy;
	err = -ENOMEM;
	net_dev = alloc_netdev(0, "cstats%d", NET_NAME_ENUM, net_setup);
	if (!net_dev)
		goto destroy;
	err = register_netdev(net_dev);
	if (!err)
		return 0;
	free_netdev(net_dev);
destroy:
	cstats_destroy(&net_stats);
	return err;
}

static void __exit net_exit(void)
{
	unregister_netdev(net_dev);
	cstats_destroy(&net_stats);
}

module_init(net_init);
module_exit(net_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: a network device whose counters are a set");
MODULE_LICENSE("GPL");
