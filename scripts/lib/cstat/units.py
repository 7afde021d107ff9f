# SPDX-License-Identifier: GPL-2.0
"""Numbers for people: human sizes, rates, times."""

_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = ("", "k", "M", "G", "T", "P", "E")
_TIME = ((10 ** 9, "s"), (10 ** 6, "ms"), (10 ** 3, "us"), (1, "ns"))
_NS = {"ns": 1, "nsec": 1, "nsecs": 1, "nanoseconds": 1, "us": 1000, "usec": 1000,
       "usecs": 1000, "microseconds": 1000, "ms": 10 ** 6, "msec": 10 ** 6,
       "msecs": 10 ** 6, "milliseconds": 10 ** 6, "s": 10 ** 9, "sec": 10 ** 9,
       "secs": 10 ** 9, "seconds": 10 ** 9}
BYTES = {"bytes": 1, "byte": 1, "KiB": 1 << 10, "MiB": 1 << 20, "sectors": 512}


def ns_of(unit):
    """How many ns a unit of time is, or None for other units."""
    return _NS.get(unit)


def _scaled(value, base, names):
    size = abs(value)
    power = 0
    while power + 1 < len(names) and size >= base ** (power + 1) * 0.9995:
        power += 1
    if power == 0:
        return f"{value:.0f}" if size >= 100 or value == int(value) else f"{value:.1f}"
    scaled = value / base ** power
    digits = 2 if abs(scaled) < 9.995 else 1 if abs(scaled) < 99.95 else 0
    return f"{scaled:.{digits}f}{names[power]}"


def human(value, unit=None):
    """@value in at most six characters and a unit: 1.50KiB, 23.4M, 1.20ms."""
    if unit in _NS:
        ns = value * _NS[unit]
        for factor, name in _TIME:
            if abs(ns) >= factor:
                scaled = ns / factor
                digits = 2 if abs(scaled) < 9.995 else 1 if abs(scaled) < 99.95 else 0
                return f"{scaled:.{digits}f}{name}" if factor > 1 else f"{ns:.0f}ns"
        return "0"
    if unit in BYTES:
        return _scaled(value * BYTES[unit], 1024, _BINARY) + "B"
    return _scaled(value, 1000, _DECIMAL)


def number(value, unit, people):
    """An integer as it is, or human."""
    return human(value, unit) if people else str(value)


def seconds(ns, digits=3):
    """@ns as seconds, exact to the digits shown (rounded down)."""
    sign = "-" if ns < 0 else ""
    whole, rest = divmod(abs(ns), 10 ** 9)
    return f"{sign}{whole}.{rest:09d}"[:len(sign) + len(str(whole)) + 1 + digits]


def rate(value, unit, people):
    """A change per second."""
    return human(value, unit) if people else f"{value:.1f}"
