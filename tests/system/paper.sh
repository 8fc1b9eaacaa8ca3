#!/usr/bin/env bash
# The paper's scenarios: each can be planned in each profile, together they keep within their budget,
# have every claim and every figure; the smallest profile is measured, and what a killed run has
# found out of the machine's capacity is not searched for again.
# timeout: 240
# In a PID namespace the kernel's NAPI threads, which these scenarios pin, are not to be seen.
if [ -z "${CAPBENCH_TEST_ISOLATED:-}" ]; then
	CAPBENCH_TEST_USER=$(id -u)
	if [ "$CAPBENCH_TEST_USER" -ne 0 ]; then
		echo "skip: needs root"
		exit 77
	fi
	export CAPBENCH_TEST_ISOLATED=1 CAPBENCH_TEST_USER
	exec unshare --mount --net bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
need_root

imc10=$ROOT/scenarios/imc10
# There are hundreds of trials: by the program as users have it, in the commit tier.
program=$CAPBENCH_FAST
shorter=(--set trial.duration=40ms --set trial.warmup=10ms)
! more || program=$CAPBENCH shorter=()

for file in "$imc10"/*.yaml; do
	for profile in paper quick smoke; do
		expect 0 "$program" plan "$file" --profile $profile --json
		assert_json "$T/out" '.trials > 0' "$(basename "$file") --profile $profile has trials"
	done
	expect 0 "$program" plan "$file" --json
done
expect 0 "$program" plan "$imc10/paper.yaml" --profile quick --json
assert_json "$T/out" '.estimated_ns < 960e9' "paper.yaml --profile quick takes less than 16 minutes"
expect 0 "$program" plan "$imc10/paper.yaml" --profile smoke --json
trials=$(json "$T/out" .trials)

measure "$program" run "$imc10/paper.yaml" --profile smoke "${shorter[@]}" --seed 7 --out "$T/r" --no-pictures
assert_complete "$T/r" "$trials" "paper.yaml --profile smoke"
assert_eq "$(ip -o link | grep -cv "^[0-9]*: lo:")" 0 "links that are left"
summary=$T/r/report/summary.json
assert_json "$summary" '.claims | length == 37' "37 claims"
assert_json "$summary" '[.claims[].id] | unique | length == 37' "each claim once"
assert_json "$summary" '[.claims[].verdict] | all(. == "reproduced" or . == "not reproduced" or . == "undecided" or . == "needs")' verdicts
assert_json "$summary" '[.claims[] | select(.verdict == "undecided" or .verdict == "needs") | .why | length > 0] | all' \
	"what is not decided says why"
assert_json "$summary" '[.figures[].id] | contains(["fig05", "fig06", "fig07", "fig08", "fig09", "fig10", "fig11",
	"fig12", "fig13", "buffers", "transparent-modes", "queues", "frame-sizes", "waits"])' "nine figures and five more"
assert_json "$summary" '.figures | all(.series | length > 0)' "every figure has series"
for part in claims losses; do
	assert_grep "id=\"$part\"" "$T/r/report/report.html" "the report's $part"
done

# Rates as shares of the capacity: journalled, and used again after a kill.
cat >"$T/share.yaml" <<'END'
name: share
repetitions: 2
trial:
  duration: 50ms
  warmup: 10ms
  traffic: {rate: 50% of capacity}
  capture: {mechanism: tpacket2, load: "work:50us", buffer: 64KiB}
  placement: "A:B"
vary:
  traffic.rate: [50% of capacity, 120% of capacity]
END
# run-start, the calibration, the capacity, a trial.
status=0
CAPBENCH_KILL_AT_STEP=5 "$CAPBENCH" run "$T/share.yaml" --out "$T/share" --seed 3 --no-pictures >"$T/out" 2>&1 || status=$?
assert_eq $status 137 "the run is killed"
found=$(grep '"capacity"' "$T/share/journal.jsonl")
[ -n "$found" ] || fail "the capacity is not in the journal: $(cat "$T/share/journal.jsonl")"
measure "$CAPBENCH" run --resume "$T/share" --no-pictures
assert_complete "$T/share" 4 "resumed"
assert_eq "$(grep '"capacity"' "$T/share/journal.jsonl")" "$found" "the capacity is found once"
assert_json "$T/share/run.json" '.capacities[0] | .sustained_pps > 0 and .limit_pps > 0 and .offered_pps > 0' run.json
jq -s '[.[] | .params["traffic.rate"], .generator.intended_pps]' "$T/share/trials.jsonl" >"$T/rates.json"
assert_json "$T/rates.json" '[.[] | select(type == "number")] | unique | length == 2' "two rates"
