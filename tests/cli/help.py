# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The help of compatcaps-trace, held to what the program does: each option that a verb lists is tried and taken, each
that it does not list is refused with the verbs that have it, and the examples are run as they stand there. TAP.

The build under test reads recordings and does not trace. There, a verb that traces says so once its command line has
been understood, with status 3."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
import tap  # pylint: disable=wrong-import-position

TRACE = pathlib.Path(os.environ.get("O", "build")).resolve() / "host" / "unit" / "compatcaps-trace"
DATA = pathlib.Path("tests/data").resolve()
ELSEWHERE = "his build only reads recordings; {} needs the ppc64le build, on POWER"

# What a verb is called with so that it has something to do, and what it may end with then.
READS = {
    "replay": (["host.jsonl"], {0}),
    "check": (["-f", "lost=0", "host.jsonl"], {0}),
    "diff": (["old.jsonl", "new.jsonl"], {0, 1}),
    "report": (["host.jsonl"], {0}),
    "metrics": (["host.jsonl"], {0}),
    "explain": (["newer-than-host"], {0}),
}
TRACES = {"trace": [], "record": ["-o", "out"], "vms": [], "doctor": [], "caps": []}

# An argument that is right for each option that takes one, by the name that the help gives it.
ARGUMENTS = {"PID": "1", "TID": "1", "PID-FD": "1-2", "PATH": "/", "ERRNO": "E2BIG", "COUNT": "3", "TIME": "2m", "N": "7",
             "FILE.prom": "x.prom", "SIZE": "1M", "HOW": "auto", "RULE": "lost=0"}
BY_OPTION = {"--comm": "qemu", "--only": "broken", "--output": "new", "--rules": "rules", "--baseline": "baseline", "--write-baseline": "new",
             "--verdicts": "now", "--color": "never", "--guest": "careful", "--cause": "newer-than-host", "--mode": "POWER9", "--time": "utc",
             "--since": "2026-11-30", "--until": "+5m"}
# Not listed, for one format is all there is; but it may be named.
TAKEN = {"record": ["--format=json", "--json"]}
# What some can only be given with, or in place of.
WITH = {"--force": ["-o", "new"]}
INSTEAD = {"check --write-baseline": ["host.jsonl"]}
# What a verb had once: what to do instead is said, with an argument or without.
REMOVED = {("diff", "--verdicts"): "replay --verdicts=recorded", ("report", "--copy"): "send the recording too"}


def run(*words, cwd="."):
    return subprocess.run([TRACE, *words], cwd=cwd, capture_output=True, check=False, text=True, stdin=subprocess.DEVNULL)


def shell(line, cwd):
    env = dict(os.environ, PATH=f"{TRACE.parent}:{os.environ['PATH']}")
    return subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=cwd, env=env, capture_output=True, check=False, text=True,
                          stdin=subprocess.DEVNULL)


def prepare(directory):
    """The files that the examples name, and those that options are tried with."""
    for name in "host", "old", "guest", "monday":
        (directory / f"{name}.jsonl").write_bytes((DATA / "debian-7.3-p10-v1.jsonl").read_bytes())
    for name in "new", "other", "tuesday":
        (directory / f"{name}.jsonl").write_bytes((DATA / "patched-7.2-p8-hash.jsonl").read_bytes())
    (directory / "rules").write_text("lost=0\n")
    run("check", "--write-baseline", "baseline", "host.jsonl", cwd=directory)


def options_of(text):
    """Of a help the options and their arguments: {"--pid": "PID", "--json": None}."""
    lines = re.findall(r"^ +(?:-., +)?(--[a-z].*)", text, re.M)
    rare = re.search(r"^Also: (.*?)^$", text, re.M | re.S)
    listed = [line.split()[0] for line in lines] + (rare[1].split() if rare else [])
    return {m[1]: m[2] for m in (re.match(r"(--[a-z-]+)(?:=([A-Za-z.-]+))?", word) for word in listed) if m}


def examples_of(text):
    return re.findall(r"^  (compatcaps-trace .*)$", text.split("Examples:")[1], re.M) if "Examples:" in text else []


def verbs_of(text):
    return re.findall(r"^  ([a-z]+)  +\S", text, re.M)


def formats_of(verb):
    said = run(verb, "--format=nonsense").stderr
    return re.findall(r"[a-z]+", re.search(r"must be (?:one of )?(.*)", said)[1])


