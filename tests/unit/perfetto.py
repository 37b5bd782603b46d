#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""perfetto.py RECORDINGS < TEXT: hold a trace for Perfetto, as `protoc --decode` prints it, to its structure, and
print TAP: slices nest and end, tracks are described before they are used, flows lead from one event to another."""
import json
import re
import sys

FIELD = re.compile(r"^\s*([a-z_]+)(?:: (.*)| \{)$")


def parse(lines):
    """The messages of protobuf's text format, as lists of (name, value)."""
    stack = [[]]
    for line in lines:
        if line.strip() == "}":
            stack.pop()
            continue
        name, value = FIELD.match(line.rstrip("\n")).groups()
        if value is None:
            message = []
            stack[-1].append((name, message))
            stack.append(message)
        else:
            stack[-1].append((name, value))
    assert len(stack) == 1, "a message does not end"
    return stack[0]


def one(message, name, default=None):
    found = [value for key, value in message if key == name]
    assert len(found) <= 1, f"{name} more than once"
    return found[0] if found else default


def many(message, name):
    return [value for key, value in message if key == name]


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


def seq_of(event):
    """Of a slice's beginning: the event of the recording."""
    for note in many(event, "debug_annotations"):
        if one(note, "name") == '"seq"':
            return int(one(note, "uint_value"))
    return None


def check(packets, events, several, checks):
    # Of several recordings a seq does not tell which event it is.
    latencies = {} if several else {e["seq"]: e["evidence"]["latency_ns"] for e in events if "latency_ns" in e.get("evidence", {})}
    described, parents, undescribed, open_slices, starts, ends = {}, set(), [], {}, set(), []
    wrong_order, clocks, snapshots, named = [], set(), set(), []
    for packet in packets:
        snapshot = one(packet, "clock_snapshot")
        if snapshot:
            snapshots |= {one(reading, "clock_id") for reading in many(snapshot, "clocks")}
        track = one(packet, "track_descriptor")
        if track:
            described[one(track, "uuid")] = track
            parents.add(one(track, "parent_uuid"))
    # As the viewer does it: in the order of time, and of the file where that is the same.
    timed = [p for p in packets if one(p, "track_event")]
    timed.sort(key=lambda p: int(one(p, "timestamp")))
    for packet in timed:
        event, when = one(packet, "track_event"), int(one(packet, "timestamp"))
        uuid, kind = one(event, "track_uuid"), one(event, "type")
        clocks.add(one(packet, "timestamp_clock_id"))
        if uuid not in described:
            undescribed.append(uuid)
        if kind == "TYPE_SLICE_BEGIN":
            open_slices.setdefault(uuid, []).append((when, latencies.get(seq_of(event))))
            named.append(one(event, "name"))
        elif kind == "TYPE_SLICE_END":
            if not open_slices.get(uuid):
                wrong_order.append(f"an end without a beginning at {when}")
            else:
                began, latency = open_slices[uuid].pop()
                if latency is not None and when - began != latency:
                    wrong_order.append(f"an end at {when} of another slice than the newest, which began at {began}")
        starts |= set(many(event, "flow_ids"))
        ends += many(event, "terminating_flow_ids")
    left = [uuid for uuid, slices in open_slices.items() if slices]
    calls = [e for e in events if e["type"] in ("negotiation", "extension-check", "arch-compat", "run")]
    retries = [e for e in events if e["type"] == "retry"]
    checks.ok(not wrong_order and not left, "slices begin, nest and end", *wrong_order[:5], *left)
    checks.ok(len(named) == len(calls), "a slice for each call", len(named), len(calls))
    checks.ok(not undescribed, "each track is described", *undescribed[:5])
    checks.ok(parents - {None} <= set(described), "each parent as well")
    hosts = [t for t in described.values() if one(t, "process")]
    wanted = sum(e["type"] == "trace" for e in events)
    checks.ok(len(hosts) == wanted, "each host is a process", len(hosts))
    checks.ok(len(ends) == len(retries) and set(ends) <= starts, "a flow leads to each retry from what it answers", ends, starts)
    checks.ok(clocks == ({"1"} if several else {"3"}) and clocks <= snapshots, "one clock, and it is described", clocks, snapshots)


def annotations(packets, events, checks):
    """Each event's cause and sizes stand with it."""
    wrong, by_seq = [], {}
    for packet in packets:
        event = one(packet, "track_event")
        if not event or one(event, "type") == "TYPE_SLICE_END":
            continue
        notes = {}
        for note in many(event, "debug_annotations"):
            value = [v for k, v in note if k != "name"][0]
            notes.setdefault(json.loads(one(note, "name")), []).append(value)
        by_seq[int(notes["seq"][0])] = notes
    for event in events:
        notes = by_seq.get(event["seq"], {})
        for key in ("cause", "usize", "ksize", "errno", "hint"):
            if event.get(key) is not None and [str(event[key])] != [n.strip('"').replace("\\'", "'").replace('\\"', '"') for n in notes.get(key, [])]:
                wrong.append(f"{event['seq']} {key}: {event[key]} {notes.get(key)}")
        if event.get("modes") and [f'"{m}"' for m in event["modes"]] != notes.get("modes"):
            wrong.append(f"{event['seq']} modes: {event['modes']} {notes.get('modes')}")
    checks.ok(not wrong, "causes, sizes, modes and hints are annotations", *wrong[:5])


def main():
    checks = Checks()
    packets = many(parse(sys.stdin), "packet")
    events = events_of(sys.argv[1:])
    check(packets, events, len(sys.argv) > 2, checks)
    if len(sys.argv) == 2:
        annotations(packets, events, checks)
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
