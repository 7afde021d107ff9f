# SPDX-License-Identifier: GPL-2.0
"""The command line."""

import argparse
import os
import re
import shutil
import signal
import sys
import time

from . import VERSION
from .change import History
from .errors import CstatError
from .expr import Expression, Scope, check_names, shown
from .formats import Csv, Json, WideCsv, json_listing
from .recording import Recorder, Recording, append
from .select import Selection, expand, only_instances
from .source import Debugfs
from .table import COLUMNS, PerCpu, Table, Wide, listing

USAGE = """cstat [OPTION]... [NAME]... [DELAY [COUNT]]
       cstat [OPTION]... [NAME]... -r N -- COMMAND [ARGUMENT]..."""

EPILOG = """NAME is SET, SET.FIELD, SET{INSTANCE} or SET{INSTANCE}.FIELD, each of them
perhaps with * and ?; quote these from the shell. Without names all sets are shown.
DELAY is in seconds; with it cstat goes on until COUNT samples or an interrupt, and
without it there is one sample.

examples:
  cstat                                 everything, once
  cstat kmem 1                          a set, every second
  cstat -w 'kmem.*_sum' 1 10            a line per second, as vmstat
  cstat -t                              the live screen
  cstat -r 10 -- ls /                   what did this command do?
  cstat -j kmem | jq .sets[0].values    JSON
  cstat --check 'kmem.kmalloc_count == sum(kmem.kmalloc_bucket_*)'

exit status: 0; 1 when a check does not hold; 2 for a wrong name or option and when
there is nothing to read, but 3 with --prometheus and --textfile; that of COMMAND.

cstat(1) has the rest. When nothing works, scripts/doctor, in the sources, says why."""


def _seconds(text):
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0.001 <= value <= 10 ** 7:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds from 0.001 on")
    return value


def _count(text):
    if not re.fullmatch(r"[0-9]{1,15}", text) or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return int(text)


def _columns(text):
    words = text.split(",")
    for word in words:
        if word not in COLUMNS:
            raise argparse.ArgumentTypeError(
                f"no column {word}; there are: {','.join(COLUMNS)}")
    return tuple(words)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise CstatError(message, "cstat --help lists the options")


