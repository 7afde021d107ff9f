// SPDX-License-Identifier: GPL-2.0
/// An add to a section that is released
//# Its slot may be closed, or another CPU's.

virtual report

@after exists@
type T;
identifier s;
expression inst, f, n, x;
position p, q;
@@
cstats_release(&s)@p;
... when != s = x
    when != T s = x;
(
\(cstats_add\|cstats_observe\)(&s, f, n)@q
|
cstats_add_to(&s, inst, f, n)@q
|
cstats_in(&s, inst)@q
|
cstats_release(&s)@q
)

@script:python depends on report@
p << after.p;
q << after.q;
@@
coccilib.report.print_report(q[0], "use of a section that line %s has released" % p[0].line)
