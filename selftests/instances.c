// SPDX-License-Identifier: GPL-2.0
/*
 * instances: the text of families, read as a client would
 *
 *	instances text COLUMNS FILE	is each line what the format promises?
 *	instances names FILE INSTANCE	do the names that cstats_test_labels.ko has
 *					made come back through the text, and through
 *					the file to which names are written?
 *	instances file INSTANCE A B	that file, used in all ways; A and B are names
 *
 * What has a blank or the like in a name is in octal in the text. This has an
 * encoder and a decoder of its own.
 *
 * Exit status: 0 or 1, with lines that say what is wrong.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE	4194304
#define LEN	128	/* of a name */

static int failed;

#define check(cond, ...)			\
do {						\
	if (!(cond)) {				\
		printf(__VA_ARGS__);		\
		putchar('\n');			\
		failed = 1;			\
	}					\
} while (0)

static size_t read_fd(int fd, char *text)
{
	size_t size = 0;
	ssize_t n;

	while ((n = read(fd, text + size, SIZE - 1 - size)) > 0)
		size += n;
	check(n == 0, "read: %s", strerror(errno));
	text[size] = 0;
	check(strlen(text) == size, "a NUL in the text");
	return size;
}

static char *read_file(const char *file)
{
	char *text = malloc(SIZE);
	int fd = open(file, O_RDONLY);

	if (!text || fd < 0) {
		printf("%s: %s\n", file, strerror(errno));
		exit(1);
	}
	read_fd(fd, text);
	close(fd);
	return text;
}

static int octal(char c)
{
	return c >= '0' && c <= '7';
}

