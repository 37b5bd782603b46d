#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck disable=SC2319 # the status of a condition is what is meant
# What is kept for building goes where it may go, and no more is removed than was made. TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
# shellcheck source=tests/tap.bash
. tests/tap.bash
# Of the user's own nothing may be looked at here, nor what make was told.
unset COMPATCAPS_CACHE XDG_CACHE_HOME MAKEFLAGS MFLAGS MAKELEVEL

# says WHAT STATUS WORDS COMMAND...: it ends so, and says so.
says() {
	local what=$1 status=$2 words=$3
	shift 3
	"$@" >"$tmp/said" 2>&1
	[[ $? -eq $status && $(<"$tmp/said") == *"$words"* ]]
	result $? "$what"
}

# shellcheck disable=SC2317 # says() calls it
# What everyone does who is about to write there, without a download.
use() {
	bash -c 'say() { echo "$*"; }; die() { say "$*"; exit 1; }; . tools/cache.sh; use_cache; echo "in $cache"'
}

for program in 'tools/root path sysroot' 'tools/root clean' 'tests/vm/kernel path debian-7.3' 'tests/vm/run -- true' \
	'kernel-patches/build v7.2'; do
	[[ $program == tests/vm/run* ]] && status=125 || status=1
	# shellcheck disable=SC2086 # words
	says "without a HOME '$program' takes no place that is everybody's" $status 'COMPATCAPS_CACHE=DIR' \
		env -u HOME $program
done
[[ ! -e /tmp/.cache/compatcaps-trace ]]
result $? "and made none"

mine="$tmp/it's mine"
mkdir -p "$mine/roots" "$mine/kernels"
echo precious >"$mine/kernels/thesis"
echo precious >"$mine/letter"
export COMPATCAPS_CACHE=$mine
says "a directory of somebody's is not removed" 1 'nothing is removed' tools/root clean
says "nor by make distclean" 2 'nothing is removed' make -s distclean -o clean
says "nor taken for a cache" 1 'compatcaps-trace did not make it' use
[[ $(cat "$mine/kernels/thesis" "$mine/letter") == $'precious\nprecious' ]]
result $? "and keeps all that it has"
echo 'Signature: 8a477f597d28d172789f06886806bc55' >"$mine/CACHEDIR.TAG"
says "another program's cache is not ours either" 1 'nothing is removed' tools/root clean

export COMPATCAPS_CACHE="$tmp/a new one's/cache"
says "a new directory becomes a cache" 0 "in $COMPATCAPS_CACHE" use
says "and remains it" 0 "in $COMPATCAPS_CACHE" use
mkdir -p "$COMPATCAPS_CACHE"/{roots/r,kernels/.debian/k,kernel-src/s,guests,qemu/q,.list.x}
ln -s "$mine" "$COMPATCAPS_CACHE/roots/elsewhere"
ln -s "$mine" "$COMPATCAPS_CACHE/roots/r/elsewhere"
touch "$COMPATCAPS_CACHE/mine too"
says "of it what is not ours stays" 0 'mine too' tools/root clean
[[ $(ls -A "$COMPATCAPS_CACHE") == 'mine too' ]]
result $? "and nothing else"
[[ -s $mine/letter ]]
result $? "nor does a link in it lead out of it"
rm "$COMPATCAPS_CACHE/mine too"
says "an empty one can be used again" 0 "in $COMPATCAPS_CACHE" use
says "and be removed" 0 '' tools/root clean
[[ ! -e $COMPATCAPS_CACHE ]]
result $? "which removes the whole of it"
says "where none is there is nothing to do" 0 '' tools/root clean

unset COMPATCAPS_CACHE
export HOME=$tmp/home
mkdir -p "$HOME/.cache/compatcaps-trace"/{roots,kernels}
says "one of before there was a mark is not removed at once" 1 'nothing is removed' tools/root clean
says "but known, at its own place" 0 "in $HOME/.cache" use
says "and then it can be removed" 0 '' tools/root clean
mkdir -p "$HOME/.cache/compatcaps-trace"/{roots,photographs}
says "not so with something in it that was never ours" 1 'compatcaps-trace did not make it' use

says "make says in which directories it cannot build" 2 'has a space, a quote or the like' make -s help O='a b'
says "and" 2 'has a space, a quote or the like' make -s help O="it's"
exit "$failed"
