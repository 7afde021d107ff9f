# SPDX-License-Identifier: GPL-2.0
"""
Exposition for Prometheus: standard output, a text file for node_exporter, HTTP.

    counter    cstats_<set>_<field>[_<unit>]_total
    gauge      cstats_<set>_<field>[_<unit>]
    histogram  cstats_<set>_<field>[_<unit>]_bucket, _count, _sum
    instances  cstats_<set>_<label>_<field>...{<label>="<instance>"}

Times become seconds, sizes bytes. The instances of a family have a name of their
own, so that a sum over them does not count the family's own value once more.

The values of a stalled set are left out, and cstats_stalled says so: what is served
is fresh or not there. One scrape is one cut of each set.
"""

import contextlib
import html
import http.server
import os
import re
import signal
import socket
import sys
import threading

from . import VERSION
from .errors import CstatError
from .fields import INF, Field, field_of, histograms
from .units import BYTES, ns_of

try:
    from prometheus_client import exposition
    from prometheus_client.core import Metric
    from prometheus_client.openmetrics import exposition as openmetrics
except ImportError:
    Metric = None

EXACT = 1 << 53		# doubles are exact below
NOTHING = 3		# the exit status: there is nothing to read, and the metrics say so
_LIKE_BYTE = re.compile(r"\\x[89a-f][0-9a-f]")	# one that is no UTF-8, or a name that has this
_RESERVED = ("_total", "_count", "_sum", "_bucket", "_created", "_info")


def metric_name(key, field, kind):
    """(name, factor): the name of the metric, and by what values are multiplied,
    as (numerator, denominator)."""
    words = field.name.split("_")
    unit, factor = field.unit, (1, 1)
    ns = ns_of(unit)
    if ns:
        factor = (ns, 10 ** 9)
    elif unit in BYTES:
        factor = (BYTES[unit], 1)
    if ns or unit in BYTES:
        base = "seconds" if ns else "bytes"
        if words[-1] == (unit or "").lower() and len(words) > 1:
            words.pop()		# wait_ns in ns is wait_seconds
        unit = base
    unit = re.sub(r"[^a-z0-9]+", "_", (unit or "").replace("%", "percent").lower()).strip("_")
    name = "_".join(["cstats", key.set] + ([key.label] if key.label else []) + words)
    if unit and unit not in words:
        name += f"_{unit}"
    if kind == "counter":
        return re.sub("_total$", "", name) + "_total", factor
    if name.endswith(_RESERVED):
        name += "_value"
    return name, factor


def _scaled(value, factor):
    """Correctly rounded, as a division of integers is."""
    numerator, denominator = factor
    return value * numerator / denominator if denominator != 1 else value * numerator


