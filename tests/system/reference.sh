#!/usr/bin/env bash
# The committed run of paper.yaml redraws to the same data and the same verdicts, to the byte; its pictures hold
# the series, labels, error bars and captions that they should, and README shows what the run found.
# timeout: 240
. "$(dirname "$0")/lib.sh"
need_cmd gnuplot
need_cmd xmllint

reference=$ROOT/results/reference/paper
cp -r "$reference" "$T/paper"
rm -rf "$T/paper/report"
expect 0 "$CAPBENCH_FAST" report "$T/paper"
report=$T/paper/report
summary=$report/summary.json

# ---- the same data ---------------------------------------------------------------------------------
n=0
jq '[.claims[] | {id, verdict, found, p, why}]' "$summary" >"$report/claims.json"
for file in "$reference"/report/*.dat "$reference/report/claims.json"; do
	name=$(basename "$file")
	cmp "$file" "$report/$name" || fail "$name is not redrawn as it was"
	n=$((n + 1))
done
[ "$n" -ge 16 ] || fail "only $n files to compare in $reference/report"

# ---- what the run must be --------------------------------------------------------------------------
assert_json "$summary" '.status == "complete" and .missing == 0' "a complete run"
assert_json "$summary" '.valid + .generator_limited + .invalid == .trials and .trials == .planned' "every trial"
assert_json "$summary" '.unaccounted == 0 and .unaccounted_unknown == 0' "whole books"
assert_json "$summary" '.claims | length == 37' "37 claims"
assert_json "$summary" '[.claims[].verdict] | all(. == "reproduced" or . == "not reproduced" or
	. == "undecided" or . == "needs")' "verdicts"
assert_json "$summary" '[.claims[] | select(.verdict == "undecided" or .verdict == "needs") | .why | length > 0] | all' \
	"what is not decided says why"
assert_json "$summary" '[.claims[] | select(.verdict | endswith("reproduced")) | .found | length > 0] | all' \
	"what is decided says by which effect"
assert_json "$summary" '[.figures[].id] | contains(["fig05", "fig06", "fig07", "fig08", "fig09", "fig10", "fig11",
	"fig12", "fig13", "buffers", "buffers-short", "transparent-modes", "queues", "frame-sizes", "waits"])' figures
assert_json "$summary" '.losses | length > 0' "why frames were lost"

# ---- the page, for a reader who has nothing else ---------------------------------------------------
page=$report/report.html
assert_grep '<h2>What the names stand for</h2>' "$page" "a section for the names"
assert_grep '<dt>tpacket2</dt><dd>.* In the paper: libpcap 1.0.0' "$page" "a mechanism's name"
assert_grep '<dt>batch</dt>' "$page" "a wait's name"
assert_grep '<dt>A:A</dt>' "$page" "a placement's name"
# fourteen columns that tell cells apart would leave no room on paper for the numbers
assert_grep '<th scope="row" class="cell">fig12: wait spin, level 0</th>' "$page" "a cell's name in the tables"
assert_grep 'where p is 0.5&nbsp;% at most' "$page" "at which level claims are decided"

# ---- the pictures ----------------------------------------------------------------------------------
# texts FILE: every text of the picture, a line each.
texts()
{
	xmllint --xpath "//*[local-name()='text']" "$1" 2>/dev/null | sed 's/<[^>]*>/\n/g' | sed 's/^ *//;s/ *$//' | grep .
}

# strokes FILE N: how many lines the picture's N-th plot has.
strokes()
{
	xmllint --xpath "//*[local-name()='g'][@id='gnuplot_plot_$2']" "$1" 2>/dev/null | grep -o 'M[0-9][0-9.]*,' | wc -l
}

# bars DATA SERIES: the points of a series whose least and greatest differ.
bars()
{
	awk -v series="series $2, a row a cell:" '/^# block/ {on = index($0, series)} /^[0-9]/ && on && $5 < $6' "$1" | wc -l
}

check_lines() # ID SVG: three plots a series: dots, error bars, lines
{
	local id=$1 svg=$2 i=0 label wanted
	while read -r label; do
		i=$((i + 1))
		[ -z "$label" ] || texts "$svg" | grep -qxF -- "$label" || fail "$id.svg does not name $label: $(texts "$svg")"
		wanted=$(bars "$report/$id.dat" $i)
		# a line and two caps each
		[ "$(strokes "$svg" $((3 * i - 1)))" -ge $((3 * wanted)) ] ||
			fail "$id.svg: series $i has $wanted error bars, and $(strokes "$svg" $((3 * i - 1))) strokes for them"
	done < <(jq -r --arg id "$id" '.figures[] | select(.id == $id) | .series | if length > 1 then .[].label else "" end' "$summary")
	[ $i -gt 0 ] || fail "$id has no series"
}

check_heat_map() # ID SVG: a row a series, and the median in every field
{
	local id=$1 svg=$2 what
	while read -r what; do
		texts "$svg" | grep -qxF -- "$what" || fail "$id.svg does not say $what: $(texts "$svg")"
	done < <(jq -r --arg id "$id" '.figures[] | select(.id == $id) | .series[].label, .x_values[].text' "$summary")
	assert_eq "$(texts "$svg" | grep -cE '^\[[0-9.]+, [0-9.]+\]$')" \
		"$(jq --arg id "$id" '[.figures[] | select(.id == $id) | .series[].points[] | select(.n > 0)] | length' "$summary")" \
		"fields of $id with least and greatest"
}

while read -r id; do
	svg=$report/$id.svg
	xmllint --noout "$svg" || fail "$id.svg is not well-formed"
	texts "$svg" >"$T/texts"
	jq -r --arg id "$id" '.figures[] | select(.id == $id) | .x_label' "$summary" >"$T/label"
	grep -qF -f "$T/label" "$T/texts" || fail "$id.svg has no axis $(cat "$T/label"): $(cat "$T/texts")"
	assert_grep 'n = [0-9]' "$T/texts" "$id.svg's caption"
	assert_grep '400 ms a trial|300 ms a trial' "$T/texts" "$id.svg's caption"
	if grep -q "^rows = " "$report/$id.gp"; then
		check_heat_map "$id" "$svg"
	else
		check_lines "$id" "$svg"
		if jq -e --arg id "$id" '.figures[] | select(.id == $id) | .y == "captured_share"' "$summary" >/dev/null; then
			if ! grep -qx 0 "$T/texts" || ! grep -qx 100 "$T/texts"; then
				fail "$id.svg's axis is not from 0 to 100"
			fi
		fi
	fi
	jq -e --arg id "$id" '.figures[] | select(.id == $id) | .caption | test("n = [0-9]")' "$summary" >/dev/null ||
		fail "$id's caption does not tell n"
done < <(jq -r '.figures[].id' "$summary")

# ---- README ----------------------------------------------------------------------------------------
jq -r '.claims[] | "| \(.id) | \(.says) | \(.section) | \(.verdict) |"' "$summary" >"$T/table"
while read -r line; do
	grep -qF -- "$line" "$ROOT/README.md" || fail "README does not have: $line"
done <"$T/table"
assert_grep 'results/reference/paper/report/fig12.svg' "$ROOT/README.md" "README's figure 12"
assert_grep 'scenarios/imc10/paper.yaml --profile quick' "$ROOT/README.md" "README's command"