def parser():
    """The options; bash completion is tested against them."""
    p = _Parser(prog="cstat", usage=USAGE, add_help=False, allow_abbrev=False,
                description="Watch consistent per-CPU counters of the kernel.", epilog=EPILOG,
                formatter_class=argparse.RawDescriptionHelpFormatter)
    add = p.add_argument_group("what to read").add_argument
    add("names", nargs="*", metavar="NAME", help=argparse.SUPPRESS)
    add("-i", "--interval", type=_seconds, metavar="SECONDS", help="the same as DELAY")
    add("-c", "--count", type=_count, metavar="N", help="the same as COUNT")
    add("-P", "--per-cpu", action="store_true", help="each CPU's part, and the imbalance")
    add("--per-node", action="store_true", help="the same, added up for each NUMA node")
    add("--last", action="store_true", help="the last snapshots, without taking new ones")
    add("--replay", metavar="FILE", help="read a recording instead of the kernel")
    add("--debugfs", metavar="DIR", help="where debugfs is (also in $CSTATS_DEBUGFS)")
    add = p.add_argument_group("what to show").add_argument
    add("-l", "--list", action="store_true", help="sets and fields, with kinds, units and "
        "descriptions; takes no snapshot")
    add("-z", "--no-zeros", dest="zeros", action="store_true", help="leave out what is zero")
    add("-Z", "--no-unchanged", dest="unchanged", action="store_true",
        help="leave out what did not change since the sample before")
    add("-H", "--human", action="store_true", help="sizes and times for people: 1.50KiB")
    add("--show", type=_columns, metavar="COLUMNS", help="of " + ",".join(COLUMNS))
    add("-e", "--expr", action="append", default=[], metavar="NAME=EXPR",
        help="compute and show this too: hit=hits/(hits+misses)")
    add = p.add_argument_group("how to show it").add_argument
    add("-t", "--top", action="store_true", help="the live screen; h there lists its keys")
    add("-w", "--wide", action="store_true", help="a line for each sample, as vmstat")
    add("--header", type=_count, default=20, metavar="N",
        help="with -w the names again every N lines (20)")
    add("-j", "--json", action="store_true", help="an object for each sample, a line each")
    add("-p", "--pretty", action="store_true", help="the same, indented")
    add("--csv", action="store_true", help="comma-separated values")
    add("-o", "--output", metavar="FILE", help="append to FILE, opened again on SIGHUP")
    add("--record", metavar="FILE", help="write a recording, for --replay")
    add("--plot", metavar="FILE", help="draw the samples (.svg, .png, .pdf)")
    add = p.add_argument_group("what else to do").add_argument
    add("-r", "--repeat", type=_count, metavar="N", help="run COMMAND N times and show what "
        "it did, with mean and spread")
    add("--check", action="append", default=[], metavar="EXPR",
        help="exit with 1 and show the values when EXPR does not hold")
    add("--reset", metavar="SET", help="let the set's counters count from here")
    add = p.add_argument_group("for Prometheus").add_argument
    add("--prometheus", action="store_true", help="the text format on standard output")
    add("--textfile", metavar="FILE.prom", help="the same into a file, for node_exporter")
    add("--listen", metavar="[ADDRESS:]PORT", help="serve it over HTTP, a cut each time "
        "(127.0.0.1)")
    add("--no-wrap", action="store_true", help="counters beyond 2^53 as they are, inexact")
    add("--no-created", action="store_true", help="leave out the series *_created")
    add = p.add_argument_group("help").add_argument
    add("-h", "--help", action="store_true", help="this text")
    add("--version", action="store_true", help="the versions of cstat and of the module")
    return p


def parse(argv):
    """(options, command): what stands behind -- is the command."""
    command = None
    if "--" in argv:
        at = argv.index("--")
        argv, command = argv[:at], argv[at + 1:]
    # Names and options in any order.
    options, rest = parser().parse_known_args(argv)
    for word in rest:
        if word.startswith("-"):
            raise CstatError(f"no option {word}", "cstat --help lists the options")
    options.names += rest
    numbers = []
    while options.names and len(numbers) < 2 and re.match(r"-?[0-9.]", options.names[-1]):
        numbers.insert(0, options.names.pop())
    for name in options.names:
        if re.match(r"-?[0-9.]", name):
            raise CstatError(f"{name}: DELAY and COUNT come last", "cstat NAME DELAY COUNT")
    try:
        if numbers:
            options.interval = _seconds(numbers[0])
        if len(numbers) > 1:
            options.count = _count(numbers[1])
    except argparse.ArgumentTypeError as err:
        raise CstatError(str(err), "cstat NAME DELAY COUNT, as in: cstat kmem 1 5") from err
    options.json |= options.pretty
    options.per_cpu |= options.per_node
    whole = options.replay and not options.textfile	# a file gets one sample of a recording
    if not (options.count or options.interval or whole or options.top):
        options.count = 1
    options.hide_still = command is not None
    _exclude(options, command)
    return options, command


