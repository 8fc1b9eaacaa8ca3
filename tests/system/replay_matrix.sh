#!/usr/bin/env bash
# Replay on links and with peers that are not as those of the capture: loss, reordering, repetition, other segments,
# timestamps on and off, offload on and off, VLANs, small and closed windows, a peer that resets, is silent, late or
# says something else, captures that are cut, repeated, wrapped; a thousand connections at once.
# timeout: 240
. "$(dirname "$0")/lib.sh"
need_root
need_cmd tcpdump ethtool python3 ss
. "$HERE/lib_tcp.sh"

bad_link
relay 0 0 0
until_true 10 ping -c 1 -W 1 $FAR || fail "the relay does not work"
declare -A at=()
for how in lines small late reset silent other slow sink; do
	at[$how]=$((7001 + ${#at[@]}))
	start_server $how "${at[$how]}"
done
for how in "${!at[@]}"; do
	await_server "$how" "${at[$how]}"
done
record lines talk lines "${at[lines]}"
record short talk short "${at[lines]}"
record much talk much "${at[sink]}"

# ---- the peer ------------------------------------------------------------------------------------

for how in lines small; do
	for timestamps in on off; do
		complete lines --to $FAR --port "${at[$how]}" --timestamps=$timestamps
		assert_json "$T/out" '.retransmissions == 0' "$how"
	done
done
complete short --to $FAR --port "${at[late]}"
assert_json "$T/out" '.duration_ns > 0.4e9' "late"
replay 7 lines --to $FAR --port "${at[reset]}"
assert_json "$T/out" '.connections[0].verdict == "reset"' "reset"
replay 8 lines --to $FAR --port "${at[silent]}" --timeout 500ms
assert_json "$T/out" '.connections[0].verdict == "no answer" and .duration_ns < 3e9' "silent"
replay 9 lines --to $FAR --port "${at[other]}"
assert_json "$T/out" '.connections[0].verdict == "different" and .different_bytes > 20000' "other bytes"
complete lines --to $FAR --port "${at[other]}" --expect length
complete lines --to $FAR --port "${at[other]}" --expect any
# Its window closes for a while.
complete much --to $FAR --port "${at[slow]}"
assert_json "$T/out" '.probes > 0 and .duration_ns > 0.5e9' "closed window"
complete lines --to $FAR --port "${at[lines]}" --window 2048
complete lines --to $FAR --port "${at[lines]}" --mss 100
assert_json "$T/out" '.received > 200' "small segments"

# ---- captures ------------------------------------------------------------------------------------

for what in vlan cooked repeated wrap; do
	edit $what lines lines-$what
	replay 0 lines-$what --to $FAR
	assert_json "$T/out" '.verdicts.complete == 1 and .received_bytes == 23021 and .sent_bytes == 18' "capture: $what"
done
edit midway lines lines-midway
replay 2 lines-midway --to $FAR
assert_grep 'no SYN; --synthesize-handshake' "$T/err" "without a handshake"
replay 0 lines-midway --to $FAR --synthesize-handshake
assert_json "$T/out" '.verdicts.complete == 1' "capture: midway"
edit cut much much-cut
replay 2 much-cut --to $FAR
assert_grep 'lacks [0-9]+ bytes of what has to be sent' "$T/err" "cut by snaplen"
edit cut lines lines-cut
replay 2 lines-cut --to $FAR
assert_grep '--expect length does without them' "$T/err" "the peer's cut by snaplen"
replay 0 lines-cut --to $FAR --expect length
edit half lines lines-half
replay 0 lines-half --to $FAR
head -c 3000 "$T/lines.pcap" >"$T/lines-broken.pcap"
replay 0 lines-broken --to $FAR --expect any --settle 200ms
assert_grep 'what stands before that is played' "$T/err" "a file that ends early"

# ---- the link ------------------------------------------------------------------------------------

stop relay
losses=("2 0 0" "0 5 0" "5 5 5")
[ "$CAPBENCH_TIER" = commit ] || losses+=("1 0 0" "0 0 5" "3 3 0" "5 0 0" "0 20 20" "5 20 5")
for loss in "${losses[@]}"; do
	# shellcheck disable=SC2086  # three numbers
	relay $loss
	again=0
	for options in "lines" "much" "lines --timestamps=off --port ${at[small]}"; do
		# shellcheck disable=SC2086  # words
		complete $options --to $FAR --retries 6 --timeout 20s
		again=$((again + $(json "$T/out" .retransmissions)))
	done
	stop relay
	lost=$(awk '/^lost/ { print $2 }' "$T/relay.out")
	[ "$lost" -eq 0 ] || [ $again -gt 0 ] || fail "$loss: $lost segments were lost, none was sent again"
	[ "${loss%% *}" -lt 2 ] || [ "$lost" -gt 0 ] || fail "$loss: no segment was lost"
done

# ---- without the relay: offload, VLANs, generic XDP, many at once --------------------------------

ip link del vtx
ip -n far link del vrx
ip link add vtx type veth peer name vrx netns far
tcp_addresses
until_true 5 carrier || fail "the link does not come up"
for way in "on native" "off generic" "on generic" "off native"; do
	offload=${way% *}
	far ethtool -K vrx tso "$offload" gso "$offload" gro "$offload" tx "$offload" >/dev/null
	complete lines --to $FAR --xdp "${way#* }"
	complete much --to $FAR --xdp "${way#* }"
	[ "$CAPBENCH_TIER" = all ] || [ "$way" = "on native" ] || break
done

# Tagged: against a server of our own at the far end, as not every kernel has VLAN devices.
for vlan in 7 7/8; do
	background server ip netns exec far "$CAPBENCH" replay vrx "$T/lines.pcap" --side server --port 7200 \
		--source 10.9.7.2 --vlan $vlan --json
	until_true 10 eval 'far ip link show vrx | grep -q xdp' || fail "no server: $(cat "$T/server.err")"
	mac=auto
	[ $vlan = 7 ] || mac=$(far cat /sys/class/net/vrx/address)
	complete lines --to 10.9.7.2 --port 7200 --vlan $vlan --source 10.9.7.1 --mac "$mac"
	finish server 10
	assert_eq "$status" 0 "the tagged server: $(cat "$T/server.err")"
	assert_json "$T/server.out" '.verdicts.complete == 1' "the tagged server"
done
# And with the kernel's, where there are some.
if ip link add link vtx name vtx.7 type vlan id 7 2>/dev/null; then
	far ip link add link vrx name vrx.7 type vlan id 7
	far ip addr add 10.9.7.2/24 dev vrx.7
	far ip link set vrx.7 up
	serve lines 7200 10.9.7.2
	complete lines --to 10.9.7.2 --port 7200 --vlan 7 --source 10.9.7.1
	# An interface of its own does as well as tags.
	ip addr add 10.9.7.3/24 dev vtx.7
	ip link set vtx.7 up
	expect 0 "$CAPBENCH" replay vtx.7 "$T/lines.pcap" --to 10.9.7.2 --port 7200 --json
fi

n=100
[ "$CAPBENCH_TIER" = commit ] || n=1000
far sysctl -q -w net.core.somaxconn=4096 net.ipv4.tcp_max_syn_backlog=8192
complete short --to $FAR --connections $n
assert_json "$T/out" ".verdicts.complete == $n and .received_bytes == $n * 111" "$n connections"
expect 0 "$CAPBENCH_FAST" replay vtx "$T/short.pcap" --to $FAR --connections 1000 --json
assert_json "$T/out" '.verdicts.complete == 1000' "1000 connections"
assert_json "$T/out" '.connections | map(.source_port) | unique | length == 1000' "1000 ports"

# ---- hostile peers -------------------------------------------------------------------------------

background flood ip netns exec far "$PYTHON" "$HERE/lib_tcp" hostile vrx "$(far cat /sys/class/net/vrx/address)" \
	"$(ip -j link show vtx | jq -r ".[0].address")" $FAR $NEAR "${at[late]}" 41000 41100
until_true 10 grep -q ready "$T/flood.out" || fail "the flood does not start"
complete short --to $FAR --source-port 41000 --connections 100 --parallel 100 --port "${at[late]}"
assert_json "$T/out" '.bad_checksum > 0 and .peer_unacceptable > 0' "flood"
stop flood KILL
until_true 5 nothing_of_ours || fail "something is left behind"
