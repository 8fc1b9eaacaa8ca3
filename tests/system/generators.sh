#!/usr/bin/env bash
# Several generators that add up to one stream: threads, each with a sequence space of its own, whose
# books balance to the integer; the transmitter that "auto" takes; frames at one a second.
# timeout: 180
. "$(dirname "$0")/lib.sh"
need_root
need_cores 2

make_link
# Two queues at each end, for AF_XDP: a queue belongs to one socket.
ip link del vtx
ip link add vtx numtxqueues 2 numrxqueues 2 type veth peer name vrx numtxqueues 2 numrxqueues 2 netns far
ip link set vtx arp off up
far ip link set vrx arp off up
until_true 5 carrier || fail "the link does not come up"
# For xdp: the peer has NAPI.
far ethtool -K vrx gro on
ethtool -K vtx tso off 2>/dev/null || true

sent() { ip -j -s link show vtx | jq '.[0].stats64.tx | .packets + .dropped'; }

# sums FILE THREADS MESSAGE: what the streams did is what the generator did.
sums()
{
	assert_json "$1" ".streams | length == $2" "$3: streams"
	assert_json "$1" '[.streams[].stream] == [range(.streams | length)]' "$3: stream numbers"
	for field in offered refused window_offered syscalls; do
		assert_json "$1" "([.streams[].$field] | add) == .$field" "$3: $field"
	done
	assert_json "$1" '.intended == null or ([.streams[].intended] | add) == .intended' "$3: intended"
	assert_json "$1" '.intended == null or ([.streams[].unoffered] | add) == .unoffered' "$3: unoffered"
	assert_json "$1" '.intended == null or .offered + .unoffered == .intended' "$3: the books"
	assert_json "$1" '.series | add == null or add > 0' "$3: series"
	assert_json "$1" '(.series | add) == .offered' "$3: the series' sum"
}

able=(null)
for name in packet packet:method=sendmmsg packet:method=ring xdp af-xdp; do
	if "$CAPBENCH_FAST" generate vtx --transmitter "$name" --count 1 --rate max >/dev/null 2>"$T/why"; then
		able+=("$name")
	else
		echo "without $name: $(tail -n 1 "$T/why")"
	fi
done

for name in "${able[@]}"; do
	for threads in 1 2; do
		before=$(sent)
		expect 0 "$CAPBENCH_FAST" generate vtx --transmitter "$name" --threads $threads --cpu 0,1 \
			--rate 20k --warmup 50ms --duration 300ms --catch-up 10s --json
		cp "$T/out" "$T/one.json"
		sums "$T/one.json" $threads "$name, $threads threads"
		assert_json "$T/one.json" '.intended == 7000 and .offered == 7000 and .window_offered == 6000' \
			"$name, $threads threads: every slot"
		[ "$name" = null ] || assert_eq $(($(sent) - before)) 7000 "$name, $threads threads: frames on the link"
	done
	before=$(sent)
	expect 0 "$CAPBENCH_FAST" generate vtx --transmitter "$name" --threads 2 --cpu 0,1 --rate max --count 20001 --json
	sums "$T/out" 2 "$name at max"
	assert_json "$T/out" '.offered == 20001 and [.streams[].offered] == [10001, 10000]' "$name at max: the count"
	[ "$name" = null ] || assert_eq $(($(sent) - before)) 20001 "$name at max: frames on the link"
done
# The sanitizers look at the threads, too.
expect 0 "$CAPBENCH" generate vtx --threads 3 --rate 5k --duration 200ms --json
sums "$T/out" 3 "sanitized"

# What a capturer that counts each number sees: all streams, each from 0 on without a gap.
is_ready() { grep -q '"ready": true' "$T/cap.out"; }
for name in "${able[@]}"; do
	[ "$name" != null ] || continue
	rm -f "$T/cap.out"
	background cap ip netns exec far "$CAPBENCH_FAST" capture vrx --control --drain 2s --mechanism tpacket3 \
		--load count --buffer 64MiB
	until_true 10 is_ready || fail "the capture is not ready: $(cat "$T"/cap.*)"
	expect 0 "$CAPBENCH_FAST" generate vtx --transmitter "$name" --threads 2 --cpu 0,1 --rate 10k \
		--duration 300ms --sizes fixed --json
	cp "$T/out" "$T/gen.json"
	sleep 0.2
	stop cap TERM
	tail -n 1 "$T/cap.out" >"$T/cap.json"
	offered=$(json "$T/gen.json" '.offered - .refused')
	assert_json "$T/cap.json" ".unique + .tap_dropped + .unread == $offered" "$name: every frame of both streams"
	assert_json "$T/cap.json" '.duplicate == 0 and .damaged == 0 and .foreign == 0' "$name: nothing else"
	[ "$(json "$T/gen.json" .refused)" -ne 0 ] || [ "$(json "$T/cap.json" '.tap_dropped + .unread')" -ne 0 ] ||
		assert_json "$T/cap.json" '.sequence_gaps == 0' "$name: no gap"
done

# ^C ends all threads, with an account that adds up.
background gen "$CAPBENCH" generate vtx --threads 2 --rate 5k --json
sleep 1
stop gen INT
assert_eq "$status" 0 "exit status after INT"
sums "$T/gen.out" 2 "after INT"

