# SPDX-License-Identifier: GPL-2.0
"""The kernel's text, fields, units and changes."""

import unittest

from cstat.change import Change
from cstat.errors import CstatError
from cstat.fields import INF, field_of, fields_text, histograms, parse_fields
from cstat.text import Key, Sample, escape, parse, unescape, wrap
from cstat.units import human, seconds

HEAD = "cstats version: 1\n"


def cut(text):
    return parse(HEAD + text, "text")["s"]


class Text(unittest.TestCase):
    def test_header(self):
        c = cut("# s snapshot 42 time_ns 1234567890123 cpus 2 rotation_ns 2213\ns.x 1\n")
        self.assertEqual((c.number, c.time_ns, c.cpus, c.rotation_ns, c.since_ns),
                         (42, 1234567890123, 2, 2213, None))

    def test_header_with_more(self):
        c = cut("# s snapshot 42 time_ns 5 cpus 2 rotation_ns 3 since_ns 4 colour 7\ns.x 1\n")
        self.assertEqual(c.since_ns, 4)

    def test_notes_before_and_after(self):
        for text in ("# s errors 3\n# s stalled: why\n# s snapshot 1 time_ns 2\n",
                     "# s snapshot 1 time_ns 2\n# s stalled: why\n# s errors 3\n"):
            c = cut(text)
            self.assertEqual((c.errors, c.stalled), (3, "why"))

    def test_notes_that_are_not_known(self):
        c = cut("# s stalled_reads 0\n# s stalled 3\n# s errors_seen 3\n"
                "# s snapshot 1 time_ns 2\n")
        self.assertEqual((c.errors, c.stalled), (0, None))
        for note in ("stalled", "stalled:", "stalled: "):
            self.assertEqual(cut(f"# s {note}\n# s snapshot 1 time_ns 2\n").stalled,
                             "the snapshot is an old one")

    def test_a_note_without_snapshot_is_no_set(self):
        self.assertEqual(parse(HEAD + "# s errors 3\n", "text"), {})

    def test_64_bits(self):
        c = cut("# s snapshot 18446744073709551615 time_ns 1\n"
                "s.max 9223372036854775807\ns.min -9223372036854775808\n")
        self.assertEqual(c.values[Key("s", None, None, "max")], 2 ** 63 - 1)
        self.assertEqual(c.values[Key("s", None, None, "min")], -2 ** 63)
        self.assertEqual(c.number, 2 ** 64 - 1)

    def test_families(self):
        c = cut('# s snapshot 1 time_ns 1\ns.reads 3\ns{device="a\\040b\\134\\042\\n"}.reads 3\n'
                's{device="0000:00:1f.2"}.reads 5\n')
        names = [k.instance for k in c.values]
        self.assertEqual(names, [None, 'a b\\"\\n', "0000:00:1f.2"])

    def test_escape_is_reversed(self):
        for text in ("dm-0", "a b", 'quote"', "back\\slash", "tab\there", "line\nend", "ü", "}.x",
                     "\\040", "bell\a", "\x01\x1f\x7f", "\xa0\u2028\x85", "\udcff"):
            self.assertEqual(unescape(escape(text)), text)
            self.assertNotRegex(escape(text), r'[\x01-\x20"\x7f]')

    def test_names_of_devices(self):
        """Blanks of Unicode and bytes that are no UTF-8 stand as they are."""
        for text in ("\xa0", "\u2003x", "\x85", "\udcff", "a}.x 1", '{d="x"}.y', "\a\x7f"):
            key = Key("s", "d", text, "x")
            self.assertEqual(cut(f"# s snapshot 1 time_ns 1\n{key.name} 5\n").values, {key: 5})

    def test_name_is_parsed_again(self):
        key = Key("s", "device", 'a "b" \\c\n', "reads")
        c = cut(f"# s snapshot 1 time_ns 1\n{key.name} 7\n")
        self.assertEqual(c.values, {key: 7})

    def test_percpu_adds_up(self):
        c = cut("# s snapshot 1 time_ns 1\ns.x 0 5\ns.x 1 -7\n")
        key = Key("s", None, None, "x")
        self.assertEqual(c.percpu, {key: {0: 5, 1: -7}})
        self.assertEqual(c.values, {key: -2})

    def test_sections_without_a_set(self):
        cuts = parse(HEAD + "# sections without a set: 7\n# s snapshot 1 time_ns 1\n", "text")
        self.assertEqual((cuts.lost, list(cuts)), (7, ["s"]))

    def test_strange_lines_are_skipped(self):
        c = cut("# s snapshot 1 time_ns 1\n# new: 1\nnonsense\ns.x\ns.x 1.5\ns.X 1\n s.x 1\n"
                "s.y 1 \ns.ok 1\n\n")
        self.assertEqual([k.field for k in c.values], ["ok"])

    def test_another_version(self):
        with self.assertRaisesRegex(CstatError, "version 2"):
            parse("cstats version: 2\n", "text")

    def test_no_version(self):
        with self.assertRaisesRegex(CstatError, "no line"):
            parse("# s snapshot 1 time_ns 1\ns.x 1\n", "text")

    def test_a_text_cut_short(self):
        whole = HEAD + '# s snapshot 1 time_ns 22 cpus 3\ns.x 1\ns{d="q"}.x 1\n'
        for length in range(len(HEAD), len(whole)):
            parse(whole[:length], "text")	# nothing worse than missing lines


