#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck disable=SC2034,SC2207
#
# bash completion: what it offers is what the program has. TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
trace=${O:-build}/host/bin/compatcaps-trace
[[ $(uname -m) != ppc64le ]] || trace=${O:-build}/ppc64le/bin/compatcaps-trace
status=0
# shellcheck source=packaging/completions/compatcaps-trace
. packaging/completions/compatcaps-trace

# offered WORD...: for the last one, each on a line.
offered() {
	COMP_WORDS=("$trace" "$@")
	COMP_CWORD=$#
	_compatcaps_trace
	printf '%s\n' "${COMPREPLY[@]}"
}

# same NAME GOT WANT
same() {
	if [[ $2 == "$3" && -n $2 ]]; then
		echo "ok - $1"
	else
		diff <(echo "$2") <(echo "$3") | sed 's/^/# /'
		echo "not ok - $1"
		status=1
	fi
}

# By another way than the completion's.
options_of() { "$trace" "$1" --usage | tr -s '[] \n' '\n' | grep -E '^--[a-z]' | sed 's/[=)].*//' | sort -u; }
formats_of() { "$trace" "$1" --format=nonsense x 2>&1 | sed -nE 's/.*it is one of (.*)/\1/p' | tr -d ' ' | tr , '\n'; }

verbs="trace record replay $(sed -nE 's/^\tVERB\((\w+),.*/\1/p' src/cmd/verbs.c | tr '\n' ' ')"
same "verbs" "$(offered '' | sort)" "$(tr ' ' '\n' <<<"$verbs" | grep . | sort)"
for verb in $verbs; do
	same "$verb: options" "$(offered "$verb" --)" "$(options_of "$verb")"
	same "$verb: formats" "$(offered "$verb" --format = '' | sort)" "$(formats_of "$verb" | sort)"
done
same "without a verb it is trace" "$(offered --)" "$(options_of trace)"
same "part of an option" "$(offered report --fo)" "$(printf '%s\n' --force --format)"
same "causes" "$(offered check -f '' | sed -nE 's/^failures\{cause=([^}]*)\}=0/\1/p' | sort)" \
	"$("$trace" metrics -q tests/data/debian-7.3-p10-v1.jsonl | grep -oE 'cause="[^"]*"' | cut -d '"' -f 2 | grep -v not-recorded | sort -u)"
same "a command's own are its own" "x$(offered -- qemu --)" "x"
exit $status
