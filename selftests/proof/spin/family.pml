/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A family of instances, for Spin: rotations in slices, instances that come and
 * go, and readers that hold a rotation to copy the instances' values
 *
 * Each of CPUS processors runs SECTIONS sections. A section adds a digit of its
 * own to two fields, each in an instance of its choice: in the slots that it
 * finds there or, if it finds NULL, in the family's own. INSTANCES instances
 * are removed, and all but the first one are added before. The first one comes
 * back with the same id, until it has lived LIVES times.
 *
 * Rotations go from IDLE to CUT (the generation has changed, and a grace period
 * has begun), OPEN (that is over) and SUM, which visits one instance in a turn
 * of the mutex. What is done in a turn is one step here: nobody may write
 * meanwhile to what it reads, or an add comes late, which is checked. An
 * instance is removed so:
 *
 *	slots = NULL;
 *	a grace period;
 *	the last rotation is held, or the one that sums;
 *	under the family's lock and the mutex:
 *		gone += its two slots; out of the walk; free
 *
 * A grace period ends when each CPU has been outside of sections at some point
 * since it began. Memory is sequentially consistent here; family-* and rcu-* in
 * selftests/proof/litmus have the rest.
 *
 * READERS readers take READS snapshots each. HOLDERS readers copy the values of
 * all instances as well, under the family's lock, in two rotations in a row:
 * each of them closes one of the slots. They ask for the second one while they
 * hold the first, so no other comes in between. KILLS of them may be killed
 * while they wait. A reader that holds is counted in
 *
 *	asked	until its rotation begins,
 *	owed	until that is done, and
 *	holds	from there on: no other rotation begins
 *
 * It is checked of each snapshot that
 *
 *	once		no section counts twice
 *	whole		both fields hold the same sections
 *	never_back	it holds what the one before held
 *	linearizable	it holds the sections that ended before the reader
 *			asked, and none that began after it returned
 *
 * of what holders copy, that
 *
 *	copied		own, gone and the instances' values add up to the total
 *			of the same rotation
 *	exact		an instance that was there both times has what the
 *			sections in the snapshot have added to it
 *
 * that no add comes when its slot is freed or summed (in_time), and in the end,
 * which each run has, that
 *
 *	all_returned	no reader waits on, and all instances are folded
 *	uncounted	no reader is counted as holding
 *	nothing_lost	what the family has itself is all that was added
 *
 * Each of these takes something out, and Spin then finds what breaks:
 *
 *	FOLD_IN_SUM	instances are folded though nothing is held
 *	HOLD_BEFORE	what is held in SUM is the rotation before
 *	SUM_HELD	a rotation sums while the one before is held
 *	COPY_UNLOCKED	holders copy without the family's lock
 *	FREE_EARLY	instances are folded without a grace period
 *	DROP_GONE	instances go without being folded
 *	NO_GP		rotations wait for no grace period
 *	LATE_WALK	instances are published before rotations visit them
 *	BEGIN_HELD	a rotation begins while the one before is held
 *	RELEASE_FIRST	holders ask for the second rotation after their release
 *	SAME_ID		an instance is taken for the one that had its id
 *	ASK_LATE	readers are counted after they have asked
 *	COUNTED		a reader that is killed remains counted
 *	UNCOUNT_HOLD	a reader that is killed is taken from holds, always
 *	UNLOCKED	a reader that is killed looks where it is counted, and
 *			stops counting there later, without the mutex
 *	NO_AGAIN	a request is dropped if the rotation is held
 *	NO_REMAKE	the last release does not make that request again
 */
#ifndef CPUS
#define CPUS		2
#endif
#ifndef SECTIONS
#define SECTIONS	1
#endif
#ifndef INSTANCES
#define INSTANCES	2
#endif
#ifndef LIVES
#define LIVES		1
#endif
#ifndef READERS
#define READERS		1
#endif
#ifndef READS
#define READS		2
#endif
#ifndef HOLDERS
#define HOLDERS		0
#endif
#ifndef KILLS
#define KILLS		0
#endif