expect 2 "$CAPBENCH" generate vtx --threads 0 --count 1
expect 2 "$CAPBENCH" generate vtx --threads 2 --stream 255 --count 1
expect 2 "$CAPBENCH" generate vtx --cpu 0,x --count 1

# ---- one frame a second --------------------------------------------------------------------------

for transmitter in packet null; do
	expect 0 "$CAPBENCH_FAST" generate vtx --transmitter $transmitter --rate 1 --duration 3s --json
	assert_json "$T/out" '.intended == 3 and .offered == 3 and .offered_pps == 1' "3 s at 1 pps with $transmitter"
done
ten()
{
	expect 0 "$CAPBENCH_FAST" generate vtx --rate 10 --duration 1s --json
	assert_json "$T/out" '.intended == 10 and .offered + .unoffered == 10' "books at 10 pps"
	jq -e '.offered == 10 and .offered_pps == 10' "$T/out" >/dev/null
}
chances 5 "1 s at 10 pps" ten
expect 0 "$CAPBENCH_FAST" generate vtx --rate 1 --threads 2 --duration 2s --json
assert_json "$T/out" '[.streams[].offered] == [1, 1] and .offered_pps == 1' "1 pps by two threads"

# ---- auto ----------------------------------------------------------------------------------------

why() # TRANSMITTER PATTERN OPTION...: what it takes and says
{
	local wanted=$1 pattern=$2
	shift 2
	expect 0 "$CAPBENCH_FAST" generate vtx --transmitter auto --count 10 "$@" --json
	assert_json "$T/out" ".transmitter == \"$wanted\"" "auto with $*"
	assert_grep "auto: $wanted, because .*$pattern" "$T/err" "auto with $* says why"
	assert_json "$T/out" ".transmitter_why | startswith(\"auto: $wanted, because\")" "auto with $* is recorded"
}

why packet '100 kpps is asked for' --rate 100k
why packet 'xdp makes more, but it lacks frames that differ' --rate max --flows 2
if printf '%s\n' "${able[@]}" | grep -qx xdp; then
	why xdp 'asked for: max' --rate max
	why xdp '5 Mpps is asked for' --rate 5M
fi
far ethtool -K vrx gro off
why packet 'but vtx takes no frames from XDP, as its peer has no NAPI' --rate max
expect 2 "$CAPBENCH" generate vtx --transmitter auto --arrival trace --count 1
assert_grep 'no transmitter that it chooses from has frames with times' "$T/err" "auto finds no file"
ip link del vtx
ip netns del far

# ---- in a run ------------------------------------------------------------------------------------

cat >run.yaml <<-'YAML'
	name: generators
	title: Threads that add up
	trial:
	  duration: 200ms
	  warmup: 20ms
	  traffic: {frame_size: 64, rate: 10k}
	  capture: {mechanism: tpacket3, wait: poll, load: count, buffer: 16MiB}
	vary:
	  generator.threads: [1, 2]
	repetitions: 1
	figures:
	  - {id: share, x: generator.threads, y: captured_share}
YAML
expect 0 "$CAPBENCH_FAST" plan run.yaml
assert_grep 'transmitter auto: packet, because' "$T/out" "the plan says which transmitter"
measure "$CAPBENCH_FAST" run run.yaml --no-report --out "$T/run"
jq -s . "$T/run/trials.jsonl" >"$T/trials"
assert_json "$T/trials" 'map(.params["generator.threads"]) | unique == [1, 2]' "trials with one thread and with two"
assert_json "$T/trials" '[.[] | (.generator.streams | length) == .params["generator.threads"]] | all' "streams"
assert_json "$T/trials" '[.[] | ([.generator.streams[].offered] | add) == .generator.offered] | all' "the streams' sum"
assert_json "$T/trials" '[.[].views[].unaccounted == 0] | all' "no frame is unaccounted for"
assert_json "$T/trials" '[.[].generator.transmitter_why | startswith("auto: packet")] | all' "the choice is recorded"

sed 's/load: count/load: count, snaplen: 100/; s/traffic: .*/traffic: {frame_size: 64, rate: max}/
	s|^  capture|  generator: {transmitter: "pcap:file=x.pcap"}\n  capture|; s/\[1, 2\]/[1]/' run.yaml >pcap.yaml
expect 2 "$CAPBENCH_FAST" plan pcap.yaml
assert_grep 'load count needs a stamp of its own in every frame, which transmitter pcap does not have' "$T/err" \
	"a load that needs stamps, and a file that has none"
sed 's/load: count/load: discard/; s/rate: max/rate: 10Mbit/' pcap.yaml >bits.yaml
expect 2 "$CAPBENCH_FAST" plan bits.yaml
assert_grep 'trial.traffic.rate: "10Mbit" depends on the frame size, and those of transmitter pcap are a file' \
	"$T/err" "bits a second, and a file's frames"
sed 's/load: count/load: discard/; s/rate: max/rate: 10k/' pcap.yaml >fits.yaml
expect 0 "$CAPBENCH_FAST" plan fits.yaml
links_before=0 assert_nothing_left "generators"
