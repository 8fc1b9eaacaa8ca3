#!/usr/bin/env bash
# A scenario whose generator speaks to a live server, on machines over SSH: the server is the sensor's, which
# captures what the generator sends; what the server answers is the generator's to count.
# timeout: 120
. "$(dirname "$0")/lib.sh"
. "$HERE/lib_machines.sh"
[ "$CAPBENCH_TIER" = all ] || skip "machines over SSH take their time: in the tier all"
need_cmd tcpdump ss python3
. "$HERE/lib_tcp.sh"

controller
make_machine gen
make_machine web
join_link gen web
in_machine gen ip addr add $NEAR/24 dev p0
in_machine web ip addr add $FAR/24 dev p0
testbed "$T/bed.yaml" gen -- web
# Neither host asks for the other's address meanwhile: that would be frames beside the connections'.
in_machine gen ip neigh replace $FAR lladdr "$(in_machine web cat /sys/class/net/p0/address)" dev p0 nud permanent
in_machine web ip neigh replace $NEAR lladdr "$(in_machine gen cat /sys/class/net/p0/address)" dev p0 nud permanent

web=(nsenter --target "${machine_pid[web]}" --net)
gen=(nsenter --target "${machine_pid[gen]}" --net)
background server "${web[@]}" "$PYTHON" "$HERE/lib_tcp" serve lines $FAR 7001
until_true 10 grep -q ready "$T/server.out" || fail "the server does not start"
background record "${gen[@]}" tcpdump -Z root --immediate-mode -U -s 262144 -i p0 -w "$T/short.pcap" tcp
until_true 10 grep -q 'listening on' "$T/record.err" || fail "tcpdump does not start"
"${gen[@]}" "$PYTHON" "$HERE/lib_tcp" talk short $FAR 7001
"$PYTHON" "$HERE/lib_tcp" ended "$T/short.pcap" || fail "nothing was recorded"
stop record
in_machine gen tee /root/short.pcap <"$T/short.pcap" >/dev/null

cat >"$T/peer.yaml" <<YAML
name: peer
title: Connections to a live server
trial:
  duration: 500ms
  warmup: 50ms
  traffic: {rate: max}
  generator: {transmitter: "tcp-replay:file=/root/short.pcap,connections=200,to=$FAR"}
  capture: {load: discard}
vary:
  capture.mechanism: [tpacket3, recv]
repetitions: 1
figures:
  - {id: share, x: capture.mechanism, y: captured_share}
YAML
measure "$CAPBENCH" run "$T/peer.yaml" --testbed "$T/bed.yaml" --out "$T/run" --no-pictures
assert_complete "$T/run" 2 "a live peer"
jq -s . "$T/run/trials.jsonl" >"$T/trials.json"
assert_json "$T/trials.json" '[.[].generator | .connections > 80 and .connections_complete > .connections * 0.7] | all' "connections"
assert_json "$T/trials.json" '[.[].generator | .peer_received >= 4 * .connections_complete] | all' "what the server sent"
assert_json "$T/trials.json" '[.[] | .views[0].received == .generator.offered] | all' "the server's machine captured all"
