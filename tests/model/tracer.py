# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Runs a scenario: the kernel does its steps, and a tracer, of which a recording is left, sees what it can see of
them. So it is known of each thing that happened whether the recording has it."""
import json
from dataclasses import dataclass, field

import kernel
from kernel import COMMANDS, Vcpu, Vm

POINTS = {"birth": "kvm_arch_init_vm", "ioctl": "kvm_arch_vm_ioctl", "hook": "kvmppc_get_compat_caps",
          "check": "kvm_vm_ioctl_check_extension", "reg": "kvmppc_set_one_reg", "run": "kvm:kvm_userspace_exit",
          "console": "printk:console", "death": "kvm_arch_destroy_vm"}
# The function in which something happens, and the type of a record of it.
PLACES = {"born": "birth", "ended": "death", "query": "ioctl", "check": "check", "request": "reg", "ran": "run",
          "run": "run", "line": "console"}
TYPES = {"born": "vm-created", "ended": "vm-ended", "query": "negotiation", "check": "extension-check",
         "request": "arch-compat", "ran": "ran", "run": "run", "line": "kernel"}
LINE_TYPES = {**TYPES, "born": "vm", "ended": "vm"}
RELEASED = ("ioctl", "hook", "check", "reg", "run", "console")
START, STEP_NS, CALL_NS = 10**12, 10**6, 1000
RUN_CMD = 0x2000ae80
hex32, hex64 = "0x{:08x}".format, "0x{:016x}".format  # as the stream has them
ANY_VM = {"vm": None, "vm_ino": 0}
NOBODY = {key: None for key in ("pid", "tid", "comm", "thread", "cgroup", "vm", "vm_name", "guest")}


@dataclass(eq=False)
class Event:
    """Something that happened. line: the recording's, None: it has none. lost: why it has none."""
    kind: str
    t: int
    vm: Vm | None = None
    data: dict = field(default_factory=dict)
    line: dict | None = None
    lost: str | None = None

    def __getattr__(self, name):
        try:
            return self.__dict__["data"][name]
        except KeyError as error:
            raise AttributeError(name) from error