def check_shape(t, verb, text):
    lines = text.splitlines()
    wide = [line for line in lines if len(line) > 80 or line != line.rstrip()]
    t.ok(not wide, "no line is longer than 80 columns or ends with a space", *wide)
    t.ok(24 <= len(lines) <= 44, f"it has from 24 to 44 lines: {len(lines)}")
    t.ok(re.match(rf"Usage: compatcaps-trace (\[{verb}\]|{verb}) \[OPTION...\]", lines[0]), "it begins with the usage", lines[0])
    t.ok(2 <= len(examples_of(text)) <= 4, "it has two to four examples", *examples_of(text))
    t.ok("\nExit status:" in text, "it has the exit status")
    t.ok("--help" in text or "compatcaps-trace(1)" in text or f"compatcaps-trace-{verb}(1)" in text, "it says where there is more")


def is_taken(verb, words, directory):
    """Does a verb do its work with these words?"""
    if verb in TRACES:
        done = run(verb, *TRACES[verb], *words, cwd=directory)
        return done.returncode == 3 and ELSEWHERE.format(verb) in done.stderr, done
    base, statuses = READS[verb]
    base = INSTEAD.get(f"{verb} {words[0].split('=')[0]}", base)
    done = run(verb, *words, *base, cwd=directory)
    return done.returncode in statuses, done


def tries(verb, option, argument):
    """All that this option is to be tried with."""
    if not argument:
        return [[option]]
    if option == "--format":
        # Bytes for a program, which are not for a terminal; an output to the journal of a machine that has none.
        # What fills a terminal goes into no file (tests/cli/outputs.sh has a terminal for it).
        return [[f"{option}={name}", "-o", "new"] for name in formats_of(verb) if name != "screen"]
    return [[f"{option}={BY_OPTION.get(option) or ARGUMENTS[argument]}"]]


def check_listed(t, verb, text):
    for option in TAKEN.get(verb, []):
        taken, done = is_taken(verb, [option], ".")
        t.ok(taken, f"{option} works", f"status {done.returncode}", done.stderr)
    for option, argument in options_of(text).items():
        if option in ("--help", "--usage", "--version"):
            done = run(verb, option)
            t.ok(done.returncode == 0 and done.stdout, f"{option} works")
            continue
        for words in tries(verb, option, argument):
            with tempfile.TemporaryDirectory() as path:
                prepare(pathlib.Path(path))
                taken, done = is_taken(verb, words + WITH.get(option, []), path)
                t.ok(taken, f"{' '.join(words)} works", f"status {done.returncode}", done.stderr)


def check_others(t, verb, own, every):
    """What other verbs have: refused with a sentence that says which these are."""
    taken = {option.split("=")[0] for option in TAKEN.get(verb, [])}
    removed = {option for had, option in REMOVED if had == verb}
    for option in sorted(set(every) - set(own) - taken - removed):
        word = option if not every[option][0] else f"{option}=1"
        done = run(verb, word)
        owners = every[option][1]
        named = re.search(r": (--?[a-zA-Z-]+) is an option of (.*), not of (\w+)\n", done.stderr)
        t.ok(done.returncode == 2 and named and named[3] == verb and
             set(re.findall(r"[a-z]+", named[2])) - {"and"} == set(owners), f"{word} is refused, and whose it is", done.stderr)


def check_examples(t, verb, text):
    with tempfile.TemporaryDirectory() as path:
        prepare(pathlib.Path(path))
        for example in examples_of(text):
            done = shell(example, path)
            named = re.match(r"compatcaps-trace ([a-z]+)", example)
            named = named[1] if named and named[1] in (*READS, *TRACES) else "trace"
            if named in TRACES:
                ok = done.returncode != 2 and ELSEWHERE.format(named) in done.stderr
            else:
                ok = done.returncode in (0, 1)
            t.ok(ok and named == (verb or named), f"the example: {example}", f"status {done.returncode}", done.stderr)


def check_manual(t, verb, text):
    """The manual page of a verb has its options and no others; docs.sh has those that share a page."""
    page = pathlib.Path(f"docs/compatcaps-trace-{verb}.1")
    if not page.exists():
        t.ok(verb in ("trace", "record", "replay", "explain"), "it has a manual page, or shares one")
        return
    described = [option for line in re.findall(r"^\.It Fl (.*)$", page.read_text(), re.M)
                 for option in re.findall(r"(?:^|[ ,])(-[a-z][a-z-]+)", line)]
    t.same(sorted(f"-{option}" for option in described), sorted(options_of(text)), "the options of the manual page")


