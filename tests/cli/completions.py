# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What Tab does in real shells, each on a terminal of its own: completions.py BIN COMPLETIONS. Prints TAP.

BIN holds the three programs, COMPLETIONS the scripts of the shells. Processes, files and guests have names here that
would run a command where a shell expands them, and every command leaves a file behind.
"""

import ctypes
import os
import pty
import select
import shlex
import shutil
import signal
import sys
import tempfile
import time

PATIENCE = 60  # seconds for one line: a busy machine is no reason to fail

# A process's name has at most 15 bytes. What follows the first two is what a shell must not touch.
NAMES = {
    'a command substitution': b'q1$(touch X)',
    'backquotes': b'q2`touch X`',
    'a space and quotes': b'q3 a\'b"c\\',
    'a new line': b'q4\nnl',
    'a semicolon': b'q5;touch X',
    'a quote, a substitution and a new line': b"q6'$(touch X)\n",
    'what a shell would match or look up': b'q8*?~!!{a,b}',
    'what divides words': b'q9a:b=c:',
    'a dash first': b'-q0',
}
TAB_NAME = b'q7\tt'  # in fish a tab begins the description

DUMP = b'#!/bin/sh\nfor word; do printf "%s\\0" "$word"; done >"$DUMP.new" && mv "$DUMP.new" "$DUMP"\n'


def name_process(name):
    """For a child: its name, as any program may change it."""
    ctypes.CDLL(None).prctl(15, name, 0, 0, 0)


class Shell:
    """A shell on a terminal. What would be run is a function that keeps its arguments in a file."""

    def __init__(self, work, argv, setup):
        self.work, self.dump = work, os.path.join(work, 'dump')
        env = {'PATH': f'{work}/bin:/usr/bin:/bin', 'HOME': f'{work}/home', 'TERM': 'xterm', 'LC_ALL': 'C.UTF-8',
               'DUMP': self.dump, 'HISTFILE': '/dev/null'}
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.chdir(f'{work}/files')
            os.execvpe(argv[0], argv, env)
        self.said = b''
        for line in setup:
            self.send(line.encode() + b'\r')
        self.arguments(b'dump ready\r')

    def send(self, data):
        os.write(self.fd, data)

    def hear(self, seconds):
        """Reads what the shell writes, and answers what fish asks the terminal."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return
        self.said += data
        if b'\x1b[c' in data or b'\x1b[0c' in data:
            self.send(b'\x1b[?62c')

    def arguments(self, line, patience=PATIENCE):
        """What the command gets of a line that was typed, with its Tab; None: it was not run."""
        if os.path.exists(self.dump):
            os.unlink(self.dump)
        self.said = b''
        self.send(line)
        end = time.monotonic() + patience
        while not os.path.exists(self.dump):
            if time.monotonic() > end:
                return None
            self.hear(0.05)
        with open(self.dump, 'rb') as f:
            return f.read().split(b'\0')[:-1]

    def abort(self, line):
        """Types a line that a quote may leave open, waits a little, and takes it back."""
        self.send(line)
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            self.hear(0.05)
        # A terminal drops what was typed around an interrupt, and a busy shell comes late to it.
        got = None
        for _ in range(PATIENCE):
            self.send(b'\x03')
            time.sleep(0.2)
            got = self.arguments(b'dump taken back\r', 1)
            if got == [b'taken', b'back']:
                return
        raise RuntimeError(f'the line is not taken back: {got} {self.said}')

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


PROGRAMS = 'compatcaps-trace', 'compatcaps_probe', 'decode_bitmap'


def shells(completions):
    """Of each shell its command line, and what makes it complete and keep arguments."""
    completions = shlex.quote(str(completions))

    def functions(text):
        return [text.format(p) for p in PROGRAMS]

    return {
        'bash': (['bash', '--norc', '--noprofile', '-i'],
                 [f'. {completions}/compatcaps-trace', *functions('{}() {{ dump "$@"; }}')]),
        'zsh': (['zsh', '-f', '-i'],
                [f'fpath=({completions} $fpath); autoload -Uz compinit; compinit -u -D', 'unsetopt LIST_BEEP',
                 *functions('{}() {{ dump "$@" }}')]),
        'fish': (['fish', '--no-config', '-i'],
                 [f'source {completions}/compatcaps-trace.fish', *functions('function {}; dump $argv; end')]),
    }


class Results:
    failed = 0

    def result(self, ok, what, *why):
        if not ok:
            self.failed = 1
            for line in why:
                print('#', repr(line))
        print('ok' if ok else 'not ok', '-', what, flush=True)


def typed(name):
    """As much of a name as tells it from the others, which needs no quotes."""
    return name[:2]


