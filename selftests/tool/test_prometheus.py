# SPDX-License-Identifier: GPL-2.0
"""Exposition, and what is shipped for Prometheus, Grafana, PCP and systemd."""

import json
import os
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from common import CSTAT, KMEM, ROOT, Case
from cstat.errors import CstatError
from cstat.fields import Field
from cstat.prometheus import metric_name, parse_address
from cstat.text import Key
from fakekernel import FIELDS, FakeKernel
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from scrape import histograms_of, parse

SHARE = os.path.join(ROOT, "scripts/share")
HERE = os.path.join(ROOT, "selftests/tool")


def programs():
    """Where Debian's prometheus is unpacked."""
    done = subprocess.run([os.path.join(ROOT, "scripts/lib/unpack"), "prometheus",
                           "prometheus-node-exporter"], check=True, capture_output=True,
                          text=True)
    return os.path.join(done.stdout.strip(), "usr/bin")


def promtool(*args, text=None):
    return subprocess.run([os.path.join(programs(), "promtool"), *args], input=text, text=True,
                          capture_output=True, check=False)


class Names(unittest.TestCase):
    def test_names(self):
        for field, kind, unit, label, name, factor in (
                ("page_allocs", "counter", "calls", None, "s_page_allocs_calls_total", (1, 1)),
                ("committed_bytes", "counter", "bytes", None, "s_committed_bytes_total", (1, 1)),
                ("size", "gauge", "KiB", None, "s_size_bytes", (1024, 1)),
                ("wait_ns", "counter", "ns", None, "s_wait_seconds_total", (1, 10 ** 9)),
                ("wait", "histogram", "us", None, "s_wait_seconds", (1000, 10 ** 9)),
                ("in_total", "gauge", None, None, "s_in_total_value", (1, 1)),
                ("in_total", "counter", None, None, "s_in_total", (1, 1)),
                ("n_count", "gauge", None, None, "s_n_count_value", (1, 1)),
                ("load", "gauge", "%", None, "s_load_percent", (1, 1)),
                ("reads", "counter", "requests", "device",
                 "s_device_reads_requests_total", (1, 1))):
            key = Key("s", label, "x" if label else None, field)
            self.assertEqual(metric_name(key, Field(field, kind, unit), kind),
                             ("cstats_" + name, factor))

    def test_addresses(self):
        for text, address in (("9960", ("127.0.0.1", 9960)), ("0.0.0.0:1", ("0.0.0.0", 1)),
                              ("[::1]:80", ("::1", 80)), ("host:0", ("host", 0)),
                              (":81", ("127.0.0.1", 81))):
            self.assertEqual(parse_address(text), address)
        for text in ("", "x", "1:2:3", "::1:80", "70000", "a b:1:"):
            with self.assertRaises(CstatError):
                parse_address(text)


