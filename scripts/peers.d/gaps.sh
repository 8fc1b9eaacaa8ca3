# Times between frames at 100 kpps, as the receiver's kernel stamps them: veth hands a frame over on the
# sender's core at once, so this is when it left. Drawn into gaps.svg and gaps.png;
# and pktgen's in a virtual machine into gaps-vm.svg and gaps-vm.png.
# Sourced by scripts/peers.
# shellcheck shell=bash disable=SC2154

gap_ns=10000
gap_senders=("capbench packet" "capbench af-xdp" "trafgen --rate" "trafgen --gap" "tcpreplay --pps" "tcpreplay --pps, gtod")

start_paced() # NAME
{
	local pin=(taskset -c "$generator_core")
	case $1 in
	capbench*)
		background "$capbench" generate vtx --transmitter "${1#capbench }" --rate 100k \
			--frame-size 64 --cpu "$generator_core" --duration "${duration}s"
		;;
	*--gap) background timeout -s INT "$duration" "${pin[@]}" trafgen --in frame.cfg --out vtx -P 1 -t 10us ;;
	*--rate)
		background timeout -s INT "$duration" "${pin[@]}" trafgen --in frame.cfg --out vtx -P 1 \
			--rate 100000pps
		;;
	*gtod)
		background timeout -s INT "$duration" "${pin[@]}" tcpreplay --preload-pcap --pps=100000 \
			--timer=gtod --quiet --loop 100000 -i vtx frames.pcap
		;;
	tcpreplay*)
		background timeout -s INT "$duration" "${pin[@]}" tcpreplay --preload-pcap --pps=100000 \
			--quiet --loop 100000 -i vtx frames.pcap
		;;
	esac
}

# The deviations of the gaps from the one asked for, in ns, sorted by size; what starts and ends left
# out. Seconds since 1970 with nanoseconds are too long for a double, so they are taken apart.
deviations_of() # FILE
{
	tcpdump -n -tt --nano -r "$1" 2>/dev/null | awk -v gap=$gap_ns '
		{
			split($1, t, ".")
			if (NR > 1)
				print (d = (t[1] - s) * 1e9 + t[2] - ns - gap) < 0 ? -d : d
			s = t[1]; ns = t[2]
		}' | tail -n +1001 | head -n -100 | sort -n
}

gaps_file() # NAME
{
	printf 'gaps.%s' "${1//[^a-z0-9]/_}"
}

gaps_once() # NAME
{
	local capture
	background ip netns exec far taskset -c "$capture_core" tcpdump -Z root -B 65536 -j host \
		--time-stamp-precision=nano -i vrx -s 64 -w gaps.pcap
	capture=$pid
	until_true 50 grep -q listening err
	start_paced "$1"
	wait "$pid" || true
	sleep 0.5
	pid=$capture
	stop
	deviations_of gaps.pcap >deviations
	[ -s deviations ] || { say "no frames of $1 were seen"; exit 1; }
	local within
	for within in 64 128 256 512 1000; do
		note "gaps, % within $within ns" "$1" "$(awk -v w=$within '
			$1 <= w { n++ } END { print 100 * n / NR }' deviations)"
	done
	note "gaps, deviation in ns, p99" "$1" \
		"$(sed -n "$((($(wc -l <deviations) * 99 + 99) / 100))p" deviations)"
}