def check_names(r, shell, name):
    for what, comm in NAMES.items():
        got = shell.arguments(b'compatcaps-trace --comm ' + typed(comm) + b'\t\r')
        r.result(got == [b'--comm', comm], f'{name}: a process with {what} in its name', got, shell.said)
    for what, comm in list(NAMES.items())[:3]:
        got = shell.arguments(b'compatcaps-trace -q --comm=' + typed(comm) + b'\t\r')
        r.result(got == [b'-q', b'--comm=' + comm], f'{name}: after = too, with {what}', got, shell.said)


def check_quotes(r, shell, name):
    for quote in b"'", b'"':
        for comm in (c for c in NAMES.values() if b'touch' in c):
            shell.abort(b'compatcaps-trace --comm ' + quote + typed(comm) + b'\t\r')
    # All of them at once, as a list.
    shell.abort(b'compatcaps-trace --comm q\t\t')
    got = shell.arguments(b'compatcaps-trace -q\r')
    r.result(got == [b'-q'], f'{name}: names within quotes that are open, and a list of them', got, shell.said)


def check_files(r, shell, name):
    for what, file in NAMES.items():
        if file.startswith(b'-'):
            continue
        got = shell.arguments(b'compatcaps-trace report ' + typed(file) + b'\t\r')
        r.result(got == [b'report', file], f'{name}: a file with {what} in its name', got, shell.said)
    shell.send(b'cd ../dashed\r')
    got = shell.arguments(b'compatcaps-trace report \t\r')
    r.result(got == [b'report', b'./--force'], f'{name}: a file is not an option', got, shell.said)


def check_words(r, shell, name):
    for line, want in {
        'compatcaps-trace rec\t-o f': 'record -o f',
        'compatcaps-trace -q rec\t-o f': '-q record -o f',
        'compatcaps-trace report --form\thtm\tx': 'report --format html x',
        'compatcaps-trace report --format=ht\tx': 'report --format=html x',
        'compatcaps-trace check -f lost=\tx': 'check -f lost=0 x',
        "compatcaps-trace check -f 'failures{cause=abi\tx": 'check -f failures{cause=abi-mismatch}=0 x',
        'compatcaps-trace --method kp\t': '--method kprobe',
        'compatcaps-trace diff --exit-code q5\t': 'diff --exit-code q5;touch_X',
        'compatcaps-trace replay q5\t': 'replay q5;touch_X',
        'compatcaps-trace -- somec\tq5\t': '-- somecommand q5;touch_X',
        'compatcaps_probe --ca\tstruct-t\t': '--case struct-too-new',
        'compatcaps_probe --name x --as\tnew\t': '--name x --ask newest',
        'decode_bitmap --pv\t0x0f000006': '--pvr 0x0f000006',
    }.items():
        got = shell.arguments(line.encode() + b'\r')
        want = [word.replace('_X', ' X').encode() for word in want.split(' ')]
        r.result(got == want, f'{name}: {line!r}', got, shell.said)


def check_shell(r, work, name, argv, setup):
    for check in check_words, check_names, check_quotes, check_files:
        shell = Shell(work, argv, setup)
        try:
            check(r, shell, name)
        finally:
            shell.close()
    marks = [mark for d in ('files', 'dashed', 'home') if os.path.exists(mark := os.path.join(work, d, 'X'))]
    r.result(not marks, f'{name}: nothing ran')
    for mark in marks:
        os.unlink(mark)


def start(comm):
    """A process of this name."""
    pid = os.fork()
    if not pid:
        name_process(comm)
        signal.pause()
    return pid


def make(path, text=b'', mode=0o644):
    with open(path, 'wb', opener=lambda p, flags: os.open(p, flags, mode)) as f:
        f.write(text)


def furnish(work, bins):
    for d in 'bin', 'files', 'dashed', 'home':
        os.mkdir(os.path.join(work, d))
    for program in PROGRAMS:
        os.symlink(os.path.realpath(os.path.join(bins, program)), os.path.join(work, 'bin', program))
    for script in 'dump', 'somecommand':
        make(os.path.join(work, 'bin', script), DUMP, 0o755)
    for file in NAMES.values():
        if not file.startswith(b'-'):
            make(os.path.join(os.fsencode(work), b'files', file))
    make(os.path.join(work, 'dashed', '--force'))


def main():
    bins, completions = sys.argv[1:]
    work = tempfile.mkdtemp()
    children = []
    r = Results()
    try:
        furnish(work, bins)
        children = [start(comm) for comm in [*NAMES.values(), TAB_NAME]]
        for name, (argv, setup) in shells(os.path.abspath(completions)).items():
            check_shell(r, work, name, argv, setup)
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(work)
    return r.failed


if __name__ == '__main__':
    sys.exit(main())
