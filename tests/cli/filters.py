# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""filters.py PROGRAM RECORDING...: what --guest, --cause, --mode, --since and --until leave of recordings. TAP.

What a filter leaves out is in no output, and what is left is what was there without it: the same
events with the same verdicts. A recording that is made with a filter tells what the filter tells.
"""

import json
import re
import subprocess
import sys
import tempfile

PROGRAM, RECORDINGS = sys.argv[1], sys.argv[2:]
OF_TRACE = {"trace", "host", "attach", "lost", "end"}
FAILED = []


def run(*words, stdin=None, status=0):
    done = subprocess.run([PROGRAM, *words], capture_output=True, check=False, text=True, input=stdin)
    if status is not None and done.returncode != status:
        raise AssertionError(f"{words}: status {done.returncode}: {done.stderr}")
    return done


def ok(holds, name, *why):
    print(f"{'ok' if holds else 'not ok'} - {name}")
    for line in why if not holds else ():
        print(f"# {str(line)[:300]}")
    if not holds:
        FAILED.append(name)


def events(*words):
    return [json.loads(line) for line in run("replay", "--json", *words).stdout.splitlines()]


def bare(event):
    """Without what a number of lines or of VMs has a part in, and the name, which comes with a VM's first record."""
    event = {key: value for key, value in event.items() if key not in ("seq", "vm", "vcpus", "story", "watched", "text", "name_option")}
    if event.get("evidence"):
        event["evidence"] = {key: value for key, value in event["evidence"].items() if key != "name_option"}
    return json.dumps(event, sort_keys=True)


def same(name, got, want):
    """In schema 1 a birth may come after what its VM did: what of its life was seen is not compared there."""
    if "/older/" in name:
        got, want = ([{key: e.get(key) for key in ("type", "mono_ns", "cause", "guest")} for e in found if e["type"] not in ("story", "retry")]
                     for found in (got, want))
    got, want = [bare(e) for e in got], [bare(e) for e in want]
    ok(got == want, name, f"{len(got)} events, not {len(want)}", *[e for e in got if e not in want][:2],
       *[e for e in want if e not in got][:2])


def calls(found):
    return [e for e in found if e["type"] not in OF_TRACE]


def shown(text):
    """A report without what names the recording and the filters."""
    text = re.sub(r"\AReport .*\n", "", text)
    text = re.sub(r"^# only .*\n", "", text, flags=re.M)
    text = re.sub(r"\n- Only [^\n]*(\n  [^\n]*)*", "", text)
    return re.sub(r"VM \d+|^\d+ +(?=\S)", "VM", re.sub(r"\bevent \d+|\d+$", "", text, flags=re.M), flags=re.M)


def guests(path, every):
    names = sorted({e["guest"] for e in every if e["guest"]})
    for guest in names:
        mine = [e for e in calls(every) if e["guest"] == guest]
        same(f"{path}: --guest {guest} has its events, and no others", calls(events("--guest", guest, path)), mine)
    rest = [e for e in calls(every) if e["guest"] != names[0]]
    same(f"{path}: --guest !={names[0]} has the others", calls(events("--guest", f"!={names[0]}", path)), rest)
    some = [e for e in calls(every) if e["guest"] in names[:2]]
    same(f"{path}: --guest A|B has both", calls(events("--guest", "|".join(names[:2]), path)), some)
    return names


def recorded(path, names):
    """What was filtered and recorded is read as what is filtered now."""
    for guest in names[:2]:
        filtered = run("replay", "-q", "--json", "--guest", guest, path).stdout
        for verb in "report", "metrics":
            now = run(verb, "--guest", guest, path).stdout
            then = run(verb, "-", stdin=filtered).stdout
            same_text = shown(now) == shown(then)
            ok(same_text, f"{path}: {verb} --guest {guest} is {verb} of that recording", shown(now), shown(then))
        stories = [e["coverage"] for e in events("--guest", guest, path) if e["type"] == "story"]
        again = [json.loads(line) for line in run("replay", "--json", "-", stdin=filtered).stdout.splitlines()]
        ok(stories == [e["coverage"] for e in again if e["type"] == "story"], f"{path}: and so are the lives of {guest}")


