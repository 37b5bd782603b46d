# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The story of docs/ci.md: what the VMMs of docs/ci/vmms were told on a good kernel, twice (ten times
with PAIRS=all), and on two others, each held to the rules and to the baseline of the good one."""
import json
import subprocess
import tempfile

import vmtest

CI = vmtest.TOP / "docs" / "ci"
MACHINE = "p10-as-p9-v2"
# How often, and the rule that is broken there: None where all hold.
KERNELS = {
    "debian-7.3": (10 if vmtest.ALL_PAIRS else 2, None),
    "patched-7.2": (1, "failures{cause=abi-mismatch|no-kernel-support|unexpected}=0"),
    "debian-6.12": (1, "failures{cause=abi-mismatch|no-kernel-support|unexpected}=0"),
}


def runs(kernel, machine):
    if machine == MACHINE and kernel in KERNELS:
        yield vmtest.Run(kernel, machine, "ci", "ci", [str(KERNELS[kernel][0])], 120, 1, (), (CI / "vmms",))


def check_recording(recording, *args):
    """Exit status and results of compatcaps-trace check."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(recording)
        file.flush()
        done = subprocess.run([vmtest.OUT / "host/bin/compatcaps-trace", "check", "--json", *args, file.name],
                              capture_output=True, check=False, timeout=60)
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError:
        return done.returncode, {"said": done.stderr.decode(errors="replace")}


def broken(results):
    return [r["rule"] for recording in results.get("recordings", []) for r in recording["results"]
            if r["verdict"] == "broken"]


def check(tap, guest, run):
    n, rule = KERNELS[run.kernel]
    rules = ["-F", CI / "rules", "--baseline", CI / f"{MACHINE}.baseline"]
    for i in range(1, n + 1):
        tap.same(guest.number(f"run{i}.status"), 0, f"run {i}: it was recorded", guest.text(f"run{i}.err"))
        status, results = check_recording(guest.files.get(f"{i}.jsonl", b""), *rules)
        if rule is None:
            tap.same((status, broken(results)), (0, []), f"run {i}: all rules hold", results)
        else:
            tap.same(status, 1, f"run {i}: this is no good run", results)
            tap.ok(rule in broken(results), f"run {i}: the rule that says why is named", rule, results)
