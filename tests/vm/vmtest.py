# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the guest tests in Python share: boot a guest, fetch its files, print TAP."""
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
KERNELS = ["debian-7.3", "debian-7.3-64k", "debian-6.12"]
# What kernel-patches/build makes, and the revision of the ABI that each one speaks.
PATCHED = {"patched-7.2": "v5", "patched-6.12": "mainline"}
COMMANDS = {"v5": "0x2000aee4", "mainline": "0x2000aeb8"}


def enter_root():
    """Run this program again where the tools are, unless it is there already."""
    if os.environ.get("COMPATCAPS_ROOT") or os.environ.get("TOOLCHAIN") == "host":
        return
    for kernel in KERNELS:
        subprocess.run([HERE / "kernel", "path", kernel], check=True, stdout=subprocess.DEVNULL)
    root = str(TOP / "tools" / "root")
    os.execv(root, [root, "enter", "toolchain", "--", *sys.argv])


def machines():
    """name -> what the ioctl gives there: a bitmap, EINVAL or no-kvm."""
    lines = (line.split("#")[0] for line in (HERE / "machines").read_text().splitlines())
    rows = ([field.strip() for field in line.split("|")] for line in lines if line.strip())
    return {row[0]: row[1] for row in rows}


class Tap:
    """Prints a line a check and remembers whether one has failed."""

    def __init__(self):
        self.failed = 0

    def ok(self, passed, name, *notes):
        if not passed:
            self.failed += 1
            for note in notes:
                for line in str(note).splitlines():
                    print("#   " + line)
        print(("ok - " if passed else "not ok - ") + name, flush=True)
        return passed

    def same(self, got, want, name, *notes):
        return self.ok(got == want, name, f"got      {got!r}", f"expected {want!r}", *notes)

    def says(self, text, words, name):
        """Does a message hold all of these words?"""
        missing = [word for word in words if word not in text]
        return self.ok(not missing, name, f"missing {missing} in:", text)

    def skip(self, name, why):
        print(f"ok - {name} # SKIP {why}", flush=True)

    def boot(self, *args, **options):
        """A guest, or the end: without one there is nothing to check."""
        guest = Guest(*args, **options)
        if not self.same(guest.status, 0, "the guest ran and its kernel had nothing to complain about",
                         guest.said) and not guest.files:
            self.end()
        return guest

    def end(self):
        sys.exit(1 if self.failed else 0)


class Guest:
    """A guest that ran tests/vm/guest/SCRIPT and what that left in /out."""

    def __init__(self, kernel, machine, script, *args, options=(), timeout=600):
        command = [HERE / "run", "--kernel", kernel, "--machine", machine,
                   "--timeout", str(timeout), "--add", f"{HERE}/guest:/root/guest",
                   *options, "--", "sh", f"guest/{script}", *args]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        self.status = done.returncode
        self.said = done.stderr.decode(errors="replace")
        self.files = {}
        try:
            with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
                for member in tar:
                    if member.isfile():
                        self.files[member.name.removeprefix("./")] = tar.extractfile(member).read()
        except tarfile.TarError as error:
            self.said += f"\nno files came back: {error}: {done.stdout[:500]!r}"

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


def parse(line):
    try:
        value = json.loads(line)
    except ValueError:
        return {"broken": line}
    return value if isinstance(value, dict) else {"broken": line}
