# Tests with real packets, each in namespaces of its own; for scripts/test.
# shellcheck shell=bash
# shellcheck disable=SC2154  # variables of scripts/test

# alone FILE: the test must have the machine to itself; with "# alone: all" in the tier all only.
alone()
{
	grep -qx '# alone' "$1" || { [ "$tier" = all ] && grep -qx '# alone: all' "$1"; }
}

# start_system FILE: in namespaces of its own (tests/system/lib.sh), in the background.
declare -A system_job system_start system_stolen
start_system()
{
	local name reports
	name=$(basename "$1" .sh) reports=$logs/sanitizer/$name
	rm -rf "$reports"
	mkdir -p "$reports"
	chmod 1777 "$reports"
	system_start[$name]=$EPOCHREALTIME
	clock_stolen "system_stolen[$name]"
	CAPBENCH=$root/$asan/capbench CAPBENCH_FAST=$root/$release/capbench CAPBENCH_TIER=$tier \
		ASAN_OPTIONS=$ASAN_OPTIONS:log_path=$reports/report \
		UBSAN_OPTIONS=$UBSAN_OPTIONS:log_path=$reports/report \
		setsid timeout -s KILL "$(limit_of "$1")" bash "$1" \
		>"$logs/system-$name.log" 2>&1 </dev/null &
	system_job[$name]=$!
}

# end_system FILE [TRY PERCENT]: its verdict, or a place in $system_again. A sanitizer's report of any process that it
# started fails it. PERCENT: so much was stolen in the try before.
system_again=()
end_system()
{
	local name status=0 log took reports stolen try=${2:-1}
	name=$(basename "$1" .sh) log=$logs/system-$name.log
	wait "${system_job[$name]}" || status=$?
	took=$(seconds_since "${system_start[$name]}")
	stolen=$(stolen_percent "${system_stolen[$name]}")
	unset "system_job[$name]"
	mapfile -t reports < <(find "$logs/sanitizer/$name" -type f)
	if [ ${#reports[@]} -gt 0 ]; then
		cat "${reports[@]}" >>"$log"
		status=1
	fi
	if [ $status -ne 0 ] && [ $status -ne 77 ] && [ "$try" -lt "$tries_max" ] &&
		may_try_again "$stolen" "$log"; then
		printf 'again %s\n' "system/$name, after $took: the host took $stolen % away"
		show_log "$log"
		system_again+=("$((try + 1)) $stolen $1")
		return
	fi
	case $status in
	0)
		if [ "$try" -gt 1 ]; then
			verdict_again "system/$name" "$took" "$try" "$3"
		else
			verdict ok "system/$name" "$took"
		fi
		;;
	77) verdict skip "system/$name" "$(sed -n 's/^skip: //p' "$log" | tail -n 1)" ;;
	137) verdict FAIL "system/$name" "not done after $(limit_of "$1") s" ;;
	*) verdict FAIL "system/$name" "$took$([ "$stolen" -eq 0 ] || echo ", the host took $stolen % away")" ;;
	esac
	[ $status -eq 0 ] || [ $status -eq 77 ] || show_log "$log"
}

# Killing what starts the namespaces ends all that is in them.
end_all_systems()
{
	local job
	for job in "${system_job[@]}"; do
		kill -KILL -- "-$job" 2>/dev/null || true
	done
	[ -z "$vm_job" ] || kill "$vm_job" 2>/dev/null || true # which cleans up
}

# system_tests [NAME...]: those that are to be alone by themselves, the others two more at a time than
# there are cores, as they wait a good part of their time; the long ones first.
system_tests()
{
	local file found=0 running=() files try stolen
	trap 'end_all_systems; exit 130' INT TERM
	mapfile -t files < <(for file in "$root"/tests/system/*.sh; do
		case $(basename "$file" .sh) in
		lib*) ;;
		*) echo "$(alone "$file" && echo 0 || echo 1) $(limit_of "$file") $file" ;;
		esac
	done | sort -k1,1n -k2,2nr | cut -d ' ' -f 3-)
	for file in "${files[@]}"; do
		if [ $# -gt 0 ] && [[ " $* " != *" $(basename "$file" .sh) "* ]]; then
			continue
		fi
		found=$((found + 1))
		if [ "$mode" = commit ] && ! alone "$file"; then
			start_vm
		fi
		start_system "$file"
		running+=("$file")
		while [ ${#running[@]} -gt $((cores + 1)) ] || { [ ${#running[@]} -gt 0 ] && alone "$file"; }; do
			wait_for_one_of "${running[@]}"
			mapfile -t running < <(printf '%s\n' "${running[@]}" | grep -vxF "$ended")
		done
	done
	for file in "${running[@]}"; do
		end_system "$file"
	done
	[ ${#system_again[@]} -eq 0 ] || [ -z "$vm_job" ] || wait "$vm_job" || true
	while [ ${#system_again[@]} -gt 0 ]; do
		read -r try stolen file <<<"${system_again[0]}"
		system_again=("${system_again[@]:1}")
		start_system "$file"
		end_system "$file" "$try" "$stolen"
	done
	[ $found -ge $(($# > 1 ? $# : 1)) ] || verdict FAIL system "no such test among: $*"
}

# wait_for_one_of FILE...: until one has ended; it is in $ended, and has its verdict.
wait_for_one_of()
{
	local file
	while :; do
		for file in "$@"; do
			if ! kill -0 "${system_job[$(basename "$file" .sh)]}" 2>/dev/null; then
				ended=$file
				end_system "$file"
				return
			fi
		done
		sleep 0.1
	done
}
