# SPDX-License-Identifier: GPL-2.0
"""
The live screen without a terminal: what is shown, and what keys do.

feed() takes samples, key() takes keys, lines() gives the screen as lines of
(text, style) pieces that fit its size. screen.py brings these to a terminal.
"""

import datetime
import re
from collections import deque

from .change import Change
from .errors import CstatError
from .expr import Scope, shown
from .fields import INF, field_of, histograms
from .table import imbalance, warnings
from .units import human, number, rate, seconds
from .width import columns_of, cut, flush_left

ORDERS = ("kernel", "name", "value", "change")
HELP = """\
h ?     this help
q       quit
s       set the delay between samples
p space pause, go on
f       show fields that match a regular expression
g       show instances that match one
c       clear both
o       order: as the kernel has them, by name, by value, by change
z       hide what is zero
Z       hide what does not change
x       unfold or fold the instances of all families
b       unfold or fold all histograms
Enter   unfold or fold what the cursor is on
P       bars for each CPU in place of the trend
H       sizes for people, or exact
r       count from here, on this screen
R       reset the set under the cursor in the kernel, after a question
arrows  j k, page up and down, home, end: move"""
_FOOT = "h help  q quit  f filter  o order  s delay  x instances  b buckets  P CPUs  R reset"
_KEPT = 120	# samples that a trend remembers

_GLYPHS = {
    True: {"spark": "▁▂▃▄▅▆▇█", "bar": " ▏▎▍▌▋▊▉█", "open": "▾", "shut": "▸"},
    False: {"spark": "_.-=+*#@", "bar": " #", "open": "-", "shut": "+"},
}


def sparkline(values, glyphs, low=0):
    """A character for each value, from @low (None: the least of them) to the most."""
    known = [v for v in values if v is not None]
    if not known:
        return " " * len(values)
    least = min(known) if low is None else min(low, *known)
    span = max(known) - least
    top = len(glyphs) - 1
    return "".join(" " if v is None else
                   glyphs[round((v - least) / span * top) if span else 0] for v in values)


def bar(share, width, glyphs):
    """A bar of @width characters for 1."""
    steps = len(glyphs) - 1
    eighths = round(max(0, min(1, share)) * width * steps)
    full, rest = divmod(eighths, steps)
    return (glyphs[-1] * full + (glyphs[rest] if rest else "")).ljust(width)[:width]


