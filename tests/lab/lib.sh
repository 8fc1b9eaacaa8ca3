# The library of the tests of the laboratory; sourced first by each of them.
# shellcheck shell=bash
#
# All of ../system/lib.sh, with the same meaning, and what has to do with machines on a wire. One that says
# "# tier: all" is tried in that tier only, or when it is named.

. "$(dirname "${BASH_SOURCE[0]}")/../system/lib.sh"
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

# stage WHAT: for the log; all is slow here.
stage()
{
	echo "$SECONDS s: $*"
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

# make_image: what is booted; a skip where it can't be made.
make_image()
{
	local status=0
	"$ROOT/scripts/lab.d/image" machine >"$T/image" 2>"$T/image.err" || status=$?
	[ $status -ne 77 ] || skip "$(tail -n 1 "$T/image")"
	[ $status -eq 0 ] || fail "no image: $(cat "$T/image.err")"
	stage "an image"
}

lab_up()
{
	expect 0 "$lab" up
	stage "up"
}

lab_down()
{
	expect 0 "$lab" down
	assert_gone "down"
	[ ! -e "$ROOT/build-vm/lab" ] || fail "down leaves a file"
	stage "down"
}

# settings: of the sensors' data NICs, which a run is to leave as they were.
settings()
{
	local name
	# shellcheck disable=SC2016  # a variable of the machine's shell
	for name in xeon amd; do
		"$lab" shell $name 'cd /sys/class/net/data && grep . threaded queues/rx-*/rps_cpus; cat flags
			for what in i k g; do ethtool -$what data; done'
	done
}

# wire HOST FILTER: of its tap's counters.
wire()
{
	"$lab" exec ip -s -j link show "d-$1" | jq ".[0].stats64.$2"
}

# books NAME RUN_ARGUMENT...: unaccounted is 0 in each attempt, and what the path's books call the link's loss the
# wire has counted. (It counts calibrations, too, which nobody captures.) The run is in $T/run.
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
	stage "$name"
}

# scenario_both FILE: two trials, each by both sensors.
scenario_both()
{
	cat >"$1" <<-'YAML'
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
}
