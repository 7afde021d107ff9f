# SPDX-License-Identifier: GPL-2.0
"""
JSON and CSV.

JSON is an object for each sample, a line each unless pretty. Its schema, with what
each member means, is scripts/share/cstat.schema.json; "schema" in every object is
its version, which rises when a member changes its meaning or goes away. Integers
are exact: readers must not take them for doubles.

CSV has a row for each series and sample, or with -w a row for each sample.
"""

import csv
import datetime
import io
import json

from .fields import INF, field_of, histograms
from .table import Output, by_node, fields_listed
from .text import wrap

SCHEMA = 1


def rfc3339(wall_ns):
    """Real time in UTC, to the nanosecond."""
    when = datetime.datetime.fromtimestamp(wall_ns // 10 ** 9, datetime.timezone.utc)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{wall_ns % 10 ** 9:09d}Z"


def plain(value):
    """The value of an expression: an integer where it is one, else a float."""
    if value is None:
        return None
    return int(value) if value == int(value) else float(value)


class Json(Output):
    """-j and -p"""

    def _owner(self, keys, asked, change):
        """The members that a set and an instance have in common. @asked has the names of
        all series of it, those that are not to be shown, too."""
        values = {key.field: change.new.values[key] for key in keys}
        result = {"values": values}
        if not change.why:
            result["changes"] = {key.field: change.delta(key) for key in keys}
            result["rates"] = {key.field: change.rate(key) for key in keys}
        if change.new.percpu:
            result["cpus"] = {key.field: {str(c): v for c, v in change.new.percpu[key].items()}
                              for key in keys if key in change.new.percpu}
            if self.options.per_node:
                nodes = self.source.nodes()
                result["nodes"] = {
                    key.field: {str(n): wrap(v) for n, v in by_node(
                        change.new.percpu[key], nodes).items()}
                    for key in keys if key in change.new.percpu}
        found = [h for h in histograms(asked).values() if h.count in values]
        if found:
            owner = keys[0]
            whole = {name: change.new.values[owner._replace(field=name)] for name in asked}
            shown = {
                h.base: {"count": whole[h.count], "sum": whole[h.sum],
                         "buckets": [{"le": None if bound == INF else bound,
                                      "count": whole[name]} for bound, name in h.buckets]}
                for h in found
                if wrap(sum(whole[name] for _, name in h.buckets)) == whole[h.count]}
            if shown:
                result["histograms"] = shown
        return result

    def _set(self, name, change, now_ns):
        cut = change.new
        keys = self.keys(change)
        table = self.source.fields(name)
        result = {"set": name, "snapshot": cut.number, "time_ns": cut.time_ns,
                  "age_ns": cut.age_ns(now_ns), "online_cpus": cut.cpus,
                  "rotation_ns": cut.rotation_ns, "since_ns": cut.since_ns,
                  "errors": cut.errors, "stalled": cut.stalled,
                  "base": change.why or "previous",
                  "elapsed_ns": None if change.why else change.elapsed_ns,
                  "fields": {}}
        for key in keys:
            if key.field not in result["fields"]:
                field = field_of(table, key.field)
                result["fields"][key.field] = {"kind": field.kind, "unit": field.unit,
                                               "description": field.description}
        asked = {}
        for key in self.selection.keys(cut):
            asked.setdefault(key[:3], []).append(key.field)
        result.update(self._owner([k for k in keys if k.instance is None],
                                  asked.get((name, None, None), ()), change))
        instances = {}
        for key in keys:
            if key.instance is not None:
                instances.setdefault((key.label, key.instance), []).append(key)
        if instances:
            result["instances"] = [
                {"label": label, "instance": instance,
                 **self._owner(of, asked[name, label, instance], change)}
                for (label, instance), of in instances.items()]
        return result

    def sample(self, sample, changes):
        result = {"schema": SCHEMA, "time": rfc3339(sample.wall_ns), "now_ns": sample.now_ns,
                  "lost_sections": sample.lost,
                  "sets": [self._set(name, change, sample.now_ns)
                           for name, change in self.visible(changes).items()]}
        if self.expressions:
            result["expressions"] = {n: plain(v) for n, v in self.evaluate(sample, changes)}
        self.write(dumps(result, self.options.pretty))


def dumps(value, pretty):
    """One object as text. Bytes that are no UTF-8 come as U+FFFD."""
    text = json.dumps(value, indent=2 if pretty else None, ensure_ascii=False,
                      separators=None if pretty else (",", ":"))
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") + "\n"


def json_listing(source, selection, names, pretty):
    """-l as JSON"""
    def about(table):
        return {"flavour": table.flavour, "label": table.label, "instances": table.instances}

    return dumps({"schema": SCHEMA, "sets": [
        {"set": name, **about(source.fields(name)), "fields": {f.name: {"kind": f.kind, "unit": f.unit,
                                          "description": f.description} for f in fields}}
        for name, fields in fields_listed(source, selection, names).items()]}, pretty)


def _row(cells):
    out = io.StringIO()
    # The writer quotes the characters of its line ending, and \r has to be quoted, too.
    csv.writer(out, lineterminator="\r\n").writerow(["" if c is None else c for c in cells])
    return out.getvalue().removesuffix("\r\n") + "\n"


class Csv(Output):
    """--csv: a row for each series"""

    HEAD = ("time", "set", "instance", "field", "value", "change", "rate", "unit", "kind",
            "snapshot", "time_ns", "age_ns", "errors", "stalled")

    def sample(self, sample, changes):
        out = []
        when = rfc3339(sample.wall_ns)
        for name, change in self.visible(changes).items():
            cut = change.new
            table = self.source.fields(name)
            about = (cut.number, cut.time_ns, cut.age_ns(sample.now_ns), cut.errors,
                     int(cut.stalled is not None))
            for key in self.keys(change):
                field = field_of(table, key.field)
                out.append(_row((when, name, key.instance, key.field, cut.values[key],
                                 change.delta(key), change.rate(key), field.unit, field.kind)
                                + about))
        for name, value in self.evaluate(sample, changes):
            out.append(_row((when, None, None, name, plain(value)) + (None,) * 9))
        self.write("".join(out), head=_row(self.HEAD))


class WideCsv(Output):
    """--csv -w: a row for each sample; the columns are those of the first one"""

    def __init__(self, *args):
        super().__init__(*args)
        self._keys = self._sets = None

    def sample(self, sample, changes):
        if self._keys is None:
            self._sets = list(self.visible(changes))
            self._keys = [k for c in self.visible(changes).values()
                          for k in self.selection.keys(c.new)]
        about = ("snapshot", "time_ns", "age_ns", "errors", "stalled")
        head = ["time"] + [f"{name}.{word}" for name in self._sets for word in about]
        head += [key.name for key in self._keys] + [e.name for e in self.expressions]
        row = [rfc3339(sample.wall_ns)]
        for name in self._sets:
            cut = sample.sets.get(name)
            row += [None] * 5 if cut is None else [
                cut.number, cut.time_ns, cut.age_ns(sample.now_ns), cut.errors,
                int(cut.stalled is not None)]
        for key in self._keys:
            cut = sample.sets.get(key.set)
            row.append(cut.values.get(key) if cut else None)
        row += [plain(value) for _, value in self.evaluate(sample, changes)]
        self.write(_row(row), head=_row(head))