class Text(Case):
    def exposed(self, *args, status=0):
        out, _ = self.cstat("--prometheus", *args, status=status)
        return parse(out)

    def test_lint(self):
        self.kernel.errors["heap"] = 2
        self.kernel.step()
        for args in ((), ("--no-created",), ("--no-wrap",), ("--replay", KMEM)):
            out, _ = self.cstat("--prometheus", *args)
            done = promtool("check", "metrics", text=out)
            self.assertEqual((done.returncode, done.stderr), (0, ""), args)

    def test_bytes_that_are_no_text(self):
        FakeKernel(self.debugfs, devices=("\udcff", "\udcfe")).step()
        out, _ = self.cstat("--prometheus")
        self.assertEqual(promtool("check", "metrics", text=out).stderr, "")
        self.assertIn('device="\\\\xff"', out)

    def test_no_two_names_become_one(self):
        """A name with a byte that is no text, and names that look like what it becomes."""
        names = {"\udcff": r"\xff", r"\xff": r"\\xff", r"\\xff": r"\\\\xff",
                 "\\\udcff": r"\\\xff", r"dev\x2dsda": r"dev\x2dsda"}
        FakeKernel(self.debugfs, devices=names).step()
        out, _ = self.cstat("--prometheus", "block{*}.reads")
        devices = [s.labels["device"] for f in parse_text(out) for s in f.samples
                   if s.name == "cstats_block_device_reads_requests_total"]
        self.assertEqual(devices, list(names.values()))

    def test_equal_bounds(self):
        self.put("cstats", "cstats version: 1\n# q snapshot 1 time_ns 1 cpus 1 rotation_ns 1 "
                 "since_ns 1\nq.h_count 6\nq.h_sum 9\n"
                 f"q.h_bucket_{2 ** 53} 1\nq.h_bucket_{2 ** 53 + 1} 2\nq.h_bucket_inf 3\n")
        self.put("cstats_sets/q/fields", "# name kind unit description\nh histogram - x\n")
        out, _ = self.cstat("--prometheus")
        lines = [line.split()[-1] for line in out.splitlines()
                 if line.startswith("cstats_q_h_bucket")]
        self.assertEqual(lines, ["3.0", "6.0"])

    def test_parts_of_a_histogram(self):
        out, err = self.cstat("--prometheus", "heap.wait_count", "heap.wait_sum",
                              "heap.wait_bucket_1000")
        self.assertNotIn("cstats_heap_wait", out)
        self.assertIn("not all of its buckets", err)

    def test_the_end_of_a_recording(self):
        path = os.path.join(self.tmp, "x.prom")
        self.cstat("--replay", KMEM, "--textfile", path, "0.01", "40")
        self.assertFalse(os.path.exists(path))
        self.cstat("--replay", KMEM, "--textfile", path)	# once
        self.assertTrue(os.path.exists(path))

    def test_another_parser_agrees(self):
        out, _ = self.cstat("--prometheus")
        theirs = {(s.name, tuple(sorted(s.labels.items()))): s.value
                  for f in parse_text(out) for s in f.samples}
        self.assertEqual(sorted(theirs.values()), sorted(parse(out).values()))
        latency = [k for k in theirs if k[0] == "cstats_block_device_latency_seconds_count"]
        self.assertEqual([dict(k[1])["device"] for k in latency], self.kernel.devices)

    def test_values(self):
        s = self.exposed()
        values = self.kernel.values
        self.assertEqual(s["cstats_heap_allocated_bytes_total", ""],
                         sum(values["heap", None, "allocated_bytes"]))
        self.assertEqual(s["cstats_heap_wait_seconds_sum", ""],
                         sum(values["heap", None, "wait_sum"]) / 1e9)
        self.assertEqual(s["cstats_block_device_reads_requests_total", 'device="my disk"'],
                         sum(values["block", "my disk", "reads"]))

    def test_histograms(self):
        found = histograms_of(self.exposed())
        self.assertEqual(len(found), 2 + len(self.kernel.devices))
        buckets = found["cstats_heap_wait_seconds", ""]
        self.assertEqual([le for le, _ in buckets], [1e-6, 1e-5, 1e-4, 1e-3, float("inf")])
        self.assertEqual(buckets[-1][1], sum(self.kernel.values["heap", None, "wait_count"]))

    def test_wraps_where_doubles_end(self):
        self.put("cstats_sets/queue/values", "cstats version: 1\n# queue snapshot 1 time_ns 1\n"
                 f"queue.in_items {2**53 + 5}\nqueue.out_items -3\nqueue.now_items -3\n")
        s = self.exposed("queue")
        self.assertEqual(s["cstats_queue_in_items_total", ""], 5)
        self.assertEqual(s["cstats_queue_out_items_total", ""], 2 ** 53 - 3)
        self.assertEqual(s["cstats_queue_now_items", ""], -3)
        s = self.exposed("queue", "--no-wrap")
        self.assertEqual(s["cstats_queue_in_items_total", ""], float(2 ** 53 + 5))
        self.assertEqual(s["cstats_queue_out_items_total", ""], float(2 ** 64 - 3))

    def test_created(self):
        born = time.time() - (time.monotonic_ns() - self.kernel.since_ns) / 1e9
        s = self.exposed()
        self.assertAlmostEqual(s["cstats_heap_freed_bytes_created", ""], born, delta=0.1)
        self.assertFalse([k for k in self.exposed("--no-created") if k[0].endswith("_created")])
        self.kernel.since_ns += 5 * 10 ** 9
        self.kernel.step()
        s = self.exposed()
        self.assertAlmostEqual(s["cstats_heap_freed_bytes_created", ""], born + 5, delta=0.1)

    def test_stalled_is_left_out(self):
        self.kernel.stall("queue")
        self.kernel.step()
        s = self.exposed()
        self.assertEqual(s["cstats_stalled", 'set="queue"'], 1)
        self.assertEqual(s["cstats_stalled", 'set="heap"'], 0)
        self.assertFalse([k for k in s if k[0].startswith("cstats_queue_")])
        self.assertTrue([k for k in s if k[0].startswith("cstats_heap_")])
        self.assertGreater(s["cstats_snapshot_age_seconds", 'set="queue"'], 0)

    def test_names_that_meet(self):
        self.put("cstats_sets/disk/fields", "cache_hits counter - one\n")
        self.put("cstats_sets/disk_cache/fields", "hits counter - two\n")
        self.put("cstats_sets/snapshot/fields", "age gauge s three\n")
        self.put("cstats", "cstats version: 1\n# disk snapshot 1 time_ns 1\n"
                 "disk.cache_hits 1\n# disk_cache snapshot 1 time_ns 1\ndisk_cache.hits 2\n"
                 "# snapshot snapshot 1 time_ns 1\nsnapshot.age 1\n")
        out, err = self.cstat("--prometheus")
        self.assertEqual(parse(out)["cstats_disk_cache_hits_total", ""], 1)
        self.assertIn("disk_cache.hits is left out", err)
        self.assertIn("snapshot.age is left out", err)
        self.assertEqual(promtool("check", "metrics", text=out).stderr, "")

    def test_odd_instances(self):
        self.kernel.devices.append('a"b\\c\nd \udcff}')
        self.kernel.step()
        out, _ = self.cstat("--prometheus", "block")
        devices = {s.labels.get("device") for f in parse_text(out) for s in f.samples}
        self.assertIn('a"b\\\\c\nd \\xff}', devices)
        self.assertEqual(promtool("check", "metrics", text=out).stderr, "")

    def test_nothing_to_read(self):
        self.kernel.unload()
        for names in (), ("queue",), ("queue.*",), ("que*",):
            s = self.exposed(*names, status=3)
            self.assertEqual(s["cstats_up", ""], 0)

    def test_unknown_names(self):
        _, err = self.cstat("--prometheus", "queue.in_item", status=2)
        self.assertIn("did you mean queue.in_items?", err)


