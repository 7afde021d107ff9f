// SPDX-License-Identifier: GPL-2.0
/*
 * disk: what busybox cannot ask of a disk, or not of every machine's
 *
 *	disk read FILE OFFSET LENGTH	read bytes around the cache
 *	disk direct FILE		a loop device reads its file around the cache
 *	disk zero FILE OFFSET LENGTH	write zeroes, in bytes
 *	disk add FILE OFFSET LENGTH	make partition 1, in bytes
 *	disk delete FILE		and delete it
 *
 * Exit status: 0, or 1 with a line that says why not.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int partition(int fd, int op, long long start, long long length)
{
	struct blkpg_partition part = { .start = start, .length = length, .pno = 1 };
	struct blkpg_ioctl_arg arg = { .op = op, .datalen = sizeof(part), .data = &part };

	return ioctl(fd, BLKPG, &arg);
}

/* The memory is aligned to the largest of pages. */
static int read_direct(int fd, long long start, long long length)
{
	void *to;

	if (fcntl(fd, F_SETFL, O_DIRECT) || posix_memalign(&to, 65536, length))
		return -1;
	return pread(fd, to, length, start) == length ? 0 : -1;
}

int main(int argc, char **argv)
{
	long long start = argc > 3 ? atoll(argv[3]) : 0;
	long long length = argc > 4 ? atoll(argv[4]) : 0;
	unsigned long long range[2] = { start, length };
	int fd, err;

	if (argc < 3)
		return 1;
	fd = open(argv[2], strcmp(argv[1], "read") ? O_RDWR : O_RDONLY);
	if (fd < 0) {
		perror(argv[2]);
		return 1;
	}
	if (!strcmp(argv[1], "read"))
		err = read_direct(fd, start, length);
	else if (!strcmp(argv[1], "direct"))
		err = ioctl(fd, LOOP_SET_DIRECT_IO, 1UL);
	else if (!strcmp(argv[1], "zero"))
		err = ioctl(fd, BLKZEROOUT, range);
	else if (!strcmp(argv[1], "add"))
		err = partition(fd, BLKPG_ADD_PARTITION, start, length);
	else
		err = partition(fd, BLKPG_DEL_PARTITION, 0, 0);
	if (err)
		perror(argv[1]);
	return err ? 1 : 0;
}
