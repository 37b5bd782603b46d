# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A few seconds of `make soak`, so that the soak itself does not rot."""
import re

import vmtest

# Where modules can be loaded again, and where there are two CPUs (tests/vm/soaks).
OPTIONS = {"p10-v1": ["--round", "reload", "--seconds", "2"],
           "p11-as-p10-v2": ["--without", "reload", "--seconds", "2"]}
# With DEBUG_VM Linux 6.12 warns of itself where a CPU goes offline (switch_mm_irqs_off(), in
# idle_task_exit()): there none does.
NO_HOTPLUG = {"patched-6.12-debug": ["--round", "steady", "--seconds", "4"]}


def options(kernel, machine):
    if machine == "p11-as-p10-v2":
        return NO_HOTPLUG.get(kernel, OPTIONS[machine])
    return OPTIONS[machine]


def runs(kernel, machine):
    if (kernel == "debian-7.3" or vmtest.is_instrumented(kernel)) and machine in OPTIONS:
        cpus = 2 if machine == "p11-as-p10-v2" else 1
        yield vmtest.Run(kernel, machine, "soak", "soak", ["--seed", "1", *options(kernel, machine)], 300, cpus, ("soak",))


def check(tap, guest, run):
    said = guest.text("soak.out")
    for line in said.splitlines():
        print(f"# {line}")
    tap.same(guest.number("soak.status"), 0, "every call is told of, whatever happens to the tracer",
             said, guest.text("soak.err"))
    rounds = re.findall(r"^ok (\w+) --seed", said, re.M)
    wanted = [run.args[run.args.index("--round") + 1]] if "--round" in run.args else ["steady", "storm", "restart"]
    tap.same(rounds, wanted, "each round was played")
    tap.ok(re.search(r"in all: [1-9]\d+ calls recorded", said), "and calls were made", said)
    if "--round" in run.args:
        return
    spoiled = guest.text("spoiled.out")
    tap.ok(guest.number("spoiled.status") == 1 and " gaps in seq" in spoiled and "recorded +" in spoiled,
           "lines that are missing are noticed", spoiled, guest.text("spoiled.err"))
