#!/usr/bin/env bash
# The laboratory: three machines that boot, measure with books that balance over their wire, and are gone. What
# can't be is said. In the all tier the paper's figures, both kinds of loss, and a machine that fails.
# timeout: 360
# shellcheck disable=SC2016  # jq's variables
. "$(dirname "$0")/../system/lib.sh"
need_root
need_cmd qemu-system-x86_64 jq ssh
[ -c /dev/net/tun ] || skip "needs /dev/net/tun"
[ -x /usr/sbin/sshd ] || skip "needs sshd (openssh-server)"
# The laboratory has a /run of its own: what it is to read and write for the test is elsewhere.
if [ "$T" = /run/test ]; then
	mount -t tmpfs none /mnt
	T=/mnt TMPDIR=/mnt
	cd "$T"
fi

lab=$ROOT/scripts/lab
export CAPBENCH=$CAPBENCH_FAST

more()
{
	[ "$CAPBENCH_TIER" = all ]
}

no_machine()
{
	! pgrep -f "qemu-system-x86_64.*lab.role=machine" >/dev/null && [ "$(network_namespaces)" -eq 1 ] &&
		! ip -o link | grep -qv '^[0-9]*: lo:\|ifb'
}

assert_gone() # MESSAGE
{
	until_true 10 no_machine || fail "$1: $(pgrep -fa qemu-system; ip -o link)"
}

# ---- what can't be -------------------------------------------------------------------------------

mkdir "$T/bin"
for name in bash dirname nproc id mkdir cat flock sed tail; do
	ln -s "$(command -v $name)" "$T/bin/$name"
done
expect 4 env PATH="$T/bin" "$lab" up
assert_grep 'no qemu-system-x86_64' "$T/err" "no qemu"
expect 4 unshare --mount bash -c 'mount -t tmpfs none /dev/net && exec "$0" up' "$lab"
assert_grep 'no /dev/net/tun' "$T/err" "no tun"
expect 2 "$lab" up --nic xeon=ne2000
assert_grep 'NIC one of .*e1000' "$T/err" "a NIC that there is not"
expect 1 "$lab" status
assert_grep 'not up' "$T/err" "no laboratory"
expect 0 "$lab" down

status=0
"$ROOT/scripts/lab.d/image" machine >"$T/image" 2>"$T/image.err" || status=$?
[ $status -ne 77 ] || skip "$(tail -n 1 "$T/image")"
[ $status -eq 0 ] || fail "no image: $(cat "$T/image.err")"

if more; then
	# Its files are there but for the last, and no room for that.
	cp -r "$ROOT/scripts" "$T/"
	mkdir "$T/build-vm"
	mount -t tmpfs -o size=16m none "$T/build-vm"
	cp -r "$ROOT"/build-vm/kernel "$T/build-vm/"
	expect 1 "$T/scripts/lab" up
	assert_grep 'disk is full' "$T/err" "a full disk"
	umount "$T/build-vm"

	CAPBENCH_LAB_WORDS=rdinit=/nobody expect 1 "$lab" up
	assert_grep 'ended while it was booting' "$T/err" "no init"
	assert_grep 'Kernel panic' "$T/err" "what the console said"
	assert_gone "a guest that does not boot"
fi
CAPBENCH_LAB_LIMIT=2 expect 1 "$lab" up
assert_grep 'did not answer over SSH in time' "$T/err" "no time to boot"
assert_gone "no time to boot"

# ---- up ------------------------------------------------------------------------------------------

expect 0 "$lab" up
expect 1 "$lab" up
assert_grep 'up already \(process [0-9]+' "$T/err" "a second laboratory"
expect 0 "$lab" status
for name in gen xeon amd; do
	assert_grep "^$name .* on +answers +0 +0 +0$" "$T/out" "status"
done
expect 0 "$lab" shell xeon ethtool -i data
assert_grep 'driver: e1000$' "$T/out" "the NIC of the paper"
expect 0 "$lab" shell amd 'ls -d /sys/class/net/data/queues/rx-*'
assert_eq "$(wc -l <"$T/out")" 2 "queues of amd"
expect 2 "$lab" shell nobody
assert_grep "no machine 'nobody'" "$T/err" "no such machine"

settings()
{
	for name in xeon amd; do
		"$lab" shell $name 'cd /sys/class/net/data && grep . threaded queues/rx-*/rps_cpus; cat flags; ethtool -k data; ethtool -g data'
	done
}
settings >"$T/before"

# ---- books ---------------------------------------------------------------------------------------

# wire HOST FILTER: of the tap's counters.
wire()
{
	"$lab" exec ip -s -j link show "d-$1" | jq ".[0].stats64.$2"
}

