# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""man.py: the manual pages as readers see them, and as they are installed. TAP.

Each page is rendered by mandoc and by groff at three widths. Lines must fit, what a display shows must stay ASCII, so
that it can be copied, each option must be described, references must go both ways, and each file that is named must
be there once the program is installed.
"""
import fnmatch
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
import tap  # pylint: disable=wrong-import-position

BUILD = pathlib.Path(os.environ.get("O", "build"))
PAGES = sorted(pathlib.Path("docs").glob("*.[17]"))
WIDTHS = 60, 80, 120
# What a host has, or what these pages tell the reader to make.
SYSTEM = re.compile(r"/(dev/(kvm|null|stdout|stderr|fd/N)|proc(/self/fd/N|/device-tree/)?|run/systemd/journal/socket|"
                    r"sys/(fs/cgroup|kernel/debug/kvm|kernel/btf|firmware)(/\S*)?|usr/libexec|etc/libvirt/qemu|usr/bin/qemu-\S+|"
                    r"var/lib/node_exporter/\S+|tmp/\S*)$")
# Verbs whose options the page of the program describes.
SHARED = "trace", "record", "replay", "explain"
ESCAPES = {r"\-": "-", r"\(aq": "'", r"\(ga": "`", r"\(ha": "^", r"\(ti": "~", r"\(dq": '"', r"\e": "\\", r"\&": ""}
RENDER = {"mandoc": lambda page, width: ["mandoc", "-T", "utf8", "-O", f"width={width}", page],
          "groff": lambda page, width: ["groff", "-mdoc", "-Tutf8", "-P-cbou", f"-rLL={width}n", "-rLT=" + f"{width}n", page]}


def rendered(program, page, width):
    done = subprocess.run(RENDER[program](page, width), capture_output=True, check=True, text=True, encoding="utf-8")
    return [re.sub(r"\x1b\[[0-9;]*m|.\x08", "", line).rstrip() for line in done.stdout.splitlines()]


def unescaped(text):
    return re.sub(r"\\(\(..|.)", lambda m: ESCAPES.get(m[0], m[0]), text)


def literals(text):
    """The lines of the displays, which are printed as they stand."""
    return [line for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", text, re.M | re.S) for line in block.splitlines()
            if not line.startswith(".")]


def unbreakable(lines):
    """Of a display what the program prints, which takes 80 columns before the page's margin; a command can be broken."""
    typed = False
    for line in map(unescaped, lines):
        typed = bool(re.match(r"[$#] ", line)) or typed
        if not typed and len(line) <= 80:
            yield line.strip()
        typed = typed and line.endswith(("|", "\\", "&&"))


def too_wide(lines, width, fixed):
    """A word that is longer than the line cannot be broken; nor can a display, and at 80 columns a command has room."""
    return [line for line in lines if len(line) > width and len(line.split()) > 1 and line.strip() not in fixed]


def check_widths(t, page, text):
    shown = literals(text)
    for program in RENDER:
        for width in WIDTHS:
            fixed = {unescaped(line).strip() for line in shown} if width < 80 else set(unbreakable(shown))
            wide = too_wide(rendered(program, page, width), width, fixed)
            t.ok(not wide, f"{program}: {width} columns", *wide)


def check_signs(t, page, text):
    """groff makes typographic signs of these; where a distribution has it changed, rendering does not show it."""
    wanted = [unescaped(line).strip() for line in literals(text)]
    for program in RENDER:
        got = {line.strip() for line in rendered(program, page, 200)}
        t.same([line for line in wanted if line and line not in got], [], f"{program}: displays are shown as they are typed")
    typed = [line for line in literals(text) if re.search(r"['`^~-]", re.sub(r"\\(\(..|.)", "", line))]
    typed += [line for line in text.splitlines() if re.match(r"\.(It |Op |Pq |Dq )?(Fl|Cm|Ql|Li|Pa|Ic) .*(?<!\\)['`^~]", line)]
    t.same(typed, [], "signs that are typed are escaped")


def references(text):
    return set(re.findall(r"^\.Xr (\S+) \d", text, re.M))


def also_of(text):
    return references(text.partition(".Sh SEE ALSO")[2].split("\n.Sh ")[0])


def check_references(t, page, texts):
    name, also = page.stem, also_of(texts[page.stem])
    t.same(sorted(name for name in references(texts[name]) - set(texts) if name.startswith("compatcaps")), [], "what it refers to is there")
    t.same(sorted(references(texts[name]) & set(texts) - also - {name}), [], "each page that it names is in SEE ALSO")
    t.same(sorted(other for other in texts if name in also_of(texts[other]) and other not in also), [],
           "who refers to it is referred to")


