# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Real QEMUs on one host, none of which is told a mode: one that queries the modes on offer and asks for the newest at
reset; one that queries, takes its CPU model from the answer and leaves the mode to its guest, as QEMU 11.2 is described
to do; Debian's from 11.2 on, once there is one; and Debian's, which does not query, and asks for the newest that it knows
once its guest negotiates with it. What compatcaps-trace tells of each, up to its guest's first run, live and replayed,
is compared with how it went."""
import collections
import re

import tracing
import vmtest

PVRS = {"POWER9": 0x0F000005, "POWER10": 0x0F000006, "POWER11": 0x0F000007}
TOLD = ("extension-check", "negotiation", "arch-compat", "run", "ran")
GUEST_WIDE = "KVM-NESTEDv2: couldn't set guest wide elements"
# What KVM calls an exit reason that is a failure.
EXITS = {"unknown": "KVM_EXIT_UNKNOWN"}
# Seconds.
LIMIT = 150

# What Debian's QEMU asks for, the cause that this has, and what comes of it: the mode in which its guest runs
# ("raw": none), the errno of its KVM_RUN, or the exit reason; dies: the refusal ends QEMU before any KVM_RUN.
Debians = collections.namedtuple("Debians", "mode cause runs errno exit dies", defaults=(None, None, None, False))
FAILS = Debians("POWER11", "newer-than-host", errno="EINVAL")
RAW = Debians("POWER10", "newer-than-host", runs="raw")
# With the first of each machine's three columns: the host's own, an older one by nested API v1 and v2, one whose
# hypervisor offers less than the host's own.
PAIRS = {
    ("debian-7.3", "p10-v1"): Debians("POWER10", "accepted", runs="POWER10"),
    ("debian-7.3", "p10-as-p9-v1"): RAW,
    ("debian-7.3", "p10-as-p9-v2"): RAW,
    ("debian-7.3", "p11-as-p10-v2"): FAILS,
    ("debian-7.3", "p11-offers-p10-v2"): RAW._replace(mode="POWER11"),
    ("debian-6.12", "p11-as-p10-v2"): Debians("POWER11", "accepted-above-host", runs="POWER11"),
}
# These show what others do: test-vmm has patched-7.2, on p10-as-p9-v2-strict.
if vmtest.ALL_PAIRS:
    PAIRS |= {("debian-7.3-64k", "p11-as-p10-v2"): FAILS, ("patched-7.2", "p10-as-p9-v2"): RAW,
              ("patched-7.2", "p11-as-p10-v2"): FAILS, ("debian-7.3", "p10-offers-p9-v2"): RAW,
              ("patched-6.12", "p10-offers-p9-v2"): RAW, ("patched-6.12", "p11-offers-p10-v2"): RAW._replace(mode="POWER11")}
# Of other boots: those whose guest is a Linux, and those whose hypervisor refuses.
GUEST_WIDE_FAILS = Debians("POWER11", "accepted-above-host", exit="unknown")


def method(kernel):
    return "fexit" if vmtest.has_fexit(kernel) else "kprobe"


def runs(kernel, machine):
    if (kernel, machine) not in PAIRS:
        return []
    again = ["again"] if PAIRS[kernel, machine].runs else []
    return [vmtest.Run(kernel, machine, "qemus", "qemus", [method(kernel), "l2", " ".join(kinds(kernel)), *again], LIMIT,
                       cpus=1 if vmtest.is_preemptible(kernel) else None,
                       adds=(vmtest.OUT / "ppc64le" / "tests" / "l2",), mounts=("vmm", "negotiates", "newest"))]


def kinds(kernel):
    """Who asks at CAS has something to say where there is an answer; elsewhere it does as Debian's."""
    at_cas = ["cas", "newest"] if vmtest.has_feature(kernel) or vmtest.ALL_PAIRS else []
    return ["queries", *at_cas, "debians"]


def there(names):
    """Of these kinds those of which there is a QEMU: the guest leaves out the others."""
    builds = {"queries": "negotiates", "cas": "negotiates", "newest": "newest"}
    return [name for name in names if name not in builds or vmtest.own_qemu(builds[name])[0]]


