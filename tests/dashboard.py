# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The dashboard's panels as Prometheus' own pages show them, in one picture."""
import datetime
import json
import math
import os
import pathlib
import subprocess
import urllib.parse

TOP = pathlib.Path(__file__).resolve().parent.parent
ROOT = TOP / "tools" / "root"
DASHBOARD = TOP / "packaging" / "prometheus" / "dashboard.json"


def queries():
    """(panel, expression) of each query, of every host."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            expr = target["expr"].replace("$__rate_interval", "30s").replace("$instance", ".*")
            yield panel, expr


def span(prometheus):
    """When there was something to show: from, until."""
    series = prometheus.api("query", query="compatcaps_build_info[2h]")["result"]
    times = [float(time) for one in series for time, _ in one["values"]]
    # Its pages take whole minutes.
    return min(times), math.ceil(max(times) / 60) * 60


def shows_something(prometheus, expr, begin, end):
    series = prometheus.api("query_range", query=expr, start=begin, end=end, step=1)["result"]
    return any(float(value) > 0 for one in series for _, value in one["values"])


def drawn(panel, expr):
    """As a legend has room for it: without the name of the metric, and without what was 0 all the time."""
    if panel["type"] == "state-timeline":
        return f"({expr}) + 0"
    return f"({expr}) and max_over_time(({expr})[1h:5s] @ end()) > 0"


def panels(prometheus):
    """Those that are graphs and have something to show, in the dashboard's order."""
    begin, end = span(prometheus)
    shown = {}
    for panel, expr in queries():
        if panel["type"] in ("timeseries", "state-timeline") and shows_something(prometheus, expr, begin, end):
            query = urllib.parse.urlencode({
                "g0.expr": drawn(panel, expr), "g0.tab": 0, "g0.range_input": f"{int(end - begin)}s", "g0.step_input": 1,
                "g0.end_input": datetime.datetime.fromtimestamp(end, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M")})
            shown.setdefault(panel["title"], f"http://127.0.0.1:{prometheus.port}/classic/graph?{query}")
    return [{"title": title, "url": url} for title, url in shown.items()]


def picture(prometheus, path, where):
    """Returns the titles of what it shows."""
    shown = panels(prometheus)
    (where / "panels.json").write_text(json.dumps(shown))
    modules = subprocess.run([ROOT, "npm", TOP / "tests" / "browser"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    subprocess.run([ROOT, "enter", "browser", "--", "env", f"NODE_PATH={modules}/node_modules", "node",
                    "tests/browser/dashboard.js", where / "panels.json", where / "dashboard.png"], check=True, cwd=TOP,
                   env={key: value for key, value in os.environ.items() if key != "NODE_EXTRA_CA_CERTS"})
    pathlib.Path(path).write_bytes((where / "dashboard.png").read_bytes())
    return [panel["title"] for panel in shown]
