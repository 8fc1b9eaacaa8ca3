# The library of the system tests; sourced first by each of them.
# shellcheck shell=bash
#
# A test is a script that ends with 0 (ok), 77 (skipped, with a line "skip: reason") or anything else
# (failed, with a line "FAIL: what was wrong"). Sourcing this starts the script anew in mount,
# network and process namespaces of its own: its links, its temporary files ($T) and whatever
# process it forgets end with it, and a process that capbench leaves behind is seen at once.
#
#   CAPBENCH        the program under test, with sanitizers
#   CAPBENCH_FAST   the same without, where time is measured
#   CAPBENCH_TIER   commit or all: how much of a long list is tried
#   CAPBENCH_KEEP   a directory: temporary files are kept there, to look at
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
ROOT=$(cd "$HERE/../.." && pwd -P)
: "${CAPBENCH:=$ROOT/build-asan/capbench}"
: "${CAPBENCH_FAST:=$ROOT/build-release/capbench}"
: "${CAPBENCH_TIER:=commit}"
export CAPBENCH CAPBENCH_FAST CAPBENCH_TIER

fail()
{
	echo "FAIL: $*" >&2
	exit 1
}

skip()
{
	echo "skip: $*"
	exit 77
}

# more: this is the tier in which long lists are tried in full.
more()
{
	[ "$CAPBENCH_TIER" = all ]
}

# ---- isolation -----------------------------------------------------------------------------------

if [ -z "${CAPBENCH_TEST_ISOLATED:-}" ]; then
	export CAPBENCH_TEST_ISOLATED=1
	user=()
	[ "$(id -u)" -eq 0 ] || user=(--user --map-root-user)
	namespaces=("${user[@]}" --mount --net --pid --fork --kill-child --mount-proc)
	unshare "${namespaces[@]}" true 2>/dev/null ||
		skip "needs root, or a kernel that lets users make namespaces"
	CAPBENCH_TEST_USER=$(id -u)
	export CAPBENCH_TEST_USER
	exec unshare "${namespaces[@]}" bash "$0" "$@"
fi
# Process 1 here ignores what it has no handler for.
trap 'exit 130' INT
trap 'exit 143' TERM
# State files and named namespaces of this test only.
mount -t tmpfs none /run
if [ -n "${CAPBENCH_KEEP:-}" ]; then
	T=$CAPBENCH_KEEP/$(basename "$0" .sh)
	rm -rf "$T"
	mkdir -p "$T"
else
	T=/run/test
	mkdir -m 1777 "$T"
fi
export TMPDIR=$T
cd "$T"
ip link set lo up

# ---- what a test needs ---------------------------------------------------------------------------

# need_root: real root, not that of a user namespace.
need_root()
{
	[ "$CAPBENCH_TEST_USER" -eq 0 ] || skip "needs root"
}

need_cmd()
{
	local cmd
	for cmd in "$@"; do
		command -v "$cmd" >/dev/null || skip "needs $cmd"
	done
}

need_cores()
{
	[ "$(nproc)" -ge "$1" ] || skip "needs $1 cores"
}

# ---- assertions ----------------------------------------------------------------------------------

# Each says what it wanted; the last words of the arguments are the message.

assert_eq() # GOT WANTED MESSAGE
{
	[ "$1" = "$2" ] || fail "$3: $1, not $2"
}

assert_within() # GOT WANTED PERCENT MESSAGE
{
	awk -v a="$1" -v b="$2" -v p="$3" 'BEGIN { d = a - b; if (d < 0) d = -d; exit !(d <= b * p / 100) }' ||
		fail "$4: $1 is not within $3 % of $2"
}

assert_grep() # PATTERN FILE MESSAGE
{
	if ! grep -qE -- "$1" "$2"; then
		sed 's/^/    /' "$2" >&2
		fail "$3: no line matches $1"
	fi
}

# expect STATUS COMMAND...: its stdout is in $T/out, its stderr in $T/err.
expect()
{
	local wanted=$1 got=0
	shift
	"$@" >"$T/out" 2>"$T/err" </dev/null || got=$?
	if [ "$got" -ne "$wanted" ]; then
		head -n 20 "$T/out" | sed 's/^/    stdout: /' >&2
		head -n 40 "$T/err" | sed 's/^/    stderr: /' >&2
		fail "exit status $got, not $wanted, of: $*"
	fi
}

