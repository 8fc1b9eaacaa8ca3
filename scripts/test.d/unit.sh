# Unit tests, by ctest; for scripts/test.
# shellcheck shell=bash
# shellcheck disable=SC2154  # variables of scripts/test

# run_ctest BUILD OUT [OPTION...]: "ok|FAIL NAME SECONDS" a test in OUT.results, below it lines "| ..." of what it printed
# if it failed.
run_ctest()
{
	local build=$1 out=$2
	shift 2
	(cd "$root/$build" && ctest "$@" --timeout 60 --output-on-failure \
		--output-junit "$out.xml") >"$out.log" 2>&1 </dev/null || true
	awk '/^ *[0-9]+\/[0-9]+ +Test +#/ {
		name = $4; sub(/^unit_/, "unit/", name)
		state = /   Passed / ? "ok" : "FAIL"
		match($0, /[0-9.]+ sec/)
		print state, name, substr($0, RSTART, RLENGTH - 2)
		next
	}
	/^The following tests FAILED/ { exit }
	state == "FAIL" { print "|", $0 }' "$out.log" >"$out.results"
}

# unit_tests BUILD: ctest's lines become ours; what a failing test printed stands below its line. More at a time
# than there are cores, as those with real frames wait most of their time.
unit_tests()
{
	local out=$logs/unit last=$logs/unit try=1 stolen percent state name rest
	local -A later=() # the arguments of verdict_again, by name
	clock_stolen stolen
	run_ctest "$1" "$out" -j $((2 * cores))
	percent=$(stolen_percent "$stolen")
	while [ $((++try)) -le "$tries_max" ] && grep -q '^FAIL' "$last.results" && may_try_again "$percent" "$last.log"; do
		last=$logs/unit-try$try
		clock_stolen stolen
		run_ctest "$1" "$last" --rerun-failed
		while read -r state name rest; do
			[ "$state" != ok ] || later[$name]="$try $percent"
		done <"$last.results"
		percent=$(stolen_percent "$stolen")
	done
	while read -r state name rest; do
		case $state in
		'|') printf '      | %s\n' "$name $rest" ;;
		FAIL)
			if [ -n "${later[$name]:-}" ]; then
				# shellcheck disable=SC2086  # two arguments
				verdict_again "$name" "$rest" ${later[$name]}
			else
				verdict FAIL "$name" "$rest"
			fi
			;;
		*) verdict "$state" "$name" "$rest" ;;
		esac
	done <"$out.results"
	# Cases that a test skipped itself; cmocka names them once more in its summary.
	while read -r name; do
		verdict skip "unit case $name" "see its text"
	done < <(grep -oP '\[  SKIPPED \] \K[a-z]\w+' "$out.xml" | sort -u)
	grep -q '^ok\|^FAIL' "$out.results" || verdict FAIL unit "no unit test was found"
}
