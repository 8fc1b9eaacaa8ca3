#!/usr/bin/env bash
# Every mechanism that can run here, with every wait it allows, on every tap it has, through the same list of
# situations: frame sizes, a mix of sizes, under and over capacity, several processes, start and stop during
# traffic, the interface going down in mid-capture, a killed process. The ledger is asserted to the integer each time.
#
# The commit tier goes pairwise: each mechanism sees each situation once, with waits and taps taken in turn; the
# other tier takes the full product. Words of the command line pick mechanisms and situations out of it:
# conformance.sh recv tpacket2 over
# timeout: 900
. "$(dirname "$0")/lib.sh"
need_root
need_cores 2

make_link
# One regime for all arms: a veth has its NAPI ring once GRO or XDP is on, and a backlog without.
far ethtool -K vrx gro on >/dev/null
expect 0 "$CAPBENCH_FAST" list --json
cp "$T/out" "$T/list.json"
expect 0 far "$CAPBENCH" list --json

# ---- what there is -------------------------------------------------------------------------------

mechanisms()
{
	jq -r '.mechanisms[] | select(.can_run and .name != "null") | .name' "$T/list.json"
}

# variants MECHANISM: short forms, one for each tap, access or version of it.
variants()
{
	jq -r --arg m "$1" '.mechanisms[] | select(.name == $m) | . as $x
		| [.options[] | select(.name == "tap" or .name == "access")
			| .name as $n | [.value | split("|")[] | "\($n)=\(.)"]]
		| if length == 0 then [[]] else ([combinations]) end
		| .[] | $x.name + (if length > 0 then ":" + join(",") else "" end)' "$T/list.json"
}

waits()
{
	jq -r '.waits[] | select(.can_run) | .name' "$T/list.json"
}

# ---- one capture ---------------------------------------------------------------------------------

is_ready() { grep -q '"ready": true' "$T/$1.out"; }

# start NAME OPTION...: a capture process, ready. 1: this combination is refused, with a reason.
start()
{
	local name=$1
	shift
	rm -f "$T/$name.out" # of the one before, which was ready
	background "$name" ip netns exec far "$CAPBENCH" capture vrx --control --drain 3s "$@"
	until_true 10 settled "$name" || fail "neither ready nor refused within 10 s: capture $*"
	is_ready "$name" && return 0
	finish "$name" 10
	case $status in
	2 | 4) return 1 ;;
	esac
	fail "exit status $status of capture $*: $(cat "$T/$name.out" "$T/$name.err")"
}

settled() { is_ready "$1" || ! alive "${pid[$1]}"; }

# end NAME WHAT: its view is in $T/NAME.json
end()
{
	stop "$1" TERM
	tail -n 1 "$T/$1.out" >"$T/$1.json"
	assert_eq "$status" 0 "$2: exit status: $(cat "$T/$1.json" "$T/$1.err")"
}

# send OPTION...: its record is in $T/gen.json; offered and refused add up in $offered, $refused.
offered=0 refused=0
send()
{
	expect 0 "$CAPBENCH_FAST" generate vtx --json --cpu 0 "$@"
	cp "$T/out" "$T/gen.json"
	offered=$((offered + $(json "$T/gen.json" .offered)))
	refused=$((refused + $(json "$T/gen.json" .refused)))
}

# balanced NAME WHAT: what was offered and not refused by the link is received, dropped by the tap, or unread.
balanced()
{
	local through=$((offered - refused))
	assert_json "$T/$1.json" ".received + .tap_dropped + .unread == $through" "$2: books of $through frames"
	assert_json "$T/$1.json" '.received == .unique and .foreign == 0 and .damaged == 0 and .duplicate == 0' \
		"$2: every frame received is one of ours, once"
	assert_json "$T/$1.json" '.reordered == 0 and .sequence_gaps <= .tap_dropped + .unread + '"$refused" \
		"$2: no stamp is lost silently"
}

clean() # WHAT: nothing is attached to the interface any more
{
	until_true 5 detached || {
		far ip -d link show vrx >&2
		far bpftool net >&2 2>/dev/null || true
		fail "$1: something is still attached to the interface"
	}
}

detached()
{
	! far ip -d link show vrx | grep -qE 'xdp|PROMISC|promiscuity [1-9]' &&
		[ -z "$(far tc filter show dev vrx ingress 2>/dev/null)" ] &&
		[ -z "$(far awk 'NR > 1' /proc/net/packet)" ]
}

# ---- the situations ------------------------------------------------------------------------------

