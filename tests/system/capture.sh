#!/usr/bin/env bash
# Capture on a real link: every mechanism with every load, every wait with every load, frames of ours
# and of others, several views, and witnesses that are not ours beside it. (conformance.sh puts every
# mechanism and wait through overload, links going down and the like.)
# timeout: 420
. "$(dirname "$0")/lib.sh"
need_root
need_cores 2
need_cmd trafgen tcpdump tcpreplay

make_link
# One regime for all mechanisms: a veth has its NAPI ring once GRO or XDP is on.
far ethtool -K vrx gro on >/dev/null
expect 0 "$CAPBENCH" list --json
cp "$T/out" "$T/list.json"

members() # AXIS: those that can run here and do something
{
	jq -r ".$1[] | select(.can_run and .name != \"null\") | .name" "$T/list.json"
}

# A frame that is not ours, through a sender that is not ours.
echo '{ 0x02,0,0,0,0,2, 0x02,0,0,0,0,1, 0x08,0x00, 0x45, fill(0x5a, 45) }' >"$T/foreign.cfg"
send_foreign() # COUNT
{
	trafgen --in "$T/foreign.cfg" --out vtx --num "$1" -P1 -q >"$T/trafgen" 2>&1 ||
		fail "trafgen: $(cat "$T/trafgen")"
}

ready()
{
	grep -q '"ready": true' "$T/cap.out"
}

ready_or_ended()
{
	ready || ! alive "${pid[cap]}"
}

# start_capture OPTION...: in the background, ready; 1: refused, 2 or 4 with a reason. (--control makes
# it tell when it is ready, as it tells an agent.)
start_capture()
{
	rm -f "$T/cap.out"
	background cap ip netns exec far "$CAPBENCH" capture vrx --control "$@"
	until_true 10 ready_or_ended || fail "neither ready nor refused within 10 s: $*"
	! ready || return 0
	finish cap 5
	[ "$status" -eq 2 ] || [ "$status" -eq 4 ] || fail "exit status $status of capture $*: $(cat "$T/cap.err")"
	return 1
}

# stop_capture: its view is in $T/view.json
stop_capture()
{
	stop cap
	assert_eq "$status" 0 "exit status of capture $*: $(cat "$T/cap.err")"
	jq -s '.[-1]' "$T/cap.out" >"$T/view.json" || fail "capture $*: its record is not JSON"
}

assert_books() # OFFERED WHAT: not one frame may be missing, and the gaps must tell the same
{
	assert_json "$T/view.json" ".received + .tap_dropped + .unread == $1" "$2: books of $1 frames"
	assert_json "$T/view.json" '.received == .unique + .duplicate + .damaged + .foreign' "$2: books"
	assert_json "$T/view.json" '.duplicate == 0 and .damaged == 0' "$2: nothing twice or damaged"
}

# ---- every combination ---------------------------------------------------------------------------

combinations=0
both() # MECHANISM WAIT LOAD
{
	local what="$1, $2, $3"
	start_capture --mechanism "$1" --wait "$2" --load "$3" || return 1
	send_foreign 100
	# Fewer than the 256 that veth's NAPI ring holds.
	expect 0 "$CAPBENCH_FAST" generate vtx --rate 20k --duration 10ms --json
	local ours
	ours=$(json "$T/out" .offered)
	sleep 0.1
	stop_capture "$what"
	assert_books $((100 + ours)) "$what"
	assert_json "$T/view.json" ".received == 100 + $ours and .foreign == 100 and .unique == $ours" "$what"
	assert_json "$T/view.json" '.wakeups >= 0 and .cpu_user_ns >= 0 and .elapsed_ns > 0' "$what"
	combinations=$((combinations + 1))
}

load_form() # LOAD: with an option, where that is quicker
{
	case $1 in
	work) echo work:1us ;;
	packzip) echo packzip:1 ;;
	*) echo "$1" ;;
	esac
}

# In the commit tier all with the first load, and with the others every third in turn.
turn=0 first=$(members loads | head -n 1)
passes()
{
	[ "$CAPBENCH_TIER" != all ] && [ "$load" != "$first" ] && [ $((turn++ % 3)) -ne 0 ]
}

for load in $(members loads); do
	load=$(load_form "$load")
	for mechanism in $(members mechanisms); do
		if [ "$CAPBENCH_TIER" = all ]; then
			for wait in $(members waits); do
				both "$mechanism" "$wait" "$load" || true
			done
			continue
		fi
		! passes || continue
		both "$mechanism" poll "$load" || both "$mechanism" sleep "$load" ||
			both "$mechanism" spin "$load" || fail "$mechanism with $load: $(cat "$T/cap.err")"
	done
	for wait in $(members waits); do
		! passes || continue
		both tpacket3 "$wait" "$load" || both tpacket2 "$wait" "$load" || both af-xdp "$wait" "$load" ||
			fail "$wait with $load: $(cat "$T/cap.err")"
	done
