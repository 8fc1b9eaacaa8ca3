#!/usr/bin/env bash
# tune on the local test-bed: ranking, verdict and settings follow from trials.jsonl; the scenario that
# it writes can be measured; what was killed goes on; the same seed tries the same candidates.
# timeout: 180
. "$(dirname "$0")/lib.sh"
need_root

# Killed twice at the same place: the same seed makes the same candidates and tries the same ones. Then
# the one goes on.
for name in whole again; do
	status=0
	CAPBENCH_KILL_AT_STEP=6 "$CAPBENCH" tune --rate 20k --budget 20s --seed 5 --out "$T/$name" >"$T/out" 2>"$T/err" || status=$?
	assert_eq $status 137 "a tuning that is killed"
	assert_nothing_left "a killed tuning"
done
cmp "$T/whole/scenario.resolved.yaml" "$T/again/scenario.resolved.yaml" || fail "one seed, two lists of candidates"
# Only the first: what comes next is that again when time was stolen from it.
assert_eq "$(head -n 1 "$T/whole/trials.jsonl" | jq .cell)" "$(head -n 1 "$T/again/trials.jsonl" | jq .cell)" \
	"the first candidate"
head -n 2 "$T/whole/trials.jsonl" >"$T/before"
measure "$CAPBENCH" tune --resume "$T/whole"
cp "$T/out" "$T/words"
head -n 2 "$T/whole/trials.jsonl" | cmp - "$T/before" || fail "resuming changes trials that were made"
assert_eq "$(jq -s 'map(.trial) == [range(length)]' "$T/whole/trials.jsonl")" true "trials are numbered"
assert_nothing_left "a tuning"
if [ -s "$T/whole/report/tune.json" ] && jq -e '.comparison.finished' "$T/whole/report/tune.json" >/dev/null; then
	report=$T/whole/report/tune.json
	# The medians of the comparison, and the books of each candidate, out of trials.jsonl with jq.
	challenger=$(jq .comparison.challenger "$report")
	median='sort | if length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end'
	for side in "0 default_captured_share" "$challenger captured_share"; do
		read -r cell key <<<"$side"
		want=$(jq -s --argjson cell "$cell" "map(select(.params[\"tune.round\"] == 1000 and .cell == \$cell and .state != \"invalid\")
			| [.views[].captured_share] | min) | $median" "$T/whole/trials.jsonl")
		assert_within "$(jq ".comparison.$key" "$report")" "$want" 0.0001 "$key"
	done
	jq -r '.ranking[] | [.cell, .books.offered, .books.unique] | @tsv' "$report" >"$T/books"
	while read -r cell offered unique; do
		assert_eq "$(jq -s --argjson cell "$cell" 'map(select(.cell == $cell and .state != "invalid"))
			| "\(map(.generator.offered) | add) \(map(.views[0].unique) | add)"' -r "$T/whole/trials.jsonl")" \
			"$offered $unique" "books of cell $cell"
	done <"$T/books"
	assert_json "$report" '[.ranking[].books.unaccounted] | map(. == 0) | all' "books balance"
	# What it ends at captured at least as much as the default (c29), or is the default.
	assert_json "$report" '.use == 0 or .comparison.captured_share >= .comparison.default_captured_share - 0.002' "c29"
	assert_grep 'default is already best|^Use ' "$T/words" "a verdict"
	assert_grep 'tcpdump' "$T/words" "words for tcpdump"
	"$CAPBENCH" plan "$T/whole/report/default-vs-best.yaml" >"$T/out" || fail "the scenario of the comparison is wrong"
	assert_grep '^cells +2' "$T/out" "two cells"
fi

expect 2 "$CAPBENCH" tune
assert_grep 'rate is missing' "$T/err" "what is missing"
expect 2 "$CAPBENCH" tune --rate 1k --load nosuch
assert_grep 'nosuch' "$T/err" "a load that is none"
expect 2 "$CAPBENCH" tune --resume "$T/nosuch"
assert_nothing_left "all"
