# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What is said of VMMs that ask for a mode that the host does not offer: nothing that was not
seen, nothing that this kernel cannot do, and of each the reason that holds."""
import collections
import re

import tracing
import vmtest

# kernel, machine: method, and has the kernel the feature; busy: only what a VMM without a pause shows
CASES = {("debian-7.3", "p10-as-p9-v2"): ("fexit", "yes"), ("debian-6.12", "p10-as-p9-v1"): ("kprobe", "no"),
         ("debian-7.3", "powernv10"): ("fexit", "yes", "busy"), ("patched-6.12", "p10-v1"): ("kprobe", "yes", "busy"),
         ("patched-7.2-mainline-debug", "p10-as-p9-v2"): ("fexit", "yes"), ("patched-6.12-debug", "p10-v1"): ("kprobe", "yes", "busy")}
# guest -> was it seen to query, on a kernel with the feature; what its hints must and must not say
NEVER = ["no query of it"]
WANTED = {
    "queried": ("yes", ["this host offers POWER9"], NEVER),
    "never": ("no", ["no query of it reached KVM"], []),
    "zero": ("failed", ["size-too-small"], NEVER),
    "newer": ("failed", ["struct-too-new"], NEVER),
    "thread": ("no", ["steps asked for POWER10", "no query of it reached KVM"], ["CPU 0"]),
    "older": ("not-seen", ["was not seen to query", "older than this trace"], NEVER),
}


def asks_of(lines, guest):
    return [e for e in tracing.calls_of(lines) if e["type"] == "arch-compat" and e["guest"] == guest]


def check_asks(tap, name, lines, feature, errors_only):
    for guest, (queried, says, never_says) in WANTED.items():
        if name == "comm" and queried == "no":
            # Who else had the VM's descriptor may have asked, under another name.
            queried, says, never_says = "not-seen", ["it was not seen to query (a filter hides a part of its calls)"], NEVER
        asks = asks_of(lines, guest)
        want = [("newer-than-host", "EINVAL")]
        if not feature:
            # Every query ends with ENOTTY: no VMM is told to make one.
            queried = "failed" if queried == "yes" else queried
            says, never_says = ["POWER10"], ["call KVM_PPC_GET_COMPAT_CAPS", "with KVM_PPC_GET_COMPAT_CAPS"]
        if not tap.same([(e["cause"], e["errno"]) for e in asks], want, f"{name}: {guest}: its cause", *asks):
            continue
        tap.same(asks[0]["queried"], queried, f"{name}: {guest}: was it seen to query", *asks)
        hints = f"{asks[0]['hint']}. {asks[0]['developer_hint']}"
        tap.says(hints, says, f"{name}: {guest}: what is said")
        said = [words for words in never_says if words in hints]
        tap.same(said, [], f"{name}: {guest}: and what is not", hints)
    fine = [(e["cause"], e["errno"]) for e in asks_of(lines, "fine")]
    tap.same(fine, [] if errors_only else [("accepted", None)], f"{name}: a mode that is on offer is accepted")


def check_comm(tap, lines):
    thread = asks_of(lines, "thread")
    tap.same([(e["comm"], e["thread"]) for e in thread], [("steps", "CPU 0/KVM")],
             "--comm: it is the process's name, whatever the thread's is")


def check_retries(tap, name, lines, feature):
    retries = [e["outcome"] for e in lines if e.get("type") == "retry" and e["guest"] == "again"]
    tap.same(retries, ["recovered"] if feature and name != "errors" else [],
             f"{name}: E2BIG, ok, E2BIG is one retry that recovered", *retries)


def check_births(tap, lines):
    # A process may be gone before its VM's birth is read: its calls tell the guest then.
    made = {e["vm"] for e in lines if e.get("type") == "vm" and e["event"] == "created"}
    ended = {e["guest"]: e for e in lines if e.get("type") == "vm" and e["event"] == "ended"}
    want = {"queried", "never", "zero", "newer", "again", "thread", "nothing", "fine", "above", "left", "right"}
    tap.ok(want <= set(ended), "a VM's end is told, with its guest", want - set(ended))
    born = {name for name, e in ended.items() if e["vm"] in made}
    tap.ok(want <= born and "older" not in born, "and the birth of those that are not older than the trace", born)
    nothing = ended.get("nothing", {})
    tap.same((nothing.get("watched"), "asked for no mode" in (nothing.get("story") or "")), ("whole", True),
             "who asked for nothing is told of too", nothing)


def check_pair(tap, lines, feature):
    pair = [(e["guest"], e["cause"]) for e in lines if e.get("guest") in ("left", "right")
            and e.get("type") == "negotiation"]
    cause = "size-too-small" if feature else "no-kernel-support"
    tap.same(sorted(pair), [("left", cause), ("right", cause)], "two that fail together both keep their guest's name")


def check_told(tap, guest, feature):
    text = guest.text("told.out")
    told = {m[1]: m[0] for m in re.finditer(r'VM \d+, [^\n]*?guest "(\w+)"[^\n]*', text)}
    tap.ok("older" in told and "no query" not in told["older"],
           "summary: of an older VM no claim about all its life", told.get("older"), text)
    if feature:
        tap.ok("queried" in told and "no query" not in told["queried"],
               "summary: a filter on the outcome takes nothing from a story", told.get("queried"))
    tap.ok("asked for no mode" in told.get("nothing", ""), "summary: who asked for nothing", told.get("nothing"))


def check_busy(tap, guest, n, cause):
    name = f"busy{n}"
    causes = collections.Counter(e.get("cause") for e in guest.json(f"{name}.out") if e.get("type") in ("negotiation", None))
    tap.ok(set(causes) == {cause} and causes[cause] > 5,
           f"{name}: attaching to a VMM that calls makes no wrong row", causes)
    said = guest.text(f"{name}.err")
    tap.ok("had not returned" not in said, f"{name}: nor does detaching", said)
    tap.same(guest.number(f"{name}.status"), 0, f"{name}: exit status", said)


def check_idle(tap, guest):
    """Nothing on the path of other programs: an idle tracer watches functions of KVM alone."""
    functions = [line for line in guest.lines("functions") if line[:1].strip()]
    tap.ok(functions and all(" [kvm" in line.split("(")[0] for line in functions),
           "idle: only functions of KVM are watched", *functions)


def check_questions(tap, guest, lines, feature):
    """A tracer that finds out which command the kernel has makes a VM for it, and calls that are no query. It
    does not tell of itself. Others tell of the VM: that it is a tracer's is known from a name alone."""
    names = {e["comm"] for e in tracing.calls_of(lines)}
    tap.same(names, {"steps"}, "no tracer sees another's questions, nor its own", names)
    makers = [e["pid"] for e in lines if e.get("type") == "vm" and e["comm"] == "compatcaps-trac"]
    tap.ok(guest.number("all.pid") not in makers, "no tracer tells of its own VM", makers)
    draft = [(e["cause"], "0x2000aeb8" in e["hint"]) for e in tracing.calls_of(lines) if e["guest"] == "draft"]
    tap.same(draft, [("abi-mismatch", True) if feature else ("no-kernel-support", False)],
             "a VMM of a draft is told which command this kernel has", *draft)


