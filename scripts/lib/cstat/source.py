# SPDX-License-Identifier: GPL-2.0
"""
Samples from debugfs.

Who asks for all sets gets the file `cstats`, which cuts them with one barrier. Who
asks for some gets the files of these alone: no other set is rotated. Who asks for a single
instance of a family gets that alone: the file `instance` takes its name and gives its
values. The family is cut as a whole even then, but what is printed, copied and parsed
is as much as a set without instances has.
"""

import errno
import os
import time

from .errors import CstatError, explain, unknown
from .fields import Table, parse_fields
from .select import expand, has_wildcard
from .text import Cuts, Sample, escape, parse

_GONE = (errno.ENOENT, errno.ENODEV, errno.ENOTDIR)


def read_file(path, ask=None):
    """The whole text of @path by one open, which is one snapshot; or what @path has to
    say when @ask was written to it."""
    fd = os.open(path, os.O_RDONLY if ask is None else os.O_RDWR)
    try:
        parts = []
        if ask is not None:
            os.write(fd, ask.encode("utf-8", "surrogateescape"))
        while True:
            part = os.read(fd, 1 << 20)
            if not part:
                break
            parts.append(part)
    finally:
        os.close(fd)
    return b"".join(parts).decode("utf-8", "surrogateescape")


def _word(path, default):
    try:
        return read_file(path).strip() or default
    except OSError:
        return default


def parse_cpulist(text):
    """The numbers in a list such as 0-3,8."""
    cpus = []
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        if first:
            cpus.extend(range(int(first), int(last or first) + 1))
    return cpus


class Debugfs:
    """The files below @debugfs; @sysfs has the machine's nodes and the module."""

    live = True

    def __init__(self, debugfs="/sys/kernel/debug", sysfs="/sys", last=False):
        self.debugfs = debugfs.rstrip("/") or "/"
        self.sysfs = sysfs
        self.last = last	# read the last snapshot, cause no rotation
        self.only = {}	# set -> its only instance that is asked for
        self._fields = {}
        self._lives = {}	# set -> (since_ns, number) of its last cut

    def _dir(self, name=""):
        return f"{self.debugfs}/cstats_sets/{name}".rstrip("/")

    def sets(self):
        """The names of the sets there are."""
        try:
            return sorted(os.listdir(self._dir()))
        except OSError as err:
            raise explain(err, self._dir(), self.debugfs, self.sysfs) from err

    def fields(self, name):
        """The table of a set's fields; empty when the set is gone."""
        if name not in self._fields:
            path = f"{self._dir(name)}/fields"
            try:
                self._fields[name] = parse_fields(read_file(path))
            except OSError as err:
                if err.errno not in _GONE:
                    raise explain(err, path, self.debugfs, self.sysfs) from err
                return Table()
        return self._fields[name]

    def _met(self, cuts):
        """@cuts, after which fields are forgotten that may be others now: those of sets
        that count from another point than before, and so may have been made anew."""
        for name, cut in cuts.items():
            since_ns, number = self._lives.get(name, (cut.since_ns, 0))
            if since_ns != cut.since_ns or number > (cut.number or 0):
                self._fields.pop(name, None)
            self._lives[name] = cut.since_ns, cut.number or 0
        return cuts

    def _instance(self, name):
        """The cut of one set with its only instance that is asked for, or None: it is
        gone, the set is no family, or this is not root, for whom alone the file is."""
        path = f"{self._dir(name)}/instance"
        try:
            return parse(read_file(path, escape(self.only[name])), path).get(name)
        except OSError:
            return None

    def _one(self, name, percpu):
        """The cut of one set, or None when the set is gone."""
        if name in self.only and not self.last and not percpu:
            cut = self._instance(name)
            if cut:
                return cut
        if self.last:
            files = ["last"]
        else:
            files = ["percpu", "values"] if percpu else ["values"]
        for file in files:
            path = f"{self._dir(name)}/{file}"
            try:
                return parse(read_file(path), path).get(name)
            except OSError as err:
                if file == "percpu" and err.errno in _GONE + (errno.ETIMEDOUT,):
                    continue	# the values say that it is stalled, or gone
                if err.errno in _GONE:
                    if file == "last" and os.path.isdir(self._dir(name)):
                        raise CstatError(f"there is no {path}",
                                         "this module has no file `last`: leave out --last"
                                         ) from err
                    break
                raise explain(err, path, self.debugfs, self.sysfs) from err
        self._fields.pop(name, None)
        return None

    def read(self, names=None, percpu=False):
        """A sample of the sets @names, which may have wildcards, or of all. Sets that
        are gone are not in it."""
        if names is None and not percpu and not self.last:
            path = f"{self.debugfs}/cstats"
            try:
                text = read_file(path)
            except OSError as err:
                raise explain(err, path, self.debugfs, self.sysfs) from err
            sample = Sample(time.time_ns(), time.monotonic_ns())
            sample.sets = self._met(parse(text, path))
            return sample
        cuts = Cuts()
        if names is None:
            names = self.sets()
        elif any(has_wildcard(name) for name in names):
            names = expand(names, self.sets())
        for name in names:
            cut = self._one(name, percpu)
            if cut:
                cuts[name] = cut
        sample = Sample(time.time_ns(), time.monotonic_ns())
        sample.sets = self._met(cuts)
        return sample

    def peek(self, names):
        """A sample to look at; it does not count as one."""
        return self.read(names)

    def reset(self, name):
        """Let the set's counters count from here."""
        if name not in self.sets():
            raise unknown("set", name, self.sets())
        path = f"{self._dir(name)}/reset"
        try:
            fd = os.open(path, os.O_WRONLY)
            try:
                os.write(fd, b"1")
            finally:
                os.close(fd)
        except OSError as err:
            hint = None
            if err.errno in (errno.EACCES, errno.EPERM):
                hint = ("only root may: run it with sudo" if os.geteuid() else
                        "a kernel that is locked down closes this file: "
                        f"cat {self.sysfs}/kernel/security/lockdown")
            raise CstatError(f"cannot reset {name}: {os.strerror(err.errno)}", hint) from err

    def nodes(self):
        """CPU -> NUMA node; empty when the machine does not say."""
        result = {}
        base = f"{self.sysfs}/devices/system/node"
        try:
            names = os.listdir(base)
        except OSError:
            return result
        for name in names:
            if name.startswith("node") and name[4:].isdigit():
                for cpu in parse_cpulist(_word(f"{base}/{name}/cpulist", "")):
                    result[cpu] = int(name[4:])
        return result

    def module(self):
        """What is known of the module: version and sync."""
        base = f"{self.sysfs}/module/cstats"
        return {"version": _word(f"{base}/version", "unknown"),
                "sync": _word(f"{base}/parameters/sync", "unknown")}