def offered(machine):
    """What the machine's hypervisor offers, the oldest first."""
    bitmap = int(vmtest.all_machines()[machine].answer, 0)
    return [mode for bit, mode in ((62, "POWER9"), (61, "POWER10"), (60, "POWER11")) if bitmap >> bit & 1]


def queries_asks(name, kernel, machine, debians):
    """The same of a QEMU that queries: where it is not told the modes it does as Debian's."""
    if not vmtest.has_feature(kernel) or vmtest.abi_of(kernel) != "mainline":
        return debians
    newest = offered(machine)[-1]
    if vmtest.judges_by_own(kernel) and machine == "p11-offers-p10-v2":
        return Debians(newest, "rejected", **({"dies": True} if name == "queries" else {"runs": "raw"}))
    return Debians(newest, "accepted", runs=newest)


def of_queries(kernel):
    """What is told of its query."""
    if not vmtest.has_feature(kernel):
        return [("extension-check", 0)]
    return [("extension-check", 1), ("negotiation", "ok" if vmtest.abi_of(kernel) == "mainline" else "abi-mismatch")]


def of_asking(asks, first):
    """And of what it asks for, and how its guest runs. It has run before, where it is the guest that asks (CAS)."""
    told = [] if first else [("ran", "raw")]
    told.append(("arch-compat", asks.mode, asks.cause, "start" if first else "cas"))
    return told if asks.dies else told + ([("ran", asks.runs)] if asks.runs else [("run", asks.errno or asks.exit)])


def of_again(asks):
    """A QEMU with two vCPUs whose guest negotiates, runs, is reset from outside, and does the same again. A mode that
    KVM refuses the first vCPU is asked for no other, and there is none that a reset would take away."""
    negotiates = [("arch-compat", asks.mode, asks.cause, "cas")]
    runs = [("ran", "raw"), *negotiates * (1 if asks.runs == "raw" else 2), ("ran", asks.runs)]
    resets = [] if asks.runs == "raw" else [("arch-compat", None, "host-default", "vmm")] * 2
    return runs + resets + (runs[1:] if asks.runs == "raw" else runs)


def shown(event):
    return {
        "extension-check": lambda e: (e["answer"],),
        "negotiation": lambda e: (e["cause"],),
        "arch-compat": lambda e: (e["mode"], e["cause"], e["asked_by"]),
        "ran": lambda e: (e["runs_mode"] or ("raw" if int(e["runs_pvr"], 0) == 0 else None),),
        "run": lambda e: (e["errno"] or e["exit_reason"],),
    }[event["type"]](event)


def check_told(tap, lines, name, want):
    mine = [e for e in lines if e.get("guest") == name and e["type"] in TOLD]
    listed = [e["guest_modes"] for e in mine if e.get("asked_by") == "cas"]
    tap.same(listed, [list(PVRS)] * len(listed), f"{name}: a guest that negotiates lists its modes", *mine)
    said = any(e["type"] == "kernel" and e.get("guest") == name for e in lines)
    told = [(e["type"], *shown(e)) for e in mine]
    # Where KVM prints a line while a guest runs, the next KVM_RUN that ends well is told as well.
    told = [t for i, t in enumerate(told) if not (said and i and t[0] == "ran" and told[i - 1] == t)]
    tap.same(told, want, f"{name}: its calls, and how its guest runs, are told", *mine)
    return mine


def remedy(mode, other):
    """How the hint of a QEMU's refusal ends: what to write, and where else its guest can go."""
    word = mode.lower()
    return (f": start it with -machine pseries,max-cpu-compat={word} (libvirt: <cpu mode='host-model'><model>{word}"
            f"</model></cpu>), or run it on a host that offers {other}")


