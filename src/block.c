// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_block - the requests of all disks as one consistent family
 *
 * Probes on tracepoints of the block layer count into the family "block", which
 * has an instance for each disk. Requests are issued on one CPU and completed on
 * another. Nevertheless every snapshot satisfies exactly, for each disk and for the
 * family, and for each of the operations read, write, discard, flush and other
 *
 *	requests_issued = requests_completed + requests_requeued + requests_in_flight
 *	bytes_issued = bytes_completed + bytes_requeued + bytes_in_flight
 *	requests_issued = size_count, bytes_issued = size_sum
 *	requests_completed = latency_count
 *	size_count and latency_count = sums of their buckets
 *	family = sum of all disks, present and removed, and of unknown disks
 *
 * because the adds that belong to one event are made in one section, and all
 * instances of a family are cut at one instant. A reset sets the counters to zero and
 * leaves the gauges: from then on, the first two lines are off by the requests that
 * were in flight at the reset.
 *
 * A request is the unit that a driver is given. Most drivers (virtio, NVMe, SCSI,
 * loop) take a struct request, which may consist of several bios. Others (brd, zram,
 * dm, md) take bios, and then each bio is a request. The fields are, with "read" for
 * any of the operations:
 *
 * read_requests_issued		Requests that the driver has started. Time in the I/O
 *				scheduler comes before that and is not seen.
 * read_requests_completed	Requests that are over, successful or not.
 * read_requests_requeued	Requests that the driver gave back unfinished, for
 *				example because its queue was full. They are issued
 *				again and then counted again.
 * read_requests_in_flight	Requests that the driver has now.
 * read_requests_merged		Bios and requests that became part of another request.
 * read_bytes_...		The bytes in all of these. Bytes are completed in parts
 *				if the driver reports parts, and also when they failed.
 * read_errors			Reports of an error, of a whole request or a part.
 * read_latency			A histogram of nanoseconds from issue to completion.
 * read_size			A histogram of the bytes in requests as they are issued.
 *
 * "write" includes zone append. "flush" empties the disk's cache; one flush may serve
 * many calls of fsync(). "other" is all that moves no data of a file: write zeroes,
 * secure erase, zone management, and passthrough commands of SCSI and NVMe.
 *
 * Partitions count for their disk. A stacked disk (dm, md, loop, an NVMe multipath
 * head) has requests, and the disks below it have those that it makes of them, so the
 * family counts both.
 *
 * The tracepoints:
 *
 * block_rq_issue	A request is started.
 * block_rq_complete	Some or all bytes of a request are over. It also fires for
 *			requests that were never issued (an fsync() that waited for a
 *			flush), and once more for a request that had a flush before or
 *			after it, or that dm-multipath passed on. Only requests that
 *			are known to be in flight are counted.
 * block_rq_requeue	A request is given back. It may not have been issued.
 * block_bio_queue	A bio is submitted. It counts if the driver takes bios.
 * block_bio_complete	A bio is over. Some name another disk by then (those of
 *			bcache), so all are looked for, whatever their disk.
 * block_bio_remap	A driver redirects a bio to another disk. Few redirect the bio
 *			that they were given: an NVMe multipath head does. No event
 *			reports its end reliably. It is over for the head at this point.
 *			md-faulty does so without the event, as bcache without a cache
 *			does in 6.1: their bios stay in flight, see below.
 * block_bio_backmerge, block_bio_frontmerge, block_rq_merge
 *			Merges. Bios of discards that join a request are not reported;
 *			requests of discards that are merged are.
 *
 * How requests are recognized: the table block_ios has an entry for each request in
 * flight, with its time, size and disk. No member of struct request can do that. A
 * request that was issued before the module was loaded must not be completed to -1 in
 * flight. The times in it are missing if iostats are off. If the table has no free
 * entry near a request's hash, the request is counted in requests_untracked only.
 *
 * Some ends are not reported. Since 7.2, reserved commands of SCSI end in
 * __blk_mq_end_request() without block_rq_complete. Such a request stays in flight
 * until its memory is that of another one which is issued. Nobody knows its latency
 * then, so it is counted as requeued, and not as completed.
 *
 * How disks are found: a struct block_disk holds an instance. A hash table has them by
 * request queue, under RCU. The block class reports each disk that is added, before it
 * can be used, and each that is removed. Requests may still be in flight then; their
 * completion counts in the family's own part, and so the family's sums stay right.
 * Requests of queues that have no disk (tapes, SCSI disks while they are identified)
 * also count there. Queues are only compared: nothing here looks into a disk or a queue
 * except in an event or a call that concerns it.
 *
 * The memory: an instance has 276 values of 8 bytes in 2 slots, which is 4.4 KB for each
 * disk and each possible CPU. block_ios has 512 KB.
 *
 * The cost is some 550 instructions a request. A read of 4 KiB by dd takes 4 % more
 * instructions from null_blk and 10 % more from brd (6.12, counted by QEMU's -icount).
 * Recording the kernel's own trace events of the same names takes 33 % and 24 % more.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bio.h>
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/cstats.h>
#include <linux/device.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <trace/events/block.h>

#include "compat.h"

enum block_op {
	BLOCK_READ,
	BLOCK_WRITE,
	BLOCK_DISCARD,
	BLOCK_FLUSH,
	BLOCK_OTHER,
	NR_OPS,
};

static const char *const block_op_names[NR_OPS] __initconst = {
	[BLOCK_READ] = "read",
	[BLOCK_WRITE] = "write",
	[BLOCK_DISCARD] = "discard",
	[BLOCK_FLUSH] = "flush",
	[BLOCK_OTHER] = "other",
};

/* Each operation has all of these. */
enum block_field {
	ISSUED,
	COMPLETED,
	REQUEUED,
	IN_FLIGHT,
	MERGED,
	BYTES_ISSUED,
	BYTES_COMPLETED,
	BYTES_REQUEUED,
	BYTES_IN_FLIGHT,
	BYTES_MERGED,
	ERRORS,
	LATENCY,
	SIZE,
	NR_OP_FIELDS,

	UNTRACKED = NR_OPS * NR_OP_FIELDS,
	NR_FIELDS,
};

#define COUNTER(name, unit, description) \
	{ name, CSTATS_COUNTER, unit, description }
#define GAUGE(name, unit, description) \
	{ name, CSTATS_GAUGE, unit, description }
#define HISTOGRAM(name, unit, description, first, last) \
	{ name, CSTATS_HISTOGRAM, unit, description, NULL, 0, first, last }

static const struct cstats_field block_op_fields[NR_OP_FIELDS] __initconst = {
	[ISSUED] = COUNTER("requests_issued", "requests", "given to the driver"),
	[COMPLETED] = COUNTER("requests_completed", "requests", "over, well or not"),
	[REQUEUED] = COUNTER("requests_requeued", "requests",
			     "given back by the driver, to be issued again"),
	[IN_FLIGHT] = GAUGE("requests_in_flight", "requests", "that the driver has now"),
	[MERGED] = COUNTER("requests_merged", "requests",
			   "merged to another request and not issued themselves"),
	[BYTES_ISSUED] = COUNTER("bytes_issued", "bytes", "in the requests issued"),
	[BYTES_COMPLETED] = COUNTER("bytes_completed", "bytes", "over, well or not"),
	[BYTES_REQUEUED] = COUNTER("bytes_requeued", "bytes", "in the requests requeued"),
	[BYTES_IN_FLIGHT] = GAUGE("bytes_in_flight", "bytes", "in the requests in flight"),
	[BYTES_MERGED] = COUNTER("bytes_merged", "bytes", "in the requests merged"),
	[ERRORS] = COUNTER("errors", "reports", "of an error, of a request or a part of it"),
	[LATENCY] = HISTOGRAM("latency", "nanoseconds", "from issue to completion",
			      1ULL << 10, 1ULL << 33),
	[SIZE] = HISTOGRAM("size", "bytes", "of a request when it was issued",
			   1 << 9, 1 << 22),
};

/* All of them, with their names, such as "discard_requests_completed". */
static struct cstats_field block_fields[NR_FIELDS] __initdata = {
	[UNTRACKED] = COUNTER("requests_untracked", "requests",
			      "issued and not counted elsewhere, for want of room"),
};

static char block_names[NR_FIELDS][32] __initdata;

static DEFINE_CSTATS_RCU(block_stats);

static __always_inline unsigned int block_field(enum block_op op, enum block_field field)
{
	return op * NR_OP_FIELDS + field;
}

#define DISK_ID_BITS	29
#define DISK_ID_MAX	((1U << DISK_ID_BITS) - 1)

struct block_disk {
	struct hlist_node node;
	struct request_queue *queue;
	unsigned int id;		/* 1 to DISK_ID_MAX */
	struct cstats_instance instance;
	struct rcu_head rcu;
};

static DEFINE_HASHTABLE(block_disks, 8);

/* The disk 0 has requests of unknown and removed disks: they count for the family. */
static struct block_disk block_no_disk;

/* A request or bio in flight. */
struct block_io {
	const void *io;			/* NULL: the entry is free */
	struct request_queue *queue;
	u64 issued_ns;
	unsigned int left;		/* bytes that are not over */
	unsigned int disk : DISK_ID_BITS;	/* ->id */
	unsigned int op : 3;		/* enum block_op */
} __aligned(32);

#define IO_BITS		14
#define IO_WINDOW	8		/* entries from a request's hash on that it may use */

static struct block_io *block_ios;

static struct block_io *block_window(const void *io)
{
	return &block_ios[hash_ptr(io, IO_BITS)];
}

/* Needs an open section, which is a read side of RCU, too. */
static struct block_disk *block_find_disk(struct request_queue *queue)
{
	struct block_disk *disk;

	hash_for_each_possible_rcu(block_disks, disk, node, (unsigned long)queue) {
		if (disk->queue == queue)
			return disk;
	}
	return &block_no_disk;
}

/*
 * The disk that the request was issued to. Its successor at the same queue must not
 * complete what it did not issue.
 */
static struct block_disk *block_disk_of(const struct block_io *b)
{
	struct block_disk *disk = block_find_disk(b->queue);

	return likely(disk->id == b->disk) ? disk : &block_no_disk;
}

static void block_count_over(struct cstats_rcu_section *s, const struct block_io *b,
			     unsigned int bytes, bool whole, bool error)
{
	struct cstats_within in = cstats_in(s, &block_disk_of(b)->instance);
	enum block_op op = b->op;

	cstats_add(&in, block_field(op, BYTES_COMPLETED), bytes);
	cstats_add(&in, block_field(op, BYTES_IN_FLIGHT), -(s64)bytes);
	if (whole) {
		cstats_add(&in, block_field(op, COMPLETED), 1);
		cstats_add(&in, block_field(op, IN_FLIGHT), -1);
		cstats_observe(&in, block_field(op, LATENCY),
			       ktime_get_ns() - b->issued_ns);
	}
	if (unlikely(error))
		cstats_add(&in, block_field(op, ERRORS), 1);
}

static void block_count_requeued(struct cstats_rcu_section *s, const struct block_io *b)
{
	struct cstats_within in = cstats_in(s, &block_disk_of(b)->instance);
	enum block_op op = b->op;

	cstats_add(&in, block_field(op, REQUEUED), 1);
	cstats_add(&in, block_field(op, IN_FLIGHT), -1);
	cstats_add(&in, block_field(op, BYTES_REQUEUED), b->left);
	cstats_add(&in, block_field(op, BYTES_IN_FLIGHT), -(s64)b->left);
}

static struct block_io *block_find_io(const void *io)
{
	struct block_io *b = block_window(io), *end = b + IO_WINDOW;

	for (; b < end; b++) {
		if (READ_ONCE(b->io) == io)
			return b;
	}
	return NULL;
}

/*
 * An entry for a request that is about to be issued. If there is one, then the memory
 * is used again and the former request's end was not reported. It has no latency that
 * could be counted, so it is not completed.
 */
static struct block_io *block_new_io(struct cstats_rcu_section *s, const void *io)
{
	struct block_io *b = block_find_io(io), *end;

	if (unlikely(b)) {
		block_count_requeued(s, b);
		return b;
	}
	for (b = block_window(io), end = b + IO_WINDOW; b < end; b++) {
		if (!READ_ONCE(b->io) && !cmpxchg(&b->io, NULL, io))
			return b;
	}
	return NULL;
}

static void block_free_io(struct block_io *b)
{
	/* From here on it may be another's: cmpxchg() in block_new_io(). */
	smp_store_release(&b->io, NULL);
}

static void block_issue(const void *io, struct request_queue *queue,
			enum block_op op, unsigned int bytes)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(&block_stats);
	struct block_disk *disk = block_find_disk(queue);
	struct cstats_within in = cstats_in(&s, &disk->instance);
	struct block_io *b = block_new_io(&s, io);

	if (likely(b)) {
		b->queue = queue;
		b->issued_ns = ktime_get_ns();
		b->left = bytes;
		b->disk = disk->id;
		b->op = op;

		cstats_add(&in, block_field(op, ISSUED), 1);
		cstats_add(&in, block_field(op, IN_FLIGHT), 1);
		cstats_add(&in, block_field(op, BYTES_ISSUED), bytes);
		cstats_add(&in, block_field(op, BYTES_IN_FLIGHT), bytes);
		cstats_observe(&in, block_field(op, SIZE), bytes);
	} else {
		cstats_add(&in, UNTRACKED, 1);
	}
	cstats_release(&s);
}

