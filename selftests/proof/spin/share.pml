/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Readers that share rotations, for Spin: src/share.c, and the lists of
 * src/rotate.c
 *
 * READERS readers of one set ask for a rotation and make it, or sleep until it
 * is done, READS times each. One that finds no rotation under way leads: it naps
 * and comes again. A worker runs when it is kicked, and as long as something is
 * left. Barriers and sections end at the first look or at one of the next LOOKS.
 * With QUEUED, barriers are expedited grace periods, which nobody looks at: who
 * waits for them serves the readers afterwards. Whatever else rotations do is in
 * cstats.pml. One reader may be killed or time out, once, at any point (GIVE_UP),
 * and the set may be destroyed at any point (DESTROY). With RT, readers do not try
 * for the mutex but wait for it, and may be killed there.
 *
 * Every look is counted, so readers that are served end. Then it is checked that
 *
 *	all_returned	no reader sleeps on
 *	uncounted	no reader counts as woken and pending
 *	drained		no request is left, and no rotation is under way
 *
 * and of each reader that does not give up, that its rotation was done when it
 * returned (shared).
 *
 * The barriers between the queue and ->done are in selftests/proof/litmus/sleep;
 * memory is sequentially consistent here.
 *
 * Each of these takes something out, and Spin then finds what breaks:
 *
 *	NO_KICK		a reader that does not get the mutex kicks nobody
 *	NO_REST		a leader that leaves work behind kicks nobody (GIVE_UP)
 *	NO_SERVE	who has waited for the grace period leaves requests (QUEUED)
 *	NO_AGAIN	a request is dropped if a rotation is under way
 *	NO_RECHECK	a reader looks at ->done only before it is in the queue
 *	NO_ABANDON	destroying a set wakes nobody
 *	COUNT_LATE	a reader is counted as woken after it may have left
 *	RECOUNT		a reader stops to count before it leaves the queue
 *	STALL_STAYS	once somebody has given up, nobody waits any more (GIVE_UP)
 *	EINTR_LEFT	a reader that is killed at the mutex kicks nobody (RT)
 */
#ifndef READERS
#define READERS	2
#endif
#ifndef READS
#define READS	2
#endif
#ifndef CPUS
#define CPUS	1
#endif
#ifndef LOOKS
#define LOOKS	1
#endif

#define LOCK(l)		atomic { !l -> l = true }
#define UNLOCK(l)	l = false

mtype = { IDLE, CUT, OPEN };		/* states of the rotation */
mtype = { NO, TIMED_OUT, KILLED };	/* why a reader gives up */

mtype state = IDLE;
bool mutex, queue_lock, requested, again, kicked, dead, ended;
byte begun, done, stalled, looks;
byte pending, returned;
bool may_give_up;
bool queued[READERS], sleeping[READERS], woken[READERS];
byte i0;
bool all_returned, uncounted, drained, shared;

#define CROWD	(pending >= CPUS)

/* cstats_rotating(): is there something to be looked at again? */
#ifndef QUEUED
#define ROTATING (state != IDLE)
#else
#define ROTATING (state == OPEN)
#endif
#ifndef STALL_STAYS
#define STALLED	(done != begun && stalled == begun)
#else
#define STALLED	(done != begun && stalled != 0)
#endif

/* cstats_wake() of reader i, under the queue's lock */
inline wake(i)
{
#ifndef COUNT_LATE
	woken[i] = true;
	pending++;
#endif
	sleeping[i] = false;
	queued[i] = false
#ifdef COUNT_LATE
	;
	woken[i] = true;
	pending++
#endif
}

inline wake_up_all()
{
	LOCK(queue_lock);
	i = 0;
	do
	:: i < READERS && queued[i] -> wake(i); i++
	:: i < READERS && !queued[i] -> i++
	:: i == READERS -> break
	od;
	atomic { i = 0; UNLOCK(queue_lock) }
}

/* Is a barrier or a section over? It may take some looks. */
inline look()
{
	atomic {
		over = true;
		if
		:: looks < LOOKS -> looks++; over = false
		:: true
		fi
	}
}

/* cstats_check_open() */
inline check()
{
	if
	:: state == OPEN ->
		look();
		if
		:: dead -> atomic { state = IDLE; again = false }
		:: !dead && over ->
			done = begun;			/* finish:I */
			if				/* finish:J */
			:: queued[0] || queued[1] || queued[READERS - 1] ->
				wake_up_all()
			:: else
			fi;
			state = IDLE;
			atomic {
				requested = requested || again;
				again = false
			}
		:: !dead && !over
		fi
	:: else
	fi
}

/* cstats_rotate(), under the mutex */
inline rotate()
{
	check();
	atomic {			/* cstats_begin() */
		if
		:: state != CUT && requested ->
			requested = false;
			if
			:: dead || state != IDLE ->
#ifndef NO_AGAIN
				again = state != IDLE
#endif
			:: else ->
				begun++;
				state = CUT;
				ended = false;
				looks = 0
			fi
		:: else
		fi
	};
	if
	:: state == CUT ->		/* cstats_barrier_done() */
#ifndef QUEUED
		look();
#else
		over = ended;
#endif
		state = (over -> OPEN : CUT)
	:: else
	fi;
	check();
	atomic {			/* cstats_delay() */
		left = ROTATING || (requested && state != CUT);
		over = false
	}
}

