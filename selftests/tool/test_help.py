# SPDX-License-Identifier: GPL-2.0
"""Help, man page, completion, installation, doctor, and what errors say."""

import errno
import os
import re
import shutil
import stat
import subprocess
import unittest

from common import CSTAT, ROOT, Case
from cstat import VERSION
from cstat.errors import explain
from cstat.main import parser
from cstat.view import HELP

SHARE = os.path.join(ROOT, "scripts/share")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def options():
    return [s for a in parser()._actions for s in a.option_strings]


class Documents(Case):
    def test_man_page_has_every_option(self):
        text = read(f"{SHARE}/man/cstat.1.rst")
        for option in options():
            self.assertRegex(text, rf"(?m)^(-., )?{re.escape(option)}\b", option)
        documented = set(re.findall(r"(?m)^(?:(-\w), )?(--[a-z][a-z-]*)", text))
        for short, long in documented:
            self.assertIn(long, options())
            self.assertTrue(not short or short in options())

    def test_man_page_has_every_key(self):
        text = read(f"{SHARE}/man/cstat.1.rst")
        for line in HELP.splitlines()[:-1]:
            self.assertIn(f"    {line}\n", text)

    def test_help_has_every_option(self):
        out, _ = self.cstat("--help")
        for option in options():
            self.assertIn(option, out)
        self.assertLessEqual(max(map(len, out.splitlines())), 85)

    def test_examples_of_the_help_work(self):
        self.kernel.sets = ["heap", "block", "queue"]
        out, _ = self.cstat("--help")
        commands = re.findall(r"(?m)^  cstat (.*?)(?:   .*| \|.*)?$", out.split("examples:")[1])
        self.assertGreater(len(commands), 4)
        recording = os.path.join(ROOT, "selftests/tool/data/kmem.rec")
        for command in commands:
            if "-t" in command or "--" in command.split():
                continue
            words = [w.strip("'") for w in re.findall(r"'[^']*'|\S+", command)]
            self.cstat(*words, "--replay", recording)

    def test_version(self):
        out, _ = self.cstat("--version")
        self.assertEqual(out.splitlines()[0], f"cstat {VERSION}")
        sysfs = os.path.join(self.tmp, "sys")
        os.makedirs(f"{sysfs}/module/cstats/parameters")
        for path, text in (("version", "7.8"), ("parameters/sync", "quiet")):
            with open(f"{sysfs}/module/cstats/{path}", "w", encoding="utf-8") as file:
                file.write(text + "\n")
        out, _ = self.cstat("--version", env=self.environment(CSTATS_SYSFS=sysfs))
        self.assertIn("cstats.ko 7.8, sync=quiet\n", out)


