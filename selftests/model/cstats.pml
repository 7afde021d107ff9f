/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The protocol of include/linux/cstats.h and src/core.c, for Spin
 *
 * Two CPUs have a task each that opens sections. CPU 0 has interrupts, and with
 * -DNMI an NMI on top, that open sections at any point of what they interrupt;
 * CPU 1 goes offline and comes back with -DHOTPLUG. READERS readers take
 * snapshots and share rotations; each of them may give up a rotation once
 * (-DTIMEOUT), and the next one finishes it.
 *
 * Every section adds a bit of its own to two fields, one after the other: the
 * fields of a snapshot are the sets of sections that it holds. So it is checked
 * of each snapshot that
 *
 *	it is whole		both fields hold the same sections
 *	reads are linearizable	it holds the sections that were released before
 *				cstats_read() was called
 *	it is causal		with CPU 1's second section, if that saw CPU 0's
 *				flag, it holds what CPU 0 did before the flag
 *	numbers never go back	it holds what the one before held
 *
 * and at the end that no add was lost.
 *
 * Memory. A CPU's stores go through a buffer that it looks through itself and
 * that others do not see. Buffers are total store order (x86), or with -DPSO as
 * weak as coherence and write barriers allow: stores to different locations
 * become visible in any order that no barrier forbids. A store becomes visible
 * when somebody's load needs it to: which stores are visible is chosen at the
 * loads, which is the same for all who look. IPIs empty the buffer at any point
 * of the CPU's program. Readers' own stores and the order of loads are left to
 * selftests/litmus.
 *
 * Each of these takes something out, and Spin then finds what breaks:
 *
 *	NO_BARRIER	rotations send no IPIs
 *	NO_POLL		rotations do not wait for open sections
 *	PARITY		nested sections move the counter as well
 *	GEN_FIRST	sections load ->gen before the counter is odd
 *	NO_WMB		sections end without a write barrier (PSO)
 *	OUTER_WMB	nested sections end without a write barrier (PSO)
 *	PLAIN_ADD	adds are a load and a store
 *	LATE		readers share rotations that had begun before they asked
 *	NO_RESUME	a rotation given up is followed by a new one
 *	ONLINE_SUM	offline CPUs are left out of the sum
 *	ONE_SLOT	a snapshot is the slot just closed, without the other one
 *	TWO_GENS	CPUs have a generation each, stored one after the other
 */

#ifndef READERS
#define READERS	1
#endif
#ifndef READS
#define READS	2		/* by the first reader; the others read once */
#endif
#ifndef TASK0
#define TASK0	2		/* sections of CPU 0's task */
#endif
#ifndef TASK1
#define TASK1	2		/* sections of CPU 1's task */
#endif

/* Locations that a CPU stores to; 0 is an empty entry of the buffer. */
#define SEQ		1
#define SLOT(gen, f)	(2 + 2 * (gen) + (f))
#define FLAG		6
#define WMB		7	/* no location: a barrier between the stores */

#define ENTRIES		18

typedef cpu {
	byte own[8];		/* what the CPU sees itself */
	byte mem[8];		/* what others see */
	byte loc[ENTRIES];	/* the stores in between, oldest first */
	byte val[ENTRIES];
	byte level		/* what runs there: 0 task, 1 interrupt, 2 NMI */
};

cpu cpus[2];
bool online[2] = { true, true };

#ifdef TWO_GENS
byte gens[2];
#define GEN(c)	gens[c]
#else
byte gen;			/* index of the open slot */
#define GEN(c)	gen
#endif
byte begun, number;		/* rotations */
byte last[4];			/* total of each slot and field: 2 * slot + f */
byte snapshot;			/* the last one */
bool mutex;
byte cpus_read;			/* holders of cpus_read_lock() */

/* What the checks need to know */
byte released;			/* sections whose cstats_release() is done */
byte cause;			/* what CPU 0 had released when it set the flag */
bool effect;			/* CPU 1's second section has seen the flag */

