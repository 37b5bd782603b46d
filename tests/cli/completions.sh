#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck disable=SC2034
#
# Completion: what is offered is what the programs have, all of it, and nothing that others named is run by a
# shell (completions.py). TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
bin=${O:-build}/host/bin
programs=$bin
if [[ $(uname -m) == ppc64le ]]; then
	bin=${O:-build}/ppc64le/bin
	programs=$bin
fi
PATH=$(realpath "$bin"):$PATH
status=0
# shellcheck source=packaging/completions/compatcaps-trace
. packaging/completions/compatcaps-trace

# offered WORD...: for the last one, each on a line.
offered() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMP_LINE="$*"
	COMP_LINE=${COMP_LINE// = /=}
	COMP_POINT=${#COMP_LINE}
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

# By another way than the completion's: what people read. Of --usage only long ones, each once.
options_of() { "$@" --usage | grep -oE -e '\[--[a-z-]+' | tr -d '[' | sort -u; }
formats_of() { compatcaps-trace "$1" --format=nonsense x 2>&1 | sed -nE 's/.*must be (one of )?(.*)/\2/p' | tr -d ' ' | tr , '\n'; }

verbs=$(sed -nE 's/^\tCOMMAND\((\w+)\).*/\1/p' src/cmd/commands.c)
same "verbs" "$(offered compatcaps-trace '' | sort)" "$(sort <<<"$verbs")"
same "verbs to be explained" "$(offered compatcaps-trace help '' | sort)" "$(sort <<<"$verbs")"
for verb in $verbs; do
	same "$verb: options" "$(offered compatcaps-trace "$verb" -- | sort)" "$(options_of compatcaps-trace "$verb")"
	[[ $verb == help ]] || same "$verb: formats" "$(offered compatcaps-trace "$verb" --format = '' | sort)" "$(formats_of "$verb" | sort)"
done
for program in compatcaps-trace compatcaps_probe decode_bitmap; do
	same "$program: options" "$(offered "$program" -- | sort)" "$(options_of "$program")"
	for help in -h -? --help; do
		same "$program $help" "$("$program" "$help" 2>&1 | head -n 1 | cut -d ' ' -f 1-2)" "Usage: $program"
	done
done
same "calls of the probe" "$(offered compatcaps_probe -c '' | sort)" \
	"$({ compatcaps_probe --list-cases | sed -nE 's/^([a-z]\S*).*/\1/p'; echo all; } | sort)"
same "part of an option" "$(offered compatcaps-trace report --fo | sort)" "$(printf '%s\n' --force --format)"
same "a verb after an option" "$(offered compatcaps-trace -q re | sort)" "$(printf '%s\n' record replay report)"
same "an option that takes nothing" "x$(offered compatcaps-trace diff --exit-code '')" "x"
same "letters that belong together" "$(offered compatcaps-trace replay -qv --color a)" "$(printf '%s\n' auto always)"
same "causes" "$(offered compatcaps-trace check -f '' | sed -nE 's/^failures\\\{cause=([^}]*)\\\}=0/\1/p' | sort)" \
	"$(compatcaps-trace metrics -q tests/data/debian-7.3-p10-v1.jsonl | grep -oE 'failures_total\{cause="[^"]*"' | cut -d '"' -f 2 | grep -v not-recorded | sort -u)"
same "a command's own are its own" "x$(offered compatcaps-trace -- qemu --)" "x"

python3 -B tests/cli/completions.py "$programs" packaging/completions || status=1
exit $status
