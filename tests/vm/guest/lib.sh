# shellcheck shell=busybox
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the guest scripts share. Whatever is in /out goes to the host at the end.
mkdir -p /out
# How many times as long things may take: vmtest knows the kernel.
: "${patience:=1}"
exec 3>&1 >/dev/null

# keep NAME CMD...: run it, keep what it printed, what it said and how it ended.
keep() {
	local name=$1
	shift
	echo "$(cut -d ' ' -f 1 /proc/uptime) $name" >&2
	timeout -s KILL $((120 * patience)) "$@" >"/out/$name.out" 2>"/out/$name.err"
	echo $? >"/out/$name.status"
}

# until_said WORDS FILE: wait until a program that runs has said so.
until_said() {
	local n=0
	# Who runs in the background may not have made it yet.
	until grep -q "$1" "$2" 2>/dev/null; do
		n=$((n + 1))
		[ $n -lt $((300 * patience)) ] || { echo "no '$1' in $2 after $patience minutes" >&2; return 1; }
		sleep 0.2
	done
}

# start NAME OPTION...: a tracer in the background ($tracer), attached when this returns.
start() {
	local name=$1
	shift
	compatcaps-trace "$@" >"/out/$name.out" 2>"/out/$name.err" &
	# shellcheck disable=SC2034 # for the caller
	tracer=$!
	until_said 'end it with Ctrl-C' "/out/$name.err"
}

# ended NAME PID: wait for it and keep its status.
ended() {
	wait "$2"
	echo $? >"/out/$1.status"
}

send_out() {
	tar -c -C /out . >&3
}
