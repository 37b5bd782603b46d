# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Where packages come from: a mirror of Debian, read by a private apt whose signatures are checked. The index
# of a suite is read once in a quarter of an hour and shared by all roots; that a suite lacks packages which
# its index names is remembered as long, and for all of a run of tools/prepare. What apt reports goes to a log, which is named where it matters.
# The caller has say(), die(), progress() and $cache (tools/cache.sh).
# shellcheck disable=SC2154 # cache

index_minutes=15

# apt as the host has it configured, whatever private one is in use.
apt_config_of_host=${APT_CONFIG-}
host_apt() {
	APT_CONFIG=$apt_config_of_host "$@"
}

# A mirror of Debian: the variable, else the first one that the host itself uses.
mirror() {
	if [[ -n ${DEBIAN_MIRROR:-} ]]; then
		echo "${DEBIAN_MIRROR%/}"
		return
	fi
	command -v apt-get >/dev/null ||
		die "apt-get is missing: roots can only be made on Debian and its relatives; elsewhere install the tools that docs/building.md lists and use TOOLCHAIN=host"
	local uri
	# What it would fetch for an update: known without one ever having been made.
	uri=$(host_apt apt-get --print-uris update 2>/dev/null |
		sed -nE "s,^'([^']*)/dists/(bookworm|trixie|forky|sid|oldstable|stable|testing|unstable)/InRelease'.*,\\1,p" |
		head -n 1)
	[[ -n $uri ]] || die "no Debian mirror in this host's apt configuration; use DEBIAN_MIRROR=URL make ..."
	echo "${uri%/}"
}

keyring() {
	local ring
	for ring in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
		[[ -e $ring ]] && { echo "$ring"; return; }
	done
	die "no /usr/share/keyrings/debian-archive-keyring.gpg to check signatures with; install debian-archive-keyring"
}

# keep_apt_log WHAT FILE: what apt reported, for whoever wants to know more. A log that is new is named.
keep_apt_log() {
	local log=$cache/index/apt.log
	if [[ -z $(find "$log" -mmin "-$index_minutes" 2>/dev/null) ]]; then
		rm -f "$log"
		say "*** what apt reports is kept in $log"
	fi
	{
		echo "== $(date -u +%FT%TZ) $1"
		tail -n 100 "$2"
	} >>"$log"
}

# sources_of SUITE KIND URL: apt's lines for it.
sources_of() {
	local ring opts suite
	ring=$(keyring) || return
	for suite in ${1//+/ }; do
		opts="signed-by=$ring"
		# The Release files of these expire soon after a mirror stands still.
		case $suite in
		testing | sid | experimental) opts+=" check-valid-until=no" ;;
		esac
		echo "$2 [$opts] $3 $suite main"
	done
}

# apt's configuration for the index in the directory $1. Two suites with a "+" between are one that takes what it lacks
# from the other.
write_index_config() {
	local dir=$1 suite=$2 arch=$3 kind=$4 url=$5 sources
	sources=$(sources_of "$suite" "$kind" "$url") || return
	mkdir -p "$dir"/etc/{apt.conf.d,preferences.d,sources.list.d,trusted.gpg.d} "$dir"/state/lists/partial "$dir/cache"
	: >"$dir/status"
	echo "$sources" >"$dir/etc/sources.list"
	{
		host_apt apt-config dump | grep -E '^Acquire::(http|https|ftp|Retries)' || true
		cat <<-END
		Dir "$dir";
		Dir::State "$dir/state";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir/cache";
		Dir::Cache::pkgcache "";
		Dir::Etc "$dir/etc";
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; };
		APT::Install-Recommends "false";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::Retries "3";
		quiet "1";
		END
	} >"$dir/apt.conf"
}

# apt calls an update that fetched nothing a success when the failure looks passing.
read_index() {
	local dir=$1
	# What is made of the index for installing is left to whoever installs.
	APT_CONFIG=$dir/apt.conf apt-get -o pkgCacheFile::Generate=false update >"$dir/update.log" 2>&1 &&
		! grep -q 'Failed to fetch' "$dir/update.log"
}

# COMPATCAPS_RUN is a file as old as the run of tools/prepare.
is_recent() {
	local since=()
	[[ -z ${COMPATCAPS_RUN:-} ]] || since=(-o -newer "$COMPATCAPS_RUN")
	[[ -n $(find "$1/read" "$1/unreadable" '(' -mmin "-$index_minutes" "${since[@]}" ')' 2>/dev/null) ]]
}

