# SPDX-License-Identifier: GPL-2.0
"""What goes wrong, and what the person can do about it."""

import difflib
import errno
import os


class CstatError(Exception):
    """An error for the person: one line, and one that says what to do next."""

    def __init__(self, message, hint=None, status=2):
        super().__init__(message)
        self.hint = hint
        self.status = status


def unknown(what, name, known):
    """The error for a name that does not exist, with the nearest one that does."""
    known = list(dict.fromkeys(known))
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        hint = f"did you mean {near[0]}?"
    elif known:
        shown = known[:12]
        hint = "there are: " + " ".join(shown) + (" ..." if len(known) > 12 else "")
    else:
        hint = None
    return CstatError(f"no {what} {name}", hint)


def _first_line(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readline().strip()
    except OSError:
        return ""


def _mounted(directory, proc):
    try:
        with open(f"{proc}/self/mounts", encoding="utf-8", errors="replace") as file:
            return any(line.split()[1:3] == [directory, "debugfs"] for line in file)
    except OSError:
        return False


def explain(err, path, debugfs, sysfs="/sys", proc="/proc"):
    """The error for @path below @debugfs that could not be opened or read."""
    why = os.strerror(err.errno) if err.errno else str(err)
    message = f"cannot read {path}: {why}"
    own = debugfs == f"{sysfs}/kernel/debug"

    if err.errno in (errno.EACCES, errno.EPERM):
        lockdown = _first_line(f"{sysfs}/kernel/security/lockdown")
        if os.geteuid() != 0:
            return CstatError(message, "only root reads debugfs: run it with sudo, or with "
                              "the capability CAP_DAC_READ_SEARCH")
        if lockdown and "[none]" not in lockdown:
            return CstatError(message, "the kernel is locked down "
                              f"({lockdown}), which closes files that can be written; "
                              "scripts/doctor, in the sources, says more")
        return CstatError(message, "root lacks CAP_DAC_READ_SEARCH here, as in a container: "
                          "run it on the host")
    if err.errno == errno.ETIMEDOUT:
        return CstatError(message, "a section, a CPU or a grace period takes too long: the "
                          "kernel's log says which (dmesg | grep cstats)")
    if not own:
        return CstatError(message, f"{debugfs} should look like /sys/kernel/debug; "
                          "the option --debugfs or CSTATS_DEBUGFS named it")
    if "debugfs=off" in _first_line(f"{proc}/cmdline").split():
        return CstatError(message, "the kernel was booted with debugfs=off: take that "
                          "off its command line and boot again")
    if not _mounted(debugfs, proc):
        return CstatError(message, f"debugfs is not mounted: mount -t debugfs none {debugfs}")
    if not os.path.isdir(f"{sysfs}/module/cstats"):
        return CstatError(message, "the module is not loaded: modprobe cstats; if that "
                          "fails, scripts/doctor, in the sources, says why")
    if os.geteuid() != 0:
        return CstatError(message, "only root looks into debugfs: run it with sudo; if that "
                          "does not help, scripts/doctor, in the sources, says what is wrong")
    return CstatError(message, "scripts/doctor, in the sources, says what is wrong")
