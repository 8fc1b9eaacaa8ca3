# For the tests of replay: a link on which the kernel speaks IP, servers at its far end, captures of
# what real clients say to them. Sourced after lib.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # T, HERE, pid and status are lib.sh's

# The distribution's: it is the one that has aiosmtpd.
PYTHON=/usr/bin/python3
[ -x $PYTHON ] || PYTHON=python3
NEAR=10.9.0.1 FAR=10.9.0.2 NEAR6=fd00:9::1 FAR6=fd00:9::2

# tcp_link: veth "vtx" here, "vrx" in the namespace "far", with addresses.
tcp_link()
{
	ip netns add far
	ip link add vtx type veth peer name vrx netns far
	tcp_addresses
	until_true 5 carrier || fail "the link does not come up"
}

tcp_addresses()
{
	ip addr add $NEAR/24 dev vtx
	ip addr add $NEAR6/64 dev vtx nodad
	ip link set vtx up
	far ip link set lo up
	far ip addr add $FAR/24 dev vrx
	far ip addr add $FAR6/64 dev vrx nodad
	far ip link set vrx up
}

# bad_link: the same over a namespace "mid" whose interfaces "ma" and "mb" a relay is to join. Frames have
# their checksums, and are as long as the link: what the relay takes it can send.
bad_link()
{
	ip netns add far
	ip netns add mid
	ip link add vtx type veth peer name ma netns mid
	ip netns exec mid ip link add mb type veth peer name vrx netns far
	tcp_addresses
	ip -n mid link set dev ma up
	ip -n mid link set dev mb up
	ethtool -K vtx tx off tso off gso off gro off >/dev/null
	far ethtool -K vrx tx off tso off gso off gro off >/dev/null
}

# relay LOSS REORDER DUPLICATE: in percent; in the background as "relay".
relay()
{
	background relay ip netns exec mid "$PYTHON" "$HERE/lib_tcp" relay ma mb "$@"
	until_true 10 grep -q ready "$T/relay.out" || fail "the relay does not start"
}

# serve HOW PORT [ADDRESS]: in the background as "serve-HOW-PORT". Several are started first, then awaited.
serve()
{
	start_server "$@"
	await_server "$@"
}

start_server() # HOW PORT [ADDRESS]
{
	background "serve-$1-$2" ip netns exec far "$PYTHON" "$HERE/lib_tcp" serve "$1" "${3:-$FAR}" "$2"
}

await_server() # HOW PORT
{
	until_true 10 grep -q ready "$T/serve-$1-$2.out" || fail "server $1 does not start"
}

talk() # HOW PORT [ADDRESS]
{
	"$PYTHON" "$HERE/lib_tcp" talk "$1" "${3:-$FAR}" "$2"
}

edit() # WHAT IN OUT
{
	"$PYTHON" "$HERE/lib_tcp" edit "$1" "$T/$2.pcap" "$T/$3.pcap"
}

listens() # PORT
{
	[ -n "$(far ss -Hltn "sport = :$1")" ]
}

connected() # PORT [N]: of a server, which has so many (default 1)
{
	[ "$(far ss -Htn state established "sport = :$1" | wc -l)" -ge "${2:-1}" ]
}

# record NAME COMMAND...: what it says over vtx, in $T/NAME.pcap, from the SYN to the last ACK; anew when tcpdump could
# not keep up.
record()
{
	local name=$1 i
	shift
	for ((i = 0; i < 3; i++)); do
		background "record" tcpdump -Z root --immediate-mode -U -B 131072 -s 262144 -i vtx -w "$T/$name.pcap" tcp
		until_true 10 grep -q 'listening on' "$T/record.err" || fail "tcpdump does not start"
		"$@" >"$T/client.out" 2>"$T/client.err" || fail "the client of $name: $(cat "$T/client.err")"
		# What tcpdump has not read yet when it is told to stop, it does not write.
		"$PYTHON" "$HERE/lib_tcp" ended "$T/$name.pcap" 2>>"$T/record.err" || true
		stop record
		if ! grep -q 'has the ends of' "$T/record.err" && grep -q '^0 packets dropped by kernel' "$T/record.err"; then
			return
		fi
	done
	fail "tcpdump of $name: $(cat "$T/record.err")"
}

# replay STATUS NAME OPTION...: its JSON is in $T/out. Times are short, as nothing here takes long.
replay()
{
	local wanted=$1 name=$2
	shift 2
	expect "$wanted" "$CAPBENCH" replay vtx "$T/$name.pcap" --timeout 5s --json "$@"
}

# complete NAME OPTION...: all of it, and identical where nothing else is asked for.
complete()
{
	local name=$1
	replay 0 "$@"
	assert_json "$T/out" '.verdicts.complete >= 1 and .verdicts.complete == ([.verdicts[]] | add)' "$name: verdicts"
	assert_json "$T/out" '.happened == .scheduled' "$name: every captured packet happened"
}

# nothing_of_ours: no XDP program, no process, nothing in the kernel's own TCP.
nothing_of_ours()
{
	! ip link show vtx | grep -q xdp && [ -z "$(others)" ]
}
