# CPU time per frame of every mechanism with every wait.
# Sourced by scripts/peers.
# shellcheck shell=bash disable=SC2154

# The waits that go with a mechanism; the others are refused, which `plan` knows, too.
waits_of() # MECHANISM
{
	case $1 in
	recv | tpacket1 | tpacket2 | io-uring | bpf-*)
		echo poll spin sleep adaptive-sleep yield batch:512,1ms
		;;
	af-xdp) echo poll spin sleep adaptive-sleep yield busy-poll ;;
	*) echo poll spin sleep adaptive-sleep yield ;;
	esac
}

capture_ready()
{
	grep -q '"ready": true' out
}

# CPU time of the capture process from ready to the end, by its own record: on core 1, where no
# softirq of this traffic runs.
mechanism_once() # MECHANISM WAIT
{
	local what="$1, $2"
	background ip netns exec far "$capbench" capture vrx --mechanism "$1" --wait "$2" --load discard \
		--snaplen 128 --cpu "$capture_core" --control
	until_true 50 capture_ready
	"$capbench" generate vtx --transmitter packet --rate 600k --frame-size 64 --cpu "$generator_core" \
		--duration "${duration}s" --json >generated
	stop
	tail -n 1 out >view
	note "ns a frame" "$what" "$(jq 'if .received > 0 then .cpu_ns / .received else null end' view)"
	note "mechanisms, captured %" "$what" "$(jq -n --slurpfile v view --slurpfile g generated \
		'100 * $v[0].received / $g[0].offered')"
}

measure_mechanisms()
{
	local run name mechanism wait
	for ((run = 1; run <= runs; run++)); do
		for name in tcpdump dumpcap netsniff-ng; do
			progress "mechanisms: run $run of $runs, $name"
			turn cpu_once "$name"
		done
		for mechanism in recv tpacket1 tpacket2 tpacket3 io-uring pcap bpf-ring:tap=socket \
			bpf-ring:tap=xdp-take bpf-buffer:access=copy bpf-buffer:access=mmap af-xdp; do
			for wait in $(waits_of $mechanism); do
				progress "mechanisms: run $run of $runs, $mechanism, $wait"
				turn mechanism_once "$mechanism" "$wait"
			done
		done
	done
	target mechanisms "tpacket2, batch / tpacket2, poll" "<=" 0.35 \
		'.["ns a frame"] | .["tpacket2, batch:512,1ms"] / .["tpacket2, poll"]'
	# shellcheck disable=SC2016
	target mechanisms "best of ours / tcpdump" "<=" 0.5 \
		'.["ns a frame"][$medians["ns a frame"] | to_entries | min_by(.value).key] / .cpu.tcpdump'
}