static void block_complete(const void *io, unsigned int bytes, bool whole, bool error)
{
	struct block_io *b = block_find_io(io);
	struct cstats_rcu_section s;

	if (!b)
		return;

	bytes = whole ? b->left : min(bytes, b->left);
	s = cstats_rcu_acquire(&block_stats);
	block_count_over(&s, b, bytes, whole, error);
	cstats_release(&s);

	if (whole)
		block_free_io(b);
	else
		b->left -= bytes;
}

static void block_merge(struct request_queue *queue, enum block_op op, unsigned int bytes)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(&block_stats);
	struct cstats_within in = cstats_in(&s, &block_find_disk(queue)->instance);

	cstats_add(&in, block_field(op, MERGED), 1);
	cstats_add(&in, block_field(op, BYTES_MERGED), bytes);
	cstats_release(&s);
}

/* To a driver that takes bios, an order to flush is a write of nothing. */
static enum block_op block_op(enum req_op op, unsigned int bytes)
{
	switch (op) {
	case REQ_OP_READ:
		return BLOCK_READ;
	case REQ_OP_WRITE:
	case REQ_OP_ZONE_APPEND:
		return likely(bytes) ? BLOCK_WRITE : BLOCK_FLUSH;
	case REQ_OP_FLUSH:
		return BLOCK_FLUSH;
	case REQ_OP_DISCARD:
		return BLOCK_DISCARD;
	default:
		return BLOCK_OTHER;
	}
}

