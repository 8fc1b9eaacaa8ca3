#!/usr/bin/env bash
# AF_XDP on a real link, native and generic: the books against the device's own counters, which tell the same loss in
# another place or nowhere; what busy polling does, by strace; several queues; nothing left behind by a killed process.
# timeout: 180
. "$(dirname "$0")/lib.sh"
need_root
need_cores 2
need_cmd ethtool bpftool strace

make_link
"$CAPBENCH_FAST" list --json >"$T/list.json"
jq -e '.mechanisms[] | select(.name == "af-xdp" and .can_run)' "$T/list.json" >/dev/null ||
	skip "af-xdp can't run here: $(far "$CAPBENCH_FAST" capture vrx --mechanism af-xdp --duration 1ms 2>&1)"

is_ready() { grep -q '"ready": true' "$T/$1.out"; }
start() # NAME OPTION...
{
	local name=$1
	shift
	rm -f "$T/$name.out"
	background "$name" ip netns exec far "$CAPBENCH" capture vrx --control --drain 3s "$@"
	until_true 10 is_ready "$name" || fail "not ready within 10 s: capture $*: $(cat "$T/$name".*)"
}

end() # NAME: its view is in $T/NAME.json
{
	stop "$1" TERM
	tail -n 1 "$T/$1.out" >"$T/$1.json"
	assert_eq "$status" 0 "exit status: $(cat "$T/$1.json" "$T/$1.err")"
}

has_xdp() { far ip link show vrx | grep -q xdp; }
# Nothing is attached, and the interface is as it was.
assert_clean() # WHAT
{
	! has_xdp || fail "$1: there is still an XDP program"
	far ip -d link show vrx | grep -q 'promiscuity 0' || fail "$1: the interface is still promiscuous"
	until_true 5 no_socket_maps || fail "$1: a map of sockets is left"
}
# The kernel frees them some time after their last user is gone.
no_socket_maps() { [ -z "$(bpftool -j map | jq '.[] | select(.type == "xskmap")')" ]; }

received_drops() { far ip -j -s link show vrx | jq '.[0].stats64.rx.dropped'; }
sent_drops() { ip -j -s link show vtx | jq '.[0].stats64.tx.dropped'; }

# ---- the books, and the device's counters --------------------------------------------------------

over() # MODE WAIT: 20 us a frame is 50 kpps at best; 150 kpps are offered
{
	local what="mode $1, $2" offered refused dropped
	for _ in 1 2 3 4 5; do
		over_once "$@"
		# less than half of it: the host stood still, and there may have been room for the rest
		[ "$offered" -lt 22500 ] || break
	done
	assert_json "$T/cap.json" '.received == .unique and .tap_dropped > 1000' "$what: there is loss, and nothing else"
}

over_once()
{
	start cap --mechanism "af-xdp:mode=$1" --wait "$2" --load work:20us --buffer 512KiB --cpu 1
	dropped=$(received_drops) refused=$(sent_drops)
	expect 0 "$CAPBENCH_FAST" generate vtx --rate 150k --duration 300ms --cpu 0 --json
	offered=$(json "$T/out" .offered)
	end cap
	dropped=$(($(received_drops) - dropped)) refused=$(($(sent_drops) - refused))
	assert_json "$T/cap.json" ".received + .tap_dropped + .unread == $offered - $refused" "$what: books of $offered"
	assert_json "$T/cap.json" '.received == .unique' "$what: nothing else was received"
	assert_json "$T/cap.json" '.sequence_gaps <= .tap_dropped + .unread + '"$refused" "$what: no stamp is lost silently"
	assert_eq "$(json "$T/out" .refused)" "$refused" "$what: what the link refused is no loss of the sockets'"
	# Native: the driver counts the failed redirects. Generic: nobody does.
	[ "$1" = driver ] || dropped=$((dropped + $(json "$T/cap.json" .tap_dropped)))
	assert_eq "$dropped" "$(json "$T/cap.json" .tap_dropped)" "$what: the receiving device's rx_dropped"
	assert_clean "$what"
}

for mode in driver skb; do
	over $mode poll
	over $mode spin
done
over driver busy-poll
over driver busy-poll:defer-irqs=2,flush-timeout=200us

# ---- what busy polling does, by an outside witness -----------------------------------------------

for wait in poll busy-poll; do
	rm -f "$T/calls"
	expect 0 far strace -f -qq -e trace=poll,recvfrom,io_uring_enter -e signal=none -o "$T/calls" \
		"$CAPBENCH_FAST" capture vrx --mechanism af-xdp --wait $wait --duration 300ms --json
	# The mechanism's own looks at the interface are counted with it, not with the wait.
	assert_json "$T/out" ".syscalls == $(wc -l <"$T/calls")" "$wait: the system calls that strace saw"
	assert_json "$T/out" ".syscalls - .wait_syscalls <= 5" "$wait: a look at the interface now and then"
done
assert_json "$T/out" '.wait_syscalls > 100 and .wakeups + .idle_wakeups == 0' "busy-poll: polls, and does not sleep"

# ---- several queues ------------------------------------------------------------------------------

if far ethtool -L vrx rx 2 tx 2 2>/dev/null && ethtool -L vtx rx 2 tx 2 2>/dev/null; then
	start cap --mechanism af-xdp:mode=driver --load count
	# One core, one TX queue: without XPS a veth's queue is chosen by the flow.
	expect 0 "$CAPBENCH" generate vtx --rate 20k --count 150 --json
	end cap
	assert_json "$T/cap.json" ".unique == $(json "$T/out" .offered) and .tap_dropped == 0" "two queues, one process"
	expect 2 far "$CAPBENCH" capture vrx --mechanism af-xdp:queues=3 --duration 10ms
	assert_grep 'has 2 RX queues' "$T/err" "too many queues are refused"
	until_true 5 ethtool -L vtx rx 1 tx 1 || fail "the sender's queues stay"
	until_true 5 far ethtool -L vrx rx 1 tx 1 || fail "the receiver's queues stay"
fi

# ---- ends ----------------------------------------------------------------------------------------

start cap --mechanism af-xdp:mode=driver
has_xdp || fail "no XDP program while it captures"
expect 4 far "$CAPBENCH" capture vrx --mechanism af-xdp --duration 10ms
assert_grep 'has an XDP program already' "$T/err" "an interface has one XDP program"
background gen "$CAPBENCH_FAST" generate vtx --rate 50k --json
sleep 0.2
stop cap KILL
stop gen
until_true 5 eval '! has_xdp' || fail "a killed process leaves its XDP program"
until_true 5 eval '! bpftool -j prog | jq -e ".[] | select(.name == \"af_xdp\")"' ||
	fail "a killed process leaves its program"
assert_clean "killed"

start cap --mechanism af-xdp
expect 0 "$CAPBENCH" generate vtx --rate 20k --count 100 --json
sleep 0.2 # what is in veth's ring would go with it
ip link del vtx
until_true 5 grep -q vrx "$T/cap.err" || fail "a link that is gone is not named"
stop cap TERM
tail -n 1 "$T/cap.out" >"$T/cap.json"
assert_json "$T/cap.json" ".unique == $(json "$T/out" .offered)" "a link that is gone takes nothing with it that came before"
