#!/usr/bin/env bash
# tune --interface: for frames that somebody else sends to an interface of this machine. Nothing is sent
# by it, what it tells follows from trials.jsonl and from counters, and all settings go back.
# timeout: 120
. "$(dirname "$0")/lib.sh"
need_root

make_link
settings()
{
	far cat /sys/class/net/vrx/queues/rx-0/rps_cpus /sys/class/net/vrx/threaded
	far ip -d -o link show vrx | grep -o 'promiscuity [0-9]*'
	far ethtool -k vrx 2>/dev/null || true
}
settings_are_back()
{
	settings >"$T/after"
	cmp -s "$T/settings" "$T/after" && ! others | grep -qv generate
}
settings >"$T/settings"

tune()
{
	ip netns exec far "$CAPBENCH" tune "$@"
}

# Nobody sends.
expect 6 tune --rate 5k --interface vrx --budget 20s --out "$T/silent"
assert_grep 'no frame came to vrx' "$T/err" "a silent interface"
until_true 5 settings_are_back || fail "a setting was left: $(diff "$T/settings" "$T/after")"

# A budget that is soon used up, killed and gone on with, on the interface that it was begun on.
background traffic "$CAPBENCH_FAST" generate vtx --rate 5k --frame-size 64 --duration 10min
flows()
{
	[ "$(frames vrx)" -gt 100 ]
}
until_true 10 flows || fail "no traffic: $(cat "$T/traffic.err")"
status=0
CAPBENCH_KILL_AT_STEP=6 tune --rate 5k --interface vrx --budget 20s --seed 5 --out "$T/here" >"$T/out" 2>"$T/err" || status=$?
assert_eq $status 137 "a tuning that is killed: $(cat "$T/err")"
until_true 10 settings_are_back || fail "a killed tuning left a setting: $(diff "$T/settings" "$T/after"; others)"
measure tune --resume "$T/here"
until_true 5 settings_are_back || fail "a setting was left: $(diff "$T/settings" "$T/after"; others)"
assert_eq "$(far ip -j -s link show vrx | jq '.[0].stats64.tx.packets')" 0 "frames sent by the interface"
report=$T/here/report/tune.json
came=$(jq -s 'map(.generator.offered_pps) | sort |
	if length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end' "$T/here/trials.jsonl")
assert_json "$report" ".request.interface == \"vrx\" and .came_pps > 0 and (.came_pps / $came - 1 | fabs) < 1e-9" "what came"
assert_grep 'came to vrx .*; 5 kpps were expected' "$T/out" "what came, in words"
assert_grep 'tcpdump' "$T/out" "words for tcpdump"
# Of what reached the tap, and of what is known to be lost before it.
jq -s -e 'map(select(.state != "invalid")) | length > 4 and all(.path as $p | .generator.transmitter == "elsewhere" and
	.generator.offered > 0 and all(.views[]; .unaccounted == null and .received == .foreign and
	(.captured_share - .received / (.received + .tap_dropped + .unread + $p.nic_dropped + $p.backlog_dropped) | fabs) < 1e-9))' \
	"$T/here/trials.jsonl" >/dev/null || fail "shares that counters don't give: $(head -n 1 "$T/here/trials.jsonl")"
# All its trials are within the budget, but for what the last took longer than those before.
jq -s -e 'map(.params.took_ns) | (add - max) / 1e9 <= 20' "$T/here/trials.jsonl" >/dev/null || fail "the budget"

expect 2 tune --rate 5k --interface vrx --testbed "$T/nosuch.yaml"
expect 5 tune --rate 5k --interface nosuch --out "$T/nosuch"
assert_grep 'there is no interface nosuch' "$T/err" "an interface that is none"
# Not the one by which the user has come.
far ip addr add 192.0.2.9/24 dev vrx
SSH_CONNECTION='192.0.2.1 50000 192.0.2.9 22' expect 2 tune --rate 5k --interface vrx --out "$T/control"
assert_grep 'vrx carries the SSH connection' "$T/err" "the interface of the connection"
stop traffic
links_before=1 assert_nothing_left "all"
