#!/usr/bin/env bash
# Captured connections played anew against real servers, each recorded once by tcpdump through a real client: what
# is said is the same, the kernel never resets, and nothing is left behind, however the program ends.
# timeout: 180
. "$(dirname "$0")/lib.sh"
need_root
need_cmd tcpdump curl ss ethtool python3 setpriv
. "$HERE/lib_tcp.sh"

tcp_link

# ---- a web server, with everything that a user sees ----------------------------------------------

mkdir "$T/www"
head -c 50000 /dev/urandom >"$T/www/file"
background web ip netns exec far "$PYTHON" -m http.server 8000 --directory "$T/www" --bind $FAR
until_true 10 listens 8000 || fail "the web server does not start"
record http curl -s "http://$FAR:8000/file" "http://$FAR:8000/file"
recorded=$EPOCHSECONDS
later()
{
	[ "$EPOCHSECONDS" -gt $((recorded + 1)) ]
}

# The Date: of an answer is another one.
complete http --to $FAR --expect length
assert_json "$T/out" '.received_bytes > 100000 and .retransmissions == 0 and .bad_checksum == 0' "http"
assert_json "$T/out" '.connections | length == 2' "http: Python's closes after each answer"

# tcpliveplay's order of arguments, and its account step by step.
mac=$(far cat /sys/class/net/vrx/address)
expect 0 "$CAPBENCH" replay vtx "$T/http.pcap" $FAR "$mac" 52178 --flow 1 --expect length
n=$(tcpdump -r "$T/http.pcap" -n "tcp port $(tcpdump -r "$T/http.pcap" -n -c 1 2>/dev/null | sed 's/.*\.\([0-9]*\) > .*/\1/')" 2>/dev/null | wc -l)
assert_grep '^sent +packet \[1\]  SYN$' "$T/out" "the first step"
assert_grep '^received +packet \[2\]  SYN; expectation met$' "$T/out" "the second step"
assert_eq "$(grep -cE '^(sent|received) +packet \[' "$T/out")" "$n" "steps told"
assert_eq "$(grep -oP '^(sent|received) +packet \[\K\d+' "$T/out" | tr '\n' ' ')" "$(seq -s ' ' 1 "$n") " "steps in order"
assert_grep "^scheduled +$n captured packets; $n of them" "$T/out" "the summary"
assert_grep '^again +0 retransmissions' "$T/out" "the summary"
assert_grep '^verdict +complete$' "$T/out" "the summary"
expect 0 "$CAPBENCH" replay vtx "$T/http.pcap" $FAR "$mac" random --expect any

# ---- servers whose answers are the same each time: identical -------------------------------------

serve echo 7001
record echo talk echo 7001
complete echo --to $FAR
assert_json "$T/out" '.received_bytes == 45101 and .sent_bytes == 45101 and .different_bytes == 0' "echo"

serve lines 7002
record lines talk lines 7002
complete lines --to $FAR
assert_json "$T/out" '.received_bytes == 23021 and .uncompared_bytes == 0' "lines"

# The way by the neighbour table that has nothing: asked for by ourselves. (And by a gateway.)
ip neigh flush dev vtx
complete lines --to $FAR
ip route add 192.0.2.0/24 via $FAR
far ip addr add 192.0.2.7/32 dev lo
serve lines 7003 192.0.2.7
complete lines --to 192.0.2.7 --port 7003
far sysctl -q -w net.ipv4.ip_forward=0

# IPv6, of a capture of IPv4, and of one of its own.
serve lines 7002 $FAR6
complete lines --to $FAR6
record lines6 talk lines 7002 $FAR6
ip -6 neigh flush dev vtx
complete lines6 --to $FAR6
complete lines6 --to $FAR

# An address that nobody owns: answered for by us.
complete lines --to $FAR --source 10.9.0.77
complete lines --to $FAR6 --source fd00:9::77
far ip addr add 10.9.0.78/24 dev vrx
replay 5 lines --to $FAR --source 10.9.0.78
assert_grep 'belongs to' "$T/err" "an address that another has"
replay 2 lines --to $FAR --source $NEAR
far ip addr del 10.9.0.78/24 dev vrx

# ---- the other real servers ----------------------------------------------------------------------

