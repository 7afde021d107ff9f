/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the examples of moving to cstats have in common: each counts the same packets
 * before and after, and loads only if both counts are right. To be included last.
 */
#define PACKETS_SENT	1000

static int __init moving_init(void)
{
	s64 packets = 0, bytes = 0;
	int i, err;

	err = before_init();
	if (err)
		return err;
	err = after_init();
	if (err)
		goto before;
	for (i = 0; i < PACKETS_SENT; i++) {
		before_sent(i);
		after_sent(i);
	}
	before_read(&packets, &bytes);
	err = -EIO;
	if (packets != PACKETS_SENT || bytes != PACKETS_SENT * (PACKETS_SENT - 1) / 2)
		goto after;
	packets = 0;
	bytes = 0;
	err = after_read(&packets, &bytes);
	if (!err && packets == PACKETS_SENT &&
	    bytes == PACKETS_SENT * (PACKETS_SENT - 1) / 2)
		return 0;
	err = err ?: -EIO;
after:
	after_exit();
before:
	before_exit();
	return err;
}
module_init(moving_init);

static void __exit moving_exit(void)
{
	after_exit();
	before_exit();
}
module_exit(moving_exit);

MODULE_DESCRIPTION("Example of counters before and after they moved to cstats");
MODULE_LICENSE("GPL");
