# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The kernels that guests boot: tests/vm/kernels, and on which machines each is tested."""
import collections
import functools
import os

from .paths import table

COMMANDS = {"v5": "0x2000aee4", "mainline": "0x2000aeb8"}
Kernel = collections.namedtuple("Kernel", "name source abi feature fexit preempt page_size target what")
# The target of make whose kernels are booted.
TARGET = os.environ.get("COMPATCAPS_TARGET", "check")


@functools.cache
def tested_kernels():
    """name -> the row of tests/vm/kernels, in its order, of those that this target tests."""
    rows = [Kernel(*row) for row in table("kernels")]
    return {row.name: row for row in rows if row.target == TARGET}


def abi_of(kernel):
    """The revision of the ABI whose command this kernel has, or would have."""
    return tested_kernels()[kernel].abi


def command_of(kernel):
    return COMMANDS[abi_of(kernel)]


def has_feature(kernel):
    return tested_kernels()[kernel].feature == "yes"


def has_fexit(kernel):
    return tested_kernels()[kernel].fexit == "yes"


def is_preemptible(kernel):
    """Kprobes crash such a kernel where it has several CPUs (man page)."""
    return tested_kernels()[kernel].preempt == "yes"


def cpus_for(kernel, method):
    """A kprobe on powerpc puts back r13, the pointer to the CPU's own data, as it was when it was
    hit. Kernels from 7.3 on can move a task to another CPU in between, and crash: seen on every
    run with two CPUs. 6.12 is not preemptible. Under fexit only the moment of attaching a second
    program to a function is as dangerous (docs/soak.md)."""
    return 1 if method == "kprobe" and is_preemptible(kernel) else None


def is_patched(kernel):
    """Is it one of kernel-patches, small and with KVM PR?"""
    return tested_kernels()[kernel].source.startswith("series ")


def is_instrumented(kernel):
    """Is it one that looks for its own faults, and is slow?"""
    return str(kernel).endswith("-debug")


def patience(kernel):
    """How many times as long things may take."""
    return 6 if is_instrumented(kernel) else 1


def page_size(kernel):
    return int(tested_kernels()[kernel].page_size.removesuffix("K")) * 1024


# A series that differs from its neighbour in little boots where the two differ.
FEW = {"patched-7.2-mainline": ("p10-v1", "p11-v2")}
# What make check boots, but for PAIRS=all: debian-7.3 on every machine, the others on one of each kind and where a
# mode is set. Pages of 64 KiB need no other kind than the two nested APIs. Without the feature nothing differs on bare metal.
KINDS = ("p10-v1", "p11-as-p10-v2", "p8-hash", "powernv10")
ALL_PAIRS = os.environ.get("PAIRS") == "all"
SOME = {} if ALL_PAIRS else {
    "debian-7.3-64k": ("p10-v1", "p11-as-p10-v2"),
    "debian-6.12": ("p10-as-p9-v1", "p10-as-p9-v2", "p10-v1", "p11-as-p10-v2"),
    "patched-7.2": ("p10-as-p9-v2", *KINDS), "patched-6.12": ("p10-as-p9-v1", *KINDS)}
# One of each kind for those that are slow.
INSTRUMENTED_ON = ("p10-v1", "p10-as-p9-v2", "p11-as-p10-v2", "powernv10", "p8-hash")


# A hypervisor that offers less than the machine's own mode: a kernel with the fault below, and one without; with all
# pairs every kernel.
LESS = ("p11-offers-p10-v2", "p10-offers-p9-v2")
OFFERS_LESS = {
    "debian-7.3": LESS, "debian-6.12": LESS[:1], "patched-7.2": LESS[1:], "patched-7.2-mainline": LESS[:1], "patched-6.12": LESS,
} if ALL_PAIRS else {"debian-7.3": LESS[:1], "patched-6.12": LESS[1:]}


def judges_by_own(kernel):
    """Where the hypervisor agreed on less than the host's own mode, Linux up to 7.3 looks for that mode where it is asked for
    0, and for POWER11 where it is asked for POWER10 (kernel-patches/mainline). A kernel whose tests fail for this has the fix."""
    return kernel.startswith("debian-7.3") or kernel in ("patched-7.2", "patched-7.2-64k")


def boots_on(kernel, machine):
    """Does a test of every kernel on every machine boot this pair?"""
    if "-offers-" in machine:
        return machine in OFFERS_LESS.get(kernel, ())
    return machine in (INSTRUMENTED_ON if is_instrumented(kernel) else (FEW | SOME).get(kernel, [machine]))
