# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The commands of README.md and the guides that read recordings, run verbatim outside the root that the program was built
in, in a tree that has a shell, coreutils and jq. TAP."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
import snippets  # pylint: disable=wrong-import-position
import tap  # pylint: disable=wrong-import-position

GUIDES = ("README.md", "docs/ci.md", "docs/guests.md", "docs/metrics.md", "docs/recording.md")
READS = re.compile(r"(\S*/)?compatcaps-trace (replay|check|diff|report|metrics) |decode_bitmap |jq ")
BIN = pathlib.Path(os.environ.get("O", "build")).resolve() / "host" / "bin"
DATA = pathlib.Path("tests/data/ci").resolve()
# What the guides call the recordings, and what these are here.
FILES = {"host.jsonl": "good", "guest.jsonl": "good", "run.jsonl": "good", "last-week.jsonl": "good-2"}


def documented(text):
    """The commands that read recordings. Not those of a trace that runs."""
    return [c for c in snippets.commands(text) if READS.match(c) and "..." not in c]


def run(command, directory):
    shell = f'export PATH="{BIN}:$PATH"\n{command}'
    return subprocess.run(["tools/root", "enter", "reader", "--", "bash", "-o", "pipefail", "-c", f'cd "{directory}" && {shell}'],
                          capture_output=True, check=False, text=True, stdin=subprocess.DEVNULL)


def prepare(directory):
    """What a reader of the guides has: the recordings, this tree, what was built."""
    for name, data in FILES.items():
        (directory / name).write_bytes((DATA / f"{data}.jsonl").read_bytes())
    (directory / "docs").symlink_to(pathlib.Path("docs").resolve())
    (directory / "build").symlink_to(BIN.parent.parent)


def works(command, directory):
    """Does it end well, and with something to read?"""
    before = set(directory.iterdir())
    done = run(command, directory)
    made = set(directory.iterdir()) - before
    # A rule may not hold for this recording, nor jq find what is looked for.
    quiet = command.startswith("jq ") or ">" in command
    return done.returncode in (0, 1) and (quiet or done.stdout or made), done


def check_guide(t, guide, directory):
    """One after the other, for they rest on what those before have made."""
    found = documented(pathlib.Path(guide).read_text())
    t.ok(found, f"{guide} has commands that read recordings")
    for command in found:
        passed, done = works(command, directory)
        t.ok(passed, f"{guide}: {' '.join(command.split())[:90]}", f"status {done.returncode}", done.stdout, done.stderr)


def main():
    t = tap.Tap()
    for guide in GUIDES:
        with tempfile.TemporaryDirectory() as path:
            prepare(pathlib.Path(path))
            check_guide(t, guide, pathlib.Path(path))
    with tempfile.TemporaryDirectory() as path:
        prepare(pathlib.Path(path))
        passed, done = works("compatcaps-trace replay --sumary host.jsonl", pathlib.Path(path))
        t.ok(not passed, "an option that is not there is noticed", done.stderr)
        passed, done = works("compatcaps-trace check -f lost=0 hosts.jsonl", pathlib.Path(path))
        t.ok(not passed, "a file that is not there is noticed", done.stderr)
    done = run("AUTOPKGTEST_TMP=$(mktemp -d) packaging/debian/tests/reads", pathlib.Path.cwd())
    t.same(done.returncode, 0, "what the Debian package's test reads", done.stdout, done.stderr)
    t.end()


main()