static void block_block_rq_issue(void *data, struct request *rq)
{
	block_issue(rq, rq->q, block_op(req_op(rq), blk_rq_bytes(rq)), blk_rq_bytes(rq));
}

/* As blk_update_request() sees it, a request without bios is over in any case. */
static void block_block_rq_complete(void *data, struct request *rq, blk_status_t error,
				    unsigned int bytes)
{
	block_complete(rq, bytes, !rq->bio || bytes >= blk_rq_bytes(rq), error);
}

static void block_block_rq_requeue(void *data, struct request *rq)
{
	struct block_io *b = block_find_io(rq);
	struct cstats_rcu_section s;

	if (!b)
		return;

	s = cstats_rcu_acquire(&block_stats);
	block_count_requeued(&s, b);
	cstats_release(&s);
	block_free_io(b);
}

static void block_block_bio_queue(void *data, struct bio *bio)
{
	struct request_queue *queue = bdev_get_queue(bio->bi_bdev);
	unsigned int bytes = bio->bi_iter.bi_size;

	if (!queue_is_mq(queue))
		block_issue(bio, queue, block_op(bio_op(bio), bytes), bytes);
}

static void block_block_bio_complete(void *data, struct request_queue *queue,
				     struct bio *bio)
{
	block_complete(bio, 0, true, bio->bi_status);
}

