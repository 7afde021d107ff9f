# SPDX-License-Identifier: GPL-2.0
"""
Expressions over series, in exact arithmetic.

    hits / (hits + misses)              fields of the only set shown
    kmem.kmalloc_count == sum(kmem.kmalloc_bucket_*)
    block{dm-0}.reads <= block.reads
    rate(kmem.kfree_calls) < 10k and age(kmem) < 5

Operators, from the weakest: or; and; not; < <= == != >= >; << >>; + -; * / %; unary -.
delta(NAME) is the change since the sample before, rate(NAME) that per second.
sum, min, max, avg and count take a pattern, or delta() or rate() of one. age(SET) is
in seconds; errors(SET) and stalled(SET) are numbers; abs(X) is what it says. Numbers
may end in k, M, G or Ki, Mi, Gi.

Integers and fractions are exact. A division by zero, a change that has no sample
before, and what is not there any more have no value; neither has what is computed from
them. Instances of a stalled family have none either: the kernel may not show them.
"""

import re
from fractions import Fraction

from .errors import CstatError, unknown
from .select import Pattern, has_wildcard

_TOKEN = re.compile(r"""\s*(?:
    (?P<number>\d+(?:\.\d+)?(?:[KMG]i|[kMG])?\b) |
    (?P<op><<|>>|<=|>=|==|!=|[-+*/%<>()]) |
    (?P<name>[a-z][a-z0-9_]*(?:\{(?:"[^"]*"|[^"}])*\})?(?:\.[a-z][a-z0-9_]*
             (?:\{[a-z_]+="[^"\s]*"\})?)?)
)""", re.X)
_PATTERN = re.compile(r"\s*((?:[a-z0-9_.*?\[\]]|\{(?:\"[^\"]*\"|[^\"}])*\})+)\s*\)", re.X)
_SUFFIX = {"k": 10 ** 3, "M": 10 ** 6, "G": 10 ** 9,
           "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
_AGGREGATES = {"sum": sum, "min": min, "max": max, "count": len,
               "avg": lambda v: Fraction(sum(v), len(v))}
_COMPARE = {"<": lambda a, b: a < b, "<=": lambda a, b: a <= b, "==": lambda a, b: a == b,
            "!=": lambda a, b: a != b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b}


_MOST = 10 ** 300	# a float holds all that is less


class _NoValue(Exception):
    """The expression has no value in this sample."""


class Expression:
    """`NAME=EXPR` or `EXPR`, parsed; evaluate() gives its value in a sample."""

    def __init__(self, text):
        match = re.match(r"\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=(?!=)(.*)", text, re.S)
        self.name = match[1] if match else text.strip()
        self.text = (match[2] if match else text).strip()
        self._pos = 0
        self._token = None
        self.patterns = []	# of the series that it reads
        self.set_names = []	# that it names in age(), errors(), stalled()
        self.asks_stalled = set()	# those of them in stalled()
        self._first = True	# it has not been evaluated yet
        self.used = []		# (name, value) of the last evaluation
        self._advance()
        self._run = self._or()
        if self._token:
            self._fail("an operator or the end")

    @property
    def of_changes(self):
        """Does it need a sample before?"""
        return bool(re.search(r"\b(delta|rate)\s*\(", self.text))

    # Reading the text. Each of these returns a function of a scope.

    def _fail(self, wanted):
        at = self.text[self._start:] or "the end"
        raise CstatError(f"{self.text!r}: expected {wanted} at {at!r}",
                         "cstat(1) describes expressions; an example: "
                         "--expr 'hit=hits/(hits+misses)'")

    def _advance(self):
        while self._pos < len(self.text) and self.text[self._pos].isspace():
            self._pos += 1
        self._start = self._pos
        if self._pos == len(self.text):
            self._token = self._kind = None
            return
        match = _TOKEN.match(self.text, self._pos)
        if not match:
            self._fail("a number, a name or an operator")
        self._kind = match.lastgroup
        self._token = match[self._kind]
        self._pos = match.end()

    def _take(self, *tokens):
        if self._token in tokens and self._kind is not None:
            token = self._token
            self._advance()
            return token
        return None

    def _chain(self, below, apply, *tokens):
        run = below()
        while True:
            token = self._take(*tokens)
            if not token:
                return run
            run = apply(token, run, below())

    def _or(self):
        return self._chain(self._and, lambda _, a, b: lambda s: int(a(s) != 0 or b(s) != 0), "or")

    def _and(self):
        return self._chain(self._not, lambda _, a, b: lambda s: int(a(s) != 0 and b(s) != 0),
                           "and")

    def _not(self):
        if self._take("not"):
            run = self._not()
            return lambda s: int(run(s) == 0)
        return self._comparison()

    def _comparison(self):
        first = run = self._shift()
        token = self._take(*_COMPARE)
        if not token:
            return first
        pairs = []
        while token:
            last = self._shift()
            pairs.append((_COMPARE[token], run, last))
            run = last
            token = self._take(*_COMPARE)
        return lambda s: int(all(test(a(s), b(s)) for test, a, b in pairs))

    def _shift(self):
        def apply(token, a, b):
            def run(scope):
                value, by = a(scope), b(scope)
                if by != int(by) or not 0 <= by < 1024:
                    raise CstatError(f"{self.text!r}: cannot shift by {by}")
                return value * 2 ** int(by) if token == "<<" else value // 2 ** int(by)
            return run
        return self._chain(self._sum, apply, "<<", ">>")

    def _sum(self):
        return self._chain(self._product, lambda t, a, b: (
            (lambda s: a(s) + b(s)) if t == "+" else (lambda s: a(s) - b(s))), "+", "-")

    def _product(self):
        def apply(token, a, b):
            def run(scope):
                value, by = a(scope), b(scope)
                if token == "*":
                    return value * by
                if by == 0:
                    raise _NoValue("a division by zero")
                return Fraction(value) / by if token == "/" else value % by
            return run
        return self._chain(self._unary, apply, "*", "/", "%")

    def _unary(self):
        if self._take("-"):
            run = self._unary()
            return lambda s: -run(s)
        return self._primary()

    def _close(self, run):
        if not self._take(")"):
            self._fail("`)`")
        return run

    def _primary(self):
        kind, token = self._kind, self._token
        if self._take("("):
            return self._close(self._or())
        if kind == "number":
            self._advance()
            digits = token.rstrip("kKMGi")
            value = Fraction(digits) * _SUFFIX.get(token[len(digits):], 1)
            value = int(value) if value.denominator == 1 else value
            return lambda s: value
        if kind == "name" and token not in ("and", "or", "not"):
            start = self._pos
            self._advance()
            if self._token != "(":
                return self._series(token)
            if token == "abs":
                self._advance()
                run = self._close(self._or())
                return lambda s: abs(run(s))
            if token in _AGGREGATES:
                return self._aggregate(_AGGREGATES[token])
            if token in ("delta", "rate"):
                self._advance()
                name = self._token
                if self._kind != "name":
                    self._fail("a name")
                self._advance()
                return self._close(self._series(name, token))
            if token in ("age", "errors", "stalled"):
                self._advance()
                name = self._token
                if self._kind != "name":
                    self._fail("the name of a set")
                self._advance()
                self.set_names.append(name)
                if token == "stalled":
                    self.asks_stalled.add(name)
                return self._close(lambda s: s.about(token, name))
            self._start = start - len(token)
            self._fail("one of sum, min, max, avg, count, delta, rate, abs, age, errors, stalled")
        return self._fail("a number, a name or `(`")

    def _series(self, name, how="value"):
        pattern = Pattern(name if "." in name or "{" in name else f"*.{name}")
        self.patterns.append(pattern)
        label = name if how == "value" else f"{how}({name})"

        def run(scope):
            value = scope.one(pattern, name, how)
            self.used.append((label, value))
            return value
        return run

    def _aggregate(self, function):
        how = "value"
        match = re.compile(r"\(\s*(delta|rate)\s*\(").match(self.text, self._start)
        if match:
            how = match[1]
            self._pos = match.end()
        match = _PATTERN.match(self.text, self._pos)
        if not match:
            self._start = self._pos
            self._fail("a pattern such as kmem.kmalloc_bucket_*")
        self._pos = match.end()
        self._advance()
        if how != "value":
            self._close(None)
        text = match[1]
        pattern = Pattern(text if "." in text else f"*.{text}")
        self.patterns.append(pattern)

        def run(scope):
            values = scope.all(pattern, text, how)
            if not values and function in (min, max, _AGGREGATES["avg"]):
                raise _NoValue("nothing to take it of")
            value = function(values)
            self.used.append((f"{how} of {text}" if how != "value" else text, value))
            return value
        return run

    def evaluate(self, scope):
        """The value as int or Fraction; None when it has none."""
        self.used = []
        # A name that is not there at first is a mistake; later it may have gone.
        scope.strict, self._first = self._first, False
        try:
            value = self._run(scope)
        except _NoValue:
            return None
        if abs(value) >= _MOST:
            raise CstatError(f"{self.text!r}: the value has more than 300 digits",
                             "shift by less, or divide")
        return value


class Scope:
    """The series of one sample, for expressions."""

    def __init__(self, sample, changes):
        self._sample = sample
        self._changes = changes
        self.touched = set()	# the sets that values were taken of, or looked for in
        self.strict = True	# complain of what is not there

    def _keys(self, pattern):
        """The series that @pattern matches."""
        cuts = [c for name, c in self._sample.sets.items() if pattern.matches_set(name)]
        if pattern.instance is not None:
            self.touched.update(cut.name for cut in cuts)
            if any(cut.stalled for cut in cuts):
                raise _NoValue("a stalled family may show no instances")
        return [key for cut in cuts for key in pattern.among(cut.values)]

    def _missing(self, pattern):
        if self.strict and not self._gone(pattern):
            raise pattern.complain([k for c in self._sample.sets.values() for k in c.values])
        raise _NoValue("it is gone")

    def _value(self, key, how):
        self.touched.add(key.set)
        if how == "value":
            return self._sample.sets[key.set].values[key]
        change = self._changes.get(key.set)
        delta = change.delta(key) if change else None
        if delta is None or (how == "rate" and change.elapsed_ns == 0):
            raise _NoValue("no sample before")
        return Fraction(delta * 10 ** 9, change.elapsed_ns) if how == "rate" else delta

    def one(self, pattern, name, how):
        """The value of the only series that @pattern matches."""
        keys = [k for k in self._keys(pattern) if k.field == pattern.field]
        if not keys:
            self._missing(pattern)
        if len(keys) > 1:
            raise CstatError(f"{name} is in several sets: "
                             + " ".join(k.name for k in keys[:6]),
                             "write the set before it, as in " + keys[0].name)
        return self._value(keys[0], how)

    def all(self, pattern, name, how):
        """The values of all series that @pattern matches. Of the instances that wildcards
        stand for there may be none."""
        keys = self._keys(pattern)
        if not keys and (self._gone(pattern) or pattern.instance is None
                         or not has_wildcard(pattern.instance)
                         or any(pattern.is_of(key) for cut in self._sample.sets.values()
                                for key in cut.values)):
            self._missing(pattern)
        return [self._value(key, how) for key in keys]

    def _gone(self, pattern):
        return not any(pattern.matches_set(name) for name in self._sample.sets)

    def about(self, what, name):
        cut = self._sample.sets.get(name)
        if cut is None:
            raise _NoValue("the set is gone")
        self.touched.add(name)
        if what == "age":
            return Fraction(cut.age_ns(self._sample.now_ns), 10 ** 9)
        return cut.errors if what == "errors" else int(cut.stalled is not None)


def check_names(expressions, known):
    """Complain of sets that do not exist."""
    for expression in expressions:
        names = [p.set for p in expression.patterns] + expression.set_names
        for name in names:
            if not any(Pattern(name).matches_set(k) for k in known):
                raise unknown("set", name, known)


def shown(value, digits=6):
    """An int, or a Fraction as a decimal; "-" for no value."""
    if value is None:
        return "-"
    if isinstance(value, Fraction) and value.denominator != 1:
        return f"{float(value):.{digits}g}"
    return str(int(value))
