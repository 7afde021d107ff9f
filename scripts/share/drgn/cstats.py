# SPDX-License-Identifier: GPL-2.0
"""
Print the sets of cstats of a live kernel, or of a dump of one that has crashed:

    drgn [-c VMCORE] [-s VMLINUX] -s CSTATS.KO cstats.py [--last] [SET...]

The text is that of debugfs. The values are those of this moment, added up without
synchronization, as at a panic: a section may be half in, and comments name the CPUs
with an open one. With --last, they are those of the last consistent snapshot.
"""
import sys

from drgn import cast
from drgn.helpers.linux.cpumask import for_each_possible_cpu
from drgn.helpers.linux.percpu import per_cpu_ptr
from drgn.helpers.linux.xarray import xa_for_each

CPUS = list(for_each_possible_cpu(prog))
# What debugfs prints in octal.
ESCAPED = {c: f"\\{c:03o}" for c in (*range(1, 33), 34, 92, 127)}


def array(pointer, n):
    """Numbers of 64 bits, or zeros if the pointer is NULL."""
    data = prog.read(pointer, 8 * n) if pointer else bytes(8 * n)
    return [int.from_bytes(data[i:i + 8], sys.byteorder) for i in range(0, 8 * n, 8)]


def text(chars):
    return cast("char *", chars.address_of_()).string_().decode("latin-1")


def add(arrays):
    return [sum(column) for column in zip(*arrays)]


def sums(cells, n, last):
    """What was in both slots when they were closed, or what is there now."""
    arrays = [cells.last] if last else (per_cpu_ptr(cells.slots, cpu) for cpu in CPUS)
    return add(array(start + i, n) for start in arrays for i in (0, n))


def show(name, about, cells, values):
    base = array(cells.base, about.nr_values.value_())
    for line in (about.lines[i] for i in range(about.nr_values)):
        value = (values[line.index] - base[line.index] + (1 << 63)) % (1 << 64) - (1 << 63)
        print(f"{name}.{line.name.string_().decode()} {value}")


def show_set(cset, last):
    name, n, family = text(cset.name), cset.shared.nr_values.value_(), cset.family
    members = [cast("struct cstats_member *", entry) for _, entry in
               xa_for_each(family.members.address_of_())] if family else []
    own, *parts = (sums(x.cells, n, last) for x in (cset, *members))
    if family and not last:	# cells.last of a family has all of it
        gone = array(family.gone, 2 * (max(CPUS) + 1) * n)
        own = add([own, *parts, *(gone[i:i + n] for i in range(0, len(gone), n))])
    if cset.errors.counter:
        print(f"# {name} errors {cset.errors.counter.value_()}")
    for cpu in CPUS:
        if not cset.shared.rcu and per_cpu_ptr(cset.shared.cpu, cpu).seq & 1:
            print(f"# {name} open on CPU {cpu}")
    p = cset.latch.published[cset.latch.newest & 1]
    print(f"# {name}", f"snapshot {p.number.value_()} time_ns {p.time_ns.value_()} "
          f"cpus {p.nr_cpus.value_()} rotation_ns {p.rotation_ns.value_()}"
          if last else "unsafe", f"since_ns {cset.base.since_ns.value_()}")
    show(name, cset.about, cset.cells, own)
    for member, values in zip(members, parts):
        if member.label:
            label = text(member.label.text).translate(ESCAPED)
            show(f'{name}{{{text(family.label)}="{label}"}}', cset.about, member.cells, values)


sys.stdout.reconfigure(encoding="latin-1")	# names are any bytes
print("cstats version: 1")
wanted = set(sys.argv[1:]) - {"--last"}
for _, entry in xa_for_each(prog["cstats_by_id"].address_of_()):
    cset = cast("struct cstats_set *", entry)
    if cset.entry.listed and (not wanted or text(cset.name) in wanted):
        show_set(cset, "--last" in sys.argv)
