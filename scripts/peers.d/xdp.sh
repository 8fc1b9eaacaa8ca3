# Frames/s delivered to an XDP program that drops them.
# Sourced by scripts/peers.
# shellcheck shell=bash disable=SC2154

# The receiver's XDP program drops all, so what is measured is the sender and the link.
measure_xdp()
{
	local name run
	frames_for_peers
	clang -target bpf -O2 -x c -c -o drop.o - <<-'C'
		__attribute__((section("xdp"), used)) int drop(void *context) { return 1; /* XDP_DROP */ }
		char bsd[] __attribute__((section("license"), used)) = "BSD";
	C
	far ip link set vrx xdpdrv obj drop.o sec xdp
	for ((run = 1; run <= runs; run++)); do
		for name in "capbench xdp" "capbench af-xdp" "capbench packet" "trafgen, ring" \
			"trafgen, ring, qdisc" "trafgen, sendto" "trafgen, sendto, qdisc"; do
			progress "xdp: run $run of $runs, $name"
			turn transmit_once xdp "$name"
		done
	done
	far ip link set vrx xdpdrv off
	target xdp "capbench xdp / trafgen at its best" ">=" 5 \
		'.xdp | .["capbench xdp"] / '"$(best_trafgen xdp)"
}
