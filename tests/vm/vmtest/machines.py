# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The machines that guests are: tests/vm/machines, and the QEMUs of our own."""
import collections
import functools
import subprocess
import sys

from .kernels import is_patched
from .paths import HERE, root, table

# With it tests/vm/qemu/build says that a QEMU cannot be had.
NO_SOURCE = 3
Machine = collections.namedtuple("Machine", "name answer options what qemu")


@functools.cache
def all_machines():
    """name -> the row of tests/vm/machines, in its order."""
    return {row[0]: Machine(*row) for row in table("machines")}


def offers_less(machine):
    """Is it one whose hypervisor offers less than the machine's own mode?"""
    return "x-nested-offers=" in all_machines()[machine].options


def tested_machines():
    """Those that parts are booted on: of those with a QEMU of our own the ones that report what no other does."""
    return [name for name, row in all_machines().items() if not row.qemu or offers_less(name)]


@functools.cache
def own_qemu(name):
    """(where this QEMU of tests/vm/qemu is, None), or (None, why it can be nowhere). "newest" is Debian's that queries."""
    command = [HERE / "qemu" / "newest", "path"] if name == "newest" else [HERE / "qemu" / "build", "path", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == NO_SOURCE:
        return None, done.stderr.strip()
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout.strip(), None


def mount_options(names):
    """Options that mount the tree with Debian's QEMU (vmm), and others (own_qemu), at /NAME, as far as there are such."""
    options = []
    for name in names:
        path = root(name) if name == "vmm" else own_qemu(name)[0]
        options += ["--mount", f"{path}:/{name}"] if path else []
    return options


def has_pr(kernel, machine):
    """Is it KVM PR that runs there? Debian builds none."""
    return machine == "p8-hash" and is_patched(kernel)


def answer_of(kernel, machine):
    """What the ioctl gives on this machine with the module that runs there."""
    return "ENOTTY" if has_pr(kernel, machine) else all_machines()[machine].answer
