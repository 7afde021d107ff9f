# SPDX-License-Identifier: GPL-2.0
"""What cstat prints, by running it."""

import contextlib
import csv
import datetime
import io
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time

import jsonschema
from common import CSTAT, HERE, KMEM, ROOT, Case
from cstat.errors import CstatError
from cstat.main import Ticker, run
from cstat.width import columns_of
from fakekernel import FIELDS, FakeKernel


def schema():
    with open(os.path.join(ROOT, "scripts/share/cstat.schema.json"), encoding="utf-8") as file:
        return json.load(file)


class Tables(Case):
    def test_all_sets_once(self):
        out, _ = self.cstat()
        for name in self.kernel.sets:
            self.assertRegex(out, rf"(?m)^{name} snapshot 1 at [0-9.]+ s, age [0-9.]+ s")
        self.assertRegex(out, r'(?m)^block\{device="my\\040disk"\}\.reads +[1-9]')

    def test_delay_and_count(self):
        for args in (("queue", "0.05", "3"), ("-i", "0.05", "-c", "3", "queue"),
                     ("0.05", "3"), ("-c", "3", "-i", "0.05")):
            out, _ = self.cstat(*args)
            self.assertEqual(len(re.findall("(?m)^queue snapshot", out)), 3, args)

    def test_pace_does_not_drift(self):
        """By a clock of its own: each sample takes 30 ms, one takes 2.5 s."""
        now = [100.0]

        def sleep(seconds):
            self.assertGreaterEqual(seconds, 0)
            now[0] += seconds
        ticker = Ticker(1, clock=lambda: now[0], sleep=sleep)
        seen = []
        for n in range(8):
            seen.append(now[0])
            now[0] += 2.5 if n == 3 else 0.03
            ticker.wait()
        self.assertEqual([round(t, 6) for t in seen], [100, 101, 102, 103, 106, 107, 108, 109])

    def test_pace(self):
        out, _ = self.cstat("--csv", "queue.in_items", "0.1", "16")
        ages = [row["time"] for row in csv.DictReader(io.StringIO(out))]
        first, last = (datetime.datetime.fromisoformat(t[:26]) for t in (ages[0], ages[-1]))
        self.assertGreater((last - first).total_seconds(), 1.4)

    def test_exact_values(self):
        self.put("cstats_sets/queue/values", "cstats version: 1\n"
                 "# queue snapshot 1 time_ns 1\nqueue.in_items 9223372036854775807\n"
                 "queue.out_items -9223372036854775807\n")
        for args in ((), ("-j",), ("--csv",), ("-w", "--show", "value"), ("--csv", "-w")):
            out, _ = self.cstat("queue", *args)
            self.assertIn("9223372036854775807", out)
            self.assertIn("-9223372036854775807", out)

    def test_zeros_and_unchanged(self):
        self.put("cstats_sets/queue/values", "cstats version: 1\n# queue snapshot 1 time_ns 1\n"
                 "queue.in_items 5\nqueue.out_items 0\n")
        out, _ = self.cstat("queue", "-z")
        self.assertIn("queue.in_items", out)
        self.assertNotIn("queue.out_items", out)
        out, _ = self.cstat("queue", "-Z", "0.05", "2")
        self.assertEqual(out.count("queue.in_items"), 1)	# the first sample is whole
        self.assertEqual(out.count("queue snapshot"), 2)

    def test_stalled_and_errors_in_every_format(self):
        self.kernel.errors["queue"] = 3
        self.kernel.stall("queue")
        self.kernel.step()
        for args, error, stall in (
                ((), "3 errors", "STALLED: a section"), (("-w",), " 3 ", "STALLED: queue"),
                (("-P",), "3 errors", "STALLED: a section"),
                (("-j",), '"errors":3', '"stalled":"a section'),
                (("--csv",), ",3,1\n", ",3,1\n"), (("--csv", "-w"), ",3,1,", ",3,1,")):
            out, _ = self.cstat("queue", *args)
            self.assertIn(error, out, args)
            self.assertIn(stall, out, args)

    def test_sections_without_a_set(self):
        self.put("cstats", "cstats version: 1\n# sections without a set: 7\n"
                 "# queue snapshot 1 time_ns 1\nqueue.in_items 5\n")
        for args, text in (((), "7 sections without a set"), (("-w",), ""), (("--csv",), ""),
                           (("-j",), '"lost_sections":7'),
                           (("--prometheus",), "cstats_lost_sections_total 7.0")):
            out, err = self.cstat(*args)
            self.assertIn(text, out)
            if "--prometheus" not in args:
                self.assertIn("sections without a set: 7", err)
        path = os.path.join(self.tmp, "rec")
        self.cstat("--record", path)
        self.assertIn('"lost_sections":7', self.cstat("--replay", path, "-j")[0])

    def test_age(self):
        self.put("cstats_sets/queue/values", "cstats version: 1\n# queue snapshot 1 time_ns "
                 f"{time.monotonic_ns() - 90 * 10**9}\nqueue.in_items 5\n")
        out, _ = self.cstat("queue")
        self.assertRegex(out, r"age 9\d\.")
        out, _ = self.cstat("queue", "-w")
        self.assertRegex(out, r" 9\d\.\d ")
        out, _ = self.cstat("queue", "-j")
        self.assertGreaterEqual(json.loads(out)["sets"][0]["age_ns"], 90 * 10**9)

    def test_wide(self):
        out, _ = self.cstat("-w", "--header", "2", "queue", "0.05", "4")
        lines = out.splitlines()
        self.assertEqual(len(lines), 6)
        self.assertEqual(lines[0], lines[3])
        self.assertEqual(lines[0].split(),
                         ["time", "age", "err", "in_items", "out_items", "now_items"])

    def test_wide_characters_keep_the_columns(self):
        self.kernel.devices[:] = ["磁盘" * 8, "e\u0301te\u0301" * 4, "disk"]
        self.kernel.values.clear()
        self.kernel.step()
        out, _ = self.cstat("block{*}.reads")
        rows = [line for line in out.splitlines() if "reads" in line]
        self.assertEqual(len(rows), 3)
        self.assertEqual(len({columns_of(row[:row.index("requests")]) for row in rows}), 1)
        out, _ = self.cstat("-w", "block{*}.reads")
        head, row = out.splitlines()
        self.assertEqual(columns_of(head), columns_of(row))

    def test_per_cpu(self):
        out, _ = self.cstat("-P", "queue.in_items")
        words = [line.split() for line in out.splitlines() if line.startswith("queue.in")][0]
        self.assertEqual(int(words[2]), sum(map(int, words[3:])))
        parts = list(map(int, words[3:]))
        self.assertEqual(words[1], f"{max(parts) * 4 / sum(parts):.2f}")

    def test_per_cpu_in_a_narrow_terminal(self):
        out, _ = self.cstat("-P", "queue", env=self.environment(COLUMNS="20"))
        for cpu in range(4):
            self.assertEqual(len(re.findall(rf"(?m)cpu{cpu}$", out)), 1)

    def test_per_node(self):
        sysfs = os.path.join(self.tmp, "sys")
        for node, cpus in ((0, "0,2"), (1, "1,3")):
            os.makedirs(f"{sysfs}/devices/system/node/node{node}")
            with open(f"{sysfs}/devices/system/node/node{node}/cpulist", "w",
                      encoding="utf-8") as file:
                file.write(cpus + "\n")
        out, _ = self.cstat("--per-node", "queue.in_items",
                            env=self.environment(CSTATS_SYSFS=sysfs))
        self.assertRegex(out, r"(?m) node0 +node1$")
        words = [line.split() for line in out.splitlines() if line.startswith("queue.in")][0]
        parts = self.kernel.values["queue", None, "in_items"]
        nodes = [parts[0] + parts[2], parts[1] + parts[3]]
        self.assertEqual([int(w) for w in words[3:]], nodes)
        out, _ = self.cstat("--per-node", "-j", "queue.in_items",
                            env=self.environment(CSTATS_SYSFS=sysfs))
        jsonschema.validate(json.loads(out), schema())
        self.assertEqual(list(json.loads(out)["sets"][0]["nodes"]["in_items"].values()), nodes)

    def test_list(self):
        out, _ = self.cstat("-l")
        self.assertRegex(out, "(?m)^heap.wait +histogram +ns +time that an allocation waited$")
        out, _ = self.cstat("-l", "heap.*_bytes")
        self.assertEqual(len(re.findall("(?m)^heap", out)), 3)
        self.cstat("-l", "heap.nothing", status=2)
        out, _ = self.cstat("-l", "block", "queue")
        self.assertEqual([line for line in out.splitlines() if ":" in line],
                         ["block: RCU flavour, a family with 4 instances by device"])

    def test_expr(self):
        out, _ = self.cstat("queue", "-e", "rest=in_items-out_items-now_items")
        self.assertRegex(out, r"(?m)^rest +0$")

    def test_expr_over_another_set(self):
        out, _ = self.cstat("queue", "-e", "x=heap.live_bytes-heap.live_bytes")
        self.assertNotIn("heap snapshot", out)
        self.assertRegex(out, r"(?m)^x +0$")

    def test_expr_of_what_goes(self):
        """A stall shows no instances, and one may be removed: the watch goes on."""
        process = self.start("-j", "-e", "r=block{dm-0}.reads", "block", "0.05")

        def value():
            return json.loads(process.stdout.readline())["expressions"]["r"]
        self.assertIsInstance(value(), int)
        self.kernel.stall("block")
        self.kernel.step()
        self.wait_for(lambda: value() is None)
        self.kernel.stalled.clear()
        self.kernel.step()
        self.wait_for(lambda: value() is not None)
        self.kernel.unplug("dm-0")
        self.kernel.step()
        self.wait_for(lambda: value() is None)
        self.assertIsNone(value())

    def test_columns(self):
        out, _ = self.cstat("queue", "--show", "kind,value")
        self.assertRegex(out, r"(?m)^field +kind +value$")
        self.cstat("queue", "--show", "colour", status=2)

    def test_reader_that_has_seen_enough(self):
        process = self.start("queue", "0.01", "500")
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.wait(60), 0)
        self.assertEqual(process.stderr.read(), "")

    def test_interrupt(self):
        process = self.start("queue", "0.05")
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(60), -signal.SIGINT)
        self.assertEqual(process.stderr.read(), "")

    def test_a_set_that_goes_and_comes(self):
        process = self.start("-w", "queue", "heap", "0.05")
        for _ in range(3):
            process.stdout.readline()
        self.kernel.remove("queue")
        self.assertEqual(process.stderr.readline(), "cstat: set queue went away\n")
        self.kernel.sets.append("queue")
        self.kernel.step()
        self.assertEqual(process.stderr.readline(), "cstat: set queue is there\n")
        self.assertIsNone(process.poll())

    def test_a_set_that_comes_back_with_other_fields(self):
        for names in ((), ("queue",)):
            process = self.start("-j", *names, "0.1")
            self.assertIn('"now_items":{"kind":"gauge"', process.stdout.readline())
            self.kernel.make_anew("queue", "in_items counter items x\nnow_items counter pages x\n")
            self.wait_for(lambda: '"now_items":{"kind":"counter","unit":"pages"'
                          in process.stdout.readline())
            self.kernel.make_anew("queue", FIELDS["queue"])

    def test_an_instance_that_is_another_one(self):
        process = self.start("--csv", "block", "0.2")
        process.stdout.readline()
        self.kernel.replug("my disk")
        self.kernel.step(1)
        seen = []

        def replaced():
            row = process.stdout.readline().split(",")
            seen.append(row)
            return row[2:4] == ["my disk", "reads"] and int(row[4]) < 2
        self.wait_for(replaced)
        self.assertEqual(seen[-1][5:7], ["", ""])
        self.assertFalse([row for row in seen if row[8] == "counter" and row[5][:1] == "-"])

    def test_a_pattern_stands_for_later_sets_too(self):
        self.kernel.remove("queue")
        process = self.start("-w", "[hq]*", "0.05")
        for _ in range(3):
            process.stdout.readline()
        self.kernel.sets.append("queue")
        self.kernel.step()
        self.assertEqual(process.stderr.readline(), "cstat: set queue is there\n")


