# A run on three machines that lose one another; sourced after lib_machines.sh.
# shellcheck shell=bash

controller
make_machines gen xeon amd
join_hub gen -- xeon amd
note_ports gen xeon amd
testbed "$T/bed.yaml" gen -- xeon amd
cat >"$T/sensors.yaml" <<'YAML'
name: sensors
trial:
  duration: 300ms
  warmup: 50ms
  traffic: {frame_size: 64, rate: 5k}
  generator: {transmitter: packet}
  capture: {mechanism: tpacket3, load: count}
vary:
  sensor: [xeon, amd]
repetitions: 2
retries: 2
order: as-written
figures:
  - {id: share, x: sensor, y: captured_share}
YAML
run=("$CAPBENCH" run "$T/sensors.yaml" --testbed "$T/bed.yaml" --no-pictures)

# begin NAME [OPTION...]: a run in the background, into $T/NAME, that has measured something.
begin()
{
	local name=$1
	shift
	background run "${run[@]}" --out "$T/$name" "$@"
	until_true 30 trials_done "$T/$name" 1 || fail "no trial: $(cat "$T/run.err")"
}

trials_done() # DIR N
{
	[ "$(wc -l <"$1/trials.jsonl" 2>/dev/null || echo 0)" -ge "$2" ]
}

# agent NAME: the agent's process on that machine.
agent()
{
	local p
	for p in $(processes_of "$1"); do
		if [ "$(cat "/proc/$p/comm" 2>/dev/null)" = capbench-agent ]; then
			echo "$p"
			return
		fi
	done
}

# masters: the controller's master connections.
masters()
{
	pgrep -f '^ssh .* -M '
}

# Whatever happened, a trial that is marked valid has each frame in its books, and numbers are sane.
assert_no_wrong_number() # DIR MESSAGE
{
	jq -s . "$1/trials.jsonl" >"$T/trials.json" || fail "$2: trials.jsonl is not one object a line"
	assert_json "$T/trials.json" '[.[] | select(.state == "valid") | (.views | length >= 1),
		(.views[] | .unaccounted == 0 and .captured_share <= 1 and .unique <= 1750)] | all' "$2: a wrong number"
	assert_json "$T/trials.json" '[.[] | select(.state != "valid") | .reasons | length >= 1] | all' \
		"$2: a reason for each that is not valid"
}

assert_ended() # DIR MESSAGE
{
	tail -n 1 "$1/journal.jsonl" >"$T/last"
	assert_json "$T/last" '.event == "run-end"' "$2: the run went on to its end"
}

# A trial failed, was marked with the reason, and what could be measured is.
assert_survived() # DIR PATTERN MESSAGE
{
	assert_measured run
	assert_no_wrong_number "$1" "$3"
	grep '"trial-failed"' "$1/journal.jsonl" >"$T/failed" || fail "$3: no failure in the journal"
	assert_grep "$2" "$T/failed" "$3: the reason"
	assert_grep "$2" "$T/run.err" "$3: the reason is told"
	assert_ended "$1" "$3"
	assert_clean "$3" gen xeon amd
}
