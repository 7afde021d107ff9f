// SPDX-License-Identifier: GPL-2.0
/// Move a per-CPU struct of counters, a member of a struct, to a set of the RCU flavour
//# Behind the patch stand the enum and the table that it needs. What is left to do: a
//# name for each set in place of KBUILD_MODNAME, the kind of fields that go down, the old
//# struct, and readers, which add up the CPUs. Counters that change in a row share a
//# section; look for others that belong together.

@initialize:python@
@@
fields = {}

def upper(struct, member):
    names = fields.setdefault(struct, [])
    if member not in names:
        names.append(member)
    return (struct + "_" + member).upper()

@has@
identifier D, S, p;
struct D *E;
@@
E->p = alloc_percpu(struct S);

@member@
identifier has.S, m;
type t;
@@
struct S { ... t m; ... };

@script:python names@
S << has.S;
m << member.m;
M;
T;
@@
coccinelle.M = cocci.make_ident(upper(S, m))
coccinelle.T = cocci.make_ident(S + "_fields")

// Whatever the type, as __percpu is a part of it in newer versions of Coccinelle.
@@
identifier has.D, has.p;
type t;
@@
struct D {
	...
-	t p;
+	struct cstats_rcu p;
	...
};

@@
identifier has.p, member.m, names.M;
expression E, n;
@@
(
- this_cpu_inc(E->p->m);
+ cstats_count(&E->p, M, 1);
|
- this_cpu_dec(E->p->m);
+ cstats_count(&E->p, M, -1);
|
- this_cpu_add(E->p->m, n);
+ cstats_count(&E->p, M, n);
|
- this_cpu_sub(E->p->m, n);
+ cstats_count(&E->p, M, -(s64)(n));
)

@three@
expression E, n1, n2, n3;
identifier m1, m2, m3;
@@
- cstats_count(E, m1, n1);
- cstats_count(E, m2, n2);
- cstats_count(E, m3, n3);
+ {
+	struct cstats_rcu_section s = cstats_rcu_acquire(E);
+
+	cstats_add(&s, m1, n1);
+	cstats_add(&s, m2, n2);
+	cstats_add(&s, m3, n3);
+	cstats_release(&s);
+ }

@two@
expression E, n1, n2;
identifier m1, m2;
@@
- cstats_count(E, m1, n1);
- cstats_count(E, m2, n2);
+ {
+	struct cstats_rcu_section s = cstats_rcu_acquire(E);
+
+	cstats_add(&s, m1, n1);
+	cstats_add(&s, m2, n2);
+	cstats_release(&s);
+ }

@@
identifier has.S, has.p, names.T;
expression E;
statement S1;
@@
- E->p = alloc_percpu(struct S);
- if (!E->p)
+ if (cstats_init(&E->p, KBUILD_MODNAME, T, ARRAY_SIZE(T)))
	S1

@@
identifier has.p;
expression E;
@@
- free_percpu(E->p);
+ cstats_destroy(&E->p.cs);

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
