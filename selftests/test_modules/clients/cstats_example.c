// SPDX-License-Identifier: GPL-2.0
/* A pretend queue, in which every snapshot has in - out == now. */
#include <linux/cstats.h>
#include <linux/timer.h>

enum { Q_IN, Q_OUT, Q_NOW };

static const struct cstats_field queue_fields[] = {
	[Q_IN]  = { "in_items",  CSTATS_COUNTER, "items", "put into the queue" },
	[Q_OUT] = { "out_items", CSTATS_COUNTER, "items", "taken out of it" },
	[Q_NOW] = { "now_items", CSTATS_GAUGE,   "items", "in the queue now" },
};

static DEFINE_CSTATS(queue_stats);

static void queue_tick(struct timer_list *timer)
{
	bool in = jiffies & 3;	/* three in for each one out */
	struct cstats_section s = cstats_acquire(&queue_stats);

	cstats_add(&s, in ? Q_IN : Q_OUT, 1);
	cstats_add(&s, Q_NOW, in ? 1 : -1);
	cstats_release(&s);
	mod_timer(timer, jiffies + 1);
}

static DEFINE_TIMER(queue_timer, queue_tick);

static int __init queue_init(void)
{
	int err = cstats_init(&queue_stats, "queue", queue_fields,
			      ARRAY_SIZE(queue_fields));

	if (!err)
		mod_timer(&queue_timer, jiffies + 1);
	return err;
}

static void __exit queue_exit(void)
{
	timer_shutdown_sync(&queue_timer);
	cstats_destroy(&queue_stats);
}

module_init(queue_init);
module_exit(queue_exit);
MODULE_DESCRIPTION("Example of a set of consistent counters");
MODULE_LICENSE("GPL");
