# SPDX-License-Identifier: GPL-2.0
"""The live screen: its lines, and in a terminal (tmux)."""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
import unittest

from common import CSTAT, KMEM, Case
from cstat.change import History
from cstat.expr import Expression
from cstat.select import Selection
from cstat.source import Debugfs
from cstat.view import View, bar, compress, sparkline
from cstat.width import columns_of


class Pieces(unittest.TestCase):
    def test_sparkline(self):
        self.assertEqual(sparkline([0, 1, 2, 7], "▁▂▃▄▅▆▇█"), "▁▂▃█")
        self.assertEqual(sparkline([5, 5], "▁▂▃▄▅▆▇█", None), "▁▁")
        self.assertEqual(sparkline([5, 5], "▁▂▃▄▅▆▇█"), "██")
        self.assertEqual(sparkline([None, 3, -3], "01234567"), " 70")
        self.assertEqual(sparkline([2 ** 63, 0], "01234567"), "70")

    def test_bar(self):
        self.assertEqual(bar(0.5, 4, " #"), "##  ")
        self.assertEqual(bar(1, 4, " ▏▎▍▌▋▊▉█"), "████")
        self.assertEqual(bar(0.03, 4, " ▏▎▍▌▋▊▉█"), "▏   ")
        self.assertEqual(bar(0, 4, " #"), "    ")

    def test_columns(self):
        for text, columns in (("", 0), ("abc", 3), ("größe", 5), ("磁盘", 4), ("e\u0301", 1),
                              ("▾ ▁█", 4)):
            self.assertEqual(columns_of(text), columns, text)

    def test_compress(self):
        self.assertEqual(compress([1, 2, 3, 4, 5], 2), [6, 9])
        self.assertEqual(compress([1, 2], 9), [1, 2])


