# SPDX-License-Identifier: GPL-2.0
"""
cstat --plot FILE: the samples as curves over time.

Counters are drawn as their change per second, gauges as their value, and the
buckets of a histogram as a map of what came in when. Series with the same set and
unit share a panel. Where a set was stalled the background is red.
"""

import math
import os

from .errors import CstatError
from .expr import shown
from .fields import INF, field_of, histograms
from .table import Output, moved
from .text import Key
from .units import BYTES, human, ns_of

_MOST = 10	# curves in a panel


class Plot(Output):
    """Keeps what has to be drawn, and draws it at the end."""

    def __init__(self, *args):
        super().__init__(*args)
        try:
            import matplotlib
        except ImportError as err:
            raise CstatError("--plot needs matplotlib",
                             "apt-get install python3-matplotlib") from err
        if os.path.splitext(self.options.plot)[1] not in (".svg", ".png", ".pdf"):
            raise CstatError(f"--plot {self.options.plot}: not a .svg, .png or .pdf")
        matplotlib.use("Agg")
        matplotlib.rcParams.update({
            "font.size": 9, "font.family": "sans-serif", "svg.fonttype": "none",
            "svg.hashsalt": "cstats", "axes.spines.top": False, "axes.spines.right": False})
        self._first_ns = None
        self._curves = {}	# (set, what is drawn, unit) -> {label: [(s, value)]}
        self._maps = {}		# (set, name, unit, bounds) -> [(s, [per second])]
        self._stalled = {}	# set -> [(from, to)]
        self._errors = {}
        self._time = 0.0

    def _add(self, panel, label, when, value):
        self._curves.setdefault(panel, {}).setdefault(label, []).append((when, value))

    def sample(self, sample, changes):
        if self._first_ns is None:
            self._first_ns = sample.now_ns
        before, self._time = self._time, (sample.now_ns - self._first_ns) / 1e9
        for name, change in self.visible(changes).items():
            cut = change.new
            table = self.source.fields(name)
            if cut.stalled:
                self._stalled.setdefault(name, []).append((before, self._time))
            self._errors[name] = cut.errors
            when = (cut.time_ns - self._first_ns) / 1e9
            keys = self.keys(change)
            # What -z and -Z leave out of a histogram is part of its map.
            found = histograms(k.field for k in self.selection.keys(cut) if k.instance is None)
            for histogram in found.values():
                if moved(Key(name, None, None, histogram.count), change, self.options.zeros,
                         False):
                    self._map(name, histogram, table, change, when)
            inside = {n for h in found.values() for _, n in h.buckets}
            for key in keys:
                field = field_of(table, key.field)
                if key.field in inside:
                    continue
                if field.kind == "gauge":
                    self._add((name, "value", field.unit), key, when, cut.values[key])
                elif change.rate(key) is not None:
                    self._add((name, "per second", field.unit), key, when, change.rate(key))
        for name, value in self.evaluate(sample, changes):
            if value is not None:
                self._add(("expressions", "value", None), name, self._time, float(value))

    def _map(self, name, histogram, table, change, when):
        rates = [change.rate(Key(name, None, None, n)) for _, n in histogram.buckets]
        if None not in rates:
            unit = field_of(table, histogram.sum).unit
            bounds = tuple(b for b, _ in histogram.buckets)	# others when it was made anew
            self._maps.setdefault((name, histogram.base, unit, bounds), []).append((when, rates))

    def _label(self, key):
        """As a text that can be drawn: between two $ it would be a formula."""
        text = key if isinstance(key, str) else key.name[len(key.set):].lstrip(".")
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return text.replace("$", r"\$")

    def _draw_curves(self, ax, panel, curves):
        from matplotlib.ticker import MultipleLocator

        name, what, unit = panel
        largest = sorted(curves, key=lambda k: -max(abs(v) for _, v in curves[k]))
        for key in largest[:_MOST]:
            points = curves[key]
            ax.plot([t for t, _ in points], [v for _, v in points], label=self._label(key),
                    linewidth=1.3, marker="o" if len(points) < 3 else None, markersize=3)
        if len(largest) > _MOST:
            ax.plot([], [], " ", label=f"and {len(largest) - _MOST} smaller ones")
        ax.set_ylabel(f"{unit or ''} {what}".strip())
        if unit in BYTES:	# ticks at powers of two
            low, high = ax.get_ylim()
            step = 2.0 ** math.ceil(math.log2(max(high - low, 1) / 6))
            ax.yaxis.set_major_locator(MultipleLocator(step))
        ax.yaxis.set_major_formatter(lambda v, _: human(v, unit) if v else "0")
        if what == "per second":
            ax.set_ylim(bottom=min(0, ax.get_ylim()[0]))
        ax.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1))

    def _draw_map(self, ax, panel, columns):
        _, base, unit, bounds = panel
        step = columns[-1][0] - columns[-2][0] if len(columns) > 1 else 1
        edges = [columns[0][0] - step] + [t for t, _ in columns]
        mesh = ax.pcolormesh(edges, range(len(bounds) + 1),
                             [[rates[i] for _, rates in columns] for i in range(len(bounds))],
                             cmap="viridis")
        ax.set_yticks(range(1, len(bounds) + 1),
                      ["inf" if b == INF else human(b, unit) if ns_of(unit) or unit else str(b)
                       for b in bounds], fontsize=6)
        ax.set_ylabel(f"{base} up to")
        ax.figure.colorbar(mesh, ax=ax, label="per second",
                           cax=ax.inset_axes([1.02, 0, 0.02, 1]))

    def close(self):
        import matplotlib.pyplot as plt

        order = list(self._errors) + ["expressions"]
        panels = sorted(list(self._curves) + list(self._maps), key=lambda p: order.index(p[0]))
        if not panels:
            raise CstatError("there is nothing to draw",
                             "give at least two samples, as in: cstat --plot FILE 1 10")
        figure, axes = plt.subplots(len(panels), 1, sharex=True, squeeze=False,
                                    figsize=(9, 0.6 + 2.1 * len(panels)),
                                    layout="constrained")
        for ax, panel in zip(axes[:, 0], panels):
            if panel in self._curves:
                self._draw_curves(ax, panel, self._curves[panel])
            else:
                self._draw_map(ax, panel, self._maps[panel])
            name = panel[0]
            title = name
            if self._errors.get(name):
                title += f" ({shown(self._errors[name])} errors)"
            if name in self._stalled:
                title += " STALLED where red"
            ax.set_title(title, loc="left", fontsize=9, fontweight="bold")
            for start, end in self._stalled.get(name, ()):
                ax.axvspan(start, end, color="red", alpha=0.2, linewidth=0)
        axes[-1, 0].set_xlabel("seconds")
        try:
            plain = self.options.plot.endswith(".svg")
            figure.savefig(self.options.plot, dpi=110,
                           **({"metadata": {"Date": None}} if plain else {}))
        except OSError as err:
            raise CstatError(f"cannot write {self.options.plot}: {err.strerror}") from err
        plt.close(figure)