static void block_block_bio_remap(void *data, struct bio *bio, dev_t dev, sector_t from)
{
	block_complete(bio, 0, true, false);
}

static void block_block_bio_backmerge(void *data, struct bio *bio)
{
	block_merge(bdev_get_queue(bio->bi_bdev), block_op(bio_op(bio), bio->bi_iter.bi_size),
		    bio->bi_iter.bi_size);
}

static void block_block_rq_merge(void *data, struct request *rq)
{
	block_merge(rq->q, block_op(req_op(rq), blk_rq_bytes(rq)), blk_rq_bytes(rq));
}

struct block_probe {
	const char *event;
	void *func;
	struct tracepoint *tp;
};

#ifdef CSTATS_OUT_OF_TREE
#define PROBE(name, func) { #name, block_##func }
#else
#define PROBE(name, func) { #name, block_##func, &__tracepoint_##name }
#endif

/* Ends come before beginnings, so that no end of a counted request is missed. */
static struct block_probe block_probes[] = {
	PROBE(block_rq_complete, block_rq_complete),
	PROBE(block_rq_requeue, block_rq_requeue),
	PROBE(block_bio_complete, block_bio_complete),
	PROBE(block_bio_remap, block_bio_remap),
	PROBE(block_rq_issue, block_rq_issue),
	PROBE(block_bio_queue, block_bio_queue),
	PROBE(block_bio_backmerge, block_bio_backmerge),
	PROBE(block_bio_frontmerge, block_bio_backmerge),
	PROBE(block_rq_merge, block_rq_merge),
};

