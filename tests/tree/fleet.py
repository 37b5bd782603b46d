# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""fleet.py GUIDE SCHEMA: the configurations that docs/fleet.md gives for other programs. They can be read, have no
options but documented ones, and the names in them that are ours are those of the schema. Then the same with one
thing wrong in each, which has to be noticed. TAP."""
import json
import pathlib
import re
import sys
import tomllib

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import snippets  # pylint: disable=wrong-import-position
from tap import Tap  # pylint: disable=wrong-import-position

# What the documentation of these components has, as far as it concerns us.
PARSER = {"id", "output", "type", "if", "on_error", "parse_from", "parse_to", "timestamp", "severity"}
OPERATORS = {
    "json_parser": PARSER | {"parse_ints"},
    "severity_parser": {"id", "output", "type", "if", "on_error", "parse_from", "preset", "mapping", "overwrite_text"},
    "move": {"id", "output", "type", "if", "on_error", "from", "to"},
}
TIMESTAMP = {"parse_from", "layout_type", "layout", "location"}
SEVERITIES = {name + n for name in ("trace", "debug", "info", "warn", "error", "fatal") for n in ("", "2", "3", "4")}
RECEIVERS = {
    "file_log": {"include", "exclude", "start_at", "storage", "operators", "include_file_name", "include_file_path",
                 "max_log_size", "fingerprint_size", "resource", "attributes", "retry_on_failure", "poll_interval"},
    "journald": {"directory", "files", "start_at", "units", "identifiers", "matches", "priority", "storage", "operators",
                 "retry_on_failure", "all"},
}
VECTOR = {
    "file": {"type", "include", "exclude", "read_from", "data_dir", "max_line_bytes", "fingerprint"},
    "journald": {"type", "include_matches", "exclude_matches", "include_units", "journal_directory", "current_boot_only"},
    "remap": {"type", "inputs", "source", "drop_on_error", "drop_on_abort"},
    "console": {"type", "inputs", "encoding", "target"},
}
# What Vector itself puts into an event.
VECTORS_OWN = {"message", "timestamp", "host", "source_type", "file", "compatcaps"}
ALLOY = {
    "local.file_match": {"path_targets", "sync_period", "ignore_older_than"},
    "loki.source.file": {"targets", "forward_to", "encoding", "tail_from_end"},
    "loki.source.journal": {"forward_to", "format_as_json", "labels", "matches", "max_age", "path", "relabel_rules"},
    "loki.relabel": {"forward_to"},
    "rule": {"source_labels", "target_label", "separator", "regex", "replacement", "action"},
    "loki.process": {"forward_to"},
    "stage.json": {"expressions", "source", "drop_malformed"},
    "stage.output": {"source"},
    "stage.timestamp": {"source", "format", "location", "fallback_formats", "action_on_failure"},
    "stage.labels": {"values"},
    "stage.structured_metadata": {"values"},
    "loki.write": set(),
    "endpoint": {"url"},
}
# Labels of Loki: each value makes another stream.
FEW_VALUES = {"host", "type", "cause", "errno"}


def complain(where, names, known):
    return [f"{where}: {name}" for name in sorted(set(names) - set(known))]


class Names:
    """Those of the stream, and of the journal."""

    def __init__(self, schema):
        text = schema.read_text()
        self.keys = set(re.findall(r'"([a-z0-9_]+)": \{', text)) & keys_of(json.loads(text))
        self.fields = {f"COMPATCAPS_{key.upper()}" for key in self.keys} | {"COMPATCAPS_LINE"}

    def of_journal(self, text):
        return complain("field", re.findall(r"COMPATCAPS_\w+", text), self.fields)


def keys_of(value):
    """Every name of a property."""
    found = set()
    if isinstance(value, dict):
        found |= set(value.get("properties", {}))
        for inner in value.values():
            found |= keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            found |= keys_of(inner)
    return found


def otelcol(text, names):
    bad = []
    for kind, receiver in yaml.safe_load(text)["receivers"].items():
        bad += complain(kind, receiver, RECEIVERS.get(kind, {}))
        for operator in receiver["operators"]:
            bad += complain(operator["type"], operator, OPERATORS.get(operator["type"], {}))
            bad += complain("timestamp", operator.get("timestamp", {}), TIMESTAMP)
            bad += complain("severity", operator.get("mapping", {}), SEVERITIES)
    return bad + complain("key", re.findall(r"\battributes\.(\w+)", text), names.keys)


def vector(text, names):
    bad = []
    config = tomllib.loads(text)
    for group in "sources", "transforms", "sinks":
        for name, component in config[group].items():
            bad += complain(name, component, VECTOR.get(component["type"], {}))
    known = {**config["sources"], **config["transforms"]}
    bad += complain("input", config["transforms"]["events"]["inputs"] + config["sinks"]["console"]["inputs"], known)
    source = config["transforms"]["events"]["source"]
    paths = [p.split(".") for p in re.findall(r"(?<![\w.])\.([a-z_]+(?:\.[a-z_]+)*)", source)]
    bad += complain("field", [path[0] for path in paths], VECTORS_OWN)
    return bad + complain("key", [path[1] for path in paths if path[0] == "compatcaps" and len(path) > 1], names.keys)


def alloy(text, names):
    bad, open_blocks, line_names = [], [], {"line"}
    for line in text.splitlines():
        if block := re.fullmatch(r'\s*([a-z_.]+)(?: "\w+")? \{', line):
            open_blocks.append(block[1])
            bad += complain("block", open_blocks[-1:], ALLOY)
        elif line.strip() == "}":
            open_blocks.pop()
        elif argument := re.fullmatch(r"\s*(\w+)\s+= (.*)", line):
            bad += complain(open_blocks[-1], [argument[1]], ALLOY[open_blocks[-1]] if open_blocks[-1] in ALLOY else ())
            mapped = re.findall(r'(\w+) = "', argument[2])
            if open_blocks[-1].startswith("stage."):
                bad += complain("key", mapped, names.keys | line_names)
            if open_blocks[-1] == "stage.labels":
                bad += complain("label", mapped, FEW_VALUES)
        elif line.strip():
            bad.append(f"what is: {line}")
    labels = re.findall(r'target_label  = "(\w+)"', text)
    parts = {f"{kind}.{label}" for kind, label in re.findall(r'^([a-z_.]+) "(\w+)" \{', text, re.M)}
    used = re.findall(r"\b((?:loki|local)\.[a-z_.]+)\.(?:receiver|targets|rules)\b", text)
    return bad + complain("label", labels, FEW_VALUES) + complain("component", used, parts) + [
        "a block is not closed" for _ in open_blocks]


def shell(text, names):
    """Of jq's filters."""
    filters = " ".join(re.findall(r"jq [^']*'([^']*)'", text))
    return complain("key", re.findall(r"(?<!\w)\.([a-z_]+)", filters), names.keys)


