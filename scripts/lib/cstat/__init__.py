# SPDX-License-Identifier: GPL-2.0
"""
cstat: the modules of scripts/cstat

    errors.py      what goes wrong, and what the person can do about it
    text.py        the text of debugfs: parse it into samples, cuts and series
    fields.py      what a series is: kind, unit, description, part of a histogram
    select.py      patterns for sets, instances and fields
    source.py      samples from debugfs
    recording.py   samples into a file and out of it
    change.py      exact differences between two cuts of a set
    units.py       numbers for people
    expr.py        expressions over series, in exact arithmetic
    table.py       output for people: tables, wide rows, per CPU, lists
    formats.py     JSON and CSV
    repeat.py      cstat -r N -- COMMAND
    plot.py        cstat --plot
    prometheus.py  exposition: standard output, a text file, HTTP
    view.py        the lines of the live screen, without a terminal
    screen.py      the live screen: keys and curses
    main.py        the command line

Arrows point upwards only: a module imports those above it.
"""

import os
import re


def _version():
    """In the source tree: that of all its parts, which the header states."""
    top = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../..")
    try:
        with open(os.path.join(top, "include/linux/cstats.h"), encoding="ascii") as header:
            return re.search(r'#define CSTATS_VERSION\s+"(.+)"', header.read())[1]
    except OSError:
        return "unknown"


VERSION = _version()	# scripts/install-tool writes it here
FORMAT = 1		# of the kernel's text, "cstats version: 1"
