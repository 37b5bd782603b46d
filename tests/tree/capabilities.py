# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""capabilities.py SOURCE WHY LIBVIRT: hold src/kvm/capabilities.def to the source of a QEMU in SOURCE, in both directions, to
the words of libvirt's driver for QEMU (a file; "": there is none), and docs/capabilities.md to the table; then each kind of
row with something wrong in it, which has to be noticed. WHY says why there is no source; "": there is. TAP."""
import copy
import json
import pathlib
import re
import sys

sys.path.insert(0, "tests")
import capabilities  # pylint: disable=wrong-import-position
import tap  # pylint: disable=wrong-import-position

# What QEMU asks KVM for in these files, and why the table is without it.
ELSEWHERE = {
    "KVM_CAP_PPC_UNSET_IRQ": "every KVM has it", "KVM_CAP_ONE_REG": "every KVM has it", "KVM_CAP_PPC_HIOR": "of KVM PR alone",
    "KVM_CAP_PPC_BOOKE_SREGS": "of another family", "KVM_CAP_PPC_BOOKE_WATCHDOG": "of another family",
    "KVM_CAP_PPC_EPR": "of another family", "KVM_CAP_SW_TLB": "of another family", "KVM_CAP_IRQ_MPIC": "of another family",
    "KVM_CAP_PPC_GET_PVINFO": "KVM PR has it, which tells it from HV", "KVM_CAP_PPC_SMT": "how many threads a core has now",
    "KVM_CAP_DEVICE_CTRL": "of every architecture", "KVM_CAP_INFO": "no capability", "KVM_CAP_LAST_INFO": "no capability",
}
# What QEMU has no header of yet.
NEWER = {"KVM_CAP_PPC_COMPAT_CAPS"}
GENERATIONS = {"3_10": "10", "3_00": "9", "2_07": "8", "2_06_PLUS": "7", "2_06": "7"}
VALUES = {"SPAPR_CAP_ON": "on", "SPAPR_CAP_OFF": "off", "SPAPR_CAP_BROKEN": "broken", "SPAPR_CAP_WORKAROUND": "workaround"}
BITS = {
    "CHARACTER_BARRIER": "H_CPU_CHAR_SPEC_BAR_ORI31", "CHARACTER_SERIALISED": "H_CPU_CHAR_BCCTRL_SERIALISED",
    "CHARACTER_FLUSH_ORI": "H_CPU_CHAR_L1D_FLUSH_ORI30", "CHARACTER_FLUSH_TRIG": "H_CPU_CHAR_L1D_FLUSH_TRIG2",
    "CHARACTER_PRIVATE_L1D": "H_CPU_CHAR_L1D_THREAD_PRIV", "CHARACTER_NO_COUNT": "H_CPU_CHAR_CACHE_COUNT_DIS",
    "CHARACTER_FLUSH_HELP": "H_CPU_CHAR_BCCTR_FLUSH_ASSIST", "BEHAVIOUR_FLUSH_L1D": "H_CPU_BEHAV_L1D_FLUSH_PR",
    "BEHAVIOUR_BARRIER": "H_CPU_BEHAV_BNDS_CHK_SPEC_BAR", "BEHAVIOUR_FLUSH_COUNT": "H_CPU_BEHAV_FLUSH_COUNT_CACHE",
}


class Qemu:
    """What its source says."""

    def __init__(self, top):
        def read(path):
            return (top / path).read_text(encoding="utf-8")
        self.caps, spapr = read("hw/ppc/spapr_caps.c"), read("hw/ppc/spapr.c")
        paths = [*top.glob("hw/ppc/spapr*.c"), top / "hw/ppc/pef.c", *top.glob("hw/intc/*_kvm.c"), top / "target/ppc/kvm.c"]
        code = "".join(path.read_text(encoding="utf-8") for path in paths)
        # Texts of C that follow each other are one.
        self.texts = re.sub(r'"\s*\n\s*"', "", code)
        self.asked = set(re.findall(r"\bKVM_CAP_[A-Z0-9_]+\b", code)) - set(ELSEWHERE)
        self.numbers = dict(re.findall(r"#define (KVM_CAP_\w+)\s+(\d+)", read("linux-headers/linux/kvm.h")))
        table = self.caps.partition("capability_table[SPAPR_CAP_NUM]")[2].partition("\n};")[0]
        entries = re.findall(r"\[(SPAPR_CAP_\w+)\] = \{(.*?)\n    \}", table, re.S)
        self.index = {index: "cap-" + re.search(r'\.name = "(.*?)"', entry)[1] for index, entry in entries}
        self.levels = {self.index[index]: self.vals(entry) for index, entry in entries if ".possible" in entry}
        found = re.findall(r"smc->default_caps\.caps\[(SPAPR_CAP_\w+)\] = (\w+);", spapr.partition("spapr_machine_class_init")[2])
        self.wants = {self.index[index]: VALUES.get(value) or str(1 << int(value)) for index, value in found[:len(entries)]}
        self.generations = self.read_generations()

    def vals(self, entry):
        name = re.search(r"\.possible = &(\w+)", entry)[1]
        return " ".join(re.findall(r'"(.*?)"', re.search(rf"{name} = \{{.*?\.vals = \{{(.*?)\}}", self.caps, re.S)[1]))

    def read_generations(self):
        """From which generation on a cap-* is not switched off by default."""
        code = self.caps.partition("default_caps_with_cpu")[2].partition("\n}")[0]
        return {self.index[index]: GENERATIONS[isa]
                for isa, body in re.findall(r"CPU_POWERPC_LOGICAL_(\w+),\s*0, spapr->max_compat_pvr\)\) \{(.*?)\}", code, re.S)
                for index in re.findall(r"caps\.caps\[(SPAPR_CAP_\w+)\] =", body)}


def complaints_of_row(row, qemu):
    name, kvm = row["name"], row.get("kvm")
    if kvm and kvm not in NEWER and qemu.numbers.get(kvm) != row["number"]:
        yield f"{kvm} is {qemu.numbers.get(kvm)}"
    if row.get("message", "") not in qemu.texts:
        yield f"QEMU never says: {row['message']}"
    if not name.startswith("cap-"):
        return
    if row.get("message", "") not in re.sub(r'"\s*\n\s*"', "", qemu.caps):
        yield "that is no message of a cap-*"
    if row.get("levels") != qemu.levels.get(name):
        yield f"its levels are {qemu.levels.get(name)}"
    if row.get("wants") != qemu.wants.get(name):
        yield f"QEMU's default is {qemu.wants.get(name)}"
    # Nobody's generation is how the table says that QEMU's own comparison fails (tests/vm/parts/caps.py shows it).
    if row.get("from") not in (qemu.generations.get(name), "CAPABILITY_NO_HOST"):
        yield f"QEMU takes its default from POWER{qemu.generations.get(name)} on"
    if row.get("without") not in (f"{name}=off", f"{name}=VALUE"):
        yield "the option is another one"


def complaints(rows, qemu):
    found = [f"{row['name']}: {what}" for row in rows for what in complaints_of_row(row, qemu)]
    names = [row["name"] for row in rows if row["name"].startswith("cap-")]
    if names != list(qemu.index.values()):
        found.append(f"the table has {names}, QEMU has {list(qemu.index.values())}")
    for kvm in sorted(qemu.asked - {row.get("kvm") for row in rows}):
        found.append(f"{kvm}: QEMU asks for it, and the table has no row")
    for kvm in sorted({row["kvm"] for row in rows if "kvm" in row} - qemu.asked - NEWER - {"KVM_CAP_PPC_PAPR"}):
        found.append(f"{kvm}: QEMU does not ask for it")
    return found


def check_mistakes(t, rows, qemu):
    def with_mistake(name, key, value):
        wrong = copy.deepcopy(rows)
        next(row for row in wrong if row["name"] == name)[key] = value
        return wrong
    for name, key, value in (("cap-htm", "name", "cap-tm"), ("cap-htm", "number", "133"), ("cap-htm", "wants", "on"),
                             ("cap-htm", "without", "cap-htm=on"), ("cap-ibs", "levels", "broken workaround fixed"), ("cap-dawr1", "from", "9"),
                             ("cap-dawr1", "message", "DAWR1 is not supported"), ("xive", "message", "no IRQ_XIVE"), ("xive", "kvm", "KVM_CAP_XIVE"),
                             ("cap-vsx", "message", "IRQ_XIVE capability must be present for KVM")):
        t.ok(complaints(with_mistake(name, key, value), qemu), f"it is noticed where the {key} of {name} is {value}")
    for name in "cap-dawr1", "xive", "tce-64":
        t.ok(complaints([row for row in rows if row["name"] != name], qemu), f"it is noticed where there is no {name}")


def check_bits(t, top):
    code = pathlib.Path("src/kvm/capabilities.c").read_text(encoding="utf-8")
    header = (top / "include/hw/ppc/spapr.h").read_text(encoding="utf-8")
    ours = {name: bit for name, bit in re.findall(r"#define (\w+)\s+BIT_OF_64\((\d+)\)", code) if name in BITS}
    theirs = dict(re.findall(r"#define (H_CPU_\w+)\s+PPC_BIT\((\d+)\)", header))
    t.same(ours, {name: theirs.get(other) for name, other in BITS.items()}, "bits of KVM_PPC_GET_CPU_CHAR")


def check_libvirt(t, rows, driver):
    """Which of QEMU's words does it write, and does its schema have the elements of the table?"""
    if not driver:
        t.skip("libvirt writes what the table says", "there is no libvirt: make check fetches it, or tools/root path libvirt")
        return
    words = re.findall(rb"[\0,](cap-[a-z0-9-]+|resize-hpt)=%", pathlib.Path(driver).read_bytes())
    t.same(sorted({word.decode() for word in words}), sorted(row["qemu"] for row in rows if "libvirt" in row), "libvirt writes what the table says")
    schema = next(pathlib.Path(driver).parents[4].glob("share/libvirt/schemas/domaincommon.rng")).read_text(encoding="utf-8")
    names = {name for row in rows for name in re.findall(r"[< ]([a-z-]+)(?==|[ />])", row.get("libvirt", ""))}
    t.same(sorted(name for name in names if f'name="{name}"' not in schema), [], "and has the elements and attributes")


def main():
    t, rows, top, why = tap.Tap(), capabilities.rows(), pathlib.Path(sys.argv[1]), sys.argv[2]
    code = pathlib.Path("src/kvm/capabilities.def").read_text(encoding="utf-8")
    t.same(len(rows), code.count("\nCAPABILITY("), "each row of the table is read")
    t.same(capabilities.PAGE.read_text(encoding="utf-8"), capabilities.page(capabilities.columns_of_page()),
           "docs/capabilities.md is made of the table: tests/vm/capabilities-page write makes it anew")
    columns = capabilities.columns_of_page()
    t.ok(len(columns) > 5 and all(len(column) == len(rows) for column in columns.values()), "and has a column for each machine")
    t.ok(json.loads(capabilities.SCHEMA.read_text(encoding="utf-8"))["$id"].endswith(":1"), "the schema has a number")
    check_libvirt(t, rows, sys.argv[3])
    if why:
        t.skip("the table is as QEMU's source has it", why)
        t.end()
    qemu = Qemu(top)
    t.same(len(qemu.index), 15, "QEMU's capability_table is read")
    t.same(complaints(rows, qemu), [], "the table is as QEMU's source has it")
    check_bits(t, top)
    check_mistakes(t, rows, qemu)
    t.end()


main()
