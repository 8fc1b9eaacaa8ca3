#!/usr/bin/env bash
# Wrong scenarios: each is refused with file:line:column, the key and what would be right, exit
# status 2, by plan and by run alike, and nothing is started.
. "$(dirname "$0")/lib.sh"

tiny_scenario "$T/good.yaml"
expect 0 "$CAPBENCH" plan "$T/good.yaml"

n=0
# wrong WHAT SED LINE PATTERN: the tiny scenario changed by SED is refused at LINE (of the changed
# file) in words that match PATTERN.
wrong()
{
	local what=$1 change=$2 line=$3 pattern=$4 verb
	n=$((n + 1))
	sed -E "$change" "$T/good.yaml" >"$T/wrong.yaml"
	! cmp -s "$T/good.yaml" "$T/wrong.yaml" || fail "$what: the change changes nothing"
	for verb in plan run; do
		expect 2 "$CAPBENCH" $verb "$T/wrong.yaml"
		assert_grep "wrong\.yaml:$line:[0-9]+: " "$T/err" "$what: $verb tells file, line and column"
		assert_grep "$pattern" "$T/err" "$what: $verb tells what is wrong"
		assert_eq "$(grep -c . "$T/err")" 1 "$what: lines on stderr"
		[ ! -s "$T/out" ] || fail "$what: $verb writes to stdout"
		[ ! -e results ] || fail "$what: a run directory was made"
	done
}

# 1 name 2 title 3 trial 4 duration 5 warmup 6 traffic 7 generator 8 capture 9 vary 10 rate
# 11 repetitions 12 order 13 figures 14 figure
wrong "unknown key" 's/^repetitions:/repetitons:/' 11 'repetitions'
wrong "unknown key inside" 's/mechanism:/mechansim:/' 8 'mechanism'
wrong "unknown key under trial" 's/duration:/duratoin:/' 4 'duration'
wrong "wrong unit" 's/50ms/50parsecs/' 4 'duration'
wrong "wrong type, a list" 's/50ms/[50ms]/' 4 'duration'
wrong "wrong type, a map" 's/^repetitions: 2/repetitions: {a: 1}/' 11 'repetitions'
wrong "out of range" 's/frame_size: 64/frame_size: 63/' 6 '64'
wrong "far out of range" 's/frame_size: 64/frame_size: 99999999999999999999999/' 6 'frame_size'
wrong "negative" 's/50ms/-50ms/' 4 'duration'
wrong "no repetitions" 's/^repetitions: 2/repetitions: 0/' 11 'repetitions'
wrong "unknown mechanism" 's/tpacket3/tpaket3/' 8 'tpacket3'
wrong "unknown wait" 's/wait: poll/wait: pol/' 8 'poll'
wrong "unknown option of a member" 's/load: discard/load: "packzip:levl=3"/' 8 'level'
wrong "option out of range" 's/load: discard/load: "packzip:10"/' 8 '9'
wrong "duplicate key" 's/^order: shuffle/order: shuffle\norder: interleave/' 13 'order'
wrong "duplicate key inside" 's/(frame_size: 64)/\1, frame_size: 128/' 6 'frame_size'
wrong "empty sweep" 's/\[10k, 20k\]/[]/' 10 'traffic.rate'
wrong "sweep of an unknown path" 's/  traffic\.rate:/  traffic.rat:/' 10 'did you mean .*rate'
wrong "sweep without an end" 's/\[10k, 20k\]/{from: 10k, points: 3}/' 10 'to'
wrong "sweep that never arrives" 's/\[10k, 20k\]/{from: 10k, to: 20k, step: 0}/' 10 'step'
wrong "absurd matrix" 's/\[10k, 20k\]/{from: 1, to: 1000000, step: 1}/' 10 '[0-9]'
wrong "unknown order" 's/shuffle/shufle/' 12 'shuffle'
wrong "unknown metric" 's/captured_share/captured_shar/' 14 'captured_share'
wrong "figure over what does not vary" 's/x: traffic\.rate/x: traffic.frame_siz/' 14 'traffic'
wrong "a value for a map" 's/^  traffic: .*/  traffic: 5/' 6 'traffic'
wrong "not YAML" 's/^order: shuffle/order: [shuffle/' '[0-9]+' '.'
wrong "a tab for indentation" 's/^  warmup/\twarmup/' '[0-9]+' '.'
wrong "impossible placement" 's/^  warmup: 10ms/  placement: "A:ZZ"/' 5 'placement'
[ $n -ge 12 ] || fail "only $n wrong files"

# Bombs: refused at once.
{
	echo 'name: bomb'
	echo 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]'
	for i in 1 2 3 4 5 6 7 8 9; do
		echo "a$i: &a$i [$(yes "*a$((i - 1))" | head -n 10 | paste -sd,)]"
	done
} >"$T/bomb.yaml"
{
	cat "$T/good.yaml"
	printf 'exclude: '
	printf '[%.0s' $(seq 5000)
	printf ']%.0s' $(seq 5000)
} >"$T/deep.yaml"
{
	sed '/^vary/,/^  traffic.rate/d' "$T/good.yaml"
	echo 'vary:'
	echo '  traffic.rate: {from: 1, to: 1000, step: 1}'
	echo '  traffic.frame_size: {from: 64, to: 1064, step: 1}'
} >"$T/matrix.yaml"
head -c 40000000 /dev/zero | tr '\0' ' ' >"$T/long.yaml"
head -c 100000 /dev/urandom >"$T/noise.yaml"
: >"$T/empty.yaml"
for file in bomb deep matrix long noise empty; do
	start=$EPOCHREALTIME
	expect 2 "$CAPBENCH" plan "$T/$file.yaml"
	[ -s "$T/err" ] || fail "$file.yaml: not a word"
	awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { exit !(b - a < 5) }' || fail "$file.yaml took too long"
done
expect 2 "$CAPBENCH" plan "$T/nosuch.yaml"
assert_grep 'nosuch\.yaml' "$T/err" "a file that is not there"
expect 2 "$CAPBENCH" plan "$T"
expect 2 "$CAPBENCH" plan /dev/null

# The command line's overlays are held to the same.
expect 2 "$CAPBENCH" plan "$T/good.yaml" --set trial.duratoin=1s
assert_grep 'duration' "$T/err" "--set with an unknown key"
expect 2 "$CAPBENCH" plan "$T/good.yaml" --set trial.duration=often
expect 2 "$CAPBENCH" plan "$T/good.yaml" --set trial.duration
expect 2 "$CAPBENCH" plan "$T/good.yaml" --only traffic.rate=30k
expect 2 "$CAPBENCH" plan "$T/good.yaml" --only nothing=1
expect 2 "$CAPBENCH" plan "$T/good.yaml" --profile nosuch
assert_grep 'nosuch' "$T/err" "a profile that is not there"

# All scenarios that come with it are good.
found=0
while read -r file; do
	expect 0 "$CAPBENCH" plan "$file"
	found=$((found + 1))
done < <(find "$ROOT/scenarios" -name '*.yaml' -not -path '*/testbeds/*')
[ $found -ge 1 ] || fail "no scenario comes with it"
