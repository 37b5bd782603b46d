# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""causes.py check|write PROGRAM [PAGE]: hold docs/compatcaps-causes.7 to what PROGRAM explains.

The page has a section for each event and an item for each cause. `write` makes it anew, `check` says
what differs and ends with 1."""
import difflib
import json
import re
import subprocess
import sys
import textwrap

PAGE = "docs/compatcaps-causes.7"
HEAD = r""".\" SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
.\" Made by tests/tree/causes.py of what `compatcaps-trace explain --json` prints.
.Dd November 30, 2026
.Dt COMPATCAPS-CAUSES 7
.Os
.Sh NAME
.Nm compatcaps-causes
.Nd why KVM on POWER answered as it did, and what to change
.Sh DESCRIPTION
.Xr compatcaps-trace 1
names the cause of each query of the modes that a host offers to its guests,
and of each request for one of them.
This page explains the causes.
.Nm compatcaps-trace Cm explain Ar cause
prints one of them.
"""
TAIL = r""".Sh SEE ALSO
.Xr compatcaps-trace 1 ,
.Xr compatcaps-trace-doctor 1 ,
.Xr compatcaps-trace-vms 1
"""
SECTIONS = {"negotiation": ("Queries", "KVM_PPC_GET_COMPAT_CAPS"),
            "arch-compat": ("Requests for a mode", "KVM_REG_PPC_ARCH_COMPAT")}
PARTS = [("Why", "why"), ("If you run guests", "guests"), ("If you write the VMM", "vmm"), ("Kernels", "kernels")]


def roff(text):
    """A sentence a line; nothing that begins a line is a request."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    lines = re.split(r"(?<=[.:]) (?=[A-Z`])", text)
    lines = [part for line in lines for part in textwrap.wrap(line, 78, break_long_words=False, break_on_hyphens=False)]
    return "".join(("\\&" if line[0] in ".'" else "") + line + "\n" for line in lines)


def literal(text):
    """Signs that groff would make typographic ones of."""
    return text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq")


def item(cause):
    yield f".It Sy {cause['cause']} Pq {cause['result']}\n"
    yield roff(cause["what"])
    for heading, key in PARTS:
        if cause[key]:
            yield f".Pp\n.Em {heading}\n.br\n" + roff(cause[key])
        if key == "guests" and cause["lines"]:
            yield ".Bd -literal -offset indent\n" + literal(cause["lines"]) + ".Ed\n"


def page(causes):
    text = HEAD
    for event, (heading, call) in SECTIONS.items():
        text += f".Ss {heading}\nOf\n.Dv {call} ,\nevent\n.Ql {event} :\n.Bl -tag -width Ds\n"
        text += "".join(part for cause in causes if cause["event"] == event for part in item(cause)) + ".El\n"
    return text + TAIL


def main():
    what, program, *path = sys.argv[1:]
    path = path[0] if path else PAGE
    want = page(json.loads(subprocess.run([program, "explain", "--json"], check=True, capture_output=True).stdout))
    if what == "write":
        with open(path, "w", encoding="utf-8") as f:
            f.write(want)
        return
    with open(path, encoding="utf-8") as f:
        differs = list(difflib.unified_diff(f.read().splitlines(), want.splitlines(), path, "explain", lineterm=""))
    print("\n".join(differs))
    sys.exit(bool(differs))


main()