class OnlyWhatWasAskedFor(Case):
    """Fault 15: a question about one set must not rotate all."""

    def opened(self, *args):
        code = ("import sys, os; opened = []\n"
                "real = os.open\n"
                "def spy(path, *a, **k):\n"
                "    opened.append(path); return real(path, *a, **k)\n"
                "os.open = spy\n"
                f"sys.path.insert(0, {os.path.join(ROOT, 'scripts/lib')!r})\n"
                "from cstat.main import main\n"
                f"status = main({list(args)!r})\n"
                "print('\\n'.join(opened), file=sys.stderr)\n"
                "sys.exit(status)\n")
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                              env=self.environment(), check=True)
        return [os.path.relpath(p, self.debugfs) for p in done.stderr.split()
                if p.startswith(self.debugfs) and not p.endswith("/fields")]

    def test_one(self):
        self.assertEqual(self.opened("queue"), ["cstats_sets/queue/values"])
        self.assertEqual(self.opened("queue.in_items"), ["cstats_sets/queue/values"])

    def test_all(self):
        self.assertEqual(self.opened(), ["cstats"])

    def test_last(self):
        self.assertEqual(self.opened("--last", "queue"), ["cstats_sets/queue/last"])

    def test_list(self):
        self.assertEqual(self.opened("-l"), [])

    def test_one_instance(self):
        """The name is written to the file, and what follows is read."""
        name = r"my\040disk"
        path = "cstats_sets/block/instance"

        def answer():
            self.put(path, "?" * len(name) + "cstats version: 1\n# block snapshot 7 time_ns 1\n"
                     f'block{{device="{name}"}}.reads 77\n')
        answer()
        out, _ = self.cstat("--check", "block{my disk}.reads == 77")
        with open(os.path.join(self.debugfs, path), encoding="utf-8") as file:
            self.assertEqual(file.readline(), name + "cstats version: 1\n")
        out, _ = self.cstat("block{my disk}")
        self.assertRegex(out, r'(?m)^block\{device="my\\040disk"\}\.reads +77 ')
        self.assertEqual(self.opened("block{my disk}"), [path])
        for names in (("block{my*}",), ("block{my disk}", "block"), ("--last", "block{my disk}"),
                      ("-P", "block{my disk}")):
            self.assertNotIn(path, self.opened(*names), names)

    def test_one_instance_of_all(self):
        """Who may not open that file, and whoever names none, gets all of them."""
        self.assertEqual(self.opened("block{my disk}"),
                         ["cstats_sets/block/instance", "cstats_sets/block/values"])
        _, err = self.cstat("block{my dusk}", status=2)
        self.assertIn("did you mean block{my disk}?", err)

    def test_check(self):
        self.assertEqual(self.opened("--check", "queue.in_items >= 0"),
                         ["cstats_sets/queue/values"])

    def test_a_pipe_gets_each_sample_at_once(self):
        process = self.start("queue", "1000")
        self.assertIn("queue snapshot", process.stdout.readline())
        self.assertIsNone(process.poll())

    def test_unknown(self):
        for name, near in (("queu", "queue"), ("queue.in_item", "queue.in_items"),
                           ("block{dm0}", "block{dm-0}")):
            _, err = self.cstat(name, status=2)
            self.assertIn(f"did you mean {near}?", err)
        for name in ("", "{", "queue.", "queue..x", ".x", "zz*", "queue.zz*", "block{zz*}",
                     "heap{*}"):
            _, err = self.cstat(name, status=2)
            self.assertTrue(err.startswith("cstat: "), err)

    def test_numbers_that_are_none(self):
        for args in (("0",), ("-1",), ("1", "0"), ("1", "-2"), ("-5", "3"), ("nan",), ("-i", "-3"),
                     ("-c", "0"), ("-i", "1e99"), ("1e9",), ("1", "1.5")):
            _, err = self.cstat("queue", *args, status=2)
            self.assertRegex(err, "is no number|no set nan")

    def test_what_does_not_go_together(self):
        for args in (("-j", "--csv"), ("-P", "-w"), ("--per-node", "--csv"), ("-P", "--last"),
                     ("-t", "-l"), ("--replay", KMEM, "--", "true"), ("--csv", "--", "true"),
                     ("-w", "-r", "2", "--", "true"), ("-o", "x", "--check", "1"),
                     ("-o", "x", "-l"), ("--prometheus", "1", "5"), ("--reset", "queue", "heap"),
                     ("-P", "--", "true"), ("-w", "-z"), ("-w", "-Z"), ("--csv", "-w", "-z"),
                     ("-w", "--show", "value,rate"), ("-w", "--show", "kind"),
                     ("--csv", "-w", "--show", "value")):
            _, err = self.cstat(*args, status=2)
            self.assertEqual(len(err.splitlines()), 2, args)
        for args in (("--csv", "-z"), ("-w", "--show", "change")):
            self.cstat(*args)

    def test_help(self):
        for option in ("-h", "--help"):
            out, err = self.cstat(option)
            self.assertIn("usage: cstat", out)
            self.assertEqual(err, "")
        out, _ = self.cstat("--version")
        self.assertRegex(out, r"^cstat \d+\.\d+\.\d+\n")