done
echo "$combinations combinations"
[ $combinations -ge 24 ] || fail "only $combinations combinations can run here"
# From here on the backlog does again, which holds 1000 frames.
far ethtool -K vrx gro off >/dev/null

# ---- overload, beside a witness ------------------------------------------------------------------

# 20 us a frame is 50 kpps at best; 100 kpps are offered, and the buffer is small.
background witness ip netns exec far tcpdump -Z root --immediate-mode -B 65536 -s 64 -i vrx \
	-w /dev/null
until_true 10 tap_up || fail "tcpdump does not start"
background cap ip netns exec far "$CAPBENCH" capture vrx --json --mechanism tpacket3 --load work:20us \
	--buffer 1MiB
until_true 10 tap_up 2 || fail "no second tap: $(cat "$T/cap.err")"
rx0=$(frames vrx)
expect 0 "$CAPBENCH_FAST" generate vtx --rate 100k --duration 500ms --json
offered=$(json "$T/out" .offered)
stop_capture "beside tcpdump"
sleep 0.5
stop witness
assert_books "$offered" "beside tcpdump"
assert_json "$T/view.json" '.tap_dropped > 1000' "beside tcpdump: there is loss"
# The last of the frames may be among the lost: no gap shows those.
assert_json "$T/view.json" '.sequence_gaps > 0 and .sequence_gaps <= .tap_dropped + .unread' \
	"beside tcpdump: the gaps tell the loss"
assert_eq $(($(frames vrx) - rx0)) "$offered" "frames that the receiving interface counted"
number() { sed -n "s/^\([0-9]*\) packets $1.*/\1/p" "$T/witness.err"; }
assert_eq "$(number 'received by filter')" "$offered" "frames that tcpdump saw"
[ "$(number captured)" -le "$offered" ] || fail "tcpdump captured more than was offered"

# ---- several views of one link -------------------------------------------------------------------

for i in 1 2 3; do
	background "view$i" ip netns exec far "$CAPBENCH" capture vrx --json --mechanism tpacket2 \
		--load work:10us --buffer 512KiB
	until_true 10 tap_up $i || fail "no tap $i"
done
expect 0 "$CAPBENCH_FAST" generate vtx --rate 100k --duration 300ms --json
offered=$(json "$T/out" .offered)
for i in 1 2 3; do
	stop "view$i"
	cp "$T/view$i.out" "$T/view.json"
	assert_books "$offered" "view $i of three"
done

# ---- frames sent twice are known as such ---------------------------------------------------------

background witness ip netns exec far tcpdump -Z root --immediate-mode -B 16384 -s 96 -i vrx \
	-w "$T/again.pcap"
until_true 10 tap_up || fail "tcpdump does not start"
start_capture --mechanism tpacket3 --load count
expect 0 "$CAPBENCH" generate vtx --rate max --count 1000
sleep 0.3
stop witness
tcpreplay --quiet --topspeed -i vtx "$T/again.pcap" >"$T/tcpreplay" 2>&1 ||
	fail "tcpreplay: $(cat "$T/tcpreplay")"
sleep 0.1
stop_capture "a replay"
assert_json "$T/view.json" '.received == 2000 and .unique == 1000 and .duplicate == 1000' "a replay"

# ---- ends, snaplen -------------------------------------------------------------------------------

start=$EPOCHREALTIME
expect 0 far "$CAPBENCH" capture vrx --mechanism recv --duration 500ms --json
assert_json "$T/out" '.received == 0 and .tap_dropped == 0' "a silent link"
awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { exit !(b - a < 3) }' || fail "--duration 500ms took too long"

for mechanism in $(members mechanisms); do
	start_capture --mechanism "$mechanism" --snaplen 128 ||
		start_capture --mechanism "$mechanism" --snaplen 128 --wait spin ||
		fail "$mechanism: $(cat "$T/cap.err")"
	expect 0 "$CAPBENCH" generate vtx --rate max --count 100 --frame-size 1000
	sleep 0.1
	stop_capture "$mechanism, snaplen 128"
	assert_json "$T/view.json" '.unique == 100 and .truncated == 100 and .bytes == 12800' \
		"$mechanism, snaplen 128"
done

background cap ip netns exec far "$CAPBENCH" capture vrx
until_true 10 tap_up || fail "no tap"
expect 0 "$CAPBENCH" generate vtx --rate max --count 100
sleep 0.1
stop cap TERM
assert_eq "$status" 0 "exit status after TERM"
assert_grep '^received +100 ' "$T/cap.out" "the printed account"

background cap ip netns exec far "$CAPBENCH" capture vrx --json
until_true 10 tap_up || fail "no tap"
ip link del vtx
sleep 0.3
# Told at once; what was counted so far is still printed on ^C.
assert_grep vrx "$T/cap.err" "a link that is gone is named"
stop cap
