#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A recording that is still being written: who reads it is told by whom, and replay --follow waits for the
# rest. And one that is compressed. TAP.
#
# Checks are called by name:
# shellcheck disable=SC2317
set -uo pipefail
cd "${TOP:-$(dirname "$(readlink -f "$0")")/../..}" || exit 1
trace=${O:-build}/host/unit/compatcaps-trace
whole=tests/data/debian-7.3-p11-as-p10-v2.jsonl
# shellcheck source=tests/tap.bash
. tests/tap.bash
work=$tmp
writer=
trap '[[ -z $writer ]] || kill "$writer" 2>/dev/null; rm -rf "$work"' EXIT

# As a tracer writes: with a lock, up to this line, then the rest once "$work/go" is there. A part of
# a line comes first, so that who reads sees it torn.
begin_writing() {
	rm -f "$work/go" "$work/ready" "$work/r"
	python3 - "$whole" "$work" "$1" <<'P' &
import fcntl, os, sys, time
lines = open(sys.argv[1]).readlines()
work, n = sys.argv[2], int(sys.argv[3])
with open(work + "/r", "w") as f:
    fcntl.lockf(f, fcntl.LOCK_EX)
    f.write("".join(lines[:n]) + lines[n][:40])
    f.flush()
    open(work + "/ready", "w").close()
    while not os.path.exists(work + "/go"):
        time.sleep(0.05)
    f.write(lines[n][40:] + "".join(lines[n + 1:]))
P
	writer=$!
	until [[ -e $work/ready ]]; do sleep 0.05; done
}

end_writing() {
	: >"$work/go"
	wait "$writer"
	writer=
}

says() { grep -qF -e "$2" "$1" || { cat "$1"; return 1; }; }
lacks() { ! grep -qF -e "$2" "$1" || { cat "$1"; return 1; }; }

begin_writing 30
"$trace" replay "$work/r" >"$work/out" 2>"$work/err"
holds "it is shown as far as it goes" test $? -eq 0
holds "its writer is named" says "$work/err" "is still being written by pid $writer; what is there has been read"
holds "in the table, too" says "$work/out" "*** still being written by pid $writer: more may follow"
holds "it is not called cut off" lacks <(cat "$work/out" "$work/err") "cut off"
"$trace" report "$work/r" >"$work/out" 2>"$work/err"
holds "a report says so" says "$work/out" "The recording is still being written"
"$trace" check -f failures=99 "$work/r" >"$work/out" 2>"$work/err"
holds "a rule is inconclusive for that reason" says "$work/out" "because the recording is still being written"

"$trace" replay --follow --json "$work/r" >"$work/out" 2>"$work/err" &
reader=$!
for ((i = 0; i < 100; i++)); do
	[[ $(wc -l <"$work/out") -ge 30 ]] && break
	sleep 0.1
done
holds "--follow shows what is there, and no torn line" test "$(wc -l <"$work/out")" -eq 30
end_writing
wait "$reader"
holds "it ends with the writer" test $? -eq 0
"$trace" replay --json "$whole" >"$work/want" 2>"$work/err.whole"
holds "it has shown the whole recording" cmp "$work/out" "$work/want"
holds "and says the same of it" diff "$work/err" "$work/err.whole"

for signal in INT TERM; do
	begin_writing 30
	# What the one before has shown says nothing of this one, which may not have started.
	: >"$work/out"
	"$trace" replay --follow --guest '!=nobody' "$work/r" >"$work/out" 2>"$work/err" &
	reader=$!
	for ((i = 0; i < 100; i++)); do
		grep -q EVENT "$work/out" && break
		sleep 0.1
	done
	kill -"$signal" "$reader"
	wait "$reader"
	holds "SIG$signal ends it well" test $? -eq 0
	holds "with the totals" says "$work/err" "0 lost; only what matches --guest !=nobody"
	holds "and it is told that there is more" says "$work/out" "still being written by pid $writer"
	end_writing
done

# until WORDS FILE: they are in it
until_says() {
	for ((i = 0; i < 100; i++)); do
		grep -qF -e "$1" "$2" && return
		sleep 0.1
	done
	cat "$2"
	return 1
}

# follow ARG...: in the background, of "$work/cut", which nobody has a lock on
follow() {
	: >"$work/out"
	: >"$work/err"
	head -n 30 "$whole" >"$work/cut"
	"$trace" replay --follow "$@" >"$work/out" 2>"$work/err" &
	reader=$!
}