class World:  # pylint: disable=too-many-instance-attributes
    """A scenario that was run. lines is the recording: [line, event]; the rest is the truth. Of losses, which are
    events too: what is (kind, Vm or None) of one that can be told apart, None: it may be any; told: the event of the
    line that tells it, None: the reader does at the end."""

    def __init__(self, scenario):
        self.config, self.filters = scenario.config, scenario.config["filters"]
        self.schema_1 = self.config["schema"] == 1
        self.t = START
        self.host = self.config["hosts"][0]
        self.vms = [Vm(i, plan) for i, plan in enumerate(scenario.vms)]
        self.lines = []
        self.held = None  # records that a reader gets only when all is attached
        self.attached = {point: [] for point in POINTS}  # (when, is it?)
        self.losses, self.pending = [], []
        self.known, self.numbers = {}, 0  # what the kernel side knows of VMs
        self.failures_told, self.repeated = set(), 0
        self.slow = 0
        self.idle = []  # functions that were released
        self.untold = set()  # functions of which a line of type attach cannot be read
        self.first_line()
        for step in scenario.steps:
            self.t += STEP_NS
            if self.idle and any(vm.lives() for vm in self.vms):
                self.wake()
                self.t += STEP_NS
            vm = self.vms[step.vm] if step.vm is not None else None
            if vm is None or vm.lives() or step.op == "born":
                getattr(self, "do_" + step.op)(step, vm)
        self.last_line()
        self.spoil()

    # ------------------------------------------------------------ lines

    def put(self, event, kind, /, **values):
        event.line = {"type": kind, "seq": 0, "ts": "2026-11-30T12:00:00.000000000Z", "mono_ns": self.t, **NOBODY, **values}
        to = self.lines if self.held is None or kind in ("attach", "found") else self.held
        to.append((event.line, event))

    def facts(self):
        h = self.host

        def fact(name, value, shown):
            unknown = name in h.hidden
            return {name: None if unknown or value is None else shown(value),
                    name + "_is": "unknown" if unknown else "absent" if value is None else "known"}
        return {"page_size": h.page, **fact("ksize", h.ksize if h.abi else None, int),
                "kernel_cmd": hex32(COMMANDS[h.abi]) if h.abi and "kernel_cmd" not in h.hidden else None,
                "pseries_is": "absent" if h.nested == "none" else "known",
                **fact("cpu_version", h.cpu_version(), hex32),
                "nested_api": None if "nested_api" in h.hidden else h.nested,
                **fact("nested_caps", h.caps if h.nested == "v2" else 0, hex64)}

    def first_line(self):
        shown = {key: bool(self.filters.get(key)) for key in ("threads", "outcomes", "processes")}
        if self.schema_1:
            del shown["processes"]
        self.put(Event("trace", self.t), "trace", schema=self.config["schema"], version="0.2.0",
                 filters={**shown, "options": self.filters.get("options")}, clock_offset_ns=1796040000 * 10**9 - START,
                 host={"name": "host", "boot_id": "b", "release": "7.3.0", "build": "#1", "arch": "ppc64le",
                       "modules": self.host.modules, "cpus": 8, **self.facts()})

    def last_line(self):
        self.t += STEP_NS
        self.do_release()
        self.do_tell()
        self.put(Event("end", self.t), "end", events=len(self.lines) + 1, lost=len(self.losses), cut_off=False,
                 totals={"runs_repeated": self.repeated})

    def spoil(self):
        """A filter on outcomes leaves lines out; the file is cut off, or lines of it cannot be read."""
        for seq, (line, _) in enumerate(self.lines, 1):
            line["seq"] = seq
        if self.filters.get("outcomes"):
            self.forget([event for _, event in self.lines if self.is_hidden(event)], "hidden")
            self.lines = [(line, event) for line, event in self.lines if event.line]
        if self.config["cut"] is not None:
            keep = max(1, int(len(self.lines) * self.config["cut"]))
            self.forget([event for _, event in self.lines[keep:]], "cut off")
            del self.lines[keep:]
        last = len(self.lines) - (self.config["cut"] is None)
        for at in sorted(at for at in set(self.config["garbled"]) if 0 < at < last)[::-1]:
            line, event = self.lines[at]
            if event.kind == "host":
                continue  # that the host is another one nobody can know then
            self.forget([event], "unreadable")
            self.untold |= {event.point} if event.kind == "attach" else set()
            told = next((after for _, after in self.lines[at + 1:] if after), None)
            self.losses.append(Event("loss", line["mono_ns"], None, {"what": None, "told": told}))
            self.lines[at] = (None, None)

    @staticmethod
    def forget(events, why):
        for event in events:
            event.line, event.lost = None, why

    @staticmethod
    def is_hidden(event):
        if event.kind in ("query", "request", "check"):
            return event.ret >= 0 and event.data.get("why") != "above"
        if event.kind == "ran":
            # The one after a line of KVM's stays: it says that the line is of no KVM_RUN that fails later.
            before = [e for e in event.vm.events if e.t <= event.t and e.kind in ("line", "ran") and e is not event
                      and e.line and e.vcpu == event.vcpu]
            return not before or before[-1].kind != "line"
        return event.kind in ("born", "ended", "stillborn", "found")

    def text(self):
        lines = [json.dumps(line, separators=(",", ":")) if line else '{"type":"arch-com' for line, _ in self.lines]
        return "\n".join(lines) + ("\n" if self.config["cut"] is None else '\n{"type":"ran","se')

    # ------------------------------------------------------------ what the kernel side knows

    def is_attached(self, point):
        return bool(self.attached[point]) and self.attached[point][-1][1]

    def meet(self, vm):
        """The kernel side comes across a VM, which has a number from then on."""
        if vm.index not in self.known:
            self.numbers += 1
            self.known[vm.index] = {"number": self.numbers, "looked": False, "first": True, "asked": set(), "requests": 0,
                                    "named": False, "born": False}
        return self.known[vm.index]

    def passes(self, event):
        if self.filters.get("threads") and event.kind not in ("born", "ended", "line"):
            return event.data.get("thread", 0) in self.filters["threads"]
        return event.vm.plan["passes"] or not self.filters.get("processes")

    def evidence(self, vm, **more):
        plan, known = vm.plan, self.known[vm.index]
        name_option, known["named"] = None if known["named"] else plan["name_option"], True
        has_dir = known["looked"] and plan["dir"] or self.schema_1
        number = 0xc000000000000000 + plan["address"] if self.schema_1 else known["number"]
        return {"vm": hex64(number), "vm_ino": plan["ino"] if has_dir else 0,
                "vm_name": plan["vm_name"] if has_dir else "", "cgroup": 1, "name_option": name_option, **more}

    def put_of(self, event, evidence, start=None):
        plan, thread = event.vm.plan, event.data.get("thread", 0)
        if self.schema_1:
            evidence = {key: value for key, value in evidence.items() if key not in ("vcpu", "papr", "kvm_pr", "reg")}
        self.put(event, LINE_TYPES[event.kind], pid=plan["pid"], tid=plan["pid"] + thread, comm=plan["comm"],
                 thread=f"CPU {thread - 1}/KVM" if thread else plan["comm"], evidence=evidence,
                 **{"mono_ns": start} if start else {})

    def happen(self, step, kind, vm, **data):
        """Something happens. Its event, whose lost is None where a record of it is to be made."""
        event = Event(kind, self.t, vm, data)
        vm.events.append(event)
        if not self.is_attached(PLACES[kind]):
            event.lost = "not watched"
        elif kind == "ran" and vm.index not in self.known:
            event.lost = "not awaited"
        elif not self.passes(event):
            event.lost = "filtered"
        elif kind in ("ran", "run") and not self.is_wanted(event, self.meet(vm)):
            event.lost = "repeated"
        if event.lost:
            return event
        if step.loss and kind != "line":
            self.lose(step.loss, event)
        if kind != "born" and step.loss != "too-many-vms":
            self.meet(vm)["looked"] = True
        if kind == "ended" or kind in ("request", "query", "run") and not self.config["late"]:
            self.do_tell()
        return event

    def is_wanted(self, event, known):
        """Of a KVM_RUN: was a good one waited for? Is a failure the first of its kind?"""
        if event.kind == "ran":
            awaited = known["first"] and not self.schema_1 or event.vcpu in known["asked"]
            known["asked"].discard(event.vcpu)
            known["first"] = False
            return awaited
        kind = (known["number"], known["requests"], event.vcpu, event.ret, 0 if event.ret < 0 else event.reason)
        self.repeated += kind in self.failures_told
        is_new = kind not in self.failures_told
        self.failures_told.add(kind)
        return is_new

    # ------------------------------------------------------------ losses

    def lose(self, reason, event):
        """A record finds no room, or its program did not run. What of it the kernel side can tell is told."""
        event.lost = "lost"
        number = self.known.get(event.vm.index, {}).get("number")
        if reason == "too-many-vms" and number:  # that one is among them
            reason = "ring-full"
        kind, of = event.kind, {"vm": hex64(number) if number else None, "vm_ino": 0}
        if self.schema_1:
            of = {"vm": None, "vm_ino": event.vm.plan["ino"]}
        what = (kind, event.vm if number else None)
        if reason == "recursion" and kind in ("run", "ran"):
            kind, what, of = "run", ("run", None), ANY_VM
        elif reason in ("orphaned", "probe-missed", "recursion"):
            what = None
        ret = event.data.get("ret", 0) if reason in ("ring-full", "vm-budget") else None
        self.pend(reason, what, kind, of, ret, event.data.get("cmd", 0))

    def pend(self, reason, what, kind, of, ret=None, cmd=0):  # pylint: disable=too-many-arguments
        self.pending.append(Event("loss", self.t, None, {"reason": reason, "what": what, "details": {
            "type": TYPES[kind], "cmd": hex32(cmd), "ret": ret, "errno": None, "n": 1, "evidence": of} if what else None}))

    def do_tell(self, _step=None, _vm=None):
        """The reader asks for losses, as it does where it sees the counter move."""
        for reason in sorted({loss.reason for loss in self.pending}):
            now = [loss for loss in self.pending if loss.reason == reason]
            told = Event("lost", self.t)
            for loss in now:
                loss.data["told"] = told
            self.put(told, "lost", n=len(now), reason=reason, by=[loss.details for loss in now if loss.details])
        self.losses += self.pending
        self.pending = []

    def do_phantom(self, step, _vm):
        """A loss of what was none of any VM's: programs that did not run, of whomever (arg: reason, kind)."""
        reason, kind = step.arg
        self.pend(reason, (kind, None) if kind else None, kind, ANY_VM)

    # ------------------------------------------------------------ attaching

    def do_attach(self, step, _vm):
        """A function is watched from now on, or no longer (arg: point, how)."""
        self.attach(*step.arg)

    do_begin = do_attach  # as the tracer starts

    def do_idle(self, _step, _vm):
        """With --release-idle: no VM is there, and calls are not watched until one is born."""
        if not any(vm.lives() for vm in self.vms) and not self.idle:
            self.idle = [point for point in RELEASED if self.is_attached(point)]
            for point in self.idle:
                self.attach(point, "absent", True)

    def wake(self):
        for point in self.idle:
            self.attach(point, "fexit")
        self.idle = []

    def attach(self, point, how, released=False):
        is_gone = self.schema_1 and point in ("birth", "death")  # there uevents told of those
        self.attached[point].append((self.t, is_gone or how != "absent"))
        if not is_gone:
            self.put(Event("attach", self.t, None, {"point": point, "on": how != "absent"}), "attach",
                     function=POINTS[point], how=how, why="no such function" if how == "absent" else None,
                     released=released, older=[vm.plan["ino"] for vm in self.vms if vm.lives()] if self.schema_1 else None)

    def do_hold(self, _step, _vm):
        """Records that come while probes are attached are read when all are."""
        self.held = []

    def do_release(self, _step=None, _vm=None):
        self.lines += self.held or []
        self.held = None

    def do_found(self, _step, _vm):
        """The tracer looks for VMs that are there already, of which no birth was told."""
        for vm in self.vms:
            plan, passes = vm.plan, vm.plan["passes"] or not self.filters.get("processes")
            if not vm.lives() or not plan["listed"] or not passes or self.known.get(vm.index, {}).get("born"):
                continue
            self.meet(vm)["looked"] = True
            self.t += 1
            seen = {vcpu.number: None if plan["pr"] else self.shown(vm, vcpu)
                    for vcpu in list(vm.vcpus.values())[:plan["open_vcpus"]]}
            event = Event("found", self.t, vm, {"seen": seen, "vcpus": len(vm.vcpus),
                                                           "regs": {vcpu.reg for vcpu in vm.vcpus.values()}})
            vm.events.append(event)
            evidence = self.evidence(vm, pid=plan["pid"], part="owner", comm=plan["comm"], incoming=plan["incoming"],
                                     backend="pr" if plan["pr"] else "hv", vcpus=len(vm.vcpus), vcpus_left_out=False,
                                     vcpu_modes=[{"vcpu": number, "pvr": pvr} for number, pvr in seen.items()])
            self.put(event, "found", pid=plan["pid"], comm=plan["comm"],
                     evidence={**evidence, "vm_name": evidence["vm_name"] or None, "name_option": plan["name_option"]})

    def do_host(self, step, _vm):
        before, old, self.host = self.facts(), self.host, self.config["hosts"][step.arg]
        if self.facts() == before:
            self.host = old  # a migration that no fact tells of nobody can know
        else:
            self.put(Event("host", self.t, None, {"host": self.host}), "host", kvm_reloaded=False, host=self.facts())

    # ------------------------------------------------------------ births and ends

    def put_vm(self, event, what, evidence):
        if self.schema_1:
            evidence = {key: value for key, value in evidence.items() if key not in ("vm", "ret", "tid")}
        self.put(event, "vm", pid=evidence["pid"], comm=evidence["comm"], event=what,
                 evidence={**evidence, "vm_name": evidence["vm_name"] or None})

    def do_born(self, step, vm):
        if vm.born is not None:
            return
        vm.born = self.t
        if self.is_attached("birth") and step.loss != "too-many-vms":
            self.meet(vm)["born"] = True
        self.told_of_life(self.happen(step, "born", vm), "created", vm.plan["incoming"])

    def do_end(self, step, vm):
        event = self.happen(step, "ended", vm)
        vm.ended = self.t
        self.told_of_life(event, "ended", None)

    def told_of_life(self, event, what, incoming):
        if not event.lost:
            plan = event.vm.plan
            self.put_vm(event, what, self.evidence(event.vm, ret=0, pid=plan["pid"], tid=plan["pid"], comm=plan["comm"],
                                                   incoming=incoming))

    def do_stillborn(self, step, _vm):
        """KVM_CREATE_VM that fails (arg: errno)."""
        if self.is_attached("birth") and not self.schema_1:
            self.put_vm(Event("stillborn", self.t, None, {"ret": -step.arg}), "failed", {
                "vm": None, "ret": -step.arg, "pid": 77, "tid": 77, "vm_ino": 0, "vm_name": None, "comm": "qemu",
                "name_option": None, "incoming": None})

    # ------------------------------------------------------------ calls

    def kvm_pr(self, vm):
        return None if "ops" in self.host.hidden else vm.plan["pr"]

    def put_call(self, event, start=None, **more):
        if event.lost:
            return
        sees_ops = "ops" not in self.host.hidden
        has_hook = not event.vm.plan["pr"] if self.host.abi and sees_ops else None
        self.put_of(event, self.evidence(event.vm, cmd=hex32(event.data.get("cmd", 0)), ret=event.ret,
                                               latency_ns=self.t - (start or self.t) + CALL_NS, **{
            "in": [], "out": [], "vcpu": None, "papr": None, "watched": False, "has_hook": has_hook, "kvm_pr": self.kvm_pr(event.vm), "hook": None,
            "head": None, "tail": None, **more}), start=start)

    def do_check(self, step, vm):
        answer = int(self.host.abi is not None and self.host.nested != "none" and not vm.plan["pr"])
        self.put_call(self.happen(step, "check", vm, ret=answer), arg=hex64(250))

    def do_blocked(self, _step, vm):
        """A query that KVM does not see: seccomp, SELinux, or EIO for a process that does not own the VM."""
        vm.events.append(Event("blocked", self.t, vm))

    def do_query(self, step, vm):
        """KVM_PPC_GET_COMPAT_CAPS (arg: thread, kind, the caller's revision, how many steps ago it began)."""
        thread, kind, abi, steps = step.arg
        self.slow += 1
        # Its thread did nothing else since, and both ends of the function were watched. No two begin at once.
        before = [e.t for e in vm.events if e.data.get("thread") == thread] + [t for t, _ in self.attached["ioctl"]]
        start = max(self.t - steps * STEP_NS, vm.born, *before) + CALL_NS + self.slow if steps else self.t
        ksize = self.host.ksize
        words, out, ret, cause, hook, caps = kernel.query(self.host, vm, kind, abi)
        told = [e for e in vm.events if e.kind == "query" and e.cause == "struct-too-new"]
        mine = [e for e in vm.events if e.kind == "query" and e.thread == thread]
        retry = bool(mine) and mine[-1].cause == "struct-too-new"
        # Another thread that has the size which was written back may be helping, or not.
        unclear = not retry and bool(words) and any(e.out[0] == words[0] and e.t + CALL_NS <= start for e in told)
        event = self.happen(step, "query", vm, ret=ret, cause=cause, caps=caps, thread=thread, retry=retry,
                            unclear=unclear, cmd=COMMANDS[abi], out=out)
        size = (words or [0, 0])[abi == "v3-v4"]
        hook = hook if self.is_attached("hook") else None
        tail = None
        if words and size > ksize and abi in ("mainline", "v5"):
            # It is looked at up to the first byte that is not zero, and no more than a page of it.
            tail = {"from": ksize, "read": 1 if kind == "newer" else min(size - ksize, 65536),
                    "first": ksize if kind == "newer" else 0}
        self.put_call(event, start, arg=hex64(0x7fff00000100), watched=self.is_attached("hook"), tail=tail,
                      hook={"ret": hook[0], "caps": hex64(hook[1])} if hook else None, head=size if hook else None,
                      **{"in": words, "out": out})

    def do_vcpu(self, step, vm):
        """KVM_CREATE_VCPU (arg: its id, will its runs not work?)."""
        vm.vcpus.setdefault(step.arg[0], Vcpu(step.arg[0], broken=step.arg[1]))

    def do_set(self, step, vm):
        """A vCPU is another one now (arg: vCPU, "papr" or "broken", value): KVM_CAP_PPC_PAPR is enabled, it is mended."""
        if step.arg[0] in vm.vcpus:
            setattr(vm.vcpus[step.arg[0]], *step.arg[1:])

    def do_request(self, step, vm):
        """KVM_SET_ONE_REG of ARCH_COMPAT (arg: vCPU, thread, PVR)."""
        number, thread, pvr = step.arg
        if number not in vm.vcpus:
            return
        vcpu = vm.vcpus[number]
        papr, (ret, why) = vcpu.papr, kernel.request(self.host, vm, vcpu, pvr)
        # The guest negotiates, waits for something else, or for nothing; the boot vCPU's hypercall counts for all.
        exits = sum(v.exits for v in {id(v): v for v in (vcpu, next(iter(vm.vcpus.values())))}.values())
        hypercall = (0, 0xf002, 0x58, 0xf005)[self.t // STEP_NS % 4] if exits else 0
        by = None if self.schema_1 else "cas" if hypercall > 0xf000 else "vmm" if exits else "start"
        event = self.happen(step, "request", vm, ret=ret, why=why, pvr=pvr, vcpu=number, thread=thread, papr=papr,
                            host=self.host, by=by)
        if event.lost in (None, "lost"):
            self.meet(vm)["asked"].add(number)
            self.meet(vm)["requests"] += 1
        self.put_call(event, arg=hex64(pvr), vcpu=number, papr=papr, **{"in": [hypercall, exits] if by else []})

    def shown(self, vm, vcpu):
        """The register as the tracer reads it: without a mode, on nested v2, it may be the processor's own PVR."""
        is_raw = vcpu.reg == 0 and vm.plan["raw"] and self.host.nested == "v2"
        return None if vm.plan["pr"] else kernel.RAW.get(self.host.cpu, 0) if is_raw else vcpu.reg

    def do_run(self, step, vm):
        """KVM_RUN (arg: vCPU, thread, what would become of it)."""
        number, thread, how = step.arg
        if number not in vm.vcpus:
            return
        vcpu = vm.vcpus[number]
        entered = vcpu.exits
        kind, ret, reason, line = kernel.run(self.host, vm, vcpu, how)
        if line:
            self.do_line(step._replace(arg=(thread, line, number)), vm)
        if kind == "none":
            vm.events.append(Event("interrupted", self.t, vm, {"entered": vcpu.exits > entered}))
            return
        event = self.happen(step, kind, vm, ret=ret, reason=reason, vcpu=number, thread=thread, first=not entered,
                            shown=self.shown(vm, vcpu), papr=vcpu.papr)
        if not event.lost:
            more = {"hardware_reason": hex64(0 if ret < 0 else 0x1e)} if kind == "run" else {}
            self.put_of(event, self.evidence(
                vm, ret=ret, exit_reason=reason, vcpu=number, papr=vcpu.papr, kvm_pr=self.kvm_pr(vm), exits=vcpu.exits,
                vcpu_pvr=None if event.shown is None else hex32(event.shown), **more))

    def do_untold(self, step, _vm):
        """A KVM_RUN that fails, of a vCPU that could not be told (arg: errno)."""
        if self.is_attached("run") and not self.filters:
            self.put(Event("untold", self.t, None, {"ret": -step.arg}), "run", pid=78, tid=79, comm="qemu", thread="CPU 0/KVM",
                     evidence={"vm": None, "vm_ino": 0, "vm_name": "", "cgroup": 1, "name_option": None, "ret": -step.arg,
                               "exit_reason": 17, "vcpu": None, "papr": None, "kvm_pr": None, "exits": None, "vcpu_pvr": None,
                               "hardware_reason": hex64(0)})

    def do_line(self, step, vm):
        """KVM prints a line in a KVM_RUN (arg: thread, text, vCPU)."""
        thread, text, number = step.arg
        event = self.happen(step, "line", vm, text=text, thread=thread, vcpu=number)
        if not event.lost:
            self.put_of(event, self.evidence(vm, interrupt=False, cmd=hex32(RUN_CMD), vcpu=number, reg=None, length=len(text)))
            event.line["message"] = text
            if number in vm.vcpus and not self.schema_1:
                self.meet(vm)["asked"].add(number)
