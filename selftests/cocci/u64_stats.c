// SPDX-License-Identifier: GPL-2.0
/* For scripts/cocci/moving/u64_stats.cocci; never compiled. */

struct my_stats {
	u64_stats_t packets;
	u64_stats_t bytes;
	u64_stats_t errors;
	struct u64_stats_sync syncp;
};

static void my_sent(struct my *my, unsigned int len)
{
	u64_stats_update_begin(&my->stats.syncp);
	u64_stats_inc(&my->stats.packets);
	u64_stats_add(&my->stats.bytes, len);
	u64_stats_update_end(&my->stats.syncp);
}

static void my_failed(struct my_stats *stats)
{
	u64_stats_update_begin(&stats->syncp);
	u64_stats_inc(&stats->errors);
	u64_stats_update_end(&stats->syncp);
}

static void my_get_stats64(struct my *my, struct rtnl_link_stats64 *to)
{
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&my->stats.syncp);
		to->tx_packets = u64_stats_read(&my->stats.packets);
		to->tx_bytes = u64_stats_read(&my->stats.bytes);
	} while (u64_stats_fetch_retry(&my->stats.syncp, start));
}

static void my_init(struct my *my)
{
	u64_stats_init(&my->stats.syncp);
}
