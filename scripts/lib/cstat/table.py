# SPDX-License-Identifier: GPL-2.0
"""Output for people: tables, wide rows, per CPU, lists."""

import datetime

from .expr import Scope, shown
from .fields import field_of
from .select import Selection
from .text import Key
from .units import number, rate, seconds
from .width import columns_of, flush_left, flush_right

COLUMNS = ("value", "change", "rate", "kind", "unit", "description")
_TITLES = {"rate": "per second"}
_LEFT = ("kind", "unit", "description")


def warnings(cut):
    """What must never be overlooked, as words."""
    words = []
    if cut.errors:
        words.append(f"{cut.errors} error{'s' if cut.errors > 1 else ''}")
    if cut.stalled:
        words.append(f"STALLED: {cut.stalled}")
    return words


def headline(cut, now_ns, change):
    """A line about a cut: number, time, age, errors, stalled."""
    words = [f"{cut.name} snapshot {cut.number} at {seconds(cut.time_ns)} s",
             f"age {seconds(cut.age_ns(now_ns))} s"]
    if cut.since_ns is not None:
        words.append(f"counts for {seconds(cut.time_ns - cut.since_ns, 1)} s")
    if change.why == "reset":
        words.append("reset since the sample before")
    elif change.why == "anew":
        words.append("made anew since the sample before")
    return ", ".join(words + warnings(cut))


def moved(key, change, zeros, unchanged):
    """Is the series to be shown, by -z and -Z?"""
    if zeros and change.new.values[key] == 0:
        return False
    return not (unchanged and change.delta(key) == 0)


class Output:
    """What all ways to print samples have in common."""

    def __init__(self, options, source, selection, expressions, write):
        self.options = options
        self.source = source
        self.selection = selection
        self.expressions = expressions
        self.write = write

    def keys(self, change):
        """The series of a set that are to be shown."""
        return [key for key in self.selection.keys(change.new)
                if moved(key, change, self.options.zeros, self.options.unchanged)]

    def visible(self, changes):
        """The changes of the sets that were asked for; expressions may read others."""
        return {name: change for name, change in changes.items()
                if self.selection.wants(name)}

    def evaluate(self, sample, changes):
        """[(name, value)] of the expressions."""
        scope = Scope(sample, changes)
        return [(e.name, e.evaluate(scope)) for e in self.expressions]

    def close(self):
        """Called after the last sample."""


def columns(rows, left):
    """@rows of strings as lines; the columns in @left are flush left."""
    widths = _widths(rows)
    for row in rows:
        cells = [(flush_left if i in left else flush_right)(cell, width)
                 for i, (cell, width) in enumerate(zip(row, widths))]
        yield "  ".join(cells).rstrip()


def _widths(rows):
    return [max(columns_of(row[i]) for row in rows) for i in range(len(rows[0]))]


class Table(Output):
    """A line for each series, the sets one after the other."""

    def __init__(self, *args):
        super().__init__(*args)
        self.show = self.options.show or ("value", "change", "rate", "unit")

    def _cell(self, column, key, change, field):
        people = self.options.human
        if column == "value":
            return number(change.new.values[key], field.unit, people)
        if column == "change":
            delta = change.delta(key)
            if delta is None:
                return "-"
            return ("+" if delta >= 0 else "") + number(delta, field.unit, people)
        if column == "rate":
            value = change.rate(key)
            return "-" if value is None else rate(value, field.unit, people)
        return str(getattr(field, column) or "-")

    def sample(self, sample, changes):
        lines = [f"{sample.lost} sections without a set: see dmesg", ""] if sample.lost else []
        left = {0} | {i + 1 for i, c in enumerate(self.show) if c in _LEFT}
        for name, change in self.visible(changes).items():
            table = self.source.fields(name)
            rows = [("field",) + tuple(_TITLES.get(c, c) for c in self.show)]
            for key in self.keys(change):
                field = field_of(table, key.field)
                rows.append((key.name,)
                            + tuple(self._cell(c, key, change, field) for c in self.show))
            lines.append(headline(change.new, sample.now_ns, change))
            if len(rows) > 1:
                lines.extend(columns(rows, left))
            lines.append("")
        results = self.evaluate(sample, changes)
        if results:
            lines.extend(columns([("expression", "value")]
                                 + [(n, shown(v)) for n, v in results], {0}))
            lines.append("")
        if not sample.sets:
            lines.append("no sets\n")
        self.write("\n".join(lines) + "\n" if lines else "")


