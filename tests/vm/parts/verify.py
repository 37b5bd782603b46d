# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Does each program pass the verifier of each kernel, and what does it cost there? The
figures are the kernel's own; tests/check prints the lines that begin with ##."""
import re

import vmtest

# What the guest's script has kept.
NAMES = ["auto", "kprobe", "chosen"]
# Tracepoints, and what user space runs, are the same for both.
SECTIONS = {"fexit": r"f(entry|exit|session)|tp_btf|syscall", "kprobe": r"k(ret)?probe|tp_btf|syscall"}


def programs(kernel, method):
    """Those of the source, by their sections. The hook is there with the feature."""
    files = [vmtest.TOP / "src" / "compatcaps.bpf.c", *sorted((vmtest.TOP / "src" / "bpf").glob("*.bpf.h"))]
    source = "\n".join(file.read_text() for file in files)
    found = re.findall(r'^SEC\("([^"]*)"\)\n+int (?:BPF_\w+\()?(\w+)', source, re.M)
    return [name for section, name in found if re.match(SECTIONS[method], section)
            and (vmtest.has_feature(kernel) or not name.startswith("backend_"))]


def figures(guest, method):
    """program -> the line of figures that the dry run prints of it."""
    lines = (line for line in guest.lines(f"{method}.out") if re.match(r"[a-z_]+ +[1-9]", line))
    return {line.split()[0]: line for line in lines}


def one_or_two(wanted, verified):
    """A call's beginning and end are watched by one program, or where the kernel has no such by two."""
    one, two = {"ioctl_session"}, {"ioctl_fentry", "ioctl_fexit"}
    return [name for name in wanted if name not in (two if one & set(verified) else one)]


def check_method(tap, kernel, method, verified, chosen=""):
    wanted = one_or_two(programs(kernel, method), verified)
    tap.ok(len(wanted) > 3, f"{kernel}: the source has programs for {method}{chosen}", wanted)
    limits = dict(vmtest.limits("verified"))
    for name in wanted:
        tap.ok(name in verified, f"{kernel}: {name} verifies ({method}{chosen})")
        looked_at = int(verified.get(name, "- 0").split()[1])
        tap.ok(looked_at <= int(limits.get(name, 0)),
               f"{kernel}: {name}: the verifier looks at no more than bench/limits allows ({method}{chosen})",
               f"{looked_at}, allowed {limits.get(name)}")


def runs(kernel, machine):
    if machine == "p10-v1":
        yield vmtest.Run(kernel, machine, "verify", "verify", [], 150, vmtest.cpus_for(kernel, "kprobe"))


def check(tap, guest, run):
    auto, kprobe, chosen = (figures(guest, name) for name in NAMES)
    for line in sorted((auto | kprobe).values()):
        print(f"## {run.kernel} {line}")
    tap.same([guest.number(f"{name}.status") for name in NAMES], [0, 0, 0],
             f"{run.kernel}: both methods attach, and with filters", *(guest.text(f"{name}.err") for name in NAMES))
    method = "fexit" if vmtest.has_fexit(run.kernel) else "kprobe"
    check_method(tap, run.kernel, method, auto, ", auto")
    check_method(tap, run.kernel, method, chosen, ", auto, with filters")
    fewer = [name for name in auto if int(auto[name].split()[2]) < int(chosen.get(name, "- 0 0").split()[2])]
    tap.ok(len(fewer) > 3, f"{run.kernel}: without filters the programs are smaller", fewer)
    check_method(tap, run.kernel, "kprobe", kprobe)