class Textfile(Case):
    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.tmp, "cstats.prom")

    def text(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read()

    def test_once(self):
        os.umask(os.umask(0o077) | 0o077)
        self.cstat("--textfile", self.path)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o644)
        self.assertIn("cstats_up 1.0", self.text())
        self.assertEqual(sorted(os.listdir(self.tmp)), ["cstats.prom", "debugfs"])
        # node_exporter skips a file with a time stamp whole.
        for line in self.text().splitlines():
            self.assertTrue(line.startswith("#") or re.search(r"^\S+?(\{.*\})? \S+$", line))

    def test_never_half(self):
        end = self.load(0.01)
        process = self.start("--textfile", self.path, "0.01")
        self.wait_for(lambda: os.path.exists(self.path))
        seen = set()
        while len(seen) < 100:
            text = self.text()
            seen.add(text)
            self.assertTrue(text.endswith("\n"))
            self.assertIn("cstats_queue_now_items", text)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 128 + signal.SIGTERM)
        self.assertFalse(os.path.exists(self.path))	# nobody is served old values
        end()

    def test_old_values_go(self):
        self.kernel.unload()
        for names in (), ("queue",):
            self.kernel.step()
            self.cstat("--textfile", self.path, *names)
            self.assertIn("cstats_up 1.0", self.text())
            self.assertIn("cstats_queue", self.text())
            self.kernel.unload()
            self.cstat("--textfile", self.path, *names, status=3)
            self.assertIn("cstats_up 0.0", self.text())
            self.assertNotIn("cstats_queue", self.text())

    def test_old_values_go_with_their_set(self):
        for name in "queuo", "queue.in_item":
            self.cstat("--textfile", self.path)
            _, err = self.cstat("--textfile", self.path, name, status=2)
            self.assertIn("did you mean queue", err)
            self.assertFalse(os.path.exists(self.path))

    def test_mistakes(self):
        _, err = self.cstat("--textfile", os.path.join(self.tmp, "x.txt"), status=2)
        self.assertIn(".prom", err)
        _, err = self.cstat("--textfile", "/nonexistent/x.prom", status=2)
        self.assertIn("cannot write", err)