class Formats(Case):
    def test_json(self):
        self.load()
        out, _ = self.cstat("-j", "-P", "0.1", "3", "-e", "x=queue.in_items/3")
        lines = out.splitlines()
        self.assertEqual(len(lines), 3)
        for n, line in enumerate(lines):
            sample = json.loads(line)
            jsonschema.validate(sample, schema())
            self.assertEqual([s["base"] for s in sample["sets"]],
                             ["previous" if n else "first"] * 3)
            block = next(s for s in sample["sets"] if s["set"] == "block")
            self.assertEqual([i["instance"] for i in block["instances"]], self.kernel.devices)
            self.assertEqual(block["values"]["reads"],
                             sum(i["values"]["reads"] for i in block["instances"]))
            latency = block["histograms"]["latency"]
            self.assertEqual(latency["count"], sum(b["count"] for b in latency["buckets"]))
            self.assertEqual(sum(block["cpus"]["reads"].values()), block["values"]["reads"])

    def test_json_of_the_rest(self):
        for args in (("-l",), ("-r", "2", "--", "true")):
            out, _ = self.cstat("-p", *args)
            jsonschema.validate(json.loads(out), schema())

    def test_schema_refuses(self):
        out, _ = self.cstat("-j")
        for spoil in (lambda s: s.pop("time"), lambda s: s["sets"][0].pop("stalled"),
                      lambda s: s["sets"][0]["values"].update(x=2 ** 63),
                      lambda s: s.update(schema=2)):
            sample = json.loads(out)
            spoil(sample)
            with self.assertRaises(jsonschema.ValidationError):
                jsonschema.validate(sample, schema())

    def test_csv(self):
        out, _ = self.cstat("--csv", "0.05", "2")
        rows = list(csv.DictReader(io.StringIO(out)))
        self.assertEqual(out.count("time,set,instance"), 1)
        mine = [r for r in rows if r["instance"] == "my disk" and r["field"] == "reads"]
        self.assertEqual(len(mine), 2)
        self.assertEqual(mine[0]["value"],
                         str(sum(self.kernel.values["block", "my disk", "reads"])))
        self.assertEqual({None}, {r.get("more") for r in rows})

    def test_histograms_are_whole(self):
        """What did not change in a histogram belongs to it; parts of one are none."""
        self.load(0.02)
        out, _ = self.cstat("-j", "-Z", "heap", "block", "0.02", "5")
        seen = 0
        for line in out.splitlines():
            for of in json.loads(line)["sets"]:
                for owner in (of, *of.get("instances", ())):
                    for histogram in owner.get("histograms", {}).values():
                        seen += 1
                        self.assertEqual(len(histogram["buckets"]), 5)
                        self.assertEqual(sum(b["count"] for b in histogram["buckets"]),
                                         histogram["count"])
        self.assertGreater(seen, 6)
        out, _ = self.cstat("-j", "heap.wait_count", "heap.wait_sum", "heap.wait_bucket_1000")
        self.assertNotIn("histograms", json.loads(out)["sets"][0])

    def test_csv_of_strange_names(self):
        names = ["a\rb", "a\nb", 'a"b', "a,b", " a", "a\r\n"]
        FakeKernel(self.debugfs, devices=names).step()
        out, _ = self.cstat("--csv", "block{*}.reads", text=False)
        rows = list(csv.reader(io.StringIO(out.decode(), newline="")))
        self.assertEqual([row[2] for row in rows[1:]], names)
        self.assertEqual({len(row) for row in rows}, {14})
        self.assertEqual(out.count(b"\n"), len(rows) + 2)
        self.assertNotIn(b"\r\n2", out)

    def test_csv_wide(self):
        out, _ = self.cstat("--csv", "-w", "block", "0.05", "3")
        rows = list(csv.reader(io.StringIO(out)))
        self.assertEqual(len(rows), 4)
        self.assertEqual(len({len(row) for row in rows}), 1)
        self.assertIn('block{device="my\\040disk"}.reads', rows[0])

    def test_log_survives_rotation(self):
        log = os.path.join(self.tmp, "log.csv")
        process = self.start("--csv", "-o", log, "queue", "0.05")

        def lines(path):
            self.wait_for(lambda: os.path.exists(path) and os.path.getsize(path) > 200)
            with open(path, encoding="utf-8") as file:
                return file.read().splitlines()
        lines(log)
        os.rename(log, log + ".1")
        process.send_signal(signal.SIGHUP)
        self.assertTrue(lines(log)[0].startswith("time,set"))
        self.assertIsNone(process.poll())
        process.kill()
        process.wait()
        head = lines(log)[0]
        self.cstat("--csv", "-o", log, "queue")		# appends, with no second header
        self.assertEqual(lines(log).count(head), 1)

    def test_log_with_other_columns(self):
        log = os.path.join(self.tmp, "log.csv")
        self.cstat("--csv", "-w", "-o", log, "heap")
        self.cstat("--csv", "-w", "-o", log, "heap")
        with open(log, encoding="utf-8") as file:
            before = file.read()
        self.assertEqual(len(before.splitlines()), 3)
        for args in (("--csv", "-w", "-o", log, "queue"), ("--csv", "-o", log, "heap")):
            _, err = self.cstat(*args, status=2)
            self.assertIn(f"{log} begins with other columns", err)
        with open(log, encoding="utf-8") as file:
            self.assertEqual(file.read(), before)

    def test_bytes_that_are_no_text(self):
        self.put("cstats_sets/block/values", "cstats version: 1\n# block snapshot 1 time_ns 1\n"
                 'block{device="\udcff\udcfe"}.reads 1\n')
        out, _ = self.cstat("-j", "block")
        self.assertEqual(json.loads(out)["sets"][0]["instances"][0]["instance"], "\ufffd\ufffd")
        for args in (("block",), ("--csv", "block"), ("-w", "block")):
            out, _ = self.cstat(*args, text=False)
            self.assertIn(b"\xff\xfe", out)


