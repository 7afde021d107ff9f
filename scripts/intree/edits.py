# SPDX-License-Identifier: GPL-2.0
"""By file of the project, what is different in a kernel's tree.

src/compat.h and CSTATS_OUT_OF_TREE have what the compiler has to know. Here are texts and
tests: a tree is of one kernel, and has neither the project's scripts nor a release of its
own. A client there is always built against the header of its kernel, which MODVERSIONS
checks. So CSTATS_VERSION and CSTATS_INTERFACE are not needed.

Each pattern has to match.
"""


def _dedent(match):
    return match[1].replace("\n\t", "\n")


_MODULE_VERSION = (r"^MODULE_VERSION\(CSTATS_VERSION\);\n", "")

EDITS = {
    "include/linux/cstats.h": (
        (r"/\* The release, and the number .*\n#define CSTATS_VERSION\b.*\n"
         r"#define CSTATS_INTERFACE\b.*\n\n", ""),
        (r"^\tunsigned int interface;.*\n", ""),
        (r"^\t\t\.interface = CSTATS_INTERFACE,.*\n", ""),
        (r"^ \* allocation\), -ENOEXEC [^)]*\),\n \* -ENOMEM\. Nothing has changed then, except that"
         r" a @cs which is not initialized\n \* swallows the adds of its writers\. After -ENOEXEC"
         r" .*\n",
         " * allocation), -ENOMEM. Nothing has changed then, except that a @cs which is not\n"
         " * initialized swallows the adds of its writers.\n"),
    ),
    "src/api.c": (
        (r"\t/\* Nothing else in @spec can be relied on then.*\n"
         r"\tif \(spec->interface != CSTATS_INTERFACE\) \{\n[\s\S]*?\n\t\}\n", ""),
    ),
    "src/main.c": (_MODULE_VERSION,),
    "src/kmem.c": (
        _MODULE_VERSION,
        (r"Only those pages \(in 6\.1\) or folios \(in 6\.12\) of a batch\n"
         r" \*\t\t\tthat go to a per-CPU list\. mm_page_free has fired for\n"
         r" \*\t\t\teach before: page_frees_batched is a part of page_frees\n"
         r" \*\t\t\tand must not be added to its count\.",
         "Only those folios of a batch that go to a per-CPU list.\n"
         " *\t\t\tmm_page_free has fired for each before:\n"
         " *\t\t\tpage_frees_batched is a part of page_frees and must not\n"
         " *\t\t\tbe added to its count."),
        (r"\btime, 6\.12 and later \(6\.1 not\) fire twice\. One of the two\n"
         r" \*\t\t\tis counted, ",
         "time, it fires twice. One of the two is counted,\n *\t\t\t"),
        (r", which came with 6\.18\. If kfree\(\) frees\n \*\t  such memory, that is seen\.",
         ". If kfree() frees such memory, that\n *\t  is seen."),
        (r"/\* One free list per order\. .*\n#define NR_ORDERS.*\n", ""),
        (r"\bNR_ORDERS\b", "NR_PAGE_ORDERS"),
    ),
    "src/block.c": (
        _MODULE_VERSION,
        (r"\bmd-faulty does so without the event, as bcache without a cache\n"
         r" \*\t\t\tdoes in 6\.1: their bios stay in flight, see below",
         "md-faulty does so without the event: its bios stay in flight,\n"
         " *\t\t\tsee below"),
        (r"\bSince 7\.2, reserved commands", "Reserved commands"),
    ),
    "selftests/Makefile": (
        (r"# The guest has no C library\.", "# A guest may have no C library."),
        (r"# The guest has no objdump either\.", "# It may have no objdump either."),
    ),
    "selftests/faults.sh": (
        (r" kmemleak finds leaks at the end of a guest\.", " kmemleak finds leaks."),
    ),
    "selftests/isolated.sh": (
        (r"^case \$\(uname -r\) in\n6\.[\s\S]*?\n\*\)(\n[\s\S]*?)[ \t]*;;\nesac(?=\n)",
         lambda m: _dedent(m).lstrip("\n").rstrip()),
    ),
    "selftests/kmem_vmstat.sh": (
        (r"^# Linux 6\.1 does not count in pgfree [\s\S]*?\nesac\n\n", ""),
        (r' -v pgfree_lacks="\$pgfree_lacks"', ""),
        (r"^\t\tif \([^\n]*pgfree_lacks\)\n[^\n]*pgfree_lacks\n\t\telse\n"
         r"\t\t\t(result\(.*)\n\t\t\t       (.*\n)", r"\t\t\1\n\t\t       \2"),
    ),
    "selftests/lockdown.sh": (
        (r"So this one runs last, and only in a guest\n# of scripts/vm\.",
         "So this one runs last, and only if\n"
         "# the kernel's command line has the word cstats_test_lockdown."),
        (r'grep -q VM_STREAM= /proc/cmdline \|\| skip_all "only in the test guest"',
         "grep -qw cstats_test_lockdown /proc/cmdline ||\n"
         '\tskip_all "the command line lacks cstats_test_lockdown"'),
    ),
    "selftests/panic_print.sh": (
        (r"notifier of cstats\.ko\. scripts/test-crash has the real thing\.",
         "notifier of cstats."),
    ),
    "selftests/lib/lib.sh": (
        (r"^# emulated: by QEMU\. Only x86 says so .*\n(# .*\n)*", "# emulated: by QEMU, on x86\n"),
        (r"grep -q 'QEMU TCG' /proc/cpuinfo \|\| .*", "grep -q 'QEMU TCG' /proc/cpuinfo"),
    ),
    # A client of another interface.
    "selftests/short.sh": (
        (r"; clients of another interface$", ""),
        (r"^# A client of another interface; [\s\S]*?\n\}\n\n", ""),
        (r"^start (\d+)$", lambda m: f"start {int(m[1]) - 3}"),
        (r'^check "a client of another interface .*\ncheck .*\ncheck .*\n', ""),
    ),
    "selftests/test_modules/clients/Kbuild": (
        (r"^obj-m \+= cstats_test_interface\.o\n", ""),
    ),
    "selftests/test_modules/harness/cstats_test.c": (
        (r"What scripts/vm must not take for a failure", "What is no failure"),
    ),
    "selftests/test_modules/torture/main.c": (
        (r"^ \* Debian's kernels do not have the kernel's own torture framework; the messages\n"
         r" \* and the verdict have the same form\.",
         " * The messages and the verdict have the form of those of kernel/torture.c."),
    ),
}

# These are only for what is not in a tree.
ABSENT = ("selftests/test_modules/clients/cstats_test_interface.c",)
