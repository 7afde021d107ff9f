#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
scrape - cstat to Prometheus, end to end, on loopback

usage: scrape.py DIR-WITH-PROMETHEUS [SCRAPES [RECORDING]]

A load counts on meanwhile; it is fakekernel.py, or the recording, of which each
scrape gets the next sample. This program scrapes cstat --listen SCRAPES times. At
the same time Debian's Prometheus scrapes it too, and Debian's node_exporter, which
reads what cstat --textfile writes. In every scrape

    the buckets of each histogram add up to its count,
    no counter is less than before,
    what is cut at one instant fits: allocated - freed == live, and the family's
    value is the sum over its instances.

Prints TAP.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
CSTAT = os.path.join(HERE, "../../scripts/cstat")
_LINE = re.compile(r'([a-z_0-9]+)(?:\{(.*)\})? (\S+)\Z')

number = failed = 0


def result(good, name, notes=()):
    """One line of TAP."""
    global number, failed
    number += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {number} {name}", flush=True)
    for note in list(notes)[:10]:
        print(f"# {note}", flush=True)


def parse(text):
    """{(name, labels): value}, labels as their text."""
    series = {}
    for line in text.splitlines():
        if line.startswith("#") or not line:
            continue
        name, labels, value = _LINE.match(line).groups()
        series[name, labels or ""] = float(value)
    return series


def histograms_of(series):
    """{(base, labels without le): [(le, value)]}"""
    found = {}
    for (name, labels), value in series.items():
        if name.endswith("_bucket"):
            le = re.search(r'le="([^"]*)"', labels)[1]
            rest = ",".join(p for p in labels.split(",") if not p.startswith("le="))
            found.setdefault((name[:-7], rest), []).append((float(le), value))
    return found


