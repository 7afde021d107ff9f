// SPDX-License-Identifier: GPL-2.0
/* For scripts/cocci/check/unreleased.cocci; never compiled. */

static int bad_return(struct my *my)
{
	struct cstats_section s = cstats_acquire(&stats);

	if (!my)
		return -EINVAL;		/* found */
	cstats_add(&s, A, 1);
	cstats_release(&s);
	return 0;
}

static int bad_goto(struct my *my)
{
	struct cstats_rcu_section s;
	int err = 0;

	s = cstats_rcu_acquire(&my->stats);
	if (my->broken) {
		err = -EIO;
		goto out;
	}
	cstats_add(&s, A, 1);
	cstats_release(&s);
out:
	return err;		/* found */
}

static void bad_end(struct my *my)
{
	struct cstats_section s = cstats_acquire_fields(&stats, fields);

	cstats_add(&s, A, 1);
	if (my)
		cstats_release(&s);
}	/* found */

static int good_return(struct my *my)
{
	struct cstats_section s;

	if (!my)
		return -EINVAL;
	s = cstats_acquire(&stats);
	cstats_add(&s, A, 1);
	if (my->broken) {
		cstats_release(&s);
		return -EIO;
	}
	cstats_release(&s);
	return 0;
}

static void good_loop(struct my *my)
{
	int i;

	for (i = 0; i < my->nr; i++) {
		struct cstats_section s = cstats_acquire(&stats);

		cstats_add(&s, A, my->n[i]);
		cstats_release(&s);
	}
}

static struct cstats_section good_wrapper(struct my *my)
{
	struct cstats_section s = cstats_acquire(&my->stats);

	cstats_add(&s, A, 1);
	return s;
}
