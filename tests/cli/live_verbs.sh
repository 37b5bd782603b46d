#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The verbs about a live host, in the build that only reads recordings. TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$(readlink -f "$0")")/../..}" || exit 1
tracer=${O:-build}/host/unit/compatcaps-trace
failed=0

[[ -x $tracer ]] || { echo "not ok - $tracer is not built: make check-unit does that first"; exit 1; }

# result NAME WANT GOT
result() {
	if [[ $3 == "$2" ]]; then
		echo "ok - $1"
	else
		printf '%s\n' "expected $2" "got $3" | sed 's/^/# /'
		echo "not ok - $1"
		failed=1
	fi
}

# ran ARG...: everything that it said, and its status.
ran() {
	local text
	text=$("$tracer" "$@" 2>&1 </dev/null)
	echo "$text, status $?"
}

for verb in vms doctor caps; do
	result "$verb takes another build" \
		"compatcaps-trace: this build only reads recordings; $verb needs the ppc64le build, on POWER, status 3" \
		"$(ran "$verb")"
	result "$verb reads no file" "expected no file" "$(ran "$verb" file | grep -o "expected no file")"
	result "$verb has a usage error of 2" "status 2" "$(ran "$verb" --nonsense | grep -o 'status 2')"
	result "$verb has a help" "Usage: compatcaps-trace $verb [OPTION...]" "$(ran "$verb" --help | head -n 1 | sed 's/ *$//')"
	result "$verb has a man page with examples" 1 "$(grep -c '^\.Sh EXAMPLES' "docs/compatcaps-trace-$verb.1")"
done
exit $failed
