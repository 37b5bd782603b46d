# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The options of compatcaps-trace in a guest: which calls it takes, when and how it ends,
and how its output comes, in each way to attach."""
import re

import tracing
import vmtest

IDS = tracing.TIMES
LIVE = "size-too-small|no-kernel-support"
COLUMNS = ["TIME", "PROCESS", "VM", "EVENT", "RESULT", "WHAT"]


class Run:
    """One tracer and the negotiators beside it, by the name that the guest's script gave."""

    def __init__(self, tap, guest, name):
        self.tap, self.guest, self.name = tap, guest, name
        self.said = guest.text(f"{name}.err")
        self.lines = guest.json(f"{name}.out")
        self.events = [e for e in self.lines if e.get("type") == "negotiation"]
        self.calls = self.calls_of(name)

    def calls_of(self, name):
        return [c for c in self.guest.json(f"{name}.calls") if c.get("type") == "call"]

    def ended(self, status=0):
        self.tap.same(self.guest.number(f"{self.name}.status"), status,
                      f"{self.name}: exit status {status}", self.said)

    def recorded(self, calls, what):
        got = [(e.get("tid"), e.get("cmd"), e.get("ret")) for e in self.events]
        want = [(c["tid"], c["cmd"], c["ret"]) for c in calls]
        self.tap.ok(want and got == want, f"{self.name}: {what}", f"got {got}", f"expected {want}")

    def gap_free(self):
        self.tap.same([e.get("seq") for e in self.lines], list(range(1, len(self.lines) + 1)),
                      f"{self.name}: seq has no gap")


def check_filters(tap, guest):
    run = Run(tap, guest, "errors")
    run.ended()
    run.recorded([c for c in run.calls if c["ret"] and c["errno"] != "EIO"],
                 "--errors-only shows all that fail and nothing else")
    seqs = [e.get("seq") for e in run.lines]
    tap.ok(seqs == sorted(set(seqs)) and seqs[-1] > len(seqs), "errors: seq counts what is not shown as well", seqs)
    tap.same([e["filters"]["outcomes"] for e in run.lines if e.get("type") == "trace"], [True],
             "errors: the stream says that a part of it is not there")
    run = Run(tap, guest, "pid")
    run.ended()
    run.recorded(run.calls, "-p shows this process alone")
    tap.same(len(run.calls_of("pid-other")), 5, "pid: another negotiated at the same time")
    for name in "other", "a-very-long-negotiator":
        run = Run(tap, guest, f"comm-{name}")
        run.ended()
        run.recorded(run.calls, "--comm shows processes of this name alone")
        tap.same({e["comm"] for e in run.events}, {name[:15]}, f"comm-{name}: the name is right")
        tap.same(len(run.calls_of("comm-stranger")), 5, f"comm-{name}: another negotiated at the same time")


def check_signals(tap, guest):
    for signal in "INT", "TERM":
        run = Run(tap, guest, f"end-{signal}")
        run.ended()
        run.recorded(run.calls, f"nothing that came before SIG{signal} is missing")
        tap.same(len(run.calls), 200, f"end-{signal}: 200 calls were made")
        tap.says(run.said, ["200 queries;" if run.calls[0]["ret"] == 0 else "200 queries (200 failed);", "0 lost"],
                 f"end-{signal}: the totals are said")


def check_views(tap, guest):
    events = guest.json("view.jsonl")
    found = {e["guest"] for e in events if e["type"] in ("vm", "arch-compat", "story")}
    tap.same(found, {"db1"}, "view: --guest leaves nothing of another guest", guest.text("view.err"))
    tap.same([(e["coverage"]["state"], len(e["vcpus"])) for e in events if e["type"] == "story"], [("whole", 1)],
             "view: and all of its own", *events[-3:])
    tap.same([e["seq"] for e in events], list(range(1, len(events) + 1)), "view: seq has no gap")
    tap.says(guest.text("view.err"), ["1 ask", "only what matches --guest db1"], "view: the totals say so")
    tap.same(guest.text("followed.out"), guest.text("view.jsonl"), "followed: who follows it reads all of it", guest.text("followed.err"))
    tap.same(guest.number("followed.status"), 0, "followed: and ends with it")
    tap.says(guest.text("written.err"), [f"is still being written by pid {guest.number('written.pid')}"],
             "written: who reads it meanwhile is told who writes it")
    run = Run(tap, guest, "cause")
    calls = [e for e in run.lines if e.get("type") not in ("trace", "host", "attach", "end")]
    tap.same([(e["type"], e["cause"], e["mode"]) for e in calls], [("arch-compat", "accepted", "POWER9")],
             "cause: it is the calls with this cause alone", run.said)
    tap.same(run.lines[0]["filters"]["outcomes"], True, "cause: and the stream says that it is not all")
    tap.says(guest.text("comm-nobody.err"), ["no process named nobody has a VM now; these have: compatcaps_prob 1"],
             "comm-nobody: a name that nobody has is answered with those that there are")


