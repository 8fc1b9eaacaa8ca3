# Shared by the scripts in this folder; sourced, not run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck disable=SC2034  # for the scripts that source this
cores=$(nproc)

say()
{
	echo "${0##*/}: $*" >&2
}

# usage: the comment at the top of the script.
usage()
{
	sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
}

# list_sources PATTERN...: files of the tree as git sees them (known or new, not ignored), or, where
# this is no checkout, all outside the build folders.
list_sources()
{
	if git -C "$root" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git -C "$root" ls-files -co --exclude-standard -- "$@" | sort -u |
			while read -r f; do [ ! -f "$root/$f" ] || echo "$f"; done
	else
		(cd "$root" && for p in "$@"; do
			find . -path './build*' -prune -o -type f -path "./$p" -print | sed 's|^\./||'
		done | sort -u)
	fi
}

# build DIR [CMAKE OPTION...]: configure DIR (below the project's root) when its options are new, and
# build it. Silent when it works; the end of the log when it doesn't. Two at once take turns.
build()
{
	local name=$1 dir=$root/$1
	shift
	local options="$*" log=$dir/build.log
	mkdir -p "$dir"
	(
		flock 9
		if [ ! -f "$dir/build.ninja" ] || [ "$options" != "$(cat "$dir/.options" 2>/dev/null)" ]; then
			say "configuring $name/"
			rm -f "$dir/CMakeCache.txt" "$dir/.options"
			if ! cmake -S "$root" -B "$dir" -G Ninja "$@" >"$log" 2>&1; then
				tail -n 30 "$log" >&2
				say "configuring $name/ failed; all of it: $log"
				return 1
			fi
			echo "$options" >"$dir/.options"
			say "building $name/ for the first time takes a minute or two"
		fi
		if ! ninja -k 20 -C "$dir" >"$log" 2>&1; then
			grep -v '^\[[0-9]*/[0-9]*\]' "$log" | head -n 60 >&2
			say "building $name/ failed; all of it: $log"
			return 1
		fi
	) 9>"$dir/.lock"
}

# The program as it is measured.
# shellcheck disable=SC2034  # for the scripts that source this
release=build-release
build_release()
{
	build $release -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCAPBENCH_WERROR=ON -DCAPBENCH_TESTS=OFF
}

# ---- tests ---------------------------------------------------------------------------------------

passed=0 failed=0 skipped=0

# verdict ok|FAIL|skip NAME [NOTE]: one line, counted.
verdict()
{
	case $1 in
	ok) passed=$((passed + 1)) ;;
	FAIL) failed=$((failed + 1)) ;;
	skip) skipped=$((skipped + 1)) ;;
	esac
	printf '%-4s  %-36s %s\n' "$1" "$2" "${3:-}"
}

# show_log FILE [LINES]: its end, and before it what is wrong, as some who print this keep the beginning only.
show_log()
{
	sed -n 's/^FAIL: /      = FAIL: /p' "$1" | cut -c -400
	sed 's/^/      | /' "$1" | tail -n "${2:-80}"
}

seconds_since()
{
	awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", b - a }'
}

# limit_of FILE: seconds that a test may take, by its line "# timeout: SECONDS".
limit_of()
{
	local limit
	limit=$(sed -n 's/^# timeout: \([0-9]*\)$/\1/p' "$1")
	echo "${limit:-120}"
}

# tally: the last line of a test run, and its status.
tally()
{
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed -eq 0 ] && [ $passed -gt 0 ]
}