def _exclude(options, command):
    """Complain of options that do not go together."""
    modes = [name for name, on in (
        ("-t", options.top), ("-l", options.list), ("--record", options.record),
        ("--plot", options.plot), ("--check", options.check), ("--reset", options.reset),
        ("--prometheus", options.prometheus), ("--textfile", options.textfile),
        ("--listen", options.listen), ("a command", command is not None)) if on]
    if len(modes) > 1:
        raise CstatError(f"{modes[0]} and {modes[1]} do not go together",
                         "run cstat twice; --record and --replay help to see the same twice")
    if options.json and options.csv:
        raise CstatError("-j and --csv do not go together", "choose one of them")
    if command is not None and not command:
        raise CstatError("no command after --", "as in: cstat -r 10 -- ls /")
    if options.repeat and command is None:
        raise CstatError("-r needs a command", "as in: cstat -r 10 -- ls /")
    if command is not None and options.replay:
        raise CstatError("a command has no recording", "leave out --replay")
    if command is not None and (options.wide or options.csv):
        raise CstatError(f"{'-w' if options.wide else '--csv'} and a command do not go together",
                         "leave it out, or take -j")
    if options.output and modes and not (options.prometheus or command is not None):
        raise CstatError(f"{modes[0]} and -o do not go together",
                         "redirect its output, if it has any")
    if options.prometheus and (options.interval or (options.count or 1) > 1):
        raise CstatError("--prometheus writes one sample",
                         "--textfile and --listen go on: leave out DELAY and COUNT")
    if options.reset and options.names:
        raise CstatError(f"--reset takes one set, and not {options.names[0]} as well",
                         "run cstat for each")
    if options.replay and options.record and os.path.exists(options.record) and (
            os.path.samefile(options.replay, options.record)):
        raise CstatError(f"--replay and --record name one file, {options.record}",
                         "give --record another one")
    if options.per_cpu and (options.wide or options.csv) and not (options.top or options.record):
        raise CstatError(f"{'-w' if options.wide else '--csv'} has no columns for single CPUs",
                         "leave it out; -P and -j go together")
    if options.per_cpu and command is not None:
        raise CstatError("-P and a command do not go together",
                         "leave it out: what a command did is shown of all CPUs together")
    if options.wide and not (options.json or modes):
        _exclude_wide(options)
    if options.last and options.per_cpu:
        raise CstatError("--last has no values of single CPUs", "leave out one of them")


def _exclude_wide(options):
    """Complain of options that -w has no use for."""
    if options.zeros or options.unchanged:
        raise CstatError(f"{'-z' if options.zeros else '-Z'} and -w do not go together: "
                         "the columns stay", "name the fields that are wanted")
    if options.show and options.csv:
        raise CstatError("--show and --csv do not go together", "--csv -w has the values")
    if options.show and options.show not in (("value",), ("change",), ("rate",)):
        raise CstatError(f"-w shows one of value, change and rate, not {','.join(options.show)}",
                         "without -w there is a column for each")


class Log:
    """Where output goes: standard output, or a file that others may move away."""

    def __init__(self, path):
        self._path = path
        self._file = sys.stdout
        self._first = None	# line of the file, if it is not empty
        self._again = False
        if path:
            self._open()
            signal.signal(signal.SIGHUP, self._hup)

    def _hup(self, _signal, _frame):
        self._again = True

    def _open(self):
        try:
            self._file = open(self._path, "ab", buffering=0)
            self._first = None
            if os.path.isfile(self._path) and os.fstat(self._file.fileno()).st_size > 0:
                with open(self._path, "rb") as file:
                    self._first = file.readline()
        except OSError as err:
            raise CstatError(f"cannot write {self._path}: {err.strerror}") from err

    def write(self, text, head=None):
        """@head comes before the first text of each file, and is that of its columns."""
        if self._again:
            self._again = False
            self._file.close()
            self._open()
        if head:
            line = head.encode("utf-8", "surrogateescape")
            if self._first is None:
                self._first = line
                text = head + text
            elif self._first != line:
                raise CstatError(f"{self._path} begins with other columns",
                                 "move it away, or give --output another file")
        if self._path:
            append(self._file, self._path, text)
        else:
            self._file.write(text)
            self._file.flush()


def warn(message):
    print(f"cstat: {message}", file=sys.stderr, flush=True)


class Ticker:
    """Waits for the next multiple of the interval, so that the pace does not drift."""

    def __init__(self, interval, clock=time.monotonic, sleep=time.sleep):
        self._interval = interval
        self._clock = clock
        self._sleep = sleep
        self._start = clock()
        self._n = 0

    def wait(self):
        now = self._clock()
        # What was missed is left out rather than made up for.
        self._n = max(self._n + 1, int((now - self._start) / self._interval) + 1
                      if now >= self._start + (self._n + 1) * self._interval else 0)
        self._sleep(max(0, self._start + self._n * self._interval - now))


