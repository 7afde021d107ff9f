/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The writers as functions, one for each number of fields, which is a constant
 * for the compiler; and a table of them. For the one file that defines them,
 * after WRITER_ALIGN.
 */
#define WRITER(name)							\
static noinline WRITER_ALIGN						\
void run_##name##_1(unsigned long loops, s64 d)				\
{									\
	for (; loops; loops--)						\
		section_##name(1, d);					\
}									\
static noinline WRITER_ALIGN						\
void run_##name##_2(unsigned long loops, s64 d)				\
{									\
	for (; loops; loops--)						\
		section_##name(2, d);					\
}									\
static noinline WRITER_ALIGN						\
void run_##name##_4(unsigned long loops, s64 d)				\
{									\
	for (; loops; loops--)						\
		section_##name(4, d);					\
}									\
static noinline WRITER_ALIGN						\
void run_##name##_6(unsigned long loops, s64 d)				\
{									\
	for (; loops; loops--)						\
		section_##name(6, d);					\
}									\
static noinline WRITER_ALIGN						\
void run_##name##_8(unsigned long loops, s64 d)				\
{									\
	for (; loops; loops--)						\
		section_##name(8, d);					\
}									\
static noinline WRITER_ALIGN						\
void run_##name##_16(unsigned long loops, s64 d)			\
{									\
	for (; loops; loops--)						\
		section_##name(16, d);					\
}

#include "writers_list.h"

#define WRITER(name)							\
	{ #name, { run_##name##_1, run_##name##_2, run_##name##_4,	\
		   run_##name##_6, run_##name##_8, run_##name##_16 } },

const struct writer writers[] = {
#include "writers_list.h"
};

const unsigned int nr_writers = ARRAY_SIZE(writers);
const unsigned int writer_fields[WRITER_SIZES] = { 1, 2, 4, 6, 8, 16 };
