# SPDX-License-Identifier: GPL-2.0
"""The live screen: a terminal for view.View."""

import contextlib
import curses
import locale
import os
import signal
import sys
import time

from .change import History
from .errors import CstatError
from .view import View
from .width import columns_of

_KEYS = {curses.KEY_UP: "up", curses.KEY_DOWN: "down", curses.KEY_PPAGE: "pageup",
         curses.KEY_NPAGE: "pagedown", curses.KEY_HOME: "home", curses.KEY_END: "end",
         curses.KEY_ENTER: "enter", curses.KEY_BACKSPACE: "backspace"}
_CHARACTERS = {"\n": "enter", "\r": "enter", "\x1b": "escape", "\x7f": "backspace",
               "\b": "backspace"}


def _styles():
    """style -> attribute; without colours when the person or the terminal has none."""
    styles = {"title": curses.A_REVERSE, "head": curses.A_BOLD, "set": curses.A_BOLD,
              "node": curses.A_BOLD, "value": curses.A_NORMAL, "rate": curses.A_BOLD,
              "dim": curses.A_NORMAL, "bar": curses.A_NORMAL, "plain": curses.A_NORMAL,
              "cursor": curses.A_REVERSE, "alarm": curses.A_BOLD | curses.A_REVERSE,
              "cursor alarm": curses.A_BOLD | curses.A_REVERSE,
              "message": curses.A_BOLD, "ask": curses.A_BOLD}
    if os.environ.get("NO_COLOR") or not curses.has_colors():
        return styles	# start_color() alone would set some
    curses.start_color()
    curses.use_default_colors()
    for number, colour in enumerate((curses.COLOR_CYAN, curses.COLOR_GREEN, curses.COLOR_RED,
                                     curses.COLOR_YELLOW, curses.COLOR_BLUE), 1):
        curses.init_pair(number, colour, -1)
    for style, pair, more in (("set", 1, curses.A_BOLD), ("node", 1, 0), ("bar", 2, 0),
                              ("alarm", 3, curses.A_BOLD | curses.A_REVERSE),
                              ("cursor alarm", 3, curses.A_BOLD | curses.A_REVERSE),
                              ("message", 4, curses.A_BOLD), ("ask", 4, curses.A_BOLD),
                              ("dim", 0, curses.A_DIM)):
        styles[style] = curses.color_pair(pair) | more
    return styles


class Screen:
    """Reads, draws and listens to keys until the person quits."""

    def __init__(self, source, names, view):
        self._source = source
        self._names = names
        self._view = view
        self._history = History(source)
        self._next = None	# when to read again, by CLOCK_MONOTONIC

    def _read(self):
        """Take a sample, unless the time has not come."""
        view = self._view
        now = time.monotonic()
        if view.ended or (self._next is not None and (view.paused or now < self._next)):
            return False
        try:
            sample = self._source.read(self._names, view.per_cpu)
        except CstatError as err:
            if not self._source.live:
                if not view.per_cpu:
                    raise
                view.per_cpu = False
            view.fail(err)
            sample = False
        if sample is None:
            view.ended = True
        elif sample:
            view.feed(sample, self._history.changes(sample))
        # In step with the clock, so that the pace does not drift.
        start = now if self._next is None else self._next
        self._next = max(start + view.delay, now + view.delay / 10)
        return True

    def _draw(self, window, styles):
        height, width = window.getmaxyx()
        window.erase()
        for y, line in enumerate(self._view.lines(width, height)):
            x = 0
            for text, style in line:
                try:
                    window.addstr(y, x, text, styles[style])
                except curses.error:
                    pass	# the last cell of the screen
                x += columns_of(text)
        curses.curs_set(1 if self._view.asking else 0)
        window.refresh()

    def _wait(self, window):
        """A key, or None when it is time for the next sample."""
        left = 0.5
        if self._next is not None and not self._view.paused and not self._view.ended:
            left = self._next - time.monotonic()
        window.timeout(max(1, min(500, int(left * 1000))))
        try:
            key = window.get_wch()
        except curses.error:
            return None
        if isinstance(key, str):
            return _CHARACTERS.get(key, key)
        return "resize" if key == curses.KEY_RESIZE else _KEYS.get(key)

    def run(self, window):
        styles = _styles()
        try:
            curses.curs_set(0)
        except curses.error:
            curses.curs_set = lambda _visibility: None	# a terminal that cannot
        while not self._view.done:
            self._read()
            self._draw(window, styles)
            key = self._wait(window)
            if key == "resize":
                curses.update_lines_cols()
            elif key:
                delay = self._view.delay
                self._view.key(key)
                if self._view.delay != delay:
                    self._next = time.monotonic()


def _wrap(run):
    """curses.wrapper() without its colours, which NO_COLOR forbids."""
    window = curses.initscr()
    try:
        curses.noecho()
        curses.cbreak()
        window.keypad(True)
        run(window)
    finally:
        window.keypad(False)
        curses.echo()
        curses.nocbreak()
        curses.endwin()


class _Ended(BaseException):
    """A signal asks for the end, before which the terminal has to be as it was."""

    def __init__(self, status):
        super().__init__()
        self.status = status


def _end(number, _frame):
    raise _Ended(0 if number == signal.SIGINT else 128 + number)


def live(source, names, selection, expressions, options):
    """-t"""
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        raise CstatError("the live screen needs a terminal",
                         "without -t there are tables, and -j and --csv for programs")
    with contextlib.suppress(locale.Error):	# that of the person may not be installed here
        locale.setlocale(locale.LC_ALL, "")
    utf8 = locale.nl_langinfo(locale.CODESET).upper() == "UTF-8"
    os.environ.setdefault("ESCDELAY", "25")
    for name in ("COLUMNS", "LINES"):	# curses would take them for the window's size
        os.environ.pop(name, None)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    view = View(source, selection, options, expressions, utf8)
    screen = Screen(source, names, view)
    try:
        curses.setupterm()
        _wrap(screen.run)
    except _Ended as ended:
        return ended.status
    except curses.error as err:
        raise CstatError(f"this terminal ({os.environ.get('TERM', 'TERM is not set')}) cannot "
                         f"show the live screen: {err}", "try: TERM=linux cstat -t") from err
    return 0
