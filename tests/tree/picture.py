# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""picture.py write|check: docs/terminal.svg, the terminal in README.md, is what the program prints.

The picture is drawn from what the program prints of a recording of a real kernel, colours and all: the guest that
fails, the option to type, as it was printed, and the same guest with it, which runs (tests/data/record-picture).
`write` draws it again, after a sentence has changed. `check` prints TAP: the picture is current, and
what README.md quotes stands in docs/demo.md, which tests/vm/test-demo compares with a guest.
"""
import html
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, "tests")
import tap  # pylint: disable=wrong-import-position

PICTURE = pathlib.Path("docs/terminal.svg")
PROGRAM = pathlib.Path(os.environ.get("O", "build"), "host/bin/compatcaps-trace")
RECORDING = "tests/data/picture/fixed.jsonl"
TITLE = "compatcaps-trace: a guest that fails, what to type, and the guest that runs"
REPLAY = "compatcaps-trace replay --errors-only host.jsonl"
START = "qemu-system-ppc64 -name db1 {option} ..."
REPORT = "compatcaps-trace report host.jsonl | grep -A 2 '^VM '"
COLUMNS, WIDTH, HEIGHT = 80, 8.4, 18
STYLES = {"1": "b", "2": "d", "31": "r"}
HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<!-- SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause -->
<title>{title}</title>
<style>
rect {{ fill: #16181d }} text {{ font: 14px ui-monospace, monospace; fill: #d5d8df; white-space: pre }}
.b {{ font-weight: bold; fill: #fff }} .d {{ fill: #8b919e }} .r {{ fill: #ff7b72 }} .p {{ fill: #7ee787 }}
</style>
<rect width="100%" height="100%" rx="8"/>
"""


def run(*words):
    done = subprocess.run([PROGRAM, *words, RECORDING], check=True, text=True, capture_output=True, env=os.environ | {"TZ": "UTC"})
    return done.stdout


def option_of(output):
    """What the program says to type."""
    plain = " ".join(re.sub(r"\x1b\[\d+m", "", output).split())
    return re.search(r"start it with (-machine \S+)", plain)[1]


def session():
    """Each command and what it prints."""
    failed, report = run("replay", "--errors-only", "--color=always"), run("report")
    lines = report.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("VM "))
    return [(REPLAY, failed), (START.format(option=option_of(failed)), ""), (REPORT, "\n".join(lines[at:at + 3]))]


def spans(line):
    """The parts of a line, each with the style that its escape sequence stands for."""
    style, column = "", 0
    for escape, text in re.findall(r"(?:\x1b\[(\d+)m)?([^\x1b]*)", line):
        if escape:
            style = STYLES[escape] if escape != "0" else ""
        if text.strip():
            indent = len(text) - len(text.lstrip())
            yield column + indent, style, text.strip()
        column += len(text)


def rows(steps):
    """Each line as its parts: column, style and text."""
    for command, output in steps:
        yield [(0, "p", "$"), (2, "b", command)]
        yield from (list(spans(line)) for line in output.splitlines())


def draw(steps):
    lines = list(rows(steps))
    parts = [HEAD.format(width=round(COLUMNS * WIDTH + 32), height=(len(lines) + 1) * HEIGHT + 8, title=html.escape(TITLE))]
    for number, line in enumerate(lines):
        for column, style, text in line:
            mark = f' class="{style}"' if style else ""
            parts.append(f'<text x="{16 + column * WIDTH:g}" y="{(number + 1.2) * HEIGHT:g}" textLength="{len(text) * WIDTH:g}"{mark}>'
                         f"{html.escape(text)}</text>\n")
    return "".join(parts) + "</svg>\n"


def check_story(t, steps):
    """The guest fails, and with what was printed it runs."""
    rights = [line.split() for line in steps[2][1].splitlines()[1:]]
    t.same(rights, [["1", "db1", "POWER11", "newer-than-host", "no"], ["2", "db1", "POWER10", "accepted", "POWER10"]],
           "the guest that fails, and the one that runs")
    t.ok("max-cpu-compat=power10" in steps[1][0], "the option to type is in the picture", steps[1][0])
    wide = [text for line in rows(steps) for column, _, text in line if column + len(text) > COLUMNS]
    t.same(wide, [], f"in {COLUMNS} columns")


def quoted():
    """The lines of the first block of README.md."""
    return re.search(r"^```\n(.*?)^```$", pathlib.Path("README.md").read_text(encoding="utf-8"), re.M | re.S)[1]


def check():
    t = tap.Tap()
    steps = session()
    t.ok(PICTURE.read_text(encoding="utf-8") == draw(steps),
         "docs/terminal.svg is what the program prints", "draw it again: python3 tests/tree/picture.py write")
    other = [(command, output.replace("newer-than-host", "newer-than-hosts")) for command, output in steps]
    t.ok(draw(steps) != draw(other), "another word is another picture")
    check_story(t, steps)
    demo = pathlib.Path("docs/demo.md").read_text(encoding="utf-8")
    t.ok(quoted() in demo, "README.md quotes the demo", quoted())
    t.ok(len(pathlib.Path("README.md").read_text(encoding="utf-8").splitlines()) <= 150, "README.md has at most 150 lines")
    t.end()


if sys.argv[1:] == ["write"]:
    PICTURE.write_text(draw(session()), encoding="utf-8")
else:
    check()
