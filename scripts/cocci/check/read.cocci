// SPDX-License-Identifier: GPL-2.0
/// A read, a reset, an init or a destroy within a section
//# They may sleep, and a read of the same set would wait for the section.

virtual report

@read exists@
type T;
identifier s;
position p, q;
@@
(
T s = \(cstats_acquire\|cstats_rcu_acquire\|cstats_acquire_fields\)(...)@p;
|
s = \(cstats_acquire\|cstats_rcu_acquire\|cstats_acquire_fields\)(...)@p;
)
... when != cstats_release(&s)
(
\(cstats_read\|cstats_read_timeout\|cstats_read_field\|cstats_instance_read\|cstats_reset\|cstats_clear_unsafe\|cstats_keep_fresh\)(...)@q
|
\(cstats_init\|cstats_init_owner\|cstats_init_family\|cstats_init_family_owner\|devm_cstats_init\|devm_cstats_init_owner\|cstats_destroy\|cstats_instance_add\|cstats_instance_rename\|cstats_instance_remove\|cstats_snapshot_alloc\|cstats_snapshot_free\)(...)@q
)

@script:python depends on report@
p << read.p;
q << read.q;
@@
coccilib.report.print_report(q[0], "must not be called within a section (the section of line %s)" % p[0].line)
