#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""lives.py PROGRAM N SEED: VMs are made, query, ask for modes, run, fail and end, at random, on hosts of each kind. A tracer
comes late, loses events, loses a function for a while, or is cut off. Of N such traces each story that PROGRAM tells is held
against what happened: no field and no sentence may be false. TAP.
"""
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

P9, P10, P11 = 0x0f000005, 0x0f000006, 0x0f000007
NAMES = {0: None, 0x0f000004: "POWER8", P9: "POWER9", P10: "POWER10", P11: "POWER11"}
BITS = {P9: 1 << 62, P10: 1 << 61, P11: 1 << 60}
EINVAL, E2BIG = -22, -7
IOCTL, EXTENSION, REG, RUN, CONSOLE, BIRTH, DEATH = range(7)
FUNCTIONS = ["kvm_arch_vm_ioctl", "kvm_vm_ioctl_check_extension", "kvmppc_set_one_reg", "kvm:kvm_userspace_exit", "printk:console",
             "kvm_arch_init_vm", "kvm_arch_destroy_vm"]
TYPES = {IOCTL: "negotiation", EXTENSION: "extension-check", REG: "arch-compat", RUN: "run", BIRTH: "vm-created", DEATH: "vm-ended"}
MAINLINE = "0x2000aeb8"


def hex64(value):
    return f"0x{value:016x}"


class Vcpu:
    def __init__(self, number):
        self.id, self.mode, self.papr, self.exits = number, 0, False, 0
        self.requests = []  # (pvr, ret), as KVM had them
        self.awaited = False  # its next good run is recorded
        self.ran_in = None  # the mode of its newest good run since its newest request
        self.started = False  # it was run, well or not


class Vm:
    def __init__(self, number, rng):
        self.number, self.pid = number, 100 + number
        self.vcpus = [Vcpu(i) for i in range(rng.choice([1, 1, 2, 3]))]
        self.ok = self.failed = 0
        self.awaited, self.ran, self.first_failed = True, False, None
        self.ended = False
        self.modes = set()  # that it ever ran in


class World:
    """What happens, and what of it is recorded."""

    def __init__(self, rng):
        self.rng, self.now, self.seq, self.lines = rng, 1_000_000_000, 0, []
        self.host = rng.choice([P9, P10, P11])
        self.api = rng.choice(["v1", "v2", "v2", None])
        self.checks = rng.random() < 0.7  # 884ea0283f4e, and PAPR before modes
        self.vcpu_ids = rng.random() < 0.85
        self.vms, self.watched, self.lossy, self.told = [], set(), 0.0, []
        self.pending, self.told_cut = [], None
        self.known = rng.random() < 0.9  # what the host offers
        self.filters = {"threads": False, "outcomes": False, "processes": rng.random() < 0.1, "options": None}

    def offered(self):
        return [m for m in (P9, P10, P11) if m <= self.host]

    def put(self, **line):
        self.seq += 1
        self.now += 1000
        empty = dict.fromkeys(["pid", "tid", "comm", "thread", "cgroup", "vm", "vm_name", "guest"])
        head = {"type": line.pop("type"), "seq": self.seq, "ts": "2026-11-25T04:13:10.000000000Z", "mono_ns": self.now}
        self.lines.append(json.dumps(head | empty | line))

    def begin(self):
        caps = sum(BITS[m] for m in self.offered())
        v2 = self.api == "v2"
        self.put(type="trace", schema=2, version="0.2.0", filters=self.filters, clock_offset_ns=0, host={
            "name": "h", "boot_id": "b", "release": "7.3.0", "build": "#1", "arch": "ppc64le", "modules": "kvm kvm_hv", "cpus": 8,
            "page_size": 4096, "ksize": 24, "ksize_is": "known", "kernel_cmd": MAINLINE, "pseries_is": "known",
            "cpu_version": f"0x{self.host:08x}" if self.known else None, "cpu_version_is": "known" if self.known else "unknown",
            "nested_api": self.api, "nested_caps": hex64(caps) if v2 else None, "nested_caps_is": "known" if v2 else "unknown"})
        for point in [BIRTH, DEATH, IOCTL, EXTENSION, REG, RUN, CONSOLE]:
            self.attach(point, True)
            if self.rng.random() < 0.1:
                self.step()  # while it begins

    def attach(self, point, on):
        (self.watched.add if on else self.watched.discard)(point)
        how = ("tracepoint" if ":" in FUNCTIONS[point] else "fexit") if on else "absent"
        self.put(type="attach", function=FUNCTIONS[point], how=how, why=None if on else "it is gone", released=False, older=[])

    def tell_losses(self):
        if not self.pending:
            return
        by = [{"type": TYPES[p] if p is not None else None, "cmd": "0x00000000", "ret": None, "errno": None, "n": 1,
               "evidence": {"vm": hex64(vm.number) if vm else None, "vm_ino": 0}} for p, vm in self.pending]
        n, self.pending = len(by), []
        self.put(type="lost", n=n, reason="ring-full", by=by)

    def record(self, point, vm, **line):
        """false: it was not seen."""
        if point not in self.watched:
            return False
        if self.rng.random() < self.lossy:
            self.pending.append((point if self.rng.random() < 0.8 else None, vm if self.rng.random() < 0.6 else None))
            return False
        self.tell_losses()
        evidence = line.pop("evidence")
        line = {"pid": vm.pid, "comm": "vmm"} | line
        if line["type"] != "vm":
            line |= {"tid": line.get("tid", vm.pid), "thread": "vmm"}
            evidence |= {"vm_name": "", "cgroup": 1, "name_option": None}
        self.put(evidence={"vm": hex64(vm.number), "vm_ino": 0} | evidence, **line)
        return True

    def call(self, point, vm, kind, vcpu=None, **evidence):
        known = vcpu is not None and self.vcpu_ids
        return self.record(point, vm, type=kind, evidence={
            "cmd": MAINLINE, "arg": hex64(0), "ret": 0, "latency_ns": 0, "in": [], "out": [], "watched": False, "has_hook": True,
            "hook": None, "head": None, "tail": None, "vcpu": vcpu.id if known else None, "papr": vcpu.papr if known else None}
                           | evidence)

    # -------------------------------------------------------------- what VMMs do

    def make(self):
        vm = Vm(len(self.vms) + 1, self.rng)
        self.vms.append(vm)
        self.record(BIRTH, vm, type="vm", event="created", evidence={
            "ret": 0, "pid": vm.pid, "tid": vm.pid, "vm_name": None, "comm": "vmm", "name_option": None, "incoming": None})

    def end(self, vm):
        vm.ended = True
        self.record(DEATH, vm, type="vm", event="ended", evidence={
            "ret": 0, "pid": vm.pid, "tid": vm.pid, "vm_name": None, "comm": "vmm", "name_option": None, "incoming": None})

    def check(self, vm):
        self.call(EXTENSION, vm, "extension-check", arg=hex64(250), ret=1)

    def query(self, vm):
        size, ret = self.rng.choice([(24, 0), (24, 0), (48, E2BIG), (0, EINVAL)])
        vm.ok += not ret
        vm.failed += ret != 0
        caps = sum(BITS[m] for m in self.offered())
        self.call(IOCTL, vm, "negotiation", ret=ret, **{"in": [size, 0, 0], "out": [size if ret == EINVAL else 24, 0, 0 if ret else caps]})

    def ask(self, vm):
        vcpu = self.rng.choice(vm.vcpus)
        pvr = self.rng.choice([0, 0x0f000004, P9, P9, P10, P11])
        papr, vcpu.papr = vcpu.papr, vcpu.papr or self.rng.random() < 0.8
        vcpu.papr = papr or vcpu.papr
        ret = self.answer(pvr, vcpu)
        vcpu.requests.append((pvr, ret))
        vcpu.ran_in = None
        vcpu.awaited = True
        self.call(REG, vm, "arch-compat", vcpu, arg=hex64(pvr), ret=ret, cmd="0x8010aeac")

    def answer(self, pvr, vcpu):
        """As kvmppc_set_arch_compat() does."""
        newer = pvr > self.host
        if newer and self.checks:
            if pvr == P11:
                vcpu.mode = 0xffffffff
            return EINVAL
        if newer and pvr - self.host > 1:
            return EINVAL
        if self.checks and self.api == "v2" and pvr not in (0, *self.offered()):
            return EINVAL
        vcpu.mode = pvr
        return 0 if vcpu.papr or not self.checks else EINVAL

    def run(self, vm):
        vcpu = self.rng.choice(vm.vcpus)
        first = not any(v.started for v in vm.vcpus)
        bad = vcpu.mode == 0xffffffff or vcpu.mode > self.host or self.rng.random() < 0.1
        vcpu.started = True
        if first:
            vm.first_failed = bad
        evidence = {"exit_reason": 17, "exits": vcpu.exits, "vcpu_pvr": f"0x{vcpu.mode:08x}", "papr": vcpu.papr if self.vcpu_ids else None,
                    "vcpu": vcpu.id if self.vcpu_ids else None}
        if bad:
            self.record(RUN, vm, type="run", evidence=evidence | {"ret": EINVAL, "hardware_reason": hex64(0)})
            return
        vcpu.exits += self.rng.randint(1, 9)
        vcpu.ran_in, vm.ran = vcpu.mode, True
        vm.modes.add(vcpu.mode)
        if vm.awaited or vcpu.awaited:
            vm.awaited = vcpu.awaited = False
            self.record(RUN, vm, type="ran", evidence=evidence | {"ret": 0, "exit_reason": 2, "exits": vcpu.exits})

    def step(self):
        alive = [vm for vm in self.vms if not vm.ended]
        if not alive or self.rng.random() < 0.1:
            self.make()
            return
        vm = self.rng.choice(alive[-4:])
        what = self.rng.choices([self.check, self.query, self.ask, self.run, self.end], [1, 3, 4, 5, 0.7])[0]
        what(vm)

    def disturb(self):
        what = self.rng.random()
        if what < 0.03:
            self.lossy = self.rng.choice([0.0, 0.0, 0.3])
        elif what < 0.04:
            point = self.rng.choice([IOCTL, REG, RUN])
            self.attach(point, point not in self.watched)

    def live(self):
        for _ in range(self.rng.choice([0, 10])):
            self.step()
        self.begin()
        for _ in range(self.rng.randint(5, 90)):
            self.step()
            self.disturb()
        if self.rng.random() < 0.1:
            # Cut off: what was lost last is told nowhere.
            return
        self.tell_losses()
        self.put(type="end", events=self.seq + 1, lost=0, cut_off=False, totals={"runs_repeated": 0})


# ------------------------------------------------------------------ what is said

def is_subsequence(some, every):
    rest = iter(every)
    return all(one in rest for one in some)


def wrong_data(story, vm, vcpu_ids):
    """What of the data is false."""
    q, whole = story["queries"], story["coverage"]["state"] == "whole"
    if q["ok"] > vm.ok or q["failed"] > vm.failed:
        yield "more queries than there were"
    if q["not_seen"] is None and (q["ok"], q["failed"]) != (vm.ok, vm.failed):
        yield "not all queries, and that none was missed"
    if story["ended"] and not vm.ended:
        yield "it has ended"
    seen = 0
    for vcpu in story["vcpus"]:
        got = [(int(r["pvr"], 0), -22 if r["errno"] else 0) for r in vcpu["requests"]]
        seen += vcpu["requests_total"]
        if vcpu["id"] is None:
            continue
        true = vm.vcpus[vcpu["id"]]
        if not is_subsequence(got, true.requests):
            yield f"requests of vCPU {vcpu['id']}: {got} of {true.requests}"
        if whole and vcpu["requests_total"] != len(true.requests):
            yield f"not all requests of vCPU {vcpu['id']}"
        if vcpu["first_failure"] and vcpu["first_failure"]["pvr"] and not true.requests:
            yield "a failure of a request that was not made"
    if whole and seen != sum(len(v.requests) for v in vm.vcpus):
        yield "not all requests, and whole"
    if not vcpu_ids and any(v["id"] is not None for v in story["vcpus"]):
        yield "a vCPU that nobody told"


def wrong_text(text, story, vm):
    """What sentence of it is false."""
    asked = any(v.requests for v in vm.vcpus)
    modes = {v.ran_in for v in vm.vcpus if v.ran_in is not None}
    names = {NAMES[m] if m else "the host's own mode" for m in modes}
    if "no query of it" in text and vm.ok + vm.failed:
        yield "no query"
    if "asked for no mode" in text and asked:
        yield "asked for no mode"
    if re.search("no KVM_RUN of it has succeeded yet|ended without a KVM_RUN that succeeded", text) and vm.ran:
        yield "it did not run"
    if "its first run failed" in text and vm.first_failed is not True:
        yield "its first run failed"
    if "went on without a mode and r" in text and 0 not in modes:
        yield "went on without a mode"
    for name in re.findall(r"(?<!then )(?<!in between )(?:runs|ran) in ((?:the host's own mode)|POWER\d+)(?=[.;]| It| qemu| vmm|$|, went)", text):
        if name not in names and story["vcpus"] and all(v["id"] is not None for v in story["vcpus"]):
            if f"ran in {name}, then asked" not in text:
                yield f"runs in {name}, and not in {names}"
    for name in re.findall(r"(?:seen to run|in between ran) in (the host's own mode|POWER\d+)", text):
        if name not in {NAMES[m] if m else "the host's own mode" for m in vm.modes}:
            yield f"ran in {name}, and never did"
    if story["coverage"]["state"] != "whole" and re.search(r"\d+ quer(y|ies),", text) and story["queries"]["not_seen"]:
        yield "all queries, and some may have been missed"
    if "raw" in text or "None" in text or "(null)" in text:
        yield "a word that must not be there"


def wrong_hints(lines, vms):
    """Of requests, when they were made: what of the hint is false, given all that is recorded before."""
    queried = set()
    for e in lines:
        if e["type"] == "negotiation":
            queried.add(e["vm"])
        if e["type"] != "arch-compat":
            continue
        hint = e["developer_hint"] or ""
        if "no query of it" in hint and e["vm"] in queried:
            yield f"seq {e['seq']}: {hint}"
        if e["queried"] == "no" and "no query" not in hint and e["cause"] == "newer-than-host":
            yield f"seq {e['seq']}: {hint}"


def judge(world, out):
    lines = [json.loads(line) for line in out.splitlines()]
    numbers = {e["vm"]: int(e["evidence"]["vm"], 0) for e in lines if e.get("vm") and (e.get("evidence") or {}).get("vm")}
    stories = {e["vm"]: e for e in lines if e["type"] == "story"}
    for number, story in stories.items():
        vm = world.vms[numbers[number] - 1]
        for what in [*wrong_data(story, vm, world.vcpu_ids), *wrong_text(story["text"], story, vm)]:
            yield f"VM {number}: {what}: {story['text']}"
    if set(stories) != set(numbers):
        yield f"stories of {sorted(stories)}, and VMs are {sorted(numbers)}"
    yield from wrong_hints(lines, world.vms)


def main():
    program, n, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    told, bad, whole = 0, 0, 0
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "life.jsonl"
        for i in range(seed, seed + n):
            world = World(random.Random(i))
            world.live()
            path.write_text("\n".join(world.lines) + "\n")
            done = subprocess.run([program, "replay", "-q", "--json", path], capture_output=True, text=True, check=False)
            wrong = list(judge(world, done.stdout)) if done.returncode in (0, 3) else [done.stderr[-2000:]]
            told += done.stdout.count('"type":"story"')
            whole += done.stdout.count('"coverage":{"state":"whole"')
            bad += bool(wrong)
            for what in wrong[:3]:
                print(f"# seed {i}: {what}")
            if bad > 10:
                break
    print(f"# {told} stories, {whole} of them of VMs that were seen whole")
    print(f"{'not ok' if bad else 'ok'} - {n} traces of VMs: no story says what is false")
    print(f"{'ok' if whole > told // 10 else 'not ok'} - and many are whole")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
