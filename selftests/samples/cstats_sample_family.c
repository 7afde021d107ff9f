// SPDX-License-Identifier: GPL-2.0
/* Devices that are the instances of a family: they come, are renamed and go. */
#include <linux/cstats.h>

enum { READS, BYTES };

static const struct cstats_field disk_fields[] = {
	[READS] = { "reads", CSTATS_COUNTER, "requests", "done" },
	[BYTES] = { "bytes", CSTATS_COUNTER, "bytes",    "read" },
};

static DEFINE_CSTATS(disks);

/* A driver has the instance in the struct of its device. */
static const char * const names[] = { "sda", "dm-0", "sdb" };
static struct cstats_instance disk[ARRAY_SIZE(names)];

static void disk_read(struct cstats_instance *stats, unsigned int bytes)
{
	struct cstats_section s = cstats_acquire(&disks);
	struct cstats_within in = cstats_in(&s, stats);

	cstats_add(&in, READS, 1);
	cstats_add(&in, BYTES, bytes);
	cstats_release(&s);
}

static void disks_exit(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(disk); i++)
		cstats_instance_remove(&disk[i]);
	cstats_destroy(&disks);
}

static int __init disks_init(void)
{
	int err, i;

	err = cstats_init_family(&disks, "disk", "device", disk_fields, ARRAY_SIZE(disk_fields));
	for (i = 0; !err && i < ARRAY_SIZE(disk); i++) {
		err = cstats_instance_add(&disks, &disk[i], names[i]);
		disk_read(&disk[i], 512);
	}
	err = err ?: cstats_instance_rename(&disk[1], "my disk");
	if (err)
		disks_exit();
	else	/* unplugged: the family's sums keep what it has counted */
		cstats_instance_remove(&disk[2]);
	return err;
}

module_init(disks_init);
module_exit(disks_exit);
MODULE_DESCRIPTION("cstats sample: a family of devices");
MODULE_LICENSE("GPL");
