# SPDX-License-Identifier: GPL-2.0
"""Patterns and expressions."""

import unittest
from fractions import Fraction

from cstat.change import Change
from cstat.errors import CstatError
from cstat.expr import Expression, Scope, shown
from cstat.select import Pattern, Selection, expand, only_instances
from cstat.text import Key, Sample, parse

OLD = """cstats version: 1
# b snapshot 1 time_ns 1000000000
b.reads 4
b.big 9223372036854775806
"""
NEW = """cstats version: 1
# b errors 2
# b snapshot 2 time_ns 3000000000
b.reads 7
b.writes 1
b.big 9223372036854775807
b.lat_count 3
b.lat_sum 30
b.lat_bucket_10 1
b.lat_bucket_inf 2
b{device="dm-0"}.reads 3
b{device="my\\040disk"}.reads 4
b{device="x.y"}.writes 1
# c snapshot 2 time_ns 3000000000
c.reads 5
"""


def scope():
    sample = Sample(0, 5_000_000_000)
    sample.sets = parse(NEW, "new")
    old = parse(OLD, "old")
    return Scope(sample, {name: Change(old.get(name), c, {}) for name, c in sample.sets.items()})


def family(*devices, stalled=False):
    """The scope of a sample with set b and these instances, of which a stall shows none."""
    sample = Sample(0, 5)
    note = "# b stalled: x\n" if stalled else ""
    sample.sets = parse(f"cstats version: 1\n{note}# b snapshot 1 time_ns 1\nb.reads 9\n"
                        + "".join(f'b{{device="{d}"}}.reads 3\n' for d in devices), "new")
    return Scope(sample, {})


def value(text):
    return Expression(text).evaluate(scope())


