#!/usr/bin/env bash
# The controller is killed (SIGKILL) after each line of its journal in turn; what it leaves behind
# ends by itself, and --resume makes the run complete, no trial lost or counted twice.
# timeout: 240
. "$(dirname "$0")/lib.sh"
need_root

tiny_scenario "$T/tiny.yaml"
trials=4
if ! more; then
	# Each step of the journal all the same: there are fewer.
	sed -i 's/^repetitions: 2/repetitions: 1/' "$T/tiny.yaml"
	trials=2
fi

for ((step = 1; ; step++)); do
	dir=$T/killed-$step
	status=0
	# Most times by the program without sanitizers, which is quicker.
	[ $((step % 3)) -eq 1 ] && program=$CAPBENCH || program=$CAPBENCH_FAST
	CAPBENCH_KILL_AT_STEP=$step "$program" run "$T/tiny.yaml" --out "$dir" --seed 3 --no-pictures \
		>"$T/out" 2>"$T/err" </dev/null || status=$?
	if [ $status -eq 0 ] || [ $status -eq 6 ]; then
		break
	fi
	assert_eq $status 137 "the run that is killed at step $step"
	assert_nothing_left "killed at step $step"
	assert_eq "$(wc -l <"$dir/journal.jsonl")" $step "lines of the journal at step $step"
	measure "$program" run --resume "$dir" --no-pictures
	assert_complete "$dir" $trials "killed at step $step and resumed"
	assert_nothing_left "resumed after step $step"
	# What had been measured was not measured again.
	done_before=$(head -n $step "$dir/journal.jsonl" | jq -s '[.[] | select(.event == "trial-end")] | length')
	done_after=$(tail -n +$((step + 1)) "$dir/journal.jsonl" | jq -s '[.[] | select(.event == "trial-end")] | length')
	[ $((done_before + done_after)) -ge $trials ] || fail "step $step: too few trials in the journal"
	assert_eq "$(jq -s '[.[] | select(.event == "trial-end") | [.trial, .attempt]] | length - (unique | length)' \
		"$dir/journal.jsonl")" 0 "attempts that the journal has twice, step $step"
done
assert_complete "$dir" $trials "never killed"
# run-start, the calibration, a start and an end for each trial, run-end.
[ $step -gt $((2 * trials + 2)) ] || fail "only $((step - 1)) steps were tried"
echo "$((step - 1)) steps"

# Killed twice: once in the run, once in its resumption.
status=0
CAPBENCH_KILL_AT_STEP=5 "$CAPBENCH" run "$T/tiny.yaml" --out "$T/twice" --no-pictures >"$T/out" 2>&1 || status=$?
assert_eq $status 137 "the first kill"
status=0
CAPBENCH_KILL_AT_STEP=3 "$CAPBENCH" run --resume "$T/twice" --no-pictures >"$T/out" 2>&1 || status=$?
assert_eq $status 137 "the second kill"
assert_nothing_left "killed twice"
measure "$CAPBENCH" run --resume "$T/twice" --no-pictures
assert_complete "$T/twice" $trials "killed twice"

# A power cut: the last lines are torn.
cp -r "$T/killed-6" "$T/torn"
rm -r "$T/torn/report"
lines=$(grep -n '"trial-end"' "$T/torn/journal.jsonl" | sed -n '2s/:.*//p')
head -n "$((lines - 1))" "$T/torn/journal.jsonl" >"$T/journal"
sed -n "${lines}p" "$T/torn/journal.jsonl" | head -c 20 >>"$T/journal"
cp "$T/journal" "$T/torn/journal.jsonl"
measure "$CAPBENCH" run --resume "$T/torn" --no-pictures
assert_complete "$T/torn" $trials "torn lines"

# A run that is complete has nothing to resume: its data stay as they are.
cp "$T/torn/trials.jsonl" "$T/before"
measure "$CAPBENCH" run --resume "$T/torn" --no-pictures
cmp "$T/before" "$T/torn/trials.jsonl" || fail "resuming a complete run changes its data"

# A changed scenario is refused, and so are options that would change it; nothing is touched.
status=0
CAPBENCH_KILL_AT_STEP=5 "$CAPBENCH" run "$T/tiny.yaml" --out "$T/changed" --no-pictures >"$T/out" 2>&1 || status=$?
cp "$T/changed/journal.jsonl" "$T/before"
sed 's/10k, 20k/10k, 30k/' "$T/tiny.yaml" >"$T/other.yaml"
expect 2 "$CAPBENCH" run "$T/other.yaml" --resume "$T/changed"
expect 2 "$CAPBENCH" run --resume "$T/changed" --set repetitions=3
expect 2 "$CAPBENCH" run "$T/tiny.yaml" --set repetitions=3 --resume "$T/changed"
expect 2 "$CAPBENCH" run --resume "$T/changed" --out "$T/elsewhere"
expect 2 "$CAPBENCH" run --resume "$T/nosuch"
cmp "$T/before" "$T/changed/journal.jsonl" || fail "a refused resumption writes to the journal"
# The unchanged file itself is welcome.
measure "$CAPBENCH" run "$T/tiny.yaml" --resume "$T/changed" --no-pictures
assert_complete "$T/changed" $trials "resumed with its own scenario"

# Two at once on one directory: the second is refused.
background first "$CAPBENCH" run "$T/tiny.yaml" --set trial.duration=500ms --out "$T/locked" --no-pictures
until_true 5 test -s "$T/locked/journal.jsonl" || fail "no journal"
expect 2 "$CAPBENCH" run --resume "$T/locked"
assert_grep 'in use' "$T/err" "a second process on one run"
finish first 30
assert_measured first
assert_complete "$T/locked" $trials "the first of two"
assert_nothing_left "all"