class FullDisks(Case):
    """The limit of a file's size stands for a disk that is full."""

    def limited(self, *args, size=10000):
        done = subprocess.run([sys.executable, CSTAT, *args], capture_output=True, text=True,
                              env=self.environment(), timeout=60, check=False,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                                                    (size, size)))
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 2), done.stderr)
        self.assertIn(f"cannot write {self.tmp}/", done.stderr)
        self.assertIn("make room", done.stderr)

    def test_log(self):
        path = os.path.join(self.tmp, "log.csv")
        self.limited("--csv", "-o", path, "0.02", "500")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertGreater(len(text), 3000)
        self.assertTrue(text.endswith("\n"))
        times = [row["time"] for row in csv.DictReader(io.StringIO(text))]
        self.assertEqual({times.count(t) for t in times}, {times.count(times[0])})
        # There is room again: what comes stands behind whole lines.
        self.cstat("--csv", "-o", path)
        with open(path, encoding="utf-8") as file:
            self.assertEqual({len(row) for row in csv.reader(file)}, {14})

    def test_recording(self):
        path = os.path.join(self.tmp, "rec")
        self.limited("--record", path, "0.02", "500")
        out, err = self.cstat("--replay", path, "-j")
        self.assertGreater(len(out.splitlines()), 1)
        self.assertEqual(err, "")

    def test_standard_output(self):
        for args in ((), ("-l",), ("-j",), ("-w",), ("--prometheus",), ("--help",),
                     ("--version",), ("--check", "0"), ("heap", "--", "true")):
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([sys.executable, CSTAT, *args], stdout=full, text=True,
                                      stderr=subprocess.PIPE, env=self.environment(),
                                      check=False)
            self.assertEqual((done.returncode, done.stderr), (
                2, "cstat: cannot write standard output: No space left on device\n"), args)

    def test_closed(self):
        for closed, status in ((1, 0), (0, 0), (2, 0)):
            done = subprocess.run(["sh", "-c", f'"$@" {closed}>&-', "sh", sys.executable, CSTAT],
                                  capture_output=True, env=self.environment(), check=False)
            self.assertEqual((done.returncode, done.stderr), (status, b""))