def compress(values, width):
    """@values as at most @width sums of neighbours."""
    if len(values) <= width:
        return values
    each = -(-len(values) // max(1, width))
    return [sum(values[i:i + each]) for i in range(0, len(values), each)]


class Row:
    """One line of the body."""

    def __init__(self, kind, name, indent, node=None, key=None, change=None, text=None):
        self.kind = kind	# set, field, histogram, bucket, instances, instance, note
        self.name = name
        self.indent = indent
        self.node = node	# what Enter folds
        self.key = key
        self.change = change
        self.text = text	# in place of columns


class View:
    """The state of the screen."""

    def __init__(self, source, selection, options, expressions=(), utf8=True):
        self._source = source
        self._selection = selection
        self._expressions = expressions
        self.glyphs = _GLYPHS[utf8]
        self.people = options.human
        self.zeros = options.zeros
        self.unchanged = options.unchanged
        self.delay = options.interval or 1.0
        self.per_cpu = options.per_cpu
        self.order = 0
        self.filters = {"field": None, "instance": None}
        self.unfolded = set()
        self.paused = self.help = self.ended = self.done = False
        self.cursor = self.top = 0
        self.message = ""
        self.error = None
        self._ask = None	# (question, what to do with the answer)
        self._answer = ""
        self._sample = None
        self._changes = {}
        self._results = []
        self._trend = {}
        self._base = {}		# set -> Cut from which `r` counts
        self._bases = {}	# set -> Change from there
        self._rows = []

    # What comes in

    def feed(self, sample, changes):
        """A sample, and its changes to the one before."""
        gone = set(self._changes) - set(changes)
        came = set(changes) - set(self._changes) if self._sample else ()
        if gone:
            self.message = "went away: " + " ".join(sorted(gone))
        elif came:
            self.message = "is there now: " + " ".join(sorted(came))
        self.error = None
        self._sample = sample
        self._changes = {n: c for n, c in changes.items() if self._selection.wants(n)}
        scope = Scope(sample, changes)
        self._results = [(e.name, e.evaluate(scope)) for e in self._expressions]
        for name, change in self._changes.items():
            if change.why in ("reset", "anew"):
                self._base.pop(name, None)
            table = self._source.fields(name)
            for key in self._selection.keys(change.new):
                gauge = field_of(table, key.field).kind == "gauge"
                value = change.new.values[key] if gauge else change.rate(key)
                if value is not None:
                    self._trend.setdefault(key, deque(maxlen=_KEPT)).append(value)
        there = {k for c in self._changes.values() for k in c.new.values}
        self._trend = {k: v for k, v in self._trend.items() if k in there}

    def fail(self, err):
        """Reading failed; the next read may not."""
        self.error = err

    # What keys do

    def key(self, key):
        """@key is a character, or a word: up, down, pageup, pagedown, home, end,
        enter, escape, backspace."""
        if self._ask:
            self._key_of_question(key)
        elif self.help:
            self.help = False
        else:
            self.message = ""
            self._key_of_screen(key)

    def _key_of_question(self, key):
        question, then = self._ask
        if key == "escape":
            self._ask = None
        elif question.endswith("(y/n) "):
            self._ask = None
            if key in ("y", "Y"):
                then()
            else:
                self.message = "nothing was reset"
        elif key == "enter":
            self._ask = None
            then(self._answer)
        elif key == "backspace":
            self._answer = self._answer[:-1]
        elif len(key) == 1 and key.isprintable():
            self._answer += key

    def _question(self, text, then):
        self._ask = (text, then)
        self._answer = ""

    def _key_of_screen(self, key):
        moves = {"up": -1, "k": -1, "down": 1, "j": 1, "pageup": -10, "pagedown": 10,
                 "home": -10 ** 9, "end": 10 ** 9}
        switches = {"z": "zeros", "Z": "unchanged", "H": "people", "p": "paused", " ": "paused",
                    "P": "per_cpu"}
        if key in moves:
            self.cursor += moves[key]
        elif key in switches:
            setattr(self, switches[key], not getattr(self, switches[key]))
        elif key == "q":
            self.done = True
        elif key in ("h", "?"):
            self.help = True
        elif key == "o":
            self.order = (self.order + 1) % len(ORDERS)
            self.message = f"order: {ORDERS[self.order]}"
        elif key == "s":
            self._question("seconds between samples: ", self._set_delay)
        elif key == "f":
            self._question("show fields that match: ", lambda t: self._set_filter("field", t))
        elif key == "g":
            self._question("show instances that match: ",
                           lambda t: self._set_filter("instance", t))
        elif key == "c":
            self.filters = dict.fromkeys(self.filters)
        elif key == "x":
            self._fold_all("instances")
        elif key == "b":
            self._fold_all("histogram")
        elif key == "enter":
            row = self._row()
            if row and row.node:
                self.unfolded ^= {row.node}
        elif key == "r":
            self._base = {n: c.new for n, c in self._changes.items()}
            self.message = "the column value counts from here"
        elif key == "R":
            self._ask_reset()

    def _row(self):
        rows = self._rows
        return rows[max(0, min(self.cursor, len(rows) - 1))] if rows else None

    def _ask_reset(self):
        row = self._row()
        if row is None or row.change is None:
            return
        name = row.change.new.name

        def reset():
            try:
                self._source.reset(name)
                self.message = f"{name} counts from here, for everybody"
            except CstatError as err:
                self.message = f"{err}: {err.hint}" if err.hint else str(err)
        self._question(f"reset {name} in the kernel, for everybody? (y/n) ", reset)

    def _set_delay(self, text):
        try:
            delay = float(text)
            if not 0.05 <= delay <= 3600:
                raise ValueError
            self.delay = delay
        except ValueError:
            self.message = f"{text}: not from 0.05 to 3600 seconds"

    def _set_filter(self, which, text):
        try:
            self.filters[which] = re.compile(text) if text else None
        except re.error as err:
            self.message = f"{text}: {err}"

    def _fold_all(self, kind):
        nodes = {n for n in self._nodes() if n[0] == kind}
        if nodes <= self.unfolded:
            self.unfolded -= nodes
        else:
            self.unfolded |= nodes

    def _nodes(self):
        for name, change in self._changes.items():
            owners = {}
            for key in self._selection.keys(change.new):
                owners.setdefault(key[:3], []).append(key.field)
            if any(owner[2] is not None for owner in owners):
                yield ("instances", name)
            for owner, names in owners.items():
                for base in histograms(names):
                    yield ("histogram", owner, base)

    # What is shown

    def _wanted(self, key, change):
        pattern = self.filters["field"]
        if pattern and not pattern.search(f"{key.set}.{key.field}"):
            return False
        if self.zeros and change.new.values[key] == 0:
            return False
        return not (self.unchanged and change.delta(key) == 0)

    def _weight(self, key, change):
        """By what rows are ordered, the largest first."""
        if ORDERS[self.order] == "value":
            return -abs(change.new.values[key])
        return -abs(change.delta(key) or 0)

    def _sorted(self, keys, change):
        if ORDERS[self.order] == "name":
            return sorted(keys, key=lambda k: k.field)
        if ORDERS[self.order] == "kernel":
            return keys
        return sorted(keys, key=lambda k: self._weight(k, change))

    def _owner_rows(self, owner, keys, change, indent):
        found = histograms(k.field for k in keys)
        by_field = {k.field: k for k in keys}
        inside = {}
        for h in found.values():
            for name in (h.count, h.sum, *(n for _, n in h.buckets)):
                inside[name] = h
        for key in self._sorted([k for k in keys if k.field not in inside
                                 or inside[k.field].count == k.field], change):
            if not self._wanted(key, change):
                continue
            h = inside.get(key.field)
            if h is None:
                yield Row("field", key.field, indent, None, key, change)
                continue
            node = ("histogram", owner, h.base)
            yield Row("histogram", h.base, indent, node, key, change,
                      self._mean(by_field[h.sum], key, change))
            if node in self.unfolded:
                yield from self._bucket_rows(h, by_field, change, indent + 2)

    def _mean(self, total, count, change):
        """The mean since the sample before, else of all."""
        n, t = change.delta(count), change.delta(total)
        if not n:
            n, t = change.new.values[count], change.new.values[total]
        unit = field_of(self._source.fields(total.set), total.field).unit
        return f"mean {human(t / n, unit)}" if n else ""

    def _bucket_rows(self, h, by_field, change, indent):
        values = [change.delta(by_field[n]) for _, n in h.buckets]
        if None in values or not any(values):
            values = [change.new.values[by_field[n]] for _, n in h.buckets]
        total = sum(values) or 1
        unit = field_of(self._source.fields(change.new.name), h.sum).unit
        for (bound, name), value in zip(h.buckets, values):
            label = "more" if bound == INF else f"to {human(bound, unit)}"
            yield Row("bucket", label, indent, None, by_field[name], change, value / total)

    def _set_rows(self, name, change):
        owners = {}
        for key in self._selection.keys(change.new):
            owners.setdefault(key[:3], []).append(key)
        node = ("set", name)
        yield Row("set", name, 0, node, None, change)
        if node in self.unfolded:	# a set is unfolded at first: here it means folded
            return
        instances = [o for o in owners if o[2] is not None]
        for owner, keys in owners.items():
            if owner[2] is None:
                yield from self._owner_rows(owner, keys, change, 2)
        pattern = self.filters["instance"]
        if pattern:
            instances = [o for o in instances if pattern.search(o[2])]
        if not instances:
            return
        node = ("instances", name)
        yield Row("instances", f"{instances[0][1]} ({len(instances)})", 2, node, None, change)
        if node not in self.unfolded and not pattern:
            return
        if ORDERS[self.order] == "name":
            instances.sort(key=lambda o: o[2])
        elif ORDERS[self.order] != "kernel":
            instances.sort(key=lambda o: self._weight(owners[o][0], change))
        for owner in instances:
            rows = list(self._owner_rows(owner, owners[owner], change, 6))
            if rows:
                node = ("instance", owner)
                yield Row("instance", owner[2], 4, node, None, change)
                if node not in self.unfolded:	# likewise
                    yield from rows

    def _body(self):
        rows = []
        for name, change in self._changes.items():
            rows.extend(self._set_rows(name, change))
        if self._results:
            rows.append(Row("note", "expressions", 0))
            rows.extend(Row("note", n, 2, text=shown(v)) for n, v in self._results)
        return rows

    def _since(self, base, change):
        """The change from cut @base, made once for all rows of the set."""
        name, new = change.new.name, change.new
        known = self._bases.get(name)
        if known is None or known.old is not base or known.new is not new:
            known = self._bases[name] = Change(base, new, self._source.fields(name))
        return known

    def _cells(self, row):
        """(value, per second, unit) of a row with a series, as text."""
        field = field_of(self._source.fields(row.key.set), row.key.field)
        base = self._base.get(row.key.set)
        value = row.change.new.values[row.key]
        if base:
            value = self._since(base, row.change).delta(row.key)
        per_second = row.change.rate(row.key)
        return ("-" if value is None else number(value, field.unit, self.people),
                "-" if per_second is None else rate(per_second, field.unit, self.people),
                field.unit or "", field.kind)

    def _cpu_bars(self, row, width):
        parts = row.change.cpu_delta(row.key)
        if not parts or not any(parts.values()):
            parts = (row.change.new.percpu or {}).get(row.key)
        if not parts:
            return "" if row.change.new.percpu is not None else "no CPUs"
        values = compress([abs(v) for _, v in sorted(parts.items())], width - 7)
        uneven = imbalance(parts.values())
        return f"{'-' if uneven is None else format(uneven, '.2f') + 'x':>6} " + sparkline(
            values, self.glyphs["spark"])

    def _mark(self, row):
        if row.node is None:
            return ""
        shut = (row.node in self.unfolded) == (row.kind in ("set", "instance"))
        if row.kind == "instances" and self.filters["instance"]:
            shut = False
        return self.glyphs["shut" if shut else "open"] + " "

    def _set_line(self, row):
        cut = row.change.new
        words = [f"snapshot {cut.number}",
                 f"age {seconds(cut.age_ns(self._sample.now_ns), 1)} s"]
        if cut.rotation_ns is not None:
            words.append(f"cut in {human(cut.rotation_ns, 'ns')}")
        if cut.cpus is not None:
            words.append(f"{cut.cpus} CPUs")
        alarm = warnings(cut)
        pieces = [(self._mark(row) + row.name, "set")]
        if alarm:		# before what may be cut off
            pieces.append(("  " + ", ".join(alarm), "alarm"))
        pieces.append(("  " + ", ".join(words), "dim"))
        return pieces

    def _layout(self, rows, width):
        """Widths of name, value, per second, unit and trend; 0 leaves a column out."""
        cells = {id(r): self._cells(r) for r in rows if r.key and r.kind != "bucket"}
        name = max([r.indent + columns_of(self._mark(r) + r.name) for r in rows
                    if r.kind not in ("set", "note")] + [5])
        value = max([len(c[0]) for c in cells.values()] + [8])
        per_second = max([len(c[1]) for c in cells.values()] + [10])
        unit = max([len(c[2]) for c in cells.values()] + [4])
        name = min(name, max(8, width - value - 2))
        left = width - name - value - 2
        widths = []
        for need in (per_second, unit):
            fits = left >= need + 2
            widths.append(need if fits else 0)
            left -= need + 2 if fits else 0
        trend = min(left - 2, 60) if left >= 10 else 0
        return cells, (name, value, *widths, trend)

    def _row_line(self, row, cells, layout):
        if row.kind == "set":
            return self._set_line(row)
        if row.kind == "note":
            return [(" " * row.indent + row.name, "set" if row.indent == 0 else "plain"),
                    (f"  {row.text or ''}", "plain")]
        name_width, value_width, rate_width, unit_width, trend_width = layout
        name = (" " * row.indent + self._mark(row) + row.name)
        name = _printable(name)
        if columns_of(name) > name_width:
            name = cut(name, name_width - 1) + "~"
        name = flush_left(name, name_width)
        if row.kind in ("instances", "instance"):
            return [(name, "node")]
        if row.kind == "bucket":
            width = max(4, value_width + rate_width + (2 if rate_width else 0) - 7)
            return [(name, "dim"), ("  " + bar(row.text, width, self.glyphs["bar"]), "bar"),
                    (f" {100 * row.text:4.0f} %", "plain")]
        value, per_second, unit, kind = cells[id(row)]
        pieces = [(name, "plain"), (f"  {value:>{value_width}}", "value")]
        if rate_width:
            pieces.append((f"  {per_second:>{rate_width}}",
                           "dim" if per_second in ("0.0", "0", "-") else "rate"))
        if unit_width:
            pieces.append((f"  {unit:<{unit_width}}", "dim"))
        if trend_width:
            if self.per_cpu:
                text = self._cpu_bars(row, trend_width)
            else:
                values = list(self._trend.get(row.key, ()))[-trend_width:]
                if row.text:	# a histogram's mean, beside a shorter trend
                    values = values[-max(0, trend_width - len(row.text) - 2):]
                text = sparkline(values, self.glyphs["spark"], None if kind == "gauge" else 0)
            if row.text:
                text = f"{text}  {row.text}".lstrip()
            pieces.append((f"  {text}", "bar"))
        return pieces

    def _title(self, width):
        when = "-"
        if self._sample:
            when = datetime.datetime.fromtimestamp(self._sample.wall_ns // 10 ** 9
                                                   ).strftime("%H:%M:%S")
        words = [f"cstat {when}", f"every {self.delay:g} s"]
        if self.ended:
            words.append("end of the recording")
        if self.paused:
            words.append("PAUSED")
        if self.order:
            words.append(f"order: {ORDERS[self.order]}")
        words += [f"{name}s: {pattern.pattern}" for name, pattern in self.filters.items()
                  if pattern]
        words += [text for on, text in ((self.zeros, "no zeros"),
                                        (self.unchanged, "only changes")) if on]
        pieces = [("  ".join(words).ljust(width), "title")]
        if self._sample and self._sample.lost:
            pieces.insert(0, (f"{self._sample.lost} sections without a set ", "alarm"))
        return pieces

    def _header(self, layout):
        name, value, per_second, unit, trend = layout
        title = "since r" if self._base else "value"
        text = "field".ljust(name) + f"  {title:>{value}}"
        if per_second:
            text += f"  {'per second':>{per_second}}"
        if unit:
            text += f"  {'unit':<{unit}}"
        if trend:
            text += "  " + ("imbalance, CPUs" if self.per_cpu else "trend")
        return [(text, "head")]

    def _overlay(self, width, height):
        lines = [[("cstat: keys", "title")]]
        lines += [[(text, "plain")] for text in HELP.splitlines()[:height - 2]]
        lines += [[]] * (height - 1 - len(lines))
        return lines + [[("any key goes back", "dim")]]

    def lines(self, width, height):
        """The screen: @height lines of pieces (text, style), each at most @width wide."""
        if self.help:
            screen = self._overlay(width, height)
        else:
            screen = self._screen(width, height)
        return [_clip(line, width) for line in screen[:height]]

    def _screen(self, width, height):
        screen = [self._title(width)]
        room = max(0, height - 3)
        if self.error:
            body = [[(str(self.error), "alarm")]]
            if self.error.hint:
                body.append([(self.error.hint, "plain")])
            self._rows = []
            screen.append([])
        else:
            self._rows = rows = self._body()
            self.cursor = max(0, min(self.cursor, len(rows) - 1))
            self.top = max(min(self.top, self.cursor, max(0, len(rows) - room)),
                           self.cursor - room + 1, 0)
            cells, layout = self._layout(rows, width)
            screen.append(self._header(layout))
            body = []
            for n, row in enumerate(rows[self.top:self.top + room], self.top):
                line = self._row_line(row, cells, layout)
                if n == self.cursor:
                    line = [(text, "cursor alarm" if style == "alarm" else "cursor")
                            for text, style in _clip(line, width, fill=True)]
                body.append(line)
            if not rows and self._sample:
                body = [[("no sets", "plain")]]
        screen += body[:room]
        screen += [[]] * (height - 1 - len(screen))
        if self._ask:
            foot = [(self._ask[0] + self._answer, "ask")]
        elif self.message:
            foot = [(self.message, "message")]
        else:
            foot = [(_FOOT, "dim")]
        return screen + [foot]

    @property
    def asking(self):
        return self._ask is not None


def _printable(text):
    return "".join(c if c.isprintable() else "?" for c in text)


def _clip(line, width, fill=False):
    """@line cut off at @width, or filled up to it."""
    result, left = [], width
    for text, style in line:
        whole = _printable(text)
        text = cut(whole, left)
        if text:
            result.append((text, style))
            left -= columns_of(text)
        if text != whole:
            break
    if fill and left:
        result.append((" " * left, "plain"))
    return result
