#!/usr/bin/env bash
# bpf-ring, bpf-buffer and the wait batch: how often the process is woken, several processes on one XDP tap through
# an agent, two cores that fill one tap, what stands beside an XDP tap, and that nothing of it outlives its owner.
# timeout: 240
. "$(dirname "$0")/lib.sh"
need_root
need_cores 2
need_cmd bpftool tcpdump

make_link
expect 0 far "$CAPBENCH" list --json
for name in bpf-ring bpf-buffer; do
	jq -e ".mechanisms[] | select(.name == \"$name\" and .can_run)" "$T/out" >/dev/null ||
		skip "$(jq -r ".mechanisms[] | select(.name == \"$name\") | .why // \"no $name\"" "$T/out")"
done

start_capture() # OPTION...: in the background, ready
{
	rm -f "$T/cap.out"
	background cap ip netns exec far "$CAPBENCH" capture vrx --control "$@"
	until_true 10 ready_or_ended || fail "not ready within 10 s: capture $*"
	grep -q '"ready": true' "$T/cap.out" || fail "capture $*: $(cat "$T/cap.out" "$T/cap.err")"
}

ready_or_ended() { grep -q '"ready": true' "$T/cap.out" || ! alive "${pid[cap]}"; }

stop_capture() # WHAT: its view is in $T/view.json
{
	stop cap TERM
	tail -n 1 "$T/cap.out" >"$T/view.json"
	assert_eq "$status" 0 "$1: exit status: $(cat "$T/view.json" "$T/cap.err")"
}

# ---- what wakes the process ----------------------------------------------------------------------

# N frames a wake-up, as long as m is far away; m frames of time, as long as N is.
for mechanism in tpacket2 recv bpf-ring bpf-buffer bpf-ring:xdp-pass bpf-buffer:xdp-take,access=copy; do
	start_capture --mechanism "$mechanism" --wait batch:100,10s
	expect 0 "$CAPBENCH_FAST" generate vtx --rate 20k --count 4000 --json
	offered=$(json "$T/out" '.offered - .refused')
	sleep 0.1
	stop_capture "$mechanism, N"
	assert_json "$T/view.json" ".received == $offered and .unique == $offered" "$mechanism, N"
	# Each wait ends within 50 ms anyhow; and a process that comes late takes more than N at once.
	assert_json "$T/view.json" ".wakeups <= $offered / 100 + .elapsed_ns / 5e7 + 1 and .wakeups >= $offered / 300" \
		"$mechanism: a wake-up for each 100 frames"

	start_capture --mechanism "$mechanism" --wait batch:1000000,50ms
	expect 0 "$CAPBENCH_FAST" generate vtx --rate 10k --duration 500ms --json
	offered=$(json "$T/out" '.offered - .refused')
	sleep 0.2
	stop_capture "$mechanism, m"
	assert_json "$T/view.json" ".received == $offered" "$mechanism, m"
	# Several, but for a machine that stood still meanwhile: then few frames were offered, all at once.
	assert_json "$T/view.json" ".wakeups >= (if $offered > 4000 then 3 else 1 end) and .wakeups <= .elapsed_ns / 5e7" \
		"$mechanism: a wake-up every 50 ms"
done

# ---- two cores fill one tap ----------------------------------------------------------------------

# A veth's frames are received on the core that sent them. Not a frame may be lost or counted twice.
for mechanism in bpf-ring bpf-buffer bpf-buffer:immediate=yes bpf-ring:xdp-pass,generic; do
	start_capture --mechanism "$mechanism" --wait batch:200,2ms --load count --buffer 256KiB
	background gen0 "$CAPBENCH_FAST" generate vtx --rate max --count 60000 --cpu 0 --stream 1 --json
	background gen1 "$CAPBENCH_FAST" generate vtx --rate max --count 60000 --cpu 1 --stream 2 --json
	finish gen0 30
	finish gen1 30
	through=$(($(json "$T/gen0.out" .offered) - $(json "$T/gen0.out" .refused) +
		$(json "$T/gen1.out" .offered) - $(json "$T/gen1.out" .refused)))
	stop_capture "$mechanism, two cores"
	assert_json "$T/view.json" ".received + .tap_dropped + .unread == $through" "$mechanism, two cores: books"
	assert_json "$T/view.json" '.received == .unique and .damaged == 0' "$mechanism, two cores"
done

# ---- what stands beside an XDP tap ---------------------------------------------------------------

