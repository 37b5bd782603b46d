# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Recordings of any size, for tests of what a program does with many VMs, losses and names. The lines are those
of a recording that is there, with other numbers in them."""
import json
import pathlib

TESTS = pathlib.Path(__file__).parent.parent
MODELS = [TESTS / "fuzz/corpus/recordings/ordinary.jsonl", TESTS / "data/debian-7.3-p11-as-p10-v2.jsonl"]
POINTS = ["kvm_arch_vm_ioctl", "kvmppc_get_compat_caps", "kvm_vm_ioctl_check_extension", "kvmppc_set_one_reg",
          "kvm:kvm_userspace_exit", "printk:console"]
# What stands for a number or a text that differs from line to line. Numbers stand without quotes.
NUMBERS = ["seq", "mono_ns", "pid", "ino", "n", "word"]


def models():
    """The first line of each type there."""
    found = {}
    for path in MODELS:
        for line in path.read_text().splitlines():
            event = json.loads(line)
            found.setdefault((event["type"], event.get("event")), event)
    return found


LINES = models()


def template(kind, event=None, evidence=None, **values):
    """A line as a format: what a caller names stands in it as {name}."""
    line = json.loads(json.dumps(LINES[kind, event]))
    line.update(values, seq="<seq>", mono_ns="<mono_ns>", ts="2026-11-22T06:00:00.000000000Z")
    if "evidence" in line:
        line["evidence"].update(evidence or {})
    text = json.dumps(line, separators=(",", ":")).replace("{", "{{").replace("}", "}}")
    for name in NUMBERS:
        text = text.replace(f'"<{name}>"', f"{{{name}}}")
    return text.replace("<", "{").replace(">", "}") + "\n"


VM = {"vm": "0xc{ino:015x}".replace("{", "<").replace("}", ">"), "vm_ino": "<ino>", "vm_name": "<vm_name>"}
WHO = {"pid": "<pid>", "comm": "<comm>"}
CALL = WHO | {"tid": "<pid>"}
BORN = {"pid": "<pid>", "vm_ino": "<ino>", "vm_name": "<vm_name>", "comm": "<comm>", "name_option": "guest=<guest>"}
FORMATS = {
    "trace": template("trace"),
    "attach": template("attach", function="<function>", how="<how>", why=None, older="<older>").replace('"{older}"', "{older}"),
    "created": template("vm", "created", BORN, **WHO),
    "ended": template("vm", "ended", BORN | {"name_option": None}, **WHO),
    "query": template("negotiation", None, VM | {"ret": -7, "in": ["<word>", 0, 1], "out": [24, 0, 0], "hook": None,
                                                "head": None, "name_option": "guest=<guest>"}, **CALL),
    "ask": template("arch-compat", None, VM | {"ret": -22, "arg": "0x000000000f000007"}, **CALL),
    "run": template("run", None, VM, **CALL),
    "kernel": template("kernel", None, VM, message="KVM: <text>", **CALL),
    "lost": template("lost", n="<n>", reason="<reason>", by="<by>").replace('"{by}"', "{by}"),
    "end": template("end"),
}


class Vm:
    """One of many. long: its names are as long as they can be, and no two alike."""

    def __init__(self, i, long=False):
        self.values = {"pid": 1000 + i, "ino": 100_000 + i, "vm_name": f"{1000 + i}-12", "word": 4096 - i % 64 * 8,
                       "comm": f"qemu-{i}", "guest": f"guest-{i}", "text": f"line {i}"}
        if long:
            # A byte that is escaped takes four.
            self.values["comm"] = ("\\\\x1b" * 9 + f"{i:06}")
            self.values["guest"] = f"{i:06}-" + "n" * 248
            self.values["text"] = f"{i:06} " + "l" * 240


class Recording:
    """Written as it is made. Everything is watched from the beginning, and no VM is older."""

    def __init__(self, path):
        self.file, self.seq = path.open("w"), 0
        self.put("trace")
        for point in POINTS:
            self.attach(point)

    def put(self, kind, **values):
        self.seq += 1
        self.file.write(FORMATS[kind].format(seq=self.seq, mono_ns=1_000_000 + self.seq * 1000, **values))

    def vm(self, kind, vm):
        self.put(kind, **vm.values)

    def attach(self, function, older=(), how=None):
        how = how or ("tracepoint" if ":" in function else "fexit")
        self.put("attach", function=function, how=how, older="null" if older is None else list(older))

    def lost(self, reason="ring-full", n=1, ino=0):
        part = {"type": "negotiation", "cmd": "0x2000aeb8", "ret": -7, "errno": "E2BIG", "n": n,
                "evidence": {"vm": None, "vm_ino": ino}}
        self.put("lost", n=n, reason=reason, by=json.dumps([part] if ino else []))

    def end(self):
        self.put("end")
        self.file.close()
