# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the guest tests in Python share: boot a guest, fetch its files, print TAP."""
import collections
import functools
import io
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))
import tap  # pylint: disable=wrong-import-position
# Where make has built.
OUT = TOP / os.environ.get("O", "build")
COMMANDS = {"v5": "0x2000aee4", "mainline": "0x2000aeb8"}
# With it tests/vm/qemu/build says that a QEMU cannot be had.
NO_SOURCE = 3
# Seconds for one of several scripts in a boot.
SCRIPT_TIMEOUT = 300

# One script of a boot (tests/vm/parts): for at most so many seconds, with so many CPUs (None: any
# number), with tools of the tests (below tests/ of what make has built), files to add to /root, and
# trees to mount (mount_options).
Run = collections.namedtuple("Run", "kernel machine name script args seconds cpus tools adds mounts",
                             defaults=(None, (), (), ()))
Kernel = collections.namedtuple("Kernel", "name source abi feature fexit preempt page_size target what")
# The target of make whose kernels are booted.
TARGET = os.environ.get("COMPATCAPS_TARGET", "check")


def table(name):
    """The rows of a table of the tests, as lists of fields."""
    lines = (line.split("#")[0] for line in (HERE / name).read_text().splitlines())
    return [[field.strip() for field in line.split("|")] for line in lines if line.strip()]


@functools.cache
def kernels():
    """name -> the row of tests/vm/kernels, in its order, of those that this target tests."""
    rows = [Kernel(*row) for row in table("kernels")]
    return {row.name: row for row in rows if row.target == TARGET}


def limits(what):
    """The rows of bench/limits for this, without their first word."""
    lines = (line.split("#")[0].split() for line in (TOP / "bench" / "limits").read_text().splitlines())
    return [words[1:] for words in lines if words and words[0] == what]


def abi_of(kernel):
    """The revision of the ABI whose command this kernel has, or would have."""
    return kernels()[kernel].abi


def command_of(kernel):
    return COMMANDS[abi_of(kernel)]


def has_feature(kernel):
    return kernels()[kernel].feature == "yes"


def has_fexit(kernel):
    return kernels()[kernel].fexit == "yes"


def is_preemptible(kernel):
    """Kprobes crash such a kernel where it has several CPUs (man page)."""
    return kernels()[kernel].preempt == "yes"


def cpus_for(kernel, method):
    """A kprobe on powerpc puts back r13, the pointer to the CPU's own data, as it was when it was
    hit. Kernels from 7.3 on can move a task to another CPU in between, and crash: seen on every
    run with two CPUs. 6.12 is not preemptible. Under fexit only the moment of attaching a second
    program to a function is as dangerous (docs/soak.md)."""
    return 1 if method == "kprobe" and is_preemptible(kernel) else None


def is_patched(kernel):
    """Is it one of kernel-patches, small and with KVM PR?"""
    return kernels()[kernel].source.startswith("series ")


def is_instrumented(kernel):
    """Is it one that looks for its own faults, and is slow?"""
    return str(kernel).endswith("-debug")


def patience(kernel):
    """How many times as long things may take."""
    return 6 if is_instrumented(kernel) else 1


def page_size(kernel):
    return int(kernels()[kernel].page_size.removesuffix("K")) * 1024


# A series that differs from its neighbour in little boots where the two differ.
FEW = {"patched-7.2-mainline": ("p10-v1", "p11-v2")}
# What make check boots, but for PAIRS=all: debian-7.3 on every machine, the others on one of each kind and where a
# mode is set. Pages of 64 KiB need no other kind than the two nested APIs. Without the feature nothing differs on bare metal.
KINDS = ("p10-v1", "p11-as-p10-v2", "p8-hash", "powernv10")
ALL_PAIRS = os.environ.get("PAIRS") == "all"
SOME = {} if ALL_PAIRS else {
    "debian-7.3-64k": ("p10-v1", "p11-as-p10-v2"),
    "debian-6.12": ("p10-as-p9-v1", "p10-as-p9-v2", "p10-v1", "p11-as-p10-v2"),
    "patched-7.2": ("p10-as-p9-v2", *KINDS), "patched-6.12": ("p10-as-p9-v1", *KINDS)}
# One of each kind for those that are slow.
INSTRUMENTED_ON = ("p10-v1", "p10-as-p9-v2", "p11-as-p10-v2", "powernv10", "p8-hash")


def boots_on(kernel, machine):
    """Does a test of every kernel on every machine boot this pair?"""
    return machine in (INSTRUMENTED_ON if is_instrumented(kernel) else (FEW | SOME).get(kernel, [machine]))


def enter_root():
    """Run this program again where the tools are, unless it is there already."""
    if os.environ.get("COMPATCAPS_ROOT") or os.environ.get("TOOLCHAIN") == "host":
        return
    for kernel in kernels():
        if not is_patched(kernel):
            subprocess.run([HERE / "kernel", "path", kernel], check=True, stdout=subprocess.DEVNULL)
    root = str(TOP / "tools" / "root")
    os.execv(root, [root, "enter", "toolchain", "--", *sys.argv])


@functools.cache
def machines():
    """name -> what the ioctl gives there: a bitmap, EINVAL or no-kvm; of those that need no QEMU of our own."""
    return {row[0]: row[1] for row in table("machines") if len(row) < 5}


