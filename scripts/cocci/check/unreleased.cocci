// SPDX-License-Identifier: GPL-2.0
/// A path that leaves the function with the section open
//# A wrapper that returns the section itself is fine.

virtual report

@leak exists@
type T;
identifier s;
expression e;
position p, q;
@@
(
T s = \(cstats_acquire\|cstats_rcu_acquire\|cstats_acquire_fields\)(...)@p;
|
s = \(cstats_acquire\|cstats_rcu_acquire\|cstats_acquire_fields\)(...)@p;
)
... when != cstats_release(&s)
(
return s;
|
return@q e;
|
return@q;	// or the end of a function without a value
)

@script:python depends on report@
p << leak.p;
q << leak.q;
@@
coccilib.report.print_report(q[0], "return without cstats_release() (the section of line %s)" % p[0].line)
