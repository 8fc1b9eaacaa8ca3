#!/usr/bin/env bash
# A whole run of scenarios/quick.yaml in its smallest profile: all trials, balanced books, report
# files, nothing left; and the report redrawn from the data alone.
# timeout: 180
# shellcheck disable=SC2016  # $offered and $path are jq's
. "$(dirname "$0")/lib.sh"
need_root
need_cmd gnuplot

quick=$ROOT/scenarios/quick.yaml

# What plan promises is what run does.
expect 0 "$CAPBENCH" plan "$quick" --profile smoke --json
cp "$T/out" "$T/plan.json"
trials=$(json "$T/plan.json" .trials)
cells=$(json "$T/plan.json" .cells_count)
assert_json "$T/plan.json" '.cores_needed >= 1 and .estimated_ns > 0 and (.cells | length) == .cells_count' plan
assert_json "$T/plan.json" '.trials == .cells_count * .repetitions' "plan"

measure "$CAPBENCH" run "$quick" --profile smoke --seed 7 --out "$T/r"
assert_nothing_left "run"
assert_grep "$T/r/report/report.html|r/report/report.html" "$T/out" "run says where the report is"
if grep -q $'\r' "$T/err"; then
	fail "a live progress line although stderr is no terminal"
fi
assert_eq "$(grep -c . "$T/err")" "$(grep . "$T/err" | sort -u | wc -l)" "lines of progress are not repeated"
[ "$(grep -cE "(^|[^0-9])[0-9]+/$trials([^0-9]|$)" "$T/err")" -ge "$trials" ] ||
	fail "not one line of progress per trial: $(cat "$T/err")"

assert_complete "$T/r" "$trials" "quick.yaml --profile smoke"
assert_json "$T/r/report/summary.json" '.schema >= 1 and .scenario == "quick" and .valid + .generator_limited > 0' summary.json
assert_json "$T/r/report/summary.json" "(.cells | length) == $cells" "summary.json has every cell"
assert_json "$T/r/report/summary.json" '[.cells[] | select(.n > 0) | .params and (.captured_share |
	(.min <= .median and .median <= .max and .min >= 0 and .max <= 1))] | all' "the cells' shares"

# The contract of trials.jsonl.
assert_json "$T/trials.json" '[.[] | .schema and .params and (.generator | .intended and .offered and
	.elapsed_ns and .offered_pps) and (.reasons | type == "array") and (.views | length >= 1)] | all' \
	"fields of trials.jsonl"
assert_json "$T/trials.json" '[.[] | .generator | .unoffered == .intended - .offered] | all' "unoffered"
assert_json "$T/trials.json" '[.[] | select(.state != "invalid") | .generator.offered as $offered |
	(.path | .link_dropped + .nic_dropped + .backlog_dropped) as $path | .views[] |
	$path + .tap_dropped + .unread + .unique + .damaged + .unaccounted == $offered] | all' \
	"the sum of the books is what was offered"
assert_json "$T/trials.json" '[.[] | .views[] | .received == .unique + .duplicate + .damaged + .foreign] | all' \
	"what a process saw"
assert_json "$T/trials.json" '[.[].views[].captured_share | . >= 0 and . <= 1] | all' "shares"
assert_json "$T/trials.json" '[.[].params["traffic.rate"] | type == "number"] | all' "params in base units"

# Everything DESIGN's run directory has.
for file in run.json scenario.yaml scenario.resolved.yaml journal.jsonl trials.jsonl \
	report/report.html report/report.md report/summary.json report/trials.csv; do
	[ -s "$T/r/$file" ] || fail "$file is missing or empty"
done
cmp "$quick" "$T/r/scenario.yaml" || fail "scenario.yaml is not the file that was run"
figures=$(grep -cE '^ +- *\{? *id:' "$quick")
for kind in svg png pdf dat gp; do
	n=$(find "$T/r/report" -name "*.$kind" -size +100c | wc -l)
	[ "$n" -ge "$figures" ] || fail "$n figures as .$kind, not $figures: $(ls "$T/r/report")"