# The kernel's pktgen is real only in the virtual machine, whose clock counts instructions in this test, so
# what is compared there is drawn by itself: tests/vm/gaps.sh prints points of the curves.
vm_gaps()
{
	local told=vm/gaps/told name label rate within file n=0 plots=''
	rm -rf vm
	if ! CAPBENCH_TIER=all CAPBENCH_KEEP=vm CAPBENCH_FAST=$capbench "$root/scripts/lab" test gaps >vm.log; then
		say "no comparison with pktgen: $(grep -v passed vm.log | tail -n 1)"
		return
	fi
	while read -r name rate; do
		for within in 64 256 1000; do
			note "gaps in the virtual machine at $rate pps, % within $within ns" "$name" \
				"$(awk -v n="$name" -v r="$rate" -v w=$within '
					{ sub(/\r$/, "") }
					$2 == "gap" && $3 == n && $4 == r && $5 <= w { p = $6 } END { print p + 0 }' $told)"
		done
		file=gaps-vm.$name.$rate.dat label=$name
		[ "$name" = pktgen ] || label="capbench $name"
		{
			echo "deviation_ns share_percent \"$name, $rate\""
			awk -v n="$name" -v r="$rate" '{ sub(/\r$/, "") }
				$2 == "gap" && $3 == n && $4 == r { print ($5 < 1 ? 1 : $5), $6 }' $told
		} >"$out/$file"
		plots+="'$out/$file' skip 1 using 1:2 with steps lw 2 dt $((++n)) title '${label}, $rate pps', "
	done < <(awk '$2 == "gap" { print $3, $4 }' $told | sort -u)
	draw gaps-vm "How exactly do pktgen and capbench keep 100 000 frames/s, on a clock of instructions?" \
		"gap between two frames off the one asked for by at most (ns)" "${plots%, }"
}

# draw NAME TITLE XLABEL PLOTS: into $out/NAME.svg and .png.
draw()
{
	gnuplot <<-PLOT
		set terminal svg size 900,520 font "DejaVu Sans,13" background "white"
		set output "$out/$1.svg"
		set title "$2"
		set xlabel "$3"
		set ylabel "share of gaps (%)"
		set logscale x
		set xrange [10:1e6]
		set yrange [0:100]
		set key inside bottom right Left reverse # nothing is that exact and that late
		set grid
		set linetype 1 lc rgb "#0072b2"
		set linetype 2 lc rgb "#d55e00"
		set linetype 3 lc rgb "#009e73"
		set linetype 4 lc rgb "#cc79a7"
		set linetype 5 lc rgb "#000000"
		set linetype 6 lc rgb "#e69f00"
		plot $4
		set terminal pngcairo size 1350,780 font "DejaVu Sans,14" background "white"
		set output "$out/$1.png"
		replot
	PLOT
	say "drawn: $out/$1.svg, $out/$1.png"
}

# One curve a sender: the share of its gaps that are off by at most so much, of all runs together.
draw_gaps()
{
	local name file plots=''
	mkdir -p "$out"
	for name in "${gap_senders[@]}"; do
		file=$(gaps_file "$name")
		sort -n "$file" | awk -v name="$name" '
			{ d[NR] = $1 < 1 ? 1 : $1 }
			END {
				print "deviation_ns share_percent \"" name "\""
				for (i = 0; i <= 400; i++) {
					k = int(NR * i / 400); if (k < 1) k = 1
					print d[k], 100 * k / NR
				}
			}' >"$out/$file.dat"
		plots+="'$out/$file.dat' skip 1 using 1:2 with steps lw 2 dt $((++n)) title '$name', "
	done
	draw gaps "How exactly do senders keep 100 000 frames/s?" \
		"gap between two frames off 10 us by at most (ns)" "${plots%, }"
}

measure_gaps()
{
	local run name within n=0
	frames_for_peers
	rm -f gaps.*
	for ((run = 1; run <= runs; run++)); do
		for name in "${gap_senders[@]}"; do
			progress "gaps: run $run of $runs, $name"
			turn gaps_once "$name"
			cat deviations >>"$(gaps_file "$name")"
		done
	done
	draw_gaps
	run=1 n=0
	vm_gaps
	for within in 64 128 256 512 1000; do
		target gaps "% within $within ns: packet less the best of the peers" ">=" 0 \
			".[\"gaps, % within $within ns\"] | .[\"capbench packet\"] - ([to_entries[] |
			select(.key | startswith(\"capbench\") | not).value] | max)"
	done
}
