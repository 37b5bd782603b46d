# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What a random host, its VMMs and a tracer do: a list of steps, each of which can be left out."""
import random
from collections import namedtuple

from kernel import BITS, COMMANDS, P8, P9, P10, P11, Host, cumulative

Step = namedtuple("Step", "op vm arg loss", defaults=(None, None, None))
Scenario = namedtuple("Scenario", "seed config vms steps")

LOSSES = ["ring-full", "vm-budget", "too-many-in-flight", "orphaned", "probe-missed", "recursion", "too-many-vms"]
WATCHED = ["ioctl", "hook", "check", "reg", "run", "console"]
COMMS = ["qemu-system-ppc", "qemu", "kata", "a, b; it runs.", "never queried."]
ERRORS = [5, 6, 12, 14, 16, 22]
LINES = ["KVM: TLB LPID invalidation hcall failed, rc=-2", "KVM-NESTEDv2: couldn't set guest wide elements, rc=-4",
         "KVM: something, it runs in POWER9. Its", "KVM: " + "x" * 150]


def host_of(rng):
    abi, checks = rng.choice([("mainline", True), ("mainline", True), ("v5", True), (None, False), (None, False)])
    nested = rng.choice(["v2", "v2", "v2", "v1", "v1", "none"])
    cpu = rng.choice([P9, P10, P10, P11])
    if nested == "v1" and rng.random() < 0.1:
        cpu = rng.choice([P8, 0x0f000008, 0x0f000001])
    caps = cumulative(cpu) if nested == "v2" else 0
    if nested == "v2" and rng.random() < 0.2:
        caps &= rng.choice([BITS[P9], BITS[P9] | BITS[P10], 0, BITS[P10] | BITS[P11]])
    h = Host(abi, checks, nested, cpu, caps, ksize=rng.choice([24, 24, 24, 32]), page=rng.choice([4096, 65536]))
    if abi == "v5":
        h.ksize = 24
    h.no_p10 = nested == "v2" and checks and cpu == P11 and not caps & BITS[P11]
    if rng.random() < 0.15:
        h.hidden = tuple(rng.sample(["ksize", "kernel_cmd", "cpu_version", "nested_api", "nested_caps", "ops"],
                                    rng.randint(1, 3)))
    return h


def migrated(rng, host):
    cpu = rng.choice([P9, P10, P11])
    caps = cumulative(cpu) if host.nested == "v2" else 0
    return Host(host.abi, host.checks, host.nested, cpu, caps, host.ksize, host.page, False, host.hidden, host.modules)


def plan_of(rng, i, schema, pr):
    pid = rng.choice([100, 100 + 20 * i, 100 + 20 * i])
    guest = rng.choice([None, f"db{i}", f"db{i}", "guest, it runs"])
    ino = 500 + i
    return {"pid": pid, "comm": rng.choice(COMMS), "guest": guest, "name_option": f"guest={guest}" if guest and "," not
            in guest else f"guest={guest.replace(',', ',,')}" if guest else None, "incoming": rng.choice([False] * 6 + [True]), "pr": pr,
            "dir": schema == 1 or rng.random() < 0.8, "ino": ino, "address": 0x1000 * (i + 1),
            "vm_name": f"{pid}-{4 + (i if schema == 1 else rng.randint(0, 1))}", "passes": rng.random() < 0.6,
            "listed": rng.random() < 0.9, "open_vcpus": rng.choice([0, 1, 1, 4, 4, 4]), "raw": rng.random() < 0.3}


