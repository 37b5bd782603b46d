#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The programs for this machine, not built for a sanitizer, under valgrind: those that are linked with a shared
# C library, for valgrind knows malloc() in no other. TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
decode=${O:-build}/host/shared/decode_bitmap
trace=${O:-build}/host/shared/compatcaps-trace
found=99
# shellcheck source=tests/tap.bash
. tests/tap.bash

if ! command -v valgrind >/dev/null; then
	echo "ok - memory of programs # SKIP valgrind is not installed"
	exit 0
fi

in_valgrind() {
	valgrind -q --error-exitcode=$found --leak-check=full \
		--errors-for-leak-kinds=definite,indirect "$@"
}

# run NAME STATUS INPUT [ARG...]: the same as without valgrind, and nothing found.
run() {
	local name=$1 expected=$2 input=$3 status
	shift 3
	# shellcheck disable=SC2059 # the input is written with escapes
	printf "$input" >"$tmp/in"
	"$decode" "$@" <"$tmp/in" >"$tmp/plain" 2>/dev/null
	in_valgrind "$decode" "$@" <"$tmp/in" >"$tmp/out" 2>"$tmp/said"
	status=$?
	[[ $status -eq $expected ]] && cmp -s "$tmp/plain" "$tmp/out"
	result $? "$name: status $expected, $(wc -c <"$tmp/out") bytes"
}

# replay FILE [OPTION...]: the same as without valgrind, whatever that is, and nothing found.
replay() {
	local file=$1 status plain
	shift
	"$trace" replay "$@" "$file" >"$tmp/plain" 2>/dev/null
	plain=$?
	in_valgrind "$trace" replay "$@" "$file" >"$tmp/out" 2>"$tmp/said"
	status=$?
	[[ $status -eq $plain && $status -ne $found && $status -le 5 ]] && cmp -s "$tmp/plain" "$tmp/out"
	result $? "replay $* ${file##*/}: status $status, $(wc -c <"$tmp/out") bytes"
}

long=$(printf '%05000d' 0)
run "a value" 0 '' 0x6000000000000000
run "every bit as JSON" 0 '' --json 0xffffffffffffffff
run "PVRs" 0 '' --pvr 0x0f000006 0xffffffff
run "garbage on the command line" 2 '' xyz 0x 1e5 "$long" 0x7000000000000000
run "garbage in the input" 2 '0x4000000000000000\n\nx\377\0y\n 7 8\n0x10000000000000000\n\n'
run "a line of 5000 digits without an end" 2 "$long"
run "no input at all" 0 ''
run "help" 0 '' --help
run "an unknown option" 2 '' --nonsense

for file in tests/fuzz/corpus/recordings/*; do
	[[ -f $file ]] || continue
	replay "$file" --json
done
replay tests/fuzz/corpus/recordings/ordinary.jsonl --summary
replay /dev/null

# That this can fail: a byte too far, a leak.
cat >"$tmp/bad.c" <<'END'
#include <stdlib.h>
int main(int argc, char **argv)
{
	char *p = malloc(8);

	(void)argv;
	if (argc > 1)
		return p[7 + argc];
	p = malloc(9);
	return !p;
}
END
if ${HOSTCC:-gcc} -O0 -w "$tmp/bad.c" -o "$tmp/bad" 2>"$tmp/said"; then
	in_valgrind "$tmp/bad" x >/dev/null 2>&1
	[[ $? -eq $found ]]
	result $? "a byte too far is seen"
	in_valgrind "$tmp/bad" >/dev/null 2>&1
	[[ $? -eq $found ]]
	result $? "a leak is seen"
else
	result 1 "a compiler for the counter-test"
fi
exit $failed