# tcpdump sees what xdp-pass lets go up, and of xdp-take what its filter leaves alone.
for tap in xdp-pass xdp-take; do
	for mechanism in bpf-ring bpf-buffer; do
		start_capture --mechanism "$mechanism:$tap" --filter "udp and greater 100"
		background witness ip netns exec far tcpdump -Z root --immediate-mode -U -i vrx -w "$T/$tap.pcap"
		until_true 10 tap_up 1 || fail "tcpdump does not start"
		expect 0 "$CAPBENCH_FAST" generate vtx --rate 1k --count 30 --frame-size 64 --stream 1 --json
		small=$(json "$T/out" '.offered - .refused')
		expect 0 "$CAPBENCH_FAST" generate vtx --rate 1k --count 50 --frame-size 200 --stream 2 --json
		large=$(json "$T/out" '.offered - .refused')
		sleep 0.3
		stop witness
		stop_capture "$mechanism:$tap with a filter"
		assert_json "$T/view.json" ".received == $large and .unique == $large and .tap_dropped == 0" \
			"$mechanism:$tap with a filter"
		seen=$(tcpdump -r "$T/$tap.pcap" 2>/dev/null | wc -l)
		[ $tap = xdp-take ] || small=$((small + large))
		assert_eq "$seen" "$small" "frames that went up past $mechanism:$tap"
	done
done

start_capture --mechanism bpf-ring:xdp-pass
expect 4 far "$CAPBENCH" capture vrx --mechanism bpf-buffer:xdp-take --duration 1s
assert_grep 'has an XDP program already' "$T/err" "a second XDP program"
stop_capture "beside a second XDP program"

# ---- nothing outlives its owner ------------------------------------------------------------------

# ids PID: its programs, maps and links, as bpftool's words.
ids()
{
	cat "/proc/$1/fdinfo/"* 2>/dev/null | awk '/^(prog|map|link)_id:/ { sub("_id:", "", $1); print $1, $2 }' | sort -u
}

gone() # FILE: none of those in it exists
{
	local kind id
	while read -r kind id; do
		! bpftool "$kind" show id "$id" >/dev/null 2>&1 || return 1
	done <"$1"
}

for options in "tpacket2 batch" "bpf-ring batch" "bpf-ring:xdp-pass poll" "bpf-buffer:xdp-take,access=copy batch" \
	"bpf-buffer poll"; do
	start_capture --mechanism "${options% *}" --wait "${options#* }" --filter udp
	ids "${pid[cap]}" >"$T/ids"
	[ "$(wc -l <"$T/ids")" -ge 3 ] || fail "$options: no programs and maps are found: $(cat "$T/ids")"
	expect 0 "$CAPBENCH_FAST" generate vtx --rate 10k --count 1000
	stop cap KILL
	until_true 5 gone "$T/ids" || fail "$options: after SIGKILL there is still one of: $(cat "$T/ids")"
	far ip -d link show vrx >"$T/link"
	! grep -qE 'xdp|PROMISC|promiscuity [1-9]' "$T/link" || fail "$options: $(cat "$T/link")"
	assert_eq "$(far tc qdisc show dev vrx | grep -c clsact)" 0 "$options: qdiscs"
done

# ---- several processes on one XDP tap ------------------------------------------------------------

cat >"$T/shared.yaml" <<'YAML'
name: shared
title: Three processes on one XDP tap
trial:
  duration: 200ms
  warmup: 50ms
  traffic: {frame_size: 64, rate: 50k}
  generator: {transmitter: packet}
  capture: {mechanism: "bpf-ring:xdp-pass", wait: "batch:128,1ms", load: "work:2us", processes: 3, buffer: 256KiB}
vary:
  capture.mechanism: ["bpf-ring:xdp-pass", "bpf-ring:xdp-take", "bpf-buffer:xdp-take,access=copy", "bpf-buffer:xdp-pass"]
repetitions: 1
figures:
  - {id: share, x: capture.mechanism, y: captured_share}
YAML
links_before=1
status=0
"$CAPBENCH_FAST" run "$T/shared.yaml" --out "$T/shared" >"$T/run.out" 2>"$T/run.err" || status=$?
# On a busy machine the generator may fall behind: then the trials are marked, but their books hold.
[ "$status" -eq 0 ] || [ "$status" -eq 6 ] || fail "run: exit status $status: $(tail -n 5 "$T/run.err")"
jq -s . "$T/shared/trials.jsonl" >"$T/trials.json"
assert_json "$T/trials.json" 'map(.trial) | unique == [0, 1, 2, 3]' "every trial is there"
assert_json "$T/trials.json" '[.[].views | length == 3] | all' "three views each"
assert_json "$T/trials.json" '[.[].views[] | .unaccounted == 0 and .received > 0] | all' "books of each process"
assert_nothing_left "after the run"

background run "$CAPBENCH" run "$T/shared.yaml" --out "$T/killed" --set duration=20s \
	--only capture.mechanism=bpf-ring:xdp-pass
shared() { [ "$(others | grep -c -e --shared-tap=)" -ge 3 ]; }
until_true 20 shared || fail "no three processes with a shared tap: $(cat "$T/run.err")"
agent=$(others | awk '/--shared-tap=/ { print $1; exit }')
agent=$(awk '{ print $4 }' "/proc/$agent/stat")
ids "$agent" >"$T/ids"
grep -q '^link ' "$T/ids" || fail "the agent has no link: $(cat "$T/ids")"
kill -KILL "$agent"
until_true 10 gone "$T/ids" || fail "after SIGKILL of the agent there is still one of: $(cat "$T/ids")"
finish run 30
[ "$status" -ne 0 ] || fail "an agent that is gone goes unnoticed"
assert_nothing_left "after the agent was killed"
