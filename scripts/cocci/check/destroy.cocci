// SPDX-License-Identifier: GPL-2.0
/// An error path behind a successful init that forgets the destroy
//# devm_cstats_init() needs none.

virtual report

@branch exists@
type T;
identifier i;
expression err, cs, e, c;
statement S;
position p, q;
@@
(
T i = \(cstats_init\|cstats_init_owner\|cstats_init_family\|cstats_init_family_owner\)(cs, ...)@p;
|
err = \(cstats_init\|cstats_init_owner\|cstats_init_family\|cstats_init_family_owner\)(cs, ...)@p;
)
... when != cstats_destroy(...)
if (\(i\|i < 0\|i != 0\|err\|err < 0\|err != 0\)) S
... when != cstats_destroy(...)
if (c) {
	... when != cstats_destroy(...)
	return@q e;
}

@script:python depends on report@
p << branch.p;
q << branch.q;
e << branch.e;
@@
if e != "0":
    coccilib.report.print_report(q[0], "error without cstats_destroy() (the init of line %s)" % p[0].line)
