#!/usr/bin/env bash
# Whole programs in the place of a capture process: tcpdump, dumpcap and netsniff-ng on a real link,
# their books to the integer also when they lose frames, one of the user's own, and nothing left of
# them when capbench is killed.
# timeout: 180
. "$(dirname "$0")/lib.sh"
need_root
need_cmd tcpdump dumpcap netsniff-ng

make_link
links_before=1

ready()
{
	grep -q '"ready"' "$T/cap.out"
}

# start_program PROGRAM OPTION...: in the background and ready; the process that works is $worker.
start_program()
{
	local program=$1
	shift
	rm -f "$T/cap.out"
	background cap ip netns exec far "$CAPBENCH" capture vrx --control --external "$program" "$@"
	until_true 10 ready || fail "$program is not ready: $(cat "$T/cap.err")"
	worker=$(head -n 1 "$T/cap.out" | jq .pid)
	alive "$worker" || fail "$program: there is no process $worker"
}

# stop_program WHAT: its view is in $T/view.json.
stop_program()
{
	stop cap
	assert_eq "$status" 0 "exit status of $1: $(cat "$T/cap.err")"
	tail -n 1 "$T/cap.out" | jq . >"$T/view.json" || fail "$1: no record"
	! alive "$worker" || fail "$1: process $worker is still there"
	assert_json "$T/view.json" '[.unique, .duplicate, .damaged, .foreign, .window_unique, .wakeups,
		.syscalls, .sequence_gaps] | all(. == null)' "$1: what it can't tell is null"
	assert_json "$T/view.json" '.cpu_ns > 0 and .elapsed_ns > 0' "$1: what it cost"
}

generate() # OPTION...: $offered
{
	expect 0 "$CAPBENCH" generate vtx --json "$@"
	offered=$(json "$T/out" '.offered - .refused')
}

# ---- what is told ---------------------------------------------------------------------------------

for program in tcpdump dumpcap netsniff-ng; do
	start_program "$program"
	generate --rate max --count 5000
	stop_program "$program"
	assert_json "$T/view.json" ".received == $offered and .tap_dropped == 0" "$program: all of it"
	assert_json "$T/view.json" ".mechanism == \"external:$program\" and .wait == \"\"" "$program"
	assert_json "$T/view.json" '.version | test("[0-9]+[.][0-9]+")' "$program: its version"
	case $program in
	dumpcap) assert_json "$T/view.json" '.unread == null' "$program does not tell what is left" ;;
	*) assert_json "$T/view.json" '.unread == 0' "$program has read all" ;;
	esac
done

# It sleeps while its ring of 1 MiB runs over.
for program in tcpdump dumpcap netsniff-ng; do
	start_program "$program" --buffer 1MiB --snaplen 128
	kill -STOP "$worker"
	generate --rate max --count 40000
	kill -CONT "$worker"
	stop_program "$program, asleep"
	assert_json "$T/view.json" ".received + .tap_dropped + (.unread // 0) == $offered" \
		"$program: books of $offered frames"
	assert_json "$T/view.json" '.tap_dropped > 1000 and .received > 100' "$program: there is loss"
done

# Without time to read what is there, the rest is unread: tcpdump looks into its ring once a second.
start_program tcpdump --drain 0
generate --rate max --count 300
stop_program "tcpdump, no drain"
assert_json "$T/view.json" ".received + .unread == $offered and .tap_dropped == 0" "no drain"

# A capture filter reaches them.
for program in tcpdump dumpcap netsniff-ng; do
	start_program "$program" --filter "udp and port 54321"
	generate --rate max --count 300
	stop_program "$program, filter"
	assert_json "$T/view.json" '.received == 0 and .tap_dropped == 0' "$program: a filter"
done

# ---- the user's own -------------------------------------------------------------------------------

own='{"name": "own", "command": ["tcpdump", "-i", "{interface}", "-Z", "root", "--immediate-mode",
	"-s", "{snaplen}", "-B", "{buffer_kib}", "-w", "/dev/null"], "ready": "listening on",
	"received": "^([0-9]+) packets? captured", "dropped": "^([0-9]+) packets? dropped by kernel"}'
start_program "$own"
generate --rate 20k --duration 100ms
sleep 0.3
stop_program "an own program"
assert_json "$T/view.json" ".received + .tap_dropped == $offered and .unread == null" \
	"an own program"