def root(name):
    """Where the Debian tree of tools/roots/NAME is: it is made if it is not there yet."""
    done = subprocess.run([TOP / "tools" / "root", "path", name], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def package():
    """The Debian package that make has built; None: this machine has no tools for that."""
    found = sorted((OUT / "packages").glob("compatcaps-trace_*.deb"))
    return found[-1] if found else None


def mount_options(names):
    """Options that mount the tree with Debian's QEMU (vmm) and QEMUs of our own at /NAME, as far as there are such."""
    options = []
    for name in names:
        path = root(name) if name == "vmm" else own_qemu(name)[0]
        options += ["--mount", f"{path}:/{name}"] if path else []
    return options


@functools.cache
def own_qemu(name):
    """(where this QEMU of tests/vm/qemu is, None), or (None, why it can be nowhere)."""
    done = subprocess.run([HERE / "qemu" / "build", "path", name], capture_output=True, text=True, check=False)
    if done.returncode == NO_SOURCE:
        return None, done.stderr.strip()
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout.strip(), None


def has_pr(kernel, machine):
    """Is it KVM PR that runs there? Debian builds none."""
    return machine == "p8-hash" and is_patched(kernel)


def answer_of(kernel, machine):
    """What the ioctl gives on this machine with the module that runs there."""
    return "ENOTTY" if has_pr(kernel, machine) else machines()[machine]


class Tap(tap.Tap):
    def boot(self, *args, **options):
        """A guest, or the end: without one there is nothing to check."""
        guest = Guest(*args, **options)
        if not self.same(guest.status, 0, "the guest ran and its kernel had nothing to complain about",
                         guest.said) and not guest.files:
            self.end()
        return guest


class Files:
    """What a script left in /out, by name."""

    def __init__(self, files):
        self.files = files

    def text(self, name):
        return self.files.get(name, b"").decode(errors="replace")

    def lines(self, name):
        return self.text(name).splitlines()

    def json(self, name):
        """The objects of a file of JSON lines; what is none of them becomes {"broken": line}."""
        return [parse(line) for line in self.lines(name)]

    def number(self, name):
        text = self.text(name).strip()
        return int(text) if text.lstrip("-").isdigit() else None


class Part(Files):
    """One of several scripts of a boot: its files, how it ended (None: it never did) and what it said."""

    def __init__(self, files, said):
        super().__init__(files)
        self.status = self.number("series.status")
        self.said = said

    def seconds(self):
        """How long it took, as the guest's clock has it."""
        return float(self.text("series.ended") or "nan") - float(self.text("series.begun") or "nan")


class Guest(Files):
    """A guest that ran tests/vm/guest/SCRIPT and what that left in /out.

    In place of one script and its arguments there may be a list of them, which one boot then runs
    one after another: (SCRIPT, [ARG...]) or (SCRIPT, [ARG...], SECONDS). Each has its files in
    parts[SCRIPT]; (SCRIPT:NAME, ...) has them in parts[NAME].

    What it says goes to the stream echo meanwhile, where there is one."""

    def __init__(self, kernel, machine, script, *args, options=(), timeout=None, echo=None):
        several = not isinstance(script, str)
        times = patience(kernel)
        command = series(script, times) if several else ["sh", f"guest/{script}", *args]
        limit = timeout or (60 + sum(seconds for _, _, _, seconds in scripts_of(script)) if several else 600)
        command = [HERE / "run", "--kernel", kernel, "--machine", machine, "--timeout", str(limit * times),
                   "--add", f"{HERE}/guest:/root/guest", *options, "--", "env", f"patience={times}", *command]
        self.status, out, self.said = run(command, echo)
        super().__init__(self.unpack(out))
        if several:
            self.parts = {name: self.part(name) for name, *_ in scripts_of(script)}

    def unpack(self, data):
        files = {}
        try:
            # Archives one after another, of which the last may be cut off.
            with tarfile.open(fileobj=io.BytesIO(data), ignore_zeros=True) as tar:
                for member in tar:
                    if member.isfile():
                        files[member.name.removeprefix("./")] = tar.extractfile(member).read()
        except tarfile.TarError as error:
            self.said += f"\nnot all files came back: {error}: {data[:500]!r}"
        return files

    def part(self, name):
        files = {path.removeprefix(f"{name}/"): data for path, data in self.files.items()
                 if path.startswith(f"{name}/")}
        said = self.said.partition(f"series: {name}\n")[2].partition("\nseries: ")[0]
        return Part(files, said)


def run(command, echo):
    """Its status, what it printed and, as text, what it said, each line of which is echoed at once."""
    said = []
    with tempfile.TemporaryFile() as out:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE) as process:
            for line in process.stderr:
                said.append(line.decode(errors="replace"))
                if echo:
                    print("#", said[-1], end="", file=echo, flush=True)
        out.seek(0)
        return process.returncode, out.read(), "".join(said)


def scripts_of(scripts):
    """(name, script, arguments, seconds) of each."""
    for script, args, *seconds in scripts:
        script, _, name = script.partition(":")
        yield name or script, script, args, (seconds or [SCRIPT_TIMEOUT])[0]


def series(scripts, times=1):
    """The guest's command that runs them, each for so many times its seconds."""
    lines = [". guest/series"]
    lines += [shlex.join(["one", name, str(seconds * times), script, *args])
              for name, script, args, seconds in scripts_of(scripts)]
    return ["sh", "-c", "\n".join(lines)]


def parse(line):
    try:
        value = json.loads(line)
    except ValueError:
        return {"broken": line}
    return value if isinstance(value, dict) else {"broken": line}
