#!/usr/bin/env bash
# The gate for real: a capture program made slower is caught, the same twice is not; what is broken
# is neither; and every number it tells is recomputed from trials.jsonl by jq and awk.
# timeout: 900
# alone: all
#
# In the commit tier at one rate; in the all tier at two, and twenty times each (CAPBENCH_GATES: that often).
# shellcheck disable=SC2016  # $offered and $path are jq's
. "$(dirname "$0")/lib.sh"
need_root
need_cmd xmllint

rates='20k' retries=2
[ "$CAPBENCH_TIER" != all ] || rates='20k, 40k' retries=10
cat >"$T/gate.yaml" <<-YAML
	name: gate
	title: Is it slower?
	trial:
	  duration: 100ms
	  warmup: 30ms
	  traffic: {frame_size: 64, rate: 20k}
	  generator: {transmitter: packet}
	  capture: {mechanism: tpacket3, load: "work:2us"}
	vary:
	  traffic.rate: [$rates]
	repetitions: 6
	retries: $retries
YAML
# 2 us of work and what it takes to get the frame: 0.35 us more is 15 % and something. Few trials on a
# machine that has other things to do find a half.
slower='base=,cand=capture.load=work:2350ns' at_most=0.6
[ "$CAPBENCH_TIER" = all ] || slower='base=,cand=capture.load=work:3200ns' at_most=0.9
same='a=,b='

# gate DIR VARIANTS: its exit status is in $status; the comparison in $T/out, as JSON. Where
# ${kill_at:-} is a number the run is killed at that line of a journal, and resumed.
gate()
{
	status=0
	rm -rf "$1"
	CAPBENCH_KILL_AT_STEP=${kill_at:-} "$CAPBENCH_FAST" run "$T/gate.yaml" --variants "$2" \
		--metric cpu_ns_per_frame --no-pictures --out "$1" --json >"$T/out" 2>"$T/err" </dev/null || status=$?
	if [ $status -eq 137 ] && [ -n "${kill_at:-}" ]; then
		cat "$1/trials.jsonl" "$1/confirm/trials.jsonl" >"$T/before" 2>/dev/null || true
		status=0
		"$CAPBENCH_FAST" run --resume "$1" --metric cpu_ns_per_frame --no-pictures --json \
			>"$T/out" 2>"$T/err" </dev/null || status=$?
		grep -qvxFf <(cat "$1/trials.jsonl" "$1/confirm/trials.jsonl" 2>/dev/null) "$T/before" &&
			fail "resuming a gate changes trials that were made"
	fi
	[ $status -eq 0 ] || [ $status -eq 3 ] || [ $status -eq 6 ] ||
		fail "exit status $status of a gate: $(cat "$T/err")"
	assert_json "$T/out" ".gate_exit_status == $status" "status and document say the same"
	[ $status -ne 6 ] || assert_json "$T/out" '[.reasons[], .curves[].reasons[]] | length > 0' \
		"why it can't be told"
}

# until_told DIR VARIANTS: this machine may be too busy to tell; not again and again.
until_told()
{
	local i
	for ((i = 0; i < 4; i++)); do
		gate "$1" "$2"
		[ $status -eq 6 ] || return 0
	done
	fail "four gates in a row can't tell: $(jq -c '[.reasons[], .curves[].reasons[]]' "$T/out")"
}

# ---- slower, and the same ------------------------------------------------------------------------

# The 32nd line of a journal is one of the confirmation's.
for ((i = 0; i < 3; i++)); do
	kill_at=32 until_told "$T/slow" "$slower"
	[ $status -ne 3 ] || break
done
[ $status -eq 3 ] || fail "exit status $status where the candidate is slower: $(jq -c '.curves[0] | del(.points)' "$T/out")"
assert_json "$T/out" '.outcome == "confirmed" and .curves[0].again.changed
	and .curves[0].effect > 0.05 and .curves[0].effect < '"$at_most" "what was found, twice"
