// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz: use the files of cstats as nobody should
 *
 *	fuzz SECONDS SEED
 *
 * Several processes do random things to whatever files there are at the moment,
 * in random order, while sets come and go and modules are loaded and unloaded:
 * open in all modes, read and pread at offsets and of sizes that make no sense,
 * to memory that is not there, lseek, write, mmap, ioctl, poll, ftruncate, close
 * or not. Module parameters are written with garbage and with good values.
 *
 * What must hold is little: every read gives text that begins as the file does
 * and lines that are whole, some reads give text at all, no call takes longer than
 * the time limit, nobody gets to write to what is for reading, and the kernel stays
 * silent.
 *
 * Exit status: 0 or 1, with lines that say what was wrong.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES	6
#define FILES		16
#define SETS		"/sys/kernel/debug/cstats_sets"
#define PARAMETERS	"/sys/module/cstats/parameters/"

typedef unsigned long long u64;

static u64 state;
static int failed;
static unsigned long calls, reads;
static unsigned long *full;	/* reads of all processes that gave text */

struct file {
	int fd;
	int flags;
	char path[300];
};

static unsigned int dice(void)
{
	state = state * 6364136223846793005 + 1442695040888963407;
	return state >> 33;
}

static void fail(const struct file *f, const char *what, long result)
{
	printf("%s: %s: %ld (%s)\n", f->path, what, result, strerror(errno));
	failed = 1;
}

/* A number that somebody forgot to check. */
static u64 awkward(void)
{
	static const u64 numbers[] = {
		0, 1, 2, 7, 63, 64, 65, 4095, 4096, 4097, 65536, INT_MAX,
		(u64)INT_MAX + 1, UINT_MAX, (u64)UINT_MAX + 1,
		LLONG_MAX, (u64)LLONG_MAX + 1, ULLONG_MAX, ULLONG_MAX - 4095,
	};
	unsigned int d = dice();

	return d & 1 ? numbers[(d >> 1) % (sizeof(numbers) / sizeof(*numbers))] :
	       (d >> 1) % 3000;
}

/* Some file that is there, or was. */
static void pick(char *path, size_t size)
{
	static const char * const files[] = {
		"values", "fields", "percpu", "last", "instance", "reset"
	};
	char set[256] = "gone";
	struct dirent *entry;
	unsigned int n = 0;
	DIR *dir;

	if (!(dice() % 4)) {
		snprintf(path, size, "/sys/kernel/debug/cstats");
		return;
	}
	dir = opendir(SETS);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && !(dice() % ++n))
			snprintf(set, sizeof(set), "%s", entry->d_name);
	if (dir)
		closedir(dir);
	/* The torture test does not count with a reset. */
	n = dice() % (strcmp(set, "torture") ? 6 : 5);
	snprintf(path, size, SETS "/%s/%s", set, files[n]);
}

static void fuzz_open(struct file *f)
{
	static const int modes[] = { O_RDONLY, O_RDONLY, O_RDONLY, O_WRONLY, O_RDWR };
	static const int extras[] = {
		0, 0, 0, O_APPEND, O_NONBLOCK, O_TRUNC, O_DIRECT, O_NOFOLLOW
	};

	pick(f->path, sizeof(f->path));
	f->flags = modes[dice() % 5];
	f->fd = open(f->path, f->flags | extras[dice() % 8] | O_CLOEXEC);
	if (f->fd < 0 && errno != ENOENT && errno != EACCES && errno != EPERM &&
	    errno != ENODEV && errno != EINVAL && errno != ENXIO && errno != EIO)
		fail(f, "open", -1);
}

/* From its beginning a file is the text that it should be. */
static void check_text(const struct file *f, const char *text, size_t n)
{
	const char *name = strrchr(f->path, '/') + 1;
	const char *head = strcmp(name, "fields") ? "cstats version: 1\n" :
			   "# name kind unit description\n";
	size_t len = strlen(head), i;

	if (memcmp(text, head, n < len ? n : len))
		fail(f, "the text does not begin as it should", n);
	for (i = 0; i < n; i++)
		if ((text[i] < ' ' || text[i] > '~') && text[i] != '\n') {
			fail(f, "a character that is not text", text[i]);
			break;
		}
}

static void fuzz_read(struct file *f)
{
	static char text[8192];
	u64 offset = awkward(), size = awkward();
	int positioned = dice() & 1;
	char *to = text;
	ssize_t n;

	/* More than the buffer is for memory that is not there. */
	if (size > sizeof(text) || !(dice() % 16))
		to = dice() & 1 ? NULL : (char *)ULLONG_MAX - 4095;
	if (positioned && (dice() & 3) == 0)
		offset = 0;
	n = positioned ? pread(f->fd, to, size, offset) : read(f->fd, to, size);
	reads++;
	if (n > 0)
		__atomic_fetch_add(full, 1, __ATOMIC_RELAXED);
	if (n > (ssize_t)sizeof(text) || (n > 0 && to != text))
		fail(f, "read too much", n);
	else if (n > 0 && f->flags != O_RDONLY && f->flags != O_RDWR)
		fail(f, "read what is for writing", n);
	else if (n > 0 && positioned && !offset)
		check_text(f, text, n);
}

