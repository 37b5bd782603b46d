# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The blocks of a guide: fenced ones whose first line names them, ```LANGUAGE OF NAME, and commands, which are indented."""
import collections
import re

Block = collections.namedtuple("Block", "language of name text")


def blocks(path):
    return [Block(*fields) for fields in re.findall(r"^```(\w+) (\S+) (\S+)\n(.*?)^```$", path.read_text(), re.M | re.S)]


def is_whole(command):
    """Does a command end here? Not within quotes, nor after what joins lines."""
    rest = re.sub(r"""'[^']*'|"[^"]*"|\\.""", "", command, flags=re.S)
    rest = re.sub(r"#.*$", "", rest, flags=re.M).rstrip()
    return not re.search(r"""['"]|(\\|[|]|&&)$""", rest)


def commands(text):
    """The commands of the indented blocks, with all lines of each."""
    found, command = [], ""
    for line in re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S).splitlines():
        if not line.startswith("    "):
            command = ""
            continue
        command += ("\n" if command else "") + line[4:]
        if is_whole(command):
            found += [] if command.lstrip().startswith("#") else [command]
            command = ""
    return found
