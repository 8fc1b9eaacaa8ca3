#!/usr/bin/env bash
# ^C, TERM, HUP and KILL at any time: the exit status tells, nothing stays behind, and --resume
# finishes what was begun. The same when an agent dies.
# timeout: 180
. "$(dirname "$0")/lib.sh"
need_root

tiny_scenario "$T/tiny.yaml"
trials=4
run=("$CAPBENCH" run "$T/tiny.yaml" --set trial.duration=300ms --no-pictures)

# events DIR: how many lines the journal has.
events()
{
	wc -l <"$1/journal.jsonl" 2>/dev/null || echo 0
}

journal_has() # DIR N
{
	[ "$(events "$1")" -ge "$2" ]
}

i=0
for signal in INT:130 TERM:143 HUP:129; do
	# During calibration, at the start of a trial, and later.
	for when in 1 3 6; do
		# The commit tier: every signal and every moment, not each with each.
		[ "$CAPBENCH_TIER" = all ] || [[ "INT:130-1 INT:130-6 TERM:143-3 HUP:129-6" == *$signal-$when* ]] || continue
		i=$((i + 1)) dir=$T/$signal-$when
		background run "${run[@]}" --out "$dir"
		until_true 20 journal_has "$dir" $when || fail "no $when lines in the journal: $(cat "$T/run.err")"
		sleep 0.1
		start=$EPOCHREALTIME
		stop run "${signal%:*}"
		assert_eq "$status" "${signal#*:}" "exit status after ${signal%:*} at $when"
		awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { exit !(b - a < 5) }' ||
			fail "${signal%:*} at $when took more than 5 s"
		assert_nothing_left "${signal%:*} at $when"
		jq -s . "$dir/journal.jsonl" >"$T/journal.json" || fail "the journal is not JSON lines"
		assert_json "$T/journal.json" '.[-1].event != "run-end"' "an interrupted run has not ended"
		measure "$CAPBENCH_FAST" run --resume "$dir" --no-pictures
		assert_complete "$dir" $trials "resumed after ${signal%:*} at $when"
	done
done

# ^C at a terminal goes to every process of the group.
background run setsid "${run[@]}" --out "$T/group"
until_true 20 journal_has "$T/group" 3 || fail "no trial"
kill -INT -- "-${pid[run]}"
finish run 10
assert_eq "$status" 130 "exit status after INT to the group"
assert_nothing_left "INT to the group"

# KILL at times that are no step of the journal.
for delay in 0.05 0.15 0.3 0.6 0.9; do
	more || [[ " 0.15 0.6 " != *" $delay "* ]] || continue
	background run "${run[@]}" --out "$T/kill-$delay"
	sleep $delay
	stop run KILL
	assert_eq "$status" 137 "killed after $delay s"
	assert_nothing_left "killed after $delay s"
done
expect 0 "$CAPBENCH" clean
expect 0 "$CAPBENCH" clean --json
assert_json "$T/out" '.removed == []' "a second clean"

# An agent that dies takes the run with it, but nothing else: 5, and it can be resumed.
background run "${run[@]}" --out "$T/agent"
until_true 20 journal_has "$T/agent" 4 || fail "no trial"
victim=$(others | awk '/capbench agent/ { print $1; exit }')
[ -n "$victim" ] || fail "no agent is running: $(others)"
kill -KILL "$victim"
finish run 20
assert_eq "$status" 5 "exit status when an agent dies: $(cat "$T/run.err")"
assert_nothing_left "an agent that died"
measure "$CAPBENCH" run --resume "$T/agent" --no-pictures
assert_complete "$T/agent" $trials "resumed after an agent died"

# ^C while plan, list or report work is an end, too; and stdin or stdout closed are no harm.
# shellcheck disable=SC2016
expect 0 bash -c '"$0" plan "$1" <&- >/dev/null' "$CAPBENCH" "$T/tiny.yaml"
# shellcheck disable=SC2016
measure bash -c '"$0" run "$1" --out "$2" --no-pictures <&-' "$CAPBENCH" "$T/tiny.yaml" "$T/closed"
assert_complete "$T/closed" $trials "stdin closed"
# A full disk for the results is an error that says so, not a silent loss.
mkdir "$T/full"
mount -t tmpfs -o size=64k none "$T/full"
head -c 60000 /dev/zero >"$T/full/ballast"
status=0
"$CAPBENCH" run "$T/tiny.yaml" --out "$T/full/r" >"$T/out" 2>"$T/err" </dev/null || status=$?
[ $status -ne 0 ] || fail "a full disk goes unnoticed"
assert_grep 'No space left' "$T/err" "a full disk is named"
umount "$T/full"
assert_nothing_left "all"
