# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""schema.py SCHEMA EVENTS: validate every line of EVENTS, and show that the schema can refuse. TAP.

The schema that is shipped accepts keys and types that it does not know, for newer programs add
some. Here a stricter one is made of it, which does not: the program writes what is described.
"""

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


def is_object(schema):
    types = schema.get("type", [])
    return "object" in (types if isinstance(types, list) else [types])


def close(schema):
    """Make every object in a schema refuse what is not described."""
    if isinstance(schema, list):
        for child in schema:
            close(child)
    elif isinstance(schema, dict):
        for name, child in schema.items():
            if name == "properties":
                close(list(child.values()))
            elif name not in ("if", "then", "else", "not", "enum", "const"):
                close(child)
        if is_object(schema):
            schema["unevaluatedProperties"] = False


def types_of(schema):
    return [case["if"]["properties"]["type"]["const"] for case in schema["allOf"]]


def strict_one(schema):
    strict = copy.deepcopy(schema)
    close(strict)
    strict["properties"]["type"]["enum"] = types_of(schema)
    return strict


def properties(schema, path="#"):
    """Every (path, property) that a schema introduces; conditions only restate them."""
    if isinstance(schema, list):
        schema = dict(enumerate(schema))
    for name, child in schema.items():
        if name == "properties":
            yield from ((f"{path}/{key}", value) for key, value in child.items())
        if isinstance(child, (dict, list)) and name not in ("if", "then", "else", "not"):
            yield from properties(child, f"{path}/{name}")


def objects_of(value, path=()):
    """Where in an event there are objects, itself among them: paths of keys."""
    if isinstance(value, dict):
        yield path
        for key, child in value.items():
            yield from objects_of(child, path + (key,))
    elif isinstance(value, list):
        for i, child in enumerate(value):
            yield from objects_of(child, path + (i,))


def at(event, path):
    for key in path:
        event = event[key]
    return event


# All of them would be right there.
FITS = [("clock_offset_ns", -(2**63)), ("has_hook", True), ("called", True), ("offered", True), ("incoming", True), ("first_run", True),
        ("papr", True), ("kvm_pr", True)]


def broken(event):
    """(what, event) with one thing wrong: each key away, each value of a wrong type."""
    for path in objects_of(event):
        for key, value in at(event, path).items():
            name = "/".join(map(str, path + (key,)))
            bad = copy.deepcopy(event)
            del at(bad, path)[key]
            yield f"without {name}", bad
            for wrong in (1.5, [[]], "Non\nsense", -(2**63), 2**64, True):
                if isinstance(value, bool) and isinstance(wrong, bool) or (key, wrong) in FITS:
                    continue
                bad = copy.deepcopy(event)
                at(bad, path)[key] = wrong
                yield f"{name}={wrong!r}", bad


def larger(event):
    """(what, event) with a key more, in each of its objects."""
    for path in objects_of(event):
        more = copy.deepcopy(event)
        at(more, path)["extra"] = {"of": ["a newer", 1.5]}
        yield f"a key more in {'/'.join(map(str, path)) or 'the event'}", more


def check_positive(shipped, strict, events):
    bad = [(e, next(strict.iter_errors(e))) for e in events if not strict.is_valid(e)]
    result(not bad, f"{len(events)} events are valid",
           *(f"{error.json_path}: {error.message} in {json.dumps(e)}" for e, error in bad[:5]))
    result(all(shipped.is_valid(e) for e in events), "and as the shipped schema has it")
    # A pattern takes the 30th of February for a day.
    for e in events:
        datetime.datetime.strptime(e["ts"][:19], "%Y-%m-%dT%H:%M:%S")


def fullest(events):
    """Of each type the event with the most objects in it."""
    most = {}
    for e in events:
        size = len(list(objects_of(e)))
        if size > most.get(e["type"], (0,))[0]:
            most[e["type"]] = (size, e)
    return [e for _, e in most.values()]


def check_negative(shipped, strict, event):
    cases = list(broken(event))
    missed = [what for what, bad in cases if shipped.is_valid(bad)]
    result(not missed, f"{event['type']}: {len(cases)} broken events are refused",
           *(f"accepted {what}" for what in missed))
    cases = list(larger(event))
    wrong = [what for what, more in cases if not shipped.is_valid(more) or strict.is_valid(more)]
    result(not wrong, f"{event['type']}: {len(cases)} unknown keys are accepted, but not here",
           *wrong)


def check_contradictions(validator, events):
    """Values that are right each by itself, and wrong together."""
    ok = next(e for e in events if e["type"] == "negotiation" and e["ret"] == 0 and e["caps"])
    for what, change in {
            "an errno without a failure": {"errno": "EINVAL"},
            "a failure without an errno": {"ret": -22, "caps": None, "modes": []},
            "a bitmap of a failure": {"ret": -22, "errno": "EINVAL"},
            "modes without a bitmap": {"caps": None},
            "a size from nowhere": {"usize_source": None},
            "a ksize that is not known": {"ksize_is": "unknown"},
            "a ksize that is known and none": {"ksize": None},
            "a hook that returned and was not called":
                {"backend": {"watched": True, "called": False, "ret": 0}},
            "a hook that was watched and nobody knows":
                {"backend": {"watched": True, "called": None, "ret": None}},
            "a hook that was not watched and not called":
                {"backend": {"watched": False, "called": False, "ret": None}},
            "an offset in a tail of zeros":
                {"tail": {"state": "zero", "first_nonzero": 31, "read": 8}},
            "an upper-case command": {"cmd": "0x2000AEB8"},
            "a time without nanoseconds": {"ts": "2026-11-22T06:00:00Z"},
            "an unknown cause": {"cause": "bad-luck"},
            "the first event as number 0": {"seq": 0},
    }.items():
        result(not validator.is_valid({**ok, **change}), f"{what} is refused")


def check_failures(validator, events):
    """The same of a KVM_RUN that failed, and of what KVM says."""
    run = next(e for e in events if e["type"] == "run" and e["errno"] and e["mode"])
    line = next(e for e in events if e["type"] == "kernel" and e["evidence"]["interrupt"])
    for what, event, change in (
            ("an exit reason of an error", run, {"exit_reason": "unknown"}),
            ("a hardware reason of an error", run, {"hardware_reason": "0x0000000000000001"}),
            ("an exit without a reason", run, {"ret": 0, "errno": None}),
            ("a mode that nobody asked for", run, {"ask_cause": None}),
            ("a request without its end", run, {"accepted": None}),
            ("nine messages", run, {"messages": ["KVM: no"] * 9}),
            ("a thread of an interrupt", line, {"tid": 7}),
            ("a VM of an interrupt", line, {"vm": 1}),
            ("a process without a thread", line, {"pid": 7}),
            ("a line that is not escaped", line, {"message": "KVM\t"})):
        result(not validator.is_valid({**event, **change}), f"{what} is refused")


def check_unknown_type(shipped, strict, events):
    weather = {**events[0], "type": "weather"}
    result(shipped.is_valid(weather) and not strict.is_valid(weather),
           "a type that is not known is accepted, but not here")


def check_enum(schema, events, kind, key):
    """What the program can say, and what the schema allows, are the same words."""
    found = [s for path, s in properties(schema["$defs"][kind.replace("-", "_")])
             if path.split("/")[-1] == key]
    values = found[0]
    if "$ref" in values:
        values = schema["$defs"][values["$ref"].split("/")[-1]]

    def said(value):
        if isinstance(value, dict):
            yield from ((value[key],) if key in value else ())
            value = [v for k, v in value.items() if k != "evidence"]
        if isinstance(value, list):
            for child in value:
                yield from said(child)

    words = {word for e in events if e["type"] == kind for word in said(e)}
    allowed = set(values["enum"])
    result(words == allowed, f"{kind}: {key} is one of {len(allowed)} words",
           *(f"never said: {word}" for word in allowed - words),
           *(f"not allowed: {word}" for word in words - allowed))


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        schema = json.load(f, object_pairs_hook=no_duplicates)
    Draft202012Validator.check_schema(schema)
    result(schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"], "a schema of 2020-12")
    number = schema["$defs"]["trace"]["properties"]["schema"]["enum"][-1]
    result(schema["$id"].endswith(f":{number}"), f"its name tells the version, {number}")
    strict_schema = strict_one(schema)
    Draft202012Validator.check_schema(strict_schema)
    shipped, strict = Draft202012Validator(schema), Draft202012Validator(strict_schema)
    # Of the common ones some are narrowed further down, and some are described once for all.
    new = [(path, child) for path, child in properties(schema)
           if path.split("/")[-1] not in schema["properties"] or path.startswith("#/properties")]
    bare = [path for path, child in new
            if not child.get("description") and child != {"$ref": "#/$defs/evidence"} and
            not path.split("/")[-1] in ("if", "then", "else")]
    result(new and not bare, f"{len(new)} properties are described", *bare)
    events = read_events(sys.argv[2])
    check_positive(shipped, strict, events)
    said, types = {e["type"] for e in events}, set(types_of(schema))
    result(said == types, f"{len(types)} types are written", *(said ^ types))
    for event in fullest(events):
        check_negative(shipped, strict, event)
    check_contradictions(shipped, events)
    check_failures(shipped, events)
    check_unknown_type(shipped, strict, events)
    for kind, key in (("negotiation", "cause"), ("negotiation", "abi"), ("negotiation", "ksize_is"),
                      ("negotiation", "usize_source"), ("arch-compat", "cause"),
                      ("arch-compat", "queried"), ("arch-compat", "host_modes_source"),
                      ("retry", "outcome"), ("attach", "how"), ("lost", "reason"),
                      ("run", "exit_reason"), ("run", "ask_cause"),
                      ("vm", "event"), ("vm", "watched")):
        check_enum(schema, events, kind, key)
    return failures > 0


sys.exit(main())
