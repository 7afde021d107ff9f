# SPDX-License-Identifier: GPL-2.0
"""
cstat -r N -- COMMAND: what did this command do?

Each run is between two cuts, so that its figures are exact: whatever the machine
counted from the one instant to the other, and nothing else. It is the whole
machine's doing, not the command's alone.
"""

import math
import os
import shlex
import signal
import subprocess
import time

from .change import Change
from .errors import CstatError
from .expr import Scope, shown
from .fields import field_of
from .formats import SCHEMA, dumps, plain, rfc3339
from .table import columns, warnings
from .units import human


def _run(command):
    """Run @command to its end: (status as in the shell, ns, was there an interrupt)."""
    seen = []
    start = time.monotonic_ns()
    try:
        # As in a shell, the terminal's keys are for the command; exec() lets it have them.
        before = signal.signal(signal.SIGINT, lambda *_: seen.append(True))
        try:
            status = subprocess.Popen(command).wait()
        finally:
            signal.signal(signal.SIGINT, before)
    except OSError as err:
        raise CstatError(f"cannot run {command[0]}: {os.strerror(err.errno)}",
                         status=127 if isinstance(err, FileNotFoundError) else 126) from err
    return (status if status >= 0 else 128 - status), time.monotonic_ns() - start, bool(seen)


class Figure:
    """The changes of one series over the runs; None in @runs is one in which the
    set was not there, so that there is nothing to say of it."""

    def __init__(self, runs):
        self.runs = runs
        self.values = [value for value in runs if value is not None]

    @property
    def mean(self):
        return sum(self.values) / len(self.values)

    @property
    def deviation(self):
        """The standard deviation of the runs; None for a single one."""
        n = len(self.values)
        if n < 2:
            return None
        # In integers, so that large values with small differences keep them.
        total, squares = sum(self.values), sum(v * v for v in self.values)
        return math.sqrt((n * squares - total * total) / (n * (n - 1)))

    @property
    def spread(self):
        """The standard error of the mean, in per cent of it, as perf stat has it."""
        deviation = self.deviation
        if deviation is None or sum(self.values) == 0:
            return None
        return 100 * deviation / math.sqrt(len(self.values)) / abs(self.mean)


def _mean(figure, unit, people):
    if people:
        return human(figure.mean, unit)
    total, n = sum(figure.values), len(figure.values)
    return str(total // n) if total % n == 0 else f"{figure.mean:.1f}"


def repeat(source, names, selection, expressions, options, command, write, warn):
    """Run @command options.repeat times, print the figures, return its last status."""
    compared, elapsed, results, notes = [], [], {}, {}
    status = 0
    first_ns = None
    tables = {}
    for _ in range(options.repeat):
        before = source.read(names)
        if first_ns is None:
            first_ns = before.wall_ns
            selection.check_sample(before)
        status, took, interrupted = _run(command)
        after = source.read(names)
        elapsed.append(took)
        compared.append({})	# set -> {key: change}, of this run
        changes = {name: Change(before.sets.get(name), cut, source.fields(name))
                   for name, cut in after.sets.items()}
        for name, change in changes.items():
            tables[name] = source.fields(name)
            notes[name] = warnings(change.new)
            if change.old is None:
                warn(f"set {name} came while the command ran, and is left out")
                continue
            if change.new.stalled or change.old.stalled:
                raise CstatError(f"{name} is stalled: there is no fresh snapshot to compare",
                                 "the kernel's log names the CPU: dmesg | grep cstats",
                                 status=1)
            if change.why:
                raise CstatError(f"{name} was reset or made anew while the command ran",
                                 "run it again", status=1)
            deltas = compared[-1][name] = {}
            for key in selection.keys(change.new):
                delta = change.delta(key)
                deltas[key] = change.new.values[key] if delta is None else delta
        for name in set(before.sets) - set(after.sets):
            warn(f"set {name} went away while the command ran")
        scope = Scope(after, changes)
        for expression in expressions:
            results.setdefault(expression.name, []).append(expression.evaluate(scope))
        if interrupted:
            warn(f"interrupted in run {len(elapsed)} of {options.repeat}")
            break
    runs = len(elapsed)
    # An instance that was not there did nothing in that run, so that the instances' means
    # add up to no more than the family's.
    figures = {}
    for key in dict.fromkeys(k for run in compared for of in run.values() for k in of):
        figure = Figure([run[key.set].get(key, 0) if key.set in run else None
                         for run in compared])
        if any(figure.values) or not (options.unchanged or options.hide_still):
            figures[key] = figure
    text = shlex.join(command)
    if options.json:
        write(dumps({
            "schema": SCHEMA, "time": rfc3339(first_ns), "command": command,
            "runs": runs, "status": status, "elapsed_ns": elapsed,
            "changes": [{"set": k.set, "label": k.label, "instance": k.instance,
                         "field": k.field, "unit": field_of(tables[k.set], k.field).unit,
                         "values": f.runs, "mean": f.mean, "deviation": f.deviation}
                        for k, f in figures.items()],
            "expressions": {n: [plain(v) for v in of] for n, of in results.items()}},
            options.pretty))
        return status
    write(f"\nWhat the machine counted while {text!r} ran"
          f"{f' ({runs} runs)' if runs > 1 else ''}:\n\n")
    rows = [["field", "mean", "unit", "+-", "least", "most"]]
    for key, figure in figures.items():
        unit = field_of(tables[key.set], key.field).unit
        spread = figure.spread
        rows.append([key.name, _mean(figure, unit, options.human), unit or "",
                     "" if spread is None else f"{spread:.2f} %",
                     str(min(figure.values)), str(max(figure.values))])
    time_figure = Figure(elapsed)
    rows.append(["elapsed", f"{time_figure.mean / 1e9:.6f}", "seconds",
                 "" if time_figure.spread is None else f"{time_figure.spread:.2f} %",
                 f"{min(elapsed) / 1e9:.6f}", f"{max(elapsed) / 1e9:.6f}"])
    if runs == 1:
        rows = [row[:3] for row in rows]
    for line in columns(rows, {0, 2}):
        write(f"  {line}\n")
    for name, values in results.items():
        write(f"  {name}: {' '.join(shown(v) for v in values)}\n")
    for name, words in notes.items():
        for word in words:
            write(f"  {name}: {word}\n")
    write("\n")
    return status
