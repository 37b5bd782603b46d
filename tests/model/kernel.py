# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""KVM on POWER in miniature: what it does with each call, and why. Written from the ABI's rules and from what was
read in the sources of 6.12 and 7.3; nothing here is taken from the tracer."""
from dataclasses import dataclass, field

P8, P9, P10, P11 = 0x0f000004, 0x0f000005, 0x0f000006, 0x0f000007
NAMES = {0x0f000002: "POWER6", 0x0f000003: "POWER7", 0x0f100003: "POWER7+", P8: "POWER8", P9: "POWER9",
         P10: "POWER10", P11: "POWER11"}
AGES = list(NAMES)  # oldest first
BITS = {P9: 1 << 62, P10: 1 << 61, P11: 1 << 60}
RAW = {P9: 0x004e1202, P10: 0x00801200, P11: 0x00820100}
INVALID = 0xffffffff
EINVAL, ENOTTY, E2BIG, EFAULT, EINTR, EAGAIN = 22, 25, 7, 14, 4, 11
ERRNOS = {1: "EPERM", EINTR: "EINTR", 5: "EIO", 6: "ENXIO", E2BIG: "E2BIG", EAGAIN: "EAGAIN", 12: "ENOMEM",
          EFAULT: "EFAULT", 16: "EBUSY", EINVAL: "EINVAL", ENOTTY: "ENOTTY"}
COMMANDS = {"v1-v2": 0x4010aee4, "v3-v4": 0x4018aee4, "v5": 0x2000aee4, "mainline": 0x2000aeb8}
BAD_EXITS = {0: "unknown", 9: "fail-entry", 17: "internal-error"}
GOOD_EXIT = 19  # a hypercall that user space is to see to
VER0 = 24


def cumulative(pvr):
    return sum(bit for mode, bit in BITS.items() if mode <= pvr) if pvr in BITS else 0


def nearest(modes, pvr):
    """Of the modes that a host offers the one to ask for instead of this; None: there is none."""
    newer = [mode for mode in BITS if NAMES[mode] in (modes or []) and AGES.index(mode) >= AGES.index(pvr)]
    return NAMES[newer[0]] if newer else modes[-1] if modes else None


def modes_of(caps):
    return [NAMES[mode] for mode, bit in BITS.items() if caps & bit]


@dataclass
class Host:
    """A kernel, where it runs, and what of that the tracer could read (hidden: the names of facts that it could
    not)."""
    abi: str | None  # "mainline", "v5"; None: a kernel without the ioctl
    checks: bool     # it judges modes as 7.3 does
    nested: str      # "v1", "v2", "none": bare metal
    cpu: int         # the mode in which the host runs, a logical PVR; what maps to none is an odd cpu-version
    caps: int        # of nested API v2
    ksize: int = 24
    page: int = 65536
    no_p10: bool = False  # 7.2 and 7.3 look for POWER11 where POWER10 is asked for (map_pcr_to_cap)
    hidden: tuple = ()
    modules: str = "kvm kvm_hv"

    def offers(self):
        return self.caps if self.nested == "v2" else cumulative(self.cpu)

    def hook(self):
        """What the backend's hook returns: (ret, caps, the cause of a failure)."""
        if self.nested == "none":
            return -EINVAL, 0, "backend-not-pseries"
        if self.nested == "v2":
            return 0, self.caps, None
        caps = cumulative(self.cpu)
        return (0, caps, None) if caps else (-EINVAL, 0, "backend-unmapped-cpu-version")

    def cpu_version(self):
        """As the device tree has it: a logical PVR, on bare metal the processor's own."""
        return RAW.get(self.cpu) if self.nested == "none" else self.cpu


@dataclass
class Vcpu:
    """A vCPU: the register, and what the guest did on it."""
    number: int
    papr: bool = False
    reg: int = 0         # ARCH_COMPAT
    exits: int = 0
    broken: bool = False  # its next KVM_RUNs cannot work, whatever its mode


@dataclass
class Vm:
    """A VM as KVM has it. plan: what a scenario says of it (scenario.py)."""
    index: int
    plan: dict
    vcpus: dict = field(default_factory=dict)
    born: int | None = None
    ended: int | None = None
    events: list = field(default_factory=list)  # all that happened, recorded or not

    def lives(self):
        return self.born is not None and self.ended is None


