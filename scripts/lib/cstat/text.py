# SPDX-License-Identifier: GPL-2.0
"""
The text of debugfs, parsed.

A data line is `set.field value`, or `set{label="instance"}.field value` where the
set is a family. All else begins with `#`, except for the line with the version:

    cstats version: 1
    # heap snapshot 42 time_ns 1234567890123 cpus 2 rotation_ns 2213 since_ns 17
    # heap errors 2
    # heap stalled: a section, a CPU or a grace period takes too long, values are of the last snapshot
    # sections without a set: 3
    heap.committed_bytes 1048576
    block{device="dm-0"}.reads 60

Words that are not known yet are kept or skipped, never an error. All numbers are
Python's integers, so that 64 bits stay exact.
"""

import re
from typing import NamedTuple, Optional

from .errors import CstatError

_DATA = re.compile(
    r'([a-z][a-z0-9_]*)(?:\{([a-z_][a-z0-9_]*)="([^" ]*)"\})?'
    r'\.([a-z][a-z0-9_]*(?:\{[a-z_]+="[^" ]*"\})?) (-?\d+)(?: (-?\d+))?\Z')
_HEAD = re.compile(r"# ([a-z][a-z0-9_]*) snapshot (\d+)((?: [a-z_]+ \d+)*)")
_NOTE = re.compile(r"# ([a-z][a-z0-9_]*) (errors (\d+)|stalled(?:: ?(.*))?$)")
_LOST = re.compile(r"# sections without a set: (\d+)")
_ESCAPED = re.compile(r'[\x01-\x20"\\\x7f]')
_VERSION = re.compile(r"cstats version: (\d+)")


class Key(NamedTuple):
    """One series of a set. @instance is None for the set's own values."""
    set: str
    label: Optional[str]
    instance: Optional[str]
    field: str

    @property
    def name(self):
        """The name as the kernel prints it."""
        return f"{owner_name(self.set, self.label, self.instance)}.{self.field}"


def owner_name(set_name, label, instance):
    """`set`, or `set{label="instance"}` with the instance escaped."""
    if label is None:
        return set_name
    return f'{set_name}{{{label}="{escape(instance)}"}}'


def escape(text):
    """As the kernel writes the value of a label: blanks, control characters, quotes
    and backslashes in octal, as in /proc/mounts."""
    return _ESCAPED.sub(lambda m: f"\\{ord(m[0]):03o}", text)


def unescape(text):
    if "\\" not in text:
        return text
    raw = text.encode("utf-8", "surrogateescape")
    raw = re.sub(rb"\\([0-3][0-7]{2})", lambda m: bytes([int(m[1], 8)]), raw)
    return raw.decode("utf-8", "surrogateescape")


class Cut:
    """One snapshot of one set."""

    def __init__(self, name):
        self.name = name
        self.number = None
        self.time_ns = None
        self.cpus = None
        self.rotation_ns = None
        self.since_ns = None
        self.errors = 0
        self.stalled = None	# what the kernel says when the snapshot is an old one
        self.values = {}	# Key -> int
        self.percpu = None	# Key -> {cpu: int}, where it was asked for

    def age_ns(self, now_ns):
        """How old the snapshot was when it was read."""
        return max(0, now_ns - self.time_ns)


class Cuts(dict):
    """name -> Cut, and what is of no set."""

    lost = 0


class Sample:
    """What one read gave: the cuts of some sets, and when it was."""

    def __init__(self, wall_ns, now_ns):
        self.wall_ns = wall_ns	# CLOCK_REALTIME
        self.now_ns = now_ns	# CLOCK_MONOTONIC, the clock of the snapshots
        self.sets = Cuts()	# name -> Cut

    @property
    def lost(self):
        """Sections of sets that are not there, which the kernel noticed."""
        return self.sets.lost


def parse(text, where):
    """The cuts in @text, by name. @where is for the message of an error."""
    cuts = {}
    version = None
    lost = 0

    def cut_of(name):
        if name not in cuts:
            cuts[name] = Cut(name)
        return cuts[name]

    for line in text.split("\n"):
        if line[:1] != "#":
            match = _DATA.match(line)
            if match:
                set_name, label, instance, field, first, second = match.groups()
                if instance is not None:
                    instance = unescape(instance)
                cut = cut_of(set_name)
                key = Key(set_name, label, instance, field)
                if second is None:
                    cut.values[key] = int(first)
                else:
                    cut.percpu = cut.percpu or {}
                    cut.percpu.setdefault(key, {})[int(first)] = int(second)
                continue
            match = _VERSION.match(line)
            if match:
                version = int(match[1])
                if version != 1:
                    raise CstatError(f"{where} has version {version} of the format, "
                                     "this cstat reads version 1",
                                     "install the cstat that came with the module")
            continue
        match = _HEAD.match(line)
        if match:
            cut = cut_of(match[1])
            cut.number = int(match[2])
            words = match[3].split()
            for word, value in zip(words[::2], words[1::2]):
                if word in ("time_ns", "cpus", "rotation_ns", "since_ns"):
                    setattr(cut, word, int(value))
            continue
        match = _NOTE.match(line)
        if match:
            cut = cut_of(match[1])
            if match[3] is not None:
                cut.errors = int(match[3])
            else:
                cut.stalled = match[4] or "the snapshot is an old one"
            continue
        match = _LOST.match(line)
        if match:
            lost = int(match[1])
    if version is None:
        raise CstatError(f"{where} has no line `cstats version:`",
                         "it is no file of cstats, or cut short")
    for cut in cuts.values():
        if cut.percpu and not cut.values:
            cut.values = {key: wrap(sum(parts.values())) for key, parts in cut.percpu.items()}
    result = Cuts((name, cut) for name, cut in cuts.items()
                  if cut.number is not None and cut.time_ns is not None)
    result.lost = lost
    return result


def wrap(value):
    """@value as the kernel's s64 has it: sums and differences wrap around."""
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)
