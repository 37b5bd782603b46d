# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the other verbs make of a recording: they are views of the same stories and the same events, and agree with
them, with each other and with the truth."""
import collections
import json
import re
import subprocess


def run(program, text, *arguments):
    done = subprocess.run([program, *arguments, "-"], input=text, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout


def check(program, text, world, truth):
    yield from check_report(run(program, text, "report")[1], world, truth.stories)
    yield from check_rules(program, text, world, truth)
    yield from check_metrics(run(program, text, "metrics")[1], world)
    again = "".join(json.dumps(event) + "\n" for event in truth.events)
    events = [json.loads(line) for line in run(program, again, "replay", "--json")[1].splitlines()]
    kinds = [event for event in events if event["type"] == "story"] == [
        event for event in truth.events if event["type"] == "story"]
    if not kinds and world.config["cut"] is None and not world.config["garbled"]:
        yield "replay: the stories of a replay's replay are others"


def check_report(page, world, stories):
    """The newest stories, and what of all VMs was not seen."""
    words = "".join(page.split())
    for story in stories:
        if "".join(story["text"].split()) not in words:
            yield f"report: it lacks: {story['text']}"
    page = " ".join(page.split())
    told = {why: int(n) for n, why in re.findall(r"- (\d+) VMs? may not have been seen completely \(([^)]*)\)", page)}
    whys = collections.Counter(story["coverage"]["why"] for story in stories if story["coverage"]["why"])
    if told != dict(whys):
        yield f"report: not seen completely were {told}, and not {dict(whys)}"
    # What was released while there was no VM could not be missed.
    gaps = [line for line, event in world.lines if line and event.kind == "attach" and not event.on and not line["released"]]
    is_all = not (gaps or whys or world.losses or world.filters or world.untold or world.config["cut"] is not None)
    if ("Nothing is known to be missing" in page) > is_all:
        yield "report: nothing is known to be missing, and something is"


def counts(world, truth, begin):
    """Of each measure: (how many there were while the trace ran, how many of them are recorded)."""
    def is_failure(event):
        cause = truth.by_line[id(event)].get("cause") if event.line else None
        return event.kind in ("query", "request") and (event.ret < 0 or (
            cause == "accepted-above-host" if event.line else event.data.get("why") == "above"))
    events = [e for vm in world.vms for e in vm.events if e.t > begin or e.line]
    for measure, is_one in {"negotiations": lambda e: e.kind == "query", "asks": lambda e: e.kind == "request",
                            "checks": lambda e: e.kind == "check", "failures": is_failure,
                            "kernel-messages": lambda e: e.kind == "line"}.items():
        them = [e for e in events if is_one(e)]
        yield measure, len(them), sum(e.line is not None for e in them)
    # Of one that was there before and did nothing since nobody can know.
    if not world.schema_1 and all(vm.born is None or vm.born > begin for vm in world.vms):
        yield "vms", sum(vm.born is not None for vm in world.vms), len(truth.numbers)


def check_rules(program, text, world, truth):
    """A rule that holds is true, and one that is broken is false."""
    begin = max((t for point in world.attached.values() for t, _ in point[:1]), default=0)
    if world.filters.get("threads") or world.filters.get("processes"):
        return  # it is about what passes them
    rules = [(measure, n, real, seen) for measure, real, seen in counts(world, truth, begin) for n in {0, real, seen}]
    arguments = [argument for measure, n, _, _ in rules for argument in ("-f", f"{measure}={n}")]
    status, out = run(program, text, "check", "-j", *arguments)
    if status not in (0, 1, 3, 5):
        yield f"check: it ended with {status}"
        return
    results = {result["rule"]: result["verdict"] for result in json.loads(out)["recordings"][0]["results"]}
    for measure, n, real, seen in rules:
        verdict = results[f"{measure}={n}"]
        if verdict == "inconclusive":
            whole = not world.losses and world.config["cut"] is None and not world.untold and real == seen and all(
                on for point in world.attached.values() for _, on in point) and not world.filters and not world.schema_1
            if whole:
                yield f"check: {measure}={n} is inconclusive, and all was seen"
        elif (verdict == "ok") != (real == n):
            yield f"check: {measure}={n} is {verdict}, and there were {real}"


def check_metrics(page, world):
    """Counters are of what is recorded, and of nothing else."""
    totals = {}
    for line in page.splitlines():
        if line and not line.startswith("#"):
            name, value = line.split("{")[0].split(" ")[0], float(line.rsplit(" ", maxsplit=1)[1])
            totals[name] = totals.get(name, 0) + value
    seen = [event for line, event in world.lines if line]
    for name, kinds, good in (("negotiations_total", ("query",), None), ("negotiation_failures_total", ("query",), False),
                              ("run_failures_total", ("run", "untold"), None), ("kernel_messages_total", ("line",), None),
                              ("mode_requests_total", ("request",), None)):
        if f"compatcaps_{name}" not in totals:
            yield f"metrics: it lacks {name}"
            continue
        n = sum(e.kind in kinds and (good is None or (e.ret == 0) == good) for e in seen)
        told = totals[f"compatcaps_{name}"]
        if told != n and not (told > n and world.losses):
            yield f"metrics: {name} is {told}, and {n} were recorded"
