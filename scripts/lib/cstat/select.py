# SPDX-License-Identifier: GPL-2.0
"""
Patterns for sets, instances and fields.

    kmem                        all of a set, its instances too
    kmem.page_*                 some of its fields
    *.errors                    a field of every set
    block{dm-*}                 some instances, all their fields
    block{device="dm-0"}.reads  one series, as the kernel prints its name
    kmem.latency                all parts of a histogram

A pattern with a field and without braces is about a set's own values.
"""

import fnmatch
import re

from .errors import CstatError, unknown
from .fields import base_of
from .text import owner_name, unescape

_PATTERN = re.compile(r"(?P<set>[^.{}]+)(?P<braces>\{(?P<instance>.*)\})?"
                      r"(?:\.(?P<field>.+))?\Z", re.S)
_LABEL = re.compile(r'([a-z_][a-z0-9_]*)="(.*)"\Z', re.S)
_GLOB = re.compile(r"[*?[]")


def matches(text, pattern):
    return text == pattern or fnmatch.fnmatchcase(text, pattern)


def expand(patterns, known):
    """The names among @known that @patterns, with or without wildcards, stand for."""
    return [name for name in known if any(matches(name, p) for p in patterns)]


def has_wildcard(text):
    return bool(_GLOB.search(text))


def _owner(key):
    """An instance as one would type it."""
    if key.instance.isprintable():
        return f"{key.set}{{{key.instance}}}"
    return owner_name(*key[:3])


def only_instances(patterns):
    """set -> instance, for the sets of which @patterns are about one instance only."""
    found = {}
    for pattern in patterns:
        found.setdefault(pattern.set, set()).add(pattern.instance)
    wild = [name for name in found if has_wildcard(name)]
    return {name: instances.pop() for name, instances in found.items()
            if not has_wildcard(name) and not any(matches(name, w) for w in wild)
            and len(instances) == 1 and None not in instances
            and not any(has_wildcard(i) for i in instances)}


class Pattern:
    """One pattern, see above."""

    def __init__(self, text):
        self.text = text
        match = _PATTERN.match(text)
        self.set = match["set"] if match else text
        self.field = match["field"] if match else None
        self.label = self.instance = None
        if match and match["braces"]:
            self.instance = match["instance"]
            label = _LABEL.match(self.instance)
            if label:
                self.label, self.instance = label[1], unescape(label[2])
            self.instance = self.instance or "*"

    def without_instance(self):
        """The same for the fields, which are those of all instances."""
        return Pattern(self.set + (f".{self.field}" if self.field else ""))

    def matches_set(self, name):
        return matches(name, self.set)

    def is_of(self, key):
        """Is it about the set or the instance that has this series?"""
        return self.matches_set(key.set) and self._matches_owner(key)

    def _matches_owner(self, key):
        if self.instance is None:
            return key.instance is None or self.field is None
        return (key.instance is not None and (self.label or key.label) == key.label
                and matches(key.instance, self.instance))

    def among(self, keys):
        """Those of @keys that it matches."""
        found = [key for key in keys if self.is_of(key)]
        if self.field is None:
            return found
        exact = [key for key in found if matches(key.field, self.field)]
        if has_wildcard(self.field):
            return exact
        # The name of a histogram is never that of a series. So a set that has such a series
        # has no such histogram, and page_count beside page is a counter of its own.
        plain = {key.set for key in exact}
        return [key for key in found if key.field == self.field
                or (key.set not in plain and base_of(key.field) == self.field)]

    def complain(self, keys):
        """The error for a pattern that matches none of @keys."""
        keys = [k for k in keys if self.matches_set(k.set)]
        if self.instance is not None and all(k.instance is None for k in keys):
            return CstatError(f"no instance {self.text}: {self.set} is no family now",
                              f"cstat -l {self.set} says what it is")
        owners = [k for k in keys if self._matches_owner(k)]
        if self.instance is not None and not owners:
            return unknown("instance", self.text,
                           [_owner(k) for k in keys if k.instance is not None])
        names = [f"{self.text[:len(self.text) - len(self.field or '')]}{k.field}"
                 for k in owners]
        if "*" in self.set:
            names = [f"{k.set}.{k.field}" for k in owners]
        return unknown("field", self.text.removeprefix("*."), names)


class Selection:
    """What the person asked for by names; without any, everything."""

    def __init__(self, texts):
        self.patterns = [Pattern(text) for text in texts]

    def sets(self, known):
        """What has to be read, as names of sets with their wildcards, which may stand
        for others later; None stands for all. With None for @known they are not checked."""
        if not self.patterns:
            return None
        for pattern in self.patterns:
            if known is not None and not any(map(pattern.matches_set, known)):
                raise unknown("set", pattern.set, known)
        return list(dict.fromkeys(p.set for p in self.patterns))

    def wants(self, name):
        """Is there anything to show of the set?"""
        return not self.patterns or any(p.matches_set(name) for p in self.patterns)

    def check_sample(self, sample):
        """Complain of a pattern that matches nothing in the first sample. A set that is
        stalled has no instances to show."""
        cuts = sample.sets.values()
        self.check((key for cut in cuts for key in cut.values),
                   [cut.name for cut in cuts if cut.stalled])

    def check(self, keys, stalled=()):
        """Complain of a pattern that matches none of @keys."""
        keys = list(keys)
        for pattern in self.patterns:
            if pattern.instance is not None and any(map(pattern.matches_set, stalled)):
                continue
            if not pattern.among(keys):
                raise pattern.complain(keys)

    def among(self, keys):
        """Those of @keys that were asked for, in their order."""
        if not self.patterns:
            return list(keys)
        found = {key for pattern in self.patterns for key in pattern.among(keys)}
        return [key for key in keys if key in found]

    def keys(self, cut):
        """The series of @cut that were asked for."""
        return self.among(cut.values)