#ifdef CSTATS_OUT_OF_TREE
/* Few of these tracepoints are exported, but all can be found by name. */
static void __init block_find_tp(struct tracepoint *tp, void *data)
{
	struct block_probe *probe = data;

	if (!strcmp(tp->name, probe->event))
		probe->tp = tp;
}
#endif

static int __init block_register(struct block_probe *probe)
{
	int err = -ENOENT;

#ifdef CSTATS_OUT_OF_TREE
	for_each_kernel_tracepoint(block_find_tp, probe);
#endif
	if (probe->tp)
		err = tracepoint_probe_register(probe->tp, probe->func, NULL);
	if (err)
		pr_err("cannot probe tracepoint block:%s: error %d\n",
		       probe->event, err);
	return err;
}

/* Takes back the first @nr registrations and waits for probes under way. */
static void block_unregister(unsigned int nr)
{
	while (nr--)
		tracepoint_probe_unregister(block_probes[nr].tp,
					    block_probes[nr].func, NULL);
	tracepoint_synchronize_unregister();
}

/*
 * tracepoint_probe_register() takes any pointer. The event's own header knows the
 * arguments: where they are others than ours, this fails to compile.
 */
static void __init block_check_prototypes(void)
{
	check_trace_callback_type_block_rq_complete(block_block_rq_complete);
	check_trace_callback_type_block_rq_requeue(block_block_rq_requeue);
	check_trace_callback_type_block_bio_complete(block_block_bio_complete);
	check_trace_callback_type_block_bio_remap(block_block_bio_remap);
	check_trace_callback_type_block_rq_issue(block_block_rq_issue);
	check_trace_callback_type_block_bio_queue(block_block_bio_queue);
	check_trace_callback_type_block_bio_backmerge(block_block_bio_backmerge);
	check_trace_callback_type_block_bio_frontmerge(block_block_bio_backmerge);
	check_trace_callback_type_block_rq_merge(block_block_rq_merge);
}