def causes(path, every):
    for cause in sorted({e["cause"] for e in every if e.get("cause")}):
        mine = [e for e in every if e.get("cause") == cause]
        found = events("--cause", cause, path)
        same(f"{path}: --cause {cause} has its calls", calls(found), mine)
        ok(found[0]["filters"]["outcomes"] and found[0]["filters"]["options"].endswith(f"--cause {cause}"),
           f"{path}: and a recording of them says so")
    for mode in sorted({e["mode"] for e in every if e.get("mode")}):
        mine = [e for e in every if e.get("mode") == mode]
        same(f"{path}: --mode {mode} has what is about it", calls(events("--mode", mode, path)), mine)


def times(path, every):
    """The two halves are the whole, but for what sums up lives."""
    at = [e["ts"] for e in calls(every)]
    when = at[len(at) // 2]
    lives = [e for e in calls(every) if e["type"] != "story"]
    early, late = calls(events("--until", when, path)), calls(events("--since", when, path))
    same(f"{path}: --until and --since at {when} are the whole", early + late, lives)
    ok(all(e["watched"] == "filtered" and e["story"] is None for e in early + late if e["type"] == "vm"),
       f"{path}: and no life is told of")


def rules(path, every, names):
    for guest in names:
        failures = run("check", "--json", "--guest", guest, "-f", "failures=0", path, status=None)
        written = run("check", "--json", "-f", f"failures{{guest={guest}}}=0", path, status=None)
        ok(failures.stdout == written.stdout and failures.returncode == written.returncode,
           f"{path}: check --guest {guest} is a rule with that filter", failures.stdout, failures.stderr)
    when = calls(every)[len(calls(every)) // 2]["ts"]
    late = sum(e["type"] == "negotiation" and e["ts"] >= when for e in every)
    run("check", "--since", when, "-f", f"negotiations={late}", path)
    ok(True, f"{path}: check --since counts as many")


def words(path):
    for verb in "report", "diff", "metrics", "replay":
        done = run(verb, "--cause", "accepted", path, *([path] if verb == "diff" else []))
        ok("--cause accepted" in re.sub(r"\s+", " ", done.stdout + done.stderr), f"{path}: {verb} says that it is filtered", done.stdout)
    text = run("report", "--cause", "accepted", path).stdout
    ok("stor" not in re.sub(r"No story is told|Its\s+story\s+is\s+not\s+told", "", text), f"{path}: report tells no story", text)
    page = run("report", "--format=html", "--mode", "POWER7", path).stdout
    ok("No VM matches --mode POWER7." in page, f"{path}: a page of what is not there")
    for words_of, says in ((("replay", "--summary", "--since", "+1s"), "a story is of a whole life"),
                           (("replay", "--cause", "acepted"), "did you mean accepted?"),
                           (("check", "--cause", "accepted", "-f", "vms=1"), "is about VMs"),
                           (("check", "--write-baseline", "/nowhere/x", "--guest", "a"), "describes a whole recording")):
        ok(says in run(*words_of, path, status=2).stderr, f"{path}: {' '.join(words_of)} is refused")


def names_travel(path):
    """Whose an event is, is known of each recording that was made with a filter, whatever record it begins with."""
    for words_of in ("--errors-only",), ("--cause", "!=ok-no-modes"), ("--mode", "!=POWER7"), ("--since", "+1s"):
        filtered = run("replay", "-q", "--json", *words_of, path).stdout
        want = [(e["type"], e["guest"]) for e in map(json.loads, filtered.splitlines()) if e["type"] not in ("story", "retry")]
        again = run("replay", "-q", "--json", "-", stdin=filtered).stdout
        found = [(e["type"], e["guest"]) for e in map(json.loads, again.splitlines()) if e["type"] not in ("story", "retry")]
        ok(found == want, f"{path}: {words_of[0]} keeps the names of guests", *[e for e in want if e not in found])
        twice = run("replay", "-q", "--json", *words_of, "-", stdin=filtered).stdout
        options = [json.loads(text.splitlines()[0])["filters"]["options"] or "" for text in (filtered, twice)]
        ok(options[0] == options[1], f"{path}: {words_of[0]} twice is told once", options)


def baselines(path, names):
    """A baseline's rules about others are not tested, whoever is chosen."""
    with tempfile.TemporaryDirectory() as work:
        run("check", "--write-baseline", f"{work}/rules", path)
        for guest in *names, "null", "!=" + names[0], "~.", "nobody":
            done = run("check", "--guest", guest, "--baseline", f"{work}/rules", path, status=5 if guest == "nobody" else 0)
            ok("not tested: --guest" in done.stderr, f"{path}: a baseline of all, for --guest {guest}", done.stdout, done.stderr)
        refused = run("check", "--since", "+1s", "--baseline", f"{work}/rules", path, status=2).stderr
        ok("--baseline describes whole VMs" in refused, f"{path}: a part of a VM has no baseline", refused)


def moments(path, every):
    """A time without a date is one of the recording, as in the other verbs."""
    for when in "00:00", "+0s", "+1h":
        want = sum(e["type"] == "negotiation" for e in events("--since", when, path))
        run("check", "--since", when, "-f", f"negotiations={want}", path, status=5 if when == "+1h" else 0)
        run("check", "-f", f'ts>="{when}":negotiations={want}', path)
        ok(True, f"{path}: check --since {when} counts {want}")


def nothing(path):
    """What holds of nothing was not tested."""
    for words_of in ("--since", "+5h"), ("--since", "+2h", "--until", "+1h"), ("--guest", "nobody"), ("--cause", "backend-no-cpu-version"):
        done = run("check", *words_of, "-f", "negotiations=0", path, status=5)
        ok(f"nothing matches {' '.join(words_of)}" in re.sub(r"\s+", " ", done.stdout), f"{path}: check {' '.join(words_of)} is inconclusive",
           done.stdout)
    for verb in "replay", "report", "metrics":
        said = run(verb, "--since", "+5h", path).stderr
        ok("nothing matches --since +5h: what was recorded is from 20" in said, f"{path}: {verb} says which time there is", said)
    some = run("replay", "-q", "--json", "--errors-only", path).stdout
    said = run("report", "-", stdin=some).stdout
    ok(re.search(r"^Verdict +At least \d+ of the \d+ VMs? +seen|None of", said, re.M), f"{path}: of failures alone no number is the whole", said)


def grammar(path, names):
    for guest, status, says in (("x|", 2, "a | stands between two values"), ("|x", 2, "a | stands between two values"),
                                ("a||b", 2, "a | stands between two values"), ("!=", 2, "expected a value, found nothing"),
                                ('a"b', 0, "no VM matches --guest"), ('"null"', 0, "no VM matches --guest"),
                                ('"x|"', 0, "no VM matches --guest"), ("a+b", 0, "no VM matches --guest")):
        done = run("replay", "--guest", guest, path, status=status)
        ok(says in done.stderr, f"{path}: --guest {guest}", done.stderr)
    for verb in "replay", "report", "metrics", "diff", "check":
        more = {"diff": [path], "check": ["-f", "lost>=0"]}.get(verb, [])
        for option, value, there in (("guest", "nobody", names[0]), ("cause", "backend-no-cpu-version", "newer-than-host"), ("mode", "POWER7", "POWER")):
            if verb == "check" and option != "guest":
                more = ["-f", "negotiations>=0" if option == "cause" else "arch-compat>=0"]
            done = run(verb, f"--{option}", value, path, *more, status=None)
            said = next((line for line in done.stderr.splitlines() if f"matches --{option} {value}: the {option}s are" in line), "")
            ok(there in said and len(said) < 400, f"{path}: {verb} --{option} {value} says what there is", done.stderr)
    said = run("replay", "--cause", "nothing-at-all", path, status=2).stderr
    ok(re.search(r"these are: .* and \d+ more$", said, re.M), f"{path}: a list that is cut says so", said)
    for verb in (("trace", "--"), ("record", "-o", "/nowhere/x", "--")):
        said = run(verb[0], "--until", "+0s", *verb[1:], "true", status=2).stderr
        ok("--until is over: give" in said, f"{verb[0]} does not end before it begins", said)


def long_filters(path):
    text = re.sub(r'"options":(null|"[^"]*")', '"options":"' + "--guest a|b" * 40 + '"', run("replay", "--json", path).stdout, count=1)
    text = text.replace('"outcomes":false', '"outcomes":true', 1)
    said = run("check", "--json", "-f", "negotiations<=99", "-", stdin=text, status=None).stdout
    ok("--guest a|b" * 40 in said, f"{path}: a long filter is told as it is", said)


def main():
    for path in RECORDINGS:
        every = events(path)
        names = guests(path, every)
        if "/older/" not in path:
            recorded(path, names)
        causes(path, every)
        times(path, every)
        rules(path, every, names)
        words(path)
        names_travel(path)
        moments(path, every)
        nothing(path)
        grammar(path, names)
        long_filters(path)
        if "/older/" not in path:
            baselines(path, names)
    sys.exit(bool(FAILED))


main()