def check_verb(t, verb, every):
    text = run("help", verb).stdout
    for words in ([verb, "--help"], [verb, "-h"], [verb, "-?"], ["-q", verb, "--help"]):
        done = run(*words)
        t.ok(done.returncode == 0 and not done.stderr and done.stdout == text, f"{' '.join(words)} is the same as help {verb}",
             done.stdout, done.stderr)
    check_shape(t, verb, text)
    check_listed(t, verb, text)
    check_others(t, verb, options_of(text), every)
    check_examples(t, verb, text)
    check_manual(t, verb, text)
    t.same(ELSEWHERE.format(verb) in text, verb in TRACES, "what this build cannot do is said")


def check_overview(t, overview, names):
    lines = overview.splitlines()
    t.same(sorted(verbs_of(overview)), sorted(names), "the overview lists each verb")
    wide = [line for line in lines if len(line) > 80]
    t.ok(len(lines) <= 40 and not wide, f"in at most 40 lines of 80 columns: {len(lines)}", *wide)
    t.ok("help VERB" in overview, "it says where there is more")
    for words in ["-h"], ["-?"], ["--help"], ["help", "help"], ["help", "--help"], ["-q", "--help"]:
        done = run(*words)
        t.ok(done.returncode == 0 and not done.stderr and done.stdout == overview, f"{' '.join(words)}: the overview", done.stderr)
    # What cannot work here is not among what can.
    here = overview.split("ppc64le build")[0]
    t.same(sorted(set(verbs_of(here)) - {"help"}), sorted(READS), "what only a POWER host has stands apart")
    check_examples(t, None, overview)


def check_guesses(t):
    for word, meant in {"repaly": "replay", "Report": "report", "doctr": "doctor", "vm": "vms", "checks": "check", "tracee": "trace",
                        "mtrics": "metrics", "recrod": "record", "dif": "diff", "hlep": "help"}.items():
        for words in ([word], ["-q", word, "x"], ["help", word]):
            done = run(*words)
            t.ok(done.returncode == 2 and f'"{word}" is not a verb: did you mean {meant}?' in done.stderr and not done.stdout,
                 f"{' '.join(words)}: did you mean {meant}?", done.stderr)
    for word in "qemu", "top", "--", "qemu-system-ppc64":
        done = run(word)
        t.ok(done.returncode == 2 and "did you mean" not in done.stderr and "--" in done.stderr, f"{word}: nothing is guessed", done.stderr)
    done = run(str(DATA / "debian-7.3-p10-v1.jsonl"))
    t.ok(done.returncode == 2 and "is not a verb: to show a recording: replay FILE" in done.stderr, "a recording alone", done.stderr)


def check_places(t):
    """Options go before the verb as well as behind it."""
    with tempfile.TemporaryDirectory() as path:
        prepare(pathlib.Path(path))
        for before, verb, behind in (("--errors-only", "replay", ["host.jsonl"]), ("-o new", "replay", ["--json", "host.jsonl"]),
                                     ("-f lost=0", "check", ["host.jsonl"]), ("--form=json", "diff", ["old.jsonl", "new.jsonl"]),
                                     ("--form json", "report", ["host.jsonl"])):
            (pathlib.Path(path) / "new").unlink(missing_ok=True)
            one = run(*before.split(), verb, *behind, cwd=path)
            (pathlib.Path(path) / "new").unlink(missing_ok=True)
            other = run(verb, *before.split(), *behind, cwd=path)
            t.ok((one.returncode, one.stdout, one.stderr) == (other.returncode, other.stdout, other.stderr),
                 f"{before} {verb} is the same as {verb} {before}", one.stderr, other.stderr)
    for verb in "trace", "record", "replay", "check", "diff":
        done = run(verb, "--inconclusive=0")
        t.ok(done.returncode == 2 and '--inconclusive "0": must be an integer of 1 or more' in done.stderr,
             f"{verb} --inconclusive=0 is refused", done.stderr)


def check_removed(t):
    for (verb, option), instead in REMOVED.items():
        for words in ([option], [option, "x"], [f"{option}=x"]):
            done = run(verb, *words)
            t.ok(done.returncode == 2 and f"{option} was removed: " in done.stderr and instead in done.stderr,
                 f"{verb} {' '.join(words)}: what to do instead", done.stderr)


def main():
    t = tap.Tap()
    overview = run("help").stdout
    names = [*READS, *TRACES, "help"]
    check_overview(t, overview, names)
    every = {}
    for verb in names[:-1]:
        for option, argument in options_of(run("help", verb).stdout).items():
            every.setdefault(option, (argument, []))[1].append(verb)
    for verb in names[:-1]:
        check_verb(t.within(verb), verb, every)
    check_guesses(t)
    check_places(t)
    check_removed(t)
    t.end()


main()