assert_json "$T/view.json" '.mechanism == "external:own"' "its name"

expect 4 far "$CAPBENCH" capture vrx --external '{"command": ["/nonexistent"], "ready": "x"}'
assert_grep '/nonexistent' "$T/err" "a program that is not there"
expect 5 far "$CAPBENCH" capture vrx --external '{"command": ["tcpdump", "-i", "nosuch"], "ready": "listening"}'
assert_grep 'nosuch' "$T/err" "a program's own words"
expect 2 far "$CAPBENCH" capture vrx --external tcpdmp
assert_grep 'did you mean "tcpdump"' "$T/err" "a mistyped name"
expect 2 far "$CAPBENCH" capture vrx --external tcpdump --wait spin
assert_grep 'leave --wait out' "$T/err" "a program and a wait"

# ---- nothing stays --------------------------------------------------------------------------------

gone()
{
	! alive "$1"
}

promiscuity()
{
	far ip -d -j link show vrx | jq '.[0].promiscuity'
}

for program in tcpdump dumpcap netsniff-ng; do
	start_program "$program"
	assert_eq "$(promiscuity)" 1 "$program: promiscuous mode"
	kill -KILL "${pid[cap]}"
	finish cap 5 2>/dev/null
	until_true 5 gone "$worker" || fail "$program outlives capbench"
	assert_eq "$(promiscuity)" 0 "$program: promiscuous mode after SIGKILL"
done

# ---- in a scenario --------------------------------------------------------------------------------

cat >"$T/programs.yaml" <<-'YAML'
	name: programs
	trial:
	  duration: 200ms
	  warmup: 50ms
	  drain: 3s
	  traffic: {rate: 10k}
	vary:
	  - {capture.external: [tcpdump, dumpcap, netsniff-ng]}
	  - {capture.mechanism: [tpacket3, pcap]}
	repetitions: 1
	figures:
	  - {id: cost, x: capture.mechanism, y: cpu_ns_per_frame}
	  - {id: share, x: capture.mechanism, y: captured_share}
	  - {id: attempt, x: capture.mechanism, y: attempt_share}
YAML
measure "$CAPBENCH" run "$T/programs.yaml" --out "$T/programs" --json
jq -s . "$T/programs/trials.jsonl" >"$T/trials.json"
assert_json "$T/trials.json" 'length >= 5' "five cells"
assert_json "$T/trials.json" '[.[] | select(.params["capture.external"]) | .views[0]
	| .received > 0 and .unique == .received and .foreign == 0 and .captured_share > 0
		and .window_unique == null and .reordered == null
		and .unaccounted == (if .unread == null then null else 0 end)] | all' \
	"programs: what the link's counters tell is known, the rest is null"
assert_json "$T/trials.json" '[.[] | select(.params["capture.external"] == "dumpcap")
	| .reasons[] | select(contains("nobody tells unread"))] | length >= 1' "dumpcap: why its books stay open"
# A trial of which too much was stolen from this machine has no bar; every other one has.
measured=$(jq '[group_by(.cell)[] | select(any(.state != "invalid"))] | length' "$T/trials.json")
measured_programs=$(jq '[group_by(.cell)[] | select(any(.state != "invalid")) | select(.[0].params["capture.external"])]
	| length' "$T/trials.json")
for figure in share attempt cost; do
	assert_json "$T/programs/report/summary.json" \
		".figures[] | select(.id == \"$figure\") | [.series[].points[].median] | length == 5 and (map(values) | length) == $measured" \
		"figure $figure has a bar for each that is not invalid"
done
assert_json "$T/programs/report/summary.json" '[.cells[] | select(.params["capture.external"])
	| .marked | contains(["whole attempt"])] | length == 3 and (map(select(.)) | length) == '"$measured_programs" \
	"programs are marked"
assert_json "$T/trials.json" '[.[] | select(.params["capture.external"])
	| .generator.offered - .generator.refused - .views[0].received - .views[0].tap_dropped
		- (.views[0].unread // 0) == 0] | all' "programs: every frame that came is told"
assert_json "$T/trials.json" '[.[] | select(.params["capture.external"] | not)
	| .views[0].unaccounted == 0] | all' "mechanisms beside them"
assert_nothing_left "after a run with programs"