class Listen(Case):
    def serve(self, *args, address="127.0.0.1:0", **kwargs):
        process = self.start("--listen", address, *args, **kwargs)
        line = process.stderr.readline()
        if "not checked" in line:	# names, when there is nothing to read
            line = process.stderr.readline()
        match = re.search(r"http://\S+/metrics", line)
        self.assertTrue(match, line + (process.stderr.read() if process.poll() else ""))
        return process, match[0]

    def get(self, url, **headers):
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode(), answer.headers

    def test_the_module_comes_and_goes(self):
        self.kernel.unload()
        for names in (), ("queue",):
            _, url = self.serve(*names)
            for _ in range(2):
                self.assertEqual(parse(self.get(url)[0])["cstats_up", ""], 0)
                self.kernel.step()
                s = parse(self.get(url)[0])
                self.assertEqual(s["cstats_up", ""], 1)
                self.assertIn(("cstats_queue_in_items_total", ""), s)
                self.kernel.unload()

    def test_a_set_that_comes_back_with_other_fields(self):
        for names in (), ("queue",):
            _, url = self.serve(*names)
            self.assertIn(("cstats_queue_now_items", ""), parse(self.get(url)[0]))
            self.kernel.make_anew("queue", "now_items counter ns x\n")
            s = parse(self.get(url)[0])
            self.assertIn(("cstats_queue_now_items_seconds_total", ""), s)
            self.assertNotIn(("cstats_queue_now_items", ""), s)
            self.kernel.make_anew("queue", FIELDS["queue"])

    def test_one_cut_each(self):
        self.load()
        _, url = self.serve()
        for _ in range(100):
            s = parse(self.get(url)[0])
            self.assertEqual(s["cstats_heap_allocated_bytes_total", ""]
                             - s["cstats_heap_freed_bytes_total", ""],
                             s["cstats_heap_live_bytes", ""])

    def test_formats(self):
        _, url = self.serve()
        new, old = "application/openmetrics-text", "text/plain"
        for accept, kind in (
                ("", old), (old, old), ("*/*", old), ("application/json", old), (";;,q=,", old),
                (new, new), (f"{new}; version=1.0.0", new), (f"{new}, {old};q=0.5", new),
                (f"{new};version=1.0.0,{new};version=0.0.1;q=0.75,{old};q=0.5,*/*;q=0.1", new),
                (f"{new};q=0, {old}", old), (f"{new};q=0.4,{old};q=0.5", old),
                (f"{new};q=0.4,*/*;q=0.1", new)):
            text, headers = self.get(url, Accept=accept)
            self.assertEqual(headers["Content-Type"].split(";")[0], kind, accept)
            families = openmetrics(text) if kind == new else parse_text(text)
            self.assertIn("cstats_heap_wait_seconds", [family.name for family in families])
        self.assertIn("version=0.0.4", self.get(url)[1]["Content-Type"])

    def test_head(self):
        _, url = self.serve()
        for target, status in ((url, 200), (url + "x", 404)):
            with socket.create_connection(("127.0.0.1", int(url.split(":")[2][:-8]))) as s:
                s.sendall(f"HEAD {target[target.index('/', 8):]} HTTP/1.0\r\n\r\n".encode())
                head, _, body = b"".join(iter(lambda: s.recv(65536), b"")).partition(b"\r\n\r\n")
            self.assertIn(f" {status} ".encode(), head.splitlines()[0])
            self.assertEqual(body, b"")

    def test_clients_that_go_or_hang(self):
        """They leave no trace in the log, and do not keep others from an answer."""
        process, url = self.serve()
        address = ("127.0.0.1", int(url.split(":")[2][:-8]))
        hanging = [socket.create_connection(address) for _ in range(25)]
        for n, client in enumerate(hanging):
            self.addCleanup(client.close)
            client.sendall(b"GET /metrics HTTP/1.1\r\n"[:n])
        for n in range(100):
            with socket.create_connection(address) as s:
                s.sendall(b"GET /metrics HTTP/1.1\r\n\r\n"[:n % 26 + 1])
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for _ in range(20):
            self.assertIn("cstats_up 1.0", self.get(url)[0])
        process.terminate()
        process.wait(60)
        self.assertEqual(process.stderr.read(), "")

    def test_paths(self):
        process, url = self.serve()
        self.assertIn("/metrics", self.get(url[:-len("metrics")])[0])
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.get(url + "/../../etc/passwd")
        self.assertEqual(caught.exception.code, 404)
        caught.exception.close()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)

    def test_only_loopback_by_default(self):
        _, url = self.serve(address="0")
        self.assertIn("//127.0.0.1:", url)

    def test_ipv6(self):
        try:
            with socket.socket(socket.AF_INET6) as s:
                s.bind(("::1", 0))
        except OSError as err:
            self.skipTest(f"no IPv6 here: {err}")
        _, url = self.serve(address="[::1]:0")
        self.assertIn("cstats_up 1.0", self.get(url)[0])

    def test_module_that_goes_and_comes(self):
        process, url = self.serve()
        os.rename(self.debugfs, self.debugfs + ".gone")
        self.assertEqual(parse(self.get(url)[0])["cstats_up", ""], 0)
        self.get(url)
        os.rename(self.debugfs + ".gone", self.debugfs)
        self.assertEqual(parse(self.get(url)[0])["cstats_up", ""], 1)
        process.terminate()
        process.wait(60)
        self.assertEqual(process.stderr.read().count("cannot read"), 1)

    def test_port_in_use(self):
        _, url = self.serve()
        port = url.split(":")[2].split("/")[0]
        _, err = self.cstat("--listen", port, status=2)
        self.assertIn("cannot listen", err)

    def test_many_at_once(self):
        _, url = self.serve()
        children = [subprocess.Popen(["/usr/bin/python3", "-c", f"""
import urllib.request
for i in range(20):
    assert b"cstats_up 1.0" in urllib.request.urlopen({url!r}).read()
"""]) for _ in range(4)]
        self.assertEqual([c.wait(60) for c in children], [0] * 4)


