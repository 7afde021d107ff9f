# SPDX-License-Identifier: GPL-2.0
"""
Samples into a file and out of it.

A recording holds the kernel's own text, sample after sample, and beside it what a
reader would have asked the machine for. It can be read by whatever reads the
kernel's text, and by people:

    # cstat recording version: 1
    # module version 1.0 sync expedited
    # nodes 0=0 1=0
    # begin wall_ns 1764074433000000000 now_ns 4752390639
    # fields kmem
    #| # kmem flavour rcu
    #| page_allocs histogram pages successful calls of the page allocator
    cstats version: 1
    # kmem snapshot 1 time_ns 4752390000 cpus 2 rotation_ns 5350335
    kmem.page_allocs_count 9824
    # end

The fields of a set precede its first sample, and the first one after they changed.
A sample without `# end` was cut short and is left out. What follows damage is, too.
"""

import os

from .errors import CstatError
from .fields import Table, fields_text
from .select import expand
from .text import Cuts, Sample, owner_name, parse

_FIRST = "# cstat recording version: "


def append(file, path, text):
    """@text to the end of @file, opened without a buffer: all of it, or nothing where
    the disk is full, so that a half line never stands before what comes later."""
    data = text.encode("utf-8", "surrogateescape")
    written = 0
    try:
        while written < len(data):
            written += file.write(data[written:])
    except OSError as err:
        try:
            os.ftruncate(file.fileno(), os.fstat(file.fileno()).st_size - written)
        except OSError:
            pass	# no file but a device, say
        raise CstatError(f"cannot write {path}: {err.strerror}",
                         "make room, and start it again: what was written before is whole"
                         ) from err


class Recorder:
    """Writes samples to a file, each of them whole before the next begins."""

    def __init__(self, path, source):
        self._source = source
        self._tables = {}
        self._path = path
        try:
            self._file = open(path, "wb", buffering=0)
        except OSError as err:
            raise CstatError(f"cannot write {path}: {err.strerror}") from err
        module = source.module()
        nodes = " ".join(f"{cpu}={node}" for cpu, node in sorted(source.nodes().items()))
        append(self._file, path, f"{_FIRST}1\n# module version {module['version']} "
               f"sync {module['sync']}\n# nodes {nodes}\n")

    def write(self, sample):
        out = [f"# begin wall_ns {sample.wall_ns} now_ns {sample.now_ns}\n"]
        for name in sample.sets:
            table = self._source.fields(name)
            if table and self._tables.get(name) != table:
                self._tables[name] = table
                out.append(f"# fields {name}\n")
                out.extend(f"#| {line}\n" for line in fields_text(name, table).splitlines())
        out.append(sample_text(sample))
        out.append("# end\n")
        append(self._file, self._path, "".join(out))

    def close(self):
        self._file.close()


def sample_text(sample):
    """A sample in the kernel's format."""
    out = ["cstats version: 1\n"]
    if sample.lost:
        out.append(f"# sections without a set: {sample.lost}\n")
    for cut in sample.sets.values():
        if cut.stalled:
            out.append(f"# {cut.name} stalled: {cut.stalled}\n")
        if cut.errors:
            out.append(f"# {cut.name} errors {cut.errors}\n")
        words = "".join(f" {word} {getattr(cut, word)}"
                        for word in ("time_ns", "cpus", "rotation_ns", "since_ns")
                        if getattr(cut, word) is not None)
        out.append(f"# {cut.name} snapshot {cut.number}{words}\n")
        owner = {}
        for key, value in cut.values.items():
            name = owner.get(key.instance)
            if name is None:
                name = owner[key.instance] = owner_name(*key[:3])
            if cut.percpu and key in cut.percpu:
                out.extend(f"{name}.{key.field} {cpu} {part}\n"
                           for cpu, part in cut.percpu[key].items())
            else:
                out.append(f"{name}.{key.field} {value}\n")
    return "".join(out)


class Recording:
    """A recording as a source: read() gives its samples one after the other."""

    live = False

    def __init__(self, path, warn):
        self._tables = {}
        self._nodes = {}
        self._module = {"version": "unknown", "sync": "unknown"}
        try:
            self._file = open(path, encoding="utf-8", errors="surrogateescape")
            first = self._file.readline()
        except OSError as err:
            raise CstatError(f"cannot read {path}: {err.strerror}",
                             "make one with: cstat --record FILE 1 60") from err
        if not first.startswith(_FIRST):
            raise CstatError(f"{path} is no recording of cstat",
                             "make one with: cstat --record FILE 1 60")
        if first[len(_FIRST):].strip() != "1":
            raise CstatError(f"{path} is a recording of version {first[len(_FIRST):].strip()}, "
                             "this cstat reads version 1", "use the cstat that made it")
        self.path = path
        self._warn = warn
        self._count = 0
        self._ahead, self._tables_ahead = self._next()
        if self._ahead is None:
            raise CstatError(f"{path} has no whole sample", "record for longer")
        self._tables.update(self._tables_ahead)

    def _header(self, line):
        words = line.split()
        if line.startswith("# module "):
            self._module.update(zip(words[2::2], words[3::2]))
        elif line.startswith("# nodes "):
            self._nodes = {int(c): int(n) for c, n in (w.split("=") for w in words[2:])}

    def _next(self):
        """The next whole sample, or None, and the tables before it, which are not to be
        taken for those of the sample that comes first."""
        try:
            return self._parse()
        except CstatError:
            if not self._count:
                raise
        except (ValueError, IndexError, KeyError):
            pass
        self._warn(f"{self.path} is damaged; the {self._count} whole samples before "
                   "that are used")
        return None, {}

    def _parse(self):
        sample = table = None
        tables = {}
        short = False
        lines = []
        for line in self._file:
            if not line.endswith("\n"):
                short = True
                break
            if sample is None:
                if line.startswith("# begin "):
                    words = line.split()
                    sample = Sample(int(words[3]), int(words[5]))
                    lines = []
                else:
                    self._header(line)
            elif line == "# end\n":
                sample.sets = parse("".join(lines), self.path)
                self._count += 1
                return sample, tables
            elif line.startswith("# fields "):
                table = line.split()[2]
                tables[table] = Table()
            elif line.startswith("#| "):
                tables[table].add(line[3:-1])
            else:
                lines.append(line)
        if sample is not None or short:
            self._warn(f"{self.path} is cut short within a sample; "
                       f"the {self._count} whole ones before it are used")
        return None, {}

    def sets(self):
        return sorted(self._ahead.sets if self._ahead else self._tables)

    def fields(self, name):
        return self._tables.get(name) or Table()

    def nodes(self):
        return self._nodes

    def module(self):
        return self._module

    def read(self, names=None, percpu=False):
        """The next sample, or None after the last."""
        sample = self._ahead
        if sample is None:
            return None
        if percpu and sample.sets and not any(c.percpu for c in sample.sets.values()):
            raise CstatError(f"{self.path} has no values of single CPUs",
                             "record them with: cstat -P --record FILE 1 60")
        self._tables.update(self._tables_ahead)
        self._ahead, self._tables_ahead = self._next()
        if names is not None:
            lost = sample.lost
            sample.sets = Cuts((n, sample.sets[n]) for n in expand(names, sample.sets))
            sample.sets.lost = lost
        return sample

    def peek(self, _names):
        """The sample that read() will give."""
        return self._ahead

    def reset(self, name):
        raise CstatError(f"cannot reset {name}: this is a recording",
                         "leave out --replay to reset the kernel's counters")