/* Digits in base 4: a section that counts twice is a 2. */
#define DIGIT(n)	(1 << (2 * (n)))
#define TWOS		170
#define ALL		(DIGIT(CPUS * SECTIONS) / 3)	/* each of them once */

#define AT(g, f)	(2 * (g) + (f))			/* slot, field */
#define OF(i, g, f)	(4 * (i) + AT(g, f))

mtype = { IDLE, CUT, OPEN, SUM };

mtype state = IDLE;
bool gen;			/* the open slot */
bool requested, again, kicked;
byte begun, done;		/* rotations */
byte asked, owed, holds;
bool locked;			/* the family, by a reader that copies */
byte cursor;
byte sum[2];			/* so far */
byte last[4];
byte total[2];			/* the last snapshot */
byte own[4], gone[4];
byte slot[4 * INSTANCES];
byte owes;			/* CPUs that the rotation's grace period waits for */

typedef instance {
	bool slots;		/* the pointer that sections load */
	bool walk;		/* rotations visit it */
	bool memory;		/* its slots are allocated */
	byte owes;		/* CPUs that its grace period waits for */
	byte life;		/* how often it was added */
	byte to[2];		/* what sections have added to it */
};

instance inst[INSTANCES];
byte open;			/* CPUs with a section */
byte started, ended;		/* sections */
byte returned, folded, kills;

hidden byte i, n;			/* scratch, within one step */
hidden byte once, whole, never_back, linearizable, copied, exact;
hidden byte in_time, all_returned, uncounted, nothing_lost;

/* A section's add to field x of instance t, or what it finds in its place. */
inline add(x)
{
	atomic {
		if
		:: t = 0
		:: t = INSTANCES - 1
		fi;
		p = inst[t].slots;
		life = (p -> inst[t].life : 0);
		t = (p -> t : 0)
	};
	d_step {
		if
		:: p ->
			in_time = inst[t].memory && inst[t].life == life;
			assert(in_time);
			slot[OF(t, g, x)] = slot[OF(t, g, x)] + digit;
			inst[t].to[x] = inst[t].to[x] + digit
		:: else ->
			own[AT(g, x)] = own[AT(g, x)] + digit
		fi;
		in_time = state != SUM || g == gen;
		assert(in_time);
		p = false;
		t = 0;
		life = 0
	}
}

proctype cpu(byte me)
{
	byte digit, s, t, life;
	bool g, p;

	do
	:: s == SECTIONS -> break
	:: else ->
		d_step {
			digit = DIGIT(SECTIONS * me + s);
			open = open | (1 << me);
			started = started | digit;
			g = gen
		};
		add(0);
		add(1);
		d_step {
			open = open & ~(1 << me);
			owes = owes & open;
			i = 0;
			do
			:: i < INSTANCES ->
				inst[i].owes = inst[i].owes & open;
				i++
			:: else -> break
			od;
			ended = ended | digit;
			digit = 0;
			g = false;
			s++
		}
	od
}

#ifdef HOLD_BEFORE
#define SUMS	false
#else
#define SUMS	(state == SUM)
#endif

inline release()
{
	holds--;
	if
	:: holds == 0 && again ->
#ifdef NO_REMAKE
		skip
#else
		again = false;
		requested = true;
		kicked = true
#endif
	:: else
	fi
}

