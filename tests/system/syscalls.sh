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

# What waits may call at all, and what is on the frame path.
wait_calls=(poll epoll_wait epoll_pwait epoll_pwait2 clock_nanosleep sched_yield)
frame_calls=("${wait_calls[@]}" recvfrom recvmmsg io_uring_enter getsockopt)

# waits_by MECHANISM WAIT: the calls that this wait makes, and no others of those above.
waits_by()
{
	case $1,$2 in
	*,spin) ;;
	*,poll) echo poll ;;
	*,sleep:* | *,adaptive-sleep) echo clock_nanosleep ;;
	*,yield:*) echo poll sched_yield ;;
	# It waits for the socket until the first frames are measured, then in io_uring_enter itself.
	io-uring,batch:*) echo poll ;;
	*,batch:*) echo epoll_wait ;;
	esac
}

# The total is exact for all. What the wait made of it can be told where no call of that name is made by others:
# batch also asks for the socket's error, and io-uring receives by the call by which it waits.
check() # MECHANISM WAIT
{
	local what="$1, $2" calls by_wait all
	read -ra calls <<<"$(waits_by "$1" "$2")"
	capture "$1" "$2"
	read -r by_wait all <<<"$(json "$T/view.json" '"\(.wait_syscalls) \(.syscalls)"')"
	assert_eq "$(count "${wait_calls[@]}")" "$(count "${calls[@]}")" "$what: other ways of waiting"
	case $2 in
	batch:*) [ "$by_wait" -ge "$(count "${calls[@]}")" ] || fail "$what: $by_wait system calls of the wait" ;;
	*) assert_eq "$by_wait" "$(count "${calls[@]}")" "$what: system calls of the wait" ;;
	esac
	around=$(($(count "${frame_calls[@]}") - all))
}

for mechanism in tpacket2 recv io-uring; do
	can_run mechanisms $mechanism || continue
	usual=
	for wait in spin poll sleep:200us adaptive-sleep yield:2 batch:32,1ms; do
		can_run waits "${wait%%:*}" || continue
		check $mechanism "$wait"
		# Before the first frame and after the last: options are read, the queue is emptied.
		: "${usual:=$around}"
		assert_eq "$around" "$usual" "$mechanism, $wait: system calls beside the frame path"
	done
	if [ "$usual" -lt 0 ] || [ "$usual" -gt 8 ]; then
		fail "$mechanism: $usual system calls beside the frame path"
	fi
done
