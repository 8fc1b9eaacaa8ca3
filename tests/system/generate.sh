#!/usr/bin/env bash
# The generator on a real link: counts to the frame, rates to a tenth of a percent, witnesses that
# are not ours, and an end on ^C that tells what was done.
# timeout: 180
# alone
. "$(dirname "$0")/lib.sh"
need_root
need_cmd tcpdump

make_link
far ip link set vrx promisc on

# sent FILE: what the interfaces counted since the last mark, against the record.
mark()
{
	tx0=$(frames vtx) rx0=$(frames vrx)
}

check_witnesses() # FILE
{
	local offered
	offered=$(json "$1" .offered)
	assert_eq "$(($(frames vtx) - tx0))" "$offered" "frames that the sending interface counted"
	assert_eq "$(($(frames vrx) - rx0))" "$offered" "frames that the receiving interface counted"
}

# Counts: exactly so many, at any rate and size, with either program.
for program in "$CAPBENCH" "$CAPBENCH_FAST"; do
	for count in 1 2 63 64 65 1000 10007; do
		mark
		expect 0 "$program" generate vtx --rate max --count $count --json
		assert_json "$T/out" ".offered == $count and .frame_size == 64" "--count $count"
		check_witnesses "$T/out"
	done
done
for size in 64 65 128 512 1280 1518; do
	before=$(far ip -j -s link show vrx | jq '.[0].stats64.rx.bytes')
	mark
	expect 0 "$CAPBENCH" generate vtx --rate max --count 500 --frame-size $size --json
	check_witnesses "$T/out"
	after=$(far ip -j -s link show vrx | jq '.[0].stats64.rx.bytes')
	# RFC 2544 counts the 4-byte FCS, which veth does not carry.
	assert_eq $((after - before)) $((500 * (size - 4))) "bytes of 500 frames of $size"
done
expect 2 "$CAPBENCH" generate vtx --rate 1k --count 1 --frame-size 63
expect 2 "$CAPBENCH" generate vtx --rate 1k --count 1 --frame-size 1519

# A witness that is not ours sees the same frames, each with a different stamp.
background witness ip netns exec far tcpdump -Z root --immediate-mode -B 16384 -s 96 -i vrx \
	-w "$T/witness.pcap"
until_true 10 tap_up || fail "tcpdump does not start"
mark
expect 0 "$CAPBENCH" generate vtx --rate 10k --duration 500ms --json
cp "$T/out" "$T/witnessed.json"
check_witnesses "$T/witnessed.json"
sleep 0.5
stop witness
assert_grep "^$(json "$T/witnessed.json" .offered) packets captured" "$T/witness.err" "tcpdump"
assert_grep '^0 packets dropped by kernel' "$T/witness.err" "tcpdump"
# The last bytes of a 64-byte frame (60 without FCS) are the stamp; no two are alike.
tcpdump -r "$T/witness.pcap" -n -xx -t 2>/dev/null | awk '
	/^\t0x0020/ || /^\t0x0030/ { line = line $0 }
	!/^\t/ { if (line) print line; line = "" }
	END { if (line) print line }' | sort | uniq -d >"$T/twice"
[ ! -s "$T/twice" ] || fail "stamps occur twice: $(head -n 3 "$T/twice")"
# Headers are right: tcpdump -vv says when a checksum or a length isn't.
tcpdump -r "$T/witness.pcap" -n -vv -c 50 2>/dev/null >"$T/verbose"
assert_eq "$(grep -cE '198\.18\.0\.1\.9 > 198\.18\.0\.2\.9: .*UDP, length 18' "$T/verbose")" 50 "frames as tcpdump reads them"
if grep -qE 'bad|wrong|invalid|truncated|\[\|' "$T/verbose"; then
	fail "tcpdump finds fault with a frame: $(grep -m 1 -E 'bad|wrong|invalid|truncated' "$T/verbose")"
fi

# Rates. The record's own, and the interface's counter over the time that the record tells. The
# generator comes before its neighbours on the core (shorter than a second: real-time processes are held
# back after 0.95 s of one). When a hypervisor takes the core away, nothing can be told of the pacing;
# the books must hold each time.
stolen() # jiffies, all cores
{
	awk '/^cpu / { print $9 }' /proc/stat
}

rate_holds() # RATE: yes, no or disturbed
{
	local before
	mark
	before=$(stolen)
	expect 0 chrt -f 70 "$CAPBENCH_FAST" generate vtx --rate "$1" --duration 900ms --cpu 0 --json
	assert_json "$T/out" ".intended == $1 * 0.9 and .offered + .unoffered == .intended" "books at $1 pps"
	check_witnesses "$T/out"
	if jq -e "[.offered_pps, .offered / .elapsed_ns * 1e9 | (. - $1) / $1 | fabs] | .[0] < 0.001 and .[1] < 0.0015" \
		"$T/out" >/dev/null; then
		held=yes
	elif [ "$(stolen)" -gt "$before" ]; then
		held=disturbed
	else
		held=no
	fi
}

for rate in 1000 10000 100000; do
	missed=0
	for try in 1 2 3 4 5 6; do
		rate_holds $rate
		[ "$held" != yes ] || break
		[ "$held" = disturbed ] || missed=$((missed + 1))
		[ $missed -lt 2 ] || fail "the rate is not within 0.1 % of $rate pps: $(jq -c \
			'[.offered, .elapsed_ns, .offered_pps, .lateness_max_ns]' "$T/out")"
	done
	[ "$held" = yes ] || echo "undecided: at $rate pps the machine was taken away in $try trials"
done
# The clock on the wall agrees: 20000 frames at 10 k take 2 s.
start=$EPOCHREALTIME
expect 0 "$CAPBENCH_FAST" generate vtx --rate 10k --count 20000 --cpu 0 --json
took=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')
assert_within "$took" 2.1 10 "seconds for 20000 frames at 10 k"

# More than any link can take: what was missed is said, and never sent later.
mark
expect 0 "$CAPBENCH_FAST" generate vtx --rate 50M --duration 500ms --cpu 0 --json
assert_json "$T/out" '.intended == 25000000 and .offered + .unoffered == .intended and .unoffered > 0' \
	"books at an impossible rate"
check_witnesses "$T/out"
assert_json "$T/out" '.elapsed_ns < 600000000' "an impossible rate does not stretch the time"

# ^C and TERM end it, with the account.
for signal in INT TERM; do
	mark
	background gen "$CAPBENCH" generate vtx --rate 5k --json
	sleep 1
	stop gen $signal
	assert_eq "$status" 0 "exit status after $signal"
	assert_json "$T/gen.out" '.offered > 1000 and .elapsed_ns > 500000000' "the record after $signal"
	check_witnesses "$T/gen.out"
done

# Without --json it is for people.
# (A host that stands still for a while lets frames go unoffered, and says so: another try then.)
for ((i = 0; i < 5; i++)); do
	expect 0 "$CAPBENCH" generate vtx --rate 1k --count 100
	grep -q 'unoffered [1-9]' "$T/out" || break
done
assert_grep '^offered +100 frames' "$T/out" "the printed account"

# A link that goes away is an error that names it, not a hang.
background gen "$CAPBENCH" generate vtx --rate 5k --duration 10s --json
sleep 0.5
ip link del vtx
finish gen 5
[ "$status" -ne 0 ] || fail "a link that is gone goes unnoticed"
assert_grep 'vtx' "$T/gen.err" "a link that is gone is named"
links_before=0 assert_nothing_left "generate"
