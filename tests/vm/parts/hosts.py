# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Causes that lie in the host: its cpu-version, which is changed under a running kernel, and
modes that a hypervisor with nested API v2 has no capability for.

No kernel or machine here produces backend-failed (the hook knows no other error),
ok-no-modes (an empty bitmap), ok-smaller-struct (no struct has grown yet) and, by
its nature, unexpected: tests/unit/diagnosis/test_diagnosis.c has records of them."""

import tracing
import vmtest

CHANGES = {"unmapped": ("backend-unmapped-cpu-version", -22), "none": ("backend-no-cpu-version", -22),
           "newer": ("backend-unmapped-cpu-version", -22), "nine": ("ok", 0)}
VALUES = {"unmapped": "0x0f000004", "newer": "0x0f000008"}


def check_change(tap, guest, name, events):
    cause, ret = CHANGES[name]
    pid = next(int(w[4:]) for w in guest.text(f"{name}.steps").split() if w.startswith("pid="))
    calls = [e for e in events if e.get("type") == "negotiation" and e["pid"] == pid]
    calls += [e for e in guest.json(f"{name}.out") if e.get("type") == "negotiation"]
    tap.same([(e["cause"], e["ret"], e["backend"]) for e in calls],
             [(cause, ret, {"watched": True, "called": True, "ret": ret})] * 2,
             f"{name}: the tracer that was there before and the one that came after say {cause}", calls)
    if name in VALUES:
        tap.ok(all(VALUES[name] in e["hint"] for e in calls), f"{name}: the value is named", calls)


def check_opposite(tap, guest):
    """What is too old and what is too new for this kernel need opposite advice."""
    hints = [next(e["hint"] for e in guest.json(f"{name}.out") if e.get("type") == "negotiation") for name in VALUES]
    tap.ok("newer kernel" not in hints[0] and "newer kernel" in hints[1], "unmapped and newer: opposite advice", *hints)


# One kernel for each method; the others with all pairs.
METHODS = {"debian-7.3": "fexit", "patched-6.12": "kprobe", "patched-7.2-mainline-debug": "fexit", "patched-6.12-debug": "kprobe",
           "patched-7.2-64k": "fexit", "patched-7.2-mainline-64k": "fexit", "patched-6.12-64k": "kprobe"}
if vmtest.ALL_PAIRS:
    METHODS |= {"debian-7.3-64k": "kprobe", "patched-7.2": "fexit"}
SCRIPTS = {"p10-v1": "hosts", "p11-as-p10-v2": "asks"}


def runs(kernel, machine):
    how, script = METHODS.get(kernel), SCRIPTS.get(machine)
    if how and script:
        yield vmtest.Run(kernel, machine, script, script, [how, vmtest.command_of(kernel)], 200,
                         vmtest.cpus_for(kernel, how), ("steps",))


def check(tap, guest, run):
    if run.script == "asks":
        check_capabilities(tap, guest)
    else:
        check_hosts(tap, guest)


def check_hosts(tap, guest):
    events = guest.json("all.out")
    tap.same(guest.number("all.status"), 0, "exit status", guest.text("all.err"))
    for name in CHANGES:
        check_change(tap, guest, name, events)
    check_opposite(tap, guest)
    tracing.check_stream(tap, "all", events, guest.files["all.out"])
    tap.ok(any(e.get("type") == "host" for e in events), "changes of the host are told at their place")


def check_capabilities(tap, guest):
    asks = {e["pvr"]: (e["cause"], e["ret"]) for e in guest.json("asks.out") if e.get("type") == "arch-compat"}
    tap.same(asks, {"0x0f000004": ("outside-host-caps", -22), "0x0f000005": ("accepted", 0),
                    "0x0f000007": ("newer-than-host", -22)}, "nested API v2: what is accepted, and why not")