def check_stops(tap, guest):
    run = Run(tap, guest, "count")
    run.ended()
    run.recorded(run.calls[:3], "-n 3 ends after three of ten calls")
    run = Run(tap, guest, "count-errors")
    run.ended()
    run.recorded([c for c in run.calls if c["ret"] and c["errno"] != "EIO"][:2],
                 "-n counts what the filters let through")
    run = Run(tap, guest, "duration")
    run.ended()
    before, after = (float(guest.text(f"duration.{end}") or 0) for end in ("before", "after"))
    tap.ok(2 <= after - before < 30, "duration: -d 2 ends after two seconds", before, after)
    times = [e["mono_ns"] / 10**9 for e in run.events]
    # A machine that is busy is as late to end as it was to begin.
    tap.ok(len(times) > 3 and times[-1] - times[0] < 2 + max(2, times[0] - before),
           "duration: it records until then and no longer", before, times[:1], times[-1:])
    run = Run(tap, guest, "end-command")
    run.ended(128 + 15)
    tap.ok("end-command.left" not in guest.files, "end-command: the signal reaches the command too")


def check_command(tap, guest):
    run = Run(tap, guest, "status7")
    run.ended(7)
    tap.says(run.said, ["sh ended with status 7"], "status7: the command's status is reported and passed on")
    run = Run(tap, guest, "killed")
    run.ended(128 + 9)
    tap.says(run.said, ["sh was ended by signal 9"], "killed: the command's signal is reported and passed on")
    run = Run(tap, guest, "stdin")
    run.ended()
    tap.same(guest.text("stdin.got"), "from the terminal\n", "stdin: the command keeps its own")


def check_tree(tap, guest):
    run = Run(tap, guest, "tree")
    run.ended()
    run.gap_free()
    family = {part: guest.json(f"tree.{part}")[0]
              for part in ("child", "grandchild", "daemon", "container", "last")}
    tids = [family[part]["tid"] for part in ("child", "grandchild", "daemon", "last")]
    rest = [e for e in run.events if e["tid"] not in tids]
    tap.ok(set(tids) < {e["tid"] for e in run.events},
           "tree: children, grandchildren, orphans and what the command became are traced",
           family, run.events)
    tap.ok(len(rest) == 1 and family["container"]["pid"] == 1 and rest[0]["pid"] > 1,
           "tree: one in a pid namespace is shown with the pid that is seen out here", family, rest)
    strangers = run.calls_of("stranger")
    tap.ok(len(strangers) == 3 and strangers[0]["tid"] not in {e["tid"] for e in run.events},
           "tree: a stranger is not traced", strangers)


def rows_of(text):
    """The rows of negotiations in a table, column by column."""
    pattern = r"\d\d:\d\d:\d\d\.\d{3}  (\S+)\[(\d+)\] +(\d+)  query +(\S+) +(\S.*)"
    return [m.groups() for m in (re.match(pattern, line) for line in text.splitlines()) if m]


def table_of(said):
    """What stands on standard error beside the tracer's messages."""
    return "".join(line for line in said.splitlines(True) if not line.startswith("compatcaps-trace: "))


def check_table(tap, guest):
    run = Run(tap, guest, "text")
    run.ended()
    tap.same(guest.text("text.out"), "", "text: standard output is the command's alone")
    text = table_of(run.said)
    tap.same([line.split() for line in text.splitlines() if "WHAT" in line], [COLUMNS],
             "text: the table has one header")
    calls = [c for c in run.calls if c["errno"] != "EIO"]
    want = [(c["pid"], c["errno"] or "ok") for c in calls]
    rows = rows_of(text)
    tap.ok(want and [(int(row[1]), row[3]) for row in rows] == want, "text: every call has its row", text)
    tap.ok(max(map(len, text.splitlines())) <= 80, "text: 80 columns are enough", text)
    tap.ok("\033" not in text, "text: no colours where there is no terminal", repr(text[:300]))
    hints = [line for line in text.splitlines() if "-> " in line]
    tap.ok(len(hints) >= len([c for c in calls if c["ret"]]), "text: what fails comes with a hint", text)
    verbose = table_of(guest.text("verbose.err"))
    tap.says(verbose, ["0x2000aeb8", "flags 0x0", "took "], "verbose: -v tells more of a call")


