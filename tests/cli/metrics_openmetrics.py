# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The rules of OpenMetrics 1.0, or of Prometheus' text format, as far as our metrics meet them.
usage: metrics_openmetrics.py openmetrics|prometheus FILE: prints what is wrong."""
import math
import re
import sys

NUMBER = r"[0-9]+(?:\.[0-9]+)?"
LABELS = r'\{[a-z]+="(?:[^"\\\n]|\\[\\n"])*"(?:,[a-z]+="(?:[^"\\\n]|\\[\\n"])*")*\}'
SAMPLE = re.compile(rf"([a-z_:][a-z0-9_:]*)({LABELS})? ({NUMBER})(?: # ({LABELS}) ({NUMBER}) ({NUMBER}))?")
PAIR = re.compile(r'([a-z]+)="((?:[^"\\\n]|\\[\\n"])*)"')
SUFFIXES = {"counter": ["_total"], "gauge": [""], "info": ["_info"], "histogram": ["_bucket", "_sum", "_count"]}
bad = []


def complain(line, why):
    bad.append(f"{why}: {line}")


class Family:
    def __init__(self, name):
        self.name, self.type, self.help, self.unit = name, None, None, None
        self.samples = []


def metadata(line, families, openmetrics):
    kind, name, text = line[2:].split(" ", 2)
    if not families or families[-1].name != name:
        if name in [f.name for f in families]:
            complain(line, "a family in two places")
        families.append(Family(name))
    family = families[-1]
    if family.samples:
        complain(line, "metadata after samples")
    field = {"HELP": "help", "TYPE": "type", "UNIT": "unit" if openmetrics else None}.get(kind)
    if not field or getattr(family, field):
        complain(line, "metadata that is not known, or twice")
    else:
        setattr(family, field, text)


def check_sample(line, family, openmetrics):
    found = SAMPLE.fullmatch(line)
    if not found:
        return complain(line, "no sample")
    name, labels, value, exemplar, exemplar_value, _ = found.groups()
    pairs = PAIR.findall(labels or "")
    names = [key for key, _ in pairs]
    if len(names) != len(set(names)):
        complain(line, "a label twice")
    suffixes = SUFFIXES.get(family.type, []) if openmetrics or family.type == "histogram" else [""]
    if name not in [family.name + suffix for suffix in suffixes]:
        complain(line, f"a {family.type} has no such sample")
    if exemplar and (not openmetrics or not name.endswith(("_total", "_bucket"))):
        complain(line, "no exemplar may be here")
    if exemplar and sum(len(k) + len(v) for k, v in PAIR.findall(exemplar)) > 128:
        complain(line, "too long an exemplar")
    family.samples.append((name, tuple(pairs), value, exemplar_value))


def go_float(text):
    """As OpenMetrics wants bounds: the shortest text, always with a point or an exponent."""
    value = float(text)
    return "+Inf" if math.isinf(value) else repr(value)


def check_histogram(family):
    buckets = [(dict(pairs)["le"], int(value), exemplar) for name, pairs, value, exemplar in family.samples
               if name.endswith("_bucket")]
    sums = [value for name, _, value, _ in family.samples if name.endswith("_sum")]
    counts = [int(value) for name, _, value, _ in family.samples if name.endswith("_count")]
    bounds = [float(le) for le, _, _ in buckets]
    if bounds != sorted(set(bounds)) or not math.isinf(bounds[-1]):
        complain(family.name, "bounds out of order, or no +Inf")
    if [le for le, _, _ in buckets] != [go_float(le) for le, _, _ in buckets]:
        complain(family.name, "bounds that are not canonical")
    values = [value for _, value, _ in buckets]
    if values != sorted(values) or counts != values[-1:] or len(sums) != 1:
        complain(family.name, "buckets are not cumulative, or sum or count is missing")
    for low, (le, _, exemplar) in zip([0] + bounds, buckets):
        if exemplar and not (low <= float(exemplar) <= float(le)):
            complain(f"{exemplar} in {le}", "an exemplar in the wrong bucket")


def check_family(family, openmetrics):
    if not family.type or not family.help:
        complain(family.name, "no type or help")
    if family.unit and not family.name.endswith("_" + family.unit):
        complain(family.name, "its name does not end in its unit")
    if openmetrics and family.name.endswith("_seconds") != (family.unit == "seconds"):
        complain(family.name, "no unit")
    if openmetrics and family.name.endswith(("_total", "_info", "_created", "_bucket", "_sum", "_count")):
        complain(family.name, "a name that samples have")
    keys = [(name, pairs) for name, pairs, _, _ in family.samples]
    if len(keys) != len(set(keys)):
        complain(family.name, "a series twice")
    if len({tuple(k for k, _ in pairs) for name, pairs, _, _ in family.samples if not name.endswith(("_sum", "_count"))}) > 1:
        complain(family.name, "other labels here and there")
    if family.type == "histogram":
        check_histogram(family)


def check(text, openmetrics):
    lines = text.split("\n")
    families = []
    if lines.pop() != "":
        complain(lines[-1], "no end of the last line")
    if openmetrics and lines.pop() != "# EOF":
        complain(lines[-1], "no EOF")
    if not openmetrics and not lines[0].startswith("# compatcaps-trace metrics 1"):
        complain(lines[0], "not our first line")
    for line in lines if openmetrics else lines[1:]:
        if line.startswith("# "):
            metadata(line, families, openmetrics)
        elif families:
            check_sample(line, families[-1], openmetrics)
        else:
            complain(line, "a sample of no family")
    for family in families:
        check_family(family, openmetrics)
    if len(families) < 10:
        complain(len(families), "there are few families")
    return families


def main():
    openmetrics = sys.argv[1] == "openmetrics"
    with open(sys.argv[2], encoding="utf-8", newline="") as f:
        text = f.read()
    check(text, openmetrics)
    try:
        # A judge that is not ours, where there is one.
        from prometheus_client.openmetrics import parser  # pylint: disable=import-outside-toplevel
    except ImportError:
        parser = None
    if parser and openmetrics:
        try:
            list(parser.text_string_to_metric_families(text))
        except ValueError as error:
            complain(error, "prometheus_client refuses it")
    print("\n".join(bad))
    sys.exit(1 if bad else 0)


main()
