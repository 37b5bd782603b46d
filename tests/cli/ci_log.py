# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What a CI's runner reads in the logs of the verbs: ci_log.py PROGRAM RECORDING. Prints TAP.

Guests, processes, cgroups and files have names here that are commands to a runner. Of all that any verb prints in any
format no line may hold one, and none may begin as one; and a reader of JSON or XML gets the names as they are.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

# GitHub trims a line and takes "::NAME ...::", and "##[NAME]" anywhere; Azure "##vso[" anywhere; LAVA its signals.
COMMANDS = re.compile(rb'^[ \t]*::|##|<LAVA_SIGNAL', re.MULTILINE)
# Escaped they are no command, but no line of a table is broken before one either.
FOREIGN = re.compile(rb'^[ \t]*(:\\x3a[a-z]|#\\x23[\[v]|--- |<|\+\+\+)', re.MULTILINE)
NAMES = ['::stop-commands::x', '##[error]zz', '##vso[task.complete result=Failed]zz', '<LAVA_SIGNAL_TESTCASE x=y>',
         'zz ::add-mask::zz ##[group]zz --- zz', 'A' * 38 + ' ::stop-commands::x', 'A' * 60 + ':::: ' + ':' * 90,
         ':', 'zz:', '#', 'a::b##c']

FORMATS = {
    'replay': ['text', 'json'],
    'check': ['text', 'json', 'junit', 'ktap', 'tap', 'lava'],
    'diff': ['text', 'json', 'junit', 'ktap', 'tap', 'lava'],
    'report': ['text', 'html'],
    'metrics': ['prometheus', 'openmetrics'],
}


def rename(value, name):
    """Every name that others choose."""
    if isinstance(value, list):
        return [rename(v, name) for v in value]
    if not isinstance(value, dict):
        return value
    changed = {}
    for key, v in value.items():
        if key in ('guest', 'comm', 'thread') and isinstance(v, str):
            changed[key] = name[:15] if key != 'guest' else name
        elif key == 'cgroup' and isinstance(v, str):
            changed[key] = '/' + name
        elif key == 'name_option' and isinstance(v, str):
            changed[key] = 'guest=' + name.replace(',', ',,')
        elif key == 'message' and isinstance(v, str):
            changed[key] = 'KVM: ' + name
        else:
            changed[key] = rename(v, name)
    return changed


class Tests:
    def __init__(self, program, work):
        self.program, self.work, self.failed = program, work, 0

    def result(self, ok, what, *why):
        if not ok:
            self.failed = 1
            for line in why:
                print('#', str(line)[:600])
        print('ok' if ok else 'not ok', '-', what, flush=True)

    def run(self, *args):
        return subprocess.run([self.program, *args], capture_output=True, cwd=self.work, check=False, timeout=120)

    def holds_none(self, what, *args):
        """Runs it, and looks at what it printed. Returns standard output."""
        done = self.run(*args)
        found = [m.group() for out in (done.stdout, done.stderr) for m in COMMANDS.finditer(out)]
        begun = [m.group() for m in FOREIGN.finditer(done.stdout)] if what.endswith('text') else []
        ok = not found and not begun and b'Sanitizer' not in done.stderr and done.returncode in (0, 1, 2, 3, 5)
        self.result(ok, what, args, done.returncode, found, begun, done.stdout[-900:], done.stderr[-300:])
        return done.stdout


def recording(path, source, name):
    with open(source) as f, open(path, 'w') as out:
        for line in f:
            out.write(json.dumps(rename(json.loads(line), name)) + '\n')


def texts(value):
    """All strings in JSON."""
    if isinstance(value, dict):
        return [t for v in value.values() for t in texts(v)]
    if isinstance(value, list):
        return [t for v in value for t in texts(v)]
    return [value] if isinstance(value, str) else []


def arguments(verb, fmt, path, other):
    args = [verb, f'--format={fmt}']
    if verb == 'check':
        return [*args, '-f', 'lost=0', '-f', 'failures=0', '-f', 'guests=x', '-f', 'causes=ok', '-f', 'story="x"', path, other]
    if verb == 'diff':
        return [*args, path, other]
    return [*args, *(['--summary', '-v'] if verb == 'replay' else []), path]


def check_verbs(t, source, name, n):
    recording(os.path.join(t.work, 'a.jsonl'), source, name)
    for verb, formats in FORMATS.items():
        for fmt in formats:
            out = t.holds_none(f'name {n}: {verb} as {fmt}', *arguments(verb, fmt, 'a.jsonl', 'other.jsonl'))
            if fmt == 'json':
                found = [text for line in out.split(b'\n') if line.startswith(b'{') and verb == 'replay'
                         for text in texts(json.loads(line))] if verb == 'replay' else texts(json.loads(out))
                t.result(any(name in text for text in found), f'name {n}: {verb} as json has it as it is', out[:300])
            if fmt == 'junit':
                xml.etree.ElementTree.fromstring(out)
    baseline = t.holds_none(f'name {n}: a baseline', 'check', '--write-baseline', '-', 'a.jsonl')
    if baseline:
        with open(os.path.join(t.work, 'a.baseline'), 'wb') as f:
            f.write(baseline)
        done = t.run('check', '--baseline', 'a.baseline', 'a.jsonl')
        t.result(done.returncode == 0, f'name {n}: the recording keeps its baseline', done.stdout[-600:], done.stderr)


def check_paths(t, source):
    for n, name in enumerate([*NAMES, 'zz\n::error::x', '\x1b]0;x\x07##[y]', '-\n##[error]x']):
        path = os.path.join(t.work, name.replace('/', '_'))
        if len(name) > 200:
            continue
        with open(source) as f, open(path, 'w') as out:
            out.write(f.read())
        name = os.path.basename(path)
        t.holds_none(f'file {n}: check as text', 'check', '-f', 'lost=1', '--', name, 'other.jsonl')
        for fmt in FORMATS['check']:
            out = t.holds_none(f'file {n}: check as {fmt}', 'check', '-f', 'lost=1', f'--format={fmt}', '--', name, 'other.jsonl')
            t.result(b'\x1b' not in out, f'file {n}: check as {fmt} commands no terminal', out)
        t.holds_none(f'file {n}: diff as text', 'diff', '--', name, 'other.jsonl')
        t.holds_none(f'file {n}: report as text', 'report', '--', name, 'other.jsonl')
        os.unlink(path)
        for verb in 'replay', 'report', 'metrics', 'diff':
            done = t.run(verb, '--', name, *(['other.jsonl'] if verb == 'diff' else []))
            ok = not COMMANDS.search(done.stderr) and b'\x1b' not in done.stderr and done.stderr.count(b'\n') == 1
            t.result(ok and done.returncode == 3, f'file {n}: {verb} says that there is none', done.stderr)
        t.holds_none(f'file {n}: as an option', '--' + name)
        t.holds_none(f'file {n}: as a verb', name)
        t.holds_none(f'file {n}: as a rule', 'check', '-f', name, 'other.jsonl')


def main():
    program, source = sys.argv[1:]
    source = os.path.abspath(source)
    with tempfile.TemporaryDirectory() as work:
        t = Tests(os.path.abspath(program), work)
        with open(source) as f, open(os.path.join(work, 'other.jsonl'), 'w') as out:
            out.write(f.read())
        for n, name in enumerate(NAMES):
            check_verbs(t, source, name, n)
        check_paths(t, source)
        return t.failed


if __name__ == '__main__':
    sys.exit(main())
