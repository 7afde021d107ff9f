// SPDX-License-Identifier: GPL-2.0
/*
 * timecat: what it takes to open a file, read all of it and close it again
 *
 * usage: timecat ROUNDS LABEL=FILE...
 *
 * Prints for each file, which take turns, a line with its label, its length and
 * the nanoseconds of each round. Linked statically, to run in a bare guest.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 16];

static unsigned long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static unsigned long long time_file(const char *file, size_t *length)
{
	unsigned long long ns = now_ns();
	int fd = open(file, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		err(1, "%s", file);
	*length = 0;
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		*length += n;
	if (n < 0)
		err(1, "%s", file);
	close(fd);
	return now_ns() - ns;
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 2 ? strtoul(argv[1], NULL, 0) : 0;
	unsigned int files = argc - 2;
	unsigned long long *ns;
	size_t *length;

	if (!rounds)
		errx(2, "usage: timecat ROUNDS LABEL=FILE...");
	ns = calloc((size_t)files * rounds, sizeof(*ns));
	length = calloc(files, sizeof(*length));
	if (!ns || !length)
		errx(1, "out of memory");
	for (unsigned int r = 0; r < rounds; r++) {
		for (unsigned int i = 0; i < files; i++) {
			unsigned int f = (i + r) % files;
			const char *file = strchr(argv[2 + f], '=');

			if (!file)
				errx(2, "%s: not LABEL=FILE", argv[2 + f]);
			ns[f * rounds + r] = time_file(file + 1, &length[f]);
		}
	}
	for (unsigned int f = 0; f < files; f++) {
		printf("cat_ns name=%.*s bytes=%zu:", (int)strcspn(argv[2 + f], "="),
		       argv[2 + f], length[f]);
		for (unsigned int r = 0; r < rounds; r++)
			printf(" %llu", ns[f * rounds + r]);
		putchar('\n');
	}
	return 0;
}
