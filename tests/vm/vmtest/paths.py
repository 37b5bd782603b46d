# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Where things are, and the tables tests/vm/kernels and tests/vm/machines."""
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent.parent
TOP = HERE.parent.parent
# Where make has built.
OUT = TOP / os.environ.get("O", "build")
sys.path.insert(0, str(HERE.parent))


def table(name):
    """The rows of a table, as lists of fields, read by tests/vm/table, as the shell scripts have it."""
    done = subprocess.run([HERE / "table", name], check=True, stdout=subprocess.PIPE, text=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def limits(what):
    """The rows of bench/limits for this, without their first word."""
    lines = (line.split("#")[0].split() for line in (TOP / "bench" / "limits").read_text().splitlines())
    return [words[1:] for words in lines if words and words[0] == what]


def root(name):
    """Where the Debian tree of tools/roots/NAME is: it is made if it is not there yet."""
    done = subprocess.run([TOP / "tools" / "root", "path", name], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def package():
    """The Debian package that make has built; None: this machine has no tools for that."""
    found = sorted((OUT / "packages").glob("compatcaps-trace_*.deb"))
    return found[-1] if found else None
