# Frames/s that a sender puts on the link, by the receiving interface's counter.
# Sourced by scripts/peers.
# shellcheck shell=bash disable=SC2154

start_sender() # NAME
{
	local pin=(taskset -c "$generator_core") transmitter
	case $1 in
	capbench*)
		transmitter=${1#capbench}
		transmitter=${transmitter# }
		[ "$transmitter" != pcap ] || transmitter=pcap:file=frames.pcap
		background "$capbench" generate vtx --transmitter "${transmitter:-packet}" --rate max \
			--frame-size 64 --cpu "$generator_core" --duration 60s
		;;
	"trafgen, ring") background "${pin[@]}" trafgen --in frame.cfg --out vtx -P 1 ;;
	"trafgen, ring, qdisc") background "${pin[@]}" trafgen --in frame.cfg --out vtx -P 1 -q ;;
	"trafgen, sendto") background "${pin[@]}" trafgen --in frame.cfg --out vtx -P 1 -t 0 ;;
	"trafgen, sendto, qdisc") background "${pin[@]}" trafgen --in frame.cfg --out vtx -P 1 -q -t 0 ;;
	tcpreplay)
		background "${pin[@]}" tcpreplay --preload-pcap --topspeed --quiet --loop 100000000 \
			-i vtx frames.pcap
		;;
	esac
}

transmit_once() # GROUP NAME
{
	local pps
	start_sender "$2"
	sleep 0.7
	pps=$(sample "$duration")
	stop
	note "$1" "$2" "$pps"
}

measure_transmit()
{
	local name run
	frames_for_peers
	for ((run = 1; run <= runs; run++)); do
		for name in capbench "capbench pcap" tcpreplay "trafgen, ring" "trafgen, ring, qdisc" "trafgen, sendto" \
			"trafgen, sendto, qdisc"; do
			progress "transmit: run $run of $runs, $name"
			turn transmit_once transmit "$name"
		done
	done
	target transmit "capbench / trafgen at its best" ">=" 1 \
		'.transmit | .capbench / '"$(best_trafgen transmit)"
	target transmit "capbench / tcpreplay" ">=" 1 '.transmit | .capbench / .tcpreplay'
	target transmit "capbench pcap / tcpreplay, the same file" ">=" 1 \
		'.transmit | .["capbench pcap"] / .tcpreplay'
}
