// SPDX-License-Identifier: GPL-2.0
/* For scripts/cocci/check/after.cocci; never compiled. */

static void bad_add(struct my *my)
{
	struct cstats_section s = cstats_acquire(&stats);

	cstats_add(&s, A, 1);
	cstats_release(&s);
	if (my)
		cstats_add(&s, B, 1);	/* found */
}

static void bad_twice(struct my *my)
{
	struct cstats_section s = cstats_acquire(&stats);

	cstats_add_to(&s, &my->inst, A, 1);
	if (my->early)
		cstats_release(&s);
	cstats_release(&s);		/* found */
}

static void good_again(struct my *my)
{
	struct cstats_section s = cstats_acquire(&stats);

	cstats_add(&s, A, 1);
	cstats_release(&s);
	s = cstats_acquire(&stats);
	cstats_add(&s, B, 1);
	cstats_release(&s);
}

static void good_loop(struct my *my)
{
	while (my->next) {
		struct cstats_section s = cstats_acquire(&stats);

		cstats_observe(&s, SIZE, my->size);
		cstats_release(&s);
	}
}

static void good_two(struct my *my)
{
	struct cstats_section s = cstats_acquire(&stats);
	struct cstats_section other = cstats_acquire(&my->stats);

	cstats_add(&other, A, 1);
	cstats_release(&other);
	cstats_add(&s, A, 1);
	cstats_release(&s);
}
