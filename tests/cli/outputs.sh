#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Where each verb writes to, under ASan and UBSan: files old and new, links, descriptors, FIFOs, devices and
# sockets; who may read what was written; what a signal leaves; a reader who goes away. TAP.
#
# Checks are called by name:
# shellcheck disable=SC2317
set -uo pipefail

cd "${TOP:-$(dirname "$(readlink -f "$0")")/../..}" || exit 1
trace=${TRACE:-${O:-build}/host/unit/compatcaps-trace}
# shellcheck source=tests/tap.bash
. tests/tap.bash
chmod 755 "$tmp"
stranger=1000
umask 022

skipped() { echo "ok - $1 # SKIP $2"; }

one=tests/data/debian-7.3-p10-v1.jsonl two=tests/data/patched-7.2-p8-hash.jsonl

# Each verb in each of its forms, and the status that it ends with.
verbs=(
	"replay|0|replay $one"
	"replay-json|0|replay --json $one"
	"replay-journal|0|replay --format=journal -o - $one"
	"report|0|report $one $two"
	"report-html|0|report --format=html $one $two"
	"report-perfetto|0|report --format=perfetto $one $two"
	"check|1|check -f lost=0 -f lost=7 $one"
	"check-json|0|check --format=json -f lost=0 $one"
	"check-junit|1|check --format=junit -f lost=7 $one"
	"check-ktap|0|check --format=ktap -f lost=0 $one"
	"diff|1|diff --exit-code $one $two"
	"diff-json|1|diff --exit-code --json $one $two"
	"diff-junit|0|diff --format=junit $one $two"
	"metrics|0|metrics $one $two"
)
# Of these one that writes as it reads and one that writes at its end; and a third that holds no recording.
few=("${verbs[1]}" "${verbs[4]}" "${verbs[13]}")

