/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A read ends, for Spin: the wait of cstats_over() under endless sections
 *
 * One CPU opens sections back to back for ever, in a task and in interrupts
 * that come at any point of it, up to three in a row: under an interrupt storm
 * the task's open section never ends, and that is no fault of the reader. The
 * reader notes the counter once, if it is odd, and waits until it has changed.
 * The property is that it gets there, assuming that a process which can run for
 * ever does so at some time (weak fairness). With -DEVEN_ONLY it waits until the
 * counter is even and may never see that.
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
	d_step {
		level == lv ->
		storm = (lv == 0 -> 0 : storm);
		if
		:: s % 2 == 0 -> seq = (s + 2) % WRAP
		:: else
		fi;
		s = 0;
		level = 0
	}
}

active proctype task()
{
	byte s;

	do
	:: d_step { level == 0 -> storm = 0; s = seq };
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
			ended = seq % 2 == 0
#else
			ended = seq != noted
#endif
		}
	od
}

ltl read_ends { <> ended }
