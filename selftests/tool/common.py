# SPDX-License-Identifier: GPL-2.0
"""What the unit tests share."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from fakekernel import FakeKernel

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "../.."))
CSTAT = os.path.join(ROOT, "scripts/cstat")
DATA = os.path.join(HERE, "data")
KMEM = os.path.join(DATA, "kmem.rec")


class Case(unittest.TestCase):
    """A test with a directory of its own, and a kernel in it."""

    LIMIT = 90		# seconds for a test, rather than for ever

    def _too_long(self, _signal, _frame):
        raise AssertionError(f"it took more than {self.LIMIT} seconds")

    def setUp(self):
        signal.signal(signal.SIGALRM, self._too_long)
        signal.alarm(self.LIMIT)
        self.addCleanup(signal.alarm, 0)
        self.tmp = tempfile.mkdtemp(prefix="cstat-test.")
        self.addCleanup(shutil.rmtree, self.tmp)
        self.debugfs = os.path.join(self.tmp, "debugfs")
        self.kernel = FakeKernel(self.debugfs)
        self.kernel.step()
        self.maxDiff = None

    def environment(self, **more):
        env = dict(os.environ, CSTATS_DEBUGFS=self.debugfs, COLUMNS="80", LC_ALL="C.UTF-8",
                   PYTHONDONTWRITEBYTECODE="1")
        env.pop("PYTHONUNBUFFERED", None)	# it would hide a missing flush
        env.update(more)
        return env

    def cstat(self, *args, status=0, env=None, text=True):
        """What cstat wrote to standard output and to standard error."""
        done = subprocess.run([sys.executable, CSTAT, *args], capture_output=True, text=text,
                              env=env or self.environment(), timeout=60, check=False,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, status,
                         f"cstat {args}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        if text:
            self.assertNotIn("Traceback", done.stderr)
        return done.stdout, done.stderr

    def start(self, *args, **kwargs):
        """cstat as a process that is killed at the end of the test."""
        kwargs.setdefault("env", self.environment())
        process = subprocess.Popen([sys.executable, CSTAT, *args], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.addCleanup(end)
        return process

    def wait_for(self, condition):
        """Until it is true, or the test's time is over."""
        while not condition():
            time.sleep(0.02)

    def load(self, pause=0.005):
        """Let the kernel count on, in a thread, until the test's end."""
        stop = threading.Event()

        def run():
            while not stop.wait(pause):
                self.kernel.step(20)
        thread = threading.Thread(target=run)
        thread.start()

        def end():
            stop.set()
            thread.join()
        self.addCleanup(end)
        return end

    def put(self, path, text):
        """A file below the fake debugfs with this text."""
        path = os.path.join(self.debugfs, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.exists(path):
            os.unlink(path)
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
