# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the tests in Python print."""
import sys


class Tap:
    """Prints a line a check and remembers whether one has failed."""

    def __init__(self, prefix=""):
        self.failed = 0
        self.prefix = prefix

    def within(self, part):
        """The same, for checks of one part: its name comes first."""
        return type(self)(f"{part}: ")

    def ok(self, passed, name, *notes):
        name = self.prefix + name
        if not passed:
            self.failed += 1
            for note in notes:
                for line in str(note).splitlines():
                    print("#   " + line)
        print(("ok - " if passed else "not ok - ") + name, flush=True)
        return passed

    def same(self, got, want, name, *notes):
        return self.ok(got == want, name, f"got      {got!r}", f"expected {want!r}", *notes)

    def says(self, text, words, name):
        """Does a message hold all of these words?"""
        missing = [word for word in words if word not in text]
        return self.ok(not missing, name, f"missing {missing} in:", text)

    def skip(self, name, why):
        print(f"ok - {self.prefix}{name} # SKIP {why}", flush=True)

    def end(self):
        sys.exit(1 if self.failed else 0)
