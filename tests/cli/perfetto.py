#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""perfetto.py RECORDINGS < TRACE: hold a trace for Perfetto (JSON, the Trace Event Format) to its structure, and print
TAP: slices nest, processes and threads have names, flows lead from one event to another."""
import json
import sys
from decimal import Decimal

EXACT = 2**53  # a reader that takes numbers for doubles loses what is above
CALLS = ("negotiation", "extension-check", "arch-compat", "run")


class Checks:
    def __init__(self):
        self.failed = 0

    def ok(self, passed, name, *notes):
        for note in notes if not passed else ():
            print("#", note)
        print("ok" if passed else "not ok", "-", "perfetto:", name)
        self.failed += not passed


def events_of(paths):
    return [json.loads(line) for path in paths for line in open(path, encoding="utf-8")]


def numbers_in(value):
    """All of them, at any depth."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [n for item in value for n in numbers_in(item)]
    return [value] if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else []


def track_of(item):
    return item["pid"], item["tid"]


def nesting(slices, latencies):
    """As trace_processor does it: in the order of time, and of the file where that is the same."""
    wrong, open_until = [], {}
    for item in sorted(slices, key=lambda item: item["ts"]):
        start, end = item["ts"], item["ts"] + item["dur"]
        stack = open_until.setdefault(track_of(item), [])
        while stack and stack[-1] <= start:
            stack.pop()
        if stack and end > stack[-1]:
            wrong.append(f"a slice from {start} to {end} in one that ends at {stack[-1]}")
        stack.append(end)
        latency = latencies.get(item["args"]["seq"])
        if latency is not None and item["dur"] * 1000 != latency:
            wrong.append(f"a slice of {item['dur']} us, which took {latency} ns")
    return wrong


def flows(items):
    """Those that begin and those that end, each with the event before it, on whose track it must be."""
    starts, ends, astray = set(), [], []
    for before, item in zip(items, items[1:]):
        if item["ph"] not in "sf":
            continue
        key = item["cat"], item["name"], int(item["id"], 16)
        wanted = ("X", "negotiation") if item["ph"] == "s" else ("i", "retry")
        if (before["ph"], before.get("cat")) != wanted or track_of(before) != track_of(item) or before["ts"] != item["ts"]:
            astray.append(item)
        if item["ph"] == "s":
            starts.add(key)
        else:
            ends.append(key)
    return starts, ends, astray


def check(trace, events, several, checks):
    # Of several recordings a seq does not tell which event it is.
    latencies = {} if several else {e["seq"]: e["evidence"]["latency_ns"] for e in events if "latency_ns" in e.get("evidence", {})}
    items = trace["traceEvents"]
    phases = {item["ph"] for item in items}
    checks.ok(phases <= set("MXisf"), "no kind of event that Perfetto does not document", phases)
    names = {kind: {} for kind in ("process_name", "thread_name")}
    for item in items:
        if item["ph"] == "M":
            names[item["name"]][track_of(item)] = item["args"]["name"]
    slices = [item for item in items if item["ph"] == "X"]
    wrong = nesting(slices, latencies)
    checks.ok(not wrong, "slices nest, and last as long as the calls did", *wrong[:5])
    calls = [e for e in events if e["type"] in CALLS]
    named = [item for item in slices if item.get("name")]
    checks.ok(len(named) == len(slices) == len(calls), "a slice for each call", len(named), len(slices), len(calls))
    instants = [item for item in items if item["ph"] == "i"]
    checks.ok(len(instants) == len(events) - len(calls), "an instant for each other event", len(instants))
    threads = slices + [item for item in instants if item["s"] == "t"]
    lost = [item for item in threads if not names["thread_name"].get(track_of(item))]
    checks.ok(not lost, "each track has a name", *lost[:5])
    hosts = {pid for pid, _ in names["process_name"]}
    checks.ok({item["pid"] for item in items} <= hosts, "each process as well", hosts)
    described = [item for item in items if item["ph"] == "M" and item["name"] == "process_name"]
    checks.ok(len(described) == sum(e["type"] == "trace" for e in events), "each host is a process", len(described))
    starts, ends, astray = flows(items)
    retries = [e for e in events if e["type"] == "retry"]
    checks.ok(len(ends) == len(retries) and set(ends) <= starts, "a flow leads to each retry from what it answers", ends, starts)
    checks.ok(not astray, "each stands behind the event that it is of", *astray[:5])
    clock = trace["metadata"]["clock"]
    checks.ok(clock == ("CLOCK_REALTIME" if several else "CLOCK_MONOTONIC"), "it says which clock it has", clock)
    large = [n for n in numbers_in(trace) if abs(n) > EXACT]
    checks.ok(not large, "no number that a double does not hold", *large[:5])
    uneven = [item["ts"] for item in slices if several and (item["ts"] % 1 or item["dur"] % 1)]
    checks.ok(not uneven, "the wall clock's times are whole microseconds", *uneven[:5])


def annotations(trace, events, checks):
    """Each event's fields stand with it, by the same names."""
    wrong = []
    by_seq = {item["args"]["seq"]: item for item in trace["traceEvents"] if item["ph"] in "Xi"}
    for event in events:
        item = by_seq.get(event["seq"], {"args": {}, "ts": None, "cat": None})
        kept = {key: value for key, value in event.items() if key not in ("type", "mono_ns", "evidence")}
        if plain(kept) != item["args"]:
            wrong.append(f"{event['seq']}: {plain(kept)} {item['args']}")
        if (item["cat"], item["ts"]) != (event["type"], Decimal(event["mono_ns"]) / 1000):
            wrong.append(f"{event['seq']}: {item['cat']} at {item['ts']}")
    checks.ok(not wrong, "all fields of an event are arguments, and its time is the recording's", *wrong[:5])


def plain(value):
    """Without null, and large numbers as text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [plain(item) for item in value]
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number and abs(value) > EXACT else value


def main():
    checks = Checks()
    trace = json.load(sys.stdin, parse_float=Decimal)
    events = events_of(sys.argv[1:])
    check(trace, events, len(sys.argv) > 2, checks)
    if len(sys.argv) == 2:
        annotations(trace, events, checks)
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
