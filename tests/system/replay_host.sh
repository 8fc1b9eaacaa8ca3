#!/usr/bin/env bash
# Replay and the host that it runs on: sockets of the host's own lose nothing to it, its other traffic passes by, its
# addresses are used as its routes say, and when a link goes away there is an account of what was played.
# timeout: 120
. "$(dirname "$0")/lib.sh"
need_root
need_cmd tcpdump ss ethtool python3 ping
. "$HERE/lib_tcp.sh"

tcp_link
serve lines 7001
serve other 7002
serve echo 7003
serve silent 7004
record lines talk lines 7001
record echo talk echo 7003

# ---- sockets of the host's own -------------------------------------------------------------------

# A server and a client of the kernel's, that speak on while replay is tried.
serve_near() # HOW ADDRESS
{
	background near "$PYTHON" "$HERE/lib_tcp" serve "$1" "$2" 7100
	until_true 10 grep -q ready "$T/near.out" || fail "the near server does not start"
}
serve_near echo $NEAR
background chat ip netns exec far "$PYTHON" "$HERE/lib_tcp" chat $NEAR 7100
background call "$PYTHON" "$HERE/lib_tcp" chat $FAR 7003 45678
until_true 10 grep -q '^5$' "$T/chat.out" || fail "no connection to the near server: $(cat "$T/chat.err")"
until_true 10 grep -q '^5$' "$T/call.out" || fail "no connection from the near client: $(cat "$T/call.err")"

expect 2 "$CAPBENCH" replay vtx "$T/lines.pcap" --side server --port 7100 --accept 1s
assert_grep 'port 7100 is listened to by a socket of this host.*--port' "$T/err" "a server's port that is in use"
expect 2 "$CAPBENCH" replay vtx "$T/echo.pcap" $FAR auto 45678
assert_grep 'port 45678 is used by a socket of this host.*--source-port' "$T/err" "a client's port that is in use"
expect 2 "$CAPBENCH" replay vtx "$T/echo.pcap" --to $FAR --source-port 45670 --connections 10
assert_grep 'port 45678 is used' "$T/err" "one of some ports that is in use"
# The same port towards another server is another connection; and another address has ports of its own.
complete lines --to $FAR --source-port 45678
complete echo --to $FAR --source-port 45678 --source 10.9.0.77
# What goes on meanwhile: the host's own connections, and new ones, through the interface that replay is on.
background waits "$CAPBENCH" replay vtx "$T/lines.pcap" --to $FAR --port 7004 --timeout 60s --json
until_true 10 connected 7004 || fail "no connection"
ping -q -c 20 -i 0.01 $FAR >"$T/ping" || fail "ping does not get through: $(cat "$T/ping")"
assert_grep ' 0% packet loss' "$T/ping" "ping beside a replay"
talk lines 7001 || fail "a client of this host beside a replay"
n=$(wc -l <"$T/chat.out")
grown()
{
	[ "$(wc -l <"$T/chat.out")" -gt $((n + 5)) ]
}
until_true 5 grown || fail "a connection of this host stands still beside a replay"
stop waits
for name in chat call; do
	alive "${pid[$name]}" || fail "a connection of this host's is gone: $(cat "$T/$name.err")"
	stop $name TERM
done
# A port that is listened to at all addresses, by a socket of IPv6, is as much in use.
stop near KILL
serve_near echo ::
expect 2 "$CAPBENCH" replay vtx "$T/lines.pcap" --side server --port 7100 --accept 1s
assert_grep 'port 7100 is listened to' "$T/err" "a server's port that is in use at all addresses"
stop near KILL
# One that is in TIME_WAIT only is free.
serve_near lines $NEAR
far "$PYTHON" "$HERE/lib_tcp" talk lines $NEAR 7100
stop near KILL
[ -n "$(ss -Htan state time-wait 'sport = :7100')" ] || fail "nothing is in TIME_WAIT"
background server "$CAPBENCH" replay vtx "$T/lines.pcap" --side server --port 7100 --json
until_true 10 eval 'ip link show vtx | grep -q xdp' || fail "no server: $(cat "$T/server.err")"
sleep 1
far "$PYTHON" "$HERE/lib_tcp" talk lines $NEAR 7100 || fail "a live client of our server"
finish server 10
assert_eq "$status" 0 "the server: $(cat "$T/server.err")"
assert_json "$T/server.out" '.duration_ns < 0.9e9' "the server's duration does not count its waiting for a client"

# ---- addresses and ports -------------------------------------------------------------------------