def sentences(machine, asks, told_modes, first=False):
    """What the story must say; first: the mode was there before the guest's first instruction."""
    newest = offered(machine)[-1]
    asked = asks.mode if first else f"{asks.mode} in its guest's CAS"
    if asks.cause == "rejected":
        return [f"was offered {' '.join(offered(machine))}", f"{asks.mode}, this host offers {' '.join(offered(machine))}: this host "
                "runs in POWER11 mode, which its hypervisor did not agree on, and there Linux up to 7.3 looks for POWER11 where "
                f"{asks.mode} is asked for: start it with -machine pseries,max-cpu-compat=power9",
                *([] if asks.dies else [f"was refused {asked} (rejected), went on without a mode and ran in the host's own"])]
    if told_modes:
        return [f"was offered {' '.join(offered(machine))}, asked for {asked}: accepted", f"ran in {asks.runs}"]
    if asks.cause == "accepted":
        return [f"asked for {asked}: accepted", f"ran in {asks.runs}"]
    if asks.cause == "accepted-above-host":
        accepted = (f"asked for {asked}, KVM accepted it although this host offers {newest} at most "
                    "(this kernel does not check, Linux 7.3 does), and ")
        if asks.runs:
            return [f"{accepted}ran in {asks.runs}"]
        if first:
            return [f"{accepted}its first run failed: {GUEST_WIDE}"]
        return [f"{accepted}a later KVM_RUN ended with exit reason {asks.exit}", f'KVM printed: "{GUEST_WIDE}"']
    hint = [f"{asks.mode}, this host offers {' '.join(offered(machine))}{remedy(newest, asks.mode)}"]
    if asks.errno:
        return hint + [f"asked for {asked}: newer-than-host", "failed", asks.errno]
    return hint + [f"was refused {asked} (newer-than-host), went on without a mode and ran in the host's own"]


def story_of(text, name):
    return "".join(line for line in text.splitlines() if re.match(r"VM \d+, ", line) and f'guest "{name}"' in line)


def without_times(story):
    return re.sub(r"[\d.]+ [um]?s\b", "#", story)


def check_story(tap, guest, name, want):
    """Live, and from replay of the other tracer's recording."""
    live = story_of(guest.text("stories.out"), name)
    tap.says(live, want, f"{name}: its story")
    status, out, said = tracing.replay(guest.files.get("events.out", b""), "--summary")
    replayed = story_of(out.decode(errors="replace"), name)
    tap.ok(status == 0 and without_times(replayed) == without_times(live), f"{name}: replay tells the same story",
           live, replayed, said)


def booted_as(serial):
    """The mode that the guest's guest says it has, where it is a Linux: POWER10, raw, or None."""
    found = re.search(r"\(raw\)|\(architected\) 0x\w+ (0x\w+)", serial)
    modes = {pvr: mode for mode, pvr in PVRS.items()}
    return found and (modes.get(int(found[1], 0)) if found[1] else "raw")


def check_qemu(tap, guest, name, asks, linux):
    """How it went, by what QEMU and its guest say themselves."""
    said, serial = guest.text(f"{name}.err"), guest.text(f"{name}.serial")
    refused = asks.dies or name in ("cas", "newest") and asks.cause == "rejected"
    tap.same("Unable to set CPU compatibility mode in KVM: Invalid argument" in said, refused,
             f"{name}: QEMU says that KVM refused a mode, and falls back to none, or does it in silence", said)
    if asks.dies:
        tap.same((guest.number(f"{name}.status"), serial), (1, ""), f"{name}: that ends it", said, serial)
    elif asks.errno or asks.exit:
        tap.says(said, ["kvm run failed Invalid argument" if asks.errno else "unknown exit, hardware reason"],
                 f"{name}: QEMU says that its guest does not run")
    elif linux:
        tap.same(booted_as(serial), asks.runs, f"{name}: its guest, a Linux, says in which mode it runs", serial, said)
    else:
        tap.ok("The guest runs" in serial and guest.number(f"{name}.status") == 0,
               f"{name}: its guest runs and powers off", serial, said)


