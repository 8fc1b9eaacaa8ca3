#!/usr/bin/env bash
# The oldest kernel: every mechanism with its waits and taps, with books that balance to the frame. What this kernel
# has not got is said with the version that has it. The wait batch's tc filter, which newer kernels don't need, goes with
# its owner, however that ends.
# timeout: 240
# tier: all
. "$(dirname "$0")/lib.sh"

kernel_before 6.6 || skip "this is for kernels before 6.6, and here is $(uname -r)"
# Both ends here: entering another namespace is what costs time.
ip link add vtx type veth peer name vrx
sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
ip link set vtx arp off up
ip link set vrx arp off up
mount -t bpf bpf /sys/fs/bpf
# A veth has its NAPI ring once GRO or XDP is on: as for the mechanisms that turn XDP on.
ethtool -K vrx gro on >/dev/null
expect 0 "$CAPBENCH" list --json
cp "$T/out" "$T/list.json"

# ---- what there is -------------------------------------------------------------------------------

# One look at it, as jq takes half a second to start here: what can't run, mechanisms in their short forms (one for each
# tap and access), and waits.
jq -r '
	(["recv", "io-uring", "tpacket1", "tpacket2", "tpacket3", "pcap", "af-xdp", "bpf-ring", "bpf-buffer", "null", "poll",
		"spin", "sleep", "adaptive-sleep", "yield", "batch"] - [(.mechanisms + .waits)[] | select(.can_run) | .name]
		| .[] | "lacks \(.)"),
	(.mechanisms[] | select(.can_run) | . as $x
		| [.options[] | select(.name == "tap" or .name == "access")
			| .name as $n | [.value | split("|")[] | "\($n)=\(.)"]]
		| if length == 0 then [[]] else [combinations] end
		| .[] | "form " + $x.name + (if length > 0 then ":" + join(",") else "" end)),
	(.waits[] | select(.can_run) | "wait \(.name)")' "$T/list.json" >"$T/words"