class Vmm:
    """The life of one VM as steps."""

    def __init__(self, rng, index, host):
        self.rng, self.index, self.host = rng, index, host
        self.steps = []
        # One VMM speaks one revision; that it is this kernel's is the rule.
        self.abi = host.abi if host.abi and rng.random() < 0.8 else rng.choice(list(COMMANDS))
        self.threads = {}

    def add(self, op, arg=None):
        self.steps.append(Step(op, self.index, arg))

    def query(self):
        """One query, and what a VMM does that is told to retry."""
        rng = self.rng
        kind = rng.choice(["plain"] * 6 + ["large", "newer", "small", "flags", "fault", "none", "huge"])
        thread = rng.choice([0, 0, 0, 1, 2])
        self.add("query", (thread, kind, self.abi))
        while kind in ("newer", "large") and self.abi in ("v5", "mainline") and rng.random() < 0.6:
            again = rng.choice([(thread, "retry"), (thread, "retry"), (thread + 4, "small"), (thread + 5, "plain")])
            self.add("query", (*again, self.abi))
            if again[0] == thread:
                break

    def mode(self):
        rng = self.rng
        return rng.choice([P9, P10, P11] * 4 + [0, 0, P8, 0x0f000003, 0x0f100003, 0xffffffff, 0x12345678, 0x00801200])

    def requests(self, vcpus, pvr=None):
        """Each vCPU of these is asked for a mode, the same one as a rule."""
        pvr = self.mode() if pvr is None else pvr
        for number in vcpus:
            if self.rng.random() < 0.1:
                pvr = self.mode()
            self.add("request", (number, self.rng.choice([0, number + 1]), pvr))
            if self.rng.random() < 0.15:
                self.add("request", (number, 0, self.mode()))

    def runs(self, vcpus):
        rng = self.rng
        for number in vcpus:
            for _ in range(rng.choice([0, 1, 1, 2, 3])):
                # Others wait for the boot vCPU to start them.
                how = rng.choice(["good"] * 10 + ["intr" if number == vcpus[0] == 0 else "again", "again", ("errno", rng.choice(ERRORS)),
                                                  ("exit", rng.choice([0, 9, 17]))])
                if rng.random() < 0.05:
                    self.add("line", (number + 1, rng.choice(LINES), number))
                self.add("run", (number, number + 1, how))

    def vcpu(self, number):
        """A vCPU, with PAPR as a rule before anything else."""
        rng = self.rng
        self.add("vcpu", (number, rng.random() < 0.1))
        when = rng.random()
        if when < 0.85:
            self.add("set", (number, "papr", True))
        elif when < 0.95:
            self.add("request", (number, 0, self.mode()))
            self.add("set", (number, "papr", True))

    def live(self):
        rng = self.rng
        self.add("born")
        if rng.random() < 0.3:
            self.add("check")
        if rng.random() < 0.15:
            self.add("blocked")
        for _ in range(rng.choice([0, 0, 1, 1, 1, 2, 3])):
            self.query()
        vcpus = list(range(rng.choice([0, 1, 1, 1, 2, 2, 4]))) if rng.random() < 0.95 else [0, 8, 16]
        for number in vcpus:
            self.vcpu(number)
        for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
            if rng.random() < 0.75:
                self.requests(vcpus)
            if rng.random() < 0.75:
                self.runs(vcpus)
            if rng.random() < 0.1:
                self.query()
            if vcpus and rng.random() < 0.1:
                self.add("set", (rng.choice(vcpus), "broken", False))
        if vcpus and rng.random() < 0.15:
            self.vcpu(max(vcpus) + 1)
            if rng.random() < 0.5:
                self.requests([max(vcpus) + 1])
            self.runs([max(vcpus) + 1])
        if vcpus and rng.random() < 0.03:
            for _ in range(rng.choice([9, 20])):
                self.requests(vcpus[:1])
        if rng.random() < 0.6:
            self.add("end")
        return self.steps


def interleaved(rng, lists):
    """Their steps one among the other, each list in its order."""
    lists = [list(one) for one in lists if one]
    steps = []
    while lists:
        one = rng.choice(lists)
        for _ in range(rng.choice([1, 2, 8])):
            if one:
                steps.append(one.pop(0))
        lists = [other for other in lists if other]
    return steps


def attaching(rng, schema, lacking):
    steps = []
    for point in ["birth", *WATCHED, "death"]:
        how = "tracepoint" if point in ("run", "console") else rng.choice(["fexit", "fexit", "kprobe"])
        steps.append(Step("begin", None, (point, "absent" if point in lacking else how)))
    if schema == 1:
        rng.shuffle(steps)
    return steps


