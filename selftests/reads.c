// SPDX-License-Identifier: GPL-2.0
/*
 * reads: is one open of a file one text, however it is read?
 *
 *	reads FILE
 *
 * The text is read in one piece, byte by byte, in pieces of awkward sizes, at
 * random offsets by pread(), and again after lseek(), all from one descriptor
 * while the counters go on. Every reading must give the same bytes. A second
 * open must give a newer snapshot, and reads past the end nothing.
 *
 * Exit status: 0 or 1, with lines that say what differs.
 */
#define _FILE_OFFSET_BITS 64
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE	1048576

static char text[SIZE], again[SIZE];
static size_t size;
static int failed;

#define check(cond, ...)			\
do {						\
	if (!(cond)) {				\
		printf(__VA_ARGS__);		\
		putchar('\n');			\
		failed = 1;			\
	}					\
} while (0)

/* Read from here to the end, in pieces of at most @piece bytes. */
static size_t read_all(int fd, char *to, size_t piece)
{
	size_t done = 0;
	ssize_t n;

	while ((n = read(fd, to + done,
			 piece < SIZE - done ? piece : SIZE - done)) > 0) {
		check((size_t)n <= piece, "%zd bytes for %zu", n, piece);
		done += n;
	}
	check(n == 0, "read: %s", strerror(errno));
	return done;
}

static void compare(const char *how, size_t piece, size_t n)
{
	check(n == size, "%s %zu: %zu bytes, not %zu", how, piece, n, size);
	check(n != size || !memcmp(text, again, size), "%s %zu: another text", how, piece);
	memset(again, 0, sizeof(again));
}

int main(int argc, char **argv)
{
	static const size_t pieces[] = { 1, 2, 7, 61, 4095, 4096, 4097, 65536 };
	unsigned int i;
	off_t offset;
	size_t n;
	int fd;

	fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	if (fd < 0) {
		printf("usage: reads FILE: %s\n", strerror(errno));
		return 1;
	}

	/* The first reading is the one with most calls of the kernel's show(). */
	size = read_all(fd, text, 1);
	check(size > 20, "only %zu bytes", size);
	check(size && text[size - 1] == '\n', "no newline at the end");
	check(read(fd, again, 10) == 0, "more after the end");

	for (i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		check(lseek(fd, 0, SEEK_SET) == 0, "lseek: %s", strerror(errno));
		compare("pieces of", pieces[i], read_all(fd, again, pieces[i]));
	}

	for (i = 0; i < 200; i++) {
		offset = random() % (size + 100);
		n = random() % 300 + 1;
		memset(again, 0, n);
		n = pread(fd, again, n, offset);
		check((ssize_t)n >= 0, "pread: %s", strerror(errno));
		check((size_t)offset < size ? n > 0 && offset + n <= size : n == 0,
		      "pread at %lld of %zu: %zd bytes", (long long)offset, size, n);
		check((size_t)offset >= size || !memcmp(text + offset, again, n),
		      "pread at %lld: another text", (long long)offset);
		if (failed)
			return 1;
	}

	for (i = 0; i < 50; i++) {
		offset = random() % size;
		check(lseek(fd, offset, SEEK_SET) == offset, "lseek: %s", strerror(errno));
		n = read_all(fd, again, 100);
		check(n == size - offset && !memcmp(text + offset, again, n),
		      "lseek to %lld: another text", (long long)offset);
		if (failed)
			return 1;
	}
	check(pread(fd, again, 10, -1) < 0 && errno == EINVAL, "pread at -1");
	check(pread(fd, again, 10, 1LL << 40) == 0, "pread far beyond the end");
	check(write(fd, "1", 1) < 0 && errno == EBADF, "write to a file opened for reading");
	close(fd);

	fd = open(argv[1], O_RDONLY);
	n = read_all(fd, again, SIZE);
	check(n != size || memcmp(text, again, n), "a second open gives the same snapshot");
	close(fd);
	return failed;
}
