#!/usr/bin/env bash
# The kernel's packet generator itself: every frame that it says it sent is captured and accounted for,
# at the rate asked for; what it refuses, and what ends it early, is said.
# timeout: 240
. "$(dirname "$0")/lib.sh"
need_modules pktgen veth dummy

proc=/proc/net/pktgen
make_link

stage() { echo "$SECONDS s: $*"; }

generate()
{
	"$CAPBENCH" generate vtx --transmitter "$@"
}

clean() # WHAT: none of pktgen's devices is left
{
	local thread
	for thread in "$proc"/kpktgend_*; do
		assert_grep '^Stopped: *$' "$thread" "$1: devices are left"
	done
	[ ! -e "$proc/vtx@0" ] || fail "$1: a device's file is left"
}

# holds CONDITION MESSAGE: of $g, the generator's record in $T/out, and $v, the view in $T/view.json. One
# jq for all: a process takes its time in the guest.
holds()
{
	jq -en --slurpfile gs "$T/out" --slurpfile vs "${view:-$T/out}" "\$gs[0] as \$g | \$vs[0] as \$v | $1" >/dev/null ||
		fail "$2: $1 does not hold: $(jq -c . "$T/out" "${view:-$T/out}")"
}

# sent INTERFACE: frames, by its counter.
sent()
{
	awk -v name="$1:" '$1 == name { print $11 }' /proc/self/net/dev
}

# ---- books ---------------------------------------------------------------------------------------

is_ready() { grep -q '"ready": true' "$T/cap.out"; }

capture_starts() # ARGS...
{
	rm -f "$T/cap.out"
	background cap ip netns exec far "$CAPBENCH" capture vrx --control --load count --buffer 8MiB "$@"
	until_true 20 is_ready || fail "the capture is not ready: $(cat "$T"/cap.*)"
}

capture_ends()
{
	stop cap TERM
	tail -n 1 "$T/cap.out" >"$T/view.json"
}

# books WHAT MECHANISM WINDOW_FROM CONDITION GENERATE_ARGS...: all of it is captured and accounted for, each time.
# Of all a thousand a second. An emulated machine may be late for some, which are booked as such, or at the end: then it
# has another chance to be in time.
books()
{
	local what=$1 mechanism=$2 from=$3 condition=$4 view=$T/view.json try
	shift 4
	for try in 1 2 3 4 5; do
		capture_starts --mechanism "$mechanism" --stamps pktgen --window-from "$from"
		expect 0 generate "$@" --json
		capture_ends
		balanced "$what"
		clean "$what"
		jq -e '.unoffered > 0 or .elapsed_ns >= 1.04e6 * .offered' "$T/out" >/dev/null || break
	done
	holds "$condition" "$what"
}

balanced()
{
	holds "\$v.foreign + \$v.damaged == 0 and \$v.unique + \$v.tap_dropped + \$v.unread == \$g.offered and
		\$v.tap_dropped + \$v.unread == 0 and \$v.window_unique == \$g.window_offered and
		\$v.duplicate == 0 and \$v.reordered == 0 and \$v.sequence_gaps == 0 and
		(\$g.series | add) == \$g.offered and (\$g.intended == null or \$g.offered + \$g.unoffered == \$g.intended)" "$1"
}