/* cstats_leave_queue() */
inline leave(me)
{
#ifdef RECOUNT
	uncount(me);
#endif
	sleeping[me] = false;		/* finish_wait() */
	if
	:: queued[me] ->
		LOCK(queue_lock);
		atomic { queued[me] = false; UNLOCK(queue_lock) }
	:: else
	fi;
#ifndef RECOUNT
	uncount(me)
#endif
}

inline uncount(me)
{
	if
	:: atomic { woken[me] -> woken[me] = false }; pending--
	:: else
	fi
}

proctype reader(byte me)
{
	byte reads, want, i;
	bool over, left, lead, vain;
	mtype why = NO;

	do
	:: reads == READS -> break
	:: else ->
		atomic {		/* cstats_request() */
			requested = true;
			want = begun + 1
		};
		/* cstats_help() */
		if
#ifdef RT
		:: true ->
			if
			:: LOCK(mutex)
			:: atomic { mutex && may_give_up -> may_give_up = false };
				why = KILLED
			fi
#else
		:: STALLED -> LOCK(mutex)
		:: !STALLED ->
			if
			:: CROWD -> left = true
			:: else ->
				atomic {
					left = mutex;
					mutex = true
				}
			fi;
#ifdef NO_KICK
			skip
#else
			kicked = kicked || left
#endif
#endif
		fi;
		if
		:: why == KILLED ->
#ifndef EINTR_LEFT
			kicked = true;
#endif
			goto next
		:: why == NO && !left ->
			lead = !ROTATING;
			rotate();
			UNLOCK(mutex);
			if
			:: left && !lead -> kicked = true; left = false
			:: else
			fi
		:: why == NO && left -> left = false
		fi;
		/* cstats_await() */
		do
#ifdef NO_RECHECK
		:: done >= want -> break
		:: done < want ->
			LOCK(queue_lock);
#else
		:: LOCK(queue_lock);
#endif
			atomic {
				queued[me] = true;
				sleeping[me] = true;
				UNLOCK(queue_lock)
			};
#ifndef NO_RECHECK
			if
			:: done >= want -> break
			:: else
			fi;
#endif
			if
			:: atomic {
				dead || STALLED || why != NO ->
				vain = done != begun && stalled == begun;
				if	/* cstats_give_up() */
				:: why == TIMED_OUT && state != IDLE ->
					stalled = begun
				:: else
				fi
			   };
				break
			:: else
			fi;
			if			/* cstats_sleep() */
			:: !sleeping[me]
			:: left			/* until the nap is over */
			:: atomic {
				may_give_up -> may_give_up = false;
				if
				:: why = TIMED_OUT
				:: why = KILLED
				fi
			   }
			fi;
			leave(me);
			if			/* cstats_lead() */
			:: left && !mutex ->
				if
				:: atomic { !mutex -> mutex = true };
					rotate();
					UNLOCK(mutex)
				:: mutex
				fi
			:: else
			fi
		od;
		leave(me);
#ifndef NO_REST
		kicked = kicked || left;
#endif
		shared = done >= want || dead || why != NO || vain;
		assert(shared);
next:
		atomic { reads++; want = 0; why = NO; left = false; lead = false; vain = false }
	od;
	returned++
}

active proctype worker()
{
	byte i;
	bool over, left;

end:
	do
	:: atomic { kicked -> kicked = false };
		do
		:: LOCK(mutex);		/* the crowd is a delay before it */
			rotate();
			UNLOCK(mutex);
			if
			:: left -> left = false
			:: else -> break
			fi
		od
	od
}

#ifdef QUEUED
/* The worker of cstats_expedite(), and cstats_serve() */
active proctype expedite()
{
	byte i;
	bool over, left;

end:
	do
	:: atomic { state == CUT && !ended -> ended = true };
		LOCK(mutex);
		rotate();
		atomic {
#ifndef NO_SERVE
			kicked = kicked || left;
#else
			kicked = kicked || (left && ROTATING);
#endif
			left = false;
			UNLOCK(mutex)
		}
	od
}
#endif

#ifdef DESTROY
active proctype destroy()
{
	byte i;

	dead = true;
#ifndef NO_ABANDON
	wake_up_all()
#endif
}
#endif

init {
	atomic {
#ifdef GIVE_UP
		if
		:: may_give_up = true
		:: true
		fi;
#endif
		i0 = 0;
		do
		:: i0 < READERS -> run reader(i0); i0++
		:: else -> break
		od
	};
	timeout ->
	all_returned = returned == READERS;
	assert(all_returned);
	uncounted = pending == 0;
	assert(uncounted);
	drained = !requested && !again && state == IDLE;
	assert(drained)
}
