# SPDX-License-Identifier: GPL-2.0
"""
What a series is: kind, unit and description, and which part of a histogram.

The file `fields` of a set has a line `name kind unit description` for each field.
Comments say what the set is: `# block label device instances 4` that it is a family,
`# block flavour rcu` how its sections are proved over.

A histogram `f` shows as the series `f_count`, `f_sum` and one for each bucket,
whose values add up to `f_count`. The bound of a bucket, which belongs to it, is in
its name; the last bucket has none or `inf`.
"""

import re
from typing import NamedTuple, Optional

_BUCKET = re.compile(r'(.+)_bucket(?:_(\d+|inf)|\{le="([^"]*)"\})\Z')
INF = float("inf")


class Field(NamedTuple):
    name: str
    kind: str = "counter"
    unit: Optional[str] = None
    description: str = ""


class Table(dict):
    """name -> Field in the file's order, and what the set is."""

    def __init__(self):
        super().__init__()
        self.label = None	# of a family
        self.instances = None	# how many it had when this was read
        self.flavour = None	# "rcu", or None for the usual one

    def add(self, line):
        """One line of a file `fields`."""
        words = line.split(" ", 3)
        if line.startswith("#"):
            words = line.split()
            what = dict(zip(words[2::2], words[3::2]))
            self.label = what.get("label", self.label)
            self.flavour = what.get("flavour", self.flavour)
            if what.get("instances", "").isdecimal():
                self.instances = int(what["instances"])
        elif len(words) > 1:
            unit = words[2] if len(words) > 2 and words[2] != "-" else None
            self[words[0]] = Field(words[0], words[1], unit, words[3] if len(words) > 3 else "")

    def about(self):
        """What the set is, as words for people; "" for an ordinary one."""
        words = [f"{self.flavour.upper()} flavour"] if self.flavour else []
        if self.label:
            words.append(f"a family with {self.instances} instances by {self.label}"
                         if self.instances is not None else f"a family by {self.label}")
        return ", ".join(words)


def parse_fields(text):
    """The text of a file `fields`."""
    table = Table()
    for line in text.split("\n"):
        table.add(line)
    return table


def fields_text(name, table):
    """The reverse of parse_fields() for set @name, without what changes."""
    lines = [f"# {name} {word} {value}" for word, value in (("flavour", table.flavour),
                                                            ("label", table.label)) if value]
    lines += [f"{f.name} {f.kind} {f.unit or '-'} {f.description}".rstrip()
              for f in table.values()]
    return "".join(f"{line}\n" for line in lines)


def bucket(name):
    """(base, bound) of the series of a bucket, else None."""
    match = _BUCKET.match(name)
    if not match:
        return None
    bound = match[2] or match[3]
    if bound.lower() in ("inf", "+inf"):
        return match[1], INF
    try:
        return match[1], int(bound)
    except ValueError:
        return None


class Histogram(NamedTuple):
    """The names of its series; the buckets as (bound, name), by bound."""
    base: str
    count: str
    sum: str
    buckets: tuple


def histograms(names):
    """The histograms among the series' names: base -> Histogram."""
    names = list(names)
    there = set(names)
    buckets = {}
    for name in names:
        part = bucket(name)
        if part:
            buckets.setdefault(part[0], []).append((part[1], name))
    return {base: Histogram(base, f"{base}_count", f"{base}_sum", tuple(sorted(parts)))
            for base, parts in buckets.items()
            if f"{base}_count" in there and f"{base}_sum" in there}


def base_of(name):
    """The name of the histogram that a series would belong to, if there is one."""
    part = bucket(name)
    if part:
        return part[0]
    for suffix in ("_count", "_sum"):
        if name.endswith(suffix):
            return name[:-len(suffix)]
    return None


def field_of(table, name):
    """What is known of the series @name, by the table of its set."""
    if name in table:
        return table[name]
    base = base_of(name)
    if base in table and table[base].kind == "histogram":
        of = table[base]
        unit = of.unit if name.endswith("_sum") else None
        return Field(name, "counter", unit, f"part of {base}: {of.description}".rstrip(": "))
    return Field(name)
