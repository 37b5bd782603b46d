# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Where downloads, roots and kernels are kept. Sourced by those who keep something there: they
# read $cache, and call use_cache before they write. The caller has die().

cache_default=
if [[ ${XDG_CACHE_HOME:-} == /* ]]; then
	cache_default=$XDG_CACHE_HOME/compatcaps-trace
elif [[ -n ${HOME:-} ]]; then
	cache_default=$HOME/.cache/compatcaps-trace
fi
cache=${COMPATCAPS_CACHE:-$cache_default}
[[ -z $cache || $cache == /* ]] || cache=$PWD/$cache

# All that is ever made in the cache, and so all that may be removed from it.
cache_folders=(index roots kernels kernel-src guests qemu lint ccache)
cache_tag=CACHEDIR.TAG
cache_owner="# This cache is compatcaps-trace's: make distclean removes it."

# Backup programs know the first line (bford.info/cachedir), we know the second one.
is_our_cache() { [[ -f $cache/$cache_tag && ! -L $cache/$cache_tag ]] && grep -qxF "$cache_owner" "$cache/$cache_tag"; }

tag_cache() {
	local new
	new=$(mktemp "$cache/.$cache_tag.XXXXXX") || die_unwritable
	printf '%s\n' 'Signature: 8a477f597d28d172789f06886806bc55' "$cache_owner" >"$new"
	chmod 644 "$new"
	mv "$new" "$cache/$cache_tag"
}

# Names in the cache that are none of ours.
strangers() {
	local entry name
	for entry in "$cache"/* "$cache"/.[!.]* "$cache"/..?*; do
		name=${entry##*/}
		[[ -e $entry || -L $entry ]] || continue
		[[ " ${cache_folders[*]} $cache_tag lost+found " == *" $name "* || $name == .list.* || $name == ".$cache_tag".* ]] || echo "$name"
	done
}

is_empty() { [[ -z $(find "$cache" -mindepth 1 -maxdepth 1 -not -name ".$cache_tag.*" -not -name lost+found -print -quit) ]]; }

# Of a time when caches had no tag: at our own place, the user's own, and nothing else is in it.
was_ours() { [[ $cache == "$cache_default" && -O $cache && -z $(strangers) ]]; }

die_unwritable() { die "cannot write below $cache: set COMPATCAPS_CACHE to a directory that you own"; }

# The sentence for whoever has no home, and so no place that is not everybody's.
need_cache() {
	[[ -n $cache ]] || die "HOME is not set, so there is no place for downloads: use COMPATCAPS_CACHE=DIR make ..."
	[[ $cache != *[\"\\]* && $cache != *$'\n'* ]] ||
		die "the path of the cache contains a quote, a backslash or a line break, which apt does not support: use another COMPATCAPS_CACHE=DIR ($cache)"
}

use_cache() {
	need_cache
	mkdir -p "$cache" 2>/dev/null || die_unwritable
	[[ -w $cache ]] || die_unwritable
	is_our_cache || {
		# Looked at once more where it is not empty: another of us may have come first.
		is_empty || was_ours || is_our_cache ||
			die "$cache is not empty, and compatcaps-trace did not make it: set COMPATCAPS_CACHE to a new or an empty directory"
		is_our_cache || tag_cache
	}
}

# For who only looks whether something is to be made (COMPATCAPS_LOOK, tools/prepare): it is, and is not made now.
no_more_than_look() { [[ -z ${COMPATCAPS_LOOK:-} ]] || exit 1; }

clean_cache() {
	local folder left
	need_cache
	[[ -e $cache || -L $cache ]] || return 0
	is_our_cache || die "nothing is removed: $cache has no $cache_tag of compatcaps-trace; if it is such a cache, remove it yourself"
	for folder in "${cache_folders[@]}"; do
		rm -rf --one-file-system "${cache:?}/$folder"
	done
	rm -rf --one-file-system "$cache"/.list.* "$cache/.$cache_tag".*
	left=$(strangers)
	rm -f "$cache/$cache_tag"
	if [[ -n $left ]]; then
		say "$cache is kept: it contains files that compatcaps-trace did not make: ${left//$'\n'/, }"
	else
		rmdir "$cache" 2>/dev/null || true
	fi
}
