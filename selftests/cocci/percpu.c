// SPDX-License-Identifier: GPL-2.0
/* For scripts/cocci/moving/percpu.cocci; never compiled. */

struct my_stats {
	u64 packets;
	u64 bytes;
	u64 queued;
};

struct my {
	struct my_stats __percpu *stats;
	struct list_head queue;
};

static void my_queued(struct my *my)
{
	this_cpu_inc(my->stats->queued);
}

static void my_sent(struct my *my, unsigned int len)
{
	this_cpu_inc(my->stats->packets);
	this_cpu_add(my->stats->bytes, len);
	this_cpu_dec(my->stats->queued);
}

static int my_init(struct my *my)
{
	my->stats = alloc_percpu(struct my_stats);
	if (!my->stats)
		return -ENOMEM;
	return 0;
}

static void my_exit(struct my *my)
{
	free_percpu(my->stats);
}
