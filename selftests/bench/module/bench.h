/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of cstats_bench.ko share.
 */
#ifndef _CSTATS_BENCH_MODULE_H
#define _CSTATS_BENCH_MODULE_H

#include <linux/cstats.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct dentry;
struct seq_file;

#define SIX_FIELDS	6

/* The text that a test makes: a line for each series of samples. */
struct out {
	char *text;
	size_t len;
	size_t size;
};

__printf(2, 3) void out(struct out *o, const char *fmt, ...);
void out_samples(struct out *o, const u32 *samples, unsigned int nr);

/* A function to be run on the first so many of the CPUs, at the same time. */
struct job {
	void (*fn)(struct job *job, unsigned int index);
	void *data;
	bool stop;	/* for those that go on until told */
};

unsigned int job_cpus(void);
void job_start(struct job *job, unsigned int nr_cpus);
void job_wait(void);
int job_run(struct job *job, unsigned int nr_cpus);

void shuffle(unsigned int *order, unsigned int nr);

extern unsigned int bench_rounds;
extern unsigned int bench_fields;
extern unsigned int bench_chunk_us;

/* writers.c */
int writers_alloc(void);
void writers_free(void);
int writers_init(unsigned int nr_fields);
void writers_exit(void);
void writers_background_start(struct job *job, unsigned int cpus);
void writers_background_stop(struct job *job);
int test_writers(struct out *o);
int test_scaling(struct out *o);
int test_rotation(struct out *o);
int test_tail(struct out *o);

/* readers.c */
int test_readers(struct out *o);
int test_readers_busy(struct out *o);
int test_mode(struct out *o);
int test_mode_busy(struct out *o);
int test_read(struct out *o);
int test_fields(struct out *o);
int test_grace(struct out *o);
int test_concurrent(struct out *o);
int test_memory(struct out *o);

/* who.c */
int test_who(struct out *o);

/* many.c */
struct many {
	struct mutex lock;	/* of all of them */
	unsigned int nr;
	int (*resize)(unsigned int nr);
};

extern const char * const bench_names[SIX_FIELDS];

void *many_start(struct seq_file *m, loff_t *pos);
void *many_next(struct seq_file *m, void *v, loff_t *pos);
void many_stop(struct seq_file *m, void *v);
void many_show_head(struct seq_file *m, const char *name);
void *many_init(struct many *many, size_t size, struct dentry *dir, const char *number,
		const char *text, const struct file_operations *text_fops);

/* Which of them is shown after the token. */
static inline unsigned int many_index(void *v)
{
	return (unsigned long)v - 2;
}

/* sets.c */
int sets_init(struct dentry *dir);
void sets_exit(void);

/* family.c */
int family_init(struct dentry *dir);
void family_exit(void);
int test_family(struct out *o);

/* Field descriptions f0, f1, ... with room for @nr; to be freed with kvfree(). */
struct cstats_field *bench_fields_new(unsigned int nr);

#endif