/* Instance m comes and goes. The first one is there from the start. */
proctype life_of(byte m)
{
	byte want;

	if
	:: m == 0 -> goto there
	:: else
	fi;
new:
	atomic {
		inst[m].memory = true;	/* zeroed */
		inst[m].life++;
		inst[m].to[0] = 0;
		inst[m].to[1] = 0
	};
#ifdef LATE_WALK
	inst[m].slots = true;
	inst[m].walk = true;
#else
	inst[m].walk = true;
	inst[m].slots = true;
#endif
there:
	atomic {
		inst[m].slots = false;
#ifndef FREE_EARLY
		inst[m].owes = open
#endif
	};
#ifdef FOLD_IN_SUM
	inst[m].owes == 0;
#else
	d_step {
		inst[m].owes == 0 ->
		if
		:: SUMS -> owed++; want = begun
		:: else -> holds++; want = done
		fi
	};
#endif
	d_step {		/* under the family's lock and the mutex */
		done >= want && !locked ->
		i = 0;
		do
		:: i < 4 ->
#ifndef DROP_GONE
			gone[i] = gone[i] + slot[OF(m, 0, i)];
#endif
			slot[OF(m, 0, i)] = 0;
			i++
		:: else -> break
		od;
		i = 0;
		inst[m].walk = false;
		inst[m].memory = false;
#ifndef FOLD_IN_SUM
		release();
#endif
		want = 0
	};
	if
	:: inst[m].life < LIVES && m == 0 -> goto new
	:: else
	fi;
	folded++
}

#ifdef BEGIN_HELD
#define MAY_BEGIN	true
#else
#define MAY_BEGIN	(holds == 0)
#endif
#ifdef SUM_HELD
#define MAY_SUM		true
#else
#define MAY_SUM		(holds == 0)
#endif
#define CLOSED		(1 - gen)

inline finish()
{
	last[AT(CLOSED, 0)] = sum[0];
	last[AT(CLOSED, 1)] = sum[1];
	sum[0] = last[0] + last[2];
	sum[1] = last[1] + last[3];
	once = ((sum[0] | sum[1]) & TWOS) == 0;
	assert(once);
	whole = sum[0] == sum[1];
	assert(whole);
	never_back = (total[0] & ~sum[0]) == 0;
	assert(never_back);
	total[0] = sum[0];
	total[1] = sum[1];
	sum[0] = 0;
	sum[1] = 0;
	done = begun;
	holds = holds + owed;
	owed = 0;
	state = IDLE;
	requested = requested || again;
	again = false
}

/* Whoever has the mutex; who takes it when is in share.pml. */
active proctype rotate()
{
end:
	do
	:: atomic { kicked -> kicked = false };
		do
		:: d_step {
			requested && (state != IDLE || !MAY_BEGIN) ->
			requested = false;
#ifndef NO_AGAIN
			again = true
#endif
		   }
		:: d_step {
			requested && state == IDLE && MAY_BEGIN ->
			requested = false;
			begun++;
			owed = asked;
			asked = 0;
			gen = !gen;
#ifndef NO_GP
			owes = open;
#endif
			state = CUT
		   }
		:: d_step { state == CUT && owes == 0 -> state = OPEN }
		:: d_step {
			state == OPEN && MAY_SUM ->
			sum[0] = own[AT(CLOSED, 0)] + gone[AT(CLOSED, 0)];
			sum[1] = own[AT(CLOSED, 1)] + gone[AT(CLOSED, 1)];
			state = SUM
		   }
		:: d_step {
			state == SUM && cursor < INSTANCES ->
			if
			:: inst[cursor].walk ->
				sum[0] = sum[0] + slot[OF(cursor, CLOSED, 0)];
				sum[1] = sum[1] + slot[OF(cursor, CLOSED, 1)]
			:: else
			fi;
			cursor++
		   }
		:: d_step {
			state == SUM && cursor == INSTANCES ->
			cursor = 0;
			finish()
		   }
		:: state == IDLE && !requested -> break
		od
	od
}

/* Ask for a rotation; h is 1 if it is to be held. */
inline ask(h)
{
	d_step {
		requested = true;
		kicked = true;
		want = begun + 1;
#ifndef ASK_LATE
		asked = asked + h
#endif
	}
#ifdef ASK_LATE
	;
	asked = asked + h
#endif
}

/* Stop counting a reader that is killed. */
inline uncount()
{
#ifdef COUNTED
	skip
#else
	if
#ifndef UNCOUNT_HOLD
	:: want > begun -> asked--
	:: want <= begun && want > done -> owed--
	:: want <= done ->
#else
	:: true ->
#endif
		release()
	fi
#endif
}

