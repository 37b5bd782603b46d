#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""bounds.py PROGRAM: more VMs than can be told apart, each with names as long as can be and with failures, fit the
memory of the service, and what is left out is said; and so are lists of older VMs that never end. TAP."""
import os
import pathlib
import subprocess
import sys
import tempfile

import crowds

APART = 65_536  # VM_TABLE_MAX
VMS = APART + 4_464
OLDER = 1_000_000
# The service has 96 MiB (MemoryMax=), of which the ring, BPF's maps and the program take 20 (docs/fleet.md).
SERVICE = 96 - 20
# check keeps the name of each guest a second time, and is no part of the service.
CHECK = SERVICE + 24
FAILED = False


def ok(good, what, *said):
    global FAILED  # pylint: disable=global-statement
    print(f"{'ok' if good else 'not ok'} - {what}")
    if not good:
        FAILED = True
        print(*(f"# {line}"[:300] for part in said for line in str(part).splitlines()[:5]), sep="\n")


def crowd(path):
    rec = crowds.Recording(path)
    for i in range(VMS):
        vm = crowds.Vm(i, True)
        for kind in "query", "ask", "kernel", "run":
            rec.vm(kind, vm)
    rec.end()


def older(path):
    rec = crowds.Recording(path)
    for i in range(0, OLDER, 10_000):
        rec.attach("kvm_arch_vm_ioctl", range(10_000_000 + i, 10_010_000 + i))
    rec.end()


def run(program, path, wanted, *args):
    """Its status, those of the sentences wanted that it wrote, wherever it wraps them, and the MiB that it took at most.
    No output is kept: what this process has in memory counts as that of its child, until that begins its program."""
    last, found = "", set()
    child = subprocess.Popen([program, *args, path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in child.stdout:
        both = f"{last} {line.strip()}"
        found |= {sentence for sentence in wanted if sentence in both}
        last = line.strip()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, found, usage.ru_maxrss / 1024


BEYOND = VMS - APART
NAME = crowds.Vm(VMS - 1, True).values["guest"]
CASES = [
    (SERVICE, [f'"vm":null,"vm_name":"{1000 + VMS - 1}-12","guest":"{NAME}"'], "replay", "--json"),
    (SERVICE, [f"{BEYOND} VMs are left out: {APART} VMs can be told apart at once.",
               "a part is left out: all together they are too long."], "replay", "--summary"),
    (SERVICE, [], "metrics"),
    (SERVICE, [f"{APART} VMs may not have been seen completely (a recording of schema 1 does not have its creation in order).",
               f"{BEYOND} VMs could not be distinguished"], "report"),
    (CHECK, [], "check", "-f", "vms=1", "-f", "failures{guest~x}=0"),
]


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as directory:
        many, lists = (pathlib.Path(directory) / name for name in ("many.jsonl", "lists.jsonl"))
        crowd(many)
        older(lists)
        for most, wanted, *args in CASES:
            status, found, took = run(program, many, wanted, *args)
            what = " ".join(args[:2])
            ok(status in (0, 1) and took < most, f"{VMS} VMs, {what}: {took:.0f} MiB, at most {most}", status)
            for sentence in wanted:
                ok(sentence in found, f"{what}: {sentence[:60]}")
        status, _, took = run(program, lists, [], "replay", "--summary")
        ok(status == 0 and took < SERVICE / 2, f"{OLDER} older VMs: {took:.0f} MiB, at most {SERVICE // 2}", status)
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