class Exposition:
    """Turns samples into metrics."""

    def __init__(self, source, selection, wrap=True, created=True, warn=None):
        self._source = source
        self._selection = selection
        self._wrap = EXACT if wrap else 1 << 64
        self._created = created
        self._warn = warn or (lambda message: None)
        self._said = set()
        self._births = {}	# (set, since_ns) -> real time

    def _say(self, message):
        if message not in self._said:
            self._said.add(message)
            self._warn(message)

    def _birth(self, cut, sample):
        """The real time from which a set counts. The two clocks drift apart, so it is
        computed once: a value that moved would mean a reset."""
        if cut.since_ns is None or not self._created:
            return None
        at = (cut.name, cut.since_ns)
        if at not in self._births:
            real = sample.wall_ns - sample.now_ns + cut.since_ns
            self._births[at] = round(real / 10 ** 9, 3)
        return self._births[at]

    def _metric(self, metrics, key, field, kind):
        """The metric that a series belongs to and the factor, or (None, None)."""
        name, factor = metric_name(key, field, kind)
        base = name[:-len("_total")] if kind == "counter" else name
        owner = (key.set, key.label, field.name)
        known = metrics.get(base)
        if known is None:
            text = field.description or f"{field.name} of {key.set}"
            known = metrics[base] = (Metric(base, text, kind), owner)
        if known[1] != owner:
            self._say(f"{key.set}.{field.name} is left out: its name in Prometheus, {name}, is "
                      f"that of {known[1][0]}.{known[1][2]}")
            return None, None
        return known[0], factor

    @staticmethod
    def _labels(key):
        if key.label is None:
            return {}
        label = f"{key.label}_" if key.label in ("le", "set") else key.label
        raw = key.instance.encode("utf-8", "surrogateescape")
        text = raw.decode("utf-8", "backslashreplace")
        if _LIKE_BYTE.search(text):	# so that no other name becomes the same text
            text = raw.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
        return {label: text}

    def _histogram(self, metrics, cut, keys, histogram, table, birth):
        key = keys[histogram.count]
        if (sum(cut.values[keys[name]] for _, name in histogram.buckets)
                - cut.values[key]) % (1 << 64):
            self._say(f"{key.set}.{histogram.base} is left out: not all of its buckets are "
                      "asked for")
            return
        of = table.get(histogram.base)
        field = Field(histogram.base, "histogram", field_of(table, histogram.sum).unit,
                      of.description if of else "")
        metric, factor = self._metric(metrics, key, field, "histogram")
        if metric is None:
            return
        labels = self._labels(key)
        total = 0
        buckets = {}	# bounds beyond 2^53 may become equal, and are one then
        for bound, name in histogram.buckets:
            total += cut.values[keys[name]] % (1 << 64)
            if bound != INF:
                buckets[exposition.floatToGoString(_scaled(bound, factor))] = total
        buckets["+Inf"] = total
        for bound, value in buckets.items():
            metric.add_sample(f"{metric.name}_bucket", {**labels, "le": bound}, value)
        metric.add_sample(f"{metric.name}_count", labels, cut.values[key] % (1 << 64))
        metric.add_sample(f"{metric.name}_sum", labels,
                          _scaled(cut.values[keys[histogram.sum]] % self._wrap, factor))
        if birth is not None and key.label is None:	# instances come later
            metric.add_sample(f"{metric.name}_created", labels, birth)

    def _set(self, metrics, cut, sample):
        table = self._source.fields(cut.name)
        birth = self._birth(cut, sample)
        owners = {}
        for key in self._selection.keys(cut):
            owners.setdefault(key[:3], {})[key.field] = key
        for keys in owners.values():
            found = histograms(keys)
            inside = {name for h in found.values()
                      for name in (h.count, h.sum, *(n for _, n in h.buckets))}
            for name, key in keys.items():
                if name in inside:
                    continue
                field = field_of(table, name)
                kind = "gauge" if field.kind == "gauge" else "counter"
                metric, factor = self._metric(metrics, key, field, kind)
                if metric is None:
                    continue
                value = cut.values[key]
                labels = self._labels(key)
                if kind == "gauge":
                    metric.add_sample(metric.name, labels, _scaled(value, factor))
                    continue
                metric.add_sample(f"{metric.name}_total", labels,
                                  _scaled(value % self._wrap, factor))
                if birth is not None and key.label is None:
                    metric.add_sample(f"{metric.name}_created", labels, birth)
            for histogram in found.values():
                self._histogram(metrics, cut, keys, histogram, table, birth)

    def _about(self, metrics, cuts, sample):
        """What the tool says of itself and of the sets."""
        def gauge(name, text, kind="gauge"):
            metric = metrics[name] = (Metric(name, text, kind), ("", None, name))
            return metric[0]

        module = self._source.module()
        gauge("cstats_up", "1 if the counters could be read").add_sample(
            "cstats_up", {}, int(sample is not None))
        gauge("cstats_info", "versions of module and tool, and how readers wait").add_sample(
            "cstats_info", {"version": module["version"], "sync": module["sync"],
                            "cstat": VERSION}, 1)
        stalled = gauge("cstats_stalled", "1 if a section, a CPU or a grace period takes too long; "
                        "the set's values are left out")
        age = gauge("cstats_snapshot_age_seconds", "how old the set's snapshot is")
        took = gauge("cstats_rotation_seconds", "what the snapshot took")
        errors = gauge("cstats_errors", "misuse of the set that the kernel noticed", "counter")
        if sample is not None:
            gauge("cstats_lost_sections", "sections of sets that are not there, which the kernel "
                  "noticed", "counter").add_sample("cstats_lost_sections_total", {}, sample.lost)
        for cut in cuts:
            labels = {"set": cut.name}
            stalled.add_sample("cstats_stalled", labels, int(cut.stalled is not None))
            age.add_sample("cstats_snapshot_age_seconds", labels,
                           cut.age_ns(sample.now_ns) / 10 ** 9)
            if cut.rotation_ns is not None:
                took.add_sample("cstats_rotation_seconds", labels, cut.rotation_ns / 10 ** 9)
            errors.add_sample("cstats_errors_total", labels, cut.errors)

    def metrics(self, sample):
        """The metrics of a sample; of None, that there is none."""
        metrics = {}
        cuts = [] if sample is None else [c for c in sample.sets.values()
                                          if self._selection.wants(c.name)]
        self._about(metrics, cuts, sample)
        for cut in cuts:
            if not cut.stalled:
                self._set(metrics, cut, sample)
        if sample is not None:
            live = {(c.name, c.since_ns) for c in sample.sets.values()}
            self._births = {at: v for at, v in self._births.items() if at in live}
        return [metric for metric, _ in metrics.values() if metric.samples]


