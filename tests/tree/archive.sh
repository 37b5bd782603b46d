#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck disable=SC2319 # the status of a condition is what is meant
# tools/root, with a mirror that is whole or not as it is told to be. TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
# shellcheck source=tests/tap.bash
. tests/tap.bash
tree=$tmp/tree
mkdir -p "$tree"/tools/roots "$tmp/bin"
cp tools/root tools/*.sh "$tree/tools"
# Where this runs there may be no keyring.
echo 'keyring() { echo ring; }' >>"$tree/tools/archive.sh"
for root in one two; do printf 'suites trixie,testing\narch ppc64el\n%s\n' "$root" >"$tree/tools/roots/$root"; done
printf 'suites trixie\narch ppc64el\nthree\n' >"$tree/tools/roots/three"
export COMPATCAPS_CACHE=$tmp/cache STUB=$tmp/stub DEBIAN_MIRROR=http://mirror.invalid/debian PATH=$tmp/bin:$PATH
unset COMPATCAPS_ROOT COMPATCAPS_PROGRESS
mkdir "$STUB"

# What it is asked for is kept in asked, with the suite. $STUB/unreadable and $STUB/lacking name suites.
cat >"$tmp/bin/apt-get" <<'END'
#!/bin/bash
value() { sed -nE "s/.*$1 \"([^\"]*)\";.*/\1/p" "$APT_CONFIG" | tail -n 1; }
suite=$(sed -E 's/.* ([a-z-]+) main$/\1/' "$(value 'Dir::Etc')/sources.list")
while [[ $1 == -* ]]; do [[ $1 != -o ]] || shift; shift; done
echo "$1 $suite" >>"$STUB/asked"
case $1 in
update)
	! grep -qx "$suite" "$STUB/unreadable" || { echo "E: Failed to fetch the index"; exit; }
	printf 'Package: linux\nVersion: 7.3-%s\n\nPackage: other\nVersion: 1\n' "$suite" >"$(value 'Dir::State')/lists/m_Packages"
	;;
install)
	! grep -qx "$suite" "$STUB/lacking" || { echo "E: Failed to fetch http://m/x.deb  404  Not Found"; exit 100; }
	archives=$(value 'Dir::Cache::archives')
	touch "${archives:-$(value 'Dir::Cache')/archives}/package_${suite}_all.deb"
	;;
esac
END
printf '#!/bin/sh\ncd "$STUB" && tar -c asked\n' >"$tmp/bin/dpkg-deb"
printf '#!/bin/sh\n' >"$tmp/bin/apt-config"
chmod +x "$tmp"/bin/*
: >"$STUB/unreadable"
echo trixie >"$STUB/lacking"

# root ARGUMENT...: what it prints goes to out, what it reports to said.
root() { "$tree/tools/root" "$@" >"$tmp/out" 2>"$tmp/said"; }
asked() { grep -cxF "$1" "$STUB/asked"; }
log=$COMPATCAPS_CACHE/index/apt.log

root path one && [[ $(<"$(<"$tmp/out")/MANIFEST") == package_testing_all.deb ]]
result $? "what a suite lacks is taken from the next one"
! grep -qE '404|E:|apt:' "$tmp/said"
result $? "apt's errors are not on the screen"
[[ $(grep -cF "$log" "$tmp/said") -eq 1 ]] && grep -q '404  Not Found' "$log"
result $? "but in a log, which is named once"
root path two && [[ $(<"$(<"$tmp/out")/MANIFEST") == package_testing_all.deb ]]
result $? "so it is for the next root"
[[ $(asked "install trixie") -eq 1 ]]
result $? "which does not ask the suite again that lacked something"
[[ $(asked "update trixie") -eq 1 && $(asked "update testing") -eq 1 ]]
result $? "and no index is read twice"
! grep -q "$log" "$tmp/said"
result $? "nor the log named twice"

echo sid >"$STUB/unreadable"
root list trixie,sid ppc64el '^lin' && [[ $(<"$tmp/out") == "linux 7.3-trixie trixie" ]]
result $? "a list does without a suite that cannot be read"
[[ $(wc -l <"$tmp/said") -eq 1 ]] && grep -qF "sid (ppc64el) cannot be read from this mirror" "$tmp/said"
result $? "and says so in one line"
! root list sid ppc64el . && grep -q DEBIAN_MIRROR "$tmp/said"
result $? "a list of no suite is a failure"
! root path three && grep -q DEBIAN_MIRROR "$tmp/said"
result $? "and so is a root that no suite has"

find "$COMPATCAPS_CACHE/index" -name read -exec touch -d '20 minutes ago' {} +
touch -d '30 minutes ago' "$tmp/begun"
COMPATCAPS_RUN=$tmp/begun root path two && rm -r "$(<"$tmp/out")" && COMPATCAPS_RUN=$tmp/begun root path two &&
	[[ $(asked "install trixie") -eq 2 && $(asked "update trixie") -eq 1 ]]
result $? "what a suite lacks is remembered for all of a run"
: >"$STUB/lacking"
root path three && [[ $(asked "update trixie") -eq 2 ]]
result $? "a quarter of an hour later the index is read again"
[[ ! -e $(echo "$COMPATCAPS_CACHE"/index/testing-*/read) ]]
result $? "and those that are older are removed"
exit "$failed"
