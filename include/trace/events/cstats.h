/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace events of cstats, so that perf and ftrace can see the cost of reads.
 * Differences between kernel versions are in src/compat.h, to be included before.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM cstats

#if !defined(_TRACE_CSTATS_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_CSTATS_H

#include <linux/types.h>
#include <linux/tracepoint.h>

/*
 * A set has rotated. Sets that rotate together share the barrier: each event
 * has the time from just before the first set's new generation until this set
 * was summed. Polls count how often a section was found open after the barrier.
 */
TRACE_EVENT(cstats_rotate,
	    TP_PROTO(const char *set, u64 number, unsigned int cpus, u64 ns,
		     unsigned int polls),
	    TP_ARGS(set, number, cpus, ns, polls),
	    TP_STRUCT__entry(__string(set, set)
			     __field(u64, number)
			     __field(u64, ns)
			     __field(unsigned int, cpus)
			     __field(unsigned int, polls)
	    ),
	    TP_fast_assign(cstats_assign_str(set, set);
			   __entry->number = number;
			   __entry->ns = ns;
			   __entry->cpus = cpus;
			   __entry->polls = polls;
	    ),
	    TP_printk("set=%s number=%llu cpus=%u ns=%llu polls=%u",
		      __get_str(set), __entry->number, __entry->cpus,
		      __entry->ns, __entry->polls)
);

#endif /* _TRACE_CSTATS_H */

#include <trace/define_trace.h>
