// SPDX-License-Identifier: GPL-2.0
/*
 * The writers as functions, compiled as the kernel compiles its own code: with
 * general registers only, so that no candidate's adds are made by vectors.
 */
#include "native.h"

#define WRITER_ALIGN
#include "../writers_table.h"