def query(host, vm, kind, abi):
    """One KVM_PPC_GET_COMPAT_CAPS: (what the caller has in its struct, what is there afterwards, ret, cause, the hook's
    ret and caps or None, the caps of an answer)."""
    usize = {"small": 16, "large": host.ksize + 8, "newer": host.ksize + 16, "huge": 0x100000,
             "none": 0}.get(kind, host.ksize if kind == "retry" else 24)
    flags = 1 if kind == "flags" else 0
    words = [flags, usize, 0] if abi == "v3-v4" else [usize, flags, 0]
    if abi != host.abi:
        cause = "no-kernel-support" if host.abi is None else "abi-mismatch"
        return words, words, -ENOTTY, cause, None, None
    ret, cause, out = 0, None, list(words)
    if kind == "fault":
        return [], [], -EFAULT, "arg-unreadable", None, None
    if abi == "mainline" and usize > host.page:
        ret, cause = -E2BIG, "size-over-page"
    elif usize < VER0:
        ret, cause = -EINVAL, "size-too-small"
    elif usize > host.ksize and (abi == "v5" or kind == "newer"):
        ret, cause, out[0] = -E2BIG, "struct-too-new", host.ksize
    elif flags:
        ret, cause = -EINVAL, "flags-set"
    elif vm.plan["pr"]:
        ret, cause = -ENOTTY, "no-backend"
    if ret:
        return words, out, ret, cause, None, None
    ret, caps, cause = host.hook()
    if ret:
        return words, out, ret, cause, (ret, caps), None
    cause = "ok" if usize == host.ksize else "ok-larger-struct" if usize > host.ksize else "ok-smaller-struct"
    out = [host.ksize if abi == "v5" else min(usize, host.ksize), flags, caps]
    return words, out, 0, cause if caps else "ok-no-modes", (0, caps), caps


def above(host, pvr):
    """Is it newer than all that the host has? None where that is nothing."""
    has = [AGES.index(mode) for mode, bit in BITS.items() if host.offers() & bit]
    return AGES.index(pvr) > max(has) if has else None


def request(host, vm, vcpu, pvr):
    """KVM_SET_ONE_REG of ARCH_COMPAT: (ret, why): why is what made the kernel say so."""
    if vm.plan["pr"]:
        return -EINVAL, "pr"
    if pvr and pvr not in AGES:
        return -EINVAL, "unknown"
    level = min(host.cpu, P10) if host.cpu in AGES else P10  # POWER11 has no bit of its own among the features
    if pvr and AGES.index(min(pvr, P10) if pvr in BITS else pvr) > AGES.index(level):
        return -EINVAL, "newer"
    if host.checks and pvr:
        if pvr == P11 and host.cpu in AGES and host.cpu < P11:
            vcpu.reg = INVALID
            return -EINVAL, "newer"
        if host.nested == "v2":
            if not host.caps & BITS.get(pvr, 0):
                return -EINVAL, "newer" if above(host, pvr) else "outside"
            if pvr == P10 and host.no_p10:
                return -EINVAL, "bug"
    if host.checks and not pvr and host.nested == "v2" and not host.caps & BITS[host.cpu]:
        return -EINVAL, "bug"  # 0 stands for the host's own mode
    vcpu.reg = pvr
    if host.checks and not vcpu.papr:
        return -EINVAL, "papr"
    if not pvr:
        return 0, "default"
    return 0, "above" if above(host, pvr) else "fine"


def run(host, vm, vcpu, how):
    """KVM_RUN: (kind of event or "none", ret, exit reason, what KVM prints). how: what the guest or the user would make of it, "good",
    "intr", "again", ("errno", n) or ("exit", n)."""
    if not vm.plan["pr"]:
        if vcpu.reg == INVALID or not vcpu.papr:
            return "run", -EINVAL, 17, None
        if host.nested != "none" and vcpu.reg in AGES and above(host, vcpu.reg):
            return "run", -EINVAL, 17, "KVM-NESTEDv2: couldn't set guest wide elements"
    if vcpu.broken and how in ("good", "intr"):
        how = ("errno", EINVAL)
    if how == "again":
        return "none", -EAGAIN, 10, None
    if how[0] == "errno":
        return "run", -how[1], 17, None
    vcpu.exits += 1
    if how == "intr":
        return "none", -EINTR, 10, None
    if how == "good":
        return "ran", 0, GOOD_EXIT, None
    return "run", 0, how[1], None