class Fields(unittest.TestCase):
    TABLE = parse_fields("# name kind unit description\n"
                         "in counter items what came in\nout counter -\nnow gauge - what is\n"
                         "wait histogram ns time\n")

    def test_parse(self):
        self.assertEqual(self.TABLE["in"][1:], ("counter", "items", "what came in"))
        self.assertEqual(self.TABLE["out"][1:], ("counter", None, ""))
        self.assertEqual(self.TABLE["now"][1:], ("gauge", None, "what is"))

    def test_comments(self):
        table = parse_fields("# name kind unit description\n# block flavour rcu\n"
                             "# block label device instances 12\n# block new 5 odd\n"
                             "reads counter requests read\n")
        self.assertEqual((table.flavour, table.label, table.instances, list(table)),
                         ("rcu", "device", 12, ["reads"]))
        self.assertEqual(table.about(), "RCU flavour, a family with 12 instances by device")
        again = parse_fields(fields_text("block", table))
        self.assertEqual((again, again.flavour, again.label), (table, "rcu", "device"))
        self.assertEqual(again.about(), "RCU flavour, a family by device")
        self.assertEqual(self.TABLE.about(), "")

    def test_parts_of_a_histogram(self):
        self.assertEqual(field_of(self.TABLE, "wait_sum")[1:3], ("counter", "ns"))
        self.assertEqual(field_of(self.TABLE, "wait_count")[1:3], ("counter", None))
        self.assertEqual(field_of(self.TABLE, "other_sum").unit, None)

    def test_histograms(self):
        names = ["wait_count", "wait_sum", "wait_bucket_inf", "wait_bucket_200",
                 "wait_bucket_1000", 'lat_bucket{le="5"}', 'lat_bucket{le="+Inf"}', "lat_sum",
                 "lat_count", "torn_bucket_1", "torn_count", "zero_count", "zero_sum",
                 "zero_bucket_inf", "zero_bucket_0", "order_0"]
        found = histograms(names)
        self.assertEqual(sorted(found), ["lat", "wait", "zero"])
        self.assertEqual([b for b, _ in found["zero"].buckets], [0, INF])
        self.assertEqual([b for b, _ in found["wait"].buckets], [200, 1000, INF])
        self.assertEqual([b for b, _ in found["lat"].buckets], [5, INF])


class Units(unittest.TestCase):
    def test_human(self):
        for value, unit, text in ((0, "bytes", "0B"), (1023, "bytes", "1023B"),
                                  (1536, "bytes", "1.50KiB"), (2 ** 63 - 1, "bytes", "8.00EiB"),
                                  (999999, None, "1.00M"), (-2500, "calls", "-2.50k"),
                                  (12, None, "12"), (0.25, None, "0.2"), (0, "ns", "0"),
                                  (1500, "ns", "1.50us"), (3, "ms", "3.00ms"),
                                  (90, "s", "90.0s")):
            self.assertEqual(human(value, unit), text)

    def test_seconds(self):
        self.assertEqual(seconds(1234567890), "1.234")
        self.assertEqual(seconds(-1, 9), "-0.000000001")
        self.assertEqual(seconds(2 ** 64, 9), "18446744073.709551616")


