#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
picture - draw the live screen as it is in a terminal

usage: picture.py FILE.svg|FILE.png COLUMNSxROWS KEYS SECONDS [CSTAT-ARGUMENT]...

Starts `cstat -t` in tmux, types KEYS, waits, and draws what tmux has then, colours
and all. The README's pictures are made so, from a recording.
"""

import os
import re
import subprocess
import sys
import tempfile
import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.patches import Rectangle  # noqa: E402

CSTAT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/cstat")
PAPER, INK = "#1e2227", "#d7dae0"
COLOURS = {"31": "#f0616d", "32": "#8cc265", "33": "#d8a657", "34": "#4aa5f0", "35": "#c162de",
           "36": "#42b3c2", "37": INK}


def capture(columns, rows, keys, seconds, arguments):
    """The screen as lines with escape sequences."""
    with tempfile.TemporaryDirectory() as tmp:
        def tmux(*args):
            return subprocess.run(["tmux", "-S", f"{tmp}/s", "-f", "/dev/null", *args], text=True,
                                  check=True, capture_output=True,
                                  env=dict(os.environ, LC_ALL="C.UTF-8", TERM="xterm")).stdout
        tmux("new-session", "-d", "-x", str(columns), "-y", str(rows),
             sys.executable, CSTAT, "-t", *arguments)
        try:
            time.sleep(1)
            for key in keys:
                tmux("send-keys", key)
            time.sleep(seconds)
            return tmux("capture-pane", "-p", "-e", "-N").split("\n")[:rows]
        finally:
            tmux("kill-server")


def pieces(line):
    """(column, text, colour, background, bold) of a line."""
    state = {"colour": INK, "bold": False, "reverse": False, "dim": False}
    column = 0
    for escape, text in re.findall(r"\x1b\[([0-9;]*)m|([^\x1b]+)", line):
        if text:
            colour, back = state["colour"], PAPER
            if state["dim"]:
                colour = "#8b929e"
            if state["reverse"]:
                colour, back = back, colour
            yield column, text, colour, back, state["bold"]
            column += len(text)
            continue
        for code in (escape or "0").split(";"):
            if code in ("", "0"):
                state = {"colour": INK, "bold": False, "reverse": False, "dim": False}
            elif code == "39":
                state["colour"] = INK
            elif code in COLOURS:
                state["colour"] = COLOURS[code]
            elif code in ("1", "2", "7"):
                state[{"1": "bold", "2": "dim", "7": "reverse"}[code]] = True


def draw(lines, columns, path):
    size = 9			# points; a character of DejaVu Sans Mono is 0.602 wide
    wide, high = size * 0.602 / 72, size * 1.35 / 72
    plt.rcParams.update({"svg.hashsalt": "cstats", "svg.fonttype": "path"})
    figure = plt.figure(figsize=((columns + 2) * wide, (len(lines) + 1) * high), facecolor=PAPER)
    ax = figure.add_axes([0, 0, 1, 1])
    ax.set_xlim(-1, columns + 1)
    ax.set_ylim(len(lines) + 0.5, -0.5)
    ax.axis("off")
    for y, line in enumerate(lines):
        for x, text, colour, back, bold in pieces(line):
            if back != PAPER:
                ax.add_patch(Rectangle((x, y), len(text), 1, color=back, linewidth=0))
            for word in re.finditer(r"\S+", text):
                ax.text(x + word.start(), y + 0.78, word[0].replace("$", r"\$"), color=colour,
                        family="DejaVu Sans Mono", fontsize=size,
                        weight="bold" if bold else "normal")
    figure.savefig(path, facecolor=PAPER, dpi=110,
                   **({"metadata": {"Date": None}} if path.endswith(".svg") else {}))


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    path, size, keys, seconds = sys.argv[1:5]
    columns, rows = map(int, size.split("x"))
    draw(capture(columns, rows, keys, float(seconds), sys.argv[5:]), columns, path)


if __name__ == "__main__":
    main()