done
for host in "$T"/r/hosts/*/; do
	[ -s "$host/facts.json" ] || fail "$host has no facts.json"
done
if grep -qE 'src="?http|href="?http[^"]*\.css|<script src' "$T/r/report/report.html"; then
	fail "report.html wants something from elsewhere"
fi
[ "$(grep -c '<svg' "$T/r/report/report.html")" -ge "$figures" ] || fail "report.html lacks figures"
assert_json "$T/r/run.json" '.command_line or .command' "run.json has the command line"

# The report is made of the data alone: redrawn elsewhere, it is the same.
mv "$T/r" "$T/moved"
cp "$T/moved/report/summary.json" "$T/before.json"
rm -r "$T/moved/report"
expect 0 env -i PATH="$PATH" "$CAPBENCH" report "$T/moved"
cmp "$T/before.json" "$T/moved/report/summary.json" || fail "the summary differs when redrawn"
[ -s "$T/moved/report/report.html" ] || fail "no report.html when redrawn"
expect 0 "$CAPBENCH" report "$T/moved" --no-pictures --json
assert_json "$T/out" ".trials == $trials" "report --json"

# No gnuplot is a warning.
mkdir "$T/bin"
expect 0 env PATH="$T/bin" "$CAPBENCH" report "$T/moved"
assert_grep gnuplot "$T/err" "a missing gnuplot is told"

# A directory that is no run, an output directory that is full.
mkdir "$T/empty"
expect 2 "$CAPBENCH" report "$T/empty" 
expect 2 "$CAPBENCH" report "$T/nosuch"
expect 2 "$CAPBENCH" run "$quick" --profile smoke --out "$T/moved"
assert_grep 'not empty' "$T/err" "an output directory that is in use"

# Without --out: results/<scenario>/<time>-<id> below the working directory; --json is one document.
tiny_scenario "$T/tiny.yaml"
mkdir "$T/here"
(cd "$T/here" && measure "$CAPBENCH" run "$T/tiny.yaml" --json --no-pictures)
assert_json "$T/out" '.trials == 4' "run --json"
dir=$(find "$T/here/results/tiny" -mindepth 1 -maxdepth 1)
[[ $(basename "$dir") =~ ^20[0-9]{6}T[0-9]{6}.*Z-[0-9a-f]+$ ]] || fail "the directory's name: $dir"
assert_complete "$dir" 4 "tiny"

# --only and --set.
measure "$CAPBENCH" run "$T/tiny.yaml" --only traffic.rate=20k --set repetitions=1 --out "$T/one" \
	--no-pictures
assert_complete "$T/one" 1 "--only and --set"
assert_json "$T/trials.json" '.[0].params["traffic.rate"] == 20000' "--only"

# The same seed gives the same order (trials that this machine spoilt are made again at once).
for i in a b; do
	measure "$CAPBENCH" run "$T/tiny.yaml" --seed 42 --out "$T/seed-$i" --no-report
	jq -c 'select(.attempt == 1) | [.cell, .repetition]' "$T/seed-$i/trials.jsonl" >"$T/order-$i"
	[ -s "$T/order-$i" ] || fail "no trial has a first attempt"
done
cmp "$T/order-a" "$T/order-b" || fail "the same seed gives another order"

# Three processes: three views, each balanced, under load.
cat "$T/tiny.yaml" >"$T/three.yaml"
measure "$CAPBENCH" run "$T/three.yaml" --set trial.capture.processes=3 --set trial.capture.load=work:20us \
	--set trial.duration=200ms --set trial.capture.buffer=512KiB --out "$T/three" --no-pictures \
	--set repetitions=1
assert_complete "$T/three" 2 "three processes"
assert_json "$T/trials.json" '[.[].views | length == 3] | all' "three processes are three views"
assert_nothing_left "all runs"
