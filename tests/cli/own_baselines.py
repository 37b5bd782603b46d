#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""own_baselines.py PROGRAM DIRECTORY RECORDING...: a recording obeys the baseline that was written from it, or none is.

Each recording as it is, and as if an event of it had never been recorded, or a function had not been watched for a while.
Prints those that do not obey; the last line counts.
"""
import collections
import json
import os
import random
import subprocess
import sys

program, directory, *recordings = sys.argv[1:]
chance = random.Random(1)
OBEYS, NO_BASELINE = 0, 5


def at(event, time):
    return event | {"mono_ns": time["mono_ns"], "ts": time["ts"]}


def released(events):
    """A function was let go, and a VM was there when it was watched again."""
    attach = chance.choice([e for e in events if e["type"] == "attach"])
    i = chance.randrange(events.index(attach) + 1, len(events))
    gone = at(attach | {"how": "absent", "why": None, "released": True}, events[i - 1])
    back = at(attach | {"older": [7]}, events[i - 1])
    return events[:i] + [gone, back] + events[i:]


def absent(events):
    attach = chance.choice([e for e in events if e["type"] == "attach"])
    return [e | {"how": "absent", "why": "gone"} if e is attach else e for e in events]


def named_late(events):
    """The first event of a guest did not have its name yet."""
    first = next((e for e in events if e.get("guest") and "name_option" in (e.get("evidence") or {})), None)
    return [e | {"guest": None, "evidence": e["evidence"] | {"name_option": None}} if e is first else e for e in events]


def after_the_end(events):
    """A call of a VM is told after the VM's end."""
    ended = [i for i, e in enumerate(events) if e["type"] == "vm" and e["event"] == "ended"]
    calls = [e for e in events if e["type"] in ("negotiation", "arch-compat")]
    if not ended or not calls:
        return events
    i = chance.choice(ended)
    return events[: i + 1] + [at(chance.choice(calls), events[i])] + events[i + 1 :]


def variants(events):
    yield "as it is", events
    for i in range(1, len(events) - 1, 2):
        yield f"without event {i + 1}", events[:i] + events[i + 1 :]
    for change in (released, absent, named_late, after_the_end):
        for _ in range(3):
            yield change.__name__, change(events)


def write(events, path):
    with open(path, "w", encoding="utf-8") as f:
        for n, event in enumerate(events, 1):
            print(json.dumps(event | {"seq": n}, separators=(",", ":")), file=f)


def check(*args):
    return subprocess.run([program, "check", "-q", *args], capture_output=True, text=True, check=False)


def try_one(name, events):
    path, baseline = os.path.join(directory, "own.jsonl"), os.path.join(directory, "own.baseline")
    write(events, path)
    made = check("--force", "--write-baseline", baseline, path)
    if made.returncode == NO_BASELINE:
        return "without a baseline"
    result = check("--baseline", baseline, path)
    if made.returncode or result.returncode != OBEYS:
        print(f"{name}: {made.stderr}{result.stdout}{result.stderr}")
        return "wrong"
    return "right"


def main():
    counts = collections.Counter()
    for recording in recordings:
        with open(recording, encoding="utf-8") as f:
            events = [json.loads(line) for line in f]
        for name, changed in variants(events):
            counts[try_one(f"{recording}, {name}", changed)] += 1
    print(f"{counts['right']} right, {counts['without a baseline']} without a baseline, {counts['wrong']} wrong")
    return counts["wrong"] > 0 or not counts["right"]


sys.exit(main())