# of VERB ARG...: run it in $tmp/dir with more arguments, as the caller redirects it
of() {
	local row=$1 args
	shift
	read -ra args <<<"${row##*|}"
	"$trace" "${args[@]}" "$@"
}
name_of() { echo "${1%%|*}"; }
status_of() { local rest=${1#*|}; echo "${rest%%|*}"; }

# ends STATUS WORDS VERB ARG...: with this status, and these words on stderr, or none where they are ""
ends() {
	local wanted=$1 words=$2 got
	shift 2
	of "$@" -q 2>"$tmp/err"
	got=$?
	cat "$tmp/err" >&2
	[[ $got -eq $wanted ]] || { echo "status $got, not $wanted" >&2; return 1; }
	if [[ -z $words ]]; then
		[[ ! -s $tmp/err ]] || { echo "it should be silent" >&2; return 1; }
	else
		grep -qF -e "$words" "$tmp/err" || { echo "it does not say: $words" >&2; return 1; }
	fi
}
works() { ends "$(status_of "$1")" "" "$@"; }
refused() { ends 3 "$@"; }

# What a verb prints without -o, once.
expected() {
	local name
	name=$(name_of "$1")
	[[ -s $tmp/expected.$name ]] || of "$1" >"$tmp/expected.$name" 2>/dev/null
	echo "$tmp/expected.$name"
}
is_whole() { cmp "$1" "$(expected "$2")"; }
fresh() {
	rm -rf "$tmp/dir"
	mkdir "$tmp/dir"
	d=$tmp/dir
}
holds_only() { [[ $(ls -A "$1") == "$2" ]] || { ls -lA "$1"; return 1; }; }
mode_is() { [[ $(stat -c %a "$1") == "$2" ]] || { stat "$1"; return 1; }; }
is_link() { [[ $(readlink "$1") == "$2" ]] || { ls -l "$1"; return 1; }; }
is_precious() { [[ $(<"$1") == precious ]] || { head -c 300 "$1"; return 1; }; }
precious() { echo precious >"$1"; }

# ---------------------------------------------------------------- files

new_file() {
	fresh
	works "$1" -o "$d/out" >"$tmp/stdout" && is_whole "$d/out" "$1" && holds_only "$d" out && [[ ! -s $tmp/stdout ]]
}
old_file() {
	fresh
	precious "$d/out"
	refused "already exists and is left unchanged" "$1" -o "$d/out" && is_precious "$d/out" &&
		works "$1" --force -o "$d/out" && is_whole "$d/out" "$1" && holds_only "$d" out
}
long=$(printf 'n%.0s' {1..255})
long_name() {
	fresh
	works "$1" -o "$d/$long" && is_whole "$d/$long" "$1" && precious "$d/$long" &&
		works "$1" --force -o "$d/$long" && is_whole "$d/$long" "$1" && holds_only "$d" "$long"
}
no_directory() {
	fresh
	refused "No such file or directory" "$1" -o "$d/none/out" && refused "Is a directory" "$1" -o "$d" &&
		refused "Is a directory" "$1" --force -o "$d/" && refused "Not a directory" "$1" -o /dev/null/out &&
		refused "File name too long" "$1" -o "$d/${long}n" && holds_only "$d" ""
}
full_disk() {
	refused "No space left on device" "$1" -o /dev/full && refused "No space left on device" "$1" --force -o /dev/full
}
for verb in "${verbs[@]}"; do
	holds "$(name_of "$verb"): a new file" new_file "$verb"
	holds "$(name_of "$verb"): an old file is left, or replaced with --force" old_file "$verb"
done
for verb in "${few[@]}"; do
	holds "$(name_of "$verb"): names of 255 bytes" long_name "$verb"
	holds "$(name_of "$verb"): a full disk" full_disk "$verb"
	holds "$(name_of "$verb"): what is no place for a file" no_directory "$verb"
done

# mode NEW OLD AFTER VERB: what a new file has, and one that replaces a file of mode OLD
mode() {
	fresh
	works "$4" -o "$d/out" && mode_is "$d/out" "$1" && chmod "$2" "$d/out" &&
		works "$4" --force -o "$d/out" && mode_is "$d/out" "$3"
}
of_stranger() {
	fresh
	precious "$d/out"
	chmod 666 "$d/out"
	chown "$stranger" "$d/out" && works "$1" --force -o "$d/out" && mode_is "$d/out" "$2"
}
for verb in "${verbs[@]}"; do
	case $(name_of "$verb") in
	replay* | report*)
		holds "$(name_of "$verb"): its file is for its owner alone" mode 600 644 600 "$verb"
		holds "$(name_of "$verb"): even less where the old one was" mode 600 400 400 "$verb"
		;;
	*)
		holds "$(name_of "$verb"): its file is for whom the umask says" mode 644 660 660 "$verb"
		;;
	esac
done
umask 077
holds "a strict umask is obeyed" mode 600 640 640 "${verbs[13]}"
umask 022
[[ $(id -u) -eq 0 ]] || skipped "permissions of a stranger's file" "only root can give a file away"
[[ $(id -u) -ne 0 ]] || holds "permissions of a stranger's file are not taken over" of_stranger "${verbs[13]}" 644
[[ $(id -u) -ne 0 ]] || holds "nor are they for a recording" of_stranger "${verbs[1]}" 600

baseline() {
	fresh
	"$trace" check --write-baseline "$d/base" "$one" && mode_is "$d/base" 644 && cp "$d/base" "$tmp/base" && precious "$d/base" &&
		! "$trace" check --write-baseline "$d/base" "$one" && is_precious "$d/base" &&
		"$trace" check --force --write-baseline "$d/base" "$one" && cmp "$d/base" "$tmp/base" && holds_only "$d" base
}
holds "a baseline is written by the same rules" baseline

# With a file size limit the rest is what was written.
limited() {
	fresh
	precious "$d/out"
	(ulimit -f 1; refused "File too large" "${verbs[1]}" --force -o "$d/out") || return
	is_precious "$d/out" && [[ $(grep -o "what was written is in $d/.*" "$tmp/err" | cut -d' ' -f6) -ef $(find "$d" -name '.compatcaps.*') ]]
}
holds "after a failed write the old file is there, and it is said where the new one is" limited

