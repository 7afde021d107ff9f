// SPDX-License-Identifier: GPL-2.0
/*
 * fail_nth: do one thing again and again, with its first, second, third, ...
 * allocation failing, until there is none left to fail; and all that twice
 *
 *	fail_nth insmod FILE.ko [PARAMETERS]	load, and unload what did load
 *	fail_nth read FILE			open, read to the end, close
 *	fail_nth write FILE TEXT
 *
 * The kernel counts (/proc/thread-self/fail-nth, CONFIG_FAULT_INJECTION), so
 * every allocation and every user copy on the way gets its turn, those of the
 * code under test among them. Each time the thing must either work or fail with
 * ENOMEM or EFAULT, and when no fault is left, it must work. A file that could be
 * read must have as many lines as without any fault. The last line says how many
 * faults there were and how many of them were errors.
 *
 * Exit status: 0, 1 for a failure, 4 where the kernel cannot inject faults.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KSFT_FAIL	1
#define KSFT_SKIP	4

/* More sites than anything has: an end for a kernel that never stops. */
#define MAX_NTH		100000

static char buffer[1 << 16];

/* The module to be loaded, read before any fault; its name and parameters. */
static struct {
	void *image;
	size_t size;
	char name[64];
	const char *params;
} module;

static void die(const char *what)
{
	printf("# %s: %s\n", what, strerror(errno));
	exit(KSFT_FAIL);
}

static void load_image(const char *path, const char *params)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	int fd = open(path, O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		die(path);
	module.size = st.st_size;
	module.image = malloc(module.size);
	if (!module.image || read(fd, module.image, module.size) != st.st_size)
		die(path);
	close(fd);
	snprintf(module.name, sizeof(module.name), "%.*s",
		 (int)strcspn(base, "."), base);
	module.params = params;
}

/*
 * init_module() rather than finit_module(): the kernel reads a file with
 * allocations that complain when they fail.
 */
static int do_insmod(void)
{
	return syscall(SYS_init_module, module.image, module.size,
		       module.params) ? errno : 0;
}

static int undo_insmod(void)
{
	return syscall(SYS_delete_module, module.name, O_NONBLOCK) ? errno : 0;
}

static int fail_nth;

static void fail_set(int nth)
{
	char count[16];
	int n = snprintf(count, sizeof(count), "%d", nth);

	if (pwrite(fail_nth, count, n, 0) != n)
		die("fail-nth");
}

/*
 * Has the fault been used? If not, none is due any more. This is a user copy
 * itself, which may get the fault that nobody else did.
 */
static int fail_used(void)
{
	char count[16] = "";
	ssize_t n = pread(fail_nth, count, sizeof(count) - 1, 0);

	if (n < 0 && errno != EFAULT)
		die("fail-nth");
	if (n > 0 && atoi(count) == 0)
		return 1;
	if (pwrite(fail_nth, "0", 1, 0) != 1 && pwrite(fail_nth, "0", 1, 0) != 1)
		die("fail-nth");
	return 0;
}

static const char *file, *text;
static int lines;

static int do_read(void)
{
	int fd = open(file, O_RDONLY), err = 0;
	ssize_t n, i;

	lines = 0;
	if (fd < 0)
		return errno;
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		for (i = 0; i < n; i++)
			lines += buffer[i] == '\n';
	if (n < 0)
		err = errno;
	close(fd);
	return err;
}

static int do_write(void)
{
	size_t len = strlen(text);
	int fd = open(file, O_WRONLY), err = 0;
	ssize_t n;

	if (fd < 0)
		return errno;
	n = write(fd, text, len);
	if (n < 0)
		err = errno;
	else if ((size_t)n != len)
		err = EIO;
	close(fd);
	return err;
}

static int failed, errors, all_lines;

/* Let each allocation fail in turn; how many there were. */
static int fail_all(int (*act)(void), int (*undo)(void))
{
	int nth;

	for (nth = 1; nth < MAX_NTH; nth++) {
		int err, used;

		fail_set(nth);
		err = act();
		used = fail_used();

		if (err && err != ENOMEM && err != EFAULT) {
			printf("# fault %d: %s\n", nth, strerror(err));
			failed++;
		}
		if (!err && lines != all_lines) {
			printf("# fault %d: %d lines, not %d\n", nth, lines, all_lines);
			failed++;
		}
		if (!err && undo) {
			err = undo();
			if (err) {
				printf("# undo after fault %d: %s\n", nth, strerror(err));
				failed++;
				break;
			}
		}
		if (!used) {	/* there was no nth allocation */
			if (err) {
				printf("# without a fault: %s\n", strerror(err));
				failed++;
			}
			break;
		}
		errors += err != 0;
	}
	if (nth == 1 || nth == MAX_NTH) {
		printf("# no fault, or no end of them\n");
		failed++;
	}
	return nth - 1;
}

int main(int argc, char **argv)
{
	int (*act)(void), (*undo)(void) = NULL;
	int pass, faults = 0;

	if (argc >= 3 && !strcmp(argv[1], "insmod")) {
		load_image(argv[2], argc > 3 ? argv[3] : "");
		act = do_insmod;
		undo = undo_insmod;
	} else if (argc == 3 && !strcmp(argv[1], "read")) {
		file = argv[2];
		act = do_read;
		if (do_read() || !lines)
			die(file);
		all_lines = lines;
	} else if (argc == 4 && !strcmp(argv[1], "write")) {
		file = argv[2];
		text = argv[3];
		act = do_write;
	} else {
		fprintf(stderr, "usage: fail_nth insmod FILE.ko [PARAMETERS]\n"
			"       fail_nth read FILE\n"
			"       fail_nth write FILE TEXT\n");
		return KSFT_FAIL;
	}

	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR);
	if (fail_nth < 0)
		return KSFT_SKIP;

	/*
	 * Twice: the allocation that only a first time needs is in the way once,
	 * and when it is not any more, the count passes over the site after it.
	 */
	for (pass = 0; pass < 2; pass++)
		faults += fail_all(act, undo);
	printf("# %d faults, %d errors, %d wrong\n", faults, errors, failed);
	return failed ? KSFT_FAIL : 0;
}
