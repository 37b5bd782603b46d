# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The contract of the ioctl, on every kernel that has it and on every machine."""
import vmtest

# With two CPUs on one machine of each nested API: there threads race for memory and references.
# There an ordinary user calls too, and the device tree is changed under the kernel.
RACED = {"p10-v1": "user v1", "p11-as-p10-v2": "user v2"}
# What KVM_REG_PPC_ARCH_COMPAT takes where there is no answer to tell it.
MODES = {"powernv10": "0x6000000000000000"}


def calls_for(kernel, machine):
    """How many in search of leaks. A reference that is lost at each call is found by any of them; of
    memory, with pages of 4 KiB, 100,000 show a leak of 14 bytes a call, 20,000 one of 56. The many
    are made where the answer comes out of the device tree, elsewhere it is the same code; and on one kernel for each
    revision of the ABI: what was merged is the same in debian-7.3 and in two of the series. A kernel that looks for leaks
    itself needs few."""
    if vmtest.is_instrumented(kernel):
        return 2000
    many = kernel in ("debian-7.3", "patched-7.2") or vmtest.ALL_PAIRS and not kernel.endswith("-64k")
    return 100000 if machine == "p10-v1" and many else 20000


def options(kernel, machine, calls):
    """What tells the program of this kernel and this machine."""
    api = {"v1": "1", "v2": "2"}.get(machine.rpartition("-")[2], "0")
    modes = ["--modes", MODES[machine]] if machine in MODES else []
    return ["--revision", vmtest.abi_of(kernel), "--expect", vmtest.answer_of(kernel, machine),
            "--nested-api", api, "--calls", str(calls), *modes]


def runs_expected(extra):
    """The names of what the script leaves."""
    hosts = {"v1": ["newer", "older", "absent", "nine"], "v2": ["absent"], "user": ["user"]}
    return ["root"] + [name for word in extra.split() for name in hosts[word]]


# What Linux up to 7.3 breaks where the hypervisor agreed on less than the host's own mode. A vCPU that was refused POWER11 by
# a processor that is none takes no mode then, and does not run.
FAULTS = {
    "p11-offers-p10-v2": ["0 is asked for: the guest is given POWER10", "POWER10 is offered, and accepted", "POWER10 reads back",
                          "no mode, after others, reads back"],
    "p10-offers-p9-v2": ["0 is asked for: the guest is given POWER9", "... until another mode is asked for",
                         "no mode, after one that was refused: the guest runs", "no mode, after others, reads back",
                         "no mode, after others: the guest runs"],
}


def check_faults(tap, guest, name, faults):
    """The fault of kernel-patches/mainline, and nothing else."""
    lines = guest.lines("root.tap")
    broken = [line.partition(" - ")[2] for line in lines if line.startswith("not ok ")]
    plan = len([line for line in lines if line.startswith(("ok ", "not ok "))])
    tap.same(broken, faults, f"{name}: the promises that this kernel is known to break, and no other: where it has been corrected, "
             "judges_by_own() has to learn that", *lines)
    tap.ok(guest.status == 0 and guest.number("root.status") == 1 and lines and lines[-1] in (f"1..{plan}", f"# {len(broken)} of {plan} "
           "promises broken"), f"{name}: none was left out", guest.number("root.status"), *lines[-3:])


def check_promises(tap, guest, name, extra=""):
    """All of them kept, and none left out: a run that was cut short has no plan."""
    for run in runs_expected(extra):
        lines = guest.lines(f"{run}.tap")
        kept = [line for line in lines if line.startswith("ok ")]
        broken = [line for line in lines if line.startswith(("not ok ", "Bail out", "# "))]
        tap.ok(guest.status == 0 and guest.number(f"{run}.status") == 0 and kept and lines[-1] == f"1..{len(kept)}",
               f"{name}, {run}: {len(kept)} promises kept", guest.number(f"{run}.status"), *broken,
               guest.text(f"{run}.err"), guest.said)


def races(kernel, machine):
    """On the patched kernels and with pages of 64 KiB the two nested APIs are raced on no machine but the first: it is
    the same code that runs."""
    return machine == "p10-v1" or kernel == "debian-7.3" or vmtest.ALL_PAIRS or vmtest.TARGET != "check"


def runs(kernel, machine):
    if vmtest.has_feature(kernel):
        extra = RACED.get(machine, "") if races(kernel, machine) else ""
        yield vmtest.Run(kernel, machine, "conformance", "conformance",
                         [extra, *options(kernel, machine, calls_for(kernel, machine))], 300,
                         2 if extra and kernel not in vmtest.FEW else None, ("conformance",))


def check(tap, guest, run):
    if vmtest.judges_by_own(run.kernel) and run.machine in FAULTS:
        check_faults(tap, guest, f"{run.kernel} {run.machine}", FAULTS[run.machine])
        return
    check_promises(tap, guest, f"{run.kernel} {run.machine}", run.args[0])