class Checks(Case):
    def test_holds(self):
        self.load()
        self.cstat("--check", "queue.in_items - queue.out_items == queue.now_items",
                   "--check", "block.reads == sum(block{*}.reads)",
                   "--check", "heap.wait_count == sum(heap.wait_bucket_*)", "0.02", "20")

    def test_does_not_hold(self):
        out, _ = self.cstat("--check", "queue.in_items + 1 == queue.in_items", status=1)
        self.assertIn("does not hold", out)
        value = sum(self.kernel.values["queue", None, "in_items"])
        self.assertIn(f"queue.in_items = {value}\n", out)

    def test_no_value(self):
        out, _ = self.cstat("--check", "queue.in_items / 0 > 1", status=1)
        self.assertIn("has no value", out)

    def test_stalled_is_no_success(self):
        self.kernel.stall("queue")
        self.kernel.step()
        out, _ = self.cstat("--check", "queue.in_items >= 0", status=1)
        self.assertIn("queue is stalled", out)
        self.cstat("--check", "heap.live_bytes >= 0")		# of another set

    def test_stalled_families(self):
        self.kernel.stall("block")
        self.kernel.step()
        for text in ("block{dm-0}.reads >= 0", "count(block{*}.reads) <= 5",
                     "sum(block{dm-0}.reads) == 0"):
            out, _ = self.cstat("--check", text, status=1)
            self.assertIn("has no value; block is stalled", out)
        self.cstat("--check", "stalled(block) or block{dm-0}.reads >= 0")

    def test_stalled_excuses_only_what_it_is_asked_of(self):
        self.kernel.stall("queue")
        self.kernel.step()
        for text in ("stalled(queue) and queue.in_items >= 0", "stalled (queue) == 1",
                     "stalled(heap) == 0"):
            self.cstat("--check", text)
        out, _ = self.cstat("--check", "stalled(heap) == 0 and queue.in_items >= 0", status=1)
        self.assertIn("queue is stalled", out)

    def test_an_instance_that_goes(self):
        path = os.path.join(self.tmp, "rec")
        text = ""
        for n in range(3):
            self.cstat("--record", path)
            with open(path, encoding="utf-8") as file:
                text += file.read()
            if n == 0:
                self.kernel.unplug("dm-0")
            self.kernel.step()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        out, err = self.cstat("--replay", path, "--check", "block{dm-0}.reads >= 0", status=1)
        self.assertEqual((out.count("has no value\n"), err), (2, ""))

    def test_what_never_had_a_value(self):
        path = os.path.join(self.tmp, "one")
        self.cstat("--record", path)
        out, _ = self.cstat("--replay", path, "--check", "delta(queue.in_items) == 12345",
                            "--check", "queue.in_items >= 0", status=1)
        self.assertEqual(out, "delta(queue.in_items) == 12345: has no value; there was no "
                         "second sample\n")

    def test_mistakes(self):
        for text in ("queue.in_items >", "nothing.in > 1", "queue.nothing > 1",
                     "block{nope}.reads > 1", "sum(block{nope}.reads) == 0"):
            self.cstat("--check", text, status=2)

    def test_rates_need_two_samples(self):
        self.load()
        self.cstat("--check", "rate(queue.in_items) > 0", "0.1", "3")
        self.cstat("--check", "rate(queue.in_items) > 0", status=1)


