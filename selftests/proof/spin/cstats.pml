/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The protocol of include/linux/cstats.h, src/rotate.c, src/barrier.c and
 * src/mend.c, for Spin
 *
 * Two CPUs have a task each that opens sections. CPU 0 has interrupts, and with
 * -DNMI an NMI on top, that open sections at any point of what they interrupt.
 * With -DHOTPLUG, CPU 1 goes offline and comes back, and has a section before
 * it is marked as online. READERS readers ask for rotations, share them, and
 * with -DTIMEOUT may give up once each; the rotation goes on. Whoever calls
 * cstats_rotate() holds the mutex, so one process makes all rotations here;
 * share.pml has those who call it.
 *
 * The barrier is an IPI to each CPU that is online. With -DGP, and while CPU 1
 * comes or goes, it is a grace period: it ends when each CPU has been outside
 * of all sections at some point since it began. -DPROOF has the grace period
 * that the wait for a section starts. Its end proves that the section is over.
 *
 * DYING is a set of sections (their bits, below) that may die: they end at any
 * point of their adds without cstats_release(), and the counter stays odd. A
 * mender then sets it even, in task context on that CPU, or from the outside if
 * that CPU is down.
 *
 * Every section adds a bit of its own to two fields, one after the other: the
 * fields of a snapshot are the sets of sections that it holds. So it is checked
 * of each snapshot that
 *
 *	it is whole		both fields hold the same sections, but for dead
 *				ones
 *	reads are linearizable	it holds the sections that were released before
 *				cstats_read() was called, and what sections had
 *				added that were dead by then
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
 * selftests/proof/litmus.
 *
 * Each of these takes something out, and Spin then finds what breaks:
 *
 *	NO_BARRIER	rotations send no IPIs
 *	NO_POLL		rotations do not wait for open sections
 *	COLLECT_EARLY	open sections are noted before the barrier
 *	PARITY		nested sections move the counter as well
 *	GEN_FIRST	sections load ->gen before the counter is odd
 *	NO_WMB		sections end without a write barrier (PSO)
 *	OUTER_WMB	nested sections end without a write barrier (PSO)
 *	PLAIN_ADD	adds are a load and a store
 *	LATE		readers share rotations that had begun before they asked
 *	DROP		a rotation that takes long is dropped for a new one
 *	ONLINE_SUM	offline CPUs are left out of the sum
 *	NO_TRYLOCK	IPIs are sent while CPU 1 comes or goes
 *	ONE_SLOT	a snapshot is the slot just closed, without the other one
 *	TWO_GENS	CPUs have a generation each, stored one after the other
 *	PROOF_EARLY	the grace period began before the generation changed
 *	MEND_EARLY	interrupts set the counter even, with a section open
 *	NO_MEND_WMB	the mender has no write barrier (PSO)
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
#define TASK1	2		/* sections of CPU 1's task, or 0 */
#endif
#ifndef DYING
#define DYING	0
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
	byte level;		/* what runs there: 0 task, 1 interrupt, 2 NMI */
	bool off;		/* preemption is off in task context */
	bool owes		/* its answer to the IPI, or to the grace period */
};

cpu cpus[2];
bool online[2] = { true, true };
bool writer;			/* cpus_write_lock() is held */

#ifdef TWO_GENS
byte gens[2];
#define GEN(c)	gens[c]
#else
byte gen;			/* index of the open slot */
#define GEN(c)	gen
#endif
bool requested;
byte begun, done;		/* rotations */
byte last[4];			/* total of each slot and field: 2 * slot + f */
byte snapshot[2];		/* the last one, a field each */
bool mend;			/* the mender's work is queued */

/* What the checks need to know */
byte released;			/* sections whose cstats_release() is done */
byte dead;			/* sections that have died, */
byte died[2];			/* and which fields they had added to */
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
 * before it: all older ones, or with PSO those that a barrier separates from
 * it.
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

/* Another CPU is about to load location l: some of its stores are visible. */
inline observe(c, l)
{
	do
	:: HAS(c, l) -> d_step { settle(c, l) }
	:: break
	od
}

/* A section, at level lv of CPU c; s, g, t are its own. */
#define RUNS(c, lv)	(cpus[c].level == lv)

/* No section is open on CPU c. */
#define QUIET(c)	(cpus[c].level == 0 && !cpus[c].off)

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

/* What ran before goes on. */
inline return_to(c, lv)
{
	s = 0;
	g = 0;
	cpus[c].off = cpus[c].off && lv != 0;
	cpus[c].level = prev
}

