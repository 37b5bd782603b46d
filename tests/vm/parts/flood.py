# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""4,800 calls in four threads: what is recorded and what is lost add up to what was made."""
import re
import signal

import vmtest

# The ring of 1 MiB gives a burst room for some 2,400 of them.
CALLS = 4_800
CALLS_OF_TABLE = 4_400
# Seconds that a tracer listens, and that ending may take on a machine that does much else; without bounds it never ended.
LISTENS = 3
LATE = 90
# KVM prints a line where a VM ends on nested API v2, and the tracer makes some of its own.
PRINTED = 4


def check_calls(tap, guest, name, made=CALLS):
    calls = [c for c in guest.json(f"{name}.calls") if c.get("type") == "summary"]
    tap.same(([c["calls"] for c in calls], len({c["tid"] for c in calls})), ([made // 4] * 4, 4),
             f"{name}: {made} calls were made in four threads")


def check_sum(tap, guest, name, records, lost, made=CALLS, lines=0):
    """lost: in all; lines: of these, what was no call but a line that KVM printed meanwhile."""
    said = guest.text(f"{name}.err")
    total = re.search(r"(\d+) queries.*; (\d+) lost(?: \((\d+) quer)?", said)
    tap.same(records + lost - lines, made, f"{name}: records and losses are all the calls",
             f"{records} records, {lost} lost, {lines} of them lines of KVM's", said)
    # The kernel counts what it drops by command and result: what is missing from the table is told beside it.
    tap.ok(total and (int(total[1]), int(total[2]), int(total[3] or 0)) == (records, lost, lost - lines),
           f"{name}: the totals at the end say the same", said)
    print(f"# {name}: {records} records, {lost} lost, {lines} of them lines")


def check_json(tap, guest, name):
    check_calls(tap, guest, name)
    lines = guest.json(f"{name}.out")
    losses = [e for e in lines if e.get("type") == "lost"]
    lost = sum(event["n"] for event in losses)
    of = {kind: sum(by["n"] for e in losses for by in e["by"] if by["type"] == kind) for kind in ("negotiation", "kernel")}
    tap.same(sum(of.values()), lost,
             f"{name}: what was lost was counted by command and result in the kernel", *losses[:3])
    tap.ok(of["kernel"] <= PRINTED, f"{name}: all but KVM's few lines are calls", of)
    check_sum(tap, guest, name, sum(e.get("type") == "negotiation" for e in lines), lost, lines=of["kernel"])
    gap = next((n for n, e in enumerate(lines, 1) if e.get("seq") != n), 0)
    tap.same(gap, 0, f"{name}: seq has no gap")
    tap.same([e for e in lines if "broken" in e], [], f"{name}: every line is whole")
    return lost


def check_table(tap, guest):
    check_calls(tap, guest, "table", CALLS_OF_TABLE)
    text = guest.text("table.out")
    shown = re.findall(r"(\d+) events lost", text)
    rows = re.findall(r"^[0-9]{2}:[0-9:.]* .* query ", text, re.M)
    lost = sum(map(int, shown))
    # The table does not say of what kind they were: what is more than the calls can be KVM's lines alone.
    lines = len(rows) + lost - CALLS_OF_TABLE
    tap.ok(0 <= lines <= PRINTED, "table: all but KVM's few lines are calls", lines)
    check_sum(tap, guest, "table", len(rows), lost, CALLS_OF_TABLE, lines)
    tap.ok(shown, "table: the table shows the loss")
    tap.same(guest.number("table.status"), 0, "table: without --strict that is no failure")


def seconds(guest, name):
    begin, end = (float(guest.text(f"{name}.{at}") or 0) for at in ("begin", "end"))
    return end - begin


def check_control(tap, guest, patience):
    """No process hides another, and none keeps the tracer from ending."""
    late = LATE * patience
    tap.same(guest.number("endless.status"), 128 + signal.SIGKILL, "heard, signal: who floods does so until it is ended",
             guest.text("endless.err"))
    tap.same(guest.number("heard.status"), 0, "heard: exit status", guest.text("heard.err"))
    tap.ok(0 < seconds(guest, "heard") < LISTENS * patience + late, "heard: -d ends under an endless flood", seconds(guest, "heard"))
    lines = guest.json("heard.out")
    lost = [e for e in lines if e.get("type") == "lost"]
    after = [e for e in lines if lost and e.get("type") == "negotiation" and e["seq"] > lost[0]["seq"]]
    tap.ok(len(lost) > 1 and after, "heard: losses are told while they happen, between calls", len(lost), len(after))
    pids = [e["pid"] for e in lines if e.get("usize") == 17]
    made = [c["pid"] for c in guest.json("heard.calls") if c.get("type") == "call"]
    tap.ok(len(made) == 3 and pids == made, "heard: another VM's single wrong calls are all told", pids, made)
    tap.same([e.get("type") for e in lines[-1:]], ["end"], "heard: the stream has its end", lines[-1:])
    tap.same(guest.number("signal.status"), 0, "signal: exit status", guest.text("signal.err"))
    tap.ok(0 < seconds(guest, "signal") < late, "signal: SIGINT ends it under an endless flood", seconds(guest, "signal"))


def runs(kernel, machine):
    # Kprobes on debian-6.12; on debian-7.3, where it is fexit first, with all pairs.
    methods = {"debian-7.3": ["auto", "kprobe"] if vmtest.ALL_PAIRS else ["auto"], "debian-6.12": ["kprobe"], "patched-7.2-mainline-debug": ["auto", "kprobe"],
               "patched-6.12-debug": ["kprobe"]}.get(kernel, [])
    if machine == "p11-as-p10-v2":
        for how in methods:
            yield vmtest.Run(kernel, machine, f"flood-{how}", "flood", [how, str(LISTENS)], 400, vmtest.cpus_for(kernel, how) or 2)


def check(tap, guest, run):
    tap.same(guest.lines("stops.statuses"), ["0"] * 60, "stops: the probe makes its VM whenever it is stopped meanwhile",
             guest.text("stops.err"))
    check_json(tap, guest, "normal")
    tap.same(guest.number("normal.status"), 0, "normal: exit status")
    tap.ok(check_json(tap, guest, "stopped") > 0, "stopped: some were lost indeed")
    tap.same(guest.number("stopped.status"), 5, "stopped: --strict makes a loss exit status 5")
    check_table(tap, guest)
    check_control(tap, guest, vmtest.patience(run.kernel))
