# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the tests of compatcaps-trace share: the stream, and that replaying it tells the same."""
import os
import subprocess

import vmtest

CALLS = ("negotiation", "arch-compat", "extension-check", "retry")
# Keys that differ between two tracers of the same calls.
TIMES = ["ts", "mono_ns", "latency_ns", "after_ns", "seq", "evidence"]


def calls_of(lines):
    """What a traced process did; not what the tracer says of itself and of VMs' lives."""
    return [e for e in lines if e.get("type") in CALLS]


def of_pid(lines, pid):
    return [e for e in calls_of(lines) if e.get("pid") == pid]


def without(event, keys):
    return {k: v for k, v in event.items() if k not in keys}


def attached(lines):
    """How each function was watched at first."""
    return {e["function"]: e["how"] for e in reversed(lines) if e.get("type") == "attach"}


def native():
    """The build for this machine, which reads recordings."""
    name = "ppc64le" if os.uname().machine == "ppc64le" else "host"
    return vmtest.OUT / name / "bin" / "compatcaps-trace"


def replay(data, *options):
    """(status, stdout, stderr) of a recording that is told again."""
    done = subprocess.run([native(), "replay", *options, "-"], input=data, capture_output=True,
                          check=False, timeout=120)
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def check_replay(tap, name, data):
    """Live output and replay of its recording are equal, event for event."""
    status, again, said = replay(data, "--json")
    live, again = data.splitlines(), again.splitlines()
    differ = [f"line {n}\nlive   {a!r}\nreplay {b!r}" for n, (a, b) in enumerate(zip(live, again), 1) if a != b]
    tap.ok(status == 0 and live and len(live) == len(again) and not differ,
           f"{name}: replay tells what was told live", status, said, len(live), len(again), *differ[:3])


def check_stream(tap, name, lines, replayed=None):
    """Properties of all lines together; replayed: the bytes of a stream without an outcome filter."""
    broken = [e["broken"] for e in lines if "broken" in e]
    tap.ok(lines and not broken, f"{name}: every line is a JSON object", *broken)
    tap.same([e.get("seq") for e in lines], list(range(1, len(lines) + 1)), f"{name}: seq has no gap")
    kinds = [e.get("type") for e in lines]
    tap.ok(kinds[:1] == ["trace"] and kinds[-1:] == ["end"] and kinds.count("trace") == kinds.count("end") == 1,
           f"{name}: the stream has a beginning and an end", kinds[:1], kinds[-1:])
    tap.same([e for e in lines if e.get("type") == "lost"], [], f"{name}: nothing was lost")
    if replayed is not None:
        check_replay(tap, name, replayed)