/* The section may die, having added to n fields. */
inline die(c, lv, me, n)
{
	d_step {
		RUNS(c, lv) && (DYING & me) != 0 ->
		dead = dead | me;
		died[0] = died[0] | (n > 0 -> me : 0);
		died[1] = died[1] | (n > 1 -> me : 0);
		return_to(c, lv)
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
	if
	:: add(c, lv, 0, me);
		if
		:: add(c, lv, 1, me);	/* and the write barrier */
			if
			:: d_step {
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
				return_to(c, lv)
			   }
			:: die(c, lv, me, 2)
			fi
		:: die(c, lv, me, 1)
		fi
	:: die(c, lv, me, 0)
	fi
}

inline load_seq(c)
{
	cpus[c].off = true;
	s = cpus[c].own[SEQ]
}

proctype task0()
{
	byte s, g, t, prev;

	d_step { RUNS(0, 0) && !cpus[0].off -> load_seq(0) };
	section(0, 0, TASK0_1);
	d_step {		/* smp_store_release() */
		RUNS(0, 0) && !cpus[0].off ->
		wmb(0);
		store(0, FLAG, 1);
		cause = released & (TASK0_1 | IRQ_1 | NMI_1)
	};
#if TASK0 > 1
	d_step { RUNS(0, 0) && !cpus[0].off -> load_seq(0) };
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
	d_step { !cpus[1].off -> load_seq(1) };
	section(1, 0, TASK1_1);
#endif
#ifdef HOTPLUG
	d_step { !cpus[1].off -> writer = true; online[1] = false };
	d_step { flush(1); cpus[1].owes = false; writer = false };
	writer = true;		/* comes up, and is not marked as online yet */
#endif
	atomic {		/* smp_load_acquire() */
		observe(0, FLAG);
		effect = cpus[0].mem[FLAG]
	};
	d_step { !cpus[1].off -> load_seq(1) };
	section(1, 0, TASK1_2);
#ifdef HOTPLUG
	d_step { online[1] = true; writer = false }
#endif
}

#if DYING
#define DYING_CPU	(DYING / TASK1_1 > 0 -> 1 : 0)

/* cstats_mend_work() */
proctype mender(byte c)
{
	byte s;

end:
	do
#ifdef MEND_EARLY
	:: d_step {
		mend && cpus[c].level < 1 ->
		mend = false;
		cpus[c].level = 1;
		s = cpus[c].own[SEQ]
	   };
	   d_step {
		RUNS(c, 1) ->
#else
	:: d_step { mend && !online[c] -> mend = false }
	:: d_step { mend && QUIET(c) && online[c] -> mend = false; load_seq(c) };
	   d_step {
		RUNS(c, 0) ->
#endif
		if
		:: s & 1 ->
#ifndef NO_MEND_WMB
			wmb(c);
#endif
			store(c, SEQ, s + 1)
		:: else
		fi;
		s = 0;
#ifdef MEND_EARLY
		cpus[c].level = 0
#else
		cpus[c].off = false
#endif
	   }
	od
}
#endif

/* A CPU takes its IPI, or it has been outside of all sections. */
inline answer(c, waiting)
{
	d_step {
		waiting && cpus[c].owes && (gp -> QUIET(c) : online[c]) ->
		flush(c);
		cpus[c].owes = false
	}
}

inline grace_period()
{
	d_step { gp = true; cpus[0].owes = true; cpus[1].owes = true }
}

inline barrier()
{
#if defined(GP)
	grace_period();
#elif defined(HOTPLUG)
	d_step {		/* cstats_send_ipis() */
#ifdef NO_TRYLOCK
		gp = false;
#else
		gp = writer;
#endif
		cpus[0].owes = true;
		cpus[1].owes = gp || online[1]
	};
#else
	d_step { gp = false; cpus[0].owes = true; cpus[1].owes = true };
#endif
	do
	:: answer(0, true)
	:: answer(1, true)
	:: !cpus[0].owes && !cpus[1].owes -> break
	od
}

/* cstats_collect() */
inline collect(c)
{
	atomic {
		observe(c, SEQ);
		noted[c] = (cpus[c].mem[SEQ] & 1 -> cpus[c].mem[SEQ] : 0)
	}
}

/* cstats_over(); PROOF and DYING add what a long wait leads to */
inline over(c)
{
	ended = noted[c] == 0;
	do
	:: ended -> break
	:: !ended ->
		atomic {
			observe(c, SEQ);
			ended = cpus[c].mem[SEQ] != noted[c]
		}
#if DYING
	:: !ended && !mend && online[c] && c == DYING_CPU -> mend = true
	:: d_step {
		!ended && !online[c] && !writer && (cpus[c].own[SEQ] & 1) ->
		cpus[c].own[SEQ] = cpus[c].own[SEQ] + 1;
		cpus[c].mem[SEQ] = cpus[c].own[SEQ]
	   }
#endif
#ifdef PROOF
#ifndef PROOF_EARLY
	:: !ended && !gp -> grace_period()
#endif
	:: answer(0, !ended && gp)
	:: answer(1, !ended && gp)
	:: !ended && gp && !cpus[0].owes && !cpus[1].owes -> ended = true
#endif
#ifdef DROP
	:: !ended && requested -> goto drop
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

proctype rotator()
{
	byte closed, noted[2];
	bool ended, gp;

end:
	do
	:: d_step {		/* cstats_take_requests(), under the lock */
		requested ->
		requested = false;
		begun++;
		closed = 1 - (begun & 1);
		last[2 * closed] = 0;
		last[2 * closed + 1] = 0
	   };
#ifdef PROOF_EARLY
		grace_period();
		do
		:: answer(0, true)
		:: answer(1, true)
		:: break
		od;
#endif
		GEN(0) = begun & 1;
#ifdef TWO_GENS
		GEN(1) = begun & 1;
#endif
#ifdef COLLECT_EARLY
		collect(0);
		collect(1);
#endif
#ifdef PROOF_EARLY
		d_step { flush(0) };	/* the IPIs */
		d_step { flush(1) };
#elif !defined(NO_BARRIER)
		barrier();
#endif
#ifndef COLLECT_EARLY
		if
#ifndef PROOF_EARLY
		:: gp		/* cstats_proves is CSTATS_OVER */
#endif
		:: else ->
			collect(0);
			collect(1)
		fi;
#endif
#ifndef NO_POLL
		over(0);
		over(1);
#endif
		add_up(0, 0);
		add_up(0, 1);
		add_up(1, 0);
		add_up(1, 1);
		d_step {	/* cstats_publish() and cstats_finish() */
			done = begun;
#ifdef ONE_SLOT
			i = last[2 * closed];
			j = last[2 * closed + 1];
#else
			i = last[0] + last[2];
			j = last[1] + last[3];
#endif
			whole = ((i ^ j) & ~dead) == 0;
			assert(whole);
			never_back = (snapshot[0] & ~i) == 0 &&
				     (snapshot[1] & ~j) == 0;
			assert(never_back);
			causal = !effect || !(i & TASK1_2) || (cause & ~i) == 0;
			assert(causal);
			snapshot[0] = i;
			snapshot[1] = j
		};
#ifdef DROP
drop:		skip;
#endif
		d_step {
			closed = 0;
			noted[0] = 0;
			noted[1] = 0;
			ended = false;
			gp = false;
			cpus[0].owes = false;
			cpus[1].owes = false
		}
	od
}

/* cstats_read() */
proctype reader(byte todo)
{
	byte must[2], want;
#ifdef TIMEOUT
	bool gave_up;
#endif

	do
	:: todo == 0 -> break
	:: todo > 0 ->
		d_step {	/* cstats_request(), under the lock */
			todo--;
			must[0] = released | died[0];
			must[1] = released | died[1];
			want = begun + 1;
#ifdef LATE
			want = (begun > done -> begun : want);
#endif
			requested = true
		};
		if
		:: d_step {
			done >= want ->
			linearizable = (must[0] & ~snapshot[0]) == 0 &&
				       (must[1] & ~snapshot[1]) == 0;
			assert(linearizable);
			must[0] = 0;
			must[1] = 0;
			want = 0
		   }
#ifdef TIMEOUT
		:: d_step {
			!gave_up && done < want ->
			gave_up = true;
			must[0] = 0;
			must[1] = 0;
			want = 0
		   }
#endif
		fi
	od
}

init {
	atomic {
		run rotator();
#if DYING
		run mender(DYING_CPU);
#endif
		run task0();
#ifndef NO_IRQ
		run irq0();
#endif
#ifdef NMI
		run nmi0();
#endif
#if TASK1 > 0
		run task1();
#endif
		run reader(READS);
#if READERS > 1
		run reader(1)
#endif
	};
	_nr_pr == (DYING -> 3 : 2) && !requested ->
	d_step {
		i = cpus[0].own[SLOT(0, 0)] + cpus[0].own[SLOT(1, 0)] +
		    cpus[1].own[SLOT(0, 0)] + cpus[1].own[SLOT(1, 0)];
		j = cpus[0].own[SLOT(0, 1)] + cpus[0].own[SLOT(1, 1)] +
		    cpus[1].own[SLOT(0, 1)] + cpus[1].own[SLOT(1, 1)];
		nothing_lost = i == (released | died[0]) &&
			       j == (released | died[1]);
		assert(nothing_lost)
	}
}
