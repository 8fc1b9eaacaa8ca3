#!/usr/bin/env bash
# What every transmitter sends, captured by tcpdump and read by tshark: checksums (wrong where asked for), lengths, VLAN
# tags, MPLS labels and fragments are as they should be, nothing is malformed, and the sequence numbers in the stamps
# have no gap. Mixes of sizes, flows and payloads are the same from each; a replayed file arrives as it is.
# timeout: 300
. "$(dirname "$0")/lib.sh"
need_root
need_cmd tcpdump tshark ethtool
FRAMES=100
make_link
far ip link set vrx promisc on
far ethtool -K vrx gro on

transmitters=(packet:method=sendmmsg packet:method=ring libnet)
"$CAPBENCH_FAST" list transmitters --json >"$T/list.json"
for name in af-xdp xdp; do
	if jq -e --arg n $name '.transmitters[] | select(.name == $n and .can_run)' "$T/list.json" >/dev/null; then
		transmitters+=("$name")
	else
		echo "not here: $name"
	fi
done

# listen FILE / heard FILE FRAMES: what arrives between the two.
listen()
{
	background tcpdump ip netns exec far tcpdump -Z root -U --immediate-mode -B 65536 -i vrx -w "$T/$1"
	until_true 10 tap_up || fail "tcpdump does not start: $(cat "$T/tcpdump.err")"
	heard_before=$(frames vrx)
}

# shellcheck disable=SC2317  # called by until_true
arrived() { [ $(($(frames vrx) - heard_before)) -ge "$1" ]; }

heard()
{
	until_true 5 arrived "$2" || fail "$1: $(($(frames vrx) - heard_before)) frames arrived, not $2"
	sleep 0.2
	stop tcpdump
	assert_grep '^0 packets dropped by kernel' "$T/tcpdump.err" "tcpdump of $1"
}

# read_frames FILE: a line a frame, fields between bars.
read_frames()
{
	local field fields=()
	for field in frame.len vlan.id ieee8021ad.id mpls.label ip.len ipv6.plen udp.length ip.checksum.status \
		udp.checksum.status _ws.expert.message udp.srcport ip.frag_offset data.data; do
		fields+=(-e "$field")
	done
	tshark -n -r "$T/$1" -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -o ip.defragment:FALSE \
		-o ipv6.defragment:FALSE -T fields -E 'separator=|' "${fields[@]}" >"$T/$1.fields" 2>"$T/tshark.err" ||
		fail "tshark: $(cat "$T/tshark.err")"
}