class Lines(Case):
    """The view, without a terminal."""

    def setUp(self):
        super().setUp()
        self.source = Debugfs(self.debugfs)
        self.history = History(self.source)
        self.view = self.make()
        self.feed(2)

    def make(self, *names, utf8=True, expressions=(), **options):
        options = argparse.Namespace(**{"human": False, "zeros": False, "unchanged": False,
                                        "interval": 1.0, "per_cpu": False, **options})
        return View(self.source, Selection(names), options, expressions, utf8)

    def feed(self, times=1):
        for _ in range(times):
            self.kernel.step()
            sample = self.source.read(None, self.view.per_cpu)
            self.view.feed(sample, self.history.changes(sample))
            self.text()

    def text(self, width=100, height=60):
        lines = self.view.lines(width, height)
        self.assertEqual(len(lines), height)
        texts = ["".join(text for text, _ in line) for line in lines]
        self.assertLessEqual(max(map(columns_of, texts)), width)
        return "\n".join(line.rstrip() for line in texts)

    def keys(self, *keys):
        for key in keys:
            self.view.key(key)

    def type(self, text):
        self.keys(*text, "enter")

    def goto(self, name):
        for _ in range(200):
            if re.search(name, self.view._row().name):
                return
            self.keys("down")
            self.text()
        self.fail(f"no row {name}")

    def test_all_sets(self):
        text = self.text()
        for name in self.kernel.sets:
            self.assertRegex(text, rf"(?m)^▾ {name}  snapshot 3, age 0\.")
        value = sum(self.kernel.values["queue", None, "in_items"])
        self.assertRegex(text, rf"(?m)^  in_items +{value} +[0-9.]+ +items ")

    def test_families_fold(self):
        self.assertIn("▸ device (4)", self.text())
        self.assertNotIn("my disk", self.text())
        self.keys("x")
        self.assertIn("▾ my disk", self.text())
        self.keys("x")
        self.assertNotIn("my disk", self.text())
        self.goto(r"device \(4")
        self.keys("enter")
        self.assertIn("▾ my disk", self.text())
        self.goto("my disk")
        before = len(self.text(100, 200).split())
        self.keys("enter")
        self.assertIn("▸ my disk", self.text())
        self.assertLess(len(self.text(100, 200).split()), before)

    def test_sets_fold(self):
        self.assertIn("allocated_bytes", self.text())
        self.keys("home", "enter")
        self.assertNotIn("allocated_bytes", self.text())
        self.assertIn("▸ heap", self.text())

    def test_histograms_are_bars(self):
        self.assertRegex(self.text(), r"▸ wait +\d+ .* mean ")
        self.assertNotIn("to 1.00us", self.text())
        self.goto("^wait")
        self.keys("enter")
        shares = re.findall(r"(?m)^    (?:to \S+|more) .* (\d+) %$", self.text())
        self.assertEqual(len(shares), 5)
        self.assertAlmostEqual(sum(map(int, shares)), 100, delta=3)
        self.assertRegex(self.text(), r"to 10\.0us +█")
        self.keys("b")
        self.assertEqual(self.text().count("to 1.00us"), 2)
        self.keys("b")
        self.assertNotIn("to 1.00us", self.text())

    def test_filter(self):
        self.keys("f")
        self.assertIn("show fields that match:", self.text())
        self.type("^queue\\..*_items")
        text = self.text()
        self.assertIn("in_items", text)
        self.assertNotIn("allocated_bytes", text)
        self.keys("c")
        self.assertIn("allocated_bytes", self.text())

    def test_filter_of_instances(self):
        self.keys("g")
        self.type("^dm|disk")
        text = self.text()
        self.assertIn("▾ device (2)", text)
        self.assertIn("my disk", text)
        self.assertNotIn("nvme", text)

    def test_bad_filter(self):
        self.keys("f")
        self.type("(")
        self.assertIn("(: ", self.text())
        self.assertIn("allocated_bytes", self.text())

    def test_prompt_is_edited_and_left(self):
        self.keys("f", "a", "b", "backspace", "escape")
        self.assertNotIn("show fields", self.text())
        self.assertIn("queue", self.text())

    def test_order(self):
        def fields():
            return re.findall(r"(?m)^  (\w+_bytes)", self.text())
        self.assertEqual(fields(), ["allocated_bytes", "freed_bytes", "live_bytes"])
        self.keys("o", "o")
        self.assertIn("order: value", self.text())
        values = [sum(self.kernel.values["heap", None, name]) for name in fields()]
        self.assertEqual(values, sorted(values, reverse=True))
        self.keys("o")
        self.assertIn("order: change", self.text())
        self.keys("o")
        self.assertNotIn("order:", self.text().splitlines()[0])

    def test_zeros_and_unchanged(self):
        self.assertIn("in_flight", self.text())
        self.keys("z")
        self.assertNotIn("in_flight", self.text())
        self.keys("z", "Z")
        self.assertNotIn("in_flight", self.text())
        self.assertIn("only changes", self.text())

    def test_help(self):
        self.keys("h")
        text = self.text()
        for key in "qpfgcozZxbPHrR":
            self.assertRegex(text, rf"(?m)^{key} ")
        self.keys("q")		# leaves the help only
        self.assertFalse(self.view.done)
        self.keys("q")
        self.assertTrue(self.view.done)

    def test_delay(self):
        self.keys("s")
        self.type("2.5")
        self.assertEqual(self.view.delay, 2.5)
        self.assertIn("every 2.5 s", self.text())
        for text in ("0", "x", "-1", "1e9", "nan"):
            self.keys("s")
            self.type(text)
            self.assertEqual(self.view.delay, 2.5)
            self.assertIn("not from", self.text())

    def test_count_from_here(self):
        self.keys("r")
        self.assertIn("since r", self.text())
        before = sum(self.kernel.values["queue", None, "in_items"])
        self.feed()
        change = sum(self.kernel.values["queue", None, "in_items"]) - before
        self.assertRegex(self.text(), rf"(?m)^  in_items +{change} ")

    def test_reset_after_a_question(self):
        path = f"{self.debugfs}/cstats_sets/queue/reset"
        self.put("cstats_sets/queue/reset", "")
        self.goto("in_items")
        for no in ("n", "x", "enter", "escape"):
            self.keys("R")
            self.assertIn("reset queue in the kernel, for everybody? (y/n)", self.text())
            self.keys(no)
            self.assertEqual(os.path.getsize(path), 0)
        self.keys("R", "y")
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "1")
        self.assertIn("queue counts from here", self.text())

    def test_reset_that_fails(self):
        self.goto("in_items")
        self.keys("R", "y")
        self.assertIn("cannot reset queue", self.text())

    def test_cpus(self):
        self.keys("P")
        self.feed()
        self.assertRegex(self.text(), r"(?m)^  in_items .* [1-4]\.\d\dx █[▁-█]{3}$")
        self.assertIn("imbalance, CPUs", self.text())

    def test_stalled_is_seen_in_20_columns(self):
        self.kernel.errors["queue"] = 3
        self.kernel.stall("queue")
        self.feed()
        self.assertIn("3 errors, STALLED: a section, a CPU or a grace period takes too long",
                      self.text())
        self.assertRegex(self.text(20, 40), r"(?m)^▾ queue  3 errors")

    def test_a_set_that_goes(self):
        self.keys("end")
        self.kernel.remove("queue")
        self.feed()
        text = self.text()
        self.assertNotIn("in_items", text)
        self.assertIn("went away: queue", text)

    def test_every_size(self):
        self.keys("x", "b")
        for width in list(range(1, 40)) + [80, 300]:
            for height in (1, 2, 3, 4, 10, 100):
                self.text(width, height)

    def test_scrolling(self):
        self.keys("x", "b")
        seen = set()
        for _ in range(200):
            text = self.text(100, 12)
            seen.update(text.splitlines()[2:-1])
            self.keys("down")
        self.assertTrue(any("now_items" in line for line in seen))
        self.keys("home")
        self.assertIn("▾ heap", self.text(100, 12))

    def test_ascii(self):
        self.view = self.make(utf8=False)
        self.feed(3)
        self.keys("x", "b")
        self.text(100, 80).encode("ascii")

    def test_names(self):
        self.view = self.make("queue.in_*")
        self.feed()
        self.assertIn("in_items", self.text())
        self.assertNotIn("out_items", self.text())
        self.assertNotIn("heap", self.text())

    def test_expressions(self):
        self.view = self.make(expressions=[Expression("rest=queue.in_items-queue.out_items"
                                                      "-queue.now_items")])
        self.feed()
        self.assertRegex(self.text(), r"(?m)^  rest +0$")

    def test_expressions_of_what_goes(self):
        self.view = self.make(expressions=[Expression("r=block{dm-0}.reads")])
        self.feed()
        self.assertRegex(self.text(), r"(?m)^  r +\d+$")
        self.kernel.stall("block")
        self.feed()
        self.assertRegex(self.text(), r"(?m)^  r +-$")
        self.kernel.stalled.clear()
        self.feed()
        self.assertRegex(self.text(), r"(?m)^  r +\d+$")
        self.kernel.unplug("dm-0")
        self.feed()
        self.assertRegex(self.text(), r"(?m)^  r +-$")

    def test_wide_characters_keep_the_columns(self):
        self.kernel.devices[:] = ["磁盘" * 8, "e\u0301te\u0301" * 4, "disk"]
        self.kernel.values.clear()
        self.feed(2)
        self.keys("x")
        rows = [line for line in self.text(100, 200).splitlines() if re.match(" +reads +", line)]
        self.assertEqual(len({columns_of(row[:row.index("requests")]) for row in rows}), 1)
        for width in range(1, 60):
            self.text(width, 60)

    def test_control_characters_do_not_reach_the_terminal(self):
        self.kernel.devices.append("a\x1b[31mb")
        self.feed()
        self.keys("x")
        self.assertIn("a?[31mb", self.text(100, 200))


