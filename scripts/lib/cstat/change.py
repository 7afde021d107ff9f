# SPDX-License-Identifier: GPL-2.0
"""
Exact differences between two cuts of a set.

The clock is the snapshots' own, so a rate does not depend on when the text was
read. There is no difference to a cut that counts from another point: when since_ns
changed, when the number or the time went back (the module was loaded anew), and,
where the kernel does not say since_ns, when a counter went back. A single instance is
another one when one of its counters went back: it was removed, and one of that name
was added. It is not noticed when the new one has counted more already.
"""

from functools import cached_property

from .fields import field_of
from .text import wrap


class Change:
    """From cut @old (or None) to cut @new; @table has the fields of the set."""

    def __init__(self, old, new, table):
        self.old = old
        self.new = new
        self._table = table
        self.why = self._why(table)	# None, or why there is no difference
        self.elapsed_ns = 0 if self.why else new.time_ns - old.time_ns

    def _why(self, table):
        old, new = self.old, self.new
        if old is None:
            return "first"
        if new.number < old.number or new.time_ns < old.time_ns:
            return "anew"
        if old.since_ns is not None and new.since_ns is not None:
            return "reset" if new.since_ns != old.since_ns else None
        for key, value in new.values.items():
            if (key.instance is None and key in old.values
                    and wrap(value - old.values[key]) < 0
                    and field_of(table, key.field).kind == "counter"):
                return "reset"
        return None

    @cached_property
    def _others(self):
        """The instances that are other ones now, as (set, label, instance)."""
        old = self.old.values
        return {key[:3] for key, value in self.new.values.items()
                if key.instance is not None and key in old and wrap(value - old[key]) < 0
                and field_of(self._table, key.field).kind == "counter"}

    def _comparable(self, key):
        return not self.why and (key.instance is None or key[:3] not in self._others)

    def delta(self, key):
        """The change of a series, or None when it has no value to compare with."""
        if not self._comparable(key) or key not in self.old.values:
            return None
        return wrap(self.new.values[key] - self.old.values[key])

    def cpu_delta(self, key):
        """The same for each CPU: {cpu: change}, or None."""
        if not self._comparable(key) or not self.old.percpu or key not in self.old.percpu:
            return None
        old = self.old.percpu[key]
        return {cpu: wrap(value - old.get(cpu, 0))
                for cpu, value in self.new.percpu[key].items()}

    def rate(self, key):
        """The change per second as a float, or None."""
        delta = self.delta(key)
        if delta is None or self.elapsed_ns == 0:
            return None
        return delta * 1_000_000_000 / self.elapsed_ns


class History:
    """Keeps the cut before of each set, and makes the changes."""

    def __init__(self, source):
        self._source = source
        self._cuts = {}

    def changes(self, sample):
        """name -> Change for the sets of @sample, which becomes the one before."""
        result = {}
        for name, cut in sample.sets.items():
            change = Change(self._cuts.get(name), cut, self._source.fields(name))
            result[name] = change
            self._cuts[name] = cut
        for name in set(self._cuts) - set(sample.sets):
            del self._cuts[name]
        return result
