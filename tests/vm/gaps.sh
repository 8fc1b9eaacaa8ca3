#!/usr/bin/env bash
# How exactly pktgen and capbench keep a rate, by the stamps that the receiving kernel gives: the share of
# gaps within so many ns of the one asked for. scripts/peers draws what it prints. An emulated machine
# takes ten times as long for everything, so its clock goes by instructions here, a ns each: then a
# frame every 10 us is nothing to it, and two senders differ in what they do, not in who was preempted.
# timeout: 400
# clock: instructions
# tier: all
. "$(dirname "$0")/lib.sh"
need_modules pktgen veth
make_link

is_ready() { grep -q '"ready": true' "$T/cap.out"; }

# gaps NAME RATE TRANSMITTER: "gap NAME RATE DEVIATION_NS PERCENT", a hundred points of the distribution.
gaps()
{
	local name=$1 rate=$2
	rm -f "$T/cap.out"
	background cap ip netns exec far "$CAPBENCH" capture vrx --control --mechanism tpacket3 \
		--buffer 64MiB --snaplen 64 --load "write:file=$T/gaps.pcap"
	until_true 50 is_ready || fail "the capture is not ready: $(cat "$T"/cap.*)"
	kill -STOP "${pid[cap]}" # its ring holds them all, and the one CPU is the sender's
	expect 0 "$CAPBENCH" generate vtx --transmitter "$3" --rate "$rate" --count $((rate / 4)) --cpu 0 --json
	cp "$T/out" "$T/record"
	kill -CONT "${pid[cap]}"
	stop cap TERM
	tcpdump -Z root -n -tt --nano -r "$T/gaps.pcap" 2>"$T/tcpdump.err" | awk -v skip=$((rate / 20)) -v gap=$((1000000000 / rate)) '
		{
			split($1, t, ".")
			if (NR > skip)
				print (d = (t[1] - s) * 1e9 + t[2] - ns - gap) < 0 ? -d : d
			s = t[1]; ns = t[2]
		}' | sort -n >"$T/deviations" || fail "$name: $(cat "$T/tcpdump.err")"
	[ "$(wc -l <"$T/deviations")" -gt $((rate / 6)) ] || fail "$name: $(wc -l <"$T/deviations") gaps: $(cat "$T/record")"
	awk -v name="$name" -v rate="$rate" '{ d[NR] = $1 }
		END { for (i = 1; i <= 100; i++) { k = int(NR * i / 100); print "gap", name, rate, d[k < 1 ? 1 : k], i } }' \
		"$T/deviations" | tee "$T/gaps.$name.$rate"
}

gaps pktgen 100000 pktgen
gaps packet 100000 packet
