# Offered rate against the one asked for, by our record and, from 10 kpps, where the moment at which a
# counter is read does not matter, by the receiving interface's counter, too.
# Sourced by scripts/peers.
# shellcheck shell=bash disable=SC2154

pacing_rates=(1 10 1000 10000 100000 1000000)

# Who can reach it here: libnet makes a system call a frame.
paced_at() # TRANSMITTER RATE
{
	[ "$1" != libnet ] || [ "$2" -lt 1000000 ]
}

paced_transmitters()
{
	"$capbench" list transmitters --json |
		jq -r '[.transmitters[] | select(.can_run) | .name] - ["null", "pktgen", "tcp-replay", "auto"] | .[]'
}

pace_once() # TRANSMITTER RATE
{
	local seen='' options="$1"
	case $1 in
	pcap) options=pcap:file=frames.pcap ;;
	esac
	background "$capbench" generate vtx --transmitter "$options" --rate "$2" --frame-size 64 \
		--cpu "$generator_core" --duration $((duration + 1))s --json
	sleep 0.5
	[ "$2" -lt 10000 ] || seen=$(sample "$duration")
	if ! wait "$pid"; then
		cat err >&2
		say "$1 at $2 pps failed"
		exit 1
	fi
	note "pacing, error in % by the record" "$1, $2 pps" "$(jq "100 * (.offered_pps - $2) / $2" out)"
	[ ! "$seen" ] || note "pacing, error in % by the interface" "$1, $2 pps" \
		"$(jq -n "100 * ($seen - $2) / $2")"
}

measure_pacing()
{
	local run rate who all
	record_frames 10000 frames.pcap
	far ethtool -K vrx gro on # NAPI, without which a veth takes no frames from XDP
	mapfile -t all < <(paced_transmitters)
	for ((run = 1; run <= runs; run++)); do
		for who in "${all[@]}"; do
			for rate in "${pacing_rates[@]}"; do
				progress "pacing: run $run of $runs, $who at $rate pps"
				! paced_at "$who" "$rate" || turn pace_once "$who" "$rate"
			done
		done
	done
	far ethtool -K vrx gro off
	for who in "${all[@]}"; do
		for rate in "${pacing_rates[@]}"; do
			paced_at "$who" "$rate" || continue
			target pacing "$who, $rate pps, |error| in % by the record" "<=" 0.05 \
				".[\"pacing, error in % by the record\"][\"$who, $rate pps\"] | fabs"
			[ "$rate" -lt 10000 ] || target pacing "$who, $rate pps, |error| in % by the interface" "<=" 0.1 \
				".[\"pacing, error in % by the interface\"][\"$who, $rate pps\"] | fabs"
		done
	done
}