class Scraper:
    """Reads and exposes; as a registry, for prometheus_client."""

    def __init__(self, source, names, exposition_, warn):
        self._source = source
        self._names = names
        self._exposition = exposition_
        self._warn = warn
        self._lock = threading.Lock()
        self._error = None
        self._last = None

    def collect(self):
        """One cut. What cannot be read is said in cstats_up, and once in the log."""
        with self._lock:
            try:
                # A recording that is over stays at its end.
                sample, error = self._source.read(self._names) or self._last, None
                self._last = sample
                if not sample.sets:
                    self._source.sets()	# without the module, sets that have names are gone
            except CstatError as err:
                sample, error = None, err
            if error and str(error) != self._error:
                self._warn(str(error))
                if error.hint:
                    self._warn(error.hint)
            self._error = str(error) if error else None
            return self._exposition.metrics(sample)

    @property
    def failed(self):
        return self._error is not None


def _scraper(source, selection, options, warn):
    """Without the module there is nothing to check names by, and the metrics say that."""
    if Metric is None:
        raise CstatError("this needs Python's client of Prometheus",
                         "apt-get install python3-prometheus-client")
    names = selection.sets(None)
    if selection.patterns:
        try:
            known, seen = source.sets(), source.peek(names)
        except CstatError as err:
            warn(f"{err}; the names are not checked")
        else:
            selection.sets(known)
            selection.check_sample(seen)
    return Scraper(source, names, Exposition(source, selection, not options.no_wrap,
                                             not options.no_created, warn), warn)


def to_stdout(source, selection, options, write, warn):
    """--prometheus"""
    scraper = _scraper(source, selection, options, warn)
    write(exposition.generate_latest(scraper).decode("utf-8"))
    return NOTHING if scraper.failed else 0


