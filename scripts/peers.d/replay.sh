# Captured TCP connections played anew: replay and tcpliveplay (of the package tcpreplay), from the same
# files, over the same link, against the same servers of the tests'. tcpliveplay gets what it asks for:
# one connection a file, without IPv6 and VLANs, the peer's MAC address, and a host that does not reset
# what it does not know of (a rule of policy routing drops what the kernel's TCP would send back; its own
# segments leave by a packet socket). Its exit status is 0 whatever came of it, so what it prints is read.
# Sourced by scripts/peers.
# shellcheck shell=bash disable=SC2154

replay_near=10.9.0.1 replay_far=10.9.0.2

# NAME SERVER CLIENT: what was recorded with which server, and whom it is played to.
replay_cases=(
	"short dialogue|lines|short|lines"
	"dialogue|lines|lines|lines"
	"dialogue, the peer sends other segments|lines|lines|small"
	"echo|echo|echo|echo"
	"400 kB up|sink|much|sink"
	"dialogue without TCP timestamps|lines|lines|lines"
)

replay_peer()
{
	python3 "$root/tests/system/lib_tcp" "$@"
}

replay_link()
{
	local port=7000 how
	ip addr add $replay_near/24 dev vtx
	far ip addr add $replay_far/24 dev vrx
	ip link set vtx arp on
	far ip link set vrx arp on
	for how in lines small echo sink; do
		port=$((port + 1))
		declare -g "replay_port_$how=$port"
		setsid ip netns exec far python3 "$root/tests/system/lib_tcp" serve $how $replay_far $port \
			>"server-$how" 2>&1 </dev/null &
		until_true 100 grep -q ready "server-$how"
	done
}

# replay_record SERVER CLIENT NAME FILE
replay_record()
{
	local port=replay_port_$1 timestamps=1
	[ "$3" != "dialogue without TCP timestamps" ] || timestamps=0
	far sysctl -q -w net.ipv4.tcp_timestamps=$timestamps
	background tcpdump -Z root --immediate-mode -U -B 65536 -s 262144 -i vtx -w "$4" tcp
	until_true 50 grep -q listening err
	replay_peer talk "$2" $replay_far "${!port}"
	replay_peer ended "$4"
	stop
}

# replay_once NAME FILE PORT TOOL: whether it completed, how much of it, and its time.
replay_once()
{
	local name=$1 file=$2 port=$3 begin=$EPOCHREALTIME done=0 share=0
	case $4 in
	capbench)
		! "$capbench" replay vtx "$file" --to $replay_far --port "$port" --json >replayed || done=1
		share=$(jq '100 * .happened / .scheduled' replayed)
		;;
	tcpliveplay)
		ip rule add to $replay_far ipproto tcp dport "$port" blackhole
		timeout 60 tcpliveplay vtx "$file" $replay_far "$(far cat /sys/class/net/vrx/address)" random \
			>replayed 2>&1 </dev/null || true
		ip rule del to $replay_far ipproto tcp dport "$port" blackhole
		! grep -q CONGRATS replayed || done=1
		share=$(awk '/Scheduled to be Sent/ { all = $NF } /Actual Packets Sent/ { n = $NF }
			END { print all ? 100 * n / all : 0 }' replayed)
		;;
	esac
	note "replay, completed" "$name, $4" $done
	note "replay, % of the captured packets" "$name, $4" "$share"
	note "replay, s" "$name, $4" "$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')"
}

measure_replay()
{
	local entry name recorded client played port run tool i=0
	replay_link
	for entry in "${replay_cases[@]}"; do
		IFS='|' read -r name recorded client played <<<"$entry"
		i=$((i + 1))
		replay_record "$recorded" "$client" "$name" "replay-$i.pcap"
		port=replay_port_$played
		# tcpliveplay knows no other port than the captured one.
		[ "$recorded" = "$played" ] || replay_repeat_port "replay-$i.pcap" "$recorded" "$played"
		for ((run = 1; run <= (runs < 3 ? runs : 3); run++)); do
			for tool in capbench tcpliveplay; do
				progress "replay: run $run, $name, $tool"
				replay_once "$name" "replay-$i.pcap" "${!port}" $tool
			done
		done
		target replay "capbench completes: $name" ">=" 1 ".[\"replay, completed\"][\"$name, capbench\"]"
	done
	far sysctl -q -w net.ipv4.tcp_timestamps=1
}

# The captured port becomes that of the server that it is played to; checksums are written anew by both.
replay_repeat_port()
{
	local from=replay_port_$2 to=replay_port_$3
	tcprewrite --portmap="${!from}:${!to}" --infile="$1" --outfile=rewritten.pcap
	mv rewritten.pcap "$1"
}