# Of several addresses the one that the route to the peer has, also where the MAC address is given.
ip addr add 172.16.5.5/16 dev vtx
ip addr del $NEAR/24 dev vtx
ip addr add $NEAR/24 dev vtx
complete lines --to $FAR --mac "$(far cat /sys/class/net/vrx/address)"
ip addr del 172.16.5.5/16 dev vtx
sysctl -q -w net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.vtx.rp_filter=1
complete lines --to $FAR
complete lines --to $FAR --source 10.9.0.77

# What the kernel remembers of a neighbour may be out of date.
ip neigh replace $FAR lladdr 02:00:00:00:00:99 nud stale dev vtx
complete lines --to $FAR
ip neigh flush dev vtx

n=$(far ss -Htan | wc -l)
replay 2 lines --to $FAR --source-port 65500 --connections 100
assert_grep 'take ports up to 65599' "$T/err" "ports beyond the last one"
assert_eq "$(far ss -Htan | wc -l)" "$n" "connections begun before that was told"
replay 2 lines $FAR --to 10.9.0.9
assert_grep 'which of them' "$T/err" "two addresses"
replay 2 lines $FAR auto 5000 --source-port 5001
assert_grep 'which of them' "$T/err" "two source ports"
replay 0 lines $FAR --to $FAR
replay 2 lines --side server --source-port 5000
assert_grep 'source-port is the client' "$T/err" "a source port of a server"

# Many at once: servers that wait for clients, and more connections than an address has ports.
if more; then
	expect 8 timeout -s KILL 10 "$CAPBENCH_FAST" replay vtx "$T/lines.pcap" --side server --port 7400 --connections 60000 \
		--parallel 60000 --accept 1s --json
	assert_json "$T/out" '.verdicts["no answer"] == 60000' "servers that nobody met"
	expect 8 timeout 30 "$CAPBENCH_FAST" replay vtx "$T/lines.pcap" --to 10.9.0.99 --mac 02:00:00:00:00:99 \
		--connections 33000 --parallel 33000 --retries 1 --json
	assert_json "$T/out" '.verdicts["no answer"] == 33000' "clients from all ports"
fi

# ---- what is told step by step -------------------------------------------------------------------

# The answers differ from the capture from some place on: no step says more than is so.
expect 9 "$CAPBENCH" replay vtx "$T/lines.pcap" --to $FAR --port 7002
assert_grep '^received +packet \[4\]  11 bytes; expectation met' "$T/out" "what is the same"
assert_eq "$(grep -c 'differs from offset 11 on$' "$T/out")" 1 "steps with the first difference"
assert_eq "$(grep -cE '[0-9]{4} bytes; expectation met' "$T/out")" 0 "steps said to be met behind a difference"
# Nothing of what was captured comes, which is all right with --expect any; but it did not come.
expect 0 "$CAPBENCH" replay vtx "$T/lines.pcap" --to $FAR --port 7003 --expect any --settle 100ms
assert_grep '^passed by +packet \[4\]  11 bytes; it did not come' "$T/out" "what did not come"
assert_grep '^scheduled .* did not come$' "$T/out" "the summary of what did not come"
assert_grep '^verdict +complete' "$T/out" "with --expect any"
replay 0 lines --to $FAR --port 7003 --expect any --settle 100ms
assert_json "$T/out" '.forgone > 3 and .happened + .forgone == .scheduled' "what did not come, in JSON"
# A capture that ends in the middle happens to its end, its last acknowledgement included.
tcpdump -r "$T/lines.pcap" -w "$T/open.pcap" -c 16 2>/dev/null
complete open --to $FAR

# ---- a link that goes away -----------------------------------------------------------------------

n=$(far ss -Htn state established 'sport = :7004' | wc -l) # of those before, whose ends it knows nothing of
for how in "set vtx down" "del vtx"; do
	background waits "$CAPBENCH" replay vtx "$T/lines.pcap" --to $FAR --port 7004 --timeout 60s --json
	until_true 10 connected 7004 $((n += 1)) || fail "no connection"
	sleep 0.5
	# shellcheck disable=SC2086  # words
	ip link $how
	finish waits 5
	assert_eq "$status" 5 "exit status after ip link $how"
	assert_grep 'vtx' "$T/waits.err" "ip link $how"
	assert_json "$T/waits.out" '.exit_status == 5 and .verdicts.stopped == 1 and .connections[0].received_bytes == 11' \
		"the account after ip link $how"
	[ "$how" = "del vtx" ] || ip link set vtx up
	[ "$how" = "del vtx" ] || until_true 5 carrier || fail "the link does not come up again"
done
[ -z "$(others)" ] || fail "something is left behind: $(others)"