# ---------------------------------------------------------------- descriptors

by_number() {
	local name
	fresh
	for name in /dev/fd/9 /proc/self/fd/9 /proc/thread-self/fd/9; do
		precious "$d/out"
		works "$1" --force -o "$name" 9>"$d/out" && is_whole "$d/out" "$1" && holds_only "$d" out || return
		works "$1" -o "$name" 9>"$d/out" && is_whole "$d/out" "$1" || return
	done
}
# In a /dev of our own: what goes wrong here replaces a file of the machine's.
standard() {
	local row=$1
	export -f standard_inside of works ends status_of fresh holds_only is_whole is_link expected name_of
	export tmp trace
	"${private[@]}" bash -c 'standard_inside "$1"' bash "$row"
}
standard_inside() {
	fresh
	mount --make-private /dev && mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && ln -s /proc/self/fd /dev/fd && ln -s /proc/self/fd/1 /dev/stdout &&
		ln -s /proc/self/fd/2 /dev/stderr || return
	works "$1" --force -o /dev/stdout >"$d/out" && is_link /dev/stdout /proc/self/fd/1 && is_whole "$d/out" "$1" || return
	works "$1" -o /dev/stdout >>"$d/out" && is_link /dev/stdout /proc/self/fd/1 || return
	cat "$(expected "$1")" "$(expected "$1")" | cmp - "$d/out" || return
	of "$1" -q --force -o /dev/stderr 2>"$d/out"
	is_whole "$d/out" "$1" && is_link /dev/stderr /proc/self/fd/2 && holds_only "$d" out
}
not_given() {
	fresh
	precious "$d/out"
	refused "Bad file descriptor" "$1" --force -o /dev/fd/9 9<"$d/out" && refused "Bad file descriptor" "$1" --force -o /dev/fd/9 &&
		refused "Bad file descriptor" "$1" --force -o /dev/fd/3 && refused "Bad file descriptor" "$1" --force -o /dev/stdin </dev/null &&
		is_precious "$d/out"
}
another_process() {
	fresh
	precious "$d/out"
	sleep 60 >>"$d/out" &
	local pid=$!
	refused "it is a descriptor of another process" "$1" --force -o "/proc/$pid/fd/1"
	local status=$?
	kill "$pid"
	wait "$pid" 2>/dev/null
	[[ $status -eq 0 ]] && is_precious "$d/out"
}
private=(unshare -m)
# Below chroot(2) nothing else is possible.
"${private[@]}" true 2>/dev/null || private+=(--propagation unchanged)
for verb in "${verbs[@]}"; do
	holds "$(name_of "$verb"): /dev/fd/N is the caller's descriptor" by_number "$verb"
	if "${private[@]}" true 2>/dev/null; then
		holds "$(name_of "$verb"): /dev/stdout stays what it is" standard "$verb"
	else
		skipped "$(name_of "$verb"): /dev/stdout stays what it is" "no mount namespace here, and it would be this machine's"
	fi
done
holds "a descriptor that cannot be written to, or is none of the caller's" not_given "${verbs[1]}"
holds "a descriptor of another process" another_process "${verbs[1]}"

# ---------------------------------------------------------------- symbolic links

