# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The fenced blocks of a guide whose first line names them: ```LANGUAGE OF NAME."""
import collections
import re

Block = collections.namedtuple("Block", "language of name text")


def blocks(path):
    return [Block(*fields) for fields in re.findall(r"^```(\w+) (\S+) (\S+)\n(.*?)^```$", path.read_text(), re.M | re.S)]