proctype reader()
{
	byte reads, want, before;
	bool killed;

	do
	:: reads == READS || killed -> break
	:: else ->
		before = ended;
		ask(0);
		if
		:: d_step {
			done >= want ->
			linearizable = (before & ~total[0]) == 0 &&
				       (total[0] & ~started) == 0;
			assert(linearizable)
		   }
		:: atomic { kills < KILLS -> kills++; killed = true }
		fi;
		d_step { before = 0; want = 0; reads++ }
	od;
	returned++
}

/* The instances' values at the rotation that is held, in slot c */
inline copy()
{
	d_step {
#ifndef COPY_UNLOCKED
		!locked -> locked = true;
#endif
		mine[0] = mine[0] + own[AT(c, 0)] + gone[AT(c, 0)];
		mine[1] = mine[1] + own[AT(c, 1)] + gone[AT(c, 1)]
	};
	m = 0;
	do
	:: d_step {
		m < INSTANCES ->
		if
		:: inst[m].walk ->
			mine[0] = mine[0] + slot[OF(m, c, 0)];
			mine[1] = mine[1] + slot[OF(m, c, 1)];
			if
			:: life[m] != inst[m].life ->
				life[m] = inst[m].life;
#ifndef SAME_ID
				/* not the one that was there before */
				val[2 * m] = 0;
				val[2 * m + 1] = 0
#endif
			:: else
			fi;
			val[2 * m] = val[2 * m] + slot[OF(m, c, 0)];
			val[2 * m + 1] = val[2 * m + 1] + slot[OF(m, c, 1)]
		:: else ->
			life[m] = 0
		fi;
		m++
	   }
	:: m == INSTANCES -> break
	od;
	atomic { m = 0; locked = false }
}

/* Wait for the rotation to hold, or be killed. */
inline await()
{
	if
	:: done >= want
	:: atomic { kills < KILLS -> kills++; killed = true };
#ifdef UNLOCKED
		uncount();
#else
		d_step { uncount() };
#endif
		goto out
	fi
}

proctype holder()
{
	byte want, m;
	byte mine[2], life[INSTANCES], val[2 * INSTANCES];
	bool c, killed;

	ask(1);
	await();
	c = CLOSED;
	copy();
#ifdef RELEASE_FIRST
	d_step { release() };
	ask(1);
#else
	ask(1);
	d_step { release() };
#endif
	await();
	c = CLOSED;
	copy();
	d_step {
		copied = mine[0] == total[0] && mine[1] == total[1];
		assert(copied);
		exact = true;
		m = 0;
		do
		:: m < INSTANCES ->
			exact = exact && (life[m] == 0 ||
				life[m] != inst[m].life ||
				(val[2 * m] == (inst[m].to[0] & total[0]) &&
				 val[2 * m + 1] == (inst[m].to[1] & total[1])));
			m++
		:: else -> break
		od;
		assert(exact);
		release()
	};
out:
	returned++
}

init {
	atomic {
		inst[0].slots = true;
		inst[0].walk = true;
		inst[0].memory = true;
		inst[0].life = 1;
		n = 0;
		do
		:: n < CPUS -> run cpu(n); n++
		:: else -> break
		od;
		n = 0;
		do
		:: n < INSTANCES -> run life_of(n); n++
		:: else -> break
		od;
		n = 0;
		do
		:: n < READERS -> run reader(); n++
		:: else -> break
		od;
		n = 0;
		do
		:: n < HOLDERS -> run holder(); n++
		:: else -> break
		od;
		n = 0
	};
	timeout ->
	all_returned = returned == READERS + HOLDERS && folded == INSTANCES;
	assert(all_returned);
	uncounted = asked == 0 && owed == 0 && holds == 0;
	assert(uncounted);
	nothing_lost = own[0] + own[2] + gone[0] + gone[2] == ALL &&
		       own[1] + own[3] + gone[1] + gone[3] == ALL;
	assert(nothing_lost)
}
