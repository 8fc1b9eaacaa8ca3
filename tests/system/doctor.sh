#!/usr/bin/env bash
# The doctor: what it says to people, to programs and to files, on a link that is made up; and what
# `--fix` writes is what a run takes.
# timeout: 120
. "$(dirname "$0")/lib.sh"
need_root
need_cmd script

ip link add vtx numrxqueues 2 numtxqueues 2 type veth peer name vrx numrxqueues 2 numtxqueues 2
ip link set vtx up
ip link set vrx up

# ---- for people ----

got=0
"$CAPBENCH" doctor vrx --window 50ms >"$T/out" 2>"$T/err" || got=$?
[ "$got" -eq 0 ] || [ "$got" -eq 6 ] || fail "exit status $got: $(cat "$T/err")"
assert_grep '^here, port vrx: ' "$T/out" "the heading"
assert_grep '^warn +queues +vrx: 2 of 2' "$T/out" "a finding"
assert_grep '-> set host: channels.rx: 1, or: ethtool -L vrx rx 1' "$T/out" "the cure"
assert_grep '^good +steal|^bad +steal' "$T/out" "steal is measured"
if grep -q $'\033' "$T/out"; then
	fail "colours although stdout is no terminal"
fi
# A narrow terminal: no line is longer, but for words that can't be cut.
script -qec "stty cols 44; exec '$CAPBENCH' doctor vrx --window 0s" /dev/null >"$T/narrow" </dev/null || true
sed -e 's/\x1b\[[0-9;]*m//g' -e 's/\r//' "$T/narrow" | awk 'length > 44 && NF > 2' >"$T/long"
[ ! -s "$T/long" ] || fail "lines longer than a terminal of 44 columns: $(cat "$T/long")"
assert_grep $'\033' "$T/narrow" "colours on a terminal"
script -qec "env NO_COLOR=1 '$CAPBENCH' doctor vrx --window 0s" /dev/null >"$T/plain" </dev/null || true
if grep -q $'\033\[' "$T/plain"; then
	fail "colours although NO_COLOR is set"
fi

# ---- for programs ----

got=0
"$CAPBENCH" doctor vrx vtx >"$T/out" 2>"$T/err" --window 0s || got=$?
assert_eq "$got" 2 "a second port"
got=0
"$CAPBENCH" doctor vrx --json --window 50ms >"$T/doctor.json" 2>"$T/err" || got=$?
assert_json "$T/doctor.json" '.hosts | length == 1' "one document"
assert_json "$T/doctor.json" '[.hosts[0].findings[] | .check and .verdict and .read and .why] | all' "whole findings"
assert_json "$T/doctor.json" "(.bad > 0) == ($got == 6)" "the exit status tells what is bad"
assert_json "$T/doctor.json" '.hosts[0].findings[] | select(.check == "queues") | .setting == "channels.rx" and .value == "1"' "a setting"

# Taps of others are named.
if command -v tcpdump >/dev/null; then
	background tap tcpdump -i vrx -w /dev/null
	is_tapped()
	{
		[ "$(awk 'NR > 1 && $6 == 1' /proc/net/packet | wc -l)" -ge 1 ]
	}
	until_true 10 is_tapped || fail "tcpdump does not start: $(cat "$T/tap.err")"
	"$CAPBENCH" doctor vrx --window 0s >"$T/out" 2>"$T/err" || true
	assert_grep '^warn +taps +1: tcpdump' "$T/out" "whose tap it is"
	stop tap
fi

# ---- errors ----

expect 2 "$CAPBENCH" doctor nope0
assert_grep 'nope0' "$T/err" "a port that is not there"
expect 2 "$CAPBENCH" doctor vrx --testbed "$T/x.yaml"
expect 2 "$CAPBENCH" doctor --testbed "$T/x.yaml"
assert_grep 'x.yaml' "$T/err" "a test-bed file that is not there"

# ---- without root ----

got=0
setpriv --reuid 65534 --regid 65534 --clear-groups "$CAPBENCH" doctor vrx --window 0s >"$T/out" 2>"$T/err" || got=$?
assert_eq "$got" 6 "without rights nothing can be captured"
assert_grep '^bad +rights +lacks CAP_NET_RAW' "$T/out" "what is lacking"

# ---- what it writes, a run takes ----

got=0
"$CAPBENCH" doctor vrx --window 0s --fix "$T/host.yaml" >"$T/out" 2>"$T/err" || got=$?
assert_grep '^host:$' "$T/host.yaml" "a host: block"
assert_grep '^  channels:$' "$T/host.yaml" "its groups"
expect 2 "$CAPBENCH" doctor vrx --window 0s --fix "$T/host.yaml"
assert_grep 'is there already' "$T/err" "a file is not overwritten"
"$CAPBENCH" doctor vrx --window 0s --fix - >"$T/stdout.yaml" 2>"$T/err" || true
cmp "$T/host.yaml" "$T/stdout.yaml" || fail "--fix - writes something else"
{
	cat <<-EOF
		name: fixed
		repetitions: 1
		trial:
		  duration: 100ms
		  warmup: 10ms
		  receive: host
		  traffic: {rate: 1k}
		  capture: {mechanism: tpacket2}
	EOF
	cat "$T/host.yaml"
} >"$T/fixed.yaml"
expect 0 "$CAPBENCH" plan "$T/fixed.yaml"
measure "$CAPBENCH" run "$T/fixed.yaml" --out "$T/r"

# ---- before and after, in results and report ----

for host in generator sensor; do
	[ -s "$T/r/hosts/$host/facts_after.json" ] || fail "$host has no facts_after.json"
	assert_json "$T/r/hosts/$host/facts.json" '.settings.mtu == "1500"' "settings among the facts"
done
assert_json "$T/r/report/summary.json" '.host_changes | type == "array"' "host_changes"
assert_grep 'Before and after' "$T/r/report/report.html" "the report's section"
jq '.settings.mtu = "9000" | .boot_id = "<b>x</b>"' "$T/r/hosts/sensor/facts_after.json" >"$T/after"
mv "$T/after" "$T/r/hosts/sensor/facts_after.json"
expect 0 "$CAPBENCH" report "$T/r" --no-pictures
assert_json "$T/r/report/summary.json" '[.host_changes[] | select(.host == "sensor" and .fact == "settings.mtu" and .before == "1500" and .after == "9000")] | length == 1' "what differed"
assert_grep '\| sensor \| settings.mtu \| 1500 \| 9000 \|' "$T/r/report/report.md" "report.md"
tr -d '\n' <"$T/r/report/report.html" >"$T/html"
grep -q '<td>settings.mtu</td><td>1500</td><td>9000</td>' "$T/html" || fail "report.html lacks what differed"
if grep -q '<b>x</b>' "$T/r/report/report.html"; then
	fail "what a file says is markup in the report"
fi