def kernel_said(text):
    """What the kernel's own trace has of KVM_RUNs that failed, and of lines of KVM's: (thread, what)."""
    found = [re.match(r" *.*-(\d+) +\[\d+\].*: (kvm_userspace_exit|console): (.*)", line) for line in text.splitlines()]
    told = [(m[2], int(m[1]), m[3]) for m in found if m]
    failed = [(tid, what) for event, tid, what in told
              if event == "kvm_userspace_exit" and re.search(r"error|UNKNOWN|FAIL_ENTRY|INTERNAL", what)]
    return failed, [(tid, what) for event, tid, what in told if event == "console" and re.match("kvm", what, re.I)]


def exit_of(event):
    if event["ret"] < 0:
        return f"reason error ({-event['ret']})"
    return f"reason {EXITS.get(event['exit_reason'])} ({event['evidence']['exit_reason']})"


def check_kernel(tap, guest, lines):
    failed, said = kernel_said(guest.text("trace"))
    tap.same([(e["tid"], exit_of(e)) for e in lines if e.get("type") == "run"], failed,
             "failures of KVM_RUN are those of the kernel's own trace")
    # What it prints in the tracer itself, which makes a VM to try, is none of the trace.
    said = [(tid, line) for tid, line in said if tid != guest.number("events.pid")]
    told = [(e["tid"], e["message"]) for e in lines if e.get("type") == "kernel"]
    tap.same(told, said, "lines of KVM's are those of the kernel's own trace")


def check_messages(tap, mine, name):
    """What KVM printed in the KVM_RUN that failed is of this VM, and quoted."""
    tap.same([(GUEST_WIDE in e["messages"], e["hint"].count(GUEST_WIDE)) for e in mine if e["type"] == "run"],
             [(True, 1)], f"{name}: what KVM printed is quoted", *mine)


def check_one(tap, guest, lines, name, asks, said, linux=False, of_query=(), first=False):
    """One QEMU: what it says itself, its events and its story."""
    check_qemu(tap, guest, name, asks, linux)
    mine = check_told(tap, lines, name, list(of_query) + of_asking(asks, first))
    threads = [e["thread"] for e in mine if e["type"] == "arch-compat"]
    tap.same(threads, ["qemu-system-ppc" if first else "CPU 0/KVM"], f"{name}: the thread that asks")
    if asks.exit:
        check_messages(tap, mine, name)
    check_story(tap, guest, name, said)


def check_qemus(tap, guest, kernel, machine, debians, names, linux=False):
    lines = guest.json("events.out")
    tap.same(guest.number("events.status"), 0, "exit status", guest.text("events.err"))
    tracing.check_stream(tap, "stream", lines, guest.files.get("events.out", b""))
    check_kernel(tap, guest, lines)
    for name in names[:-1]:
        asks, query = queries_asks(name, kernel, machine, debians), of_queries(kernel)
        told_modes = ("negotiation", "ok") in query
        at_reset = told_modes and name == "queries"
        said = sentences(machine, asks, told_modes, first=at_reset)
        check_one(tap, guest, lines, name, asks, said, linux, query, first=at_reset)
    check_one(tap, guest, lines, "debians", debians, sentences(machine, debians, False), linux)
    return lines


def check_again(tap, guest, lines, asks):
    tap.ok(guest.text("again.serial").count("The guest runs") == 2 and guest.number("again.status") == 0,
           "again: its guest runs twice", guest.text("again.serial"), guest.text("again.err"), guest.text("again.out"))
    check_told(tap, lines, "again", of_again(asks))
    print(f"# {story_of(guest.text('stories.out'), 'again')}")


def check(tap, guest, run):
    _, why = vmtest.own_qemu("negotiates")
    if why:
        tap.skip("a QEMU that queries", why)
    _, why = vmtest.own_qemu("newest")
    # Once is enough.
    if why and (run.kernel, run.machine) == ("debian-7.3", "p11-as-p10-v2"):
        tap.skip("Debian's QEMU that queries", why)
    debians = PAIRS[run.kernel, run.machine]
    lines = check_qemus(tap, guest, run.kernel, run.machine, debians, there(kinds(run.kernel)))
    if debians.runs:
        check_again(tap, guest, lines, debians)
