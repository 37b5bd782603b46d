# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Processes that try to hide others, to be what they are not, or to learn what they must not: what
SECURITY.md says that they cannot."""
import re
import subprocess

import tracing
import vmtest

METHODS = {"debian-7.3": "auto", "debian-6.12": "kprobe"}
# Whose calls are in the way, and that the one whose calls are not is another user's.
CROWDS = {"flood": "32 processes of another user hide",
          "same": "8 processes of the same user hide",
          "users": "32 users of a namespace that another user has made, whose processes and VMs come and go, hide",
          "sibling": "another VM of the same process hides"}
# Calls that hang in the slots of the array, in the map of overflows as one user's, and too many.
HANGING, OVERFLOWS, SLOTS = 300, 256, 4
# Of who is in nobody's way, while nothing is read.
CALLS = 40
FORGED = ["KVM: host dies[", "kvm: VM 1 dead[", "KVM: somebody wrote this"]
# What KVM prints where a VM with nested API v2 ends.
TRUE_LINE = "KVM: TLB LPID invalidation hcall failed, rc=-2"
# The kernel's own half of addresses, as far as it has data there.
ADDRESSES = range(0xC000_0000_0000_0000, 0xE000_0000_0000_0000)


def made(guest, name):
    """(pid, calls) of a victim."""
    found = re.match(r"pid=(\d+) calls=(\d+)", guest.text(f"{name}.made"))
    return (int(found[1]), int(found[2])) if found else (None, None)


def check_crowd(tap, guest, name, begin, end):
    what = CROWDS[name]
    pid, calls = made(guest, name)
    recorded = sum(e["pid"] == pid for e in guest.json("crowds.victims"))
    lost = sum(e["n"] for e in guest.json("crowds.lost") if begin < e["mono_ns"] < end)
    print(f"# {name}: {recorded} of {calls} calls recorded while {lost} of the others' were lost, from {begin / 1e9:.0f} s on")
    tap.ok(lost > 1000, f"{name}: there was too little room for all", lost)
    tap.same((calls, recorded), (CALLS, CALLS), f"{name}: {what} no call")


def crowds_of(kernel):
    """Who may take room, and what he gets, is decided in the same lines of the program whatever it is attached by: where
    it is a kprobe, one crowd shows that this works there too."""
    return list(CROWDS) if METHODS[kernel] == "auto" or vmtest.ALL_PAIRS else ["flood"]


def check_crowds(tap, guest, crowds):
    tap.same(guest.number("crowds.status"), 0, "crowds: exit status", guest.text("crowds.err"))
    begins = [float(guest.text(f"{name}.begin") or "nan") * 1e9 for name in crowds]
    for name, begin, end in zip(crowds, begins, [*begins[1:], float("inf")]):
        check_crowd(tap, guest, name, begin, end)
    reasons = {e["reason"] for e in guest.json("crowds.lost")}
    tap.same(reasons, {"vm-budget"}, "crowds: those who exceed their share lose calls, and the ring is never full")


def check_hanging(tap, guest, kernel, lines):
    if not vmtest.has_feature(kernel):
        tap.skip("calls that hang", "a kernel without the ioctl refuses it before it looks at memory that never comes")
        return
    for name in ("alone", "four", "many"):
        pid, calls = made(guest, name)
        recorded = sum(e.get("usize") == 17 and e["pid"] == pid for e in lines)
        tap.ok(calls and recorded == calls, f"{name}: no call is hidden by those that hang where it would be", recorded, calls)
    lost = [(e["reason"], by["type"], by["n"], by["ret"]) for e in lines if e.get("type") == "lost" for by in e["by"]]
    too_many = HANGING - SLOTS - OVERFLOWS
    tap.same(lost, [("too-many-in-flight", "negotiation", too_many, None)],
             "many: of one user's calls that hang there so many are lost, with their VM", *lost)
    # They end when they are killed.
    ended = sum(e.get("type") == "negotiation" and e["usize"] is None for e in lines)
    tap.same(ended, SLOTS + HANGING - too_many, "many: and the end of all others is seen")


def check_lines(tap, guest, lines):
    printed = guest.text("dmesg")
    tap.says(printed, [*FORGED, TRUE_LINE], "names: the kernel did print the forged lines, and KVM its own")
    told = {(e["comm"], e["message"]) for e in lines if e.get("type") == "kernel"}
    tap.ok({message for _, message in told} == {TRUE_LINE} and {"compatcaps-trac", "ordinary"} <= {comm for comm, _ in told},
           "names: a line is KVM's where KVM has printed it, whatever a process is called", told)


def check_names(tap, guest, lines):
    tap.same(guest.number("names.status"), 0, "names: exit status", guest.text("names.err"))
    tracing.check_replay(tap, "names", guest.files["names.out"])
    check_lines(tap, guest, lines)
    for name in ("compatcaps-trac", "ordinary"):
        events = [e for e in lines if e.get("comm") == name]
        lives = [e["event"] for e in events if e["type"] == "vm"]
        calls = [e["usize"] for e in events if e["type"] == "negotiation"]
        tap.same((lives, calls), (["created", "ended"], [17, 17, 17]), f"names: a VMM called {name} is a VMM", *events)
        tap.same(len({e["vm"] for e in events if e["type"] in ("vm", "negotiation")}), 1, f"names: {name} has one VM")


def check_numbers(tap, lines):
    """Each VM has one number, also that which was found and is then seen to call, and it is small."""
    numbers = {}
    for e in lines:
        if e.get("vm") and (e.get("evidence") or {}).get("vm"):
            numbers.setdefault(e["vm"], set()).add(int(e["evidence"]["vm"], 0))
    ones = {n for of in numbers.values() for n in of}
    tap.ok(len(ones) == len(numbers) > 3 and all(len(of) == 1 for of in numbers.values()) and max(ones) < 100,
           "numbers: each VM has one of the trace's own", numbers)
    older = [e["type"] for e in lines if e.get("guest") == "older"]
    tap.ok(older[:1] == ["found"] and "negotiation" in older, "numbers: one of them was found, and then seen to call", older)


def check_checks(tap, guest, lines):
    """What KVM granted somebody is remembered until the VM ends, however many others ask."""
    steps = [dict(word.split("=", 1) for word in line.split()[1:]) for line in guest.lines("checks.made")]
    answers = {int(step["cap"]): int(step["ret"]) for step in steps if "cap" in step}
    ends = [e for e in lines if e.get("type") == "vm" and e["event"] == "ended" and e["guest"] == "checks"]
    if not tap.same(len(ends), 1, "checks: the VM has ended", guest.text("checks.made")):
        return
    grants = ends[0]["evidence"]["grants"] or {"granted": [], "denied": []}
    known = {number: answer for number, answer in answers.items() if number < 512}
    tap.same((len(answers), len(known)), (6, 4), "checks: made, and of these those that are kept")
    tap.same((grants["granted"], grants["denied"]),
             (sorted(n for n, answer in known.items() if answer > 0), sorted(n for n, answer in known.items() if answer <= 0)),
             "checks: 2,500 processes of another user hide no answer", guest.text("checks.made"))
    others = [e for e in lines if e.get("type") == "vm" and e["guest"] != "checks" and (e["evidence"].get("grants") or {}).get("denied")]
    tap.ok(not others, "checks: nobody else has these", *others[:2])


def addresses_in(data):
    """What of these bytes can be an address of the kernel, in either notation."""
    words = re.findall(rb"0x([0-9a-fA-F]{16})\b|\b(1[0-9]{19})\b", data)
    numbers = [int(word[0], 16) if word[0] else int(word[1]) for word in words]
    return [hex(n) for n in numbers if n in ADDRESSES]


def outputs(guest):
    """name -> bytes of all that is told of this trace, live and from its recording."""
    recording = guest.files["names.out"]
    shown = {name: guest.files[name] for name in ("names.out", "vms.out")}
    shown |= {name: guest.files[name] for name in ("crowds.victims", "crowds.lost")}
    for name, command in {"replay": ["replay", "-v", "--summary"], "report": ["report"], "html": ["report", "--format=html"],
                          "perfetto": ["report", "--format=perfetto"], "metrics": ["metrics"],
                          "check": ["check", "--format=json", "-f", "lost=0"]}.items():
        done = subprocess.run([tracing.native(), *command, "-"], input=recording, capture_output=True, check=False, timeout=120)
        shown[name] = done.stdout or done.stderr
    return shown


def check_addresses(tap, guest):
    tap.same(addresses_in(b'"vm":"0xc000000007a98000", 13835058055282163712, 0x00000fffabcd0000'),
             ["0xc000000007a98000", "0xc000000000000000"], "addresses: they would be found")
    for name, data in outputs(guest).items():
        found = addresses_in(data)
        tap.ok(data and not found, f"addresses: none of the kernel in {name}", len(data), *found[:3])


def runs(kernel, machine):
    if kernel in METHODS and machine == "p11-as-p10-v2":
        yield vmtest.Run(kernel, machine, "rivals", "rivals", [METHODS[kernel], *crowds_of(kernel)], 240, 2, ("rival", "steps"))


def check(tap, guest, run):
    tap.same(guest.text("rival.err"), "", "all rivals did what they were told")
    check_crowds(tap, guest, run.args[1:])
    lines = guest.json("names.out")
    check_names(tap, guest, lines)
    check_numbers(tap, lines)
    check_hanging(tap, guest, run.kernel, lines)
    check_checks(tap, guest, lines)
    check_addresses(tap, guest)
