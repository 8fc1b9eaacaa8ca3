#!/usr/bin/env bash
# tcp-replay as a generator: so many connections a second, with books for what is sent and what comes, that a capture
# process and a witness on the link agree with; in a scenario, and by itself against a live peer.
# timeout: 120
. "$(dirname "$0")/lib.sh"
need_root
need_cmd tcpdump ss python3
. "$HERE/lib_tcp.sh"

tcp_link
serve lines 7001
record lines talk lines 7001
record short talk short 7001

# ---- both sides, as a mirror port shows them -----------------------------------------------------

background witness ip netns exec far tcpdump -Z root --immediate-mode -U -B 65536 -s 128 -i vrx -w "$T/mirror.pcap" tcp
until_true 10 grep -q 'listening on' "$T/witness.err" || fail "tcpdump does not start"
expect 0 "$CAPBENCH" generate vtx --transmitter "tcp-replay:file=$T/lines.pcap,connections=100" --rate max --duration 500ms --json
sent=$(json "$T/out" .offered)
witnessed()
{
	[ "$({ tcpdump -r "$T/mirror.pcap" -n tcp port 7001 2>/dev/null || true; } | wc -l)" -ge "$sent" ]
}
until_true 10 witnessed || true # which is told below
stop witness
assert_json "$T/out" '.connections >= 48 and .connections <= 51 and .connections_complete == .connections' "mirror: connections"
assert_json "$T/out" '.unstamped == .offered and .refused == 0 and .peer_received == null and .intended == null' "mirror: books"
assert_eq "$(tcpdump -r "$T/mirror.pcap" -n tcp port 7001 2>/dev/null | wc -l)" "$sent" "frames that a witness sees"
# The far kernel has no such connections, and resets none: it sees them, as on a mirror port, as another's.
syns=$(tcpdump -r "$T/mirror.pcap" -n 'tcp[13] = 2' 2>/dev/null | wc -l)
answers=$(tcpdump -r "$T/mirror.pcap" -n 'tcp[13] = 18' 2>/dev/null | wc -l)
[ "$syns" -ge 48 ] || fail "$syns SYNs for 50 connections"
assert_eq "$answers" "$syns" "SYNs and their answers: both directions"
tcpdump -r "$T/mirror.pcap" -n -vv -s 128 2>/dev/null >"$T/verbose"
! grep -qE '\(incorrect|bad (cksum|hdr|opt)|wrong' "$T/verbose" || fail "tcpdump finds fault: $(grep -m 1 -E '\(incorrect|bad (cksum|hdr|opt)|wrong' "$T/verbose")"

# ---- against a live peer -------------------------------------------------------------------------

live()
{
	local before
	before=$(ip -j -s link show vtx | jq '.[0].stats64.tx.packets')
	expect 0 "$CAPBENCH" generate vtx --transmitter "tcp-replay:file=$T/short.pcap,connections=200,to=$FAR" --rate max --duration 500ms --json
	assert_json "$T/out" '.peer_received >= 4 * .connections_complete and .offered >= 5 * .connections_complete' "live: books"
	# The kernel's own, ARP and the like, are few.
	assert_within "$(($(ip -j -s link show vtx | jq '.[0].stats64.tx.packets') - before))" "$(json "$T/out" .offered)" 2 "frames on the link"
	assert_json "$T/out" '.connections <= 101' "live: connections"
	jq -e '.connections >= 95 and .connections_complete > .connections * 0.7' "$T/out" >/dev/null
}
chances 5 "live: connections" live

expect 2 "$CAPBENCH" generate vtx --transmitter "tcp-replay:file=$T/short.pcap" --rate 1k --duration 1s
assert_grep 'give rate max' "$T/err" "a rate"
expect 2 "$CAPBENCH" generate vtx --transmitter "tcp-replay:file=$T/none.pcap" --rate max --duration 1s
expect 2 "$CAPBENCH" generate vtx --transmitter tcp-replay --rate max --duration 1s

# ---- in a scenario -------------------------------------------------------------------------------

cat >"$T/tcp.yaml" <<YAML
name: tcp
title: TCP connections
trial:
  duration: 300ms
  warmup: 50ms
  traffic: {rate: max}
  generator: {transmitter: "tcp-replay:file=$T/short.pcap,connections=300"}
  capture: {load: discard}
vary:
  capture.mechanism: [tpacket3, recv]
repetitions: 1
figures:
  - {id: share, x: capture.mechanism, y: captured_share}
YAML
runs=0
scenario()
{
	measure "$CAPBENCH" run "$T/tcp.yaml" --out "$T/run$((++runs))"
	assert_complete "$T/run$runs" 2 "a scenario"
	jq -s . "$T/run$runs/trials.jsonl" >"$T/trials.json"
	assert_json "$T/trials.json" '[.[] | .generator.connections == .generator.connections_complete] | all' \
		"a scenario: connections"
	assert_json "$T/trials.json" '[.[] | .generator.offered as $n | .views[0] | .received + .tap_dropped + .unread == $n] | all' \
		"a scenario: both directions are accounted for"
	cp "$T/trials.json" "$T/out" # which is told when it never holds
	jq -e '[.[] | .generator.connections > 60 and .views[0].received == .generator.offered] | all' "$T/trials.json" >/dev/null
}
chances 3 "a scenario: both directions were captured" scenario

# Not with a live peer: the links of a run are silent, and its books know the generator's frames only.
expect 2 "$CAPBENCH" plan "$T/tcp.yaml" --set "trial.generator.transmitter=tcp-replay:file=$T/short.pcap,to=$FAR"
assert_grep 'speaks to a live host.*leave .to. out' "$T/err" "a live peer in a scenario"
