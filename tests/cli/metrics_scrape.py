# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A real Prometheus on loopback scrapes both formats, and is asked for each sample again. TAP.
usage: metrics_scrape.py DIRECTORY, which holds text.prom and open.om"""
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from monitoring import free_port  # pylint: disable=wrong-import-position
from tap import Tap  # pylint: disable=wrong-import-position

SECONDS = 60
TYPES = {"text.prom": "text/plain; version=0.0.4; charset=utf-8",
         "open.om": "application/openmetrics-text; version=1.0.0; charset=utf-8"}
CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
- job_name: text
  metrics_path: /text.prom
  static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
- job_name: open
  metrics_path: /open.om
  static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
TAP = Tap()
ok = TAP.ok


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # pylint: disable=invalid-name
        name = self.path.strip("/")
        data = (pathlib.Path(sys.argv[1]) / name).read_bytes() if name in TYPES else None
        self.send_response(200 if data is not None else 404)
        self.send_header("Content-Type", TYPES.get(name, "text/plain"))
        self.end_headers()
        self.wfile.write(data or b"")

    def log_message(self, *args):  # pylint: disable=arguments-differ
        pass


class Prometheus:
    def __init__(self, target, where):
        self.port = free_port()
        (where / "prometheus.yml").write_text(CONFIG.format(port=target))
        self.log = open(where / "log", "wb")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            ["prometheus", f"--config.file={where}/prometheus.yml", f"--storage.tsdb.path={where}/data",
             f"--web.listen-address=127.0.0.1:{self.port}", "--enable-feature=exemplar-storage"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env={**os.environ, "GOMAXPROCS": "1"})

    def ask(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def wait(self, deadline):
        """Until it has scraped both."""
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                targets = self.ask("targets")["activeTargets"]
                if len(targets) == 2 and all(t["health"] in ("up", "down") for t in targets):
                    return {t["labels"]["job"]: (t["health"], t["lastError"]) for t in targets}
            except (OSError, urllib.error.URLError):
                pass
            time.sleep(0.2)
        return {}

    def samples(self, job):
        found = {}
        for series in self.ask("query", query=f'{{job="{job}",__name__=~"compatcaps_.*"}}')["result"]:
            labels = {k: v for k, v in series["metric"].items() if k not in ("__name__", "job", "instance")}
            found[series["metric"]["__name__"], tuple(sorted(labels.items()))] = float(series["value"][1])
        return found

    def exemplars(self):
        now = time.time()
        found = self.ask("query_exemplars", query='{job="open"}', start=0, end=now + 10**9)
        return [(series["seriesLabels"]["__name__"], e["labels"]) for series in found for e in series["exemplars"]]

    def end(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


def of_file(path):
    found, exemplars = {}, 0
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            continue
        sample, _, exemplar = line.partition(" # ")
        exemplars += bool(exemplar)
        key, value = sample.rsplit(" ", 1)
        name, _, labels = key.partition("{")
        found[name, tuple(sorted(re.findall(r'([a-z]+)="([^"]*)"', labels)))] = float(value)
    return found, exemplars


def check(prometheus, where):
    states = prometheus.wait(time.monotonic() + SECONDS)
    for job, file in ("text", "text.prom"), ("open", "open.om"):
        ok(states.get(job) == ("up", ""), f"Prometheus scrapes {file}", states, (where / "log").read_text()[-1500:])
        if job not in states:
            continue
        want, exemplars = of_file(pathlib.Path(sys.argv[1]) / file)
        got = prometheus.samples(job)
        differ = [(key, want.get(key), got.get(key)) for key in want.keys() | got.keys()
                  if want.get(key) != got.get(key)]
        ok(len(want) > 150 and not differ, f"{file}: each of its {len(want)} samples can be queried", *differ[:5])
        if job == "open":
            got = prometheus.exemplars()
            # A line of the kernel need not have a VM.
            ok(len(got) == exemplars > 5 and all("seq" in e and ("vm" in e or "kernel" in metric) for metric, e in got),
               f"{file}: so can its {exemplars} exemplars", len(got), *got[:3])


def main():
    if not shutil.which("prometheus"):
        TAP.skip("Prometheus scrapes the metrics", "there is no prometheus: only promtool and our own rules looked at them")
        return
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as where:
        prometheus = Prometheus(server.server_address[1], pathlib.Path(where))
        try:
            check(prometheus, pathlib.Path(where))
        finally:
            prometheus.end()
    server.shutdown()
    TAP.end()


main()
