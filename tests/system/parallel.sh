#!/usr/bin/env bash
# Runs side by side do not collide: neither in names nor in results nor in each other's clean-up.
# timeout: 120
. "$(dirname "$0")/lib.sh"
need_root

tiny_scenario "$T/tiny.yaml"

# Four started at the same moment from one directory.
for i in 1 2 3 4; do
	background "run$i" "$CAPBENCH" run "$T/tiny.yaml" --no-pictures
done
for i in 1 2 3 4; do
	finish "run$i" 60
	assert_measured "run$i"
done
n=0
for dir in "$T"/results/tiny/*; do
	assert_complete "$dir" 4 "$dir"
	n=$((n + 1))
done
assert_eq $n 4 "run directories"
assert_nothing_left "four runs"

# One is killed, and clean is called, while another works.
long=(--set trial.duration=400ms --no-pictures)
background victim "$CAPBENCH" run "$T/tiny.yaml" "${long[@]}" --out "$T/victim"
background worker "$CAPBENCH" run "$T/tiny.yaml" "${long[@]}" --out "$T/worker"
until_true 20 test -s "$T/worker/trials.jsonl" || fail "no trial yet"
before=$(others | grep -c agent)
[ "$before" -ge 4 ] || fail "two runs have $before agents"
stop victim KILL
expect 0 "$CAPBENCH" clean
agents_left() { [ "$(others | grep -c ' agent')" -le 2 ]; }
until_true 5 agents_left || fail "the killed run's agents are still there: $(others)"
expect 0 "$CAPBENCH" clean
finish worker 60
assert_measured worker
assert_complete "$T/worker" 4 "the other run"
assert_nothing_left "all"