class Checker:
    """Looks at one scrape after the other."""

    def __init__(self):
        self.scrapes = self.histograms = self.counters = 0
        self.wrong = []
        self.before = {}

    def see(self, series):
        self.scrapes += 1
        for (base, labels), buckets in histograms_of(series).items():
            self.histograms += 1
            buckets.sort()
            values = [v for _, v in buckets]
            count = series[f"{base}_count", labels]
            if values != sorted(values) or values[-1] != count:
                self.wrong.append(f"scrape {self.scrapes}: {base} {labels}: {buckets}, "
                                  f"count {count}")
        for key, value in series.items():
            if key[0].endswith(("_total", "_bucket", "_count")):
                self.counters += 1
                if value < self.before.get(key, 0):
                    self.wrong.append(f"scrape {self.scrapes}: {key} went from "
                                      f"{self.before[key]} to {value}")
        self.before = series
        for good, text in self.identities(series):
            if not good:
                self.wrong.append(f"scrape {self.scrapes}: {text} does not hold")

    @staticmethod
    def identities(s):
        def of(name):
            return s.get((f"cstats_{name}", ""), 0)
        yield (of("heap_allocated_bytes_total") - of("heap_freed_bytes_total")
               == of("heap_live_bytes")), "allocated - freed == live"
        yield (of("block_reads_requests_total") == sum(
            v for (n, _), v in s.items() if n == "cstats_block_device_reads_requests_total")
        ), "reads are the sum over the devices"
        yield (of("kmem_kmalloc_bytes_sum") + of("kmem_kmem_cache_alloc_bytes_sum")
               <= of("kmem_slab_bytes_given_total")), "the slabs give what was asked for"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def until(condition, seconds=30):
    """Wait for it; the last exception is what went wrong."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = condition()
            if value:
                return value
        except (OSError, ValueError, KeyError, IndexError) as err:
            if time.monotonic() > end:
                raise
            last = err
        if time.monotonic() > end:
            sys.exit(f"scrape.py: nothing within {seconds} s ({last})")
        time.sleep(0.1)


class Machine:
    """The processes of a run, in a directory of its own."""

    def __init__(self):
        self.tmp = tempfile.mkdtemp(prefix="cstat-scrape.")
        self.processes = []
        self.debugfs = f"{self.tmp}/debugfs"
        self.env = dict(os.environ, CSTATS_DEBUGFS=self.debugfs, PYTHONDONTWRITEBYTECODE="1")

    def start(self, name, *command):
        with open(f"{self.tmp}/{name}.log", "w", encoding="utf-8") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=self.env)
        self.processes.append(process)
        return process

    def log(self, name):
        with open(f"{self.tmp}/{name}.log", encoding="utf-8") as file:
            return file.read()

    def end(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.tmp)


def main():
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    programs = os.path.join(sys.argv[1], "usr/bin")
    scrapes = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    recording = sys.argv[3] if len(sys.argv) > 3 else None
    machine = Machine()
    try:
        run(machine, programs, scrapes, recording)
    finally:
        machine.end()
    print(f"1..{number}")
    return 1 if failed else 0


def run(machine, programs, scrapes, recording):
    python = sys.executable
    source = ["--replay", os.path.abspath(recording)] if recording else []
    if not recording:
        machine.start("load", python, os.path.join(HERE, "fakekernel.py"), machine.debugfs,
                      "100000", "100")
        until(lambda: os.path.exists(f"{machine.debugfs}/cstats"))
    machine.start("exporter", python, CSTAT, *source, "--listen", "127.0.0.1:0")
    address = until(lambda: re.search(r"http://\S+/metrics", machine.log("exporter")))[0]

    prometheus = None
    if not recording:
        os.mkdir(f"{machine.tmp}/textfile")
        machine.start("textfile", python, CSTAT, "--textfile",
                      f"{machine.tmp}/textfile/cstats.prom", "0.2")
        node = f"127.0.0.1:{free_port()}"
        machine.start("node", f"{programs}/prometheus-node-exporter",
                      "--collector.disable-defaults", "--collector.textfile",
                      "--collector.textfile.directory", f"{machine.tmp}/textfile",
                      "--web.listen-address", node)
        prometheus = f"127.0.0.1:{free_port()}"
        rules = os.path.join(HERE, "../../scripts/share/prometheus/cstats.rules.yml")
        with open(f"{machine.tmp}/prometheus.yml", "w", encoding="utf-8") as file:
            json.dump({"global": {"scrape_interval": "200ms", "evaluation_interval": "1s"},
                       "rule_files": [os.path.abspath(rules)],
                       "scrape_configs": [
                           {"job_name": "cstat", "static_configs": [
                               {"targets": [urllib.parse.urlparse(address).netloc]}]},
                           {"job_name": "node", "static_configs": [{"targets": [node]}]}]},
                      file)
        machine.start("prometheus", f"{programs}/prometheus",
                      f"--config.file={machine.tmp}/prometheus.yml",
                      f"--storage.tsdb.path={machine.tmp}/data",
                      f"--web.listen-address={prometheus}", "--log.level=warn")
        until(lambda: get(f"http://{prometheus}/-/ready"))

    start = time.monotonic()
    checker = Checker()
    for _ in range(scrapes):
        series = parse(get(address))
        if series.get(("cstats_up", "")) != 1:
            break	# the recording is over
        checker.see(series)
    took = time.monotonic() - start
    notes = [f"{checker.scrapes} scrapes in {took:.0f} s, {checker.histograms} histograms, "
             f"{checker.counters} values of counters"] + checker.wrong
    result(checker.scrapes > 0 and checker.counters > 0 and not checker.wrong
           and (recording or (checker.scrapes == scrapes and checker.histograms > 0)),
           "every scrape of cstat --listen is consistent", notes)
    if prometheus:
        look(prometheus, 15 - took)


def questions():
    """What the panels of Grafana's dashboard ask, with its variables filled in."""
    with open(os.path.join(HERE, "../../scripts/share/grafana/cstats.json"),
              encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    for target in (target for panel in panels for target in panel["targets"]):
        text = target["expr"]
        for name, value in (("$__rate_interval", "10s"), ("$instance", ".*"), ("$set", ".*"),
                            ("${histogram}", "cstats_heap_wait_seconds")):
            text = text.replace(name, value)
        yield text


def answers(query, text):
    try:
        return bool(query(text))
    except OSError:
        return False	# Prometheus refuses it


def look(prometheus, more):
    """Ask Prometheus for each sample that it took, and look at each."""
    time.sleep(max(0, more))

    def query(text):
        url = f"http://{prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": text})
        return json.loads(get(url))["data"]["result"]

    for job in ("cstat", "node"):
        until(lambda: query(f'cstats_up{{job="{job}"}} == 1'))  # noqa: B023
        seen = query(f'{{__name__=~"cstats_.*",job="{job}"}}[1h]')
        scrapes = {}	# time -> series
        for series in seen:
            labels = dict(series["metric"])
            name = labels.pop("__name__")
            for word in ("job", "instance"):
                labels.pop(word)
            text = ",".join(f'{k}="{v}"' for k, v in sorted(labels.items()))
            for when, value in series["values"]:
                scrapes.setdefault(when, {})[name, text] = float(value)
        checker = Checker()
        for when in sorted(scrapes):
            if scrapes[when].get(("cstats_up", "")) == 1:
                checker.see(scrapes[when])
        result(checker.scrapes >= 10 and checker.histograms > 0 and not checker.wrong,
               f"every sample of Prometheus's job {job} is consistent",
               [f"{checker.scrapes} scrapes, {checker.histograms} histograms, "
                f"{checker.counters} values of counters"] + checker.wrong)
    names = json.loads(get(f"http://{prometheus}/api/v1/label/__name__/values"))["data"]
    names = [n for n in names
             if n.startswith("cstats_") and n.endswith(("_total", "_count", "_bucket", "_sum"))]
    resets = {n: float(query(f"sum(resets({n}[1h]))")[0]["value"][1]) for n in names}
    result(len(names) > 10 and not any(resets.values()),
           f"Prometheus saw no reset of {len(names)} counters",
           [f"{n}: {v}" for n, v in resets.items() if v])
    seen = query("sum(node_textfile_scrape_error)")
    result(float(seen[0]["value"][1]) == 0, "node_exporter found no fault in the text file")
    silent = [text for text in questions() if not answers(query, text)]
    result(not silent, "each question of the dashboard has an answer", silent)
    seen = query('ALERTS{alertstate="firing"}')
    result(not seen, "no alert fires", seen)


if __name__ == "__main__":
    sys.exit(main())