def check_cgroup(tap, guest):
    lines = guest.json("cgroup.out")
    told = [(e["guest"], e["cgroup"]) for e in tracing.calls_of(lines)]
    tap.same(told, [("inside", "/one"), ("inside", "/one/below")], "--cgroup: its processes and those below it alone")
    tap.same({e["guest"] for e in lines if e.get("type") == "vm"} - {None}, {"inside"}, "--cgroup: and their VMs")
    tap.same(guest.number("no-cgroup.status"), 3, "--cgroup: one that is not there", guest.text("no-cgroup.err"))


def check_methods(tap, guest, kernel):
    """What can crash the host is not attached, even where it is asked for."""
    unsafe = vmtest.is_preemptible(kernel)
    tap.same(guest.number("kprobe.status"), 3 if unsafe else 0, "--method=kprobe: only where that is safe", guest.text("kprobe.err"))
    if unsafe:
        tap.says(guest.text("kprobe.err"), ["preemptible", "crash"], "--method=kprobe: and why not")
    want = "fexit" if vmtest.has_fexit(kernel) else "kprobe"
    tap.says(guest.text("auto.err"), [f"tracing by {want}"], "--method=auto: takes what works and is safe")


def check_off(tap, guest, kernel, feature):
    """ftrace, which all probes rest on, switched off before and during a trace."""
    if feature:
        # Linux 7.3 does not, 7.2 does: there it is tried on kernels without the feature alone.
        if not vmtest.is_patched(kernel):
            tap.same("off.err" in guest.files, False, "off: this kernel does not let ftrace be switched off")
        return
    tap.same(guest.number("off.status"), 3, "off: exit status", guest.text("off.err"))
    tap.says(guest.text("off.err"), ["ftrace is switched off", "kernel.ftrace_enabled=1"], "off: it says why and what to do")
    lines = guest.json("blinded.out")
    hows = [e["how"] for e in lines if e.get("function") == "kvm_arch_vm_ioctl"]
    tap.same(hows, ["kprobe", "absent", "kprobe"], "blinded: that nothing is watched is told", *lines)
    pids = [int(re.search(r"pid=(\d+)", guest.text(f"{n}.steps"))[1]) for n in ("seen", "again-seen")]
    tap.same([e["pid"] for e in lines if e.get("type") == "negotiation"], pids, "blinded: what was watched is told")
    tap.says(guest.text("blinded.err"), ["not every function was watched all the time"], "blinded: and said at the end")
    tracing.check_replay(tap, "blinded", guest.files["blinded.out"])


def runs(kernel, machine):
    if (kernel, machine) in CASES:
        yield vmtest.Run(kernel, machine, "claims", "claims", list(CASES[kernel, machine]), 400, 2, ("steps",))


def check(tap, guest, run):
    feature = run.args[1] == "yes"
    cause = "backend-not-pseries" if run.machine == "powernv10" else "copyout-failed"
    if "busy" in run.args:
        for n in 1, 2:
            check_busy(tap, guest, n, cause)
    else:
        check_all(tap, guest, run.kernel, feature)


def check_all(tap, guest, kernel, feature):
    tap.same(guest.text("steps.err"), "", "the VMM on command did all that it was told")
    for name in "all", "errors", "comm":
        lines = guest.json(f"{name}.out")
        tap.same(guest.number(f"{name}.status"), 0, f"{name}: exit status", guest.text(f"{name}.err"))
        check_asks(tap, name, lines, feature, name == "errors")
        check_retries(tap, name, lines, feature)
    lines = guest.json("all.out")
    tracing.check_stream(tap, "all", lines, guest.files["all.out"])
    check_comm(tap, guest.json("comm.out"))
    check_births(tap, lines)
    check_pair(tap, lines, feature)
    check_told(tap, guest, feature)
    check_off(tap, guest, kernel, feature)
    check_cgroup(tap, guest)
    check_idle(tap, guest)
    check_questions(tap, guest, lines, feature)
    check_methods(tap, guest, kernel)
