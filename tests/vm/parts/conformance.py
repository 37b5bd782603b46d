# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The contract of the ioctl, on every kernel that has it and on every machine."""
import vmtest

# With two CPUs on one machine of each nested API: there threads race for memory and references.
RACED = ("p10-v1", "p11-as-p10-v2")


def calls_for(kernel, machine):
    """How many in search of leaks. A reference that is lost at each call is found by any of them; of
    memory, with pages of 4 KiB, 100,000 show a leak of 14 bytes a call, 20,000 one of 56. The many
    are made where the answer comes out of the device tree; elsewhere it is the same code."""
    return 100000 if machine == "p10-v1" and not kernel.endswith("-64k") else 20000


def options(kernel, machine, calls):
    """What tells the program of this kernel and this machine."""
    api = {"v1": "1", "v2": "2"}.get(machine.rpartition("-")[2], "0")
    return ["--revision", vmtest.abi_of(kernel), "--expect", vmtest.answer_of(kernel, machine),
            "--nested-api", api, "--calls", str(calls)]


def check_promises(tap, guest, name):
    """All of them kept, and none left out: a run that was cut short has no plan."""
    lines = guest.lines("tap")
    kept = [line for line in lines if line.startswith("ok ")]
    broken = [line for line in lines if line.startswith(("not ok ", "Bail out", "# "))]
    tap.ok(guest.status == 0 and guest.number("status") == 0 and kept and lines[-1] == f"1..{len(kept)}",
           f"{name}: {len(kept)} promises kept", guest.number("status"), *broken, guest.text("err"), guest.said)


def runs(kernel, machine):
    if vmtest.has_feature(kernel):
        yield vmtest.Run(kernel, machine, "conformance", "conformance",
                         options(kernel, machine, calls_for(kernel, machine)), 300,
                         2 if machine in RACED else None, ("conformance",))


def check(tap, guest, run):
    check_promises(tap, guest, f"{run.kernel} {run.machine}")