assert_json "$T/out" '.curves[0].again.points[0] | .base.n >= 8 and .cand.n >= 8' "fresh trials"
assert_grep 'REGRESSION: capture CPU time per frame \+' "$T/err" "the verdict on stderr"
# Two and two, the same cell in both variants, each of which is as often the first: ABBA.
jq -s '[.[] | select(.attempt == 1)]' "$T/slow/trials.jsonl" >"$T/first.json"
assert_json "$T/first.json" '[range(0; length; 2) as $i | .[$i:$i + 2] |
	(.[0].params["traffic.rate"] == .[1].params["traffic.rate"]) and (.[0].repetition == .[1].repetition)
		and (.[0].params.variant != .[1].params.variant)] | all' "trials go in pairs"
assert_json "$T/first.json" '[range(0; length; 2) as $i | .[$i].params.variant] |
	(map(select(. == "base")) | length) * 2 == length' "either variant is first as often"

# Of twenty of the same one may be found by chance, hardly ever; that it is not told as a finding
# twice in a row holds on any machine.
until_told "$T/same" "$same"
[ $status -eq 0 ] || until_told "$T/same" "$same"
assert_eq $status 0 "exit status where nothing differs"

if [ "$CAPBENCH_TIER" = all ]; then
	found=0 wrong=0 times=${CAPBENCH_GATES:-20}
	for ((i = 0; i < times; i++)); do
		until_told "$T/again" "$slower"
		found=$((found + (status == 3)))
		until_told "$T/again" "$same"
		wrong=$((wrong + (status == 3)))
	done
	echo "slower found $found of $times, the same $wrong of $times"
	# the machine may be taken away in one of them
	[ $found -ge $((times - 1)) ] || fail "the slower program was caught $found times of $times"
	[ $wrong -le 1 ] || fail "the same program was blamed $wrong times of $times"
fi
assert_nothing_left "gates"

# ---- every number --------------------------------------------------------------------------------

# The values that are compared, from the trials alone: the last attempt of each, if it is valid.
values()
{
	jq -s -r 'group_by(.trial) | map(max_by(.attempt)) | sort_by(.trial) | .[] |
		select(.state != "invalid") | . as $t | .params["traffic.rate"] as $x |
		(if .params.variant == "base" then "base" else "cand" end) as $side |
		(.views | length) as $n | (.views | map(.received) | add) as $received |
		["captured_share", $x, $side, ((.views | map(.captured_share) | add) / $n)],
		["captured_pps", $x, $side, ((.views | map(.window_unique) | add) /
			(.generator.window_elapsed_ns / 1e9) / $n)],
		["cpu_ns_per_frame", $x, $side, ((.views | map(.cpu_ns) | add) / $received)] | @tsv' "$1"
}

# The same from compare.json, in the form of gate.awk's output.
told()
{
	jq -r '.curves[] | .metric as $m |
		(.points[] | (if .x == null then 20000 else .x end) as $x | . as $p |
			"base.median \($m) \($x) \(.base.median)", "cand.median \($m) \($x) \(.cand.median)",
			"base.n \($m) \($x) \(.base.n)", "cand.n \($m) \($x) \(.cand.n)",
			"p \($m) \($x) \(.p)", "shift.estimate \($m) \($x) \(.shift.estimate)",
			"shift.low \($m) \($x) \(.shift.low)", "shift.high \($m) \($x) \(.shift.high)"),
		"p \($m) curve \(.p)", "shift.estimate \($m) curve \(.shift.estimate)",
		"shift.low \($m) curve \(.shift.low)", "shift.high \($m) curve \(.shift.high)"' "$1"
}

# same_numbers A B: the same lines but for rounding.
same_numbers()
{
	sort "$1" >"$1.sorted"
	sort "$2" >"$2.sorted"
	paste -d ' ' "$1.sorted" "$2.sorted" | awk '
		$1 != $5 || $2 != $6 || $3 != $7 { print "not the same: " $0; bad = 1; next }
		{ d = $4 - $8; if (d < 0) d = -d; s = $4 < 0 ? -$4 : $4 }
		d > 1e-9 + 1e-6 * s { print "differs: " $0; bad = 1 }
		END { exit bad || NR < 10 }'
}

