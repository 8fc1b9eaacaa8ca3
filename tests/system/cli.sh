#!/usr/bin/env bash
# The command line: help of every verb, wrong words with the right ones, versions, JSON.
. "$(dirname "$0")/lib.sh"

verbs="run plan report list generate capture clean"

expect 0 "$CAPBENCH" --version
assert_eq "$(cat "$T/out")" "capbench $(head -n 1 "$ROOT/VERSION")" "the version comes from one place"

expect 0 "$CAPBENCH" --help
for verb in $verbs; do
	assert_grep "^ +$verb " "$T/out" "--help names every verb"
done
if grep -qE '^ +agent ' "$T/out"; then
	fail "--help lists the internal verb agent"
fi
assert_grep '128\+n' "$T/out" "--help tells the exit statuses"
expect 2 "$CAPBENCH"

for verb in $verbs; do
	expect 0 "$CAPBENCH" "$verb" --help
	assert_grep "^Usage: capbench $verb" "$T/out" "$verb --help"
	assert_grep '^ +--json ' "$T/out" "$verb --help tells of --json"
	[ ! -s "$T/err" ] || fail "$verb --help writes to stderr: $(cat "$T/err")"
	# Every option that --help tells of is one.
	grep -oE '^ +--[a-z-]+' "$T/out" | tr -d ' ' >"$T/options"
	while read -r option; do
		[ "$option" != --help ] || continue
		"$CAPBENCH" "$verb" x "$option" >"$T/option" 2>&1 </dev/null || true
		if grep -q "option $option is not known" "$T/option"; then
			fail "$verb --help tells of $option, which $verb does not know"
		fi
	done <"$T/options"
	expect 2 "$CAPBENCH" "$verb" --jsn
	assert_grep 'did you mean --json\?' "$T/err" "$verb with a misspelt option"
	expect 2 "$CAPBENCH" "$verb" -Z
	expect 2 "$CAPBENCH" "$verb" a b c
done

# No line is longer than people read, and nothing is lost between them.
for verb in $verbs compare trend search tune doctor replay; do
	expect 0 "$CAPBENCH" "$verb" --help
	sed '/^Examples:/,$d; /^Usage:/d' "$T/out" >"$T/text"
	assert_eq "$(awk 'length > 100' "$T/text")" "" "lines of $verb --help that are longer than 100 columns"
	need_cmd script
	script -qec "stty cols 40; '$CAPBENCH' $verb --help" /dev/null </dev/null | tr -d '\r' |
		sed '/^Examples:/,$d; /^Usage:/d' >"$T/narrow"
	# what is longer holds a word that is
	assert_eq "$(awk 'length > 40 { most = 0; for (i = 1; i <= NF; i++) if (length($i) > most) most = length($i)
		if (most <= 20) print }' "$T/narrow")" "" "lines of $verb --help on a narrow terminal"
	cmp <(tr -s ' \n' '\n' <"$T/text") <(tr -s ' \n' '\n' <"$T/narrow") || fail "words of $verb --help on a narrow terminal"
done

# Every option of a verb is found when it is nearly right, and every one wants its value.
expect 2 "$CAPBENCH" generate lo --frame-siez 64
assert_grep 'did you mean --frame-size\?' "$T/err" "generate --frame-siez"
expect 2 "$CAPBENCH" capture lo --mechansim tpacket3
assert_grep 'did you mean --mechanism\?' "$T/err" "capture --mechansim"
expect 2 "$CAPBENCH" generate lo --rate
assert_grep 'wants a value' "$T/err" "generate --rate without a value"
expect 2 "$CAPBENCH" generte lo
assert_grep 'did you mean "generate"\?' "$T/err" "a misspelt verb"
expect 2 "$CAPBENCH" xyzzy
expect 2 "$CAPBENCH" generate
assert_grep 'INTERFACE is missing' "$T/err" "generate without an interface"
expect 2 "$CAPBENCH" list mechanism
assert_grep 'did you mean mechanisms' "$T/err" "list with a misspelt axis"

# Values: a wrong unit, a number out of range, an unknown member and an unknown option of one.
for wrong in "--rate 100q" "--rate -5" "--duration 5parsecs" "--frame-size 1" "--count x" \
	"--transmitter pakcet" "--transmitter packet:bathc=3" "--cpu 100000" "--rate 1000000000000000000000"; do
	# shellcheck disable=SC2086  # two words
	expect 2 "$CAPBENCH" generate lo --duration 10ms $wrong
	[ -s "$T/err" ] || fail "generate $wrong says nothing"