# books NAME RUN_ARGUMENT...: unaccounted is 0 in each attempt, and what the path's books call the link's loss the
# wire has counted. (It counts calibrations, too, which nobody captures.)
books()
{
	local name=$1 sent host status=0
	local -A lost passed
	shift
	sent=$(wire gen rx.packets)
	for host in xeon amd; do
		lost[$host]=$(wire $host tx.dropped) passed[$host]=$(wire $host tx.packets)
	done
	"$lab" run "$@" --out "$T/$name" >"$T/out" 2>"$T/err" || status=$?
	# An emulated machine may get no turn for longer than an agent has to answer.
	[ $status -ne 5 ] || status=again
	if [ $status = again ]; then
		cat "$T/err" >&2
		measure "$lab" run "$@" --out "$T/$name-again"
		name+=-again
	elif [ $status -ne 0 ] && [ $status -ne 6 ]; then
		fail "exit status $status of $name: $(cat "$T/err")"
	fi
	sent=$(($(wire gen rx.packets) - sent))
	ln -sfn "$T/$name" "$T/run"
	jq -s . "$T/run/trials.jsonl" >"$T/trials"
	assert_json "$T/trials" 'length > 0 and ([.[].views[].unaccounted == 0] | all)' "$name: books"
	assert_json "$T/trials" "([.[].generator.offered] | add) <= $sent" "$name: what was offered went to the wire"
	for host in xeon amd; do
		lost[$host]=$(($(wire $host tx.dropped) - ${lost[$host]}))
		passed[$host]=$(($(wire $host tx.packets) - ${passed[$host]}))
		assert_eq $((${lost[$host]} + ${passed[$host]})) "$sent" "$name: what the wire brought to $host or lost"
		assert_json "$T/trials" "([.[].sensors[]? | select(.host == \"$host\").path.link_dropped] | add // 0) <=
			${lost[$host]}" "$name: what $host's tap lost is the link's loss"
	done
}

cat >both.yaml <<'YAML'
name: both
title: Both sensors see each frame
trial:
  duration: 500ms
  warmup: 100ms
  traffic: {frame_size: 64, rate: 1k}
  generator: {transmitter: pktgen}
  capture: {mechanism: tpacket3, load: count, buffer: 1MiB}
vary:
  traffic.rate: [1k, 5k]
repetitions: 1
retries: 1
figures:
  - {id: share, x: traffic.rate, y: captured_share}
YAML
books both both.yaml --no-pictures
assert_json "$T/trials" '[.[].views | length == 2] | all' "both sensors"
assert_json "$T/run/hosts/wire/facts.json" .kernel "facts of who counts"

# pktgen by itself, by the program that the run has left there.
before=$(wire gen rx.packets)
expect 0 "$lab" shell gen 'ip link set data up && sleep 1 &&
	.cache/capbench/*/capbench generate data --transmitter pktgen --rate 1k --count 500 --json; ip link set data down'
assert_json "$T/out" ".offered == 500 and .offered == $(($(wire gen rx.packets) - before))" "pktgen's count is the wire's"

if more; then
	# A queue of few frames on the wire's way to xeon loses some for certain.
	"$lab" exec ip link set d-xeon txqueuelen 4
	books wire both.yaml --no-pictures --set 'vary.traffic.rate=[max]' --set trial.capture.load=work:300us \
		--set trial.capture.buffer=64KiB
	assert_json "$T/trials" '[.[].sensors[] | select(.host == "xeon").path.link_dropped] | add > 0' "loss on the wire"
	assert_json "$T/trials" '[.[].views[].tap_dropped] | add > 0' "loss at the tap"
	"$lab" exec ip link set d-xeon txqueuelen 10000
	books fig05 "$ROOT/scenarios/imc10/fig05.yaml" --profile lab
	[ -s "$T/run/report/fig05.svg" ] || fail "fig05 has no picture"
	assert_json "$T/trials" '[.[].params.sensor] | unique == ["amd", "xeon"]' "both sensors"
	assert_grep 'sensor xeon' "$T/out" "the sensor is a series"
	books fig13 "$ROOT/scenarios/imc10/fig13.yaml" --profile lab
fi
settings >"$T/after"
diff "$T/before" "$T/after" >&2 || fail "settings were left behind"

# ---- down ----------------------------------------------------------------------------------------

expect 0 "$lab" off amd
expect 0 "$lab" status
assert_grep '^amd .* off ' "$T/out" "a machine that is off"
if more; then
	expect 0 "$lab" on amd
	expect 0 "$lab" status
	assert_grep '^amd .* answers' "$T/out" "a machine that is on again"
	kill -KILL "$(cat "$ROOT/build-vm/lab")"
	assert_gone "SIGKILL"
	background up "$lab" up
	until_true 30 pgrep -f "qemu-system-x86_64.*lab.role=machine" || fail "no machine boots: $(cat "$T/up.err")"
	stop up INT
	assert_eq "$status" 130 "^C"
	assert_gone "^C"
fi
expect 0 "$lab" down
assert_gone "down"
[ ! -e "$ROOT/build-vm/lab" ] || fail "down leaves a file"
