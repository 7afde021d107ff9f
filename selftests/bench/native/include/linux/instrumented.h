/* SPDX-License-Identifier: GPL-2.0 */
static inline void instrument_atomic_read_write(const void *p, unsigned long size)
{
}