sizes() # what options...
{
	local what=$1 size
	shift
	start cap "$@" --snaplen 96 || return 1
	# Fewer than the 256 that veth's NAPI ring holds, so that nothing can be lost on a busy machine.
	local bytes=0 cut=0
	for size in 64 512 1518; do
		send --rate 5k --count 80 --frame-size "$size" --stream $((size % 251))
		# 60 bytes of the small, 96 of the larger ones; a slot that was missed sent nothing.
		bytes=$((bytes + $(json "$T/gen.json" .offered) * (size == 64 ? 60 : 96)))
		cut=$((cut + $(json "$T/gen.json" .offered) * (size > 64)))
	done
	end cap "$what"
	balanced cap "$what"
	assert_json "$T/cap.json" '.tap_dropped == 0 and .unread == 0' "$what: nothing is lost at low rate"
	assert_json "$T/cap.json" ".bytes == $bytes" "$what: the snaplen is honoured"
	assert_json "$T/cap.json" ".truncated == $cut" "$what: what was cut is known"
}

over() # over capacity, with several sizes and the IMIX: three senders take turns
{
	local what=$1 i
	shift
	start cap "$@" --load work:20us --buffer 1MiB --cpu 1 || return 1
	for i in 1 2; do
		send --rate 200k --duration 60ms --frame-size $((64 * i * i)) --stream "$i"
	done
	send --rate 200k --duration 60ms --sizes imix --stream 3
	end cap "$what"
	balanced cap "$what"
}

three() # three processes, each with its own copy, also of the IMIX
{
	local what=$1 i n=0
	shift
	for i in 1 2 3; do
		if ! start "cap$i" "$@" --load work:5us --buffer 1MiB; then
			for ((; n > 0; n--)); do end "cap$n" "$what"; done
			return 1
		fi
		n=$i
	done
	send --rate 100k --duration 60ms
	send --rate 50k --duration 40ms --sizes imix --stream 1
	for i in 1 2 3; do
		end "cap$i" "$what, process $i"
		balanced "cap$i" "$what, process $i"
	done
}

midway() # start and stop while frames fly: what was received is in one piece, less what was dropped
{
	local what=$1
	for _ in 1 2 3 4 5; do
		midway_once "$@" || return 1
		# nothing at all: the host stood still
		[ "$(json "$T/cap.json" '.received + .tap_dropped + .unread')" -eq 0 ] || break
	done
	assert_json "$T/cap.json" '.received > 0' "$what: frames of ours were seen"
}

midway_once()
{
	local what=$1
	shift
	background gen "$CAPBENCH_FAST" generate vtx --rate 50k --json --cpu 0
	sleep 0.1
	if ! start cap "$@"; then
		stop gen
		return 1
	fi
	sleep 0.2
	end cap "$what"
	stop gen
	assert_json "$T/cap.json" '.received == .unique' "$what: nothing but ours was seen"
	assert_json "$T/cap.json" '.sequence_gaps <= .tap_dropped + .unread' "$what: no stamp is lost silently"
}

down() # the interface goes down and comes back in mid-capture
{
	local what=$1
	shift
	start cap "$@" || return 1
	send --rate 50k --count 2000
	local before=$((offered - refused))
	far ip link set vrx down
	sleep 0.05
	far ip link set vrx up
	until_true 5 carrier || fail "the link does not come back"
	send --rate 50k --count 2000 --stream 1
	end cap "$what"
	assert_json "$T/cap.json" ".received + .tap_dropped + .unread >= $before" "$what: frames before it are kept"
	assert_json "$T/cap.json" '.received > 0 and .received == .unique' "$what: frames of ours, once"
	assert_json "$T/cap.json" ".received + .tap_dropped + .unread <= $offered - $refused" "$what: books"
}

killed()
{
	local what=$1
	shift
	start cap "$@" || return 1
	send --rate 50k --count 1000
	stop cap KILL
}

# ---- all of them ---------------------------------------------------------------------------------

done_count=0 refused_count=0
situation() # NAME VARIANT WAIT
{
	local what="$1, $2, $3"
	offered=0 refused=0
	rm -f "$T"/cap*.out
	if "$1" "$what" --mechanism "$2" --wait "$3"; then
		done_count=$((done_count + 1))
		echo "ok      $what"
	else
		refused_count=$((refused_count + 1))
		echo "refused $what: $(cat "$T"/cap*.out 2>/dev/null | jq -r '.error? // empty' | tail -n 1)"
	fi
	clean "$what"
}

# picked NAME OF...: the command line names it, or none of its kind.
picked()
{
	local name=$1 word any=0
	shift
	for word in "${words[@]}"; do
		[ "$word" != "$name" ] || return 0
		[[ " $* " != *" $word "* ]] || any=1
	done
	[ $any -eq 0 ]
}

words=("$@")
situations=(sizes over three midway down killed fanout)
mapfile -t all_mechanisms < <(mechanisms)
mapfile -t all_waits < <(waits)
for word in "${words[@]}"; do
	[[ " ${situations[*]} ${all_mechanisms[*]} " == *" $word "* ]] ||
		fail "no mechanism that can run here and no situation is called $word"
