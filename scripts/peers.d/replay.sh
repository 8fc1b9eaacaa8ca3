# Captured TCP connections played anew: replay and tcpliveplay (of the package tcpreplay), from the same
# files, over the same link, against the same servers of the tests'. tcpliveplay gets what it asks for:
# one connection a file, without IPv6 and VLANs, the peer's MAC address, and a host that does not reset
# what it does not know of (a rule of policy routing drops what the kernel's TCP would send back; its own
# segments leave by a packet socket). Its exit status is 0 whatever came of it, so what it prints is read.
# The table that DIR/replay.md holds tells what came of each, as they say and as the servers saw it.
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
		until_true 100 grep -qs ready "server-$how"
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

# replay_resets: how many resets the far kernel has sent.
replay_resets()
{
	# shellcheck disable=SC2016
	far awk '/^Tcp:/ { if (n++) print $15 }' /proc/net/snmp
}

# replay_saw HOW LINES RESETS: what the server HOW, and its kernel, saw since it had said LINES lines.
replay_saw()
{
	local i saw resets=$(($(replay_resets) - $3))
	for ((i = 0; i < 10; i++)); do # it may be a moment later with its account
		saw=$(tail -n +$(($2 + 1)) "server-$1" | sed 's/^connection: //' | paste -sd ';')
		[ -z "$saw" ] || break
		sleep 0.05
	done
	echo "${saw:-no connection}$([ $resets -eq 0 ] || echo "; its host sent $resets resets")"
}

# What each says of itself: whether it completed, the captured packets that happened in percent, how long the
# connection took, its words.
replay_by_capbench() # FILE PORT
{
	"$capbench" replay vtx "$1" --to $replay_far --port "$2" --json >replayed 2>&1 || status=$?
	completed=$(jq 'if .verdicts.complete == 1 and .exit_status == 0 then 1 else 0 end' replayed)
	share=$(jq '100 * .happened / .scheduled' replayed)
	own=$(jq '.duration_ns / 1e9' replayed)
	said=$(jq -r '.connections[0] | .verdict + (if .why == "" then "" else ": " + .why end)' replayed)
}

replay_by_tcpliveplay() # FILE PORT
{
	ip rule add to $replay_far ipproto tcp dport "$2" blackhole
	timeout 60 tcpliveplay vtx "$1" $replay_far "$(far cat /sys/class/net/vrx/address)" random \
		>replayed 2>&1 </dev/null || status=$?
	ip rule del to $replay_far ipproto tcp dport "$2" blackhole
	completed=$(grep -c CONGRATS replayed || true)
	share=$(awk '/Scheduled to be Sent/ { all = $NF } /Actual Packets Sent/ { n = $NF }
		END { print all ? 100 * n / all : 0 }' replayed)
	# it ends in a box of + or =, or in CONGRATS
	said=$(sed -nE '/^[+=] (ERROR|TIMEOUT):/,/^(\+\+|==)/ { /^(\+\+|==)/d; s/^[+=] //; s/ *[+=]?$//; p }' replayed |
		paste -sd ' ')
	[ "$completed" -eq 0 ] || said=CONGRATS
}

# replay_once NAME FILE SERVER TOOL: values, and a line of the table.
replay_once()
{
	local name=$1 how=$3 tool=$4 port=replay_port_$3 status=0 completed=0 share=0 own=null said=''
	local begin seconds lines resets
	lines=$(wc -l <"server-$how")
	resets=$(replay_resets)
	begin=$EPOCHREALTIME
	"replay_by_$tool" "$2" "${!port}"
	seconds=$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')
	note "replay, completed" "$name, $tool" "$completed"
	note "replay, % of the captured packets" "$name, $tool" "$share"
	note "replay, s" "$name, $tool" "$seconds"
	jq -cn --arg case "$name" --arg tool "$tool" --arg said "$said" --arg saw "$(replay_saw "$how" "$lines" "$resets")" \
		--argjson completed "$completed" --argjson exit $status --argjson seconds "$seconds" \
		--argjson share "$share" --argjson own "$own" '$ARGS.named' >>replay.jsonl
}

# The table for readers. What differs between runs of one is told one after the other.
replay_table()
{
	jq -rs --arg version "$(dpkg-query -W -f '${Version}' tcpreplay)" --arg runs "$1" --arg kernel "$(uname -r)" '
		def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;
		def each(f): map(f | tostring) | unique | join(" / ");
		def time: if . < 1 then "\(. * 10000 | round / 10) ms" else "\(. * 10 | round / 10) s" end;
		def order: . as $rows | reduce $rows[].case as $c ([]; if index([$c]) then . else . + [$c] end);
		. as $rows
		| "Captured connections played anew, \($runs) runs each, by turns, over one veth pair; Linux \($kernel). The files and the",
		  "servers are the same; tcpliveplay is that of the package tcpreplay \($version), with the file, the MAC address and the",
		  "dropped resets that it asks for. Made by `scripts/peers --only replay --runs \($runs)`.",
		  "",
		  "| captured | played by | completed | captured packets that happened | time of the command, median | of the connection | exit status | what it says | what the server saw |",
		  "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
		  (order[] as $case | ("capbench", "tcpliveplay") as $tool
			| [$rows[] | select(.case == $case and .tool == $tool)]
			| "| \($case) | \($tool) | \(map(.completed) | add) of \(length) | \(map(.share) | median | round) % | \(map(.seconds) | median | time) | \(map(.own) | if all(. == null) then "not told" else median | time end) | \(each(.exit)) | \(each(.said)) | \(each(.saw)) |")
	' replay.jsonl
}

measure_replay()
{
	local entry name recorded client played port run tool i=0 n=$((runs < 3 ? runs : 3))
	: >replay.jsonl
	replay_link
	for entry in "${replay_cases[@]}"; do
		IFS='|' read -r name recorded client played <<<"$entry"
		i=$((i + 1))
		replay_record "$recorded" "$client" "$name" "replay-$i.pcap"
		# tcpliveplay knows no other port than the captured one.
		[ "$recorded" = "$played" ] || replay_repeat_port "replay-$i.pcap" "$recorded" "$played"
		for ((run = 1; run <= n; run++)); do
			for tool in capbench tcpliveplay; do
				progress "replay: run $run, $name, $tool"
				replay_once "$name" "replay-$i.pcap" "$played" $tool
			done
		done
		target replay "capbench completes: $name" ">=" 1 ".[\"replay, completed\"][\"$name, capbench\"]"
	done
	far sysctl -q -w net.ipv4.tcp_timestamps=1
	mkdir -p "$out"
	replay_table $n >"$out/replay.md"
	$json || cat "$out/replay.md"
}

# The captured port becomes that of the server that it is played to; checksums are written anew by both.
replay_repeat_port()
{
	local from=replay_port_$2 to=replay_port_$3
	tcprewrite --portmap="${!from}:${!to}" --infile="$1" --outfile=rewritten.pcap
	mv rewritten.pcap "$1"
}