def check_hostile(tap, guest):
    run = Run(tap, guest, "hostile-json")
    run.ended()
    tap.says(run.said, ["sh writes to the same standard output: use -o FILE"], "hostile: that both write there is said")
    tap.ok(run.events and not [e for e in run.lines if "broken" in e],
           "hostile: JSON stays JSON", guest.text("hostile-json.out"))
    tap.ok(all(c.isprintable() for e in run.events for c in e["comm"]),
           "hostile: a name in JSON is printable", run.events)
    Run(tap, guest, "hostile-text").ended()
    text = table_of(guest.text("hostile-text.err"))
    tap.ok(text and "\033" not in text and len(rows_of(text)) == 1,
           "hostile: a name cannot break the table", repr(text))


def check_live(tap, guest):
    for form in "json", "text":
        Run(tap, guest, f"live-{form}").ended()
        text = guest.text(f"live-{form}.out")
        tap.ok(len(text.splitlines()) >= 2 and re.search(LIVE, text.splitlines()[-1])
               and guest.text(f"live-{form}.tracer") == "running\n",
               f"live-{form}: a pipe gets a line while the tracer runs", text)


def check_slow(tap, guest):
    """Who reads late gets all of it; who never does keeps nobody from ending."""
    run = Run(tap, guest, "slow")
    run.ended()
    run.recorded(run.calls, "the reader was slow when the command ended: each call is there")
    tap.same([e.get("type") for e in run.lines[-1:]], ["end"], "slow: and so is the end", run.said)
    run = Run(tap, guest, "unread")
    run.ended(3)
    tap.says(run.said, ["nobody read standard output", "not complete"], "unread: it ends, and says why so")


def check_ring(tap, guest):
    """A ring of 64 KiB has no room for what one of 1 MiB has, and what is lost is counted."""
    lost, rss = {}, {}
    for size in "64K", "1M":
        run = Run(tap, guest, f"ring-{size}")
        run.ended()
        # A line that KVM prints where the VM ends is no call.
        lost[size] = sum(by["n"] for e in run.lines if e.get("type") == "lost"
                         for by in e["by"] if by["type"] == "negotiation")
        rss[size] = int(guest.text(f"ring-{size}.rss").split()[1])
        told = sum(e.get("type") == "negotiation" for e in run.lines)
        tap.same(told + lost[size], 600, f"ring-{size}: what is recorded and what is lost are all the calls")
    tap.ok(lost["64K"] > 0 == lost["1M"], "--ring-size: the larger one loses nothing", lost)
    tap.ok(rss["64K"] < rss["1M"], "--ring-size: and takes more memory", rss)
    print(f"## resident with a ring of 64 KiB {rss['64K']} KiB, of 1 MiB {rss['1M']} KiB")


def check_both(tap, guest):
    """fexit and kprobes on the same calls."""
    events = []
    for how in "fexit", "kprobe":
        run = Run(tap, guest, f"both-{how}")
        run.ended()
        tap.says(run.said, [f"tracing by {how}"], f"both-{how}: attached like that")
        events.append([{k: v for k, v in e.items() if k not in IDS}
                       for e in tracing.calls_of(run.lines)])
    calls = [c for c in run.calls_of("both") if c["errno"] != "EIO"]
    differ = [f"{a}\n{b}" for a, b in zip(*events) if a != b]
    tap.ok(len(calls) <= len(events[0]) == len(events[1]) and calls and not differ,
           "both: fexit and kprobes make the same events", *differ,
           f"{len(calls)} calls, {len(events[0])} and {len(events[1])} events")


def runs(kernel, machine):
    # The one with fexit has a look at both methods.
    how = {"debian-7.3": "fexit", "debian-6.12": "kprobe", "patched-7.2-mainline-debug": "fexit"}.get(kernel)
    if how and machine == "p11-as-p10-v2":
        # What user space does by itself is the same everywhere.
        what = "all" if how == "fexit" or vmtest.ALL_PAIRS else "kernel"
        yield vmtest.Run(kernel, machine, f"options-{how}", "options", [how, what], 350, vmtest.cpus_for(kernel, "kprobe"))


def check(tap, guest, run):
    for part in (check_filters, check_signals, check_tree, check_ring):
        part(tap, guest)
    if run.args[1] == "all":
        for part in (check_views, check_stops, check_command, check_table, check_hostile, check_live, check_slow):
            part(tap, guest)
    if run.args[0] == "fexit":
        check_both(tap, guest)