done
turn=0
for mechanism in "${all_mechanisms[@]}"; do
	picked "$mechanism" "${all_mechanisms[@]}" || continue
	mapfile -t forms < <(variants "$mechanism")
	worked=0
	for name in "${situations[@]}"; do
		picked "$name" "${situations[@]}" || continue
		[ "$name" != fanout ] || continue # in a run, below
		if [ "$CAPBENCH_TIER" = all ]; then
			for form in "${forms[@]}"; do
				for wait in "${all_waits[@]}"; do
					situation "$name" "$form" "$wait"
				done
			done
			continue
		fi
		# Pairwise: the next form and the next wait that fit.
		for ((try = 0; try < ${#all_waits[@]}; try++)); do
			before=$done_count
			situation "$name" "${forms[turn % ${#forms[@]}]}" "${all_waits[turn % ${#all_waits[@]}]}"
			turn=$((turn + 1))
			[ "$done_count" -eq "$before" ] || break
		done
		worked=$((done_count > before ? worked + 1 : worked))
	done
	[ "$CAPBENCH_TIER" = all ] || [ ${#words[@]} -gt 0 ] || [ $worked -ge 4 ] || fail "$mechanism passed through $worked situations only"
done
# ---- fan-out -------------------------------------------------------------------------------------

fanout_holds()
{
	measure "$CAPBENCH" run "$T/fanout.yaml" --out "$T/fanout$((++fanout_runs))" --json
	jq -s . "$T/fanout$fanout_runs/trials.jsonl" >"$T/trials.json"
	assert_json "$T/trials.json" 'length == 7 and all(.views | length == 1)' "each fan-out is one view"
	assert_json "$T/trials.json" '[.[] | select(.params["capture.mechanism"] != "af-xdp:queues=1") | .views[0]
		| .unaccounted == 0 and .duplicate == 0 and .foreign == 0] | all' "the books of each fan-out"
	assert_json "$T/trials.json" '.[] | select(.params["capture.mechanism"] == "af-xdp:queues=1")
		| .views[0].unique > 0 and .views[0].unaccounted > 0' "flows are spread over the queues"
	assert_json "$T/trials.json" '[.[] | select(.params["capture.mechanism"] != "af-xdp:queues=1" and
		.params["traffic.rate"] == 20000 and .evidence.steal_ns == 0 and .views[0].run_delay_ns < 5000000) |
		.views[0] | .tap_dropped == 0 and .unread == 0] | all' "fan-out: nothing is lost at low rate where all ran"
	jq -es "$(<"$T/fanout.jq")" "$T"/fanout*/trials.jsonl >/dev/null
}

# Several processes that share the frames are one view: only a run can have them, since the agent owns what af-xdp's
# share. One cell takes one of three queues only, so frames must be missing from its books: the flows are spread.
fanout()
{
	cat >"$T/fanout.yaml" <<-'YAML'
		name: fanout
		trial:
		  duration: 200ms
		  warmup: 50ms
		  traffic: {rate: 20k, flows: 64}
		  generator: {transmitter: packet}
		  capture: {mechanism: af-xdp, load: count}
		vary:
		  - {link.queues: 3, capture.processes: [1, 3]}
		  - {link.queues: 3, capture.mechanism: "af-xdp:queues=1"}
		  - {link.queues: 1, capture.processes: 1}
		  - {link.queues: 3, capture.processes: 3, capture.load: "work:20us", traffic.rate: 200k}
		  - {link.queues: 3, capture.processes: 3, capture.mechanism: ["tpacket2:fanout=qm", "recv:fanout=hash"]}
		repetitions: 1
		retries: 0
	YAML
	# In one of the runs at least each cell shows it: a host that stood still has let frames go unoffered, or unread.
	cat >"$T/fanout.jq" <<-'JQ'
		group_by(.cell_id) | all(any(
			.params["capture.mechanism"] == "af-xdp:queues=1" or
			(.generator.offered > 3000 and .views[0].unique > 2000 and
				(.params["traffic.rate"] > 20000 or (.views[0] | .tap_dropped == 0 and .unread == 0)))))
	JQ
	fanout_runs=0
	chances 6 "fan-out: every frame goes to one process, and none is lost at low rate" fanout_holds
	done_count=$((done_count + 1))
	echo "ok      fanout"
}

if picked fanout "${situations[@]}" && picked af-xdp "${all_mechanisms[@]}" &&
	[[ " ${all_mechanisms[*]} " == *" af-xdp "* ]]; then
	fanout
fi
echo "$done_count combinations measured, $refused_count refused"
[ "$done_count" -ge $((${#words[@]} > 0 ? 1 : 18)) ] || fail "only $done_count combinations can run here"
