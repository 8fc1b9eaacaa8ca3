#!/usr/bin/env bash
# Every transmitter on a real link, with tcpdump as the witness: frames are well-formed, each has the next sequence
# number, sizes and flows are the same whoever sends; the books against the link's counters, under overload too; and
# nothing is left of a transmitter that was stopped or killed.
# timeout: 300
. "$(dirname "$0")/lib.sh"
need_root
need_cores 2
need_cmd tcpdump ethtool bpftool

# As make_link, with two queues, and with NAPI at the far end, which xdp needs.
make_link
ip link del vtx
ip link add vtx numtxqueues 2 numrxqueues 2 type veth peer name vrx numtxqueues 2 numrxqueues 2 netns far
ip link set vtx arp off up
far ip link set vrx arp off up promisc on
far ethtool -K vrx gro on
until_true 5 carrier || fail "the link does not come up"

"$CAPBENCH_FAST" list --json >"$T/list.json"
able=()
for name in packet:method=sendmmsg packet:method=ring packet af-xdp af-xdp:queues=2 xdp; do
	if jq -e --arg n "${name%%:*}" '.transmitters[] | select(.name == $n and .can_run)' "$T/list.json" >/dev/null; then
		able+=("$name")
	else
		echo "not here: $name: $(jq -r --arg n "${name%%:*}" '.transmitters[] | select(.name == $n) | .why' "$T/list.json")"
	fi
