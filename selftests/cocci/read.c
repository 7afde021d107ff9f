// SPDX-License-Identifier: GPL-2.0
/* For scripts/cocci/check/read.cocci; never compiled. */

static int bad_read(struct my *my)
{
	struct cstats_section s = cstats_acquire(&stats);
	int err;

	cstats_add(&s, A, 1);
	err = cstats_read(&stats, &my->snap);	/* found */
	cstats_release(&s);
	return err;
}

static void bad_remove(struct my *my)
{
	struct cstats_section s = cstats_acquire(&stats);

	cstats_add_to(&s, &my->inst, A, -1);
	cstats_instance_remove(&my->inst);	/* found */
	cstats_release(&s);
}

static int good_read(struct my *my)
{
	struct cstats_section s = cstats_acquire(&stats);

	cstats_add(&s, A, 1);
	cstats_release(&s);
	return cstats_read(&stats, &my->snap);
}

static int good_last(struct my *my)
{
	struct cstats_section s = cstats_acquire(&stats);
	int err = cstats_read_last(&stats, &my->snap);

	cstats_add(&s, A, 1);
	cstats_release(&s);
	return err;
}