class Privilege(Case):
    """debugfs's top directory is root's alone; one capability is enough."""

    ONLY = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search",
            "--bounding-set=-all,+dac_read_search"]

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("needs root to give its privileges away")
        os.chmod(self.tmp, 0o755)
        os.chmod(self.debugfs, 0o700)
        # The tool itself has to be readable for everybody.
        self.tool = tempfile.mkdtemp(prefix="cstat-tool.")
        self.addCleanup(shutil.rmtree, self.tool)
        os.chmod(self.tool, 0o755)
        shutil.copy(CSTAT, self.tool)
        shutil.copytree(os.path.join(ROOT, "scripts/lib/cstat"), f"{self.tool}/lib/cstat")

    def run_as(self, user, *privilege):
        return subprocess.run(["setpriv", f"--reuid={user}", f"--regid={user}",
                               "--clear-groups", "--no-new-privs", *privilege,
                               "/usr/bin/python3", f"{self.tool}/cstat", "--prometheus"],
                              capture_output=True, text=True, env=self.environment(),
                              cwd="/", check=False)

    def test_none(self):
        done = self.run_as(65534, "--bounding-set=-all")
        self.assertEqual(done.returncode, 3)
        self.assertIn("CAP_DAC_READ_SEARCH", done.stderr)

    def test_the_one_of_the_exporter(self):
        done = self.run_as(65534, *self.ONLY)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("cstats_queue_in_items_total", done.stdout)
        with open(f"{SHARE}/systemd/cstat-exporter.service", encoding="utf-8") as file:
            text = file.read()
        for line in ("AmbientCapabilities=CAP_DAC_READ_SEARCH",
                     "CapabilityBoundingSet=CAP_DAC_READ_SEARCH"):
            self.assertIn(line + "\n", text)

    def test_root_without_any_as_for_the_textfile(self):
        with open(f"{SHARE}/systemd/cstat-textfile.service", encoding="utf-8") as file:
            self.assertIn("\nCapabilityBoundingSet=\n", file.read())
        done = self.run_as(0, "--bounding-set=-all")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("cstats_queue_in_items_total", done.stdout)