class Repeat(Case):
    def count(self, script, *args, **kwargs):
        """cstat -r with a command that makes the fake kernel count."""
        file = os.path.join(self.tmp, "command.py")
        with open(file, "w", encoding="utf-8") as out:
            out.write(script)
        return self.cstat(*args, "--", sys.executable, file, **kwargs)

    SCRIPT = """
import re, sys
path = {path!r}
text = open(path).read()
runs = int(re.search("snapshot ([0-9]+)", text)[1])
text = re.sub("snapshot [0-9]+", "snapshot %d" % (runs + 1), text)
text = re.sub("(in_items) (-?[0-9]+)", lambda m: m[1] + " %d" % (int(m[2]) + 10 * runs), text)
import os
os.unlink(path)
open(path, "w").write(text)
"""

    def setUp(self):
        super().setUp()
        self.path = f"{self.debugfs}/cstats_sets/queue/values"
        self.put("cstats_sets/queue/values", "cstats version: 1\n# queue snapshot 1 time_ns 1\n"
                 "queue.in_items 9007199254740993\nqueue.out_items 7\n")

    def test_mean_and_spread(self):
        out, _ = self.count(self.SCRIPT.format(path=self.path), "-r", "3", "-j", "queue")
        runs = json.loads(out)
        change = runs["changes"][0]
        self.assertEqual((change["field"], change["values"], change["mean"],
                          change["deviation"]), ("in_items", [10, 20, 30], 20.0, 10.0))
        self.assertEqual(len(runs["changes"]), 1)	# what did not move is left out

    FAMILY = """
import os
path = {path!r}
text = open(path).read()
if 'x="late"' in text:
    text = text.replace('x="late"}}.n 5', 'x="late"}}.n 9').replace("family.n 25", "family.n 29")
elif "family.n 20" in text:
    text = text.replace("family.n 20", "family.n 25") + 'family{{x="late"}}.n 5\\n'
else:
    text = text.replace("family.n 10", "family.n 20").replace("n 3", "n 13")
os.unlink(path)
open(path, "w").write(text)
"""

    def test_instances_that_come(self):
        """They did nothing in the runs before: the parts do not exceed the total."""
        self.kernel.fields["family"] = "n counter - x\n"
        self.put("cstats_sets/family/fields", "n counter - x\n")
        self.put("cstats_sets/family/values", "cstats version: 1\n"
                 "# family snapshot 1 time_ns 1\nfamily.n 10\nfamily{x=\"old\"}.n 3\n")
        path = f"{self.debugfs}/cstats_sets/family/values"
        out, _ = self.count(self.FAMILY.format(path=path), "-r", "3", "-j", "family")
        values = {c["instance"]: (c["values"], c["mean"]) for c in json.loads(out)["changes"]}
        self.assertEqual(values, {None: ([10, 5, 4], 19 / 3), "old": ([10, 0, 0], 10 / 3),
                                  "late": ([0, 5, 4], 3)})

    def test_expressions_are_exact(self):
        out, _ = self.count(self.SCRIPT.format(path=self.path), "-r", "2", "-j", "queue",
                            "-e", "x=queue.in_items", "-e", "y=queue.in_items/0",
                            "-e", "z=queue.out_items/2")
        runs = json.loads(out)
        jsonschema.validate(runs, schema())
        self.assertEqual(runs["expressions"], {"x": [9007199254741003, 9007199254741023],
                                               "y": [None, None], "z": [3.5, 3.5]})

    def test_a_set_that_goes(self):
        """Of the runs without it there is nothing to say, not even 0."""
        script = (f"import os\nif 'snapshot 2 ' in open({self.path!r}).read():\n"
                  f"    os.unlink({self.path!r})\n    raise SystemExit\n"
                  + self.SCRIPT.format(path=self.path))
        out, err = self.count(script, "-r", "2", "-j", "queue")
        self.assertIn("set queue went away while the command ran", err)
        runs = json.loads(out)
        jsonschema.validate(runs, schema())
        self.assertEqual([(c["field"], c["values"], c["mean"], c["deviation"])
                          for c in runs["changes"]], [("in_items", [10, None], 10, None)])

    def test_table(self):
        out, _ = self.count(self.SCRIPT.format(path=self.path), "-r", "3", "queue")
        # 100 * 10 / sqrt(3) / 20
        self.assertRegex(out, r"(?m)^  queue.in_items +20  items +28.87 % +10 +30$")

    def test_a_set_that_comes(self):
        """As by modprobe of a client."""
        self.kernel.remove("queue")
        self.kernel.write()
        script = f"""
import sys
sys.path[:0] = [{HERE!r}]
from fakekernel import FakeKernel
kernel = FakeKernel({self.debugfs!r})
kernel.number, kernel.since_ns = {self.kernel.number}, {self.kernel.since_ns}
kernel.count()
kernel.step()
sys.exit(5)
"""
        out, err = self.count(script, "-j", status=5)
        self.assertIn("set queue came while the command ran", err)
        self.assertEqual({change["set"] for change in json.loads(out)["changes"]},
                         {"heap", "block"})

    def test_status(self):
        self.cstat("-r", "2", "queue", "--", "sh", "-c", "exit 7", status=7)
        self.cstat("queue", "--", "sh", "-c", "kill -9 $$", status=137)
        _, err = self.cstat("queue", "--", "/nonexistent", status=127)
        self.assertIn("cannot run", err)

    def test_interrupt(self):
        """It ends the run that it met, and the runs, as in perf stat."""
        process = self.start("-r", "5", "-j", "queue", "--", "sh", "-c",
                             f"touch {self.tmp}/on$(ls {self.tmp} | grep -c on); "
                             f"[ ! -e {self.tmp}/on1 ] || exec sleep 60",
                             start_new_session=True)
        self.wait_for(lambda: os.path.exists(f"{self.tmp}/on1"))
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(json.loads(out)["runs"], 2)
        self.assertIn("interrupted in run 2 of 5", err)

    def test_stalled(self):
        self.kernel.stall("heap")
        self.kernel.step()
        _, err = self.cstat("heap", "--", "true", status=1)
        self.assertIn("stalled", err)

    def test_mistakes(self):
        self.cstat("-r", "3", status=2)
        self.cstat("--", status=2)
        self.cstat("-r", "0", "--", "true", status=2)


