#!/usr/bin/env bash
# A hundred megabytes, down and up, at more than 1 Gbit/s over a veth: what was recorded once is played anew.
# timeout: 180
# alone
. "$(dirname "$0")/lib.sh"
need_root
need_cores 2
need_cmd tcpdump ss ethtool python3
. "$HERE/lib_tcp.sh"

tcp_link
serve source 7001
serve sink 7002
record download talk download 7001
record upload talk upload 7002

# A hypervisor may take the cores away for a while: the best of some.
fast() # NAME PORT
{
	local i best=0 rate
	for ((i = 0; i < 10; i++)); do
		expect 0 "$CAPBENCH_FAST" replay vtx "$T/$1.pcap" --to $FAR --port "$2" --json
		assert_json "$T/out" '.verdicts.complete == 1 and .sent_bytes + .received_bytes > 104857600' "$1"
		assert_json "$T/out" '.different_bytes == 0 and .uncompared_bytes == 0' "$1: payload"
		rate=$(json "$T/out" '(.sent_bytes + .received_bytes) * 8e3 / .duration_ns | floor')
		[ "$rate" -le "$best" ] || best=$rate
		[ "$best" -lt 1500 ] || break
	done
	echo "$1: $best Mbit/s, $(jq -c '{sent, received, retransmissions, tap_lost, link_refused}' "$T/out")"
	[ "$best" -gt 1000 ] || fail "$1: $best Mbit/s, not more than 1000"
}

fast download 7001
fast upload 7002