# measure COMMAND...: a run. 0, or 6 when trials are invalid because this machine was busy elsewhere
# (steal time): that is what the program must say then, and no fault of it.
measure()
{
	local got=0
	"$@" >"$T/out" 2>"$T/err" </dev/null || got=$?
	if [ $got -ne 0 ] && [ $got -ne 6 ]; then
		head -n 20 "$T/out" | sed 's/^/    stdout: /' >&2
		head -n 40 "$T/err" | sed 's/^/    stderr: /' >&2
		fail "exit status $got, neither 0 nor 6, of: $*"
	fi
}

# assert_measured NAME: the background run NAME, finished, did.
assert_measured()
{
	[ "$status" -eq 0 ] || [ "$status" -eq 6 ] ||
		fail "exit status $status, neither 0 nor 6, of $1: $(cat "$T/$1.err")"
}

json() # FILE FILTER: one value
{
	jq -er "$2" "$1" || fail "$1 has no $2: $(head -c 2000 "$1")"
}

# chances N MESSAGE COMMAND...: it succeeds once in N times; for what can't be in time when the machine is busy elsewhere.
# What must hold each time, the command asserts.
chances()
{
	local n=$1 message=$2 i
	shift 2
	for ((i = 0; i < n; i++)); do
		! "$@" || return 0
	done
	fail "$message: not once in $n times: $(head -c 2000 "$T/out")"
}

assert_json() # FILE CONDITION MESSAGE
{
	jq -e "$2" "$1" >/dev/null || {
		{ jq . "$1" 2>/dev/null || head -c 2000 "$1" && echo; } | sed -n 1,60p >&2
		fail "$3: $2 does not hold"
	}
}

# ---- processes -----------------------------------------------------------------------------------

# background NAME COMMAND...: SIGINT is not ignored as the shell's & would have it. Its pid is in
# ${pid[NAME]}, stdout and stderr are in $T/NAME.out and .err.
declare -A pid=()
background()
{
	local name=$1
	shift
	# Emptied here: the child gets to it later, and who waits for a line must not find that of the one before.
	: >"$T/$name.out" 2>"$T/$name.err"
	env --default-signal=INT "$@" >"$T/$name.out" 2>"$T/$name.err" </dev/null &
	pid[$name]=$!
}

# stop NAME [SIGNAL]: sends it (default INT), waits up to 20 s; the exit status is in $status.
stop()
{
	kill -"${2:-INT}" "${pid[$1]}" 2>/dev/null || true
	finish "$1" 20
}

# alive PID: it runs; an ended process that nobody has waited for yet does not.
alive()
{
	local line
	{ read -r line <"/proc/$1/stat"; } 2>/dev/null && [[ $line != *") Z "* ]]
}

# finish NAME SECONDS: waits for it; the exit status is in $status.
status=0
finish()
{
	local i
	for ((i = 0; i < $2 * 20; i++)); do
		alive "${pid[$1]}" || break
		sleep 0.05
	done
	if ((i == $2 * 20)); then
		sed 's/^/    stderr: /' "$T/$1.err" >&2
		fail "$1 has not ended within $2 s"
	fi
	status=0
	# shellcheck disable=SC2034  # for the tests
	wait "${pid[$1]}" || status=$?
}