if command -v redis-server >/dev/null; then
	background redis ip netns exec far redis-server --bind $FAR --port 6379 --save '' --protected-mode no --dir "$T"
	until_true 10 listens 6379 || fail "redis does not start"
	say_redis()
	{
		printf 'SET a 1\r\nINCR a\r\nGET a\r\nSET b %s\r\nGET b\r\nDEL a b\r\nQUIT\r\n' "$(printf 'x%.0s' {1..3000})" |
			timeout 10 "$PYTHON" -c 'import socket, sys
s = socket.create_connection(("'$FAR'", 6379))
s.sendall(sys.stdin.buffer.read())
while s.recv(65536): pass'
	}
	record redis say_redis
	complete redis --to $FAR
fi

if "$PYTHON" -c 'import aiosmtpd' 2>/dev/null; then
	background smtp ip netns exec far "$PYTHON" -m aiosmtpd -n -l $FAR:2525 -c aiosmtpd.handlers.Sink
	until_true 10 listens 2525 || fail "the SMTP server does not start"
	record smtp "$PYTHON" -c 'import smtplib
s = smtplib.SMTP("'$FAR'", 2525, "client.example")
s.sendmail("a@example.org", ["b@example.org"], "Subject: test\r\n\r\n" + "line\r\n" * 500)
s.quit()'
	complete smtp --to $FAR
fi

if command -v nginx >/dev/null; then
	mkdir -p "$T/nginx"
	chmod 755 "$T/nginx" "$T/www"
	printf '%s\n' 'daemon off; pid nginx.pid; error_log stderr; user root;' 'events {}' \
		'http { access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;' \
		"gzip on; gzip_types *; server { listen $FAR:8080; root $T/www; } }" >"$T/nginx/nginx.conf"
	seq 20000 >"$T/www/text"
	background nginx ip netns exec far nginx -p "$T/nginx" -c "$T/nginx/nginx.conf"
	until_true 10 listens 8080 || fail "nginx does not start: $(cat "$T/nginx.err")"
	# Keep-alive: two answers on one connection; the second one chunked, as it is compressed on the way.
	record nginx curl -s -o /dev/null "http://$FAR:8080/file" --next -s -o /dev/null -H 'Accept-Encoding: gzip' "http://$FAR:8080/text"
	grep -aq 'Transfer-Encoding: chunked' "$T/nginx.pcap" || fail "nginx sent no chunks"
	complete nginx --to $FAR --expect length
	assert_json "$T/out" '.connections | length == 1' "nginx: one connection"
fi

if [ -x /usr/sbin/sshd ]; then
	ssh-keygen -q -t ed25519 -N '' -f "$T/hostkey"
	mkdir -p /run/sshd
	background sshd ip netns exec far /usr/sbin/sshd -D -e -h "$T/hostkey" -o "ListenAddress=$FAR:2222" -o PidFile=none -f /dev/null
	until_true 10 listens 2222 || fail "sshd does not start"
	record ssh talk banner 2222
	complete ssh --to $FAR --expect length
fi

# plays: its program is at the driver, and it waits in its loop: it listens.
plays()
{
	ip link show vtx | grep -q xdp && grep -q poll "/proc/${pid[server]}/wchan"
}

# ---- as the server -------------------------------------------------------------------------------

background server "$CAPBENCH" replay vtx "$T/lines.pcap" --side server --port 7100 --json
until_true 10 plays || fail "the server does not listen: $(cat "$T/server.err")"
far "$PYTHON" "$HERE/lib_tcp" talk lines $NEAR 7100 || fail "a live client of our server"
finish server 10
assert_eq "$status" 0 "the server: $(cat "$T/server.err")"
assert_json "$T/server.out" '.verdicts.complete == 1 and .happened == .scheduled' "the server"

# A SYN that is all, of a scan (the far kernel resets what it did not ask for) and of nobody (which is not answered at
# all), does not take a client's place.
background server "$CAPBENCH" replay vtx "$T/lines.pcap" --side server --port 7100 --connections 2 --retries 1 \
	--rto 100ms --json
until_true 10 plays || fail "the server does not listen: $(cat "$T/server.err")"
far "$PYTHON" "$HERE/lib_tcp" stray vrx "$(far cat /sys/class/net/vrx/address)" "$(ip -j link show vtx |
	jq -r '.[0].address')" $NEAR 7100 $FAR 10.9.0.77
for _ in 1 2; do
	far "$PYTHON" "$HERE/lib_tcp" talk lines $NEAR 7100 || fail "a live client after stray SYNs"
done
finish server 10
assert_eq "$status" 0 "the server after stray SYNs: $(cat "$T/server.err")"
assert_json "$T/server.out" '.half_open == 2 and .verdicts.complete == 2 and .happened == .scheduled' "stray SYNs"

