# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What a user or a CI service does, outside the root that builds and tests: in a checkout of this tree, and in a tree that
has what the image of docs/ci's jobs has and what these install there (tools/roots/ci)."""
import os
import pathlib
import subprocess

import vmtest

LIMIT = 300
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run(args, **options):
    options = {"capture_output": True, "check": False, "timeout": LIMIT, "stdin": subprocess.DEVNULL, "text": True,
               "errors": "replace"} | options
    return subprocess.run([str(a) for a in args], **options)


class Checkout:
    """This tree, as it is built, and room for files. Its scripts know nothing of the root that the tests run in."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        for entry in vmtest.TOP.iterdir():
            if entry.name not in ("build", ".git"):
                (self.path / entry.name).symlink_to(entry)
        (self.path / "build").symlink_to(vmtest.OUT)

    def script(self, lines, **env):
        """As a CI's shell runs them: the first one that fails ends it."""
        # What is seen of this machine: where the kernels and roots are, and what was built.
        # By its whole name only where it is another than everybody's: make takes none that has a space in it.
        out = "build" if vmtest.OUT == vmtest.TOP / "build" else vmtest.OUT
        env = {"PATH": PATH, "HOME": "/root", "O": out, "COMPATCAPS_CACHE": os.environ["COMPATCAPS_CACHE"]} | env
        variables = [f"{name}={value}" for name, value in env.items()]
        return run([vmtest.TOP / "tools" / "root", "enter", "ci", "--", "env", "-i", *variables,
                    "bash", "-eo", "pipefail", "-c", "\n".join(lines)], cwd=self.path)