class Shipped(unittest.TestCase):
    def test_units(self):
        for unit in ("cstat-exporter.service", "cstat-textfile.service"):
            done = subprocess.run(["systemd-analyze", "security", "--offline=true",
                                   "--threshold=20", "--no-pager", f"{SHARE}/systemd/{unit}"],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_units_are_understood(self):
        with tempfile.TemporaryDirectory() as tmp:
            for unit in os.listdir(f"{SHARE}/systemd"):
                with open(f"{SHARE}/systemd/{unit}", encoding="utf-8") as file:
                    text = file.read()
                with open(f"{tmp}/{unit}", "w", encoding="utf-8") as file:
                    file.write(text.replace("/usr/bin/cstat", CSTAT)
                               .replace("Documentation=man:cstat(1)\n", ""))
            done = subprocess.run(["systemd-analyze", "verify",
                                   *(f"{tmp}/{u}" for u in os.listdir(tmp))],
                                  capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_options_in_the_units_exist(self):
        for unit in ("cstat-exporter.service", "cstat-textfile.service"):
            with open(f"{SHARE}/systemd/{unit}", encoding="utf-8") as file:
                command = re.search("^ExecStart=/usr/bin/cstat (.*)$", file.read(), re.M)[1]
            done = subprocess.run([CSTAT, *command.split(), "--help"], capture_output=True,
                                  check=False)
            self.assertEqual(done.returncode, 0)

    def test_rules(self):
        done = promtool("check", "rules", f"{SHARE}/prometheus/cstats.rules.yml")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = promtool("test", "rules", f"{HERE}/cstats.rules.test.yml")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_dashboard(self):
        """Each of its questions is one that Prometheus understands."""
        with open(f"{SHARE}/grafana/cstats.json", encoding="utf-8") as file:
            dashboard = json.load(file)
        questions = [t["expr"] for p in dashboard["panels"] for t in p["targets"]]
        questions += [a["expr"] for a in dashboard["annotations"]["list"]]
        self.assertGreater(len(questions), 8)
        rules = []
        for n, text in enumerate(questions):
            for name, value in (("$__rate_interval", "1m"), ("$instance", ".*"),
                                ("${histogram}", "cstats_x"), ("$set", ".*")):
                text = text.replace(name, value)
            self.assertNotRegex(text, r"\$[a-z{_]")
            rules.append({"record": f"r{n}", "expr": text})
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            json.dump({"groups": [{"name": "g", "rules": rules}]}, file)
            file.flush()
            done = promtool("check", "rules", file.name)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_pcp(self):
        path = f"{SHARE}/pcp/cstats"
        self.assertTrue(os.access(path, os.X_OK))
        with open(path, encoding="utf-8") as file:
            command = re.search("^exec /usr/bin/cstat (.*)$", file.read(), re.M)[1]
        with tempfile.TemporaryDirectory() as tmp:
            done = subprocess.run([CSTAT, *command.split(), "--replay", KMEM], text=True,
                                  capture_output=True, cwd=tmp, check=True)
        self.assertIn("cstats_kmem_page_allocs_pages_bucket", done.stdout)