/* The sections' bits */
#define TASK0_1	1
#define TASK0_2	2
#define IRQ_1	4
#define NMI_1	8
#define TASK1_1	16
#define TASK1_2	32

hidden byte i, j, k, m;		/* scratch, within one d_step */
hidden byte whole, never_back, causal, linearizable, nothing_lost;

#define HAS(c, l) \
	(cpus[c].loc[0] == l || cpus[c].loc[1] == l || cpus[c].loc[2] == l || \
	 cpus[c].loc[3] == l || cpus[c].loc[4] == l || cpus[c].loc[5] == l || \
	 cpus[c].loc[6] == l || cpus[c].loc[7] == l || cpus[c].loc[8] == l || \
	 cpus[c].loc[9] == l || cpus[c].loc[10] == l || cpus[c].loc[11] == l || \
	 cpus[c].loc[12] == l || cpus[c].loc[13] == l || cpus[c].loc[14] == l || \
	 cpus[c].loc[15] == l || cpus[c].loc[16] == l || cpus[c].loc[17] == l)

inline put(c, l)
{
	i = 0;
	do
	:: cpus[c].loc[i] != 0 -> i++
	:: else -> break
	od;
	if
	:: l == WMB && (i == 0 || cpus[c].loc[i - 1] == WMB)
	:: else ->
		assert(i < ENTRIES - 1);
		cpus[c].loc[i] = l;
		cpus[c].val[i] = cpus[c].own[l]
	fi
}

inline store(c, l, v)
{
	cpus[c].own[l] = v;
	put(c, l)
}

inline wmb(c)
{
#ifdef PSO
	put(c, WMB)
#else
	skip
#endif
}

/*
 * Make the oldest store to location l visible, and with it what is ordered
 * before it: all older ones, or with PSO those that a barrier separates from it.
 */
inline settle(c, l)
{
	i = 0;
	m = 0;
	do
	:: cpus[c].loc[i] == l -> break
	:: else ->
		if
		:: cpus[c].loc[i] == WMB -> m = i
		:: else
		fi;
		i++
	od;
#ifndef PSO
	m = i;
#endif
	j = 0;
	k = 0;
	do
	:: j == ENTRIES || cpus[c].loc[j] == 0 -> break
	:: else ->
		if
		:: (j < m || j == i) && cpus[c].loc[j] != WMB ->
			cpus[c].mem[cpus[c].loc[j]] = cpus[c].val[j]
		:: cpus[c].loc[j] == WMB &&
		   (k == 0 || cpus[c].loc[k - 1] == WMB)
		:: else ->
			cpus[c].loc[k] = cpus[c].loc[j];
			cpus[c].val[k] = cpus[c].val[j];
			k++
		fi;
		j++
	od;
	do
	:: k < j ->
		cpus[c].loc[k] = 0;
		cpus[c].val[k] = 0;
		k++
	:: else -> break
	od;
	k = 0
}

/* Full barrier: all stores are visible. */
inline flush(c)
{
	i = 0;
	do
	:: i == ENTRIES || cpus[c].loc[i] == 0 -> break
	:: else ->
		if
		:: cpus[c].loc[i] != WMB ->
			cpus[c].mem[cpus[c].loc[i]] = cpus[c].val[i]
		:: else
		fi;
		cpus[c].loc[i] = 0;
		cpus[c].val[i] = 0;
		i++
	od;
	i = 0
}

/* Somebody else is about to load location l: some of its stores are visible. */
inline observe(c, l)
{
	do
	:: HAS(c, l) -> d_step { settle(c, l) }
	:: break
	od
}

/* A section. Whoever runs it is at level lv of CPU c; s, g, t are its own. */
#define RUNS(c, lv)	(cpus[c].level == lv)

