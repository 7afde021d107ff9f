# SPDX-License-Identifier: GPL-2.0
"""The pages of src/docs, and src/README.md, as pages of the kernel's documentation."""

import os
import re
import sys

SELFTESTS = "tools/testing/selftests/cstats"

# By page, what is different in a kernel's tree. It has no other kernel, no package, no
# tool, no benchmark and no proof by broken sources; modules there are not built apart.
EDITS = {
    "reference": (
        # Contents.
        (r"# Reference of cstats.*\n[\s\S]*?(?=\n## )", "# Reference\n"),
        (r"\n`scripts/coccicheck[\s\S]*?\n(?=\n## )", ""),
        (r" A module can see\s+such a partition from[^.]*\.12 on; on 6\.1, [^.]*\.", ""),
        (r"\bas `scripts/bench instructions` counts them in QEMU:", "as QEMU counts them:"),
        (r"at a panic and from drgn only", "at a panic only"),
        (r"\nA drgn script prints[\s\S]*?\n(?=\n## )", ""),
        (r"\n`scripts/doctor` looks[\s\S]*?\n(?=\n\|)", ""),
        (r"^\| (`Key was|`disagrees|`no symbol).*\n", ""),
        (r"; `cstat` does so itself\.", "."),
        (r"^- \*\*A client built against another header\.\*\*[\s\S]*?\n(?=- \*\*)", ""),
        (r"The kernel has no such tracepoint \(error -2\), or refused the probe\.",
         "The kernel refused the probe."),
        (r" in a file or in `cstat`;", " in a file;"),
        # The map for developers.
        (r"\n## The sources[\s\S]*", ""),
    ),
    "choosing": (
        (r":doc:`\.\./README`", ":doc:`reference`"),
        (r", each measured in one run \(``make bench``\):", ":"),
        (r"\.\. image:: \S+bench-writers\.svg", ".. kernel-figure:: writers.svg"),
        (r"\n:doc:`\.\./\.\./selftests/bench/SCALING`[\s\S]*?\n(?=\n|\Z)", ""),
    ),
    "moving": (
        (r"\nSemantic patches make[\s\S]*?\n(?=\nBefore you move)", ""),
        (r"\.\./\.\./selftests/samples", f"../../../{SELFTESTS}/samples"),
    ),
    "theory": (
        (r" Patches break the source[\s\S]*?the details\.",
         f" The tests and\nmodels are in {SELFTESTS}."),
    ),
    "faq": (
        (r" ``make bench`` measures them; they are those\s+of :doc:`choosing`\.",
         " They\nare those of :doc:`choosing`."),
        (r"\s\(:doc:`\.\./\.\./selftests/bench/SCALING`[^)]*\)", ""),
        (r"The tests fail when a barrier[\s\S]*?is shown\.\s",
         "Each pair of barriers has a litmus test, and a twin without the barrier that fails: see\n"
         f"{SELFTESTS}/proof.\n"),
        (r", and a drgn script\s+prints all of them from a dump: :doc:`\.\./README` says how",
         ".\n:doc:`reference` says how"),
        (r" ``scripts/test-crash``\s+compares both with debugfs\.", ""),
    ),
    "interface": (
        (r"\nThis page is made from[\s\S]*?\n(?=\nSets,)", ""),
    ),
}

# Whatever the tree does not have: a new sentence about it needs an edit above.
ABSENT = (":doc:`../", "../../selftests", "scripts/", "make bench", "DKMS", "drgn", "Debian",
          "install-tool", "`cstat`", "CSTATS_INTERFACE", "CSTATS_VERSION")


def _fail(what):
    sys.exit(f"generate: error: book.py: {what}")


def _edit(name, text):
    for pattern, new in EDITS[name]:
        text, n = re.subn(pattern, new, text, flags=re.M)
        if not n:
            _fail(f"{name} has nothing that matches {pattern[:40]!r}")
    return text


def _inline(text):
    """Markdown within a line: links, code and bold."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", text)


def _table(rows):
    out = [".. list-table::", "   :header-rows: 1", ""]
    for row in rows:
        cells = [cell.strip() for cell in row.strip().strip("|").split(" | ")]
        cells = [cell.strip("| ").strip() for cell in cells]
        for n, cell in enumerate(cells):
            out.append(f"   {'*' if not n else ' '} - {_inline(cell)}".rstrip())
    return out + [""]


def _title(level, text):
    text = _inline(text)
    bar = "=-~"[level - 1] * len(text)
    return [bar, text, bar, ""] if level == 1 else [text, bar, ""]


def to_rst(text):
    """The Markdown that README files of this project use."""
    lines = re.sub(r"<!--.*?-->\n", "", text).splitlines()
    out = [".. SPDX-License-Identifier: GPL-2.0", ""]
    table = []
    code = False
    for line in lines + [""]:
        if line.startswith("|"):
            if not re.match(r"^\|[ :|-]+\|$", line):
                table.append(line)
            elif len(table) == 1:
                pass
            continue
        if table:
            out += _table(table)
            table = []
        heading = re.match(r"^(#+) (.*)", line)
        if heading:
            out += _title(len(heading[1]), heading[2])
            code = False
        elif line.startswith("    ") and (code or not out[-1].strip()):
            if not code:
                out += ["::", ""]
            code = True
            out.append(line)
        elif not line:
            if out[-1]:
                out.append("")
        else:
            code = False
            out.append(_inline(line))
    return "\n".join(out).rstrip("\n") + "\n"


def index():
    return """.. SPDX-License-Identifier: GPL-2.0

======
cstats
======

cstats is for per-CPU counters whose totals are consistent. A writer updates several
counters in one short section on its own CPU. A reader gets a snapshot that holds every
section wholly or not at all, on all CPUs at once, and no writer waits for it.

.. toctree::
   :maxdepth: 1

   choosing
   reference
   interface
   moving
   faq
   theory
"""


def pages(root):
    """By name of the file in the tree, the text with the paths of the project."""
    out = {"index.rst": index()}
    for name in EDITS:
        path = "src/README.md" if name == "reference" else f"src/docs/{name}.rst"
        with open(os.path.join(root, path), encoding="utf-8") as file:
            text = _edit(name, file.read())
        out[f"{name}.rst"] = to_rst(text) if name == "reference" else text
    for name, text in out.items():
        for word in ABSENT:
            if word in text:
                _fail(f"{name} still has {word!r}")
    return out
