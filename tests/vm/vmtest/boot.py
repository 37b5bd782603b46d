# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Boot a guest, run scripts of tests/vm/guest in it, and fetch what they leave."""
import collections
import io
import json
import os
import shlex
import subprocess
import sys
import tarfile
import tempfile

from .kernels import is_patched, patience, tested_kernels
from .paths import HERE, TOP

# Seconds for one of several scripts in a boot.
SCRIPT_TIMEOUT = 300

# One script of a boot (tests/vm/parts): for at most so many seconds, with so many CPUs (None: any
# number), with tools of the tests (below tests/ of what make has built), files to add to /root, and
# trees to mount (mount_options).
Run = collections.namedtuple("Run", "kernel machine name script args seconds cpus tools adds mounts",
                             defaults=(None, (), (), ()))


def enter_root():
    """Run this program again where the tools are, unless it is there already."""
    if os.environ.get("COMPATCAPS_ROOT") or os.environ.get("TOOLCHAIN") == "host":
        return
    for kernel in tested_kernels():
        if not is_patched(kernel):
            subprocess.run([HERE / "kernel", "path", kernel], check=True, stdout=subprocess.DEVNULL)
    root = str(TOP / "tools" / "root")
    os.execv(root, [root, "enter", "toolchain", "--", *sys.argv])


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