def _remove(path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _replace(path, data):
    """@path in one rename, readable for all. The name in between does not end in
    .prom, so node_exporter does not read it."""
    temporary = f"{path}.{os.getpid()}"
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
        os.rename(temporary, path)
    except BaseException as err:  # the end of the program, too
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if not isinstance(err, OSError):
            raise
        raise CstatError(f"cannot write {path}: {err.strerror}",
                         "node_exporter's directory on Debian is "
                         "/var/lib/prometheus/node-exporter, and root's"
                         ) from err


def to_textfile(source, selection, options, ticker, warn):
    """--textfile: once, or until it is ended. Then, and when what it asks for is not
    there, the file goes, so that nobody is served old values."""
    path = options.textfile
    if not path.endswith(".prom"):
        raise CstatError(f"{path} does not end in .prom", "node_exporter reads *.prom only")
    try:
        scraper = _scraper(source, selection, options, warn)
    except CstatError:
        _remove(path)
        raise
    if options.count == 1:
        _replace(path, exposition.generate_latest(scraper))
        return NOTHING if scraper.failed else 0

    def end(number, _frame):
        sys.exit(128 + number)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    n = 0
    try:
        while True:
            _replace(path, exposition.generate_latest(scraper))
            n += 1
            if n == options.count:
                return 0
            ticker.wait()
    finally:
        _remove(path)


def parse_address(text):
    """(host, port) of PORT, HOST:PORT or [HOST]:PORT."""
    match = re.fullmatch(r"(?:(\[[0-9a-fA-F:.%]+\]|[^:\[\]]*):)?(\d{1,5})", text)
    if not match or int(match[2]) > 65535:
        raise CstatError(f"--listen {text}: not [ADDRESS:]PORT",
                         "as in --listen 127.0.0.1:9960, or --listen [::1]:9960")
    return (match[1] or "127.0.0.1").strip("[]"), int(match[2])


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address, handler, warn):
        self._warn = warn
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def handle_error(self, request, client_address):
        """A client that goes before it has its answer is nothing to tell; all else is,
        in a line."""
        err = sys.exc_info()[1]
        if not isinstance(err, (ConnectionError, TimeoutError)):
            self._warn(f"a request of {client_address[0]} failed: {err!r}")


def _wants_openmetrics(accept):
    """Does a client with this header Accept prefer OpenMetrics to the text format?"""
    weights = {}
    for item in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in item.split(";"))
        weight = 1.0
        for parameter in parameters:
            match = re.fullmatch(r"q=(\d(?:\.\d*)?)", parameter)
            if match:
                weight = float(match[1])
        weights[kind] = max(weight, weights.get(kind, 0))
    text = max(weights.get(kind, 0) for kind in ("text/plain", "text/*", "*/*"))
    return weights.get("application/openmetrics-text", 0) > text


def listen(source, selection, options, warn):
    """--listen: until it is ended."""
    scraper = _scraper(source, selection, options, warn)

    class Handler(http.server.BaseHTTPRequestHandler):
        """GET /metrics"""
        server_version = f"cstat/{VERSION}"
        timeout = 10

        def do_GET(self):
            """One cut for each scrape."""
            path = self.path.partition("?")[0]
            if path == "/metrics":
                form = openmetrics if _wants_openmetrics(
                    self.headers.get("Accept", "")) else exposition
                self._answer(200, form.CONTENT_TYPE_LATEST, form.generate_latest(scraper))
            elif path == "/":
                self._answer(200, "text/html; charset=utf-8",
                             b"<title>cstat</title><a href=/metrics>/metrics</a>\n")
            else:
                self._answer(404, "text/plain; charset=utf-8",
                             f"no {html.escape(path)}; there is /metrics\n".encode())

        do_HEAD = do_GET

        def _answer(self, status, kind, body):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format, *args):
            """Scrapes are not worth a line each."""

    host, port = parse_address(options.listen)
    try:
        server = _Server((host, port), Handler, warn)
    except (OSError, OverflowError) as err:
        raise CstatError(f"cannot listen on {options.listen}: {err}",
                         "another port may be free, as in --listen 127.0.0.1:9961") from err
    shown = f"[{host}]" if ":" in host else host
    warn(f"serving http://{shown}:{server.server_port}/metrics")

    def end(_number, _frame):
        threading.Thread(target=server.shutdown).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    server.serve_forever(poll_interval=0.2)
    server.server_close()
    return 0
