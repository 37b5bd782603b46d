# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Births and ends of VMs, and whose calls they are: what the kernel side tells, in its order, held against what the
VMMs say that they did. Nothing here rests on the words of a story: those have their own tests."""
import collections

import tracing
import vmtest

METHODS = {"debian-7.3": "auto", "debian-6.12": "kprobe"}
MACHINE = "p10-v1"
# Each start is one more try of the same.
STARTS = 6 if vmtest.ALL_PAIRS else 2
# What `steps new call papr ask close` leaves, in order.
LIFE = ["created", "negotiation", "arch-compat", "ended"]


def number(event):
    value = (event.get("evidence") or {}).get("vm")
    return int(value, 16) if value else None


def lives(lines):
    """The kernel side's number of a VM -> its events, in their order; those of no VM under None."""
    found = collections.defaultdict(list)
    for e in lines:
        if e.get("type") in ("vm", "found", "negotiation", "arch-compat", "run", "ran"):
            found[number(e)].append(e)
    return found


def words(events):
    return [e.get("event") or e["type"] for e in events]


def is_whole(lines, events):
    """Born when all was watched, and not cut off by the end of the trace."""
    watched_from = max(e["mono_ns"] for e in lines if e.get("type") == "attach")
    return words(events)[0] == "created" and events[0]["mono_ns"] > watched_from and words(events)[-1] == "ended"


def said(guest, name, step):
    """What VMMs said of this step: a list of key -> value."""
    rows = [dict(word.split("=", 1) for word in line.split()[1:]) for line in guest.lines(name)
            if line.split() and line.split()[0] == step]
    return rows


def check_row(tap, guest):
    lines = guest.json("row.out")
    tap.same(guest.number("row.status"), 0, "row: exit status", guest.text("row.err"))
    found = lives(lines)
    made = len(said(guest, "row.said", "new"))
    bad = {n: words(events) for n, events in found.items() if words(events) != LIFE}
    tap.ok(made == len(found) == 150 and not bad, "row: each of 150 VMs of one process is born, called and ended once, in order",
           made, len(found), bad)
    times = [e["mono_ns"] for events in found.values() for e in events]
    tap.same(times, sorted(times), "row: the stream has them in the order in which it happened")
    tracing.check_replay(tap, "row", guest.files["row.out"])


def check_two(tap, guest):
    lines = guest.json("two.out")
    tap.same(guest.number("two.status"), 0, "two: exit status", guest.text("two.err"))
    found = lives(lines)
    first, second = sorted(n for n in found if n)[:2]
    ran = {n: [(e["evidence"]["vcpu"], e["evidence"]["vcpu_pvr"]) for e in found[n] if e["type"] == "ran"] for n in (first, second)}
    tap.same(ran[second], [(0, "0x00000000")], "two: the second VM of a process is seen to run", *found[second])
    tap.same(ran[first], [(0, "0x00000000"), (0, "0x0f000005"), (1, "0x00000000")],
             "two: the first run of a VM, and that of each vCPU after a request, with the mode that it has then", *found[first])
    asked = [(e["evidence"]["vcpu"], e["evidence"]["papr"]) for e in found[first] if e["type"] == "arch-compat"]
    tap.same(asked, [(0, True), (1, True)], "two: a request names its vCPU, and whether that is a PAPR guest's")
    failed = [(e["event"], e["errno"], e["vm"]) for e in found[None]]
    tap.same(failed, [("failed", "EINVAL", None)], "two: a VM that cannot be made is told of", *found[None])


def check_dup(tap, guest):
    lines = guest.json("dup.out")
    tap.same(guest.number("dup.status"), 0, "dup: exit status", guest.text("dup.err"))
    found = lives(lines)
    tap.same([words(events) for events in found.values()], [LIFE, LIFE], "dup: two VMs, each with its own calls and end", guest.text("dup.said"))
    names = [{e["evidence"]["vm_name"] or None for e in events[1:]} for events in found.values()]
    tap.ok(names[0] and None not in names[0] and names[-1] == {None}, "dup: one of which has no directory", names)


def check_child(tap, guest):
    lines = guest.json("child.out")
    tap.same(guest.number("child.status"), 7, "child: the exit status is the command's", guest.text("child.err"))
    found = [words(events) for events in lives(lines).values()]
    tap.same(found, [["created", "ended"], ["created", "negotiation", "ended"]],
             "child: what the command started is followed to its end", guest.text("child.said"))


def check_flood(tap, guest):
    """Who floods loses what is his; births, calls and ends of others stay in order, and are there."""
    lines = guest.json("flood.jsonl")
    tap.same(guest.number("flood.status"), 0, "flood: exit status", guest.text("flood.err"))
    victims = {int(row["pid"]) for row in said(guest, "flood.said", "new")}
    found = [words(events) for events in lives(lines).values() if events[0]["pid"] in victims]
    lost = sum(e["n"] for e in lines if e.get("type") == "lost")
    print(f"# flood: {lost} events of who floods were lost")
    tap.ok(len(found) == 30 and all(life == LIFE for life in found), "flood: of 30 short VMs beside it all is told, in order",
           len(found), *[life for life in found if life != LIFE][:3])


def check_filters(tap, guest):
    lines = guest.json("filters.out")
    tap.same(guest.number("filters.status"), 0, "filters: exit status", guest.text("filters.err"))
    tap.same(lines[0]["filters"]["processes"], True, "filters: the trace says that there are some")
    found = [words(events) for events in lives(lines).values()]
    tap.same(found, [["found", "negotiation", "ran", "arch-compat", "ended"], LIFE],
             "filters: of a VM all or nothing is told, also if its process is renamed", *lines)


def check_starts(tap, guest, starts=STARTS):
    """Of each VM that is whole all is there; and nothing of it happened before its birth."""
    asked = {int(row["pid"]) for name in ("crowd.1", "crowd.2") for row in said(guest, name, "close")}
    whole, other, bad, missed = 0, 0, [], 0
    for n in range(1, starts + 1):
        lines = guest.json(f"start.{n}.out")
        lost = sum(e["n"] for e in lines if e.get("type") == "lost")
        missed += lost
        for vm, events in lives(lines).items():
            if not vm or not is_whole(lines, events):
                other += 1
            elif words(events) == LIFE and events[0]["pid"] in asked:
                whole += 1
            elif not lost:
                bad.append((n, vm, words(events)))
    print(f"# {starts} starts over {len(asked)} VMs: {whole} seen from birth to end, {other} in part")
    tap.same(guest.lines("start.status"), ["0"] * starts, "starts: exit status", guest.text("start.err"))
    tap.same(missed, 0, "starts: nothing is missed, neither at the beginning nor at the end")
    tap.ok(whole and not bad, "starts: of whom the birth was seen when all was watched, all was seen", whole, *bad[:5])


def runs(kernel, machine):
    if kernel in METHODS and machine == MACHINE:
        yield vmtest.Run(kernel, machine, "lives", "lives", [METHODS[kernel], str(STARTS)], 400, 2, ("steps",))


def check(tap, guest, run):
    del run
    check_row(tap, guest)
    check_two(tap, guest)
    check_dup(tap, guest)
    check_child(tap, guest)
    check_flood(tap, guest)
    check_filters(tap, guest)
    check_starts(tap, guest)