class Readers(Case):
    """Of the output, who may go."""

    def status(self, *args):
        """That of cstat, when nobody reads."""
        process = self.start(*args, bufsize=0)
        process.stdout.close()
        process.stdout = None
        return process.wait()

    def test_status(self):
        self.assertEqual(self.status("--check", "queue.in_items < 0"), 1)
        self.assertEqual(self.status("-r", "1", "--", "false"), 1)
        self.assertEqual(self.status("--", "sh", "-c", "exit 7"), 7)
        self.assertEqual(self.status("queue", "0.05"), 0)

    def test_encoding(self):
        """It is UTF-8 in every locale."""
        FakeKernel(self.debugfs, devices=("磁盘é",)).step()
        for encoding in ("ascii", "iso8859-1"):
            env = self.environment(PYTHONIOENCODING=encoding, PYTHONUTF8="0")
            for option in ("-j", "--csv", "-w", "--prometheus"):
                out, _ = self.cstat(option, "block{*}", env=env, text=False)
                self.assertIn("磁盘é" if option != "-j" else "block", out.decode("utf-8"))


class Recordings(Case):
    def record(self, *args):
        path = os.path.join(self.tmp, "rec")
        self.cstat("--record", path, "-P", *args)
        return path

    def test_every_view(self):
        stop = self.load()
        path = self.record("0.1", "5")
        stop()
        env = self.environment(CSTATS_DEBUGFS="/nonexistent")
        for args in ((), ("-w",), ("-P",), ("-j",), ("--csv",), ("--csv", "-w"), ("-l",),
                     ("--check", "queue.in_items - queue.out_items == queue.now_items"),
                     ("--prometheus",), ("--plot", os.path.join(self.tmp, "p.svg"))):
            out, err = self.cstat("--replay", path, *args, env=env)
            self.assertEqual(err, "", args)
            self.assertTrue(out or "--check" in args or "--plot" in args)
        out, _ = self.cstat("--replay", path, "-j", env=env)
        self.assertEqual(len(out.splitlines()), 5)

    def test_replay_is_what_was_seen(self):
        self.kernel.errors["heap"] = 2
        self.kernel.stall("queue")
        self.kernel.step()
        live = json.loads(self.cstat("-j", "-P")[0])
        again = json.loads(self.cstat("--replay", self.record(), "-j", "-P")[0])
        for one, two in zip(live["sets"], again["sets"]):
            one.pop("age_ns")
            two.pop("age_ns")
            one.pop("cpus", None)
            two.pop("cpus", None)
        self.assertEqual(live["sets"], again["sets"])

    def test_cut_short_anywhere(self):
        path = self.record("queue", "0.01", "3")
        with open(path, "rb") as file:
            whole = file.read()
        ends = [m.end() for m in re.finditer(rb"(?m)^# end\n", whole)]
        self.assertEqual(len(ends), 3)
        short = os.path.join(self.tmp, "short")
        for length in range(0, len(whole), 97):
            with open(short, "wb") as file:
                file.write(whole[:length])
            samples = sum(1 for end in ends if end <= length)
            out, err = self.cstat("--replay", short, "-j", status=0 if samples else 2)
            self.assertEqual(len(out.splitlines()), samples)
            if samples and length not in ends:
                self.assertIn(f"the {samples} whole ones", err)

    def test_damage(self):
        """What cannot be understood ends a recording; it is no traceback."""
        path = self.record("0.01", "3")
        with open(path, "rb") as file:
            whole = file.read()
        draw = random.Random(1)
        for n in range(60):
            at = draw.randrange(len(whole))
            damage = draw.choice((b"", b"\n", b" ", b"\xff", b"# begin \n", b"# fields\n",
                                  b"\n#| x\n", b"\n# nodes 0 1=\n", b"\n# end\n"))
            with open(path, "wb") as file:
                file.write(whole[:at] + damage + whole[at + draw.randrange(100):])
            how = ("-j", "-w", "-P", "--csv", "--prometheus", "-l")[n % 6]
            with contextlib.redirect_stdout(io.StringIO()), (
                    contextlib.redirect_stderr(io.StringIO())), contextlib.suppress(CstatError):
                run(["--replay", path, how])

    def test_samples_before_damage(self):
        path = self.record("0.01", "3")
        with open(path, "rb") as file:
            parts = file.read().split(b"cstats version: 1\n")
        self.assertEqual(len(parts), 4)
        for n in range(3):
            with open(path, "wb") as file:
                file.write(b"".join(part + (b"cstats version: 1\n" if i != n else b"nonsense: 1\n")
                                    for i, part in enumerate(parts[:3])) + parts[3])
            out, err = self.cstat("--replay", path, "-j", status=0 if n else 2)
            self.assertEqual(len(out.splitlines()), n)
            if n:
                self.assertIn(f"the {n} whole samples", err)

    HEAD = "# cstat recording version: 1\n# module version 1 sync x\n# nodes 0=0\n"

    @staticmethod
    def sample_of(n, fields):
        """The text of a sample in a recording, with that of the table before it."""
        return (f"# begin wall_ns {n} now_ns {n}\n"
                + (f"# fields s\n#| {fields}\n" if fields else "")
                + f"cstats version: 1\n# s snapshot {n} time_ns {n} since_ns 1\ns.x {n}\n# end\n")

    def fields_of(self, text, *args):
        """(kind, unit) of each sample of the recording that has this text."""
        path = os.path.join(self.tmp, "rec")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        out, _ = self.cstat("--replay", path, "-j", *args)
        fields = [json.loads(line)["sets"][0]["fields"]["x"] for line in out.splitlines()]
        return [(field["kind"], field["unit"]) for field in fields]

    def test_each_sample_has_its_own_fields(self):
        parts = [self.sample_of(1, "x gauge bytes a"), self.sample_of(2, None),
                 self.sample_of(3, "x counter pages b"), self.sample_of(4, None)]
        kinds = [("gauge", "bytes")] * 2 + [("counter", "pages")] * 2
        whole = self.HEAD + "".join(parts)
        self.assertEqual(self.fields_of(whole), kinds)
        copy = os.path.join(self.tmp, "copy")
        self.cstat("--replay", os.path.join(self.tmp, "rec"), "--record", copy)
        with open(copy, encoding="utf-8") as file:
            self.assertEqual(self.fields_of(file.read()), kinds)
        # The last whole sample keeps its own where those of the next one are cut short.
        for end in ("# fields s\n", "#| x counter"):
            at = whole.index(end, len(self.HEAD + parts[0] + parts[1])) + len(end)
            self.assertEqual(self.fields_of(whole[:at]), kinds[:2])

    def test_a_wrong_name_leaves_a_recording_alone(self):
        path = self.record("0.01", "2")
        with open(path, "rb") as file:
            before = file.read()
        for name in ("queue.nothing", "block{nope}", "nothing"):
            self.cstat("--record", path, name, status=2)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_onto_itself(self):
        path = self.record("0.01", "3")
        os.link(path, path + ".link")
        _, err = self.cstat("--replay", path, "--record", path + ".link", status=2)
        self.assertIn("one file", err)
        self.assertEqual(len(self.cstat("--replay", path, "-j")[0].splitlines()), 3)

    def test_recorder_that_is_killed(self):
        path = os.path.join(self.tmp, "rec")
        process = self.start("--record", path, "queue", "0.02")
        self.wait_for(lambda: os.path.exists(path) and os.path.getsize(path) > 2000)
        process.kill()
        process.wait()
        out, _ = self.cstat("--replay", path, "-j")
        self.assertGreater(len(out.splitlines()), 2)

    def test_without_cpus(self):
        path = os.path.join(self.tmp, "rec")
        self.cstat("--record", path)
        _, err = self.cstat("--replay", path, "-P", status=2)
        self.assertIn("cstat -P --record", err)

    def test_no_recording(self):
        for path in (CSTAT, os.devnull, "/nonexistent", self.tmp):
            _, err = self.cstat("--replay", path, status=2)
            self.assertIn("cstat --record", err)

    def test_of_a_kernel(self):
        """A recording of Linux 6.12 under load: what belongs together adds up."""
        counts = [f"kmem.{name}_count == sum(kmem.{name}_bucket_*)"
                  for name in ("page_allocs", "page_frees", "kmalloc", "kmem_cache_alloc")]
        pages = [f"kmem.{name}_sum == "
                 + " + ".join(f"{1 << n} * kmem.{name}_bucket_{1 << n}" for n in range(11))
                 for name in ("page_allocs", "page_frees")]
        for text in counts + pages + [
                "kmem.kmalloc_sum + kmem.kmem_cache_alloc_sum <= kmem.slab_bytes_given"]:
            self.cstat("--replay", KMEM, "--check", text)
        out, _ = self.cstat("--replay", KMEM, "-w", "kmem.page_allocs_sum")
        self.assertGreater(len(out.splitlines()), 5)


