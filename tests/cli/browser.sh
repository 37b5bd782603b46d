#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Pages of report in a real browser, at 360 and 1440 pixels, in light and dark: nothing on the console, no
# request, nothing that axe-core objects to, no scrolling sideways. Then a page that is broken in each of
# these ways, which has to be noticed. TAP.
set -uo pipefail

top=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
cd "$top" || exit 1
trace=${O:-build}/host/unit/compatcaps-trace
status=0

skip() {
	echo "ok - pages in a browser # SKIP no browser: $1; nothing was tested of how pages look and what they do there"
	exit 0
}

# In a directory that a root sees as well.
work=$(mktemp -d "${TMPDIR:-/tmp}/browser.XXXXXX")
trap 'rm -rf "$work"' EXIT
tools/root path browser >/dev/null 2>"$work/err" || skip "$(tail -n 1 "$work/err")"
modules=$(tools/root npm "$top/tests/browser" 2>"$work/err") || skip "$(tail -n 1 "$work/err")"

# The names of the network are not for it, and neither are certificates.
look() {
	timeout 300 env -u NODE_EXTRA_CA_CERTS tools/root enter browser -- \
		env NODE_PATH="$modules/node_modules" node tests/browser/look.js "$@"
}

# holds NAME FILTER: true for every look at the page
holds() {
	if jq -e "all(.[]; $2)" "$work/looks" >/dev/null; then
		echo "ok - $1"
	else
		jq -c ".[] | select($2 | not) | {width, scheme, console, requests, violations, wider, scripts}" "$work/looks" |
			head -n 8 | cut -c 1-600 | sed 's/^/# /'
		echo "not ok - $1"
		status=1
	fi
}

looked_at() {
	look "$2" >"$work/looks" 2>"$work/err" && return
	sed 's/^/# /' "$work/err"
	echo "not ok - $1: the browser opens it"
	status=1
	return 1
}

is_fine() {
	looked_at "$@" || return
	holds "$1: looked at four times, by axe-core as well" '.passes > 20 and .text > 500 and .images > 0'
	holds "$1: nothing on the console" '.console == []'
	holds "$1: no request" '.requests == []'
	holds "$1: axe-core has no objection" '.violations == [] and .incomplete == []'
	holds "$1: no scrolling sideways" '.wider <= 0'
	holds "$1: no script" '.scripts == 0'
	if [[ $(jq '[.[].background] | unique | length' "$work/looks") -eq 2 ]]; then
		echo "ok - $1: dark is another than light"
	else
		echo "not ok - $1: dark is another than light"
		status=1
	fi
}

# What has to be found wrong: with a page that is.
is_noticed() {
	looked_at "$@" || return
	holds "$1: an error on the console is noticed" '.console != []'
	holds "$1: a request" '.requests != []'
	for rule in color-contrast image-alt html-has-lang heading-order; do
		holds "$1: $rule" "any(.violations[]; startswith(\"$rule:\"))"
	done
	holds "$1: what is too wide" '.wider > 0'
	holds "$1: a script" '.scripts > 0'
}

# All guests with a name that no line has room for.
long_names() {
	python3 -c '
import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    event = json.loads(line)
    if event.get("evidence", {}).get("name_option"):
        event["evidence"]["name_option"] = "guest=" + "name" * 1000
    print(json.dumps(event))' "$1"
}

one=tests/data/debian-7.3-p10-as-p9-v2.jsonl
"$trace" report -q --format=html -o "$work/one.html" "$one" &&
	is_fine "a recording" "$work/one.html"
long_names tests/data/debian-6.12-p11-as-p10-v2.jsonl >"$work/long"
head -n 1 "$one" >"$work/empty"
"$trace" report -q --format=html -o "$work/three.html" "$work/long" "$work/empty" tests/data/patched-7.2-p8-hash.jsonl 2>"$work/err"
is_fine "three recordings, with long names and an empty one" "$work/three.html"
is_noticed "a broken page" tests/browser/broken.html
exit $status
