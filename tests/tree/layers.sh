#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck disable=SC2317 # notices() calls the functions that break a rule
#
# tests/layers finds nothing wrong with src, and it finds each thing that src/LAYERS forbids: each case gives it a copy
# of src that breaks one rule. TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$(readlink -f "$0")")/../..}" || exit 1
# shellcheck source=tests/tap.bash
. tests/tap.bash

# notices NAME WORDS COMMAND...: COMMAND breaks a rule in a copy of src, and that is all that is reported
notices() {
	local name=$1 words=$2
	shift 2
	rm -rf "$tmp/tree"
	mkdir "$tmp/tree"
	cp -a src "$tmp/tree"
	(cd "$tmp/tree/src" && "$@") || { echo "not ok - $name: the copy could not be changed"; failed=1; return; }
	tests/layers "$tmp/tree" >"$tmp/said" 2>&1
	[[ $? -eq 1 && $(wc -l <"$tmp/said") -eq 1 ]] && grep -qF -- "$words" "$tmp/said"
	result $? "$name"
}

append() { printf '%s\n' "$2" >>"$1"; }
grow() { head -c "$2" /dev/zero | tr '\0' '\n' >>"$1"; }
outgrow() { grow "$1" 800 && append LAYERS "long: src/$1 801"; }
fill() { for n in {1..30}; do echo >"$1/more$n.h"; done; }

tests/layers >"$tmp/said" 2>&1 && [[ ! -s $tmp/said ]]
result $? "src keeps to src/LAYERS"
notices "a header of a folder above" 'it includes "cmd/options.h", and src/LAYERS lets lib include no other folder' append lib/text.c '#include "cmd/options.h"'
notices "a clock where nothing but evidence decides" "clock_gettime() is called, and diagnosis has no clock" \
	append diagnosis/order.c 'static void now(struct timespec *t) { clock_gettime(0, t); }'
notices "a message from there" "say() is called, and kvm has no clock, file or log" append kvm/abi.c 'static void complain(void) { say("no"); }'
notices "libbpf where a recording is read" "it includes libbpf" append recording/stream.c '#include <bpf/bpf.h>'
notices "a declaration of what another folder defines" "text_escape is defined in lib: declare it there" \
	append check/rules.h 'char *text_escape(char *buf, size_t size, const char *text, size_t max);'
notices "an object declared elsewhere" "emit_text is defined in output" append diff/diff.h 'extern const struct emitter emit_text;'
notices "a declaration of what is nowhere" "rules_sing is declared and nowhere defined" append check/rules.h 'bool rules_sing(struct rules *r);'
notices "a file that is too long" "are allowed: split it" grow lib/text.c 800
notices "a folder that is too full" "files, and 25 are allowed" fill metrics
notices "a file that is no longer too long" "it is short enough: take it out of src/LAYERS" append LAYERS "long: src/lib/text.c 900"
notices "a file that still has to be split and grows" "are allowed: split it" outgrow lib/text.c
notices "a file that does not say what it is for" "it does not open with 3 sentences" sed -i '2,/\*\//d' lib/text.c
notices "a folder without a line" "src/LAYERS has no line for this folder" sed -i '/^folder metrics:/d' LAYERS
exit "$failed"