/* The block class calls these one at a time, for partitions too. */
static int block_add_disk(CSTATS_CLASS_INTERFACE_ARGS)
{
	struct block_device *bdev = dev_to_bdev(dev);
	static unsigned int last_id;
	struct block_disk *disk;
	int err = -ENOMEM;

	if (bdev_is_partition(bdev))
		return 0;

	disk = kzalloc(sizeof(*disk), GFP_KERNEL);
	if (disk)
		err = cstats_instance_add(&block_stats.cs, &disk->instance,
					  bdev->bd_disk->disk_name);
	if (err) {
		pr_warn("%s counts for the family only: error %d\n",
			bdev->bd_disk->disk_name, err);
		kfree(disk);
		return err;
	}
	disk->queue = bdev_get_queue(bdev);
	last_id = last_id < DISK_ID_MAX ? last_id + 1 : 1;
	disk->id = last_id;
	hash_add_rcu(block_disks, &disk->node, (unsigned long)disk->queue);
	return 0;
}

static void block_remove_disk(CSTATS_CLASS_INTERFACE_ARGS)
{
	struct block_device *bdev = dev_to_bdev(dev);
	struct request_queue *queue = bdev_get_queue(bdev);
	struct block_disk *disk;
	struct hlist_node *next;

	if (bdev_is_partition(bdev))
		return;

	hash_for_each_possible_safe(block_disks, disk, next, node, (unsigned long)queue) {
		if (disk->queue != queue)
			continue;
		hash_del_rcu(&disk->node);
		cstats_instance_remove(&disk->instance);
		kfree_rcu(disk, rcu);
	}
}

static struct class_interface block_interface = {
#ifndef CSTATS_OUT_OF_TREE
	.class = &block_class,
#endif
	.add_dev = block_add_disk,
	.remove_dev = block_remove_disk,
};

#ifdef CSTATS_OUT_OF_TREE
/* The block class is not exported, but each disk knows it: ask one. */
static int __init block_find_class(void)
{
	struct gendisk *disk = cstats_alloc_disk();

	if (IS_ERR_OR_NULL(disk))
		return -ENOMEM;
	block_interface.class = disk_to_dev(disk)->class;
	put_disk(disk);
	return 0;
}
#endif

static void __init block_name_fields(void)
{
	unsigned int op, f;

	for (op = 0; op < NR_OPS; op++) {
		for (f = 0; f < NR_OP_FIELDS; f++) {
			unsigned int i = block_field(op, f);

			snprintf(block_names[i], sizeof(block_names[i]), "%s_%s",
				 block_op_names[op], block_op_fields[f].name);
			block_fields[i] = block_op_fields[f];
			block_fields[i].name = block_names[i];
		}
	}
}

static int __init cstats_block_init(void)
{
	unsigned int i;
	int err;

	block_check_prototypes();
	block_name_fields();
	block_ios = kvcalloc((1 << IO_BITS) + IO_WINDOW, sizeof(*block_ios), GFP_KERNEL);
	if (!block_ios)
		return -ENOMEM;

	err = cstats_init_family(&block_stats, "block", "device", block_fields,
				 ARRAY_SIZE(block_fields));
	if (err)
		goto free;
#ifdef CSTATS_OUT_OF_TREE
	err = block_find_class();
	if (err)
		goto destroy;
#endif
	err = class_interface_register(&block_interface);
	if (err)
		goto destroy;

	for (i = 0; i < ARRAY_SIZE(block_probes); i++) {
		err = block_register(&block_probes[i]);
		if (err)
			goto unregister;
	}
	return 0;

unregister:
	block_unregister(i);
	class_interface_unregister(&block_interface);
destroy:
	cstats_destroy(&block_stats.cs);
free:
	kvfree(block_ios);
	return err;
}
module_init(cstats_block_init);

static void __exit cstats_block_exit(void)
{
	block_unregister(ARRAY_SIZE(block_probes));
	class_interface_unregister(&block_interface);
	cstats_destroy(&block_stats.cs);
	kvfree(block_ios);
}
module_exit(cstats_block_exit);

MODULE_DESCRIPTION("The requests of all disks as a consistent family of counters");
MODULE_VERSION(CSTATS_VERSION);
MODULE_LICENSE("GPL");
