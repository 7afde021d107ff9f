/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The writers' names: WRITER(name) for each of them. To be included as often as
 * that is defined. The first two come first; see writers.h for what they are.
 */
WRITER(floor)
WRITER(cstats)
WRITER(cstats_rcu)
WRITER(family)
WRITER(rcu_family)
WRITER(this_cpu)
WRITER(u64_stats)
WRITER(percpu_counter)
WRITER(percpu_lock)
WRITER(percpu_rwsem)
WRITER(srcu)
#ifdef HAVE_SRCU_FAST
WRITER(srcu_fast)
#endif
WRITER(atomic64)
WRITER(spinlock)
WRITER(go)
WRITER(cstats_mb)
WRITER(v_unchecked)
WRITER(v_pointer)
WRITER(v_pointer_unaligned)
WRITER(v_pointer_parity)
WRITER(v_pointer_index)
WRITER(v_static)
WRITER(v_pointer_tokenless)
WRITER(v_pointer_checked)
WRITER(v_mixed_checked)
#undef WRITER
