#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Runs the unit tests of cstat, or those of the files that are named; see scripts/test-tool."""

import os
import sys
import unittest

here = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [here, os.path.join(here, "../../scripts/lib")]


def main():
    loader = unittest.TestLoader()
    names = [f"test_{name}" for name in sys.argv[1:]] or sorted(
        name[:-3] for name in os.listdir(here)
        if name.startswith("test_") and name.endswith(".py"))
    suite = unittest.TestSuite(loader.loadTestsFromName(name) for name in names)
    result = unittest.TextTestRunner(verbosity=2 if sys.argv[1:] else 1).run(suite)
    bad = (len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
           + len(loader.errors))
    skipped = len(result.skipped)
    passed = result.testsRun - bad - skipped
    sys.stderr.flush()
    print(f"{passed} passed, {bad} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if bad or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