class Plots(Case):
    def test_svg(self):
        path = os.path.join(self.tmp, "p.svg")
        self.cstat("--replay", KMEM, "--plot", path, "kmem.page*_sum")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("page_allocs_sum", text)
        self.assertIn("pages per second", text)

    def test_strange_names(self):
        """They stand as they are, without what is no text."""
        FakeKernel(self.debugfs, devices=("a$x^2$b", "\udcff", "one$", "磁盘")).step()
        path = os.path.join(self.tmp, "p.svg")
        self.cstat("--plot", path, "block{*}.in_flight", "0.02", "2")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for name in ("a$x^2$b", "\ufffd", "one$"):
            self.assertIn(f'device="{name}"', text.replace("&quot;", '"'))

    def test_a_histogram_with_other_bounds(self):
        """As of a set that was made anew. Each has a map of its own, also with -Z."""
        def sample(n, since, bounds):
            counts = "".join(f"s.h_bucket_{b} {n}\n" for b in bounds)
            return (f"# begin wall_ns {n} now_ns {n}000000000\n# fields s\n#| h histogram ns x\n"
                    f"cstats version: 1\n# s snapshot {n} time_ns {n}000000000 since_ns {since}\n"
                    f"s.h_count {n * len(bounds)}\ns.h_sum {n}\n{counts}# end\n")
        record = os.path.join(self.tmp, "rec")
        with open(record, "w", encoding="utf-8") as file:
            file.write("# cstat recording version: 1\n# module version 1 sync x\n# nodes 0=0\n"
                       + "".join(sample(n, 1, ("10", "20", "inf")) for n in (1, 2, 3))
                       + "".join(sample(n, 2, ("5", "inf")) for n in (4, 5, 6)))
        path = os.path.join(self.tmp, "p.svg")
        for option in ((), ("-Z",)):
            self.cstat("--replay", record, "--plot", path, *option)
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read().count(">h up to<"), 2)

    def test_png_of_histograms_and_a_stall(self):
        self.kernel.stall("queue")
        self.load(0.02)
        path = os.path.join(self.tmp, "p.png")
        self.cstat("--plot", path, "0.1", "4")
        with open(path, "rb") as file:
            self.assertEqual(file.read(8), b"\x89PNG\r\n\x1a\n")

    def test_interrupt(self):
        path = os.path.join(self.tmp, "p.svg")
        values = f"{self.debugfs}/cstats_sets/queue/values"
        os.unlink(values)
        os.mkfifo(values)	# a sample is read when it was written
        process = self.start("--plot", path, "queue", "0.01")
        for n in range(4):
            with open(values, "w", encoding="utf-8") as file:
                file.write(f"cstats version: 1\n# queue snapshot {n} time_ns {n}000000000\n"
                           f"queue.in_items {n * n}\n")
                os.mkfifo(f"{values}.new")	# the next one has a file of its own
                os.rename(f"{values}.new", values)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(60), 0)
        with open(path, encoding="utf-8") as file:
            self.assertIn("items per second", file.read())

    def test_mistakes(self):
        self.cstat("--plot", os.path.join(self.tmp, "p.doc"), status=2)
        self.cstat("--plot", "/nonexistent/p.svg", "0.05", "3", status=2)
