# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A hypervisor that offers less than the mode that it runs this host in: what is reported, told and judged follows what
kvm-hv agreed on with it, and nothing says that the host offers its own mode."""
import re

import tracing
import vmtest
from parts import qemus

PVRS = {"0x0f000007": "POWER11", "0x0f000006": "POWER10", "0x0f000005": "POWER9"}


def runs(kernel, machine):
    if vmtest.offers_less(machine):
        yield vmtest.Run(kernel, machine, "offers", "offers", [qemus.method(kernel), vmtest.command_of(kernel)], 60,
                         1 if vmtest.is_preemptible(kernel) else None, ("steps",))


def own_mode(machine):
    return {"p11": "POWER11", "p10": "POWER10"}[machine.partition("-")[0]]


def findings(guest):
    told = guest.json("doctor.out")
    return {f["check"]: f for f in told[0]["findings"]} if len(told) == 1 else {}


def check_reported(tap, guest, run, modes):
    """The ioctl, and the three verbs that look at a host."""
    bitmap = vmtest.all_machines()[run.machine].answer
    calls = [c for c in guest.json("probe.out") if c.get("type") == "call"]
    if vmtest.has_feature(run.kernel):
        # It tries the commands that a kernel may have.
        tap.same([c["caps"] for c in calls if c["ret"] == 0], [bitmap], "the ioctl reports what was agreed on", *calls)
    told, own = findings(guest), own_mode(run.machine)
    agreed = told.get("nested-capabilities", {})
    tap.says(agreed.get("what", ""), [f"{bitmap}, agreed on with the hypervisor: {' '.join(modes)}, and not {own}"],
             "doctor: what was agreed on, and what was not")
    tap.ok(agreed.get("state") == "note" and agreed.get("remedy"), "doctor: that is worth a note", agreed)
    if vmtest.has_feature(run.kernel):
        tap.says(told.get("answer", {}).get("what", ""), [f"gets {' '.join(modes)} ({bitmap})"], "doctor: what a VMM is told")
    named = [check for check, f in told.items() if own in f["what"] and check not in ("nested-capabilities", "cpu-version")]
    tap.same([check for check in named if "host in POWER10 mode" not in told[check]["what"]], [],
             f"doctor: nothing else speaks of {own}", *(told[check]["what"] for check in named))
    tap.same(guest.number("caps.status"), 0, "caps: it lists what KVM grants", guest.text("caps.err"))


def check_listed(tap, guest, modes):
    told = (guest.json("vms.out") or [{}])[0]
    tap.same({key: told.get("host", {}).get(key) for key in ("modes", "modes_source")},
             {"modes": modes, "modes_source": "nested-capabilities"}, "vms: the host's modes are those that were agreed on")
    vms = {vm["pid"] == guest.number("nine.pid"): vm for vm in told.get("vms", [])}
    tap.same([(vm["mode_is"], vm["mode"], vm["offered"]) for vm in (vms.get(True), vms.get(False)) if vm],
             [("set", "POWER9", True), ("host-default", None, None)], "vms: a VM in a mode on offer, and one that is left to the hypervisor", told)


def expected(run, pvr, modes):
    """(cause, errno, how it then runs: the mode, "raw" for none, an errno or an exit reason) of who asks for it."""
    mode, checks = PVRS[pvr], run.kernel != "debian-6.12"
    if not checks and mode == "POWER11" and "POWER10" in modes:
        return "accepted-above-host", None, "unknown"
    if checks and mode == "POWER11" and own_mode(run.machine) != "POWER11":
        # KVM keeps that it was asked for what the processor is not.
        return "newer-than-host", "EINVAL", "EINVAL"
    if vmtest.judges_by_own(run.kernel) and own_mode(run.machine) == "POWER11" and mode == "POWER10":
        return "rejected", "EINVAL", "raw"
    if mode not in modes:
        return "newer-than-host", "EINVAL", "raw"
    return "accepted", None, mode


def check_asked(tap, guest, run, modes):
    lines = guest.json("asks.out")
    tap.same(guest.number("asks.status"), 0, "exit status", guest.text("asks.err"))
    tracing.check_stream(tap, "asks", lines, guest.files.get("asks.out", b""))
    for pvr, mode in PVRS.items():
        mine = [e for e in lines if e.get("guest") == pvr and e["type"] in ("arch-compat", "ran", "run")]
        cause, errno, runs_in = expected(run, pvr, modes)
        tap.same([(e["cause"], e["errno"], e["host_modes"]) for e in mine if e["type"] == "arch-compat"], [(cause, errno, modes)],
                 f"{mode} asked for: {cause}", *mine)
        tap.same([qemus.shown(e)[0] for e in mine if e["type"] != "arch-compat"], [runs_in], f"{mode} asked for: how it runs", *mine)
        hint = "".join(e["hint"] for e in mine if e["type"] == "arch-compat")
        want = {"accepted-above-host": "and the guest is likely to fail when it runs", "rejected": f"looks for POWER11 where {mode} is asked for: let it ask for POWER9",
                "newer-than-host": f": let it ask for {modes[-1]}, or run it on a host that offers {mode}", "accepted": ""}[cause]
        tap.says(hint, [f"steps asked for {mode}, this host offers {' '.join(modes)}", want], f"{mode} asked for: what is said")


def check_default(tap, guest, run, modes):
    """Who asks for 0 is refused by kernels that look for the host's own mode, which was not agreed on: 6.12 takes POWER11 for
    POWER10. Other kernels let it stand for what was agreed on."""
    own, old = own_mode(run.machine), run.kernel == "debian-6.12"
    refused = vmtest.judges_by_own(run.kernel) or old and own == "POWER10"
    mine = [e for e in guest.json("asks.out") if e.get("guest") == "0" and e["type"] == "arch-compat"]
    tap.same([(e["cause"], e["errno"]) for e in mine], [("rejected", "EINVAL") if refused else ("host-default", None)],
             "0 asked for: its cause", *mine)
    story, text = qemus.story_of(guest.text("stories.out"), "0"), "".join(e["hint"] for e in mine)
    if refused:
        tap.says(text, [f"looks for {own} where the host's default is asked for: let it ask for POWER9"], "0 asked for: what is said")
        tap.says(story, ["was refused the host's default (rejected), went on without a mode and ran in the host's own"], "0: its story")
    stories = " ".join(guest.text("stories.out").split())
    wrong = [said for said in re.findall(r"this host offers [^.:,]*", stories) if said != f"this host offers {' '.join(modes)}"
             and said != f"this host offers {modes[-1]} at most (this kernel does not check"]
    tap.same(wrong, [], "all that is said of what this host offers")


def check_stories(tap, guest):
    """Live, and from the recording of the other tracer."""
    status, out, said = tracing.replay(guest.files.get("asks.out", b""), "--summary")
    for name in [*PVRS, "0", "none"]:
        live, again = (qemus.without_times(qemus.story_of(text, name)) for text in (guest.text("stories.out"), out.decode()))
        tap.ok(status == 0 and live and live == again, f"{name}: live and replay tell the same story", live, again, said)


def check(tap, guest, run):
    modes = qemus.offered(run.machine)
    check_reported(tap, guest, run, modes)
    check_listed(tap, guest, modes)
    check_asked(tap, guest, run, modes)
    check_default(tap, guest, run, modes)
    check_stories(tap, guest)