follow --json "$work/cut"
holds "nobody holds a lock: that is said" until_says "nobody holds the lock of a writer on $work/cut: waiting for its end" "$work/err"
sleep 0.5
tail -n +31 "$whole" >>"$work/cut"
wait "$reader"
holds "what is copied there meanwhile is read up to its own end" cmp "$work/out" "$work/want"
holds "it is said once" test "$(grep -c 'nobody holds' "$work/err")" -eq 1

follow "$work/cut"
until_says "nobody holds" "$work/err"
kill -INT "$reader"
wait "$reader"
holds "Ctrl-C ends that, too" test $? -eq 0
holds "and the end is still to come" says "$work/err" "cut has no end yet; what is there has been read"

follow "$work/cut"
until_says "nobody holds" "$work/err"
head -n 5 "$whole" >"$work/cut"
wait "$reader"
holds "a file that is cut is an error" test $? -eq 3
holds "with these words" says "$work/err" "cut was cut while it was read"

follow "$work/cut"
until_says "nobody holds" "$work/err"
cp "$whole" "$work/new"
mv "$work/new" "$work/cut"
wait "$reader"
holds "one that is replaced is an error" test $? -eq 3
holds "with these words" says "$work/err" "cut was replaced by another file"

follow "$work/cut"
until_says "nobody holds" "$work/err"
rm "$work/cut"
wait "$reader"
holds "and one that is removed" says "$work/err" "cut was removed"

timeout 20 "$trace" replay --follow - <"$whole" >"$work/out" 2>"$work/err"
holds "standard input may be a file" test $? -eq 0
head -n 30 "$whole" | "$trace" replay - >"$work/out" 2>"$work/err"
holds "and has a name" says "$work/err" "standard input is cut off"

# On a terminal of its own: what is drawn is drawn while nothing comes.
begin_writing 30
python3 - "$trace" "$work/r" "$work/out" <<'P'
import os, pty, signal, sys, time
pid, terminal = pty.fork()
if not pid:
    os.environ["TERM"] = "xterm"
    os.execv(sys.argv[1], [sys.argv[1], "replay", "--follow", "--format=screen", sys.argv[2]])
os.set_blocking(terminal, False)
seen, until = b"", time.monotonic() + 20
while time.monotonic() < until and seen.count(b"VMs seen: ") < 3:
    try:
        seen += os.read(terminal, 65536)
    except BlockingIOError:
        time.sleep(0.1)
os.kill(pid, signal.SIGINT)
time.sleep(0.5)
with open(sys.argv[3], "wb") as f:
    f.write(seen)
P
end_writing
holds "--format=screen draws as it goes" test "$(grep -c 'VMs seen: [1-9]' "$work/out")" -ge 2

(head -n 30 "$whole"; sleep 0.3; tail -n +31 "$whole") | "$trace" replay --follow --json - >"$work/out" 2>"$work/err"
holds "a pipe is followed to its end" cmp "$work/out" "$work/want"
(head -n 30 "$whole"; exec sleep 4) | {
	"$trace" replay --follow - >"$work/out" 2>"$work/err" &
	reader=$!
	sleep 1
	kill -INT "$reader"
	wait "$reader"
	echo $? >"$work/rc"
} &
sleeper=$!
for ((i = 0; i < 50; i++)); do
	[[ -s $work/rc ]] && break
	sleep 0.1
done
holds "a pipe that is silent does not keep it from ending" test "$(cat "$work/rc")" = 0
kill "$sleeper" 2>/dev/null

# compressed NAME COMMAND BYTES: by their first bytes, whoever has made the rest
compressed() {
	printf '%b' "$3" >"$work/$1"
	"$trace" replay "$work/$1" >"$work/out" 2>"$work/err"
	holds "$1: the pipe is named" test $? -eq 3
	holds "$1: with the program" says "$work/err" "is compressed: use $2 $work/$1 | compatcaps-trace replay -"
	"$trace" report - <"$work/$1" >"$work/out" 2>"$work/err"
	holds "$1: from a pipe, too" says "$work/err" "standard input is compressed: use $2 FILE |"
}

compressed gz zcat '\x1f\x8b\x08\x00rest'
compressed xz xzcat '\xfd7zXZ\x00rest'
compressed zst zstdcat '\x28\xb5\x2f\xfd\x00'
compressed bz2 bzcat 'BZh9'
gzip -c "$whole" >"$work/a b;c.gz"
"$trace" replay "$work/a b;c.gz" >"$work/out" 2>"$work/err"
holds "a name that a shell would obey is in no command" says "$work/err" "use zcat FILE |"
gzip -c "$whole" | zcat | "$trace" replay --json - 2>/dev/null | cmp -s - "$work/want"
holds "what the message says works" test $? -eq 0
exit "$failed"