inline load_gen(c, lv)
{
	d_step { RUNS(c, lv) -> g = GEN(c) }
}

inline add(c, lv, f, me)
{
#ifdef PLAIN_ADD
	d_step { RUNS(c, lv) -> t = cpus[c].own[SLOT(g, f)] };
	d_step {
		RUNS(c, lv) ->
		store(c, SLOT(g, f), t | me);
		t = 0;
#else
	d_step {
		RUNS(c, lv) ->
		store(c, SLOT(g, f), cpus[c].own[SLOT(g, f)] + me);
#endif
		if
#ifdef NO_WMB
		:: true
#elif defined(OUTER_WMB)
		:: f == 1 && !(s & 1) -> wmb(c)
#else
		:: f == 1 -> wmb(c)
#endif
		:: else
		fi
	}
}

/* From behind the load of ->seq, which the caller does with its own entry. */
inline section(c, lv, me)
{
#ifdef GEN_FIRST
	load_gen(c, lv);
#endif
	d_step {
		RUNS(c, lv) ->
		if
#ifdef PARITY
		:: true -> store(c, SEQ, s + 1)
#else
		:: !(s & 1) -> store(c, SEQ, s | 1)
		:: else		/* stores the value that is there already */
#endif
		fi
	};
#ifndef GEN_FIRST
	load_gen(c, lv);
#endif
	add(c, lv, 0, me);
	add(c, lv, 1, me);	/* and the write barrier */
	d_step {
		RUNS(c, lv) ->
		if
#ifdef PARITY
		:: true -> store(c, SEQ, cpus[c].own[SEQ] + 1)
#else
		:: !(s & 1) -> store(c, SEQ, s + 2)
		:: else
#endif
		fi;
		released = released | me;
		s = 0;
		g = 0;
		cpus[c].level = prev
	}
}

proctype task0()
{
	byte s, g, t, prev;

	d_step { RUNS(0, 0) -> s = cpus[0].own[SEQ] };
	section(0, 0, TASK0_1);
	d_step {		/* smp_store_release() */
		RUNS(0, 0) ->
		wmb(0);
		store(0, FLAG, 1);
		cause = released & (TASK0_1 | IRQ_1 | NMI_1)
	};
#if TASK0 > 1
	d_step { RUNS(0, 0) -> s = cpus[0].own[SEQ] };
	section(0, 0, TASK0_2)
#endif
}

#ifndef NO_IRQ
proctype irq0()
{
	byte s, g, t, prev;

	d_step {
		cpus[0].level < 1 ->
		cpus[0].level = 1;
		s = cpus[0].own[SEQ]
	};
	section(0, 1, IRQ_1)
}
#endif

#ifdef NMI
proctype nmi0()
{
	byte s, g, t, prev;

	d_step {
		cpus[0].level < 2 ->
		prev = cpus[0].level;
		cpus[0].level = 2;
		s = cpus[0].own[SEQ]
	};
	section(0, 2, NMI_1)
}
#endif

proctype task1()
{
	byte s, g, t, prev;

#if TASK1 > 1
	s = cpus[1].own[SEQ];
	section(1, 0, TASK1_1);
#endif
#ifdef HOTPLUG
	d_step { cpus_read == 0 -> flush(1); online[1] = false };
	d_step { cpus_read == 0 -> online[1] = true };
#endif
	atomic {		/* smp_load_acquire() */
		observe(0, FLAG);
		effect = cpus[0].mem[FLAG]
	};
	s = cpus[1].own[SEQ];
	section(1, 0, TASK1_2);
#ifdef HOTPLUG
	d_step { cpus_read == 0 -> flush(1); online[1] = false }
#endif
}

/* cstats_wait_cpu(); with TIMEOUT it may be given up */
inline wait_cpu(c)
{
	atomic {
		done = true;
		if
		:: online[c] ->
			observe(c, SEQ);
			first = cpus[c].mem[SEQ];
			done = !(first & 1)
		:: else
		fi
	};
	do
	:: done -> break
	:: !done ->
		atomic {
			observe(c, SEQ);
			done = !(cpus[c].mem[SEQ] & 1) ||
			       cpus[c].mem[SEQ] != first
		}
#ifdef TIMEOUT
	:: !done && !gave_up -> atomic { gave_up = true; goto out }
#endif
	od
}

inline add_up(c, f)
{
	atomic {
		observe(c, SLOT(closed, f));
		last[2 * closed + f] = last[2 * closed + f] +
#ifdef ONLINE_SUM
			(!online[c] -> 0 : cpus[c].mem[SLOT(closed, f)])
#else
			cpus[c].mem[SLOT(closed, f)]
#endif
	}
}

proctype reader(byte todo)
{
	byte must, want, first, closed;
	bool done, locked, gave_up;

again:
	atomic {		/* cstats_request(), under the request lock */
		todo--;
		must = released;
		want = begun + 1;
#ifdef LATE
		want = (begun > number -> begun : want)
#endif
	};
	cpus_read++;		/* cstats_await() */
	if
	:: number >= want	/* by somebody else's rotation */
	:: d_step { !mutex -> mutex = true; locked = true }
	fi;
	do
	:: number >= want ->
		d_step {
			linearizable = (must & ~snapshot) == 0;
			assert(linearizable)
		};
		break
	:: else ->
		d_step {	/* cstats_begin() */
			done = begun != number;
#ifdef NO_RESUME
			done = false;
#endif
			begun = (done -> begun : begun + 1);
			closed = 1 - (begun & 1);
			last[2 * closed] = 0;
			last[2 * closed + 1] = 0
		};
		if
		:: !done ->
			GEN(0) = begun & 1;
#ifdef TWO_GENS
			GEN(1) = begun & 1
#endif
		:: else
		fi;
#ifndef NO_BARRIER
		if
		:: d_step { flush(0) }; d_step { flush(1) }
		:: d_step { flush(1) }; d_step { flush(0) }
		fi;
#endif
#ifndef NO_POLL
		wait_cpu(0);
		wait_cpu(1);
#endif
		add_up(0, 0);
		add_up(0, 1);
		add_up(1, 0);
		add_up(1, 1);
		d_step {	/* cstats_publish() */
			number = begun;
#ifdef ONE_SLOT
			i = last[2 * closed];
			j = last[2 * closed + 1];
#else
			i = last[0] + last[2];
			j = last[1] + last[3];
#endif
			whole = i == j;
			assert(whole);
			never_back = (snapshot & ~i) == 0;
			assert(never_back);
			causal = !effect || !(i & TASK1_2) || (cause & ~i) == 0;
			assert(causal);
			snapshot = i;
			first = 0;
			done = false
		}
	od;
out:
	atomic {
		mutex = mutex && !locked;
		locked = false;
		cpus_read--;
		must = 0;
		want = 0;
		first = 0;
		closed = 0;
		done = false;
		if
		:: todo > 0 -> goto again
		:: else
		fi
	}
}

init {
	atomic {
		run task0();
#ifndef NO_IRQ
		run irq0();
#endif
#ifdef NMI
		run nmi0();
#endif
		run task1();
		run reader(READS);
#if READERS > 1
		run reader(1)
#endif
	};
	_nr_pr == 1 ->
	d_step {
		i = cpus[0].own[SLOT(0, 0)] + cpus[0].own[SLOT(1, 0)] +
		    cpus[1].own[SLOT(0, 0)] + cpus[1].own[SLOT(1, 0)];
		j = cpus[0].own[SLOT(0, 1)] + cpus[0].own[SLOT(1, 1)] +
		    cpus[1].own[SLOT(0, 1)] + cpus[1].own[SLOT(1, 1)];
		nothing_lost = i == released && j == released;
		assert(nothing_lost)
	}
}
