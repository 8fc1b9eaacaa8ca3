#!/usr/bin/env bash
# The system calls that a capture process says it made, by its wait and by its mechanism, are those that strace
# counts.
# timeout: 180
. "$(dirname "$0")/lib.sh"
need_root
need_cmd strace
strace -f -c -U calls,name -o "$T/strace" true 2>/dev/null || skip "strace can't trace here"

make_link
expect 0 "$CAPBENCH_FAST" list --json
cp "$T/out" "$T/list.json"

can_run() # AXIS NAME
{
	jq -e ".$1[] | select(.name == \"$2\" and .can_run)" "$T/list.json" >/dev/null
}

# count NAME...: how often the process made these calls
count()
{
	awk -v names=" $* " 'index(names, " " $2 " ") { n += $1 } END { print n + 0 }' "$T/strace"
}

# The sanitizers' own calls would be in it: hence the program without.
capture() # MECHANISM WAIT
{
	background cap ip netns exec far strace -f -c -U calls,name -o "$T/strace" \
		"$CAPBENCH_FAST" capture vrx --json --duration 800ms --mechanism "$1" --wait "$2"
	until_true 10 tap_up || fail "no tap within 10 s: $(cat "$T/cap.err")"
	expect 0 "$CAPBENCH_FAST" generate vtx --rate 10k --count 1000
	finish cap 20
	assert_eq "$status" 0 "exit status of capture $*: $(cat "$T/cap.err")"
	jq . "$T/cap.out" >"$T/view.json" || fail "capture $*: not one JSON document"
	assert_json "$T/view.json" '.received > 0' "$*"
}

polls=(poll ppoll epoll_wait epoll_pwait epoll_pwait2)
frame_calls=("${polls[@]}" clock_nanosleep sched_yield recvfrom recvmmsg io_uring_enter getsockopt)

# By kind, and all on the frame path: more than that is made only before the first frame and after the last, where
# options are read and the queue is emptied. $around is how many.
check() # MECHANISM WAIT
{
	capture "$1" "$2"
	assert_eq "$(json "$T/view.json" .wait_polls)" "$(count "${polls[@]}")" "$*: polls"
	assert_eq "$(json "$T/view.json" .wait_sleeps)" "$(count clock_nanosleep)" "$*: sleeps"
	assert_eq "$(json "$T/view.json" .wait_yields)" "$(count sched_yield)" "$*: yields"
	assert_json "$T/view.json" '.wait_syscalls >= .wait_polls + .wait_sleeps + .wait_yields' "$*"
	around=$(($(count "${frame_calls[@]}") - $(json "$T/view.json" .syscalls)))
	case $2 in
	spin) assert_json "$T/view.json" '.wait_syscalls == 0' "$*" ;;
	poll) assert_json "$T/view.json" '.wait_polls > 0 and .wait_syscalls == .wait_polls' "$*" ;;
	*sleep*) assert_json "$T/view.json" '.wait_sleeps > 0 and .wait_syscalls == .wait_sleeps' "$*" ;;
	yield*) assert_json "$T/view.json" '.wait_yields > 0 and .wait_polls > 0' "$*" ;;
	*) assert_json "$T/view.json" '.wait_syscalls > 0' "$*" ;;
	esac
}

for mechanism in tpacket2 recv io-uring; do
	can_run mechanisms $mechanism || continue
	usual=
	for wait in spin poll sleep:200us adaptive-sleep yield:2 batch:32,1ms batch:32,1ms,200us; do
		can_run waits "${wait%%:*}" || continue
		check $mechanism "$wait"
		: "${usual:=$around}"
		assert_eq "$around" "$usual" "$mechanism $wait: system calls beside the frame path"
	done
	if [ "$usual" -lt 0 ] || [ "$usual" -gt 8 ]; then
		fail "$mechanism: $usual system calls beside the frame path"
	fi
done