# Those that nobody will use again; who uses one holds its lock.
forget_old_indexes() {
	local lock dir
	for lock in "$cache"/index/*.lock; do
		dir=${lock%.lock}
		[[ ! -d $dir ]] || is_recent "$dir" || flock -n "$lock" rm -rf "$dir" || :
	done
}

# open_index SUITE ARCH [deb-src]: let $index be the directory with the index of this suite, and read it where
# that was not done lately. Ends with 1 where it cannot be read. Who has opened one has it until he ends: nobody
# reads it again in the meantime.
open_index() {
	local suite=$1 arch=$2 kind=${3:-deb} url lock
	url=$(mirror) || exit
	index=$cache/index/$suite-$arch-$kind-$(sha256sum <<<"$url" | cut -c1-8)
	mkdir -p "$cache/index" 2>/dev/null || die_unwritable
	exec {lock}>"$index.lock"
	flock -s "$lock"
	is_recent "$index" || {
		flock "$lock"
		is_recent "$index" || {
			progress "" "index of $suite ($arch)"
			rm -rf "$index"
			write_index_config "$index" "$suite" "$arch" "$kind" "$url" || exit
			if read_index "$index"; then
				forget_old_indexes
				touch "$index/read"
			else
				touch "$index/unreadable"
				say "*** $suite ($arch) cannot be read from this mirror"
				keep_apt_log "the index of $suite ($arch, $kind)" "$index/update.log"
			fi
		}
		flock -s "$lock"
	}
	[[ -e $index/read ]]
}

# use_index DIR: apt as of now has the open index, and keeps packages and its locks in DIR.
use_index() {
	mkdir -p "$1/archives/partial"
	: >"$1/status"
	{
		cat "$index/apt.conf"
		echo "Dir::State::status \"$1/status\"; Dir::Cache::archives \"$1/archives\";"
	} >"$1/apt.conf"
	export APT_CONFIG=$1/apt.conf
}

# Suites that lately lacked what their index names come last.
complete_first() {
	local what=$1 suite
	shift
	for suite; do compgen -G "$cache/index/$suite-$what-????????/incomplete" >/dev/null || echo "$suite"; done
	for suite; do ! compgen -G "$cache/index/$suite-$what-????????/incomplete" >/dev/null || echo "$suite"; done
}

# size_in LOG: how much apt fetches.
size_in() { sed -nE 's/^Need to get ([0-9.,]+ [kMG]?B).*/\1/p' "$1" 2>/dev/null | head -n 1; }

# report_size DIR LOG: how much of it has come, once a second until this is ended.
report_size() {
	while kill -0 $$ 2>/dev/null; do
		progress "$(size_in "$2")" "downloading, $(du -sm "$1" 2>/dev/null | cut -f 1) MB so far"
		sleep 1
	done
}

# downloading DIR LOG COMMAND...: run it, and report what comes into DIR.
downloading() {
	local dir=$1 log=$2 watcher='' status=0
	shift 2
	if [[ -n ${COMPATCAPS_PROGRESS:-} ]]; then
		report_size "$dir" "$log" &
		watcher=$!
	fi
	"$@" >"$log" 2>&1 || status=$?
	[[ -z $watcher ]] || kill "$watcher" 2>/dev/null || true
	progress "$(size_in "$log")" "downloaded"
	return $status
}

# fetch_from_first DIR ARCH SUITES COMMAND...: packages into DIR/archives, from the first of the suites (comma
# separated) that can be read and from which COMMAND can fetch. A mirror that is being updated can hold an index
# that is not the one that was signed, or lack what its index names, for days. With kind=deb-src it is of sources.
fetch_from_first() {
	local dir=$1 arch=$2 suite order kind=${kind:-deb}
	# shellcheck disable=SC2086 # a list of words
	order=$(complete_first "$arch-$kind" ${3//,/ })
	shift 3
	for suite in $order; do
		open_index "$suite" "$arch" "$kind" || continue
		rm -rf "$dir"
		use_index "$dir"
		downloading "$dir/archives" "$dir.log" "$@" && return
		touch "$index/incomplete"
		say "*** $suite ($arch): this mirror lacks packages that its index names"
		keep_apt_log "packages of $suite ($arch)" "$dir.log"
	done
	die "$not_whole"
}

not_whole="the Debian mirror cannot be reached or is not whole: check the network, try again later, or name another: DEBIAN_MIRROR=URL make ..."

# list_packages SUITES ARCH PATTERN: "package version suite" of those whose name matches. A suite that is being
# updated on the mirror does not verify for a while: the others still count.
list_packages() {
	local arch=$2 suite
	for suite in ${1//,/ }; do
		(
			open_index "$suite" "$arch" || exit
			echo .
			grep -hE '^(Package|Version): ' "$index"/state/lists/*_Packages | PATTERN=$3 awk -v s="$suite" \
				'$1 == "Package:" { n = $2 } $1 == "Version:" && n ~ ENVIRON["PATTERN"] { print n, $2, s }'
		) &
	done | sort -u | {
		# The point of those that could be read.
		read -r _ || die "no Debian mirror can be reached: check the network, or use DEBIAN_MIRROR=URL make ..."
		cat
	}
}

# list_sources PACKAGE SUITES DIR: "version suite" of each that a suite names, the newest first.
list_sources() {
	local package=$1 dir=$3 suite
	for suite in ${2//,/ }; do
		open_index "$suite" "$(dpkg --print-architecture)" deb-src || continue
		use_index "$dir"
		apt-cache showsrc --only-source "$package" 2>/dev/null | awk -v s="$suite" '$1 == "Version:" { print $2, s }'
	done | sort -rV
}