# recompute DIR: `compare` of it against awk.
recompute()
{
	expect 0 "$CAPBENCH" compare "$1" --out "$T/pages" --no-pictures
	cp "$T/out" "$T/pages/text"
	values "$1/trials.jsonl" | awk -v ratios="captured_pps cpu_ns_per_frame" \
		-v lower="captured_share captured_pps" -f "$HERE/gate.awk" >"$T/by-awk"
	told "$T/pages/compare.json" >"$T/by-capbench"
	same_numbers "$T/by-awk" "$T/by-capbench" || fail "numbers of $1 that the trials don't give"
	jq -e '[.curves[] | {p, p_holm}] | (map(.p) | sort) as $sorted | length as $m | all(.p as $p |
		([range(0; $m) | select($sorted[.] <= $p) | ($m - .) * $sorted[.]] | max) as $holm |
		(.p_holm - ([1, $holm] | min) | fabs) < 1e-9)' "$T/pages/compare.json" >/dev/null ||
		fail "Holm's correction of $1"
}

recompute "$T/slow"

# All numbers of the pages are those of compare.json, rounded.
jq -r '[.. | numbers] | map(., . * 100, . / 1000) | .[]' "$T/pages/compare.json" >"$T/known"
jq -r '.. | strings' "$T/pages/compare.json" | grep -oE '[0-9]+([.][0-9]+)?' >>"$T/known"
for page in compare.md text junit.xml compare.html; do
	sed -e 's/&[a-z0-9#]*;/ /g' -e 's/\\//g' -e 's/\xc2\xa0//g' "$T/pages/$page" |
		awk '/<style/ { skip = 1 } /<\/style>/ { skip = 0; next } !skip' |
		sed -e 's/<[^>]*>/ /g' -e "s|${T}[^ ]*||g" -e 's/20[0-9-]*T[0-9:]*Z//g' \
			-e 's/95 %//g' -e '/CPUs\|Linux\|Size\|trials a point/d' |
		grep -oE '(^|[ [,])[-+]?[0-9]+([.][0-9]+)?(e-?[0-9]+)?' | tr -d ' [,+' >"$T/numbers"
	awk -v page="$page" 'NR == FNR { known[++n] = $1; next }
		{
			d = 1; t = $1
			if (index(t, ".")) { f = t; sub(/e.*/, "", f); d = 10 ^ -(length(f) - index(f, ".")) }
			if (t ~ /e/) { e = t; sub(/.*e/, "", e); d *= 10 ^ e }
			ok = 0
			for (i = 1; i <= n && !ok; i++) {
				x = known[i] - t
				ok = (x < 0 ? -x : x) <= d * 0.5001 || (known[i] + 0 == -t)
			}
			if (!ok) { print page " tells " t; bad = 1 }
		}
		END { exit bad || FNR < 8 }' "$T/known" "$T/numbers" ||
		fail "$page tells numbers that compare.json does not have"
done
xmllint --noout "$T/pages/junit.xml" || fail "junit.xml is not well-formed"
assert_grep '<failure message="REGRESSION' "$T/slow/report/junit.xml" "JUnit of a run"
for page in compare.json compare.md compare.html junit.xml report.html; do
	[ -s "$T/slow/report/$page" ] || fail "a run with variants leaves no $page"
done

# ---- two runs ------------------------------------------------------------------------------------

measure "$CAPBENCH" run "$T/gate.yaml" --out "$T/base" --no-report
if [ "$CAPBENCH_TIER" = all ]; then
	measure "$CAPBENCH" run "$T/gate.yaml" --out "$T/cand" --no-report
else
	cp -r "$T/base" "$T/cand"
fi
status=0
"$CAPBENCH" compare "$T/base" "$T/cand" --metric cpu_ns_per_frame --gate --json >"$T/out" 2>"$T/err" || status=$?
[ $status -eq 0 ] || [ $status -eq 6 ] || fail "two runs of the same: exit status $status"
assert_json "$T/out" ".gate_exit_status == $status and (.environment | type == \"array\")" "two runs"

