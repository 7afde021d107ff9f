# SPDX-License-Identifier: GPL-2.0
"""The pages of src/docs, and src/README.md, as pages of the kernel's documentation."""

import os
import re

PAGES = ("choosing", "moving", "theory", "faq", "interface")


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


def reference(root):
    with open(os.path.join(root, "src/README.md"), encoding="utf-8") as file:
        text = file.read()
    # Contents, what concerns modules outside the tree, and the map for developers.
    text = re.sub(r"# Reference of cstats.*\n[\s\S]*?(?=\n## )", "# Reference\n", text)
    text = re.sub(r"\n`scripts/coccicheck[\s\S]*?\n(?=\n## )", "", text)
    text = re.sub(r"`scripts/doctor` looks.*\n\n", "", text)
    text = re.sub(r"^\| (`Key was|`disagrees|`no symbol).*\n", "", text, flags=re.M)
    return to_rst(text[:text.index("\n## The sources")])


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
    out = {"index.rst": index(), "reference.rst": reference(root)}
    for name in PAGES:
        with open(os.path.join(root, f"src/docs/{name}.rst"), encoding="utf-8") as file:
            text = file.read()
        text = text.replace(":doc:`../README`", ":doc:`reference`")
        text = re.sub(r":doc:`\.\./\.\./selftests/README`", "tools/testing/selftests/cstats", text)
        text = re.sub(r"\n:doc:`\.\./\.\./selftests/bench/SCALING`[\s\S]*?\n(?=\n|$)", "", text)
        text = re.sub(r"\.\. image:: \S+bench-writers\.svg", ".. kernel-figure:: writers.svg", text)
        text = re.sub(r"\n- A struct of ``u64_stats_t``[\s\S]*?you\.\n(?=\nBefore)", "", text)
        text = re.sub(r"\nSemantic patches make[\s\S]*?\n(?=\nBefore you move)", "", text)
        text = text.replace("../../selftests/samples",
                            "../../../tools/testing/selftests/cstats/samples")
        text = re.sub(r", each measured in one run \(``make bench``\):", ":", text)
        text = re.sub(r"\nThis page is made from[\s\S]*?\n(?=\nSets,)", "", text)
        out[f"{name}.rst"] = text
    return out
