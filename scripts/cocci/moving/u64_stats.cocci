// SPDX-License-Identifier: GPL-2.0
/// Move a struct of u64_stats_t with its u64_stats_sync to a set of the RCU flavour
//# Behind the patch stand the enum and the table that it needs. What is left to do: a
//# name for each set in place of KBUILD_MODNAME, units, and cstats_destroy(). It works
//# on files with one such struct.

@initialize:python@
@@
fields = {}

def upper(struct, member):
    names = fields.setdefault(struct, [])
    if member not in names:
        names.append(member)
    return (struct + "_" + member).upper()

@has@
identifier S, y;
@@
struct S { ... struct u64_stats_sync y; ... };

@member@
identifier has.S, m;
@@
struct S { ... u64_stats_t m; ... };

@script:python names@
S << has.S;
m << member.m;
M;
T;
@@
coccinelle.M = cocci.make_ident(upper(S, m))
coccinelle.T = cocci.make_ident(S + "_fields")

@@
identifier has.S, member.m;
@@
struct S {
	...
-	u64_stats_t m;
	...
};

@@
identifier has.S;
@@
struct S {
+	struct cstats_rcu cstats;
	...
};

@@
identifier has.S, has.y;
@@
struct S {
	...
-	struct u64_stats_sync y;
	...
};

@writer depends on has exists@
identifier f;
@@
f(...) {
	... when any
	u64_stats_update_begin(...);
	... when any
}

@@
identifier writer.f;
@@
f(...) {
+	struct cstats_rcu_section cstats_s;
	...
}

@@
identifier has.y;
expression E;
@@
(
- u64_stats_update_begin(&E.y);
+ cstats_s = cstats_rcu_acquire(&E.cstats);
|
- u64_stats_update_begin(&E->y);
+ cstats_s = cstats_rcu_acquire(&E->cstats);
|
- u64_stats_update_end(&E.y);
+ cstats_release(&cstats_s);
|
- u64_stats_update_end(&E->y);
+ cstats_release(&cstats_s);
)

@@
identifier member.m, names.M;
expression E, n;
@@
(
- u64_stats_inc(&E.m)
+ cstats_add(&cstats_s, M, 1)
|
- u64_stats_inc(&E->m)
+ cstats_add(&cstats_s, M, 1)
|
- u64_stats_add(&E.m, n)
+ cstats_add(&cstats_s, M, n)
|
- u64_stats_add(&E->m, n)
+ cstats_add(&cstats_s, M, n)
)

// Readers: the last snapshot will do for all loops of a function.
@reader@
identifier f, names.T;
@@
f(...) {
+	s64 cstats_values[ARRAY_SIZE(T)] = {};
+	struct cstats_snapshot cstats_snap = {
+		.values = cstats_values, .nr_values = ARRAY_SIZE(cstats_values),
+	};
	<+... u64_stats_fetch_begin(...) ...+>
}

@@
identifier has.y;
expression E, start;
@@
(
- start = u64_stats_fetch_begin(&E.y);
+ cstats_read_last(&E.cstats.cs, &cstats_snap);
|
- start = u64_stats_fetch_begin(&E->y);
+ cstats_read_last(&E->cstats.cs, &cstats_snap);
|
// The loop itself is left to be removed by hand.
- u64_stats_fetch_retry(&E.y, start)
+ 0
|
- u64_stats_fetch_retry(&E->y, start)
+ 0
)

@@
identifier member.m, names.M;
expression E;
@@
(
- u64_stats_read(&E.m)
+ cstats_values[M]
|
- u64_stats_read(&E->m)
+ cstats_values[M]
)

@unused@
identifier reader.f;
local idexpression unsigned int start;
@@
f(...) { <+... start ...+> }

@depends on !unused@
identifier reader.f, start;
@@
f(...) {
	...
-	unsigned int start;
	... when != start
}

// One init for each struct. A set whose init has failed swallows its adds.
@@
identifier has.y, names.T;
expression E;
@@
- u64_stats_init(&E.y);
+ if (!cstats_init(&E.cstats, KBUILD_MODNAME, T, ARRAY_SIZE(T)))
+	cstats_keep_fresh(&E.cstats.cs, 1000);

@@
identifier has.y, names.T;
expression E;
@@
- u64_stats_init(&E->y);
+ if (!cstats_init(&E->cstats, KBUILD_MODNAME, T, ARRAY_SIZE(T)))
+	cstats_keep_fresh(&E->cstats.cs, 1000);

@@
expression E1, E2, E3, E4, E5;
@@
if (!cstats_init(E1, E2, E3, E4))
	cstats_keep_fresh(E5, 1000);
- if (!cstats_init(E1, E2, E3, E4))
-	cstats_keep_fresh(E5, 1000);

@@
@@
- #include <linux/u64_stats_sync.h>
+ #include <linux/cstats.h>

@finalize:python@
@@
for struct, members in fields.items():
    print("/* For %s, before its first use: */" % struct)
    print("enum {")
    for m in members:
        print("\t%s_%s," % (struct.upper(), m.upper()))
    print("};\n\nstatic const struct cstats_field %s_fields[] = {" % struct)
    for m in members:
        print("\t[%s_%s] = { \"%s\", CSTATS_COUNTER }," % (struct.upper(), m.upper(), m))
    print("};")