CHECKS = {"yaml": otelcol, "toml": vector, "alloy": alloy, "sh": shell}
# language, what is replaced in the first block that has it, by what
WRONG = [("yaml", "attributes.ts", "attributes.tz"), ("yaml", "parse_ints", "parse_int"), ("yaml", "identifiers:", "identifier:"),
         ("yaml", "warn:", "warning:"), ("yaml", "start_at: beginning", "start_at: [beginning"),
         ("yaml", "COMPATCAPS_LINE", "COMPATCAPS_JSON"), ("toml", ".compatcaps.ts", ".compatcaps.time"),
         ("toml", "include_matches", "include_match"), ("toml", '"recordings", "journal"', '"recording", "journal"'),
         ("toml", 'type = "file"', 'type = "file'), ("alloy", 'cause = "", guest', 'reason_of = "", guest'),
         ("alloy", '{type = "", cause = ""}', '{type = "", guest = ""}'), ("alloy", "format_as_json", "format_json"),
         ("alloy", "loki.process.events.receiver", "loki.process.event.receiver"), ("alloy", "stage.output {", "stage.out {"),
         ("sh", ".cause ==", ".causes =="), ("sh", "COMPATCAPS_CAUSE", "COMPATCAPS_CAUSES")]


def problems(block, names):
    try:
        return names.of_journal(block.text) + CHECKS.get(block.language, lambda *_: [])(block.text, names)
    except (yaml.YAMLError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        return [f"it cannot be read: {error!r}"]


def main():
    tap = Tap()
    names = Names(pathlib.Path(sys.argv[2]))
    blocks = snippets.blocks(pathlib.Path(sys.argv[1]))
    languages = {block.language for block in blocks}
    tap.ok(set(CHECKS) <= languages and len(blocks) > 10, "the guide has blocks of each kind", languages, len(blocks))
    for block in blocks:
        tap.same(problems(block, names), [], f"{block.of} {block.name}")
    for language, right, wrong in WRONG:
        spoiled = [b._replace(text=b.text.replace(right, wrong, 1)) for b in blocks if b.language == language and right in b.text]
        tap.ok(spoiled and problems(spoiled[0], names), f"noticed: {wrong} for {right}", spoiled[:1])
    tap.end()


main()