# What is broken is never taken for a regression, nor for a pass.
unclear() # REASON
{
	expect 6 "$CAPBENCH" compare "$T/base" "$T/broken" --metric cpu_ns_per_frame --gate --json
	assert_json "$T/out" "[.reasons[], .curves[].reasons[]] | any(contains(\"$1\"))" "why: $1"
	assert_json "$T/out" '.outcome == "unclear"' "$1"
	expect 0 "$CAPBENCH" compare "$T/base" "$T/broken" --metric cpu_ns_per_frame
}
broken()
{
	rm -rf "$T/broken"
	cp -r "$T/cand" "$T/broken"
}
broken
for facts in "$T"/broken/hosts/*/facts.json; do
	jq '.kernel.release = "2.6.32"' "$facts" >"$T/facts" && mv "$T/facts" "$facts"
done
unclear "environments differ"
expect_accepting=$("$CAPBENCH" compare "$T/base" "$T/broken" --accept kernel.release --json 2>/dev/null |
	jq '.reasons | length')
assert_eq "$expect_accepting" 0 "a difference that is accepted"
broken
jq -c '.state = "invalid"' "$T/cand/trials.jsonl" >"$T/broken/trials.jsonl"
unclear "trials can be used"
broken
head -n 4 "$T/cand/trials.jsonl" >"$T/broken/trials.jsonl"
unclear "missing"
broken
rm -r "$T/broken/hosts"
unclear "not known"
broken
: >"$T/broken/trials.jsonl"
unclear "trials can be used"
"$CAPBENCH" run "$T/gate.yaml" --set repetitions=2 --only traffic.rate=20k --out "$T/few" --no-report 2>/dev/null || true
expect 6 "$CAPBENCH" compare "$T/few" "$T/few" --gate
assert_grep 'too few trials' "$T/out" "too few trials"

expect 2 "$CAPBENCH" compare "$T/base"
assert_grep 'no variants' "$T/err" "one run without variants"
expect 2 "$CAPBENCH" compare "$T/base" "$T/nosuch" --gate
expect 2 "$CAPBENCH" compare "$T/base" "$T/cand" --metric captured_shar
assert_grep 'did you mean' "$T/err" "a mistyped metric"
expect 2 "$CAPBENCH" run "$T/gate.yaml" --variants base
assert_grep 'base=capture.wait=poll,cand=capture.wait=spin' "$T/err" "--variants says how"

# What is complete is judged again, and nothing is measured.
lines=$(cat "$T"/slow/trials.jsonl "$T"/slow/confirm/trials.jsonl | wc -l)
expect 3 "$CAPBENCH_FAST" run --resume "$T/slow" --metric cpu_ns_per_frame --no-report
assert_eq "$(cat "$T"/slow/trials.jsonl "$T"/slow/confirm/trials.jsonl | wc -l)" "$lines" "trials after a resume"
if [ "$CAPBENCH_TIER" = all ]; then
	rm -r "$T/slow/confirm"
	status=0
	"$CAPBENCH_FAST" run --resume "$T/slow" --metric cpu_ns_per_frame --no-report >"$T/out" 2>"$T/err" || status=$?
	[ $status -eq 3 ] || [ $status -eq 6 ] || fail "a gate that was broken off before its confirmation: $status"
	[ -s "$T/slow/confirm/trials.jsonl" ] || fail "the confirmation was not made up for"
fi

# ---- the same against itself ---------------------------------------------------------------------

expect 0 "$CAPBENCH_FAST" compare --calibrate "$T/gate.yaml" --pairs 2 --set repetitions=2 \
	--only traffic.rate=20k --out "$T/calibrated" --json
assert_json "$T/out" '.pairs == 2 and .repetitions == 2 and .beside.pairs == 2 and .apart.pairs == 2' "calibration"
assert_json "$T/out" '.noise.cpu_ns_per_frame >= 0 and .noise_apart.cpu_ns_per_frame >= 0' "noise"
cmp <(jq -S . "$T/out") <(jq -S . "$T/calibrated/report/calibrate.json") || fail "calibrate.json is another"
expect 0 "$CAPBENCH" compare "$T/slow" --noise "$T/calibrated/report/calibrate.json" --json
expect 2 "$CAPBENCH" compare "$T/slow" --noise "$T/gate.yaml"
expect 2 "$CAPBENCH" compare --calibrate "$T/base"
assert_grep 'no variants' "$T/err" "a calibration of a run without variants"

# ---- a series ------------------------------------------------------------------------------------

mkdir "$T/series"
for ((i = 0; i < 14; i++)); do
	cp -r "$T/base" "$T/series/$i"
	jq ".started = \"2026-01-$((i + 10))T00:00:00Z\"" "$T/base/run.json" >"$T/series/$i/run.json"
	factor=1
	[ $i -lt 8 ] || factor=2
	# no two runs are quite the same
	jq -c ".views[].cpu_ns |= (. * $factor * (1 + 0.001 * $((i % 3))) | round)" "$T/base/trials.jsonl" \
		>"$T/series/$i/trials.jsonl"
done
expect 0 "$CAPBENCH" trend "$T/series" --out "$T/trend" --json
assert_json "$T/out" '.runs | length == 14' "a folder of runs"
assert_json "$T/out" '.series[] | select(.metric == "cpu_ns_per_frame") | .changes |
	length == 1 and .[0].run == 8 and (.[0].after / .[0].before | . > 1.95 and . < 2.05)' "where it changed"
assert_json "$T/out" '.series[] | select(.metric == "captured_share") | .changes == []' "where it did not"
# Levels: of each run the mean of its curve's medians (of ratios the geometric one), from its trials.
for ((i = 0; i < 14; i++)); do
	values "$T/series/$i/trials.jsonl" | awk -v ratios="captured_pps cpu_ns_per_frame" -v lower="captured_share captured_pps" \
		-f "$HERE/gate.awk" | awk -v run=$i '$1 == "cand.median" { ratio = $2 != "captured_share"
			sum[$2] += ratio ? log($4) : $4; n[$2]++ }
		END { for (m in sum) { level = sum[m] / n[m]
			printf "level %s %d %.12g\n", m, run, m == "captured_share" ? level : exp(level) } }'
done >"$T/by-awk"
# And of these levels where they changed, how surely, and from what to what.
awk -v alpha="$(jq .alpha "$T/out")" -v seed="$(jq .seed "$T/out")" -v shuffles="$(jq .shuffles "$T/out")" \
	-f "$HERE/trend.awk" "$T/by-awk" >"$T/changes"
assert_grep '^p cpu_ns_per_frame 1 0\.0' "$T/changes" "the p of a change"
cat "$T/changes" >>"$T/by-awk"
jq -r '.series[] | .metric as $m | (.levels | to_entries[] | "level \($m) \(.key) \(.value)"), "changes \($m) - \(.changes | length)",
	(.changes | to_entries[] | (.key + 1) as $k | .value | "run \($m) \($k) \(.run)", "p \($m) \($k) \(.p)",
		"before \($m) \($k) \(.before)", "after \($m) \($k) \(.after)")' "$T/out" >"$T/by-capbench"
same_numbers "$T/by-awk" "$T/by-capbench" || fail "levels and changes that the trials don't give"
# What is told of a change are the medians of the levels on its sides.
assert_json "$T/out" 'def median: sort | if length % 2 == 1 then .[length / 2 | floor]
	else (.[length / 2 - 1] + .[length / 2]) / 2 end; .series[] | select(.metric == "cpu_ns_per_frame") | . as $s
	| .changes[0] | (.before / ($s.levels[:8] | median) - 1 | fabs) < 1e-9 and (.after / ($s.levels[8:] | median) - 1 | fabs) < 1e-9' \
	"levels before and after"
for kind in dat gp svg png pdf; do
	[ -s "$T/trend/trend-cpu_ns_per_frame.$kind" ] || fail "trend: no .$kind"
done
# A run of another scenario that lies there is left out, and said to be.
cp -r "$T/series/3" "$T/series/other"
jq '.scenario = "other" | .started = "2025-01-01T00:00:00Z"' "$T/base/run.json" >"$T/series/other/run.json"
expect 0 "$CAPBENCH" trend "$T/series" --json
assert_json "$T/out" '(.runs | length == 14) and (.notes | any(contains("1 run of other scenarios than gate: left out")))' \
	"a run of another scenario"
expect 0 "$CAPBENCH" trend "$T/series" "$T/series/other" --json
assert_json "$T/out" '.runs | length == 15' "a run of another scenario that is named"
expect 0 "$CAPBENCH" trend "$T/series/3" "$T/series/1" "$T/series/2"
assert_grep 'too few to tell' "$T/out" "three runs"
expect 6 "$CAPBENCH" trend "$T/base"
expect 2 "$CAPBENCH" trend "$T/trend"
assert_nothing_left "everything"
