#!/usr/bin/env bash
# Without root: a run works in a user namespace and says what can't be had there; what needs
# privilege says which, with a cure.
# timeout: 120
. "$(dirname "$0")/lib.sh"
need_root
need_cmd setpriv

home=$T/nobody
mkdir "$home"
# The checkout may lie where nobody can't go.
cp "$CAPBENCH" "$home/capbench"
cp "$ROOT/scenarios/quick.yaml" "$home/"
tiny_scenario "$home/tiny.yaml"
chown -R nobody "$home"
as_nobody=(setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps=-all --bounding-set=-all
	--no-new-privs env HOME="$home" TMPDIR="$home")
cd "$home"
expect 0 "${as_nobody[@]}" id -u
[ "$(cat "$T/out")" != 0 ] || fail "still root"
"${as_nobody[@]}" unshare --user --map-root-user --net true 2>/dev/null ||
	skip "this kernel does not let users make namespaces"

# On an interface of the host: not without privilege.
for verb in "generate lo --count 1" "capture lo --duration 1ms"; do
	# shellcheck disable=SC2086  # words
	expect 4 "${as_nobody[@]}" "$home/capbench" $verb
	assert_grep 'CAP_NET_RAW|root|sudo' "$T/err" "$verb without privilege tells a cure"
done

# list says it of each, and works.
expect 0 "${as_nobody[@]}" "$home/capbench" list --json
assert_json "$T/out" '.mechanisms | length >= 4' "list without privilege"

measure "${as_nobody[@]}" "$home/capbench" run tiny.yaml --out "$home/r" --no-pictures
cp "$T/out" "$T/told" && cat "$T/err" >>"$T/told"
assert_complete "$home/r" 4 "a run without privilege"
assert_nothing_left "a run without privilege"
for what in RPS eBPF 'buffer'; do
	assert_grep "$what" "$T/told" "the run says that $what can't be had"
done
# What is not known is null, not zero.
assert_json "$T/trials.json" '[.[].evidence.receive_softirq_ns == null] | all' \
	"softirq time that can't be measured is null"

# Its A:A needs receive work on a core of choice: refused with the cure, which works.
expect 4 "${as_nobody[@]}" "$home/capbench" run quick.yaml --profile smoke --out "$home/q" --no-pictures
assert_grep '--only placement=A:B' "$T/err" "the cure for quick.yaml without privilege"
measure "${as_nobody[@]}" "$home/capbench" run quick.yaml --profile smoke --only placement=A:B \
	--out "$home/q" --no-pictures
assert_json "$home/q/report/summary.json" '.unaccounted == 0 and .trials > 0' "quick.yaml without privilege"

# What can't be had there is refused with the reason when a scenario insists on it.
status=0
"${as_nobody[@]}" "$home/capbench" run tiny.yaml --set trial.receive=rps --out "$home/rps" \
	>"$T/out" 2>"$T/err" </dev/null || status=$?
[ $status -eq 4 ] || [ $status -eq 2 ] || fail "exit status $status for RPS without privilege: $(cat "$T/err")"
assert_grep 'rps|RPS' "$T/err" "RPS without privilege"

# KILL leaves nothing here either.
background run "${as_nobody[@]}" "$home/capbench" run tiny.yaml --set trial.duration=500ms --out "$home/k"
until_true 20 test -s "$home/k/journal.jsonl" || fail "no journal: $(cat "$T/run.err")"
sleep 0.3
stop run KILL
assert_nothing_left "a killed run without privilege"
