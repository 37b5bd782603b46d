# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What compatcaps-trace recorded against what the reference negotiator saw itself, call by
call, on one kernel and one machine, in every way to attach that the kernel has."""
import copy
import datetime
import itertools
import json

import tracing
import vmtest

FIELDS = ["cmd", "usize", "flags", "ret", "errno", "size_out", "caps"]
SIZE_VER0 = 24

# The causes of each case's calls, in order, where the kernel has the feature and the host
# offers modes. foreign-vm: KVM refuses it before the function that is watched.
CAUSES = {
    "ok": ["ok"],
    "ok-larger-struct": ["ok-larger-struct"],
    "size-over-page": ["size-over-page"],
    "struct-too-new": ["struct-too-new", "ok"],
    "retry-failed": ["struct-too-new", "struct-too-new"],
    "size-too-small": ["size-too-small"],
    "size-zero": ["size-too-small"],
    "flags-set": ["flags-set"],
    "arg-unreadable": ["arg-unreadable"],
    "struct-unreadable": ["struct-unreadable"],
    "tail-unreadable": ["struct-unreadable"],
    "copyout-failed": ["copyout-failed"],
    "abi-mismatch": ["abi-mismatch"] * 3,
    "foreign-vm": [],
    "not-resident": ["ok"],
    "untouched": ["size-too-small"],
}
# What v5 refuses whatever the tail holds.
CAUSES_V5 = {case: ["struct-too-new"]
             for case in ("ok-larger-struct", "size-over-page", "tail-unreadable")}
# The calls that get as far as the backend.
REACHED = {"ok", "ok-larger-struct", "copyout-failed"}
# No kernel here can make this call, and the other one needs KVM PR.
NEVER_MADE = {"ok-smaller-struct"}
TAILS = {"ok-larger-struct": "zero", "tail-unreadable": "unread", "size-over-page": "unread",
         "struct-too-new": "nonzero", "retry-failed": "nonzero"}


def expected_causes(kernel, answer, case):
    if not vmtest.has_feature(kernel):
        return [] if case == "foreign-vm" else ["no-kernel-support"] * 3
    causes = CAUSES.get(case, [case])
    if vmtest.abi_of(kernel) == "v5":
        causes = CAUSES_V5.get(case, causes)
    instead = {"EINVAL": "backend-not-pseries", "ENOTTY": "no-backend"}.get(answer)
    return [instead if instead and c in REACHED else c for c in causes]


def by_tid(records):
    threads = {}
    for record in records:
        threads.setdefault(record.get("tid"), []).append(record)
    return threads


def hidden(call, field):
    """Memory that was not resident stays unseen, for nobody may fault it in for the tracer."""
    if call["case"] not in ("not-resident", "untouched"):
        return False
    if call["errno"] == "ENOTTY":
        return field in ("usize", "flags", "size_out")
    return field == "flags" and call["ret"] == 0


def differences(calls, events):
    """In which fields do the events of the tracer differ from the calls that were made?"""
    wrong = []
    made, seen = by_tid(c for c in calls if c["errno"] != "EIO"), by_tid(events)
    for tid in made.keys() | seen.keys():
        pairs = itertools.zip_longest(made.get(tid, []), seen.get(tid, []))
        for n, (call, event) in enumerate(pairs):
            if not call or not event:
                wrong.append(f"tid {tid}, call {n}: made {call}, recorded {event}")
                continue
            wrong += [f"{call['case']}: {f} is {call[f]}, recorded as {event.get(f)}"
                      for f in FIELDS if call[f] != event.get(f)
                      and not (hidden(call, f) and event.get(f) is None)]
    return wrong


def pairs_of(calls, events):
    """(case, how many calls of it came before, call, event), where the two lists agree."""
    made, seen, count = by_tid(c for c in calls if c["errno"] != "EIO"), by_tid(events), {}
    for tid, mine in made.items():
        for call, event in zip(mine, seen.get(tid, [])):
            n = count.get(call["case"], 0)
            count[call["case"]] = n + 1
            yield call["case"], n, call, event


def check_comparison(tap, name, calls, events):
    """A comparison that lets anything pass is none."""
    blind = []
    for field in FIELDS:
        forged = copy.deepcopy(events)
        forged[0][field] = "forged"
        if not differences(calls, forged):
            blind.append(field)
    for forged in events[:-1], events + events[-1:]:
        if not differences(calls, forged):
            blind.append(f"{len(forged)} events for {len(events)} calls")
    tap.same(blind, [], f"{name}: a forged record would be noticed")


def check_verdicts(tap, name, kernel, answer, calls, events):
    wrong = []
    for case, n, call, event in pairs_of(calls, events):
        causes = expected_causes(kernel, answer, case)
        want = causes[n] if n < len(causes) else "no such call"
        if event.get("cause") != want:
            wrong.append(f"{case}, call {n}: cause {event.get('cause')}, expected {want}: {call}")
        if not event.get("hint"):
            wrong.append(f"{case}, call {n}: no hint")
    tap.ok(events and not wrong, f"{name}: every cause is the expected one", *wrong)


def check_evidence(tap, name, kernel, answer, calls, events):
    """What the record holds beside what the caller can see."""
    has_feature = vmtest.has_feature(kernel)
    wrong = []
    for case, n, call, event in pairs_of(calls, events):
        reached = has_feature and (event["cause"] in ("copyout-failed", "backend-not-pseries")
                                   or call["ret"] == 0)
        hook = (0 if answer.startswith("0x") else -22) if reached else None
        source = None if event["usize"] is None else \
            "exit" if case in ("not-resident", "untouched") else "entry"
        watched = has_hook(kernel, answer)
        want = {"backend": {"watched": watched, "called": reached if watched else None, "ret": hook}, "usize_source": source,
                "ksize": SIZE_VER0 if has_feature else None,
                "comm": "compatcaps_prob", "changed": False,
                "pid": call["pid"], "unknown_bits": None}
        wrong += [f"{case}, call {n}: {f} is {event.get(f)}, expected {v}"
                  for f, v in want.items() if f not in event or event[f] != v]
        tail = (event.get("tail") or {}).get("state")
        if has_feature and tail != (TAILS.get(case) if call["usize"] != SIZE_VER0 else None):
            wrong.append(f"{case}, call {n}: tail is {event.get('tail')}")
        if tail == "nonzero" and event["tail"]["first_nonzero"] != SIZE_VER0:
            wrong.append(f"{case}, call {n}: first non-zero byte at {event['tail']}")
        if not isinstance(event["latency_ns"], int) or event["latency_ns"] <= 0:
            wrong.append(f"{case}, call {n}: latency {event['latency_ns']}")
    tap.same({event["evidence"]["kvm_pr"] for *_, event in pairs_of(calls, events)}, {answer == "ENOTTY"},
             f"{name}: the record tells KVM PR from KVM HV")
    # KVM PR is asked by way of a VM of its own.
    vms = {}
    for case, _, _, event in pairs_of(calls, events):
        vms.setdefault(case == "no-backend", set()).add(event["vm"])
    numbers = sorted(n for of in vms.values() for n in of)
    tap.ok(events and not wrong and len(set(numbers)) == len(numbers) == len(vms),
           f"{name}: hook, tail, sizes, process and VM are right", *wrong, vms)


def check_times(tap, name, guest, how, events):
    first, last = (guest.number(f"{how}.{end}") for end in ("before", "after"))
    times = [datetime.datetime.fromisoformat(e["ts"][:26] + "+00:00").timestamp()
             for e in events if len(e.get("ts", "")) == 30 and e["ts"].endswith("Z")]
    tap.ok(len(times) == len(events) and first - 1 <= min(times) <= max(times) <= last + 1,
           f"{name}: event times lie within the run", first, last, times)
    mono = [e.get("mono_ns", 0) for e in events if e.get("type") == "negotiation"]
    tap.same(mono, sorted(mono), f"{name}: one thread's events are in the order of their times")
    attach = [e["mono_ns"] for e in events if e.get("type") in ("trace", "attach")]
    tap.ok(attach and mono and max(attach) <= min(mono), f"{name}: no call is older than its probe", attach, mono[:1])


def check_schema(tap, name, events):
    path = vmtest.TOP / "docs" / "events.schema.json"
    if not path.exists():
        tap.skip(f"{name}: every line is valid by the schema", f"there is no {path.name} yet")
        return
    import jsonschema  # pylint: disable=import-outside-toplevel
    validator = jsonschema.Draft202012Validator(json.loads(path.read_text()))
    wrong = [f"{error.json_path}: {error.message}: {event}"
             for event in events for error in validator.iter_errors(event)]
    tap.ok(events and not wrong, f"{name}: every line is valid by the schema", *wrong[:5])


def check_caps(tap, name, kernel, answer, events):
    got = {e.get("caps") for e in events if e.get("ret") == 0}
    offers = answer.startswith("0x") and vmtest.has_feature(kernel)
    tap.same(got, {answer} if offers else set(), f"{name}: the bitmap is this machine's")


def check_calls(tap, name, guest, how, kernel, answer):
    """The negotiator itself: every case was made or said why not. Returns its calls."""
    lines = guest.json(f"{how}.calls")
    known = {line.split()[0] for line in guest.lines("cases.out") if line[:1].strip()}
    skipped = {c["case"] for c in lines if c.get("type") == "skipped"}
    calls = [c for c in lines if c.get("type") == "call"]
    tap.same({c["case"] for c in calls} | skipped, known, f"{name}: every case was made")
    never = NEVER_MADE if answer == "ENOTTY" else NEVER_MADE | {"no-backend"}
    tap.same(skipped, never, f"{name}: just those were left out that cannot be made")
    over = [c["usize"] for c in calls if c["case"] == "size-over-page"]
    tap.same(over, [vmtest.page_size(kernel) + 1], f"{name}: pages are as large as thought")
    return calls


def has_hook(kernel, answer):
    """Is the function there to be watched: KVM HV with the feature?"""
    return vmtest.has_feature(kernel) and answer != "ENOTTY"


def check_said(tap, name, guest, how, kernel, answer, way):
    said = guest.text(f"{how}.err")
    tap.same(guest.number(f"{how}.status"), 0, f"{name}: exit status", said)
    tap.says(said, [f"tracing by {way}"], f"{name}: it says that it is attached, and how")
    unusual = "does not have KVM_PPC_GET_COMPAT_CAPS" if not vmtest.has_feature(kernel) else \
        None if has_hook(kernel, answer) else "not watching kvmppc_get_compat_caps: "
    tap.same(len(said.splitlines()), 4 if unusual else 3, f"{name}: two lines when it begins and one when it ends", said)
    if unusual:
        tap.says(said, [unusual], f"{name}: it says what is not as usual")
    tap.says(said, ["; 0 lost"], f"{name}: it says how it ended")
    tap.same(guest.number(f"{how}.callstatus"), 0, f"{name}: the negotiator's exit status")


def check_run(tap, guest, how, kernel, answer, way):
    name = f"--method={how}"
    check_said(tap, name, guest, how, kernel, answer, way)
    calls = check_calls(tap, name, guest, how, kernel, answer)
    lines = guest.json(f"{how}.out")
    tracing.check_stream(tap, name, lines, guest.files[f"{how}.out"])
    check_times(tap, name, guest, how, lines)
    check_schema(tap, name, lines)
    attached = tracing.attached(lines)
    hook = way if has_hook(kernel, answer) else "absent"
    tap.same((attached.get("kvm_arch_vm_ioctl"), attached.get("kvmppc_get_compat_caps")),
             (way, hook), f"{name}: attach events")
    events = [e for e in lines if e.get("type") == "negotiation"]
    wrong = differences(calls, events)
    if not tap.ok(events and not wrong, f"{name}: recorded as the caller saw it", *wrong):
        return
    check_comparison(tap, name, calls, events)
    check_caps(tap, name, kernel, answer, events)
    check_verdicts(tap, name, kernel, answer, calls, events)
    check_evidence(tap, name, kernel, answer, calls, events)


def check_refused(tap, guest, how, words):
    name = f"--method={how}"
    said = guest.text(f"{how}.err")
    tap.same(guest.number(f"{how}.status"), 125, f"{name}: exit status", said)
    tap.says(said, words, f"{name}: it says why and what to do")
    tap.same(guest.text(f"{how}.out"), "", f"{name}: nothing on stdout")
    tap.ok(f"{how}.calls" not in guest.files, f"{name}: the command was not started untraced")


def check_no_vm(tap, guest, how):
    """KVM without a backend: it waits for one, and in the end it was all in vain."""
    name = f"--method={how}"
    said = guest.text(f"{how}.err")
    tap.same(guest.number(f"{how}.status"), 125, f"{name}: exit status", said)
    tap.says(said, ["waiting: ", "no backend", "modprobe kvm-hv", "dmesg"],
             f"{name}: it says why and what to do")
    tap.same(guest.number(f"{how}.callstatus"), 3, f"{name}: the negotiator could make no VM")
    lines = guest.json(f"{how}.out")
    check_schema(tap, name, lines)
    made = [(e["event"], e["errno"], e["comm"]) for e in lines if e.get("type") == "vm"]
    tap.same(made, [("failed", "EINVAL", "compatcaps_prob")], f"{name}: that it could not is told")
    tap.ok({e.get("type") for e in lines} <= {"trace", "attach", "host", "vm", "end"}
           and tracing.attached(lines)["kvmppc_get_compat_caps"] == "absent",
           f"{name}: nothing else is recorded, and the hook is absent", *lines)


# One machine of each kind; on the last one with KVM PR.
KINDS = ("p10-v1", "p11-as-p10-v2", "powernv10", "p8-hash")


def ways_of(kernel, machine):
    """What each way of attaching comes to; None: this kernel does not have it. What a probe reads does not depend on the
    machine: debian-7.3 has both ways on one machine of each nested API and where no VM can be made, patched-7.2 also on
    bare metal."""
    if not vmtest.has_fexit(kernel):
        return {"auto": "kprobe", "fexit": None}
    both = vmtest.ALL_PAIRS or kernel != "debian-7.3" or machine in ("p10-v1", "p11-as-p10-v2", "p10-nonested")
    return {"auto": "fexit"} | ({"kprobe": "kprobe"} if both else {})


def runs(kernel, machine):
    # What a hypervisor offers is read where all other machines are.
    if kernel in vmtest.FEW or vmtest.offers_less(machine):
        return
    if machine in KINDS if vmtest.is_patched(kernel) else machine != "p8-hash":
        ways = ways_of(kernel, machine)
        cpus = vmtest.cpus_for(kernel, "kprobe" if "kprobe" in ways.values() else "fexit")
        yield vmtest.Run(kernel, machine, "trace", "trace", [vmtest.abi_of(kernel), *ways], 250, cpus)


def check(tap, guest, run):
    answer = vmtest.answer_of(run.kernel, run.machine)
    for how, way in ways_of(run.kernel, run.machine).items():
        if not way:
            check_refused(tap, guest, how, ["cannot attach", "fexit", "--method auto"])
        elif answer == "no-kvm":
            check_no_vm(tap, guest, how)
        else:
            check_run(tap, guest, how, run.kernel, answer, way)
