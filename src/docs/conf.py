# SPDX-License-Identifier: GPL-2.0
"""Sphinx's configuration, for scripts/docs: sources are staged there as they are here.

The extension that reads kernel-doc comments is the kernel's own.
"""

import os
import re
import sys

_kernel = os.environ["CSTATS_KERNEL_SOURCE"]
_stage = os.environ["CSTATS_STAGE"]
sys.path.insert(0, os.path.join(_kernel, "Documentation/sphinx"))

with open(os.path.join(_stage, "include/linux/cstats.h"), encoding="utf-8") as header:
    release = re.search(r'CSTATS_VERSION\s+"(.*)"', header.read())[1]

project = "cstats"
version = release
copyright = "the authors of cstats, GPL-2.0"
extensions = ["kerneldoc", "myst_parser"]
root_doc = "src/docs/index"
include_patterns = [
    "README.md", "src/README.md", "src/docs/*.rst", "scripts/README.md",
    "selftests/README.md", "selftests/bench/SCALING.md",
]
html_theme = "alabaster"
html_theme_options = {
    "description": "Per-CPU counters whose totals are consistent",
    "page_width": "75em",
    "fixed_sidebar": True,
}
html_copy_source = False
html_show_sphinx = False
highlight_language = "none"
primary_domain = "c"
myst_heading_anchors = 3

kerneldoc_bin = os.path.join(_kernel, "scripts/kernel-doc")
kerneldoc_srctree = _stage
kerneldoc_verbosity = 1

# Words of the kernel's C that Sphinx's parser does not know.
c_id_attributes = ["__must_check", "__always_inline", "__percpu"]

nitpick_ignore = [("c:identifier", "s64")]

_pages = {os.path.normpath(page) for page in include_patterns if "*" not in page}


def _plain_links(app, docname, source):
    """Links of Markdown to what is no page of the book become plain text."""
    path = app.env.doc2path(docname, base=False)
    if not path.endswith(".md"):
        return
    here = os.path.dirname(path)

    def plain(link):
        target = link[2].split("#")[0]
        if not target or "://" in target or os.path.normpath(
                os.path.join(here, target)) in _pages:
            return link[0]
        return link[1]

    source[0] = re.sub(r"(?<!!)\[([^]]*)\]\(([^)]*)\)", plain, source[0])


def setup(app):
    app.connect("source-read", _plain_links)