# shellcheck disable=SC2016  # jq's variables
{
	plain='$g.offered == 500 and $g.unoffered == 0 and $g.refused == 0 and $g.window_offered == 500 and
		$g.elapsed_ns > 480e6 and $g.elapsed_ns < 520e6'
	# (In the commit tier one of those that are alike: a process takes its time in the guest.)
	! more || books "tpacket2" tpacket2 0 "$plain" pktgen --rate 1k --count 500
	books "tpacket3" tpacket3 0 "$plain" pktgen --rate 1k --count 500
	# Two streams, by their ports. 150 frames of warm-up, 75 of each.
	books "two threads" tpacket3 75 '$g.offered == 650 and $g.window_offered == 500 and $g.flows == 8' \
		pktgen:threads=2 --rate 1k --warmup 150ms --duration 500ms --flows 8
	# What was sent of each size is known; 20 is a chi-square that 2 degrees of freedom hardly have.
	! more || books "imix" tpacket3 0 '$g.sizes_chi_square >= 0 and $g.sizes_chi_square < 20 and
		($v.bytes / 400 | . > 250 and . < 460)' pktgen --rate 1k --count 400 --sizes imix
	! more || books "uniform" tpacket3 0 '$v.bytes == 200 * 96 + 2 * 4950' pktgen --rate 1k --count 200 --sizes uniform:from=100,to=199
	! more || books "queue-xmit" tpacket3 0 '$g.offered == 100' pktgen:mode=queue-xmit --rate 1k --count 100

	# A capture that does not expect pktgen's frames takes them for foreign, and says so.
	capture_starts
	expect 0 generate pktgen --rate 1k --count 50 --json
	capture_ends
	view=$T/view.json holds '$v.foreign == 50 and $v.unique == 0' "unexpected stamps"
}
stage "books"

# ---- rates ---------------------------------------------------------------------------------------

# The record's own rate, and the interface's counter over the time that the record tells.
for rate in 1000 10000; do
	more || [ $rate -eq 10000 ] || continue
	for try in 1 2 3; do
		before=$(sent vtx)
		expect 0 generate pktgen --rate $rate --duration 1s --json
		assert_json "$T/out" ".intended == $rate and .offered + .unoffered == .intended and
			.offered == $(($(sent vtx) - before))" "books at $rate pps"
		! jq -e "[.offered_pps, .offered / .elapsed_ns * 1e9 | (. - $rate) / $rate | fabs] | max < 0.01" \
			"$T/out" >/dev/null || break
		[ $try -lt 3 ] || fail "not within 1 % of $rate pps: $(jq -c '[.offered, .elapsed_ns, .offered_pps]' "$T/out")"
	done
done
expect 0 generate pktgen --rate max --duration 500ms --json
assert_json "$T/out" '.offered > 1000 and .intended == null and .elapsed_ns >= 500e6 and .elapsed_ns < 800e6' "max"
stage "rates"

# ---- copies --------------------------------------------------------------------------------------

# A veth's frames can't be copies; a dummy's can, and then the rate holds all the same.
for option in burst=8 clone=10; do
	expect 4 generate pktgen:$option --rate 1k --count 10
	assert_grep "vtx can't send a frame more than once" "$T/err" "$option on a veth"
	clean "$option on a veth"
