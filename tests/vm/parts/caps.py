# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""compatcaps-trace caps against a real QEMU, machine by machine: QEMU starts with all that is granted, refuses whatever
is not, in the words of the table, and starts with what is to be typed. What is granted is also what the page of docs has."""
import json

import capabilities
import vmtest

# None: all that are booted with it.
KERNELS = {"debian-7.3": None, "debian-6.12": None, "debian-7.3-64k": ("p11-as-p10-v2", "powernv10"), "patched-7.2": ("p8-hash",)}
# Seconds.
LIMIT = 120
IMPOSSIBLE = 3
WIDTH = 80
# What QEMU says of XIVE where KVM has it, and pages are too small.
UNMAPPED = "XIVE: unable to set memory mapping"
# What QEMU says of these before it asks KVM for them: the processor is too old, or has no radix MMU.
BEFORE = {
    "cap-dawr1": "DAWR1 supported only on POWER10 and later CPUs", "cap-nested-hv": "Nested-HV only supported on POWER9 and later",
    "cap-rpt-invalidate": "H_RPT_INVALIDATE only supported on Radix",
}


def is_bare(machine):
    """It has no file system that could be mounted (tests/vm/machines)."""
    return machine.startswith("powernv")


def runs(kernel, machine):
    # What KVM grants beside modes does not hang on what the hypervisor offers.
    if vmtest.offers_less(machine):
        return []
    if kernel not in KERNELS or machine not in (KERNELS[kernel] or [machine]) or not vmtest.boots_on(kernel, machine):
        return []
    if not is_bare(machine):
        return [vmtest.Run(kernel, machine, "caps", "caps", [], LIMIT, mounts=("vmm", "negotiates"))]
    own, _ = vmtest.own_qemu("negotiates")
    adds = (f"{own}/qemu-system-ppc64", f"{vmtest.root('vmm')}/usr/share/qemu/vof.bin") if own else ()
    return [vmtest.Run(kernel, machine, "caps", "caps", [], LIMIT, adds=adds)]


def check_impossible(tap, guest):
    """Without KVM: why, and what to do."""
    tap.same((guest.number("caps.status"), guest.text("caps.out")), (IMPOSSIBLE, ""), "it is impossible here", guest.text("caps.err"))
    tap.says(guest.text("caps.err"), ["modprobe kvm-hv"], "it is said what to do")


def check_text(tap, guest, told):
    lines = guest.lines("text.out")
    wide = [l for l in lines if len(l) > WIDTH and not l.startswith("  pseries,")]
    tap.ok(guest.number("text.status") == 0 and lines and not wide, "the table has 80 columns", *wide)
    missing = [row["name"] for row in told["capabilities"] if row["missing"]]
    tap.same([l.split()[1] for l in lines if l.startswith("missing ")], missing, "what is missing comes first", *lines)
    first = next((i for i, l in enumerate(lines) if l.startswith("CAPABILITY ")), 0)
    shown = [l.split()[0] for l in lines[first + 1:] if not l.startswith(("  ", "KVM "))]
    tap.same(sorted(shown), sorted(row["name"] for row in told["capabilities"]), "each has a row", *lines)
    if told["machine"]:
        verdict = "".join(l.strip() for l in lines[-3:])
        tap.ok(told["machine"] in verdict or not missing, "the last line says what to type", *lines[-3:])


def check_users(tap, guest, told):
    tap.same((guest.number("user.status"), (guest.json("user.out") or [{}])[0]), (0, told), "a user of /dev/kvm is told the same",
             guest.text("user.err"))
    tap.same((guest.number("denied.status"), guest.text("denied.out")), (IMPOSSIBLE, ""), "another user is told nothing")
    tap.says(guest.text("denied.err"), ["/dev/kvm: Permission denied", "group"], "but why, and what to do")


def starts(tap, guest, name, what):
    tap.same(guest.number(f"{name}.status"), 0, f"QEMU starts {what}", guest.text(f"{name}.options"), guest.text(f"{name}.err"))


def refuses(tap, guest, name, messages, what):
    said = guest.text(f"{name}.err")
    tap.ok(guest.number(f"{name}.status") == 1 and any(m in said for m in messages), f"QEMU refuses {what}: {messages[0]}",
           guest.text(f"{name}.options"), said)


def check_defaults(tap, guest, rows):
    """What QEMU itself says that each cap-* is, where it was not told."""
    answers = {a["id"]: a["return"] for a in guest.json("machine.out") if "id" in a and "return" in a}
    shown = {True: "on", False: "off"}
    for row in (row for row in rows if not row["missing"]):
        answer = answers.get(row["name"])
        tap.same(row["default"], shown.get(answer, str(answer)), f"{row['name']}: what QEMU takes by default")


def check_qemu(tap, guest, told):
    rows = [row for row in told["capabilities"] if row["name"].startswith("cap-")]
    by_name = {row["name"]: row for row in told["capabilities"]}
    missing = [row for row in rows if row["missing"]]
    if missing or not told["machine"]:
        first = guest.text("default.err")
        tap.ok(guest.number("default.status") == 1 and any(row["missing"] and row["message"] in first for row in told["capabilities"]),
               "QEMU does not start without an option", first)
    else:
        starts(tap, guest, "default", "without an option")
    if told["machine"]:
        starts(tap, guest, "machine", "with what is to be typed")
        starts(tap, guest, "most", "with all that is granted")
        check_defaults(tap, guest, rows)
    else:
        other = next(row for row in told["capabilities"] if row["missing"] and not row["option"])
        for name in "machine", "most":
            refuses(tap, guest, name, [other["message"]], "whatever is typed")
    for row in missing:
        name = f"without.{row['name']}" if len(missing) > 1 else "default"
        refuses(tap, guest, name, [row["message"]], f"all of it but {row['option']}")
    for row in rows:
        asked = f"above.{row['name']}.status" in guest.files
        if asked:
            refuses(tap, guest, f"above.{row['name']}", [row["message"], BEFORE.get(row["name"], row["message"])],
                    f"more of {row['name']} than is granted")
        tap.ok(asked or row["granted"] or row["missing"], f"{row['name']}: it was tried")
    if by_name["xive"]["granted"]:
        starts(tap, guest, "xive", "where XIVE has to be KVM's")
    elif by_name["xive"]["wanted"]:
        refuses(tap, guest, "xive", [by_name["xive"]["message"], UNMAPPED if by_name["xive"]["why"] else "IRQ_XIVE"],
                "XIVE where it has to be KVM's")


def check_story(tap, guest, stories, name, options, rows):
    """Does the trace name what the QEMU of this name needed?"""
    story = stories.get(name)
    if not tap.ok(story, f"{name}: its VM has a story", *sorted(stories)):
        return
    tap.same(sorted(denied["option"] or denied["name"] for denied in story["denied"]), sorted(options), f"{name}: the trace names what it needs",
             story["text"], guest.text(f"{name}.err"))
    can = all(denied["option"] for denied in story["denied"])
    words = [denied["option"] for denied in story["denied"]] if can else [rows[denied["name"]]["what"] for denied in story["denied"]
                                                                          if not denied["name"].startswith("cap-")]
    tap.ok(all(word in story["text"] for word in words), f"{name}: and says so", story["text"])


def needed(rows, kind, of, options):
    """What a QEMU that did not start needs, in the words of the table."""
    found = [row for row in rows.values() if row["missing"] and f",{row['qemu']}=" not in options]
    if kind == "without":
        found = [row for row in found if row["name"] == of or not row["option"]]
    if kind == "above":
        found.append(rows[of])
    if kind == "xive":
        found.append(rows["xive"])
    return {row["option"] or (f"{row['qemu']}={row['value'] or 'off'}" if row["qemu"] else row["name"]) for row in found}


def check_stories(tap, guest, told):
    """A trace that watched all of these QEMUs names what KVM denied those that did not start, and denies others nothing."""
    lines = guest.json("trace.out")
    stories = {line["guest"]: line for line in lines if line.get("type") == "story"}
    tap.same(guest.number("trace.status"), 0, "the trace ends well", guest.text("trace.err"))
    rows = {row["name"]: row for row in told["capabilities"]}
    names = sorted(file.removesuffix(".options") for file in guest.files if file.endswith(".options"))
    expected = {name: needed(rows, *name.partition(".")[::2], guest.text(f"{name}.options")) if guest.number(f"{name}.status") else set()
                for name in names}
    for name in names:
        check_story(tap, guest, stories, name, expected[name], rows)
    tap.ok(any(expected.values()), "some were denied something")


def check(tap, guest, run):
    if vmtest.answer_of(run.kernel, run.machine) == "no-kvm":
        check_impossible(tap, guest)
        return
    tap.same(guest.number("caps.status"), 0, "exit status", guest.text("caps.err"))
    told = json.loads(guest.text("caps.out"))
    tap.same(capabilities.invalid(told), [], "it is as the schema has it")
    check_text(tap, guest, told)
    check_users(tap, guest, told)
    if run.kernel == capabilities.KERNEL:
        tap.same(capabilities.differences(run.machine, told), [], "it is as docs/capabilities.md has it: "
                 "tests/vm/capabilities-page write makes that anew")
    if is_bare(run.machine) and not run.adds:
        tap.skip("what QEMU does", vmtest.own_qemu("negotiates")[1])
        return
    check_qemu(tap, guest, told)
    check_stories(tap, guest, told)