static void fuzz_write(struct file *f)
{
	static const char * const texts[] = {
		"1", "1\n", "", "0", "11", "1 ", "\n", "yes", "-1", "\xff\xff"
	};
	const char *text = texts[dice() % 10];
	u64 size = dice() & 1 ? strlen(text) : awkward();
	/* What counts is what is written, perhaps not all of the text. */
	int good = (size == 1 || size == 2) && !strncmp(text, "1\n", size);
	ssize_t n = write(f->fd, size > strlen(text) ? NULL : text, size);

	if (n <= 0)
		return;
	if (strstr(f->path, "/instance"))
		good = 1;	/* the name of one, or there would be an error */
	else if (!strstr(f->path, "/reset"))
		fail(f, "wrote to what is for reading", n);
	if (!good || (u64)n > size)
		fail(f, "took what it should refuse", n);
}

/* What these files have no use for. */
static void fuzz_other(struct file *f)
{
	struct pollfd p = { .fd = f->fd, .events = POLLIN | POLLOUT };
	struct stat st;
	void *map;

	switch (dice() % 6) {
	case 0:
		map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, f->fd, 0);
		if (map != MAP_FAILED) {
			fail(f, "mmap worked", 0);
			munmap(map, 4096);
		}
		break;
	case 1:
		ioctl(f->fd, dice(), awkward());
		break;
	case 2:
		poll(&p, 1, 0);
		break;
	case 3:
		if (!ftruncate(f->fd, awkward()) && f->flags == O_RDONLY)
			fail(f, "truncated", 0);
		break;
	case 4:
		fstat(f->fd, &st);
		break;
	default:
		lseek(f->fd, awkward(), dice() % 7);
	}
}

/* Parameters, which have to be what somebody may have written. */
static void fuzz_parameter(void)
{
	static const char * const texts[] = {
		"torture", "client,torture", "*", "*,", "no set",
		"expedited", "quiet", "auto", "spare_idle", "quiet\n", "", "exp", "expedited ",
		"10000", "9999", "0", "-1", "600001", "99999999999999999999", "1e3",
	};
	static const char * const names[] = { "sync", "stall_ms", "panic_print" };
	unsigned int which = dice() % 3;
	struct file f = { .fd = -1 };
	char text[64] = "";
	ssize_t n;
	int i;

	snprintf(f.path, sizeof(f.path), PARAMETERS "%s", names[which]);
	f.fd = open(f.path, O_RDWR | O_CLOEXEC);
	if (f.fd < 0)
		return;
	if (dice() & 3) {
		const char *t = texts[dice() % (sizeof(texts) / sizeof(*texts))];

		if (write(f.fd, t, strlen(t)) < 0 && errno != EINVAL && errno != ERANGE)
			fail(&f, "write", -1);
	} else {
		for (i = 0; i < 63; i++)
			text[i] = dice();
		if (write(f.fd, text, dice() % 64) < 0 && errno != EINVAL && errno != ERANGE)
			fail(&f, "write", -1);
	}
	memset(text, 0, sizeof(text));
	n = pread(f.fd, text, sizeof(text) - 1, 0);
	if (n > 0 && which < 2 && strcmp(text, "auto\n") && strcmp(text, "quiet\n") &&
	    strcmp(text, "spare_idle\n") &&
	    strcmp(text, "expedited\n") && (atoi(text) < 1 || atoi(text) > 600000))
		fail(&f, text, n);
	close(f.fd);
}

static int fuzz(unsigned int seconds, u64 seed)
{
	time_t end = time(NULL) + seconds;
	struct file files[FILES];
	unsigned int i;

	state = seed;
	for (i = 0; i < FILES; i++)
		files[i].fd = -1;
	alarm(seconds + 60);	/* a call that does not return is a failure too */
	while (time(NULL) < end && !failed) {
		struct file *f = &files[dice() % FILES];

		calls++;
		if (f->fd < 0) {
			fuzz_open(f);
			continue;
		}
		switch (dice() % 16) {
		case 0: case 1:
			close(f->fd);
			f->fd = -1;
			break;
		case 2: case 3:
			fuzz_write(f);
			break;
		case 4: case 5:
			fuzz_other(f);
			break;
		case 6:
			if (!(dice() % 8))
				fuzz_parameter();
			break;
		default:
			fuzz_read(f);
		}
	}
	printf("%lu calls, %lu reads\n", calls, reads);
	return failed;
}

int main(int argc, char **argv)
{
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	unsigned int seconds = argc > 1 ? atoi(argv[1]) : 10, i;
	int status, bad = 0;

	full = mmap(NULL, sizeof(*full), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (full == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	for (i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		if (pid < 0) {
			perror("fork");
			return 1;
		}
		if (!pid)
			exit(fuzz(seconds, seed * PROCESSES + i));
	}
	while (wait(&status) > 0) {
		if (!status)
			continue;
		if (WIFSIGNALED(status))
			printf("killed by signal %d\n", WTERMSIG(status));
		bad = 1;
	}
	printf("%lu reads gave text\n", *full);
	if (!*full)
		bad = 1;
	return bad;
}