def samples(source, names, options):
    """The samples that were asked for, in time."""
    count = options.count
    ticker = Ticker(options.interval or 1)
    n = 0
    while True:
        sample = source.read(names, options.per_cpu)
        if sample is None:
            return
        yield sample
        n += 1
        if n == count:
            return
        if source.live:
            ticker.wait()


class Notices:
    """Says once on standard error what changed: sets that go and come, and misuse that
    is of no set."""

    def __init__(self):
        self._sets = None
        self._lost = 0

    def see(self, sample):
        if sample.lost > self._lost:
            self._lost = sample.lost
            warn(f"the kernel noticed sections without a set: {sample.lost}; see dmesg")
        now = set(sample.sets)
        if self._sets is not None:
            for name in sorted(self._sets - now):
                warn(f"set {name} went away")
            for name in sorted(now - self._sets):
                warn(f"set {name} is there")
        self._sets = now


def check(source, names, expressions, options):
    """--check: 0 when all of them hold in all samples, else 1."""
    history = History(source)
    bad = n = 0
    waiting = []	# for a second sample
    for sample in samples(source, names, options):
        changes = history.changes(sample)
        n += 1
        for expression in expressions:
            scope = Scope(sample, changes)
            value = expression.evaluate(scope)
            cuts = [sample.sets[name] for name in sorted(scope.touched)]
            stalled = [cut.name for cut in cuts if cut.stalled
                       and cut.name not in expression.asks_stalled]
            if value is not None and value != 0 and not stalled:
                continue
            if value is None and n == 1 and options.count != 1 and expression.of_changes:
                waiting.append(expression)
                continue
            bad += 1
            if value is None:
                why = "has no value"
            else:
                why = "does not hold" if value == 0 else "holds, but only of an old snapshot"
            print(f"{expression.text}: {why}", end="")
            print("".join(f"; {name} is stalled" for name in stalled))
            for name, used in dict(expression.used).items():
                print(f"    {name} = {shown(used, 17)}")
            for cut in cuts:
                print(f"    in snapshot {cut.number} of {cut.name}")
            sys.stdout.flush()
    if not n:
        raise CstatError("there was no sample to check")
    if n == 1:
        for expression in waiting:
            bad += 1
            print(f"{expression.text}: has no value; there was no second sample")
    return 1 if bad else 0


def _version(options):
    print(f"cstat {VERSION}")
    module = Debugfs(options.debugfs, options.sysfs).module()
    if os.path.isdir(f"{options.sysfs}/module/cstats"):
        print(f"cstats.ko {module['version']}, sync={module['sync']}")
    return 0


def _show(source, selection, names, expressions, options):
    log = Log(options.output)
    args = (options, source, selection, expressions, log.write)
    if options.json:
        output = Json(*args)
    elif options.csv:
        output = WideCsv(*args) if options.wide else Csv(*args)
    elif options.per_cpu:
        output = PerCpu(*args, width=shutil.get_terminal_size((80, 24)).columns)
    else:
        output = Wide(*args) if options.wide else Table(*args)
    if options.plot:
        from .plot import Plot

        output = Plot(*args)
    history, notices = History(source), Notices()
    first = True
    if options.plot:	# an interrupt ends the samples, and they are drawn
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for sample in samples(source, names, options):
            if first:
                selection.check_sample(sample)
                first = False
            notices.see(sample)
            output.sample(sample, history.changes(sample))
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    output.close()
    return 0


def _record(source, selection, names, options):
    recorder = None
    for sample in samples(source, names, options):
        if recorder is None:	# a wrong name must not cost the recording that is there
            selection.check_sample(sample)
            recorder = Recorder(options.record, source)
        for cut in sample.sets.values():
            keys = set(selection.keys(cut))
            cut.values = {k: v for k, v in cut.values.items() if k in keys}
        recorder.write(sample)
    recorder.close()
    return 0


