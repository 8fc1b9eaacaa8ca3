#!/usr/bin/env bash
# Hosts that are lost in the middle of a run: it never hangs, the trial is marked with the reason, what can
# be measured is, and nothing is left behind: no process, no lock, no setting.
#
#   CAPBENCH_FAULTS=200 tests/system/ssh_faults.sh     that many faults at random times (default 6; all: 30)
# timeout: 400
# shellcheck disable=SC2016  # jq's
. "$(dirname "$0")/lib.sh"
. "$HERE/lib_machines.sh"
need_cores 2
: "${CAPBENCH_FAULTS:=$([ "$CAPBENCH_TIER" = all ] && echo 30 || echo 6)}"

controller
for name in gen xeon amd; do
	make_machine $name
done
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
repetitions: 3
retries: 2
order: as-written
figures:
  - {id: share, x: sensor, y: captured_share}
YAML
run=("$CAPBENCH" run "$T/sensors.yaml" --testbed "$T/bed.yaml" --no-pictures)

# agent NAME: the agent's process on that machine.
agent()
{
	local p
	for p in $(pgrep -f "agent --host=$1 "); do
		if [[ $(readlink "/proc/$p/exe") == */capbench ]]; then
			echo "$p"
			return
		fi
	done
}

# masters, clients: ssh processes of the controller.
masters()
{
	pgrep -f '^ssh .* -M '
}

trials_done() # DIR N
{
	[ "$(wc -l <"$1/trials.jsonl" 2>/dev/null || echo 0)" -ge "$2" ]
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

# ---- one that comes back ----

background run "${run[@]}" --out "$T/agent"
until_true 30 trials_done "$T/agent" 1 || fail "no trial: $(cat "$T/run.err")"
kill -KILL "$(agent xeon)"
finish run 60
assert_measured run
assert_complete_but_failed()
{
	assert_no_wrong_number "$1" "$2"
	grep -q '"trial-failed"' "$1/journal.jsonl" || fail "$2: no failure in the journal"
	tail -n 1 "$1/journal.jsonl" >"$T/last"
	assert_json "$T/last" '.event == "run-end"' "$2: the run went on to its end"
}
assert_complete_but_failed "$T/agent" "an agent that was killed"
assert_grep 'xeon: the agent' "$T/run.err" "the host is named"
assert_grep 'xeon is back' "$T/run.err" "it is back"
assert_clean "an agent that was killed" gen xeon amd

# ---- one that does not ----

# Without --keep-going the run ends there, with 5, and is finished later.
background run "${run[@]}" --out "$T/stop"
until_true 30 trials_done "$T/stop" 1 || fail "no trial: $(cat "$T/run.err")"
kill_sshd amd
finish run 90
assert_eq "$status" 5 "exit status when a host is lost: $(cat "$T/run.err")"
assert_grep 'error: run: .*amd' "$T/run.err" "exit 5 says which host"
start_sshd amd
assert_clean "a host that was lost" gen xeon amd
measure "$CAPBENCH" run --resume "$T/stop" --no-pictures
assert_no_wrong_number "$T/stop" "resumed"
tail -n 1 "$T/stop/journal.jsonl" >"$T/last"
assert_json "$T/last" '.event == "run-end"' "resumed to its end"

# With it the other sensor's trials are measured.
background run "${run[@]}" --out "$T/going" --keep-going
until_true 30 trials_done "$T/going" 1 || fail "no trial: $(cat "$T/run.err")"
kill_sshd xeon
finish run 120
assert_eq "$status" 5 "exit status with --keep-going: $(cat "$T/run.err")"
assert_grep 'trials could not be measured: .*xeon' "$T/run.err" "exit 5 says which host"
jq -s . "$T/going/trials.jsonl" >"$T/trials.json"
assert_json "$T/trials.json" '[.[] | select(.params.sensor == "amd" and .state != "invalid")] | length >= 1' \
	"the other sensor's trials"
start_sshd xeon
assert_clean "a host that was lost, with --keep-going" gen xeon amd

# ---- one that is stuck ----

background run "${run[@]}" --out "$T/stuck" --set trial.drain=100ms
until_true 30 trials_done "$T/stuck" 1 || fail "no trial: $(cat "$T/run.err")"
kill -STOP "$(agent gen)"
finish run 120
assert_measured run
assert_complete_but_failed "$T/stuck" "an agent that is stuck"
assert_clean "an agent that is stuck" gen xeon amd

# ---- the controller ----

background run "${run[@]}" --out "$T/controller"
until_true 30 trials_done "$T/controller" 1 || fail "no trial"
stop run KILL
until_true 10 nobody_left || fail "the controller was killed: $(others)"
expect 0 "$CAPBENCH" clean
assert_clean "a controller that was killed" gen xeon amd
background run "${run[@]}" --out "$T/interrupt"
until_true 30 trials_done "$T/interrupt" 1 || fail "no trial"
stop run INT
assert_eq "$status" 130 "exit status after ^C"
assert_clean "^C" gen xeon amd

# ---- at random ----

# What may happen to a run, and what mends it afterwards.
fault()
{
	local hosts=(gen xeon amd) victim
	victim=${hosts[RANDOM % 3]}
	case $1 in
	agent) kill -KILL "$(agent "$victim")" ;;
	ssh) kill -KILL "$(masters | shuf -n 1)" ;;
	down) in_machine "$victim" ip link set p0 down ;;
	sshd) kill_sshd "$victim" ;;
	controller) kill -KILL "${pid[run]}" ;;
	capture) kill -KILL "$(pgrep -f 'capbench capture' | shuf -n 1)" ;;
	esac
} 2>/dev/null

for ((i = 1; i <= CAPBENCH_FAULTS; i++)); do
	kinds=(agent ssh down sshd controller capture)
	kind=${kinds[i % 6]}
	dir=$T/random-$i
	background run "${run[@]}" --out "$dir" --keep-going --set repetitions=2 --set retries=1
	sleep "$((RANDOM % 3)).$((RANDOM % 10))"
	fault "$kind" || true
	finish run 120
	for name in gen xeon amd; do
		in_machine $name ip link set p0 up
		sshd_listens $name || start_sshd $name
	done
	[ ! -s "$dir/trials.jsonl" ] || assert_no_wrong_number "$dir" "fault $i ($kind)"
	"$CAPBENCH" clean >/dev/null
	assert_clean "fault $i ($kind, exit status $status)" gen xeon amd
	rm -rf "$dir"
done