def install(directory):
    done = subprocess.run(["tools/install", "ppc64le"], capture_output=True, check=False, text=True,
                          env=os.environ | {"O": str(BUILD), "DESTDIR": directory, "PREFIX": "/usr"})
    return done


def packed(name):
    """Do both packages have this file among their documentation?"""
    debian = pathlib.Path("packaging/debian/compatcaps-trace.docs").read_text(encoding="utf-8").split()
    rpm = re.search(r"^%doc (.*)", pathlib.Path("packaging/rpm/compatcaps-trace.spec").read_text(encoding="utf-8"), re.M)[1].split()
    return pathlib.Path("docs", name).exists() and all(any(fnmatch.fnmatch(f"docs/{name}", p) for p in listed) for listed in (debian, rpm))


def is_there(path, root):
    if path.startswith("/"):
        return SYSTEM.match(path) or (root / path[1:]).exists()
    if "/" in path:
        return (root / "usr" / path).exists()
    return packed(path) or (root / "usr/share/compatcaps-trace" / path).exists()


def check_paths(t, text, root):
    """Documentation and schemas are named without a folder, since that depends on the prefix."""
    found = re.findall(r"^\.(?:It )?Pa (.*)", text, re.M)
    paths = [path.rstrip(".,") for line in found for path in unescaped(line).split() if re.search(r"/|\w\.\w", path)]
    paths += [path.rstrip(".,") for line in literals(text) for path in re.findall(r"(?<![\w./~<-])(/[a-z][\w./-]+)", unescaped(line))]
    paths += re.findall(r"(?:docs|packaging|kernel-patches|tests|tools)/[\w./-]+", text.partition(".Sh NAME")[2])
    t.same(sorted({path for path in paths if not is_there(path, root)}), [], "each file that it names is there")


def options_of(verb):
    done = subprocess.run([BUILD / "host/bin/compatcaps-trace", "help", verb], capture_output=True, check=True, text=True)
    lines = re.findall(r"^ +(?:-., +)?(--[a-z][a-z-]*)", done.stdout, re.M)
    rare = re.search(r"^Also: (.*?)^$", done.stdout, re.M | re.S)
    return set(lines + re.findall(r"--[a-z][a-z-]*", rare[1] if rare else ""))


def described(text):
    return {f"-{option}" for line in re.findall(r"^\.It Fl (.*)$", text, re.M) for option in re.findall(r"(?:^|[ ,])(-[a-z][a-z-]+)", line)}


def check_options(t, page, text):
    if page.stem == "compatcaps-trace":
        wanted = set().union(*map(options_of, SHARED))
    elif page.stem.startswith("compatcaps-trace-"):
        wanted = options_of(page.stem.removeprefix("compatcaps-trace-"))
    elif page.stem == "decode_bitmap":
        done = subprocess.run([BUILD / "host/bin/decode_bitmap", "--help"], capture_output=True, check=True, text=True)
        wanted = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", done.stdout))
    else:
        return
    t.same(sorted(wanted), sorted(described(text)), "the options of --help, and no other")


def check_checks(t):
    """Each check notices what it is there for."""
    t.ok(too_wide(["a" * 30 + " " + "b" * 60], 80, set()), "a line that could have been broken is too wide")
    t.ok(not too_wide(["a" * 90], 80, set()), "a word that is too long is not")
    t.same(list(unbreakable(["$ x |", "  y", "out", "o" * 81])), ["out"], "a command can be broken, and what it prints cannot")
    t.same(literals(".Bd -literal\n$ x\n.Ed\ny\n"), ["$ x"], "displays are found")
    t.same(unescaped(r"\(aqa\-b\(aq \e"), "'a-b' \\", "escapes are known")
    t.ok(not packed("report.png") and packed("diagnosis.md"), "what packages have is known")


def main():
    t = tap.Tap()
    check_checks(t)
    texts = {page.stem: page.read_text(encoding="utf-8") for page in PAGES}
    with tempfile.TemporaryDirectory() as directory:
        done = install(directory)
        t.ok(done.returncode == 0, "tools/install", done.stderr)
        for page in PAGES:
            named = t.within(page.name)
            text = texts[page.stem]
            check_widths(named, page, text)
            check_signs(named, page, text)
            check_references(named, page, texts)
            check_options(named, page, text)
            check_paths(named, text, pathlib.Path(directory))
    t.end()


main()