done
for wrong in "--mechanism tpaket3" "--mechanism tpacket3:blok=1MiB" "--wait pol" "--load discrad" \
	"--load work:2parsecs" "--load packzip:10" "--snaplen -1"; do
	# shellcheck disable=SC2086  # two words
	expect 2 "$CAPBENCH" capture lo --duration 10ms $wrong
	[ -s "$T/err" ] || fail "capture $wrong says nothing"
done
expect 2 "$CAPBENCH" capture lo --duration 10ms --mechanism tpaket3
assert_grep 'tpacket3' "$T/err" "a misspelt mechanism is told the right one"
"$CAPBENCH" generate nosuch0 --count 1 >"$T/out" 2>"$T/err" && fail "generate on no interface succeeds"
assert_grep 'nosuch0' "$T/err" "an interface that is not there is named"
"$CAPBENCH" capture nosuch0 --duration 1ms >"$T/out" 2>"$T/err" && fail "capture on no interface succeeds"
assert_grep 'nosuch0' "$T/err" "an interface that is not there is named"

# list: valid, with the members that the documentation promises, and each says why it can't run.
expect 0 "$CAPBENCH" list --json
cp "$T/out" "$T/list.json"
assert_json "$T/list.json" '.metrics | map(.name) | contains(["captured_share", "attempt_share", "steal_share"])' \
	"metrics"
assert_json "$T/list.json" '.transmitters | map(.name) | contains(["packet", "null"])' "transmitters"
assert_json "$T/list.json" '.mechanisms | map(.name) | contains(["recv", "tpacket2", "tpacket3", "null"])' \
	"mechanisms"
assert_json "$T/list.json" '.waits | map(.name) | contains(["poll", "spin", "sleep", "yield"])' "waits"
assert_json "$T/list.json" '.loads | map(.name) | contains(["discard", "count", "work", "packzip"])' "loads"
assert_json "$T/list.json" '[del(.metrics, .settings)[][] | select(.can_run | not) | .why_not | length > 10] | all' \
	"what can't run says why"
assert_json "$T/list.json" '[.[][] | (.help | length > 0), (.options[]? | (.help | length > 0) and .value)] | all' \
	"everything is documented"
expect 0 "$CAPBENCH" list
for name in $(jq -r 'del(.settings)[][].name, (.settings[].name | select(contains(".") | not))' "$T/list.json"); do
	assert_grep "^  $name " "$T/out" "the printed list has every member"
done
# Families of settings stand under one name.
for name in $(jq -r '.settings[].name | select(contains("."))' "$T/list.json"); do
	assert_grep "^  ${name%%.*}\.NAME " "$T/out" "the printed list has the family of $name"
	assert_grep "^ {20,}(.*, )?${name#*.}(,|$)" "$T/out" "the printed list has $name"
done
expect 0 "$CAPBENCH" list waits --json
assert_json "$T/out" 'keys == ["waits"]' "list of one axis"

# An error with --json is one JSON document, too.
expect 2 "$CAPBENCH" list nothing --json
assert_json "$T/out" '.exit_status == 2 and (.error | length > 0)' "an error as JSON"

# The man page names every verb and every option.
expect 0 "$CAPBENCH" man
cp "$T/out" "$T/capbench.1"
assert_grep '^\.TH CAPBENCH 1' "$T/capbench.1" "the man page"
for verb in $verbs; do
	"$CAPBENCH" "$verb" --help | grep -oE '^ +--[a-z-]+' | tr -d ' ' >"$T/options" || true
	while read -r option; do
		[ "$option" = --help ] || grep -qF -e "$option" -e "${option//-/\\-}" "$T/capbench.1" ||
			fail "the man page lacks $option of $verb"
	done <"$T/options"
done

# What stands on stdout stays whole when nobody reads it to the end.
set +o pipefail
"$CAPBENCH" list --json 2>"$T/err" | head -n 1 >/dev/null
if grep -qi 'sanitizer\|abort' "$T/err"; then
	fail "a closed pipe: $(cat "$T/err")"
fi

# What can't be written is no success; who reads no further has what they wanted.
for words in --help "run --help" list "list --json" man --version; do
	status=0
	# shellcheck disable=SC2086  # words
	"$CAPBENCH" $words >/dev/full 2>"$T/err" || status=$?
	assert_eq $status 1 "exit status of $words where stdout is full"
	assert_grep "stdout can't be written: No space left on device" "$T/err" "$words where stdout is full"
	# shellcheck disable=SC2086
	"$CAPBENCH" $words 2>"$T/err" | head -n 1 >/dev/null
	assert_eq "${PIPESTATUS[0]}" 0 "exit status of $words | head"
	[ ! -s "$T/err" ] || fail "$words | head: $(cat "$T/err")"
done
