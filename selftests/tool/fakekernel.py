#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
fakekernel - a directory that looks like debugfs with cstats under load

usage: fakekernel.py DIR [SECONDS [STEPS-PER-SECOND]]

Three sets count on: heap with a gauge and a histogram, block with instances that
have histograms too, and queue. In every step all sums and identities hold:

    heap.allocated_bytes - heap.freed_bytes == heap.live_bytes
    a histogram's buckets add up to its count
    a family's values are the sums over its instances
    percpu adds up to values

Each file is replaced by a rename, so that one open is one snapshot. A load may step in
a thread of its own, while the test lets sets stall and go. The numbers
come from a seeded generator and are the same in every run; times are real.
"""

import os
import random
import shutil
import sys
import threading
import time

FIELDS = {
    "heap": """\
allocated_bytes counter bytes memory given out
freed_bytes counter bytes memory given back
live_bytes gauge bytes memory in use
wait histogram ns time that an allocation waited
""",
    "block": """\
# block flavour rcu
# block label device instances 4
reads counter requests reads completed
in_flight gauge requests requests under way
latency histogram ns time until a request is complete
""",
    "queue": """\
in_items counter items put into the queue
out_items counter items taken out of it
now_items gauge items in the queue now
""",
}
BOUNDS = ("1000", "10000", "100000", "1000000", "inf")


def escape(text):
    return "".join(f"\\{ord(c):03o}" if 0 < ord(c) <= 32 or c in '"\\\x7f' else c
                   for c in text)


class FakeKernel:
    """The counters, and the files that show them."""

    def __init__(self, directory, cpus=4, devices=("dm-0", "nvme0n1", "my disk", "eth0.100"),
                 seed=1):
        self.dir = directory
        self.lock = threading.Lock()	# each of the methods that others call is one event
        self.cpus = cpus
        self.devices = list(devices)
        self.random = random.Random(seed)
        self.number = 0
        self.since_ns = time.monotonic_ns()
        self.errors = {}
        self.stalled = {}	# set -> its text when it stalled
        self.values = {}	# (set, device, field) -> [value of each CPU]
        self.sets = ["heap", "block", "queue"]
        self.fields = dict(FIELDS)

    def _add(self, cpu, owner, field, delta):
        self.values.setdefault((*owner, field), [0] * self.cpus)[cpu] += delta

    def _observe(self, cpu, owner, name, value):
        for owner_ in {owner, (owner[0], None)}:
            self._add(cpu, owner_, f"{name}_count", 1)
            self._add(cpu, owner_, f"{name}_sum", value)
            for bound in BOUNDS:
                hit = bound == "inf" or value <= int(bound)
                self._add(cpu, owner_, f"{name}_bucket_{bound}", int(hit))
                if hit:
                    break

    def _touch(self):
        """All series exist from the start, in the order of the fields."""
        for owner, fields in (("heap", ("allocated_bytes", "freed_bytes", "live_bytes")),
                              ("queue", ("in_items", "out_items", "now_items"))):
            for field in fields:
                self._add(0, (owner, None), field, 0)
        for device in [None] + self.devices:
            for field in ("reads", "in_flight"):
                self._add(0, ("block", device), field, 0)
        for owner, name in ([(("heap", None), "wait")]
                            + [(("block", d), "latency") for d in [None] + self.devices]):
            for part in ("count", "sum") + tuple(f"bucket_{b}" for b in BOUNDS):
                self._add(0, owner, f"{name}_{part}", 0)

    def count(self, events=200):
        """Let the load run for so many events."""
        self._touch()
        draw = self.random
        for _ in range(events):
            # CPU 0 does most of it.
            cpu = min(int(draw.expovariate(1)), self.cpus - 1)
            size = 1 << draw.randrange(4, 14)
            live = sum(self.values["heap", None, "live_bytes"])
            if draw.random() < 0.52 or live < size:
                self._add(cpu, ("heap", None), "allocated_bytes", size)
                self._add(cpu, ("heap", None), "live_bytes", size)
                self._observe(cpu, ("heap", None), "wait", int(draw.lognormvariate(8, 1.5)))
            else:
                self._add(cpu, ("heap", None), "freed_bytes", size)
                self._add(cpu, ("heap", None), "live_bytes", -size)
            device = draw.choice(self.devices)
            for owner in (("block", device), ("block", None)):
                self._add(cpu, owner, "reads", 1)
            self._observe(cpu, ("block", device), "latency", int(draw.lognormvariate(11, 1.5)))
            way = 1 if draw.random() < 0.5 else -1
            self._add(cpu, ("queue", None), "in_items" if way > 0 else "out_items", 1)
            self._add(cpu, ("queue", None), "now_items", way)

    def _body(self, name, percpu, instances):
        out = []
        for (owner, device, field), parts in self.values.items():
            if owner != name or (device is not None and not instances):
                continue
            label = "" if device is None else f'{{device="{escape(device)}"}}'
            if percpu:
                out.extend(f"{owner}{label}.{field} {cpu} {part}\n"
                           for cpu, part in enumerate(parts))
            else:
                out.append(f"{owner}{label}.{field} {sum(parts)}\n")
        return "".join(out)

    def _text(self, name, percpu=False, instances=True):
        head = (f"# {name} snapshot {self.number} time_ns {time.monotonic_ns()} "
                f"cpus {self.cpus} rotation_ns {self.random.randrange(2000, 9000)} "
                f"since_ns {self.since_ns}\n")
        if self.errors.get(name):
            head = f"# {name} errors {self.errors[name]}\n" + head
        return head + self._body(name, percpu, instances)

    def _write(self, path, text):
        path = os.path.join(self.dir, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        os.chmod(path + ".new", 0o444)
        os.rename(path + ".new", path)

    def write(self):
        """The files, as of now."""
        self.number += 1
        version = "cstats version: 1\n"
        whole = version
        for name in self.sets:
            text = self.stalled.get(name) or self._text(name)
            self._write(f"cstats_sets/{name}/fields",
                        "# name kind unit description\n" + self.fields[name])
            self._write(f"cstats_sets/{name}/values", version + text)
            self._write(f"cstats_sets/{name}/last", version + text)
            if name not in self.stalled:
                self._write(f"cstats_sets/{name}/percpu", version + self._text(name, True))
            whole += text
        self._write("cstats", whole)

    def stall(self, name):
        """From now on the set shows its last snapshot, a family without its instances."""
        with self.lock:
            self.stalled[name] = (f"# {name} stalled: a section, a CPU or a grace period "
                                  "takes too long, values are of the last snapshot\n"
                                  + self._text(name, instances=False))
            # The kernel's own fails to open, with ETIMEDOUT.
            os.unlink(os.path.join(self.dir, "cstats_sets", name, "percpu"))

    def remove(self, name):
        """The set goes away."""
        with self.lock:
            self.sets.remove(name)
            shutil.rmtree(os.path.join(self.dir, "cstats_sets", name))

    def unload(self):
        """The module goes away."""
        with self.lock:
            shutil.rmtree(self.dir)
            os.mkdir(self.dir)

    def make_anew(self, name, fields):
        """The set goes away, and comes back with these fields in its table."""
        with self.lock:
            self.fields[name] = fields
            self.since_ns = time.monotonic_ns()
            self.write()

    def replug(self, device):
        """Of the instances, this one goes, and another one of the same name comes. The
        family's sums stay."""
        with self.lock:
            for (_, owner, _), parts in self.values.items():
                if owner == device:
                    parts[:] = [0] * self.cpus

    def unplug(self, device):
        """One of the instances goes. The family's sums stay."""
        with self.lock:
            self.devices.remove(device)
            for series in [s for s in self.values if s[1] == device]:
                del self.values[series]

    def reset(self):
        """All sets count from here."""
        with self.lock:
            for parts in self.values.values():
                parts[:] = [0] * self.cpus
            self.since_ns = time.monotonic_ns()

    def step(self, events=200):
        """So many events, and the files as of then."""
        with self.lock:
            self.count(events)
            self.write()


def main():
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    kernel = FakeKernel(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1e9
    pace = float(sys.argv[3]) if len(sys.argv) > 3 else 10
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        kernel.step(kernel.random.randrange(100, 400))
        time.sleep(1 / pace)


if __name__ == "__main__":
    main()