done
ip link add dum type dummy
ip link set dum arp off up
for options in burst=8 clone=10 clone=4,burst=4; do
	more || [ $options = burst=8 ] || continue
	for try in 1 2 3 4 5; do
		before=$(sent dum)
		expect 0 "$CAPBENCH" generate dum --transmitter "pktgen:$options" --rate 8k --count 8000 --json
		assert_json "$T/out" ".offered == $(($(sent dum) - before)) and .offered + .unoffered >= 8000 and
			(.transmitter_note | startswith(\"delay \"))" "$options: books, and what the interface counted"
		assert_grep 'not known' "$T/err" "$options: the warning"
		! jq -e '(.offered_pps - 8000 | fabs) < 80 and .offered >= 8000 and .offered < 8040' "$T/out" >/dev/null || break
		[ $try -lt 5 ] || fail "$options: rate and count: $(jq -c '[.offered, .elapsed_ns, .offered_pps]' "$T/out")"
	done
done
stage "copies"

# ---- the end -------------------------------------------------------------------------------------

sends() { [ "$(sent vtx)" -gt "$1" ]; }

for signal in INT TERM; do
	more || [ $signal = INT ] || continue
	before=$(sent vtx)
	background gen "$CAPBENCH" generate vtx --transmitter pktgen --rate 1k --json
	until_true 10 sends $((before + 100)) || fail "pktgen does not send: $(cat "$T/gen.err")"
	start=$EPOCHREALTIME
	stop gen $signal
	assert_eq "$status" 0 "exit status after $signal"
	assert_within "$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')" 0.75 99 "$signal: seconds to the end"
	assert_json "$T/gen.out" ".offered == $(($(sent vtx) - before)) and .intended >= .offered" "$signal: books"
	clean "$signal"
done

# Killed, it takes pktgen with it: the one who waits for "start" dies, and pktgen ends with him.
background gen "$CAPBENCH" generate vtx --transmitter pktgen --rate 1k
before=$(sent vtx)
until_true 10 sends $((before + 100)) || fail "pktgen does not send"
stop gen KILL
is_still() { local n; n=$(sent vtx); sleep 0.2; [ "$(sent vtx)" = "$n" ]; }
until_true 5 is_still || fail "pktgen goes on after SIGKILL"
expect 0 generate pktgen --rate 1k --count 10 --json
assert_grep 'taken away' "$T/err" "what was left is cleared"

# A link that goes down ends pktgen with "OK".
background gen "$CAPBENCH" generate vtx --transmitter pktgen --rate 1k --count 100000
before=$(sent vtx)
until_true 10 sends $((before + 100)) || fail "pktgen does not send"
far ip link set vrx down
finish gen 10
assert_eq "$status" 5 "exit status when the link goes down"
assert_grep 'pktgen stopped after [0-9]+ frames.*carrier' "$T/gen.err" "link down"
far ip link set vrx up
until_true 5 carrier || fail "the link does not come up"
stage "the end"

# ---- what cannot be ------------------------------------------------------------------------------

expect 2 "$CAPBENCH" generate nope --transmitter pktgen --rate 1k --count 10
expect 2 generate pktgen:queue=5 --rate 1k --count 10
assert_grep 'no transmit queue 5' "$T/err" "a queue that is not there"
expect 2 generate pktgen:threads=64 --rate 1k --count 100
assert_grep 'each core' "$T/err" "more threads than cores"
expect 2 generate pktgen:burst=2,mode=queue-xmit --rate 1k --count 10
expect 2 generate pktgen --rate 1k --count 10 --arrival poisson
expect 2 generate pktgen --rate 1k --count 10 --sizes genome:ag
expect 2 generate pktgen --rate 1k --count 10 --payload random
clean "after errors"
background other bash -c "echo 'add_device vtx@other' >$proc/kpktgend_1 && echo 'count 0' >$proc/vtx@other &&
	echo 'delay 1000000' >$proc/vtx@other && echo start >$proc/pgctrl"
runs() { grep -q 'Running: .*vtx@other' "$proc/kpktgend_1"; }
until_true 10 runs || fail "the other one does not run"
expect 5 generate pktgen --rate 1k --count 10
assert_grep 'sending already' "$T/err" "somebody else's pktgen is left alone"
runs || fail "somebody else's pktgen was ended"
echo stop >"$proc/pgctrl"
finish other 10
stage "what cannot be"

# ---- in a run ------------------------------------------------------------------------------------

ip link del vtx
ip link del dum
cat >run.yaml <<'YAML'
name: pktgen
title: Books of pktgen's frames
trial:
  duration: 400ms
  warmup: 100ms
  traffic: {frame_size: 64, rate: 2k}
  generator: {transmitter: pktgen}
  capture: {mechanism: tpacket3, wait: poll, load: count}
vary:
  generator.transmitter: ["pktgen", "pktgen:threads=2"]
repetitions: 1
figures:
  - {id: share, x: generator.transmitter, y: captured_share}
YAML
for try in 1 2 3 4 5; do
	measure "$CAPBENCH" run run.yaml --no-report --out "$T/run$try"
	jq -s . "$T/run$try/trials.jsonl" >"$T/trials"
	assert_json "$T/trials" '(map(.trial) | unique == [range(2)]) and
		([.[].views[] | .unaccounted == 0 and .captured_share == 1] | all) and
		([.[].generator | .window_offered < .offered] | all)' "books of a run"
	! jq -e '[.[].generator.window_offered >= 790] | all' "$T/trials" >/dev/null || break
	[ $try -lt 5 ] || fail "late each time: $(jq -c '[.[].generator.window_offered]' "$T/trials")"
done
stage "in a run"
