# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""schema.py SCHEMA EVENTS: validate every line of EVENTS, and show that the schema can refuse. TAP."""

import copy
import datetime
import json
import sys

from jsonschema import Draft202012Validator

failures = 0


def result(ok, name, *why):
    global failures
    failures += not ok
    for line in why:
        print(f"# {line}")
    print(f"{'ok' if ok else 'not ok'} - {name}")


def no_duplicates(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError(f"a key twice in {keys}")
    return dict(pairs)


def read_events(path):
    with open(path, encoding="ascii") as f:
        text = f.read()
    assert text.endswith("\n"), "the last line is not complete"
    return [json.loads(line, object_pairs_hook=no_duplicates) for line in text[:-1].split("\n")]


def properties(schema, path="#"):
    """Every (path, property) that a schema introduces; conditions only restate them."""
    if isinstance(schema, list):
        schema = dict(enumerate(schema))
    for name, child in schema.items():
        if name == "properties":
            yield from ((f"{path}/{key}", value) for key, value in child.items())
        if isinstance(child, (dict, list)) and name not in ("if", "then", "else", "not"):
            yield from properties(child, f"{path}/{name}")


def objects_of(event):
    """The event and the objects in it, each with how to get at it in a copy."""
    yield lambda e: e
    for key, value in event.items():
        if isinstance(value, dict):
            yield lambda e, key=key: e[key]


def broken(event):
    """(what, event) with one thing wrong: each key away, each value of a wrong type, a key more."""
    for get in objects_of(event):
        for key, value in get(event).items():
            bad = copy.deepcopy(event)
            del get(bad)[key]
            yield f"without {key}", bad
            for wrong in (1.5, [[]], "Non\nsense", -(2**63), 2**64, True):
                if isinstance(value, bool) and isinstance(wrong, bool):
                    continue
                bad = copy.deepcopy(event)
                get(bad)[key] = wrong
                yield f"{key}={wrong!r}", bad
        bad = copy.deepcopy(event)
        get(bad)["extra"] = None
        yield "with a key more", bad


def check_positive(validator, events):
    bad = [(e, next(validator.iter_errors(e))) for e in events if not validator.is_valid(e)]
    result(not bad, f"{len(events)} events are valid",
           *(f"{error.json_path}: {error.message} in {json.dumps(e)}" for e, error in bad[:5]))
    # A pattern takes the 30th of February for a day.
    for e in events:
        datetime.datetime.strptime(e["ts"][:19], "%Y-%m-%dT%H:%M:%S")
    for e in events:
        if e["type"] not in check_positive.seen:
            check_positive.seen[e["type"]] = e


check_positive.seen = {}


def check_negative(validator, event):
    cases = list(broken(event))
    missed = [what for what, bad in cases if validator.is_valid(bad)]
    result(not missed, f"{event['type']}: {len(cases)} broken events are refused",
           *(f"accepted {what}" for what in missed))


def check_contradictions(validator, events):
    """Values that are right each by itself, and wrong together."""
    ok = next(e for e in events if e["type"] == "negotiation" and e["ret"] == 0 and e["caps"])
    for what, change in {
            "an errno without a failure": {"errno": "EINVAL"},
            "a failure without an errno": {"ret": -22, "caps": None, "modes": []},
            "a bitmap of a failure": {"ret": -22, "errno": "EINVAL"},
            "modes without a bitmap": {"caps": None},
            "a size from nowhere": {"usize_source": None},
            "a hook that returned and was not called": {"backend": {"called": False, "ret": 0}},
            "an offset in a tail of zeros":
                {"tail": {"state": "zero", "first_nonzero": 31, "read": 8}},
            "an upper-case command": {"cmd": "0x2000AEB8"},
            "a time without nanoseconds": {"ts": "2026-11-22T06:00:00Z"},
            "an unknown cause": {"cause": "bad-luck"},
            "the first event as number 0": {"seq": 0},
    }.items():
        result(not validator.is_valid({**ok, **change}), f"{what} is refused")


def check_enum(schema, events, kind, key):
    """What the program can say, and what the schema allows, are the same words."""
    values = schema["properties"][key] if kind is None else \
        schema["$defs"][kind.replace("-", "_")]["properties"][key]
    said = {e[key] for e in events if kind in (None, e["type"])}
    allowed = set(values["enum"])
    result(said == allowed, f"{kind or 'event'}: {key} is one of {len(allowed)} words",
           *(f"never said: {word}" for word in allowed - said),
           *(f"not allowed: {word}" for word in said - allowed))


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        schema = json.load(f, object_pairs_hook=no_duplicates)
    Draft202012Validator.check_schema(schema)
    result(schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"], "a schema of 2020-12")
    validator = Draft202012Validator(schema)
    # Of the common ones some are narrowed further down.
    new = [(path, child) for path, child in properties(schema)
           if not (path.startswith("#/$defs/of_") and path.split("/")[-1] in schema["properties"])]
    bare = [path for path, child in new if not child.get("description")]
    result(new and not bare, f"{len(new)} properties are described", *bare)
    events = read_events(sys.argv[2])
    check_positive(validator, events)
    for event in check_positive.seen.values():
        check_negative(validator, event)
    check_contradictions(validator, events)
    check_enum(schema, events, None, "type")
    for kind, key in (("negotiation", "cause"), ("negotiation", "abi"), ("arch-compat", "cause"),
                      ("negotiation", "usize_source"), ("arch-compat", "host_modes_source"),
                      ("retry", "outcome"), ("attach", "how")):
        check_enum(schema, events, kind, key)
    return failures > 0


sys.exit(main())