done
[ ${#able[@]} -ge 3 ] || fail "packet can't run here: $(jq -c .transmitters "$T/list.json")"

stat() # vtx|vrx FIELD
{
	local ns=""
	[ "$1" = vtx ] || ns="ip netns exec far"
	$ns ip -j -s link show "$1" | jq ".[0].stats64.$2"
}

mark()
{
	sent=$(stat vtx tx.packets) refused=$(stat vtx tx.dropped) came=$(stat vrx rx.packets)
}

# books WHAT: what the link counted since the mark, against the record in $T/out.
books()
{
	local offered gone
	offered=$(json "$T/out" .offered) gone=$(json "$T/out" .refused)
	assert_eq "$(($(stat vtx tx.dropped) - refused))" "$gone" "$1: frames refused, by the link's count"
	assert_eq "$(($(stat vtx tx.packets) - sent))" "$((offered - gone))" "$1: frames sent, by the link's count"
	assert_eq "$(($(stat vrx rx.packets) - came))" "$((offered - gone))" "$1: frames that arrived"
}

# ---- what a witness sees -------------------------------------------------------------------------

# witnessed NAME OPTION...: generates, with tcpdump at the far end; frames in $T/NAME.pcap, the record in $T/out.
witnessed()
{
	local name=$1
	shift
	background witness ip netns exec far tcpdump -Z root --immediate-mode -B 65536 -s 256 -i vrx -w "$T/$name.pcap"
	until_true 10 tap_up || fail "tcpdump does not start"
	mark
	expect 0 "$CAPBENCH_FAST" generate vtx "$@" --catch-up 10s --cpu 0 --json
	books "$name"
	until_true 5 eval "[ \$(($(stat vrx rx.packets) - came)) -eq $(($(json "$T/out" .offered) - $(json "$T/out" .refused))) ]"
	sleep 0.2
	stop witness
	assert_grep '^0 packets dropped by kernel' "$T/witness.err" "tcpdump of $name"
}

# hex FILE: a frame a line, as hexadecimal digits.
hex()
{
	tcpdump -r "$1" -n -xx -t 2>/dev/null | awk '
		/^\t0x/ { sub(/^\t0x[0-9a-f]+: */, ""); gsub(/ /, ""); line = line $0; next }
		{ if (line) print line; line = "" }
		END { if (line) print line }'
}

# well_formed NAME FRAMES
well_formed()
{
	tcpdump -r "$T/$1.pcap" -n -vv 2>/dev/null >"$T/$1.verbose"
	assert_eq "$(grep -c '> 198\.18\.0\.2\.9: .*UDP, length' "$T/$1.verbose")" "$2" "$1: frames as tcpdump reads them"
	if grep -qE 'bad|wrong|invalid|truncated|\[\|' "$T/$1.verbose"; then
		fail "$1: tcpdump finds fault: $(grep -m 1 -E 'bad|wrong|invalid|truncated' "$T/$1.verbose")"
	fi
}

# in_sequence NAME FRAMES: 0 to FRAMES - 1, all of them, each once; in this order unless "any".
in_sequence()
{
	local n=0 digits
	hex "$T/$1.pcap" | cut -c 97-108 >"$T/$1.sequence"
	[ "${3:-}" != any ] || sort -o "$T/$1.sequence" "$T/$1.sequence"
	while read -r digits; do
		[ $((16#$digits)) -eq $n ] || fail "$1: frame $n has sequence number $((16#$digits))"
		n=$((n + 1))
	done <"$T/$1.sequence"
	assert_eq $n "$2" "$1: frames"
}

for name in "${able[@]}"; do
	file=${name//[:=]/-}
	order=""
	# Each queue has a ring of its own at the far end.
	[ "$name" != af-xdp:queues=2 ] || order=any
	witnessed "$file" --transmitter "$name" --rate 20k --count 2000
	assert_json "$T/out" '.offered == 2000' "$name"
	if [ "$(json "$T/out" .refused)" -eq 0 ]; then
		well_formed "$file" 2000
		in_sequence "$file" 2000 $order
	fi
	# Nothing but the stamp tells one transmitter's frames from another's.
	hex "$T/$file.pcap" | cut -c 1-84 | sort | uniq -c | awk '{ print $2 }' >"$T/$file.headers"
	cmp -s "$T/$file.headers" "$T/packet-method-sendmmsg.headers" ||
		fail "$name: headers differ: $(head -n 3 "$T/$file.headers")"
done

# Frames that differ in size, flow and payload: the same from each transmitter that can, frame by frame.
for name in "${able[@]}"; do
	[ "$name" != af-xdp:queues=2 ] || continue
	options=(--sizes imix --flows 7 --flow-field both --payload random --rate 20k --count 500)
	if [ "$name" = xdp ]; then
		expect 2 "$CAPBENCH_FAST" generate vtx --transmitter xdp "${options[@]}"
		continue
	fi
	file=shaped-${name//[:=]/-}
	witnessed "$file" --transmitter "$name" "${options[@]}"
	well_formed "$file" 500
	in_sequence "$file" 500
	# Without time and check of the stamp.
	hex "$T/$file.pcap" | sed -E 's/^(.{108}).{12}/\1/' >"$T/$file.shape"
	cmp -s "$T/$file.shape" "$T/shaped-packet-method-sendmmsg.shape" || fail "$name: frames differ from those of packet"
done
[ "$(cut -c 1-100 "$T/shaped-packet-method-sendmmsg.shape" | awk '{ print length }' | sort -u | wc -l)" -ge 1 ] || fail "no shapes"

# ---- rates and counts ----------------------------------------------------------------------------

more && span=300ms || span=100ms

for name in "${able[@]}"; do
	for count in 1 2 63 65 1000 40009; do
		program=$CAPBENCH_FAST
		[ $count -ne 65 ] || program=$CAPBENCH
		more || [[ " 1 65 40009 " == *" $count "* ]] || continue
		mark
		expect 0 "$program" generate vtx --transmitter "$name" --rate max --count $count --json
		assert_json "$T/out" ".offered == $count" "$name, $count frames"
		books "$name, $count frames"
	done
	for rate in 100 10k 300k; do
		mark
		expect 0 "$CAPBENCH_FAST" generate vtx --transmitter "$name" --rate $rate --duration "$span" --cpu 0 --json
		assert_json "$T/out" '.offered + .unoffered == .intended' "$name at $rate"
		books "$name at $rate"
	done
done

# auto measures, says what, and takes the faster.
expect 0 "$CAPBENCH_FAST" generate vtx --transmitter packet --rate max --count 100k -v -v
awk '/packet: (ring|sendmmsg), because/ {
	found = 1
	for (i = 1; i < NF; i++) if ($(i + 1) == "ns") ns[++n] = $i
	ring = ns[2] < ns[1] * 0.97
	ok = ($4 == (ring ? "ring," : "sendmmsg,"))
} END { exit !(found && ok) }' "$T/err" || fail "packet does not tell its choice: $(cat "$T/err")"

# ---- a receiver that can't keep up ---------------------------------------------------------------

is_ready() { grep -q '"ready": true' "$T/cap.out"; }
overload() # NAME
{
	rm -f "$T/cap.out"
	background cap ip netns exec far "$CAPBENCH_FAST" capture vrx --control --drain 3s --mechanism tpacket3 \
		--load work:20us --buffer 512KiB --cpu 1
	until_true 10 is_ready || fail "the capture is not ready: $(cat "$T"/cap.*)"
	mark
	expect 0 "$CAPBENCH_FAST" generate vtx --transmitter "$1" --rate 200k --duration 300ms --cpu 0 --json
	books "$1, overload"
	stop cap TERM
	tail -n 1 "$T/cap.out" >"$T/cap.json"
	assert_json "$T/cap.json" ".received + .tap_dropped + .unread == $(json "$T/out" .offered) - $(json "$T/out" .refused)" \
		"$1: every frame is accounted for"
	assert_json "$T/cap.json" '.received == .unique and .damaged == 0 and .foreign == 0' "$1: nothing but loss"
	assert_json "$T/cap.json" ".sequence_gaps <= .tap_dropped + .unread + $(json "$T/out" .refused)" "$1: no silent loss"
}

for name in "${able[@]}"; do
	[ "$name" = af-xdp:queues=2 ] || overload "$name"
done

# ---- the end -------------------------------------------------------------------------------------

# programs PID: the eBPF programs that a process holds.
programs()
{
	sed -n 's/^prog_id:\t//p' /proc/"$1"/fdinfo/* 2>/dev/null | sort -u
}

gone() # ID...
{
	local id
	for id; do
		! bpftool prog show id "$id" >/dev/null 2>&1 || return 1
	done
}

sends() { [ "$(stat vtx tx.packets)" -gt "$1" ]; }

turn=0
for name in "${able[@]}"; do
	for signal in INT TERM KILL; do
		# The commit tier: each signal, and the end of each transmitter, not each with each; all of xdp's, which
		# has most to lose.
		more || [ "$name" = xdp ] || [ $((turn++ % 3)) -eq 0 ] || continue
		mark
		before=$(lsns -t net -n 2>/dev/null | wc -l)
		background gen "$CAPBENCH" generate vtx --transmitter "$name" --rate 5k --json
		until_true 10 sends "$((sent + 100))" || fail "$name does not send"
		ids=$(programs "${pid[gen]}")
		[ "$name" != xdp ] || [ "$(wc -w <<<"$ids")" -ge 3 ] || fail "xdp holds no programs: $ids"
		stop gen $signal
		if [ $signal != KILL ]; then
			assert_eq "$status" 0 "$name: exit status after $signal"
			cp "$T/gen.out" "$T/out"
			books "$name, after $signal"
		fi
		# shellcheck disable=SC2086  # a list
		until_true 5 gone $ids || fail "$name, $signal: eBPF programs are left: $ids"
		assert_eq "$(lsns -t net -n 2>/dev/null | wc -l)" "$before" "$name, $signal: network namespaces"
	done
done

# ---- what cannot be ------------------------------------------------------------------------------

if printf '%s\n' "${able[@]}" | grep -qx xdp; then
	far ethtool -K vrx gro off
	expect 4 "$CAPBENCH" generate vtx --transmitter xdp --count 1
	assert_grep 'ethtool -K PEER gro on' "$T/err" "xdp names the cure"
	far ethtool -K vrx gro on
fi
expect 4 "$CAPBENCH" generate vtx --transmitter af-xdp:mode=zero-copy --count 1
expect 2 "$CAPBENCH" generate vtx --transmitter af-xdp:queue=2 --count 1
expect 2 "$CAPBENCH" generate vtx --transmitter xdp:batch=257 --count 1
expect 2 "$CAPBENCH" generate vtx --transmitter packet:method=rin --count 1
assert_grep 'ring' "$T/err" "a method that is not known"
ip link del vtx
ip netns del far

# ---- in a run ------------------------------------------------------------------------------------

if printf '%s\n' "${able[@]}" | grep -qx xdp; then
	cat >run.yaml <<-'YAML'
		name: transmitters
		title: Books of frames from every transmitter
		trial:
		  duration: 100ms
		  warmup: 20ms
		  traffic: {frame_size: 64, rate: 50k}
		  generator: {transmitter: packet}
		  capture: {mechanism: tpacket3, wait: poll, load: discard}
		vary:
		  generator.transmitter: [packet, af-xdp, xdp]
		  traffic.rate: [50k, max]
		repetitions: 1
		figures:
		  - {id: share, x: generator.transmitter, y: captured_share, series: traffic.rate}
	YAML
	measure "$CAPBENCH_FAST" run run.yaml --no-report --out "$T/run"
	jq -s . "$T/run/trials.jsonl" >"$T/trials"
	assert_json "$T/trials" 'map(.trial) | unique == [range(6)]' "a trial of each"
	assert_json "$T/trials" '[.[].views[].unaccounted == 0] | all' "no frame is unaccounted for"
	assert_json "$T/trials" '[.[].params.napi == "on"] | all' "NAPI in every cell, for xdp's sake"
	assert_json "$T/trials" '[.[] | .generator.refused == .path.nic_dropped] | all' "what the link refused is booked"
fi
links_before=0 assert_nothing_left "transmitters"
