/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A read ends, for Spin: the wait of cstats_over() under endless sections
 *
 * One CPU opens sections back to back for ever, in a task and in interrupts
 * that come at any point of it, up to three in a row: under an interrupt storm
 * the task's open section never ends, and that is no fault of the reader. The
 * reader notes the counter once, if it is odd, and waits until it has changed.
 * One of the task's sections may die and leave the counter odd; the mender gets
 * the CPU before the task's next section once the reader has asked for it. The
 * property is that the reader gets there, assuming that a process which can run
 * for ever does so at some time (weak fairness). With -DEVEN_ONLY it waits
 * until the counter is even and may never see that. With -DNO_MEND nobody
 * mends.
 *
 * The counter may go back, where an interrupt comes between the task's load and
 * its store. It wraps after four sections here, after 2^31 in the kernel. The
 * reader is assumed to look before it wraps: four sections do not start between
 * two looks. The values that the reader finds are in cstats.pml. Memory is
 * sequentially consistent here, since store buffers empty themselves in time.
 */

#define WRAP	8

byte seq;
byte level;		/* 0 task, 1 interrupt */
byte fresh;		/* sections since the reader's last look */
byte storm;		/* interrupts since the task's last step */
bool off;		/* preemption is off in the task, or in the mender */
bool died;
bool mend;
bool ended;

/* One section at level lv; s is its own. The load of ->seq is the caller's. */
inline section(lv)
{
	d_step {
		level == lv && (s % 2 == 1 || fresh < 3) ->
		storm = (lv == 0 -> 0 : storm);
		if
		:: s % 2 == 0 ->
			seq = s + 1;
			fresh++
		:: else
		fi
	};
	if
	:: d_step {
		level == lv ->
		storm = (lv == 0 -> 0 : storm);
		if
		:: s % 2 == 0 -> seq = (s + 2) % WRAP
		:: else
		fi;
		s = 0;
		off = off && lv != 0;
		level = 0
	   }
	:: d_step {		/* it dies */
		lv == 0 && level == 0 && !died ->
		died = true;
		storm = 0;
		s = 0;
		off = false
	   }
	fi
}

active proctype task()
{
	byte s;

	do
	:: d_step { level == 0 && !off && !mend -> storm = 0; off = true; s = seq };
	   section(0)
	od
}

active proctype irq()
{
	byte s;

	do
	:: d_step {
		level == 0 && storm < 3 ->
		storm++;
		level = 1;
		s = seq
	   };
	   section(1)
	od
}

#ifndef NO_MEND
active proctype mender()
{
	byte s;

	do
	:: d_step { level == 0 && !off && mend -> storm = 0; off = true; s = seq };
	   d_step {
		level == 0 ->
		if
		:: s % 2 == 1 -> seq = (s + 1) % WRAP
		:: else
		fi;
		storm = 0;
		mend = false;
		off = false;
		s = 0
	   }
	od
}
#endif

active proctype reader()
{
	byte noted;

	d_step {		/* cstats_collect() */
		noted = seq;
		fresh = 0;
		ended = noted % 2 == 0
	};
	do
	:: ended -> break
	:: !ended ->
		d_step {
			fresh = 0;
#ifdef EVEN_ONLY
			ended = seq % 2 == 0;
#else
			ended = seq != noted;
#endif
#ifndef NO_MEND
			mend = !ended
#endif
		}
	od
}

ltl read_ends { <> ended }