class Wide(Output):
    """A line for each sample, a column for each series, as vmstat."""

    def __init__(self, *args):
        super().__init__(*args)
        self._keys = None
        self._rows = 0
        self._widths = {}
        self._how = (self.options.show or ("auto",))[0]

    def _value(self, key, change, field):
        how = self._how
        if how == "auto":
            how = "value" if field.kind == "gauge" else "rate"
        people = self.options.human
        if how == "value":
            return number(change.new.values[key], field.unit, people)
        if how == "change":
            delta = change.delta(key)
            return "-" if delta is None else number(delta, field.unit, people)
        value = change.rate(key)
        return "-" if value is None else rate(value, field.unit, people)

    def sample(self, sample, changes):
        keys = [key for change in self.visible(changes).values()
                for key in self.selection.keys(change.new)]
        if self._keys is None or any(key not in self._keys for key in keys):
            single = len({key.set for key in keys}) < 2
            self._keys = {key: key.name[len(key.set):].lstrip(".") if single else key.name
                          for key in keys}
            self._rows = 0
        results = self.evaluate(sample, changes)
        labels = list(self._keys.values()) + [name for name, _ in results]
        if self._rows % self.options.header == 0:
            cells = [flush_right(label, 9) for label in labels]
            self.write("    time    age err  " + " ".join(cells).rstrip() + "\n")
        self._rows += 1
        cells = []
        for key, label in self._keys.items():
            change = changes.get(key.set)
            text = "-"
            if change and key in change.new.values:
                text = self._value(key, change, field_of(self.source.fields(key.set), key.field))
            cells.append(flush_right(text, max(columns_of(label), 9)))
        cells.extend(flush_right(shown(value), max(columns_of(name), 9))
                     for name, value in results)
        cuts = [change.new for change in changes.values()]
        age = max((cut.age_ns(sample.now_ns) for cut in cuts), default=0)
        when = datetime.datetime.fromtimestamp(sample.wall_ns // 10 ** 9)
        line = (f"{when:%H:%M:%S} {seconds(age, 1):>6} {sum(c.errors for c in cuts):>3}  "
                + " ".join(cells).rstrip())
        stalled = [cut.name for cut in cuts if cut.stalled]
        if stalled:
            line += "  STALLED: " + " ".join(stalled)
        self.write(line + "\n")


def imbalance(parts):
    """The largest part over the mean of all; None when nothing is there."""
    sizes = [abs(part) for part in parts]
    total = sum(sizes)
    return max(sizes) * len(sizes) / total if total else None


def by_node(parts, nodes):
    """{node: sum} of {cpu: value}; CPUs of no known node are in node -1."""
    result = {}
    for cpu, value in parts.items():
        node = nodes.get(cpu, -1)
        result[node] = result.get(node, 0) + value
    return dict(sorted(result.items()))


class PerCpu(Output):
    """A column for each CPU or node, and how uneven they are."""

    def __init__(self, *args, width=80):
        super().__init__(*args)
        self._width = width

    def sample(self, sample, changes):
        nodes = self.source.nodes() if self.options.per_node else None
        word = "cpu" if nodes is None else "node"
        lines = []
        for name, change in self.visible(changes).items():
            table = self.source.fields(name)
            lines.append(headline(change.new, sample.now_ns, change))
            if not change.new.percpu:
                lines += ["no values of single CPUs: the set is stalled", ""]
                continue
            since = not change.why and change.old.percpu
            lines.append(f"change in {seconds(change.elapsed_ns)} s" if since else "value")
            rows = []
            keys = [key for key in self.keys(change) if key in change.new.percpu]
            groups = sorted({cpu for key in keys for cpu in change.new.percpu[key]})
            if nodes is not None:
                groups = list(by_node(dict.fromkeys(groups, 0), nodes))
            for key in keys:
                parts = (change.cpu_delta(key) if since else None) or change.new.percpu[key]
                if nodes is not None:
                    parts = by_node(parts, nodes)
                uneven = imbalance(parts.values())
                unit = field_of(table, key.field).unit
                rows.append([key.name, "-" if uneven is None else f"{uneven:.2f}"]
                            + [number(v, unit, self.options.human)
                               for v in [sum(parts.values())]
                               + [parts.get(group, 0) for group in groups]])
            if rows:
                head = ["field", "imbalance", "total"] + [
                    f"{word}{g}" if g >= 0 else "elsewhere" for g in groups]
                lines.extend(self._blocks([head] + rows))
            lines.append("")
        results = self.evaluate(sample, changes)
        lines.extend(f"{n} {shown(v)}" for n, v in results)
        self.write("\n".join(lines) + "\n")

    def _blocks(self, rows):
        """As many columns beside each other as the width has room for."""
        widths = _widths(rows)
        first = 3
        while True:
            room = self._width - sum(w + 2 for w in widths[:3])
            last = first
            while last < len(widths) and (last == first or room >= widths[last] + 2):
                room -= widths[last] + 2
                last += 1
            yield from columns([row[:3] + row[first:last] for row in rows], {0})
            if last >= len(widths):
                return
            first = last
            yield ""


def listing(source, selection, names):
    """What there is: sets, fields, kinds, units, descriptions."""
    for name, fields in fields_listed(source, selection, names).items():
        rows = [("field", "kind", "unit", "description")]
        rows += [(f"{name}.{f.name}", f.kind, f.unit or "-", f.description or "-")
                 for f in fields]
        about = source.fields(name).about()
        if about:
            yield f"{name}: {about}"
        yield from columns(rows, {0, 1, 2, 3})
        yield ""


def fields_listed(source, selection, names):
    """{set: [Field]} of those that were asked for; complains of unknown names."""
    tables = {name: source.fields(name) for name in names}
    keys = [Key(name, None, None, field) for name, table in tables.items() for field in table]
    selection = Selection(p.without_instance().text for p in selection.patterns)
    selection.check(keys)
    asked = set(selection.among(keys))
    return {name: [f for f in table.values() if Key(name, None, None, f.name) in asked]
            for name, table in tables.items()}