/* The name that begins at *@from and ends with a quote, or -1 if it is ill-formed. */
static int decode(const char **from, char *name)
{
	const unsigned char *p = (const unsigned char *)*from;
	size_t n = 0;

	for (; *p != '"'; p++) {
		if (*p <= ' ' || *p == 0x7f || n == LEN - 1)
			return -1;
		if (*p != '\\') {
			name[n++] = *p;
			continue;
		}
		if (!octal(p[1]) || !octal(p[2]) || !octal(p[3]))
			return -1;
		name[n++] = (p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0');
		p += 3;
	}
	name[n] = 0;
	*from = (const char *)p;
	return n ? 0 : -1;
}

/* As it has to be written: all but letters and digits in octal, which is allowed. */
static void encode(const char *name, char *to)
{
	for (; *name; name++) {
		if (isalnum((unsigned char)*name))
			*to++ = *name;
		else
			to += sprintf(to, "\\%03o", (unsigned char)*name);
	}
	*to = 0;
}

static const char *word(const char *p)
{
	if (!islower((unsigned char)*p))
		return NULL;
	while (islower((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '_')
		p++;
	return p;
}

/* SET.FIELD or SET{LABEL="NAME"}.FIELD; stores the NAME, or none */
static const char *variable(const char *p, char *name)
{
	*name = 0;
	p = word(p);
	if (p && *p == '{') {
		p = word(p + 1);
		if (!p || strncmp(p, "=\"", 2))
			return NULL;
		p += 2;
		if (decode(&p, name) || strncmp(p, "\"}", 2))
			return NULL;
		p += 2;
	}
	return p && *p == '.' ? word(p + 1) : NULL;
}

static const char *number(const char *p)
{
	p += *p == '-';
	if (!isdigit((unsigned char)*p))
		return NULL;
	while (isdigit((unsigned char)*p))
		p++;
	return p;
}

/* Line one, lines that begin with #, and lines of data with so many columns. */
static void check_text(const char *text, unsigned int columns)
{
	static const char first[] = "cstats version: 1\n";
	unsigned int lines = 0, i;
	char name[LEN];

	check(!strncmp(text, first, strlen(first)), "line one is another: %.30s", text);
	text += strlen(first);
	while (*text) {
		const char *end = strchr(text, '\n'), *p;

		if (!end) {
			check(0, "no newline at the end");
			return;
		}
		if (*text != '#') {
			p = variable(text, name);
			for (i = 1; p && i < columns; i++)
				p = *p == ' ' ? number(p + 1) : NULL;
			check(p == end, "not a line of data: %.*s", (int)(end - text), text);
			lines++;
		}
		text = end + 1;
	}
	check(lines, "no line of data");
}

/* The names of cstats_test_labels.c, in its order. */
static int expected(unsigned int i, char *name)
{
	static const char * const odd[] = {
		"a b", " ", "\\040", "\\", "\"", "\"}.in 7", "end\n", "\n# no comment",
		"a\tb", "eth0.100", "0000:00:1f.2", "tank/home/user", "\303\244\342\202\254",
		"{device=\"x\"}", "a=b,c=d", "\\n", "\\101", "'", "#", "cstats version: 1",
	};
	const unsigned int nr = sizeof(odd) / sizeof(*odd);

	if (i < 255) {
		sprintf(name, "<%c>", i + 1);
	} else if (i < 255 + nr) {
		snprintf(name, LEN, "%s", odd[i - 255]);
	} else if (i < 255 + nr + 2) {
		memset(name, i & 1 ? '\n' : 'n', LEN - 1);
		name[LEN - 1] = 0;
	} else {
		return -1;
	}
	return 0;
}

/* Write a name to the file and read what comes, from the beginning. */
static int ask(int fd, const char *name, size_t len, char *text)
{
	ssize_t n = write(fd, name, len);

	if (n < 0)
		return errno;
	check((size_t)n == len, "%zd bytes written of %zu", n, len);
	check(lseek(fd, 0, SEEK_SET) == 0, "lseek: %s", strerror(errno));
	read_fd(fd, text);
	return 0;
}

/* Is @text about this instance only, and whole? @in is its field "in". */
static void check_one(const char *text, const char *name, long long in)
{
	unsigned int lines = 0, headers = 0;
	char got[LEN];

	check_text(text, 2);
	for (; *text; text = strchr(text, '\n') + 1) {
		const char *p;

		headers += !strncmp(text, "# devices snapshot ", 19);
		if (*text == '#' || !strncmp(text, "cstats version", 14))
			continue;
		p = variable(text, got);
		check(p && !strcmp(got, name), "instead of \"%s\": %.60s", name, text);
		if (p && !strncmp(p - 4, "}.in", 4) && in >= 0)
			check(atoll(p) == in, "in of \"%s\" is %lld, not %lld", name, atoll(p), in);
		lines++;
	}
	/* in, out, now, and of the histogram count, sum and four buckets */
	check(lines == 9 && headers == 1, "%u lines and %u headers for \"%s\"", lines, headers,
	      name);
}

static void check_names(const char *values, const char *file)
{
	char *text = read_file(values), *one = malloc(SIZE), name[LEN], got[LEN];
	char written[4 * LEN];
	int fd = open(file, O_RDWR);
	const char *line = text;
	unsigned int i;
	int err;

	check(fd >= 0, "%s: %s", file, strerror(errno));
	check_text(text, 2);
	for (i = 0; !expected(i, name) && !failed; i++) {
		const char *p = NULL;

		/* They are in the order in which they came. */
		for (; *line; line = strchr(line, '\n') + 1) {
			p = *line == '#' ? NULL : variable(line, got);
			if (p && *got && !strncmp(p - 4, "}.in", 4) && atoll(p) == i + 1)
				break;
		}
		check(*line, "name %u is not there", i);
		if (!*line)
			break;
		check(!strcmp(got, name), "name %u is not what it was: %.60s", i, line);

		/* as it is printed, and as we would write it, with and without newline */
		p = strchr(line, '"') + 1;
		err = ask(fd, p, strstr(p, "\"}.in ") - p, one);
		check(!err, "name %u as it is printed: %s", i, strerror(err));
		check_one(one, name, i + 1);
		encode(name, written);
		strcat(written, "\n");
		err = ask(fd, written, strlen(written) - i % 2, one);
		check(!err, "name %u in octal: %s", i, strerror(err));
		check_one(one, name, i + 1);
	}
	check(i > 255, "only %u names", i);
}

static long long number_of(const char *text)
{
	const char *p = strstr(text, " snapshot ");

	return p ? atoll(p + 10) : -1;
}

static void use_file(const char *file, const char *a, const char *b)
{
	static const struct {
		const char *text;
		size_t len;
		int err;
	} bad[] = {
		{ "", 0, EINVAL },
		{ "\n", 1, ENOENT },
		{ "nobody", 6, ENOENT },
		{ "nobody\n", 7, ENOENT },
		{ "nobody\n\n", 8, ENOENT },
		{ "\0", 1, EINVAL },
	};
	static char long_name[5 * LEN], with_nul[2 * LEN], plain[2][LEN];
	char *one = malloc(SIZE), *two = malloc(SIZE);
	void *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open(file, O_RDWR), other;
	unsigned int i;
	size_t n;
	int err;

	check(fd >= 0, "%s: %s", file, strerror(errno));
	for (i = 0; i < 2; i++) {
		const char *p = with_nul;

		snprintf(with_nul, sizeof(with_nul), "%s\"", i ? b : a);
		check(!decode(&p, plain[i]), "no name: %s", with_nul);
	}
	other = open(file, O_RDWR);
	check(read(fd, one, 10) == -1 && errno == ENODATA, "read before write: %s",
	      strerror(errno));
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err = ask(fd, bad[i].text, bad[i].len, one);
		check(err == bad[i].err, "bad name %u: %s", i, strerror(err));
	}
	memset(long_name, 'x', sizeof(long_name));
	err = ask(fd, long_name, LEN, one);
	check(err == ENOENT, "128 bytes: %s", strerror(err));
	err = ask(fd, long_name, 4 * LEN, one);
	check(err == ENOENT, "512 bytes: %s", strerror(err));
	err = ask(fd, long_name, 4 * LEN + 1, one);
	check(err == EINVAL, "513 bytes: %s", strerror(err));
	check(write(fd, nowhere, 5) == -1 && errno == EFAULT, "no memory: %s", strerror(errno));
	n = sprintf(with_nul, "%s", a) + 1;
	err = ask(fd, with_nul, n + 3, one);
	check(err == EINVAL, "a NUL within: %s", strerror(err));
	n = sprintf(with_nul, "%s\\000b", a);
	err = ask(fd, with_nul, n, one);
	check(err == EINVAL, "a NUL in octal: %s", strerror(err));
	check(read(fd, one, 10) == -1 && errno == ENODATA, "read after bad names: %s",
	      strerror(errno));

	/* Several names through one descriptor, with no seek in between. */
	for (i = 0; i < 4; i++) {
		const char *name = i & 1 ? b : a;

		check(write(fd, name, strlen(name)) == (ssize_t)strlen(name), "write: %s",
		      strerror(errno));
		n = read_fd(fd, one);
		check(n > 100, "write %u: only %zu bytes to read", i, n);
		check_one(one, plain[i & 1], -1);
		check(read(fd, two, 10) == 0, "more after the end");
	}

	/* One write is one snapshot, however it is read; the next is a newer one. */
	check(ask(fd, a, strlen(a), one) == 0, "write: %s", strerror(errno));
	check(lseek(fd, 0, SEEK_SET) == 0, "lseek: %s", strerror(errno));
	for (n = 0; read(fd, two + n, 1) == 1; n++)
		;
	two[n] = 0;
	check(!strcmp(one, two), "byte by byte another text");
	check(pread(fd, two, 20, 5) == 20 && !memcmp(one + 5, two, 20), "pread: another text");
	check(ask(fd, a, strlen(a), two) == 0, "write: %s", strerror(errno));
	check(number_of(two) > number_of(one) && number_of(one) > 0, "snapshot %lld after %lld",
	      number_of(two), number_of(one));
	/* Half of it is read, and then another name is written. */
	check(lseek(fd, 0, SEEK_SET) == 0 && read(fd, one, 30) == 30, "read: %s", strerror(errno));
	check(write(fd, b, strlen(b)) > 0, "write: %s", strerror(errno));
	read_fd(fd, one);
	check_one(one, plain[1], -1);
	/* A name that is not there leaves what was asked for before. */
	check(write(fd, "nobody", 6) == -1 && errno == ENOENT, "nobody: %s", strerror(errno));
	check(lseek(fd, 0, SEEK_SET) == 0, "lseek: %s", strerror(errno));
	read_fd(fd, two);
	check(!strcmp(one, two), "another text after a bad name");

	check(read(other, one, 10) == -1 && errno == ENODATA, "another descriptor: %s",
	      strerror(errno));
	check(ask(other, a, strlen(a), one) == 0, "write: %s", strerror(errno));
	check_one(one, plain[0], -1);
	close(fd);
	close(other);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "text"))
		check_text(read_file(argv[3]), atoi(argv[2]));
	else if (argc == 4 && !strcmp(argv[1], "names"))
		check_names(argv[2], argv[3]);
	else if (argc == 5 && !strcmp(argv[1], "file"))
		use_file(argv[2], argv[3], argv[4]);
	else
		return fprintf(stderr, "usage: instances text|names|file ...\n"), 2;
	return failed;
}