def run(argv):
    """The whole program; the result is its exit status."""
    options, command = parse(argv)
    options.sysfs = os.environ.get("CSTATS_SYSFS", "/sys")
    options.debugfs = (options.debugfs or os.environ.get("CSTATS_DEBUGFS")
                       or f"{options.sysfs}/kernel/debug")
    if options.help:
        print(parser().format_help(), end="")
        return 0
    if options.version:
        return _version(options)
    if options.replay:
        source = Recording(options.replay, warn)
    else:
        source = Debugfs(options.debugfs, options.sysfs, options.last)
    if options.reset:
        source.reset(options.reset)
        return 0
    expressions = [Expression(text) for text in options.expr]
    checks = [Expression(text) for text in options.check]
    selection = Selection(options.names)
    if options.prometheus or options.textfile or options.listen:
        return _prometheus(source, selection, options)
    known = source.sets()
    names = selection.sets(known)
    if options.list:
        listed = known if names is None else expand(names, known)
        if options.json:
            sys.stdout.write(json_listing(source, selection, listed, options.pretty))
        else:
            for line in listing(source, selection, listed):
                print(line)
        return 0
    check_names(expressions + checks, known)
    source.only = only_instances(([] if checks else selection.patterns) + [
        p for e in expressions + checks for p in e.patterns])
    if checks:
        try:
            return check(source, _read_by(checks, known, names or []), checks, options)
        except BrokenPipeError:	# only what does not hold is written
            _drop_output()
            return 1
    if names is not None and expressions:
        names = _read_by(expressions, known, names)
    if command is not None:
        options.repeat = options.repeat or 1
        return _repeat(source, names, selection, expressions, options, command)
    if options.top:
        from .screen import live

        return live(source, names, selection, expressions, options)
    if options.record:
        return _record(source, selection, names, options)
    return _show(source, selection, names, expressions, options)


def _prometheus(source, selection, options):
    from . import prometheus

    source.only = only_instances(selection.patterns)
    if options.listen:
        return prometheus.listen(source, selection, options, warn)
    if options.textfile:
        return prometheus.to_textfile(source, selection, options,
                                      Ticker(options.interval or 1), warn)
    return prometheus.to_stdout(source, selection, options, Log(options.output).write, warn)


def _read_by(expressions, known, names):
    """@names, and the sets that @expressions read beside them. A bare field is looked
    for in @names when there are any, else everywhere."""
    wanted = set()
    for expression in expressions:
        wanted.update(expression.set_names)
        wanted.update(p.set for p in expression.patterns if p.set != "*" or not names)
    return names + [n for n in expand(wanted, known) if n not in expand(names, known)]


def _repeat(source, names, selection, expressions, options, command):
    from .repeat import repeat

    log = Log(options.output)

    def write(text):
        try:
            log.write(text)
        except BrokenPipeError:	# the status is the command's, nevertheless
            _drop_output()
    return repeat(source, names, selection, expressions, options, command, write, warn)


def _drop_output():
    """What is left in the buffer goes nowhere. Python would complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def main(argv=None):
    """Run, and turn what goes wrong into a message and a status."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:	# closed: nothing else may get its number
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))
        # Names are bytes, most often in UTF-8, whatever the terminal has.
        getattr(sys, name).reconfigure(encoding="utf-8", errors="surrogateescape")
    status = 0
    try:
        status = run(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        _drop_output()	# the reader has seen enough
        return status
    except OSError as err:
        _drop_output()
        where = err.filename or "cannot write standard output"
        print(f"cstat: {where}: {err.strerror}", file=sys.stderr)
        return 2
    except CstatError as err:
        print(f"cstat: {err}", file=sys.stderr)
        if err.hint:
            print(f"cstat: {err.hint}", file=sys.stderr)
        return err.status
    except RecursionError:
        print("cstat: an expression is nested too deeply", file=sys.stderr)
        return 2
