// SPDX-License-Identifier: GPL-2.0
/* For scripts/cocci/check/destroy.cocci; never compiled. */

static int bad_return(struct my *my)
{
	int err = cstats_init(&my->stats, "my", fields, NR);

	if (err)
		return err;
	my->wq = alloc_workqueue("my", 0, 0);
	if (!my->wq)
		return -ENOMEM;		/* found */
	return 0;
}

static int bad_goto(struct my *my)
{
	int err;

	err = cstats_init_family(&my->stats, "my", "device", fields, NR);
	if (err)
		return err;
	err = my_register(my);
	if (err)
		goto out;
	return 0;
out:
	my_free(my);
	return err;		/* found */
}

static int good_return(struct my *my)
{
	int err = cstats_init(&my->stats, "my", fields, NR);

	if (err)
		return err;
	my->wq = alloc_workqueue("my", 0, 0);
	if (!my->wq) {
		cstats_destroy(&my->stats);
		return -ENOMEM;
	}
	if (my->idle)
		return 0;
	return my_start(my);
}

static int good_goto(struct my *my)
{
	int err;

	err = cstats_init(&my->stats, "my", fields, NR);
	if (err)
		goto free;
	err = my_register(my);
	if (err)
		goto destroy;
	return 0;
destroy:
	cstats_destroy(&my->stats);
free:
	my_free(my);
	return err;
}

static int good_devm(struct device *dev, struct my *my)
{
	int err = devm_cstats_init(dev, &my->stats, "my", fields, NR);

	if (err)
		return err;
	if (!my->name)
		return -EINVAL;
	return 0;
}
