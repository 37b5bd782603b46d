#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck disable=SC2319 # the status of a condition is what is meant
# tools/prepare, with things that are had at once, late or not at all. TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
# shellcheck source=tests/tap.bash
. tests/tap.bash
tree=$tmp/tree
mkdir -p "$tree"/tools "$tree"/tests/vm "$tree"/kernel-patches "$tmp/cache"
cp tools/prepare tools/cache.sh tools/needs "$tree/tools"
cp tests/vm/kernels tests/vm/table tests/vm/*soaks "$tree/tests/vm"
export COMPATCAPS_CACHE=$tmp/cache STUB=$tmp/stub
unset COMPATCAPS_ROOT COMPATCAPS_LOOK KERNEL QEMU
mkdir "$STUB"

# What stands for tools/root and the like: a thing is here once $STUB/here names it. It is made as $STUB/NAME
# says, a script, and at once where there is none. What is begun and what is there is kept in order in done.
stand_in() {
	cat >"$1" <<'END'
#!/bin/bash
[[ $1 != names && $1 != source ]] || exec "$0.table" "$@"
[[ $# -ne 1 || $1 != check ]] || exec "$STUB/check"
thing="${0##*/} $*"
case $1 in
enter) shift 3; thing="run $*" ;;
esac
[[ -z ${COMPATCAPS_LOOK:-} ]] || exec grep -qxF "$thing" "$STUB/here"
echo "begin $thing" >>"$STUB/done"
name=${thing// /_}
if [[ -e $STUB/${name//\//_} ]]; then bash "$STUB/${name//\//_}" || exit; fi
echo "end $thing" >>"$STUB/done"
END
	chmod +x "$1"
}
for name in tools/root tests/vm/kernel kernel-patches/check; do stand_in "$tree/$name"; done
mkdir "$tree/tests/vm/qemu"
stand_in "$tree/tests/vm/qemu/build"
stand_in "$tree/tests/vm/qemu/newest"
printf '#!/bin/sh\n' >"$STUB/check"
# The table of kernels is read by the real one, which needs no cache for that.
cp tests/vm/kernel "$tree/tests/vm/kernel.table"
chmod +x "$STUB/check"

begin() {
	rm -f "$STUB"/[a-z]*_*
	: >"$STUB/done"
	: >"$STUB/here"
}
# prepare TARGET: what it prints goes to said.
prepare() { "$tree/tools/prepare" "$1" -- the command >"$tmp/said" 2>&1; }
# before WHAT LATER: in done the one is before the other.
before() {
	[[ $(grep -nxF "$1" "$STUB/done" | cut -d: -f1) -lt $(grep -nxF "$2" "$STUB/done" | cut -d: -f1) ]]
}

begin
prepare demo
result $? "what is missing is made, and then the command is run"
sed -n 's/^begin //p' "$STUB/done" | grep -v '^run' >"$tmp/all"
[[ $(tail -n 1 "$STUB/done") == "end run the command" ]]
result $? "as the last thing"
before "end root path sysroot" "begin run make -j$(nproc) O=build V=0 ready-demo" &&
	before "end root path build" "begin run make -j$(nproc) O=build V=0 ready-demo"
result $? "the build waits for what it needs"
! grep -qE 'toolchain|qemu|prepare (patched|debian-6)' "$STUB/done"
result $? "nothing else is made: no QEMU is built, and no kernel but the default one"
grep -qE '^make: demo needs these, once: about [0-9]+ seconds on [0-9]+ idle processors$' "$tmp/said"
result $? "it says before how long that takes"
grep -qE '^  libraries for ppc64le +done in [0-9]+ s$' "$tmp/said" && grep -qE '^  Linux debian-7.3 +done in' "$tmp/said"
result $? "and of each thing when it is there"

begin
"$tree/tools/prepare" --dry-run demo -- the command >"$tmp/said" 2>&1 && [[ ! -s $tmp/said && $(head -n 1 "$STUB/done") == "begin run the command" ]]
result $? "for make -n nothing is made"

begin
QEMU=negotiates prepare demo && grep -qxF "end build prepare negotiates" "$STUB/done"
result $? "QEMU=negotiates builds that one"
before "end root path qemu-build" "begin build prepare negotiates" && before "end root path qemu-sysroot" "begin build prepare negotiates"
result $? "once what it is built with is there"
begin
echo "build path negotiates" >"$STUB/here"
QEMU=negotiates prepare demo && ! grep -q qemu "$STUB/done"
result $? "which is not fetched where the QEMU is there"
begin
KERNEL=debian-6.12 prepare demo && grep -qxF "end kernel prepare debian-6.12" "$STUB/done" && ! grep -q debian-7.3 "$STUB/done"
result $? "KERNEL= names the kernel"

begin
echo 'sleep 0.5' >"$STUB/root_path_browser"
prepare check && [[ $(tail -n 1 "$STUB/done") == "end run the command" ]]
result $? "so is what check needs"
for thing in "root path bare-bookworm" "root path bare-trixie" "root path reader" "root path ci" "root path monitoring" \
	"root path lava" "root path vmm" "root npm $tree/tests/browser" "kernel prepare debian-6.12" "kernel prepare debian-7.3-64k" \
	"kernel prepare patched-7.2" "kernel prepare patched-7.2-mainline" "kernel prepare patched-6.12" \
	"build prepare negotiates" "build prepare refuses" "newest prepare" "check --prepare v7.2" "check --prepare v7.2-mainline" "check --prepare v6.12"; do
	grep -qxF "end $thing" "$STUB/done"
	result $? "$thing"
done
! grep -qE 'root path (build|packaging|system|native|peers)|-64k$.*patched|debug' "$STUB/done"
result $? "and nothing else"
before "end root path toolchain" "begin kernel prepare patched-7.2" && before "end kernel prepare patched-7.2" "begin kernel prepare patched-7.2-mainline" &&
	before "end kernel prepare patched-7.2-mainline" "begin kernel prepare patched-6.12"
result $? "kernels are built in the toolchain, one after the other"
[[ $(sed -n '/begin root path browser/,/end root path browser/p' "$STUB/done" | wc -l) -gt 2 ]]
result $? "while other things are fetched"

begin
cp "$tmp/all" "$STUB/here"
prepare demo && [[ ! -s $tmp/said && $(<"$STUB/done") == $'begin run the command\nend run the command' ]]
result $? "where all is there the command is run without a word"

begin
echo 'echo "root: *** the mirror is not whole" >&2; echo "root: this is the reason" >&2; exit 1' >"$STUB/root_path_build"
echo 'echo "root: *** the mirror is not whole" >&2' >"$STUB/root_path_sysroot"
! prepare demo && ! grep -q 'the command' "$STUB/done"
result $? "without what it needs the command is not run"
grep -qx '  root: this is the reason' "$tmp/said"
result $? "and the reason is shown"
[[ $(grep -c 'the mirror is not whole' "$tmp/said") -eq 1 ]]
result $? "what several report is shown once"

begin
echo 'echo "no such luck" >&2; exit 1' >"$STUB/root_path_vmm"
prepare demo && grep -qxF 'make: cannot get Debian'"'"'s QEMU for ppc64le: the demo goes on without a real QEMU' "$tmp/said"
result $? "what it can do without is reported"

begin
echo 'sleep 1000 & echo $! >"$STUB/pid"; wait' >"$STUB/root_path_build"
"$tree/tools/prepare" demo -- the command >"$tmp/said" 2>&1 &
for _ in {1..100}; do [[ ! -s $STUB/pid ]] || break; sleep 0.1; done
kill -TERM $!
wait $!
[[ $? -eq 143 ]]
result $? "one that is ended says so"
for _ in {1..50}; do kill -0 "$(<"$STUB/pid")" 2>/dev/null || break; sleep 0.1; done
! kill -0 "$(<"$STUB/pid")" 2>/dev/null
result $? "and ends what it began"

sed -n '/^INNER := /,/[^\\]$/p' Makefile | grep -oE '[a-z0-9_.-]+' | sort -u >"$tmp/targets"
[[ $(wc -l <"$tmp/targets") -gt 20 ]]
result $? "the targets are known here"
for file in tools/roots/*; do
	grep -q "^root ${file##*/} " tools/needs
	result $? "tools/needs has a row for ${file##*/}"
done
unknown=$(grep -v '^#' tools/needs | cut -d'|' -f2 | grep -v '^ *for ' | tr -s ' ' '\n' | grep -vxF -e not -e '' -f "$tmp/targets")
[[ -z $unknown ]]
result $? "tools/needs names no others${unknown:+: $unknown}"
exit "$failed"