class Changes(unittest.TestCase):
    TABLE = parse_fields("c counter - x\ng gauge - x\n")

    def change(self, old, new):
        def of(text):
            return cut(f"# s snapshot {text}")
        return Change(of(old) if old else None, of(new), self.TABLE)

    def delta(self, old, new, field="c"):
        return self.change(old, new).delta(Key("s", None, None, field))

    def test_exact(self):
        self.assertEqual(self.delta("1 time_ns 1\ns.c 9007199254740993\n",
                                    "2 time_ns 2\ns.c 9223372036854775807\n"),
                         2 ** 63 - 1 - 2 ** 53 - 1)

    def test_wraps(self):
        self.assertEqual(self.delta("1 time_ns 1\ns.c 9223372036854775807\n",
                                    "2 time_ns 2\ns.c -9223372036854775808\n"), 1)
        self.assertEqual(wrap(2 ** 63), -2 ** 63)

    def test_rate_by_the_data_s_clock(self):
        change = self.change("1 time_ns 1000000000\ns.c 0\n", "9 time_ns 3000000000\ns.c 10\n")
        self.assertEqual(change.rate(Key("s", None, None, "c")), 5.0)

    def test_the_same_snapshot_has_no_rate(self):
        change = self.change("1 time_ns 5\ns.c 3\n", "1 time_ns 5\ns.c 3\n")
        key = Key("s", None, None, "c")
        self.assertEqual((change.delta(key), change.rate(key)), (0, None))

    def test_first(self):
        self.assertEqual(self.change(None, "1 time_ns 5\ns.c 3\n").why, "first")

    def test_made_anew(self):
        self.assertEqual(self.change("7 time_ns 5\ns.c 3\n", "1 time_ns 9\ns.c 4\n").why, "anew")

    def test_reset_by_since_ns(self):
        old = "1 time_ns 5 since_ns 1\ns.c 3\n"
        self.assertEqual(self.change(old, "2 time_ns 9 since_ns 6\ns.c 4\n").why, "reset")
        self.assertIsNone(self.change(old, "2 time_ns 9 since_ns 1\ns.c 2\n").why)

    def test_reset_without_since_ns(self):
        old = "1 time_ns 5\ns.c 3\ns.g 9\n"
        self.assertEqual(self.change(old, "2 time_ns 9\ns.c 2\ns.g 9\n").why, "reset")
        self.assertIsNone(self.change(old, "2 time_ns 9\ns.c 3\ns.g 1\n").why)
        self.assertEqual(self.delta(old, "2 time_ns 9\ns.c 3\ns.g 1\n", "g"), -8)

    def test_a_new_series_has_no_change(self):
        self.assertIsNone(self.delta("1 time_ns 5\ns.g 3\n", "2 time_ns 9\ns.c 4\n"))

    def test_an_instance_that_was_removed_and_added(self):
        change = self.change('1 time_ns 5 since_ns 1\ns.c 9\ns{i="a"}.c 4\ns{i="a"}.g 3\n'
                             's{i="b"}.c 5\ns{i="b"}.g 5\n',
                             '2 time_ns 9 since_ns 1\ns.c 12\ns{i="a"}.c 1\ns{i="a"}.g 9\n'
                             's{i="b"}.c 7\ns{i="b"}.g 1\n')
        self.assertEqual([change.delta(Key("s", "i", i, f)) for i in "ab" for f in "cg"],
                         [None, None, 2, -4])
        self.assertEqual(change.delta(Key("s", None, None, "c")), 3)

    def test_age(self):
        sample = Sample(0, 50)
        self.assertEqual(cut("# s snapshot 1 time_ns 20\n").age_ns(sample.now_ns), 30)
