# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Debian's Prometheus, alertmanager and node_exporter, on loopback, for tests."""
import json
import os
import pathlib
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

TOP = pathlib.Path(__file__).resolve().parent.parent
ALERTS = TOP / "packaging" / "prometheus" / "alerts.yml"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


ROOT = str(TOP / "tools" / "root")


def missing():
    """Why these programs cannot be had; an empty text: they can."""
    done = subprocess.run([ROOT, "path", "monitoring"], capture_output=True, check=False)
    return done.stderr.decode() if done.returncode else ""


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def until(what, seconds=60):
    """What it returns once that is true, or its last value after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        try:
            got = what()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            got = None
        if got or time.monotonic() > end:
            return got
        time.sleep(0.5)


class Daemon:
    def __init__(self, log, name, *args):
        with open(log, "wb") as f:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                [ROOT, "enter", "monitoring", "--", name, *args], stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                env={**os.environ, "GOMAXPROCS": "1"})

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class NodeExporter(Daemon):
    """With the files of one directory alone."""

    def __init__(self, where, directory):
        self.port = free_port()
        super().__init__(where / "node_exporter.log", "prometheus-node-exporter",
                         "--collector.disable-defaults", "--collector.textfile",
                         f"--collector.textfile.directory={directory}", f"--web.listen-address=127.0.0.1:{self.port}")


class Alertmanager(Daemon):
    def __init__(self, where):
        self.port = free_port()
        config = where / "alertmanager.yml"
        config.write_text("route: {receiver: nobody, group_wait: 0s, group_interval: 1s}\nreceivers: [{name: nobody}]\n")
        super().__init__(where / "alertmanager.log", "prometheus-alertmanager", f"--config.file={config}",
                         f"--storage.path={where}/alertmanager", "--cluster.listen-address=",
                         f"--web.listen-address=127.0.0.1:{self.port}")

    def alerts(self):
        """The label sets of those that are firing."""
        return [a["labels"] for a in fetch(f"http://127.0.0.1:{self.port}/api/v2/alerts?active=true")]


class Prometheus(Daemon):
    """targets: instance -> port. The alerts are those that are shipped, but that nothing is waited for."""

    def __init__(self, where, targets, alertmanager):
        self.port = free_port()
        (where / "alerts.yml").write_text(re.sub(r"\bfor: \w+", "for: 1s", ALERTS.read_text()))
        jobs = "".join(f"""
  - targets: ["127.0.0.1:{port}"]
    labels: {{instance: {instance}}}""" for instance, port in targets.items())
        (where / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{where}/alerts.yml]
alerting:
  alertmanagers:
  - static_configs: [{{targets: ["127.0.0.1:{alertmanager.port}"]}}]
scrape_configs:
- job_name: node
  static_configs:{jobs}
""")
        super().__init__(where / "prometheus.log", "prometheus", f"--config.file={where}/prometheus.yml",
                         f"--storage.tsdb.path={where}/data", f"--web.listen-address=127.0.0.1:{self.port}")

    def api(self, path, **query):
        return fetch(f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}")["data"]

    def query(self, expr):
        return self.api("query", query=expr)["result"]


class Watcher(threading.Thread):
    """Remembers every alert that alertmanager has had."""

    def __init__(self, alertmanager):
        super().__init__(daemon=True)
        self.alertmanager = alertmanager
        self.seen = {}
        self.stop = False
        self.start()

    def run(self):
        while not self.stop:
            try:
                for labels in self.alertmanager.alerts():
                    self.seen[json.dumps(labels, sort_keys=True)] = labels
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                pass
            time.sleep(0.5)

    def has(self, name, **labels):
        return [seen for seen in list(self.seen.values())
                if seen["alertname"] == name and all(seen.get(k) == v for k, v in labels.items())]