def disturbed(rng, config, steps):
    """With losses, gaps, and a host that changes, here and there."""
    schema = config["schema"]
    if rng.random() < 0.35:
        many = rng.choice([0.02, 0.1, 0.3])
        reasons = rng.sample(LOSSES, 2)
        steps = [step._replace(loss=rng.choice(reasons)) if step.op in ("born", "end", "query", "request", "run", "check")
                 and rng.random() < many and not (schema == 1 and step.op in ("born", "end")) else step
                 for step in steps]
        for _ in range(rng.choice([0, 1, 2])):
            steps.insert(rng.randint(0, len(steps)), Step("tell"))
    if rng.random() < 0.1:
        reason, kind = rng.choice([("recursion", "run"), ("recursion", "line"), ("probe-missed", None)])
        at = rng.randint(0, len(steps))
        steps[at:at] = [Step("phantom", None, (reason, kind)), Step("tell")]
    if rng.random() < 0.15:
        point = rng.choice(["ioctl", "reg", "run", "check", *(["birth", "death"] if schema > 1 else [])])
        first, last = sorted(rng.randint(0, len(steps)) for _ in range(2))
        if rng.random() < 0.8:
            steps.insert(last, Step("attach", None, (point, "kprobe")))
        steps.insert(first, Step("attach", None, (point, "absent")))
    elif rng.random() < 0.15 and schema > 1:
        for _ in range(rng.choice([1, 2, 3])):
            steps.insert(rng.randint(0, len(steps)), Step("idle"))
    if rng.random() < 0.1:
        config["hosts"].append(migrated(rng, config["hosts"][0]))
        steps.insert(rng.randint(0, len(steps)), Step("host", None, 1))
    if rng.random() < 0.1 and schema > 1:
        steps.insert(rng.randint(0, len(steps)), Step(rng.choice(["stillborn", "untold"]), None, rng.choice(ERRORS)))
    return steps


def filters_of(rng):
    kind = rng.choice([None] * 8 + ["threads", "outcomes", "processes"])
    return {None: {}, "threads": {"threads": [0, 1], "options": "--tid 100"}, "outcomes": {"outcomes": True,
            "options": "--errors-only"}, "processes": {"processes": True, "options": "--comm qemu"}}[kind]


def slow(rng, step):
    """A query may take as long as some of the steps before it: threads are in KVM at the same time."""
    return step._replace(arg=(*step.arg, rng.choice([0] * 6 + [1, 2, 4]))) if step.op == "query" else step


def generate(seed):
    rng = random.Random(seed)
    schema = 2 if rng.random() < 0.93 else 1
    host = host_of(rng)
    config = {"schema": schema, "hosts": [host], "filters": filters_of(rng), "late": rng.random() < 0.2,
              "cut": rng.random() if rng.random() < 0.07 else None, "garbled": []}
    if schema == 1 and config["filters"].get("processes"):
        config["filters"] = {}
    if rng.random() < 0.07:
        config["garbled"] = [rng.randint(1, 80) for _ in range(rng.choice([1, 1, 2, 4]))]
    count = rng.choice([1, 1, 1, 2, 2, 3, 5])
    backends = [host.nested == "none" and rng.random() < 0.2 or rng.random() < 0.05 for _ in range(count)]
    if any(backends):
        host.modules = "kvm kvm_hv kvm_pr"
    vms = [plan_of(rng, i, schema, backends[i]) for i in range(count)]
    lives = [Vmm(rng, i, host).live() for i in range(count)]
    steps = interleaved(rng, lives)
    lacking = {rng.choice(WATCHED)} if rng.random() < 0.1 else set()
    begin = attaching(rng, schema, lacking)
    if rng.random() < 0.3:  # not before everything else
        at = rng.randint(0, len(steps))
        during = rng.randint(at, min(len(steps), at + 6))
        held = rng.random() < 0.5
        middle = interleaved(rng, [begin, steps[at:during]])
        after = disturbed(rng, config, steps[during:])
        steps = steps[:at] + ([Step("hold")] if held else []) + middle + [Step("found"), Step("release")] + after
    else:
        steps = begin + disturbed(rng, config, steps)
    return Scenario(seed, config, vms, [slow(random.Random(f"{seed} {i}"), step) for i, step in enumerate(steps)])
