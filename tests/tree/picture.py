# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""picture.py write|check: docs/terminal.svg, the terminal in README.md, is what the program prints.

The picture is drawn from the output of one command on a recording of a real kernel, colours and all.
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
RECORDING = "tests/data/ci/good.jsonl"
COMMAND = "compatcaps-trace replay --errors-only host.jsonl"
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


def printed():
    done = subprocess.run([PROGRAM, "replay", "--errors-only", "--color=always", RECORDING], check=True, text=True,
                          capture_output=True, env=os.environ | {"TZ": "UTC"})
    return done.stdout


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


def draw(output):
    lines = [COMMAND, *output.splitlines()]
    parts = [HEAD.format(width=round(COLUMNS * WIDTH + 32), height=(len(lines) + 1) * HEIGHT + 8, title=html.escape(COMMAND))]
    for number, line in enumerate(lines):
        found = [(0, "p", "$"), (2, "b", COMMAND)] if number == 0 else list(spans(line))
        for column, style, text in found:
            mark = f' class="{style}"' if style else ""
            parts.append(f'<text x="{16 + column * WIDTH:g}" y="{(number + 1.2) * HEIGHT:g}" textLength="{len(text) * WIDTH:g}"{mark}>'
                         f"{html.escape(text)}</text>\n")
    return "".join(parts) + "</svg>\n"


def quoted():
    """The lines of the first block of README.md."""
    return re.search(r"^```\n(.*?)^```$", pathlib.Path("README.md").read_text(encoding="utf-8"), re.M | re.S)[1]


def check():
    t = tap.Tap()
    output = printed()
    t.ok(PICTURE.read_text(encoding="utf-8") == draw(output),
         "docs/terminal.svg is what the program prints", "draw it again: python3 tests/tree/picture.py write")
    t.ok(draw(output) != draw(output.replace("newer-than-host", "newer-than-hosts")), "another word is another picture")
    demo = pathlib.Path("docs/demo.md").read_text(encoding="utf-8")
    t.ok(quoted() in demo, "README.md quotes the demo", quoted())
    t.ok(len(pathlib.Path("README.md").read_text(encoding="utf-8").splitlines()) <= 150, "README.md has at most 150 lines")
    t.end()


if sys.argv[1:] == ["write"]:
    PICTURE.write_text(draw(printed()), encoding="utf-8")
else:
    check()
