# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""src/kvm/capabilities.def as Python has it, and docs/capabilities.md, which is made of it and of what `caps --json` says on
each emulated machine. tests/vm/capabilities-page makes the page anew."""
import json
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parent.parent
TABLE = TOP / "src" / "kvm" / "capabilities.def"
PAGE = TOP / "docs" / "capabilities.md"
SCHEMA = TOP / "docs" / "caps.schema.json"
# The kernel that the page is about.
KERNEL = "debian-7.3"
HEAD = """<!-- SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause -->
# What KVM grants QEMU

QEMU's pseries machine asks KVM for the capabilities below when it starts. `compatcaps-trace caps` tells which of them a
host grants ([compatcaps-trace-caps(1)](compatcaps-trace-caps.1)). This page is made by `tests/vm/capabilities-page write`:
of the table that the program has (`src/kvm/capabilities.def`), which the tests compare with QEMU's source, and of what the
verb says on each emulated machine, which the tests compare with what a QEMU does there.

"""
MATRIX = """## What emulated machines grant

With Debian's kernel 7.3, on the machines of [the guests](guests.md) on which KVM makes VMs. **Bold**: QEMU's newest
pseries machine does not start for that without an option. Machines whose hypervisor refuses modes (`-strict`,
`-offers-`) are left out. What a processor does against speculation is what its emulator says, and not what a real one does.

"""
WORDS = """## What to write

What starts QEMU without a capability stands behind `-machine`; VALUE is what is granted. libvirt has an element below
`<features>` for some; for the others write `<qemu:commandline>`. A host **needs** a capability if QEMU does not start
without it and without an option, and **uses** it if QEMU does otherwise without it. The rest is only asked for by who
wants it. Defaults are those of QEMU 10.2 to 11.1.

"""


def rows():
    """The table: for each row its members, without their dots."""
    text = re.sub(r"/\*.*?\*/", "", TABLE.read_text(encoding="utf-8"), flags=re.S)
    found = []
    for row in re.findall(r"^CAPABILITY\((.*?)\)\s*(?=^CAPABILITY|\Z)", text, re.M | re.S):
        members = re.findall(r'\.(\w+) =\s*((?:"(?:[^"\\]|\\.)*"\s*)+|\w+)', row)
        found.append({key: "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', value)) if value[0] == '"' else value for key, value in members})
    return found


def invalid(told):
    """What the schema has against this object."""
    from jsonschema import Draft202012Validator  # pylint: disable=import-outside-toplevel # not where the page is only read
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    strict = json.loads(json.dumps(schema))
    strict["additionalProperties"] = strict["$defs"]["capability"]["additionalProperties"] = False
    return [f"{list(error.path)}: {error.message}" for error in Draft202012Validator(strict).iter_errors(told)]


def cell(row):
    word = row["value"] or ("yes" if row["granted"] else "no")
    return f"**{word}**" if row["missing"] else word


def column(told):
    return {row["name"]: cell(row) for row in told["capabilities"]}


def line(cells):
    return "| " + " | ".join(cells) + " |\n"


def code(word):
    return f"`{word}`" if word else "-"


def matrix(columns):
    """columns: machine -> name of a capability -> what is granted there."""
    text = line(["Capability", "KVM_CAP_", "Linux", *(code(machine) for machine in columns)])
    text += line(["---"] * (3 + len(columns)))
    for row in rows():
        kvm = row.get("kvm", "").removeprefix("KVM_CAP_")
        text += line([code(row["name"]), code(kvm), row.get("since", "-"), *(each[row["name"]] for each in columns.values())])
    return text


def words():
    text = line(["Capability", "What it is", "Default", "Need", "Without it", "libvirt", "QEMU says"]) + line(["---"] * 7)
    needs = {"NEED_START": "needs", "NEED_USED": "uses", "NEED_ASKED": "-"}
    for row in rows():
        what = row["what"] + (f". Without it {row['otherwise']}" if "otherwise" in row else "")
        since = row.get("from", "0")
        default = row.get("wants", "-")
        if default not in ("-", "off") and since.isdigit() and int(since) > 8:
            default += f", from POWER{since} on"
        if since == "CAPABILITY_NO_HOST":
            default = f"{row['levels'].split()[0]} (meant: {default})"
        need = "-" if since == "CAPABILITY_NO_HOST" else needs[row["need"]]
        text += line([code(row["name"]), what, default, need, code(row.get("without")), code(row.get("libvirt")),
                      row.get("message", "-").strip()])
    return text


def page(columns):
    return HEAD + MATRIX + matrix(columns) + "\n" + WORDS + words()


def columns_of_page():
    """What the page has of each machine."""
    text = PAGE.read_text(encoding="utf-8").partition(MATRIX)[2].partition("\n\n")[0]
    table = [[c.strip(" `") for c in l.strip("| ").split(" | ")] for l in text.splitlines()]
    if len(table) < 3:
        return {}
    return {machine: {row[0]: row[3 + i] for row in table[2:]} for i, machine in enumerate(table[0][3:])}


def differences(machine, told):
    """Where the page says otherwise of this machine."""
    here, there = column(told), columns_of_page().get(machine, {})
    return sorted(f"{name}: {here.get(name)}, the page has {there.get(name)}" for name in here.keys() | there.keys()
                  if here.get(name) != there.get(name))
