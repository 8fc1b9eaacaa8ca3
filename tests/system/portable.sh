#!/usr/bin/env bash
# The tree without the members that need Linux: it builds, and captures through libpcap, with books
# that close at libpcap's own counters. For the long tier: it builds the program anew.
# timeout: 900
. "$(dirname "$0")/lib.sh"
[ "$CAPBENCH_TIER" = all ] || skip "for the long tier"
need_root
need_cores 2
need_cmd cmake ninja

build=$T/build
cmake -S "$ROOT" -B "$build" -G Ninja -DCAPBENCH_LINUX_MEMBERS=OFF >"$T/cmake" 2>&1 ||
	fail "cmake: $(tail -n 20 "$T/cmake")"
ninja -C "$build" capbench >"$T/ninja" 2>&1 || fail "ninja: $(tail -n 40 "$T/ninja")"
! grep -q 'warning:' "$T/ninja" || fail "warnings: $(grep -A 5 'warning:' "$T/ninja")"
CAPBENCH=$build/capbench

expect 0 "$CAPBENCH" list mechanisms --json
assert_json "$T/out" '[.mechanisms[].name] | sort == ["null", "pcap"]' "what is left"

make_link

# books WHAT OPTION...: of 20000 frames at a rate that is too high for a load of 20 us.
books()
{
	local what=$1
	shift
	background cap ip netns exec far "$CAPBENCH" capture vrx --json "$@"
	until_true 10 tap_up || fail "$what: no tap: $(cat "$T/cap.err")"
	expect 0 "$CAPBENCH" generate vtx --rate 150k --count 20000 --cpu 0 --json
	local offered
	offered=$(json "$T/out" '.offered - .refused')
	stop cap
	assert_eq "$status" 0 "$what: exit status: $(cat "$T/cap.err")"
	cp "$T/cap.out" "$T/view.json"
	assert_json "$T/view.json" ".received + .tap_dropped + .unread == $offered" \
		"$what: books of $offered frames"
	assert_json "$T/view.json" '.received == .unique and .mechanism[:4] == "pcap"' "$what"
}

books "in time"
assert_json "$T/view.json" '.tap_dropped == 0 and .unread == 0' "in time"
books "too late" --load work:20us --buffer 512KiB --cpu 1
assert_json "$T/view.json" '.tap_dropped > 1000' "too late: there is loss"
books "immediate" --mechanism pcap:immediate=on --snaplen 96 --load work:20us --buffer 512KiB --cpu 1
books "cut short" --load work:20us --drain 10ms --cpu 1
assert_json "$T/view.json" '.unread > 1000' "cut short: the rest is unread"
books "spinning" --wait spin --cpu 1
