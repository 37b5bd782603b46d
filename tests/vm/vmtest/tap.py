# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""TAP of a test that boots a guest."""
import tap

from .boot import Guest


class Tap(tap.Tap):
    def boot(self, *args, **options):
        """A guest, or the end: without one there is nothing to check."""
        guest = Guest(*args, **options)
        if not self.same(guest.status, 0, "the guest ran and its kernel had nothing to complain about",
                         guest.said) and not guest.files:
            self.end()
        return guest