class Installation(Case):
    def test_install(self):
        dest = os.path.join(self.tmp, "dest")
        done = subprocess.run([f"{ROOT}/scripts/install-tool", "/opt/x"], check=True, text=True,
                              env=dict(os.environ, DESTDIR=dest), capture_output=True)
        files = done.stdout.split()
        there = [os.path.join(d, f) for d, _, names in os.walk(dest) for f in names]
        self.assertEqual(sorted(files), sorted(there))
        out = subprocess.run([f"{dest}/opt/x/bin/cstat", "queue"], text=True, check=True,
                             env=self.environment(), capture_output=True, cwd="/").stdout
        self.assertIn("queue.in_items", out)
        for path in there:
            if "/systemd/" in path or path.endswith("/pcp"):
                self.assertNotIn("/usr/bin/cstat", read(path))
        self.assertIn("/opt/x/bin/cstat --listen",
                      read(f"{dest}/opt/x/lib/systemd/system/cstat-exporter.service"))
        man = f"{dest}/opt/x/share/man/man1/cstat.1"
        done = subprocess.run(["man", "-l", "--warnings=w", man], text=True, capture_output=True,
                              env=dict(os.environ, MANWIDTH="80", LC_ALL="C.UTF-8"), check=True)
        self.assertEqual(done.stderr, "")
        self.assertIn(f"cstat {VERSION}", done.stdout)

    def test_lonely_program(self):
        shutil.copy(CSTAT, self.tmp)
        done = subprocess.run([f"{self.tmp}/cstat"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("install-tool", done.stderr)


class Completion(Case):
    def complete(self, line):
        """What bash offers at the end of @line."""
        script = (f". /usr/share/bash-completion/bash_completion\n"
                  f". {SHARE}/bash-completion/cstat\n"
                  "COMP_LINE=$1 COMP_POINT=${#1}\n"
                  "read -ra COMP_WORDS <<<\"$1\"\n"
                  "[[ $1 != *' ' ]] || COMP_WORDS+=('')\n"
                  "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                  "compopt() { :; }\n"
                  "_cstat cstat \"${COMP_WORDS[-1]}\" \"${COMP_WORDS[-2]}\"\n"
                  "printf '%s\\n' \"${COMPREPLY[@]}\"\n")
        done = subprocess.run(["bash", "-c", script, "bash", line], text=True, check=True,
                              capture_output=True, env=self.environment(), cwd=self.tmp)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_every_option(self):
        offered = set(self.complete("cstat -"))
        self.assertEqual(offered - {"--"}, set(options()))

    def test_sets_and_fields(self):
        self.assertEqual(self.complete("cstat "), ["block", "heap", "queue"])
        self.assertEqual(self.complete("cstat q"), ["queue", "queue."])
        self.assertEqual(self.complete("cstat queue.in"), ["queue.in_items"])
        self.assertEqual(self.complete("cstat --reset h"), ["heap"])

    def test_words_of_options(self):
        self.assertEqual(self.complete("cstat --show va"), ["value"])
        self.assertEqual(self.complete("cstat --show kind,un"), ["kind,unit"])
        self.assertEqual(self.complete("cstat --debugfs d"), ["debugfs"])

    def test_without_debugfs(self):
        shutil.rmtree(self.debugfs)
        self.assertEqual(self.complete("cstat k"), [])
        self.assertEqual(self.complete("cstat kmem.x"), [])


class Explanations(Case):
    """An error of reading, by what the machine looks like."""

    def explain(self, number, cmdline="quiet", mounts="none {} debugfs rw 0 0\n", module=True,
                lockdown=None):
        sysfs, proc = f"{self.tmp}/sys", f"{self.tmp}/proc"
        for directory in (sysfs, proc):
            shutil.rmtree(directory, ignore_errors=True)
        debugfs = f"{sysfs}/kernel/debug"
        os.makedirs(debugfs)
        os.makedirs(f"{proc}/self")
        if module:
            os.makedirs(f"{sysfs}/module/cstats")
        for path, text in ((f"{proc}/cmdline", cmdline),
                           (f"{proc}/self/mounts", mounts.format(debugfs))):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        if lockdown:
            os.makedirs(f"{sysfs}/kernel/security")
            with open(f"{sysfs}/kernel/security/lockdown", "w", encoding="utf-8") as file:
                file.write(lockdown)
        err = explain(OSError(number, ""), f"{debugfs}/cstats", debugfs, sysfs, proc)
        self.assertEqual(err.status, 2)
        self.assertIn(f"{debugfs}/cstats", str(err))
        return err.hint

    @unittest.skipIf(os.geteuid(), "root hears other things")
    def test_as_root(self):
        self.assertIn("modprobe cstats", self.explain(errno.ENOENT, module=False))
        self.assertIn("mount -t debugfs", self.explain(errno.ENOENT, mounts=""))
        self.assertIn("debugfs=off", self.explain(errno.ENOENT, cmdline="quiet debugfs=off"))
        self.assertIn("scripts/doctor", self.explain(errno.ENOENT))
        self.assertIn("locked down", self.explain(
            errno.EPERM, lockdown="none integrity [confidentiality]\n"))
        self.assertIn("CAP_DAC_READ_SEARCH", self.explain(
            errno.EACCES, lockdown="[none] integrity confidentiality\n"))
        self.assertIn("dmesg", self.explain(errno.ETIMEDOUT))

    def test_as_somebody(self):
        euid = os.geteuid
        os.geteuid = lambda: 1000
        try:
            self.assertIn("sudo", self.explain(errno.EACCES))
            self.assertIn("sudo", self.explain(errno.ENOENT))
            self.assertIn("modprobe cstats", self.explain(errno.ENOENT, module=False))
        finally:
            os.geteuid = euid


class Doctor(Case):
    """scripts/doctor on machines of its own."""

    def setUp(self):
        super().setUp()
        self.top = f"{self.tmp}/machine"
        self.bin = f"{self.tmp}/bin"
        os.makedirs(self.bin)
        for name in ("bash", "head", "tr", "sed", "grep", "dirname", "find", "wc", "paste", "cat",
                     "make", "gcc-12"):
            os.symlink(shutil.which(name) or shutil.which("true"), f"{self.bin}/{name}")
        self.program("modinfo", 'case $2 in vermagic) echo "6.1.0-x SMP mod_unload ";; '
                     'version) echo 1.0;; signer) cat "$0.signer" 2>/dev/null;; esac')
        self.write("proc/sys/kernel/osrelease", "6.1.0-x")
        self.write("proc/version", "Linux version 6.1.0-x (debian-kernel@lists.debian.org) "
                   "(gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils) 2.40) #1 SMP")
        self.write("proc/cmdline", "quiet")
        self.write("proc/filesystems", "nodev\tsysfs\nnodev\tdebugfs\n")
        self.write("proc/mounts", "debugfs /sys/kernel/debug debugfs rw 0 0\n")
        self.write("boot/config-6.1.0-x", "CONFIG_MODULES=y\n")
        self.write("lib/modules/6.1.0-x/build/Makefile", "")
        self.write("lib/modules/6.1.0-x/updates/cstats.ko", "")
        self.write("sys/module/module/parameters/sig_enforce", "N")
        self.write("sys/module/cstats/version", "1.0")
        self.write("sys/kernel/debug/cstats",
                   "cstats version: 1\n# s snapshot 1 time_ns 1\ns.x 1\n")
        os.makedirs(f"{self.top}/sys/kernel/debug/cstats_sets/s")

    def program(self, name, text):
        path = f"{self.bin}/{name}"
        if os.path.lexists(path):
            os.unlink(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/bash\n{text}\n")
        os.chmod(path, 0o755)

    def write(self, path, text):
        path = f"{self.top}/{path}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def remove(self, path):
        path = f"{self.top}/{path}"
        if os.path.isdir(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)

    def unload(self):
        self.remove("sys/module/cstats")
        self.remove("sys/kernel/debug/cstats")
        self.remove("sys/kernel/debug/cstats_sets")

    def doctor(self, status=0):
        done = subprocess.run(["/bin/bash", f"{ROOT}/scripts/doctor"], capture_output=True,
                              text=True, check=False,
                              env={"PATH": self.bin, "DOCTOR_ROOT": self.top, "HOME": "/"})
        self.assertEqual((done.returncode, done.stderr), (status, ""), done.stdout)
        return done.stdout

    def finds(self, what, command, status=1):
        out = self.doctor(status)
        self.assertRegex(out, rf"(?m)^BAD   .*{what}.*\n      next: .*{command}")
        self.assertEqual(out.count("BAD"), 1, out)
        self.assertRegex(out, rf"(?m)^Next: .*{command}")

    def test_a_good_machine(self):
        out = self.doctor()
        self.assertNotIn("BAD", out)
        self.assertIn("All is well", out)
        self.assertIn("1 set of counters", out)

    def test_old_kernel(self):
        self.write("proc/sys/kernel/osrelease", "5.10.0-x")
        self.assertRegex(self.doctor(0), "Linux 5.10.0-x is too old")

    def test_no_modules(self):
        self.write("boot/config-6.1.0-x", "# CONFIG_MODULES is not set\n")
        self.finds("loads no modules", "linux-image", status=0)

    def test_no_headers(self):
        self.unload()
        self.remove("lib/modules/6.1.0-x/updates")
        self.remove("lib/modules/6.1.0-x/build")
        out = self.doctor(1)
        self.assertIn("next: sudo apt-get install linux-headers-6.1.0-x", out)
        self.remove("lib/modules/6.1.0-x")
        self.assertIn("next: sudo reboot", self.doctor(1))

    def test_no_compiler(self):
        self.unload()
        self.remove("lib/modules/6.1.0-x/updates")
        os.unlink(f"{self.bin}/gcc-12")
        out = self.doctor(1)
        self.assertRegex(out, "no C compiler\n      next: .*build-essential")
        os.unlink(f"{self.bin}/make")
        self.assertIn("there is no make", self.doctor(1))

    def test_kernel_of_clang(self):
        self.unload()
        self.remove("lib/modules/6.1.0-x/updates")
        self.write("proc/version", "Linux version 6.1.0-x (x@y) (clang version 19.1.7, LLD) #1")
        self.assertRegex(self.doctor(1), "clang 19.*\n      next: .*clang-19")

    def test_not_built(self):
        self.unload()
        self.remove("lib/modules/6.1.0-x/updates")
        self.finds("not built for this kernel", "make")

    def test_built_for_another_kernel(self):
        self.unload()
        self.program("modinfo", '[ "$2" != vermagic ] || echo "6.12.0-y SMP "')
        self.assertRegex(self.doctor(1), "built for another kernel .6.12.0-y.\n      next: make")

    def test_not_loaded(self):
        self.unload()
        self.finds("cstats.ko is not loaded", "modprobe cstats")

    def test_signature(self):
        self.unload()
        self.write("sys/module/module/parameters/sig_enforce", "Y")
        self.assertRegex(self.doctor(1), "signed modules only.*\n      next: .*sign-file")
        self.write("sys/module/module/parameters/sig_enforce", "N")
        self.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
        self.assertRegex(self.doctor(1), "signed modules only")
        with open(f"{self.bin}/modinfo.signer", "w", encoding="utf-8") as file:
            file.write("me\n")
        self.finds("cstats.ko is not loaded", "modprobe cstats")

    def test_lockdown(self):
        self.write("sys/kernel/security/lockdown", "none integrity [confidentiality]\n")
        self.assertIn("locked down (confidentiality)", self.doctor())

    def test_debugfs(self):
        self.remove("sys/kernel/debug/cstats")
        self.finds("does not have its file", "dmesg")
        self.write("proc/mounts", "")
        self.finds("debugfs is not mounted", "mount -t debugfs")
        self.write("proc/cmdline", "quiet debugfs=off")
        self.finds("debugfs=off", "update-grub")
        self.write("proc/filesystems", "nodev\tsysfs\n")
        self.finds("no debugfs", "linux-image")

    def test_versions(self):
        self.write("sys/module/cstats/version", "0.9")
        self.finds("0.9 of cstats.ko is loaded, 1.0 is installed", "modprobe -r", status=0)
        self.write("sys/module/cstats/version", "1.0")
        self.write("sys/kernel/debug/cstats", "cstats version: 2\n")
        self.finds("version 2", "git pull")

    def test_stalled_and_errors(self):
        self.write("sys/kernel/debug/cstats", "cstats version: 1\n# s stalled: x\n"
                   "# s errors 3\n# s snapshot 1 time_ns 1\n")
        self.finds("a section, a CPU or a grace period takes too long: s", "dmesg")
        self.assertIn(r"s (3)", self.doctor(1))
        self.write("sys/kernel/debug/cstats", "cstats version: 1\n# s stalled_reads 0\n"
                   "# s snapshot 1 time_ns 1\n")
        self.assertNotIn("BAD", self.doctor())

    def test_it_changes_nothing(self):
        def state():
            return sorted((d, tuple(f), os.stat(d).st_mtime_ns) for d, _, f in os.walk(self.top))
        before = state()
        self.doctor()
        self.assertEqual(state(), before)
        self.assertTrue(os.stat(f"{ROOT}/scripts/doctor").st_mode & stat.S_IXUSR)