class Expressions(unittest.TestCase):
    def test_values(self):
        for text, result in (
                ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("10 - 2 - 3", 5), ("7 / 2", Fraction(7, 2)),
                ("-7 % 4", 1), ("1 << 3 + 1", 16), ("2k + 1Ki", 3024), ("1.5M", 1500000),
                ("not 0 and 1", 1), ("0 or 0", 0), ("1 < 2 <= 2", 1), ("1 < 2 < 2", 0),
                ("3 != 3", 0), ("abs(2 - 5)", 3),
                ("b.reads", 7), ("writes", 1), ("b.big", 2 ** 63 - 1),
                ("b.reads/(b.reads+b.writes)", Fraction(7, 8)),
                ("b{dm-0}.reads", 3), ('b{device="my\\040disk"}.reads', 4), ("b{my disk}.reads", 4),
                ("b{x.y}.writes", 1),
                ("sum(b{*}.reads) == b.reads", 1), ("sum(b.lat_bucket_*) == b.lat_count", 1),
                ("sum(*.reads)", 12), ("count(b{*}.reads)", 2), ("max(b{*}.reads)", 4),
                ("avg(b{*}.reads)", Fraction(7, 2)), ("sum(b{nothing*}.reads)", 0),
                ("delta(b.reads)", 3), ("rate(b.reads)", Fraction(3, 2)),
                ("delta(b.big) == 1", 1), ("sum(delta(b.re*))", 3),
                ("errors(b)", 2), ("errors(c)", 0), ("age(b)", 2), ("stalled(b)", 0)):
            self.assertEqual(value(text), result, text)

    def test_no_value(self):
        for text in ("1 / 0", "b.reads % (b.writes - 1)", "delta(c.reads)", "1 + rate(c.reads)",
                     "min(b{nothing*}.reads)"):
            self.assertIsNone(value(text), text)

    def test_short_circuit(self):
        self.assertEqual(value("1 or 1 / 0"), 1)
        self.assertEqual(value("0 and 1 / 0"), 0)

    def test_exact_where_doubles_are_not(self):
        self.assertEqual(value("b.big - 9223372036854775806"), 1)
        self.assertEqual(value("b.big / 3 * 3 == b.big"), 1)

    def test_name(self):
        self.assertEqual(Expression("hit=a/(a+b)").name, "hit")
        self.assertEqual(Expression("a == b").name, "a == b")

    def test_mistakes(self):
        for text in ("", "1 +", "(1", "a b", "1 ~ 2", "foo(1)", "sum()", "sum(1 + 2)", "max(a",
                     "a = = b", "delta(1)", "age()", "$x", "1 2"):
            with self.assertRaises(CstatError, msg=text):
                Expression(text)

    def test_too_large(self):
        for text in ("(1<<1000)*(1<<1000)", "-(1<<1000)", "(1<<1000)*(1<<1000)/3"):
            with self.assertRaisesRegex(CstatError, "300 digits"):
                value(text)
        self.assertEqual(value("(1<<1000)*(1<<1000)/(1<<1000)/(1<<1000)"), 1)

    def test_unknown_names(self):
        for text, near in (("b.raeds", "b.reads"), ("b{dm-1}.reads", "b{dm-0}")):
            with self.assertRaises(CstatError) as caught:
                value(text)
            self.assertIn(near, caught.exception.hint)

    def test_unknown_names_in_aggregates(self):
        for text in ("sum(b{nope}.reads)", 'count(b{device="nope"}.reads)', "sum(b{*}.raeds)",
                     "sum(b.raeds*)"):
            with self.assertRaises(CstatError, msg=text):
                value(text)

    def test_what_has_gone_has_no_value(self):
        """Only a name that was never there is a mistake."""
        for text in ("b{x}.reads", "sum(b{x}.reads)", "delta(b{x}.reads)", "max(b{x*}.reads)"):
            expression = Expression(text)
            self.assertEqual(expression.evaluate(family("x", "y")),
                             None if "delta" in text else 3, text)
            for later in (family("y"), family(), family("x", stalled=True)):
                self.assertIsNone(expression.evaluate(later), text)
                self.assertEqual(later.touched, {"b"}, text)
        expression = Expression("sum(b{*}.reads)")
        self.assertEqual([expression.evaluate(family(*of)) for of in ("xy", "y", "")], [6, 3, 0])
        for text in ("sum(b.reads)", "count(b{*}.reads)"):
            expression = Expression(text)
            expression.evaluate(family("x"))
            self.assertIsNone(expression.evaluate(Scope(Sample(0, 0), {})), text)

    def test_a_stalled_family_has_no_instances(self):
        for text in ("b{x}.reads", "count(b{*}.reads)", "sum(b{x}.reads)"):
            at_first = family(stalled=True)
            self.assertIsNone(Expression(text).evaluate(at_first), text)
            self.assertEqual(at_first.touched, {"b"})
        self.assertEqual(Expression("b.reads").evaluate(family(stalled=True)), 9)

    def test_what_stalled_is_asked_of(self):
        expression = Expression("stalled (b) or age(c) < 5 and stalled( d ) == 0")
        self.assertEqual(expression.asks_stalled, {"b", "d"})

    def test_ambiguous(self):
        with self.assertRaisesRegex(CstatError, "several sets"):
            value("reads")

    def test_used(self):
        expression = Expression("b.reads == sum(b{*}.reads) + 1")
        expression.evaluate(scope())
        self.assertEqual(dict(expression.used), {"b.reads": 7, "b{*}.reads": 7})

    def test_shown(self):
        self.assertEqual([shown(v) for v in (None, 2 ** 63, Fraction(1, 3), Fraction(4, 2))],
                         ["-", "9223372036854775808", "0.333333", "2"])