# until_true SECONDS COMMAND...: 1 when it has not come true by then.
until_true()
{
	local i n=$(($1 * 50))
	shift
	for ((i = 0; i < n; i++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.02
	done
	return 1
}

# others: the processes of capbench in this namespace.
others()
{
	local p
	for p in /proc/[0-9]*; do
		if [[ $(readlink "$p/exe" 2>/dev/null) == */capbench ]] && alive "${p#/proc/}"; then
			echo "${p#/proc/} $(tr '\0' ' ' <"$p/cmdline" 2>/dev/null)"
		fi
	done
}

# network_namespaces: how many there are in which something runs.
network_namespaces()
{
	readlink /proc/[0-9]*/ns/net 2>/dev/null | sort -u | wc -l
}

# assert_nothing_left MESSAGE: no process of capbench's, no namespace but this one, no link but lo.
assert_nothing_left()
{
	until_true 5 nothing_left || {
		others >&2
		ip link >&2
		fail "$1: something was left behind"
	}
}

nothing_left()
{
	[ -z "$(others)" ] && [ "$(network_namespaces)" -eq 1 ] &&
		[ "$(ip -o link | grep -cv '^[0-9]*: lo:')" -eq "${links_before:-0}" ]
}

# ---- a link --------------------------------------------------------------------------------------

# make_link: veth "vtx" here, its peer "vrx" in the named namespace "far", both silent.
make_link()
{
	local ns
	ip netns add far
	ip link add vtx type veth peer name vrx netns far
	for ns in "" "ip netns exec far"; do
		$ns sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 2>/dev/null || true
	done
	ip link set vtx arp off up
	ip netns exec far ip link set vrx arp off up
	until_true 5 carrier || fail "the link does not come up"
}

carrier()
{
	ip -o link show vtx | grep -q LOWER_UP && far ip -o link show vrx | grep -q LOWER_UP
}

far()
{
	ip netns exec far "$@"
}

# frames vtx|vrx: how many frames the interface has sent, or received and passed on.
frames()
{
	if [ "$1" = vtx ]; then
		ip -j -s link show vtx | jq '.[0].stats64.tx.packets'
	else
		far ip -j -s link show vrx | jq '.[0].stats64.rx.packets'
	fi
}

# tap_up [N]: there are N packet sockets (default 1) that receive on the far side.
tap_up()
{
	# shellcheck disable=SC2016
	[ "$(far awk 'NR > 1 && $6 == 1' /proc/net/packet | wc -l)" -ge "${1:-1}" ]
}

# ---- runs ----------------------------------------------------------------------------------------

# tiny_scenario FILE: four short trials, for tests of what is around trials.
tiny_scenario()
{
	cat >"$1" <<-'YAML'
		name: tiny
		title: Four short trials
		trial:
		  duration: 50ms
		  warmup: 10ms
		  traffic: {frame_size: 64, rate: 10k}
		  generator: {transmitter: packet}
		  capture: {mechanism: tpacket3, wait: poll, load: discard}
		vary:
		  traffic.rate: [10k, 20k]
		repetitions: 2
		order: shuffle
		figures:
		  - {id: share, x: traffic.rate, y: captured_share}
	YAML
}

# assert_complete DIR TRIALS WHAT [HOST]: each trial is there, its last attempt once, and all books balance. HOST: the one
# that was lost on purpose.
assert_complete()
{
	local dir=$1 n=$2 what=$3 broken=false
	jq -s . "$dir/trials.jsonl" >"$T/trials.json" || fail "$what: trials.jsonl is not one JSON object a line"
	assert_json "$T/trials.json" "map(.trial) | unique == [range($n)]" "$what: every trial is there"
	assert_json "$T/trials.json" 'group_by(.trial) | map(map(.attempt) == [range(1; length + 1)]) | all' \
		"$what: attempts are numbered from 1, none twice"
	# An attempt in which it was lost has no books; it says so, and in which phase.
	[ -z "${4:-}" ] || broken="(.state == \"invalid\" and (.reasons[0] | test(\"^phase [a-z]+: $4: \")))"
	assert_json "$T/trials.json" "[.[] | (.views | length >= 1) or $broken, (.views[] | .unaccounted == 0)] | all" \
		"$what: no frame is unaccounted for"
	assert_json "$dir/report/summary.json" ".trials == $n" "$what: the summary counts every trial once"
	assert_json "$dir/report/summary.json" '.unaccounted == 0 and .unaccounted_unknown == 0' "$what: books"
	assert_json "$dir/report/summary.json" '.valid + .invalid + .generator_limited == .trials' "$what: states"
	assert_json "$dir/report/summary.json" '([.cells[].n] | add) == .valid + .generator_limited' \
		"$what: every trial that counts is in its cell"
	tail -n 1 "$dir/journal.jsonl" >"$T/last"
	assert_json "$T/last" '.event == "run-end"' "$what: the journal ends"
}