# in_order FILE: the frames of each stream are numbered from 0 without a gap; what tshark calls data begins with the
# stamp.
in_order()
{
	awk -F '|' -v frames=$FRAMES -v streams=${#sent[@]} '
	function hex(digits, i, n) {
		for (i = 1; i <= length(digits); i++) n = n * 16 + index("0123456789abcdef", substr(digits, i, 1)) - 1
		return n
	}
	{
		stream = hex(substr($13, 9, 2)); number = hex(substr($13, 13, 12))
		if (number != next_of[stream]++) { print "frame " NR ": stream " stream " has " number; bad = 1; exit }
	}
	END {
		for (s in next_of) { n++; if (next_of[s] != frames && !bad) { print "stream " s ": " next_of[s]; bad = 1 } }
		if (n != streams && !bad) { print n " streams"; bad = 1 }
		exit bad
	}' "$T/$1.fields" >"$T/order" || fail "$1: $(cat "$T/order")"
}

# ---- headers -------------------------------------------------------------------------------------

# All kinds in one capture, each when the one before has arrived; then each by itself.
kinds=$(cat <<'KINDS'
plain          udp                            64   14 20 -   -   -     1 3 -
largest        udp                            1518 14 20 -   -   -     1 3 -
vlan           udp:vlan=100                   68   18 20 100 -   -     1 3 -
qinq           udp:vlan=100/200               131  22 20 200 100 -     1 3 -
mpls           udp:mpls=16/17                 99   22 20 -   -   16,17 1 3 -
ipv6           udp:ip=6                       84   14 40 -   -   -     - 1 -
everything     udp:vlan=1/4094,mpls=20,ip=6   97   26 40 4094 1  20    - 1 -
checksum       udp:checksum=udp               65   14 20 -   -   -     1 1 -
bad-udp        udp:checksum=bad-udp           1001 14 20 -   -   -     1 0 bad
bad-udp6       udp:ip=6,checksum=bad-udp      85   14 40 -   -   -     - 0 bad
bad-ip         udp:checksum=bad-ip            64   14 20 -   -   -     0 3 bad
first          udp:fragment=first             75   14 20 -   -   -     1 3 padded
middle         udp:fragment=middle            64   14 20 -   -   -     1 - padded
last           udp:fragment=last              64   14 20 -   -   -     1 - -
ipv6-first     udp:ip=6,fragment=first        100  14 48 -   -   -     - 2 padded
ipv6-last      udp:vlan=7,ip=6,fragment=last  100  18 48 7   -   -     - - -
KINDS
)
listen kinds.pcap
total=0
while read -r name frame size _; do
	sent=()
	for transmitter in "${transmitters[@]}"; do
		expect 0 "$CAPBENCH" generate vtx --transmitter "$transmitter" --frame "$frame" --frame-size "$size" \
			--rate 20k --count $FRAMES --catch-up 10s --stream ${#sent[@]} --json
		assert_json "$T/out" ".offered == $FRAMES and .refused == 0 and .frame == \"$frame\"" "$name by $transmitter"
		sent+=("$transmitter")
	done
	total=$((total + FRAMES * ${#sent[@]}))
	until_true 5 arrived $total || fail "$name: $(($(frames vrx) - heard_before)) frames arrived, not $total"
done <<<"$kinds"
heard kinds.pcap $total
read_frames kinds.pcap
assert_eq "$(wc -l <"$T/kinds.pcap.fields")" $total "frames of all kinds"

# NAME FRAME SIZE before-IP IP-header VLAN service-VLAN MPLS IP-checksum UDP-checksum fault
# Checksums as tshark has it: 1 good, 0 bad, 2 of a piece, 3 none, - nothing to check.
line=0
while read -r name _ size before header vlan service mpls ip_sum udp_sum fault; do
	sed -n "$((line + 1)),$((line + FRAMES * ${#sent[@]}))p" "$T/kinds.pcap.fields" >"$T/$name.pcap.fields"
	line=$((line + FRAMES * ${#sent[@]}))
	awk -F '|' -v size="$size" -v before="$before" -v header="$header" -v fault="$fault" \
		-v tags="$vlan|$service|$mpls" -v sums="$ip_sum|$udp_sum" -v wanted=$((FRAMES * ${#sent[@]})) '
	function or_dash(x) { return x == "" ? "-" : x }
	function wrong(what) { print "frame " NR ": " what ": " $0; bad = 1; exit }
	{
		total = $5 != "" ? $5 : $6 + 40
		if ($1 != size - 4) wrong("length")
		# Behind a piece that others follow there may be padding.
		if (total > $1 - before || total <= $1 - before - 8 || (fault != "padded" && total != $1 - before))
			wrong("the length of IP")
		if (or_dash($2) "|" or_dash($3) "|" or_dash($4) != tags) wrong("tags")
		if (or_dash($8) "|" or_dash($9) != sums) wrong("checksums")
		if ($7 != "" && $7 != total - header) wrong("the length of UDP")
		if (fault == "bad" ? $10 !~ /^Bad checksum/ : $10 != "") wrong("an expert of tshark")
	}
	END { if (NR != wanted && !bad) { print NR " frames, not " wanted; bad = 1 } exit bad }' \
		"$T/$name.pcap.fields" >"$T/wrong" || fail "$name: $(cat "$T/wrong")"
	in_order "$name.pcap"
done <<<"$kinds"

# ---- sizes, flows, payload -----------------------------------------------------------------------

shapes=("${transmitters[@]}")
[ "${shapes[-1]}" != xdp ] || unset 'shapes[-1]'

# shaped NAME FRAME OPTION...: the same from each of them but for the stamp's time.
shaped()
{
	local name=$1 frame=$2 i
	shift 2
	listen "$name.pcap"
	sent=()
	for transmitter in "${shapes[@]}"; do
		expect 0 "$CAPBENCH" generate vtx --transmitter "$transmitter" --frame "$frame" --rate 20k --count $FRAMES \
			--catch-up 10s --source-port 49152 --stream ${#sent[@]} --json "$@"
		assert_json "$T/out" '.refused == 0' "$name by $transmitter"
		sent+=("$transmitter")
	done
	heard "$name.pcap" $((FRAMES * ${#sent[@]}))
	read_frames "$name.pcap"
	in_order "$name.pcap"
	awk -F '|' '$10 != "" || $8 == 0 && $8 != "" || $9 == 0 && $9 != "" { print; bad = 1 } END { exit bad }' \
		"$T/$name.pcap.fields" >"$T/wrong" || fail "$name: $(head -n 1 "$T/wrong")"
	for ((i = 0; i < ${#sent[@]}; i++)); do
		# Length, source port, and the payload behind the stamp.
		awk -F '|' -v from=$((i * FRAMES)) -v to=$(((i + 1) * FRAMES)) \
			'NR > from && NR <= to { print $1, $11, substr($13, 37) }' "$T/$name.pcap.fields" >"$T/$name.$i"
		cmp -s "$T/$name.0" "$T/$name.$i" || fail "$name: ${sent[i]} sends other frames than ${sent[0]}"
	done
}

shaped imix udp --sizes imix --flows 7 --payload random:compressible=50%
assert_eq "$(cut -d ' ' -f 1 "$T/imix.0" | sort -un | tr '\n' ' ')" '60 590 1514 ' "sizes of imix"
assert_eq "$(cut -d ' ' -f 2 "$T/imix.0" | sort -u | wc -l)" 7 "flows"
shaped genome udp:vlan=9,checksum=udp --sizes genome:bbbdg --payload pattern:deadbeef
assert_eq "$(cut -d ' ' -f 1 "$T/genome.0" | head -n 10 | tr '\n' ' ')" \
	'124 124 124 508 1514 124 124 124 508 1514 ' "sizes of a genome"
[ -z "$(cut -d ' ' -f 3 "$T/genome.0" | sed -E 's/^(deadbeef)*(d|de|dea|dead|deadb|deadbe|deadbee)?$//' | grep . | head -n 1)" ] ||
	fail "the pattern is not repeated"
shaped six udp:mpls=16,ip=6 --sizes uniform:from=100,to=300 --flows 5 --flow-field source-ip --payload random

# ---- a file --------------------------------------------------------------------------------------

digest()
{
	tcpdump -r "$1" -n -xx -t 2>/dev/null | grep '^	0x' | md5sum
}

tshark -r "$T/imix.pcap" -F pcapng -w "$T/imix.pcapng" 2>"$T/tshark.err" || fail "tshark: $(cat "$T/tshark.err")"
number=$((FRAMES * ${#shapes[@]}))
for options in imix.pcap imix.pcapng imix.pcap,memory=1 imix.pcap,qdisc-bypass=off; do
	listen replay.pcap
	expect 0 "$CAPBENCH" generate vtx --transmitter "pcap:file=$T/$options,loops=1" --rate 5k --catch-up 10s --json
	assert_json "$T/out" ".offered == $number and .refused == 0" "$options"
	heard replay.pcap "$number"
	assert_eq "$(digest "$T/replay.pcap")" "$(digest "$T/imix.pcap")" "frames of $options"
done
# With other addresses everything is as right as it was.
# What can't be sent as it was is counted: packets cut when they were captured, and those too long.
editcap -s 50 "$T/imix.pcap" "$T/cut.pcap" || fail "editcap"
long=$(tshark -r "$T/imix.pcap" -T fields -e frame.len 2>/dev/null | awk '$1 > 1014' | wc -l)
ip link set vtx mtu 1000
for memory in 1 1MiB; do
	expect 0 "$CAPBENCH" generate vtx --transmitter "pcap:file=$T/cut.pcap,loops=1,memory=$memory" --rate 5k --catch-up 10s --json
	assert_json "$T/out" ".file_truncated == $number and .file_oversized == $long and .file_runts == 0 and
		.offered == $number - $long" "what was cut or is too long, memory=$memory"
done
ip link set vtx mtu 1500
expect 0 "$CAPBENCH" generate vtx --count 10 --json
assert_json "$T/out" '.file_truncated == null' "no file, no count"

listen unique.pcap
expect 0 "$CAPBENCH" generate vtx --transmitter "pcap:file=$T/genome.pcap,loops=3,unique=on" --rate 5k --catch-up 10s --json
heard unique.pcap $((3 * number))
read_frames unique.pcap
assert_eq "$(awk -F '|' '$8 == 1 && $9 == 1 && $10 == ""' "$T/unique.pcap.fields" | wc -l)" $((3 * number)) \
	"frames with right checksums in three loops"
assert_eq "$(tshark -r "$T/unique.pcap" -T fields -e ip.src 2>/dev/null | sort -u | wc -l)" 3 "addresses of three loops"

# Sizes as the file has them.
listen sizes.pcap
expect 0 "$CAPBENCH" generate vtx --sizes "pcap:$T/imix.pcap" --rate 20k --count 1200 --catch-up 10s --json
assert_json "$T/out" '.sizes_chi_square >= 0 and .sizes_chi_square < 30' "the mix of a file"
heard sizes.pcap 1200
read_frames sizes.pcap
assert_eq "$(cut -d '|' -f 1 "$T/sizes.pcap.fields" | sort -un | tr '\n' ' ')" '60 590 1514 ' "sizes of a file"

# ---- the books of odd frames ---------------------------------------------------------------------

ip link del vtx
ip netns del far
cat >odd.yaml <<'YAML'
name: odd
title: Frames with other headers
trial:
  duration: 100ms
  warmup: 20ms
  traffic: {frame_size: 200, rate: 5k, frame: {vlan: [100, 200]}}
  generator: {transmitter: libnet}
  capture: {mechanism: tpacket3, wait: poll, load: count}
vary:
  traffic.frame: [udp, {vlan: 100}, {vlan: [100, 200], mpls: 16}, {ip: 6}, {fragment: middle}]
  capture.mechanism: [tpacket3, recv]
repetitions: 1
figures:
  - {id: share, x: traffic.frame, y: captured_share, series: capture.mechanism}
YAML
measure "$CAPBENCH_FAST" run odd.yaml --no-report --out "$T/odd"
jq -s . "$T/odd/trials.jsonl" >"$T/trials"
assert_json "$T/trials" 'map(.trial) | unique == [range(10)]' "a trial of each"
assert_json "$T/trials" '[.[].views[] | .unaccounted == 0 and .foreign == 0 and .damaged == 0 and .unique > 0] | all' \
	"every stamp is found"
assert_nothing_left "wellformed"
