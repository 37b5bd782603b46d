# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""skeleton.py check|write [SCHEMA DIAGNOSIS] <ROWS: hold the documents to src/recording/schema.def.

ROWS are what tests/tree/docs.sh prints of the table: event, path, kind, whether it may be null, the
words of an enum, and a sentence. Each field must be described in docs/events.schema.json with that
type and that sentence, and no other may be. `write` puts them there, and a row for each new key into
docs/diagnosis.md; conditions, bounds and the text around the tables stay as they are.
"""

import json
import sys

KINDS = {
    "BOOL": {"type": "boolean"}, "YESNO": {"type": "boolean"},
    "U32": {"$ref": "u32"}, "U64": {"$ref": "u64"}, "S32": {"$ref": "s32"}, "S64": {"$ref": "s64"},
    "HEX32": {"$ref": "hex32"}, "HEX64": {"$ref": "hex64"},
    "TEXT": {"$ref": "ascii"}, "OWN": {"$ref": "ascii"}, "ESCAPED": {"$ref": "ascii"},
    "SENTENCE": {"type": "string"}, "RAW": {"type": "string"}, "LINE": {"type": "string"},
    "TIME": {"type": "string"}, "WORD": {"type": "string"}, "ERRNO": {"$ref": "errno"},
    "SET": {"type": "array"}, "MODES": {"$ref": "modes"}, "WORDS": {"$ref": "words"},
    "LIST": {"type": "array"}, "NUMBERS": {"type": "array"}, "TEXTS": {"type": "array"},
    "OBJECT": {"type": "object"},
}


def rows():
    for line in sys.stdin:
        event, path, kind, null, words, doc = line.rstrip("\n").split("\t")
        yield event, path, kind, null == "null", words.split() if words else None, doc


class Schema:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.root = json.load(f)

    def parts(self, schema):
        """A schema and those that it takes over, the nearest first."""
        yield schema
        if "$ref" in schema:
            yield from self.parts(self.root["$defs"][schema["$ref"].split("/")[-1]])
        for part in schema.get("allOf", []):
            if "$ref" in part:
                yield from self.parts(part)
        if "items" in schema and schema.get("type") != "object":
            yield from self.parts(schema["items"])

    def properties(self, schema):
        """Key to (description of it, the object that has it)."""
        found = {}
        for part in self.parts(schema):
            for key, value in part.get("properties", {}).items():
                if "description" in value or key not in found:
                    found.setdefault(key, (value, part))
        return found

    def find(self, event, path):
        """The description of a field, or where it would have to be: (None, the object)."""
        place = self.root["$defs"][event.replace("-", "_")]
        known = self.root if path.split(".")[0] in self.root["properties"] else place
        value = known
        for key in path.replace("[]", "").split("."):
            entry = self.properties(value).get(key)
            if entry is None:
                return None, next((p for p in self.parts(value) if "properties" in p), value)
            value, place = entry
        return value, place

    def types(self, schema):
        """The JSON types that it allows."""
        found = set()
        for part in self.parts(schema) if "items" not in schema else [schema]:
            kinds = part.get("type", [])
            found |= set(kinds if isinstance(kinds, list) else [kinds])
            for value in part.get("enum", []) + ([part["const"]] if "const" in part else []):
                found.add("null" if value is None else "boolean" if isinstance(value, bool) else
                          "integer" if isinstance(value, int) else "string")
            for one in part.get("anyOf", []) + part.get("oneOf", []):
                found |= self.types(one)
        return found


def described(schema, kind, null, words):
    """What a new field looks like."""
    what = dict(KINDS[kind])
    if words:
        return {"enum": words + ([None] if null else [])}
    if "$ref" in what:
        name = what["$ref"] + ("_or_null" if null else "")
        if name in schema.root["$defs"]:
            return {"$ref": f"#/$defs/{name}"}
        return {"anyOf": [{"$ref": f"#/$defs/{what['$ref']}"}, {"type": "null"}]}
    if null:
        what["type"] = [what["type"], "null"]
    return what


def compare(schema, row):
    event, path, kind, null, words, doc = row
    found, _ = schema.find(event, path)
    if found is None:
        return "is not described"
    if found.get("description", doc) != doc:
        return f"is described otherwise: {found['description']}"
    types = schema.types(found)
    if types and null != ("null" in types):
        return f"may {'' if null else 'not '}be null, and is described as {sorted(types)}"
    enum = next((p["enum"] for p in schema.parts(found) if "enum" in p), None)
    if words and enum and set(words) != set(enum) - {None}:
        return f"can be {sorted(words)}, and is described as {enum}"
    return None


def surplus(schema, table):
    """Fields that are described and not written."""
    known = {(event, path.replace("[]", "")) for event, path, *_ in table}

    def walk(event, value, prefix):
        for key, (child, _) in schema.properties(value).items():
            path = f"{prefix}{key}"
            if (event, path) not in known:
                yield event, path
            elif schema.types(child) & {"object", "array"}:
                yield from walk(event, child, f"{path}.")

    for event in sorted({event for event, *_ in table}):
        yield from walk(event, schema.root["$defs"][event.replace("-", "_")], "")


def put(schema, row):
    event, path, kind, null, words, doc = row
    found, place = schema.find(event, path)
    key = path.split(".")[-1]
    if found is None:
        place.setdefault("properties", {})[key] = {"description": doc} | described(schema, kind, null, words)
        place.setdefault("required", []).append(key)
    elif "description" in found:
        found["description"] = doc
        if words and "enum" in found:
            found["enum"] = words + ([None] if null else [])


def layout(value, indent=0, before=0):
    """What fits into 100 columns behind `before` characters stands on one line."""
    flat = json.dumps(value)
    if indent + before + len(flat) < 100 or not isinstance(value, (dict, list)) or not value:
        return flat
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        items = [(f"{json.dumps(key)}: ", child) for key, child in value.items()]
    else:
        items = [("", child) for child in value]
    inner = [pad + key + layout(child, indent + 2, len(key)) for key, child in items]
    opened, closed = "{}" if isinstance(value, dict) else "[]"
    return opened + "\n" + ",\n".join(inner) + "\n" + " " * indent + closed


def add_keys(path, table):
    """A row for each key that the event's table in the document does not have."""
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    for event in dict.fromkeys(event for event, *_ in table):
        heading = f"### {event}"
        if heading not in lines:
            continue
        start = lines.index(heading) + 1
        end = next((i for i in range(start, len(lines)) if lines[i].startswith("#")), len(lines))
        text = "\n".join(lines[start:end])
        last = max((i for i in range(start, end) if lines[i].startswith("|")), default=None)
        new = [f"| `{p}` | {doc} |" for e, p, _, _, _, doc in table
               if e == event and "." not in p and f"`{p}`" not in text and p not in EVERY]
        if last is not None:
            lines[last + 1:last + 1] = new
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


EVERY = {"type", "seq", "ts", "mono_ns", "pid", "tid", "comm", "thread", "cgroup", "vm", "vm_name", "guest"}


def main():
    mode, schema_path, diagnosis = (sys.argv[1:] + ["docs/events.schema.json", "docs/diagnosis.md"])[:3]
    table = [row for row in rows() if row[1] != "type"]
    schema = Schema(schema_path)
    if mode == "write":
        for row in table:
            if compare(schema, row):
                put(schema, row)
        with open(schema_path, "w", encoding="utf-8") as f:
            f.write(layout(schema.root) + "\n")
        add_keys(diagnosis, table)
        return 0
    wrong = [f"{row[0]}: {row[1]} {problem}" for row in table if (problem := compare(schema, row))]
    wrong += [f"{event}: {path} is described, and not written" for event, path in surplus(schema, table)]
    print("\n".join(dict.fromkeys(wrong)))
    return bool(wrong) or not table


if __name__ == "__main__":
    sys.exit(main())
