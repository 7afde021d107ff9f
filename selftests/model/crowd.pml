/* SPDX-License-Identifier: GPL-2.0 */
/*
 * crowd.pml - readers that wait for each other, for Spin
 *
 * The queue of src/core.c (cstats_wait_turn(), cstats_wake(), cstats_leave()),
 * step by step: who waits, who wakes whom, and the count of those who have been
 * woken and have not run since. Rotations are no more than their numbers. There
 * is no patience here: what is shown does not need it.
 *
 *	every reader returns	(no invalid end state)
 *	uncounted		when all have returned, nobody counts as leaving
 *
 * The barriers between the queue and the count are in selftests/litmus/crowd;
 * memory is sequentially consistent here.
 *
 *	-DREADERS=N -DREADS=N -DCPUS=N
 *	-DNO_WAKE	the last one to leave wakes nobody
 *	-DRECOUNT	who was woken is looked at when in the queue again
 */
#ifndef READERS
#define READERS	3
#endif
#ifndef READS
#define READS	2
#endif
#ifndef CPUS
#define CPUS	1
#endif

#define LOCK(l)		atomic { !l -> l = true }
#define UNLOCK(l)	l = false

mtype = { TURN_DONE, TURN_LOCKED, TURN_BUSY, TURN_CROWD };

bool mutex, queue_lock;
byte begun, finished;	/* rotations */
byte leaving, returned;
bool queued[READERS], sleeping[READERS], woken[READERS];

inline turn_of(me)
{
	if
	:: finished >= want -> turn = TURN_DONE
	:: else ->
		if
		:: leaving >= CPUS -> turn = TURN_CROWD
		:: else ->
			atomic {
				if
				:: mutex -> turn = TURN_BUSY
				:: else -> mutex = true; turn = TURN_LOCKED
				fi
			}
		fi
	fi
}

inline uncount(me)
{
	if
	:: woken[me] -> woken[me] = false; leaving--
	:: else
	fi
}

/* cstats_wake() of reader i, under the queue's lock. */
inline wake(i)
{
	leaving++;
	woken[i] = true;
	if
	:: atomic { sleeping[i] -> sleeping[i] = false };
		queued[i] = false
	:: else ->
		woken[i] = false;
		leaving--
	fi
}

/* Those in the queue, or at most one of them. */
inline wake_up(one)
{
	LOCK(queue_lock);
	i = 0;
	stop = false;
	do
	:: i < READERS && !stop ->
		if
		:: queued[i] ->
			wake(i);
			stop = one
		:: else
		fi;
		i++
	:: else -> break
	od;
	UNLOCK(queue_lock)
}

inline somebody_queued()
{
	atomic {
		i = 0;
		some = false;
		do
		:: i < READERS -> some = some || queued[i]; i++
		:: else -> break
		od
	}
}

active [READERS] proctype reader()
{
	byte reads, want, i;
	bool some, stop;
	mtype turn;

	do
	:: reads == READS -> break
	:: else ->
		want = begun + 1;
		turn_of(_pid);
		do
		:: turn == TURN_BUSY || turn == TURN_CROWD ->
			LOCK(queue_lock);
			atomic { queued[_pid] = true; sleeping[_pid] = true };
			UNLOCK(queue_lock);
#ifdef RECOUNT
			uncount(_pid);
#endif
			turn_of(_pid);
			if
			:: turn == TURN_BUSY || turn == TURN_CROWD ->
				!sleeping[_pid]
			:: else
			fi;
			sleeping[_pid] = false;
#ifndef RECOUNT
			/* finish_wait() takes the lock if it has to */
			if
			:: queued[_pid] ->
				LOCK(queue_lock);
				queued[_pid] = false;
				UNLOCK(queue_lock)
			:: else
			fi;
			uncount(_pid)
#endif
		:: else -> break
		od;
#ifdef RECOUNT
		if
		:: queued[_pid] ->
			LOCK(queue_lock);
			queued[_pid] = false;
			UNLOCK(queue_lock)
		:: else
		fi;
		uncount(_pid);
#endif
		if
		:: turn == TURN_DONE ->
#ifndef NO_WAKE
			if
			:: leaving == 0 ->
				somebody_queued();
				if
				:: some -> wake_up(true)
				:: else
				fi
			:: else
			fi
#else
			skip
#endif
		:: else ->
			if
			:: finished < want ->
				begun++;
				finished = begun
			:: else
			fi;
			UNLOCK(mutex);
			somebody_queued();
			if
			:: some -> wake_up(false)
			:: else
			fi
		fi;
		reads++
	od;
	atomic {
		returned++;
		/* uncounted */
		assert(returned < READERS || leaving == 0)
	}
}
