#!/usr/bin/env bash
# A search on the local test-bed: its result follows from trials.jsonl alone, it goes on where it was
# killed, and says so when the generator is the limit.
# timeout: 120
. "$(dirname "$0")/lib.sh"
need_root

cat >"$T/search.yaml" <<-'YAML'
	name: search
	title: A slow process
	trial:
	  duration: 100ms
	  warmup: 20ms
	  traffic: {frame_size: 64, rate: 60k}
	  generator: {transmitter: packet}
	  capture: {mechanism: tpacket2, wait: poll, load: "work:50us", buffer: 64KiB}
	  evidence: light
	goals:
	  - {name: none, width: 100%, initial: 50ms, trials: 1}
	  - {name: half, loss: 50%, width: 50%, initial: 50ms, trials: 1}
	  - {name: burst, kind: burst, loss: 20%, width: 100%, trials: 1, rate: 40k, longest: 200ms}
YAML

# found DIR: every number of its report is what search.jq makes of its trials.
found()
{
	local dir=$1 known
	# without loss, at this rate: how much a burst's buffer was emptied meanwhile
	known=$(jq '.results[0] | if .goal == "none" then .low else null end' "$dir/report/search.json")
	compute "$dir" 0 '{of: "rate", loss: 0, exceed: 0.5, final: 0.1, sum: 0.1, width: 0.5}'
	compute "$dir" 1 '{of: "rate", loss: 0.5, exceed: 0.5, final: 0.1, sum: 0.1, width: 0.5}'
	compute "$dir" 2 "{of: \"burst\", burst: true, loss: 0.2, exceed: 0.5, final: 1, sum: 1, width: 1, pps: 40000, known: $known}"
	assert_eq "$(jq .trials "$dir/report/search.json")" "$(wc -l <"$dir/trials.jsonl")" "all trials of $dir"
	[ -s "$dir/report/search-0-rate.dat" ] || fail "no data of a figure"
}

compute() # DIR INDEX GOAL
{
	local goal different
	goal=$(jq -n "$3")
	different=$(jq -s -c --argjson goal "$goal" --slurpfile report "$1/report/search.json" \
		"(\$report[0].results[$2]) as \$g | $(cat "$HERE/search.jq")" "$1/trials.jsonl")
	assert_eq "$different" '[]' "goal $2 of $1, as its trials have it and as it is told"
}

# No patience with a host that others are busy on: what is not found is told, too.
measure "$CAPBENCH" search "$T/search.yaml" --out "$T/whole" --no-pictures --patience 5s
found "$T/whole"
assert_grep '^half .*at most 50 % loss' "$T/out" "the answer"
assert_nothing_left "a search"

# Drawn again from the data alone, with a picture.
cp "$T/whole/report/search.json" "$T/before"
measure "$CAPBENCH" report "$T/whole"
cmp "$T/before" "$T/whole/report/search.json" || fail "a report that is made again differs"
if command -v gnuplot >/dev/null; then
	[ -s "$T/whole/report/search-0-rate.svg" ] || fail "no picture"
fi
measure "$CAPBENCH" report "$T/whole" --no-pictures --json
assert_json "$T/out" '.results | length == 3' "report --json"

# From here on by the program without sanitizers, in the commit tier: they have seen what there is to see.
more || CAPBENCH=$CAPBENCH_FAST

# Killed at its 8th line of the journal, and resumed: no trial is lost.
status=0
CAPBENCH_KILL_AT_STEP=8 "$CAPBENCH" search "$T/search.yaml" --out "$T/killed" --no-pictures --patience 5s >"$T/out" 2>"$T/err" || status=$?
assert_eq $status 137 "a search that is killed"
assert_nothing_left "a killed search"
head -n 3 "$T/killed/trials.jsonl" >"$T/before"
measure "$CAPBENCH" search --resume "$T/killed" --no-pictures --patience 5s
head -n 3 "$T/killed/trials.jsonl" | cmp - "$T/before" || fail "resuming changes trials that were made"
assert_eq "$(jq -s 'map(.trial) == [range(length)]' "$T/killed/trials.jsonl")" true "trials are numbered"
found "$T/killed"
assert_eq "$(tail -n 1 "$T/killed/journal.jsonl" | jq -r .event)" run-end "the journal ends"

# A generator that can offer no more is said as such, with a capture process that takes anything.
measure "$CAPBENCH" search "$T/search.yaml" --out "$T/limited" --no-pictures --patience 5s --set trial.capture.load=discard \
	--set trial.traffic.rate=max --set 'goals=[{name: any, loss: 99%, initial: 50ms, trials: 1, width: 50%}]' --json
assert_json "$T/out" '.results[0].state == "generator-limited" or .results[0].state == "unfinished"' "generator-limited"

# Wrong questions.
sed 's/rate: 60k}/rate: 60k}\n  placement: auto/; s/^goals:/vary: {traffic.rate: [1k, 2k]}\ngoals:/' "$T/search.yaml" >"$T/vary.yaml"
expect 2 "$CAPBENCH" search "$T/vary.yaml"
assert_grep 'take it out of vary' "$T/err" "a rate that varies"
sed 's/loss: 50%/los: 50%/' "$T/search.yaml" >"$T/wrong.yaml"
expect 2 "$CAPBENCH" search "$T/wrong.yaml"
assert_grep 'wrong.yaml:12:.*did you mean' "$T/err" "a key of a goal"
expect 2 "$CAPBENCH" search
expect 2 "$CAPBENCH" search --resume "$T/nosuch"
expect 2 "$CAPBENCH" search "$T/search.yaml" --resume "$T/killed"
expect 2 "$CAPBENCH" run --resume "$T/killed"
assert_nothing_left "all"
