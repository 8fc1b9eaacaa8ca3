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
# Each as often as it took: one whose time was stolen is measured again.
for name in whole again; do
	jq -s -c 'reduce .[].cell as $c ([]; if last == $c then . else . + [$c] end)' "$T/$name/trials.jsonl" >"$T/$name.cells"
done
jq -n -e --slurpfile a "$T/whole.cells" --slurpfile b "$T/again.cells" '[$a[0], $b[0]] | (map(length) | min) as $n
	| $n >= 1 and .[0][:$n] == .[1][:$n]' >/dev/null || fail "the first candidates: $(cat "$T/whole.cells" "$T/again.cells")"
head -n 2 "$T/whole/trials.jsonl" >"$T/before"
measure "$CAPBENCH" tune --resume "$T/whole"
cp "$T/out" "$T/words"
head -n 2 "$T/whole/trials.jsonl" | cmp - "$T/before" || fail "resuming changes trials that were made"
assert_eq "$(jq -s 'map(.trial) == [range(length)]' "$T/whole/trials.jsonl")" true "trials are numbered"
assert_nothing_left "a tuning"
# No trial begins that would not end within the budget, as those before it let expect.
jq -s -e 'map(.params.took_ns) | (add - max) / 1e9 <= 20' "$T/whole/trials.jsonl" >/dev/null || fail "the budget is not kept"
if [ -s "$T/whole/report/tune.json" ] && jq -e '.comparison.finished' "$T/whole/report/tune.json" >/dev/null; then
	report=$T/whole/report/tune.json
	# Every number of the comparison, and the books of each candidate, out of trials.jsonl.
	challenger=$(jq .comparison.challenger "$report")
	jq -r '.ranking[] | [.cell, .books.offered, .books.unique] | @tsv' "$report" >"$T/books"
	while read -r cell offered unique; do
		assert_eq "$(jq -s --argjson cell "$cell" 'map(select(.cell == $cell and .state != "invalid"))
			| "\(map(.generator.offered) | add) \(map(.views[0].unique) | add)"' -r "$T/whole/trials.jsonl")" \
			"$offered $unique" "books of cell $cell"
	done <"$T/books"
	assert_json "$report" '[.ranking[].books.unaccounted] | map(. == 0) | all' "books balance"
	# Costs, where the receive path's part is known with that; what each candidate last showed in its rounds.
	cost='def cost: ([.views[].cpu_ns] | add) / ([.views[].received] | add) + (if .evidence.receive_softirq_ns == null then 0
		else (.evidence.receive_softirq_ns + (.evidence.napi_thread_ns // 0)) / .generator.offered end);'
	fresh=$(jq -s -c "$cost map(select(.params[\"tune.round\"] == 1000 and .state != \"invalid\")
		| {cell, share: ([.views[].captured_share] | min), cost: cost})" "$T/whole/trials.jsonl")
	jq -r --argjson c "$challenger" '.[] | (if .cell == 0 then "base" elif .cell == $c then "cand" else empty end) as $side
		| ["share", "1", $side, .share], ["cost", "1", $side, .cost] | @tsv' <<<"$fresh" |
		awk -v lower=cost -f "$HERE/gate.awk" >"$T/by-awk"
	tell() # WHAT KEY
	{
		assert_within "$(jq ".comparison.$2" "$report")" "$(sed -n "s/^$1 //p" "$T/by-awk")" 0.0001 "$2"
	}
	tell 'base.median share 1' default_captured_share
	tell 'cand.median share 1' captured_share
	tell 'base.median cost 1' default_cpu_ns_per_frame
	tell 'cand.median cost 1' cpu_ns_per_frame
	# exact permutation tests: more is captured, less is spent
	tell 'p share 1' share_p
	tell 'p cost 1' cost_p
	tell 'base.n share 1' default_trials
	tell 'cand.n share 1' trials
	jq -s -c --slurpfile report "$report" "$cost"'
		group_by(.cell) | map({cell: .[0].cell, trials: length,
			last: (map(select(.params["tune.round"] < 1000 and .state != "invalid")) | sort_by(.params["tune.round"], .trial)
				| if length == 0 then null else (last.params["tune.round"] as $r | map(select(.params["tune.round"] == $r)) | first
					| {rounds: ($r + 1), share: ([.views[].captured_share] | min), cost: cost}) end)})
		| map(select(.last)) | INDEX(.cell) as $mine
		| $report[0].ranking | map($mine[.cell | tostring] as $m | select($m == null or $m.trials != .trials
			or $m.last.rounds != .rounds or ($m.last.share - .captured_share | fabs) > 1e-9
			or ($m.last.cost - .cpu_ns_per_frame | fabs) > 1e-6 * .cpu_ns_per_frame))
		| if length == 0 and ($mine | length) == ($report[0].ranking | length) then "same" else . end' \
		"$T/whole/trials.jsonl" >"$T/ranking"
	assert_eq "$(cat "$T/ranking")" '"same"' "the ranking, as its trials have it"
	# What it ends at captured at least as much as the default (c29), or is the default.
	assert_json "$report" '.use == 0 or .comparison.captured_share >= .comparison.default_captured_share - 0.002' "c29"
	assert_grep 'default is already best|^Use ' "$T/words" "a verdict"
	assert_grep 'tcpdump' "$T/words" "words for tcpdump"
	"$CAPBENCH" plan "$T/whole/report/default-vs-best.yaml" >"$T/out" || fail "the scenario of the comparison is wrong"
	assert_grep '^cells +2' "$T/out" "two cells"
fi

# Whatever is drawn from all combinations, it makes sense here.
for seed in 1 2 3 4; do
	status=0
	CAPBENCH_KILL_AT_STEP=2 "$CAPBENCH_FAST" tune --rate 20k --budget 10min --seed $seed --out "$T/seed$seed" >"$T/out" 2>"$T/err" || status=$?
	assert_eq $status 137 "a tuning of many candidates: $(cat "$T/err")"
	assert_json "$T/seed$seed/run.json" '.plan.cells > 100' "many candidates"
done

expect 2 "$CAPBENCH" tune
assert_grep 'rate is missing' "$T/err" "what is missing"
expect 2 "$CAPBENCH" tune --rate 1k --load nosuch
assert_grep 'nosuch' "$T/err" "a load that is none"
expect 2 "$CAPBENCH" tune --resume "$T/nosuch"
assert_nothing_left "all"
