# CPU time of a capture process per frame, beside the tools of the field.
# Sourced by scripts/peers.
# shellcheck shell=bash disable=SC2154

start_capture() # NAME
{
	local there=(ip netns exec far taskset -c "$capture_core")
	case $1 in
	capbench)
		background ip netns exec far "$capbench" capture vrx --mechanism tpacket3 --wait poll \
			--load discard --cpu "$capture_core" --json
		;;
	tcpdump) background "${there[@]}" tcpdump -Z root -i vrx -w /dev/null ;;
	dumpcap) background "${there[@]}" dumpcap -q -i vrx -w /dev/null ;;
	netsniff-ng)
		background "${there[@]}" netsniff-ng --in vrx --out /dev/null --silent \
			--bind-cpu "$capture_core" --notouch-irq
		;;
	esac
}

# frames_of NAME: how many frames the program says it took.
frames_of()
{
	case $1 in
	capbench) jq .received out ;;
	tcpdump) sed -n 's/^\([0-9]*\) packets captured.*/\1/p' err ;;
	dumpcap) tr '\r' '\n' <err | sed -n 's/^Packets captured: //p' ;;
	netsniff-ng) cat out err | tr '\r' '\n' | awk '/packets incoming/ { print $1 }' ;;
	esac
}

# cpu_time PID: nanoseconds on a core, all threads, user and system, as the scheduler counts.
cpu_time()
{
	cat /proc/"$1"/task/*/schedstat | awk '{ n += $1 } END { printf "%.0f\n", n }'
}

tap_up()
{
	# shellcheck disable=SC2016
	[ -n "$(far awk 'NR > 1 && $6 == 1' /proc/net/packet)" ]
}

cpu_once() # NAME
{
	local before after frames
	start_capture "$1"
	until_true 50 tap_up
	sleep 0.2
	before=$(cpu_time "$pid")
	"$capbench" generate vtx --transmitter packet --rate 600k --frame-size 64 --cpu "$generator_core" \
		--duration "${duration}s" --json >generated
	sleep 1.2 # libpcap's time-out: what is left has been read
	after=$(cpu_time "$pid")
	stop
	frames=$(frames_of "$1")
	if ! [[ $frames =~ ^[1-9][0-9]*$ ]]; then
		cat out err >&2
		say "$1 does not say how many frames it took"
		exit 1
	fi
	note "offered, pps" "while capturing" "$(jq .offered_pps generated)"
	note cpu "$1" "$(jq -n "($after - $before) / $frames")"
	note "captured, % of offered" "$1" "$(jq -n "100 * $frames / $(jq .offered generated)")"
}

measure_cpu()
{
	local run name
	for ((run = 1; run <= runs; run++)); do
		for name in capbench tcpdump dumpcap netsniff-ng; do
			progress "cpu: run $run of $runs, $name"
			turn cpu_once "$name"
		done
	done
	target cpu "capbench / tcpdump" "<=" 0.8 '.cpu | .capbench / .tcpdump'
}