class Terminal(Case):
    """cstat -t in tmux."""

    def setUp(self):
        super().setUp()
        self.stop = self.load(0.02)
        self.socket = None
        self.terminals = 0

    def tmux(self, *args, check=True):
        return subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *args],
                              capture_output=True, text=True, check=check,
                              env=self.environment(TERM="xterm")).stdout

    def begin(self, *args, width=100, height=40, **env):
        """Start cstat in a terminal of its own."""
        self.terminals += 1
        self.socket = os.path.join(self.tmp, f"tmux{self.terminals}")
        words = " ".join(f"{k}={v}" for k, v in env.items())
        self.tmux("new-session", "-d", "-x", str(width), "-y", str(height),
                  f"{words} {sys.executable} {CSTAT} -t {' '.join(args)};"
                  " echo status $?; sleep 1000")
        self.addCleanup(subprocess.run, ["tmux", "-S", self.socket, "kill-server"],
                        capture_output=True, check=False)

    def until(self, condition, what):
        """Wait until @condition is true of the screen, and return that."""
        end = time.monotonic() + 60
        while True:
            screen = self.tmux("capture-pane", "-p")
            if condition(screen):
                return screen
            if time.monotonic() > end:
                self.fail(f"{what} in\n{screen}")
            time.sleep(0.05)

    def see(self, regex, absent=False):
        """Wait until the screen has (or no more has) what matches."""
        return self.until(lambda screen: bool(re.search(regex, screen, re.M)) != absent,
                          f"{'still' if absent else 'no'} {regex!r}")

    def send(self, *keys):
        self.tmux("send-keys", *keys)

    def test_keys(self):
        self.begin("-i", "0.2")
        self.see(r"^  in_items +\d+ +\d+\.\d +items +[▁-█]+")
        self.send("x")
        self.see("▾ my disk")
        self.send("f")
        self.see("show fields that match:")
        self.send("queue", "Enter")
        self.see("allocated_bytes", absent=True)
        self.see("in_items")
        self.send("c", "b")
        self.see(r"to 10\.0us +█")
        self.send("b", "P")
        self.see(r"x █[▁-█]{3}$")
        self.send("s")
        self.send("0.5", "Enter")
        self.see("every 0.5 s")
        self.send("p")
        first = re.search(r"queue  snapshot (\d+)", self.see("PAUSED"))[1]
        number = self.kernel.number
        self.wait_for(lambda: self.kernel.number > number + 50)
        self.see(rf"queue  snapshot {first},")
        self.send("p", "h")
        self.see("^q       quit")
        self.send("h", "End")
        self.see("^h help")
        self.send("q")
        self.see("^status 0$")
        self.assertNotIn("Traceback", self.see("status"))

    def test_it_goes_on(self):
        self.begin("-i", "0.2", "queue")
        first = re.search(r"in_items +(\d+)", self.see(r"in_items +\d+"))[1]
        self.see(rf"in_items +(?!{first} )\d+")

    def test_reset(self):
        self.put("cstats_sets/queue/reset", "")
        self.begin("-i", "0.2", "queue")
        self.see("in_items")
        self.send("R")
        self.see(r"reset queue in the kernel, for everybody\? \(y/n\)")
        self.send("y")
        self.see("queue counts from here")
        self.assertEqual(os.path.getsize(f"{self.debugfs}/cstats_sets/queue/reset"), 1)

    def test_resize(self):
        self.begin("-i", "0.2")
        self.see("now_items")
        for width, height in ((50, 12), (20, 5), (1, 1), (150, 45)):
            self.tmux("resize-window", "-x", str(width), "-y", str(height))
            # A terminal that shrinks shows the old screen until it is drawn anew.
            self.until(lambda screen: max(map(len, screen.splitlines()), default=0)
                       <= width, f"more than {width} columns")  # noqa: B023
        self.see("now_items")
        self.send("q")
        self.see("status 0")

    def test_20_columns(self):
        self.begin("-i", "0.2", width=20, height=10)
        self.see(r"^▾ heap")
        self.see(r"^  allocat~ +\d+$")
        self.send("q")
        self.see("status 0")

    def test_a_set_that_goes_while_shown(self):
        self.begin("-i", "0.2", "queue", "heap")
        self.see("now_items")
        self.kernel.remove("queue")
        self.see("now_items", absent=True)
        self.see("allocated_bytes")
        self.send("q")
        self.see("status 0")

    def test_module_that_goes(self):
        self.begin("-i", "0.2")
        self.see("now_items")
        self.stop()
        os.rename(self.debugfs, self.debugfs + ".gone")
        self.see("cannot read .*debugfs/cstats")
        os.rename(self.debugfs + ".gone", self.debugfs)
        self.see("now_items")
        self.send("q")
        self.see("status 0")

    def test_colours(self):
        def escapes():
            self.see("now_items")
            return set(re.findall(r"\x1b\[[0-9;]*m", self.tmux("capture-pane", "-p", "-e")))
        self.begin("-i", "0.2")
        self.assertTrue([e for e in escapes() if re.search("3[0-9]", e)])
        self.begin("-i", "0.2", NO_COLOR="1")
        self.assertFalse([e for e in escapes() if re.search("3[0-8]", e)])

    def test_poor_terminals(self):
        for term in ("vt100", "linux", "ansi"):
            self.begin("-i", "0.2", "queue", TERM=term)
            self.see("now_items")
            self.send("q")
            self.see("status 0")
        self.begin(TERM="no-such-terminal")
        self.see("TERM=linux cstat -t")

    def test_interrupt(self):
        self.begin("-i", "0.2")
        self.see("now_items")
        self.send("C-c")
        self.assertNotIn("Traceback", self.see("status 0"))

    def test_the_terminal_is_put_right_at_any_end(self):
        self.begin("-i", "0.2")
        self.see("now_items")
        shell = self.tmux("list-panes", "-F", "#{pane_pid}").strip()
        with open(f"/proc/{shell}/task/{shell}/children", encoding="ascii") as file:
            os.kill(int(file.read()), signal.SIGTERM)
        self.assertNotIn("now_items", self.see(f"status {128 + signal.SIGTERM}"))
        terminal = self.tmux("list-panes", "-F", "#{pane_tty}").strip()
        flags = subprocess.run(["stty", "-F", terminal], capture_output=True, text=True,
                               check=True).stdout
        self.assertNotRegex(flags, "-echo|-icanon")

    def test_replay(self):
        self.begin("-i", "0.05", "--replay", KMEM)
        self.see("end of the recording")
        self.see(r"^ +. page_allocs +\d+")
        self.send("q")
        self.see("status 0")

    def test_replay_without_cpus(self):
        self.begin("-i", "0.05", "--replay", KMEM)
        self.see(r"^ +. page_allocs +\d+")
        self.send("P")
        self.see("no values of single CPUs|end of the recording")
        self.send("q")
        self.see("status 0")

    def test_locale_that_is_not_installed(self):
        self.begin(LC_ALL="xx_XX.UTF-8")
        self.see("now_items")
        self.send("q")
        self.see("status 0")

    def test_without_a_terminal(self):
        _, err = self.cstat("-t", status=2)
        self.assertIn("needs a terminal", err)
