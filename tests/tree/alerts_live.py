# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Recordings of real hosts become a host's metrics, one after the other, as a real node_exporter shows them: every
alert reaches alertmanager, every metric and every query of the dashboard is answered. TAP."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tests"))
import monitoring  # pylint: disable=wrong-import-position
from tap import Tap  # pylint: disable=wrong-import-position

OUT = TOP / os.environ.get("O", "build")
DATA = TOP / "tests" / "data"
BEFORE, AFTER = DATA / "debian-7.3-p11-as-p10-v2.jsonl", DATA / "debian-7.3-p10-as-p9-v2.jsonl"
DASHBOARD = TOP / "packaging" / "prometheus" / "dashboard.json"
TAP = Tap()
ok = TAP.ok


def metrics_of(recording):
    """What the program counts in it."""
    return subprocess.run([OUT / "host/bin/compatcaps-trace", "metrics", "-q", "-"], input=recording.encode(), check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


class Host:
    """Its file, as a tracer replaces it."""

    def __init__(self, directory):
        self.file = directory / "compatcaps.prom"

    def says(self, recording):
        new = self.file.with_suffix(".new")
        new.write_bytes(metrics_of(recording))
        new.rename(self.file)


def beginning(recording):
    """Until its first call: all counters are 0."""
    lines = recording.read_text().splitlines(keepends=True)
    first = next(n for n, line in enumerate(lines) if json.loads(line)["type"] not in ("trace", "attach", "host"))
    return "".join(lines[:first])


def with_a_loss(recording):
    """One of its lines cannot be read."""
    lines = recording.read_text().splitlines(keepends=True)
    return "".join(lines[:-2] + ["torn\n"] + lines[-1:])


def has_alert(watcher, name, **labels):
    found = monitoring.until(lambda: watcher.has(name, instance="host", **labels), 40)
    ok(found, f"alert: {name} reaches alertmanager", *watcher.seen)


def scraped(prometheus, expr):
    return monitoring.until(lambda: prometheus.query(expr), 40)


def check_counters(host, prometheus, watcher):
    host.says(beginning(BEFORE))
    ok(scraped(prometheus, 'compatcaps_build_info{instance="host"}'), "a host is scraped")
    time.sleep(3)
    ok(not watcher.seen, "alert: none while nothing happens", *watcher.seen)
    host.says(with_a_loss(BEFORE))
    has_alert(watcher, "CompatModeAboveHost", cause="newer-than-host", mode="POWER11")
    has_alert(watcher, "CompatModeRefused", cause="before-papr")
    has_alert(watcher, "CompatNegotiationFails", cause="size-over-page")
    has_alert(watcher, "CompatGuestDies")
    has_alert(watcher, "CompatEventsLost", reason="unreadable")


def documented():
    table = (TOP / "docs/metrics.md").read_text().split("## Table of metrics")[1].split("\n## ")[0]
    names = re.findall(r"^\| `(\w+)` \| (\w+)", table, re.M)
    return [name + ("_bucket" if kind == "histogram" else "") for name, kind in names]


def check_queries(prometheus):
    """Of a dashboard in which a host is chosen, and of all of them."""
    names = documented()
    lacking = [name for name in names if not prometheus.query(name)]
    ok(len(names) > 10 and not lacking, f"each of {len(names)} metrics can be queried", lacking)
    board = json.loads(DASHBOARD.read_text())
    queries = [(panel["title"], target["expr"]) for panel in board["panels"] for target in panel["targets"]]
    for instance in ".*", "host":
        empty = []
        for title, expr in queries:
            expr = expr.replace("$__rate_interval", "1m").replace("$instance", instance)
            if "$" in expr or not prometheus.query(expr):
                empty.append((title, expr))
        ok(len(queries) > 15 and not empty, f"dashboard: {len(queries)} queries have an answer ({instance})", *empty)
    hosts = board["templating"]["list"][1]["query"]["query"]
    series, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", hosts).groups()
    ok([r["metric"][label] for r in prometheus.query(series)] == ["host"], "dashboard: its list of hosts")
    firing = board["annotations"]["list"][0]["expr"]
    ok(prometheus.query(firing), "dashboard: alerts are marked in it")
    unused = [name for name in names if not any(name in expr for _, expr in queries)]
    ok(not unused, "dashboard: it shows every metric", unused)
    ok(not [title for title, _ in queries if not title] and len({p["id"] for p in board["panels"]}) == len(board["panels"]),
       "dashboard: panels have a title and an id of their own")


def check_states(host, prometheus, watcher):
    host.says(AFTER.read_text())
    has_alert(watcher, "CompatModeLost", mode="POWER10")
    old = time.time() - 600
    os.utime(host.file, (old, old))
    has_alert(watcher, "CompatTracerStale")
    ok(not watcher.has("CompatTracerDown"), "alert: a tracer that hangs is not gone")
    host.file.unlink()
    has_alert(watcher, "CompatTracerDown")
    rules = {rule["name"] for group in prometheus.api("rules")["groups"] for rule in group["rules"]}
    raised = {labels["alertname"] for labels in watcher.seen.values()}
    ok(rules and rules == raised, "alert: each was raised", rules, raised)


def main():
    lacking = monitoring.missing()
    if lacking:
        ok(False, "what watches hosts is there", lacking)
        TAP.end()
    with tempfile.TemporaryDirectory() as where:
        where = pathlib.Path(where)
        directory = where / "textfiles"
        directory.mkdir()
        exporter = monitoring.NodeExporter(where, directory)
        alertmanager = monitoring.Alertmanager(where)
        prometheus = monitoring.Prometheus(where, {"host": exporter.port}, alertmanager)
        watcher = monitoring.Watcher(alertmanager)
        host = Host(directory)
        try:
            check_counters(host, prometheus, watcher)
            check_queries(prometheus)
            check_states(host, prometheus, watcher)
        finally:
            watcher.stop = True
            for daemon in prometheus, exporter, alertmanager:
                daemon.end()
    TAP.end()


main()