# ---- another answer ------------------------------------------------------------------------------

# Byte by byte, it is different, and said where: at the date.
until_true 3 later
replay 9 http --to $FAR --flow 1
assert_json "$T/out" '.exit_status == 9 and .connections[0].verdict == "different"' "exact"
assert_json "$T/out" '.connections[0].first_different_offset | . > 20 and . < 200' "exact: the place"

# ---- the kernel knows of nothing -----------------------------------------------------------------

before=$(awk '/^Tcp:/ { if (n++) print $15 }' /proc/net/snmp)
complete lines --to $FAR
assert_eq "$(awk '/^Tcp:/ { if (n++) print $15 }' /proc/net/snmp)" "$before" "resets that the kernel sent"
until_true 5 nothing_of_ours || fail "something is left behind"

# Killed in the middle, the program at the driver goes, too; told to stop, it tells what was.
serve silent 7004
n=0
for signal in KILL INT; do
	n=$((n + 1)) # the peer of the killed one knows nothing of its end
	background victim "$CAPBENCH" replay vtx "$T/lines.pcap" --to $FAR --port 7004 --timeout 60s --json
	until_true 10 connected 7004 $n || fail "no connection"
	stop victim $signal
	until_true 5 nothing_of_ours || fail "something is left behind after SIG$signal"
	[ $signal = KILL ] || assert_eq "$status" 130 "exit status after SIGINT"
	[ $signal = KILL ] || assert_json "$T/victim.out" '.verdicts.stopped == 1' "the account after SIGINT"
done

# ---- not possible here ---------------------------------------------------------------------------

# The place at the driver is taken: by another one, who goes on.
background holder "$CAPBENCH" replay vtx "$T/lines.pcap" --side server --port 7300
until_true 10 eval 'ip link show vtx | grep -q xdp' || fail "no program at the driver"
replay 4 lines --to $FAR
assert_grep 'vtx" has an XDP program already' "$T/err" "a second program"
expect 4 "$CAPBENCH" generate vtx --transmitter "tcp-replay:file=$T/lines.pcap,to=$FAR" --rate max --duration 1s
assert_grep 'has an XDP program already' "$T/err" "a second program, as a generator"
alive "${pid[holder]}" || fail "the one who was there first is gone: $(cat "$T/holder.err")"
stop holder
assert_eq "$status" 130 "the one who was there first"
# A driver that knows nothing of XDP, and privileges that lack.
ip link add bridge type bridge
ip addr add 10.8.0.1/24 dev bridge
ip link set bridge up
expect 4 "$CAPBENCH" replay bridge "$T/lines.pcap" --to 10.8.0.2 --mac 02:00:00:00:00:02 --xdp native
assert_grep 'no native XDP: --xdp generic works' "$T/err" "a driver without XDP"
ip link del bridge
for lacks in net_raw bpf,-sys_admin net_admin,-sys_admin all; do
	expect 4 setpriv --bounding-set=-$lacks "$CAPBENCH" replay vtx "$T/lines.pcap" --to $FAR
	assert_grep 'CAP_|root' "$T/err" "without $lacks: the cure"
done

# ---- what goes wrong says why --------------------------------------------------------------------

expect 2 "$CAPBENCH" replay vtx
expect 2 "$CAPBENCH" replay vtx "$T/lines.pcap"
assert_grep '--to is missing' "$T/err" "no address"
expect 2 "$CAPBENCH" replay vtx "$T/none.pcap" --to $FAR
expect 2 "$CAPBENCH" replay vtx "$T/www/file" --to $FAR
expect 2 "$CAPBENCH" replay vtx "$T/lines.pcap" --to nowhere
expect 2 "$CAPBENCH" replay vtx "$T/lines.pcap" --to $FAR --flow 2
expect 2 "$CAPBENCH" replay vtx "$T/lines.pcap" --to $FAR --port 70000
expect 2 "$CAPBENCH" replay vtx "$T/lines.pcap" --to $FAR --mac zz
expect 2 "$CAPBENCH" replay vtz "$T/lines.pcap" --to $FAR
replay 5 lines --to $NEAR
replay 5 lines --to 10.9.0.99
assert_grep 'does not answer to ARP' "$T/err" "nobody there"
replay 5 lines --to 203.0.113.1
assert_grep 'no route' "$T/err" "no route"
replay 7 lines --to $FAR --port 9
assert_grep 'refuses the connection' "$T/err" "a closed port"
ip netns exec far ip link set vrx down
ip link set vtx down
replay 5 lines --to $FAR
