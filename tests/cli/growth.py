#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""growth.py PROGRAM: what each verb does for twice as many lines is at most twice as much. It counts the basic blocks that
PROGRAM runs through (work.c), and no time. TAP."""
import os
import pathlib
import subprocess
import sys
import tempfile

import crowds

SMALL = 1500
# Where each line were to look at all VMs it would be four times as much; sorting is a little above two.
MOST = 2.5
# Of a line, whatever there is beside it: one of these lists a hundred VMs.
MOST_OF_A_LINE = 25_000
SUMMARY = ["replay", "--summary"]
CHECK = ["check", "-f", "lost=0", "-f", "story~query", "-f", "vms=1", "-f", "failures{guest~guest-7}=0"]
DIFF = ["diff"]
ALL = [SUMMARY, CHECK, DIFF, ["replay", "--json"], ["metrics"], ["report"], ["report", "--format=html"]]


def vms(rec, n):
    for i in range(n):
        yield crowds.Vm(i)


def of_no_vm(rec, n):
    """Losses of no VM that is known, while many live."""
    for vm in vms(rec, n):
        rec.vm("created", vm)
    for _ in range(n):
        rec.lost()


def of_strangers(rec, n):
    for vm in vms(rec, n):
        rec.vm("created", vm)
    for i in range(n):
        rec.lost(ino=10_000_000 + i)


def gaps(rec, n):
    for vm in vms(rec, n):
        rec.vm("query", vm)
    for _ in range(n):
        rec.attach("kvm_arch_vm_ioctl", None, "absent")


def ended(rec, n):
    for vm in vms(rec, n):
        rec.vm("created", vm)
        rec.vm("ended", vm)
        rec.lost()


def older(rec, n):
    """Lists of VMs that nobody hears of again."""
    for i in range(n // 10):
        rec.attach("kvm_arch_vm_ioctl", range(10_000_000 + 100 * i, 10_000_100 + 100 * i))


def lines(rec, n):
    for vm in vms(rec, n):
        rec.vm("query", vm)
        rec.vm("kernel", vm)
        rec.vm("run", vm)


GROWTHS = {of_no_vm: ALL, gaps: ALL, ended: ALL, of_strangers: [SUMMARY, CHECK, DIFF], older: [SUMMARY, CHECK],
           lines: [SUMMARY, CHECK, DIFF]}


def work(program, verb, path):
    """A recording is compared with itself."""
    with tempfile.NamedTemporaryFile() as count:
        env = os.environ | {"COMPATCAPS_WORK": count.name}
        args = [program, *verb, path, path] if verb == DIFF else [program, *verb, path]
        run = subprocess.run(args, env=env, capture_output=True, check=False)
        return run, int(count.read() or 0)


def main():
    program, failed = sys.argv[1], False
    with tempfile.TemporaryDirectory() as directory:
        for growth, verbs in GROWTHS.items():
            paths = []
            for n in SMALL, 2 * SMALL:
                paths.append(pathlib.Path(directory) / f"{growth.__name__}-{n}.jsonl")
                rec = crowds.Recording(paths[-1])
                growth(rec, n)
                rec.end()
            for verb in verbs:
                (_, small), (run, large) = (work(program, verb, path) for path in paths)
                of_a_line = large // (rec.seq * (1 + (verb == DIFF)))
                good = small > 100_000 and large < MOST * small and of_a_line < MOST_OF_A_LINE and run.returncode in (0, 1, 5)
                print(f"{'ok' if good else 'not ok'} - {' '.join(verb[:2])}, {growth.__name__}: {large / max(small, 1):.2f} "
                      f"times the work for twice as many lines, {of_a_line} blocks a line")
                if not good:
                    failed = True
                    print(f"# {small} and {large} basic blocks, status {run.returncode}", *run.stderr.decode().splitlines()[:3], sep="\n# ")
    return failed


if __name__ == "__main__":
    sys.exit(main())