class Patterns(unittest.TestCase):
    KEYS = [Key("b", None, None, "reads"), Key("b", None, None, "lat_count"),
            Key("b", None, None, "lat_bucket_10"), Key("b", "device", "dm-0", "reads"),
            Key("b", "device", "a.b{c}", "reads"), Key("kmem", None, None, "kfree_calls")]

    def names(self, *patterns):
        selection = Selection(patterns)
        return [k.name for k in selection.among(self.KEYS)]

    def test_matches(self):
        for patterns, names in (
                ((), [k.name for k in self.KEYS]),
                (("kmem",), ["kmem.kfree_calls"]),
                (("k*",), ["kmem.kfree_calls"]),
                (("b.reads",), ["b.reads"]),
                (("b.r*", "kmem.*"), ["b.reads", "kmem.kfree_calls"]),
                (("b{dm-*}",), ['b{device="dm-0"}.reads']),
                (('b{device="dm-0"}.reads',), ['b{device="dm-0"}.reads']),
                (('b{disk="dm-0"}.reads',), []),
                (("b{a.b{c}}.reads",), ['b{device="a.b{c}"}.reads']),
                (("b.lat",), ["b.lat_count", "b.lat_bucket_10"])):
            self.assertEqual(self.names(*patterns), names, patterns)

    def test_counters_that_look_like_parts_of_a_histogram(self):
        keys = [Key("s", None, None, f) for f in ("page", "page_count", "page_sum")]
        keys += [key._replace(set="t") for key in keys[1:]]
        for pattern, names in (
                ("s.page", ["s.page"]), ("t.page", ["t.page_count", "t.page_sum"]),
                ("*.page", ["s.page", "t.page_count", "t.page_sum"]),
                ("s.page*", ["s.page", "s.page_count", "s.page_sum"])):
            self.assertEqual([k.name for k in Selection([pattern]).among(keys)], names)
            self.assertEqual([k.name for k in Pattern(pattern).among(keys)], names)

    def test_only_the_sets_that_are_asked_for(self):
        self.assertEqual(Selection(["b.reads"]).sets(["a", "b", "bb"]), ["b"])
        names = Selection(["b*", "b*.x", "a"]).sets(["a", "b", "bb"])
        self.assertEqual(names, ["b*", "a"])
        self.assertEqual(expand(names, ["a", "b", "bb", "c"]), ["a", "b", "bb"])
        self.assertIsNone(Selection([]).sets(["a", "b"]))

    def test_only_instance(self):
        for patterns, only in (
                (("b{dm-0}.reads",), {"b": "dm-0"}),
                (("b{dm-0}.reads", 'b{device="dm-0"}', "c"), {"b": "dm-0"}),
                (('b{device="my\\040disk"}', "c{x}.y"), {"b": "my disk", "c": "x"}),
                (("b{dm-0}", "b{dm-1}"), {}), (("b{dm-0}", "b.reads"), {}),
                (("b{dm-0}", "*.reads"), {}), (("b{dm-*}",), {}), (("b{}",), {}),
                (("b*{dm-0}",), {}), ((), {})):
            self.assertEqual(only_instances([Pattern(p) for p in patterns]), only, patterns)

    def test_a_stalled_family_is_no_unknown_instance(self):
        sample = Sample(0, 0)
        for note, fails in (("", True), ("# b stalled: x\n", False)):
            sample.sets = parse(f"cstats version: 1\n{note}# b snapshot 1 time_ns 1\nb.x 1\n", "")
            try:
                Selection(["b{dm-0}"]).check_sample(sample)
                self.assertFalse(fails)
            except CstatError:
                self.assertTrue(fails)

    def test_a_strange_name_is_proposed_as_one_types_it(self):
        for instance, name in (("my disk", "b{my disk}"), ('a"\\b', 'b{a"\\b}'),
                               ("tab\t", 'b{device="tab\\011"}')):
            key = Key("b", "device", instance, "reads")
            with self.assertRaises(CstatError) as caught:
                Selection([name[:-2] + "}"]).check([key])
            self.assertEqual(caught.exception.hint, f"did you mean {name}?")
            self.assertEqual(Selection([name]).among([key]), [key])

    def test_nearest(self):
        for pattern, near in (("kmem.kfree_cals", "kmem.kfree_calls"), ("b{dm_0}", "b{dm-0}"),
                              ("b.raeds", "b.reads")):
            with self.assertRaises(CstatError) as caught:
                Selection([pattern]).check(self.KEYS)
            self.assertEqual(caught.exception.hint, f"did you mean {near}?")
        with self.assertRaises(CstatError) as caught:
            Selection(["kmen"]).sets(["b", "kmem"])
        self.assertEqual((caught.exception.hint, caught.exception.status),
                         ("did you mean kmem?", 2))