! grep '^lacks' "$T/words" || fail "these can't run here: $(cat "$T/list.json")"
mapfile -t variants < <(sed -n 's/^form //p' "$T/words")
mapfile -t waits < <(sed -n 's/^wait //p' "$T/words")
[ $((${#variants[@]} * ${#waits[@]})) -ge 60 ] || fail "so little is there: $(cat "$T/words")"

stage() { echo "$SECONDS s: $*"; }
stage "what there is"

# ---- one capture ---------------------------------------------------------------------------------

# No process is started to look: that is what costs time here.
is_ready()
{
	local lines
	mapfile -t lines <"$T/cap.out"
	[[ ${lines[*]} == *'"ready": true'* ]]
}

ready_or_ended() { is_ready || ! alive "${pid[cap]}"; }

# start OPTION...: a capture process, ready. 1: it has ended; its status is in $status.
start()
{
	: >"$T/cap.out"
	background cap "$CAPBENCH" capture vrx --control --drain 3s --buffer 1MiB "$@"
	until_true 20 ready_or_ended || fail "neither ready nor refused within 20 s: capture $*"
	! is_ready || return 0
	finish cap 10
	return 1
}

# attached: what capbench may have left on the interface or in the kernel's BPF file system.
attached()
{
	ip -d link show vrx | grep -E 'xdp|PROMISC|promiscuity [1-9]'
	tc qdisc show dev vrx | grep clsact
	tc filter show dev vrx ingress 2>/dev/null
	awk 'NR > 1 { print "packet socket:", $0 }' /proc/net/packet
	find /sys/fs/bpf -mindepth 1
	others
}

nothing_attached() { [ -z "$(attached)" ]; }

clean() # WHAT
{
	until_true 5 nothing_attached || fail "$1: left behind: $(attached)"
}

# capture VARIANT WAIT: into $T/all.json, or $T/refused when it can't be done here. 1: makes no sense anywhere.
capture()
{
	if ! start --mechanism "$1" --wait "$2" --load count; then
		case $status in
		2) return 1 ;;
		4) echo "$1, $2: $(cat "$T/cap.out" "$T/cap.err")" >>"$T/refused" ;;
		*) fail "$1, $2: exit status $status: $(cat "$T/cap.out" "$T/cap.err")" ;;
		esac
		return 0
	fi
	expect 0 "$CAPBENCH" generate vtx --json --rate 4k --count 300
	stop cap TERM
	[ "$status" -eq 0 ] || fail "$1, $2: exit status $status: $(cat "$T/cap.out" "$T/cap.err")"
	{
		printf '{"what": "%s, %s", "gen": ' "$1" "$2"
		cat "$T/out"
		printf ', "view": '
		tail -n 1 "$T/cap.out"
		printf '}\n'
	} >>"$T/all.json"
}

# Each mechanism with batch, and each form of it with another wait in turn; or each form with all.
: >"$T/refused"
turn=0 last=
for variant in "${variants[@]}"; do
	fitting=0 tries=0
	if [ "$CAPBENCH_TIER" != all ] && [ "${variant%%:*}" != "$last" ]; then
		last=${variant%%:*}
		capture "$variant" batch || true
	fi
	while [ $((tries++)) -lt ${#waits[@]} ]; do
		wait=${waits[turn++ % ${#waits[@]}]}
		! capture "$variant" "$wait" || fitting=1
		[ "$CAPBENCH_TIER" = all ] || [ $fitting -eq 0 ] || break
	done
	[ $fitting -eq 1 ] || fail "$variant goes with no wait"
	# What is left behind stays: it need not be looked for each time.
	[ "$CAPBENCH_TIER" != all ] || clean "$variant"
done
clean "captures of all kinds"
cat "$T/refused"
jq -r '(if .what | startswith("null,") then 0 else .gen.offered - .gen.refused end) as $through
	| ($through > 0 or (.what | startswith("null,"))) as $sent
	| (.view | $sent and .received == $through and .unique == $through and .tap_dropped + .unread == 0
		and .foreign + .damaged + .duplicate + .reordered == 0) as $balanced
	| (if $balanced then "balanced" else "WRONG" end) + " \(.what), \($through) frames: \(.view | {received, unread, syscalls})",
	(select($balanced | not) | .view)' "$T/all.json" | tee "$T/books"
! grep -q WRONG "$T/books" || fail "books that don't balance"
[ "$(grep -c ^balanced "$T/books")" -ge 20 ] || fail "fewer than 20 combinations can run here"
# What is refused is what needs a newer kernel, and says so.
assert_grep '^io-uring, batch: .* needs Linux 6\.12' "$T/refused" "min-wait"
! grep -vE '^io-uring, batch: |needs Linux [0-9]+\.[0-9]+' "$T/refused" || fail "refused without a kernel version"

stage "captures"

# ---- batch's tc filter ---------------------------------------------------------------------------

filter_there() { tc filter show dev vrx ingress | grep -q cb_batch; }

for end in TERM INT KILL; do
	start --mechanism tpacket2 --wait batch:100,1s
	until_true 5 filter_there || fail "no tc filter cb_batch: $(attached)"
	stop cap $end
	clean "batch, after SIG$end"
done

# A qdisc that was there before stays, and so does another filter that came meanwhile.
tc qdisc add dev vrx clsact
start --mechanism recv --wait batch
stop cap KILL
until_true 5 eval '! filter_there' || fail "the filter outlives its killed owner beside a foreign qdisc"
assert_eq "$(tc qdisc show dev vrx | grep -c clsact)" 1 "a foreign clsact qdisc"
tc qdisc del dev vrx clsact
start --mechanism recv --wait batch
tc filter add dev vrx egress prio 7 bpf bytecode '1,6 0 0 0,'
stop cap TERM
assert_eq "$(tc filter show dev vrx egress | grep -c 'pref 7 bpf.*handle' || true)" 1 "somebody else's filter"
tc qdisc del dev vrx clsact

stage "filters"
# Programs at XDP go with their killed owner, too.
for variant in bpf-ring:xdp-pass bpf-buffer:xdp-take af-xdp; do
	start --mechanism "$variant" --wait poll
	stop cap KILL
	clean "$variant, after SIGKILL"
done

stage "XDP"

# ---- a whole run ---------------------------------------------------------------------------------

cat >"$T/tiny.yaml" <<'YAML'
name: tiny
title: Two trials on an old kernel
trial:
  duration: 200ms
  warmup: 50ms
  traffic: {frame_size: 64, rate: 2k}
  generator: {transmitter: packet}
  capture: {mechanism: tpacket3, wait: poll, load: discard}
vary:
  - capture.mechanism: [tpacket3]
  - capture.mechanism: [tpacket2]
    capture.wait: ["batch:64,1ms"]
repetitions: 1
figures:
  - {id: share, x: capture.mechanism, y: captured_share}
YAML
links_before=2
measure "$CAPBENCH" run "$T/tiny.yaml" --out "$T/run"
jq -es 'length == 2 and map(.trial) == [0, 1] and all(.[].views[]; .unaccounted == 0 and .received > 0)' \
	"$T/run/trials.jsonl" || fail "the run's books: $(cat "$T/run/trials.jsonl")"
assert_grep '"unaccounted": *0' "$T/run/report/summary.json" "the report"
assert_nothing_left "a run"
stage "a run"
