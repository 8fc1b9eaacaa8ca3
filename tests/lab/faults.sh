#!/usr/bin/env bash
# What goes wrong with whole machines, and what is said then: no room, no system, no answer, no power, a clock
# that is wrong, a full disk. And however a laboratory ends, nothing of it is left.
# timeout: 480
# tier: all
# shellcheck disable=SC2016  # variables of a machine's shell
. "$(dirname "$0")/lib.sh"

make_image
# Its files are there but for the last, and no room for that.
cp -r "$ROOT/scripts" "$T/"
mkdir "$T/build-vm"
mount -t tmpfs -o size=16m none "$T/build-vm"
cp -r "$ROOT"/build-vm/kernel "$T/build-vm/"
expect 1 "$T/scripts/lab" up
assert_grep 'disk is full' "$T/err" "a full disk"
umount "$T/build-vm"
stage "a full disk"

CAPBENCH_LAB_WORDS=rdinit=/nobody expect 1 "$lab" up
assert_grep 'ended while it was booting' "$T/err" "no init"
assert_grep 'Kernel panic' "$T/err" "what the console said"
assert_gone "a guest that does not boot"
stage "no system"

CAPBENCH_LAB_LIMIT=2 expect 1 "$lab" up
assert_grep 'did not answer over SSH in time' "$T/err" "no time to boot"
assert_gone "no time to boot"
stage "no answer"

expect 0 "$lab" up --nic amd=e1000e
stage "up"
scenario_both both.yaml

# ---- no power ------------------------------------------------------------------------------------

some_trials()
{
	[ "$(wc -l <"$T/cut/trials.jsonl")" -ge 2 ]
}

background cut "$lab" run both.yaml --no-pictures --set repetitions=4 --host-timeout 10s --out "$T/cut"
until_true 90 some_trials || fail "no trial within 90 s: $(cat "$T/cut.err")"
expect 0 "$lab" off amd
finish cut 90
assert_eq "$status" 5 "exit status of a run that lost a machine"
assert_grep 'amd' "$T/cut.err" "which machine is lost"
[ "$(wc -l <"$T/cut/trials.jsonl")" -lt 8 ] || fail "all was done already"
stage "power off"
expect 0 "$lab" on amd
expect 0 "$lab" status
assert_grep '^amd +e1000e +on +answers' "$T/out" "a machine that is on again"
measure "$lab" run --resume "$T/cut" --no-pictures
assert_complete "$T/cut" 8 "a run that lost a machine" amd
stage "resumed"

# ---- a clock that is wrong -----------------------------------------------------------------------

expect 0 "$lab" shell xeon 'date -u -s @$(($(date +%s) - 2))'
"$lab" exec "$CAPBENCH" doctor --testbed /run/lab/testbed.yaml --json --window 0s >"$T/doctor.json" 2>"$T/err" || true
assert_json "$T/doctor.json" '[.hosts[] | select(any(.findings[]; .check == "time of day" and .verdict == "warn")).host] == ["xeon"]' \
	"whose time of day is wrong"
books clock both.yaml --no-pictures
stage "a clock that is wrong"

# ---- a full disk ---------------------------------------------------------------------------------

expect 0 "$lab" shell xeon 'rm -rf .cache/capbench/* && mount -t tmpfs -o size=1m none .cache/capbench'
expect 5 "$lab" run both.yaml --no-report --out "$T/full"
assert_grep 'xeon.*No space left' "$T/err" "a machine with a full disk"
expect 0 "$lab" shell xeon umount .cache/capbench
stage "a full disk"

# ---- however it ends -----------------------------------------------------------------------------

kill -KILL "$(cat "$ROOT/build-vm/lab")"
assert_gone "SIGKILL"
background up "$lab" up
until_true 30 pgrep -f "qemu-system-x86_64.*lab.role=machine" || fail "no machine boots: $(cat "$T/up.err")"
stop up INT
assert_eq "$status" 130 "^C"
assert_gone "^C"
lab_down