own_link() {
	fresh
	mkdir "$d/there" "$d/here"
	precious "$d/there/target"
	chmod 640 "$d/there/target"
	ln -s ../there/target "$d/here/link"
	ln -s "$d/here/link" "$d/here/second"
	refused "already exists" "$1" -o "$d/here/second" && is_precious "$d/there/target" &&
		works "$1" --force -o "$d/here/second" && is_link "$d/here/second" "$d/here/link" && is_link "$d/here/link" ../there/target &&
		is_whole "$d/there/target" "$1" && holds_only "$d/there" target && holds_only "$d/here" $'link\nsecond' &&
		[[ $(stat -c %a "$d/there/target") =~ ^6[04]0$ ]]
}
dangling_link() {
	fresh
	ln -s target "$d/link"
	works "$1" -o "$d/link" && is_link "$d/link" target && is_whole "$d/target" "$1"
}
link_on_the_way() {
	fresh
	mkdir -p "$d/there/deeper"
	ln -s there "$d/way"
	works "$1" -o "$d/way/deeper/../deeper/out" && is_whole "$d/there/deeper/out" "$1" &&
		holds_only "$d/there/deeper" out
}
link_in_a_circle() {
	fresh
	ln -s two "$d/one"
	ln -s one "$d/two"
	refused "Too many levels of symbolic links" "$1" --force -o "$d/one" &&
		refused "Too many levels of symbolic links" "$1" --force -o "$d/one/out" && holds_only "$d" $'one\ntwo'
}
link_to_a_device() {
	fresh
	ln -s /dev/null "$d/null"
	works "$1" -o "$d/null" && works "$1" --force -o "$d/null" && is_link "$d/null" /dev/null && [[ -c /dev/null ]]
}
# In a directory of the stranger's, in one where everybody can write, and in ours.
strange_link() {
	local where
	fresh
	precious "$d/target"
	for where in "stranger 755" "root 1777" "root 755"; do
		mkdir "$d/x"
		[[ $where != stranger* ]] || chown "$stranger" "$d/x"
		chmod "${where#* }" "$d/x"
		ln -s "$d/target" "$d/x/link"
		ln -s "$d" "$d/x/way"
		ln -s "$d/new" "$d/x/dangling"
		chown -h "$stranger" "$d"/x/*
		refused "another user has made" "$1" --force -o "$d/x/link" && refused "another user has made" "$1" -o "$d/x/dangling" &&
			refused "another user has made" "$1" --force -o "$d/x/way/target" && holds_only "$d" $'target\nx' &&
			is_precious "$d/target" || return
		rm -r "$d/x"
	done
}
for verb in "${verbs[@]}"; do
	holds "$(name_of "$verb"): a link of ours is followed, and its target replaced" own_link "$verb"
done
for verb in "${few[@]}"; do
	if [[ $(id -u) -eq 0 ]]; then
		holds "$(name_of "$verb"): a link of another user is not" strange_link "$verb"
	else
		skipped "$(name_of "$verb"): a link of another user is not" "only root can make one"
	fi
	holds "$(name_of "$verb"): a link that leads to nothing yet" dangling_link "$verb"
	holds "$(name_of "$verb"): a link on the way" link_on_the_way "$verb"
	holds "$(name_of "$verb"): links in a circle" link_in_a_circle "$verb"
	holds "$(name_of "$verb"): a link to a device" link_to_a_device "$verb"
done

# A program swaps a FIFO that it reads with something else, all the time: between any look and any opening.
# The caller has made $d/x/other. A program that does not look after it opens is caught in some sixty tries.
swapped() {
	local end=$((SECONDS + 60)) wrote=0 refused=0
	mkfifo -m 666 "$d/x/fifo"
	exec 8<>"$d/x/fifo"
	python3 -c '
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
one, two = (os.fsencode(p) for p in sys.argv[1:])
while os.getppid() != 1:
    for _ in range(10000):
        if libc.renameat2(-100, one, -100, two, 2):
            sys.exit(1)' "$d/x/fifo" "$d/x/other" &
	local pid=$!
	while ((wrote + refused < 80 && SECONDS < end)) && kill -0 "$pid" 2>/dev/null && is_precious "$d/victim"; do
		if timeout 10 "$trace" metrics -q -o "$d/x/fifo" "$two" >/dev/null 2>"$tmp/err"; then
			wrote=$((wrote + 1))
		else
			refused=$((refused + $(grep -c "cannot write to\|already exists" "$tmp/err")))
		fi
		timeout 0.01 cat <&8 >/dev/null
	done
	kill "$pid" && wait "$pid" 2>/dev/null
	exec 8>&-
	echo "written $wrote times, refused $refused times"
	((wrote > 0 && refused > 0)) && is_precious "$d/victim"
}
swapped_link() {
	fresh
	mkdir "$d/x"
	precious "$d/victim"
	ln -s "$d/victim" "$d/x/other"
	[[ -z ${1:-} ]] || chown -h "$1" "$d/x" "$d/x/other"
	swapped
}
swapped_file() {
	fresh
	mkdir "$d/x"
	precious "$d/victim"
	ln "$d/victim" "$d/x/other"
	swapped
}
holds "a name that changes between a FIFO and a link to a file" swapped_link
if [[ $(id -u) -eq 0 ]]; then
	holds "a name that changes between a FIFO and a stranger's link to a file" swapped_link $stranger
else
	skipped "a name that changes between a FIFO and a stranger's link to a file" "only root can make one"
fi
holds "a name that changes between a FIFO and a file" swapped_file

# ---------------------------------------------------------------- FIFOs, devices, sockets

# until COMMAND...: it succeeds within ten seconds
until_true() {
	for _ in {1..100}; do
		! "$@" 2>/dev/null || return 0
		sleep 0.1
	done
	echo "not within ten seconds: $*"
	return 1
}
ended() { ! kill -0 "$1"; }

# Of a shell in the background SIGINT would be ignored.
background() {
	local row=$1 args
	shift
	read -ra args <<<"${row##*|}"
	: >"$tmp/err"
	env --default-signal=INT "$trace" "${args[@]}" "$@" 2>"$tmp/err" &
	pid=$!
}
# deaf SIGNAL VERB: nobody reads the FIFO, and it is told to end
deaf() {
	local pid status=0
	fresh
	mkfifo "$d/fifo"
	background "$2" --force -o "$d/fifo"
	until_true grep -q 'waiting for a reader' "$tmp/err" && kill -s "$1" "$pid" && until_true ended "$pid" || status=1
	[[ $status -eq 0 ]] || kill -KILL "$pid"
	wait "$pid"
	[[ $? -eq 3 && $status -eq 0 ]] && grep -q "cannot write to $d/fifo: nobody reads it, and a signal ended the program" "$tmp/err" &&
		holds_only "$d" fifo
}
late_reader() {
	local pid status
	fresh
	mkfifo "$d/fifo"
	background "$1" -o "$d/fifo"
	until_true grep -q 'waiting for a reader' "$tmp/err" && timeout 20 cat "$d/fifo" >"$tmp/read"
	wait "$pid"
	status=$?
	[[ $status -eq $(status_of "$1") ]] && is_whole "$tmp/read" "$1" && [[ -p $d/fifo ]]
}
# One who ignores SIGHUP, as nohup does, waits on.
hung_up() {
	local pid
	fresh
	mkfifo "$d/fifo"
	: >"$tmp/err"
	(trap '' HUP; exec "$trace" replay -o "$d/fifo" "$one" 2>"$tmp/err") &
	pid=$!
	until_true grep -q 'waiting for a reader' "$tmp/err" && kill -HUP "$pid" && sleep 0.5 && kill -0 "$pid" &&
		timeout 20 cat "$d/fifo" >"$tmp/read" && wait "$pid" && is_whole "$tmp/read" "${verbs[0]}"
}
strange_fifo() {
	fresh
	mkdir -m 1777 "$d/x"
	mkfifo -m 666 "$d/x/fifo"
	chown "$stranger" "$d/x/fifo"
	exec 8<>"$d/x/fifo"
	refused "a FIFO of another user" "$1" -o "$d/x/fifo"
	local status=$?
	chmod 755 "$d/x"
	timeout 20 cat <&8 >"$tmp/read" &
	works "${verbs[13]}" -o "$d/x/fifo" || status=1
	exec 8>&-
	return "$status"
}
for verb in "${verbs[@]}"; do
	holds "$(name_of "$verb"): SIGTERM ends it at a FIFO that nobody reads" deaf TERM "$verb"
done
for verb in "${few[@]}"; do
	holds "$(name_of "$verb"): so does SIGINT" deaf INT "$verb"
	holds "$(name_of "$verb"): and SIGHUP" deaf HUP "$verb"
	holds "$(name_of "$verb"): a reader that comes late gets all" late_reader "$verb"
done
holds "nohup waits on" hung_up
[[ $(id -u) -eq 0 ]] || skipped "a stranger's FIFO where everybody can make one" "only root can make one"
[[ $(id -u) -ne 0 ]] || holds "a stranger's FIFO where everybody can make one" strange_fifo "${verbs[1]}"

block_device() {
	fresh
	mknod "$d/disk" b 240 240 || return
	refused "neither a file, a FIFO nor a character device" "$1" --force -o "$d/disk"
}
if mknod "$tmp/disk" b 240 240 2>/dev/null; then
	holds "a disk is not written to" block_device "${verbs[1]}"
else
	skipped "a disk is not written to" "no device can be made here"
fi

# listening KIND FUNCTION ARG...: with a socket that somebody reads, $d/socket; what came is in $tmp/read
listening() {
	local pid status
	fresh
	python3 -c '
import os, select, socket, sys
s = socket.socket(socket.AF_UNIX, getattr(socket, sys.argv[2]))
s.bind(sys.argv[1])
with open(sys.argv[3], "wb") as f:
    while select.select([s], [], [], 30)[0]:
        data = s.recv(1 << 20)
        if data == b"end":
            break
        f.write(data + b"\0")' "$d/socket" "$1" "$tmp/read" &
	pid=$!
	shift
	until_true test -S "$d/socket" && "$@"
	status=$?
	python3 -c '
import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"end", sys.argv[1])' "$d/socket"
	wait "$pid"
	return "$status"
}
no_journal() { refused "it is a UNIX socket" "$1" -o "$d/socket" && refused "it is a UNIX socket" "$1" --force -o "$d/socket"; }
is_not_read() { listening SOCK_DGRAM no_journal "$1" && [[ ! -s $tmp/read ]]; }
is_journal() {
	listening SOCK_DGRAM works "${verbs[2]}" -o "$d/socket" && [[ $(tr -dc '\0' <"$tmp/read" | wc -c) -eq $(wc -l <"$one") ]] &&
		tr -d '\0' <"$tmp/read" | cmp - "$(expected "${verbs[2]}")"
}
for verb in "${few[@]}"; do
	holds "$(name_of "$verb"): a socket is not the journal" is_not_read "$verb"
done
holds "for --format=journal it is, an entry a datagram" is_journal

# ---------------------------------------------------------------- what a signal leaves

# A recording that does not end: a FIFO that somebody holds open.
# interrupted SIGNAL NAME ARG...: reads $d/in/endless, and has begun its output in $d/out
interrupted() {
	local sig=$1 pid status=0
	shift
	fresh
	mkdir "$d/in" "$d/out"
	mkfifo "$d/in/endless"
	precious "$d/out/old"
	exec 8<>"$d/in/endless"
	cat "$one" >&8 &
	local writer=$!
	background "x|0|$*"
	until_true begun && kill -s "$sig" "$pid" && until_true ended "$pid" || status=1
	kill "$writer" 2>/dev/null
	[[ $status -eq 0 ]] || kill -KILL "$pid"
	wait "$pid"
	[[ $? -eq $((128 + $(kill -l "$sig"))) && $status -eq 0 ]] || status=1
	exec 8>&-
	[[ $status -eq 0 ]] && is_precious "$d/out/old" && holds_only "$d/out" old
}
begun() { two_files "$d/out"; }
two_files() { [[ $(find "${1:-$d}" -type f | wc -l) -eq 2 ]]; }
for signal in INT TERM HUP; do
	for output in "--force -o $tmp/dir/out/old" "-o $tmp/dir/out/new"; do
		for verb in "replay --json" "check -f lost=0" "report --format=html $one" "report --format=perfetto $one"; do
			holds "SIG$signal leaves nothing of ${verb% "$one"} ${output%% *}" interrupted $signal "$verb $output $tmp/dir/in/endless"
		done
	done
done
# Who ignores a signal ignores it.
ignored() {
	fresh
	mkfifo "$d/in"
	precious "$d/old"
	(trap '' HUP; exec "$trace" replay --json --force -o "$d/old" "$d/in" 2>"$tmp/err") &
	local pid=$!
	exec 8>"$d/in"
	head -n 1 "$one" >&8
	until_true two_files && kill -HUP "$pid" && tail -n +2 "$one" >&8
	exec 8>&-
	wait "$pid" && is_whole "$d/old" "${verbs[1]}"
}
holds "SIGHUP that is ignored stays so" ignored

# ---------------------------------------------------------------- terminals

# on_terminal VARIABLE=VALUE... -- ARG...: what it prints there
on_terminal() {
	local variables=()
	while [[ $1 != -- ]]; do
		variables+=("$1")
		shift
	done
	shift
	env -u NO_COLOR -u TERM "${variables[@]}" python3 -c '
import os, pty, sys
pid, fd = pty.fork()
if not pid:
    os.execv(sys.argv[1], sys.argv[1:])
try:
    while data := os.read(fd, 4096):
        os.write(1, data)
except OSError:
    pass
os.waitpid(pid, 0)' "$trace" "$@"
}
is_colored() { on_terminal "$@" >"$tmp/out" && grep -q $'\e\[' "$tmp/out"; }
verb_on_terminals() {
	is_colored TERM=xterm -- "$@" "$one" && is_colored -- "$@" "$one" && ! is_colored TERM=dumb -- "$@" "$one" &&
		! is_colored TERM=xterm NO_COLOR=1 -- "$@" "$one" && is_colored TERM=dumb NO_COLOR=1 -- "$@" --color=always "$one" &&
		! is_colored TERM=xterm -- "$@" --color=never "$one"
}
terminals() { verb_on_terminals replay && verb_on_terminals report && verb_on_terminals check -f lost=7 && verb_on_terminals diff "$two"; }
screen_needs_one() {
	on_terminal -- replay --format=screen "$one" >"$tmp/out" && grep -q 'VM .*LAST FAILURE' "$tmp/out" || return
	"$trace" replay --format=screen "$one" >"$tmp/out" 2>"$tmp/err"
	[[ $? -eq 3 && ! -s $tmp/out ]] && grep -q 'needs a terminal that can be drawn on: use --format=text or json' "$tmp/err"
}
holds "what fills a terminal needs one" screen_needs_one
holds "a terminal gets color unless it is dumb or NO_COLOR is set" terminals

# ---------------------------------------------------------------- a reader who goes away

# Its status is its own, and nothing is said: under pipefail too.
unread() {
	local fd
	exec {fd}> >(:)
	wait $!
	works "$1" >&"$fd"
	local status=$?
	exec {fd}>&-
	return "$status"
}
unread_fifo() {
	fresh
	mkfifo "$d/fifo"
	exec 8<>"$d/fifo"
	python3 -c 'import os, sys
r, w = os.pipe()
os.close(r)
os.dup2(w, 9)
os.execv(sys.argv[1], sys.argv[1:])' "$trace" replay -q --json -o /dev/fd/9 "$one"
	local status=$?
	exec 8>&-
	return "$status"
}
for verb in "${verbs[@]}"; do
	holds "$(name_of "$verb"): a reader may go away" unread "$verb"
done
holds "a reader of -o may go away" unread_fifo
for options in --help "check --help" --version --usage; do
	holds "$options: a reader may go away" unread "x|0|$options"
done
unread_baseline() {
	local fd
	exec {fd}> >(:)
	wait $!
	"$trace" check --write-baseline "/dev/fd/$fd" "$one" >"$tmp/out" 2>&1 && [[ ! -s $tmp/out ]]
}
holds "a baseline: a reader may go away" unread_baseline
head_of() { [[ $("$trace" replay --json "$one" | head -n 1 | jq -r .type) == trace ]]; }
holds "| head is not a failure" head_of
exit $failed
