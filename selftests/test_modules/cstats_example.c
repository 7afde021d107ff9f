// SPDX-License-Identifier: GPL-2.0
/* A pretend queue: what came in is what went out plus what is in it now. */
#include <linux/cstats.h>
#include <linux/timer.h>

enum { Q_IN, Q_OUT, Q_NOW };

static const struct cstats_field queue_fields[] = {
	[Q_IN]  = { "in_items",  CSTATS_COUNTER, "items", "put into the queue" },
	[Q_OUT] = { "out_items", CSTATS_COUNTER, "items", "taken out of it" },
	[Q_NOW] = { "now_items", CSTATS_GAUGE,   "items", "in the queue now" },
};

static struct cstats queue_stats;
static struct timer_list queue_timer;

static void queue_tick(struct timer_list *timer)
{
	bool in = jiffies & 3;	/* more comes than goes */
	struct cstats_section s = cstats_acquire(&queue_stats);

	cstats_add(&s, in ? Q_IN : Q_OUT, 1);
	cstats_add(&s, Q_NOW, in ? 1 : -1);
	cstats_release(&s);
	mod_timer(timer, jiffies + 1);
}

static int __init queue_init(void)
{
	int err = cstats_init(&queue_stats, "queue", queue_fields,
			      ARRAY_SIZE(queue_fields));

	if (err)
		return err;
	timer_setup(&queue_timer, queue_tick, 0);
	mod_timer(&queue_timer, jiffies + 1);
	return 0;
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
